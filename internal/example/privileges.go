package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// privileges are how access is asked for, given, changed and watched: grants, moves, privileged groups and sessions, credentials, customer data.
func (c *company) privileges() []File {
	files := append(c.grants(), c.delegations(), c.moves())
	files = append(files, c.privilegedGroups()...)
	files = append(files, c.sessions()...)
	files = append(files, c.credentials()...)
	return append(files, c.dataAccesses()...)
}

// delegations say who acts for whom while somebody is away.
func (c *company) delegations() File {
	engineers := c.steady(true)
	type delegation struct {
		from, to              *person
		duty                  string
		recorded, starts, end string
	}
	var rows []row
	for i, d := range []delegation{
		{c.people[3], engineers[23], "IAM-01", "2025-08-01 16:00", "2025-08-04 00:00", "2025-08-22 23:59"},
		{c.people[5], engineers[24], "", "2026-01-02 14:10", "2026-01-05 00:00", "2026-01-31 23:59"},
		{c.people[6], engineers[25], "IAM-01", "2026-03-06 10:00", "2026-03-09 00:00", "2026-03-20 23:59"},
		{c.people[2], c.people[3], "IAM-03", "2025-10-31 12:00", "2025-11-03 00:00", "2025-11-28 23:59"},
		{c.people[1], engineers[26], "CHG-03", "2025-12-19 17:00", "2025-12-22 00:00", "2026-01-02 23:59"},
		{c.people[4], c.people[0], "", "2026-05-15 09:00", "2026-05-18 00:00", ""},
	} {
		var end any
		if d.end != "" {
			end = c.clock(d.end)
		}
		rows = append(rows, row{fmt.Sprintf("dg-%02d", i+1), d.from.email, d.to.email, optText(d.duty), c.clock(d.recorded), c.clock(d.starts), end})
	}
	return c.counted(File{
		Register: "delegations", Name: "delegations.json", Source: "hris", Query: "delegations of duties",
		Data: jsonList([]string{"delegation_id", "from_person", "to_person", "duty", "recorded_on", "starts_at", "ends_at"}, rows),
	}, len(rows))
}

// groupsOf are the groups that may administer a system, with the number of their members.
var groupsOf = []struct {
	name, system     string
	members          int
	created, retired string
}{
	{"okta-admins", "okta", 4, "2020-04-01 09:00", ""},
	{"workspace-admins", "workspace", 3, "2020-04-01 09:00", ""},
	{"github-owners", "github", 5, "2020-04-06 09:00", ""},
	{"aws-production-admins", "aws-production", 8, "2020-04-20 09:00", ""},
	{"aws-break-glass", "aws-production", 3, "2021-02-08 09:00", ""},
	{"customer-db-owners", "customer-db", 6, "2020-05-04 09:00", ""},
	{"analytics-db-owners", "analytics-db", 4, "2021-04-12 09:00", ""},
	{"uploads-admins", "uploads", 4, "2022-01-17 09:00", ""},
	{"payments-release", "aws-production", 5, "2025-10-20 09:00", ""}, // first reviewed for October
	{"legacy-operators", "aws-production", 2, "2020-04-20 09:00", "2025-12-15 17:00"},
	{"cms-editors", "website-cms", 9, "2021-06-01 09:00", ""}, // out of scope
}

// privilegedGroups are the groups with their reviews, each month by the security lead. Months end
// ten days before the period, and in it.
func (c *company) privilegedGroups() []File {
	rng := c.dice("group reviews")
	var groups, rows []row
	for _, g := range groupsOf {
		retired := civil.Never
		if g.retired != "" {
			retired = c.clock(g.retired)
		}
		groups = append(groups, row{g.name, g.system, c.clock(g.created), opt(retired)})
	}
	for _, last := range c.monthsDue(10) {
		for _, g := range groupsOf {
			if end := c.zone.End(last); c.clock(g.created) >= end || g.retired != "" && c.clock(g.retired) < end {
				continue
			}
			key := g.name + "/" + monthName(last)
			done := c.at(last+civil.Date(2+rng.IntN(6)), "13:00") + after(rng, 0, 240)
			for weekend(c.zone.DateOf(done)) {
				done += 24 * hour
			}
			members, removals, missing := g.members+rng.IntN(2), 0, 0
			removed := civil.Never
			if rng.IntN(12) == 0 {
				removals, removed = 1, done+after(rng, 10, 300)
			}
			if g.system != "website-cms" {
				c.counts("IAM-05", true)
			}
			attributes, why := "", ""
			switch key {
			case "aws-break-glass/2025-08":
				attributes, why = "A", "the review of August forgot the break-glass group"
			case "uploads-admins/2025-11":
				done, removals = c.at(last+11, "08:50"), 0
				attributes, why = "A", "reviewed on the eleventh"
			case "github-owners/2026-01":
				missing, removals = 1, 0
				attributes, why = "B", "one owner was left without a decision"
			case "customer-db-owners/2026-03":
				done, removals, removed = c.at(day("2026-04-02"), "15:00"), 1, c.at(day("2026-04-07"), "09:30")
				attributes, why = "C", "a member decided for removal stayed for three business days"
			case "okta-admins/2025-12":
				removals, done, removed = 1, c.at(day("2026-01-09"), "16:00"), c.at(day("2026-01-12"), "23:58") // over a weekend, to the last minute
			case "workspace-admins/2025-06":
				done, removals = c.zone.End(last+10)-minute, 0 // the last minute
			case "aws-production-admins/2025-10":
				done, removals, removed = c.at(last, "14:00"), 0, civil.Never
				attributes, why = "A", "reviewed on the last day of the month, before it was over"
			}
			if removals == 0 {
				removed = civil.Never
			}
			c.tale("IAM-05", key, false, attributes, why)
			if key == "aws-break-glass/2025-08" {
				continue
			}
			rows = append(rows, row{fmt.Sprintf("gv-%04d", len(rows)+1), g.name, monthName(last), done.In(c.zone), c.people[5].email,
				members, members - missing, removals, opt(removed)})
		}
	}
	list := c.counted(File{
		Register: "privileged_groups", Name: "privileged-groups.csv", Source: "identity-inventory", Query: "groups and roles with administrative rights",
		Data: table(',', false, []string{"group", "system", "created_at", "retired_at"}, groups),
	}, len(groups))
	list.Extent = "full"
	return []File{list, c.counted(File{
		Register: "group_reviews", Name: "group-reviews.csv", Source: "grc-tracker", Query: "monthly reviews of privileged groups",
		Data: table(',', true, []string{"review_id", "group", "month", "completed_at", "reviewer", "members", "decided", "removals", "removals_done_at"}, rows),
	}, len(rows))}
}

