// Package storetest is what every store must pass: it says in tests what the acts may rely on.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Store is what is tested.
type Store interface {
	record.Opener
	record.Appender
	record.Lister
	record.Historian
	CreateOrg(context.Context, record.Org) error
	Orgs(context.Context) ([]record.Org, error)
	Ensure(context.Context, id.Org, *register.Schema, func([]byte) ([]any, error)) error
	Seal(context.Context, id.Org, int64, record.Draft) (record.Sealed, ledger.Signed, error)
	Erase(context.Context, id.Org, record.Erasure) (record.Receipt, error)
	Size(context.Context, id.Org) (int64, error)
	SizeAt(context.Context, id.Org, civil.Instant) (int64, error)
	Checkpoint(context.Context, id.Org) (ledger.Signed, error)
	CheckpointAt(context.Context, id.Org, int64) (ledger.Signed, error)
	Checkpoints(context.Context, id.Org) ([]ledger.Signed, error)
	Anchored(context.Context, id.Org) (int64, error)
	Attest(context.Context, id.Org, ledger.Attestation) error
	Attestations(context.Context, id.Org) ([]ledger.Attestation, error)
	Received(context.Context, id.Org, int64) (civil.Instant, error)
	Scan(context.Context, id.Org, int64, int64, func(record.Sealed) error) error
	Lookup(context.Context, id.Org, string, string, int) (record.Known, error)
	System(context.Context, id.Org, string, int64) ([]record.Known, error)
	Hashes(context.Context, id.Org) tlog.HashReader
	CreateLink(context.Context, record.Link) error
	Links(context.Context, id.Org) ([]record.Link, error)
	Verify(context.Context, id.Org, func(done, total int64)) (record.Verification, error)
	Close() error
}

// Place is where a store lives: it outlasts the open store.
type Place interface {
	// Open opens the store; inspect as in a store that is only read and verified.
	Open(clock func() time.Time, inspect bool) (Store, error)
	// Backup copies the database, and the answer puts that copy back. What is kept outside the
	// database stays as it is. The store is closed at both moments.
	Backup() (restore func(), err error)
}

// Run runs the suite; place makes a new empty place.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for name, test := range map[string]func(*testing.T, *bench){
		"an import is found again":                    testImport,
		"the same again says nothing":                 testIdempotent,
		"another body supersedes":                     testSupersede,
		"explicit versions":                           testVersions,
		"two bodies of one key in a pull are refused": testTwoBodies,
		"a pull is whole or nothing":                  testRollback,
		"a register must be declared":                 testUndeclared,
		"calls of a group are atomic each":            testGroup,
		"a refused call leaves nothing in its group":  testGroupUndo,
		"organizations do not see each other":         testTenants,
		"what was known at a time":                    testKnownAt,
		"received never goes back":                    testClockBack,
		"an erasure leaves the proofs standing":       testErase,
		"a new layout projects again":                 testLayout,
		"a seal is the last leaf":                     testSeal,
		"reopen continues":                            testReopen,
		"a rollback is noticed":                       testRolledBack,
		"a fork is noticed":                           testForked,
		"what others say of a checkpoint is kept":     testAttest,
		"a register page by page":                     testList,
		"links":                                       testLinks,
		"proofs hold at every size":                   testProofs,
		"random acts agree with a model":              testModel,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newBench(t, place(t)))
		})
	}
}

// bench is an open store with an organization, a register and a clock.
type bench struct {
	Store
	t     *testing.T
	place Place
	org   id.Org
	mu    sync.Mutex
	now   time.Time
	pulls int
}

// Things is the register of the suite.
var Things = &register.Schema{Name: "things", Key: []string{"thing"}, Fields: []register.Field{
	{Name: "thing", Type: register.Text}, {Name: "size", Type: register.Int}, {Name: "owner", Type: register.Text, Ref: "people"},
}}

// Thing makes a draft of it.
func Thing(key string, size int, owner string) record.Draft {
	return thingVersion(key, size, owner, 0)
}

func thingVersion(key string, size int, owner string, version int) record.Draft {
	body := fmt.Sprintf(`{"owner":%q,"size":%d,"thing":%q}`, owner, size, key)
	columns, err := ProjectThing([]byte(body))
	if err != nil {
		panic(err) // the body is made above
	}
	return record.Draft{Source: "test", Row: &register.Row{Register: "things", Key: key, Version: version, Body: []byte(body), Columns: columns}}
}

// ProjectThing is the projection of a thing's body.
func ProjectThing(body []byte) ([]any, error) {
	v, err := register.ParseJSON("", 0, body)
	if err != nil {
		return nil, err
	}
	var size int64
	_, err = fmt.Sscan(v.Get("size").Text, &size)
	return []any{v.Get("thing").Text, size, v.Get("owner").Text}, err
}

