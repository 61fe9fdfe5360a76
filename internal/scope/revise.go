package scope

import (
	"slices"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
)

// Revision is how a control is to read from a day on.
type Revision struct {
	Control     assure.Control
	Test        string // the test file; empty when the control has no compiled test
	From        civil.Date
	Editorial   bool        // only the wording changes: the test of the version before goes on
	Implemented *civil.Date // when what it says is in place; absent: designed only
	Today       civil.Date  // a version that begins later may still be replaced
}

// Revise begins a version of a control on a day, and ends the version before it on the day before. A version that has not
// begun is replaced; one that has is never rewritten here.
func (f Folder) Revise(r Revision) (Folder, error) {
	f.Versions = slices.Clone(f.Versions)
	last, before := f.last(r.Control.ID)
	if last < 0 {
		if r.Editorial {
			return f, field("editorial", "the first version of a control has no wording before it to mend")
		}
		f.Versions = append(f.Versions, Version{Control: r.Control, Version: 1, From: r.From, Implemented: r.Implemented, Test: r.Test})
		slices.SortStableFunc(f.Versions, byControl)
		return f, nil
	}
	v := f.Versions[last]
	ahead := v.From > r.Today && v.From != First
	prior := last
	if ahead {
		prior = before
	}
	if prior >= 0 {
		if err := f.follows(prior, r); err != nil {
			return f, err
		}
	} else if r.Editorial {
		return f, field("editorial", "the first version of a control has no wording before it to mend")
	}
	n := Version{Control: r.Control, Version: v.Version + 1, From: r.From, Editorial: r.Editorial, Implemented: r.Implemented, Test: r.Test}
	if r.Editorial {
		n.Test = f.Versions[prior].Test
	}
	if ahead {
		n.Version, n.To = v.Version, v.To
		f.Versions[last] = n
		return f, nil
	}
	f.Versions = slices.Insert(f.Versions, last+1, n)
	return f, nil
}

// follows ends the version before on the day before the new one, and asks that a mended wording be no more than that.
func (f Folder) follows(prior int, r Revision) error {
	p := &f.Versions[prior]
	if r.From <= p.From {
		return field("from", "version %d is in force from %s; expected a later day", p.Version, p.From)
	}
	if r.Editorial && r.Implemented != nil {
		return field("implemented", "a mended wording is not implemented anew; the date of the version before goes on")
	}
	if r.Editorial {
		if name := material(p.Control, r.Control); name != "" {
			return field("editorial", "the %s changes, which is more than wording", name)
		}
		if r.Test != "" && r.Test != p.Test {
			return field("editorial", "the test changes, which is more than wording")
		}
	}
	if p.To == nil || *p.To >= r.From {
		end := r.From - 1
		p.To = &end
	}
	return nil
}

// material names what differs between two texts of a control beside their wording.
func material(a, b assure.Control) string {
	switch {
	case a.Owner != b.Owner:
		return "owner"
	case a.Frequency != b.Frequency:
		return "frequency"
	case a.Nature != b.Nature || a.Type != b.Type || a.Key != b.Key:
		return "kind of control"
	case a.Shape != b.Shape || a.Source != b.Source:
		return "population"
	case !slices.Equal(a.EvidenceTypes, b.EvidenceTypes):
		return "evidence"
	case !slices.Equal(a.Criteria, b.Criteria), !slices.Equal(a.Supporting, b.Supporting), !slices.Equal(a.ISO27001, b.ISO27001), !slices.Equal(a.Objectives, b.Objectives):
		return "mapping"
	}
	return ""
}

// last finds a control's latest version and the one before it; -1 where there is none.
func (f Folder) last(control string) (last, before int) {
	last, before = -1, -1
	for i, v := range f.Versions {
		if v.Control.ID == control {
			last, before = i, last
		}
	}
	return last, before
}

func byControl(a, b Version) int {
	switch {
	case a.Control.ID < b.Control.ID:
		return -1
	case a.Control.ID > b.Control.ID:
		return 1
	}
	return a.Version - b.Version
}

