package sqlite

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// maxDefects bounds the list of a verification; the rest is counted.
const maxDefects = 1000

// Verify checks an organization's ledger as it lies on the disk: every record against its leaf,
// the tree against every signed checkpoint and the one kept outside, and every projection row
// against its record. It reads one state of the database and changes nothing. Blobs are checked
// by whoever keeps them.
//
// A record and its leaf in the database can be changed together by whoever can write there. So
// leaves are known from three sides: computed from the records, stored beside them, and kept in the tiles outside. A side is believed when its root is that of a
// checkpoint with a valid signature, the one outside first.
func (s *Store) Verify(ctx context.Context, org id.Org, progress func(done, total int64)) (record.Verification, error) {
	if err := s.acquire(ctx); err != nil {
		return record.Verification{}, err
	}
	o, ok := s.orgs[org]
	var tables map[string]*table
	if ok {
		tables = maps.Clone(o.tables)
	}
	s.release()
	if !ok {
		return record.Verification{}, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no organization %q", org)}
	}
	open := openConn
	if s.conf.ReadOnly {
		open = openReadOnly
	}
	c, err := open(filepath.Join(s.conf.Dir, "assay.db"), "query_only = ON", "cache_size = -16384")
	if err != nil {
		return record.Verification{}, s.explain(err)
	}
	defer c.close()
	if err := c.exec("BEGIN"); err != nil {
		return record.Verification{}, err
	}
	v := &verifier{s: s, c: c, o: o, ctx: ctx, progress: progress, erased: map[int64]bool{}, erasedBy: map[int64]bool{}, badRow: map[int64]string{}}
	if v.rows, err = openRows(v, tables); err != nil {
		return record.Verification{}, s.explain(err)
	}
	if err := v.run(); err != nil {
		return record.Verification{}, s.explain(err)
	}
	return v.out, nil
}

type verifier struct {
	s        *Store
	c        *conn
	o        *orgState
	ctx      context.Context
	progress func(done, total int64)
	rows     *rowChecker
	out      record.Verification

	// The leaves from three sides, and whether each side is believed.
	computed, stored, outside       ledger.Tree
	computedOK, storedOK, outsideOK bool
	anchor                          ledger.Signed
	anchorBad                       bool // there is one outside, and it cannot be read
	suspects                        []suspect

	last     ledger.Signed // checkpoint
	lastGood int64         // size of the last checkpoint that has the ledger's root
	firstBad int64         // size of the first that has not
	received civil.Instant
	erased   map[int64]bool
	erasedBy map[int64]bool
	badRow   map[int64]string
	kept     []byte // level 0, outside
	owed     string // the record after which a checkpoint must follow
	sealed   int64  // size of the last checkpoint seen
	org      orgRow
}

// suspect is an index at which the sides disagree.
type suspect struct {
	index                     int64
	computed, stored, outside tlog.Hash
	missing                   bool
	hasOutside                bool
	name                      string
}

func (v *verifier) defect(kind record.DefectKind, index int64, name, format string, args ...any) {
	if len(v.out.Defects) == maxDefects {
		v.out.Omitted++
		return
	}
	v.out.Defects = append(v.out.Defects, record.Defect{Kind: kind, Index: index, Name: name, What: fmt.Sprintf(format, args...)})
}

func (v *verifier) run() error {
	if err := v.begin(); err != nil {
		return err
	}
	if err := v.readOrg(); err != nil {
		return err
	}
	total, err := v.scan()
	if err != nil {
		return err
	}
	v.out.Size = total
	if err := v.judge(); err != nil {
		return err
	}
	v.outsideThere()
	v.founded()
	for index := range v.erased {
		if !v.erasedBy[index] {
			v.defect(record.Unopened, index, v.rows.name(index, ""), "the content is gone and no record of an erasure names it")
		}
	}
	if err := v.rows.finish(); err != nil {
		return err
	}
	slices.SortStableFunc(v.out.Defects, func(a, b record.Defect) int { return int(min(max(a.Index-b.Index, -1), 1)) })
	return nil
}

// begin reads the last checkpoint and the one outside.
func (v *verifier) begin() error {
	q, err := v.c.prepare("SELECT note FROM checkpoints WHERE org = ? ORDER BY size DESC LIMIT 1")
	if err != nil {
		return err
	}
	err = q.text(string(v.o.id)).rows(func() error {
		c, err := parseNote(q.colText(0))
		if err != nil {
			v.defect(record.BadSeal, -1, "", "the last checkpoint: %v", err)
			return nil
		}
		v.last = c
		return nil
	})
	if err != nil || v.o.verifier == nil {
		return err
	}
	v.anchor, err = v.s.anchor.checkpoint(v.o.id, v.o.verifier)
	if err != nil {
		v.defect(record.BadSeal, -1, "", "%v", err)
		v.anchor, v.anchorBad = ledger.Signed{}, true
	}
	return nil
}

