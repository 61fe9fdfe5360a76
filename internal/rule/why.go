package rule

import (
	"fmt"
	"strconv"

	"github.com/assayhq/assay/internal/civil"
)

// why says in words why a condition is not true: the facts when it is false, what is missing
// when it is unknown.
func (j *judge) why(x Expr) []string {
	t := j.pred(x)
	if t == yes {
		return nil
	}
	switch x := Bare(x).(type) {
	case *Binary:
		if s := recorded(x); s != nil {
			return j.whyNone(&Exists{Set: s})
		}
		switch x.Op {
		case "and", "or":
			var out []string
			for _, y := range []Expr{x.L, x.R} {
				if j.pred(y) == t {
					out = append(out, j.why(y)...)
				}
			}
			return out
		}
		if t == unknown {
			if l, ok := j.val(x.L); ok {
				if r, ok := j.val(x.R); ok && j.tooClose(x, l, r) {
					return []string{fmt.Sprintf("%s: the clocks of their sources were off by up to %d seconds, so that their order is not known",
						j.contrast(x), j.Doubt(x.L, x.R)/1e6)}
				}
			}
			return append(j.missing(x.L), j.missing(x.R)...)
		}
		return []string{j.contrast(x)}
	case *Not:
		if t == unknown {
			return j.missing(x.X)
		}
		return []string{words(x.X)}
	case *Exists:
		return j.whyNone(x)
	case *Either:
		if y := j.chosen(x); y != nil {
			return j.why(y)
		}
		return j.missing(x.If)
	case *Inspected:
		return j.unanswered(x)
	case *Known:
		if x.Missing {
			return []string{words(x.X) + " is given"}
		}
		return []string{words(x.X) + " is not given"}
	}
	if t == unknown {
		return j.missing(x)
	}
	return []string{j.said(x)}
}

// said prints a value with what it is: "change's ci status is failed".
func (j *judge) said(x Expr) string {
	if in, ok := x.(*In); ok {
		x = in.X
	}
	if v, ok := j.val(x); ok {
		return words(x) + " is " + j.show(x, v)
	}
	return words(x) + " is missing"
}

func (j *judge) contrast(b *Binary) string {
	l, _ := j.val(b.L)
	if lp, ok := b.L.(*PersonOf); ok && b.Op == "<>" {
		a, _ := j.raw(lp.X)
		c := "?"
		if rp, ok := b.R.(*PersonOf); ok {
			v, _ := j.raw(rp.X)
			c = fmt.Sprintf("%s %v", words(rp.X), v)
		}
		return fmt.Sprintf("%s %v and %s are one person, %v", words(lp.X), a, c, l)
	}
	if lit, ok := Bare(b.R).(*Lit); ok {
		if b.Op == "=" || lit.V != "" {
			return words(b.L) + " is " + j.show(b.L, l)
		}
		return words(b.L) + " is empty"
	}
	r, _ := j.val(b.R)
	if _, now := Bare(b.R).(*KnownAt); now {
		return j.beside(b.L, l, r)
	}
	if _, now := Bare(b.L).(*KnownAt); now {
		return j.beside(b.R, r, l)
	}
	return fmt.Sprintf("%s is %s, %s is %s", words(b.L), j.show(b.L, l), words(b.R), j.show(b.R, r))
}

// beside words a time as it stands to the time of the test, without naming that: the next test says the same,
// as long as nothing has changed.
func (j *judge) beside(x Expr, v, now any) string {
	side := "at"
	a, ok1 := v.(int64)
	b, ok2 := now.(int64)
	switch {
	case ok1 && ok2 && a < b:
		side = "before"
	case ok1 && ok2 && a > b:
		side = "after"
	}
	return fmt.Sprintf("%s is %s, %s %s", words(x), j.show(x, v), side, words(&KnownAt{}))
}

// whyNone says what is known of the rows that might have answered the question.
func (j *judge) whyNone(x *Exists) []string {
	rows := j.f.Sets[x.Set.Row]
	var out []string
	if x.None {
		for _, r := range rows {
			switch j.inRow(r, x.Set) {
			case yes:
				out = append(out, "found "+recordName(x.Set, r))
			case unknown:
				out = append(out, j.rowWhy(x.Set, r))
			}
		}
		if reg := j.unproven(x.Set); reg != "" && len(out) == 0 {
			out = append(out, incomplete(reg))
		}
		return out
	}
	for _, r := range rows {
		out = append(out, j.rowWhy(x.Set, r))
	}
	if reg := j.unproven(x.Set); reg != "" && j.exists(x.Set) == unknown {
		out = append(out, incomplete(reg))
	} else if len(rows) == 0 {
		out = append(out, "no "+setName(x.Set)+" on record")
	}
	return out
}

// unanswered says why a person's inspection answers nothing; nil where it answers.
func (j *judge) unanswered(x *Inspected) []string {
	for _, r := range j.f.Sets[x.Set.Row] {
		e, _ := j.within(r, func() (any, bool) { return j.raw(x.Evidence) })
		a, _ := j.within(r, func() (any, bool) { return j.raw(x.Answer) })
		if name, ok := e.(string); ok && a == "yes" && j.Unreadable[name] {
			return []string{recordName(x.Set, r) + ": answered yes, but its evidence " + name + " cannot be read any more"}
		}
	}
	if x.NA || j.answered(x) != "" {
		return nil
	}
	for _, r := range j.f.Sets[x.Set.Row] {
		a, _ := j.within(r, func() (any, bool) { return j.raw(x.Answer) })
		if a == "yes" {
			return []string{recordName(x.Set, r) + ": answered yes, but it names no evidence"}
		}
	}
	return []string{"nobody has answered yet"}
}

