package sample

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestSystematic: the items lie as far apart as they can, and each is as often drawn as another.
func TestSystematic(t *testing.T) {
	t.Parallel()
	p, count := frozen(t, keys(23)), map[string]int{}
	const n, rounds = 5, 20_000
	for i := range rounds {
		seed := []byte(fmt.Sprintf("seed number %8d", i))
		s, err := DrawSystematic(p, Commit(seed), seed, n)
		if err != nil {
			t.Fatal(err)
		}
		last := -1
		for _, k := range names(s) {
			at, ok := slices.BinarySearch(p.keys, k)
			if gap := at - last; !ok || last >= 0 && gap != 4 && gap != 5 {
				t.Fatalf("the items are %v, want every fourth or fifth", names(s))
			}
			last = at
			count[k]++
		}
	}
	chi, mean := 0.0, float64(rounds*n)/23
	for _, k := range p.keys {
		d := float64(count[k]) - mean
		chi += d * d / mean
	}
	if chi > 48.3 { // 22 degrees of freedom, one in a thousand; the seeds are fixed
		t.Errorf("chi squared %.1f: %v", chi, count)
	}
	s, err := DrawSystematic(p, Commit(seed), seed, 20)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // the three that are left, each once
		if s, err = s.Replace(s.Items[0].Key, Void, "cancelled"); err != nil {
			t.Fatal(err)
		}
		s.Items = s.Items[1:]
	}
	if got := names(s); len(got) != 20 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 20 {
		t.Errorf("after replacements: %v, want 20 items, each once", got)
	}
}

func TestCycle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		all, n int
		want   string
	}{{364, 52, "a week of days"}, {364, 26, "a week of days"}, {60, 5, "a year of months"}, {365, 50, ""}, {260, 52, "a week of working days"}} {
		s, err := DrawSystematic(frozen(t, keys(c.all)), Commit(seed), seed, c.n)
		if got := s.Cycle(); err != nil || (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%d of %d: %q, %v; want a warning of %q", c.n, c.all, got, err, c.want)
		}
	}
	if got := drawn(t, frozen(t, keys(364)), 52).Cycle(); got != "" {
		t.Errorf("a random sample goes round: %s", got)
	}
}

func TestStratified(t *testing.T) {
	t.Parallel()
	all := keys(1000)
	strata := []Stratum{{"late", all[:10]}, {"main", all[10:900]}, {"new", all[900:]}}
	p := frozen(t, all)
	for _, c := range []struct {
		how  Allocation
		n    int
		want map[string]int
	}{
		{Proportional, 60, map[string]int{"late": 1, "main": 53, "new": 6}},
		{Equal, 60, map[string]int{"late": 10, "main": 25, "new": 25}},
		{Proportional, 2, map[string]int{"late": 1, "main": 1, "new": 1}},
		{Proportional, 5000, map[string]int{"late": 10, "main": 890, "new": 100}},
	} {
		parts, err := DrawStratified(p, strata, c.how, Commit(seed), seed, c.n)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, x := range parts {
			got[x.Name] = len(x.Items)
			for _, i := range x.Items {
				at := slices.IndexFunc(strata, func(s Stratum) bool { return s.Name == x.Name })
				if !slices.Contains(strata[at].Keys, i.Key) {
					t.Errorf("%s is not of the stratum %s", i.Key, x.Name)
				}
			}
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s, %d items: %v, want %v", c.how, c.n, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		strata []Stratum
		how    Allocation
		want   string
	}{
		"an item is left out":   {[]Stratum{{"a", all[:999]}}, Equal, "are not the population"},
		"an item twice":         {[]Stratum{{"a", all}, {"b", all[:1]}}, Equal, "twice"},
		"a stranger":            {[]Stratum{{"a", all[:999]}, {"b", []string{"x"}}}, Equal, "are not the population"},
		"an empty stratum":      {[]Stratum{{"a", all}, {"b", nil}}, Equal, "holds nothing"},
		"no way to divide":      {strata, "fair", "no way to divide"},
		"a stratum comes twice": {[]Stratum{{"a", all[:1]}, {"a", all[1:]}}, Equal, "comes twice"},
	} {
		if _, err := DrawStratified(p, c.strata, c.how, Commit(seed), seed, 10); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	p := frozen(t, keys(10))
	s, err := Pick(p, map[string]string{"CHG-3": "the largest", "CHG-1": "made at night"})
	if err != nil || s.Method.Projects() || strings.Join(names(s), " ") != "CHG-1 CHG-3" || s.Items[0].Reason != "made at night" {
		t.Errorf("Pick = %+v, %v", s, err)
	}
	if _, err := s.Replace("CHG-1", Void, "cancelled"); err == nil {
		t.Error("an item that was picked is replaced by one that nobody picked")
	}
	for name, reasons := range map[string]map[string]string{"a stranger": {"x": "y"}, "no reason": {"CHG-1": " "}, "nothing": {}} {
		if _, err := Pick(p, reasons); err == nil {
			t.Errorf("%s is picked", name)
		}
	}
}
