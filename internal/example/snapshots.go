package example

import (
	"cmp"
	"path"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// stateLog is what scanners and consoles saw of the assets, oldest first.
func (c *company) stateLog(list []asset) []File {
	rules := slices.Concat(c.branchRules(), c.deployRights())
	edge := slices.Concat(c.protocols(list), c.edgeCover(list))
	devices := slices.Concat(c.postures(list), c.agents(list))
	return []File{
		c.snapshotFile(rules, "branch-rules.jsonl", "github", "rules of branches and deploy targets, nightly and on change"),
		c.snapshotFile(edge, "edge-scan.jsonl", "posture-scan", "settings tls_min and edge of endpoints and links"),
		c.snapshotFile(c.encryption(), "storage-encryption.json", "cloud-inventory", "encryption of databases and buckets, nightly and on change"),
		c.snapshotFile(devices, "devices.tsv", "device-management", "posture, access and protection of laptops and hosts"),
	}
}

func (c *company) snapshotFile(all []*series, name, source, query string) File {
	var rows []row
	for _, s := range all {
		for _, x := range s.list {
			rows = append(rows, row{s.thing, s.setting, x.value, x.at})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a[3].(civil.Instant), b[3].(civil.Instant)) })
	columns := []string{"asset", "setting", "value", "observed_at"}
	f := File{Register: "asset_states", Name: name, Source: source, Query: query}
	switch path.Ext(name) {
	case ".json":
		f.Data = jsonList(columns, rows)
	case ".tsv":
		f.Data = table('\t', true, columns, rows)
	default:
		f.Data = lines(columns, rows)
	}
	if name == "devices.tsv" { // the console exports what it shows, and counts nothing
		return f
	}
	return c.counted(f, len(rows))
}

// branchRules are read every night and when somebody turns them.
func (c *company) branchRules() []*series {
	const review, tests, admins = "review_required", "tests_required", "admins_bound"
	all := map[string]*series{}
	var list []*series
	for _, name := range ownRepositories {
		for _, setting := range []string{review, tests, admins} {
			s := c.daily(name, setting, "true", 0)
			all[name+" "+setting] = s
			list = append(list, s)
		}
		c.countDays("CHG-02.2", 0, civil.Never)
	}
	ledger, ingest, console, infra := ownRepositories[1], ownRepositories[0], ownRepositories[2], ownRepositories[3]
	c.deviates("CHG-02", all[ledger+" "+review].turn(c.when("2025-10-23T21:10"), c.when("2025-10-23T23:55"), "false"), "A",
		"reviews were switched off for an evening, to merge a vendor's branch")
	c.deviates("CHG-02", all[ingest+" "+tests].turn(c.period.Start()-60*minute, c.period.Start()+2*hour, "false"), "B",
		"switched off an hour before the period began, and on again two hours into it")
	c.deviates("CHG-02", all[console+" "+admins].turn(c.when("2026-02-05T02:20"), c.when("2026-02-05T02:55"), "false"), "C",
		"an administrator freed himself of the rules for the fix at night that nobody declared")
	c.undecided("CHG-02", all[infra+" "+review].nights("2026-05-14", "2026-05-14", nil), "A", "the code host answered the scan with an error that night")
	for _, setting := range []string{review, tests, admins} {
		all[console+" "+setting].silent("2025-12-27", "2025-12-28")
	}
	for _, d := range []string{"2025-12-27", "2025-12-28"} {
		c.deviates("CHG-02.2", console+"/"+d, "A B C", "the scanner's token had expired over the holidays")
	}
	all[ingest+" "+tests].silent("2026-04-09", "2026-04-09")
	c.deviates("CHG-02.2", ingest+"/2026-04-09", "B", "the rule on tests was left out of that night's export")
	for _, s := range list {
		s.countSpans("CHG-02")
	}
	return list
}

// deployRights say who can deploy to production. Two emergencies opened them: one was closed
// again the same day, the other one only after six.
func (c *company) deployRights() []*series {
	s := c.daily("aws-production", "deployers", "pipeline", 0)
	c.countDays("CHG-02.2", 0, civil.Never)
	first, late := c.incidents[0].detected, c.incidents[7].detected
	s.turn(first+30*minute, first+3*hour, "pipeline, incident lead")
	c.deviates("CHG-02", s.turn(late+30*minute, late+6*24*hour, "pipeline, incident lead"), "D",
		"opened for an emergency, and closed again days after its review was due")
	c.deviates("CHG-02", s.turn(c.when("2025-11-20T13:05"), c.when("2025-11-20T16:40"), "pipeline, platform team"), "D",
		"opened for the team on the console for three and a half hours, without an emergency")
	s.countSpans("CHG-02")
	return []*series{s}
}

