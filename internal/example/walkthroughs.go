package example

import (
	"cmp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// walks are one for each control of the report, within the period, but for what was planted: COM-02, CHG-06 and PRV-07 have
// none, those of BCP-01 and LOG-02 are older than twelve months at the period's end, and in those of CHG-04 and PRV-04
// something else was seen than is described.
//
// Each is a line: control | not before | item | what was seen | what differs. Words in braces are looked up.
const walks = `
GOV-01|2025-10-13|{joiner 3}|Acceptance of the code, version 3.0, and of the confidentiality terms in the portal within the first days, with the time of each.
GOV-02|2025-10-15|2025-Q3|Pack, minutes and list of those present of 18 September; security was the second item, two members from outside were there.
GOV-03|2025-12-08|2025|Chart 14 with the list of duties, signed by the chief executive; one name for each of five controls that were picked.
GOV-04|2025-11-10|{joiner 5}|Order to the agency, outcome, and first grant, in this order; the portal blocks a start without an outcome.
GOV-05|2025-12-01|{joiner 6}|Invitation on the first day, both courses completed in the third week, versions as in force.
GOV-06|2026-03-02|e-1004/2025|Form with the part on duties under controls, signed by both; it closed inside the cycle.
COM-01|2025-12-15|information-security/7.0|Publication, mail to all, and the list of acceptances with their times; three people were looked up.
COM-03|2026-01-19|cm-05|Draft, approval by the chief executive, publication and announcement, 42 days before the change took effect.
RSK-01|2025-08-12|2024|Workshop notes, ratings, and the register made from them; parts on fraud, vendors and change were there.
RSK-02|2025-10-16|2025-Q3|Minutes of 11 September; one overdue treatment was taken to the chief executive on the next day.
RSK-03|2025-12-02|pj-08|Project Call centre in the north: check, threats, and approval a minute before the contract took effect.
MON-01|2025-11-04|2025-Q3|Plan, choice of the tester, and working paper of the test of IAM-02; the tester belongs to another department.
MON-02|2026-02-17|a deficiency from the penetration test|Entry, owner, date, closure by the owner, and the look of a second person two days later.
MON-03|2025-08-19|2024|Contract with the firm, report, and the retest of two high findings within 30 days.
MON-04|2026-01-27|an alert on AVL-02|Raised at 06:05, opened by the owner at 09:10, closed as a fix with a ticket.
POL-01|2025-10-20|code-of-conduct|Reminder, changes marked, approval by the chief executive, publication.
POL-02|2026-01-07|ex-03|Request with scope, reason and measure, approval by the security lead, expiry in the calendar.
IAM-01|2025-11-18|{joiner 7}/okta|Request, approval by the manager and the owner, grant 20 minutes later, of the role that was asked for.
IAM-02|2025-10-28|{leaver}/okta|Notice of the people office, job of the identity provider on the last evening, account shown as disabled.
IAM-03|2026-02-24|a move from payroll to billing|Form of the new manager, two roles removed on the second business day.
IAM-04|2025-11-05|okta/2025-Q3|List drawn on the last days of the quarter, each line decided, removals carried out on the next day.
IAM-05|2025-10-29|okta-admins/2025-09|List of members, decision on each, signed by the security lead in the first days of October.
IAM-06|2025-11-12|okta|A sign-in was tried with a password alone, and refused; the rule binds all accounts of people.
IAM-07|2025-10-22|2025-W40|Session on bastion-1 from the ticket to the recording; the weekly list names it as looked at.
IAM-08|2025-11-26|github|Twenty members of the organization compared with the list of logins; the robots are owned and listed.
IAM-09|2026-02-03|cr-005|Made in the secrets manager, owner set, rotated by the job; the old value was refused.
IAM-10|2026-01-21|a look at the data of one client|Case, window of 60 minutes, entry in the log, and its line in the review of December.
AST-01|2025-11-19|2025-10|Inventory against the provider's list and device management; two differences, explained and closed.
AST-02|2025-10-07|hb-lt-106|Ticket, wipe log with the serial number, entry in the inventory.
NET-01|2026-01-13|2025-H2|Export of the rules, reason and owner of four of them, one removed in the review.
NET-02|2025-11-06|console.harbourline.example|Request that looks like an attack, refused at the edge; the address of the origin does not answer.
NET-03|2026-02-11|an alert of high severity in the night|Raised 03:12, pager, taken after 9 minutes, resolved within the hour.
DAT-01|2025-10-21|api.harbourline.example|Handshake with TLS 1.1 refused, with 1.2 accepted; the daily probe shows the same.
DAT-02|2025-10-21|db-customer|Setting in the console and in the code; a snapshot is encrypted with the same key.
DAT-03|2026-03-24|key-customer-db|Rotation of 2 March in the log; the people in the key's policy have no role on the database.
DAT-04|2025-11-13|hb-lt-110|Policy on the device: disk, lock, version; a test device out of line lost its access after seven days.
MAL-01|2025-11-13|hb-lt-103|Agent runs, definitions of the day before; a harmless test file was caught and raised an alert.
MAL-02|2026-01-28|an image of ledger-api|Build, signature, and start; an unsigned image was refused by the cluster.
VUL-01|2025-11-20|scan-hosts/2025-W45|Schedule, run, and list of the hosts reached; the findings were in the tracker on the same day.
VUL-02|2025-12-16|2025-11|Comparison of the inventory with the scanner's targets; one host was added.
VUL-03|2026-02-04|a finding of high severity in a library|First seen, ticket, fix deployed on the 19th day, and gone in the next scan.
VUL-04|2025-12-18|2025-12-10|Run of the early morning, one drift of medium rating with its ticket.
LOG-01|2025-12-09|aws-trail|Entry made by a test action found in the archive within two minutes; deleting it was refused.
LOG-03|2025-10-14|2025-Q3|List of rules, feeds and incidents that were looked at; two rules changed by way of a review.
INC-01|2025-12-17|2025-12-10|Rota, hand-over at 08:00, and training record of the responder; a test page was answered after two minutes.
INC-02|2026-01-29|INC-2013|Report, triage, lead, timeline and containment; severity approved by the security lead.
INC-03|2026-01-29|INC-2013|Confirmation of the effect, limit from the contract, notice sent at the end of the 72 hours.
INC-04|2025-09-23|INC-2002|Review with causes within ten business days; two actions with owners and dates.
INC-05|2025-11-11|2025-H2|Script, list of those present, four findings with tickets ten days later.
CHG-01|2026-03-24|{change 2026-03-10}|Ticket, request, approval of the commit by a second engineer, tests, deployment by the pipeline.
CHG-02|2025-11-25|harbourline/infrastructure|A push to the main branch by an administrator was refused; the deploy role lists the robot alone.
CHG-03|2026-01-20|the emergency of 7 January 2026|Declared in the channel of the incident, approved by its lead, reviewed within two business days.
CHG-04|2026-02-10|a masked copy for staging|Approval, masking job and its proof; accounts of development and production compared with the map.|The account map does not have the log archive, and the copy was started by the engineer who asked for it, where the procedure has the owner of the data start it.
CHG-05|2025-08-26|FT-301|Rating, design review by the security lead before the merge, three scans without an open critical finding.
VEN-01|2025-12-03|vd-26|Rating, assessment, and terms, all signed before the first data of 10 November.
VEN-02|2026-04-14|vd-01|Report, gap to our period, exceptions with conclusions, and table of what it asks of users with our controls.
VEN-03|2025-11-05|2025-Q3|Payables and applications against the register, two differences, and the page of subprocessors.
BCP-01|2025-05-20|2024|Analysis of impact with targets, alternatives and insurance, approved by the executives in December 2024.
AVL-01|2025-11-18|2025-10|Curves of five resources, forecast, and the review of the sixth; one action for the disks of the batch host.
AVL-02|2026-01-27|customer-db/2026-01-14|Job, size, copy in the other region, and entry in the daily list.
AVL-03|2025-11-18|customer-db/2025-Q3|Restore into an empty account, time taken, counts and totals compared with the day of the backup.
AVL-04|2025-08-20|2025|Run log of the failover of 14 June 2025: steps, times, and service back within the target.
AVL-05|2025-11-18|the outage of 15 October 2025|Probe, alert within three minutes, post on the status page, and its line in the figure of the month.
PIN-01|2026-01-22|a batch with four rejected items|Upload, checks, queue, and mail to the sender within the hour.
PIN-02|2026-02-25|gross-to-net/2026-02-11|Start, end before 04:00, counts balanced; a failed run of the week was repeated before the next job.
PIN-03|2026-02-25|2026-02-11|Counts and totals of input, processing and output, by two people, without a difference.
PIN-04|2026-02-26|the reports of one client|List of recipients, delivery with proof; an alert for a mailbox that was full.
CNF-01|2025-10-23|db-fraud-scores|Class and owner an hour after it was made, and a day before the first data.
CNF-02|2025-12-10|the deletion of a former client|Trigger, job, proof, and confirmation; the backup list shows the day on which it ages out.
PRV-01|2025-10-30|privacy-notice/7.1|Draft, approval by counsel, publication, and the forms that show it.
PRV-02|2026-01-14|a withdrawal of a consent to text messages|Entry with time, version and purpose; the sender's list was without the number on the third day.
PRV-03|2026-03-26|pa-13|Assessment of text messages about pay days, approved on the day before they began.
PRV-04|2026-02-12|db-customer/2026-01|Schedule, run, count before and after, records that remained.|What remained was explained by the engineer who wrote the job; the procedure has the data lead do it.
PRV-05|2026-03-17|a request for access|Receipt, check of identity, extract, answer on the 17th day.
PRV-06|2026-01-15|a demand of an authority|Demand, approval by counsel, extract limited to what was asked, line in the log.
PRV-08|2026-02-19|a complaint about a wrong address|Receipt, answer on the ninth day, and the correction in the customer database.
OPS-01|2026-02-18|a change of warehouse-load|Request, approval by the owner of the process, edit by an engineer an hour later.
OPS-02|2026-02-18|a file of hours|Key, sequence, hash and total checked at the gateway; the same file sent again was refused.
OPS-03|2025-10-16|gl-005|Set-up checked by a second person, totals compared with the former system, approval of the client before the first run.
LOG-02|2025-06-11|settle-db-1|Source of time in the settings, offset of 3 milliseconds, alert tried with a wrong source.
`

// walkthroughs are performed by internal audit, who operates no control but its own: that one is walked through by the
// Head of People. They came last into the example and draw from dice of their own, so that no other record moves.
func (c *company) walkthroughs() []File {
	rng := c.dice("walkthroughs")
	team := []*person{c.auditor(), c.steady(false)[43]}
	type done struct {
		on  civil.Date
		row row
	}
	var all []done
	for line := range strings.Lines(strings.TrimSpace(walks)) {
		part := append(strings.Split(strings.TrimSpace(line), "|"), "")
		control, on, by := part[0], day(part[1])+civil.Date(rng.IntN(6)), among(rng, team)
		for weekend(on) {
			on++
		}
		if control == "MON-01" {
			by = c.people[4]
		}
		all = append(all, done{on, row{"wt-" + control, control, on, by.email, c.walked(part[2]), part[3], optText(part[4]),
			"walkthroughs/" + control + ".pdf"}})
	}
	slices.SortStableFunc(all, func(a, b done) int { return cmp.Compare(a.on, b.on) })
	rows := make([]row, len(all))
	for i, x := range all {
		rows[i] = x.row
	}
	f := c.counted(File{
		Register: "walkthroughs", Name: "walkthroughs.csv", Source: "audit-workbench", Query: "walkthroughs of controls, all states",
		Data: table(';', true, []string{"walkthrough_id", "control", "performed_on", "performed_by", "item", "observed", "differs", "evidence"}, rows),
	}, len(rows))
	f.Extent = "full"
	return []File{f}
}

// walked names the instance, where its key depends on the company.
func (c *company) walked(item string) string {
	for _, x := range []struct {
		word string
		key  func() string
	}{
		{"{joiner 3}", func() string { return c.newcomer(3).employment }},
		{"{joiner 5}", func() string { return c.newcomer(5).employment }},
		{"{joiner 6}", func() string { return c.newcomer(6).employment }},
		{"{joiner 7}", func() string { return c.newcomer(7).employment }},
		{"{leaver}", func() string { return c.people[heads+engineers+1].employment }},
		{"{change 2026-03-10}", func() string { return c.quiet("2026-03-10").key() }},
	} {
		if rest, ok := strings.CutPrefix(item, x.word); ok {
			return x.key() + rest
		}
	}
	return item
}
