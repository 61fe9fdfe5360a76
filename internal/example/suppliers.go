package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// vendor is a supplier as the vendor register has it.
type vendor struct {
	id, name, criticality, subservice, rating string
	inScope                                   bool
	firstData, ended                          string // "" where it is not said, or has not come
	report                                    string // the report it gives
}

var vendors = []vendor{
	{"vd-01", "Cumulonet Cloud", "critical", "carve_out", "high", true, "2021-03-15", "", "soc2-type2"},
	{"vd-02", "Tidewater Bank", "critical", "carve_out", "high", true, "2021-04-01", "", "soc1-type2"},
	{"vd-03", "Keystone Identity", "critical", "carve_out", "high", true, "2021-09-20", "", "soc2-type2"},
	{"vd-04", "Gitarium", "critical", "none", "high", true, "2021-02-22", "", "soc2-type2"},
	{"vd-05", "Pagewell Alerts", "critical", "none", "medium", true, "2022-08-08", "", "soc2-type2"},
	{"vd-06", "Formwright Tax Forms", "critical", "inclusive", "high", true, "2022-11-01", "", "soc1-type2"},
	{"vd-07", "Vaultline Backup", "critical", "carve_out", "high", true, "2023-05-30", "", "iso27001"},
	{"vd-08", "Sendmere Mail", "critical", "none", "medium", true, "2023-01-16", "", "soc2-type2"},
	{"vd-09", "Ledgerport Feeds", "critical", "none", "high", true, "2022-07-01", "", "soc2-type2"},       // owes its review on the first day of the period
	{"vd-10", "Checkprint Bureau", "critical", "none", "high", true, "2021-06-30", "", "soc1-type2"},      // on its last day
	{"vd-11", "Oldbridge Hosting", "critical", "none", "high", true, "2020-10-12", "2025-10-11", ""},      // gone the day before its review fell due
	{"vd-12", "Brightwire Network", "critical", "none", "high", true, "2021-12-06", "2025-12-06", "none"}, // gone on that day
	{"vd-13", "Tallyroom Payroll Data", "", "none", "medium", true, "2023-02-13", "", "soc2-type2"},
	{"vd-14", "Deskhand Support", "high", "none", "medium", true, "2021-07-19", "", "soc2-type2"},
	{"vd-15", "Surveyo", "low", "none", "low", true, "2022-03-07", "", ""},
	{"vd-16", "Officina Catering", "low", "none", "low", false, "2021-05-10", "", ""},
	{"vd-17", "Palette Design", "low", "none", "low", false, "2022-09-14", "", ""},
	{"vd-18", "Roundtrip Travel", "medium", "none", "low", false, "2023-08-21", "", ""},
	{"vd-19", "Quillmark Contracts", "medium", "none", "medium", true, "2023-10-02", "2026-02-28", ""},
	{"vd-20", "Anchorage Screening", "medium", "none", "medium", true, "2024-04-15", "", "soc2-type2"},
	{"vd-21", "Plumbline Metrics", "high", "none", "medium", true, "2025-06-30", "", "soc2-type2"}, // the day before the period
	{"vd-22", "Farsight Fraud Scores", "high", "none", "high", true, "2025-07-01", "", "soc2-type2"},
	{"vd-23", "Clearpath Address Check", "medium", "none", "medium", true, "2025-08-18", "", ""},
	{"vd-24", "Meridian Translation", "low", "none", "low", false, "2025-09-03", "", ""},
	{"vd-25", "Hatch Transcripts", "medium", "none", "medium", true, "2025-09-29", "", ""},
	{"vd-26", "Northgate Call Centre", "high", "none", "high", true, "2025-11-10", "", "soc2-type2"},
	{"vd-27", "Stillwater Archive", "critical", "none", "high", true, "2026-01-12", "", "iso27001"},
	{"vd-28", "Copperline Cards", "high", "none", "high", true, "2026-02-16", "", "soc2-type2"},
	{"vd-29", "Wayfinder Logs", "high", "none", "medium", true, "2026-03-23", "", "soc2-type2"},
	{"vd-30", "Orchard Benefits", "medium", "none", "medium", true, "2026-05-04", "", ""},
	{"vd-31", "Pennant Notary", "medium", "none", "medium", true, "2026-06-30", "", ""},
	{"vd-32", "Larkspur Kiosk", "medium", "none", "medium", true, "2026-07-01", "", ""}, // the day after it
	{"vd-33", "Fernhill Printing", "low", "none", "low", false, "", "", ""},
}

