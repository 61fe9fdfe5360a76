package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/web/shell"
)

func (in *installation) people(_ context.Context, o *shell.Options, s cli.Serving) error {
	if host, _, _ := net.SplitHostPort(s.Listen); !loopback(host) {
		fmt.Fprintln(os.Stderr, "warning: the pages have no sign-in yet: everybody who reaches", s.Listen, "can read every record")
	}
	o.Identify = func(*http.Request) (shell.Visit, error) {
		return shell.Visit{Visitor: access.Visitor{Person: "reader", Name: "Reader"}}, nil
	}
	o.Routes = []shell.Route{{Method: http.MethodGet, Pattern: "/{$}", Policy: access.OwnAccount, Handler: in.toResults}}
	return nil
}

func (in *installation) memberRoles(context.Context, id.Person, id.Org) ([]access.Role, error) {
	return []access.Role{access.Lead}, nil
}

func (in *installation) firstRun(context.Context) (string, error) { return "", nil }

func (in *installation) orgRoutes(_ context.Context, _ string, _ *office, _ *pages, routes []shell.Route) ([]shell.Route, error) {
	return append(routes, shell.Route{Method: http.MethodGet, Pattern: "/{$}", Policy: access.ReadHome, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return shell.Redirect(w, r, "/results")
	}}), nil
}
