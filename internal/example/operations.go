package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// operations are the schedule's changes, the files exchanged with clients and the first live runs.
func (c *company) operations() []File {
	return []File{c.scheduleChanges(), c.clientFiles(), c.goLives()}
}

type scheduleChange struct {
	job, editor, approver string
	approved              any // nil where nobody approved
	effective             civil.Instant
}

func (c *company) scheduleChanges() File {
	rng := c.dice("operations")
	editors, owners := c.steady(true), c.dataDesk()
	d := diary[scheduleChange]{c: c, test: "OPS-01", id: "sc-%04d",
		sound: func(at civil.Instant) scheduleChange {
			return scheduleChange{among(rng, nightly).name, among(rng, editors).login, among(rng, owners).email, at - after(rng, 40, 4000), at}
		},
		cells: func(x *scheduleChange) row { return row{x.job, x.editor, x.approver, x.approved, x.effective} }}
	for at := c.period.Start() - 100*hour; at < c.period.End(); at += after(rng, 7*1440, 16*1440) {
		d.fine(at)
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	twice := c.people[heads+4] // has two logins
	d.fine(c.clock("2026-02-03 10:00"), func(x *scheduleChange) { x.approved = x.effective - 1 })
	d.wrong("2025-08-28 23:10", "A", "approved the next morning", func(x *scheduleChange) { x.approved = x.effective + 10*hour })
	d.wrong("2025-12-12 16:00", "B", "the editor approved with a second login", func(x *scheduleChange) {
		x.editor, x.approver = twice.login, twice.second
	})
	d.wrong("2026-05-14 02:20", "A B", "the schedule was edited in the night and approved by nobody but the editor, afterwards", func(x *scheduleChange) {
		x.approver, x.approved = x.editor, x.effective+7*hour
	})
	d.unclear("2026-03-26 09:30", "B", "approved with a shared login that belongs to nobody", func(x *scheduleChange) { x.approver = "ops-duty" })
	rows := d.rows(1)
	return c.counted(File{
		Register: "schedule_changes", Name: "schedule-edits.jsonl", Source: "scheduler", Query: "audit log, edits of the production schedule",
		Data: lines([]string{"schedule_change_id", "job", "editor", "approved_by", "approved_at", "effective_at"}, rows),
	}, len(rows))
}

// clientFile is one file on the calendar of files.
type clientFile struct {
	client, direction, hash string
	due, moved, alerted     civil.Instant
	authentic, agree        any
	rejected                bool
}

func (c *company) clientFiles() File {
	rng := c.dice("files")
	d := diary[clientFile]{c: c, test: "OPS-02", id: "cf-%06d",
		sound: func(at civil.Instant) clientFile {
			x := clientFile{client: clientOn(rng, c.zone.DateOf(at)).id, direction: among(rng, []string{"in", "in", "out"}),
				hash: fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64()), due: at, moved: at - after(rng, 5, 900), alerted: civil.Never,
				authentic: true, agree: true}
			switch rng.IntN(50) {
			case 0: // the totals did not agree, and the gateway refused it
				x.agree, x.rejected = false, true
			case 1: // late, and the alert said so
				x.alerted, x.moved = at, at+after(rng, 20, 300)
			}
			return x
		},
		cells: func(x *clientFile) row {
			return row{x.client, x.direction, x.due, opt(x.moved), x.authentic, x.agree, x.rejected, optText(x.hash), opt(x.alerted)}
		}}
	for day := c.period.From - 2; day <= c.period.To+2; day++ {
		if weekend(day) {
			continue
		}
		for range (2 + rng.IntN(3)) * c.factor {
			d.fine(c.at(day, "07:00") + after(rng, 0, 24)*30)
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	absent := func(alerted civil.Instant) func(*clientFile) {
		return func(x *clientFile) {
			x.moved, x.alerted, x.hash, x.authentic, x.agree = civil.Never, alerted, "", nil, nil
		}
	}
	d.fine(c.clock("2025-09-25 09:00"), absent(c.clock("2025-09-25 09:00"))) // did not come, and the alert was on the minute
	d.wrong("2025-11-26 12:00", "A", "two files did not come before the holiday, and the alert had been muted", absent(civil.Never))
	d.wrong("2025-11-26 12:30", "A", "two files did not come before the holiday, and the alert had been muted", absent(civil.Never))
	d.wrong("2026-01-08 08:00", "A", "it came fifty minutes late, and the alert only with it", func(x *clientFile) {
		x.moved, x.alerted = x.due+50*minute, x.due+50*minute
	})
	d.wrong("2026-02-12 15:00", "B", "taken from a mailbox by hand while the gateway was down", func(x *clientFile) { x.authentic = false })
	d.wrong("2026-03-19 10:00", "C", "the control total was short, and the file was taken all the same", func(x *clientFile) {
		x.moved, x.alerted, x.agree, x.rejected = x.due-hour, civil.Never, false, false
	})
	same := func(rejected bool) func(*clientFile) {
		return func(x *clientFile) {
			x.client, x.direction, x.hash = "cl-104", "in", "9d4be1f07a3352c86610b7aa4e21d9f35"
			x.moved, x.alerted, x.agree, x.rejected = x.due-20*minute, civil.Never, true, rejected
		}
	}
	d.fine(c.clock("2026-05-12 11:00"), same(false))
	d.fine(c.clock("2026-05-12 11:30"), same(true)) // the gateway refuses what it knows
	d.wrong("2026-05-13 11:00", "D", "the hours of a week were sent again and taken again", same(false))
	d.unclear("2025-10-09 09:30", "C", "the gateway's log lacks the comparison of totals", func(x *clientFile) {
		x.moved, x.alerted, x.agree, x.rejected = x.due-hour, civil.Never, nil, false
	})
	rows := d.rows(600001)
	f := File{ // without any count: the gateway's list was saved by hand
		Register: "files", Name: "gateway-files.jsonl", Source: "transfer-gateway", Query: "calendar of files with their transfers",
		Data: lines([]string{"file_id", "client", "direction", "due_at", "transferred_at", "authenticated", "totals_agree", "rejected", "hash", "alerted_at"}, rows),
	}
	return f
}

// goLives are the first live runs of new clients.
func (c *company) goLives() File {
	rng := c.dice("go-lives")
	team := c.launchDesk()
	var rows []row
	for _, x := range clients {
		if x.begins == "" {
			continue
		}
		first := day(x.begins)
		id := fmt.Sprintf("gl-%03d", len(rows)+1)
		by, checker := team.two(rng)
		agree, approved := any(true), first-civil.Date(1+rng.IntN(7))
		if c.dateInPeriod(first) {
			c.counts("OPS-03", true)
		}
		switch x.begins {
		case "2025-09-05":
			approved = first
			c.deviates("OPS-03", id, "C", "the client's approval bears the date of the first run")
		case "2025-11-14":
			checker = by
			c.deviates("OPS-03", id, "A", "the person who prepared it checked it")
		case "2026-02-20":
			agree = false
			c.deviates("OPS-03", id, "B", "year-to-date totals of two employees were not converted")
		case "2026-04-03":
			agree = nil
			c.undecided("OPS-03", id, "B", "the comparison of converted totals is not on file")
		}
		rows = append(rows, row{id, x.id, by.email, checker.id, agree, approved, first})
	}
	return c.counted(File{
		Register: "go_lives", Name: "go-lives.json", Source: "crm", Query: "implementations, state live",
		Data: jsonList([]string{"go_live_id", "client", "prepared_by", "checked_by", "totals_agree", "client_approved_on", "first_run_on"}, rows),
	}, len(rows))
}
