package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// maxList is how many records one page may hold.
const maxList = 1000

// List gives a page of the current records of a register. Erased records are left out: nothing of them can be shown.
func (s *Store) List(ctx context.Context, org id.Org, schema *register.Schema, q record.Query) ([]record.Known, int64, error) {
	where, order, args, err := conditions(org, schema, q)
	if err != nil {
		return nil, 0, err
	}
	t, err := s.tableName(ctx, org, schema.Name)
	if err != nil || t == "" {
		return nil, 0, err
	}
	if t != schema.Table() {
		return nil, 0, s.layout(schema.Name)
	}
	limit, offset := q.Limit, max(q.Offset, 0)
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, maxList)
	size, err := s.Size(ctx, org)
	if err != nil {
		return nil, 0, err
	}
	question := " FROM " + quote(t) + " p WHERE " + where
	key := fmt.Sprintf("%d\n%s\n%s\n%#v", size, question, order, args)
	a, ok := s.answers.get(key)
	if !ok {
		if a, err = s.ask(ctx, question, order, args); err != nil {
			return nil, 0, err
		}
		s.answers.put(key, a)
	}
	page := a.first[min(offset, len(a.first)):min(offset+limit, len(a.first))]
	if offset+limit > len(a.first) && int64(len(a.first)) < a.total {
		if page, err = s.indexes(ctx, "SELECT p._idx"+question+" ORDER BY "+order+" LIMIT ? OFFSET ?", append(args, limit, offset)...); err != nil {
			return nil, 0, err
		}
	}
	out, err := s.knownAt(ctx, org, page)
	return out, a.total, err
}

// answer is what a question found: how many records, and where the first of them stand in the ledger. It holds for one size of a ledger.
type answer struct {
	total int64
	first []int64 // at most maxList
}

// mostAnswers is how many are kept; each holds at most 8 kB.
const mostAnswers = 512

// answers are kept so that whoever turns a page does not have a register counted and sorted again.
type answers struct {
	mu   sync.Mutex
	kept map[string]answer
}

func (x *answers) get(key string) (answer, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	a, ok := x.kept[key]
	return a, ok
}

func (x *answers) put(key string, a answer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.kept == nil || len(x.kept) >= mostAnswers { // crude, and bounded
		x.kept = map[string]answer{}
	}
	x.kept[key] = a
}

func (s *Store) ask(ctx context.Context, question, order string, args []any) (a answer, err error) {
	if a.first, err = s.indexes(ctx, "SELECT p._idx"+question+" ORDER BY "+order+fmt.Sprintf(" LIMIT %d", maxList), args...); err != nil {
		return a, err
	}
	a.total = int64(len(a.first))
	if len(a.first) == maxList {
		err = s.reader.QueryRowContext(ctx, "SELECT count(*)"+question, args...).Scan(&a.total)
	}
	return a, err
}

