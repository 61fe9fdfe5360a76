package app

import (
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
