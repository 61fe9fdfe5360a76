package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/register"
)

// Rows reads fields of what is known of registers, for checks that compare registers with each
// other. Each is called with a record's key and its fields: nil, an int64 or a string, in a slice
// that is used again for the next record. Erased records are left out.
type Rows struct {
	e   *Engine
	org string
}

// Rows reads the registers of one organization.
func (e *Engine) Rows(org string) Rows { return Rows{e, org} }

// All gives every record known at a tree size, in the latest version known then.
func (r Rows) All(ctx context.Context, s *register.Schema, fields []string, size int64, each func(key string, values []any) error) error {
	cols, err := picked(s, fields)
	if err != nil {
		return err
	}
	q := fmt.Sprintf(`SELECT _key%s FROM %q WHERE _org = ? AND _idx < ? AND _until >= ? AND COALESCE(_erased, 0) = 0`, cols, s.Table())
	return r.query(ctx, s, len(fields), each, q, r.org, size, size)
}

// Of gives the records known at a tree size whose field holds one of the values; without a field,
// those that have one of them as key.
func (r Rows) Of(ctx context.Context, s *register.Schema, fields []string, field string, values []string, size int64, each func(key string, values []any) error) error {
	cols, err := picked(s, fields)
	if err != nil {
		return err
	}
	by := "_key"
	if field != "" {
		if _, err := picked(s, []string{field}); err != nil {
			return err
		}
		by = fmt.Sprintf("%q", field)
	}
	const chunk = 500
	for part := range slices.Chunk(values, chunk) {
		args := []any{r.org}
		for _, v := range part {
			args = append(args, v)
		}
		q := fmt.Sprintf(`SELECT _key%s FROM %q WHERE _org = ? AND %s IN (?%s) AND _idx < ? AND _until >= ? AND COALESCE(_erased, 0) = 0`,
			cols, s.Table(), by, strings.Repeat(", ?", len(part)-1))
		if err := r.query(ctx, s, len(fields), each, q, append(args, size, size)...); err != nil {
			return err
		}
	}
	return nil
}

// Since lists the keys of the records that were sealed from one tree size on and before another,
// each once; false when there are more than enough.
func (r Rows) Since(ctx context.Context, s *register.Schema, from, size int64, enough int) ([]string, bool, error) {
	c, err := r.e.db.Conn(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("open a reading connection: %w", err)
	}
	defer c.Close()
	session := &Session{e: r.e, org: r.org, size: size, conns: []*sql.Conn{c}}
	keys, err := session.newest(ctx, s.Name, from, enough)
	if err != nil || len(keys) > enough {
		return nil, false, err
	}
	slices.Sort(keys)
	return slices.Compact(keys), true, nil
}

func picked(s *register.Schema, fields []string) (string, error) {
	var b strings.Builder
	for _, f := range fields {
		if _, ok := s.Field(f); !ok {
			return "", fmt.Errorf("the register %s has no field %s", s.Name, f)
		}
		fmt.Fprintf(&b, ", %q", f)
	}
	return b.String(), nil
}

func (r Rows) query(ctx context.Context, s *register.Schema, width int, each func(string, []any) error, q string, args ...any) error {
	rows, err := r.e.db.QueryContext(ctx, q, args...)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.Name, err)
	}
	defer rows.Close()
	var key string
	values, dest := make([]any, width), make([]any, width+1)
	dest[0] = &key
	for i := range values {
		dest[i+1] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return fmt.Errorf("read %s: %w", s.Name, err)
		}
		if err := each(key, values); err != nil {
			return err
		}
	}
	return rows.Err()
}
