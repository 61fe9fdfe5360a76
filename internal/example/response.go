package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// response are on-call shifts, security events, alerts, notices, reviews and exercises.
func (c *company) response() []File {
	files := append([]File{c.shifts()}, c.alertLog(), c.eventLog())
	files = append(files, c.aftermath()...)
	return append(files, c.tabletops())
}

// shifts last a day each, from eight to eight. The approvals of
// the plan are those of the policy incident-plan.
func (c *company) shifts() File {
	rng := c.dice("shifts")
	team := c.steady(true)[:9]
	type shift struct {
		from, to civil.Instant
		trained  any
		bent     planted
	}
	var list []shift
	for d := c.period.From - 2; d <= c.period.To+1; d++ {
		list = append(list, shift{from: c.at(d, "08:00"), to: c.at(d+1, "08:00"), trained: true})
	}
	at := func(d string) *shift {
		i := slices.IndexFunc(list, func(s shift) bool { return c.zone.DateOf(s.from) == day(d) })
		return &list[i]
	}
	at("2025-10-04").from += 16 * minute
	at("2025-10-03").bent = planted{attributes: "A", why: "the next responder signed on sixteen minutes late"}
	at("2026-01-31").from += 15 * minute // as late as may be
	at("2026-04-11").to = c.when("2026-04-11T23:30")
	at("2026-04-11").bent = planted{attributes: "A", why: "fell ill in the evening; the pager was handed over fifty minutes later"}
	list = append(list, shift{from: c.when("2026-04-12T00:20"), to: c.when("2026-04-12T08:00"), trained: true})
	c.deviates("INC-01", "2026-04-12", "A", "nobody was on call from half past eleven to twenty past midnight")
	at("2025-12-24").trained, at("2025-12-24").bent = false, planted{attributes: "B", why: "a new colleague covered Christmas Eve before the responder's training"}
	at("2026-05-23").trained, at("2026-05-23").bent = nil, planted{undecided: true, attributes: "B", why: "a contractor stood in; the record of the training cannot be found"}
	slices.SortFunc(list, func(a, b shift) int { return cmp.Compare(a.from, b.from) })
	var rows []row
	turn := rng.IntN(len(team))
	for i, s := range list {
		id := fmt.Sprintf("oc-%04d", 1001+i)
		rows = append(rows, row{id, team[(turn+i)%len(team)].email, s.trained, s.from.In(c.zone), s.to.In(c.zone)})
		if s.from < c.period.End() && s.to > c.period.Start() {
			c.counts("INC-01.2", true)
			if s.bent.attributes != "" {
				c.record("INC-01.2", id, s.bent)
			}
		}
	}
	for d := c.period.From; d <= c.period.To; d++ {
		c.counts("INC-01", true)
	}
	return c.counted(File{
		Register: "shifts", Name: "on-call.csv", Source: "pager", Query: "final schedule, incident responders",
		Data: table(',', false, []string{"shift_id", "responder", "trained", "starts_at", "ends_at"}, rows),
	}, len(rows))
}

// alert is one of the intrusion detection. Only those of high severity have limits.
type alert struct {
	severity                      any
	raised, taken, solved, handed civil.Instant
	incident                      string
	bent                          planted
}

func (c *company) alertLog() File {
	rng := c.dice("alerts")
	var all []alert
	sound := func(at civil.Instant) alert {
		taken := at + after(rng, 1, 28)
		return alert{"high", at, taken, taken + after(rng, 5, 190), civil.Never, "", planted{}}
	}
	for d := c.period.From - 2; d <= c.period.To+2; d++ {
		for range c.factor {
			a := sound(c.zone.Start(d) + after(rng, 1, 1370))
			if a.severity = among(rng, []string{"high", "medium", "low", "low", "medium"}); a.severity != "high" {
				a.taken += after(rng, 0, 900) // nobody is woken for these
				a.solved = a.taken + after(rng, 5, 3000)
			}
			all = append(all, a)
		}
	}
	for _, at := range c.borders() {
		all = append(all, sound(at))
	}
	for _, in := range c.incidents {
		if in.severity == "high" || in.severity == "critical" {
			a := sound(in.detected - 12*minute)
			a.taken, a.handed, a.solved, a.incident = in.detected-6*minute, in.detected, in.resolved, in.id
			all = append(all, a)
		}
	}
	add := func(raised civil.Instant, taken, solved civil.Instant, attributes, why string) *alert {
		all = append(all, alert{"high", raised, raised + taken, raised + solved, civil.Never, "", planted{attributes: attributes, why: why}})
		return &all[len(all)-1]
	}
	add(c.when("2025-11-02T00:50"), 80*minute, 2*hour, "A", "acknowledged at ten past one, after clocks had been put back: eighty minutes, not twenty")
	add(c.when("2026-03-08T01:50"), 15*minute, 70*minute, "", "") // clocks were put forward: 03:05 is a quarter of an hour later
	add(c.when("2026-01-24T03:12"), 42*minute, 95*minute, "A", "acknowledged after forty-two minutes: the pager was on mute")
	add(c.when("2025-08-30T04:05"), 30*minute, 4*hour, "", "") // both to the second
	add(c.when("2025-09-19T23:47"), 30*minute+1_000_000, 2*hour, "A", "acknowledged a second late")
	add(c.when("2025-12-07T13:20"), 9*minute, 6*hour, "B", "worked on over lunch and dinner, and neither resolved nor raised in four hours")
	late := add(c.when("2026-02-01T02:15"), 11*minute, 20*hour, "", "")
	late.handed, late.incident = late.raised+4*hour-minute, c.incidents[12].id // raised in time, resolved much later
	never := add(c.when("2026-05-31T05:33"), 0, 0, "A B", "sent to a channel that nobody reads")
	never.taken, never.solved = civil.Never, civil.Never
	for _, clock := range []string{"23:32", "23:35", "23:41"} {
		add(c.when("2026-04-11T"+clock), c.when("2026-04-12T00:24")-c.when("2026-04-11T"+clock), 3*hour, "A", "raised while nobody was on call")
	}
	add(c.when("2026-06-18T21:10"), 55*minute, 5*hour, "A B", "the severity was lost when the rule was imported").severity = nil
	all[len(all)-1].bent.undecided = true
	slices.SortStableFunc(all, func(a, b alert) int { return cmp.Compare(a.raised, b.raised) })
	var rows []row
	for i, a := range all {
		id := fmt.Sprintf("al-%05d", i+1)
		rows = append(rows, row{id, a.severity, a.raised, opt(a.taken), opt(a.solved), opt(a.handed), optText(a.incident)})
		if (a.severity == nil || a.severity == "high") && c.inPeriod(a.raised) {
			c.counts("NET-03", true)
			if a.bent.attributes != "" {
				c.record("NET-03", id, a.bent)
			}
		}
	}
	return c.counted(File{
		Register: "alerts", Name: "siem-alerts.jsonl", Source: "siem", Query: "detections of all rules, all states",
		Data: lines([]string{"alert_id", "severity", "raised_at", "acknowledged_at", "resolved_at", "escalated_at", "incident_id"}, rows),
	}, len(rows))
}

