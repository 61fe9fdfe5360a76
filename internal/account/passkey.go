package account

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// relying is what WebAuthn level 3 calls the relying party: this installation under its first address.
type relying struct{ *webauthn.WebAuthn }

// newRelying is nil where passkeys cannot work: under a bare network address there is no domain that they could belong to.
func newRelying(origins []string, title string) (*relying, error) {
	if len(origins) == 0 {
		return nil, nil
	}
	u, err := url.Parse(origins[0])
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("account: origin %q is no address", origins[0])
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, nil
	}
	need := true
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: title, RPOrigins: origins,
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &need, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
		// Programs that keep passkeys answer with extensions that nobody asked for; none is used here.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("account: passkeys under %s: %w", origins[0], err)
	}
	return &relying{w}, nil
}

// holder is a person as the library sees them. The user handle is the person's identifier: opaque, and for ever.
type holder struct {
	access.Person
	keys []access.Passkey
}

func (h holder) WebAuthnID() []byte          { return []byte(h.ID) }
func (h holder) WebAuthnName() string        { return h.Email }
func (h holder) WebAuthnDisplayName() string { return h.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	var out []webauthn.Credential
	for _, k := range h.keys {
		c := webauthn.Credential{ID: k.ID, PublicKey: k.PublicKey, AttestationFormat: "none", Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(k.Flags)),
			Authenticator: webauthn.Authenticator{AAGUID: k.AAGUID, SignCount: k.SignCount}}
		for _, t := range k.Transports {
			c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
		}
		out = append(out, c)
	}
	return out
}

// HasPasskeys reports whether passkeys can work under the installation's address.
func (s *Service) HasPasskeys() bool { return s.rp != nil }

var errNoPasskeys = fault.Refuse("passkeys do not work under this address").WithHint("open the pages under a host name, or use a password")

// creation is what waits while a passkey is made: the ceremony and, for somebody new, who they will be.
type creation struct {
	Session  webauthn.SessionData
	Name     string // of the passkey
	Newcomer *Newcomer
	Person   access.Person
}

// challenge makes a challenge from our own randomness, so that all chance comes from one place.
func (s *Service) challenge() (x challenge, err error) {
	_, err = io.ReadFull(s.o.Random, x.chance[:])
	x.end = s.now().Add(ceremony)
	return x, err
}

// beginPasskey starts the making of a passkey for a person, who may not exist yet.
func (s *Service) beginPasskey(ctx context.Context, p access.Person, keys []access.Passkey, name string, n *Newcomer) (options any, secret string, err error) {
	if s.rp == nil {
		return nil, "", errNoPasskeys
	}
	if name == "" {
		name = "Passkey"
	}
	if name, err = checkName("name", name); err != nil {
		return nil, "", err
	}
	h := holder{p, keys}
	var exclude []protocol.CredentialDescriptor
	for _, c := range h.WebAuthnCredentials() {
		exclude = append(exclude, c.Descriptor())
	}
	made, session, err := s.rp.BeginRegistration(h, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, "", err
	}
	x, err := s.challenge()
	if err != nil {
		return nil, "", err
	}
	made.Response.Challenge = x.chance[:]
	session.Challenge = made.Response.Challenge.String()
	data, err := json.Marshal(creation{*session, name, n, p})
	if err != nil {
		return nil, "", err
	}
	w := access.Pending{Kind: "passkey", Data: data}
	if n == nil {
		w.Person = p.ID
	}
	secret, err = s.wait(ctx, w, ceremony)
	return made, secret, err
}

