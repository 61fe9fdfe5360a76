package rule

import (
	"fmt"
	"strings"
)

// Sentence prints the test in English for the report, a sentence a line: which items, what is
// asked of each, and what the words mean. It is exact enough to be reperformed by hand.
func (p *Plan) Sentence() string {
	lines := []string{"Tested " + p.items() + p.membership() + "."}
	if p.Where != nil {
		lines[0] = strings.TrimSuffix(lines[0], ".") + ", where " + claim(p.Where) + "."
	}
	for _, s := range p.Skips {
		lines = append(lines, fmt.Sprintf("Not applicable where %s (%s).", claim(s.Cond), s.Reason))
	}
	for _, c := range p.Checks {
		line := c.ID + ". " + c.Text + ": "
		if x := c.Applies(); x != nil {
			line += "where " + claim(x) + ", "
		}
		if c.Person {
			lines = append(lines, line+c.Claim+".")
			continue
		}
		lines = append(lines, line+claim(c.Cond)+".")
	}
	for _, v := range p.Values {
		lines = append(lines, fmt.Sprintf("“%s” is %s.", spaced(v.Name), words(v.X)))
	}
	for _, s := range p.Sets {
		if s.Control != "" && s.Base == nil {
			lines = append(lines, fmt.Sprintf("“%s” is the record of %s for %s and the item, by its key.", spaced(s.Name), spaced(s.Row.Schema.Name), s.Control))
			continue
		}
		of := "the "
		if s.Base != nil {
			of = "those in "
		}
		lines = append(lines, fmt.Sprintf("“%s” are %s%s.", spaced(s.Name), of, describe(s, true)))
	}
	return strings.Join(lines, "\n")
}

func (p *Plan) membership() string {
	switch {
	case p.During != nil:
		return fmt.Sprintf(" that existed in the period, from %s until %s", words(p.During.From), words(p.During.To))
	case p.Due != nil:
		return fmt.Sprintf(" that fell due in the period, by %s", words(p.When))
	}
	return fmt.Sprintf(" that belongs to the period by %s", words(p.When))
}

func (p *Plan) items() string {
	var parts []string
	for i, r := range p.Sources {
		if i == 0 {
			parts = append(parts, "every ")
		} else {
			parts = append(parts, " with every ")
		}
		switch r.Kind {
		case FromEvery:
			parts = append(parts, fmt.Sprintf("%s (one each %d months from %s)", r.Name, r.Every, words(r.Start)))
		case FromBusinessDays:
			parts = append(parts, "business day")
		case FromDistinct:
			parts = append(parts, fmt.Sprintf("%s named in %s", r.Name, spaced(r.Schema.Name)))
		case FromGaps:
			parts = append(parts, fmt.Sprintf("time from one record of %s to the next, by %s, for each %s", spaced(r.Schema.Name), spaced(r.Field), strings.Join(r.By, " and ")))
		case FromSpans:
			parts = append(parts, fmt.Sprintf("interval of constant %s of each %s in %s", r.Field, strings.Join(r.By, " and "), spaced(r.Schema.Name)))
		case FromRegister:
			n := spaced(r.Name)
			if r.Name == r.Schema.Name {
				n = "record of " + n
			}
			parts = append(parts, n)
		default:
			parts = append(parts, r.Name)
		}
	}
	return strings.Join(parts, "")
}

// describe says what a set holds; a named one is defined once and then called by its name.
func describe(s *Set, define bool) string {
	var conds []string
	out := spaced(s.Row.Schema.Name)
	where := s.Where
	if s.Base != nil && define {
		out, where = "“"+spaced(s.Base.Name)+"”", s.Extra
	} else if s.Name != "" && !define {
		out, where = "“"+spaced(s.Name)+"”", s.Extra
		if s.Base == nil || s.Base.Name != s.Name {
			where = nil
		}
	} else if s.Of != nil {
		out += " that belong to “" + spaced(s.Of.Name) + "”"
	} else if k := namesItem(s); k != "" {
		out += " of the " + k
	} else {
		for _, c := range s.On {
			conds = append(conds, words(c))
		}
	}
	for _, c := range Conjuncts(where) {
		conds = append(conds, paren(c, claim(c)))
	}
	if len(conds) > 0 {
		out += " where " + strings.Join(conds, " and ")
	}
	return out
}

// among says where rows are looked for: in a set that the rule named, or among the rows of a register.
func among(s *Set) string {
	if s.Name != "" {
		return "in " + describe(s, false)
	}
	return "among the " + describe(s, false)
}

// namesItem returns the item's name when the set's rows belong to it by naming its key.
func namesItem(s *Set) string {
	if len(s.On) == 1 {
		if b, ok := s.On[0].(*Binary); ok {
			if key, ok := b.R.(*Field); ok && !key.Row.InSet && keyedBy(s, key.Row) != "" {
				return spaced(key.Row.Name)
			}
		}
	}
	return ""
}

func spaced(s string) string { return strings.ReplaceAll(s, "_", " ") }

func possessive(s string) string {
	if strings.HasSuffix(s, "s") {
		return s + "'"
	}
	return s + "'s"
}

var comparisons = map[string]string{
	"=": "is", "<>": "is not", "<": "is less than", "<=": "is at most", ">": "is more than", ">=": "is at least",
}

var comparisonsInTime = map[string]string{
	"=": "is", "<>": "is not", "<": "is before", "<=": "is not later than", ">": "is after", ">=": "is not before",
}

// claim prints a condition: a yes/no field alone is one.
func claim(x Expr) string {
	if f, ok := Bare(x).(*Field); ok {
		return words(f) + " is yes"
	}
	return words(x)
}

