package scope_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/scope"
)

func day(t *testing.T, s string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func control(statement string) assure.Control {
	return assure.Control{ID: "X-01", Title: "T", Statement: statement, Owner: "lead", Frequency: assure.Monthly, EvidenceTypes: []string{"log"}, Shape: assure.Event,
		Source: "tracker", PassRule: "all", Escalation: "board", Criteria: []string{"CC8.1"}, Supporting: []string{}, ISO27001: []string{}, Objectives: []string{}, Tags: []string{}}
}

func TestRevise(t *testing.T) {
	t.Parallel()
	first := scope.Folder{Versions: []scope.Version{{Control: control("old"), Version: 1, From: scope.First, Test: "file"}}}
	today := day(t, "2026-11-26")
	owner := control("new")
	owner.Owner = "somebody else"
	for _, c := range []struct {
		name string
		in   scope.Folder
		r    scope.Revision
		want string // versions as from/to/test, or the field of the refusal
	}{
		{"a new control", scope.Folder{}, scope.Revision{Control: control("new"), From: today}, "1 2026-11-26- "},
		{"a mended wording keeps the test", first, scope.Revision{Control: control("new"), From: day(t, "2026-12-01"), Editorial: true}, "1 1970-01-01-2026-11-30 file, 2 2026-12-01- file e"},
		{"a change has its own test", first, scope.Revision{Control: owner, Test: "other", From: day(t, "2026-12-01")}, "1 1970-01-01-2026-11-30 file, 2 2026-12-01- other"},
		{"another owner is no wording", first, scope.Revision{Control: owner, From: day(t, "2026-12-01"), Editorial: true}, "editorial"},
		{"another test is no wording", first, scope.Revision{Control: control("new"), Test: "other", From: day(t, "2026-12-01"), Editorial: true}, "editorial"},
		{"nothing to mend", scope.Folder{}, scope.Revision{Control: control("new"), From: today, Editorial: true}, "editorial"},
		{"before it begins", first, scope.Revision{Control: owner, From: scope.First}, "from"},
	} {
		before := len(c.in.Versions)
		c.r.Today = today
		f, err := c.in.Revise(c.r)
		got := ""
		var e *fault.Error
		switch {
		case errors.As(err, &e):
			got = e.Field
		case err != nil:
			t.Fatal(err)
		default:
			got = told(f.Versions)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if len(c.in.Versions) != before || before > 0 && c.in.Versions[0].To != nil {
			t.Errorf("%s: the program that was given is changed", c.name)
		}
	}
}

func told(vs []scope.Version) string {
	var out []string
	for _, v := range vs {
		to := ""
		if v.To != nil {
			to = v.To.String()
		}
		s := strings.Join([]string{string(rune('0' + v.Version)), v.From.String() + "-" + to, v.Test}, " ")
		if v.Editorial {
			s += " e"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// TestReviseAhead: a version that has not begun is replaced, and the one before ends anew.
func TestReviseAhead(t *testing.T) {
	t.Parallel()
	f := scope.Folder{Versions: []scope.Version{{Control: control("old"), Version: 1, From: scope.First}}}
	for _, from := range []string{"2027-02-01", "2027-01-01"} {
		var err error
		if f, err = f.Revise(scope.Revision{Control: control("new"), From: day(t, from), Today: day(t, "2026-11-26")}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := told(f.Versions), "1 1970-01-01-2026-12-31 , 2 2027-01-01- "; got != want {
		t.Errorf("versions = %q, want %q", got, want)
	}
}

func TestStateOf(t *testing.T) {
	t.Parallel()
	on, past := day(t, "2026-11-26"), day(t, "2026-06-30")
	v := scope.Version{Control: control("x"), Version: 1, From: scope.First}
	done, over, later := v, v, v
	done.Implemented = &past
	over.To = &past
	later.From = on + 1
	mended := scope.Version{Control: control("y"), Version: 2, From: on - 1, Editorial: true}
	for _, c := range []struct {
		name  string
		vs    []scope.Version
		acted bool
		want  scope.State
	}{
		{"no version", nil, false, scope.Draft}, {"not begun", []scope.Version{later}, true, scope.Draft},
		{"in force", []scope.Version{v}, true, scope.Designed}, {"in place", []scope.Version{done}, false, scope.Implemented},
		{"acting", []scope.Version{done}, true, scope.Operating}, {"over", []scope.Version{over}, true, scope.Retired},
		{"mended: the date before goes on", []scope.Version{done, mended}, false, scope.Implemented},
	} {
		if got, _ := scope.StateOf(c.vs, on, c.acted); got != c.want {
			t.Errorf("%s: StateOf = %s, want %s", c.name, got, c.want)
		}
	}
}

func starter(t *testing.T) scope.Folder {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	z, err := civil.ParseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	from, to := day(t, "2026-01-01"), day(t, "2026-12-31")
	p := scope.Program{Name: "Example", Report: "soc2-type2", Zone: z, From: &from, To: &to}
	if _, err := p.Check(); err != nil {
		t.Fatal(err)
	}
	vs, err := scope.Starter(p, c, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return scope.Folder{Program: p, Versions: vs, Registers: map[string]string{}}
}

func TestUncovered(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := starter(t)
	before, err := scope.Uncovered(f.Program, c, f.Versions, day(t, "2026-12-01"))
	if err != nil || len(before) != 1 || before[0].ID != "CC6.4" {
		t.Fatalf("Uncovered(starter) = %v, %v, want CC6.4 alone", before, err)
	}
	for _, v := range f.Of("CHG-01") {
		end := day(t, "2026-11-30")
		if f, err = f.Retire(v.Control.ID, end); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range f.Versions {
		for _, m := range catalog.Mappings(v.Control) {
			if m.Criterion == "CC8.1" && v.Control.ID != "CHG-01" {
				if f, err = f.Retire(v.Control.ID, day(t, "2026-11-30")); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
	}
	after, err := scope.Uncovered(f.Program, c, f.Versions, day(t, "2026-12-01"))
	found := false
	for _, cr := range after {
		found = found || cr.ID == "CC8.1"
	}
	if err != nil || !found {
		t.Errorf("Uncovered(without change controls) = %v, %v, want CC8.1 among them", after, err)
	}
}

func TestPatch(t *testing.T) {
	t.Parallel()
	now := starter(t)
	c := now.Of("CHG-01")[0].Control
	c.Statement = "Another statement."
	to, err := now.Revise(scope.Revision{Control: c, From: day(t, "2026-12-01"), Today: day(t, "2026-11-26")})
	if err != nil {
		t.Fatal(err)
	}
	p, err := scope.Between(now, to)
	if err != nil || len(p.Files) != 1 || !p.Shared() {
		t.Fatalf("Between = %d files, shared %t, %v; want one file that two people share", len(p.Files), p.Shared(), err)
	}
	got, err := p.Onto(now)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := scope.Diff(to, got); err != nil || len(d) != 0 {
		t.Errorf("the patch onto what it was drawn from differs by %v, %v; want nothing", d, err)
	}
	if _, err := p.Onto(to); !errors.Is(err, fault.Refused) {
		t.Errorf("Onto(a program that has changed) = %v, want refused", err)
	}
	other := now
	other.System.Texts = map[string]string{"dc1": "Services."}
	if _, err := p.Onto(other); err != nil {
		t.Errorf("Onto(a program that changed elsewhere) = %v, want taken", err)
	}
	if _, err := scope.Between(to, scope.Folder{Program: now.Program}); err == nil {
		t.Error("Between(a program without its controls) is taken; want refused")
	}
	prose, err := scope.Between(now, other)
	if err != nil || prose.Shared() {
		t.Errorf("a change of prose: shared %t, %v; want one person", prose.Shared(), err)
	}
}

func TestProposalRegister(t *testing.T) {
	t.Parallel()
	s, err := register.Load("program_changes.yaml", []byte(scope.ProposalRegister))
	if err != nil || s.Name != scope.Proposals {
		t.Fatalf("register.Load = %v, want %s", err, scope.Proposals)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want []scope.Piece
	}{
		{"", "", nil},
		{"same", "same", []scope.Piece{{Text: "same"}}},
		{"a weekly review", "a monthly review", []scope.Piece{{Text: "a "}, {Text: "weekly", Gone: true}, {Text: "monthly", Come: true}, {Text: " review"}}},
		{"", "new", []scope.Piece{{Text: "new", Come: true}}},
	} {
		if d := cmp.Diff(c.want, scope.Words(c.a, c.b)); d != "" {
			t.Errorf("Words(%q, %q): %s", c.a, c.b, d)
		}
	}
}

// FuzzWords: what is kept and gone is the one text, what is kept and come the other.
func FuzzWords(f *testing.F) {
	f.Add("a b c", "a x c")
	f.Add("ü\n", "u\u202e")
	f.Fuzz(func(t *testing.T, a, b string) {
		var x, y strings.Builder
		for _, p := range scope.Words(a, b) {
			if !p.Come {
				x.WriteString(p.Text)
			}
			if !p.Gone {
				y.WriteString(p.Text)
			}
		}
		if x.String() != a || y.String() != b {
			t.Errorf("Words(%q, %q) gives %q and %q back", a, b, x.String(), y.String())
		}
	})
}