// finishPasskey judges what the authenticator made. The challenge is used up by it, whatever comes out.
func (s *Service) finishPasskey(ctx context.Context, secret string, answer []byte) (creation, access.Passkey, error) {
	var c creation
	w, err := s.take(ctx, secret, "passkey")
	if err != nil {
		return c, access.Passkey{}, err
	}
	if err := json.Unmarshal(w.Data, &c); err != nil {
		return c, access.Passkey{}, err
	}
	if s.rp == nil {
		return c, access.Passkey{}, errNoPasskeys
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return c, access.Passkey{}, refused(err)
	}
	made, err := s.rp.CreateCredential(holder{Person: c.Person}, c.Session, parsed)
	if err != nil {
		return c, access.Passkey{}, refused(err)
	}
	k := access.Passkey{ID: made.ID, Person: c.Person.ID, Name: c.Name, PublicKey: made.PublicKey, SignCount: made.Authenticator.SignCount,
		Flags: byte(made.Flags.ProtocolValue()), AAGUID: made.Authenticator.AAGUID, Created: s.now()}
	for _, t := range made.Transport {
		if len(k.Transports) < 8 && len(t) < 32 && !strings.ContainsAny(string(t), " \t\r\n") {
			k.Transports = append(k.Transports, string(t))
		}
	}
	return c, k, nil
}

// refused keeps the library's detail for whoever must find out, in words that hold nothing secret.
func refused(err error) error {
	what := "the passkey is not accepted"
	var e *protocol.Error
	if errors.As(err, &e) && e.Details != "" && len(e.Details) < 200 {
		what += ": " + strings.ToLower(e.Details[:1]) + e.Details[1:]
	}
	return &fault.Error{Kind: fault.Denied, What: what, Hint: "try again, or use another way"}
}

// BeginPasskey starts the making of a further passkey of the visitor. The options go to the browser; the secret comes back to FinishPasskey.
func (s *Service) BeginPasskey(ctx context.Context, v access.Visitor, name string) (options any, secret string, err error) {
	p, err := s.o.Store.Person(ctx, v.Person)
	if err != nil {
		return nil, "", err
	}
	keys, err := s.o.Store.Passkeys(ctx, p.ID)
	if err != nil {
		return nil, "", err
	}
	if len(keys) >= 20 {
		return nil, "", fault.Refuse("this account has 20 passkeys; remove one first")
	}
	return s.beginPasskey(ctx, p, keys, name, nil)
}

// FinishPasskey keeps the visitor's new passkey.
func (s *Service) FinishPasskey(ctx context.Context, v access.Visitor, secret string, answer []byte, from From) error {
	c, k, err := s.finishPasskey(ctx, secret, answer)
	if err != nil {
		return err
	}
	if c.Newcomer != nil || k.Person != v.Person {
		return fault.NotFound
	}
	if err := s.o.Store.AddPasskey(ctx, k); err != nil {
		return err
	}
	return s.changed(ctx, v, from, "passkey added")
}

// DropPasskey forgets one of the visitor's passkeys, unless it is the only way in.
func (s *Service) DropPasskey(ctx context.Context, v access.Visitor, key []byte, from From) error {
	w, err := s.Ways(ctx, v.Person)
	if err != nil {
		return err
	}
	var left []access.Passkey
	for _, k := range w.Passkeys {
		if !bytes.Equal(k.ID, key) {
			left = append(left, k)
		}
	}
	if len(left) == len(w.Passkeys) {
		return fault.NotFound
	}
	if w.Passkeys = left; !w.enough() {
		return fault.Refuse("this passkey is the only way in that this account has").WithHint("add another passkey or a password first")
	}
	if err := s.o.Store.DropPasskey(ctx, v.Person, key); err != nil {
		return err
	}
	return s.changed(ctx, v, from, "passkey removed")
}

// BeginSignIn starts a sign-in by passkey. Nobody needs to say who they are: the authenticator does. Nothing is kept of it here, so that
// strangers who begin and never end cost nobody anything.
func (s *Service) BeginSignIn(context.Context) (options any, secret string, err error) {
	if s.rp == nil {
		return nil, "", errNoPasskeys
	}
	x, err := s.challenge()
	if err != nil {
		return nil, "", err
	}
	o, _, err := s.rp.BeginDiscoverableLogin(webauthn.WithChallenge(x.chance[:]))
	return o, s.once.sealed(x), err
}

