package sql_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	"github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/example"
	"github.com/assayhq/assay/internal/format/csv"
	"github.com/assayhq/assay/internal/format/json"
	"github.com/assayhq/assay/internal/format/jsonl"
	"github.com/assayhq/assay/internal/pgtest"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// hand are the tests that were written a second time, as SQL, by hand and from their prose, each with
// a change to the example that turns the passing item $1 into a deviation.
var hand = []struct{ id, spoil string }{
	{"CHG-01", `UPDATE changes SET ticket = '' WHERE change_id = $1`},
	{"IAM-02", `UPDATE accounts SET disabled_at = NULL WHERE system = split_part($1, '/', 2) AND person_id IN (
		SELECT a.login FROM people w JOIN persons p ON p.login = w.person_id JOIN persons a ON a.person = p.person
		WHERE w.employment_id = split_part($1, '/', 1))`},
	{"IAM-04", `UPDATE access_reviews SET decided = listed - 1 WHERE system || '/' || quarter = $1`},
	{"AVL-02", `UPDATE backups SET status = 'failed' WHERE system = split_part($1, '/', 1)
		AND to_char(timezone('America/New_York', to_timestamp(scheduled_at / 1000000)), 'YYYY-MM-DD') = split_part($1, '/', 2)`},
	{"VUL-03", `UPDATE vulnerabilities SET fixed_at = NULL, waiver_id = NULL WHERE vulnerability_id = $1`},
}

// TestHandWrittenSQLAgrees runs the tests that were written by hand over the exported example
// and over battered copies of it, at two instants: they must find what the compiled rules find.
// Both sides read the same projection, so only the reading of the rule can differ.
func TestHandWrittenSQLAgrees(t *testing.T) {
	t.Parallel()
	schemas, list := enginetest.Load(t)
	pg, err := pgx.Connect(t.Context(), pgtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close(context.Background()) })
	file := filepath.Join(t.TempDir(), "example.db")
	size, period := company(t, file, schemas)
	plans := map[string]*tests.Test{}
	for _, x := range list {
		plans[x.ID] = x
	}
	zone := period.Zone
	instants := []civil.Instant{zone.Start(period.To + 120), zone.Start(period.From + 150)}
	twice := func(t *testing.T) {
		db := open(t, file)
		session, err := sqlite.New(db, schemas.Schema).Open(t.Context(), enginetest.Org, size, period, civil.Holidays{}, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		tx := begin(t, pg)
		export(t, tx, session, plans)
		for _, h := range hand {
			for _, known := range instants {
				compare(t, tx, session, plans[h.id], rule.World{Period: period, KnownAt: known}, h.spoil)
			}
		}
	}
	t.Run("example", twice)
	for _, every := range []int{41, 11} {
		batter(t, file, schemas, period, every)
		t.Run(fmt.Sprintf("battered, one value in %d", every), twice)
	}
}

// compare fails where the hand-written SQL and the compiled rule differ, then where a change of
// one item's rows goes unseen: a comparison that cannot fail says nothing.
func compare(t *testing.T, tx pgx.Tx, session *sqlite.Session, x *tests.Test, w rule.World, spoil string) {
	t.Helper()
	want, passed := compiled(t, session, x, w)
	got := byHand(t, tx, x.ID, w.KnownAt)
	t.Logf("%s known at %s: %d findings, %d passed", x.ID, w.KnownAt, len(want), len(passed))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s known at %s: findings (-compiled +by hand):\n%s", x.ID, w.KnownAt, diff)
	}
	if a, b := digest(t, want), digest(t, got); a != b {
		t.Errorf("%s: digest by hand = %s, want %s", x.ID, b, a)
	}
	if len(passed) == 0 {
		t.Errorf("%s known at %s: no item passed", x.ID, w.KnownAt)
		return
	}
	inner, err := tx.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inner.Rollback(context.Background()) }()
	tag, err := inner.Exec(t.Context(), spoil, passed[0])
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: spoil %s: %d rows, %v", x.ID, passed[0], tag.RowsAffected(), err)
	}
	spoilt := byHand(t, inner, x.ID, w.KnownAt)
	found := func(f assure.Finding) bool { return f.Key == passed[0] && f.Verdict == assure.Deviation }
	if !slices.ContainsFunc(spoilt, found) || digest(t, spoilt) == digest(t, want) {
		t.Errorf("%s: %s was spoilt and nobody noticed", x.ID, passed[0])
	}
}

