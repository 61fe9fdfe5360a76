package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// mostIfs is how many suppositions one question may hold: a person writes a few.
const mostIfs = 20

// input is one line of a form as it was sent, with what is wrong with it.
type input struct {
	ID, Value   string
	Fault, Hint string
}

// blame keeps what is wrong beside the line that it is about.
func (f *input) blame(err error) {
	var e *fault.Error
	f.Fault = err.Error()
	if errors.As(err, &e) {
		f.Fault = e.What
	}
	f.Hint = fault.Hint(err)
}

// asked is the what-if form: a day to look ahead from, and suppositions.
type asked struct {
	Today input
	Ifs   []input
	Other input // what is wrong with the question as a whole
	today *civil.Date
	ifs   []string
}

func (a asked) wrong() bool {
	return a.Today.Fault != "" || a.Other.Fault != "" || slices.ContainsFunc(a.Ifs, func(f input) bool { return f.Fault != "" })
}

// supposing says whether the question is another than how things stand.
func (a asked) supposing() bool { return len(a.ifs) > 0 }

// readAsked reads the form. A text of several lines is several suppositions; an empty line is none.
func readAsked(q url.Values) asked {
	a := asked{Today: input{ID: "today", Value: strings.TrimSpace(q.Get("today"))}}
	if a.Today.Value != "" {
		d, err := civil.ParseDate(a.Today.Value)
		if err != nil {
			a.Today.Fault = fmt.Sprintf("%q is no day; expected one such as 2026-11-22", a.Today.Value)
		} else {
			a.today = &d
		}
	}
	for _, text := range q["if"] {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line == "" {
				continue
			}
			f := input{ID: fmt.Sprintf("if-%d", len(a.Ifs)), Value: line}
			if len(a.Ifs) == mostIfs {
				a.Other.Fault = fmt.Sprintf("only the first %d suppositions are read", mostIfs)
				return a
			}
			if x, err := gauge.ParseIf(line); err != nil {
				f.blame(err)
			} else {
				a.ifs = append(a.ifs, x.String())
			}
			a.Ifs = append(a.Ifs, f)
		}
	}
	return a
}

// blame puts a refusal beside the supposition that it names first, or else beside the form.
func (a *asked) blame(err error) {
	var e *fault.Error
	if errors.As(err, &e) {
		for i := range a.Ifs {
			if what, ok := strings.CutPrefix(e.What, a.Ifs[i].Value+": "); ok {
				a.Ifs[i].Fault, a.Ifs[i].Hint = what, fault.Hint(err)
				return
			}
		}
	}
	a.Other.blame(err)
}

type forecastData struct {
	head
	Title  string // of the report
	F      *gauge.Forecast
	Asked  asked
	Before *gauge.Forecast // as known, where F supposes something
	Diff   []change
	Same   int // answers that the supposition leaves as they are
}

func (s *Site) forecast(w http.ResponseWriter, r *http.Request) error {
	d := forecastData{head: head{shell.T(r.Context(), "Forecast")}, Title: s.o.Report, Asked: readAsked(r.URL.Query())}
	status := http.StatusOK
	if err := s.foresee(r.Context(), &d); err != nil {
		return err
	}
	if d.Asked.wrong() {
		status = http.StatusBadRequest
	}
	return shell.Page(w, r, status, forecastPage(d))
}

// foresee answers the form. What is wrong with it stands beside its lines, and the page shows how things stand without.
func (s *Site) foresee(ctx context.Context, d *forecastData) error {
	base, err := s.o.Gauge.Foresee(ctx, d.Asked.today, nil)
	if errors.Is(err, fault.Refused) && d.Asked.today != nil {
		d.Asked.Today.blame(err)
		d.Asked.today = nil
		base, err = s.o.Gauge.Foresee(ctx, nil, nil)
	}
	if err != nil {
		return err
	}
	d.F = base
	if d.Asked.wrong() || !d.Asked.supposing() {
		return nil
	}
	got, err := s.o.Gauge.Foresee(ctx, d.Asked.today, d.Asked.ifs)
	if errors.Is(err, fault.Refused) {
		d.Asked.blame(err)
		return nil
	}
	if err != nil {
		return err
	}
	d.F, d.Before = got, base
	d.Diff, d.Same = compare(*base, *got)
	return nil
}

// lines are the lines of the form: those that were sent, and an empty one.
func (a asked) lines() []input {
	out := slices.Clone(a.Ifs)
	if len(out) < mostIfs {
		out = append(out, input{ID: fmt.Sprintf("if-%d", len(out))})
	}
	return out
}

// ifURL asks what it would do if one instance were ten days late.
func (d forecastData) ifURL(control, key string) string {
	q := url.Values{"if": {gauge.If{Control: control, Key: key, Outcome: gauge.Late, Days: 10}.String()}}
	if d.Asked.today != nil {
		q.Set("today", d.Asked.today.String())
	}
	return "/forecast?" + q.Encode() + "#what-if"
}

// plan is the report as planned.
func (d forecastData) plan() gauge.Option {
	i := slices.IndexFunc(d.F.Options, func(o gauge.Option) bool { return o.ID == "keep" })
	if i < 0 {
		return gauge.Option{}
	}
	return d.F.Options[i]
}

// headline is when the report as planned can be had.
func (d forecastData) headline() string {
	o := d.plan()
	from, err1 := civil.ParseDate(o.ReportReady[0])
	to, err2 := civil.ParseDate(o.ReportReady[1])
	if err1 != nil || err2 != nil {
		return "Forecast"
	}
	if to < d.F.Today {
		return "Report was due " + between(from, to)
	}
	return "Report ready " + between(from, to)
}

