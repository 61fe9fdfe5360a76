package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	_ "modernc.org/sqlite" // the driver under test

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	enginesql "github.com/assayhq/assay/internal/engine/sql"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/rule/mutate"
)

const (
	library    = "../../catalog/tests"
	allowances = "testdata/mutants"
)

// TestMutation changes every rule of the library in small ways, one at a time, and wants some case
// of the rule's own file to notice each change. To run it for one control:
//
//	go test ./internal/engine/sqlite -run Mutation/CHG-01
//
// A change that survives is printed with its file and line and with the line as it would read. Add
// a case in which it makes a difference: an item on each side of the boundary; for "due", a "known"
// on the day before and on the day after, with "expect in_progress"; for a dropped condition, an
// item or a row that only this condition keeps out. Where no case can tell, because the changed
// rule means the same, say so with the reason in testdata/mutants/FILE.txt: a line with the test's
// id and the words behind "notices:", and the reason on the next lines, set in by two blanks.
// Entries that are no longer needed fail too.
func TestMutation(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("thousands of changed rules; what they show does not hang on how fast they run")
	}
	regs, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(library, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", library, err)
	}
	excused, err := filepath.Glob(filepath.Join(allowances, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range excused {
		of := filepath.Join(library, strings.TrimSuffix(filepath.Base(e), ".txt")+".txtar")
		if !slices.Contains(files, of) {
			t.Errorf("%s excuses mutants of %s, which is no test: remove it", e, of)
		}
	}
	days := &calendars{dir: t.TempDir()}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mutateFile(t, enginetest.Schemas(regs), days, file, name)
		})
	}
}

