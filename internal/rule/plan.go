// Package rule is the language of tests: small, closed, typed, and without side effects. A test
// says which items a control acts on and which yes/no questions are asked of each of them. The
// same plan is run by engines, printed as SQL for an auditor and as a sentence for the report.
//
// Truth has three values. A missing value makes a question unknown unless the other operands
// settle it (Kleene's logic), and an unknown question makes an item undecided: never a silent pass.
package rule

import (
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/register"
)

// Type is the type of an expression. The units of time are types of their own: minutes and hours
// are elapsed, days, business days and months are civil, and only the former may be added to an
// instant.
type Type uint8

// The types of expressions.
const (
	Text Type = iota + 1
	Bool
	Int
	Instant
	Date
	Person
	Hours
	Days
	BusinessDays
	Months
	Minutes
)

var typeNames = [...]string{"", "text", "yes/no", "number", "time", "date", "person", "hours", "days", "business days", "months", "minutes"}

func (t Type) String() string { return typeNames[t] }

// Elapsed reports whether the type is a length of time that runs on the clock, not in the calendar.
func (t Type) Elapsed() bool { return t == Hours || t == Minutes }

// MostUnits is the largest number that may stand before a unit: 100,000 hours are eleven years,
// more than any control's deadline. With it no sum with a time comes near to the end of 64 bits.
const MostUnits = 100_000

// Scale is what one unit of the type counts in a projection: microseconds for elapsed time, else 1.
func (t Type) Scale() int64 {
	switch t {
	case Hours:
		return 3600e6
	case Minutes:
		return 60e6
	}
	return 1
}

// Plan is a checked test.
type Plan struct {
	Text    string // as written
	Shape   assure.Shape
	Sources []*Row // what the items are made of: their product
	Key     []Expr // text or date parts, joined with "/"
	When    Expr   // membership: an instant or a date; nil for state shapes
	During  *Span  // state shapes: an item belongs to the period when this interval touches it
	Due     Expr   // instant; an item due after the known-at time is in progress, not in the population
	Open    *Span  // event shapes: items open in the period and due after it are in progress
	Where   Expr   // nil when every member is an item
	Skips   []Skip
	Checks  []*Check
	Sets    []*Set   // the named sets, in order
	Values  []*Named // the named values, in order
}

// Span is a half-open interval given by two instants; a missing start means "since ever".
type Span struct{ From, To Expr }

// Skip makes an item not applicable, with the reason.
type Skip struct {
	Cond   Expr
	Reason string
}

// Check is one lettered attribute.
type Check struct {
	ID     string
	Text   string
	If     Expr // not applicable where false; nil when it always applies
	Cond   Expr
	Reason string // said when it deviates
	// Person says that a person's inspection answers it, not the records of what was done.
	Person bool
	Claim  string // the condition in English, where a person answers; "" otherwise
}

// Checklist reports whether any attribute is answered by a person's inspection.
func (p *Plan) Checklist() bool {
	for _, c := range p.Checks {
		if c.Person {
			return true
		}
	}
	return false
}

// RowKind says where the rows of a source come from.
type RowKind uint8

// The kinds of rows.
const (
	FromRegister     RowKind = iota + 1 // the latest known version of each record
	FromQuarters                        // calendar quarters: name, first, last
	FromDays                            // civil days: name, date
	FromMonths                          // months: name, first, last
	FromEvery                           // every n months from a date: date, round
	FromDistinct                        // the distinct known values of a register's field: value
	FromGaps                            // from one record to the next: first, since, until and the fields it is grouped by
	FromWeeks                           // ISO weeks, Monday to Sunday: name, first, last
	FromHalves                          // half years: name, first, last
	FromYears                           // calendar years: name, first, last
	FromBusinessDays                    // days that are no Saturday, Sunday or holiday: name, date
	FromSpans                           // maximal intervals of constant value over snapshots: first, from, until, value and the fields it is grouped by
)

