package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/mail"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/accounts"
	"github.com/assayhq/assay/internal/web/demo"
	"github.com/assayhq/assay/internal/web/intake"
	"github.com/assayhq/assay/internal/web/settings"
	"github.com/assayhq/assay/internal/web/shell"
	"github.com/assayhq/assay/internal/web/signin"
)

var _ account.Store = (*accounts.Store)(nil)

// signIn wires accounts and the pages by which people get in.
func (in *installation) signIn(ctx context.Context, o *shell.Options, s cli.Serving) error {
	base, err := origin(s)
	if err != nil {
		return err
	}
	if in.people, err = accounts.Open(ctx, filepath.Join(in.data, "accounts.db"), in.app.Clock); err != nil {
		return err
	}
	key, err := in.accountsKey()
	if err != nil {
		return err
	}
	provider, err := in.app.provider(s, base)
	if err != nil {
		return err
	}
	origins := []string{base}
	if base == "" { // the port is known only once it listens, and browsers may say localhost for the same
		_, port, _ := net.SplitHostPort(s.Listen)
		base = "http://localhost:" + port
		origins = []string{base, "http://127.0.0.1:" + port}
	}
	if in.accounts, err = account.New(account.Options{Store: in.people, Journal: journal{in}, Kind: in.tenants.kind, Apart: in.examined, Clock: in.app.Clock, Random: in.app.Random, Key: key,
		Origins: origins, OpenID: provider, Words: in.names(), Cost: in.app.Cost}); err != nil {
		return err
	}
	empty, err := in.accounts.Empty(ctx)
	if err != nil {
		return err
	}
	in.empty.Store(empty)
	sender, err := in.app.sender(s)
	if err != nil {
		return err
	}
	in.base = base
	if in.address, err = addressOf(s.Proxies); err != nil {
		return err
	}
	opts := signin.Options{Address: in.address, Accounts: in.accounts, Founding: "/organizations/new", Organizations: organizations{in}, Base: base, Secure: strings.HasPrefix(base, "https:")}
	if sender != nil {
		opts.Mail = post{sender, in}
	}
	if in.pages, err = signin.New(opts); err != nil {
		return err
	}
	if err := in.doors(o, key); err != nil {
		return err
	}
	if in.hooks, err = in.newHooking(key, s.Allow); err != nil {
		return err
	}
	in.setUp(s, sender)
	in.background.Go(func() { in.rounds(ctx, sender) })
	in.background.Go(func() { in.hooks.run(ctx) })
	founding, err := intake.NewFounding(in)
	if err != nil {
		return err
	}
	o.Identify = in.pages.Identify
	console, err := settings.NewConsole(adviserClients{in})
	if err != nil {
		return err
	}
	o.Routes = slices.Concat(in.pages.Routes(), founding.Routes(), console.Routes())
	for i, rt := range o.Routes {
		if strings.HasPrefix(rt.Pattern, "/setup") {
			o.Routes[i].Handler = in.adopting(rt.Handler)
		}
	}
	return nil
}

// adopting makes whoever set the installation up the administrator, and the compliance lead or a partner, of the organizations that were founded
// from a terminal, and that nobody is a member of.
func (in *installation) adopting(h shell.Handler) shell.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		first, ok := in.first.Swap(id.Person("")).(id.Person)
		if !ok || first == "" {
			return err
		}
		in.tenants.mu.Lock()
		orgs := slices.Collect(maps.Values(in.tenants.slugs))
		in.tenants.mu.Unlock()
		for _, o := range orgs {
			if e := in.accounts.Found(r.Context(), o.ID, first, account.From{}); e != nil && !errors.Is(e, fault.Denied) && !errors.Is(e, fault.Refused) && !errors.Is(e, fault.NotFound) {
				return errors.Join(err, e)
			}
		}
		return err
	}
}

// asExample wires the example company: no accounts, and whoever is at this machine chooses whom to be.
func (in *installation) asExample(o *shell.Options, s cli.Serving) error {
	if host, _, _ := net.SplitHostPort(s.Listen); !loopback(host) || s.URL != "" {
		return fault.Refuse("the example company has no sign-in; it is served on this machine's own addresses only, not on %s", s.Listen)
	}
	slugs := in.tenants.names()
	if len(slugs) == 0 {
		return fault.Refuse("there is no example company in %s", in.data)
	}
	site := &demo.Site{Home: "/o/" + slugs[0] + "/"}
	o.Identify, o.Routes = site.Identify, site.Routes()
	return nil
}

