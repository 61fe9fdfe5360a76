package mutate_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/rule/mutate"
)

type schemas map[string]*register.Schema

func (s schemas) Schema(name string) (*register.Schema, bool) { v, ok := s[name]; return v, ok }

func (s schemas) Names() []string {
	var out []string
	for n := range s {
		out = append(out, n)
	}
	return out
}

var loaded = sync.OnceValues(registers.Load)

func load(t testing.TB) schemas {
	t.Helper()
	regs, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return regs
}

func of(t testing.TB, text string, shape assure.Shape) ([]mutate.Mutant, error) {
	t.Helper()
	regs := load(t)
	return mutate.Of("r", text, regs, func(text string) (*rule.Plan, error) {
		return rule.Parse("r", "XXX-01", text, shape, regs)
	})
}

// added are the changed lines of the mutants, each with the part of the rule that it belongs to.
func added(list []mutate.Mutant) map[string]bool {
	out := map[string]bool{}
	for _, m := range list {
		where, _, _ := strings.Cut(m.Name, ":")
		for _, l := range strings.Split(m.Diff(), "\n") {
			if l, ok := strings.CutPrefix(l, "    + "); ok {
				out[where+": "+strings.Join(strings.Fields(l), " ")] = true
			}
		}
	}
	return out
}

const changes = "each changes as change\nkey change.change_id\nin period by change.deployed_at\n"

