package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	enginesql "github.com/assayhq/assay/internal/engine/sql"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// At is the same session as of an earlier tree size. Persons must not have changed since: Changed
// says so. It is closed with the session it came from.
func (s *Session) At(size int64) *Session {
	c := *s
	c.size = size
	return &c
}

// most is how many touched items are worth looking at one by one.
const most = 50_000

// Changed lists the keys of the plan's items whose answers may differ from those of an earlier run: records
// sealed since its tree size may have touched them, or the time between its known-at and the world's. It answers
// false when any item may have been touched, or too many were.
func (s *Session) Changed(ctx context.Context, p *rule.Plan, w rule.World, from int64, since civil.Instant) ([]string, bool, error) {
	touches, ok := p.Touches()
	if !ok || from > s.size {
		return nil, false, nil
	}
	if erased, err := s.erased(ctx, from); err != nil || erased {
		return nil, false, err
	}
	if p.Uses(rule.Person) {
		for _, reg := range []string{"aliases", "people"} {
			if rows, err := s.newest(ctx, reg, from, 0); err != nil || len(rows) > 0 {
				return nil, false, err
			}
		}
	}
	keys := map[string]bool{}
	for _, t := range touches {
		rows, err := s.moved(ctx, t, from, min(since, w.KnownAt), max(since, w.KnownAt))
		if err != nil || len(rows) > most || t.Any && len(rows) > 0 {
			return nil, false, err
		}
		if t.Named != "" {
			err = s.naming(ctx, p.Sources[0].Schema, t.Named, rows, keys)
		} else {
			err = s.touched(ctx, t, rows, keys)
		}
		if err != nil {
			return nil, false, err
		}
	}
	if err := s.fallen(ctx, p, w, since, keys); err != nil {
		return nil, false, err
	}
	if len(keys) > most {
		return nil, false, nil
	}
	return slices.Sorted(maps.Keys(keys)), true, nil
}

// moved lists the keys of the rows that are new since a tree size or, where the touch is a time's passing, whose
// time lies between two instants.
func (s *Session) moved(ctx context.Context, t rule.Touch, from int64, lo, hi civil.Instant) ([]string, error) {
	if t.Passing == "" {
		return s.newest(ctx, t.Register, from, most)
	}
	schema, ok := s.e.schemas(t.Register)
	if !ok {
		return nil, fmt.Errorf("the register %s is not declared", t.Register)
	}
	q := fmt.Sprintf(`SELECT _key FROM %q WHERE _org = ? AND _idx < ? AND %q BETWEEN ? AND ? LIMIT ?`, schema.Table(), t.Passing)
	return s.keys(ctx, q, s.org, s.size, int64(lo), int64(hi), most+1)
}

// fallen adds the items that fell due between two runs.
func (s *Session) fallen(ctx context.Context, p *rule.Plan, w rule.World, since civil.Instant, keys map[string]bool) error {
	if p.Due == nil || since == w.KnownAt {
		return nil
	}
	if err := s.frame(ctx, p); err != nil {
		return err
	}
	q, args := enginesql.Falling(p, s.context(w, enginesql.Binding{Keys: true}), min(since, w.KnownAt), max(since, w.KnownAt))
	rows, err := s.keys(ctx, q, args...)
	for _, k := range rows {
		keys[k] = true
	}
	return err
}

