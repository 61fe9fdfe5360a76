package rule_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

var update = flag.Bool("update", false, "write the golden files")

type schemas map[string]*register.Schema

func (s schemas) Schema(name string) (*register.Schema, bool) { v, ok := s[name]; return v, ok }

func (s schemas) Names() []string {
	var out []string
	for n := range s {
		out = append(out, n)
	}
	return out
}

func load(t testing.TB) schemas {
	t.Helper()
	regs, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	return regs
}

const changes = "each changes as change\nkey change.change_id\nin period by change.deployed_at\n"

// TestRefused gives each rule that must not be taken, with the place and the words of the refusal.
func TestRefused(t *testing.T) {
	t.Parallel()
	regs := load(t)
	check := func(cond string) string { return changes + "check A 'x': " + cond + " else 'y'" }
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `r:1: column 1: found the end of the rule; expected "each"`},
		{"register", "each chnages\nkey x", `r:1: column 6: there is no register or set "chnages"; did you mean changes?`},
		{"field", check("change.ci_statsu = 'passed'"), `r:4: column 21: change has no field "ci_statsu"; did you mean ci_status?`},
		{"bare field", check("ci_statsu = 'passed'"), `there is no field or value "ci_statsu" here; did you mean ci_status?`},
		{"listed value", check("change.ci_status = 'pased'"), `ci_status is never 'pased'; did you mean passed?`},
		{"listed value in", check("change.ci_status in ('passed', 'nope')"), `ci_status is never 'nope'`},
		{"types", check("change.deployed_at = 'x'"), `a time is compared with a text`},
		{"order of texts", check("change.ticket > 'x'"), `a text has no order`},
		{"date with instant", changes + "check A 'x': date of change.deployed_at = change.merged_at else 'y'", `say "start of", "end of" or "date of"`},
		{"login with login", check("person(change.author) = change.author"), `say person(...) on both sides`},
		{"instant plus days", check("change.merged_at + 2 days < change.deployed_at"), `civil time is counted on dates`},
		{"instant plus business days", check("change.merged_at + 2 business days < change.deployed_at"), `civil time is counted on dates`},
		{"hours on a date", check("date of change.merged_at + 2 hours = date of change.merged_at"), `date cannot be joined with hours`},
		{"no condition", check("change.ticket"), `this is a text; expected a yes/no`},
		{"and of texts", check("change.ticket and true"), `"and" joins conditions, but one side is a text`},
		{"function", check("count_rows(reviews)"), `there is no function "count_rows"`},
		{"sql function", check("load_extension('x')"), `there is no function "load_extension"`},
		{"table", check("exists(sqlite_master)"), `there is no register or set "sqlite_master"`},
		{"no join", changes + "check A 'x': exists(incidents) else 'y'", `how incidents belong to the item is not clear`},
		{"set in set", changes + "check A 'x': exists(reviews where exists(incidents on incident_id = change.incident_id)) else 'y'", `a set cannot stand inside a set's condition`},
		{"quote", check("change.ticket = 'x"), `has no closing quote`},
		{"sign", check("change.ticket ; true"), `";" means nothing here`},
		{"number", check("count(reviews) > 99999999999999999999"), `is too long`},
		{"twice", changes + "check A 'x': true else 'y'\ncheck A 'x': true else 'y'", `the attribute A stands twice`},
		{"letter", changes + "check AB 'x': true else 'y'", `expected one capital letter`},
		{"no check", changes, `the test checks nothing`},
		{"no key", "each changes\nin period by deployed_at\ncheck A 'x': true else 'y'", `the test has no key`},
		{"no period", "each changes\nkey change_id\ncheck A 'x': true else 'y'", `which items belong to a period`},
		{"reserved", changes + "let where = 1\ncheck A 'x': true else 'y'", `"where" is a word of the language`},
		{"name taken", changes + "let change = 1\ncheck A 'x': true else 'y'", `already the name of something above`},
		{"clause", changes + "chek A 'x': true else 'y'", `"chek" does not start a clause; did you mean check?`},
		{"set as value", changes + "let s = reviews\ncheck A 'x': s.commit = 'x' else 'y'", `s is a set`},
		{"snapshots", "each spans of changes.title by system as s\nkey s.first", `holds no snapshots`},
		{"person of a literal", check("person('x') = person(change.author)"), `wants a field that holds a login`},
		{"depth", check(strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100)), `nested more than 60 deep`},
		{"nots", check(strings.Repeat("not ", 100) + "true"), `nested more than 60 deep`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := rule.Parse("r", c.text, assure.Event, regs)
			if err == nil {
				t.Fatalf("Parse took it, want %q", c.want)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse = %q, want it to say %q", err, c.want)
			}
		})
	}
}

