package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// confidence is never said beside a test of a whole population (handbook E66).
var confidence = regexp.MustCompile(`(?i)\bconfiden(ce|t)\b`)

// check refuses an examination that contradicts itself or the kind of report. What is only not done yet is an open point instead.
func (e *Examination) check(form form, f Facts) error {
	if form.Family == "" {
		return fault.Refuse("%s is not a report of a service auditor; expected no examination", form.Title)
	}
	if err := e.Wording.Check(); err != nil {
		return err
	}
	if e.Revision > 0 && strings.TrimSpace(e.RevisionReason) == "" {
		return fault.Refuse("revision %d of the report has no reason; expected why it replaces the one before", e.Revision)
	}
	for _, t := range e.Tests {
		if err := t.check(form, f); err != nil {
			return err
		}
	}
	if len(e.Exceptions) > 0 && !form.typeTwo() {
		return fault.Refuse("%s tests no operation; expected no exceptions", form.Title)
	}
	if err := e.checkExceptions(f); err != nil {
		return err
	}
	if err := e.checkConclusions(form, f); err != nil {
		return err
	}
	if err := e.checkElements(form, f); err != nil {
		return err
	}
	end := EndOf(f.When)
	for _, x := range e.Events {
		if x.On <= end || e.ReportDate != 0 && x.On > e.ReportDate {
			return fault.Refuse("the subsequent event of %s does not lie after %s and up to the report date", x.On.Long(), end.Long())
		}
	}
	return nil
}

func (f Facts) knows(control string) bool {
	for _, c := range f.Controls {
		if c.ID == control {
			return true
		}
	}
	return false
}

func (t TestedControl) check(form form, f Facts) error {
	refuse := func(format string, args ...any) error {
		return fault.Refuse("the test of %s: %s", t.Control, fmt.Sprintf(format, args...))
	}
	x := t.Extent
	switch {
	case !f.knows(t.Control):
		return refuse("the program holds no control of this name")
	case !slices.Contains([]TestOutcome{TestRun, DidNotOccur, NotTested}, t.Outcome):
		return refuse("%q is no outcome; expected tested, did_not_occur or not_tested", t.Outcome)
	case t.Outcome != TestRun && strings.TrimSpace(t.Why) == "":
		return refuse("nothing says what shows that it did not occur, or why it was not tested")
	case t.Outcome != TestRun && (t.Deviating != 0 || x.Tested != 0):
		return refuse("it counts items, and was not run")
	}
	for _, p := range t.Procedures {
		if !slices.Contains([]ProcedureKind{Inquiry, Observation, Inspection, Reperformance}, p.Kind) {
			return refuse("%q is no procedure; expected inquiry, observation, inspection or reperformance", p.Kind)
		}
	}
	if t.Outcome != TestRun {
		return nil
	}
	return t.checkExtent(form, refuse)
}

func (t TestedControl) checkExtent(form form, refuse func(string, ...any) error) error {
	x := t.Extent
	switch {
	case !form.typeTwo() && x.Kind != Instance:
		return refuse("a Type 1 tests no operation; expected one instance, not %q", x.Kind)
	case !slices.Contains([]ExtentKind{Whole, Sampled, Instance}, x.Kind):
		return refuse("%q is no extent; expected whole, sample or instance", x.Kind)
	case x.Kind == Whole && x.Tested != x.Population:
		return refuse("%s of %s items were tested, which is not the whole population", Count(x.Tested), Count(x.Population))
	case x.Kind == Sampled && strings.TrimSpace(x.Method) == "":
		return refuse("a selection without its method; expected such as simple random selection")
	case x.Kind == Sampled && (x.Tested < 1 || x.Tested > x.Population):
		return refuse("%s items were selected from %s", Count(x.Tested), Count(x.Population))
	case x.Kind == Instance && x.Tested != 1:
		return refuse("one instance was tested, and %s are counted", Count(x.Tested))
	case t.Exempt < 0 || t.Deviating < 0 || t.Deviating > t.needed():
		return refuse("%s of %s items deviate, which cannot be", Count(t.Deviating), Count(t.needed()))
	}
	for _, a := range t.Attributes {
		if a.Deviating < 0 || a.Deviating > t.Deviating {
			return refuse("attribute %s fails on %s items, and %s deviate", a.ID, Count(a.Deviating), Count(t.Deviating))
		}
	}
	if x.Kind == Whole && confidence.MatchString(t.words()) {
		return refuse("it names a confidence; a test of a whole population has no sampling risk, and none may stand beside it")
	}
	return nil
}

// words is all that a test says in the auditor's words.
func (t TestedControl) words() string {
	list := append([]string{t.Extent.Completely, t.Extent.Reason, t.Extent.Method}, t.Notes...)
	for _, p := range t.Procedures {
		list = append(list, p.Text)
	}
	return strings.Join(list, "\n")
}

