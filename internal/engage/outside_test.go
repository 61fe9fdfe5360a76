package engage

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
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

// TestPassedOverIsTold: whoever sent what came too late learns that it changed nothing, in their own log, once, and after a restart.
func TestPassedOverIsTold(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	ctx := context.Background()
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	p.does(sam, "ask", Request{ID: "r1", Wants: "inquiry", What: "Who approves?", Due: day("2026-07-20")})
	if err := p.client.Do(ctx, owen, eng, "answer", Reply{Request: "r1", Text: "Owen."}); err != nil {
		t.Fatal(err)
	}
	if err := p.firm.Do(ctx, sam, eng, "close", Reply{Request: "r1", Text: "Known from elsewhere."}); err != nil {
		t.Fatal(err)
	}
	var told []string
	p.firm.Sent = func(_ context.Context, engagement string) { told = append(told, engagement) }
	if _, err := p.firm.Receive(ctx, p.outbox(p.client), ""); !has(err, "is closed") {
		t.Fatalf("Receive = %v; want the late answer said to change nothing", err)
	}
	if len(told) != 1 || told[0] != eng {
		t.Errorf("something is to cross of %v; want of %s, once", told, eng)
	}
	answer := func() Entry {
		t.Helper()
		for _, l := range p.see(p.client).Log {
			if l.Kind == "answer" {
				return l
			}
		}
		t.Fatal("the client's log has no answer")
		return Entry{}
	}
	if l := answer(); l.Passed != "" {
		t.Fatalf("the client knows %q before it was told", l.Passed)
	}
	p.cross()
	p.cross() // nothing comes back of it
	if l := answer(); !strings.Contains(l.Passed, "is closed") {
		t.Errorf("the client's log says %q of its answer; want why it changed nothing", l.Passed)
	}
	p.restarted()
	if n := strings.Count(kinds(p.see(p.firm)), passedOver); n != 1 {
		t.Errorf("the firm told it %d times", n)
	}

	// One party cannot say of an act of its own, of one that there is none, or of one that never crossed, that it was passed over.
	stays := 0
	for _, l := range p.see(p.firm).Log {
		if l.Kind == "plan" {
			stays = l.Seq
		}
	}
	for _, a := range []Act{{Side: Firm, Kind: passedOver, Body: body(PassedOver{Seq: 999, Why: "x"})}, {Side: Firm, Kind: passedOver, Body: body(PassedOver{Seq: 1})},
		{Side: Client, Kind: passedOver, Body: body(PassedOver{Seq: stays, Why: "x"})}} {
		e := p.see(p.client)
		if a.Side == Client {
			e = p.see(p.firm)
		}
		a.Engagement, a.Seq, a.After, a.Edition = eng, e.next[a.Side], e.sent[a.Side], edition
		if err := e.Apply(a); !errors.Is(err, fault.Refused) {
			t.Errorf("Apply(%s) = %v; want refused", a.Body, err)
		}
	}
}

// TestPassedOverAtLength: however long what was passed over is, saying so is short; else it could not be said, and would hold up all after it.
func TestPassedOverAtLength(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	ctx := context.Background()
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	p.does(sam, "raise", Deviation{ID: "d", Control: "CHG-01", Test: "CHG-01", Items: []string{"CHG-01/001"}, What: "x"})
	e := p.see(p.client)
	p.cb.forge(t, p.client, Act{Engagement: eng, Seq: e.next[Client], After: e.sent[Client], Side: Client, Kind: "respond", By: owen.Email, At: instant(p.now),
		Body: body(Response{Deviation: "d", Position: strings.Repeat(`"`, mostCrossing/3), Text: "x"})})
	m, err := p.cb.Proven(ctx, clientOrg, int64(len(p.cb.list)-1))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.firm.Receive(ctx, [][]byte{m.Text()}, ""); n != 1 || !has(err, "is none of") {
		t.Fatalf("Receive = %d; want it kept and said to change nothing", n)
	}
	log := p.see(p.firm).Log
	if l := log[len(log)-1]; l.Kind != passedOver {
		t.Errorf("the last act is %q, want %q", l.Kind, passedOver)
	}
}

