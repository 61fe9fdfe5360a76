package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

const (
	rowsOfPage  = 50
	rowsOfStory = 40 // records of one item that are shown with their proofs
)

// head is what every page's frame needs.
type head struct {
	Title        string
	Organization string
	Here         string // the entry of the navigation that is current
	CSS          string
	Report       bool
	Reload       int // seconds after which the page loads again by itself; 0 for never
	Gauge        bool
	Documents    bool
}

func (s *Site) head(title, here string) head {
	return head{Title: title, Organization: s.o.Organization, Here: here, CSS: s.cssURL,
		Report: s.o.Drafts != nil, Gauge: s.o.Gauge != nil, Documents: s.o.Documents != nil}
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
		q.Set("test", r.Test.Test)
		q.Set("version", strconv.Itoa(r.Test.Version))
	}
	u := "/controls/" + url.PathEscape(r.Control.ID)
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return u
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
func (s *Site) rows(res assure.Results) []row {
	var out []row
	add := func(c assure.Control) {
		n := len(out)
		for _, t := range res.Controls {
			if t.Control == c.ID {
				out = append(out, row{Control: c, Test: t, Tested: true})
			}
		}
		for i := range out[n:] {
			out[n+i].Several = len(out)-n > 1
		}
		if len(out) == n {
			out = append(out, row{Control: c})
		}
	}
	for _, c := range s.o.Catalog.Controls {
		add(c)
	}
	for _, t := range res.Controls {
		if !slices.ContainsFunc(out, func(r row) bool { return r.Control.ID == t.Control }) {
			add(assure.Control{ID: t.Control, Title: t.Title, Shape: t.Shape})
		}
	}
	return out
}

type overviewData struct {
	head
	Report  string
	Results assure.Results
	Rows    []row
	Scope   []covering // what the report is held against
	Noun    string
}

func (s *Site) overview(w http.ResponseWriter, r *http.Request) error {
	res, err := s.o.Tests.Tests(r.Context())
	if err != nil {
		return err
	}
	d := overviewData{head: s.head("Overview", "overview"), Report: s.o.Report, Results: res, Rows: s.rows(res)}
	d.Scope, d.Noun = coverings(s.o.Catalog.Criteria, d.Rows), noun(s.frameworkOf(), len(s.o.Catalog.Criteria))
	return s.page(w, r, http.StatusOK, overviewPage(d))
}

// standings counts the controls by their worst standing, worst first.
func (d overviewData) standings() []tally {
	worst := map[string]report.Standing{}
	var order []string
	untested := 0
	for _, x := range d.Rows {
		if !x.Tested {
			untested++
			continue
		}
		s, seen := worst[x.Control.ID]
		if !seen {
			order = append(order, x.Control.ID)
		}
		worst[x.Control.ID] = max(s, report.StandingOf(x.Test))
	}
	var out []tally
	for s := report.Deviates; s >= report.Clean; s-- {
		t := tally{Mark: s.Mark(), Word: s.Word()}
		for _, id := range order {
			if worst[id] == s {
				t.Controls = append(t.Controls, id)
			}
		}
		if len(t.Controls) > 0 {
			out = append(out, t)
		}
	}
	if untested > 0 {
		t := tally{Mark: report.MarkGap, Word: "Not tested"}
		for _, x := range d.Rows {
			if !x.Tested {
				t.Controls = append(t.Controls, x.Control.ID)
			}
		}
		out = append(out, t)
	}
	return out
}

type tally struct {
	Mark     report.Mark
	Word     string
	Controls []string
}

// controlCount counts controls, not tests.
func (d overviewData) controlCount() int {
	n := 0
	for _, t := range d.standings() {
		n += len(t.Controls)
	}
	return n
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
}

func (s *Site) control(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("control")
	res, err := s.o.Tests.Tests(r.Context())
	if err != nil {
		return err
	}
	d := controlData{Zone: s.o.Zone, Period: res.Period}
	for _, x := range s.rows(res) {
		if x.Control.ID == id {
			d.Control, d.Tests = x.Control, append(d.Tests, x)
		}
	}
	if len(d.Tests) == 0 {
		return fault.NotFound
	}
	d.head = s.head(id+" "+d.Control.Title, "controls")
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
		if d.Items, d.Total, err = s.o.Items.Items(r.Context(), d.Query); err != nil {
			return err
		}
	}
	return s.page(w, r, http.StatusOK, controlPage(d))
}

