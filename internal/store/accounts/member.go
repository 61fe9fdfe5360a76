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

const memberColumns = "org, person, role, by, granted, ended, ended_by"

func scanMember(r scanner) (access.Membership, error) {
	var m access.Membership
	return m, r.Scan(&m.Org, &m.Person, &m.Role, &m.By, at{&m.Granted}, maybe{&m.Ended}, &m.EndedBy)
}

// Memberships lists all memberships of an organization, ended ones too, in the order of their granting.
func (s *Store) Memberships(ctx context.Context, org id.Org) ([]access.Membership, error) {
	return list(ctx, s.read, scanMember, "SELECT "+memberColumns+" FROM memberships WHERE org = ? ORDER BY nr", org)
}

// MembershipsOf lists all memberships of a person, ended ones too.
func (s *Store) MembershipsOf(ctx context.Context, person id.Person) ([]access.Membership, error) {
	return list(ctx, s.read, scanMember, "SELECT "+memberColumns+" FROM memberships WHERE person = ? ORDER BY nr", person)
}

// RolesOf gives the roles in force of a person in an organization.
func (s *Store) RolesOf(ctx context.Context, person id.Person, org id.Org) ([]access.Role, error) {
	return list(ctx, s.read, func(r scanner) (access.Role, error) {
		var x access.Role
		return x, r.Scan(&x)
	}, "SELECT role FROM memberships WHERE person = ? AND org = ? AND ended IS NULL ORDER BY role", person, org)
}

// ChangeRoles grants and ends memberships as change decides, all or nothing, while nobody else does. Who has no role left by it has no
// token left.
func (s *Store) ChangeRoles(ctx context.Context, org id.Org, change access.Change) error {
	return s.tx(ctx, func(t *sql.Tx) error { return changeRoles(ctx, t, org, change) })
}

// histories lists all memberships of an organization as the transaction sees them.
func histories(ctx context.Context, t *sql.Tx, org id.Org) ([]access.Membership, error) {
	rows, err := t.QueryContext(ctx, "SELECT "+memberColumns+" FROM memberships WHERE org = ? ORDER BY nr", org)
	if err != nil {
		return nil, err
	}
	return gather(rows, scanMember)
}

func changeRoles(ctx context.Context, t *sql.Tx, org id.Org, change access.Change) error {
	history, err := histories(ctx, t, org)
	if err != nil {
		return err
	}
	grant, end, err := change(history)
	if err != nil {
		return err
	}
	for _, m := range end {
		err := one(ctx, t, "UPDATE memberships SET ended = ?, ended_by = ? WHERE org = ? AND person = ? AND role = ? AND ended IS NULL", microOf(m.Ended), m.EndedBy, org, m.Person, m.Role)
		if err != nil {
			return err
		}
	}
	for _, m := range grant {
		err := exec(ctx, t, "INSERT INTO memberships (org, person, role, by, granted) VALUES (?, ?, ?, ?, ?)", org, m.Person, m.Role, m.By, micro(m.Granted))
		if err != nil {
			return taken(err, "the person has this role already")
		}
	}
	for _, m := range end { // for good: a role that is given later brings none of them back
		if err := exec(ctx, t, `UPDATE tokens SET revoked = ?1 WHERE org = ?2 AND person = ?3 AND revoked IS NULL
			AND NOT EXISTS (SELECT 1 FROM memberships WHERE org = ?2 AND person = ?3 AND ended IS NULL)`, microOf(m.Ended), org, m.Person); err != nil {
			return err
		}
	}
	return nil
}

const invitationColumns = "id, hash, org, email, roles, by, created, expires, used, used_by, revoked"

func scanInvitation(r scanner) (access.Invitation, error) {
	var i access.Invitation
	var roles string
	err := r.Scan(&i.ID, &i.Hash, &i.Org, &i.Email, &roles, &i.By, at{&i.Created}, at{&i.Expires}, maybe{&i.Used}, &i.UsedBy, maybe{&i.Revoked})
	i.Roles = split[access.Role](roles)
	return i, missing(err)
}

// AddInvitation keeps an invitation. An open one of the same organization to the same address ends by it.
func (s *Store) AddInvitation(ctx context.Context, i access.Invitation) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		err := exec(ctx, t, "UPDATE invitations SET revoked = ? WHERE org = ? AND email = ? AND used IS NULL AND revoked IS NULL", micro(i.Created), i.Org, i.Email)
		if err != nil {
			return err
		}
		return exec(ctx, t, "INSERT INTO invitations (id, hash, org, email, roles, by, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			i.ID, i.Hash, i.Org, i.Email, joined(i.Roles), i.By, micro(i.Created), micro(i.Expires))
	})
}

