package mutate

import (
	"fmt"
	"slices"
	"strings"
)

// words are those of the language that this package knows how to change, or knows that nothing is
// to be changed about them. A rule with any other word that names nothing stops the run.
var words = strings.Fields(`each cross as key in period by or during to open from due where let skip else check if and not
	exists none recorded count latest earliest first pick start end date of person owned human is known missing minutes hours days business months true false
	on known_at never unknown given weeks quarters halves years every distinct gaps spans either then performed inspect`)

// inspection is the set that the first performed or inspect names.
const inspection = "inspection"

// vocabulary refuses words that are neither known, nor names of something.
func (m *maker) vocabulary() error {
	names := map[string]bool{inspection: true}
	for _, r := range m.schemas.Names() {
		names[r] = true
		if s, ok := m.schemas.Schema(r); ok {
			for _, f := range s.Fields {
				names[f.Name] = true
			}
		}
	}
	for i, t := range m.toks {
		if i == 0 || t.kind != 'n' {
			continue
		}
		switch before := m.toks[i-1]; {
		case before.kind == 'p' && before.text == ".":
		case m.is(i-1, "as") || m.is(i-1, "let") || m.is(i-1, "check") || m.is(i-1, "performed") || m.is(i-1, "inspect"):
			names[t.text] = true
		case !names[t.text] && !slices.Contains(words, t.text):
			return fmt.Errorf("line %d: the mutator does not know the word %q; teach package mutate what it may become", t.line, t.text)
		}
	}
	return nil
}

func (m *maker) is(i int, text string) bool {
	return i >= 0 && i < len(m.toks) && m.toks[i].kind != 's' && m.toks[i].text == text
}

// opens are the words a clause begins with. "where" is one only where no set can take it.
var opens = []string{"key", "in", "during", "open", "due", "where", "let", "skip", "check", "performed", "inspect"}

// clauses cuts the rule into clauses and changes each.
func (m *maker) clauses() {
	skips := 0
	end := len(m.toks) - 1
	for i := 0; i < end; {
		j := m.clauseEnd(i, end)
		m.label = m.toks[i].text
		switch m.label {
		case "key":
			// Every change of a key gives items another name, which every case notices.
		case "each":
			m.each(i, j)
		case "in":
			m.label = "in period"
			m.period(i+3, j)
		case "during", "open":
			m.interval(i, j)
		case "due":
			m.deadline(i+1, j)
			m.condition(i+1, j, false)
		case "where":
			m.condition(i+1, j, true)
		case "let":
			m.label += " " + m.toks[i+1].text
			m.set(i+3, j)
		case "skip":
			skips++
			m.label += fmt.Sprintf(" %d", skips)
			m.skip(i, j)
		case "check":
			m.label += " " + m.toks[i+1].text
			m.check(i, j)
		case "performed", "inspect":
			m.label += " " + m.toks[i+1].text
			m.person(i, j)
		}
		i = j
	}
}

// clauseEnd finds where the clause that begins at i ends.
func (m *maker) clauseEnd(i, end int) int {
	set := false // a set that has not had its "where"
	if m.is(i, "let") {
		_, reg := m.schemas.Schema(m.toks[i+3].text)
		set = (reg || m.isSet(m.toks[i+3].text, i)) && !m.is(i+4, ".")
	}
	for j := i + 1; j < end; j++ {
		t := m.toks[j]
		switch {
		case t.close > 0:
			j = t.close
		case m.is(j, "where") && set:
			set = false
		case m.is(j, "in") && !m.is(j+1, "period"), m.is(j-1, "."):
		case t.kind == 'n' && slices.Contains(opens, t.text):
			return j
		}
	}
	return end
}

// isSet reports whether a name was given to a set before token i.
func (m *maker) isSet(name string, i int) bool {
	if name == inspection {
		return true
	}
	for j := 0; j+3 < i; j++ {
		if m.is(j, "let") && m.toks[j+1].text == name {
			first := m.toks[j+3].text
			_, reg := m.schemas.Schema(first)
			return (reg || m.isSet(first, j)) && !m.is(j+4, ".")
		}
	}
	return false
}

// each changes what the items are made of: the months of a round, its start, what tells things apart.
func (m *maker) each(i, j int) {
	for k := i; k < j; k++ {
		switch {
		case m.toks[k].kind == 'i':
			m.number(k)
		case m.is(k, "from"):
			e := k + 1
			for e < j && !m.is(e, "as") {
				e++
			}
			m.shift(k+1, e, "")
		case m.is(k, "by"):
			e := k + 1
			for e < j && !m.is(e, "as") {
				e++
			}
			m.dropItems(k+1, e)
		}
	}
}

