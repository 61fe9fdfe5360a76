package engage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// FuzzParseMessage: no text makes the reader panic, what is read has one spelling, and what is not exactly a sealed act is not opened.
func FuzzParseMessage(f *testing.F) {
	p := newPair(f, typeTwo)
	p.accepted()
	sealed := map[string]bool{}
	for _, m := range append(p.outbox(p.firm), p.outbox(p.client)...) {
		f.Add(m)
		sealed[string(m)] = true
	}
	f.Add([]byte("assay-message/1\nkey\n00 {}\n\nc2sp.org/tlog-proof@v1\nindex 0\n\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMessage(text)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Errorf("ParseMessage = %v, want a refusal", err)
			}
			return
		}
		if string(m.Text()) != string(text) {
			t.Errorf("ParseMessage(%q) writes as %q", text, m.Text())
		}
		_, _ = m.From()
		for key, side := range map[string]Side{p.fb.key: Firm, p.cb.key: Client} {
			if a, err := m.Open(key, side, civil.Instant(1)); err == nil && !sealed[string(text)] {
				t.Errorf("a message that nobody sealed opens as %+v", a)
			}
		}
	})
}

// bodies are those of each act that its guards like in some state, so that random acts get far.
func bodies() map[string]any {
	n := 60
	s := drawnFrom("CHG-01", keysOf("CHG-01", 60), []byte("a secret of the firm, number 1"), 10)
	rev := issue(report.Unqualified)
	rev.Revision, rev.Reason, rev.Date = 1, "x", day("2026-07-10")
	longer := typeTwo
	longer.To = day("2026-08-31")
	return map[string]any{
		"open": Opening{Terms: typeTwo, Firm: Party{"f", "Firm", "k"}, Client: Party{"c", "Client", ""}, Profile: Profile{Licence: "1"}},
		"join": Joining{Email: sam.Email, Name: "Sam", Part: Staff}, "leave": Leaving{sam.Email, "x"}, "confirm_independence": Confirming{"x"},
		"check_conflicts": ConflictCheck{Clear: true, Words: "x"}, "offer_letter": Letter{SHA256: TextHash("x"), Text: "x"},
		"agree":  Agreement{Letter: TextHash("x"), Name: "E", Title: "CEO", Client: Party{"c", "Client", "k2"}},
		"accept": Because{}, "plan": plan(), "begin_fieldwork": Because{}, "change_terms": Terming{longer, "x"}, "consent_terms": Terming{longer, "x"},
		"ask":    Request{ID: "r", Control: "CHG-01", Wants: "evidence", What: "x", Due: day("2026-07-20")},
		"answer": Reply{Request: "r", Text: "x"}, "comment": Reply{Request: "r", Text: "x"}, "return": Reply{Request: "r", Text: "x"}, "say": Reply{Request: "r", Text: "x"}, "close": Reply{Request: "r", Text: "x"},
		"take_package": Package{SHA256: TextHash("p"), Size: 1, Root: TextHash("r")}, "commit_seed": Seed{Control: "CHG-01", Test: "CHG-01", Commitment: s.Commitment},
		"keep_seed": Keeping{s.Commitment, s.Seed}, "freeze": frozenOf("CHG-01", keysOf("CHG-01", 60), s.Commitment),
		"check_population": PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "C2", Source: "x", Count: &n, Passed: true, Words: "x"},
		"trace":            Trace{Control: "CHG-01", Test: "CHG-01", Item: "x", Source: "x", Found: true, Words: "x"},
		"draw":             s, "replace": Replacing{s.ID, s.Items[0].Key, "void", SampledItem{Key: "new", Instead: s.Items[0].Key, Reason: "x"}}, "release_sample": s,
		"assess":     Assessment{Control: "CHG-01", Design: report.Effective, Implemented: true, Words: "x", Walkthrough: "x"},
		"procedures": Procedures{Control: "CHG-01", Test: "CHG-01", Extent: report.Sampled, Procedures: []report.Procedure{{Kind: report.Inspection, Text: "x"}}},
		"tick":       Ticks{"CHG-01", "CHG-01", []Tick{{s.Items[0].Key, "A", Mark{Result: "pass"}}}}, "reperform": Reperformance{Control: "CHG-01", Test: "CHG-01", With: "hand", Package: TextHash("p")},
		"rely": Reliance{Control: "CHG-01", Doubt: "x", Reason: "x"}, "prepare": Of{"CHG-01"}, "review": Of{"CHG-01"},
		"note": ReviewNote{ID: "n", Control: "CHG-01", Text: "x"}, "answer_note": Noting{"n", "CHG-01", "x"}, "close_note": Noting{"n", "CHG-01", ""},
		"raise":   Deviation{ID: "d", Control: "CHG-01", Test: "CHG-01", Items: []string{"x"}, What: "x"},
		"respond": Response{Deviation: "d", Position: "agree", Text: "x"}, "analyse": Analysis{Deviation: "d", Cause: "human_error", Spread: "isolated", Cluster: "x", Impact: "x"},
		"compensate": Compensation{"d", report.Compensating{Control: "IAM-01"}}, "resolve": Resolution{Deviation: "d", Outcome: "deviation", Reason: "x"},
		"conclude_control": report.ControlConclusion{Control: "CHG-01", Design: report.Effective, Operation: report.NotEffective, Tested: 10, Deviating: 1, Reason: "x"},
		"disclose":         report.Exception{ID: "e", Control: "CHG-01", Test: "CHG-01", Text: "x", Deviating: 1, Tested: 10},
		"conclude_matter":  failed(false), "limit": report.Limit{Element: report.Design, Text: "x"},
		"conclude_element": report.ElementOpinion{Element: report.Design, Opinion: report.Qualified, Basis: []string{"x"}}, "emphasize": Because{"x"}, "word": report.Wording{}, "accept_unmodified": Because{"x"}, "include": Included{InclusiveParty: report.InclusiveParty{Name: "Cloud"}},
		"subsequent_event": report.Event{On: day("2026-07-02"), Text: "x"}, "wrap_up": Because{}, "begin_review": Because{}, "back_to_work": Because{"x"},
		"release_draft": ReleasedDraft{Fingerprint: fingerprint, File: TextHash("f")},
		"assert":        Assertion{Text: "x", SHA256: TextHash("x"), Name: "E", Title: "CEO", On: day(reportDate)},
		"represent":     Representation{Text: "x", SHA256: TextHash("x"), Name: "E", Title: "CEO", Dated: day(reportDate)},
		"sign_partner":  Sign{Fingerprint: fingerprint, On: day(reportDate)}, "sign_quality": Sign{Fingerprint: fingerprint, On: day(reportDate)},
		"issue": issue(report.Unqualified), "discover": Discovery{Fact: "x", Effect: "revise", Reason: "x"}, "reopen": Because{"x"}, "let_stand": Because{"x"}, "revise": rev, "withdraw": Because{"x"},
		tried: Refusal{Kind: "x", Why: "x"}, passedOver: PassedOver{Seq: 1, Why: "x"},
	}
}

