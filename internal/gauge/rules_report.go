package gauge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// reportRules ask what the report says beyond its controls: of users, vendors, incidents, changes, and of itself.
func reportRules() []Rule {
	return []Rule{
		{
			ID: "G16", Worst: Warn, Trigger: "a control that users must have was never communicated to them",
			Fix:     "publish it where users find it, and record the day as communicated_on in system.yaml",
			Command: "assay apply DIR", Page: "/controls",
			Risk: "Users do not do what the commitments take for granted, and nobody told them to.",
			report: func(v *view, add func(finding)) {
				for _, u := range v.CUECs {
					if u.Communicated == nil || *u.Communicated > v.upTo {
						add(finding{severity: Warn, criteria: u.Criteria, what: fmt.Sprintf("the users' control %s (%s) is assumed and was never communicated", u.ID, u.Text)})
					}
				}
			},
		},
		{
			ID: "G17", Worst: Block, Trigger: "a carved-out subservice organization without a control expected of it, or without a control that watches it",
			Fix:     "name the controls that you expect of it and the control by which you watch it (VEN-02)",
			Command: "assay apply DIR", Page: "/controls/VEN-02",
			Risk:   "A part of the commitments is left to a vendor, and nobody looks whether it keeps them.",
			report: carvedOut,
		},
		{
			ID: "G18", Worst: Block, Trigger: "a vendor's report ends over three months before our period, is modified, or shows an exception on a control we rely on",
			Fix:     "get the vendor's report or a bridge letter, or test the effect on your own criteria; record what its report says in system.yaml (report_period_end, opinion, bridged_to, effect_judged_on)",
			Command: "assay apply DIR", Page: "/controls/VEN-02",
			Risk:   "What the vendor's controls did in our period is not shown, or shown to have failed.",
			report: vendorReports,
		},
		{
			ID: "G19", Worst: Warn, Trigger: "the system changed and the description does not say so",
			Fix:     "describe the change: what it is, from when, and what it means for the controls",
			Command: "assay apply DIR", Page: "/controls",
			Risk: "Readers judge a system that is not the one they use.",
			report: func(v *view, add func(finding)) {
				for _, c := range v.Changes {
					if !c.Described && c.On <= v.upTo {
						add(finding{severity: Warn, what: fmt.Sprintf("the description does not have the change of %s: %s", c.On, c.What)})
					}
				}
			},
		},
		{
			ID: "G20", Worst: Warn, Trigger: "it was not decided whether the description must tell of an incident",
			Fix:     "decide whether it kept a commitment from being met or came of a control that failed, and record why",
			Command: "assay apply DIR", Page: "/controls",
			Risk: "An incident that users would want to know of may be left out of the description.",
			report: func(v *view, add func(finding)) {
				for _, i := range v.Incidents {
					if i.On <= v.upTo && (v.type1 || i.On >= v.period.From) && (i.Decided == nil || *i.Decided > v.Today) {
						add(finding{severity: Warn, what: fmt.Sprintf("the incident %s of %s is not decided upon", i.ID, i.On)})
					}
				}
			},
		},
		{
			ID: "G24", Worst: Block, Trigger: "the description says what no control or test bears out",
			Fix:     "change the text to what is done, or add the control that does it",
			Command: "assay apply DIR", Page: "/controls",
			Risk:   "The description promises what nobody does; that is a misstatement, however well the controls work.",
			report: unsupported,
		},
		{
			ID: "G25", Worst: Warn, Trigger: "a vendor's report expects a control of its users that none of ours is named for",
			Fix:     "name the control of yours that does it, or add one",
			Command: "assay apply DIR", Page: "/controls/VEN-02",
			Risk: "The vendor counts on us for something that we do not know we have to do.",
			report: func(v *view, add func(finding)) {
				for _, d := range v.VendorDuties {
					if v.byID[d.Control] == nil {
						add(finding{severity: Warn, what: fmt.Sprintf("%s expects of its users: %s; no control in scope is named for it", d.Vendor, d.Text)})
					}
				}
			},
		},
		{
			ID: "G27", Worst: Block, Trigger: "cover, assertion, opinion and description disagree about the report's type, dates or categories",
			Fix:     "build the report again from one scope",
			Command: "assay report --format html --out FILE", Page: "/report",
			Risk:   "Readers cannot know what was examined, and for which time.",
			report: disagreeing,
		},
	}
}

