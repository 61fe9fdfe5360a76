package catalog

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

type frameworkFile struct {
	Framework     string              `yaml:"framework"`
	Edition       string              `yaml:"edition"`
	Wording       string              `yaml:"wording"`
	Mandatory     string              `yaml:"mandatory_category"`
	Counts        map[string]int      `yaml:"counts"`
	Applicability map[string][]string `yaml:"applicability"`
	Legacy        map[string][]string `yaml:"legacy_group_ids"`
	Criteria      []struct {
		ID          string `yaml:"id"`
		Series      string `yaml:"series"`
		SeriesTitle string `yaml:"series_title"`
		Category    string `yaml:"category"`
		Common      bool   `yaml:"common"`
		Title       string `yaml:"title"`
		Principle   int    `yaml:"coso_principle"`
	} `yaml:"criteria"`
}

type libraryFile struct {
	Library  string        `yaml:"library"`
	Version  string        `yaml:"version"`
	Count    int           `yaml:"count"`
	Controls []controlYAML `yaml:"controls"`
}

type controlYAML struct {
	ID            string           `yaml:"id"`
	Title         string           `yaml:"title"`
	Statement     string           `yaml:"statement"`
	Owner         string           `yaml:"owner_role"`
	Frequency     assure.Frequency `yaml:"frequency"`
	Nature        string           `yaml:"nature"`
	Type          string           `yaml:"type"`
	Key           bool             `yaml:"key"`
	EvidenceTypes []string         `yaml:"evidence_types"`
	Population    struct {
		Shape        assure.Shape `yaml:"shape"`
		Unit         string       `yaml:"unit"`
		Source       string       `yaml:"source"`
		Completeness string       `yaml:"completeness_check"`
	} `yaml:"population"`
	PassRule       string `yaml:"pass_rule"`
	ZeroOccurrence string `yaml:"zero_occurrence"`
	Escalation     string `yaml:"escalation"`
	Map            struct {
		TSC        []string `yaml:"tsc"`
		ISO27001   []string `yaml:"iso27001"`
		SOC1       []string `yaml:"soc1"`
		Supporting []string `yaml:"supporting"` // entries of tsc that are not primary
	} `yaml:"map"`
	Tags []string `yaml:"tags"`
}

// decode reads strict YAML: a misspelt name is refused, not ignored.
func decode(fsys fs.FS, name string, into any) error {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	err = yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(into)
	if err != nil && !errors.Is(err, io.EOF) {
		return &fault.Error{Kind: fault.Refused, File: name, What: "not a catalog file", Err: err}
	}
	return nil
}

func (c *Catalog) loadFrameworks(fsys fs.FS) error {
	names, err := fs.Glob(fsys, "frameworks/*/*.yaml")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, name := range names {
		var y frameworkFile
		if err := decode(fsys, name, &y); err != nil {
			return err
		}
		f := Framework{
			ID: path.Base(path.Dir(name)), Title: y.Framework, Edition: y.Edition,
			Mandatory: y.Mandatory, Applicability: y.Applicability,
		}
		for _, cr := range y.Criteria {
			if cr.ID == "" || cr.Title == "" || cr.Category == "" {
				return fault.At(name, 0, cr.ID, "a criterion needs id, title and category")
			}
			if seen[cr.ID] {
				return fault.At(name, 0, cr.ID, "the criterion stands twice")
			}
			seen[cr.ID] = true
			f.Criteria = append(f.Criteria, Criterion{
				ID: cr.ID, Framework: f.ID, Category: cr.Category, Series: cr.Series,
				SeriesTitle: cr.SeriesTitle, Title: cr.Title, Common: cr.Common, Principle: cr.Principle,
			})
		}
		if want := y.Counts["total"]; want != 0 && want != len(f.Criteria) {
			return fault.At(name, 0, "counts.total", "says %d, but %d criteria stand in the file", want, len(f.Criteria))
		}
		c.Frameworks = append(c.Frameworks, f)
	}
	return nil
}

func (c *Catalog) loadLibrary(fsys fs.FS) error {
	names, err := fs.Glob(fsys, "library/*.yaml")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, name := range names {
		var y libraryFile
		if err := decode(fsys, name, &y); err != nil {
			return err
		}
		if y.Count != 0 && y.Count != len(y.Controls) {
			return fault.At(name, 0, "count", "says %d, but %d controls stand in the file", y.Count, len(y.Controls))
		}
		for _, cy := range y.Controls {
			ctl := cy.control()
			if err := Check(ctl); err != nil {
				return err
			}
			for _, id := range cy.Map.Supporting {
				if !slices.Contains(cy.Map.TSC, id) {
					return refuse(ctl.ID, "map.supporting", "%q does not stand in map.tsc", id)
				}
			}
			if seen[ctl.ID] {
				return refuse(ctl.ID, "id", "the control stands twice")
			}
			seen[ctl.ID] = true
			c.Controls = append(c.Controls, ctl)
		}
	}
	return nil
}

func (y controlYAML) control() Control {
	ctl := Control{
		ID: y.ID, Title: y.Title, Statement: y.Statement, Owner: y.Owner, Frequency: y.Frequency,
		Nature: y.Nature, Type: y.Type, Key: y.Key, EvidenceTypes: y.EvidenceTypes,
		Shape: y.Population.Shape, Unit: y.Population.Unit, Source: y.Population.Source,
		Completeness: y.Population.Completeness, PassRule: y.PassRule, ZeroOccurrence: y.ZeroOccurrence,
		Escalation: y.Escalation, Supporting: y.Map.Supporting, ISO27001: y.Map.ISO27001,
		Objectives: y.Map.SOC1, Tags: y.Tags,
	}
	for _, id := range y.Map.TSC {
		if !slices.Contains(y.Map.Supporting, id) {
			ctl.Criteria = append(ctl.Criteria, id)
		}
	}
	return ctl
}
