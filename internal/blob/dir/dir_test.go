package dir_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/blob/blobtest"
	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/id"
)

type place struct {
	t   *testing.T
	dir string
}

func (p place) Open() blobtest.Blobs {
	return dir.Open(filepath.Join(p.dir, "blobs"), filepath.Join(p.dir, "keys"))
}

func (p place) Objects(org id.Org) map[string][]byte {
	found, err := os.ReadDir(filepath.Join(p.dir, "blobs", string(org)))
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, e := range found {
		if out[e.Name()], err = os.ReadFile(filepath.Join(p.dir, "blobs", string(org), e.Name())); err != nil {
			p.t.Fatal(err)
		}
	}
	return out
}

func (p place) Replace(org id.Org, name string, b []byte) {
	path := filepath.Join(p.dir, "blobs", string(org), name)
	err := os.WriteFile(path, b, 0o600)
	if b == nil {
		err = os.Remove(path)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blobtest.Place { return place{t, t.TempDir()} })
}

func TestKeyIsPrivate(t *testing.T) {
	t.Parallel()
	p := place{t, t.TempDir()}
	const org id.Org = "org_00000000000000000000000000"
	if _, _, err := p.Open().Put(t.Context(), org, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys", "keys/" + string(org) + ".blobs", "blobs", "blobs/" + string(org)} {
		info, err := os.Stat(filepath.Join(p.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: others can read it", name, info.Mode())
		}
	}
}