// Invitation finds an invitation by the hash of its secret, used ones too, or fault.NotFound.
func (s *Store) Invitation(ctx context.Context, hash []byte) (access.Invitation, error) {
	return scanInvitation(s.read.QueryRowContext(ctx, "SELECT "+invitationColumns+" FROM invitations WHERE hash = ?", hash))
}

// Invitations lists the invitations of an organization that wait for an answer.
func (s *Store) Invitations(ctx context.Context, org id.Org) ([]access.Invitation, error) {
	return list(ctx, s.read, scanInvitation, "SELECT "+invitationColumns+" FROM invitations WHERE org = ? AND used IS NULL AND revoked IS NULL ORDER BY created", org)
}

// RevokeInvitation ends an open invitation, or fault.NotFound.
func (s *Store) RevokeInvitation(ctx context.Context, org id.Org, public string, now time.Time) error {
	return one(ctx, s.write, "UPDATE invitations SET revoked = ? WHERE org = ? AND id = ? AND used IS NULL AND revoked IS NULL", micro(now), org, public)
}

// Accept uses an invitation up and makes the person a member, all or nothing. The address must be the person's.
func (s *Store) Accept(ctx context.Context, hash []byte, email string, person id.Person, now time.Time, change access.Change) error {
	return s.tx(ctx, func(t *sql.Tx) error { return accept(ctx, t, hash, email, person, now, change) })
}

func accept(ctx context.Context, t *sql.Tx, hash []byte, email string, person id.Person, now time.Time, change access.Change) error {
	var org id.Org
	err := t.QueryRowContext(ctx, "UPDATE invitations SET used = ?, used_by = ? WHERE hash = ? AND email = ? AND used IS NULL AND revoked IS NULL AND expires > ? RETURNING org",
		micro(now), person, hash, email, micro(now)).Scan(&org)
	if err != nil {
		return missing(err)
	}
	return changeRoles(ctx, t, org, change)
}

// AddLink keeps a one-time link. A link of the same kind for the same person ends by it.
func (s *Store) AddLink(ctx context.Context, l access.Link) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if l.Kind == "set-up" {
			if any, err := anybody(ctx, t); err != nil || any {
				return either(err, fault.Refuse("the installation is set up already"))
			}
		}
		if err := exec(ctx, t, "DELETE FROM links WHERE kind = ? AND person = ?", l.Kind, l.Person); err != nil {
			return err
		}
		return exec(ctx, t, "INSERT INTO links (hash, kind, person, created, expires) VALUES (?, ?, ?, ?, ?)", l.Hash, l.Kind, l.Person, micro(l.Created), micro(l.Expires))
	})
}

// Link finds an unused link, or fault.NotFound.
func (s *Store) Link(ctx context.Context, hash []byte) (access.Link, error) {
	var l access.Link
	err := s.read.QueryRowContext(ctx, "SELECT hash, kind, person, created, expires FROM links WHERE hash = ? AND used IS NULL", hash).
		Scan(&l.Hash, &l.Kind, &l.Person, at{&l.Created}, at{&l.Expires})
	return l, missing(err)
}

// Recover uses a recovery link up and leaves the person, whose address is proven by it, with a new password: other secrets, sessions and
// tokens end, and who they are at providers too if the address was not proven before.
func (s *Store) Recover(ctx context.Context, hash []byte, person id.Person, password string, now time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := useLink(ctx, t, hash, "recovery", now); err != nil {
			return err
		}
		for _, q := range []string{"DELETE FROM sessions WHERE person = ?", "DELETE FROM pending WHERE person = ?", "DELETE FROM totp WHERE person = ?",
			"DELETE FROM codes WHERE person = ?", "DELETE FROM passkeys WHERE person = ?"} {
			if err := exec(ctx, t, q, person); err != nil {
				return err
			}
		}
		if err := exec(ctx, t, "UPDATE tokens SET revoked = ? WHERE person = ? AND revoked IS NULL", micro(now), person); err != nil {
			return err
		}
		err := exec(ctx, t, "DELETE FROM externals WHERE person = ?1 AND EXISTS (SELECT 1 FROM people WHERE id = ?1 AND proven IS NULL)", person)
		if err := errors.Join(err, prove(ctx, t, person, now)); err != nil {
			return err
		}
		return setPassword(ctx, t, person, password, now)
	})
}

func useLink(ctx context.Context, t *sql.Tx, hash []byte, kind string, now time.Time) error {
	return one(ctx, t, "UPDATE links SET used = ? WHERE hash = ? AND kind = ? AND used IS NULL AND expires > ?", micro(now), hash, kind, micro(now))
}
