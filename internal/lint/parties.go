package lint

import (
	"regexp"
	"strings"
)

// partyRules are about users, subservice organizations and what management adds.
func partyRules() []Rule {
	return []Rule{
		{"carve-out-without-csoc", Error, "A carved-out subservice organization has no complementary control that is assumed at it.", false, withoutCSOC},
		{"carve-out-without-monitoring", Error, "A carved-out subservice organization is not watched by any control.", false, withoutMonitoring},
		{"cuec-flood", Warning, "Users are given many duties that are no complementary controls.", false, cuecFlood},
		{"section-v-not-marked", Error, "Section V does not say that it was not examined.", false, sectionV},
		{"soc3-controls", Error, "A SOC 3 lists controls, tests or results.", false, soc3Controls},
	}
}

func withoutCSOC(c *checker) {
	for _, s := range c.Description.Subservice {
		if s.Method == "carve_out" && len(s.CSOCs) == 0 {
			c.add(Place{Section: "description", Under: s.Name}, "Name which of its controls are assumed, and the criterion or objective that each serves.",
				"%s is carved out, and no control is named that is assumed at it.", s.Name)
		}
	}
}

func withoutMonitoring(c *checker) {
	for _, s := range c.Description.Subservice {
		if s.Method == "carve_out" && len(s.Monitoring) == 0 {
			c.add(Place{Section: "description", Under: s.Name}, "Name the control by which the organization watches it, such as a review of its report, and test that control.",
				"%s is carved out, and no control is named by which it is watched.", s.Name)
		}
	}
}

// floodOf is how many duties of good practice, on which no criterion rests, are a flood.
const floodOf = 10

var duty = regexp.MustCompile(`(?i)\b(responsib\w*|should|recommended|encouraged|advised|good practice|expected to)\b`)

func cuecFlood(c *checker) {
	n, quote := 0, ""
	for _, d := range c.Description.CUECs {
		if len(d.Criteria) == 0 && duty.MatchString(d.Text) {
			n++
			quote = first(quote, d.Text)
		}
	}
	if n > floodOf {
		c.add(Place{Section: "description", Under: "Complementary user entity controls", Quote: quote}, "Keep those without which a criterion or objective is not met, each with that criterion; list the rest apart, as responsibilities of users.",
			"%d of %d entries are duties of users on which no criterion or objective is said to rest.", n, len(c.Description.CUECs))
	}
}

var unexamined = regexp.MustCompile(`(?i)\bnot (been )?(examined|audited|covered|subjected|tested|part of|included)\b|\bunaudited\b|\bunexamined\b|\bno opinion\b|\bdo(es)? not express an opinion\b|\boutside the scope\b|\bsay nothing about it\b`)

func sectionV(c *checker) {
	text := strings.TrimSpace(strings.Join(c.Other, "\n"))
	if text == "" || unexamined.MatchString(text) {
		return
	}
	c.add(Place{Section: "other", Quote: text}, "Begin the section with a sentence that it is given by the organization and was not examined.",
		"Section V does not say that it is not covered by the auditor's opinion.")
}

func soc3Controls(c *checker) {
	if c.Kind != "soc3" {
		return
	}
	const mend = "Take them out: a SOC 3 is for everybody, and holds the assertion, the opinion on it and the boundaries of the system."
	if n := len(c.Tests); n > 0 {
		c.add(Place{Section: "tests", Control: c.Tests[0].Control, Quote: first(c.Tests[0].Procedure, c.Tests[0].Statement)}, mend, "A SOC 3 lists %s of controls.", things(n, "test"))
	}
	if n := len(c.Description.Controls); n > 0 {
		x := c.Description.Controls[0]
		c.add(Place{Section: "description", Control: x.ID, Quote: x.Statement}, mend, "A SOC 3 lists %s.", things(n, "control"))
	}
}
