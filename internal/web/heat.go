package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/web/shell"
)

type criterionData struct {
	readyData
	C      gauge.CriterionStatus
	Sub    assure.Criterion
	Month  string // YYYY-MM of the period, or empty for all of it
	Lines  []criterionLine
	Months []month
	Page   int
}

// criterionLine is one primary control of the criterion with its days and what was tested of it.
type criterionLine struct {
	Status gauge.ControlStatus
	Tests  []monthTested // of the month that is asked for, or of the period
}

// criterionURL leads to the days and items behind a cell of the heat map.
func criterionURL(id, month string) string {
	u := "/readiness/criteria/" + url.PathEscape(id)
	if month != "" {
		u += "?month=" + month
	}
	return u
}

// criterion shows what lies behind a row of the heat map: the days of each control that is primary to it, and its items.
func (s *Site) criterion(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("criterion")
	base, err := s.ready(r, shell.T(r.Context(), "%s by month", id), "/readiness")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(base.R.Criteria, func(c gauge.CriterionStatus) bool { return c.ID == id })
	if i < 0 {
		return fault.NotFound
	}
	d := criterionData{readyData: base, C: base.R.Criteria[i], Sub: base.subs[id], Month: r.URL.Query().Get("month")}
	if d.R.Period != nil {
		d.Months = months(d.C.Days, d.first())
	}
	if d.Month != "" && !slices.ContainsFunc(d.Months, func(m month) bool { return m.Name == d.Month }) {
		return fault.Refuse("%q is no month of the period; expected YYYY-MM", d.Month)
	}
	k, err := s.worked(r.Context())
	if err != nil {
		return err
	}
	if d.Page, err = pageOf(r.URL.Query()); err != nil {
		return err
	}
	from, to := span(d.Page, rowsOfPage, len(d.C.Primary))
	for _, c := range d.C.Primary[from:to] {
		st, ok := d.statusOf(c)
		if !ok {
			continue
		}
		line := criterionLine{Status: st}
		tests := k.of(c)
		for i := range tests {
			if x := &tests[i]; x.Tested && x.Test.Outcome != assure.Blocked {
				line.Tests = append(line.Tests, ofMonth(x, d.Month))
			}
		}
		d.Lines = append(d.Lines, line)
	}
	return shell.Page(w, r, http.StatusOK, criterionPage(d))
}

// ofMonth counts a test's population, of a month or of the whole period.
func ofMonth(x *row, name string) monthTested {
	if name == "" {
		return monthTested{x, x.Test.Population, x.Test.Deviating, x.Test.Undecided}
	}
	for _, m := range x.Test.Months {
		if m.Month == name {
			return monthTested{x, m.Population, m.Deviating, m.Undecided}
		}
	}
	return monthTested{Row: x}
}

// itemsOf leads to the items that a figure counts, of the month that was asked for.
func (d criterionData) itemsOf(x monthTested, v assure.Verdict) string {
	if d.Month == "" {
		return x.Row.itemsURL(v)
	}
	return x.Row.monthURL(d.Month, v)
}

// noWhere is where a cell leads that has nothing behind it but the others.
func noWhere(month) string { return "" }

// monthItems leads from a cell of a control to its items of the month: those that deviate, where some do.
func monthItems(control string, m month) string {
	v := assure.Verdict("")
	if dayKinds[m.worst()].Day == gauge.DayBad {
		v = assure.Deviation
	}
	return row{Control: assure.Control{ID: control}}.monthURL(m.Name, v)
}

// url is the address of this page at one of its pages of controls.
func (d criterionData) url(page int) string {
	q := url.Values{"page": {strconv.Itoa(page)}}
	if d.Month != "" {
		q.Set("month", d.Month)
	}
	return criterionURL(d.C.ID, "") + "?" + q.Encode()
}

func (d criterionData) when(ctx context.Context) string {
	if d.Month == "" {
		return shell.T(ctx, "Tested of the whole period")
	}
	return shell.T(ctx, "Tested of %s", monthName(ctx, d.Month))
}
