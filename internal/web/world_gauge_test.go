package web

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/report"
)

func day(s string) civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func on(s string) *civil.Date {
	d := day(s)
	return &d
}

// judged is the world as readiness, forecast and documents tell of it, on 20 May 2026: six weeks before its period ends.
type judged struct {
	facts gauge.Facts
	kinds []DocumentKind
	err   error
	asked []string // what was drawn
}

func newJudged(t testing.TB, w *world, o Options) *judged {
	t.Helper()
	f := gauge.Facts{
		Report: "soc2-type2", Title: "SOC 2 Type 2", Term: gauge.Type2{Period: w.res.Period}, Today: day("2026-05-20"),
		Categories: []string{"security", "availability"}, Criteria: o.Catalog.Criteria, TasksDone: 31,
		NotRelevant: map[string]string{"CC6.4": "no premises: every system is hosted"},
		Results:     w.res.Controls,
		Boundary:    &gauge.Boundary{Components: 8, Flows: 11},
		Earlier:     []gauge.Earlier{{Report: "soc2-type2", Term: gauge.Type2{Period: civil.Period{From: day("2024-07-01"), To: day("2025-06-15")}}}},
		Incidents:   []gauge.Incident{{ID: "inc-31", On: day("2026-02-03")}},
		Changes:     []gauge.Change{{What: "a region in Frankfurt", On: day("2026-03-02")}},
	}
	for i, c := range o.Catalog.Controls {
		f.Controls = append(f.Controls, lived(c, i))
	}
	f.Evidence = []gauge.Evidence{{Control: "CHG-01", Instances: 1173, Lacks: []gauge.Lack{
		{Key: "web-console-512", Count: 4, Complete: gauge.No, Time: gauge.Yes, Link: gauge.Yes, Why: "no approval was exported"},
		{Count: 20, Complete: gauge.Yes, Time: gauge.Unknown, Link: gauge.Yes}}}}
	for _, s := range []string{"billing", "github", "warehouse"} {
		for _, q := range []struct{ name, due, done string }{{"2025-Q3", "2025-10-30", "2025-10-20"}, {"2025-Q4", "2026-01-30", "2026-01-21"},
			{"2026-Q1", "2026-04-30", "2026-04-28"}, {"2026-Q2", "2026-06-10", ""}} {
			x := gauge.Instance{Control: "IAM-04", Key: s + "/" + q.name, Due: day(q.due), Owner: "owner of " + s}
			if q.done != "" {
				x.Done = on(q.done)
			}
			f.Instances = append(f.Instances, x)
		}
	}
	f.Deviations = []gauge.Deviation{{Control: "IAM-04", Key: "billing/2025-Q3", Member: day("2025-10-30"), Ended: on("2025-11-09"), Late: true}}
	for i := range f.Instances {
		if f.Instances[i].Key == "billing/2025-Q3" {
			f.Instances[i].Done = on("2025-11-09")
		}
	}
	j := &judged{facts: f}
	j.kinds = []DocumentKind{
		{Kind: "soc2-type1", Title: "SOC 2 Type 1 report", Missing: "the report covers a period; a Type 1 report needs a date"},
		{Kind: "iso27001", Title: "Statement of applicability", When: "for the year", Formats: []string{"html", "xlsx"}},
		{Kind: "soc2-type2", Title: "SOC 2 Type 2 report", When: "for the period 1 July 2025 to 30 June 2026", Own: true,
			Formats: []string{"html", "pdf", "docx", "xlsx", "json", "oscal-component", "oscal-ssp", "oscal-plan", "oscal-results", "oscal-poam"}},
	}
	for i := range 9 {
		j.kinds[2].Open = append(j.kinds[2].Open, report.Point{Rule: "response", Where: fmt.Sprintf("#deviations-%d", i),
			Text: report.Runs{{Text: fmt.Sprintf("CHG-%02d", i), Data: true}, {Text: ": 3 of 12 items deviate; no response is recorded."}}})
	}
	j.kinds[2].Open = append(j.kinds[2].Open, report.Point{Rule: "section", Where: "#section-i", Text: report.Runs{{Text: "Section I is to be written by the independent service auditor."}}})
	return j
}

// lived gives a control of the library the life that most have; every seventh lacks something.
func lived(c assure.Control, i int) gauge.Control {
	out := gauge.Control{Control: c, Implemented: on("2025-01-01"), LastOperated: on("2026-05-01"), Owners: []string{"ann"}, Operators: []string{"ben"},
		Reviewers: []string{"eve"}, Walkthroughs: []gauge.Walkthrough{{On: day("2026-02-11")}}, Population: &gauge.Source{Name: "tickets", Connected: true}}
	switch i % 7 {
	case 2:
		out.Walkthroughs = nil
	case 3:
		out.Implemented = on("2025-11-17")
	case 5:
		out.Population = &gauge.Source{Name: "the scanner", Connected: false}
	}
	return out
}

func (j *judged) Ready(context.Context) (*gauge.Readiness, error) {
	if j.err != nil {
		return nil, j.err
	}
	r, err := gauge.Ready(j.facts, gauge.Defaults())
	return &r, err
}

