package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/scope"
)

// The tests TestE01 to TestE80 are the edge cases of docs/edge-cases.md, each by its number.

// stage is an organization in a folder of its own, with a clock that stands still until it is set.
type stage struct {
	*office
	t     *testing.T
	clock *time.Time
}

// setting says what a stage is founded with.
type setting struct {
	zone     string
	report   string
	from, to string
	now      string            // the clock; RFC 3339
	program  map[string]string // the organization's own files, such as tests/CHG-01.txtar
}

// usual is a year in New York, seen from some months after it.
var usual = setting{zone: "America/New_York", report: "soc2-type2", from: "2025-07-01", to: "2026-06-30", now: "2026-11-01T12:00:00Z"}

// templates are the data folders that stages without a program of their own are copied from, by the setting: each
// is founded once.
var templates = struct {
	sync.Mutex
	dir  string
	made map[string]func() (string, error)
}{made: map[string]func() (string, error){}}

// TestMain removes the folders that tests copied.
func TestMain(m *testing.M) {
	code := m.Run()
	if templates.dir != "" {
		_ = os.RemoveAll(templates.dir)
	}
	os.Exit(code)
}

// founded is the data folder of a setting.
func founded(s setting) (string, error) {
	templates.Lock()
	name := strings.Join([]string{s.zone, s.report, s.from, s.to, s.now}, " ")
	once := templates.made[name]
	if once == nil {
		once = sync.OnceValues(func() (string, error) {
			dir, err := os.MkdirTemp(templates.dir, "")
			if err != nil {
				return "", err
			}
			return filepath.Join(dir, "data"), foundIn(filepath.Join(dir, "data"), s, "")
		})
		templates.made[name] = once
	}
	var err error
	if templates.dir == "" {
		templates.dir, err = os.MkdirTemp("", "assay-edge-*")
	}
	templates.Unlock()
	if err != nil {
		return "", err
	}
	return once()
}

func foundIn(data string, s setting, program string) error {
	z, err := civil.ParseZone(s.zone)
	if err != nil {
		return err
	}
	p := scope.Program{Name: "Example", Report: s.report, Zone: z}
	if s.report == "soc2-type2" {
		p.Categories = []string{"security", "availability", "confidentiality"}
	}
	from, err := civil.ParseDate(s.from)
	if err != nil {
		return err
	}
	to, err := civil.ParseDate(s.to)
	if err != nil {
		return err
	}
	p.From, p.To = &from, &to
	now, err := time.Parse(time.RFC3339, s.now)
	if err != nil {
		return err
	}
	a := New()
	a.Clock = func() time.Time { return now }
	_, err = a.found(context.Background(), data, p, program, &from)
	return err
}

// edge sets the usual stage.
func edge(t *testing.T) *stage {
	t.Helper()
	return edgeOf(t, setting{})
}

