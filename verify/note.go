package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a state of a ledger that its key signed (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string    `json:"origin"`
	Size   int64     `json:"size"`
	Root   tlog.Hash `json:"-"`
	Text   string    `json:"text"` // the signed note, to be kept by the reader
}

// body prints the only text that this checkpoint may have.
func (c Checkpoint) body() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// key is a public key as a vkey line writes it, with the verifier made from it.
type key struct {
	text     string
	verifier note.Verifier
}

// fingerprint is the SHA-256 of the entry "key", which is the vkey and a line feed, so that
// anybody repeats it with sha256sum.
func (k key) fingerprint() string {
	sum := sha256.Sum256([]byte(k.text + "\n"))
	return hex.EncodeToString(sum[:])
}

// parseKey reads a vkey and refuses every spelling but the canonical one.
func parseKey(s string) (key, error) {
	name, rest, _ := strings.Cut(s, "+")
	hash, b64, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(raw) != 33 || raw[0] != 1 {
		return key{}, errors.New("not an Ed25519 verifier key NAME+HASH+BASE64")
	}
	id, err := strconv.ParseUint(hash, 16, 32)
	if err != nil || fmt.Sprintf("%s+%08x+%s", name, id, base64.StdEncoding.EncodeToString(raw)) != s {
		return key{}, errors.New("not the canonical spelling of a verifier key NAME+HASH+BASE64")
	}
	v, err := note.NewVerifier(s)
	if err != nil {
		return key{}, fmt.Errorf("not a verifier key: %w", err)
	}
	return key{s, v}, nil
}

var (
	errCheckpointForm = errors.New("not a checkpoint: expected origin, size, root, an empty line and one signature line, each in its canonical spelling")
	errCheckpointSign = errors.New("the signature is not by the key of this ledger")
)

// parseCheckpoint reads a signed note in the one spelling it may have: three lines, an empty
// one, one signature. It does not check the signature.
func parseCheckpoint(msg []byte) (Checkpoint, error) {
	lines := strings.SplitAfter(string(msg), "\n")
	if len(lines) != 6 || lines[3] != "\n" || lines[5] != "" {
		return Checkpoint{}, errCheckpointForm
	}
	for i := range 5 {
		lines[i] = strings.TrimSuffix(lines[i], "\n")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, errCheckpointForm
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errCheckpointForm
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root, Text: string(msg)}
	if c.Origin == "" || c.body()+"\n"+lines[4]+"\n" != string(msg) || !signatureLine(lines[4], c.Origin) {
		return Checkpoint{}, errCheckpointForm
	}
	return c, nil
}

// signatureLine reports whether s is "— NAME BASE64" with canonical base64 and the name of the origin.
func signatureLine(s, origin string) bool {
	rest, ok := strings.CutPrefix(s, "— "+origin+" ")
	if !ok {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(rest)
	return err == nil && len(raw) == 4+64 && base64.StdEncoding.EncodeToString(raw) == rest
}

// openCheckpoint reads a checkpoint and checks its signature.
func openCheckpoint(msg []byte, k key) (Checkpoint, error) {
	c, err := parseCheckpoint(msg)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != k.verifier.Name() {
		return c, fmt.Errorf("it is of the ledger %q, the key of %q", c.Origin, k.verifier.Name())
	}
	if _, err := note.Open(msg, note.VerifierList(k.verifier)); err != nil {
		return c, errCheckpointSign
	}
	return c, nil
}

// splitNotes cuts a text of checkpoints, five lines each with one empty line between two.
func splitNotes(text []byte) ([][]byte, error) {
	var out [][]byte
	for len(text) > 0 {
		end := 0
		for range 5 {
			i := bytes.IndexByte(text[end:], '\n')
			if i < 0 {
				return nil, errCheckpointForm
			}
			end += i + 1
		}
		out = append(out, text[:end])
		if text = text[end:]; len(text) == 0 {
			break
		}
		if len(text) < 2 || text[0] != '\n' {
			return nil, errCheckpointForm
		}
		text = text[1:]
	}
	return out, nil
}
