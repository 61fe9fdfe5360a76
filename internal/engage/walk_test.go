package engage

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/sample"
)

// TestTypeTwo is an examination from acceptance to issue between two houses with keys of their own; at each step what is not yet
// allowed is tried, and refused.
func TestTypeTwo(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)

	// Draft: nobody but a partner opens, and only the partner's engagement with its own client.
	if err := p.firm.Do(context.Background(), mia, eng, "open", opening(p)); !errors.Is(err, fault.Denied) {
		t.Fatalf("a practitioner opens an engagement: %v, want denied", err)
	}
	if err := p.client.Do(context.Background(), exa, eng, "open", opening(p)); !errors.Is(err, fault.NotFound) {
		t.Fatalf("the client opens an engagement: %v, want not found", err)
	}
	p.does(pat, "open", opening(p))
	p.tries(pat, "open", opening(p), "open already")
	p.tries(root, "join", Joining{Email: root.Email, Name: root.Name, Part: Partner}, "none of your roles")
	p.does(pat, "join", Joining{Email: pat.Email, Name: pat.Name, Part: Partner})
	p.tries(pat, "join", Joining{Email: quinn.Email, Name: quinn.Name, Part: Partner}, "expected one")
	p.tries(pat, "join", Joining{Email: "tied@firm.example", Name: "Ty", Part: Staff, Ties: []string{"control owner there until March"}}, "control owner")
	p.tries(pat, "accept", Because{}, "has not confirmed independence")
	p.does(pat, "confirm_independence", Confirming{"I am independent."})
	p.tries(pat, "accept", Because{}, "no quality reviewer")
	p.does(pat, "join", Joining{Email: quinn.Email, Name: quinn.Name, Part: Quality})
	p.does(quinn, "confirm_independence", Confirming{"I am independent."})
	p.tries(pat, "accept", Because{}, "no check of conflicts")
	p.does(pat, "check_conflicts", ConflictCheck{Words: "A sister firm sells them software."})
	p.tries(pat, "accept", Because{}, "found one")
	p.does(pat, "check_conflicts", ConflictCheck{Clear: true, Words: "The sale was in 2019 and is over."})
	p.tries(pat, "accept", Because{}, "no engagement letter")
	p.does(pat, "offer_letter", Letter{SHA256: TextHash(letterText), Text: letterText})
	p.tries(pat, "accept", Because{}, "client has not agreed")
	p.tries(lea, "agree", agreement(p), "none of your roles")
	other := agreement(p)
	other.Letter = TextHash("another letter")
	p.tries(exa, "agree", other, "letter was replaced")
	weak := exa
	weak.Strong = false
	p.tries(weak, "agree", agreement(p), "prove again")
	adviser := Who{Email: "adviser@elsewhere.example", Name: "Ad Viser"}
	p.does(pat, "join", Joining{Email: adviser.Email, Name: adviser.Name, Part: Staff})
	p.does(exa, "agree", agreement(p))
	p.tries(pat, "accept", Because{}, "has not confirmed independence")
	adviser.Roles = append(adviser.Roles, mia.Roles...)
	if err := p.firm.Do(context.Background(), adviser, eng, "confirm_independence", Confirming{"I am."}); err != nil {
		t.Fatal(err)
	}
	p.tries(pat, "accept", Because{}, "nobody examines what they helped to make")
	p.does(pat, "leave", Leaving{Email: adviser.Email, Why: "advised the client"})
	p.tries(mia, "accept", Because{}, "no member")
	p.tries(pat, "plan", plan(), "engagement is in draft")
	p.does(pat, "accept", Because{})
	p.inState(Accepted)
	p.restarted()

	// Accepted: who joins now is held against the client's list too, and works only after confirming.
	p.tries(pat, "join", Joining{Email: adviser.Email, Name: adviser.Name, Part: Staff}, "nobody examines")
	p.does(pat, "join", Joining{Email: mia.Email, Name: mia.Name, Part: Manager})
	p.does(pat, "join", Joining{Email: sam.Email, Name: sam.Name, Part: Staff})
	p.tries(mia, "plan", plan(), "not confirmed that you are independent")
	p.does(mia, "confirm_independence", Confirming{"I am."})
	p.does(sam, "confirm_independence", Confirming{"I am."})
	p.tries(mia, "ask", Request{ID: "r", Wants: "evidence", What: "x", Due: day("2026-07-20")}, "engagement is in accepted")
	p.tries(sam, "plan", plan(), "not for the staff")
	p.tries(mia, "begin_fieldwork", Because{}, "engagement is in accepted")
	p.does(mia, "plan", plan())

	// Planning: the client learns of it by the first question, not by the plan.
	if e := p.see(p.client); e.Planned != nil || e.State != Accepted {
		t.Fatalf("the client knows the plan %v and stands in %s", e.Planned, e.State)
	}
	p.does(mia, "ask", Request{ID: "req-1", Control: "CHG-01", Wants: "evidence", What: "Records of changes.", Due: day("2026-07-20")})
	p.inState(Planning)
	p.does(owen, "answer", Reply{Request: "req-1", Text: "Here.", Evidence: []Evidence{{SHA256: TextHash("late"), Name: "changes.csv", Received: p.now.Format("2006-01-02T15:04:05Z")}}})
	p.tries(owen, "close", Reply{Request: "req-1", Text: "done"}, "the client cannot")
	p.tries(sam, "answer", Reply{Request: "req-1", Text: "done"}, "the firm cannot")
	p.tries(sam, "tick", Ticks{"CHG-01", "CHG-01", []Tick{{"x", "A", Mark{Result: "pass"}}}}, "engagement is in planning")
	p.does(mia, "begin_fieldwork", Because{})
	p.inState(Fieldwork)

	// Fieldwork.
	p.assessed("CHG-01")
	p.tries(sam, "procedures", Procedures{Control: "CHG-01", Test: "CHG-01", Extent: report.Sampled, Procedures: []report.Procedure{{Kind: report.Inquiry, Text: "Asked."}}}, "inquiry alone")
	p.tries(mia, "wrap_up", Because{}, "request is open")
	p.does(sam, "close", Reply{Request: "req-1", Text: "Thank you."})
	s := p.sampled("CHG-01", 1)
	p.tries(sam, "prepare", Of{"CHG-01"}, "no deviation is raised")
	p.tries(mia, "disclose", report.Exception{ID: "e", Control: "CHG-01", Test: "CHG-01", Text: "x", Deviating: 1, Tested: 10}, "no deviation that stands")
	p.does(sam, "raise", Deviation{ID: "dev-1", Control: "CHG-01", Test: "CHG-01", Items: []string{s.Items[0].Key}, Attributes: []string{"A"}, What: "Not approved."})
	p.tries(sam, "raise", Deviation{ID: "dev-2", Control: "CHG-01", Test: "CHG-01", Items: []string{s.Items[0].Key}, Attributes: []string{"A"}, What: "Not approved."}, "already")
	p.does(sam, "prepare", Of{"CHG-01"})
	p.tries(sam, "review", Of{"CHG-01"}, "not for the staff")
	p.does(mia, "review", Of{"CHG-01"})
	concluded := report.ControlConclusion{Control: "CHG-01", Design: report.Effective, Operation: report.Effective, Tested: 10, Deviating: 1, Reason: "Within what is tolerable."}
	p.tries(mia, "conclude_control", concluded, "nobody has decided")
	p.tries(mia, "resolve", Resolution{Deviation: "dev-1", Outcome: "false_positive", Reason: "They say so."}, "proves nothing by itself")
	p.does(mia, "resolve", Resolution{Deviation: "dev-1", Outcome: "deviation", Reason: "The record shows it."})
	p.tries(mia, "conclude_control", concluded, "cause, extent and impact")
	p.does(sam, "analyse", Analysis{Deviation: "dev-1", Cause: "human_error", Spread: "isolated", Cluster: "none", Impact: "none"})
	p.tries(mia, "conclude_control", concluded, "management has not answered")
	p.tries(owen, "respond", Response{Deviation: "dev-1", Position: "operated", Text: "It was approved."}, "expected at least one piece")
	p.does(owen, "respond", Response{Deviation: "dev-1", Position: "agree", Text: "We agree."})
	hidden := concluded
	hidden.Deviating = 0
	p.tries(mia, "conclude_control", hidden, "deviations that stand are of 1")
	p.does(mia, "conclude_control", concluded)
	for _, c := range []string{"IAM-01", "CHG-02"} {
		p.assessed(c)
		p.sampled(c, 0)
		p.does(mia, "prepare", Of{c})
		p.tries(mia, "review", Of{c}, "you prepared this paper")
		p.signedOff(c)
		p.concludes(c, report.Effective, 0)
	}
	p.does(mia, "note", ReviewNote{ID: "n", Control: "CHG-01", Text: "Why ten items?"})
	p.tries(pat, "review", Of{"CHG-01"}, "review notes are open")
	p.does(sam, "answer_note", Noting{ID: "n", Control: "CHG-01", Text: "Daily, low risk."})
	p.tries(sam, "close_note", Noting{ID: "n", Control: "CHG-01"}, "by whoever wrote it")
	p.tries(mia, "wrap_up", Because{}, "not reviewed")
	p.does(mia, "close_note", Noting{ID: "n", Control: "CHG-01"})
	p.does(pat, "review", Of{"CHG-01"})
	p.tries(pat, "conclude_element", report.ElementOpinion{Element: report.Design, Opinion: report.Unqualified}, "engagement is in fieldwork")
	p.does(mia, "wrap_up", Because{})
	p.inState(WrapUp)

	// Wrap-up.
	p.tries(pat, "begin_review", Because{}, "no exception discloses")
	p.does(mia, "disclose", report.Exception{ID: "e", Control: "CHG-01", Test: "CHG-01", Text: "1 of 10 changes was not approved.", Cause: "human_error", Spread: "isolated", Deviating: 1, Tested: 10})
	p.tries(pat, "begin_review", Because{}, "opinion on description is not decided")
	p.tries(pat, "conclude_element", report.ElementOpinion{Element: report.TheDescription, Opinion: report.Unqualified}, "nobody concluded whether it is presented")
	p.described(report.Achieved, false)
	p.tries(mia, "conclude_element", report.ElementOpinion{Element: report.Design, Opinion: report.Unqualified}, "not for the manager")
	p.tries(quinn, "conclude_element", report.ElementOpinion{Element: report.Design, Opinion: report.Unqualified}, "not for the quality")
	p.opines()
	p.tries(exa, "represent", Representation{Text: "We represent.", SHA256: TextHash("We represent."), Name: "E", Title: "CEO", Dated: day("2026-06-30")}, "expected a day after")
	p.tries(exa, "assert", Assertion{Text: "We assert.", SHA256: TextHash("We assert."), Name: "E", Title: "CEO", On: day("2026-06-30")}, "nobody can assert what is not over")
	p.tries(pat, "sign_partner", Sign{Fingerprint: fingerprint, On: day(reportDate)}, "engagement is in wrap-up")
	p.does(pat, "begin_review", Because{})
	p.inState(Review)

	// Review.
	p.tries(pat, "issue", issue(report.Unqualified), "representation letter")
	p.represents()
	p.tries(pat, "issue", issue(report.Unqualified), "not signed its assertion")
	p.does(exa, "assert", Assertion{Text: "We assert.", SHA256: TextHash("We assert."), Name: "E", Title: "CEO", On: day(reportDate)})
	p.tries(pat, "issue", issue(report.Unqualified), "not seen a draft")
	p.does(mia, "release_draft", ReleasedDraft{Fingerprint: fingerprint, File: TextHash("file"), Title: "Draft"})
	p.tries(pat, "issue", issue(report.Unqualified), "engagement partner has not signed")
	p.does(pat, "sign_partner", Sign{Fingerprint: fingerprint, On: day(reportDate)})
	p.tries(pat, "sign_quality", Sign{Fingerprint: fingerprint, On: day(reportDate)}, "not for the partner")
	p.tries(pat, "issue", issue(report.Unqualified), "quality reviewer has not signed")
	p.does(quinn, "sign_quality", Sign{Fingerprint: fingerprint, On: day(reportDate)})
	p.does(pat, "emphasize", Because{"A new service began in May."}) // ends the signatures
	p.tries(pat, "issue", issue(report.Unqualified), "engagement partner has not signed")
	p.signs()
	wrong := issue(report.Unqualified)
	wrong.Fingerprint = TextHash("another text")
	p.tries(pat, "issue", wrong, "signed another text")
	p.tries(pat, "issue", issue(report.Qualified), "elements are decided as unqualified")
	wrong = issue(report.Unqualified)
	wrong.Date = day("2026-07-07")
	p.tries(pat, "issue", wrong, "expected the report date")
	wrong = issue(report.Unqualified)
	wrong.Files = map[string]string{"pdf": "x"}
	p.tries(pat, "issue", wrong, "issued as files")
	p.does(pat, "issue", issue(report.Unqualified))
	p.inState(Issued)
	p.restarted()
	p.afterIssue()
}

