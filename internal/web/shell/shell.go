// Package shell is what all pages have in common: the frame with its navigation, the routes with
// their policies, forms, faults, and the door that every request comes through.
package shell

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/phrase"
)

// Handler answers a request or says why not; the mux turns the error into a page, or into problem details
// (RFC 9457) for a program that asks for JSON.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one address. The policy stands on it.
type Route struct {
	Method  string
	Pattern string // as http.ServeMux has it, without the method; below an organization without its prefix
	Policy  access.Policy
	Handler Handler
}

// Chrome is what the frame around a page shows; the door keeps it in the context of a request.
type Chrome struct {
	Base         string // what stands before every address of the organization, such as /o/acme; empty outside of one
	Organization string
	Zone         civil.Zone // of the organization
	Lang         phrase.Lang
	Theme        string // light, dark, or empty for the system's
	Nav          []Group
	CSS, JS      string // addresses of the bundle
	Flash        Flash
	Path         string // of the request, below Base
}

type chromeKey struct{}

// With keeps the chrome of a request.
func With(ctx context.Context, c Chrome) context.Context {
	return context.WithValue(ctx, chromeKey{}, c)
}

// From gives the chrome of a request.
func From(ctx context.Context) Chrome {
	c, ok := ctx.Value(chromeKey{}).(Chrome)
	if !ok || c.Lang == "" {
		c.Lang = phrase.English
	}
	return c
}

// At is an address below the organization of the request: At(ctx, "/controls"). A fragment or query alone stays as it is, and
// so does an address that starts with two slashes, which is refused as a page of ours.
func At(ctx context.Context, path string) templ.SafeURL {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		if strings.HasPrefix(path, "#") || strings.HasPrefix(path, "?") {
			return templ.SafeURL(path)
		}
		return "about:invalid"
	}
	return templ.SafeURL(From(ctx).Base + path)
}

// T says an English sentence in the language of the request; see package phrase.
func T(ctx context.Context, english string, args ...any) string {
	return From(ctx).Lang.T(english, args...)
}

// N says how many, in the language of the request: %d is the number.
func N(ctx context.Context, n int, one, other string, args ...any) string {
	return From(ctx).Lang.N(n, one, other, args...)
}

// May reports whether the reader may do what the policy names, so that a page does not offer what would be refused.
func May(ctx context.Context, p access.Policy) bool { return access.From(ctx).May(p) }

// Redirect sends the reader to a page of the organization after an act (status 303).
func Redirect(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, string(At(r.Context(), path)), http.StatusSeeOther)
	return nil
}
