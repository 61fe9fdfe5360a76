package examine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/rule"
)

// inForce notes the days of the period on which no version of the control was in force, next to the
// version that begins after them or ends before them: a control that started or was retired in the
// period did not operate throughout (handbook E12, E13).
func inForce(r Request, u Unit, t *assure.TestResult) {
	covered := func(d civil.Date) bool {
		return slices.ContainsFunc(r.Units, func(o Unit) bool { return o.Control == u.Control && o.From <= d && d <= o.To })
	}
	if u.From > r.Period.From && !covered(u.From-1) {
		first := u.From - 1
		for first > r.Period.From && !covered(first-1) {
			first--
		}
		t.Notes = append(t.Notes, notInForce(first, u.From-1, fmt.Sprintf("it starts on %s", u.From)))
	}
	if u.To < r.Period.To && !covered(u.To+1) && !slices.ContainsFunc(r.Units, func(o Unit) bool { return o.Control == u.Control && o.From > u.To }) {
		t.Notes = append(t.Notes, notInForce(u.To+1, r.Period.To, fmt.Sprintf("it was retired after %s", u.To)))
	}
}

func notInForce(from, to civil.Date, why string) string {
	return fmt.Sprintf("the control was not in force from %s to %s: %s. For these days its criteria rest on other controls, or on none", from, to, why)
}

// few is the number of items from which a share of them is worth a note.
const few = 5

// shares notes how many events did not need the control where they are a fifth of all or more: each may
// be in order, and yet a rule that so many are excepted from may not suit (handbook E33).
func shares(p *rule.Plan, t *assure.TestResult) {
	if t.Shape != assure.Event || t.NotApplicable < few || t.NotApplicable*5 < t.Population {
		return
	}
	var why []string
	for _, s := range p.Skips {
		why = append(why, s.Reason)
	}
	t.Notes = append(t.Notes, fmt.Sprintf("%d of %d items (%s) did not need the control (%s): ask whether its design suits what happens",
		t.NotApplicable, t.Population, percent(t.NotApplicable, t.Population), strings.Join(why, "; or ")))
}

