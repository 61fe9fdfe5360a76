package account

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func run(t testing.TB, seed byte) *challenges {
	t.Helper()
	c, err := newChallenges(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChallengeSealed(t *testing.T) {
	t.Parallel()
	c, x := run(t, 1), challenge{[32]byte{7}, noon.Add(ceremony)}
	text := c.sealed(x)
	if got, ok := c.open(text, noon); !ok || got != x {
		t.Errorf("open(sealed(%v)) = %v, %t, want it back", x, got, ok)
	}
	if len(text) > 200 {
		t.Errorf("a challenge takes %d bytes of a cookie, want at most 200", len(text))
	}
	if _, ok := c.open(text, x.end.Add(-time.Microsecond)); !ok {
		t.Error("a challenge ends before its end")
	}
	for name, at := range map[string]time.Time{"at its end": x.end, "after it": x.end.Add(time.Hour)} {
		if _, ok := c.open(text, at); ok {
			t.Errorf("a challenge is good %s", name)
		}
	}
	if _, ok := run(t, 2).open(text, noon); ok {
		t.Error("a challenge is good after a restart, which forgets what was used")
	}
	for i := range text { // every letter counts
		b := []byte(text)
		b[i] = map[bool]byte{true: 'A', false: 'B'}[b[i] != 'A']
		if _, ok := c.open(string(b), noon); ok {
			t.Errorf("open takes a challenge with letter %d changed", i)
		}
	}
	for _, bad := range []string{"", text[1:], text + "A", text + "=", strings.Repeat("A", len(text)), strings.Repeat("\x00", len(text)), strings.Repeat("x", 1<<20)} {
		if _, ok := c.open(bad, noon); ok {
			t.Errorf("open(%.40q) is good", bad)
		}
	}
}

func FuzzChallenge(f *testing.F) {
	c := run(f, 1)
	own := c.sealed(challenge{[32]byte{7}, noon.Add(ceremony)})
	f.Add(own)
	f.Add("")
	f.Add(strings.Repeat("_", len(own)))
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := c.open(text, noon); ok && text != own {
			t.Errorf("open(%q) takes what nobody sealed", text)
		}
	})
}

func TestChallengeOnce(t *testing.T) {
	t.Parallel()
	c, x := run(t, 1), challenge{[32]byte{7}, noon.Add(ceremony)}
	var in atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if c.use("ann", x, noon) == nil {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 {
		t.Errorf("a challenge signs in %d times, want once", in.Load())
	}
	if err := c.use("ann", x, x.end.Add(-time.Microsecond)); !errors.Is(err, fault.Refused) {
		t.Errorf("until its end it is remembered as used: %v, want refused", err)
	}
}

// TestChallengesBounded: who signs in without end is slowed alone, and what has ended is forgotten.
func TestChallengesBounded(t *testing.T) {
	t.Parallel()
	c := run(t, 1)
	x := func(n int, at time.Time) challenge {
		return challenge{[32]byte{byte(n), byte(n >> 8)}, at.Add(ceremony)}
	}
	for i := range usesKept {
		if err := c.use("eve", x(i, noon), noon); err != nil {
			t.Fatalf("use %d: %v", i, err)
		}
	}
	if err := c.use("eve", x(usesKept, noon), noon); !errors.Is(err, fault.Busy) {
		t.Errorf("use %d = %v, want busy", usesKept, err)
	}
	if err := c.use("ann", x(usesKept, noon), noon); err != nil {
		t.Errorf("another person: %v, want let in", err)
	}
	later := noon.Add(ceremony)
	if err := c.use("ann", x(usesKept+1, later), later); err != nil {
		t.Error(err)
	}
	if len(c.used) != 1 || len(c.used["ann"]) != 1 {
		t.Errorf("after all have ended, %d people are remembered, want Ann alone", len(c.used))
	}
	for i := range 5000 { // each with an account of their own, over an hour
		at := later.Add(time.Duration(i) * 720 * time.Millisecond)
		if err := c.use(id.Person(fmt.Sprint(i)), x(i, at), at); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.used) > 1000 {
		t.Errorf("%d people are remembered, want those of ten minutes at most", len(c.used))
	}
}

func TestMeter(t *testing.T) {
	t.Parallel()
	m := newMeter(3, time.Minute)
	m.networks = 10
	for i := range 3 {
		if err := m.take("192.0.2.7", noon.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	var wait *Wait
	if err := m.take("::ffff:192.0.2.7", noon.Add(10*time.Second)); !errors.As(err, &wait) || wait.For != 50*time.Second || !errors.Is(err, fault.Busy) {
		t.Errorf("the fourth = %v, want a wait of 50 s", err)
	}
	if err := m.take("192.0.2.8", noon.Add(10*time.Second)); err != nil {
		t.Errorf("another network waits: %v", err)
	}
	if err := m.take("192.0.2.7", noon.Add(time.Minute)); err != nil {
		t.Errorf("after the window: %v", err)
	}
	for i := range 3 { // one subscriber of IPv6 has all of a /64
		if err := m.take(fmt.Sprintf("2001:db8::%d", i), noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.take("2001:db8::ffff", noon); !errors.Is(err, fault.Busy) {
		t.Errorf("the fourth of a /64 = %v, want a wait", err)
	}
	for i := range 1000 {
		_ = m.take(fmt.Sprintf("2001:db8:%x::1", i+1), noon)
	}
	if len(m.count) > m.networks {
		t.Errorf("%d networks are kept, want at most %d", len(m.count), m.networks)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { _ = m.take("192.0.2.9", noon) })
	}
	wg.Wait()
}
