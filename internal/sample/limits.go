package sample

import (
	"fmt"
	"math/big"

	"github.com/assayhq/assay/internal/fault"
)

// Rate is a share in basis points: 500 is 5 %. Planning in whole numbers keeps the sizes exact; 0.035 * 400 in floating point is more
// than 14, and gives another sample.
type Rate int

// Whole is the rate of everything.
const Whole Rate = 10_000

// String prints a rate as percent with as many digits as it has.
func (r Rate) String() string {
	switch {
	case r%100 == 0:
		return fmt.Sprintf("%d %%", r/100)
	case r%10 == 0:
		return fmt.Sprintf("%d.%d %%", r/100, r%100/10)
	}
	return fmt.Sprintf("%d.%02d %%", r/100, r%100)
}

// MostPlanned is the largest size that is looked for: beyond it every item is tested instead.
const MostPlanned = 2_000

// Plan is an attribute sample of a population that is large beside it (no more than a tenth of it), as AICPA's guide Audit Sampling
// plans one. Confidence is one less the risk of overreliance.
type Plan struct {
	Confidence Rate
	Tolerable  Rate // of deviations, at which the control is not relied upon
	Expected   Rate // of deviations, below the tolerable rate
}

func (p Plan) check() error {
	switch {
	case p.Confidence < 5000 || p.Confidence >= Whole:
		return fault.Refuse("a confidence of %s; expected 50 %% or more, and less than 100 %%", p.Confidence)
	case p.Tolerable < 1 || p.Tolerable >= Whole:
		return fault.Refuse("a tolerable rate of %s; expected more than 0 and less than 100 %%", p.Tolerable)
	case p.Expected < 0 || p.Expected >= p.Tolerable:
		return fault.Refuse("%s deviations are expected and %s tolerated; expected less than what is tolerated: a sample cannot support this control", p.Expected, p.Tolerable)
	}
	return nil
}

// Size is the smallest sample that supports the control with the deviations that are expected in it, and their number: n items, and
// c of them, n times the expected rate rounded up, with P(X <= c | n, tolerable) at most one less the confidence (binomial).
func (p Plan) Size() (n, planned int, err error) {
	if err := p.check(); err != nil {
		return 0, 0, err
	}
	return p.smallest(func(n int) int { return (n*int(p.Expected) + int(Whole) - 1) / int(Whole) })
}

// SizeFor is the smallest sample that supports the control with so many deviations in it (binomial).
func (p Plan) SizeFor(planned int) (int, error) {
	if err := p.check(); err != nil {
		return 0, err
	}
	if planned < 0 {
		return 0, fault.Refuse("%d deviations are planned; expected 0 or more", planned)
	}
	n, _, err := p.smallest(func(int) int { return planned })
	return n, err
}

func (p Plan) smallest(planned func(n int) int) (int, int, error) {
	for n := 1; n <= MostPlanned; n++ {
		if c := planned(n); c < n && atMost(n, c, int(p.Tolerable), int(Whole), p.Confidence) {
			return n, c, nil
		}
	}
	return 0, 0, fault.Refuse("a tolerable rate of %s with %s expected needs more than %d items; test every item", p.Tolerable, p.Expected, MostPlanned)
}

// Acceptable is how many deviations a sample of n may hold and still support the control; -1 when none is too many already.
func (p Plan) Acceptable(n int) (int, error) {
	if err := p.check(); err != nil {
		return 0, err
	}
	c := -1
	for c+1 < n && atMost(n, c+1, int(p.Tolerable), int(Whole), p.Confidence) {
		c++
	}
	return c, nil
}

// atMost reports whether P(X <= k) of n draws at the rate t/of is no more than one less the confidence, in whole numbers:
// sum C(n,i) t^i (of-t)^(n-i) * 10000 <= (10000-confidence) * of^n.
func atMost(n, k, t, of int, confidence Rate) bool {
	if k >= n {
		return false
	}
	// term(i+1) = term(i) * (n-i) / (i+1) * t / (of-t), each step without a remainder.
	pass, fail := big.NewInt(int64(of-t)), big.NewInt(int64(t))
	term, sum, x := new(big.Int).Exp(pass, big.NewInt(int64(n)), nil), new(big.Int), new(big.Int)
	for i := 0; ; i++ {
		sum.Add(sum, term)
		if i == k {
			break
		}
		term.Quo(term.Mul(term, x.SetInt64(int64(n-i))), x.SetInt64(int64(i+1)))
		term.Quo(term.Mul(term, fail), pass)
	}
	limit := new(big.Int).Exp(big.NewInt(int64(of)), big.NewInt(int64(n)), nil)
	return sum.Mul(sum, big.NewInt(int64(Whole))).Cmp(limit.Mul(limit, big.NewInt(int64(Whole-confidence)))) <= 0
}

// Limit is the upper limit of the rate of deviations that k of n items say, exact (Clopper and Pearson 1934, one side) and rounded up
// to a tenth of a point as AICPA's tables print it: a Rate that is a multiple of 10. Every item tested has no limit: its rate is known.
func Limit(confidence Rate, n, k int) (Rate, error) {
	tenths, err := limit(confidence, n, k, 1000)
	return Rate(tenths * 10), err
}

