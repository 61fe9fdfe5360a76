package example

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// change is one deployment with what the code host knows of it.
type change struct {
	number           int
	repository       string
	system           string
	environment      any // nil where the deploy log does not say
	author, last     *person
	authorName       string // as the code host names the author
	head             string
	merged, deployed civil.Instant
	pipeline         any // nil where no run was found
	ticket, title    string
	emergency        bool
	incident         string
	reviews          []review
	told             func(key string) // writes the story down once the change has its number
}

type review struct {
	by       *person
	name     string
	decision string
	at       civil.Instant
	commit   string
}

var (
	services = []string{"ingest", "ledger-api", "reports", "console", "billing-sync", "infrastructure"}
	verbs    = []string{"Add", "Remove", "Speed up", "Simplify", "Guard", "Rename", "Cache", "Log"}
	objects  = []string{"export paging", "retry budget", "tenant filter", "invoice rounding", "webhook signatures",
		"audit columns", "queue limits", "date picker", "index hints", "rate limits", "upload checks", "health probe"}
)

// work fills the year with changes: twelve a working day.
func (c *company) work() {
	c.happen()
	for d := c.period.From - 8; d <= c.period.To+6; d++ {
		if weekend(d) {
			continue
		}
		for range (9 + c.rng.IntN(7)) * c.factor {
			ch := c.ordinary(d)
			if c.rng.IntN(9) == 0 {
				ch.environment = "staging"
				if c.rng.IntN(2) == 0 {
					ch.reviews = nil // nobody need approve what stays in staging
				}
			}
		}
	}
	c.plantChanges()
	c.plantEmergencies()
	c.edges()
	slices.SortStableFunc(c.changes, func(a, b *change) int {
		return cmp.Or(cmp.Compare(a.merged, b.merged), cmp.Compare(a.head, b.head))
	})
	for i, ch := range c.changes {
		ch.number = 4001 + i
		c.tell(ch)
	}
}

func (ch *change) key() string { return fmt.Sprintf("pr-%d", ch.number) }

// tell counts the change where it belongs and writes its story down.
func (c *company) tell(ch *change) {
	member := ch.deployed
	if member == civil.Never {
		member = ch.merged
	}
	if ch.environment == "staging" || !c.inPeriod(member) {
		return
	}
	if ch.emergency && ch.incident != "" {
		c.counts("CHG-01", false)
		c.counts("CHG-03", true)
	} else {
		c.counts("CHG-01", true)
	}
	if ch.told != nil {
		ch.told(ch.key())
	}
}

// ordinary is a sound change: tested, with a ticket, approved by somebody else, then deployed.
func (c *company) ordinary(d civil.Date) *change {
	ch := c.begin(d)
	if c.rng.IntN(10) == 0 {
		ch.last = c.colleague(d, ch.author)
	}
	ch.merged = c.at(d, "09:30") + c.minutes(0, 420)
	ch.deployed = ch.merged + c.minutes(8, 200)
	first := ch.merged - c.minutes(90, 400)
	by := c.colleague(d, ch.author, ch.last)
	switch c.rng.IntN(10) {
	case 0, 1:
		ch.review(by, "changes_requested", first, c.commit())
	case 2:
		ch.review(c.colleague(d, ch.author), "commented", first, c.commit())
	}
	ch.review(by, "approved", ch.merged-c.minutes(3, 80), ch.head)
	return ch
}

func (c *company) begin(d civil.Date) *change {
	author := c.colleague(d)
	ch := &change{
		repository: "harbourline/" + services[c.rng.IntN(len(services))], environment: "production",
		author: author, last: author, authorName: author.login, head: c.commit(), pipeline: "success",
		ticket: fmt.Sprintf("HB-%d", 1000+c.rng.IntN(8000)),
		title:  verbs[c.rng.IntN(len(verbs))] + " " + objects[c.rng.IntN(len(objects))],
	}
	ch.system = "aws-production"
	c.changes = append(c.changes, ch)
	return ch
}

func (ch *change) review(by *person, decision string, at civil.Instant, commit string) {
	ch.reviews = append(ch.reviews, review{by, by.login, decision, at, commit})
}

func (c *company) commit() string {
	b := make([]byte, 20)
	for i := range b {
		b[i] = byte(c.rng.UintN(256))
	}
	return hex.EncodeToString(b)
}

