package example_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/civil"
)

// TestWalkthroughs: one for each control of the report within twelve months before the period's end, but for those that
// were planted; by somebody in service then; and of an instance that nothing is wrong with. It holds for other seeds.
func TestWalkthroughs(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := open(t, seed)
		end := w.story.Period.To
		got := map[string][]string{}
		seen := map[string]bool{}
		for _, r := range w.records["walkthroughs"] {
			id := r["control"].(string)
			on, err := civil.ParseDate(r["performed_on"].(string))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case !w.control(id):
				t.Errorf("seed %d: a walkthrough of %s, which is no control of the report", seed, id)
			case seen[id]:
				t.Errorf("seed %d: two walkthroughs of %s", seed, id)
			case on > end:
				t.Errorf("seed %d: the walkthrough of %s was on %s, after the period", seed, id, on)
			case on < end.AddMonths(-12):
				got["old"] = append(got["old"], id)
			}
			seen[id] = true
			if s, _ := r["differs"].(string); s != "" {
				got["differs"] = append(got["differs"], id)
			}
			if r["observed"] == nil || r["item"] == nil || r["evidence"] == nil {
				t.Errorf("seed %d: the walkthrough of %s lacks something: %v", seed, id, r)
			}
			if !w.serves(r["performed_by"].(string), on) {
				t.Errorf("seed %d: %v walked through %s on %s and was not in service", seed, r["performed_by"], id, on)
			}
			for _, f := range w.story.Findings {
				if control, _, _ := strings.Cut(f.Test, "."); control == id && f.Key == r["item"] {
					t.Errorf("seed %d: the walkthrough of %s followed %s, which deviates: %s", seed, id, f.Key, f.Why)
				}
			}
		}
		for _, c := range w.controls {
			if !seen[c.ID] {
				got["none"] = append(got["none"], c.ID)
			}
		}
		for _, list := range got {
			slices.Sort(list)
		}
		want := map[string][]string{"none": {"CHG-06", "COM-02", "PRV-07"}, "old": {"BCP-01", "LOG-02"}, "differs": {"CHG-04", "PRV-04"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: walkthroughs (-planted +got):\n%s", seed, diff)
		}
		if n := len(w.controls); n != 83 {
			t.Errorf("%d controls in the report, want 83", n)
		}
	}
}

// serves says whether an address belonged to somebody in service on a day.
func (w *world) serves(email string, on civil.Date) bool {
	return slices.ContainsFunc(w.records["people"], func(p map[string]any) bool {
		ended, _ := p["ended_on"].(string)
		return p["email"] == email && p["started_on"].(string) <= on.String() && (ended == "" || ended >= on.String())
	})
}
