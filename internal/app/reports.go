package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/render/docx"
	"github.com/assayhq/assay/internal/render/html"
	renderjson "github.com/assayhq/assay/internal/render/json"
	"github.com/assayhq/assay/internal/render/oscal"
	"github.com/assayhq/assay/internal/render/pdf"
	"github.com/assayhq/assay/internal/render/xlsx"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
)

// Report drafts a report from the records as they are now, in one format. It warns of what the format could not show.
func (o *office) Report(ctx context.Context, d cli.Document, w io.Writer) ([]string, error) {
	res, err := o.results(ctx, d.Kind)
	if err != nil {
		return nil, err
	}
	return o.write(ctx, d, res, w)
}

// write draws a draft of the results in one format.
func (o *office) write(ctx context.Context, d cli.Document, res assure.Results, w io.Writer) ([]string, error) {
	if d.Kind == "" {
		d.Kind = o.program.Report
	}
	if err := drafted(d.Kind); err != nil {
		return nil, err
	}
	if oscalOf[d.Format] != nil || d.Format == "oscal" || d.Format == "oscal-poam" {
		return nil, o.oscal(ctx, d, res, w)
	}
	if d.Format == "xlsx" {
		if _, err := o.when(d.Kind, res); err != nil {
			return nil, err
		}
		if len(res.Controls) == 0 {
			return nil, &fault.Error{Kind: fault.Refused, Field: "--format", What: "a report about one date tests no population, so that there is nothing to put into a workbook"}
		}
		return nil, xlsx.Render(w, res, o.controlsNow(), xlsx.Options{Watermark: d.Copy})
	}
	r, err := o.draft(ctx, d.Kind, res)
	if err != nil {
		return nil, err
	}
	return drawnAs(w, r, d)
}

// drawnAs draws a document in one of the formats that people read.
func drawnAs(w io.Writer, r *report.Report, d cli.Document) ([]string, error) {
	switch d.Format {
	case "docx":
		return drawDOCX(w, r, d)
	case "html":
		return nil, html.Render(w, r)
	case "json":
		return nil, renderjson.Render(w, r)
	case "pdf":
		return drawPDF(w, r, d)
	}
	return nil, &fault.Error{Kind: fault.Refused, Field: "--format", What: fmt.Sprintf("there is no format %q", d.Format)}
}

// drafted refuses a kind of report that cannot be drafted.
func drafted(kind string) error {
	kinds, err := report.Kinds()
	if err != nil || slices.Contains(kinds, report.Kind(kind)) {
		return err
	}
	if _, err := scope.KindOf(kind); err != nil {
		return &fault.Error{Kind: fault.Refused, Field: "--kind", What: fmt.Sprintf("there is no report %q%s", kind, register.DidYouMean(kind, kindNames(kinds)))}
	}
	return &fault.Error{Kind: fault.Refused, Field: "--kind", What: fmt.Sprintf("a report of the kind %q cannot be drafted yet; expected one of %s", kind, strings.Join(kindNames(kinds), ", "))}
}

func kindNames(kinds []report.Kind) []string {
	var out []string
	for _, k := range kinds {
		out = append(out, string(k))
	}
	return out
}

func drawPDF(w io.Writer, r *report.Report, d cli.Document) ([]string, error) {
	fonts, err := fontFiles(d.Fonts)
	if err != nil {
		return nil, err
	}
	opts := pdf.Options{Watermark: d.Copy, Fonts: fonts, Paper: pdf.A4}
	if d.Paper == "letter" {
		opts.Paper = pdf.Letter
	}
	missing, err := pdf.Render(w, r, opts)
	var said []string
	for _, m := range missing {
		said = append(said, m.String())
	}
	return said, err
}

