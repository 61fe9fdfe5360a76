package mutate

// condition changes a condition or value: its operands, and everything below them. Where alone is
// set, an operand that stands alone may be dropped too.
func (m *maker) condition(i, j int, alone bool) {
	ors := m.split(i, j, "or")
	for n, o := range ors {
		if len(ors) > 1 {
			m.dropOperand(ors, n)
		}
		ands := m.split(o[0], o[1], "and")
		for k, a := range ands {
			switch {
			case len(ands) > 1:
				m.dropOperand(ands, k)
			case len(ors) == 1 && alone:
				m.try("drop "+m.source(a[0], a[1]), edit{a[0], a[1], "true"})
			}
			m.negate(a[0], a[1])
		}
	}
	m.below(i, j)
}

// split cuts a condition at a word that stands in no bracket.
func (m *maker) split(i, j int, word string) [][2]int {
	var out [][2]int
	from := i
	for k := i; k < j; k++ {
		if m.toks[k].close > 0 {
			k = m.toks[k].close
		} else if m.is(k, word) && !m.is(k-1, ".") {
			out = append(out, [2]int{from, k})
			from = k + 1
		}
	}
	return append(out, [2]int{from, j})
}

// dropOperand leaves one operand out, with the word that joins it.
func (m *maker) dropOperand(list [][2]int, n int) {
	o := list[n]
	e := edit{o[0], o[1] + 1, ""}
	if n == len(list)-1 {
		e = edit{o[0] - 1, o[1], ""}
	}
	m.try("drop "+m.source(o[0], o[1]), e)
}

// negate turns a condition around, unless another change does the same: a comparison's own sign,
// "is known", exists and none, true, false and unknown, and the dropping of a "not".
func (m *maker) negate(i, j int) {
	if i >= j || m.is(i, "not") || m.is(i, "unknown") || m.is(i, "true") || m.is(i, "false") || m.is(j-1, "known") || m.is(j-1, "missing") {
		return
	}
	if (m.is(i, "exists") || m.is(i, "none")) && m.toks[i+1].close == j-1 {
		return
	}
	for k := i; k < j; k++ {
		if m.toks[k].close > 0 {
			k = m.toks[k].close
		} else if _, ok := comparisons[m.toks[k].text]; ok && m.toks[k].kind == 'p' {
			return
		}
	}
	m.try("not "+m.source(i, j), edit{i, j, "not (" + m.source(i, j) + ")"})
}

// below changes what stands in the brackets of a condition, then its words and signs.
func (m *maker) below(i, j int) {
	for k := i; k < j; k++ {
		e := m.toks[k].close
		if e == 0 {
			continue
		}
		switch {
		case m.is(k, "either"):
			then := k + 1
			for !m.is(then, "then") {
				if m.toks[then].close > 0 {
					then = m.toks[then].close
				}
				then++
			}
			m.condition(k+1, then, false)
			m.condition(then+1, e, false)
		case m.is(k-1, "exists") || m.is(k-1, "none") || m.is(k-1, "recorded") || m.is(k-1, "count"):
			m.set(k+1, e)
		case m.is(k-1, "in"):
			m.dropItems(k+1, e)
			m.tokens(k+1, e)
		case m.is(k-1, "first"):
			m.arguments(k+1, e)
		case m.is(k-1, "pick"):
			c := m.comma(k+1, e)
			m.condition(k+1, c, false)
			m.dropItems(c+1, e)
			m.tokens(c+1, e)
		default:
			m.condition(k+1, e, false)
		}
		k = e
	}
	m.tokens(i, j)
}

func (m *maker) comma(i, j int) int {
	for k := i; k < j; k++ {
		if m.toks[k].close > 0 {
			k = m.toks[k].close
		} else if m.is(k, ",") {
			return k
		}
	}
	return j
}

// dropItems leaves out each item of a list that commas part.
func (m *maker) dropItems(i, j int) {
	var items [][2]int
	for from := i; from <= j; {
		c := m.comma(from, j)
		items = append(items, [2]int{from, c})
		from = c + 1
	}
	if len(items) < 2 {
		return
	}
	for n := range items {
		m.dropOperand(items, n)
	}
}

// arguments leaves out each value of a first(...), and asks for them in the other order.
func (m *maker) arguments(i, j int) {
	if c := m.comma(i, j); c < j && m.comma(c+1, j) == j { // of one value there is no first
		m.try("without "+m.source(i, c), edit{i - 2, j + 1, "(" + m.source(c+1, j) + ")"})
		m.try("without "+m.source(c+1, j), edit{i - 2, j + 1, "(" + m.source(i, c) + ")"})
	} else {
		m.dropItems(i, j)
	}
	for from := i; from < j; {
		c := m.comma(from, j)
		if c < j {
			next := m.comma(c+1, j)
			m.try("first "+m.source(c+1, next), edit{from, c, m.source(c+1, next)}, edit{c + 1, next, m.source(from, c)})
		}
		m.condition(from, c, false)
		from = c + 1
	}
}

// set changes "REGISTER of SET on COND as of TIME where COND"; what does not begin like a set is a
// value with a name.
func (m *maker) set(i, j int) {
	marks := []int{}
	for k := i; k < j; k++ {
		switch {
		case m.toks[k].close > 0:
			k = m.toks[k].close
		case m.is(k, "on") || m.is(k, "where") || m.is(k, "as") && m.is(k+1, "of"):
			marks = append(marks, k)
		}
	}
	if len(marks) == 0 {
		m.condition(i, j, false)
		return
	}
	for n, k := range marks {
		e := j
		if n+1 < len(marks) {
			e = marks[n+1]
		}
		if m.is(k, "as") {
			m.try("drop "+m.source(k, e), edit{k, e, ""})
			m.shift(k+2, e, "")
			m.condition(k+2, e, false)
			continue
		}
		m.condition(k+1, e, true)
	}
}
