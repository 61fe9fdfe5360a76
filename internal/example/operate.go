package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// accessReviews has one review per in-scope system and quarter whose due date, 30 days after
// the quarter's end, lies in the period.
func (c *company) accessReviews() File {
	var rows []row
	var listed, decided int64
	for q := civil.QuarterOf(c.period.From - 90); ; q = civil.QuarterOf(q.Last + 1) {
		due := q.Last + 30
		if due > c.period.To {
			break
		}
		if !c.dateInPeriod(due) {
			continue
		}
		for _, s := range estate {
			if !s.inScope {
				continue
			}
			c.counts("IAM-04", true)
			r := c.accessReview(s, q, due)
			if r == nil {
				continue
			}
			rows = append(rows, append(row{fmt.Sprintf("ar-%03d", len(rows)+1)}, r...))
			listed += int64(r[6].(int))
			decided += int64(r[7].(int))
		}
	}
	f := c.counted(File{
		Register: "access_reviews", Name: "access-reviews.csv", Source: "grc-tracker", Query: "access reviews, all states",
		Data: table(',', true, []string{"review_id", "system", "quarter", "listed_at", "due_on", "completed_at", "reviewer",
			"listed", "decided", "removals", "removals_done_at", "own_access_decided"}, rows),
	}, len(rows))
	f.Control = map[string]int64{"listed": listed, "decided": decided}
	return f
}

// accessReview is the row of one review without its id, or nil where nobody did it.
func (c *company) accessReview(s system, q civil.Quarter, due civil.Date) row {
	list := c.at(q.Last-civil.Date(1+c.rng.IntN(6)), "16:00") + c.minutes(0, 60)
	done := c.at(due-civil.Date(4+c.rng.IntN(18)), "10:00") + c.minutes(0, 400)
	n := 6 + c.rng.IntN(60)
	seen, removals, own := n, c.rng.IntN(4), false
	removed := done + 24*hour + c.minutes(0, 240)
	key := s.name + "/" + q.Name
	switch key {
	case "github/2025-Q3":
		done, removals = c.at(due+4, "15:10"), 0
		c.deviates("IAM-04", key, "D", "finished four days after the due date")
	case "uploads/2025-Q4":
		c.deviates("IAM-04", key, "A D", "nobody did the review")
		return nil
	case "aws-production/2025-Q4":
		own = true
		c.deviates("IAM-04", key, "C", "the reviewer decided on their own access")
	case "workspace/2026-Q1":
		removals, removed = 2, done+16*24*hour
		c.deviates("IAM-04", key, "E", "two removals took sixteen days")
	case "analytics-db/2025-Q2":
		seen = n - 2
		c.deviates("IAM-04", key, "B", "two rows of the list were left undecided")
	}
	if removals == 0 {
		removed = civil.Never
	}
	return row{s.name, q.Name, list, due, done, c.people[s.owner].email, n, seen, removals, opt(removed), own}
}

// backups run at 03:15 local time for each system that stores customers' data.
func (c *company) backups() File {
	var rows []row
	add := func(s system, at, took civil.Instant, ok bool, rerun any) string {
		id := fmt.Sprintf("bk-%05d", len(rows)+1)
		status := "failed"
		if ok {
			status = "succeeded"
		}
		rows = append(rows, row{id, s.name, at, at + took, status, rerun})
		return id
	}
	for d := c.period.From - 2; d <= c.period.To; d++ {
		for _, s := range estate {
			if !s.customers {
				continue
			}
			at, took := c.at(d, "03:15"), c.minutes(9, 55)
			if c.dateInPeriod(d) {
				c.counts("AVL-02", true)
			}
			key := s.name + "/" + d.String()
			switch key {
			case "customer-db/2025-08-27":
				add(s, at, took, false, nil)
				c.deviates("AVL-02", key, "A", "the run failed and was not repeated")
			case "uploads/2025-12-25":
				c.deviates("AVL-02", key, "A", "no run took place that day")
			case "analytics-db/2026-02-17":
				add(s, at+37*hour, took, true, add(s, at, took, false, nil))
				c.deviates("AVL-02", key, "A", "the failed run was repeated only after 37 hours")
			case "customer-db/2025-10-14", "uploads/2026-04-02":
				add(s, at+21*hour, took, true, add(s, at, took, false, nil)) // repeated in time, after midnight
			default:
				add(s, at, took, true, nil)
			}
		}
	}
	return c.counted(File{
		Register: "backups", Name: "backup-jobs.tsv", Source: "backup-service", Query: "jobs of all vaults",
		Data: table('\t', false, []string{"backup_id", "system", "scheduled_at", "finished_at", "status", "rerun_of"}, rows),
	}, len(rows))
}

// settings are snapshots of the second-factor policy: every day at the code host, every week elsewhere.
func (c *company) settings() File {
	var rows []row
	for _, s := range estate {
		if !s.inScope {
			continue
		}
		step := civil.Date(7)
		if s.name == "github" {
			step = 1
		}
		intervals, was := 0, ""
		for d := c.period.From - 1; d <= c.period.To+1; d += step {
			at := c.at(d, "00:30")
			value := "true"
			switch {
			case s.name == "github" && (d == day("2026-02-10") || d == day("2026-02-11")):
				value = "false"
				if was == "true" {
					c.deviates("IAM-06.2", s.name+"/mfa_required/"+at.String(), "A", "the second factor was not required on two days")
				}
			case s.name == "customer-db" && d == c.period.From-1+21*7:
				value = "false"
				c.deviates("IAM-06.2", s.name+"/mfa_required/"+at.String(), "A", "one weekly snapshot shows the second factor not required")
			}
			if value != was && at < c.period.End() {
				intervals++
			}
			was = value
			rows = append(rows, row{s.name, "mfa_required", value, at})
		}
		for range intervals {
			c.counts("IAM-06.2", true)
		}
	}
	return c.counted(File{
		Register: "configurations", Name: "settings.csv", Source: "posture-scan", Query: "setting mfa_required of all in-scope systems",
		Data: table(',', false, []string{"system", "setting", "value", "observed_at"}, rows),
	}, len(rows))
}
