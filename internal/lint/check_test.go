package lint_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/lint"
)

// change sets a member of a JSON value by its path: names, numbers of a list, and "-" for one more.
type change struct {
	Path  string `json:"path"`
	Value any    `json:"value"`
}

type sample struct {
	Why   string   `json:"why"`
	Base  string   `json:"base"`
	Break []change `json:"break"`
	Mend  []change `json:"mend"`
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// set changes a value in place and returns it.
func set(t *testing.T, v any, path []string, to any) any {
	t.Helper()
	if len(path) == 0 {
		return to
	}
	switch x := v.(type) {
	case nil:
		return set(t, map[string]any{}, path, to)
	case map[string]any:
		x[path[0]] = set(t, x[path[0]], path[1:], to)
		return x
	case []any:
		if path[0] == "-" {
			return append(x, set(t, nil, path[1:], to))
		}
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(x) {
			t.Fatalf("no element %s in a list of %d", path[0], len(x))
		}
		x[i] = set(t, x[i], path[1:], to)
		return x
	}
	t.Fatalf("nothing lies below %v", v)
	return nil
}

func check(t *testing.T, doc any) []lint.Finding {
	t.Helper()
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	p, err := lint.FromJSON("report.json", b)
	if err != nil {
		t.Fatalf("FromJSON(%s) = %v", b, err)
	}
	return lint.Check(p)
}

func rulesOf(list []lint.Finding) []string {
	var out []string
	for _, f := range list {
		if !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	return out
}

func TestCleanReports(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"type2", "type1", "soc3"} {
		var doc any
		read(t, "testdata/"+name+".json", &doc)
		if got := check(t, doc); len(got) > 0 {
			t.Errorf("Check(%s) = %+v, want no finding", name, got)
		}
	}
}

// TestEachRule shows for each signal a report that triggers it and nothing else, and what clears it.
func TestEachRule(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/rules/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var known, shown []string
	for _, r := range lint.Rules() {
		known = append(known, r.ID)
	}
	for _, f := range files {
		shown = append(shown, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	slices.Sort(known)
	slices.Sort(shown)
	if diff := cmp.Diff(known, shown); diff != "" {
		t.Fatalf("rules without a report, or reports without a rule (-rules +reports):\n%s", diff)
	}
	for _, r := range lint.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			var s sample
			read(t, "testdata/rules/"+r.ID+".json", &s)
			var doc any
			read(t, "testdata/"+s.Base+".json", &doc)
			for _, c := range s.Break {
				doc = set(t, doc, strings.Split(c.Path, "."), c.Value)
			}
			broken := check(t, doc)
			if diff := cmp.Diff([]string{r.ID}, rulesOf(broken)); diff != "" {
				t.Errorf("Check(broken) (-want +got):\n%s%+v", diff, broken)
			}
			for _, f := range broken {
				if f.Severity != r.Severity || f.Where.Section == "" || f.What == "" || f.Mend == "" || f.Where.Control+f.Where.Under+f.Where.Quote == "" {
					t.Errorf("the finding %+v does not say where, what and how to mend it", f)
				}
			}
			for _, c := range s.Mend {
				doc = set(t, doc, strings.Split(c.Path, "."), c.Value)
			}
			if got := check(t, doc); len(got) > 0 {
				t.Errorf("Check(mended) = %+v, want no finding", got)
			}
		})
	}
}

func TestDraftsOwnNeedsAreOneNote(t *testing.T) {
	t.Parallel()
	var doc any
	read(t, "testdata/type2.json", &doc)
	doc = set(t, doc, []string{"tests", "1", "response"}, "")
	doc = set(t, doc, []string{"other"}, []any{"This was not examined."})
	if got := rulesOf(check(t, doc)); !slices.Equal(got, []string{"exception-without-response"}) {
		t.Errorf("Check(report without response) = %v, want the rule of responses", got)
	}
	doc = set(t, doc, []string{"draft"}, true)
	doc = set(t, doc, []string{"owed"}, []any{"CHG-01: a response is not recorded.", "Section I is to be written."})
	got := check(t, doc)
	if len(got) != 1 || got[0].Rule != "draft-owed" || got[0].Severity != lint.Note || !strings.Contains(got[0].What, "2 things") {
		t.Errorf("Check(draft that says so) = %+v, want one note on 2 things", got)
	}
}

// TestWordsThatClaimNothing keeps the signals from crying over sentences that a sound report has.
func TestWordsThatClaimNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		place, text string
		want        []string
	}{
		{"opinion", "This report is an opinion and not a certificate; nobody is certified by a SOC 2 report.", nil},
		{"description", "The halls of the provider are certified under ISO/IEC 27001.", nil},
		{"opinion", "Okafor & Lindqvist, Certified Public Accountants", nil},
		{"description", "Devices that are not compliant are refused.", nil},
		{"tests", "It passes when the value of the span is compliant.", nil},
		{"other", "Larkfield Data, LLC is fully compliant.", []string{"certified"}},
		{"other", "The company passed the SOC 2 audit.", []string{"certified"}},
		{"cover", "SOC 2 compliant since 2021", []string{"certified"}},
		{"tests", "No confidence level stands beside a test of the whole population.", nil},
		{"tests", "The entire population was tested with 95 % confidence.", []string{"confidence-with-full-test"}},
		{"description", "Where users do not, the criteria named are not met by our controls alone.", nil},
		{"tests", "Control objective 4 was not achieved during the period.", []string{"opinion-contradicts"}},
	} {
		var doc any
		read(t, "testdata/type2.json", &doc)
		doc = set(t, doc, []string{"passages"}, []any{map[string]any{"section": c.place, "text": c.text}})
		if got := rulesOf(check(t, doc)); !slices.Equal(got, c.want) {
			t.Errorf("Check(%q) = %v, want %v", c.text, got, c.want)
		}
	}
}

func TestJSONThatIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "SOC 2", "no JSON"},
		{"two values", `{"kind":"soc2"} {"kind":"soc2"}`, "exactly one"},
		{"too deep", strings.Repeat("[", 100000) + strings.Repeat("]", 100000), "too deep"},
		{"a misspelt member", `{"kind":"soc2","asertion":{}}`, "asertion"},
		{"no kind", `{"cover":{}}`, "kind"},
		{"a list", `[]`, "no report"},
		{"cut off", `{"kind":"soc2"`, "no JSON"},
	} {
		if _, err := lint.FromJSON("x.json", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("FromJSON(%s) = %v, want a refusal with %q", c.name, err, c.want)
		}
	}
}

func FuzzFromJSON(f *testing.F) {
	for _, name := range []string{"testdata/type2.json", "testdata/soc3.json"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"kind":"soc2-type2","when":{"period":{"from":"2025-07-01","to":"2026-06-30","zone":"UTC"}},"sections":[{"id":"a","blocks":[{"table":{"rows":[{"cells":[[]]}]}}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := lint.FromJSON("x.json", b)
		if err != nil {
			return
		}
		for _, x := range lint.Check(p) {
			if x.What == "" || x.Mend == "" {
				t.Errorf("Check gives a finding without words: %+v", x)
			}
		}
	})
}

// TestDocumentation holds the list of signals in the documents to the one in the program.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/lint.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range lint.Rules() {
		if row := "| `" + r.ID + "` | " + string(r.Severity) + " | " + r.About + " |\n"; !strings.Contains(string(b), row) {
			t.Errorf("docs/lint.md lacks the row %q", row)
		}
	}
}
