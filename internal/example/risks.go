package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// riskRegister are risks, deficiencies, alerts of controls and exceptions to policies.
func (c *company) riskRegister() []File {
	return []File{c.risks(), c.deficiencies(), c.controlAlerts(), c.exceptions()}
}

// risk is one row of the risk register; days are empty where they have not come.
type risk struct {
	title, category    string
	likelihood, impact int
	treatment          string
	due, treated       string
	extended, approved string // the new date and when it was approved
	accepted           string
	owner              int // a head, -1 for nobody
}

var riskList = []risk{
	{"A payout file is changed between approval and bank", "fraud", 3, 5, "mitigate", "2025-12-15", "2025-12-09", "", "", "", 3},
	{"An employee and a vendor collude in payroll", "fraud", 2, 5, "mitigate", "2026-03-31", "2026-03-20", "", "", "", 0},
	{"A customer's administrator is phished", "fraud", 4, 4, "mitigate", "2025-05-31", "2025-11-14", "2025-11-30", "2025-08-20", "", 5},
	{"One region fails for more than a day", "availability", 2, 5, "mitigate", "2025-06-30", "", "2025-12-31", "2025-07-30", "", 3},
	{"The bank withdraws the account", "vendor", 1, 5, "accept", "2025-08-31", "", "", "", "2025-12-20", 0},
	{"Tax tables come late", "vendor", 3, 4, "mitigate", "2025-09-30", "", "2026-04-30", "2026-02-10", "", 6},
	{"A subprocessor sells data", "vendor", 2, 5, "transfer", "2026-02-28", "2026-02-16", "", "", "", 5},
	{"The ledger outgrows its database", "change", 4, 4, "mitigate", "2026-06-30", "2026-06-26", "", "", "", 3},
	{"A migration loses withholdings", "change", 3, 5, "mitigate", "", "", "", "", "", 1},
	{"Language models see pay slips", "change", 3, 4, "avoid", "2026-01-31", "2026-01-12", "", "", "", -1},
	{"Keys of the payment gateway leak", "security", 2, 5, "", "2026-04-30", "2026-04-14", "", "", "", 5},
	{"Ransomware in the office", "security", 3, 4, "mitigate", "2025-11-30", "2025-11-28", "", "", "", 2},
}

var smallRisks = []struct{ title, category string }{
	{"A contractor keeps a laptop", "security"}, {"Printed pay slips in the office", "security"}, {"Wi-Fi of the office is overheard", "security"},
	{"A dependency is abandoned", "change"}, {"The mail provider is slow", "vendor"}, {"The pager does not ring", "availability"},
	{"Two holidays on one day", "availability"}, {"An intern sees a dashboard", "privacy"}, {"A deletion is late", "privacy"},
	{"A survey leaks addresses", "privacy"}, {"The caterer reads a screen", "security"}, {"The site is defaced", "security"},
	{"A rounding error of a cent", "change"}, {"Statements come a day late", "availability"}, {"An old browser breaks", "change"},
	{"The archive is full", "availability"}, {"A translation is wrong", "change"}, {"Expense reports are padded", "fraud"},
	{"Gift cards are asked for in the name of the CEO", "fraud"}, {"A vendor renames its invoices", "vendor"}, {"The badge printer fails", "security"},
	{"Too few testers in summer", "change"}, {"Water in the cellar", "availability"}, {"A courier loses a parcel", "privacy"},
}

