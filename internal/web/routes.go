package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the style sheets
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/shell"
)

// Site is the pages of one organization that read.
type Site struct {
	o      Options
	routes []shell.Route
	static
	kept        kept
	comparisons comparisons
}

//go:embed assets/pages.css
var pagesCSS string

//go:embed assets/gauge.css
var gaugeCSS string

//go:embed assets/documents.css
var documentsCSS string

// Style is the style sheet of these pages; it builds on package report's.
func Style() string { return pagesCSS + gaugeCSS + documentsCSS }

// New wires the pages. A missing dependency does not start.
func New(o Options) (*Site, error) {
	if o.Tests == nil || o.Items == nil || o.Records == nil || o.Proofs == nil || o.Pulls == nil {
		return nil, errors.New("web: Tests, Items, Records, Proofs and Pulls are required")
	}
	s := &Site{o: o, static: newStatic(o.Catalog)}
	get := func(pattern string, p access.Policy, h shell.Handler) {
		s.routes = append(s.routes, shell.Route{Method: http.MethodGet, Pattern: pattern, Policy: p, Handler: h})
	}
	get("/results", access.ReadResults, s.overview)
	get("/controls", access.ReadResults, s.controls)
	get("/coverage", access.ReadResults, s.coverage)
	get("/controls/{control}", access.ReadResults, s.control)
	get("/controls/{control}/item", access.ReadRecords, s.item)
	get("/proofs/{index}/{file}", access.ReadRecords, s.proofFile)
	get("/sources", access.ReadSources, s.sources)
	if o.Drafts != nil {
		get("/report", access.ReadDrafts, s.draft)
	}
	if o.Gauge != nil {
		get("/readiness", access.ReadResults, s.readiness)
		get("/readiness/controls", access.ReadResults, s.readyControls)
		get("/readiness/controls/{control}", access.ReadResults, s.readyControl)
		get("/readiness/criteria/{criterion}", access.ReadResults, s.criterion)
		get("/readiness/gaps", access.ReadResults, s.gaps)
		get("/forecast", access.ReadResults, s.forecast)
	}
	if o.Calendar != nil {
		get("/calendar", access.ReadResults, s.calendar)
	}
	if o.Ledger != nil {
		get("/ledger", access.ReadLedger, s.ledger)
	}
	get("/palette.json", access.ReadHome, s.palette)
	if o.Documents != nil {
		list, err := s.documentRoutes()
		if err != nil {
			return nil, err
		}
		s.routes = append(s.routes, list...)
	}
	return s, nil
}

// Routes lists every address with its policy, without what stands before it.
func (s *Site) Routes() []shell.Route { return s.routes }

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
	return shell.Quietly(err)
}
