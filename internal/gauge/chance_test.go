package gauge

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestWhatASampleProves recomputes what a sample proves and what it misses: the case for testing all.
func TestWhatASampleProves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what string
		got  float64
		want string // rounded as it is told: bounds up, chances to the nearest
	}{
		{"25 clean items, 90 %", Upper(0, 25, 0.90), "8.8 %"},
		{"25 clean items, 95 %", Upper(0, 25, 0.95), "11.3 %"},
		{"40 clean items, 90 %", Upper(0, 40, 0.90), "5.6 %"},
		{"45 clean items, 90 %", Upper(0, 45, 0.90), "5.0 %"},
		// Limits as auditors' tables have them, rounded up.
		{"25 with 1, 95 %", Upper(1, 25, 0.95), "17.7 %"},
		{"40 with 1, 95 %", Upper(1, 40, 0.95), "11.4 %"},
		{"60 with 0, 95 %", Upper(0, 60, 0.95), "4.9 %"},
		{"60 with 1, 95 %", Upper(1, 60, 0.95), "7.7 %"},
		{"60 with 3, 95 %", Upper(3, 60, 0.95), "12.5 %"},
		{"100 with 2, 95 %", Upper(2, 100, 0.95), "6.2 %"},
		{"150 with 4, 95 %", Upper(4, 150, 0.95), "6.0 %"},
		{"45 with 1, 90 %", Upper(1, 45, 0.90), "8.4 %"},
		{"60 with 1, 90 %", Upper(1, 60, 0.90), "6.4 %"},
		{"20 with 4, 95 %", Upper(4, 20, 0.95), "40.2 %"},
	} {
		if got := limit(c.got); got != c.want {
			t.Errorf("%s: at most %s deviate, want %s", c.what, got, c.want)
		}
	}
	for _, c := range []struct {
		what string
		got  float64
		want string
	}{
		{"25 of 2,400 miss all of 12", SampleMisses(2400, 12, 25), "88 %"},
		{"60 of 2,400 miss all of 12", SampleMisses(2400, 12, 60), "74 %"},
		{"2 of 4 miss the one", SampleMisses(4, 1, 2), "50 %"},
		{"all of 4 miss the one", SampleMisses(4, 1, 4), "0 %"},
		{"600 items at 0.5 % without one deviation", NoDeviation(0.005, 600), "5 %"},
	} {
		if got := fmt.Sprintf("%.0f %%", c.got*100); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	// 600 items at 0.5 %: within a tolerable 5 % stay at most 30 deviations.
	if p := AtMost(30, 600, 0.005); p <= 0.9999 {
		t.Errorf("within 5 %% with %v, want over 99.99 %%", p)
	}
}

// TestUpperOfNone: without a deviation the bound has a closed form.
func TestUpperOfNone(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 25, 59, 600, 1_000_000} {
		for _, confidence := range []float64{0.90, 0.95, 0.99} {
			want := 1 - math.Pow(1-confidence, 1/float64(n))
			if got := Upper(0, n, confidence); math.Abs(got-want) > 1e-9*want+1e-12 {
				t.Errorf("Upper(0, %d, %v) = %v, want %v", n, confidence, got, want)
			}
		}
	}
	if Upper(0, 0, 0.95) != 1 || Upper(3, 3, 0.95) != 1 {
		t.Errorf("of no item, or of nothing but deviations, the bound is %v, %v; want 1, 1", Upper(0, 0, 0.95), Upper(3, 3, 0.95))
	}
}

// TestBinomial holds the distribution against its sum, term by term.
func TestBinomial(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		p := rapid.Float64Range(0.0001, 0.9999).Draw(t, "p")
		want := 0.0
		for i := 0; i <= k; i++ {
			want += math.Exp(choose(n, i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
		}
		if got := AtMost(k, n, p); math.Abs(got-want) > 1e-9 {
			t.Fatalf("AtMost(%d, %d, %v) = %v, the sum is %v", k, n, p, got, want)
		}
	})
}

// TestUpperSolves: at the bound, so few deviations come with exactly the chance that is left, also of a million items.
func TestUpperSolves(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]int{{0, 25}, {3, 60}, {1, 24}, {5000, 1_000_000}, {1, 1_000_000}, {999_999, 1_000_000}} {
		u := Upper(c[0], c[1], 0.95)
		if p := AtMost(c[0], c[1], u); math.Abs(p-0.05) > 1e-6 || u <= float64(c[0])/float64(c[1]) {
			t.Errorf("Upper(%d, %d) = %v, at which so few come with %v; want 0.05", c[0], c[1], u, p)
		}
	}
}

// TestSmallPopulations: where a sample is a good part of the population, the count is bounded, exactly.
func TestSmallPopulations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s    Sample
		want int
	}{
		{Sample{"", 4, 2, 0}, 2},    // two clean of four: two are unknown
		{Sample{"", 100, 45, 0}, 4}, // 45 of 100 clean: less than 5 deviate, at 95 %
		{Sample{"", 200, 51, 0}, 9}, // 51 of 200: less than 10
		{Sample{"", 12, 12, 1}, 1},
	} {
		if got := upperCount(c.s, 0.95); got != c.want {
			t.Errorf("%d of %d with %d: up to %d deviate, want %d", c.s.Size, c.s.Population, c.s.Deviations, got, c.want)
		}
	}
	if got := upperRate(Sample{"", 4, 2, 0}, 0.95); got != 0.5 {
		t.Errorf("two clean of four: rate up to %v, want 0.5", got)
	}
	if got := upperRate(Sample{"", 12, 12, 1}, 0.95); got != 1.0/12 {
		t.Errorf("a sample of all is exact: %v, want 1/12", got)
	}
}

// TestRangesAreRoundedOutward: a printed range never claims more than is known.
func TestRangesAreRoundedOutward(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(Range{0.12345678, 0.12345678})
	if err != nil || string(b) != "[0.123456,0.123457]" {
		t.Errorf("%s, %v; want [0.123456,0.123457]", b, err)
	}
}

// TestChanceIsARange: a control with 0.5 % deviating and 600 items to come. Nothing is known of the future to a point.
func TestChanceIsARange(t *testing.T) {
	t.Parallel()
	f := clean()
	f.Controls[0].Type, f.Term, f.Today = "preventive", type2("2026-07-01", "2026-12-31"), day("2026-09-30")
	r := &f.Results[0]
	r.Population, r.Passed, r.Deviating = 600, 597, 3 // 92 days with 600 items, and 92 days to come
	v := newView(&f, Defaults())
	if m := v.coming(v.controls[0], v.period); m != 600 {
		t.Fatalf("%d items to come, want 600", m)
	}
	fresh := v.chance(span("2026-10-01", "2026-12-31"), true)
	if high := fresh.NoException[1]; math.Abs(high-0.0494) > 0.0001 {
		t.Errorf("a period of the 600 to come has no exception with at most %v, want 5 %%", high)
	}
	if low := fresh.NoException[0]; low <= 0 || low >= fresh.NoException[1] {
		t.Errorf("no exception: %v, want a range", fresh.NoException)
	}
	if fresh.NoQualification[1] < 0.9999 || fresh.NoQualification[0] < 0.99 {
		t.Errorf("within the tolerable 5 %%: %v, want over 99.99 %%", fresh.NoQualification)
	}
	whole := v.chance(v.period, false)
	if whole.NoException != (Range{0, 0}) {
		t.Errorf("with 3 deviations in it the period has no exception with %v, want 0", whole.NoException)
	}
}
