package account

import (
	"context"
	"errors"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Awaits is the act of a directory that gives a role to somebody of whom nothing shows that they are whom it means.
const Awaits = "role waits for proof of the address"

// Awaiting is a person whose roles wait: their account was there before, made by whoever held another organization's invitation.
type Awaiting struct {
	Person access.Person
	Roles  []access.Role
}

// Awaiting lists whose roles wait in an organization, until they accept an invitation of it or show that the address is theirs.
func (s *Service) Awaiting(ctx context.Context, org id.Org) ([]Awaiting, error) {
	all, err := s.o.Store.Awaited(ctx, org, "")
	if err != nil {
		return nil, err
	}
	var out []Awaiting
	for _, m := range all {
		if n := len(out); n > 0 && out[n-1].Person.ID == m.Person {
			out[n-1].Roles = append(out[n-1].Roles, m.Role)
			continue
		}
		p, err := s.o.Store.Person(ctx, m.Person)
		if err != nil {
			return nil, err
		}
		out = append(out, Awaiting{p, []access.Role{m.Role}})
	}
	return out, nil
}

// sift takes out of a directory's list the roles of those who may be somebody else than it means: these wait. Settled are waiting roles
// that the list gives now, or takes back.
func (s *Service) sift(ctx context.Context, org id.Org, list []Reassignment, by id.Person) (sound []Reassignment, wait, settled []access.Membership, err error) {
	now := s.now()
	waiting := func(p id.Person, roles []access.Role) (out []access.Membership) {
		for _, r := range roles {
			out = append(out, access.Membership{Org: org, Person: p, Role: r, By: by, Granted: now})
		}
		return out
	}
	for _, r := range list {
		settled = append(settled, waiting(r.Person, r.Drop)...)
		if len(r.Add) > 0 {
			ok, err := s.o.Store.Trusted(ctx, org, r.Person)
			if err != nil {
				return nil, nil, nil, err
			}
			if ok {
				settled = append(settled, waiting(r.Person, r.Add)...)
			} else {
				wait, r.Add = append(wait, waiting(r.Person, r.Add)...), nil
			}
		}
		sound = append(sound, r)
	}
	return sound, wait, settled, nil
}

// settle gives a person the roles that waited for them, where they are trusted now. One that their history keeps apart goes on waiting.
func (s *Service) settle(ctx context.Context, p id.Person, from From) error {
	s.giving.Lock()
	defer s.giving.Unlock()
	all, err := s.o.Store.Awaited(ctx, "", p)
	if err != nil || len(all) == 0 {
		return err
	}
	of := map[id.Org][]access.Membership{}
	for _, m := range all {
		of[m.Org] = append(of[m.Org], m)
	}
	var faults []error
	for org, waiting := range of {
		ok, err := s.o.Store.Trusted(ctx, org, p)
		if err == nil && ok {
			err = s.settleIn(ctx, org, p, waiting, from)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func (s *Service) settleIn(ctx context.Context, org id.Org, p id.Person, waiting []access.Membership, from From) error {
	kind, err := s.o.Kind(ctx, org)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var granted, settled []access.Membership
	waiting, err = s.undisputed(ctx, org, p, waiting)
	if err != nil {
		return err
	}
	err = s.o.Store.ChangeRoles(ctx, org, func(history []access.Membership) (grant, end []access.Membership, err error) {
		for _, m := range waiting {
			if !m.Role.In(kind) { // it waited from before that was asked, and cannot begin
				settled = append(settled, m)
				continue
			}
			more, err := grants(kind, slices.Concat(history, grant), org, p, m.By, []access.Role{m.Role}, s.now())
			if errors.Is(err, fault.Denied) {
				continue
			} else if err != nil {
				return nil, nil, err
			}
			grant, settled = append(grant, more...), append(settled, m)
		}
		granted = grant
		return grant, nil, nil
	})
	s.cache.drop(p)
	if err != nil {
		return err
	}
	faults := []error{s.o.Store.Await(ctx, nil, settled)}
	for _, m := range granted {
		faults = append(faults, s.noteRoles(ctx, org, p, m.By, Granted, []access.Role{m.Role}, from))
	}
	return errors.Join(faults...)
}

// undisputed leaves of waiting roles those that nothing besides the history keeps from the person; the others go on waiting.
func (s *Service) undisputed(ctx context.Context, org id.Org, p id.Person, waiting []access.Membership) ([]access.Membership, error) {
	var out []access.Membership
	for _, m := range waiting {
		switch err := s.apart(ctx, org, p, []access.Role{m.Role}); {
		case err == nil:
			out = append(out, m)
		case !errors.Is(err, fault.Denied):
			return nil, err
		}
	}
	return out, nil
}

// vouched keeps that a provider confirms the person's own address.
func (s *Service) vouched(ctx context.Context, p id.Person, email string, who Identity) error {
	if confirmed, err := access.ParseEmail(who.Email); err == nil && confirmed == email {
		return s.o.Store.Prove(ctx, p, s.now())
	}
	return nil
}
