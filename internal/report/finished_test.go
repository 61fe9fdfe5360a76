package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// eachKind builds management's draft and the examined report of every kind.
func eachKind(t *testing.T, f func(name string, r *Report)) {
	t.Helper()
	list, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		draft, err := Build(k, factsOf(t, k))
		if err != nil {
			t.Fatal(err)
		}
		f(string(k)+", a draft", draft)
		if form, _ := formOf(k); form.Family == "" {
			continue
		}
		g := examinedFacts(t, k)
		g.About.Texts["dc1"] = "Merchants.\n\n## Users\n\n| Who | What |\n|---|---|\n| Merchants | The console |\n"
		examined, err := Build(k, g)
		if err != nil {
			t.Fatal(err)
		}
		f(string(k)+", examined", examined)
	}
}

// TestTablesAreReferredTo: every table and picture has a number of its own before its caption, and those of the letters, of the description
// and of the overviews are referred to by it.
func TestTablesAreReferredTo(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^(Table|Figure) [IV]+\.\d+$`)
	eachKind(t, func(name string, r *Report) {
		said := map[string]string{}
		seen := map[string]bool{}
		for _, s := range r.Sections {
			for _, b := range s.Blocks {
				for _, rs := range append([]Runs{b.Paragraph}, b.List...) {
					for _, x := range rs {
						if x.Text == unnumbered {
							t.Errorf("%s: a reference to %s has no number", name, x.Link)
						}
						if strings.HasPrefix(x.Text, "Table ") || strings.HasPrefix(x.Text, "Figure ") {
							said[x.Link] = x.Text
						}
					}
				}
			}
		}
		for _, s := range r.Sections {
			for _, b := range s.Blocks {
				var id, number string
				var caption Runs
				switch {
				case b.Table != nil:
					id, number, caption = b.Table.ID, b.Table.Number, b.Table.Caption
				case b.Drawing != nil:
					id, number, caption = b.Drawing.ID, b.Drawing.Number, b.Drawing.Caption
				case b.Chart != nil:
					id, number, caption = b.Chart.ID, b.Chart.Number, b.Chart.Caption
				default:
					continue
				}
				if !form.MatchString(number) || seen[number] || len(caption) < 2 || caption[0].Text != number+". " {
					t.Errorf("%s: %s is %q with the caption %q; want a number of its own before it", name, id, number, caption)
				}
				seen[number] = true
				if overview := id == "results-table" || id == "criteria-table"; (s.Number != "IV" || overview) && said["#"+id] != number {
					t.Errorf("%s: the text refers to %s, %s, as %q", name, id, number, said["#"+id])
				}
			}
		}
	})
}

// TestAuthorRefersToTables: a text of management's places the number of the table that follows, and gives its caption.
func TestAuthorRefersToTables(t *testing.T) {
	t.Parallel()
	f := facts(t)
	f.About.Texts["dc1"] = "Our users stand in {table}.\n\nTable: Who uses the service.\n\n| Who |\n|---|\n| Merchants |\n\n## Stores\n\n| Store |\n|---|\n| Orders |\n"
	r, err := Build("soc2-type2", f)
	if err != nil {
		t.Fatal(err)
	}
	got := text(r)
	for _, want := range []string{"Our users stand in Table III.2.\n", "Table III.2. Who uses the service\n", "See Table III.3.\n", "Table III.3. Stores\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	var loose []string
	for _, b := range Prose(f.About.Texts["dc1"]) {
		loose = append(loose, flat(b))
	}
	if want := []string{"Our users stand in the table below.", "Who uses the service | Merchants", "Stores", "Stores | Orders"}; !slices.Equal(loose, want) {
		t.Errorf("Prose = %q, want %q", loose, want)
	}
}

// TestGlanceTellsTestsApart: where a control has several tests, each row names its own, and leads to it.
func TestGlanceTellsTestsApart(t *testing.T) {
	t.Parallel()
	glance := func(r *Report) *Table {
		for _, s := range r.Sections {
			for _, b := range s.Blocks {
				if b.Table != nil && b.Table.ID == "results-table" {
					return b.Table
				}
			}
		}
		t.Fatal("there is no table of results")
		return nil
	}
	apart := func(what string, tab *Table, want bool) {
		t.Helper()
		if got := tab.Columns[1].Title == "Name of test"; what != "draft" && got != want { // a draft names the test beside its control
			t.Errorf("%s: the column of names stands there: %t, want %t", what, got, want)
		}
		seen := map[string]bool{}
		for _, row := range tab.Rows {
			key := row.Cells[0].String() + "\n" + row.Cells[1].String()
			if seen[key] {
				t.Errorf("%s: two rows read %q", what, key)
			}
			seen[key] = true
		}
	}
	f := examinedFacts(t, "soc2-type2")
	r, err := Build("soc2-type2", f)
	if err != nil {
		t.Fatal(err)
	}
	e := *f.Examination
	first := e.Tests[0]
	second, third := first, first
	second.Test, third.Test = first.Control+".2", ""
	e.Tests = append(slices.Clone(e.Tests), second, third)
	f.Examination = &e
	r2, err := Build("soc2-type2", f)
	if err != nil {
		t.Fatal(err)
	}
	apart("examined, several tests", glance(r2), true)
	f.Examination.Tests = e.Tests[:len(e.Tests)-2]
	several := map[string]int{}
	for _, x := range f.Examination.Tests {
		several[x.Control]++
	}
	apart("examined", glance(r), slices.Max(slices.Collect(mapValues(several))) > 1)
	draft, err := Build("soc2-type2", facts(t)) // a control of two versions
	if err != nil {
		t.Fatal(err)
	}
	apart("draft", glance(draft), true)
}

func mapValues(m map[string]int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for _, n := range m {
			if !yield(n) {
				return
			}
		}
	}
}

// TestFitting: an optional column in which nobody said anything is not drawn, and no other is left out.
func TestFitting(t *testing.T) {
	t.Parallel()
	cell := func(s string) Runs {
		if s == "" {
			return Runs{}
		}
		return Runs{data(s)}
	}
	table := func(rows ...[3]string) *Table {
		tab := &Table{Columns: []Column{{Title: "Exception"}, {Title: "Response"}, {Title: "Plan"}}}
		for _, r := range rows {
			tab.Rows = append(tab.Rows, Row{Cells: []Runs{cell(r[0]), cell(r[1]), cell(r[2])}})
		}
		return tab
	}
	for _, c := range []struct {
		tab  *Table
		want []string
	}{
		{table([3]string{"E1", "We agree.", ""}, [3]string{"E2", "", ""}), []string{"Exception", "Response"}},
		{table([3]string{"E1", "", "Mend it."}), []string{"Exception", "Response", "Plan"}}, // Response is not optional here
		{table([3]string{"E1", "We agree.", "Mend it."}), []string{"Exception", "Response", "Plan"}},
		{table(), []string{"Exception", "Response", "Plan"}},
	} {
		var got []string
		for _, col := range fitting(c.tab, "Plan").Columns {
			got = append(got, col.Title)
		}
		for _, r := range c.tab.Rows {
			if len(r.Cells) != len(got) {
				t.Errorf("a row of %d cells under %d columns", len(r.Cells), len(got))
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("fitting leaves %q, want %q", got, c.want)
		}
	}
}

// TestSpoken: a time as running text has it, in its zone, with seconds only where there are some.
func TestSpoken(t *testing.T) {
	t.Parallel()
	york, err := civil.ParseZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	london, err := civil.ParseZone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in   string
		zone civil.Zone
		want string
	}{
		{"2026-08-01T04:00:00Z", york, "1 August 2026, 00:00, America/New_York (UTC−04:00)"},
		{"2026-01-15T17:05:09.123456Z", york, "15 January 2026, 12:05:09, America/New_York (UTC−05:00)"},
		{"2026-01-15T17:05:00Z", london, "15 January 2026, 17:05, Europe/London (UTC)"},
		{"2026-07-15T17:05:00Z", london, "15 July 2026, 18:05, Europe/London (UTC+01:00)"},
		{"2026-01-15T17:05:00+05:30", civil.Zone{}, "15 January 2026, 11:35, UTC"},
		{"2026-01-15", york, "15 January 2026"},
		{"", york, "not known"},
		{"soon", york, "soon"},
	} {
		if got := Spoken(c.in, c.zone); got != c.want {
			t.Errorf("Spoken(%q, %s) = %q, want %q", c.in, c.zone, got, c.want)
		}
	}
}

// TestBasis: a cover tells apart that nothing was ever anchored, that something came after the last anchor, and that all of it is held outside.
func TestBasis(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size, loose int64
		want        string
	}{
		{100, 100, "No record: no checkpoint of the ledger was lodged with anybody outside"},
		{100, 7, "All records but the last 7, which came after the last checkpoint"},
		{100, 0, "Every record:"},
		{0, 0, "The ledger holds no record."},
	} {
		r := &Report{When: AsOf{Date: date(t, "2026-06-30")}, KnownAt: "2026-07-14T15:20:11.987654Z", Checkpoint: assure.Checkpoint{Size: c.size, Root: "ab12"}, Unanchored: c.loose}
		terms := r.Basis()
		if got := terms[len(terms)-1].Value.String(); !strings.HasPrefix(got, c.want) {
			t.Errorf("of %d records %d unanchored: %q, want %q", c.size, c.loose, got, c.want)
		}
		if got, want := terms[0].Value.String(), "Those received up to 14 July 2026, 15:20:11, UTC"; got != want {
			t.Errorf("records considered: %q, want %q", got, want)
		}
	}
	raw := regexp.MustCompile(`\d{4}-\d{2}-\d{2}T`)
	r, err := Build("soc2-type2", examinedFacts(t, "soc2-type2"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range append(r.Cover(), r.Basis()...) {
		if raw.MatchString(x.Value.String()) {
			t.Errorf("the cover says %q", x.Value.String())
		}
	}
}

// TestIncidentText: what management says of an incident is parted by its labels; a text without any stays one.
func TestIncidentText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, title string
		want      []Term
	}{
		{"Payout file late\nNature: A disk was full.\nTiming: On 2 May.\nExtent: Three clients,\nall told.\n\nEffect: A day late.", "Payout file late",
			[]Term{{"Nature", Runs{data("A disk was full.")}}, {"Timing", Runs{data("On 2 May.")}}, {"Extent", Runs{data("Three clients,"), data(" all told.")}}, {"Effect", Runs{data("A day late.")}}}},
		{"A disk was full, and the file was late.", "Incident", []Term{{"What happened", Runs{data("A disk was full, and the file was late.")}}}},
		{"Note: nothing of this is a label.", "Incident", []Term{{"What happened", Runs{data("Note: nothing of this is a label.")}}}},
		{"Disk full", "Disk full", nil},
	} {
		title, said := incidentText(c.in)
		if diff := cmp.Diff(c.want, said); title != c.title || diff != "" {
			t.Errorf("incidentText(%q) = %q, want %q (-want +got):\n%s", c.in, title, c.title, diff)
		}
	}
}

// TestSignatures: every letter ends in a block of lines: the firm with its licence, its place and the date, under ISAE 3402 with the partner
// who signs for it; management's name, title and date.
func TestSignatures(t *testing.T) {
	t.Parallel()
	for k, want := range map[Kind][]string{
		"soc2-type2":     {"Alder & Finch LLP | RI CPA 4471 | Providence, Rhode Island | 28 August 2026", "Dana Whitfield | Chief Executive Officer | Harborline, Inc. | 20 August 2026"},
		"soc3":           {"Alder & Finch LLP | RI CPA 4471 | Providence, Rhode Island | 28 August 2026", "Dana Whitfield | Chief Executive Officer | Harborline, Inc. | 20 August 2026"},
		"isae3402-type1": {"Ruth Alder | Engagement partner, for and on behalf of | Alder & Finch LLP | RI CPA 4471 | Providence, Rhode Island | 28 August 2026", "Dana Whitfield | Chief Executive Officer | Harborline, Inc. | 20 August 2026"},
	} {
		f := examinedFacts(t, k)
		f.Examination.Partner = "Ruth Alder"
		r, err := Build(k, f)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range r.Sections {
			for _, b := range s.Blocks {
				if b.Sign != nil {
					got = append(got, flat(b))
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is signed %q, want %q", k, got, want)
		}
		// A firm's own line of before is parted at its dots.
		f.Examination.Wording = Wording{"firm": "{firm} ({licence}) · {city}, {region} · {reportdate}"}
		r, err = Build(k, f)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(r); !strings.Contains(got, "\nAlder & Finch LLP (RI CPA 4471)\nProvidence, Rhode Island\n28 August 2026\n") {
			t.Errorf("%s: a firm's own line is not parted", k)
		}
	}
}

// TestAnnexA: a control of a statement of applicability is held against Annex A, and not against the criteria of a SOC 2.
func TestAnnexA(t *testing.T) {
	t.Parallel()
	f := facts(t)
	f.Criteria = []assure.Criterion{{ID: "A.5.15", Title: "Access control"}}
	f.Controls[0].ISO27001 = []string{"A.5.15"}
	r, err := Build("iso27001", f)
	if err != nil {
		t.Fatal(err)
	}
	if got := text(r); !strings.Contains(got, "Controls of Annex A: A.5.15\n") {
		t.Error("no control says which control of Annex A it serves")
	}
}