// choose finds the test that the address names; without a name it is the first.
func choose(tests []row, q url.Values) (row, error) {
	if !q.Has("test") {
		return tests[0], nil
	}
	for _, t := range tests {
		if t.Test.Test == q.Get("test") && strconv.Itoa(t.Test.Version) == q.Get("version") {
			return t, nil
		}
	}
	return row{}, fault.NotFound
}

var verdicts = []assure.Verdict{assure.Deviation, assure.Undecided, assure.Pass, assure.NotApplicable}

func query(ref TestRef, q url.Values) (Query, error) {
	out := Query{TestRef: ref, Verdict: assure.Verdict(q.Get("verdict")), Month: q.Get("month"), Text: q.Get("q"), Limit: rowsOfPage}
	if out.Verdict != "" && !slices.Contains(verdicts, out.Verdict) {
		return Query{}, fault.Refuse("%q is not a verdict; expected one of %v", q.Get("verdict"), verdicts)
	}
	if out.Month != "" {
		if _, err := civil.ParseDate(out.Month + "-01"); err != nil {
			return Query{}, fault.Refuse("%q is not a month; expected YYYY-MM", out.Month)
		}
	}
	if p := q.Get("page"); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 1<<30 {
			return Query{}, fault.Refuse("%q is not a page", p)
		}
		out.Offset = (n - 1) * rowsOfPage
	}
	return out, nil
}

// link is the address of this list with another verdict or page.
func (d controlData) link(v assure.Verdict, page int) string {
	q := url.Values{}
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

// span says which of the items are shown: "1 to 50 of 1,204".
func (d controlData) span() string {
	if len(d.Items) == 0 {
		return "0 of " + report.Count(d.Total)
	}
	return report.Count(d.Query.Offset+1) + " to " + report.Count(d.Query.Offset+len(d.Items)) + " of " + report.Count(d.Total)
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

type sourcesData struct {
	head
	Zone  civil.Zone
	Pulls []PullView
	Total int
	Page  int
}

func (s *Site) sources(w http.ResponseWriter, r *http.Request) error {
	all, err := s.o.Pulls.Pulls(r.Context())
	if err != nil {
		return err
	}
	q, err := query(TestRef{}, r.URL.Query())
	if err != nil {
		return err
	}
	from := min(q.Offset, len(all))
	d := sourcesData{head: s.head("Sources", "sources"), Zone: s.o.Zone, Total: len(all), Page: q.Offset/rowsOfPage + 1,
		Pulls: all[from:min(from+rowsOfPage, len(all))]}
	return s.page(w, r, http.StatusOK, sourcesPage(d))
}

// checksOf sums the checks of a pull in one word. Checks of accuracy alone do not show that
// the register is whole.
func checksOf(cs []assure.Check) (report.Mark, string) {
	t := assure.TestResult{Completeness: cs, Registers: registersOf(cs)}
	word, failed := t.Wholeness()
	switch {
	case len(failed) > 0:
		return report.CompletenessMark(assure.CheckFailed), strconv.Itoa(len(failed)) + " of " + strconv.Itoa(len(cs)) + " checks failed"
	case word == assure.Shown:
		return report.CompletenessMark(word), word.Word() + " whole, " + strconv.Itoa(passedOf(cs)) + " of " + strconv.Itoa(len(cs)) + " checks passed"
	}
	return report.CompletenessMark(word), "Completeness " + strings.ToLower(word.Word())
}

func registersOf(cs []assure.Check) []string {
	var out []string
	for _, c := range cs {
		if !slices.Contains(out, c.Register) {
			out = append(out, c.Register)
		}
	}
	return out
}

func covers(p PullView) string {
	from, to := p.Params["from"], p.Params["to"]
	if from == "" && to == "" {
		return ""
	}
	return strings.TrimSpace(from + " to " + to)
}
