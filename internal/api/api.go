// Package api is the door for programs: a JSON API below /api/v1, documented as OpenAPI 3.1. Every operation declares the policy that
// it asks for, every answer that is no success is a problem of RFC 9457, and one caller's haste slows nobody else.
package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Base is where the API begins.
const Base = "/api/v1"

const inOrg = Base + "/organizations/{org}"

// Tenants finds organizations, and what a person is in them.
type Tenants interface {
	// Organization gives the organization with the slug, or fault.NotFound.
	Organization(ctx context.Context, slug string) (*Organization, error)
	// Roles gives the roles of a person in an organization; none for somebody who is no member, or no longer.
	Roles(ctx context.Context, person id.Person, org id.Org) ([]access.Role, error)
}

// Options are what the API is wired from. All but Failed and Limits are needed.
type Options struct {
	Tenants     Tenants
	Idempotency Idempotency
	Secret      []byte // signs cursors: at least 32 bytes that nobody outside knows
	Clock       func() time.Time
	Version     string
	Limits      Limits // zero: Usual
	// Failed is told of faults of the machine; the caller learns no more than that there was one.
	Failed func(r *http.Request, err error)
}

// Route is one operation with its policy.
type Route struct {
	ID      string
	Method  string
	Pattern string
	Policy  access.Policy
	Also    []access.Policy // that it asks for too
	Heavy   bool            // much is reckoned or drawn for it: its callers have fewer of it
	secret  bool
}

// API answers requests. It is safe for concurrent use.
type API struct {
	o         Options
	mux       *http.ServeMux
	huma      huma.API
	routes    []Route
	next      Route // the operation that is being registered
	limiter   *limiter
	others    *limiter // of doors beside this one
	cursors   cursors
	openJSON  []byte
	openYAML  []byte
	reference []byte
	err       error
}

// New wires the API. An operation without a policy does not start.
func New(o Options) (*API, error) {
	if o.Tenants == nil || o.Idempotency == nil || o.Clock == nil || len(o.Secret) < 32 {
		return nil, errors.New("api: Tenants, Idempotency, Clock and a Secret of at least 32 bytes are required")
	}
	if o.Limits == (Limits{}) {
		o.Limits = Usual()
	}
	if o.Failed == nil {
		o.Failed = func(*http.Request, error) {}
	}
	a := &API{o: o, mux: http.NewServeMux(), limiter: newLimiter(o.Limits, o.Clock), others: newLimiter(o.Limits, o.Clock), cursors: cursors{o.Secret}}
	a.huma = humago.New(muxOf{a}, a.config())
	a.organization()
	a.results()
	a.gauges()
	a.provenance()
	a.registers()
	a.imports()
	a.evidence()
	a.work()
	a.documents()
	a.people()
	a.hooks()
	if a.err != nil {
		return nil, a.err
	}
	return a, a.publish()
}

func (a *API) config() huma.Config {
	c := huma.Config{OpenAPI: description(a.o.Version), Formats: huma.DefaultFormats, DefaultFormat: "application/json", RejectUnknownQueryParameters: true}
	c.Components.Schemas = registry()
	return c
}

// Routes lists every operation with its policy.
func (a *API) Routes() []Route { return append([]Route(nil), a.routes...) }

// OpenAPI is the document as it is served.
func (a *API) OpenAPI() []byte { return a.openJSON }

// operation is what serve needs to know beyond huma.
type operation struct {
	id, method, path, tag, summary, text string
	status                               int
	heavy                                bool                    // much is reckoned or drawn
	secret                               bool                    // the answer holds a secret: it is kept nowhere
	stream                               bool                    // the handler reads the body itself
	body                                 map[string]*huma.Schema // media types of a stream, with the schema of each
	answer                               map[string]*huma.Schema // media types of an answer that is no JSON
	also                                 []access.Policy         // beside the one it is served under
	errors                               []int                   // statuses beyond those of every operation
	max                                  int64                   // bytes of the body; 0: 1 MiB
}

// Here is what every operation of an organization is asked with.
type Here struct {
	Org string `path:"org" maxLength:"64" doc:"The organization, by its name in addresses" example:"example"`
}

