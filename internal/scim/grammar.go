package scim

import (
	"encoding/json"
	"errors"
	"strings"
)

// Filters and paths are read by a parser of our own: github.com/scim2/filter-parser leaves escapes such as \" and \u0041 in values, so
// that they compare wrongly, and refuses what RFC 7644 allows in brackets, such as "and not (...)". Tests hold both to the same reading of
// what both take.

// expression is a filter of RFC 7644 section 3.4.2.2.
type expression struct {
	op          string       // and, or, not, [] or a comparison, in lower case
	left, right *expression  // of and, or; left alone of not and []
	attribute   attributeRef // of a comparison and []
	value       any          // of a comparison: string, bool, json.Number or nil
}

// attributeRef names an attribute, with its schema and its part where they are said.
type attributeRef struct{ schema, name, sub string }

// pathExpr is a path of RFC 7644 section 3.5.2.
type pathExpr struct {
	attribute attributeRef
	brackets  *expression
}

var errGrammar = errors.New("cannot be read")

// maxNesting bounds brackets in brackets.
const maxNesting = 32

type reader struct {
	rest  string
	depth int
}

func parseFilter(s string) (*expression, error) {
	r := &reader{rest: s}
	e, err := r.or("")
	if err == nil && r.rest != "" {
		err = errGrammar
	}
	return e, err
}

func parsePath(s string) (pathExpr, error) {
	r := &reader{rest: s}
	a, err := r.attribute()
	p := pathExpr{attribute: a}
	if err == nil && r.take("[") {
		r.spaces()
		if p.brackets, err = r.or(a.name); err == nil {
			r.spaces()
			if !r.take("]") {
				err = errGrammar
			}
		}
		if err == nil && r.take(".") {
			if p.attribute.sub = r.name(); p.attribute.sub == "" {
				err = errGrammar
			}
		}
	}
	if err == nil && r.rest != "" {
		err = errGrammar
	}
	return p, err
}

func (r *reader) take(s string) bool {
	rest, ok := strings.CutPrefix(r.rest, s)
	r.rest = rest
	return ok
}

func (r *reader) spaces() bool {
	rest := strings.TrimLeft(r.rest, " ")
	some := rest != r.rest
	r.rest = rest
	return some
}

// word takes a word without case that ends where a name would.
func (r *reader) word(w string) bool {
	if len(r.rest) < len(w) || !strings.EqualFold(r.rest[:len(w)], w) || len(r.rest) > len(w) && inName(r.rest[len(w)]) {
		return false
	}
	r.rest = r.rest[len(w):]
	return true
}

// between takes a word with spaces around it, or nothing.
func (r *reader) between(w string) bool {
	was := r.rest
	if r.spaces() && r.word(w) && r.spaces() {
		return true
	}
	r.rest = was
	return false
}

func (r *reader) or(within string) (*expression, error) {
	return r.chain("or", func() (*expression, error) {
		return r.chain("and", func() (*expression, error) { return r.factor(within) })
	})
}

func (r *reader) chain(op string, next func() (*expression, error)) (*expression, error) {
	left, err := next()
	for err == nil && r.between(op) {
		var right *expression
		if right, err = next(); err == nil {
			left = &expression{op: op, left: left, right: right}
		}
	}
	return left, err
}

func (r *reader) factor(within string) (*expression, error) {
	if r.take("(") {
		return r.group(within)
	}
	was := r.rest
	if r.word("not") {
		r.spaces()
		if r.take("(") {
			e, err := r.group(within)
			return &expression{op: "not", left: e}, err
		}
		r.rest = was // an attribute of that name
	}
	a, err := r.attribute()
	if err != nil {
		return nil, err
	}
	if within == "" && r.take("[") {
		r.spaces()
		e, err := r.or(a.name)
		r.spaces()
		if err == nil && !r.take("]") {
			err = errGrammar
		}
		return &expression{op: "[]", attribute: a, left: e}, err
	}
	return r.comparison(a)
}

func (r *reader) group(within string) (*expression, error) {
	if r.depth++; r.depth > maxNesting {
		return nil, errGrammar
	}
	defer func() { r.depth-- }()
	r.spaces()
	e, err := r.or(within)
	r.spaces()
	if err == nil && !r.take(")") {
		err = errGrammar
	}
	return e, err
}

func (r *reader) comparison(a attributeRef) (*expression, error) {
	if !r.spaces() {
		return nil, errGrammar
	}
	if r.word("pr") {
		return &expression{op: "pr", attribute: a}, nil
	}
	for _, op := range []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"} {
		if r.word(op) {
			if !r.spaces() {
				return nil, errGrammar
			}
			v, err := r.value()
			return &expression{op: op, attribute: a, value: v}, err
		}
	}
	return nil, errGrammar
}

func (r *reader) value() (any, error) {
	for _, c := range []struct {
		word string
		v    any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if r.word(c.word) {
			return c.v, nil
		}
	}
	end := 0
	if strings.HasPrefix(r.rest, `"`) {
		for end = 1; end < len(r.rest) && r.rest[end] != '"'; end++ {
			if r.rest[end] == '\\' {
				end++
			}
		}
		end++
	} else {
		for end < len(r.rest) && strings.IndexByte("+-.0123456789eE", r.rest[end]) >= 0 {
			end++
		}
	}
	if end == 0 || end > len(r.rest) {
		return nil, errGrammar
	}
	raw := r.rest[:end]
	r.rest = r.rest[end:]
	if raw[0] != '"' {
		if !json.Valid([]byte(raw)) {
			return nil, errGrammar
		}
		return json.Number(raw), nil
	}
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return nil, errGrammar
	}
	return s, nil
}

func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '$'
}

// name takes a letter, or a dollar sign as in $ref, and what follows in a name.
func (r *reader) name() string {
	end := 0
	for end < len(r.rest) && inName(r.rest[end]) && (end > 0 || r.rest[0] > '9' || r.rest[0] == '$') && (end > 0 || r.rest[0] != '_' && r.rest[0] != '-') {
		end++
	}
	s := r.rest[:end]
	r.rest = r.rest[end:]
	return s
}

// attribute takes [schema ":"] name ["." part]. A schema's own dots and digits stand before its last colon.
func (r *reader) attribute() (attributeRef, error) {
	var a attributeRef
	if len(r.rest) >= 4 && strings.EqualFold(r.rest[:4], "urn:") {
		end := 0
		for end < len(r.rest) && (inName(r.rest[end]) || r.rest[end] == ':' || r.rest[end] == '.') {
			end++
		}
		colon := strings.LastIndexByte(r.rest[:end], ':')
		a.schema, r.rest = r.rest[:colon], r.rest[colon+1:]
	}
	if a.name = r.name(); a.name == "" {
		return a, errGrammar
	}
	if r.take(".") {
		if a.sub = r.name(); a.sub == "" {
			return a, errGrammar
		}
	}
	return a, nil
}
