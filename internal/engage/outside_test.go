package engage

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// TestAcceptedAlone: a firm that says it accepted what the client never agreed to changes nothing in the client's house, nor does what it
// says after that.
func TestAcceptedAlone(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.does(pat, "open", opening(p))
	p.does(pat, "join", Joining{Email: pat.Email, Name: pat.Name, Part: Partner})
	p.does(pat, "offer_letter", Letter{SHA256: TextHash(letterText), Text: letterText})
	_, commitment := p.seed()
	for i, a := range []Act{{Kind: "accept", Body: body(Because{})}, {Kind: "commit_seed", Body: body(Seed{Control: "CHG-01", Test: "CHG-01", Commitment: commitment})}} {
		a.Engagement, a.Side, a.Seq, a.After, a.By, a.At = eng, Firm, 4+i, 3+i, pat.Email, instant(p.now)
		p.fb.forge(t, p.firm, a)
		m, err := p.fb.Proven(context.Background(), firmOrg, int64(len(p.fb.list)-1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.client.Receive(context.Background(), [][]byte{m.Text()}, p.fb.key); err == nil {
			t.Errorf("%s of a firm that nobody engaged is taken in without a word", a.Kind)
		}
	}
	if e := p.see(p.client); e.State != Draft || len(e.Seeds) > 0 {
		t.Errorf("the client, which agreed to nothing, stands in %s with %d seeds; want draft and none", e.State, len(e.Seeds))
	}
}

// TestOwnName: who signs a first message is the organization that it names; a key of one organization does not speak for another.
func TestOwnName(t *testing.T) {
	t.Parallel()
	const another id.Org = "org_06h09pd5ny5vscaczx7vepxb70"
	p := newPair(t, typeTwo)
	o := opening(p)
	o.Firm.Org = string(another)
	if err := p.firm.Do(context.Background(), pat, eng, "open", o); err != nil {
		t.Fatal(err)
	}
	p.refuses(p.client, p.outbox(p.firm), p.fb.key, fault.Integrity, "key of")

	q := newPair(t, typeTwo)
	o = opening(q)
	o.Client.Org = ""
	q.does(pat, "open", o)
	q.does(pat, "join", Joining{Email: pat.Email, Name: pat.Name, Part: Partner})
	q.does(pat, "offer_letter", Letter{SHA256: TextHash(letterText), Text: letterText})
	g := agreement(q)
	g.Client.Org = string(another)
	if err := q.client.Do(context.Background(), exa, eng, "agree", g); err != nil {
		t.Fatal(err)
	}
	q.refuses(q.firm, q.outbox(q.client), q.cb.key, fault.Integrity, "key of")
}

// TestTooLongToCross: an act that the other party could not take in is refused before it stands, as nothing after it would cross either.
func TestTooLongToCross(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(sam, "ask", Request{ID: "R1", Wants: "document", What: "The policy.", Due: day("2026-07-20")})
	ev := Evidence{SHA256: TextHash("x"), Received: "2026-07-05T04:00:00Z", Name: strings.Repeat(`"`, mostCrossing)}
	err := p.client.Do(context.Background(), owen, eng, "answer", Reply{Request: "R1", Evidence: []Evidence{ev}})
	if !errors.Is(err, fault.Refused) || !has(err, "longer than") {
		t.Errorf("an answer that cannot cross = %v; want it refused", err)
	}
	ev.Name = strings.Repeat(`"`, mostCrossing/2-1000)
	p.does(owen, "answer", Reply{Request: "R1", Evidence: []Evidence{ev}}) // the longest with the most to escape crosses
	if n := len(p.see(p.firm).Requests[0].Says); n != 1 {
		t.Errorf("the firm has %d answers, want 1", n)
	}
	p.restarted()
}

// TestGivenAsItIs: an answer to a deviation names its evidence as the ledger does, and nobody signs an assertion on a day to come.
func TestGivenAsItIs(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	s := p.fieldwork(1)
	p.does(sam, "raise", Deviation{ID: "D1", Control: s.Control, Test: s.Test, Items: []string{s.Items[0].Key}, What: "It was not approved."})
	r := Response{Deviation: "D1", Position: "operated", Text: "It was.", Evidence: []Evidence{{SHA256: "../../keys", Name: "x", Received: "2026-07-05T04:00:00Z"}}}
	p.tries(owen, "respond", r, "no hash")
	r.Evidence[0].SHA256 = TextHash("x")
	p.does(owen, "respond", r)

	q := newPair(t, typeTwo)
	q.accepted()
	q.fieldwork(0)
	q.does(mia, "wrap_up", Because{})
	a := Assertion{Text: "We assert.", SHA256: TextHash("We assert."), Name: exa.Name, Title: "CEO", On: day(reportDate) + 1}
	q.tries(exa, "assert", a, "is not here yet")
	a.On--
	q.does(exa, "assert", a)
}
