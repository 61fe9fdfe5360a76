package rule

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// Facts are what one item rests on, as an engine read them: nil, int64 or string per name.
// Names are "row__field", and "row__field__person" for the person behind a login.
type Facts struct {
	Item map[string]any
	Sets map[*Row][]map[string]any // rows that belong to the item, by the set's row
	// Robots are the persons that are service identities and nothing else.
	Robots map[string]bool
}

// World is what all items share.
type World struct {
	Period   civil.Period
	KnownAt  civil.Instant
	Holidays civil.Holidays
	Unproven map[string]bool  // registers in which absence proves nothing
	Clocks   map[string]Clock // of registers whose sources' clocks were measured to be off
	// Unreadable are the names of pieces of evidence that are kept and cannot be read any more: a
	// person's yes that names one counts as a no.
	Unreadable map[string]bool
}

// Clock is what is known of the clock that a register's times were read from.
type Clock struct {
	Source string // where all of the register came from one source; else empty
	Off    int64  // microseconds by which it was off at the most, ahead or behind
}

// Doubt is how far apart, in microseconds, two times must at least lie for their order to be known: each
// clock may have been off, unless both times come from one and the same. It is 0 where no doubt is on record.
func (w World) Doubt(l, r Expr) int64 {
	var most int64
	if len(w.Clocks) == 0 {
		return 0
	}
	for _, a := range timed(l) {
		for _, b := range timed(r) {
			ca, cb := w.Clocks[a], w.Clocks[b]
			if a != b && (ca.Source == "" || ca.Source != cb.Source) {
				most = max(most, ca.Off+cb.Off)
			}
		}
	}
	return most
}

// timed lists the registers whose clocks gave a time.
func timed(x Expr) []string {
	if x.Type() != Instant {
		return nil
	}
	switch x := Bare(x).(type) {
	case *Field:
		if x.Row.Schema != nil {
			return []string{x.Row.Schema.Name}
		}
	case *Binary:
		return timed(x.L)
	case *First:
		var out []string
		for _, a := range x.Args {
			out = append(out, timed(a)...)
		}
		return out
	case *Either:
		return append(timed(x.Then), timed(x.Else)...)
	case *Extreme:
		return timed(x.X)
	}
	return nil // made from a calendar, not read from a clock
}

// Judgement is the answer of one attribute, with the reason when it is not a pass.
type Judgement struct {
	ID      string
	Verdict assure.Verdict
	Reason  string
}

// tri is a truth value of Kleene's logic.
type tri int8

const (
	no      tri = -1
	unknown tri = 0
	yes     tri = 1
)

func truth(b bool) tri {
	if b {
		return yes
	}
	return no
}

// judge evaluates a plan over one item's facts. It is the second, independent reading of a rule:
// engines decide, and this must agree with them while it finds the words.
type judge struct {
	World
	f   Facts
	row map[string]any // the row of a set being looked at
}

// Judge answers every attribute of one item that is a member of the population, for sure or
// perhaps. Callers compare it with what the engine answered: they may not differ.
func (p *Plan) Judge(f Facts, w World) []Judgement {
	j := &judge{World: w, f: f}
	member := yes
	var doubt []string
	for _, c := range Conjuncts(p.Where) {
		if t := j.pred(c); t != yes {
			member = min(member, t)
			doubt = append(doubt, j.why(c)...)
		}
	}
	if t, why := j.inPeriod(p); t == unknown {
		member = min(member, t)
		doubt = append(doubt, why...)
	}
	if f.Item[p.Sources[0].Name+"__erased_"] == int64(1) {
		member, doubt = unknown, []string{"the content of its record was erased"}
	}
	skip := no
	var skipWhy []string
	for _, s := range p.Skips {
		switch t := j.pred(s.Cond); t {
		case yes:
			skip, skipWhy = yes, []string{s.Reason}
		case unknown:
			if skip == no {
				skip, skipWhy = unknown, j.why(s.Cond)
			}
		}
		if skip == yes {
			break
		}
	}
	var out []Judgement
	for _, c := range p.Checks {
		v := j.check(c)
		switch {
		case skip == yes:
			v = Judgement{c.ID, assure.NotApplicable, skipWhy[0]}
		case member == unknown:
			v = Judgement{c.ID, assure.Undecided, "not known to be an item: " + join(doubt)}
		case skip == unknown && v.Verdict == assure.Deviation:
			v = Judgement{c.ID, assure.Undecided, "not known to be applicable: " + join(skipWhy)}
		}
		out = append(out, v)
	}
	return out
}