func drawDOCX(w io.Writer, r *report.Report, d cli.Document) (said []string, err error) {
	opts := docx.Options{Watermark: d.Copy, Paper: docx.A4, Missing: func(text string) {
		said = append(said, "the font of pictures lacks a letter of: "+text)
	}}
	if d.Paper == "letter" {
		opts.Paper = docx.Letter
	}
	err = docx.Render(w, r, opts)
	return said, err
}

// oscalOf are NIST's documents by the names of their formats.
var oscalOf = map[string]func(report.Facts) (*oscal.Document, error){
	"oscal-component": oscal.ComponentDefinition, "oscal-ssp": oscal.SSP, "oscal-plan": oscal.AssessmentPlan, "oscal-results": oscal.AssessmentResults,
}

// oscal writes one of NIST's documents: the results of a period or, of a date, the system security plan, when none is named.
func (o *office) oscal(ctx context.Context, d cli.Document, res assure.Results, w io.Writer) error {
	f, err := o.facts(ctx, d.Kind, res)
	if err != nil {
		return err
	}
	name := d.Format
	if name == "oscal" {
		name = "oscal-results"
		if _, ok := f.When.(report.AsOf); ok {
			name = "oscal-ssp"
		}
	}
	var doc *oscal.Document
	if name == "oscal-poam" {
		var due map[report.ItemRef]civil.Date
		if due, err = o.due(ctx, res.Checkpoint.Size); err == nil {
			doc, err = oscal.POAM(f, due)
		}
	} else {
		doc, err = oscalOf[name](f)
	}
	if err != nil {
		return err
	}
	return doc.Write(w)
}

// due are the days on which management means to be done with what it answered to deviations.
func (o *office) due(ctx context.Context, size int64) (map[report.ItemRef]civil.Date, error) {
	out := map[report.ItemRef]civil.Date{}
	err := o.rows(ctx, "deviation_answers", size, []string{"test", "item", "due_on"}, func(_ string, get func(string) any) error {
		if on := dayOf(get("due_on")); on != nil {
			out[report.ItemRef{Test: textOf(get("test")), Item: textOf(get("item"))}] = *on
		}
		return nil
	})
	return out, err
}

// mostFont bounds a font file: the largest of the CJK collections are about 120 MB.
const mostFont = 160 << 20

// fontFiles reads the fonts of a folder, in the order of their names.
func fontFiles(dir string) ([][]byte, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Refused, Field: "--fonts", What: err.Error()}
	}
	var out [][]byte
	for _, e := range entries {
		if !slices.Contains([]string{".ttf", ".otf", ".ttc"}, strings.ToLower(filepath.Ext(e.Name()))) {
			continue
		}
		if fi, err := e.Info(); err != nil || fi.Size() > mostFont {
			return nil, &fault.Error{Kind: fault.Refused, Field: "--fonts", What: fmt.Sprintf("%s is larger than a font of %d MiB", e.Name(), mostFont>>20)}
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, &fault.Error{Kind: fault.Refused, Field: "--fonts", What: err.Error()}
		}
		out = append(out, b)
	}
	if len(out) == 0 {
		return nil, &fault.Error{Kind: fault.Refused, Field: "--fonts", What: dir + " holds no .ttf, .otf or .ttc file"}
	}
	return out, nil
}

// theCatalog is read once: it is compiled in. Nobody writes to it.
var theCatalog = sync.OnceValues(catalog.Load)

// facts are what a report is built from: the program, what management says, and the results.
func (o *office) facts(ctx context.Context, kind string, res assure.Results) (report.Facts, error) {
	when, err := o.when(kind, res)
	if err != nil {
		return report.Facts{}, err
	}
	return o.factsAt(ctx, kind, res, when)
}

