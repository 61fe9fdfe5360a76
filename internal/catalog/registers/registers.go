// Package registers holds the starter registers, one YAML schema each.
package registers

import (
	"embed"
	"path"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

//go:embed *.yaml
var files embed.FS

// Load reads and checks every starter register. A field's ref must name one of them: a join
// into nowhere would find nothing and say so of nobody.
func Load() (map[string]*register.Schema, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	all := make(map[string]*register.Schema, len(entries))
	for _, e := range entries {
		b, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		s, err := register.Load(path.Join("registers", e.Name()), b)
		if err != nil {
			return nil, err
		}
		if s.Name != strings.TrimSuffix(e.Name(), ".yaml") {
			return nil, fault.At(e.Name(), 1, "name", "%s; expected the file's own name", s.Name)
		}
		all[s.Name] = s
	}
	for _, s := range all {
		for _, f := range s.Fields {
			if f.Ref != "" && all[f.Ref] == nil {
				return nil, fault.At(s.Name+".yaml", 0, f.Name, "ref: %s is no register", f.Ref)
			}
		}
	}
	return all, nil
}
