package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// Size is the number of records in an organization's ledger.
func (s *Store) Size(ctx context.Context, org id.Org) (int64, error) {
	c, err := s.Checkpoint(ctx, org)
	return c.Size, err
}

// SizeAt is the size of the ledger as known at a time: the last pull or append whose records
// had all been received by then.
func (s *Store) SizeAt(ctx context.Context, org id.Org, t civil.Instant) (int64, error) {
	records, _, err := s.lastRecord(ctx, org)
	if err != nil {
		return 0, err
	}
	// Received times never go back along the ledger.
	known := sort.Search(int(records), func(i int) bool {
		var received int64
		e := s.reader.QueryRowContext(ctx, `SELECT received FROM records WHERE org = ? AND idx = ?`, string(org), i).Scan(&received)
		err = errors.Join(err, e)
		return received > int64(t)
	})
	if err != nil {
		return 0, err
	}
	var size int64
	err = s.reader.QueryRowContext(ctx, `SELECT coalesce(max(size), 0) FROM checkpoints WHERE org = ? AND size <= ?`, string(org), known).Scan(&size)
	return size, err
}

// Checkpoint is the latest signed checkpoint.
func (s *Store) Checkpoint(ctx context.Context, org id.Org) (ledger.Signed, error) {
	var text string
	err := s.reader.QueryRowContext(ctx, `SELECT note FROM checkpoints WHERE org = ? ORDER BY size DESC LIMIT 1`, string(org)).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Signed{}, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no organization %q, or its ledger has no checkpoint", org)}
	}
	if err != nil {
		return ledger.Signed{}, err
	}
	return parseNote(text)
}

// parseNote reads a note that this store wrote; its signature is checked where it counts.
func parseNote(text string) (ledger.Signed, error) {
	at := bytes.Index([]byte(text), []byte("\n\n"))
	if at < 0 {
		return ledger.Signed{}, &fault.Error{Kind: fault.Integrity, What: "a checkpoint of the database is not a signed note"}
	}
	c, err := ledger.ParseCheckpoint(text[:at+1])
	if err != nil {
		return ledger.Signed{}, &fault.Error{Kind: fault.Integrity, What: "a checkpoint of the database", Err: err}
	}
	return ledger.Signed{Checkpoint: c, Note: []byte(text)}, nil
}