// keys reads a column of texts.
func (s *Session) keys(ctx context.Context, q string, args ...any) ([]string, error) {
	rows, err := s.conns[0].QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("look for what time has changed: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, fmt.Errorf("look for what time has changed: %w", err)
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// Untouched reports whether no record was sealed since an earlier tree size in any register that
// the plan reads, those behind its persons included, and none was erased.
func (s *Session) Untouched(ctx context.Context, p *rule.Plan, from int64) (bool, error) {
	if from > s.size {
		return false, nil
	}
	if erased, err := s.erased(ctx, from); err != nil || erased {
		return false, err
	}
	read := p.Registers()
	if p.Uses(rule.Person) {
		read = append(read, "aliases", "people")
	}
	for _, reg := range read {
		if rows, err := s.newest(ctx, reg, from, 0); err != nil || len(rows) > 0 {
			return false, err
		}
	}
	return true, nil
}

// erasures is the table of Assay's own records of erasures; the store makes it for the first one.
var erasures = (&register.Schema{Name: "assay.erasures"}).Table()

// erased reports whether the content of a record was erased since a tree size, be it after the
// session's own. What the record said before is then gone: no item can be looked at as it was.
func (s *Session) erased(ctx context.Context, from int64) (bool, error) {
	var n int
	err := s.conns[0].QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?", erasures).Scan(&n)
	if err == nil && n > 0 {
		err = s.conns[0].QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %q WHERE _org = ? AND _idx >= ?", erasures), s.org, from).Scan(&n)
	}
	if err != nil {
		return false, fmt.Errorf("look for erasures: %w", err)
	}
	return n > 0, nil
}

// newest lists the keys of a register's rows sealed since a tree size, but reads no further once
// there are more than enough. Rows are read from the end of the table, where the latest are: rows
// of one organization stand there in the order of its ledger, but for those that erasures leave.
func (s *Session) newest(ctx context.Context, reg string, from int64, enough int) ([]string, error) {
	schema, ok := s.e.schemas(reg)
	if !ok {
		return nil, fmt.Errorf("the register %s is not declared", reg)
	}
	rows, err := s.conns[0].QueryContext(ctx, fmt.Sprintf(`SELECT _idx, _key, _org FROM %q ORDER BY rowid DESC`, schema.Table()))
	if err != nil {
		return nil, fmt.Errorf("look for changes in %s: %w", reg, err)
	}
	defer rows.Close()
	var keys []string
	for len(keys) <= enough && rows.Next() {
		var idx int64
		var key, org string
		if err := rows.Scan(&idx, &key, &org); err != nil {
			return nil, fmt.Errorf("look for changes in %s: %w", reg, err)
		}
		switch {
		case org != s.org || idx >= s.size:
		case idx < from:
			return keys, nil
		default:
			keys = append(keys, key)
		}
	}
	return keys, rows.Err()
}

// touched adds the keys of the items that rows belong to, and of those that their earlier versions
// belonged to.
func (s *Session) touched(ctx context.Context, t rule.Touch, rows []string, keys map[string]bool) error {
	if t.Field == "" {
		for _, k := range rows {
			keys[k] = true
		}
		return nil
	}
	schema, _ := s.e.schemas(t.Register) // newest has read it
	st, err := s.conns[0].PrepareContext(ctx, fmt.Sprintf(`SELECT %q FROM %q WHERE _org = ? AND _key = ?`, t.Field, schema.Table()))
	if err != nil {
		return fmt.Errorf("look for changes in %s: %w", t.Register, err)
	}
	defer st.Close()
	for _, k := range rows {
		if err := s.values(ctx, st, k, keys); err != nil {
			return fmt.Errorf("look for changes in %s: %w", t.Register, err)
		}
	}
	return nil
}

// naming adds the keys of the items that name one of the rows, in whatever version. No index is kept for that: few
// items name another record of such a kind, and they are read in one go.
func (s *Session) naming(ctx context.Context, schema *register.Schema, field string, named []string, keys map[string]bool) error {
	if len(named) == 0 {
		return nil
	}
	rows, err := s.conns[0].QueryContext(ctx, fmt.Sprintf(`SELECT _key, %[1]q FROM %[2]q WHERE _org = ? AND %[1]q <> ''`, field, schema.Table()), s.org)
	if err != nil {
		return fmt.Errorf("look for what names changed records in %s: %w", schema.Name, err)
	}
	defer rows.Close()
	wanted := map[string]bool{}
	for _, k := range named {
		wanted[k] = true
	}
	for rows.Next() {
		var key, name string
		if err := rows.Scan(&key, &name); err != nil {
			return fmt.Errorf("look for what names changed records in %s: %w", schema.Name, err)
		}
		if wanted[name] {
			keys[key] = true
		}
	}
	return rows.Err()
}

func (s *Session) values(ctx context.Context, st *sql.Stmt, key string, keys map[string]bool) error {
	rows, err := st.QueryContext(ctx, s.org, key)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var v sql.NullString
		if err := rows.Scan(&v); err != nil {
			return err
		}
		if v.Valid {
			keys[v.String] = true
		}
	}
	return rows.Err()
}
