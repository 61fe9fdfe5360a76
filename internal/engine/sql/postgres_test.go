package sql_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // lays out the projection that is exported

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	enginesql "github.com/assayhq/assay/internal/engine/sql"
	"github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/pgtest"
)

// TestCasesOnPostgres runs the printed scripts of cases over the exported relations: what an
// auditor's PostgreSQL says must be what the case expects. Ordinary runs take of each test the first case and every
// third; make rules takes all.
func TestCasesOnPostgres(t *testing.T) {
	t.Parallel()
	schemas, list := enginetest.All(t)
	type desk struct {
		pg   *pgx.Conn
		days calendars
	}
	dsn, free := pgtest.Start(t), make(chan desk, 3)
	for range cap(free) {
		pg, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pg.Close(context.Background()) })
		if _, err := pg.Exec(t.Context(), "SET jit = off"); err != nil { // which would compile for longer than a case runs
			t.Fatal(err)
		}
		free <- desk{pg, calendars{}}
	}
	for _, x := range list {
		for i, c := range x.Cases {
			if i%3 != 0 && os.Getenv("ASSAY_RULES") == "" {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d %s", x.ID, i+1, c.Name), func(t *testing.T) {
				t.Parallel()
				d := <-free
				defer func() { free <- d }()
				got, open := onPostgres(t, d.pg, d.days, schemas, x, c)
				enginetest.Compare(t, c, got, open)
			})
		}
	}
}

// calendars are the calendars that stand in the database for longer than a case: 51,000 days each,
// by their zone. One with holidays is made for its case alone.
type calendars map[civil.Zone]string

// lend makes the relation "calendar" of a transaction out of a calendar that was loaded before.
func (c calendars) lend(t *testing.T, pg *pgx.Conn, z civil.Zone, r assure.Relation) string {
	t.Helper()
	if c[z] == "" {
		c[z] = fmt.Sprintf("calendar_%d", len(c))
		tx, err := pg.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		load(t, tx, r)
		if _, err := tx.Exec(t.Context(), fmt.Sprintf(`CREATE TEMP TABLE %s (LIKE calendar INCLUDING ALL)`, c[z])); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), fmt.Sprintf(`INSERT INTO %[1]s SELECT * FROM calendar; ANALYZE %[1]s`, c[z])); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf(`CREATE TEMP VIEW calendar AS SELECT * FROM %s`, c[z])
}

func onPostgres(t *testing.T, pg *pgx.Conn, days calendars, schemas enginetest.Schemas, x *tests.Test, c tests.Case) (map[string]string, int) {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	size := enginetest.Fill(t, db, schemas, c.Records)
	w := enginetest.World(t, schemas, x, c)
	s, err := sqlite.New(db, schemas.Schema).Open(t.Context(), enginetest.Org, size, w.Period, w.Holidays, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	relations := s.Relations()
	for _, n := range x.Plan.Registers() {
		r, err := s.Register(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		relations = append(relations, r)
	}
	lent := ""
	if len(w.Holidays.Days) == 0 && relations[0].Name == "calendar" {
		lent = days.lend(t, pg, w.Period.Zone, relations[0])
		relations = relations[1:]
	}
	tx, err := pg.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), lent); err != nil {
		t.Fatal(err)
	}
	for _, r := range relations {
		load(t, tx, r)
	}
	script := enginesql.Script(x.Plan, enginesql.Context{Period: w.Period, KnownAt: w.KnownAt, Unproven: w.Unproven, Clocks: w.Clocks, Unreadable: w.Unreadable, Robots: s.Robots()})
	rows, err := tx.Query(t.Context(), script)
	if err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
	defer rows.Close()
	got, open := map[string]string{}, 0
	for rows.Next() {
		var key, verdict, attributes string
		if err := rows.Scan(&key, &verdict, &attributes); err != nil {
			t.Fatal(err)
		}
		if verdict == "in_progress" {
			open++
			continue
		}
		got[key] = strings.TrimSpace(verdict + " " + attributes)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
	return got, open
}

func load(t *testing.T, tx pgx.Tx, r assure.Relation) {
	t.Helper()
	var cols, names []string
	for _, c := range r.Columns {
		typ := ` text COLLATE "C"`
		if c.Integer {
			typ = " bigint"
		}
		cols = append(cols, `"`+c.Name+`"`+typ)
		names = append(names, c.Name)
	}
	if _, err := tx.Exec(t.Context(), fmt.Sprintf(`CREATE TEMP TABLE %q (%s) ON COMMIT DROP`, r.Name, strings.Join(cols, ", "))); err != nil {
		t.Fatal(err)
	}
	var rows [][]any
	for row, err := range r.Rows {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, append([]any{}, row...))
	}
	if _, err := tx.CopyFrom(t.Context(), pgx.Identifier{r.Name}, names, pgx.CopyFromRows(rows)); err != nil {
		t.Fatal(err)
	}
	if r.Name == "calendar" { // as the package's README tells an auditor
		for _, col := range []string{"day", "starts_at", "month_no", "business_no"} {
			if _, err := tx.Exec(t.Context(), fmt.Sprintf(`CREATE INDEX ON calendar (%s)`, col)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := tx.Exec(t.Context(), fmt.Sprintf(`ANALYZE %q`, r.Name)); err != nil {
		t.Fatal(err)
	}
}
