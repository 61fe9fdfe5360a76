// Package work is the pages of people's work: what needs somebody today, the instances they perform, the registers they keep, the
// evidence they give, and management's answers to deviations.
package work

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	_ "embed" // the style sheet
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/web/shell"
)

// Controls knows what the organization says it does.
type Controls interface {
	// Controls gives the controls in force, by id.
	Controls(ctx context.Context, org id.Org) ([]assure.Control, error)
}

// Keeping knows which registers people keep here, by the organization's word.
type Keeping interface {
	Kept(ctx context.Context, register string) (bool, error)
	Keep(ctx context.Context, register, by string) error
}

// Options are what the pages of one organization are wired from. All parts but Ready, Period and Vendors are needed.
type Options struct {
	Org        id.Org
	Zone       civil.Zone
	Registers  []*register.Schema // by name
	Desk       *operate.Desk
	Board      *operate.Board
	Locker     *operate.Locker
	Counter    *operate.Counter
	Controls   Controls
	Checklists operate.Checklists
	Deviations operate.Deviations
	Keeping    Keeping
	Ready      func() bool // whether the results of a run are there; nil: always
	// Period gives the period of the report, and false where none is declared. Nil: none.
	Period func(context.Context) (civil.Period, bool, error)
	// Vendors gives the subservice organizations of the system's description. Nil: none is described.
	Vendors func(context.Context) ([]assure.Subservice, error)
}

// Pages are the pages of one organization.
type Pages struct {
	o       Options
	routes  []shell.Route
	kept    atomic.Pointer[outlook]
	looking sync.Mutex // held by whoever works the outlook out anew
	shelves shelves
}

//go:embed assets/work.css
var css string

// Style is the style sheet of these pages; it builds on those of the shell and of package web.
func Style() string { return css }

// soon is how many days ahead the home page looks, and ahead how many the list of tasks.
const (
	soon  = 14
	ahead = 92
)

// New wires the pages. A missing part does not start.
func New(o Options) (*Pages, error) {
	if o.Org == "" || o.Desk == nil || o.Board == nil || o.Locker == nil || o.Counter == nil || o.Controls == nil || o.Checklists == nil || o.Deviations == nil || o.Keeping == nil || len(o.Registers) == 0 {
		return nil, errors.New("work: all options are required")
	}
	p := &Pages{o: o}
	p.o.Registers = slices.SortedFunc(slices.Values(o.Registers), func(a, b *register.Schema) int { return strings.Compare(a.Name, b.Name) })
	on := func(method, pattern string, policy access.Policy, h shell.Handler) {
		p.routes = append(p.routes, shell.Route{Method: method, Pattern: pattern, Policy: policy, Handler: h})
	}
	get := func(pattern string, policy access.Policy, h shell.Handler) { on(http.MethodGet, pattern, policy, h) }
	post := func(pattern string, policy access.Policy, h shell.Handler) { on(http.MethodPost, pattern, policy, h) }

	get("/{$}", access.ReadHome, p.home)
	get("/work", access.ReadHome, p.tasks)
	post("/work/actions", access.DoWork, p.closeOwn)
	get("/work/delegations", access.ReadHome, p.delegations)
	post("/work/delegations", access.DoWork, p.delegate)
	post("/work/delegations/{id}/end", access.DoWork, p.withdraw)
	get("/work/{control}/{key}", access.ReadHome, p.instance)
	post("/work/{control}/{key}", access.DoWork, p.inspect)
	post("/work/{control}/{key}/assign", access.RunWork, p.assign)

	get("/registers", access.ReadRecords, p.registers)
	get("/registers/{name}", access.ReadRecords, p.rows)
	get("/registers/{name}/rows.csv", access.ReadRecords, p.csv)
	get("/registers/{name}/record", access.ReadRecords, p.record)
	post("/registers/{name}/record", access.DoWork, p.edit)
	post("/registers/{name}/restore", access.DoWork, p.restore)
	post("/registers/{name}/kept", access.RunWork, p.keep)
	get("/registers/{name}/new", access.DoWork, p.blank)
	post("/registers/{name}/new", access.DoWork, p.add)

	get("/evidence", access.ReadRecords, p.evidence)
	post("/evidence", access.DoWork, p.give)
	get("/evidence/new", access.DoWork, p.giveForm)
	get("/evidence/{id}", access.ReadRecords, p.exhibit)
	get("/evidence/{id}/file", access.ReadRecords, p.file)
	on(http.MethodOptions, "/uploads", access.DoWork, p.tusOptions)
	post("/uploads", access.DoWork, p.tusCreate)
	on(http.MethodHead, "/uploads/{id}", access.DoWork, p.tusHead)
	on(http.MethodPatch, "/uploads/{id}", access.DoWork, p.tusPatch)
	on(http.MethodDelete, "/uploads/{id}", access.DoWork, p.tusDelete)

	get("/deviations", access.ReadResults, p.deviations)
	get("/deviations/{control}/item", access.ReadRecords, p.deviation)
	post("/deviations/{control}/item", access.AnswerDeviations, p.answer)
	p.bookRoutes(on)
	return p, nil
}

// Routes lists every address with its policy.
func (p *Pages) Routes() []shell.Route { return p.routes }

// actor is who asks. An organization's pages act in that organization only, whatever the context says.
func (p *Pages) actor(ctx context.Context) operate.Actor {
	return operate.Actor{Org: p.o.Org, Zone: p.o.Zone, Email: access.From(ctx).Email}
}

// today is the civil day in the organization's zone.
func (p *Pages) today() civil.Date { return p.o.Zone.DateOf(p.o.Desk.Now()) }

// also refuses what the visitor's roles do not include, where a page shows more than its route's policy says.
func also(ctx context.Context, policy access.Policy) error {
	return access.Decide(policy, access.From(ctx))
}

func notFound(what string) error { return &fault.Error{Kind: fault.NotFound, What: what} }

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

// Paths of single things, as pages link them.
func instancePath(control, key string) string {
	return "/work/" + url.PathEscape(control) + "/" + url.PathEscape(key)
}

func recordPath(register, key string) string {
	return "/registers/" + register + "/record?" + url.Values{"key": {key}}.Encode()
}

func deviationPath(d operate.Deviation) string {
	return "/deviations/" + url.PathEscape(d.Control) + "/item?" + url.Values{"test": {d.Test}, "key": {d.Item}}.Encode()
}

func proofPath(index int64) string {
	return "/proofs/" + strconv.FormatInt(index, 10) + "/tlog-proof"
}

// cut shortens a text for a table.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	r := []rune(s[:min(len(s), 4*n)])
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// shownText is how much of one text a page shows; a form shows all of it.
const shownText = 20_000

func urlQuery(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
