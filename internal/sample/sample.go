// Package sample selects items for an auditor who does not want to look at all of them, so that neither
// side can steer the selection and anybody can repeat it offline.
//
// The auditor makes up a secret seed and hands out its commitment. The population is frozen, which
// names it by its hash. Then the auditor fixes the number of items and opens the seed; what was selected
// follows from the three. The client does not know the seed when the population is frozen, and the auditor
// cannot choose it afterwards. The construction, with || for "followed by" and all texts in UTF-8:
//
//	commitment      = hex(SHA-256("assay sample seed v1\n" || seed))
//	population hash = SHA-256("assay population v1\n" || for each key in the order of its bytes: its length in bytes in decimal || ":" || key || "\n")
//	root            = SHA-256(population hash || seed)
//	order           = the keys sorted by SHA-256(root || key), the smallest first
//	sample          = the first n of the order
//
// In Python, keys being a list of bytes:
//
//	from hashlib import sha256
//	h = sha256(b"assay population v1\n" + b"".join(b"%d:%s\n" % (len(k), k) for k in sorted(keys))).digest()
//	root = sha256(h + seed).digest()
//	sample = sorted(keys, key=lambda k: sha256(root + k).digest())[:n]
package sample

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/fault"
)

// MinSeed is the shortest seed in bytes: a shorter one could be found from its commitment by trying.
const MinSeed = 16

// Commit is what an auditor hands out before the population is frozen: lower-case hex.
func Commit(seed []byte) string {
	sum := sha256.Sum256(append([]byte("assay sample seed v1\n"), seed...))
	return hex.EncodeToString(sum[:])
}

// Population is a frozen list of item keys. Another list is another version of it.
type Population struct {
	keys []string // sorted
	hash [sha256.Size]byte
}

// Freeze takes the keys of the items, in any order. A key that comes twice is refused.
func Freeze(keys []string) (Population, error) {
	p := Population{keys: slices.Sorted(slices.Values(keys))}
	h := sha256.New()
	h.Write([]byte("assay population v1\n"))
	for i, k := range p.keys {
		if i > 0 && k == p.keys[i-1] {
			return Population{}, fault.Refuse("the item %q is twice in the population; expected each item once", k)
		}
		h.Write([]byte(strconv.Itoa(len(k)) + ":" + k + "\n"))
	}
	h.Sum(p.hash[:0])
	return p, nil
}

// Hash names the population: lower-case hex.
func (p Population) Hash() string { return hex.EncodeToString(p.hash[:]) }

// Len is the number of items.
func (p Population) Len() int { return len(p.keys) }

// Has reports whether an item was in the population: whether the selection could have reached it.
func (p Population) Has(key string) bool {
	_, ok := slices.BinarySearch(p.keys, key)
	return ok
}

// ranked is an item with its place in the shuffle.
type ranked struct {
	rank [sha256.Size]byte
	key  string
}

func compare(a, b ranked) int { return bytes.Compare(a.rank[:], b.rank[:]) }

// root is what the order hangs on.
func (p Population) root(seed []byte) []byte {
	sum := sha256.Sum256(append(slices.Clone(p.hash[:]), seed...))
	return sum[:]
}

// first gives the first n of the order in which the seed shuffles the population. It keeps no more than the items that it gives, once
// for each worker: a population may hold many millions.
func (p Population) first(seed []byte, n int) []string {
	root := p.root(seed)
	workers := min(runtime.GOMAXPROCS(0), 1+len(p.keys)/100_000)
	parts := make([][]ranked, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() { parts[w] = smallest(root, p.keys[w*len(p.keys)/workers:(w+1)*len(p.keys)/workers], n) })
	}
	all.Wait()
	list := slices.Concat(parts...)
	slices.SortFunc(list, compare)
	out := make([]string, min(n, len(list)))
	for i := range out {
		out[i] = list[i].key
	}
	return out
}

// smallest gives the n items that come first, in no order. It gathers twice as many and throws away the larger half.
func smallest(root []byte, keys []string, n int) []ranked {
	list, text := make([]ranked, 0, min(2*n, len(keys))), append(make([]byte, 0, 128), root...)
	var most ranked // of those that were kept when the list was last cut
	cut := false
	for _, k := range keys {
		text = append(text[:sha256.Size], k...)
		r := ranked{sha256.Sum256(text), k}
		if cut && compare(r, most) > 0 {
			continue
		}
		if list = append(list, r); len(list) >= 2*n {
			slices.SortFunc(list, compare)
			list = list[:n]
			most, cut = list[n-1], true
		}
	}
	slices.SortFunc(list, compare)
	return list[:min(n, len(list))]
}

// Item is a selected item.
type Item struct {
	Key string
	// Instead is the item that this one replaces, and Reason why; both are empty for an item of the first draw.
	Instead, Reason string
	// Extension is why it was added to the first draw; empty for an item of that draw.
	Extension string
	// Replaced says that the item was void and another was taken for it. It stays on the list.
	Replaced bool
}

