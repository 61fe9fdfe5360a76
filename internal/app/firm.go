package app

import (
	"context"
	"net/http"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// firmTenant wires the pages of an audit firm: its engagements, its members, its ledger. It has no program, no controls and no results of its
// own, and the pages of those are not there.
func (in *installation) firmTenant(slug string, org record.Org, o *office) (*tenant, error) {
	t := &tenant{Tenant: &shell.Tenant{Org: org.ID, Slug: slug, Name: org.Name, Zone: o.program.Zone}, o: o, p: &pages{o: o, life: in.life, turn: in.turn, draws: in.draws}}
	routes := []shell.Route{{Method: http.MethodGet, Pattern: "/{$}", Policy: access.ReadHome, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return shell.Redirect(w, r, "/engagements")
	}}}
	more, err := in.engagementRoutes(t)
	if err != nil {
		return nil, err
	}
	routes = append(routes, more...)
	if in.pages != nil {
		routes = append(routes, in.pages.OrgRoutes(org.ID, org.Name)...)
	}
	t.Mux, err = shell.NewMux(routes, in.failed)
	return t, err
}

// firm reports whether an organization is an audit firm. One that cannot be read is none.
func (t *tenants) firm(ctx context.Context, org id.Org) bool {
	o, err := t.in.app.office(ctx, t.in.st, t.in.data, string(org), false)
	return err == nil && o.program.Report == scope.Firm
}
