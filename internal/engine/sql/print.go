// Package sql prints a rule's typed plan as SQL: for SQLite, which runs it, and as a script that
// stock PostgreSQL and DuckDB run over the exported populations, so that an auditor can reperform
// a test without this program. All values are 64-bit integers or texts: instants are microseconds
// since 1970-01-01 UTC, dates are days since 1970-01-01, yes/no is 1 or 0.
//
// The printed query has four layers. "item" finds the members, "fact" looks at the records that
// belong to each, "judged" answers each attribute, and the last one words the verdict.
package sql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// Answer codes of an attribute, worst last, and of membership.
const (
	CodeNA        = 0
	CodePass      = 1
	CodeUndecided = 2
	CodeDeviation = 3

	packed = 30 // codes of two bits that share one integer

	never    = int64(civil.Never)
	neverDay = int64(civil.MaxDate)
)

// Context is what a plan is printed for.
type Context struct {
	Period  civil.Period
	KnownAt civil.Instant
	// Unproven names the registers in which the absence of a record proves nothing, because they
	// were never pulled or a completeness check failed.
	Unproven map[string]bool
	// Clocks and Unreadable are those of rule.World, Robots those of rule.Facts.
	Clocks     map[string]rule.Clock
	Unreadable map[string]bool
	Robots     map[string]bool
	// Bind makes literals bound parameters, packs aggregates and reads the store's projection.
	// Without it the text stands alone and reads exported relations named like the registers.
	Bind *Binding
}

// Binding is where the store keeps the rows.
type Binding struct {
	Org  string
	Size int64 // tree size: what was known
	Want bool  // only the items whose key stands in the temporary table "want"
	Keys bool  // hand out every item's key, not only those of findings
	Part *Part // some rows of the first source; nil for all
}

// Part is a range of the first source's rows by their own number.
type Part struct {
	From, To int64 // To is not in it
	Dense    bool  // few of the rows between are another organization's
}

type printer struct {
	Context
	plan    *rule.Plan
	args    []any
	fields  map[string]*rule.Field // columns of "item": name -> field
	order   []string
	persons map[string]bool // of those, the ones resolved to persons
	groups  []*group
	inRows  bool   // a condition on a set's rows is being printed
	named   bool   // items carry the names of their records
	over    string // the layer whose look-ups are read: "fact", or "item" where members are told apart
}

// group is one look at the rows of a set: every question asked of the same rows shares it.
type group struct {
	set    *rule.Set
	codes  []string // codes of 0 to 2
	values []string
	// common are the conditions that every question asks of a row: where one is false, the row answers no
	// to all of them and need not be looked at further.
	common []string
	asked  bool
}

// Query prints the plan as one SELECT for the engine, of the item's key (NULL when nothing was
// found and keys are not asked for), its time of membership, and one number: whether it is in
// progress in the lowest bit, and two bits for each answer above it. Args are the bound parameters.
func Query(plan *rule.Plan, c Context) (query string, args []any) {
	p := newPrinter(plan, c)
	body := p.layers()
	var found, sum []string
	for i, k := range plan.Checks {
		sum = append(sum, fmt.Sprintf("%d * %s", int64(2)<<(2*i), answer("a_"+k.ID)))
		found = append(found, fmt.Sprintf("(answers / %d %% 4) > 1", int64(2)<<(2*i)))
	}
	key := "item_key"
	if !c.Bind.Keys {
		key = "CASE WHEN " + strings.Join(found, " OR ") + " THEN item_key END"
	}
	return body + "SELECT " + key + ", item_at, answers FROM (SELECT item_key, item_at, g + " + strings.Join(sum, " + ") +
		" AS answers FROM judged WHERE m <> 0 OR g <> 0 LIMIT -1) WHERE TRUE", p.args
}

// Script prints the plan as a query that stands alone, for an auditor: item_key, verdict and the
// letters of the attributes that have it.
func Script(plan *rule.Plan, c Context) string {
	c.Bind = nil
	p := newPrinter(plan, c)
	var b strings.Builder
	b.WriteString(p.layers())
	var any3, any2, any1, letters3, letters2 []string
	for _, k := range plan.Checks {
		a := answer("a_" + k.ID)
		any3 = append(any3, a+" = 3")
		any2 = append(any2, a+" = 2")
		any1 = append(any1, a+" = 1")
		letters3 = append(letters3, fmt.Sprintf("CASE WHEN %s = 3 THEN '%s' ELSE '' END", a, k.ID))
		letters2 = append(letters2, fmt.Sprintf("CASE WHEN %s = 2 THEN '%s' ELSE '' END", a, k.ID))
	}
	dev, und, pass := strings.Join(any3, " OR "), strings.Join(any2, " OR "), strings.Join(any1, " OR ")
	fmt.Fprintf(&b, "SELECT item_key,\n  CASE WHEN g <> 0 THEN 'in_progress' WHEN %s THEN 'deviation' WHEN %s THEN 'undecided' WHEN %s THEN 'pass' ELSE 'not_applicable' END AS verdict,\n", dev, und, pass)
	fmt.Fprintf(&b, "  CASE WHEN g <> 0 THEN '' WHEN %s THEN %s WHEN %s THEN %s ELSE '' END AS attributes\nFROM judged WHERE m <> 0 OR g <> 0\nORDER BY item_key", dev, strings.Join(letters3, " || "), und, strings.Join(letters2, " || "))
	return b.String()
}

