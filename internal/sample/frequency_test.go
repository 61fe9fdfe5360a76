package sample

import (
	"errors"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	table := DefaultSizes()
	for _, x := range []struct {
		f         assure.Frequency
		items     int
		low, high int
	}{
		{assure.Annual, 1, 1, 1},
		{assure.Semiannual, 2, 1, 2},
		{assure.Quarterly, 4, 2, 3},
		{assure.Monthly, 12, 2, 4},
		{assure.Quarterly, 24, 4, 8}, // six systems
		{assure.Weekly, 52, 5, 10},
		{assure.Daily, 250, 20, 30},
		{assure.Daily, 365, 25, 45}, // 25 - 1/116*5 and 45 - 1/116*15, rounded up
		{assure.Daily, 3650, 25, 45},
		{assure.Monthly, 18, 3, 6}, // half way between 12 and 24
		{assure.PerEvent, 3, 2, 3}, // between 2 and 4
		{assure.PerEvent, 51, 5, 10},
		{assure.PerEvent, 52, 6, 10}, // a tenth is more than the table's 5
		{assure.PerEvent, 201, 21, 26},
		{assure.PerEvent, 249, 25, 30},
		{assure.PerEvent, 250, 25, 45},
		{assure.PerEvent, 1_000_000, 25, 45},
		{assure.Continuous, 900, 1, 1},
	} {
		low, err1 := table.Suggest(x.f, x.items, Low)
		high, err2 := table.Suggest(x.f, x.items, High)
		if err := errors.Join(err1, err2); err != nil || low.Size != x.low || high.Size != x.high {
			t.Errorf("Suggest(%s, %d) = %d, %d, %v; want %d, %d", x.f, x.items, low.Size, high.Size, err, x.low, x.high)
		}
		if low.Basis == "" || len(low.Sources) == 0 || low.Full != (low.Size == x.items) {
			t.Errorf("Suggest(%s, %d) = %+v; want a basis, sources, and full only where these are all", x.f, x.items, low)
		}
	}
	for f, items := range map[assure.Frequency]int{assure.Annual: 0, assure.PerEvent: -1} {
		if s, err := table.Suggest(f, items, Low); !errors.Is(err, fault.Refused) {
			t.Errorf("Suggest(%s, %d) = %+v, %v; want refused", f, items, s, err)
		}
	}
	if s, err := table.Suggest(assure.Daily, 250, "middling"); !errors.Is(err, fault.Refused) {
		t.Errorf("Suggest(middling) = %+v, %v; want refused", s, err)
	}
}

// TestSuggestGrows: more items are never tested with fewer, and no more than there are.
func TestSuggestGrows(t *testing.T) {
	t.Parallel()
	for _, f := range []assure.Frequency{assure.Monthly, assure.PerEvent} {
		for _, risk := range []Risk{Low, High} {
			last := 0
			for n := 1; n <= 1000; n++ {
				s, err := DefaultSizes().Suggest(f, n, risk)
				if err != nil || s.Size < last || s.Size > n {
					t.Fatalf("Suggest(%s, %d, %s) = %d after %d, %v", f, n, risk, s.Size, last, err)
				}
				last = s.Size
			}
		}
	}
}

func TestSizesCheck(t *testing.T) {
	t.Parallel()
	src := []string{"the firm's manual, 4.2"}
	for name, x := range map[string]Sizes{
		"empty":           {},
		"begins late":     {{"monthly", 12, 2, 4, nil, src}},
		"not rising":      {{"a", 1, 1, 1, nil, src}, {"b", 12, 2, 4, nil, src}, {"c", 12, 2, 4, nil, src}},
		"high below low":  {{"a", 1, 1, 1, nil, src}, {"b", 12, 4, 2, nil, src}},
		"more than are":   {{"a", 1, 1, 2, nil, src}},
		"falls":           {{"a", 1, 1, 1, nil, src}, {"b", 12, 4, 6, nil, src}, {"c", 52, 3, 6, nil, src}},
		"nobody said so":  {{"a", 1, 1, 1, nil, nil}},
		"nothing is none": {{"a", 1, 0, 1, nil, src}},
	} {
		if err := x.Check(); !errors.Is(err, fault.Refused) {
			t.Errorf("Check(%s) = %v, want refused", name, err)
		}
		if _, err := x.Suggest(assure.Monthly, 12, Low); err == nil {
			t.Errorf("Suggest with the table %q was answered", name)
		}
	}
	firm := Sizes{{"annual", 1, 1, 1, nil, src}, {"weekly", 52, 8, 12, nil, src}}
	if s, err := firm.Suggest(assure.Weekly, 52, High); err != nil || s.Size != 12 || s.Sources[0] != src[0] {
		t.Errorf("Suggest of a firm's own table = %+v, %v; want 12 and its source", s, err)
	}
}