func incomplete(register string) string {
	return spaced(register) + " were never delivered or are known to be incomplete, so that an absent one proves nothing"
}

func setName(s *Set) string {
	if s.Name != "" {
		return spaced(s.Name)
	}
	return spaced(s.Row.Schema.Name)
}

// rowWhy says the first condition that keeps a joined row from being one of the set.
func (j *judge) rowWhy(s *Set, r map[string]any) string {
	var said []string
	t := j.inRow(r, s)
	j.within(r, func() (any, bool) {
		for _, c := range s.chain() {
			for _, cond := range Conjuncts(c.Where) {
				if len(said) == 0 && j.pred(cond) == t {
					said = j.why(cond)
				}
			}
		}
		return nil, false
	})
	return recordName(s, r) + ": " + join(said)
}

// recordName names the record of a set's row.
func recordName(s *Set, r map[string]any) string {
	return fmt.Sprintf("%s/%v@%v", s.Row.Schema.Name, r[s.Row.Name+"__key_"], r[s.Row.Name+"__version_"])
}

// missing lists the values below an expression that are not there.
func (j *judge) missing(x Expr) []string {
	switch x := Bare(x).(type) {
	case *Field:
		if _, ok := j.val(x); !ok {
			return []string{words(x) + " is missing"}
		}
		return nil
	case *PersonOf:
		if v, ok := j.raw(x.X); !ok || v == "" {
			return []string{words(x.X) + " is missing"}
		} else if _, ok := j.raw(x); !ok {
			return []string{fmt.Sprintf("nobody is known to own the login %v (%s)", v, words(x.X))}
		}
		return nil
	case *Exists:
		return j.whyNone(x)
	case *Given:
		if nobodyKnows(x) {
			return []string{"what held then is not on record"}
		}
		if v, ok := j.raw(x.X); ok && v == "" {
			return []string{words(x.X) + " is empty"}
		}
		return j.missing(x.X)
	case *Extreme:
		if _, ok := j.raw(x); ok {
			return nil
		}
		if reg := j.unproven(x.Set); reg != "" {
			return []string{incomplete(reg)}
		}
		return []string{words(x) + " is not known"}
	case *Pick:
		if out := j.missing(x.X); out != nil {
			return out
		}
		if _, ok := j.raw(x); !ok {
			return []string{j.said(x.X) + ", for which no limit is set"}
		}
		return nil
	case *Known:
		return nil
	case *Units:
		if out := j.missing(x.X); out != nil {
			return out
		}
		if _, ok := j.raw(x); !ok {
			return []string{fmt.Sprintf("%s, which is no number of %s from 0 to %d", j.said(x.X), x.T, MostUnits)}
		}
		return nil
	case *Inspected:
		return j.unanswered(x)
	case *Either:
		if y := j.chosen(x); y != nil {
			return j.missing(y)
		}
		return j.missing(x.If)
	}
	var out []string
	for _, y := range children(x) {
		out = append(out, j.missing(y)...)
	}
	if b, ok := Bare(x).(*Binary); ok && len(out) == 0 && b.Arithmetic() {
		if _, ok := j.val(x); !ok {
			return []string{words(x) + " cannot be computed"}
		}
	}
	return out
}

// show prints a value for a person: local time with its offset, a civil date, yes or no.
func (j *judge) show(x Expr, v any) string {
	n, isInt := v.(int64)
	switch {
	case v == "":
		return "empty"
	case !isInt:
		return fmt.Sprint(v)
	}
	switch x.Type() {
	case Instant:
		if civil.Instant(n) == civil.Never {
			return "not yet"
		}
		return civil.Instant(n).In(j.Period.Zone)
	case Date:
		if civil.Date(n) == civil.MaxDate {
			return "not yet"
		}
		return civil.Date(n).String()
	case Bool:
		if n == 1 {
			return "yes"
		}
		return "no"
	}
	return strconv.FormatInt(n, 10)
}

// Records names the records that an item's verdict rests on: its own first, then the rows of the
// sets that the named attributes look at, in the order of the rule.
func (p *Plan) Records(f Facts, attributes []string) []string {
	var out []string
	add := func(register string, key, version any) {
		if key == nil || version == nil {
			return
		}
		name := fmt.Sprintf("%s/%v@%v", register, key, version)
		for _, o := range out {
			if o == name {
				return
			}
		}
		out = append(out, name)
	}
	for _, r := range p.Sources {
		if r.Schema != nil {
			add(r.Schema.Name, f.Item[r.Name+"__key_"], f.Item[r.Name+"__version_"])
		}
	}
	seen := map[*Row]bool{}
	look := func(x Expr) {
		s := setOf(x)
		if s == nil || seen[s.Row] {
			return
		}
		seen[s.Row] = true
		for _, r := range f.Sets[s.Row] {
			for _, c := range s.chain() {
				add(c.Row.Schema.Name, r[c.Row.Name+"__key_"], r[c.Row.Name+"__version_"])
			}
		}
	}
	for _, c := range p.Checks {
		if contains(attributes, c.ID) {
			WalkExpr(c.If, look)
			WalkExpr(c.Cond, look)
		}
	}
	return out
}
