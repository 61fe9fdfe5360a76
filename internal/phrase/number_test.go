package phrase_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, got, want string
	}{
		{"Count en", en.Count(1234), "1,234"},
		{"Count de", de.Count(1234), "1.234"},
		{"Count small", de.Count(-999), "-999"},
		{"Count minus", de.Count(-100000), "-100.000"},
		{"Decimal en", en.Decimal(1234.567, 2), "1,234.57"},
		{"Decimal de", de.Decimal(1234.567, 2), "1.234,57"},
		{"Decimal whole", de.Decimal(1234.5, 0), "1.234"},
		{"Decimal nothing", en.Decimal(-0.04, 1), "0.0"},
		{"Decimal minus", en.Decimal(-1000.04, 1), "-1,000.0"},
		{"Decimal digits", en.Decimal(1, -3), "1"},
		{"Decimal NaN", de.Decimal(math.NaN(), 1), "NaN"},
		{"Decimal Inf", de.Decimal(math.Inf(-1), 1), "-Inf"},
		{"Percent en", en.Percent(1, 24), "4.2 %"},
		{"Percent de", de.Percent(1, 24), "4,2\u00a0%"},
		{"Percent none", en.Percent(0, 24), "0 %"},
		{"Percent all", en.Percent(24, 24), "100 %"},
		{"Percent nearly all", en.Percent(2113, 2114), "over 99.9 %"},
		{"Percent nearly all de", de.Percent(2113, 2114), "über 99,9\u00a0%"},
		{"Percent nearly none", de.Percent(1, 100000), "unter 0,1\u00a0%"},
		{"Percent of nothing", en.Percent(0, 0), ""},
		{"Percent more", en.Percent(30, 20), "150.0 %"},
		{"Percent large", en.Percent(math.MaxInt64/2, math.MaxInt64), "50.0 %"},
		{"Percent overflow", en.Percent(math.MaxInt64, 1), "922,337,203,685,477,580,800.0 %"},
		{"Bytes", en.Bytes(0), "0 B"},
		{"Bytes 999", de.Bytes(999), "999\u00a0B"},
		{"Bytes kB", en.Bytes(1000), "1.0 kB"},
		{"Bytes rounded up", en.Bytes(999_500), "1.0 MB"},
		{"Bytes rounded down", en.Bytes(999_499), "999 kB"},
		{"Bytes digits", en.Bytes(9_960), "10 kB"},
		{"Bytes GB", de.Bytes(1_450_000_000), "1,4\u00a0GB"},
		{"Bytes most", en.Bytes(math.MaxInt64), "9.2 EB"},
		{"Bytes least", en.Bytes(math.MinInt64), "-9.2 EB"},
		{"List none", en.List(nil), ""},
		{"List one", en.List([]string{"a"}), "a"},
		{"List two", de.List([]string{"a", "b"}), "a und b"},
		{"List three", en.List([]string{"a", "%s", "c"}), "a, %s and c"},
	} {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
		}
	}
}

// TestCountReadsBack: the digits are those of the number, in groups of three, and English
// agrees with the reports.
func TestCountReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		if got, want := en.Count(n), report.Count(n); got != want {
			t.Errorf("Count(%d) = %s, the report prints %s", n, got, want)
		}
		for l, mark := range map[phrase.Lang]string{en: ",", de: "."} {
			got := l.Count(n)
			if back := strings.ReplaceAll(got, mark, ""); back != strconv.FormatInt(n, 10) {
				t.Errorf("%s.Count(%d) = %s", l, n, got)
			}
			for i, group := range strings.Split(strings.TrimPrefix(got, "-"), mark) {
				if len(group) != 3 && (i > 0 || len(group) == 0 || len(group) > 3) {
					t.Errorf("%s.Count(%d) = %s, a group of %d", l, n, got, len(group))
				}
			}
		}
	})
}

// TestPercentIsHonest: only none is 0 and only all is 100.
func TestPercentIsHonest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(1, math.MaxInt64).Draw(t, "whole")
		part := rapid.Int64Range(0, whole).Draw(t, "part")
		got := en.Percent(part, whole)
		if (got == "0 %") != (part == 0) || (got == "100 %") != (part == whole) || strings.HasPrefix(got, "0.0") || strings.HasPrefix(got, "100.") {
			t.Errorf("Percent(%d, %d) = %s", part, whole, got)
		}
		number, found := strings.CutSuffix(got, " %")
		v, err := strconv.ParseFloat(number, 64)
		if found && err == nil && math.Abs(v-float64(part)/float64(whole)*100) > 0.0501 {
			t.Errorf("Percent(%d, %d) = %s", part, whole, got)
		}
	})
}
