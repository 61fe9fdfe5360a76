package sql

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/rule"
)

// endish reports whether the absence of the value means "not yet": it then reads as never.
func endish(x rule.Expr) bool {
	switch x := rule.Bare(x).(type) {
	case *rule.Field:
		return x.End
	case *rule.Edge:
		return endish(x.X)
	case *rule.DateOf:
		return endish(x.X)
	case *rule.Binary:
		return x.Arithmetic() && endish(x.L)
	case *rule.First:
		return endish(x.Args[len(x.Args)-1])
	}
	return false
}

// val prints a value for comparison: an end that has not come is never, not unknown.
func (p *printer) val(x rule.Expr, sc scope) string {
	if e, ok := rule.Bare(x).(*rule.Either); ok {
		return p.either(e, sc, p.val)
	}
	s := p.raw(x, sc)
	if !endish(x) {
		return s
	}
	var end string
	switch x.Type() {
	case rule.Instant:
		end = p.bind(never)
	case rule.Date:
		end = p.bind(neverDay)
	default:
		return s
	}
	if !simple(x) {
		end = "CASE WHEN " + p.notYet(x, sc) + " THEN " + end + " END"
	}
	return "COALESCE(" + s + ", " + end + ")"
}

// simple reports whether nothing but written numbers is added to a value that ends something: it is
// then missing only where the end has not come.
func simple(x rule.Expr) bool {
	out := true
	rule.WalkExpr(x, func(y rule.Expr) {
		if b, ok := y.(*rule.Binary); ok && b.Arithmetic() {
			_, lit := rule.Bare(b.R).(*rule.Lit)
			out = out && lit
		}
	})
	return out
}

// notYet prints whether a value that is not there is missing because an end has not come, and not
// because nobody knows what would be added to it.
func (p *printer) notYet(x rule.Expr, sc scope) string {
	switch x := rule.Bare(x).(type) {
	case *rule.Edge:
		return p.notYet(x.X, sc)
	case *rule.DateOf:
		return p.notYet(x.X, sc)
	case *rule.First:
		return p.notYet(x.Args[len(x.Args)-1], sc)
	case *rule.Binary:
		return p.notYet(x.L, sc) + " AND " + p.raw(x.R, sc) + " IS NOT NULL"
	}
	return p.raw(x, sc) + " IS NULL"
}

// raw prints a value; NULL where it is not there.
func (p *printer) raw(x rule.Expr, sc scope) string {
	switch x := rule.Bare(x).(type) {
	case *rule.Lit:
		return p.lit(x)
	case *rule.KnownAt:
		return p.bind(int64(p.KnownAt))
	case *rule.Never:
		return p.bind(never)
	case *rule.Given:
		return "NULLIF(" + p.raw(x.X, sc) + ", '')"
	case *rule.Field:
		return sc(x, false)
	case *rule.PersonOf:
		return sc(x.X.(*rule.Field), true)
	case *rule.PeriodEdge:
		if x.End {
			return p.bind(int64(p.Period.End()))
		}
		return p.bind(int64(p.Period.Start()))
	case *rule.ItemKey:
		return "item.item_key"
	case *rule.Units:
		return p.units(x, sc)
	case *rule.Either:
		return p.either(x, sc, p.raw)
	case *rule.Binary:
		if x.Arithmetic() {
			return p.sum(x, sc)
		}
	case *rule.First:
		var parts []string
		for _, a := range x.Args {
			parts = append(parts, p.raw(a, sc))
		}
		return "COALESCE(" + strings.Join(parts, ", ") + ")"
	case *rule.Pick:
		return p.pick(x, sc)
	case *rule.DateOf:
		return "(SELECT k.day FROM calendar AS k WHERE k.starts_at <= " + p.raw(x.X, sc) + " ORDER BY k.starts_at DESC LIMIT 1)"
	case *rule.Edge:
		col := "starts_at"
		if x.End {
			col = "ends_at"
		}
		return "(SELECT k." + col + " FROM calendar AS k WHERE k.day = " + p.raw(x.X, sc) + ")"
	case *rule.Count, *rule.Extreme:
		return p.aggregate(x)
	}
	if x.Type() == rule.Bool {
		return p.truth(x, sc)
	}
	panic(fmt.Sprintf("sql: %T is no value", x))
}

