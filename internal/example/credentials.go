package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// credential is a key, a token or a password of a service, with the days on which it was replaced.
type credential struct {
	id, system, kind string
	owner            *person
	vault            any
	created, retired civil.Instant
	exposed          civil.Instant
	rotated          []civil.Instant
}

// rotationRhythm are the days between two rotations: at most 180.
const rotationRhythm = 180

// credentials are some sixty, each rotated within 180 days of its issue and of every rotation. The
// story is bent into those whose numbers bend names.
func (c *company) credentials() []File {
	rng := c.dice("credentials")
	engineers := c.steady(true)
	systems := []string{"aws-production", "customer-db", "analytics-db", "uploads", "github", "okta"}
	kinds := []string{"key", "token", "password"}
	end := c.at(c.period.To+5, "12:00")
	var all []*credential
	for i := range 60 {
		x := &credential{id: fmt.Sprintf("cr-%03d", i+1), system: systems[i%len(systems)], kind: kinds[i%3], owner: engineers[i%40], vault: true,
			created: c.at(day("2023-02-01")+civil.Date(rng.IntN(800)), "10:00") + after(rng, 0, 400), retired: civil.Never, exposed: civil.Never}
		if i >= 52 {
			x.created = c.at(day("2025-08-04")+civil.Date(35*(i-52)), "11:00") + after(rng, 0, 200)
		}
		for at := x.created; ; {
			next := c.at(c.zone.DateOf(at)+rotationRhythm-civil.Date(3+rng.IntN(40)), "14:00") + after(rng, 0, 180)
			if next > end {
				break
			}
			at = next
			x.rotated = append(x.rotated, at)
		}
		all = append(all, x)
	}
	c.bendCredentials(all)
	return c.credentialFiles(all)
}

// rhythm sets the days of the rotations by hand.
func (c *company) rhythm(x *credential, created string, days ...string) {
	x.created, x.rotated = c.clock(created+" 10:00"), nil
	for _, d := range days {
		x.rotated = append(x.rotated, c.clock(d+" 15:00"))
	}
}

// lateRotations are the rotations after which the next came too late or not at all.
var lateRotations = map[string]string{
	"cr-010 2025-06-02": "the next rotation came after 181 days",
	"cr-015 2025-01-20": "the next rotation came after nine months",
	"cr-022 2025-12-11": "not rotated again within 180 days",
}

func (c *company) bendCredentials(all []*credential) {
	c.rhythm(all[4], "2024-12-20", "2025-05-14", "2025-11-10", "2026-05-09") // 180 days each
	c.rhythm(all[9], "2025-01-15", "2025-06-02", "2025-11-30", "2026-04-20") // 181 days after 2 June
	c.rhythm(all[14], "2024-03-04", "2024-08-20", "2025-01-20", "2025-10-15", "2026-03-30")
	c.rhythm(all[21], "2025-02-10", "2025-07-24", "2025-12-11") // and not since
	c.rhythm(all[26], "2025-03-01", "2025-08-20", "2026-03-02") // excepted: the bank changes it
	all[31].vault = false
	all[33].owner = nil
	all[37].vault = nil
	all[54].created, all[54].rotated = c.clock("2025-10-06 10:00"), nil // never rotated

	all[11].exposed = c.clock("2025-10-16 09:00")
	c.rhythm(all[11], "2025-01-27", "2025-07-01", "2025-10-17", "2026-03-20")
	all[11].rotated[1] = c.clock("2025-10-17 09:00") // 24 hours to the minute
	c.rhythm(all[16], "2025-01-13", "2025-06-24", "2025-12-08", "2026-02-12", "2026-06-15")
	all[16].exposed = c.clock("2026-02-10 11:00") // in a screenshot; rotated two days later
	all[41].exposed, all[41].retired = c.clock("2026-04-08 13:00"), c.clock("2026-04-08 16:30")
	all[41].rotated = slices.DeleteFunc(all[41].rotated, func(at civil.Instant) bool { return at > all[41].retired })

	// Owners who left: one replaced on the day, one nine days later.
	c.rhythm(all[18], "2025-01-20", "2025-06-30", "2025-10-09", "2026-03-16")
	all[18].owner = c.people[heads+1]
	c.rhythm(all[24], "2025-02-03", "2025-07-07", "2025-12-28", "2026-05-18")
	all[24].owner = c.people[heads+2]
	c.rhythm(all[28], "2025-02-03", "2025-06-20", "2025-11-24", "2026-03-01", "2026-06-11")
	all[28].owner = c.people[heads+3]
	all[28].rotated[2] = c.end(c.people[heads+3]) + 24*hour // to the minute
}

