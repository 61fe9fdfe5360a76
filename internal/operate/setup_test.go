package operate

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// shop is a real store with the registers of the library, at a clock that the test moves.
type shop struct {
	*Desk
	store  *sqlite.Store
	a      Actor
	now    time.Time
	locker *Locker
	parts  *memory
	blobs  *dir.Store
}

type library struct {
	store *sqlite.Store
	all   map[string]*register.Schema
}

func (l library) Schema(name string) *register.Schema { return l.all[name] }

func (l library) Ensure(ctx context.Context, org id.Org, s *register.Schema) error {
	return l.store.Ensure(ctx, org, s, func(body []byte) ([]any, error) { return register.Project(s, body) })
}

func setup(t *testing.T) *shop {
	t.Helper()
	s := &shop{now: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)}
	folder := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: folder, Clock: func() time.Time { return s.now }, Random: rand.Reader, Keys: sqlite.NewKeys(filepath.Join(folder, "keys"), rand.Reader)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	org, err := id.NewOrg(s.now, rand.Reader)
	if err == nil {
		err = store.CreateOrg(t.Context(), record.Org{ID: org, Name: "Example", Zone: "America/New_York", Created: civil.InstantOf(s.now)})
	}
	zone, e := civil.ParseZone("America/New_York")
	all, e2 := registers.Load()
	if err := errors.Join(err, e, e2); err != nil {
		t.Fatal(err)
	}
	s.store = store
	s.a = Actor{Org: org, Zone: zone, Email: "ada@example.com"}
	s.Desk = &Desk{Records: store, Books: store, Schemas: library{store, all}, Clock: func() time.Time { return s.now }, Random: rand.Reader}
	s.blobs = dir.Open(filepath.Join(folder, "blobs"), filepath.Join(folder, "keys"))
	s.parts = &memory{clock: func() time.Time { return s.now }, files: map[string]*part{}}
	s.locker = &Locker{Desk: s.Desk, Files: s.blobs, Uploads: &Uploads{Desk: s.Desk, Parts: s.parts, Shelf: s.parts}}
	return s
}

// memory stands for the folder of parts, which outlives the process.
type memory struct {
	mu    sync.Mutex
	clock func() time.Time
	files map[string]*part
}

type part struct {
	about, data []byte
	last        civil.Instant
}

func (m *memory) get(org id.Org, name string) (*part, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.files[string(org)+"/"+name]
	if p == nil {
		return nil, &fault.Error{Kind: fault.NotFound, What: name}
	}
	return p, nil
}

func (m *memory) Begin(_ context.Context, org id.Org, name string, about []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[string(org)+"/"+name] = &part{about: about, last: civil.InstantOf(m.clock())}
	return nil
}

func (m *memory) About(_ context.Context, org id.Org, name string) ([]byte, int64, civil.Instant, error) {
	p, err := m.get(org, name)
	if err != nil {
		return nil, 0, 0, err
	}
	return p.about, int64(len(p.data)), p.last, nil
}

func (m *memory) Write(_ context.Context, org id.Org, name string, size int64, r io.Reader) (int64, error) {
	p, err := m.get(org, name)
	if err != nil {
		return 0, err
	}
	if int64(len(p.data)) != size {
		return int64(len(p.data)), errors.New("not the present size")
	}
	b, err := io.ReadAll(r)
	p.data, p.last = append(p.data, b...), civil.InstantOf(m.clock())
	return int64(len(p.data)), err
}

func (m *memory) Open(_ context.Context, org id.Org, name string) (io.ReadCloser, error) {
	p, err := m.get(org, name)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(p.data)), nil
}

func (m *memory) Names(_ context.Context, org id.Org) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m.files)) {
		if o, n, _ := bytes.Cut([]byte(k), []byte("/")); string(o) == string(org) {
			out = append(out, string(n))
		}
	}
	return out, nil
}

func (m *memory) Remove(_ context.Context, org id.Org, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, string(org)+"/"+name)
	return nil
}

func day(t testing.TB, s string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func moment(t testing.TB, s string) civil.Instant {
	t.Helper()
	i, err := civil.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