// suppliers are the vendors, the reviews of their reports, and the register's own reconciliation.
func (c *company) suppliers() []File {
	return []File{c.vendorList(), c.vendorReviews(), c.vendorReconciliations()}
}

func (c *company) vendorList() File {
	rng := c.dice("suppliers")
	var rows []row
	for _, v := range vendors {
		if v.firstData == "" {
			rows = append(rows, row{v.id, v.name, v.criticality, v.subservice, nil, nil, v.inScope, v.rating, nil, nil, nil, nil})
			continue
		}
		first := day(v.firstData)
		if (v.criticality == "critical" || v.criticality == "") && first <= c.period.To && (v.ended == "" || day(v.ended) >= c.period.To) {
			c.counts("VEN-02", false) // its reviews are on record: rule 2
		}
		assessed, signed := first-civil.Date(12+rng.IntN(30)), first-civil.Date(3+rng.IntN(9))
		rating, known := v.rating, any(assessed)
		if v.inScope && c.dateInPeriod(first) {
			c.counts("VEN-01", true)
		}
		switch v.id {
		case "vd-23":
			signed = first
			c.deviates("VEN-01", v.id, "B", "the terms were signed on the day on which the data began to flow")
		case "vd-25":
			known, signed = first+26, first+31
			c.deviates("VEN-01", v.id, "A B", "a team signed up with a card; it was found, assessed and signed a month later")
		case "vd-28":
			known = first + 3
			c.deviates("VEN-01", v.id, "A", "the assessment was finished three days after the first data")
		case "vd-29":
			known = nil
			c.undecided("VEN-01", v.id, "A", "the register does not say when it was assessed")
		case "vd-30":
			assessed, signed = first-1, first-1 // as late as may be
			known = assessed
		}
		ended := any(nil)
		if v.ended != "" {
			ended = day(v.ended)
		}
		rows = append(rows, row{v.id, v.name, optText(v.criticality), v.subservice, optText(v.report), nil, v.inScope, rating, known, signed, first, ended})
	}
	f := c.counted(File{
		Register: "vendors", Name: "vendors.json", Source: "vendor-register", Query: "vendors, all states",
		Data: jsonList([]string{"vendor_id", "name", "criticality", "subservice", "report_kind", "opinion", "in_scope",
			"risk_rating", "assessed_on", "terms_signed_on", "first_data_on", "ended_on"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

// vendorReviews are done once a year, by the anniversary of the first data, within sixty days
// after the vendor's report came out.
func (c *company) vendorReviews() File {
	rng := c.dice("vendor reviews")
	team := c.vendorDesk()
	var rows []row
	for _, v := range vendors {
		if v.firstData == "" || v.criticality != "critical" && v.criticality != "" {
			continue
		}
		first := day(v.firstData)
		for k := 1; ; k++ {
			due := first.AddMonths(12 * k)
			if due > c.period.To+60 {
				break
			}
			if due < c.period.From-365 || v.ended != "" && day(v.ended) < due {
				continue
			}
			key := v.id + "/" + due.String()
			if c.dateInPeriod(due) {
				c.counts("VEN-02.2", true)
			}
			done := due - civil.Date(rng.IntN(40))
			issued := done - civil.Date(8+rng.IntN(50))
			exceptions, expected := rng.IntN(3), 4+rng.IntN(9)
			concluded, mapped := exceptions, any(expected)
			opinion := "unqualified"
			switch key {
			case "vd-04/2026-02-22":
				done = due + 19
				issued = done - 30
				c.deviates("VEN-02.2", key, "A", "the review was done nineteen days after it fell due")
			case "vd-05/2025-08-08":
				issued = done - 75
				c.deviates("VEN-02.2", key, "B", "the report had been out for seventy-five days")
			case "vd-06/2025-11-01":
				exceptions, concluded, opinion = 3, 2, "qualified"
				c.deviates("VEN-02.2", key, "C", "an exception about tax tables was left without a conclusion")
			case "vd-08/2026-01-16":
				mapped = expected - 2
				c.deviates("VEN-02.2", key, "D", "two user controls that the report expects were mapped to none of ours")
			case "vd-07/2026-05-30":
				mapped = nil
				c.undecided("VEN-02.2", key, "D", "the form does not say how many user controls were mapped")
			case "vd-02/2026-04-01":
				issued = done - 60 // the last day on which it is not too old
			case "vd-12/2025-12-06":
				c.deviates("VEN-02.2", key, "A", "nobody reviewed a vendor that was about to leave, and was used to the last day")
				continue
			case "vd-13/2026-02-13":
				c.undecided("VEN-02.2", key, "A B C D", "the register does not say whether the vendor is critical")
			}
			rows = append(rows, row{fmt.Sprintf("vr-%03d", len(rows)+1), v.id, done, team[k%2].email, issued, issued - 45, opinion,
				exceptions, concluded, expected, mapped})
		}
	}
	return c.counted(File{
		Register: "vendor_reviews", Name: "vendor-reviews.csv", Source: "grc-tracker", Query: "reviews of vendor reports",
		Data: table(';', false, []string{"review_id", "vendor_id", "reviewed_on", "reviewer", "report_issued_on", "report_period_end", "opinion",
			"exceptions", "exceptions_concluded", "user_controls", "user_controls_mapped"}, rows),
	}, len(rows))
}

// comparison is the row of one reconciliation.
type comparison struct {
	kind, of     string
	done         civil.Instant
	by, reviewer string
	differences  int
	resolved     civil.Instant
	explained    any
	released     any
	total, off   any // of usage
}

// comparisons are an export of reconciliations of one kind.
func (c *company) comparisons(name, source, query string, list []comparison) File {
	var rows []row
	for _, x := range list {
		r := row{x.kind + "-" + x.of, x.kind, x.of, opt(x.done), x.by, optText(x.reviewer), x.differences,
			opt(x.resolved), x.explained, x.released}
		if x.total != nil {
			r = append(r, x.total, x.off)
		}
		rows = append(rows, r)
	}
	columns := []string{"reconciliation_id", "kind", "of", "completed_at", "performed_by", "reviewed_by", "differences", "resolved_at", "explained", "released_at"}
	if list[0].total != nil {
		columns = append(columns, "total", "off_by")
	}
	return c.counted(File{
		Register: "reconciliations", Name: name, Source: source, Query: query,
		Data: table(',', false, columns, rows),
	}, len(rows))
}

// vendorReconciliations compare the register with payables and the applications of single
// sign-on, by thirty days after each quarter.
func (c *company) vendorReconciliations() File {
	team := c.vendorDesk()
	var list []comparison
	for q := civil.QuarterOf(c.period.From - 90); q.Last < c.period.To; q = civil.QuarterOf(q.Last + 1) {
		x := comparison{kind: "vendors", of: q.Name, done: c.at(q.Last+21, "15:30"), by: team[0].email, reviewer: team[1].email,
			resolved: civil.Never}
		seen := inspection{on: q.Last + 21, by: team[0].email, proof: "subprocessor page, versions of " + q.Name, kind: systemRecord,
			who: c.people[5].email, at: c.at(q.Last+41, "10:20"), answers: "--y"}
		if c.dateInPeriod(q.Last + 30) {
			c.counts("VEN-03", true)
		}
		switch q.Name {
		case "2025-Q3": // on the last day
			x.done, x.differences, x.resolved, x.explained = c.at(q.Last+30, "23:40"), 2, c.at(q.Last+33, "11:00"), true
		case "2025-Q4":
			x.done = c.at(q.Last+36, "16:10")
			c.deviates("VEN-03", q.Name, "A", "the year-end reconciliation was six days late")
		case "2026-Q1":
			seen.proof, seen.kind = "", ""
			c.undecided("VEN-03", q.Name, "C", "the inspection says yes and names no evidence")
		}
		list = append(list, x)
		c.inspection("VEN-03", q.Name, seen)
	}
	return c.comparisons("vendor-reconciliations.csv", "vendor-register", "quarterly reconciliations", list)
}