// edgeOf sets another stage; what it leaves out is as usual.
func edgeOf(t *testing.T, s setting) *stage {
	t.Helper()
	t.Parallel()
	for _, f := range []struct {
		v     *string
		usual string
	}{{&s.zone, usual.zone}, {&s.report, usual.report}, {&s.from, usual.from}, {&s.to, usual.to}, {&s.now, usual.now}} {
		if *f.v == "" {
			*f.v = f.usual
		}
	}
	data := filepath.Join(t.TempDir(), "data")
	if s.program == nil {
		from, err := founded(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(data, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return enterAt(t, data, s.now)
	}
	program := t.TempDir()
	for name, text := range s.program {
		file := filepath.Join(program, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := foundIn(data, s, program); err != nil {
		t.Fatal(err)
	}
	return enterAt(t, data, s.now)
}

func enterAt(t *testing.T, data, now string) *stage {
	t.Helper()
	s := &stage{t: t, clock: new(time.Time)}
	s.at(now)
	a := New()
	a.Clock = func() time.Time { return *s.clock }
	o, err := a.enter(t.Context(), data, "", false)
	if err != nil {
		t.Fatal(err)
	}
	s.office = o
	t.Cleanup(func() { // whichever is open then
		if err := s.office.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// at sets the clock.
func (s *stage) at(when string) {
	s.t.Helper()
	now, err := time.Parse(time.RFC3339, when)
	if err != nil {
		s.t.Fatal(err)
	}
	*s.clock = now
}

// give imports lines of JSON into a register.
func (s *stage) give(register string, lines ...string) {
	s.t.Helper()
	give(s.t, s.office, register, lines...)
}

// refuse imports a line that must be refused, with a message that holds want.
func (s *stage) refuse(register, line, want string) {
	s.t.Helper()
	i := cli.Import{Register: register, File: register + ".jsonl", Source: "test", Operator: "test", Discard: true}
	_, err := s.take(s.t.Context(), i, strings.NewReader(line+"\n"), nil, func(int64, int64) {})
	if err == nil || !strings.Contains(err.Error(), want) {
		s.t.Errorf("import of %s: %v; want a refusal with %q", line, err, want)
	}
}

// people gives persons of whom nothing is said but that they are employed.
func (s *stage) people(ids ...string) {
	s.t.Helper()
	var lines []string
	for _, id := range ids {
		lines = append(lines, `{"person_id":"`+id+`","kind":"employee","started_on":"2020-01-01"}`)
	}
	s.give("people", lines...)
}

// run runs the tests of a control.
func (s *stage) run(t cli.Test) []assure.TestResult {
	s.t.Helper()
	t.Items = true
	res, err := s.Test(s.t.Context(), t, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.Controls
}

// one is the result of one test over the whole period.
func (s *stage) one(test string) assure.TestResult {
	s.t.Helper()
	list := s.run(cli.Test{Controls: []string{test}})
	for _, r := range list {
		if r.Test == test {
			return r
		}
	}
	s.t.Fatalf("there is no test %s among %d", test, len(list))
	return assure.TestResult{}
}

// as is the result of one test as known at a time.
func (s *stage) as(test, known string) assure.TestResult {
	s.t.Helper()
	at, err := civil.ParseInstant(known)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range s.run(cli.Test{Controls: []string{test}, KnownAt: &at}) {
		if r.Test == test {
			return r
		}
	}
	s.t.Fatalf("there is no test %s", test)
	return assure.TestResult{}
}

// verdicts are the items of a result as cases write them: "pass", "deviation AB", "undecided C".
type verdicts map[string]string

func saidOf(r assure.TestResult) verdicts {
	out := verdicts{}
	for _, i := range r.Items {
		said := string(i.Verdict)
		if i.Verdict == assure.Deviation || i.Verdict == assure.Undecided {
			said += " "
			for _, a := range r.Attributes {
				if i.Attributes[a.ID] == i.Verdict {
					said += a.ID
				}
			}
		}
		out[i.Key] = said
	}
	return out
}

// expect compares all items of the test with what is wanted.
func (s *stage) expect(test string, want verdicts) assure.TestResult {
	s.t.Helper()
	r := s.one(test)
	same(s.t, r, want)
	return r
}

func same(t *testing.T, r assure.TestResult, want verdicts) {
	t.Helper()
	if diff := cmp.Diff(want, saidOf(r)); diff != "" {
		t.Errorf("%s, %s to %s (-want +got):\n%s%s", r.Test, r.From, r.To, diff, r.Blocked)
		for _, f := range r.Findings {
			t.Logf("%s %s: %s", f.Key, f.Verdict, f.Reason)
		}
	}
}

// noted fails unless a note of the result holds the text.
func noted(t *testing.T, r assure.TestResult, want string) {
	t.Helper()
	if !strings.Contains(strings.Join(r.Notes, "\n"), want) {
		t.Errorf("%s: notes %q, want %q", r.Test, r.Notes, want)
	}
}

// reason is why an item was found.
func reason(t *testing.T, r assure.TestResult, key string) string {
	t.Helper()
	for _, f := range r.Findings {
		if f.Key == key {
			return f.Reason
		}
	}
	t.Errorf("%s: nothing was found of %s", r.Test, key)
	return ""
}

// change1 is a change that passes with review1; more fields may follow.
func change1(key, deployed string, more ...string) string {
	return `{"change_id":"` + key + `","environment":"production","author":"ann","last_committer":"ann","head_commit":"c1","ci_status":"passed","ticket":"T-1",` +
		strings.Join(append([]string{`"deployed_at":"` + deployed + `"`}, more...), ",") + `}`
}

// review1 is an approval of the commit c1.
func review1(change, reviewer, at string) string {
	return `{"review_id":"r-` + change + `-` + reviewer + `","change_id":"` + change + `","reviewer":"` + reviewer + `","decision":"approved","submitted_at":"` + at + `","commit":"c1"}`
}

func contains(text, part string) bool { return strings.Contains(text, part) }
