package advise

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// Step is a stretch of the plan, both days in it. A step that does not fit says in Note what is short.
type Step struct {
	Reports []string   `json:"reports"` // those that it leads to
	Step    string     `json:"step"`
	From    civil.Date `json:"from"`
	To      civil.Date `json:"to"`
	Fits    bool       `json:"fits"`
	Note    string     `json:"note"`
}

// plan dates the reports and what leads to them: back from the day they are needed where there is one, else on
// from today.
func (c *chooser) plan(reports []Recommendation) []Step {
	steps := []Step{}
	var afterDate, afterISO planned
	if now := pick(reports, "-type1", "now"); len(now) > 0 {
		afterDate = c.planDate(now)
		steps = append(steps, afterDate.steps...)
	}
	if now := pick(reports, isms, "now"); len(now) > 0 {
		afterISO = c.planISO(now)
		steps = append(steps, afterISO.steps...)
	}
	if now := pick(reports, "-type2", "now"); len(now) > 0 {
		steps = append(steps, c.planPeriod(now).steps...)
	}
	var later, last []*Recommendation
	for _, r := range pick(reports, "-type2", "next") {
		first := strings.TrimSuffix(r.Report, "2") + "1"
		if r.Report == public {
			first = trust + "-type1"
		}
		if slices.Contains(afterDate.names, first) {
			later = append(later, r)
		} else {
			last = append(last, r)
		}
	}
	if len(later) > 0 { // the day after the date of the Type 1, so that nothing lies between the two
		steps = append(steps, c.forward(later, afterDate.to+1).steps...)
	}
	if len(last) > 0 {
		steps = append(steps, c.forward(last, afterISO.done+1).steps...)
	}
	return steps
}

// pick returns the reports of a kind that come at a time. A SOC 3 goes along with the SOC 2 Type 2.
func pick(reports []Recommendation, suffix, when string) []*Recommendation {
	var out []*Recommendation
	for i := range reports {
		if r := &reports[i]; strings.HasSuffix(r.Report, suffix) && r.When == when {
			out = append(out, r)
		}
	}
	if slices.ContainsFunc(out, func(r *Recommendation) bool { return r.Report == trust+"-type2" }) {
		if i := slices.IndexFunc(reports, func(r Recommendation) bool { return r.Report == public }); i >= 0 {
			out = append(out, &reports[i])
		}
	}
	return out
}

// planned is the plan of some reports: the days they speak of, and when the last of them is there.
type planned struct {
	names    []string
	from, to civil.Date // of the period; equal for a date
	done     civil.Date
	steps    []Step
}

func names(reports []*Recommendation) []string {
	var out []string
	for _, r := range reports {
		out = append(out, r.Report)
	}
	return out
}

func (p *planned) add(step string, from, to civil.Date, fits bool, format string, args ...any) {
	p.steps = append(p.steps, Step{p.names, step, from, to, fits, fmt.Sprintf(format, args...)})
}

// lead returns the months of preparation that are left by the sources: months in which controls ran count.
func (c *chooser) lead() (low, high int) {
	low, high = c.book.reach("preparation")
	months, _ := c.operated()
	return max(0, low-months), max(0, high-months)
}

// slacks are the days that may lie between the end of a period and the day, the most comfortable first.
func (c *chooser) slacks() []int {
	short, long := c.book.closing()
	return []int{long, max(short, min(usualDays, long)), short}
}

// planDate plans a Type 1.
func (c *chooser) planDate(reports []*Recommendation) planned {
	p := planned{names: names(reports)}
	low, _ := c.lead()
	ready := c.today.AddMonths(low)
	day, back := c.deadline()
	asOf, ok := c.latest(day, ready, c.slacks())
	if back && !ok { // too little time to prepare: leave as much of it as six weeks of audit allow
		asOf, ok = c.latest(day, c.today, c.slacks()[1:])
	}
	if !back || !ok {
		asOf = monthEnd(ready)
		if back { // too late in any case: as soon as can be
			asOf = c.today
		}
	}
	p.from, p.to = asOf, asOf
	for _, r := range reports {
		d := asOf
		r.AsOf = &d
	}
	c.prepare(&p, asOf)
	p.add("Date of the report", asOf, asOf, true, "the report speaks of this one day")
	c.finish(&p, back, false, day)
	return p
}

