package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// governance are what the board, management and the people office leave behind: meetings, policies, acceptances, risks, deficiencies.
func (c *company) governance() []File {
	c.yearly()
	c.quarterly()
	c.capacity()
	files := []File{c.meetings(), c.projects(), c.commitments()}
	files = append(files, c.policies()...)
	files = append(files, c.peopleOffice()...)
	files = append(files, c.riskRegister()...)
	return append(files, c.papers()...)
}

// auditor is the colleague who inspects what others performed.
func (c *company) auditor() *person { return c.steady(false)[45] }

// checked notes a checklist that a head performed and the internal auditor looked at: a document
// is a day younger than the act, other records are of its day.
func (c *company) checked(control, item string, on civil.Date, head int, proof, kind, answers string, bend ...func(*inspection)) {
	x := inspection{on: on, by: c.people[head].email, proof: proof, kind: kind, dated: on,
		who: c.auditor().email, at: c.at(on+19, "10:40"), answers: answers}
	if kind == document {
		x.dated++
	}
	for _, f := range bend {
		f(&x)
	}
	c.inspection(control, item, x)
}

// yearly are the duties of the calendar year 2025, with what was done for the year before.
func (c *company) yearly() {
	c.checked("GOV-03", "2024", day("2024-11-19"), 0, "organization chart v11, signed", signedRecord, "--yy")
	c.checked("GOV-03", "2025", day("2025-11-18"), 0, "organization chart v14, signed", signedRecord, "--yy")
	c.counts("GOV-03", true)

	c.checked("RSK-01", "2024", day("2024-10-28"), 5, "risk assessment 2024.pdf", document, "--yyyy")
	c.checked("RSK-01", "2025", day("2025-10-28"), 5, "risk assessment 2025.pdf", document, "--yyny") // twelve months to the day
	c.counts("RSK-01", true)
	c.deviates("RSK-01", "2025", "E", "the section on change of technology was an empty heading")

	c.checked("MON-03", "2024", day("2024-09-20"), 5, "penetration test 2024, Blackthorn Assurance", document, "--yyyy")
	c.checked("MON-03", "2025", day("2025-09-12"), 5, "penetration test 2025, Blackthorn Assurance", document, "--ynyy")
	c.counts("MON-03", true)
	c.deviates("MON-03", "2025", "D", "the console that customers sign in to was left out of the scope")

	c.checked("BCP-01", "2024", day("2024-12-03"), 3, "impact analysis 2024, approved", signedRecord, "--yyy")
	c.checked("BCP-01", "2025", day("2025-12-09"), 3, "impact analysis 2025, approved", signedRecord, "--yyy")
	c.counts("BCP-01", true)
	c.deviates("BCP-01", "2025", "B", "approved twelve months and six days after the review before")

	c.checked("AVL-04", "2024", day("2024-06-22"), 3, "failover exercise of June 2024, run log", systemRecord, "--y")
	c.checked("AVL-04", "2025", day("2025-06-14"), 3, "failover exercise of June 2025, run log", systemRecord, "--y")
	c.counts("AVL-04", true)

	c.checked("COM-03", "2024", day("2024-11-26"), 0, "terms of service and service levels, reviewed copy", signedRecord, "--y")
	c.checked("COM-03", "2025", day("2025-11-20"), 0, "terms of service and service levels, reviewed copy", signedRecord, "--y")
	c.counts("COM-03.2", true)
}

