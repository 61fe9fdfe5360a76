package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// rehire brings one leaver back in the middle of the period, in a second employment. It draws from
// dice of its own, so that those of everybody else do not move.
func (c *company) rehire() {
	first := c.people[heads+engineers+1] // left on 30 September
	again := *first
	again.employment, again.started, again.ended, again.endKind = "e-2001", day("2026-02-02"), civil.MaxDate, ""
	c.returned = append(c.returned, &again)
}

// returnedAccounts are opened by the dice of those who returned.
func (c *company) returnedAccounts() {
	usual := c.rng
	c.rng = c.dice("returned")
	for _, p := range c.returned {
		for _, s := range estate {
			if s.name != "okta" && s.name != "workspace" {
				continue
			}
			name := p.id
			if s.name == "workspace" {
				name = p.email
			}
			c.open(p, s, name)
			a := c.accounts[len(c.accounts)-1]
			c.signIn(a)
			c.counts("IAM-06", true)
		}
	}
	c.rng = usual
}

// peopleOffice is what it checks, appraises and hears.
func (c *company) peopleOffice() []File {
	return []File{c.screenings(), c.appraisals(), c.speakUp(), c.absences(), c.vendorStaff()}
}

// screenings are the outcomes of background checks. Those of people who start in the period are
// asked for each system in scope on which they got an account.
func (c *company) screenings() File {
	rng := c.dice("screenings")
	var rows []row
	for i, p := range c.workforce() {
		if p.kind == "service" {
			continue
		}
		done, result, reason, country := p.started-civil.Date(3+rng.IntN(20)), any("clear"), "", "US"
		var attributes, why string
		undecided := false
		switch p {
		case c.newcomer(1):
			done = p.started // on the day of the first access
		case c.newcomer(4):
			done = p.started + 4
			attributes, why = "A", "started before the check was done"
		case c.newcomer(8):
			result, country, reason = nil, "DE", "Section 26 of the Federal Data Protection Act: the check was not necessary for the role"
			done = civil.MaxDate
		case c.newcomer(11):
			result = "adverse"
			attributes, why = "B", "let in although the check had an adverse outcome"
		case c.newcomer(15):
			result, done = "pending", civil.MaxDate
			attributes, why = "A", "the agency never sent the outcome"
		case c.newcomer(18):
			result, undecided = nil, true
			attributes, why = "B", "the agency's report has a date and no outcome"
		}
		rows = append(rows, row{fmt.Sprintf("sc-%04d", i+1), p.id, optDate(done), result, optText(reason), country})
		if !c.dateInPeriod(p.started) {
			continue
		}
		for _, s := range estate {
			if s.inScope && s.environment() == "production" && len(c.of(p, s.name)) > 0 {
				c.counts("GOV-04", true)
				c.tale("GOV-04", p.employment+"/"+s.name, undecided, attributes, why)
			}
		}
	}
	return c.counted(File{
		Register: "screenings", Name: "screening-outcomes.json", Source: "screening-agency", Query: "outcomes of all orders",
		Data: jsonList([]string{"screening_id", "person_id", "completed_on", "result", "exempt_reason", "country"}, rows),
	}, len(rows))
}

// appraisals are due within the calendar year 2025 for employees with a year of service at its end.
func (c *company) appraisals() File {
	rng := c.dice("appraisals")
	year, end := day("2025-01-01"), day("2025-12-31")
	office, engineers := c.steady(false), c.steady(true)
	planted := map[*person]string{office[9]: "none", engineers[3]: "late", engineers[40]: "own", c.people[0]: "board"}
	type appraisal struct {
		p        *person
		reviewer string
		on       civil.Date
	}
	var all []appraisal
	for _, p := range c.people {
		if p.kind != "employee" || p.started > end.AddMonths(-12) || p.ended < end {
			continue
		}
		key := p.employment + "/2025"
		c.counts("GOV-06", true)
		a := appraisal{p, "", end - civil.Date(1+rng.IntN(60))}
		if p.manager != nil {
			a.reviewer = p.manager.email
		}
		switch planted[p] {
		case "none":
			c.deviates("GOV-06", key, "A", "the manager changed in autumn, and nobody reviewed")
			continue
		case "late":
			a.on = day("2026-01-09")
			c.deviates("GOV-06", key, "A", "the review was finished in January")
		case "own":
			a.reviewer = p.id
			c.deviates("GOV-06", key, "B", "the employee signed as reviewer of their own review")
		case "board":
			a.reviewer = "chair@board.harbourline.example"
			c.undecided("GOV-06", key, "B", "the reviewer sits on the board, whom the list of people does not have")
		}
		if p == office[10] {
			a.on = end
		}
		all = append(all, a)
		if k := len(all) % 3; k > 0 { // the year before, for most
			all = append(all, appraisal{p, a.reviewer, year - civil.Date(10+rng.IntN(40))})
		}
	}
	slices.SortStableFunc(all, func(a, b appraisal) int { return cmp.Compare(a.on, b.on) })
	var rows []row
	for i, a := range all {
		rows = append(rows, row{fmt.Sprintf("ap-%04d", i+1), a.p.id, a.reviewer, a.on})
	}
	c.counts("GOV-06.2", true)
	c.checked("GOV-06", "2025", day("2026-01-14"), 4, "register of breaches and outcomes 2025", signedRecord, "yy")
	return c.counted(File{
		Register: "appraisals", Name: "appraisals.csv", Source: "hris", Query: "performance reviews finished since 2024-11",
		Data: table(',', true, []string{"appraisal_id", "person_id", "reviewer", "finished_on"}, rows),
	}, len(rows))
}

