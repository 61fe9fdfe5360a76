package example

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// incident is one incident from its detection to its review. A nil field is one that the pager
// was not told.
type incident struct {
	id, severity        string // "" where nobody said how severe it was
	detected            civil.Instant
	contained, resolved civil.Instant
	lead, approver      any
	cause               any
	title               string
	confirmed           civil.Instant // that customers are affected
	limit               any           // hours, of contract and law
	told                civil.Instant
	customers           int
	reviewed            civil.Instant
	causes              bool // whether the review named them
}

var troubles = []struct{ title, cause string }{
	{"Webhooks delivered twice", "a retry without a key of its own after a network change"},
	{"Settlement file delayed", "a full disk on the batch host"},
	{"Console sign-in fails", "an expired certificate at the identity provider"},
	{"Payout totals wrong for one tenant", "a filter that a migration dropped"},
	{"Ledger writes time out", "an index that was rebuilt in working hours"},
	{"Uploads unreachable", "a bucket policy that a tool rewrote"},
	{"Reports show another tenant's rows", "a cache key without the tenant"},
	{"Card gateway refuses payments", "a rotated key that one region did not get"},
	{"Export sent to a wrong address", "an address book that two clients shared"},
	{"Queue runs over", "a consumer that stopped after an update"},
}

// happen makes the incidents: one for each emergency, some that needed no change, and those on
// the borders of the period.
func (c *company) happen() {
	dice := c.dice("incidents")
	add := func(severity string, detected civil.Instant) *incident {
		t := troubles[len(c.incidents)%len(troubles)]
		on := c.zone.DateOf(detected)
		c.incidents = append(c.incidents, incident{
			id: fmt.Sprintf("INC-%d", 2001+len(c.incidents)), severity: severity, detected: detected,
			contained: detected + after(dice, 40, 100), resolved: detected + after(dice, 150, 400),
			lead: c.engineer(dice, on).email, approver: c.people[5].email, cause: t.cause, title: t.title,
			confirmed: civil.Never, told: civil.Never, reviewed: civil.Never, causes: true,
		})
		in := &c.incidents[len(c.incidents)-1]
		if severity == "high" || severity == "critical" {
			in.reviewed = c.at(on+civil.Date(5+dice.IntN(4)), "15:00") + after(dice, 0, 90)
		}
		return in
	}
	for i, p := range emergencies {
		add([]string{"high", "critical"}[i%2], c.at(day(p.on), "10:00")+c.minutes(0, 300))
	}
	for _, on := range []string{"2025-08-05", "2025-11-12", "2026-01-15", "2026-06-03"} {
		add("medium", c.at(day(on), "09:00")+c.minutes(0, 500))
	}
	for _, at := range c.borders() {
		add("medium", at)
	}
	add("high", c.when("2025-11-01T22:30")).title = "Receipts show another shop's address"
	add("", c.when("2026-05-20T11:15"))
	open := add("low", c.when("2026-06-26T09:40"))
	open.resolved, open.cause = civil.Never, nil // still worked on
	c.bendIncidents()
}

// bendIncidents tells customers, in time and late, and leaves things out.
func (c *company) bendIncidents() {
	impact := func(i, customers int, limit any, confirmed, told civil.Instant) *incident {
		in := &c.incidents[i]
		in.customers, in.limit, in.confirmed, in.told = customers, limit, in.detected+confirmed, in.detected+confirmed+told
		return in
	}
	wrong := func(test string, i int, attributes, why string) {
		c.deviates(test, c.incidents[i].id, attributes, why)
	}
	impact(1, 3, 72, 3*hour, 71*hour+59*minute)
	impact(3, 3, 48, 5*hour, 72*hour+minute)
	wrong("INC-03", 3, "A", "told after 72 hours and a minute, where a contract says 48 hours")
	impact(7, 2, nil, 2*hour, 30*hour)
	c.undecided("INC-03", c.incidents[7].id, "A", "nobody wrote down what contract and law say")
	impact(8, 4, 72, 6*hour, 10*hour)
	impact(12, 1, 72, 7*hour, 72*hour) // to the minute
	impact(15, 2, 8, hour, 8*hour)     // to the minute too
	impact(18, 2, 24, hour, 0).told = c.when("2025-11-02T23:00")
	wrong("INC-03", 18, "A", "half past eleven at night to eleven the next night: half an hour too late, because clocks were put back between")

	c.incidents[2].lead = ""
	wrong("INC-02.2", 2, "A", "nobody took the lead")
	c.incidents[9].contained = c.incidents[9].resolved + 30*minute
	wrong("INC-02.2", 9, "B", "the containment was entered for a time after the resolution")
	c.incidents[13].contained = civil.Never
	wrong("INC-02.2", 13, "B", "nobody wrote down when it was contained")
	c.incidents[11].approver = nil
	c.undecided("INC-02.2", c.incidents[11].id, "C", "the field for the approval of the severity was added to the form that week")
	c.incidents[10].cause = ""
	wrong("INC-02.2", 10, "D", "closed without a cause")
	c.undecided("INC-02.2", c.incidents[19].id, "C", "nobody said how severe it was")

	c.incidents[4].reviewed = c.when("2025-12-18T14:00")
	wrong("INC-04", 4, "A", "reviewed on the eleventh business day")
	c.incidents[5].causes = false
	wrong("INC-04", 5, "B", "the review lists actions and no cause")
	c.incidents[6].reviewed = civil.Never
	wrong("INC-04", 6, "A", "the review was moved twice and never held")
	c.undecided("INC-04", c.incidents[19].id, "A B", "nobody said how severe it was")
	for _, in := range c.incidents {
		if !c.inPeriod(in.detected) {
			continue
		}
		if in.resolved != civil.Never {
			c.counts("INC-02.2", true)
		}
		if in.confirmed != civil.Never {
			c.counts("INC-03", true)
		}
		if in.severity != "medium" && in.severity != "low" {
			c.counts("INC-04", true)
		}
	}
}

