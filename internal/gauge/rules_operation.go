package gauge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// operationRules ask what happened: whether all of it is known, and whether it was as the control says.
func operationRules() []Rule {
	const page = "/controls/{control}"
	return []Rule{
		{
			ID: "G05", Worst: Block, Gate: Population, Trigger: "the source of the population is not connected, or keeps its records for less than the period",
			Fix:     "connect the source now and pull it before its records expire",
			Command: "assay import REGISTER FILE", Page: "/sources",
			Risk:    "What the source forgets cannot be tested any more, and a missing record counts against the control.",
			control: unconnected,
		},
		{
			ID: "G06", Worst: Block, Gate: Population, Trigger: "no check of completeness passed for the period to date",
			Fix:     "run a check of completeness: an independent count, a sequence without gaps, or a roll-forward",
			Command: "assay import REGISTER FILE --expect-rows N", Page: page,
			Risk:    "Items may be missing from the list, and those left out are the ones most likely to be wrong.",
			control: unproven,
		},
		{
			ID: "G07", Worst: Block, Gate: EvidenceOK, Trigger: "a due instance has no evidence, or an item cannot be decided, and the days of grace are over",
			Fix:     "bring the evidence that exists; where there is none the item is a deviation",
			Command: "assay test --control {control}", Page: page,
			Risk:    "Nothing shows that the control acted when it should have, which an auditor reads as that it did not.",
			control: missing,
		},
		{
			ID: "G08", Worst: Block, Gate: Operation, Trigger: "an instance was done after it was due",
			Fix:     "disclose it, record the cause, and say what the delay let happen",
			Command: "assay test --control {control}", Page: page,
			Risk:    "For the days of the delay, what the control would have found stayed as it was.",
			control: late,
		},
		{
			ID: "G09", Worst: Warn, Gate: EvidenceOK, Trigger: "evidence arose outside the period or on request, or when it arose is not known",
			Fix:     "find a source from the time itself: a system's log, a signed record",
			Command: "assay test --control {control}", Page: page,
			Risk: "Evidence made afterwards shows what somebody says, not what happened.",
			control: func(v *view, c *subject, add func(finding)) {
				v.lacking(c, "the time", func(l Lack) Answer { return l.Time }, c.checks.Time, add)
			},
		},
		{
			ID: "G10", Worst: Warn, Gate: EvidenceOK, Trigger: "evidence is not linked to a component in scope, or it is not known to be",
			Fix:     "name the system, the item and the version of the control that the evidence belongs to",
			Command: "assay test --control {control}", Page: page,
			Risk: "The evidence may be of another system, or of a time when the control was another.",
			control: func(v *view, c *subject, add func(finding)) {
				v.lacking(c, "the link to a component in scope", func(l Lack) Answer { return l.Link }, c.checks.Link, add)
			},
		},
		{
			ID: "G12", Worst: Block, Gate: Operation, Trigger: "one person prepared and approved an item",
			Fix:     "record it as a deviation and have another person look at what was approved",
			Command: "assay test --control {control}", Page: page,
			Risk:    "The second pair of eyes was the first pair: an error or a fraud would have passed.",
			control: selfApproved,
		},
		{
			ID: "G13", Worst: Block, Gate: Operation, Trigger: "the rate of deviations, or the upper bound of a sample, is above what is tolerable; within it the deviations are disclosed",
			Fix:     "find the cause, correct it, and let the control run clean for the minimum of operations",
			Command: "assay test --control {control}", Page: page,
			Risk:    "The control fails more often than one may rely on it, so that its criterion rests on others.",
			control: deviating,
		},
		{
			ID: "G15", Worst: Block, Gate: Operation, Trigger: "an approved exception has expired and is still used",
			Fix:     "end its use, or have it renewed: before it expires, never after",
			Command: "assay import waivers FILE", Page: page,
			Risk: "A risk that somebody accepted for a time is now carried by nobody.",
			control: func(v *view, c *subject, add func(finding)) {
				for _, w := range c.waivers {
					if w.InUse && w.Expires < v.upTo {
						add(finding{severity: Block, what: fmt.Sprintf("the exception %s (%s) expired on %s and is still used", w.ID, w.Scope, w.Expires)})
					}
				}
			},
		},
		{
			ID: "G21", Worst: Block, Gate: Operation, Trigger: "a yearly control acted before the period and is next due after it",
			Fix:     "bring the next act forward into the period",
			Command: "assay test --control {control}", Page: page,
			Risk:    "The control does not act at all in the period, and nothing can be said of its operation.",
			control: outsidePeriod,
		},
		{
			ID: "G22", Worst: Info, Gate: Operation, Trigger: "nothing occurred in the period that the control had to act on",
			Fix:     "let the report say that nothing occurred and that operation was not tested; keep the check that proves the zero",
			Command: "assay test --control {control}", Page: page,
			Risk: "Whether the control would work when it is needed is not shown; its design is all there is.",
			control: func(v *view, c *subject, add func(finding)) {
				if !v.begun() || len(c.results) == 0 || slices.ContainsFunc(c.results, func(r *assure.TestResult) bool { return r.Outcome != assure.NoOccurrence }) {
					return
				}
				add(finding{severity: Info, what: "nothing occurred in the period, as checks of completeness show: operation was not tested"})
			},
		},
		{
			ID: "G23", Worst: Warn, Gate: Operation, Trigger: "the period holds fewer operations than the minimum for the control's frequency",
			Fix:     "lengthen the period until it holds enough",
			Command: "assay forecast", Page: page,
			Risk:    "So few acts show little: a control that works by chance looks the same.",
			control: tooFew,
		},
		{
			ID: "G26", Worst: Warn, Gate: Population, Trigger: "the clock of a source is off by more than a minute, or its zone is not known",
			Fix:     "correct the clock or record its zone, and note how finely times can be told apart",
			Command: "assay import clocks FILE", Page: "/sources",
			Risk:    "Which of two acts came first cannot be told, and days at the edge of the period may belong to another.",
			control: clocks, report: otherClocks,
		},
	}
}

