package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Member is a person in an organization: what they are now, and what they ever were.
type Member struct {
	Person  access.Person
	Roles   []access.Role       // in force
	Void    []access.Role       // not ended, and there is no such role in this kind of organization: they give nothing
	History []access.Membership // all, in the order of their granting
}

// Members lists everybody who is or was a member, by e-mail address.
func (s *Service) Members(ctx context.Context, org id.Org) ([]Member, error) {
	kind, err := s.o.Kind(ctx, org)
	if err != nil {
		return nil, err
	}
	history, err := s.o.Store.Memberships(ctx, org)
	if err != nil {
		return nil, err
	}
	by := map[id.Person]*Member{}
	for _, m := range history {
		x := by[m.Person]
		if x == nil {
			p, err := s.o.Store.Person(ctx, m.Person)
			if err != nil {
				return nil, err
			}
			x = &Member{Person: p}
			by[m.Person] = x
		}
		x.History = append(x.History, m)
		if m.Ended == nil && m.Role.In(kind) {
			x.Roles = append(x.Roles, m.Role)
		} else if m.Ended == nil {
			x.Void = append(x.Void, m.Role)
		}
	}
	var out []Member
	for _, x := range by {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b Member) int {
		if a.Person.Email < b.Person.Email {
			return -1
		}
		return 1
	})
	return out, nil
}

// Organizations lists the organizations in which a person has a role that there is in its kind.
func (s *Service) Organizations(ctx context.Context, p id.Person) ([]id.Org, error) {
	all, err := s.o.Store.MembershipsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	var out []id.Org
	for _, m := range all {
		if m.Ended != nil || slices.Contains(out, m.Org) {
			continue
		}
		kind, err := s.o.Kind(ctx, m.Org)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil && m.Role.In(kind) {
			out = append(out, m.Org)
		}
	}
	return out, nil
}

// valid gives a person's roles in force that there are in the organization's kind; none in an organization that is not there.
func (s *Service) valid(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	roles, err := s.o.Store.RolesOf(ctx, p, org)
	if err != nil || len(roles) == 0 {
		return nil, err
	}
	kind, err := s.o.Kind(ctx, org)
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	in, _ := access.InForce(kind, roles)
	return in, err
}

// member is nil for somebody who has a role in the organization, else fault.NotFound.
func (s *Service) member(ctx context.Context, org id.Org, p id.Person) error {
	roles, err := s.valid(ctx, p, org)
	if err == nil && len(roles) == 0 {
		err = fault.NotFound
	}
	return err
}

// Found makes the founder of an organization that has no member yet its administrator and, as it is of a kind, its compliance lead or a
// partner of the firm.
func (s *Service) Found(ctx context.Context, org id.Org, founder id.Person, from From) error {
	kind, err := s.o.Kind(ctx, org)
	if err != nil {
		return err
	}
	now, roles := s.now(), access.Founders(kind)
	err = s.o.Store.ChangeRoles(ctx, org, func(history []access.Membership) (grant, end []access.Membership, err error) {
		if len(history) > 0 {
			return nil, nil, &fault.Error{Kind: fault.Denied, What: "the organization has members already", Hint: "ask one of its administrators for an invitation"}
		}
		for _, r := range roles {
			grant = append(grant, access.Membership{Org: org, Person: founder, Role: r, Granted: now})
		}
		return grant, nil, nil
	})
	s.cache.drop(founder)
	if err != nil {
		return err
	}
	return s.noteRoles(ctx, org, founder, "", Granted, roles, from)
}

func (s *Service) noteRoles(ctx context.Context, org id.Org, p, by id.Person, act string, roles []access.Role, from From) error {
	var faults []error
	for _, r := range roles {
		faults = append(faults, s.note(ctx, org, from, Event{Act: act, Person: p, By: by, Detail: string(r)}))
	}
	return errors.Join(faults...)
}

// grants decides which of the wanted roles are new to a person, and refuses what there is not in the kind of organization and what the history
// keeps apart. A role that there never was in it gave nothing, and keeps nobody from another.
func grants(kind access.Kind, history []access.Membership, org id.Org, p, by id.Person, want []access.Role, now time.Time) ([]access.Membership, error) {
	if err := access.Place(kind, want...); err != nil {
		return nil, err
	}
	var had, has []access.Role
	for _, m := range history {
		if m.Person == p && m.Role.In(kind) {
			had = append(had, m.Role)
			if m.Ended == nil {
				has = append(has, m.Role)
			}
		}
	}
	var out []access.Membership
	for _, r := range want {
		if slices.Contains(has, r) {
			continue
		}
		if err := access.Separate(r, had); err != nil {
			return nil, err
		}
		had, has = append(had, r), append(has, r)
		out = append(out, access.Membership{Org: org, Person: p, Role: r, By: by, Granted: now})
	}
	return out, nil
}

// lastAdministrator refuses a change that would leave nobody who can manage people. Who is disabled cannot.
func (s *Service) lastAdministrator(ctx context.Context, history, end []access.Membership) error {
	admins := map[id.Person]bool{}
	for _, m := range history {
		if m.Role != access.Administrator || m.Ended != nil {
			continue
		}
		p, err := s.o.Store.Person(ctx, m.Person)
		if err != nil {
			return err
		}
		if p.Disabled == nil {
			admins[m.Person] = true
		}
	}
	before := len(admins)
	for _, m := range end {
		if m.Role == access.Administrator {
			delete(admins, m.Person)
		}
	}
	if before > 0 && len(admins) == 0 {
		return &fault.Error{Kind: fault.Denied, What: "the last administrator cannot leave: nobody could invite or let anybody go", Hint: "make another person administrator first"}
	}
	return nil
}

