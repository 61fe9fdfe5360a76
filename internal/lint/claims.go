package lint

import "regexp"

// claimRules are about words that claim what no examination gives.
func claimRules() []Rule {
	return []Rule{
		{"certified", Error, "The report claims a certificate, compliance or a pass.", false, certified},
	}
}

const (
	examination = `(SOC ?[123]\b|SSAE ?(No\. ?)?\d+|ISAE ?\d{4}|trust services|(this|the|our) (audit|examination))`
	claim       = `(certified|certification|certificate|compliant|accredited|accreditation)`
)

var (
	claims = regexp.MustCompile(`(?i)` + examination + `[^.;]{0,40}\b` + claim + `\b|\b` + claim + `\b[^.;]{0,30}` + examination +
		`|\bSOC ?[123] complian|\bpass(ed|es)\b[^.;]{0,20}\b(SOC ?[123]|audit|examination)\b|\b(audit|examination)( was| has been)? passed\b`)
	bare   = regexp.MustCompile(`(?i)\b(we|(the|our|this|its) (company|organi[sz]ation|service|system|platform|product|report)|inc\.?|llc|gmbh|ltd\.?)( \w+)? (is|are|was|were|remains?|has been|have been) (fully )?(certified|compliant)\b`)
	others = regexp.MustCompile(`(?i)\bISO\b|\bPCI\b|\bHIPAA\b|\bGDPR\b|\bvendors?\b|\bdevices?\b|\bconfigur\w+|certified public accountant|\bif\b|\bwhether\b`)
)

func certified(c *checker) {
	for _, p := range c.Passages {
		for _, s := range sentences(p.Text) {
			if !(claims.MatchString(s) || bare.MatchString(s)) || denial.MatchString(s) || others.MatchString(s) {
				continue
			}
			c.add(Place{Section: p.Section, Under: p.Under, Quote: s}, "Say that the system was examined and which opinion was issued: a report is an opinion, neither a certificate nor a pass.",
				"The sentence claims a certificate, compliance or a pass.")
		}
	}
}
