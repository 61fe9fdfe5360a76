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

var readmeTemplate = template.Must(template.New("readme").Funcs(template.FuncMap{
	"create": create,
	"first":  func(r []assure.Relation) assure.Relation { return r[0] },
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
