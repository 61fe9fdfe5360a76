package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Seal appends one record as the last leaf of a ledger of exactly the size given, and answers
// the checkpoint right after it. If the ledger has grown meanwhile it is a fault.Busy and
// nothing is appended.
func (s *Store) Seal(ctx context.Context, org id.Org, size int64, d record.Draft) (record.Sealed, ledger.Signed, error) {
	if err := s.acquire(ctx); err != nil {
		return record.Sealed{}, ledger.Signed{}, err
	}
	defer s.release()
	o, err := s.state(org)
	if err != nil {
		return record.Sealed{}, ledger.Signed{}, err
	}
	if have := o.tree.Size(); have != size {
		return record.Sealed{}, ledger.Signed{}, &fault.Error{
			Kind: fault.Busy, What: fmt.Sprintf("the ledger holds %d records by now, expected %d", have, size), Hint: "repeat: something was recorded meanwhile",
		}
	}
	var c ledger.Signed
	err = s.transact(func() error {
		b := s.newBatch(o)
		out, err := b.add([]record.Draft{d}, "", b.next)
		if err == nil && out[0] == record.Unchanged {
			err = fault.Refuse("%s/%s says this already", d.Row.Register, d.Row.Key)
		}
		if err == nil {
			c, err = s.seal(b)
		}
		return err
	})
	if err != nil {
		return record.Sealed{}, c, err
	}
	r, err := s.At(ctx, org, size)
	if err == nil {
		err = s.anchorNow(context.WithoutCancel(ctx), org)
	}
	return r, c, err
}

// erasureBody is what the record of an erasure says: nothing of what was erased.
type erasureBody struct {
	Authority string   `json:"authority"`
	Blobs     []string `json:"blobs,omitempty"`
	Indexes   []int64  `json:"indexes"`
	Kept      []string `json:"kept_files,omitempty"`
	Reason    string   `json:"reason"`
	Register  string   `json:"register"`
}