// words prints an expression in English. It is exact enough to be reperformed by hand.
func words(x Expr) string {
	switch x := x.(type) {
	case *Lit:
		return litWords(x)
	case *Named:
		if len(x.Name) == 1 {
			return x.Name + " holds"
		}
		return "the " + spaced(x.Name)
	case *Field:
		switch {
		case x.Row.InSet && !x.Row.Parent:
			return "its " + spaced(x.Name)
		case x.Row.Kind == FromDistinct, (x.Row.Kind == FromDays || x.Row.Kind == FromBusinessDays) && x.Name == "date":
			return "the " + spaced(x.Row.Name)
		}
		return "the " + possessive(spaced(x.Row.Name)) + " " + spaced(x.Name)
	case *Binary:
		return binaryWords(x)
	case *Not:
		if f, ok := x.X.(*Field); ok {
			return words(f) + " is not yes"
		}
		return "not (" + claim(x.X) + ")"
	case *Known:
		if _, field := x.X.(*Field); !field && x.X.Type() == Bool {
			if x.Missing {
				return "it is not known whether " + words(x.X)
			}
			return "it is known whether " + words(x.X)
		}
		if x.Missing {
			return words(x.X) + " is not given"
		}
		return words(x.X) + " is given"
	case *In:
		return words(x.X) + " is one of " + strings.Join(x.List, ", ")
	case *PersonOf:
		return "the person behind " + words(x.X)
	case *Owned:
		if x.Human {
			return words(x.X.X) + " is a person, not a service"
		}
		return "somebody is known to own " + words(x.X.X)
	case *Exists:
		if x.None {
			return "there is none " + among(x.Set)
		}
		return "there is one " + among(x.Set)
	case *Count:
		if x.Set.Name == "" {
			return "the number of the " + describe(x.Set, false)
		}
		return "the number of records " + among(x.Set)
	case *Extreme:
		which := "earliest"
		if x.Latest {
			which = "latest"
		}
		return fmt.Sprintf("the %s %s %s", which, spaced(x.X.Name), among(x.Set))
	case *First:
		var parts []string
		for _, a := range x.Args {
			parts = append(parts, words(a))
		}
		return strings.Join(parts, ", else ")
	case *Pick:
		var parts []string
		for _, c := range x.Cases {
			parts = append(parts, fmt.Sprintf("%s %d %s", c.When, c.N, unitWord(c.Unit)))
		}
		return "(" + strings.TrimSpace(strings.Join(parts, ", ")) + " by " + words(x.X) + ")"
	case *DateOf:
		return "the day of " + words(x.X)
	case *Edge:
		if x.End {
			return "the end of " + words(x.X)
		}
		return "the start of " + words(x.X)
	case *PeriodEdge:
		if x.End {
			return "the end of the period"
		}
		return "the start of the period"
	case *Units:
		return fmt.Sprintf("as many %s as %s", x.T, words(x.X))
	case *Either:
		return fmt.Sprintf("(%s where %s, otherwise %s)", words(x.Then), claim(x.If), words(x.Else))
	case *ItemKey:
		return "the key of the item"
	case *Inspected:
		if x.NA {
			return "a person answered that " + strings.ToUpper(x.Answer.Name) + " does not apply"
		}
		return "a person answered yes to " + strings.ToUpper(x.Answer.Name)
	case *KnownAt:
		return "the time of this test"
	case *Never:
		return "never"
	case *Given:
		return words(x.X)
	}
	panic(fmt.Sprintf("rule: no words for %T", x))
}

func unitWord(t Type) string {
	if t == Int {
		return ""
	}
	return t.String()
}

func litWords(x *Lit) string {
	switch v := x.V.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		if v == "" {
			return "empty"
		}
		return v
	default:
		return strings.TrimSpace(fmt.Sprintf("%d %s", v, unitWord(x.T)))
	}
}

func binaryWords(x *Binary) string {
	if nobodyKnows(x.L) {
		return "nobody can say"
	}
	if s := recorded(x); s != nil {
		return "one is on record " + among(s)
	}
	switch x.Op {
	case "and":
		return paren(x.L, claim(x.L)) + " and " + paren(x.R, claim(x.R))
	case "or":
		return claim(x.L) + ", or " + claim(x.R)
	}
	l, r := words(x.L), words(x.R)
	if _, ok := x.L.(*First); ok && x.Arithmetic() {
		l = "(" + l + ")"
	}
	switch x.Op {
	case "+":
		return "(" + l + " plus " + r + ")"
	case "-":
		return "(" + l + " less " + r + ")"
	case "*":
		return "(" + l + " times " + r + ")"
	}
	op := comparisons[x.Op]
	if x.L.Type() == Instant || x.L.Type() == Date {
		op = comparisonsInTime[x.Op]
	}
	return l + " " + op + " " + r
}

// recorded returns the set of which the condition asks whether a row is on record, whether or not its absence
// would prove anything; nil where it asks something else.
func recorded(x *Binary) *Set {
	k, ok := x.L.(*Known)
	if !ok || x.Op != "and" {
		return nil
	}
	if e, ok := k.X.(*Exists); ok && x.R == Expr(e) {
		return e.Set
	}
	return nil
}

// nobodyKnows tells what the rule itself calls unknown.
func nobodyKnows(x Expr) bool {
	g, ok := x.(*Given)
	if !ok {
		return false
	}
	l, ok := g.X.(*Lit)
	return ok && l.V == ""
}

func paren(x Expr, s string) string {
	if b, ok := x.(*Binary); ok && b.Op == "or" {
		return "(" + s + ")"
	}
	return s
}
