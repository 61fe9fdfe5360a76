package engage

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// wrapped takes a Type 2 until the controls are concluded on: of CHG-01 so many of ten items deviate, and the controls in untested were not
// tested, as no evidence could be got.
func (p *pair) wrapped(deviating int, cause string, untested ...string) {
	p.t.Helper()
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	for _, c := range []string{"IAM-01", "CHG-01", "CHG-02"} {
		p.assessed(c)
		if contains(untested, c) {
			p.signedOff(c)
			p.does(mia, "conclude_control", report.ControlConclusion{Control: c, Design: report.Effective, Operation: report.Untested, Reason: "The log was not kept."})
			continue
		}
		n := 0
		if c == "CHG-01" {
			n = deviating
		}
		s := p.sampled(c, n)
		if n > 0 {
			p.deviates(s, n, cause, "systemic")
		}
		p.signedOff(c)
		if n > 1 || cause == "intentional" && n > 0 {
			p.concludes(c, report.NotEffective, n)
		} else {
			p.concludes(c, report.Effective, n)
		}
	}
	p.does(mia, "wrap_up", Because{})
}

func (p *pair) issuesAs(o report.Opinion) {
	p.t.Helper()
	p.opines()
	p.does(pat, "begin_review", Because{})
	p.asserts()
	if o == report.Disclaimer {
		p.does(exa, "represent", Representation{Declined: true, Why: "Counsel advised against it.", Name: "Exa Executive", Title: "CEO"})
	} else {
		p.represents()
	}
	p.signs()
	for _, other := range []report.Opinion{report.Unqualified, report.Qualified, report.Adverse, report.Disclaimer} {
		if other != o {
			p.tries(pat, "issue", issue(other), "elements are decided as "+string(o))
		}
	}
	p.does(pat, "issue", issue(o))
	p.inState(Issued)
	p.restarted()
}

func failed(pervasive bool) report.MatterConclusion {
	return report.MatterConclusion{ID: "CC8.1", Element: report.Operation, Conclusion: report.NotAchieved, Pervasive: pervasive, Reasons: []string{"CHG-02 alone does not keep unapproved changes out."}}
}

// TestOpinions: each opinion is reached by what was found and concluded. None can be chosen against it.
func TestOpinions(t *testing.T) {
	t.Parallel()
	operation := func(o report.Opinion, basis ...string) report.ElementOpinion {
		return report.ElementOpinion{Element: report.Operation, Opinion: o, Basis: basis, Rationale: "A rationale that is long enough to be read."}
	}
	for _, c := range []struct {
		name  string
		facts func(p *pair)
		want  report.Opinion
		never map[report.Opinion]string // of the operation, with what the refusal says
	}{
		{"unqualified with exceptions", func(p *pair) {
			p.wrapped(1, "human_error")
			p.described(report.Achieved, false)
		}, report.Unqualified, map[report.Opinion]string{report.Qualified: "nothing on record modifies it", report.Adverse: "nothing on record", report.Disclaimer: "nothing on record"}},

		{"qualified by what is known to have failed", func(p *pair) {
			p.wrapped(5, "human_error")
			p.described(report.Achieved, false)
			p.tries(pat, "conclude_element", operation(report.Unqualified), "still to be concluded")
			p.does(mia, "conclude_matter", failed(false))
		}, report.Qualified, map[report.Opinion]string{report.Unqualified: "CC8.1 is not achieved", report.Disclaimer: "all evidence could be got"}},

		{"qualified by a single deviation of intent", func(p *pair) {
			p.wrapped(1, "intentional")
			p.described(report.Achieved, false)
			if s := p.see(p.firm).Suggest("CHG-01", 10, 1); s.Conclusion != report.NotEffective {
				p.t.Errorf("Suggest(one of ten by intent) = %s, want %s although the rate is tolerable", s.Conclusion, report.NotEffective)
			}
			p.does(mia, "conclude_matter", failed(false))
		}, report.Qualified, map[report.Opinion]string{report.Unqualified: "CC8.1 is not achieved"}},

		{"qualified by what could not be seen", func(p *pair) {
			p.wrapped(0, "", "CHG-01", "CHG-02")
			p.described(report.Achieved, false)
		}, report.Qualified, map[report.Opinion]string{report.Unqualified: "could not be determined", report.Adverse: "nothing is known to have failed"}},

		{"adverse", func(p *pair) {
			p.wrapped(5, "human_error")
			p.described(report.Achieved, false)
			p.does(mia, "conclude_matter", failed(true))
		}, report.Adverse, map[report.Opinion]string{report.Unqualified: "CC8.1 is not achieved", report.Disclaimer: "all evidence could be got"}},

		{"disclaimer", func(p *pair) {
			p.wrapped(0, "", "CHG-01", "CHG-02")
			for _, el := range []report.Element{report.TheDescription, report.Design, report.Operation} {
				p.does(mia, "limit", report.Limit{Element: el, Text: "Management declined to represent.", Pervasive: true})
			}
			p.described(report.NotDeterminable, true)
		}, report.Disclaimer, map[report.Opinion]string{report.Unqualified: "could not be determined", report.Adverse: "nothing is known to have failed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, typeTwo)
			c.facts(p)
			for o, want := range c.never {
				p.tries(pat, "conclude_element", operation(o, "CC8.1"), want)
			}
			p.issuesAs(c.want)
		})
	}
}

