package app

import (
	"errors"
	"net/http"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
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
