package work

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

func vendorBook() *book {
	letter := func(ctx context.Context) string { return shell.T(ctx, "Bridge letters") }
	return &book{path: "/vendors", register: "vendors", control: "VEN-02",
		title: func(ctx context.Context) string { return shell.T(ctx, "Vendors") },
		says: func(ctx context.Context) string {
			return shell.T(ctx, "Vendors and subservice organizations: how the report treats them, what their own report says, and how far it covers our period. A letter of their management bridges three months at most.")
		},
		none: func(ctx context.Context) string { return shell.T(ctx, "No vendor is on record.") },
		hint: func(ctx context.Context) string {
			return shell.T(ctx, "Enter those that touch customer data or run a part of the system, and how the report treats them.")
		},
		enter: func(ctx context.Context) string { return shell.T(ctx, "Add a vendor") },
		item:  func(ctx context.Context) string { return shell.T(ctx, "Vendor") },
		columns: func(ctx context.Context) []string {
			return []string{shell.T(ctx, "In the report"), shell.T(ctx, "Its report"), shell.T(ctx, "Covers our period"), shell.T(ctx, "Next review")}
		},
		views: []view{{"used", func(ctx context.Context) string { return shell.T(ctx, "In use") }}, {"subservice", func(ctx context.Context) string { return shell.T(ctx, "Subservice organizations") }}, {"gap", func(ctx context.Context) string { return shell.T(ctx, "With a gap") }}, viewLate(), viewAll()},
		line:  vendorLine,
		facts: []string{"criticality", "subservice", "in_scope", "risk_rating", "report_kind", "report_period_end", "opinion", "assessed_on", "terms_signed_on", "first_data_on", "last_review_on", "ended_on"},
		parts: []*annex{
			{register: "vendor_reports", link: "vendor_id", title: func(ctx context.Context) string { return shell.T(ctx, "Its reports") }, none: func(ctx context.Context) string { return shell.T(ctx, "No report of theirs is on record.") },
				add: func(ctx context.Context) string { return shell.T(ctx, "Enter a report") }, fields: []string{"kind", "period_from", "period_to", "issued_on", "auditor", "opinion", "evidence"}, needs: []string{"kind", "period_to"},
				shows: []string{"kind", "period_from", "period_to", "opinion", "auditor", "evidence"}, order: "period_to", carry: reportedVendor,
				check: func(ctx context.Context, e *entry) error { return e.ordered(ctx, "period_from", "period_to") }},
			{register: "bridge_letters", link: "vendor_id", title: letter, none: func(ctx context.Context) string { return shell.T(ctx, "No letter bridges the time after its report.") },
				add: func(ctx context.Context) string { return shell.T(ctx, "Enter a letter") }, fields: []string{"covers_from", "covers_to", "signed_on", "signed_by", "evidence"}, needs: []string{"covers_from", "covers_to", "signed_on"},
				shows: []string{"covers_from", "covers_to", "signed_on", "signed_by", "evidence"}, order: "covers_from",
				check: func(ctx context.Context, e *entry) error {
					return errors.Join(e.ordered(ctx, "covers_from", "covers_to"), e.past(ctx, "signed_on"))
				}},
			{register: "vendor_reviews", link: "vendor_id", title: func(ctx context.Context) string { return shell.T(ctx, "Reviews of its reports") }, none: func(ctx context.Context) string { return shell.T(ctx, "Nobody has reviewed a report of theirs.") },
				add: func(ctx context.Context) string { return shell.T(ctx, "Enter a review") }, fields: []string{"reviewed_on", "reviewer", "report_issued_on", "report_period_end", "opinion", "exceptions", "exceptions_concluded", "user_controls", "user_controls_mapped"}, needs: []string{"reviewed_on", "reviewer"},
				shows: []string{"reviewed_on", "reviewer", "report_period_end", "opinion", "exceptions", "exceptions_concluded"}, order: "reviewed_on", carry: reviewedVendor,
				check: func(ctx context.Context, e *entry) error { return e.past(ctx, "reviewed_on") }},
		}}
}

