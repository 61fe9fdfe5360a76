package register

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Mapping says how a source's fields become records: the content of a mapping file.
// docs/mapping.md describes the language.
type Mapping struct {
	File     string            // its name in messages
	Hash     string            // SHA-256 of its bytes, sealed with each pull that used it
	Register string            // the register it is written for; empty for any
	Source   string            // the source system, where the command does not say
	Query    string            // what was asked of the source
	Params   map[string]string // parameters of the query; from, to and zone say which civil dates it covered
	Extent   string            // "full" when the source delivered every row it has
	Sheet    string            // the sheet of a workbook
	Sequence string            // a field that runs without gaps (check C1)
	Zone     *civil.Zone       // the zone of local times
	Totals   map[string]int64  // control totals as the source states them (check A2)
	drop     []string
	fields   []*expr
	children []*child
	places   map[string]place // of the parts that are checked against a schema
}

type place struct{ line, col int }

// child splits records of another register off a row.
type child struct {
	register  string
	each      []path
	fields    []*expr
	repeat    string // what a key means that comes again: "", "first" or "link"
	line, col int
}

// What a child's key means that comes again in a file.
const (
	repeatFirst = "first" // the first body counts, the others are left out
	repeatLink  = "link"  // aliases only: all pairs of a file count, see linked
)

// Full is the extent of a pull that holds every row the source has.
const Full = "full"

// ParseMapping reads a mapping file. What it names is checked against a schema by NewConverter.
func ParseMapping(file string, b []byte) (*Mapping, error) {
	root, err := parseYAML(file, b)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	m := &Mapping{File: file, Hash: hex.EncodeToString(sum[:]), places: map[string]place{}}
	y := reader{file}
	es, err := y.entries(root, "a mapping")
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		if err := m.part(y, e); err != nil {
			return nil, err
		}
		m.places[e.key] = place{e.line, e.col}
	}
	return m, nil
}

var mappingParts = []string{"register", "source", "query", "params", "extent", "sheet", "sequence", "zone", "totals", "drop", "fields", "children"}

func (m *Mapping) part(y reader, e entry) (err error) {
	switch e.key {
	case "register":
		m.Register, err = y.text(e)
	case "source":
		m.Source, err = y.text(e)
	case "query":
		m.Query, err = y.text(e)
	case "sheet":
		m.Sheet, err = y.text(e)
	case "sequence":
		m.Sequence, err = y.text(e)
	case "extent":
		if m.Extent, err = y.text(e); err == nil && m.Extent != Full {
			err = y.refuse(e, "%q is unknown; expected full, or no extent at all", m.Extent)
		}
	case "zone":
		err = m.zone(y, e)
	case "params":
		m.Params, err = y.texts(e)
	case "totals":
		err = m.totals(y, e)
	case "drop":
		m.drop, err = y.list(e)
	case "fields":
		m.fields, err = y.exprs(e, false)
	case "children":
		m.children, err = y.children(e)
	default:
		err = y.unknown(e, mappingParts)
	}
	return err
}

func (m *Mapping) zone(y reader, e entry) error {
	s, err := y.text(e)
	if err != nil {
		return err
	}
	z, err := civil.ParseZone(s)
	if err != nil {
		return y.refuse(e, "%s", err)
	}
	m.Zone = &z
	return nil
}

func (m *Mapping) totals(y reader, e entry) error {
	ts, err := y.texts(e)
	if err != nil {
		return err
	}
	m.Totals = map[string]int64{}
	for k, s := range ts {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return y.refuse(e, "%s: %q is no whole number", k, s)
		}
		m.Totals[k] = n
	}
	return nil
}

// reader walks a parsed YAML file; its refusals carry line and column.
type reader struct{ file string }

type entry struct {
	key       string
	line, col int
	node      ast.Node
}

func (y reader) refuse(e entry, format string, args ...any) error {
	return y.at(place{e.line, e.col}, e.key, format, args...)
}

func (y reader) at(p place, field, format string, args ...any) error {
	err := fault.At(y.file, p.line, field, format, args...)
	if p.col > 0 {
		err.What = "column " + strconv.Itoa(p.col) + ": " + err.What
	}
	return err
}

func (y reader) unknown(e entry, known []string) error {
	return y.refuse(e, "unknown key%s", DidYouMean(e.key, known))
}

// entries lists the keys of a YAML mapping in their order.
func (y reader) entries(n ast.Node, what string) ([]entry, error) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, y.at(where(n), "", "expected %s: names and values", what)
	}
	out := make([]entry, 0, len(values))
	seen := map[string]bool{}
	for _, v := range values {
		t := v.Key.GetToken()
		e := entry{t.Value, t.Position.Line, t.Position.Column, v.Value}
		if seen[e.key] {
			return nil, y.refuse(e, "the key stands twice")
		}
		seen[e.key] = true
		out = append(out, e)
	}
	return out, nil
}

func where(n ast.Node) place {
	if n == nil || n.GetToken() == nil {
		return place{}
	}
	p := n.GetToken().Position
	return place{p.Line, p.Column}
}

func (y reader) text(e entry) (string, error) {
	switch n := e.node.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	}
	return "", y.refuse(e, "expected a text")
}

