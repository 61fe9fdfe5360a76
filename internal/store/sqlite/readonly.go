package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/assayhq/assay/internal/fault"
)

// unwritable is the fault of a data folder that this user cannot write; it is a fs.ErrPermission.
func unwritable(dir string, err error) error {
	return &fault.Error{
		Kind: fs.ErrPermission, File: dir, What: "the data folder cannot be written", Err: err,
		Hint: "run it as the user who owns the folder, or on a copy; assay verify and assay test also read a folder that cannot be written",
	}
}

// takeFolder makes the data folder where there is none, and keeps others out of it. Of a folder that
// is only read it is the lock that others may share, or nil where there is none to be seen.
func takeFolder(c Config) (*os.File, error) {
	if c.ReadOnly {
		return shareFolder(c.Dir)
	}
	err := os.MkdirAll(c.Dir, 0o700)
	if err == nil {
		err = syncDir(filepath.Dir(filepath.Clean(c.Dir)))
	}
	var lock *os.File
	if err == nil {
		lock, err = lockFolder(c.Dir)
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		err = unwritable(c.Dir, err)
	}
	return lock, err
}

// shareFolder notices a process that writes, where the file of its lock can be opened.
func shareFolder(dir string) (*os.File, error) {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, nil //nolint:nilerr // whoever cannot see the lock reads without it, and the caller says so
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, busy(dir, "")
	}
	return f, nil
}

// openReadOnly opens the database as it lies there. Nothing is taken over from the write-ahead log of
// a process that did not end well: without it the database may be older than its checkpoint outside.
func (s *Store) openReadOnly(ctx context.Context, path string) error {
	if fi, err := os.Stat(path + "-wal"); err == nil && fi.Size() > 0 {
		return (&fault.Error{Kind: fault.Refused, File: path + "-wal", What: "holds records that are not in the database file yet, and cannot be taken over in a folder that cannot be written"}).
			WithHint("copy the folder to where it can be written, or open it once there where it came from: assay verify")
	}
	var err error
	if s.conn, err = openReadOnly(path, "query_only = ON", "cache_size = -65536"); err != nil {
		return s.explain(err)
	}
	have, want, err := versions(s.conn)
	if err != nil {
		return s.explain(err)
	}
	if have != want {
		return fault.Refuse("the database is of version %d, this program knows version %d, and cannot change it in a folder that cannot be written", have, want).
			WithHint("open it once with this program where it can be written: assay verify")
	}
	return s.loadOrgs(ctx)
}

// layout refuses a register whose table would have to be made first.
func (s *Store) layout(register string) error {
	return fault.Refuse("the register %s is laid out by another version of this program, and cannot be laid out anew in a folder that cannot be written", register).
		WithHint("open it once with this program where it can be written: assay controls")
}

func busy(dir, pid string) error {
	if pid == "" {
		pid = "unknown"
	}
	return &fault.Error{
		Kind: fault.Busy, File: dir, What: fmt.Sprintf("another process works with this data folder: process %s", pid),
		Hint: "wait for it, stop it, or use the running server instead of the command",
	}
}
