package account

import (
	"context"

	"github.com/assayhq/assay/internal/fault"
)

// crew does what is dear, a few at a time, with a short queue before it. Beyond that it says at once that it is busy, so that a
// flood of sign-ins takes neither the memory nor the processors from everybody else.
type crew struct{ places, work chan struct{} }

func newCrew(atATime, queue int) crew {
	return crew{places: make(chan struct{}, atATime+queue), work: make(chan struct{}, atATime)}
}

func (c crew) do(ctx context.Context, job func() error) error {
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	default:
		return &fault.Error{Kind: fault.Busy, What: "too many people sign in at this moment", Hint: "try again in a few seconds"}
	}
	select {
	case c.work <- struct{}{}:
		defer func() { <-c.work }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return job()
}
