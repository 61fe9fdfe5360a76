package sql

import (
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/rule"
)

// margin is how many days before and after the period a calendar row may lie and still give an
// item that falls due inside it: more than two years.
const margin = 800

// Falling prints the query for the keys of the items that fall due after one instant and not after another. The
// plan's due time may not look anything up.
func Falling(plan *rule.Plan, c Context, after, until civil.Instant) (query string, args []any) {
	p := newPrinter(plan, c)
	p.collect()
	due := p.val(plan.Due, p.inItem("item"))
	return "WITH item AS (\n" + p.item() + "\n)\nSELECT item_key FROM item WHERE " + due + " > " + p.bind(int64(after)) + " AND " + due + " <= " + p.bind(int64(until)), p.args
}

// item prints the layer that finds the members: the product of the sources, cut to the period as
// far as that needs no look at other records.
func (p *printer) item() string {
	var from, where []string
	if b := p.Bind; b != nil && b.Part != nil {
		// First, and by the row's own number: the other parts' rows are not even passed over.
		where = append(where, fmt.Sprintf("%[1]s.rowid >= %[2]s AND %[1]s.rowid < %[3]s", quote(p.plan.Sources[0].Name), p.bind(b.Part.From), p.bind(b.Part.To)))
	}
	for i, r := range p.plan.Sources {
		f, w := p.source(r)
		if b := p.Bind; i == 0 && b != nil && b.Part != nil && b.Part.Dense {
			f += " NOT INDEXED" // row by row, as they lie: an index would lead to each by itself
		}
		from = append(from, f)
		where = append(where, w...)
	}
	sel := []string{p.keyText() + " AS item_key", p.at() + " AS item_at"}
	if p.named {
		for _, r := range p.plan.Sources {
			a := quote(r.Name)
			switch r.Kind {
			case rule.FromRegister:
				sel = append(sel, a+"._key AS "+quote(r.Name+"__key_"), a+"._version AS "+quote(r.Name+"__version_"), a+"._erased AS "+quote(r.Name+"__erased_"))
			case rule.FromSpans, rule.FromGaps:
				f, w := p.table(r.Schema, "d")
				sel = append(sel, a+`."first" AS `+quote(r.Name+"__key_"),
					fmt.Sprintf(`(SELECT MAX(d._version) FROM %s WHERE %s) AS %s`, f, and(w, `d._key = `+a+`."first"`), quote(r.Name+"__version_")))
			}
		}
	}
	joins := ""
	for _, name := range p.order {
		f := p.fields[name]
		sel = append(sel, p.inSources(f, false)+" AS "+quote(name))
		if p.persons[name] {
			sel = append(sel, p.inSources(f, true)+" AS "+quote(name+"__person"))
			a := quote("p_" + name)
			joins += fmt.Sprintf("\n  LEFT JOIN persons AS %s ON %s.login = %s", a, a, p.inSources(f, false))
		}
	}
	if e := p.erased(); e != "" {
		sel = append(sel, e+" AS item_erased")
	}
	for _, c := range p.pushed() {
		w := maybe(p.pred(c, p.inSources))
		if e := p.erased(); e != "" {
			w = "(" + w + " OR " + e + " = 1)"
		}
		where = append(where, w)
	}
	if b := p.Bind; b != nil && b.Want {
		key := p.keyText()
		if p.plan.Keyed() {
			key = quote(p.plan.Sources[0].Name) + "._key" // the same, and in an index
		}
		where = append(where, key+" IN (SELECT k FROM want)")
	}
	out := "  SELECT " + strings.Join(sel, ",\n    ") + "\n  FROM " + strings.Join(from, " CROSS JOIN ") + joins
	if len(where) > 0 {
		out += "\n  WHERE " + strings.Join(where, "\n    AND ")
	}
	return out
}

// erased reads whether the content of the item's record was erased: what it said of its membership
// is then unknown, and the item stays in every population, undecided.
func (p *printer) erased() string {
	if r := p.plan.Sources[0]; r.Kind == rule.FromRegister {
		return quote(r.Name) + "._erased"
	}
	return ""
}

// pushed lists the conditions of membership that need no other records.
func (p *printer) pushed() []rule.Expr {
	var out []rule.Expr
	for _, c := range append(rule.Conjuncts(p.plan.Where), p.inPeriod()...) {
		sets := false
		rule.WalkExpr(c, func(x rule.Expr) {
			sets = sets || rule.SetOf(x) != nil
		})
		if !sets {
			out = append(out, c)
		}
	}
	if p.plan.Open != nil { // open items that fall due later are counted too
		out = out[:len(out)-len(p.inPeriod())]
	}
	return out
}

