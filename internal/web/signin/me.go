package signin

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

// meView is all of one's own account.
type meView struct {
	Person        access.Person
	Zone          civil.Zone
	Ways          account.Ways
	Sessions      []access.Session
	Here          string // public id of this session
	Tokens        []access.Token
	Organizations []Organization
	Profile       shell.Form
	Password      shell.Form
	Token         shell.Form
	Scopes        []access.Scope // ticked in the form of a new token
	Provider      string
	HasPasskeys   bool
	Strong        bool
	Now           time.Time
}

// inForce counts the tokens with which programs act for the person now.
func (x meView) inForce() int {
	n := 0
	for _, t := range x.Tokens {
		if x.Now.Before(t.Expires) {
			n++
		}
	}
	return n
}

func (p *Pages) meView(r *http.Request) (x meView, err error) {
	ctx := r.Context()
	v := access.From(ctx)
	if x.Person, err = p.o.Accounts.Person(ctx, v.Person); err != nil {
		return x, err
	}
	if x.Ways, err = p.o.Accounts.Ways(ctx, v.Person); err != nil {
		return x, err
	}
	if x.Sessions, err = p.o.Accounts.Sessions(ctx, v.Person); err != nil {
		return x, err
	}
	all, err := p.o.Accounts.Tokens(ctx, v.Person)
	if err != nil {
		return x, err
	}
	x.Now = p.o.Accounts.Now()
	for _, t := range all { // what ended a while ago is for the journal
		if t.Revoked == nil && x.Now.Sub(t.Expires) < 30*24*time.Hour {
			x.Tokens = append(x.Tokens, t)
		}
	}
	if x.Organizations, err = p.mine(r, v.Person); err != nil {
		return x, err
	}
	x.Here, x.Strong, x.Provider, x.HasPasskeys = v.Session, v.Strong, p.provider(r), p.o.Accounts.HasPasskeys()
	if x.Zone, err = civil.ParseZone(x.Person.Zone); err != nil || x.Person.Zone == "" {
		x.Zone, err = civil.ParseZone("UTC")
	}
	p.meForms(r, &x)
	return x, err
}

func (p *Pages) meForms(r *http.Request, x *meView) {
	ctx := r.Context()
	langs := []shell.Option{{Value: "", Text: shell.T(ctx, "As the browser prefers")}}
	for _, l := range phrase.Languages() {
		langs = append(langs, shell.Option{Value: string(l), Text: l.Name()})
	}
	x.Profile = shell.Form{Action: "/me", Global: true, Submit: shell.T(ctx, "Save"), Fields: []shell.Field{
		{Name: "name", Label: shell.T(ctx, "Name"), Value: x.Person.Name, Required: true, Auto: "name", Max: 200},
		{Name: "lang", Type: "select", Label: shell.T(ctx, "Language"), Value: x.Person.Lang, Options: langs},
		{Name: "theme", Type: "select", Label: shell.T(ctx, "Theme"), Value: x.Person.Theme, Options: []shell.Option{
			{Value: "", Text: shell.T(ctx, "As the system")}, {Value: "light", Text: shell.T(ctx, "Light")}, {Value: "dark", Text: shell.T(ctx, "Dark")}}},
		{Name: "zone", Label: shell.T(ctx, "Time zone"), Value: x.Person.Zone, Help: shell.T(ctx, "Such as Europe/Berlin. Empty: the organization's."), Max: 64},
	}}
	x.Password = shell.Form{Action: "/me/password", Global: true, Submit: shell.T(ctx, "Set the password"), Fields: []shell.Field{
		{Name: "password", Type: "password", Label: shell.T(ctx, "New password"), Help: passwordHelp(r), Required: true, Auto: "new-password", Max: 128},
	}}
	var orgs []shell.Option
	for _, o := range x.Organizations {
		orgs = append(orgs, shell.Option{Value: string(o.ID), Text: o.Name})
	}
	x.Token = shell.Form{Action: "/me/tokens", Global: true, Submit: shell.T(ctx, "Make the token"), Fields: []shell.Field{
		{Name: "name", Label: shell.T(ctx, "What it is for"), Required: true, Max: 200},
		{Name: "org", Type: "select", Label: shell.T(ctx, "Organization"), Options: orgs, Required: true},
		{Name: "days", Type: "number", Label: shell.T(ctx, "Good for"), Suffix: shell.T(ctx, "days"), Value: "90", Required: true, Help: shell.T(ctx, "At most 366.")},
	}}
}

