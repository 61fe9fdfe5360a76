package example

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// policy is one document that binds people, as the policy register has it.
type policy struct {
	id, title       string
	owner, approver int    // heads; -1 where the register names none
	adopted         string // its first day in force
	approved        string // its last approval before the period, "" where there is none
	retired         string
}

var policyRegister = []policy{
	{"code-of-conduct", "Code of conduct", 4, 0, "2021-01-04", "2024-09-09", ""},
	{"confidentiality", "Confidentiality terms", 4, 0, "2021-01-04", "2025-02-03", ""},
	{"information-security", "Information security policy", 5, 0, "2021-03-01", "2024-11-04", ""},
	{"acceptable-use", "Acceptable use of equipment", 5, 2, "2021-03-01", "2025-03-10", ""},
	{"access-control", "Access control policy", 2, 5, "2021-03-15", "2024-11-03", ""},
	{"change-management", "Change management policy", 1, 5, "2021-03-15", "2024-10-14", ""},
	{"incident-plan", "Incident response plan", 5, 1, "2021-04-12", "2025-01-27", ""},
	{"data-classification", "Classification of data", 6, 5, "2021-05-03", "2025-05-26", ""},
	{"retention", "Retention of data", 6, 5, "2021-05-03", "2024-12-02", ""},
	{"privacy", "Privacy policy", 6, 0, "2021-05-25", "2025-05-20", ""},
	{"vendor-management", "Vendor management policy", 5, 0, "2021-06-07", "2025-01-20", ""},
	{"continuity", "Continuity plan", 3, -1, "2021-09-06", "2025-04-07", ""},
	{"cryptography", "Cryptography standard", 3, 5, "2022-02-07", "2025-02-24", ""},
	{"secure-development", "Secure development standard", 1, 5, "2022-02-07", "2024-12-16", ""},
	{"physical-security", "Physical security policy", 4, 5, "2022-08-01", "2025-03-31", ""},
	{"risk-management", "Risk management policy", 5, 0, "2021-06-07", "2024-10-28", ""},
	{"payment-operations", "Payment operations manual", 0, 0, "2021-02-01", "2025-06-16", ""},
	{"remote-work", "Working from home", 4, 0, "2021-04-06", "2025-02-10", "2025-12-31"}, // merged into acceptable use
	{"removable-media", "Removable media standard", 2, 5, "2025-03-10", "", ""},
	{"language-models", "Use of language models", 6, 0, "2025-04-01", "", ""},
}

// edition is one published version of a policy; it is in force until the next.
type edition struct {
	policy, version, published string
	material                   bool
}

// editions are those that matter to people: what they accepted, and when it changed.
var editions = []edition{
	{"code-of-conduct", "2.0", "2022-03-07", true},
	{"code-of-conduct", "3.0", "2024-03-04", true},
	{"code-of-conduct", "4.0", "2025-09-15", true},
	{"confidentiality", "1.0", "2021-01-04", true},
	{"confidentiality", "2.0", "2023-05-08", true},
	{"confidentiality", "2.1", "2026-02-09", false}, // a new address: nobody need accept it anew
	{"privacy", "2.0", "2023-06-05", true},
	{"privacy", "3.0", "2025-06-01", true}, // its thirty days end on the first day of the period
	{"information-security", "6.0", "2024-11-11", true},
	{"information-security", "7.0", "2025-11-10", true},
	{"acceptable-use", "4.0", "2024-03-11", true},
	{"acceptable-use", "5.0", "2026-03-09", true},
	{"data-classification", "2.0", "2024-06-03", true},
	{"data-classification", "3.0", "2026-06-01", true}, // its thirty days end the day after the period
	{"access-control", "5.1", "2025-11-07", false},
	{"change-management", "4.2", "2025-10-13", false},
	{"incident-plan", "6.0", "2026-01-26", false},
	{"secure-development", "2.3", "2025-12-11", false},
	{"cryptography", "1.4", "2026-02-20", false},
}

