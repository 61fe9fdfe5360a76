package gauge

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Check refuses facts that contradict themselves, so that no answer rests on them: it returns the first fault.
func (f *Facts) Check() error {
	switch t := f.Term.(type) {
	case Type1:
	case Type2:
		if t.Period.To < t.Period.From {
			return fault.Refuse("the period ends on %s, before it starts on %s", t.Period.To, t.Period.From)
		}
	default:
		return fault.Refuse("the report has no date and no period; expected one of them")
	}
	if f.Today == 0 {
		return fault.Refuse("today is missing; expected the day up to whose end the facts are known")
	}
	known := make(map[string]bool, len(f.Controls))
	for i := range f.Controls {
		c := &f.Controls[i]
		if c.ID == "" || known[c.ID] {
			return fault.Refuse("the control %q has no name or stands twice; expected each control once", c.ID)
		}
		known[c.ID] = true
		for _, s := range c.Spans {
			if s.To < s.From {
				return fault.Refuse("%s: is in force from %s to %s; expected an end that is not before the start", c.ID, s.From, s.To)
			}
		}
		if c.Tolerable != nil && (*c.Tolerable < 0 || *c.Tolerable > 10000) {
			return fault.Refuse("%s: tolerates %d basis points; expected 0 to 10000", c.ID, *c.Tolerable)
		}
	}
	if err := f.checkDates(); err != nil {
		return err
	}
	return f.checkCounts()
}

func (f *Facts) checkDates() error {
	for i := range f.Deviations {
		d := &f.Deviations[i]
		if began := d.began(); d.Ended != nil && *d.Ended < began {
			return fault.Refuse("%s/%s: its condition ended on %s, before it began on %s", d.Control, d.Key, *d.Ended, began)
		}
	}
	for i := range f.Results {
		if r := &f.Results[i]; r.Passed+r.Deviating+r.Undecided+r.NotApplicable != r.Population {
			return fault.Refuse("%s, test %s: the counts do not add up to the population of %d", r.Control, r.Test, r.Population)
		}
	}
	return nil
}

func (f *Facts) checkCounts() error {
	for _, s := range f.Samples {
		if s.Size < 1 || s.Size > s.Population || s.Deviations < 0 || s.Deviations > s.Size {
			return fault.Refuse("%s: a sample of %d of %d items with %d deviations; expected 1 to all of the items, and no more deviations than that",
				s.Control, s.Size, s.Population, s.Deviations)
		}
	}
	for _, e := range f.Evidence {
		n := 0
		for _, l := range e.Lacks {
			n += max(l.Count, 1)
		}
		if n > e.Instances {
			return fault.Refuse("%s: evidence is lacking for %d instances of %d", e.Control, n, e.Instances)
		}
	}
	return nil
}

// began is the first day of the condition, as the conservative reading has it.
func (d *Deviation) began() civil.Date {
	if d.Began == nil {
		return d.Member
	}
	return *d.Began
}

// Only keeps the controls named, with what concerns them, and everything that concerns the report as a whole. A name
// that is none of the controls' is refused. Without names nothing is left out.
func (f Facts) Only(controls ...string) (Facts, error) {
	if len(controls) == 0 {
		return f, nil
	}
	var known []string
	for i := range f.Controls {
		known = append(known, f.Controls[i].ID)
	}
	for _, id := range controls {
		if !slices.Contains(known, id) {
			return f, fault.Refuse("%q is no control in scope", id).WithHint("%s", nearest(id, known))
		}
	}
	in := func(id string) bool { return slices.Contains(controls, id) }
	f.Controls = keep(f.Controls, func(c *Control) bool { return in(c.ID) })
	return f, nil
}

func keep[T any](list []T, in func(*T) bool) []T {
	var out []T
	for i := range list {
		if in(&list[i]) {
			out = append(out, list[i])
		}
	}
	return out
}

// nearest words what may have been meant: the names that begin alike, or the first ones, each once.
func nearest(name string, names []string) string {
	var known []string
	seen := make(map[string]bool, len(names))
	for _, k := range names {
		if !seen[k] {
			known = append(known, k)
		}
		seen[k] = true
	}
	for n := len(name); n > 0; n-- {
		var alike []string
		for _, k := range known {
			if strings.HasPrefix(strings.ToLower(k), strings.ToLower(name[:n])) {
				alike = append(alike, k)
			}
		}
		if len(alike) > 0 {
			return "known are " + some(alike)
		}
	}
	if len(known) == 0 {
		return "none is known"
	}
	return "known are " + some(known)
}