// TestChanges says, for each part of the language, what its lines may become: all of it, and
// nothing else, but for the time that places the item.
func TestChanges(t *testing.T) {
	t.Parallel()
	check := func(cond string) string { return changes + "check A 'x': " + cond + " else 'y'" }
	for _, c := range []struct {
		name, text string
		want       []string // after "check A 'x': " and before " else 'y'"
	}{
		{"comparison", check("change.merged_at < change.deployed_at"), []string{
			"change.merged_at <= change.deployed_at", "change.merged_at > change.deployed_at", "change.merged_at >= change.deployed_at", "true"}},
		{"equality", check("change.ci_status = 'passed'"), []string{"change.ci_status <> 'passed'", "change.ci_status = 'failed'", "true"}},
		{"free text", check("change.ticket <> ''"), []string{"change.ticket = ''", "change.ticket <> '~'", "true"}},
		{"and, or", check("change.emergency and change.ticket is known or change.title is missing"), []string{
			"change.emergency and change.ticket is known", "change.title is missing", "true",
			"change.ticket is known or change.title is missing", "change.emergency or change.title is missing",
			"not (change.emergency) and change.ticket is known or change.title is missing",
			"change.emergency or change.ticket is known or change.title is missing",
			"change.emergency and change.ticket is known and change.title is missing",
			"change.emergency and change.ticket is missing or change.title is missing",
			"change.emergency and change.ticket is known or change.title is known"}},
		{"brackets", check("not (change.emergency or change.ticket is known)"), []string{
			"(change.emergency or change.ticket is known)", "not (change.ticket is known)", "not (change.emergency)", "true",
			"not (not (change.emergency) or change.ticket is known)", "not (change.emergency and change.ticket is known)",
			"not (change.emergency or change.ticket is missing)"}},
		{"list", check("change.ci_status in ('passed', 'none')"), []string{"change.ci_status in ('none')", "change.ci_status in ('passed')",
			"change.ci_status in ('failed', 'none')", "change.ci_status in ('passed', 'failed')", "not (change.ci_status in ('passed', 'none'))", "true"}},
		{"set", check("exists(reviews where decision = 'approved' and submitted_at is known)"), []string{"none(reviews where decision = 'approved' and submitted_at is known)",
			"exists(reviews where submitted_at is known)", "exists(reviews where decision = 'approved')", "exists(reviews where decision <> 'approved' and submitted_at is known)",
			"exists(reviews where decision = 'changes_requested' and submitted_at is known)", "exists(reviews where decision = 'approved' or submitted_at is known)",
			"exists(reviews where decision = 'approved' and submitted_at is missing)", "true"}},
		{"one condition on a set", check("none(reviews where commit is known)"), []string{"exists(reviews where commit is known)", "none(reviews where true)", "none(reviews where commit is missing)", "true"}},
		{"join", check("exists(incidents on incident_id = change.incident_id)"), []string{"none(incidents on incident_id = change.incident_id)",
			"exists(incidents on true)", "exists(incidents on incident_id <> change.incident_id)", "true"}},
		{"count", check("count(reviews) >= 2"), []string{"count(reviews) > 2", "count(reviews) <= 2", "count(reviews) < 2", "count(reviews) >= 3", "count(reviews) >= 1", "true"}},
		{"hours", check("change.deployed_at + 24 hours = known_at"), []string{"change.deployed_at - 24 hours = known_at", "change.deployed_at + 25 hours = known_at",
			"change.deployed_at + 23 hours = known_at", "change.deployed_at + 24 hours <> known_at", "true"}},
		{"business days", check("start of (date of change.deployed_at + 2 business days) = known_at"), []string{"end of (date of change.deployed_at + 2 business days) = known_at",
			"start of (date of change.deployed_at + 3 business days) = known_at", "start of (date of change.deployed_at + 1 business days) = known_at",
			"start of (date of change.deployed_at + 2 days) = known_at", "start of (date of change.deployed_at + 2 business days) <> known_at", "true"}},
		{"months", check("date of change.deployed_at - 1 months = date of known_at"), []string{"date of change.deployed_at + 1 months = date of known_at",
			"date of change.deployed_at - 2 months = date of known_at", "date of change.deployed_at - 0 months = date of known_at", "date of change.deployed_at - 1 months <> date of known_at", "true"}},
		{"first", check("first(change.merged_at, change.deployed_at) = known_at"), []string{"(change.merged_at) = known_at", "(change.deployed_at) = known_at",
			"first(change.deployed_at, change.merged_at) = known_at", "first(change.merged_at, change.deployed_at) <> known_at", "true"}},
		{"pick", check("pick(change.ci_status, 'passed' 1, 'failed' 2) = 2"), []string{"pick(change.ci_status, 'failed' 2) = 2", "pick(change.ci_status, 'passed' 1) = 2",
			"pick(change.ci_status, 'none' 1, 'failed' 2) = 2", "pick(change.ci_status, 'passed' 1, 'none' 2) = 2", "pick(change.ci_status, 'passed' 2, 'failed' 2) = 2",
			"pick(change.ci_status, 'passed' 0, 'failed' 2) = 2", "pick(change.ci_status, 'passed' 1, 'failed' 3) = 2", "pick(change.ci_status, 'passed' 1, 'failed' 1) = 2",
			"pick(change.ci_status, 'passed' 1, 'failed' 2) = 3", "pick(change.ci_status, 'passed' 1, 'failed' 2) = 1", "pick(change.ci_status, 'passed' 1, 'failed' 2) <> 2", "true"}},
		{"yes and no", check("change.emergency = false"), []string{"change.emergency <> false", "change.emergency = true", "true"}},
		{"unknown", check("either change.emergency then (change.emergency) else (unknown)"), []string{
			"not (either change.emergency then (change.emergency) else (unknown))", "either not (change.emergency) then (change.emergency) else (unknown)", "either change.emergency then (not (change.emergency)) else (unknown)",
			"either change.emergency then (change.emergency) else (true)", "either change.emergency then (change.emergency) else (false)", "true"}},
		{"given", check("given(change.ticket) = 'x'"), []string{"(change.ticket) = 'x'", "given(change.ticket) <> 'x'", "given(change.ticket) = 'x~'", "true"}},
		{"owned", check("owned(change.author)"), []string{"not (owned(change.author))", "true"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list, err := of(t, c.text, assure.Event)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{
				"in period: in period by (change.deployed_at) + 1 hours": true, "in period: in period by (change.deployed_at) - 1 hours": true,
			}
			for _, w := range c.want {
				want["check A: check A 'x': "+w+" else 'y'"] = true
			}
			if diff := cmp.Diff(want, added(list)); diff != "" {
				t.Errorf("mutants (-want +got):\n%s", diff)
			}
		})
	}
}

