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
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// statusMark and statusWord tell a status by a shape and a word; the colour only repeats them.
func statusMark(s gauge.Status) report.Mark {
	return [...]report.Mark{report.MarkPass, report.MarkGap, report.MarkDeviation}[s]
}

func statusWord(s gauge.Status) string {
	return [...]string{phrase.Mark("Green"), phrase.Mark("Amber"), phrase.Mark("Red")}[s]
}

func severityMark(s gauge.Severity) report.Mark {
	return [...]report.Mark{report.MarkNone, report.MarkGap, report.MarkDeviation}[s]
}

// severityWord says a severity as the status that it makes. A fact to be worded in the report makes none.
func severityWord(s gauge.Severity) string {
	return [...]string{phrase.Mark("To word"), phrase.Mark("Amber"), phrase.Mark("Red")}[s]
}

// answer is the readiness of the report in one word.
func answer(status string) (report.Mark, string) {
	switch status {
	case gauge.Green.Word():
		return report.MarkPass, phrase.Mark("Ready")
	case gauge.Amber.Word():
		return report.MarkGap, phrase.Mark("At risk")
	}
	return report.MarkDeviation, phrase.Mark("Not ready")
}

// capital starts a line with a capital letter.
func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

// readyData is what the pages of readiness have in common.
type readyData struct {
	head
	R *gauge.Readiness
	*weighed
	Tab       string // the address of the page among them
	drafts    bool   // there is a page /report
	documents bool   // there is a page /documents
	static
}

// static is what pages look up in the program, which does not change while they are served.
type static struct {
	place map[string]bool // addresses of controls
	rules map[string]gauge.Rule
	subs  map[string]assure.Criterion
	// titles are those of the controls, by their ids.
	titles map[string]string
}

func newStatic(c Catalog) static {
	out := static{map[string]bool{}, map[string]gauge.Rule{}, map[string]assure.Criterion{}, map[string]string{}}
	for _, x := range c.Controls {
		out.place["/controls/"+x.ID], out.titles[x.ID] = true, x.Title
	}
	for _, x := range gauge.Rules() {
		out.rules[x.ID] = x
	}
	for _, x := range c.Criteria {
		out.subs[x.ID] = x
	}
	return out
}

func (s *Site) ready(r *http.Request, title, tab string) (readyData, error) {
	got, err := s.weighed(r.Context())
	if err != nil {
		return readyData{}, err
	}
	return readyData{head: head{title}, R: got.r, weighed: got, Tab: tab, static: s.static, drafts: s.o.Drafts != nil, documents: s.o.Documents != nil}, nil
}

// pageOf is where the fix of a gap is made: the page that the gap names, if it is served here.
func (d readyData) pageOf(g gauge.Gap) string {
	switch {
	case strings.HasPrefix(g.Page, "/controls/") && !d.place[g.Page]:
		return "/controls"
	case g.Page == "/report" && !d.drafts && d.documents:
		return "/documents"
	case g.Page == "/report" && !d.drafts:
		return ""
	}
	return g.Page
}

// offered leaves out a page that the reader would be refused.
func offered(ctx context.Context, page string) string {
	switch page {
	case "/sources":
		if !shell.May(ctx, access.ReadSources) {
			return ""
		}
	case "/documents", "/report":
		if !shell.May(ctx, access.ReadDrafts) {
			return ""
		}
	}
	return page
}

// pageWord names the page that a gap leads to.
func pageWord(page string) string {
	switch page {
	case "/coverage":
		return phrase.Mark("Coverage")
	case "/sources":
		return phrase.Mark("Sources")
	case "/report":
		return phrase.Mark("Draft report")
	case "/documents":
		return phrase.Mark("Documents")
	case "/controls":
		return phrase.Mark("Controls")
	}
	return strings.TrimPrefix(page, "/controls/")
}

// about says in time what the report speaks of.
func (d readyData) about(ctx context.Context) string {
	switch {
	case d.R.AsOf != nil:
		return shell.T(ctx, "as of %s", date(ctx, *d.R.AsOf))
	case d.R.Period != nil:
		return shell.T(ctx, "%s to %s", date(ctx, d.R.Period.From), date(ctx, d.R.Period.To))
	}
	return ""
}

// begun says when fieldwork begins, or that it has.
func (d readyData) begun(ctx context.Context) string {
	if d.R.Fieldwork <= d.R.Today {
		return shell.T(ctx, "fieldwork could begin from %s on", date(ctx, d.R.Fieldwork))
	}
	return shell.N(ctx, int(d.R.Fieldwork-d.R.Today), "fieldwork begins on %[2]s, in %[1]d day", "fieldwork begins on %[2]s, in %[1]d days", date(ctx, d.R.Fieldwork))
}

// shareOf is one colour of a triple.
type shareOf struct {
	Status gauge.Status
	N      int
}

// triple is the three counts, the worst first. They are never joined into one figure.
func triple(c gauge.Counts) []shareOf {
	return []shareOf{{gauge.Red, c.Red}, {gauge.Amber, c.Amber}, {gauge.Green, c.Green}}
}