func (y reader) texts(e entry) (map[string]string, error) {
	es, err := y.entries(e.node, e.key)
	out := make(map[string]string, len(es))
	for _, p := range es {
		if out[p.key], err = y.text(p); err != nil {
			return nil, err
		}
	}
	return out, err
}

// list reads a list of texts, or one text as a list of it.
func (y reader) list(e entry) ([]string, error) {
	seq, ok := e.node.(*ast.SequenceNode)
	if !ok {
		s, err := y.text(e)
		return []string{s}, err
	}
	var out []string
	for _, n := range seq.Values {
		s, err := y.text(entry{e.key, where(n).line, where(n).col, n})
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (y reader) value(e entry) (*Value, error) {
	switch n := e.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		v := Value{Kind: Number, Text: n.GetToken().Value}
		if _, err := number(v.Text); err != nil {
			return nil, y.refuse(e, "%s is no decimal number; write it in quotes", v.Text)
		}
		return &v, nil
	case *ast.BoolNode:
		return &Value{Kind: Boolean, Text: strconv.FormatBool(n.Value)}, nil
	}
	s, err := y.text(e)
	v := text(s)
	return &v, err
}

func (y reader) exprs(e entry, child bool) ([]*expr, error) {
	es, err := y.entries(e.node, "fields")
	if err != nil {
		return nil, err
	}
	var out []*expr
	for _, f := range es {
		x := &expr{field: f.key, line: f.line, col: f.col}
		if err := y.expr(f, x, child); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

var exprParts = []string{"from", "first", "text", "constant", "join", "values", "empty", "otherwise"}

// expr reads one field's expression: a path, or a mapping of its parts.
func (y reader) expr(f entry, x *expr, child bool) error {
	if _, ok := f.node.(*ast.MappingNode); !ok {
		return y.from(f, x, child)
	}
	es, err := y.entries(f.node, "an expression")
	if err != nil {
		return err
	}
	origins := 0
	for _, e := range es {
		switch e.key {
		case "from", "first":
			origins++
			err = y.from(e, x, child)
		case "text":
			origins++
			err = y.template(e, x, child)
		case "constant":
			origins++
			x.constant, err = y.value(e)
		case "join":
			var s string
			s, err = y.text(e)
			x.join = &s
		case "values":
			err = y.values(e, x)
		case "empty":
			x.empty, err = y.value(e)
		case "otherwise":
			x.otherwise, err = y.value(e)
		default:
			err = y.unknown(e, exprParts)
		}
		if err != nil {
			return err
		}
	}
	if origins != 1 {
		return y.refuse(f, "expected exactly one of from, first, text and constant")
	}
	if x.constant != nil && len(es) > 1 {
		return y.refuse(f, "a constant takes no further keys")
	}
	return nil
}

func (y reader) from(e entry, x *expr, child bool) error {
	names, err := y.list(e)
	if err != nil {
		return err
	}
	if len(names) != 1 && e.key != "first" || len(names) == 0 {
		return y.refuse(e, "expected one path; write `first` for the first of several that has a value")
	}
	for _, n := range names {
		p, err := parsePath(n, child)
		if err != nil {
			return y.refuse(e, "%s", err)
		}
		x.from = append(x.from, p)
	}
	return nil
}

func (y reader) template(e entry, x *expr, child bool) error {
	s, err := y.text(e)
	if err != nil {
		return err
	}
	if x.template, err = parseTemplate(s, child); err != nil {
		return y.refuse(e, "%s", err)
	}
	return nil
}

func (y reader) values(e entry, x *expr) error {
	es, err := y.entries(e.node, "values")
	if err != nil {
		return err
	}
	x.values = make(map[string]Value, len(es))
	for _, p := range es {
		v, err := y.value(p)
		if err != nil {
			return err
		}
		x.values[p.key] = *v
	}
	return nil
}

var childParts = []string{"register", "each", "repeat", "fields"}

func (y reader) children(e entry) ([]*child, error) {
	seq, ok := e.node.(*ast.SequenceNode)
	if !ok {
		return nil, y.refuse(e, "expected a list")
	}
	var out []*child
	for _, n := range seq.Values {
		c := &child{line: where(n).line, col: where(n).col}
		es, err := y.entries(n, "a child")
		if err != nil {
			return nil, err
		}
		for _, p := range es {
			if err := y.childPart(p, c); err != nil {
				return nil, err
			}
		}
		if c.register == "" || len(c.each) == 0 || len(c.fields) == 0 {
			return nil, y.at(place{c.line, c.col}, "children", "a child needs register, each and fields")
		}
		out = append(out, c)
	}
	return out, nil
}

func (y reader) childPart(e entry, c *child) (err error) {
	switch e.key {
	case "register":
		c.register, err = y.text(e)
	case "each":
		var names []string
		names, err = y.list(e)
		for _, n := range names {
			p, perr := parsePath(n, false)
			if perr != nil {
				return y.refuse(e, "%s", perr)
			}
			c.each = append(c.each, p)
		}
	case "repeat":
		if c.repeat, err = y.text(e); err == nil && c.repeat != repeatFirst && c.repeat != repeatLink {
			err = y.refuse(e, "%q is unknown; expected first or link", c.repeat)
		}
	case "fields":
		c.fields, err = y.exprs(e, true)
	default:
		err = y.unknown(e, childParts)
	}
	return err
}