// quarterly are the follow-up of risks and the independent tests of controls.
func (c *company) quarterly() {
	for _, q := range []struct{ name, risks, tests string }{
		{"2025-Q2", "2025-06-12", "2025-06-24"},
		{"2025-Q3", "2025-09-11", "2025-09-30"}, // the last day
		{"2025-Q4", "2025-12-11", "2025-12-17"},
		{"2026-Q1", "2026-03-12", "2026-03-25"},
		{"2026-Q2", "2026-06-11", "2026-06-24"},
	} {
		if q.name != "2025-Q2" {
			c.counts("RSK-02", true)
			c.counts("MON-01", true)
		}
		answers, bend := "-y", func(*inspection) {}
		switch q.name {
		case "2025-Q4":
			bend = func(x *inspection) { x.dated = day("2026-01-29") }
			c.deviates("RSK-02", q.name, "A", "the minutes are back-dated: the file was made seven weeks after the meeting it describes")
		case "2026-Q2":
			answers = "--"
			c.undecided("RSK-02", q.name, "B", "nobody answered whether overdue treatments were escalated")
		}
		c.checked("RSK-02", q.name, day(q.risks), 5, "risk follow-up "+q.name+".docx", document, answers, bend)

		answers, bend = "-yyy", func(*inspection) {}
		switch q.name {
		case "2026-Q1":
			answers = "-nyy"
			c.deviates("MON-01", q.name, "B", "the platform lead tested the backups that the platform lead owns")
		case "2026-Q2":
			bend = func(x *inspection) { x.kind, x.dated = statement, 0 }
			c.undecided("MON-01", q.name, "A", "a statement without a date is all there is")
		}
		c.checked("MON-01", q.name, day(q.tests), 5, "control tests "+q.name, signedRecord, answers, bend)
	}
}

// capacity is the forecast of each month, due ten days after its end.
func (c *company) capacity() {
	for _, last := range c.monthsDue(10) {
		month := monthName(last)
		c.counts("AVL-01", true)
		on, answers, bend := last+6, "-yy", func(*inspection) {}
		switch month {
		case "2025-06":
			on = last + 10 // the last day
		case "2025-09":
			on = last + 13
			c.deviates("AVL-01", month, "A", "the forecast was reviewed on the thirteenth")
		case "2025-11":
			answers = "-yn"
			c.deviates("AVL-01", month, "C", "the disks of the ledger were forecast to pass 80% before the new year, and nobody did anything")
		case "2026-03":
			bend = func(x *inspection) { x.kind, x.dated = document, 0 }
			c.undecided("AVL-01", month, "A", "the export of the forecast bears no date")
		case "2026-04":
			bend = func(x *inspection) { x.proof, x.kind, x.dated = "", "", 0 }
			c.undecided("AVL-01", month, "A B C", "the review is noted without any evidence")
		}
		c.checked("AVL-01", month, on, 3, "capacity forecast "+month, systemRecord, answers, bend)
	}
}

// meetings are those of the board, its risk committee and the change board.
func (c *company) meetings() File {
	type meeting struct {
		kind                            string
		on                              civil.Date
		minutes                         bool
		quorum, outsider, securityTopic bool
	}
	var all []meeting
	for _, q := range []struct{ board, committee string }{
		{"2025-06-19", "2025-05-15"}, {"2025-09-18", "2025-08-14"}, {"2025-12-11", "2025-11-13"},
		{"2026-03-19", "2026-02-12"}, {"2026-06-30", "2026-05-14"}, {"2026-09-17", "2026-08-13"},
	} {
		board := meeting{"board", day(q.board), true, true, true, true}
		if q.board == "2026-03-19" {
			board.quorum = false
		}
		all = append(all, board, meeting{"risk committee", day(q.committee), true, true, true, q.committee == "2025-08-14"})
	}
	for range 4 {
		c.counts("GOV-02", true)
	}
	c.deviates("GOV-02", "2026-Q1", "C", "two members of the board fell ill: it dealt with security and had no quorum")
	for d := day("2025-07-02"); d <= c.period.To; d += 14 {
		all = append(all, meeting{"change board", d, d != day("2025-12-31"), true, false, false})
	}
	slices.SortStableFunc(all, func(a, b meeting) int { return cmp.Compare(a.on, b.on) })
	var rows []row
	for i, m := range all {
		rows = append(rows, row{fmt.Sprintf("mt-%03d", i+1), m.kind, m.on, m.minutes, m.quorum, m.outsider, m.securityTopic})
	}
	return c.counted(File{
		Register: "meetings", Name: "meetings.csv", Source: "company-secretary", Query: "minute book, board and committees",
		Data: table(';', true, []string{"meeting_id", "kind", "held_on", "minutes", "quorum", "independent_member", "security_item"}, rows),
	}, len(rows))
}

