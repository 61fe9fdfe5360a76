package app

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/rule"
)

// watched is one session for every run, and counts those that look at every item.
type watched struct {
	examine.Session
	full int
}

func (w *watched) Open(context.Context, id.Org, int64, civil.Period, civil.Holidays) (examine.Session, error) {
	return w, nil
}

func (*watched) Close() {}

func (w *watched) Run(ctx context.Context, p *rule.Plan, world rule.World, only []string, keys bool, f func(rule.Answered) error) error {
	if only == nil {
		w.full++
	}
	return w.Session.Run(ctx, p, world, only, keys, f)
}

// memory keeps runs as the product does, and forgets none: an erasure must be noticed without.
type memory map[string][]byte

func (m memory) Load(name string) (k examine.Kept, ok bool) {
	b, ok := m[name]
	return k, ok && json.Unmarshal(b, &k) == nil
}

func (m memory) Store(name string, k examine.Kept) error {
	b, err := json.Marshal(k)
	m[name] = b
	return err
}

// twin runs a test amended where that can be, and in full.
type twin struct {
	o     *office
	cache memory
}

func twins(t *testing.T) *twin {
	t.Helper()
	o := company(t, "America/New_York")
	staff(t, o, 6)
	give(t, o, "aliases", `{"alias":"p0-dev","person_id":"p0"}`)
	return &twin{o: o, cache: memory{}}
}

// agree fails unless both runs say the same in every word. It tells whether the first one looked
// at every item.
func (w *twin) agree(t *testing.T, what string) (got assure.TestResult, full bool) {
	t.Helper()
	return w.on(t, "CHG-01", what)
}

