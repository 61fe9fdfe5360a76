package engage

import (
	"fmt"
	"slices"
	"testing"

	"github.com/assayhq/assay/internal/report"
)

func until(from, to string) Terms {
	t := typeTwo
	t.From, t.To = day(from), day(to)
	return t
}

// TestLongerPeriod (handbook E56): the period is extended. Old deviations, samples and populations stay; the days that came are frozen and
// drawn from by themselves; what was asserted, represented and concluded was of the shorter period.
func TestLongerPeriod(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(1, "human_error")
	p.described(report.Achieved, false)
	p.opines()
	p.asserts()
	longer := until("2025-07-01", "2026-08-31")
	p.tries(mia, "change_terms", Terming{longer, "The client asks for two months more."}, "not for the manager")
	p.tries(pat, "change_terms", Terming{typeTwo, "x"}, "terms that stand")
	p.tries(pat, "change_terms", Terming{longer, ""}, "expected words")
	p.tries(pat, "change_terms", Terming{typeOne, "x"}, "does not become a Type 2")
	soc1 := longer
	soc1.Report = "soc1-type2"
	p.tries(pat, "change_terms", Terming{soc1, "x"}, "another report is another engagement")
	p.now = p.now.AddDate(0, 2, 1)
	p.does(pat, "change_terms", Terming{longer, "The client asks for two months more."})
	p.inState(Fieldwork)
	for _, h := range []*House{p.firm, p.client} {
		e := p.see(h)
		if e.Asserted != nil || len(e.Drafts) != 0 || len(e.Controls) != 0 || len(e.Elements) != 0 || len(e.Matters) != 0 {
			t.Errorf("the %s still holds an assertion, a draft or conclusions of the shorter period", h.Side)
		}
		if len(e.Deviations) != 1 || len(e.Samples) != 3 || len(e.Frozen) != 3 || e.Terms.To != longer.To {
			t.Errorf("the %s has %d deviations, %d samples, %d populations, until %s; want 1, 3, 3 until %s", h.Side, len(e.Deviations), len(e.Samples), len(e.Frozen), e.Terms.To, longer.To)
		}
	}
	if e := p.see(p.firm); len(e.Standing("CHG-01")) != 1 || len(e.Exceptions) != 1 || len(e.Papers["CHG-01"].Tests["CHG-01"].Marks) != 10 || e.Papers["CHG-01"].Prepared != nil {
		t.Error("the old deviation, its exception or its marks are gone, or the paper is still signed off")
	}

	c := report.ControlConclusion{Control: "CHG-02", Design: report.Effective, Operation: report.Effective, Tested: 10, Reason: "None deviates."}
	p.tries(mia, "conclude_control", c, "before the period had ended") // it was known before the new end
	p.does(mia, "rely", Reliance{Control: "CHG-02", Doubt: "early:CHG-02@1", Reason: "The months that came are a population of their own."})
	p.tries(mia, "conclude_control", c, "1 July 2026 to 31 August 2026")
	p.refrozenOnly("CHG-02", "2026-07-01", "2026-08-31")
	p.checked("CHG-02")
	p.tries(mia, "conclude_control", c, "nothing was drawn from version 2")
	top := drawnFrom("CHG-02", keysOf("CHG-02/later", 60), fmt.Appendf(nil, "a secret of the firm, number %d", p.seeds), 2)
	top.ID, top.Purpose = "top-up", "rollforward"
	p.does(sam, "draw", top)
	p.tries(sam, "prepare", Of{"CHG-02"}, "have no result")
	p.does(mia, "conclude_control", c)
	p.restarted()
}

func (p *pair) refrozenOnly(control, from, to string) {
	p.t.Helper()
	_, seed := p.seed()
	p.does(sam, "commit_seed", Seed{Control: control, Test: control, Commitment: seed})
	f := frozenOf(control, keysOf(control+"/later", 60), seed)
	f.From, f.To, f.KnownAt = day(from), day(to), "2026-09-05T04:00:00Z"
	p.does(lea, "freeze", f)
}

// TestShorterPeriod (handbook E57): days in which something deviated are not left out by one person, and the deviation stays.
func TestShorterPeriod(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(1, "human_error")
	shorter := until("2025-07-01", "2026-03-31")
	change := Terming{shorter, "The system was replaced on 1 April."}
	p.tries(pat, "change_terms", change, "consent of the quality reviewer")
	p.tries(pat, "consent_terms", change, "not for the partner")
	p.tries(quinn, "consent_terms", Terming{shorter, ""}, "expected words")
	p.does(quinn, "consent_terms", Terming{until("2025-07-01", "2026-04-30"), "The system was replaced."})
	p.tries(pat, "change_terms", change, "to just these terms")
	p.does(quinn, "consent_terms", Terming{shorter, "The system was replaced; the deviation is disclosed all the same."})
	p.does(pat, "change_terms", change)
	e := p.see(p.firm)
	if len(e.Changes) != 1 || e.Changes[0].Was.To != typeTwo.To || e.Changes[0].Reason == "" || e.Consent != nil || len(e.Standing("CHG-01")) != 1 {
		t.Errorf("after the change: %+v, consent %v, %d deviations; want the change on record, the consent used, and the deviation", e.Changes, e.Consent, len(e.Standing("CHG-01")))
	}
	p.tries(pat, "change_terms", Terming{until("2025-10-01", "2026-03-31"), "x"}, "consent") // a consent is good once
	e.Exceptions = nil
	if left := e.undisclosed(); len(left) != 1 {
		t.Errorf("undisclosed = %q, want the deviation of the days that were left out", left)
	}

	// Where nothing deviates, the partner changes the period alone, and never after issue.
	q := newPair(t, typeTwo)
	q.wrapped(0, "")
	q.does(pat, "change_terms", change)
	r := newPair(t, typeTwo)
	r.wrapped(0, "")
	r.described(report.Achieved, false)
	r.issuesAs(report.Unqualified)
	r.tries(pat, "change_terms", change, "report is issued")
	r.tries(quinn, "consent_terms", change, "report is issued")
}

