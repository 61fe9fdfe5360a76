package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

const (
	rowsOfPage  = 50
	rowsOfList  = 100 // controls of a page
	rowsOfStory = 40  // records of one item that are shown with their proofs
)

// head is what every page has.
type head struct {
	Title string // in the reader's language
}

// row is one test of one version of a control, with the control that it belongs to.
type row struct {
	Control assure.Control
	Test    assure.TestResult
	Several bool // the control has more than one test
	Tested  bool // false: the control has no result
}

func (r row) ref() TestRef { return TestRef{r.Test.Control, r.Test.Test, r.Test.Version} }

// name tells a control's tests apart.
func (r row) name() string {
	if r.Test.Version > 1 {
		return r.Test.Test + " v" + strconv.Itoa(r.Test.Version)
	}
	return r.Test.Test
}

// needed counts the items that needed the control.
func (r row) needed() int { return r.Test.Population - r.Test.NotApplicable }

// itemsURL leads to the items that a figure counts.
func (r row) itemsURL(v assure.Verdict) string {
	q := url.Values{}
	if v != "" {
		q.Set("verdict", string(v))
	}
	return r.url(q) + "#items"
}

func (r row) url(q url.Values) string {
	if r.Several {
		if q == nil {
			q = url.Values{}
		}
		q.Set("test", r.Test.Test)
		q.Set("version", strconv.Itoa(r.Test.Version))
	}
	u := "/controls/" + url.PathEscape(r.Control.ID)
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return u
}

// monthURL leads to the items of a month.
func (r row) monthURL(month string, v assure.Verdict) string {
	q := url.Values{"month": {month}}
	if v != "" {
		q.Set("verdict", string(v))
	}
	return r.url(q) + "#items"
}

func (r row) itemURL(key string) string {
	q := url.Values{"key": {key}}
	if r.Several {
		q.Set("test", r.Test.Test)
		q.Set("version", strconv.Itoa(r.Test.Version))
	}
	return "/controls/" + url.PathEscape(r.Control.ID) + "/item?" + q.Encode()
}

// rows puts the results in the order of the program; controls without a result stand there
// too, and so do results of controls that the program no longer has.
func (s *Site) rows(res *assure.Results) []row {
	tests := map[string][]assure.TestResult{}
	var order []string
	for _, t := range res.Controls {
		if _, seen := tests[t.Control]; !seen {
			order = append(order, t.Control)
		}
		tests[t.Control] = append(tests[t.Control], t)
	}
	var out []row
	known := map[string]bool{}
	for _, c := range s.o.Catalog.Controls {
		known[c.ID] = true
		out = append(out, rowsOf(c, tests[c.ID])...)
	}
	for _, id := range order {
		if t := tests[id]; !known[id] {
			out = append(out, rowsOf(assure.Control{ID: id, Title: t[0].Title, Shape: t[0].Shape}, t)...)
		}
	}
	return out
}

func rowsOf(c assure.Control, tests []assure.TestResult) []row {
	if len(tests) == 0 {
		return []row{{Control: c}}
	}
	var out []row
	for _, t := range tests {
		out = append(out, row{Control: c, Test: t, Tested: true, Several: len(tests) > 1})
	}
	return out
}

type overviewData struct {
	head
	Report  string
	Results *assure.Results
	Rows    []row      // of the page
	All     int        // controls
	Tested  int        // controls with a result
	Tallies []tally    // of all controls
	Scope   []covering // what the report is held against
	Noun    string
	Ledger  bool // there is a page of it
	Page    int
	Last    int
}

func (s *Site) overview(w http.ResponseWriter, r *http.Request) error {
	k, err := s.worked(r.Context())
	if err != nil {
		return err
	}
	d := overviewData{head: head{shell.T(r.Context(), "Results")}, Report: s.o.Report, Results: k.res, All: len(k.worst), Tested: k.tested, Tallies: k.tallies,
		Scope: k.scope, Noun: noun(s.frameworkOf(), len(s.o.Catalog.Criteria)), Ledger: s.o.Ledger != nil}
	page, err := pageOf(r.URL.Query())
	if err != nil {
		return err
	}
	from, to := span(page, rowsOfList, len(k.worst))
	for _, x := range k.worst[from:to] {
		d.Rows = append(d.Rows, k.of(x.Control.ID)...)
	}
	d.Page, d.Last = page, lastPage(len(k.worst), rowsOfList)
	return shell.Page(w, r, http.StatusOK, overviewPage(d))
}