// TestMatters: what nothing achieves cannot be concluded to be achieved.
func TestMatters(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(5, "human_error", "CHG-02")
	achieved := report.MatterConclusion{ID: "CC8.1", Element: report.Operation, Conclusion: report.Achieved, Reasons: []string{"It is fine."}}
	p.tries(mia, "conclude_matter", achieved, "nothing achieves it")
	none := achieved
	none.Conclusion = report.NoneOccurred
	p.tries(mia, "conclude_matter", none, "had nothing to do")
	none.Element = report.TheDescription
	p.tries(mia, "conclude_matter", none, "said of operation only")
	outside := achieved
	outside.ID = "CC9.9"
	p.tries(mia, "conclude_matter", outside, "not in scope")
	silent := achieved
	silent.Reasons = nil
	p.tries(mia, "conclude_matter", silent, "no reason")

	// A compensating control lifts only what it covers, was in force for, and only while it is itself effective (handbook E23, E24).
	comp := func(c report.Compensating) Compensation { return Compensation{"dev-CHG-01", c} }
	p.tries(mia, "compensate", comp(report.Compensating{Control: "CHG-01", Tested: true}), "does not compensate for itself")
	p.tries(mia, "compensate", comp(report.Compensating{Control: "CHG-02", Tested: true, InForce: true, Described: true}), "not concluded to operate effectively")
	p.does(mia, "compensate", comp(report.Compensating{Control: "IAM-01", Tested: true, InForce: false, Described: true}))
	p.concludes("CHG-01", report.NotEffective, 5)
	p.tries(mia, "conclude_matter", achieved, "nothing achieves it")
	p.does(mia, "compensate", comp(report.Compensating{Control: "IAM-01", Tested: true, InForce: true, Described: true, FallsShort: "It covers production alone."}))
	p.concludes("CHG-01", report.NotEffective, 5)
	p.tries(mia, "conclude_matter", achieved, "nothing achieves it")
	p.does(mia, "compensate", comp(report.Compensating{Control: "IAM-01", Tested: true, InForce: true, Described: true}))
	p.concludes("CHG-01", report.NotEffective, 5)
	p.does(mia, "conclude_matter", achieved)
	p.described(report.Achieved, false)
	p.opines()
	if left := p.see(p.firm).Undecided(); len(left) != 0 {
		t.Errorf("Undecided = %q, want nothing left", left)
	}

	// The compensating control turns out not to be effective: what rested on it falls.
	p.concludes("IAM-01", report.NotEffective, 0)
	e := p.see(p.firm)
	if len(e.Undecided()) == 0 {
		t.Error("nothing is undecided after the compensating control fell")
	}
	p.tries(pat, "begin_review", Because{}, "nothing achieves it")
}