// inPeriod is the condition that an item belongs to the period, as expressions.
func (p *printer) inPeriod() []rule.Expr {
	start := &rule.Lit{T: rule.Instant, V: int64(p.Period.Start())}
	end := &rule.Lit{T: rule.Instant, V: int64(p.Period.End())}
	if d := p.plan.During; d != nil {
		before := &rule.Binary{Op: "<", L: d.From, R: end}
		return []rule.Expr{
			&rule.Binary{Op: "or", L: &rule.Known{X: d.From, Missing: true}, R: before},
			&rule.Binary{Op: ">", L: d.To, R: start},
		}
	}
	w := p.plan.When
	if w.Type() == rule.Date {
		return []rule.Expr{
			&rule.Binary{Op: ">=", L: w, R: &rule.Lit{T: rule.Date, V: int64(p.Period.From)}},
			&rule.Binary{Op: "<=", L: w, R: &rule.Lit{T: rule.Date, V: int64(p.Period.To)}},
		}
	}
	return []rule.Expr{&rule.Binary{Op: ">=", L: w, R: start}, &rule.Binary{Op: "<", L: w, R: end}}
}

// at is the time of membership as the finding shows it.
func (p *printer) at() string {
	if d := p.plan.During; d != nil {
		return p.raw(d.From, p.inSources)
	}
	return p.raw(p.plan.When, p.inSources)
}

func (p *printer) keyText() string {
	var parts []string
	for _, k := range p.plan.Key {
		x := p.raw(k, p.inSources)
		if k.Type() == rule.Date {
			x = "(SELECT k.name FROM calendar AS k WHERE k.day = " + x + ")"
		}
		parts = append(parts, "COALESCE("+x+", "+p.nameless(k)+")")
	}
	return strings.Join(parts, " || '/' || ")
}

// nameless stands in for a part of the key that is not there: the key that an erasure left, which
// names nobody, else a question mark.
func (p *printer) nameless(k rule.Expr) string {
	f, ok := k.(*rule.Field)
	if !ok || f.Row.Kind != rule.FromRegister {
		return "'?'"
	}
	r := quote(f.Row.Name)
	return "CASE WHEN " + r + "._erased = 1 THEN " + r + "._key ELSE '?' END"
}

func (p *printer) source(r *rule.Row) (from string, where []string) {
	a := quote(r.Name)
	near := fmt.Sprintf("%s.day BETWEEN %s AND %s", a, p.bind(int64(p.Period.From)-margin), p.bind(int64(p.Period.To)+margin))
	switch r.Kind {
	case rule.FromRegister:
		f, w := p.table(r.Schema, r.Name)
		if w != "" {
			where = append(where, w)
		}
		return f, where
	case rule.FromQuarters:
		return "quarters AS " + a, nil
	case rule.FromMonths:
		return "months AS " + a, nil
	case rule.FromWeeks:
		return "weeks AS " + a, nil
	case rule.FromHalves:
		return "halves AS " + a, nil
	case rule.FromYears:
		return "years AS " + a, nil
	case rule.FromDays:
		return "calendar AS " + a, []string{near}
	case rule.FromBusinessDays:
		return "calendar AS " + a, []string{near, a + ".business = 1"}
	case rule.FromEvery:
		s := quote(r.Name + "__from")
		x := p.raw(r.Start, p.inSources)
		// The calendar's last row has no day: it stands in when the start is unknown, so that the
		// item is undecided instead of absent.
		return fmt.Sprintf("calendar AS %s CROSS JOIN calendar AS %s", s, a), []string{fmt.Sprintf(
			`(%[1]s.day = %[3]s AND %[2]s.month_no >= %[1]s.month_no AND (%[2]s.month_no - %[1]s.month_no) %% %[4]s = 0
      AND %[2]s.dom = CASE WHEN %[1]s.dom < %[2]s.month_len THEN %[1]s.dom ELSE %[2]s.month_len END AND %[5]s
      OR (%[3]s IS NULL OR %[3]s < %[6]s OR %[3]s > %[7]s) AND %[1]s.day IS NULL AND %[2]s.day IS NULL)`, s, a, x, p.bind(int64(r.Every)), near,
			p.bind(int64(rule.FirstDay)), p.bind(int64(rule.LastDay)))}
	case rule.FromGaps:
		return p.gaps(r), nil
	case rule.FromDistinct:
		f, w := p.table(r.Schema, "d")
		return fmt.Sprintf("(SELECT DISTINCT d.%s AS value FROM %s WHERE %s) AS %s", quote(r.Field), f, and(w, "d."+quote(r.Field)+" IS NOT NULL"), a), nil
	}
	return p.spans(r), nil
}

