// Package catalog holds frameworks and the control library as data: one folder per framework,
// one file or more of controls. It is pure: the data is embedded and checked when loaded.
package catalog

import (
	"embed"
	"io/fs"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

// Control is one control of the library.
type Control = assure.Control

// Criterion is one criterion of a framework.
type Criterion = assure.Criterion

// Framework is a set of criteria, such as the Trust Services Criteria.
type Framework struct {
	ID            string              // the folder's name
	Title         string              // as its publisher calls it
	Edition       string              // the edition that the criteria follow
	Mandatory     string              // the category that is always in scope
	Applicability map[string][]string // category -> prefixes of the criteria that it brings
	Criteria      []Criterion         // in the framework's own order
}

// Catalog is the checked content: every mapped criterion exists, every identifier is unique.
type Catalog struct {
	Frameworks []Framework
	Controls   []Control // in the order of the library
}

//go:embed frameworks library
var embedded embed.FS

// Load reads and checks the embedded catalog.
func Load() (*Catalog, error) { return LoadFS(embedded) }

// LoadFS reads and checks a catalog laid out as frameworks/<id>/*.yaml and library/*.yaml.
func LoadFS(fsys fs.FS) (*Catalog, error) {
	c := &Catalog{}
	if err := c.loadFrameworks(fsys); err != nil {
		return nil, err
	}
	if err := c.loadLibrary(fsys); err != nil {
		return nil, err
	}
	return c, c.link()
}

// Control returns the control of that identifier.
func (c *Catalog) Control(id string) (Control, bool) {
	i := slices.IndexFunc(c.Controls, func(x Control) bool { return x.ID == id })
	if i < 0 {
		return Control{}, false
	}
	return c.Controls[i], true
}

// Criterion returns the criterion of that identifier.
func (c *Catalog) Criterion(id string) (Criterion, bool) {
	if p := c.criterion(id); p != nil {
		return *p, true
	}
	return Criterion{}, false
}

func (c *Catalog) criterion(id string) *Criterion {
	for i := range c.Frameworks {
		f := &c.Frameworks[i]
		for j := range f.Criteria {
			if f.Criteria[j].ID == id {
				return &f.Criteria[j]
			}
		}
	}
	return nil
}

// Framework returns the framework of that identifier.
func (c *Catalog) Framework(id string) (Framework, bool) {
	i := slices.IndexFunc(c.Frameworks, func(f Framework) bool { return f.ID == id })
	if i < 0 {
		return Framework{}, false
	}
	return c.Frameworks[i], true
}

// InScope returns the criteria that the categories bring, in the framework's order. The
// mandatory category is always among them.
func (f Framework) InScope(categories []string) ([]Criterion, error) {
	for _, cat := range categories {
		if _, ok := f.Applicability[cat]; !ok {
			return nil, fault.Refuse("%q is not a category of %s; expected one of %s",
				cat, f.Title, strings.Join(f.Categories(), ", "))
		}
	}
	var out []Criterion
	for _, cr := range f.Criteria {
		if cr.Category == f.Mandatory || slices.Contains(categories, cr.Category) {
			out = append(out, cr)
		}
	}
	return out, nil
}

// Categories lists the framework's categories in the order of its criteria.
func (f Framework) Categories() []string {
	var out []string
	for _, cr := range f.Criteria {
		if !slices.Contains(out, cr.Category) {
			out = append(out, cr.Category)
		}
	}
	return out
}

// link tells each criterion its controls and refuses a mapping to nothing.
func (c *Catalog) link() error {
	for _, ctl := range c.Controls {
		for _, id := range slices.Concat(ctl.Criteria, ctl.Supporting) {
			cr := c.criterion(id)
			if cr == nil {
				return refuse(ctl.ID, "map", "criterion %q does not exist in any framework", id)
			}
			if slices.Contains(ctl.Supporting, id) {
				cr.Supporting = append(cr.Supporting, ctl.ID)
			} else {
				cr.Primary = append(cr.Primary, ctl.ID)
			}
		}
	}
	return nil
}

func refuse(id, field, format string, args ...any) error {
	return fault.At("catalog", 0, id+": "+field, format, args...)
}
