package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// covering is one criterion with the controls of the program that serve it.
type covering struct {
	assure.Criterion
	Primary    []row // one per control, with the worst of its tests
	Supporting []row
}

// standing says whether a criterion is served. Supporting controls alone are a gap.
func (c covering) standing() (report.Mark, string) {
	switch {
	case len(c.Primary) > 0:
		return report.MarkPass, phrase.Mark("Served")
	case len(c.Supporting) > 0:
		return report.MarkGap, phrase.Mark("Supporting only")
	}
	return report.MarkGap, phrase.Mark("No control")
}

// coverings holds criteria against the controls of the program.
func coverings(criteria []assure.Criterion, worst []row) []covering {
	var out []covering
	for _, cr := range criteria {
		c := covering{Criterion: cr}
		for _, r := range worst {
			switch catalog.Serves(r.Control, cr) {
			case catalog.Primary:
				c.Primary = append(c.Primary, r)
			case catalog.Supporting:
				c.Supporting = append(c.Supporting, r)
			}
		}
		out = append(out, c)
	}
	return out
}

// worstRows keeps one row per control: the worst of its tests.
func worstRows(rows []row) []row {
	var out []row
	for _, r := range rows {
		n := len(out)
		switch {
		case n == 0 || out[n-1].Control.ID != r.Control.ID:
			out = append(out, r)
		case report.StandingOf(r.Test) > report.StandingOf(out[n-1].Test):
			out[n-1] = r
		}
	}
	return out
}

func gapsOf(cs []covering) []covering {
	var out []covering
	for _, c := range cs {
		if len(c.Primary) == 0 {
			out = append(out, c)
		}
	}
	return out
}

// noun is what the entries of a framework are called.
func noun(framework string, n int) string {
	one, many := phrase.Mark("criterion"), phrase.Mark("criteria")
	switch framework {
	case catalog.SOC1:
		one, many = phrase.Mark("control objective"), phrase.Mark("control objectives")
	case catalog.ISO27001:
		one, many = phrase.Mark("control of Annex A"), phrase.Mark("controls of Annex A")
	}
	if n == 1 {
		return one
	}
	return many
}

// frameworkOf is the framework that the report is about.
func (s *Site) frameworkOf() string {
	if len(s.o.Catalog.Criteria) == 0 {
		return catalog.TSC
	}
	return s.o.Catalog.Criteria[0].Framework
}

type coverageData struct {
	head
	Framework string // shown
	Of        string // the framework that the report is about
	Report    string
	Choices   []catalog.Framework
	Rows      []covering
}

func (s *Site) coverage(w http.ResponseWriter, r *http.Request) error {
	d := coverageData{head: head{shell.T(r.Context(), "Coverage")}, Of: s.frameworkOf(), Report: s.o.Report, Choices: slices.Clone(s.o.Catalog.Frameworks)}
	slices.SortStableFunc(d.Choices, func(a, b catalog.Framework) int { return place(d.Of, a) - place(d.Of, b) })
	criteria := s.o.Catalog.Criteria
	d.Framework = d.Of
	if f := r.URL.Query().Get("framework"); f != "" && f != d.Of {
		i := slices.IndexFunc(d.Choices, func(x catalog.Framework) bool { return x.ID == f })
		if i < 0 {
			return fault.Refuse("there is no framework %q here", f)
		}
		d.Framework, criteria = f, d.Choices[i].Criteria
	}
	k, err := s.worked(r.Context())
	if err != nil {
		return err
	}
	d.Rows = k.scope
	if d.Framework != d.Of {
		d.Rows = coverings(criteria, k.worst)
	}
	return shell.Page(w, r, http.StatusOK, coveragePage(d))
}

// closing says how a gap closes: what an examiner of that framework accepts.
func (d coverageData) closing() string {
	if d.Framework == catalog.ISO27001 {
		return phrase.Mark("A supporting control alone leaves a gap. It closes with a control of your own, or with a justified exclusion in the Statement of Applicability (clause 6.1.3 d).")
	}
	return phrase.Mark("A supporting control alone leaves a gap. It closes with a control of your own, or with one that a subservice organization is expected to have and that the description names.")
}

// place puts the framework that the report is about first; the others keep their order.
func place(of string, f catalog.Framework) int {
	if f.ID == of {
		return 0
	}
	return 1
}

// coverGroup is a series with its criteria as covered.
type coverGroup struct {
	group
	Rows []covering
}

func (d coverageData) groups() []coverGroup {
	var out []coverGroup
	var criteria []assure.Criterion
	for _, c := range d.Rows {
		criteria = append(criteria, c.Criterion)
	}
	at := 0
	for _, g := range groups(criteria) {
		out = append(out, coverGroup{g, d.Rows[at : at+len(g.Criteria)]})
		at += len(g.Criteria)
	}
	return out
}

// supported asks whether a control only supports something here: otherwise the column would stand empty.
func (d coverageData) supported() bool {
	return slices.ContainsFunc(d.Rows, func(c covering) bool { return len(c.Supporting) > 0 })
}

// primaryWord heads the primary controls on a narrow page; where nothing stands beside them they need no name.
func primaryWord(ctx context.Context, d coverageData) string {
	if d.supported() {
		return shell.T(ctx, "Primary")
	}
	return ""
}

func (d coverageData) columns() string {
	if d.supported() {
		return "5"
	}
	return "4"
}

func (d coverageData) gaps() []covering { return gapsOf(d.Rows) }

// caption counts: "35 of 36 criteria are served by a primary control".
func (d coverageData) caption(ctx context.Context) string {
	n := len(d.Rows)
	return shell.T(ctx, "%s of %s %s are served by a primary control; each control with the worst of its tests", count(ctx, n-len(d.gaps())), count(ctx, n), shell.T(ctx, noun(d.Framework, n)))
}

func (d coverageData) link(framework string) string {
	if framework == d.Of {
		return "/coverage"
	}
	return "/coverage?framework=" + url.QueryEscape(framework)
}

// tabs lead to the frameworks; the one that the report is about is named so.
func (d coverageData) tabs(ctx context.Context) []shell.Tab {
	var out []shell.Tab
	for _, f := range d.Choices {
		t := shell.Tab{Path: d.link(f.ID), Text: shell.T(ctx, d.tab(f)), Current: f.ID == d.Framework}
		if f.ID == d.Of {
			t.Count = shell.T(ctx, "this report")
		}
		out = append(out, t)
	}
	return out
}

// tab is what a framework is called among the others.
func (d coverageData) tab(f catalog.Framework) string {
	name := map[string]string{catalog.TSC: phrase.Mark("Trust services criteria"), catalog.ISO27001: phrase.Mark("ISO/IEC 27001, Annex A"), catalog.SOC1: phrase.Mark("SOC 1 objectives")}[f.ID]
	if name == "" {
		name = f.Title
	}
	return name
}