// approval is the last review, which ordinary made the approval.
func (ch *change) approval() *review { return &ch.reviews[len(ch.reviews)-1] }

// planted is one change bent by hand, on a day of its own.
type planted struct {
	on         string
	undecided  bool
	attributes string
	why        string
	bend       func(c *company, ch *change)
}

var bentChanges = []planted{
	{"2025-07-22", false, "B", "a commit was added after the approval", func(c *company, ch *change) { ch.approval().commit = c.commit() }},
	{"2026-03-03", false, "B", "a commit was added after the approval", func(c *company, ch *change) { ch.approval().commit = c.commit() }},
	{"2025-08-19", false, "A", "the author approved with a second login", func(c *company, ch *change) {
		ch.author = c.people[heads+4]
		ch.last, ch.authorName = ch.author, ch.author.login
		ch.reviews = []review{{ch.author, ch.author.second, "approved", ch.merged - 20*minute, ch.head}}
	}},
	{"2025-09-16", false, "C", "approved forty minutes after the deployment", func(_ *company, ch *change) { ch.approval().at = ch.deployed + 40*minute }},
	{"2026-01-13", false, "C", "approved the next morning", func(_ *company, ch *change) { ch.approval().at = ch.deployed + 18*hour }},
	{"2025-10-07", false, "E", "the ticket field was left empty", func(_ *company, ch *change) { ch.ticket = "" }},
	{"2026-04-21", false, "E", "the ticket field was left empty", func(_ *company, ch *change) { ch.ticket = "" }},
	{"2025-11-18", false, "D", "deployed although the tests had failed", func(_ *company, ch *change) { ch.pipeline = "failure" }},
	{"2026-05-12", false, "D", "deployed without a test run", func(_ *company, ch *change) { ch.pipeline = "skipped" }},
	{"2025-12-09", false, "A", "approved by the person who made the last commit", func(c *company, ch *change) {
		ch.last = c.colleague(day("2025-12-09"), ch.author)
		ch.reviews = nil
		ch.review(ch.last, "approved", ch.merged-15*minute, ch.head)
	}},
	{"2026-02-05", false, "A", "an emergency that nobody declared: deployed at night without approval", func(c *company, ch *change) {
		ch.reviews, ch.title = nil, "Hot fix of queue limits"
		ch.merged = c.at(day("2026-02-05"), "02:40")
		ch.deployed = ch.merged + 6*minute
	}},
	{"2026-06-09", false, "A", "declared an emergency without an incident, deployed without approval", func(_ *company, ch *change) {
		ch.reviews, ch.emergency = nil, true
	}},
	{"2026-06-16", false, "A E", "neither reviewed nor tied to a ticket", func(_ *company, ch *change) { ch.reviews, ch.ticket = nil, "" }},
	{"2025-09-04", true, "A B C D E", "the deploy log does not say which environment", func(_ *company, ch *change) { ch.environment = nil }},
	{"2025-11-06", true, "A B C", "the author's login belongs to nobody", func(_ *company, ch *change) {
		ch.authorName = "mthorne-old"
	}},
	{"2026-01-27", true, "D", "no pipeline run was found", func(_ *company, ch *change) { ch.pipeline = nil }},
	{"2026-03-24", true, "D", "no pipeline run was found", func(_ *company, ch *change) { ch.pipeline = nil }},
}

func (c *company) plantChanges() {
	for _, p := range bentChanges {
		ch := c.ordinary(day(p.on))
		p.bend(c, ch)
		ch.told = func(key string) { c.record("CHG-01", key, p) }
	}
}

func (c *company) record(test, key string, p planted) {
	if p.undecided {
		c.undecided(test, key, p.attributes, p.why)
	} else {
		c.deviates(test, key, p.attributes, p.why)
	}
}