// latest returns the most comfortable last day of a month, or failing that any day, from which the audit ends by
// the deadline, and which is not before the first day allowed.
func (c *chooser) latest(day, first civil.Date, slacks []int) (civil.Date, bool) {
	for _, slack := range slacks {
		last := day - civil.Date(slack)
		for _, d := range []civil.Date{monthEndBefore(last), last} {
			if d >= first {
				return d, true
			}
		}
	}
	return 0, false
}

// planPeriod plans a Type 2 that is the first aim.
func (c *chooser) planPeriod(reports []*Recommendation) planned {
	months, _ := c.operated()
	low, _ := c.lead()
	earliest := c.today.AddMonths(low)
	if shortest, _ := c.book.reach("period"); months >= shortest {
		earliest = c.today.AddMonths(-months)
	}
	if day, ok := c.deadline(); ok {
		for _, first := range []civil.Date{earliest, c.today.AddMonths(-months)} {
			if from, to, ok := c.backward(day, first); ok {
				return c.period(reports, from, to, day)
			}
		}
	}
	usual := c.book.usualMonths()
	from := max(monthStart(earliest), (monthEnd(c.today) + 1).AddMonths(-usual))
	return c.forward(reports, from)
}

// backward looks for a period that begins on the first day or later and leaves time for the audit before the
// deadline: comfortable audits before tight ones, long periods before short ones, whole months before others.
func (c *chooser) backward(day, first civil.Date) (from, to civil.Date, ok bool) {
	shortest, _ := c.book.reach("period")
	for _, slack := range c.slacks() {
		for n := c.book.usualMonths(); n >= shortest; n-- {
			last := day - civil.Date(slack)
			for _, end := range []civil.Date{monthEndBefore(last), last} {
				if start := (end + 1).AddMonths(-n); start >= first {
					return start, end, true
				}
			}
		}
	}
	return 0, 0, false
}

// forward plans a period of the usual length from a day on, without looking at the deadline.
func (c *chooser) forward(reports []*Recommendation, from civil.Date) planned {
	return c.period(reports, from, from.AddMonths(c.book.usualMonths())-1, 0)
}

// period writes the steps of a Type 2; day is 0 when the plan runs forward.
func (c *chooser) period(reports []*Recommendation, from, to, day civil.Date) planned {
	p := planned{names: names(reports), from: from, to: to}
	for _, r := range reports {
		f, t := from, to
		r.From, r.To = &f, &t
	}
	next := reports[0].When == "next"
	if low, _ := c.lead(); !next && low > 0 {
		c.prepare(&p, from-1)
	} else if !next {
		c.prepare(&p, to)
	}
	var note string
	months := c.book.usualMonths()
	switch short := to+1 < from.AddMonths(months); {
	case short:
		note = fmt.Sprintf("shorter than %d months: the report should state why", months)
	case next:
		note = "begins the day after what comes before"
	case from < c.today:
		note = "begins in the past: the records of those months must exist, and the auditor must agree"
	default:
		note = "usual length: " + c.book.figures("period")
	}
	p.add("Period of the report", from, to, true, "%s", note)
	c.finish(&p, day > 0, next, day)
	return p
}

// prepare adds the preparation that must be over by a day.
func (c *chooser) prepare(p *planned, until civil.Date) {
	low, high := c.lead()
	from := max(c.today, until.AddMonths(-high))
	until = max(until, from)
	switch need := until.AddMonths(-low); {
	case high == 0:
		p.add("Readiness check", c.today, until, true, "controls have run long enough to count as preparation: close the gaps")
	case need < c.today:
		p.add("Preparation", c.today, until, false, "%s ahead is usual; to have %s it should have begun on %s",
			c.book.figures("preparation"), count(low, "month"), need.Long())
	default:
		p.add("Preparation", from, until, true, "%s ahead is usual%s", c.book.figures("preparation"), c.ran())
	}
}