// scan walks the records in order beside the checkpoints, and fills the trees.
func (v *verifier) scan() (int64, error) {
	seals, err := v.c.prepare("SELECT size, note FROM checkpoints WHERE org = ? ORDER BY size")
	if err != nil {
		return 0, err
	}
	defer seals.reset()
	seals.text(string(v.o.id))
	moreSeals, err := seals.step()
	if err != nil {
		return 0, err
	}
	q, err := v.c.prepare("SELECT idx, received, salt, bytes, commitment FROM records WHERE org = ? ORDER BY idx")
	if err != nil {
		return 0, err
	}
	next := int64(0)
	advance := func() error {
		next++
		for moreSeals && seals.colInt(0) == next {
			v.sealed = next
			v.seal(seals)
			if moreSeals, err = seals.step(); err != nil {
				return err
			}
		}
		if v.owed != "" && v.sealed != next {
			v.defect(record.BadSeal, next-1, v.owed, "the checkpoint of %d records, which was signed with this record as the last, is missing", next)
		}
		v.owed = ""
		if v.anchor.Size == next {
			v.outsideOK = v.outside.Size() == next && v.outside.Root() == v.anchor.Root
		}
		if v.progress != nil && next%10_000 == 0 {
			v.progress(next, v.last.Size)
		}
		return v.ctx.Err()
	}
	gap := func(to int64) error {
		for next < to {
			if err := v.leaf(next, tlog.Hash{}, tlog.Hash{}, true, ""); err != nil {
				return err
			}
			if err := advance(); err != nil {
				return err
			}
		}
		return nil
	}
	err = q.text(string(v.o.id)).rows(func() error {
		index := q.colInt(0)
		if index < 0 {
			v.defect(record.Inserted, index, "", "a record before the first")
			return nil
		}
		if err := gap(index); err != nil {
			return err
		}
		if index >= v.last.Size {
			r, _ := record.Parse(q.colBytes(3))
			v.defect(record.Inserted, index, v.rows.name(index, nameOf(r)), "no checkpoint covers this record: it was not recorded by Assay")
		}
		computed, stored, name, err := v.open(index, q)
		if err != nil {
			return err
		}
		if err := v.leaf(index, computed, stored, false, name); err != nil {
			return err
		}
		return advance()
	})
	if err != nil {
		return next, err
	}
	if err := gap(v.last.Size); err != nil {
		return next, err
	}
	for moreSeals {
		v.defect(record.BadSeal, -1, "", "a checkpoint of %d records; the ledger holds %d", seals.colInt(0), next)
		if moreSeals, err = seals.step(); err != nil {
			return next, err
		}
	}
	return next, nil
}

func nameOf(r record.Record) string {
	if r.Register == "" {
		return ""
	}
	return r.Name()
}

// open computes a record's leaf, beside the one that is stored with it, and checks what the
// record says of itself.
func (v *verifier) open(index int64, q *stmt) (computed, stored tlog.Hash, name string, err error) {
	received := civil.Instant(q.colInt(1))
	if received < v.received {
		v.defect(record.Misplaced, index, v.rows.name(index, ""), "received before the record that stands before it")
	}
	v.received = max(v.received, received)
	var commitment [32]byte
	copy(commitment[:], q.colBytes(4))
	stored = ledger.LeafHash(commitment)
	if q.colNull(3) {
		v.erased[index] = true
		return stored, stored, "", v.rows.erasedRow(index, received)
	}
	b := q.colBytes(3)
	computed = ledger.LeafHash(ledger.Commit(q.colBytes(2), b))
	r, err := record.Parse(b)
	if err != nil {
		return computed, stored, "", nil //nolint:nilerr // the leaf will not match; the row tells the name
	}
	if r.Received != received {
		v.defect(record.Misplaced, index, v.rows.name(index, r.Name()), "the received time beside the record is %s, the record says %s", received, r.Received)
	}
	v.owes(index, r)
	if r.Register == record.Erasures {
		var e erasureBody
		if unmarshal(r.Body, &e) == nil {
			for _, i := range e.Indexes {
				v.erasedBy[i] = true
			}
		}
	}
	return computed, stored, r.Name(), v.rows.check(index, r)
}

