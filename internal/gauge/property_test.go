package gauge

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// slowEarliest looks at each day in turn, and at each day of each period.
func slowEarliest(days Span, bad []Span, months int, needs []need) (Span, bool) {
next:
	for d := days.From; d <= days.To; d++ {
		w := window(d, months)
		for x := w.From; x <= w.To; x++ {
			for _, b := range bad {
				if b.From <= x && x <= b.To {
					continue next
				}
			}
		}
		for _, n := range needs {
			inside := 0
			for _, x := range n.dates {
				if x >= w.From && x <= w.To {
					inside++
				}
			}
			if inside < n.min {
				continue next
			}
		}
		return w, true
	}
	return Span{}, false
}

// TestEarliestIsTheFirst: the search that jumps finds what a search day by day finds.
func TestEarliestIsTheFirst(t *testing.T) {
	t.Parallel()
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		from := day("2026-01-01") + civil.Date(rapid.IntRange(0, 400).Draw(t, "from"))
		days := Span{from, from + civil.Date(rapid.IntRange(0, 500).Draw(t, "days"))}
		var bad []Span
		for range rapid.IntRange(0, 8).Draw(t, "bad") {
			a := from + civil.Date(rapid.IntRange(-60, 900).Draw(t, "a"))
			bad = append(bad, Span{a, a + civil.Date(rapid.IntRange(0, 40).Draw(t, "length"))})
		}
		var needs []need
		for range rapid.IntRange(0, 3).Draw(t, "needs") {
			n := need{min: rapid.IntRange(1, 3).Draw(t, "min")}
			x := from + civil.Date(rapid.IntRange(-100, 100).Draw(t, "first"))
			for range rapid.IntRange(0, 12).Draw(t, "dates") {
				n.dates = append(n.dates, x)
				x += civil.Date(rapid.IntRange(1, 200).Draw(t, "step"))
			}
			needs = append(needs, n)
		}
		months := rapid.SampledFrom([]int{1, 3, 6, 9, 12}).Draw(t, "months")
		want, ok := slowEarliest(days, bad, months, needs)
		got, ok2 := earliest(days, union(slices.Clone(bad)), months, needs)
		if got != want || ok != ok2 {
			t.Fatalf("earliest = %s, %v; day by day %s, %v", got, ok2, want, ok)
		}
		if ok {
			found++
		}
	})
	if found == 0 {
		t.Error("no draw had a clean period: the property was not tested")
	}
}

// TestUnionKeepsEachDay: joined intervals hold the same days, in order and apart.
func TestUnionKeepsEachDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var list []Span
		in := map[civil.Date]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			a := civil.Date(rapid.IntRange(0, 100).Draw(t, "a"))
			s := Span{a, a + civil.Date(rapid.IntRange(0, 15).Draw(t, "length"))}
			list = append(list, s)
			for d := s.From; d <= s.To; d++ {
				in[d] = true
			}
		}
		last, n := civil.Date(-10), 0
		for _, s := range union(list) {
			if s.From <= last+1 || s.To < s.From {
				t.Fatalf("%s after %s: not apart", s, last)
			}
			for d := s.From; d <= s.To; d++ {
				if !in[d] {
					t.Fatalf("%s was in no interval", d)
				}
				n++
			}
			last = s.To
		}
		if n != len(in) {
			t.Fatalf("%d days, want %d", n, len(in))
		}
	})
}

// someFacts are facts of several controls and criteria, with something wrong here and there.
func someFacts(t *rapid.T) Facts {
	f := clean()
	f.Controls, f.Results, f.Evidence, f.Criteria = nil, nil, nil, nil
	ids := []string{"CC6.2", "CC6.3", "A1.2"}
	for i, id := range ids {
		f.Criteria = append(f.Criteria, assure.Criterion{ID: id, Category: []string{"security", "security", "availability"}[i], Common: i < 2})
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "controls") {
		c := sound(fmt.Sprintf("C-%d", i))
		c.Criteria = rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 3, rapid.ID).Draw(t, "criteria")
		if rapid.Bool().Draw(t, "late start") {
			c.Implemented = on("2026-08-01")
		}
		f.Controls = append(f.Controls, c)
		r := tested(c.ID)
		r.Deviating = rapid.IntRange(0, 15).Draw(t, "deviating")
		r.Passed -= r.Deviating
		f.Results = append(f.Results, r)
		f.Evidence = append(f.Evidence, Evidence{Control: c.ID, Instances: 100})
	}
	if n := len(f.Controls); n > 1 && rapid.Bool().Draw(t, "compensated") {
		f.Compensations = []Compensation{{Control: "C-0", By: "C-1", Described: true}}
	}
	return f
}

