package app

import (
	"context"
	"fmt"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// nothingTested are the results of a firm, which tests nothing of its own: the time since it was founded, and the state of its ledger.
func (o *office) nothingTested(ctx context.Context) (assure.Results, error) {
	zone := o.program.Zone
	from, to := zone.DateOf(o.org.Created), zone.DateOf(civil.InstantOf(o.app.Clock()))
	r, err := o.request(ctx, cli.Test{From: &from, To: &to})
	return assure.Results{Organization: o.org.Name, KnownAt: r.KnownAt.String(), Checkpoint: r.Checkpoint, Unanchored: r.Unanchored, Period: r.Period, Controls: []assure.TestResult{}}, err
}

// file is what a firm's package opens with: its engagements, and what became of each. The acts themselves stand in the ledger.
func (o *office) file(ctx context.Context, res assure.Results) (*report.Report, error) {
	h := &engage.House{Org: o.org.ID, Side: engage.Firm, Books: &actBooks{o}, Clock: func() time.Time { return o.app.Clock() }}
	list, err := h.List(ctx)
	if err != nil {
		return nil, err
	}
	t := &report.Table{ID: "engagements", Caption: report.Runs{{Text: "Engagements"}}, Columns: []report.Column{{Title: "Engagement"}, {Title: "Client"}, {Title: "Report"}, {Title: "Time"}, {Title: "State"},
		{Title: "Acts", Number: true}, {Title: "Issued", Wide: true}}}
	for _, engagement := range list {
		if err := h.See(ctx, engagement, func(e *engage.Engagement) error {
			row, err := filed(e)
			t.Rows = append(t.Rows, row)
			return err
		}); err != nil {
			return nil, err
		}
	}
	r := &report.Report{Kind: "engagements", Title: "Engagements", Subtitle: "What this firm examines, and what it issued", Draft: true, Organization: o.org.Name, System: o.org.Name,
		When: report.Throughout(res.Period), KnownAt: res.KnownAt, Checkpoint: res.Checkpoint, Unanchored: res.Unanchored,
		Sections: []report.Section{{ID: "section-i", Number: "I", Title: "Engagements", Draft: true, Blocks: []report.Block{{Table: t}}}}}
	return r, report.Lint(r)
}

// filed is an engagement as a row of the firm's file. One whose seed is not opened yet is refused.
func filed(e *engage.Engagement) (report.Row, error) {
	for _, s := range e.Seeds {
		if s.Secret != "" && !s.Used {
			return report.Row{}, fault.Refuse("the package would hold the seed for %s in %s, which is not opened yet: whoever reads it can steer the sample", s.Test, e.ID).WithHint("draw the sample first, or wait until the engagement has ended")
		}
	}
	issued := ""
	for _, r := range e.Reports {
		issued += fmt.Sprintf("%s, %s, %s; ", r.Date.Long(), r.Opinion, r.Files["pdf"])
	}
	var row report.Row
	for _, s := range []string{e.ID, e.Client.Name, e.Terms.Report, e.Terms.Words(), string(e.State), fmt.Sprint(len(e.Log)), issued} {
		row.Cells = append(row.Cells, report.Runs{{Text: s, Data: true}})
	}
	return row, nil
}