// FinishSignIn signs in whoever the passkey belongs to.
func (s *Service) FinishSignIn(ctx context.Context, secret string, answer []byte, from From, old string) (session string, err error) {
	p, err := s.assert(ctx, secret, answer, from)
	if err != nil {
		return "", err
	}
	return s.enter(ctx, p, "passkey", from, old)
}

// AgainByPasskey proves once more who sits there. A passkey of another person is refused.
func (s *Service) AgainByPasskey(ctx context.Context, v access.Visitor, secret string, answer []byte, from From, old string) (session string, err error) {
	p, err := s.assert(ctx, secret, answer, from)
	if err != nil {
		return "", err
	}
	if p != v.Person {
		return "", &fault.Error{Kind: fault.Denied, What: "the passkey belongs to another account"}
	}
	return s.stronger(ctx, p, "passkey", from, old)
}

var errUnknownKey = &fault.Error{Kind: fault.Denied, What: "this passkey is not known here", Hint: "it may have been removed; use another way to sign in"}

// assert judges an answer. A network that gave many wrong ones waits: each is noted.
func (s *Service) assert(ctx context.Context, secret string, answer []byte, from From) (id.Person, error) {
	if err := s.wrong.allowed(from.Address, s.now()); err != nil {
		return "", err
	}
	p, err := s.asserted(ctx, secret, answer, from)
	if errors.Is(err, fault.Denied) {
		s.wrong.add(from.Address, s.now())
		if err := s.note(ctx, "", from, Event{Act: SignInFailed, Person: p, Detail: "passkey"}); err != nil {
			return "", err
		}
	}
	return p, err
}

func (s *Service) asserted(ctx context.Context, secret string, answer []byte, from From) (id.Person, error) {
	if s.rp == nil {
		return "", errNoPasskeys
	}
	x, ok := s.once.open(secret, s.now())
	if !ok {
		return "", errLate()
	}
	_, session, err := s.rp.BeginDiscoverableLogin(webauthn.WithChallenge(x.chance[:]))
	if err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", refused(err)
	}
	var broken error // of the machine, which the library would take for a refusal
	_, used, err := s.rp.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		h, err := s.holder(ctx, id.Person(handle))
		if err != nil && !errors.Is(err, fault.NotFound) {
			broken = err
		}
		return h, err
	}, *session, parsed)
	p := id.Person(parsed.Response.UserHandle)
	switch {
	case broken != nil:
		return "", broken
	case errors.Is(err, fault.NotFound):
		return "", errUnknownKey
	case err != nil:
		return "", refused(err)
	}
	if err := s.once.use(p, x, s.now()); err != nil {
		return "", err
	}
	return p, s.used(ctx, p, used, from)
}

func (s *Service) holder(ctx context.Context, p id.Person) (holder, error) {
	h := holder{}
	var err error
	if h.Person, err = s.o.Store.Person(ctx, p); err != nil {
		return h, err
	}
	if h.Disabled != nil {
		return h, fault.NotFound
	}
	h.keys, err = s.o.Store.Passkeys(ctx, p)
	return h, err
}

// used keeps the counter. One that went back says that there are two of the authenticator (WebAuthn level 3, section 6.1.1): nobody gets in by it.
func (s *Service) used(ctx context.Context, p id.Person, c *webauthn.Credential, from From) error {
	now := s.now()
	err := fault.NotFound
	if !c.Authenticator.CloneWarning {
		err = s.o.Store.UsePasskey(ctx, access.Passkey{ID: c.ID, Person: p, SignCount: c.Authenticator.SignCount, Flags: byte(c.Flags.ProtocolValue()), Used: &now})
	}
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	if err := s.note(ctx, "", from, Event{Act: Rollback, Person: p, Detail: base64.RawURLEncoding.EncodeToString(c.ID)}); err != nil {
		return err
	}
	return &fault.Error{Kind: fault.Denied, What: "the passkey's counter went back: it may have been copied", Hint: "sign in another way and remove the passkey"}
}
