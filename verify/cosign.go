package verify

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// witnessKey is the key of a witness: a vkey of type 4, C2SP tlog-cosignature.
type witnessKey struct {
	text, name string
	id         uint32
	public     ed25519.PublicKey
}

// parseWitness reads a vkey and refuses every spelling but the canonical one.
func parseWitness(s string) (witnessKey, error) {
	name, rest, _ := strings.Cut(s, "+")
	_, b64, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != 4 || name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
		return witnessKey{}, errors.New("not the key of a witness, NAME+HASH+BASE64 of type 4 (C2SP tlog-cosignature)")
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), raw...))
	k := witnessKey{s, name, binary.BigEndian.Uint32(sum[:]), raw[1:]}
	if fmt.Sprintf("%s+%08x+%s", name, k.id, base64.StdEncoding.EncodeToString(raw)) != s {
		return witnessKey{}, errors.New("not the canonical spelling of the key of a witness NAME+HASH+BASE64")
	}
	return k, nil
}

// cosignature is a signature line of a witness.
type cosignature struct {
	name string
	id   uint32
	at   int64 // seconds since 1970
	sig  []byte
}

var errCosignature = errors.New("expected lines of the form \"— NAME BASE64\" with an id, a time and an Ed25519 signature (C2SP tlog-cosignature)")

// parseCosignatures reads signature lines in their one spelling, each signer once.
func parseCosignatures(text string) ([]cosignature, error) {
	var out []cosignature
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		body, ended := strings.CutSuffix(line, "\n")
		body, ok := strings.CutPrefix(body, "— ")
		name, b64, ok2 := strings.Cut(body, " ")
		raw, err := base64.StdEncoding.DecodeString(b64)
		if !ended || !ok || !ok2 || err != nil || name == "" || len(raw) != 4+8+ed25519.SignatureSize || raw[4]&0x80 != 0 ||
			base64.StdEncoding.EncodeToString(raw) != b64 || strings.ContainsFunc(name, unicode.IsSpace) {
			return nil, errCosignature
		}
		who := name + string(raw[:4])
		if seen[who] {
			return nil, fmt.Errorf("two lines of %s", printable(name))
		}
		seen[who] = true
		out = append(out, cosignature{name, binary.BigEndian.Uint32(raw), int64(binary.BigEndian.Uint64(raw[4:])), raw[12:]})
	}
	if len(out) == 0 {
		return nil, errCosignature
	}
	return out, nil
}

func (s cosignature) time() string { return time.Unix(s.at, 0).UTC().Format(time.RFC3339) }

// by reports whether the line is of that key, which says nothing yet of the signature.
func (s cosignature) by(k witnessKey) bool { return s.name == k.name && s.id == k.id }

// holds checks the signature over a checkpoint.
func (s cosignature) holds(c Checkpoint, k witnessKey) bool {
	return ed25519.Verify(k.public, []byte("cosignature/v1\ntime "+strconv.FormatInt(s.at, 10)+"\n"+c.body()), s.sig)
}
