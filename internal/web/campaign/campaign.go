// Package campaign is the pages of work that many people do together: access reviews, whose list is frozen and decided row by row,
// policies, which everybody in service acknowledges, and the registers whose records run against a clock.
package campaign

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	_ "embed" // the style sheet
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

// Options are what the pages of one organization are wired from. All parts are needed.
type Options struct {
	Org      id.Org
	Zone     civil.Zone
	Reviews  *operate.Reviews
	Policies *operate.Policies
}

// Pages are the pages of one organization.
type Pages struct {
	o      Options
	routes []shell.Route
}

//go:embed assets/campaign.css
var css string

// Style is the style sheet of these pages; it builds on those of the shell and of package web.
func Style() string { return css }

// New wires the pages. A missing part does not start.
func New(o Options) (*Pages, error) {
	if o.Org == "" || o.Reviews == nil || o.Policies == nil || o.Reviews.Desk == nil || o.Reviews.Size == nil || o.Reviews.Team == nil || o.Policies.Desk == nil || o.Policies.Size == nil {
		return nil, errors.New("campaign: all options are required")
	}
	p := &Pages{o: o}
	on := func(method, pattern string, policy access.Policy, h shell.Handler) {
		p.routes = append(p.routes, shell.Route{Method: method, Pattern: pattern, Policy: policy, Handler: h})
	}
	get := func(pattern string, policy access.Policy, h shell.Handler) { on(http.MethodGet, pattern, policy, h) }
	post := func(pattern string, policy access.Policy, h shell.Handler) { on(http.MethodPost, pattern, policy, h) }

	get("/campaigns", access.ReadHome, p.campaigns)
	get("/campaigns/new", access.RunWork, p.blank)
	post("/campaigns/new", access.RunWork, p.start)
	get("/campaigns/{id}", access.ReadHome, p.campaign)
	get("/campaigns/{id}/rows/{row}", access.ReadHome, p.row)
	post("/campaigns/{id}/decide", access.DoWork, p.decide)
	post("/campaigns/{id}/complete", access.DoWork, p.complete)
	post("/campaigns/{id}/reviewers", access.RunWork, p.reassign)
	get("/campaigns/{id}/turns", access.RunWork, p.turns)
	post("/campaigns/{id}/turns", access.RunWork, p.give)
	get("/campaigns/{id}/removals", access.ReadRecords, p.removals)
	post("/campaigns/{id}/removals", access.RunWork, p.follow)
	get("/campaigns/{id}/removals/{row}", access.RunWork, p.removal)
	post("/campaigns/{id}/removals/{row}", access.RunWork, p.carry)
	p.policyRoutes(get, post)
	p.clockRoutes(get)
	return p, nil
}

// Routes lists every address with its policy.
func (p *Pages) Routes() []shell.Route { return p.routes }

// actor is who asks. An organization's pages act in that organization only, whatever the context says.
func (p *Pages) actor(ctx context.Context) operate.Actor {
	return operate.Actor{Org: p.o.Org, Zone: p.o.Zone, Email: access.From(ctx).Email}
}

// today is the civil day in the organization's zone.
func (p *Pages) today() civil.Date { return p.o.Zone.DateOf(p.o.Reviews.Desk.Now()) }

func notFound(what string) error { return &fault.Error{Kind: fault.NotFound, What: what} }

func same(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

func path(key string) string { return "/campaigns/" + url.PathEscape(key) }

func rowPath(key, row string) string { return path(key) + "/rows/" + url.PathEscape(row) }

func removalPath(key, row string) string { return path(key) + "/removals/" + url.PathEscape(row) }

func proofPath(index int64) string { return "/proofs/" + strconv.FormatInt(index, 10) + "/tlog-proof" }

// with is an address with its query changed; a parameter without a value goes.
func with(path string, q url.Values, change ...string) string {
	out := url.Values{}
	for k, v := range q {
		out[k] = v
	}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			out.Del(change[i])
		} else {
			out.Set(change[i], change[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

// cut shortens a text for a table.
func cut(s string, n int) string {
	if r := []rune(s[:min(len(s), 4*n)]); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// pageOf reads which page of a list is asked for.
func pageOf(q url.Values) (int, error) {
	s := q.Get("page")
	if s == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, fault.At("", 0, "page", "%q is no page; expected a number from 1", s)
	}
	return n, nil
}
