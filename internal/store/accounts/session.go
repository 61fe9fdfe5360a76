package accounts

import (
	"context"
	"database/sql"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
)

const sessionColumns = "s.hash, s.id, s.person, s.created, s.seen, s.expires, s.strong, s.method, s.agent, s.address"

func sessionInto(s *access.Session) []any {
	return []any{&s.Hash, &s.ID, &s.Person, at{&s.Created}, at{&s.Seen}, at{&s.Expires}, maybe{&s.Strong}, &s.Method, &s.Agent, &s.Address}
}

// AddSession keeps a new session.
func (s *Store) AddSession(ctx context.Context, x access.Session) error {
	return addSession(ctx, s.write, x)
}

func addSession(ctx context.Context, e execer, x access.Session) error {
	return exec(ctx, e, "INSERT INTO sessions (hash, id, person, created, seen, expires, strong, method, agent, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		x.Hash, x.ID, x.Person, micro(x.Created), micro(x.Seen), micro(x.Expires), microOf(x.Strong), x.Method, x.Agent, x.Address)
}

// Session finds a session with its person by the hash of its secret, or fault.NotFound.
func (s *Store) Session(ctx context.Context, hash []byte) (access.Session, access.Person, error) {
	var x access.Session
	var p access.Person
	err := s.read.QueryRowContext(ctx, "SELECT "+sessionColumns+", "+personColumns+" FROM sessions s JOIN people p ON p.id = s.person WHERE s.hash = ?", hash).
		Scan(append(sessionInto(&x), personInto(&p)...)...)
	return x, p, missing(err)
}

// ReplaceSession puts a session in the place of another, in one step; the other must be there.
func (s *Store) ReplaceSession(ctx context.Context, old []byte, x access.Session) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := one(ctx, t, "DELETE FROM sessions WHERE hash = ?", old); err != nil {
			return err
		}
		return addSession(ctx, t, x)
	})
}

// TouchSession keeps when a session was last seen. One that has ended meanwhile stays ended.
func (s *Store) TouchSession(ctx context.Context, hash []byte, seen time.Time) error {
	return exec(ctx, s.write, "UPDATE sessions SET seen = max(seen, ?) WHERE hash = ?", micro(seen), hash)
}

// Sessions lists a person's sessions, the last seen first.
func (s *Store) Sessions(ctx context.Context, person id.Person) ([]access.Session, error) {
	return list(ctx, s.read, func(r scanner) (access.Session, error) {
		var x access.Session
		return x, r.Scan(sessionInto(&x)...)
	}, "SELECT "+sessionColumns+" FROM sessions s WHERE s.person = ? ORDER BY s.seen DESC, s.id", person)
}

// EndSession ends one session of a person by its public id, or fault.NotFound.
func (s *Store) EndSession(ctx context.Context, person id.Person, public string) error {
	return one(ctx, s.write, "DELETE FROM sessions WHERE person = ? AND id = ?", person, public)
}

// EndSessions ends a person's sessions, except for one if it is named, and what they had begun.
func (s *Store) EndSessions(ctx context.Context, person id.Person, except string) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := exec(ctx, t, "DELETE FROM pending WHERE person = ?", person); err != nil {
			return err
		}
		return exec(ctx, t, "DELETE FROM sessions WHERE person = ? AND id <> ?", person, except)
	})
}

const tokenColumns = "t.id, t.hash, t.name, t.org, t.person, t.scopes, t.created, t.expires, t.used, t.revoked"

func tokenInto(t *access.Token, scopes *string) []any {
	return []any{&t.ID, &t.Hash, &t.Name, &t.Org, &t.Person, scopes, at{&t.Created}, at{&t.Expires}, maybe{&t.Used}, maybe{&t.Revoked}}
}

// AddToken keeps a new API token.
func (s *Store) AddToken(ctx context.Context, t access.Token) error {
	return exec(ctx, s.write, "INSERT INTO tokens (id, hash, name, org, person, scopes, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		t.ID, t.Hash, t.Name, t.Org, t.Person, joined(t.Scopes), micro(t.Created), micro(t.Expires))
}

// Token finds a token with its person by its public id, or fault.NotFound.
func (s *Store) Token(ctx context.Context, public string) (access.Token, access.Person, error) {
	var t access.Token
	var p access.Person
	var scopes string
	err := s.read.QueryRowContext(ctx, "SELECT "+tokenColumns+", "+personColumns+" FROM tokens t JOIN people p ON p.id = t.person WHERE t.id = ?", public).
		Scan(append(tokenInto(&t, &scopes), personInto(&p)...)...)
	t.Scopes = split[access.Scope](scopes)
	return t, p, missing(err)
}

// Tokens lists a person's tokens, the newest first.
func (s *Store) Tokens(ctx context.Context, person id.Person) ([]access.Token, error) {
	return list(ctx, s.read, func(r scanner) (access.Token, error) {
		var t access.Token
		var scopes string
		err := r.Scan(tokenInto(&t, &scopes)...)
		t.Scopes = split[access.Scope](scopes)
		return t, err
	}, "SELECT "+tokenColumns+" FROM tokens t WHERE t.person = ? ORDER BY t.created DESC, t.id", person)
}

// TouchToken keeps when a token was last used.
func (s *Store) TouchToken(ctx context.Context, public string, used time.Time) error {
	return exec(ctx, s.write, "UPDATE tokens SET used = max(coalesce(used, 0), ?) WHERE id = ?", micro(used), public)
}

// RevokeToken ends one of a person's tokens, or fault.NotFound.
func (s *Store) RevokeToken(ctx context.Context, person id.Person, public string, now time.Time) error {
	return one(ctx, s.write, "UPDATE tokens SET revoked = ? WHERE id = ? AND person = ? AND revoked IS NULL", micro(now), public, person)
}
