package signin

import (
	"context"
	"net/http"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

// mailTime is how long a page waits for the mail server.
const mailTime = 10 * time.Second

// What a notice says has happened, in the language of the context.
func passwordSet(ctx context.Context) string {
	return shell.T(ctx, "A password was set for your account.")
}

func passwordRemoved(ctx context.Context) string {
	return shell.T(ctx, "The password of your account was removed.")
}

func totpSet(ctx context.Context) string {
	return shell.T(ctx, "An authenticator program was set up for your account, with new recovery codes.")
}

func totpRemoved(ctx context.Context) string {
	return shell.T(ctx, "The authenticator program of your account was removed, and its recovery codes with it.")
}

func codesMade(ctx context.Context) string {
	return shell.T(ctx, "New recovery codes were made for your account. The earlier ones are no longer good.")
}

func passkeyAdded(ctx context.Context) string {
	return shell.T(ctx, "A passkey was added to your account.")
}

func passkeyRemoved(ctx context.Context) string {
	return shell.T(ctx, "A passkey was removed from your account.")
}

func providerLinked(ctx context.Context) string {
	return shell.T(ctx, "A login of your organization was linked to your account.")
}

func providerRemoved(ctx context.Context) string {
	return shell.T(ctx, "The link of your account to your organization's login was removed.")
}

func tokenMade(ctx context.Context) string {
	return shell.T(ctx, "An API token was made for your account.")
}

func recovered(ctx context.Context) string {
	return shell.T(ctx, "Your account was recovered by a link: a new password was set. Your passkeys, authenticator program and recovery codes were removed, and all sessions and API tokens ended.")
}

func enrolled(ctx context.Context) string {
	return shell.T(ctx, "An invitation to this address was accepted, and a way to sign in was set up for it.")
}

// notify tells a person by e-mail, in their language, that what they sign in with has changed (ASVS 5.0, 6.3.7), whoever did it: the act is
// done by then. What cannot be sent is said behind the page's own sentence. It names neither secret nor link, and goes out though the
// browser may have gone.
func (p *Pages) notify(r *http.Request, person id.Person, what func(ctx context.Context) string) (unsent string) {
	if p.o.Mail == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), mailTime)
	defer cancel()
	x, err := p.o.Accounts.Person(ctx, person)
	if err == nil {
		c := shell.From(ctx)
		if x.Lang != "" {
			c.Lang = phrase.Lang(x.Lang)
		}
		err = p.o.Mail.Send(ctx, x.Email, shell.T(shell.With(ctx, c), "A change to how you sign in"), p.notice(shell.With(ctx, c), r, what))
	}
	if err != nil {
		return " " + shell.T(r.Context(), "The notice of it could not be sent by e-mail.")
	}
	return ""
}

func (p *Pages) notice(ctx context.Context, r *http.Request, what func(ctx context.Context) string) string {
	from := p.from(r)
	return what(ctx) + "\n\n" +
		shell.T(ctx, "When: %s", p.o.Accounts.Now().Format("2006-01-02 15:04 UTC")) + "\n" +
		shell.T(ctx, "From: %s, %s", from.Address, from.Agent) + "\n" +
		shell.T(ctx, "Where: %s", p.o.Base) + "\n\n" +
		shell.T(ctx, "If it was you, there is nothing to do. If it was not, somebody else may be in your account: ask an administrator of your organization at once to end your sessions, and the operator of the installation for a new way in.") + "\n"
}

// changed says on the page of the account what was done to a way to sign in, and mails its owner.
func (p *Pages) changed(w http.ResponseWriter, r *http.Request, said string, what func(ctx context.Context) string) error {
	return done(w, r, said+p.notify(r, access.From(r.Context()).Person, what))
}

// joined mails whoever an invitation let in: its link may have been in other hands.
func (p *Pages) joined(r *http.Request, session string) error {
	v, err := p.o.Accounts.Identify(r.Context(), session)
	if err == nil && v.Visitor.Person != "" {
		p.notify(r, v.Visitor.Person, enrolled)
	}
	return err
}
