package registers

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/register"
)

var update = flag.Bool("update", false, "write docs/registers.md anew")

const document = "../../../docs/registers.md"

// TestDocument keeps the list of registers for people true: run it with -update after a change.
func TestDocument(t *testing.T) {
	t.Parallel()
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	want := print(all)
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/registers.md is not what the schemas say; run this test with -update (-schemas +file):\n%s", diff)
	}
}

func print(all map[string]*register.Schema) string {
	var b strings.Builder
	b.WriteString(`# Registers

What the tests of the library read. Import a file with ` + "`assay import REGISTER FILE`" + `; a mapping file
([mapping.md](mapping.md)) renames what a source calls otherwise. Every record also takes ` + "`recorded_at`" + `,
` + "`record_version`" + ` and free extra fields, which are kept. Times carry an offset; dates are civil days. A *login* may be
any name of a person: ` + "`aliases`" + ` says whose it is. An *end* that is absent has not happened; any other absent
field is unknown and makes what needs it undecided.

This page is made from the schemas in ` + "`internal/catalog/registers`" + `. To add a register, add a file.
`)
	list := slices.Collect(func(yield func(*register.Schema) bool) {
		for _, s := range all {
			if !yield(s) {
				return
			}
		}
	})
	slices.SortFunc(list, func(a, b *register.Schema) int { return cmp.Compare(a.Name, b.Name) })
	for _, s := range list {
		fmt.Fprintf(&b, "\n## %s\n\n%s Key: `%s`.", s.Name, s.Doc, strings.Join(s.Key, "/"))
		switch {
		case s.Snapshot != "":
			b.WriteString(" Holds snapshots.")
		case len(s.Interval) == 2:
			fmt.Fprintf(&b, " Holds intervals from `%s` to `%s`.", s.Interval[0], s.Interval[1])
		}
		b.WriteString("\n\n| field | is | |\n|---|---|---|\n")
		for _, f := range s.Fields {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", f.Name, kind(f), strings.ReplaceAll(f.Doc, "|", "\\|"))
		}
	}
	return b.String()
}

// kind says in a few words what a field may hold.
func kind(f register.Field) string {
	out := map[register.Type]string{register.Text: "text", register.Bool: "yes/no", register.Int: "number", register.Instant: "time", register.Date: "date"}[f.Type]
	switch {
	case f.Login:
		out = "login"
	case f.Ref != "":
		out = "of [" + f.Ref + "](#" + f.Ref + ")"
	case len(f.Values) > 0:
		out = strings.Join(f.Values, ", ")
	}
	if f.Required {
		out += ", required"
	}
	if f.End {
		out += ", end"
	}
	return out
}
