package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/web/shell"
)

// gapFilter narrows the list of gaps; an empty field lets everything through.
type gapFilter struct {
	Severity  string // red, amber or info
	Rule      string
	Control   string
	Criterion string
}

func (f gapFilter) any() bool { return f != gapFilter{} }

func (f gapFilter) admits(g gauge.Gap) bool {
	return (f.Severity == "" || g.Severity.String() == f.Severity) && (f.Rule == "" || g.Rule == f.Rule) && (f.Control == "" || g.Control == f.Control) &&
		(f.Criterion == "" || g.Criterion == f.Criterion || slices.Contains(g.Criteria, f.Criterion))
}

func filtered(gaps []gauge.Gap, f gapFilter) []gauge.Gap {
	var out []gauge.Gap
	for _, g := range gaps {
		if f.admits(g) {
			out = append(out, g)
		}
	}
	return out
}

// gapsURL is the address of the list with a filter, at one of its pages.
func gapsURL(f gapFilter, page int) string {
	q := url.Values{}
	for name, v := range map[string]string{"severity": f.Severity, "rule": f.Rule, "control": f.Control, "criterion": f.Criterion} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/readiness/gaps"
	}
	return "/readiness/gaps?" + q.Encode()
}

type gapsData struct {
	readyData
	Filter gapFilter
	Hits   []gauge.Gap // all that the filter admits, the worst first
	Page   int
	Shown  []cause
	N      int // gaps on this page
}

// mostOptions is how many controls a list to choose from holds; of more the id is typed.
const mostOptions = 200

var severities = []gauge.Severity{gauge.Block, gauge.Warn, gauge.Info}

func (s *Site) gaps(w http.ResponseWriter, r *http.Request) error {
	d, err := s.ready(r, shell.T(r.Context(), "Gaps"), "/readiness/gaps")
	if err != nil {
		return err
	}
	q := r.URL.Query()
	out := gapsData{readyData: d, Filter: gapFilter{q.Get("severity"), q.Get("rule"), q.Get("control"), q.Get("criterion")}}
	if err := out.check(); err != nil {
		return err
	}
	paged, err := query(TestRef{}, url.Values{"page": q["page"]})
	if err != nil {
		return err
	}
	out.Hits = d.sorted
	if out.Filter.any() {
		out.Hits = nil
		for _, c := range d.causes(filtered(d.R.Gaps, out.Filter)) {
			out.Hits = append(out.Hits, c.Gaps...)
		}
	}
	out.Page = paged.Offset/rowsOfPage + 1
	from := min(paged.Offset, len(out.Hits))
	part := out.Hits[from:min(from+rowsOfPage, len(out.Hits))]
	out.Shown, out.N = d.causes(part), len(part)
	return shell.Page(w, r, http.StatusOK, gapsPage(out))
}

// check refuses a filter that names what does not exist, so that an empty list is never a mistyped one.
func (d gapsData) check() error {
	f := d.Filter
	if f.Severity != "" && !slices.ContainsFunc(severities, func(s gauge.Severity) bool { return s.String() == f.Severity }) {
		return fault.Refuse("%q is not a severity; expected red, amber or info", f.Severity)
	}
	if _, ok := d.rules[f.Rule]; f.Rule != "" && !ok {
		return fault.Refuse("%q is not a rule; expected one of G01 to G28", f.Rule)
	}
	if _, ok := d.statusOf(f.Control); f.Control != "" && !ok {
		return fault.Refuse("%q is not a control in scope", f.Control)
	}
	if f.Criterion != "" && !slices.ContainsFunc(d.R.Criteria, func(c gauge.CriterionStatus) bool { return c.ID == f.Criterion }) {
		return fault.Refuse("%q is not in scope of the report", f.Criterion)
	}
	return nil
}

// count tells, beside each choice of the filter, how many gaps of the whole list it would leave.
func (d gapsData) count(ctx context.Context, f gapFilter) string {
	n := 0
	switch {
	case f.Severity != "":
		n = d.severity[f.Severity]
	case f.Rule != "":
		n = d.rule[f.Rule]
	case f.Control != "":
		n = len(d.weighed.gaps[f.Control])
	case f.Criterion != "":
		n = d.criterion[f.Criterion]
	}
	return " (" + count(ctx, n) + ")"
}

// found are the rules that found something, in order.
func (d gapsData) found() []string {
	out := slices.Collect(maps.Keys(d.rule))
	if d.Filter.Rule != "" && !slices.Contains(out, d.Filter.Rule) {
		out = append(out, d.Filter.Rule)
	}
	slices.Sort(out)
	return out
}

// controls are those that something was found at, in the order of the program.
func (d gapsData) controls() []string {
	var out []string
	for _, c := range d.R.Controls {
		if c.ID == d.Filter.Control || len(d.weighed.gaps[c.ID]) > 0 {
			out = append(out, c.ID)
		}
	}
	return out
}

func (d gapsData) caption(ctx context.Context) string {
	if d.Filter.any() {
		return shell.N(ctx, len(d.Hits), "%[2]s of %[1]d gap, filtered from %[3]s", "%[2]s of %[1]d gaps, filtered from %[3]s", count(ctx, d.N), count(ctx, len(d.R.Gaps)))
	}
	return shell.N(ctx, len(d.Hits), "%[2]s of %[1]d gap, the worst first", "%[2]s of %[1]d gaps, the worst first", count(ctx, d.N))
}

func (d gapsData) last() int { return max(1, (len(d.Hits)+rowsOfPage-1)/rowsOfPage) }

// ownFix is what a gap asks for beyond what its rule says of all.
func (c cause) ownFix(g gauge.Gap) string {
	if g.Fix == c.Rule.Fix {
		return ""
	}
	return g.Fix
}

// command is the command of a gap, where it is another than that of the whole rule.
func (c cause) command(g gauge.Gap) string {
	if g.Command == c.Rule.Command {
		return ""
	}
	return g.Command
}

// shared is the command of the rule, where it is the same for every gap.
func (c cause) shared() string {
	if strings.Contains(c.Rule.Command, "{control}") {
		return ""
	}
	return c.Rule.Command
}

// gapPlace is what a gap is found at, with where that is shown.
func gapPlace(ctx context.Context, g gauge.Gap) (name, to string) {
	switch {
	case g.Control != "":
		return g.Control, readyURL(g.Control)
	case g.Criterion != "":
		return g.Criterion, "/readiness#" + g.Criterion
	case len(g.Criteria) > 3:
		return shell.T(ctx, "%s and %s more", strings.Join(g.Criteria[:3], ", "), count(ctx, len(g.Criteria)-3)), ""
	case len(g.Criteria) > 0:
		return strings.Join(g.Criteria, ", "), ""
	}
	return shell.T(ctx, "The report"), ""
}