// Checkpoints lists all signed checkpoints, by size.
func (s *Store) Checkpoints(ctx context.Context, org id.Org) ([]ledger.Signed, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT note FROM checkpoints WHERE org = ? ORDER BY size`, string(org))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ledger.Signed
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		c, err := parseNote(text)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// CheckpointAt is the signed checkpoint of a size that is committed; it is signed now if no
// transaction ended there. In a copy of somebody else's ledger it then carries no note.
func (s *Store) CheckpointAt(ctx context.Context, org id.Org, size int64) (ledger.Signed, error) {
	latest, err := s.Checkpoint(ctx, org)
	if err != nil {
		return ledger.Signed{}, err
	}
	if size < 1 || size > latest.Size {
		return ledger.Signed{}, fault.Refuse("no checkpoint of %d records: the ledger holds %d", size, latest.Size)
	}
	var text string
	err = s.reader.QueryRowContext(ctx, `SELECT note FROM checkpoints WHERE org = ? AND size = ?`, string(org), size).Scan(&text)
	if err == nil {
		return parseNote(text)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return ledger.Signed{}, err
	}
	if err := s.acquire(ctx); err != nil {
		return ledger.Signed{}, err
	}
	o, err := s.state(org)
	s.release()
	copied := false
	if o != nil {
		if _, copied = o.signer.(foreign); copied {
			err = o.fault // nothing is going to be written
		}
	}
	if err != nil {
		return ledger.Signed{}, err
	}
	root, err := s.rootAt(ctx, org, size)
	if err != nil {
		return ledger.Signed{}, err
	}
	c := ledger.Checkpoint{Origin: ledger.Origin(org), Size: size, Root: root}
	if copied {
		return ledger.Signed{Checkpoint: c}, nil // a prefix of what its owner signed, without a signature of its own
	}
	return c.Sign(o.signer)
}

// present names the state of a ledger.
func (s *Store) present(org id.Org) (assure.Checkpoint, error) {
	c, err := s.Checkpoint(context.Background(), org)
	return assure.Checkpoint{Size: c.Size, Root: c.RootHex()}, err
}

const sealedColumns = "idx, salt, bytes, commitment"

func scanSealed(rows *sql.Rows) (record.Sealed, error) {
	var r record.Sealed
	var commitment sql.RawBytes
	err := rows.Scan(&r.Index, (*sql.RawBytes)(&r.Salt), (*sql.RawBytes)(&r.Bytes), &commitment)
	copy(r.Commitment[:], commitment)
	return r, err
}

// Scan calls fn for the records of [from, to), in order. What it hands over is valid during fn.
func (s *Store) Scan(ctx context.Context, org id.Org, from, to int64, fn func(record.Sealed) error) error {
	rows, err := s.reader.QueryContext(ctx, "SELECT "+sealedColumns+" FROM records WHERE org = ? AND idx >= ? AND idx < ? ORDER BY idx", string(org), from, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	for next := from; rows.Next(); next++ {
		r, err := scanSealed(rows)
		if err != nil {
			return err
		}
		if r.Index != next {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("record #%d is missing from the ledger of %s", next, org), Hint: "run assay verify"}
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// At returns one record by its place in the ledger.
func (s *Store) At(ctx context.Context, org id.Org, index int64) (record.Sealed, error) {
	var out record.Sealed
	found := false
	err := s.Scan(ctx, org, index, index+1, func(r record.Sealed) error {
		r.Salt, r.Bytes = bytes.Clone(r.Salt), bytes.Clone(r.Bytes)
		out, found = r, true
		return nil
	})
	if err == nil && !found {
		err = &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no record #%d in the ledger of %s", index, org)}
	}
	return out, err
}

// known opens a record that is not erased.
func (s *Store) known(ctx context.Context, org id.Org, index int64) (record.Known, error) {
	r, err := s.At(ctx, org, index)
	if err != nil {
		return record.Known{}, err
	}
	if r.Erased() {
		return record.Known{Index: index}, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("the content of record #%d was erased", index)}
	}
	rec, err := record.Parse(r.Bytes)
	if err != nil {
		err = &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("record #%d", index), Err: err, Hint: "run assay verify"}
	}
	return record.Known{Index: index, Record: rec}, err
}

// tableName is the projection of a register of an organization, or "". Another table than one of
// the register's own, or one that is not there, is a fault.Integrity.
func (s *Store) tableName(ctx context.Context, org id.Org, name string) (string, error) {
	var t string
	var there bool
	err := s.reader.QueryRowContext(ctx, `SELECT name, EXISTS (SELECT 1 FROM sqlite_master m WHERE m.type = 'table' AND m.name = p.name)
		FROM projections p WHERE org = ? AND register = ?`, string(org), name).Scan(&t, &there)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err == nil && (!there || !ownTable(name, t)) {
		err = &fault.Error{Kind: fault.Integrity, File: s.conf.Dir, What: fmt.Sprintf("the rows of register %s are said to be in %q, which is no table of it", name, t), Hint: "run assay verify"}
	}
	return t, err
}

// ownTable reports whether a table can hold the rows of a register, in whatever layout.
func ownTable(register, table string) bool {
	rest, ok := strings.CutPrefix(table, "r_"+register+"_")
	return ok && !strings.Contains(rest, "_")
}

// Lookup finds a record by its name; version 0 means the latest.
func (s *Store) Lookup(ctx context.Context, org id.Org, name, key string, version int) (record.Known, error) {
	missing := &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no record %s/%s", name, key)}
	if version > 0 {
		missing.What = "no record " + record.Name(name, key, version)
	}
	t, err := s.tableName(ctx, org, name)
	if err != nil {
		return record.Known{}, err
	}
	if t == "" {
		return record.Known{}, missing
	}
	var index int64
	err = s.reader.QueryRowContext(ctx, "SELECT _idx FROM "+quote(t)+` WHERE _org = ? AND _key = ? AND (? = 0 OR _version = ?) ORDER BY _version DESC LIMIT 1`,
		string(org), key, version, version).Scan(&index)
	if errors.Is(err, sql.ErrNoRows) {
		return record.Known{}, missing
	}
	if err != nil {
		return record.Known{}, err
	}
	return s.known(ctx, org, index)
}

// Brought lists the pulls that brought the versions of a key, and the place of the first version in
// the ledger. Of a key that is not there, or was erased, it lists none.
func (s *Store) Brought(ctx context.Context, org id.Org, name, key string) (pulls []id.Pull, first int64, err error) {
	t, err := s.tableName(ctx, org, name)
	if err != nil || t == "" {
		return nil, 0, err
	}
	rows, err := s.reader.QueryContext(ctx, "SELECT _pull, min(_idx) FROM "+quote(t)+" WHERE _org = ? AND _key = ? AND _erased = 0 GROUP BY _pull ORDER BY 2 DESC", string(org), key)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var p id.Pull
		if err := rows.Scan(&p, &first); err != nil {
			return nil, 0, err
		}
		pulls = append(pulls, p)
	}
	return pulls, first, rows.Err()
}

// System lists the latest version of each key of a system register as known at a size, by key.
func (s *Store) System(ctx context.Context, org id.Org, name string, size int64) ([]record.Known, error) {
	t, err := s.tableName(ctx, org, name)
	if err != nil || t == "" {
		return nil, err
	}
	return s.knownRows(ctx, org, `SELECT r.idx, r.bytes FROM `+quote(t)+` p JOIN records r ON r.org = p._org AND r.idx = p._idx
		WHERE p._org = ? AND p._idx < ? AND p._until >= ? AND p._until > p._idx AND p._erased = 0 ORDER BY p._key`, string(org), size, size)
}

// lastRecord is the number of records and the received time of the last one.
func (s *Store) lastRecord(ctx context.Context, org id.Org) (int64, civil.Instant, error) {
	var index, received int64
	err := s.reader.QueryRowContext(ctx, `SELECT idx, received FROM records WHERE org = ? ORDER BY idx DESC LIMIT 1`, string(org)).Scan(&index, &received)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	return index + 1, civil.Instant(received), err
}

// Tile is a tile of the tree as wide as the ledger makes it: the hashes of up to 256 subtrees.
func (s *Store) Tile(ctx context.Context, org id.Org, level int, n int64) ([]byte, error) {
	if level == 0 {
		return s.leaves(ctx, org, n)
	}
	var b []byte
	err := s.reader.QueryRowContext(ctx, `SELECT hashes FROM tiles WHERE org = ? AND level = ? AND n = ?`, string(org), level, n).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("tile %d/%d of the ledger of %s is missing", level, n, org), Hint: "run assay verify"}
	}
	return b, err
}

// leavesOf selects the commitments of a tile of leaves.
const leavesOf = `SELECT idx, commitment FROM records WHERE org = ?1 AND idx >= ?2 * 256 AND idx < (?2 + 1) * 256 ORDER BY idx`

func (s *Store) leaves(ctx context.Context, org id.Org, n int64) ([]byte, error) {
	rows, err := s.reader.QueryContext(ctx, leavesOf, string(org), n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var b []byte
	for next := n * ledger.TileWidth; rows.Next(); next++ {
		var index int64
		var commitment sql.RawBytes
		if err := rows.Scan(&index, &commitment); err != nil {
			return nil, err
		}
		if index != next {
			return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("record #%d is missing from the ledger of %s", next, org), Hint: "run assay verify"}
		}
		b = appendLeaf(b, commitment)
	}
	return b, rows.Err()
}

func appendLeaf(b, commitment []byte) []byte {
	var c [32]byte
	copy(c[:], commitment)
	h := ledger.LeafHash(c)
	return append(b, h[:]...)
}

func (s *Store) tiles(ctx context.Context, org id.Org) ledger.Tiles {
	return func(level int, n int64) ([]byte, error) { return s.Tile(ctx, org, level, n) }
}

// Hashes reads the tree of a ledger, for proofs.
func (s *Store) Hashes(ctx context.Context, org id.Org) tlog.HashReader { return s.tiles(ctx, org) }

// enter notes which table holds a register of an organization.
func (s *Store) enter(o *orgState, t *table) error {
	q, err := s.conn.prepare(`INSERT INTO projections (org, register, name) VALUES (?, ?, ?) ON CONFLICT (org, register) DO UPDATE SET name = excluded.name`)
	if err != nil {
		return err
	}
	return q.text(string(o.id)).text(t.register).text(t.name).run()
}
