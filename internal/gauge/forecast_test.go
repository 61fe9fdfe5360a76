package gauge

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

var update = flag.Bool("update", false, "write the golden files again")

// TestJSON holds the two answers still, as programs outside read them.
func TestJSON(t *testing.T) {
	t.Parallel()
	f := lateReview()
	monthly := sound("IAM-05")
	monthly.Frequency = assure.Monthly
	f.Controls = append(f.Controls, monthly)
	f.Instances = append(f.Instances, Instance{Control: "IAM-05", Key: "crm/2026-11", Due: day("2026-11-30"), Owner: "owner of crm"})
	r := tested("IAM-04")
	r.Shape, r.Population, r.Passed, r.Deviating = assure.Schedule, 24, 23, 1
	f.Results = []assure.TestResult{r}
	for name, v := range map[string]any{"ready.json": ready(t, f), "forecast.json": foresee(t, f)} {
		got, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestContract reads the answers as the contract has them, and nothing that it promises is missing or null.
func TestContract(t *testing.T) {
	t.Parallel()
	for what, v := range map[string]struct {
		answer any
		paths  []string
	}{
		"ready": {ready(t, lateReview()), []string{"report", "status", "counts.red", "counts.amber", "counts.green", "criteria.0.id", "criteria.0.status",
			"controls.0.id", "controls.0.status", "controls.0.gates.D", "controls.0.gates.I", "controls.0.gates.P", "controls.0.gates.O", "controls.0.gates.E", "controls.0.gates.F",
			"gaps.0.rule", "gaps.0.control", "gaps.0.severity", "gaps.0.what", "gaps.0.fix"}},
		"forecast": {foresee(t, lateReview()), []string{"today", "controls.0.id", "controls.0.items_due", "controls.0.deviations", "earliest_clean.1.months",
			"earliest_clean.1.conservative.from", "earliest_clean.1.conservative.to", "earliest_clean.1.strict.from", "options.0.id", "options.0.period.from",
			"options.0.report_ready.0", "options.0.report_ready.1", "options.0.discloses.0", "options.0.cost", "chance.no_exception.1", "chance.no_qualification.0", "due_soon"}},
		"forecast of nothing": {foresee(t, Facts{Term: type2("2026-07-01", "2026-12-31"), Today: day("2026-08-01")}),
			[]string{"today", "controls", "earliest_clean.0.months", "options.0.id", "options.0.discloses", "chance.no_exception.0", "due_soon"}},
	} {
		b, err := json.Marshal(v.answer)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		for _, path := range v.paths {
			x := got
			for _, step := range strings.Split(path, ".") {
				switch y := x.(type) {
				case map[string]any:
					x = y[step]
				case []any:
					i := int(step[0] - '0')
					if i >= len(y) {
						t.Fatalf("%s: %s is not there", what, path)
					}
					x = y[i]
				}
			}
			if x == nil {
				t.Errorf("%s: %s is missing or null", what, path)
			}
		}
	}
}

// TestStart: a period begins when all key controls are in place, nothing before is unexamined, and the last report has ended.
func TestStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   string
		why    string
	}{
		{"all in place before", func(*Facts) {}, "2026-07-01", "the first day whose items were tested"},
		{"one later", func(f *Facts) { f.Controls[0].Implemented = on("2026-09-15") }, "2026-09-15", "IAM-01"},
		{"one later that is not key", func(f *Facts) {
			c := sound("IAM-02")
			c.Key, c.Implemented = false, on("2026-09-15")
			f.Controls = append(f.Controls, c)
		}, "2026-07-01", "tested"},
		{"no date, but a first act", func(f *Facts) { f.Controls[0].Implemented, f.Controls[0].FirstOperated = nil, on("2026-08-20") }, "2026-08-20", "IAM-01"},
		{"no date, an instance done", func(f *Facts) { f.Controls[0].Implemented = nil; reviewsOf(f, "2026-10-30", "2026-07-30") }, "2026-07-30", "IAM-01"},
		{"no date, a month of items", func(f *Facts) {
			f.Controls[0].Implemented = nil
			f.Results[0].Months = []assure.MonthCount{{Month: "2026-07"}, {Month: "2026-08", Population: 2, Deviating: 2}, {Month: "2026-09", Population: 3}}
		}, "2026-09-30", "IAM-01"},
		{"never seen", func(f *Facts) { f.Controls[0].Implemented = nil }, "2026-11-23", "assumes that it is put in place"},
		{"a version later", func(f *Facts) {
			f.Controls[0].Spans = []Span{span("2020-01-01", "2026-07-31"), span("2026-09-01", "2200-01-01")}
		}, "2026-09-01", "in force"},
		{"retired", func(f *Facts) {
			c := sound("IAM-02")
			c.Implemented, c.Spans = on("2026-09-15"), []Span{span("2026-09-01", "2026-10-31")}
			f.Controls = append(f.Controls, c)
		}, "2026-07-01", "tested"},
		{"the last report overlaps", func(f *Facts) { f.Earlier = []Earlier{{"soc2-type2", type2("2026-02-01", "2026-07-31")}} }, "2026-08-01", "the last report"},
		{"a report of another kind", func(f *Facts) { f.Earlier = []Earlier{{"soc1-type2", type2("2026-02-01", "2026-07-31")}} }, "2026-07-01", "tested"},
		{"examined before the period", func(f *Facts) { f.Examined = on("2026-03-01") }, "2026-03-01", "tested"},
		{"a Type 1 comes first", func(f *Facts) { *f = asType1(*f, "2026-11-30") }, "2026-11-30", "Type 1"},
	} {
		f := clean()
		c.change(&f)
		if got := foresee(t, f).Start; got.On != day(c.want) || !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, got.On, got.Why, c.want, c.why)
		}
	}
}