// move is a change of role of somebody in service.
type move struct {
	p               *person
	on              civil.Date
	from, to        string
	manager         *person
	removals        any
	removed, signed civil.Instant
	by              *person
	undecided       bool
	attributes, why string
}

// moves are changes of role. What the new role does not need is gone, and the difference signed by
// the new manager, within five business days.
func (c *company) moves() File {
	rng := c.dice("moves")
	office, engineers := c.steady(false), c.steady(true)
	roles := []string{"Support", "Operations", "Payroll", "Billing", "Platform", "Ledger", "Data", "Security", "Sales"}
	var all []*move
	add := func(p *person, on string) *move {
		d := day(on)
		m := &move{p: p, on: d, from: among(rng, roles), to: among(rng, roles), manager: c.people[1+rng.IntN(6)], removals: 1 + rng.IntN(4)}
		if m.to == m.from {
			m.to = "Projects"
		}
		m.removed = c.at(d+civil.Date(1+rng.IntN(3)), "10:00") + after(rng, 0, 300)
		m.signed, m.by = m.removed+after(rng, 5, 600), m.manager
		all = append(all, m)
		return m
	}
	for i, on := range []string{"2025-06-30", "2025-07-01", "2025-07-21", "2025-08-11", "2025-09-02", "2025-09-22", "2025-10-06", "2025-10-20", "2025-11-03", "2025-11-17",
		"2025-12-01", "2026-01-05", "2026-01-20", "2026-02-02", "2026-03-02", "2026-03-16", "2026-04-06", "2026-05-04", "2026-06-01", "2026-06-30", "2026-07-01"} {
		add(engineers[4+i], on)
	}
	for i, on := range []string{"2025-07-07", "2025-10-13", "2026-01-12", "2026-03-30"} {
		m := add(office[62+i], on) // within a team: nothing to take away
		m.removals, m.removed = 0, civil.Never
	}
	m := add(engineers[27], "2025-08-04")
	m.removals, m.removed, m.attributes, m.why = 3, civil.Never, "A", "the old role stayed beside the new one"
	m = add(engineers[28], "2025-11-10")
	m.signed, m.attributes, m.why = c.clock("2025-11-18 09:40"), "B", "signed on the sixth business day"
	m = add(engineers[29], "2026-02-16")
	m.manager, m.by, m.attributes, m.why = c.people[3], c.people[1], "C", "signed by the manager of the old role"
	m = add(office[66], "2025-11-06")
	m.manager, m.by = c.people[2], c.people[3] // by the deputy, while the manager was away
	m.removed, m.signed = c.clock("2025-11-07 10:00"), c.clock("2025-11-13 23:55")
	m = add(office[67], "2026-04-20")
	m.removed, m.attributes, m.why = c.clock("2026-04-28 11:00"), "A", "the rights of the payroll desk stayed for six business days"
	m = add(office[68], "2026-05-18")
	m.removals, m.undecided, m.attributes, m.why = nil, true, "A", "the record does not say whether anything had to go"
	m.removed = c.clock("2026-06-02 10:00")
	slices.SortStableFunc(all, func(a, b *move) int { return cmp.Compare(a.on, b.on) })
	var rows []row
	for i, m := range all {
		id := fmt.Sprintf("mv-%03d", i+1)
		if c.dateInPeriod(m.on) {
			c.counts("IAM-03", true)
			c.tale("IAM-03", id, m.undecided, m.attributes, m.why)
		}
		rows = append(rows, row{id, m.p.id, m.on, m.from, m.to, m.manager.email, m.removals, opt(m.removed), m.by.email, opt(m.signed)})
	}
	return c.counted(File{
		Register: "moves", Name: "job-changes.jsonl", Source: "hris", Query: "changes of job and department, with the signed difference",
		Data: lines([]string{"move_id", "person_id", "effective_on", "from_role", "to_role", "new_manager", "removals", "removed_at", "signed_by", "signed_at"}, rows),
	}, len(rows))
}
