// Package signin is the pages by which people get in, look after their own account, and are made members: set-up, sign-in, the
// second factor, proving again, invitations, one's own account, and the people of an organization.
package signin

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	_ "embed" // style sheet
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/web/shell"
)

//go:embed assets/signin.css
var style string

// Style is the style sheet of these pages.
func Style() string { return style }

// Organization is a tenant as these pages show it.
type Organization struct {
	ID         id.Org
	Slug, Name string
}

// Organizations finds and makes organizations.
type Organizations interface {
	// Organization gives name and slug, or fault.NotFound.
	Organization(ctx context.Context, org id.Org) (Organization, error)
	// Found makes an organization without members; the pages make the founder its administrator afterwards.
	Found(ctx context.Context, name string, founder id.Person) (Organization, error)
}

// Mail sends a text to a person.
type Mail interface {
	Send(ctx context.Context, to, subject, text string) error
}

// Options are what the pages are wired from. Accounts and Organizations are required.
type Options struct {
	Accounts      *account.Service
	Organizations Organizations
	Mail          Mail   // nil: the link of an invitation is shown, once, to whoever invites; else it is on no page, sent or not
	Provider      string // what the button of the OpenID provider says, such as "Acme Login"; empty: "your organization's login"
	Founding      string // the page that makes an organization, such as /organizations/new; empty: a form that asks for the name alone
	Base          string // what links that leave the page begin with, such as https://assay.example.com
	Secure        bool   // pages are reached by HTTPS only: cookies say so, and carry the prefix __Host-
	// Address gives the network address of the sender; nil: of the connection. Set it behind a proxy that can be trusted to say so.
	Address func(r *http.Request) string
}

// Pages answers.
type Pages struct{ o Options }

// New wires the pages.
func New(o Options) (*Pages, error) {
	if o.Accounts == nil || o.Organizations == nil {
		return nil, errors.New("signin: accounts and organizations are required")
	}
	o.Base = strings.TrimSuffix(o.Base, "/")
	return &Pages{o}, nil
}