// Row is something that has fields: a source of items, or the row of a set.
type Row struct {
	Kind   RowKind
	Name   string // as the rule calls it
	Schema *register.Schema
	Every  int      // months, FromEvery
	Start  Expr     // date, FromEvery
	Field  string   // FromDistinct, FromGaps and FromSpans: the field looked at
	By     []string // FromGaps and FromSpans: the fields that tell one thing from another
	InSet  bool     // the row of a set, not a source of items
	Parent bool     // rows of another set hang from this one's
}

// Set is a named or inline set of rows of one register, seen from an item.
type Set struct {
	Name  string // "" for inline sets
	Row   *Row
	Of    *Set   // the rows belong to the rows of this set
	On    []Expr // how a row belongs to the item: all must be true, unknown does not join
	Where Expr   // what else must hold: unknown stays unknown; nil when nothing
	Base  *Set   // the named set that this one narrows, if it does
	Extra Expr   // by what it narrows it
	// Control is set on the set of the item's inspection: the control that was inspected.
	Control string
}

func (s *Set) chain() []*Set {
	if s.Of == nil {
		return []*Set{s}
	}
	return append(s.Of.chain(), s)
}

// Chain lists the set and the sets it hangs from, outermost first.
func (s *Set) Chain() []*Set { return s.chain() }

// Expr is a typed expression.
type Expr interface {
	Type() Type
}

type (
	// Lit is a literal: string, int64 or bool.
	Lit struct {
		T Type
		V any
	}
	// Named is a value that the rule gave a name with let, or the answer of an earlier attribute.
	Named struct {
		Name string
		X    Expr
	}
	// Field is a field of a row. End fields read as "never" when absent.
	Field struct {
		Row  *Row
		Name string
		T    Type
		End  bool
	}
	// Binary is a comparison, a sum, a product, "and" or "or". Sums and products of numbers that
	// come near to the largest number there is are unknown.
	Binary struct {
		Op   string // and or = <> < <= > >= + - *
		L, R Expr
	}
	// Not negates; unknown stays unknown.
	Not struct{ X Expr }
	// Known asks whether a value is there and not empty; it is never unknown itself.
	Known struct {
		X       Expr
		Missing bool
	}
	// In asks whether a text is one of a list.
	In struct {
		X    Expr
		List []string
	}
	// PersonOf is the person behind a login, address or id; unknown when nobody owns it.
	PersonOf struct{ X Expr }
	// Owned is true of a login that a person is known to own, and unknown of any other. With Human it
	// is false where that person is a service identity.
	Owned struct {
		X     *PersonOf
		Human bool
	}
	// Exists asks for a row in a set; None for its absence. Where the register is not known to
	// hold all acts, absence is unknown.
	Exists struct {
		Set  *Set
		None bool
	}
	// Count counts the rows of a set.
	Count struct{ Set *Set }
	// Extreme is the latest (largest) or earliest (smallest) value over a set; without rows unknown.
	Extreme struct {
		Set    *Set
		X      *Field
		Latest bool
	}
	// First is the first value that is there.
	First struct{ Args []Expr }
	// Pick chooses a duration or number by a text; a text that is not listed is unknown.
	Pick struct {
		X     Expr
		Cases []PickCase
		T     Type
	}
	// DateOf is the civil day of an instant in the reporting zone.
	DateOf struct{ X Expr }
	// Edge is the first instant of a civil day, or the first after it.
	Edge struct {
		X   Expr
		End bool
	}
	// PeriodEdge is the first instant of the period, or the first after it. Where a version of a
	// test is in force for a part of the period, that part is meant.
	PeriodEdge struct{ End bool }
	// Units is a number that stands for a length of time, in minutes, hours, days, business days or
	// months. It is unknown where the number is below 0 or above MostUnits.
	Units struct {
		X Expr
		T Type
	}
	// Either chooses between two values; an unknown condition gives an unknown value.
	Either struct{ If, Then, Else Expr }
	// ItemKey is the key of the item: its parts joined with "/". Only sets' On conditions hold it.
	ItemKey struct{}
	// Inspected is what a person answered of the item. It is true for a yes that names its evidence,
	// false for a no, and unknown otherwise. With NA it asks instead whether the answer was that the
	// attribute does not apply, and is never unknown.
	Inspected struct {
		Set      *Set
		Answer   *Field // a to h
		Evidence *Field
		NA       bool
	}
	// KnownAt is the instant as of which the test is run.
	KnownAt struct{}
	// Never is later than every instant: what an end that has not come reads as.
	Never struct{}
	// Given is a text, unknown where it is empty.
	Given struct{ X Expr }
)

