package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/assayhq/assay/internal/assure"
)

type testCmd struct {
	Control []string `help:"Only these controls." placeholder:"ID,..."`
	From    string   `help:"First day, if not the report's." placeholder:"DATE"`
	To      string   `help:"Last day, if not the report's." placeholder:"DATE"`
	KnownAt string   `help:"As known at this instant: what was received later does not count." placeholder:"TIME"`
	Items   string   `help:"List every item, not only what was found." enum:",all" default:"" placeholder:"all"`
	Fail    bool     `help:"Exit with 5 when a deviation was found."`
	Full    bool     `help:"Look at every item, also where little has changed since the last run."`
}

func (c *testCmd) Run(r *run) error {
	t := Test{Controls: c.Control, Items: c.Items == "all", Cached: !c.Full}
	var err error
	if t.From, t.To, err = dates(c.From, c.To); err != nil {
		return err
	}
	if t.KnownAt, err = instant("--known-at", c.KnownAt); err != nil {
		return err
	}
	return r.enter(Read, func(o Office) error {
		p := r.progress("testing")
		res, err := o.Test(r.ctx, t, p.steps)
		p.done()
		if err != nil {
			return err
		}
		if r.g.JSON {
			err = r.print(res)
		} else {
			r.summary(res, true)
		}
		if err == nil && c.Fail && deviating(res) {
			return errDeviation
		}
		return err
	})
}

func deviating(res assure.Results) bool {
	return slices.ContainsFunc(res.Controls, func(t assure.TestResult) bool { return t.Deviating > 0 })
}

// summary prints the tests as a table, and what was found below it.
func (r *run) summary(res assure.Results, findings bool) {
	r.say("%s, %s to %s (%s)", res.Organization, res.Period.From.Long(), res.Period.To.Long(), res.Period.Zone)
	r.say("known at %s, %s in the ledger, %d not yet anchored\n", res.KnownAt, plural(res.Checkpoint.Size, "record"), res.Unanchored)
	w := tabwriter.NewWriter(r.s.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "TEST\tITEMS\tPASSED\tDEVIATING\tUNDECIDED\tNOT APPLICABLE\tIN PROGRESS\tPOPULATION")
	for _, t := range res.Controls {
		name := t.Test
		if t.Version > 1 {
			name += fmt.Sprintf(" v%d", t.Version)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", name, t.Population, t.Passed, t.Deviating, t.Undecided, t.NotApplicable, t.InProgress, standing(t))
	}
	_ = w.Flush()
	if !findings {
		return
	}
	const most = 12
	for _, t := range res.Controls {
		if len(t.Findings) == 0 {
			continue
		}
		r.say("\n%s %s", t.Test, t.Title)
		for i, f := range t.Findings {
			if i == most {
				r.say("  and %d more: assay test --control %s --json", len(t.Findings)-most, t.Control)
				break
			}
			r.say("  %-10s %s [%s] %s", f.Verdict, f.Key, strings.Join(f.Attributes, ""), f.Reason)
		}
	}
}

// standing says in words whether the population is known to be whole.
func standing(t assure.TestResult) string {
	switch t.Outcome {
	case assure.Blocked:
		return "blocked: " + t.Blocked
	case assure.NoOccurrence:
		return "did not occur; operation not tested"
	}
	word, failed := t.Wholeness()
	said := "completeness " + strings.ToLower(word.Word())
	if passed := passedChecks(t); word == assure.Shown {
		said += " (" + passed + ")"
	}
	if word == assure.NotShown && len(failed) > 0 {
		said += ", another check failed"
	}
	for i, c := range failed {
		if i > 0 {
			return fmt.Sprintf("%s; %d more failed", said, len(failed)-1)
		}
		said += fmt.Sprintf(": %s%s: %s", c.Check, of(c.Register), c.Detail)
	}
	return said
}

func of(register string) string {
	if register == "" {
		return ""
	}
	return " of " + register
}

func passedChecks(t assure.TestResult) string {
	seen := map[string]bool{}
	for _, c := range t.Completeness {
		if c.Status == assure.Passed {
			seen[c.Check] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), ", ")
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
