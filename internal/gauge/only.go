package gauge

import "slices"

// Only is the readiness of some controls: they, the criteria that rest on one of them, and their gaps, with the status
// and the counts of these alone. Journey, effort and categories speak of the whole and are left out.
func (r Readiness) Only(controls ...string) Readiness {
	in := func(id string) bool { return slices.Contains(controls, id) }
	r.Controls = slices.DeleteFunc(slices.Clone(r.Controls), func(c ControlStatus) bool { return !in(c.ID) })
	r.Gaps = slices.DeleteFunc(slices.Clone(r.Gaps), func(g Gap) bool { return !in(g.Control) })
	r.Criteria = slices.DeleteFunc(slices.Clone(r.Criteria), func(c CriterionStatus) bool { return !slices.ContainsFunc(c.Primary, in) })
	r.Counts, r.ControlCounts, r.Own = Counts{}, Counts{}, Green
	for _, c := range r.Criteria {
		r.Counts.add(c.Status)
	}
	worst := Green
	for _, c := range r.Controls {
		r.ControlCounts.add(c.Status)
		worst = Worst(worst, c.Status)
	}
	r.Status = worst.Word()
	r.Categories, r.Journey, r.NotRelevant, r.Days, r.Effort = []CategoryStatus{}, []Stage{}, nil, "", Effort{Label: r.Effort.Label}
	return r
}