// PickCase is one line of a Pick. Its unit may differ from the Pick's where both are elapsed.
type PickCase struct {
	When string
	N    int64
	Unit Type
}

// Value is the number that the case gives, in what a projection counts.
func (c PickCase) Value() int64 { return c.N * c.Unit.Scale() }

// Type returns the type of the expression.
func (x *Lit) Type() Type { return x.T }

// Type returns the type of the expression.
func (x *Named) Type() Type { return x.X.Type() }

// Type returns the type of the expression.
func (x *Field) Type() Type { return x.T }

// Type returns the type of the expression.
func (x *Binary) Type() Type {
	if x.Arithmetic() {
		return x.L.Type()
	}
	return Bool
}

// Arithmetic reports whether the expression is a sum or a product.
func (x *Binary) Arithmetic() bool { return x.Op == "+" || x.Op == "-" || x.Op == "*" }

// Type returns the type of the expression.
func (*PeriodEdge) Type() Type { return Instant }

// Type returns the type of the expression.
func (x *Units) Type() Type { return x.T }

// Type returns the type of the expression.
func (x *Either) Type() Type { return x.Then.Type() }

// Type returns the type of the expression.
func (*ItemKey) Type() Type { return Text }

// Type returns the type of the expression.
func (*Inspected) Type() Type { return Bool }

// Type returns the type of the expression.
func (*Not) Type() Type { return Bool }

// Type returns the type of the expression.
func (*Known) Type() Type { return Bool }

// Type returns the type of the expression.
func (*In) Type() Type { return Bool }

// Type returns the type of the expression.
func (*PersonOf) Type() Type { return Person }

// Type returns the type of the expression.
func (*Owned) Type() Type { return Bool }

// Type returns the type of the expression.
func (*Exists) Type() Type { return Bool }

// Type returns the type of the expression.
func (*Count) Type() Type { return Int }

// Type returns the type of the expression.
func (x *Extreme) Type() Type { return x.X.T }

// Type returns the type of the expression.
func (x *First) Type() Type { return x.Args[0].Type() }

// Type returns the type of the expression.
func (x *Pick) Type() Type { return x.T }

// Type returns the type of the expression.
func (*DateOf) Type() Type { return Date }

// Type returns the type of the expression.
func (*Edge) Type() Type { return Instant }

// Type returns the type of the expression.
func (*Never) Type() Type { return Instant }

// Type returns the type of the expression.
func (*Given) Type() Type { return Text }

// Type returns the type of the expression.
func (*KnownAt) Type() Type { return Instant }

// Registers lists the registers that the plan reads, the items' own first, each once.
func (p *Plan) Registers() []string {
	var out []string
	seen := map[string]bool{}
	add := func(s *register.Schema) {
		if s != nil && !seen[s.Name] {
			seen[s.Name] = true
			out = append(out, s.Name)
		}
	}
	for _, r := range p.Sources {
		add(r.Schema)
	}
	p.Walk(func(x Expr) {
		if s := setOf(x); s != nil {
			for _, c := range s.chain() {
				add(c.Row.Schema)
			}
		}
	})
	return out
}