// TestBadIntervals: each deviation in both readings.
func TestBadIntervals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                 string
		deviation            Deviation
		conservative, strict Span
	}{
		{"late", Deviation{Member: day("2026-10-30"), Ended: on("2026-11-09"), Late: true}, span("2026-10-30", "2026-11-09"), span("2026-10-30", "2026-10-30")},
		{"at once over", Deviation{Member: day("2026-10-30"), Ended: on("2026-10-30")}, span("2026-10-30", "2026-10-30"), span("2026-10-30", "2026-10-30")},
		{"a bypass that began before it was seen", Deviation{Member: day("2026-10-30"), Began: on("2026-10-02"), Ended: on("2026-11-01")}, span("2026-10-02", "2026-11-01"), span("2026-10-30", "2026-10-30")},
		{"over before it counts", Deviation{Member: day("2026-10-30"), Began: on("2026-10-02"), Ended: on("2026-10-05")}, span("2026-10-02", "2026-10-30"), span("2026-10-30", "2026-10-30")},
		{"it lasts", Deviation{Member: day("2026-10-30")}, span("2026-10-30", "2026-11-22"), span("2026-10-30", "2026-10-30")},
	} {
		f := clean()
		c.deviation.Control, c.deviation.Key = "IAM-01", "x"
		f.Deviations = []Deviation{c.deviation}
		got := foresee(t, f)
		if diff := cmp.Diff(Intervals{[]Span{c.conservative}, []Span{c.strict}}, got.Bad); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if lasts := strings.Contains(strings.Join(got.Notes, "\n"), "deviation lasts"); lasts != (c.deviation.Ended == nil) {
			t.Errorf("%s: notes %q", c.name, got.Notes)
		}
	}
}

