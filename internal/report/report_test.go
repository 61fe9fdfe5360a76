package report

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// facts are the example company's, with the eight controls and a part of the criteria, so
// that the golden files stay as they are when the library grows.
func facts(t *testing.T) Facts {
	t.Helper()
	c, err := theCatalog()
	if err != nil {
		t.Fatal(err)
	}
	r := exampleResults(t)
	f := Facts{
		Organization: r.Organization, System: "Harborline Payments", When: Throughout(r.Period),
		Categories: []string{"security", "availability"}, Results: r, Rows: 6, About: about(),
		Reasons: map[string]string{"CC6.4": "The system runs in a subservice organization's data centres."},
		Systems: []System{{"ledger-db", "database", "platform", "production"}, {"okta", "identity provider", "it", "production"}},
	}
	for _, id := range []string{"CHG-01", "CHG-03", "IAM-02", "IAM-04", "IAM-06", "AVL-02", "VUL-03", "GOV-05"} {
		ctl, ok := c.Control(id)
		if !ok {
			t.Fatalf("control %s is missing", id)
		}
		f.Controls = append(f.Controls, ctl)
	}
	for _, id := range []string{"CC1.4", "CC5.2", "CC6.1", "CC6.2", "CC6.4", "CC7.1", "CC8.1", "CC9.2", "A1.2"} {
		cr, ok := c.Criterion(id)
		if !ok {
			t.Fatalf("criterion %s is missing", id)
		}
		f.Criteria = append(f.Criteria, cr)
	}
	return f
}

func type1(t *testing.T) Facts {
	f := facts(t)
	f.When = AsOf{Date: date(t, "2026-06-30"), Zone: f.Results.Period.Zone}
	return f
}

func build(t *testing.T, k Kind, f Facts) *Report {
	t.Helper()
	r, err := Build(k, f)
	if err != nil {
		t.Fatalf("Build(%s) = %v", k, err)
	}
	return r
}

// TestGolden: management's draft of every kind.
func TestGolden(t *testing.T) {
	t.Parallel()
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		f := factsOf(t, k)
		if k == "iso27001" {
			f = soa(t)
		}
		b, err := json.MarshalIndent(build(t, k, f), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "kinds/"+string(k)+"/golden.json", append(b, '\n'))
	}
}

// TestEveryKindHasGolden makes a new kind's folder bring its golden file.
func TestEveryKindHasGolden(t *testing.T) {
	t.Parallel()
	ks, err := Kinds()
	if err != nil || len(ks) < 2 {
		t.Fatalf("Kinds() = %v, %v; want two or more", ks, err)
	}
	for _, k := range ks {
		if _, err := os.Stat("kinds/" + string(k) + "/golden.json"); err != nil {
			t.Errorf("kind %s has no golden file: %v", k, err)
		}
	}
}

// text is everything that the document says, one line per block.
func text(r *Report) string {
	var b strings.Builder
	line := func(rs ...Runs) {
		for _, x := range rs {
			b.WriteString(x.String() + "\n")
		}
	}
	for _, s := range r.Sections {
		b.WriteString(s.Title + "\n")
		for _, x := range s.Blocks {
			line(x.Paragraph)
			line(x.List...)
			if h := x.Heading; h != nil {
				b.WriteString(h.Label + " " + h.Text + " " + h.Word + "\n")
			}
			if n := x.Note; n != nil {
				b.WriteString(n.Title + "\n")
				line(n.Text)
				line(n.List...)
			}
			if x.Terms != nil {
				for _, t := range x.Terms.Items {
					b.WriteString(t.Name + ": ")
					line(t.Value)
				}
			}
			if x.Statement != nil {
				line(x.Statement.Text)
			}
			if x.Sign != nil {
				line(x.Sign.Lines...)
			}
			if x.Chart != nil {
				line(x.Chart.Caption)
			}
			if x.Table != nil {
				line(x.Table.Caption)
				for _, row := range x.Table.Rows {
					line(row.Cells...)
				}
			}
		}
	}
	return b.String()
}

