package engage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// books are a ledger in memory: a real tree, real commitments and checkpoints signed by a key of their own.
type books struct {
	org    id.Org
	key    string
	signer note.Signer
	clock  func() time.Time

	mu     sync.Mutex
	list   []record.Known
	salts  [][]byte
	hashes []tlog.Hash
	keys   map[string][]byte // register/key@version -> body
	broken bool              // the next append fails
}

func newBooks(t testing.TB, org id.Org, clock func() time.Time) *books {
	t.Helper()
	seed := sha256.Sum256([]byte(org))
	secret, public, err := note.GenerateKey(bytes.NewReader(seed[:]), ledger.Origin(org))
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return &books{org: org, key: public, signer: s, clock: clock, keys: map[string][]byte{}}
}

func (b *books) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = b.hashes[x]
	}
	return out, nil
}

func (b *books) Append(_ context.Context, org id.Org, _ id.Pull, drafts []record.Draft) (record.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if org != b.org {
		return record.Receipt{}, fault.NotFound
	}
	if b.broken {
		b.broken = false
		return record.Receipt{}, fmt.Errorf("the disk is full")
	}
	for _, d := range drafts {
		name := record.Name(d.Row.Register, d.Row.Key, d.Row.Version)
		if was, ok := b.keys[name]; ok && !bytes.Equal(was, d.Row.Body) {
			return record.Receipt{}, fault.Refuse("%s is there with another body", name)
		}
	}
	for _, d := range drafts {
		b.put(record.Record{Register: d.Row.Register, Key: d.Row.Key, Version: d.Row.Version, Source: d.Source, Pull: "pull_06h09pd5ny5vscaczx7vepxb40", Event: d.Row.Event,
			Received: civil.InstantOf(b.clock().Add(3 * time.Millisecond)), Body: d.Row.Body})
	}
	return record.Receipt{Count: int64(len(drafts))}, nil
}

// put seals a record; the caller holds the lock.
func (b *books) put(r record.Record) {
	var salt [ledger.SaltSize]byte
	binary.BigEndian.PutUint64(salt[:], uint64(len(b.list)+1))
	index := int64(len(b.list))
	more, err := tlog.StoredHashesForRecordHash(index, ledger.LeafHash(ledger.Commit(salt[:], r.Append(nil))), b)
	if err != nil {
		panic(err)
	}
	b.hashes = append(b.hashes, more...)
	b.salts = append(b.salts, salt[:])
	b.list = append(b.list, record.Known{Index: index, Record: r})
	b.keys[r.Name()] = r.Body
}

func (b *books) Since(_ context.Context, org id.Org, from int64) ([]record.Known, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if org != b.org {
		return nil, 0, fault.NotFound
	}
	return b.list[from:], int64(len(b.list)), nil
}

func (b *books) Proven(_ context.Context, org id.Org, index int64) (Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if org != b.org || index < 0 || index >= int64(len(b.list)) {
		return Message{}, fault.NotFound
	}
	size := int64(len(b.list))
	root, err := tlog.TreeHash(size, b)
	if err != nil {
		return Message{}, err
	}
	signed, err := ledger.Checkpoint{Origin: ledger.Origin(org), Size: size, Root: root}.Sign(b.signer)
	if err != nil {
		return Message{}, err
	}
	p, err := ledger.Prove(size, index, b)
	if err != nil {
		return Message{}, err
	}
	return Message{Key: b.key, Salt: b.salts[index], Record: b.list[index].Append(nil), Proof: ledger.Proof{Index: index, Hashes: p, Checkpoint: signed.Note}}, nil
}

// forge seals an act that no House made, as somebody with the ledger's own key and the database could.
func (b *books) forge(t *testing.T, h *House, a Act) {
	t.Helper()
	if a.Edition == 0 {
		a.Edition = edition
	}
	row, err := h.row(a)
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(record.Record{Register: row.Register, Key: row.Key, Version: 1, Source: Source, Pull: "pull_06h09pd5ny5vscaczx7vepxb40", Event: row.Event, Received: a.At, Body: row.Body})
}

func body(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func has(err error, want string) bool {
	return err != nil && strings.Contains(err.Error(), want)
}

func instant(t time.Time) civil.Instant { return civil.InstantOf(t) }