// names are the organizations' names, which no password may consist of.
func (in *installation) names() []string {
	in.tenants.mu.Lock()
	defer in.tenants.mu.Unlock()
	var out []string
	for _, o := range in.tenants.slugs {
		out = append(out, o.Name)
	}
	slices.Sort(out)
	return out
}

// memberRoles gives what a person is in an organization.
func (in *installation) memberRoles(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	if in.accounts != nil {
		return in.accounts.Roles(ctx, p, org)
	}
	kind, err := in.tenants.kind(ctx, org)
	roles, _ := access.InForce(kind, demo.Roles(ctx, p))
	return roles, err
}

// firstRun makes the link for the first account, while there is none.
func (in *installation) firstRun(ctx context.Context, base string) (string, error) {
	if in.accounts == nil {
		return "", nil
	}
	if empty, err := in.accounts.Empty(ctx); err != nil || !empty {
		return "", err
	}
	token, err := in.accounts.FirstRun(ctx)
	if err != nil {
		return "", err
	}
	return base + "/setup?token=" + token, nil
}

// organizations finds organizations for the pages of accounts.
type organizations struct{ in *installation }

// Organization names an organization.
func (x organizations) Organization(_ context.Context, org id.Org) (signin.Organization, error) {
	in := x.in
	in.tenants.mu.Lock()
	defer in.tenants.mu.Unlock()
	for slug, o := range in.tenants.slugs {
		if o.ID == org {
			return signin.Organization{ID: org, Slug: slug, Name: o.Name}, nil
		}
	}
	return signin.Organization{}, fault.NotFound
}

// Found is asked by the page that knows a name alone, which is not enough for a program.
func (x organizations) Found(context.Context, string, id.Person) (signin.Organization, error) {
	return signin.Organization{}, fault.Refuse("an organization needs a report and a time zone").WithHint("make it at /organizations/new")
}

// mostOrganizations is how many one installation holds. Each is kept open.
const mostOrganizations = 100

// mayFound refuses an organization to somebody who is not administrator of another here: each costs memory and a ledger, and its
// administrator invites people under any address. The first is made by whoever set the installation up.
func (in *installation) mayFound(ctx context.Context, p id.Person) error {
	in.tenants.mu.Lock()
	all := slices.Collect(maps.Values(in.tenants.slugs))
	in.tenants.mu.Unlock()
	if len(all) >= mostOrganizations {
		return fault.Refuse("the installation holds %d organizations, and no more", len(all))
	}
	mine, err := in.accounts.Organizations(ctx, p)
	if err != nil {
		return err
	}
	for _, org := range mine {
		roles, err := in.accounts.Roles(ctx, p, org)
		if err != nil || slices.Contains(roles, access.Administrator) {
			return err
		}
	}
	members := 0
	for _, o := range all {
		list, err := in.accounts.Members(ctx, o.ID)
		if err != nil {
			return err
		}
		members += len(list)
	}
	if members == 0 {
		return nil // nobody is anything here yet
	}
	return &fault.Error{Kind: fault.Denied, What: "only administrators of an organization here make another one", Hint: "ask one of them"}
}

// Found makes an organization from what a page says of it.
func (in *installation) Found(ctx context.Context, v access.Visitor, p scope.Program, implemented *civil.Date) (string, []string, error) {
	if err := in.mayFound(ctx, v.Person); err != nil {
		return "", nil, err
	}
	f, err := in.app.foundIn(ctx, in.st, in.data, p, "", implemented)
	if err != nil {
		return "", nil, err
	}
	if err := in.tenants.list(ctx); err != nil {
		return "", nil, err
	}
	org := id.Org(f.ID)
	if err := in.accounts.Found(ctx, org, v.Person, account.From{}); err != nil {
		return "", nil, err
	}
	return in.tenants.slug(org), f.Warnings, nil
}

// members lists those who can be assigned something.
func (in *installation) members(ctx context.Context, org id.Org) ([]operate.Member, error) {
	var out []operate.Member
	if in.accounts == nil {
		for _, p := range demo.People() {
			if slices.Contains(working, p.Roles[0]) {
				out = append(out, operate.Member{Email: p.Email, Name: p.Name})
			}
		}
		return out, nil
	}
	list, err := in.accounts.Members(ctx, org)
	for _, m := range list {
		if slices.ContainsFunc(m.Roles, func(r access.Role) bool { return slices.Contains(working, r) }) {
			out = append(out, operate.Member{Email: m.Person.Email, Name: m.Person.Name})
		}
	}
	return out, err
}

// post sends what the pages write to people.
type post struct {
	sender *mail.Sender
	in     *installation
}

