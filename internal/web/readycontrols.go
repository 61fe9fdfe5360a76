package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

type readyControlsData struct {
	readyData
	Status string                // red, amber, green; empty: all
	Hits   []gauge.ControlStatus // all that the filter admits
	Shown  []gauge.ControlStatus // of them those of the page
	Page   int
}

func (s *Site) readyControls(w http.ResponseWriter, r *http.Request) error {
	d, err := s.ready(r, shell.T(r.Context(), "Readiness of controls"), "/readiness/controls")
	if err != nil {
		return err
	}
	out := readyControlsData{readyData: d, Status: r.URL.Query().Get("status")}
	if out.Status != "" && !slices.Contains(statuses, out.Status) {
		return fault.Refuse("%q is not a status; expected one of %s", out.Status, strings.Join(statuses, ", "))
	}
	out.Hits = d.R.Controls
	if out.Status != "" {
		out.Hits = slices.DeleteFunc(slices.Clone(out.Hits), func(c gauge.ControlStatus) bool { return c.Status.String() != out.Status })
	}
	if out.Page, err = pageOf(r.URL.Query()); err != nil {
		return err
	}
	from, to := span(out.Page, rowsOfList, len(out.Hits))
	out.Shown = out.Hits[from:to]
	return shell.Page(w, r, http.StatusOK, readyControlsPage(out))
}

// url is the address of the list with its filter, at one of its pages.
func (d readyControlsData) url(page int) string {
	q := url.Values{"page": {strconv.Itoa(page)}}
	if d.Status != "" {
		q.Set("status", d.Status)
	}
	return "/readiness/controls?" + q.Encode()
}

var statuses = []string{gauge.Red.String(), gauge.Amber.String(), gauge.Green.String()}

// gates are those that the report asks: of a report about one date there are four.
func (d readyControlsData) gates() gauge.Gates {
	if len(d.R.Controls) == 0 {
		return nil
	}
	return d.R.Controls[0].Gates
}

// checks adds up the three checks over the controls that the filter admits: three counts, side by side.
func (d readyControlsData) checks() gauge.Checks {
	var out gauge.Checks
	add := func(t *gauge.Tally, by gauge.Tally) {
		t.Yes, t.No, t.Unknown = t.Yes+by.Yes, t.No+by.No, t.Unknown+by.Unknown
	}
	for i := range d.Hits {
		c := &d.Hits[i]
		out.Instances += c.Checks.Instances
		add(&out.Complete, c.Checks.Complete)
		add(&out.Time, c.Checks.Time)
		add(&out.Link, c.Checks.Link)
	}
	return out
}

// threeCheck is one of the three checks of evidence with its own count.
type threeCheck struct {
	Name, Asks string
	gauge.Tally
}

// lacks says how many instances do not hold, and of how many it is not known.
func (c threeCheck) lacks(ctx context.Context) string {
	var parts []string
	if c.No > 0 {
		parts = append(parts, shell.T(ctx, "%s not", count(ctx, c.No)))
	}
	if c.Unknown > 0 {
		parts = append(parts, shell.T(ctx, "%s not known", count(ctx, c.Unknown)))
	}
	return strings.Join(parts, ", ")
}

func threeChecks(c gauge.Checks) []threeCheck {
	return []threeCheck{
		{phrase.Mark("Complete"), phrase.Mark("every type of evidence is there, and every attribute can be decided"), c.Complete},
		{phrase.Mark("Time"), phrase.Mark("it arose inside the period, in order, recorded in time and not on request"), c.Time},
		{phrase.Mark("Link"), phrase.Mark("it leads to an item, the control and a component in scope, all in force then"), c.Link},
	}
}

// tallyMark is the worst that a check shows.
func tallyMark(t gauge.Tally) (report.Mark, string) {
	switch {
	case t.No > 0:
		return report.MarkDeviation, phrase.Mark("not held by some")
	case t.Unknown > 0:
		return report.MarkUnproven, phrase.Mark("not known of some")
	case t.Yes > 0:
		return report.MarkPass, phrase.Mark("held by all")
	}
	return report.MarkNA, phrase.Mark("nothing to check")
}

type readyControlData struct {
	readyData
	C      gauge.ControlStatus
	Causes []cause
	Serves []gauge.CriterionStatus
}

func (s *Site) readyControl(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("control")
	d, err := s.ready(r, shell.T(r.Context(), "%s readiness", id), "/readiness/controls")
	if err != nil {
		return err
	}
	c, ok := d.statusOf(id)
	if !ok {
		return fault.NotFound
	}
	out := readyControlData{readyData: d, C: c}
	out.Causes = d.causes(d.gaps[id])
	for _, cr := range d.R.Criteria {
		if slices.Contains(cr.Primary, id) {
			out.Serves = append(out.Serves, cr)
		}
	}
	return shell.Page(w, r, http.StatusOK, readyControlPage(out))
}

// gateAsks says what a gate asks, in a sentence.
func gateAsks(g gauge.Gate) string {
	switch g {
	case gauge.Design:
		return phrase.Mark("The control is whole, approved by management, and mapped to what the report is held against.")
	case gauge.Implemented:
		return phrase.Mark("It is in place since a known date, and one instance was walked through.")
	case gauge.Population:
		return phrase.Mark("Its population is shown to be complete and accurate.")
	case gauge.Operation:
		return phrase.Mark("It operated: what deviates, held against what is tolerable.")
	case gauge.EvidenceOK:
		return phrase.Mark("Each instance has evidence that is complete, timely and linked.")
	case gauge.Findings:
		return phrase.Mark("No severe deficiency is open.")
	}
	return ""
}

// tolerable prints basis points as a share of items.
func tolerable(ctx context.Context, bp int) string {
	if bp == 0 {
		return shell.T(ctx, "none")
	}
	lang := shell.From(ctx).Lang
	return shell.T(ctx, "%s %% of items", strings.TrimSuffix(lang.Decimal(float64(bp)/100, 2), lang.Decimal(0, 2)[1:]))
}