func (c *company) incidentList() File {
	list := slices.Clone(c.incidents)
	slices.SortFunc(list, func(a, b incident) int { return cmp.Compare(a.detected, b.detected) })
	var rows []row
	for _, in := range list {
		rows = append(rows, row{in.id, in.title, optText(in.severity), in.detected, in.detected + 6*minute, opt(in.contained), opt(in.resolved),
			opt(in.confirmed), in.customers, opt(in.told), in.limit, in.lead, in.approver, in.cause})
	}
	return c.counted(File{
		Register: "incidents", Name: "incidents.json", Source: "pager", Query: "incidents, all severities",
		Data: jsonList([]string{"incident_id", "title", "severity", "detected_at", "acknowledged_at", "contained_at", "resolved_at",
			"confirmed_customer_impact_at", "customers_affected", "notified_at", "notice_limit_hours", "lead", "severity_approved_by", "cause"}, rows),
	}, len(rows))
}

// aftermath are the notices to customers, the reviews, and the actions that came out of them.
func (c *company) aftermath() []File {
	rng := c.dice("aftermath")
	var reviews []row
	for _, in := range c.incidents {
		if in.reviewed != civil.Never {
			reviews = append(reviews, row{"ir-" + in.id[4:], in.id, in.reviewed, in.causes})
		}
	}
	return []File{c.noticeList(), c.counted(File{
		Register: "incident_reviews", Name: "incident-reviews.json", Source: "wiki", Query: "pages with the label incident-review",
		Data: jsonList([]string{"review_id", "incident_id", "held_at", "causes"}, reviews),
	}, len(reviews)), c.actionList(rng)}
}

// customerNames are clients of the company.
var customerNames = []string{"Alder Street Books", "Bellwether Outdoor", "Copperline Cafe Group", "Dunmore Tickets", "Eastgate Pharmacy",
	"Fairlead Marine", "Granite Peak Gyms", "Hollis & Reed Tailors"}

func (c *company) noticeList() File {
	var rows []row
	add := func(i int, limit any, after civil.Instant, undecided bool, attributes, why string) {
		in := c.incidents[i]
		id := fmt.Sprintf("nt-%03d", len(rows)+1)
		sent := civil.Never
		if after != civil.Never {
			sent = in.confirmed + after
		}
		rows = append(rows, row{id, in.id, customerNames[(3*i+len(rows))%len(customerNames)], limit, opt(sent)})
		c.counts("INC-03.2", true)
		c.tale("INC-03.2", id, undecided, attributes, why)
	}
	fine := func(i int, limit any, after civil.Instant) { add(i, limit, after, false, "", "") }
	fine(1, 72, 71*hour+59*minute)
	fine(1, 72, 52*hour)
	add(1, 72, civil.Never, false, "A", "the address was out of use, and nobody tried another one")
	fine(3, 24, 20*hour)
	add(3, 48, 72*hour+minute, false, "A", "told after 72 hours and a minute, where the contract says 48 hours")
	add(3, 72, 72*hour+minute, false, "A", "told a minute late")
	add(7, nil, 30*hour, true, "A", "nobody wrote down what contract and law say")
	fine(7, 36, 30*hour)
	for range 3 {
		add(8, 72, 10*hour, false, "B", "one of the four customers affected is not on the list")
	}
	fine(12, 72, 72*hour)
	fine(15, 8, 8*hour)
	fine(15, 72, 9*hour)
	told := c.incidents[18].told - c.incidents[18].confirmed
	add(18, 24, told, false, "A", "half an hour too late over the change of clocks")
	fine(18, 48, told)
	return c.counted(File{
		Register: "notices", Name: "customer-notices.csv", Source: "support-desk", Query: "macro security-notice, with the list approved by legal",
		Data: table(',', true, []string{"notice_id", "incident_id", "customer", "limit_hours", "sent_at"}, rows),
	}, len(rows))
}

// actionList has two actions for each incident that was reviewed.
func (c *company) actionList(rng *rand.Rand) File {
	bent := map[string]planted{
		"2-1": {attributes: "A", why: "closed three days late, after the owner's leave"},
		"5-2": {attributes: "A", why: "still open: the alert it asks for was never built"},
		"0-1": {why: "closed on its day"},
	}
	var rows []row
	for i, in := range c.incidents {
		if in.reviewed == civil.Never || in.severity != "high" && in.severity != "critical" {
			continue
		}
		for k := range 2 {
			id := fmt.Sprintf("act-%s-%d", in.id[4:], k+1)
			due := c.zone.DateOf(in.reviewed) + civil.Date(20+40*k)
			closed := due - civil.Date(1+rng.IntN(15))
			p, special := bent[fmt.Sprintf("%d-%d", i, k+1)]
			switch {
			case special && p.attributes == "":
				closed = due
			case special && k == 0:
				closed = due + 3
			case special:
				closed = civil.MaxDate
			}
			rows = append(rows, row{id, in.id, in.lead, due, optDate(closed)})
			if c.dateInPeriod(due) {
				c.counts("INC-04.2", true)
				c.tale("INC-04.2", id, false, p.attributes, p.why)
			}
		}
	}
	return c.counted(File{
		Register: "actions", Name: "incident-actions.json", Source: "tracker", Query: "label incident-action, all states",
		Data: jsonList([]string{"action_id", "origin", "owner", "due_on", "closed_on"}, rows),
	}, len(rows))
}