// Send hands one text to the operator's server.
func (p post) Send(ctx context.Context, to, subject, text string) error {
	name, err := id.New("mail", p.in.app.Clock(), p.in.app.Random)
	if err != nil {
		return err
	}
	return p.sender.Send(ctx, mail.Message{ID: name, To: to, Subject: subject, Text: text})
}

// orgRoutes are the pages of an organization besides its results.
func (in *installation) orgRoutes(t *tenant, routes []shell.Route) ([]shell.Route, error) {
	if in.readOnly {
		return append(routes, shell.Route{Method: http.MethodGet, Pattern: "/{$}", Policy: access.ReadHome, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return shell.Redirect(w, r, "/results")
		}}), nil
	}
	o, p, slug := t.o, t.p, t.Slug
	desk, err := in.desk(t)
	if err != nil {
		return nil, fmt.Errorf("wire the pages of work: %w", err)
	}
	files, err := intake.New(imports{o})
	if err != nil {
		return nil, err
	}
	prog, err := in.programs(slug, o, p, t.desk)
	if err != nil {
		return nil, fmt.Errorf("wire the pages of the program: %w", err)
	}
	reviews, err := in.campaigns(t)
	if err != nil {
		return nil, fmt.Errorf("wire the pages of campaigns: %w", err)
	}
	for _, more := range [][]shell.Route{desk.Routes(), files.Routes(), prog.Routes(), reviews.Routes()} {
		routes = append(routes, more...)
	}
	examined, err := in.engagementRoutes(t)
	if err != nil {
		return nil, err
	}
	routes = append(routes, in.tried(o.org.ID, examined)...)
	if in.pages != nil {
		set, err := in.settingsOf(o.org.ID, slug, o.org.Name)
		if err != nil {
			return nil, fmt.Errorf("wire the settings: %w", err)
		}
		routes = slices.Concat(routes, in.pages.OrgRoutes(o.org.ID, o.org.Name), set.Routes())
	}
	return routes, nil
}

// imports takes files in from the page.
type imports struct{ o *office }

// Registers lists what can be filled, by title.
func (i imports) Registers(ctx context.Context) []intake.Register {
	var out []intake.Register
	also, err := i.o.fillable(ctx)
	for _, n := range i.o.taken() {
		if err != nil || !also(n) {
			continue
		}
		s := i.o.regs[n]
		out = append(out, intake.Register{Name: s.Name, Title: s.Title, Doc: s.Doc})
	}
	slices.SortFunc(out, func(a, b intake.Register) int { return strings.Compare(a.Title, b.Title) })
	return out
}

// Import takes one file in.
func (i imports) Import(ctx context.Context, r intake.Request, body io.Reader) (collect.Summary, error) {
	x := cli.Import{Register: r.Register, File: r.File, Source: r.Source, Query: r.Query, ExpectRows: r.Expect, Operator: r.Operator, Params: map[string]string{}}
	if r.Full {
		x.Extent = register.Full
	}
	if r.From != "" {
		x.Params["from"] = r.From
	}
	if r.To != "" {
		x.Params["to"] = r.To
	}
	if len(r.Mapping) > 0 {
		x.Map = "mapping"
	}
	also, err := i.o.fillable(ctx)
	if err != nil {
		return collect.Summary{}, err
	}
	return i.o.takeOf(ctx, x, body, r.Mapping, func(int64, int64) {}, also)
}

// noKind is for a service that opens no organization and asks for no role.
func noKind(context.Context, id.Org) (access.Kind, error) { return 0, fault.NotFound }

// recover makes a way back in for a person. The folder may be served meanwhile: a link is all that is written.
func (a *App) recover(ctx context.Context, data, email string) (path string, err error) {
	file := filepath.Join(data, "accounts.db")
	if _, err := os.Stat(file); err != nil {
		return "", fault.Refuse("%s holds no accounts", data).WithHint("name the folder that assay serve was started with, by --data")
	}
	in := &installation{app: a, data: data}
	if in.people, err = accounts.Open(ctx, file, a.Clock); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.people.Close()) }()
	key, err := in.accountsKey()
	if err != nil {
		return "", err
	}
	in.accounts, err = account.New(account.Options{Store: in.people, Journal: journal{in}, Kind: noKind, Clock: a.Clock, Random: a.Random, Key: key, Cost: a.Cost})
	if err != nil {
		return "", err
	}
	token, err := in.accounts.RecoveryLink(ctx, email)
	if errors.Is(err, fault.NotFound) {
		return "", fault.Refuse("nobody here has the address %s", email)
	}
	return "/recover/" + token, err
}
