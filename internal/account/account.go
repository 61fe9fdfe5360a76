// Package account lets people in and knows what they are where: set-up, passkeys, passwords with a second factor, sign-in
// through a provider, sessions, invitations, roles with their history, API tokens. It follows NIST SP 800-63B-4 and ASVS 5.0,
// chapters V6 and V7.
package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// How long things last.
const (
	Idle           = 30 * time.Minute     // a session that nobody uses
	Absolute       = 12 * time.Hour       // any session
	StrongFor      = 10 * time.Minute     // a proof of who sits there
	InvitationLife = 7 * 24 * time.Hour   // an invitation
	LongestToken   = 366 * 24 * time.Hour // an API token: a year, whether a leap year or not
	ceremony       = 5 * time.Minute      // a challenge
	secondLife     = 10 * time.Minute     // between password and second factor
	setupLife      = 24 * time.Hour       // a link for the first set-up
	recoveryLife   = time.Hour            // a link for the way back in
)

// Journal is told of every act that matters to security. With an organization it goes to that organization's ledger, else to
// the log of the installation. An act whose note fails is reported as failed.
type Journal interface {
	Note(ctx context.Context, org id.Org, e Event) error
}

// Event is one act that matters to security.
type Event struct {
	Act     string    // such as "sign-in", "sign-in refused", "grant"; see the constants
	Person  id.Person // whom it is about; empty when nobody is known
	By      id.Person // who did it, when that is another
	At      time.Time
	Address string // of the network
	Agent   string // browser and system
	Detail  string // such as the method or the role; never a secret
}

// The acts.
const (
	SignedIn     = "sign-in"
	SignInFailed = "sign-in refused"
	SignedOut    = "sign-out"
	SteppedUp    = "step-up"
	StepUpFailed = "step-up refused"
	Secrets      = "secrets changed"
	Granted      = "role granted"
	Ended        = "role ended"
	Invited      = "invitation"
	Uninvited    = "invitation revoked"
	TokenMade    = "token made"
	TokenEnded   = "token revoked"
	SessionEnded = "session ended"
	Disabled     = "person disabled"
	Enabled      = "person enabled"
	Recovered    = "account recovered"
	Enrolled     = "account made"
	Rollback     = "passkey counter went back"
)

// OpenID signs people in with a provider; see package oidc, whose Provider app fits to it.
type OpenID interface {
	// Begin says where to send the browser, and what to keep until it comes back. Fresh asks for a new proof.
	Begin(ctx context.Context, fresh bool, hint string) (address string, flow []byte, err error)
	// Finish judges the answer. It is called once for a flow.
	Finish(ctx context.Context, flow []byte, query url.Values) (Identity, error)
}

// Identity is who signed in, on a provider's word.
type Identity struct {
	Issuer, Subject string
	Email           string // verified, or in a domain the provider is trusted with; empty otherwise
	Authoritative   bool   // the operator says that the provider decides over the address's domain
	Name            string
}

// Options are what accounts are wired from. Journal, Store, Kind, Clock and Random are required.
type Options struct {
	Store   Store
	Journal Journal
	// Kind says what an organization is, or fault.NotFound. It decides which roles there are in it.
	Kind func(ctx context.Context, org id.Org) (access.Kind, error)
	// Apart refuses roles, new to them in an organization, to whoever has an address, for what is known of them besides their roles: that they
	// examine the organization. Nil: nothing is known.
	Apart  func(ctx context.Context, org id.Org, email string, roles []access.Role) error
	Clock  func() time.Time
	Random io.Reader
	Key    [32]byte // seals second factors at rest; kept in a file beside the data, never in the database
	// Origins are the addresses under which pages are reached, such as https://assay.example.com; passkeys belong to the first one's host.
	Origins []string
	Title   string   // how the installation names itself to authenticators; empty: Assay
	OpenID  OpenID   // nil: no sign-in through a provider
	Cost    Cost     // of password hashing; zero: DefaultCost
	Words   []string // further words no password may consist of, such as organizations' names
}

// Service is the acts. It may be used by many goroutines. It must be the only one that changes its store: sessions are kept in
// memory for speed and dropped from it by the act that ends them.
type Service struct {
	o      Options
	cost   Cost
	crew   crew
	cache  cache
	rp     *relying // nil: passkeys cannot work under this address
	once   *challenges
	began  *meter     // what strangers begin
	wrong  *meter     // passkeys that were refused
	giving sync.Mutex // held while it is decided who is trusted with a role, and while the answer holds
	dummy  string     // the hash that unknown people are compared with
}

