package catalog

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/assayhq/assay/internal/fault"
)

// General is the category of the control objectives about information technology in general (ITGC).
const General = "itgc"

// frameworkFile is a framework as its file has it: criteria, or the controls of an annex with the clauses
// beside them, or control objectives.
type frameworkFile struct {
	Framework     string              `yaml:"framework"`
	Edition       string              `yaml:"edition"`
	Standard      string              `yaml:"standard"`
	Wording       string              `yaml:"wording"`
	Note          string              `yaml:"note"`
	Mandatory     string              `yaml:"mandatory_category"`
	Counts        map[string]int      `yaml:"counts"`
	Applicability map[string][]string `yaml:"applicability"`
	Legacy        map[string][]string `yaml:"legacy_group_ids"`
	Statement     any                 `yaml:"statement_of_applicability"`
	Cycle         any                 `yaml:"certification_cycle"`
	Criteria      []criterionYAML     `yaml:"criteria"`
	Clauses       []Clause            `yaml:"clauses"`
	Annex         []annexYAML         `yaml:"controls"`
	Objectives    []objectiveYAML     `yaml:"objectives"`
}

type criterionYAML struct {
	ID          string `yaml:"id"`
	Series      string `yaml:"series"`
	SeriesTitle string `yaml:"series_title"`
	Category    string `yaml:"category"`
	Common      bool   `yaml:"common"`
	Title       string `yaml:"title"`
	Principle   int    `yaml:"coso_principle"`
}

type annexYAML struct {
	ID    string `yaml:"id"`
	Theme string `yaml:"theme"`
	Title string `yaml:"title"`
	New   bool   `yaml:"new_in_2022"`
}

type objectiveYAML struct {
	ID         string   `yaml:"id"`
	Family     string   `yaml:"family"`
	FamilyName string   `yaml:"family_title"`
	Kind       string   `yaml:"kind"` // itgc or business
	Text       string   `yaml:"objective"`
	Risk       string   `yaml:"risk_addressed"`
	Assertions []string `yaml:"assertions"`
}

// themes of Annex A, as a reader knows them.
var themes = map[string]string{
	"organizational": "Organizational controls", "people": "People controls",
	"physical": "Physical controls", "technological": "Technological controls",
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
		f, err := y.framework(name)
		if err != nil {
			return err
		}
		for _, cr := range f.Criteria {
			if cr.ID == "" || cr.Title == "" || cr.Category == "" {
				return fault.At(name, 0, cr.ID, "a criterion needs id, title and category")
			}
			if seen[cr.ID] {
				return fault.At(name, 0, cr.ID, "the criterion stands twice")
			}
			seen[cr.ID] = true
		}
		if err := y.counted(name, f); err != nil {
			return err
		}
		c.Frameworks = append(c.Frameworks, f)
	}
	return nil
}

// framework reads the rows of whichever kind the file has.
func (y frameworkFile) framework(name string) (Framework, error) {
	f := Framework{
		ID: path.Base(path.Dir(name)), Title: y.Framework, Edition: y.Edition,
		Mandatory: y.Mandatory, Applicability: y.Applicability, Clauses: y.Clauses,
	}
	for _, cr := range y.Criteria {
		f.Criteria = append(f.Criteria, Criterion{
			ID: cr.ID, Framework: f.ID, Category: cr.Category, Series: cr.Series,
			SeriesTitle: cr.SeriesTitle, Title: cr.Title, Common: cr.Common, Principle: cr.Principle,
		})
	}
	for _, a := range y.Annex {
		f.Criteria = append(f.Criteria, Criterion{
			ID: a.ID, Framework: f.ID, Category: a.Theme, Series: a.Theme, SeriesTitle: themes[a.Theme], Title: a.Title,
		})
	}
	if len(y.Objectives) > 0 {
		f.Title, f.Edition, f.Mandatory, f.Applicability = "SOC 1 control objectives", y.Standard, General, map[string][]string{}
	}
	for _, o := range y.Objectives {
		if err := f.objective(o); err != nil {
			return f, fmt.Errorf("%s: %w", name, err)
		}
	}
	if f.Title == "" {
		return f, fault.At(name, 0, "framework", "is missing; expected the framework's name")
	}
	return f, checkClauses(name, f)
}

// objective takes one objective in, as a criterion of its family and with what a criterion does not say.
func (f *Framework) objective(o objectiveYAML) error {
	category := o.Family
	switch {
	case o.Family == "" || o.FamilyName == "" || o.Risk == "" || len(o.Assertions) == 0:
		return fault.Refuse("objective %q needs family, family_title, risk_addressed and assertions", o.ID)
	case o.Kind == "itgc":
		category = General
	case o.Kind != "business":
		return fault.Refuse("objective %q has the kind %q; expected itgc or business", o.ID, o.Kind)
	}
	f.Applicability[category] = append(f.Applicability[category], o.ID)
	f.Criteria = append(f.Criteria, Criterion{
		ID: o.ID, Framework: f.ID, Category: category, Series: o.Family, SeriesTitle: o.FamilyName, Title: o.Text,
	})
	f.Objectives = append(f.Objectives, Objective{
		ID: o.ID, Family: o.Family, FamilyName: o.FamilyName, General: category == General,
		Text: o.Text, Risk: o.Risk, Assertions: o.Assertions,
	})
	return nil
}

func checkClauses(name string, f Framework) error {
	seen := map[string]bool{}
	for _, c := range f.Clauses {
		if c.ID == "" || c.Title == "" || seen[c.ID] {
			return fault.At(name, 0, "clauses", "clause %q has no title or stands twice", c.ID)
		}
		seen[c.ID] = true
	}
	return nil
}

// counted compares the rows with the counts that the file states, in all and by category, so that a lost row is noticed.
func (y frameworkFile) counted(name string, f Framework) error {
	got := map[string]int{"total": len(f.Criteria)}
	for _, cr := range f.Criteria {
		got[cr.Category]++
	}
	for what, n := range got {
		if want, ok := y.Counts[what]; ok && want != n {
			return fault.At(name, 0, "counts."+what, "says %d, but %d stand in the file", want, n)
		}
	}
	return nil
}