// on is agree for another control.
func (w *twin) on(t *testing.T, control, what string) (got assure.TestResult, full bool) {
	t.Helper()
	r, err := w.o.request(t.Context(), cli.Test{Controls: []string{control}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.o.engine.Open(t.Context(), string(r.Org), r.Size, r.Period, r.Holidays, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	seen := &watched{Session: session{s}}
	e := &examine.Examiner{Engine: seen, Completeness: w.o.completeness(), Cache: w.cache}
	amended, err := e.Test(t.Context(), r)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	full, e.Cache = seen.full > 0, nil
	whole, err := e.Test(t.Context(), r)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(whole.Controls, amended.Controls); diff != "" {
		t.Fatalf("%s: results (-full +amended):\n%s", what, diff)
	}
	return amended.Controls[0], full
}

func change(key, fields string) string {
	return `{"change_id":"` + key + `","environment":"production","author":"p0","last_committer":"p1","head_commit":"c1","ci_status":"passed","ticket":"T",` + fields + `}`
}

func review(key, change, reviewer string) string {
	return fmt.Sprintf(`{"review_id":%q,"change_id":%q,"reviewer":%q,"decision":"approved","submitted_at":"2025-08-01T09:00:00Z","commit":"c1"}`, key, change, reviewer)
}

const inPeriod, afterPeriod = `"deployed_at":"2025-08-01T10:00:00Z"`, `"deployed_at":"2026-08-01T10:00:00Z"`

// TestAmended follows one population through everything that can happen to it: after each step
// the amended run must equal a full one.
func TestAmended(t *testing.T) {
	t.Parallel()
	w := twins(t)
	var changes, reviews []string
	for i := range 300 {
		c := fmt.Sprintf("c%03d", i)
		changes = append(changes, change(c, fmt.Sprintf(`"deployed_at":"2025-%02d-15T10:00:00Z"`, 7+i%6)))
		if i%10 > 0 {
			reviews = append(reviews, review("r"+c, c, []string{"p2", "p3", "p0-dev", "p4"}[i%4]))
		}
	}
	give(t, w.o, "changes", changes...)
	give(t, w.o, "reviews", reviews...)
	first, full := w.agree(t, "first")
	if !full || first.Population != 300 || first.Passed == 0 || first.Deviating == 0 {
		t.Fatalf("population %d, passed %d, deviating %d, full %v", first.Population, first.Passed, first.Deviating, full)
	}
	before := first
	steps := []struct {
		name       string
		do         func()
		full       bool
		population int // how it moves
		deviating  int
	}{
		{"nothing new", func() {}, false, 0, 0},
		{"new changes", func() { give(t, w.o, "changes", change("new1", inPeriod), change("new2", inPeriod)) }, false, 2, 2},
		{"a change after the period", func() { give(t, w.o, "changes", change("late", afterPeriod)) }, false, 0, 0},
		{"an approval of an old change", func() { give(t, w.o, "reviews", review("fix", "c010", "p2")) }, false, 0, -1},
		{"an approval by the author", func() { give(t, w.o, "reviews", review("own", "new1", "p0-dev")) }, false, 0, 0},
		{"an approval taken back", func() {
			give(t, w.o, "reviews", strings.Replace(review("rc001", "c001", "p3"), "approved", "commented", 1))
		}, false, 0, 1},
		{"an approval corrected to the author's", func() { give(t, w.o, "reviews", review("rc003", "c003", "p0")) }, false, 0, 1},
		{"an approval that belongs to another change", func() { give(t, w.o, "reviews", review("rc004", "c020", "p2")) }, false, 0, 0},
		{"an approval that belongs to no change", func() { give(t, w.o, "reviews", review("rc005", "none", "p3")) }, false, 0, 1},
		{"a change moved out of the period", func() { give(t, w.o, "changes", change("c007", afterPeriod)) }, false, -1, 0},
		{"a change moved in again", func() { give(t, w.o, "changes", change("c007", inPeriod)) }, false, 1, 0},
		{"a change moved to another month", func() { give(t, w.o, "changes", change("c008", `"deployed_at":"2026-06-30T10:00:00Z"`)) }, false, 0, 0},
		{"a change that is not of production", func() {
			give(t, w.o, "changes", strings.Replace(change("c009", inPeriod), "production", "staging", 1))
		}, false, -1, 0},
		{"an approval before its change", func() { give(t, w.o, "reviews", review("early", "c999", "p2")) }, false, 0, 0},
		{"the change of that approval", func() { give(t, w.o, "changes", change("c999", inPeriod)) }, false, 1, 0},
		{"an emergency", func() { give(t, w.o, "changes", change("c013", inPeriod+`,"emergency":true,"incident_id":"i1"`)) }, false, 0, 0},
		{"a record of no concern", func() { give(t, w.o, "systems", `{"system":"app","in_scope":true}`) }, false, 0, 0},
		{"a new alias", func() { give(t, w.o, "aliases", `{"alias":"p3","person_id":"p0"}`) }, true, 0, 0},
		{"a new person", func() { give(t, w.o, "people", `{"person_id":"p9","kind":"employee"}`) }, true, 0, 0},
		{"nothing new at the end", func() {}, false, 0, 0},
	}
	for _, s := range steps {
		s.do()
		got, full := w.agree(t, s.name)
		if full != s.full {
			t.Errorf("%s: a full run: %v, want %v", s.name, full, s.full)
		}
		moved := got.Deviating - before.Deviating
		if got.Population-before.Population != s.population || !s.full && moved != s.deviating {
			t.Errorf("%s: population moved by %d, deviations by %d; want %d, %d", s.name, got.Population-before.Population, moved, s.population, s.deviating)
		}
		before = got
	}
}

// TestAmendedByTime lets time pass over items that fall due, exceptions that end and findings that open and close,
// with and without new records: the amended run must equal a full one at every step.
func TestAmendedByTime(t *testing.T) {
	t.Parallel()
	w := twins(t)
	now := time.Date(2025, 9, 1, 12, 0, 0, 0, time.UTC)
	w.o.app.Clock = func() time.Time { return now }
	var found, waivers []string
	for i := range 200 {
		first := time.Date(2025, 5, 1+i*2, 8, 0, 0, 0, time.UTC) // from before the period to after it
		line := fmt.Sprintf(`{"vulnerability_id":"v%03d","asset":"a%d","severity":%q,"first_seen_at":%q`, i, i%7, []string{"critical", "high", "medium", "low"}[i%4], first.Format(time.RFC3339))
		if i%3 == 0 {
			line += fmt.Sprintf(`,"fixed_at":%q`, first.AddDate(0, 0, 5+i%40).Format(time.RFC3339))
		}
		if i%5 == 0 {
			line += fmt.Sprintf(`,"waiver_id":"w%d"`, i)
			waivers = append(waivers, fmt.Sprintf(`{"waiver_id":"w%d","control":"VUL-03","approved_by":"p1","approved_at":%q,"expires_at":%q}`, i,
				first.AddDate(0, 0, 1).Format(time.RFC3339), first.AddDate(0, 0, 20+i).Format(time.RFC3339)))
		}
		found = append(found, line+"}")
	}
	give(t, w.o, "assets", `{"asset":"a1","kind":"host","in_scope":true}`)
	give(t, w.o, "vulnerabilities", found...)
	give(t, w.o, "waivers", waivers...)
	if first, full := w.on(t, "VUL-03", "first"); !full || first.Population == 0 || first.InProgress == 0 {
		t.Fatalf("population %d, in progress %d, full %v", first.Population, first.InProgress, full)
	}
	amended := 0
	for i := range 14 { // into the next period
		now = now.AddDate(0, 0, 5+13*(i%4)).Add(time.Duration(i) * time.Hour)
		if i%2 == 1 {
			give(t, w.o, "vulnerabilities", strings.Replace(found[i*9+1], `"asset":`, `"fixed_at":"2025-12-01T00:00:00Z","asset":`, 1))
		}
		if _, full := w.on(t, "VUL-03", now.String()); !full {
			amended++
		}
	}
	if amended == 0 {
		t.Error("every run looked at every item")
	}
	now = now.AddDate(2, 0, 0) // no exception ends any more
	w.on(t, "VUL-03", "years later")
	give(t, w.o, "vulnerabilities", `{"vulnerability_id":"new","asset":"a1","severity":"low","first_seen_at":"2025-12-30T00:00:00Z"}`)
	if _, full := w.on(t, "VUL-03", "a new one"); full {
		t.Error("a full run for one new record")
	}
	give(t, w.o, "assets", `{"asset":"a2","kind":"host","retired_at":"2025-08-01T00:00:00Z"}`)
	if _, full := w.on(t, "VUL-03", "an asset that findings name"); full {
		t.Error("a full run for an asset that few findings name")
	}
}

// TestAmendedAfterErasure erases records: the item stays, undecided, and what came before the
// erasure is still seen.
func TestAmendedAfterErasure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ register, key string }{{"changes", "c1"}, {"reviews", "r1"}, {"people", "p2"}, {"aliases", "p0-dev"}} {
		t.Run(c.register, func(t *testing.T) {
			t.Parallel()
			w := twins(t)
			give(t, w.o, "changes", change("c0", inPeriod), change("c1", inPeriod), change("c2", inPeriod))
			give(t, w.o, "reviews", review("r0", "c0", "p0-dev"), review("r1", "c1", "p2"), review("r2", "c2", "p2"))
			w.agree(t, "before")
			give(t, w.o, "changes", change("c3", inPeriod))
			if _, err := w.o.Erase(t.Context(), record.Erasure{Register: c.register, Key: c.key, Reason: "asked", Authority: "the person"}); err != nil {
				t.Fatal(err)
			}
			w.agree(t, "after")
			give(t, w.o, "changes", change("c4", inPeriod))
			if _, full := w.agree(t, "later"); full {
				t.Error("a full run long after the erasure")
			}
		})
	}
}

// TestAmendedManyReviews brings more reviews of few changes than are worth looking at one by one.
func TestAmendedManyReviews(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("imports 50,100 reviews")
	}
	w := twins(t)
	give(t, w.o, "changes", change("c0", inPeriod), change("c1", inPeriod))
	give(t, w.o, "reviews", review("r0", "none", "p2"))
	if got, _ := w.agree(t, "before"); got.Deviating != 2 {
		t.Fatalf("deviating %d, want 2", got.Deviating)
	}
	reviews := []string{review("first", "c0", "p2")}
	for i := range 50_100 {
		reviews = append(reviews, review(fmt.Sprint("r", i+1), "c1", "p2"))
	}
	give(t, w.o, "reviews", reviews...)
	if got, _ := w.agree(t, "after"); got.Passed != 2 {
		t.Errorf("passed %d, want 2", got.Passed)
	}
}

