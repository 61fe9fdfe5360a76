package mutate

import (
	"slices"
	"strconv"
	"strings"
)

// comparisons say what each sign may become: over the boundary, the other way, and the opposite.
var comparisons = map[string][]string{
	"=": {"<>"}, "<>": {"="},
	"<": {"<=", ">", ">="}, "<=": {"<", ">=", ">"},
	">": {">=", "<", "<="}, ">=": {">", "<=", "<"},
}

// opposites are words and signs that may stand where the other does.
var opposites = map[string]string{
	"and": "or", "or": "and", "exists": "none", "none": "exists", "latest": "earliest", "earliest": "latest",
	"true": "false", "false": "true", "+": "-", "-": "+", "*": "+",
}

// tokens changes the words, signs, numbers and texts that stand in no bracket between i and j.
func (m *maker) tokens(i, j int) {
	for k := i; k < j; k++ {
		t := m.toks[k]
		if t.close > 0 {
			k = t.close
			continue
		}
		here := func() string { return " in " + m.around(k, i, j) }
		switch {
		case t.kind == 'i':
			m.number(k)
		case t.kind == 's':
			m.literal(k)
		case m.is(k-1, "."):
		case comparisons[t.text] != nil && t.kind == 'p':
			for _, by := range comparisons[t.text] {
				m.try(t.text+" to "+by+here(), edit{k, k + 1, by})
			}
		case opposites[t.text] != "":
			by := opposites[t.text]
			m.try(t.text+" to "+by+here(), edit{k, k + 1, by})
		case m.is(k, "unknown"):
			m.try("unknown to true"+here(), edit{k, k + 1, "true"})
			m.try("unknown to false"+here(), edit{k, k + 1, "false"})
		case m.is(k, "not"):
			m.try("without not"+here(), edit{k, k + 1, ""})
		case m.is(k, "given") && m.toks[k+1].close > 0:
			m.try("without given"+here(), edit{k, k + 1, ""})
		case (m.is(k, "start") || m.is(k, "end")) && m.is(k+1, "of"):
			by := map[string]string{"start": "end", "end": "start"}[t.text]
			m.try(t.text+" to "+by+here(), edit{k, k + 1, by})
		case (m.is(k, "known") || m.is(k, "missing")) && m.is(k-1, "is"):
			by := map[string]string{"known": "missing", "missing": "known"}[t.text]
			m.try(t.text+" to "+by+here(), edit{k, k + 1, by})
		case m.is(k, "business") && m.is(k+1, "days"):
			m.counted(k)
			m.try("civil days"+here(), edit{k, k + 1, ""})
		case slices.Contains(units, t.text) && !m.is(k-1, "business"):
			m.counted(k)
		}
	}
}

// around is the operand that a token belongs to: enough to find the place again.
func (m *maker) around(k, i, j int) string {
	edge := func(n int) bool {
		return m.is(n, "and") || m.is(n, "or") || m.is(n, "where") || m.is(n, "on") || m.is(n, ",")
	}
	depth := 0
	from, to := k, k+1
	for ; from > i; from-- {
		if m.is(from-1, ")") {
			depth++
		} else if m.is(from-1, "(") {
			depth--
		}
		if depth == 0 && edge(from-1) {
			break
		}
	}
	for to < j && (m.toks[to].close > 0 || !edge(to)) {
		if m.toks[to].close > 0 {
			to = m.toks[to].close
		}
		to++
	}
	return m.source(from, to)
}

// number moves a number by one, both ways.
func (m *maker) number(k int) {
	n, err := strconv.ParseInt(m.toks[k].text, 10, 64)
	if err != nil {
		return
	}
	unit := ""
	for u := k + 1; u < len(m.toks) && m.toks[u].kind == 'n' && slices.Contains([]string{"business", "minutes", "hours", "days", "months"}, m.toks[u].text); u++ {
		unit += " " + m.toks[u].text
	}
	for _, by := range []int64{n + 1, n - 1} {
		if by >= 0 {
			s := strconv.FormatInt(by, 10)
			m.try(m.toks[k].text+unit+" to "+s, edit{k, k + 1, s})
		}
	}
}

// units are the words that make a number a length of time; "business" stands before "days".
var units = []string{"minutes", "hours", "days", "months"}

// counted moves a number that no one wrote, but that stands before a unit, by one both ways.
func (m *maker) counted(k int) {
	from := k - 1
	if m.toks[from].kind == 'i' { // a written one is moved by itself
		return
	}
	if m.is(from, ")") {
		for m.toks[from].close != k-1 {
			from--
		}
		if slices.Contains(functions, m.toks[from-1].text) && m.toks[from-1].kind == 'n' {
			from--
		}
	}
	for m.is(from-1, ".") {
		from -= 2
	}
	x := m.source(from, k)
	for _, s := range []string{x + " + 1", x + " - 1"} {
		m.try(s, edit{from, k, "(" + s + ")"})
	}
}

// functions that may give a number.
var functions = []string{"count", "latest", "earliest", "first", "pick"}

// literal puts another text in place of one: a neighbour where any text may stand, else another
// of the listed values, not one that stands beside it.
func (m *maker) literal(k int) {
	was := m.toks[k].text
	v := strings.Trim(was, "'")
	for _, by := range append([]string{v + "~"}, m.beside(k, v)...) {
		if m.try(was+" to '"+by+"'", edit{k, k + 1, "'" + by + "'"}) {
			return
		}
	}
}

// beside lists the values that closed fields may have where they may have v, and that do not
// stand within a few words of it.
func (m *maker) beside(k int, v string) []string {
	near := map[string]bool{}
	for n := k - 1; n > 0 && !m.is(n, "("); n-- {
		near[strings.Trim(m.toks[n].text, "'")] = true
	}
	for n := k + 1; n < len(m.toks) && !m.is(n, ")"); n++ {
		near[strings.Trim(m.toks[n].text, "'")] = true
	}
	var other, last []string
	for _, r := range m.schemas.Names() {
		s, ok := m.schemas.Schema(r)
		if !ok {
			continue
		}
		for _, f := range s.Fields {
			if !slices.Contains(f.Values, v) {
				continue
			}
			for _, x := range f.Values {
				switch {
				case x == v:
				case near[x]:
					last = append(last, x)
				default:
					other = append(other, x)
				}
			}
		}
	}
	return append(other, last...)
}
