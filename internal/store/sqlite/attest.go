package sqlite

import (
	"bytes"
	"context"
	"fmt"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
)

// Attest keeps what somebody outside says of a checkpoint, beside it. The checkpoint must be one
// of this ledger, byte for byte, else it is a fault.Refused. Who has spoken for a checkpoint
// already is not heard again: the first word is the earliest.
func (s *Store) Attest(ctx context.Context, org id.Org, a ledger.Attestation) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	if _, err := s.state(org); err != nil {
		return err
	}
	q, err := s.conn.prepare("SELECT note FROM checkpoints WHERE org = ? AND size = ?")
	if err != nil {
		return err
	}
	var note []byte
	if err := q.text(string(org)).int(a.Size).rows(func() error { note = []byte(q.colText(0)); return nil }); err != nil {
		return s.explain(err)
	}
	if note == nil || !bytes.Equal(note, a.Note) {
		return fault.Refuse("the %s of %s is over a checkpoint of %d records that is not of this ledger", a.Kind, a.By, a.Size)
	}
	return s.transact(func() error {
		q, err := s.conn.prepare("INSERT INTO attestations (org, size, kind, by, at, note, proof) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
		if err != nil {
			return err
		}
		return q.text(string(org)).int(a.Size).text(string(a.Kind)).text(a.By).int(int64(a.At)).text(string(a.Note)).blob(a.Proof).run()
	})
}

// Attestations lists what was kept, by size, kind and name.
func (s *Store) Attestations(ctx context.Context, org id.Org) ([]ledger.Attestation, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT size, kind, by, at, note, proof FROM attestations WHERE org = ? ORDER BY size, kind, by", string(org))
	if err != nil {
		return nil, fmt.Errorf("read what was said of the checkpoints of %s: %w", org, err)
	}
	defer rows.Close()
	var out []ledger.Attestation
	for rows.Next() {
		var a ledger.Attestation
		var note string
		if err := rows.Scan(&a.Size, &a.Kind, &a.By, &a.At, &note, &a.Proof); err != nil {
			return nil, err
		}
		a.Note = []byte(note)
		out = append(out, a)
	}
	return out, rows.Err()
}

// Received is when a record was received.
func (s *Store) Received(ctx context.Context, org id.Org, index int64) (civil.Instant, error) {
	var at civil.Instant
	err := s.reader.QueryRowContext(ctx, "SELECT received FROM records WHERE org = ? AND idx = ?", string(org), index).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("read when record #%d was received: %w", index, err)
	}
	return at, nil
}
