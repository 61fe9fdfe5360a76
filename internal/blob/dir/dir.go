// Package dir keeps files beside the records, write-once, in folders of one organization each.
// A file is encrypted under a key of its own, which the organization's key wraps (age), and it
// is found by the SHA-256 of its content; its name shows that hash to nobody without the key.
package dir

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"filippo.io/age"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Store is a folder of blobs. Its methods may be called concurrently.
type Store struct {
	root, keys string
	mu         sync.Mutex
	ids        map[id.Org]*age.X25519Identity

	// Unsafe leaves out what makes a blob survive a power cut. It exists to show that the power
	// cut tests would notice; nothing in the product sets it.
	Unsafe bool
}

// Open opens a folder of blobs and the folder where the organizations' keys are, as ORG.blobs.
// Both are made when first needed.
func Open(root, keys string) *Store {
	return &Store{root: root, keys: keys, ids: map[id.Org]*age.X25519Identity{}}
}

// Put stores what r gives until its end and returns the SHA-256 of it; from then on it survives
// a power cut. When r fails nothing is left. The same content twice is kept once.
func (s *Store) Put(ctx context.Context, org id.Org, r io.Reader) (sum string, size int64, err error) {
	key, err := s.identity(org, true)
	if err != nil {
		return "", 0, err
	}
	folder := filepath.Join(s.root, string(org))
	if err := s.makeDir(folder); err != nil {
		return "", 0, err
	}
	f, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return "", 0, s.explain(err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	digest := sha256.New()
	size, err = s.write(ctx, f, key, io.TeeReader(r, digest))
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return "", 0, s.explain(err)
	}
	sum = hex.EncodeToString(digest.Sum(nil))
	name := filepath.Join(folder, blobName(key, sum))
	// Content that is there already stays, unless it is damaged.
	if s.Verify(ctx, org, sum) == nil {
		return sum, size, nil
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return "", 0, s.explain(err)
	}
	return sum, size, s.syncDir(folder)
}

func (s *Store) write(ctx context.Context, f *os.File, key *age.X25519Identity, r io.Reader) (int64, error) {
	w, err := age.Encrypt(f, key.Recipient())
	if err != nil {
		return 0, fmt.Errorf("encrypt a blob: %w", err)
	}
	size, err := io.Copy(w, &untilDone{ctx, r})
	if e := w.Close(); err == nil {
		err = e
	}
	if err == nil && !s.Unsafe {
		err = f.Sync()
	}
	return size, err
}

// untilDone stops a long copy when nobody waits for it any more.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// blobName hides the hash of the content: a known file could otherwise be searched for.
func blobName(key *age.X25519Identity, sum string) string {
	names := hmac.New(sha256.New, []byte(key.String()))
	names.Write([]byte("assay blob name v1\n" + sum))
	return hex.EncodeToString(names.Sum(nil))
}

func missing(sum string) error {
	return &fault.Error{Kind: fault.NotFound, What: "no blob " + sum + ", or it was erased"}
}

// path is where a blob lies.
func (s *Store) path(org id.Org, sum string) (string, *age.X25519Identity, error) {
	if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size || strings.ToLower(sum) != sum {
		return "", nil, fault.Refuse("%q is not the SHA-256 of a blob in lower-case hex", sum)
	}
	key, err := s.identity(org, false)
	if err != nil {
		return "", nil, err
	}
	if key == nil {
		if files, err := os.ReadDir(filepath.Join(s.root, string(org))); err == nil && len(files) > 0 {
			return "", nil, &fault.Error{Kind: fault.Integrity, What: "blob " + sum + " cannot be read: the key of the organization's blobs is gone", Hint: "restore the folder of keys from its backup"}
		}
		return "", nil, missing(sum)
	}
	return filepath.Join(s.root, string(org), blobName(key, sum)), key, nil
}

// Open reads a blob. Altered content ends in a fault.Integrity instead of io.EOF, so what was
// read counts only once the end is reached.
func (s *Store) Open(_ context.Context, org id.Org, sum string) (io.ReadCloser, error) {
	name, key, err := s.path(org, sum)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(sum)
	}
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(f, key)
	if err != nil {
		f.Close()
		return nil, altered(sum, err)
	}
	return &reader{f: f, r: r, digest: sha256.New(), sum: sum}, nil
}

func altered(sum string, err error) error {
	return &fault.Error{Kind: fault.Integrity, What: "blob " + sum + " is not what was stored", Err: err, Hint: "restore it from a backup of the data folder"}
}

type reader struct {
	f      *os.File
	r      io.Reader
	digest hash.Hash
	sum    string
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.digest.Write(p[:n])
	switch {
	case err == nil:
	case !errors.Is(err, io.EOF):
		err = altered(r.sum, err)
	case hex.EncodeToString(r.digest.Sum(nil)) != r.sum:
		err = altered(r.sum, errors.New("the content has another hash"))
	}
	return n, err
}

func (r *reader) Close() error { return r.f.Close() }

// Verify reads a whole blob and compares it with its hash.
func (s *Store) Verify(ctx context.Context, org id.Org, sum string) error {
	r, err := s.Open(ctx, org, sum)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, &untilDone{ctx, r})
	return err
}

// Remove destroys a blob: its content, and the wrapped key that stands at its start.
func (s *Store) Remove(_ context.Context, org id.Org, sum string) error {
	name, _, err := s.path(org, sum)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, 512), 0) // what lingers on the disk cannot be read without the key
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Remove(name)
	}
	if err != nil {
		return fmt.Errorf("remove blob %s: %w", sum, err)
	}
	return s.syncDir(filepath.Dir(name))
}

// Sweep removes what a process left that ended in the middle of a Put. Nobody else may be writing.
func (s *Store) Sweep(org id.Org) error {
	left, err := filepath.Glob(filepath.Join(s.root, string(org), ".new-*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// explain gives a full disk its remedy.
func (s *Store) explain(err error) error {
	if isFull(err) {
		return &fault.Error{
			Kind: syscall.ENOSPC, File: s.root, What: "no space is left for the file: nothing of it was stored", Err: err,
			Hint: "free space on the disk of the data folder and repeat; what was stored before is unharmed",
		}
	}
	return err
}
