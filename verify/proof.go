package verify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proof is a C2SP tlog-proof: a leaf's place and the hashes that lead to a signed root.
type proof struct {
	index  int64
	hashes tlog.RecordProof
	note   []byte
	extra  string
}

const proofHeader = "c2sp.org/tlog-proof@v1\n"

var errProof = errors.New("not a tlog-proof in its canonical spelling")

// parseProof reads a proof and compares it with its own canonical form.
func parseProof(b []byte) (proof, error) {
	var p proof
	s, ok := strings.CutPrefix(string(b), proofHeader)
	head, tail, cut := strings.Cut(s, "\n\n")
	if !ok || !cut {
		return p, errProof
	}
	p.note = []byte(tail)
	lines := strings.Split(head, "\n")
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok {
		p.extra, lines = extra, lines[1:]
		if raw, err := base64.StdEncoding.DecodeString(extra); err != nil || len(raw) == 0 || base64.StdEncoding.EncodeToString(raw) != extra {
			return p, errProof
		}
	}
	if len(lines) == 0 || len(lines) > 64 {
		return p, errProof
	}
	index, ok := strings.CutPrefix(lines[0], "index ")
	n, err := strconv.ParseInt(index, 10, 64)
	if !ok || err != nil || n < 0 {
		return p, errProof
	}
	p.index = n
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil {
			return p, errProof
		}
		p.hashes = append(p.hashes, h)
	}
	if p.text() != string(b) {
		return p, errProof
	}
	return p, nil
}

// text prints the only spelling that this proof may have.
func (p proof) text() string {
	var b strings.Builder
	b.WriteString(proofHeader)
	if p.extra != "" {
		b.WriteString("extra " + p.extra + "\n")
	}
	fmt.Fprintf(&b, "index %d\n", p.index)
	for _, h := range p.hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(p.note)
	return b.String()
}

// proofPlace reads the register and the index from proofs/<register>/<index>.tlog-proof.
func proofPlace(name string) (register string, index int64, ok bool) {
	s, ok := strings.CutPrefix(name, "proofs/")
	s, ok2 := strings.CutSuffix(s, ".tlog-proof")
	register, n, ok3 := strings.Cut(s, "/")
	index, err := strconv.ParseInt(n, 10, 64)
	return register, index, ok && ok2 && ok3 && err == nil && index >= 0 && strconv.FormatInt(index, 10) == n
}

// proof reads and parses one proof.
func (v *verifier) proof(name string) (proof, error) {
	b, err := v.c.whole(name, maxProof)
	if err != nil {
		return proof{}, err
	}
	return parseProof(b)
}

// checkProofs holds every proof against the leaf of its record and a checkpoint that is itself
// a prefix of the sealed tree.
func (v *verifier) checkProofs() {
	if v.l.broken || !v.recordsStand() {
		return // no proof can hold then, and the cause is named
	}
	for _, n := range v.proofs {
		if err := v.checkProof(n); err != nil {
			v.rep.entryFault(Conclusion, n, "%v", err)
		}
	}
}

func (v *verifier) checkProof(name string) error {
	register, index, ok := proofPlace(name)
	if !ok {
		return errors.New("expected proofs/REGISTER/INDEX.tlog-proof")
	}
	p, err := v.proof(name)
	if err != nil {
		return err
	}
	c, err := v.open(p.note)
	if err != nil {
		return err
	}
	if got, ok := v.roots[c.Size]; !ok || got != c.Root {
		return fmt.Errorf("its checkpoint of size %d is not of this ledger", c.Size)
	}
	leaf, ok := v.l.leaves[index]
	if !ok || p.index != index {
		return fmt.Errorf("there is no record #%d in the ledger", p.index)
	}
	if leaf.register != register && leaf.register != "" {
		return fmt.Errorf("record #%d is of the register %s", index, leaf.register)
	}
	if index >= c.Size || tlog.CheckRecord(p.hashes, c.Size, c.Root, index, leaf.hash) != nil {
		return fmt.Errorf("does not prove record #%d", index)
	}
	return nil
}