// TestUndatedDeviationLasts: what a test found and nobody dated is not over, and the forecast says so.
func TestUndatedDeviationLasts(t *testing.T) {
	t.Parallel()
	f := clean()
	r := &f.Results[0]
	r.Deviating, r.Passed = 2, 98
	r.Findings = []assure.Finding{
		{Key: "dated", Verdict: assure.Deviation, EventTime: "2026-08-01"},
		{Key: "not", Verdict: assure.Deviation, EventTime: "2026-09-03T23:30:00-04:00"}, // 4 September in UTC
	}
	f.Deviations = []Deviation{{Control: "IAM-01", Key: "dated", Member: day("2026-08-01"), Ended: on("2026-08-01")}}
	got := foresee(t, f)
	want := Intervals{[]Span{span("2026-08-01", "2026-08-01"), span("2026-09-04", "2026-11-22")}, []Span{span("2026-08-01", "2026-08-01"), span("2026-09-04", "2026-09-04")}}
	if diff := cmp.Diff(want, got.Bad); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(strings.Join(got.Notes, "\n"), "nothing says when 1 deviation of IAM-01 ended") {
		t.Errorf("notes %q", got.Notes)
	}
}

// TestYearlyControl: a clean period holds an act of every yearly control; sooner, if that act is brought forward.
func TestYearlyControl(t *testing.T) {
	t.Parallel()
	f := clean()
	deviate(&f, 1)
	f.Deviations[0].Member, f.Deviations[0].Ended = day("2026-09-30"), on("2026-09-30")
	c := sound("GOV-05")
	c.Frequency, c.LastOperated = assure.Annual, on("2026-06-10")
	f.Controls = append(f.Controls, c)
	six := foresee(t, f).EarliestClean[1]
	if want := span("2026-12-11", "2027-06-10"); six.Conservative == nil || *six.Conservative != want {
		t.Errorf("%v, want %s: the first that reaches 10 June", six.Conservative, want)
	}
	if want := span("2026-10-01", "2027-03-31"); six.Sooner == nil || *six.Sooner != want || !slices.Equal(six.BringForward, []string{"GOV-05"}) {
		t.Errorf("sooner %v with %q, want %s with GOV-05", six.Sooner, six.BringForward, want)
	}
	f.Controls[1].LastOperated = nil
	got := foresee(t, f)
	if six := got.EarliestClean[1]; six.Conservative == nil || six.Conservative.From != day("2026-10-01") || six.Sooner != nil {
		t.Errorf("an act that nobody knows asks nothing: %+v", six)
	}
	if !strings.Contains(strings.Join(got.Notes, "\n"), "GOV-05 acts once a year, and nothing says when") {
		t.Errorf("notes %q, want that nothing is known of GOV-05", got.Notes)
	}
}

// TestMinimumOperations: a monthly control acts twice in any two months, a daily one enough in any month, a quarterly one
// not in three months.
func TestMinimumOperations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		frequency assure.Frequency
		three     bool
		six       bool
	}{
		{assure.PerEvent, true, true}, {assure.Continuous, true, true}, {assure.Daily, true, true}, {assure.Weekly, true, true},
		{assure.Monthly, true, true}, {assure.Quarterly, false, true}, {assure.Semiannual, true, true},
	} {
		f := clean()
		f.Controls[0].Frequency = c.frequency
		if c.frequency == assure.Quarterly {
			reviewsOf(&f, "2026-07-30", "2026-10-30")
		}
		got := foresee(t, f).EarliestClean
		if three, six := got[0].Conservative != nil, got[1].Conservative != nil; three != c.three || six != c.six {
			t.Errorf("%s: three months %v, six %v; want %v, %v", c.frequency, three, six, c.three, c.six)
		}
		if !c.three && !strings.Contains(strings.Join(got[0].Why, ""), "IAM-01 acts fewer than 2 times") {
			t.Errorf("%s: why %q", c.frequency, got[0].Why)
		}
	}
}

