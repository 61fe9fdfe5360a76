package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/witness"
)

// lines collects what a command prints and tells of each line.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
	said chan string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	select {
	case l.said <- string(b):
	default:
	}
	return len(b), nil
}

// TestServe makes a witness, has it cosign, stops it and starts it again: it remembers.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "witness")
	var out bytes.Buffer
	w := world{t.Context(), &out, io.Discard, time.Now, rand.Reader}
	if code := run([]string{"init", dir, "--name", "witness.example/w1"}, w); code != 0 {
		t.Fatalf("init = %d", code)
	}
	key, err := ledger.ParseWitness(strings.TrimSuffix(out.String(), "\n"))
	if err != nil {
		t.Fatalf("init printed %q: %v", out.String(), err)
	}
	if code := run([]string{"init", dir, "--name", "witness.example/w1"}, w); code != 2 {
		t.Errorf("a second init = %d, want 2", code)
	}
	if code := run([]string{"serve", dir}, w); code != 2 {
		t.Errorf("serve without logs = %d, want 2", code)
	}
	const origin = "assay.local/org_test"
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "logs"), []byte("# ledgers\n"+vkey+"\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkpoint := func(b byte) ledger.Signed {
		c := ledger.Checkpoint{Origin: origin, Size: 7}
		c.Root[0] = b
		s, err := c.Sign(signer)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for i, c := range []struct {
		s    ledger.Signed
		kind error
	}{{checkpoint(1), nil}, {checkpoint(1), nil}, {checkpoint(2), fault.Integrity}} {
		ctx, stop := context.WithCancel(t.Context())
		errs := &lines{said: make(chan string, 1)}
		ended := make(chan int, 1)
		go func() {
			ended <- run([]string{"serve", dir, "--listen", "127.0.0.1:0"}, world{ctx, io.Discard, errs, time.Now, rand.Reader})
		}()
		_, url, ok := strings.Cut(strings.TrimSpace(<-errs.said), " on ")
		if !ok {
			t.Fatalf("serve says %q", errs.text.String())
		}
		client := witness.Client{URL: url, Key: key, HTTP: http.DefaultClient, Clock: time.Now}
		if _, err := client.Ask(t.Context(), c.s, 0, nil); !errors.Is(err, c.kind) {
			t.Errorf("start %d: Ask = %v, want %v", i+1, err, c.kind)
		}
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("serve = %d\n%s", code, errs.text.String())
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "state")); err != nil {
		t.Fatal(err)
	}
	if code := run([]string{"serve", dir}, w); code != 2 {
		t.Errorf("serve without its memory = %d, want 2: it would cosign a fork", code)
	}
}
