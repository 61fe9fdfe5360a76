package account

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Visit is who a cookie or token stands for. The zero value is nobody.
type Visit struct {
	Visitor access.Visitor // Org is a token's organization, the only one in which the visitor is anybody; else empty
	Lang    string
	Theme   string
	Zone    string
}

// Identify says whose session a cookie's value is: nobody's when it is none, has ended, or its person is disabled. The session is
// used by it.
func (s *Service) Identify(ctx context.Context, secret string) (Visit, error) {
	hash, ok := digest(secret)
	if !ok {
		return Visit{}, nil
	}
	now, key := s.now(), "s"+hex.EncodeToString(hash)
	e, held, since := s.cache.get(key)
	if !held {
		x, p, err := s.o.Store.Session(ctx, hash)
		if errors.Is(err, fault.NotFound) {
			return Visit{}, nil
		} else if err != nil {
			return Visit{}, err
		}
		e = entry{person: p, session: x, seen: x.Seen, written: x.Seen}
		s.cache.put(key, p.ID, e, since)
	}
	x := e.session
	if e.person.Disabled != nil || !now.Before(x.Expires) || now.Sub(e.seen) >= Idle {
		return Visit{}, nil
	}
	if s.cache.touch(key, now) || !held && now.Sub(x.Seen) >= time.Minute {
		if err := s.o.Store.TouchSession(ctx, hash, now); err != nil {
			return Visit{}, err
		}
	}
	v := visitOf(e.person)
	v.Visitor.Session, v.Visitor.Strong = x.ID, x.Strong != nil && now.Sub(*x.Strong) < StrongFor
	return v, nil
}

func visitOf(p access.Person) Visit {
	return Visit{Visitor: access.Visitor{Person: p.ID, Name: p.Name, Email: p.Email}, Lang: p.Lang, Theme: p.Theme, Zone: p.Zone}
}

// Roles gives what a person is in an organization: the roles in force that there are in its kind. A membership in another role, from before
// that was asked or written into the database by hand, gives nothing. Behind a token of another organization they are nothing there.
func (s *Service) Roles(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	if v := access.From(ctx); v.Token && v.Person == p && v.Org != org {
		return nil, nil
	}
	key := "r" + string(p) + "/" + string(org)
	e, held, since := s.cache.get(key)
	if !held {
		roles, err := s.valid(ctx, p, org)
		if err != nil {
			return nil, err
		}
		e = entry{roles: roles}
		s.cache.put(key, p, e, since)
	}
	return append([]access.Role(nil), e.roles...), nil
}

// open makes a session in the place of the one that the browser came with, if that is the same person's. Every sign-in and every step-up has a new secret.
func (s *Service) open(ctx context.Context, p id.Person, method string, from From, old string) (secret string, err error) {
	now := s.now()
	x := access.Session{Person: p, Created: now, Seen: now, Expires: now.Add(Absolute), Strong: &now, Method: method, Agent: from.Agent, Address: from.Address}
	if secret, err = s.secret(); err != nil {
		return "", err
	}
	x.Hash, _ = digest(secret)
	if x.ID, err = id.New("session", now, s.o.Random); err != nil {
		return "", err
	}
	if hash, ok := digest(old); ok {
		was, _, err := s.o.Store.Session(ctx, hash)
		if err == nil {
			defer s.cache.drop(was.Person)
			if was.Person == p {
				x.Created, x.Expires, x.ID = was.Created, was.Expires, was.ID // proving again does not prolong
				if !now.Before(x.Expires) {
					return "", access.SignIn
				}
			}
			return secret, s.o.Store.ReplaceSession(ctx, hash, x)
		} else if !errors.Is(err, fault.NotFound) {
			return "", err
		}
	}
	return secret, s.o.Store.AddSession(ctx, x)
}

