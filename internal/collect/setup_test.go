package collect_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/csv"
	"github.com/assayhq/assay/internal/format/json"
	"github.com/assayhq/assay/internal/format/jsonl"
	"github.com/assayhq/assay/internal/format/xlsx"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// house is an organization with a store, and an importer into it.
type house struct {
	*collect.Importer
	store *sqlite.Store
	blobs *memory
	org   id.Org
	now   time.Time
	all   map[string]*register.Schema
}

func setup(t testing.TB) *house {
	t.Helper()
	all, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := &house{blobs: &memory{files: map[string][]byte{}}, all: all, now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return h.now }
	ctx := context.Background()
	h.store, err = sqlite.Open(ctx, sqlite.Config{Dir: dir, Clock: clock, Random: rand.Reader, Keys: sqlite.NewKeys(filepath.Join(dir, "keys"), rand.Reader)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if h.org, err = id.NewOrg(h.now, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := h.store.CreateOrg(ctx, record.Org{ID: h.org, Name: "Example", Zone: "UTC"}); err != nil {
		t.Fatal(err)
	}
	h.Importer = &collect.Importer{
		Records: h.store, Blobs: h.blobs, Clock: clock, Random: rand.Reader, Tool: "assay test",
		Formats:   map[string]register.Reader{"csv": csv.Read, "jsonl": jsonl.Read, "json": json.Read, "xlsx": xlsx.Read},
		Registers: func(n string) *register.Schema { return all[n] },
		Names: func() []string {
			var names []string
			for n := range all {
				names = append(names, n)
			}
			return names
		},
		Ensure: func(ctx context.Context, org id.Org, s *register.Schema) error {
			return h.store.Ensure(ctx, org, s, func(b []byte) ([]any, error) { return register.Project(s, b) })
		},
	}
	return h
}

// take imports a text.
func (h *house) take(t testing.TB, name, file, text string, more ...func(*collect.ImportRequest)) (collect.Summary, error) {
	t.Helper()
	req := collect.ImportRequest{Org: h.org, Register: name, File: file, Reader: bytes.NewReader([]byte(text)), Operator: "ada"}
	for _, f := range more {
		f(&req)
	}
	return h.Import(context.Background(), req)
}

func (h *house) must(t testing.TB, name, file, text string, more ...func(*collect.ImportRequest)) collect.Summary {
	t.Helper()
	s, err := h.take(t, name, file, text, more...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (h *house) size(t testing.TB) int64 {
	t.Helper()
	n, err := h.store.Size(context.Background(), h.org)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mapping(t testing.TB, text string) func(*collect.ImportRequest) {
	t.Helper()
	m, err := register.ParseMapping("m.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return func(r *collect.ImportRequest) { r.Mapping = m }
}

// memory keeps blobs as a store of files would.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
	fail  error // of the next Put
}

func (m *memory) Put(_ context.Context, _ id.Org, r io.Reader) (string, int64, error) {
	if m.fail != nil {
		return "", 0, m.fail
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return "", 0, err
	}
	sum := sha256.Sum256(b)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[hex.EncodeToString(sum[:])] = b
	return hex.EncodeToString(sum[:]), int64(len(b)), nil
}

func (m *memory) Open(_ context.Context, _ id.Org, sum string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b, ok := m.files[sum]; ok {
		return io.NopCloser(bytes.NewReader(b)), nil
	}
	return nil, fault.NotFound
}

func (m *memory) Remove(_ context.Context, _ id.Org, sum string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, sum)
	return nil
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.files)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