// compiled says what the rule finds, and the keys that passed in every attribute.
func compiled(t *testing.T, session *sqlite.Session, x *tests.Test, w rule.World) (found []assure.Finding, passed []string) {
	t.Helper()
	err := session.Run(t.Context(), x.Plan, w, nil, true, func(a rule.Answered) error {
		v := a.Verdict()
		switch {
		case a.InProgress:
		case v == assure.Pass && !slices.Contains(a.Verdicts, assure.Undecided):
			passed = append(passed, a.Key)
		case v == assure.Deviation || v == assure.Undecided:
			_, letters, _ := strings.Cut(enginetest.Said(x.Plan, a.Verdicts), " ")
			found = append(found, assure.Finding{Key: a.Key, Verdict: v, Attributes: strings.Split(letters, "")})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(passed)
	slices.SortFunc(found, byKey)
	return found, passed
}

func byHand(t *testing.T, tx pgx.Tx, id string, known civil.Instant) []assure.Finding {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "enginetest", "hand", id+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tx.Query(t.Context(), strings.ReplaceAll(string(script), "@known_at@", fmt.Sprint(int64(known))))
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (assure.Finding, error) {
		var key, verdict, letters string
		err := row.Scan(&key, &verdict, &letters)
		return assure.Finding{Key: key, Verdict: assure.Verdict(verdict), Attributes: strings.Split(letters, "")}, err
	})
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	slices.SortFunc(found, byKey)
	return found
}

func byKey(a, b assure.Finding) int { return strings.Compare(a.Key, b.Key) }

func digest(t *testing.T, found []assure.Finding) string {
	t.Helper()
	d, err := rule.Digest(found)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func begin(t *testing.T, pg *pgx.Conn) pgx.Tx {
	t.Helper()
	tx, err := pg.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// export copies what the hand-written tests may read into PostgreSQL.
func export(t *testing.T, tx pgx.Tx, session *sqlite.Session, plans map[string]*tests.Test) {
	t.Helper()
	for _, r := range session.Relations() {
		load(t, tx, r)
	}
	done := map[string]bool{}
	for _, h := range hand {
		for _, n := range plans[h.id].Plan.Registers() {
			if done[n] {
				continue
			}
			done[n] = true
			r, err := session.Register(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			load(t, tx, r)
		}
	}
}

// company lays out the example's records as a store does.
func company(t *testing.T, file string, schemas enginetest.Schemas) (int64, civil.Period) {
	t.Helper()
	files, story := example.Files(1)
	var records []tests.CaseRecord
	for _, f := range files {
		records = append(records, imported(t, schemas, f)...)
	}
	return enginetest.Fill(t, open(t, file), schemas, records), story.Period
}

// open opens the projection afresh: a session leaves its connections read-only.
func open(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// imported takes a file through its format, its mapping and its schema, as an import does.
func imported(t *testing.T, schemas enginetest.Schemas, f example.File) []tests.CaseRecord {
	t.Helper()
	var mapping *register.Mapping
	var err error
	if f.Map != nil {
		if mapping, err = register.ParseMapping(f.MapName, f.Map); err != nil {
			t.Fatal(err)
		}
	}
	c, err := register.NewConverter(schemas[f.Register], mapping, func(name string) *register.Schema { return schemas[name] })
	if err != nil {
		t.Fatal(err)
	}
	formats := map[string]register.Reader{".csv": csv.Read, ".tsv": csv.Read, ".json": json.Read, ".jsonl": jsonl.Read}
	var out []tests.CaseRecord
	for in, err := range formats[path.Ext(f.Name)](bytes.NewReader(f.Data), register.ReadOptions{File: f.Name}) {
		if err != nil {
			t.Fatal(err)
		}
		rows, err := c.Rows(f.Name, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			out = append(out, tests.CaseRecord{Register: r.Register, JSON: string(r.Body), Line: r.Line})
		}
	}
	return out
}

// batter spoils some rows of every optional field, always the same ones: values go missing or
// empty, persons become unknown, and instants and dates move to the edges of the period.
func batter(t *testing.T, file string, schemas enginetest.Schemas, p civil.Period, every int) {
	t.Helper()
	db := open(t, file)
	for _, name := range schemas.Names() {
		s := schemas[name]
		for i, f := range s.Fields {
			if f.Required || slices.Contains(s.Key, f.Name) {
				continue
			}
			values := []any{nil}
			switch {
			case f.Type == register.Instant:
				values = append(values, int64(p.Start())-1, int64(p.Start()), int64(p.End())-1, int64(p.End()))
			case f.Type == register.Date:
				values = append(values, int64(p.From)-1, int64(p.From), int64(p.To), int64(p.To)+1)
			case f.Login:
				values = append(values, "", "nobody-knows")
			case f.Type == register.Text && f.Values == nil:
				values = append(values, "")
			case f.Type == register.Bool:
				values = append(values, 0, 1)
			}
			for k, v := range values {
				q := fmt.Sprintf(`UPDATE %q SET %q = ? WHERE (_idx * 7919 + ?) %% %d = ?`, s.Table(), f.Name, every)
				if _, err := db.Exec(q, v, i*104729, k); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
