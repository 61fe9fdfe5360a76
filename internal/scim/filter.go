package scim

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/access"
)

const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// field is an attribute that can be asked for: where it is kept, and how its values compare.
type field struct {
	name string
	kind string // text, caseless, truth, time, member
}

var userFields = map[string]field{
	"id": {"id", "text"}, "externalid": {"external", "text"}, "username": {"name", "caseless"}, "displayname": {"display", "caseless"},
	"emails": {"email", "caseless"}, "emails.value": {"email", "caseless"}, "active": {"active", "truth"},
	"meta.created": {"created", "time"}, "meta.lastmodified": {"changed", "time"},
}

var groupFields = map[string]field{
	"id": {"id", "text"}, "externalid": {"external", "text"}, "displayname": {"display", "caseless"},
	"members": {"member", "member"}, "members.value": {"member", "member"},
	"meta.created": {"created", "time"}, "meta.lastmodified": {"changed", "time"},
}

// condition turns a filter of RFC 7644 section 3.4.2.2 into a condition of the directory. Empty: nil, all.
func condition(s, schema string, fields map[string]field) (*access.Where, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	if len(s) > maxFilter {
		return nil, bad("invalidFilter", "the filter is longer than %d bytes", maxFilter)
	}
	if !utf8.ValidString(s) {
		return nil, bad("invalidFilter", "the filter is not UTF-8")
	}
	e, err := parseFilter(strings.TrimSpace(s))
	if err != nil {
		return nil, bad("invalidFilter", "the filter cannot be read; expected one such as userName eq \"ann@example.com\"")
	}
	t := translator{schema: schema, fields: fields}
	w, err := t.expression(e, "")
	return &w, err
}

type translator struct {
	schema string
	fields map[string]field
	tests  int
}

func (t *translator) expression(e *expression, within string) (access.Where, error) {
	if t.tests++; t.tests > maxTests {
		return access.Where{}, bad("invalidFilter", "the filter has more than %d parts", maxTests)
	}
	switch e.op {
	case "and", "or":
		left, err := t.expression(e.left, within)
		if err != nil {
			return left, err
		}
		right, err := t.expression(e.right, within)
		return access.Where{Op: e.op, Parts: []access.Where{left, right}}, err
	case "not":
		w, err := t.expression(e.left, within)
		return access.Where{Op: "not", Parts: []access.Where{w}}, err
	case "[]":
		name, err := t.name(e.attribute, "")
		if err != nil {
			return access.Where{}, err
		}
		return t.expression(e.left, name)
	}
	return t.test(e, within)
}

func lower[T ~string](s T) T { return T(strings.ToLower(string(s))) }

// name gives an attribute's name in lower case, with the attribute whose brackets it stands in.
func (t *translator) name(a attributeRef, within string) (string, error) {
	if a.schema != "" && !strings.EqualFold(a.schema, t.schema) {
		return "", bad("invalidFilter", "no filter is possible by attributes of %s", short(a.schema))
	}
	name := strings.ToLower(a.name)
	if a.sub != "" {
		name += "." + strings.ToLower(a.sub)
	}
	if within != "" {
		name = within + "." + name
	}
	return name, nil
}

func (t *translator) test(x *expression, within string) (access.Where, error) {
	name, err := t.name(x.attribute, within)
	if err != nil {
		return access.Where{}, err
	}
	op := x.op
	if w, ok := constant(name, op, x.value); ok && t.schema == userSchema {
		return w, nil
	}
	f, ok := t.fields[name]
	if !ok {
		return access.Where{}, bad("invalidFilter", "no filter is possible by %s", short(name))
	}
	return f.where(name, op, x.value)
}

// constant decides what is the same for everybody: the one address of a user is of type work, and primary.
func constant(name, op string, v any) (access.Where, bool) {
	var holds bool
	switch name {
	case "emails.type":
		s, _ := v.(string)
		holds = op == "pr" || strings.EqualFold(s, "work") && v != nil
	case "emails.primary":
		b, err := truth(name, v)
		holds = op == "pr" || err == nil && b
	default:
		return access.Where{}, false
	}
	switch op {
	case "eq", "pr":
	case "ne":
		holds = !holds
	default:
		return access.Where{}, false
	}
	if holds {
		return access.Where{Op: "true"}, true
	}
	return access.Where{Op: "false"}, true
}

func (f field) where(name, op string, v any) (access.Where, error) {
	no := func() (access.Where, error) {
		return access.Where{}, bad("invalidFilter", "%s cannot be compared by %s with that value", short(name), op)
	}
	w := access.Where{Op: op, Field: f.name}
	if op == "pr" {
		switch f.kind {
		case "truth", "time":
			return access.Where{Op: "true"}, nil
		case "member":
			return no()
		}
		return w, nil
	}
	s, text := v.(string)
	switch f.kind {
	case "truth":
		b, err := truth(name, v)
		if err != nil || op != "eq" && op != "ne" {
			return no()
		}
		w.Value = b
	case "time":
		at, err := time.Parse(time.RFC3339, s)
		if err != nil || op == "co" || op == "sw" || op == "ew" {
			return no()
		}
		w.Value = at.UTC()
	default:
		if !text || f.kind == "member" && op != "eq" {
			return no()
		}
		if w.Value = s; f.kind == "caseless" {
			w.Value = strings.ToLower(s)
		}
	}
	return w, nil
}