// factsAt are the facts for a report that speaks of that time.
func (o *office) factsAt(ctx context.Context, kind string, res assure.Results, when report.When) (report.Facts, error) {
	c, err := theCatalog()
	if err != nil {
		return report.Facts{}, err
	}
	f := report.Facts{
		Organization: o.org.Name, System: o.system.Name, Categories: o.program.Categories, Results: res, When: when,
		About: o.system, Reasons: o.system.NotRelevant,
		Findings: func(t assure.TestResult) string { return "findings/" + t.Control + ".json" },
	}
	f.Controls = o.controlsAt(until(f.When))
	if f.Criteria, err = o.criteriaFor(c, kind); err != nil {
		return f, err
	}
	f.Implemented = o.implemented(f.When)
	if t, ok := f.When.(report.Throughout); ok {
		f.Amended = amended(o.versions, civil.Period(t))
	}
	if f.Systems, err = o.systems(ctx, res); err != nil {
		return f, err
	}
	if f.Incidents, err = o.incidents(ctx, res, f.When); err != nil {
		return f, err
	}
	if f.Answers, err = o.answers(ctx, res.Checkpoint.Size); err != nil {
		return f, err
	}
	f.Walked, err = o.walked(ctx, res.Checkpoint.Size, until(f.When))
	return f, err
}

// when is the time that a kind of report speaks of.
func (o *office) when(kind string, res assure.Results) (report.When, error) {
	_, period := o.program.Period()
	switch {
	case o.asOf(kind) || kind == "iso27001" && o.program.AsOf != nil:
		if o.program.AsOf == nil {
			return nil, &fault.Error{Kind: fault.Refused, Field: "--kind", What: "the organization's report covers a period; a Type 1 report needs a date", Hint: "found an organization for it: assay init --report soc2-type1 --as-of DATE"}
		}
		return report.AsOf{Date: *o.program.AsOf, Zone: o.program.Zone}, nil
	case !period:
		return nil, &fault.Error{Kind: fault.Refused, Field: "--kind", What: "the organization's report is about one date; a Type 2 report needs a period"}
	}
	return report.Throughout(res.Period), nil
}

// until is the last civil day of which a report speaks.
func until(w report.When) civil.Date {
	switch w := w.(type) {
	case report.AsOf:
		return w.Date
	case report.Throughout:
		return w.To
	}
	return civil.MaxDate
}

// criteriaFor are the criteria that a kind of report holds controls against.
func (o *office) criteriaFor(c *catalog.Catalog, kind string) ([]assure.Criterion, error) {
	k, err := scope.KindOf(kind)
	if err != nil {
		return nil, err
	}
	f, ok := c.Framework(k.Framework)
	if !ok {
		return nil, fmt.Errorf("the catalog has no framework %s", k.Framework)
	}
	if k.Framework == catalog.TSC {
		return f.InScope(o.program.Categories)
	}
	own, err := scope.KindOf(o.program.Report)
	if err != nil {
		return nil, err
	}
	if own.Framework != k.Framework {
		return f.Criteria, nil
	}
	return o.program.Criteria(c)
}

// implemented says which controls are implemented on the last day of which a report speaks: the version that is in force
// then decides, and a change of its wording alone is no new version of what is done.
func (o *office) implemented(w report.When) map[string]bool {
	last := until(w)
	out := map[string]bool{}
	for _, v := range o.versions {
		switch id := v.Control.ID; {
		case v.From > last:
		case v.To != nil && *v.To < last:
			out[id] = false // retired, unless a later version says otherwise
		case !v.Editorial:
			out[id] = v.Implemented != nil && *v.Implemented <= last
		default:
			out[id] = o.implementedBefore(v, last)
		}
	}
	return out
}

// implementedBefore is what the version before a change of wording says.
func (o *office) implementedBefore(v scope.Version, last civil.Date) bool {
	yes := false
	for _, b := range o.versions {
		if b.Control.ID == v.Control.ID && b.Version < v.Version && !b.Editorial {
			yes = b.Implemented != nil && *b.Implemented <= last
		}
	}
	return yes
}

