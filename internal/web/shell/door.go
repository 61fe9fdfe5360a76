package shell

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/phrase"
)

// Visit is what a request's cookie or token says of its sender. The zero value is nobody.
type Visit struct {
	access.Visitor
	Lang  string // chosen language; empty: what the browser prefers
	Theme string // light, dark or empty
}

// Tenant is one organization with its pages.
type Tenant struct {
	Org  id.Org
	Kind access.Kind
	Slug string
	Name string
	Zone civil.Zone
	Mux  *Mux
}

// Tenants finds organizations and what a person is in them.
type Tenants interface {
	// Tenant gives the organization with the slug, or fault.NotFound.
	Tenant(ctx context.Context, slug string) (*Tenant, error)
	// Roles gives the roles of a person in an organization; none for somebody who is no member, or no longer.
	Roles(ctx context.Context, person id.Person, org id.Org) ([]access.Role, error)
}

// Options are what the door is wired from.
type Options struct {
	// Routes of the installation: sign-in, account, style sheets.
	Routes []Route
	// Raw are handlers that answer for themselves below a prefix, such as the API; the visitor is in the context, outside of any
	// organization.
	Raw map[string]http.Handler
	// Identify says who asks. An error without a kind is a fault of the machine, and nobody gets in.
	Identify func(r *http.Request) (Visit, error)
	Tenants  Tenants
	Assets   Assets
	// Hosts are the names, without port, under which the pages may be asked for. Empty: every name.
	Hosts []string
	// Secure says that the pages are reached by HTTPS only.
	Secure bool
	// Capacity is how many requests are worked on at a time; more are refused at once. 0: 64.
	Capacity int
	// Clock is for how long a body may take; nil: as long as the server lets it.
	Clock func() time.Time
	// Rest waits for so long, or until the context ends; nil: a refused connection does not rest.
	Rest   func(ctx context.Context, long time.Duration)
	Failed func(r *http.Request, err error)
}

// Door is the one way in: it guards, identifies, finds the organization, and hands over.
type Door struct {
	o      Options
	own    *Mux
	raw    *http.ServeMux
	cross  *http.CrossOriginProtection
	places *places
	h      http.Handler
	// The addresses of style sheet and script, which are hashes: worked out once, not for each page.
	css, js string
}

// NewDoor wires the door. A route without a policy does not start.
func NewDoor(o Options) (*Door, error) {
	if o.Identify == nil || o.Tenants == nil {
		return nil, errors.New("shell: Identify and Tenants are required")
	}
	if o.Capacity == 0 {
		o.Capacity = 64
	}
	own, err := NewMux(append(append([]Route{}, o.Routes...), o.Assets.routes()...), o.Failed)
	if err != nil {
		return nil, err
	}
	d := &Door{o: o, own: own, raw: http.NewServeMux(), cross: http.NewCrossOriginProtection(), places: newPlaces(o.Capacity),
		css: o.Assets.css(), js: o.Assets.js()}
	for prefix, h := range o.Raw {
		d.raw.Handle(prefix, h)
	}
	squeeze, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.ContentTypes([]string{"text/html", "text/css", "text/javascript", "application/json", "application/problem+json", "image/svg+xml"}))
	if err != nil {
		return nil, err
	}
	d.h = squeeze(http.HandlerFunc(d.enter))
	return d, nil
}

// Routes lists the addresses of the installation; those of an organization are its tenant's.
func (d *Door) Routes() []Route { return d.own.Routes() }

const policyOfPages = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"

// Guard sets what keeps a page to itself.
func (d *Door) guard(h http.Header) {
	h.Set("Content-Security-Policy", policyOfPages)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if d.o.Secure {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// ServeHTTP refuses at once what is more than the machine can work on.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if long(r) { // it finds its place once it is known who sends it
		d.h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), longKey{}, true)))
		return
	}
	if !d.settle(w, r) {
		return
	}
	release, ok := take(d.places.work)
	if !ok {
		d.surplus(w, r)
		return
	}
	defer release()
	d.h.ServeHTTP(w, r)
}

