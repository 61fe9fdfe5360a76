// Package parquet writes relations as Apache Parquet, which DuckDB, ClickHouse, Spark, pandas and
// the like read as they are. Memory is bounded by a row group, whatever the number of rows.
package parquet

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	pq "github.com/parquet-go/parquet-go"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

// A row group ends at whichever comes first. Larger ones compress little better.
const (
	groupRows  = 64 << 10
	groupBytes = 16 << 20
	batchRows  = 512
)

// Writer writes relations. It has no state.
type Writer struct{}

// Write prints the rows of a relation in the order of its columns. The same rows give the same bytes.
func (Writer) Write(w io.Writer, r assure.Relation) error {
	schema, err := schemaOf(r)
	if err != nil {
		return err
	}
	out := pq.NewWriter(w, schema, pq.Compression(&pq.Zstd), pq.CreatedBy("assay", "1", "1"), pq.PageBufferSize(64<<10))
	g := group{out: out, columns: r.Columns, name: r.Name}
	for row, err := range r.Rows {
		if err != nil {
			return fmt.Errorf("rows of %s: %w", r.Name, err)
		}
		if err := g.add(row); err != nil {
			return err
		}
	}
	if err := g.flush(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write %s as Parquet: %w", r.Name, err)
	}
	return nil
}

// inOrder is a group whose columns stand in the order of the relation; package parquet-go
// would sort them by name.
type inOrder struct {
	pq.Group
	at map[string]int
}

// Fields returns the columns in order.
func (g inOrder) Fields() []pq.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b pq.Field) int { return cmp.Compare(g.at[a.Name()], g.at[b.Name()]) })
	return fields
}

func schemaOf(r assure.Relation) (*pq.Schema, error) {
	g := inOrder{pq.Group{}, map[string]int{}}
	for i, c := range r.Columns {
		if _, twice := g.Group[c.Name]; twice || c.Name == "" {
			return nil, fault.Refuse("relation %s: the column name %q is empty or given twice", r.Name, c.Name)
		}
		leaf := pq.String()
		if c.Integer {
			leaf = pq.Int(64)
		}
		g.Group[c.Name], g.at[c.Name] = pq.Optional(leaf), i
	}
	if len(r.Columns) == 0 {
		return nil, fault.Refuse("relation %s has no columns", r.Name)
	}
	return pq.NewSchema(r.Name, g), nil
}

// group collects rows into batches and batches into row groups.
type group struct {
	out     *pq.Writer //nolint:staticcheck // the generic writer wants a Go type a relation, and relations are known at run time only
	columns []assure.Column
	name    string
	batch   []pq.Row
	rows    int
	bytes   int
}

func (g *group) add(row []any) error {
	if len(row) != len(g.columns) {
		return fmt.Errorf("relation %s: a row has %d values for %d columns", g.name, len(row), len(g.columns))
	}
	out := make(pq.Row, len(row))
	for i, v := range row {
		value, err := valueOf(v, g.columns[i])
		if err != nil {
			return fmt.Errorf("relation %s, column %s: %w", g.name, g.columns[i].Name, err)
		}
		level := 1
		if v == nil {
			level = 0
		}
		out[i] = value.Level(0, level, i)
		g.bytes += 8
		if s, ok := v.(string); ok {
			g.bytes += len(s)
		}
	}
	g.batch = append(g.batch, out)
	g.rows++
	if len(g.batch) == batchRows || g.bytes >= groupBytes {
		if err := g.write(); err != nil {
			return err
		}
	}
	if g.rows >= groupRows || g.bytes >= groupBytes {
		return g.flush()
	}
	return nil
}

func valueOf(v any, c assure.Column) (pq.Value, error) {
	switch v := v.(type) {
	case nil:
		return pq.NullValue(), nil
	case int64:
		if c.Integer {
			return pq.Int64Value(v), nil
		}
	case string:
		if !c.Integer {
			return pq.ByteArrayValue([]byte(v)), nil
		}
	}
	return pq.Value{}, fmt.Errorf("a value of type %T does not fit the column", v)
}

func (g *group) write() error {
	if _, err := g.out.WriteRows(g.batch); err != nil {
		return fmt.Errorf("write %s as Parquet: %w", g.name, err)
	}
	g.batch = g.batch[:0]
	return nil
}

func (g *group) flush() error {
	if err := g.write(); err != nil {
		return err
	}
	if g.rows == 0 {
		return nil
	}
	g.rows, g.bytes = 0, 0
	if err := g.out.Flush(); err != nil {
		return fmt.Errorf("write %s as Parquet: %w", g.name, err)
	}
	return nil
}