// chance makes random records over few keys, so that they meet.
type chance struct{ *rand.Rand }

func (c chance) of(list ...string) string { return list[c.IntN(len(list))] }

func (c chance) change() string {
	f := []string{fmt.Sprintf(`"change_id":"c%d"`, c.IntN(60))}
	add := func(name string, values ...string) {
		if v := c.of(values...); v != "" {
			f = append(f, `"`+name+`":`+v)
		}
	}
	add("environment", `"production"`, `"production"`, `"production"`, `"staging"`, "")
	add("author", `"p0"`, `"p1"`, `"p0-dev"`, `"nobody"`, "")
	add("last_committer", `"p0"`, `"p2"`, `"p2"`, "")
	add("head_commit", `"c1"`, `"c1"`, `"c2"`, `""`, "")
	add("merged_at", `"2025-09-01T00:00:00Z"`, "")
	add("deployed_at", `"2025-07-01T04:00:00Z"`, `"2025-07-01T03:59:59.999999Z"`, `"2026-07-01T03:59:59.999999Z"`, `"2026-07-01T04:00:00Z"`, `"2025-12-24T10:00:00Z"`, "")
	add("ci_status", `"passed"`, `"passed"`, `"failed"`, `"none"`, "")
	add("ticket", `"T"`, `"T"`, `""`, "")
	add("emergency", "true", "false", "", "")
	add("incident_id", `"i1"`, "", "")
	add("record_version", fmt.Sprint(1+c.IntN(9)), "", "", "")
	return "{" + strings.Join(f, ",") + "}"
}