// begun says whether anything of the period lies behind.
func (v *view) begun() bool { return v.Today >= v.period.From }

func unconnected(v *view, c *subject, add func(finding)) {
	for _, r := range c.results {
		if r.Outcome == assure.Blocked {
			add(finding{severity: Block, what: "the test " + r.Test + " cannot run: " + r.Blocked})
			return
		}
	}
	s := c.Population
	if s == nil {
		if len(c.results) == 0 && len(c.samples) == 0 {
			add(finding{severity: Block, what: "it is not known whether the source of its population is connected"})
		}
		return
	}
	if !s.Connected {
		add(finding{severity: Block, what: "the source " + s.Name + " is not connected"})
		return
	}
	whole := s.Collected != nil && *s.Collected <= v.period.From
	if s.Retention > 0 && s.Retention < v.period.Days() && !whole {
		// The oldest day of the period that the source still has is the next one it forgets.
		expires := max(v.period.From, v.Today-civil.Date(s.Retention)) + civil.Date(s.Retention)
		add(finding{severity: Block, by: expires, what: fmt.Sprintf("the source %s keeps its records for %d days, the period has %d, and its records are not kept here from the first day on",
			s.Name, s.Retention, v.period.Days())})
	}
}

func unproven(v *view, c *subject, add func(finding)) {
	if !v.begun() || slices.ContainsFunc(c.results, func(r *assure.TestResult) bool { return r.Outcome == assure.Blocked }) {
		return
	}
	if len(c.results) == 0 && !c.retired(v.period.From) {
		add(finding{severity: Block, what: "no population was tested: nothing shows what it holds, nor that it is whole"})
		return
	}
	for _, r := range c.results {
		switch {
		case r.Outcome == assure.Gap && r.InProgress > 0 && r.Population == 0:
			add(finding{severity: Warn, what: "nothing has fallen due yet in the test " + r.Test, fix: "wait for the first instance, and test again"})
		case r.Outcome == assure.Gap:
			add(finding{severity: Block, what: "the test " + r.Test + " found no item, and nothing proves that there was none" + strings.Join(append([]string{""}, r.Notes...), "; ")})
		case !r.Complete():
			add(finding{severity: Block, what: "no check of completeness passed for the population of the test " + r.Test + failed(r)})
		}
	}
}

