package app

import (
	"context"
	"errors"
	"log"
	"net/http"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/web/shell"
)

// notDone is the act by which an attempt is kept that was refused before there was an engagement in whose log it could stand.
const notDone = "act in engagements refused"

// tried keeps on record what is refused at the addresses of engagements that name none: opening one, and taking messages in that may begin one. An
// attempt in an engagement stands in its own log; these stand in the organization's ledger beside roles and invitations. Being asked for a
// proof of who one is, is no refusal, and a form that was filled in wrongly neither.
func (in *installation) tried(org id.Org, routes []shell.Route) []shell.Route {
	for i, rt := range routes {
		if rt.Method != http.MethodPost || rt.Policy != access.TakePart || strings.Contains(rt.Pattern, "{") || in.accounts == nil {
			continue
		}
		routes[i].Handler = func(w http.ResponseWriter, r *http.Request) error {
			err := rt.Handler(w, r)
			var e *fault.Error
			if !errors.As(err, &e) || !errors.Is(err, fault.Denied) || errors.Is(err, access.StepUp) || errors.Is(err, access.SignIn) {
				return err
			}
			said := account.Event{Act: notDone, Person: access.From(r.Context()).Person, At: in.app.Clock().UTC(), Address: in.address(r), Detail: rt.Pattern + ": " + e.What}
			return errors.Join(err, journal{in}.Note(r.Context(), org, said))
		}
	}
	return routes
}

// examined refuses roles in an organization to whoever examines it, as far as this installation knows: a member of an engagement of a firm that
// lives here, which is not done. The other way round, somebody who has worked for the client does not become a member; see ties. An auditor's and a
// customer's role leave an examiner independent.
func (in *installation) examined(ctx context.Context, org id.Org, email string, roles []access.Role) error {
	if !slices.ContainsFunc(roles, func(r access.Role) bool { return r != access.Auditor && r != access.Customer }) {
		return nil
	}
	if kind, err := in.tenants.kind(ctx, org); err != nil || kind == access.Firm {
		return err
	}
	for _, slug := range in.tenants.names() {
		in.tenants.mu.Lock()
		firm := in.tenants.slugs[slug].ID
		in.tenants.mu.Unlock()
		if kind, err := in.tenants.kind(ctx, firm); errors.Is(err, fault.NotFound) || err == nil && kind != access.Firm {
			continue
		} else if err != nil {
			return err
		}
		t, err := in.tenants.open(ctx, slug)
		if err != nil { // nobody works there, and no organization keeps another from its people
			log.Printf("ask %s whom it examines: %v", slug, err)
			continue
		}
		if err := notOfItsTeam(ctx, in.house(t.o), org, email); err != nil {
			return err
		}
	}
	return nil
}

// notOfItsTeam refuses an address that a firm's engagement with a client has among its members.
func notOfItsTeam(ctx context.Context, firm *engage.House, client id.Org, email string) error {
	list, err := firm.List(ctx)
	if err != nil {
		return err
	}
	for _, engagement := range list {
		err := firm.See(ctx, engagement, func(e *engage.Engagement) error {
			if _, member := e.PartOf(email); member && e.Client.Org == string(client) && !e.State.Done() {
				return &fault.Error{Kind: fault.Denied, What: email + " examines this organization, and can be nothing here that is examined", Hint: "invite another person"}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
