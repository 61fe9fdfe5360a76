package gauge

import (
	"testing"
)

// TestReadinessOnly: some controls are shown with their criteria, gaps and counts, and never better than they are.
func TestReadinessOnly(t *testing.T) {
	t.Parallel()
	r := Readiness{Status: "ready", Own: Red,
		Controls: []ControlStatus{{ID: "A-01", Status: Red}, {ID: "B-01", Status: Green}, {ID: "C-01", Status: Amber}},
		Criteria: []CriterionStatus{{ID: "CC1.1", Status: Red, Primary: []string{"A-01", "B-01"}}, {ID: "CC1.2", Status: Amber, Primary: []string{"C-01"}}},
		Gaps:     []Gap{{Rule: "G01", Criterion: "CC1.1"}, {Rule: "G04", Control: "B-01"}, {Rule: "G13", Control: "A-01"}}}
	got := r.Only("B-01", "C-01")
	if got.Status != "at_risk" || len(got.Controls) != 2 || len(got.Criteria) != 2 || len(got.Gaps) != 1 || got.Gaps[0].Rule != "G04" ||
		got.ControlCounts != (Counts{0, 1, 1}) || got.Counts != (Counts{1, 1, 0}) || got.Own != Green {
		t.Errorf("Only = %+v", got)
	}
	if len(r.Controls) != 3 || len(r.Gaps) != 3 {
		t.Errorf("the whole was changed: %+v", r)
	}
}
