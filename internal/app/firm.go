package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// firmTenant wires the pages of an audit firm: its engagements, its members, its ledger. It has no program, no controls and no results of its
// own, and the pages of those are not there.
func (in *installation) firmTenant(slug string, org record.Org, o *office) (*tenant, error) {
	t := &tenant{Tenant: &shell.Tenant{Org: org.ID, Kind: access.Firm, Slug: slug, Name: org.Name, Zone: o.program.Zone}, o: o, p: &pages{o: o, life: in.life, turn: in.turn, draws: in.draws}}
	routes := []shell.Route{{Method: http.MethodGet, Pattern: "/{$}", Policy: access.ReadHome, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return shell.Redirect(w, r, "/engagements")
	}}}
	more, err := in.engagementRoutes(t)
	if err != nil {
		return nil, err
	}
	routes = append(routes, in.tried(org.ID, more)...)
	if in.pages != nil {
		routes = append(routes, in.pages.OrgRoutes(org.ID, org.Name)...)
	}
	t.Mux, err = shell.NewMux(routes, in.failed)
	return t, err
}

// kind says what an organization is, or fault.NotFound. It never changes, so that it is read once. Of an organization that has no program
// yet nobody can say it: there is no role in it.
func (t *tenants) kind(ctx context.Context, org id.Org) (access.Kind, error) {
	t.mu.Lock()
	k, known := t.kinds[org]
	t.mu.Unlock()
	if known {
		return k, nil
	}
	if t.slug(org) == "" {
		return 0, fault.NotFound
	}
	size, err := t.in.st.Size(ctx, org)
	if err != nil {
		return 0, err
	}
	list, err := t.in.st.System(ctx, org, record.Program, size)
	if err != nil {
		return 0, fmt.Errorf("read what %s is: %w", org, err)
	}
	var p struct{ Report string }
	for _, x := range list {
		if err := json.Unmarshal(x.Body, &p); err != nil {
			return 0, fmt.Errorf("read what %s is: %w", org, err)
		}
	}
	switch p.Report {
	case "":
		return 0, fault.NotFound
	case scope.Firm:
		k = access.Firm
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kinds == nil {
		t.kinds = map[id.Org]access.Kind{}
	}
	t.kinds[org] = k
	return k, nil
}