type message struct {
	test    bool
	triaged civil.Instant
	outcome string
}

// speakUp is the channel's log, with a test of it in every quarter but one.
func (c *company) speakUp() File {
	rng := c.dice("speak up")
	outcomes := []string{"investigated, unfounded", "passed to the people office", "talk with the manager", "investigated, confirmed", "not for this channel"}
	d := diary[message]{c: c, test: "COM-02", id: "su-%03d",
		sound: func(at civil.Instant) message {
			return message{false, at + after(rng, 200, 1500), among(rng, outcomes)}
		},
		cells: func(m *message) row { return row{m.test, opt(m.triaged), m.outcome} },
	}
	quarterly := func(m *message) { m.test, m.outcome = true, "test of the channel" }
	var times []civil.Instant
	for _, on := range []string{"2025-06-17", "2025-07-08", "2025-08-12", "2025-09-16", "2025-10-15", "2025-11-05", "2026-01-20", "2026-02-18", "2026-04-22",
		"2026-05-19", "2026-07-02"} {
		times = append(times, c.at(day(on), "07:00")+after(rng, 0, 900))
	}
	for _, at := range times {
		d.fine(at)
	}
	d.fine(c.period.Start(), func(m *message) { m.triaged = c.clock("2025-07-03 23:59") }) // two business days, to the minute
	d.fine(c.clock("2025-12-12 18:20"), func(m *message) { m.triaged = c.clock("2025-12-16 09:00") })
	d.wrong("2025-10-31 16:05", "A", "triaged on the third business day", func(m *message) { m.triaged = c.clock("2025-11-05 08:30") })
	d.wrong("2026-03-10 21:14", "B", "the triage says nothing of what was decided", func(m *message) { m.outcome = "" })
	d.fine(c.clock("2025-08-20 10:00"), quarterly)
	d.fine(c.clock("2026-05-12 10:00"), quarterly)
	d.fine(c.clock("2025-05-14 10:00"), quarterly)
	d.wrong("2026-02-11 10:00", "A", "a test that reached nobody: the mailbox had been moved", quarterly, func(m *message) { m.triaged, m.outcome = civil.Never, "" })
	for _, quarter := range []string{"2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"} {
		c.counts("COM-02.2", true)
		switch quarter {
		case "2025-Q4":
			c.deviates("COM-02.2", quarter, "A", "nobody tested the channel in the last quarter of the year")
		case "2026-Q1":
			c.deviates("COM-02.2", quarter, "B", "the test reached nobody who triages")
		}
	}
	var rows []row
	numbered := d.rows(1)
	for i, r := range numbered {
		rows = append(rows, append(row{r[0], d.notes[i].at}, r[1:]...))
	}
	return c.counted(File{
		Register: "speak_up_reports", Name: "speak-up.json", Source: "speak-up-channel", Query: "all messages",
		Data: jsonList([]string{"report_id", "received_at", "test", "triaged_at", "outcome"}, rows),
	}, len(rows))
}

// absences are longer leaves. They excuse nobody by themselves.
func (c *company) absences() File {
	office, engineers := c.steady(false), c.steady(true)
	rows := []row{
		{"ab-01", c.people[5].id, day("2026-01-05"), day("2026-01-30")},
		{"ab-02", engineers[31].id, day("2026-02-16"), day("2026-04-21")},
		{"ab-03", office[33].id, day("2025-09-01"), day("2025-12-19")},
		{"ab-04", engineers[45].id, day("2025-11-03"), day("2026-03-27")},
		{"ab-05", office[61].id, day("2026-05-25"), nil},
	}
	return c.counted(File{
		Register: "absences", Name: "leaves.csv", Source: "hris", Query: "leaves longer than three weeks",
		Data: table(',', false, []string{"absence_id", "person_id", "from_on", "until_on"}, rows),
	}, len(rows))
}

// vendorStaff are the rosters of the vendors that send the contractors: the second list of them,
// beside that of the people office.
func (c *company) vendorStaff() File {
	var rows []row
	for _, p := range c.people {
		if p.kind != "contractor" {
			continue
		}
		rows = append(rows, row{fmt.Sprintf("vs-%02d", len(rows)+1), p.id, []string{"vd-14", "vd-26"}[len(rows)%2], p.started, optDate(p.ended)})
	}
	f := c.counted(File{
		Register: "vendor_staff", Name: "contractors.csv", Source: "vendor-rosters", Query: "rosters of all vendors, by the last day of the period",
		Data: table(';', false, []string{"vendor_staff_id", "person_id", "vendor_id", "started_on", "ended_on"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}
