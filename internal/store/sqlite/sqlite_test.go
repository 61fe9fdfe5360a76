package sqlite_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/store/storetest"
)

// place is a data folder.
type place struct {
	t   *testing.T
	dir string
}

func (p place) config(clock func() time.Time) sqlite.Config {
	return sqlite.Config{Dir: p.dir, Clock: clock, Random: rand.Reader, Keys: sqlite.NewKeys(filepath.Join(p.dir, "keys"), rand.Reader)}
}

func (p place) Open(clock func() time.Time, inspect bool) (storetest.Store, error) {
	c := p.config(clock)
	c.Inspect = inspect
	s, err := sqlite.Open(p.t.Context(), c)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (p place) Backup() (func(), error) {
	b, err := os.ReadFile(filepath.Join(p.dir, "assay.db"))
	if err != nil {
		return nil, err
	}
	return func() {
		for _, name := range []string{"assay.db-wal", "assay.db-shm"} {
			if err := os.Remove(filepath.Join(p.dir, name)); err != nil && !os.IsNotExist(err) {
				p.t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(p.dir, "assay.db"), b, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}, nil
}

func (p place) Hide(fn func()) {
	kept, hidden := filepath.Join(p.dir, "anchor"), filepath.Join(p.dir, "hidden")
	if err := os.Rename(kept, hidden); err != nil {
		p.t.Fatal(err)
	}
	fn()
	if err := os.RemoveAll(kept); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(hidden, kept); err != nil {
		p.t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Place { return place{t, t.TempDir()} })
}
