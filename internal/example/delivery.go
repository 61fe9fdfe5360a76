package example

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// delivery are deployments, pipeline runs, features, workloads, and data changed or copied by hand.
func (c *company) delivery() []File {
	features, runs := c.features()
	return []File{c.deployLog(), runs, features, c.workloads(), c.copies(), c.fixes()}
}

const deployToolMap = `# Releases as the deployment tool logs them, by itself and not from the code host.
register: deployments
fields:
  deployment_id: run
  change_id: pull_request
  system: target
  environment: {from: stage, values: {prod: production}}
  commit: revision
  actor: started_by
  status: {from: result, values: {OK: succeeded, ERROR: failed, ROLLED BACK: rolled_back}}
  deployed_at: live_since
`

// deployLog is the second path to count changes by: every release that the tool made, and one
// that somebody made on the console, of which no change knows.
func (c *company) deployLog() File {
	rng := c.dice("deployments")
	type release struct {
		at  civil.Instant
		row row
	}
	var all []release
	robot := "harbourline-deploy"
	for _, ch := range c.changes {
		if ch.deployed == civil.Never {
			continue
		}
		stage := ch.environment
		if stage != "staging" {
			stage = "prod" // the tool knows, also where the code host does not
		}
		if rng.IntN(90) == 0 { // a first try that broke off
			all = append(all, release{ch.deployed - 4*minute, row{ch.key(), ch.system, stage, ch.head, robot, "ERROR", nil}})
		}
		all = append(all, release{ch.deployed, row{ch.key(), ch.system, stage, ch.head, robot, "OK", ch.deployed}})
	}
	at := c.when("2025-11-20T13:12")
	all = append(all, release{at, row{nil, "aws-production", "prod", nil, c.people[3].login, "OK", at}})
	slices.SortStableFunc(all, func(a, b release) int { return cmp.Compare(a.at, b.at) })
	var rows []row
	for i, r := range all {
		rows = append(rows, append(row{fmt.Sprintf("dp-%06d", 20001+i)}, r.row...))
	}
	f := c.counted(File{
		Register: "deployments", Name: "deploy-tool.tsv", Source: "deploy-tool", Query: "runs of all targets, all results",
		Data:    table('\t', false, []string{"run", "pull_request", "target", "stage", "revision", "started_by", "result", "live_since"}, rows),
		MapName: "deploy-tool.map.yaml", Map: []byte(deployToolMap),
	}, len(rows))
	f.Extent = "full"
	return f
}

// quiet is the first sound change that was merged on a day and released within the period.
func (c *company) quiet(on string) *change {
	for _, ch := range c.changes {
		if c.zone.DateOf(ch.merged) == day(on) && ch.told == nil && !ch.emergency && ch.environment == "production" &&
			ch.deployed != civil.Never && c.inPeriod(ch.deployed) {
			return ch
		}
	}
	panic("example: no sound change on " + on)
}

// engineer draws an engineer in service who is none of the others.
func (c *company) engineer(rng *rand.Rand, d civil.Date, not ...*person) *person {
	for {
		p := c.people[rng.IntN(heads+engineers)]
		if p.engineer && p.started+14 <= d && d < p.ended && !slices.Contains(not, p) {
			return p
		}
	}
}

// run is one run of the build pipeline.
type run struct {
	ch           *change
	commit       string
	static       any
	dependencies bool
	secrets      bool
	critical     any
	finished     civil.Instant
	bent         planted // what it comes to for the run itself
}

