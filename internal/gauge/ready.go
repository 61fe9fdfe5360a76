package gauge

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// GateStatus is how a control stands at one gate, and why.
type GateStatus struct {
	Gate   Gate
	Status Status
	Why    string // the worst of what speaks against it, or what it rests on
}

// Gates are the gates that the report asks of a control, in order. A gate that is not asked is not among them.
type Gates []GateStatus

// Of is the status at a gate; false when the report does not ask it.
func (g Gates) Of(gate Gate) (GateStatus, bool) {
	for _, x := range g {
		if x.Gate == gate {
			return x, true
		}
	}
	return GateStatus{}, false
}

// MarshalJSON writes {"D":"green", ...} in the order of the gates.
func (g Gates) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range g {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%q", string(x.Gate), x.Status)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// ControlStatus is how one control stands: as its worst gate.
type ControlStatus struct {
	ID     string            `json:"id"`
	Title  string            `json:"title"`
	Owner  string            `json:"owner,omitempty"`
	Status Status            `json:"status"`
	Gates  Gates             `json:"gates"`
	Why    map[string]string `json:"why"`
	Checks Checks            `json:"checks"`
	Basis  string            `json:"basis"` // on what its operation is known: everything tested, a sample, or people's word
	// Items of the period to date that needed the control, of which so many deviate and so many are undecided. Of a
	// Type 1 they are not given.
	Items     *Items `json:"items,omitempty"`
	Tolerable int    `json:"tolerable_bp"`
	Days      Days   `json:"days,omitempty"`
}

// Items counts a population: exactly, for every item was tested, or as people declare it.
type Items struct {
	Needed    int    `json:"needed"`
	Deviating int    `json:"deviating"`
	Undecided int    `json:"undecided"`
	Rate      string `json:"rate,omitempty"` // absent where there is no item
}

// CriterionStatus is how a criterion stands: as its worst primary control.
type CriterionStatus struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Category string   `json:"category"`
	Status   Status   `json:"status"`
	Primary  []string `json:"primary"`
	// Lifted says by which tested compensating controls red became amber.
	Lifted []string `json:"lifted,omitempty"`
	Days   Days     `json:"days,omitempty"`
}

// CategoryStatus is the worst criterion of a category, those that apply to every category included.
type CategoryStatus struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
}

