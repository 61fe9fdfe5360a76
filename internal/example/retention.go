package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// retentionRuns delete, once a month, what is past its retention in each store of personal data.
// New stores have their class and rules inspected here too.
func (c *company) retentionRuns() File {
	rng := c.dice("retention")
	c.storeRules()
	var rows []row
	for _, s := range dataStores {
		if !s.personal {
			continue
		}
		for first := c.period.From.AddMonths(-1); first <= c.period.To+1; first = first.AddMonths(1) {
			if c.when(s.created) >= c.zone.Start(first) {
				continue
			}
			last := first.AddMonths(1) - 1
			month := monthName(first)
			key := s.id + "/" + month
			if c.dateInPeriod(last) {
				c.counts("PRV-04", true)
			}
			done := c.at(first+civil.Date(3+rng.IntN(20)), "03:00") + after(rng, 0, 200)
			remaining, explained := 0, any(true)
			if rng.IntN(6) == 0 {
				remaining = 1 + rng.IntN(40)
			}
			switch key {
			case "bucket-uploads/2025-08":
				done = c.zone.End(last) - 1
			case "bucket-uploads/2025-12":
				c.deviates("PRV-04", key, "A", "the job was switched off over the freeze and forgotten")
				continue
			case "db-analytics/2026-02":
				done = c.zone.End(last) + 2*hour
				c.deviates("PRV-04", key, "A", "the run of February was finished in March")
			case "db-customer/2026-04":
				remaining, explained = 112, false
				c.deviates("PRV-04", key, "B", "112 former workers were left, and nobody explained why")
			case "db-analytics/2025-10":
				remaining, explained = 7, nil
				c.undecided("PRV-04", key, "B", "the report does not say whether what remained was explained")
			}
			rows = append(rows, row{fmt.Sprintf("rr-%04d", len(rows)+1), s.id, month, done, remaining, explained})
		}
	}
	return c.counted(File{
		Register: "retention_runs", Name: "retention-runs.csv", Source: "scheduler", Query: "runs of retention jobs",
		Data: table(',', false, []string{"run_id", "store_id", "month", "finished_at", "remaining", "explained"}, rows),
	}, len(rows))
}

// storeRules are the inspections of new data stores.
func (c *company) storeRules() {
	for _, s := range dataStores {
		made := c.when(s.created)
		if !c.inPeriod(made) {
			continue
		}
		c.counts("CNF-01", true)
		if c.when(s.tagged) > c.when(s.firstData) {
			c.deviates("CNF-01", s.id, "A", "class and owner were set after the first customer data had come")
		}
		on := c.zone.DateOf(made) + 14
		x := inspection{on: on, by: c.privacyDesk()[2].email, proof: "posture of " + s.id, kind: systemRecord, dated: on,
			who: c.people[5].email, at: c.at(on+6, "15:20"), answers: "-y"}
		switch s.id {
		case "db-ledger-replica":
			x.answers = "-n"
			c.deviates("CNF-01", s.id, "B", "restricted data, and no log of who reads it")
		case "bucket-dispute-scans":
			c.undecided("CNF-01", s.id, "B", "nobody has inspected it yet")
			continue
		}
		c.inspection("CNF-01", s.id, x)
	}
}

type deletion struct {
	customer           string
	triggered          civil.Date
	deleted, confirmed civil.Instant
	hold               string
	held               any // the day of the hold's approval, nil where there is none or nobody says
	confirm            bool
	answers            string // what the inspection said
}

// deletions follow ended contracts and requests, by the sixtieth day.
func (c *company) deletions() File {
	rng := c.dice("deletions")
	d := diary[deletion]{c: c, test: "CNF-02", id: "del-%04d",
		sound: func(at civil.Instant) deletion {
			x := deletion{customer: among(rng, clients).name, triggered: c.zone.DateOf(at), confirmed: civil.Never, confirm: rng.IntN(3) > 0, answers: "--y"}
			x.deleted = c.at(x.triggered+civil.Date(5+rng.IntN(50)), "11:00") + after(rng, 0, 300)
			if x.confirm {
				x.confirmed = x.deleted + after(rng, 60, 5000)
			}
			return x
		},
		cells: func(x *deletion) row {
			return row{x.customer, x.triggered, opt(x.deleted), optText(x.hold), x.held, x.confirm, opt(x.confirmed)}
		},
		falls: func(at civil.Instant) civil.Date { return c.zone.DateOf(at) + 60 }}
	for day := c.period.From - 64; day <= c.period.To; day += civil.Date(4 + rng.IntN(13)) {
		d.fine(c.at(day, "12:00"))
	}
	for _, due := range []civil.Date{c.period.From - 1, c.period.From, c.period.To, c.period.To + 1} {
		d.fine(c.at(due-60, "12:00"), func(x *deletion) { x.deleted, x.confirmed = c.zone.End(due)-1, c.zone.End(due)+3*hour })
	}
	hold := func(after civil.Date) func(*deletion) {
		return func(x *deletion) {
			x.hold, x.held, x.deleted, x.confirm, x.confirmed = "General Counsel, matter 26-014", x.triggered+after, civil.Never, false, civil.Never
			x.answers = "--x"
		}
	}
	d.fine(c.clock("2025-10-14 12:00"), hold(60)) // approved on the last day
	d.wrong("2025-07-28 12:00", "A", "deleted eleven days late", func(x *deletion) {
		x.deleted = c.at(x.triggered+71, "16:00")
		x.confirm, x.confirmed = true, x.deleted+20*hour
	})
	d.wrong("2025-11-17 12:00", "A", "the hold was approved three days after the data should have been gone", hold(63))
	d.wrong("2026-01-30 12:00", "B", "the contract asks for a confirmation, and none was sent", func(x *deletion) { x.confirm, x.confirmed = true, civil.Never })
	d.wrong("2026-03-16 12:00", "A B", "the tenant was renamed before its contract ended, and the job did not find it", func(x *deletion) {
		x.deleted, x.confirm, x.confirmed, x.answers = civil.Never, true, civil.Never, "--x"
	})
	d.wrong("2025-09-22 12:00", "C", "a yearly snapshot was kept beside the backups that age out", func(x *deletion) { x.answers = "--n" })
	d.unclear("2025-12-22 12:00", "A", "a hold is named, and nobody says when it was approved", hold(0), func(x *deletion) { x.held = nil })
	d.unclear("2026-02-16 12:00", "C", "nobody looked whether the backups are gone", func(x *deletion) { x.answers = "" })
	rows := d.rows(1)
	for i, n := range d.notes {
		if x := n.record; c.dateInPeriod(d.falls(n.at)) && x.answers != "" {
			gone := x.triggered + 150
			c.inspection("CNF-02", fmt.Sprintf(d.id, 1+i), inspection{on: gone, by: c.people[3].email, proof: "list of recovery points, " + gone.String(),
				kind: systemRecord, dated: gone, who: c.privacyDesk()[0].email, at: c.at(gone+3, "10:00"), answers: x.answers})
		}
	}
	return c.counted(File{
		Register: "deletions", Name: "deletions.jsonl", Source: "crm", Query: "ended contracts and requests for deletion",
		Data: lines([]string{"deletion_id", "customer", "triggered_on", "deleted_at", "legal_hold", "legal_hold_on", "confirmation_due", "confirmed_at"}, rows),
	}, len(rows))
}