// TestOpinionFalls: an opinion that was decided does not outlive the conclusions that it rests on.
func TestOpinionFalls(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(1, "human_error")
	p.described(report.Achieved, false)
	p.opines()
	p.does(pat, "begin_review", Because{})
	p.asserts()
	p.represents()
	p.signs()
	p.concludes("CHG-01", report.NotEffective, 1)
	p.does(mia, "conclude_matter", failed(false))
	p.tries(pat, "issue", issue(report.Unqualified), "opinion on design is not decided")
	p.opines()
	p.tries(pat, "issue", issue(report.Unqualified), "has not signed")
	p.signs()
	p.tries(pat, "issue", issue(report.Unqualified), "decided as qualified")
	p.does(pat, "issue", issue(report.Qualified))

	// In a forged ledger an opinion that its matters do not give is found.
	e := p.see(p.firm)
	e.Elements[report.Operation] = report.ElementOpinion{Element: report.Operation, Opinion: report.Unqualified}
	if left := e.Undecided(); len(left) != 1 {
		t.Errorf("Undecided with an unqualified opinion over a matter not achieved = %q, want it named", left)
	}
}

// TestDesign: no control is effective whose paper says that it is not suitable or not there.
func TestDesign(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	c := report.ControlConclusion{Control: "IAM-01", Design: report.Effective, Operation: report.Untested, Reason: "x"}
	p.tries(mia, "conclude_control", c, "not assessed")
	a := Assessment{Control: "IAM-01", Design: report.Effective, Words: "x", Walkthrough: "It was announced, and is not set up."}
	p.does(sam, "assess", a)
	p.tries(mia, "conclude_control", c, "not implemented")
	a.Design, a.Implemented = report.NotEffective, true
	p.does(sam, "assess", a)
	p.tries(mia, "conclude_control", c, "not suitable")
	c.Design, c.Operation = report.NotEffective, report.Effective
	p.tries(mia, "conclude_control", c, "operating as designed does not help")
	c.Design = report.Untested
	p.tries(mia, "conclude_control", c, "whose design was not assessed")
	c.Control = "XXX-01"
	p.tries(mia, "conclude_control", c, "serves nothing in scope")
	c.Control, c.Operation = "IAM-01", "fine"
	p.tries(mia, "conclude_control", c, "is none of")
	if err := (&Deviation{}).Ready(); !errors.Is(err, fault.Refused) {
		t.Errorf("Ready of a deviation that nobody looked at = %v, want refused", err)
	}
}

// TestCommitment: a service commitment is concluded on by itself. It is not achieved by controls where no criterion on which it rests is, and it
// modifies the opinion although all its criteria are achieved.
func TestCommitment(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(0, "")
	e := p.see(p.firm)
	e.Planned.Matters = append(slices.Clone(matters), report.Matter{ID: "Commitment 1", Controls: []string{"CHG-01", "CHG-02"}, Criteria: []string{"CC8.1"}, Text: "Changes are approved."})
	for _, c := range []string{"CHG-01", "CHG-02", "IAM-01"} {
		e.Controls[c] = report.ControlConclusion{Control: c, Design: report.Effective, Operation: report.Effective}
	}
	operation := func() report.Proposal {
		t.Helper()
		for _, x := range e.Proposals() {
			if x.Element == report.Operation {
				return x
			}
		}
		t.Fatal("no proposal on operation")
		return report.Proposal{}
	}
	if x := operation(); x.Opinion != report.Unqualified || len(x.Open) != 0 {
		t.Fatalf("with all criteria achieved the proposal is %+v", x)
	}
	conclusion := report.MatterConclusion{ID: "Commitment 1", Element: report.Operation, Conclusion: report.NotAchieved, Reasons: []string{"Two customers were told of changes afterwards."}}
	p.does(mia, "conclude_matter", conclusion)
	if x := operation(); x.Opinion != report.Qualified || !slices.Equal(x.Affected, []string{"Commitment 1"}) {
		t.Errorf("with a broken commitment the proposal is %+v; want a qualified opinion that names it", x)
	}
	p.does(mia, "conclude_matter", failed(false))
	conclusion.Conclusion = report.Achieved
	p.tries(mia, "conclude_matter", conclusion, "none of the criteria on which it rests (CC8.1) is achieved")
}

