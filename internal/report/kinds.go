package report

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

//go:embed kinds/*/kind.yaml
var kindFiles embed.FS

var (
	//go:embed sections.yaml
	sectionFile []byte
	//go:embed passages.yaml
	passageFile []byte
	//go:embed standards.yaml
	standardFile []byte
)

// form is a kind of report as its folder describes it, with its sections as sections.yaml gives them.
type form struct {
	ID        Kind     `yaml:"id"`
	Title     string   `yaml:"title"`
	Subtitle  string   `yaml:"subtitle"`
	Span      string   `yaml:"span"` // period, as_of or either
	Framework string   `yaml:"framework"`
	Family    string   `yaml:"family"`   // soc1, soc2 or soc3; empty: no service auditor reports on it
	Regimes   []string `yaml:"regimes"`  // ssae, isae
	Names     []string `yaml:"sections"` // in order
	Sections  []part   `yaml:"-"`
	parts     []describedPart
}

type part struct {
	Number    string `yaml:"-"` // from its place
	Title     string `yaml:"title"`
	Part      string `yaml:"part"` // letter, owed, description, boundary, tests, controls, statement, other
	By        string `yaml:"by"`
	Says      string `yaml:"says"`
	Owed      []owes `yaml:"owed"`
	Assertion bool   `yaml:"assertion"` // the letter is management's assertion, which management signs
	Letter    string `yaml:"letter"`    // name of a letter: its passages in order
	Text      []para `yaml:"-"`
}

// owes is what a section still needs while it is a draft.
type owes struct {
	When []string `yaml:"when"`
	Text string   `yaml:"text"`
}

// para is a place in a letter: a passage, or what is made of the conclusions. When names conditions that must all hold.
type para struct {
	Use  string   `yaml:"use"`
	Do   string   `yaml:"do"` // basis, opinion, emphasis, or sign: the passage is a part of the signature
	When []string `yaml:"when"`
}

// describedPart is a part of a description.
type describedPart struct {
	ID    string   `yaml:"id"`
	Title string   `yaml:"title"`
	Text  string   `yaml:"text"`  // its free text, by its name in assure.System.Texts
	Draws string   `yaml:"draws"` // what the program gives for it
	When  []string `yaml:"when"`
}

// kit is all that the embedded files say.
type kit struct {
	forms     []form
	passages  []Passage
	standards []Standard
	represent []owes // what management represents
}

// the files are read once. A fault in them is a defect of the program, shown at the first use and by the tests.
var theKit = sync.OnceValues(readKit)

func readKit() (*kit, error) {
	k := &kit{}
	for _, x := range []struct {
		name string
		b    []byte
		to   any
	}{{"passages.yaml", passageFile, &k.passages}, {"standards.yaml", standardFile, &k.standards}} {
		if err := yaml.UnmarshalWithOptions(x.b, x.to, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: %w", x.name, err)
		}
	}
	for i := range k.passages {
		k.passages[i].Text = strings.TrimSpace(k.passages[i].Text)
	}
	var shared struct {
		Sections     map[string]part            `yaml:"sections"`
		Letters      map[string][]para          `yaml:"letters"`
		Descriptions map[string][]describedPart `yaml:"descriptions"`
		Represent    []owes                     `yaml:"representations"`
	}
	if err := yaml.UnmarshalWithOptions(sectionFile, &shared, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("sections.yaml: %w", err)
	}
	k.represent = shared.Represent
	names, err := fs.Glob(kindFiles, "kinds/*/kind.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		b, err := kindFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var f form
		if err := yaml.UnmarshalWithOptions(b, &f, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("kind of report %s: %w", path.Dir(name), err)
		}
		for i, n := range f.Names {
			p, ok := shared.Sections[n]
			if !ok {
				return nil, fmt.Errorf("kind of report %s: there is no section %q", path.Dir(name), n)
			}
			p.Number, p.Text = roman[i], shared.Letters[p.Letter]
			f.Sections = append(f.Sections, p)
		}
		f.parts = shared.Descriptions[f.Family]
		k.forms = append(k.forms, f)
	}
	return k, nil
}

