package gauge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// If is a supposition about one instance of a control.
type If struct {
	Control string
	Key     string
	Outcome Outcome
	Days    int // late, with Late
}

// Outcome is what is supposed of an instance.
type Outcome string

// The outcomes.
const (
	Done   Outcome = "done"   // by its due date
	Late   Outcome = "late"   // so many days after it
	Missed Outcome = "missed" // never; the next instance heals what it left
)

const form = "expected CONTROL/INSTANCE=late:Nd, =missed or =done, as in IAM-04/billing/2026-Q3=late:10d"

// maxLate bounds a supposed delay; a longer one is a typing error.
const maxLate = 3660

// ParseIf reads a supposition. Anything else than the form is refused, with what was expected.
func ParseIf(s string) (If, error) {
	i := strings.LastIndexByte(s, '=')
	if i < 0 {
		return If{}, fault.Refuse("%q supposes nothing; %s", s, form)
	}
	name, what := s[:i], s[i+1:]
	control, key, ok := strings.Cut(name, "/")
	if !ok || control == "" || key == "" || strings.TrimSpace(name) != name {
		return If{}, fault.Refuse("%q names no instance of a control; %s", name, form)
	}
	out := If{Control: control, Key: key, Outcome: Outcome(what)}
	if out.Outcome == Done || out.Outcome == Missed {
		return out, nil
	}
	days, ok := strings.CutPrefix(what, "late:")
	if !ok {
		return If{}, fault.Refuse("%q is no outcome; %s", what, form)
	}
	number, ok := strings.CutSuffix(days, "d")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > maxLate || strconv.Itoa(n) != number {
		return If{}, fault.Refuse("%q is no delay; expected a number of days from 1 to %d with a d after it, as in late:10d", days, maxLate)
	}
	out.Outcome, out.Days = Late, n
	return out, nil
}

// String prints the supposition in the form it is read in.
func (x If) String() string {
	s := x.Control + "/" + x.Key + "=" + string(x.Outcome)
	if x.Outcome == Late {
		s += fmt.Sprintf(":%dd", x.Days)
	}
	return s
}

