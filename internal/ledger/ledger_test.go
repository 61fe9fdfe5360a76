package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

const (
	origin = "assay.local/org_00000000000000000000000000"
)

// keys makes a key pair that is the same in each run.
func keys(t *testing.T) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(bytes.NewReader(make([]byte, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// TestLeaf pins the format: a change of it would orphan every package that an auditor holds.
func TestLeaf(t *testing.T) {
	t.Parallel()
	salt := bytes.Repeat([]byte{7}, ledger.SaltSize)
	c := ledger.Commit(salt, []byte(`{"a":1}`))
	if want := sha256.Sum256([]byte("assay record v1\n" + string(salt) + `{"a":1}`)); c != want {
		t.Errorf("Commit = %x, want %x", c, want)
	}
	leaf := ledger.Leaf(c)
	if want := "0101" + hex.EncodeToString(c[:]); hex.EncodeToString(leaf[:]) != want {
		t.Errorf("Leaf = %x, want %s", leaf, want)
	}
	if got, want := ledger.LeafHash(c), tlog.RecordHash(leaf[:]); got != want {
		t.Errorf("LeafHash = %v, want %v", got, want)
	}
	long := bytes.Repeat([]byte("x"), 5000)
	if got, want := ledger.Commit(salt, long), sha256.Sum256([]byte("assay record v1\n"+string(salt)+string(long))); got != want {
		t.Errorf("Commit of a long record = %x, want %x", got, want)
	}
}

func leaf(i int64) tlog.Hash {
	return ledger.LeafHash(sha256.Sum256(fmt.Append(nil, i)))
}

// TestTree grows a tree beside that of the reference and compares every root and tile.
func TestTree(t *testing.T) {
	t.Parallel()
	var (
		tree   ledger.Tree
		stored []tlog.Hash
		tiles  = map[[2]int64][]byte{}
	)
	reference := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	keep := func(level int, n int64, h []tlog.Hash) error {
		tiles[[2]int64{int64(level), n}] = ledger.JoinTile(h)
		return nil
	}
	read := ledger.Tiles(func(level int, n int64) ([]byte, error) { return tiles[[2]int64{int64(level), n}], nil })
	if got, want := tree.Root(), tlog.Hash(sha256.Sum256(nil)); got != want {
		t.Errorf("root of the empty tree = %v, want %v", got, want)
	}
	for i := range int64(70_000) {
		h, err := tlog.StoredHashesForRecordHash(i, leaf(i), reference)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, h...)
		if err := tree.Append(leaf(i), keep); err != nil {
			t.Fatal(err)
		}
		// Around powers of two and tiles, and now and then.
		n := i + 1
		if n&(n-1) != 0 && n&(n+1) != 0 && n%256 > 1 && n%997 != 0 {
			continue
		}
		want, err := tlog.TreeHash(n, reference)
		if err != nil {
			t.Fatal(err)
		}
		if got := tree.Root(); got != want {
			t.Fatalf("root of %d leaves = %v, want %v", n, got, want)
		}
		if err := tree.Edge(keep); err != nil {
			t.Fatal(err)
		}
		if got, err := tlog.TreeHash(n, read); err != nil || got != want {
			t.Fatalf("root of %d leaves from tiles = %v, %v; want %v", n, got, err, want)
		}
		again, err := ledger.TreeAt(n, read)
		if err != nil || again.Root() != want || again.Size() != n {
			t.Fatalf("the tree of %d leaves from tiles = %v, %v", n, again, err)
		}
	}
	if n := len(tiles); n != 70_000/256+1+2+1 { // level 0, level 1 (273 hashes), level 2
		t.Errorf("%d tiles", n)
	}
	clone := tree.Clone()
	if err := clone.Append(leaf(1), keep); err != nil {
		t.Fatal(err)
	}
	if clone.Root() == tree.Root() || tree.Size() != 70_000 {
		t.Error("a clone shares its hashes with the tree")
	}
}

func TestProofs(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t)
	var tree ledger.Tree
	tiles := map[[2]int64][]byte{}
	keep := func(level int, n int64, h []tlog.Hash) error {
		tiles[[2]int64{int64(level), n}] = ledger.JoinTile(h)
		return nil
	}
	read := ledger.Tiles(func(level int, n int64) ([]byte, error) { return tiles[[2]int64{int64(level), n}], nil })
	const size = 600
	for i := range int64(size) {
		if err := tree.Append(leaf(i), keep); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.Edge(keep); err != nil {
		t.Fatal(err)
	}
	c, err := ledger.Checkpoint{Origin: origin, Size: size, Root: tree.Root()}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range []int64{0, 1, 255, 256, 511, 599} {
		hashes, err := ledger.Prove(size, index, read)
		if err != nil {
			t.Fatal(err)
		}
		text := ledger.Proof{Index: index, Hashes: hashes, Checkpoint: c.Note, Extra: []byte("why")}.Text()
		p, err := ledger.ParseProof(text)
		if err != nil {
			t.Fatalf("ParseProof: %v\n%s", err, text)
		}
		opened, err := ledger.OpenCheckpoint(p.Checkpoint, verifier)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(opened.Checkpoint, leaf(index)); err != nil {
			t.Error(err)
		}
		if err := p.Check(opened.Checkpoint, leaf(index+1)); !errors.Is(err, fault.Integrity) {
			t.Errorf("the proof of #%d proves another leaf: %v", index, err)
		}
		for at := range text { // no flipped bit passes
			for bit := range 8 {
				bad := bytes.Clone(text)
				bad[at] ^= 1 << bit
				p, err := ledger.ParseProof(bad)
				if err != nil {
					continue
				}
				opened, err := ledger.OpenCheckpoint(p.Checkpoint, verifier)
				if err == nil && p.Check(opened.Checkpoint, leaf(index)) == nil && string(p.Extra) == "why" {
					t.Fatalf("a flipped bit at %d passes:\n%s", at, bad)
				}
			}
		}
	}
	if _, err := ledger.Prove(size, size, read); !errors.Is(err, fault.Refused) {
		t.Errorf("Prove beyond the tree = %v", err)
	}
	old, err := tlog.TreeHash(300, read)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ledger.ProveConsistency(size, 300, read)
	if err != nil || tlog.CheckTree(p, size, tree.Root(), 300, old) != nil {
		t.Errorf("ProveConsistency = %v, %v", p, err)
	}
	if _, err := ledger.ProveConsistency(300, size, read); !errors.Is(err, fault.Refused) {
		t.Errorf("ProveConsistency with a larger tree = %v", err)
	}
}

func TestCheckpoint(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t)
	c := ledger.Checkpoint{Origin: origin, Size: 42, Root: leaf(1)}
	s, err := c.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ledger.OpenCheckpoint(s.Note, verifier)
	if err != nil || got.Checkpoint != c {
		t.Fatalf("OpenCheckpoint = %+v, %v; want %+v", got, err, c)
	}
	other, err := ledger.Checkpoint{Origin: "assay.local/other", Size: 42, Root: leaf(1)}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	text, signature, _ := strings.Cut(string(s.Note), "\n\n")
	for name, b := range map[string]string{
		"no signature":           text + "\n\n",
		"two signatures":         string(s.Note) + signature,
		"a line of another key":  string(s.Note) + "— someone.else xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
		"another origin":         string(other.Note),
		"another size":           strings.Replace(string(s.Note), "\n42\n", "\n43\n", 1),
		"a leading zero":         strings.Replace(string(s.Note), "\n42\n", "\n042\n", 1),
		"a fourth line":          strings.Replace(string(s.Note), "\n\n", "\nextension\n\n", 1),
		"carriage returns":       strings.ReplaceAll(string(s.Note), "\n", "\r\n"),
		"nothing":                "",
		"a space at the end":     string(s.Note) + " ",
		"a blank in the base64 ": strings.Replace(string(s.Note), "=\n", "= \n", 1),
	} {
		if _, err := ledger.OpenCheckpoint([]byte(b), verifier); !errors.Is(err, fault.Integrity) {
			t.Errorf("%s: OpenCheckpoint = %v, want an integrity failure", name, err)
		}
	}
	for at := range s.Note { // no flipped bit passes
		for bit := range 8 {
			bad := bytes.Clone(s.Note)
			bad[at] ^= 1 << bit
			if _, err := ledger.OpenCheckpoint(bad, verifier); err == nil {
				t.Fatalf("a flipped bit at %d passes:\n%s", at, bad)
			}
		}
	}
}

func TestSplitTile(t *testing.T) {
	t.Parallel()
	b := ledger.JoinTile([]tlog.Hash{leaf(1), leaf(2)})
	if h, err := ledger.SplitTile(b, 1); err != nil || len(h) != 1 || h[0] != leaf(1) {
		t.Errorf("SplitTile = %v, %v", h, err)
	}
	for _, bad := range [][]byte{b[:40], b[:63], nil} {
		if _, err := ledger.SplitTile(bad, 2); !errors.Is(err, fault.Integrity) {
			t.Errorf("SplitTile of %d bytes = %v, want an integrity failure", len(bad), err)
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(ledger.Checkpoint{Origin: origin, Size: 42, Root: leaf(1)}.Text())
	f.Add("a\n0\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ledger.ParseCheckpoint(text)
		if err == nil && c.Text() != text {
			t.Errorf("ParseCheckpoint(%q) accepts another spelling of %q", text, c.Text())
		}
	})
}

func FuzzProof(f *testing.F) {
	f.Add(ledger.Proof{Index: 3, Hashes: tlog.RecordProof{leaf(1), leaf(2)}, Checkpoint: []byte("note\n")}.Text())
	f.Add(ledger.Proof{Extra: []byte("x"), Checkpoint: []byte("note\n")}.Text())
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ledger.ParseProof(text)
		if err == nil && !bytes.Equal(p.Text(), text) {
			t.Errorf("ParseProof(%q) accepts another spelling of %q", text, p.Text())
		}
	})
}

func FuzzOpenCheckpoint(f *testing.F) {
	skey, vkey, err := note.GenerateKey(bytes.NewReader(make([]byte, 64)), origin)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		f.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		f.Fatal(err)
	}
	s, err := ledger.Checkpoint{Origin: origin, Size: 42, Root: leaf(1)}.Sign(signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Note)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ledger.OpenCheckpoint(b, verifier)
		if err != nil {
			return
		}
		again, err := c.Sign(signer)
		if err != nil || !bytes.Equal(again.Note, b) {
			t.Errorf("OpenCheckpoint accepts %q, which is not what signing makes: %q, %v", b, again.Note, err)
		}
	})
}

func BenchmarkCommit(b *testing.B) {
	salt, rec := make([]byte, ledger.SaltSize), make([]byte, 480)
	for b.Loop() {
		ledger.LeafHash(ledger.Commit(salt, rec))
	}
}