// serve adds an operation. What its handler gives back as an error becomes a problem.
func serve[I, O any](a *API, p access.Policy, op operation, h func(ctx context.Context, o *Organization, in *I) (*O, error)) {
	if !p.Declared() {
		a.err = errors.Join(a.err, fmt.Errorf("api: operation %s declares no policy", op.id))
		return
	}
	x := huma.Operation{OperationID: op.id, Method: op.method, Path: op.path, Tags: []string{op.tag}, Summary: op.summary, Description: op.text + policyText(append([]access.Policy{p}, op.also...)...),
		DefaultStatus: op.status, MaxBodyBytes: max(op.max, 1<<20), Errors: []int{400, 401, 403, 404, 406, 422, 429, 500},
		Security: []map[string][]string{{"token": {}}, {"session": {}}}, Extensions: map[string]any{"x-policy": p.String()}}
	if op.method != http.MethodGet {
		x.Errors = append(x.Errors, 409, 413, 415)
		x.Parameters = append(x.Parameters, idempotencyParameter())
	}
	x.Errors = append(x.Errors, op.errors...)
	a.next = Route{ID: op.id, Policy: p, Also: op.also, Heavy: op.heavy, secret: op.secret}
	huma.Register(a.huma, x, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, from(ctx), in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
	a.next = Route{}
	for _, y := range operations(a.huma.OpenAPI()) {
		if y.OperationID == op.id {
			op.media(y) // not before: huma would read the body
		}
	}
}

// operations lists those of the document.
func operations(doc *huma.OpenAPI) []*huma.Operation {
	var out []*huma.Operation
	for _, p := range doc.Paths {
		for _, op := range []*huma.Operation{p.Get, p.Post, p.Put, p.Delete} {
			if op != nil {
				out = append(out, op)
			}
		}
	}
	return out
}

// policyText says in the document who may ask.
func policyText(p ...access.Policy) string {
	var roles, names, scopes []string
	for _, x := range p {
		names = append(names, x.String())
		if s := scopeOf(x); !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	for _, r := range access.Roles() {
		v := access.Visitor{Person: "p", Roles: []access.Role{r}, Strong: true}
		if !slices.ContainsFunc(p, func(x access.Policy) bool { return !v.May(x) }) {
			roles = append(roles, string(r))
		}
	}
	return "\n\nPolicy: " + strings.Join(names, ", and ") + ". Roles: " + strings.Join(roles, ", ") + ". Token scope: " + strings.Join(scopes, ", and ") + "."
}

// scopeOf says which scope a token must hold for a policy.
func scopeOf(p access.Policy) string {
	scope := ""
	for _, r := range access.Roles() {
		v := access.Visitor{Person: "p", Roles: []access.Role{r}, Strong: true}
		for _, s := range access.Scopes() {
			v.Token, v.Scopes = true, []access.Scope{s}
			if v.May(p) {
				scope = string(s)
			}
		}
	}
	if scope == "" {
		scope = "none: a person has to sign in and to prove again who they are"
	}
	return scope
}

// muxOf has huma register its handlers behind ours.
type muxOf struct{ a *API }

func (m muxOf) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.a.mux.ServeHTTP(w, r) }

// HandleFunc wraps a handler in what every operation asks: who, where, may they, and was this asked before.
func (m muxOf) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	a, p, also, heavy, secret := m.a, m.a.next.Policy, m.a.next.Also, m.a.next.Heavy, m.a.next.secret
	if !p.Declared() {
		a.err = errors.Join(a.err, fmt.Errorf("api: %s declares no policy", pattern))
		return
	}
	method, path, _ := strings.Cut(pattern, " ")
	a.routes = append(a.routes, Route{ID: a.next.ID, Method: method, Pattern: path, Policy: p, Also: also, Heavy: heavy})
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		ctx, err := a.enter(r, append([]access.Policy{p}, also...)...)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		x := &exchange{w: w}
		r = r.WithContext(context.WithValue(ctx, requestKey{}, x))
		x.r = r // its body may be replaced by one that is counted
		if heavy {
			if p := a.limiter.heavy(w.Header(), r); p != nil {
				p.write(w)
				return
			}
		}
		if method == http.MethodGet {
			h(w, r)
			return
		}
		a.once(w, r, secret, h)
	})
}

