package accounts

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/assayhq/assay/internal/access"
)

// The bounds of what asking again and again can have kept, of each kind: for all strangers together, and for one person.
const (
	mostPending = 10_000
	mostOfOne   = 20
)

// AddPending keeps what waits for the next request of a browser, and forgets what waited too long. Where there is too much of the same kind
// and person, or of strangers, the oldest of these goes: what one asks for takes no place from another.
func (s *Store) AddPending(ctx context.Context, p access.Pending, now time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := exec(ctx, t, "DELETE FROM pending WHERE expires <= ?", micro(now)); err != nil {
			return err
		}
		most := mostOfOne
		if p.Person == "" {
			most = s.most
		}
		if err := exec(ctx, t, "DELETE FROM pending WHERE hash IN (SELECT hash FROM pending WHERE kind = ? AND person = ? ORDER BY expires DESC LIMIT -1 OFFSET ?)",
			p.Kind, p.Person, most-1); err != nil {
			return err
		}
		if p.Data == nil {
			p.Data = []byte{}
		}
		return exec(ctx, t, "INSERT INTO pending (hash, kind, person, data, expires) VALUES (?, ?, ?, ?, ?)", p.Hash, p.Kind, p.Person, p.Data, micro(p.Expires))
	})
}

// Pending looks at what waits without taking it, or fault.NotFound.
func (s *Store) Pending(ctx context.Context, hash []byte, kind string) (access.Pending, error) {
	return scanPending(s.read.QueryRowContext(ctx, "SELECT hash, kind, person, data, expires FROM pending WHERE hash = ? AND kind = ?", hash, kind))
}

// TakePending takes what waits: of two that ask at once, one gets it.
func (s *Store) TakePending(ctx context.Context, hash []byte, kind string) (access.Pending, error) {
	return scanPending(s.write.QueryRowContext(ctx, "DELETE FROM pending WHERE hash = ? AND kind = ? RETURNING hash, kind, person, data, expires", hash, kind))
}

func scanPending(r *sql.Row) (access.Pending, error) {
	var p access.Pending
	err := r.Scan(&p.Hash, &p.Kind, &p.Person, &p.Data, at{&p.Expires})
	return p, missing(err)
}

// Failures gives what failed under a key; nothing is a count of 0.
func (s *Store) Failures(ctx context.Context, key string) (access.Failures, error) {
	f := access.Failures{Key: key}
	err := s.read.QueryRowContext(ctx, "SELECT count, last FROM failures WHERE key = ?", key).Scan(&f.Count, at{&f.Last})
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	return f, err
}

// Fail counts one more failure under each key. A count whose last failure lies before since begins anew.
func (s *Store) Fail(ctx context.Context, keys []string, now, since time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		for _, k := range keys {
			err := exec(ctx, t, "INSERT INTO failures (key, count, last) VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET count = CASE WHEN last < ? THEN 1 ELSE count + 1 END, last = excluded.last",
				k, micro(now), micro(since))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Forgive forgets the failures under keys.
func (s *Store) Forgive(ctx context.Context, keys []string) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		for _, k := range keys {
			if err := exec(ctx, t, "DELETE FROM failures WHERE key = ?", k); err != nil {
				return err
			}
		}
		return nil
	})
}
