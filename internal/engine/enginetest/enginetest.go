// Package enginetest is what every engine must pass: the cases that stand beside the library's
// tests, run through a projection laid out as stores lay it out.
package enginetest

import (
	"database/sql"
	"embed"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// Org is the organization that the projections belong to.
const Org = "org_cases"

// Schemas are the starter registers as the rule language wants them.
type Schemas map[string]*register.Schema

// Schema returns a register's schema.
func (s Schemas) Schema(name string) (*register.Schema, bool) { v, ok := s[name]; return v, ok }

// Names lists the registers.
func (s Schemas) Names() []string {
	var out []string
	for n := range s {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Load reads the starter registers and the library's tests.
func Load(t testing.TB) (Schemas, []*tests.Test) {
	t.Helper()
	regs, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	list, err := tests.Load(Schemas(regs))
	if err != nil {
		t.Fatal(err)
	}
	return Schemas(regs), list
}

// All is Load with the tests of the language itself added.
func All(t testing.TB) (Schemas, []*tests.Test) {
	t.Helper()
	regs, list := Load(t)
	files, err := cases.ReadDir("cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := cases.ReadFile("cases/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		own, err := tests.Parse(f.Name(), b, regs)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, own...)
	}
	return regs, list
}

// What the library's tests do not yet use of the language.
//
//go:embed cases/*.txtar
var cases embed.FS

// World is what a case takes for given: a register without a row was never pulled, which proves
// nothing but in a schedule.
func World(t testing.TB, schemas Schemas, x *tests.Test, c tests.Case) rule.World {
	t.Helper()
	w := rule.World{Period: c.Period, KnownAt: c.KnownAt, Unproven: map[string]bool{}}
	if w.KnownAt == civil.Never {
		w.KnownAt = civil.InstantOf(c.Period.End().Time().AddDate(1, 0, 0))
	}
	filled := map[string]bool{}
	for _, r := range c.Records {
		filled[r.Register] = true
		if s := schemas[r.Register]; r.Register == "holidays" && s != nil {
			day := Row(t, s, r).Columns[slices.IndexFunc(s.Fields, func(f register.Field) bool { return f.Name == "day" })]
			if w.Holidays.Days == nil {
				w.Holidays.Days = map[civil.Date]bool{}
			}
			w.Holidays.Days[civil.Date(day.(int64))] = true
		}
	}
	for n := range schemas {
		if !filled[n] && x.Shape != assure.Schedule {
			w.Unproven[n] = true
		}
	}
	return w
}

// few records need no index.
const few = 1000

// Fill lays out the projection of a case's records in a SQLite database, every register's table
// included, and returns the tree size.
func Fill(t testing.TB, db *sql.DB, schemas Schemas, records []tests.CaseRecord) int64 {
	t.Helper()
	for _, s := range schemas {
		cols := []string{"_org TEXT", "_idx INTEGER", "_key TEXT", "_version INTEGER", "_until INTEGER", "_erased INTEGER"}
		for _, f := range s.Fields {
			typ := " INTEGER"
			if f.Type == register.Text {
				typ = " TEXT"
			}
			cols = append(cols, `"`+f.Name+`"`+typ)
		}
		exec(t, db, fmt.Sprintf(`CREATE TABLE %q (%s)`, s.Table(), strings.Join(cols, ", ")))
		if len(records) < few {
			continue
		}
		exec(t, db, fmt.Sprintf(`CREATE INDEX %q ON %q (_org, _key)`, s.Table()+"_key", s.Table()))
		for _, l := range s.Indexes() { // as a store keeps them
			exec(t, db, fmt.Sprintf(`CREATE INDEX %q ON %q (_org, "%s")`, s.Table()+"_"+strings.Join(l, "_"), s.Table(), strings.Join(l, `", "`)))
		}
	}
	for i, r := range records {
		s, ok := schemas[r.Register]
		if !ok {
			t.Fatalf("line %d: there is no register %s", r.Line, r.Register)
		}
		row := Row(t, s, r)
		exec(t, db, fmt.Sprintf(`UPDATE %q SET _until = ? WHERE _org = ? AND _key = ? AND _until = ?`, s.Table()), i, Org, row.Key, register.MaxIndex)
		var version int
		if err := db.QueryRow(fmt.Sprintf(`SELECT COUNT(*) + 1 FROM %q WHERE _org = ? AND _key = ?`, s.Table()), Org, row.Key).Scan(&version); err != nil {
			t.Fatal(err)
		}
		args := append([]any{Org, i, row.Key, version, register.MaxIndex, 0}, row.Columns...)
		exec(t, db, fmt.Sprintf(`INSERT INTO %q VALUES (%s)`, s.Table(), strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")), args...)
	}
	return int64(len(records))
}

// Row converts a case's record.
func Row(t testing.TB, s *register.Schema, r tests.CaseRecord) *register.Row {
	t.Helper()
	v, err := register.ParseJSON(r.Register, r.Line, []byte(r.JSON))
	if err != nil {
		t.Fatal(err)
	}
	row, err := register.Convert(s, r.Register, register.Input{Line: r.Line, Fields: v.Members})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func exec(t testing.TB, db *sql.DB, q string, args ...any) {
	t.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// Said is how a case writes an item's verdict.
func Said(p *rule.Plan, verdicts []assure.Verdict) string {
	v := rule.Answered{Verdicts: verdicts}.Verdict()
	if v == assure.Pass || v == assure.NotApplicable {
		return string(v)
	}
	out := string(v) + " "
	for i, x := range verdicts {
		if x == v {
			out += p.Checks[i].ID
		}
	}
	return out
}

// Compare checks what an engine said, by item key, against what the case expects.
func Compare(t testing.TB, c tests.Case, got map[string]string, open int) {
	t.Helper()
	for key, want := range c.Expect {
		g, ok := got[key]
		if !ok {
			g = "absent"
		}
		if g != want {
			t.Errorf("%s = %s, want %s", key, g, want)
		}
		delete(got, key)
	}
	for key, g := range got {
		t.Errorf("%s = %s, but the case does not expect the item", key, g)
	}
	if c.Open >= 0 && open != c.Open {
		t.Errorf("in progress = %d, want %d", open, c.Open)
	}
}
