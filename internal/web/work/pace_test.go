package work

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	var got []time.Duration
	p := &pace{start: start, until: func(t time.Time) error { got = append(got, t.Sub(start)); return nil }}
	p.add(0)
	for range 64 { // a megabyte in pieces of 16 KiB
		p.add(16 << 10)
	}
	if len(got) != 5 || got[0] != grace+8*time.Second || got[4] != grace+40*time.Second {
		t.Errorf("the deadlines are %v, want the grace and what a megabyte earns at %d bytes a second", got, slowest)
	}
}
