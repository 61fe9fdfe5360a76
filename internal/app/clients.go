package app

import (
	"context"
	"errors"
	"log"
	"net/url"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/mail"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/settings"
)

// adviserClients finds the client organizations of an adviser.
type adviserClients struct{ in *installation }

// Clients gives the organizations in which the person is an adviser at this moment. One that cannot be opened is named, and nothing is
// said of it: the others stay readable.
func (x adviserClients) Clients(ctx context.Context, p id.Person) ([]settings.Client, error) {
	orgs, err := x.in.accounts.Organizations(ctx, p)
	if err != nil {
		return nil, err
	}
	var out []settings.Client
	for _, org := range orgs {
		roles, err := x.in.accounts.Roles(ctx, p, org)
		if err != nil {
			return nil, err
		}
		slug := x.in.tenants.slug(org)
		if !slices.Contains(roles, access.Adviser) || slug == "" {
			continue
		}
		c, err := x.client(ctx, slug)
		if err != nil {
			log.Printf("the adviser's view of %s: %v", slug, err)
		}
		out = append(out, c)
	}
	return out, nil
}

func (x adviserClients) client(ctx context.Context, slug string) (settings.Client, error) {
	t, err := x.in.tenants.open(ctx, slug)
	if err != nil {
		return settings.Client{Slug: slug, Name: slug}, err
	}
	p := t.o.program
	c := settings.Client{Slug: slug, Name: t.Name, Report: p.Report, From: p.From, To: p.To, AsOf: p.AsOf}
	if k, err := scope.KindOf(p.Report); err == nil {
		c.Report = k.Title
	}
	if t.board == nil { // an audit firm prepares nothing
		return c, nil
	}
	c.Ready, err = x.standing(ctx, t)
	return c, err
}

// standing is nil while the tests or the facts of the day are still being collected, which it has done in the background.
func (x adviserClients) standing(ctx context.Context, t *tenant) (*settings.Standing, error) {
	if _, ok := t.p.latest(); !ok {
		t.p.soon()
		return nil, nil //nolint:nilnil // not known yet
	}
	if t.p.gauge.waits(ctx) {
		return nil, nil //nolint:nilnil // not known yet
	}
	r, err := t.p.gauge.Ready(ctx)
	if err != nil {
		return nil, err
	}
	today := t.o.program.Zone.DateOf(civil.InstantOf(x.in.app.Clock()))
	tasks, err := t.board.Tasks(ctx, t.Org, today)
	return &settings.Standing{Status: r.Status, Counts: r.Counts, Late: late(tasks)}, err
}

// late counts instances, each once however many people have it.
func late(tasks []operate.Task) int {
	all := map[[2]string]bool{}
	for _, t := range tasks {
		if t.Late {
			all[[2]string{t.Control, t.Key}] = true
		}
	}
	return len(all)
}

// settingsOf wires the settings of an organization.
func (in *installation) settingsOf(org id.Org, slug, name string) (*settings.Pages, error) {
	x := hookPages{orgHooks{in.hooks, org, slug, name}}
	return settings.New(settings.Options{Hooks: x, Trial: x, Events: api.Events(), Facts: in.facts})
}

// setUp keeps what the operator set up. Of the address of the mail server nothing but its host is kept: it may hold a password.
func (in *installation) setUp(s cli.Serving, sender *mail.Sender) {
	in.sender = sender
	in.facts = settings.Facts{Version: Version, Address: in.base, Provider: s.OIDC.Issuer}
	if u, err := url.Parse(s.SMTP); err == nil && sender != nil {
		in.facts.Mail, in.facts.From = u.Hostname(), u.Query().Get("from")
	}
}

// hookPages fits the hooks of an organization to the pages of its settings.
type hookPages struct{ orgHooks }

// Hooks lists the receivers.
func (x hookPages) Hooks(ctx context.Context) ([]settings.Hook, error) {
	list, err := x.orgHooks.Hooks(ctx)
	out := make([]settings.Hook, len(list))
	for i, h := range list {
		out[i] = settings.Hook(h)
	}
	return out, err
}

// AddHook keeps a new receiver.
func (x hookPages) AddHook(ctx context.Context, by string, n settings.NewHook) (settings.Hook, string, error) {
	h, secret, err := x.orgHooks.AddHook(ctx, by, api.NewHook(n))
	return settings.Hook(h), secret, err
}

// Deliveries pages through what was sent.
func (x hookPages) Deliveries(ctx context.Context, key string, offset, limit int) ([]settings.Delivery, int, error) {
	list, total, err := x.orgHooks.Deliveries(ctx, key, offset, limit)
	out := make([]settings.Delivery, len(list))
	for i, d := range list {
		out[i] = settings.Delivery(d)
	}
	return out, total, err
}

// TestMail writes to one person that e-mail works.
func (x hookPages) TestMail(ctx context.Context, to string) error {
	in := x.h.in
	if in.sender == nil {
		return fault.Refuse("no server is named").WithHint("start the installation with --smtp")
	}
	err := post{in.sender, in}.Send(ctx, to, "A test from Assay", "This e-mail was sent from the settings of "+x.name+" to see whether e-mail arrives.\n")
	if err != nil && !errors.Is(err, fault.Refused) {
		log.Printf("a test e-mail: %v", err)
	}
	return err
}