func (c *company) risks() File {
	var rows []row
	date := func(s string) any {
		if s == "" {
			return nil
		}
		return day(s)
	}
	for i, r := range riskList {
		id := fmt.Sprintf("rk-%03d", i+1)
		c.counts("RSK-01.2", true)
		var owner, by, extender any
		if r.owner >= 0 {
			owner = c.people[r.owner].email
		} else {
			c.deviates("RSK-01.2", id, "B", "nobody owns the treatment")
		}
		if r.treatment == "" {
			c.deviates("RSK-01.2", id, "A", "no treatment was chosen")
		}
		if r.due == "" {
			c.deviates("RSK-01.2", id, "C", "the treatment has no date")
		}
		if r.accepted != "" {
			by = c.people[0].email
		}
		if r.approved != "" {
			extender = c.people[0].email
		}
		c.overdue(id, r)
		rows = append(rows, row{id, r.title, r.category, owner, r.likelihood, r.impact, true, optText(r.treatment), date(r.due), date(r.treated),
			day("2025-10-21"), by, date(r.accepted), date(r.extended), date(r.approved), extender})
	}
	for i, r := range smallRisks {
		rows = append(rows, row{fmt.Sprintf("rk-%03d", len(riskList)+i+1), r.title, r.category, c.people[1+i%6].email, 1 + i%3, 1 + i%2, false, "accept",
			nil, nil, day("2025-10-21"), c.people[5].email, day("2025-10-28"), nil, nil, nil})
	}
	f := c.counted(File{
		Register: "risks", Name: "risk-register.csv", Source: "grc-tracker", Query: "risk register, all states",
		Data: table(',', true, []string{"risk_id", "title", "category", "owner", "likelihood", "impact", "above_appetite", "treatment", "treatment_due_on",
			"treated_on", "assessed_on", "accepted_by", "accepted_on", "extended_to", "extension_approved_on", "extension_approved_by"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

// overdue counts the quarters in which a treatment was overdue, and says what became of it.
func (c *company) overdue(id string, r risk) {
	for q := civil.QuarterOf(c.period.From); q.Last <= c.period.To; q = civil.QuarterOf(q.Last + 1) {
		key := id + "/" + q.Name
		if r.due == "" {
			c.counts("RSK-02.2", true)
			c.undecided("RSK-02.2", key, "A", "without a date nobody can say whether the treatment is overdue")
			continue
		}
		if day(r.due) >= q.First || r.treated != "" && day(r.treated) <= q.Last {
			continue
		}
		c.counts("RSK-02.2", true)
		switch key {
		case "rk-004/2026-Q1", "rk-004/2026-Q2":
			c.deviates("RSK-02.2", key, "A", "the new date passed, and nobody approved another")
		case "rk-006/2025-Q4":
			c.deviates("RSK-02.2", key, "A", "the new date was approved only in the quarter after")
		}
	}
}

type deficiency struct {
	control, origin, severity       string
	owner                           *person
	due                             civil.Date
	extended, extendedOn            civil.Date // zero where there is none
	extendedBy                      *person
	closed                          civil.Date
	closedBy, checkedBy             *person
	attributes, extension, why, two string // letters of rule 1 and of rule 2, and why
}

// deficiencies are weaknesses of controls with an owner, a due date and a closure that another
// person checked.
func (c *company) deficiencies() File {
	rng := c.dice("deficiencies")
	office, engineers := c.steady(false), c.steady(true)
	origins := []string{"audit", "test", "penetration test", "incident", "self-assessment"}
	controls := []string{"IAM-01", "IAM-04", "CHG-01", "CHG-05", "VUL-03", "AVL-02", "POL-01", "VEN-02", "INC-04", "LOG-01", "DAT-03", "PAY-02", "GOV-05"}
	ordinary := func(opened civil.Date) *deficiency {
		owner := engineers[rng.IntN(30)]
		d := &deficiency{control: among(rng, controls), origin: among(rng, origins), severity: among(rng, []string{"low", "medium", "medium", "high"}),
			owner: owner, due: opened + 30 + civil.Date(rng.IntN(3)*30), closedBy: owner, checkedBy: office[50+rng.IntN(10)]}
		d.closed = d.due - civil.Date(1+rng.IntN(25))
		return d
	}
	type entry struct {
		opened civil.Date
		d      *deficiency
	}
	var all []entry
	add := func(opened string, due string) *deficiency {
		d := ordinary(day(opened))
		d.due = day(due)
		d.closed = d.due - 6
		all = append(all, entry{day(opened), d})
		return d
	}
	for d := c.period.From - 60; d <= c.period.To-100; d += civil.Date(7 + rng.IntN(9)) {
		x := ordinary(d)
		all = append(all, entry{d, x})
	}
	add("2025-05-12", "2025-06-30")
	add("2025-05-13", "2025-07-01").closed = day("2025-07-01")
	add("2026-05-04", "2026-06-30").closed = day("2026-06-30")
	x := add("2025-07-21", "2025-09-19")
	x.checkedBy, x.attributes, x.why = x.closedBy, "B", "closed and checked by one person"
	x = add("2025-08-04", "2025-10-03")
	x.closed, x.attributes, x.why = day("2025-10-08"), "A", "closed five days after its due date"
	x = add("2025-09-08", "2025-11-07")
	x.extended, x.extendedOn, x.extendedBy, x.closed = day("2025-12-31"), day("2025-11-05"), c.people[5], day("2025-12-18") // extended in time
	x = add("2025-10-06", "2025-12-05")
	x.extended, x.extendedOn, x.extendedBy, x.closed = day("2026-01-30"), day("2025-12-05"), c.people[5], day("2026-01-22")
	x.attributes, x.why = "A", "the extension was approved on the due date, not before it"
	x = add("2025-11-03", "2026-01-02")
	x.extended, x.extendedOn, x.extendedBy, x.closed = day("2026-02-27"), day("2025-12-19"), c.people[5], day("2026-03-10")
	x.extension, x.two = "A", "closed eleven days after the day to which it was extended"
	x = add("2025-12-01", "2026-01-30")
	x.owner, x.attributes, x.why = nil, "C", "nobody owns it"
	x = add("2026-01-12", "2026-03-13")
	x.checkedBy, x.attributes, x.why = nil, "B", "nobody checked the closure"
	x = add("2026-02-02", "2026-04-03")
	x.closed, x.closedBy, x.checkedBy, x.attributes, x.why = civil.MaxDate, nil, nil, "A", "still open, and never extended"
	x = add("2026-05-18", "2026-12-18")
	x.closed, x.closedBy, x.checkedBy = civil.MaxDate, nil, nil // falls due long after the period
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.opened, b.opened) })

	name := func(p *person) any {
		if p == nil {
			return nil
		}
		return p.email
	}
	date := func(d civil.Date) any {
		if d == 0 {
			return nil
		}
		return d
	}
	var rows []row
	for i, e := range all {
		id, d := fmt.Sprintf("df-%03d", i+1), e.d
		rows = append(rows, row{id, d.control, d.origin, d.severity, name(d.owner), e.opened, d.due, date(d.extended), date(d.extendedOn), name(d.extendedBy),
			optDate(d.closed), name(d.closedBy), name(d.checkedBy)})
		if c.dateInPeriod(d.due) {
			c.counts("MON-02", true)
			c.tale("MON-02", id, false, d.attributes, d.why)
		}
		if d.extended != 0 && d.extendedOn < d.due && c.dateInPeriod(d.extended) {
			c.counts("MON-02.2", true)
			c.tale("MON-02.2", id+"/"+d.extended.String(), false, d.extension, d.two)
		}
	}
	return c.counted(File{
		Register: "deficiencies", Name: "deficiencies.csv", Source: "grc-tracker", Query: "deficiencies, all states",
		Data: table(';', false, []string{"deficiency_id", "control", "origin", "severity", "owner", "opened_on", "due_on", "extended_to",
			"extension_approved_on", "extension_approved_by", "closed_on", "closed_by", "checked_by"}, rows),
	}, len(rows))
}

type controlAlert struct {
	control         string
	raised          civil.Instant
	owner, delegate *person
	triaged         civil.Instant
	by              *person
	outcome         any
	reason          string
}

// controlAlerts are failed checks and missing evidence, triaged by the owner of the control or a
// delegate within two business days.
func (c *company) controlAlerts() File {
	rng := c.dice("control alerts")
	owners := []int{1, 2, 3, 4, 5, 6}
	controls := map[int][]string{1: {"CHG-01", "CHG-05"}, 2: {"IAM-02", "IAM-06", "AST-02"}, 3: {"AVL-02", "LOG-01", "NET-01"},
		4: {"GOV-01", "GOV-05"}, 5: {"VUL-03", "IAM-05", "MAL-01"}, 6: {"DAT-01", "DAT-02"}}
	reasons := []string{"the connector was down, the evidence came an hour later", "a host that had been retired that morning",
		"the check ran while the policy was being reloaded", "a test account of the vendor"}
	deputies := c.steady(true)
	d := diary[controlAlert]{c: c, test: "MON-04", id: "ca-%05d",
		sound: func(at civil.Instant) controlAlert {
			owner := among(rng, owners)
			a := controlAlert{among(rng, controls[owner]), at, c.people[owner], deputies[owner], at + after(rng, 20, 1400), c.people[owner], "fix", ""}
			switch rng.IntN(5) {
			case 0, 1:
				a.outcome, a.reason = "false_positive", among(rng, reasons)
			case 2:
				a.by = a.delegate
			case 3:
				a.outcome = "deficiency"
			}
			return a
		},
		cells: func(a *controlAlert) row {
			var by any
			if a.by != nil {
				by = a.by.email
			}
			var delegate any
			if a.delegate != nil {
				delegate = a.delegate.email
			}
			return row{a.control, a.raised.In(c.zone), a.owner.email, delegate, opt(a.triaged), by, a.outcome, a.reason}
		},
	}
	for day := c.period.From - 3; day <= c.period.To+2; day++ {
		if weekend(day) || weekend(day+1) {
			continue
		}
		for range rng.IntN(3) * c.factor {
			d.fine(c.at(day, "06:00") + after(rng, 0, 700))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.fine(c.clock("2025-10-31 19:40"), func(a *controlAlert) { a.triaged = c.clock("2025-11-04 23:59") }) // two business days and a change of the clocks
	d.wrong("2025-08-29 10:10", "A", "triaged on the third business day", func(a *controlAlert) { a.triaged = c.clock("2025-09-03 00:00") })
	d.wrong("2025-09-17 08:02", "B", "triaged by a colleague who had no word from the owner", func(a *controlAlert) { a.by = deputies[22] })
	d.wrong("2025-12-22 09:30", "A", "raised before the holidays and never triaged", func(a *controlAlert) {
		a.triaged, a.by, a.outcome, a.reason = civil.Never, nil, nil, ""
	})
	d.wrong("2026-02-10 07:15", "C", "closed as a false positive without a reason", func(a *controlAlert) { a.outcome, a.reason = "false_positive", "" })
	d.fine(c.clock("2026-01-14 11:00"), func(a *controlAlert) { // while the security lead was away
		a.owner, a.control, a.delegate, a.by = c.people[5], "VUL-03", nil, deputies[24]
		a.triaged = c.clock("2026-01-15 09:20")
	})
	d.wrong("2026-02-03 11:00", "B", "triaged by the deputy four days after the deputy's time was over", func(a *controlAlert) {
		a.owner, a.control, a.delegate, a.by = c.people[5], "MAL-01", nil, deputies[24]
		a.triaged = c.clock("2026-02-04 09:20")
	})
	d.unclear("2026-04-28 13:45", "C", "the alert was closed without an outcome", func(a *controlAlert) { a.outcome, a.reason = nil, "" })
	rows := d.rows(1)
	return c.counted(File{
		Register: "control_alerts", Name: "control-alerts.jsonl", Source: "assurance-monitor", Query: "alerts of all controls",
		Data: lines([]string{"alert_id", "control", "raised_at", "owner", "delegate", "triaged_at", "triaged_by", "outcome", "reason"}, rows),
	}, len(rows))
}

// exceptions are departures from policies besides those of single vulnerabilities. Of each that
// expires in the period somebody looked whether it was used beyond its scope.
func (c *company) exceptions() File {
	type exception struct {
		control, scope                    string
		approved, starts, expires, closed string
		used                              string
		renews                            string
		reason, instead                   string
		begins                            string // letters of rule 1
		ends                              string // letters of rule 2
		why                               string
	}
	all := []exception{
		{"POL-01", "removable media for the tax bureau", "2025-06-24 10:00", "2025-07-01 00:00", "2025-12-31 17:00", "2025-12-12 09:00", "", "",
			"the bureau takes nothing but sticks", "encrypted sticks, counted out and in", "", "", ""},
		{"NET-02", "port 22 of the file gateway", "2025-06-30 16:00", "", "2025-12-30 16:00", "", "", "", "a bank that sends by SFTP", "source addresses are pinned", "", "", ""},
		{"NET-02", "port 22 of the file gateway", "2025-12-22 11:00", "2025-12-30 16:00", "2026-06-29 16:00", "2026-06-01 12:00", "", "ex-02",
			"the bank moves in May", "source addresses are pinned", "", "", ""},
		{"MAL-01", "build hosts without the scanner", "2025-08-12 14:00", "", "2026-02-10 14:00", "2026-02-26 08:00", "", "",
			"the scanner halves the speed of builds", "images are scanned after the build", "", "A", "used for sixteen days after its expiry"},
		{"IAM-06", "printer account without a second factor", "2025-09-02 09:00", "", "2026-01-30 18:00", "", "", "",
			"the printer has no keyboard", "reaches one folder only", "", "A", "renewed three days after it had expired"},
		{"IAM-06", "printer account without a second factor", "2026-02-02 11:00", "2026-02-02 11:00", "2026-05-29 18:00", "2026-05-20 15:00", "", "ex-05",
			"the printer has no keyboard", "reaches one folder only", "", "", ""},
		{"CHG-01", "changes to the help pages without review", "2025-10-23 10:00", "2025-10-20 08:00", "2026-04-17 18:00", "2026-04-01 09:00", "", "",
			"two writers only", "weekly reading by the head", "A", "", "approved three days after it began"},
		{"DAT-03", "", "2025-11-12 13:00", "", "2026-05-11 18:00", "2026-03-02 10:00", "", "", "copies for the load test", "masked by hand", "B", "", "no scope is stated"},
		{"CRY-02", "old cipher for one bank", "2025-12-08 10:00", "", "2026-12-31 18:00", "", "", "", "the bank's gateway", "a tunnel around it", "D", "", "runs for twelve months and three weeks"},
		{"AST-02", "laptops of the board", "2026-01-19 09:00", "", "2026-06-30 23:59", "2026-06-30 23:59", "", "", "owned by the members", "", "E", "", "nothing is done instead"},
		{"LOG-03", "retention of the proxy log: six months", "2026-03-03 15:00", "", "2027-03-03 15:00", "", "", "", "the disks come in autumn", "exported monthly", "", "", ""}, // twelve months
		{"VUL-04", "scan of the mainframe gateway", "2026-03-18 12:00", "", "2026-06-12 18:00", "2026-06-10 10:00", "2026-03-16 07:00", "",
			"the scanner stops it", "scanned by hand", "A", "", "in use two days before it was approved"},
		{"IAM-09", "cr-027", "2026-02-09 10:00", "", "2026-03-31 18:00", "2026-03-02 16:00", "", "", "the bank hands out the key, and was late", "the path is pinned", "", "", ""},
	}
	clock := func(s string) any {
		if s == "" {
			return nil
		}
		return c.clock(s)
	}
	var rows []row
	for i, x := range all {
		id := fmt.Sprintf("ex-%02d", i+1)
		begin := c.clock(cmp.Or(x.used, x.starts, x.approved))
		if c.inPeriod(begin) {
			c.counts("POL-02", true)
			c.tale("POL-02", id, false, x.begins, x.why)
		}
		c.expires(id, c.clock(x.expires), x.ends, x.why)
		rows = append(rows, row{id, x.control, optText(x.scope), c.people[5].email, c.clock(x.approved), clock(x.starts), c.clock(x.expires), x.reason,
			optText(x.instead), clock(x.closed), optText(x.renews), clock(x.used)})
	}
	return c.counted(File{
		Register: "waivers", Name: "policy-exceptions.csv", Source: "policy-register", Query: "exceptions to policies, all states",
		Data: table(',', false, []string{"waiver_id", "control", "scope", "approved_by", "approved_at", "starts_at", "expires_at", "reason",
			"compensating", "closed_at", "renewal_of", "in_use_since"}, rows),
	}, len(rows))
}

// waived counts a waiver of the scanner's findings among the exceptions to policies.
func (c *company) waived(id string, expires, closed civil.Instant) {
	c.counts("POL-02", true)
	attributes := ""
	if closed > expires {
		attributes = "A"
	}
	c.expires(id, expires, attributes, "the waiver ran out, and the finding stayed open for a month")
}

// expires counts an exception that expires in the period, and notes the look at its use.
func (c *company) expires(id string, at civil.Instant, attributes, why string) {
	if !c.inPeriod(at) {
		return
	}
	c.counts("POL-02.2", true)
	c.tale("POL-02.2", id, false, attributes, why)
	answers := "-y"
	if id == "ex-07" {
		answers = "-n"
		c.deviates("POL-02.2", id, "B", "pages of the price list were changed under an exception for the help pages")
	}
	c.checked("POL-02", id, c.zone.DateOf(at)+3, 5, "comparison of "+id+" with the scanner's marks", systemRecord, answers)
}
