package scope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Folder is an organization's program as files: what is applied and exported.
//
//	program.yaml            the scope: report, dates, zone, categories
//	system.yaml             what management says of the system
//	description/dc1.md      free text of section III, by description criterion
//	controls/CHG-01.yaml    a control: statement, owner, mapping, its versions by interval
//	tests/CHG-01.txtar      its test, and tests/CHG-01.v2.txtar that of its second version
//	policies/access.md      a policy, with a head of facts
//	registers/widgets.yaml  a register of the organization's own
type Folder struct {
	Program   Program
	System    System
	Versions  []Version // by control, then version
	Policies  []Policy  // by id
	Registers map[string]string
}

// programYAML is program.yaml.
type programYAML struct {
	Name       string      `yaml:"name"`
	Report     string      `yaml:"report"`
	Zone       civil.Zone  `yaml:"zone"`
	From       *civil.Date `yaml:"from,omitempty"`
	To         *civil.Date `yaml:"to,omitempty"`
	AsOf       *civil.Date `yaml:"as_of,omitempty"`
	Categories []string    `yaml:"categories,omitempty"`
	Objectives []string    `yaml:"objectives,omitempty"`
	Reason     string      `yaml:"reason,omitempty"`

	Reasons map[string]string `yaml:"category_reasons,omitempty"`
}

// controlYAML is a file of controls/. What versions share stands once; each says what it changes.
type controlYAML struct {
	ID       string        `yaml:"id"`
	Versions []versionYAML `yaml:"versions"`
}

type versionYAML struct {
	Version        int              `yaml:"version"`
	From           *civil.Date      `yaml:"from,omitempty"` // absent: from the beginning
	To             *civil.Date      `yaml:"to,omitempty"`
	Editorial      bool             `yaml:"editorial,omitempty"`
	Implemented    *civil.Date      `yaml:"implemented,omitempty"`
	Title          string           `yaml:"title"`
	Statement      string           `yaml:"statement"`
	Owner          string           `yaml:"owner"`
	Frequency      assure.Frequency `yaml:"frequency"`
	Escalation     string           `yaml:"escalation"`
	EvidenceTypes  []string         `yaml:"evidence_types"`
	Nature         string           `yaml:"nature"`
	Type           string           `yaml:"type"`
	Key            bool             `yaml:"key"`
	Population     populationYAML   `yaml:"population"`
	PassRule       string           `yaml:"pass_rule"`
	ZeroOccurrence string           `yaml:"zero_occurrence,omitempty"`
	Map            mapYAML          `yaml:"map"`
	Tags           []string         `yaml:"tags,omitempty"`
}

type populationYAML struct {
	Shape        assure.Shape `yaml:"shape"`
	Unit         string       `yaml:"unit"`
	Source       string       `yaml:"source"`
	Completeness string       `yaml:"completeness_check"`
}

type mapYAML struct {
	Criteria   []string `yaml:"criteria,omitempty"`
	Supporting []string `yaml:"supporting,omitempty"`
	ISO27001   []string `yaml:"iso27001,omitempty"`
	Objectives []string `yaml:"objectives,omitempty"`
}

