package rule

import (
	"github.com/assayhq/assay/internal/register"
)

// reference = NAME | NAME "." NAME
func (p *parser) reference(t token) (Expr, error) {
	if p.take(".") {
		f, err := p.name("a field")
		if err != nil {
			return nil, err
		}
		if r := p.sourceNamed(t.text); r != nil {
			return p.rowField(r, f)
		}
		for i := len(p.inner) - 1; i >= 0; i-- {
			if p.inner[i].Name == t.text {
				return p.rowField(p.inner[i], f)
			}
		}
		if p.sets[t.text] != nil {
			return nil, p.errAt(t, "%s is a set: say exists(%s ...), latest(%s.%s) or count(%s)", t.text, t.text, t.text, f.text, t.text)
		}
		return nil, p.errAt(t, "there is no row %q here%s", t.text, suggest(t.text, p.rowNames()))
	}
	if n := len(p.inner); n > 0 {
		if x, ok := fieldOf(p.inner[n-1], t.text); ok {
			return x, nil
		}
	} else if len(p.plan.Sources) > 0 {
		if x, err := p.bare(t); x != nil || err != nil {
			return x, err
		}
	}
	if x := p.values[t.text]; x != nil {
		return x, nil
	}
	return nil, p.unknownName(t)
}

// bare resolves a name that no row qualifies: it must belong to exactly one source.
func (p *parser) bare(t token) (Expr, error) {
	var found Expr
	for _, r := range p.plan.Sources {
		if x, ok := fieldOf(r, t.text); ok {
			if found != nil {
				return nil, p.errAt(t, "%q is a field of several rows; say which, as in %s.%s", t.text, r.Name, t.text)
			}
			found = x
		}
	}
	return found, nil
}

func (p *parser) unknownName(t token) error {
	var names []string
	rows := p.plan.Sources
	if n := len(p.inner); n > 0 {
		rows = p.inner[n-1:]
	}
	for _, r := range rows {
		names = append(names, fieldNames(r)...)
	}
	for n := range p.values {
		names = append(names, n)
	}
	return p.errAt(t, "there is no field or value %q here%s", t.text, suggest(t.text, names))
}

func (p *parser) rowNames() []string {
	var out []string
	for _, r := range append(p.plan.Sources, p.inner...) {
		out = append(out, r.Name)
	}
	return append(out, p.setNames()...)
}

func (p *parser) rowField(r *Row, t token) (*Field, error) {
	if x, ok := fieldOf(r, t.text); ok {
		return x, nil
	}
	return nil, p.errAt(t, "%s has no field %q%s", r.Name, t.text, suggest(t.text, fieldNames(r)))
}

var builtin = map[RowKind][]struct {
	name string
	t    Type
}{
	FromQuarters: {{"name", Text}, {"first", Date}, {"last", Date}},
	FromMonths:   {{"name", Text}, {"first", Date}, {"last", Date}},
	FromWeeks:    {{"name", Text}, {"first", Date}, {"last", Date}},
	FromHalves:   {{"name", Text}, {"first", Date}, {"last", Date}},
	FromYears:    {{"name", Text}, {"first", Date}, {"last", Date}},
	FromDays:     {{"name", Text}, {"date", Date}},
	FromEvery:    {{"date", Date}},
	FromDistinct: {{"value", Text}},
	FromGaps:     {{"first", Text}, {"since", Instant}, {"until", Instant}},
	FromSpans:    {{"first", Text}, {"since", Instant}, {"until", Instant}, {"value", Text}},

	FromBusinessDays: {{"name", Text}, {"date", Date}},
}

func fieldOf(r *Row, name string) (*Field, bool) {
	for _, b := range builtin[r.Kind] {
		if b.name == name {
			return &Field{Row: r, Name: name, T: b.t}, true
		}
	}
	if r.Kind != FromRegister && !contains(r.By, name) {
		return nil, false
	}
	f, ok := r.Schema.Field(name)
	if !ok {
		return nil, false
	}
	return &Field{Row: r, Name: name, T: typeOf(f.Type), End: f.End}, true
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func fieldNames(r *Row) []string {
	var out []string
	for _, b := range builtin[r.Kind] {
		out = append(out, b.name)
	}
	if r.Kind == FromRegister {
		for _, f := range r.Schema.Fields {
			out = append(out, f.Name)
		}
	}
	return append(out, r.By...)
}

func typeOf(t register.Type) Type {
	switch t {
	case register.Bool:
		return Bool
	case register.Int:
		return Int
	case register.Instant:
		return Instant
	case register.Date:
		return Date
	}
	return Text
}
