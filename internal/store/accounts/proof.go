package accounts

import (
	"context"
	"database/sql"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
)

// Prove keeps that the person reads the mail of their address. What was kept before stays.
func (s *Store) Prove(ctx context.Context, person id.Person, now time.Time) error {
	return prove(ctx, s.write, person, now)
}

func prove(ctx context.Context, e execer, person id.Person, now time.Time) error {
	return exec(ctx, e, "UPDATE people SET proven = ? WHERE id = ? AND proven IS NULL", micro(now), person)
}

// Trusted reports whether whoever signs in as the person is whom the organization means by the address: they showed that they read its
// mail, or accepted an invitation of the organization, or have a role there now, or nobody can sign in as them yet.
func (s *Store) Trusted(ctx context.Context, org id.Org, person id.Person) (bool, error) {
	var yes bool
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM people WHERE id = ?1 AND proven IS NOT NULL)
		OR EXISTS (SELECT 1 FROM invitations WHERE used_by = ?1 AND org = ?2)
		OR EXISTS (SELECT 1 FROM memberships WHERE person = ?1 AND org = ?2 AND ended IS NULL)
		OR NOT EXISTS (SELECT 1 FROM passwords WHERE person = ?1) AND NOT EXISTS (SELECT 1 FROM passkeys WHERE person = ?1)
		AND NOT EXISTS (SELECT 1 FROM externals WHERE person = ?1)`, person, org).Scan(&yes)
	return yes, err
}

// Await keeps roles that wait until their person is trusted, and forgets others.
func (s *Store) Await(ctx context.Context, keep, forget []access.Membership) error {
	if len(keep)+len(forget) == 0 {
		return nil
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		for _, m := range forget {
			if err := exec(ctx, t, "DELETE FROM awaited WHERE org = ? AND person = ? AND role = ?", m.Org, m.Person, m.Role); err != nil {
				return err
			}
		}
		for _, m := range keep {
			if err := exec(ctx, t, "INSERT INTO awaited (org, person, role, by, since) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
				m.Org, m.Person, m.Role, m.By, micro(m.Granted)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Awaited lists the roles that wait: of an organization, of a person, or of both. What is empty is any.
func (s *Store) Awaited(ctx context.Context, org id.Org, person id.Person) ([]access.Membership, error) {
	return list(ctx, s.read, func(r scanner) (access.Membership, error) {
		var m access.Membership
		return m, r.Scan(&m.Org, &m.Person, &m.Role, &m.By, at{&m.Granted})
	}, "SELECT org, person, role, by, since FROM awaited WHERE (?1 = '' OR org = ?1) AND (?2 = '' OR person = ?2) ORDER BY org, person, role", org, person)
}
