package account

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Purpose is why a browser is sent to the provider.
type Purpose struct {
	Next       string    // the page to go to afterwards
	Person     id.Person // who proves themselves again or links the account; empty for a sign-in
	Link       bool      // link the provider's word to Person
	Invitation string    // accept it, with a new account if need be
}

type flight struct {
	Purpose
	Flow []byte
}

// HasOpenID reports whether there is a provider.
func (s *Service) HasOpenID() bool { return s.o.OpenID != nil }

// BeginOpenID says where to send the browser. The secret stays with the browser and comes back to FinishOpenID. Strangers begin so much from
// one network; beyond that it is a *Wait.
func (s *Service) BeginOpenID(ctx context.Context, p Purpose, hint string, from From) (address, secret string, err error) {
	if s.o.OpenID == nil {
		return "", "", fault.NotFound
	}
	if p.Person == "" {
		if err := s.began.take(from.Address, s.now()); err != nil {
			return "", "", err
		}
	}
	address, flow, err := s.o.OpenID.Begin(ctx, p.Person != "", hint)
	if err != nil {
		return "", "", err
	}
	data, err := json.Marshal(flight{p, flow})
	if err != nil {
		return "", "", err
	}
	secret, err = s.wait(ctx, access.Pending{Kind: "openid", Person: p.Person, Data: data}, secondLife)
	return address, secret, err
}

// FinishOpenID judges the provider's answer and signs in, proves again or links, as BeginOpenID was told.
func (s *Service) FinishOpenID(ctx context.Context, secret string, query url.Values, v access.Visitor, from From, old string) (session string, p Purpose, err error) {
	if s.o.OpenID == nil {
		return "", p, fault.NotFound
	}
	w, err := s.take(ctx, secret, "openid")
	if err != nil {
		return "", p, err
	}
	var f flight
	if err := json.Unmarshal(w.Data, &f); err != nil {
		return "", p, err
	}
	who, err := s.o.OpenID.Finish(ctx, f.Flow, query)
	if err != nil {
		return "", f.Purpose, err
	}
	if f.Person != "" {
		session, err = s.provenOpenID(ctx, f.Purpose, who, v, from, old)
	} else {
		session, err = s.enterOpenID(ctx, f.Purpose, who, from, old)
	}
	return session, f.Purpose, err
}

// provenOpenID is for somebody who is signed in already.
func (s *Service) provenOpenID(ctx context.Context, p Purpose, who Identity, v access.Visitor, from From, old string) (string, error) {
	if v.Person != p.Person {
		return "", fault.Refuse("another person is signed in here now").WithHint("start again")
	}
	person, err := s.o.Store.External(ctx, who.Issuer, who.Subject)
	switch {
	case err == nil && person != v.Person, errors.Is(err, fault.NotFound) && !p.Link:
		return "", &fault.Error{Kind: fault.Denied, What: "the provider's account does not belong to this one"}
	case errors.Is(err, fault.NotFound):
		if !v.Strong {
			return "", access.StepUp
		}
		if err := s.o.Store.AddExternal(ctx, access.External{Issuer: who.Issuer, Subject: who.Subject, Person: v.Person, Created: s.now()}); err != nil {
			return "", err
		}
		return "", errors.Join(s.vouched(ctx, v.Person, v.Email, who), s.changed(ctx, v, from, "provider linked"))
	case err != nil:
		return "", err
	}
	return s.stronger(ctx, person, "openid", from, old)
}