func carvedOut(v *view, add func(finding)) {
	for _, s := range v.Subservice {
		if s.Inclusive {
			continue
		}
		var lacks []string
		if len(s.CSOCs) == 0 {
			lacks = append(lacks, "no control that is expected of it")
		}
		if !slices.ContainsFunc(s.Monitoring, func(id string) bool { return v.byID[id] != nil }) {
			lacks = append(lacks, "no control in scope that watches it")
		}
		if len(lacks) > 0 {
			add(finding{severity: Block, criteria: s.touches(), what: s.Name + " is carved out, with " + strings.Join(lacks, " and ")})
		}
	}
}

// touches are the criteria for which the vendor is needed.
func (s Subservice) touches() []string {
	out := slices.Clone(s.Criteria)
	for _, c := range s.CSOCs {
		for _, id := range c.Criteria {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// vendorReports holds each carved-out vendor's own report against our period to date. An effect that was evaluated
// weighs less, and stays: the reader of our report must still be told.
func vendorReports(v *view, add func(finding)) {
	for _, s := range v.Subservice {
		if s.Inclusive {
			continue
		}
		heavy := Block
		if s.Evaluated != nil && *s.Evaluated <= v.Today {
			heavy = Warn
		}
		tell := func(sev Severity, format string, args ...any) {
			add(finding{severity: sev, criteria: s.touches(), what: s.Name + ": " + fmt.Sprintf(format, args...)})
		}
		if s.ReportEnd == nil {
			tell(Warn, "no report of it is known")
			continue
		}
		covered := *s.ReportEnd
		if s.BridgedTo != nil {
			covered = max(covered, *s.BridgedTo)
		}
		switch {
		case covered.AddMonths(12) < v.upTo:
			tell(Block, "its report covers nothing after %s, over a year before %s", covered, v.upTo)
		case covered.AddMonths(v.set.VendorMonths) < v.upTo:
			tell(Warn, "its report covers nothing after %s, over %s before %s", covered, count(v.set.VendorMonths, "month", "months"), v.upTo)
		}
		switch s.Modified {
		case Yes:
			tell(heavy, "the opinion of its report is modified")
		case Unknown:
			tell(Warn, "it is not known whether the opinion of its report is modified")
		}
		for _, c := range s.CSOCs {
			if c.Exception {
				tell(Warn, "its report shows an exception on %s, which we rely on", c.ID)
			}
		}
	}
}

// unsupported lists sentences of the description that no control in scope bears, and controls that a walkthrough saw done
// otherwise than they are described.
func unsupported(v *view, add func(finding)) {
	for _, c := range v.Claims {
		if !slices.ContainsFunc(c.Controls, func(id string) bool { return v.byID[id] != nil }) {
			add(finding{severity: Block, what: fmt.Sprintf("no control bears the sentence %q", c.Text)})
		}
	}
	for _, c := range v.controls {
		if w, ok := c.walked(civil.Date(-1<<31), v.upTo); ok && w.Difference != "" {
			add(finding{severity: Block, control: c.ID, gate: Implemented,
				what: fmt.Sprintf("the walkthrough of %s on %s differs from what is described: %s", c.ID, w.On, w.Difference)})
		}
	}
}

// disagreeing holds each part of the report against what the report is about.
func disagreeing(v *view, add func(finding)) {
	for _, p := range v.Papers {
		var what []string
		if p.Report != v.Report {
			what = append(what, fmt.Sprintf("the report %s instead of %s", p.Report, v.Report))
		}
		if p.Term != nil && !sameTerm(p.Term, v.Term) {
			what = append(what, fmt.Sprintf("%s instead of %s", termText(p.Term), termText(v.Term)))
		}
		if p.Categories != nil && !slices.Equal(slices.Sorted(slices.Values(p.Categories)), slices.Sorted(slices.Values(v.Categories))) {
			what = append(what, fmt.Sprintf("the categories %s instead of %s", strings.Join(p.Categories, ", "), strings.Join(v.Categories, ", ")))
		}
		if len(what) > 0 {
			add(finding{severity: Block, what: "the " + p.Name + " names " + strings.Join(what, ", ")})
		}
	}
}

// sameTerm compares what two papers are about. Zones are compared by name: two that are loaded are never one value.
func sameTerm(a, b Term) bool { return termText(a) == termText(b) }

func termText(t Term) string {
	switch t := t.(type) {
	case Type1:
		return "the date " + t.AsOf.String() + " (" + t.Zone.String() + ")"
	case Type2:
		return "the period " + Span{t.Period.From, t.Period.To}.String() + " (" + t.Period.Zone.String() + ")"
	}
	return "no date"
}
