package app

import (
	"bytes"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// TestOwnKeys: whoever brings messages by hand cannot speak for an organization of the same installation with a key that they made, whatever
// key they say that they compared. Those of organizations elsewhere are for a person to compare.
func TestOwnKeys(t *testing.T) {
	t.Parallel()
	const here, elsewhere id.Org = "org_06h09pd5ny5vscaczx7vepxb40", "org_06h09pd5ny5vscaczx7vepxb50"
	in := &installation{app: New(), data: t.TempDir()}
	in.tenants = &tenants{in: in, slugs: map[string]record.Org{"here": {ID: here}}}
	if _, err := sqlite.NewKeys(filepath.Join(in.data, "keys"), rand.Reader).Signer(here); err != nil {
		t.Fatal(err)
	}
	own, err := in.keyOf(here)
	if err != nil {
		t.Fatal(err)
	}
	made := func(org id.Org) string {
		_, key, err := note.GenerateKey(rand.Reader, ledger.Origin(org))
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	message := func(key string) []byte {
		m := engage.Message{Key: key, Salt: bytes.Repeat([]byte{1}, ledger.SaltSize), Record: []byte("{}"), Proof: ledger.Proof{Checkpoint: []byte("a checkpoint\n")}}
		return m.Text()
	}
	if err := in.ownKeys([][]byte{message(own), message(made(elsewhere))}); err != nil {
		t.Errorf("messages signed by the own key, and from elsewhere: %v", err)
	}
	if err := in.ownKeys([][]byte{message(own), message(made(here))}); !errors.Is(err, fault.Integrity) {
		t.Errorf("a message in the name of an organization here, by a key that was made up: %v; want it refused", err)
	}
}
