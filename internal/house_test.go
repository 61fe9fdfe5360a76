// Package house guards the plan of the house: which rooms there are, what each may import,
// and what it may touch of the world outside. docs/adr/0001 gives the reasons; a change to
// the table comes with an ADR.
package house

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// floor orders the house from the ground up.
type floor int

const (
	ground floor = iota
	first
	second
	third
	doors
	roof
	suites // test support: outside the product, imported by tests only
)

// room is a folder of Go under internal/ (or cmd/), or all folders under "name/*".
type room struct {
	floor floor
	name  string
	may   string // rooms it may import besides the ground floor; "all:" adds whole floors
	world string // what it may touch: files, network, sql, seeded (a generator whose seed is an argument)
}

// rooms in order: an arrow leads to an earlier row only. The ground floor is open to everybody above it.
var rooms = []room{
	{ground, "fault", "", ""},
	{ground, "id", "fault", ""},
	{ground, "civil", "fault", ""},
	{ground, "assure", "fault id civil", ""},

	{first, "ledger", "", ""},
	{first, "register", "", ""},
	{first, "rule", "register", ""},
	{first, "sample", "", ""},
	{first, "catalog/registers", "register", ""},
	{first, "catalog/tests", "register rule", ""},
	{first, "catalog", "register rule catalog/registers catalog/tests", ""},
	{first, "report", "", ""},
	{first, "lint", "report", ""},
	{first, "lint/returned", "report lint", ""},
	{first, "access", "", ""},
	{first, "record", "register ledger", ""},
	{first, "gauge", "", ""},
	{first, "phrase", "", ""},
	{first, "example", "", "seeded"},

	{second, "advise", "catalog", ""},
	{second, "scope", "catalog", ""},
	{second, "collect", "register record", ""},
	{second, "operate", "register record access", ""},
	{second, "examine", "rule catalog record gauge report", ""},
	{second, "engage", "sample ledger register record catalog access report", ""},
	{second, "answer", "catalog ledger", ""},
	{second, "publish", "report catalog ledger record", ""},
	{second, "account", "access", ""},

	{third, "outbound", "", "network"},
	{third, "mail", "", "network"},
	{third, "oidc", "", "network"},
	{third, "tsa", "", "network"},
	{third, "witness", "ledger", "files network"},
	{third, "job", "", ""},
	{third, "collector/*", "register", "network"},
	{third, "format/docx", "lint", ""},
	{third, "format/*", "register", ""},
	{third, "plugin", "register", "files network"},
	{third, "store/*", "ledger register record access", "files sql"},
	{third, "engine/sql", "rule register", ""},
	{third, "engine/*", "rule register engine/sql", "sql"},
	{third, "blob/*", "", "files network"},
	{third, "render/*", "report", ""},

	{doors, "web/elements", "", ""},
	{doors, "web/shell", "all:first web/elements", "network"},
	{doors, "web/*", "all:first all:second web/shell web/elements", "network"},
	{doors, "web", "all:first all:second web/elements web/shell", "network"},
	{doors, "api", "all:first all:second", "network"},
	{doors, "scim", "all:first all:second web/shell", "network"},
	{doors, "mcp", "all:first all:second", "network"},
	{doors, "cli", "all:first all:second", ""},

	{roof, "app", "all:first all:second all:third all:doors", "files network sql random clock"},
	{roof, "cmd/assay", "app cli", "files network random clock"},
	{roof, "cmd/assay-witness", "ledger witness", "files network random clock"},

	{suites, "npmtest", "", "files"},
	{suites, "pgtest", "", "files sql"},
	{suites, "example/recount", "all:first", ""},
	{suites, "store/storetest", "all:first", "sql"},
	{suites, "blob/blobtest", "all:first", ""},
	{suites, "rule/mutate", "register rule", ""},
	{suites, "engine/enginetest", "all:first", "sql"},
	{suites, "collector/collectortest", "all:first", ""},
	{suites, "tsa/tsatest", "", "network random"},
	{suites, "web/browse", "", "files network"},
	{suites, "test/provider", "", "files network random clock"}, // a module of its own: the provider that sign-in is tested against
}

func TestHouse(t *testing.T) {
	t.Parallel()
	for _, fault := range inspect(os.DirFS("..")) {
		t.Error(fault)
	}
}

func TestTableLeadsDownward(t *testing.T) {
	t.Parallel()
	for i, r := range rooms {
		for _, name := range strings.Fields(r.may) {
			if strings.HasPrefix(name, "all:") {
				continue
			}
			at := slices.IndexFunc(rooms, func(r room) bool { return r.name == name })
			if at < 0 || at >= i && r.floor != suites {
				t.Errorf("row %s may import %s, which is no earlier row", r.name, name)
			}
		}
	}
}

const sound = `package ledger

import (
	"embed"
	"time"

	"github.com/assayhq/assay/internal/civil"
)

var _ embed.FS

func start(d civil.Date, z civil.Zone) time.Time { return z.Start(d).Time() }
`

