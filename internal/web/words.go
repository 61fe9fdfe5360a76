package web

import (
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/report"
)

func wholeness(t assure.TestResult) assure.Completeness {
	c, _ := t.Wholeness()
	return c
}

func worstOf(rows []row) (report.Standing, bool) {
	var ts []assure.TestResult
	for _, r := range rows {
		if r.Tested {
			ts = append(ts, r.Test)
		}
	}
	return report.Worst(ts)
}

// notTested stands where a control has no result.
const notTested = "Not tested"

// testsCaption says how many controls of the program have a result.
func testsCaption(d overviewData) string {
	return report.Count(d.Tested) + " of " + report.Plural(d.All, "control", "controls") +
		" tested on every item of the population, not on a sample; each figure leads to its items"
}

// undecidedIn says where an item with an undecided attribute is listed: one that also
// deviates stands among the deviations.
func undecidedIn(t assure.TestResult) assure.Verdict {
	if t.Undecided == 0 && t.Deviating > 0 {
		return assure.Deviation
	}
	return assure.Undecided
}

func itemsWord(n int) string {
	if n == 1 {
		return "item"
	}
	return "items"
}

func passedOf(cs []assure.Check) int {
	n := 0
	for _, c := range cs {
		if c.Status == assure.Passed {
			n++
		}
	}
	return n
}

func attributesCaption(d itemData) string {
	n := len(d.Row.Test.Attributes)
	switch d.Item.Verdict {
	case assure.Deviation, assure.Undecided:
		word := "deviate"
		if d.Item.Verdict == assure.Undecided {
			word = "are undecided"
		}
		return report.Count(len(d.Item.Attributes)) + " of " + report.Plural(n, "attribute", "attributes") + " " + word
	}
	return "0 of " + report.Plural(n, "attribute", "attributes") + " deviate"
}

func storyCaption(d itemData) string {
	shown := len(d.Records)
	return report.Count(shown) + " of " + report.Plural(len(d.Item.Records), "record", "records") + ", in the order in which it happened."
}

func proofURL(index int64, file string) string {
	return "/proofs/" + strconv.FormatInt(index, 10) + "/" + file
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") }

func pair(a, b string) string {
	if a == "" && b == "" {
		return ""
	}
	return a + " to " + b
}

// totalOf puts the source's own total beside ours, where the source states one.
func totalOf(p PullView, name string) string {
	s := report.Count(p.Totals[name])
	if c, ok := p.Control[name]; ok {
		s += ", the source says " + report.Count(c)
	}
	return s
}