func resultsURL(page int) string {
	if page < 2 {
		return "/results"
	}
	return "/results?page=" + strconv.Itoa(page)
}

// pageOf reads the number of a page of a list.
func pageOf(q url.Values) (int, error) {
	p := q.Get("page")
	if p == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(p)
	if err != nil || n < 1 || n > 1<<30 {
		return 0, fault.Refuse("%q is not a page", p)
	}
	return n, nil
}

// span is the part of a list of n that stands on a page.
func span(page, size, n int) (from, to int) {
	from = min((page-1)*size, n)
	return from, min(from+size, n)
}

func lastPage(n, size int) int { return max(1, (n+size-1)/size) }

// standings counts the controls by their worst standing, worst first.
func standings(worst []row) []tally {
	by := map[report.Standing]*tally{}
	untested := tally{Mark: report.MarkGap, Word: notTested}
	for i, x := range worst {
		t := &untested
		if x.Tested {
			s := report.StandingOf(x.Test)
			if by[s] == nil {
				by[s] = &tally{Mark: s.Mark(), Word: s.Word()}
			}
			t = by[s]
		}
		if t.N++; t.N == 1 {
			t.First = resultsURL(i/rowsOfList+1) + "#control-" + x.Control.ID
		}
	}
	var out []tally
	for s := report.Deviates; s >= report.Clean; s-- {
		if by[s] != nil {
			out = append(out, *by[s])
		}
	}
	if untested.N > 0 {
		out = append(out, untested)
	}
	return out
}

type tally struct {
	Mark  report.Mark
	Word  string
	N     int    // controls
	First string // where the first of them stands in the list
}

type controlData struct {
	head
	Zone     civil.Zone
	Period   civil.Period
	Control  assure.Control
	Listing  listing
	Criteria []assure.Criterion // in scope, that the control serves
	Tests    []row
	Current  row      // the test whose items are listed
	Persons  []string // the letters of the current test that a person answers
	Query    Query
	Items    []Item
	Total    int
	Open     bool     // the reader may see single items
	Columns  []string // fields of the item's own record that can be shown
}

func (s *Site) control(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("control")
	k, err := s.worked(r.Context())
	if err != nil {
		return err
	}
	d := controlData{Zone: s.o.Zone, Period: k.res.Period, Tests: k.of(id), Open: shell.May(r.Context(), access.ReadRecords)}
	if len(d.Tests) == 0 {
		return fault.NotFound
	}
	d.Control = d.Tests[0].Control
	d.head = head{id + " " + d.Control.Title}
	d.Listing = s.listing(d.Control)
	for _, cr := range s.o.Catalog.Criteria {
		if catalog.Serves(d.Control, cr) != "" {
			d.Criteria = append(d.Criteria, cr)
		}
	}
	if d.Current, err = choose(d.Tests, r.URL.Query()); err != nil {
		return err
	}
	d.Persons = s.o.Catalog.Tests[id].Persons[d.Current.ref()]
	if d.Current.Tested && d.Current.Test.Outcome != assure.Blocked {
		if d.Query, err = query(d.Current.ref(), r.URL.Query()); err != nil {
			return err
		}
		if d.Open {
			if d.Columns, err = s.o.Items.Columns(r.Context(), d.Current.ref()); err != nil {
				return err
			}
			if d.Query.Columns, err = columns(r.URL.Query()["col"], d.Columns); err != nil {
				return err
			}
			if d.Items, d.Total, err = s.o.Items.Items(r.Context(), d.Query); err != nil {
				return err
			}
		}
	}
	return shell.Page(w, r, http.StatusOK, controlPage(d))
}

// choose finds the test that the address names; without a name it is the first.
func choose(tests []row, q url.Values) (row, error) {
	if !q.Has("test") {
		return tests[0], nil
	}
	for _, t := range tests {
		if t.Test.Test == q.Get("test") && (!q.Has("version") || strconv.Itoa(t.Test.Version) == q.Get("version")) {
			return t, nil
		}
	}
	return row{}, fault.NotFound
}

var sorts = []Sort{ByVerdict, ByKey, ByKeyDown, ByEvent, ByLatest}

var verdicts = []assure.Verdict{assure.Deviation, assure.Undecided, assure.Pass, assure.NotApplicable}

