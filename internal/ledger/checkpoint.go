package ledger

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Checkpoint is a state of a ledger: C2SP tlog-checkpoint.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Signed is a checkpoint with the note that carries its signature.
type Signed struct {
	Checkpoint
	Note []byte
}

// Origin names an organization's ledger, and its key.
func Origin(org id.Org) string { return "assay.local/" + string(org) }

// RootHex is the root as results and reports show it.
func (c Checkpoint) RootHex() string { return hex.EncodeToString(c.Root[:]) }

// Text is the body of the note: three lines.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// ParseCheckpoint reads the body of a note and accepts one spelling only, so that no two texts
// mean one checkpoint.
func ParseCheckpoint(text string) (Checkpoint, error) {
	var c Checkpoint
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 {
		return c, fault.Refuse("a checkpoint has three lines: origin, size and root")
	}
	size, err := parseCount(lines[1])
	if err != nil {
		return c, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return c, fault.Refuse("the root %q of a checkpoint is not the base64 of 32 bytes", lines[2])
	}
	c = Checkpoint{Origin: lines[0], Size: size, Root: root}
	if lines[0] == "" || c.Text() != text {
		return Checkpoint{}, fault.Refuse("the checkpoint is not in its one spelling")
	}
	return c, nil
}

// Sign makes the note of a checkpoint. Signatures of Ed25519 are the same each time.
func (c Checkpoint) Sign(s note.Signer) (Signed, error) {
	b, err := note.Sign(&note.Note{Text: c.Text()}, s)
	if err != nil {
		return Signed{}, fmt.Errorf("sign checkpoint %s %d: %w", c.Origin, c.Size, err)
	}
	return Signed{c, b}, nil
}

// OpenCheckpoint checks a signed checkpoint: one signature, by the key given, of this origin,
// in its one spelling. Anything else is a fault.Integrity.
func OpenCheckpoint(b []byte, v note.Verifier) (Signed, error) {
	bad := func(format string, args ...any) (Signed, error) {
		return Signed{}, &fault.Error{Kind: fault.Integrity, What: "checkpoint: " + fmt.Sprintf(format, args...)}
	}
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		return bad("no valid signature of %s: %v", v.Name(), err)
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return bad("%v", err)
	}
	if c.Origin != v.Name() {
		return bad("origin is %q, the key is for %q", c.Origin, v.Name())
	}
	// Signature lines of other keys, repeated ones and other base64 spellings would be ignored
	// by note.Open; here they are refused.
	one := fmt.Appendf([]byte(n.Text), "\n— %s %s\n", n.Sigs[0].Name, n.Sigs[0].Base64)
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 || !bytes.Equal(one, b) || !canonicalBase64(n.Sigs[0].Base64) {
		return bad("the note holds more than one signature line, or not in its one spelling")
	}
	return Signed{c, bytes.Clone(b)}, nil
}
