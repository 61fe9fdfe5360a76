package web

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// drawn is a format that a document is drawn in.
type drawn struct {
	Name   string // as the command line names it
	Word   string
	Type   string // of the content
	Ending string // of the file
	Policy access.Policy
}

// formats are those that the pages hand out. A workbook holds whole populations, so that it asks for more than a report.
var formats = []drawn{
	{"html", "HTML", "text/html; charset=utf-8", "html", access.ReadDrafts},
	{"pdf", "PDF", "application/pdf", "pdf", access.ReadDrafts},
	{"docx", "DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", access.ReadDrafts},
	{"xlsx", "XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", access.ReadRecords},
	{"json", "JSON", "application/json", "json", access.ReadDrafts},
	{"oscal-component", phrase.Mark("Component definition (OSCAL)"), "application/json", "json", access.ReadDrafts},
	{"oscal-ssp", phrase.Mark("System security plan (OSCAL)"), "application/json", "json", access.ReadDrafts},
	{"oscal-plan", phrase.Mark("Assessment plan (OSCAL)"), "application/json", "json", access.ReadDrafts},
	{"oscal-results", phrase.Mark("Assessment results (OSCAL)"), "application/json", "json", access.ReadDrafts},
	{"oscal-poam", phrase.Mark("Plan of action and milestones (OSCAL)"), "application/json", "json", access.ReadDrafts},
}

func formatOf(name string) (drawn, bool) {
	i := slices.IndexFunc(formats, func(f drawn) bool { return f.Name == name })
	if i < 0 {
		return drawn{}, false
	}
	return formats[i], true
}

// documentRoutes gives each kind in each format an address of its own, so that each declares its own policy.
func (s *Site) documentRoutes() ([]shell.Route, error) {
	kinds, err := report.Kinds()
	if err != nil {
		return nil, err
	}
	out := []shell.Route{{Method: http.MethodGet, Pattern: "/documents", Policy: access.ReadDrafts, Handler: s.documents}}
	if s.o.Assertions != nil {
		out = append(out, s.assertionRoutes()...)
	}
	if s.o.Shelf != nil {
		out = append(out, s.shelfRoutes()...)
	}
	for _, k := range kinds {
		for _, f := range formats {
			out = append(out, shell.Route{Method: http.MethodGet, Pattern: documentURL(string(k), f.Name), Policy: f.Policy, Handler: s.document(string(k), f)})
		}
	}
	return out, nil
}

func documentURL(kind, format string) string { return "/documents/" + kind + "." + format }

// fileOf is the name under which a document is saved. It says that the document is a draft, for a file outlives its page.
func fileOf(kind string, f drawn) string {
	name := kind + "-DRAFT"
	if f.Name != f.Ending {
		name += "-" + f.Name
	}
	return name + "." + f.Ending
}

// document draws into memory first, so that a fault half-way gives a page of its own and never half a file.
func (s *Site) document(kind string, f drawn) shell.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		// A draft shows what management prepares, a workbook beyond that whole populations: both must be open to the reader.
		if err := access.Decide(access.ReadDrafts, access.From(r.Context())); err != nil {
			return err
		}
		var b bytes.Buffer
		if err := s.o.Documents.Draw(r.Context(), kind, f.Name, &b); err != nil {
			return err
		}
		h := w.Header()
		how := "attachment"
		if f.Name == "html" {
			how = "inline" // it is read here, and its own policy allows it nothing but its style
			h.Set("Content-Security-Policy", policyOfDocument(b.Bytes()))
		}
		h.Set("Content-Disposition", how+`; filename="`+fileOf(kind, f)+`"`)
		h.Set("Content-Type", f.Type)
		_, err := w.Write(b.Bytes())
		return shell.Quietly(err)
	}
}

type documentsData struct {
	head
	Kinds           []DocumentKind
	Asserted, Shelf bool // there are pages of them
}

func (s *Site) documents(w http.ResponseWriter, r *http.Request) error {
	kinds, err := s.o.Documents.Kinds(r.Context())
	if err != nil {
		return err
	}
	for _, k := range kinds {
		for _, name := range k.Formats {
			if _, ok := formatOf(name); !ok {
				return fault.Refuse("%s is said to be drawn as %q, which is no format here", k.Kind, name)
			}
		}
	}
	slices.SortStableFunc(kinds, func(a, b DocumentKind) int { return ownFirst(a) - ownFirst(b) })
	return shell.Page(w, r, http.StatusOK, documentsPage(documentsData{head{shell.T(r.Context(), "Documents")}, kinds, s.o.Assertions != nil, s.o.Shelf != nil}))
}

// ownFirst puts the report that the organization prepares before what else can be drawn, and that before what cannot.
func ownFirst(k DocumentKind) int {
	switch {
	case k.Own:
		return 0
	case len(k.Formats) > 0:
		return 1
	}
	return 2
}

// columns are the formats that some document can be drawn in, and that the reader may have.
func (d documentsData) columns(ctx context.Context) []drawn {
	var out []drawn
	for _, f := range formats {
		if shell.May(ctx, f.Policy) && slices.ContainsFunc(d.Kinds, func(k DocumentKind) bool { return slices.Contains(k.Formats, f.Name) }) {
			out = append(out, f)
		}
	}
	return out
}

// forPeople are the formats of a document that somebody reads, forPrograms NIST's documents that programs do.
func forPeople(list []drawn, k DocumentKind) []drawn {
	return slices.DeleteFunc(slices.Clone(list), func(f drawn) bool { return !slices.Contains(k.Formats, f.Name) || strings.HasPrefix(f.Name, "oscal-") })
}

func forPrograms(list []drawn, k DocumentKind) []drawn {
	return slices.DeleteFunc(slices.Clone(list), func(f drawn) bool { return !slices.Contains(k.Formats, f.Name) || !strings.HasPrefix(f.Name, "oscal-") })
}

func (d documentsData) caption(ctx context.Context) string {
	n := 0
	for _, k := range d.Kinds {
		if len(k.Formats) > 0 {
			n++
		}
	}
	return shell.N(ctx, len(d.Kinds), "%[2]s of %[1]d document can be drawn from the records as they are now", "%[2]s of %[1]d documents can be drawn from the records as they are now", count(ctx, n))
}

// pointGroup is what is open of one kind.
type pointGroup struct {
	Rule   string
	Points []report.Point
}

// points puts the open points together by what they are, in the order in which they are first met.
func points(list []report.Point) []pointGroup {
	var out []pointGroup
	for _, p := range list {
		i := slices.IndexFunc(out, func(g pointGroup) bool { return g.Rule == p.Rule })
		if i < 0 {
			i = len(out)
			out = append(out, pointGroup{Rule: p.Rule})
		}
		out[i].Points = append(out[i].Points, p)
	}
	return out
}

// pointURL leads to the place of an open point in the document, where it can be read here.
func pointURL(k DocumentKind, p report.Point) string {
	if !slices.Contains(k.Formats, "html") || !strings.HasPrefix(p.Where, "#") {
		return ""
	}
	return documentURL(k.Kind, "html") + p.Where
}

// mostPoints is how many open points of a group stand open.
const mostPoints = 5