func failed(r *assure.TestResult) string {
	for _, c := range r.Completeness {
		if c.Status == assure.Failed {
			return ": " + c.Check + " of " + c.Register + " failed: " + c.Detail
		}
	}
	return ""
}

func missing(v *view, c *subject, add func(finding)) {
	if v.type1 {
		if c.checks.Instances > 0 && c.checks.Ready == 0 && c.checks.Complete.No > 0 {
			add(finding{severity: Warn, what: "no instance has complete evidence; a report about one date needs one"})
		}
		return
	}
	if n := len(c.missing); n > 0 {
		add(finding{severity: Block, what: fmt.Sprintf("%s due without evidence: %s", count(n, "instance was", "instances were"), some(c.missing))})
	}
	if c.undecided > 0 {
		f := finding{severity: Warn, what: fmt.Sprintf("%s cannot be decided; what stays so counts as a deviation", ofItems(c.undecided, c.items))}
		if above(c.deviating+c.undecided, c.items, v.tolerable(c)) {
			f.severity = Block
		}
		add(f)
	}
	if n := c.checks.Complete.Unknown; n > 0 {
		add(finding{severity: Warn, what: fmt.Sprintf("whether the evidence is complete is not known for %s", count(n, "instance", "instances"))})
	}
	if lacks := c.evidence.lacking(func(l Lack) Answer { return l.Complete }, No); len(lacks) > 0 {
		add(finding{severity: Warn, what: fmt.Sprintf("%s complete evidence: %s", count(c.checks.Complete.No, "instance has no", "instances have no"), some(lacks))})
	}
}

func late(v *view, c *subject, add func(finding)) {
	n := len(c.late)
	if n == 0 {
		return
	}
	of := max(c.items, n)
	f := finding{severity: Warn, what: fmt.Sprintf("%s done late: %s", ofItems(n, of), some(c.late))}
	tau := v.tolerable(c)
	if above(n, of, tau) {
		f.severity = Block
		f.what += "; tolerable is " + share(tau)
	}
	add(f)
}

// lacking words the instances of which a check does not hold or is not known. A Type 1 asks for one instance only.
func (v *view) lacking(c *subject, what string, of func(Lack) Answer, t Tally, add func(finding)) {
	if t.No+t.Unknown == 0 || v.type1 && c.checks.Ready > 0 {
		return
	}
	var parts []string
	if t.No > 0 {
		parts = append(parts, fmt.Sprintf("%s of the evidence is not in order for %s: %s", what, count(t.No, "instance", "instances"), some(c.evidence.lacking(of, No))))
	}
	if t.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%s of the evidence is not known for %s", what, count(t.Unknown, "instance", "instances")))
	}
	add(finding{severity: Warn, what: strings.Join(parts, "; ")})
}

func selfApproved(v *view, c *subject, add func(finding)) {
	var keys []string
	for _, s := range c.self {
		if s.On >= v.period.From && s.On <= v.upTo {
			keys = append(keys, s.Key+" by "+s.Person)
		}
	}
	if len(keys) > 0 {
		add(finding{severity: Block, what: fmt.Sprintf("%s prepared and approved by one person: %s", count(len(keys), "item was", "items were"), some(keys))})
	}
}