// event is something that was reported as a matter of security.
type event struct {
	severity     any
	source       string
	at, triaged  civil.Instant
	by, incident string
}

// eventLog comes without a count and without a range: the tracker was asked for everything, and
// nobody wrote down what it said.
func (c *company) eventLog() File {
	rng := c.dice("events")
	team := c.steady(true)[9:15]
	d := diary[event]{c: c, test: "INC-02", id: "sev-%05d",
		sound: func(at civil.Instant) event {
			x := event{"other", among(rng, []string{"phishing button", "customer support", "detection", "bug bounty", "staff"}), at, at + after(rng, 6, 240), among(rng, team).email, ""}
			if rng.IntN(5) == 0 {
				x.severity, x.triaged = "high", at+after(rng, 2, 55)
			}
			return x
		},
		cells: func(x *event) row {
			return row{x.severity, x.source, x.at, opt(x.triaged), optText(x.by), optText(x.incident)}
		},
	}
	for on := c.period.From - 3; on <= c.period.To+3; on++ {
		for range c.factor {
			d.fine(c.at(on, "06:30") + after(rng, 0, 900))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	for _, in := range c.incidents {
		if in.severity == "critical" {
			d.fine(in.detected+2*minute, func(x *event) { x.severity, x.triaged, x.incident = "high", in.detected+9*minute, in.id })
		}
	}
	high := func(length civil.Instant) func(*event) {
		return func(x *event) { x.severity, x.triaged = "high", x.at+length }
	}
	other := func(triaged string) func(*event) {
		return func(x *event) { x.severity, x.triaged = "other", c.when(triaged) }
	}
	d.fine(c.clock("2025-10-02 15:10"), high(60*minute)) // to the second
	d.wrong("2025-11-02 00:45", "A", "triaged at ten to two by the clock on the wall, which had been put back: two hours and five minutes", high(125*minute))
	d.wrong("2026-02-25 19:20", "A", "triaged after sixty-one minutes", high(61*minute))
	d.fine(c.clock("2025-09-12 17:30"), other("2025-09-15T23:50")) // a Friday, and a Monday night
	d.wrong("2025-10-17 16:40", "B", "reported on a Friday, triaged with the first minute of Tuesday", other("2025-10-21T00:00"))
	d.wrong("2026-03-17 09:15", "B", "the mailbox was not looked at for three days", other("2026-03-20T10:30"))
	d.wrong("2026-06-10 11:05", "B", "never triaged: closed as a duplicate of nothing", func(x *event) { x.severity, x.triaged, x.by = "other", civil.Never, "" })
	d.unclear("2026-04-22 14:25", "A B", "nobody said how severe it seemed, and it waited for two days", func(x *event) {
		x.severity, x.triaged = nil, c.when("2026-04-24T16:00")
	})
	rows := d.rows(1)
	return File{
		Register: "security_events", Name: "security-events.jsonl", Source: "tracker", Query: "project SEC, type event",
		Data: lines([]string{"event_id", "severity", "source", "reported_at", "triaged_at", "triaged_by", "incident_id"}, rows),
	}
}

func (c *company) tabletops() File {
	rows := []row{
		{"ex-101", "tabletop", day("2025-03-12"), true, 2, day("2025-03-14")},
		{"ex-102", "tabletop", day("2025-10-08"), true, 4, day("2025-10-18")}, // on the tenth day
		{"ex-103", "tabletop", day("2026-06-30"), true, 3, day("2026-07-15")}, // held on the last day of the period
	}
	c.counts("INC-05", true)
	c.counts("INC-05", true)
	c.deviates("INC-05", "2026-H1", "C", "the three findings had their tickets after two weeks")
	return c.counted(File{
		Register: "exercises", Name: "tabletops.json", Source: "grc-tracker", Query: "incident tabletops",
		Data: jsonList([]string{"exercise_id", "kind", "held_on", "roles_present", "findings", "findings_ticketed_on"}, rows),
	}, len(rows))
}
