package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

// Folder is where a witness remembers the last checkpoint of each ledger, one file each. Whoever
// empties it makes the witness forget: a witness whose folder is lost is to be given a new key.
type Folder string

func (f Folder) file(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(string(f), hex.EncodeToString(sum[:16])+".checkpoint")
}

// read gives the last checkpoint of a ledger; of size 0 when there is none.
func (f Folder) read(key note.Verifier) (ledger.Signed, error) {
	name := f.file(key.Name())
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ledger.Signed{}, nil
	}
	if err != nil {
		return ledger.Signed{}, err
	}
	c, err := ledger.OpenCheckpoint(b, key)
	if err != nil {
		return c, &fault.Error{Kind: fault.Integrity, File: name, What: "the checkpoint that this witness remembers is not valid", Err: err}
	}
	return c, nil
}

// write replaces the checkpoint of a ledger, whole or not at all, and returns once it would
// survive a power cut.
func (f Folder) write(origin string, signed []byte) (err error) {
	t, err := os.CreateTemp(string(f), ".checkpoint-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(t.Name())
		}
	}()
	_, err = t.Write(signed)
	if err == nil {
		err = t.Sync()
	}
	if err = errors.Join(err, t.Close()); err != nil {
		return fmt.Errorf("keep the checkpoint of %s: %w", origin, err)
	}
	if err := os.Rename(t.Name(), f.file(origin)); err != nil {
		return err
	}
	d, err := os.Open(string(f))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