func (e edition) until() civil.Date {
	until := civil.MaxDate
	for _, x := range editions {
		if x.policy == e.policy && x.published > e.published {
			until = min(until, day(x.published)-1)
		}
	}
	return until
}

// inForce is the version of a policy in force on a day.
func inForce(policy string, d civil.Date) string {
	version := ""
	for _, e := range editions {
		if e.policy == policy && day(e.published) <= d {
			version = e.version
		}
	}
	return version
}

// policies are the register of policies, their versions and approvals, and what people accepted.
func (c *company) policies() []File {
	rng := c.dice("policies")
	list, approvals := c.policyList(rng)
	return []File{list, c.policyEditions(), approvals, c.acknowledgements(rng)}
}

// policyList has each policy with its approvals. The last approval before the period falls due in
// it again after twelve months; the approvals of the years before are sound.
func (c *company) policyList(rng *rand.Rand) (File, File) {
	var list, approvals []row
	name := func(head int) any {
		if head < 0 {
			return nil
		}
		return c.people[head].email
	}
	for _, p := range policyRegister {
		retired := civil.MaxDate
		if p.retired != "" {
			retired = day(p.retired)
		}
		if retired >= c.period.To { // what each rests on, an approval on record or its adoption, is for rules 2 and 3
			c.counts("POL-01", false)
		}
		last := c.approvals(rng, p, retired, func(on civil.Date, by int) string {
			id := fmt.Sprintf("pa-%s-%s", p.id, monthName(on))
			approvals = append(approvals, row{id, p.id, on, name(by)})
			return id
		})
		var approved any
		if last != 0 {
			approved = last
		}
		list = append(list, row{p.id, p.title, optText(inForce(p.id, c.period.To)), name(p.owner), name(p.approver), approved, day(p.adopted), optDate(retired)})
	}
	all := c.counted(File{
		Register: "policies", Name: "policies.csv", Source: "policy-register", Query: "policies, all states",
		Data: table(';', true, []string{"policy_id", "title", "version", "owner", "approver", "approved_on", "adopted_on", "retired_on"}, list),
	}, len(list))
	all.Extent = "full"
	return all, c.counted(File{
		Register: "policy_reviews", Name: "policy-approvals.jsonl", Source: "policy-register", Query: "approvals of all policies",
		Data: lines([]string{"review_id", "policy_id", "approved_on", "approved_by"}, approvals),
	}, len(approvals))
}

// approvals writes the approvals of one policy, and says when the last was.
func (c *company) approvals(rng *rand.Rand, p policy, retired civil.Date, approve func(civil.Date, int) string) civil.Date {
	by := max(p.approver, 0)
	switch p.id {
	case "removable-media": // in force since March, first approved in May
		c.counts("POL-01.3", true)
		c.counts("POL-01.2", true)
		approve(day("2025-05-02"), by)
		approve(day("2026-04-28"), by)
		return day("2026-04-28")
	case "language-models":
		c.counts("POL-01.3", true)
		c.deviates("POL-01.3", p.id+"/2026-04-01", "A", "published in a hurry a year ago, and never approved")
		return 0
	}
	before := day(p.approved)
	approve(before.AddMonths(-12)+3, by)
	id := approve(before, by)
	due := before.AddMonths(12)
	if due > retired {
		return before
	}
	key := p.id + "/" + id + "/" + due.String()
	c.counts("POL-01.2", true)
	on := due - civil.Date(3+rng.IntN(18))
	switch p.id {
	case "access-control":
		on = due + 1
		c.deviates("POL-01.2", key, "A", "approved twelve months and one day after the approval before")
	case "vendor-management":
		c.deviates("POL-01.2", key, "A", "the review was forgotten when its owner was on leave")
		return before
	case "retention":
		by = 3
		c.deviates("POL-01.2", key, "B", "approved by the platform lead, who is not its named approver")
	case "continuity":
		c.undecided("POL-01.2", key, "B", "the register names no approver")
	case "physical-security":
		on = due // the last day
	}
	approve(on, by)
	return on
}