func vendorLine(ctx context.Context, rd *reading, f operate.Fact) line {
	x := lineOf(f, f.Text("name"), valueWord(ctx, "criticality", f.Text("criticality")))
	method := f.Text("subservice")
	sub := method == "carve_out" || method == "inclusive"
	theirs := strings.Join(slices.DeleteFunc([]string{valueWord(ctx, "kind", f.Text("report_kind")), valueWord(ctx, "opinion", f.Text("opinion"))}, func(s string) bool { return s == "" }), ", ")
	x.Cells = []datum{rd.treated(ctx, x.Title, method), {Text: theirs, Day: f.Text("report_period_end")}, {Text: shell.T(ctx, "not known")}}
	if end := f.Day("report_period_end"); end != nil && rd.hasPeriod {
		c := operate.Covered(*end, letters(rd.parts["bridge_letters"][f.Key]), rd.period)
		x.Cells[2] = datum{Cover: &c}
		if sub && (c.Gap > 0 || c.TooLong) {
			x.Views = append(x.Views, "gap")
		}
	} else if sub {
		x.Views = append(x.Views, "gap")
	}
	if x.Cells[0].Mark != "" && !slices.Contains(x.Views, "gap") {
		x.Views = append(x.Views, "gap")
	}
	if f.Text("ended_on") == "" {
		x.put(operate.VendorClock(f, rd.today))
		x.Views = append(x.Views, "used")
		if sub {
			x.Views = append(x.Views, "subservice")
		}
	} else {
		x.Cells[0] = datum{Text: valueWord(ctx, "subservice", method)}
		x.Cells, x.Views = append(x.Cells, datum{Text: shell.T(ctx, "no longer used")}), nil
	}
	return x
}

// treated says how the report treats a vendor. One that is carved out needs controls that are stated of it, and one of ours that monitors
// it.
func (rd *reading) treated(ctx context.Context, name, method string) datum {
	c := datum{Text: valueWord(ctx, "subservice", method)}
	if method != "carve_out" {
		return c
	}
	i := slices.IndexFunc(rd.vendors, func(v assure.Subservice) bool { return strings.EqualFold(v.Name, name) })
	switch {
	case i < 0:
		c.Mark, c.Sub = report.MarkGap, shell.T(ctx, "the description does not name it")
	case len(rd.vendors[i].CSOCs) == 0:
		c.Mark, c.Sub = report.MarkGap, shell.T(ctx, "no complementary subservice organization control is stated")
	case len(rd.vendors[i].Monitoring) == 0:
		c.Mark, c.Sub = report.MarkGap, shell.T(ctx, "no control of ours monitors it")
	}
	return c
}

func letters(list []operate.Fact) []operate.Span {
	var out []operate.Span
	for _, f := range list {
		from, to := f.Day("covers_from"), f.Day("covers_to")
		if from != nil && to != nil && f.Day("signed_on") != nil {
			out = append(out, operate.Span{From: *from, To: *to})
		}
	}
	return out
}

// reportedVendor takes a report over into the vendor, unless a later one is there already.
func reportedVendor(e *entry) func(operate.Fact) (map[string]string, error) {
	return func(f operate.Fact) (map[string]string, error) {
		x := e.fields
		if x["period_to"] < f.Text("report_period_end") {
			return nil, nil
		}
		return map[string]string{"report_kind": x["kind"], "report_period_end": x["period_to"], "opinion": x["opinion"]}, nil
	}
}

func reviewedVendor(e *entry) func(operate.Fact) (map[string]string, error) {
	return func(f operate.Fact) (map[string]string, error) {
		if e.fields["reviewed_on"] < f.Text("last_review_on") {
			return nil, nil
		}
		return map[string]string{"last_review_on": e.fields["reviewed_on"]}, nil
	}
}
