package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	"github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/rule"
)

// TestChangedInspection: a changed inspection touches its own item and no other.
func TestChangedInspection(t *testing.T) {
	t.Parallel()
	schemas, _ := enginetest.Load(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "case.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	size := enginetest.Fill(t, db, schemas, []tests.CaseRecord{
		{Register: "tickets", JSON: `{"ticket":"a","created_at":"2026-01-05T00:00:00Z"}`},
		{Register: "tickets", JSON: `{"ticket":"b","created_at":"2026-01-05T00:00:00Z"}`},
		{Register: "inspections", JSON: `{"control":"CHG-99","item":"a","a":"yes","evidence":"x"}`},
		{Register: "inspections", JSON: `{"control":"CHG-99","item":"b","a":"yes","evidence":"x"}`},
		{Register: "inspections", JSON: `{"control":"CHG-99","item":"b","a":"no"}`},
	})
	p, err := rule.Parse("r", "CHG-99", "each tickets as ticket\nkey ticket.ticket\nin period by ticket.created_at\ninspect A 'It was planned'", assure.Event, schemas)
	if err != nil {
		t.Fatal(err)
	}
	period := civil.Period{From: civil.NewDate(2026, 1, 1), To: civil.NewDate(2026, 1, 31)}
	s, err := sqlite.New(db, schemas.Schema).Open(t.Context(), enginetest.Org, size, period, civil.Holidays{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, c := range []struct {
		from int64
		want []string
	}{{5, nil}, {4, []string{"b"}}, {3, []string{"b"}}, {2, []string{"a", "b"}}} {
		got, ok, err := s.Changed(t.Context(), p, rule.World{Period: period, KnownAt: period.End()}, c.from, period.End())
		if err != nil || !ok {
			t.Fatalf("Changed since %d = %v, %v; want it to know", c.from, ok, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Changed since %d (-want +got):\n%s", c.from, diff)
		}
	}
	// What stood before is seen as it stood, and what stands now as it stands.
	w := rule.World{Period: period, KnownAt: period.End()}
	for size, want := range map[int64]string{4: "pass", 5: "deviation A"} {
		err := s.At(size).Run(t.Context(), p, w, []string{"b"}, true, func(a rule.Answered) error {
			if got := enginetest.Said(p, a.Verdicts); a.Key != "b" || got != want {
				t.Errorf("as of %d: %s = %s, want b = %s", size, a.Key, got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestChangedOriginal: a changed record touches the items that name it, and its own.
func TestChangedOriginal(t *testing.T) {
	t.Parallel()
	schemas, list := enginetest.Load(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "case.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	size := enginetest.Fill(t, db, schemas, []tests.CaseRecord{
		{Register: "changes", JSON: `{"change_id":"first","environment":"production","head_commit":"c","deployed_at":"2026-01-05T00:00:00Z"}`},
		{Register: "changes", JSON: `{"change_id":"again","environment":"production","head_commit":"c","deployed_at":"2026-01-06T00:00:00Z","redeploy_of":"first"}`},
		{Register: "changes", JSON: `{"change_id":"other","environment":"production","head_commit":"c","deployed_at":"2026-01-06T00:00:00Z","redeploy_of":"again"}`},
		{Register: "changes", JSON: `{"change_id":"first","environment":"production","head_commit":"d","deployed_at":"2026-01-05T00:00:00Z"}`},
	})
	period := civil.Period{From: civil.NewDate(2026, 1, 1), To: civil.NewDate(2026, 1, 31)}
	s, err := sqlite.New(db, schemas.Schema).Open(t.Context(), enginetest.Org, size, period, civil.Holidays{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, x := range list {
		if x.ID != "CHG-01" {
			continue
		}
		got, ok, err := s.Changed(t.Context(), x.Plan, rule.World{Period: period, KnownAt: period.End()}, 3, period.End())
		if err != nil || !ok {
			t.Fatalf("Changed = %v, %v; want it to know", ok, err)
		}
		if diff := cmp.Diff([]string{"again", "first"}, got); diff != "" {
			t.Errorf("Changed (-want +got):\n%s", diff)
		}
	}
}