// features have a risk rating; those rated high owe a design review and scans. Every sixth change
// has its run here, as have all features.
func (c *company) features() (features, runs File) {
	rng := c.dice("features")
	var all []*run
	built := map[*change]*run{}
	build := func(ch *change) *run {
		if built[ch] == nil {
			built[ch] = &run{ch: ch, commit: ch.head, static: true, dependencies: true, secrets: true, critical: 0,
				finished: ch.merged - after(rng, 4, 25)}
			all = append(all, built[ch])
		}
		return built[ch]
	}
	for _, ch := range c.changes {
		if ch.number%6 != 0 {
			continue
		}
		r := build(ch)
		if ch.number%60 == 0 { // an earlier commit, stopped by what the scan found
			all = append(all, &run{ch: ch, commit: fmt.Sprintf("%x", sum(ch.head)), static: true, dependencies: true, secrets: true,
				critical: 1 + rng.IntN(3), finished: r.finished - after(rng, 100, 700)})
		}
	}
	unread := build(c.quiet("2026-02-18"))
	unread.static, unread.bent = nil, planted{undecided: true, attributes: "A", why: "the log of the static scan was cut off"}

	list := c.featureList(rng)
	var rows []row
	for i, x := range list {
		id := fmt.Sprintf("FT-%d", 301+i)
		r := build(x.ch)
		if x.bend != nil {
			x.bend(r, x)
		}
		rows = append(rows, row{id, x.ch.key(), x.risk, x.by, x.at, x.ch.merged})
		if x.risk == nil || x.risk == "high" {
			c.counts("CHG-05", true)
			if x.story.attributes != "" {
				c.record("CHG-05", id, x.story)
			}
		}
	}
	all = slices.DeleteFunc(all, func(r *run) bool { return r.commit == "" })
	slices.SortStableFunc(all, func(a, b *run) int { return cmp.Compare(a.finished, b.finished) })
	var log []row
	for i, r := range all {
		id := fmt.Sprintf("run-%06d", 50001+i)
		log = append(log, row{id, r.ch.key(), r.commit, r.static, r.dependencies, r.secrets, r.critical, r.finished})
		if c.inPeriod(r.finished) {
			c.counts("CHG-05.2", true)
			if r.bent.attributes != "" {
				c.record("CHG-05.2", id, r.bent)
			}
		}
	}
	return c.counted(File{
			Register: "features", Name: "features.json", Source: "tracker", Query: "issue type feature, merged in the period",
			Data: jsonList([]string{"feature_id", "change_id", "risk", "review_approved_by", "review_approved_at", "merged_at"}, rows),
		}, len(rows)), c.counted(File{
			Register: "pipeline_runs", Name: "pipeline-scans.jsonl", Source: "build-pipeline", Query: "jobs static-scan, dependency-scan, secret-scan",
			Data: lines([]string{"run_id", "change_id", "commit", "static_scan", "dependency_scan", "secret_scan", "open_critical", "finished_at"}, log),
		}, len(log))
}

// sum spells another commit from one, so that a branch has a history.
func sum(head string) []byte {
	b := []byte(head[20:] + head[:20])
	slices.Reverse(b)
	return b[:20]
}

// feature is one feature with its security design review.
type feature struct {
	ch     *change
	risk   any
	by, at any
	story  planted
	bend   func(*run, *feature)
}

func (c *company) featureList(rng *rand.Rand) []*feature {
	var list []*feature
	add := func(on string, story planted, bend func(*run, *feature)) {
		ch := c.quiet(on)
		x := &feature{ch: ch, risk: "high", by: c.people[5].email, at: ch.merged - after(rng, 2000, 15000), story: story, bend: bend}
		list = append(list, x)
	}
	for _, on := range []string{"2025-07-01", "2025-07-15", "2025-09-03", "2025-10-22", "2025-12-02", "2026-02-10", "2026-04-01", "2026-05-06", "2026-06-17"} {
		add(on, planted{}, nil)
	}
	for i, on := range []string{"2025-07-30", "2025-08-27", "2025-09-17", "2025-10-14", "2025-11-12", "2026-01-06", "2026-02-03", "2026-03-25", "2026-04-14", "2026-06-02"} {
		add(on, planted{}, nil)
		list[len(list)-1].risk = []string{"medium", "low"}[i%2]
		if i%2 == 1 {
			list[len(list)-1].by, list[len(list)-1].at = nil, nil // nobody need review it
		}
	}
	dev := func(attributes, why string) planted { return planted{attributes: attributes, why: why} }
	add("2025-08-13", dev("A", "shipped for a customer's deadline, without a design review"), func(_ *run, x *feature) { x.by, x.at = "", nil })
	add("2025-10-01", dev("B", "the design review was approved the day after the merge"), func(_ *run, x *feature) { x.at = x.ch.merged + 25*hour })
	add("2025-11-05", dev("D", "the dependency scan was switched off in the branch"), func(r *run, _ *feature) {
		r.dependencies, r.bent = false, dev("A", "the dependency scan was switched off in the branch")
	})
	add("2026-01-21", dev("F", "the only scan finished half an hour after the release"), func(r *run, x *feature) { r.finished = x.ch.deployed + 30*minute })
	add("2026-03-11", dev("F", "released with a critical finding open"), func(r *run, _ *feature) {
		r.critical, r.bent = 1, dev("B", "somebody marked the blocked build as passed")
	})
	add("2026-04-23", dev("C D E", "built on a developer's machine"), func(r *run, _ *feature) { r.commit = "" })
	add("2026-05-27", planted{undecided: true, attributes: "B", why: "the review names who approved it, and not when"}, func(_ *run, x *feature) { x.at = nil })
	add("2025-12-16", planted{undecided: true, attributes: "A B C D E F", why: "nobody rated its risk"}, func(_ *run, x *feature) { x.risk = nil })
	slices.SortStableFunc(list, func(a, b *feature) int { return cmp.Compare(a.ch.merged, b.ch.merged) })
	return list
}

// workload is one program that was started in production.
type workload struct {
	image   string
	signed  any
	by      string // the change that allowed an exception
	started civil.Instant
	bent    planted
}