// TestClauses does the same for what stands around conditions; want is a part of them.
func TestClauses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		shape      assure.Shape
		want       []string
	}{
		{"event", "each changes as s\nkey s.change_id\nin period by s.deployed_at or s.merged_at\nskip s.emergency else 'z'\nwhere s.title is known\n" +
			"let runs = reviews where commit is known\nlet early = earliest(runs.submitted_at)\ncheck A 'x' if s.emergency: early < known_at else 'y'", assure.Event, []string{
			"in period: in period by s.deployed_at", "in period: in period by s.merged_at", "in period: in period by s.merged_at or s.deployed_at",
			"in period: in period by s.deployed_at + 1 hours or s.merged_at + 1 hours", "skip 1: skip not (s.emergency) else 'z'",
			"where: where true", "where: where s.title is missing", "let runs: let runs = reviews where true", "let early: let early = latest(runs.submitted_at)",
			"check A: check A 'x': early < known_at else 'y'", "check A: check A 'x' if not (s.emergency): early < known_at else 'y'", "check A: check A 'x' if s.emergency: true else 'y'"}},
		{"state", "each accounts as s\nkey s.account_id\nduring s.created_at to s.disabled_at\ncheck A 'x': s.mfa else 'y'", assure.State, []string{
			"during: during (s.created_at) + 1 hours to s.disabled_at", "during: during s.created_at to (s.disabled_at) - 1 hours", "check A: check A 'x': not (s.mfa) else 'y'"}},
		{"deadline", "each systems as s cross quarters as q\nkey s.system, q.name\nlet d = end of (q.last + 30 days)\nin period by q.last\ndue d\ncheck A 'x': s.in_scope else 'y'", assure.Schedule, []string{
			"let d: let d = end of (q.last + 31 days)", "let d: let d = start of (q.last + 30 days)", "due: due (d) + 24 hours", "due: due (d) - 24 hours", "in period: in period by (q.last) - 1 days"}},
		{"rounds", "each people as s cross every 12 months from s.started_on as r\nkey s.employment_id, r.date\nin period by r.date\ndue end of r.date\ncheck A 'x': s.engineer else 'y'", assure.Schedule, []string{
			"each: each people as s cross every 13 months from s.started_on as r", "each: each people as s cross every 12 months from (s.started_on) + 1 days as r"}},
		{"open", "each vulnerabilities as s\nkey s.vulnerability_id\nin period by s.first_seen_at\ndue s.first_seen_at + 24 hours\nopen from s.first_seen_at to s.fixed_at\ncheck A 'x': s.fixed_at < known_at else 'y'", assure.Event, []string{
			"open: open from s.first_seen_at to (s.fixed_at) + 1 hours", "due: due s.first_seen_at + 25 hours"}},
		{"interval", "each changes as s\nkey s.change_id\nin period by s.deployed_at\nlet held = accounts on person(person_id) = person(s.author) and privileged as of s.deployed_at where mfa\ncheck A 'x': exists(held) else 'y'", assure.Event, []string{
			"let held: let held = accounts on person(person_id) = person(s.author) and privileged where mfa",
			"let held: let held = accounts on privileged as of s.deployed_at where mfa", "let held: let held = accounts on person(person_id) = person(s.author) and privileged as of (s.deployed_at) + 1 hours where mfa",
			"let held: let held = accounts on person(person_id) = person(s.author) and privileged as of s.deployed_at where not (mfa)"}},
		{"a person's answers", "each weeks as s\nkey s.name\nin period by s.last\ndue end of s.last\nperformed A 'x' if s.first < s.last from s.last to s.last + 3 days else 'y'\n" +
			"inspect B 'z' if A", assure.Schedule, []string{
			"performed A: check A 'x' if s.first < s.last: true else 'never said'", "performed A: performed A 'x' from s.last to s.last + 3 days else 'y'",
			"performed A: performed A 'x' if s.first <= s.last from s.last to s.last + 3 days else 'y'",
			"performed A: performed A 'x' if s.first < s.last from (s.last) + 1 days to s.last + 3 days else 'y'",
			"performed A: performed A 'x' if s.first < s.last from s.last to s.last + 4 days else 'y'",
			"inspect B: check B 'z' if A: true else 'never said'", "inspect B: inspect B 'z'", "inspect B: inspect B 'z' if not (A)"}},
		{"a choice", "each changes as s\nkey s.change_id\nin period by s.deployed_at\n" +
			"let limit = s.deployed_at + either s.emergency and s.title is known then 30 minutes else 2 hours\ncheck A 'x': s.merged_at < limit or count(reviews) * 2 > 3 else 'y'", assure.Event, []string{
			"let limit: let limit = s.deployed_at + either s.title is known then 30 minutes else 2 hours",
			"let limit: let limit = s.deployed_at + either not (s.emergency) and s.title is known then 30 minutes else 2 hours",
			"let limit: let limit = s.deployed_at + either s.emergency and s.title is known then 31 minutes else 2 hours",
			"let limit: let limit = s.deployed_at + either s.emergency and s.title is known then 30 minutes else 1 hours",
			"check A: check A 'x': s.merged_at < limit or count(reviews) + 2 > 3 else 'y'"}},
		{"a number before a unit", "each changes as s\nkey s.change_id\nin period by s.deployed_at\nlet n = count(reviews)\n" +
			"check A 'x': s.merged_at < s.deployed_at + n hours and s.merged_at < s.deployed_at + count(reviews) minutes and date of s.merged_at < date of s.deployed_at + (n * 2) business days else 'y'", assure.Event, []string{
			"check A: check A 'x': s.merged_at < s.deployed_at + (n + 1) hours and s.merged_at < s.deployed_at + count(reviews) minutes and date of s.merged_at < date of s.deployed_at + (n * 2) business days else 'y'",
			"check A: check A 'x': s.merged_at < s.deployed_at + (n - 1) hours and s.merged_at < s.deployed_at + count(reviews) minutes and date of s.merged_at < date of s.deployed_at + (n * 2) business days else 'y'",
			"check A: check A 'x': s.merged_at < s.deployed_at + n hours and s.merged_at < s.deployed_at + (count(reviews) + 1) minutes and date of s.merged_at < date of s.deployed_at + (n * 2) business days else 'y'",
			"check A: check A 'x': s.merged_at < s.deployed_at + n hours and s.merged_at < s.deployed_at + count(reviews) minutes and date of s.merged_at < date of s.deployed_at + ((n * 2) - 1) business days else 'y'",
			"check A: check A 'x': s.merged_at < s.deployed_at + n hours and s.merged_at < s.deployed_at + count(reviews) minutes and date of s.merged_at < date of s.deployed_at + (n * 2) days else 'y'",
			"check A: check A 'x': s.merged_at < s.deployed_at + n hours and s.merged_at < s.deployed_at + count(reviews) minutes and date of s.merged_at < date of s.deployed_at + (n + 2) business days else 'y'"}},
		{"the period's own edges", "each changes as s\nkey s.change_id\nin period by s.deployed_at\ncheck A 'x': s.merged_at >= start of period else 'y'", assure.Event, []string{
			"check A: check A 'x': s.merged_at >= end of period else 'y'"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list, err := of(t, c.text, c.shape)
			if err != nil {
				t.Fatal(err)
			}
			got := added(list)
			for _, w := range c.want {
				if !got[w] {
					t.Errorf("no mutant %q", w)
				}
			}
			if t.Failed() {
				for l := range got {
					t.Log(l)
				}
			}
		})
	}
}

