package sqlite

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Public is the keys of ledgers that somebody else keeps: their verifier keys, by organization. Nothing can be signed with them, so that
// a store opened with them appends nothing, whatever it is asked.
type Public map[id.Org]string

// Verifier returns the key of an organization.
func (p Public) Verifier(org id.Org) (note.Verifier, error) {
	key, ok := p[org]
	if !ok {
		return nil, &fault.Error{Kind: fault.NotFound, What: "no key of " + string(org) + " is known"}
	}
	v, err := note.NewVerifier(key)
	if err == nil && v.Name() != ledger.Origin(org) {
		err = fault.Refuse("the key is for %q; expected one for %q", v.Name(), ledger.Origin(org))
	}
	return v, err
}

// Signer returns what refuses to sign.
func (p Public) Signer(org id.Org) (note.Signer, error) {
	v, err := p.Verifier(org)
	return foreign{v}, err
}

// foreign stands for the signing key of a ledger that somebody else keeps.
type foreign struct{ note.Verifier }

func (f foreign) Sign([]byte) ([]byte, error) { return nil, copied(f.Name()) }

// copied is the fault of writing to a copy of somebody else's ledger.
func copied(origin string) error {
	return &fault.Error{Kind: fault.Denied, What: origin + " is a copy of a ledger that its owner keeps and signs; nothing can be added to it here",
		Hint: "what you have to say of it belongs into your own ledger"}
}

// Adopted is a ledger that somebody else keeps, about to be copied.
type Adopted struct {
	Org id.Org
	// Checkpoints are its signed states, rising; the last one covers every record.
	Checkpoints []ledger.Signed
	// Schemas are the registers that this program knows, those that the ledger's owner declared included. Records of others are copied
	// without a projection: no test reads them.
	Schemas []*register.Schema
	// Records calls fn for every leaf, in the order of the ledger.
	Records func(ctx context.Context, fn func(record.Sealed) error) error
}

// Adopt makes a data folder that holds a copy of somebody else's ledger: the records with their exact bytes, salts and places, the tree,
// the checkpoints, and the projections that tests read. Whatever was checked before, it believes only the signatures: records that do not
// give the signed roots leave nothing behind. The folder must hold no database yet. It answers the registers of which records came and no
// schema is known, with how many.
func Adopt(ctx context.Context, c Config, a Adopted) (unknown map[string]int64, err error) {
	if _, err := os.Stat(filepath.Join(c.Dir, "assay.db")); err == nil {
		return nil, &fault.Error{Kind: fault.Refused, File: c.Dir, What: "holds a database already", Hint: "take the package in into a folder of its own"}
	}
	if _, own := c.Keys.(Public); !own {
		return nil, fault.Refuse("a copy of somebody else's ledger is kept without a signing key")
	}
	s, err := Open(ctx, c)
	if err != nil {
		return nil, err
	}
	unknown, err = s.adopt(ctx, a)
	return unknown, errors.Join(err, s.Close())
}

func (s *Store) adopt(ctx context.Context, a Adopted) (map[string]int64, error) {
	if len(a.Checkpoints) == 0 {
		return nil, fault.Refuse("the ledger has no signed checkpoint")
	}
	v, err := s.conf.Keys.Verifier(a.Org)
	if err != nil {
		return nil, err
	}
	for _, cp := range a.Checkpoints {
		if _, err := ledger.OpenCheckpoint(cp.Note, v); err != nil {
			return nil, err
		}
	}
	if err := s.acquire(ctx); err != nil {
		return nil, err
	}
	defer s.release()
	o := &orgState{id: a.Org, tree: &ledger.Tree{}, signer: foreign{v}, verifier: v, tables: map[string]*table{}}
	d := &adoption{s: s, o: o, a: a, unknown: map[string]int64{}, left: a.Checkpoints}
	if err := s.transact(func() error { return d.run(ctx) }); err != nil {
		return nil, err
	}
	s.orgs[o.id] = o
	return d.unknown, s.anchorNow(context.WithoutCancel(ctx), o.id)
}

