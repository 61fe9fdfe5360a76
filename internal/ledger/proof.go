package ledger

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
)

// JoinTile writes the hashes of a tile one after another.
func JoinTile(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}

// SplitTile reads the first width hashes of a tile.
func SplitTile(b []byte, width int) ([]tlog.Hash, error) {
	if len(b) < width*tlog.HashSize || len(b)%tlog.HashSize != 0 {
		return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("a tile of %d bytes, expected %d hashes", len(b), width)}
	}
	hashes := make([]tlog.Hash, width)
	for i := range hashes {
		copy(hashes[i][:], b[i*tlog.HashSize:])
	}
	return hashes, nil
}

// Tiles reads the hashes of a tree from its tiles.
type Tiles func(level int, n int64) ([]byte, error)

// ReadHashes satisfies tlog.HashReader.
func (read Tiles) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	type place struct {
		level int
		n     int64
	}
	seen := map[place][]byte{}
	out := make([]tlog.Hash, 0, len(indexes))
	for _, x := range indexes {
		t := tlog.TileForIndex(TileHeight, x)
		p := place{t.L, t.N}
		b, ok := seen[p]
		if !ok {
			var err error
			if b, err = read(t.L, t.N); err != nil {
				return nil, err
			}
			seen[p] = b
		}
		if len(b) < t.W*tlog.HashSize {
			return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("tile %d/%d is shorter than the tree", t.L, t.N)}
		}
		h, err := tlog.HashFromTile(t, b[:t.W*tlog.HashSize], x)
		if err != nil {
			return nil, fmt.Errorf("tile %d/%d: %w", t.L, t.N, err)
		}
		out = append(out, h)
	}
	return out, nil
}

// Prove proves that the tree of a size holds the leaf of an index (RFC 6962, section 2.1.1).
func Prove(size, index int64, r tlog.HashReader) (tlog.RecordProof, error) {
	if index < 0 || index >= size {
		return nil, fault.Refuse("no leaf %d in a tree of %d", index, size)
	}
	return tlog.ProveRecord(size, index, r)
}

// ProveConsistency proves that a smaller tree is a prefix of a larger (section 2.1.2).
func ProveConsistency(size, old int64, r tlog.HashReader) (tlog.TreeProof, error) {
	if old < 1 || old > size {
		return nil, fault.Refuse("no tree of %d in a tree of %d", old, size)
	}
	return tlog.ProveTree(size, old, r)
}

// proofHeader starts a proof in the format of C2SP tlog-proof.
const proofHeader = "c2sp.org/tlog-proof@v1\n"

// Proof shows offline that a leaf stands in a signed tree: C2SP tlog-proof.
type Proof struct {
	Index      int64
	Hashes     tlog.RecordProof
	Checkpoint []byte // signed note
	Extra      []byte // opaque; left out when empty
}

// Text writes the proof.
func (p Proof) Text() []byte {
	var b bytes.Buffer
	b.WriteString(proofHeader)
	if len(p.Extra) > 0 {
		fmt.Fprintf(&b, "extra %s\n", base64.StdEncoding.EncodeToString(p.Extra))
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		fmt.Fprintf(&b, "%s\n", h)
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// maxProof bounds the hashes of a proof: no tree is deeper.
const maxProof = 63

// ParseProof reads a proof in its one spelling. It checks neither the signature nor the hashes.
func ParseProof(b []byte) (Proof, error) {
	var p Proof
	head, checkpoint, ok := strings.Cut(string(b), "\n\n")
	rest, ok2 := strings.CutPrefix(head+"\n", proofHeader)
	if !ok || !ok2 || checkpoint == "" {
		return p, fault.Refuse("not a proof: expected %q, an index, hashes, an empty line and a checkpoint", strings.TrimSpace(proofHeader))
	}
	lines := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok {
		var err error
		if p.Extra, err = decodeBase64(extra); err != nil {
			return Proof{}, err
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || len(lines) > 1+maxProof || !strings.HasPrefix(lines[0], "index ") {
		return Proof{}, fault.Refuse("a proof has one index line and at most %d hashes", maxProof)
	}
	var err error
	if p.Index, err = parseCount(strings.TrimPrefix(lines[0], "index ")); err != nil {
		return Proof{}, err
	}
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil {
			return Proof{}, fault.Refuse("%q is not the hash of a proof", l)
		}
		p.Hashes = append(p.Hashes, h)
	}
	p.Checkpoint = []byte(checkpoint)
	if !bytes.Equal(p.Text(), b) {
		return Proof{}, fault.Refuse("the proof is not in its one spelling")
	}
	return p, nil
}

// Check checks the proof of a leaf hash against a checkpoint whose signature was checked.
func (p Proof) Check(c Checkpoint, leaf tlog.Hash) error {
	if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, leaf); err != nil {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the proof does not place the record at index %d of checkpoint %d", p.Index, c.Size), Err: err}
	}
	return nil
}
