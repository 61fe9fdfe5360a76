package verify

import (
	"fmt"
	"slices"
)

// checkRoots holds the tree against every signed root. A root that differs while the tiles
// agree with all records is blamed on the range since the last root that agrees.
func (v *verifier) checkRoots() {
	if v.l.broken {
		for _, h := range v.held {
			v.rep.Held = append(v.rep.Held, Held{Size: h.Size, Root: rootText(h.Root)})
		}
		return
	}
	agreed := int64(0)
	for _, c := range v.signed {
		if got, ok := v.roots[c.Size]; !ok || got != c.Root {
			v.rangeFault(agreed, c.Size, "changed after an earlier checkpoint of the package was signed (size %d)")
			break
		}
		agreed = c.Size
	}
	v.checkHeld()
	if !v.cpOK || v.roots[v.cp.Size] == v.cp.Root && v.cp.Size == v.l.size+1 {
		return
	}
	if v.cp.Size != v.l.size+1 {
		v.rep.entryFault(Signature, entryCheckpoint, "is of a ledger of %d records; the package holds %d with its seal", v.cp.Size, v.l.size+1)
		return
	}
	if agreed == v.l.size && v.recordsStand() {
		v.rep.entryFault(Sealing, entrySeal, "is not the record that the checkpoint covers")
		return
	}
	v.rangeFault(agreed, v.cp.Size, "the records and the seal do not lead to the root that the checkpoint signs (size %d)")
}

// recordsStand reports whether no record was found at fault.
func (v *verifier) recordsStand() bool {
	return !slices.ContainsFunc(v.rep.Faults, func(f Fault) bool { return f.Kind == Record })
}

// rangeFault blames the records in [from, to) unless one of them is named already.
func (v *verifier) rangeFault(from, to int64, format string) {
	if !v.recordsStand() {
		return
	}
	v.rep.fault(Fault{Kind: Record, Index: from, Last: to - 1, What: fmt.Sprintf(format, to)})
}

func (v *verifier) checkHeld() {
	agreed := int64(0)
	for _, h := range v.held {
		got, ok := v.roots[h.Size]
		out := Held{Size: h.Size, Root: rootText(h.Root), Agree: h.what == "" && ok && got == h.Root}
		v.rep.Held = append(v.rep.Held, out)
		switch {
		case out.Agree:
			agreed = h.Size
		case h.what != "":
			v.rep.entryFault(Signature, "", "%s", h.what)
		case h.Size > v.l.size+1:
			v.rep.fault(Fault{Kind: Record, Index: v.l.size + 1, Last: h.Size - 1, What: fmt.Sprintf(
				"missing: the ledger is smaller than the checkpoint you hold (%d records with the seal, the checkpoint says %d)", v.l.size+1, h.Size)})
		default:
			v.rep.fault(Fault{Kind: Record, Index: agreed, Last: h.Size - 1, What: fmt.Sprintf(
				"this is another history than that of the checkpoint you hold (size %d): at least one of these records was changed since", h.Size)})
		}
	}
}
