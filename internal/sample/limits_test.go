package sample

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

type oracle map[string]string

func (o oracle) whole(t *testing.T, name string) int {
	t.Helper()
	n, err := strconv.Atoi(o[name])
	if err != nil {
		t.Fatalf("%s: %s is %q", o["case_id"], name, o[name])
	}
	return n
}

// rate reads percent (of 1: as a share) into basis points.
func (o oracle) rate(t *testing.T, name string, of float64) Rate {
	t.Helper()
	x, err := strconv.ParseFloat(o[name], 64)
	if err != nil {
		t.Fatalf("%s: %s is %q", o["case_id"], name, o[name])
	}
	return Rate(math.Round(x * of))
}

func cases(t *testing.T) []oracle {
	t.Helper()
	f, err := os.Open("testdata/sampling_oracle.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []oracle
	for _, row := range rows[1:] {
		o := oracle{}
		for i, name := range rows[0] {
			o[name] = row[i]
		}
		out = append(out, o)
	}
	return out
}

// TestOracle holds every number against tables that others printed, and against exact arithmetic where none did.
func TestOracle(t *testing.T) {
	t.Parallel()
	all := cases(t)
	if len(all) != 949 {
		t.Fatalf("%d cases, want 949", len(all))
	}
	for _, o := range all {
		got, want := answer(t, o)
		if got != want {
			t.Errorf("%s %s %s = %s, want %s", o["case_id"], o["kind"], o["distribution"], got, want)
		}
	}
}

func answer(t *testing.T, o oracle) (got, want string) {
	t.Helper()
	confidence := o.rate(t, "confidence", 10_000)
	ask := func(n int, err error) string {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", o["case_id"], err)
		}
		return strconv.Itoa(n)
	}
	plan := func() Plan { return Plan{Confidence: confidence, Tolerable: o.rate(t, "tolerable_rate_pct", 100)} }
	switch o["kind"] + " " + o["distribution"] {
	case "size_expected binomial":
		p := plan()
		p.Expected = Rate(o.whole(t, "expected_rate_bp"))
		n, c, err := p.Size()
		return ask(n, err) + " with " + strconv.Itoa(c), o["computed"] + " with " + o["deviations"]
	case "size_fixed_c binomial":
		return ask(plan().SizeFor(o.whole(t, "deviations"))), o["computed"]
	case "acceptable_deviations binomial":
		return ask(plan().Acceptable(o.whole(t, "n"))), o["computed"]
	case "size_fixed_c hypergeometric":
		return ask(Small{o.whole(t, "population"), confidence}.Size(plan().Tolerable, o.whole(t, "deviations"))), o["computed"]
	case "upper_limit_count hypergeometric":
		return ask(Small{o.whole(t, "population"), confidence}.Limit(o.whole(t, "n"), o.whole(t, "deviations"))), o["computed"]
	case "poisson_factor poisson":
		n, err := Factor(confidence, o.whole(t, "deviations"))
		ask(n, err)
		return fmt.Sprintf("%.2f", float64(n)/100), fmt.Sprintf("%.2f", float64(o.rate(t, "published", 100))/100)
	case "upper_limit_pct binomial":
		n, k := o.whole(t, "n"), o.whole(t, "deviations")
		if o["rounding"] == "nearest whole point" {
			// The limit lies above half a point before the next whole one unless the rate there says enough already.
			halves, err := limit(confidence, n, k, 200)
			ask(halves, err)
			return strconv.Itoa(halves / 2), o["published"]
		}
		r, err := Limit(confidence, n, k)
		ask(int(r), err)
		return fmt.Sprintf("%.1f", float64(r)/100), fmt.Sprintf("%.1f", float64(o.rate(t, "published", 100))/100)
	}
	t.Errorf("%s: %s %s is a kind that nothing answers", o["case_id"], o["kind"], o["distribution"])
	return "", "-"
}

// TestSmallIsLarge: of a population that is very large the small one's formula gives what the large one's gives.
func TestSmallIsLarge(t *testing.T) {
	t.Parallel()
	for _, p := range []Plan{{Confidence: 9500, Tolerable: 500}, {Confidence: 9000, Tolerable: 1000}, {Confidence: 9000, Tolerable: 300}} {
		for c := range 4 {
			want, err := p.SizeFor(c)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Small{Items: 10_000_000, Confidence: p.Confidence}.Size(p.Tolerable, c)
			if err != nil || got != want {
				t.Errorf("%v with %d: the small one says %d, %v, the large one %d", p, c, got, err, want)
			}
		}
	}
}

// TestFactorAbove: the approximation never promises more than the exact limit.
func TestFactorAbove(t *testing.T) {
	t.Parallel()
	for _, confidence := range []Rate{9000, 9500, 9900} {
		for n := 20; n <= 200; n += 45 {
			for k := range 5 {
				exact, err := Limit(confidence, n, k)
				if err != nil {
					t.Fatal(err)
				}
				f, err := Factor(confidence, k)
				if err != nil {
					t.Fatal(err)
				}
				if approx := float64(f) / float64(n); approx < float64(exact)/100-0.1 { // which is rounded up by less than a tenth
					t.Errorf("%d of %d at %s: approximately %.2f %%, exactly %s", k, n, confidence, approx, exact)
				}
			}
		}
	}
}

func TestLimitsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want string
		err  error
	}{
		"no confidence":            {"expected 50 %", third(Plan{Tolerable: 500}.Size())},
		"certainty":                {"less than 100 %", third(Plan{Confidence: Whole, Tolerable: 500}.Size())},
		"as many as are tolerated": {"cannot support this control", third(Plan{Confidence: 9000, Tolerable: 500, Expected: 500}.Size())},
		"nearly as many":           {"test every item", third(Plan{Confidence: 9900, Tolerable: 500, Expected: 499}.Size())},
		"all is tolerated":         {"a tolerable rate", third(Plan{Confidence: 9000, Tolerable: Whole}.Size())},
		"fewer than none":          {"expected 0 or more", second(Plan{Confidence: 9000, Tolerable: 500}.SizeFor(-1))},
		"more than there are":      {"no more items than there are", second(Small{10, 9000}.Limit(11, 0))},
		"planned past the rate":    {"are too many", second(Small{100, 9000}.Size(500, 5))},
		"no items":                 {"expected 1 item or more", second(Limit(9000, 0, 0))},
		"no factor":                {"0 to 1000 deviations", second(Factor(9000, -1))},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, c.err, c.want)
		}
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	for r, want := range map[Rate]string{500: "5 %", 880: "8.8 %", 125: "1.25 %", 5: "0.05 %", 10_000: "100 %"} {
		if got := r.String(); got != want {
			t.Errorf("Rate(%d) = %s, want %s", int(r), got, want)
		}
	}
}

func BenchmarkLimit(b *testing.B) {
	for b.Loop() {
		if _, err := Limit(9500, 500, 20); err != nil {
			b.Fatal(err)
		}
	}
}
