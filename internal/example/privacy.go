package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// privacy is how personal data is announced, agreed to, used, passed on and given up.
func (c *company) privacy() []File {
	c.practiceCheck()
	return []File{c.notices(), c.consents(), c.activities(), c.retentionRuns(), c.deletions(), c.privacyRequests(), c.disclosures(),
		c.privacyBreaches(), c.complaints()}
}

// notices are the versions of the privacy notice, with the inspection of each and the yearly review.
func (c *company) notices() File {
	lead := c.privacyDesk()[0]
	var rows []row
	versions := []struct{ version, published, retired string }{
		{"6.2", "2025-03-03", "2025-06-29"}, {"6.3", "2025-06-30", "2025-06-30"}, {"7.0", "2025-07-01", "2025-09-14"},
		{"7.1", "2025-09-15", "2026-01-19"}, {"7.2", "2026-01-20", "2026-05-03"}, {"8.0", "2026-05-04", ""},
	}
	for _, v := range versions {
		published := day(v.published)
		approved, retired := published-5, any(nil)
		if v.retired != "" {
			retired = day(v.retired)
		}
		key := "privacy-notice/" + v.version
		x := inspection{on: published, by: lead.email, proof: "pages with forms, " + v.published, kind: systemRecord, dated: published,
			who: c.people[5].email, at: c.at(published+9, "16:00"), answers: "-yy"}
		switch v.version {
		case "7.0":
			approved = published // on the same day
		case "7.2":
			approved = published + 2
			c.deviates("PRV-01", key, "A", "published two days before counsel approved it")
		case "8.0":
			x.answers = "-yn"
			c.deviates("PRV-01", key, "C", "the form for job applicants showed the version before")
		}
		if c.dateInPeriod(published) {
			c.counts("PRV-01", true)
			c.inspection("PRV-01", key, x)
		}
		rows = append(rows, row{"privacy-notice", v.version, published, published, retired, lead.email, approved, false})
	}
	for _, on := range []string{"2024-11-19", "2025-11-18"} {
		c.inspection("PRV-01", on[:4], inspection{on: day(on), by: lead.email, proof: "review of the privacy notice " + on[:4] + ".docx",
			kind: document, dated: day(on) + 2, who: c.people[5].email, at: c.at(day(on)+20, "13:15"), answers: "--y"})
	}
	c.counts("PRV-01.2", true)
	return c.counted(File{
		Register: "policy_versions", Name: "privacy-notice-versions.csv", Source: "web-repository", Query: "tags of the privacy notice",
		Data: table(',', false, []string{"policy_id", "version", "published_on", "effective_on", "retired_on", "approved_by", "approved_on", "material"}, rows),
	}, len(rows))
}

// practiceCheck compares practice with the notice, once a year.
func (c *company) practiceCheck() {
	for _, on := range []string{"2024-10-07", "2025-10-21"} {
		c.inspection("PRV-08", on[:4], inspection{on: day(on), by: c.privacyDesk()[1].email, proof: "practice check " + on[:4] + ", signed", kind: signedRecord,
			dated: day(on), who: c.people[5].email, at: c.at(day(on)+15, "09:00"), answers: "--y"})
	}
	c.counts("PRV-08.2", true)
	c.deviates("PRV-08.2", "2025", "B", "two weeks more than a year after the check before")
}

type consent struct {
	subject                  any // nil where the log does not say
	purpose, version, action string
	at, effective            civil.Instant
}