// Routes are the addresses of the installation.
func (p *Pages) Routes() []shell.Route {
	const get, post = http.MethodGet, http.MethodPost
	all := []shell.Route{
		{Method: get, Pattern: "/{$}", Policy: access.Public, Handler: p.start},
		{Method: get, Pattern: "/setup", Policy: access.Public, Handler: p.setup},
		{Method: post, Pattern: "/setup", Policy: access.Public, Handler: p.setupByPassword},
		{Method: post, Pattern: "/setup/passkey/begin", Policy: access.Public, Handler: p.setupBegin},
		{Method: post, Pattern: "/setup/passkey/finish", Policy: access.Public, Handler: p.enrolFinish},
		{Method: get, Pattern: "/signin", Policy: access.Public, Handler: p.signIn},
		{Method: post, Pattern: "/signin", Policy: access.Public, Handler: p.byPassword},
		{Method: post, Pattern: "/signin/passkey/begin", Policy: access.Public, Handler: p.passkeyBegin},
		{Method: post, Pattern: "/signin/passkey/finish", Policy: access.Public, Handler: p.passkeyFinish},
		{Method: get, Pattern: "/signin/second", Policy: access.Public, Handler: p.second},
		{Method: post, Pattern: "/signin/second", Policy: access.Public, Handler: p.bySecond},
		{Method: get, Pattern: "/again", Policy: access.OwnAccount, Handler: p.again},
		{Method: post, Pattern: "/again", Policy: access.OwnAccount, Handler: p.againByPassword},
		{Method: post, Pattern: "/again/passkey/begin", Policy: access.OwnAccount, Handler: p.passkeyBegin},
		{Method: post, Pattern: "/again/passkey/finish", Policy: access.OwnAccount, Handler: p.againByPasskey},
		{Method: post, Pattern: "/signout", Policy: access.OwnAccount, Handler: p.signOut},
		{Method: get, Pattern: "/invitation/{token}", Policy: access.Public, Handler: p.invitation},
		{Method: post, Pattern: "/invitation/{token}", Policy: access.Public, Handler: p.accept},
		{Method: post, Pattern: "/invitation/{token}/passkey/begin", Policy: access.Public, Handler: p.invitationBegin},
		{Method: post, Pattern: "/invitation/{token}/passkey/finish", Policy: access.Public, Handler: p.enrolFinish},
		{Method: get, Pattern: "/recover/{token}", Policy: access.Public, Handler: p.recover},
		{Method: post, Pattern: "/recover/{token}", Policy: access.Public, Handler: p.recoverByPassword},
		{Method: get, Pattern: "/oidc/start", Policy: access.Public, Handler: p.openIDStart},
		{Method: get, Pattern: "/oidc/again", Policy: access.OwnAccount, Handler: p.againByOpenID},
		{Method: get, Pattern: "/oidc/link", Policy: access.OwnSecrets, Handler: p.linkOpenID},
		{Method: get, Pattern: "/oidc/callback", Policy: access.Public, Handler: p.openIDBack},
		{Method: get, Pattern: "/organizations", Policy: access.OwnAccount, Handler: p.organizations},
		{Method: post, Pattern: "/organizations", Policy: access.Found, Handler: p.found},
		{Method: get, Pattern: "/organizations/{slug}", Policy: access.OwnAccount, Handler: p.choose},
		{Method: get, Pattern: "/me", Policy: access.OwnAccount, Handler: p.me},
		{Method: post, Pattern: "/me", Policy: access.OwnAccount, Handler: p.saveProfile},
		{Method: post, Pattern: "/me/theme", Policy: access.OwnAccount, Handler: p.saveTheme},
		{Method: post, Pattern: "/me/password", Policy: access.OwnSecrets, Handler: p.savePassword},
		{Method: post, Pattern: "/me/password/remove", Policy: access.OwnSecrets, Handler: p.dropPassword},
		{Method: get, Pattern: "/me/totp", Policy: access.OwnSecrets, Handler: p.totp},
		{Method: post, Pattern: "/me/totp", Policy: access.OwnSecrets, Handler: p.confirmTOTP},
		{Method: post, Pattern: "/me/totp/remove", Policy: access.OwnSecrets, Handler: p.dropTOTP},
		{Method: post, Pattern: "/me/codes", Policy: access.OwnSecrets, Handler: p.newCodes},
		{Method: post, Pattern: "/me/passkeys/begin", Policy: access.OwnSecrets, Handler: p.newPasskeyBegin},
		{Method: post, Pattern: "/me/passkeys/finish", Policy: access.OwnSecrets, Handler: p.newPasskeyFinish},
		{Method: post, Pattern: "/me/passkeys/remove", Policy: access.OwnSecrets, Handler: p.dropPasskey},
		{Method: post, Pattern: "/me/oidc/remove", Policy: access.OwnSecrets, Handler: p.unlinkOpenID},
		{Method: post, Pattern: "/me/sessions/end", Policy: access.OwnAccount, Handler: p.endSession},
		{Method: post, Pattern: "/me/sessions/others", Policy: access.OwnAccount, Handler: p.endOthers},
		{Method: post, Pattern: "/me/tokens", Policy: access.OwnSecrets, Handler: p.newToken},
		{Method: post, Pattern: "/me/tokens/revoke", Policy: access.OwnAccount, Handler: p.revokeToken},
	}
	if p.o.Founding != "" {
		all = slices.DeleteFunc(all, func(r shell.Route) bool { return r.Policy == access.Found })
	}
	return all
}

// OrgRoutes are the addresses of one organization's people.
func (p *Pages) OrgRoutes(org id.Org, name string) []shell.Route {
	const get, post = http.MethodGet, http.MethodPost
	x := &people{p, org, name}
	return []shell.Route{
		{Method: get, Pattern: "/people", Policy: access.ReadPeople, Handler: x.list},
		{Method: post, Pattern: "/people/invite", Policy: access.ManagePeople, Handler: x.invite},
		{Method: post, Pattern: "/people/invitations/{id}/revoke", Policy: access.ManagePeople, Handler: x.uninvite},
		{Method: get, Pattern: "/people/{id}", Policy: access.ReadPeople, Handler: x.one},
		{Method: post, Pattern: "/people/{id}/roles", Policy: access.ManagePeople, Handler: x.setRoles},
		{Method: post, Pattern: "/people/{id}/end", Policy: access.ManagePeople, Handler: x.end},
		{Method: post, Pattern: "/people/{id}/sessions", Policy: access.ManagePeople, Handler: x.endSessions},
	}
}