func (c *company) protocols(list []asset) []*series {
	var all []*series
	for _, e := range endpoints {
		a := find(list, e.name)
		if !e.inScope { // the marketing site is looked at once a month, and accepts whatever visitors bring
			all = append(all, c.watch(e.name, "tls_min", "1.0", c.period.From, c.period.To, 30, "00:40"))
			continue
		}
		s := c.daily(e.name, "tls_min", "1.2", a.created)
		switch e.name {
		case "api.harbourline.example":
			c.deviates("DAT-01", s.nights("2025-09-11", "2025-09-12", "1.1"), "A", "a change of the load balancer brought back an old policy for two days")
			s.from(c.when("2026-03-02T00:00"), "1.3")
		case "console.harbourline.example":
			c.undecided("DAT-01", s.nights("2026-01-07", "2026-01-07", nil), "A", "the scan ran into a time-out and wrote no protocol")
		case "link-newark-ashburn":
			c.deviates("DAT-01", s.nights("2025-06-30", "2025-07-03", "1.0"), "A", "the old tunnel was replaced on the fourth day of the period")
			s.silent("2026-01-31", "2026-02-01")
			for _, d := range []string{"2026-01-31", "2026-02-01"} {
				c.deviates("DAT-01.2", keyed(e.name, d), "A", "nobody noticed that the scanner had lost its route to the link")
			}
		}
		s.countSpans("DAT-01")
		c.countDays("DAT-01.2", a.created, a.retired)
		all = append(all, s)
	}
	return all
}

func (c *company) edgeCover(list []asset) []*series {
	var all []*series
	for _, e := range endpoints {
		if !e.inScope || !e.internet {
			continue
		}
		a := find(list, e.name)
		s := c.daily(e.name, "edge", "on", a.created)
		switch e.name {
		case "api.harbourline.example":
			c.deviates("NET-02", s.turn(c.when("2026-01-19T00:40"), c.when("2026-01-21T00:40"), "no denial-of-service protection"), "A",
				"the subscription had lapsed, and two nights passed before it was renewed")
			c.deviates("NET-02", s.turn(c.when("2025-11-01T14:00"), c.when("2025-11-02T13:30"), "no firewall"), "A",
				"twenty-four and a half hours, although the clocks show an hour less: they were put back that night")
		case "console.harbourline.example":
			s.turn(c.when("2025-12-02T09:15"), c.when("2025-12-02T16:40"), "no firewall")
			s.turn(c.when("2026-03-07T12:00"), c.when("2026-03-08T12:30"), "no firewall") // 23.5 hours: clocks were put forward
		case "files.harbourline.example":
			s.turn(c.when("2025-11-03T15:30"), c.when("2025-11-04T15:30"), "no firewall") // to the minute
			s.silent("2026-06-30", "2026-06-30")
			c.deviates("NET-02.2", keyed(e.name, "2026-06-30"), "A", "the name was missing from the export of the last day")
		}
		s.countSpans("NET-02")
		c.countDays("NET-02.2", a.created, a.retired)
		all = append(all, s)
	}
	return all
}

func (c *company) encryption() []*series {
	var all []*series
	for _, x := range dataStores {
		created := c.when(x.created)
		s := c.daily(x.id, "encrypted", "true", created)
		switch x.id {
		case "db-analytics":
			c.deviates("DAT-02", s.nights("2026-02-24", "2026-02-24", "false"), "A", "restored from a copy that was not encrypted, and replaced the next day")
		case "bucket-uploads":
			s.silent("2025-09-20", "2025-09-21")
			for _, d := range []string{"2025-09-20", "2025-09-21"} {
				c.deviates("DAT-02.2", keyed(x.id, d), "A", "the region was missing from the scanner's list for a weekend")
			}
			c.undecided("DAT-02", s.nights("2026-06-11", "2026-06-11", nil), "A", "the scanner was denied the setting that night")
		case "bucket-settlement":
			s.silent("2025-10-16", "2025-10-16")
			s.see(c.when("2025-10-16T17:10"), "true")
			c.deviates("DAT-02.3", x.id, "A", "first looked at twenty-six hours after it was made")
		case "db-ledger-replica":
			s.see(created+4*minute, "false")
			s.see(created+3*hour, "true")
			c.deviates("DAT-02", s.key(created+4*minute), "A", "made without encryption, by hand, and made anew three hours later")
			c.deviates("DAT-02.3", x.id, "A", "made without encryption")
		case "bucket-dispute-scans":
			s.silent("2026-05-06", "2026-05-06")
			s.see(created+24*hour, "true") // to the second
		}
		s.countSpans("DAT-02")
		c.countDays("DAT-02.2", created, civil.Never)
		if created >= c.period.Start() {
			c.counts("DAT-02.3", true)
		}
		all = append(all, s)
	}
	return all
}