func (c *company) policyEditions() File {
	var rows []row
	known := map[string]bool{}
	for _, e := range editions {
		known[e.policy] = true
		published := day(e.published)
		rows = append(rows, row{e.policy, e.version, published, published, optDate(e.until()), published - 5, e.material})
	}
	for _, p := range policyRegister { // the others are in their first version, which nobody had to accept anew
		if adopted := day(p.adopted); !known[p.id] {
			retired := civil.MaxDate
			if p.retired != "" {
				retired = day(p.retired)
			}
			rows = append(rows, row{p.id, "1.0", adopted, adopted, optDate(retired), adopted - 5, false})
		}
	}
	return c.counted(File{
		Register: "policy_versions", Name: "policy-versions.csv", Source: "policy-register", Query: "published versions",
		Data: table(',', false, []string{"policy_id", "version", "published_on", "effective_on", "retired_on", "approved_on", "material"}, rows),
	}, len(rows))
}

// acceptance is one person's word for one version of a document.
type acceptance struct {
	p         *person
	document  string
	version   string
	on        civil.Date
	undecided bool
	why       string // what is wrong with the version, if anything is
}

// oath is what one person owes of one document for the k-th time, 0 being the start.
type oath struct {
	p        *person
	document string
	k        int
}

// newcomer is the i-th of those who start in the period.
func (c *company) newcomer(i int) *person { return c.people[heads+10+8*i] }

// workforce is everybody who ever had an employment that these records know, the returned last.
func (c *company) workforce() []*person { return append(slices.Clone(c.people), c.returned...) }

func (c *company) acknowledgements(rng *rand.Rand) File {
	all := c.oaths(rng)
	all = append(all, c.readings(rng)...)
	office := c.steady(false)
	for i, on := range []string{"2025-09-18", "2025-09-22", "2025-10-06"} {
		all = append(all, acceptance{p: office[40+i], document: "code-of-conduct", version: "3.0", on: day(on),
			why: "accepted in the old version, through a link on a page of last year"})
	}
	all = append(all, acceptance{p: office[44], document: "confidentiality", on: day("2025-12-02"), undecided: true,
		why: "a signed paper that was scanned without its first page: the version is not on it"})
	slices.SortStableFunc(all, func(a, b acceptance) int { return cmp.Compare(a.on, b.on) })
	var rows []row
	for _, a := range all {
		if a.on > c.period.To {
			continue // the export was made when the period was over
		}
		id := fmt.Sprintf("ack-%05d", len(rows)+1)
		rows = append(rows, row{id, a.p.email, a.document, optText(a.version), a.on})
		if c.dateInPeriod(a.on) && (a.document == "code-of-conduct" || a.document == "confidentiality") {
			c.counts("GOV-01.3", true)
			if a.why != "" {
				c.tale("GOV-01.3", id, a.undecided, "A", a.why)
			}
		}
	}
	return c.counted(File{
		Register: "acknowledgements", Name: "acceptances.jsonl", Source: "policy-portal", Query: "acceptances of all documents",
		Data: lines([]string{"ack_id", "person_id", "document", "version", "accepted_on"}, rows),
	}, len(rows))
}

// oaths are the code and the terms that each worker accepts at the start and every year.
func (c *company) oaths(rng *rand.Rand) []acceptance {
	slips := c.brokenOaths()
	var all []acceptance
	for _, p := range c.workforce() {
		for k := 0; ; k++ {
			due, length := p.started+10, 10
			if k > 0 {
				due, length = p.due(k), 28
			}
			if due > c.period.To+30 {
				break
			}
			if due < c.period.From-40 || !p.inService(due) {
				continue
			}
			test, key := "GOV-01", p.employment
			if k > 0 {
				test, key = "GOV-01.2", p.employment+"/"+due.String()
			}
			if c.dateInPeriod(due) {
				c.counts(test, p.kind != "service")
			}
			if p.kind == "service" {
				continue
			}
			var missed, why string
			for i, document := range []string{"code-of-conduct", "confidentiality"} {
				late, slipped := slips[oath{p, document, k}]
				on := due - civil.Date(rng.IntN(length))
				if p == c.newcomer(9) {
					on = due // on the last day
				}
				if slipped {
					missed, why = missed+" "+[]string{"A", "B"}[i], late.why
					on = due + late.days
				}
				if slipped && late.days == 0 {
					continue
				}
				a := acceptance{p: p, document: document, version: inForce(document, on), on: on}
				if p == c.newcomer(5) && i == 0 {
					a.version, a.why = "3.0", "the welcome pack still had the code of conduct of last year"
				}
				all = append(all, a)
			}
			c.tale(test, key, false, missed, why)
		}
	}
	return all
}

