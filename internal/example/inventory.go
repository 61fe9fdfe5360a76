package example

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// asset is one row of the inventory.
type asset struct {
	name, kind, system string
	owner              string
	inScope, internet  bool
	class              string
	created, retired   civil.Instant
}

// keyed joins the parts of a key as registers do: what stands in a part is kept from looking like a joint.
func keyed(parts ...string) string {
	for i := range len(parts) - 1 {
		parts[i] = strings.NewReplacer("%", "%25", "/", "%2F").Replace(parts[i])
	}
	return strings.Join(parts, "/")
}

// The laptops: so many whose owners reach production, and so many others.
const (
	managedLaptops = 24
	otherLaptops   = 32
)

// ownRepositories are the repositories in scope; billing of ourselves and internal reports are not.
var ownRepositories = []string{"harbourline/ingest", "harbourline/ledger-api", "harbourline/console", "harbourline/infrastructure"}

// inventory are the assets as the inventory lists them: about 140.
func (c *company) inventory() []asset {
	old := func(i int) civil.Instant { return c.at(day("2022-01-10")+civil.Date(i*13%700), "10:00") }
	platform, it, data := c.people[3].email, c.people[2].email, c.people[6].email
	var list []asset
	add := func(name, kind, system, owner string, inScope, internet bool, class string, created civil.Instant) {
		list = append(list, asset{name, kind, system, owner, inScope, internet, class, created, civil.Never})
	}
	for i, s := range services {
		name := "harbourline/" + s
		add(name, "repository", "github", platform, slices.Contains(ownRepositories, name), false, "confidential", old(i))
		add(s, "container", "aws-production", platform, true, false, "confidential", old(i+9))
		for k := range 7 {
			add(fmt.Sprintf("%s-worker-%02d", s, k+1), "container", "aws-production", platform, true, false, "confidential", old(7*i+k))
		}
	}
	add("worker-image", "container", "aws-production", platform, true, false, "internal", old(3))
	add("migration-image", "container", "aws-production", platform, true, false, "internal", old(4))
	add("aws-production", "deploy_target", "aws-production", platform, true, false, "restricted", old(5))
	for i, h := range hosts {
		add(h.name, "host", "aws-production", platform, h.inScope, false, "restricted", old(20+i))
		if h.created != "" {
			list[len(list)-1].created = c.when(h.created)
		}
	}
	for i, e := range endpoints {
		add(e.name, e.kind, "aws-production", platform, e.inScope, e.internet, "internal", old(40+i))
		if e.created != "" {
			list[len(list)-1].created = c.when(e.created)
		}
	}
	for _, s := range dataStores {
		add(s.id, s.kind, s.system, data, true, false, s.class, c.when(s.created))
	}
	for i := range managedLaptops + otherLaptops {
		add(laptop(i), "laptop", "workspace", it, i < managedLaptops, false, "internal", old(60+i))
		if x, ok := laptopLives[i]; ok {
			a := &list[len(list)-1]
			if x.created != "" {
				a.created = c.when(x.created)
			}
			a.retired = c.when(x.retired)
		}
	}
	return list
}

func laptop(i int) string { return fmt.Sprintf("hb-lt-%03d", 101+i) }

var hosts = []struct {
	name    string
	inScope bool
	created string
}{
	{"bastion-1", true, ""}, {"settle-db-1", true, ""}, {"settle-batch-1", true, "2026-02-02T11:20"}, {"print-1", false, ""},
}

var endpoints = []struct {
	name, kind        string
	inScope, internet bool
	created           string
}{
	{"api.harbourline.example", "address", true, true, ""},
	{"console.harbourline.example", "address", true, true, ""},
	{"files.harbourline.example", "address", true, true, "2025-11-03T15:00"},
	{"link-newark-ashburn", "link", true, false, ""},
	{"www.harbourline.example", "address", false, true, ""},
}

// laptopLives are those that came or went in the period, by number.
var laptopLives = map[int]struct{ created, retired string }{
	5:  {"", "2025-08-20T16:00"},
	9:  {"", "2026-02-11T15:30"},
	14: {"2025-09-08T10:00", ""},
	17: {"2026-01-12T10:00", ""},
	21: {"2026-04-06T10:00", ""},
	40: {"", "2025-11-14T12:00"},
	41: {"", "2026-05-21T12:00"},
}

func (c *company) assetList(list []asset) File {
	var rows []row
	for _, a := range list {
		rows = append(rows, row{a.name, a.kind, a.system, a.owner, a.inScope, a.internet, a.class, a.created, opt(a.retired)})
	}
	f := c.counted(File{
		Register: "assets", Name: "assets.csv", Source: "asset-inventory", Query: "all assets, retired ones too",
		Data: table(';', true, []string{"asset", "kind", "system", "owner", "in_scope", "internet_facing", "classification",
			"created_at", "retired_at"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

// find is the asset of a name.
func find(list []asset, name string) asset {
	return list[slices.IndexFunc(list, func(a asset) bool { return a.name == name })]
}