type (
	requestKey struct{}
	orgKey     struct{}
	exchange   struct {
		w http.ResponseWriter
		r *http.Request
	}
)

// asked gives the request that a handler reads by itself.
func asked(ctx context.Context) (http.ResponseWriter, *http.Request) {
	if x, ok := ctx.Value(requestKey{}).(*exchange); ok {
		return x.w, x.r
	}
	return nil, nil
}

func from(ctx context.Context) *Organization {
	o, _ := ctx.Value(orgKey{}).(*Organization)
	return o
}

// enter finds the organization and decides. An unknown organization, one of which the visitor is no member, and one for which a token
// is not good answer alike.
func (a *API) enter(r *http.Request, policies ...access.Policy) (context.Context, error) {
	ctx := r.Context()
	v := access.From(ctx)
	if v.Person == "" {
		return nil, access.SignIn
	}
	o, err := a.o.Tenants.Organization(ctx, r.PathValue("org"))
	if err != nil {
		if errors.Is(err, fault.NotFound) {
			err = nowhere
		}
		return nil, err
	}
	if v.Token && v.Org != o.ID {
		return nil, nowhere
	}
	if v.Roles, err = a.o.Tenants.Roles(ctx, v.Person, o.ID); err != nil {
		return nil, err
	}
	v.Org = o.ID
	for _, p := range policies {
		if err := access.Decide(p, v); err != nil {
			if errors.Is(err, fault.NotFound) {
				err = nowhere
			}
			return nil, err
		}
	}
	return context.WithValue(access.With(ctx, v), orgKey{}, o), nil
}

var nowhere = &fault.Error{Kind: fault.NotFound, What: "no such organization, or you are no member of it"}

// ServeHTTP refuses a caller who asks too much, and finds the operation.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if p := a.limiter.take(w.Header(), r); p != nil {
		p.write(w)
		return
	}
	if safe(r.Method) && a.public(w, r) {
		return
	}
	h, pattern := a.mux.Handler(r)
	if pattern != "" {
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, hardLimit)
		}
		a.mux.ServeHTTP(w, r)
		return
	}
	// The mux knows which methods an address has; it would say so in plain text.
	c := &headersOnly{h: http.Header{}}
	h.ServeHTTP(c, r)
	if c.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", c.h.Get("Allow"))
		newProblem(http.StatusMethodNotAllowed, "this address knows "+c.h.Get("Allow")+" only").write(w)
		return
	}
	newProblem(http.StatusNotFound, "no such address").write(w)
}

// hardLimit is the most that any body may hold, whatever its operation takes.
const hardLimit = 10<<30 + 1<<20

// headersOnly keeps status and headers of an answer.
type headersOnly struct {
	h      http.Header
	status int
}

func (c *headersOnly) Header() http.Header         { return c.h }
func (c *headersOnly) WriteHeader(s int)           { c.status = s }
func (c *headersOnly) Write(b []byte) (int, error) { return len(b), nil }

// public answers what says nothing of anybody: the document and the page that shows it. access.Public.
func (a *API) public(w http.ResponseWriter, r *http.Request) bool {
	var kind string
	var body []byte
	switch r.URL.Path {
	case Base + "/openapi.json":
		kind, body = "application/vnd.oai.openapi+json;version=3.1", a.openJSON
	case Base + "/openapi.yaml":
		kind, body = "application/vnd.oai.openapi;version=3.1", a.openYAML
	case Base + "/reference.css":
		kind, body = "text/css; charset=utf-8", styleSheet
	case Base + "/", Base:
		kind, body = "text/html; charset=utf-8", a.reference
	default:
		return false
	}
	sum := sha256.Sum256(body)
	tag := fmt.Sprintf(`"%x"`, sum[:8])
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", kind)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	_, _ = w.Write(body) // the reader went away: nothing is lost
	return true
}

// publish prints the document once: nothing changes it afterwards.
func (a *API) publish() (err error) {
	doc := a.huma.OpenAPI()
	a.announce(doc)
	amend(doc)
	if err := illustrate(doc); err != nil {
		return err
	}
	if a.openJSON, err = json.Marshal(doc); err != nil {
		return err
	}
	if a.openYAML, err = doc.YAML(); err != nil {
		return err
	}
	a.reference, err = page(a)
	return err
}
