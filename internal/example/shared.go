package example

import "fmt"

// sharedAccounts are those that no person signs in with alone: shared ones, accounts of services
// and those that a vendor delivers. Their logins belong to nobody, so that they are asked for a
// second factor as if they were a person's.
func (c *company) sharedAccounts() []row {
	accounts := []struct {
		system, name, kind string
		owner              int // a head, -1 for nobody
		vaulted            any
		created, disabled  string
		undecided          bool
		attributes, why    string
	}{
		{"aws-production", "root", "default", 3, true, "2020-04-01 10:00", "", false, "", ""},
		{"aws-production", "break-glass", "shared", 3, true, "2021-02-08 10:00", "", false, "", ""},
		{"aws-production", "terraform", "service", 3, nil, "2021-02-08 11:00", "", false, "", ""},
		{"aws-production", "old-console", "shared", 3, false, "2020-04-02 10:00", "2025-06-30 23:59", false, "", ""}, // gone before the period
		{"customer-db", "postgres", "default", 3, true, "2020-05-04 09:00", "", false, "", ""},
		{"customer-db", "ledger-api", "service", 3, nil, "2021-02-09 09:00", "", false, "", ""},
		{"customer-db", "reports", "service", -1, nil, "2022-06-13 09:00", "", false, "A", "the service that used it was rewritten; nobody answers for the account"},
		{"analytics-db", "loader", "service", 6, nil, "2021-04-12 09:00", "", false, "", ""},
		{"analytics-db", "admin", "default", 6, false, "2021-04-12 08:00", "2025-11-20 15:00", false, "C", "the account that came with the database worked until November, with the password of its manual"},
		{"uploads", "scanner", "service", 3, nil, "2022-01-17 09:00", "", false, "", ""},
		{"uploads", "support-desk", "shared", 3, false, "2023-09-04 09:00", "", false, "B", "six people of the support desk know its password"},
		{"okta", "emergency-admin", "shared", 2, true, "2021-01-18 09:00", "", false, "", ""},
		{"workspace", "scan-to-mail", "service", 2, nil, "2021-03-22 09:00", "", false, "", ""},
		{"workspace", "reception", "shared", 4, nil, "2022-10-03 09:00", "", true, "B", "the inventory does not say whether its password is in the vault"},
		{"github", "release-notes", "", 1, nil, "2024-02-19 09:00", "", true, "B C", "the inventory does not say what kind of account it is"},
		{"design-tool", "team", "shared", -1, false, "2022-05-02 09:00", "", false, "", ""}, // out of scope
	}
	var rows []row
	for i, a := range accounts {
		id := fmt.Sprintf("acs-%03d", i+1)
		created, disabled, owner := c.clock(a.created), any(nil), any(nil)
		gone := false
		if a.disabled != "" {
			at := c.clock(a.disabled)
			disabled, gone = at, at <= c.period.Start()
		}
		if a.owner >= 0 {
			owner = c.people[a.owner].email
		}
		name, factor := any(a.name), any(true)
		if a.owner < 0 {
			name, owner = "", "" // the inventory has both columns, and nobody in them
		}
		if a.undecided {
			factor = nil
		}
		rows = append(rows, row{id, a.system, name, true, factor, created, disabled, optText(a.kind), owner, a.vaulted})
		if gone || a.system == "design-tool" {
			continue
		}
		c.counts("IAM-06", true)
		if a.undecided {
			c.undecided("IAM-06", id, "A", "nobody owns the login, and the inventory says nothing of a second factor")
		}
		c.counts("IAM-08", true)
		c.tale("IAM-08", id, a.undecided, a.attributes, a.why)
	}
	for _, s := range estate {
		if s.inScope {
			c.counts("IAM-08.2", true)
		}
	}
	c.deviates("IAM-08.2", "log-archive", "A", "nobody ever took a list of the accounts of the log archive")
	return rows
}