// Retire gives a control's latest version its last day.
func (f Folder) Retire(control string, last civil.Date) (Folder, error) {
	f.Versions = slices.Clone(f.Versions)
	i, _ := f.last(control)
	if i < 0 {
		return f, field("to", "there is no control %q", control)
	}
	v := &f.Versions[i]
	if last < v.From {
		return f, field("to", "version %d begins on %s; expected a day from then on", v.Version, v.From)
	}
	v.To = &last
	return f, nil
}

// Implement says from which day what a control's version says has been in place. A mended wording has no such day of its
// own: the version whose test goes on has it.
func (f Folder) Implement(control string, version int, on civil.Date) (Folder, error) {
	f.Versions = slices.Clone(f.Versions)
	for i := len(f.Versions) - 1; i >= 0; i-- {
		v := &f.Versions[i]
		if v.Control.ID == control && v.Version <= version && !v.Editorial {
			v.Implemented = &on
			return f, nil
		}
	}
	return f, field("implemented", "there is no version %d of control %q", version, control)
}

// Of lists the versions of one control, the first first.
func (f Folder) Of(control string) []Version {
	var out []Version
	for _, v := range f.Versions {
		if v.Control.ID == control {
			out = append(out, v)
		}
	}
	return out
}

// InForce finds the version of a control that is in force on a day.
func InForce(versions []Version, on civil.Date) (Version, bool) {
	for i := len(versions) - 1; i >= 0; i-- {
		if v := versions[i]; v.From <= on && (v.To == nil || *v.To >= on) {
			return v, true
		}
	}
	return Version{}, false
}

// State is where a control stands in its life.
type State string

// The states, in the order of a control's life.
const (
	Draft       State = "draft"       // no version has begun
	Designed    State = "designed"    // in force, and nobody has said that it is in place
	Implemented State = "implemented" // in place since a day
	Operating   State = "operating"   // in place, and records show it acting
	Retired     State = "retired"     // its last day is over
)

// States lists them.
func States() []State { return []State{Draft, Designed, Implemented, Operating, Retired} }

// StateOf says where a control stands on a day, and since when where that is known: from its versions, and from whether
// records show it acting.
func StateOf(versions []Version, on civil.Date, acted bool) (State, *civil.Date) {
	v, ok := InForce(versions, on)
	switch {
	case !ok && (len(versions) == 0 || versions[0].From > on):
		return Draft, nil
	case !ok:
		last := versions[len(versions)-1]
		return Retired, last.To
	}
	since := implementedBy(versions, v)
	switch {
	case since == nil || *since > on:
		return Designed, nil
	case acted:
		return Operating, since
	}
	return Implemented, since
}

// implementedBy is the date of the version whose test is in force.
func implementedBy(versions []Version, v Version) *civil.Date {
	if !v.Editorial {
		return v.Implemented
	}
	for i := len(versions) - 1; i >= 0; i-- {
		if b := versions[i]; b.Version < v.Version && !b.Editorial {
			return b.Implemented
		}
	}
	return nil
}

// Uncovered lists the criteria in scope to which no control in force on a day is a primary contribution.
func Uncovered(p Program, c *catalog.Catalog, versions []Version, on civil.Date) ([]catalog.Criterion, error) {
	in, err := p.Criteria(c)
	if err != nil {
		return nil, err
	}
	served := map[string]bool{}
	for _, v := range versions {
		if v.From <= on && (v.To == nil || *v.To >= on) {
			for _, m := range catalog.Mappings(v.Control) {
				served[m.Framework+"\n"+m.Criterion] = served[m.Framework+"\n"+m.Criterion] || m.Contribution == catalog.Primary
			}
		}
	}
	var out []catalog.Criterion
	for _, cr := range in {
		if !served[cr.Framework+"\n"+cr.ID] {
			out = append(out, cr)
		}
	}
	return out, nil
}
