package sample

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Stage is a part of a period whose population is frozen and drawn from by itself, such as the interim part and the one that is rolled
// forward to the end.
type Stage struct {
	Name     string
	From, To civil.Date // inclusive
	Items    int
}

// Share divides the size of one plan over the stages of a period, in proportion to their items, the largest remainders first and at least one
// item of each stage that has any. Refused are stages that do not cover the period from its first day to its last without gap or
// overlap: an item of a month that no stage reaches could not be selected.
func Share(n int, period civil.Period, stages []Stage) ([]int, error) {
	if len(stages) == 0 {
		return nil, fault.Refuse("no stage; expected one or more that cover %s to %s", period.From, period.To)
	}
	next := period.From
	var strata []int // the stages that have items
	for _, s := range stages {
		switch {
		case s.Items < 0 || s.To < s.From:
			return nil, fault.Refuse("the stage %s has %d items from %s to %s; expected 0 or more, and a last day after the first", s.Name, s.Items, s.From, s.To)
		case s.From != next:
			return nil, fault.Refuse("the stage %s begins on %s; expected %s, so that every day of the period can be reached once", s.Name, s.From, next)
		}
		next = s.To + 1
		if s.Items > 0 {
			strata = append(strata, s.Items)
		}
	}
	if next != period.To+1 {
		return nil, fault.Refuse("the last stage ends on %s; expected %s: what happens after it could not be selected", next-1, period.To)
	}
	if n < 1 {
		return nil, fault.Refuse("a sample of %d items; expected 1 or more", n)
	}
	shares := allocate(strata, Proportional, n)
	out := make([]int, len(stages))
	for i, s := range stages {
		if s.Items > 0 {
			out[i], shares = shares[0], shares[1:]
		}
	}
	return out, nil
}

// Extend takes further items: those that follow in the order that the seed gives, which nobody can choose. They are tested whatever is
// found, and all stay on the list with the reason. It is for items whose results nobody has seen; seen names those that were looked
// at already, and an extension that would take one of them is refused.
func (s Sample) Extend(more int, reason string, seen func(key string) bool) (Sample, error) {
	switch {
	case s.Method == Judgemental:
		return s, fault.Refuse("items picked for a reason are followed by none; pick others for reasons of their own")
	case more < 1:
		return s, fault.Refuse("an extension by %d items; expected 1 or more", more)
	case strings.TrimSpace(reason) == "":
		return s, fault.Refuse("an extension without a reason; say why more items are tested, before their results are seen")
	}
	s.Items = slices.Clone(s.Items)
	for range more {
		k, ok := s.next()
		if !ok {
			break
		}
		if seen != nil && seen(k) {
			return s, fault.Refuse("the result of %s, which follows in the order, was seen before the extension was chosen; expected the choice first", k)
		}
		s.Items = append(s.Items, Item{Key: k, Extension: reason})
	}
	return s, nil
}
