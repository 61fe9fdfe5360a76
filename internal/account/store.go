package account

import (
	"context"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
)

// Store is all that accounts keep. Each part stands for itself; every method is one transaction that is durable when it
// returns, and may be called by many goroutines. What is not there is fault.NotFound.
type Store interface {
	People
	Entry
	Passwords
	Factors
	Codes
	Passkeys
	Externals
	Sessions
	SessionEnds
	Tokens
	TokenEnds
	Members
	Proofs
	Invitations
	Acceptance
	Links
	Waiting
	Throttle
}

// People finds and keeps people.
type People interface {
	Person(ctx context.Context, p id.Person) (access.Person, error)
	PersonByEmail(ctx context.Context, email string) (access.Person, error)
	SavePerson(ctx context.Context, p access.Person) error
	Anybody(ctx context.Context) (bool, error)
}

// Entry lets people in and out of the installation. Enrol gives a person who is there already, and has no way to sign in, what they lack.
// Disable ends sessions and tokens in the same
// step, unless stay refuses for one of the organizations in which the person has a role; it sees all memberships there while nobody changes them.
type Entry interface {
	Enrol(ctx context.Context, e access.Enrolment) error
	Disable(ctx context.Context, p id.Person, now time.Time, stay func(org id.Org, history []access.Membership) error) error
	Enable(ctx context.Context, p id.Person) error
}

// Passwords keeps hashes.
type Passwords interface {
	Password(ctx context.Context, p id.Person) (string, error)
	SetPassword(ctx context.Context, p id.Person, hash string, now time.Time) error
	DropPassword(ctx context.Context, p id.Person) error
}

// Factors keeps second factors. UseStep takes a step once, and none before one that was taken.
type Factors interface {
	TOTP(ctx context.Context, p id.Person) (access.TOTP, error)
	SetTOTP(ctx context.Context, p id.Person, f access.TOTP) error
	UseStep(ctx context.Context, p id.Person, step int64) error
	DropTOTP(ctx context.Context, p id.Person) error
}

// Codes keeps recovery codes. UseCode takes one once.
type Codes interface {
	SetCodes(ctx context.Context, p id.Person, hashes [][]byte, now time.Time) error
	UseCode(ctx context.Context, p id.Person, hash []byte, now time.Time) error
	CodesLeft(ctx context.Context, p id.Person) (int, error)
}

// Passkeys keeps passkeys. UsePasskey refuses a counter that went back.
type Passkeys interface {
	Passkeys(ctx context.Context, p id.Person) ([]access.Passkey, error)
	AddPasskey(ctx context.Context, k access.Passkey) error
	UsePasskey(ctx context.Context, k access.Passkey) error
	DropPasskey(ctx context.Context, p id.Person, key []byte) error
}

// Externals keeps who people are at providers.
type Externals interface {
	External(ctx context.Context, issuer, subject string) (id.Person, error)
	Externals(ctx context.Context, p id.Person) ([]access.External, error)
	AddExternal(ctx context.Context, x access.External) error
	DropExternal(ctx context.Context, p id.Person, issuer, subject string) error
}

// Sessions keeps sessions. ReplaceSession ends one and makes the other in one step.
type Sessions interface {
	AddSession(ctx context.Context, x access.Session) error
	Session(ctx context.Context, hash []byte) (access.Session, access.Person, error)
	ReplaceSession(ctx context.Context, old []byte, x access.Session) error
	TouchSession(ctx context.Context, hash []byte, seen time.Time) error
}

// SessionEnds lists and ends sessions.
type SessionEnds interface {
	Sessions(ctx context.Context, p id.Person) ([]access.Session, error)
	EndSession(ctx context.Context, p id.Person, public string) error
	EndSessions(ctx context.Context, p id.Person, except string) error
}

// Tokens keeps API tokens.
type Tokens interface {
	AddToken(ctx context.Context, t access.Token) error
	Token(ctx context.Context, public string) (access.Token, access.Person, error)
	TouchToken(ctx context.Context, public string, used time.Time) error
}

// TokenEnds lists and ends tokens.
type TokenEnds interface {
	Tokens(ctx context.Context, p id.Person) ([]access.Token, error)
	RevokeToken(ctx context.Context, p id.Person, public string, now time.Time) error
}

// Proofs keeps of whom it is shown that their address is theirs, and the roles that wait until it is.
type Proofs interface {
	Prove(ctx context.Context, p id.Person, now time.Time) error
	Trusted(ctx context.Context, org id.Org, p id.Person) (bool, error)
	Await(ctx context.Context, keep, forget []access.Membership) error
	Awaited(ctx context.Context, org id.Org, p id.Person) ([]access.Membership, error)
}

// Members keeps who is what where. ChangeRoles decides while nobody else changes the organization's memberships; with a person's last role
// in the organization their tokens there end.
type Members interface {
	Memberships(ctx context.Context, org id.Org) ([]access.Membership, error)
	MembershipsOf(ctx context.Context, p id.Person) ([]access.Membership, error)
	RolesOf(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error)
	ChangeRoles(ctx context.Context, org id.Org, change access.Change) error
}

// Invitations keeps invitations.
type Invitations interface {
	AddInvitation(ctx context.Context, i access.Invitation) error
	Invitation(ctx context.Context, hash []byte) (access.Invitation, error)
	Invitations(ctx context.Context, org id.Org) ([]access.Invitation, error)
	RevokeInvitation(ctx context.Context, org id.Org, public string, now time.Time) error
}

// Acceptance uses an invitation up, once, and changes the memberships with it or not at all.
type Acceptance interface {
	Accept(ctx context.Context, hash []byte, email string, p id.Person, now time.Time, change access.Change) error
}

// Links keeps one-time links. Recover uses one up and replaces all secrets of the person by a password.
type Links interface {
	AddLink(ctx context.Context, l access.Link) error
	Link(ctx context.Context, hash []byte) (access.Link, error)
	Recover(ctx context.Context, hash []byte, p id.Person, password string, now time.Time) error
}

// Waiting keeps what waits for the next request of a browser. AddPending gives the oldest of the same kind and person up where there are
// too many, so that nobody, and no stranger, keeps another out. TakePending gives it to one of two that ask at once.
type Waiting interface {
	AddPending(ctx context.Context, p access.Pending, now time.Time) error
	Pending(ctx context.Context, hash []byte, kind string) (access.Pending, error)
	TakePending(ctx context.Context, hash []byte, kind string) (access.Pending, error)
}

// Throttle keeps failed attempts.
type Throttle interface {
	Failures(ctx context.Context, key string) (access.Failures, error)
	Fail(ctx context.Context, keys []string, now, since time.Time) error
	Forgive(ctx context.Context, keys []string) error
}
