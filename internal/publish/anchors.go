package publish

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

// maxAnchors bounds the anchored checkpoints of a package. The last one of every authority and
// witness is always among them: earlier ones only say that the ledger was there earlier too.
const maxAnchors = 200

// anchors writes what others said of earlier checkpoints, each beside the very bytes that they
// said it of. Like proofs, they cannot speak of the checkpoint that seals this package.
func (p *packer) anchors(context.Context) error {
	if len(p.m.Anchors) == 0 {
		return nil
	}
	if len(p.m.StampRoots) > 0 {
		if _, err := p.zip.bytes("anchors/tsa-roots.pem", p.m.StampRoots); err != nil {
			return err
		}
	}
	bySize := map[int64][]ledger.Attestation{}
	for _, a := range p.m.Anchors {
		bySize[a.Size] = append(bySize[a.Size], a)
	}
	for _, size := range chosen(p.m.Anchors) {
		if err := p.anchor(size, bySize[size]); err != nil {
			return err
		}
	}
	return nil
}

// chosen lists the sizes that go into a package, ascending.
func chosen(list []ledger.Attestation) []int64 {
	last := map[string]int64{}
	var sizes []int64
	for _, a := range list {
		sizes = append(sizes, a.Size)
		by := string(a.Kind) + a.By
		last[by] = max(last[by], a.Size)
	}
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	var out []int64
	for _, n := range last {
		out = append(out, n)
	}
	step := (len(sizes) + maxAnchors - 1) / maxAnchors
	for i, n := range sizes {
		if (len(sizes)-1-i)%step == 0 {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *packer) anchor(size int64, said []ledger.Attestation) error {
	folder := fmt.Sprintf("anchors/%d/", size)
	if _, err := p.zip.bytes(folder+"checkpoint", said[0].Note); err != nil {
		return err
	}
	var lines []byte
	stamps := 0
	for _, a := range said {
		if !bytes.Equal(a.Note, said[0].Note) {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("two checkpoints of %d records were shown to others", size), Hint: "run assay verify"}
		}
		switch a.Kind {
		case ledger.Cosigned:
			lines = append(lines, a.Proof...)
		case ledger.Stamped:
			stamps++
			if _, err := p.zip.bytes(fmt.Sprintf("%stimestamp-%d.tsr", folder, stamps), a.Proof); err != nil {
				return err
			}
		default:
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("an attestation of the kind %q", a.Kind)}
		}
	}
	if len(lines) > 0 {
		_, err := p.zip.bytes(folder+"cosignatures", lines)
		return err
	}
	return nil
}
