package gauge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// acts are the facts of one control with open acts on some days, keyed by them.
func acts(today string, every assure.Frequency, days ...civil.Date) Facts {
	f := clean()
	f.Today, f.Controls[0].Frequency = day(today), every
	for _, d := range days {
		f.Instances = append(f.Instances, Instance{Control: "IAM-01", Key: d.String(), Due: d})
	}
	return f
}

// TestDueSoonGroupsDays: acts that follow each other are one row, with its span and their number.
func TestDueSoonGroupsDays(t *testing.T) {
	t.Parallel()
	from := func(first string, steps ...int) []civil.Date {
		out := []civil.Date{day(first)}
		for _, n := range steps {
			out = append(out, out[len(out)-1]+civil.Date(n))
		}
		return out
	}
	for _, c := range []struct {
		name  string
		f     Facts
		want  []string // first day, last day, instances
		words string   // of the first row
	}{
		{"daily", acts("2026-11-22", assure.Daily, from("2026-11-23", slices.Repeat([]int{1}, 29)...)...), []string{"2026-11-23 2026-12-22 30"}, "in 1 to 30 days"},
		{"working days", acts("2026-11-22", assure.Daily, from("2026-11-26", 1, 3, 1)...), []string{"2026-11-26 2026-12-01 4"}, "in 4 to 9 days"},
		{"two runs of days", acts("2026-11-22", assure.Daily, from("2026-11-23", 1, 7, 1)...), []string{"2026-11-23 2026-11-24 2", "2026-12-01 2026-12-02 2"}, "in 1 to 2 days"},
		{"weekly", acts("2026-11-22", assure.Weekly, from("2026-11-23", 7, 7, 7)...), []string{"2026-11-23 2026-12-14 4"}, "in 1 to 22 days"},
		{"a quarter", acts("2026-11-22", assure.Quarterly, from("2026-11-23", 0, 7)...), []string{"2026-11-23 - 2", "2026-11-30 - 1"}, "in 1 day"},
		{"across the end", acts("2026-12-29", assure.Daily, from("2026-12-31", 1, 1)...), []string{"2026-12-31 - 1", "2027-01-01 2027-01-02 2"}, "in 2 days"},
	} {
		var got []string
		due := foresee(t, c.f).DueSoon
		for _, d := range due {
			until := "-"
			if d.Until != nil {
				until = d.Until.String()
			}
			if d.Count != len(d.Instances) || !slices.IsSorted(d.Instances) {
				t.Errorf("%s: %d counted, %q", c.name, d.Count, d.Instances)
			}
			got = append(got, fmt.Sprintf("%s %s %d", d.Due, until, d.Count))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		} else if s := due[0].When(); s != c.words {
			t.Errorf("%s: %q, want %q", c.name, s, c.words)
		}
	}
}

// TestIfMissedLeavesThePastAlone: what is due after a clean period is over does not move it.
func TestIfMissedLeavesThePastAlone(t *testing.T) {
	t.Parallel()
	over := acts("2027-01-15", assure.PerEvent, day("2027-01-20"))
	if got := foresee(t, over).DueSoon[0].IfMissed; got != "an exception in the next period" {
		t.Errorf("the period is over: %q", got)
	}
	running := acts("2026-12-10", assure.PerEvent, day("2026-12-20"), day("2027-01-05"))
	got := foresee(t, running).DueSoon
	if len(got) != 2 || !strings.Contains(got[0].IfMissed, "move from") || got[1].IfMissed != "an exception in the next period" {
		t.Errorf("the period runs: %+v", got)
	}
	// No clean half year lies behind: the next one is at stake.
	f := acts("2027-01-15", assure.PerEvent, day("2027-01-20"))
	deviate(&f, 1)
	f.Deviations[0].Member, f.Deviations[0].Ended = day("2026-12-01"), on("2026-12-01")
	if got := foresee(t, f).DueSoon[0].IfMissed; !strings.Contains(got, "move from 2026-12-02..2027-06-01 to 2027-01-22") {
		t.Errorf("the next clean period is at stake: %q", got)
	}
}
