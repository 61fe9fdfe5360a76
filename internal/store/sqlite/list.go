package sqlite

import (
	"context"
	"fmt"
	"strings"

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
	var total int64
	if err := s.reader.QueryRowContext(ctx, "SELECT count(*) FROM "+quote(t)+" p WHERE "+where, args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	out, err := s.knownRows(ctx, org, `SELECT r.idx, r.bytes FROM (SELECT _org, _idx, row_number() OVER (ORDER BY `+order+`) AS place FROM `+quote(t)+` p WHERE `+where+
		` ORDER BY `+order+` LIMIT ? OFFSET ?) p JOIN records r ON r.org = p._org AND r.idx = p._idx ORDER BY p.place`,
		append(args, min(limit, maxList), max(q.Offset, 0))...)
	return out, total, err
}

// conditions prints what a query asks for; fields are those of the schema, values are bound.
func conditions(org id.Org, schema *register.Schema, q record.Query) (where, order string, args []any, err error) {
	parts := []string{"p._org = ?", fmt.Sprintf("p._until = %d", int64(register.MaxIndex)), "p._erased = 0"}
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
