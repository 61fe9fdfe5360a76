package engage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// A message is an act as it crosses to the other party: the first line names the format, the second is the verifier key of the sender's
// ledger, the third is the record as packages keep it (salt in hex, a space, the canonical bytes), and after an empty line follows the
// proof that it stands in that ledger (C2SP tlog-proof) with the signed checkpoint. Nothing in it has to be believed.
const messageFormat = "assay-message/1"

const longestMessage = 8 << 20

// Message is one sealed act.
type Message struct {
	Key    string // of the sender's ledger, NAME+HASH+BASE64
	Salt   []byte
	Record []byte // canonical
	Proof  ledger.Proof
}

// Text writes the message in its one spelling.
func (m Message) Text() []byte {
	b := fmt.Appendf(nil, "%s\n%s\n%x %s\n\n", messageFormat, m.Key, m.Salt, m.Record)
	return append(b, m.Proof.Text()...)
}

// Sum names a message: SHA-256 in lower-case hex.
func Sum(text []byte) string {
	x := sha256.Sum256(text)
	return hex.EncodeToString(x[:])
}

// ParseMessage reads a message. It checks neither proof nor signature: Open does.
func ParseMessage(text []byte) (Message, error) {
	bad := func(format string, args ...any) (Message, error) {
		return Message{}, fault.Refuse("not a message of an engagement: "+format, args...)
	}
	if len(text) > longestMessage {
		return bad("it is longer than %d bytes", longestMessage)
	}
	head, rest, ok := bytes.Cut(text, []byte("\n\n"))
	lines := strings.SplitN(string(head), "\n", 4)
	if !ok || len(lines) != 3 || lines[0] != messageFormat {
		return bad("expected %s, a key, a record and a proof", messageFormat)
	}
	salt, rec, ok := strings.Cut(lines[2], " ")
	m := Message{Key: lines[1], Record: []byte(rec)}
	var err error
	if m.Salt, err = hex.DecodeString(salt); err != nil || !ok || len(m.Salt) != ledger.SaltSize {
		return bad("the third line is no record with its salt")
	}
	if m.Proof, err = ledger.ParseProof(rest); err != nil {
		return bad("%v", err)
	}
	if !bytes.Equal(m.Text(), text) {
		return bad("it is not in its one spelling")
	}
	return m, nil
}

// From is who sent a message: the origin of the ledger whose key it names.
func (m Message) From() (string, error) {
	v, err := note.NewVerifier(m.Key)
	if err != nil {
		return "", fault.Refuse("the message names no key of a ledger: %v", err)
	}
	return v.Name(), nil
}

// Claims is the act that a message says it is, of a side. Nothing is proven by that.
func (m Message) Claims(side Side) (Act, error) {
	r, err := record.Decode(m.Record)
	if err != nil {
		return Act{}, err
	}
	return ActOf(r, side)
}

// Open proves the message against the key that was pinned for the other party, and gives the act. The time of receipt is the caller's.
// Anything that is not exactly as it was sealed is a fault.Integrity.
func (m Message) Open(key string, side Side, received civil.Instant) (Act, error) {
	wrong := func(format string, args ...any) (Act, error) {
		return Act{}, &fault.Error{Kind: fault.Integrity, What: "the message does not prove itself: " + fmt.Sprintf(format, args...)}
	}
	if m.Key != key {
		return wrong("it is signed by another key than the other party's")
	}
	c, err := m.checkpoint(key)
	if errors.Is(err, fault.Refused) {
		return Act{}, err
	}
	if err != nil {
		return wrong("%v", err)
	}
	if err := m.Proof.Check(c, ledger.LeafHash(ledger.Commit(m.Salt, m.Record))); err != nil {
		return wrong("%v", err)
	}
	r, err := record.Decode(m.Record)
	if err != nil {
		return wrong("%v", err)
	}
	if r.Register != Acts {
		return wrong("it is a record of %s", r.Register)
	}
	a, err := ActOf(r, side)
	if err != nil {
		return Act{}, err
	}
	k, ok := find(a.Kind)
	if !ok || !k.crosses || k.side != side && !k.program {
		return wrong("%q is no act that crosses from the %s", a.Kind, side)
	}
	a.Received = received
	return a, nil
}

// checkpoint is the one that the message is proven against, by a key.
func (m Message) checkpoint(key string) (ledger.Checkpoint, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return ledger.Checkpoint{}, fault.Refuse("the key of the other party cannot be read: %v", err)
	}
	c, err := ledger.OpenCheckpoint(m.Proof.Checkpoint, v)
	return c.Checkpoint, err
}

// body of a record of acts.
type actBody struct {
	Engagement string `json:"engagement"`
	Seq        int    `json:"seq"`
	After      int    `json:"after"`
	Kind       string `json:"kind"`
	Edition    int    `json:"edition,omitempty"`
	Body       string `json:"body"`
	By         string `json:"acted_by"`
	Person     string `json:"acted_person,omitempty"`
	Name       string `json:"acted_name,omitempty"`
	At         string `json:"acted_at"`
}

// ActOf reads an act from its record.
func ActOf(r record.Record, side Side) (Act, error) {
	var b actBody
	if err := json.Unmarshal(r.Body, &b); err != nil {
		return Act{}, fmt.Errorf("read %s: %w", r.Name(), err)
	}
	at, err := civil.ParseInstant(b.At)
	if err != nil {
		return Act{}, fmt.Errorf("read %s: %w", r.Name(), err)
	}
	// The time that counts is when the ledger took it in: what the record says of itself is its maker's clock.
	return Act{Engagement: b.Engagement, Seq: b.Seq, After: b.After, Side: side, Kind: b.Kind, Edition: max(1, b.Edition), Body: json.RawMessage(b.Body), By: b.By, Person: b.Person, Name: b.Name, At: at, Received: r.Received}, nil
}
