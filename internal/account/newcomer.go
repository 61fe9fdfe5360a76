package account

import (
	"context"
	"errors"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Newcomer is somebody who has no account yet, or one that a directory made and that has no way to sign in, with the link or the
// invitation that lets them in.
type Newcomer struct {
	Link       string // of the first set-up
	Invitation string // secret, alone or as Mailed gives it
	Name       string
	Email      string // of the first set-up; an invitation names its own
	Lang       string
}

// FirstRun makes the link for the first set-up, for 24 hours. It is refused once anybody exists.
func (s *Service) FirstRun(ctx context.Context) (token string, err error) {
	if any, err := s.o.Store.Anybody(ctx); err != nil {
		return "", err
	} else if any {
		return "", fault.Refuse("the installation is set up already")
	}
	return s.link(ctx, "set-up", "")
}

func (s *Service) link(ctx context.Context, kind string, p id.Person) (string, error) {
	token, err := s.secret()
	if err != nil {
		return "", err
	}
	hash, _ := digest(token)
	now := s.now()
	life := setupLife
	if kind == "recovery" {
		life = recoveryLife
	}
	return token, s.o.Store.AddLink(ctx, access.Link{Hash: hash, Kind: kind, Person: p, Created: now, Expires: now.Add(life)})
}

// Empty reports whether there is no person yet.
func (s *Service) Empty(ctx context.Context) (bool, error) {
	any, err := s.o.Store.Anybody(ctx)
	return !any, err
}

// CheckLink says whose link it is, or fault.NotFound when it is none, was used, or is too old.
func (s *Service) CheckLink(ctx context.Context, token, kind string) (access.Link, error) {
	hash, ok := digest(token)
	if !ok {
		return access.Link{}, fault.NotFound
	}
	l, err := s.o.Store.Link(ctx, hash)
	if err == nil && (l.Kind != kind || !s.now().Before(l.Expires)) {
		err = fault.NotFound
	}
	if err == nil && kind == "set-up" {
		if any, err := s.o.Store.Anybody(ctx); err != nil || any {
			return access.Link{}, either(err, fault.NotFound)
		}
	}
	return l, err
}

func either(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// newcomer checks what somebody new says of themselves and what lets them in. Confirmed says that somebody trusted for it vouches for
// the address, besides the invitation.
func (s *Service) newcomer(ctx context.Context, n Newcomer, confirmed bool) (access.Enrolment, id.Org, error) {
	var e access.Enrolment
	var org id.Org
	var err error
	now := s.now()
	e.Person = access.Person{Lang: n.Lang, Created: now}
	switch {
	case n.Link != "":
		l, err := s.CheckLink(ctx, n.Link, "set-up")
		if err != nil {
			return e, "", err
		}
		e.Link = l.Hash
	case n.Invitation != "":
		i, err := s.Invitation(ctx, n.Invitation)
		if err != nil {
			return e, "", err
		}
		n.Email, e.Invitation, org = i.Email, i.Hash, i.Org
	default:
		return e, "", fault.NotFound
	}
	var faults []error
	if e.Person.Name, err = checkName("name", n.Name); err != nil {
		faults = append(faults, err)
	}
	if e.Person.Email, err = access.ParseEmail(n.Email); err != nil {
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return e, "", err
	}
	if n.Invitation != "" {
		_, mailed := s.mailed(n.Invitation)
		e.Person.ID, err = s.claim(ctx, e.Person.Email, org, confirmed || mailed)
		if !errors.Is(err, fault.NotFound) {
			return e, org, err
		}
	}
	if e.Person.ID, err = id.NewPerson(now, s.o.Random); err != nil {
		return e, "", err
	}
	return e, org, nil
}

// bare finds the person with an address who has no way to sign in, as a directory makes them; anybody else is fault.NotFound.
func (s *Service) bare(ctx context.Context, email string) (access.Person, error) {
	p, err := s.o.Store.PersonByEmail(ctx, email)
	if err != nil {
		return p, err
	}
	w, err := s.Ways(ctx, p.ID)
	if err == nil && (w.enough() || p.Disabled != nil) {
		err = fault.NotFound
	}
	return p, err
}

// claim says which person without a way to sign in an invitation's holder becomes, or fault.NotFound when there is none. What other
// organizations trusted the holder of the address with is given only to somebody who reads the mail of that address: a link that is
// handed over may be in the hands of whoever wrote the invitation.
func (s *Service) claim(ctx context.Context, email string, org id.Org, proven bool) (id.Person, error) {
	p, err := s.bare(ctx, email)
	if err != nil || proven {
		return p.ID, err
	}
	elsewhere, err := s.Elsewhere(ctx, org, p.ID)
	if err != nil {
		return "", err
	}
	if elsewhere {
		return "", &fault.Error{Kind: fault.Denied, What: "there is an account with this e-mail address already, and this link does not prove that the address is yours",
			Hint: "have the invitation sent by e-mail, or ask the operator of the installation for a link by which you set a password; then sign in to accept"}
	}
	return p.ID, nil
}

// MayEnrol reports whether the holder of an invitation makes an account by it: nobody has the address, or a person whom a directory made
// and who has no way to sign in. Anybody else signs in and accepts.
func (s *Service) MayEnrol(ctx context.Context, i access.Invitation) (bool, error) {
	_, err := s.o.Store.PersonByEmail(ctx, i.Email)
	if err == nil {
		_, err = s.bare(ctx, i.Email)
		if errors.Is(err, fault.NotFound) {
			return false, nil
		}
		return err == nil, err
	}
	if errors.Is(err, fault.NotFound) {
		return true, nil
	}
	return false, err
}

// enrol makes the account and signs in.
func (s *Service) enrol(ctx context.Context, n Newcomer, e access.Enrolment, org id.Org, method string, from From) (string, error) {
	var granted []access.Role
	made := Event{Act: Enrolled, Person: e.Person.ID, Detail: method}
	if _, err := s.o.Store.Person(ctx, e.Person.ID); err == nil { // a directory made them
		made = Event{Act: Secrets, Person: e.Person.ID, Detail: "first way to sign in: " + method}
	} else if !errors.Is(err, fault.NotFound) {
		return "", err
	}
	if e.Invitation != nil {
		i, err := s.Invitation(ctx, n.Invitation)
		if err != nil {
			return "", err
		}
		kind, err := s.o.Kind(ctx, i.Org)
		if err == nil && s.o.Apart != nil {
			err = s.o.Apart(ctx, i.Org, i.Email, i.Roles)
		}
		if err != nil {
			return "", err
		}
		granted = i.Roles
		e.Change = s.joining(kind, i, e.Person.ID)
	}
	_, mailed := s.mailed(n.Invitation)
	if err := s.admit(ctx, e, org, e.Link != nil || mailed || e.External != nil); err != nil {
		return "", err
	}
	s.cache.drop(e.Person.ID)
	if err := s.note(ctx, "", from, made); err != nil {
		return "", err
	}
	for _, r := range granted {
		if err := s.note(ctx, org, from, Event{Act: Granted, Person: e.Person.ID, Detail: string(r)}); err != nil {
			return "", err
		}
	}
	return s.enter(ctx, e.Person.ID, method, from, "")
}

// admit keeps the account of somebody new. Proven says that the address is theirs: by the first set-up, by mail, or on a provider's word.
// Whether an unproven link is enough is asked again while no directory gives roles.
func (s *Service) admit(ctx context.Context, e access.Enrolment, org id.Org, proven bool) error {
	s.giving.Lock()
	defer s.giving.Unlock()
	if e.Invitation != nil {
		if _, err := s.claim(ctx, e.Person.Email, org, proven); err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	if err := s.o.Store.Enrol(ctx, e); err != nil || !proven {
		return err
	}
	return s.o.Store.Prove(ctx, e.Person.ID, s.now())
}

// EnrolByPassword makes the account of somebody new, with a password, and signs them in.
func (s *Service) EnrolByPassword(ctx context.Context, n Newcomer, password string, from From) (session string, err error) {
	e, org, err := s.newcomer(ctx, n, false)
	if errors.Is(err, fault.NotFound) {
		return "", err
	}
	if err := errors.Join(err, s.CheckPassword(password, n.Name, n.Email, e.Person.Email)); err != nil {
		return "", err
	}
	if e.Password, err = s.newHash(ctx, password); err != nil {
		return "", err
	}
	return s.enrol(ctx, n, e, org, "password", from)
}

// BeginEnrol starts the making of an account with a passkey. Newcomers begin so much from one network; beyond that it is a *Wait.
func (s *Service) BeginEnrol(ctx context.Context, n Newcomer, from From) (options any, secret string, err error) {
	e, _, err := s.newcomer(ctx, n, false)
	if err != nil {
		return nil, "", err
	}
	if err := s.began.take(from.Address, s.now()); err != nil {
		return nil, "", err
	}
	return s.beginPasskey(ctx, e.Person, nil, "", &n)
}

// FinishEnrol makes the account and signs in.
func (s *Service) FinishEnrol(ctx context.Context, secret string, answer []byte, from From) (session string, err error) {
	c, k, err := s.finishPasskey(ctx, secret, answer)
	if err != nil {
		return "", err
	}
	if c.Newcomer == nil {
		return "", fault.NotFound
	}
	e, org, err := s.newcomer(ctx, *c.Newcomer, false)
	if err != nil {
		return "", err
	}
	e.Person.ID = c.Person.ID // the passkey's user handle
	e.Passkey = &k
	return s.enrol(ctx, *c.Newcomer, e, org, "passkey", from)
}

// RecoveryLink makes a way back in, for an hour, for a person who lost everything. Whoever holds it becomes that person: it is for
// the operator of the machine and for the mail to that person, and no page shows it.
func (s *Service) RecoveryLink(ctx context.Context, email string) (token string, err error) {
	p, err := s.PersonByEmail(ctx, email)
	if err != nil {
		return "", err
	}
	return s.link(ctx, "recovery", p.ID)
}

// Recover replaces all that a person signs in with by a password. All sessions and tokens end. The operator's link shows that the address is
// theirs; who they are at providers is forgotten if nothing showed it before, since it may be somebody else.
func (s *Service) Recover(ctx context.Context, token, password string, from From) error {
	l, err := s.CheckLink(ctx, token, "recovery")
	if err != nil {
		return err
	}
	p, err := s.o.Store.Person(ctx, l.Person)
	if err != nil {
		return err
	}
	if err := s.CheckPassword(password, p.Name, p.Email); err != nil {
		return err
	}
	phc, err := s.newHash(ctx, password)
	if err != nil {
		return err
	}
	err = s.o.Store.Recover(ctx, l.Hash, p.ID, phc, s.now())
	s.cache.drop(p.ID)
	if err != nil {
		return err
	}
	return s.note(ctx, "", from, Event{Act: Recovered, Person: p.ID})
}
