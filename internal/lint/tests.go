package lint

import (
	"regexp"
	"strings"
)

// testRules are about tests of controls and their results.
func testRules() []Rule {
	return []Rule{
		{"boilerplate-test", Warning, "The same test sentence stands for three or more controls.", false, boilerplate},
		{"empty-test", Warning, "A test says only that documentation was inspected.", false, emptyTest},
		{"inquiry-alone", Error, "A test of operation consists of inquiry alone.", false, inquiryAlone},
		{"sample-clustered", Warning, "The sampled items lie at the end of the period.", false, sampleClustered},
		{"sample-small", Warning, "The sample is smaller than what is accepted for the control's frequency.", false, sampleSmall},
		{"not-occurred-unexplained", Warning, "A control did not occur in the period, and nothing says how that is known.", false, notOccurred},
		{"result-contradicts", Error, "A result says that no exception was noted beside a count of deviations.", false, resultContradicts},
		{"confidence-with-full-test", Error, "A confidence level stands beside a test of the whole population.", false, confidence},
		{"exception-without-response", Warning, "A control deviates, and management does not answer.", true, withoutResponse},
		{"type1-tests-operation", Error, "A Type 1 gives tests or results of operation, or speaks of operating effectiveness.", false, type1Operation},
	}
}

var (
	blanks = regexp.MustCompile(`[^a-z ]+`)
	ids    = regexp.MustCompile(`\b[A-Z]{1,6}[-. ]?\d+(\.\d+)*\b`)
)

// plain is a test's text without what differs from control to control: identifiers, numbers, case, punctuation.
func plain(s string) string {
	return strings.Join(strings.Fields(blanks.ReplaceAllString(strings.ToLower(ids.ReplaceAllString(s, "")), " ")), " ")
}

func boilerplate(c *checker) {
	const many = 3
	by, order := map[string][]string{}, []string{}
	quote := map[string]string{}
	for _, t := range c.Tests {
		k := plain(t.Procedure)
		if k == "" || emptyOf(t.Procedure) {
			continue
		}
		if by[k] == nil {
			order = append(order, k)
			quote[k] = t.Procedure
		}
		if l := by[k]; len(l) == 0 || l[len(l)-1] != t.Control {
			by[k] = append(by[k], t.Control)
		}
	}
	for _, k := range order {
		if l := by[k]; len(l) >= many {
			c.add(Place{Section: "tests", Control: l[0], Quote: quote[k]}, "Say for each control what was tested: which items, against which attributes, from which source.",
				"One sentence is the test of %s: %s.", things(len(l), "control"), strings.Join(l, ", "))
		}
	}
}

var (
	inquiry = regexp.MustCompile(`(?i)\b(inquir\w*|enquir\w*|asked|interview\w*|discussed|corroborat\w*)\b`)
	doing   = regexp.MustCompile(`(?i)\b(inspect\w*|examin\w*|observ\w*|re-?perform\w*|recalculat\w*|compar\w*|vouch\w*|trac(ed|ing)|select\w*|sampl\w*|review\w*|test(ed|ing)|read|obtain\w*|recomput\w*|reconcil\w*|match\w*|viewed|is an item|passes when)\b`)
	hollow  = regexp.MustCompile(`(?i)^((and|then|also|we|inquiry|inspection|observation|inquired|enquired|asked|of|with|management|personnel|control|owners?|inspected|reviewed|examined|obtained|read|the|relevant|supporting|related|applicable|available|company|documentation|documents?|evidence|records?|support|policies|policy|procedures?|provided|to|determine|determined|noted|found|that|it|control|was|were|in|place|operating|effectively|as|described|by|confirm|confirmed|verify|verified|activity|is|ascertain|appropriate)\W*)+$`)
)

// emptyOf says that a test names neither an item nor an attribute nor a source.
func emptyOf(s string) bool {
	s = strings.TrimSpace(s)
	return doing.MatchString(s) && hollow.MatchString(s)
}

