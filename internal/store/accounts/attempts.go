package accounts

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// Attempt is an unsafe request that a program sent under a key of its own.
type Attempt struct {
	Scope, Key string
	Head       []byte // the fingerprint of the request
	Run        string // the process that works on it
}

// Reply is what was answered to an attempt.
type Reply struct {
	Status int
	Header map[string][]string
	Body   []byte
	Sum    []byte // the fingerprint of the body that came
}

// Bounds are how many attempts are kept, and for how long.
type Bounds struct {
	Since time.Time // older ones are forgotten
	Each  int       // of one scope
	Bytes int64     // of all bodies together
}

// Begun says what is known of an attempt that is to begin.
type Begun int

// What Begin finds. A lost attempt is one whose process ended before it was answered: nobody knows what it did.
const (
	Fresh Begun = iota
	UnderWay
	Answered
	Lost
	Another // the key came with another request
	Full    // as many as there may be are under way
)

// Begin claims a key, unless it is known.
func (s *Store) Begin(ctx context.Context, a Attempt, now time.Time, b Bounds) (state Begun, r Reply, err error) {
	err = s.tx(ctx, func(t *sql.Tx) error {
		if err := exec(ctx, t, "DELETE FROM attempts WHERE at <= ?", micro(b.Since)); err != nil {
			return err
		}
		var head, header []byte
		var run string
		var status sql.NullInt64
		err := t.QueryRowContext(ctx, "SELECT head, run, status, header, body, sum FROM attempts WHERE scope = ? AND key = ?", a.Scope, a.Key).
			Scan(&head, &run, &status, &header, &r.Body, &r.Sum)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			state, err = s.claim(ctx, t, a, now, b.Each)
			return err
		case err != nil:
			return err
		case !bytes.Equal(head, a.Head):
			state = Another
		case status.Valid:
			state, r.Status = Answered, int(status.Int64)
			return json.Unmarshal(header, &r.Header)
		case run == a.Run:
			state = UnderWay
		default:
			state = Lost
		}
		return nil
	})
	return state, r, err
}

// claim makes room for one more of the scope: whoever has too many loses their own oldest.
func (s *Store) claim(ctx context.Context, t *sql.Tx, a Attempt, now time.Time, each int) (Begun, error) {
	var n int
	if err := t.QueryRowContext(ctx, "SELECT count(*) FROM attempts WHERE scope = ?", a.Scope).Scan(&n); err != nil {
		return Fresh, err
	}
	if n >= each {
		if free, err := oldest(ctx, t, a.Scope); err != nil || !free {
			return Full, err
		}
	}
	return Fresh, exec(ctx, t, "INSERT INTO attempts (scope, key, head, run, at) VALUES (?, ?, ?, ?, ?)", a.Scope, a.Key, a.Head, a.Run, micro(now))
}

// oldest forgets the oldest answer of a scope, if there is one.
func oldest(ctx context.Context, t *sql.Tx, scope string) (bool, error) {
	r, err := t.ExecContext(ctx, "DELETE FROM attempts WHERE scope = ?1 AND key = (SELECT key FROM attempts WHERE scope = ?1 AND status IS NOT NULL ORDER BY at, key LIMIT 1)", scope)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// Finish keeps what was answered or, without it, forgets the key. Where all together are too large, whoever keeps most loses their oldest.
func (s *Store) Finish(ctx context.Context, a Attempt, r *Reply, b Bounds) error {
	if r == nil {
		return exec(ctx, s.write, "DELETE FROM attempts WHERE scope = ? AND key = ? AND status IS NULL", a.Scope, a.Key)
	}
	header, err := json.Marshal(r.Header)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := exec(ctx, t, "UPDATE attempts SET status = ?, header = ?, body = ?, sum = ? WHERE scope = ? AND key = ?", r.Status, header, r.Body, r.Sum, a.Scope, a.Key); err != nil {
			return err
		}
		for {
			var most string
			var all int64
			err := t.QueryRowContext(ctx, "SELECT scope, sum(sum(length(body))) OVER () FROM attempts WHERE status IS NOT NULL GROUP BY scope ORDER BY sum(length(body)) DESC LIMIT 1").Scan(&most, &all)
			if errors.Is(err, sql.ErrNoRows) || err == nil && all <= b.Bytes {
				return nil
			}
			if err != nil {
				return err
			}
			if _, err := oldest(ctx, t, most); err != nil {
				return err
			}
		}
	})
}
