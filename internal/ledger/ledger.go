// Package ledger holds the arithmetic of an organization's log: commitments and leaves, the
// RFC 6962 tree in tiles, checkpoints as signed notes, and proofs in the formats of C2SP. It
// is pure: bytes in, bytes or refusals out.
package ledger

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// Sizes in bytes.
const (
	SaltSize = 16
	LeafSize = 34
)

// The first two bytes of a leaf: the format, and what the commitment commits to.
const (
	formatV1   = 0x01
	kindRecord = 0x01
)

// domain keeps a record's commitment from being taken for a hash of anything else.
const domain = "assay record v1\n"

// Commit binds a record without showing it: without the salt nobody can guess the content
// from the commitment, and with it nobody can open the commitment to another content.
func Commit(salt, canonical []byte) [32]byte {
	var stack [1024]byte // most records fit; a longer one costs an allocation
	return sha256.Sum256(append(Open(stack[:0], salt), canonical...))
}

// Open appends what stands before a record's canonical bytes in the text whose SHA-256 is the
// commitment, for those who write that text in place.
func Open(dst, salt []byte) []byte {
	return append(append(dst, domain...), salt...)
}

// Leaf is the leaf data of a record: format, kind, commitment.
func Leaf(commitment [32]byte) [LeafSize]byte {
	var l [LeafSize]byte
	l[0], l[1] = formatV1, kindRecord
	copy(l[2:], commitment[:])
	return l
}

// LeafHash is the hash of a record's leaf in the tree (RFC 6962, section 2.1).
func LeafHash(commitment [32]byte) tlog.Hash {
	var b [1 + LeafSize]byte // 0x00 sets a leaf apart from a node
	l := Leaf(commitment)
	copy(b[1:], l[:])
	return sha256.Sum256(b[:])
}
