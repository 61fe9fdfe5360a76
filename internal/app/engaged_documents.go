package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/render/html"
	renderjson "github.com/assayhq/assay/internal/render/json"
	"github.com/assayhq/assay/internal/render/oscal"
	"github.com/assayhq/assay/internal/report"
	examination "github.com/assayhq/assay/internal/web/engage"
)

// issuing are the formats of a report as it goes out.
var issuing = []string{"pdf", "docx", "html", "json"}

// draftOf is the report that an engagement amounts to: the client's facts from the firm's copy, and what the firm concluded.
type draftOf struct {
	facts report.Facts
	tests []assure.TestResult
	open  []string // what the firm's run shows and no work paper answers
}

// examined gathers what a draft is built from.
func (x *engaged) examined(ctx context.Context, engagement string) (draftOf, error) {
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return draftOf{}, err
	}
	res, err := c.tested(ctx, t)
	if err != nil {
		return draftOf{}, err
	}
	f, err := c.o.factsAt(ctx, t.Report, res, whenOf(t, res))
	if err != nil {
		return draftOf{}, err
	}
	d := draftOf{}
	err = x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		in := e.InScope()
		f.Controls = slices.DeleteFunc(slices.Clone(f.Controls), func(k assure.Control) bool { return !slices.Contains(in, k.ID) })
		d.tests = slices.DeleteFunc(slices.Clone(res.Controls), func(t assure.TestResult) bool { return !slices.Contains(in, t.Control) })
		exam := e.Examination()
		if x.in.tenants.slug(id.Org(e.Client.Org)) != "" {
			exam.Firm.Independence = "Our records of this examination, and the key that signs them, are kept on the same host as those of " + e.Client.Name + "."
		}
		for _, id := range in {
			list, open := testedIn(e, res, id)
			exam.Tests, d.open = append(exam.Tests, list...), append(d.open, open...)
		}
		s, err := report.ScopeOf(report.Kind(t.Report), f)
		if err != nil {
			return err
		}
		d.open = append(d.open, promisedOtherwise(e.Scope().Matters, s.Matters)...)
		f.Examination = &exam
		f.Answers = nil // what management answered stands beside the firm's exceptions
		f.Signed, err = assertedIn(e, f)
		return err
	})
	d.facts = f
	return d, err
}

// promisedOtherwise lists the service commitments and requirements of the description that are not those of the plan, on which was concluded: they
// are named by their place, and the client may have changed them since. A plan from before they were planned has none.
func promisedOtherwise(planned, now []report.Matter) (out []string) {
	text := func(list []report.Matter, id string) string {
		if i := slices.IndexFunc(list, func(m report.Matter) bool { return m.ID == id }); i >= 0 {
			return list[i].Text
		}
		return ""
	}
	promised := false
	for _, m := range planned {
		if promised = promised || m.Text != ""; text(now, m.ID) != m.Text {
			out = append(out, m.ID+" reads otherwise in the description than it was planned and concluded on; plan it again by the package of now")
		}
	}
	for _, m := range now {
		if promised && m.Text != "" && text(planned, m.ID) == "" {
			out = append(out, m.ID+" stands in the description and not in the plan; plan it by the package of now")
		}
	}
	return out
}

// whenOf is the time of the terms.
func whenOf(t engage.Terms, res assure.Results) report.When {
	if t.TypeTwo() {
		return report.Throughout(res.Period)
	}
	return report.AsOf{Date: t.AsOf, Zone: res.Period.Zone}
}

// assertedIn is management's assertion as the client sent it, held against the text that the firm's copy of the client asks for.
func assertedIn(e *engage.Engagement, f report.Facts) ([]report.Signature, error) {
	a := e.Asserted
	if a == nil {
		return nil, nil
	}
	now, err := report.AssertionOf(report.Kind(e.Terms.Report), f)
	if err != nil {
		return nil, err
	}
	return []report.Signature{{Name: a.Name, Title: a.Title, On: a.On, Matters: a.Matters, Covers: a.Text == strings.Join(now.Text, "\n\n")}}, nil
}

