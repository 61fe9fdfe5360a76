package sqlite

import "hash/maphash"

// bloom remembers, in memory that does not grow, which keys a pull has written. It may take a
// new key for a known one, never the other way round: a hit costs a look-up, a miss saves one.
type bloom struct {
	seed maphash.Seed
	bits [1 << 17]uint64 // 1 MiB: three hits in a hundred are false at a million keys
}

func newBloom() *bloom { return &bloom{seed: maphash.MakeSeed()} }

// add remembers a key and reports whether it was possibly there before.
func (f *bloom) add(table, key string) bool {
	h := maphash.Comparable(f.seed, [2]string{table, key})
	known := true
	for range 3 {
		word, bit := h>>6&(1<<17-1), uint64(1)<<(h&63)
		known = known && f.bits[word]&bit != 0
		f.bits[word] |= bit
		h = h>>23 | h<<41
	}
	return known
}
