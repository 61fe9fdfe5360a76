package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// logSource is one source that must send its logs to the central store.
type logSource struct{ name, system, from, to string }

// logSources are all but one that is missing: nobody thought of the log store itself.
var logSources = []logSource{
	{"okta-system-log", "okta", "", ""},
	{"workspace-admin-audit", "workspace", "", ""},
	{"github-audit", "github", "", ""},
	{"aws-trail", "aws-production", "", ""},
	{"aws-flow", "aws-production", "", ""},
	{"bastion-sessions", "aws-production", "", ""},
	{"edge-access", "aws-production", "", ""},
	{"customer-db-audit", "customer-db", "", ""},
	{"analytics-db-audit", "analytics-db", "", ""},
	{"uploads-access", "uploads", "", ""},
	{"legacy-syslog", "aws-production", "", "2025-12-31T18:00"},
	{"card-gateway", "aws-production", "2025-10-01T09:00", ""},
	{"payout-worker", "aws-production", "2026-03-16T09:00", ""},
}

// silence is a time in which a source was not heard: [from, to), in civil days of UTC.
type silence struct {
	source, from, to string
	opened, closed   string // the ticket about it, if there was one
	why              string // why it deviates, if it does
}

var silences = []silence{
	{"github-audit", "2025-09-06", "2025-09-11", "", "",
		"the connector's key was revoked: five days without a record, which looked like five quiet days"},
	{"okta-system-log", "2026-01-17", "2026-01-19", "2026-01-16T20:30", "2026-01-19T10:00", ""},
	{"edge-access", "2025-12-06", "2025-12-09", "2025-12-07T14:00", "2025-12-09T11:00", "the ticket was opened only on the second day of the silence"},
	{"customer-db-audit", "2026-04-11", "2026-04-16", "2026-04-10T17:00", "2026-04-13T16:00", "the ticket was closed days before the source was heard again"},
	{"uploads-access", "2026-05-23", "2026-05-26", "", "", "an agent died on a Friday, and nobody was told over the long weekend"},
}

// logFiles are the sources, what the central store heard of them, the tickets about silences, and
// the settings of the store.
func (c *company) logFiles() []File {
	var sources, receipts, tickets []row
	for i, s := range logSources {
		var active any = c.at(day("2023-02-06")+civil.Date(i), "12:00")
		if s.from != "" {
			active = c.when(s.from)
		}
		sources = append(sources, row{s.name, s.system, active, opt(c.when(s.to))})
		c.counts("LOG-01.2", true)
		for _, at := range c.heard(i, s) {
			receipts = append(receipts, row{s.name, at})
		}
	}
	for _, x := range silences {
		if x.opened == "" {
			continue
		}
		tickets = append(tickets, row{fmt.Sprintf("LOG-%d", 310+len(tickets)), "incident", "No logs from " + x.source,
			"closed", c.people[5].email, c.when(x.opened).In(c.zone), c.when(x.closed).In(c.zone), x.source})
	}
	for _, s := range estate {
		if s.inScope {
			c.counts("LOG-01.3", true)
		}
	}
	c.deviates("LOG-01.3", "log-archive", "A", "nobody collects the logs of the log store itself")
	f := c.counted(File{
		Register: "log_sources", Name: "log-sources.json", Source: "siem", Query: "connectors, retired ones too",
		Data: jsonList([]string{"log_source", "system", "active_from", "retired_at"}, sources),
	}, len(sources))
	f.Extent = "full"
	return []File{f, c.counted(File{
		Register: "log_receipts", Name: "log-heartbeats.csv", Source: "siem", Query: "last record heard, by connector and check",
		Data: table(',', false, []string{"log_source", "received_at"}, receipts),
	}, len(receipts)), c.counted(File{
		Register: "tickets", Name: "log-tickets.csv", Source: "tracker", Query: "project LOG, all states",
		Data: table(';', true, []string{"ticket", "kind", "title", "status", "assignee", "created_at", "closed_at", "concerns"}, tickets),
	}, len(tickets)), c.archiveSettings(), c.clockLog()}
}