func (c *company) consents() File {
	rng := c.dice("privacy")
	versionOn := func(at civil.Instant) string {
		switch d := c.zone.DateOf(at); {
		case d < day("2025-09-15"):
			return "7.0"
		case d < day("2026-01-20"):
			return "7.1"
		case d < day("2026-05-04"):
			return "7.2"
		}
		return "8.0"
	}
	d := diary[consent]{c: c, test: "PRV-02", id: "cs-%06d",
		sound: func(at civil.Instant) consent {
			x := consent{fmt.Sprintf("worker-%05d", rng.IntN(24000)), among(rng, []string{"direct deposit notices", "benefit offers", "text messages", "product research"}),
				versionOn(at), "given", at, civil.Never}
			if rng.IntN(6) == 0 {
				x.withdraw(at + after(rng, 1, 9*1440))
			}
			return x
		},
		cells: func(x *consent) row {
			return row{x.subject, x.purpose, x.version, x.action, x.at, opt(x.effective)}
		}}
	for day := c.period.From - 3; day <= c.period.To+3; day++ {
		for range (1 + rng.IntN(4)) * c.factor {
			d.fine(c.zone.Start(day) + 4*hour + after(rng, 0, 1100))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	until := func(at string) func(*consent) { return func(x *consent) { x.withdraw(c.clock(at)) } }
	d.fine(c.clock("2025-10-28 12:00"), func(x *consent) { x.withdraw(c.zone.End(day("2025-11-07")) - 1) }) // over the change of the clocks
	d.wrong("2025-08-05 14:12", "A", "the old app recorded no version of the text", func(x *consent) { x.version = "" })
	d.wrong("2025-08-05 19:33", "A", "the old app recorded no version of the text", func(x *consent) { x.version = "" })
	d.wrong("2026-02-18 08:44", "A", "recorded by telephone, without a purpose", func(x *consent) { x.purpose = "" })
	d.wrong("2025-12-17 10:05", "B", "text messages went on for two weeks: the sender's list was not synchronised", until("2026-01-02 09:00"))
	d.wrong("2026-03-11 21:50", "B", "in effect ten minutes after the end of the tenth day", until("2026-03-22 00:10"))
	d.wrong("2026-05-28 07:20", "B", "the withdrawal never reached the benefit partner", func(x *consent) { x.withdraw(civil.Never) })
	d.unclear("2026-04-02 13:37", "A", "the log has lost whose choice it was", func(x *consent) { x.subject = nil })
	rows := d.rows(710001)
	return c.counted(File{
		Register: "consents", Name: "consents.jsonl", Source: "consent-service", Query: "log, all entries",
		Data:    lines([]string{"entry", "subject", "purpose", "text", "event", "at", "in_effect"}, rows),
		MapName: "consents.map.yaml", Map: []byte(consentsMap),
	}, len(rows))
}

// withdraw makes the choice one that is withdrawn, in effect from a time on.
func (x *consent) withdraw(effective civil.Instant) { x.action, x.effective = "withdrawn", effective }

const consentsMap = `# The log of the consent service. Its numbers have no gaps.
register: consents
sequence: consent_id
fields:
  consent_id: entry
  version: text
  action: event
  effective_at: in_effect
`

// activities are the uses of personal data.
func (c *company) activities() File {
	team := c.privacyDesk()
	var rows []row
	for i, x := range []struct {
		title, started string
		lead           civil.Date // days from the approval to the first day
		match          any
		attributes     string
		why            string
	}{
		{"Payroll calculation", "2021-04-01", 30, true, "", ""},
		{"Direct deposit", "2021-04-01", 30, true, "", ""},
		{"Tax returns of clients", "2021-04-01", 28, true, "", ""},
		{"Recruiting", "2022-01-10", 12, true, "", ""},
		{"Support calls, recorded", "2023-06-05", 9, true, "", ""},
		{"Benefit enrolment", "2025-06-30", 14, true, "", ""},
		{"Address checks with a vendor", "2025-08-18", 21, true, "", ""},
		{"Fraud scores on bank changes", "2025-07-01", 33, true, "", ""},
		{"Transcripts of support calls", "2025-09-29", -24, true, "A", "it began with a trial account and was approved in the fourth week"},
		{"Earned wage access", "2025-11-10", 16, true, "", ""},
		{"Product research with pay data", "2026-01-26", 11, false, "B", "the notice does not name research on pay data"},
		{"Archive of dispute scans", "2026-05-05", 0, true, "A", "approved on the day on which it started"},
		{"Text messages about pay days", "2026-03-02", 1, true, "", ""},
		{"Log analysis with a vendor", "2026-03-23", 18, nil, "B", "the assessment does not compare the purposes with the notice"},
		{"Notarised documents", "2026-06-30", 8, true, "", ""},
		{"Kiosks at clients", "2026-07-01", 8, true, "", ""},
	} {
		started := day(x.started)
		key := fmt.Sprintf("pa-%02d", i+1)
		if c.dateInPeriod(started) {
			c.counts("PRV-03", true)
			c.tale("PRV-03", key, x.match == nil, x.attributes, x.why)
		}
		rows = append(rows, row{key, x.title, team[i%2].email, started - x.lead, started, x.match})
	}
	f := c.counted(File{
		Register: "processing_activities", Name: "processing-register.json", Source: "privacy-register", Query: "activities, all states",
		Data: jsonList([]string{"activity_id", "title", "approved_by", "approved_on", "started_on", "purposes_match"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

type privacyRequest struct {
	kind                                         string
	received, checked, extended, until, answered civil.Date // extended and until are zero where nobody asked for more time
	passed                                       any
}

func (c *company) privacyRequests() File {
	rng := c.dice("privacy requests")
	d := diary[privacyRequest]{c: c, test: "PRV-05", id: "dsr-%04d",
		sound: func(at civil.Instant) privacyRequest {
			x := privacyRequest{kind: among(rng, []string{"access", "access", "correction", "deletion", "accounting"}), received: c.zone.DateOf(at)}
			x.checked = x.received + civil.Date(rng.IntN(5))
			x.answered = x.checked + 1 + civil.Date(rng.IntN(22))
			if x.kind == "correction" {
				x.passed = true
			}
			return x
		},
		cells: func(x *privacyRequest) row {
			r := row{x.kind, x.received, optDate(x.checked), nil, nil, optDate(x.answered), x.passed}
			if x.extended != 0 {
				r[3], r[4] = x.extended, x.until
			}
			return r
		},
		falls: func(at civil.Instant) civil.Date { return c.zone.DateOf(at) + 30 }}
	for day := c.period.From - 34; day <= c.period.To; day += civil.Date(1 + rng.IntN(7)) {
		d.fine(c.at(day, "12:00"))
	}
	for _, due := range []civil.Date{c.period.From - 1, c.period.From, c.period.To, c.period.To + 1} {
		d.fine(c.at(due-30, "13:00"))
	}
	kind := func(kind string, passed any) func(*privacyRequest) {
		return func(x *privacyRequest) { x.kind, x.passed = kind, passed }
	}
	d.fine(c.clock("2025-10-06 09:00"), func(x *privacyRequest) { x.answered = x.received + 30 })
	d.fine(c.clock("2025-11-24 09:00"), kind("accounting", nil), func(x *privacyRequest) {
		x.extended, x.until, x.answered = x.received+30, x.received+75, x.received+75
	})
	d.wrong("2025-08-14 09:00", "B", "answered two days late, after a holiday", kind("access", nil), func(x *privacyRequest) { x.answered = x.received + 32 })
	d.wrong("2025-12-11 09:00", "A", "pay data was sent to an address that nobody had checked", kind("access", nil), func(x *privacyRequest) {
		x.checked = x.answered + 6
	})
	d.wrong("2026-01-19 09:00", "B", "the extension was notified on the thirty-third day", kind("deletion", nil), func(x *privacyRequest) {
		x.extended, x.until, x.answered = x.received+33, x.received+80, x.received+60
	})
	d.wrong("2026-03-30 09:00", "C", "a corrected name was not passed on to the tax form bureau", kind("correction", false))
	d.wrong("2026-05-11 09:00", "A B", "the answer was sent on the fortieth day, and nobody checked who asked", kind("access", nil), func(x *privacyRequest) {
		x.checked, x.answered = civil.MaxDate, x.received+40
	})
	d.unclear("2026-02-09 09:00", "C", "the file does not say whether the correction was passed on", kind("correction", nil))
	rows := d.rows(1)
	return c.counted(File{
		Register: "privacy_requests", Name: "privacy-requests.csv", Source: "privacy-register", Query: "requests of individuals",
		Data: table(',', true, []string{"request_id", "kind", "received_on", "identity_checked_on", "extended_on", "extended_to", "answered_on", "passed_on"}, rows),
	}, len(rows))
}

type disclosure struct {
	recipient, basis, approver, data string
	approved                         any
	at                               civil.Instant
}

func (c *company) disclosures() File {
	rng := c.dice("disclosures")
	team := c.privacyDesk()
	bases := []string{"subpoena", "court order", "audit clause of the contract", "consent of the worker", "request of a labour office"}
	d := diary[disclosure]{c: c, test: "PRV-06", id: "ds-%03d",
		sound: func(at civil.Instant) disclosure {
			return disclosure{among(rng, []string{"County Court of Albany", "Department of Labor, New Jersey", "Hartwell & Loomis, auditors", "Credit union of a worker",
				"Unemployment office, Maine", "Child support agency, Ohio"}),
				among(rng, bases), among(rng, team).email, among(rng, []string{"wage statements of one worker", "garnishment balance", "dates of employment", "bank details of one worker"}),
				at - after(rng, 20, 5000), at}
		},
		cells: func(x *disclosure) row {
			return row{x.recipient, x.basis, x.approver, x.approved, x.at, x.data}
		}}
	for at := c.period.Start() - 60*hour; at < c.period.End(); at += after(rng, 4*1440, 14*1440) {
		d.fine(at)
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.fine(c.clock("2026-02-25 15:00"), func(x *disclosure) { x.approved = x.at })
	d.wrong("2025-10-02 10:40", "A", "given to a lender on the telephone, with no demand and no agreement", func(x *disclosure) {
		x.recipient, x.basis = "Quickfield Lending", ""
	})
	d.wrong("2026-01-06 16:15", "B", "approved two hours after it was sent", func(x *disclosure) { x.approved = x.at + 2*hour })
	d.wrong("2026-04-28 12:30", "B C", "the entry does not say what was sent, and nobody approved it", func(x *disclosure) {
		x.data, x.approver, x.approved = "", "", nil
	})
	d.unclear("2025-12-04 09:20", "B", "the time of the approval was not written down", func(x *disclosure) { x.approved = nil })
	rows := d.rows(1)
	return c.counted(File{
		Register: "disclosures", Name: "disclosures.csv", Source: "privacy-register", Query: "accounting of disclosures",
		Data: table(';', false, []string{"disclosure_id", "recipient", "basis", "approved_by", "approved_at", "disclosed_at", "data"}, rows),
	}, len(rows))
}

// privacyBreaches are the suspicions, some of which came out of incidents.
func (c *company) privacyBreaches() File {
	var rows []row
	for i, x := range []struct {
		suspected  string
		incident   int // the place of the incident in the list, -1 for none
		assessed   civil.Instant
		notify     bool
		sent       civil.Instant // after the suspicion; zero where none is due
		by         civil.Instant // the legal deadline, after the suspicion
		undecided  bool
		attributes string
		why        string
	}{
		{"2025-05-19 10:00", -1, 5 * hour, false, 0, 0, false, "", ""},
		{"2025-07-17 16:20", 0, 9 * hour, false, 0, 0, false, "", ""},
		{"2025-09-30 11:05", -1, 30 * hour, false, 0, 0, false, "A", "a mail to the wrong client lay in a mailbox over a day before anybody assessed it"},
		{"2025-11-12 09:45", 11, 4 * hour, true, 50 * hour, 72 * hour, false, "", ""},
		{"2026-01-15 14:10", 12, 11 * hour, true, 75 * hour, 72 * hour, false, "C", "the notice went out three hours after the legal deadline"},
		{"2026-03-07 14:00", -1, 24 * hour, false, 0, 0, false, "", ""}, // to the minute, though the clocks say 25 hours
		{"2026-04-15 18:30", -1, 6 * hour, true, 30 * hour, 0, true, "C", "the decision does not name the deadline"},
		{"2026-06-03 12:00", 13, 3 * hour, true, 48 * hour, 48 * hour, false, "", ""},
	} {
		at := c.clock(x.suspected)
		key := fmt.Sprintf("pb-%02d", i+1)
		if c.inPeriod(at) {
			c.counts("PRV-07", true)
			c.tale("PRV-07", key, x.undecided, x.attributes, x.why)
		}
		r := row{key, nil, at.In(c.zone), (at + x.assessed).In(c.zone), "no_notice", nil, nil}
		if x.incident >= 0 {
			r[1] = c.incidents[x.incident].id
		}
		if x.notify {
			r[4], r[6] = "notify", (at + x.sent).In(c.zone)
		}
		if x.by != 0 {
			r[5] = (at + x.by).In(c.zone)
		}
		rows = append(rows, r)
	}
	return c.counted(File{
		Register: "privacy_breaches", Name: "privacy-breaches.json", Source: "privacy-register", Query: "suspected breaches",
		Data: jsonList([]string{"breach_id", "incident_id", "suspected_at", "assessed_at", "decision", "notify_by", "notified_at"}, rows),
	}, len(rows))
}

type complaint struct{ received, answered civil.Date }

func (c *company) complaints() File {
	rng := c.dice("complaints")
	d := diary[complaint]{c: c, test: "PRV-08", id: "pc-%03d",
		sound: func(at civil.Instant) complaint {
			on := c.zone.DateOf(at)
			return complaint{on, on + 2 + civil.Date(rng.IntN(26))}
		},
		cells: func(x *complaint) row { return row{x.received, optDate(x.answered)} },
		falls: func(at civil.Instant) civil.Date { return c.zone.DateOf(at) + 30 }}
	for day := c.period.From - 40; day <= c.period.To; day += civil.Date(9 + rng.IntN(14)) {
		d.fine(c.at(day, "12:00"))
	}
	for _, due := range []civil.Date{c.period.From - 1, c.period.From, c.period.To, c.period.To + 1} {
		d.fine(c.at(due-30, "12:00"), func(x *complaint) { x.answered = due })
	}
	d.wrong("2025-12-08 12:00", "A", "answered nine days late, after the holidays", func(x *complaint) { x.answered = x.received + 39 })
	d.wrong("2026-04-27 12:00", "A", "a complaint on a review page was seen by nobody and never answered", func(x *complaint) { x.answered = civil.MaxDate })
	rows := d.rows(1)
	return c.counted(File{
		Register: "complaints", Name: "privacy-complaints.csv", Source: "privacy-register", Query: "complaints",
		Data: table(',', false, []string{"complaint_id", "received_on", "answered_on"}, rows),
	}, len(rows))
}
