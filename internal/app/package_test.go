package app

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	pq "github.com/parquet-go/parquet-go"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/pgtest"
	"github.com/assayhq/assay/internal/rule"
)

// TestPackageReperformedOnPostgres does what an auditor does who trusts only the package: the
// populations go into a stock PostgreSQL, every test runs there as it was shipped, and must find
// in every population what the package says.
func TestPackageReperformedOnPostgres(t *testing.T) {
	if os.Getenv("ASSAY_RULES") == "" {
		t.Skip("the whole example company on PostgreSQL takes minutes: make rules; ordinary runs try the rules there, and packages with a small company")
	}
	dsn := pgtest.Start(t)
	t.Setenv("TMPDIR", t.TempDir())
	pg, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close(context.Background()) })
	demo, err := New().demo(t.Context(), func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := demo.Close(); err != nil {
			t.Error(err)
		}
	})
	entries := unzip(t, demo.Package)
	for name, b := range entries {
		if table, ok := strings.CutSuffix(name, ".parquet"); ok && path.Dir(name) == "populations" {
			load(t, pg, path.Base(table), b)
		}
	}
	for _, line := range strings.Split(string(entries["README.md"]), "\n") { // as the package's README says
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "create index on ") {
			if _, err := pg.Exec(t.Context(), line); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
	}
	if _, err := pg.Exec(t.Context(), "set jit = off; analyze"); err != nil {
		t.Fatal(err)
	}
	var res assure.Results
	if err := json.Unmarshal(entries["results.json"], &res); err != nil {
		t.Fatal(err)
	}
	var scripts int
	for name := range entries {
		if strings.HasSuffix(name, ".postgres.sql") {
			scripts++
		}
	}
	again, err := New().reperform(t.Context(), demo.Package, "", nil) // and as another house does, from the records alone
	if err != nil || again.Tests != len(res.Controls) || len(again.Differs) > 0 {
		t.Errorf("reperformed: %d tests of %d, %+v differ, %v; want the same of each", again.Tests, len(res.Controls), again.Differs, err)
	}
	controls, findings := map[string]bool{}, 0
	for _, r := range res.Controls {
		controls[r.Control] = true
		findings += len(r.Findings)
		t.Run(r.Test, func(t *testing.T) { reperform(t, pg, entries, r) })
	}
	if len(controls) != 83 || len(res.Controls) < len(controls) || scripts != len(res.Controls) || findings < 200 {
		t.Errorf("%d controls, %d tests, %d scripts, %d findings; want 83, a script for each test, and 200 findings or more", len(controls), len(res.Controls), scripts, findings)
	}
}

// counts are the numbers of a tested population.
type counts struct{ Population, NotApplicable, Passed, Deviating, Undecided, InProgress int }

func reperform(t *testing.T, pg *pgx.Conn, entries map[string][]byte, r assure.TestResult) {
	t.Helper()
	name := "tests/" + r.Test + ".postgres.sql"
	if r.Version > 1 {
		name = fmt.Sprintf("tests/%s.v%d.postgres.sql", r.Test, r.Version)
	}
	script, ok := entries[name]
	if !ok {
		t.Fatalf("the package has no %s", name)
	}
	got, found := ask(t, pg, string(script))
	want := counts{r.Population, r.NotApplicable, r.Passed, r.Deviating, r.Undecided, r.InProgress}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-package +PostgreSQL):\n%s", diff)
	}
	digest, err := rule.Digest(found)
	if err != nil {
		t.Fatal(err)
	}
	if digest != r.Digest {
		bare := func(f assure.Finding) assure.Finding {
			return assure.Finding{Key: f.Key, Verdict: f.Verdict, Attributes: f.Attributes}
		}
		var listed []assure.Finding
		for _, f := range r.Findings {
			listed = append(listed, bare(f))
		}
		t.Errorf("digest %s, the package says %s; findings (-package +PostgreSQL):\n%s", digest, r.Digest, cmp.Diff(listed, found))
	}
	t.Logf("%+v, digest %.12s", got, digest)
	if r.Population > 0 && len(r.Registers) > 0 && r.Shape != assure.Schedule { // else the calendar makes the items
		unequal(t, pg, string(script), r)
	}
}

// ask runs a script and counts what it says of each item.
func ask(t *testing.T, pg interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, script string) (c counts, found []assure.Finding) {
	t.Helper()
	rows, err := pg.Query(t.Context(), script)
	if err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
	defer rows.Close()
	for rows.Next() {
		var key, verdict, letters string
		if err := rows.Scan(&key, &verdict, &letters); err != nil {
			t.Fatal(err)
		}
		if verdict == "in_progress" {
			c.InProgress++
			continue
		}
		c.Population++
		switch v := assure.Verdict(verdict); v {
		case assure.NotApplicable:
			c.NotApplicable++
		case assure.Pass:
			c.Passed++
		case assure.Deviation, assure.Undecided:
			if v == assure.Deviation {
				c.Deviating++
			} else {
				c.Undecided++
			}
			found = append(found, assure.Finding{Key: key, Verdict: v, Attributes: strings.Split(letters, "")})
		default:
			t.Errorf("%s: verdict %q", key, verdict)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
	slices.SortFunc(found, func(a, b assure.Finding) int { return strings.Compare(a.Key, b.Key) })
	return c, found
}

// unequal empties the register that the items come from: a comparison that sees nothing of that
// compares nothing.
func unequal(t *testing.T, pg *pgx.Conn, script string, r assure.TestResult) {
	t.Helper()
	tx, err := pg.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	for _, reg := range r.Registers {
		if _, err := tx.Exec(t.Context(), fmt.Sprintf("DELETE FROM %q", reg)); err != nil {
			t.Fatal(err)
		}
	}
	if c, _ := ask(t, tx, script); c.Population == r.Population {
		t.Errorf("without a row in %s there are still %d items", strings.Join(r.Registers, " and "), c.Population)
	}
}

func unzip(t *testing.T, file string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return out
}

// load reads a Parquet file into a table.
func load(t *testing.T, pg *pgx.Conn, table string, b []byte) {
	t.Helper()
	f, err := pq.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	var names, columns []string
	for _, c := range f.Root().Columns() {
		kind := "bigint"
		if c.Type().Kind() != pq.Int64 {
			kind = `text COLLATE "C"`
		}
		names, columns = append(names, c.Name()), append(columns, fmt.Sprintf("%q %s", c.Name(), kind))
	}
	if _, err := pg.Exec(t.Context(), fmt.Sprintf("CREATE TABLE %q (%s)", table, strings.Join(columns, ", "))); err != nil {
		t.Fatal(err)
	}
	var rows [][]any
	for _, g := range f.RowGroups() {
		rows = append(rows, groupRows(t, g)...)
	}
	if int64(len(rows)) != f.NumRows() {
		t.Fatalf("%s: read %d rows of %d", table, len(rows), f.NumRows())
	}
	if _, err := pg.CopyFrom(t.Context(), pgx.Identifier{table}, names, pgx.CopyFromRows(rows)); err != nil {
		t.Fatalf("%s: %v", table, err)
	}
}

func groupRows(t *testing.T, g pq.RowGroup) (out [][]any) {
	t.Helper()
	r := g.Rows()
	defer r.Close()
	buf := make([]pq.Row, 100)
	for {
		n, err := r.ReadRows(buf)
		for _, row := range buf[:n] {
			vals := make([]any, len(row))
			for i, v := range row {
				switch {
				case v.IsNull():
				case v.Kind() == pq.Int64:
					vals[i] = v.Int64()
				default:
					vals[i] = string(v.ByteArray())
				}
			}
			out = append(out, vals)
		}
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