// TestSentences holds the English of every test of the library, which stands in reports.
func TestSentences(t *testing.T) {
	t.Parallel()
	list, err := tests.Load(load(t))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, x := range list {
		b.WriteString("# " + x.ID + "\n" + x.Plan.Sentence() + "\n\n")
	}
	golden := filepath.Join("testdata", "sentences.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("sentences (-golden +got):\n%s", diff)
	}
}

func TestPersons(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		aliases map[string]string
		people  map[string][]string
		want    map[string]string
	}{
		{"a person and an address", nil, map[string][]string{"p": {"p@x"}}, map[string]string{"p": "p", "p@x": "p"}},
		{"a shared address is nobody's", nil, map[string][]string{"p": {"team@x"}, "q": {"team@x"}}, map[string]string{"p": "p", "q": "q"}},
		{"an alias row beats a shared address", map[string]string{"team@x": "p"}, map[string][]string{"p": {"team@x"}, "q": {"team@x"}}, map[string]string{"p": "p", "q": "q", "team@x": "p"}},
		{"a chain", map[string]string{"a": "b", "b": "c"}, nil, map[string]string{"a": "c", "b": "c", "c": "c"}},
		{"a circle", map[string]string{"id": "name", "name": "id", "id2": "name"}, nil, map[string]string{"id": "id", "name": "id", "id2": "id"}},
		{"empty says nothing", map[string]string{"": "p", "a": ""}, map[string][]string{"p": {""}}, map[string]string{"p": "p"}},
		{"an address that is another person's id stays theirs", nil, map[string][]string{"p": {"q"}, "q": nil}, map[string]string{"p": "p", "q": "q"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, rule.Persons(c.aliases, c.people)); diff != "" {
				t.Errorf("Persons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	got, err := rule.Digest([]assure.Finding{
		{Key: "b", Verdict: assure.Undecided, Attributes: []string{"B"}, Reason: "left out"},
		{Key: "a\u2028é", Verdict: assure.Deviation, Attributes: []string{"A", "C"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	// printf '[{"attributes":["A","C"],"key":"a\u2028é","verdict":"deviation"},{"attributes":["B"],"key":"b","verdict":"undecided"}]' | sha256sum
	const want = "9aacdbdffd30c8571053805c5bfcfd928f5a2e2b0d1e0c5403729cad60317794"
	if got != want {
		t.Errorf("Digest = %s, want %s", got, want)
	}
}

// FuzzParse: no text may make the parser panic, and what it takes it can say in English.
func FuzzParse(f *testing.F) {
	list, err := tests.Load(load(f))
	if err != nil {
		f.Fatal(err)
	}
	for _, x := range list {
		f.Add(x.Rule, string(x.Shape))
	}
	f.Add(changes+"check A 'x': count(reviews) > 1 else 'y'", "event")
	regs := load(f)
	f.Fuzz(func(t *testing.T, text, shape string) {
		p, err := rule.Parse("r", text, assure.Shape(shape), regs)
		if err != nil {
			return
		}
		if p.Sentence() == "" || len(p.Registers()) == 0 && p.Sources[0].Schema != nil {
			t.Errorf("a rule without words: %q", text)
		}
	})
}
