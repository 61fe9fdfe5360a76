package gauge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// designRules ask whether there is a control at all, whether it is whole, and whether it was put in place.
func designRules() []Rule {
	return []Rule{
		{
			ID: "G01", Worst: Block, Trigger: "a criterion or objective in scope has no primary control, or none in force for a part of the period",
			Fix:     "map a control to it as primary, or record why it does not apply to this system",
			Command: "assay apply DIR", Page: "/coverage",
			Risk:   "Nobody is charged with what this criterion protects, so that a failure there would meet no defence and no record.",
			report: uncovered,
		},
		{
			ID: "G02", Worst: Block, Gate: Design, Trigger: "a control lacks its owner, frequency, types of evidence, escalation path, population source or pass rule, is not approved, or serves nothing in scope",
			Fix:     "complete the control's definition and have management approve it",
			Command: "assay apply DIR", Page: "/controls/{control}",
			Risk:    "A duty without a name, a time or a proof is dropped the first time somebody is busy or away.",
			control: incomplete,
		},
		{
			ID: "G03", Worst: Block, Gate: Implemented, Trigger: "a control is designed and was not in place by the date or the first day of the period, or was in force for a part of the period only",
			Fix:     "put it in place and record the date, or move the period to start after it",
			Command: "assay apply DIR", Page: "/controls/{control}",
			Risk:    "The control exists on paper: until it is in place, what it should stop goes through.",
			control: notImplemented,
		},
		{
			ID: "G04", Worst: Warn, Gate: Implemented, Trigger: "no walkthrough in the last 12 months, or before the date of a Type 1",
			Fix:     "follow one instance from start to end, with the person who performs it, and record what was seen",
			Command: "assay import walkthroughs FILE", Page: "/controls/{control}",
			Risk: "What people do may have drifted away from what the control says, and nobody would have noticed.",
			control: func(v *view, c *subject, add func(finding)) {
				ref := v.upTo
				if _, ok := c.walked(ref.AddMonths(-v.set.WalkthroughMonths), ref); ok {
					return
				}
				what := "no walkthrough is on record"
				if w, ok := c.walked(-1<<31, ref); ok {
					what = fmt.Sprintf("the last walkthrough was on %s, more than %d months before %s", w.On, v.set.WalkthroughMonths, ref)
				}
				add(finding{severity: Warn, what: what})
			},
		},
		{
			ID: "G11", Worst: Warn, Gate: Design, Trigger: "a key control depends on one person, who owns, performs and checks it",
			Fix:     "let another person perform or check it",
			Command: "assay apply DIR", Page: "/controls/{control}",
			Risk:    "One person's mistake, absence or intent is enough to disable the control unseen.",
			control: onePerson,
		},
		{
			ID: "G28", Worst: Warn, Gate: Design, Trigger: "a policy that a control refers to was not reviewed for 12 months",
			Fix:     "review the policy, have it approved and record the review",
			Command: "assay import policies FILE", Page: "/controls/{control}",
			Risk: "The control follows rules that may no longer fit the system, its threats or the law.",
			control: func(v *view, c *subject, add func(finding)) {
				for _, p := range c.Policies {
					switch {
					case p.Reviewed == nil:
						add(finding{severity: Warn, what: "it is not known when the policy " + p.ID + " was last reviewed"})
					case p.Reviewed.AddMonths(v.set.PolicyMonths) < v.upTo:
						add(finding{severity: Warn, what: fmt.Sprintf("the policy %s was last reviewed on %s", p.ID, *p.Reviewed)})
					}
				}
			},
		},
		{
			ID: "G14", Worst: Block, Gate: Findings, Trigger: "a deficiency is high and open, or overdue",
			Fix:     "correct it, have another person check the correction, and close it",
			Command: "assay import deficiencies FILE", Page: "/controls/{control}",
			Risk:    "A weakness that is known and stays open can be used, and shows that findings are not followed up.",
			control: openDeficiencies,
		},
	}
}

// uncovered looks for criteria that no control of the organization meets by itself. A criterion that is met by a carved-out
// vendor alone is covered by what is expected of the vendor and by the control that watches it.
func uncovered(v *view, add func(finding)) {
	if len(v.criteria) == 0 {
		add(finding{severity: Block, what: "nothing is in scope that the controls are held against", fix: "choose the report and its categories"})
	}
	for _, cr := range v.criteria {
		if v.NotRelevant[cr.ID] != "" || len(v.watched(cr)) > 0 {
			continue
		}
		switch {
		case len(cr.primary) == 0 && len(cr.supporting) > 0:
			var ids []string
			for _, c := range cr.supporting {
				ids = append(ids, c.ID)
			}
			add(finding{severity: Block, criteria: []string{cr.ID}, what: fmt.Sprintf("%s has only supporting controls (%s); one of them or another must be primary", cr.ID, some(ids))})
		case len(cr.primary) == 0:
			add(finding{severity: Block, criteria: []string{cr.ID}, what: cr.ID + " has no primary control"})
		case !v.type1:
			for _, s := range v.bare(cr) {
				add(finding{severity: Block, criteria: []string{cr.ID}, what: fmt.Sprintf("no primary control of %s was defined from %s", cr.ID, s)})
			}
		}
	}
}