func TestType2Says(t *testing.T) {
	t.Parallel()
	r := build(t, "soc2-type2", facts(t))
	got := text(r)
	for _, want := range []string{
		"12 of 1,173 items tested deviate.",
		"4 of 1,173 could not be decided",
		"The population holds 1,204 items, of which 31 did not need the control.",
		"Deviations of AVL-02: 212 of 2,190 items tested",
		"1 of 48 items tested deviates.",
		"the event did not occur in the period, so the operation of this control was not tested",
		"the register configurations was never pulled",
		"46 (completeness not shown)",                                               // beside the population, wherever it stands
		"no deviation was found among the items that could be decided, 156 of 161.", // never "all passed" while five are undecided
		"Outside the population, 9 items are running and due later.",
		"No opinion is expressed here.",
		"Test GOV-05, version 2, 1 January 2026 to 30 June 2026",
		"disabled 52 h after the end; a sign-in on 2025-12-06",
		"2025-12-06 13:42:05-05:00", // the reporting zone, with its offset
		"Not relevant: The system runs in a subservice organization's data centres.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	for _, never := range []string{"certified", "compliant", "%", "No exceptions", "no exceptions", "confidence level"} {
		if strings.Contains(got, never) {
			t.Errorf("the report says %q", never)
		}
	}
}

func TestType1HasNoResults(t *testing.T) {
	t.Parallel()
	r := build(t, "soc2-type1", type1(t))
	got := text(r)
	for _, want := range []string{
		"30 June 2026, which means until the end of that local day (1 July 2026, 00:00, America/New_York (UTC−04:00))",
		"It gives no test of their operation and no result of one.",
		"That the operation of controls was not tested and that no opinion on it is expressed",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	for _, never := range []string{"deviate", "Population", "1,204", "DC 9", "throughout the period"} {
		if strings.Contains(got, never) {
			t.Errorf("a Type 1 says %q", never)
		}
	}
}

func TestOpenPoints(t *testing.T) {
	t.Parallel()
	r := build(t, "soc2-type2", facts(t))
	var got []string
	for _, p := range r.Open {
		got = append(got, p.Rule+": "+p.Text.String())
	}
	for _, want := range []string{
		"criterion: 1 of 9 criteria in scope have neither a control nor a reason: CC9.2.",
		"completeness: IAM-02: the check C2 Independent count of people failed: payroll counts 24 leavers, the register holds 23",
		"blocked: IAM-06: the test could not be run.",
		"undecided: VUL-03: 5 of 161 items could not be decided.",
		"response: CHG-01: 12 of 1,173 items deviate; causes and management's responses are not recorded.",
		"section: Section I is to be written by the independent service auditor.",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("open points lack %q; got:\n%s", want, strings.Join(got, "\n"))
		}
	}
	if err := r.Issuable(); !errors.Is(err, fault.Refused) {
		t.Errorf("Issuable() = %v, want a refusal", err)
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	two, one := facts(t), type1(t)
	other := facts(t)
	other.When = Throughout(civil.Period{From: two.Results.Period.From, To: two.Results.Period.To - 1, Zone: two.Results.Period.Zone})
	nameless, timeless := facts(t), facts(t)
	nameless.Organization, timeless.When = "", nil
	for name, c := range map[string]struct {
		kind Kind
		f    Facts
		want string
	}{
		"a Type 1 with a period":     {"soc2-type1", two, "has an as-of date"},
		"a Type 2 with a date":       {"soc2-type2", one, "has a period"},
		"a period not tested":        {"soc2-type2", other, "was tested"},
		"no time":                    {"soc2-type2", timeless, "needs an as-of date or a period"},
		"no organization":            {"soc2-type2", nameless, "name of the organization"},
		"a kind that does not exist": {"soc9", two, "soc2-type1, soc2-type2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Build(c.kind, c.f); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Build = %v, want a refusal with %q", err, c.want)
			}
		})
	}
}

