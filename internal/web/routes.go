package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the style sheet
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Handler answers a request or says why not; the site turns the error into a page.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one address of the pages. The policy stands on it.
type Route struct {
	Method  string
	Pattern string // as http.ServeMux has it, without the method
	Policy  access.Policy
	Handler Handler
}

// Site is the read-only pages as one http.Handler.
type Site struct {
	o      Options
	mux    *http.ServeMux
	routes []Route
	css    []byte
	cssURL string
}

//go:embed assets/pages.css
var pagesCSS string

//go:embed assets/gauge.css
var gaugeCSS string

// New wires the pages. A route without a policy, or a missing dependency, does not start.
func New(o Options) (*Site, error) {
	if o.Tests == nil || o.Items == nil || o.Records == nil || o.Proofs == nil || o.Pulls == nil || o.Gate == nil {
		return nil, errors.New("web: Tests, Items, Records, Proofs, Pulls and Gate are required")
	}
	s := &Site{o: o, css: []byte(report.Style() + pagesCSS + gaugeCSS)}
	sum := sha256.Sum256(s.css)
	s.cssURL = "/assets/app." + hex.EncodeToString(sum[:6]) + ".css"
	s.routes = []Route{
		{http.MethodGet, "/{$}", access.ReadResults, s.overview},
		{http.MethodGet, "/controls", access.ReadResults, s.controls},
		{http.MethodGet, "/coverage", access.ReadResults, s.coverage},
		{http.MethodGet, "/controls/{control}", access.ReadResults, s.control},
		{http.MethodGet, "/controls/{control}/item", access.ReadRecords, s.item},
		{http.MethodGet, "/proofs/{index}/{file}", access.ReadRecords, s.proofFile},
		{http.MethodGet, "/sources", access.ReadSources, s.sources},
		{http.MethodGet, s.cssURL, access.Public, s.styleSheet},
		{http.MethodGet, "/assets/mark.svg", access.Public, s.icon},
		{http.MethodGet, "/", access.Public, nowhere},
	}
	if o.Drafts != nil {
		s.routes = append(s.routes, Route{http.MethodGet, "/report", access.ReadResults, s.draft})
	}
	if o.Gauge != nil {
		s.routes = append(s.routes, s.gaugeRoutes()...)
	}
	if o.Documents != nil {
		list, err := s.documentRoutes()
		if err != nil {
			return nil, err
		}
		s.routes = append(s.routes, list...)
	}
	mux, err := s.serve(s.routes)
	s.mux = mux
	return s, err
}

// Routes lists every address with its policy, so that tests can ask each as each role.
func (s *Site) Routes() []Route { return s.routes }

func (s *Site) serve(routes []Route) (*http.ServeMux, error) {
	mux := http.NewServeMux()
	for _, rt := range routes {
		if !rt.Policy.Declared() {
			return nil, fmt.Errorf("web: route %s %s declares no policy", rt.Method, rt.Pattern)
		}
		if rt.Method != http.MethodGet {
			return nil, fmt.Errorf("web: route %s %s: these pages are read-only", rt.Method, rt.Pattern)
		}
		mux.HandleFunc(rt.Method+" "+rt.Pattern, func(w http.ResponseWriter, r *http.Request) {
			err := s.o.Gate.Allow(r, rt.Policy)
			if err == nil {
				err = rt.Handler(w, r)
			}
			if err != nil {
				s.fail(w, r, err)
			}
		})
	}
	return mux, nil
}

const policyOfPages = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP answers GET and HEAD for the hosts that it was given.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	s.guard(h)
	switch {
	case !s.served(r.Host):
		http.Error(w, "this address is not served here", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		s.show(w, r, http.StatusMethodNotAllowed, "These pages are read-only", "Nothing can be changed here: the request was a "+r.Method+".")
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// guard sets what keeps a page to itself.
func (s *Site) guard(h http.Header) {
	h.Set("Content-Security-Policy", policyOfPages)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

func (s *Site) served(host string) bool {
	if len(s.o.Hosts) == 0 {
		return true
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	for _, h := range s.o.Hosts {
		if strings.EqualFold(strings.Trim(h, "[]"), strings.Trim(host, "[]")) {
			return true
		}
	}
	return false
}

func nowhere(http.ResponseWriter, *http.Request) error { return fault.NotFound }

// page draws into memory first, so that a fault half-way gives a page of its own.
func (s *Site) page(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return quietly(err)
}

// quietly drops the error of a reader who went away: nobody is left to tell.
func quietly(error) error { return nil }

// fail maps a kind of error to a status and a sentence. An error without a kind is told to
// the operator, not to the reader.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, title, text := http.StatusInternalServerError, "Something failed here", "The fault has been logged. Nothing was changed."
	switch {
	case errors.Is(err, fault.NotFound):
		status, title, text = http.StatusNotFound, "There is nothing here", "The page, item or record does not exist, or you may not know of it."
	case errors.Is(err, fault.Denied):
		status, title, text = http.StatusForbidden, "You may not see this", "Your role does not include it."
	case errors.Is(err, fault.Refused):
		status, title, text = http.StatusBadRequest, "This address cannot be answered", err.Error()
	case errors.Is(err, fault.Busy):
		status, title, text = http.StatusServiceUnavailable, "Busy", "Another process holds the data. Try again in a moment."
	case errors.Is(err, fault.Integrity):
		title, text = "The ledger does not agree", err.Error()
	case errors.Is(err, context.Canceled):
		return
	}
	if status == http.StatusInternalServerError && s.o.Failed != nil {
		s.o.Failed(r, err)
	}
	s.show(w, r, status, title, text)
}

func (s *Site) show(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	h := s.head(title, "")
	if err := s.page(w, r, status, faultPage(h, status, title, text)); err != nil {
		http.Error(w, title, status)
	}
}

func (s *Site) styleSheet(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err := w.Write(s.css)
	return quietly(err)
}

//go:embed assets/mark.svg
var iconSVG []byte

func (s *Site) icon(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, err := w.Write(iconSVG)
	return quietly(err)
}

// policyOfDocument allows a document the style sheet that stands inside it, by its hash, and nothing else.
func policyOfDocument(doc []byte) string {
	style := "'none'"
	if _, rest, ok := bytes.Cut(doc, []byte("<style>")); ok {
		if css, _, ok := bytes.Cut(rest, []byte("</style>")); ok {
			sum := sha256.Sum256(css)
			style = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		}
	}
	return "default-src 'none'; style-src " + style + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// draft serves the document as it would be saved.
func (s *Site) draft(w http.ResponseWriter, r *http.Request) error {
	doc, err := s.o.Drafts.Draft(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", policyOfDocument(doc))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = w.Write(doc)
	return quietly(err)
}