func emptyTest(c *checker) {
	for _, t := range c.Tests {
		if emptyOf(t.Procedure) {
			c.add(Place{Section: "tests", Control: t.Control, Quote: t.Procedure}, "Say what was inspected, of how many items, and which attributes were compared with what.",
				"The test names neither what was inspected nor what it was held against.")
		}
	}
}

func inquiryAlone(c *checker) {
	for _, t := range c.Tests {
		if inquiry.MatchString(t.Procedure) && !doing.MatchString(t.Procedure) {
			c.add(Place{Section: "tests", Control: t.Control, Quote: t.Procedure}, "Add inspection, observation or reperformance: inquiry is never enough for operation.",
				"The test consists of inquiry alone.")
		}
	}
}

// sampleClustered finds samples of five or more of which four in five lie in the last quarter of the period. Drawn at
// random, five items do so in 16 cases of 1,000, ten in 4 of 10,000.
func sampleClustered(c *checker) {
	s, ok := c.span()
	if !ok || s.AsOf != nil {
		return
	}
	start := *s.To - (*s.To-*s.From+1)/4 + 1
	for _, t := range c.Tests {
		late := 0
		for _, d := range t.Dates {
			if d >= start {
				late++
			}
		}
		if n := len(t.Dates); n >= 5 && 5*late >= 4*n {
			c.add(Place{Section: "tests", Control: t.Control, Quote: t.Procedure}, "Draw the sample from the whole period, so that its first and last month could be reached, and say how it was drawn.",
				"%d of %d items lie on or after %s, in the last quarter of the period.", late, n, start.Long())
		}
	}
}

func (t Test) full() bool {
	return t.Full || t.Sample != nil && t.Population != nil && *t.Sample >= *t.Population
}

func sampleSmall(c *checker) {
	for _, t := range c.Tests {
		f := frequencies(t.Frequency, t.Statement)
		if t.Sample == nil || t.full() || len(f) == 0 {
			continue
		}
		if need := least(f[0], t.Population); *t.Sample < need {
			c.add(Place{Section: "tests", Control: t.Control, Quote: t.Procedure}, "Test more items, or the whole population, or say why fewer are enough (an automated control shown unchanged, a population of few).",
				"%s of a control that acts %s; published practice starts at %d.", things(*t.Sample, "item"), strings.Replace(f[0], "each event", "at each event", 1), need)
		}
	}
}

var (
	never = regexp.MustCompile(`(?i)\b(did not (occur|operate)|no (occurrences?|instances?|events?|such \w+|activity)\b[^.]{0,40}(occurred|existed|during|in the period)|not occur(red)?\b|no occurrence)`)
	known = regexp.MustCompile(`(?i)\b(completeness|inspected|examined|quer(y|ied)|listing|logs?|counts?|counted|register|reconcil\w*|system-generated|confirmed (by|with|against))\b`)
)

func notOccurred(c *checker) {
	for _, t := range c.Tests {
		zero := t.Population != nil && *t.Population == 0 || never.MatchString(t.Result)
		if !zero || strings.TrimSpace(t.Zero) != "" || known.MatchString(t.Result) || known.MatchString(never.ReplaceAllString(t.Procedure, "")) {
			continue
		}
		c.add(Place{Section: "tests", Control: t.Control, Quote: first(t.Result, t.Procedure)}, "Say what shows that nothing occurred (which listing, counted against what), and that operation was therefore not tested.",
			"Nothing occurred in the period, and the report does not say how that is known.")
	}
}

var clean = regexp.MustCompile(`(?i)\bno (relevant |other )?(exceptions?|deviations?)\b( (was|were))? ?(noted|found|identified)?`)

func resultContradicts(c *checker) {
	for _, t := range c.Tests {
		n := t.deviations()
		if n > 0 && clean.MatchString(t.Result) {
			c.add(Place{Section: "tests", Control: t.Control, Quote: t.Result}, "Print the number of items tested and of deviations with their nature, and strike the sentence that denies them.",
				"The result says that there are no exceptions, beside %s.", things(n, "deviation"))
		}
	}
}

