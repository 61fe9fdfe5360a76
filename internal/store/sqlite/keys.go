package sqlite

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
)

// Keyring keeps signing keys as files: ORG.signing in a folder of its own, readable by the
// owner only.
type Keyring struct {
	dir    string
	random io.Reader
	mu     sync.Mutex
}

// NewKeys opens a folder of keys; it is made with the first key.
func NewKeys(dir string, random io.Reader) *Keyring { return &Keyring{dir: dir, random: random} }

// Signer returns the signing key of an organization and makes it if there is none.
func (k *Keyring) Signer(org id.Org) (note.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	secret, err := k.read(org)
	if errors.Is(err, fault.NotFound) {
		secret, err = k.generate(org)
	}
	if err != nil {
		return nil, err
	}
	return note.NewSigner(secret)
}

// Verifier returns the public side of a key that exists.
func (k *Keyring) Verifier(org id.Org) (note.Verifier, error) {
	public, err := k.Public(org)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(public)
}

// Public is the verifier key as a line of text, for those outside.
func (k *Keyring) Public(org id.Org) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	secret, err := k.read(org)
	if err != nil {
		return "", err
	}
	// PRIVATE+KEY+NAME+HASH+BASE64 of one byte of algorithm and the seed. Base64 itself may
	// hold a plus, so the last part is cut by its length.
	last := max(0, len(secret)-base64.StdEncoding.EncodedLen(1+ed25519.SeedSize))
	raw, err := base64.StdEncoding.DecodeString(secret[last:])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", &fault.Error{Kind: fault.Integrity, File: k.file(org), What: "not a signing key of a signed note"}
	}
	public := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(ledger.Origin(org), public)
}

func (k *Keyring) file(org id.Org) string { return filepath.Join(k.dir, string(org)+".signing") }

func (k *Keyring) read(org id.Org) (string, error) {
	b, err := os.ReadFile(k.file(org))
	if errors.Is(err, fs.ErrNotExist) {
		return "", &fault.Error{
			Kind: fault.NotFound, File: k.file(org), What: "the signing key of " + string(org) + " is missing",
			Hint: "restore the folder of keys from its backup: without the key nothing more can be signed",
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		err = &fault.Error{Kind: fs.ErrPermission, File: k.file(org), What: "the signing key cannot be read", Err: err,
			Hint: "run it as the user who owns the data folder; keys are readable by nobody else"}
	}
	return strings.TrimSpace(string(b)), err
}

func (k *Keyring) generate(org id.Org) (string, error) {
	secret, _, err := note.GenerateKey(k.random, ledger.Origin(org))
	if err != nil {
		return "", fmt.Errorf("make the signing key of %s: %w", org, err)
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return "", err
	}
	return secret, writeFile(k.file(org), []byte(secret+"\n"), 0o600)
}
