package app

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

var _ cli.Letters = (*office)(nil)

// Bridge draws management's letter on the time after its last report. What changed is told from the description, incidents from the register with what
// management says of them, and deviations as the tests find them in that time: an officer sees what the ledger knows before signing.
func (o *office) Bridge(ctx context.Context, x cli.Bridging, d cli.Document, w io.Writer) ([]string, error) {
	gap, until := x.To+1, x.Until
	if until < gap {
		return nil, &fault.Error{Kind: fault.Refused, Field: "--until", What: fmt.Sprintf("the letter reaches to %s, and the gap begins on %s", until.Long(), gap.Long())}
	}
	res, err := o.Test(ctx, cli.Test{From: &gap, To: &until}, nil)
	if err != nil {
		return nil, err
	}
	f, err := o.factsAt(ctx, o.program.Report, res, report.Throughout(res.Period))
	if err != nil {
		return nil, err
	}
	b := report.Bridge{Report: x.Report, To: x.To, Until: until, NoChanges: x.NoChanges, NoIncidents: x.NoIncidents, Override: x.Override}
	if x.From != nil {
		b.From = *x.From
	}
	for _, c := range o.system.Changes {
		if c.On >= gap && c.On <= until {
			b.Changes = append(b.Changes, c)
		}
	}
	if b.Incidents, err = o.disclosed(f.Incidents); err != nil {
		return nil, err
	}
	for _, t := range res.Controls {
		if t.Deviating == 0 {
			continue
		}
		name := t.Control
		if i := slices.IndexFunc(f.Controls, func(c assure.Control) bool { return c.ID == t.Control }); i >= 0 {
			name += " " + f.Controls[i].Title
		}
		if t.Test != t.Control {
			name += ", " + populationName(t)
		}
		b.Deviations = append(b.Deviations, fmt.Sprintf("%s: %s of %s", name, report.Count(t.Deviating), report.Plural(t.Population-t.NotApplicable, "item", "items"))+" that needed the control.")
	}
	r, err := report.BridgeLetter(f, b)
	if err != nil {
		return nil, err
	}
	return drawnAs(w, r, d)
}

// disclosed are the incidents that management decided to tell of, on the days on which they were detected.
func (o *office) disclosed(list []report.IncidentFact) ([]assure.SystemChange, error) {
	var out []assure.SystemChange
	for _, i := range list {
		at := slices.IndexFunc(o.system.Incidents, func(s assure.Incident) bool { return s.ID == i.ID && s.Disclose })
		if at < 0 || i.Detected == "" {
			continue
		}
		detected, err := civil.ParseInstant(i.Detected)
		if err != nil {
			return nil, err
		}
		out = append(out, assure.SystemChange{On: o.program.Zone.DateOf(detected), Text: o.system.Incidents[at].Text})
	}
	return out, nil
}