// afterIssue tries everything on an issued report.
func (p *pair) afterIssue() {
	p.t.Helper()
	for _, k := range Kinds() {
		who := pat
		if k.Side == Client {
			who = exa
		}
		switch k.Name {
		case "discover", "reopen", "revise", "withdraw", "sign_partner", "sign_quality", "assert", "represent", tried, passedOver:
		default:
			if err := p.house(who).Do(context.Background(), who, eng, k.Name, map[string]any{}); !errors.Is(err, fault.Denied) {
				p.t.Errorf("%s after issue = %v, want denied", k.Name, err)
			}
		}
	}
	p.inState(Issued)
	p.tries(exa, "represent", Representation{Declined: true, Why: "no", Name: "E", Title: "CEO"}, "no fact discovered")
	again := issue(report.Unqualified)
	again.Revision, again.Reason, again.Date = 1, "A figure was wrong.", day("2026-07-10")
	p.tries(pat, "revise", again, "no fact discovered")
	p.tries(pat, "reopen", Because{"To look again."}, "no fact discovered")
	p.does(pat, "discover", Discovery{Fact: "A user had access for a day longer.", Effect: "none", Reason: "It would not have changed the report."})
	p.tries(pat, "revise", again, "no fact discovered")
	p.does(pat, "discover", Discovery{Fact: "A figure in section IV is wrong.", Effect: "revise", Reason: "Users may rely on it."})
	p.now = p.now.AddDate(0, 0, 4)
	p.tries(pat, "revise", again, "representation letter is dated")
	p.does(exa, "represent", Representation{Text: "We represent.", SHA256: TextHash("We represent."), Name: "E", Title: "CEO", Dated: again.Date})
	p.tries(pat, "revise", again, "partner has not signed")
	p.signs()
	p.does(pat, "revise", again)
	p.inState(Revised)
	if e := p.see(p.client); len(e.Reports) != 2 || e.Reports[0].Date != day(reportDate) || e.Reports[0].Fingerprint != fingerprint {
		p.t.Errorf("the client's reports are %+v, want the issued one as it was, and the revised one", e.Reports)
	}
	p.does(pat, "withdraw", Because{"The client's assertion was false."})
	p.inState(Withdrawn)
	p.tries(pat, "withdraw", Because{"again"}, "report is withdrawn")
	p.restarted()
}

