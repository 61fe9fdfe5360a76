package example

import (
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// usersControls are the complementary user entity controls. They were published with the terms on 1 July 2025, U-01 when
// clients took over the lists. U-09 was planted: it stands in no document that clients have.
func usersControls() []assure.CUEC {
	control := func(id, told, criteria, text string) assure.CUEC {
		c := assure.CUEC{ID: id, Text: text, Criteria: strings.Fields(criteria)}
		if told != "" {
			c.Communicated = on(told)
		}
		return c
	}
	const terms = "2025-07-01"
	return []assure.CUEC{
		control("U-01", "2025-11-20", "CC6.2 CC6.3 PI1.2", "Clients keep the list of their authorised users and approvers, and take leavers off it within one business day."),
		control("U-02", terms, "CC6.1", "Clients have each of their users sign in personally and with a second factor, and keep what users sign in with secret."),
		control("U-03", terms, "CC6.2 CC6.3", "Clients review the users and roles of their account each quarter and have what is not needed removed."),
		control("U-04", terms, "PI1.2", "Clients send hours, rates and changes complete and correct, by the date of the run's calendar, and clear what was rejected."),
		control("U-05", terms, "PI1.3 PI1.4", "Clients compare the preview of each run with their own figures, and approve it, before it is released."),
		control("U-06", terms, "PI1.4 PI1.5", "Clients check the reports of a run and tell of differences within two business days."),
		control("U-07", terms, "CC6.1 CC6.7", "Clients send files by the gateway only, protect the keys for it, and have a key replaced at once when it may be known to others."),
		control("U-08", terms, "P2.1 P3.2", "Clients tell their workers that personal data is processed for payroll, and have the consent that the law of their place asks for."),
		control("U-09", "", "CC2.3 CC7.4 P6.6", "Clients name a person and an address for notices of incidents, and keep both current."),
		control("U-10", terms, "CC7.3", "Clients report a suspected misuse of their account to our security desk within 24 hours."),
	}
}

func usersDuties() []assure.Part {
	return namedParts(
		"Training: Train users of the console when they begin.",
		"Status page: Subscribe to the status page.",
		"Password managers: Give users a password manager, and current browsers.",
		"Rehearsal: Rehearse once a year how workers would be paid if the service were down on a pay day.",
		"Copies: Keep a copy of the reports of each closed year.",
	)
}

// subserviceOrganizations are those that the vendor register marks as such, by the method that stands there. Their reports
// are the latest that came in; the last that was reviewed stands in the register of reviews.
func subserviceOrganizations() []assure.Subservice {
	csoc := func(criteria, text string) assure.CSOC {
		return assure.CSOC{Text: text, Criteria: strings.Fields(criteria)}
	}
	return []assure.Subservice{
		{
			Name: "Cumulonet Cloud", Method: "carve_out", Services: "Data halls, networks, virtual machines, managed databases and object stores, key management and the managed edge",
			CSOCs: []assure.CSOC{
				csoc("CC6.4", "Entry to halls and to equipment in them is limited to people with a reason, logged and reviewed; visitors are escorted."),
				csoc("CC6.5 C1.2", "Storage media are made unreadable before they leave the halls or serve another customer."),
				csoc("A1.2", "Power, cooling, fire and water protection of the halls are maintained and tested."),
				csoc("CC6.1", "Customers are kept apart from each other, and staff of the provider reach customers' data on recorded approval only."),
				csoc("CC6.1 C1.1", "Keys under our control are kept in hardware modules and used for no other customer."),
				csoc("CC6.6 CC6.8", "The layers below our virtual machines are patched and protected against intrusion."),
				csoc("CC8.1", "Changes to managed services are tested and announced before they take effect."),
				csoc("CC7.2 CC7.4", "Incidents of the provider that touch our accounts are detected and reported to us within 72 hours."),
				csoc("A1.1 A1.3", "Regions are independent of each other and have the capacity for a failover."),
			},
			Monitoring: []string{"VEN-02", "VEN-03", "AVL-05", "AVL-04"}, Report: "SOC 2 Type 2, twice a year", ReportEnd: on("2026-03-31"), Opinion: "unqualified",
		},
		{
			Name: "Tidewater Bank", Method: "carve_out", Services: "Holds the trust accounts and executes payment files",
			CSOCs: []assure.CSOC{
				csoc("PI1.3 PI1.4", "Each signed payment file is executed once, completely and on its day, or returned with a reason."),
				csoc("PI1.5", "Statements hold every movement of the trust accounts."),
				csoc("CC6.1 CC6.2", "Files are taken from registered keys only, and signing rights are changed on a signed request of ours only."),
			},
			Monitoring: []string{"VEN-02", "PIN-03", "OPS-02"}, Report: "SOC 1 Type 2", ReportEnd: on("2026-03-31"), Opinion: "unqualified",
		},
		{
			Name: "Keystone Identity", Method: "carve_out", Services: "Identity provider for the sign-in of staff to all systems",
			CSOCs: []assure.CSOC{
				csoc("CC6.1", "Sign-ins are checked against the rules that we set, including the second factor, and fail when they cannot be checked."),
				csoc("CC6.2 CC6.3", "Accounts that we disable are refused, and open sessions ended, within an hour."),
				csoc("CC7.2", "All sign-ins and all changes of administrators are logged, and the log is delivered to us."),
			},
			Monitoring: []string{"VEN-02", "IAM-06", "LOG-01"}, Report: "SOC 2 Type 2", ReportEnd: on("2026-04-30"), Opinion: "unqualified",
		},
		{
			Name: "Vaultline Backup", Method: "carve_out", Services: "Takes and keeps the daily backups of the customer database, the analytics database and the uploads in another region",
			CSOCs: []assure.CSOC{
				csoc("A1.2 PI1.5", "Backups are kept unchanged for the time that we set, in a region other than that of the data."),
				csoc("C1.1 CC6.1", "Backups are encrypted with keys that the provider cannot use without us."),
				csoc("C1.2 CC6.5", "Backups that have aged out are deleted from all copies."),
			},
			Monitoring: []string{"VEN-02", "AVL-02", "AVL-03"}, Report: "ISO/IEC 27001 certificate with its surveillance audit", ReportEnd: on("2026-04-30"),
		},
		{
			Name: "Formwright Tax Forms", Method: "inclusive", Services: "Prints and mails wage statements and year-end forms, in its plant and on our data; its staff work by our procedures for delivery (PIN-04), " +
				"for files (OPS-02) and for deletion (CNF-02), which are described and tested with ours",
			Monitoring: []string{"VEN-02", "PIN-04", "OPS-02"}, Report: "SOC 1 Type 2, qualified for an exception about tax tables", Opinion: "qualified",
		},
	}
}