// either prints a choice between two values, each printed by the same hand as the whole.
func (p *printer) either(x *rule.Either, sc scope, value func(rule.Expr, scope) string) string {
	return "CASE (" + p.pred(x.If, sc) + ") WHEN TRUE THEN " + value(x.Then, sc) + " WHEN FALSE THEN " + value(x.Else, sc) + " END"
}

func (p *printer) lit(x *rule.Lit) string {
	switch v := x.V.(type) {
	case bool:
		if v {
			return "1"
		}
		return "0"
	case int64:
		return p.bind(v * x.T.Scale())
	}
	return p.bind(x.V)
}

func (p *printer) sum(x *rule.Binary, sc scope) string {
	l := p.raw(x.L, sc)
	if x.Type() == rule.Int {
		return whole(x.Op, l, p.raw(x.R, sc))
	}
	n := p.raw(x.R, sc)
	switch x.R.Type() {
	case rule.BusinessDays:
		later := fmt.Sprintf("(SELECT k2.day FROM calendar AS k1 CROSS JOIN calendar AS k2 WHERE k1.day = %s AND k2.business_no = k1.business_no + %s AND k2.business = 1)", l, n)
		if lit, ok := rule.Bare(x.R).(*rule.Lit); ok && lit.V != int64(0) {
			return later
		}
		// None later than a Sunday is that Sunday, not the Friday that bears the same number.
		return fmt.Sprintf("CASE WHEN %s = 0 THEN (SELECT k.day FROM calendar AS k WHERE k.day = %s) ELSE %s END", n, l, later)
	case rule.Months:
		return fmt.Sprintf("(SELECT k2.day FROM calendar AS k1 CROSS JOIN calendar AS k2 WHERE k1.day = %s AND k2.month_no = k1.month_no %s %s AND k2.dom = CASE WHEN k1.dom < k2.month_len THEN k1.dom ELSE k2.month_len END)", l, x.Op, n)
	}
	return "(" + l + " " + x.Op + " " + n + ")"
}

// units prints a number as a length of time: unknown where it is none, so that no database has to
// say what a negative deadline is, or runs out of 64 bits.
func (p *printer) units(x *rule.Units, sc scope) string {
	n := p.raw(x.X, sc)
	return fmt.Sprintf("CASE WHEN %[1]s BETWEEN 0 AND %[2]s THEN CAST(%[1]s AS BIGINT) * %[3]s END", n, p.bind(int64(rule.MostUnits)), p.bind(x.T.Scale()))
}

// whole computes with whole numbers. What comes near to the end of 64 bits is unknown: beyond it
// some databases stop and others go on with a wrong number.
func whole(op, l, r string) string {
	return fmt.Sprintf("CASE WHEN ABS(CAST(%[2]s AS DOUBLE PRECISION) %[1]s CAST(%[3]s AS DOUBLE PRECISION)) < 9.0e18 THEN CAST(%[2]s AS BIGINT) %[1]s CAST(%[3]s AS BIGINT) END", op, l, r)
}

func (p *printer) pick(x *rule.Pick, sc scope) string {
	var b strings.Builder
	b.WriteString("CASE " + p.raw(x.X, sc))
	for _, c := range x.Cases {
		fmt.Fprintf(&b, " WHEN %s THEN %s", p.bind(c.When), p.bind(c.Value()))
	}
	return b.String() + " END"
}

