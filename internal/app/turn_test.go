package app

import (
	"context"
	"errors"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// TestDraws: two are drawn at a time, some wait, and the next is refused at once.
func TestDraws(t *testing.T) {
	t.Parallel()
	d := newDraws()
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error)
	const most = 4 * atOnce
	for range most {
		go func() {
			done <- d.one(context.Background(), func() error { inside <- struct{}{}; <-leave; return nil })
		}()
	}
	for range atOnce {
		<-inside
	}
	for len(d.waiting) < most { // the others have come, and wait
		select {
		case <-inside:
			t.Fatalf("more than %d are drawn at a time", atOnce)
		default:
		}
	}
	if err := d.one(t.Context(), func() error { t.Error("one too many is drawn"); return nil }); !errors.Is(err, fault.Busy) {
		t.Errorf("one too many = %v, want busy", err)
	}
	close(leave)
	go func() {
		for range most - atOnce {
			<-inside
		}
	}()
	for range most {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := d.one(t.Context(), func() error { return fault.NotFound }); !errors.Is(err, fault.NotFound) {
		t.Errorf("afterwards = %v, want what drawing says", err)
	}
	gone, end := context.WithCancel(t.Context())
	end()
	for range atOnce {
		d.now <- struct{}{}
	}
	if err := d.one(gone, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("for a reader who went away = %v, want canceled", err)
	}
}
