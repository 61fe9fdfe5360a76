package verify

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// CheckProof checks one C2SP tlog-proof without a package: the record of that line, as a file of
// records holds it, stands in the ledger that the proof's checkpoint signs. The key is a vkey,
// NAME+HASH+BASE64. It returns the checkpoint; any error means that nothing is proven.
func CheckProof(text, line []byte, vkey string) (Checkpoint, error) {
	k, err := parseKey(vkey)
	if err != nil {
		return Checkpoint{}, err
	}
	p, err := parseProof(text)
	if err != nil {
		return Checkpoint{}, err
	}
	if p.extra != "" {
		return Checkpoint{}, errors.New("the proof has an extra line, which nothing signs")
	}
	c, err := openCheckpoint(p.note, k)
	if err != nil {
		return Checkpoint{}, err
	}
	body, ok := bytes.CutSuffix(line, []byte("\n"))
	if !ok || bytes.IndexByte(body, '\n') >= 0 {
		return Checkpoint{}, errLine
	}
	leaf, _, err := commit(bytes.Clone(body))
	if err != nil {
		return Checkpoint{}, err
	}
	if p.index >= c.Size || tlog.CheckRecord(p.hashes, c.Size, c.Root, p.index, leaf) != nil {
		return Checkpoint{}, fmt.Errorf("does not prove record #%d", p.index)
	}
	return c, nil
}

// CheckConsistency checks one proof that the ledger of an old checkpoint is a prefix of that of
// a later one. The text has the form of an add-checkpoint request of C2SP tlog-witness: "old SIZE",
// the hashes, an empty line, the later checkpoint. Both checkpoints must be signed by the key. It
// returns the later checkpoint; any error means that nothing is proven.
func CheckConsistency(text, old []byte, vkey string) (Checkpoint, error) {
	k, err := parseKey(vkey)
	if err != nil {
		return Checkpoint{}, err
	}
	before, err := openCheckpoint(old, k)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the old checkpoint: %w", err)
	}
	head, note, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) > 64 || lines[0] != "old "+strconv.FormatInt(before.Size, 10) {
		return Checkpoint{}, fmt.Errorf("expected `old %d`, hashes, an empty line and a checkpoint", before.Size)
	}
	after, err := openCheckpoint([]byte(note), k)
	if err != nil {
		return Checkpoint{}, err
	}
	var hashes tlog.TreeProof
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil || h.String() != l {
			return Checkpoint{}, fmt.Errorf("%q is not a hash in its one spelling", l)
		}
		hashes = append(hashes, h)
	}
	if before.Size < 1 || before.Size > after.Size || tlog.CheckTree(hashes, after.Size, after.Root, before.Size, before.Root) != nil {
		return Checkpoint{}, fmt.Errorf("does not prove that the ledger of %d records grew out of that of %d", after.Size, before.Size)
	}
	return after, nil
}
