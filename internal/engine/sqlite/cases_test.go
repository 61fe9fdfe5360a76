package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	_ "modernc.org/sqlite" // the driver under test

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/engine/enginetest"
	enginesql "github.com/assayhq/assay/internal/engine/sql"
	"github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/rule"
)

// open lays out a case and starts a session over it.
func open(t *testing.T, schemas enginetest.Schemas, days *sqlite.Calendars, x *tests.Test, c tests.Case) (*sqlite.Session, rule.World) {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	t.Cleanup(func() { db.Close() })
	size := enginetest.Fill(t, db, schemas, c.Records)
	w := enginetest.World(t, schemas, x, c)
	s, err := sqlite.New(db, schemas.Schema).Open(context.Background(), enginetest.Org, size, w.Period, w.Holidays, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if enginesql.NeedsFrame(x.Plan) {
		if err := days.Lend(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return s, w
}

// TestCases runs every case of the library, and reads every rule a second time with the evaluator
// that words the reasons: both must give each item the same answers.
func TestCases(t *testing.T) {
	t.Parallel()
	schemas, list := enginetest.All(t)
	days := sqlite.NewCalendars(t.TempDir())
	for _, x := range list {
		for i, c := range x.Cases {
			t.Run(fmt.Sprintf("%s/%d %s", x.ID, i+1, c.Name), func(t *testing.T) {
				t.Parallel()
				s, w := open(t, schemas, days, x, c)
				got, open := map[string]string{}, 0
				var all []rule.Answered
				var keys []string
				err := s.Run(t.Context(), x.Plan, w, nil, true, func(a rule.Answered) error {
					if a.InProgress {
						open++
						return nil
					}
					got[a.Key] = enginetest.Said(x.Plan, a.Verdicts)
					all, keys = append(all, a), append(keys, a.Key)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				enginetest.Compare(t, c, got, open)
				judge(t, s, x.Plan, w, all, keys)
			})
		}
	}
}

func judge(t *testing.T, s *sqlite.Session, p *rule.Plan, w rule.World, all []rule.Answered, keys []string) {
	t.Helper()
	facts, err := s.Facts(t.Context(), p, w, keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		f := facts[a.Key]
		if f == nil {
			t.Errorf("%s has no facts", a.Key)
			continue
		}
		for i, j := range p.Judge(*f, w) {
			if j.Verdict != a.Verdicts[i] {
				t.Errorf("%s %s: engine %s, evaluator %s (%s)", a.Key, j.ID, a.Verdicts[i], j.Verdict, j.Reason)
			}
			if (j.Verdict == assure.Deviation || j.Verdict == assure.Undecided) && j.Reason == "" {
				t.Errorf("%s %s: %s without a reason", a.Key, j.ID, j.Verdict)
			}
			if testing.Verbose() && j.Verdict == assure.Deviation || j.Verdict == assure.Undecided {
				t.Logf("%s %s %s: %s", a.Key, j.ID, j.Verdict, j.Reason)
			}
		}
	}
}