// adoption carries one ledger into the database.
type adoption struct {
	s        *Store
	o        *orgState
	a        Adopted
	b        *batch
	left     []ledger.Signed // checkpoints not reached yet
	inserts  map[*table]*stmt
	record   *stmt
	received civil.Instant
	withheld []int64 // places of records whose content was erased
	unknown  map[string]int64
}

func (d *adoption) run(ctx context.Context) error {
	d.b = d.s.newBatch(d.o)
	if err := d.a.Records(ctx, d.take); err != nil {
		return err
	}
	if len(d.left) > 0 {
		return d.differs("ends after %d records; a checkpoint of %d was signed", d.b.tree.Size(), d.left[0].Size)
	}
	if last := d.a.Checkpoints[len(d.a.Checkpoints)-1]; d.b.tree.Size() != last.Size {
		return d.differs("holds %d records; the last checkpoint covers %d", d.b.tree.Size(), last.Size)
	}
	d.b.next, d.b.received = d.b.tree.Size(), d.received
	if err := d.b.tree.Edge(d.b.insertTile); err != nil {
		return err
	}
	return d.supersede(ctx)
}

func (d *adoption) differs(format string, args ...any) error {
	return &fault.Error{Kind: fault.Integrity, What: ledger.Origin(d.o.id) + " " + fmt.Sprintf(format, args...), Hint: "nothing was kept; ask for the package again"}
}

// found writes the organization as its first record says it, and the tables of its registers.
func (d *adoption) found(x record.Sealed) error {
	r, err := record.Decode(x.Bytes)
	var body orgBody
	if err == nil {
		err = unmarshal(r.Body, &body)
	}
	created, e := civil.ParseInstant(body.Created)
	if err = errors.Join(err, e); err != nil || r.Register != record.Organizations || r.Key != string(d.o.id) || body.ID != r.Key || body.Name == "" {
		return d.differs("does not begin with the record of its organization")
	}
	if _, err := civil.ParseZone(body.Zone); err != nil {
		return err
	}
	q, err := d.s.conn.prepare("INSERT INTO organizations (id, name, zone, created) VALUES (?, ?, ?, ?)")
	if err != nil {
		return err
	}
	if err := q.text(body.ID).text(body.Name).text(body.Zone).int(int64(created)).run(); err != nil {
		return err
	}
	if d.record, err = d.s.conn.prepare(widest(recordInserts, 1).sql); err != nil {
		return err
	}
	d.inserts = map[*table]*stmt{}
	for _, s := range d.a.Schemas {
		if isSystem(s.Name) {
			return fault.Refuse("register %q: names that start with %q are Assay's own", s.Name, systemPrefix)
		}
		if _, err := d.table(newTable(s, func(body []byte) ([]any, error) { return register.Project(s, body) })); err != nil {
			return err
		}
	}
	return nil
}

// table makes the table of a register.
func (d *adoption) table(t *table) (*table, error) {
	if err := d.s.conn.exec(t.create()); err != nil {
		return nil, err
	}
	if err := d.s.enter(d.o, t); err != nil {
		return nil, err
	}
	q, err := d.s.conn.prepare(widest(t.inserts, 1).sql)
	d.o.tables[t.register], d.inserts[t] = t, q
	return t, err
}

// take copies one record.
func (d *adoption) take(x record.Sealed) error {
	if x.Index != d.b.tree.Size() {
		return d.differs("gives record #%d where #%d was expected", x.Index, d.b.tree.Size())
	}
	if x.Index == 0 {
		if err := d.found(x); err != nil {
			return err
		}
	}
	commitment := x.Commit()
	q := d.record.text(string(d.o.id)).int(x.Index)
	if x.Erased() {
		d.withheld = append(d.withheld, x.Index)
		q.int(int64(d.received)).null().null().blob(commitment[:])
	} else {
		r, err := record.Parse(x.Bytes)
		if err != nil {
			return d.differs("record #%d: %v", x.Index, err)
		}
		if r.Received < d.received {
			return d.differs("record #%d was received before the one that it follows", x.Index)
		}
		d.received = r.Received
		q.int(int64(r.Received)).blob(x.Salt).blob(x.Bytes).blob(commitment[:])
		if err := d.project(x.Index, r); err != nil {
			d.record.reset()
			return err
		}
	}
	if err := q.run(); err != nil {
		return err
	}
	if err := d.b.tree.Append(ledger.LeafHash(commitment), d.b.insertTile); err != nil {
		return err
	}
	return d.checkpoint()
}

