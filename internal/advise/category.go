package advise

import "slices"

// categories says of each category of SOC 2 whether it belongs in the report: security always, the others
// where something is promised that they answer.
func (c *chooser) categories() []Category {
	c.rule = "categories"
	promised := func(p string) bool { return slices.Contains(c.a.Promises, p) }
	pick := func(category, promise, yes, no string) Category {
		says := no
		if promised(promise) {
			says = yes
		}
		return Category{category, promised(promise), c.reason(says, c.a.cite("promises"))}
	}
	privacy := "no promise is made to persons about their data; confidentiality is usually enough then"
	if c.a.Industry == "hr_platform" && !promised("personal_data") {
		privacy = "the service holds personal data, but as your customers' processor without promises of your own to persons; confidentiality is usually enough"
	}
	return []Category{
		{"security", true, c.reason("compulsory in every SOC 2 and SOC 3 report", "")},
		pick("availability", "uptime", "availability is promised", "no availability is promised"),
		pick("processing_integrity", "processing", "correct processing is promised", "no correct processing is promised; never take it without"),
		pick("confidentiality", "nda_data", "confidential information is under agreement", "no confidential information is under agreement"),
		pick("privacy", "personal_data", "the handling of personal data is promised", privacy),
	}
}