// limit is the smallest t with P(X <= k | n, t/of) at most one less the confidence.
func limit(confidence Rate, n, k, of int) (int, error) {
	switch {
	case confidence < 5000 || confidence >= Whole:
		return 0, fault.Refuse("a confidence of %s; expected 50 %% or more, and less than 100 %%", confidence)
	case n < 1 || k < 0 || k > n:
		return 0, fault.Refuse("%d deviations in %d items; expected 1 item or more, and no more deviations than items", k, n)
	case k == n:
		return of, nil
	}
	low, high := 0, of // not enough, and enough: at the rate of everything nothing passes
	for high-low > 1 {
		if mid := (low + high) / 2; atMost(n, k, mid, of, confidence) {
			high = mid
		} else {
			low = mid
		}
	}
	return high, nil
}

// Small is a population of which a sample takes more than a tenth, so that what was drawn changes what is left (hypergeometric).
type Small struct {
	Items      int
	Confidence Rate
}

func (s Small) check() error {
	if s.Items < 1 || s.Confidence < 5000 || s.Confidence >= Whole {
		return fault.Refuse("%d items at a confidence of %s; expected 1 item or more, and a confidence from 50 %% to less than 100 %%", s.Items, s.Confidence)
	}
	return nil
}

// Size is the smallest sample with which so many deviations in it support the control at a tolerable rate. As many deviations as the
// rate gives, rounded up, are too many.
func (s Small) Size(tolerable Rate, planned int) (int, error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	if tolerable < 1 || tolerable >= Whole || planned < 0 {
		return 0, fault.Refuse("%d deviations at a tolerable rate of %s; expected 0 or more, and a rate of more than 0 and less than 100 %%", planned, tolerable)
	}
	bad := (s.Items*int(tolerable) + int(Whole) - 1) / int(Whole)
	if planned >= bad {
		return 0, fault.Refuse("%d deviations are planned, and %d of %d items are too many; expected fewer", planned, bad, s.Items)
	}
	low, high := planned, planned+1 // not enough, and perhaps enough; all items are
	for high < s.Items && !s.atMost(high, planned, bad) {
		if low, high = high, min(2*high, s.Items); high > MostPlanned && s.Items > 10*MostPlanned {
			return 0, fault.Refuse("a tolerable rate of %s in %d items needs more than %d of them; test every item", tolerable, s.Items, low)
		}
	}
	for high-low > 1 {
		if mid := (low + high) / 2; s.atMost(mid, planned, bad) {
			high = mid
		} else {
			low = mid
		}
	}
	return high, nil
}

// Limit is the largest number of deviations in the whole population that k in a sample of n do not rule out.
func (s Small) Limit(n, k int) (int, error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	if n < 1 || n > s.Items || k < 0 || k > n {
		return 0, fault.Refuse("%d deviations in %d of %d items; expected no more deviations than items, and no more items than there are", k, n, s.Items)
	}
	if n > MostPlanned && s.Items > 10*MostPlanned {
		return 0, fault.Refuse("a sample of %d of %d items; expected at most %d, or every item tested", n, s.Items, MostPlanned)
	}
	low, high := k, s.Items-n+k+1 // possible, and impossible: more bad ones than were left
	for high-low > 1 {
		if mid := (low + high) / 2; s.atMost(n, k, mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return low, nil
}

// atMost reports whether P(X <= k) of n items drawn without putting back, bad of all, is no more than one less the confidence:
// sum C(bad,i) C(all-bad,n-i) * 10000 <= (10000-confidence) * C(all,n).
func (s Small) atMost(n, k, bad int) bool {
	sum, x, y := new(big.Int), new(big.Int), new(big.Int)
	for i := max(0, n-(s.Items-bad)); i <= min(k, n, bad); i++ {
		x.Binomial(int64(bad), int64(i))
		y.Binomial(int64(s.Items-bad), int64(n-i))
		sum.Add(sum, x.Mul(x, y))
	}
	x.Binomial(int64(s.Items), int64(n))
	return sum.Mul(sum, big.NewInt(int64(Whole))).Cmp(x.Mul(x, big.NewInt(int64(Whole-s.Confidence)))) <= 0
}

// Factor is the Poisson factor of a confidence and k deviations, in hundredths and rounded up: 300 is 3.00. Divided by the number of
// items it approximates the limit from above.
func Factor(confidence Rate, k int) (hundredths int, err error) {
	if confidence < 5000 || confidence > 9999 || k < 0 || k > 1000 {
		return 0, fault.Refuse("a confidence of %s with %d deviations; expected 50 %% or more, less than 100 %%, and 0 to 1000 deviations", confidence, k)
	}
	low, high := 0, 100
	for !poisson(confidence, k, high) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if mid := (low + high) / 2; poisson(confidence, k, mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high, nil
}

// precise is how many bits the terms of e^m have.
const precise = 400

// poisson reports whether P(X <= k) at a mean m of r hundredths is at most one less the confidence: the sum to k of m^i/i! against
// (1-confidence) * e^m. No factor of hundredths comes nearer to equality than a difference that 400 bits show many times over.
func poisson(confidence Rate, k, r int) bool {
	terms := k + 2*r/100 + 200 // beyond 2m + 200 each is less than half of the one before, and less than 2^-200 of e^m
	number := func(n int) *big.Float { return new(big.Float).SetPrec(precise).SetInt64(int64(n)) }
	mean, term, head, all := number(r), number(1), number(0), number(0)
	mean.Quo(mean, number(100))
	for i := range terms {
		all.Add(all, term)
		if i <= k {
			head.Add(head, term)
		}
		term.Quo(term.Mul(term, mean), number(i+1))
	}
	return head.Mul(head, number(int(Whole))).Cmp(all.Mul(all, number(int(Whole-confidence)))) <= 0
}
