package example

import (
	"embed"
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// texts are what the company's management wrote: parts of its description, and its policies.
//
//go:embed texts
var texts embed.FS

// About is what management says of the system, so that a report about the example is complete but for two
// things that were left out on purpose: about incident INC-2020 nobody decided (see undecidedIncident), and
// the users' control U-09 was never communicated. It holds for every seed: people stand in it by their
// functions, and dates are those that no dice move.
func About() assure.System {
	c := newCompany(0, 1) // for the dates and the incidents, which are the same in every company
	c.happen()
	s := assure.System{
		Name:        "Harbourline Payroll and Payments",
		Services:    servicesCovered(),
		Commitments: promises(),
		Components:  componentsOf(),
		Locations:   locations(),
		Flow:        dataFlow(),
		Incidents:   c.incidentDecisions(),
		CUECs:       usersControls(),
		Duties:      usersDuties(),
		Subservice:  subserviceOrganizations(),
		NotRelevant: map[string]string{"CC6.4": "Data of users lies in the halls of Cumulonet Cloud alone. Who enters them is controlled by that provider, " +
			"whose controls are carved out and assumed (DC 7) and whose report is reviewed under VEN-02. The offices, the server room in Boston and the cage " +
			"in Newark hold no data of users at rest: they house the office network and routers, through which data passes encrypted end to end. Entry to " +
			"them is controlled too (PHY-01 to PHY-03), by controls that are outside this report."},
		Changes: changesOfThePeriod(),
		Reports: []assure.Earlier{
			{Report: "soc2-type1", AsOf: on("2024-06-30"), Opinion: "unqualified"},
			{Report: "soc2-type2", From: on("2024-07-01"), To: on("2025-06-30"), Opinion: "unqualified"},
		},
		Texts: map[string]string{},
	}
	for _, part := range []string{"dc1", "dc3", "dc5"} {
		s.Texts[part] = text(part)
	}
	return s
}

// text is one of the embedded texts.
func text(name string) string { return string(must(texts.ReadFile("texts/" + name + ".md"))) }

// on is a date that may be absent.
func on(s string) *civil.Date {
	d := day(s)
	return &d
}

// namedParts lists pieces, each as "name: what it is".
func namedParts(list ...string) []assure.Part {
	out := make([]assure.Part, len(list))
	for i, s := range list {
		name, what, _ := strings.Cut(s, ": ")
		out[i] = assure.Part{Name: name, Text: what}
	}
	return out
}

// promises are the principal service commitments, and the requirements that follow from them.
func promises() []assure.Commitment {
	promise := func(criteria, text string) assure.Commitment {
		return assure.Commitment{Text: text, Criteria: strings.Fields(criteria)}
	}
	needs := func(criteria, text string) assure.Commitment {
		return assure.Commitment{Text: text, Criteria: strings.Fields(criteria), Requirement: true}
	}
	return []assure.Commitment{
		promise("A1.1 A1.2", "The console and the API are available for 99.9 per cent of each calendar month, measured every minute from outside (since 1 July 2025; 99.5 per cent before)."),
		promise("PI1.3 PI1.4", "A pay run that the client approves by 16:00 Eastern time two banking days before pay day is paid on pay day (since 4 November 2025; 17:00 before)."),
		promise("PI1.2 PI1.3 PI1.5", "Each run is computed from all hours and rates that were accepted, once, and its totals agree with the payment file sent to the bank."),
		promise("CC6.1 CC6.2 CC6.3", "Nobody but the client's authorised users and those of our staff who work on its case reads a client's data."),
		promise("CC6.1 CC6.7 C1.1", "Clients' data is encrypted in transit over public networks and at rest."),
		promise("CC7.4 CC2.3 P6.6", "Clients whose data is affected by an incident are told within 72 hours after that is confirmed, or sooner where the contract says so."),
		promise("A1.2 A1.3", "After the loss of a region the service is restored within four hours, with no more than 24 hours of data lost."),
		promise("C1.2 P4.3", "Clients' data is deleted within 60 days after the end of the contract, and from backups within 90 days more."),
		promise("P4.2", "Pay slips are kept for seven years and other personal data no longer than the schedule in the terms says (since 16 March 2026)."),
		promise("P5.1 P5.2 P8.1", "Workers who ask for their data, or complain, are answered within 30 days."),
		promise("P6.1 P6.4", "Personal data is passed on to the subprocessors on the public list only; the list is updated before a new one receives data."),
		promise("CC2.3", "Material changes to terms, service levels and users' duties are announced 30 days before they take effect."),
		needs("CC6.1 CC6.6", "Sign-in to production, source code, the cloud and mail needs a second factor that withstands phishing."),
		needs("CC8.1", "No change reaches production without the review of a second engineer and passed tests; emergencies are reviewed within two business days."),
		needs("CC7.1", "Vulnerabilities are fixed within 7, 30, 90 and 180 days, by severity, counted from their first detection."),
		needs("CC6.2 CC6.3", "Access ends within 24 hours after employment does, and at once where employment ends against the person's will."),
		needs("PI1.3", "Statutory rates and tables are in use from the day on which the law puts them into force."),
		needs("CC9.2", "Vendors are assessed and bound by terms of security and privacy before data reaches them."),
	}
}

// changesOfThePeriod are the significant changes. Each significant project of the register is among them.
func changesOfThePeriod() []assure.SystemChange {
	var out []assure.SystemChange
	for _, x := range []struct{ on, text string }{
		{"2025-07-01", "A second region of Cumulonet Cloud, in Ohio, went live. It holds replicas of the customer database and takes over when Virginia fails."},
		{"2025-07-01", "Payouts are scored for fraud by Farsight Fraud Scores, a new subprocessor; the scores are kept in the store db-fraud-scores."},
		{"2025-07-01", "The commitment to the availability of the console rose from 99.5 to 99.9 per cent a month."},
		{"2025-09-01", "The teams for platform and infrastructure became one, under the Platform lead."},
		{"2025-09-29", "Calls of the support desk are transcribed by Hatch Transcripts. Its assessment and the risk check were made up for four weeks later."},
		{"2025-10-01", "An office was opened in Portland. The one in Albany was given up on 30 November 2025."},
		{"2025-10-11", "Oldbridge Hosting ceased to be a vendor; its workloads had moved to Cumulonet Cloud."},
		{"2025-11-03", "Clients may pay contractors in Canada. Files for it come in by the new address files.harbourline.example."},
		{"2025-11-04", "Payouts close at 16:00 instead of 17:00 Eastern time."},
		{"2025-11-10", "First calls are taken by Northgate Call Centre, a new subprocessor."},
		{"2025-12-06", "Brightwire Network ceased to be a vendor; the link between Newark and Ashburn is carried by Cumulonet Cloud."},
		{"2026-01-01", "Clients keep the lists of their own approvers; until then our implementation desk kept them on the client's word (user control U-01)."},
		{"2026-01-12", "Closed years are archived at Stillwater Archive instead of in our own object store. The risk check was approved in the minute of the start."},
		{"2026-02-02", "Support and operations report to one head."},
		{"2026-03-16", "Pay slips are kept for seven years."},
		{"2026-03-23", "Logs of the applications are collected by Wayfinder Logs before they reach our log archive."},
		{"2026-03-31", "Tallystone, a maker of time clocks, was acquired. Its systems are not connected to ours and are no part of the system."},
		{"2026-04-18", "The ledger moved to a new database engine. Nobody had rated the significance of the project; its risk check was made in March."},
		{"2026-05-11", "Workers may draw earned wages on a card. It went live without the risk check that policy requires; the check was made up for in June."},
		{"2026-06-30", "Clients may pay their vendors' bills from the trust accounts (Bill pay)."},
	} {
		out = append(out, assure.SystemChange{On: day(x.on), Text: x.text})
	}
	return out
}

// undecidedIncident was planted: the form that asks for the decision goes by severity, and nobody said how severe it
// was. All other incidents that the period covers are decided upon.
const undecidedIncident = "INC-2020"

// verdictOnIncident is what was decided: the effect, of those that are told, or why it is not.
type verdictOnIncident struct {
	told bool
	text string
}

var verdictsOnIncidents = map[string]verdictOnIncident{
	"INC-2001": {false, "Clients' systems dropped the repeated messages. No commitment was missed."},
	"INC-2002": {true, "The settlement file reached the bank after its cut-off, and wages of three clients arrived a banking day late. The alert on the host's disk had been raised and not acted on."},
	"INC-2003": {false, "One of two ways to sign in failed; users signed in by the other, and no approval was late."},
	"INC-2004": {true, "Payouts of one client and of two that shared its run were released with totals that were too high. The surplus was called back within two banking days. " +
		"A contract asks for notice within 48 hours, which was missed: the control over notices (INC-03) failed."},
	"INC-2005": {false, "Writes were queued and posted before the cut-off. No run was late, and nothing was lost."},
	"INC-2006": {false, "Files waited at the gateway and were taken in on the same day. No commitment was missed."},
	"INC-2007": {false, "Seen by our own testers in two tenants of ours, before the release reached clients. No client's row was shown to another."},
	"INC-2008": {true, "Card payments of two clients were refused in one region for part of an afternoon, which kept the level of availability from being met for them in March."},
	"INC-2009": {true, "Names and gross pay of workers of four clients reached a contact of a client that they do not belong to. The recipient confirmed the deletion in writing. The commitment that nobody else reads a client's data was not met."},
	"INC-2010": {false, "Messages were delayed and none was lost; reports were delivered by their time."},
	"INC-2011": {false, "Clients' systems dropped the repeated messages. No commitment was missed."},
	"INC-2012": {false, "The file left before the bank's cut-off."},
	"INC-2013": {false, "Users of one client could not sign in for part of an afternoon. They approved by a signed request, and their run was paid on its day."},
	"INC-2014": {false, "The totals were found wrong when they were compared with the run, before anything was released."},
	"INC-2016": {false, "Files of two clients waited over night and were taken in before their runs. Both were told within the eight hours of their contract."},
	"INC-2017": {false, "Seen in a tenant of ours that is used for training. No client's row was shown to another."},
	"INC-2019": {true, "Receipts of two clients named the address of another shop for about three hours of a Saturday evening. No account number was on them. One client was told half an hour after the end of its 24 hours."},
	"INC-2021": {false, "Repeated messages to a test address of ours. It is still worked on, and no client is affected."},
}

// incidentDecisions are those about all incidents that the period covers, but for the one that nobody decided on.
// An incident of which the list above does not know is told when clients were affected.
func (c *company) incidentDecisions() []assure.Incident {
	var out []assure.Incident
	for _, in := range c.incidents {
		if !c.inPeriod(in.detected) || in.id == undecidedIncident {
			continue
		}
		v, ok := verdictsOnIncidents[in.id]
		if !ok {
			v = verdictOnIncident{in.confirmed != civil.Never, "No effect on clients is on record, and no commitment was missed."}
			if v.told {
				v.text = "Its effect on the commitments is described by the notices to the clients."
			}
		}
		decided := c.zone.DateOf(in.detected) + 14
		d := assure.Incident{ID: in.id, Disclose: v.told, DecidedBy: "Security lead, with legal counsel", DecidedOn: &decided}
		if v.told {
			d.Text = c.tellIncident(in) + "\nEffect: " + v.text
		} else {
			d.Why = v.text
		}
		out = append(out, d)
	}
	return out
}

// tellIncident says what happened and when, from the record: a title, and what the description criteria ask for line by line.
func (c *company) tellIncident(in incident) string {
	s := in.title
	if in.confirmed != civil.Never {
		s += fmt.Sprintf("\nTiming: Whom it affected was confirmed %s after its detection. The last of them was told %s later.", hoursOf(in.confirmed-in.detected), hoursOf(in.told-in.confirmed))
	}
	if cause, _ := in.cause.(string); cause != "" {
		s += "\nCause: " + strings.ToUpper(cause[:1]) + cause[1:] + "."
	}
	if in.confirmed != civil.Never {
		s += "\nExtent: " + affected(in.customers) + "."
	}
	return s
}

func affected(n int) string {
	if n == 1 {
		return "1 client was affected"
	}
	return fmt.Sprintf("%d clients were affected", n)
}

func hoursOf(length civil.Instant) string {
	hours, rest := length/hour, length%hour/minute
	s := fmt.Sprintf("%d hours", hours)
	if hours == 1 {
		s = "1 hour"
	}
	switch rest {
	case 0:
		return s
	case 1:
		return s + " and 1 minute"
	}
	return fmt.Sprintf("%s and %d minutes", s, rest)
}
