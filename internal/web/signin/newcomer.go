package signin

import (
	"errors"
	"net/http"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

func passwordHelp(r *http.Request) string {
	return shell.T(r.Context(), "At least 15 characters. A sentence that only you would write is easy to keep and hard to guess.")
}

func (p *Pages) setupForm(r *http.Request, token string) shell.Form {
	ctx := r.Context()
	return shell.Form{Action: "/setup", Global: true, Submit: shell.T(ctx, "Set up with a password"), Hidden: map[string]string{"token": token}, Fields: []shell.Field{
		{Name: "name", Label: shell.T(ctx, "Your name"), Required: true, Auto: "name", Max: 200},
		{Name: "email", Type: "email", Label: shell.T(ctx, "E-mail"), Required: true, Auto: "username", Max: 254},
		{Name: "password", Type: "password", Label: shell.T(ctx, "Password"), Help: passwordHelp(r), Required: true, Auto: "new-password", Max: 128},
	}}
}

func (p *Pages) setup(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	if _, err := p.o.Accounts.CheckLink(r.Context(), token, "set-up"); err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, setupPage(p.setupForm(r, token), p.o.Accounts.HasPasskeys()))
}

func newcomer(r *http.Request) account.Newcomer {
	return account.Newcomer{Link: r.PostForm.Get("token"), Name: shell.Value(r, "name"), Email: shell.Value(r, "email"), Lang: spoken(r)}
}

// spoken is the language to begin with: what the browser prefers.
func spoken(r *http.Request) string {
	return string(phrase.Pick(r.Header.Get("Accept-Language"), ""))
}

func (p *Pages) setupByPassword(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	n := newcomer(r)
	if _, err := p.o.Accounts.CheckLink(r.Context(), n.Link, "set-up"); err != nil {
		return err
	}
	session, err := p.o.Accounts.EnrolByPassword(r.Context(), n, r.PostForm.Get("password"), p.from(r))
	if err != nil {
		if !told(err) {
			return err
		}
		return shell.Page(w, r, status(w, err), setupPage(p.setupForm(r, n.Link).Filled(r).WithErrors(err), p.o.Accounts.HasPasskeys()))
	}
	if err := p.signedIn(w, r, session); err != nil {
		return err
	}
	return to(w, r, "/organizations")
}

func (p *Pages) enrolBegin(w http.ResponseWriter, r *http.Request, n account.Newcomer) error {
	options, secret, err := p.o.Accounts.BeginEnrol(r.Context(), n, p.from(r))
	if err != nil {
		return err
	}
	p.set(w, passkeyCookie, secret, 300)
	return shell.JSON(w, http.StatusOK, options)
}

func (p *Pages) setupBegin(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	return p.enrolBegin(w, r, newcomer(r))
}

func (p *Pages) enrolFinish(w http.ResponseWriter, r *http.Request) error {
	b, err := answer(w, r)
	if err != nil {
		return err
	}
	session, err := p.o.Accounts.FinishEnrol(r.Context(), p.cookie(r, passkeyCookie), b, p.from(r))
	if err != nil {
		return err
	}
	if err := p.signedIn(w, r, session); err != nil {
		return err
	}
	if r.PathValue("token") != "" {
		if err := p.joined(r, session); err != nil {
			return err
		}
	}
	return shell.JSON(w, http.StatusOK, goTo{"/"})
}

// invitationView is what the page of an invitation shows.
type invitationView struct {
	Token        string
	Organization string
	Email        string
	Roles        []access.Role
	Form         shell.Form // of somebody new
	Fresh        bool       // whoever has the address makes an account
	Mine         bool       // the visitor has it
	Elsewhere    string     // the visitor's address, when it is another
	Passkey      bool
	Provider     string
	Error        string
}

func (p *Pages) invitationView(r *http.Request) (invitationView, error) {
	ctx, token := r.Context(), r.PathValue("token")
	i, err := p.o.Accounts.Invitation(ctx, token)
	if err != nil {
		return invitationView{}, err
	}
	o, err := p.o.Organizations.Organization(ctx, i.Org)
	if err != nil {
		return invitationView{}, err
	}
	x := invitationView{Token: token, Organization: o.Name, Email: i.Email, Roles: i.Roles, Passkey: p.o.Accounts.HasPasskeys(), Provider: p.provider(r)}
	v := access.From(ctx)
	switch {
	case v.Email == i.Email:
		x.Mine = true
	case v.Person != "":
		x.Elsewhere = v.Email
	default:
		if x.Fresh, err = p.o.Accounts.MayEnrol(ctx, i); err != nil {
			return x, err
		}
	}
	x.Form = shell.Form{Action: "/invitation/" + token, Global: true, Submit: shell.T(ctx, "Join with a password"), Fields: []shell.Field{
		{Name: "name", Label: shell.T(ctx, "Your name"), Required: true, Auto: "name", Max: 200},
		{Name: "password", Type: "password", Label: shell.T(ctx, "Password"), Help: passwordHelp(r), Required: true, Auto: "new-password", Max: 128},
	}}
	return x, nil
}

