// Package parts keeps what has arrived of uploads, in folders of one organization each, until they are whole.
// What lies here is not encrypted yet, unlike finished blobs; only the owner of the data folder may read it.
package parts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Store is a folder of unfinished uploads. Its methods may be called concurrently, but for one upload one at a time.
type Store struct{ root string }

// Open opens the folder; it is made when first needed.
func Open(root string) *Store { return &Store{root} }

var names = regexp.MustCompile(`^[a-z0-9]+_[a-z0-9]+$`)

// folder is where an organization's uploads lie; names that are none of ours lead nowhere.
func (s *Store) folder(org id.Org) (string, error) {
	if !names.MatchString(string(org)) {
		return "", fault.NotFound
	}
	return filepath.Join(s.root, string(org)), nil
}

func (s *Store) file(org id.Org, name, kind string) (string, error) {
	dir, err := s.folder(org)
	if err == nil && !names.MatchString(name) {
		err = fault.NotFound
	}
	return filepath.Join(dir, name+kind), err
}

// Begin keeps the description of an upload of which nothing has arrived.
func (s *Store) Begin(_ context.Context, org id.Org, name string, about []byte) error {
	data, err := s.file(org, name, ".part")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(data), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(data, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("begin upload %s: %w", name, err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	// The description comes last: an upload without one is not there.
	tmp := data + ".about"
	if err := os.WriteFile(tmp, about, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, strings.TrimSuffix(data, ".part")+".about")
}

// About gives the description, how many bytes are there, and when the last of them came; fault.NotFound for an unknown name.
func (s *Store) About(_ context.Context, org id.Org, name string) ([]byte, int64, civil.Instant, error) {
	file, err := s.file(org, name, ".about")
	if err != nil {
		return nil, 0, 0, err
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, 0, fault.NotFound
	}
	if err != nil {
		return nil, 0, 0, err
	}
	fi, err := os.Stat(strings.TrimSuffix(file, ".about") + ".part")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, 0, fault.NotFound
	}
	if err != nil {
		return nil, 0, 0, err
	}
	return b, fi.Size(), civil.InstantOf(fi.ModTime()), nil
}

// Write appends what r gives behind the size, which must be the present one. Where r fails, what came before stays.
func (s *Store) Write(_ context.Context, org id.Org, name string, size int64, r io.Reader) (int64, error) {
	file, err := s.file(org, name, ".part")
	if err != nil {
		return 0, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fault.NotFound
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if at != size {
		return at, fault.Refuse("the upload holds %d bytes, not %d", at, size)
	}
	n, err := io.Copy(f, r)
	return at + n, errors.Join(err, f.Sync())
}

// Open reads what is there.
func (s *Store) Open(_ context.Context, org id.Org, name string) (io.ReadCloser, error) {
	file, err := s.file(org, name, ".part")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.NotFound
	}
	return f, err
}

// Names lists the uploads of an organization.
func (s *Store) Names(_ context.Context, org id.Org) ([]string, error) {
	dir, err := s.folder(org)
	if err != nil {
		return nil, err
	}
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range list {
		if n, ok := strings.CutSuffix(e.Name(), ".about"); ok && names.MatchString(n) {
			out = append(out, n)
		}
	}
	return out, err
}

// Remove forgets an upload with all that came of it; an unknown one is no error.
func (s *Store) Remove(_ context.Context, org id.Org, name string) error {
	file, err := s.file(org, name, "")
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	for _, kind := range []string{".about", ".part"} { // without a description it is gone
		if e := os.Remove(file + kind); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
