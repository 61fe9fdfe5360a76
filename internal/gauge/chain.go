package gauge

import (
	"cmp"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// Link is where one report ends and the next begins.
type Link struct {
	From     string     `json:"from"` // the earlier report
	To       string     `json:"to"`
	Ended    civil.Date `json:"ended"`
	Begins   civil.Date `json:"begins"`
	Gap      int        `json:"gap_days"`     // days in no report
	Overlap  int        `json:"overlap_days"` // days in both
	Warning  string     `json:"warning,omitempty"`
	Expected civil.Date `json:"expected"` // the day after the earlier one ended
}

// periods lists earlier reports about a period, the first to end first. Reports of another kind form chains of their own.
func (v *view) periods() []Earlier {
	var out []Earlier
	for _, e := range v.Earlier {
		if _, ok := e.Term.(Type2); ok && (e.Report == v.Report || v.type1 || e.Report == "") {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Earlier) int { return cmp.Compare(a.Term.(Type2).Period.To, b.Term.(Type2).Period.To) })
	return out
}

// lastEnd is the last day that an earlier report covers; nil when none is known.
func (v *view) lastEnd() *civil.Date {
	all := v.periods()
	if len(all) == 0 {
		return nil
	}
	end := all[len(all)-1].Term.(Type2).Period.To
	return &end
}

// chain holds each report against the one before, and names the period that should come after the planned one.
func (v *view) chain() ([]Link, *Span) {
	out := []Link{}
	all := v.periods()
	if v.type1 {
		return out, nil
	}
	all = append(all, Earlier{Report: v.Report, Term: Type2{civil.Period{From: v.period.From, To: v.period.To}}})
	for i := 1; i < len(all); i++ {
		a, b := all[i-1].Term.(Type2).Period, all[i].Term.(Type2).Period
		out = append(out, link(all[i-1].Report+" to "+a.To.String(), all[i].Report+" from "+b.From.String(), a.To, b.From))
	}
	next := window(v.period.To+1, v.period.months())
	return out, &next
}

func link(from, to string, ended, begins civil.Date) Link {
	l := Link{From: from, To: to, Ended: ended, Begins: begins, Expected: ended + 1}
	switch days := int(begins - ended - 1); {
	case days > 0:
		l.Gap = days
		l.Warning = count(days, "day is", "days are") + " in no report"
	case days < 0:
		l.Overlap = -days
		l.Warning = count(-days, "day is", "days are") + " in two reports, which must agree about them"
	}
	return l
}