func (p *Pages) me(w http.ResponseWriter, r *http.Request) error {
	x, err := p.meView(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, mePage(x))
}

// meAgain draws the page again with what was wrong.
func (p *Pages) meAgain(w http.ResponseWriter, r *http.Request, err error, put func(x *meView)) error {
	if !told(err) {
		return err
	}
	x, err2 := p.meView(r)
	if err2 != nil {
		return err2
	}
	put(&x)
	return shell.Page(w, r, status(w, err), mePage(x))
}

// done says so on the page of the account.
func done(w http.ResponseWriter, r *http.Request, text string) error {
	shell.Say(w, shell.Flash{Text: text})
	return to(w, r, "/me")
}

func theme(s string) (string, error) {
	switch s {
	case "", "system":
		return "", nil
	case "light", "dark":
		return s, nil
	}
	return "", &fault.Error{Kind: fault.Refused, Field: "theme", What: "expected light, dark or system"}
}

func (p *Pages) saveProfile(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	x, err := p.o.Accounts.Person(ctx, access.From(ctx).Person)
	if err != nil {
		return err
	}
	x.Name, x.Lang, x.Zone = shell.Value(r, "name"), r.PostForm.Get("lang"), shell.Value(r, "zone")
	x.Theme, err = theme(r.PostForm.Get("theme"))
	if x.Lang != "" && !slices.Contains(phrase.Languages(), phrase.Lang(x.Lang)) {
		err = errors.Join(err, &fault.Error{Kind: fault.Refused, Field: "lang", What: shell.T(ctx, "Choose one of the languages.")})
	}
	if x.Zone != "" {
		if _, err2 := civil.ParseZone(x.Zone); err2 != nil {
			err = errors.Join(err, &fault.Error{Kind: fault.Refused, Field: "zone", What: shell.T(ctx, "No such time zone; expected a name such as Europe/Berlin.")})
		}
	}
	if err == nil {
		err = p.o.Accounts.SaveProfile(ctx, x)
	}
	if err != nil {
		return p.meAgain(w, r, err, func(x *meView) { x.Profile = x.Profile.Filled(r).WithErrors(err) })
	}
	return done(w, r, shell.T(ctx, "Saved."))
}