// TestDueDates: told dates go before the calendar's, and are carried on a step apart.
func TestDueDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		frequency assure.Frequency
		told      []string
		want      string // the first after the period begins
	}{
		{"from a told quarter", assure.Quarterly, []string{"2026-10-30"}, "2026-07-30 2026-10-30 2027-01-30 2027-04-30"},
		{"calendar quarters", assure.Quarterly, nil, "2026-09-30 2026-12-31 2027-03-31 2027-06-30"},
		{"calendar halves", assure.Semiannual, nil, "2026-12-31 2027-06-30 2027-12-31 2028-06-30"},
		{"months from the last day", assure.Monthly, []string{"2026-08-31"}, "2026-07-31 2026-08-31 2026-09-30 2026-10-31"},
		{"two a quarter", assure.Quarterly, []string{"2026-07-15", "2026-07-30"}, "2026-07-15 2026-07-30 2026-10-15 2026-10-30"},
		{"weeks", assure.Weekly, []string{"2026-07-06"}, "2026-07-06 2026-07-13 2026-07-20 2026-07-27"},
		{"a year of two anniversaries", assure.Annual, []string{"2026-08-01", "2026-12-01"}, "2026-08-01 2026-12-01 2027-08-01 2027-12-01"},
		{"events", assure.PerEvent, []string{"2026-08-01"}, ""},
	} {
		f := clean()
		f.Controls[0].Frequency, f.Controls[0].LastOperated = c.frequency, nil
		for i, d := range c.told {
			f.Instances = append(f.Instances, Instance{Control: "IAM-01", Key: fmt.Sprint(i), Due: day(d)})
		}
		v := newView(&f, Defaults())
		var got []string
		for _, d := range v.dueDates(v.controls[0]).dates {
			if len(got) < 4 {
				got = append(got, d.String())
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
}

// TestOptionsOfACleanPeriod: nothing to get away from, so there is no restart and nothing to dilute.
func TestOptionsOfACleanPeriod(t *testing.T) {
	t.Parallel()
	ids := func(f Facts) string {
		var out []string
		for _, o := range foresee(t, f).Options {
			out = append(out, o.ID)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   string
	}{
		{"clean", func(*Facts) {}, "keep type1"},
		{"a deviation", func(f *Facts) { deviate(f, 1) }, "keep restart extend type1"},
		{"in place too late", func(f *Facts) { f.Controls[0].Implemented = on("2026-09-01") }, "keep restart type1"},
		{"SOC 3 has no Type 1", func(f *Facts) { f.Report = "soc3" }, "keep"},
		{"ISO 27001 has no Type 1", func(f *Facts) { f.Report = "iso27001" }, "keep"},
		{"the period is as good as over", func(f *Facts) { f.Today = day("2026-12-01") }, "keep"},
		{"a Type 1 in time", func(f *Facts) { *f = asType1(*f, "2026-11-30") }, "keep"},
		{"a Type 1 too early", func(f *Facts) { *f = asType1(*f, "2026-11-30"); f.Controls[0].Implemented = on("2026-12-15") }, "keep restart"},
	} {
		f := clean()
		c.change(&f)
		if got := ids(f); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	f := asType1(clean(), "2026-11-30")
	f.Controls[0].Implemented = on("2026-12-15")
	if o := foresee(t, f).Options[1]; o.AsOf == nil || *o.AsOf != day("2026-12-15") || !strings.Contains(o.Cost, "15 days later") {
		t.Errorf("%+v, want as of 2026-12-15, 15 days later", o)
	}
}

// TestChain: the next period starts the day after the last one ends; a day between is a gap, a day too early an overlap.
func TestChain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ended        string
		gap, overlap int
		warns        string
	}{
		{"2026-06-30", 0, 0, ""},
		{"2026-06-29", 1, 0, "1 day is in no report"},
		{"2026-07-01", 0, 1, "1 day is in two reports"},
		{"2026-03-31", 91, 0, "91 days are in no report"},
		{"2026-03-30", 92, 0, "92 days are in no report"},
		{"2026-03-29", 93, 0, "a bridge letter usually covers"},
	} {
		f := clean()
		f.Earlier = []Earlier{{"soc2-type2", type2("2025-07-01", c.ended)}, {"soc2-type2", type2("2024-07-01", "2025-06-30")}, {"soc2-type1", Type1{AsOf: day("2024-06-01")}}}
		got := foresee(t, f)
		if len(got.Chain) != 2 || got.Chain[0].Gap+got.Chain[0].Overlap != 0 {
			t.Fatalf("chain %+v, want two links and the first without a gap", got.Chain)
		}
		l, keep := got.Chain[1], got.Options[0]
		if l.Gap != c.gap || l.Overlap != c.overlap || keep.Gap != c.gap || l.Expected != day(c.ended)+1 {
			t.Errorf("ended %s: %+v, gap of the option %d; want %d, %d", c.ended, l, keep.Gap, c.gap, c.overlap)
		}
		if warned := strings.Join(keep.Warnings, "\n"); !strings.Contains(warned, c.warns) || c.warns == "" && warned != "" {
			t.Errorf("ended %s: warnings %q, want %q", c.ended, keep.Warnings, c.warns)
		}
	}
}

// TestOnly looks at the controls named and refuses a name that is none.
func TestOnly(t *testing.T) {
	t.Parallel()
	f := clean()
	deviate(&f, 1)
	f.Controls = append(f.Controls, sound("CHG-01"))
	g, err := f.Only("CHG-01")
	if err != nil {
		t.Fatal(err)
	}
	got := foresee(t, g)
	if len(got.Controls) != 1 || got.Controls[0].ID != "CHG-01" || len(got.Bad.Conservative) > 0 || len(f.Controls) != 2 {
		t.Errorf("%+v, want CHG-01 alone, without IAM-01's deviation", got)
	}
	if _, err := f.Only("IAM-1"); !refused(err, `"IAM-1" is no control in scope`) {
		t.Errorf("Only(IAM-1) = %v, want a refusal", err)
	}
	if all, err := f.Only(); err != nil || len(all.Controls) != 2 {
		t.Errorf("Only() = %d controls, %v, want all", len(all.Controls), err)
	}
}

// TestWindow: periods end with the month where their first day has no counterpart.
func TestWindow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from   string
		months int
		to     string
	}{
		{"2026-11-10", 6, "2027-05-09"}, {"2026-07-01", 6, "2026-12-31"}, {"2026-10-31", 6, "2027-04-30"}, {"2026-08-29", 6, "2027-02-28"},
		{"2028-02-29", 12, "2029-02-28"}, {"2026-03-01", 12, "2027-02-28"}, {"2026-01-31", 1, "2026-02-28"},
	} {
		w := window(day(c.from), c.months)
		if w.To != day(c.to) || w.months() != c.months {
			t.Errorf("%d months from %s: %s of %d months, want to %s", c.months, c.from, w, w.months(), c.to)
		}
	}
	if got := (Span{day("2026-07-01"), day("2027-01-01")}).months(); got != 7 {
		t.Errorf("six months and a day are %d months, want 7", got)
	}
}