// TestCannotDiffer: no mutant moves an interval's end within the day at whose start it lies, away from
// the edge of the period; the other direction and other times stay.
func TestCannotDiffer(t *testing.T) {
	t.Parallel()
	const state = "each days as d cross changes as s\nkey s.change_id, d.name\nduring %s to %s\ncheck A 'x': s.emergency else 'y'"
	for _, c := range []struct{ from, to, want string }{
		{"start of d.date", "end of d.date", "(start of d.date) - 1 hours to end of d.date; start of d.date to (end of d.date) + 1 hours"},
		{"end of (d.date - 1 days)", "start of date of s.merged_at", "(end of (d.date - 1 days)) - 1 hours to start of date of s.merged_at; end of (d.date - 1 days) to (start of date of s.merged_at) + 1 hours"},
		{"s.merged_at", "end of period", "(s.merged_at) + 1 hours to end of period; (s.merged_at) - 1 hours to end of period"},
		{"start of period", "s.merged_at", "start of period to (s.merged_at) + 1 hours; start of period to (s.merged_at) - 1 hours"},
	} {
		list, err := of(t, fmt.Sprintf(state, c.from, c.to), assure.State)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range added(list) {
			if m, ok := strings.CutPrefix(line, "during: during "); ok && strings.Contains(m, " 1 hours") {
				got = append(got, m)
			}
		}
		slices.Sort(got)
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s to %s: mutants %s, want %s", c.from, c.to, s, c.want)
		}
	}
	list, err := of(t, "each changes as s\nkey s.change_id\nin period by start of period\nopen from start of date of s.merged_at to end of date of s.deployed_at\n"+
		"due s.deployed_at\ncheck A 'x': s.emergency else 'y'", assure.Event)
	if err != nil {
		t.Fatal(err)
	}
	got := added(list)
	for line, want := range map[string]bool{
		"in period: in period by (start of period) + 1 hours": false, "in period: in period by (start of period) - 1 hours": true,
		// Begun by the known-at time is what is open: the hour matters.
		"open: open from (start of date of s.merged_at) + 1 hours to end of date of s.deployed_at": true,
		"open: open from start of date of s.merged_at to (end of date of s.deployed_at) - 1 hours": false,
		"open: open from start of date of s.merged_at to (end of date of s.deployed_at) + 1 hours": true,
	} {
		if got[line] != want {
			t.Errorf("mutant %q: %v, want %v", line, got[line], want)
		}
	}
}