func TestPlanned(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		items int
		p     Plan
		size  int
		full  bool
	}{
		{10_000, Plan{9500, 500, 0}, 59, false},
		{590, Plan{9500, 500, 0}, 59, false},
		{589, Plan{9500, 500, 0}, 55, false}, // more than a tenth: hypergeometric, 30 of 589 are too many
		{100, Plan{9500, 500, 0}, 45, false}, // Hayes
		{600, Plan{9500, 500, 0}, 59, false},
		{10, Plan{9500, 500, 0}, 10, true},
		{10_000, Plan{9500, 0, 0}, 10_000, true},
		{4, Plan{9000, 1000, 200}, 4, true}, // one deviation is planned for, and one is too many
	} {
		s, err := Planned(x.items, x.p)
		if err != nil || s.Size != x.size || s.Full != x.full || s.Basis == "" {
			t.Errorf("Planned(%d, %+v) = %+v, %v; want %d, full %v", x.items, x.p, s, err, x.size, x.full)
		}
	}
	for _, p := range []Plan{{9500, 500, 500}, {10_000, 500, 0}, {9500, -1, 0}} {
		if s, err := Planned(100, p); !errors.Is(err, fault.Refused) {
			t.Errorf("Planned(100, %+v) = %+v, %v; want refused", p, s, err)
		}
	}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		items, tested, found int
		conf, tol            Rate
		limit                Rate
		within               bool
		formula              string
	}{
		{6000, 59, 0, 9500, 500, 500, true, "binomial"},    // 4.95 %
		{6000, 58, 0, 9500, 500, 510, false, "binomial"},   // 5.03 %
		{6000, 60, 0, 9500, 500, 490, true, "binomial"},    // 4.87 %
		{6000, 25, 0, 9000, 1000, 880, true, "binomial"},   // AICPA: 8.8
		{6000, 25, 1, 9500, 1000, 1770, false, "binomial"}, // AICPA: 17.7
		{100, 45, 0, 9500, 500, 400, true, "hypergeometric"},
		{100, 44, 0, 9500, 500, 500, false, "hypergeometric"},
		{24, 24, 1, 9500, 500, 0, true, ""},
		{24, 24, 2, 9500, 500, 0, false, ""},
		{24, 24, 0, 9500, 0, 0, true, ""},
		{24, 24, 1, 9500, 0, 0, false, ""},
	} {
		e, err := Evaluate(x.items, x.tested, x.found, x.conf, x.tol)
		if err != nil || e.Limit != x.limit || e.Within != x.within || e.Formula != x.formula || e.Full != (x.tested == x.items) || e.Full && e.Confidence != 0 {
			t.Errorf("Evaluate(%d, %d, %d, %s, %s) = %+v, %v; want the limit %s, within %v, %q", x.items, x.tested, x.found, x.conf, x.tol, e, err, x.limit, x.within, x.formula)
		}
	}
	for _, x := range [][5]int{{100, 0, 0, 9500, 500}, {100, 101, 0, 9500, 500}, {100, 10, 11, 9500, 500}, {100, 10, 0, 9500, 0}, {100, 10, 0, 4000, 500}, {100, 10, 0, 9500, 10_000}} {
		if e, err := Evaluate(x[0], x[1], x[2], Rate(x[3]), Rate(x[4])); !errors.Is(err, fault.Refused) {
			t.Errorf("Evaluate(%v) = %+v, %v; want refused", x, e, err)
		}
	}
}

