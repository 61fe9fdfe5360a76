// Package scim is the door for directories: users and groups by SCIM 2.0 (RFC 7643, RFC 7644) below /scim/v2/{organization}. A
// directory's word holds in its own organization only. It lists people, puts them into groups that stand for roles, and ends their
// membership; it never changes who a person is elsewhere, and its answers are the same whether the person is known elsewhere or not.
package scim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/web/shell"
)

// Base is where the door begins; an organization's service is at Base + "/" + slug.
const Base = "/scim/v2"

// The limits of one request and of one directory.
const (
	maxBody       = 1 << 20 // bytes
	maxFilter     = 1000    // bytes of a filter
	maxPath       = 256     // bytes of a path
	maxTests      = 50      // comparisons in a filter
	maxPage       = 200     // resources in an answer
	maxOperations = 1000    // of a PATCH
	maxMembers    = 5000    // of a group
	maxUsers      = 50_000  // of a directory
	maxGroups     = 1000    // of a directory
	maxDepth      = 12      // of JSON
)

// Organization is one organization with its mapping of groups to roles.
type Organization struct {
	ID   id.Org
	Kind access.Kind
	// Groups maps a group's name in lower case to the role of its members. A group that it does not name stands for a role when it is
	// called assay- and the role, such as assay-lead; any other is kept and gives nothing. Administrators are made by a group only where
	// this mapping says so: a token asks for no proof of who holds it. A role that there is not in the organization's kind is given by no group.
	Groups map[string]access.Role
}

// role is what a group gives its members.
func (o *Organization) role(group string) (access.Role, bool) {
	r, ok := o.named(group)
	return r, ok && r.In(o.Kind)
}

// named is the role that a group stands for, whether or not there is such a role here.
func (o *Organization) named(group string) (access.Role, bool) {
	name := strings.ToLower(group)
	if r, ok := o.Groups[name]; ok {
		return r, true
	}
	if rest, ok := strings.CutPrefix(name, "assay-"); ok {
		r, err := access.ParseRole(rest)
		return r, err == nil && r != access.Administrator
	}
	return "", false
}

// Tenants finds organizations, and what a person is in them.
type Tenants interface {
	// Organization gives the organization with the slug, or fault.NotFound.
	Organization(ctx context.Context, slug string) (*Organization, error)
	// Roles gives the roles of a person in an organization; none for somebody who is no member, or no longer.
	Roles(ctx context.Context, person id.Person, org id.Org) ([]access.Role, error)
}

// Accounts are the acts; account.Service has them.
type Accounts interface {
	Enlist(ctx context.Context, org id.Org, email, name string, by access.Visitor, from account.From) (access.Person, bool, error)
	Rename(ctx context.Context, org id.Org, p id.Person, name string, by access.Visitor, from account.From) error
	Reassign(ctx context.Context, org id.Org, list []account.Reassignment, by access.Visitor, from account.From) error
	End(ctx context.Context, org id.Org, p id.Person, by access.Visitor, from account.From) error
}

// Directory keeps what directories say of people.
type Directory interface {
	// Listed gives a page of the entries for which a condition holds, from the start-th (from 1), and how many these are.
	Listed(ctx context.Context, org id.Org, w *access.Where, start, count int) ([]access.Listed, int, error)
	// ListedOf gives the entries with these identifiers, as far as there are such.
	ListedOf(ctx context.Context, org id.Org, ids []string) ([]access.Listed, error)
	// SaveListed keeps an entry. A user name, person or external identifier that another one has is fault.Refused.
	SaveListed(ctx context.Context, x access.Listed) error
	// ListedElsewhere reports whether another organization's directory lists the person.
	ListedElsewhere(ctx context.Context, org id.Org, p id.Person) (bool, error)
}

// Groups keeps the groups of directories.
type Groups interface {
	ListedGroups(ctx context.Context, org id.Org, w *access.Where, start, count int) ([]access.ListedGroup, int, error)
	ListedGroup(ctx context.Context, org id.Org, group string) (access.ListedGroup, error)
	SaveListedGroup(ctx context.Context, g access.ListedGroup) error
	// GroupsOfListed gives the groups in which each of the entries is, by entry.
	GroupsOfListed(ctx context.Context, org id.Org, entries []string) (map[string][]access.ListedGroup, error)
}

// Options are what the door is wired from. All but Origin, Address and Failed are needed.
type Options struct {
	Tenants   Tenants
	Accounts  Accounts
	Directory Directory
	Groups    Groups
	Clock     func() time.Time
	Random    io.Reader
	Origin    string // stands before the addresses of resources, such as https://assay.example.com
	// Address says where a request comes from, behind a proxy. Nil: the peer.
	Address func(r *http.Request) string
	// Failed is told of faults of the machine; the directory learns no more than that there was one.
	Failed func(r *http.Request, err error)
}

// Server answers directories. It is safe for concurrent use, and must be the only one that changes its directories: the changes of one
// organization's directory wait for each other.
type Server struct {
	o      Options
	mux    *http.ServeMux
	routes []shell.Route
	mu     sync.Mutex
	writer map[id.Org]chan struct{}
}

