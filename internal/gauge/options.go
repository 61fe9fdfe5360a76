package gauge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// Option is one way to a report, with what it costs and what its readers are told.
type Option struct {
	ID          string        `json:"id"` // keep, restart, extend or type1
	Period      *civil.Period `json:"period,omitempty"`
	Strict      *Span         `json:"strict,omitempty"` // the period of the strict reading
	AsOf        *civil.Date   `json:"as_of,omitempty"`
	ReportReady [2]string     `json:"report_ready"` // earliest, latest
	Discloses   []string      `json:"discloses"`
	Cost        string        `json:"cost"`
	Gap         int           `json:"gap_days"` // since the last report
	Warnings    []string      `json:"warnings"`
	Chance      *Chance       `json:"chance,omitempty"`
}

// options sets the ways side by side: what is planned, a later period, a longer one, and a report about one date meanwhile.
func (v *view) options(s search) []Option {
	if v.type1 {
		return v.options1()
	}
	keep := v.keep()
	out := []Option{keep}
	if o, ok := v.restart(s, keep); ok {
		out = append(out, o)
	}
	if v.deviates() > 0 {
		out = append(out, v.extend())
	}
	if o, ok := v.interim(); ok {
		out = append(out, o)
	}
	return out
}

func (v *view) deviates() int {
	n := 0
	for _, c := range v.controls {
		n += c.deviating
	}
	return n
}

func (v *view) option(id string, w Span, restart bool) Option {
	chance := v.chance(w, restart)
	o := Option{
		ID: id, Period: &civil.Period{From: w.From, To: w.To, Zone: v.zone}, ReportReady: v.ready(w.To),
		Discloses: []string{}, Warnings: []string{}, Chance: &chance,
	}
	if e := v.lastEnd(); e != nil {
		l := link("", "", *e, w.From)
		o.Gap = l.Gap
		if l.Warning != "" {
			o.Warnings = append(o.Warnings, fmt.Sprintf("%s after the last report, which ended on %s", l.Warning, *e))
		}
		if w.From > (*e).AddMonths(v.set.BridgeMonths)+1 {
			o.Warnings = append(o.Warnings, fmt.Sprintf("the gap is longer than the %s that a bridge letter usually covers", count(v.set.BridgeMonths, "month", "months")))
		}
	}
	return o
}

func (v *view) keep() Option {
	o := v.option("keep", v.period, false)
	for _, c := range v.controls {
		r := v.reckon(c, v.period)
		o.Discloses = append(o.Discloses, discloses(c, &r, r.items)...)
	}
	o.Cost = "no delay"
	if len(o.Discloses) > 0 {
		o.Cost = "no delay; each exception is printed, with how many of how many, beside management's response; it does not by itself decide the opinion"
	}
	o.Cost = v.over(v.period.To, o.Cost)
	if open := v.undecided(v.period); open != "" {
		o.Warnings = append(o.Warnings, open+": each that is not decided in favour is one more exception")
	}
	return o
}

// over adds to the cost of a period that its end has passed: the report is late by these days whatever is done now.
func (v *view) over(end civil.Date, cost string) string {
	days := int(v.Today - end)
	if days <= 0 {
		return cost
	}
	ago := fmt.Sprintf("the period ended %s ago, and fieldwork is taken to begin today", count(days, "day", "days"))
	if rest, ok := strings.CutPrefix(cost, "no delay"); ok {
		return ago + rest
	}
	return cost + "; " + ago
}

// later is by how many days the report of a period that ends on the day comes after that of the planned one.
func (v *view) later(end civil.Date) int { return int(max(end, v.Today) - max(v.period.To, v.Today)) }

// discloses words the exceptions of a control among so many items.
func discloses(c *subject, r *reckoning, items int) []string {
	var out []string
	if r.deviating > 0 {
		what := fmt.Sprintf("%s: %s deviate", c.ID, ofItems(r.deviating, items))
		keys := make([]string, len(r.bad)) // the first few in words; the rest is only counted
		for i := range keys[:min(len(keys), most)] {
			keys[i] = c.words(r.bad[i])
		}
		if len(keys) > 0 {
			what += ": " + some(keys)
		}
		out = append(out, what)
	}
	if r.undecided > 0 {
		out = append(out, fmt.Sprintf("%s: %s cannot be decided; what stays so counts as a deviation", c.ID, ofItems(r.undecided, items)))
	}
	return out
}

// words says one deviation: its key, and how long it lasted. An act that was never done was not done late, though the
// next one ended what it left.
func (c *subject) words(b *bout) string {
	never := func(x *Instance) bool { return x.Key == b.key && x.Done == nil }
	switch days := int(b.end - b.member); {
	case b.late && b.end != civil.MaxDate && slices.ContainsFunc(c.instances, never):
		return b.key + ", not done"
	case b.late && b.end != civil.MaxDate:
		return fmt.Sprintf("%s, done %s after it was due", b.key, count(days, "day", "days"))
	case b.late:
		return b.key + ", not done"
	case b.end != civil.MaxDate && days > 0:
		return fmt.Sprintf("%s, for %s", b.key, count(days, "day", "days"))
	}
	return b.key
}