func (e *Examination) checkExceptions(f Facts) error {
	seen := map[string]bool{}
	for _, x := range e.Exceptions {
		switch {
		case x.ID == "" || seen[x.ID]:
			return fault.Refuse("the exception %q of %s has no name of its own", x.ID, x.Control)
		case !f.knows(x.Control):
			return fault.Refuse("exception %s: the program holds no control %q", x.ID, x.Control)
		case x.Deviating < 1 || x.Deviating > x.Tested:
			return fault.Refuse("exception %s: %s of %s items deviate, which cannot be", x.ID, Count(x.Deviating), Count(x.Tested))
		case x.Spread != "isolated" && x.Spread != "systemic":
			return fault.Refuse("exception %s: %q; expected isolated or systemic (no deviation is set aside as an anomaly)", x.ID, x.Spread)
		}
		seen[x.ID] = true
	}
	return nil
}

func (e *Examination) checkConclusions(form form, f Facts) error {
	seen := map[string]bool{}
	for _, c := range e.Controls {
		switch {
		case !f.knows(c.Control):
			return fault.Refuse("a conclusion on %q: the program holds no control of this name", c.Control)
		case seen[c.Control]:
			return fault.Refuse("two conclusions on %s; expected one", c.Control)
		case !slices.Contains([]Conclusion{Effective, NotEffective, Untested}, c.Design):
			return fault.Refuse("%s: %q says nothing of its design; expected effective, not_effective or not_tested", c.Control, c.Design)
		case !form.typeTwo() && c.Operation != "":
			return fault.Refuse("%s: a Type 1 concludes nothing on operation", c.Control)
		case form.typeTwo() && !slices.Contains([]Conclusion{Effective, NotEffective, NoneOccurred, Untested}, c.Operation):
			return fault.Refuse("%s: %q says nothing of its operation; expected effective, not_effective, did_not_occur or not_tested", c.Control, c.Operation)
		}
		seen[c.Control] = true
	}
	for _, l := range e.Limits {
		if !slices.Contains([]Element{TheDescription, Design, Operation, TheAssertion}, l.Element) || l.Element == Operation && !form.typeTwo() || strings.TrimSpace(l.Text) == "" {
			return fault.Refuse("a limitation of scope on %q says nothing, or %s concludes nothing on it", l.Element, form.Title)
		}
	}
	for _, m := range e.Matters {
		id := string(m.Element) + "\x00" + m.ID
		switch {
		case seen[id]:
			return fault.Refuse("two conclusions on %s and %s; expected one", m.ID, ElementWords(m.Element))
		case !slices.Contains([]Element{TheDescription, Design, Operation}, m.Element) || m.Element == Operation && !form.typeTwo():
			return fault.Refuse("%s: %s concludes nothing on %s", m.ID, form.Title, ElementWords(m.Element))
		case !slices.Contains([]Conclusion{Achieved, NotAchieved, NotDeterminable, NoneOccurred}, m.Conclusion):
			return fault.Refuse("%s: %q is no conclusion; expected achieved, not_achieved, not_determinable or did_not_occur", m.ID, m.Conclusion)
		}
		seen[id] = true
	}
	return nil
}

func (e *Examination) checkElements(form form, f Facts) error {
	s := form.scope(f)
	seen := map[Element]bool{}
	for _, o := range e.Elements {
		switch {
		case seen[o.Element]:
			return fault.Refuse("two opinions on %s; expected one", ElementWords(o.Element))
		case !slices.Contains([]Element{TheDescription, Design, Operation, TheAssertion}, o.Element):
			return fault.Refuse("%q is no element of an opinion", o.Element)
		case o.Element == Operation && !form.typeTwo():
			return fault.Refuse("%s has no opinion on the operating effectiveness of controls: it was not tested", form.Title)
		case o.Opinion.rank() < 0:
			return fault.Refuse("%q is no opinion; expected unqualified, qualified, adverse or disclaimer", o.Opinion)
		}
		seen[o.Element] = true
		if o.Opinion.Modified() {
			continue
		}
		if id := e.against(s, o.Element); id != "" {
			return fault.Refuse("the opinion on %s cannot be unqualified while %s is not achieved, or cannot be determined; expected a modified opinion", ElementWords(o.Element), id)
		}
	}
	if form.Family != "soc3" {
		return nil
	}
	if x := e.element(TheAssertion); e.anyModified() && (!x.Opinion.Modified() || len(x.Basis) == 0) {
		return fault.Refuse("the SOC 2 opinion is modified, and the opinion on the assertion is not: a SOC 3 report needs the modified text, with its basis")
	}
	return nil
}

// against is a matter that keeps an element from being unqualified.
func (e *Examination) against(s Scope, el Element) string {
	for _, x := range restsOn(el) {
		for _, m := range MattersOf(*e, s, x) {
			if m.Conclusion == NotAchieved || m.Conclusion == NotDeterminable {
				return m.ID
			}
		}
	}
	return ""
}
