package elements_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	vauth "github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// person has the passkeys of one account.
type person struct{ keys []webauthn.Credential }

func (*person) WebAuthnID() []byte                           { return []byte("person-1") }
func (*person) WebAuthnName() string                         { return "ana@example.com" }
func (*person) WebAuthnDisplayName() string                  { return "Ana" }
func (p *person) WebAuthnCredentials() []webauthn.Credential { return p.keys }

// relying is the server's side of both ceremonies.
type relying struct {
	sync.Mutex
	web      *webauthn.WebAuthn
	who      person
	sessions [2]*webauthn.SessionData
	names    []string
	deny     bool
	faults   []error
}

func (p *relying) serve(s *site) {
	web, err := webauthn.New(&webauthn.Config{RPID: "localhost", RPDisplayName: "Assay", RPOrigins: []string{s.url}})
	if err != nil {
		s.Fatal(err)
	}
	p.web = web
	answer := func(act func(r *http.Request) (any, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			p.Lock()
			defer p.Unlock()
			got, err := act(r)
			w.Header().Set("Content-Type", "application/json")
			if err != nil || p.deny {
				p.faults = append(p.faults, err)
				w.WriteHeader(http.StatusForbidden)
				got = map[string]string{"detail": "The invitation has been used."}
			}
			if err := json.NewEncoder(w).Encode(got); err != nil {
				p.faults = append(p.faults, err)
			}
		}
	}
	s.mux.HandleFunc("POST /create/begin", answer(func(r *http.Request) (any, error) {
		p.names = append(p.names, r.PostFormValue("name"))
		options, session, err := web.BeginRegistration(&p.who, webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementRequired), webauthn.WithExclusions(webauthn.Credentials(p.who.keys).CredentialDescriptors()))
		p.sessions[0] = session
		return options, err
	}))
	s.mux.HandleFunc("POST /create/finish", answer(func(r *http.Request) (any, error) {
		key, err := web.FinishRegistration(&p.who, *p.sessions[0], r)
		if err != nil {
			return nil, err
		}
		p.who.keys = append(p.who.keys, *key)
		return map[string]string{"url": "/signin"}, nil
	}))
	s.mux.HandleFunc("POST /get/begin", answer(func(*http.Request) (any, error) {
		options, session, err := web.BeginDiscoverableLogin()
		p.sessions[1] = session
		return options, err
	}))
	s.mux.HandleFunc("POST /get/finish", answer(func(r *http.Request) (any, error) {
		user, _, err := web.FinishPasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			if !bytes.Equal(handle, p.who.WebAuthnID()) {
				return nil, errors.New("nobody of that handle")
			}
			return &p.who, nil
		}, *p.sessions[1], r)
		if err != nil {
			return nil, err
		}
		return map[string]string{"url": "/home?" + user.WebAuthnDisplayName()}, nil
	}))
}

// authenticator gives the tab a device that holds passkeys and says yes.
func (t *tab) authenticator() {
	t.Helper()
	t.run(vauth.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := vauth.AddVirtualAuthenticator(&vauth.VirtualAuthenticatorOptions{
			Protocol: vauth.AuthenticatorProtocolCtap2, Ctap2version: vauth.Ctap2versionCtap21, Transport: vauth.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
}

func passkeyPages(before string) map[string]string {
	return map[string]string{
		"/enrol":  before + `<form><label>Name <input name="name" value="Laptop"></label><assay-passkey data-mode="create" data-begin="/create/begin" data-finish="/create/finish"><button type="button" hidden>Make a passkey</button></assay-passkey></form>`,
		"/signin": before + `<assay-passkey><button type="button" data-mode="get" data-begin="/get/begin" data-finish="/get/finish" hidden>Sign in with a passkey</button></assay-passkey>`,
		"/auto":   `<label>E-mail <input name="email" autocomplete="username webauthn"></label><assay-passkey><button type="button" data-mode="get" data-begin="/get/begin" data-finish="/get/finish" hidden>Sign in</button></assay-passkey>`,
		"/home":   "signed in",
	}
}

func ceremonies(t *testing.T, before string, script func(*site)) {
	s := newSite(t, passkeyPages(before))
	if script != nil {
		script(s)
	}
	var rp relying
	rp.serve(s)
	p := s.tab("/home")
	p.authenticator()
	p.visit("/enrol")
	p.tabTo("assay-passkey button")
	p.keys(kb.Enter)
	p.until(`location.pathname === "/signin" || document.querySelector("[role=alert]:not([hidden])")`)
	p.is(`location.pathname`, "/signin")
	p.tabTo("assay-passkey button")
	p.keys(kb.Enter)
	p.until(`location.pathname === "/home" || document.querySelector("[role=alert]:not([hidden])")`)
	p.is(`location.pathname + location.search`, "/home?Ana")

	p.visit("/enrol") // the same device once more
	p.tabTo("assay-passkey button")
	p.keys(kb.Enter)
	p.until(`document.querySelector("[role=alert]")?.textContent === "This device has a passkey for this account already."`)
	rp.Lock()
	defer rp.Unlock()
	if len(rp.who.keys) != 1 || fmt.Sprint(rp.names) != "[Laptop Laptop]" {
		t.Errorf("%d passkeys under %v, want one under the name of the form", len(rp.who.keys), rp.names)
	}
	for _, err := range rp.faults {
		t.Error(err)
	}
}

// The tests of passkeys have the browser to themselves, so they are not parallel: it turns requests down in a window that is not in front.

// TestPasskey makes a passkey and signs in with it, against go-webauthn and the browser's virtual authenticator.
func TestPasskey(t *testing.T) {
	ceremonies(t, "", nil)
}

// TestPasskeyByHand does the same in a browser of WebAuthn level 2, which neither reads nor writes JSON.
func TestPasskeyByHand(t *testing.T) {
	ceremonies(t, `<script src="/level2.js"></script>`, func(s *site) {
		s.mux.HandleFunc("GET /level2.js", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `delete PublicKeyCredential.parseCreationOptionsFromJSON; delete PublicKeyCredential.parseRequestOptionsFromJSON; delete PublicKeyCredential.prototype.toJSON;`)
		})
	})
}

// TestPasskeyOffered: a field that asks for it offers the passkeys without a button pressed.
func TestPasskeyOffered(t *testing.T) {
	s := newSite(t, passkeyPages(""))
	var rp relying
	rp.serve(s)
	p := s.tab("/home")
	p.authenticator()
	p.visit("/enrol")
	p.tabTo("assay-passkey button")
	p.keys(kb.Enter)
	p.until(`location.pathname === "/signin"`)
	p.visit("/auto")
	p.until(`location.pathname === "/home"`)
}

// TestPasskeyRefused: what goes wrong is a sentence in an alert, and the button can be pressed again.
func TestPasskeyRefused(t *testing.T) {
	s := newSite(t, passkeyPages(""))
	rp := relying{deny: true}
	rp.serve(s)
	p := s.tab("/home")
	p.authenticator()
	p.visit("/enrol")
	p.tabTo("assay-passkey button")
	p.keys(kb.Enter)
	p.until(`document.querySelector("[role=alert]")?.textContent === "The invitation has been used."`)
	p.is(`document.activeElement.textContent + document.activeElement.disabled`, "Make a passkeyfalse")
	rp.Lock()
	rp.deny = false
	rp.Unlock()
	p.visit("/signin") // a device without a passkey of this site
	p.tabTo("assay-passkey button")
	p.keys(kb.Enter)
	p.until(`document.querySelector("[role=alert]")?.textContent === "No passkey was given: it was cancelled or took too long. Try again."`)
}