// NotRelevant is a criterion that does not apply to this system, and why.
type NotRelevant struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Effort is work done. It is no measure of readiness: one task that is left can be the one that counts.
type Effort struct {
	Label string `json:"label"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
}

// Readiness is how a report stands: the worst of it, the three counts, and every gap.
type Readiness struct {
	Report        string            `json:"report"`
	Title         string            `json:"title,omitempty"`
	Today         civil.Date        `json:"today"`
	Period        *Span             `json:"period,omitempty"`
	AsOf          *civil.Date       `json:"as_of,omitempty"`
	Fieldwork     civil.Date        `json:"fieldwork"`
	Status        string            `json:"status"` // ready, at_risk or not_ready
	Counts        Counts            `json:"counts"` // of the criteria
	ControlCounts Counts            `json:"control_counts"`
	Own           Status            `json:"report_itself"` // gaps that belong to no criterion and no control
	Categories    []CategoryStatus  `json:"categories"`
	Criteria      []CriterionStatus `json:"criteria"`
	NotRelevant   []NotRelevant     `json:"not_relevant,omitempty"`
	Controls      []ControlStatus   `json:"controls"`
	Gaps          []Gap             `json:"gaps"`
	Journey       []Stage           `json:"journey"`
	Effort        Effort            `json:"effort"`
	Days          Days              `json:"days,omitempty"`
}

// Ready judges the facts. Errors are refusals of facts that contradict themselves.
func Ready(f Facts, s Settings) (Readiness, error) {
	if err := f.Check(); err != nil {
		return Readiness{}, err
	}
	v := newView(&f, s)
	for _, c := range v.controls {
		c.late, c.missing = v.lateAndMissing(c)
		v.checkEvidence(c)
	}
	v.judge()
	for _, c := range v.controls {
		v.gate(c)
	}
	for _, cr := range v.criteria {
		v.criterion(cr)
	}
	return v.readiness(), nil
}

// gate finds each gate's status from its gaps, and says what a gate without one rests on.
func (v *view) gate(c *subject) {
	for _, g := range gates {
		if v.type1 && !g.ofType1() {
			continue
		}
		x := GateStatus{Gate: g, Why: v.rests(c, g)}
		if g == Operation && v.begun() && !c.tested && len(c.samples) == 0 && !v.silent(c) {
			x.Status = Amber
		}
		for _, i := range c.gaps {
			gap := &v.gaps[i]
			if gap.Gate == g && gap.Severity.Status() > x.Status {
				x.Status, x.Why = gap.Severity.Status(), gap.What
			}
		}
		c.gates = append(c.gates, x)
		c.status = max(c.status, x.Status)
	}
}

// silent says whether nothing occurred that the control had to act on, and that is proven.
func (v *view) silent(c *subject) bool {
	return len(c.results) > 0 && !slices.ContainsFunc(c.results, func(r *assure.TestResult) bool { return r.Outcome != assure.NoOccurrence })
}

// rests words what a gate rests on when nothing speaks against it.
func (v *view) rests(c *subject, g Gate) string {
	switch g {
	case Design:
		return "complete, approved and mapped"
	case Implemented:
		if c.Implemented != nil {
			if w, ok := c.walked(-1<<31, v.upTo); ok {
				return fmt.Sprintf("implemented on %s, walked through on %s", *c.Implemented, w.On)
			}
		}
		return "not known"
	case Population, Operation:
		if !v.begun() {
			return fmt.Sprintf("nothing to judge before the period begins on %s", v.period.From)
		}
		if g == Population {
			return "a check of completeness passed for each population"
		}
		return v.basis(c)
	case EvidenceOK:
		if c.checks.Instances == 0 {
			return "no instance to judge"
		}
		return fmt.Sprintf("%d of %d instances are complete, timely and linked", c.checks.Ready, c.checks.Instances)
	}
	return "no severe deficiency is open"
}

// basis says on what the operation of a control is known. A test of everything is exact and carries no confidence; a
// sample carries its bound; the two are never joined into one figure.
func (v *view) basis(c *subject) string {
	switch {
	case c.tested:
		return fmt.Sprintf("tested all: %s deviate", ofItems(c.deviating, c.items))
	case v.silent(c):
		return "nothing occurred: operation was not tested"
	case len(c.samples) > 0:
		s := c.samples[0]
		return fmt.Sprintf("tested %d of %d: %d deviate, at most %s at %g %% confidence", s.Size, s.Population, s.Deviations,
			limit(upperRate(s, v.set.Confidence)), v.set.Confidence*100)
	case c.items > 0 && len(c.results) == 0:
		return "self-declared: no test ran"
	}
	return "not known: no test ran"
}

// criterion joins the primary controls of a criterion, and the gaps of its own. A red control counts as amber where a
// tested control compensates for it; a gap of the criterion itself is lifted by nothing.
func (v *view) criterion(cr *crit) {
	by := cr.primary
	if len(by) == 0 {
		by = v.watched(cr)
	}
	for _, c := range by {
		s := c.status
		if s == Red {
			if with := v.compensated(c, cr); with != "" {
				s = Amber
				cr.lifted = append(cr.lifted, fmt.Sprintf("%s by %s", c.ID, with))
			}
		}
		cr.status = max(cr.status, s)
	}
	for _, i := range cr.gaps {
		cr.status = max(cr.status, v.gaps[i].Severity.Status())
	}
}

// compensated names the control that makes up for one that failed: tested, not failing itself, described, for all of its
// systems, and in place whenever the other was bad. One named afterwards counts only if it was there then.
func (v *view) compensated(c *subject, cr *crit) string {
	for _, x := range v.Compensations {
		by := v.byID[x.By]
		if x.Control != c.ID || x.Criterion != "" && x.Criterion != cr.ID || by == nil || by == c || !x.Described || x.Partial != "" {
			continue
		}
		tested := by.tested || len(by.samples) > 0
		if !tested || by.status == Red {
			continue
		}
		if v.there(by, c) {
			return by.ID
		}
	}
	return ""
}

// there says whether a control was in place whenever another failed: during its deviations, where these are all that is
// wrong and each is dated, and otherwise all the time.
func (v *view) there(by, c *subject) bool {
	rates := v.inPeriod(c.bad) >= max(c.deviating, 1)
	for _, i := range c.gaps {
		if g := &v.gaps[i]; g.Severity == Block && g.Rule != "G08" && g.Rule != "G13" {
			rates = false
		}
	}
	there := rates || by.inForce(v.period.From) && by.inForce(v.upTo)
	for _, b := range c.bad {
		there = there && by.inForce(b.from) && by.inForce(min(b.end, v.Today))
	}
	return there
}

func (v *view) readiness() Readiness {
	out := Readiness{
		Report: v.Report, Title: v.Title, Today: v.Today, Fieldwork: v.fieldwork(), Gaps: v.gaps,
		Categories: []CategoryStatus{}, Criteria: []CriterionStatus{}, Controls: []ControlStatus{},
	}
	if out.Gaps == nil {
		out.Gaps = []Gap{}
	}
	if v.type1 {
		out.AsOf = &v.period.To
	} else {
		out.Period = &v.period
	}
	strips := v.strips()
	for i, c := range v.controls {
		out.ControlCounts.add(c.status)
		out.Controls = append(out.Controls, v.controlStatus(c, strips, i))
	}
	worst := Green
	for i, cr := range v.criteria {
		if why := v.Facts.NotRelevant[cr.ID]; why != "" {
			out.NotRelevant = append(out.NotRelevant, NotRelevant{cr.ID, why})
			continue
		}
		x := CriterionStatus{ID: cr.ID, Title: cr.Title, Category: cr.Category, Status: cr.status, Primary: []string{}, Lifted: cr.lifted}
		for _, c := range cr.primary {
			x.Primary = append(x.Primary, c.ID)
		}
		if strips != nil {
			x.Days = strips.criteria[i]
		}
		out.Counts.add(cr.status)
		worst = max(worst, cr.status)
		out.Criteria = append(out.Criteria, x)
	}
	out.categories(v)
	for _, i := range v.own {
		out.Own = max(out.Own, v.gaps[i].Severity.Status())
	}
	worst = max(worst, out.Own)
	out.Status = worst.Word()
	if strips != nil {
		out.Days = strips.report
	}
	out.Journey = v.journey(worst)
	out.Effort = v.effort()
	return out
}

func (v *view) controlStatus(c *subject, strips *strips, i int) ControlStatus {
	x := ControlStatus{
		ID: c.ID, Title: c.Title, Owner: c.owner(), Status: c.status, Gates: c.gates, Why: map[string]string{},
		Checks: c.checks, Basis: v.basis(c), Tolerable: v.tolerable(c),
	}
	for _, g := range c.gates {
		x.Why[string(g.Gate)] = g.Why
	}
	if !v.type1 {
		x.Items = &Items{c.items, c.deviating, c.undecided, percent(c.deviating, c.items)}
	}
	if strips != nil {
		x.Days = strips.controls[i]
	}
	return x
}

// categories finds the worst criterion of each category. Those that apply to every category count in each.
func (out *Readiness) categories(v *view) {
	at := map[string]int{}
	common := Green
	for _, cr := range v.criteria {
		if v.Facts.NotRelevant[cr.ID] != "" {
			continue
		}
		i, ok := at[cr.Category]
		if !ok {
			i = len(out.Categories)
			at[cr.Category] = i
			out.Categories = append(out.Categories, CategoryStatus{ID: cr.Category})
		}
		out.Categories[i].Status = max(out.Categories[i].Status, cr.status)
		if cr.Common {
			common = max(common, cr.status)
		}
	}
	for i := range out.Categories {
		out.Categories[i].Status = max(out.Categories[i].Status, common)
	}
}

// effort counts tasks: those closed, and one for each gap that asks for something.
func (v *view) effort() Effort {
	e := Effort{Label: "effort, not readiness: tasks closed of all tasks", Done: v.TasksDone, Total: v.TasksDone}
	for i := range v.gaps {
		if v.gaps[i].Severity > Info {
			e.Total++
		}
	}
	return e
}