// TestNoForbiddenWords: whatever is said, no answer grants what only an auditor may, nor sets a confidence beside a full test.
func TestNoForbiddenWords(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, cases := range ruleCases {
		for _, c := range cases {
			f := clean()
			c.change(&f)
			for _, v := range []any{ready(t, f), foresee(t, f)} {
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				all.Write(b)
			}
		}
	}
	text := strings.ToLower(all.String())
	for _, word := range []string{"certified", "compliant", "no exceptions noted", "passed the audit", "% ready"} {
		if strings.Contains(text, word) {
			t.Errorf("an answer says %q", word)
		}
	}
	for _, part := range strings.Split(text, `"basis":"`)[1:] {
		if basis, _, _ := strings.Cut(part, `"`); strings.HasPrefix(basis, "tested all") && strings.Contains(basis, "confidence") {
			t.Errorf("a full test has a confidence: %s", basis)
		}
	}
}

// million are 96 controls with a million items: every one an instance with its dates, a part of them late.
func million(late int) Facts {
	f := Facts{Report: "soc2-type2", Term: type2("2025-01-01", "2025-12-31"), Today: day("2025-12-31"), Criteria: []assure.Criterion{{ID: "CC6.2", Category: "security"}}}
	frequencies := []assure.Frequency{assure.PerEvent, assure.Daily, assure.Weekly, assure.Monthly, assure.Quarterly, assure.Annual, assure.Continuous, assure.Semiannual}
	const controls, items = 96, 1_000_000
	dates := make([]civil.Date, 400)
	for i := range dates {
		dates[i] = day("2025-01-01") + civil.Date(i)
	}
	for i := range controls {
		c := sound(fmt.Sprintf("C-%02d", i))
		c.Frequency, c.Implemented = frequencies[i%len(frequencies)], on("2024-01-01")
		f.Controls = append(f.Controls, c)
	}
	for i := range items {
		c, at := i*controls/items, i%365
		x := Instance{Control: f.Controls[c].ID, Key: fmt.Sprintf("system-%d/%d", i%50, i), Due: dates[at], Done: &dates[at]}
		if i%1000 < late {
			x.Done = &dates[at+i%30]
			f.Deviations = append(f.Deviations, Deviation{Control: x.Control, Key: x.Key, Member: x.Due, Ended: x.Done, Late: true})
		}
		f.Instances = append(f.Instances, x)
	}
	return f
}

