package shell

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
)

// Mux serves routes, each behind its policy. Failed is told of errors without a kind, which the reader sees as an
// internal error.
type Mux struct {
	mux    *http.ServeMux
	routes []Route
	failed func(r *http.Request, err error)
}

// NewMux wires routes. One without a policy does not start.
func NewMux(routes []Route, failed func(r *http.Request, err error)) (*Mux, error) {
	m := &Mux{mux: http.NewServeMux(), routes: routes, failed: failed}
	for _, rt := range routes {
		if !rt.Policy.Declared() {
			return nil, fmt.Errorf("route %s %s declares no policy", rt.Method, rt.Pattern)
		}
		if rt.Handler == nil || rt.Method == "" {
			return nil, fmt.Errorf("route %s %s has no method or no handler", rt.Method, rt.Pattern)
		}
		m.mux.HandleFunc(rt.Method+" "+rt.Pattern, func(w http.ResponseWriter, r *http.Request) {
			err := access.Decide(rt.Policy, access.From(r.Context()))
			if err == nil {
				err = rt.Handler(w, r)
			}
			if err != nil {
				m.Fail(w, r, err)
			}
		})
	}
	return m, nil
}

// Routes lists every address with its policy, so that tests can ask each as each role.
func (m *Mux) Routes() []Route { return m.routes }

// Exists reports whether a page can be asked for at an address.
func (m *Mux) Exists(path string) bool {
	_, pattern := m.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
	return pattern != ""
}

// ServeHTTP answers by the route that fits. An address that no route has is told like one that exists elsewhere.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := m.mux.Handler(r)
	if pattern != "" {
		m.mux.ServeHTTP(w, r)
		return
	}
	// The mux answers a known path with another method (405), a path to be cleaned (301) or nothing (404).
	probe := &statusOnly{h: http.Header{}}
	h.ServeHTTP(probe, r)
	switch probe.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", probe.h.Get("Allow"))
		m.show(w, r, http.StatusMethodNotAllowed, T(r.Context(), "This address does not do that"), T(r.Context(), "The request was a %s, which means nothing here.", r.Method), "")
	default:
		m.Fail(w, r, fault.NotFound)
	}
}

type statusOnly struct {
	h      http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.h }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }

// Page draws into memory first, so that a fault half-way gives a page of its own.
func Page(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return Quietly(err)
}

// JSON answers a program.
func JSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return Quietly(err)
}

// Quietly drops the error of a reader who went away: nobody is left to tell.
func Quietly(error) error { return nil }

// Fail maps a kind of error to a status and a sentence. An error without a kind is told to the operator, not to the reader.
func (m *Mux) Fail(w http.ResponseWriter, r *http.Request, err error) {
	ctx := r.Context()
	page := WantsPage(r)
	switch {
	case errors.Is(err, context.Canceled):
		return
	case errors.Is(err, access.SignIn) && page:
		http.Redirect(w, r, "/signin?"+url.Values{"next": {next(r)}}.Encode(), http.StatusSeeOther)
		return
	case errors.Is(err, access.StepUp) && page:
		http.Redirect(w, r, "/again?"+url.Values{"next": {next(r)}}.Encode(), http.StatusSeeOther)
		return
	}
	status, title, text := sentence(ctx, err)
	if status == http.StatusInternalServerError && m.failed != nil {
		m.failed(r, err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	m.show(w, r, status, title, text, fault.Hint(err))
}

func sentence(ctx context.Context, err error) (status int, title, text string) {
	var e *fault.Error
	errors.As(err, &e)
	switch {
	case errors.Is(err, fault.NotFound):
		return http.StatusNotFound, T(ctx, "There is nothing here"), T(ctx, "The page, item or record does not exist, or you may not know of it.")
	case errors.Is(err, access.SignIn):
		return http.StatusUnauthorized, T(ctx, "Sign in first"), T(ctx, "Nobody is signed in, or the session has ended.")
	case errors.Is(err, access.StepUp):
		return http.StatusForbidden, T(ctx, "Prove again who you are"), T(ctx, "This act asks for a proof that is not older than a few minutes.")
	case errors.Is(err, fault.Denied):
		if e != nil && e.What != "" {
			return http.StatusForbidden, T(ctx, "You may not do this"), e.What
		}
		return http.StatusForbidden, T(ctx, "You may not do this"), T(ctx, "Your role does not include it.")
	case errors.Is(err, fault.Refused):
		return http.StatusBadRequest, T(ctx, "This cannot be taken"), err.Error()
	case errors.Is(err, fault.Busy):
		return http.StatusServiceUnavailable, T(ctx, "Busy"), T(ctx, "Too much is asked at this moment. Try again in a few seconds.")
	case errors.Is(err, fault.Integrity):
		return http.StatusInternalServerError, T(ctx, "The ledger does not agree"), err.Error()
	}
	return http.StatusInternalServerError, T(ctx, "Something failed here"), T(ctx, "The fault has been logged. Nothing was changed.")
}

// next is where to go after a sign-in: the page that was asked for, or the one that the form stood on.
func next(r *http.Request) string {
	c := From(r.Context())
	if r.Method == http.MethodGet {
		u := c.Base + r.URL.Path
		if r.URL.RawQuery != "" {
			u += "?" + r.URL.RawQuery
		}
		return Local(u)
	}
	if ref, err := url.Parse(r.Referer()); err == nil && ref.Host == r.Host {
		return Local(ref.RequestURI())
	}
	return "/"
}

// Local gives back an address only when it is a page of ours: no other host, no scheme, nothing a browser reads as one.
func Local(u string) string {
	if len(u) > 2000 || !strings.HasPrefix(u, "/") || strings.ContainsAny(u, "\\\r\n\t") || strings.HasPrefix(u, "//") {
		return "/"
	}
	if p, err := url.Parse(u); err != nil || p.Host != "" || p.Scheme != "" || strings.HasPrefix(p.Path, "//") {
		return "/"
	}
	return u
}

// WantsPage reports whether a person's browser asks, and not a program.
func WantsPage(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return !strings.Contains(accept, "json") && r.Header.Get("Authorization") == ""
}

// problem is RFC 9457.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

func (m *Mux) show(w http.ResponseWriter, r *http.Request, status int, title, text, hint string) {
	if !WantsPage(r) {
		b, _ := json.Marshal(problem{"about:blank", title, status, text, hint})
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_, err := w.Write(b)
		_ = Quietly(err)
		return
	}
	if err := Page(w, r, status, faultPage(status, title, text, hint)); err != nil {
		http.Error(w, title, status)
	}
}
