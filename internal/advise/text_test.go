package advise_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/advise"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, answers string }{
		{"young-saas", "financial_statements: no; customer_data: yes; asked_by: [security, procurement]; contract_words: [SOC 2]; countries: [US, IN]; need_by: 2027-02-15; months_operated: 1; stage: seed; promises: [uptime, nda_data]; regulated: no; public_proof: no"},
		{"payroll-two-countries", "financial_statements: yes; customer_data: yes; asked_by: [auditors, security, public]; contract_words: []; countries: [US, DE]; need_by: none; months_operated: 8; stage: growth; promises: [processing]; regulated: yes; public_proof: no; industry: payroll; funding: own; subservice: carve_out"},
		{"nobody", "financial_statements: no; customer_data: yes; asked_by: [nobody]; need_by: 2026-11-01; questionnaires: 2"},
	} {
		var s strings.Builder
		if err := advice(t, c.answers).Text(&s); err != nil {
			t.Fatal(err)
		}
		golden(t, c.name+".txt", s.String())
	}
}

func TestTablesAsText(t *testing.T) {
	t.Parallel()
	var s strings.Builder
	for i, table := range book(t).Tables() {
		if i > 0 {
			s.WriteString("\n\n")
		}
		if err := table.Text(&s); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "tables.txt", s.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	for i, line := range strings.Split(got, "\n") {
		if n := utf8.RuneCountInString(line); n > 100 || strings.TrimRight(line, " ") != line {
			t.Errorf("%s:%d: %d columns: %q", name, i+1, n, line)
		}
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got), remade with -update:\n%s", name, d)
	}
}

// claims are words that this product never uses of itself or of a report, and a name that belongs to another thing.
var claims = regexp.MustCompile(`(?i)certified|complian|no exceptions noted|guarantee|security operations|100 ?%`)

// otherThing is an examination that the product does not prepare: where it is named, that is said.
const otherThing = "SOC for Cybersecurity"

func TestWords(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && (strings.HasPrefix(name, "data/") || strings.HasPrefix(name, "testdata/") && strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")) {
			b, err := os.ReadFile(name)
			texts[name] = string(b)
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) < 20 {
		t.Fatalf("looked at %d files, want all of them", len(texts))
	}
	for name, text := range texts {
		if m := claims.FindString(text); m != "" {
			t.Errorf("%s says %q", name, m)
		}
	}
	var s strings.Builder
	if err := advice(t, "asked_by: [board]").Text(&s); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.String(), "outside this product") || !strings.Contains(s.String(), otherThing) {
		t.Errorf("the board's examination is not shown as outside this product:\n%s", s.String())
	}
}

func TestTablesAreWhole(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, table := range book(t).Tables() {
		ids[table.ID] = true
		for _, row := range table.Rows {
			for j, cell := range row {
				if cell == "" && table.Columns[j] != "Note" {
					t.Errorf("table %s has an empty cell in column %s of %q", table.ID, table.Columns[j], row)
				}
			}
		}
	}
	for _, id := range []string{"soc1-soc2", "four-reports", "types", "type-differences", "sections", "soc3", "who-asks", "history", "dual", "categories", "costs", "timelines"} {
		if !ids[id] {
			t.Errorf("there is no table %s", id)
		}
	}
}

// TestDataRefused plants one fault at a time in the data.
func TestDataRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, old, new, want string }{
		{"a misspelt name", "costs.yaml", "country: US", "land: US", "not a file of the adviser"},
		{"a wrong grouping", "costs.yaml", `"2,00,000"`, `"2,0,000"`, "neither in threes"},
		{"a range upside down", "costs.yaml", `low: "10,000"`, `low: "90,000"`, "not above the high one"},
		{"an unknown source", "costs.yaml", `source: "S2:193-195"`, `source: "S9:1"`, `"S9:1" is no listed source`},
		{"a day that does not exist", "costs.yaml", "2026-01-31", "2026-02-31", "not a file of the adviser"},
		{"two currencies for one country", "costs.yaml", `currency: USD, low: "7,000", high: "50,000"`, `currency: EUR, low: "7,000", high: "50,000"`, "two currencies"},
		{"a step that takes no time", "timelines.yaml", "low: 2, high: 6, unit: weeks", "low: 0, high: 6, unit: weeks", "from 1 on"},
		{"a step in another unit", "timelines.yaml", "unit: weeks", "unit: days", "known step in weeks"},
		{"a step without a source", "timelines.yaml", "step: preparation", "step: period", "no source says how long"},
		{"a question that no rule reads", "questions.yaml", "- id: stage", "- id: mood", "no rule reads"},
		{"a question twice", "questions.yaml", "- id: regulated\n", "- id: customer_data\n", "stands twice"},
		{"a kind that does not fit", "questions.yaml", "- id: need_by\n  kind: date", "- id: need_by\n  kind: number", "does not fit"},
		{"a question without choices", "questions.yaml", "- id: countries\n  kind: countries", "- id: countries\n  kind: many", "choices belong"},
		{"a row too short", "tables/01-soc1-soc2.yaml", `, "Do the controls guard the data?"]`, "]", "has 2 cells"},
		{"a table without sources", "tables/05-sections.yaml", `sources: ["standards"]`, "sources: []", "rows and sources"},
	} {
		data := embedded(t)
		before := string(data[c.file].Data)
		after := strings.ReplaceAll(before, c.old, c.new)
		if before == after {
			t.Errorf("%s: %q does not stand in %s", c.name, c.old, c.file)
		}
		data[c.file].Data = []byte(after)
		if _, err := advise.LoadFS(data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: LoadFS = %v, want a refusal with %q", c.name, err, c.want)
		}
	}
}

// embedded is a copy of the data that the program carries.
func embedded(t *testing.T) fstest.MapFS {
	t.Helper()
	data := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("data"), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join("data", name))
		data[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}
