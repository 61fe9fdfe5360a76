package gauge

import (
	"encoding/json"
	"math"
)

// NoDeviation is the chance that none of m items deviates, each with the same rate: (1-p)^m.
func NoDeviation(p float64, m int) float64 {
	if m <= 0 {
		return 1
	}
	return math.Exp(float64(m) * math.Log1p(-p))
}

// AtMost is the chance that at most k of n items deviate, each with the same rate: the binomial distribution.
func AtMost(k, n int, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n || p <= 0:
		return 1
	case p >= 1:
		return 0
	}
	return betaRegular(1-p, float64(n-k), float64(k+1))
}

// Upper is the exact one-sided upper bound (Clopper and Pearson) of the rate behind k deviations in n items: the rate
// at which k or fewer would come with a chance of 1 - confidence. With k = 0 it is 1 - (1-confidence)^(1/n).
//
// Of items that were all tested the rate is known exactly and needs no bound: there it speaks of items to come, as
// far as they are like those that were. It is never printed beside a test of everything.
func Upper(k, n int, confidence float64) float64 {
	if n <= 0 || k >= n {
		return 1
	}
	low, high := float64(k)/float64(n), 1.0
	for range 200 {
		mid := (low + high) / 2
		if mid == low || mid == high {
			break
		}
		if AtMost(k, n, mid) > 1-confidence {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// SampleMisses is the chance that a random sample sees none of the bad items of a population: the reason to test all.
func SampleMisses(population, bad, size int) float64 {
	if size > population-bad {
		return 0
	}
	p := 1.0
	for i := range size {
		p *= float64(population-bad-i) / float64(population-i)
	}
	return p
}

// upperCount is the most deviating items that a population of which a sample was drawn may hold, at the confidence:
// the greatest number with which so few deviations would be seen by more than chance.
func upperCount(s Sample, confidence float64) int {
	atMost := func(bad int) float64 { // hypergeometric
		sum := 0.0
		for i := 0; i <= s.Deviations; i++ {
			sum += math.Exp(choose(bad, i) + choose(s.Population-bad, s.Size-i) - choose(s.Population, s.Size))
		}
		return sum
	}
	low, high := s.Deviations, s.Population-(s.Size-s.Deviations)
	for low < high {
		if mid := (low + high + 1) / 2; atMost(mid) > 1-confidence {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// upperRate is the upper bound of a sampled control. Where the sample is more than a tenth of the population the
// items drawn leave their mark on the rest, and the count is bounded instead (handbook 4.6).
func upperRate(s Sample, confidence float64) float64 {
	if s.Size == s.Population {
		return float64(s.Deviations) / float64(s.Population)
	}
	if s.Size*10 > s.Population {
		return float64(upperCount(s, confidence)) / float64(s.Population)
	}
	return Upper(s.Deviations, s.Size, confidence)
}

// choose is the logarithm of n over k, minus infinity where there is no way to choose.
func choose(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// betaRegular is the regularized incomplete beta function I_x(a, b), by its continued fraction (Lentz's method).
func betaRegular(x, a, b float64) float64 {
	if x <= 0 {
		return 0
	}
	if x >= 1 {
		return 1
	}
	if x > (a+1)/(a+b+2) {
		return 1 - betaRegular(1-x, b, a) // the fraction converges quickly on this side only
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab - la - lb + a*math.Log(x) + b*math.Log1p(-x))
	const tiny, enough = 1e-300, 1e-15
	fix := func(f float64) float64 {
		if math.Abs(f) < tiny {
			return tiny
		}
		return f
	}
	c, d := 1.0, 1/fix(1-(a+b)*x/(a+1))
	f := d
	for i := 1; i < 100000; i++ {
		m := float64(i)
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / fix(1+even*d)
		c = fix(1 + even/c)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / fix(1+odd*d)
		c = fix(1 + odd/c)
		f *= d * c
		if math.Abs(d*c-1) < enough {
			break
		}
	}
	return front * f / a
}

// Range is a chance between two bounds, low first. A chance is never one figure: the rate it rests on is known of
// items that were, and only bounded for those to come.
type Range [2]float64

// MarshalJSON writes [low, high], each rounded outward to six digits.
func (r Range) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]float64{math.Floor(r[0]*1e6) / 1e6, math.Ceil(r[1]*1e6) / 1e6})
}

// Chance is what may be expected of a period, each as a range. Controls are taken to be independent.
type Chance struct {
	NoException     Range `json:"no_exception"`     // that nothing at all has to be disclosed
	NoQualification Range `json:"no_qualification"` // that every control stays within what is tolerable for it
}

// chance estimates a period: what deviated in it already stays, what is to come is like what was.
func (v *view) chance(w Span, restart bool) Chance {
	out := Chance{Range{1, 1}, Range{1, 1}}
	for _, c := range v.controls {
		r := v.reckon(c, w)
		k, open, n, m := r.deviating, r.undecided, r.items, r.coming
		if restart {
			k, open, n, m = c.deviating, c.undecided, c.items, v.coming(c, w)
		}
		if m == 0 && n == 0 {
			continue
		}
		best, worst := 0.0, 1.0 // of a control that never acted nothing is known
		if n > 0 {
			// An item that stays undecided counts as a deviation in the end.
			best, worst = float64(k)/float64(n), Upper(k+open, n, v.set.Confidence)
		}
		if restart { // the new period starts after all that is known to be bad
			k, open = 0, 0
			n = (n - v.ahead(c)) * max(0, Span{w.From, v.upTo}.Days()) / max(1, Span{v.period.From, v.upTo}.Days())
		}
		none := Range{NoDeviation(worst, m), NoDeviation(best, m)}
		if k > 0 {
			none = Range{}
		} else if open > 0 {
			none[0] = 0
		}
		spare := v.tolerable(c) * (n + m) / 10000
		within := Range{AtMost(spare-k-open, m, worst), AtMost(spare-k, m, best)}
		for i := range 2 {
			out.NoException[i] *= none[i]
			out.NoQualification[i] *= within[i]
		}
	}
	return out
}
