package app

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/shell"
)

// tenant is one organization that is served: what it is, what its tests showed last, and its pages.
type tenant struct {
	*shell.Tenant
	o   *office
	p   *pages
	api *api.Organization
	// nil where the folder cannot be written
	board   *operate.Board
	desk    *operate.Desk
	uploads *operate.Uploads
}

// tenants are the organizations of a data folder, opened when somebody first asks for them. A change of an organization's
// program makes it a new one, which takes over the results until it has its own. Nothing is read while the lock is held: an
// organization that takes long to open keeps nobody out of another.
type tenants struct {
	in      *installation
	mu      sync.Mutex
	slugs   map[string]record.Org // of all that exist
	opened  map[string]*tenant    // by slug
	opening map[string]*unopened
	locks   map[id.Org]*sync.Mutex
	kinds   map[id.Org]access.Kind // as far as they were asked for
}

// unopened is an organization that somebody opens; the others wait for it.
type unopened struct {
	done chan struct{}
	t    *tenant
	err  error
}

// lock is what changes of an organization's program are made under, one after another.
func (t *tenants) lock(org id.Org) *sync.Mutex {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.locks == nil {
		t.locks = map[id.Org]*sync.Mutex{}
	}
	if t.locks[org] == nil {
		t.locks[org] = &sync.Mutex{}
	}
	return t.locks[org]
}

// slugOf makes a name for addresses: letters and digits of ASCII, with hyphens between.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '.' || r == ',':
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "organization"
}

// slugsOf names each organization; of two with the same name in addresses the older keeps it.
func slugsOf(orgs []record.Org) map[string]record.Org {
	list := slices.Clone(orgs)
	slices.SortFunc(list, func(a, b record.Org) int { return strings.Compare(string(a.ID), string(b.ID)) }) // by time
	out := map[string]record.Org{}
	for _, o := range list {
		s := slugOf(o.Name)
		for n := 2; ; n++ {
			if _, taken := out[s]; !taken {
				break
			}
			s = fmt.Sprintf("%s-%d", slugOf(o.Name), n)
		}
		out[s] = o
	}
	return out
}

// list reads which organizations there are.
func (t *tenants) list(ctx context.Context) error {
	orgs, err := t.in.st.Orgs(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slugs = slugsOf(orgs)
	return nil
}

// names lists the organizations' names in addresses.
func (t *tenants) names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.slugs))
}

// slug is an organization's name in addresses; empty when it does not exist.
func (t *tenants) slug(org id.Org) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s, o := range t.slugs {
		if o.ID == org {
			return s
		}
	}
	return ""
}

// Tenant opens an organization's pages.
func (t *tenants) Tenant(ctx context.Context, slug string) (*shell.Tenant, error) {
	x, err := t.open(ctx, slug)
	if err != nil {
		return nil, err
	}
	return x.Tenant, nil
}

