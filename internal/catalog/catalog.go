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

// The frameworks of the library, by the names of their folders.
const (
	TSC      = "tsc"      // the Trust Services Criteria, of SOC 2 and SOC 3
	ISO27001 = "iso27001" // Annex A of ISO/IEC 27001
	SOC1     = "soc1"     // control objectives, of SOC 1 and ISAE 3402
)

// Control is one control of the library.
type Control = assure.Control

// Criterion is one criterion of a framework: a trust services criterion, a control of Annex A, a control objective.
type Criterion = assure.Criterion

// Framework is a set of criteria, such as the Trust Services Criteria.
type Framework struct {
	ID            string              // the folder's name
	Title         string              // as its publisher calls it
	Edition       string              // the edition or the standard that the criteria follow
	Mandatory     string              // the category that is always in scope; empty when there is none
	Applicability map[string][]string // category -> prefixes of the criteria that it brings
	Criteria      []Criterion         // in the framework's own order
	Clauses       []Clause            // of a management system standard: what is required besides the criteria
	Objectives    []Objective         // of SOC 1: what a criterion does not say of an objective, in the same order
}

// Clause is a clause of a management system standard, in our own words.
type Clause struct {
	ID    string `json:"id" yaml:"id"`
	Title string `json:"title" yaml:"title"`
}

// Objective is a control objective. Management owns its objectives: these are starting texts of our own, to be edited.
type Objective struct {
	ID         string   `json:"id"`
	Family     string   `json:"family"` // PAY
	FamilyName string   `json:"family_name"`
	General    bool     `json:"general"` // about information technology in general: in every SOC 1 report
	Text       string   `json:"text"`
	Risk       string   `json:"risk"`       // what could go wrong in the users' financial reporting
	Assertions []string `json:"assertions"` // of financial statements that the risk touches
}

// Catalog is the checked content: every mapped criterion exists, every identifier is unique.
type Catalog struct {
	Frameworks []Framework
	Controls   []Control // in the order of the library
}

//go:embed frameworks library
var embedded embed.FS

// Load reads and checks the embedded catalog. It refuses a library that leaves a criterion bare which it
// claims to cover.
func Load() (*Catalog, error) {
	c, err := LoadFS(embedded)
	if err != nil {
		return nil, err
	}
	return c, c.covers()
}

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

// Criterion returns the criterion of that identifier, of any framework.
func (c *Catalog) Criterion(id string) (Criterion, bool) {
	for _, f := range c.Frameworks {
		if p := f.criterion(id); p != nil {
			return *p, true
		}
	}
	return Criterion{}, false
}

func (f *Framework) criterion(id string) *Criterion {
	for j := range f.Criteria {
		if f.Criteria[j].ID == id {
			return &f.Criteria[j]
		}
	}
	return nil
}

// Framework returns the framework of that identifier.
func (c *Catalog) Framework(id string) (Framework, bool) {
	if f := c.framework(id); f != nil {
		return *f, true
	}
	return Framework{}, false
}

func (c *Catalog) framework(id string) *Framework {
	for i := range c.Frameworks {
		if c.Frameworks[i].ID == id {
			return &c.Frameworks[i]
		}
	}
	return nil
}

// InScope returns the criteria that the categories bring, in the framework's order. The
// mandatory category is always among them; a framework without one is in scope as a whole.
func (f Framework) InScope(categories []string) ([]Criterion, error) {
	if f.Mandatory == "" && len(categories) == 0 {
		return f.Criteria, nil
	}
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

func refuse(id, field, format string, args ...any) error {
	return fault.At("catalog", 0, id+": "+field, format, args...)
}