type slip struct {
	days civil.Date // how late, 0 for never
	why  string
}

// brokenOaths says who accepted too late or not at all. An anniversary before September has no
// newer version that would heal it.
func (c *company) brokenOaths() map[oath]slip {
	slips := map[oath]slip{
		{c.newcomer(12), "code-of-conduct", 0}: {2, "accepted on the twelfth day"},
		{c.newcomer(16), "confidentiality", 0}: {0, "the terms were never sent for signature"},
		{c.newcomer(20), "code-of-conduct", 0}: {0, "the welcome pack of a summer intake went to a wrong address"},
		{c.newcomer(20), "confidentiality", 0}: {0, "the welcome pack of a summer intake went to a wrong address"},
	}
	anniversary := func(p *person, from, to string) int {
		for k := 1; p.due(k) <= day(to); k++ {
			if p.due(k) >= day(from) {
				return k
			}
		}
		return 0
	}
	found := 0
	for _, p := range c.steady(false) {
		if k := anniversary(p, "2025-07-03", "2025-09-08"); k > 0 && found < 2 {
			slips[oath{p, "code-of-conduct", k}] = slip{4, "accepted again four days after the thirty days were over"}
			found++
		}
	}
	for _, p := range c.steady(true)[7:9] {
		k := anniversary(p, "2025-07-01", "2026-06-30")
		slips[oath{p, "confidentiality", k}] = slip{0, "the yearly reminder was deleted unread"}
	}
	return slips
}

// readings are the acceptances of new material versions, by those in service when they came out.
func (c *company) readings(rng *rand.Rand) []acceptance {
	office, engineers := c.steady(false), c.steady(true)
	type reading struct {
		policy string
		p      *person
	}
	planted := map[reading]slip{
		{"privacy", office[3]}:                  {31, "accepted on the second day of the period, one day late"},
		{"code-of-conduct", engineers[12]}:      {0, "never accepted the new code of conduct"},
		{"information-security", office[51]}:    {31, "accepted one day after the thirty days"},
		{"information-security", office[52]}:    {31, "accepted one day after the thirty days"},
		{"information-security", engineers[20]}: {-1, "accepted the version before once more, and not the new one"},
		{"acceptable-use", engineers[31]}:       {44, "on leave when it came out; accepted on the first day back"},
		{"acceptable-use", office[55]}:          {-2, "the portal kept no version of this acceptance"},
	}
	var all []acceptance
	for _, e := range editions {
		published := day(e.published)
		due := published + 30
		if !e.material || due < c.period.From {
			continue
		}
		for _, p := range c.workforce() {
			if !p.inService(published) {
				continue
			}
			key := e.policy + "/" + e.version + "/" + p.employment
			if c.dateInPeriod(due) {
				c.counts("COM-01", p.kind != "service" && p.ended >= due)
			}
			if p.kind == "service" {
				continue
			}
			a := acceptance{p: p, document: e.policy, version: e.version, on: published + civil.Date(1+rng.IntN(27))}
			if p == office[20] {
				a.on = due // on the last day
			}
			if late, slipped := planted[reading{e.policy, p}]; slipped {
				c.tale("COM-01", key, late.days == -2, "A", late.why)
				switch late.days {
				case 0:
					continue
				case -1:
					a.version = "6.0"
				case -2:
					a.version = ""
				default:
					a.on = published + late.days
				}
			}
			if a.on <= p.ended {
				all = append(all, a)
			}
		}
	}
	return all
}
