package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
)

// Ask limits readiness and forecast.
type Ask struct {
	Today    *civil.Date // stands for its end; the present when nil
	Controls []string
	If       []string // what to suppose, such as IAM-04/billing/2026-Q3=late:10d
}

type readyCmd struct {
	Today   string   `help:"As of the end of this day; today when left out." placeholder:"DATE"`
	Control []string `help:"Only these controls." placeholder:"ID,..."`
	All     bool     `help:"Say every gap by itself, with its task."`
	Fail    bool     `help:"Exit with 5 unless the report is ready."`
}

func (c *readyCmd) Run(r *run) error {
	today, err := date("--today", c.Today)
	if err != nil {
		return err
	}
	return r.enter(Read, func(o Office) error {
		got, err := o.Ready(r.ctx, Ask{Today: today, Controls: c.Control})
		if err != nil {
			return err
		}
		if r.g.JSON {
			err = r.print(got)
		} else {
			r.ready(got, c.All)
		}
		if err == nil && c.Fail && got.Status != "ready" {
			return errDeviation
		}
		return err
	})
}

// ready prints the worst first: the answer, what stands against it, and what to do.
func (r *run) ready(g gauge.Readiness, all bool) {
	word := map[string]string{"ready": "READY", "at_risk": "AT RISK", "not_ready": "NOT READY"}[g.Status]
	r.say("%s: %s as of %s. Of the criteria %d are red, %d amber, %d green; of the controls %d, %d, %d.", word, g.Title, g.Today,
		g.Counts.Red, g.Counts.Amber, g.Counts.Green, g.ControlCounts.Red, g.ControlCounts.Amber, g.ControlCounts.Green)
	if g.Effort.Total > 0 {
		r.say("%s: %d of %d.", g.Effort.Label, g.Effort.Done, g.Effort.Total)
	}
	r.say("")
	for _, s := range g.Journey {
		state := "open"
		if s.Done {
			state = "done"
		}
		r.say("  %d  %-4s  %s", s.Number, state, s.Title)
		for _, e := range s.Exit {
			if !e.Met {
				r.say("             %s: %s", e.What, e.Detail)
			}
		}
	}
	r.say("")
	for _, sev := range []gauge.Severity{gauge.Block, gauge.Warn, gauge.Info} {
		r.gaps(sev, g.Gaps, all)
	}
	if len(g.Gaps) == 0 {
		r.say("No gap is known.")
	}
}

// several is how many gaps of one kind are said one by one.
const several = 3

// gaps prints those of one severity. Where many are of one kind they are named together, with the fix once.
func (r *run) gaps(sev gauge.Severity, list []gauge.Gap, all bool) {
	byRule := map[string][]gauge.Gap{}
	var order []string
	for _, x := range list {
		if x.Severity == sev {
			if byRule[x.Rule] == nil {
				order = append(order, x.Rule)
			}
			byRule[x.Rule] = append(byRule[x.Rule], x)
		}
	}
	for _, rule := range order {
		same := byRule[rule]
		if all || len(same) <= several {
			for _, x := range same {
				r.gap(x)
			}
			continue
		}
		var about []string
		for _, x := range same {
			if w := concerns(x); !slices.Contains(about, w) {
				about = append(about, w)
			}
		}
		r.say("%-5s  %s  %d times, as of %s: %s", sev, rule, len(same), concerns(same[0]), same[0].What)
		r.say("       %s", strings.Join(about, " "))
		r.say("       fix: %s", fix(same[0]))
	}
}

// concerns names what a gap is about.
func concerns(x gauge.Gap) string {
	switch {
	case x.Control != "":
		return x.Control
	case x.Criterion != "":
		return x.Criterion
	}
	return "report"
}

func fix(x gauge.Gap) string {
	if x.Command == "" {
		return x.Fix
	}
	return x.Fix + "  [" + x.Command + "]"
}

func (r *run) gap(x gauge.Gap) {
	r.say("%-5s  %s  %s: %s", x.Severity, x.Rule, concerns(x), x.What)
	r.say("       fix: %s", fix(x))
	if x.Task != nil {
		r.say("       by %s, %s", x.Task.Due, orDash(x.Task.Owner))
	}
}

type forecastCmd struct {
	Today   string   `help:"Plan from the end of this day; today when left out." placeholder:"DATE"`
	Control []string `help:"Only these controls." placeholder:"ID,..."`
	If      []string `help:"Suppose something, such as IAM-04/billing/2026-Q3=late:10d, or =missed, or =done." placeholder:"WHAT" sep:"none"`
}

func (c *forecastCmd) Run(r *run) error {
	today, err := date("--today", c.Today)
	if err != nil {
		return err
	}
	return r.enter(Read, func(o Office) error {
		got, err := o.Forecast(r.ctx, Ask{Today: today, Controls: c.Control, If: c.If})
		if err != nil {
			return err
		}
		if r.g.JSON {
			return r.print(got)
		}
		r.forecast(got)
		return nil
	})
}

// most is how many lines of one kind a forecast prints.
const most = 12

func (r *run) forecast(f gauge.Forecast) {
	r.say("Forecast of %s from the end of %s.", f.Report, f.Today)
	for _, x := range f.If {
		r.say("Supposed: %s", x)
	}
	span := func(s *gauge.Span) string {
		if s == nil {
			return "none in sight"
		}
		return s.String()
	}
	r.say("\nEarliest period in which nothing known would be disclosed\n  MONTHS  CONSERVATIVE              STRICT                    REPORT READY")
	for _, c := range f.EarliestClean {
		r.say("  %-6d  %-24s  %-24s  %s", c.Months, span(c.Conservative), span(c.Strict), strings.Join(c.ReportReady, " to "))
		for _, w := range c.Why {
			r.say("          %s", w)
		}
	}
	r.say("\nOptions")
	for _, o := range f.Options {
		when := ""
		switch {
		case o.Period != nil:
			when = fmt.Sprintf("%s to %s", o.Period.From, o.Period.To)
		case o.AsOf != nil:
			when = "as of " + o.AsOf.String()
		}
		r.say("  %-8s %s; report ready %s to %s", o.ID, when, o.ReportReady[0], o.ReportReady[1])
		r.say("           cost: %s", o.Cost)
		for i, d := range o.Discloses {
			if i == most {
				r.say("           discloses: %d more; --json lists all", len(o.Discloses)-most)
				break
			}
			r.say("           discloses: %s", d)
		}
		for _, w := range o.Warnings {
			r.say("           warning: %s", w)
		}
	}
	if f.Chance != nil {
		r.say("\nChance of the period as planned: no exception %s, no qualification %s. Ranges, not points: controls are taken as independent.",
			percents(f.Chance.NoException), percents(f.Chance.NoQualification))
	}
	if len(f.DueSoon) > 0 {
		r.say("\nDue soon")
	}
	for i := range f.DueSoon {
		d := &f.DueSoon[i]
		r.say("  %s  %s  %-8s %s: %s", d.Due, d.When(), d.Control, orDash(d.Owner), d.IfMissed)
	}
	for _, l := range f.Chain {
		if l.Warning != "" {
			r.say("\nChain of reports: %s", l.Warning)
		}
	}
	for _, n := range f.Notes {
		r.say("note: %s", n)
	}
}

func percents(x gauge.Range) string {
	return fmt.Sprintf("%.0f %% to %.0f %%", 100*x[0], 100*x[1])
}
