package app

import (
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/cli"
)

// TestE16NoOccurrence: no leaver and no change is "did not occur", neither pass nor failure, and only where nothing was counted by another path
// (TestE16E18Zero has the other ways to be empty).
func TestE16NoOccurrence(t *testing.T) {
	s := edge(t)
	bring(t, s.office, cli.Import{Register: "changes", ExpectRows: zero()}, "")
	r := s.one("CHG-01")
	if r.Outcome != assure.NoOccurrence || r.Passed != 0 || r.Deviating != 0 {
		t.Errorf("%s, %d passed: %v; want no occurrence", r.Outcome, r.Passed, r.Notes)
	}
}

// TestE17NothingRecorded: reviews of which nothing was ever recorded are items of the calendar, and deviate.
func TestE17NothingRecorded(t *testing.T) {
	s := edge(t)
	s.give("systems", `{"system":"prod","in_scope":true}`)
	r := s.one("IAM-04")
	if r.Population != 4 || r.Deviating != 4 || r.Outcome != assure.Tested {
		t.Errorf("%s: %d items, %d deviate; want the 4 quarters, all deviating", r.Outcome, r.Population, r.Deviating)
	}
}

// TestE16SpelledOtherwise: where records of the period are no items because of the value of one field, a note counts them by it.
func TestE16SpelledOtherwise(t *testing.T) {
	s := edge(t)
	other := func(key, at, environment string) string {
		return strings.Replace(change1(key, at), `"environment":"production"`, `"environment":"`+environment+`"`, 1)
	}
	s.give("changes", other("a", "2025-08-01T10:00:00Z", "Production"), other("b", "2025-08-02T10:00:00Z", "Production"), other("c", "2025-08-03T10:00:00Z", "staging"),
		other("before", "2025-06-01T10:00:00Z", "Production"))
	r := s.one("CHG-01")
	if r.Population != 0 {
		t.Errorf("population %d, want 0", r.Population)
	}
	noted(t, r, "3 records of changes dated in the period are no items: environment is Production (2), staging (1)")
	s.give("changes", change1("d", "2025-08-04T10:00:00Z"))
	for _, n := range s.one("CHG-01").Notes {
		if contains(n, "are no items") {
			t.Errorf("with an item: %s", n)
		}
	}
}