func (c *company) workloads() File {
	rng := c.dice("workloads")
	var all []workload
	image := func(ch *change) string {
		return "registry.harbourline.example/" + ch.repository[12:] + ":" + ch.head[:12]
	}
	for _, ch := range c.changes {
		if ch.number%6 == 1 && ch.environment == "production" && ch.deployed != civil.Never {
			all = append(all, workload{image: image(ch), signed: true, started: ch.deployed + after(rng, 1, 9)})
		}
	}
	for _, at := range c.borders() {
		all = append(all, workload{image: "registry.harbourline.example/settle-batch:nightly", signed: true, started: at})
	}
	for _, ch := range c.changes {
		if ch.emergency && (ch.incident == c.incidents[0].id || ch.incident == c.incidents[5].id) {
			all = append(all, workload{image: image(ch), signed: false, by: ch.key(), started: ch.deployed + 3*minute})
		}
	}
	plain := c.quiet("2025-12-11")
	dev := func(attributes, why string) planted { return planted{attributes: attributes, why: why} }
	all = append(all,
		workload{image(plain), false, plain.key(), plain.deployed + 5*minute, dev("B", "the signing service was down; the change it names was an ordinary one")},
		workload{"docker.io/library/busybox:1.36", false, "", c.when("2025-09-25T14:22"), dev("A", "a shell started for debugging from a public registry")},
		workload{"registry.harbourline.example/ledger-api:dev-test", false, "", c.when("2026-03-19T19:48"), dev("A", "an image from a laptop, let in while the admission check only warned")},
		workload{"registry.harbourline.example/reports:backfill", nil, "", c.when("2026-05-13T23:31"),
			planted{undecided: true, attributes: "A", why: "the admission log of that hour was lost"}},
	)
	slices.SortStableFunc(all, func(a, b workload) int { return cmp.Compare(a.started, b.started) })
	var rows []row
	for i, w := range all {
		id := fmt.Sprintf("wl-%06d", i+1)
		rows = append(rows, row{id, "aws-production", w.image, w.signed, w.started, optText(w.by)})
		if c.inPeriod(w.started) {
			c.counts("MAL-02", true)
			if w.bent.attributes != "" {
				c.record("MAL-02", id, w.bent)
			}
		}
	}
	return c.counted(File{
		Register: "workloads", Name: "cluster-starts.jsonl", Source: "cluster-audit", Query: "admission decisions for pods in production namespaces",
		Data: lines([]string{"workload_id", "system", "image", "signed", "started_at", "change_id"}, rows),
	}, len(rows))
}

// dataCopy is one export or share of production data.
type dataCopy struct {
	system, to   string
	at           civil.Instant
	by           any
	approved     civil.Instant
	masked, mask any
	bent         planted
}

// copies go to staging, masked and approved, or stay in production. The account map is the list
// of systems.
func (c *company) copies() File {
	rng := c.dice("copies")
	for _, s := range estate {
		if s.inScope {
			c.counts("CHG-04.2", true)
		}
	}
	c.deviates("CHG-04.2", "analytics-db", "B", "the analysts' sandbox runs in the same account")
	c.deviates("CHG-04.2", "log-archive", "A", "its account is not on the map")
	var all []dataCopy
	sound := func(at civil.Instant) dataCopy {
		x := dataCopy{among(rng, []string{"customer-db", "analytics-db"}), "staging", at, c.people[6].email, at - after(rng, 60, 4000), true,
			fmt.Sprintf("masking-job-%d", 7000+rng.IntN(2000)), planted{}}
		if rng.IntN(4) == 0 { // a copy for production itself: nobody need approve it
			x.to, x.by, x.approved, x.masked, x.mask = "production", nil, civil.Never, nil, nil
		}
		return x
	}
	for d := c.period.From + civil.Date(3+rng.IntN(4)); d <= c.period.To; d += civil.Date(9 + rng.IntN(9)) {
		for range c.factor {
			all = append(all, sound(c.at(d, "09:00")+after(rng, 0, 540)))
		}
	}
	for _, at := range c.borders() {
		x := sound(at)
		x.to, x.by, x.approved, x.masked, x.mask = "staging", c.people[6].email, at, true, "masking-job-border"
		all = append(all, x)
	}
	add := func(at string, bent planted, bend func(*dataCopy)) {
		x := dataCopy{"customer-db", "staging", c.when(at), c.people[6].email, c.when(at) - 3*hour, true, "masking-job-8800", bent}
		bend(&x)
		all = append(all, x)
	}
	dev := func(attributes, why string) planted { return planted{attributes: attributes, why: why} }
	add("2025-08-07T18:15", dev("A", "copied to staging to chase a bug; nobody was asked"), func(x *dataCopy) { x.by, x.approved = "", civil.Never })
	add("2025-11-04T10:30", dev("B", "approved the next morning"), func(x *dataCopy) { x.approved = x.at + 22*hour })
	add("2026-01-29T15:45", dev("C", "the masking step was skipped for a load test"), func(x *dataCopy) { x.to, x.masked, x.mask = "development", false, nil })
	add("2026-03-12T11:20", dev("D", "the report of the masking job was not kept"), func(x *dataCopy) { x.mask = "" })
	add("2026-06-04T09:40", planted{undecided: true, attributes: "C D", why: "a share made on the console: the log does not say whether it was masked"},
		func(x *dataCopy) { x.masked, x.mask = nil, nil })
	slices.SortStableFunc(all, func(a, b dataCopy) int { return cmp.Compare(a.at, b.at) })
	var rows []row
	for i, x := range all {
		id := fmt.Sprintf("cp-%04d", i+1)
		rows = append(rows, row{id, x.system, x.to, x.at, x.by, opt(x.approved), x.masked, x.mask})
		if c.inPeriod(x.at) {
			c.counts("CHG-04", x.to != "production")
			if x.bent.attributes != "" {
				c.record("CHG-04", id, x.bent)
			}
		}
	}
	return c.counted(File{
		Register: "data_copies", Name: "data-copies.jsonl", Source: "cloud-audit-log", Query: "export, snapshot-share and copy events of databases and buckets",
		Data: lines([]string{"copy_id", "system", "to_environment", "copied_at", "approved_by", "approved_at", "masked", "masking_proof"}, rows),
	}, len(rows))
}