func (j *judge) inPeriod(p *Plan) (tri, []string) {
	if p.During != nil {
		if _, ok := j.val(p.During.To); !ok {
			return unknown, j.missing(p.During.To)
		}
		return yes, nil
	}
	if _, ok := j.val(p.When); !ok {
		return unknown, j.missing(p.When)
	}
	return yes, nil
}

func (j *judge) check(c *Check) Judgement {
	if c.If != nil {
		switch j.pred(c.If) {
		case no:
			return Judgement{c.ID, assure.NotApplicable, ""}
		case unknown:
			return Judgement{c.ID, assure.Undecided, join(j.why(c.If))}
		}
	}
	switch j.pred(c.Cond) {
	case yes:
		return Judgement{c.ID, assure.Pass, ""}
	case no:
		return Judgement{c.ID, assure.Deviation, c.Reason + detail(j.why(c.Cond))}
	}
	return Judgement{c.ID, assure.Undecided, join(j.why(c.Cond))}
}

func detail(why []string) string {
	if len(why) == 0 {
		return ""
	}
	return " (" + join(why) + ")"
}

func join(why []string) string {
	const most = 6
	var out []string
	for _, w := range why {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	if len(out) > most {
		out = append(out[:most], fmt.Sprintf("and %d more", len(out)-most))
	}
	return strings.Join(out, "; ")
}

func (j *judge) field(f *Field, person bool) (any, bool) {
	name := f.Row.Name + "__" + f.Name
	if person {
		name += "__person"
	}
	if j.row != nil {
		if v, ok := j.row[name]; ok {
			return v, v != nil
		}
	}
	v := j.f.Item[name]
	return v, v != nil
}

// val reads a value for comparison: an end that has not come is never.
func (j *judge) val(x Expr) (any, bool) {
	if e, ok := Bare(x).(*Either); ok {
		if y := j.chosen(e); y != nil {
			return j.val(y)
		}
		return nil, false
	}
	v, ok := j.raw(x)
	if !ok && endish(x) && (simple(x) || j.notYet(x)) {
		if x.Type() == Date {
			return int64(civil.MaxDate), true
		}
		return int64(civil.Never), true
	}
	return v, ok
}

func endish(x Expr) bool {
	switch x := Bare(x).(type) {
	case *Field:
		return x.End
	case *Edge:
		return endish(x.X)
	case *DateOf:
		return endish(x.X)
	case *Binary:
		return x.Arithmetic() && endish(x.L)
	case *First:
		return endish(x.Args[len(x.Args)-1])
	}
	return false
}

// notYet reports whether a value that is not there is missing because an end has not come, and not
// because nobody knows what would be added to it.
func (j *judge) notYet(x Expr) bool {
	switch x := Bare(x).(type) {
	case *Field:
		_, ok := j.raw(x)
		return !ok
	case *Edge:
		return j.notYet(x.X)
	case *DateOf:
		return j.notYet(x.X)
	case *First:
		return j.notYet(x.Args[len(x.Args)-1])
	case *Binary:
		_, ok := j.raw(x.R)
		return ok && j.notYet(x.L)
	}
	return false
}

// simple reports whether nothing but written numbers is added to a value that ends something: it is
// then missing only where the end has not come.
func simple(x Expr) bool {
	out := true
	WalkExpr(x, func(y Expr) {
		if b, ok := y.(*Binary); ok && b.Arithmetic() {
			_, lit := Bare(b.R).(*Lit)
			out = out && lit
		}
	})
	return out
}

func (j *judge) raw(x Expr) (any, bool) {
	switch x := Bare(x).(type) {
	case *Lit:
		switch v := x.V.(type) {
		case bool:
			if v {
				return int64(1), true
			}
			return int64(0), true
		case int64:
			return v * x.T.Scale(), true
		}
		return x.V, true
	case *PeriodEdge:
		if x.End {
			return int64(j.Period.End()), true
		}
		return int64(j.Period.Start()), true
	case *Units:
		v, ok := j.raw(x.X)
		if !ok || v.(int64) < 0 || v.(int64) > MostUnits {
			return nil, false
		}
		return v.(int64) * x.T.Scale(), true
	case *Either:
		if y := j.chosen(x); y != nil {
			return j.raw(y)
		}
		return nil, false
	case *KnownAt:
		return int64(j.KnownAt), true
	case *Never:
		return int64(civil.Never), true
	case *Given:
		v, ok := j.raw(x.X)
		if v == "" {
			return nil, false
		}
		return v, ok
	case *Field:
		return j.field(x, false)
	case *PersonOf:
		return j.field(x.X.(*Field), true)
	case *First:
		for _, a := range x.Args {
			if v, ok := j.raw(a); ok {
				return v, true
			}
		}
		return nil, false
	case *Pick:
		v, ok := j.raw(x.X)
		for _, c := range x.Cases {
			if ok && v == c.When {
				return c.Value(), true
			}
		}
		return nil, false
	case *DateOf:
		v, ok := j.raw(x.X)
		if !ok {
			return nil, false
		}
		return day(j.Period.Zone.DateOf(civil.Instant(v.(int64))))
	case *Edge:
		v, ok := j.raw(x.X)
		if !ok {
			return nil, false
		}
		d := civil.Date(v.(int64))
		if _, ok := day(d); !ok {
			return nil, false
		}
		if x.End {
			return int64(j.Period.Zone.End(d)), true
		}
		return int64(j.Period.Zone.Start(d)), true
	case *Binary:
		if x.Arithmetic() {
			return j.sum(x)
		}
	case *Count:
		if j.unproven(x.Set) != "" {
			return nil, false
		}
		n := int64(0)
		for _, r := range j.f.Sets[x.Set.Row] {
			switch j.inRow(r, x.Set) {
			case yes:
				n++
			case unknown:
				return nil, false
			}
		}
		return n, true
	case *Extreme:
		return j.extreme(x)
	}
	switch j.pred(x) {
	case yes:
		return int64(1), true
	case no:
		return int64(0), true
	}
	return nil, false
}

func (j *judge) extreme(x *Extreme) (any, bool) {
	if j.unproven(x.Set) != "" { // a record that was not delivered could be more extreme
		return nil, false
	}
	var best any
	for _, r := range j.f.Sets[x.Set.Row] {
		t := j.inRow(r, x.Set)
		if t == no {
			continue
		}
		v, ok := j.within(r, func() (any, bool) { return j.val(x.X) })
		if t == unknown || !ok {
			return nil, false
		}
		if best == nil || x.Latest == (v.(int64) > best.(int64)) {
			best = v
		}
	}
	return best, best != nil
}

func (j *judge) within(r map[string]any, read func() (any, bool)) (any, bool) {
	old := j.row
	j.row = r
	defer func() { j.row = old }()
	return read()
}

func (j *judge) sum(x *Binary) (any, bool) {
	l, ok := j.raw(x.L)
	r, ok2 := j.raw(x.R)
	if !ok || !ok2 {
		return nil, false
	}
	if x.Type() == Int {
		return whole(x.Op, l.(int64), r.(int64))
	}
	n := r.(int64)
	if x.Op == "-" {
		n = -n
	}
	switch x.R.Type() {
	case BusinessDays:
		if _, ok := day(civil.Date(l.(int64))); !ok {
			return nil, false
		}
		return day(j.Holidays.AddBusinessDays(civil.Date(l.(int64)), int(n)))
	case Months:
		if _, ok := day(civil.Date(l.(int64))); !ok {
			return nil, false
		}
		return day(civil.Date(l.(int64)).AddMonths(int(n)))
	}
	return l.(int64) + n, true
}

// largest is as far as numbers are computed; engines stop at the same place, well before 64 bits
// are full.
const largest = 9.0e18

// whole computes with whole numbers, or says that the result would be too large.
func whole(op string, a, b int64) (any, bool) {
	x, y := float64(a), float64(b)
	var about float64
	var n int64
	switch op { // the sum or product of integers may be wrong here; it is then not used
	case "+":
		about, n = x+y, a+b
	case "-":
		about, n = x-y, a-b
	default:
		about, n = x*y, a*b
	}
	if math.Abs(about) >= largest {
		return nil, false
	}
	return n, true
}

// chosen is the value that a condition chooses, or nil where nobody knows.
func (j *judge) chosen(x *Either) Expr {
	switch j.pred(x.If) {
	case yes:
		return x.Then
	case no:
		return x.Else
	}
	return nil
}

// answered reads a person's answer: "yes" only where it names its evidence, "" where there is none.
func (j *judge) answered(x *Inspected) string {
	best := ""
	for _, r := range j.f.Sets[x.Set.Row] {
		j.within(r, func() (any, bool) {
			a, _ := j.raw(x.Answer)
			e, ok := j.raw(x.Evidence)
			switch {
			case a == "yes" && ok && e != "" && j.Unreadable[e.(string)]:
				if best == "" {
					best = "no"
				}
			case a == "yes" && ok && e != "":
				best = "yes"
			case a == "not_applicable" && best != "yes", a == "no" && best == "":
				best = a.(string)
			}
			return nil, false
		})
	}
	return best
}

// day is a civil day as the calendar has it, or unknown.
func day(d civil.Date) (any, bool) {
	if d < FirstDay || d > LastDay {
		return nil, false
	}
	return int64(d), true
}