// Erase destroys the content of every version of one key: bytes, salt and typed rows, also in
// the free space of the database file. The leaves and with them all proofs stay, and a record
// says which leaves have lost their content, by whose authority.
func (s *Store) Erase(ctx context.Context, org id.Org, e record.Erasure) (record.Receipt, error) {
	if isSystem(e.Register) {
		return record.Receipt{}, fault.Refuse("records of %s are how the ledger explains itself and cannot be erased", e.Register)
	}
	if err := s.acquire(ctx); err != nil {
		return record.Receipt{}, err
	}
	defer s.release()
	o, err := s.state(org)
	if err != nil {
		return record.Receipt{}, err
	}
	t, ok := o.tables[e.Register]
	alone := e.Register == "" && len(e.Blobs) > 0 // files, without a record
	if !ok && !alone {
		return record.Receipt{}, fault.Refuse("register %q is not declared in this organization", e.Register)
	}
	// What SQLite frees it then overwrites; and what the log still holds goes with it.
	if err := s.conn.exec("PRAGMA secure_delete = ON"); err != nil {
		return record.Receipt{}, s.explain(err)
	}
	var r record.Receipt
	err = s.transact(func() error {
		if alone {
			r, err = s.sealErasure(o, e, []int64{})
		} else {
			r, err = s.erase(o, t, e)
		}
		return err
	})
	if err == nil {
		err = s.explain(s.conn.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"))
	}
	if e := s.conn.exec("PRAGMA secure_delete = OFF"); err == nil {
		err = s.explain(e)
	}
	if err == nil {
		err = s.anchorNow(context.WithoutCancel(ctx), org)
	}
	return r, err
}

func (s *Store) erase(o *orgState, t *table, e record.Erasure) (record.Receipt, error) {
	var indexes []int64
	q, err := s.conn.prepare("SELECT _idx FROM " + quote(t.name) + " WHERE _org = ? AND _key = ? AND _erased = 0")
	if err != nil {
		return record.Receipt{}, err
	}
	if err := q.text(string(o.id)).text(e.Key).rows(func() error { indexes = append(indexes, q.colInt(0)); return nil }); err != nil {
		return record.Receipt{}, err
	}
	if len(indexes) == 0 {
		return record.Receipt{}, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no record %s/%s", e.Register, e.Key)}
	}
	slices.Sort(indexes)
	for _, index := range indexes {
		if err := s.forget(o, index); err != nil {
			return record.Receipt{}, err
		}
	}
	if q, err = s.conn.prepare("DELETE FROM " + quote(t.name) + " WHERE _org = ? AND _key = ?"); err != nil {
		return record.Receipt{}, err
	}
	if err := q.text(string(o.id)).text(e.Key).run(); err != nil {
		return record.Receipt{}, err
	}
	if err := s.markErased(o, t, indexes); err != nil {
		return record.Receipt{}, err
	}
	return s.sealErasure(o, e, indexes)
}

// sealErasure appends the record that says which leaves and which files have lost their content.
func (s *Store) sealErasure(o *orgState, e record.Erasure, indexes []int64) (record.Receipt, error) {
	body, err := canonical(erasureBody{Authority: e.Authority, Blobs: e.Blobs, Indexes: indexes, Kept: e.Kept, Reason: e.Reason, Register: e.Register})
	if err != nil {
		return record.Receipt{}, err
	}
	b := s.newBatch(o)
	first := b.next
	key := fmt.Sprintf("erasure-files-%d", first)
	if len(indexes) > 0 {
		key = fmt.Sprintf("erasure-%d", indexes[0])
	}
	d := record.Draft{Source: e.Source, Row: &register.Row{Register: record.Erasures, Key: key, Body: body}}
	if _, err := b.add([]record.Draft{d}, "", first); err != nil {
		return record.Receipt{}, err
	}
	c, err := s.seal(b)
	return receipt("", first, b.next, c), err
}

// forget takes salt and bytes from a record and leaves their commitment.
func (s *Store) forget(o *orgState, index int64) error {
	q, err := s.conn.prepare("SELECT salt, bytes, commitment FROM records WHERE org = ? AND idx = ? AND bytes IS NOT NULL")
	if err != nil {
		return err
	}
	sound := false
	err = q.text(string(o.id)).int(index).rows(func() error {
		c := ledger.Commit(q.colBytes(0), q.colBytes(1))
		sound = string(c[:]) == string(q.colBytes(2))
		return nil
	})
	if err != nil {
		return err
	}
	if !sound { // afterwards nobody could tell any more
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("record #%d is not as it was sealed", index), Hint: "run assay verify"}
	}
	if q, err = s.conn.prepare("UPDATE records SET salt = NULL, bytes = NULL WHERE org = ? AND idx = ?"); err != nil {
		return err
	}
	return q.text(string(o.id)).int(index).run()
}

// markErased leaves one row per erased record in the projection, so that a count of a
// population still holds. The key went too: it may name a person.
func (s *Store) markErased(o *orgState, t *table, indexes []int64) error {
	sql := fmt.Sprintf(`INSERT INTO %s (%s) SELECT org, idx, ?1, ?2, ?3, NULL, NULL, received, '', '', 1, NULL FROM records WHERE org = ?4 AND idx = ?5`,
		quote(t.name), strings.Join(metaColumns, ", "))
	q, err := s.conn.prepare(sql)
	if err != nil {
		return err
	}
	for i, index := range indexes {
		until := register.MaxIndex
		if i+1 < len(indexes) {
			until = indexes[i+1]
		}
		if err := q.text(fmt.Sprintf("erased-%d", indexes[0])).int(int64(i + 1)).int(until).text(string(o.id)).int(index).run(); err != nil {
			return err
		}
	}
	return nil
}

// erasures reads which records of a ledger were erased and of which register, from the records
// that say so.
func erasures(known []record.Known) (byIndex map[int64]string, groups map[string][][]int64, err error) {
	byIndex, groups = map[int64]string{}, map[string][][]int64{}
	for _, k := range known {
		var b erasureBody
		if err := unmarshal(k.Body, &b); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", k.Name(), err)
		}
		for _, i := range b.Indexes {
			byIndex[i] = b.Register
		}
		groups[b.Register] = append(groups[b.Register], b.Indexes)
	}
	return byIndex, groups, nil
}