// pred prints a condition; NULL is unknown.
func (p *printer) pred(x rule.Expr, sc scope) string {
	switch x := rule.Bare(x).(type) {
	case *rule.Lit:
		if x.V.(bool) {
			return "TRUE"
		}
		return "FALSE"
	case *rule.Field:
		return sc(x, false) + " = 1"
	case *rule.Not:
		return "NOT (" + p.pred(x.X, sc) + ")"
	case *rule.Known:
		return p.known(x, sc)
	case *rule.In:
		var parts []string
		for _, v := range x.List {
			parts = append(parts, p.bind(v))
		}
		return p.raw(x.X, sc) + " IN (" + strings.Join(parts, ", ") + ")"
	case *rule.Binary:
		switch x.Op {
		case "and":
			return "(" + p.pred(x.L, sc) + " AND " + p.pred(x.R, sc) + ")"
		case "or":
			return "(" + p.pred(x.L, sc) + " OR " + p.pred(x.R, sc) + ")"
		}
		if x.L.Type() == rule.Bool {
			return p.truth(x.L, sc) + " " + x.Op + " " + p.truth(x.R, sc)
		}
		return p.ordered(x, p.val(x.L, sc), p.val(x.R, sc))
	case *rule.Owned:
		if x.Human && len(p.Robots) > 0 {
			return p.raw(x.X, sc) + " NOT IN (" + p.list(p.Robots) + ")"
		}
		v := p.raw(x.X, sc)
		return v + " = " + v
	case *rule.Exists:
		return p.exists(x)
	case *rule.Either:
		return p.either(x, sc, p.pred)
	case *rule.Inspected:
		code := p.aggregate(x)
		if x.NA {
			return "COALESCE(" + code + " = 1, FALSE)"
		}
		return "CASE " + code + " WHEN 2 THEN TRUE WHEN 0 THEN FALSE END"
	case *rule.First: // a first(...) of conditions' fields
		return p.raw(x, sc) + " = 1"
	}
	panic(fmt.Sprintf("sql: %T is no condition", x))
}

// ordered prints a comparison. Where clocks were off it is unknown of times that lie closer together.
func (p *printer) ordered(x *rule.Binary, l, r string) string {
	plain := l + " " + x.Op + " " + r
	d := rule.World{Clocks: p.Clocks}.Doubt(x.L, x.R)
	if d == 0 || x.Op == "=" || x.Op == "<>" {
		return plain
	}
	return fmt.Sprintf("CASE WHEN %[1]s = %[3]s OR %[2]s = %[3]s THEN %[4]s WHEN ABS(%[1]s - %[2]s) > %[5]s THEN %[4]s END", l, r, p.bind(never), plain, p.bind(d))
}

// list prints names in their order.
func (p *printer) list(names map[string]bool) string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(names)) {
		out = append(out, p.bind(n))
	}
	return strings.Join(out, ", ")
}

// truth prints a condition as 1, 0 or NULL.
func (p *printer) truth(x rule.Expr, sc scope) string {
	switch x := rule.Bare(x).(type) {
	case *rule.Field, *rule.Lit, *rule.First:
		return p.raw(x, sc)
	}
	return "CASE (" + p.pred(x, sc) + ") WHEN TRUE THEN 1 WHEN FALSE THEN 0 END"
}

func (p *printer) known(x *rule.Known, sc scope) string {
	v := p.raw(x.X, sc)
	yes, no := " IS NOT NULL", " IS NULL"
	if x.X.Type() == rule.Text {
		if x.Missing {
			return "(" + v + no + " OR " + v + " = '')"
		}
		return "(" + v + yes + " AND " + v + " <> '')"
	}
	if x.Missing {
		return v + no
	}
	return v + yes
}

// exists prints a question about a set. Over "fact" it reads the code that was looked up: 2 when
// some row answers yes, 1 when some row may, 0 otherwise.
func (p *printer) exists(x *rule.Exists) string {
	code := "NULLIF(" + p.aggregate(&rule.Exists{Set: x.Set}) + ", 1)"
	if p.unproven(x.Set) {
		code = "NULLIF(" + code + ", 0)"
	}
	if x.None {
		return code + " = 0"
	}
	return code + " = 2"
}

// unproven reports whether the absence of a row of the set proves nothing.
func (p *printer) unproven(s *rule.Set) bool {
	for _, c := range s.Chain() {
		if p.Unproven[c.Row.Schema.Name] {
			return true
		}
	}
	return false
}

// aggregate notes a look-up, once, and prints how the layers above "fact" read it.
func (p *printer) aggregate(x rule.Expr) string {
	set, col, isCode := p.lookup(x)
	g, at := p.group(set)
	if p.inRows { // inside another set's rows the look-up is made in place
		from, where := p.setFrom(set)
		return "(SELECT " + col + " FROM " + from + " WHERE " + where + ")"
	}
	g.share(p.shared(x))
	list, letter := &g.values, "x"
	if isCode {
		list, letter = &g.codes, "e"
	}
	i := slices.Index(*list, col)
	if i < 0 {
		i = len(*list)
		*list = append(*list, col)
	}
	if !isCode || p.Bind == nil {
		return fmt.Sprintf("%s.%s%d_%d", p.over, letter, at, i)
	}
	return fmt.Sprintf("(%s.s%d_%d / %d %% 4)", p.over, at, i/packed, int64(1)<<(2*(i%packed)))
}