// Sample is what was selected from a population.
type Sample struct {
	Method     Method
	Population string // the hash of the population it was drawn from
	Commitment string // of the seed that drew it
	N          int    // the items of the population
	Size       int    // the items asked for, at most N
	Items      []Item // in the order of the draw, replacements after it
	from       Population
	seed       []byte
	spare      []string // the items that follow in the order, as far as they were looked for
	used       int      // how many of the order were taken
}

// Full reports whether every item was selected. There is then no sampling risk, and no formula applies.
func (s Sample) Full() bool { return s.Size == s.N }

// Draw selects n items. The seed must be the one that was committed to. Where n is more than there are items,
// all are selected.
func Draw(p Population, commitment string, seed []byte, n int) (Sample, error) {
	switch {
	case n < 1:
		return Sample{}, fault.Refuse("a sample of %d items; expected 1 or more", n)
	case len(seed) < MinSeed:
		return Sample{}, fault.Refuse("the seed has %d bytes; expected %d or more", len(seed), MinSeed)
	case Commit(seed) != commitment:
		return Sample{}, fault.Refuse("this seed is not the one that was committed to: its commitment is %s, %s was handed out", Commit(seed), commitment)
	}
	n = min(n, p.Len())
	order := p.first(seed, n+spares)
	s := Sample{Method: Random, Population: p.Hash(), Commitment: commitment, N: p.Len(), Size: n, from: p, seed: seed, spare: order[n:], used: n}
	for _, k := range order[:n] {
		s.Items = append(s.Items, Item{Key: k})
	}
	return s, nil
}

// spares is how many items beyond a sample are looked for with it, to replace others.
const spares = 64

// next takes the item that follows in the order and is not in the sample, if there is one.
func (s *Sample) next() (string, bool) {
	for {
		if len(s.spare) == 0 {
			s.spare = s.from.first(s.seed, s.used+spares)[s.used:]
		}
		if len(s.spare) == 0 {
			return "", false
		}
		k := s.spare[0]
		s.spare = s.spare[1:]
		s.used++
		if !slices.ContainsFunc(s.Items, func(i Item) bool { return i.Key == k }) {
			return k, true
		}
	}
}

// Cause is why an item is to be replaced.
type Cause string

// The causes. Only an item that did not need the control is replaced; one of which the evidence is missing is a
// deviation, and never replaced.
const (
	Void            Cause = "void"      // such as a change that was cancelled
	Duplicate       Cause = "duplicate" // the same event under another key
	EvidenceMissing Cause = "evidence missing"
)

// Replace takes the next item of the shuffle for one that did not need the control. The replaced item stays on the
// list with the reason. It answers a new sample; where no item is left none is taken, and the sample is smaller.
func (s Sample) Replace(key string, cause Cause, reason string) (Sample, error) {
	i := slices.IndexFunc(s.Items, func(x Item) bool { return x.Key == key })
	switch {
	case s.Method == Judgemental:
		return s, fault.Refuse("%s was picked for a reason: nothing follows it in any order; pick another for a reason of its own", key)
	case i < 0:
		return s, fault.Refuse("%s is not in the sample", key)
	case s.Items[i].Replaced:
		return s, fault.Refuse("%s was replaced already", key)
	case cause == EvidenceMissing:
		return s, fault.Refuse("%s is not replaced: missing evidence of an item that needed the control is a deviation", key)
	case cause != Void && cause != Duplicate:
		return s, fault.Refuse("%q is no cause to replace an item; expected %s or %s", cause, Void, Duplicate)
	case strings.TrimSpace(reason) == "":
		return s, fault.Refuse("%s is replaced without a reason; say why it did not need the control", key)
	}
	s.Items = slices.Clone(s.Items)
	s.Items[i].Replaced = true
	if k, ok := s.next(); ok {
		s.Items = append(s.Items, Item{Key: k, Instead: key, Reason: string(cause) + ": " + reason})
	}
	return s, nil
}

// TopUp answers a later version of the population. The sample stays as it is; the items that came since could not
// have been reached by it, so that a share of them as large as the sample's, rounded up, is drawn by a seed of its own:
// the first one is known by now, and whoever names new items could keep them out. Gone lists selected items that
// the later version lacks: they are tested all the same.
func (s Sample) TopUp(was, is Population, commitment string, seed []byte) (top Sample, gone []string, err error) {
	if was.Hash() != s.Population {
		return Sample{}, nil, fault.Refuse("the sample was drawn from the population %s, not from %s", s.Population, was.Hash())
	}
	if commitment == s.Commitment {
		return Sample{}, nil, fault.Refuse("the seed of the first draw is open; expected a new one for the items that came since")
	}
	var added []string
	for _, k := range is.keys {
		if !was.Has(k) {
			added = append(added, k)
		}
	}
	for _, i := range s.Items {
		if !is.Has(i.Key) {
			gone = append(gone, i.Key)
		}
	}
	p, err := Freeze(added)
	if err != nil || len(added) == 0 {
		return Sample{Population: p.Hash(), Commitment: commitment}, gone, err
	}
	top, err = Draw(p, commitment, seed, (len(added)*s.Size+s.N-1)/s.N)
	return top, gone, err
}
