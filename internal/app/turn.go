package app

import (
	"context"

	"github.com/assayhq/assay/internal/fault"
)

// turn bounds how much is tested at a time in one installation, whatever the number of its organizations: each run keeps both of its
// workers and their memory busy.
type turn chan struct{}

// atOnce is how many runs may be under way.
const atOnce = 2

// take waits for a turn. The answer gives it back, and may be called where there is none.
func (t turn) take(ctx context.Context) (done func(), err error) {
	if t == nil {
		return func() {}, nil // nobody else is there
	}
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
}

// draws bounds how many documents are drawn at a time in one installation, and how many wait for it: each takes tens of MiB and, for a
// large program, seconds. Nil bounds nothing.
type draws struct{ now, waiting chan struct{} }

func newDraws() *draws { return &draws{make(chan struct{}, atOnce), make(chan struct{}, 4*atOnce)} }

// one draws when it is its turn. Where too many wait already it is fault.Busy at once.
func (d *draws) one(ctx context.Context, draw func() error) error {
	if d == nil {
		return draw()
	}
	select {
	case d.waiting <- struct{}{}:
		defer func() { <-d.waiting }()
	default:
		return &fault.Error{Kind: fault.Busy, What: "too many documents are being drawn", Hint: "try again in a minute"}
	}
	select {
	case d.now <- struct{}{}:
		defer func() { <-d.now }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return draw()
}