func deviating(v *view, c *subject, add func(finding)) {
	tau := v.tolerable(c)
	switch other := c.deviating - len(c.late); {
	case above(c.rateK, c.rateN, tau):
		what := fmt.Sprintf("%s deviate; tolerable is %s", ofItems(c.rateK, c.rateN), share(tau))
		if c.rateK*10000 >= v.set.NotRelied*c.rateN {
			what += "; from " + share(v.set.NotRelied) + " on nobody relies on a control"
		}
		add(finding{severity: Block, what: what})
	case other > 0:
		add(finding{severity: Warn, what: fmt.Sprintf("%s deviate, within the tolerable %s: the report discloses it", ofItems(c.deviating, c.items), share(tau)),
			fix: "record the cause and management's response; it is disclosed whatever the rate"})
	}
	for _, s := range c.samples {
		u := upperRate(s, v.set.Confidence)
		switch {
		case u*10000 > float64(tau):
			add(finding{severity: Block, what: fmt.Sprintf("%d of %d items of a sample deviate: up to %s of the population may, tolerable is %s", s.Deviations, s.Size, limit(u), share(tau))})
		case s.Deviations > 0:
			add(finding{severity: Warn, what: fmt.Sprintf("%d of %d items of a sample deviate: the report discloses it", s.Deviations, s.Size)})
		}
	}
}

func outsidePeriod(v *view, c *subject, add func(finding)) {
	if c.Frequency != assure.Annual || c.due.last == nil || *c.due.last >= v.period.From || c.retired(v.period.To) {
		return
	}
	next := c.due.last.AddMonths(12)
	if c.due.next != nil {
		next = *c.due.next
	}
	if next > v.period.To {
		add(finding{severity: Block, by: v.period.To, what: fmt.Sprintf("it last acted on %s and is next due on %s: nothing of it falls into the period", *c.due.last, next)})
	}
}

func tooFew(v *view, c *subject, add func(finding)) {
	least := v.set.Minimum[c.Frequency]
	if months, days := step(c.Frequency); least == 0 || months+days == 0 || c.retired(v.period.From) {
		return
	}
	s := v.dueDates(c)
	if len(s.dates) == 0 && c.Frequency == assure.Annual {
		if !c.tested {
			add(finding{severity: Warn, what: "it acts once a year, and no act is known", fix: "perform it inside the period, or tell when it last was"})
		}
		return
	}
	if n, _ := s.between(v.period); n < least && (c.Frequency != assure.Annual || c.due.last == nil) {
		add(finding{severity: Warn, what: fmt.Sprintf("the period holds %s of it; the minimum is %d", count(n, "operation", "operations"), least)})
	}
}

// clocks holds the clocks of the sources against the controls whose items come from there.
func clocks(v *view, c *subject, add func(finding)) {
	for _, k := range v.Clocks {
		reads := func(r *assure.TestResult) bool {
			return slices.ContainsFunc(r.Registers, func(x string) bool { return slices.Contains(k.Registers, x) })
		}
		if slices.ContainsFunc(c.results, reads) && k.off(v.set) != "" {
			add(finding{severity: Warn, what: k.off(v.set)})
		}
	}
}

// otherClocks names the clocks that no test in scope was seen to rest on.
func otherClocks(v *view, add func(finding)) {
	for _, k := range v.Clocks {
		used := false
		for _, c := range v.controls {
			for _, r := range c.results {
				used = used || slices.ContainsFunc(r.Registers, func(x string) bool { return slices.Contains(k.Registers, x) })
			}
		}
		if !used && k.off(v.set) != "" {
			add(finding{severity: Warn, what: k.off(v.set)})
		}
	}
}

func (k Clock) off(s Settings) string {
	var what []string
	if max(k.Offset, -k.Offset) > s.ClockOffset {
		what = append(what, fmt.Sprintf("its clock is off by %d seconds", k.Offset))
	}
	if !k.Zone {
		what = append(what, "its zone is not known")
	}
	if len(what) == 0 {
		return ""
	}
	return k.Source + ": " + strings.Join(what, ", and ")
}
