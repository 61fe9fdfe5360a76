package examine

import (
	"context"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
)

// silent is a register of which one thing speaks against its silence.
type silent struct {
	Completeness
	why string
}

func (s silent) Absence(context.Context, id.Org, string, int64, civil.Instant, civil.Period) (string, error) {
	return s.why, nil
}

// TestNothing: zero only for events, and only with a passed check and nothing against it.
func TestNothing(t *testing.T) {
	t.Parallel()
	passed := assure.Check{Check: "C2", Status: assure.Passed, Register: "changes"}
	failed := assure.Check{Check: "C4", Status: assure.Failed, Register: "changes", Detail: "two are not there"}
	other := assure.Check{Check: "C2", Status: assure.Passed, Register: "reviews"}
	accurate := assure.Check{Check: "A2", Status: assure.Passed, Register: "changes"}
	for name, tc := range map[string]struct {
		shape    assure.Shape
		progress int
		checks   []assure.Check
		why      string
		want     assure.Outcome
		note     string
	}{
		"shown":                  {shape: assure.Event, checks: []assure.Check{passed}, want: assure.NoOccurrence},
		"no check":               {shape: assure.Event, want: assure.Gap, note: "no check of completeness passed for changes"},
		"accuracy alone":         {shape: assure.Event, checks: []assure.Check{accurate}, want: assure.Gap, note: "no check of completeness passed"},
		"of another register":    {shape: assure.Event, checks: []assure.Check{other}, want: assure.Gap, note: "no check of completeness passed"},
		"passed and failed":      {shape: assure.Event, checks: []assure.Check{passed, failed}, want: assure.Gap, note: "C4 of changes failed: two are not there"},
		"passed, but broken":     {shape: assure.Event, checks: []assure.Check{passed}, why: "the last pull is old", want: assure.Gap, note: "the last pull is old"},
		"a schedule":             {shape: assure.Schedule, checks: []assure.Check{passed}, want: assure.Gap, note: "cannot be empty"},
		"a state":                {shape: assure.State, checks: []assure.Check{passed}, want: assure.Gap, note: "cannot be empty"},
		"a roster":               {shape: assure.Roster, checks: []assure.Check{passed}, want: assure.Gap, note: "cannot be empty"},
		"a schedule not due yet": {shape: assure.Schedule, progress: 8, checks: []assure.Check{passed}, want: assure.Gap, note: "nothing has fallen due yet"},
	} {
		r := assure.TestResult{Shape: tc.shape, InProgress: tc.progress, Registers: []string{"changes"}, Completeness: tc.checks}
		e := &Examiner{Completeness: silent{why: tc.why}}
		if err := e.nothing(context.Background(), Request{}, civil.Period{}, &r); err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(r.Notes, "\n"); r.Outcome != tc.want || !strings.Contains(notes, tc.note) || (notes == "") != (tc.note == "") {
			t.Errorf("%s: %s, notes %q; want %s with %q", name, r.Outcome, notes, tc.want, tc.note)
		}
	}
}
