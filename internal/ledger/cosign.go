package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/fault"
)

// Cosignatures are those of C2SP tlog-cosignature, version 1 over Ed25519: a witness says that
// at a time the largest consistent tree it had seen of a ledger had this root.
const (
	cosignatureKey    = 0x04 // the type of key, in front of the public key
	cosignatureHeader = "cosignature/v1"
	secretPrefix      = "PRIVATE+KEY+"
)

// Cosignature is what a witness answers.
type Cosignature struct {
	Name string    // of the witness
	Time time.Time // when it says that it saw the checkpoint; whole seconds, UTC
	Line string    // the signature line of the note, with its line feed
}

// Witness is the public side of a witness's key, as its vkey NAME+HASH+BASE64 writes it.
type Witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

// Name is the name by which the witness signs.
func (w Witness) Name() string { return w.name }

// Text is the vkey: the one spelling that ParseWitness accepts.
func (w Witness) Text() string {
	return vkeyText(w.name, w.id, append([]byte{cosignatureKey}, w.key...))
}

// Cosigner is the private side of a witness's key.
type Cosigner struct {
	Witness
	private ed25519.PrivateKey
}

// NewCosigner makes a key for a witness of that name from 32 random bytes.
func NewCosigner(random io.Reader, name string) (Cosigner, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Cosigner{}, fmt.Errorf("make the key of the witness %s: %w", name, err)
	}
	return cosigner(name, seed)
}

func cosigner(name string, seed []byte) (Cosigner, error) {
	if !keyName(name) {
		return Cosigner{}, fault.Refuse("%q cannot name a witness; expected letters without blanks and plus signs, such as witness.example/w1", name)
	}
	private := ed25519.NewKeyFromSeed(seed)
	public := private.Public().(ed25519.PublicKey)
	return Cosigner{Witness{name, cosignerID(name, public), public}, private}, nil
}

// Secret writes the key down for ParseCosigner; it is to be kept from everybody else.
func (c Cosigner) Secret() string {
	return secretPrefix + vkeyText(c.name, c.id, append([]byte{cosignatureKey}, c.private.Seed()...))
}

// ParseCosigner reads what Secret wrote.
func ParseCosigner(text string) (Cosigner, error) {
	name, raw, ok := parseVKey(strings.TrimPrefix(text, secretPrefix))
	if !ok || !strings.HasPrefix(text, secretPrefix) {
		return Cosigner{}, fault.Refuse("not the secret key of a witness; expected PRIVATE+KEY+NAME+HASH+BASE64 of type 4")
	}
	c, err := cosigner(name, raw)
	if err == nil && c.Secret() != text {
		err = fault.Refuse("the secret key of the witness %s is not in its one spelling", name)
	}
	return c, err
}

// ParseWitness reads a vkey in its one spelling.
func ParseWitness(text string) (Witness, error) {
	name, raw, ok := parseVKey(text)
	if !ok || !keyName(name) {
		return Witness{}, fault.Refuse("%q is not the key of a witness; expected NAME+HASH+BASE64 of type 4 (C2SP tlog-cosignature)", text)
	}
	w := Witness{name, cosignerID(name, raw), raw}
	if w.Text() != text {
		return Witness{}, fault.Refuse("the key of the witness %s is not in its one spelling", name)
	}
	return w, nil
}

// Cosign signs a checkpoint as of a time, which is cut to whole seconds.
func (c Cosigner) Cosign(p Checkpoint, at time.Time) Cosignature {
	at = at.UTC().Truncate(time.Second)
	b := binary.BigEndian.AppendUint32(nil, c.id)
	b = binary.BigEndian.AppendUint64(b, uint64(at.Unix()))
	b = append(b, ed25519.Sign(c.private, cosigned(p, at.Unix()))...)
	return Cosignature{c.name, at, fmt.Sprintf("— %s %s\n", c.name, base64.StdEncoding.EncodeToString(b))}
}

// Open checks one signature line, with its line feed, over a checkpoint. A line of another key
// is a fault.NotFound, so that it can be passed over; anything else that does not hold is a
// fault.Integrity.
func (w Witness) Open(p Checkpoint, line string) (Cosignature, error) {
	bad := func(kind error, what string) (Cosignature, error) {
		return Cosignature{}, &fault.Error{Kind: kind, What: fmt.Sprintf("the cosignature of %s on checkpoint %d: %s", w.name, p.Size, what)}
	}
	text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "— ")
	name, b64, ok2 := strings.Cut(text, " ")
	raw, err := decodeBase64(b64)
	if !ok || !ok2 || err != nil || len(raw) < 4 || !strings.HasSuffix(line, "\n") {
		return bad(fault.Integrity, "not a signature line in its one spelling")
	}
	if name != w.name || binary.BigEndian.Uint32(raw) != w.id {
		return bad(fault.NotFound, "signed by another key")
	}
	if len(raw) != 4+8+ed25519.SignatureSize || raw[4]&0x80 != 0 {
		return bad(fault.Integrity, fmt.Sprintf("%d bytes; expected an id, a time and an Ed25519 signature", len(raw)))
	}
	at := int64(binary.BigEndian.Uint64(raw[4:]))
	if !ed25519.Verify(w.key, cosigned(p, at), raw[12:]) {
		return bad(fault.Integrity, "the signature does not hold")
	}
	return Cosignature{w.name, time.Unix(at, 0).UTC(), line}, nil
}

// cosigned is the message that a witness signs.
func cosigned(p Checkpoint, at int64) []byte {
	return []byte(cosignatureHeader + "\ntime " + strconv.FormatInt(at, 10) + "\n" + p.Text())
}

func cosignerID(name string, key ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append(append([]byte(name+"\n"), cosignatureKey), key...))
	return binary.BigEndian.Uint32(sum[:])
}

func vkeyText(name string, id uint32, raw []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, id, base64.StdEncoding.EncodeToString(raw))
}

// parseVKey cuts NAME+HASH+BASE64; the caller compares the spelling.
func parseVKey(text string) (name string, raw []byte, ok bool) {
	name, rest, _ := strings.Cut(text, "+")
	_, b64, _ := strings.Cut(rest, "+")
	raw, err := decodeBase64(b64)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != cosignatureKey {
		return "", nil, false
	}
	return name, raw[1:], true
}

// keyName reports whether a name may stand in a signature line (C2SP signed-note).
func keyName(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsSpace) && !strings.ContainsAny(s, "+")
}