func (j *judged) Foresee(_ context.Context, today *civil.Date, ifs []string) (*gauge.Forecast, error) {
	if j.err != nil {
		return nil, j.err
	}
	f := j.facts
	if today != nil {
		if *today < day("2025-07-01") {
			return nil, fault.Refuse("nothing is known of %s", *today).WithHint("the first record is of 2025-07-01")
		}
		f.Today = *today
	}
	var list []gauge.If
	for _, s := range ifs {
		x, err := gauge.ParseIf(s)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	f, err := f.Suppose(list...)
	if err != nil {
		return nil, err
	}
	out, err := gauge.Foresee(f, gauge.Defaults())
	return &out, err
}

func (j *judged) Kinds(context.Context) ([]DocumentKind, error) {
	return slices.Clone(j.kinds), j.err
}

func (j *judged) Draw(_ context.Context, kind, format string, w io.Writer) error {
	if j.err != nil {
		return j.err
	}
	if !slices.ContainsFunc(j.kinds, func(k DocumentKind) bool { return k.Kind == kind && slices.Contains(k.Formats, format) }) {
		return fault.NotFound
	}
	j.asked = append(j.asked, kind+" "+format)
	text := kind + " " + format
	if format == "html" {
		text = "<!DOCTYPE html><html><head><style>p{}</style></head><body>DRAFT</body></html>"
	}
	_, err := io.Copy(w, strings.NewReader(text))
	return err
}

func (j *judged) Today(context.Context) (civil.Date, error) { return j.facts.Today, j.err }

func (j *judged) Calendar(_ context.Context, from, to civil.Date) ([]gauge.Instance, error) {
	var out []gauge.Instance
	for _, x := range j.facts.Instances {
		if x.Due >= from && x.Due <= to {
			out = append(out, x)
		}
	}
	return out, j.err
}

// sealed is a ledger of sixty checkpoints, of which the last two are not anchored.
type sealed struct {
	size, anchored int64
	err            error
}

func (l *sealed) Ledger(context.Context) (LedgerView, error) {
	w := ledger.Window{Anchored: l.anchored, Unanchored: l.size - l.anchored, Anchors: l.anchors(l.anchored)}
	if w.Unanchored > 0 {
		w.Oldest, w.Age = "2026-07-14T15:02:18Z", 93784
	}
	return LedgerView{Origin: "assay.local/org_06f8", Key: "assay.local/org_06f8+1f0c6a9b+AQ==", Size: l.size, Window: w,
		Verify: []string{"assay-verify --key assay.local/org_06f8+1f0c6a9b+AQ== PACKAGE.zip"}}, l.err
}

func (l *sealed) anchors(size int64) []ledger.Anchor {
	switch {
	case size == 0 || size > l.anchored:
		return nil
	case size == l.anchored:
		return []ledger.Anchor{{Kind: ledger.Stamped, By: "CN=Example TSA", At: "2026-07-14T15:00:00Z", Size: size}, {Kind: ledger.Cosigned, By: "witness.example/w1", At: "2026-07-14T15:00:02Z", Size: size}}
	}
	return nil
}

func (l *sealed) Checkpoints(_ context.Context, offset, limit int) ([]CheckpointView, int, error) {
	var out []CheckpointView
	for size := l.size; size > 0; size -= 150 {
		out = append(out, CheckpointView{Size: size, Root: fmt.Sprintf("%064x", size), Note: fmt.Sprintf("assay.local/org_06f8\n%d\n", size), Anchors: l.anchors(size)})
	}
	from := min(offset, len(out))
	return out[from:min(from+limit, len(out))], len(out), l.err
}

// fixed answers with one readiness and one forecast, as a program does that keeps them.
type fixed struct {
	*judged
	ready    *gauge.Readiness
	forecast *gauge.Forecast
}

func (f *fixed) Ready(context.Context) (*gauge.Readiness, error) { return f.ready, nil }

func (f *fixed) Foresee(ctx context.Context, today *civil.Date, ifs []string) (*gauge.Forecast, error) {
	if today != nil || len(ifs) > 0 {
		return f.judged.Foresee(ctx, today, ifs)
	}
	if f.forecast == nil {
		var err error
		if f.forecast, err = f.judged.Foresee(ctx, nil, nil); err != nil {
			return nil, err
		}
	}
	return f.forecast, nil
}

// steady keeps what a world's gauge answers, as a program does, so that a test of many pages does not judge anew for each.
func steady(t testing.TB, w *world, o Options) Options {
	t.Helper()
	r, err := w.judged.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.Gauge = &fixed{judged: w.judged, ready: r}
	return o
}

// unread answers like a world, and fails the test when a single item is asked for.
type unread struct {
	*world
	closed
}

func (u unread) Items(context.Context, Query) ([]Item, int, error) { return nil, 0, u.fail() }

func (u unread) Item(context.Context, TestRef, string) (Item, error) { return Item{}, u.fail() }

func (u unread) Columns(context.Context, TestRef) ([]string, error) { return nil, u.fail() }