// answer applies membership and skips to a raw answer: an item that may not be a member is
// undecided whatever it answers; one that may be skipped cannot deviate for sure.
func answer(col string) string {
	return fmt.Sprintf("CASE WHEN k = 1 THEN 0 WHEN m = 2 THEN 2 WHEN k = 2 AND %s = 3 THEN 2 ELSE %s END", col, col)
}

func newPrinter(plan *rule.Plan, c Context) *printer {
	return &printer{Context: c, plan: plan, fields: map[string]*rule.Field{}, persons: map[string]bool{}, over: "fact"}
}

func (p *printer) layers() string {
	p.collect()
	member, looks := p.member()
	judged := p.judged() // first: it says which aggregates and fields are needed
	fact := p.fact(member, looks)
	item := p.item()
	return "WITH item AS (\n" + item + "\n), fact AS " + p.materialized() + " (\n" + fact + "\n), judged AS (\n" + judged + "\n)\n"
}

// member prints what an item must pass, by look-ups of its own, to be a member, and says how many
// looks that takes: an engine takes those first, because of a product of sources most items may be
// none. It is empty where nothing is looked up to tell.
func (p *printer) member() (cond string, looks int) {
	if p.Bind == nil || p.plan.Where == nil {
		return "", 0
	}
	p.over = "item"
	cond = maybe(p.pred(p.plan.Where, p.inItem("item")))
	p.over = "fact"
	if len(p.groups) == 0 {
		return "", 0
	}
	if p.erased() != "" {
		cond = "(item.item_erased = 1 OR " + cond + ")"
	}
	return cond, len(p.groups)
}

// materialized keeps a planner from copying the look-ups of "fact" into every place that reads
// them: SQLite streams a subquery with a limit, the others are told in so many words.
func (p *printer) materialized() string {
	if p.Bind != nil {
		return "NOT MATERIALIZED"
	}
	return "MATERIALIZED"
}

// collect notes the fields of item rows that later layers read.
func (p *printer) collect() {
	p.plan.Walk(func(x rule.Expr) {
		switch x := x.(type) {
		case *rule.Field:
			if p.isSource(x.Row) {
				p.need(x)
			}
		case *rule.PersonOf:
			if f := x.X.(*rule.Field); p.isSource(f.Row) {
				p.persons[p.need(f)] = true
			}
		}
	})
}

func (p *printer) isSource(r *rule.Row) bool {
	for _, s := range p.plan.Sources {
		if s == r {
			return true
		}
	}
	return false
}

func (p *printer) need(f *rule.Field) string {
	name := f.Row.Name + "__" + f.Name
	if p.fields[name] == nil {
		p.fields[name] = f
		p.order = append(p.order, name)
	}
	return name
}

// scope says how a field is read in a layer.
type scope func(f *rule.Field, person bool) string

func quote(name string) string { return `"` + name + `"` }

// inSources reads fields where the items are found.
func (p *printer) inSources(f *rule.Field, person bool) string {
	if person {
		return quote("p_"+f.Row.Name+"__"+f.Name) + ".person"
	}
	return quote(f.Row.Name) + "." + quote(column(f))
}

func column(f *rule.Field) string {
	switch f.Row.Kind {
	case rule.FromDays, rule.FromBusinessDays, rule.FromEvery:
		if f.Name == "date" {
			return "day"
		}
	}
	return f.Name
}

// inItem reads fields of items from the layers above.
func (p *printer) inItem(table string) scope {
	return func(f *rule.Field, person bool) string {
		if person {
			return table + "." + quote(f.Row.Name+"__"+f.Name+"__person")
		}
		return table + "." + quote(f.Row.Name+"__"+f.Name)
	}
}

// inSet reads fields of the set's rows by their own alias, and those of items from "item".
func (p *printer) inSet(f *rule.Field, person bool) string {
	if p.isSource(f.Row) {
		return p.inItem("item")(f, person)
	}
	if person {
		return quote("p_"+f.Row.Name+"__"+f.Name) + ".person"
	}
	return quote("s_"+f.Row.Name) + "." + quote(f.Name)
}

func (p *printer) bind(v any) string {
	if p.Bind == nil {
		switch v := v.(type) {
		case int64:
			return strconv.FormatInt(v, 10)
		case string:
			return "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
	}
	for i, a := range p.args {
		if a == v {
			return "?" + strconv.Itoa(i+1)
		}
	}
	p.args = append(p.args, v)
	return "?" + strconv.Itoa(len(p.args))
}

// table prints where a register's rows are, and the condition that they were known.
func (p *printer) table(s *register.Schema, alias string) (from, where string) {
	if p.Bind == nil {
		return quote(s.Name) + " AS " + quote(alias), ""
	}
	a := quote(alias)
	size := p.bind(p.Bind.Size)
	return quote(s.Table()) + " AS " + a, fmt.Sprintf("%s._org = %s AND %s._idx < %s AND %s._until >= %s",
		a, p.bind(p.Bind.Org), a, size, a, size)
}
