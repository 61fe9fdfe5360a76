package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// session is one with administrative rights on production.
type session struct {
	at              civil.Instant
	system          string
	p               *person
	ended, limit    civil.Instant
	ticket          string
	approver        *person
	recorded        any
	anomaly         bool
	event           string
	undecided       bool
	attributes, why string
}

// bastionMap is for the bastion, whose names are not the register's own.
const bastionMap = `# Sessions as the bastion exports them.
register: privileged_sessions
fields:
  session_id: session
  system: target
  person_id: user
  started_at: start
  ended_at: end
  limit_at: expires
  approved_by: approver
  recorded: {from: recording, values: {stored: true, missing: false}}
  anomaly: unusual
  event_id: event
`

// tasks are what privileged sessions are for; each is asked for in a ticket.
var tasks = []string{"Rotate the certificate of the gateway", "Rebuild an index", "Restart a stuck payout batch", "Raise a disk", "Patch the database",
	"Repair a webhook queue", "Compare a ledger balance", "Move a tenant", "Read a slow query", "Fail over for maintenance"}

// sessions are about forty a week, with a review each week that counts them.
func (c *company) sessions() []File {
	rng := c.dice("sessions")
	steady := c.steady(true)
	holders := map[string][]*person{}
	for _, a := range c.accounts {
		if slices.Contains(steady, a.holder) {
			holders[a.system.name] = append(holders[a.system.name], a.holder)
		}
	}
	systems := []string{"aws-production", "aws-production", "aws-production", "customer-db", "customer-db", "analytics-db", "uploads"}
	var all []*session
	var tickets []row
	last := -1 // the task before on the same day, of which another session may be part
	open := func(at civil.Instant) *session {
		s := &session{at: at, system: among(rng, systems), recorded: true}
		s.p = among(rng, holders[s.system])
		s.limit = at + civil.Instant(1+rng.IntN(4))*hour
		s.ended = at + (s.limit-at)*civil.Instant(1+rng.IntN(9))/10
		for s.approver == nil || s.approver == s.p {
			s.approver = among(rng, steady[:24])
		}
		if last >= 0 && rng.IntN(3) > 0 {
			s.ticket = tickets[last][0].(string)
		} else {
			n := len(tickets)
			last = n
			s.ticket = fmt.Sprintf("OPS-%d", 50001+n)
			tickets = append(tickets, row{s.ticket, "operations task", among(rng, tasks), "done", s.p.email, s.p.email, s.approver.email, at - after(rng, 4, 90),
				at - after(rng, 100, 3000), s.limit + after(rng, 10, 900)})
		}
		all = append(all, s)
		return s
	}
	for d := day("2025-06-23"); d <= c.period.To+3; d++ {
		n := 7 + rng.IntN(3)
		if weekend(d) {
			n = rng.IntN(3)
		}
		var times []civil.Instant
		last = -1
		for range n * c.factor {
			times = append(times, c.at(d, "07:30")+after(rng, 0, 720))
		}
		slices.Sort(times)
		for _, at := range times {
			open(at)
		}
	}
	alone := func(at civil.Instant) *session { // with a task of its own
		last = -1
		return open(at)
	}
	for _, at := range c.borders() {
		alone(at)
	}
	c.bendSessions(alone)
	slices.SortStableFunc(all, func(a, b *session) int { return cmp.Compare(a.at, b.at) })
	return append(c.sessionLog(all), c.counted(File{
		Register: "tickets", Name: "operations-tasks.json", Source: "ticket-system", Query: "tickets of kind operations task",
		Data: jsonList([]string{"ticket", "kind", "title", "status", "requester", "assignee", "approved_by", "approved_at", "created_at", "closed_at"}, tickets),
	}, len(tickets)), c.sessionReviews(all))
}

