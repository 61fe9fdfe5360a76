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

func (p *Pages) wire() {}
