package sqlite

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// pull is the transaction of one act of collecting.
type pull struct {
	s     *Store
	o     *orgState
	b     *batch
	id    id.Pull
	first int64
	done  bool
	err   error // after it only Rollback is left
}

// OpenPull starts a pull: it takes the writer and begins the transaction that Commit ends.
func (s *Store) OpenPull(ctx context.Context, org id.Org, p id.Pull) (record.Writer, error) {
	if err := s.acquire(ctx); err != nil {
		return nil, err
	}
	w, err := s.openPull(org, p)
	if err != nil {
		s.release()
		return nil, err
	}
	return w, nil
}

func (s *Store) openPull(org id.Org, p id.Pull) (*pull, error) {
	o, err := s.state(org)
	if err != nil {
		return nil, err
	}
	if err := s.begin(); err != nil {
		return nil, err
	}
	w := &pull{s: s, o: o, b: s.newBatch(o), id: p}
	w.b.wide, w.b.empty, w.first = true, map[*table]bool{}, w.b.next
	if err := s.conn.exec("DELETE FROM temp.seen"); err != nil {
		s.abandon()
		return nil, s.explain(err)
	}
	return w, nil
}

// Add appends drafts.
func (w *pull) Add(ctx context.Context, drafts []record.Draft) ([]record.Outcome, error) {
	if w.done || w.err != nil {
		return nil, errors.Join(w.err, errors.New("the pull is over"))
	}
	out, err := w.add(ctx, drafts)
	w.err = err
	return out, err
}

func (w *pull) add(ctx context.Context, drafts []record.Draft) ([]record.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out, err := w.b.add(drafts, w.id, w.first)
	if err == nil {
		err = w.b.flushBeside()
	}
	return out, w.s.explain(err)
}

// Commit seals the pull's own record and makes all durable.
func (w *pull) Commit(ctx context.Context, p record.Pull) (record.Receipt, error) {
	if w.done || w.err != nil {
		return record.Receipt{}, errors.Join(w.err, errors.New("the pull is over"))
	}
	c, err := w.commit(ctx, p)
	if err != nil {
		w.err = err
		return record.Receipt{}, err
	}
	r := receipt(w.id, w.first, w.b.next, c)
	w.done = true
	w.s.anchorSoon(w.o.id, 0)
	w.s.checkpointSoon(r.Count)
	w.s.release()
	return r, nil
}

func (w *pull) commit(ctx context.Context, p record.Pull) (ledger.Signed, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Signed{}, err
	}
	p.ID = w.id
	body, err := canonical(p)
	if err != nil {
		return ledger.Signed{}, err
	}
	d := record.Draft{Row: &register.Row{Register: record.Pulls, Key: string(w.id), Body: body}, Source: p.Source}
	out, err := w.b.add([]record.Draft{d}, w.id, w.first)
	if err == nil && out[0] != record.Added {
		err = fault.Refuse("there is a pull %s already", w.id)
	}
	var c ledger.Signed
	if err == nil {
		c, err = w.s.seal(w.b)
	}
	if err == nil {
		err = w.s.commit()
	}
	return c, w.s.explain(err)
}

// Rollback leaves no trace of the pull.
func (w *pull) Rollback() error {
	if w.done {
		return nil
	}
	w.done = true
	w.s.abandon()
	w.s.release()
	return nil
}

func receipt(p id.Pull, first, next int64, c ledger.Signed) record.Receipt {
	return record.Receipt{Pull: p, First: first, Count: next - first, Checkpoint: assure.Checkpoint{Size: c.Size, Root: c.RootHex()}}
}

// canonical is the canonical JSON of a value.
func canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return register.Canonical(b)
}

func unmarshal(b []byte, v any) error { return json.Unmarshal(b, v) }
