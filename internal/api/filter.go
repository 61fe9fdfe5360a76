package api

import (
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// filters reads conditions such as status:eq:failed, held_on:ge:2026-01-01 or fixed_at:lacks. A value is everything behind the second
// colon, as the field's type writes it.
func filters(s *register.Schema, where []string) ([]record.Match, error) {
	var out []record.Match
	for _, w := range where {
		m, err := filter(s, w)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

var comparisons = map[string]string{"eq": "=", "le": "<=", "ge": ">=", "has": "has", "lacks": "lacks"}

func filter(s *register.Schema, w string) (record.Match, error) {
	name, rest, ok := strings.Cut(w, ":")
	if !ok {
		return record.Match{}, refused("query.where", "%q is no condition; expected field:eq:value, field:le:value, field:ge:value, field:has or field:lacks", short(w))
	}
	f, known := s.Field(name)
	if !known {
		return record.Match{}, refused("query.where", "%s has no field %q%s", s.Name, short(name), register.DidYouMean(name, s.Names()))
	}
	op, value, valued := strings.Cut(rest, ":")
	m := record.Match{Field: name, Op: comparisons[op]}
	switch {
	case m.Op == "" || valued == (op == "has" || op == "lacks"):
		return m, refused("query.where", "%q is no comparison; expected eq, le or ge with a value, or has or lacks without one", short(rest))
	case !valued:
		return m, nil
	}
	var err error
	switch f.Type {
	case register.Int:
		m.Value, err = strconv.ParseInt(value, 10, 64)
	case register.Bool:
		if value != "true" && value != "false" {
			err = strconv.ErrSyntax
		}
		m.Value = value == "true"
	case register.Instant:
		m.Value, err = civil.ParseInstant(value)
	case register.Date:
		m.Value, err = civil.ParseDate(value)
	default:
		m.Value = value
	}
	if err != nil {
		return m, refused("query.where", "%s: %q; expected a value of type %s", name, short(value), f.Type)
	}
	return m, nil
}

// short keeps what is quoted back small.
func short(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// order reads a sort: a field, with a minus for the other way round.
func order(s *register.Schema, sort string) (field string, desc bool, err error) {
	field, desc = strings.CutPrefix(sort, "-")
	if _, ok := s.Field(field); !ok && sort != "" {
		return "", false, refused("query.sort", "%s has no field %q%s", s.Name, short(field), register.DidYouMean(field, s.Names()))
	}
	return field, desc, nil
}
