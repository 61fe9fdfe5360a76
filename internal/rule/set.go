package rule

// set = (REGISTER | SET) [ "of" SET [ "by" FIELD ] ] [ "on" expr ] [ "as" "of" instant ] [ "where" expr ]
func (p *parser) set() (*Set, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errAt(p.peek(), "the expression is nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	t, err := p.name("a register or a set")
	if err != nil {
		return nil, err
	}
	if len(p.inner) > 0 {
		return nil, p.errAt(t, "a set cannot stand inside a set's condition; name it with let, or hang it from the other with \"of\"")
	}
	s := &Set{}
	if base := p.sets[t.text]; base != nil {
		*s = *base
		s.Base, s.Extra = base, nil
	} else {
		schema, err := p.schema(t)
		if err != nil {
			return nil, err
		}
		s.Row = &Row{Kind: FromRegister, Name: t.text, Schema: schema, InSet: true}
		if err := p.joins(s, t); err != nil {
			return nil, err
		}
		if p.is("as") {
			if err := p.asOf(s); err != nil {
				return nil, err
			}
		}
	}
	if p.take("where") {
		x, err := p.inside(s, func() (Expr, error) { return p.typed(Bool) })
		if err != nil {
			return nil, err
		}
		s.Where, s.Extra = And(s.Where, x), x
	}
	return s, nil
}

// inside reads something in which bare names are fields of the set's own row, and in which the
// rows it hangs from are known by their sets' names.
func (p *parser) inside(s *Set, read func() (Expr, error)) (Expr, error) {
	n := len(p.inner)
	for _, c := range s.chain() {
		p.inner = append(p.inner, c.Row)
	}
	x, err := read()
	p.inner = p.inner[:n]
	return x, err
}

// asOf keeps the rows whose interval held at an instant: begun by then, and not ended.
func (p *parser) asOf(s *Set) error {
	t := p.next()
	if err := p.expect("of"); err != nil {
		return err
	}
	at, err := p.inside(s, func() (Expr, error) { return p.typed(Instant) })
	if err != nil {
		return err
	}
	if len(s.Row.Schema.Interval) != 2 {
		return p.errAt(t, "%s holds no intervals, so that none of it held at a time", s.Row.Schema.Name)
	}
	start, _ := fieldOf(s.Row, s.Row.Schema.Interval[0])
	end, _ := fieldOf(s.Row, s.Row.Schema.Interval[1])
	if start.T == Date { // the last civil day of an interval of dates still belongs to it
		day := &DateOf{at}
		s.On = append(s.On, &Binary{"<=", start, day}, &Binary{">=", end, day})
		return nil
	}
	s.On = append(s.On, &Binary{"<=", start, at}, &Binary{">", end, at})
	return nil
}

func (p *parser) joins(s *Set, t token) error {
	if p.take("of") {
		return p.parent(s)
	}
	if p.take("on") {
		x, err := p.inside(s, func() (Expr, error) { return p.typed(Bool) })
		s.On = Conjuncts(x)
		return err
	}
	// Without "on", the set's register must name the item's key in exactly one field.
	var found []Expr
	for _, r := range p.plan.Sources {
		if r.Kind != FromRegister || len(r.Schema.Key) != 1 {
			continue
		}
		for _, f := range s.Row.Schema.Fields {
			if f.Ref == r.Schema.Name {
				own, _ := fieldOf(s.Row, f.Name)
				key, _ := fieldOf(r, r.Schema.Key[0])
				found = append(found, &Binary{"=", own, key})
			}
		}
	}
	if len(found) != 1 {
		return p.errAt(t, "how %s belong to the item is not clear (%d fields name it); expected: %s on FIELD = ...", t.text, len(found), t.text)
	}
	s.On = found
	return nil
}

func (p *parser) parent(s *Set) error {
	t, err := p.name("a set")
	if err != nil {
		return err
	}
	parent := p.sets[t.text]
	if parent == nil {
		return p.errAt(t, "there is no set %q%s", t.text, suggest(t.text, p.setNames()))
	}
	if len(parent.Row.Schema.Key) != 1 {
		return p.errAt(t, "%s has a key of several fields; rows of its rows cannot be found", t.text)
	}
	s.Of = parent
	parent.Row.Parent = true
	key, _ := fieldOf(parent.Row, parent.Row.Schema.Key[0])
	if p.take("by") {
		ft, err := p.name("a field")
		if err != nil {
			return err
		}
		own, err := p.rowField(s.Row, ft)
		if err != nil {
			return err
		}
		if own.T != key.T {
			return p.errAt(ft, "%s is a %s, but the key of %s is a %s", ft.text, own.T, t.text, key.T)
		}
		s.On = []Expr{&Binary{"=", own, key}}
		return nil
	}
	for _, f := range s.Row.Schema.Fields {
		if f.Ref == parent.Row.Schema.Name {
			own, _ := fieldOf(s.Row, f.Name)
			s.On = append(s.On, &Binary{"=", own, key})
		}
	}
	if len(s.On) != 1 {
		return p.errAt(t, "%d fields of %s name a row of %s; expected: of %s by FIELD", len(s.On), s.Row.Schema.Name, t.text, t.text)
	}
	return nil
}
