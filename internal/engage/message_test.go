package engage

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// outbox is all that a side has for the other.
func (p *pair) outbox(h *House) [][]byte {
	p.t.Helper()
	out, err := h.Outbox(context.Background(), eng, 1)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// refuses hands messages to a house, which must take none of the last one in and keep nothing.
func (p *pair) refuses(h *House, texts [][]byte, key string, kind error, want string) {
	p.t.Helper()
	before := len(h.Books.(*books).list)
	n, err := h.Receive(context.Background(), texts, key)
	if n != 0 || !errors.Is(err, kind) || !has(err, want) {
		p.t.Errorf("Receive = %d, %v; want %v that says %q", n, err, kind, want)
	}
	if grew := len(h.Books.(*books).list) - before; grew != 0 {
		p.t.Errorf("%d records were kept of refused messages", grew)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	ctx := context.Background()
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	p.inState(Fieldwork)

	// Replayed: with the same proof and with a newer one, nothing changes and nothing is kept.
	all := p.outbox(p.firm)
	before := len(p.cb.list)
	for range 2 {
		if n, err := p.client.Receive(ctx, all, ""); n != 0 || err != nil {
			t.Errorf("Receive(all again) = %d, %v; want nothing taken in", n, err)
		}
		all = append(p.outbox(p.firm), all...)
	}
	if len(p.cb.list) != before {
		t.Errorf("replayed messages left %d records", len(p.cb.list)-before)
	}

	// Reordered and left out: the second is refused before the first, and taken in after it.
	firm := func(who Who, name string, b any) []byte {
		t.Helper()
		if err := p.firm.Do(ctx, who, eng, name, b); err != nil {
			t.Fatal(err)
		}
		out := p.outbox(p.firm)
		return out[len(out)-1]
	}
	one := firm(sam, "ask", Request{ID: "r1", Wants: "evidence", What: "One.", Due: day("2026-07-20")})
	two := firm(sam, "ask", Request{ID: "r2", Wants: "evidence", What: "Two.", Due: day("2026-07-20")})
	p.refuses(p.client, [][]byte{two}, "", fault.Refused, "is missing")
	p.refuses(p.client, [][]byte{two, one}, "", fault.Refused, "is missing")

	// Altered by a byte, anywhere: what is not refused as unreadable does not prove itself.
	for i := range one {
		for _, flip := range []byte{1, 0x20} {
			bad := bytes.Clone(one)
			bad[i] ^= flip
			if n, err := p.client.Receive(ctx, [][]byte{bad}, ""); n != 0 || err == nil {
				t.Fatalf("a message altered at byte %d (%q) was taken in: %v", i, bad[max(0, i-20):min(len(bad), i+20)], err)
			}
		}
	}
	for _, n := range []int{0, 1, len(one) / 2, len(one) - 1} {
		if _, err := p.client.Receive(ctx, [][]byte{one[:n]}, ""); err == nil {
			t.Errorf("a message cut to %d bytes was taken in", n)
		}
	}
	if e := p.see(p.client); len(e.Requests) != 0 {
		t.Fatalf("altered messages left %d requests", len(e.Requests))
	}

	// Signed by another key: a firm of the same name with a ledger of its own.
	q := newPair(t, typeTwo)
	q.fb = newBooks(t, "org_06h09pd5ny5vscaczx7vepxb90", func() time.Time { return q.now })
	q.firm.Org, q.firm.Books = q.fb.org, q.fb
	o := opening(q)
	o.Firm.Org = string(q.fb.org)
	if err := q.firm.Do(ctx, pat, eng, "open", o); err != nil {
		t.Fatal(err)
	}
	p.refuses(p.client, q.outbox(q.firm), q.fb.key, fault.Integrity, "another key")
	// The right key named in it, but not the one that signed it.
	swapped := strings.Replace(string(q.outbox(q.firm)[0]), q.fb.key, p.fb.key, 1)
	p.refuses(p.client, [][]byte{[]byte(swapped)}, "", fault.Integrity, "does not prove itself")

	// Of the wrong side: the firm's own message comes back to it as the client's, and the client's to the client.
	p.refuses(p.firm, [][]byte{one}, p.fb.key, fault.Integrity, "another key")
	p.refuses(p.client, p.outbox(p.client)[:1], p.cb.key, fault.Integrity, "another key")

	// Forked: another act in the place of one that came in, by the firm's own key.
	if n, err := p.client.Receive(ctx, [][]byte{one, two}, ""); n != 2 || err != nil {
		t.Fatalf("Receive(in order) = %d, %v", n, err)
	}
	fork := newBooks(t, firmOrg, func() time.Time { return p.now })
	a := Act{Engagement: eng, Seq: p.see(p.firm).Next(Firm) - 1, Side: Firm, Kind: "ask", Body: body(Request{ID: "r3", Wants: "evidence", What: "Three.", Due: day("2026-07-20")}), By: sam.Email, At: civil.InstantOf(p.now)}
	fork.forge(t, p.firm, a)
	m, err := fork.Proven(ctx, firmOrg, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.refuses(p.client, [][]byte{m.Text()}, "", fault.Integrity, "two histories")

	// What does not cross does not cross, even when the firm's ledger holds and proves it.
	a.Seq, a.After, a.Kind, a.Body = a.Seq+1, a.Seq, "plan", body(plan())
	fork.forge(t, p.firm, a)
	if m, err = fork.Proven(ctx, firmOrg, 1); err != nil {
		t.Fatal(err)
	}
	p.refuses(p.client, [][]byte{m.Text()}, "", fault.Integrity, "no act that crosses")
	a.Kind, a.Body = "answer", body(Reply{Request: "r1", Text: "As if by the client."})
	fork.forge(t, p.firm, Act{Engagement: eng, Seq: a.Seq + 1, After: a.After, Side: Client, Kind: a.Kind, Body: a.Body, By: owen.Email, At: a.At})
	if m, err = fork.Proven(ctx, firmOrg, 2); err != nil {
		t.Fatal(err)
	}
	p.refuses(p.client, [][]byte{m.Text()}, "", fault.Integrity, "no act that crosses from the firm")
	p.restarted()
}

// TestFirstMessages: nobody opens an engagement with a client that has not compared the key, nor in the name of another.
func TestFirstMessages(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	ctx := context.Background()
	if err := p.firm.Do(ctx, pat, eng, "open", opening(p)); err != nil {
		t.Fatal(err)
	}
	open := p.outbox(p.firm)
	p.refuses(p.client, open, "", fault.Refused, "nobody has compared the key")
	p.refuses(p.client, open, p.cb.key, fault.Integrity, "another key")
	p.refuses(p.firm, open, p.fb.key, fault.Integrity, "no act that crosses from the client")

	elsewhere := &House{Org: "org_06h09pd5ny5vscaczx7vepxb70", Side: Client, Clock: p.client.Clock}
	elsewhere.Books = newBooks(t, elsewhere.Org, func() time.Time { return p.now })
	p.refuses(elsewhere, open, p.fb.key, fault.Denied, "for another organization")

	// A firm that opens in the name of another one: the key in the opening is not the one that signs.
	q := newPair(t, typeTwo)
	o := opening(q)
	o.Firm.Key = q.cb.key
	if err := q.firm.Do(ctx, pat, eng, "open", o); err != nil {
		t.Fatal(err)
	}
	q.refuses(q.client, q.outbox(q.firm), q.fb.key, fault.Denied, "another key than it is signed with")

	// An agreement that names a key other than the client's own.
	p.does(pat, "join", Joining{Email: pat.Email, Name: pat.Name, Part: Partner})
	p.does(pat, "offer_letter", Letter{SHA256: TextHash(letterText), Text: letterText})
	p.cross()
	g := agreement(p)
	g.Client.Key = p.fb.key
	if err := p.client.Do(ctx, exa, eng, "agree", g); err != nil {
		t.Fatal(err)
	}
	p.refuses(p.firm, p.outbox(p.client), p.cb.key, fault.Integrity, "another key than it is signed with")
	if e := p.see(p.firm); e.Agreed != nil || e.Client.Key != "" {
		t.Errorf("the firm holds the agreement %+v and the key %q", e.Agreed, e.Client.Key)
	}
}

// TestLate: a client answers what the firm closed meanwhile. The message is kept, changes nothing, and those after it come in.
func TestLate(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	ctx := context.Background()
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	p.does(sam, "ask", Request{ID: "r1", Wants: "inquiry", What: "Who approves?", Due: day("2026-07-20")})
	p.does(sam, "ask", Request{ID: "r2", Wants: "inquiry", What: "Who reviews?", Due: day("2026-07-20")})
	for _, r := range []string{"r1", "r2"} {
		if err := p.client.Do(ctx, owen, eng, "answer", Reply{Request: r, Text: "Owen."}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.firm.Do(ctx, sam, eng, "close", Reply{Request: "r1", Text: "Known from elsewhere."}); err != nil {
		t.Fatal(err)
	}
	n, err := p.firm.Receive(ctx, p.outbox(p.client), "")
	if n != 2 || !errors.Is(err, fault.Refused) || !has(err, "r1 is closed") {
		t.Errorf("Receive = %d, %v; want both kept, and the first said to be late", n, err)
	}
	if e := p.see(p.firm); e.Request("r1").State != "closed" || e.Request("r2").State != "answered" {
		t.Errorf("the requests are %s and %s, want closed and answered", e.Request("r1").State, e.Request("r2").State)
	}
	p.cross()
	p.restarted()
}

// TestRefusedIsOnRecord: an attempt that the wall refuses is a record; one that only comes too early, or asks for a proof, is none.
func TestRefusedIsOnRecord(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	ctx := context.Background()
	p.accepted()
	p.tries(root, "accept", Because{}, "no member")
	p.tries(owen, "tick", Ticks{}, "the client cannot")
	p.tries(root, "refused", Refusal{Kind: "accept", Why: "made up"}, "only the program")
	p.tries(mia, "tick", Ticks{}, "engagement is in accepted")
	if err := p.firm.DoAll(ctx, pat, eng, []Deed{{"plan", plan()}, {"answer", Reply{}}}); !errors.Is(err, fault.Denied) {
		t.Fatalf("DoAll with an act of the other side = %v, want denied", err)
	}
	e := p.see(p.firm)
	if len(e.Refused) != 2 || e.Refused[0].By != root.Email || e.Refused[0].Kind != "accept" || e.Refused[1].Kind != "answer" || e.Planned != nil || e.State != Accepted {
		t.Errorf("on record at the firm: %+v, planned: %v, in %s; want the two attempts, and nothing done", e.Refused, e.Planned, e.State)
	}
	if e := p.see(p.client); len(e.Refused) != 1 || e.Refused[0].By != owen.Email || e.Refused[0].Kind != "tick" {
		t.Errorf("on record at the client: %+v, want the attempt of its owner", e.Refused)
	}
	for _, m := range p.outbox(p.client) {
		if bytes.Contains(m, []byte(`\"why\"`)) {
			t.Error("a refused attempt crossed")
		}
	}
	p.restarted()
}

// TestForgedLedger: acts that no House would make, sealed by somebody who holds the ledger's key, are found when they are read.
func TestForgedLedger(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(e *Engagement) Act{
		"issued out of planning": func(*Engagement) Act { return Act{Kind: "issue", By: pat.Email, Body: body(issue("unqualified"))} },
		"an opinion by staff": func(*Engagement) Act {
			return Act{Kind: "plan", By: sam.Email, Body: body(plan())}
		},
		"an act of the client":      func(*Engagement) Act { return Act{Kind: "answer", By: pat.Email, Body: body(Reply{})} },
		"an act that there is none": func(*Engagement) Act { return Act{Kind: "bless", By: pat.Email, Body: body(Because{})} },
		"a gap": func(e *Engagement) Act {
			return Act{Seq: e.Next(Firm) + 1, Kind: "begin_fieldwork", By: mia.Email, Body: body(Because{})}
		},
		"fieldwork without a plan": func(*Engagement) Act { return Act{Kind: "begin_fieldwork", By: mia.Email, Body: body(Because{})} },
		"a body that says more": func(*Engagement) Act {
			return Act{Kind: "plan", By: mia.Email, Body: []byte(`{"strategy":"x","budget":1}`)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, typeTwo)
			p.accepted()
			e := p.see(p.firm)
			a := forge(e)
			if a.Seq == 0 {
				a.Seq = e.Next(Firm)
			}
			a.Engagement, a.Side, a.After, a.At = eng, Firm, e.sent[Firm], civil.InstantOf(p.now)
			p.fb.forge(t, p.firm, a)
			for _, h := range []*House{p.firm, {Org: firmOrg, Side: Firm, Books: p.fb, Clock: p.firm.Clock}} {
				for range 2 { // it does not get better by asking again
					if _, err := h.List(context.Background()); !errors.Is(err, fault.Integrity) {
						t.Errorf("List over a forged ledger = %v, want integrity", err)
					}
				}
			}
		})
	}
}

// TestFailedAppend: what could not be kept is not there.
func TestFailedAppend(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	p.fb.broken = true
	if err := p.firm.Do(context.Background(), mia, eng, "plan", plan()); err == nil {
		t.Fatal("an act was done on a full disk")
	}
	if e := p.see(p.firm); e.Planned != nil || e.State != Accepted {
		t.Errorf("planned: %v, in %s; want nothing", e.Planned, e.State)
	}
	p.does(mia, "plan", plan())
	p.restarted()

	// Two processes over one ledger: the second act for one place is refused, and then sees the first.
	late := &House{Org: firmOrg, Side: Firm, Books: stale{p.fb, p.fb.list[:len(p.fb.list):len(p.fb.list)]}, Clock: p.firm.Clock}
	p.does(mia, "begin_fieldwork", Because{})
	if err := late.Do(context.Background(), mia, eng, "begin_fieldwork", Because{}); err == nil {
		t.Error("two acts took one place")
	}
}

// stale are books as another process saw them a moment ago.
type stale struct {
	*books
	seen []record.Known
}

func (s stale) Since(_ context.Context, _ id.Org, from int64) ([]record.Known, int64, error) {
	return s.seen[from:], int64(len(s.seen)), nil
}