// period takes the other alternatives of the time that places an item, and moves it.
func (m *maker) period(i, j int) {
	var cuts []int
	for k := i; k < j; k++ {
		if m.toks[k].close > 0 {
			k = m.toks[k].close
		} else if m.is(k, "or") {
			cuts = append(cuts, k)
		}
	}
	from := i
	for n, c := range append(slices.Clone(cuts), j) {
		if len(cuts) > 0 && n < len(cuts) {
			m.try("without "+m.source(from, c), edit{from, c + 1, ""})
			next := j
			if n+1 < len(cuts) {
				next = cuts[n+1]
			}
			m.try("the other order", edit{from, c, m.source(c+1, next)}, edit{c + 1, next, m.source(from, c)})
		} else if len(cuts) > 0 {
			m.try("without "+m.source(from, c), edit{from - 1, c, ""})
		}
		from = c + 1
	}
	if len(cuts) == 0 {
		without := ""
		if m.is(i, "start") && m.is(i+2, "period") && i+3 == j {
			without = "+" // an hour later still lies in the period
		}
		m.shift(i, j, without)
	} else { // all of them together, or the first alternative alone could be moved unseen
		for _, s := range []string{" + 1 hours", " - 1 hours", " + 1 days", " - 1 days"} {
			var edits []edit
			from := i
			for _, c := range append(slices.Clone(cuts), j) {
				edits = append(edits, edit{from, c, m.source(from, c) + s})
				from = c + 1
			}
			m.try("moved by"+s, edits...)
		}
	}
	m.tokens(i, j)
}

// interval moves both ends of "during A to B" and "open from A to B".
func (m *maker) interval(i, j int) {
	from := i + 1
	if m.is(from, "from") {
		from++
		m.try("drop", edit{i, j, ""})
	}
	to := from
	for to < j && !m.is(to, "to") {
		if m.toks[to].close > 0 {
			to = m.toks[to].close
		}
		to++
	}
	// A period begins and ends where days do: an interval from the start or the end of a day touches
	// the same periods when it begins an hour later, and one to there when it ends an hour earlier.
	// The period's own start and end may move either way. What is open has also begun by the known-at
	// time, which is any.
	without := ""
	switch {
	case m.is(i, "open"):
	case m.is(from, "start") && m.is(from+2, "period") && from+3 == to:
		without = "+-"
	case m.turn(from, to):
		without = "+"
	}
	m.shift(from, to, without)
	without = ""
	switch {
	case m.is(to+1, "end") && m.is(to+3, "period") && to+4 == j:
		without = "+-"
	case m.turn(to+1, j):
		without = "-"
	}
	m.shift(to+1, j, without)
	m.tokens(i, j)
}

// turn reports whether the tokens from i up to j are "start of ..." or "end of ..." and nothing
// more: an instant at which a civil day begins.
func (m *maker) turn(i, j int) bool {
	if !(m.is(i, "start") || m.is(i, "end")) || !m.is(i+1, "of") {
		return false
	}
	for k := i + 2; k < j; k++ {
		switch {
		case m.toks[k].close > 0:
			k = m.toks[k].close
		case m.toks[k].kind != 'n' && !m.is(k, "."):
			return false
		}
	}
	return true
}

// shift moves a time by an hour, or a date by a day, in both directions but those of without, which
// change nothing.
func (m *maker) shift(i, j int, without string) {
	for _, sign := range []string{"+", "-"} {
		if strings.Contains(without, sign) {
			continue
		}
		x := m.source(i, j)
		for _, unit := range []string{"hours", "days"} {
			s := " " + sign + " 1 " + unit
			if m.try(x+s, edit{i, j, "(" + x + ")" + s}) {
				break
			}
		}
	}
}

// deadline moves the time at which an item falls due by a day, both ways.
func (m *maker) deadline(i, j int) {
	x := m.source(i, j)
	for _, s := range []string{" + 24 hours", " - 24 hours"} {
		m.try(x+s, edit{i, j, "(" + x + ")" + s})
	}
}

func (m *maker) skip(i, j int) {
	e := j - 2 // "else" 'why'
	m.try("drop", edit{i, j, ""})
	m.condition(i+1, e, false)
}

// check changes what stands after the letter and the words of an attribute.
func (m *maker) check(i, j int) {
	colon := i + 3
	for !m.is(colon, ":") {
		if m.toks[colon].close > 0 {
			colon = m.toks[colon].close
		}
		colon++
	}
	e := j - 2
	if m.is(i+3, "if") {
		m.try("drop if "+m.source(i+4, colon), edit{i + 3, colon, ""})
		m.condition(i+4, colon, false)
	}
	m.try("always true", edit{colon + 1, e, "true"})
	m.condition(colon+1, e, false)
}

// person changes what stands around an attribute that a person's inspection answers.
func (m *maker) person(i, j int) {
	from := i + 3
	for from < j && !m.is(from, "from") {
		if m.toks[from].close > 0 {
			from = m.toks[from].close
		}
		from++
	}
	if m.is(i+3, "if") {
		m.try("drop if "+m.source(i+4, from), edit{i + 3, from, ""})
		m.condition(i+4, from, false)
	}
	m.try("always true", edit{i, j, "check " + m.source(i+1, from) + ": true else 'never said'"})
	if from == j {
		return
	}
	to, e := from, j
	for !m.is(to, "to") {
		if m.toks[to].close > 0 {
			to = m.toks[to].close
		}
		to++
	}
	if m.is(j-2, "else") {
		e = j - 2
	}
	for _, day := range [][2]int{{from + 1, to}, {to + 1, e}} {
		m.shift(day[0], day[1], "")
		m.condition(day[0], day[1], false)
	}
}
