package example

import (
	"fmt"
	"math/rand/v2"

	"github.com/assayhq/assay/internal/civil"
)

// funds are what is paid: payroll, the clients' money, taxes, and what Harbourline bills.
func (c *company) funds() []File {
	runs, paid := c.payRuns()
	files := []File{c.payrollChanges(), c.statutoryChanges(), runs}
	rights := c.releaseRights()
	files = append(files, c.trustAccounts(), c.accountReconciliations(rights), c.paymentFiles(rights, paid), c.rightsList(rights), c.taxFilings())
	return append(files, c.billing()...)
}

type payrollChange struct {
	client, kind, requester, enteredBy string
	authorised, asRequested            any
	entered, confirmed, paid           civil.Instant
}

// payrollChanges are set-ups, rates and bank details, entered on the word of the clients' users.
func (c *company) payrollChanges() File {
	rng := c.dice("funds")
	team := c.payrollDesk()
	d := diary[payrollChange]{c: c, test: "PAY-01", id: "pch-%06d",
		sound: func(at civil.Instant) payrollChange {
			cl := clientOn(rng, c.zone.DateOf(at))
			x := payrollChange{client: cl.id, kind: among(rng, []string{"set_up", "rate", "rate", "bank"}), requester: cl.mail(rng), enteredBy: among(rng, team).id,
				authorised: true, asRequested: true, entered: at, confirmed: civil.Never, paid: at + after(rng, 2*1440, 13*1440)}
			if x.kind == "bank" {
				x.call(at + after(rng, 20, 1800))
			}
			return x
		},
		cells: func(x *payrollChange) row {
			return row{x.client, x.kind, x.requester, x.authorised, x.enteredBy, x.entered.In(c.zone), x.asRequested, stamp(c.zone, x.confirmed), stamp(c.zone, x.paid)}
		}}
	for day := c.period.From - 3; day <= c.period.To+2; day++ {
		if weekend(day) {
			continue
		}
		for range (1 + rng.IntN(4)) * c.factor {
			d.fine(c.at(day, "08:30") + after(rng, 0, 520))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	kind := func(kind string) func(*payrollChange) {
		return func(x *payrollChange) {
			if x.kind = kind; kind != "bank" {
				x.confirmed = civil.Never
			}
		}
	}
	bank := func(confirmed, paid string) func(*payrollChange) {
		return func(x *payrollChange) {
			x.kind = "bank"
			x.call(c.clock(confirmed))
			x.paid = c.clock(paid)
		}
	}
	former := func(x *payrollChange) {
		kind("rate")(x)
		x.client, x.requester, x.authorised = "cl-109", "former.controller@chandlerboatworks.example", false
	}
	d.fine(c.clock("2026-01-12 10:00"), bank("2026-01-12 11:00", "2026-01-12 11:01"))
	d.fine(c.clock("2026-04-14 10:00"), bank("2026-04-15 11:00", "2026-04-24 09:00"), func(x *payrollChange) { x.paid = civil.Never }) // never paid with
	for _, at := range []string{"2025-10-06 10:12", "2025-10-06 10:20", "2025-10-07 09:02"} {
		d.wrong(at, "A", "the client's controller had left, and still asked for rates", former)
	}
	d.wrong("2025-08-07 15:30", "B", "a new bank account was paid before anybody called back", bank("2025-08-15 10:00", "2025-08-15 09:00"))
	d.wrong("2026-02-03 11:45", "B", "a forged request: nobody called back, and a wage went to a stranger", bank("2026-02-13 09:00", "2026-02-13 09:00"),
		func(x *payrollChange) { x.confirmed = civil.Never })
	d.wrong("2025-12-10 14:05", "C", "an hourly rate was entered with two digits exchanged", kind("rate"), func(x *payrollChange) { x.asRequested = false })
	d.wrong("2026-05-20 09:55", "A C", "entered for the wrong employee, on the word of a manager who was on no list", kind("rate"), func(x *payrollChange) {
		x.authorised, x.asRequested = false, false
	})
	d.unclear("2025-11-05 10:10", "A", "the client's list of that month was not kept", kind("set_up"), func(x *payrollChange) { x.authorised = nil })
	d.unclear("2026-03-18 13:25", "C", "the request is missing, and nothing can be compared", kind("rate"), func(x *payrollChange) { x.asRequested = nil })
	rows := d.rows(40001)
	return c.counted(File{
		Register: "payroll_changes", Name: "payroll-audit-log.csv", Source: "payroll-app", Query: "audit log, master data",
		Data: table(';', true, []string{"Change", "client", "kind", "requester", "On list", "entered_by", "entered_at", "As asked", "Called back", "First paid"}, rows),
		Map:  []byte(payrollMap), MapName: "payroll-audit-log.map.yaml",
	}, len(rows))
}

// call notes the call back to the client.
func (x *payrollChange) call(at civil.Instant) {
	x.confirmed = at
	x.paid = max(x.paid, at+hour)
}

const payrollMap = `# The audit log of the payroll application, joined to requests and call-backs.
register: payroll_changes
sequence: payroll_change_id
fields:
  payroll_change_id: Change
  requester_authorised: On list
  as_requested: As asked
  confirmed_at: Called back
  first_payment_at: First paid
`

type statutoryChange struct {
	title            string
	on               civil.Date
	released         civil.Instant
	changer, checker string
	agrees           any
}

// statutoryChanges are mostly of the first of January and the first of July.
func (c *company) statutoryChanges() File {
	rng := c.dice("statutory")
	team := c.taxDesk()
	d := diary[statutoryChange]{c: c, test: "PAY-02", id: "law-%03d",
		sound: func(at civil.Instant) statutoryChange {
			by, checker := team.two(rng)
			on := c.zone.DateOf(at)
			return statutoryChange{"", on, c.at(on-1-civil.Date(rng.IntN(20)), "18:00") + after(rng, 0, 200), by.email, checker.email, true}
		},
		cells: func(x *statutoryChange) row {
			return row{x.title, x.on, stamp(c.zone, x.released), x.changer, x.checker, x.agrees}
		}}
	add := func(on, title string, bend ...func(*statutoryChange)) {
		d.fine(c.clock(on+" 12:00"), append(bend, func(x *statutoryChange) { x.title = title })...)
	}
	titled := func(title string) func(*statutoryChange) { return func(x *statutoryChange) { x.title = title } }
	for _, state := range []string{"Arizona", "California", "Colorado", "Connecticut", "Georgia", "Idaho", "Illinois", "Indiana", "Iowa", "Kentucky",
		"Maine", "Massachusetts", "Michigan", "Minnesota", "Mississippi", "Missouri", "Montana", "Nebraska", "New Mexico", "New York", "North Carolina",
		"Ohio", "Oregon", "Rhode Island", "South Carolina", "Utah", "Vermont", "Virginia"} {
		add("2026-01-01", state+" income tax withholding tables 2026")
	}
	for _, title := range []string{"Federal income tax withholding tables 2026", "Social security wage base 2026", "Retirement plan deferral limits 2026",
		"Federal unemployment credit reduction 2026", "Mileage rate 2026"} {
		add("2026-01-01", title)
	}
	for _, city := range []string{"Chicago", "Los Angeles", "Minneapolis", "San Francisco", "Montgomery County", "Washington, D.C."} {
		add("2025-07-01", city+" minimum wage")
	}
	add("2025-06-30", "Interest on late deposits, third quarter 2025")
	add("2025-09-30", "Florida minimum wage", func(x *statutoryChange) { x.released = c.zone.End(x.on) - 1 })
	add("2025-10-01", "Delaware paid leave, notices")
	add("2026-01-15", "Pittsburgh local services tax")
	add("2026-04-01", "Ohio school district rates")
	add("2026-06-30", "Wisconsin unemployment rates, second half")
	add("2026-07-01", "Oregon transit payroll tax")
	d.wrong("2026-01-01 12:00", "A", "the tables were released on the second working day of the year", titled("New Jersey income tax withholding tables 2026"),
		func(x *statutoryChange) { x.released = c.clock("2026-01-05 10:00") })
	d.wrong("2025-07-01 12:00", "B", "the person who changed the rate checked it", titled("Portland minimum wage"),
		func(x *statutoryChange) { x.checker = x.changer })
	d.wrong("2025-10-01 12:00", "C", "the test of the published example was a cent off, and released all the same", titled("Philadelphia wage tax, half year"),
		func(x *statutoryChange) { x.agrees = false })
	d.unclear("2026-03-01 12:00", "C", "the authority published no example in time", titled("Louisiana withholding, corrected formula"),
		func(x *statutoryChange) { x.agrees = nil })
	rows := d.rows(1)
	return c.counted(File{
		Register: "statutory_changes", Name: "statutory-changes.tsv", Source: "tax-notices", Query: "notices with an effective date",
		Data: table('\t', false, []string{"statutory_change_id", "title", "effective_on", "released_at", "changed_by", "checked_by", "test_agrees"}, rows),
	}, len(rows))
}

type payRun struct {
	client             client
	on                 civil.Date
	reported           any
	above              int
	explained          any
	approver           string
	approved, released civil.Instant
	releases           int
}

// payment is a released run on its way to the bank.
type payment struct {
	run, client string
	on          civil.Date
	released    civil.Instant
}

// payRuns pay each client every second Friday, and the few that begin or end the period on its days.
func (c *company) payRuns() (File, []payment) {
	rng := c.dice("pay runs")
	d := diary[payRun]{c: c, test: "PAY-03", id: "run-%06d",
		sound: func(at civil.Instant) payRun {
			x := payRun{client: clientOn(rng, c.zone.DateOf(at)), on: c.zone.DateOf(at), reported: true, releases: 1}
			if rng.IntN(3) == 0 {
				x.above = 1 + rng.IntN(7)
			}
			x.explained = x.above
			x.approver = x.client.mail(rng)
			x.released = c.at(x.on-2, "13:00") + after(rng, 0, 240)
			x.approved = x.released - after(rng, 15, 1300)
			return x
		},
		cells: func(x *payRun) row {
			return row{x.client.id, x.on, x.reported, x.above, x.explained, x.approver, x.approved, x.released, x.releases}
		}}
	of := func(cl client) func(*payRun) {
		return func(x *payRun) { x.client, x.approver = cl, cl.mail(rng) }
	}
	friday := c.period.From - 5
	for i, cl := range clients {
		for on := friday + civil.Date(7*(i%2)); on <= c.period.To+3; on += 14 {
			if !cl.served(on) {
				continue
			}
			for range c.factor {
				d.fine(c.at(on, "12:00"), of(cl))
			}
		}
	}
	for _, cl := range clients {
		if on := cl.begins; on != "" && (day(on)-friday)%7 != 0 {
			d.fine(c.clock(on+" 12:00"), of(cl))
		}
	}
	d.fine(c.clock("2025-12-24 12:00"), func(x *payRun) { x.approved = x.released - 1 })
	d.wrong("2025-07-25 12:00", "A", "the variance report was of a draft, and two people were added after it", func(x *payRun) { x.reported = false })
	d.wrong("2025-09-19 12:00", "B", "three of eleven items above the limits have no explanation", func(x *payRun) { x.above, x.explained = 11, 8 })
	d.wrong("2025-11-26 12:00", "C", "released before the holiday, approved after it", func(x *payRun) { x.approved = x.released + 90*hour })
	d.wrong("2026-01-30 12:00", "D", "released twice; the second payment was called back", func(x *payRun) { x.releases = 2 })
	d.wrong("2026-03-06 12:00", "C", "the client's approval was given by telephone and nobody wrote it down", func(x *payRun) { x.approver = "" })
	d.wrong("2026-05-15 12:00", "A B", "the comparison with the prior run failed, and the run was released without it", func(x *payRun) {
		x.reported, x.above, x.explained = false, 4, 0
	})
	d.unclear("2026-04-10 12:00", "B", "the report of explained items cannot be found", func(x *payRun) { x.above, x.explained = 6, nil })
	rows := d.rows(90001)
	var above int64
	var paid []payment
	for i, n := range d.notes {
		x := n.record
		above += int64(x.above)
		paid = append(paid, payment{fmt.Sprintf(d.id, 90001+i), x.client.id, x.on, x.released})
	}
	f := c.counted(File{
		Register: "pay_runs", Name: "pay-runs.csv", Source: "payroll-app", Query: "pay runs, state released",
		Data: table(',', false, []string{"pay_run_id", "client", "pay_date", "variance_reported", "items_above_limit", "items_explained", "approved_by",
			"approved_at", "released_at", "releases"}, rows),
	}, len(rows))
	f.Control = map[string]int64{"items_above_limit": above}
	return f, paid
}

// trustAccount holds the money of some clients.
type trustAccount struct{ account, opened, closed string }

var trust = []trustAccount{
	{"trust-01", "2021-03-22", ""}, {"trust-02", "2021-03-22", ""}, {"trust-03", "2022-09-01", ""}, {"trust-04", "2023-02-13", ""},
	{"trust-05", "2021-11-08", "2026-03-31"}, {"trust-06", "2025-10-15", ""},
}

func (a trustAccount) open(d civil.Date) bool {
	return day(a.opened) <= d && (a.closed == "" || d <= day(a.closed))
}

// trustOf is the account from which a client is paid on a day.
func trustOf(clientID string, d civil.Date) string {
	for i, cl := range clients {
		if cl.id == clientID && i >= 28 && trust[4+i%2].open(d) {
			return trust[4+i%2].account
		} else if cl.id == clientID {
			return trust[i%4].account
		}
	}
	panic("example: a client that is in no book")
}

func (c *company) trustAccounts() File {
	var rows []row
	for _, a := range trust {
		closed := any(nil)
		if a.closed != "" {
			closed = day(a.closed)
		}
		rows = append(rows, row{a.account, "pooled", day(a.opened), closed})
	}
	f := c.counted(File{
		Register: "client_accounts", Name: "trust-accounts.csv", Source: "bank-portal", Query: "trust accounts, all states",
		Data: table(',', false, []string{"account", "client", "opened_on", "closed_on"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

// right is one person's right to release payments from one account.
type right struct {
	account          string
	holder           *person
	granted, revoked civil.Instant
}

// releaseRights: four people from the start, one until the end of February, one since October.
// Somebody of treasury stood in for a week in May, and could reconcile what they released.
func (c *company) releaseRights() []right {
	team := c.releaseDesk()
	var list []right
	for _, a := range trust {
		for i, p := range team {
			granted, revoked := c.at(max(day(a.opened), day("2024-01-08")), "09:00"), civil.Never
			switch {
			case i == 3:
				revoked = c.clock("2026-02-27 17:00")
			case i == 4 && a.account > "trust-02":
				continue
			case i == 5:
				granted = max(granted, c.clock("2025-10-01 09:00"))
			}
			if a.closed != "" {
				revoked = min(revoked, c.at(day(a.closed)+1, "12:00"))
			}
			list = append(list, right{a.account, p, granted, revoked})
		}
	}
	return append(list, right{"trust-03", c.treasuryDesk()[1], c.clock("2026-05-11 08:00"), c.clock("2026-05-15 18:00")})
}

func (c *company) rightsList(rights []right) File {
	var rows []row
	for i, x := range rights {
		rows = append(rows, row{fmt.Sprintf("rg-%03d", i+1), x.account, x.holder.id, x.granted, opt(x.revoked)})
	}
	f := c.counted(File{
		Register: "release_rights", Name: "release-rights.jsonl", Source: "bank-portal", Query: "entitlements to release, with history",
		Data: lines([]string{"right_id", "account", "person_id", "granted_at", "revoked_at"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

// accountReconciliations compare each account with the payroll ledger, every banking day, by the
// end of the next. Who does it must not be able to release payments.
func (c *company) accountReconciliations(rights []right) File {
	rng := c.dice("reconciliations")
	team := c.treasuryDesk()
	calendar := civil.Holidays{}
	var rows []row
	for d := c.period.From - 6; d < c.period.To; d++ {
		if weekend(d) {
			continue
		}
		next := calendar.AddBusinessDays(d, 1)
		for i, a := range trust {
			if !a.open(d) {
				continue
			}
			key := a.account + "/" + d.String()
			id := fmt.Sprintf("ar-%06d", 800001+len(rows))
			in := c.dateInPeriod(next)
			done, by := c.at(next, "09:00")+after(rng, 0, 300), any(team[(i+int(d))%3].email)
			differences, cleared := any(0), civil.Never
			if rng.IntN(25) == 0 {
				differences, cleared = 1+rng.IntN(3), done+after(rng, 20, 900)
			}
			if a.account == "trust-03" && done >= c.clock("2026-05-11 08:00") && done < c.clock("2026-05-15 18:00") {
				by = team[2*rng.IntN(2)].email // not the one who stands in
			}
			if in {
				c.counts("PAY-04", true)
			}
			deviates := func(attributes, why string) { c.deviates("PAY-04", key, attributes, why) }
			preparer := func(why string) { c.deviates("PAY-04.2", id, "A", why) }
			switch key {
			case "trust-02/2025-09-01":
				deviates("A", "nobody reconciled Labor Day, though the ledger was posted")
				continue
			case "trust-05/2026-03-31":
				deviates("A", "the account was closed that day, and nobody reconciled it any more")
				continue
			case "trust-04/2026-01-26":
				done = c.at(next+1, "10:15")
				deviates("A", "a day late, after the storm")
			case "trust-01/2025-11-12":
				differences, cleared = 2, c.at(d+8, "11:00")
				deviates("B", "a returned payment was cleared after six banking days")
			case "trust-03/2026-04-22":
				differences, cleared = 1, c.zone.End(calendar.AddBusinessDays(d, 3))-1 // the last instant
			case "trust-06/2025-12-18":
				differences, cleared = nil, civil.Never
				c.undecided("PAY-04", key, "B", "the form does not say whether there was a difference")
			case "trust-01/2026-06-29":
				done = c.zone.End(next) - 1 // the last instant of the period
			case "trust-03/2026-05-11", "trust-03/2026-05-12", "trust-03/2026-05-13":
				done, by = c.at(next, "10:40"), team[1].email
				preparer("prepared by somebody who stood in as a releaser that week")
			case "trust-02/2025-08-20":
				by = c.releaseDesk()[0].id
				preparer("a releaser reconciled the account while treasury was on leave")
			case "trust-04/2025-10-30":
				by = "treasury-shared"
				c.undecided("PAY-04.2", id, "A", "prepared under a shared login that belongs to nobody")
			case "trust-01/2026-02-11":
				by = nil
				c.undecided("PAY-04.2", id, "A", "the export has lost who prepared it")
			}
			if in {
				c.counts("PAY-04.2", true)
			}
			rows = append(rows, row{id, a.account, d, opt(done), by, differences, opt(cleared)})
		}
	}
	return c.counted(File{
		Register: "account_reconciliations", Name: "trust-reconciliations.jsonl", Source: "treasury", Query: "reconciliations of trust accounts",
		Data: lines([]string{"reconciliation_id", "account", "day", "completed_at", "performed_by", "differences", "cleared_at"}, rows),
	}, len(rows))
}

type paymentFile struct {
	run, account            string
	first, second           any
	agrees                  any
	agreed, released, acked civil.Instant
}

// paymentFiles pay the runs, and each client's taxes once a month.
func (c *company) paymentFiles(rights []right, paid []payment) File {
	rng := c.dice("payment files")
	d := diary[paymentFile]{c: c, test: "PAY-05", id: "pf-%06d",
		sound: func(at civil.Instant) paymentFile {
			x := paymentFile{agrees: true, agreed: at - after(rng, 3, 50), released: at, acked: at + after(rng, 1, 45)}
			x.release(rng, rights, trustOf(clientOn(rng, c.zone.DateOf(at)).id, c.zone.DateOf(at)))
			return x
		},
		cells: func(x *paymentFile) row {
			return row{optText(x.run), x.account, x.first, x.second, x.agrees, x.agreed, x.released, opt(x.acked)}
		}}
	for _, p := range paid {
		d.fine(p.released+after(rng, 5, 60), func(x *paymentFile) {
			x.run = p.run
			x.release(rng, rights, trustOf(p.client, c.zone.DateOf(x.released)))
		})
	}
	for first := c.period.From; first <= c.period.To; first = first.AddMonths(1) {
		on := first + 11
		for weekend(on) {
			on--
		}
		for _, cl := range clients {
			if cl.served(first) {
				d.fine(c.at(on, "10:00")+after(rng, 0, 200), func(x *paymentFile) { x.release(rng, rights, trustOf(cl.id, on)) })
			}
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	team := c.releaseDesk()
	from := func(account string, first, second *person) func(*paymentFile) {
		return func(x *paymentFile) { x.account, x.first, x.second = account, first.id, second.email }
	}
	d.fine(c.clock("2026-02-27 16:59"), from("trust-02", team[3], team[1]), func(x *paymentFile) { x.agreed = x.released }) // a minute before the right ended
	d.wrong("2025-08-29 15:10", "A", "released twice by one person, once by id and once by address", from("trust-01", team[2], team[2]))
	d.wrong("2025-12-24 12:50", "A", "released by one person alone, for the others were gone for the holiday", from("trust-03", team[0], team[1]),
		func(x *paymentFile) { x.second = "" })
	d.wrong("2026-03-04 14:30", "B", "released by somebody whose right had ended the week before", from("trust-02", team[3], team[1]))
	d.wrong("2026-03-05 14:42", "B", "released by somebody whose right had ended the week before", from("trust-04", team[0], team[3]))
	d.wrong("2025-11-13 15:00", "B", "the second releaser has the right on two other accounts only", from("trust-04", team[0], team[4]))
	d.wrong("2025-10-23 13:20", "C", "the totals were compared an hour after the release", from("trust-01", team[0], team[1]),
		func(x *paymentFile) { x.agreed = x.released + 62*minute })
	d.wrong("2026-01-14 14:05", "C", "the file held one payment more than the approved run", from("trust-02", team[1], team[2]),
		func(x *paymentFile) { x.agrees = false })
	d.wrong("2026-05-27 16:10", "D", "the bank never acknowledged the file, and it was sent again under another number", from("trust-06", team[0], team[5]),
		func(x *paymentFile) { x.acked = civil.Never })
	d.unclear("2026-04-16 13:35", "C", "the comparison of totals left no result", from("trust-03", team[5], team[0]), func(x *paymentFile) { x.agrees = nil })
	d.unclear("2025-09-11 15:25", "A B", "the bank's export does not name the second releaser", from("trust-01", team[0], team[1]),
		func(x *paymentFile) { x.second = nil })
	rows := d.rows(150001)
	return c.counted(File{
		Register: "payment_files", Name: "payment-files.jsonl", Source: "bank-gateway", Query: "files sent to banks and authorities",
		Data: lines([]string{"payment_file_id", "pay_run_id", "account", "first_releaser", "second_releaser", "totals_agree", "totals_agreed_at",
			"released_at", "acknowledged_at"}, rows),
	}, len(rows))
}

// release has the file released from an account by two people who had the right then.
func (x *paymentFile) release(rng *rand.Rand, rights []right, account string) {
	var able desk
	for _, r := range rights {
		if r.account == account && r.granted <= x.released && x.released < r.revoked {
			able = append(able, r.holder)
		}
	}
	first, second := able.two(rng)
	x.account, x.first, x.second = account, first.email, second.email
}

type taxFiling struct {
	client, kind string
	due, receipt civil.Date
	ties         any
	rejected     any // the day of the rejection, nil where there was none
	again        civil.Date
}

// taxFilings are deposits by the fifteenth and returns by the end of the month after the quarter.
func (c *company) taxFilings() File {
	rng := c.dice("tax filings")
	d := diary[taxFiling]{c: c, test: "PAY-06", id: "tx-%05d",
		sound: func(at civil.Instant) taxFiling {
			due := c.zone.DateOf(at)
			x := taxFiling{clientOn(rng, due-45).id, "deposit", due, due - civil.Date(rng.IntN(5)), true, nil, civil.MaxDate}
			if rng.IntN(80) == 0 { // rejected, and filed again at once
				x.rejected, x.again, x.receipt = due-4, due-3, due-2
			}
			return x
		},
		cells: func(x *taxFiling) row {
			return row{x.client, x.kind, x.due, optDate(x.receipt), x.ties, x.rejected, optDate(x.again)}
		}}
	falls := func(on civil.Date) civil.Instant {
		for weekend(on) {
			on++
		}
		return c.at(on, "12:00")
	}
	for _, cl := range clients {
		for first := c.period.From.AddMonths(-1); first <= c.period.To; first = first.AddMonths(1) {
			month := first.AddMonths(-1)
			if !cl.served(month) {
				continue
			}
			d.fine(falls(first+14), func(x *taxFiling) { x.client = cl.id })
			if _, m, _ := first.Parts(); m%3 == 1 {
				d.fine(falls(first.AddMonths(1)-1), func(x *taxFiling) { x.client, x.kind = cl.id, "return" })
			}
		}
	}
	for _, at := range c.borders() {
		d.fine(at, func(x *taxFiling) { x.receipt = x.due; x.rejected, x.again = nil, civil.MaxDate })
	}
	plain := func(bend func(*taxFiling)) func(*taxFiling) {
		return func(x *taxFiling) {
			x.receipt, x.rejected, x.again = x.due-1, nil, civil.MaxDate
			bend(x)
		}
	}
	d.wrong("2025-10-15 12:00", "A", "the deposit was a day late: the bank's cut-off had passed", plain(func(x *taxFiling) { x.receipt = x.due + 1 }))
	d.wrong("2026-02-02 12:00", "A", "there is no receipt for a return that was sent by post", plain(func(x *taxFiling) { x.kind, x.receipt = "return", civil.MaxDate }))
	d.wrong("2025-12-15 12:00", "B", "a voided check was left in the deposit", plain(func(x *taxFiling) { x.ties = false }))
	d.wrong("2026-01-15 12:00", "C", "rejected for a wrong number, and filed again a week after it was due", plain(func(x *taxFiling) {
		x.rejected, x.again = x.due-1, x.due+7
	}))
	d.wrong("2026-04-30 12:00", "A C", "rejected on the last day, filed again and receipted after it", plain(func(x *taxFiling) {
		x.kind, x.receipt, x.rejected, x.again = "return", x.due+3, x.due, x.due+2
	}))
	d.unclear("2026-05-15 12:00", "B", "the ledger of that day was not compared", plain(func(x *taxFiling) { x.ties = nil }))
	rows := d.rows(30001)
	return c.counted(File{
		Register: "tax_filings", Name: "tax-filings.csv", Source: "tax-engine", Query: "calendar of deposits and returns with receipts",
		Data: table(',', true, []string{"filing_id", "client", "kind", "due_on", "receipt_on", "ties_to_ledger", "rejected_on", "refiled_on"}, rows),
	}, len(rows))
}