// bendSessions are those with a story.
func (c *company) bendSessions(open func(civil.Instant) *session) {
	bend := func(at, attributes, why string, undecided bool, f func(*session)) {
		s := open(c.clock(at))
		f(s)
		s.attributes, s.why, s.undecided = attributes, why, undecided
	}
	bend("2025-07-29 11:05", "B", "the session names no ticket", false, func(s *session) { s.ticket = "" })
	bend("2025-09-11 14:40", "A", "left open overnight, nine hours over its limit", false, func(s *session) { s.limit = s.at + 2*hour; s.ended = s.limit + 9*hour })
	bend("2025-10-23 10:15", "C", "the engineer approved the session that they opened", false, func(s *session) { s.approver = s.p })
	bend("2025-11-02 00:30", "", "", false, func(s *session) { s.limit = s.at + 3*hour; s.ended = s.limit }) // while the clocks went back, to the last second
	bend("2025-12-04 16:20", "D", "the recorder was full", false, func(s *session) { s.recorded = false })
	bend("2025-12-04 17:10", "D", "the recorder was full", false, func(s *session) { s.recorded = false })
	bend("2026-01-28 13:00", "B", "the ticket it names does not exist", false, func(s *session) { s.ticket = "OPS-9" })
	bend("2026-02-19 15:45", "E", "the reviewer found a dump of a table, and nobody raised an event", false, func(s *session) { s.anomaly = true })
	bend("2026-03-26 09:20", "C", "nobody approved it", false, func(s *session) { s.approver = nil })
	bend("2026-05-13 11:30", "D", "the log of that day does not say whether it was recorded", true, func(s *session) { s.recorded = nil })
	for i, at := range []string{"2025-08-21 19:10", "2026-01-08 12:30", "2026-04-15 21:50"} {
		bend(at, "", "", false, func(s *session) { s.anomaly, s.event = true, fmt.Sprintf("SE-90%d", i+1) })
	}
}

func (c *company) sessionLog(all []*session) []File {
	var rows, events []row
	for i, s := range all {
		id := fmt.Sprintf("ps-%06d", 100001+i)
		if c.inPeriod(s.at) {
			c.counts("IAM-07.2", true)
			c.tale("IAM-07.2", id, s.undecided, s.attributes, s.why)
		}
		var approver, event any
		if s.approver != nil {
			approver = s.approver.login
		}
		if s.event != "" {
			event = s.event
			reported := s.at + 26*hour
			events = append(events, row{s.event, "other", "review of privileged sessions", reported, reported + 50*minute, c.people[5].email})
			c.counts("INC-02", true)
		}
		var recording any
		switch s.recorded {
		case true:
			recording = "stored"
		case false:
			recording = "missing"
		}
		rows = append(rows, row{id, s.system, s.p.login, s.at.In(c.zone), s.ended.In(c.zone), s.limit.In(c.zone), optText(s.ticket), approver, recording, s.anomaly, event})
	}
	return []File{
		c.counted(File{
			Register: "privileged_sessions", Name: "bastion-sessions.csv", Source: "bastion", Query: "sessions on production, all users",
			Data:    table(',', false, []string{"session", "target", "user", "start", "end", "expires", "ticket", "approver", "recording", "unusual", "event"}, rows),
			MapName: "bastion.map.yaml", Map: []byte(bastionMap),
		}, len(rows)),
		c.counted(File{
			Register: "security_events", Name: "session-anomalies.jsonl", Source: "bastion", Query: "events raised from reviews of sessions",
			Data: lines([]string{"event_id", "severity", "source", "reported_at", "triaged_at", "triaged_by"}, events),
		}, len(events)),
	}
}

// sessionReviews are made within five business days after the Sunday of each ISO week.
func (c *company) sessionReviews(all []*session) File {
	rng := c.dice("session reviews")
	var rows []row
	for monday := day("2025-06-23"); ; monday += 7 {
		sunday := monday + 6
		due := (civil.Holidays{}).AddBusinessDays(sunday, 5)
		if due > c.period.To {
			break
		}
		year, week := c.zone.Start(monday + 3).Time().ISOWeek()
		key := fmt.Sprintf("%d-W%02d", year, week)
		n := 0
		for _, s := range all {
			if s.at >= c.zone.Start(monday) && s.at < c.zone.End(sunday) {
				n++
			}
		}
		done := c.at(sunday+civil.Date(1+rng.IntN(4)), "10:00") + after(rng, 0, 400)
		c.counts("IAM-07", true)
		switch key {
		case "2025-W34":
			done = c.zone.End(due) - 1 // the last instant
		case "2025-W43":
			done = c.zone.End(due)
			c.deviates("IAM-07", key, "A", "reviewed as the sixth business day began")
		case "2025-W52":
			c.deviates("IAM-07", key, "A", "the last week of the year was reviewed by nobody")
			continue
		case "2026-W08":
			n -= 2
			c.deviates("IAM-07", key, "B", "two sessions of a second bastion were not in the list")
		case "2026-W19":
			done = c.at(monday+4, "17:20")
			c.deviates("IAM-07", key, "A", "reviewed on Friday, before the week was over")
		}
		rows = append(rows, row{fmt.Sprintf("sv-%03d", len(rows)+1), key, done, c.people[5].email, n})
	}
	return c.counted(File{
		Register: "session_reviews", Name: "session-reviews.csv", Source: "grc-tracker", Query: "weekly reviews of privileged sessions",
		Data: table(';', true, []string{"review_id", "week", "completed_at", "reviewer", "sessions"}, rows),
	}, len(rows))
}