func TestEmptyProgram(t *testing.T) {
	t.Parallel()
	f := Facts{Organization: "New, Inc.", When: facts(t).When, Results: assure.Results{Period: facts(t).Results.Period}}
	if got := text(build(t, "soc2-type2", f)); !strings.Contains(got, "The program holds no control yet.") {
		t.Error("a report of an empty program does not say that it is empty")
	}
}

func TestLintFinds(t *testing.T) {
	t.Parallel()
	of := 3
	for name, c := range map[string]struct {
		plant func(*Report)
		want  string
	}{
		"a claim":                {func(r *Report) { add(r, Block{Paragraph: Runs{say("We are SOC 2 certified.")}}) }, `"certified"`},
		"a level of confidence":  {func(r *Report) { add(r, Block{Paragraph: Runs{say("95 % Confidence")}}) }, `"Confidence"`},
		"a figure without items": {func(r *Report) { add(r, Block{Paragraph: Runs{{Figure: &Figure{Value: 1}}}}) }, "neither a place"},
		"a link to nothing":      {func(r *Report) { add(r, Block{Paragraph: Runs{figure(1, "nowhere")}}) }, "#nowhere"},
		"a link outside":         {func(r *Report) { add(r, Block{Paragraph: Runs{link("x", "javascript:alert(1)")}}) }, "javascript:"},
		"more than all": {func(r *Report) {
			add(r, Block{Paragraph: Runs{{Figure: &Figure{Value: 4, Of: &of, Link: "#criteria"}}}})
		}, "more than all"},
		"a name twice":   {func(r *Report) { add(r, Block{Heading: &Heading{ID: "criteria", Text: "x"}}) }, "two places"},
		"an empty block": {func(r *Report) { add(r, Block{}) }, "0 contents"},
		"a bare table":   {func(r *Report) { add(r, Block{Table: &Table{ID: "t"}}) }, "without a caption"},
		"rows that are not there": {func(r *Report) {
			add(r, Block{Table: &Table{ID: "t", Caption: Runs{say("x")}, Shown: 2, Total: 2}})
		}, "holds 0"},
		"rest not named": {func(r *Report) {
			add(r, Block{Table: &Table{ID: "t", Caption: Runs{say("x")}, Shown: 0, Total: 2}})
		}, "where the rest is"},
		"a hidden draft": {func(r *Report) { r.Sections[1].Draft = false }, "its heading does not say"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := build(t, "soc2-type2", facts(t))
			c.plant(r)
			if err := Lint(r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Lint = %v, want %q", err, c.want)
			}
		})
	}
}

func add(r *Report, b Block) { r.Sections[4].Blocks = append(r.Sections[4].Blocks, b) }

// TestDataMayClaim: a record that says "compliant" is evidence, not our claim.
func TestDataMayClaim(t *testing.T) {
	t.Parallel()
	f := facts(t)
	f.Results.Controls[0].Findings[0].Reason = "ticket says: certified compliant, 95 % confidence"
	build(t, "soc2-type2", f)
}

func TestRowsAreCapped(t *testing.T) {
	t.Parallel()
	r := build(t, "soc2-type2", facts(t))
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			if b.Table == nil || b.Table.ID != "deviations-AVL-02-v1" {
				continue
			}
			if x := b.Table; x.Shown != 6 || x.Total != 212 || len(x.Rows) != 6 || x.All != "findings/AVL-02.json" {
				t.Errorf("table shows %d of %d, %d rows, rest in %q", x.Shown, x.Total, len(x.Rows), x.All)
			}
			return
		}
	}
	t.Error("no table of AVL-02's deviations")
}

