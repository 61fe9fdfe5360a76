package witness_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/witness"
)

const origin = "assay.local/org_test"

// history is a ledger that can show any of its states.
type history struct {
	t      *testing.T
	signer note.Signer
	hashes []tlog.Hash
	tree   ledger.Tree
	roots  map[int64]tlog.Hash
}

func (h *history) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = h.hashes[x]
	}
	return out, nil
}

// grown makes a ledger of n records; histories of other names share the first `common`.
func grown(t *testing.T, signer note.Signer, name string, common, n int64) *history {
	t.Helper()
	h := &history{t: t, signer: signer, roots: map[int64]tlog.Hash{}}
	h.roots[0] = h.tree.Root()
	for i := range n {
		text := fmt.Sprint(i)
		if i >= common {
			text = name + text
		}
		leaf := tlog.RecordHash([]byte(text))
		hs, err := tlog.StoredHashesForRecordHash(i, leaf, h)
		must(t, err)
		h.hashes = append(h.hashes, hs...)
		must(t, h.tree.Append(leaf, func(int, int64, []tlog.Hash) error { return nil }))
		h.roots[i+1] = h.tree.Root()
	}
	return h
}

func (h *history) at(n int64) ledger.Signed {
	s, err := ledger.Checkpoint{Origin: origin, Size: n, Root: h.roots[n]}.Sign(h.signer)
	must(h.t, err)
	return s
}

