package report

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/assayhq/assay/internal/fault"
)

// Passage is a paragraph of a letter, by its identifier. A firm may give its own text, which keeps the fields that are needed.
type Passage struct {
	ID    string   `yaml:"id" json:"id"`
	Head  string   `yaml:"head" json:"head,omitempty"`
	Text  string   `yaml:"text" json:"text"`
	Needs []string `yaml:"needs" json:"needs,omitempty"` // fields that a text of the firm's must keep
	Open  bool     `yaml:"open" json:"-"`                // not the firm's: it stands in drafts only, or is management's
}

// Fields are those that the text of a passage may use.
func (p Passage) Fields() []string { return fieldsIn(p.Text) }

func fieldsIn(text string) []string {
	var out []string
	for _, f := range blank.FindAllString(text, -1) {
		if name := strings.Trim(f, "{}"); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// common are fields that every passage may use.
var common = []string{"organization", "system", "when", "firm", "report", "categories"}

// Passages lists the texts that a firm may replace, in the order in which they stand.
func Passages() ([]Passage, error) {
	k, err := theKit()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(k.passages), func(p Passage) bool { return p.Open }), nil
}

const (
	mostWording = 1 << 20 // bytes of a file of texts
	mostPassage = 20_000  // bytes of one text
)

// ParseWording reads a firm's texts: a YAML map from the identifier of a passage to its text. It refuses, with the line, a passage that
// does not exist, a field that it does not know, and a text that drops a field it needs.
func ParseWording(file string, b []byte) (Wording, error) {
	if len(b) > mostWording {
		return nil, fault.At(file, 0, "", "longer than 1 MiB; expected the texts of a letter")
	}
	tree, err := parser.ParseBytes(b, 0)
	if err != nil {
		line := 0
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			line = at.GetToken().Position.Line
		}
		return nil, fault.At(file, line, "", "is no YAML; expected a map from passages to texts")
	}
	out := Wording{}
	for _, doc := range tree.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType {
			continue
		}
		values, ok := pairs(doc.Body)
		if !ok {
			return nil, fault.At(file, doc.Body.GetToken().Position.Line, "", "expected a map from passages to texts")
		}
		for _, v := range values {
			line, id := v.Key.GetToken().Position.Line, v.Key.GetToken().Value
			var text string
			if err := yaml.NodeToValue(v.Value, &text); err != nil {
				return nil, fault.At(file, line, id, "expected a text")
			}
			if _, twice := out[id]; twice {
				return nil, fault.At(file, line, id, "the passage stands twice; expected one text")
			}
			if err := checkPassage(id, text); err != nil {
				err.File, err.Line = file, line
				return nil, err
			}
			out[id] = strings.TrimSpace(text)
		}
	}
	return out, nil
}

func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// Check refuses texts as ParseWording does, wherever they were kept.
func (w Wording) Check() error {
	for _, id := range slices.Sorted(maps.Keys(w)) {
		if err := checkPassage(id, w[id]); err != nil {
			return err
		}
	}
	return nil
}

func checkPassage(id, text string) *fault.Error {
	refuse := func(format string, args ...any) *fault.Error { return fault.At("", 0, id, format, args...) }
	k, err := theKit()
	if err != nil {
		return refuse("%v", err)
	}
	p, ok := k.passage(id)
	if !ok || p.Open {
		return refuse("there is no passage of this name that a firm may replace; expected one of %s", strings.Join(replaceable(k), ", "))
	}
	switch text = strings.TrimSpace(text); {
	case text == "":
		return refuse("the text is empty; expected words, or no such passage in the file")
	case len(text) > mostPassage:
		return refuse("the text is longer than 20,000 bytes")
	case unfinished.MatchString(text):
		return refuse("the text says %q, which marks what is still to be written; expected a text that can be signed", unfinished.FindString(text))
	}
	allowed := slices.Concat(p.Fields(), p.Needs, common)
	has := fieldsIn(text)
	for _, f := range has {
		if !slices.Contains(allowed, f) {
			slices.Sort(allowed)
			return refuse("the field {%s} is not known here; expected some of {%s}", f, strings.Join(slices.Compact(allowed), "}, {"))
		}
	}
	for _, f := range p.Needs {
		if !slices.Contains(has, f) {
			return refuse("the text drops the field {%s}; expected it to hold {%s}", f, strings.Join(p.Needs, "}, {"))
		}
	}
	if strings.ContainsAny(string(bytes.ReplaceAll(blank.ReplaceAll([]byte(text), nil), []byte("\n"), nil)), "{}") {
		return refuse("a brace stands outside a field; expected fields such as {organization}, in small letters")
	}
	if w := forbidden.FindString(text); w != "" {
		return refuse("says %q, which a report must not claim", w)
	}
	return nil
}

func replaceable(k *kit) []string {
	var out []string
	for _, p := range k.passages {
		if !p.Open {
			out = append(out, p.ID)
		}
	}
	return out
}

// wording is the text of a passage: the firm's where it has one, and ours otherwise.
func (b *builder) wording(id string) Passage {
	p, _ := b.kit.passage(id)
	if e := b.f.Examination; e != nil && !p.Open && e.Wording[id] != "" {
		p.Text = e.Wording[id]
	}
	return p
}
