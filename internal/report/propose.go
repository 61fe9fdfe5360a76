package report

import (
	"fmt"
	"slices"
	"strings"
)

// Proposal is the opinion that the facts ask for on one element, with the reasons (handbook 2.4). A person decides.
type Proposal struct {
	Element         Element  `json:"element"`
	Opinion         Opinion  `json:"opinion"`
	Reasons         []string `json:"reasons"`
	Affected        []string `json:"affected,omitempty"`
	ScopeLimitation bool     `json:"scope_limitation,omitempty"`
	Pervasive       bool     `json:"pervasive,omitempty"`
	Open            []string `json:"open,omitempty"` // what is still to be concluded; while something is, the proposal is provisional
}

// Matter is an objective or a criterion in scope, with the controls that serve it.
type Matter struct {
	ID       string
	Controls []string // that serve it
	Criteria []string `json:",omitempty"` // of a service commitment or system requirement: the criteria in scope on the basis of which it is judged
	Text     string   `json:",omitempty"` // of a service commitment or system requirement, as management states it
}

// Scope is what an examination concludes on.
type Scope struct {
	TypeTwo     bool
	OfAssertion bool // a SOC 3: one opinion, on management's assertion
	Matters     []Matter
}

// Elements are those of an opinion over the scope.
func (s Scope) Elements() []Element {
	switch {
	case s.OfAssertion:
		return []Element{TheAssertion}
	case s.TypeTwo:
		return []Element{TheDescription, Design, Operation}
	}
	return []Element{TheDescription, Design}
}

// MatterElements are the elements on which matters are concluded: those of the opinion, and of a SOC 3 the design and the operation of
// controls, on which its one opinion rests.
func (s Scope) MatterElements() []Element {
	if s.OfAssertion {
		return []Element{Design, Operation}
	}
	return s.Elements()
}

// Propose gives the opinion that the conclusions ask for, per element. An exception modifies nothing by itself: only a matter that is not
// achieved, or evidence that could not be got, does. No element is proposed unqualified while a matter of it is not achieved.
func Propose(e Examination, s Scope) []Proposal {
	var out []Proposal
	for _, el := range s.Elements() {
		out = append(out, propose(e, s, el))
	}
	return out
}

// Aggregate is the worst of the opinions on the elements; unqualified where there is none.
func Aggregate(list []Opinion) Opinion {
	worst := Unqualified
	for _, o := range list {
		if o.rank() > worst.rank() {
			worst = o
		}
	}
	return worst
}

func (o Opinion) rank() int {
	return slices.Index([]Opinion{Unqualified, Qualified, Disclaimer, Adverse}, o)
}

// Milder reports whether an opinion says less against its subject than another.
func (o Opinion) Milder(than Opinion) bool { return o.rank() < than.rank() }

// Modified reports whether it is an opinion, and anything but unqualified.
func (o Opinion) Modified() bool { return o.rank() > 0 }

// weighing sorts what stands against an element into what is known to have failed and what could not be seen.
type weighing struct {
	p              Proposal
	failed, unseen bool
	failedAll      bool // a failure is pervasive
	unseenAll      bool
}