// New wires the door.
func New(o Options) (*Server, error) {
	if o.Tenants == nil || o.Accounts == nil || o.Directory == nil || o.Groups == nil || o.Clock == nil || o.Random == nil {
		return nil, errors.New("scim: Tenants, Accounts, Directory, Groups, Clock and Random are required")
	}
	if o.Failed == nil {
		o.Failed = func(*http.Request, error) {}
	}
	s := &Server{o: o, mux: http.NewServeMux(), writer: map[id.Org]chan struct{}{}}
	for _, rt := range s.all() {
		rt.Pattern = Base + "/{org}" + rt.Pattern
		h := s.answering(rt.Policy, rt.handle)
		s.routes = append(s.routes, shell.Route{Method: rt.Method, Pattern: rt.Pattern, Policy: rt.Policy,
			Handler: func(w http.ResponseWriter, r *http.Request) error { h(w, r); return nil }})
		s.mux.HandleFunc(rt.Method+" "+rt.Pattern, h)
	}
	return s, nil
}

type route struct {
	Method, Pattern string
	Policy          access.Policy
	handle          func(*call) error
}

func (s *Server) all() []route {
	p := access.Provision
	out := []route{
		{"GET", "/ServiceProviderConfig", p, s.config}, {"GET", "/ResourceTypes", p, s.types}, {"GET", "/ResourceTypes/{id}", p, s.types},
		{"GET", "/Schemas", p, s.schemas}, {"GET", "/Schemas/{id}", p, s.schemas},
		{"GET", "/Users", p, s.users}, {"POST", "/Users", p, s.postUser}, {"GET", "/Users/{id}", p, s.user},
		{"PUT", "/Users/{id}", p, s.putUser}, {"PATCH", "/Users/{id}", p, s.patchUser}, {"DELETE", "/Users/{id}", p, s.deleteUser},
		{"GET", "/Groups", p, s.groups}, {"POST", "/Groups", p, s.postGroup}, {"GET", "/Groups/{id}", p, s.group},
		{"PUT", "/Groups/{id}", p, s.putGroup}, {"PATCH", "/Groups/{id}", p, s.patchGroup}, {"DELETE", "/Groups/{id}", p, s.deleteGroup},
	}
	for _, x := range [][2]string{{"POST", "/Bulk"}, {"GET", "/Me"}, {"POST", "/.search"}, {"POST", "/Users/.search"}, {"POST", "/Groups/.search"}} {
		out = append(out, route{x[0], x[1], p, func(*call) error {
			return problem{Status: http.StatusNotImplemented, Detail: "this service does not do that; see ServiceProviderConfig"}
		}})
	}
	return out
}

// Routes lists every address with its policy.
func (s *Server) Routes() []shell.Route { return append([]shell.Route(nil), s.routes...) }

// ServeHTTP answers a directory. The visitor of the request's token stands in the context.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	probe := &allowed{h: http.Header{}} // a known path with another method
	h.ServeHTTP(probe, r)
	s.answering(access.Provision, func(c *call) error {
		if allow := probe.h.Get("Allow"); allow != "" {
			c.w.Header().Set("Allow", allow)
			return problem{Status: http.StatusMethodNotAllowed, Detail: "this address does not do that"}
		}
		return nowhere
	})(w, r)
}

type allowed struct{ h http.Header }

func (a *allowed) Header() http.Header         { return a.h }
func (a *allowed) Write(b []byte) (int, error) { return len(b), nil }
func (a *allowed) WriteHeader(int)             {}

// call is one request, whose token may do what it asks.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	ctx  context.Context
	org  *Organization
	slug string
	by   access.Visitor
	from account.From
	base string // of the organization's resources
}

func (s *Server) answering(p access.Policy, handle func(*call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		c, err := s.enter(w, r, p)
		if err == nil {
			err = handle(c)
		}
		if err != nil {
			s.refuse(w, r, err)
		}
	}
}

// enter finds the organization and decides. An unknown organization, one of which the token's person is no member, and one for which
// the token is not good answer alike. A session is no token: a browser has nothing to do here.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, p access.Policy) (*call, error) {
	ctx := r.Context()
	v := access.From(ctx)
	if v.Person == "" || !v.Token {
		return nil, access.SignIn
	}
	slug := r.PathValue("org")
	if slug == "" {
		rest := strings.TrimPrefix(r.URL.Path, Base+"/")
		slug, _, _ = strings.Cut(rest, "/")
	}
	o, err := s.o.Tenants.Organization(ctx, slug)
	if err != nil {
		return nil, err
	}
	if v.Org != o.ID {
		return nil, fault.NotFound
	}
	v.Kind = o.Kind
	if v.Roles, err = s.o.Tenants.Roles(ctx, v.Person, o.ID); err != nil {
		return nil, err
	}
	if err := access.Decide(p, v); err != nil {
		return nil, err
	}
	c := &call{w: w, ctx: access.With(ctx, v), org: o, slug: slug, by: v, from: s.from(r), base: s.o.Origin + Base + "/" + slug}
	c.r = r.WithContext(c.ctx)
	return c, nil
}

func (s *Server) from(r *http.Request) account.From {
	address := r.RemoteAddr
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	if s.o.Address != nil {
		address = s.o.Address(r)
	}
	return account.From{Address: address, Agent: "directory"}
}

// alone waits until nobody else changes the organization's directory.
func (s *Server) alone(c *call, do func() error) error {
	s.mu.Lock()
	turn := s.writer[c.org.ID]
	if turn == nil {
		turn = make(chan struct{}, 1)
		s.writer[c.org.ID] = turn
	}
	s.mu.Unlock()
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
		return do()
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

const mediaType = "application/scim+json"

func (c *call) answer(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", mediaType)
	c.w.WriteHeader(status)
	_, err = c.w.Write(b)
	return shell.Quietly(err)
}
