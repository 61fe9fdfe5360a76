package program

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

var categories = []string{"security", "availability", "processing_integrity", "confidentiality", "privacy"}

type scopeData struct {
	scope.Folder
	Kind       scope.Kind
	Warnings   []string
	Criteria   int
	Controls   int
	Categories []categoryLine
	Systems    []report.System
	Flow       *report.Drawing
	Waiting    int
}

type categoryLine struct {
	ID     string
	In     bool
	Why    string
	Locked bool
}

func (p *Pages) scopePage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	d := scopeData{Folder: f}
	if d.Kind, err = scope.KindOf(f.Program.Report); err != nil {
		return err
	}
	checked := f.Program
	checked.Categories = slices.Clone(checked.Categories)
	if d.Warnings, err = checked.Check(); err != nil {
		d.Warnings = append(d.Warnings, err.Error())
	}
	in, err := f.Program.Criteria(p.catalog)
	if err != nil {
		return err
	}
	d.Criteria = len(in)
	acted, err := p.acted(ctx)
	if err != nil {
		return err
	}
	list, _ := p.inOrder(f, rev, acted)
	for i := range list {
		if list[i].State != scope.Retired {
			d.Controls++
		}
	}
	if d.Kind.Framework == catalog.TSC {
		d.Categories = categoryLines(f.Program)
	}
	parts, err := p.described(ctx, f, rev)
	if err != nil {
		return err
	}
	d.Flow = flow(parts)
	if p.o.Facts != nil {
		known, err := p.o.Facts.Known(ctx)
		if err != nil {
			return err
		}
		d.Systems = known.Systems
	}
	if _, d.Waiting, err = p.waiting(ctx); err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, scopeView(d))
}

func categoryLines(p scope.Program) []categoryLine {
	var out []categoryLine
	for _, c := range categories {
		out = append(out, categoryLine{ID: c, In: c == "security" || slices.Contains(p.Categories, c), Why: p.Reasons[c], Locked: c == "security"})
	}
	return out
}

// when says for which time the report is.
func (d scopeData) when(ctx context.Context) string {
	switch p := d.Program; {
	case p.AsOf != nil:
		return shell.T(ctx, "As of %s", date(ctx, *p.AsOf))
	case p.From != nil && p.To != nil:
		return shell.T(ctx, "%s to %s, both days included", date(ctx, *p.From), date(ctx, *p.To))
	}
	return ""
}

func (p *Pages) reportPage(ctx context.Context, f scope.Folder) (editData, error) {
	a, err := baseOf(f, "program.yaml")
	if err != nil {
		return editData{}, err
	}
	b, err := baseOf(f, "system.yaml")
	if err != nil {
		return editData{}, err
	}
	d := editData{Title: shell.T(ctx, "Report and period"), Crumbs: []shell.Crumb{{Path: "/scope", Text: shell.T(ctx, "Scope")}, {Text: shell.T(ctx, "Report and period")}}}
	d.About = []string{shell.T(ctx, "A Type 1 looks at one day, a Type 2 at a period. The auditor agrees to both before the period is over; afterwards a shorter one needs a reason.")}
	var kinds []shell.Option
	for _, k := range scope.Kinds() {
		kinds = append(kinds, shell.Option{Value: k.ID, Text: k.Title})
	}
	pr := f.Program
	d.Form = shell.Form{Action: "/scope/report", Submit: shell.T(ctx, "Prepare the change"), Back: "/scope", Hidden: map[string]string{"base": a + b}, Fields: []shell.Field{
		{Name: "report", Type: "select", Label: shell.T(ctx, "Report"), Value: pr.Report, Required: true, Options: kinds},
		{Name: "system", Label: shell.T(ctx, "Name of the system"), Value: f.System.Name, Max: 200},
		{Name: "from", Type: "date", Label: shell.T(ctx, "First day of the period"), Value: dayText(pr.From)},
		{Name: "to", Type: "date", Label: shell.T(ctx, "Last day of the period"), Value: dayText(pr.To)},
		{Name: "as_of", Type: "date", Label: shell.T(ctx, "Day of a Type 1"), Value: dayText(pr.AsOf)},
		{Name: "short", Label: shell.T(ctx, "Why the period is shorter than three months"), Value: pr.Reason, Max: 1000},
		{Name: "reason", Type: "area", Rows: 2, Label: shell.T(ctx, "Why"), Required: true, Max: 2000, Help: shell.T(ctx, "Who approves reads this, and so does the auditor.")},
	}}
	return d, nil
}

func (p *Pages) reportForm(w http.ResponseWriter, r *http.Request) error {
	return p.scopeForm(w, r, p.reportPage)
}

func (p *Pages) scopeForm(w http.ResponseWriter, r *http.Request, page func(context.Context, scope.Folder) (editData, error)) error {
	f, _, err := p.o.Program.Program(r.Context())
	if err != nil {
		return err
	}
	d, err := page(r.Context(), f)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, editPage(d))
}

func (p *Pages) saveReport(w http.ResponseWriter, r *http.Request) error {
	return p.saveScope(w, r, p.reportPage, phrase.Mark("Report and period"), func(f *scope.Folder, v url.Values) error {
		pr := &f.Program
		pr.Report, pr.Reason, f.System.Name = v.Get("report"), oneLine(v.Get("short")), oneLine(v.Get("system"))
		for name, into := range map[string]**civil.Date{"from": &pr.From, "to": &pr.To, "as_of": &pr.AsOf} {
			on, err := day(v, name)
			if err != nil {
				return err
			}
			*into = on
		}
		k, err := scope.KindOf(pr.Report)
		if err != nil {
			return err
		}
		if k.Framework != catalog.TSC {
			pr.Categories, pr.Reasons = nil, nil
		}
		if k.Framework != catalog.SOC1 {
			pr.Objectives = nil
		}
		return nil
	})
}