// postures are checked every week while a laptop lives. Those that are out of line for seven
// days lose access.
func (c *company) postures(list []asset) []*series {
	var all []*series
	for i := range managedLaptops {
		a := find(list, laptop(i))
		s := c.watch(a.name, "posture", "compliant", c.period.From-8+civil.Date(i%7), c.period.To+14, 7, "08:20")
		s.list = slices.DeleteFunc(s.list, func(x seen) bool { return x.at < a.created || x.at >= a.retired })
		access := &series{c: c, thing: a.name, setting: "access"}
		week := func(n int) string { return c.zone.DateOf(s.list[n].at).String() }
		switch i {
		case 1: // put right by the next check
			s.nights(week(10), week(10), "disk not encrypted")
		case 2:
			s.nights(week(20), week(22), "no screen lock")
			access.block(s.list[20].at+5*24*hour, s.list[23].at)
		case 3:
			c.deviates("DAT-04", s.nights(week(30), week(32), "no managed protection"), "A", "blocked on the ninth day")
			access.block(s.list[30].at+9*24*hour, s.list[33].at)
		case 4:
			c.deviates("DAT-04", s.nights(week(15), week(16), "system not supported"), "A", "out of line for two weeks, and never blocked")
		case 6:
			c.deviates("DAT-04.2", s.silent(week(25), week(26)), "A", "on its owner's long holiday: not checked for three weeks, and not blocked")
		case 7:
			access.block(s.list[39].at+6*24*hour, s.list[43].at)
			s.silent(week(40), week(42))
		case 14:
			s.silent(week(0), week(1))
			c.deviates("DAT-04.3", a.name, "A", "handed out before it was enrolled")
		}
		s.countSpans("DAT-04")
		s.countGaps("DAT-04.2", nil)
		if a.retired > c.period.Start() {
			c.counts("DAT-04.3", true)
		}
		all = append(all, s)
		if len(access.list) > 0 {
			all = append(all, access)
		}
	}
	return all
}

func (s *series) block(from, to civil.Instant) {
	s.see(from, "blocked")
	s.see(to, "allowed")
}

// agents report every week, on hosts and laptops. One that was not heard for seven days has five
// business days to come back.
func (c *company) agents(list []asset) []*series {
	var all []*series
	for i, a := range list {
		if !a.inScope || a.kind != "host" && a.kind != "laptop" {
			continue
		}
		s := c.watch(a.name, "protection", "on", c.period.From-8+civil.Date(i%7), c.period.To+21, 7, "06:10")
		s.list = slices.DeleteFunc(s.list, func(x seen) bool { return x.at < a.created || x.at >= a.retired })
		week := func(n int) string { return c.zone.DateOf(s.list[n].at).String() }
		switch a.name {
		case laptop(8):
			c.deviates("MAL-01", s.silent(week(12), week(14)), "A", "the agent was broken by an update and repaired after four weeks")
		case laptop(10):
			s.nights(week(18), week(18), "off") // fixed with the next report
		case laptop(11):
			c.deviates("MAL-01", s.key(s.list[27].at), "A", "the agent was switched off for three weeks")
			s.nights(week(28), week(29), "off")
		case laptop(17):
			s.silent(week(0), week(1))
			c.deviates("MAL-01.2", a.name, "A", "handed out without the agent")
		case "settle-db-1":
			c.deviates("MAL-01", s.silent(week(44), week(46)), "A", "the agent did not start again after maintenance")
		}
		s.countGaps("MAL-01", "on")
		if a.retired > c.period.Start() {
			c.counts("MAL-01.2", true)
		}
		all = append(all, s)
	}
	return all
}