// gaps prints each record with the time of the next one of the same thing; the last one's next is
// never.
func (p *printer) gaps(r *rule.Row) string {
	var by []string
	for _, b := range r.By {
		by = append(by, "d."+quote(b))
	}
	keys := strings.Join(by, ", ")
	f, w := p.table(r.Schema, "d")
	at := "d." + quote(r.Field)
	return fmt.Sprintf(`(SELECT %[1]s, %[2]s AS since, d._key AS "first",
      COALESCE(LEAD(%[2]s) OVER (PARTITION BY %[1]s ORDER BY %[2]s, d._key), %[3]s) AS until
    FROM %[4]s WHERE %[5]s) AS %[6]s`, keys, at, p.bind(never), f, and(w, at+" IS NOT NULL"), quote(r.Name))
}

// spans prints gaps and islands: successive snapshots of the same thing with the same value are
// one interval, which ends where the next snapshot says otherwise.
func (p *printer) spans(r *rule.Row) string {
	var by []string
	for _, b := range r.By {
		by = append(by, "d."+quote(b))
	}
	keys := strings.Join(by, ", ")
	f, w := p.table(r.Schema, "d")
	key := "d._key"
	at := "d." + quote(r.Schema.Snapshot)
	return fmt.Sprintf(`(SELECT %[1]s, d.value, MIN(d.seen_at) AS since, MAX(d.next_at) AS until, MIN(CASE WHEN d.fresh = 1 THEN d.record END) AS "first"
    FROM (SELECT d.*, SUM(d.fresh) OVER (PARTITION BY %[1]s ORDER BY d.seen_at, d.record) AS run
      FROM (SELECT %[1]s, d.%[2]s AS value, %[3]s AS seen_at, %[4]s AS record,
          COALESCE(LEAD(%[3]s) OVER (PARTITION BY %[1]s ORDER BY %[3]s, %[4]s), %[5]s) AS next_at,
          CASE WHEN LAG(d.%[2]s) OVER (PARTITION BY %[1]s ORDER BY %[3]s, %[4]s) = d.%[2]s THEN 0 ELSE 1 END AS fresh
        FROM %[6]s WHERE %[7]s) AS d) AS d
    GROUP BY %[1]s, d.value, d.run) AS %[8]s`, keys, quote(r.Field), at, key, p.bind(never), f, and(w, at+" IS NOT NULL"), quote(r.Name))
}

// Longest prints the query for the longest time between two snapshots; "" when the plan has no spans.
func Longest(plan *rule.Plan, c Context) (string, []any) {
	r := plan.Sources[0]
	if r.Kind != rule.FromSpans {
		return "", nil
	}
	p := newPrinter(plan, c)
	var by []string
	for _, b := range r.By {
		by = append(by, "d."+quote(b))
	}
	f, w := p.table(r.Schema, "d")
	at := "d." + quote(r.Schema.Snapshot)
	from, to := p.bind(int64(c.Period.Start())), p.bind(min(int64(c.Period.End()), int64(c.KnownAt)))
	return fmt.Sprintf(`SELECT MAX(CASE WHEN until < %[1]s THEN until ELSE %[1]s END - CASE WHEN since > %[2]s THEN since ELSE %[2]s END)
FROM (SELECT %[3]s AS since, COALESCE(LEAD(%[3]s) OVER (PARTITION BY %[4]s ORDER BY %[3]s), %[1]s) AS until FROM %[5]s WHERE %[6]s) AS d
WHERE since < %[1]s AND until > %[2]s`, to, from, at, strings.Join(by, ", "), f, and(w, at+" IS NOT NULL")), p.args
}

func and(parts ...string) string {
	var out []string
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return "TRUE"
	}
	return strings.Join(out, " AND ")
}

// maybe keeps what is true or unknown.
func maybe(pred string) string { return "COALESCE(" + pred + ", TRUE)" }

// tri turns a condition into a code: yes, no, or else unknown.
func tri(pred string, yes, no, unknown int) string {
	return fmt.Sprintf("CASE (%s) WHEN TRUE THEN %d WHEN FALSE THEN %d ELSE %d END", pred, yes, no, unknown)
}