// projects may change the system. Significant ones have a risk check before they go live.
func (c *company) projects() File {
	type project struct {
		title, kind string
		significant any
		by          int // who approved the check, -1 for nobody
		checked     string
		live        string
		instant     civil.Instant // where the minute is not enough
		undecided   bool
		attributes  string
		why         string
	}
	all := []project{
		{title: "Same-day payouts", kind: "service", significant: true, by: 5, checked: "2025-06-02 11:00", live: "2025-06-30 22:00"},
		{title: "Second region in Ohio", kind: "region", significant: true, by: 5, checked: "2025-06-18 16:10", instant: c.period.Start()},
		{title: "Fraud scores from a vendor", kind: "subprocessor", significant: true, by: 5, checked: "2025-07-01 08:50", live: "2025-07-01 09:30"},
		{title: "New colours of the console", kind: "service", significant: false, by: -1, live: "2025-08-04 06:00"},
		{title: "One team for platform and infrastructure", kind: "reorganisation", significant: false, by: -1, live: "2025-09-01 00:00"},
		{title: "Transcripts of calls", kind: "subprocessor", significant: true, by: 5, checked: "2025-10-24 15:00", live: "2025-09-29 08:00",
			attributes: "A", why: "a team bought it with a card; the risk check came four weeks after the data"},
		{title: "Contractor payments in Canada", kind: "service", significant: true, by: 1, checked: "2025-10-21 09:15", live: "2025-11-03 07:00"},
		{title: "Call centre in the north", kind: "subprocessor", significant: true, by: 5, checked: "2025-11-10 08:59", live: "2025-11-10 09:00"}, // a minute before
		{title: "Archive at a new provider", kind: "subprocessor", significant: true, by: 5, checked: "2026-01-12 07:00", live: "2026-01-12 07:00",
			attributes: "A", why: "the check was approved in the minute in which the contract took effect"},
		{title: "Support and operations under one head", kind: "reorganisation", significant: false, by: -1, live: "2026-02-02 00:00"},
		{title: "Acquisition of Tallystone", kind: "acquisition", significant: true, by: 0, checked: "2026-02-20 18:00", live: "2026-03-31 12:00"},
		{title: "Ledger on a new database", kind: "service", significant: nil, by: 1, checked: "2026-03-09 10:00", live: "2026-04-18 03:00", undecided: true,
			attributes: "A", why: "nobody rated whether the project is significant"},
		{title: "Cards for earned wages", kind: "service", significant: true, by: -1, live: "2026-05-11 08:00", attributes: "A", why: "went live without any risk check"},
		{title: "Log collection by a vendor", kind: "subprocessor", significant: true, by: 5, checked: "2026-03-02 14:00", live: "2026-03-23 06:00"},
		{title: "Bill pay", kind: "service", significant: true, by: 5, checked: "2026-06-01 10:30", instant: c.period.End() - 1},
		{title: "Loans to employers", kind: "service", significant: true, by: 5, checked: "2026-06-22 09:00", live: "2026-07-01 00:00"},
		{title: "Office in Toronto", kind: "region", significant: true, by: -1}, // has not happened
	}
	var rows []row
	for i, p := range all {
		id := fmt.Sprintf("pj-%02d", i+1)
		live, checked := p.instant, any(nil)
		if p.live != "" {
			live = c.clock(p.live)
		}
		if p.checked != "" {
			checked = c.clock(p.checked)
		}
		by, went := any(""), any(nil)
		if p.by >= 0 {
			by = c.people[p.by].email
		}
		if live != 0 {
			went = live
			if c.inPeriod(live) && p.significant != false {
				c.counts("RSK-03", true)
				c.tale("RSK-03", id, p.undecided, p.attributes, p.why)
			}
		}
		if p.kind == "reorganisation" {
			c.reorganised(id, c.zone.DateOf(live))
		}
		rows = append(rows, row{id, p.title, p.kind, p.significant, c.people[1+i%6].email, by, checked, went})
	}
	return c.counted(File{
		Register: "projects", Name: "projects.json", Source: "project-register", Query: "projects that may change the system",
		Data: jsonList([]string{"project_id", "title", "kind", "significant", "owner", "check_approved_by", "check_approved_at", "go_live_at"}, rows),
	}, len(rows))
}

