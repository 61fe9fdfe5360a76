package rule_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
		{"minutes on a date", check("date of change.merged_at + 2 minutes = date of change.merged_at"), `date cannot be joined with minutes`},
		{"product of texts", check("change.ticket * 2 = 2"), `text cannot be multiplied by number`},
		{"product of units", check("change.merged_at + 2 * 3 hours < change.deployed_at"), `number cannot be multiplied by hours`},
		{"business of what", "each business quarters as q", `found "quarters"; expected "days"`},
		{"either of two types", check("either change.emergency then 1 else 'x'"), `then a number else a text`},
		{"either without else", check("(either change.emergency then 1) = 1"), `found ")"; expected "else"`},
		{"either of months", check("date of change.merged_at + either change.emergency then 1 months else 2 months = date of change.merged_at"), `months cannot be chosen`},
		{"units of a text", check("change.merged_at + change.ticket hours < change.deployed_at"), `this is a text; expected a number of hours`},
		{"units of units", check("change.merged_at + 2 hours hours < change.deployed_at"), `this is a hours; expected a number of hours`},
		{"days of a number on a time", check("change.merged_at + count(reviews) days < change.deployed_at"), `civil time is counted on dates`},
		{"fewer business days", check("date of change.merged_at - count(reviews) business days < date of change.deployed_at"), `date cannot be joined with business days by -`},
		{"first of one", check("first(change.merged_at) < change.deployed_at"), `column 20: first(...) chooses between values and has only one here; expected: first(the change's merged at, ANOTHER)`},
		{"mixed pick", check("change.merged_at + pick(change.title, 'a' 2 hours, 'b' 2) < change.deployed_at"), `pick(...) mixes hours with number`},
		{"inspected letter", changes + "inspect I 'x'", `the attribute I cannot be inspected: an inspection holds the answers A to H`},
		{"inspected twice", changes + "inspect A 'x'\ninspect A 'y'", `the attribute A stands twice`},
		{"inspect with a condition", changes + "inspect A 'x': true", `found ":"; expected key, in,`},
		{"performed at a time", changes + "performed A 'x' from change.merged_at to change.deployed_at", `this is a time; expected a date; say "date of" the time`},
		{"performed without an end", changes + "performed A 'x' from date of change.merged_at", `expected "to"`},
		{"inspection before it is made", changes + "check A 'x': exists(inspection) else 'y'", `there is no register or set "inspection"; did you mean inspections?`},
		{"inspection taken", changes + "let inspection = reviews\ninspect A 'x'", `"inspection" is already the name of something above`},
		{"names upon names", changes + "let n = count(reviews)\n" + doubled(40) + "check A 'x': n40 > 0 else 'y'", `with its names filled in the rule has more than 50000 parts`},
		{"depth of dates", check(strings.Repeat("date of start of ", 100) + "date of change.merged_at = date of change.merged_at"), `nested more than 60 deep`},
		{"depth of choices", check(strings.Repeat("either true then true else ", 100) + "true"), `nested more than 60 deep`},
		{"depth", check(strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100)), `nested more than 60 deep`},
		{"nots", check(strings.Repeat("not ", 100) + "true"), `nested more than 60 deep`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := rule.Parse("r", "CHG-99", c.text, assure.Event, regs)
			if err == nil {
				t.Fatalf("Parse took it, want %q", c.want)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse = %q, want it to say %q", err, c.want)
			}
		})
	}
}

// doubled are names each of which stands for the one before it, twice.
func doubled(n int) string {
	out := "let n0 = n\n"
	for i := range n {
		out += fmt.Sprintf("let n%d = n%d + n%d\n", i+1, i, i)
	}
	return out
}

// TestNoControlNoChecklist: answers are kept by control, so that a rule of none has none.
func TestNoControlNoChecklist(t *testing.T) {
	t.Parallel()
	for _, control := range []string{"", "A/B", "A%2F"} {
		_, err := rule.Parse("r", control, changes+"inspect A 'x'", assure.Event, load(t))
		if err == nil || !strings.Contains(err.Error(), "is none that inspections can be recorded under") {
			t.Errorf("Parse for the control %q = %v; want a refusal", control, err)
		}
	}
}