func (p *Pages) invitation(w http.ResponseWriter, r *http.Request) error {
	x, err := p.invitationView(r)
	if errors.Is(err, fault.NotFound) {
		return shell.Page(w, r, http.StatusNotFound, lapsedPage())
	} else if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, invitationPage(x))
}

func (p *Pages) accept(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	x, err := p.invitationView(r)
	if errors.Is(err, fault.NotFound) {
		return shell.Page(w, r, http.StatusNotFound, lapsedPage())
	} else if err != nil {
		return err
	}
	if v := access.From(r.Context()); v.Person != "" {
		org, err := p.o.Accounts.Accept(r.Context(), x.Token, v, p.from(r))
		if err != nil {
			return err
		}
		o, err := p.o.Organizations.Organization(r.Context(), org)
		if err != nil {
			return err
		}
		return to(w, r, "/organizations/"+o.Slug)
	}
	session, err := p.o.Accounts.EnrolByPassword(r.Context(), account.Newcomer{Invitation: x.Token, Name: shell.Value(r, "name"), Lang: spoken(r)}, r.PostForm.Get("password"), p.from(r))
	if err != nil {
		if !told(err) {
			return err
		}
		x.Form = x.Form.Filled(r).WithErrors(err)
		return shell.Page(w, r, status(w, err), invitationPage(x))
	}
	if err := errors.Join(p.signedIn(w, r, session), p.joined(r, session)); err != nil {
		return err
	}
	return to(w, r, "/")
}

func (p *Pages) invitationBegin(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	return p.enrolBegin(w, r, account.Newcomer{Invitation: r.PathValue("token"), Name: shell.Value(r, "name"), Lang: spoken(r)})
}

func (p *Pages) recoverForm(r *http.Request) shell.Form {
	ctx := r.Context()
	return shell.Form{Action: "/recover/" + r.PathValue("token"), Global: true, Submit: shell.T(ctx, "Set the password"), Fields: []shell.Field{
		{Name: "password", Type: "password", Label: shell.T(ctx, "New password"), Help: passwordHelp(r), Required: true, Auto: "new-password", Max: 128},
	}}
}

func (p *Pages) recover(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.o.Accounts.CheckLink(r.Context(), r.PathValue("token"), "recovery"); err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, recoverPage(p.recoverForm(r)))
}

func (p *Pages) recoverByPassword(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	link, err := p.o.Accounts.CheckLink(r.Context(), r.PathValue("token"), "recovery")
	if err != nil {
		return err
	}
	err = p.o.Accounts.Recover(r.Context(), r.PathValue("token"), r.PostForm.Get("password"), p.from(r))
	if err != nil {
		if !told(err) {
			return err
		}
		return shell.Page(w, r, status(w, err), recoverPage(p.recoverForm(r).WithErrors(err)))
	}
	shell.Say(w, shell.Flash{Text: shell.T(r.Context(), "The password is set. Sign in with it, then add a passkey or an authenticator program.") + p.notify(r, link.Person, recovered)})
	return to(w, r, "/signin")
}

func (p *Pages) organizations(w http.ResponseWriter, r *http.Request) error {
	return p.showOrganizations(w, r, http.StatusOK, p.foundForm(r))
}

func (p *Pages) foundForm(r *http.Request) shell.Form {
	ctx := r.Context()
	return shell.Form{Action: "/organizations", Global: true, Submit: shell.T(ctx, "Create the organization"), Fields: []shell.Field{
		{Name: "name", Label: shell.T(ctx, "Name of the organization"), Help: shell.T(ctx, "As it stands in a report: the service organization's legal name."), Required: true, Auto: "organization", Max: 200},
	}}
}

func (p *Pages) showOrganizations(w http.ResponseWriter, r *http.Request, code int, form shell.Form) error {
	list, err := p.mine(r, access.From(r.Context()).Person)
	if err != nil {
		return err
	}
	return shell.Page(w, r, code, organizationsPage(list, form, p.o.Founding))
}

func (p *Pages) found(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	v, name := access.From(r.Context()), shell.Value(r, "name")
	var o Organization
	var err error
	if name == "" || len([]rune(name)) > 200 {
		err = &fault.Error{Kind: fault.Refused, Field: "name", What: shell.T(r.Context(), "Expected a name of 1 to 200 characters.")}
	} else if o, err = p.o.Organizations.Found(r.Context(), name, v.Person); err == nil {
		err = p.o.Accounts.Found(r.Context(), o.ID, v.Person, p.from(r))
	}
	if err != nil {
		if !told(err) {
			return err
		}
		return p.showOrganizations(w, r, status(w, err), p.foundForm(r).Filled(r).WithErrors(err))
	}
	return to(w, r, "/organizations/"+o.Slug)
}

// choose remembers the organization for the next sign-in.
func (p *Pages) choose(w http.ResponseWriter, r *http.Request) error {
	list, err := p.mine(r, access.From(r.Context()).Person)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Slug == r.PathValue("slug") {
			p.set(w, lastCookie, o.Slug, 365*24*3600)
			return to(w, r, "/o/"+o.Slug+"/")
		}
	}
	return fault.NotFound
}