// TestOtherCategories (handbook E74): a category that comes into scope asks for a plan of its own, and for populations of the whole
// period: evidence from October on carries no conclusion on the months before.
func TestOtherCategories(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(0, "")
	more := typeTwo
	more.Categories = []string{"security", "availability"}
	p.does(pat, "change_terms", Terming{more, "Customers ask for availability from October on."})
	p.inState(Fieldwork)
	p.tries(mia, "wrap_up", Because{}, "nothing is planned")
	again := plan()
	again.Matters = append(slices.Clone(again.Matters), report.Matter{ID: "A1.2", Controls: []string{"AVL-01"}})
	p.does(mia, "plan", again)
	p.tries(mia, "wrap_up", Because{}, "AVL-01: the work paper is not signed")
	p.assessed("AVL-01")
	p.refrozen("AVL-01", func(f *Frozen) { f.From = day("2025-10-01") })
	c := report.ControlConclusion{Control: "AVL-01", Design: report.Effective, Operation: report.Effective, Tested: 10, Reason: "None deviates."}
	p.tries(mia, "conclude_control", c, "1 July 2025 to 30 September 2025")
	p.relies("AVL-01", "uncovered:AVL-01:2025-07-01:2025-09-30")
	p.does(mia, "conclude_control", c)

	// A category that goes after a deviation is a part left out, too.
	q := newPair(t, more)
	q.accepted()
	q.does(mia, "plan", again)
	q.does(mia, "begin_fieldwork", Because{})
	q.does(sam, "raise", Deviation{ID: "d", Control: "AVL-01", Test: "AVL-01", Items: []string{"x"}, What: "No restore was tried."})
	q.tries(pat, "change_terms", Terming{typeTwo, "Nobody needs availability."}, "consent of the quality reviewer")
}

// TestStages: an interim part and its roll-forward cover the period together, each drawn from by itself; a gap between them is seen.
func TestStages(t *testing.T) {
	t.Parallel()
	p, c := concludable(t, typeTwo, func(f *Frozen) { f.To, f.KnownAt = day("2026-03-31"), "2026-07-05T04:00:00Z" })
	p.tries(mia, "conclude_control", c, "1 April 2026 to 30 June 2026")
	p.refrozen("CHG-01", func(f *Frozen) { f.From, f.KnownAt = day("2026-05-01"), "2026-07-05T05:00:00Z" })
	p.tries(mia, "conclude_control", c, "1 April 2026 to 30 April 2026")
	p.refrozen("CHG-01", func(f *Frozen) {
		f.From, f.To, f.KnownAt = day("2026-04-01"), day("2026-04-30"), "2026-07-05T06:00:00Z"
	})
	p.does(mia, "conclude_control", c)
}

// TestIncluded (handbook E55): an included subservice organization asserts and represents for itself, also one that drops out in the
// period; then the description is concluded on again, and nobody makes as if it had never been there.
func TestIncluded(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.wrapped(0, "")
	p.described(report.Achieved, false)
	p.opines()
	party := report.InclusiveParty{Name: "Cloud GmbH"}
	p.tries(mia, "include", Included{InclusiveParty: report.InclusiveParty{Asserted: day(reportDate)}}, "name")
	p.tries(mia, "include", Included{InclusiveParty: party, Until: day("2026-06-30"), Why: "x"}, "not inside of the period")
	p.tries(mia, "include", Included{InclusiveParty: party, Until: day("2026-02-28")}, "why")
	p.does(mia, "include", Included{InclusiveParty: party})
	p.tries(pat, "begin_review", Because{}, "opinion on description is not decided")
	p.described(report.Achieved, false)
	p.opines()
	p.does(mia, "include", Included{InclusiveParty: party, Until: day("2026-02-28"), Why: "The contract ended; another provider is carved out from 1 March on."})
	p.tries(pat, "begin_review", Because{}, "opinion on description is not decided")
	p.tries(mia, "include", Included{InclusiveParty: party}, "does not come back")
	p.described(report.Achieved, false)
	p.opines()
	p.does(pat, "begin_review", Because{})
	p.asserts()
	p.represents()
	p.signs()
	p.tries(pat, "issue", issue(report.Unqualified), "Cloud GmbH is included, and has not signed")
	party.Asserted, party.AssertedBy = day(reportDate), "Olaf Officer, CTO"
	out := Included{InclusiveParty: party, Until: day("2026-02-28"), Why: "The contract ended."}
	p.does(mia, "include", out)
	p.signs()
	p.tries(pat, "issue", issue(report.Unqualified), "representation letter is not dated")
	out.Represented = day(reportDate)
	p.does(mia, "include", out)
	p.signs()
	if x := p.see(p.firm).Examination(); len(x.Inclusive) != 1 || x.Inclusive[0].Represented != day(reportDate) {
		t.Errorf("the examination has the included parties %+v, want the one", x.Inclusive)
	}
	p.does(pat, "issue", issue(report.Unqualified))
	p.restarted()
}
