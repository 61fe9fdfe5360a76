package signin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/web/shell"
)

// status is how a refused form is answered: too soon is 429, too much at once 503, the rest 422.
func status(w http.ResponseWriter, err error) int {
	var wait *account.Wait
	switch {
	case errors.As(err, &wait):
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.For.Seconds())+1))
		return http.StatusTooManyRequests
	case errors.Is(err, fault.Busy):
		w.Header().Set("Retry-After", "3")
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}

// told reports whether an error is for the person at the form; others are the mux's.
func told(err error) bool {
	return errors.Is(err, fault.Refused) || errors.Is(err, fault.Denied) && !errors.Is(err, access.SignIn) && !errors.Is(err, access.StepUp) || errors.Is(err, fault.Busy)
}

func (p *Pages) next(r *http.Request) string {
	n := shell.Local(r.FormValue("next"))
	if u, err := url.Parse(n); err != nil || u.Path == "/signin" || u.Path == "/signout" || u.Path == "/again" {
		return "/"
	}
	return n
}

func to(w http.ResponseWriter, r *http.Request, where string) error {
	http.Redirect(w, r, shell.Local(where), http.StatusSeeOther)
	return nil
}

// with adds where to go afterwards to an address.
func with(path, next string) string {
	if next == "" || next == "/" {
		return path
	}
	return path + "?" + url.Values{"next": {next}}.Encode()
}

// start leads to where the visitor works.
func (p *Pages) start(w http.ResponseWriter, r *http.Request) error {
	v := access.From(r.Context())
	if v.Person == "" {
		empty, err := p.o.Accounts.Empty(r.Context())
		if err != nil {
			return err
		}
		if empty {
			return shell.Page(w, r, http.StatusOK, setupHint())
		}
		return to(w, r, "/signin")
	}
	list, err := p.mine(r, v.Person)
	if err != nil {
		return err
	}
	last := p.cookie(r, lastCookie)
	for _, o := range list {
		if len(list) == 1 || o.Slug == last {
			return to(w, r, "/o/"+url.PathEscape(o.Slug)+"/")
		}
	}
	return to(w, r, "/organizations")
}

// mine lists the organizations that a person is a member of.
func (p *Pages) mine(r *http.Request, person id.Person) ([]Organization, error) {
	orgs, err := p.o.Accounts.Organizations(r.Context(), person)
	if err != nil {
		return nil, err
	}
	var out []Organization
	for _, org := range orgs {
		o, err := p.o.Organizations.Organization(r.Context(), org)
		if errors.Is(err, fault.NotFound) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("organization %s: %w", org, err)
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	if access.From(r.Context()).Person != "" {
		return to(w, r, p.next(r))
	}
	if empty, err := p.o.Accounts.Empty(r.Context()); err != nil || empty {
		if err != nil {
			return err
		}
		return to(w, r, "/")
	}
	return shell.Page(w, r, http.StatusOK, signInPage(p.signInForm(r), p.next(r), p.o.Accounts.HasPasskeys(), p.provider(r)))
}

// provider is the name on the provider's button; empty: there is none.
func (p *Pages) provider(r *http.Request) string {
	switch {
	case !p.o.Accounts.HasOpenID():
		return ""
	case p.o.Provider == "":
		return shell.T(r.Context(), "your organization's login")
	}
	return p.o.Provider
}

func (p *Pages) signInForm(r *http.Request) shell.Form {
	ctx := r.Context()
	return shell.Form{Action: "/signin", Global: true, Submit: shell.T(ctx, "Sign in"), Hidden: map[string]string{"next": p.next(r)}, Fields: []shell.Field{
		{Name: "email", Type: "email", Label: shell.T(ctx, "E-mail"), Required: true, Auto: "username webauthn", Max: 254},
		{Name: "password", Type: "password", Label: shell.T(ctx, "Password"), Required: true, Auto: "current-password", Max: 128},
	}}
}

func (p *Pages) byPassword(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	in, err := p.o.Accounts.Password(r.Context(), r.PostForm.Get("email"), r.PostForm.Get("password"), p.from(r), p.cookie(r, sessionCookie))
	if err != nil {
		if !told(err) {
			return err
		}
		return shell.Page(w, r, status(w, err), signInPage(p.signInForm(r).Filled(r).WithErrors(err), p.next(r), p.o.Accounts.HasPasskeys(), p.provider(r)))
	}
	if in.Session == "" {
		p.set(w, secondCookie, in.Second, 600)
		return to(w, r, with("/signin/second", p.next(r)))
	}
	if err := p.signedIn(w, r, in.Session); err != nil {
		return err
	}
	return to(w, r, p.next(r))
}

func (p *Pages) secondForm(r *http.Request) shell.Form {
	ctx := r.Context()
	return shell.Form{Action: "/signin/second", Global: true, Submit: shell.T(ctx, "Continue"), Hidden: map[string]string{"next": p.next(r)}, Fields: []shell.Field{
		{Name: "code", Label: shell.T(ctx, "Code"), Help: shell.T(ctx, "Six digits of your authenticator program, or a recovery code."), Required: true, Auto: "one-time-code", Max: 40, Mono: true},
	}}
}

func (p *Pages) second(w http.ResponseWriter, r *http.Request) error {
	if p.cookie(r, secondCookie) == "" {
		return to(w, r, with("/signin", p.next(r)))
	}
	return shell.Page(w, r, http.StatusOK, secondPage(p.secondForm(r)))
}

func (p *Pages) bySecond(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	session, err := p.o.Accounts.SecondFactor(r.Context(), p.cookie(r, secondCookie), r.PostForm.Get("code"), p.from(r), p.cookie(r, sessionCookie))
	if errors.Is(err, fault.NotFound) {
		return to(w, r, "/signin")
	}
	if err != nil {
		if !told(err) {
			return err
		}
		return shell.Page(w, r, status(w, err), secondPage(p.secondForm(r).WithErrors(err)))
	}
	if err := p.signedIn(w, r, session); err != nil {
		return err
	}
	return to(w, r, p.next(r))
}

// passkeyBegin gives the browser a challenge. Whose passkey it will be, nobody knows yet.
func (p *Pages) passkeyBegin(w http.ResponseWriter, r *http.Request) error {
	options, secret, err := p.o.Accounts.BeginSignIn(r.Context())
	if err != nil {
		return err
	}
	p.set(w, passkeyCookie, secret, 300)
	return shell.JSON(w, http.StatusOK, options)
}

// answer reads what an authenticator said.
func answer(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		return nil, fault.Refuse("the answer of the authenticator cannot be read; expected at most 64 KiB")
	}
	return b, nil
}

