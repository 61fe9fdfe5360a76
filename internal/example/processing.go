package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// processing is what goes in, what is made of it, and what goes out.
func (c *company) processing() []File {
	c.validationRules()
	files := []File{c.batches()}
	files = append(files, c.jobs()...)
	files = append(files, c.processingReconciliations(), c.deliveries())
	return append(files, c.operations()...)
}

// batch is one upload of hours or payments by a client.
type batch struct {
	received        civil.Instant
	items, rejected int
	accepted        any // nil where the log does not say
	reported        civil.Instant
}

func (c *company) batches() File {
	rng := c.dice("processing")
	d := diary[batch]{c: c, test: "PIN-01", id: "bt-%06d",
		sound: func(at civil.Instant) batch {
			b := batch{received: at, items: 12 + rng.IntN(700), reported: civil.Never}
			if rng.IntN(4) == 0 {
				b.rejected = min(b.items, 1+rng.IntN(9))
				b.reported = at + after(rng, 1, 9)
			}
			b.accepted = b.items - b.rejected
			return b
		},
		cells: func(b *batch) row {
			return row{"uploads", b.received, b.items, b.accepted, b.rejected, opt(b.reported)}
		}}
	for day := c.period.From - 3; day <= c.period.To+3; day++ {
		for range (2 + rng.IntN(4)) * c.factor {
			d.fine(c.zone.Start(day) + 5*hour + after(rng, 0, 1000))
		}
	}
	rejected := func(b *batch, reported civil.Instant) {
		b.items, b.accepted, b.rejected, b.reported = 240, 236, 4, reported
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.fine(c.clock("2025-09-10 16:20"), func(b *batch) { rejected(b, c.zone.End(day("2025-09-11"))-1) }) // told at the last instant
	d.wrong("2025-08-20 09:14", "A", "nine items of a batch were neither accepted nor rejected", func(b *batch) {
		b.items, b.accepted, b.rejected = 412, 403, 0
	})
	d.wrong("2025-11-02 02:05", "A", "the hour that came twice counted its items twice", func(b *batch) {
		b.items, b.accepted, b.rejected = 118, 236, 0
	})
	d.wrong("2026-01-29 18:05", "B", "the sender was told on the second day", func(b *batch) { rejected(b, c.clock("2026-01-31 08:30")) })
	d.wrong("2026-04-16 14:48", "B", "the report of rejections went to an address that bounces, and nobody noticed",
		func(b *batch) { rejected(b, civil.Never) })
	d.unclear("2026-03-05 11:02", "A", "the log of the batch breaks off before the count of accepted items", func(b *batch) {
		b.accepted, b.rejected = nil, 0
	})
	rows := d.rows(200001)
	var items, rejections int64
	for _, r := range rows {
		items += int64(r[3].(int))
		rejections += int64(r[5].(int))
	}
	f := c.counted(File{
		Register: "batches", Name: "input-batches.jsonl", Source: "ingest", Query: "batches with the outcome of validation",
		Data: lines([]string{"batch_id", "system", "received_at", "items", "accepted", "rejected", "reported_at"}, rows),
	}, len(rows))
	f.Control = map[string]int64{"items": items, "rejected": rejections}
	return f
}

// validationRules are compared with the reviewed changes after each month.
func (c *company) validationRules() {
	for i, last := range c.monthsDue(0) {
		month := monthName(last)
		done := last + 3 + civil.Date(i%5)
		x := inspection{on: done, by: c.people[1].email, proof: "rule export " + month + ".diff", kind: systemRecord, dated: done,
			who: c.people[5].id, at: c.at(done+4, "09:40"), answers: "-y"}
		switch month {
		case "2025-08":
			x.proof = ""
			c.undecided("PIN-01.2", month, "B", "the inspection says yes and names no evidence")
		case "2025-11":
			x.on, x.kind, x.dated = day("2025-12-05"), document, day("2025-12-22")
			c.deviates("PIN-01.2", month, "A", "back-dated: the comparison says 5 December, the file was made on the 22nd")
		case "2026-02":
			x.on = last + 10 // the last day
		case "2026-04":
			x.answers = "-n"
			c.deviates("PIN-01.2", month, "B", "a limit of the range check was raised in production by hand")
		}
		c.counts("PIN-01.2", true)
		c.inspection("PIN-01", month, x)
	}
}

// job runs every day at a local time, and another run waits for it until a second one.
type job struct {
	name, at, next string
	from, to       string
}

var nightly = []job{
	{"import-hours", "00:20", "03:10", "2023-01-01", ""},
	{"import-rates", "00:40", "03:10", "2023-01-01", ""},
	{"gross-to-net", "02:30", "04:00", "2023-01-01", ""}, // an hour that is missing once a year
	{"tax-accrual", "04:10", "05:15", "2023-01-01", ""},
	{"ledger-post", "05:20", "06:30", "2023-01-01", ""},
	{"funds-forecast", "06:00", "07:30", "2023-01-01", ""},
	{"bank-statements", "06:40", "08:00", "2023-01-01", ""},
	{"positive-pay", "09:05", "11:00", "2024-03-01", ""},
	{"usage-meter", "12:15", "", "2023-01-01", ""}, // nothing waits for it
	{"client-reports", "17:30", "19:00", "2023-01-01", ""},
	{"legacy-extract", "20:10", "21:30", "2023-01-01", "2025-12-31"},
	{"warehouse-load", "21:00", "23:00", "2025-10-01", ""},
}

// missed are the days on which a job did not do its work, by job and day.
var missed = map[string]struct{ how, attributes, why string }{
	"gross-to-net/2026-01-26":    {"no run", "A", "the scheduler was down in the storm, and three jobs did not run"},
	"tax-accrual/2026-01-26":     {"no run", "A", "the scheduler was down in the storm, and three jobs did not run"},
	"ledger-post/2026-01-26":     {"no run", "A", "the scheduler was down in the storm, and three jobs did not run"},
	"client-reports/2025-09-12":  {"late rerun", "A", "the rerun finished forty minutes after the next run had begun"},
	"usage-meter/2025-12-25":     {"failed", "A", "the run failed on a holiday, and nobody repeated it"},
	"bank-statements/2026-04-03": {"counts", "B", "the bank's file was cut short, and the counts did not agree"},
	"warehouse-load/2026-02-10":  {"failed rerun", "A", "the rerun failed too"},
	"positive-pay/2026-05-19":    {"unsaid", "B", "the run's counts were not kept"},
	"import-rates/2026-03-30":    {"just in time", "", ""},
	"funds-forecast/2025-07-01":  {"rerun", "", ""},
	"client-reports/2026-06-30":  {"rerun", "", ""},
}

func (c *company) jobs() []File {
	rng := c.dice("jobs")
	owners := c.dataDesk()
	var jobs, runs []row
	for i, j := range nightly {
		last := civil.MaxDate
		if j.to != "" {
			last = day(j.to)
		}
		jobs = append(jobs, row{j.name, "processing", "aws-production", owners[i%len(owners)].email, day(j.from), optDate(last)})
	}
	for d := c.period.From - 1; d <= c.period.To+1; d++ {
		for _, j := range nightly {
			if d < day(j.from) || j.to != "" && d > day(j.to) {
				continue
			}
			key := j.name + "/" + d.String()
			m := missed[key]
			if m.how == "" && rng.IntN(90) == 0 {
				m.how = "rerun"
			}
			if c.dateInPeriod(d) {
				c.counts("PIN-02", true)
				switch id := fmt.Sprintf("run-%06d", 310001+len(runs)); m.how {
				case "no run":
					c.tale("PIN-02", key, false, m.attributes, m.why)
				default: // its first run, which a rerun may mend
					c.counts("PIN-02.2", true)
					c.tale("PIN-02.2", id, m.how == "unsaid", m.attributes, m.why)
				}
			}
			if d.Weekday() == 0 && c.dateInPeriod(d) && d-6 >= day(j.from) {
				c.counts("PIN-02.3", false) // due every day
			}
			runs = c.jobRuns(runs, j, d, m.how, after(rng, 4, 28))
		}
	}
	list := c.counted(File{
		Register: "jobs", Name: "processing-jobs.csv", Source: "scheduler", Query: "job definitions, kind processing",
		Data: table(',', false, []string{"job", "kind", "system", "owner", "active_from", "active_to"}, jobs),
	}, len(jobs))
	list.Extent = "full"
	return []File{list, c.counted(File{
		Register: "job_runs", Name: "job-runs.jsonl", Source: "scheduler", Query: "runs of processing jobs, all states",
		Data: lines([]string{"run", "job", "planned", "end", "state", "repeats", "next", "balanced"}, runs),
		Map:  []byte(schedulerMap), MapName: "scheduler.map.yaml",
	}, len(runs))}
}

// jobRuns adds the runs of one job on one day.
func (c *company) jobRuns(runs []row, j job, d civil.Date, how string, took civil.Instant) []row {
	at := c.zone.Start(d) + 180*minute // where the clocks skip 02:30, they say 04:00 by now
	if c.zone.End(d)-c.zone.Start(d) != 23*hour || j.at != "02:30" {
		at = c.at(d, j.at)
	}
	waits, limit := any(nil), c.zone.End(d)
	if j.next != "" {
		limit = c.at(d, j.next)
		if limit < at+30*minute {
			limit = at + 60*minute
		}
		waits = limit
	}
	add := func(scheduled, finished civil.Instant, state string, repeats, balanced any) string {
		id := fmt.Sprintf("run-%06d", 310001+len(runs))
		runs = append(runs, row{id, j.name, scheduled, opt(finished), state, repeats, waits, balanced})
		return id
	}
	switch how {
	case "no run":
	case "failed":
		add(at, at+took, "error", nil, nil)
	case "rerun":
		add(at+took, at+2*took, "ok", add(at, at+took, "error", nil, nil), true)
	case "just in time":
		add(at+took, limit, "ok", add(at, at+took, "error", nil, nil), true)
	case "late rerun":
		add(limit-10*minute, limit+40*minute, "ok", add(at, at+took, "error", nil, nil), true)
	case "failed rerun":
		add(at+took, at+2*took, "error", add(at, at+took, "error", nil, nil), nil)
	case "counts":
		add(at, at+took, "ok", nil, false)
	case "unsaid":
		add(at, at+took, "ok", nil, nil)
	default:
		add(at, at+took, "ok", nil, true)
	}
	return runs
}

const schedulerMap = `# Runs as the scheduler exports them. Their numbers have no gaps.
register: job_runs
sequence: run_id
fields:
  run_id: run
  scheduled_at: planned
  finished_at: end
  status: {from: state, values: {ok: succeeded, error: failed}}
  rerun_of: repeats
  dependent_at: next
  counts_agree: balanced
`

// processingReconciliations compare what came in with what was processed and what went out, by
// the end of the second business day after each business day.
func (c *company) processingReconciliations() File {
	rng := c.dice("processing reconciliations")
	team := c.dataDesk()
	var list []comparison
	for d := c.period.From - 6; d <= c.period.To; d++ {
		if weekend(d) {
			continue
		}
		due := civil.Holidays{}.AddBusinessDays(d, 2)
		done := c.at(civil.Holidays{}.AddBusinessDays(d, 1), "08:30") + after(rng, 0, 200)
		by, reviewer := team.two(rng)
		x := comparison{kind: "processing", of: d.String(), done: done, by: by.email, reviewer: reviewer.email, resolved: civil.Never}
		if rng.IntN(9) == 0 {
			x.differences, x.resolved, x.explained = 1+rng.IntN(6), done+after(rng, 30, 400), true
		}
		if c.dateInPeriod(due) {
			c.counts("PIN-03", true)
		}
		differ := func(n int, resolved civil.Instant, explained any) {
			x.differences, x.resolved, x.explained = n, resolved, explained
		}
		switch x.of {
		case "2025-08-13":
			differ(3, c.zone.End(due)-1, true) // the last instant
		case "2025-10-22":
			differ(14, c.at(due+2, "10:00"), true)
			c.deviates("PIN-03", x.of, "B", "fourteen differences were cleared two days late")
		case "2025-11-28":
			c.deviates("PIN-03", x.of, "A", "nobody compared the totals of the day after the holiday")
			continue
		case "2026-01-26":
			differ(0, civil.Never, nil)
			x.done = c.at(due+1, "09:05")
			c.deviates("PIN-03", x.of, "A", "the comparison of the day of the storm was a day late")
		case "2026-03-17":
			differ(2, done+3*hour, false)
			c.deviates("PIN-03", x.of, "C", "two differences were booked away without a cause")
		case "2026-05-06":
			differ(5, civil.Never, false)
			c.deviates("PIN-03", x.of, "B C", "five differences were never cleared")
		case "2026-06-11":
			differ(1, done+2*hour, nil)
			c.undecided("PIN-03", x.of, "C", "the report does not say what the difference came from")
		}
		list = append(list, x)
	}
	return c.comparisons("processing-reconciliations.csv", "warehouse", "daily comparison of totals", list)
}

// delivery is one report or file to a recipient.
type delivery struct {
	recipient                     string
	registered                    any // nil where the log does not say
	due, delivered, failed, fixed civil.Instant
	fixBy                         civil.Instant // zero where nothing failed, or nobody says
}

func (c *company) deliveries() File {
	rng := c.dice("deliveries")
	d := diary[delivery]{c: c, test: "PIN-04", id: "dl-%06d",
		sound: func(at civil.Instant) delivery {
			x := delivery{recipient: among(rng, clients).mail(rng), registered: true, due: at, fixed: civil.Never}
			x.delivered = at - after(rng, 2, 170)
			if rng.IntN(60) == 0 {
				x.fail(at+after(rng, 30, 200), at+4*hour)
			}
			return x
		},
		cells: func(x *delivery) row {
			var failed, fixBy any
			if x.failed != 0 {
				failed = x.failed.In(c.zone)
			}
			if x.fixBy != 0 {
				fixBy = x.fixBy.In(c.zone)
			}
			return row{x.recipient, x.registered, x.due.In(c.zone), stamp(c.zone, x.delivered), failed, stamp(c.zone, x.fixed), fixBy}
		}}
	for day := c.period.From - 2; day <= c.period.To+2; day++ {
		if weekend(day) {
			continue
		}
		for range (2 + rng.IntN(3)) * c.factor {
			d.fine(c.at(day, "08:00") + after(rng, 0, 38)*15)
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	late := func(by civil.Instant) func(*delivery) {
		return func(x *delivery) { x.delivered, x.failed, x.fixed, x.fixBy = x.due+by, 0, civil.Never, 0 }
	}
	d.fine(c.clock("2025-10-08 12:00"), late(0))                                                  // on the minute
	d.fine(c.clock("2026-02-26 12:00"), func(x *delivery) { x.fail(x.due+4*hour, x.due+4*hour) }) // so is the repair
	d.wrong("2025-07-24 09:00", "B", "delivered two hours late, and the service saw no failure", late(2*hour))
	d.wrong("2025-12-31 17:00", "B", "the year's summaries went out the next morning", late(15*hour))
	d.wrong("2026-01-15 10:00", "A", "a report was sent to a former bookkeeper of the client", func(x *delivery) {
		x.recipient, x.registered = "books@formerly.example", false
	})
	d.wrong("2026-01-15 10:15", "A", "a report was sent to a former bookkeeper of the client", func(x *delivery) {
		x.recipient, x.registered = "books@formerly.example", false
	})
	d.wrong("2026-04-09 14:00", "B", "the failure was mended an hour after the agreed time", func(x *delivery) { x.fail(x.due+5*hour, x.due+4*hour) })
	d.unclear("2025-11-19 11:30", "A", "the log does not say whether the recipient was registered", func(x *delivery) { x.registered = nil })
	d.unclear("2026-06-04 15:45", "B", "the failure has no agreed time", func(x *delivery) { x.fail(x.due+3*hour, 0) })
	rows := d.rows(520001)
	return c.counted(File{
		Register: "deliveries", Name: "deliveries.csv", Source: "delivery-service", Query: "deliveries, all outcomes",
		Data: table(';', true, []string{"delivery_id", "recipient", "registered", "due_at", "delivered_at", "failed_at", "resolved_at", "resolve_by"}, rows),
	}, len(rows))
}

// fail makes the delivery one that failed and was mended later.
func (x *delivery) fail(fixed, fixBy civil.Instant) {
	x.delivered, x.failed, x.fixed, x.fixBy = civil.Never, x.due-5*minute, fixed, fixBy
}
