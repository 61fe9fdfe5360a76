package account

import (
	"context"
	"errors"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// The acts of a directory.
const (
	Enlisted = "person listed by a directory"
	Renamed  = "person renamed by a directory"
)

// Reassignment is a change of one person's roles in an organization.
type Reassignment struct {
	Person    id.Person
	Add, Drop []access.Role
}

// Enlist finds the person with an address for a directory, or makes them without any secret. It changes nothing about a person who
// was there, and gives no role.
func (s *Service) Enlist(ctx context.Context, org id.Org, email, name string, by access.Visitor, from From) (p access.Person, made bool, err error) {
	p, err = s.PersonByEmail(ctx, email)
	if errors.Is(err, fault.NotFound) {
		p, err = s.Provision(ctx, email, name)
		made = err == nil
		if errors.Is(err, fault.Refused) { // somebody made them meanwhile, or the name cannot be one
			if q, again := s.PersonByEmail(ctx, email); again == nil {
				p, err = q, nil
			}
		}
	}
	if err != nil {
		return access.Person{}, false, err
	}
	return p, made, s.note(ctx, org, from, Event{Act: Enlisted, Person: p.ID, By: by.Person})
}

// Rename gives a person the name that a directory says. Whoever is or was a member elsewhere keeps theirs, without a word.
func (s *Service) Rename(ctx context.Context, org id.Org, p id.Person, name string, by access.Visitor, from From) error {
	name, err := checkName("name", name)
	if err != nil {
		return err
	}
	all, err := s.o.Store.MembershipsOf(ctx, p)
	if err != nil || slices.ContainsFunc(all, func(m access.Membership) bool { return m.Org != org }) {
		return err
	}
	x, err := s.o.Store.Person(ctx, p)
	if err != nil || x.Name == name {
		return err
	}
	x.Name = name
	if err := s.SaveProfile(ctx, x); err != nil {
		return err
	}
	return s.note(ctx, org, from, Event{Act: Renamed, Person: p, By: by.Person})
}

// Reassign gives and takes roles of several people at once, all or nothing: members or not, each at most once in the list. What they
// have, or do not have, stays so. Nobody gives themselves a role. The roles of somebody who may not be whom the directory means wait: of a
// person with a way to sign in, who has no role here, never accepted an invitation from here, and did not show that the address is theirs.
func (s *Service) Reassign(ctx context.Context, org id.Org, list []Reassignment, by access.Visitor, from From) error {
	kind, err := s.o.Kind(ctx, org)
	if err != nil {
		return err
	}
	for _, r := range list {
		for _, x := range append(slices.Clone(r.Add), r.Drop...) {
			if _, err := access.ParseRole(string(x)); err != nil {
				return err
			}
		}
		if err := access.Place(kind, r.Add...); err != nil {
			return err
		}
		if err := s.apart(ctx, org, r.Person, r.Add); err != nil {
			return err
		}
	}
	s.giving.Lock()
	defer s.giving.Unlock()
	list, wait, settled, err := s.sift(ctx, org, list, by.Person)
	if err != nil {
		return err
	}
	var granted, ended []access.Membership
	err = s.o.Store.ChangeRoles(ctx, org, func(history []access.Membership) (grant, end []access.Membership, err error) {
		now := s.now()
		of := map[id.Person][]access.Membership{}
		for _, m := range history {
			of[m.Person] = append(of[m.Person], m)
		}
		for _, r := range list {
			for _, m := range of[r.Person] {
				if m.Ended == nil && slices.Contains(r.Drop, m.Role) {
					m.Ended, m.EndedBy = &now, by.Person
					end = append(end, m)
				}
			}
			more, err := grants(kind, of[r.Person], org, r.Person, by.Person, r.Add, now)
			if err != nil {
				return nil, nil, err
			}
			if len(more) > 0 && r.Person == by.Person {
				return nil, nil, &fault.Error{Kind: fault.Denied, What: "nobody gives themselves a role", Hint: "ask another administrator"}
			}
			grant = append(grant, more...)
			end = append(end, besides(kind, of[r.Person], r.Person, by.Person, more, end, now)...)
		}
		granted, ended = grant, end
		return grant, end, s.lastAdministrator(ctx, append(slices.Clone(history), grant...), end)
	})
	for _, r := range list {
		s.cache.drop(r.Person)
	}
	if err != nil {
		return err
	}
	faults := []error{s.o.Store.Await(ctx, wait, settled)}
	for _, m := range wait {
		faults = append(faults, s.noteRoles(ctx, org, m.Person, by.Person, Awaits, []access.Role{m.Role}, from))
	}
	for _, m := range granted {
		faults = append(faults, s.noteRoles(ctx, org, m.Person, by.Person, Granted, []access.Role{m.Role}, from))
	}
	for _, m := range ended {
		faults = append(faults, s.noteRoles(ctx, org, m.Person, by.Person, Ended, []access.Role{m.Role}, from))
	}
	return errors.Join(faults...)
}
