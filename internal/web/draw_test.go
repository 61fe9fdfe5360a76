package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
)

func TestMonths(t *testing.T) {
	t.Parallel()
	days := gauge.Days(strings.Repeat("c", 17) + "bbb" + strings.Repeat("o", 20) + "nn" + strings.Repeat("f", 20))
	list := months(days, day("2026-01-15"))
	type row struct{ Name, Sign, Words string }
	var got []row
	total := 0
	for _, m := range list {
		got = append(got, row{m.Name, m.sign(), m.words(t.Context())})
		total += len(m.days)
	}
	want := []row{
		{"2026-01", "", "Jan 2026: 17 days clean"},
		{"2026-02", "×3", "Feb 2026: 3 days within a deviation, 5 days no control in place, 20 days not settled"},
		{"2026-03", "", "Mar 2026: 17 days to come"},
	}
	want[1].Words = "Feb 2026: 3 days within a deviation, 2 days no control in place, 20 days not settled, 3 days to come"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("months (-want +got):\n%s", diff)
	}
	if total != len(days) {
		t.Errorf("the months hold %d days of %d", total, len(days))
	}
	if svg := list[0].svg(t.Context()); !strings.Contains(svg, `viewBox="0 0 31 30"`) || !strings.Contains(svg, `class="clean" d="M14 24h17v6h-17z"`) {
		t.Errorf("a month that begins on the 15th is drawn as %s", svg)
	}
	if months("", day("2026-01-01")) != nil {
		t.Error("no day makes a month")
	}
}

func TestRangeWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   gauge.Range
		want string
	}{
		{gauge.Range{0, 0}, "0 %"}, {gauge.Range{1, 1}, "100 %"}, {gauge.Range{0, 0.00001}, "0 % to under 0.1 %"}, {gauge.Range{0.99999, 1}, "over 99.9 % to 100 %"},
		{gauge.Range{0.04939, 0.8333}, "4.9 % to 83.4 %"}, {gauge.Range{0.5, 0.5}, "50.0 %"},
	} {
		if got := rangeWords(t.Context(), c.in); got != c.want {
			t.Errorf("rangeWords(%v) = %q, want %q", c.in, got, c.want)
		}
	}
}

// TestTimeline: months are of equal length on the axis, whatever their days, and the axis holds all that is drawn.
func TestTimeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	options(t, w)
	f, err := gauge.Foresee(w.judged.facts, gauge.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	tl, ok := forecastData{F: &f}.timeline(t.Context())
	if !ok {
		t.Fatal("a period has no timeline")
	}
	if tl.from != day("2025-07-01") || tl.at(day("2026-02-15")) != 750 || tl.at(day("2026-03-01")) != 800 {
		t.Errorf("from %s: 15 February at %d, 1 March at %d; want 2025-07-01, 750, 800", tl.from, tl.at(day("2026-02-15")), tl.at(day("2026-03-01")))
	}
	if n := tl.months / tl.step(); n*tl.step() != tl.months || len(tl.labels(t.Context())) != n {
		t.Errorf("%d labels under %d months, %d apart", len(tl.labels(t.Context())), tl.months, tl.step())
	}
	for _, l := range tl.Lines {
		for _, b := range l.bars {
			if b.from < tl.from || tl.from.AddMonths(tl.months) < b.to {
				t.Errorf("%s: %s to %s lies outside the axis", l.Name, b.from, b.to)
			}
		}
	}
	if _, ok := (forecastData{F: &gauge.Forecast{AsOf: new(civil.Date)}}).timeline(t.Context()); ok {
		t.Error("a report about one date has a timeline")
	}
}

// TestCompare: a supposition changes what it touches and nothing else; two equal forecasts differ in nothing.
func TestCompare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	options(t, w)
	before, err := w.judged.Foresee(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff, same := compare(t.Context(), before, before); len(diff) > 0 || same < 80 {
		t.Errorf("equal forecasts: %v differ, %d do not", diff, same)
	}
	after, err := w.judged.Foresee(t.Context(), nil, []string{"IAM-04/billing/2026-Q2=late:10d"})
	if err != nil {
		t.Fatal(err)
	}
	diff, _ := compare(t.Context(), before, after)
	i := slices.IndexFunc(diff, func(c change) bool { return c.What == "Deviations of IAM-04" })
	if i < 0 || diff[i].Before != "1 of 48 (2.1 %)" || diff[i].After != "2 of 51 (3.9 %)" {
		t.Errorf("IAM-04 is not told to change: %+v", diff)
	}
	for _, c := range diff {
		if strings.HasPrefix(c.What, "Deviations of ") && c.What != "Deviations of IAM-04" {
			t.Errorf("%s changes, which nobody supposed", c.What)
		}
	}
}

// FuzzAsked reads any text as the what-if form: it never panics, and what it takes for a supposition is one.
func FuzzAsked(f *testing.F) {
	f.Add("if=IAM-04/billing/2026-Q2=late:10d&today=2026-05-20")
	f.Add("if=a/b=done%0D%0Ac/d=missed&if=&today=x")
	f.Add("if=%FF/\x00=late:0d;today")
	f.Fuzz(func(t *testing.T, text string) {
		q, _ := url.ParseQuery(text)
		a := readAsked(q)
		if len(a.Ifs) > mostIfs || len(a.lines()) > mostIfs || len(a.ifs) > len(a.Ifs) {
			t.Fatalf("%q: %d lines, %d suppositions; want at most %d", text, len(a.Ifs), len(a.ifs), mostIfs)
		}
		for _, s := range a.ifs {
			if x, err := gauge.ParseIf(s); err != nil || x.String() != s {
				t.Fatalf("%q: %q is taken for a supposition: %v", text, s, err)
			}
		}
		for i, x := range a.Ifs {
			if x.Value == "" || strings.ContainsAny(x.Value, "\n") || x.ID != fmt.Sprintf("if-%d", i) {
				t.Fatalf("%q: line %d is %+v", text, i, x)
			}
		}
	})
}
