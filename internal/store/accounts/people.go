package accounts

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

const personColumns = "p.id, p.email, p.name, p.lang, p.theme, p.zone, p.created, p.disabled"

func personInto(p *access.Person) []any {
	return []any{&p.ID, &p.Email, &p.Name, &p.Lang, &p.Theme, &p.Zone, at{&p.Created}, maybe{&p.Disabled}}
}

func scanPerson(r scanner) (access.Person, error) {
	var p access.Person
	err := r.Scan(personInto(&p)...)
	return p, missing(err)
}

// Person finds a person, or fault.NotFound.
func (s *Store) Person(ctx context.Context, person id.Person) (access.Person, error) {
	return scanPerson(s.read.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.id = ?", person))
}

// PersonByEmail finds a person by an address in the form of access.ParseEmail, or fault.NotFound.
func (s *Store) PersonByEmail(ctx context.Context, email string) (access.Person, error) {
	return scanPerson(s.read.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.email = ?", email))
}

// SavePerson keeps name, language, theme and zone.
func (s *Store) SavePerson(ctx context.Context, p access.Person) error {
	return one(ctx, s.write, "UPDATE people SET name = ?, lang = ?, theme = ?, zone = ? WHERE id = ?", p.Name, p.Lang, p.Theme, p.Zone, p.ID)
}

// Anybody reports whether there is a person at all.
func (s *Store) Anybody(ctx context.Context) (bool, error) { return anybody(ctx, s.read) }

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func anybody(ctx context.Context, q querier) (bool, error) {
	var any bool
	err := q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM people)").Scan(&any)
	return any, err
}

// Enrol makes a person, all or nothing, or completes one who is there under the same identifier and address and who has no way to sign in.
// What let them in is used up by it.
func (s *Store) Enrol(ctx context.Context, e access.Enrolment) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		p := e.Person
		if e.Link != nil {
			if any, err := anybody(ctx, t); err != nil || any {
				return either(err, fault.NotFound)
			}
			if err := useLink(ctx, t, e.Link, "set-up", p.Created); err != nil {
				return err
			}
		}
		if err := enrolled(ctx, t, p); err != nil {
			return err
		}
		if e.Password != "" {
			if err := setPassword(ctx, t, p.ID, e.Password, p.Created); err != nil {
				return err
			}
		}
		if e.Passkey != nil {
			if err := addPasskey(ctx, t, *e.Passkey); err != nil {
				return err
			}
		}
		if e.External != nil {
			if err := addExternal(ctx, t, *e.External); err != nil {
				return err
			}
		}
		if e.Invitation != nil {
			return accept(ctx, t, e.Invitation, p.Email, p.ID, p.Created, e.Change)
		}
		return nil
	})
}

const anAccount = "there is an account with this e-mail address already"

// enrolled makes the person's row, or gives the row of a person without any way to sign in their name and language.
func enrolled(ctx context.Context, t *sql.Tx, p access.Person) error {
	var there, bare bool
	err := t.QueryRowContext(ctx, `SELECT count(*) > 0, coalesce(max(email = ?1 AND disabled IS NULL
		AND NOT EXISTS (SELECT 1 FROM passwords WHERE person = ?2) AND NOT EXISTS (SELECT 1 FROM passkeys WHERE person = ?2)
		AND NOT EXISTS (SELECT 1 FROM externals WHERE person = ?2)), 0) FROM people WHERE id = ?2`, p.Email, p.ID).Scan(&there, &bare)
	switch {
	case err != nil:
		return err
	case !there:
		err := exec(ctx, t, "INSERT INTO people (id, email, name, lang, theme, zone, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
			p.ID, p.Email, p.Name, p.Lang, p.Theme, p.Zone, micro(p.Created))
		return taken(err, anAccount)
	case !bare:
		return fault.Refuse(anAccount)
	}
	if err := exec(ctx, t, "DELETE FROM links WHERE person = ? AND used IS NULL", p.ID); err != nil { // the way back in of somebody who was never in
		return err
	}
	return one(ctx, t, "UPDATE people SET name = ?, lang = ? WHERE id = ?", p.Name, p.Lang, p.ID)
}

func either(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Disable ends a person's access: no sign-in, no session, no token from this moment on. First stay is asked about each organization in
// which the person has a role, with all memberships there.
func (s *Store) Disable(ctx context.Context, person id.Person, now time.Time, stay func(org id.Org, history []access.Membership) error) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := stays(ctx, t, person, stay); err != nil {
			return err
		}
		if err := one(ctx, t, "UPDATE people SET disabled = coalesce(disabled, ?) WHERE id = ?", micro(now), person); err != nil {
			return err
		}
		if err := exec(ctx, t, "DELETE FROM sessions WHERE person = ?", person); err != nil {
			return err
		}
		if err := exec(ctx, t, "DELETE FROM pending WHERE person = ?", person); err != nil {
			return err
		}
		return exec(ctx, t, "UPDATE tokens SET revoked = ? WHERE person = ? AND revoked IS NULL", micro(now), person)
	})
}

// stays asks about every organization in which a person has a role, so that the answer names all that are in the way.
func stays(ctx context.Context, t *sql.Tx, person id.Person, stay func(org id.Org, history []access.Membership) error) error {
	rows, err := t.QueryContext(ctx, "SELECT DISTINCT org FROM memberships WHERE person = ? AND ended IS NULL ORDER BY org", person)
	if err != nil {
		return err
	}
	orgs, err := gather(rows, func(r scanner) (org id.Org, err error) { return org, r.Scan(&org) })
	if err != nil {
		return err
	}
	var faults []error
	for _, org := range orgs {
		history, err := histories(ctx, t, org)
		if err != nil {
			return err
		}
		faults = append(faults, stay(org, history))
	}
	return errors.Join(faults...)
}

// Enable lets a person sign in again; ended sessions and tokens stay ended.
func (s *Store) Enable(ctx context.Context, person id.Person) error {
	return one(ctx, s.write, "UPDATE people SET disabled = NULL WHERE id = ?", person)
}