func (t *tenants) open(ctx context.Context, slug string) (*tenant, error) {
	t.mu.Lock()
	if x, ok := t.opened[slug]; ok {
		t.mu.Unlock()
		return x, nil
	}
	org, ok := t.slugs[slug]
	if !ok {
		t.mu.Unlock()
		return nil, fault.NotFound
	}
	if o := t.opening[slug]; o != nil {
		t.mu.Unlock()
		select {
		case <-o.done:
			return o.t, o.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	o := &unopened{done: make(chan struct{})}
	if t.opening == nil {
		t.opening = map[string]*unopened{}
	}
	t.opening[slug] = o
	t.mu.Unlock()
	o.t, o.err = t.in.tenant(context.WithoutCancel(ctx), slug, org, run{}) // others wait for it, whoever asked first
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.err == nil {
		t.opened[slug] = o.t
	}
	delete(t.opening, slug)
	close(o.done)
	return o.t, o.err
}

// Roles gives what a person is in an organization.
func (t *tenants) Roles(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	return t.in.roles(ctx, p, org)
}

// reload takes over a changed program. Readers of the old pages are done before they notice.
func (t *tenants) reload(ctx context.Context, slug string) error {
	t.mu.Lock()
	old, ok := t.opened[slug]
	org := t.slugs[slug]
	t.mu.Unlock()
	if !ok {
		return nil
	}
	last, _ := old.p.latest()
	x, err := t.in.tenant(ctx, slug, org, last)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opened[slug] = x
	return nil
}

// tenant wires an organization's pages.
func (in *installation) tenant(ctx context.Context, slug string, org record.Org, last run) (*tenant, error) {
	o, err := in.app.office(ctx, in.st, in.data, string(org.ID), false)
	if err != nil {
		return nil, err
	}
	o.readOnly = in.readOnly
	if o.program.Report == scope.Firm {
		return in.firmTenant(slug, org, o)
	}
	p := &pages{o: o, life: in.life, turn: in.turn, draws: in.draws, last: last, drawn: in.drawn(org.ID, slug, org.Name)}
	routes, err := p.routes()
	if err != nil {
		return nil, err
	}
	t := &tenant{Tenant: &shell.Tenant{Org: org.ID, Kind: access.Service, Slug: slug, Name: org.Name, Zone: o.program.Zone}, o: o, p: p}
	if routes, err = in.orgRoutes(t, routes); err != nil {
		return nil, err
	}
	if t.Mux, err = shell.NewMux(routes, in.failed); err != nil {
		return nil, err
	}
	p.soon()
	return t, nil
}

// routes are the pages of results, each of which waits for the first run.
func (p *pages) routes() ([]shell.Route, error) {
	p.gauge = p.o.gauging()
	p.gauge.life, p.gauge.background, p.gauge.turn = p.life, &p.background, p.turn
	site, err := p.o.site(p)
	if err != nil {
		return nil, err
	}
	var out []shell.Route
	for _, rt := range site.Routes() {
		out = append(out, p.patiently(rt))
	}
	return append(out, shell.Route{Method: http.MethodGet, Pattern: "/progress", Policy: access.ReadHome, Handler: p.progress}), nil
}

// site wires the pages of results.
func (o *office) site(p *pages) (*web.Site, error) {
	c, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	in, err := o.program.Criteria(c)
	if err != nil {
		return nil, err
	}
	k, err := scope.KindOf(o.program.Report)
	if err != nil {
		return nil, err
	}
	opts := web.Options{
		Organization: o.org.Name, Report: k.Title, Zone: o.program.Zone,
		Catalog: web.Catalog{Controls: o.controlsNow(), Criteria: in, Tests: o.testing(), Frameworks: c.Frameworks},
		Tests:   p, Items: p, Records: p, Proofs: p, Pulls: p, Gauge: p.gauge, Documents: &drawings{p}, Calendar: p.gauge, Ledger: ledgerPages{p},
		Assertions: p.assertions(), Shelf: &shelf{p},
	}
	if drafted(o.program.Report) == nil {
		opts.Drafts = p
	}
	return web.New(opts)
}

// patiently has a person who opens a page before the tests have run told how far they are; the page loads again by itself. A
// program waits for the answer.
func (p *pages) patiently(rt shell.Route) shell.Route {
	if rt.Policy != access.ReadResults && rt.Policy != access.ReadRecords && rt.Policy != access.ReadDrafts || strings.HasPrefix(rt.Pattern, "/proofs/") {
		return rt
	}
	h := rt.Handler
	gauged := strings.HasPrefix(rt.Pattern, "/readiness") || strings.HasPrefix(rt.Pattern, "/forecast") || strings.HasPrefix(rt.Pattern, "/calendar")
	rt.Handler = func(w http.ResponseWriter, r *http.Request) error {
		if shell.WantsPage(r) && strings.Contains(r.Header.Get("Accept"), "text/html") {
			if text := p.waits(r.Context(), gauged); text != "" {
				follow := "/progress"
				if gauged {
					follow += "?readiness=1"
				}
				web.Wait(w, r, shell.T(r.Context(), "Testing every item"), text, follow)
				return nil
			}
		}
		return h(w, r)
	}
	return rt
}

// waits says what a page is still waiting for, or nothing.
func (p *pages) waits(ctx context.Context, gauged bool) string {
	if _, ok := p.latest(); !ok {
		if p.failedOnce() {
			return "" // the page tells it
		}
		p.soon()
		return p.step(ctx).Words
	}
	if gauged && p.gauge.waits(ctx) {
		return p.step(ctx).Words
	}
	return ""
}

// failedOnce reports whether the tests were run and could not be: then whoever asks runs them again, and is told.
func (p *pages) failedOnce() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last.err != nil
}