var counted = regexp.MustCompile(`(?i)\b(\d[\d,]*|one|two|three|four|five|six|seven|eight|nine|ten) (\(\d+\) )?(of|out of) (the )?(\d[\d,]*|[a-z]+(-[a-z]+)?)( \(\d+\))?[^.]{0,60}\b(deviat\w*|exceptions?|did not|was not|were not|failed|late|without|lacked)\b`)

// deviations is the count that the row gives, or that its result tells.
func (t Test) deviations() int {
	if t.Deviations != nil {
		return *t.Deviations
	}
	if m := counted.FindStringSubmatch(t.Result); m != nil {
		return number(m[1])
	}
	return 0
}

var numerals = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}

// number reads a count in digits or words; 0 where it is none.
func number(s string) int {
	for i, w := range numerals {
		if strings.EqualFold(s, w) {
			return i
		}
	}
	n := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9' && n < 1e9:
			n = 10*n + int(r-'0')
		case r != ',':
			return 0
		}
	}
	return n
}

var (
	level  = regexp.MustCompile(`(?i)\bconfidence (level|interval|of)\b|\b(level of|\d+(\.\d+)? ?(%|per ?cent)) confidence\b|\bconfidence level\b`)
	whole  = regexp.MustCompile(`(?i)\b(entire|whole|full|complete|total) population\b|\ball (of the )?(items|instances|changes|occurrences|\d[\d,]* items)\b|\bevery item\b|\b100 ?(%|per ?cent) of\b`)
	denial = regexp.MustCompile(`(?i)\b(not|no|never|neither|nor|without|nothing|none|nobody|cannot|isn't)\b`)
)

func confidence(c *checker) {
	const mend = "Strike the confidence level. A test of every item has no sampling risk: print how many of how many deviate."
	for _, t := range c.Tests {
		text := t.Procedure + ". " + t.Result
		if level.MatchString(text) && (t.full() || whole.MatchString(text)) {
			c.add(Place{Section: "tests", Control: t.Control, Quote: text}, mend, "Every item was tested, and a confidence level is printed.")
		}
	}
	for _, p := range c.Passages {
		for _, s := range sentences(p.Text) {
			if level.MatchString(s) && whole.MatchString(s) && !denial.MatchString(s) {
				c.add(Place{Section: p.Section, Under: p.Under, Quote: s}, mend, "A confidence level stands beside a test of the whole population.")
			}
		}
	}
}

var excepted = regexp.MustCompile(`(?i)\b(exceptions?|deviations?) (was |were )?(noted|identified|found)\b`)

func withoutResponse(c *checker) {
	other := strings.Join(c.Other, "\n")
	for _, t := range c.Tests {
		n := t.deviations()
		told := n == 0 && excepted.MatchString(t.Result) && !clean.MatchString(t.Result)
		if n == 0 && !told || strings.TrimSpace(t.Response) != "" || t.Control != "" && strings.Contains(other, t.Control) {
			continue
		}
		what := things(n, "deviation")
		if told {
			what = "An exception, without the number of items"
		}
		c.add(Place{Section: "tests", Control: t.Control, Quote: t.Result}, "Have management say what caused it, what it meant and what was done, in section V or beside the result.",
			"%s, and no response of management.", what)
	}
}

var operated = regexp.MustCompile(`(?i)\b(operating effectiveness|operat(ed|ing|e)\b[^.]{0,40}\beffectively)\b`)

func type1Operation(c *checker) {
	if c.Type != 1 {
		return
	}
	const mend = "Take it out, or issue a Type 2: a Type 1 concludes on the description and the design at a date."
	for _, t := range c.Tests {
		if strings.TrimSpace(t.Procedure) != "" || strings.TrimSpace(t.Result) != "" {
			c.add(Place{Section: "tests", Control: t.Control, Quote: first(t.Procedure, t.Result)}, mend, "A Type 1 gives a test of operation, or a result of one.")
		}
	}
	for _, p := range c.Passages {
		for _, s := range sentences(p.Text) {
			if p.Section != "description" && operated.MatchString(s) && !denial.MatchString(s) && !conditional.MatchString(s) {
				c.add(Place{Section: p.Section, Under: p.Under, Quote: s}, mend, "A Type 1 speaks of operation as if it had been examined.")
			}
		}
	}
}
