// Package accounts keeps people, what they sign in with, and what they are where, in an SQLite file of its own: a
// long import into the ledger never makes a sign-in wait.
package accounts

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/assayhq/assay/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the file. Many goroutines may use it; one writes at a time, and readers do not wait for it.
type Store struct {
	write, read *sql.DB
	clock       func() time.Time
	most        int // of what waits for strangers' next requests, of each kind
}

// Open opens or makes the file, which only its owner may read, and brings it to this program's version.
func Open(ctx context.Context, path string, clock func() time.Time) (*Store, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	const pragmas = "?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)"
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + pragmas
	s := &Store{clock: clock, most: mostPending}
	if s.write, err = sql.Open("sqlite", name); err != nil {
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", name+"&_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	if err := errors.Join(s.migrate(ctx, path), s.safe(ctx)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, s.Sweep(ctx, clock())
}

// Close ends all use of the file.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// safe holds the file to what is promised of it: a power cut loses nothing that was answered.
func (s *Store) safe(ctx context.Context) error {
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		var got string
		if err := s.write.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("sqlite: %s is %s, want %s", pragma, got, want)
		}
	}
	return nil
}

// migrate goes forward only, one numbered step per transaction.
func (s *Store) migrate(ctx context.Context, path string) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var have int
	if err := s.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have > len(names) {
		return &fault.Error{Kind: fault.Refused, File: path, What: fmt.Sprintf("the database is of version %d, this program knows version %d", have, len(names)),
			Hint: "use the newer program that made it; nothing was changed"}
	}
	for i := have; i < len(names); i++ {
		script, err := migrations.ReadFile(names[i])
		if err != nil {
			return err
		}
		err = s.tx(ctx, func(t *sql.Tx) error {
			_, err := t.ExecContext(ctx, string(script)+fmt.Sprintf("\nPRAGMA user_version = %d;", i+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
	}
	return nil
}

// Sweep forgets what nobody can use any more: ended ceremonies, sessions past their end, failures of long ago.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		for _, q := range []struct {
			text string
			at   time.Time
		}{
			{"DELETE FROM pending WHERE expires <= ?", now}, {"DELETE FROM sessions WHERE expires <= ?", now},
			{"DELETE FROM failures WHERE last <= ?", now.Add(-48 * time.Hour)},
		} {
			if _, err := t.ExecContext(ctx, q.text, micro(q.at)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) tx(ctx context.Context, do func(*sql.Tx) error) error {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(t); err != nil {
		return errors.Join(err, rollback(t))
	}
	return t.Commit()
}

func rollback(t *sql.Tx) error {
	if err := t.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// one runs a statement that must change exactly one row; none is fault.NotFound.
func one(ctx context.Context, e execer, query string, args ...any) error {
	r, err := e.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return fault.NotFound
}

func exec(ctx context.Context, e execer, query string, args ...any) error {
	_, err := e.ExecContext(ctx, query, args...)
	return err
}

func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound
	}
	return err
}

// taken turns a broken UNIQUE into a refusal with a sentence.
func taken(err error, what string) error {
	if err != nil && strings.Contains(err.Error(), "UNIQUE constraint failed") {
		return fault.Refuse("%s", what)
	}
	return err
}

func micro(t time.Time) int64 { return t.UnixMicro() }

func microOf(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UnixMicro()
}

// at reads a time back; maybe one that may be absent.
type at struct{ to *time.Time }

func (a at) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is %T; expected microseconds", v)
	}
	*a.to = time.UnixMicro(n).UTC()
	return nil
}

type maybe struct{ to **time.Time }

func (m maybe) Scan(v any) error {
	if v == nil {
		*m.to = nil
		return nil
	}
	var t time.Time
	*m.to = &t
	return at{&t}.Scan(v)
}

type scanner interface{ Scan(...any) error }

func list[T any](ctx context.Context, db *sql.DB, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return gather(rows, scan)
}

func gather[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var out []T
	for rows.Next() {
		x, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

func joined[T ~string](list []T) string {
	s := make([]string, len(list))
	for i, x := range list {
		s[i] = string(x)
	}
	return strings.Join(s, " ")
}

func split[T ~string](s string) []T {
	var out []T
	for _, x := range strings.Fields(s) {
		out = append(out, T(x))
	}
	return out
}