// Files prints the folder: the same program gives the same bytes.
func (f Folder) Files() (map[string][]byte, error) {
	out := map[string][]byte{}
	put := func(name string, v any) error {
		b, err := yaml.MarshalWithOptions(v, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
		out[name] = b
		return err
	}
	p := f.Program
	if err := put("program.yaml", programYAML(p)); err != nil {
		return nil, err
	}
	if err := put("system.yaml", f.System); err != nil {
		return nil, err
	}
	for name, text := range f.System.Texts {
		out["description/"+name+".md"] = []byte(text)
	}
	for name, text := range f.Registers {
		out["registers/"+name+".yaml"] = []byte(text)
	}
	for _, p := range f.Policies {
		head, err := yaml.Marshal(p)
		if err != nil {
			return nil, err
		}
		out["policies/"+p.ID+".md"] = fmt.Appendf(nil, "---\n%s---\n%s", head, p.Text)
	}
	controls := map[string]*controlYAML{}
	for _, v := range f.Versions {
		c := controls[v.Control.ID]
		if c == nil {
			c = &controlYAML{ID: v.Control.ID}
			controls[v.Control.ID] = c
		}
		c.Versions = append(c.Versions, versionFile(v))
		if v.Test != "" {
			out[TestFile(v.Control.ID, v.Version)] = []byte(v.Test)
		}
	}
	for id, c := range controls {
		if err := put("controls/"+id+".yaml", c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TestFile is where the test of a version of a control stands, from the folder.
func TestFile(control string, version int) string {
	if version == 1 {
		return "tests/" + control + ".txtar"
	}
	return "tests/" + control + ".v" + strconv.Itoa(version) + ".txtar"
}

func versionFile(v Version) versionYAML {
	c := v.Control
	y := versionYAML{Version: v.Version, To: v.To, Editorial: v.Editorial, Implemented: v.Implemented, Title: c.Title, Statement: c.Statement,
		Owner: c.Owner, Frequency: c.Frequency, Escalation: c.Escalation, EvidenceTypes: c.EvidenceTypes, Nature: c.Nature, Type: c.Type, Key: c.Key,
		Population: populationYAML{c.Shape, c.Unit, c.Source, c.Completeness}, PassRule: c.PassRule, ZeroOccurrence: c.ZeroOccurrence,
		Map: mapYAML{c.Criteria, c.Supporting, c.ISO27001, c.Objectives}, Tags: c.Tags}
	if v.From != First {
		from := v.From
		y.From = &from
	}
	return y
}

func (y versionYAML) version(id string) Version {
	v := Version{Version: y.Version, From: First, To: y.To, Editorial: y.Editorial, Implemented: y.Implemented, Control: assure.Control{
		ID: id, Title: y.Title, Statement: y.Statement, Owner: y.Owner, Frequency: y.Frequency, Nature: y.Nature, Type: y.Type, Key: y.Key,
		EvidenceTypes: full(y.EvidenceTypes), Shape: y.Population.Shape, Unit: y.Population.Unit, Source: y.Population.Source, Completeness: y.Population.Completeness,
		PassRule: y.PassRule, ZeroOccurrence: y.ZeroOccurrence, Escalation: y.Escalation, Criteria: full(y.Map.Criteria), Supporting: full(y.Map.Supporting),
		ISO27001: full(y.Map.ISO27001), Objectives: full(y.Map.Objectives), Tags: full(y.Tags)}}
	if y.From != nil {
		v.From = *y.From
	}
	return v
}

// full is the list that is never absent: a sealed control says [] where it has none.
func full(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// ReadFolder reads a program from its files, by their paths from the folder. It refuses what it does not know, and a
// control that lacks its owner, frequency, evidence type or escalation path.
func ReadFolder(files map[string][]byte) (Folder, error) {
	f := Folder{Registers: map[string]string{}}
	seen := map[string]bool{}
	given := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b, err := plain(name, files[name])
		if err == nil {
			err = f.file(name, b, seen)
		}
		if err != nil {
			return f, err
		}
		given[name] = b
	}
	if !seen["program.yaml"] {
		return f, fault.Refuse("the folder holds no program.yaml").WithHint("assay export writes a folder to begin with")
	}
	for name := range files {
		if strings.HasPrefix(name, "tests/") && !slices.ContainsFunc(f.Versions, func(v Version) bool { return TestFile(v.Control.ID, v.Version) == name }) {
			return f, fault.At(name, 0, "", "no version of a control in controls/ has this test; expected tests/ID.txtar, or tests/ID.vN.txtar for version N")
		}
	}
	for i := range f.Versions {
		v := &f.Versions[i]
		v.Test = string(given[TestFile(v.Control.ID, v.Version)])
	}
	return f, f.check()
}

// file reads one file of the folder.
func (f *Folder) file(name string, b []byte, seen map[string]bool) error {
	seen[name] = true
	dir, base := path.Split(name)
	stem := strings.TrimSuffix(base, path.Ext(base))
	switch {
	case name == "program.yaml":
		var y programYAML
		if err := decode(name, b, &y); err != nil {
			return err
		}
		f.Program = Program(y)
	case name == "system.yaml":
		texts := f.System.Texts
		if err := decode(name, b, &f.System); err != nil {
			return err
		}
		f.System.Texts = texts
	case dir == "description/" && path.Ext(base) == ".md":
		if !slices.Contains(descriptionCriteria, stem) {
			return fault.At(name, 0, "", "no part of a description has this name; expected one of %s", strings.Join(descriptionCriteria, ".md, ")+".md")
		}
		if f.System.Texts == nil {
			f.System.Texts = map[string]string{}
		}
		f.System.Texts[stem] = string(b)
	case dir == "controls/" && path.Ext(base) == ".yaml":
		return f.control(name, stem, b)
	case dir == "policies/" && path.Ext(base) == ".md":
		p, err := ParsePolicy(name, b)
		if err == nil && p.ID != stem {
			err = fault.At(name, 0, "policy_id", "says %s, but the file is called %s", p.ID, base)
		}
		f.Policies = append(f.Policies, p)
		return err
	case dir == "registers/" && path.Ext(base) == ".yaml":
		f.Registers[stem] = string(b)
		return shallow(name, b)
	case dir == "tests/" && path.Ext(base) == ".txtar":
	case path.Ext(base) == ".yml":
		return fault.At(name, 0, "", "is no part of a program").WithHint("name it %s.yaml", stem)
	default:
		return fault.At(name, 0, "", "is no part of a program; expected program.yaml, system.yaml, description/*.md, controls/*.yaml, tests/*.txtar, policies/*.md or registers/*.yaml")
	}
	return nil
}

// descriptionCriteria are the parts of a description that have a text: the description criteria of a SOC 2, and those of a SOC 1 that these do
// not cover.
var descriptionCriteria = []string{"dc1", "dc2", "dc3", "dc4", "dc5", "dc6", "dc7", "dc8", "dc9", "d2", "d3", "d4", "d5", "d9"}

func (f *Folder) control(name, stem string, b []byte) error {
	var y controlYAML
	if err := decode(name, b, &y); err != nil {
		return err
	}
	if y.ID != stem {
		return fault.At(name, 0, "id", "says %q, but the file is called %s.yaml", y.ID, stem)
	}
	if len(y.Versions) == 0 {
		return fault.At(name, 0, "versions", "the control has no version")
	}
	for i, v := range y.Versions {
		if v.Version != i+1 {
			return fault.At(name, 0, "versions", "version %d stands where version %d was expected", v.Version, i+1)
		}
		f.Versions = append(f.Versions, v.version(y.ID))
	}
	return nil
}

// check refuses a program that nobody could run (handbook 1.3, 48): each version of a control names who
// owns it, how often it acts, what proves it and to whom it escalates, and versions follow each other.
func (f Folder) check() error {
	if err := f.checkNames(); err != nil {
		return err
	}
	for i, v := range f.Versions {
		name, c := "controls/"+v.Control.ID+".yaml", v.Control
		for _, x := range []struct {
			field string
			there bool
		}{
			{"title", c.Title != ""}, {"statement", c.Statement != ""}, {"owner", c.Owner != ""}, {"frequency", c.Frequency != ""},
			{"evidence_types", len(c.EvidenceTypes) > 0}, {"escalation", c.Escalation != ""}, {"population.shape", c.Shape != ""},
			{"population.source", c.Source != ""}, {"pass_rule", c.PassRule != ""},
		} {
			if !x.there {
				return fault.At(name, 0, x.field, "version %d has none; a control is not accepted without its %s", v.Version, strings.ReplaceAll(x.field, "_", " "))
			}
		}
		if !slices.Contains(frequencies, c.Frequency) {
			return fault.At(name, 0, "frequency", "%q is none; expected one of %v", c.Frequency, frequencies)
		}
		if !slices.Contains(shapes, c.Shape) {
			return fault.At(name, 0, "population.shape", "%q is none; expected one of %v", c.Shape, shapes)
		}
		if v.To != nil && *v.To < v.From {
			return fault.At(name, 0, "to", "version %d ends on %s, before it begins on %s", v.Version, *v.To, v.From)
		}
		if i > 0 && f.Versions[i-1].Control.ID == c.ID {
			if before := f.Versions[i-1]; before.To == nil || v.From <= *before.To {
				return fault.At(name, 0, "from", "version %d begins on %s, but version %d has not ended before it; give that a \"to\"", v.Version, v.From, before.Version)
			}
		}
	}
	return checkSystem(f.System)
}

var (
	frequencies = []assure.Frequency{assure.PerEvent, assure.Continuous, assure.Daily, assure.Weekly, assure.Monthly, assure.Quarterly, assure.Semiannual, assure.Annual}
	shapes      = []assure.Shape{assure.Event, assure.Schedule, assure.State, assure.Roster}
	does        = []string{"created", "processed", "stored", "transmitted"}
)

// checkSystem refuses a description that contradicts itself.
func checkSystem(s System) error {
	const name = "system.yaml"
	nodes := map[string]bool{}
	for _, n := range s.Flow.Nodes {
		if n.ID == "" || n.Name == "" || nodes[n.ID] {
			return fault.At(name, 0, "flow.nodes", "%q has no id or no name, or stands twice", n.ID)
		}
		nodes[n.ID] = true
		for _, d := range n.Does {
			if !slices.Contains(does, d) {
				return fault.At(name, 0, "flow.nodes."+n.ID+".does", "%q is not what data is; expected some of %s", d, strings.Join(does, ", "))
			}
		}
	}
	for _, e := range s.Flow.Edges {
		if !nodes[e.From] || !nodes[e.To] {
			return fault.At(name, 0, "flow.edges", "from %q to %q: one of them is no node", e.From, e.To)
		}
	}
	for _, v := range s.Subservice {
		if v.Method != "carve_out" && v.Method != "inclusive" {
			return fault.At(name, 0, "subservice."+v.Name+".method", "%q is none; expected carve_out or inclusive", v.Method)
		}
	}
	return nil
}

// ParsePolicy reads a policy: a head of YAML between two lines of three dashes, then Markdown.
func ParsePolicy(name string, b []byte) (Policy, error) {
	var p Policy
	b, err := plain(name, b)
	if err != nil {
		return p, err
	}
	rest, ok := bytes.CutPrefix(b, []byte("---\n"))
	head, text, end := bytes.Cut(rest, []byte("\n---\n"))
	if !ok || !end {
		return p, fault.At(name, 1, "", "begins without a head; expected a line ---, facts such as policy_id and title, and another line ---")
	}
	if err := decode(name, append([]byte("\n"), head...), &p); err != nil { // the line is that of ---
		return p, err
	}
	if v := written(head, "version"); v != "" {
		p.Version = v
	}
	p.Text = string(text)
	for field, v := range map[string]string{"policy_id": p.ID, "title": p.Title, "version": p.Version} {
		if strings.TrimSpace(v) == "" {
			return p, fault.At(name, 0, field, "the policy has none")
		}
	}
	return p, nil
}

// decode reads strict YAML: a misspelt name is refused, not ignored.
func decode(name string, b []byte, into any) error {
	if err := shallow(name, b); err != nil {
		return err
	}
	err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(into)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	e := &fault.Error{Kind: fault.Refused, File: name, What: yaml.FormatError(err, false, false)}
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil && y.GetToken().Position != nil {
		e.Line, e.What = y.GetToken().Position.Line, y.GetMessage()
	}
	return e
}
