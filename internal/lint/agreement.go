package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// agreementRules are about what the parts of a report say of the same thing: its time, its categories, its dates.
func agreementRules() []Rule {
	return []Rule{
		{"dates-differ", Error, "The period or as-of date differs between cover, auditor's report, assertion and description.", false, datesDiffer},
		{"categories-differ", Error, "The categories of criteria differ between cover, auditor's report, assertion and description.", false, categoriesDiffer},
		{"frequency-differs", Error, "A control has one frequency in section III and another in section IV.", false, frequencyDiffers},
		{"report-date-early", Error, "The auditor's report is dated before the period or as-of date was over.", false, reportEarly},
		{"assertion-late", Error, "The assertion is dated after the auditor's report.", false, assertionLate},
		{"period-short", Warning, "A Type 2 covers less than three months.", false, periodShort},
		{"opinion-contradicts", Error, "The opinion is unqualified while the report says that an objective, criterion or commitment was not achieved.", false, opinionContradicts},
	}
}

type namedPart struct {
	name string
	*Part
}

func (p *Paper) parts() []namedPart {
	return []namedPart{{"cover", &p.Cover}, {"opinion", &p.Opinion.Part}, {"assertion", &p.Assertion}, {"description", &p.Description.Part}}
}

// Known says that the time is whole.
func (s Span) Known() bool { return s.AsOf != nil || s.From != nil && s.To != nil }

func (s Span) words() string {
	if s.AsOf != nil {
		return "as of " + s.AsOf.Long()
	}
	return s.From.Long() + " to " + s.To.Long()
}

// span is the report's time: the first part that says it.
func (p *Paper) span() (Span, bool) {
	for _, x := range p.parts() {
		if x.Span.Known() {
			return x.Span, true
		}
	}
	return Span{}, false
}

// over is the last day of which the report speaks.
func (s Span) over() civil.Date {
	if s.AsOf != nil {
		return *s.AsOf
	}
	return *s.To
}

func datesDiffer(c *checker) {
	var first namedPart
	for _, x := range c.parts() {
		switch {
		case !x.Span.Known():
		case first.Part == nil:
			first = x
		case x.Span.words() != first.Span.words():
			c.add(Place{Section: x.name, Quote: x.Span.words()}, "Find out which is right, and say the same time in all four places.",
				"The %s says %s; the %s says %s.", first.name, first.Span.words(), x.name, x.Span.words())
		}
	}
}

func categoriesDiffer(c *checker) {
	var first namedPart
	for _, x := range c.parts() {
		slices.Sort(x.Categories)
		switch {
		case len(x.Categories) == 0:
		case first.Part == nil:
			first = x
		case !slices.Equal(x.Categories, first.Categories):
			c.add(Place{Section: x.name, Quote: categoryWords(x.Categories)}, "Name the same categories in all places, and examine those alone.",
				"The %s names %s; the %s names %s.", first.name, categoryWords(first.Categories), x.name, categoryWords(x.Categories))
		}
	}
}

func categoryWords(list []string) string {
	return strings.ReplaceAll(strings.Join(list, ", "), "_", " ")
}

func frequencyDiffers(c *checker) {
	said := map[string]Control{}
	for _, x := range c.Description.Controls {
		said[x.ID] = x
	}
	for _, t := range c.Tests {
		three, ok := said[t.Control]
		if !ok {
			continue
		}
		a, b := frequencies(three.Frequency, three.Statement), frequencies(t.Frequency, t.Statement)
		if len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(f string) bool { return slices.Contains(b, f) }) {
			continue
		}
		c.add(Place{Section: "tests", Control: t.Control, Quote: first(t.Frequency, t.Statement)}, "State one frequency in both sections: the one at which the control operated. A change during the period is a change to describe, each part tested apart.",
			"Section III says %s, section IV says %s.", strings.Join(a, " and "), strings.Join(b, " and "))
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func reportEarly(c *checker) {
	s, ok := c.span()
	if d := c.Opinion.Dated; ok && d != nil && *d <= s.over() {
		c.add(Place{Section: "opinion", Quote: d.Long()}, "Date the report when the evidence is sufficient, written representations included: after the last day it speaks of.",
			"The auditor's report is dated %s, and speaks of a time until the end of %s.", d.Long(), s.over().Long())
	}
}

func assertionLate(c *checker) {
	a, r := c.Assertion.Dated, c.Opinion.Dated
	if a != nil && r != nil && *a > *r {
		c.add(Place{Section: "assertion", Quote: a.Long()}, "Have management sign on or before the date of the auditor's report, or date the report later.",
			"The assertion is dated %s, the auditor's report %s.", a.Long(), r.Long())
	}
}

func periodShort(c *checker) {
	s, ok := c.span()
	if ok && c.Type == 2 && s.AsOf == nil && *s.To+1 < s.From.AddMonths(3) {
		c.add(Place{Section: "cover", Quote: s.words()}, "Say why the period is short (a first report, a new service), or cover three months or more.",
			"A Type 2 over %d days shows little of controls that act monthly or quarterly.", int(*s.To-*s.From)+1)
	}
}

var (
	notAchieved = regexp.MustCompile(`(?i)\b(control objectives?|objectives?|criterion|criteria|commitments?|requirements?)\b[^.]{0,120}\b(was|were) not (achieved|met|satisfied)\b`)
	conditional = regexp.MustCompile(`(?i)\b(if|where|unless|whether|would|could|may|might|should)\b`)
)

func opinionContradicts(c *checker) {
	if c.Opinion.Type != "unqualified" {
		return
	}
	const mend = "Settle which is right. An objective, criterion or commitment that was not achieved modifies the opinion on that element, and its basis stands before the opinion."
	for _, x := range c.Criteria {
		if x.Conclusion == "not_achieved" {
			c.add(Place{Section: "tests", Under: x.ID, Quote: x.Text}, mend, "The opinion is unqualified, and %s is concluded not to be achieved.", x.ID)
		}
	}
	for _, p := range c.Passages {
		for _, s := range sentences(p.Text) {
			if notAchieved.MatchString(s) && !conditional.MatchString(s) {
				c.add(Place{Section: p.Section, Under: p.Under, Quote: s}, mend, "The opinion is unqualified, and this sentence says that something was not achieved.")
			}
		}
	}
}