// TestRefused: what does not parse has no mutants, and what the mutator was not taught stops it.
func TestRefused(t *testing.T) {
	t.Parallel()
	regs := load(t)
	const text = changes + "check A 'x': change.emergency else 'y'"
	plan, err := rule.Parse("r", "XXX-01", text, assure.Event, regs)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"no rule", "each nothing", "there is no register"},
		{"a sign", changes + "check A 'x': change.emergency % 2 else 'y'", `line 4: the mutator does not know the sign "%"`},
		{"a word", changes + "check A 'x': usually change.emergency else 'y'", `line 4: the mutator does not know the word "usually"`},
		{"a clause", changes + "unless change.emergency\ncheck A 'x': change.emergency else 'y'", `line 4: the mutator does not know the word "unless"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// A language that has grown: it takes what the one of today does not.
			grown := func(text string) (*rule.Plan, error) {
				if c.name == "no rule" {
					return rule.Parse("r", "XXX-01", text, assure.Event, regs)
				}
				return plan, nil
			}
			_, err := mutate.Of("r", c.text, regs, grown)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Of = %v, want %q", err, c.want)
			}
		})
	}
	t.Run("an expression", func(t *testing.T) {
		t.Parallel()
		grown := *plan
		grown.Where = novel{}
		_, err := mutate.Of("r", text, regs, func(string) (*rule.Plan, error) { return &grown, nil })
		if err == nil || !strings.Contains(err.Error(), "kind mutate_test.novel") {
			t.Errorf("Of = %v, want the kind of the expression", err)
		}
	})
}

// novel is an expression that nobody has heard of.
type novel struct{}

func (novel) Type() rule.Type { return rule.Bool }

// TestLibrary: names are unique, every mutant parses into another text, and its line is in the rule.
func TestLibrary(t *testing.T) {
	t.Parallel()
	regs := load(t)
	list, err := tests.Load(regs)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		got, err := mutate.Of(x.ID, x.Rule, regs, func(text string) (*rule.Plan, error) {
			return rule.Parse(x.ID, x.Control, text, x.Shape, regs)
		})
		if err != nil {
			t.Error(err)
			continue
		}
		if len(got) < len(x.Plan.Checks) {
			t.Errorf("%s: %d mutants of %d attributes", x.ID, len(got), len(x.Plan.Checks))
		}
		names := map[string]bool{}
		for _, m := range got {
			if names[m.Name] || m.Text == x.Rule || m.Plan == nil || m.Diff() == "" || m.Line < 1 || m.Line > strings.Count(x.Rule, "\n")+1 {
				t.Errorf("%s: mutant %q, line %d, twice or empty:\n%s", x.ID, m.Name, m.Line, m.Diff())
			}
			names[m.Name] = true
		}
	}
}