// leaf adds an index to the trees and notes where they disagree.
func (v *verifier) leaf(index int64, computed, stored tlog.Hash, missing bool, name string) error {
	if index >= v.last.Size {
		return nil // no tree speaks of it
	}
	kept, hasKept, err := v.keptLeaf(index)
	if err != nil {
		return err
	}
	none := func(int, int64, []tlog.Hash) error { return nil }
	if err := v.computed.Append(computed, none); err != nil {
		return err
	}
	if err := v.stored.Append(stored, v.upperTile); err != nil {
		return err
	}
	if hasKept {
		if err := v.outside.Append(kept, none); err != nil {
			return err
		}
	}
	if missing || computed != stored || hasKept && (computed != kept || stored != kept) {
		if len(v.suspects) == maxDefects {
			v.out.Omitted++
			return nil
		}
		v.suspects = append(v.suspects, suspect{index, computed, stored, kept, missing, hasKept, v.rows.name(index, name)})
	}
	return nil
}

// seal checks a checkpoint of the database at the size that the scan has reached.
func (v *verifier) seal(q *stmt) {
	size := q.colInt(0)
	c, err := parseNote(q.colText(1))
	if err == nil && v.o.verifier != nil {
		_, err = ledger.OpenCheckpoint(c.Note, v.o.verifier)
	}
	if err != nil {
		v.defect(record.BadSeal, size-1, "", "the checkpoint of %d records: %v", size, err)
		return
	}
	computed, stored := v.computed.Root() == c.Root, v.stored.Root() == c.Root
	if c.Size != size || !computed && !stored {
		// Where nothing else tells which record it is, the checkpoint before bounds it.
		if len(v.suspects) == 0 && v.firstBad == 0 {
			v.firstBad = size
			v.defect(record.BadSeal, size-1, "", "the checkpoint of %d records has another root than the ledger: a record from #%d to #%d is not as sealed", size, v.lastGood, size-1)
		}
		return
	}
	v.lastGood = size
	if size == v.last.Size {
		v.computedOK, v.storedOK = computed, stored
	}
}

// judge decides for each suspect which side is at fault.
func (v *verifier) judge() error {
	if err := v.stored.Edge(v.upperTile); err != nil {
		return err
	}
	for _, x := range v.suspects {
		v.judgeOne(x)
	}
	switch {
	case v.anchor.Size > v.last.Size:
		v.defect(record.RolledBack, v.last.Size, "", "the ledger ends after %d records; the checkpoint kept outside the database covers %d: records #%d to #%d are gone",
			v.last.Size, v.anchor.Size, v.last.Size, v.anchor.Size-1)
	case v.anchor.Size > 0 && len(v.suspects) == 0:
		// A tree that cannot be read has its defect already.
		if root, err := v.rootAt(v.anchor.Size); err == nil && root != v.anchor.Root {
			v.defect(record.Forked, -1, "", "the ledger has another history than the checkpoint of %d records kept outside the database", v.anchor.Size)
		}
	}
	v.out.Anchored = min(v.anchor.Size, v.last.Size)
	v.out.Unanchored = max(v.last.Size-v.anchor.Size, 0)
	return nil
}

func (v *verifier) rootAt(size int64) (tlog.Hash, error) {
	return tlog.TreeHash(size, ledger.Tiles(v.dbTile))
}

func (v *verifier) judgeOne(x suspect) {
	truth, by := x.stored, "the ledger"
	switch {
	case x.hasOutside && v.outsideOK:
		truth, by = x.outside, "the tree kept outside the database"
		if x.stored != truth && x.computed == truth {
			v.defect(record.Tile, x.index, x.name, "the leaf stored beside the record was changed; the record is as sealed")
			return
		}
	case v.storedOK: // the tiles make the signed root
	case v.computedOK:
		v.defect(record.Tile, x.index, x.name, "the leaf stored beside the record was changed; the record is as sealed")
		return
	}
	switch {
	case x.missing:
		v.defect(record.Deleted, x.index, x.name, "the record was deleted: %s has its leaf", by)
	case x.computed == truth:
	case x.computed == x.stored && v.storedOK:
		v.defect(record.Forked, x.index, x.name, "another record was sealed here before: %s has another leaf", by)
	default:
		v.defect(record.Altered, x.index, x.name, "the record is not the one that was sealed: it does not match its leaf in %s", by)
	}
}
