package engage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

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
		if l.Side != h.Side || l.Seq < from || !l.Crosses {
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
// engagement stands here is kept and changes nothing either; the error says so, the other party is told, and those after it are taken in all
// the same. The first message of an engagement that is not known here opens it, under the key that it names: Expect is that key, which somebody
// compared with the other party; empty refuses unknown engagements.
func (h *House) Receive(ctx context.Context, texts [][]byte, expect string) (taken int, err error) {
	taken, tell, err := h.receiveAll(ctx, texts, expect)
	for engagement := range tell {
		if h.Sent != nil {
			h.Sent(ctx, engagement)
		}
	}
	return taken, err
}

// receiveAll also names the engagements in which something was passed over.
func (h *House) receiveAll(ctx context.Context, texts [][]byte, expect string) (taken int, tell map[string]bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.load(ctx); err != nil {
		return 0, nil, err
	}
	tell = map[string]bool{}
	var passed error
	for _, text := range texts {
		a, late, err := h.receive(ctx, text, expect)
		if errors.Is(err, errAgain) {
			continue
		}
		if err != nil {
			return taken, tell, errors.Join(passed, err)
		}
		if late != nil {
			tell[a.Engagement] = true
			passed = errors.Join(passed, fmt.Errorf("%s of the %s changes nothing here: %w", words(a.Kind), a.Side, late))
		}
		taken++
	}
	return taken, tell, passed
}

// errAgain says that a message came in before.
var errAgain = errors.New("came in before")

// receive takes one message in. Passed is why it changes nothing here.
func (h *House) receive(ctx context.Context, text []byte, expect string) (a Act, passed, err error) {
	m, key, err := h.signed(text, expect)
	if err != nil {
		return a, nil, err
	}
	now := civil.InstantOf(h.Clock())
	a, err = m.Open(key, h.Side.Other(), now)
	if err == nil {
		err = h.named(a, key)
	}
	if err == nil {
		err = h.oneHistory(a, m)
	}
	if err != nil {
		return a, nil, err
	}
	e := h.open[a.Engagement]
	known := e != nil
	switch {
	case len(a.Body) > mostCrossing:
		return a, nil, fault.Refuse("%s of the %s is longer than %d MiB, more than can cross", words(a.Kind), a.Side, mostCrossing>>20)
	case !known && (a.Kind != "open" || h.Side != Client):
		return a, nil, fault.Refuse("the first message of an engagement opens it; this one is %q", a.Kind)
	case !known && !isName(a.Engagement):
		return a, nil, misnamed(a.Engagement)
	case !known:
		e, _ = Fold(h.Side, a.Engagement, nil)
	case h.Side == Firm && e.Client.Key == "" && a.Kind != "agree":
		return a, nil, fault.Refuse("the client's first message is its agreement; this one is %q", a.Kind)
	}
	if err := e.inOrder(a); err != nil {
		return a, nil, err
	}
	b, err := json.Marshal(map[string]any{"message_sha256": Sum(text), "engagement": a.Engagement, "kind": a.Kind, "seq": a.Seq, "message": string(text), "received_here_at": now.String()})
	if err != nil {
		return a, nil, err
	}
	row, err := rowOf(h.post, b)
	if err != nil {
		return a, nil, err
	}
	drafts := []record.Draft{{Row: row, Source: "message"}}
	if passed = e.Apply(a); passed != nil {
		if !known || !late(passed) {
			return a, nil, passed
		}
		e.pass(a, passed)
		if drafts, err = h.tell(e, a, passed, now, drafts); err != nil {
			h.forget()
			return a, nil, err
		}
	}
	return a, passed, h.keep(ctx, e, drafts)
}

// tell adds to what is appended that an act of the other party was passed over, unless that is what the act itself says.
func (h *House) tell(e *Engagement, a Act, why error, now civil.Instant, drafts []record.Draft) ([]record.Draft, error) {
	if madeByProgram(a.Kind) {
		return drafts, nil
	}
	say := why.Error()
	if len(say) > longestWhy { // it may quote the act
		say = strings.ToValidUTF8(say[:longestWhy], "") + "…"
	}
	row, err := h.deed(e, Who{Email: program, Name: "Assay"}, Deed{passedOver, PassedOver{Seq: a.Seq, Why: say}}, now)
	if err != nil {
		return nil, err
	}
	return append(drafts, record.Draft{Row: row, Source: Source}), nil
}

// longestWhy is how much, in bytes, is said of why an act was passed over.
const longestWhy = 2000

// program is who did an act that no person did.
const program = "assay"

// arrived is where a record of the other party stands, as its message proved.
type arrived struct {
	sum   string // of the record
	index int64  // in the other party's ledger
	under ledger.Checkpoint
}

func arrivedOf(m Message, under ledger.Checkpoint) arrived {
	return arrived{Sum(m.Record), m.Proof.Index, under}
}

// oneHistory holds a message against those that came in before: an act that comes again is the same record at the same place of the ledger,
// and a later act stands after the one that it follows on. What comes again as it was is errAgain.
func (h *House) oneHistory(a Act, m Message) error {
	forked := func(format string, args ...any) error {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf(format, args...) + ": its ledger has two histories", Hint: "keep what came before and this: together they prove it"}
	}
	if was, ok := h.mail[place(a)]; ok { // the same act comes again, perhaps with a newer proof
		switch {
		case was.sum != Sum(m.Record):
			return forked("act %d of the %s in engagement %s came in before and said something else", a.Seq, a.Side, a.Engagement)
		case was.index != m.Proof.Index:
			return forked("act %d of the %s in engagement %s came in before as record #%d, and is record #%d now", a.Seq, a.Side, a.Engagement, was.index, m.Proof.Index)
		}
		return errAgain
	}
	before := Act{Engagement: a.Engagement, Seq: a.After}
	if was, ok := h.mail[place(before)]; ok && was.index >= m.Proof.Index {
		return forked("act %d of the %s in engagement %s is record #%d, before act %d, which is record #%d", a.Seq, a.Side, a.Engagement, m.Proof.Index, a.After, was.index)
	}
	return nil
}

// Checkpoints are those of the other party's ledger that its messages in an engagement were proven against. Whatever else is learnt of that
// ledger, such as a package of it, has to go on from each of them.
func (h *House) Checkpoints(ctx context.Context, engagement string) ([]ledger.Checkpoint, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.load(ctx); err != nil {
		return nil, err
	}
	e := h.open[engagement]
	if e == nil {
		return nil, fault.NotFound
	}
	var out []ledger.Checkpoint
	for _, l := range e.Log {
		was, ok := h.mail[place(Act{Engagement: engagement, Seq: l.Seq})]
		if ok && l.Side != h.Side && !slices.Contains(out, was.under) {
			out = append(out, was.under)
		}
	}
	return out, nil
}

// signed reads a message, and says by which key it has to be signed.
func (h *House) signed(text []byte, expect string) (Message, string, error) {
	m, err := ParseMessage(text)
	if err != nil {
		return m, "", err
	}
	claimed, err := m.Claims(h.Side.Other())
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

// proven is a message with its act and its place.
type proven struct {
	Message
	arrived
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
	c, err := m.checkpoint(m.Key)
	if err != nil {
		return proven{}, err
	}
	return proven{m, arrivedOf(m, c), a}, h.named(a, m.Key)
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
	org, err := id.ParseOrg(p.Org) // folders are named after it
	if err != nil {
		return err
	}
	v, err := note.NewVerifier(key)
	if err != nil || v.Name() != ledger.Origin(org) {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the message names %s, and is not signed with a key of it", p.Org)}
	}
	return nil
}
