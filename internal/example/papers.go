package example

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// papers are what the examination itself leaves behind: items traced to their source, the clocks
// of the sources, and what the auditor asked for.
func (c *company) papers() []File {
	return []File{c.traces(), c.clocks(), c.requests()}
}

// traces are items that the internal auditor compared with their source after each quarter: from
// the register to the source, and some from reality into the register.
func (c *company) traces() File {
	rng := c.dice("traces")
	type target struct{ register, item, source string }
	pick := func() target {
		switch rng.IntN(5) {
		case 0, 1:
			ch := among(rng, c.changes)
			return target{"changes", ch.key(), "deploy log of " + ch.repository}
		case 2:
			a := among(rng, c.accounts)
			return target{"accounts", a.id, "user page of " + a.system.name}
		case 3:
			p := among(rng, c.people)
			return target{"people", p.employment, "contract in the personnel file"}
		}
		in := among(rng, c.incidents)
		return target{"incidents", in.id, "channel of the incident"}
	}
	var rows []row
	for _, d := range []string{"2025-10-08", "2026-01-14", "2026-04-09", "2026-07-07"} {
		for i := range 45 {
			t, direction := pick(), "vouched"
			if i%5 == 4 {
				direction = "traced"
			}
			agrees, difference := any(true), ""
			switch {
			case i == 17 && d == "2026-01-14":
				agrees, difference = false, "the source says the day after"
			case i == 24 && d == "2026-04-09":
				agrees, difference = false, "the source and the list name different people"
			case i == 30 && d == "2026-04-09":
				agrees = nil // the page could not be opened any more
			}
			rows = append(rows, row{fmt.Sprintf("tc-%04d", len(rows)+1), direction, t.register, t.item, agrees, optText(difference), t.source,
				c.auditor().email, c.at(day(d)+civil.Date(i/15), "09:00") + civil.Instant(7*(i%15))*minute})
		}
	}
	return c.counted(File{
		Register: "traces", Name: "traced-items.csv", Source: "audit-workbench", Query: "comparisons with the source",
		Data: table(';', true, []string{"trace_id", "direction", "register", "item", "agrees", "difference", "source_document", "performed_by", "performed_at"}, rows),
	}, len(rows))
}

// clocks are measured every week. That of the backup service ran ahead for three weeks of autumn.
func (c *company) clocks() File {
	rng := c.dice("clocks")
	var rows []row
	for d := c.period.From; d <= c.period.To; d += 7 {
		for _, source := range []string{"hris", "github", "deploy-log", "identity-audit-log", "pager", "backup-service", "badge-system", "bastion"} {
			offset := rng.IntN(5) - 2
			if source == "backup-service" && d >= day("2025-10-21") && d < day("2025-11-11") {
				offset = 94 + rng.IntN(20)
			}
			rows = append(rows, row{source, offset, c.at(d, "04:00") + after(rng, 0, 25)})
		}
	}
	return File{
		Register: "clocks", Name: "clock-offsets.csv", Source: "collector", Query: "offset of each source's clock, measured weekly",
		Data: table(',', false, []string{"clock_source", "offset_seconds", "observed_at"}, rows),
	}
}

// requests are what the auditor asked for: in an interim visit in February, and after the period.
func (c *company) requests() File {
	rng := c.dice("requests")
	var rows []row
	ask := func(d civil.Date, control, item string) {
		rows = append(rows, row{fmt.Sprintf("rq-%03d", len(rows)+1), control, optText(item), (c.at(d, "09:00") + after(rng, 0, 480)).In(c.zone)})
	}
	controls := []string{"CHG-01", "CHG-03", "IAM-01", "IAM-02", "IAM-04", "IAM-07", "INC-03", "VUL-03", "AVL-02", "GOV-02", "RSK-01", "MON-03", "VEN-02", "PAY-02", "BIL-01", "PRV-03"}
	for i, control := range controls {
		ask(day("2026-02-16")+civil.Date(i/6), control, "")
	}
	deployed := slices.DeleteFunc(slices.Clone(c.changes), func(ch *change) bool {
		return ch.environment != "production" || !c.inPeriod(ch.deployed)
	})
	for i := range 25 {
		ask(day("2026-07-13")+civil.Date(i/9), "CHG-01", among(rng, deployed).key())
	}
	for _, month := range []string{"2025-09", "2025-11", "2026-03"} {
		ask(day("2026-07-20"), "AVL-01", month)
	}
	for i, control := range controls {
		ask(day("2026-07-20")+civil.Date(i/8), control, "")
	}
	return c.counted(File{
		Register: "requests", Name: "auditor-requests.json", Source: "audit-workbench", Query: "requests of the engagement",
		Data: jsonList([]string{"request_id", "control", "item", "asked_at"}, rows),
	}, len(rows))
}