// bare lists the days of the period for which no primary control of the criterion was defined (handbook E12, E13).
func (v *view) bare(cr *crit) []Span {
	covered := []Span{}
	for _, c := range cr.primary {
		if len(c.Spans) == 0 {
			return nil
		}
		covered = append(covered, c.Spans...)
	}
	var out []Span
	next := v.period.From
	for _, s := range union(covered) {
		if s.From > next && next <= v.period.To {
			out = append(out, Span{next, min(s.From-1, v.period.To)})
		}
		if s.To >= v.period.To {
			return out
		}
		next = max(next, s.To+1)
	}
	return append(out, Span{next, v.period.To})
}

// watched lists the controls that watch a carved-out vendor of which a control is expected for the criterion.
func (v *view) watched(cr *crit) []*subject {
	var out []*subject
	for _, s := range v.Subservice {
		if s.Inclusive || !slices.ContainsFunc(s.CSOCs, func(c CSOC) bool { return slices.Contains(c.Criteria, cr.ID) }) {
			continue
		}
		for _, id := range s.Monitoring {
			if c := v.byID[id]; c != nil {
				out = append(out, c)
			}
		}
	}
	return out
}

func incomplete(v *view, c *subject, add func(finding)) {
	var lacks []string
	for _, x := range []struct {
		name, value string
	}{
		{"an owner", c.Owner + strings.Join(c.Owners, "")}, {"a frequency", string(c.Frequency)},
		{"types of evidence", strings.Join(c.EvidenceTypes, "")}, {"an escalation path", c.Escalation},
		{"a source of its population", c.Source}, {"a rule for when an item passes", c.PassRule},
	} {
		if strings.TrimSpace(x.value) == "" {
			lacks = append(lacks, x.name)
		}
	}
	if len(lacks) > 0 {
		add(finding{severity: Block, what: "the control lacks " + strings.Join(lacks, ", ")})
	}
	if c.Draft {
		add(finding{severity: Block, what: "the control is a draft that management did not approve"})
	}
	serves := len(c.serves) > 0 || slices.ContainsFunc(v.criteria, func(cr *crit) bool { return slices.Contains(cr.supporting, c) }) ||
		slices.ContainsFunc(v.Subservice, func(s Subservice) bool { return slices.Contains(s.Monitoring, c.ID) })
	if !serves {
		add(finding{severity: Warn, what: "the control serves no criterion in scope", fix: "map it to what it serves, or take it out of this report"})
	}
}

// notImplemented holds the date of implementation against the first day on which the control must work: the period's,
// or its own where it was defined later. A first act known is no implementation: nobody said what was in place.
func notImplemented(v *view, c *subject, add func(finding)) {
	by := v.period.To
	if !v.type1 {
		by = v.period.From
		if len(c.Spans) > 0 {
			first := slices.MinFunc(c.Spans, func(a, b Span) int { return int(a.From - b.From) }).From
			by = max(by, first)
		}
	}
	switch {
	case c.Implemented == nil && c.started != nil:
		add(finding{severity: Block, what: fmt.Sprintf("the control is designed; it first acted on %s, and no date of implementation is on record", *c.started)})
	case c.Implemented == nil:
		add(finding{severity: Block, what: "the control is designed; no date of implementation is on record"})
	case *c.Implemented > by:
		add(finding{severity: Block, what: fmt.Sprintf("the control was implemented on %s; it must be in place by %s", *c.Implemented, by)})
	}
	inPart(v, c, add)
}

// inPart finds a control of which no version was in force for a part of the period: it cannot have been effective
// throughout, whatever its tests of the other part show (handbook E12, E13).
func inPart(v *view, c *subject, add func(finding)) {
	if v.type1 || len(c.Spans) == 0 {
		return
	}
	days, in := v.period.Days(), 0
	for _, s := range union(slices.Clone(c.Spans)) {
		in += max(0, Span{max(s.From, v.period.From), min(s.To, v.period.To)}.Days())
	}
	if in >= days {
		return
	}
	severity := Warn
	if 2*in < days {
		severity = Block
	}
	add(finding{
		severity: severity,
		what:     fmt.Sprintf("in force on %d of %d days of the period: not effective throughout; its criteria rest on others for the rest", in, days),
		fix:      "name the control that covered the other days, or move the period; the report tells from when to when this one was in force",
	})
}

// walked is the last walkthrough in an interval.
func (c *subject) walked(from, to civil.Date) (Walkthrough, bool) {
	var last Walkthrough
	found := false
	for _, w := range c.Walkthroughs {
		if w.On >= from && w.On <= to && (!found || w.On >= last.On) {
			last, found = w, true
		}
	}
	return last, found
}

func onePerson(_ *view, c *subject, add func(finding)) {
	if !c.Key || len(c.Operators) == 0 || len(c.Reviewers) == 0 || len(c.Owners) == 0 {
		return // who does what is not known; that an owner must be named is asked elsewhere
	}
	all := slices.Concat(c.Owners, c.Operators, c.Reviewers)
	if len(slices.Compact(slices.Sorted(slices.Values(all)))) == 1 {
		add(finding{severity: Warn, what: all[0] + " owns, performs and checks this key control"})
	}
}

func openDeficiencies(v *view, c *subject, add func(finding)) {
	for _, d := range c.deficiencies {
		if d.Closed != nil && *d.Closed <= v.Today || d.Opened > v.Today {
			continue
		}
		overdue := d.Due != nil && *d.Due < v.Today
		what := fmt.Sprintf("the deficiency %s (%s) is open since %s", d.ID, d.Severity, d.Opened)
		if overdue {
			what += fmt.Sprintf(" and was due on %s", *d.Due)
		}
		switch {
		case strings.EqualFold(d.Severity, "high"):
			add(finding{severity: Block, what: what})
		case overdue:
			add(finding{severity: Warn, what: what})
		}
	}
}