// Suppose returns the facts as they would be. The facts given stay as they are. An instance that nobody knows is refused:
// its due date would be a guess.
func (f Facts) Suppose(list ...If) (Facts, error) {
	f.Instances, f.Deviations, f.Results = slices.Clone(f.Instances), slices.Clone(f.Deviations), slices.Clone(f.Results)
	for _, x := range list {
		if err := f.suppose(x); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f *Facts) suppose(x If) error {
	if !slices.ContainsFunc(f.Controls, func(c Control) bool { return c.ID == x.Control }) {
		var ids []string
		for i := range f.Controls {
			ids = append(ids, f.Controls[i].ID)
		}
		return fault.Refuse("%s: %q is no control in scope", x, x.Control).WithHint("%s", nearest(x.Control, ids))
	}
	v := newView(f, Defaults())
	c := v.byID[x.Control]
	due, owner, known := f.instance(v, c, x.Key)
	if !known {
		var keys []string
		for _, i := range c.instances {
			keys = append(keys, i.Key)
		}
		for _, b := range c.bad {
			keys = append(keys, b.key)
		}
		return fault.Refuse("%s: %q is no instance of %s that is known", x, x.Key, x.Control).WithHint("%s", nearest(x.Key, keys))
	}
	says := x.against(v, c)
	f.others(x, v, c, due)
	was := f.state(v, c, x.Key)
	f.setInstance(Instance{Control: x.Control, Key: x.Key, Due: due, Done: x.done(due), Owner: owner, supposed: true})
	f.Deviations = slices.DeleteFunc(f.Deviations, func(d Deviation) bool { return d.Control == x.Control && d.Key == x.Key })
	if x.Outcome != Done {
		d := Deviation{Control: x.Control, Key: x.Key, Member: due, Ended: x.done(due), Late: true, supposed: true}
		if x.Outcome == Missed {
			d.Ended = v.healed(c, due)
		}
		f.Deviations = append(f.Deviations, d)
	}
	now := assure.Deviation
	if x.Outcome == Done {
		now = assure.Pass
	}
	f.recount(x.Control, x.Key, due, was, now)
	echo := x.String()
	if says != "" {
		f.contradicted = append(slices.Clone(f.contradicted), fmt.Sprintf("%s: the records say otherwise: %s", x, says))
		echo += " (the records say otherwise: " + says + ")"
	}
	f.supposed = append(slices.Clone(f.supposed), echo)
	return nil
}

// against says what is on record of the instance where the supposition contradicts it; empty where nothing does. Such a
// supposition stands: what might have been is a fair question, as long as nobody takes it for what was.
func (x If) against(v *view, c *subject) string {
	for _, i := range c.instances {
		if i.Key == x.Key && !i.supposed && (i.Done != nil || i.Due <= v.Today) {
			return x.contradicts(i.Due, i.Done, v.Today)
		}
	}
	for i := range c.bad {
		switch b := &c.bad[i]; {
		case b.key != x.Key || b.supposed:
		case b.late && b.end != civil.MaxDate:
			return x.contradicts(b.member, &b.end, v.Today)
		case b.late && !b.guess:
			return x.contradicts(b.member, nil, v.Today)
		case x.Outcome == Done:
			return "it deviates"
		default:
			return ""
		}
	}
	for _, r := range c.results {
		passed := func(i assure.Item) bool { return i.Key == x.Key && i.Verdict == assure.Pass }
		if x.Outcome != Done && slices.ContainsFunc(r.Items, passed) {
			return "it passed its test"
		}
	}
	return ""
}

// contradicts words how an act was done, if it was, where that is not what is supposed.
func (x If) contradicts(due civil.Date, done *civil.Date, today civil.Date) string {
	want := x.done(due)
	switch {
	case done == nil || *done > today:
		if want == nil || *want > today {
			return ""
		}
		return "not done by " + today.String()
	case *done > due:
		if x.Outcome == Late && *want == *done {
			return ""
		}
		return fmt.Sprintf("done on %s, %s after it was due", *done, count(int(*done-due), "day", "days"))
	case x.Outcome == Done:
		return ""
	}
	return fmt.Sprintf("done on %s, in time", *done)
}

// instance finds the due date of an item: where instances are told, where deviations are, or in the results of a test.
func (f *Facts) instance(v *view, c *subject, key string) (due civil.Date, owner string, ok bool) {
	for _, i := range c.instances {
		if i.Key == key {
			return i.Due, i.Owner, true
		}
	}
	for _, b := range c.bad {
		if b.key == key {
			return b.member, "", true
		}
	}
	for _, r := range c.results {
		for i := range r.Items {
			if d, dated := v.dateOf(r.Items[i].EventTime); dated && r.Items[i].Key == key {
				return d, "", true
			}
		}
	}
	return 0, "", false
}

// done is the day on which the instance is supposed to be done; nil: never.
func (x If) done(due civil.Date) *civil.Date {
	switch x.Outcome {
	case Done:
		return &due
	case Late:
		d := due + civil.Date(x.Days)
		return &d
	}
	return nil
}

// healed is the day on which the next instance is due, which makes up for one that was missed; nil where none is known.
func (v *view) healed(c *subject, due civil.Date) *civil.Date {
	dates := v.dueDates(c).dates
	i, found := slices.BinarySearch(dates, due)
	if found {
		i++
	}
	if i >= len(dates) {
		return nil
	}
	return &dates[i]
}

// others takes what else of the control is due by then, and lies ahead, to be done in time: what is supposed of one
// is told among all that are due by its date.
func (f *Facts) others(x If, v *view, c *subject, due civil.Date) {
	for _, i := range c.instances {
		if i.supposed || i.Key == x.Key || i.Due <= v.Today || i.Due > due || i.Done != nil && *i.Done <= v.Today {
			continue
		}
		day := i.Due
		f.setInstance(Instance{Control: i.Control, Key: i.Key, Due: i.Due, Done: &day, Owner: i.Owner, supposed: true})
		f.recount(i.Control, i.Key, i.Due, "", assure.Pass)
	}
}

// state is the verdict on the item before; empty when it is no item yet.
func (f *Facts) state(v *view, c *subject, key string) assure.Verdict {
	for _, b := range c.bad {
		if b.key == key {
			return assure.Deviation
		}
	}
	for _, r := range c.results {
		for i := range r.Findings {
			if r.Findings[i].Key == key {
				return r.Findings[i].Verdict
			}
		}
	}
	for _, i := range c.instances {
		switch {
		case i.Key != key:
		case i.Due > v.Today && !i.supposed:
			return ""
		case i.Done == nil || *i.Done > i.Due:
			return assure.Deviation
		}
	}
	return assure.Pass
}

func (f *Facts) setInstance(x Instance) {
	for i := range f.Instances {
		if f.Instances[i].Control == x.Control && f.Instances[i].Key == x.Key {
			f.Instances[i] = x
			return
		}
	}
	f.Instances = append(f.Instances, x)
}

// recount moves the item in the counts of the test that holds it, so that they say what a test would.
func (f *Facts) recount(control, key string, due civil.Date, was, now assure.Verdict) {
	for i := range f.Results {
		r := &f.Results[i]
		if r.Control != control || due < r.From || due > r.To {
			continue
		}
		switch {
		case was == assure.Deviation && r.Deviating > 0:
			r.Deviating--
		case was == assure.Undecided && r.Undecided > 0:
			r.Undecided--
		case was == assure.Pass && r.Passed > 0:
			r.Passed--
		default: // it is no item yet, or the test does not know it
			r.Population++
			r.InProgress = max(0, r.InProgress-1)
			r.Outcome = assure.Tested
		}
		if now == assure.Pass {
			r.Passed++
		} else {
			r.Deviating++
		}
		r.Findings = slices.DeleteFunc(slices.Clone(r.Findings), func(y assure.Finding) bool { return y.Key == key })
		return
	}
}