// percent prints a share with one digit, in whole numbers throughout.
func percent(k, n int) string {
	tenths := (2000*k + n) / (2 * n)
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// mostActs bounds the items of a checklist whose acts are looked up for a note.
const mostActs = 2000

// earlier notes the instances that were performed before the period: what was tested then is an
// earlier operation, and none took place inside the period (handbook E15).
func (e *Examiner) earlier(ctx context.Context, s Session, u Unit, w rule.World, t *assure.TestResult) error {
	i := slices.IndexFunc(u.Plan.Sets, func(x *rule.Set) bool { return x.Control != "" })
	if i < 0 || t.Shape != assure.Schedule || t.Population > mostActs {
		return nil
	}
	var keys []string
	err := s.Run(ctx, u.Plan, w, nil, true, func(a rule.Answered) error {
		if !a.InProgress {
			keys = append(keys, a.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(keys)
	facts, err := s.Facts(ctx, u.Plan, w, keys)
	if err != nil {
		return err
	}
	row := u.Plan.Sets[i].Row
	for _, k := range keys {
		if facts[k] == nil {
			continue
		}
		for _, x := range facts[k].Sets[row] {
			if d, ok := x[row.Name+"__performed_on"].(int64); ok && civil.Date(d) < w.Period.From {
				t.Notes = append(t.Notes, fmt.Sprintf("%s was performed on %s, before the period: that operation was tested, and none took place inside the period", k, civil.Date(d)))
			}
		}
	}
	return nil
}

// exceptions notes how many items an approved exception covers. Each may be in order; where most are, the
// control is empty, which is a question of its design (handbook E46).
func (e *Examiner) exceptions(ctx context.Context, s Session, r Request, u Unit, w rule.World, t *assure.TestResult) error {
	var covered *rule.Exists
	u.Plan.Walk(func(x rule.Expr) {
		if ex, ok := x.(*rule.Exists); ok && !ex.None && ex.Set.Of == nil && ex.Set.Row.Schema.Name == "waivers" {
			covered = ex
		}
	})
	if covered == nil {
		return nil
	}
	// The same population with one question: whether an exception as the rule wants it is there. It is kept and
	// amended like any run.
	p := *u.Plan
	p.Checks = []*rule.Check{{ID: "A", Text: "Covered by an approved exception", Cond: covered, Reason: "no exception covers it"}}
	u.Test, u.Plan = u.Test+"-excepted", &p
	tally := newTally(&p, w, false)
	err := e.decide(ctx, s, r, u, w, tally)
	if err != nil {
		return err
	}
	if name := e.kept(r, u, w); name != "" && !tally.same {
		err = e.Cache.Store(name, Kept{Size: r.Size, KnownAt: r.KnownAt, Counts: tally.Counts})
	}
	n := tally.Counts.Passed
	if err == nil && n > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d of %d items (%s) are covered by an approved exception", n, t.Population, percent(n, t.Population)))
	}
	return err
}

// mostValues is how many values of a field one note counts.
const mostValues = 5

// leftOut notes, where a population of events is empty, which records of its register are dated in the period and
// are no items by the value of one field: a word that a source spells otherwise would leave all of them out.
func leftOut(ctx context.Context, s Session, p *rule.Plan, w rule.World, t *assure.TestResult) error {
	if t.Shape != assure.Event || len(p.Sources) != 1 || p.Sources[0].Kind != rule.FromRegister {
		return nil
	}
	for _, c := range rule.Conjuncts(p.Where) {
		f, wanted := asks(c)
		if f == nil || f.Row != p.Sources[0] {
			continue
		}
		// The records dated in the period, each called by the value of the field.
		q := *p
		q.Key, q.Where, q.Skips, q.Due, q.Open = []rule.Expr{f}, nil, nil, nil, nil
		q.Checks = []*rule.Check{{ID: "A", Text: "Dated in the period", Cond: &rule.Lit{T: rule.Bool, V: true}, Reason: "never"}}
		count, total := map[string]int{}, 0
		err := s.Run(ctx, &q, w, nil, true, func(a rule.Answered) error {
			if a.Key != "?" && !slices.Contains(wanted, a.Key) { // what is not said leaves nothing out
				count[a.Key]++
				total++
			}
			return nil
		})
		if err != nil {
			return err
		}
		if total > 0 {
			t.Notes = append(t.Notes, fmt.Sprintf("%s of %s dated in the period %s: %s is %s", plural(total, "record"), p.Sources[0].Schema.Name,
				map[bool]string{true: "is no item", false: "are no items"}[total == 1], strings.ReplaceAll(f.Name, "_", " "), counted(count)))
		}
	}
	return nil
}

// asks returns the field of which a condition wants one of some texts.
func asks(c rule.Expr) (*rule.Field, []string) {
	var x rule.Expr
	var wanted []string
	switch c := rule.Bare(c).(type) {
	case *rule.Binary:
		text, ok := c.R.(*rule.Lit)
		if c.Op != "=" || !ok || text.T != rule.Text {
			return nil, nil
		}
		x, wanted = c.L, []string{text.V.(string)}
	case *rule.In:
		x, wanted = c.X, c.List
	}
	if g, ok := x.(*rule.Given); ok {
		x = g.X
	}
	f, _ := x.(*rule.Field)
	return f, wanted
}

// counted words how often each value came, the most frequent first.
func counted(count map[string]int) string {
	values := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	var out []string
	for _, v := range values[:min(len(values), mostValues)] {
		said := v
		if v == "" {
			said = "empty"
		}
		out = append(out, fmt.Sprintf("%s (%d)", said, count[v]))
	}
	if n := len(values) - mostValues; n > 0 {
		out = append(out, fmt.Sprintf("or one of %d other values", n))
	}
	return strings.Join(out, ", ")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