func propose(e Examination, s Scope, el Element) Proposal {
	w := &weighing{p: Proposal{Element: el}}
	of := restsOn(el)
	matters := 0
	for _, x := range of {
		for _, m := range MattersOf(e, s, x) {
			w.matter(m)
			matters++
		}
	}
	limits := e.Limits
	if e.RepresentationRefused != "" {
		limits = append(slices.Clone(limits), Limit{Element: el, Text: "management refused written representations: " + e.RepresentationRefused, Pervasive: true})
	}
	for _, l := range limits {
		if l.Element == el || slices.Contains(of, l.Element) {
			w.unseen, w.unseenAll = true, w.unseenAll || l.Pervasive
			w.p.Reasons = append(w.p.Reasons, "Evidence could not be got: "+l.Text)
		}
	}
	p := &w.p
	p.ScopeLimitation, p.Pervasive = w.unseen, w.failedAll || w.unseenAll
	switch {
	case w.failedAll:
		p.Opinion = Adverse
		p.Reasons = append(p.Reasons, "What failed is material and pervasive.")
	case w.unseenAll:
		p.Opinion = Disclaimer
		p.Reasons = append(p.Reasons, "What could not be seen may be material and pervasive.")
	case w.failed || w.unseen:
		p.Opinion = Qualified
		if n := len(p.Affected); n > 0 {
			p.Reasons = append(p.Reasons, fmt.Sprintf("%d of %s not achieved, or could not be seen, and nobody has called one pervasive: spread over the report, or fundamental to it.", n, Plural(matters, "matter is", "matters are")))
		}
		p.Reasons = append(p.Reasons, "It is material and not pervasive.")
	default:
		p.Opinion = Unqualified
		p.Reasons = append(p.Reasons, "Nothing that is not achieved and no limitation of scope is on record.")
		p.Reasons = append(p.Reasons, apart(e, el)...)
	}
	return *p
}

// restsOn are the elements whose matters an opinion on an element rests on: that controls were effective is so in design and in operation.
func restsOn(el Element) []Element {
	if el == TheAssertion {
		return []Element{Design, Operation}
	}
	return []Element{el}
}

// apart says why exceptions do not stand in the way of an unqualified opinion.
func apart(e Examination, el Element) []string {
	if el != Operation || len(e.Exceptions) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s disclosed: an exception modifies no opinion by itself.", Plural(len(e.Exceptions), "exception is", "exceptions are"))}
}

func (w *weighing) matter(m MatterConclusion) {
	p := &w.p
	because := ""
	if len(m.Reasons) > 0 {
		because = ": " + strings.Join(m.Reasons, "; ")
	}
	switch m.Conclusion {
	case NotAchieved:
		w.failed, w.failedAll = true, w.failedAll || m.Pervasive
		p.Affected = append(p.Affected, m.ID)
		p.Reasons = append(p.Reasons, m.ID+" is not achieved"+because+".")
	case NotDeterminable:
		w.unseen, w.unseenAll = true, w.unseenAll || m.Pervasive
		p.Affected = append(p.Affected, m.ID)
		p.Reasons = append(p.Reasons, "Of "+m.ID+" it could not be determined whether it is achieved"+because+".")
	case NoneOccurred:
		p.Reasons = append(p.Reasons, "Of "+m.ID+" the controls had nothing to do in the period"+because+". It modifies nothing and is said in the report.")
	case Achieved:
	default:
		p.Open = append(p.Open, m.ID+because+".")
	}
}

// MattersOf are the conclusions on the matters of one element: those that somebody made and, of matters on which nobody concluded, what the
// conclusions on their controls ask for. An empty Conclusion is one that only a person can make.
func MattersOf(e Examination, s Scope, el Element) []MatterConclusion {
	var out []MatterConclusion
	concluded := map[string]bool{}
	for _, m := range e.Matters {
		if m.Element == el {
			out = append(out, m)
			concluded[m.ID] = true
		}
	}
	if el == TheDescription { // only a person reads whether it is presented
		if len(out) == 0 {
			out = append(out, MatterConclusion{ID: "The description", Element: el, Reasons: []string{"nobody concluded whether it is presented"}})
		}
		return out
	}
	for _, m := range s.Matters {
		if !concluded[m.ID] && len(m.Criteria) == 0 {
			out = append(out, served(e, m, el))
		}
	}
	for _, m := range s.Matters {
		if !concluded[m.ID] && len(m.Criteria) > 0 {
			out = append(out, onCriteria(out, m, el))
		}
	}
	return out
}

