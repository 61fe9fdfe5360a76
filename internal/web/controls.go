package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

// Testing says how a control is decided.
type Testing struct {
	Checklist  bool // a person answers some of its attributes, with evidence; otherwise records answer all of them
	Attributes int  // lettered questions, over all tests of the control
	// Persons are the letters of the questions that a person answers, by the test that asks them, in
	// the order of the test. A test whose every answer is in records is not there.
	Persons map[TestRef][]string
}

// The kinds of test, as the address of the list names them.
const (
	compiled  = "compiled"
	checklist = "checklist"
	noTest    = "none"
)

var (
	kindsOfTest = []string{compiled, checklist, noTest}
	shapesOf    = []assure.Shape{assure.Event, assure.Schedule, assure.State, assure.Roster}
)

func kindWord(kind string) string {
	switch kind {
	case compiled:
		return phrase.Mark("Compiled")
	case checklist:
		return phrase.Mark("Checklist")
	}
	return phrase.Mark("None yet")
}

func shapeWord(s assure.Shape) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}

// listing is one control as the list shows it.
type listing struct {
	Control    assure.Control
	Tests      []row // none when no test was run
	Kind       string
	Attributes int
	Served     []served // what the report is about, then the rest
	words      string   // all that the text of the filter is looked for in, in lower case
}

// served is one criterion or objective that a control serves.
type served struct {
	catalog.Mapping
	InScope bool
}

func (l listing) inScope(in bool) []served {
	var out []served
	for _, x := range l.Served {
		if x.InScope == in {
			out = append(out, x)
		}
	}
	return out
}

// also names what a control serves outside the report.
func (l listing) also() string {
	var out []string
	for _, x := range l.inScope(false) {
		out = append(out, x.Criterion)
	}
	return strings.Join(out, ", ")
}

type controlsData struct {
	head
	All      []listing
	Hits     []listing // all that the filter admits
	Shown    []listing // of them those of the page
	Page     int
	Last     int
	by       map[string]int     // how many controls each choice of the filter leaves
	Criteria []assure.Criterion // in scope, to choose from
	Filter   filter
}

// filter narrows the list of controls; an empty field lets everything through.
type filter struct {
	Shape     assure.Shape
	Kind      string
	Criterion string
	Text      string // a part of the id, title, statement, owner or unit, compared without regard to case: admits takes it in lower case
}

func (f filter) any() bool { return f != filter{} }

func (f filter) admits(l *listing) bool {
	if f.Shape != "" && l.Control.Shape != f.Shape || f.Kind != "" && l.Kind != f.Kind {
		return false
	}
	if f.Criterion != "" && !slices.ContainsFunc(l.Served, func(x served) bool { return x.Criterion == f.Criterion }) {
		return false
	}
	return f.Text == "" || strings.Contains(l.words, f.Text)
}

func (s *Site) filter(q url.Values) (filter, error) {
	f := filter{Shape: assure.Shape(q.Get("shape")), Kind: q.Get("test"), Criterion: q.Get("criterion"), Text: q.Get("q")}
	switch {
	case f.Shape != "" && !slices.Contains(shapesOf, f.Shape):
		return f, fault.Refuse("%q is not a shape; expected one of %v", f.Shape, shapesOf)
	case f.Kind != "" && !slices.Contains(kindsOfTest, f.Kind):
		return f, fault.Refuse("%q is not a kind of test; expected one of %v", f.Kind, kindsOfTest)
	case f.Criterion != "" && !s.known(f.Criterion):
		return f, fault.Refuse("%q is not a criterion or objective of any framework", f.Criterion)
	}
	return f, nil
}

// known asks whether some framework has a criterion, in scope or not.
func (s *Site) known(id string) bool {
	is := func(cr assure.Criterion) bool { return cr.ID == id }
	return slices.ContainsFunc(s.o.Catalog.Criteria, is) ||
		slices.ContainsFunc(s.o.Catalog.Frameworks, func(f catalog.Framework) bool { return slices.ContainsFunc(f.Criteria, is) })
}

// listings puts the tests of each control together.
func (s *Site) listings(rows []row) []listing {
	var out []listing
	for _, r := range rows {
		if n := len(out); n == 0 || out[n-1].Control.ID != r.Control.ID {
			out = append(out, s.listing(r.Control))
		}
		if l := &out[len(out)-1]; r.Tested {
			l.Tests = append(l.Tests, r)
		}
	}
	return out
}

func (s *Site) listing(c assure.Control) listing {
	l := listing{Control: c, Kind: noTest, words: strings.ToLower(strings.Join([]string{c.ID, c.Title, c.Statement, c.Owner, c.Unit}, "\n"))}
	if t, ok := s.o.Catalog.Tests[c.ID]; ok && t.Attributes > 0 {
		l.Kind, l.Attributes = compiled, t.Attributes
		if t.Checklist {
			l.Kind = checklist
		}
	}
	for _, m := range catalog.Mappings(c) {
		in := slices.ContainsFunc(s.o.Catalog.Criteria, func(cr assure.Criterion) bool { return cr.ID == m.Criterion && cr.Framework == m.Framework })
		if in || m.Framework != catalog.ISO27001 { // Annex A stands here only where it is what the report is about
			l.Served = append(l.Served, served{m, in})
		}
	}
	return l
}