// Emergencies have an incident, an approval by the incident's lead, and a review by the end of
// the second business day. The days keep clear of public holidays.
var emergencies = []planted{
	{"2025-07-17", false, "", "", nil},
	{"2025-08-22", false, "", "", func(c *company, ch *change) { // a Friday: Tuesday is the second business day
		ch.approval().at = c.at(day("2025-08-26"), "17:20")
	}},
	{"2025-09-24", false, "C", "reviewed on the fourth business day", func(c *company, ch *change) {
		ch.approval().at = c.at(day("2025-09-30"), "10:05")
	}},
	{"2025-10-29", false, "", "", nil},
	{"2025-12-03", false, "B", "nobody but the author approved the deployment", func(_ *company, ch *change) {
		ch.reviews[0].by, ch.reviews[0].name = ch.author, ch.author.login
	}},
	{"2026-01-07", false, "", "", nil},
	{"2026-02-24", false, "A", "names an incident that does not exist", func(_ *company, ch *change) { ch.incident = "INC-2099" }},
	{"2026-03-18", false, "", "", nil},
	{"2026-04-15", false, "C", "never reviewed afterwards", func(_ *company, ch *change) { ch.reviews = ch.reviews[:1] }},
	{"2026-05-06", false, "", "", nil},
}

func (c *company) plantEmergencies() {
	for i, p := range emergencies {
		d := day(p.on)
		ch := c.begin(d)
		ch.emergency, ch.incident = true, c.incidents[i].id
		ch.title = "Emergency: restore " + objects[i]
		ch.deployed = c.incidents[i].detected + 50*minute
		ch.merged = ch.deployed - 9*minute
		lead := c.colleague(d, ch.author)
		ch.review(lead, "approved", ch.merged-5*minute, ch.head)
		next := d + 1
		for weekend(next) {
			next++
		}
		ch.review(c.colleague(d, ch.author, lead), "approved", c.at(next, "11:30"), ch.head)
		if p.bend != nil {
			p.bend(c, ch)
		}
		if p.attributes != "" {
			ch.told = func(key string) { c.record("CHG-03", key, p) }
		}
	}
}

// edges lie on the first and the last instant of the period, and just outside it.
func (c *company) edges() {
	for _, at := range []civil.Instant{c.period.Start(), c.period.End() - 1, c.period.Start() - 1, c.period.End()} {
		ch := c.ordinary(c.zone.DateOf(at))
		shift := at - ch.deployed
		ch.merged, ch.deployed = ch.merged+shift, at
		for i := range ch.reviews {
			ch.reviews[i].at += shift
		}
	}
	for _, on := range []string{"2025-10-21", "2026-02-11", "2026-05-20"} {
		c.ordinary(day(on)).deployed = civil.Never // merged, not deployed yet: it counts by its merge
	}
}

func (c *company) changeLog() File {
	var rows []row
	for _, ch := range c.changes {
		environment := ch.environment
		if environment == "production" {
			environment = "prod"
		}
		rows = append(rows, row{ch.key(), ch.repository, ch.system, environment, ch.authorName, ch.last.login, ch.author.login, ch.head,
			ch.merged, opt(ch.deployed), ch.pipeline, ch.ticket, ch.emergency, optText(ch.incident), ch.title, 1 + ch.number*7%240})
	}
	return c.counted(File{
		Register: "changes", Name: "deployments.jsonl", Source: "deploy-log", Query: "deployments of all services, joined to their merge",
		Data: lines([]string{"id", "repo", "target", "env", "author", "last_committer", "merged_by", "sha",
			"merged_at", "deployed_at", "pipeline", "ticket", "emergency", "incident", "title", "lines"}, rows),
		MapName: "deployments.map.yaml", Map: []byte(deploymentsMap),
	}, len(rows))
}

func (c *company) reviewLog() File {
	type entry struct {
		ch *change
		review
	}
	var all []entry
	for _, ch := range c.changes {
		for _, r := range ch.reviews {
			all = append(all, entry{ch, r})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	var rows []row
	for i, e := range all {
		state := map[string]string{"approved": "APPROVED", "changes_requested": "CHANGES_REQUESTED", "commented": "COMMENTED"}[e.decision]
		rows = append(rows, row{fmt.Sprintf("rv-%d", 70001+i), e.ch.key(), e.name, state, e.at.In(c.zone), e.commit})
	}
	return c.counted(File{
		Register: "reviews", Name: "reviews.csv", Source: "github", Query: "reviews of merged pull requests",
		Data:    table(';', true, []string{"Review", "Pull request", "Reviewer", "State", "Submitted", "Commit"}, rows),
		MapName: "reviews.map.yaml", Map: []byte(reviewsMap),
	}, len(rows))
}
