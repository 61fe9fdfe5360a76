package register

import (
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// expr gives one field of a record from a source row. One of constant, from and template is set.
type expr struct {
	field     string
	line, col int

	constant  *Value
	from      []path // the first that has a value
	template  []piece
	join      *string
	values    map[string]Value
	empty     *Value
	otherwise *Value
}

// piece is a part of a template: a literal or a path.
type piece struct {
	lit  string
	path *path
}

// parseTemplate reads text with {path} in it; {{ and }} stand for braces.
func parseTemplate(s string, child bool) ([]piece, error) {
	var out []piece
	lit := ""
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "{{"), strings.HasPrefix(s[i:], "}}"):
			lit += s[i : i+1]
			i++
		case s[i] == '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return nil, fault.Refuse("%q: { without }", s)
			}
			p, err := parsePath(s[i+1:i+end], child)
			if err != nil {
				return nil, err
			}
			out = append(out, piece{lit: lit}, piece{path: &p})
			lit = ""
			i += end
		case s[i] == '}':
			return nil, fault.Refuse("%q: } without {", s)
		default:
			lit += s[i : i+1]
		}
	}
	if len(out) == 0 {
		return nil, fault.Refuse("%q names no {path}; write `constant` for a fixed text", s)
	}
	return append(out, piece{lit: lit}), nil
}

// paths lists what the expression reads.
func (e *expr) paths() []path {
	out := e.from
	for _, p := range e.template {
		if p.path != nil {
			out = append(out[:len(out):len(out)], *p.path)
		}
	}
	return out
}

// eval gives the value, absent when the source says nothing.
func (e *expr) eval(s *scope) (Value, error) {
	switch {
	case e.constant != nil:
		return *e.constant, nil
	case e.template != nil:
		return e.fill(s)
	}
	var v Value
	for _, p := range e.from {
		w := p.read(s)
		if w.known() && (!v.known() || v.empty()) {
			v = w
		}
		if v.known() && !v.empty() {
			break
		}
	}
	return e.translate(v)
}

// translate applies empty, join, values and otherwise, in that order. What the source does not
// say stays unsaid: no translation makes a value out of nothing.
func (e *expr) translate(v Value) (Value, error) {
	if !v.known() {
		return Value{}, nil
	}
	if v.empty() && e.empty != nil {
		return *e.empty, nil
	}
	if e.join != nil && v.Kind == List {
		var err error
		if v, err = joined(v.List, *e.join); err != nil {
			return Value{}, err
		}
	}
	switch v.Kind {
	case String, Number, Boolean, Local:
		if w, ok := e.values[v.Text]; ok {
			return w, nil
		}
	}
	if e.otherwise != nil {
		return *e.otherwise, nil
	}
	return v, nil
}

func joined(list []Value, with string) (Value, error) {
	parts := make([]string, len(list))
	for i, v := range list {
		s, err := scalar(v)
		if err != nil {
			return Value{}, fault.Refuse("element %d of the list is %s", i+1, err)
		}
		parts[i] = s
	}
	return text(strings.Join(parts, with)), nil
}

func (e *expr) fill(s *scope) (Value, error) {
	var b strings.Builder
	for _, p := range e.template {
		if p.path == nil {
			b.WriteString(p.lit)
			continue
		}
		v := p.path.read(s)
		if !v.known() {
			return Value{}, nil // a text with a part missing would name something else
		}
		t, err := scalar(v)
		if err != nil {
			return Value{}, fault.Refuse("%s is %s", p.path.text, err)
		}
		b.WriteString(t)
	}
	return e.translate(text(b.String()))
}

// scalar is the text of one value.
func scalar(v Value) (string, error) {
	switch v.Kind {
	case String, Local, Boolean:
		return v.Text, nil
	case Number:
		return number(v.Text)
	}
	return "", fault.Refuse("%s; expected a text or a number", v.describe())
}
