package access

import (
	"strings"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Person is a human being in an installation, whatever organizations they belong to. Times are UTC.
type Person struct {
	ID       id.Person
	Email    string // as ParseEmail gives it
	Name     string
	Lang     string // BCP 47; empty: what the browser prefers
	Theme    string // light, dark; empty: the system's
	Zone     string // IANA name; empty: the organization's
	Created  time.Time
	Disabled *time.Time // nil: may sign in
}

// Membership is one role of one person in one organization, with its beginning and its end. None is ever deleted: the
// history decides what roles must be kept apart.
type Membership struct {
	Org     id.Org
	Person  id.Person
	Role    Role
	By      id.Person // who granted it; empty: the installation, such as for whoever founded the organization
	Granted time.Time
	Ended   *time.Time // nil: in force
	EndedBy id.Person
}

// Change looks at all memberships of an organization, ended ones too, and says which to grant and which to end. It runs
// while nobody else changes them.
type Change func(history []Membership) (grant, end []Membership, err error)

// Session is one sign-in of one browser. Only the SHA-256 of its secret is kept.
type Session struct {
	Hash    []byte
	ID      string // public, for the list of sessions
	Person  id.Person
	Created time.Time
	Seen    time.Time
	Expires time.Time  // whatever happens
	Strong  *time.Time // of the last proof that nobody else sits there
	Method  string     // how the person signed in: passkey, password, password+totp, password+code, oidc
	Agent   string     // browser and system in words
	Address string     // of the network
}

// Token is an API token. It is good in one organization, and there for no more than its person's roles.
type Token struct {
	ID      string // public part
	Hash    []byte // SHA-256 of the secret part
	Name    string
	Org     id.Org
	Person  id.Person
	Scopes  []Scope
	Created time.Time
	Expires time.Time
	Used    *time.Time
	Revoked *time.Time
}

// Invitation asks whoever holds the address to become a member.
type Invitation struct {
	ID      string
	Hash    []byte // SHA-256 of its secret
	Org     id.Org
	Email   string
	Roles   []Role
	By      id.Person
	Created time.Time
	Expires time.Time
	Used    *time.Time
	UsedBy  id.Person
	Revoked *time.Time
}

// Link is an address that can be used once: the first set-up, or the way back in for a person who lost everything.
type Link struct {
	Hash    []byte
	Kind    string // "set-up" or "recovery"
	Person  id.Person
	Created time.Time
	Expires time.Time
}

// Passkey is a WebAuthn credential.
type Passkey struct {
	ID         []byte // as the authenticator gave it
	Person     id.Person
	Name       string
	PublicKey  []byte // COSE
	SignCount  uint32
	Flags      byte // of the authenticator data, WebAuthn level 3 section 6.1
	Transports []string
	AAGUID     []byte
	Created    time.Time
	Used       *time.Time
}

// TOTP is the secret of a person's authenticator program, RFC 6238.
type TOTP struct {
	Sealed []byte    // encrypted
	Step   int64     // the last 30-second step that was used; neither it nor an earlier one is taken again
	Since  time.Time // when it was confirmed
}

// External is who a person is at an OpenID provider.
type External struct {
	Issuer, Subject string
	Person          id.Person
	Created         time.Time
}

// Pending is what is kept on the server between two requests of one browser, such as a challenge. It is taken once.
type Pending struct {
	Hash    []byte // SHA-256 of the secret that the browser holds
	Kind    string
	Person  id.Person // empty before anybody is known
	Data    []byte
	Expires time.Time
}

// Failures are failed attempts to sign in under one key: an account, an address, or both together.
type Failures struct {
	Key   string
	Count int
	Last  time.Time
}

// Enrolment makes a person, with what they sign in with and what let them in, all or nothing.
type Enrolment struct {
	Person     Person
	Password   string // hash in PHC form; empty: none
	Passkey    *Passkey
	External   *External
	Link       []byte // hash of the link that is used up; it is refused once anybody exists
	Invitation []byte // hash of the invitation that is used up
	Change     Change // of memberships in the invitation's organization
}

// ParseEmail reads an e-mail address: ASCII, at most 254 bytes, in lower case. Letters that look alike would pass for
// another's address, so that an internationalised one is refused.
func ParseEmail(s string) (string, error) {
	e := strings.ToLower(strings.TrimSpace(s))
	local, domain, ok := strings.Cut(e, "@")
	good := ok && len(e) <= 254 && local != "" && len(local) <= 64 && strings.Contains(domain, ".") || ok && domain == "localhost" && local != ""
	for _, c := range local {
		good = good && c > ' ' && c < 0x7f && !strings.ContainsRune(`"\()<>[]:;,@`, c)
	}
	for label := range strings.SplitSeq(domain, ".") {
		good = good && label != "" && len(label) <= 63 && strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && label[0] != '-' && label[len(label)-1] != '-'
	}
	if !good {
		if len(s) > 80 {
			s = strings.ToValidUTF8(s[:80], "") + "…"
		}
		return "", &fault.Error{Kind: fault.Refused, Field: "email", What: "not an e-mail address: " + s + "; expected one such as ann@example.com"}
	}
	return e, nil
}