// prove proves from one size to another.
func (h *history) prove(to int64) func(int64) (tlog.TreeProof, error) {
	return func(old int64) (tlog.TreeProof, error) { return ledger.ProveConsistency(to, old, h) }
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bench is a witness with the ledger's key, and a client of it.
type bench struct {
	*witness.Client
	t      *testing.T
	dir    string
	key    ledger.Cosigner
	vkey   string
	signer note.Signer
	now    time.Time
	mu     sync.Mutex
	said   strings.Builder
	server *httptest.Server
}

func start(t *testing.T) *bench {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	must(t, err)
	signer, err := note.NewSigner(skey)
	must(t, err)
	key, err := ledger.NewCosigner(rand.Reader, "witness.example/w1")
	must(t, err)
	b := &bench{t: t, dir: t.TempDir(), key: key, vkey: vkey, signer: signer, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b.restart()
	return b
}

func (b *bench) clock() time.Time { return b.now }

func (b *bench) report(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(&b.said, format+"\n", args...)
}

// restart stops the witness and starts it again from what it keeps.
func (b *bench) restart() {
	b.t.Helper()
	if b.server != nil {
		b.server.Close()
	}
	s, err := witness.NewServer(b.key, witness.Folder(b.dir), []string{b.vkey}, b.clock, b.report)
	must(b.t, err)
	b.server = httptest.NewServer(s)
	b.t.Cleanup(b.server.Close)
	b.Client = &witness.Client{URL: b.server.URL + "/", Key: b.key.Witness, HTTP: b.server.Client(), Clock: b.clock}
}

func TestGrows(t *testing.T) {
	t.Parallel()
	b := start(t)
	h := grown(t, b.signer, "", 0, 600)
	last := int64(0)
	for _, n := range []int64{1, 1, 2, 255, 256, 300, 600} {
		b.now = b.now.Add(time.Minute)
		c, err := b.Ask(t.Context(), h.at(n), last, h.prove(n))
		if err != nil {
			t.Fatalf("Ask(%d after %d): %v", n, last, err)
		}
		if !c.Time.Equal(b.now) {
			t.Errorf("time = %v, want %v", c.Time, b.now)
		}
		last = n
		b.restart()
	}
	// Whoever has forgotten what the witness saw is told, and asks again.
	b2 := grown(t, b.signer, "", 0, 700)
	if _, err := b.Ask(t.Context(), b2.at(700), 0, b2.prove(700)); err != nil {
		t.Error(err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	b := start(t)
	h := grown(t, b.signer, "", 0, 300)
	fork := grown(t, b.signer, "x", 100, 400)
	must(t, second(b.Ask(t.Context(), h.at(200), 0, h.prove(200))))
	for _, c := range []struct {
		name string
		s    ledger.Signed
		from int64
		h    *history
		says string
	}{
		{"a rollback", h.at(150), 200, h, "rolled back"},
		{"a rollback that asks anew", h.at(150), 0, h, "rolled back"},
		{"a fork of the same size", fork.at(200), 200, fork, "another history of 200"},
		{"a larger fork", fork.at(400), 200, fork, "no prefix of this ledger"},
		{"a larger fork that asks anew", fork.at(400), 0, fork, "no prefix of this ledger"},
		{"a fork whose proof is of the other history", fork.at(300), 200, h, "no prefix of this ledger"},
	} {
		if _, err := b.Ask(t.Context(), c.s, c.from, c.h.prove(c.s.Size)); !errors.Is(err, fault.Integrity) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: Ask = %v, want an integrity failure that says %q", c.name, err, c.says)
		}
		b.restart() // and it does not forget
	}
	if !strings.Contains(b.said.String(), "ANOTHER HISTORY") {
		t.Errorf("the operator was not told: %s", b.said.String())
	}
	must(t, second(b.Ask(t.Context(), h.at(300), 200, h.prove(300))))
}

func second[T any](_ T, err error) error { return err }

func TestStatus(t *testing.T) {
	t.Parallel()
	b := start(t)
	h := grown(t, b.signer, "", 0, 20)
	stranger, _, err := note.GenerateKey(rand.Reader, origin)
	must(t, err)
	other, err := note.NewSigner(stranger)
	must(t, err)
	unknownKey, _, err := note.GenerateKey(rand.Reader, "elsewhere")
	must(t, err)
	unknown, err := note.NewSigner(unknownKey)
	must(t, err)
	elsewhere, err := ledger.Checkpoint{Origin: "elsewhere", Size: 1, Root: h.roots[1]}.Sign(unknown)
	must(t, err)
	forged, err := ledger.Checkpoint{Origin: origin, Size: 10, Root: h.roots[10]}.Sign(other)
	must(t, err)
	must(t, second(b.Ask(t.Context(), h.at(8), 0, nil)))
	hash := h.roots[1].String() + "\n"
	for _, c := range []struct {
		name, body string
		status     int
		answer     string
	}{
		{"another size", "old 5\n\n" + string(h.at(10).Note), 409, "8\n"},
		{"the same root again", "old 8\n\n" + string(h.at(8).Note), 200, "— witness.example/w1 "},
		{"a proof where none belongs", "old 8\n" + hash + "\n" + string(h.at(8).Note), 422, "empty"},
		{"no proof", "old 8\n\n" + string(h.at(10).Note), 422, "no prefix"},
		{"an old size above the new", "old 9\n\n" + string(h.at(8).Note), 400, "larger"},
		{"an unknown ledger", "old 0\n\n" + string(elsewhere.Note), 404, "not known"},
		{"another signature", "old 8\n\n" + string(forged.Note), 403, "not signed"},
		{"no old line", string(h.at(8).Note), 400, "expected"},
		{"a leading zero", "old 08\n\n" + string(h.at(8).Note), 400, "expected"},
		{"a negative size", "old -1\n\n" + string(h.at(8).Note), 400, "expected"},
		{"a hash that is none", "old 8\nAAAA\n\n" + string(h.at(10).Note), 400, "base64"},
		{"too many hashes", "old 8\n" + strings.Repeat(hash, 64) + "\n" + string(h.at(10).Note), 400, "63"},
		{"nothing", "", 400, "expected"},
		{"too long", strings.Repeat("x", 70<<10), 400, "too long"},
	} {
		resp, err := b.server.Client().Post(b.server.URL+"/add-checkpoint", "", strings.NewReader(c.body))
		must(t, err)
		got, err := io.ReadAll(resp.Body)
		must(t, err)
		must(t, resp.Body.Close())
		if resp.StatusCode != c.status || !strings.Contains(string(got), c.answer) {
			t.Errorf("%s: %d %q, want %d with %q", c.name, resp.StatusCode, got, c.status, c.answer)
		}
		if kind := resp.Header.Get("Content-Type"); c.status == 409 && (kind != "text/x.tlog.size" || string(got) != c.answer) {
			t.Errorf("%s: Content-Type %q, body %q", c.name, kind, got)
		}
	}
	resp, err := b.server.Client().Get(b.server.URL + "/add-checkpoint")
	must(t, err)
	must(t, resp.Body.Close())
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET = %d", resp.StatusCode)
	}
}

// TestMemory damages what a witness keeps: it must not start.
func TestMemory(t *testing.T) {
	t.Parallel()
	b := start(t)
	h := grown(t, b.signer, "", 0, 20)
	must(t, second(b.Ask(t.Context(), h.at(8), 0, nil)))
	files, err := filepath.Glob(filepath.Join(b.dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v; want one file", files, err)
	}
	kept, err := os.ReadFile(files[0])
	must(t, err)
	if !bytes.Equal(kept, h.at(8).Note) {
		t.Errorf("kept %q", kept)
	}
	must(t, os.WriteFile(files[0], bytes.Replace(kept, []byte("\n8\n"), []byte("\n5\n"), 1), 0o600))
	_, err = witness.NewServer(b.key, witness.Folder(b.dir), []string{b.vkey}, b.clock, b.report)
	if !errors.Is(err, fault.Integrity) {
		t.Errorf("NewServer = %v, want an integrity failure", err)
	}
}

// TestUnwritable shows that nothing is cosigned that could not be remembered.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	b := start(t)
	h := grown(t, b.signer, "", 0, 20)
	must(t, os.RemoveAll(b.dir))
	if _, err := b.Ask(t.Context(), h.at(8), 0, nil); err == nil || !strings.Contains(err.Error(), "could not be kept") {
		t.Errorf("Ask = %v, want an error", err)
	}
}

// TestRace sends every size at once: what is remembered never goes back.
func TestRace(t *testing.T) {
	t.Parallel()
	b := start(t)
	h := grown(t, b.signer, "", 0, 40)
	var all sync.WaitGroup
	for n := range int64(40) {
		all.Go(func() { _, _ = b.Ask(t.Context(), h.at(n+1), 0, h.prove(n+1)) })
	}
	all.Wait()
	must(t, second(b.Ask(t.Context(), h.at(40), 0, h.prove(40))))
	if _, err := b.Ask(t.Context(), h.at(39), 39, h.prove(39)); !errors.Is(err, fault.Integrity) {
		t.Errorf("Ask for an earlier size = %v", err)
	}
}

// TestAnswers shows what the client makes of a witness that misbehaves.
func TestAnswers(t *testing.T) {
	t.Parallel()
	b := start(t)
	h := grown(t, b.signer, "", 0, 20)
	stranger, err := ledger.NewCosigner(rand.Reader, "witness.example/w1")
	must(t, err)
	line := func(c ledger.Cosigner, n int64, at time.Time) string { return c.Cosign(h.at(n).Checkpoint, at).Line }
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   error
		says   string
	}{
		{"another key", 200, line(stranger, 8, b.now), fault.Integrity, "no cosignature by its key"},
		{"another checkpoint", 200, line(b.key, 9, b.now), fault.Integrity, "does not hold"},
		{"a late clock", 200, line(b.key, 8, b.now.Add(time.Hour)), fault.Integrity, "while the clock here"},
		{"an empty answer", 200, "", fault.Integrity, "no cosignature"},
		{"a conflict without a size", 409, "who knows", fault.Integrity, "does not say which"},
		{"unknown here", 404, "who?", fault.Refused, "does not accept"},
		{"broken", 500, "oh\nno", nil, `"oh"`},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		client := witness.Client{URL: s.URL, Key: b.key.Witness, HTTP: s.Client(), Clock: b.clock}
		_, err := client.Ask(t.Context(), h.at(8), 0, nil)
		if err == nil || !strings.Contains(err.Error(), c.says) || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%s: Ask = %v, want %v that says %q", c.name, err, c.kind, c.says)
		}
		s.Close()
	}
	both := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, line(stranger, 8, b.now)+line(b.key, 8, b.now))
	}))
	defer both.Close()
	client := witness.Client{URL: both.URL, Key: b.key.Witness, HTTP: both.Client(), Clock: b.clock}
	if c, err := client.Ask(t.Context(), h.at(8), 0, nil); err != nil || c.Line != line(b.key, 8, b.now) {
		t.Errorf("among lines of other keys: %+v, %v", c, err)
	}
}

func FuzzAdd(f *testing.F) {
	key, err := ledger.NewCosigner(rand.Reader, "w")
	if err != nil {
		f.Fatal(err)
	}
	_, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		f.Fatal(err)
	}
	s, err := witness.NewServer(key, witness.Folder(f.TempDir()), []string{vkey}, time.Now, func(string, ...any) {})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("old 0\n\n" + origin + "\n1\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\n— x AAAA\n"))
	f.Add([]byte("old 1\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(b)))
		if w.Code == http.StatusOK {
			t.Errorf("cosigned without the ledger's signature: %q", b)
		}
	})
}