func day(t *testing.T, s string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestShare: an interim part and the one that is rolled forward share one plan, and every day can be reached.
func TestShare(t *testing.T) {
	t.Parallel()
	p := civil.Period{From: day(t, "2025-07-01"), To: day(t, "2026-06-30")}
	stage := func(name, from, to string, items int) Stage {
		return Stage{name, day(t, from), day(t, to), items}
	}
	interim := stage("interim", "2025-07-01", "2026-03-31", 900)
	for _, x := range []struct {
		n      int
		stages []Stage
		want   []int
	}{
		{45, []Stage{interim, stage("roll-forward", "2026-04-01", "2026-06-30", 300)}, []int{34, 11}},
		{45, []Stage{interim, stage("roll-forward", "2026-04-01", "2026-06-30", 1)}, []int{44, 1}},
		{45, []Stage{interim, stage("roll-forward", "2026-04-01", "2026-06-30", 0)}, []int{45, 0}},
		{5, []Stage{stage("all", "2025-07-01", "2026-06-30", 3)}, []int{3}},
	} {
		got, err := Share(x.n, p, x.stages)
		if err != nil || len(got) != len(x.want) || got[0] != x.want[0] || got[len(got)-1] != x.want[len(x.want)-1] {
			t.Errorf("Share(%d, %+v) = %v, %v; want %v", x.n, x.stages, got, err, x.want)
		}
	}
	for name, stages := range map[string][]Stage{
		"none":                {},
		"last month missing":  {interim, stage("roll-forward", "2026-04-01", "2026-05-31", 300)},
		"first month missing": {stage("late", "2025-08-01", "2026-06-30", 900)},
		"gap":                 {interim, stage("roll-forward", "2026-04-02", "2026-06-30", 300)},
		"overlap":             {interim, stage("roll-forward", "2026-03-31", "2026-06-30", 300)},
		"backward":            {stage("x", "2025-07-01", "2025-06-01", 1)},
	} {
		if got, err := Share(45, p, stages); !errors.Is(err, fault.Refused) {
			t.Errorf("Share(%s) = %v, %v; want refused", name, got, err)
		}
	}
	if got, err := Share(0, p, []Stage{stage("all", "2025-07-01", "2026-06-30", 3)}); !errors.Is(err, fault.Refused) {
		t.Errorf("Share(0) = %v, %v; want refused", got, err)
	}
}

// TestExtend: further items follow the order that nobody can choose, with the reason, and none whose result was seen.
func TestExtend(t *testing.T) {
	t.Parallel()
	seed := []byte("a secret of sixteen bytes or more")
	var keys []string
	for i := range 200 {
		keys = append(keys, string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	p, err := Freeze(keys)
	if err != nil {
		t.Fatal(err)
	}
	ten, err1 := Draw(p, Commit(seed), seed, 10)
	all, err2 := Draw(p, Commit(seed), seed, 15)
	got, err3 := ten.Extend(5, "one deviation of ten", nil)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	for i, x := range got.Items {
		if x.Key != all.Items[i].Key || (i >= 10) != (x.Extension != "") {
			t.Errorf("item %d is %+v; want %s, with the reason from the eleventh on", i, x, all.Items[i].Key)
		}
	}
	if len(ten.Items) != 10 || len(got.Items) != 15 {
		t.Errorf("%d and %d items; want 10 as before, and 15", len(ten.Items), len(got.Items))
	}
	next := all.Items[12].Key
	for name, f := range map[string]func() (Sample, error){
		"seen":      func() (Sample, error) { return ten.Extend(5, "why", func(k string) bool { return k == next }) },
		"no reason": func() (Sample, error) { return ten.Extend(5, " ", nil) },
		"nothing":   func() (Sample, error) { return ten.Extend(0, "why", nil) },
		"picked":    func() (Sample, error) { return Sample{Method: Judgemental}.Extend(1, "why", nil) },
	} {
		if s, err := f(); !errors.Is(err, fault.Refused) {
			t.Errorf("Extend(%s) = %+v, %v; want refused", name, s, err)
		}
	}
	if most, err := ten.Extend(1000, "all of them", nil); err != nil || len(most.Items) != 200 {
		t.Errorf("Extend(1000) = %d items, %v; want all 200", len(most.Items), err)
	}
}