func (p *Pages) saveTheme(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	x, err := p.o.Accounts.Person(ctx, access.From(ctx).Person)
	if err != nil {
		return err
	}
	if x.Theme, err = theme(r.PostForm.Get("theme")); err != nil {
		return err
	}
	if err := p.o.Accounts.SaveProfile(ctx, x); err != nil {
		return err
	}
	if !shell.WantsPage(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return to(w, r, "/me")
}

func (p *Pages) savePassword(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	if err := p.o.Accounts.ChangePassword(ctx, access.From(ctx), r.PostForm.Get("password"), p.from(r)); err != nil {
		return p.meAgain(w, r, err, func(x *meView) { x.Password = x.Password.WithErrors(err) })
	}
	return p.changed(w, r, shell.T(ctx, "The password is set. Your other sessions have ended."), passwordSet)
}

func (p *Pages) dropPassword(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := p.o.Accounts.DropPassword(ctx, access.From(ctx), p.from(r)); err != nil {
		return p.meAgain(w, r, err, func(x *meView) { x.Password = x.Password.WithErrors(err) })
	}
	return p.changed(w, r, shell.T(ctx, "The password is removed."), passwordRemoved)
}

func (p *Pages) totpForm(r *http.Request, setup string) shell.Form {
	ctx := r.Context()
	return shell.Form{Action: "/me/totp", Global: true, Submit: shell.T(ctx, "Turn it on"), Hidden: map[string]string{"setup": setup}, Fields: []shell.Field{
		{Name: "code", Label: shell.T(ctx, "Code that the program shows"), Required: true, Auto: "one-time-code", Max: 12, Mono: true},
	}}
}

func (p *Pages) showTOTP(w http.ResponseWriter, r *http.Request, code int, n account.NewTOTP, form shell.Form) error {
	d, err := draw(n.Address)
	if err != nil {
		return err
	}
	return shell.Page(w, r, code, totpPage(n, d, form))
}

func (p *Pages) totp(w http.ResponseWriter, r *http.Request) error {
	n, err := p.o.Accounts.BeginTOTP(r.Context(), access.From(r.Context()))
	if err != nil {
		return err
	}
	return p.showTOTP(w, r, http.StatusOK, n, p.totpForm(r, n.Setup))
}

func (p *Pages) confirmTOTP(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	v, setup := access.From(ctx), r.PostForm.Get("setup")
	codes, err := p.o.Accounts.ConfirmTOTP(ctx, v, setup, r.PostForm.Get("code"), p.from(r))
	if err != nil {
		if !told(err) {
			return err
		}
		n, err2 := p.o.Accounts.TOTPAgain(ctx, v, setup)
		if err2 != nil {
			return err2
		}
		return p.showTOTP(w, r, status(w, err), n, p.totpForm(r, setup).WithErrors(err))
	}
	p.notify(r, v.Person, totpSet)
	return shell.Page(w, r, http.StatusOK, codesPage(codes))
}

func (p *Pages) dropTOTP(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := p.o.Accounts.DropTOTP(ctx, access.From(ctx), p.from(r)); err != nil {
		return err
	}
	return p.changed(w, r, shell.T(ctx, "The authenticator program is removed, and its recovery codes with it."), totpRemoved)
}

func (p *Pages) newCodes(w http.ResponseWriter, r *http.Request) error {
	v := access.From(r.Context())
	codes, err := p.o.Accounts.NewCodes(r.Context(), v, p.from(r))
	if err != nil {
		return err
	}
	p.notify(r, v.Person, codesMade)
	return shell.Page(w, r, http.StatusOK, codesPage(codes))
}

func (p *Pages) newPasskeyBegin(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	options, secret, err := p.o.Accounts.BeginPasskey(r.Context(), access.From(r.Context()), shell.Value(r, "key"))
	if err != nil {
		return err
	}
	p.set(w, passkeyCookie, secret, 300)
	return shell.JSON(w, http.StatusOK, options)
}

func (p *Pages) newPasskeyFinish(w http.ResponseWriter, r *http.Request) error {
	b, err := answer(w, r)
	if err != nil {
		return err
	}
	v := access.From(r.Context())
	if err := p.o.Accounts.FinishPasskey(r.Context(), v, p.cookie(r, passkeyCookie), b, p.from(r)); err != nil {
		return err
	}
	p.forget(w, passkeyCookie)
	shell.Say(w, shell.Flash{Text: shell.T(r.Context(), "The passkey is added. Your other sessions have ended.") + p.notify(r, v.Person, passkeyAdded)})
	return shell.JSON(w, http.StatusOK, goTo{"/me"})
}

func (p *Pages) dropPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	key, err := base64.RawURLEncoding.DecodeString(r.PostForm.Get("id"))
	if err != nil {
		return fault.NotFound
	}
	if err := p.o.Accounts.DropPasskey(r.Context(), access.From(r.Context()), key, p.from(r)); err != nil {
		return err
	}
	return p.changed(w, r, shell.T(r.Context(), "The passkey is removed. Your other sessions have ended."), passkeyRemoved)
}

func (p *Pages) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	if err := p.o.Accounts.EndSession(r.Context(), access.From(r.Context()), r.PostForm.Get("id"), p.from(r)); err != nil {
		return err
	}
	return done(w, r, shell.T(r.Context(), "The session has ended."))
}

func (p *Pages) endOthers(w http.ResponseWriter, r *http.Request) error {
	if err := p.o.Accounts.EndElsewhere(r.Context(), access.From(r.Context()), p.from(r)); err != nil {
		return err
	}
	return done(w, r, shell.T(r.Context(), "You are signed out everywhere else."))
}

func (p *Pages) newToken(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	var scopes []access.Scope
	for _, s := range r.PostForm["scopes"] {
		scopes = append(scopes, access.Scope(s))
	}
	days, err := whole(r.PostForm.Get("days"), 1, 366)
	var text string
	if err == nil {
		text, err = p.o.Accounts.NewToken(ctx, access.From(ctx), id.Org(r.PostForm.Get("org")), r.PostForm.Get("name"), scopes, time.Duration(days)*24*time.Hour, p.from(r))
	}
	if err != nil {
		return p.meAgain(w, r, err, func(x *meView) { x.Token, x.Scopes = x.Token.Filled(r).WithErrors(err), scopes })
	}
	p.notify(r, access.From(ctx).Person, tokenMade)
	return shell.Page(w, r, http.StatusOK, tokenPage(text))
}

func (p *Pages) revokeToken(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	if err := p.o.Accounts.RevokeToken(r.Context(), access.From(r.Context()), r.PostForm.Get("id"), p.from(r)); err != nil {
		return err
	}
	return done(w, r, shell.T(r.Context(), "The token is revoked."))
}