func (c chance) review() string {
	f := fmt.Sprintf(`"review_id":"r%d","change_id":"c%d","reviewer":%q,"decision":%q`, c.IntN(90), c.IntN(70),
		c.of("p0", "p1", "p2", "p3", "p0-dev", "nobody"), c.of("approved", "approved", "commented", "changes_requested"))
	f += c.of("", `,"commit":"c1"`, `,"commit":"c1"`, `,"commit":"c2"`) + c.of("", `,"submitted_at":"2025-06-01T00:00:00Z"`, `,"submitted_at":"2026-06-01T00:00:00Z"`)
	return "{" + f + c.of("", "", fmt.Sprintf(`,"record_version":%d`, 1+c.IntN(9))) + "}"
}

// TestAmendedAtRandom lets records, corrections and late versions come in any order.
func TestAmendedAtRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			c := chance{rand.New(rand.NewPCG(seed, 7))}
			w := twins(t)
			give(t, w.o, "changes", change("c0", inPeriod))
			give(t, w.o, "reviews", review("r0", "c0", "p2"))
			amended := 0
			for round := range 15 {
				for range c.IntN(4) {
					w.attempt(t, "changes", c.change)
					w.attempt(t, "reviews", c.review)
				}
				switch c.IntN(12) {
				case 0:
					give(t, w.o, "aliases", fmt.Sprintf(`{"alias":"nobody","person_id":"p%d"}`, c.IntN(5)))
				case 1:
					reg, key := c.of("changes", "reviews"), fmt.Sprint(c.IntN(40))
					// A key that is not there, or not any more, is none to erase.
					_, _ = w.o.Erase(t.Context(), record.Erasure{Register: reg, Key: reg[:1] + key, Reason: "asked", Authority: "law"})
				}
				if _, full := w.agree(t, fmt.Sprint("round ", round)); !full {
					amended++
				}
			}
			if amended < 6 {
				t.Errorf("%d of 15 runs were amended", amended)
			}
		})
	}
}

// attempt imports a few records at once; what contradicts a version that is there is refused.
func (w *twin) attempt(t *testing.T, reg string, make func() string) {
	t.Helper()
	var list []string
	for range 3 {
		line := make()
		key, _, _ := strings.Cut(line, ",")
		if !slices.ContainsFunc(list, func(l string) bool { return strings.HasPrefix(l, key+",") }) {
			list = append(list, line)
		}
	}
	i := cli.Import{Register: reg, File: "chance.jsonl", Source: "test", Discard: true}
	_, _ = w.o.take(t.Context(), i, strings.NewReader(strings.Join(list, "\n")), nil, func(int64, int64) {})
}
