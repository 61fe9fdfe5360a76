package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// scanJobs are the scanner's schedules. The scan of dependencies was moved to another job in
// April, and for two weeks it was on no schedule.
var scanJobs = []struct{ job, kind, from, to string }{
	{"scan-hosts", "host", "2024-01-08", ""},
	{"scan-containers", "container", "2024-01-08", ""},
	{"scan-dependencies", "repository", "2024-01-08", "2026-04-12"},
	{"scan-dependencies-v2", "repository", "2026-04-22", ""},
	{"scan-external", "address", "2024-01-08", "2025-07-06"},
	{"scan-perimeter", "address", "2025-07-07", ""},
}

// scan is one run of the scanner.
type scan struct {
	kind          string
	started, done civil.Instant
	status        any
	scope, reach  any
}

func (c *company) scanning(list []asset) []File {
	rng := c.dice("scans")
	var scans []scan
	var jobs []row
	last := c.period.To
	for last.Weekday() != 0 {
		last--
	}
	for sunday := last; sunday >= c.period.From; sunday -= 7 {
		for _, kind := range []string{"host", "container", "repository", "address"} {
			c.counts("VUL-01.2", true)
			c.counts("VUL-01.3", false) // a job of the kind is on record
			on := sunday - civil.Date(1+rng.IntN(3))
			s := scan{kind, c.at(on, "21:00") + after(rng, 0, 50), 0, "succeeded", c.scoped(list, kind, on), nil}
			s.done, s.reach = s.started+after(rng, 35, 140), s.scope
			key := c.bendScan(&s, kind, sunday)
			covered := false
			for _, j := range scanJobs {
				if j.kind != kind || day(j.from) > sunday-6 || j.to != "" && day(j.to) < sunday {
					continue
				}
				covered = true
				c.counts("VUL-01", true)
				if key.attributes != "" {
					c.record("VUL-01", keyed(j.job, c.week(sunday)), key)
				}
			}
			if !covered {
				c.deviates("VUL-01.2", keyed(kind, c.week(sunday)), "A", "the old job was switched off ten days before the new one began")
				continue // and so nothing ran
			}
			if key.why != notRun {
				scans = append(scans, s)
			}
		}
	}
	for _, j := range scanJobs {
		var to any
		if j.to != "" {
			to = day(j.to)
		}
		jobs = append(jobs, row{j.job, "scan", j.kind, "aws-production", c.people[5].email, day(j.from), to})
	}
	scans = append(scans, c.baselines(list)...)
	slices.SortStableFunc(scans, func(a, b scan) int { return cmp.Compare(a.started, b.started) })
	var rows []row
	for i, s := range scans {
		rows = append(rows, row{fmt.Sprintf("sc-%05d", i+1), s.kind, s.started, opt(s.done), s.status, s.scope, s.reach})
	}
	f := c.counted(File{
		Register: "jobs", Name: "scan-jobs.json", Source: "scanner", Query: "schedules, past ones too",
		Data: jsonList([]string{"job", "kind", "scans", "system", "owner", "active_from", "active_to"}, jobs),
	}, len(jobs))
	return append([]File{f, c.counted(File{
		Register: "scans", Name: "scan-runs.jsonl", Source: "scanner", Query: "runs of all jobs",
		Data: lines([]string{"scan_id", "kind", "started_at", "finished_at", "status", "assets_in_scope", "assets_reached"}, rows),
	}, len(rows)), c.driftList(list)}, c.inventoryChecks()...)
}

// week is the ISO week that ends with a Sunday, as 2026-W05.
func (c *company) week(sunday civil.Date) string {
	y, w := c.zone.Start(sunday).Time().ISOWeek()
	return fmt.Sprintf("%04d-W%02d", y, w)
}

// scoped counts the assets of a kind that were in scope on a day.
func (c *company) scoped(list []asset, kind string, on civil.Date) int {
	n := 0
	for _, a := range list {
		if a.inScope && (kind == "" || a.kind == kind) && a.created < c.zone.Start(on) && a.retired >= c.zone.End(on) {
			n++
		}
	}
	return n
}

const notRun = "no scan of the kind ran that week"

