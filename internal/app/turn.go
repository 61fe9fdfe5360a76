package app

import "context"

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