// onCriteria is what the conclusions on the criteria say of a service commitment that rests on them: where all of them are achieved it is, where none is
// it is not, and between the two a person judges (handbook 2.4).
func onCriteria(criteria []MatterConclusion, m Matter, el Element) MatterConclusion {
	out := MatterConclusion{ID: m.ID, Element: el}
	by := map[Conclusion][]string{}
	for _, c := range criteria {
		if slices.Contains(m.Criteria, c.ID) {
			by[c.Conclusion] = append(by[c.Conclusion], c.ID)
		}
	}
	n := len(m.Criteria)
	switch {
	case len(by[Achieved])+len(by[NoneOccurred]) == n && len(by[Achieved]) > 0:
		out.Conclusion, out.Reasons = Achieved, []string{"all criteria on which it rests are achieved"}
	case len(by[NoneOccurred]) == n:
		out.Conclusion, out.Reasons = NoneOccurred, []string{join(by[NoneOccurred])}
	case len(by[NotAchieved]) == n:
		out.Conclusion, out.Reasons = NotAchieved, []string{"no criterion on which it rests is achieved: " + join(by[NotAchieved])}
	case len(by[NotDeterminable]) == n:
		out.Conclusion, out.Reasons = NotDeterminable, []string{"of no criterion on which it rests could it be determined: " + join(by[NotDeterminable])}
	default:
		var parts []string
		for _, x := range []struct {
			c    Conclusion
			word string
		}{{Achieved, "achieved"}, {NotAchieved, "not achieved"}, {NotDeterminable, "not determinable"}, {NoneOccurred, "nothing to do"}, {"", "not concluded on"}} {
			if len(by[x.c]) > 0 {
				parts = append(parts, x.word+": "+join(by[x.c]))
			}
		}
		out.Reasons = []string{"whether it was met all the same is for a person to conclude (" + strings.Join(parts, "; ") + ")"}
	}
	return out
}

// served is what the conclusions on the controls that serve a matter say of it (handbook 4.8, step 7).
func served(e Examination, m Matter, el Element) MatterConclusion {
	by := map[Conclusion][]string{}
	for _, id := range m.Controls {
		c := controlConclusion(e, id, el)
		by[c] = append(by[c], id)
	}
	out := MatterConclusion{ID: m.ID, Element: el}
	n := len(m.Controls)
	switch {
	case n == 0:
		out.Reasons = []string{"no control serves it, and nobody concluded on it"}
	case len(by[Effective])+len(by[NoneOccurred]) == n && len(by[Effective]) > 0:
		out.Conclusion, out.Reasons = Achieved, []string{"all controls that serve it are effective, or had nothing to do"}
	case len(by[NoneOccurred]) == n:
		out.Conclusion, out.Reasons = NoneOccurred, []string{join(by[NoneOccurred])}
	case len(by[NotEffective]) == n:
		out.Conclusion, out.Reasons = NotAchieved, []string{"no control that serves it is effective: " + join(by[NotEffective])}
	case len(by[Untested])+len(by[""]) == n && len(by[Untested]) > 0 && len(by[""]) == 0:
		out.Conclusion, out.Reasons = NotDeterminable, []string{"no control that serves it was tested: " + join(by[Untested])}
	default:
		out.Reasons = []string{undetermined(by)}
	}
	return out
}

// undetermined says between what a person has to judge.
func undetermined(by map[Conclusion][]string) string {
	var parts []string
	for _, x := range []struct {
		c    Conclusion
		word string
	}{{Effective, "effective"}, {NotEffective, "not effective"}, {NoneOccurred, "nothing to do"}, {Untested, "not tested"}, {"", "not concluded on"}} {
		if len(by[x.c]) > 0 {
			parts = append(parts, x.word+": "+join(by[x.c]))
		}
	}
	return "whether the effective controls together are enough is for a person to conclude (" + strings.Join(parts, "; ") + ")"
}

func controlConclusion(e Examination, id string, el Element) Conclusion {
	i := slices.IndexFunc(e.Controls, func(c ControlConclusion) bool { return c.Control == id })
	switch {
	case i < 0:
		return ""
	case el == Design:
		return e.Controls[i].Design
	}
	return e.Controls[i].Operation
}
