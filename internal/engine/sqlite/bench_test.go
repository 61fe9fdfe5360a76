package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	"github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// layOut makes n changes and one and a half times as many reviews, as the store lays them out.
// One change in a hundred is approved by its author alone.
func layOut(tb testing.TB, n int) (*sql.DB, enginetest.Schemas, rule.World) {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tb.TempDir(), "bench.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=cache_size(-65536)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	schemas, _ := enginetest.Load(tb)
	for _, name := range []string{"changes", "reviews", "people", "aliases"} {
		s := schemas[name]
		cols := []string{"_org TEXT", "_idx INTEGER", "_key TEXT", "_version INTEGER", "_until INTEGER", "_erased INTEGER"}
		for _, f := range s.Fields {
			typ := " INTEGER"
			if f.Type == register.Text {
				typ = " TEXT"
			}
			cols = append(cols, `"`+f.Name+`"`+typ)
		}
		run(tb, db, fmt.Sprintf(`CREATE TABLE %q (%s, UNIQUE (_org, _key, _version))`, s.Table(), strings.Join(cols, ", ")))
	}
	series := `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) `
	w := rule.World{Unproven: map[string]bool{}}
	w.Period = civil.Period{From: civil.NewDate(2025, 7, 1), To: civil.NewDate(2026, 6, 30)}
	w.KnownAt = w.Period.End()
	start, step := int64(w.Period.Start()), (int64(w.Period.End())-int64(w.Period.Start()))/int64(n)
	run(tb, db, series+fmt.Sprintf(`INSERT INTO %q (_org, _idx, _key, _version, _until, _erased, person_id, kind) SELECT '%s', i, 'p' || i, 1, %d, 0, 'p' || i, 'employee' FROM n`, schemas["people"].Table(), enginetest.Org, register.MaxIndex), 300)
	run(tb, db, series+fmt.Sprintf(`INSERT INTO %q (_org, _idx, _key, _version, _until, _erased, change_id, environment, author, last_committer, head_commit, merged_at, deployed_at, ci_status, ticket)
		SELECT '%s', 1000 + i, 'change-' || i, 1, %d, 0, 'change-' || i, 'production', 'p' || (i %% 300), 'p' || (i %% 300), 'c' || i, %d + i * %d, %d + i * %d, 'passed', 'T-' || i FROM n`,
		schemas["changes"].Table(), enginetest.Org, register.MaxIndex, start, step, start, step), n)
	run(tb, db, series+fmt.Sprintf(`INSERT INTO %q (_org, _idx, _key, _version, _until, _erased, review_id, change_id, reviewer, decision, submitted_at, "commit")
		SELECT '%s', 100000000 + i, 'review-' || i, 1, %d, 0, 'review-' || i, 'change-' || (i * 2 / 3), 'p' || ((i * 2 / 3 + CASE WHEN (i * 2 / 3) %% 100 = 0 THEN 0 ELSE 1 END) %% 300), 'approved', %d + (i * 2 / 3) * %d - 1, 'c' || (i * 2 / 3) FROM n`,
		schemas["reviews"].Table(), enginetest.Org, register.MaxIndex, start, step), n*3/2)
	run(tb, db, fmt.Sprintf(`CREATE INDEX reviews_change ON %q (_org, change_id) WHERE change_id IS NOT NULL`, schemas["reviews"].Table()))
	return db, schemas, w
}

func run(tb testing.TB, db *sql.DB, q string, args ...any) {
	tb.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		tb.Fatalf("%s: %v", q, err)
	}
}

// BenchmarkChanges tests CHG-01 over ASSAY_CHANGES changes (100,000 unless it says otherwise) and
// half as many reviews again. Against: the time to read the same rows and columns once.
func BenchmarkChanges(b *testing.B) {
	n := 100_000
	if s := os.Getenv("ASSAY_CHANGES"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	db, schemas, w := layOut(b, n)
	var test *tests.Test
	_, list := enginetest.Load(b)
	for _, x := range list {
		if x.ID == "CHG-01" {
			test = x
		}
	}
	for b.Loop() {
		began, cpu := time.Now(), used()
		s, err := sqlite.New(db, schemas.Schema).Open(b.Context(), enginetest.Org, 1<<40, w.Period, civil.Holidays{}, 2)
		if err != nil {
			b.Fatal(err)
		}
		opened := time.Since(began)
		deviating := 0
		if err := s.Run(b.Context(), test.Plan, w, nil, false, func(a rule.Answered) error {
			if a.Verdict() == assure.Deviation {
				deviating++
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		s.Close()
		if deviating != n/100 {
			b.Fatalf("deviating = %d, want %d", deviating, n/100)
		}
		b.ReportMetric(opened.Seconds(), "open-s")
		b.ReportMetric((used() - cpu).Seconds(), "cpu-s")
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}

// used is the processor time of the process so far.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
