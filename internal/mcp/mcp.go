// Package mcp is the door for agents: the acts of package api as tools of the Model Context Protocol. A tool asks the API as its
// caller, so that it can do nothing that a program with the same token could not; which tools there are follows the token's scopes.
package mcp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Slugs knows organizations by their names in addresses.
type Slugs interface {
	// Slug gives the name of an organization in addresses, or fault.NotFound.
	Slug(ctx context.Context, org id.Org) (string, error)
}

// Options are what the door is wired from.
type Options struct {
	API     http.Handler // package api, which decides
	Slugs   Slugs
	Version string
	// Hosts are the names, without port, under which the door may be asked for. Empty: every name.
	Hosts []string
	// Origins are the origins of pages whose programs may ask, such as https://assay.example.com. A request without an origin comes from no
	// page.
	Origins []string
}

// The bounds of one request and of one answer.
const (
	maxRequest = 1 << 20
	maxAnswer  = 256 << 10 // bytes of JSON that an agent is given at once
	maxInside  = 16 << 20  // bytes of the API's answer that a tool makes shorter
)

// Door answers agents. There are no sessions: every request is judged by its own token, so that there is nothing to take over and a token
// that was revoked is dead at once.
type Door struct {
	o       Options
	h       http.Handler
	servers map[string]*sdk.Server // by the scopes whose tools they have
}

// New wires the door.
func New(o Options) (*Door, error) {
	if o.API == nil || o.Slugs == nil {
		return nil, errors.New("mcp: API and Slugs are required")
	}
	d := &Door{o: o, servers: map[string]*sdk.Server{}}
	for n := range 1 << len(scopes) {
		var with []access.Scope
		for i, s := range scopes {
			if n>>i&1 == 1 {
				with = append(with, s)
			}
		}
		d.servers[name(with)] = d.server(with)
	}
	h := sdk.NewStreamableHTTPHandler(d.pick, &sdk.StreamableHTTPOptions{Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxRequest, PropagateRequestCancellation: true})
	d.h = auth.RequireBearerToken(verify, &auth.RequireBearerTokenOptions{AllowMissingExpiration: true})(h)
	return d, nil
}

// scopes are those that give tools.
var scopes = []access.Scope{access.ScopeRead, access.ScopeRecords, access.ScopeWrite}

func name(with []access.Scope) string {
	var out []string
	for _, s := range scopes {
		if slices.Contains(with, s) {
			out = append(out, string(s))
		}
	}
	return strings.Join(out, " ")
}

// pick gives the server whose tools the token of a request has.
func (d *Door) pick(r *http.Request) *sdk.Server {
	v := access.From(r.Context())
	return d.servers[name(v.Scopes)]
}

const visitorKey = "visitor"

// verify takes over whom the house's door has found: it alone knows tokens. The bearer's hash stands for the token.
func verify(ctx context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	v := access.From(ctx)
	if v.Person == "" || !v.Token || v.Org == "" {
		return nil, auth.ErrInvalidToken
	}
	sum := sha256.Sum256([]byte(token))
	return &auth.TokenInfo{UserID: hex.EncodeToString(sum[:]), Extra: map[string]any{visitorKey: v}}, nil
}

// ServeHTTP refuses what a page elsewhere, or a name that points here without being ours, had a browser send.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(d.o.Hosts) > 0 && !slices.ContainsFunc(d.o.Hosts, func(h string) bool { return strings.EqualFold(h, bare(r.Host)) }) {
		http.Error(w, "this address is not served here", http.StatusMisdirectedRequest)
		return
	}
	if origin := r.Header.Get("Origin"); len(r.Header.Values("Origin")) > 1 || origin != "" && !slices.Contains(d.o.Origins, origin) {
		http.Error(w, "the request came from a page of another site", http.StatusForbidden)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	d.h.ServeHTTP(w, r)
}

// bare is a host without its port.
func bare(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}

// ask asks the API as the caller of a tool.
func (d *Door) ask(ctx context.Context, x *sdk.RequestExtra, q request) ([]byte, error) {
	v, ok := access.Visitor{}, false
	if x != nil && x.TokenInfo != nil {
		v, ok = x.TokenInfo.Extra[visitorKey].(access.Visitor)
	}
	if !ok {
		return nil, access.SignIn
	}
	slug, err := d.o.Slugs.Slug(ctx, v.Org)
	if errors.Is(err, fault.NotFound) {
		return nil, errors.New("no such organization, or you are no member of it")
	}
	if err != nil {
		return nil, errFault
	}
	r, err := http.NewRequestWithContext(access.With(ctx, v), q.method, "/api/v1/organizations/"+url.PathEscape(slug)+q.path, bytes.NewReader(q.body))
	if err != nil {
		return nil, errors.New("the arguments make no request")
	}
	r.URL.RawQuery = q.query.Encode()
	r.Header.Set("Authorization", x.Header.Get("Authorization")) // the same token, under the same limits
	if q.media != "" {
		r.Header.Set("Content-Type", q.media)
	}
	if q.once != "" {
		r.Header.Set("Idempotency-Key", q.once)
	}
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	d.o.API.ServeHTTP(rec, r)
	switch {
	case rec.over:
		return nil, errLarge
	case rec.status >= 300:
		return nil, refusal(rec)
	}
	return rec.body.Bytes(), nil
}

var (
	errFault = errors.New("a fault of the machine; it was logged")
	errLarge = errors.New("the answer is larger than an agent is given at once; ask for less: a smaller limit, or one control")
)

// recorder keeps an answer of the API, up to its bound.
type recorder struct {
	header http.Header
	status int
	wrote  bool
	over   bool
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(s int) {
	if !r.wrote {
		r.status, r.wrote = s, true
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	if r.over = r.over || r.body.Len()+len(b) > maxInside; !r.over {
		r.body.Write(b)
	}
	return len(b), nil
}