// SetRoles gives a member exactly these roles. Nobody gives themselves one; laying one down is free.
func (s *Service) SetRoles(ctx context.Context, org id.Org, p id.Person, want []access.Role, by access.Visitor, from From) error {
	kind, err := s.fits(ctx, org, want)
	if err != nil {
		return err
	}
	if err := s.apart(ctx, org, p, want); err != nil {
		return err
	}
	s.giving.Lock()
	defer s.giving.Unlock()
	var granted, ended []access.Role
	err = s.o.Store.ChangeRoles(ctx, org, func(history []access.Membership) (grant, end []access.Membership, err error) {
		now, member := s.now(), false
		for _, m := range history {
			if m.Person != p || m.Ended != nil {
				continue
			}
			member = true
			if !slices.Contains(want, m.Role) {
				m.Ended, m.EndedBy = &now, by.Person
				end = append(end, m)
			}
		}
		if !member {
			return nil, nil, fault.NotFound
		}
		if grant, err = grants(kind, history, org, p, by.Person, want, now); err != nil {
			return nil, nil, err
		}
		if len(grant) > 0 && p == by.Person {
			return nil, nil, &fault.Error{Kind: fault.Denied, What: "nobody gives themselves a role", Hint: "ask another administrator"}
		}
		granted, ended = rolesIn(grant), rolesIn(end)
		return grant, end, s.lastAdministrator(ctx, history, end)
	})
	s.cache.drop(p)
	if err != nil {
		return err
	}
	return errors.Join(s.noteRoles(ctx, org, p, by.Person, Granted, granted, from), s.noteRoles(ctx, org, p, by.Person, Ended, ended, from))
}

// fits refuses roles that there are not in the organization's kind, and none at all. It says what the organization is.
func (s *Service) fits(ctx context.Context, org id.Org, roles []access.Role) (access.Kind, error) {
	for _, r := range roles {
		if _, err := access.ParseRole(string(r)); err != nil {
			return 0, err
		}
	}
	if len(roles) == 0 {
		return 0, &fault.Error{Kind: fault.Refused, Field: "roles", What: "choose at least one role"}
	}
	kind, err := s.o.Kind(ctx, org)
	if err != nil {
		return 0, err
	}
	return kind, access.Place(kind, roles...)
}

// apart asks whether something besides the history keeps a person from the roles that are new to them.
func (s *Service) apart(ctx context.Context, org id.Org, p id.Person, roles []access.Role) error {
	if s.o.Apart == nil || len(roles) == 0 {
		return nil
	}
	has, err := s.o.Store.RolesOf(ctx, p, org)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(roles), func(r access.Role) bool { return slices.Contains(has, r) })
	x, err := s.o.Store.Person(ctx, p)
	if errors.Is(err, fault.NotFound) || len(fresh) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return s.o.Apart(ctx, org, x.Email, fresh)
}

// besides gives what else ends of a person's memberships with those that do: where they keep no role that there is in the organization's kind,
// those that there are not. With the last role the tokens end, and what gives nothing must not keep them.
func besides(kind access.Kind, history []access.Membership, p, by id.Person, grant, end []access.Membership, now time.Time) []access.Membership {
	end = slices.DeleteFunc(slices.Clone(end), func(m access.Membership) bool { return m.Person != p })
	if len(end) == 0 || len(grant) > 0 {
		return nil
	}
	var void []access.Membership
	for _, m := range history {
		switch {
		case m.Person != p || m.Ended != nil || slices.Contains(rolesIn(end), m.Role):
		case m.Role.In(kind):
			return nil
		default:
			m.Ended, m.EndedBy = &now, by
			void = append(void, m)
		}
	}
	return void
}

func rolesIn(list []access.Membership) []access.Role {
	var out []access.Role
	for _, m := range list {
		out = append(out, m.Role)
	}
	return out
}

// End ends all roles of a member, and what waits for them. It stays in the history that they were one. Their tokens here end with it, for good.
func (s *Service) End(ctx context.Context, org id.Org, p id.Person, by access.Visitor, from From) error {
	s.giving.Lock()
	defer s.giving.Unlock()
	waiting, err := s.o.Store.Awaited(ctx, org, p)
	if err == nil {
		err = s.o.Store.Await(ctx, nil, waiting)
	}
	if err != nil {
		return err
	}
	var ended []access.Role
	err = s.o.Store.ChangeRoles(ctx, org, func(history []access.Membership) (grant, end []access.Membership, err error) {
		now := s.now()
		for _, m := range history {
			if m.Person == p && m.Ended == nil {
				m.Ended, m.EndedBy = &now, by.Person
				end = append(end, m)
			}
		}
		if len(end) == 0 {
			return nil, nil, fault.NotFound
		}
		ended = rolesIn(end)
		return nil, end, s.lastAdministrator(ctx, history, end)
	})
	s.cache.drop(p)
	if err != nil {
		return err
	}
	return s.noteRoles(ctx, org, p, by.Person, Ended, ended, from)
}