// TestPlantedFaults shows that the guard sees: each tree has one fault, and the message names it.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	const here = `"github.com/assayhq/assay/internal/`
	for _, c := range []struct{ name, path, source, want string }{
		{"an arrow upward", "internal/ledger/a.go", `package ledger; import _ ` + here + `examine"`,
			"internal/ledger/a.go:1: room ledger may not import examine"},
		{"an arrow upward on one floor", "internal/register/a.go", `package register; import _ ` + here + `rule"`,
			"room register may not import rule"},
		{"an arrow upward from the ground", "internal/civil/a.go", `package civil; import _ ` + here + `assure"`,
			"room civil may not import assure"},
		{"a third-floor room that knows an act", "internal/store/sqlite/a.go", `package sqlite; import _ ` + here + `collect"`,
			"room store/sqlite may not import collect"},
		{"a page that reaches into a store", "internal/web/a.go", `package web; import _ ` + here + `store/sqlite"`,
			"room web may not import store/sqlite"},
		{"a command that reaches into an engine", "internal/cli/a.go", `package cli; import _ ` + here + `engine/sqlite"`,
			"room cli may not import engine/sqlite"},
		{"a page that renders by itself", "internal/web/a.go", `package web; import _ ` + here + `render/html"`,
			"room web may not import render/html"},
		{"a test suite in the product", "internal/app/a.go", `package app; import _ ` + here + `store/storetest"`,
			"room app may not import store/storetest"},
		{"an import of no room", "internal/app/a.go", `package app; import _ ` + here + `util"`,
			"room app may not import util"},
		{"the verifier sharing code", "verify/a.go", `package verify; import _ ` + here + `ledger"`,
			"verify/a.go:1: the verifier may not import internal/ledger"},
		{"a clock in a pure room", "internal/rule/a.go", "package rule\nimport \"time\"\nvar now = time.Now()",
			"internal/rule/a.go:3: room rule may not read the clock (time.Now)"},
		{"a clock under another name", "internal/rule/a.go", "package rule\nimport when \"time\"\nvar f = when.Since",
			"room rule may not read the clock (time.Since)"},
		{"a clock in the open", "internal/rule/a.go", "package rule\nimport . \"time\"\nvar f = Now",
			"room rule may not import time into its own names"},
		{"a timer in a pure room", "internal/gauge/a.go", "package gauge\nimport \"time\"\nfunc f() { time.Sleep(1) }",
			"room gauge may not wait (time.Sleep)"},
		{"a clock in an act", "internal/collect/a.go", "package collect\nimport \"time\"\nvar now = time.Now()",
			"room collect may not read the clock (time.Now)"},
		{"a clock in a store", "internal/store/sqlite/a.go", "package sqlite\nimport \"time\"\nvar now = time.Now",
			"room store/sqlite may not read the clock (time.Now)"},
		{"a file in a pure room", "internal/register/a.go", `package register; import _ "os"`,
			"room register may not touch files (os)"},
		{"a walk over files in a pure room", "internal/catalog/a.go", `package catalog; import _ "path/filepath"`,
			"room catalog may not touch files (path/filepath)"},
		{"the network in a pure room", "internal/report/a.go", `package report; import _ "net/http"`,
			"room report may not touch network (net/http)"},
		{"the network in a store", "internal/store/sqlite/a.go", `package sqlite; import _ "net"`,
			"room store/sqlite may not touch network (net)"},
		{"chance in a pure room", "internal/sample/a.go", `package sample; import _ "math/rand/v2"`,
			"room sample may not touch seeded (math/rand/v2)"},
		{"secrets made in a store", "internal/store/sqlite/a.go", `package sqlite; import _ "crypto/rand"`,
			"room store/sqlite may not touch random (crypto/rand)"},
		{"SQL in an act", "internal/examine/a.go", `package examine; import _ "database/sql"`,
			"room examine may not touch sql (database/sql)"},
		{"a line printed from a pure room", "internal/phrase/a.go", "package phrase\nimport \"fmt\"\nfunc f() { fmt.Println() }",
			"room phrase may not touch files (fmt.Println)"},
		{"testing in the product", "internal/ledger/a.go", `package ledger; import _ "testing"`,
			"room ledger may not import testing"},
		{"a folder of no room", "internal/util/a.go", `package util`,
			"internal/util belongs to no room"},
		{"a folder of data of no room", "internal/stuff/a.yaml", `a: b`,
			"internal/stuff belongs to no room"},
		{"a room inside a room", "internal/rule/parser/a.go", `package parser`,
			"internal/rule/parser belongs to no room"},
		{"Go at the root", "a.go", `package assay`,
			". belongs to no room"},
		{"a file that does not parse", "internal/rule/a.go", `packag rule`,
			"internal/rule/a.go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := inspect(fstest.MapFS{
				"internal/ledger/sound.go": {Data: []byte(sound)},
				c.path:                     {Data: []byte(c.source)},
			})
			if len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("inspect(%s: %s) = %q, want one fault with %q", c.path, c.source, got, c.want)
			}
		})
	}
}

func TestSoundTreesPass(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{}
	for path, source := range map[string]string{
		"internal/ledger/sound.go":             sound,
		"internal/ledger/sound_test.go":        `package ledger; import ("os"; "testing"; _ "github.com/assayhq/assay/internal/app"); var _ = os.Args; var _ testing.TB`,
		"internal/ledger/testdata/x/y.go":      `package y; import _ "os"`,
		"internal/catalog/frameworks/x/y.yaml": `id: x`,
		"internal/engine/sqlite/a.go":          `package sqlite; import (_ "database/sql"; _ "github.com/assayhq/assay/internal/engine/sql")`,
		"internal/store/storetest/a.go":        `package storetest; import (_ "testing"; _ "github.com/assayhq/assay/internal/record")`,
		"internal/web/a.go":                    `package web; import (_ "net/http"; _ "github.com/assayhq/assay/internal/report")`,
		"internal/app/a.go":                    "package app\nimport (_ \"crypto/rand\"; \"time\"; _ \"github.com/assayhq/assay/internal/store/sqlite\")\nvar now = time.Now",
		"verify/cmd/assay-verify/main.go":      `package main; import (_ "os"; _ "github.com/assayhq/assay/verify/packet")`,
		"docs/adr/0001.md":                     `# no Go here`,
	} {
		tree[path] = &fstest.MapFile{Data: []byte(source)}
	}
	if got := inspect(tree); len(got) > 0 {
		t.Errorf("inspect(a sound tree) = %q, want no fault", got)
	}
}
