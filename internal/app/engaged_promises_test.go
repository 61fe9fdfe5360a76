package app

import (
	"slices"
	"testing"

	"github.com/assayhq/assay/internal/report"
)

// TestPromisedOtherwise: no report goes out whose description makes other commitments, or in another order, than were concluded on.
func TestPromisedOtherwise(t *testing.T) {
	t.Parallel()
	criterion := report.Matter{ID: "CC6.1", Controls: []string{"IAM-01"}}
	of := func(texts ...string) []report.Matter {
		out := []report.Matter{criterion}
		for i, s := range texts {
			out = append(out, report.Matter{ID: report.CommitmentName(false, i+1), Criteria: []string{"CC6.1"}, Text: s})
		}
		return out
	}
	const second, third = "Commitment 2 reads otherwise", "Commitment 3 stands in the description and not in the plan"
	for _, c := range []struct {
		planned, now []report.Matter
		want         []string
	}{
		{of("a", "b"), of("a", "b"), nil},
		{of(), of("a", "b"), nil}, // planned before commitments were
		{of("a", "b"), of("a", "c"), []string{second}},
		{of("a", "b"), of("a"), []string{second}},
		{of("a", "b"), of("a", "x", "b"), []string{second, third}},
	} {
		got := promisedOtherwise(c.planned, c.now)
		for i := range got {
			if i < len(c.want) && len(got[i]) > len(c.want[i]) {
				got[i] = got[i][:len(c.want[i])]
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("promisedOtherwise(%v, %v) = %q, want %q", c.planned, c.now, got, c.want)
		}
	}
}