// testedIn words the work paper of a control for section IV.
func testedIn(e *engage.Engagement, res assure.Results, control string) (out []report.TestedControl, open []string) {
	p := e.Papers[control]
	if !e.Terms.TypeTwo() {
		if p == nil || p.Assessed == nil {
			return nil, nil
		}
		return []report.TestedControl{{Control: control, Outcome: report.TestRun, Extent: report.Extent{Kind: report.Instance, Tested: 1, Population: 1, Reason: p.Assessed.Walkthrough},
			Procedures: []report.Procedure{{Kind: report.Inspection, Text: p.Assessed.Words}}}}, nil
	}
	for _, r := range res.Controls {
		if r.Control != control {
			continue
		}
		name := populationName(r)
		t := report.TestedControl{Control: control, Test: name, Outcome: report.TestRun}
		if r.Version > 1 {
			t.Version, t.From, t.To = r.Version, r.From, r.To
		}
		var tp *engage.TestPaper
		if p != nil {
			tp = p.Tests[name]
		}
		switch {
		case r.Outcome == assure.NoOccurrence:
			t.Outcome, t.Why = report.DidNotOccur, "a completeness check of the population shows that it is empty"
		case r.Outcome != assure.Blocked && r.Population == r.NotApplicable && tp != nil && completely(e, control, name) != "":
			t.Outcome, t.Why = report.DidNotOccur, "no item of the population needed the control; "+completely(e, control, name)
		case tp == nil || len(tp.Procedures) == 0:
			continue // nothing was done yet: the report says so
		case tp.Extent == report.Whole:
			open = append(open, wholly(e, r, tp, &t)...)
		default:
			sampled(e, r, tp, &t)
		}
		if tp != nil {
			t.Procedures = tp.Procedures
		}
		out = append(out, t)
	}
	return out, open
}

// wholly counts a test of every item: what the firm's own run found, less what it showed to be none.
func wholly(e *engage.Engagement, r assure.TestResult, tp *engage.TestPaper, t *report.TestedControl) (open []string) {
	raised, cleared := map[string]bool{}, map[string]bool{}
	for _, d := range e.Deviations {
		if d.Test != t.Test {
			continue
		}
		for _, key := range d.Items {
			raised[key] = true
			cleared[key] = !d.Stands()
		}
	}
	for _, a := range r.Attributes {
		t.Attributes = append(t.Attributes, report.TestedAttribute{ID: a.ID, Text: a.Text})
	}
	missing, undecided := 0, 0
	for _, f := range r.Findings {
		switch {
		case f.Verdict == assure.Undecided && len(tp.Marks[f.Key]) == 0:
			undecided++
		case f.Verdict == assure.Deviation && !raised[f.Key]:
			missing++
		}
		if f.Verdict != assure.Deviation || cleared[f.Key] {
			continue
		}
		t.Deviating++
		for i, a := range t.Attributes {
			if slices.Contains(f.Attributes, a.ID) {
				t.Attributes[i].Deviating++
			}
		}
	}
	t.Exempt = r.NotApplicable
	t.Extent = report.Extent{Kind: report.Whole, Tested: r.Population, Population: r.Population, Completely: completely(e, t.Control, t.Test)}
	if missing > 0 {
		open = append(open, fmt.Sprintf("%s: %s of the firm's run, and no deviation is raised for them", t.Test, report.Plural(missing, "item deviates by the rule", "items deviate by the rule")))
	}
	if undecided > 0 {
		open = append(open, fmt.Sprintf("%s: the rule could not decide %s, and nobody has looked at them by hand", t.Test, report.Plural(undecided, "item", "items")))
	} else if r.Undecided > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("The rule could not decide %s, examined by hand.", report.Plural(r.Undecided, "item", "items")))
	}
	return open
}

