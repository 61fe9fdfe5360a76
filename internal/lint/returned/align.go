package returned

import "slices"

// pair joins a passage that was sent with one that came back; -1 stands for none.
type pair struct{ a, b int }

// most bounds the work on a stretch in which nothing is alike: beyond it, what was sent counts as removed and what came
// back as added.
const most = 4_000_000

// patience bounds how much is looked at again in shorter and shorter stretches.
const patience = 50_000_000

// align pairs two sequences by what is equal in both, in order: first what stands at both ends, then what stands once in
// each, then the longest common rest.
func align(a, b []string) []pair {
	var out []pair
	left := patience
	var walk func(a0, a1, b0, b1 int)
	walk = func(a0, a1, b0, b1 int) {
		for a0 < a1 && b0 < b1 && a[a0] == b[b0] {
			out = append(out, pair{a0, b0})
			a0, b0 = a0+1, b0+1
		}
		var tail []pair
		for a0 < a1 && b0 < b1 && a[a1-1] == b[b1-1] {
			a1, b1 = a1-1, b1-1
			tail = append(tail, pair{a1, b1})
		}
		if left -= a1 - a0 + b1 - b0; a0 < a1 && b0 < b1 && left > 0 {
			if anchors := unique(a, b, a0, a1, b0, b1); len(anchors) > 0 {
				x, y := a0, b0
				for _, p := range anchors {
					walk(x, p.a, y, p.b)
					out = append(out, p)
					x, y = p.a+1, p.b+1
				}
				walk(x, a1, y, b1)
			} else if (a1-a0)*(b1-b0) <= most {
				out = append(out, longest(a, b, a0, a1, b0, b1)...)
			}
		}
		for i := len(tail) - 1; i >= 0; i-- {
			out = append(out, tail[i])
		}
	}
	walk(0, len(a), 0, len(b))
	return out
}

// unique pairs what stands once in each stretch, as far as it stands in one order (patience).
func unique(a, b []string, a0, a1, b0, b1 int) []pair {
	type seen struct{ n, at int }
	inA, inB := map[string]seen{}, map[string]seen{}
	for i := a0; i < a1; i++ {
		inA[a[i]] = seen{inA[a[i]].n + 1, i}
	}
	for i := b0; i < b1; i++ {
		inB[b[i]] = seen{inB[b[i]].n + 1, i}
	}
	var list []pair
	for i := a0; i < a1; i++ {
		if x, y := inA[a[i]], inB[a[i]]; x.n == 1 && y.n == 1 {
			list = append(list, pair{i, y.at})
		}
	}
	return rising(list)
}

// rising is a longest part of the list whose places in the second sequence rise.
func rising(list []pair) []pair {
	var tops []int // the last pair of the best chain of each length
	prev := make([]int, len(list))
	for i, p := range list {
		lo, hi := 0, len(tops)
		for lo < hi {
			if mid := (lo + hi) / 2; list[tops[mid]].b < p.b {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		prev[i] = -1
		if lo > 0 {
			prev[i] = tops[lo-1]
		}
		if lo == len(tops) {
			tops = append(tops, i)
		} else {
			tops[lo] = i
		}
	}
	out := make([]pair, len(tops))
	if len(tops) == 0 {
		return nil
	}
	for i, n := tops[len(tops)-1], len(tops)-1; i >= 0; i, n = prev[i], n-1 {
		out[n] = list[i]
	}
	return out
}

// longest is the longest common subsequence of two short stretches.
func longest(a, b []string, a0, a1, b0, b1 int) []pair {
	n, m := a1-a0, b1-b0
	best := make([][]int32, n+1)
	for i := range best {
		best[i] = make([]int32, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[a0+i] == b[b0+j] {
				best[i][j] = best[i+1][j+1] + 1
			} else {
				best[i][j] = max(best[i+1][j], best[i][j+1])
			}
		}
	}
	var out []pair
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case a[a0+i] == b[b0+j]:
			out = append(out, pair{a0 + i, b0 + j})
			i, j = i+1, j+1
		case best[i+1][j] >= best[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}

// match pairs the passages of a stretch in which nothing is equal, in order, so that those that are most alike stand
// together. Where one is left on each side between two pairs, they are taken for one that was written anew.
func match(a, b []passage, a0, a1, b0, b1 int) []pair {
	n, m := a1-a0, b1-b0
	if n == 0 || m == 0 || n*m > 40_000 {
		return nil
	}
	was, now := bags(a[a0:a1], b[b0:b1])
	best := make([][]float64, n+1)
	like := make([][]float64, n)
	for i := range best {
		best[i] = make([]float64, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		like[i] = make([]float64, m)
		for j := m - 1; j >= 0; j-- {
			if a[a0+i].row == b[b0+j].row {
				like[i][j] = alike(was[i], now[j])
			}
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if like[i][j] > 0 {
				best[i][j] = max(best[i][j], best[i+1][j+1]+like[i][j])
			}
		}
	}
	var out []pair
	lastA, lastB := a0, b0
	rest := func(toA, toB int) {
		if toA-lastA == 1 && toB-lastB == 1 && a[lastA].row == b[lastB].row && a[lastA].level == b[lastB].level {
			out = append(out, pair{lastA, lastB})
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case like[i][j] > 0 && best[i][j] == best[i+1][j+1]+like[i][j]:
			rest(a0+i, b0+j)
			out = append(out, pair{a0 + i, b0 + j})
			i, j = i+1, j+1
			lastA, lastB = a0+i, b0+j
		case best[i][j] == best[i+1][j]:
			i++
		default:
			j++
		}
	}
	rest(a1, b1)
	return out
}

// bags are the words of passages as sorted numbers, the same word under the same number in both lists.
func bags(a, b []passage) (inA, inB [][]int32) {
	numbers := map[string]int32{}
	of := func(list []passage) [][]int32 {
		out := make([][]int32, len(list))
		for i, p := range list {
			for _, w := range split(p.text) {
				n, ok := numbers[w]
				if !ok {
					n = int32(len(numbers)) //nolint:gosec // bounded by the text that is compared
					numbers[w] = n
				}
				out[i] = append(out[i], n)
			}
			slices.Sort(out[i])
		}
		return out
	}
	return of(a), of(b)
}

// alike is the part of words that two passages have in common; 0 below a third. Where one is so much longer that it must be less, nothing is
// counted: each passage is held against many.
func alike(a, b []int32) float64 {
	total := len(a) + len(b)
	if 6*min(len(a), len(b)) < total {
		return 0
	}
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			common, i, j = common+1, i+1, j+1
		}
	}
	if s := 2 * float64(common) / float64(total); s >= 1.0/3 {
		return s
	}
	return 0
}