func kinds(e *Engagement) (out string) {
	for _, l := range e.Log {
		out += l.Kind + "\n"
	}
	return out
}

// TestOneHistory: an act that comes again from another place of the ledger, or from before the act it follows on, shows two histories, however well
// each is signed.
func TestOneHistory(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	ctx := context.Background()
	p.accepted()
	out := p.outbox(p.firm)
	last, err := ParseMessage(out[len(out)-1])
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Decode(last.Record)
	if err != nil {
		t.Fatal(err)
	}
	fork := newBooks(t, firmOrg, func() time.Time { return p.now })
	again := func() [][]byte {
		t.Helper()
		fork.put(r)
		m, err := fork.Proven(ctx, firmOrg, int64(len(fork.list)-1))
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{m.Text()}
	}
	p.refuses(p.client, again(), "", fault.Integrity, "two histories")
	next, err := ActOf(r, Firm)
	if err != nil {
		t.Fatal(err)
	}
	next.After, next.Seq, next.Kind, next.Body = next.Seq, next.Seq+1, "withdraw", body(Because{"x"})
	fork.forge(t, p.firm, next)
	m, err := fork.Proven(ctx, firmOrg, int64(len(fork.list)-1))
	if err != nil {
		t.Fatal(err)
	}
	p.refuses(p.client, [][]byte{m.Text()}, "", fault.Integrity, "before act")

	cuts, err := p.client.Checkpoints(ctx, eng)
	if err != nil || len(cuts) == 0 || cuts[len(cuts)-1].Origin != ledger.Origin(firmOrg) || cuts[len(cuts)-1].Size < last.Proof.Index {
		t.Errorf("Checkpoints = %v, %v; want those that the firm's messages were proven against", cuts, err)
	}
}

// TestEditions: an act stands under the guards of its own time, nobody goes back to milder ones, and one of a later program waits for an update.
func TestEditions(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	at := civil.InstantOf(p.now)
	apply := func(edition int) error {
		e := p.see(p.firm)
		e.State = Review
		return e.Apply(Act{Engagement: eng, Seq: e.next[Firm], Side: Firm, Kind: "sign_partner", Edition: edition, By: pat.Email, At: at, Body: body(Sign{Fingerprint: fingerprint, On: day("2026-01-01")})})
	}
	for edition, want := range map[int]string{1: "earlier edition", 2: "dated 1 January 2026", 3: "later edition"} {
		if err := apply(edition); !has(err, want) {
			t.Errorf("a sign-off of edition %d = %v; want one that says %q", edition, err, want)
		}
	}
	// What was done before the guard came is judged without it.
	e := p.see(p.firm)
	e.State, e.edition[Firm] = Review, 1
	err := e.Apply(Act{Engagement: eng, Seq: e.next[Firm], Side: Firm, Kind: "sign_partner", Edition: 1, By: pat.Email, At: at, Body: body(Sign{Fingerprint: fingerprint, On: day("2026-01-01")})})
	if err == nil || has(err, "dated") {
		t.Errorf("a sign-off of the first edition = %v; want it held against all but the date", err)
	}
}

// TestBecameAdviser: a member who began to advise the client after it agreed is known by the letter of representation, and the report does not go out
// with them.
func TestBecameAdviser(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	e := p.see(p.firm)
	e.Represented = &Representation{Dated: day(reportDate), Advisers: []string{Digest("somebody@else.example"), Digest("SAM@firm.example")}}
	if got := strings.Join(e.Unissuable(day(reportDate), fingerprint), "\n"); !strings.Contains(got, "Sam Staff advises") {
		t.Errorf("Unissuable = %s; want the member who became an adviser", got)
	}
	e.member(sam.Email).Out = &e.Represented.At
	if got := strings.Join(e.Unissuable(day(reportDate), fingerprint), "\n"); strings.Contains(got, "advises") {
		t.Errorf("Unissuable without that member = %s", got)
	}
}
