// Package example invents a payments company and a year of its records, as the exports of the
// systems that such a company runs. The same seed gives the same bytes. Beside the records it
// writes down the story: what went wrong where, known because it was planted, so that a test
// of the rules has something to be compared with that no rule computed.
package example

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// Organization is the invented company. Its addresses end in .example, which nobody can own.
const Organization = "Harbourline Payments, Inc."

// File is one export, as its source would deliver it. Import the files in the order given.
type File struct {
	Register string            // the register it is imported into
	Name     string            // the name of the file
	Data     []byte            // its bytes
	Map      []byte            // the mapping file, nil where the names are the register's own
	MapName  string            // the name of the mapping file
	Source   string            // the system it comes from
	Query    string            // what that system was asked
	Params   map[string]string // "from" and "to": the civil dates asked for; nil where nobody wrote them down
	Expect   *int64            // rows counted by another path, nil where nobody counted
	Extent   string            // "full" where the source says that it delivered every row it has
	Control  map[string]int64  // totals as the source states them
}

// Story is what happened at the company in the period. Findings is complete: a test reports
// exactly these.
type Story struct {
	Organization string
	Report       string
	Categories   []string
	Period       civil.Period
	Findings     []Finding        // by test, then key bytes
	Counts       map[string]Count // by test
}

// Finding is one item that was made to deviate, or to be undecidable.
type Finding struct {
	Test       string
	Key        string
	Verdict    assure.Verdict
	Attributes []string // those with this verdict
	Why        string
}

// Count is the size of a test's population, counted while it was generated.
type Count struct {
	Population    int
	NotApplicable int
}

// Files makes the exports and their story.
func Files(seed uint64) ([]File, Story) { return Scaled(seed, 1) }

// Scaled is Files with the volume of daily work multiplied: more changes, runs, sessions and
// alerts, of the same people and with the same mishaps. The mishaps keep their number, so that
// the story stays readable; the populations grow.
func Scaled(seed uint64, factor int) ([]File, Story) {
	c := newCompany(seed, factor)
	files := []File{
		c.systems(),
		c.roster(),
		c.logins(),
		c.accountList(),
		c.accountLog(),
	}
	c.work()
	files = append(files,
		c.changeLog(),
		c.reviewLog(),
		c.incidentList(),
		c.accessReviews(),
		c.backups(),
	)
	vulnerabilities, waivers := c.vulnerabilities()
	files = append(files, vulnerabilities, waivers, c.settings())
	courses, trainings := c.trainings()
	files = append(files, courses, trainings)
	for _, part := range parts {
		files = append(files, part(c)...)
	}
	slices.SortFunc(c.story.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Test, b.Test), cmp.Compare(a.Key, b.Key))
	})
	return files, c.story
}

// parts are the areas of the company beyond its people, accounts and changes. Each draws from
// dice of its own, so that one may change without moving the others.
var parts = []func(*company) []File{
	(*company).governance, (*company).privileges, (*company).premises, (*company).infrastructure, (*company).delivery,
	(*company).response, (*company).suppliers, (*company).continuity, (*company).processing, (*company).privacy,
	(*company).funds, (*company).inspections, (*company).walkthroughs,
}

// dice are a part's own random numbers.
func (c *company) dice(part string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(part)) // a hash takes everything
	return rand.New(rand.NewPCG(c.seed, h.Sum64()))
}

// company is the generator's state. What its own files draw comes from rng in one fixed order.
type company struct {
	seed      uint64
	factor    int // how much work there is, 1 for a company of about 60,000 records a year
	rng       *rand.Rand
	zone      civil.Zone
	period    civil.Period
	people    []*person
	returned  []*person // in a second employment; they stand under their first among people
	accounts  []*account
	changes   []*change
	incidents []incident
	answers   []inspected // to the checklists, of all areas
	story     Story
}

func newCompany(seed uint64, factor int) *company {
	zone := must(civil.ParseZone("America/New_York"))
	period := must(civil.NewPeriod(day("2025-07-01"), day("2026-06-30"), zone))
	c := &company{
		seed: seed, factor: factor,
		rng: rand.New(rand.NewPCG(seed, 0x48617262)), zone: zone, period: period,
		story: Story{Organization: Organization, Report: "soc2-type2",
			Categories: []string{"security", "availability", "processing_integrity", "confidentiality", "privacy"},
			Period:     period, Counts: map[string]Count{}},
	}
	c.hire()
	c.openAccounts()
	return c
}

// deviates and undecided write the story down.
func (c *company) deviates(test, key, attributes, why string) {
	c.story.Findings = append(c.story.Findings, Finding{test, key, assure.Deviation, strings.Fields(attributes), why})
}

func (c *company) undecided(test, key, attributes, why string) {
	c.story.Findings = append(c.story.Findings, Finding{test, key, assure.Undecided, strings.Fields(attributes), why})
}

// counts adds an item to a test's population, and says whether the control applied to it.
func (c *company) counts(test string, applies bool) {
	n := c.story.Counts[test]
	n.Population++
	if !applies {
		n.NotApplicable++
	}
	c.story.Counts[test] = n
}

func (c *company) inPeriod(i civil.Instant) bool {
	return i >= c.period.Start() && i < c.period.End()
}

func (c *company) dateInPeriod(d civil.Date) bool { return d >= c.period.From && d <= c.period.To }

// at is a local time of a day, as "15:04".
func (c *company) at(d civil.Date, clock string) civil.Instant {
	return must(c.zone.ParseLocal(d.String() + "T" + clock + ":00"))
}

// minutes is a random length between two bounds.
func (c *company) minutes(from, to int) civil.Instant {
	return civil.Instant(from+c.rng.IntN(to-from+1)) * minute
}

const (
	minute civil.Instant = 60_000_000
	hour                 = 60 * minute
)

func day(s string) civil.Date { return must(civil.ParseDate(s)) }

func weekend(d civil.Date) bool { return !civil.Holidays{}.Business(d) }

// must is for values that this package itself writes.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