// fact prints the look-ups of each item: one per question when it is to be read, one per set of
// records, with the codes packed into one integer, when it is to be run.
func (p *printer) fact(member string, looks int) string {
	if member == "" {
		return p.look(0, len(p.groups), "item", "TRUE")
	}
	return p.look(looks, len(p.groups), "(\n"+p.look(0, looks, "item", "TRUE")+") AS item", member)
}

// look prints the look-ups of some groups.
func (p *printer) look(first, end int, from, where string) string {
	sel := []string{"item.*"}
	for i := first; i < end; i++ {
		g := p.groups[i]
		rows, cond := p.setFrom(g.set)
		if p.Bind != nil {
			cond = and(append([]string{cond}, g.common...)...)
		}
		add := func(col, name string) {
			sel = append(sel, fmt.Sprintf("(SELECT %s FROM %s WHERE %s) AS %s", col, rows, cond, name))
		}
		if p.Bind == nil {
			for j, c := range g.codes {
				add(c, fmt.Sprintf("e%d_%d", i, j))
			}
		} else {
			for j := 0; j < len(g.codes); j += packed {
				add(pack(g.codes[j:min(j+packed, len(g.codes))]), fmt.Sprintf("s%d_%d", i, j/packed))
			}
		}
		for j, c := range g.values {
			add(c, fmt.Sprintf("x%d_%d", i, j))
		}
	}
	out := "  SELECT " + strings.Join(sel, ",\n    ") + "\n  FROM " + from
	if p.Bind != nil {
		out += " WHERE " + where + "\n  LIMIT -1"
	}
	return out
}

func pack(codes []string) string {
	var out []string
	for i, c := range codes {
		out = append(out, fmt.Sprintf("%d * %s", int64(1)<<(2*i), c))
	}
	return strings.Join(out, " + ")
}

// setFrom prints the rows of a set as seen from an item: its tables and how they join.
func (p *printer) setFrom(s *rule.Set) (from, where string) {
	var tables, conds []string
	joined := map[string]bool{}
	for i, c := range s.Chain() {
		f, w := p.table(c.Row.Schema, "s_"+c.Row.Name)
		if i > 0 && p.Bind != nil {
			// SQLite has no figures to order joins by, and would read what hangs from a row before it has
			// asked whose the row is.
			tables = []string{strings.Join(tables, ", ") + " CROSS JOIN " + f}
		} else {
			tables = append(tables, f)
		}
		if w != "" {
			conds = append(conds, w)
		}
		for _, on := range c.On {
			rule.WalkExpr(on, func(x rule.Expr) {
				if po, ok := x.(*rule.PersonOf); ok {
					if f := po.X.(*rule.Field); !p.isSource(f.Row) && !joined[f.Row.Name+f.Name] {
						joined[f.Row.Name+f.Name] = true
						a := quote("p_" + f.Row.Name + "__" + f.Name)
						tables = append(tables, "persons AS "+a)
						conds = append(conds, a+".login = "+p.inSet(f, false))
					}
				}
			})
			conds = append(conds, p.pred(on, p.inSet))
			if key := keyed(c.Row, on); key != nil && p.Bind != nil { // the same, and in an index
				conds = append(conds, quote("s_"+c.Row.Name)+"._key = "+p.raw(key, p.inSet))
			}
		}
		if c.Control != "" && p.Bind != nil { // the same as the conditions on its fields, and in an index
			conds = append(conds, quote("s_"+c.Row.Name)+"._key = "+p.bind(c.Control+"/")+" || item.item_key")
		}
	}
	from = strings.Join(tables, " CROSS JOIN ")
	if p.Bind != nil {
		from = strings.Join(tables, ", ")
	}
	for _, f := range p.looseLogins(s, joined) {
		a := quote("p_" + f.Row.Name + "__" + f.Name)
		from += fmt.Sprintf(" LEFT JOIN persons AS %s ON %s.login = %s", a, a, p.inSet(f, false))
	}
	return from, strings.Join(conds, " AND ")
}

// keyed returns what a condition says the whole key of a row is, or nil. The key of a record of one
// key field is that field's text.
func keyed(r *rule.Row, on rule.Expr) rule.Expr {
	b, ok := on.(*rule.Binary)
	if !ok || b.Op != "=" || b.L.Type() != rule.Text || len(r.Schema.Key) != 1 {
		return nil
	}
	is := func(x rule.Expr) bool {
		f, ok := x.(*rule.Field)
		return ok && f.Row == r && f.Name == r.Schema.Key[0]
	}
	switch {
	case is(b.L) && !is(b.R):
		return b.R
	case is(b.R) && !is(b.L):
		return b.L
	}
	return nil
}