func (s *Site) controls(w http.ResponseWriter, r *http.Request) error {
	f, err := s.filter(r.URL.Query())
	if err != nil {
		return err
	}
	k, err := s.worked(r.Context())
	if err != nil {
		return err
	}
	d := controlsData{head: head{shell.T(r.Context(), "Controls")}, All: k.listings, Criteria: s.o.Catalog.Criteria, Filter: f}
	if d.Page, err = pageOf(r.URL.Query()); err != nil {
		return err
	}
	d.by, d.Hits = k.by, d.All
	if f.any() {
		d.Hits = nil
		f.Text = strings.ToLower(strings.TrimSpace(f.Text))
		for i := range d.All {
			if f.admits(&d.All[i]) {
				d.Hits = append(d.Hits, d.All[i])
			}
		}
	}
	from, to := span(d.Page, rowsOfList, len(d.Hits))
	d.Shown, d.Last = d.Hits[from:to], lastPage(len(d.Hits), rowsOfList)
	return shell.Page(w, r, http.StatusOK, controlsPage(d))
}

// caption says how many controls are shown, and of which kinds.
func (d controlsData) caption(ctx context.Context) string {
	kinds := map[string]int{}
	for _, l := range d.Hits {
		kinds[l.Kind]++
	}
	out := shell.N(ctx, len(d.All), "%[2]s of %[1]d control", "%[2]s of %[1]d controls", count(ctx, len(d.Hits)))
	if d.Filter.any() {
		out += ", " + shell.T(ctx, "filtered")
	}
	var parts []string
	for _, k := range kindsOfTest {
		n := count(ctx, kinds[k])
		switch {
		case kinds[k] == 0:
		case k == compiled:
			parts = append(parts, shell.T(ctx, "%s compiled", n))
		case k == checklist:
			parts = append(parts, shell.T(ctx, "%s by checklist", n))
		default:
			parts = append(parts, shell.T(ctx, "%s without a test yet", n))
		}
	}
	if len(parts) > 0 {
		out += ": " + strings.Join(parts, ", ")
	}
	return out
}

// count tells, beside each choice of the filter, how many controls of the whole list it would leave.
func (d controlsData) count(ctx context.Context, f filter) string {
	n := d.by[string(f.Shape)+"\n"+f.Kind+"\n"+f.Criterion]
	return " (" + count(ctx, n) + ")"
}

// countBy counts the controls by each choice of the filter.
func countBy(list []listing) map[string]int {
	by := map[string]int{}
	for _, l := range list {
		by[string(l.Control.Shape)+"\n\n"]++
		by["\n"+l.Kind+"\n"]++
		seen := map[string]bool{}
		for _, x := range l.Served {
			if !seen[x.Criterion] {
				seen[x.Criterion] = true
				by["\n\n"+x.Criterion]++
			}
		}
	}
	return by
}

// series groups the criteria to choose from.
func (d controlsData) series() []group { return groups(d.Criteria) }

// group is a series of criteria, such as CC6, or a family of objectives.
type group struct {
	ID, Title string
	Criteria  []assure.Criterion
}

func groups(cs []assure.Criterion) []group {
	var out []group
	for _, cr := range cs {
		if n := len(out); n == 0 || out[n-1].ID != cr.Series {
			out = append(out, group{ID: cr.Series, Title: cr.SeriesTitle})
		}
		g := &out[len(out)-1]
		g.Criteria = append(g.Criteria, cr)
	}
	return out
}

// heading is what a group is called: "CC6 Logical access", "Payroll processing".
func (g group) heading() string {
	if g.ID == strings.ToUpper(g.ID) && g.ID != "" {
		return strings.TrimSpace(g.ID + " " + g.Title)
	}
	return cmp.Or(g.Title, g.ID)
}

// outside is the criterion that is filtered by when the report is not about it: a choice of its own in the form.
func (d controlsData) outside() string {
	if slices.ContainsFunc(d.Criteria, func(cr assure.Criterion) bool { return cr.ID == d.Filter.Criterion }) {
		return ""
	}
	return d.Filter.Criterion
}

// testWords is the kind of test with its size.
func (l listing) testWords(ctx context.Context) string {
	if l.Kind == noTest {
		return ""
	}
	return shell.T(ctx, kindWord(l.Kind)) + ", " + shell.N(ctx, l.Attributes, "%d attribute", "%d attributes")
}

// servesWord heads what a control serves, on its own page.
func (d controlData) servesWord(ctx context.Context) string {
	return capital(shell.T(ctx, noun(d.Criteria[0].Framework, len(d.Criteria))))
}

// url is the address of the list with its filter, at one of its pages.
func (d controlsData) url(page int) string {
	q := url.Values{}
	for name, v := range map[string]string{"shape": string(d.Filter.Shape), "test": d.Filter.Kind, "criterion": d.Filter.Criterion, "q": d.Filter.Text} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/controls"
	}
	return "/controls?" + q.Encode()
}