func TestStanding(t *testing.T) {
	t.Parallel()
	want := map[string]Standing{"CHG-01": Deviates, "CHG-03": NoOccurrence, "IAM-02": Deviates, "IAM-06": Blocked, "VUL-03": HasUndecided}
	r := exampleResults(t)
	for _, c := range r.Controls {
		if w, ok := want[c.Control]; ok && StandingOf(c) != w {
			t.Errorf("StandingOf(%s) = %v, want %v", c.Control, StandingOf(c).Word(), w.Word())
		}
	}
	// One version clean, the other unproven: the worst counts, never an average.
	if s, ok := Worst(r.Controls[7:]); !ok || s != Unproven {
		t.Errorf("Worst(GOV-05) = %v, want %v", s.Word(), Unproven.Word())
	}
	if _, ok := Worst(nil); ok {
		t.Error("Worst(nothing) is a standing; want none")
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	if got := slug("CHG-01"); got != "CHG-01" {
		t.Errorf("slug(CHG-01) = %s", got)
	}
	if a, b := slug("a/b"), slug("a b"); a == b {
		t.Errorf("slug(a/b) = slug(a b) = %s; want two anchors", a)
	}
	if got := fileName(".."); strings.Contains(got, "..") {
		t.Errorf("fileName(..) = %s, which leads out of its folder", got)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	zone, _ := civil.ParseZone("America/New_York")
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(int64(-1234567)), "-1,234,567"},
		{Moment("2026-01-01T00:30:00Z", zone), "2025-12-31 19:30:00-05:00"},
		{Moment("2026-01-01", zone), "2026-01-01"}, {Moment("", zone), "not known"}, {Moment("<b>", zone), "<b>"},
		{MonthName("2025-07"), "Jul 2025"}, {MonthName("x"), "x"},
		{words([]string{"security", "processing_integrity", "privacy"}), "security, processing integrity and privacy"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestNeedsCount: what is counted has a noun.
func TestNeedsCount(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		"response": "for the deviations of 4 tests: a, a, a, a", "test": "No test for the period was run of 4 controls: ", "blocked": "It was not possible to run 4 tests: ",
	} {
		p := Point{Rule: rule, Where: "x", Text: Runs{data("a")}}
		got := Needs([]Point{p, p, p, p})
		if len(got) != 1 || !strings.Contains(got[0].Text.String(), want) {
			t.Errorf("%s: Needs = %+v, want %q", rule, got, want)
		}
	}
	var many []Point
	for i := range 40 {
		many = append(many, Point{Rule: "test", Where: "x", Text: Runs{data("C" + strconv.Itoa(i))}})
	}
	if got := Needs(many); len(got) != 1 || !strings.HasSuffix(got[0].Text.String(), "of 40 controls: C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11 and 28 more") {
		t.Errorf("Needs of 40 = %+v", got)
	}
}

// TestLetterStops: a name that ends in a full stop ends a sentence without a second, and nobody is said to be engaged.
func TestLetterStops(t *testing.T) {
	t.Parallel()
	for kind, f := range map[Kind]Facts{"soc2-type1": type1(t), "soc2-type2": facts(t)} {
		f.Organization = "Harborline, Inc."
		f.About.Subservice = []assure.Subservice{{Name: "Cloud Co.", Method: "carve_out"}}
		f.About.CUECs = []assure.CUEC{{ID: "U1", Text: "Users remove their leavers."}}
		got := text(build(t, kind, f))
		for _, not := range []string{"Inc..", "Co..", "We were engaged"} {
			if strings.Contains(got, not) {
				t.Errorf("%s: says %q", kind, not)
			}
		}
		for _, want := range []string{"controls of Harborline, Inc. We did not evaluate", "uses Cloud Co. The description", "[To be confirmed by the firm, once it is engaged: We have been engaged to examine"} {
			if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
				t.Errorf("%s: lacks %q", kind, want)
			}
		}
	}
}

// TestNeeds: points of one kind are one line that leads to each of a dozen; nothing is left out.
func TestNeeds(t *testing.T) {
	t.Parallel()
	r := build(t, "soc2-type1", type1(t))
	if len(Needs(r.Open)) >= len(r.Open) {
		t.Fatalf("%d points are told in %d lines", len(r.Open), len(Needs(r.Open)))
	}
	var all []string
	for _, p := range Needs(r.Open) {
		all = append(all, p.Where)
		for _, x := range p.Text {
			all = append(all, x.Link)
		}
	}
	for _, p := range r.Open {
		if !slices.Contains(all, p.Where) {
			t.Errorf("nothing leads to %s: %s", p.Where, p.Text)
		}
	}
}
