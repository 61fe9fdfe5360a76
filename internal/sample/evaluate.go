package sample

import (
	"fmt"

	"github.com/assayhq/assay/internal/fault"
)

// Planned is how many items of a population are to be tested so that, if no more of them deviate than are planned for, the control is supported: the
// binomial size, and the hypergeometric one where the binomial sample would be more than a tenth of the population. A tolerable rate
// of nothing means every item: no sample shows that none of the rest deviates.
func Planned(items int, p Plan) (Suggestion, error) {
	if items < 1 {
		return Suggestion{}, fault.Refuse("%d items; expected 1 or more", items)
	}
	if p.Tolerable == 0 {
		return Suggestion{Size: items, Full: true, Basis: "no deviation is tolerated: every item, as no sample shows that none of the rest deviates"}, nil
	}
	n, c, err := p.Size()
	if err != nil {
		return Suggestion{}, err
	}
	said := fmt.Sprintf("%s confidence, %s tolerable, %s expected, %s", p.Confidence, p.Tolerable, p.Expected, deviations(c))
	if n*10 <= items {
		return Suggestion{Size: n, Basis: "binomial: " + said + " planned"}, nil
	}
	small := Small{Items: items, Confidence: p.Confidence}
	if bad := intolerable(items, p.Tolerable); c >= bad {
		return Suggestion{Size: items, Full: true, Basis: fmt.Sprintf("%s of %d items are too many and %d are planned for: every item", deviations(bad), items, c)}, nil
	}
	if n, err = small.Size(p.Tolerable, c); err != nil {
		return Suggestion{}, err
	}
	if n >= items {
		return Suggestion{Size: items, Full: true, Basis: fmt.Sprintf("%d items are too few for %s: every item", items, said)}, nil
	}
	return Suggestion{Size: n, Basis: fmt.Sprintf("hypergeometric, %d items: %s planned", items, said)}, nil
}

func deviations(n int) string {
	if n == 1 {
		return "1 deviation"
	}
	return fmt.Sprintf("%d deviations", n)
}

// intolerable is the smallest number of deviations in a population that is not tolerated: the tolerable rate of it, rounded up.
func intolerable(items int, tolerable Rate) int {
	return (items*int(tolerable) + int(Whole) - 1) / int(Whole)
}

// Evaluation is what the deviations found say of the population.
type Evaluation struct {
	Items, Tested, Deviations int
	Full                      bool   // every item was tested: the rate is known, and there is neither limit nor confidence
	Formula                   string // binomial or hypergeometric; empty where every item was tested
	Confidence                Rate   // 0 where every item was tested
	// Limit is the upper limit of the rate, rounded up to a tenth of a point as AICPA's tables print it. It is for printing: Within was
	// decided without rounding.
	Limit  Rate
	Within bool // the rate, or its limit, is no more than what is tolerated
}

// Evaluate says what so many deviations in a sample drawn at random say at a confidence, against a tolerable rate. The comparison is exact,
// in whole numbers: a limit of 4.96 % is within 5 %, and one of 5.03 % is not, though both print as 5 %
// when rounded to whole points.
func Evaluate(items, tested, found int, confidence, tolerable Rate) (Evaluation, error) {
	e := Evaluation{Items: items, Tested: tested, Deviations: found, Full: tested == items}
	switch {
	case tested < 1 || tested > items || found < 0 || found > tested:
		return e, fault.Refuse("%d deviations in %d of %d items; expected 1 item or more, no more than there are, and no more deviations than items", found, tested, items)
	case tolerable < 0 || tolerable >= Whole:
		return e, fault.Refuse("a tolerable rate of %s; expected 0 or more, and less than 100 %%", tolerable)
	case e.Full:
		e.Within = found*int(Whole) <= int(tolerable)*items
		return e, nil
	case tolerable == 0:
		return e, fault.Refuse("no deviation is tolerated and %d of %d items were tested; no sample shows that none of the rest deviates: test every item", tested, items)
	case confidence < 5000 || confidence >= Whole:
		return e, fault.Refuse("a confidence of %s; expected 50 %% or more, and less than 100 %%", confidence)
	}
	e.Confidence = confidence
	if tested*10 > items {
		e.Formula = "hypergeometric"
		s := Small{Items: items, Confidence: confidence}
		most, err := s.Limit(tested, found)
		if err != nil {
			return e, err
		}
		e.Limit = Rate((most*1000 + items - 1) / items * 10)
		e.Within = most < intolerable(items, tolerable)
		return e, nil
	}
	e.Formula = "binomial"
	e.Within = atMost(tested, found, int(tolerable), int(Whole), confidence)
	var err error
	e.Limit, err = Limit(confidence, tested, found)
	return e, err
}
