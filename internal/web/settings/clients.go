package settings

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// Client is one organization that a person advises.
type Client struct {
	Slug, Name string
	Report     string      // its title
	From, To   *civil.Date // of the period; nil where it has none
	AsOf       *civil.Date // of a report about one day
	Ready      *Standing   // nil while it is not known
}

// Standing is how a client's report stands.
type Standing struct {
	Status string // ready, at_risk or not_ready, the worst of its parts
	Counts gauge.Counts
	Late   int // instances of controls that are past their day
}

// Clients finds the organizations in which a person has the role of an adviser at this moment, and no others.
type Clients interface {
	Clients(ctx context.Context, p id.Person) ([]Client, error)
}

// Console is the page of an adviser over all clients. It belongs to the installation, not to an organization.
type Console struct{ clients Clients }

// NewConsole wires it.
func NewConsole(c Clients) (*Console, error) {
	if c == nil {
		return nil, errors.New("settings: clients are required")
	}
	return &Console{c}, nil
}

// Routes are the addresses.
func (c *Console) Routes() []shell.Route {
	return []shell.Route{{Method: http.MethodGet, Pattern: "/clients", Policy: access.ReadClients, Handler: c.show}}
}

func (c *Console) show(w http.ResponseWriter, r *http.Request) error {
	list, err := c.clients.Clients(r.Context(), access.From(r.Context()).Person)
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b Client) int {
		return cmp.Or(urgency(a)-urgency(b), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Slug, b.Slug))
	})
	return shell.Page(w, r, http.StatusOK, clientsPage(list))
}

// urgency sorts what needs the adviser first.
func urgency(c Client) int {
	if c.Ready == nil {
		return 2
	}
	switch c.Ready.Status {
	case gauge.Green.Word():
		return 3
	case gauge.Amber.Word():
		return 1
	}
	return 0
}

func answer(status string) (report.Mark, string) {
	switch status {
	case gauge.Green.Word():
		return report.MarkPass, phrase.Mark("Ready")
	case gauge.Amber.Word():
		return report.MarkGap, phrase.Mark("At risk")
	}
	return report.MarkDeviation, phrase.Mark("Not ready")
}

func when(ctx context.Context, c Client) string {
	l := shell.From(ctx).Lang
	switch {
	case c.From != nil && c.To != nil:
		return shell.T(ctx, "%s to %s", l.Date(*c.From), l.Date(*c.To))
	case c.AsOf != nil:
		return shell.T(ctx, "as of %s", l.Date(*c.AsOf))
	}
	return ""
}

func home(c Client) templ.SafeURL { return templ.SafeURL("/o/" + url.PathEscape(c.Slug) + "/") }