var roman = []string{"I", "II", "III", "IV", "V", "VI", "VII"}

func (k *kit) passage(id string) (Passage, bool) {
	i := slices.IndexFunc(k.passages, func(p Passage) bool { return p.ID == id })
	if i < 0 {
		return Passage{}, false
	}
	return k.passages[i], true
}

// Kinds lists the kinds of report that can be built.
func Kinds() ([]Kind, error) {
	k, err := theKit()
	if err != nil {
		return nil, err
	}
	var out []Kind
	for _, f := range k.forms {
		out = append(out, f.ID)
	}
	return out, nil
}

func formOf(kind Kind) (form, error) {
	k, err := theKit()
	if err != nil {
		return form{}, err
	}
	i := slices.IndexFunc(k.forms, func(f form) bool { return f.ID == kind })
	if i < 0 {
		var known []string
		for _, f := range k.forms {
			known = append(known, string(f.ID))
		}
		return form{}, fault.Refuse("%q is not a kind of report that can be drafted; expected one of %s",
			string(kind), strings.Join(known, ", "))
	}
	return k.forms[i], nil
}

// typeTwo reports whether the report speaks of a period.
func (f form) typeTwo() bool { return f.Span == "period" }

func (f form) under(regime string) bool { return slices.Contains(f.Regimes, regime) }

// scope is what the service auditor concludes on: the objectives or criteria in scope that are relevant.
func (f form) scope(facts Facts) Scope {
	s := Scope{TypeTwo: f.typeTwo(), OfAssertion: f.Family == "soc3"}
	for _, cr := range facts.Criteria {
		if facts.Reasons[cr.ID] != "" {
			continue
		}
		m := Matter{ID: cr.ID}
		for _, c := range facts.Controls {
			if slices.Contains(f.serves(c), cr.ID) {
				m.Controls = append(m.Controls, c.ID)
			}
		}
		s.Matters = append(s.Matters, m)
	}
	if f.Family == "soc2" || f.Family == "soc3" {
		s.Matters = append(s.Matters, promises(facts.About.Commitments, s.Matters)...)
	}
	return s
}

// promises are the service commitments and system requirements, numbered as the description does, each with the criteria in scope on the basis of
// which it is judged: those that management names, and all where it names none. One that rests on other criteria alone is not examined.
func promises(list []assure.Commitment, criteria []Matter) []Matter {
	var out []Matter
	n := map[bool]int{}
	for _, c := range list {
		n[c.Requirement]++
		m := Matter{ID: CommitmentName(c.Requirement, n[c.Requirement]), Text: c.Text}
		for _, cr := range criteria {
			if len(c.Criteria) > 0 && !slices.Contains(c.Criteria, cr.ID) {
				continue
			}
			m.Criteria = append(m.Criteria, cr.ID)
			for _, k := range cr.Controls {
				if !slices.Contains(m.Controls, k) {
					m.Controls = append(m.Controls, k)
				}
			}
		}
		if len(m.Criteria) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// CommitmentName names a service commitment, or a system requirement, by its number in the description, from 1.
func CommitmentName(requirement bool, n int) string {
	if requirement {
		return fmt.Sprintf("Requirement %d", n)
	}
	return fmt.Sprintf("Commitment %d", n)
}

// ScopeOf is what an examination of a kind of report concludes on. It refuses a kind on which no service auditor reports.
func ScopeOf(k Kind, f Facts) (Scope, error) {
	form, err := formOf(k)
	if err != nil {
		return Scope{}, err
	}
	if form.Family == "" {
		return Scope{}, fault.Refuse("%s is not a report of a service auditor; expected a SOC or an ISAE 3402 report", form.Title)
	}
	return form.scope(f), nil
}

// serves lists what a control is held against under this kind of report: objectives, or criteria, to which it contributes directly or in
// support.
func (f form) serves(c assure.Control) []string {
	switch {
	case f.Family == "soc1":
		return c.Objectives
	case f.Framework == "iso27001":
		return c.ISO27001
	}
	return slices.Concat(c.Criteria, c.Supporting)
}