// sampled counts what the auditor found on a selection.
func sampled(e *engage.Engagement, r assure.TestResult, tp *engage.TestPaper, t *report.TestedControl) {
	var attributes []string
	for _, a := range r.Attributes {
		attributes = append(attributes, a.ID)
		t.Attributes = append(t.Attributes, report.TestedAttribute{ID: a.ID, Text: a.Text})
	}
	t.Extent = report.Extent{Kind: tp.Extent, Population: r.Population, Reason: tp.Reason, Completely: completely(e, t.Control, t.Test)}
	seen := map[string]bool{}
	for _, s := range e.Samples {
		if s.Test != t.Test || s.Purpose == "passed" || s.Purpose == "undecided" {
			continue
		}
		t.Extent.Method = method(s)
		for _, i := range s.Items {
			if !i.Void {
				seen[i.Key] = true
			}
		}
	}
	if tp.Extent == report.Instance {
		t.Extent.Tested, t.Extent.Method = 1, ""
		return
	}
	t.Extent.Tested = len(seen)
	for key := range seen {
		switch tp.Item(key, attributes) {
		case "deviation":
			t.Deviating++
			for i, a := range t.Attributes {
				if tp.Marks[key][a.ID].Result == "deviation" {
					t.Attributes[i].Deviating++
				}
			}
		case "not_applicable":
			t.Exempt++
		}
	}
}

// method says how a sample was selected, as section IV says it.
func method(s engage.Sample) string {
	word := map[string]string{"random": "simple random selection", "systematic": "systematic selection from a random start", "stratified": "random selection within each month, in proportion",
		"judgemental": "the auditor's judgement, from which nothing is projected"}[s.Method]
	if s.Commitment != "" {
		word += ", from a seed that neither party could choose"
	}
	return word
}

// completely words what showed that a population is whole.
func completely(e *engage.Engagement, control, test string) string {
	p := e.Papers[control]
	if p == nil {
		return ""
	}
	var list []string
	for _, c := range p.Checks {
		if c.Test == test && c.Passed {
			list = append(list, strings.TrimRight(strings.TrimSpace(c.Words), ".")+".")
		}
	}
	return strings.Join(slices.Compact(list), " ")
}

// build draws the report with a date, or without one as it stands before it is dated.
func (d draftOf) build(kind string, date civil.Date) (*report.Report, error) {
	f := d.facts
	exam := *f.Examination
	exam.ReportDate = date
	f.Examination = &exam
	return report.Build(report.Kind(kind), f)
}

// fingerprint names what partner and quality reviewer sign: all that the report says but its date, the date of the representation letter
// that follows it, and the sign-offs themselves.
func (d draftOf) fingerprint(kind string) (string, error) {
	f := d.facts
	exam := *f.Examination
	exam.Signs, exam.ReportDate, exam.Represented = nil, 0, 0
	f.Examination = &exam
	r, err := report.Build(report.Kind(kind), f)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(r)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), err
}

// Draft is the report as it would be issued now.
func (x *engaged) Draft(ctx context.Context, engagement string) (*report.Report, string, error) {
	d, err := x.examined(ctx, engagement)
	if err != nil {
		return nil, "", err
	}
	kind, date := x.kind(ctx, engagement)
	print, err := d.fingerprint(kind)
	if err != nil {
		return nil, "", err
	}
	r, err := d.build(kind, date)
	return r, print, err
}

// kind is the kind of an engagement's report, and the date of the representation letter, which is that of the report.
func (x *engaged) kind(ctx context.Context, engagement string) (kind string, date civil.Date) {
	_ = x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		kind = e.Terms.Report
		if e.Represented != nil {
			date = e.Represented.Dated
		}
		return nil
	})
	return kind, date
}

// Release shows management the draft.
func (x *engaged) Release(ctx context.Context, who engage.Who, engagement string) error {
	if err := x.may(ctx, who, engagement, "release_draft"); err != nil {
		return err
	}
	d, err := x.examined(ctx, engagement)
	if err != nil {
		return err
	}
	kind, date := x.kind(ctx, engagement)
	print, err := d.fingerprint(kind)
	if err != nil {
		return err
	}
	r, err := d.build(kind, date)
	if err != nil {
		return err
	}
	sum, err := x.keptReport(ctx, r, d.tests)
	if err != nil {
		return err
	}
	files, err := x.structured(ctx, d.facts, kind, date)
	if err != nil {
		return err
	}
	return x.house.Do(ctx, who, engagement, "release_draft", engage.ReleasedDraft{Fingerprint: print, File: sum, Title: r.Title, Files: files})
}

