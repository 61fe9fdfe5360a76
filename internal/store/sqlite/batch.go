package sqlite

import (
	"crypto/sha256"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// batch collects what a transaction appends to one ledger. First each draft is decided in
// memory, so that a refused call leaves nothing to undo in the database; flush then writes.
type batch struct {
	s        *Store
	o        *orgState
	tree     *ledger.Tree
	received civil.Instant
	next     int64 // ledger index of the next record
	entries  []entry
	keys     map[tableKey]*history
	fresh    []*table   // made in this transaction
	undo     []func()   // puts the decisions of the running call back
	writing  chan error // of a pull: the entries of the Add before, on their way into the database
	spare    []entry
	bytes    []byte
	call     int             // number of the running call; a pull is one call
	wide     bool            // a pull: unchanged keys are remembered in the database, not in memory
	written  *bloom          // of a pull: keys written to tables that were empty before it
	empty    map[*table]bool // of a pull: whether a table was
}

type tableKey struct {
	t   *table
	key string
}

// history is what is known of the versions of a key, those of this batch included.
type history struct {
	list      []version // by version
	all       bool      // all versions, not only the latest
	unchanged int       // the call that said the same again; 0 when none did
}

type version struct {
	version int
	idx     int64
	body    [sha256.Size]byte
	erased  bool
	rowid   int64 // of the database, 0 while the version is only in this batch
	entry   int   // position in the batch, when rowid is 0
}

// entry is a decided draft that is not yet written.
type entry struct {
	t          *table
	row        *register.Row
	source     string
	pull       id.Pull
	idx        int64
	version    int
	until      int64
	previous   int64 // rowid of the version that this one supersedes
	body       [sha256.Size]byte
	salt       [ledger.SaltSize]byte
	from, to   int // canonical bytes within batch.bytes
	commitment [32]byte
}

func (s *Store) newBatch(o *orgState) *batch {
	t := o.tree.Clone()
	b := &batch{s: s, o: o, tree: t, received: o.received, next: t.Size(), keys: map[tableKey]*history{}}
	s.batches = append(s.batches, b)
	return b
}

// add decides the drafts of one call; first is the index from which records belong to the same
// pull or call. With an error the batch is as it was before.
func (b *batch) add(drafts []record.Draft, pull id.Pull, first int64) ([]record.Outcome, error) {
	before, next := len(b.entries), b.next
	b.undo = b.undo[:0]
	if !b.wide || b.call == 0 {
		b.call++
	}
	out := make([]record.Outcome, len(drafts))
	for i, d := range drafts {
		var err error
		if out[i], err = b.decide(d, pull, first); err != nil {
			for _, undo := range slices.Backward(b.undo) {
				undo()
			}
			b.entries, b.next = b.entries[:before], next
			return nil, err
		}
	}
	return out, nil
}

func (b *batch) decide(d record.Draft, pull id.Pull, first int64) (record.Outcome, error) {
	r := d.Row
	t, err := b.table(r.Register)
	if err != nil {
		return 0, err
	}
	if r.Key == "" {
		return 0, fault.At("", r.Line, "key", "is empty")
	}
	e := entry{t: t, row: r, source: d.Source, pull: pull, version: max(r.Version, 1), until: register.MaxIndex, body: sha256.Sum256(r.Body)}
	if isNew, err := b.isNew(t, r.Key); isNew || err != nil {
		b.push(e)
		return record.Added, err
	}
	h, err := b.history(t, r.Key, r.Version > 0)
	if err != nil {
		return 0, err
	}
	if len(h.list) == 0 {
		b.put(h, 0, e)
		return record.Added, nil
	}
	if r.Version > 0 {
		return b.explicit(h, e)
	}
	latest := h.list[len(h.list)-1]
	if latest.body == e.body && !latest.erased {
		return record.Unchanged, b.sawAgain(h, t, r.Key)
	}
	again, err := b.saidAgain(h, t, r.Key)
	if err != nil {
		return 0, err
	}
	if latest.idx >= first || again {
		return 0, fault.At("", r.Line, "key", "%q comes twice with different content in one pull; expected one row per key, or record_version to tell versions apart", r.Key)
	}
	e.version = latest.version + 1
	b.put(h, len(h.list), e)
	return record.Superseded, nil
}

// explicit decides a draft whose source gave the version.
func (b *batch) explicit(h *history, e entry) (record.Outcome, error) {
	at, found := slices.BinarySearchFunc(h.list, e.version, func(v version, n int) int { return v.version - n })
	if found {
		if h.list[at].body == e.body && !h.list[at].erased {
			return record.Unchanged, nil
		}
		return 0, fault.At("", e.row.Line, "record_version", "version %d of %q is there with other content; expected the same content or another version", e.version, e.row.Key)
	}
	outcome := record.Superseded
	if at < len(h.list) {
		// A version that arrives after a higher one was never the latest: it counts as
		// superseded from the start.
		outcome = record.Added
		for _, v := range h.list[at:] {
			e.until = min(e.until, v.idx)
		}
	}
	b.put(h, at, e)
	return outcome, nil
}

// put gives the entry its place in the ledger and among the versions of its key.
func (b *batch) put(h *history, at int, e entry) {
	e.idx = b.next
	if e.until == register.MaxIndex && at > 0 {
		prev := h.list[at-1]
		if prev.rowid != 0 {
			e.previous = prev.rowid
		} else {
			p := &b.entries[prev.entry]
			was := p.until
			p.until = e.idx
			n := prev.entry
			b.undo = append(b.undo, func() { b.entries[n].until = was })
		}
	}
	b.undo = append(b.undo, func() { h.list = slices.Delete(h.list, at, at+1) })
	h.list = slices.Insert(h.list, at, version{version: e.version, idx: e.idx, body: e.body, entry: len(b.entries)})
	b.push(e)
}

// push gives the entry the next place in the ledger.
func (b *batch) push(e entry) {
	e.idx = b.next
	b.next++
	b.entries = append(b.entries, e)
}

// history finds the versions of a key.
func (b *batch) history(t *table, key string, all bool) (*history, error) {
	k := tableKey{t, key}
	h, ok := b.keys[k]
	if ok && (h.all || !all) {
		return h, nil
	}
	if !ok {
		h = &history{}
		b.keys[k] = h
	}
	sql := t.latest
	if all {
		sql = t.versions
	}
	c, err := b.conn()
	if err != nil {
		return nil, err
	}
	q, err := c.prepare(sql)
	if err != nil {
		return nil, err
	}
	var list []version
	err = q.text(string(b.o.id)).text(key).rows(func() error {
		v := version{version: int(q.colInt(0)), idx: q.colInt(1), rowid: q.colInt(3)}
		v.erased = copy(v.body[:], q.colBytes(2)) == 0
		list = append(list, v)
		return nil
	})
	for _, v := range h.list { // those of this batch come last
		if v.rowid == 0 {
			list = append(list, v)
		}
	}
	h.list, h.all = list, all
	return h, err
}

// isNew reports that a key cannot be in the database, without looking: it is not among the
// keys that the pull has written, and before the pull the table was empty.
func (b *batch) isNew(t *table, key string) (bool, error) {
	if !b.wide {
		return false, nil
	}
	empty, ok := b.empty[t]
	if !ok {
		c, err := b.conn()
		if err != nil {
			return false, err
		}
		q, err := c.prepare("SELECT 1 FROM " + quote(t.name) + " WHERE _org = ? LIMIT 1")
		if err != nil {
			return false, err
		}
		empty = true
		if err := q.text(string(b.o.id)).rows(func() error { empty = false; return nil }); err != nil {
			return false, err
		}
		b.empty[t] = empty
		if empty && b.written == nil {
			b.written = newBloom()
		}
	}
	if !empty {
		return false, nil
	}
	if !b.written.add(t.name, key) {
		return true, nil
	}
	// Perhaps it is among the entries that no history speaks of: then the database must.
	for i := range b.entries {
		if e := &b.entries[i]; e.t == t && e.row.Key == key {
			return false, b.flush()
		}
	}
	return false, nil
}

// sawAgain remembers that the pull named a key without saying anything new.
func (b *batch) sawAgain(h *history, t *table, key string) error {
	if h.unchanged == b.call {
		return nil
	}
	was := h.unchanged
	b.undo = append(b.undo, func() { h.unchanged = was })
	h.unchanged = b.call
	if !b.wide {
		return nil
	}
	c, err := b.conn()
	if err != nil {
		return err
	}
	q, err := c.prepare("INSERT OR IGNORE INTO temp.seen (name, key) VALUES (?, ?)")
	if err != nil {
		return err
	}
	return q.text(t.name).text(key).run()
}

func (b *batch) saidAgain(h *history, t *table, key string) (bool, error) {
	if h.unchanged == b.call || !b.wide {
		return h.unchanged == b.call, nil
	}
	c, err := b.conn()
	if err != nil {
		return false, err
	}
	q, err := c.prepare("SELECT 1 FROM temp.seen WHERE name = ? AND key = ?")
	if err != nil {
		return false, err
	}
	found := false
	err = q.text(t.name).text(key).rows(func() error { found = true; return nil })
	return found, err
}

// table finds the projection of a register; those of system registers are made at first use.
func (b *batch) table(register string) (*table, error) {
	t, ok := b.o.tables[register]
	if ok {
		return t, nil
	}
	if !isSystem(register) {
		return nil, fault.Refuse("register %q is not declared in this organization", register).
			WithHint("declare it with a schema file, or correct its name")
	}
	t = systemTable(register)
	c, err := b.conn()
	if err != nil {
		return nil, err
	}
	if err := c.exec(t.create()); err != nil {
		return nil, err
	}
	if err := b.s.enter(b.o, t); err != nil {
		return nil, err
	}
	b.o.tables[register] = t
	b.fresh = append(b.fresh, t)
	return t, nil
}