func newBench(t *testing.T, p Place) *bench {
	b := &bench{t: t, place: p, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b.reopen()
	b.org = b.newOrg("First")
	t.Cleanup(func() { b.Close() })
	return b
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(time.Millisecond)
	return b.now
}

func (b *bench) set(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = now
}

func (b *bench) newOrg(name string) id.Org {
	b.t.Helper()
	org, err := id.NewOrg(b.clock(), seeded(name))
	b.check(err)
	b.check(b.CreateOrg(b.t.Context(), record.Org{ID: org, Name: name, Zone: "Europe/Madrid"}))
	b.check(b.Ensure(b.t.Context(), org, Things, ProjectThing))
	return org
}

// reopen closes the store and opens it again.
func (b *bench) reopen() {
	b.t.Helper()
	if b.Store != nil {
		b.check(b.Close())
	}
	s, err := b.place.Open(b.clock, false)
	b.check(err)
	b.Store = s
	orgs, err := s.Orgs(b.t.Context())
	b.check(err)
	for _, o := range orgs {
		b.check(s.Ensure(b.t.Context(), o.ID, Things, ProjectThing))
	}
}

func (b *bench) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// seeded is the same sequence of bytes for the same name.
func seeded(name string) io.Reader { return &sequence{state: sha256.Sum256([]byte(name))} }

type sequence struct{ state [sha256.Size]byte }

func (s *sequence) Read(p []byte) (int, error) {
	s.state = sha256.Sum256(s.state[:])
	return copy(p, s.state[:]), nil
}

// below is the next number of the sequence below n.
func (s *sequence) below(n int) int {
	s.state = sha256.Sum256(s.state[:])
	return int(binary.BigEndian.Uint32(s.state[:]) % uint32(n))
}

func (b *bench) pullID() id.Pull {
	b.pulls++
	p, err := id.NewPull(b.clock(), seeded(fmt.Sprint(b.t.Name(), b.pulls)))
	b.check(err)
	return p
}

// pull imports drafts as one pull.
func (b *bench) pull(drafts ...record.Draft) ([]record.Outcome, record.Receipt) {
	b.t.Helper()
	w, err := b.OpenPull(b.t.Context(), b.org, b.pullID())
	b.check(err)
	out, err := w.Add(b.t.Context(), drafts)
	b.check(err)
	r, err := w.Commit(b.t.Context(), record.Pull{Register: "things", Source: "test"})
	b.check(err)
	return out, r
}

// refused tries to import drafts and wants a refusal of a line that says all of these.
func (b *bench) refused(drafts []record.Draft, line int, says ...string) {
	b.t.Helper()
	before := b.dump()
	w, err := b.OpenPull(b.t.Context(), b.org, b.pullID())
	b.check(err)
	_, err = w.Add(b.t.Context(), drafts)
	if !errors.Is(err, fault.Refused) {
		b.t.Fatalf("Add = %v, want a refusal", err)
	}
	var f *fault.Error
	if errors.As(err, &f); f == nil || f.Line != line {
		b.t.Errorf("Add = %v, want a fault of line %d", err, line)
	}
	for _, want := range says {
		if !strings.Contains(err.Error(), want) {
			b.t.Errorf("Add = %q, want a message with %q", err, want)
		}
	}
	b.check(w.Rollback())
	if diff := cmp.Diff(before, b.dump()); diff != "" {
		b.t.Errorf("after a refused pull (-before +after):\n%s", diff)
	}
}

// dump prints the ledger of an organization: all that anybody can see of it.
func (b *bench) dump() []string { return b.dumpOf(b.org) }

func (b *bench) dumpOf(org id.Org) []string {
	b.t.Helper()
	size, err := b.Size(b.t.Context(), org)
	b.check(err)
	var out []string
	err = b.Scan(b.t.Context(), org, 0, size, func(r record.Sealed) error {
		if r.Erased() {
			out = append(out, fmt.Sprintf("- %x", r.Commitment))
			return nil
		}
		rec, err := record.Decode(r.Bytes)
		if err != nil {
			return err
		}
		out = append(out, fmt.Sprintf("%s %s %s", rec.Name(), rec.Source, rec.Body))
		return nil
	})
	b.check(err)
	return out
}

// clean wants a verification without a defect.
func (b *bench) clean() record.Verification {
	b.t.Helper()
	v, err := b.Verify(b.t.Context(), b.org, nil)
	b.check(err)
	for _, d := range v.Defects {
		b.t.Errorf("Verify: %s #%d %s: %s", d.Kind, d.Index, d.Name, d.What)
	}
	return v
}

// latest is the body of the latest version of a thing.
func (b *bench) latest(key string) string {
	b.t.Helper()
	k, err := b.Lookup(b.t.Context(), b.org, "things", key, 0)
	b.check(err)
	return fmt.Sprintf("%d %s", k.Version, k.Body)
}