func (s *Store) indexes(ctx context.Context, query string, args ...any) ([]int64, error) {
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// knownAt reads records by their indexes, in that order. One that was erased meanwhile is left out.
func (s *Store) knownAt(ctx context.Context, org id.Org, indexes []int64) ([]record.Known, error) {
	if len(indexes) == 0 {
		return nil, nil
	}
	args := []any{string(org)}
	place := make(map[int64]int, len(indexes))
	for i, n := range indexes {
		args, place[n] = append(args, n), i
	}
	out, err := s.knownRows(ctx, org, "SELECT idx, bytes FROM records WHERE org = ? AND bytes IS NOT NULL AND idx IN (?"+strings.Repeat(", ?", len(indexes)-1)+")", args...)
	slices.SortFunc(out, func(a, b record.Known) int { return place[a.Index] - place[b.Index] })
	return out, err
}

// conditions prints what a query asks for; fields are those of the schema, values are bound.
func conditions(org id.Org, schema *register.Schema, q record.Query) (where, order string, args []any, err error) {
	parts := []string{"p._org = ?", fmt.Sprintf("p._until = %d", register.MaxIndex), "p._erased = 0"}
	args = []any{string(org)}
	for _, m := range q.Where {
		f, ok := schema.Field(m.Field)
		if !ok {
			return "", "", nil, unknownField(schema, m.Field)
		}
		c := "p." + quote(f.Name)
		switch m.Op {
		case "has":
			parts = append(parts, c+" IS NOT NULL")
			continue
		case "lacks":
			parts = append(parts, c+" IS NULL")
			continue
		case "=", "<=", ">=":
			parts = append(parts, c+" "+m.Op+" ?")
		default:
			return "", "", nil, fault.Refuse("%q is no comparison; expected =, <=, >=, has or lacks", m.Op)
		}
		v, err := bound(f, m.Value)
		if err != nil {
			return "", "", nil, err
		}
		args = append(args, v)
	}
	if q.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(q.Text) + "%"
		any := []string{`p._key LIKE ? ESCAPE '\'`}
		args = append(args, like)
		for _, f := range schema.Fields {
			if f.Type == register.Text {
				any = append(any, "p."+quote(f.Name)+` LIKE ? ESCAPE '\'`)
				args = append(args, like)
			}
		}
		parts = append(parts, "("+strings.Join(any, " OR ")+")")
	}
	order = "p._key"
	if q.Sort != "" {
		f, ok := schema.Field(q.Sort)
		if !ok {
			return "", "", nil, unknownField(schema, q.Sort)
		}
		order = "p." + quote(f.Name)
	}
	if q.Desc {
		order += " DESC"
	}
	if q.Sort != "" {
		order += ", p._key"
	}
	return strings.Join(parts, " AND "), order, args, nil
}

func unknownField(s *register.Schema, name string) error {
	return &fault.Error{Kind: fault.Refused, Field: name, What: fmt.Sprintf("the register %s has no such field%s", s.Name, register.DidYouMean(name, s.Names()))}
}

// bound is a value as the projection holds it.
func bound(f register.Field, v any) (any, error) {
	switch v := v.(type) {
	case string:
		if f.Type == register.Text {
			return v, nil
		}
	case int64:
		if f.Type == register.Int {
			return v, nil
		}
	case bool:
		if f.Type == register.Bool {
			if v {
				return int64(1), nil
			}
			return int64(0), nil
		}
	case civil.Instant:
		if f.Type == register.Instant {
			return int64(v), nil
		}
	case civil.Date:
		if f.Type == register.Date {
			return int64(v), nil
		}
	}
	return nil, &fault.Error{Kind: fault.Refused, Field: f.Name, What: fmt.Sprintf("a %T cannot be compared with a field of type %s", v, f.Type)}
}

// History gives every version of a key, the first first. Of an erased version it gives none.
func (s *Store) History(ctx context.Context, org id.Org, name, key string) ([]record.Known, error) {
	t, err := s.tableName(ctx, org, name)
	if err != nil {
		return nil, err
	}
	var out []record.Known
	if t != "" {
		out, err = s.knownRows(ctx, org, `SELECT r.idx, r.bytes FROM `+quote(t)+` p JOIN records r ON r.org = p._org AND r.idx = p._idx
			WHERE p._org = ? AND p._key = ? AND p._erased = 0 ORDER BY p._version, p._idx`, string(org), key)
	}
	if err == nil && len(out) == 0 {
		err = &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no record %s/%s", name, key)}
	}
	return out, err
}

// knownRows reads index and bytes of records.
func (s *Store) knownRows(ctx context.Context, org id.Org, query string, args ...any) ([]record.Known, error) {
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []record.Known
	for rows.Next() {
		var k record.Known
		var b []byte
		if err := rows.Scan(&k.Index, &b); err != nil {
			return nil, err
		}
		if k.Record, err = record.Parse(b); err != nil {
			return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("record #%d of %s", k.Index, org), Err: err, Hint: "run assay verify"}
		}
		out = append(out, k)
	}
	return out, rows.Err()
}