func (c *chooser) ran() string {
	if months, _ := c.operated(); months > 0 {
		return fmt.Sprintf("; %s of running controls count towards it", count(months, "month"))
	}
	return ""
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// finish adds fieldwork, reporting, when to engage the auditor, and the day of the report.
func (c *chooser) finish(p *planned, back, next bool, day civil.Date) {
	short, long := c.book.closing()
	begin := max(p.to+1, c.today) // of a period in the past, testing begins today at the earliest
	_, fh := c.book.reach("fieldwork")
	rl, rh := c.book.reach("reporting")
	earliest, latest := begin-1+civil.Date(short), begin-1+civil.Date(long)
	missed := back && day < earliest
	if back && !missed {
		latest = day
	}
	room := min(max(int(latest-begin)+1, short), long)
	reporting := civil.Date(7*rl + (room-short)*7*(rh-rl)/max(1, long-short))
	mark := latest - reporting
	p.add("Fieldwork", begin, mark, true, "%s", c.book.figures("fieldwork")+fewer(int(mark-begin)+1, 7*fh))
	p.add("Reporting", mark+1, latest, true, "%s: draft, responses, representations%s", c.book.figures("reporting"), fewer(int(reporting), 7*rh))
	c.engage(p, begin, latest)
	p.done = latest
	switch wanted, set := c.deadline(); {
	case missed:
		p.add("Report in hand", earliest, latest, false, "the day it is needed, %s, is missed by at least %s", day.Long(), count(int(earliest-day), "day"))
	case back:
		p.add("Report in hand", earliest, latest, true, "needed by %s", day.Long())
	case set && earliest > wanted && next:
		p.add("Report in hand", earliest, latest, true, "after %s, the day a report is needed: what comes before serves until then", wanted.Long())
	case set && earliest > wanted:
		p.add("Report in hand", earliest, latest, false, "after %s, the day a report is needed", wanted.Long())
	default:
		p.add("Report in hand", earliest, latest, true, "at the shortest and at the longest estimate")
	}
	// In order of time, but for the report, which ends it all.
	slices.SortStableFunc(p.steps[:len(p.steps)-1], func(x, y Step) int { return cmp.Or(int(x.From)-int(y.From), int(x.To)-int(y.To)) })
}

func fewer(days, most int) string {
	if days >= most {
		return ""
	}
	return fmt.Sprintf("; here %s", count(days, "day"))
}

// engage says when the auditor must be found, by the source that reckons an audit as a whole: in any case before
// fieldwork begins.
func (c *chooser) engage(p *planned, begin, ready civil.Date) {
	low, high := c.book.reach("audit")
	from, to := max(c.today, ready.AddMonths(-high)), ready.AddMonths(-low)
	if to < c.today {
		p.add("Engage the auditor", c.today, c.today, false, "an audit as a whole takes %s by another account, and less is left: ask at once",
			c.book.figures("audit"))
		return
	}
	if to = min(to, begin-1); to < c.today {
		p.add("Engage the auditor", c.today, c.today, false, "fieldwork should begin today already: ask at once")
		return
	}
	p.add("Engage the auditor", min(from, to), to, true, "an audit as a whole takes %s by another account, a Type 2 period not counted", c.book.figures("audit"))
}

// planISO plans the certificate. No source at hand gives durations for it: those of SOC audits stand in, and the
// notes say so.
func (c *chooser) planISO(reports []*Recommendation) planned {
	p := planned{names: names(reports)}
	low, high := c.book.reach("audit")
	lead, _ := c.lead()
	begin := c.today.AddMonths(lead) + 1
	done := begin.AddMonths(high)
	day, back := c.deadline()
	if back && day.AddMonths(-low) > c.today {
		begin, done = max(c.today+1, day.AddMonths(-high)), day
	}
	months, _ := c.operated()
	from, to := c.today.AddMonths(-min(months, 12)), begin-1
	c.prepare(&p, to)
	p.add("Stage 1 and stage 2 audits", begin, done, true, "no figure at hand for this audit; %s is that of SOC audits: ask the certification body", c.book.figures("audit"))
	fits, note := true, "with an audit every year after it"
	if back && begin.AddMonths(low) > day {
		fits, note = false, fmt.Sprintf("after %s, the day it is needed", day.Long())
	}
	p.add("Certificate in hand", begin.AddMonths(low), max(done, begin.AddMonths(low)), fits, "%s", note)
	p.from, p.to, p.done = from, to, done
	shortest, _ := c.book.reach("period")
	for _, r := range reports {
		if f, t := from, to; t+1 >= f.AddMonths(shortest) {
			r.From, r.To = &f, &t
			continue
		}
		d := begin
		r.AsOf = &d
	}
	return p
}

// monthEnd is the last day of the month that holds the date.
func monthEnd(d civil.Date) civil.Date {
	y, m, _ := d.Parts()
	return civil.NewDate(y, m+1, 0)
}

// monthEndBefore is the last day of a month on or before the date.
func monthEndBefore(d civil.Date) civil.Date {
	if monthEnd(d) == d {
		return d
	}
	y, m, _ := d.Parts()
	return civil.NewDate(y, m, 0)
}

// monthStart is the first day of a month on or after the date.
func monthStart(d civil.Date) civil.Date { return monthEnd(d-1) + 1 }
