package app

import (
	"context"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
	examination "github.com/assayhq/assay/internal/web/engage"
)

// Compare says what differs between two states of the report. Neither outlives the answer: models are large.
func (x *engaged) Compare(ctx context.Context, engagement string, from, to examination.Version) (report.Comparison, error) {
	was, err := x.version(ctx, engagement, from)
	if err != nil {
		return report.Comparison{}, err
	}
	is, err := x.version(ctx, engagement, to)
	if err != nil {
		return report.Comparison{}, err
	}
	var c report.Comparison
	err = x.in.draws.one(ctx, func() error { c = report.Compare(was, is); return nil })
	return c, err
}

// version gives the model of a state of the report. As it would be issued now it is the firm's alone; of all others a party holds those that
// its own acts, or the messages of the other one, name.
func (x *engaged) version(ctx context.Context, engagement string, v examination.Version) (*report.Kept, error) {
	sum := ""
	err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		n, draft := v.Draft()
		k, out := v.Revision()
		switch {
		case draft && n <= len(e.Drafts):
			sum = e.Drafts[n-1].File
		case out && k < len(e.Reports) && e.Reports[k].Files[keptModel] != "":
			sum = e.Reports[k].Files[keptModel]
		case v != examination.Now || e.Side != engage.Firm:
			return fault.NotFound
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if sum != "" {
		return x.readKept(ctx, sum)
	}
	d, err := x.examined(ctx, engagement)
	if err != nil {
		return nil, err
	}
	kind, date := x.kind(ctx, engagement)
	r, err := d.build(kind, date)
	if err != nil {
		return nil, err
	}
	return &report.Kept{Report: *r, Tests: report.Tallies(d.tests)}, nil
}
