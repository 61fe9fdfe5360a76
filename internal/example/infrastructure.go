package example

import "github.com/assayhq/assay/internal/civil"

// infrastructure are assets and their states, scans, drift, logs and alerts.
func (c *company) infrastructure() []File {
	c.ruleReviews()
	list := c.inventory()
	files := []File{c.assetList(list), c.storeList()}
	files = append(files, c.stateLog(list)...)
	files = append(files, c.keys()...)
	files = append(files, c.scanning(list)...)
	return append(files, c.logFiles()...)
}

// ruleReviews are the half-yearly review of inbound rules and the quarterly one of detection rules.
func (c *company) ruleReviews() {
	platform, security := c.people[3].email, c.people[5].email
	for _, x := range []struct{ half, on, answers string }{{"2025-H2", "2025-12-31", "-yyyy"}, {"2026-H1", "2026-05-19", "-yyyn"}} {
		c.counts("NET-01", true)
		c.inspection("NET-01", x.half, inspection{on: day(x.on), by: platform, proof: "inbound rules of all accounts, " + x.half + ", signed",
			kind: signedRecord, dated: day(x.on), who: security, at: c.at(day(x.on)+12, "10:20"), answers: x.answers})
	}
	c.deviates("NET-01", "2026-H1", "E", "a rule for a departed vendor was removed five weeks after the review")
	for _, x := range []struct {
		quarter, on string
		later       civil.Date // days from the review to its document
		answers     string
	}{
		{"2025-Q3", "2025-09-17", 0, "-yyy"},
		{"2025-Q4", "2025-12-10", 2, "-yny"},
		{"2026-Q1", "2026-03-25", 21, "-yyy"},
		{"2026-Q2", "2026-06-24", 5, "-yyy"},
	} {
		c.counts("LOG-03", true)
		c.inspection("LOG-03", x.quarter, inspection{on: day(x.on), by: security, proof: "detection review " + x.quarter + ".pdf",
			kind: document, dated: day(x.on) + x.later, who: platform, at: c.at(day(x.on)+x.later+3, "15:05"), answers: x.answers})
	}
	c.deviates("LOG-03", "2025-Q4", "C", "the review looked at feeds only, and at none of the incidents of the autumn")
	c.deviates("LOG-03", "2026-Q1", "A", "the document was made three weeks after the day that it names")
}
