package catalog

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

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