// enterOpenID signs in whoever the provider's word stands for. An unknown one gets in by an invitation to its address, or, where the
// operator says that the provider decides over the address's domain, as a person whom a directory made and who has no secret yet.
func (s *Service) enterOpenID(ctx context.Context, p Purpose, who Identity, from From, old string) (string, error) {
	person, err := s.o.Store.External(ctx, who.Issuer, who.Subject)
	if errors.Is(err, fault.NotFound) {
		if p.Invitation != "" {
			return s.enrolOpenID(ctx, p, who, from)
		}
		person, err = s.adopt(ctx, who)
	}
	if errors.Is(err, fault.NotFound) {
		if err := s.note(ctx, "", from, Event{Act: SignInFailed, Detail: "openid"}); err != nil {
			return "", err
		}
		return "", &fault.Error{Kind: fault.Denied, What: "no account here belongs to this one of the provider", Hint: "ask an administrator for an invitation"}
	} else if err != nil {
		return "", err
	}
	x, err := s.o.Store.Person(ctx, person)
	if err != nil {
		return "", err
	}
	if x.Disabled != nil {
		return "", &fault.Error{Kind: fault.Denied, What: "no account here belongs to this one of the provider", Hint: "ask an administrator for an invitation"}
	}
	if err := s.vouched(ctx, person, x.Email, who); err != nil {
		return "", err
	}
	return s.enter(ctx, person, "openid", from, old)
}

func (s *Service) adopt(ctx context.Context, who Identity) (id.Person, error) {
	if !who.Authoritative || who.Email == "" {
		return "", fault.NotFound
	}
	email, err := access.ParseEmail(who.Email)
	if err != nil {
		return "", fault.NotFound
	}
	p, err := s.bare(ctx, email)
	if err != nil {
		return "", err
	}
	err = s.o.Store.Enrol(ctx, access.Enrolment{Person: p, External: &access.External{Issuer: who.Issuer, Subject: who.Subject, Person: p.ID, Created: s.now()}})
	if errors.Is(err, fault.Refused) { // they got a way to sign in meanwhile
		err = fault.NotFound
	}
	return p.ID, err
}

func (s *Service) enrolOpenID(ctx context.Context, p Purpose, who Identity, from From) (string, error) {
	n := Newcomer{Invitation: p.Invitation, Name: who.Name}
	if n.Name == "" {
		n.Name = who.Email
	}
	e, org, err := s.newcomer(ctx, n, true) // who.Email is held against the invitation below
	if err != nil {
		return "", err
	}
	if address, err := access.ParseEmail(who.Email); err != nil || address != e.Person.Email {
		return "", &fault.Error{Kind: fault.Denied, What: "the invitation is for another e-mail address than the provider confirms", Hint: "ask for an invitation to that address"}
	}
	e.External = &access.External{Issuer: who.Issuer, Subject: who.Subject, Person: e.Person.ID, Created: e.Person.Created}
	return s.enrol(ctx, n, e, org, "openid", from)
}

// Unlink forgets who the visitor is at a provider, unless it is the only way in.
func (s *Service) Unlink(ctx context.Context, v access.Visitor, issuer, subject string, from From) error {
	w, err := s.Ways(ctx, v.Person)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(w.External), func(x access.External) bool { return x.Issuer == issuer && x.Subject == subject })
	if len(left) == len(w.External) {
		return fault.NotFound
	}
	if w.External = left; !w.enough() {
		return fault.Refuse("the provider is the only way in that this account has").WithHint("add a passkey or a password first")
	}
	if err := s.o.Store.DropExternal(ctx, v.Person, issuer, subject); err != nil {
		return err
	}
	return s.changed(ctx, v, from, "provider unlinked")
}

// Provision makes a person for a directory (SCIM): they have no secret, and get in through the provider or an invitation.
func (s *Service) Provision(ctx context.Context, email, name string) (access.Person, error) {
	address, err := access.ParseEmail(email)
	if err != nil {
		return access.Person{}, err
	}
	if name, err = checkName("name", name); err != nil {
		return access.Person{}, err
	}
	now := s.now()
	p := access.Person{Email: address, Name: name, Created: now}
	if p.ID, err = id.NewPerson(now, s.o.Random); err != nil {
		return access.Person{}, err
	}
	if err := s.o.Store.Enrol(ctx, access.Enrolment{Person: p}); err != nil {
		return access.Person{}, err
	}
	return p, s.note(ctx, "", From{}, Event{Act: Enrolled, Person: p.ID, Detail: "directory"})
}
