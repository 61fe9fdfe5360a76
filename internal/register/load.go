package register

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/assayhq/assay/internal/fault"
)

// The two fields that every record may carry besides its schema's.
const (
	RecordedAt    = "recorded_at"    // when the source wrote the record
	RecordVersion = "record_version" // the source's own version of the record, from 1
)

// maxYAML bounds schema and mapping files: people write them.
const maxYAML = 1 << 20

var name = regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`)

// Load reads the YAML of one register's schema and checks it. File is its name in messages.
func Load(file string, b []byte) (*Schema, error) {
	root, err := parseYAML(file, b)
	if err != nil {
		return nil, err
	}
	s := &Schema{}
	dec := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict())
	if err := dec.DecodeFromNode(root, s); err != nil {
		return nil, yamlFault(file, err)
	}
	if err := s.Check(); err != nil {
		return nil, inFile(file, schemaLine(root, err), err)
	}
	return s, nil
}

// Check says whether the schema can be a register: names, types and the fields that it names.
func (s *Schema) Check() error {
	if !name.MatchString(s.Name) {
		return bad("name", "%q is not a register's name; expected a-z, 0-9 and _ from a letter, at most 48", s.Name)
	}
	if len(s.Fields) == 0 || len(s.Fields) > 500 {
		return bad("fields", "a register has 1 to 500 fields, this one %d", len(s.Fields))
	}
	seen := map[string]bool{}
	for _, f := range s.Fields {
		if err := f.check(); err != nil {
			return err
		}
		if seen[f.Name] {
			return bad(f.Name, "the field is declared twice")
		}
		seen[f.Name] = true
		if f.Default == "" {
			continue
		}
		d, ok := s.Field(f.Default)
		if !ok || d.Type != f.Type || d.Default != "" || !slices.Contains(s.Key, f.Name) {
			return bad(f.Name, "default: only a key field may fall back, and only on another declared field of its type; %q is none", f.Default)
		}
	}
	return s.checkRoles()
}

func (f Field) check() error {
	switch {
	case !name.MatchString(f.Name):
		return bad("fields", "%q is not a field's name; expected a-z, 0-9 and _ from a letter, at most 48", f.Name)
	case f.Name == RecordedAt || f.Name == RecordVersion:
		return bad(f.Name, "every record carries it; it is not declared")
	case !slices.Contains([]Type{Text, Bool, Int, Instant, Date}, f.Type):
		return bad(f.Name, "type %q is unknown; expected text, bool, int, instant or date", f.Type)
	case f.Type != Text && (len(f.Values) > 0 || f.Ref != "" || f.Login || f.Scalar):
		return bad(f.Name, "values, ref, login and scalar belong to text fields")
	case f.End && f.Type != Instant && f.Type != Date:
		return bad(f.Name, "end belongs to instants and dates")
	case f.Required && f.End:
		return bad(f.Name, "an end that may not have come cannot be required")
	case slices.Contains(f.Values, ""):
		return bad(f.Name, "values: the empty text cannot be listed")
	case f.Ref != "" && !name.MatchString(f.Ref):
		return bad(f.Name, "ref: %q is not a register's name", f.Ref)
	}
	return nil
}

// role is a part that some fields of a schema play.
type role struct {
	name   string
	fields []string
	types  []Type
}

// checkRoles checks the fields that the schema gives a part: key, event, interval and the rest.
func (s *Schema) checkRoles() error {
	if len(s.Key) == 0 {
		return bad("key", "a register needs a natural key: the fields that name one record")
	}
	roles := []role{
		{"key", s.Key, []Type{Text, Int, Date, Instant}},
		{"event", s.Event, []Type{Instant, Date}},
		{"interval", s.Interval, []Type{Instant, Date}},
		{"snapshot", some(s.Snapshot), []Type{Instant}},
		{"sequence", some(s.Sequence), []Type{Int, Text}},
	}
	for _, l := range s.Lookups {
		if len(l) == 0 {
			return bad("lookups", "a look-up names at least one field")
		}
		roles = append(roles, role{"lookups", l, []Type{Text, Bool, Int, Date, Instant}})
	}
	for _, role := range roles {
		for i, n := range role.fields {
			f, ok := s.Field(n)
			if !ok {
				return bad(role.name, "%q is no field of the register%s", n, s.near(n))
			}
			if !slices.Contains(role.types, f.Type) {
				return bad(role.name, "%s is of type %s; expected one of %v", n, f.Type, role.types)
			}
			if slices.Contains(role.fields[:i], n) {
				return bad(role.name, "%q is named twice", n)
			}
		}
	}
	if n := len(s.Interval); n != 0 {
		end, _ := s.Field(s.Interval[n-1])
		if n != 2 || !end.End {
			return bad("interval", "expected two fields, start and end, the second with `end: true`")
		}
	}
	return nil
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func bad(field, format string, args ...any) error {
	return fault.At("", 0, field, format, args...)
}

// Names lists the schema's fields.
func (s *Schema) Names() []string {
	out := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		out[i] = f.Name
	}
	return out
}

func (s *Schema) near(n string) string { return DidYouMean(n, s.Names()) }

// DidYouMean returns "; did you mean ...?" for the nearest of the known names, or "".
func DidYouMean(n string, known []string) string {
	best, at := "", 1+max(1, len(n)/3)
	for _, k := range known {
		if d := distance(n, k); d < at {
			best, at = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance counts the letters to add, drop, change or swap with a neighbour (optimal string
// alignment), over bytes; long names are never near.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 65
	}
	var d [65][65]int
	for i := range len(a) + 1 {
		for j := range len(b) + 1 {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j], d[i][j-1], d[i-1][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// parseYAML reads one document without anchors: they make a short file stand for a huge one.
func parseYAML(file string, b []byte) (ast.Node, error) {
	if len(b) > maxYAML {
		return nil, fault.At(file, 0, "", "the file is larger than %d bytes", maxYAML)
	}
	if err := CheckText(file, 1, b); err != nil {
		return nil, err
	}
	f, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, yamlFault(file, err)
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return nil, fault.At(file, 1, "", "expected one YAML document that is not empty")
	}
	var v anchors
	ast.Walk(&v, f.Docs[0].Body)
	if v.line > 0 {
		return nil, fault.At(file, v.line, "", "anchors, aliases and tags are not allowed here; write the value out")
	}
	return f.Docs[0].Body, nil
}

type anchors struct{ line int }

// Visit satisfies ast.Visitor.
func (v *anchors) Visit(n ast.Node) ast.Visitor {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType, ast.TagType, ast.MergeKeyType:
		if v.line == 0 {
			v.line = n.GetToken().Position.Line
		}
	}
	return v
}

// yamlFault turns the library's error into a refusal with its line and one line of text.
func yamlFault(file string, err error) error {
	line := 0
	what := err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		what = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
	}
	what, _, _ = strings.Cut(what, "\n")
	return fault.At(file, line, "", "%s", what)
}

// inFile gives a refusal without a place the file and line it came from.
func inFile(file string, line int, err error) error {
	var e *fault.Error
	if !errors.As(err, &e) || e.File != "" {
		return err
	}
	c := *e
	c.File, c.Line = file, line
	return &c
}

// schemaLine finds the line that a refusal of Check speaks of: the field's, or the part's.
func schemaLine(root ast.Node, err error) int {
	var e *fault.Error
	m, ok := root.(*ast.MappingNode)
	if !errors.As(err, &e) || !ok {
		return 0
	}
	for _, part := range m.Values {
		if fmt.Sprint(part.Key) == e.Field {
			return part.Key.GetToken().Position.Line
		}
		fields, ok := part.Value.(*ast.SequenceNode)
		if !ok || part.Key.String() != "fields" {
			continue
		}
		for _, f := range fields.Values {
			fm, ok := f.(*ast.MappingNode)
			if !ok {
				continue
			}
			for _, p := range fm.Values {
				if p.Key.String() == "name" && p.Value.GetToken().Value == e.Field {
					return p.Key.GetToken().Position.Line
				}
			}
		}
	}
	return 0
}
