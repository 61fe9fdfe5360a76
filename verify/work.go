package verify

import (
	"bytes"
	"hash/maphash"

	"golang.org/x/mod/sumdb/tlog"
)

// work hashes the lines of a block. It touches nothing that other blocks share.
func (l *ledger) work(b *block) {
	o := &b.out
	o.leaves = make([]tlog.Hash, 0, b.count)
	o.ends = make([]int, 0, b.count)
	last := false
	for from := 0; from < len(b.buf); {
		end := bytes.IndexByte(b.buf[from:], '\n')
		missing := end < 0
		if missing {
			end = len(b.buf) - from
		}
		line := b.buf[from : from+end]
		at := len(o.leaves)
		leaf, rec, err := commit(line)
		if err != nil || missing {
			o.marks = append(o.marks, mark{kind: markBad, at: at})
		} else if rec == nil {
			o.erased++
			o.marks = append(o.marks, mark{kind: markErased, at: at})
		} else {
			last = l.look(o, rec, at, last)
		}
		o.leaves = append(o.leaves, leaf)
		o.ends = append(o.ends, from+end)
		from += end + 1
	}
	o.pieces = grow(o.leaves, b.first, b.cuts)
	for i := range o.leaves {
		if len(l.watched) == 0 {
			break
		}
		if l.watched[b.first+int64(i)] {
			o.marks = append(o.marks, mark{kind: markWatched, at: i})
		}
	}
}

// look reads the end of a record: its place in time, and whether it matters by itself.
func (l *ledger) look(o *outcome, rec []byte, at int, any bool) bool {
	e, ok := scan(rec)
	var t [26]byte
	if ok {
		t, ok = instant(e.received)
	}
	if !ok {
		o.marks = append(o.marks, mark{kind: markForm, at: at})
		return any
	}
	if any && bytes.Compare(t[:], o.received[1][:]) < 0 {
		o.marks = append(o.marks, mark{kind: markBack, at: at})
	}
	if !any {
		o.received[0] = t
	}
	o.received[1] = t
	switch string(e.register) {
	case "assay.pulls":
		o.marks = append(o.marks, mark{kind: markPull, at: at})
	case "assay.erasures":
		o.marks = append(o.marks, mark{kind: markErasure, at: at})
	}
	if len(l.wanted) > 0 {
		h := nameHash(l.seed, e.register, e.key, e.version)
		if _, ok := l.wanted[h]; ok {
			o.marks = append(o.marks, mark{kind: markNamed, at: at, name: h})
		}
	}
	return true
}

// nameHash is the hash of a record's name under a seed that no author of a package can know.
func nameHash(seed maphash.Seed, register, key, version []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.Write(register)
	_ = h.WriteByte(0)
	_, _ = h.Write(key)
	_ = h.WriteByte(0)
	_, _ = h.Write(version)
	return h.Sum64()
}

// grow joins leaves into subtrees, stopping at every size whose root is wanted.
func grow(leaves []tlog.Hash, first int64, cuts []int64) []piece {
	var out []piece
	p := piece{start: first}
	for i, h := range leaves {
		end := first + int64(i) + 1
		p.nodes.push(node{0, h}, end)
		if len(cuts) > 0 && cuts[0] == end {
			cuts = cuts[1:]
			p.end = end
			out = append(out, p)
			p = piece{start: end}
		}
	}
	if p.end = first + int64(len(leaves)); p.end > p.start {
		out = append(out, p)
	}
	return out
}
