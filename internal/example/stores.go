package example

import "github.com/assayhq/assay/internal/civil"

// dataStore is one place where customers' data lie. DAT-02 asks about the encryption of each,
// CNF-01 about the class of new ones, PRV-04 about the retention in those with personal data.
type dataStore struct {
	id, system, kind  string
	created           string // as "2006-01-02T15:04", local time
	class             string
	owner             int    // a head
	tagged, firstData string // local times; empty while there is none
	personal          bool
	months            int // how long data is kept
}

// dataStores come from the cloud's own list. The last eight were made in the period.
var dataStores = []dataStore{
	{"db-customer", "customer-db", "database", "2021-03-09T10:12", "restricted", 3, "2021-03-09T10:40", "2021-04-01T08:00", true, 84},
	{"db-analytics", "analytics-db", "database", "2022-05-17T14:20", "confidential", 6, "2022-05-18T09:05", "2022-06-01T08:00", true, 36},
	{"bucket-uploads", "uploads", "object store", "2021-06-22T11:31", "restricted", 3, "2021-06-22T11:50", "2021-06-25T09:00", true, 24},
	{"bucket-settlement", "uploads", "object store", "2025-10-15T15:04", "restricted", 3, "2025-10-15T15:31", "2025-10-20T06:00", false, 84},
	{"db-ledger-replica", "customer-db", "database", "2026-01-21T13:40", "restricted", 3, "2026-01-21T14:02", "2026-01-22T05:00", false, 84},
	{"bucket-dispute-scans", "uploads", "object store", "2026-05-05T16:18", "confidential", 6, "2026-05-06T09:10", "2026-05-07T07:30", true, 18},
	{"db-fraud-scores", "analytics-db", "database", "2025-07-01T08:05", "restricted", 6, "2025-07-01T09:00", "2025-07-02T08:00", true, 24},
	{"bucket-call-recordings", "uploads", "object store", "2025-08-11T10:20", "internal", 6, "", "2025-08-12T09:00", false, 12}, // nobody's yet
	{"db-support-search", "analytics-db", "database", "2025-11-17T09:40", "confidential", 6, "2025-11-24T11:00", "2025-11-19T08:00", false, 24},
	{"bucket-kiosk-photos", "uploads", "object store", "2026-03-30T13:00", "restricted", 3, "2026-04-02T08:00", "2026-04-02T08:00", false, 12},
	{"bucket-idle", "uploads", "object store", "2026-06-18T10:00", "internal", 3, "2026-06-18T10:05", "", false, 6}, // holds nothing yet
}

func (c *company) when(local string) civil.Instant {
	if local == "" {
		return civil.Never
	}
	return must(c.zone.ParseLocal(local + ":00"))
}

func (c *company) storeList() File {
	var rows []row
	for _, s := range dataStores {
		rows = append(rows, row{s.id, s.system, c.when(s.created), s.class, c.people[s.owner].email,
			opt(c.when(s.tagged)), opt(c.when(s.firstData)), s.personal, s.months})
	}
	f := c.counted(File{
		Register: "data_stores", Name: "data-stores.json", Source: "cloud-inventory", Query: "databases and buckets of all accounts and regions",
		Data: jsonList([]string{"store_id", "system", "created_at", "classification", "owner", "tagged_at", "first_data_at",
			"personal_data", "retention_months"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}
