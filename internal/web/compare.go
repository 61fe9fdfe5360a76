package web

import (
	"context"
	"slices"

	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/web/shell"
)

// change is one answer of a forecast, as things are known and as they are supposed.
type change struct{ What, Before, After string }

// compare holds two forecasts against each other: the answers that differ, and how many do not.
func compare(ctx context.Context, before, after *gauge.Forecast) (diff []change, same int) {
	a, b := answers(ctx, before), answers(ctx, after)
	for _, x := range b {
		i := slices.IndexFunc(a, func(y change) bool { return y.What == x.What })
		switch {
		case i < 0:
			diff = append(diff, change{x.What, "", x.After})
		case a[i].After != x.After:
			diff = append(diff, change{x.What, a[i].After, x.After})
		default:
			same++
		}
	}
	for _, y := range a {
		if !slices.ContainsFunc(b, func(x change) bool { return x.What == y.What }) {
			diff = append(diff, change{y.What, y.After, ""})
		}
	}
	return diff, same
}

// answers are what a forecast says, each under a name.
func answers(ctx context.Context, f *gauge.Forecast) []change {
	var out []change
	add := func(what, says string) { out = append(out, change{What: what, After: says}) }
	for _, c := range f.Controls {
		says := shell.T(ctx, "%s of %s", count(ctx, c.Deviations), count(ctx, c.ItemsDue))
		if c.Deviations > 0 && c.Rate != "" {
			says += " (" + c.Rate + ")"
		}
		if c.Undecided > 0 {
			says += ", " + shell.T(ctx, "%s undecided", count(ctx, c.Undecided))
		}
		add(shell.T(ctx, "Deviations of %s", c.ID), says)
	}
	add(shell.T(ctx, "A period may start on"), f.Start.On.String()+": "+f.Start.Why)
	for _, c := range f.EarliestClean {
		add(shell.N(ctx, c.Months, "Earliest clean %d month, conservative", "Earliest clean %d months, conservative"), spanWords(ctx, c.Conservative))
		add(shell.N(ctx, c.Months, "Earliest clean %d month, strict", "Earliest clean %d months, strict"), spanWords(ctx, c.Strict))
	}
	for _, o := range f.Options {
		name := shell.T(ctx, optionWord(o, f.Period != nil))
		add(shell.T(ctx, "%s: time", name), optionWhen(ctx, o))
		add(shell.T(ctx, "%s: report ready", name), readyWords(ctx, o.ReportReady[:]))
		add(shell.T(ctx, "%s: discloses", name), shell.N(ctx, len(o.Discloses), "%d entry", "%d entries"))
		if o.Gap > 0 {
			add(shell.T(ctx, "%s: days in no report", name), count(ctx, o.Gap))
		}
		if o.Chance != nil {
			add(shell.T(ctx, "%s: chance of no exception", name), rangeWords(ctx, o.Chance.NoException))
			add(shell.T(ctx, "%s: chance of no qualification", name), rangeWords(ctx, o.Chance.NoQualification))
		}
	}
	add(shell.T(ctx, "Days within a deviation"), count(ctx, daysOf(f.Bad.Conservative)))
	return out
}

func daysOf(list []gauge.Span) int {
	n := 0
	for _, s := range list {
		n += s.Days()
	}
	return n
}
