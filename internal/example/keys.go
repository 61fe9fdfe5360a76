package example

import "fmt"

// keys are those that protect customers' data, with their rotations.
func (c *company) keys() []File {
	// A key, its system, when it was made and withdrawn, and whether duties are apart.
	list := []struct {
		id, system, made, gone string
		separated              any
		turned                 []string
	}{
		{"key-customer-db", "customer-db", "2021-03-02T09:00", "", true, []string{"2024-03-04T09:10", "2025-03-03T09:10", "2026-03-02T09:10"}},
		{"key-analytics-db", "analytics-db", "2024-09-01T10:00", "", true, []string{"2025-09-01T23:50"}}, // its last ten minutes
		{"key-uploads", "uploads", "2022-11-05T11:00", "", true, []string{"2023-11-03T09:30", "2024-11-05T09:30", "2025-11-20T10:45"}},
		{"key-settlement", "uploads", "2024-05-13T14:00", "", true, []string{"2025-05-12T14:10"}},
		{"key-disputes", "uploads", "2026-05-05T15:50", "", false, nil},
		{"key-backups", "customer-db", "2023-08-14T10:00", "", nil, []string{"2024-08-12T10:05", "2025-08-11T10:05"}},
		{"key-exports", "analytics-db", "2024-02-06T10:00", "2025-08-29T17:00", true, []string{"2025-02-05T10:20"}},
		{"key-ledger-replica", "customer-db", "2026-01-21T13:30", "", true, nil},
		{"key-old-portal", "uploads", "2021-06-01T10:00", "2025-06-30T18:00", true, nil}, // gone before the period
	}
	var keys, turns []row
	for _, k := range list {
		keys = append(keys, row{k.id, k.system, c.when(k.made), opt(c.when(k.gone)), k.separated})
		if k.id != "key-old-portal" {
			c.counts("DAT-03", true)
		}
		for _, at := range k.turned {
			id := fmt.Sprintf("kr-%03d", len(turns)+1)
			turns = append(turns, row{id, k.id, c.when(at), "yearly rotation"})
			if !c.inPeriod(c.when(at)) {
				continue
			}
			c.counts("DAT-03.2", true)
			if at == "2025-11-20T10:45" {
				c.deviates("DAT-03.2", id, "A", "two weeks more than a year: the reminder went to somebody who had left")
			}
		}
	}
	c.deviates("DAT-03", "key-settlement", "A", "not rotated since May of the year before")
	c.deviates("DAT-03", "key-disputes", "B", "the team that made the bucket administers the key and reads the files")
	c.undecided("DAT-03", "key-backups", "B", "the key's policy could not be exported")
	f := c.counted(File{
		Register: "encryption_keys", Name: "keys.json", Source: "key-management", Query: "customer-managed keys of all accounts and regions",
		Data: jsonList([]string{"key_id", "system", "created_at", "retired_at", "duties_separated"}, keys),
	}, len(keys))
	f.Extent = "full"
	return []File{f, c.counted(File{
		Register: "rotations", Name: "key-rotations.csv", Source: "key-management", Query: "rotation events of customer-managed keys",
		Data: table(',', false, []string{"rotation_id", "key_id", "rotated_at", "reason"}, turns),
	}, len(turns))}
}