// shared lists the conditions without which a row does not count in a look-up, as far as they are cheap to
// ask: those that look nothing up themselves.
func (p *printer) shared(x rule.Expr) []string {
	if _, ok := x.(*rule.Inspected); ok {
		return nil // reads every row
	}
	was := p.inRows
	p.inRows = true
	defer func() { p.inRows = was }()
	var out []string
	for _, c := range rule.SetOf(x).Chain() {
		for _, cond := range rule.Conjuncts(c.Where) {
			s := p.pred(cond, p.inSet)
			if strings.Contains(s, "SELECT") {
				continue
			}
			if _, ok := rule.Bare(cond).(*rule.Known); !ok { // which is never unknown, and may have an index
				s = maybe(s)
			}
			out = append(out, s)
		}
	}
	return out
}

// share keeps what all questions so far have in common.
func (g *group) share(conds []string) {
	if !g.asked {
		g.asked, g.common = true, conds
		return
	}
	g.common = slices.DeleteFunc(g.common, func(s string) bool { return !slices.Contains(conds, s) })
}

// group finds the look-up that reads the same rows in the same way, and its number.
func (p *printer) group(s *rule.Set) (*group, int) {
	for i, g := range p.groups {
		if g.set.Row == s.Row {
			return g, i
		}
	}
	p.groups = append(p.groups, &group{set: s})
	return p.groups[len(p.groups)-1], len(p.groups) - 1
}

// lookup prints the aggregate over a set's rows.
func (p *printer) lookup(x rule.Expr) (set *rule.Set, col string, isCode bool) {
	switch x := x.(type) {
	case *rule.Exists:
		return x.Set, "COALESCE(MAX(" + p.rowCode(x.Set) + "), 0)", true
	case *rule.Count:
		code := p.rowCode(x.Set)
		if p.unproven(x.Set) {
			return x.Set, "MAX(CAST(NULL AS BIGINT))", false
		}
		return x.Set, fmt.Sprintf("CASE WHEN COALESCE(SUM(CASE %s WHEN 1 THEN 1 ELSE 0 END), 0) > 0 THEN NULL ELSE COALESCE(SUM(CASE %s WHEN 2 THEN 1 ELSE 0 END), 0) END", code, code), false
	case *rule.Inspected: // 2 a yes that names its evidence, 1 not applicable, 0 a no, NULL no answer
		answer, evidence, lost := p.inSet(x.Answer, false), p.inSet(x.Evidence, false), ""
		if len(p.Unreadable) > 0 {
			lost = " WHEN " + evidence + " IN (" + p.list(p.Unreadable) + ") THEN 0"
		}
		return x.Set, fmt.Sprintf("MAX(CASE %s WHEN 'yes' THEN CASE%s WHEN %s <> '' THEN 2 END WHEN 'not_applicable' THEN 1 WHEN 'no' THEN 0 END)",
			answer, lost, evidence), false
	case *rule.Extreme:
		if p.unproven(x.Set) { // a record that was not delivered could be more extreme
			return x.Set, "MAX(CAST(NULL AS BIGINT))", false
		}
		code := p.rowCode(x.Set)
		v := p.val(x.X, p.inSet)
		f := "MIN"
		if x.Latest {
			f = "MAX"
		}
		return x.Set, fmt.Sprintf("CASE WHEN SUM(CASE WHEN %[1]s = 1 OR %[1]s = 2 AND %[2]s IS NULL THEN 1 ELSE 0 END) > 0 THEN NULL ELSE %[3]s(CASE %[1]s WHEN 2 THEN %[2]s END) END", code, v, f), false
	}
	panic("sql: not an aggregate")
}

func (p *printer) rowCode(s *rule.Set) string {
	was := p.inRows
	p.inRows = true
	defer func() { p.inRows = was }()
	var cond rule.Expr
	for _, c := range s.Chain() {
		cond = rule.And(cond, c.Where)
	}
	if cond == nil {
		return "2"
	}
	return "(" + tri(p.pred(cond, p.inSet), 2, 0, 1) + ")"
}
