package example

import (
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

func servicesCovered() []assure.Part {
	return namedParts(
		"Payroll: Computes wages, withholdings and deductions from the hours and rates that clients send, and pays workers by the client's own schedule.",
		"Payouts: Pays contractors of clients in the United States, and since 3 November 2025 in Canada, on the same day where the bank allows it.",
		"Earned wages: Lets workers draw wages that they have earned before pay day; on a card since 11 May 2026.",
		"Bill pay: Pays bills of clients' vendors from the trust accounts, since 30 June 2026.",
		"Taxes and forms: Deposits payroll taxes, files returns, and has wage statements and year-end forms printed and mailed by Formwright Tax Forms.",
		"Console and API: Lets clients enter and upload hours and rates, approve runs, and take their reports; lets workers read their pay slips.",
	)
}

func componentsOf() assure.Components {
	return assure.Components{
		Infrastructure: namedParts(
			"Cloud accounts: Production runs in an account of its own (4417) at Cumulonet Cloud, in Virginia and since 1 July 2025 in Ohio; data for analysis in a second one (9023). The register of systems calls the first aws-production.",
			"Public edge: The addresses of the API, the console and, since 3 November 2025, the file gateway stand behind a managed edge with a web application firewall and protection against floods.",
			"Hosts: bastion-1 is the only way in for administrators; settle-db-1 and, since 2 February 2026, settle-batch-1 make the settlement files. All else runs in containers.",
			"Network link: An encrypted link between the cage in Newark and Ashburn carries the traffic with the bank.",
			"Laptops: 24 managed laptops reach production; 32 others do not.",
		),
		Software: namedParts(
			"Ingest: Takes in files and entries, checks format, range, duplicates and references, and queues what fails.",
			"Ledger API: Books every movement once, in double entry; all other services write through it.",
			"Console: What clients and workers see, on the web and on telephones.",
			"Scheduler: Runs the nightly jobs, from the import of hours to the load of the warehouse.",
			"Infrastructure code: Accounts, networks and rules as code, changed by the same pipeline as the services.",
			"Identity provider: Sign-in of staff (register: okta), run by Keystone Identity.",
			"Code host and pipeline: Source, reviews, builds and signed images (register: github), run by Gitarium.",
			"Log archive: Security logs for twelve months, written once; applications send by way of Wayfinder Logs since 23 March 2026.",
		),
		People: namedParts(
			"Board: Oversees security each quarter, with members from outside of management.",
			"Executives: The chief executive and the heads of engineering, IT, platform, people, security and data own the controls.",
			"Engineering: About 80 engineers build and run the system; nine of them share the duty of incident responder, a day each.",
			"Operations: Desks for payroll, treasury, release, tax, billing, privacy, vendors, implementation and data; nobody sits at two of them.",
			"Support: Helps clients; opens their data on a case and for a limited time only.",
			"Internal audit: Inspects what others performed and walks through controls that it does not perform.",
			"Contractors: 18 people from agencies, under the same policies.",
		),
		Procedures: namedParts(
			"Access: Requested, approved, granted, reviewed and removed by the access control policy.",
			"Change: From ticket by way of review and pipeline to production; emergencies by a shorter way with a review afterwards.",
			"Operations: The calendar of jobs, the daily comparison of input, processing and output, and the release of runs.",
			"Incidents: From report by way of triage, containment and notices to the review.",
			"Continuity: Daily backups, quarterly trials of restoring, a yearly failover.",
			"Vendors: Assessment before use, yearly review of reports, quarterly comparison of the register.",
			"Privacy: Notice, choices, new uses, requests, disclosures, retention and deletion.",
		),
		Data: namedParts(
			"Personal data of workers: Names, addresses, tax identifiers, bank details and pay. Class: restricted.",
			"Payment data: Runs, settlement files, statements of the bank and ledger. Class: restricted.",
			"Client data: Contracts, contacts, approver lists and uploads. Class: confidential.",
			"Analyses: Extracts under pseudonyms, fraud scores. Class: confidential and restricted.",
			"Records of the system: Logs, tickets, code and settings. Class: internal.",
		),
	}
}

func locations() []assure.Part {
	return namedParts(
		"cumulonet-east: Halls of Cumulonet Cloud in Ashburn, Virginia, run by the provider: all production, with the data of users.",
		"Cumulonet Cloud, Ohio: The provider's second region: replicas and failover since 1 July 2025.",
		"boston-office: Headquarters. No data of users is kept there.",
		"boston-server-room: The office network, badge readers and telephones of Boston. No data of users.",
		"newark-cage: Rented space with routers of ours. Data passes through encrypted; none is stored.",
		"portland-office: Office since 1 October 2025. No data of users is kept there.",
		"albany-office: Office until 30 November 2025.",
	)
}

// dataFlow reads from left to right: who is outside, what processes, where data is stored. The order of the nodes decides
// the columns of the picture: an arrow to a node named before leads back, and makes no column of its own.
func dataFlow() assure.Flow {
	node := func(id, name, does, system string) assure.Node {
		n := assure.Node{ID: id, Name: name, System: system}
		for _, w := range strings.Fields(does) {
			if w == "outside" {
				n.Outside = true
			} else {
				n.Does = append(n.Does, w)
			}
		}
		return n
	}
	const (
		web  = "HTTPS, TLS 1.2 or later"
		sftp = "SFTP with keys"
		own  = "TLS inside the account"
	)
	return assure.Flow{
		Nodes: []assure.Node{
			node("workers", "Workers", "created outside", ""),
			node("clients", "Clients' users", "created outside", ""),
			node("bank", "Tidewater Bank", "processed outside", ""),
			node("console", "Console and API", "processed", "aws-production"),
			node("gateway", "File gateway", "transmitted", "aws-production"),
			node("engine", "Payroll services", "processed", "aws-production"),
			node("logs", "Log archive", "stored", "log-archive"),
			node("ledger", "Customer database", "stored", "customer-db"),
			node("uploads", "Uploads", "stored", "uploads"),
			node("backup", "Vaultline Backup", "stored outside", ""),
			node("analysis", "Analytics data", "stored", "analytics-db"),
			node("forms", "Formwright plant", "processed", ""),
		},
		Edges: []assure.Edge{
			{From: "workers", To: "console", Data: "Bank details, choices, requests", How: web},
			{From: "clients", To: "console", Data: "Hours, rates, approvals", How: web},
			{From: "clients", To: "gateway", Data: "Files of hours and rates", How: sftp},
			{From: "bank", To: "engine", Data: "Statements, returned payments", How: "SFTP with keys, over the encrypted link"},
			{From: "console", To: "logs", Data: "Sign-ins, reads and changes, from all services", How: own},
			{From: "console", To: "ledger", Data: "Entries and approvals", How: own},
			{From: "gateway", To: "uploads", Data: "Files that passed the checks", How: own},
			{From: "uploads", To: "engine", Data: "Accepted input", How: own},
			{From: "engine", To: "ledger", Data: "Runs, bookings, pay slips", How: own},
			{From: "engine", To: "backup", Data: "Daily backups of all stores, taken by a job", How: "TLS, encrypted with our keys"},
			{From: "engine", To: "analysis", Data: "Extracts under pseudonyms, fraud scores", How: own},
			{From: "engine", To: "forms", Data: "Wage statements, year-end forms", How: sftp},
			{From: "engine", To: "bank", Data: "Payment and tax files, released by two people", How: "SFTP with keys, signed"},
			{From: "engine", To: "gateway", Data: "Reports for clients", How: own},
			{From: "gateway", To: "clients", Data: "Reports for clients", How: sftp},
			{From: "console", To: "workers", Data: "Pay slips", How: web},
		},
	}
}
