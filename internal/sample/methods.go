package sample

import (
	"crypto/sha256"
	"math/big"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// Method is how items were selected.
type Method string

// The methods. Random is the default of Draw.
const (
	Random      Method = "random"
	Systematic  Method = "systematic"
	Stratified  Method = "stratified"
	Judgemental Method = "judgemental"
)

// Projects reports whether a rate found in the sample says anything of the rest. What somebody picked for a reason does not, and no limit is
// printed with it.
func (m Method) Projects() bool { return m == Random || m == Systematic || m == Stratified }

// DrawSystematic takes every so manyth item of the population in the order of its keys, from a start that the seed gives: with N items of
// which n are asked for, those at floor((r + i*N) / n), i from 0, where r is SHA-256(root || "systematic") modulo N. Every item is as
// likely as another; which go together is not.
func DrawSystematic(p Population, commitment string, seed []byte, n int) (Sample, error) {
	s, err := Draw(p, commitment, seed, n)
	if err != nil || s.N == 0 {
		return s, err
	}
	sum := sha256.Sum256(append(p.root(seed), "systematic"...))
	start := new(big.Int)
	start.Mod(start.SetBytes(sum[:]), big.NewInt(int64(s.N)))
	r := int(start.Int64())
	for i := range s.Items {
		s.Items[i].Key = p.keys[(r+i*s.N)/s.Size]
	}
	// Replacements are those of the shuffle, from its beginning.
	s.Method, s.spare, s.used = Systematic, nil, 0
	return s, nil
}

// Cycle warns of a systematic sample whose step goes round with something that people do: in days, weeks, months and years, a step that
// such a length divides meets the same day again and again. Empty: none is known.
func (s Sample) Cycle() string {
	if s.Method != Systematic || s.Size == 0 || s.N%s.Size != 0 {
		return ""
	}
	for _, c := range []struct {
		length int
		of     string
	}{{7, "a week of days"}, {12, "a year of months"}, {5, "a week of working days"}, {4, "a year of quarters"}} {
		if step := s.N / s.Size; step%c.length == 0 {
			return "every " + big.NewInt(int64(step)).String() + "th item meets the same place of " + c.of + "; draw at random if the population goes round like that"
		}
	}
	return ""
}

// Stratum is a part of a population that shares a month, a system or a team.
type Stratum struct {
	Name string
	Keys []string
}

// Part is what was drawn from a stratum.
type Part struct {
	Name string
	Sample
}

// Allocation says how many items each stratum gives.
type Allocation string

// The allocations.
const (
	Proportional Allocation = "proportional" // to its items: the whole part, then the largest remainders; at least one
	Equal        Allocation = "equal"        // the same of each, as far as it has them
)

// DrawStratified draws from each stratum by itself. The strata must be the population: each of its items in one of them, and no other.
// Where more strata than items are asked for, each gives one all the same.
func DrawStratified(p Population, strata []Stratum, how Allocation, commitment string, seed []byte, n int) ([]Part, error) {
	if how != Proportional && how != Equal {
		return nil, fault.Refuse("%q is no way to divide a sample; expected %s or %s", how, Proportional, Equal)
	}
	strata = slices.Clone(strata)
	slices.SortFunc(strata, func(a, b Stratum) int { return strings.Compare(a.Name, b.Name) })
	var all []string
	for i, x := range strata {
		if len(x.Keys) == 0 || i > 0 && x.Name == strata[i-1].Name {
			return nil, fault.Refuse("the stratum %q holds nothing or comes twice; expected each once, with items", x.Name)
		}
		all = append(all, x.Keys...)
	}
	whole, err := Freeze(all)
	if err != nil {
		return nil, err
	}
	if whole.Hash() != p.Hash() {
		return nil, fault.Refuse("the strata hold %d items and are not the population of %d; expected each item in one stratum, and no other", whole.Len(), p.Len())
	}
	var out []Part
	sizes := make([]int, len(strata))
	for i, x := range strata {
		sizes[i] = len(x.Keys)
	}
	for i, m := range allocate(sizes, how, n) {
		part, err := Freeze(strata[i].Keys)
		if err != nil {
			return nil, err
		}
		s, err := Draw(part, commitment, seed, m)
		if err != nil {
			return nil, err
		}
		s.Method = Stratified
		out = append(out, Part{strata[i].Name, s})
	}
	return out, nil
}

// allocate divides n over strata of so many items each, in whole numbers.
func allocate(strata []int, how Allocation, n int) []int {
	all, out := 0, make([]int, len(strata))
	for _, x := range strata {
		all += x
	}
	if n < 1 || n >= all { // Draw says what is wrong with less than one
		for i, x := range strata {
			out[i] = min(n, x)
		}
		return out
	}
	given := 0
	share := func(i int) (int, int) { // the whole part, and what is left over of it
		if how == Equal {
			return n / len(strata), n % len(strata)
		}
		return n * strata[i] / all, n * strata[i] % all
	}
	order := make([]int, len(strata))
	for i := range strata {
		whole, _ := share(i)
		out[i], order[i] = min(max(1, whole), strata[i]), i
		given += out[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { _, x := share(a); _, y := share(b); return y - x })
	for given < n { // what was cut off, and what small strata could not give
		for _, i := range order {
			if given < n && out[i] < strata[i] {
				out[i]++
				given++
			}
		}
	}
	return out
}

// Pick selects items for a reason, such as the largest ones. No seed is needed, and what is found in them says nothing of the rest.
func Pick(p Population, reasons map[string]string) (Sample, error) {
	s := Sample{Method: Judgemental, Population: p.Hash(), N: p.Len()}
	for _, k := range p.keys {
		why, ok := reasons[k]
		if !ok {
			continue
		}
		if strings.TrimSpace(why) == "" {
			return Sample{}, fault.Refuse("%s is picked without a reason; say why this one", k)
		}
		s.Items = append(s.Items, Item{Key: k, Reason: why})
	}
	if s.Size = len(s.Items); s.Size < len(reasons) || s.Size == 0 {
		return Sample{}, fault.Refuse("%d of the %d items picked are in the population; expected each of them, and one or more", s.Size, len(reasons))
	}
	return s, nil
}
