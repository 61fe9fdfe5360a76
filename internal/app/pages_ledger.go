package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/web"
)

// ledgerPages answers the page of the ledger.
type ledgerPages struct{ p *pages }

// Ledger tells how the ledger stands, and how somebody outside checks that.
func (l ledgerPages) Ledger(ctx context.Context) (web.LedgerView, error) {
	o := l.p.o
	key, err := verifierKey(o.data, o.app.Random, o.org.ID)
	if err != nil {
		return web.LedgerView{}, err
	}
	w, err := l.p.Window(ctx)
	if err != nil {
		return web.LedgerView{}, err
	}
	size, err := o.st.Size(ctx, o.org.ID)
	return web.LedgerView{Origin: ledger.Origin(o.org.ID), Key: key, Size: size, Window: w,
		Verify: []string{"assay package --out package.zip", `assay-verify package.zip --key "` + key + `"`}}, err
}

// Checkpoints pages through the checkpoints, the latest first.
func (l ledgerPages) Checkpoints(ctx context.Context, offset, limit int) ([]web.CheckpointView, int, error) {
	o := l.p.o
	all, err := o.st.Checkpoints(ctx, o.org.ID)
	if err != nil {
		return nil, 0, err
	}
	said, err := o.st.Attestations(ctx, o.org.ID)
	if err != nil {
		return nil, 0, err
	}
	slices.Reverse(all)
	total := len(all)
	all = all[min(offset, total):min(offset+limit, total)]
	out := make([]web.CheckpointView, len(all))
	for i, c := range all {
		out[i] = web.CheckpointView{Size: c.Size, Root: hex.EncodeToString(c.Root[:]), Note: string(c.Note)}
		for _, a := range said {
			if a.Size == c.Size {
				out[i].Anchors = append(out[i].Anchors, a.Anchor())
			}
		}
	}
	return out, total, nil
}

// Calendar lists the instances that are due on civil days, the last included.
func (g *gauging) Calendar(ctx context.Context, from, to civil.Date) ([]gauge.Instance, error) {
	x, err := g.recent(ctx)
	if err != nil {
		return nil, err
	}
	var out []gauge.Instance
	for _, i := range x.facts.Instances {
		if i.Due >= from && i.Due <= to {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b gauge.Instance) int {
		return cmp.Or(int(a.Due-b.Due), strings.Compare(a.Control, b.Control), strings.Compare(a.Key, b.Key))
	})
	return out, nil
}

// Today is the present day in the organization's zone.
func (g *gauging) Today(ctx context.Context) (civil.Date, error) {
	_, day, err := g.state(ctx)
	return day, err
}