// TestCommitmentAgain: who concluded on a service commitment did so by the conclusions on its criteria. When one of these changes, the commitment
// is judged again, also where another criterion would still carry it.
func TestCommitmentAgain(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(0, "")
	e := p.see(p.firm)
	e.Planned.Matters = append(slices.Clone(matters), report.Matter{ID: "Commitment 1", Controls: []string{"IAM-01", "CHG-01", "CHG-02"}, Criteria: []string{"CC6.1", "CC8.1"}, Text: "Changes are approved."})
	for _, c := range []string{"CHG-01", "CHG-02", "IAM-01"} {
		e.Controls[c] = report.ControlConclusion{Control: c, Design: report.Effective, Operation: report.Effective}
	}
	stands := func() bool {
		return slices.ContainsFunc(p.see(p.firm).Matters, func(m report.MatterConclusion) bool {
			return m.ID == "Commitment 1" && m.Element == report.Operation
		})
	}
	met := report.MatterConclusion{ID: "Commitment 1", Element: report.Operation, Conclusion: report.Achieved, Reasons: []string{"No customer was told late."}}
	criterion := report.MatterConclusion{ID: "CC8.1", Element: report.Operation, Conclusion: report.Achieved, Reasons: []string{"Both controls are effective."}}
	p.does(mia, "conclude_matter", met)
	p.does(mia, "conclude_matter", criterion)
	if !stands() {
		t.Error("the conclusion on the commitment went when a person said what its controls had said of the criterion")
	}
	criterion.Element = report.Design
	criterion.Conclusion = report.NotAchieved
	p.does(mia, "conclude_matter", criterion)
	if !stands() {
		t.Error("the conclusion on operation went with one on design")
	}
	p.does(mia, "conclude_matter", failed(false))
	if stands() {
		t.Error("the conclusion on the commitment stands although a criterion on which it rests is not achieved any more")
	}
	p.does(mia, "conclude_matter", met)
	if !stands() {
		t.Error("the commitment was judged again, and no conclusion stands")
	}
}

// TestCommitmentsRenumbered: commitments are named by their place in the description. Where another one stands in that place when it is planned
// again, what was concluded on the one before is not said of it.
func TestCommitmentsRenumbered(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	named := func(texts ...string) Plan {
		b := plan()
		b.Matters = slices.Clone(matters)
		for i, s := range texts {
			b.Matters = append(b.Matters, report.Matter{ID: report.CommitmentName(false, i+1), Controls: []string{"IAM-01"}, Criteria: []string{"CC6.1"}, Text: s})
		}
		return b
	}
	p.does(mia, "plan", named("Access is reviewed.", "Incidents are told of within a day."))
	p.does(mia, "begin_fieldwork", Because{})
	for _, id := range []string{"Commitment 1", "Commitment 2", "CC6.1"} {
		p.does(mia, "conclude_matter", report.MatterConclusion{ID: id, Element: report.Operation, Conclusion: report.NotAchieved, Reasons: []string{"It was not done."}})
	}
	if n := len(p.see(p.firm).Matters); n != 1 { // the one on the criterion took the others back
		t.Fatalf("%d conclusions stand, want that on the criterion", n)
	}
	for _, id := range []string{"Commitment 1", "Commitment 2"} {
		p.does(mia, "conclude_matter", report.MatterConclusion{ID: id, Element: report.Operation, Conclusion: report.NotAchieved, Reasons: []string{"It was not done."}})
	}
	p.does(mia, "plan", named("Access is reviewed.", "Data is encrypted.", "Incidents are told of within a day."))
	var got []string
	for _, m := range p.see(p.firm).Matters {
		got = append(got, m.ID)
	}
	if want := []string{"CC6.1", "Commitment 1"}; !slices.Equal(got, want) {
		t.Errorf("after another commitment came into the second place, conclusions stand on %q; want %q", got, want)
	}
	p.restarted()
}