func (d *Door) enter(w http.ResponseWriter, r *http.Request) {
	d.guard(w.Header())
	if !d.served(r.Host) {
		http.Error(w, "this address is not served here", http.StatusMisdirectedRequest)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/assets/") { // nobody in particular: no session is looked up
		d.own.ServeHTTP(w, r)
		return
	}
	visit, err := d.o.Identify(r)
	chrome := Chrome{Lang: phrase.Pick(r.Header.Get("Accept-Language"), visit.Lang), Theme: visit.Theme, CSS: d.css, JS: d.js, Path: r.URL.Path}
	r = r.WithContext(With(access.With(r.Context(), visit.Visitor), chrome))
	if err != nil {
		d.own.Fail(w, r, err)
		return
	}
	if isLong(r.Context()) {
		release, ok := func() {}, false
		kind := d.places.bodies
		if follows(r) {
			kind = d.places.events
		}
		if visit.Person != "" {
			release, ok = kind.take(visit.Person)
		}
		if !ok {
			w.Header().Set("Connection", "close")
			d.refuseLong(w, r, visit)
			return
		}
		defer release()
	} else if visit.Person != "" {
		release, ok := d.places.persons.take(visit.Person)
		if !ok {
			d.own.Fail(w, r, fault.Busy)
			return
		}
		defer release()
	}
	// A request that a page elsewhere had the browser send changes nothing here. A token in the header is no cookie: nobody else's
	// page can make a browser send it.
	if !visit.Token {
		if err := d.cross.Check(r); err != nil {
			d.own.Fail(w, r, &fault.Error{Kind: fault.Denied, What: T(r.Context(), "the request came from a page of another site")})
			return
		}
	}
	if _, pattern := d.raw.Handler(r); pattern != "" {
		d.raw.ServeHTTP(w, r)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/o/"); ok {
		d.tenant(w, r, chrome, visit, rest)
		return
	}
	chrome.Flash = takeFlash(w, r)
	d.own.ServeHTTP(w, r.WithContext(With(r.Context(), chrome)))
}

// refuseLong says why a large body is not taken: nobody is known who sends it, or too many are on their way.
func (d *Door) refuseLong(w http.ResponseWriter, r *http.Request, visit Visit) {
	if visit.Person == "" {
		d.own.Fail(w, r, access.SignIn)
		return
	}
	d.own.Fail(w, r, fault.Busy)
}

// tenant hands over to an organization's pages. Who is no member learns what they would of one that does not exist.
func (d *Door) tenant(w http.ResponseWriter, r *http.Request, chrome Chrome, visit Visit, rest string) {
	slug, _, found := strings.Cut(rest, "/")
	if visit.Person == "" {
		chrome.Base = "/o/" + slug
		d.own.Fail(w, stripped(r.WithContext(With(r.Context(), chrome)), chrome.Base), access.SignIn)
		return
	}
	t, roles, err := d.find(r.Context(), slug, visit.Person)
	if err != nil {
		d.own.Fail(w, r, err)
		return
	}
	if !found { // /o/acme is /o/acme/
		http.Redirect(w, r, "/o/"+slug+"/", http.StatusSeeOther)
		return
	}
	visit.Org, visit.Kind, visit.Roles = t.Org, t.Kind, roles
	chrome.Base, chrome.Organization, chrome.Zone = "/o/"+slug, t.Name, t.Zone
	chrome.Path = strings.TrimPrefix(r.URL.Path, chrome.Base)
	chrome.Flash = takeFlash(w, r)
	ctx := access.With(r.Context(), visit.Visitor)
	chrome.Nav = shown(ctx, Nav(), t.Mux.Exists)
	t.Mux.ServeHTTP(w, stripped(r.WithContext(With(ctx, chrome)), chrome.Base))
}

func (d *Door) find(ctx context.Context, slug string, p id.Person) (*Tenant, []access.Role, error) {
	t, err := d.o.Tenants.Tenant(ctx, slug)
	if err != nil {
		return nil, nil, err
	}
	roles, err := d.o.Tenants.Roles(ctx, p, t.Org)
	if in, _ := access.InForce(t.Kind, roles); err == nil && len(in) == 0 {
		err = fault.NotFound
	}
	return t, roles, err
}

func stripped(r *http.Request, prefix string) *http.Request {
	u := *r.URL
	u.Path = strings.TrimPrefix(u.Path, prefix)
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawPath = strings.TrimPrefix(u.RawPath, prefix)
	r2 := *r
	r2.URL = &u
	return &r2
}

func (d *Door) served(host string) bool {
	if len(d.o.Hosts) == 0 {
		return true
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	for _, h := range d.o.Hosts {
		if strings.EqualFold(strings.Trim(h, "[]"), strings.Trim(host, "[]")) {
			return true
		}
	}
	return false
}