// reorganised notes the review of the chart after a reorganisation.
func (c *company) reorganised(project string, effect civil.Date) {
	c.counts("GOV-03.2", true)
	on := effect + 30 // the last day
	if effect > day("2026-01-01") {
		on = effect + 35
		c.deviates("GOV-03.2", project, "A", "the new chart was reviewed five days after the thirty days were over")
	}
	c.checked("GOV-03", project, on, 0, "organization chart after "+project+", signed", signedRecord, "-yy")
}

// commitments are changes to what customers were promised. Material ones are told thirty days ahead.
func (c *company) commitments() File {
	type change struct {
		title                                   string
		material                                bool
		approved, published, announced, effects string
		undecided                               bool
		attributes                              string
		why                                     string
	}
	all := []change{
		{"Shorter hours of telephone support", true, "2025-05-06 10:00", "2025-05-20 09:00", "2025-05-20 09:00", "2025-06-30 00:00", false, "", ""},
		{"Availability of the console: 99.9 per cent", true, "2025-05-15 10:00", "2025-05-30 09:00", "2025-06-01 23:10", "2025-07-01 00:00", false, "", ""}, // thirty days
		{"Wording of the support levels", false, "2025-08-12 11:00", "2025-08-13 09:00", "", "2025-08-15 00:00", false, "", ""},
		{"Payouts close at 16:00 Eastern", true, "2025-09-16 14:00", "2025-09-30 09:00", "2025-10-06 08:00", "2025-11-04 00:00", false, "B", "customers were told twenty-nine days ahead"},
		{"Customers keep their own approver lists", true, "2025-11-03 10:00", "2025-11-20 09:00", "2025-11-20 09:00", "2026-01-01 00:00", false, "", ""},
		{"Retention of pay slips: seven years", true, "2026-01-29 15:30", "2026-01-27 09:00", "2026-02-02 09:00", "2026-03-16 00:00", false, "A", "published two days before it was approved"},
		{"Status page instead of e-mail", true, "", "2026-02-24 09:00", "2026-02-24 09:00", "2026-04-01 00:00", true, "A", "the time of the approval was not kept"},
		{"New address of the help centre", false, "2026-05-05 10:00", "2026-05-06 09:00", "", "2026-05-07 00:00", false, "", ""},
		{"Service credits without a claim", true, "2026-05-04 10:00", "2026-05-18 09:00", "2026-05-18 09:00", "2026-07-01 00:00", false, "", ""},
	}
	clock := func(s string) any {
		if s == "" {
			return nil
		}
		return c.clock(s)
	}
	var rows []row
	for i, x := range all {
		id := fmt.Sprintf("cm-%02d", i+1)
		if c.inPeriod(c.clock(x.effects)) {
			c.counts("COM-03", true)
			c.tale("COM-03", id, x.undecided, x.attributes, x.why)
		}
		rows = append(rows, row{id, x.title, x.material, c.people[0].email, clock(x.approved), clock(x.published), clock(x.announced), clock(x.effects)})
	}
	return c.counted(File{
		Register: "commitments", Name: "commitments.jsonl", Source: "legal-desk", Query: "changes to terms, service levels and user duties",
		Data: lines([]string{"commitment_id", "title", "material", "approved_by", "approved_at", "published_at", "announced_at", "effective_at"}, rows),
	}, len(rows))
}
