package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assayhq/assay/internal/assure"
	enginesql "github.com/assayhq/assay/internal/engine/sql"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/rule"
)

// Run decides every item of the plan's population and hands each to f, in no order, those in
// progress included. Only the keys of want are looked at when it is not nil. Without keys an item
// of which nothing was found comes without its key, which is cheaper.
func (s *Session) Run(ctx context.Context, plan *rule.Plan, w rule.World, want []string, keys bool, f func(rule.Answered) error) error {
	if err := s.frame(ctx, plan); err != nil {
		return err
	}
	if want != nil {
		if err := s.want(ctx, want); err != nil {
			return err
		}
		return s.part(ctx, s.conns[0], plan, w, enginesql.Binding{Want: true, Keys: true}, f)
	}
	if plan.Sources[0].Kind != rule.FromRegister || len(plan.Sources) > 1 || len(s.conns) == 1 {
		return s.part(ctx, s.conns[0], plan, w, enginesql.Binding{Keys: keys}, f)
	}
	answers := make(chan []rule.Answered, len(s.conns))
	g, ctx := errgroup.WithContext(ctx)
	parts, err := s.parts(ctx, plan.Sources[0].Schema.Table())
	if err != nil {
		return err
	}
	var next atomic.Int64
	for _, c := range s.conns {
		g.Go(func() error {
			var buf []rule.Answered
			send := func() error {
				select {
				case answers <- buf:
					buf = make([]rule.Answered, 0, 1024)
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			for {
				i := int(next.Add(1)) - 1
				if i >= len(parts) {
					return send()
				}
				err := s.part(ctx, c, plan, w, enginesql.Binding{Keys: keys, Part: &parts[i]}, func(a rule.Answered) error {
					if buf = append(buf, a); len(buf) >= 1024 {
						return send()
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
		})
	}
	done := make(chan error, 1)
	go func() { done <- g.Wait(); close(answers) }()
	var failed error
	for list := range answers {
		for _, a := range list {
			if failed == nil {
				failed = f(a)
			}
		}
	}
	if err := <-done; err != nil {
		return err
	}
	return failed
}

// pieces is how many parts a large population is cut into: enough for connections to end together.
const pieces = 16

// parts cuts a table into ranges of rows. Where the organization's rows lie close together they are
// read as they lie; else each connection looks for its own in the index.
func (s *Session) parts(ctx context.Context, table string) ([]enginesql.Part, error) {
	var n int64
	var lo, hi sql.NullInt64
	q := fmt.Sprintf("SELECT COUNT(*), MIN(rowid), MAX(rowid) FROM %q WHERE _org = ?", table)
	if err := s.conns[0].QueryRowContext(ctx, q, s.org).Scan(&n, &lo, &hi); err != nil {
		return nil, fmt.Errorf("look at the size of %s: %w", table, err)
	}
	if n == 0 {
		return nil, nil
	}
	dense, count := n > (hi.Int64-lo.Int64)/4, int64(pieces)
	if !dense {
		count = int64(len(s.conns))
	}
	step := (hi.Int64-lo.Int64)/count + 1
	var out []enginesql.Part
	for from := lo.Int64; from <= hi.Int64; from += step {
		out = append(out, enginesql.Part{From: from, To: from + step, Dense: dense})
	}
	return out, nil
}

func (s *Session) context(w rule.World, b enginesql.Binding) enginesql.Context {
	b.Org, b.Size = s.org, s.size
	return enginesql.Context{Period: w.Period, KnownAt: w.KnownAt, Unproven: w.Unproven, Clocks: w.Clocks, Unreadable: w.Unreadable, Robots: s.robots, Bind: &b}
}

// verdicts by the codes of package sql.
var verdicts = [...]assure.Verdict{assure.NotApplicable, assure.Pass, assure.Undecided, assure.Deviation}

func (s *Session) part(ctx context.Context, c *sql.Conn, plan *rule.Plan, w rule.World, b enginesql.Binding, f func(rule.Answered) error) error {
	query, args := enginesql.Query(plan, s.context(w, b))
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("run the test: %w", err)
	}
	defer rows.Close()
	var key sql.NullString
	var at sql.NullInt64
	var answers int64
	codes := map[int64][]assure.Verdict{} // items share the few combinations there are
	for rows.Next() {
		if err := rows.Scan(&key, &at, &answers); err != nil {
			return fmt.Errorf("run the test: %w", err)
		}
		a := rule.Answered{Key: key.String, InProgress: answers&1 != 0}
		if at.Valid {
			v := at.Int64
			a.At = &v
		}
		if a.Verdicts = codes[answers]; a.Verdicts == nil {
			n := answers >> 1
			for range plan.Checks {
				a.Verdicts = append(a.Verdicts, verdicts[n%4])
				n /= 4
			}
			codes[answers] = a.Verdicts
		}
		if err := f(a); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *Session) want(ctx context.Context, keys []string) error {
	c := s.conns[0]
	if _, err := c.ExecContext(ctx, "DELETE FROM temp.want"); err != nil {
		return fmt.Errorf("name the items: %w", err)
	}
	st, err := c.PrepareContext(ctx, "INSERT OR IGNORE INTO temp.want VALUES (?)")
	if err != nil {
		return fmt.Errorf("name the items: %w", err)
	}
	defer st.Close()
	for _, k := range keys {
		if _, err := st.ExecContext(ctx, k); err != nil {
			return fmt.Errorf("name the items: %w", err)
		}
	}
	return nil
}

// Longest is the longest time, in the part of the period that has passed, between two snapshots of
// one thing that the plan's spans are made of: what happened in between is not known.
func (s *Session) Longest(ctx context.Context, plan *rule.Plan, w rule.World) (time.Duration, error) {
	query, args := enginesql.Longest(plan, s.context(w, enginesql.Binding{}))
	if query == "" {
		return 0, nil
	}
	var n sql.NullInt64
	err := s.conns[0].QueryRowContext(ctx, query, args...).Scan(&n)
	return time.Duration(n.Int64) * time.Microsecond, err
}

// Facts reads what the items rest on, by key.
func (s *Session) Facts(ctx context.Context, plan *rule.Plan, w rule.World, keys []string) (map[string]*rule.Facts, error) {
	if err := s.frame(ctx, plan); err != nil {
		return nil, err
	}
	if err := s.want(ctx, keys); err != nil {
		return nil, err
	}
	details, args := enginesql.Details(plan, s.context(w, enginesql.Binding{}))
	out := make(map[string]*rule.Facts, len(keys))
	for i, d := range details {
		err := s.detail(ctx, d, args, func(key string, row map[string]any) error {
			if i == 0 {
				if out[key] != nil {
					return fault.Refuse("two items have the key %s: the key of the test does not tell them apart", key)
				}
				out[key] = &rule.Facts{Item: row, Sets: map[*rule.Row][]map[string]any{}, Robots: s.robots}
				return nil
			}
			f := out[key]
			if f == nil {
				return fmt.Errorf("rows of the item %s came without the item", key)
			}
			f.Sets[d.Set.Row] = append(f.Sets[d.Set.Row], row)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read what findings rest on: %w", err)
		}
	}
	return out, nil
}

func (s *Session) detail(ctx context.Context, d enginesql.Detail, args []any, f func(string, map[string]any) error) error {
	rows, err := s.conns[0].QueryContext(ctx, d.Query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var key string
	vals := make([]any, len(d.Columns))
	dest := []any{&key}
	for i := range vals {
		dest = append(dest, &vals[i])
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		row := make(map[string]any, len(vals))
		for i, v := range vals {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			row[d.Columns[i]] = v
		}
		if err := f(key, row); err != nil {
			return err
		}
	}
	return rows.Err()
}
