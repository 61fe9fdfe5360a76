package publish

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/assayhq/assay/internal/assure"
)

//go:embed readme.md
var readmeText string

// verifierText is a second verifier, in another language and by other libraries than assay-verify:
// what both accept does not rest on a fault of one of them. It is the same in every package.
//
//go:embed verifier.py
var verifierText []byte

var readmeTemplate = template.Must(template.New("readme").Funcs(template.FuncMap{
	"create":  create,
	"indexes": indexes,
	"first":   func(r []assure.Relation) assure.Relation { return r[0] },
}).Parse(readmeText))

// readme writes the auditor's guide to one package.
func readme(m Material) ([]byte, error) {
	var b bytes.Buffer
	type guide struct {
		Material
		Origin string
	}
	p := packer{m: m}
	if err := readmeTemplate.Execute(&b, guide{m, p.origin()}); err != nil {
		return nil, fmt.Errorf("write README.md: %w", err)
	}
	return b.Bytes(), nil
}

// indexes prints the indexes of a relation in PostgreSQL.
func indexes(r assure.Relation) []string {
	var out []string
	for _, l := range r.Lookups {
		out = append(out, fmt.Sprintf(`create index on %s ("%s");`, r.Name, strings.Join(l, `", "`)))
	}
	return out
}

// create prints the table that holds a relation in PostgreSQL. Text is compared by bytes, as
// everywhere in Assay.
func create(r assure.Relation) string {
	parts := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		kind := `text collate "C"`
		if c.Integer {
			kind = "bigint"
		}
		parts[i] = `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `" ` + kind
	}
	return "create table " + r.Name + " (" + strings.Join(parts, ", ") + ");"
}
