package engage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// Outbox gives the messages for the other party of an engagement, from one of its own acts on.
func (h *House) Outbox(ctx context.Context, engagement string, from int) ([][]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.load(ctx); err != nil {
		return nil, err
	}
	e := h.open[engagement]
	if e == nil {
		return nil, fault.NotFound
	}
	var out [][]byte
	for _, l := range e.Log {
		k, _ := find(l.Kind)
		if l.Side != h.Side || l.Seq < from || !k.crosses {
			continue
		}
		m, err := h.Books.Proven(ctx, h.Org, h.where[engagement][l.Seq])
		if err != nil {
			return nil, err
		}
		out = append(out, m.Text())
	}
	return out, nil
}

// Receive takes messages of the other party in, in their order. One that came before changes nothing. One that came too late for how the
// engagement stands here is kept and changes nothing either; the error says so, and those after it are taken in all the same. The first message of an engagement that is not known here
// opens it, under the key that it names: Expect is that key, which somebody compared with the other party; empty refuses unknown engagements.
func (h *House) Receive(ctx context.Context, texts [][]byte, expect string) (taken int, err error) {
	var passed error
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.load(ctx); err != nil {
		return 0, err
	}
	for _, text := range texts {
		late, err := h.receive(ctx, text, expect)
		if errors.Is(err, errAgain) {
			continue
		}
		if err != nil {
			return taken, errors.Join(passed, err)
		}
		passed = errors.Join(passed, late)
		taken++
	}
	return taken, passed
}

// errAgain says that a message came in before.
var errAgain = errors.New("came in before")

func (h *House) receive(ctx context.Context, text []byte, expect string) (passed, err error) {
	m, key, err := h.signed(text, expect)
	if err != nil {
		return nil, err
	}
	now := civil.InstantOf(h.Clock())
	a, err := m.Open(key, h.Side.Other(), now)
	if err == nil {
		err = h.named(a, key)
	}
	if err != nil {
		return nil, err
	}
	if was, ok := h.mail[place(a)]; ok { // the same act comes again with a newer proof
		if was != Sum(m.Record) {
			return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("act %d of the %s in engagement %s came in before and said something else: its ledger has two histories", a.Seq, a.Side, a.Engagement)}
		}
		return nil, errAgain
	}
	e := h.open[a.Engagement]
	known := e != nil
	switch {
	case !known && (a.Kind != "open" || h.Side != Client):
		return nil, fault.Refuse("the first message of an engagement opens it; this one is %q", a.Kind)
	case !known:
		e, _ = Fold(h.Side, a.Engagement, nil)
	case h.Side == Firm && e.Client.Key == "" && a.Kind != "agree":
		return nil, fault.Refuse("the client's first message is its agreement; this one is %q", a.Kind)
	}
	if err := e.inOrder(a); err != nil {
		return nil, err
	}
	b, err := json.Marshal(map[string]any{"message_sha256": Sum(text), "engagement": a.Engagement, "kind": a.Kind, "seq": a.Seq, "message": string(text), "received_here_at": now.String()})
	if err != nil {
		return nil, err
	}
	row, err := rowOf(h.post, b)
	if err != nil {
		return nil, err
	}
	if err := e.Apply(a); err != nil {
		if !known || !late(err) {
			return nil, err
		}
		passed = fmt.Errorf("%s of the %s changes nothing here: %w", words(a.Kind), a.Side, err)
		e.pass(a, err)
	}
	return passed, h.keep(ctx, e, []record.Draft{{Row: row, Source: "message"}})
}

// signed reads a message, and says by which key it has to be signed.
func (h *House) signed(text []byte, expect string) (Message, string, error) {
	m, err := ParseMessage(text)
	if err != nil {
		return m, "", err
	}
	r, err := record.Decode(m.Record)
	if err != nil {
		return m, "", err
	}
	claimed, err := ActOf(r, h.Side.Other())
	if err != nil {
		return m, "", err
	}
	key := h.keyOf(claimed.Engagement, expect)
	if key == "" {
		return m, "", fault.Refuse("the engagement %s is not known here, and nobody has compared the key of who sends it", claimed.Engagement).WithHint("compare the key with the other party, and take the message in with it")
	}
	return m, key, nil
}

// late reports whether a message of the other party is kept although it changes nothing: who sent it could not know better.
func late(err error) bool {
	return !errors.Is(err, fault.Integrity) && (errors.Is(err, fault.Refused) || errors.Is(err, fault.Denied) || errors.Is(err, fault.NotFound))
}

// place names an act of the other party.
func place(a Act) string { return fmt.Sprintf("%s %d", a.Engagement, a.Seq) }

// proven is a message with its act.
type proven struct {
	Message
	act Act
}

// opened proves a message again that came in before, against the key that the engagement knew.
func (h *House) opened(k record.Known) (proven, error) {
	var b struct {
		Engagement string `json:"engagement"`
		Message    string `json:"message"`
		Received   string `json:"received_here_at"`
	}
	if err := json.Unmarshal(k.Body, &b); err != nil {
		return proven{}, fmt.Errorf("read %s: %w", k.Name(), err)
	}
	m, err := ParseMessage([]byte(b.Message))
	if err != nil {
		return proven{}, err
	}
	at, err := civil.ParseInstant(b.Received)
	if err != nil {
		return proven{}, fmt.Errorf("read %s: %w", k.Name(), err)
	}
	a, err := m.Open(h.keyOf(b.Engagement, m.Key), h.Side.Other(), at)
	if err != nil {
		return proven{}, err
	}
	return proven{m, a}, h.named(a, m.Key)
}

// named holds the key that the first message of each party names against the one that signs it, and the organization against this one.
func (h *House) named(a Act, key string) error {
	var o Opening
	var g Agreement
	switch a.Kind {
	case "open":
		if err := decode(a.Body, &o); err != nil {
			return err
		}
		if o.Firm.Key != key || o.Client.Org != "" && o.Client.Org != string(h.Org) {
			return denied("the message is for another organization, or names another key than it is signed with")
		}
		return speaksFor(key, o.Firm)
	case "agree":
		if err := decode(a.Body, &g); err != nil {
			return err
		}
		if g.Client.Key != key || g.Client.Org == "" {
			return &fault.Error{Kind: fault.Integrity, What: "the agreement names no organization, or another key than it is signed with"}
		}
		return speaksFor(key, g.Client)
	}
	return nil
}

// speaksFor refuses a party whose key is that of another organization's ledger: a key is named after the one it belongs to.
func speaksFor(key string, p Party) error {
	v, err := note.NewVerifier(key)
	if err != nil || v.Name() != ledger.Origin(id.Org(p.Org)) {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the message names %s, and is not signed with a key of it", p.Org)}
	}
	return nil
}