// saveScope takes a change of the scope: shown, refused, or prepared.
func (p *Pages) saveScope(w http.ResponseWriter, r *http.Request, page func(context.Context, scope.Folder) (editData, error), title string, change func(*scope.Folder, url.Values) error) error {
	ctx := r.Context()
	f, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	d, err := page(ctx, f)
	if err != nil {
		return err
	}
	if err := shell.ReadForm(w, r); err != nil {
		return p.refused(w, r, d, err)
	}
	v := r.PostForm
	drawn := d.Form
	d.Form = filled(d.Form, r)
	if v.Get("base") != d.Form.Hidden["base"] {
		d.Stale = staleForm(ctx, drawn, d.Form)
		return shell.Page(w, r, http.StatusConflict, editPage(d))
	}
	if strings.TrimSpace(v.Get("reason")) == "" {
		return p.refused(w, r, d, &fault.Error{Kind: fault.Refused, Field: "reason", What: "no reason is given; expected why the change is made"})
	}
	to := f
	to.Program.Categories = slices.Clone(f.Program.Categories)
	to.Program.Objectives = slices.Clone(f.Program.Objectives)
	if err := change(&to, v); err != nil {
		return p.refused(w, r, d, err)
	}
	x, err := p.drawn(ctx, f, to, rev)
	if err != nil {
		return p.refused(w, r, d, err)
	}
	if v.Get("act") == "preview" {
		d.Draw = &x
		return shell.Page(w, r, http.StatusOK, editPage(d))
	}
	return p.keep(w, r, x, shell.T(ctx, title), strings.TrimSpace(v.Get("reason")), d.Form.Back)
}

// staleForm shows what a form was sent with beside what stands now.
func staleForm(ctx context.Context, now, sent shell.Form) *stale {
	s := &stale{What: shell.T(ctx, "It has been changed since this form was drawn. Nothing was kept. Compare, mend the form below, and send it again.")}
	for i, x := range sent.Fields {
		if x.Name != "reason" && x.Value != now.Fields[i].Value {
			s.Mine = append(s.Mine, shown{x.Label, x.Value})
			s.Theirs = append(s.Theirs, shown{x.Label, now.Fields[i].Value})
		}
	}
	return s
}

func (p *Pages) categoriesPage(ctx context.Context, f scope.Folder) (editData, error) {
	k, err := scope.KindOf(f.Program.Report)
	if err != nil {
		return editData{}, err
	}
	if k.Framework != catalog.TSC {
		return editData{}, fault.Refuse("%s is not about categories", k.Title)
	}
	b, err := baseOf(f, "program.yaml")
	if err != nil {
		return editData{}, err
	}
	d := editData{Title: shell.T(ctx, "Categories"), Crumbs: []shell.Crumb{{Path: "/scope", Text: shell.T(ctx, "Scope")}, {Text: shell.T(ctx, "Categories")}}}
	d.About = []string{shell.T(ctx, "Security is always in the report. Each other category answers a promise to customers: take it where the promise is made, leave it where it is not, and say why either way.")}
	d.Form = shell.Form{Action: "/scope/categories", Submit: shell.T(ctx, "Prepare the change"), Back: "/scope", Hidden: map[string]string{"base": b}}
	for _, c := range categoryLines(f.Program) {
		if c.Locked {
			continue
		}
		in := "no"
		if c.In {
			in = "yes"
		}
		name := shell.T(ctx, categoryNames[c.ID])
		d.Form.Fields = append(d.Form.Fields,
			shell.Field{Name: c.ID, Type: "radio", Label: name, Help: shell.T(ctx, categoryMeans[c.ID]), Value: in, Required: true,
				Options: []shell.Option{{Value: "yes", Text: shell.T(ctx, "In the report")}, {Value: "no", Text: shell.T(ctx, "Left out")}}},
			shell.Field{Name: c.ID + "_why", Label: shell.T(ctx, "%s: the reason", name), Value: c.Why, Required: true, Max: 1000})
	}
	d.Form.Fields = append(d.Form.Fields, shell.Field{Name: "reason", Type: "area", Rows: 2, Label: shell.T(ctx, "Why it is changed now"), Required: true, Max: 2000})
	return d, nil
}

func (p *Pages) categoriesForm(w http.ResponseWriter, r *http.Request) error {
	return p.scopeForm(w, r, p.categoriesPage)
}

func (p *Pages) saveCategories(w http.ResponseWriter, r *http.Request) error {
	return p.saveScope(w, r, p.categoriesPage, phrase.Mark("Categories"), func(f *scope.Folder, v url.Values) error {
		f.Program.Categories, f.Program.Reasons = nil, map[string]string{}
		for _, c := range categories {
			why := oneLine(v.Get(c + "_why"))
			if c != "security" && why == "" {
				return &fault.Error{Kind: fault.Refused, Field: c + "_why", What: "no reason is given; expected why the category is in the report, or why it is left out"}
			}
			if c == "security" || v.Get(c) == "yes" {
				f.Program.Categories = append(f.Program.Categories, c)
			}
			if why != "" && c != "security" {
				f.Program.Reasons[c] = why
			}
		}
		return nil
	})
}

// mostSystems is how many systems the page shows.
const mostSystems = 100

func firstSystems(list []report.System) []report.System { return list[:min(len(list), mostSystems)] }

func nodeName(f assure.Flow, id string) string {
	for _, n := range f.Nodes {
		if n.ID == id {
			return n.Name
		}
	}
	return id
}