// TestReopened: a fact discovered after the report leads to another conclusion. The work is reopened for it, the report that went out stands as it was,
// and the revised one says what the facts ask for now.
func TestReopened(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(1, "human_error")
	p.described(report.Achieved, false)
	p.tries(pat, "let_stand", Because{"Nothing went out yet."}, "no report went out")
	p.issuesAs(report.Unqualified)
	first := p.see(p.firm).Reports[0]

	p.tries(pat, "reopen", Because{"To look again."}, "no fact discovered")
	p.does(pat, "discover", Discovery{Fact: "Approvals were back-dated.", Effect: "revise", Reason: "They were relied upon."})
	p.tries(mia, "reopen", Because{"The approvals are looked at again."}, "not for the manager")
	p.does(pat, "reopen", Because{"The approvals are looked at again."})
	p.inState(WrapUp)
	p.restarted()
	for _, h := range []*House{p.firm, p.client} {
		if e := p.see(h); !e.Reopened() || len(e.Reports) != 1 || e.Represented != nil || e.Shown() || len(e.Signs) != 0 {
			t.Errorf("reopened at the %s: %d reports, represented %v, shown %t, %d sign-offs; want the report that went out, and all that was over it to be given again", h.Side, len(e.Reports), e.Represented, e.Shown(), len(e.Signs))
		}
	}

	other := p.terms
	other.To = day("2026-05-31")
	p.tries(pat, "change_terms", Terming{other, "The last month is left out."}, "a report of these terms went out")

	// It can be let stand, and looked at again.
	p.does(pat, "let_stand", Because{"The approvals were in order."})
	p.inState(Issued)
	p.does(pat, "reopen", Because{"One of them was not."})

	p.concludes("CHG-01", report.NotEffective, 1)
	p.does(mia, "conclude_matter", failed(false))
	p.opines()
	if list := strings.Join(p.see(p.firm).Unissuable(day("2026-07-10"), fingerprint), "\n"); !strings.Contains(list, "management has not seen a draft") {
		t.Errorf("Unissuable = %s; want a draft of what is revised to be shown", list)
	}
	p.does(pat, "release_draft", ReleasedDraft{Fingerprint: fingerprint, File: TextHash("draft")})
	p.does(pat, "begin_review", Because{})
	p.now = p.now.AddDate(0, 0, 4)
	again := issue(report.Qualified)
	again.Revision, again.Reason, again.Date = 1, "Approvals were back-dated.", day("2026-07-10")
	p.does(exa, "represent", Representation{Text: "We represent.", SHA256: TextHash("We represent."), Name: "E", Title: "CEO", Dated: again.Date})
	p.signs()
	once := issue(report.Qualified)
	once.Date = again.Date
	p.tries(pat, "issue", once, "what follows on it is a revised one")
	milder := again
	milder.Opinion = report.Unqualified
	p.tries(pat, "revise", milder, "elements are decided as qualified")
	p.does(pat, "revise", again)
	p.inState(Revised)
	for _, h := range []*House{p.firm, p.client} {
		if e := p.see(h); len(e.Reports) != 2 || e.Reports[0].Fingerprint != first.Fingerprint || e.Reports[0].Opinion != report.Unqualified || e.Reports[1].Opinion != report.Qualified {
			t.Errorf("the %s has the reports %+v; want the first as it was, and a qualified one", h.Side, e.Reports)
		}
	}
	p.restarted()
}