type goTo struct {
	URL string `json:"url"`
}

func (p *Pages) passkeyFinish(w http.ResponseWriter, r *http.Request) error {
	b, err := answer(w, r)
	if err != nil {
		return err
	}
	session, err := p.o.Accounts.FinishSignIn(r.Context(), p.cookie(r, passkeyCookie), b, p.from(r), p.cookie(r, sessionCookie))
	if err != nil {
		return err
	}
	if err := p.signedIn(w, r, session); err != nil {
		return err
	}
	return shell.JSON(w, http.StatusOK, goTo{shell.Local(r.URL.Query().Get("next"))})
}

func (p *Pages) signOut(w http.ResponseWriter, r *http.Request) error {
	err := p.o.Accounts.SignOut(r.Context(), access.From(r.Context()), p.cookie(r, sessionCookie), p.from(r))
	if err != nil {
		return err
	}
	p.forget(w, sessionCookie)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	shell.Say(w, shell.Flash{Text: shell.T(r.Context(), "You are signed out.")})
	return to(w, r, "/signin")
}

// againView is what the page of a further proof offers.
type againView struct {
	Form              shell.Form
	Next, Provider    string
	Passkey, Password bool
}

func (p *Pages) againView(r *http.Request) (againView, error) {
	ctx := r.Context()
	ways, err := p.o.Accounts.Ways(ctx, access.From(ctx).Person)
	if err != nil {
		return againView{}, err
	}
	x := againView{Next: p.next(r), Passkey: len(ways.Passkeys) > 0 && p.o.Accounts.HasPasskeys(), Password: ways.Password}
	if len(ways.External) > 0 {
		x.Provider = p.provider(r)
	}
	x.Form = shell.Form{Action: "/again", Global: true, Submit: shell.T(ctx, "Continue"), Hidden: map[string]string{"next": x.Next}, Fields: []shell.Field{
		{Name: "password", Type: "password", Label: shell.T(ctx, "Password"), Required: true, Auto: "current-password", Max: 128},
	}}
	if ways.TOTP {
		x.Form.Fields = append(x.Form.Fields, shell.Field{Name: "code", Label: shell.T(ctx, "Code"), Help: shell.T(ctx, "Six digits of your authenticator program, or a recovery code."),
			Required: true, Auto: "one-time-code", Max: 40, Mono: true})
	}
	return x, nil
}

func (p *Pages) again(w http.ResponseWriter, r *http.Request) error {
	x, err := p.againView(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, againPage(x))
}

func (p *Pages) againByPassword(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	session, err := p.o.Accounts.Again(r.Context(), access.From(r.Context()), r.PostForm.Get("password"), r.PostForm.Get("code"), p.from(r), p.cookie(r, sessionCookie))
	if err != nil {
		if !told(err) {
			return err
		}
		x, err2 := p.againView(r)
		if err2 != nil {
			return err2
		}
		x.Form = x.Form.WithErrors(err)
		return shell.Page(w, r, status(w, err), againPage(x))
	}
	if err := p.signedIn(w, r, session); err != nil {
		return err
	}
	return to(w, r, p.next(r))
}

func (p *Pages) againByPasskey(w http.ResponseWriter, r *http.Request) error {
	b, err := answer(w, r)
	if err != nil {
		return err
	}
	session, err := p.o.Accounts.AgainByPasskey(r.Context(), access.From(r.Context()), p.cookie(r, passkeyCookie), b, p.from(r), p.cookie(r, sessionCookie))
	if err != nil {
		return err
	}
	if err := p.signedIn(w, r, session); err != nil {
		return err
	}
	return shell.JSON(w, http.StatusOK, goTo{shell.Local(r.URL.Query().Get("next"))})
}