// may refuses, and records, before any work is done for an act that is not allowed.
func (x *engaged) may(ctx context.Context, who engage.Who, engagement, kind string) error {
	err := x.house.See(ctx, engagement, func(e *engage.Engagement) error { return e.May(x.house.Side, who, kind) })
	return x.denied(ctx, who, engagement, kind, err)
}

// Issue issues the report of that date; with a reason, a revised one.
func (x *engaged) Issue(ctx context.Context, who engage.Who, engagement string, date civil.Date, reason string) error {
	act := "issue"
	if reason != "" {
		act = "revise"
	}
	if err := x.may(ctx, who, engagement, act); err != nil {
		return err
	}
	d, err := x.examined(ctx, engagement)
	if err != nil {
		return err
	}
	if len(d.open) > 0 {
		return fault.Refuse("%s", d.open[0])
	}
	out := engage.IssuedReport{Date: date, Reason: reason, Files: map[string]string{}}
	out.Report, _ = x.kind(ctx, engagement)
	if out.Fingerprint, err = d.fingerprint(out.Report); err != nil {
		return err
	}
	err = x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		if reason != "" {
			out.Revision = len(e.Reports)
			d.facts.Examination.Revision, d.facts.Examination.RevisionReason = out.Revision, reason
		}
		var list []report.Opinion
		for _, o := range d.facts.Examination.Elements {
			list = append(list, o.Opinion)
		}
		out.Opinion = report.Aggregate(list)
		return nil
	})
	if err != nil {
		return err
	}
	d.facts.Examination.Issued = true
	r, err := d.build(out.Report, date)
	if err != nil {
		return err
	}
	if r, err = report.Issue(r); err != nil {
		return err
	}
	out.Title = r.Title
	for _, format := range issuing {
		var b bytes.Buffer
		if err := x.in.draws.one(ctx, func() error { return drawReport(&b, r, format) }); err != nil {
			return err
		}
		if out.Files[format], _, err = x.o.blobs.Put(ctx, x.o.org.ID, &b); err != nil {
			return err
		}
	}
	structured, err := x.structured(ctx, d.facts, out.Report, date)
	if err != nil {
		return err
	}
	maps.Copy(out.Files, structured)
	if out.Files[keptModel], err = x.keptReport(ctx, r, d.tests); err != nil {
		return err
	}
	return x.house.Do(ctx, who, engagement, act, out)
}

// keptModel names the model of a report among its files. Nobody downloads it: drafts are compared with it.
const keptModel = "model"

// keptReport keeps the model of a report with what the tests counted beneath.
func (x *engaged) keptReport(ctx context.Context, r *report.Report, tests []assure.TestResult) (string, error) {
	b, err := report.Keep(r, tests)
	if err != nil {
		return "", err
	}
	sum, _, err := x.o.blobs.Put(ctx, x.o.org.ID, bytes.NewReader(b))
	return sum, err
}

// structured draws and keeps NIST's documents that go with a report of that date.
func (x *engaged) structured(ctx context.Context, f report.Facts, kind string, date civil.Date) (map[string]string, error) {
	out := map[string]string{}
	for _, format := range examination.Structured(kind) {
		var b bytes.Buffer
		if err := drawOSCAL(&b, f, date, format); errors.Is(err, fault.Refused) && format == "oscal-poam" {
			continue // nothing stands that would ask for a plan of action
		} else if err != nil {
			return nil, err
		}
		sum, _, err := x.o.blobs.Put(ctx, x.o.org.ID, &b)
		if err != nil {
			return nil, err
		}
		out[format] = sum
	}
	return out, nil
}

// drawOSCAL writes one of NIST's documents about a report of that date.
func drawOSCAL(w io.Writer, f report.Facts, date civil.Date, format string) error {
	exam := *f.Examination
	exam.ReportDate = date
	f.Examination = &exam
	var doc *oscal.Document
	var err error
	if format == "oscal-poam" {
		doc, err = oscal.POAM(f, nil) // management gave the auditor no days
	} else {
		doc, err = oscalOf[format](f)
	}
	if err != nil {
		return err
	}
	return doc.Write(w)
}

