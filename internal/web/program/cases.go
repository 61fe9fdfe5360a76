package program

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// ran is one case with what the engine answered.
type ran struct {
	Test  string
	Case  string
	Items int
	Wrong []string // what was answered and not expected
}

// mostCases bounds what is run before a form is taken.
const (
	mostCases   = 200
	mostRecords = 5000
)

// runFile compiles a test file and runs every case in it. A test without a case, and a case that gives other verdicts
// than it says, refuse the file.
func (p *Pages) runFile(ctx context.Context, name, control, text string) ([]ran, error) {
	list, err := p.compile(name, control, text)
	if err != nil {
		return nil, err
	}
	var out []ran
	records := 0
	for _, t := range list {
		if len(t.Cases) == 0 {
			return nil, refuse("%s has no case; expected one that passes and one that fails, so that the rule shows what it does", t.ID)
		}
		for _, c := range t.Cases {
			records += len(c.Records)
			if len(out) >= mostCases || records > mostRecords {
				return nil, refuse("the file holds more than %d cases or %d records", mostCases, mostRecords)
			}
			r, err := p.runCase(ctx, t, c)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	var failed []string
	for _, r := range out {
		if len(r.Wrong) > 0 {
			failed = append(failed, fmt.Sprintf("case %q of %s: %s", r.Case, r.Test, strings.Join(r.Wrong, "; ")))
		}
	}
	if len(failed) > 0 {
		return out, refuse("%s", strings.Join(failed, ". "))
	}
	return out, nil
}

func refuse(format string, args ...any) error {
	return &fault.Error{Kind: fault.Refused, Field: "test", What: fmt.Sprintf(format, args...)}
}

func (p *Pages) runCase(ctx context.Context, t *tests.Test, c tests.Case) (ran, error) {
	out := ran{Test: t.ID, Case: c.Name}
	rows, err := p.rows(c)
	if err != nil {
		return out, err
	}
	answered, err := p.o.Cases.Run(ctx, t.Plan, p.world(t, c, rows), rows)
	if err != nil {
		return out, err
	}
	got, open := map[string]string{}, 0
	for _, a := range answered {
		if a.InProgress {
			open++
			continue
		}
		got[a.Key] = told(t.Plan, a)
	}
	out.Items = len(got)
	for _, key := range slices.Sorted(maps.Keys(c.Expect)) {
		is, ok := got[key]
		if !ok {
			is = "absent"
		}
		if want := c.Expect[key]; is != want {
			out.Wrong = append(out.Wrong, fmt.Sprintf("%s is %s; the case expects %s", key, is, want))
		}
		delete(got, key)
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		out.Wrong = append(out.Wrong, fmt.Sprintf("%s is %s; the case does not expect it", key, got[key]))
	}
	if c.Open >= 0 && open != c.Open {
		out.Wrong = append(out.Wrong, fmt.Sprintf("%d items are in progress; the case expects %d", open, c.Open))
	}
	return out, nil
}

// rows converts the records of a case as an import would.
func (p *Pages) rows(c tests.Case) ([]*register.Row, error) {
	var out []*register.Row
	for _, r := range c.Records {
		s, ok := p.o.Registers.Schema(r.Register)
		if !ok {
			return nil, refuse("case %q, line %d: there is no register %s%s", c.Name, r.Line, r.Register, register.DidYouMean(r.Register, p.o.Registers.Names()))
		}
		v, err := register.ParseJSON(r.Register, r.Line, []byte(r.JSON))
		if err != nil {
			return nil, refuse("case %q: %v", c.Name, err)
		}
		row, err := register.Convert(s, r.Register, register.Input{Line: r.Line, Fields: v.Members})
		if err != nil {
			return nil, refuse("case %q: %v", c.Name, err)
		}
		out = append(out, row)
	}
	return out, nil
}

// world is what a case takes for given: a register without a row was never pulled, which proves nothing but in a
// schedule.
func (p *Pages) world(t *tests.Test, c tests.Case, rows []*register.Row) rule.World {
	w := rule.World{Period: c.Period, KnownAt: c.KnownAt, Unproven: map[string]bool{}}
	if w.KnownAt == civil.Never {
		w.KnownAt = civil.InstantOf(c.Period.End().Time().AddDate(1, 0, 0))
	}
	filled := map[string]bool{}
	for _, r := range rows {
		filled[r.Register] = true
		if s, ok := p.o.Registers.Schema(r.Register); ok && r.Register == "holidays" {
			i := slices.IndexFunc(s.Fields, func(f register.Field) bool { return f.Name == "day" })
			if day, ok := r.Columns[i].(int64); ok {
				if w.Holidays.Days == nil {
					w.Holidays.Days = map[civil.Date]bool{}
				}
				w.Holidays.Days[civil.Date(day)] = true
			}
		}
	}
	for _, n := range p.o.Registers.Names() {
		if !filled[n] && t.Shape != assure.Schedule {
			w.Unproven[n] = true
		}
	}
	return w
}

// told is how a case writes an item's verdict: the word, and the letters that have it.
func told(plan *rule.Plan, a rule.Answered) string {
	v := a.Verdict()
	if v == assure.Pass || v == assure.NotApplicable {
		return string(v)
	}
	var letters []string
	for i, x := range a.Verdicts {
		if x == v {
			letters = append(letters, plan.Checks[i].ID)
		}
	}
	return string(v) + " " + strings.Join(letters, "")
}