func mutateFile(t *testing.T, schemas enginetest.Schemas, days *calendars, file, name string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list, err := tests.Parse(filepath.Base(file), b, schemas)
	if err != nil {
		t.Fatal(err)
	}
	b, err = os.ReadFile(filepath.Join(allowances, name+".txt"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	allowed, err := equivalents(string(b))
	if err != nil {
		t.Fatalf("%s/%s.txt: %v", allowances, name, err)
	}
	for _, x := range list {
		mutants, err := mutate.Of(file, x.Rule, schemas, func(text string) (*rule.Plan, error) {
			return rule.Parse(file, x.Control, text, x.Shape, schemas)
		})
		if err != nil {
			t.Error(err)
			continue
		}
		mutants = tried(x.ID, mutants, allowed)
		alive := survivors(t, schemas, days, x, mutants)
		first := strings.Count(x.File[:strings.Index(x.File, x.Rule)], "\n")
		for _, m := range unexcused(x.ID, alive, allowed) {
			t.Errorf("internal/catalog/tests/%s:%d: no case of %s notices: %s\n%s", filepath.Base(file), first+m.Line, x.ID, m.Name, m.Diff())
		}
		t.Logf("%s: %d mutants, %d survive", x.ID, len(mutants), len(alive))
	}
	for n := range allowed {
		t.Errorf("%s/%s.txt: %q does not survive, or is no change of the rule any more: remove the entry", allowances, name, n)
	}
}

// tried leaves a third of the mutants in ordinary runs, another third for each rule, and all of those that are excused; make rules tries every one.
func tried(id string, mutants []mutate.Mutant, allowed map[string]string) []mutate.Mutant {
	if os.Getenv("ASSAY_RULES") != "" {
		return mutants
	}
	var out []mutate.Mutant
	for i, m := range mutants {
		if i%3 == int(id[0]+id[len(id)-1])%3 || allowed[id+" "+m.Name] != "" {
			out = append(out, m)
		}
	}
	return out
}

// unexcused lists the survivors that are not known to mean the same, and strikes off those that are.
func unexcused(id string, alive []mutate.Mutant, allowed map[string]string) []mutate.Mutant {
	var out []mutate.Mutant
	for _, m := range alive {
		if allowed[id+" "+m.Name] == "" {
			out = append(out, m)
		}
		delete(allowed, id+" "+m.Name)
	}
	return out
}

// equivalents reads the changes that are known to mean the same as what was written: a line
// "TEST-ID name of the mutant", and the reason on the lines below it, which begin with a blank.
func equivalents(text string) (map[string]string, error) {
	out := map[string]string{}
	last := ""
	for i, l := range strings.Split(text, "\n") {
		switch said := strings.TrimSpace(l); {
		case said == "" || said[0] == '#':
		case l[0] == ' ' || l[0] == '\t':
			if last == "" {
				return nil, fmt.Errorf("line %d: a reason without a mutant: %s", i+1, said)
			}
			out[last] = strings.TrimSpace(out[last] + " " + said)
		default:
			last = said
			out[last] = ""
		}
	}
	for n, reason := range out {
		if reason == "" {
			return nil, fmt.Errorf("%s has no reason; say below it why it means the same as the rule", n)
		}
	}
	return out, nil
}

// survivors lists the mutants that no case tells from the rule. The cases with the most
// expectations come first: they kill most, and what is dead need not run again.
func survivors(t *testing.T, schemas enginetest.Schemas, days *calendars, x *tests.Test, mutants []mutate.Mutant) []mutate.Mutant {
	t.Helper()
	cases := slices.Clone(x.Cases)
	slices.SortStableFunc(cases, func(a, b tests.Case) int { return len(b.Expect) - len(a.Expect) })
	for _, c := range cases {
		if len(mutants) == 0 {
			return nil
		}
		mutants = kill(t, schemas, days, x, c, mutants)
	}
	return mutants
}

// kill runs the mutants over one case and returns those that it does not tell from the rule.
func kill(t *testing.T, schemas enginetest.Schemas, days *calendars, x *tests.Test, c tests.Case, mutants []mutate.Mutant) []mutate.Mutant {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	size := enginetest.Fill(t, db, schemas, c.Records)
	w := enginetest.World(t, schemas, x, c)
	s, err := New(db, schemas.Schema).Open(t.Context(), enginetest.Org, size, w.Period, w.Holidays, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dated := func(m mutate.Mutant) bool { return enginesql.NeedsFrame(m.Plan) }
	if enginesql.NeedsFrame(x.Plan) || slices.ContainsFunc(mutants, dated) {
		if err := days.lend(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	want, err := answers(t.Context(), s, x.Plan, w)
	if err != nil {
		t.Fatalf("case %q: %v", c.Name, err)
	}
	if said := want.unlike(c); said != "" {
		t.Fatalf("case %q, before any change: %s", c.Name, said)
	}
	same, err := query(s, x.Plan, w)
	if err != nil {
		t.Fatal(err)
	}
	var alive []mutate.Mutant
	for _, m := range mutants {
		if q, err := query(s, m.Plan, w); err == nil && q == same { // asks the same, so that no case could tell: dead words in the rule
			alive = append(alive, m)
			continue
		}
		got, err := answers(t.Context(), s, m.Plan, w)
		if err != nil {
			t.Errorf("case %q: %s: the rule parses, but does not run: %v\n%s", c.Name, m.Name, err, m.Diff())
			continue
		}
		if got.unlike(c) == "" && !got.applies(want) {
			alive = append(alive, m)
		}
	}
	return alive
}

// query is what the engine would be asked: two plans that ask the same are the same.
func query(s *Session, p *rule.Plan, w rule.World) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	q, args := enginesql.Query(p, s.context(w, enginesql.Binding{Keys: true}))
	return fmt.Sprint(q, args), nil
}

// found is what a plan says of a case.
type found struct {
	plan  *rule.Plan
	items map[string][]assure.Verdict
	twice string // a key that two items have
	open  int
}

// patience is how long one changed rule may take over one case, which is tens of records. A change
// that makes a rule run away is reported instead of stopping the tests.
const patience = 20 * time.Second

func answers(ctx context.Context, s *Session, p *rule.Plan, w rule.World) (f found, err error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	defer func() {
		if r := recover(); r != nil { // the printer meets what the parser should have refused
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	f = found{plan: p, items: map[string][]assure.Verdict{}}
	err = s.part(ctx, s.conns[0], p, w, enginesql.Binding{Keys: true}, func(a rule.Answered) error {
		if a.InProgress {
			f.open++
			return nil
		}
		if f.items[a.Key] != nil {
			f.twice = a.Key
		}
		f.items[a.Key] = a.Verdicts
		return nil
	})
	return f, err
}

// unlike says in what the answers are not those that the case expects, or "".
func (f found) unlike(c tests.Case) string {
	if f.twice != "" {
		return "two items have the key " + f.twice
	}
	for key, want := range c.Expect {
		got := "absent"
		if v := f.items[key]; v != nil {
			got = enginetest.Said(f.plan, v)
		}
		if got != want {
			return fmt.Sprintf("%s = %s, want %s", key, got, want)
		}
	}
	for key := range f.items {
		if _, ok := c.Expect[key]; !ok {
			return key + " is not expected"
		}
	}
	if c.Open >= 0 && f.open != c.Open {
		return fmt.Sprintf("in progress = %d, want %d", f.open, c.Open)
	}
	return ""
}

// applies reports whether some attribute of some item passes in one and does not apply in the
// other. A case writes only the worst verdict of an item and cannot say it, but a report counts it.
func (f found) applies(want found) bool {
	for key, v := range f.items {
		for i := range v {
			if i < len(want.items[key]) && (v[i] == assure.NotApplicable) != (want.items[key][i] == assure.NotApplicable) {
				return true
			}
		}
	}
	return false
}

// calendars keeps a laid-out calendar for each zone and its holidays, 51,000 days each, so that not
// every case has to make its own.
type calendars struct {
	dir  string
	mu   sync.Mutex
	made map[business]*kept
}

type business struct {
	zone     civil.Zone
	holidays string
}

type kept struct {
	once sync.Once
	path string
	err  error
}

// lend gives a session a calendar that was laid out before.
func (c *calendars) lend(ctx context.Context, s *Session) error {
	path, err := c.file(ctx, s.period, s.days)
	if err != nil {
		return err
	}
	if _, err := s.conns[0].ExecContext(ctx, "ATTACH ? AS lent", "file:"+path+"?mode=ro&immutable=1"); err != nil {
		return fmt.Errorf("attach the calendar: %w", err)
	}
	*s.framed = true
	return fill(ctx, s.conns[0], enginesql.Frame(s.period, s.days)[1:], nil)
}

func (c *calendars) file(ctx context.Context, p civil.Period, h civil.Holidays) (string, error) {
	key := business{p.Zone, fmt.Sprint(slices.Sorted(maps.Keys(h.Days)))}
	c.mu.Lock()
	if c.made == nil {
		c.made = map[business]*kept{}
	}
	k := c.made[key]
	if k == nil {
		k = &kept{path: filepath.Join(c.dir, fmt.Sprintf("calendar%d.db", len(c.made)))}
		c.made[key] = k
	}
	c.mu.Unlock()
	k.once.Do(func() { k.err = lay(ctx, k.path, enginesql.Frame(p, h)[0]) })
	return k.path, k.err
}

func lay(ctx context.Context, path string, calendar assure.Relation) error {
	if calendar.Name != "calendar" {
		return fmt.Errorf("the frame begins with %s; expected the calendar, which is too large to make for each case", calendar.Name)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := keep(ctx, conn, calendar); err != nil {
		return fmt.Errorf("keep a calendar: %w", err)
	}
	return nil
}

// keep writes a relation into a database file.
func keep(ctx context.Context, conn *sql.Conn, r assure.Relation) error {
	var names []string
	for _, c := range r.Columns {
		typ := "TEXT"
		if c.Integer { // else an index on it would not serve numbers
			typ = "INTEGER"
		}
		names = append(names, fmt.Sprintf("%q %s", c.Name, typ))
	}
	cols := strings.Join(names, ", ")
	for _, q := range []string{"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN", "CREATE TABLE " + r.Name + " (" + cols + ")"} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	const batch = 500
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ") + ")"
	many, err := conn.PrepareContext(ctx, "INSERT INTO "+r.Name+" VALUES "+strings.TrimSuffix(strings.Repeat(one+", ", batch), ", "))
	if err != nil {
		return err
	}
	defer many.Close()
	var args []any
	for row, err := range r.Rows {
		if err != nil {
			return err
		}
		if args = append(args, row...); len(args) == batch*len(names) {
			if _, err := many.ExecContext(ctx, args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	for ; len(args) > 0; args = args[len(names):] {
		if _, err := conn.ExecContext(ctx, "INSERT INTO "+r.Name+" VALUES "+one, args[:len(names)]...); err != nil {
			return err
		}
	}
	for _, q := range append(slices.Clone(frameIndexes), "COMMIT") {
		if _, err := conn.ExecContext(ctx, strings.Replace(q, "temp.", "main.", 1)); err != nil {
			return err
		}
	}
	return nil
}

// sparse is a test whose one case leaves much unsaid.
const sparse = `control CHG-01
shape event
-- rule --
each changes as change
key change.change_id
in period by change.deployed_at
let forgotten = change.merged_at < known_at
check A 'Merged before it was released': change.merged_at < change.deployed_at else 'merged later'
check B 'A ticket' if change.emergency: change.ticket <> '' else 'no ticket'
-- case: early and late --
period 2025-07-01 2026-06-30 UTC
changes {"change_id":"before","deployed_at":"2025-06-30T23:59:59Z"}
changes {"change_id":"first","merged_at":"2025-06-01T00:00:00Z","deployed_at":"2025-07-01T00:00:00Z","emergency":false,"ticket":"T"}
changes {"change_id":"last","merged_at":"2027-06-01T00:00:00Z","deployed_at":"2026-06-30T23:59:59Z","emergency":false,"ticket":""}
changes {"change_id":"after","deployed_at":"2026-07-01T00:00:00Z"}
expect before absent
expect first pass
expect last deviation A
expect after absent
`

// TestMutationSees shows what the run finds where cases are too few, and what it takes for killed.
func TestMutationSees(t *testing.T) {
	t.Parallel()
	regs, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	schemas := enginetest.Schemas(regs)
	list, err := tests.Parse("sparse", []byte(sparse), schemas)
	if err != nil {
		t.Fatal(err)
	}
	x := list[0]
	mutants, err := mutate.Of("sparse", x.Rule, schemas, func(text string) (*rule.Plan, error) {
		return rule.Parse("sparse", x.Control, text, x.Shape, schemas)
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	alive := survivors(t, schemas, &calendars{dir: t.TempDir()}, x, mutants)
	for _, m := range alive {
		got = append(got, m.Name)
	}
	// The boundary of A is not tried; B is answered of nothing, but for "always true", which the
	// deviation of another attribute would hide; the value with a name is used by nothing.
	want := []string{
		"let forgotten: < to <= in change.merged_at < known_at", "let forgotten: < to > in change.merged_at < known_at",
		"let forgotten: < to >= in change.merged_at < known_at",
		"check A: < to <= in change.merged_at < change.deployed_at",
		"check B: always true", "check B: <> to = in change.ticket <> ''", "check B: '' to '~'",
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("survivors (-want +got):\n%s", diff)
	}
	allowed, err := equivalents("# why\nCHG-01 check B: always true\n  Nothing\n  is asked.\nCHG-01 check A: always true\n  Wrong: it is killed.\n")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(unexcused("CHG-01", alive, allowed)); n != len(want)-1 {
		t.Errorf("unexcused = %d survivors, want all but the one with a reason, %d", n, len(want)-1)
	}
	if diff := cmp.Diff(map[string]string{"CHG-01 check A: always true": "Wrong: it is killed."}, allowed); diff != "" {
		t.Errorf("entries left over (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{"CHG-01 a": "has no reason", "  so": "a reason without a mutant"} {
		if _, err := equivalents(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("equivalents(%q) = %v, want %q", text, err, want)
		}
	}
}
