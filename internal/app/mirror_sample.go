package app

import (
	"context"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/sample"
)

// frozen lists the populations of a control that stand frozen in the client's ledger, each in its latest version.
func (m *mirror) frozen(ctx context.Context, control string) ([]cli.FrozenPopulation, error) {
	list, err := m.office.frozenNow(ctx, control)
	if err != nil {
		return nil, err
	}
	var out []cli.FrozenPopulation
	for _, f := range list {
		x, err := f.shown(false)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// population makes the items of a frozen population again from the client's records, and compares them with what was frozen.
func (m *mirror) population(ctx context.Context, d cli.Drawing, progress func(test string, done, of int)) (sample.Population, cli.FrozenPopulation, error) {
	f, err := m.office.frozenFor(ctx, d)
	if err != nil {
		return sample.Population{}, cli.FrozenPopulation{}, err
	}
	p, _, _, err := m.office.thaw(ctx, f, progress)
	if err != nil {
		return p, cli.FrozenPopulation{}, err
	}
	x, err := f.shown(false)
	return p, x, err
}

// draw selects from a frozen population of the client's. Nothing of it is written here: the client's ledger is theirs, and whoever draws keeps the
// selection in their own. Replacements and extensions follow from population and sample.Draw in the same way.
func (m *mirror) draw(ctx context.Context, d cli.Drawing, progress func(test string, done, of int)) (cli.Selected, error) {
	if d.Replace != "" || d.Extend != 0 || d.TopUp {
		return cli.Selected{}, fault.Refuse("a further step is taken with the sample that it is of, where that is kept")
	}
	s, err := m.office.Select(ctx, d, progress)
	s.Record = "" // none was written
	return s, err
}
