package lint

import (
	"regexp"
	"slices"
	"strings"
)

// controlRules are about controls and what they serve.
func controlRules() []Rule {
	return []Rule{
		{"vague-control", Warning, "A control's statement leaves open when or how well: periodically, as needed, timely, appropriate.", false, vagueControl},
		{"criterion-without-control", Error, "A criterion or objective in scope has neither a control nor a reason.", true, criterionWithoutControl},
		{"control-without-test", Error, "A control of a Type 2 has no test.", true, controlWithoutTest},
	}
}

var (
	vague = regexp.MustCompile(`(?i)\b(periodic(al|ally)?|regular(ly)?|on a (regular|periodic) basis|from time to time|frequently|occasionally|as (needed|necessary|required|appropriate)|(in a )?timely( manner| basis)?|promptly|appropriate(ly)?|adequate(ly)?|sufficient(ly)?|where (possible|practicable))\b`)
	limit = regexp.MustCompile(`(?i)\b(\d+|one|two|three|five|seven|ten|thirty|twenty-four)[ -]([a-z]+[ -])?(minutes?|hours?|days?|weeks?|months?|years?)\b|\bat once\b|\bimmediately\b|\bbefore (release|deployment|access|go-live)`)
)

func vagueControl(c *checker) {
	told := map[string]bool{}
	look := func(section, id, statement, field string) {
		word := vague.FindString(statement)
		fixed := slices.ContainsFunc(frequencies(field, statement), func(f string) bool { return f != "each event" })
		if word == "" || told[statement] || fixed || limit.MatchString(statement) {
			return
		}
		told[statement] = true
		c.add(Place{Section: section, Control: id, Quote: statement}, "Say how often or within what time, who does it, and what makes it right: a control that can be tested.",
			"%q can be met by anything: the statement says neither how often nor by when.", strings.ToLower(word))
	}
	for _, x := range c.Description.Controls {
		look("description", x.ID, x.Statement, x.Frequency)
	}
	for _, t := range c.Tests {
		look("tests", t.Control, t.Statement, t.Frequency)
	}
}

func criterionWithoutControl(c *checker) {
	for _, x := range c.Criteria {
		serves := func(list []string) bool { return slices.Contains(list, x.ID) }
		if len(x.Controls) > 0 || strings.TrimSpace(x.Reason) != "" ||
			slices.ContainsFunc(c.Tests, func(t Test) bool { return serves(t.Criteria) }) ||
			slices.ContainsFunc(c.Description.Controls, func(t Control) bool { return serves(t.Criteria) }) {
			continue
		}
		c.add(Place{Section: "tests", Under: x.ID, Quote: x.Text}, "Name the controls that serve it, or say why it is not relevant to the system.",
			"%s is in scope, and nothing serves it.", x.ID)
	}
}

func controlWithoutTest(c *checker) {
	if c.Type != 2 || c.Kind == "soc3" {
		return
	}
	const mend = "Test it, or take it out of the report: what is not tested supports no conclusion."
	tested := map[string]bool{}
	var bare []string
	for _, t := range c.Tests {
		if strings.TrimSpace(t.Procedure+t.Untested) != "" {
			tested[t.Control] = true
		} else if !slices.Contains(bare, t.Control) {
			bare = append(bare, t.Control)
		}
	}
	for _, x := range c.Description.Controls {
		if x.ID != "" && !slices.Contains(bare, x.ID) {
			bare = append(bare, x.ID)
		}
	}
	if len(tested) == 0 && len(c.Tests) == 0 && len(bare) == 0 {
		return
	}
	for _, id := range bare {
		if !tested[id] {
			c.add(Place{Section: "tests", Control: id}, mend, "%s is stated, and no test of it is.", id)
		}
	}
}