// enter signs a person in after whatever proved them, and notes it.
func (s *Service) enter(ctx context.Context, p id.Person, method string, from From, old string) (string, error) {
	if old != "" { // a sign-in begins a session of its own, for the same person too
		if err := s.leave(ctx, old); err != nil {
			return "", err
		}
	}
	if err := s.settle(ctx, p, from); err != nil {
		return "", err
	}
	secret, err := s.open(ctx, p, method, from, "")
	if err != nil {
		return "", err
	}
	return secret, s.note(ctx, "", from, Event{Act: SignedIn, Person: p, Detail: method})
}

func (s *Service) leave(ctx context.Context, secret string) error {
	hash, ok := digest(secret)
	if !ok {
		return nil
	}
	x, _, err := s.o.Store.Session(ctx, hash)
	if errors.Is(err, fault.NotFound) {
		return nil
	} else if err != nil {
		return err
	}
	err = s.o.Store.EndSession(ctx, x.Person, x.ID)
	s.cache.drop(x.Person)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// SignOut ends a session. That it ended before is no fault.
func (s *Service) SignOut(ctx context.Context, v access.Visitor, secret string, from From) error {
	if err := s.leave(ctx, secret); err != nil || v.Person == "" {
		return err
	}
	return s.note(ctx, "", from, Event{Act: SignedOut, Person: v.Person})
}

// Sessions lists a person's sessions that are in force.
func (s *Service) Sessions(ctx context.Context, p id.Person) ([]access.Session, error) {
	all, err := s.o.Store.Sessions(ctx, p)
	now := s.now()
	var out []access.Session
	for _, x := range all {
		if now.Before(x.Expires) && now.Sub(x.Seen) < Idle {
			out = append(out, x)
		}
	}
	return out, err
}

// EndSession ends one of the visitor's sessions; it is dead when this returns.
func (s *Service) EndSession(ctx context.Context, v access.Visitor, public string, from From) error {
	err := s.o.Store.EndSession(ctx, v.Person, public)
	s.cache.drop(v.Person)
	if err != nil {
		return err
	}
	return s.note(ctx, "", from, Event{Act: SessionEnded, Person: v.Person, By: v.Person, Detail: public})
}

// EndElsewhere ends all of the visitor's sessions but this one.
func (s *Service) EndElsewhere(ctx context.Context, v access.Visitor, from From) error {
	err := s.o.Store.EndSessions(ctx, v.Person, v.Session)
	s.cache.drop(v.Person)
	if err != nil {
		return err
	}
	return s.note(ctx, "", from, Event{Act: SessionEnded, Person: v.Person, By: v.Person, Detail: "all but one"})
}

// Elsewhere reports whether a person has a role in another organization too, whether or not there is such a role in its kind: what is decided
// here by the answer is better decided too strictly.
func (s *Service) Elsewhere(ctx context.Context, org id.Org, p id.Person) (bool, error) {
	all, err := s.o.Store.MembershipsOf(ctx, p)
	return slices.ContainsFunc(all, func(m access.Membership) bool { return m.Ended == nil && m.Org != org }), err
}

// EndSessionsOf ends all sessions of a member, as an administrator of an organization may. A session is good in all of a person's
// organizations: who belongs to another one too keeps theirs, since no organization decides over what happens in another.
func (s *Service) EndSessionsOf(ctx context.Context, org id.Org, p id.Person, by access.Visitor, from From) error {
	if err := s.member(ctx, org, p); err != nil {
		return err
	}
	elsewhere, err := s.Elsewhere(ctx, org, p)
	if err != nil {
		return err
	}
	if elsewhere {
		return &fault.Error{Kind: fault.Denied, What: "this person belongs to another organization too, and their sessions are good there as well",
			Hint: "end the membership: it ends what they may do here, in every session, at once"}
	}
	err = s.o.Store.EndSessions(ctx, p, "")
	s.cache.drop(p)
	if err != nil {
		return err
	}
	return s.note(ctx, org, from, Event{Act: SessionEnded, Person: p, By: by.Person, Detail: "all"})
}
