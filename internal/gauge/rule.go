package gauge

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// Rule is one of the gap rules: what it looks for, what to do about it, and what stays open until then.
type Rule struct {
	ID      string
	Trigger string   // in words
	Worst   Severity // that it can give
	Gate    Gate     // of a control that it closes; empty: it is about a criterion or the report
	Fix     string
	Command string // that does it, with {control} for the control; empty: none does
	Page    string // where it is done
	Risk    string // what stays open until it is
	control func(*view, *subject, func(finding))
	report  func(*view, func(finding))
}

// finding is a gap before it is worded in full.
type finding struct {
	severity Severity
	what     string
	control  string     // of a rule about the report
	gate     Gate       // of that control
	criteria []string   // that it concerns directly; none: the report
	fix      string     // instead of the rule's
	by       civil.Date // a day by which it must be closed, if there is one; 0: none
}

// Gap is something that an auditor would not accept as it is.
type Gap struct {
	Rule      string   `json:"rule"`
	Control   string   `json:"control,omitempty"`
	Criterion string   `json:"criterion,omitempty"`
	Criteria  []string `json:"criteria,omitempty"` // where it is about several
	Gate      Gate     `json:"gate,omitempty"`
	Severity  Severity `json:"severity"`
	What      string   `json:"what"`
	Fix       string   `json:"fix"`
	Command   string   `json:"command,omitempty"`
	Page      string   `json:"page,omitempty"`
	Risk      string   `json:"risk"`
	Task      *Task    `json:"task,omitempty"`
}

// Task is what somebody has to do, before the auditor begins.
type Task struct {
	What  string     `json:"what"`
	Owner string     `json:"owner,omitempty"`
	Due   civil.Date `json:"due"`
	Late  bool       `json:"late,omitempty"` // fieldwork has begun: it can be closed only openly, as late
}

// Rules are the gap rules, in the order of their ids.
func Rules() []Rule {
	all := slices.Concat(designRules(), operationRules(), reportRules())
	slices.SortFunc(all, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// judge runs every rule and hangs each gap where it belongs: on a gate of a control, a criterion, or the report.
func (v *view) judge() {
	for _, r := range Rules() {
		if v.type1 && r.Gate != "" && !r.Gate.ofType1() {
			continue
		}
		if r.control != nil {
			for _, c := range v.controls {
				r.control(v, c, func(f finding) {
					f.control = c.ID
					c.gaps = append(c.gaps, v.add(r, f))
				})
			}
		}
		if r.report != nil {
			r.report(v, func(f finding) {
				v.hang(v.add(r, f), f)
			})
		}
	}
}

// hang puts a gap of a rule about the report where it belongs: at a control, at criteria in scope, or else at the report.
func (v *view) hang(i int, f finding) {
	if c := v.byID[f.control]; c != nil {
		c.gaps = append(c.gaps, i)
		return
	}
	found := false
	for _, cr := range v.criteria {
		if slices.Contains(f.criteria, cr.ID) {
			cr.gaps = append(cr.gaps, i)
			found = true
		}
	}
	if !found {
		v.own = append(v.own, i)
	}
}

func (v *view) add(r Rule, f finding) int {
	page := strings.ReplaceAll(r.Page, "{control}", f.control)
	if f.control == "" && strings.Contains(r.Page, "{control}") {
		page = "/controls"
	}
	g := Gap{
		Rule: r.ID, Control: f.control, Gate: r.Gate, Severity: f.severity, What: f.what, Fix: r.Fix, Risk: r.Risk, Page: page,
		Command: strings.TrimSuffix(strings.ReplaceAll(r.Command, "{control}", f.control), " --control "),
	}
	if f.fix != "" {
		g.Fix = f.fix
	}
	if r.control == nil || f.control == "" {
		g.Gate = f.gate
	}
	if len(f.criteria) == 1 {
		g.Criterion = f.criteria[0]
	} else {
		g.Criteria = f.criteria
	}
	g.Task = v.task(g, f)
	v.gaps = append(v.gaps, g)
	return len(v.gaps) - 1
}

// fieldwork is the day on which the auditor begins: as told, or the day after what the report is about.
func (v *view) fieldwork() civil.Date {
	if v.Fieldwork != nil {
		return *v.Fieldwork
	}
	return v.period.To + 1
}

// task dates a gap: some days from today by its weight, before a day that it must not outlast, and before fieldwork.
func (v *view) task(g Gap, f finding) *Task {
	t := &Task{What: g.Fix, Due: v.Today + civil.Date(v.set.TaskDays[g.Severity])}
	if c := v.byID[g.Control]; c != nil {
		t.Owner = c.owner()
	}
	if f.by != 0 {
		t.Due = min(t.Due, f.by)
	}
	t.Due = max(min(t.Due, v.fieldwork()-1), v.Today)
	t.Late = t.Due >= v.fieldwork()
	return t
}

// owner is the person who answers for the control, or the role where no person is named.
func (c *subject) owner() string {
	if len(c.Owners) > 0 {
		return strings.Join(c.Owners, ", ")
	}
	return c.Owner
}