// BenchmarkForesee looks for clean periods on every day of two years, for 96 controls and a million items.
func BenchmarkForesee(b *testing.B) {
	for _, c := range []struct {
		name string
		late int
	}{{"one in a thousand late", 1}, {"every item late", 1000}} {
		f, s := million(c.late), Defaults()
		s.Horizon = 24
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Foresee(f, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSweep asks of each day of two years for the earliest clean period of each length from there, in both readings,
// over a million items of which one in a thousand is late in one of 24 months.
func BenchmarkSweep(b *testing.B) {
	f, s := million(1), Defaults()
	for b.Loop() {
		v := newView(&f, s)
		look := v.search(v.begin().On)
		for d := look.days.From; d < look.days.From+731; d++ {
			for _, months := range s.Lengths {
				earliest(Span{d, look.days.To}, look.conservative, months, look.needs)
				earliest(Span{d, look.days.To}, look.strict, months, look.needs)
			}
		}
	}
}

// stored are 96 controls and a million items as tests keep them: counts, and findings of what is wrong.
func stored() Facts {
	f := million(1)
	f.Instances, f.Deviations = nil, nil
	for i := range f.Controls {
		r := tested(f.Controls[i].ID)
		r.From, r.To = day("2025-01-01"), day("2025-12-31")
		r.Population, r.Passed, r.Deviating, r.Undecided = 10417, 10212, 105, 100
		for k := range 205 {
			x := assure.Finding{Key: fmt.Sprintf("item-%d", k), Verdict: assure.Deviation, EventTime: (r.From + civil.Date(k)).String()}
			if k >= 105 {
				x.Verdict, x.EventTime = assure.Undecided, x.EventTime+"T12:00:00Z"
			}
			r.Findings = append(r.Findings, x)
		}
		f.Results = append(f.Results, r)
		f.Evidence = append(f.Evidence, Evidence{Control: r.Control, Instances: r.Population})
	}
	return f
}

// BenchmarkReady judges 96 controls over a million items from stored verdicts.
func BenchmarkReady(b *testing.B) {
	f, s := stored(), Defaults()
	for b.Loop() {
		if _, err := Ready(f, s); err != nil {
			b.Fatal(err)
		}
	}
}