// Uses reports whether the plan has a value of a type, such as persons or business days. Items
// that are made of business days count as such.
func (p *Plan) Uses(t Type) bool {
	found := false
	for _, s := range p.Sources {
		found = found || t == BusinessDays && s.Kind == FromBusinessDays
	}
	p.Walk(func(x Expr) { found = found || x.Type() == t })
	return found
}

func setOf(x Expr) *Set {
	switch x := x.(type) {
	case *Exists:
		return x.Set
	case *Count:
		return x.Set
	case *Extreme:
		return x.Set
	case *Inspected:
		return x.Set
	}
	return nil
}

// SetOf returns the set whose rows an expression looks at, or nil.
func SetOf(x Expr) *Set { return setOf(x) }

// First and last civil day that civil arithmetic knows. What lies outside is unknown to a rule, in
// every engine alike.
var (
	FirstDay = civil.NewDate(1940, 1, 1)
	LastDay  = civil.NewDate(2079, 12, 31)
)

// Walk visits every expression of the plan, those inside sets included.
func (p *Plan) Walk(f func(Expr)) {
	for _, x := range p.roots() {
		WalkExpr(x, f)
	}
}

// roots lists the expressions that stand at the top, some of them nil.
func (p *Plan) roots() []Expr {
	var out []Expr
	for _, r := range p.Sources {
		out = append(out, r.Start)
	}
	out = append(append(out, p.Key...), p.When, p.Due)
	for _, s := range []*Span{p.During, p.Open} {
		if s != nil {
			out = append(out, s.From, s.To)
		}
	}
	out = append(out, p.Where)
	for _, s := range p.Skips {
		out = append(out, s.Cond)
	}
	for _, c := range p.Checks {
		out = append(out, c.If, c.Cond)
	}
	return out
}

// WalkExpr visits an expression and everything below it, sets included.
func WalkExpr(x Expr, f func(Expr)) {
	if x == nil {
		return
	}
	f(x)
	for _, y := range children(x) {
		WalkExpr(y, f)
	}
}

func children(x Expr) []Expr {
	switch x := x.(type) {
	case *Binary:
		return []Expr{x.L, x.R}
	case *Named:
		return []Expr{x.X}
	case *Not:
		return []Expr{x.X}
	case *Known:
		return []Expr{x.X}
	case *In:
		return []Expr{x.X}
	case *PersonOf:
		return []Expr{x.X}
	case *Owned:
		return []Expr{x.X}
	case *Given:
		return []Expr{x.X}
	case *First:
		return x.Args
	case *Pick:
		return []Expr{x.X}
	case *DateOf:
		return []Expr{x.X}
	case *Edge:
		return []Expr{x.X}
	case *Units:
		return []Expr{x.X}
	case *Extreme:
		return append(setExprs(x.Set), x.X)
	case *Exists:
		return setExprs(x.Set)
	case *Count:
		return setExprs(x.Set)
	case *Inspected:
		return append(setExprs(x.Set), x.Answer, x.Evidence)
	case *Either:
		return []Expr{x.If, x.Then, x.Else}
	}
	return nil
}

func setExprs(s *Set) []Expr {
	var out []Expr
	for _, c := range s.chain() {
		out = append(out, c.On...)
		if c.Where != nil {
			out = append(out, c.Where)
		}
	}
	return out
}

// Conjuncts splits a condition at its outermost "and"s.
func Conjuncts(x Expr) []Expr {
	if b, ok := x.(*Binary); ok && b.Op == "and" {
		return append(Conjuncts(b.L), Conjuncts(b.R)...)
	}
	if x == nil {
		return nil
	}
	return []Expr{x}
}

// Bare returns the expression without the name it was given.
func Bare(x Expr) Expr {
	for {
		n, ok := x.(*Named)
		if !ok {
			return x
		}
		x = n.X
	}
}

// And joins two conditions, either of which may be nil.
func And(l, r Expr) Expr {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	}
	return &Binary{"and", l, r}
}
