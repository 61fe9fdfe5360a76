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

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/phrase"
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

// unhint leaves the hints out.
func (a *asked) unhint() {
	a.Other.Hint = ""
	for i := range a.Ifs {
		a.Ifs[i].Hint = ""
	}
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
		if !shell.May(ctx, access.ReadRecords) { // the hint names the instances that are known
			d.Asked.unhint()
		}
		return nil
	}
	if err != nil {
		return err
	}
	d.F, d.Before = got, base
	d.Diff, d.Same = compare(ctx, base, got)
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
func (d forecastData) headline(ctx context.Context) string {
	o := d.plan()
	from, err1 := civil.ParseDate(o.ReportReady[0])
	to, err2 := civil.ParseDate(o.ReportReady[1])
	if err1 != nil || err2 != nil {
		return shell.T(ctx, "Forecast")
	}
	if to < d.F.Today {
		return shell.T(ctx, "Report was due %s", between(ctx, from, to))
	}
	return shell.T(ctx, "Report ready %s", between(ctx, from, to))
}

// between prints two days in words, the year once where it is the same.
func between(ctx context.Context, from, to civil.Date) string {
	a, _, _ := from.Parts()
	b, _, _ := to.Parts()
	if a == b {
		return shell.T(ctx, "%s to %s", shell.From(ctx).Lang.DayMonth(from), date(ctx, to))
	}
	return shell.T(ctx, "%s to %s", date(ctx, from), date(ctx, to))
}

// about is what the report speaks of, in time.
func (d forecastData) about(ctx context.Context) string {
	switch {
	case d.F.AsOf != nil:
		return shell.T(ctx, "as of %s", date(ctx, *d.F.AsOf))
	case d.F.Period != nil:
		return between(ctx, d.F.Period.From, d.F.Period.To)
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
			return phrase.Mark("Keep the period")
		}
		return phrase.Mark("Keep the date")
	case "restart":
		if period {
			return phrase.Mark("Start later")
		}
		return phrase.Mark("Move the date")
	case "extend":
		return phrase.Mark("Extend the period")
	case "type1":
		return phrase.Mark("Type 1 meanwhile")
	}
	return capital(o.ID)
}

func optionWhen(ctx context.Context, o gauge.Option) string {
	switch {
	case o.Period != nil:
		return shell.T(ctx, "%s to %s", date(ctx, o.Period.From), date(ctx, o.Period.To))
	case o.AsOf != nil:
		return shell.T(ctx, "as of %s", date(ctx, *o.AsOf))
	}
	return ""
}

func spanWords(ctx context.Context, s *gauge.Span) string {
	if s == nil {
		return shell.T(ctx, "none in sight")
	}
	return shell.T(ctx, "%s to %s", date(ctx, s.From), date(ctx, s.To))
}

// readyWords are the days between which a report is ready.
func readyWords(ctx context.Context, days []string) string {
	words := make([]string, len(days))
	for i, text := range days {
		words[i] = text
		if d, err := civil.ParseDate(text); err == nil {
			words[i] = date(ctx, d)
		}
	}
	if len(words) != 2 {
		return strings.Join(words, ", ")
	}
	return shell.T(ctx, "%s to %s", words[0], words[1])
}

// rangeWords prints a chance as the range that it is. A bound is never rounded to a certainty that it is not.
func rangeWords(ctx context.Context, r gauge.Range) string {
	low, high := bound(ctx, r[0], math.Floor), bound(ctx, r[1], math.Ceil)
	if low == high {
		return low
	}
	return shell.T(ctx, "%s to %s", low, high)
}

func bound(ctx context.Context, p float64, round func(float64) float64) string {
	switch {
	case p <= 0:
		return "0 %"
	case p >= 1:
		return "100 %"
	case p < 0.001:
		return shell.T(ctx, "under %s %%", shell.From(ctx).Lang.Decimal(0.1, 1))
	case p > 0.999:
		return shell.T(ctx, "over %s %%", shell.From(ctx).Lang.Decimal(99.9, 1))
	}
	return shell.From(ctx).Lang.Decimal(round(p*1000)/10, 1) + " %"
}

