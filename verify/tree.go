package verify

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// node is the root of a complete, aligned subtree of 2^level leaves.
type node struct {
	level uint
	hash  tlog.Hash
}

// stack holds the complete subtrees of a range of leaves from left to right: all that is needed
// to extend an RFC 6962 tree and to know its root, however many leaves it has.
type stack []node

// push adds a subtree that ends before leaf `end` and joins it with its left neighbours.
func (s *stack) push(n node, end int64) {
	t := append(*s, n)
	for len(t) > 1 && t[len(t)-2].level == t[len(t)-1].level && end&(1<<(t[len(t)-1].level+1)-1) == 0 {
		l, r := t[len(t)-2], t[len(t)-1]
		t = append(t[:len(t)-2], node{l.level + 1, nodeHash(l.hash, r.hash)})
	}
	*s = t
}

// root is the Merkle tree hash of the leaves from 0 on.
func (s stack) root() tlog.Hash {
	if len(s) == 0 {
		return sha256.Sum256(nil)
	}
	h := s[len(s)-1].hash
	for i := len(s) - 2; i >= 0; i-- {
		h = nodeHash(s[i].hash, h)
	}
	return h
}

// width is the number of leaves that a subtree covers.
func (n node) width() int64 { return 1 << n.level }

func nodeHash(l, r tlog.Hash) tlog.Hash {
	var b [65]byte
	b[0] = 1
	copy(b[1:], l[:])
	copy(b[33:], r[:])
	return sha256.Sum256(b[:])
}

// leafHash is the RFC 6962 hash of the leaf data 01 01 commitment: format 1, kind record.
func leafHash(commitment *[32]byte) tlog.Hash {
	var b [35]byte
	b[1], b[2] = 1, 1
	copy(b[3:], commitment[:])
	return sha256.Sum256(b[:])
}
