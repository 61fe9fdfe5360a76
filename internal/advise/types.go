package advise

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// usualDays is what rule R6 allows for fieldwork and reporting after the shortest period: six weeks.
const usualDays = 42

// typed reports whether the advice holds a report that comes in two types.
func (c *chooser) typed() bool { return c.has(finance) || c.has(trust) }

// operated returns the months in which controls ran, and whether that is known; a negative number is not.
func (c *chooser) operated() (int, bool) {
	if c.a.MonthsOperated == nil || *c.a.MonthsOperated < 0 {
		return 0, false
	}
	return *c.a.MonthsOperated, true
}

// deadline returns the day by which the report is needed, if there is one that has not passed.
func (c *chooser) deadline() (civil.Date, bool) {
	if d := c.a.NeedBy; d != nil && *d != civil.MaxDate && *d >= c.today {
		return *d, true
	}
	return 0, false
}

// typeTwoIsTheTarget: what readers want in the end is that controls worked, not that they were well meant.
func typeTwoIsTheTarget(c *chooser) {
	if !c.typed() {
		return
	}
	c.type2 = true
	c.why2 = append(c.why2, c.reason("it shows that controls worked over a period, which is what readers want in the end", ""))
	c.against2 = append(c.against2, c.reason("it takes months, and what went wrong in the period is disclosed", ""))
	minMonths, _ := c.book.reach("period")
	if months, known := c.operated(); known && months >= minMonths {
		c.reject1 = c.reason(fmt.Sprintf("controls have run for %s: a Type 1 would leave out what those months can show", count(months, "month")), c.a.cite("months_operated"))
	} else {
		c.reject1 = c.reason("nothing calls for an interim report; the fee is better kept for the Type 2", c.a.cite("need_by", "months_operated", "proof"))
	}
}

// dayTooNear is R6: the shortest period and the audit after it do not fit before the day. Where controls
// have run for the shortest period already, only the audit has to fit, reckoned with the longest estimates.
func dayTooNear(c *chooser) {
	day, ok := c.deadline()
	if !ok || !c.typed() {
		return
	}
	months, _ := c.operated()
	minMonths, _ := c.book.reach("period") // the shortest that users take seriously
	_, long := c.book.closing()
	earliest, says := c.today.AddMonths(minMonths)+usualDays, "a period of %d months and six weeks of fieldwork and reporting would end on %s, after the day it is needed"
	if months >= minMonths {
		earliest, says = c.today+civil.Date(long), "an audit over the past %d months may take until %s, after the day it is needed"
	}
	if day >= earliest {
		return
	}
	c.near = true
	c.early(fmt.Sprintf(says, minMonths, earliest.Long()), "need_by", "months_operated")
	if months >= minMonths {
		c.against1 = append(c.against1, c.reason("controls have run long enough for a Type 2: ask the auditor whether it can be had in time before settling for less", c.a.cite("months_operated")))
	}
}

// early recommends a Type 1 before the Type 2.
func (c *chooser) early(says string, inputs ...string) {
	c.type1 = true
	c.why1 = append(c.why1, c.reason(says, c.a.cite(inputs...)))
}

// youngControls is R7: controls that have not run for long, or readers who take an interim paper.
func youngControls(c *chooser) {
	if !c.typed() {
		return
	}
	months, known := c.operated()
	minMonths, _ := c.book.reach("period")
	switch {
	case known && months < minMonths && c.a.Proof == "operation" && !c.near:
		c.reject1 = c.reason("customers expect proof of operation, and no day forces an interim paper: let the period begin", c.a.cite("proof", "need_by", "months_operated"))
	case known && months < minMonths:
		c.early(fmt.Sprintf("controls have run for %s, less than the %d that a period needs", count(months, "month"), minMonths), "months_operated")
	case !known && c.a.Stage == "seed":
		c.early("an early company with controls of unknown age: the design can be shown at once", "stage", "months_operated")
	}
	if c.a.Proof == "design" {
		c.early("those who ask take a report on the design for now", "proof")
	}
	if c.word("Type 1") {
		c.early("contracts name a Type 1", "contract_words")
	}
	if c.a.Funding == "raising" && (!known || months < 2*minMonths) {
		c.early("a round is being raised, and it can be shown before it closes", "funding", "months_operated")
	}
	if c.type1 {
		c.against1 = append(c.against1, c.reason("it says nothing of how controls work, costs a fee of its own, and readers soon ask for the Type 2", ""))
	}
}

// proofOfOperation is R8: readers who will not be content with design.
func proofOfOperation(c *chooser) {
	if !c.typed() {
		return
	}
	add := func(says string, input string) { c.why2 = append(c.why2, c.reason(says, c.a.cite(input))) }
	if c.a.Regulated == "yes" {
		add("supervised customers must show their supervisor that controls worked", "regulated")
	}
	if c.a.Stage == "enterprise" {
		add("large buyers expect it", "stage")
	}
	if c.a.Proof == "operation" {
		add("customers expect proof of operation", "proof")
	}
	if c.word("Type 2") {
		add("contracts name a Type 2", "contract_words")
	}
	if c.type1 && (c.a.Regulated == "yes" || c.a.Stage == "enterprise" || c.a.Proof == "operation") {
		c.against1 = append(c.against1, c.reason("these readers will take it as an interim paper at best", c.a.cite("regulated", "stage", "proof")))
	}
}

// reports turns the families and types into recommendations, in the order in which they come.
func (c *chooser) reports() []Recommendation {
	out := []Recommendation{}
	for _, f := range []string{isms, finance, trust, public, cyber} {
		d := c.drafts[f]
		if d == nil {
			continue
		}
		switch f {
		case finance:
			out = append(out, c.types(c.financeAs, d)...)
		case trust:
			out = append(out, c.types(trust, d)...)
		default:
			out = append(out, Recommendation{Report: f, Title: Title(f), When: d.when, Why: d.why, Against: d.against, Outside: f == cyber})
		}
	}
	order := map[string]int{"now": 0, "next": 1}
	slices.SortStableFunc(out, func(x, y Recommendation) int { return rank(order, x.When) - rank(order, y.When) })
	return out
}

// rank orders by when; a report that comes with another stands behind all that come next.
func rank(order map[string]int, when string) int {
	if n, ok := order[when]; ok {
		return n
	}
	return len(order)
}

// types spreads a family over its types. A family that comes next anyway has no use for a Type 1: by then
// its controls have run.
func (c *chooser) types(family string, d *draft) []Recommendation {
	var out []Recommendation
	when := d.when
	if c.type1 && when == "now" {
		out = append(out, Recommendation{
			Report: family + "-type1", Title: Title(family + "-type1"), When: when,
			Why: slices.Concat(d.why, c.why1), Against: slices.Concat(c.against1, d.against),
		})
		when = "next"
	}
	return append(out, Recommendation{
		Report: family + "-type2", Title: Title(family + "-type2"), When: when,
		Why: slices.Concat(d.why, c.why2), Against: slices.Concat(d.against, c.against2),
	})
}