func (c *company) credentialFiles(all []*credential) []File {
	type rotation struct {
		x  *credential
		at civil.Instant
	}
	var rotations []rotation
	var list []row
	for _, x := range all {
		for _, at := range x.rotated {
			rotations = append(rotations, rotation{x, at})
		}
		var owner any
		if x.owner != nil {
			owner = x.owner.email
		}
		list = append(list, row{x.id, x.system, owner, x.kind, x.vault, x.created.In(c.zone), opt(x.retired), opt(x.exposed)})
		if x.created < c.period.End() && x.retired > c.period.Start() {
			c.counts("IAM-09", true)
		}
		if due := c.zone.DateOf(x.created) + rotationRhythm; c.dateInPeriod(due) && x.retired >= c.zone.End(due) {
			c.counts("IAM-09.2", true)
		}
		if c.inPeriod(x.exposed) {
			c.counts("IAM-09.4", true)
		}
		for _, p := range c.people {
			if p == x.owner && c.dateInPeriod(p.ended) && x.created < c.end(p) && x.retired > c.end(p) {
				c.counts("IAM-09.5", true)
			}
		}
	}
	c.deviates("IAM-09", "cr-032", "A", "a token that lies in a settings file")
	c.deviates("IAM-09", "cr-034", "B", "its owner moved on, and nobody took it over")
	c.undecided("IAM-09", "cr-038", "A", "the inventory does not say whether it is in the secrets manager")
	c.deviates("IAM-09.2", "cr-055/issued", "A", "never rotated since it was issued")
	c.deviates("IAM-09.4", "cr-017/exposed", "A", "rotated two days after it had been seen in a screenshot")
	c.deviates("IAM-09.5", c.people[heads+2].employment+"/cr-025", "A", "its owner left before Christmas, and it was replaced nine days later")

	slices.SortStableFunc(rotations, func(a, b rotation) int { return cmp.Compare(a.at, b.at) })
	var rows []row
	for i, r := range rotations {
		id := fmt.Sprintf("rt-%04d", i+1)
		due := c.zone.DateOf(r.at) + rotationRhythm
		if c.dateInPeriod(due) && r.x.retired >= c.zone.End(due) {
			c.counts("IAM-09.3", true)
			if why := lateRotations[r.x.id+" "+c.zone.DateOf(r.at).String()]; why != "" {
				c.deviates("IAM-09.3", id, "A", why)
			}
		}
		reason := "due"
		if r.x.exposed != civil.Never && r.at >= r.x.exposed && r.at < r.x.exposed+72*hour {
			reason = "exposure"
		}
		rows = append(rows, row{id, r.x.id, r.at.In(c.zone), reason})
	}
	f := c.counted(File{
		Register: "credentials", Name: "secrets-inventory.csv", Source: "secrets-manager", Query: "inventory joined to the cloud's credential report",
		Data: table(',', false, []string{"credential_id", "system", "owner", "kind", "in_vault", "created_at", "retired_at", "exposed_at"}, list),
	}, len(list))
	f.Extent = "full"
	return []File{f, c.counted(File{
		Register: "rotations", Name: "rotations.jsonl", Source: "secrets-manager", Query: "rotations of all secrets",
		Data: lines([]string{"rotation_id", "credential_id", "rotated_at", "reason"}, rows),
	}, len(rows))}
}
