package gauge

import (
	"fmt"
	"slices"
)

// Stage is one of the six on the way to a report, with what must hold before it is left.
type Stage struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	Done   bool   `json:"done"`
	Exit   []Exit `json:"exit"`
}

// Exit is one condition for leaving a stage.
type Exit struct {
	What   string `json:"what"`
	Met    bool   `json:"met"`
	Detail string `json:"detail,omitempty"` // what is missing
}

// journey evaluates the six stages from the facts and the gaps. Stages are not steps: a later one may be done before an
// earlier one is, and an earlier one can open again.
func (v *view) journey(worst Status) []Stage {
	stage := func(n int, title string, exits ...Exit) Stage {
		return Stage{n, title, !slices.ContainsFunc(exits, func(e Exit) bool { return !e.Met }), exits}
	}
	return []Stage{
		stage(1, "Confirm the report",
			met("the kind of report and its dates are set", v.Report != "", "choose a report"),
			met("what the controls are held against is in scope", len(v.criteria) > 0, "choose categories, objectives or a standard"),
			v.without("every part of the report names the same type, dates and categories", "G27")),
		stage(2, "Draw the boundary",
			v.bounded(),
			v.without("each subservice organization has its controls, and one that watches it", "G17"),
			v.without("every change of the system is described", "G19")),
		stage(3, "Map the controls",
			v.without("every criterion has a primary control, or a reason why it does not apply", "G01"),
			v.staffed()),
		stage(4, "Document and assign", v.staffed(),
			v.without("each control has its owner, frequency, evidence, escalation path, source and pass rule", "G02"),
			v.without("no key control hangs on one person", "G11"),
			v.without("policies were reviewed within a year", "G28"),
			v.without("users know the controls they must have", "G16")),
		stage(5, "Run and collect", v.running()...),
		stage(6, "Check readiness",
			v.without("each control was walked through", "G04"),
			v.without("no severe deficiency is open", "G14"),
			met("nothing is red", worst < Red, fmt.Sprintf("%s red", count(v.reds(), "gap is", "gaps are"))),
			met("each gap is closed before fieldwork begins", !v.overdue(), fmt.Sprintf("fieldwork begins on %s", v.fieldwork()))),
	}
}

// running is what must hold while the controls run. A report about one date asks for no population.
func (v *view) running() []Exit {
	out := []Exit{v.staffed(), v.without("each control is in place since a known date", "G03")}
	if v.type1 {
		return append(out, v.without("one instance of each control has its evidence", "G07", "G09", "G10"))
	}
	return append(out,
		met("the period has begun", v.begun(), fmt.Sprintf("it begins on %s", v.period.From)),
		v.without("each source is connected, for as long as the period", "G05"),
		v.without("each population is shown to be whole", "G06"),
		v.without("each due instance has its evidence", "G07"))
}

// staffed keeps a stage open of which there is nothing to say yet.
func (v *view) staffed() Exit {
	return met("there are controls", len(v.controls) > 0, "take over the starter library or apply your own")
}

func met(what string, ok bool, detail string) Exit {
	if ok {
		detail = ""
	}
	return Exit{what, ok, detail}
}

// without is met when none of the rules found anything.
func (v *view) without(what string, rules ...string) Exit {
	var where []string
	for i := range v.gaps {
		if !slices.Contains(rules, v.gaps[i].Rule) {
			continue
		}
		at := v.gaps[i].Control
		if at == "" {
			at = v.gaps[i].Criterion
		}
		if at == "" {
			at = v.gaps[i].What
		}
		if !slices.Contains(where, at) {
			where = append(where, at)
		}
	}
	return Exit{what, len(where) == 0, some(where)}
}

func (v *view) bounded() Exit {
	const what = "the components in scope and the flows of data are recorded"
	b := v.Boundary
	if b == nil {
		return Exit{what, false, "not known"}
	}
	return met(what, b.Components > 0 && b.Flows > 0, fmt.Sprintf("%s and %s", count(b.Components, "component", "components"), count(b.Flows, "flow", "flows")))
}

func (v *view) reds() int {
	n := 0
	for i := range v.gaps {
		if v.gaps[i].Severity == Block {
			n++
		}
	}
	return n
}

func (v *view) overdue() bool {
	return slices.ContainsFunc(v.gaps, func(g Gap) bool { return g.Task != nil && g.Task.Late && g.Severity > Info })
}
