package rule

import (
	"strconv"
)

func (p *parser) expr() (Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errAt(p.peek(), "the expression is nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	l, err := p.conj()
	for err == nil && p.is("or") {
		l, err = p.logic(l, (*parser).conj)
	}
	return l, err
}

func (p *parser) conj() (Expr, error) {
	l, err := p.neg()
	for err == nil && p.is("and") {
		l, err = p.logic(l, (*parser).neg)
	}
	return l, err
}

func (p *parser) logic(l Expr, operand func(*parser) (Expr, error)) (Expr, error) {
	op := p.next()
	r, err := operand(p)
	if err != nil {
		return nil, err
	}
	for _, x := range []Expr{l, r} {
		if x.Type() != Bool {
			return nil, p.errAt(op, "%q joins conditions, but one side is a %s", op.text, x.Type())
		}
	}
	return &Binary{op.text, l, r}, nil
}

func (p *parser) neg() (Expr, error) {
	if p.is("not") {
		if p.depth++; p.depth > maxDepth {
			return nil, p.errAt(p.peek(), "the expression is nested more than %d deep", maxDepth)
		}
		defer func() { p.depth-- }()
		t := p.next()
		x, err := p.neg()
		if err != nil {
			return nil, err
		}
		if x.Type() != Bool {
			return nil, p.errAt(t, "\"not\" wants a condition, found a %s", x.Type())
		}
		return &Not{x}, nil
	}
	return p.comparison()
}

func (p *parser) comparison() (Expr, error) {
	l, err := p.sum()
	if err != nil {
		return nil, err
	}
	op := p.peek()
	switch {
	case p.take("is"):
		if p.take("known") {
			return &Known{l, false}, nil
		}
		if p.take("missing") {
			return &Known{l, true}, nil
		}
		return nil, p.errAt(p.peek(), "found %s; expected known or missing", show(p.peek()))
	case op.text == "in" && op.kind == 'n' && p.toks[p.pos+1].text == "(":
		p.next()
		return p.inList(l, op)
	}
	switch op.text {
	case "=", "<>", "<", "<=", ">", ">=":
	default:
		return l, nil
	}
	if op.kind != 'p' {
		return l, nil
	}
	p.next()
	at := p.peek()
	r, err := p.sum()
	if err != nil {
		return nil, err
	}
	return p.compare(op, at, l, r)
}

func (p *parser) compare(op, at token, l, r Expr) (Expr, error) {
	if l.Type() != r.Type() {
		hint := ""
		switch {
		case l.Type() == Instant && r.Type() == Date || l.Type() == Date && r.Type() == Instant:
			hint = "; say \"start of\", \"end of\" or \"date of\""
		case l.Type() == Person || r.Type() == Person:
			hint = "; say person(...) on both sides"
		}
		return nil, p.errAt(op, "a %s is compared with a %s%s", l.Type(), r.Type(), hint)
	}
	if op.text != "=" && op.text != "<>" {
		switch l.Type() {
		case Int, Instant, Date:
		default:
			return nil, p.errAt(op, "a %s has no order; only = and <> compare it", l.Type())
		}
	}
	if err := p.listed(at, l, r); err != nil {
		return nil, err
	}
	return &Binary{op.text, l, r}, nil
}

// listed refuses a comparison of a closed field with a value that it cannot have.
func (p *parser) listed(at token, l, r Expr) error {
	if g, ok := l.(*Given); ok {
		l = g.X
	}
	f, ok := l.(*Field)
	v, lit := r.(*Lit)
	if !ok || !lit || f.Row.Schema == nil || f.T != Text {
		return nil
	}
	def, ok := f.Row.Schema.Field(f.Name)
	if !ok || len(def.Values) == 0 {
		return nil
	}
	for _, x := range def.Values {
		if x == v.V {
			return nil
		}
	}
	return p.errAt(at, "%s is never '%s'%s", f.Name, v.V, suggest(v.V.(string), append([]string{}, def.Values...)))
}

func (p *parser) inList(l Expr, op token) (Expr, error) {
	if l.Type() != Text {
		return nil, p.errAt(op, "\"in\" wants a text, found a %s", l.Type())
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	in := &In{X: l}
	for {
		at := p.peek()
		s, err := p.str("a text")
		if err != nil {
			return nil, err
		}
		if err := p.listed(at, l, &Lit{Text, s}); err != nil {
			return nil, err
		}
		in.List = append(in.List, s)
		if !p.take(",") {
			break
		}
	}
	return in, p.expect(")")
}

// sum = product { ("+" | "-") product }. An instant takes hours and minutes; a date takes days,
// business days (forward only) or months. Nothing turns one unit into another.
func (p *parser) sum() (Expr, error) {
	l, err := p.product()
	for err == nil && (p.is("+") || p.is("-")) {
		op := p.next()
		var r Expr
		if r, err = p.product(); err != nil {
			return nil, err
		}
		lt, rt := l.Type(), r.Type()
		ok := lt == Instant && rt.Elapsed() || lt == Int && rt == Int ||
			lt == Date && (rt == Days || rt == Months || rt == BusinessDays && op.text == "+")
		if !ok {
			hint := ""
			if lt == Instant && (rt == Days || rt == BusinessDays || rt == Months) {
				hint = "; civil time is counted on dates: end of (date of ... + ...)"
			}
			return nil, p.errAt(op, "%s cannot be joined with %s by %s%s", lt, rt, op.text, hint)
		}
		l = &Binary{op.text, l, r}
	}
	return l, err
}

// product = counted { "*" counted }, of whole numbers only.
func (p *parser) product() (Expr, error) {
	l, err := p.counted()
	for err == nil && p.is("*") {
		op := p.next()
		var r Expr
		if r, err = p.counted(); err != nil {
			return nil, err
		}
		if l.Type() != Int || r.Type() != Int {
			return nil, p.errAt(op, "%s cannot be multiplied by %s; only numbers are", l.Type(), r.Type())
		}
		l = &Binary{op.text, l, r}
	}
	return l, err
}

// counted = primary [ unit ]: a number that a record or a sum gives may stand before a unit, as a
// written one does.
func (p *parser) counted() (Expr, error) {
	at := p.peek()
	x, err := p.primary()
	if err != nil {
		return nil, err
	}
	unit := p.unit()
	switch {
	case unit == 0:
		return x, nil
	case x.Type() != Int:
		return nil, p.errAt(at, "this is a %s; expected a number of %s", x.Type(), unit)
	}
	return &Units{x, unit}, nil
}

func (p *parser) primary() (Expr, error) {
	t := p.next()
	switch t.kind {
	case 's':
		return &Lit{Text, t.text}, nil
	case 'i':
		return p.number(t)
	case 'p':
		if t.text == "(" {
			x, err := p.expr()
			if err != nil {
				return nil, err
			}
			return x, p.expect(")")
		}
	case 'n':
		return p.word(t)
	}
	return nil, p.errAt(t, "found %s; expected a value or a condition", show(t))
}

func (p *parser) number(t token) (Expr, error) {
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil {
		return nil, p.errAt(t, "%s is not a number", t.text)
	}
	unit := p.unit()
	if unit != 0 && n > MostUnits {
		return nil, p.errAt(t, "%s %s is more than any control's deadline", t.text, unit)
	}
	if unit == 0 {
		unit = Int
	}
	return &Lit{unit, n}, nil
}

func (p *parser) unit() Type {
	switch {
	case p.take("minutes"):
		return Minutes
	case p.take("hours"):
		return Hours
	case p.take("days"):
		return Days
	case p.take("months"):
		return Months
	case p.is("business") && p.toks[p.pos+1].text == "days":
		p.pos += 2
		return BusinessDays
	}
	return 0
}

func (p *parser) word(t token) (Expr, error) {
	switch t.text {
	case "true", "false":
		return &Lit{Bool, t.text == "true"}, nil
	case "known_at":
		return &KnownAt{}, nil
	case "never":
		return &Never{}, nil
	case "unknown": // what the records cannot say: an empty text that is asked to be known
		return &Binary{"=", &Given{&Lit{Text, ""}}, &Lit{Text, ""}}, nil
	case "either":
		return p.either(t)
	case "start", "end":
		if p.take("of") {
			if p.is("period") && p.toks[p.pos+1].text != "." {
				p.next()
				return &PeriodEdge{t.text == "end"}, nil
			}
			x, err := p.of(t, Date)
			return &Edge{x, t.text == "end"}, err
		}
	case "date":
		if p.take("of") {
			x, err := p.of(t, Instant)
			return &DateOf{x}, err
		}
	}
	if p.is("(") {
		return p.call(t)
	}
	return p.reference(t)
}

// either = "either" condition "then" value "else" value
func (p *parser) either(t token) (Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errAt(t, "the expression is nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	cond, err := p.typed(Bool)
	if err != nil {
		return nil, err
	}
	if err := p.expect("then"); err != nil {
		return nil, err
	}
	x := &Either{If: cond}
	if x.Then, err = p.sum(); err != nil {
		return nil, err
	}
	if err := p.expect("else"); err != nil {
		return nil, err
	}
	if x.Else, err = p.sum(); err != nil {
		return nil, err
	}
	a, b := x.Then.Type(), x.Else.Type()
	switch {
	case a != b && !(a.Elapsed() && b.Elapsed()):
		return nil, p.errAt(t, "either ... then a %s else a %s; expected two values of one type (put a condition in brackets)", a, b)
	case a == BusinessDays || a == Months:
		return nil, p.errAt(t, "%s cannot be chosen; choose between dates", a)
	}
	return x, nil
}

func (p *parser) of(t token, want Type) (Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errAt(t, "the expression is nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	x, err := p.primary()
	if err == nil && x.Type() != want {
		err = p.errAt(t, "%q wants a %s, found a %s", t.text+" of", want, x.Type())
	}
	return x, err
}

func (p *parser) call(t token) (Expr, error) {
	p.next() // "("
	var x Expr
	var err error
	switch t.text {
	case "person", "owned", "human":
		at := p.peek()
		var a Expr
		if a, err = p.expr(); err == nil && a.Type() != Text {
			err = p.errAt(at, "person(...) wants a login or address, found a %s", a.Type())
		} else if _, ok := a.(*Field); err == nil && !ok {
			err = p.errAt(at, "person(...) wants a field that holds a login or address")
		}
		x = &PersonOf{a}
		if t.text == "owned" {
			x = &Owned{&PersonOf{a}, false}
		}
		if t.text == "human" {
			x = &Owned{&PersonOf{a}, true}
		}
	case "given":
		at := p.peek()
		var a Expr
		if a, err = p.expr(); err == nil && a.Type() != Text {
			err = p.errAt(at, "given(...) wants a text, found a %s", a.Type())
		}
		x = &Given{a}
	case "exists", "none", "recorded", "count":
		var s *Set
		if s, err = p.set(); err == nil {
			x = &Exists{s, t.text == "none"}
			switch t.text {
			case "count":
				x = &Count{s}
			case "recorded": // absence counts as such, even where it proves nothing
				x = And(&Known{X: x}, x)
			}
		}
	case "latest", "earliest":
		x, err = p.extreme(t)
	case "first":
		x, err = p.firstOf()
	case "pick":
		x, err = p.pick()
	default:
		return nil, p.errAt(t, "there is no function %q%s", t.text,
			suggest(t.text, []string{"person", "owned", "human", "given", "exists", "none", "recorded", "count", "latest", "earliest", "first", "pick"}))
	}
	if err != nil {
		return nil, err
	}
	return x, p.expect(")")
}

func (p *parser) extreme(t token) (Expr, error) {
	n, err := p.name("a set")
	if err != nil {
		return nil, err
	}
	s := p.sets[n.text]
	if s == nil {
		return nil, p.errAt(n, "there is no set %q%s", n.text, suggest(n.text, p.setNames()))
	}
	if err := p.expect("."); err != nil {
		return nil, err
	}
	ft, err := p.name("a field")
	if err != nil {
		return nil, err
	}
	f, err := p.rowField(s.Row, ft)
	if err != nil {
		return nil, err
	}
	switch f.T {
	case Instant, Date, Int:
	default:
		return nil, p.errAt(ft, "%s(...) wants an instant, a date or a number, found a %s", t.text, f.T)
	}
	return &Extreme{s, f, t.text == "latest"}, nil
}

func (p *parser) firstOf() (Expr, error) {
	f := &First{}
	for {
		at := p.peek()
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		if len(f.Args) > 0 && x.Type() != f.Args[0].Type() {
			return nil, p.errAt(at, "first(...) mixes a %s with a %s", f.Args[0].Type(), x.Type())
		}
		f.Args = append(f.Args, x)
		if !p.take(",") {
			if len(f.Args) == 1 {
				return nil, p.errAt(at, "first(...) chooses between values and has only one here; expected: first(%s, ANOTHER)", words(x))
			}
			return f, nil
		}
	}
}

func (p *parser) pick() (Expr, error) {
	at := p.peek()
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	if x.Type() != Text {
		return nil, p.errAt(at, "pick(...) chooses by a text, found a %s", x.Type())
	}
	k := &Pick{X: x}
	for p.take(",") {
		vt := p.peek()
		s, err := p.str("a value")
		if err != nil {
			return nil, err
		}
		if err := p.listed(vt, x, &Lit{Text, s}); err != nil {
			return nil, err
		}
		nt := p.next()
		if nt.kind != 'i' {
			return nil, p.errAt(nt, "found %s; expected a number", show(nt))
		}
		lit, err := p.number(nt)
		if err != nil {
			return nil, err
		}
		unit := lit.Type()
		if k.T != 0 && unit != k.T && !(unit.Elapsed() && k.T.Elapsed()) {
			return nil, p.errAt(nt, "pick(...) mixes %s with %s", k.T, unit)
		}
		if unit == BusinessDays || unit == Months {
			return nil, p.errAt(nt, "pick(...) gives numbers, minutes, hours or days")
		}
		if k.T == 0 {
			k.T = unit
		}
		k.Cases = append(k.Cases, PickCase{s, lit.(*Lit).V.(int64), unit})
	}
	if len(k.Cases) == 0 {
		return nil, p.errAt(at, "pick(...) has nothing to pick from; expected: pick(FIELD, 'value' 7 days, ...)")
	}
	return k, nil
}
