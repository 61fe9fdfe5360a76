package oidc

import (
	"context"
	"errors"
	"sync"
	"time"
)

// cached is something of the provider's that is fetched when needed, by one goroutine at a time,
// and kept. When the provider does not answer, what is held serves on until it is too old; and
// a failure is remembered for a moment, so that a flood of sign-ins does not each wait for it.
type cached[T any] struct {
	now   func() time.Time
	fetch func(context.Context) (T, error)
	gate  chan struct{} // holds one: whoever fetches

	mu    sync.Mutex
	value T
	got   *time.Time // nil: never
	tried *time.Time
	err   error // of the last try
}

func newCached[T any](now func() time.Time, fetch func(context.Context) (T, error)) *cached[T] {
	return &cached[T]{now: now, fetch: fetch, gate: make(chan struct{}, 1)}
}

// load gives the value, fetched at most age ago if the provider answers.
func (c *cached[T]) load(ctx context.Context, age time.Duration) (T, error) {
	if v, settled, err := c.look(age); settled {
		return v, err
	}
	if err := c.enter(ctx, age); err != nil {
		return c.held(err)
	}
	defer func() { <-c.gate }()
	if v, settled, err := c.look(age); settled { // someone else was faster
		return v, err
	}
	// Without the caller's cancellation: a person who leaves must not fail the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	v, err := c.fetch(ctx)

	c.mu.Lock()
	now := c.now()
	c.tried, c.err = &now, err
	if err == nil {
		c.value, c.got = v, &now
	}
	c.mu.Unlock()
	if err == nil {
		return v, nil
	}
	return c.held(err)
}

var errUnderWay = errors.New("somebody else is asking the provider")

// enter waits for the right to fetch, or gives up at once where an old value will do.
func (c *cached[T]) enter(ctx context.Context, age time.Duration) error {
	select {
	case c.gate <- struct{}{}:
		return nil
	default:
	}
	if _, err := c.held(errUnderWay); err == nil && age >= fresh {
		return errUnderWay
	}
	select {
	case c.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look answers without the provider where that is right.
func (c *cached[T]) look(age time.Duration) (v T, settled bool, err error) {
	c.mu.Lock()
	now, got, tried, failed := c.now(), c.got, c.tried, c.err
	v = c.value
	c.mu.Unlock()
	if got != nil && within(now, *got, age) {
		return v, true, nil
	}
	if failed != nil && within(now, *tried, pause) {
		v, err = c.held(failed)
		return v, true, err
	}
	return v, false, nil
}

// held is what there is: the value unless it is too old, else why there is none.
func (c *cached[T]) held(why error) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.got != nil && within(c.now(), *c.got, keep) {
		return c.value, nil
	}
	var none T
	return none, why
}

// within reports whether less than d has passed. A clock that was set back makes things old.
func within(now, since time.Time, d time.Duration) bool {
	passed := now.Sub(since)
	return passed >= 0 && passed < d
}