// New wires the acts.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Journal == nil || o.Kind == nil || o.Clock == nil || o.Random == nil {
		return nil, errors.New("account: store, journal, kind, clock and randomness are required")
	}
	if o.Key == [32]byte{} {
		return nil, errors.New("account: the key that seals second factors is empty")
	}
	if o.Title == "" {
		o.Title = "Assay"
	}
	s := &Service{o: o, cost: o.Cost, crew: newCrew(2, 16), cache: newCache(10_000)}
	if s.cost == (Cost{}) {
		s.cost = DefaultCost
	}
	var err error
	if s.rp, err = newRelying(o.Origins, o.Title); err != nil {
		return nil, err
	}
	if s.once, err = newChallenges(o.Random); err != nil {
		return nil, err
	}
	s.began, s.wrong = newMeter(300, secondLife), newMeter(300, secondLife)
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	s.dummy, err = s.cost.hash(secret, o.Random)
	return s, err
}

// From is where a request comes from, as far as that is shown to people and noted.
type From struct {
	Address string // of the network, without port
	Agent   string // browser and system in words
	Known   string // the mark that Known gave this browser before; empty: none
}

// secret is 256 bits as 43 letters.
func (s *Service) secret() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(s.o.Random, b[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// digest is what is kept of a secret: 256 bits of chance need no slow hash. A secret that cannot be one has none.
func digest(secret string) ([]byte, bool) {
	if len(secret) != 43 {
		return nil, false
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(secret); err != nil || len(b) != 32 {
		return nil, false
	}
	sum := sha256.Sum256([]byte(secret))
	return sum[:], true
}

func (s *Service) now() time.Time { return s.o.Clock().UTC() }

func (s *Service) note(ctx context.Context, org id.Org, from From, e Event) error {
	e.At, e.Address, e.Agent = s.now(), from.Address, from.Agent
	return s.o.Journal.Note(ctx, org, e)
}

// Person finds a person.
func (s *Service) Person(ctx context.Context, p id.Person) (access.Person, error) {
	return s.o.Store.Person(ctx, p)
}

// PersonByEmail finds a person by address.
func (s *Service) PersonByEmail(ctx context.Context, email string) (access.Person, error) {
	e, err := access.ParseEmail(email)
	if err != nil {
		return access.Person{}, err
	}
	return s.o.Store.PersonByEmail(ctx, e)
}

// SaveProfile keeps what a person says of themselves: name, language, theme, zone.
func (s *Service) SaveProfile(ctx context.Context, p access.Person) error {
	var err error
	if p.Name, err = checkName("name", p.Name); err != nil {
		return err
	}
	defer s.cache.drop(p.ID)
	return s.o.Store.SavePerson(ctx, p)
}

// Disable ends a person's access everywhere at once: sessions, tokens, sign-in. It is refused while the person is the last administrator of
// an organization, which it names: where nobody administers, nobody can be invited or let go. Who must be stopped at once, and is the last,
// loses their sessions by EndSessionsOf, and their secrets and tokens by the way back in that RecoveryLink makes.
func (s *Service) Disable(ctx context.Context, p, by id.Person) error {
	if p == by {
		return &fault.Error{Kind: fault.Denied, What: "you cannot disable yourself", Hint: "ask another administrator"}
	}
	err := s.o.Store.Disable(ctx, p, s.now(), func(org id.Org, history []access.Membership) error {
		err := s.lastAdministrator(ctx, history, slices.DeleteFunc(slices.Clone(history), func(m access.Membership) bool { return m.Person != p }))
		if errors.Is(err, fault.Denied) {
			err = &fault.Error{Kind: fault.Denied, What: "the organization " + string(org) + " would be left without an administrator: nobody could invite or let anybody go",
				Hint: "make another person administrator there first; until then, end the person's sessions"}
		}
		return err
	})
	s.cache.drop(p)
	if err != nil {
		return err
	}
	return s.note(ctx, "", From{}, Event{Act: Disabled, Person: p, By: by})
}

// Enable lets a person sign in again. What was ended stays ended.
func (s *Service) Enable(ctx context.Context, p, by id.Person) error {
	defer s.cache.drop(p)
	if err := s.o.Store.Enable(ctx, p); err != nil {
		return err
	}
	return s.note(ctx, "", From{}, Event{Act: Enabled, Person: p, By: by})
}

// Now is the time by which sessions, links and tokens end, UTC.
func (s *Service) Now() time.Time { return s.now() }
