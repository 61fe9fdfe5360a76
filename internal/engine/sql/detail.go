package sql

import (
	"sort"
	"strings"

	"github.com/assayhq/assay/internal/rule"
)

// Detail reads what a few items rest on, so that a reason can be given for each: the items' own
// fields first, then the rows of every set. Columns name what each query delivers.
type Detail struct {
	Query   string
	Columns []string // after item_key: "row__field", "row__field__person", "row__key_", "row__version_"
	Set     *rule.Set
}

// Details prints the queries for the items whose keys stand in the temporary table "want".
func Details(plan *rule.Plan, c Context) ([]Detail, []any) {
	bind := *c.Bind
	bind.Want, bind.Part = true, nil
	c.Bind = &bind
	p := newPrinter(plan, c)
	p.named = true
	p.collect()
	p.judged()
	item := "WITH item AS (\n" + p.item() + "\n)\n"
	var cols []string
	for _, r := range plan.Sources {
		if r.Kind == rule.FromRegister || r.Kind == rule.FromSpans || r.Kind == rule.FromGaps {
			cols = append(cols, r.Name+"__key_", r.Name+"__version_")
		}
		if r.Kind == rule.FromRegister {
			cols = append(cols, r.Name+"__erased_")
		}
	}
	for _, name := range p.order {
		cols = append(cols, name)
		if p.persons[name] {
			cols = append(cols, name+"__person")
		}
	}
	out := []Detail{{Query: item + "SELECT item_key, item_at" + list(cols) + " FROM item", Columns: append([]string{"item_at"}, cols...)}}
	for _, g := range p.groups {
		out = append(out, p.detailSet(item, g.set))
	}
	return out, p.args
}

func list(cols []string) string {
	var b strings.Builder
	for _, c := range cols {
		b.WriteString(", " + quote(c))
	}
	return b.String()
}

func (p *printer) detailSet(item string, s *rule.Set) Detail {
	from, where := p.setFrom(s)
	var sel, cols []string
	add := func(expr, name string) {
		sel, cols = append(sel, expr+" AS "+quote(name)), append(cols, name)
	}
	for _, c := range s.Chain() {
		a := quote("s_" + c.Row.Name)
		add(a+"._key", c.Row.Name+"__key_")
		add(a+"._version", c.Row.Name+"__version_")
		fields, persons := p.setFields(c.Row)
		for _, f := range fields {
			add(p.inSet(f, false), f.Row.Name+"__"+f.Name)
			if persons[f.Name] {
				add(p.inSet(f, true), f.Row.Name+"__"+f.Name+"__person")
			}
		}
	}
	return Detail{
		Query:   item + "SELECT item.item_key, " + strings.Join(sel, ", ") + " FROM item CROSS JOIN " + from + " WHERE " + where,
		Columns: cols,
		Set:     s,
	}
}

// setFields lists the fields of a set's row that the plan reads, and which of them as persons.
func (p *printer) setFields(r *rule.Row) ([]*rule.Field, map[string]bool) {
	byName, persons := map[string]*rule.Field{}, map[string]bool{}
	p.plan.Walk(func(x rule.Expr) {
		switch x := x.(type) {
		case *rule.Field:
			if x.Row == r {
				byName[x.Name] = x
			}
		case *rule.PersonOf:
			if f := x.X.(*rule.Field); f.Row == r {
				persons[f.Name] = true
			}
		}
	})
	var out []*rule.Field
	for _, f := range byName {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, persons
}