// chanceWords says why a chance is no range where it is none.
func chanceWords(ctx context.Context, r gauge.Range) string {
	switch r {
	case gauge.Range{0, 0}:
		return shell.T(ctx, "something is to be disclosed already")
	case gauge.Range{1, 1}:
		return shell.T(ctx, "nothing is left to come")
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
	mostListed    = 60 // entries of a list that opens
)

func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func after[T any](list []T, n int) []T { return list[min(n, len(list)):] }

// instances names the first few instances that are due together, or counts them for who sees no single item.
func instances(ctx context.Context, d gauge.Due) string {
	switch {
	case !shell.May(ctx, access.ReadRecords):
		return shell.N(ctx, d.Count, "%d instance", "%d instances")
	case len(d.Instances) <= 3:
		return strings.Join(d.Instances, ", ")
	}
	return shell.T(ctx, "%s and %s more", strings.Join(d.Instances[:3], ", "), count(ctx, len(d.Instances)-3))
}

// parts are the first parts of a control that deviate, such as systems; they are named after its items, so that who sees no
// single item sees none of them.
func parts(ctx context.Context, c gauge.ControlForecast) []gauge.Part {
	if !shell.May(ctx, access.ReadRecords) {
		return nil
	}
	return first(c.Parts, 3)
}

// dueDays is the day on which something falls due, or the days from the first to the last.
func dueDays(ctx context.Context, x gauge.Due) string {
	if x.Until != nil {
		return shell.T(ctx, "%s to %s", x.Due, *x.Until)
	}
	return x.Due.String()
}

// dueIn words the days from today: "in 1 day", or "in 1 to 30 days".
func dueIn(ctx context.Context, x gauge.Due) string {
	if x.Until != nil {
		return shell.T(ctx, "in %d to %d days", x.InDays, x.InDays+int(*x.Until-x.Due))
	}
	return shell.N(ctx, x.InDays, "in %d day", "in %d days")
}

func dueCaption(ctx context.Context, d forecastData) string {
	return shell.N(ctx, len(d.F.DueSoon), "%[2]s of %[1]d entry, the next to fall due first", "%[2]s of %[1]d entries, the next to fall due first", count(ctx, min(mostDue, len(d.F.DueSoon))))
}

// intervalWords says an interval with its length.
func intervalWords(ctx context.Context, s gauge.Span) string {
	if s.From == s.To {
		return s.From.String()
	}
	return shell.N(ctx, s.Days(), "%[2]s to %[3]s, %[1]d day", "%[2]s to %[3]s, %[1]d days", s.From, s.To)
}

func spansOf(ctx context.Context, list []gauge.Span) []string {
	var out []string
	for _, s := range list {
		out = append(out, intervalWords(ctx, s))
	}
	return out
}

// gapWords says how many days since the last report no report would cover.
func gapWords(ctx context.Context, o gauge.Option, f *gauge.Forecast) string {
	switch {
	case o.Period == nil:
		return shell.T(ctx, "Not about a period")
	case len(f.Chain) == 0:
		return shell.T(ctx, "No earlier report is on record")
	case o.Gap == 0:
		return shell.T(ctx, "No day without a report")
	}
	return shell.N(ctx, o.Gap, "%d day in no report", "%d days in no report")
}

// standing are the last notes, which end every forecast; particular are what was assumed of single controls before them.
func (d forecastData) standing() []string { return after(d.F.Notes, d.ending()) }

func (d forecastData) particular() []string { return first(d.F.Notes, d.ending()) }

func (d forecastData) ending() int { return max(0, len(d.F.Notes)-3) }

func orNone(ctx context.Context, s string) string {
	if s == "" {
		return shell.T(ctx, "not among the answers")
	}
	return s
}