// TestTypeOne: no operation is tested or concluded on. A control that was set up and had no occasion to operate yet is fine where design and
// implementation are shown (handbook E73).
func TestTypeOne(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeOne)
	p.accepted()
	p.fieldwork(0)
	p.tries(mia, "conclude_control", report.ControlConclusion{Control: "CHG-01", Design: report.Effective, Operation: report.Effective, Reason: "x"}, "concludes nothing on operation")
	for _, c := range []string{"IAM-01", "CHG-01", "CHG-02"} {
		p.concludes(c, "", 0)
	}
	p.does(mia, "wrap_up", Because{})
	p.described(report.Achieved, false)
	p.tries(mia, "conclude_matter", report.MatterConclusion{ID: "CC8.1", Element: report.Operation, Conclusion: report.Achieved, Reasons: []string{"x"}}, "no conclusion on operation")
	p.opines()
	if got := p.see(p.firm).Proposals(); len(got) != 2 {
		t.Errorf("a Type 1 has %d elements, want description and design", len(got))
	}
	p.does(pat, "begin_review", Because{})
	p.asserts()
	p.represents()
	p.signs()
	p.does(pat, "issue", issue(report.Unqualified))
	p.inState(Issued)
	p.restarted()
}

// TestCommitReveal: neither side can steer the selection.
func TestCommitReveal(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	keys := keysOf("CHG-01", 60)
	raw, c := p.seed()

	p.tries(lea, "freeze", frozenOf("CHG-01", keys, c), "commitment to a seed for CHG-01 is not here")
	p.does(sam, "commit_seed", Seed{Control: "CHG-01", Test: "CHG-01", Commitment: c})
	p.tries(sam, "commit_seed", Seed{Control: "CHG-02", Test: "CHG-02", Commitment: c}, "made before")
	if e := p.see(p.client); len(e.Seeds) != 1 || e.Seeds[0].Secret != "" {
		t.Fatalf("the client knows the seeds %+v, want the commitment alone", e.Seeds)
	}
	p.tries(sam, "keep_seed", Keeping{c, hex.EncodeToString([]byte("another secret of the firm"))}, "does not open")
	p.does(sam, "keep_seed", Keeping{c, hex.EncodeToString(raw)})
	if e := p.see(p.client); e.Seeds[0].Secret != "" {
		t.Fatal("the seed crossed before it was opened")
	}
	p.tries(lea, "freeze", frozenOf("CHG-02", keys, c), "not here") // the commitment is for another test
	p.tries(sam, "draw", drawnFrom("CHG-01", keys, raw, 10), "not frozen")
	p.tries(owen, "freeze", frozenOf("CHG-01", keys, c), "none of your roles")
	p.does(lea, "freeze", frozenOf("CHG-01", keys, c))
	p.tries(lea, "freeze", frozenOf("CHG-01", keys, c), "frozen already")

	p.tries(sam, "draw", drawnFrom("CHG-01", keys[:50], raw, 10), "another list of items")
	s := drawnFrom("CHG-01", keys, raw, 10)
	bad := s
	bad.Seed = hex.EncodeToString([]byte("another secret of the firm"))
	p.tries(sam, "draw", bad, "does not open")
	bad = s
	bad.Count = 5
	p.tries(sam, "draw", bad, "10 items of a population of 5")
	bad = s
	bad.Items = append([]SampledItem{s.Items[0]}, s.Items...)
	p.tries(sam, "draw", bad, "one twice")
	bad = s
	bad.Method = "by eye"
	p.tries(sam, "draw", bad, "no method")
	bad = s
	bad.Method, bad.Seed, bad.Commitment = string(sample.Judgemental), "", ""
	p.tries(sam, "draw", bad, "picked without a reason")
	p.does(sam, "draw", s)
	if len(p.see(p.client).Samples) != 0 {
		t.Fatal("the client sees the sample before it is released")
	}

	// The seed is opened: it is good for nothing else.
	second := s
	second.ID = "sample-2"
	p.tries(sam, "draw", second, "opened already")
	// The client cannot know that yet. What it freezes now comes too late: the firm keeps the message, and it changes nothing there.
	if err := p.client.Do(context.Background(), lea, eng, "freeze", frozenOf("CHG-01", keys[:59], c)); err != nil {
		t.Fatal(err)
	}
	out, err := p.client.Outbox(context.Background(), eng, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.firm.Receive(context.Background(), out, ""); n != 1 || !has(err, "changes nothing here") || !has(err, "opened already") {
		t.Errorf("Receive(a population frozen under an opened seed) = %d, %v; want it kept, and said to change nothing", n, err)
	}
	if e := p.see(p.firm); len(e.Frozen) != 1 || e.Log[len(e.Log)-2].Passed == "" || e.Log[len(e.Log)-1].Kind != passedOver {
		t.Errorf("the firm has %d populations and the log ends with %+v; want one, and the late act on record", len(e.Frozen), e.Log[len(e.Log)-1])
	}
	p.cross()
	swapped := s
	swapped.Items = append([]SampledItem{}, s.Items...)
	swapped.Items[0].Key = "CHG-01/nothing"
	p.tries(sam, "release_sample", swapped, "not the sample")
	p.does(sam, "release_sample", s)
	p.tries(sam, "release_sample", s, "told already")

	// After the release the client draws the same selection from its population and the seed.
	e := p.see(p.client)
	told := e.SampleOf(s.ID)
	f := e.Frozen[0]
	pop, err := sample.Freeze(keys)
	if err != nil || pop.Hash() != f.Hash || !e.Seeds[0].Used {
		t.Fatalf("population %s, %v; frozen as %s, seed used: %t", pop.Hash(), err, f.Hash, e.Seeds[0].Used)
	}
	opened, err := hex.DecodeString(told.Seed)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := sample.Draw(pop, e.Seeds[0].Commitment, opened, told.Size)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range mine.Items {
		if told.Items[i].Key != x.Key {
			t.Errorf("item %d of the client's own draw is %s, the sample says %s", i, x.Key, told.Items[i].Key)
		}
	}
	p.tries(lea, "freeze", frozenOf("CHG-01", keys[:59], c), "opened already")

	// A void item is replaced, with the next of the shuffle; one whose evidence is missing never. The client is told again.
	next, err := mine.Replace(s.Items[2].Key, sample.Void, "cancelled")
	if err != nil {
		t.Fatal(err)
	}
	by := next.Items[len(next.Items)-1]
	p.tries(sam, "replace", Replacing{s.ID, s.Items[2].Key, "evidence missing", SampledItem{Key: by.Key, Instead: by.Instead, Reason: "x"}}, "missing evidence is a deviation")
	p.does(sam, "replace", Replacing{s.ID, s.Items[2].Key, "void", SampledItem{Key: by.Key, Instead: by.Instead, Reason: by.Reason}})
	p.tries(sam, "replace", Replacing{s.ID, s.Items[2].Key, "void", SampledItem{Key: by.Key, Instead: by.Instead, Reason: by.Reason}}, "was replaced")
	p.does(sam, "release_sample", *p.see(p.firm).SampleOf(s.ID))
	if got := p.see(p.client).SampleOf(s.ID); len(got.Items) != 11 || !got.Items[2].Void {
		t.Errorf("the client's sample has %d items, want 11 of which one is void", len(got.Items))
	}
	p.restarted()
}

// TestExtension: more items are those that follow in the same order, chosen with a reason and before anybody has seen their results.
func TestExtension(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	p.assessed("CHG-01")
	s := p.sampled("CHG-01", 0)
	raw, err := hex.DecodeString(s.Seed)
	if err != nil {
		t.Fatal(err)
	}
	more := drawnFrom("CHG-01", keysOf("CHG-01", 60), raw, 15)
	more.ID, more.Purpose, more.Size, more.Items = "more", "extension", 5, more.Items[10:]
	p.tries(sam, "draw", more, "expected words")
	more.Reason = "One of ten deviated; five more are tested whatever they show."
	again := more
	again.Items = append([]SampledItem{s.Items[0]}, more.Items...)
	p.tries(sam, "draw", again, "drawn before")
	other := drawnFrom("CHG-01", keysOf("CHG-01", 59), raw, 5)
	other.ID, other.Purpose, other.Reason, other.Items = "other", "extension", more.Reason, more.Items
	p.tries(sam, "draw", other, "another list of items")
	p.does(sam, "tick", Ticks{"CHG-01", "CHG-01", []Tick{{more.Items[4].Key, "A", Mark{Result: "pass"}}}})
	p.tries(sam, "draw", more, "seen before the extension")
	more.Items = more.Items[:4]
	p.does(sam, "draw", more)
	p.tries(sam, "prepare", Of{"CHG-01"}, "4 sampled items have no result")
	p.restarted()
}
