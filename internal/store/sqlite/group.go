package sqlite

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// group holds the Append calls that wait for a transaction. Whichever of them gets the writer
// takes all that wait into its transaction and answers them.
type group struct {
	mu      sync.Mutex
	waiting []*call
	last    int // calls that waited when the last transaction began; of whoever holds the writer
}

type call struct {
	org     id.Org
	pull    id.Pull
	drafts  []record.Draft
	done    chan struct{}
	receipt record.Receipt
	err     error
}

// groupLimit bounds the drafts of one transaction, so that nobody waits for long.
const groupLimit = 4096

// Append appends a few records: whole or not at all, and safe when it returns.
func (s *Store) Append(ctx context.Context, org id.Org, p id.Pull, drafts []record.Draft) (record.Receipt, error) {
	if len(drafts) == 0 {
		return record.Receipt{}, fault.Refuse("nothing to append")
	}
	c := &call{org: org, pull: p, drafts: drafts, done: make(chan struct{})}
	s.group.mu.Lock()
	s.group.waiting = append(s.group.waiting, c)
	s.group.mu.Unlock()
	select {
	case <-c.done:
		return c.receipt, c.err
	case s.token <- struct{}{}:
	case <-ctx.Done():
		if s.group.remove(c) {
			return record.Receipt{}, ctx.Err()
		}
		<-c.done // it is in a transaction already and may succeed
		return c.receipt, c.err
	}
	for !c.answered() {
		s.lead()
	}
	s.release()
	<-c.done
	return c.receipt, c.err
}

func (c *call) answered() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (g *group) remove(c *call) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, c)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	return i >= 0
}

// patience is for how many turns of the scheduler the leader waits without anybody coming.
const patience = 50

// take removes the calls of the next transaction. Callers that were just answered come back
// within moments: letting them run first makes groups whole instead of halves.
func (g *group) take() []*call {
	for before, idle := 0, 0; idle < patience; idle++ {
		g.mu.Lock()
		n := len(g.waiting)
		g.mu.Unlock()
		if n >= g.last {
			break
		}
		if n > before {
			before, idle = n, 0
		}
		runtime.Gosched()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	n, drafts := 0, 0
	for n < len(g.waiting) && (n == 0 || drafts+len(g.waiting[n].drafts) <= groupLimit) {
		drafts += len(g.waiting[n].drafts)
		n++
	}
	taken := slices.Clone(g.waiting[:n])
	g.last = len(g.waiting)
	g.waiting = slices.Delete(g.waiting, 0, n)
	return taken
}

// lead runs one transaction for those who wait. The caller holds the writer.
func (s *Store) lead() {
	calls := s.group.take()
	if s.conn == nil {
		for _, c := range calls {
			c.err = errClosed
			close(c.done)
		}
		return
	}
	batches := map[id.Org]*batch{}
	sealed := map[id.Org]ledger.Signed{}
	sizes := map[id.Org]int64{}
	err := s.transact(func() error {
		for _, c := range calls {
			c.receipt, c.err = s.join(batches, c)
		}
		for _, b := range s.batches {
			if len(b.entries) == 0 {
				continue // nothing new was said
			}
			sizes[b.o.id] = b.o.tree.Size()
			signed, err := s.seal(b)
			if err != nil {
				return err
			}
			sealed[b.o.id] = signed
		}
		return nil
	})
	for _, c := range calls {
		switch signed, ok := sealed[c.org]; {
		case err != nil:
			c.receipt, c.err = record.Receipt{}, err
		case c.err == nil && ok:
			c.receipt = receipt(c.pull, c.receipt.First, c.receipt.First+c.receipt.Count, signed)
		case c.err == nil:
			c.receipt.Checkpoint, c.err = s.present(c.org)
		}
		close(c.done)
	}
	if err != nil {
		return
	}
	for org, c := range sealed {
		s.anchorSoon(org, time.Second)
		s.checkpointSoon(c.Size - sizes[org])
	}
}

// join decides a call within the transaction; a refusal is of that call alone.
func (s *Store) join(batches map[id.Org]*batch, c *call) (record.Receipt, error) {
	b, ok := batches[c.org]
	if !ok {
		o, err := s.state(c.org)
		if err != nil {
			return record.Receipt{}, err
		}
		b = s.newBatch(o)
		batches[c.org] = b
	}
	first := b.next
	_, err := b.add(c.drafts, c.pull, first)
	return record.Receipt{Pull: c.pull, First: first, Count: b.next - first}, err
}
