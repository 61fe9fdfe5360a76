package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// cache keeps finished runs as files of a folder that may be deleted at any time. Each is a note
// signed with the ledger's key: a run that somebody else wrote is not there.
type cache struct {
	dir string
	o   *office
}

func (o *office) cache() cache {
	return cache{filepath.Join(o.data, "cache", string(o.org.ID)), o}
}

func (c cache) file(name string) string { return filepath.Join(c.dir, name) }

func (c cache) keys() *sqlite.Keyring {
	return sqlite.NewKeys(filepath.Join(c.o.data, "keys"), c.o.app.Random)
}

// text is what is signed: it binds a run to what it was made for, to this version of the program,
// and to the ledger as it was. A note may hold a megabyte, a run may be larger: its hash is signed.
func (c cache) text(name string, size int64, run []byte) (string, error) {
	cp, err := c.o.st.CheckpointAt(context.Background(), c.o.org.ID, size)
	sum := sha256.Sum256(run)
	return strings.Join([]string{"assay kept run", Version, name, cp.RootHex(), hex.EncodeToString(sum[:]), ""}, "\n"), err
}

// Load reads a run. One that cannot be read, or is not signed, is not there.
func (c cache) Load(name string) (examine.Kept, bool) {
	var k examine.Kept
	run, ok := c.load(name)
	if !ok || json.Unmarshal(run, &k) != nil {
		return examine.Kept{}, false
	}
	return k, true
}

// Store writes a run.
func (c cache) Store(name string, k examine.Kept) error {
	run, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return c.store(name, k.Size, run)
}

// checks keeps what the checks of completeness compared, in the same folder and in the same way.
func (c cache) checks() keptChecks { return keptChecks{c} }

type keptChecks struct{ cache }

func (k keptChecks) Load(name string) ([]byte, bool) { return k.load(name) }

func (k keptChecks) Store(name string, size int64, run []byte) error { return k.store(name, size, run) }

// load reads the JSON of a run, which says its size.
func (c cache) load(name string) ([]byte, bool) {
	b, err := os.ReadFile(c.file(name))
	if err != nil {
		return nil, false
	}
	signed, run, _ := bytes.Cut(b, []byte{0})
	v, err := c.keys().Verifier(c.o.org.ID)
	if err != nil {
		return nil, false
	}
	n, err := note.Open(signed, note.VerifierList(v))
	var of struct{ Size int64 }
	if err != nil || json.Unmarshal(run, &of) != nil {
		return nil, false
	}
	want, err := c.text(name, of.Size, run)
	return run, err == nil && n.Text == want
}

func (c cache) store(name string, size int64, run []byte) error {
	key, err := c.keys().Signer(c.o.org.ID)
	if err != nil {
		return err
	}
	said, err := c.text(name, size, run)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: said}, key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	// What a power cut leaves half is not signed, and so not there.
	return replace(c.file(name), false, write(append(append(signed, 0), run...)))
}
