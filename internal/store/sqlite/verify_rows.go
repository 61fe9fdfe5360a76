package sqlite

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// rowChecker holds the projection rows against the records: for each table a cursor in the
// order of the ledger, so that every row and every record is read once.
type rowChecker struct {
	v      *verifier
	tables map[string]*cursor
	names  int // rows searched for a name, which is slow without an index
}

type cursor struct {
	t     *table
	q     *stmt
	more  bool
	index int64 // of the row that the cursor stands on
}

// maxNames bounds how often a name is searched for in all tables.
const maxNames = 50

func openRows(v *verifier, tables map[string]*table) (*rowChecker, error) {
	r := &rowChecker{v: v, tables: map[string]*cursor{}}
	q, err := v.c.prepare("SELECT register, name FROM projections WHERE org = ? ORDER BY register")
	if err != nil {
		return nil, err
	}
	err = q.text(string(v.o.id)).rows(func() error {
		register, name := q.colText(0), q.colText(1)
		t, ok := tables[register]
		if !ok && isSystem(register) {
			t, ok = systemTable(register), true
		}
		if !ok || t.name != name {
			v.defect(record.UnknownRows, -1, "", "the rows of register %s were not checked: its schema is not at hand, or is not the one they were made with", register)
			r.tables[register] = nil
			return nil
		}
		c, err := r.open(t)
		if err != nil {
			v.defect(record.Projection, -1, "", "the rows of register %s cannot be read: %v", register, err)
			c = nil
		}
		r.tables[register] = c
		return nil
	})
	return r, err
}

func (r *rowChecker) open(t *table) (*cursor, error) {
	columns := metaColumns[1:]
	for _, f := range t.fields {
		columns = append(columns[:len(columns):len(columns)], quote(f.Name))
	}
	q, err := r.v.c.prepare("SELECT " + strings.Join(columns, ", ") + " FROM " + quote(t.name) + " WHERE _org = ? ORDER BY _idx, rowid")
	if err != nil {
		return nil, err
	}
	q.text(string(r.v.o.id))
	c := &cursor{t: t, q: q}
	return c, c.next()
}

func (c *cursor) next() (err error) {
	if c.more, err = c.q.step(); c.more {
		c.index = c.q.colInt(0)
	}
	return err
}

// rowName is what the row under the cursor says it is.
func (c *cursor) rowName() string {
	return record.Name(c.t.register, c.q.colText(1), int(c.q.colInt(2)))
}

// seek moves the cursor to the row of an index and reports whether there is one. Rows on the
// way belong to no record.
func (r *rowChecker) seek(c *cursor, index int64) (bool, error) {
	for c.more && c.index < index {
		if c.index >= 0 && r.v.badRow[c.index] == "" {
			r.v.defect(record.Projection, c.index, c.rowName(), "a row without a record of its register at its place in the ledger")
		}
		if err := c.next(); err != nil {
			return false, err
		}
	}
	return c.more && c.index == index, nil
}

// check holds the row of a record against it.
func (r *rowChecker) check(index int64, rec record.Record) error {
	c, ok := r.tables[rec.Register]
	if c == nil {
		if !ok {
			r.v.defect(record.Projection, index, rec.Name(), "register %s has no rows for testing", rec.Register)
		}
		return nil
	}
	found, err := r.seek(c, index)
	if err != nil {
		return err
	}
	if !found {
		r.v.defect(record.Projection, index, rec.Name(), "the row for testing is missing")
		return nil
	}
	if differs := c.compare(rec); len(differs) > 0 {
		r.v.badRow[index] = rec.Name()
		r.v.defect(record.Projection, index, rec.Name(), "the row for testing differs from the record in %s", strings.Join(differs, ", "))
	}
	return c.next()
}

// compare names the columns in which the row differs from what the record makes.
func (c *cursor) compare(rec record.Record) []string {
	columns, err := c.t.project(rec.Body)
	if err != nil || len(columns) != len(c.t.fields) {
		return []string{fmt.Sprintf("all fields (%v)", err)}
	}
	body := sha256.Sum256(rec.Body)
	want := []any{
		rec.Key, int64(rec.Version), nil, when(rec.Event), when(rec.Recorded), int64(rec.Received), string(rec.Pull), rec.Source, int64(0), string(body[:]),
	}
	var out []string
	for i, w := range append(want, columns...) {
		var name string
		if i < len(want) {
			name = metaColumns[i+2]
		} else {
			name = c.t.fields[i-len(want)].Name
		}
		if name != register.ColUntil && c.q.colValue(int32(i+1)) != w {
			out = append(out, name)
		}
	}
	return out
}

func when(i *civil.Instant) any {
	if i == nil {
		return nil
	}
	return int64(*i)
}

// erasedRow passes the row of an erased record, in whichever table it is.
func (r *rowChecker) erasedRow(index int64, received civil.Instant) error {
	for _, c := range r.tables {
		if c == nil {
			continue
		}
		found, err := r.seek(c, index)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if c.q.colInt(9) != 1 || c.q.colInt(6) != int64(received) {
			r.v.defect(record.Projection, index, c.rowName(), "the row for testing still speaks of an erased record")
		}
		return c.next()
	}
	r.v.defect(record.Projection, index, "", "the row for testing of an erased record is missing")
	return nil
}

// name tells what a record at fault is called: as its row says, which whoever changed the
// record may have left alone; else as the record itself says.
func (r *rowChecker) name(index int64, own string) string {
	if r.names++; r.names > maxNames {
		return own
	}
	for _, c := range r.tables {
		if c == nil {
			continue
		}
		q, err := r.v.c.prepare("SELECT _key, _version FROM " + quote(c.t.name) + " WHERE _org = ? AND _idx = ?")
		if err != nil {
			return own
		}
		name := ""
		err = q.text(string(r.v.o.id)).int(index).rows(func() error {
			name = record.Name(c.t.register, q.colText(0), int(q.colInt(1)))
			return nil
		})
		if err == nil && name != "" {
			return name
		}
	}
	return own
}

// finish reports rows after the last record and rows that are superseded at another place than
// the versions of their key say.
func (r *rowChecker) finish() error {
	for _, c := range r.tables {
		if c == nil {
			continue
		}
		if _, err := r.seek(c, register.MaxIndex); err != nil {
			return err
		}
		c.q.reset()
		t := quote(c.t.name)
		q, err := r.v.c.prepare(fmt.Sprintf(`SELECT p._idx, p._key, p._version FROM %[1]s p WHERE p._org = ? AND p._erased = 0
			AND p._until <> coalesce(%[2]s, %[3]d) ORDER BY p._idx`, t, supersededBy(c.t, "p"), register.MaxIndex))
		if err != nil {
			return err
		}
		err = q.text(string(r.v.o.id)).rows(func() error {
			r.v.defect(record.Projection, q.colInt(0), record.Name(c.t.register, q.colText(1), int(q.colInt(2))),
				"the row for testing says another version superseded it than the versions of its key show")
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
