package web

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/report"
)

// change is one answer of a forecast, as things are known and as they are supposed.
type change struct{ What, Before, After string }

// compare holds two forecasts against each other: the answers that differ, and how many do not.
func compare(before, after gauge.Forecast) (diff []change, same int) {
	a, b := answers(before), answers(after)
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
func answers(f gauge.Forecast) []change {
	var out []change
	add := func(what, says string) { out = append(out, change{What: what, After: says}) }
	for _, c := range f.Controls {
		says := report.Count(c.Deviations) + " of " + report.Count(c.ItemsDue)
		if c.Deviations > 0 && c.Rate != "" {
			says += " (" + c.Rate + ")"
		}
		if c.Undecided > 0 {
			says += ", " + report.Count(c.Undecided) + " undecided"
		}
		add("Deviations of "+c.ID, says)
	}
	add("A period may start on", f.Start.On.String()+": "+f.Start.Why)
	for _, c := range f.EarliestClean {
		length := report.Plural(c.Months, "month", "months")
		add("Earliest clean "+length+", conservative", spanWords(c.Conservative))
		add("Earliest clean "+length+", strict", spanWords(c.Strict))
	}
	for _, o := range f.Options {
		name := optionWord(o, f.Period != nil)
		add(name+": time", optionWhen(o))
		add(name+": report ready", strings.Join(o.ReportReady[:], " to "))
		add(name+": discloses", report.Plural(len(o.Discloses), "entry", "entries"))
		if o.Gap > 0 {
			add(name+": days in no report", report.Count(o.Gap))
		}
		if o.Chance != nil {
			add(name+": chance of no exception", rangeWords(o.Chance.NoException))
			add(name+": chance of no qualification", rangeWords(o.Chance.NoQualification))
		}
	}
	add("Days within a deviation", report.Count(daysOf(f.Bad.Conservative)))
	return out
}

func daysOf(list []gauge.Span) int {
	n := 0
	for _, s := range list {
		n += s.Days()
	}
	return n
}
