package advise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// clashes are the pairs of answers that cannot both stand. Each looks for one and says what to do about it.
var clashes = []func(*chooser) string{
	contractWithoutEffect, financeWithoutEffect, industryWithoutEffect, securityWithoutData, promisesWithoutData,
	publicWithoutData, publicOnDesign, publicTooSoon, nobodyAndSomebody, nobodyButSigns, dayGoneBy, monthsBelowZero,
	typeAgainstProof,
}

func contradict(c *chooser) []string {
	out := []string{}
	for _, find := range clashes {
		if s := find(c); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (c *chooser) among(list []string, words ...string) string {
	var out []string
	for _, w := range words {
		if slices.Contains(list, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}

func contractWithoutEffect(c *chooser) string {
	if w := c.among(c.a.ContractWords, "SOC 1", "SSAE 18", "ISAE 3402"); w != "" && c.a.FinancialStatements == "no" {
		return fmt.Sprintf("Contracts say %s, but financial_statements is no: such a report is about financial reporting. Talk to the customer and keep the answer.", w)
	}
	return ""
}

func financeWithoutEffect(c *chooser) string {
	if w := c.among(c.a.AskedBy, "auditors", "finance"); w != "" && c.a.FinancialStatements == "no" {
		return fmt.Sprintf("asked_by names %s, but financial_statements is no: ask them which figures of theirs they think of.", w)
	}
	return ""
}

func industryWithoutEffect(c *chooser) string {
	if slices.Contains(bookkeeping, c.a.Industry) && c.a.FinancialStatements == "no" {
		return fmt.Sprintf("industry is %s, whose services usually reach customers' books, but financial_statements is no: look again.", c.a.Industry)
	}
	return ""
}

func securityWithoutData(c *chooser) string {
	if c.a.CustomerData != "no" {
		return ""
	}
	if c.word("SOC 2") {
		return "Contracts say SOC 2, but customer_data is no: there is little such a report could speak of. Talk to the customer and keep the answer."
	}
	if c.asked("security") {
		return "asked_by names security, but customer_data is no: ask what they worry about."
	}
	return ""
}

func promisesWithoutData(c *chooser) string {
	if w := c.among(c.a.Promises, "uptime", "nda_data", "personal_data"); w != "" && c.a.CustomerData == "no" {
		return fmt.Sprintf("promises names %s, but customer_data is no: one of the two is wrong.", w)
	}
	return ""
}

func publicWithoutData(c *chooser) string {
	if c.publicAsks() && c.a.CustomerData == "no" {
		return "A paper for the public is wanted (SOC 3), which rests on a SOC 2 Type 2, but customer_data is no: there is no ground for either."
	}
	return ""
}

func publicOnDesign(c *chooser) string {
	if c.publicAsks() && c.a.CustomerData != "no" && (c.a.Proof == "design" || c.word("Type 1") && !c.word("Type 2")) {
		return "A paper for the public is wanted, but only a report on the design (Type 1): a SOC 3 is drawn from a Type 2."
	}
	return ""
}

func publicTooSoon(c *chooser) string {
	if c.near && c.has(public) {
		return fmt.Sprintf("A paper for the public is wanted, but by %s only a Type 1 can be had: the SOC 3 comes with the Type 2.", c.a.NeedBy.Long())
	}
	return ""
}

func nobodyAndSomebody(c *chooser) string {
	if c.asked("nobody") && len(c.a.AskedBy) > 1 {
		return fmt.Sprintf("asked_by names nobody and %s.", c.among(c.a.AskedBy, "auditors", "finance", "security", "procurement", "public", "board"))
	}
	return ""
}

func nobodyButSigns(c *chooser) string {
	if c.a.AskedBy == nil || len(c.a.AskedBy) > 1 || len(c.a.AskedBy) == 1 && !c.asked("nobody") {
		return ""
	}
	var signs []string
	if len(c.a.ContractWords) > 0 {
		signs = append(signs, "contracts say "+strings.Join(c.a.ContractWords, ", "))
	}
	if c.a.PublicProof == "yes" {
		signs = append(signs, "a public paper is wanted")
	}
	if c.a.Questionnaires != nil && *c.a.Questionnaires > 0 {
		signs = append(signs, fmt.Sprintf("%d questionnaires came in", *c.a.Questionnaires))
	}
	if c.a.NeedBy != nil && *c.a.NeedBy != civil.MaxDate {
		signs = append(signs, "a day is set by which a report is needed")
	}
	if len(signs) == 0 {
		return ""
	}
	return "asked_by names nobody, but " + strings.Join(signs, ", and ") + "."
}

func dayGoneBy(c *chooser) string {
	if d := c.a.NeedBy; d != nil && *d < c.today {
		return fmt.Sprintf("need_by is %s, before today, %s: it is left out of account.", d.Long(), c.today.Long())
	}
	return ""
}

func monthsBelowZero(c *chooser) string {
	if m := c.a.MonthsOperated; m != nil && *m < 0 {
		return fmt.Sprintf("months_operated is %d: controls cannot have run for less than no time. It is taken as unanswered.", *m)
	}
	if n := c.a.Questionnaires; n != nil && *n < 0 {
		return fmt.Sprintf("questionnaires is %d: fewer than none cannot have come in. It is taken as none.", *n)
	}
	return ""
}

func typeAgainstProof(c *chooser) string {
	switch {
	case c.a.Proof == "design" && c.word("Type 2"):
		return "proof is design, but contracts name a Type 2, which is about operation too."
	case c.a.Proof == "operation" && c.word("Type 1") && !c.word("Type 2"):
		return "proof is operation, but contracts name a Type 1, which is about the design only."
	}
	return ""
}
