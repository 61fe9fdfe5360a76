package dir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"filippo.io/age"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// identity is the key of an organization's blobs; nil when there is none and none is to be made.
func (s *Store) identity(org id.Org, create bool) (*age.X25519Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key, ok := s.ids[org]; ok {
		return key, nil
	}
	if _, err := id.ParseOrg(string(org)); err != nil {
		return nil, err // it becomes part of a path
	}
	name := filepath.Join(s.keys, string(org)+".blobs")
	b, err := os.ReadFile(name)
	var key *age.X25519Identity
	switch {
	case err == nil:
		if key, err = age.ParseX25519Identity(strings.TrimSpace(string(b))); err != nil {
			return nil, &fault.Error{Kind: fault.Integrity, File: name, What: "not the key of blobs", Err: err, Hint: "restore the folder of keys from its backup"}
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case !create:
		return nil, nil
	default:
		if key, err = s.newIdentity(name); err != nil {
			return nil, err
		}
	}
	s.ids[org] = key
	return key, nil
}

// newIdentity makes a key and returns once the file is durable: without it no blob could be
// read again. age takes its randomness from the system itself.
func (s *Store) newIdentity(name string) (*age.X25519Identity, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	if err := s.makeDir(s.keys); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(key.String() + "\n")
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		return nil, err
	}
	d, err := os.Open(s.keys)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return key, d.Sync()
}

// makeDir makes a folder and those above it, durably.
func (s *Store) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	up := filepath.Dir(dir)
	if err := s.makeDir(up); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return s.explain(err)
	}
	return s.syncDir(up)
}

// syncDir makes names in a folder durable.
func (s *Store) syncDir(dir string) error {
	if s.Unsafe {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