func total(c gauge.Counts) int { return c.Red + c.Amber + c.Green }

// cause is what several gaps of one rule and one severity say together.
type cause struct {
	Rule     gauge.Rule
	Severity gauge.Severity
	Gaps     []gauge.Gap
}

// causes puts the gaps of each rule together: the worst first, and of those what is found most often.
func (d static) causes(gaps []gauge.Gap) []cause {
	var out []cause
	for _, g := range gaps {
		i := slices.IndexFunc(out, func(c cause) bool { return c.Rule.ID == g.Rule && c.Severity == g.Severity })
		if i < 0 {
			i = len(out)
			rule, known := d.rules[g.Rule]
			if !known {
				rule = gauge.Rule{ID: g.Rule, Trigger: g.What, Fix: g.Fix, Risk: g.Risk}
			}
			out = append(out, cause{Rule: rule, Severity: g.Severity})
		}
		out[i].Gaps = append(out[i].Gaps, g)
	}
	slices.SortStableFunc(out, func(a, b cause) int {
		if a.Severity != b.Severity {
			return int(b.Severity) - int(a.Severity)
		}
		return len(b.Gaps) - len(a.Gaps)
	})
	return out
}

// mostCauses is how many causes the answer names before it leads to the rest.
const mostCauses = 6

// where says what a cause is found at: "39 controls", "CC6.4", "the report".
func (c cause) where(ctx context.Context) string {
	controls, criteria := map[string]bool{}, map[string]bool{}
	for _, g := range c.Gaps {
		switch {
		case g.Control != "":
			controls[g.Control] = true
		case g.Criterion != "":
			criteria[g.Criterion] = true
		}
	}
	switch {
	case len(controls) == 1 && len(criteria) == 0:
		return c.Gaps[0].Control
	case len(controls) > 0:
		return shell.N(ctx, len(controls), "%d control", "%d controls")
	case len(criteria) == 1:
		return c.Gaps[0].Criterion
	case len(criteria) > 0:
		return shell.N(ctx, len(criteria), "%d criterion", "%d criteria")
	case len(c.Gaps) > 1:
		return shell.N(ctx, len(c.Gaps), "the report, once", "the report, %d times")
	}
	return shell.T(ctx, "the report")
}

// example is one gap of the cause, with the control it is found at.
func (c cause) example(ctx context.Context) string {
	g := c.Gaps[0]
	if g.Control != "" && len(c.Gaps) > 1 {
		return g.Control + ": " + told(ctx, g.What)
	}
	return told(ctx, g.What)
}

func (c cause) url() string {
	return gapsURL(gapFilter{Rule: c.Rule.ID, Severity: c.Severity.String()}, 1)
}

type readinessData struct {
	readyData
	Causes []cause // of what is red or amber
}

func (s *Site) readiness(w http.ResponseWriter, r *http.Request) error {
	d, err := s.ready(r, shell.T(r.Context(), "Readiness"), "/readiness")
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, readinessPage(readinessData{d, d.open}))
}

// series groups the criteria as the framework does.
func (d readyData) series() []criteriaOf {
	var out []criteriaOf
	for _, cr := range d.R.Criteria {
		sub := d.subs[cr.ID]
		id := sub.Series
		if id == "" {
			id = cr.Category
		}
		if n := len(out); n == 0 || out[n-1].ID != id {
			out = append(out, criteriaOf{group: group{ID: id, Title: sub.SeriesTitle}})
		}
		g := &out[len(out)-1]
		g.List = append(g.List, cr)
	}
	return out
}

type criteriaOf struct {
	group
	List []gauge.CriterionStatus
}

// gapsAt counts what stands against a criterion itself, beside its controls.
func (d readyData) gapsAt(criterion string) int { return d.criterion[criterion] }

func (d readyData) statusOf(control string) (gauge.ControlStatus, bool) {
	i, ok := d.status[control]
	if !ok {
		return gauge.ControlStatus{}, false
	}
	return d.R.Controls[i], true
}

func readyURL(control string) string { return "/readiness/controls/" + url.PathEscape(control) }

// categoryWord is a category as a person reads it.
func categoryWord(id string) string { return capital(strings.ReplaceAll(id, "_", " ")) }

// met counts the exit criteria of a stage that are met.
func met(s gauge.Stage) int {
	n := 0
	for _, e := range s.Exit {
		if e.Met {
			n++
		}
	}
	return n
}

// effortShare is how much of the work is done, in percent rounded down. It is work, and no measure of readiness.
func effortShare(e gauge.Effort) int {
	if e.Total == 0 {
		return 0
	}
	return 100 * e.Done / e.Total
}

// first is the day on which the strips of the report begin.
func (d readyData) first() civil.Date {
	if d.R.Period == nil {
		return 0
	}
	return d.R.Period.From
}

// effortSVG draws the bar of effort. The words beside it tell the same.
func effortSVG(e gauge.Effort) string {
	return `<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="ground" width="100" height="8" rx="2"/><rect class="total" width="` +
		strconv.Itoa(effortShare(e)) + `" height="8" rx="2"/></svg>`
}