func query(ref TestRef, q url.Values) (Query, error) {
	out := Query{TestRef: ref, Verdict: assure.Verdict(q.Get("verdict")), Month: q.Get("month"), Text: q.Get("q"), Limit: rowsOfPage}
	if out.Verdict != "" && !slices.Contains(verdicts, out.Verdict) {
		return Query{}, fault.Refuse("%q is not a verdict; expected one of %v", q.Get("verdict"), verdicts)
	}
	if out.Sort = Sort(q.Get("sort")); !slices.Contains(sorts, out.Sort) {
		return Query{}, fault.Refuse("%q is no order of items; expected one of key, -key, event, -event", q.Get("sort"))
	}
	if out.Month != "" {
		if _, err := civil.ParseDate(out.Month + "-01"); err != nil {
			return Query{}, fault.Refuse("%q is not a month; expected YYYY-MM", out.Month)
		}
	}
	page, err := pageOf(q)
	out.Offset = (page - 1) * rowsOfPage
	return out, err
}

// mostColumns is how many fields a list of items shows beside its own columns.
const mostColumns = 6

// columns takes the fields that were asked for, in the order in which they can be chosen.
func columns(asked, known []string) ([]string, error) {
	if len(asked) > mostColumns {
		return nil, fault.Refuse("%d columns are asked for; expected at most %d", len(asked), mostColumns)
	}
	for _, c := range asked {
		if !slices.Contains(known, c) {
			return nil, fault.Refuse("%q is no field of these items; expected one of %s", c, strings.Join(known, ", "))
		}
	}
	var out []string
	for _, c := range known {
		if slices.Contains(asked, c) {
			out = append(out, c)
		}
	}
	return out, nil
}

// sorted is the address of this list in another order: the one named, or the other way round where it is in that order already.
func (d controlData) sorted(by, other Sort) string {
	if d.Query.Sort == by {
		by = other
	}
	d.Query.Sort = by
	return d.link(d.Query.Verdict, 1)
}

// order says of a column how the list is sorted by it, as aria-sort has it.
func (d controlData) order(up, down Sort) string {
	switch d.Query.Sort {
	case up:
		return "ascending"
	case down:
		return "descending"
	}
	return "none"
}

// link is the address of this list with another verdict or page.
func (d controlData) link(v assure.Verdict, page int) string {
	q := url.Values{}
	if d.Query.Sort != ByVerdict {
		q.Set("sort", string(d.Query.Sort))
	}
	if len(d.Query.Columns) > 0 {
		q["col"] = slices.Clone(d.Query.Columns)
	}
	if v != "" {
		q.Set("verdict", string(v))
	}
	if d.Query.Month != "" {
		q.Set("month", d.Query.Month)
	}
	if d.Query.Text != "" {
		q.Set("q", d.Query.Text)
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	return d.Current.url(q) + "#items"
}

func (d controlData) pageNumber() int { return d.Query.Offset/rowsOfPage + 1 }

func (d controlData) pages() int { return max(1, (d.Total+rowsOfPage-1)/rowsOfPage) }

// caption says which of the items are shown: "1 to 50 of 1,204 items, deviations first".
func (d controlData) caption(ctx context.Context) string {
	from, to, of := count(ctx, d.Query.Offset+1), count(ctx, d.Query.Offset+len(d.Items)), count(ctx, d.Total)
	var s string
	switch d.Query.Sort {
	case ByKey, ByKeyDown:
		s = shell.T(ctx, "%s to %s of %s items, by key", from, to, of)
	case ByEvent:
		s = shell.T(ctx, "%s to %s of %s items, the earliest first", from, to, of)
	case ByLatest:
		s = shell.T(ctx, "%s to %s of %s items, the latest first", from, to, of)
	default:
		s = shell.T(ctx, "%s to %s of %s items, deviations first", from, to, of)
	}
	if d.filtered() {
		s += ", " + shell.T(ctx, "filtered")
	}
	return s
}

func (d controlData) filtered() bool {
	return d.Query.Verdict != "" || d.Query.Month != "" || d.Query.Text != ""
}

func countOf(t assure.TestResult, v assure.Verdict) int {
	switch v {
	case assure.Deviation:
		return t.Deviating
	case assure.Undecided:
		return t.Undecided
	case assure.Pass:
		return t.Passed
	case assure.NotApplicable:
		return t.NotApplicable
	}
	return t.Population
}