// TestChecklist tells attributes that a person answers from those that records answer.
func TestChecklist(t *testing.T) {
	t.Parallel()
	regs := load(t)
	for _, c := range []struct {
		name, text, persons string
		checklist           bool
	}{
		{"records alone", "check A 'x': true else 'y'", "", false},
		{"a question", "check A 'x': true else 'y'\ninspect B 'z'", "B", true},
		{"an act", "performed C 'x' from date of change.merged_at to date of change.deployed_at\ncheck D 'y': exists(inspection) else 'n'", "C", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := rule.Parse("r", "CHG-99", changes+c.text, assure.Event, regs)
			if err != nil {
				t.Fatal(err)
			}
			var persons string
			for _, k := range p.Checks {
				if k.Person {
					persons += k.ID
				}
			}
			if persons != c.persons || p.Checklist() != c.checklist {
				t.Errorf("persons answer %q, Checklist() = %v; want %q, %v", persons, p.Checklist(), c.persons, c.checklist)
			}
			if got := slices.Contains(p.Registers(), "inspections"); got != c.checklist {
				t.Errorf("reads inspections: %v, want %v", got, c.checklist)
			}
		})
	}
}

// TestUsesBusinessDays: a report says when no holidays were recorded for what counts them.
func TestUsesBusinessDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"each business days as d\nkey d.name\nin period by d.date\ncheck A 'x': exists(scans on started_at >= start of d.date) else 'y'": true,
		"each days as d\nkey d.name\nin period by d.date\ncheck A 'x': exists(scans on started_at >= start of d.date) else 'y'":          false,
	} {
		p, err := rule.Parse("r", "CHG-99", text, assure.Event, load(t))
		if err != nil {
			t.Fatal(err)
		}
		if p.Uses(rule.BusinessDays) != want {
			t.Errorf("Uses(BusinessDays) = %v, want %v: %s", !want, want, text)
		}
	}
}

// TestLanguageSentences holds the English of what the library's tests may not use.
func TestLanguageSentences(t *testing.T) {
	t.Parallel()
	const head = "each business days as day cross tickets as ticket\nkey day.name, ticket.ticket\nin period by day.date\n"
	for _, c := range []struct{ text, want string }{
		{"performed A 'Held' from day.date to day.date + 2 days\ninspect B 'Minutes exist' if ticket.kind = 'board'\ncheck C 'Dated': latest(inspection.performed_on) = day.date else 'n'",
			`Tested every business day with every ticket that belongs to the period by the day.
A. Held: the inspection says that it was performed from the day to (the day plus 2 days), on a system's record, a signed record, or a document made at most 5 days later.
B. Minutes exist: where the ticket's kind is board, a person inspected it, answered yes and named the evidence; not applicable where they answered so.
C. Dated: the latest performed on in “inspection” is the day.
“inspection” is the record of inspections for CHG-99 and the item, by its key.`},
		{"let limit = either ticket.kind = 'urgent' then 30 minutes else 2 hours\ncheck A 'In time': ticket.closed_at <= ticket.created_at + limit and ticket.closed_at < end of period and count(scans on kind = ticket.kind) * 2 > 1 else 'n'",
			`Tested every business day with every ticket that belongs to the period by the day.
A. In time: the ticket's closed at is not later than (the ticket's created at plus the limit) and the ticket's closed at is before the end of the period and (the number of the scans where its kind is the ticket's kind times 2) is more than 1.
“limit” is (30 minutes where the ticket's kind is urgent, otherwise 2 hours).`},
		{"check A 'In time': ticket.closed_at <= ticket.created_at + count(scans on kind = ticket.kind) hours else 'n'",
			`Tested every business day with every ticket that belongs to the period by the day.
A. In time: the ticket's closed at is not later than (the ticket's created at plus as many hours as the number of the scans where its kind is the ticket's kind).`},
	} {
		p, err := rule.Parse("r", "CHG-99", head+c.text, assure.Event, load(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, p.Sentence()); diff != "" {
			t.Errorf("Sentence (-want +got):\n%s", diff)
		}
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
	f.Add(changes+"check A 'x': count(reviews) * 2 > 1 else 'y'", "event")
	f.Add(changes+"check A 'x': change.merged_at + (count(reviews) * 2) hours < change.deployed_at else 'y'", "event")
	f.Add(changes+"performed A 'x' from date of change.merged_at to date of change.merged_at + 2 days\ninspect B 'y' if A\ncheck C 'z': exists(inspection) else 'n'", "event")
	regs := load(f)
	f.Fuzz(func(t *testing.T, text, shape string) {
		p, err := rule.Parse("r", "CHG-99", text, assure.Shape(shape), regs)
		if err != nil {
			return
		}
		if p.Sentence() == "" || len(p.Registers()) == 0 && p.Sources[0].Schema != nil {
			t.Errorf("a rule without words: %q", text)
		}
	})
}
