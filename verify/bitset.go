package verify

import "math/bits"

// bitset is a set of ledger indexes, one bit each, so that erasing everything costs little.
type bitset []uint64

func (b *bitset) set(i int64) {
	for int64(len(*b)) <= i/64 {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

// firstNotIn returns the first index of b that is not in c, or -1.
func (b bitset) firstNotIn(c bitset) int64 {
	for w, v := range b {
		if w < len(c) {
			v &^= c[w]
		}
		if v != 0 {
			return int64(w)*64 + int64(bits.TrailingZeros64(v))
		}
	}
	return -1
}

func (b bitset) count() int64 {
	n := 0
	for _, v := range b {
		n += bits.OnesCount64(v)
	}
	return int64(n)
}