// worsenings each add one bad fact about a control.
var worsenings = map[string]func(*Facts, *Control){
	"a high deficiency": func(f *Facts, c *Control) {
		f.Deficiencies = append(f.Deficiencies, Deficiency{ID: "D", Control: c.ID, Severity: "high", Opened: day("2026-10-01")})
	},
	"no implementation": func(_ *Facts, c *Control) { c.Implemented = nil },
	"no walkthrough":    func(_ *Facts, c *Control) { c.Walkthroughs = nil },
	"no owner":          func(_ *Facts, c *Control) { c.Owner, c.Owners = "", nil },
	"self approval": func(f *Facts, c *Control) {
		f.SelfApproved = append(f.SelfApproved, SelfApproval{c.ID, "x", "ben", day("2026-08-08")})
	},
	"a deviation that lasts": func(f *Facts, c *Control) {
		f.Deviations = append(f.Deviations, Deviation{Control: c.ID, Key: "new", Member: day("2026-08-08"), Late: true})
	},
	"a population not shown whole": func(f *Facts, c *Control) {
		for i := range f.Results {
			if f.Results[i].Control == c.ID {
				f.Results[i].Completeness = nil
			}
		}
	},
	"an expired exception": func(f *Facts, c *Control) {
		f.Waivers = append(f.Waivers, Waiver{"W", c.ID, "x", day("2026-08-01"), true})
	},
	"evidence without a link": func(f *Facts, c *Control) {
		for i := range f.Evidence {
			if f.Evidence[i].Control == c.ID {
				f.Evidence[i].Lacks = []Lack{{Key: "x", Complete: Yes, Time: Yes, Link: No}}
			}
		}
	},
}

// TestAddingARedNeverHelps: whatever one adds to what is wrong, no control, criterion, category or report looks better.
func TestAddingARedNeverHelps(t *testing.T) {
	t.Parallel()
	names := []string{}
	for n := range worsenings {
		names = append(names, n)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		before, err := Ready(f, Defaults())
		if err != nil {
			t.Fatal(err)
		}
		f.Controls = slices.Clone(f.Controls)
		f.Results, f.Evidence = slices.Clone(f.Results), slices.Clone(f.Evidence)
		name := rapid.SampledFrom(names).Draw(t, "worse")
		c := &f.Controls[rapid.IntRange(0, len(f.Controls)-1).Draw(t, "control")]
		worsenings[name](&f, c)
		after, err := Ready(f, Defaults())
		if err != nil {
			t.Fatal(err)
		}
		for i := range before.Controls {
			if after.Controls[i].Status < before.Controls[i].Status {
				t.Fatalf("%s of %s makes the control %s %s instead of %s", name, c.ID, after.Controls[i].ID, after.Controls[i].Status, before.Controls[i].Status)
			}
		}
		for i := range before.Criteria {
			if after.Criteria[i].Status < before.Criteria[i].Status {
				t.Fatalf("%s of %s makes the criterion %s %s instead of %s", name, c.ID, after.Criteria[i].ID, after.Criteria[i].Status, before.Criteria[i].Status)
			}
		}
		for i := range before.Categories {
			if after.Categories[i].Status < before.Categories[i].Status {
				t.Fatalf("%s of %s makes the category %s better", name, c.ID, after.Categories[i].ID)
			}
		}
		order := []string{"ready", "at_risk", "not_ready"}
		if slices.Index(order, after.Status) < slices.Index(order, before.Status) {
			t.Fatalf("%s of %s makes the report %s instead of %s", name, c.ID, after.Status, before.Status)
		}
	})
}

// TestWorst: the worst of several is one of them, and adding one never lowers it.
func TestWorst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.SampledFrom([]Status{Green, Amber, Red})).Draw(t, "list")
		more := rapid.SampledFrom([]Status{Green, Amber, Red}).Draw(t, "more")
		w := Worst(list...)
		if len(list) > 0 && !slices.Contains(list, w) || Worst(append(list, more)...) != max(w, more) {
			t.Fatalf("Worst(%v) = %s, with %s %s", list, w, more, Worst(append(list, more)...))
		}
	})
}
