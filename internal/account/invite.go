package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Invite asks the holder of an address to become a member in some roles, for seven days. The secret goes to that address and is
// kept nowhere. An earlier open invitation to the address ends.
func (s *Service) Invite(ctx context.Context, org id.Org, email string, roles []access.Role, by access.Visitor, from From) (secret string, err error) {
	address, err := access.ParseEmail(email)
	kind, unknown := s.fits(ctx, org, roles)
	if err := errors.Join(err, unknown); err != nil {
		return "", err
	}
	if address == by.Email {
		return "", &fault.Error{Kind: fault.Denied, What: "nobody gives themselves a role", Hint: "ask another administrator"}
	}
	if err := s.foreseen(ctx, kind, org, address, roles); err != nil {
		return "", err
	}
	now := s.now()
	i := access.Invitation{Org: org, Email: address, Roles: slices.Compact(slices.Sorted(slices.Values(roles))), By: by.Person, Created: now, Expires: now.Add(InvitationLife)}
	if secret, err = s.secret(); err != nil {
		return "", err
	}
	i.Hash, _ = digest(secret)
	if i.ID, err = id.New("invitation", now, s.o.Random); err != nil {
		return "", err
	}
	if err := s.o.Store.AddInvitation(ctx, i); err != nil {
		return "", err
	}
	return secret, s.note(ctx, org, from, Event{Act: Invited, By: by.Person, Detail: address})
}

// foreseen refuses an invitation that could not be accepted, to whoever writes it.
func (s *Service) foreseen(ctx context.Context, kind access.Kind, org id.Org, email string, roles []access.Role) error {
	var had []access.Role
	if s.o.Apart != nil {
		if err := s.o.Apart(ctx, org, email, roles); err != nil {
			return err
		}
	}
	p, err := s.o.Store.PersonByEmail(ctx, email)
	if err == nil {
		history, err := s.o.Store.Memberships(ctx, org)
		if err != nil {
			return err
		}
		for _, m := range history {
			if m.Person == p.ID && m.Role.In(kind) {
				had = append(had, m.Role)
			}
		}
	} else if !errors.Is(err, fault.NotFound) {
		return err
	}
	for _, r := range roles {
		if err := access.Separate(r, had); err != nil {
			return err
		}
		had = append(had, r)
	}
	return nil
}

// Mailed is an invitation's secret as it goes to the invited address by e-mail, and to nobody else, whoever wrote the invitation least
// of all: besides the invitation it proves that its holder reads the mail of that address.
func (s *Service) Mailed(secret string) string {
	k := hmac.New(sha256.New, s.o.Key[:])
	k.Write([]byte("mailed invitation\x00" + secret))
	return secret + "." + base64.RawURLEncoding.EncodeToString(k.Sum(nil))
}

// mailed takes the secret out of what Mailed gave, or of a bare secret. What carries another proof than ours has no secret.
func (s *Service) mailed(token string) (secret string, proven bool) {
	secret, _, marked := strings.Cut(token, ".")
	if !marked {
		return secret, false
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.Mailed(secret))) != 1 {
		return "", false
	}
	return secret, true
}

// Invitation finds an open invitation by its secret, alone or as Mailed gives it. One that was used, revoked or is too old is
// fault.NotFound, as one that never was.
func (s *Service) Invitation(ctx context.Context, token string) (access.Invitation, error) {
	secret, _ := s.mailed(token)
	hash, ok := digest(secret)
	if !ok {
		return access.Invitation{}, fault.NotFound
	}
	i, err := s.o.Store.Invitation(ctx, hash)
	if err == nil && (i.Used != nil || i.Revoked != nil || !s.now().Before(i.Expires)) {
		err = fault.NotFound
	}
	return i, err
}

// Invitations lists what waits for an answer.
func (s *Service) Invitations(ctx context.Context, org id.Org) ([]access.Invitation, error) {
	all, err := s.o.Store.Invitations(ctx, org)
	now := s.now()
	return slices.DeleteFunc(all, func(i access.Invitation) bool { return !now.Before(i.Expires) }), err
}

// Uninvite ends an open invitation.
func (s *Service) Uninvite(ctx context.Context, org id.Org, public string, by access.Visitor, from From) error {
	if err := s.o.Store.RevokeInvitation(ctx, org, public, s.now()); err != nil {
		return err
	}
	return s.note(ctx, org, from, Event{Act: Uninvited, By: by.Person, Detail: public})
}

// joining decides, at the moment of acceptance, over the whole history. An invitation of long ago may name a role that there is not in the
// organization's kind: it is not taken in part.
func (s *Service) joining(kind access.Kind, i access.Invitation, p id.Person) access.Change {
	return func(history []access.Membership) (grant, end []access.Membership, err error) {
		grant, err = grants(kind, history, i.Org, p, i.By, i.Roles, s.now())
		return grant, nil, err
	}
}

// Accept makes the visitor a member. The invitation must be for their address.
func (s *Service) Accept(ctx context.Context, secret string, v access.Visitor, from From) (id.Org, error) {
	i, err := s.Invitation(ctx, secret)
	if err != nil {
		return "", err
	}
	if i.Email != v.Email {
		return "", &fault.Error{Kind: fault.Denied, What: "the invitation is for another e-mail address than yours", Hint: "sign out, and sign in as the person who was invited"}
	}
	kind, err := s.o.Kind(ctx, i.Org)
	if err == nil {
		err = s.apart(ctx, i.Org, v.Person, i.Roles)
	}
	if err != nil {
		return "", err
	}
	err = s.o.Store.Accept(ctx, i.Hash, v.Email, v.Person, s.now(), s.joining(kind, i, v.Person))
	s.cache.drop(v.Person)
	if err != nil {
		return "", err
	}
	if _, mailed := s.mailed(secret); mailed {
		err = s.o.Store.Prove(ctx, v.Person, s.now())
	}
	return i.Org, errors.Join(err, s.noteRoles(ctx, i.Org, v.Person, i.By, Granted, i.Roles, from), s.settle(ctx, v.Person, from))
}
