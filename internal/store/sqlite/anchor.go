package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
)

// anchor keeps checkpoints outside the database, so that a database put back to an earlier
// state is noticed: per organization a folder in the layout of C2SP tlog-tiles. A checkpoint is
// written only after the database has it for good, so after a power cut the folder may lag
// behind the database and never runs ahead of it.
type anchor struct{ dir string }

func (a anchor) folder(org id.Org) string { return filepath.Join(a.dir, string(org)) }

// orgs lists the organizations that have a checkpoint here.
func (a anchor) orgs() ([]id.Org, error) {
	found, err := filepath.Glob(filepath.Join(a.dir, "*", "checkpoint"))
	var orgs []id.Org
	for _, f := range found {
		orgs = append(orgs, id.Org(filepath.Base(filepath.Dir(f))))
	}
	return orgs, err
}

// checkpoint reads the checkpoint of an organization; of size 0 when there is none.
func (a anchor) checkpoint(org id.Org, v note.Verifier) (ledger.Signed, error) {
	name := filepath.Join(a.folder(org), "checkpoint")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ledger.Signed{}, nil
	}
	if err != nil {
		return ledger.Signed{}, err
	}
	c, err := ledger.OpenCheckpoint(b, v)
	if err != nil {
		return c, &fault.Error{Kind: fault.Integrity, File: name, What: "the checkpoint kept outside the database is not valid", Err: err}
	}
	return c, nil
}

// tile reads a tile as wide as it was kept for a tree of that size; nil when it is not there.
func (a anchor) tile(org id.Org, level int, n, size int64) ([]byte, error) {
	t := tlog.Tile{H: ledger.TileHeight, L: level, N: n, W: tileWidth(level, n, size)}
	b, err := os.ReadFile(filepath.Join(a.folder(org), tilePath(t)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// tileWidth is how many hashes a tile has in a tree of that size.
func tileWidth(level int, n, size int64) int {
	return int(min(size>>(ledger.TileHeight*level)-n*ledger.TileWidth, ledger.TileWidth))
}

// tilePath is the name in C2SP tlog-tiles, which leaves the height out.
func tilePath(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", t.H))
}

// write keeps a checkpoint and the tiles that are new since the size before: first the tiles,
// durably, then the checkpoint that speaks of them.
func (a anchor) write(ctx context.Context, org id.Org, from int64, to ledger.Signed, read ledger.Tiles) error {
	root := a.folder(org)
	dirs := map[string]bool{root: true}
	var files errgroup.Group
	files.SetLimit(16) // the file system joins the syncs of several files
	var stale []string
	for _, t := range tlog.NewTiles(ledger.TileHeight, from, to.Size) {
		name := filepath.Join(root, filepath.FromSlash(tilePath(t)))
		if dir := filepath.Dir(name); !dirs[dir] {
			dirs[dir] = true
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
		}
		b, err := read(t.L, t.N)
		if err != nil {
			return err
		}
		if len(b) < t.W*tlog.HashSize {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("tile %d/%d of the ledger of %s is too short", t.L, t.N, org), Hint: "run assay verify"}
		}
		b = bytes.Clone(b[:t.W*tlog.HashSize])
		files.Go(func() error { return writeSynced(name, b) })
		if from > 0 {
			if w := tileWidth(t.L, t.N, from); w > 0 && w < ledger.TileWidth && w != t.W {
				t.W = w
				stale = append(stale, filepath.Join(root, filepath.FromSlash(tilePath(t))))
			}
		}
	}
	if err := errors.Join(files.Wait(), os.MkdirAll(root, 0o700)); err != nil {
		return fmt.Errorf("keep tiles of %s outside the database: %w", org, err)
	}
	for dir := range dirs {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(root, "checkpoint"), to.Note, 0o600); err != nil {
		return fmt.Errorf("keep the checkpoint of %s outside the database: %w", org, err)
	}
	for _, name := range stale {
		_ = os.Remove(name) // a narrower tile than the one just written: of no use to anybody
		_ = os.Remove(filepath.Dir(name))
	}
	return nil
}

func writeSynced(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// anchorNow keeps the latest checkpoint of an organization outside the database.
func (s *Store) anchorNow(ctx context.Context, org id.Org) error {
	s.anchoring.Lock()
	defer s.anchoring.Unlock()
	latest, err := s.Checkpoint(ctx, org)
	if err != nil {
		return err
	}
	from := s.anchored[org]
	if latest.Size <= from {
		return nil
	}
	if err := s.anchor.write(ctx, org, from, latest, s.tiles(ctx, org)); err != nil {
		return err
	}
	s.anchored[org] = latest.Size
	return nil
}

// anchorSoon has the latest checkpoint of an organization kept outside after a delay, by
// another goroutine: the several syncs of files would slow down the writer, and those who wait
// for it need not wait for them. What is not yet kept outside is called unanchored.
func (s *Store) anchorSoon(org id.Org, delay time.Duration) {
	s.dirtyMu.Lock()
	defer s.dirtyMu.Unlock()
	s.dirty[org] = true
	if s.timer != nil && delay > 0 {
		return // under way
	}
	if s.timer != nil && s.timer.Stop() {
		s.background.Done()
	}
	s.background.Add(1)
	s.timer = time.AfterFunc(delay, func() {
		defer s.background.Done()
		// A fault leaves the checkpoint for the next time: what it covers stays unanchored
		// until then, and Verify says so.
		_ = s.anchorDirty(context.Background())
	})
}

// anchorDirty keeps outside what was sealed since the last time.
func (s *Store) anchorDirty(ctx context.Context) error {
	s.dirtyMu.Lock()
	orgs := slices.Sorted(maps.Keys(s.dirty))
	clear(s.dirty)
	s.timer = nil
	s.dirtyMu.Unlock()
	var errs []error
	for _, org := range orgs {
		if err := s.anchorNow(ctx, org); err != nil {
			errs = append(errs, err)
			s.dirtyMu.Lock()
			s.dirty[org] = true
			s.dirtyMu.Unlock()
		}
	}
	return errors.Join(errs...)
}

// Anchored returns the size of the ledger at the checkpoint kept outside the database.
func (s *Store) Anchored(_ context.Context, org id.Org) (int64, error) {
	s.anchoring.Lock()
	defer s.anchoring.Unlock()
	return s.anchored[org], nil
}