// checkpoint keeps the signed states that the tree has reached.
func (d *adoption) checkpoint() error {
	size := d.b.tree.Size()
	if len(d.left) == 0 || d.left[0].Size > size {
		return nil
	}
	cp := d.left[0]
	if cp.Size < size {
		return d.differs("has checkpoints out of order")
	}
	if root := d.b.tree.Root(); cp.Origin != ledger.Origin(d.o.id) || cp.Root != root {
		return d.differs("is not what was signed: of %d records the root is %s, %s was signed", size, root, cp.Root)
	}
	d.left = d.left[1:]
	q, err := d.s.conn.prepare("INSERT INTO checkpoints (org, size, note) VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	return q.text(string(d.o.id)).int(size).text(string(cp.Note)).run()
}

// project writes the row that tests read.
func (d *adoption) project(index int64, r record.Record) error {
	t, ok := d.o.tables[r.Register]
	if !ok && isSystem(r.Register) {
		var err error
		if t, err = d.table(systemTable(r.Register)); err != nil {
			return err
		}
		ok = true
	}
	if !ok {
		d.unknown[r.Register]++
		return nil
	}
	columns, err := t.project(r.Body)
	if err != nil {
		return d.differs("%s is no record of its register as this program knows it: %v", r.Name(), err)
	}
	body := sha256.Sum256(r.Body)
	q := d.inserts[t]
	q.text(string(d.o.id)).int(int64(r.Received)).int(index).text(r.Key).int(int64(r.Version)).int(register.MaxIndex)
	q.instant(r.Event).instant(r.Recorded).text(string(r.Pull)).text(r.Source).blob(body[:])
	for _, v := range columns {
		if err := q.value(v); err != nil {
			q.reset()
			return err
		}
	}
	return q.run()
}

// supersede says of each row which record superseded it, and leaves a row for each that was erased.
func (d *adoption) supersede(ctx context.Context) error {
	var known []record.Known
	for _, name := range slices.Sorted(maps.Keys(d.o.tables)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		t := d.o.tables[name]
		u, err := d.s.conn.prepare(fmt.Sprintf("UPDATE %[1]s SET _until = coalesce(%[2]s, %[3]d) WHERE _org = ?", quote(t.name), supersededBy(t, quote(t.name)), register.MaxIndex))
		if err != nil {
			return err
		}
		if err := u.text(string(d.o.id)).run(); err != nil {
			return err
		}
	}
	if t, ok := d.o.tables[record.Erasures]; ok {
		q, err := d.s.conn.prepare("SELECT r.idx, r.bytes FROM records r JOIN " + quote(t.name) + " p ON r.org = p._org AND r.idx = p._idx WHERE p._org = ? ORDER BY r.idx")
		if err != nil {
			return err
		}
		err = q.text(string(d.o.id)).rows(func() error {
			r, err := record.Decode(slices.Clone(q.colBytes(1)))
			known = append(known, record.Known{Index: q.colInt(0), Record: r})
			return err
		})
		if err != nil {
			return err
		}
	}
	by, groups, err := erasures(known)
	if err != nil {
		return err
	}
	for _, index := range d.withheld {
		if _, ok := by[index]; !ok {
			return d.differs("holds record #%d without its content, and no record of an erasure lists it", index)
		}
	}
	for name, list := range groups {
		t, ok := d.o.tables[name]
		for _, indexes := range list {
			if !ok || len(indexes) == 0 {
				continue
			}
			if err := d.s.markErased(d.o, t, indexes); err != nil {
				return err
			}
		}
	}
	return nil
}