// TestBodies keeps the list above whole: an act without a body there is tried by nothing.
func TestBodies(t *testing.T) {
	t.Parallel()
	have := bodies()
	for _, k := range Kinds() {
		if have[k.Name] == nil {
			t.Errorf("no body of %s", k.Name)
		}
	}
	if len(have) != len(table) {
		t.Errorf("%d bodies of %d acts", len(have), len(table))
	}
}

// FuzzApply: random acts in random order, with sound bodies and with any bytes, never panic; one that is refused changes nothing; and a report
// that was issued stays issued, with its text.
func FuzzApply(f *testing.F) {
	have := bodies()
	p := newPair(f, typeTwo)
	p.wrapped(1, "human_error")
	p.described(report.Achieved, false)
	p.issuesAs(report.Unqualified)
	var stored []Act
	for _, k := range p.fb.list {
		var a Act
		var err error
		if k.Register == Mail {
			m, openErr := p.firm.opened(k)
			a, err = m.act, openErr
		} else {
			a, err = ActOf(k.Record, Firm)
		}
		if err != nil {
			f.Fatal(err)
		}
		stored = append(stored, a)
	}
	by := []string{pat.Email, quinn.Email, mia.Email, sam.Email, exa.Email}
	f.Add(uint8(0), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte(`{}`))
	f.Add(uint8(255), []byte{60, 59, 58, 57, 56, 55, 54}, []byte(`null`))
	f.Add(uint8(120), []byte("all acts in any order, again and again"), []byte(`{"items":null}`))
	for i := range table {
		f.Add(uint8(4*i), []byte{byte(i), byte(i + 64), byte(i + 128), byte(i + 192)}, []byte(`{"control":"CHG-01","matters":[{}]}`))
	}
	f.Fuzz(func(t *testing.T, cut uint8, acts, raw []byte) {
		side := []Side{Firm, Client}[int(cut)%2]
		e, err := Fold(Firm, eng, stored[:min(int(cut)*len(stored)/250, len(stored))])
		if err != nil {
			t.Fatal(err)
		}
		issued := len(e.Reports)
		for i, x := range acts {
			k := table[int(x)%len(table)]
			a := Act{Engagement: eng, Side: k.side, Kind: k.name, Body: raw, By: by[(int(x)+i)%len(by)], At: civil.Instant(1783400000000000 + int64(i))}
			if x >= 64 {
				a.Body, _ = json.Marshal(have[k.name])
			}
			if x >= 250 {
				a.Side = side
			}
			a.Seq, a.After = e.next[a.Side], e.sent[a.Side]
			was, before := e.State, shape(e)
			if err := e.Apply(a); err != nil && shape(e) != before {
				t.Fatalf("%s was refused with %v and changed %s to %s", k.name, err, before, shape(e))
			}
			if was.Done() && !e.State.Done() || len(e.Reports) < issued || issued > 0 && (e.Reports[0].Fingerprint != fingerprint || e.Reports[0].Opinion != report.Unqualified) {
				t.Fatalf("%s in %s: the issued report is now in %s, %+v", k.name, was, e.State, e.Reports)
			}
			_ = e.Undecided()
			_ = e.Examination()
			e.Doubts("CHG-01")
			e.Suggest("CHG-01", 10, 1)
		}
	})
}

// shape is all that is known, as text.
func shape(e *Engagement) string {
	b, err := json.Marshal(e)
	return fmt.Sprintf("%s %v %v %v", b, err, e.next, e.sent)
}

// TestNobodyElse: an engagement that is not there is not found, and nobody opens one by another act.
func TestNobodyElse(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	for _, name := range []string{"join", "issue", "answer", tried, passedOver} {
		if err := p.firm.Do(context.Background(), pat, eng, name, Because{}); err == nil {
			t.Errorf("%s in an engagement that is not there was done", name)
		}
	}
	if err := p.firm.DoAll(context.Background(), pat, eng, nil); !errors.Is(err, fault.Refused) {
		t.Errorf("DoAll(nothing) = %v, want refused", err)
	}
	if _, err := p.firm.Outbox(context.Background(), eng, 1); !errors.Is(err, fault.NotFound) {
		t.Errorf("Outbox of an engagement that is not there = %v, want not found", err)
	}
	if len(p.fb.list) != 0 {
		t.Errorf("%d records were kept", len(p.fb.list))
	}
}
