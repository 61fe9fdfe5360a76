package sqlite

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Project makes a body's projection values, in the order of the schema's fields.
type Project = func(body []byte) ([]any, error)

// Ensure readies the projection of a register: its table, and its rows when the schema's
// columns are others than before. It comes before the first append to the register in a
// process and costs one look-up when nothing changed.
func (s *Store) Ensure(ctx context.Context, org id.Org, schema *register.Schema, project Project) error {
	if isSystem(schema.Name) {
		return fault.Refuse("register %q: names that start with %q are Assay's own", schema.Name, systemPrefix)
	}
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	o, ok := s.orgs[org]
	if !ok {
		return &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no organization %q", org)}
	}
	t := newTable(schema, project)
	if have, ok := o.tables[schema.Name]; ok && have.name == t.name {
		return nil
	}
	name, err := s.tableName(ctx, org, schema.Name)
	if s.conf.Inspect && (o.fault != nil || errors.Is(err, fault.Integrity) || err == nil && name == "") {
		if name == t.name {
			o.tables[schema.Name] = t
		}
		return nil // nothing is written, and Verify says what it cannot check
	}
	if err != nil {
		return err
	}
	if name != t.name && s.conf.ReadOnly {
		return s.layout(schema.Name)
	}
	if name != t.name {
		err := s.transact(func() error { return s.rebuild(ctx, o, t, name) })
		if err != nil {
			return fmt.Errorf("project register %s: %w", schema.Name, err)
		}
	}
	o.tables[schema.Name] = t
	return nil
}

// rebuild makes the table of a register and fills it from the ledger.
func (s *Store) rebuild(ctx context.Context, o *orgState, t *table, old string) error {
	if err := s.conn.exec(t.create()); err != nil {
		return err
	}
	if old != "" {
		q, err := s.conn.prepare("DELETE FROM " + quote(old) + " WHERE _org = ?")
		if err != nil {
			return err
		}
		if err := q.text(string(o.id)).run(); err != nil {
			return err
		}
		if err := s.fill(ctx, o, t); err != nil {
			return err
		}
	}
	return s.enter(o, t)
}

// fill projects the records of a register again, in the order of the ledger, and then says of
// each which one superseded it: the first that came with a higher version.
func (s *Store) fill(ctx context.Context, o *orgState, t *table) error {
	insert, err := s.conn.prepare(widest(t.inserts, 1).sql)
	if err != nil {
		return err
	}
	q, err := s.conn.prepare("SELECT idx, bytes FROM records WHERE org = ? AND bytes IS NOT NULL ORDER BY idx")
	if err != nil {
		return err
	}
	err = q.text(string(o.id)).rows(func() error {
		r, err := record.Parse(q.colBytes(1))
		if err != nil {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("record #%d", q.colInt(0)), Err: err, Hint: "run assay verify"}
		}
		if r.Register != t.register {
			return ctx.Err()
		}
		columns, err := t.project(r.Body)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name(), err)
		}
		body := sha256.Sum256(r.Body)
		insert.text(string(o.id)).int(int64(r.Received)).int(q.colInt(0)).text(r.Key).int(int64(r.Version)).int(register.MaxIndex)
		insert.instant(r.Event).instant(r.Recorded).text(string(r.Pull)).text(r.Source).blob(body[:])
		for _, v := range columns {
			if err := insert.value(v); err != nil {
				return err
			}
		}
		return insert.run()
	})
	if err != nil {
		return err
	}
	u, err := s.conn.prepare(fmt.Sprintf(`UPDATE %[1]s SET _until = coalesce(%[2]s, %[3]d) WHERE _org = ? AND _erased = 0`,
		quote(t.name), supersededBy(t, quote(t.name)), register.MaxIndex))
	if err != nil {
		return err
	}
	if err := u.text(string(o.id)).run(); err != nil {
		return err
	}
	known, err := s.System(ctx, o.id, record.Erasures, register.MaxIndex)
	if err != nil {
		return err
	}
	_, groups, err := erasures(known)
	for _, indexes := range groups[t.register] {
		if err == nil {
			err = s.markErased(o, t, indexes)
		}
	}
	return err
}

// supersededBy is the ledger index at which a row of the table got a later version, or NULL.
func supersededBy(t *table, row string) string {
	return fmt.Sprintf(`(SELECT min(n._idx) FROM %[1]s n WHERE n._org = %[2]s._org AND n._key = %[2]s._key AND n._version > %[2]s._version)`, quote(t.name), row)
}