// bendScan makes the mishaps of the weekly scans, and says what they come to.
func (c *company) bendScan(s *scan, kind string, sunday civil.Date) planted {
	switch kind + "/" + sunday.String() {
	case "host/2025-08-17":
		s.status, s.reach = "failed", 0
		return planted{attributes: "A", why: "the scan broke off, and nobody started it again"}
	case "container/2025-10-12":
		s.reach = s.scope.(int) - 2
		return planted{attributes: "B", why: "two images could not be pulled: 96 percent"}
	case "container/2025-12-14":
		s.reach = s.scope.(int) - 1 // just enough
	case "repository/2025-11-23":
		s.done = c.zone.Start(sunday+1) + 4*minute
		return planted{attributes: "A", why: "finished four minutes into the next week"}
	case "repository/2026-02-15":
		s.done = c.zone.End(sunday) - 1 // the last instant
	case "address/2025-12-28":
		return planted{attributes: "A", why: notRun}
	case "address/2026-03-29":
		s.reach = nil
		return planted{undecided: true, attributes: "B", why: "the log of that run does not say how many addresses were reached"}
	}
	return planted{}
}

// baselines compare the systems with the hardening baseline every night.
func (c *company) baselines(list []asset) []scan {
	rng := c.dice("baseline")
	var all []scan
	for d := c.period.From - 1; d <= c.period.To+1; d++ {
		n := c.scoped(list, "", d) - managedLaptops
		s := scan{"baseline", c.at(d, "04:05"), 0, "succeeded", n, n}
		s.done = s.started + after(rng, 9, 31)
		if c.dateInPeriod(d) {
			c.counts("VUL-04", true)
		}
		switch d.String() {
		case "2025-11-27":
			c.deviates("VUL-04", d.String(), "A", "the scanner was being moved over Thanksgiving")
			continue
		case "2026-03-08":
			s.status, s.reach = "failed", 0
			c.deviates("VUL-04", d.String(), "A", "failed in the night in which clocks were put forward")
		case "2026-05-17":
			s.started, s.done = c.at(d, "23:20"), c.zone.End(d)+4*minute
			c.deviates("VUL-04", d.String(), "A", "started late in the evening and finished after midnight")
		case "2026-02-14":
			s.status = nil
			c.undecided("VUL-04", d.String(), "A", "the log of the run does not say how it ended")
		case "2025-08-02":
			all = append(all, scan{"baseline", s.started - hour, s.started - 50*minute, "failed", n, 0}) // and again, well
		}
		all = append(all, s)
	}
	return all
}

// drift is one departure from the baseline.
type drift struct {
	asset         string
	severity      any
	found, closed civil.Instant
	bent          planted
}

func (c *company) driftList(list []asset) File {
	rng := c.dice("drift")
	var all []drift
	names := slices.DeleteFunc(slices.Clone(list), func(a asset) bool { return a.kind != "container" && a.kind != "host" || !a.inScope })
	for d := c.period.From - 20; d <= c.period.To; d += civil.Date(1 + rng.IntN(4)) {
		for range c.factor {
			x := drift{among(rng, names).name, among(rng, []string{"high", "medium", "medium", "low"}), c.at(d, "05:00") + after(rng, 0, 30), 0, planted{}}
			x.closed = c.at(d+civil.Date(1+rng.IntN(6)), "09:00") + after(rng, 0, 480)
			if x.severity != "high" {
				x.closed += civil.Instant(rng.IntN(40)) * 24 * hour
			}
			all = append(all, x)
		}
	}
	add := func(found, closed string, severity any, bent planted) {
		all = append(all, drift{"bastion-1", severity, c.when(found), c.when(closed), bent})
	}
	add("2025-09-22T05:11", "2025-09-30T09:40", "high", planted{attributes: "A", why: "closed on the eighth day"})
	add("2025-12-22T05:14", "2026-01-05T10:20", "high", planted{attributes: "A", why: "left open over the holidays"})
	add("2026-03-30T05:09", "", "high", planted{attributes: "A", why: "still open: the ticket was closed, the port was not"})
	add("2026-04-27T05:12", "2026-05-04T23:59", "high", planted{})
	add("2026-05-25T05:10", "2026-06-02T00:00", "high", planted{attributes: "A", why: "closed with the first instant after its last day"})
	add("2026-06-23T05:13", "2026-06-30T16:00", "high", planted{}) // due on the last day of the period
	add("2026-06-24T05:12", "2026-07-09T16:00", "high", planted{}) // due on the first day after it
	add("2025-06-23T05:12", "2025-07-08T16:00", "high", planted{}) // due on the last day before it
	add("2025-06-24T05:12", "2025-07-01T18:00", "high", planted{}) // due on its first day
	add("2026-01-26T05:12", "2026-02-11T11:30", nil, planted{undecided: true, attributes: "A", why: "nobody rated it"})
	slices.SortStableFunc(all, func(a, b drift) int { return cmp.Compare(a.found, b.found) })
	var rows []row
	for i, x := range all {
		id := fmt.Sprintf("dr-%04d", i+1)
		rows = append(rows, row{id, x.asset, x.severity, x.found.In(c.zone), inOrNil(c, x.closed)})
		if (x.severity == nil || x.severity == "high") && c.dateInPeriod(c.zone.DateOf(x.found)+7) {
			c.counts("VUL-04.2", true)
			if x.bent.attributes != "" {
				c.record("VUL-04.2", id, x.bent)
			}
		}
	}
	return c.counted(File{
		Register: "drifts", Name: "drift.csv", Source: "posture-scan", Query: "departures from the baseline, all states",
		Data: table(',', true, []string{"drift_id", "asset", "severity", "found_at", "closed_at"}, rows),
	}, len(rows))
}

