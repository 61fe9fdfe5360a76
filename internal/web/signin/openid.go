package signin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web/shell"
)

// sendOff sends the browser to the provider. The address is the provider's own, from its metadata. All ways here are links, since the
// content security policy lets no form lead to another site.
func (p *Pages) sendOff(w http.ResponseWriter, r *http.Request, why account.Purpose, hint string) error {
	address, secret, err := p.o.Accounts.BeginOpenID(r.Context(), why, hint, p.from(r))
	if err != nil {
		return err
	}
	p.set(w, oidcCookie, secret, 600)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

func (p *Pages) openIDStart(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	why := account.Purpose{Next: p.next(r)}
	if token := q.Get("invitation"); token != "" {
		i, err := p.o.Accounts.Invitation(r.Context(), token)
		if err != nil {
			return err
		}
		why.Invitation = token
		return p.sendOff(w, r, why, i.Email)
	}
	return p.sendOff(w, r, why, "")
}

func (p *Pages) againByOpenID(w http.ResponseWriter, r *http.Request) error {
	v := access.From(r.Context())
	return p.sendOff(w, r, account.Purpose{Next: p.next(r), Person: v.Person}, v.Email)
}

func (p *Pages) linkOpenID(w http.ResponseWriter, r *http.Request) error {
	v := access.From(r.Context())
	return p.sendOff(w, r, account.Purpose{Next: "/me", Person: v.Person, Link: true}, v.Email)
}

func (p *Pages) unlinkOpenID(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	issuer, subject, _ := strings.Cut(r.PostForm.Get("id"), "#") // an issuer has no fragment
	if err := p.o.Accounts.Unlink(r.Context(), access.From(r.Context()), issuer, subject, p.from(r)); err != nil {
		return err
	}
	return p.changed(w, r, shell.T(r.Context(), "The link is removed. Your other sessions have ended."), providerRemoved)
}

func (p *Pages) openIDBack(w http.ResponseWriter, r *http.Request) error {
	secret := p.cookie(r, oidcCookie)
	p.forget(w, oidcCookie)
	v := access.From(r.Context())
	session, why, err := p.o.Accounts.FinishOpenID(r.Context(), secret, r.URL.Query(), v, p.from(r), p.cookie(r, sessionCookie))
	switch {
	case err != nil && v.Person == "" && told(err) && !errors.Is(err, fault.NotFound):
		form := p.signInForm(r).WithErrors(err)
		return shell.Page(w, r, status(w, err), signInPage(form, "/", p.o.Accounts.HasPasskeys(), p.provider(r)))
	case err != nil:
		return err
	case session != "":
		if err := p.signedIn(w, r, session); err != nil {
			return err
		}
		if why.Invitation != "" {
			if err := p.joined(r, session); err != nil {
				return err
			}
		}
	case why.Link:
		p.notify(r, v.Person, providerLinked)
	}
	return to(w, r, why.Next)
}
