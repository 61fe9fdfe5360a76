package sqlite

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// conn is the writer's connection, once the entries before are written.
func (b *batch) conn() (*conn, error) { return b.s.conn, b.wait() }

// wait ends the writing beside.
func (b *batch) wait() error {
	if b.writing == nil {
		return nil
	}
	err := <-b.writing
	b.writing = nil
	return err
}

// flush writes the entries.
func (b *batch) flush() error {
	if err := b.wait(); err != nil || len(b.entries) == 0 {
		return err
	}
	return b.write(b.take())
}

// flushBeside writes the entries while the caller decides the next ones. Those know nothing of
// these but through the database, and who asks the database waits.
func (b *batch) flushBeside() error {
	if err := b.wait(); err != nil || len(b.entries) == 0 {
		return err
	}
	entries, done := b.take(), make(chan error, 1)
	b.writing = done
	go func() { done <- b.write(entries) }()
	return nil
}

// take hands the entries over to be written.
func (b *batch) take() []entry {
	entries := b.entries
	b.entries, b.spare = b.spare[:0], entries
	clear(b.keys)
	return entries
}

// write writes entries: rows of the projections while another core makes the canonical bytes
// and hashes, then the records, then what they complete of the tree.
func (b *batch) write(entries []entry) error {
	b.received = max(b.received, civil.InstantOf(b.s.clock()))
	encoded := make(chan error, 1)
	if len(entries) < 16 { // not worth the handing over
		encoded <- b.encode(entries)
	} else {
		go func() { encoded <- b.encode(entries) }()
	}
	err := b.insertRows(entries)
	if err = errors.Join(err, <-encoded); err != nil {
		return err
	}
	if err := b.insertRecords(entries); err != nil {
		return err
	}
	for i := range entries {
		if err := b.tree.Append(ledger.LeafHash(entries[i].commitment), b.insertTile); err != nil {
			return err
		}
	}
	clear(entries)
	return nil
}

func (b *batch) encode(entries []entry) error {
	b.bytes = b.bytes[:0]
	for i := range entries {
		e := &entries[i]
		if _, err := io.ReadFull(b.s.salts, e.salt[:]); err != nil {
			return fmt.Errorf("make a salt: %w", err)
		}
		r := record.Record{
			Register: e.row.Register, Key: e.row.Key, Version: e.version, Source: e.source, Pull: e.pull,
			Event: e.row.Event, Recorded: e.row.Recorded, Received: b.received, Body: e.row.Body,
		}
		start := len(b.bytes)
		b.bytes = ledger.Open(b.bytes, e.salt[:])
		e.from = len(b.bytes)
		b.bytes = r.Append(b.bytes)
		e.to = len(b.bytes)
		e.commitment = sha256.Sum256(b.bytes[start:])
	}
	return nil
}

// insertRows writes the projection rows table by table, each in the order of the ledger.
func (b *batch) insertRows(all []entry) error {
	var tables []*table
	byTable := map[*table][]*entry{}
	for i := range all {
		e := &all[i]
		if _, ok := byTable[e.t]; !ok {
			tables = append(tables, e.t)
		}
		byTable[e.t] = append(byTable[e.t], e)
	}
	for _, t := range tables {
		entries := byTable[t]
		for len(entries) > 0 {
			i := widest(t.inserts, len(entries))
			if err := b.insertChunk(i.sql, entries[:i.rows]); err != nil {
				return err
			}
			entries = entries[i.rows:]
		}
	}
	for i := range all {
		if e := &all[i]; e.previous != 0 {
			q, err := b.s.conn.prepare(e.t.update)
			if err != nil {
				return err
			}
			if err := q.int(e.idx).int(e.previous).run(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) insertChunk(sql string, entries []*entry) error {
	q, err := b.s.conn.prepare(sql)
	if err != nil {
		return err
	}
	q.text(string(b.o.id)).int(int64(b.received))
	for _, e := range entries {
		if len(e.row.Columns) != len(e.t.fields) {
			q.reset()
			return fmt.Errorf("%s: %d values for the %d fields of the register", record.Name(e.row.Register, e.row.Key, e.version), len(e.row.Columns), len(e.t.fields))
		}
		q.int(e.idx).text(e.row.Key).int(int64(e.version)).int(e.until)
		q.instant(e.row.Event).instant(e.row.Recorded)
		q.text(string(e.pull)).text(e.source).blob(e.body[:])
		for _, v := range e.row.Columns {
			if err := q.value(v); err != nil {
				q.reset()
				return fmt.Errorf("%s: %w", record.Name(e.row.Register, e.row.Key, e.version), err)
			}
		}
	}
	return q.run()
}

func (s *stmt) instant(i *civil.Instant) *stmt {
	if i == nil {
		return s.null()
	}
	return s.int(int64(*i))
}

var recordInserts = []insert{recordInsert(50), recordInsert(10), recordInsert(1)}

func recordInsert(n int) insert {
	sql := "INSERT OR ROLLBACK INTO records (org, idx, received, salt, bytes, commitment) VALUES "
	for i := range n {
		if i > 0 {
			sql += ", "
		}
		sql += fmt.Sprintf("(?1, ?2 + %d, ?3, ?%d, ?%d, ?%d)", i, 4+3*i, 5+3*i, 6+3*i)
	}
	return insert{n, sql}
}

func (b *batch) insertRecords(entries []entry) error {
	for len(entries) > 0 {
		chunk := widest(recordInserts, len(entries))
		q, err := b.s.conn.prepare(chunk.sql)
		if err != nil {
			return err
		}
		q.text(string(b.o.id)).int(entries[0].idx).int(int64(b.received))
		for i := range chunk.rows {
			e := &entries[i]
			q.blob(e.salt[:]).blob(b.bytes[e.from:e.to]).blob(e.commitment[:])
		}
		if err := q.run(); err != nil {
			return err
		}
		entries = entries[chunk.rows:]
	}
	return nil
}

// insertTile keeps a tile above the leaves, unless the transaction has not changed it.
func (b *batch) insertTile(level int, n int64, hashes []tlog.Hash) error {
	below := ledger.TileHeight * level
	if level == 0 || b.o.tree.Size()>>below == b.tree.Size()>>below {
		return nil
	}
	q, err := b.s.conn.prepare(`INSERT INTO tiles (org, level, n, hashes) VALUES (?, ?, ?, ?)
		ON CONFLICT (org, level, n) DO UPDATE SET hashes = excluded.hashes`)
	if err != nil {
		return err
	}
	return q.text(string(b.o.id)).int(int64(level)).int(n).blob(ledger.JoinTile(hashes)).run()
}

// seal flushes, writes the edge of the tree and signs its checkpoint. The signature leaves
// this room only after the transaction is durable.
func (s *Store) seal(b *batch) (ledger.Signed, error) {
	if err := b.flush(); err != nil {
		return ledger.Signed{}, err
	}
	if err := b.tree.Edge(b.insertTile); err != nil {
		return ledger.Signed{}, err
	}
	c, err := ledger.Checkpoint{Origin: ledger.Origin(b.o.id), Size: b.tree.Size(), Root: b.tree.Root()}.Sign(b.o.signer)
	if err != nil {
		return c, err
	}
	q, err := s.conn.prepare("INSERT INTO checkpoints (org, size, note) VALUES (?, ?, ?)")
	if err != nil {
		return c, err
	}
	return c, q.text(string(b.o.id)).int(c.Size).text(string(c.Note)).run()
}