// inOrNil is a local time with its offset, or nothing where it has not come.
func inOrNil(c *company, at civil.Instant) any {
	if at == civil.Never {
		return nil
	}
	return at.In(c.zone)
}

// inventoryChecks are the monthly comparisons: of the inventory with the accounts and device management,
// and of the assets in scope with those scanned. Both are due ten days after their month.
func (c *company) inventoryChecks() []File {
	rng := c.dice("comparisons")
	var rows []row
	for _, x := range []struct{ kind, test, id string }{{"assets", "AST-01", "inv"}, {"scan_coverage", "VUL-02", "cov"}} {
		for _, last := range c.monthsDue(10) {
			month := monthName(last)
			c.counts(x.test, true)
			done := c.at(last+civil.Date(2+rng.IntN(7)), "10:00") + after(rng, 0, 400)
			differences, resolved, explained := any(rng.IntN(4)), civil.Never, any(true)
			if differences != 0 {
				resolved = done + civil.Instant(1+rng.IntN(8))*24*hour
			}
			wrong := func(attributes, why string) { c.deviates(x.test, month, attributes, why) }
			end := c.zone.End(last + 10)
			switch x.kind + "/" + month {
			case "assets/2025-08":
				done, differences, resolved = end-1, 0, civil.Never // the last instant
			case "assets/2025-11":
				done, differences, resolved = end, 1, end+3*24*hour
				wrong("A", "finished with the first instant of the eleventh day")
			case "assets/2026-01":
				differences, resolved = 3, done+26*24*hour
				wrong("B", "a load balancer of nobody's stood in the inventory's margin for four weeks")
			case "assets/2026-04":
				differences, resolved = 1, civil.Never
				wrong("B", "a virtual machine without an owner was never assigned nor removed")
			case "scan_coverage/2025-10":
				done, differences, resolved = end+36*hour, 0, civil.Never
				wrong("A", "compared on the twelfth day, after the scanner's licence was renewed")
			case "scan_coverage/2025-12":
				differences, resolved = 2, done+15*24*hour
				wrong("B", "two new images were enrolled after fifteen days")
			case "scan_coverage/2026-02":
				differences, resolved, explained = 1, done+2*24*hour, false
				wrong("C", "a host was excluded, and nobody approved it")
			case "scan_coverage/2026-04":
				wrong("A", "the comparison was forgotten")
				continue
			case "scan_coverage/2026-05":
				differences, resolved, explained = 2, done+3*24*hour, nil
				c.undecided(x.test, month, "C", "nothing says whether what stays excluded was approved")
			}
			rows = append(rows, row{x.id + "-" + month, x.kind, month, done, c.people[3].id, c.people[5].id, differences, opt(resolved), explained})
		}
	}
	return []File{c.counted(File{
		Register: "reconciliations", Name: "inventory-comparisons.json", Source: "grc-tracker", Query: "comparisons of inventory and scans",
		Data: jsonList([]string{"reconciliation_id", "kind", "of", "completed_at", "performed_by", "reviewed_by", "differences",
			"resolved_at", "explained"}, rows),
	}, len(rows))}
}