// drawReport draws a report in one format.
func drawReport(w io.Writer, r *report.Report, format string) (err error) {
	switch format {
	case "pdf":
		_, err = drawPDF(w, r, cli.Document{})
	case "docx":
		_, err = drawDOCX(w, r, cli.Document{})
	case "html":
		err = html.Render(w, r)
	case "json":
		err = renderjson.Render(w, r)
	default:
		err = &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("there is no format %q", format)}
	}
	return err
}

var mediaTypes = map[string]string{"pdf": "application/pdf", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"html": "text/html; charset=utf-8", "json": "application/json", "oscal-ssp": "application/json", "oscal-plan": "application/json", "oscal-results": "application/json", "oscal-poam": "application/json"}

// Download gives a draft or a report that went out.
func (x *engaged) Download(ctx context.Context, engagement, format string, revision int) (examination.File, error) {
	f := examination.File{Type: mediaTypes[format]}
	var sum, kind string
	structured := false
	err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		kind = e.Terms.Report
		if !slices.Contains(examination.FormatsOf(kind), format) {
			return fault.NotFound
		}
		structured = slices.Contains(examination.Structured(kind), format)
		switch n := len(e.Drafts); {
		case revision >= 0 && revision < len(e.Reports):
			sum = e.Reports[revision].Files[format]
		case revision >= 0, e.Side == engage.Client && n == 0, e.Side == engage.Client && structured && e.Drafts[n-1].Files[format] == "":
			return fault.NotFound
		case e.Side == engage.Client && structured:
			sum = e.Drafts[n-1].Files[format]
		case e.Side == engage.Client:
			sum = e.Drafts[n-1].File
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	f.Name = kind + "." + format
	if structured {
		f.Name = kind + "." + format + ".json"
	}
	switch {
	case revision >= 0:
		f.Data, err = x.stored(ctx, sum)
		return f, err
	case structured && sum != "":
		f.Data, err = x.stored(ctx, sum)
	case structured:
		f.Data, err = x.structuredNow(ctx, engagement, format)
	default:
		f.Data, err = x.drawnDraft(ctx, engagement, sum, format)
	}
	f.Name = "draft-" + f.Name
	return f, err
}

// structuredNow is one of NIST's documents about the report as it would be issued now.
func (x *engaged) structuredNow(ctx context.Context, engagement, format string) ([]byte, error) {
	d, err := x.examined(ctx, engagement)
	if err != nil {
		return nil, err
	}
	_, date := x.kind(ctx, engagement)
	var b bytes.Buffer
	err = x.in.draws.one(ctx, func() error { return drawOSCAL(&b, d.facts, date, format) })
	return b.Bytes(), err
}

// drawnDraft draws the draft whose model is the file of that name, or the report as it would be issued now.
func (x *engaged) drawnDraft(ctx context.Context, engagement, sum, format string) ([]byte, error) {
	var r *report.Report
	var err error
	if sum == "" {
		r, _, err = x.Draft(ctx, engagement)
	} else {
		var k *report.Kept
		if k, err = x.readKept(ctx, sum); err == nil {
			r = &k.Report
		}
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = x.in.draws.one(ctx, func() error { return drawReport(&b, r, format) })
	if err == nil && format == "docx" && x.house.Side == engage.Firm {
		err = x.keepSent(ctx, engagement, r)
	}
	return b.Bytes(), err
}

// readKept reads a model that was kept.
func (x *engaged) readKept(ctx context.Context, sum string) (*report.Kept, error) {
	raw, err := x.stored(ctx, sum)
	if err != nil {
		return nil, err
	}
	return report.ReadKept(raw)
}

// stored reads a file of the organization's own.
func (x *engaged) stored(ctx context.Context, sum string) ([]byte, error) {
	if sum == "" {
		return nil, fault.NotFound
	}
	r, err := x.o.blobs.Open(ctx, x.o.org.ID, sum)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, mostModel+1))
	if err == nil && len(b) > mostModel {
		err = fault.Refuse("the file %s is larger than %d MiB; half of it is not given out for the whole", sum, mostModel>>20)
	}
	return b, err
}