// restart is the planned length, from the first day on which nothing known would be disclosed. Moving a period away from a
// failure is open to everybody, and its readers see the days that no report covers.
func (v *view) restart(s search, keep Option) (Option, bool) {
	months := v.period.months()
	c := v.clean(s, months)
	w := c.Conservative
	if c.Sooner != nil {
		w = c.Sooner
	}
	if w == nil {
		v.note("no clean period of %d months is in sight: %s", months, strings.Join(c.Why, "; "))
		return Option{}, false
	}
	if w.From <= v.period.From {
		return Option{}, false
	}
	o := v.option("restart", *w, true)
	o.Strict = c.Strict
	o.Discloses = append(o.Discloses, "nothing that is known today")
	days := v.later(w.To)
	than := "than planned"
	if v.Today > v.period.To {
		than = "than that of the planned period"
	}
	o.Cost = v.over(w.To, fmt.Sprintf("the report comes %s later %s, about %s", count(days, "day", "days"), than, count((days+15)/30, "month", "months")))
	if days <= 0 {
		o.Cost = v.over(w.To, "no delay")
	}
	dropped := int(w.From - v.period.From)
	o.Warnings = append(o.Warnings, fmt.Sprintf("the planned period loses its first %s: what happened in them is in no report, and customers must be told that they are not covered", count(dropped, "day", "days")))
	if open := v.undecided(*w); open != "" {
		o.Warnings = append(o.Warnings, open+" and may belong to this period: it is clean only if they are decided in favour")
	}
	if c.Sooner != nil && len(c.BringForward) > 0 {
		o.Warnings = append(o.Warnings, fmt.Sprintf("%s must act before %s, ahead of the yearly date", some(c.BringForward), w.To))
	}
	return o, true
}

// extend adds months to the planned period: more items beside the same deviations. It dilutes, it never deletes.
func (v *view) extend() Option {
	w := Span{v.period.From, (v.period.To + 1).AddMonths(v.set.Extend) - 1}
	o := v.option("extend", w, false)
	for _, c := range v.controls {
		r := v.reckon(c, w)
		o.Discloses = append(o.Discloses, discloses(c, &r, r.total())...)
	}
	later := count(v.set.Extend, "month", "months")
	if v.Today > v.period.To {
		later = count(v.later(w.To), "day", "days")
	}
	o.Cost = v.over(w.To, fmt.Sprintf("the report comes %s later; the same exceptions are printed among more items, provided that what is to come is clean", later))
	if w.months() > 12 {
		o.Warnings = append(o.Warnings, "the period is longer than twelve months: users usually expect a report a year")
	}
	return o
}

// interim is a report about one date, where there is such a kind, and while the planned period still runs.
func (v *view) interim() (Option, bool) {
	kind, ok := strings.CutSuffix(v.Report, "-type2")
	y, m, _ := v.Today.Parts()
	day := civil.NewDate(y, m, v.Today.MonthLength())
	if !ok || day >= v.period.To {
		return Option{}, false
	}
	o := Option{
		ID: "type1", AsOf: &day, ReportReady: v.ready(day), Warnings: []string{},
		Discloses: []string{fmt.Sprintf("design and implementation on %s; nothing about operation", day)},
		Cost:      "a second examination (" + kind + "-type1), which answers those who cannot wait and replaces no report about a period",
	}
	var missing []string
	for _, c := range v.controls {
		if c.Implemented == nil || *c.Implemented > day {
			missing = append(missing, c.ID)
		}
	}
	if len(missing) > 0 {
		o.Warnings = append(o.Warnings, fmt.Sprintf("not on record as in place by then: %s", some(missing)))
	}
	return o, true
}

// options1 are the ways to a report about one date: that date, or the first on which everything is in place.
func (v *view) options1() []Option {
	day := v.period.To
	keep := Option{
		ID: "keep", AsOf: &day, ReportReady: v.ready(day), Warnings: []string{}, Cost: "no delay",
		Discloses: []string{fmt.Sprintf("design and implementation on %s; nothing about operation", day)},
	}
	if days := int(v.Today - day); days > 0 {
		keep.Cost = fmt.Sprintf("the date passed %s ago, and fieldwork is taken to begin today", count(days, "day", "days"))
	}
	last, what := civil.Date(-1<<31), ""
	for _, c := range v.controls {
		d := v.Today + 1
		if c.Implemented != nil {
			d = *c.Implemented
		}
		if d > day {
			keep.Warnings = append(keep.Warnings, c.ID+" is not on record as in place by then")
		}
		if d > last {
			last, what = d, c.ID
		}
	}
	if last <= day {
		return []Option{keep}
	}
	return []Option{keep, {
		ID: "restart", AsOf: &last, ReportReady: v.ready(last), Warnings: []string{},
		Discloses: []string{fmt.Sprintf("design and implementation on %s; nothing about operation", last)},
		Cost:      fmt.Sprintf("the report comes %s later, once %s is in place", count(int(last-day), "day", "days"), what),
	}}
}
