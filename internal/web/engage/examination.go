package examination

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	_ "embed" // the style sheet
	"errors"
	"net/http"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/web/shell"
)

// Options are what the pages of one organization are wired from. Firm, Work and Documents are the firm's, Client is the client's; the rest is
// needed on both sides.
type Options struct {
	House     *engage.House
	Side      engage.Side
	Firm      Firm
	Work      Work
	Documents Documents
	Client    Client
	Files     Files
	Post      Post
	Zone      civil.Zone // of the organization
	Clock     func() time.Time
}

// Pages are the pages of one organization.
type Pages struct {
	o      Options
	routes []shell.Route
}

//go:embed assets/engage.css
var css string

// Style is the style sheet of these pages; it builds on those of the shell and of package web.
func Style() string { return css }

// New wires the pages. A missing part does not start.
func New(o Options) (*Pages, error) {
	firm := o.Firm != nil && o.Work != nil && o.Documents != nil && o.Client == nil
	client := o.Client != nil && o.Firm == nil && o.Work == nil && o.Documents == nil
	switch {
	case o.House == nil || o.Files == nil || o.Post == nil || o.Clock == nil || o.House.Side != o.Side:
		return nil, errors.New("engagements: House, Files, Post and Clock are required, and Side is the house's")
	case o.Side == engage.Firm && !firm, o.Side == engage.Client && !client, o.Side != engage.Firm && o.Side != engage.Client:
		return nil, errors.New("engagements: the firm has Firm, Work and Documents; the client has Client alone")
	}
	p := &Pages{o: o}
	p.wire()
	return p, nil
}

// Routes lists every address with its policy.
func (p *Pages) Routes() []shell.Route { return p.routes }

func (p *Pages) get(pattern string, h shell.Handler) {
	p.routes = append(p.routes, shell.Route{Method: http.MethodGet, Pattern: pattern, Policy: access.ReadEngagements, Handler: h})
}

func (p *Pages) post(pattern string, h shell.Handler) {
	p.routes = append(p.routes, shell.Route{Method: http.MethodPost, Pattern: pattern, Policy: access.TakePart, Handler: h})
}

func (p *Pages) wire() {
	p.get("/engagements", p.index)
	p.get("/engagements/new", p.blankOpening)
	p.post("/engagements/new", p.openEngagement)
	p.get("/engagements/messages", p.blankBag)
	p.post("/engagements/messages", p.takeBag)
	const one = "/engagements/{id}"
	p.get(one, p.overview)
	p.get(one+"/messages", p.bag)
	p.get(one+"/package", p.blankPackage)
	p.post(one+"/package", p.takePackage)
	p.get(one+"/acts/{kind}", p.sheet)
	p.post(one+"/acts/{kind}", p.perform)
	p.get(one+"/requests", p.requests)
	p.get(one+"/requests/list", p.generated)
	p.post(one+"/requests/list", p.askAll)
	p.get(one+"/requests/{request}", p.request)
	p.get(one+"/populations", p.populations)
	p.get(one+"/samples/{sample}", p.sample)
	p.get(one+"/papers", p.papers)
	p.get(one+"/papers/{control}", p.paper)
	p.get(one+"/papers/{control}/{test}", p.bench)
	p.get(one+"/papers/{control}/{test}/item", p.item)
	p.get(one+"/sheets/{control}/{test}", p.sheetOut)
	p.post(one+"/sheets/{control}/{test}", p.sheetIn)
	p.post(one+"/sheets/{control}/{test}/conflicts", p.settle)
	p.get(one+"/deviations", p.deviations)
	p.get(one+"/deviations/{deviation}", p.deviation)
	p.get(one+"/conclusions", p.conclusions)
	p.get(one+"/report", p.report)
	p.get(one+"/compare", p.compare)
	p.get(one+"/report/{revision}/{format}", p.download)
	p.post(one+"/back", p.backIn)
	p.post(one+"/back/take", p.backTake)
	p.get(one+"/log", p.log)
}