// amended words the versions of controls that begin or end within a period.
func amended(list []scope.Version, p civil.Period) []assure.SystemChange {
	var out []assure.SystemChange
	for _, v := range list {
		if v.From > p.From && v.From <= p.To && v.Version > 1 {
			how := "another test is in force"
			if v.Editorial {
				how = "its wording was mended; its test goes on"
			}
			out = append(out, assure.SystemChange{On: v.From, Text: fmt.Sprintf("%s, %s: version %d is in force; %s.", v.Control.ID, v.Control.Title, v.Version, how)})
		}
		if v.From > p.From && v.From <= p.To && v.Version == 1 {
			out = append(out, assure.SystemChange{On: v.From, Text: fmt.Sprintf("%s, %s: the control is new.", v.Control.ID, v.Control.Title)})
		}
		if v.To != nil && *v.To >= p.From && *v.To < p.To && !slices.ContainsFunc(list, func(n scope.Version) bool { return n.Control.ID == v.Control.ID && n.Version > v.Version }) {
			out = append(out, assure.SystemChange{On: *v.To, Text: fmt.Sprintf("%s, %s: the control was retired after this day.", v.Control.ID, v.Control.Title)})
		}
	}
	slices.SortStableFunc(out, func(a, b assure.SystemChange) int { return int(a.On) - int(b.On) })
	return out
}

// rows reads fields of what a register holds. Each is called with a record's key and its fields by name.
func (o *office) rows(ctx context.Context, reg string, size int64, fields []string, each func(key string, get func(string) any) error) error {
	s := o.regs.find(reg)
	if s == nil {
		return nil
	}
	return o.engine.Rows(string(o.org.ID)).All(ctx, s, fields, size, func(key string, values []any) error {
		return each(key, func(name string) any { return values[slices.Index(fields, name)] })
	})
}

func textOf(v any) string { s, _ := v.(string); return s }

// dayOf reads a field of dates.
func dayOf(v any) *civil.Date {
	n, ok := v.(int64)
	if !ok {
		return nil
	}
	d := civil.Date(n)
	return &d
}

// incidents are those on record that the report's time covers: detected in the period, or in the year before a date.
func (o *office) incidents(ctx context.Context, res assure.Results, w report.When) ([]report.IncidentFact, error) {
	from, to := res.Period.Start(), res.Period.End()
	if a, ok := w.(report.AsOf); ok {
		from, to = a.Zone.Start(a.Date.AddMonths(-12)+1), a.Until()
	}
	var out []report.IncidentFact
	err := o.rows(ctx, "incidents", res.Checkpoint.Size, []string{"severity", "detected_at", "confirmed_customer_impact_at"}, func(key string, get func(string) any) error {
		at, ok := get("detected_at").(int64)
		if ok && (civil.Instant(at) < from || civil.Instant(at) >= to) {
			return nil
		}
		i := report.IncidentFact{ID: key, Severity: textOf(get("severity"))}
		if ok {
			i.Detected = civil.Instant(at).String()
		}
		_, i.Impact = get("confirmed_customer_impact_at").(int64)
		out = append(out, i)
		return nil
	})
	slices.SortFunc(out, func(a, b report.IncidentFact) int { return strings.Compare(a.ID, b.ID) })
	return out, err
}

// walked is the latest walkthrough of each control, up to a day.
func (o *office) walked(ctx context.Context, size int64, last civil.Date) (map[string]report.Walk, error) {
	out := map[string]report.Walk{}
	err := o.rows(ctx, "walkthroughs", size, []string{"control", "performed_on", "performed_by", "item", "differs"}, func(_ string, get func(string) any) error {
		on, id := dayOf(get("performed_on")), textOf(get("control"))
		if on == nil || *on > last {
			return nil
		}
		if was, ok := out[id]; !ok || was.On < *on {
			out[id] = report.Walk{On: *on, By: textOf(get("performed_by")), Item: textOf(get("item")), Differs: textOf(get("differs"))}
		}
		return nil
	})
	return out, err
}
