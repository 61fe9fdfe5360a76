package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// continuity is what keeps the service up and brings it back: outages, with the figure of each
// month, and trials of restoring.
func (c *company) continuity() []File {
	c.availabilityFigures()
	return []File{c.outages(), c.restores()}
}

// outage is one breach of a service level as the probes saw it.
type outage struct {
	system                        string
	started, alerted, posted, end civil.Instant
}

// outages are seen by a probe from outside: an alert within five minutes, a post within thirty.
func (c *company) outages() File {
	rng := c.dice("continuity")
	d := diary[outage]{c: c, test: "AVL-05", id: "out-%03d",
		sound: func(at civil.Instant) outage {
			alerted := at + after(rng, 1, 3)
			return outage{among(rng, []string{"aws-production", "customer-db", "uploads"}), at, alerted,
				alerted + after(rng, 4, 22), at + after(rng, 18, 190)}
		},
		cells: func(o *outage) row {
			return row{o.system, o.started.In(c.zone), stamp(c.zone, o.alerted), stamp(c.zone, o.posted), stamp(c.zone, o.end)}
		}}
	for _, at := range []string{"2025-06-21 04:10", "2025-07-29 13:05", "2025-08-26 21:44", "2025-10-15 10:31", "2026-01-20 02:12",
		"2026-02-19 16:40", "2026-04-23 08:55", "2026-06-17 11:20"} {
		d.fine(c.clock(at))
	}
	d.fine(c.clock("2025-09-18 09:00"), func(o *outage) { o.alerted, o.posted = o.started+5*minute, o.started+30*minute }) // just in time
	d.fine(c.zone.Start(day("2025-11-02"))+110*minute, func(o *outage) {                                                   // the clocks go back between the alert and the post
		o.alerted, o.posted = o.started+4*minute, o.started+26*minute
	})
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.wrong("2025-12-02 03:17", "A", "the on-call rota had no number for the night, and the alert came after eleven minutes", func(o *outage) {
		o.alerted, o.posted = o.started+11*minute, o.started+28*minute
	})
	d.wrong("2026-03-12 19:48", "B", "the status page was updated after fifty-two minutes", func(o *outage) { o.posted = o.started + 52*minute })
	d.wrong("2026-05-25 06:30", "A B", "a holiday: a customer called before anybody knew, and nothing was posted", func(o *outage) {
		o.alerted, o.posted, o.end = o.started+95*minute, civil.Never, o.started+140*minute
	})
	rows := d.rows(1)
	f := c.counted(File{
		Register: "outages", Name: "outages.tsv", Source: "probe-service", Query: "breaches of service levels, all monitors",
		Data: table('\t', false, []string{"outage_id", "system", "started_at", "alerted_at", "posted_at", "ended_at"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

// stamp is a local time with its offset, left out when it has not come.
func stamp(z civil.Zone, i civil.Instant) any {
	if i == civil.Never {
		return nil
	}
	return i.In(z)
}

// availabilityFigures are the inspections of the figure that is made of each month.
func (c *company) availabilityFigures() {
	for i, last := range c.monthsDue(0) {
		month := monthName(last)
		made := last + 2 + civil.Date(i%4)
		x := inspection{on: made, by: c.people[3].email, proof: "availability " + month + ".xlsx", kind: document, dated: made,
			who: c.people[5].email, at: c.at(last+18, "11:00"), answers: "-y"}
		switch month {
		case "2025-09":
			x.on, x.dated = last+10, last+15 // the last day, on a document that is as late as may be
		case "2025-12":
			x.on, x.dated = last+13, last+13
			c.deviates("AVL-05.2", month, "A", "the figure of December was made three days late")
		case "2026-03":
			x.answers = "-n"
			c.deviates("AVL-05.2", month, "B", "forty minutes without a probe were counted as up, and nobody explained them")
		case "2026-05":
			x.proof, x.kind, x.dated = "told by the on-call lead", statement, 0
			c.undecided("AVL-05.2", month, "A", "it rests on a statement that bears no date")
		}
		c.counts("AVL-05.2", true)
		c.inspection("AVL-05", month, x)
	}
}

// restores are tried every quarter for each system that stores customers' data.
func (c *company) restores() File {
	rng := c.dice("restores")
	var rows []row
	for q := civil.QuarterOf(c.period.From - 90); q.First <= c.period.To+1; q = civil.QuarterOf(q.Last + 1) {
		for _, s := range estate {
			if !s.customers {
				continue
			}
			if c.dateInPeriod(q.Last) {
				c.counts("AVL-03", true)
			}
			key := s.name + "/" + q.Name
			at := c.at(q.First+civil.Date(14+rng.IntN(60)), "10:00") + after(rng, 0, 300)
			took, target, checked, deficiency := 35+rng.IntN(70), 120, any(true), any(nil)
			switch key {
			case "uploads/2025-Q3":
				at = c.at(q.Last+2, "09:30")
				c.deviates("AVL-03", key, "A", "the trial was done two days after the quarter")
			case "customer-db/2025-Q4":
				took = 165
				c.deviates("AVL-03", key, "C", "the restore took too long, and no deficiency was raised")
			case "analytics-db/2026-Q1":
				checked = false
				c.deviates("AVL-03", key, "B", "nobody checked the restored data")
			case "uploads/2026-Q2":
				checked = nil
				c.undecided("AVL-03", key, "B C", "the record does not say whether the data was checked")
			case "customer-db/2026-Q2":
				at = c.zone.End(q.Last) - 1
			}
			rows = append(rows, row{fmt.Sprintf("rt-%03d", len(rows)+1), s.name, at, "succeeded", took, target, checked, deficiency})
		}
	}
	return c.counted(File{
		Register: "restores", Name: "restore-trials.csv", Source: "backup-service", Query: "restore trials",
		Data: table(',', false, []string{"restore_id", "system", "performed_at", "status", "minutes", "target_minutes", "checked", "deficiency_id"}, rows),
	}, len(rows))
}