// between prints two days in words, the year once where it is the same.
func between(from, to civil.Date) string {
	a, _, _ := from.Parts()
	b, _, _ := to.Parts()
	if a == b {
		return strings.TrimSuffix(from.Long(), fmt.Sprintf(" %d", a)) + " to " + to.Long()
	}
	return from.Long() + " to " + to.Long()
}

// about is what the report speaks of, in time.
func (d forecastData) about() string {
	switch {
	case d.F.AsOf != nil:
		return "as of " + d.F.AsOf.Long()
	case d.F.Period != nil:
		return between(d.F.Period.From, d.F.Period.To)
	}
	return ""
}

// planned is the length of the report's period among those that were searched, or the longest.
func (d forecastData) planned() (gauge.Clean, bool) {
	for _, c := range d.F.EarliestClean {
		if d.F.Period != nil && d.F.Period.From.AddMonths(c.Months)-1 == d.F.Period.To {
			return c, true
		}
	}
	return gauge.Clean{}, false
}

// disclosing counts the controls of which a report would disclose something.
func (f forecastView) disclosing() (deviating, undecided int) {
	for _, c := range f.Controls {
		if c.Deviations > 0 {
			deviating++
		}
		if c.Undecided > 0 {
			undecided++
		}
	}
	return deviating, undecided
}

type forecastView struct{ *gauge.Forecast }

// optionWord is what a way to a report is called.
func optionWord(o gauge.Option, period bool) string {
	switch o.ID {
	case "keep":
		if period {
			return "Keep the period"
		}
		return "Keep the date"
	case "restart":
		if period {
			return "Start later"
		}
		return "Move the date"
	case "extend":
		return "Extend the period"
	case "type1":
		return "Type 1 meanwhile"
	}
	return capital(o.ID)
}

func optionWhen(o gauge.Option) string {
	switch {
	case o.Period != nil:
		return o.Period.From.String() + " to " + o.Period.To.String()
	case o.AsOf != nil:
		return "as of " + o.AsOf.String()
	}
	return ""
}

func spanWords(s *gauge.Span) string {
	if s == nil {
		return "none in sight"
	}
	return s.String()
}

// rangeWords prints a chance as the range that it is. A bound is never rounded to a certainty that it is not.
func rangeWords(r gauge.Range) string {
	low, high := bound(r[0], math.Floor), bound(r[1], math.Ceil)
	if low == high {
		return low
	}
	return low + " to " + high
}

func bound(p float64, round func(float64) float64) string {
	switch {
	case p <= 0:
		return "0 %"
	case p >= 1:
		return "100 %"
	case p < 0.001:
		return "under 0.1 %"
	case p > 0.999:
		return "over 99.9 %"
	}
	return fmt.Sprintf("%.1f %%", round(p*1000)/10)
}

// chanceWords says why a chance is no range where it is none.
func chanceWords(r gauge.Range) string {
	switch r {
	case gauge.Range{0, 0}:
		return "something is to be disclosed already"
	case gauge.Range{1, 1}:
		return "nothing is left to come"
	}
	return ""
}

// loud are the controls with something to tell; quiet are the others.
func (d forecastData) loud() (loud, quiet []gauge.ControlForecast) {
	for _, c := range d.F.Controls {
		if c.Deviations > 0 || c.Undecided > 0 || len(c.Bad) > 0 || c.InPlace == nil {
			loud = append(loud, c)
		} else {
			quiet = append(quiet, c)
		}
	}
	return loud, quiet
}

// mostShown is how many entries of a long list stand open.
const (
	mostDisclosed = 3
	mostDue       = 12
	mostBad       = 8
)

func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func after[T any](list []T, n int) []T { return list[min(n, len(list)):] }

// instances names the first few instances that are due together.
func instances(d gauge.Due) string {
	if len(d.Instances) <= 3 {
		return strings.Join(d.Instances, ", ")
	}
	return strings.Join(d.Instances[:3], ", ") + " and " + report.Count(len(d.Instances)-3) + " more"
}

// dueDays is the day on which something falls due, or the days from the first to the last.
func dueDays(x gauge.Due) string {
	if x.Until != nil {
		return x.Due.String() + " to " + x.Until.String()
	}
	return x.Due.String()
}

func dueCaption(d forecastData) string {
	return report.Count(min(mostDue, len(d.F.DueSoon))) + " of " + report.Plural(len(d.F.DueSoon), "entry", "entries") + ", the next to fall due first"
}

// intervalWords says an interval with its length.
func intervalWords(s gauge.Span) string {
	if s.From == s.To {
		return s.From.String()
	}
	return s.String() + ", " + report.Plural(s.Days(), "day", "days")
}

func spansOf(list []gauge.Span) []string {
	var out []string
	for _, s := range list {
		out = append(out, intervalWords(s))
	}
	return out
}

// gapWords says how many days since the last report no report would cover.
func gapWords(o gauge.Option, f *gauge.Forecast) string {
	switch {
	case o.Period == nil:
		return "Not about a period"
	case len(f.Chain) == 0:
		return "No earlier report is on record"
	case o.Gap == 0:
		return "No day without a report"
	}
	return report.Plural(o.Gap, "day", "days") + " in no report"
}

// standing are the last notes, which end every forecast; particular are what was assumed of single controls before them.
func (d forecastData) standing() []string { return after(d.F.Notes, d.ending()) }

func (d forecastData) particular() []string { return first(d.F.Notes, d.ending()) }

func (d forecastData) ending() int { return max(0, len(d.F.Notes)-3) }

func orNone(s string) string {
	if s == "" {
		return "not among the answers"
	}
	return s
}

func stay(n int) string {
	if n == 1 {
		return "stays as it is"
	}
	return "stay as they are"
}