// fix is one direct change of data in production.
type fix struct {
	author, runBy           string
	pipeline, scripted      bool
	owner, engineer         string
	ownerAt, engineerAt, at civil.Instant
	system                  string
	expected                int
	changed                 any
}

func (c *company) fixes() File {
	rng := c.dice("fixes")
	d := diary[fix]{c: c, test: "CHG-06", id: "fix-%04d",
		sound: func(at civil.Instant) fix {
			on := c.zone.DateOf(at)
			author := c.engineer(rng, on, c.people[6])
			second := c.engineer(rng, on, author, c.people[6])
			n := 1 + rng.IntN(4000)
			return fix{author.login, "harbourline-deploy", true, true, c.people[6].email, second.login,
				at - after(rng, 90, 900), at - after(rng, 20, 600), at, among(rng, []string{"customer-db", "analytics-db"}), n, n}
		},
		cells: func(x *fix) row {
			return row{x.system, x.author, x.runBy, x.pipeline, x.scripted, x.owner, opt(x.ownerAt), x.engineer, opt(x.engineerAt), x.at, x.expected, x.changed}
		},
	}
	for on := c.period.From + civil.Date(2+rng.IntN(5)); on <= c.period.To; on += civil.Date(4 + rng.IntN(8)) {
		for range c.factor {
			d.fine(c.at(on, "10:00") + after(rng, 0, 420))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.wrong("2025-07-24 16:05", "A", "typed into a console by the pipeline's identity, without a script", func(x *fix) { x.scripted = false })
	d.wrong("2025-09-10 11:35", "B", "the data owner approved it an hour after the run", func(x *fix) { x.ownerAt = x.at + hour })
	d.wrong("2025-10-16 14:50", "C", "the second engineer was the author, under a login kept from an earlier job", func(x *fix) {
		x.author, x.engineer = c.people[heads+4].login, c.people[heads+4].second
	})
	d.wrong("2025-12-18 17:40", "D", "the data owner signed for the second engineer too", func(x *fix) { x.engineer = c.people[6].email })
	d.wrong("2026-02-19 22:15", "E", "run by hand while the pipeline was down, reviewed before", func(x *fix) {
		x.pipeline, x.runBy = false, x.engineer
	})
	d.wrong("2026-04-08 01:20", "C E G", "an engineer ran a script of their own at night, which nobody had reviewed", func(x *fix) {
		x.pipeline, x.runBy, x.engineer, x.engineerAt = false, x.author, "", civil.Never
	})
	d.wrong("2026-05-19 15:10", "F", "forty rows more than expected: the filter missed a tenant", func(x *fix) { x.changed = x.expected + 40 })
	d.unclear("2026-06-11 10:55", "F", "the count after the run was not written down", func(x *fix) { x.changed = nil })
	rows := d.rows(1)
	return c.counted(File{
		Register: "data_changes", Name: "data-fixes.json", Source: "database-audit", Query: "write statements outside the applications",
		Data: jsonList([]string{"data_change_id", "system", "author", "run_by", "by_pipeline", "scripted", "owner_approved_by", "owner_approved_at",
			"engineer_approved_by", "engineer_approved_at", "run_at", "rows_expected", "rows_changed"}, rows),
	}, len(rows))
}
