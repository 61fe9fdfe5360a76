package lint

import (
	"fmt"
	"slices"
	"strings"
)

// Rule is a signal that is looked for.
type Rule struct {
	ID       string
	Severity Severity
	About    string // what it looks for, in a sentence
	owed     bool   // a draft that says itself what it still needs is not told again
	check    func(*checker)
}

// Rules lists the signals in the order in which they are looked for.
func Rules() []Rule {
	return slices.Concat(agreementRules(), controlRules(), testRules(), partyRules(), claimRules())
}

// checker collects the findings of one paper.
type checker struct {
	*Paper
	rule  Rule
	found []Finding
}

func (c *checker) add(at Place, mend, format string, args ...any) {
	at.Quote = clip(at.Quote)
	f := Finding{c.rule.ID, c.rule.Severity, at, fmt.Sprintf(format, args...), mend}
	if !slices.Contains(c.found, f) {
		c.found = append(c.found, f)
	}
}

// Check looks for every signal. What a draft says itself that it still needs is told in one note, and not again.
func Check(p Paper) []Finding {
	c := &checker{Paper: &p}
	owed := p.Draft && len(p.Owed) > 0
	for _, r := range Rules() {
		if c.rule = r; !r.owed || !owed {
			r.check(c)
		}
	}
	if owed {
		c.found = append(c.found, Finding{"draft-owed", Note, Place{Section: "cover", Quote: clip(p.Owed[0])},
			fmt.Sprintf("The draft says itself that it still needs %s.", things(len(p.Owed), "thing")),
			"Nothing is wrong in a draft's saying so. Settle them before it is issued; the findings that follow from them alone are left out here."})
	}
	for _, u := range p.Unread {
		c.found = append(c.found, Finding{"not-recognised", Note, Place{Section: u.Section, Under: u.Under},
			u.Text, "Look at it yourself: signals that rest on it were not looked for."})
	}
	slices.SortStableFunc(c.found, func(a, b Finding) int { return weight(a.Severity) - weight(b.Severity) })
	return c.found
}

func weight(s Severity) int { return slices.Index([]Severity{Error, Warning, Note}, s) }

// clip shortens a quotation.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	const most = 160
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func things(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// sentences cuts a text roughly: it is only told from which sentence a word comes.
func sentences(s string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(s, ". ", ".\x00"), func(r rune) bool { return r == 0 || r == '\n' || r == ';' })
}