// looseLogins lists the set's login fields that conditions of the same group compare as persons
// and that no join has resolved.
func (p *printer) looseLogins(s *rule.Set, joined map[string]bool) []*rule.Field {
	var out []*rule.Field
	note := func(x rule.Expr) {
		if po, ok := x.(*rule.PersonOf); ok {
			if f := po.X.(*rule.Field); !p.isSource(f.Row) && !joined[f.Row.Name+f.Name] {
				for _, c := range s.Chain() {
					if c.Row == f.Row {
						joined[f.Row.Name+f.Name] = true
						out = append(out, f)
					}
				}
			}
		}
	}
	p.plan.Walk(note)
	return out
}

// judged prints membership (m: 0 no, 1 yes, 2 unknown), skips (k, likewise), whether the item is in
// progress (g), and a raw answer per attribute.
func (p *printer) judged() string {
	sc := p.inItem("fact")
	member := p.plan.Where
	for _, c := range p.inPeriod() {
		// A time of membership that cannot be unknown was settled where the items were found.
		if p.plan.When == nil || p.plan.Open != nil || !endish(p.plan.When) {
			member = rule.And(member, c)
		}
	}
	if member == nil {
		member = &rule.Lit{T: rule.Bool, V: true}
	}
	m, g := tri(p.pred(member, sc), 1, 0, 2), "0"
	if p.erased() != "" {
		m = "CASE WHEN fact.item_erased = 1 THEN 2 ELSE " + m + " END"
	}
	if p.plan.Due != nil {
		due := p.val(p.plan.Due, sc)
		if raw := p.raw(p.plan.Due, sc); p.erased() != "" && raw != due {
			// Of an erased record nobody knows whether an end has come: it does not stay in progress for ever.
			due = "CASE WHEN fact.item_erased = 1 THEN " + raw + " ELSE " + due + " END"
		}
		later := "COALESCE(" + due + " > " + p.bind(int64(p.KnownAt)) + ", FALSE)"
		g = fmt.Sprintf("CASE WHEN %s AND %s THEN 1%s ELSE 0 END", later, maybe(p.pred(member, sc)), p.open(sc))
		m = fmt.Sprintf("CASE WHEN %s THEN 0 ELSE %s END", later, m)
	}
	k := "0"
	if len(p.plan.Skips) > 0 {
		var any rule.Expr
		for _, s := range p.plan.Skips {
			if any == nil {
				any = s.Cond
			} else {
				any = &rule.Binary{Op: "or", L: any, R: s.Cond}
			}
		}
		k = tri(p.pred(any, sc), 1, 0, 2)
	}
	sel := []string{"fact.item_key", "fact.item_at", m + " AS m", g + " AS g", k + " AS k"}
	for _, c := range p.plan.Checks {
		a := tri(p.pred(c.Cond, sc), CodePass, CodeDeviation, CodeUndecided)
		if c.If != nil {
			cond := p.pred(c.If, sc)
			a = fmt.Sprintf("CASE (%s) WHEN TRUE THEN %s WHEN FALSE THEN %d ELSE %d END", cond, a, CodeNA, CodeUndecided)
		}
		sel = append(sel, a+" AS a_"+c.ID)
	}
	return "  SELECT " + strings.Join(sel, ",\n    ") + "\n  FROM fact"
}

// open adds the items that were open in the period and fall due after it.
func (p *printer) open(sc scope) string {
	o := p.plan.Open
	if o == nil {
		return ""
	}
	where := rule.And(p.plan.Where, &rule.Binary{Op: "<", L: o.From, R: &rule.Lit{T: rule.Instant, V: int64(p.Period.End())}})
	where = rule.And(where, &rule.Binary{Op: "<=", L: o.From, R: &rule.KnownAt{}})
	where = rule.And(where, &rule.Binary{Op: ">", L: o.To, R: &rule.Lit{T: rule.Instant, V: int64(p.Period.Start())}})
	after := p.val(p.plan.Due, sc) + " > " + p.bind(int64(p.Period.End()))
	return fmt.Sprintf(" WHEN %s AND %s THEN 1", after, p.pred(where, sc))
}