// heard are the receipts of a source: one a day at the same time of the world's clock, so that
// exactly 24 hours lie between two of them, or more of them where there is more work.
func (c *company) heard(i int, s logSource) []civil.Instant {
	const dayLong = 24 * hour
	first := c.zone.Start(c.period.From-2) + hour + civil.Instant(i)*7*minute
	begin, end := c.when("2020-01-01T00:00"), c.when(s.to)
	if s.from != "" {
		begin = c.when(s.from)
	}
	if s.name == "card-gateway" {
		c.deviates("LOG-01.2", s.name, "A", "connected two days after the gateway went live")
		begin += 44 * hour
	}
	late := first + 140*dayLong + hour // on a day in November
	var list []civil.Instant
	for at := first; at < c.period.End()+3*dayLong; at += dayLong / civil.Instant(c.factor) {
		quiet := at < begin || at >= end
		for _, x := range silences {
			if x.source == s.name && at >= instant(x.from) && at < instant(x.to) {
				quiet = true
			}
		}
		if quiet {
			continue
		}
		if s.name == "bastion-sessions" && at > late-25*hour && at <= late {
			if at+dayLong/civil.Instant(c.factor) > late { // the check of that day was repeated after a restart
				list = append(list, late)
			}
			continue
		}
		list = append(list, at)
	}
	for k, at := range list {
		until := civil.Never
		if k+1 < len(list) {
			until = list[k+1]
		}
		if at >= c.period.End() || until <= c.period.Start() {
			continue
		}
		c.counts("LOG-01", true)
		for _, x := range silences {
			if x.source == s.name && x.why != "" && at < instant(x.from) && until >= instant(x.to) {
				c.deviates("LOG-01", keyed(s.name, at.String()), "A", x.why)
			}
		}
		if s.name == "bastion-sessions" && until == late {
			c.deviates("LOG-01", keyed(s.name, at.String()), "A", "an hour too late after a restart")
		}
	}
	return list
}

// instant is the start of a day of the world's clock.
func instant(d string) civil.Instant { return must(civil.ParseInstant(d + "T00:00:00Z")) }

// archiveSettings are those of the central store, read every night and on change.
func (c *company) archiveSettings() File {
	const store, kept, once = "log-archive", "log_retention_months", "log_write_once"
	months := c.daily(store, kept, "13", 0)
	months.from(c.when("2026-01-01T00:00"), "18")
	c.deviates("LOG-01.4", months.nights("2025-08-30", "2025-09-02", "6"), "A", "shortened to save money, until somebody read the policy")
	c.undecided("LOG-01.4", months.nights("2026-05-30", "2026-05-30", "unlimited"), "A", "the export wrote a word in place of the number")
	write := c.daily(store, once, "true", 0)
	c.deviates("LOG-01.4", write.turn(c.when("2026-04-25T13:00"), c.when("2026-04-25T16:20"), "false"), "B",
		"the lock was lifted for three hours to delete a file by hand")
	months.silent("2025-12-25", "2025-12-25")
	write.silent("2025-12-25", "2025-12-25")
	c.deviates("LOG-01.5", keyed(store, "2025-12-25"), "A B", "the nightly scan did not run on Christmas Day")
	c.countDays("LOG-01.5", 0, civil.Never)
	var rows []row
	for _, s := range []*series{months, write} {
		s.countSpans("LOG-01.4")
		for _, x := range s.list {
			var number any
			switch x.value {
			case "6", "13", "18":
				number = x.value
			}
			rows = append(rows, row{s.thing, s.setting, x.value, number, x.at})
		}
	}
	return c.counted(File{
		Register: "configurations", Name: "log-store-settings.tsv", Source: "posture-scan", Query: "retention and write-once lock of the log store",
		Data: table('\t', false, []string{"system", "setting", "value", "number", "observed_at"}, rows),
	}, len(rows))
}

// clockLog is how far hosts were off, in whole seconds, every night at the same local time.
func (c *company) clockLog() File {
	offsets := map[string]int{
		"settle-db-1/2025-12-11": 2, // right again after exactly 24 hours
		"bastion-1/2025-09-16":   4, "bastion-1/2025-09-17": 4, "bastion-1/2025-09-18": 3,
		"settle-db-1/2025-11-02":    -7, // the night after was 25 hours later
		"settle-batch-1/2026-03-08": 5,  // and this one 23
	}
	wrong := map[string]string{
		"bastion-1/2025-09-16":   "four seconds off for three days: its time source was blocked by a new rule",
		"bastion-1/2025-09-17":   "four seconds off for three days: its time source was blocked by a new rule",
		"settle-db-1/2025-11-02": "seven seconds behind for twenty-five hours, in the night in which clocks were put back",
	}
	var rows []row
	for _, h := range hosts {
		if !h.inScope {
			continue
		}
		created := civil.Instant(0)
		if h.created != "" {
			created = c.when(h.created)
		}
		s := c.daily(h.name, "clock", "", created)
		c.countDays("LOG-02.2", created, civil.Never)
		if h.name == "bastion-1" {
			s.silent("2026-04-18", "2026-04-18")
			c.deviates("LOG-02.2", keyed(h.name, "2026-04-18"), "A", "monitoring was down for the whole of that Saturday")
		}
		s.countGaps("LOG-02", nil)
		for _, x := range s.list {
			on := h.name + "/" + c.zone.DateOf(x.at).String()
			rows = append(rows, row{h.name, offsets[on], x.at.In(c.zone)})
			if why := wrong[on]; why != "" {
				c.deviates("LOG-02", keyed(h.name, x.at.String()), "A", why)
			}
		}
	}
	return c.counted(File{
		Register: "clocks", Name: "host-clocks.csv", Source: "monitoring", Query: "metric time_offset_seconds of hosts in scope, nightly",
		Data: table(',', false, []string{"clock_source", "offset_seconds", "observed_at"}, rows),
	}, len(rows))
}
