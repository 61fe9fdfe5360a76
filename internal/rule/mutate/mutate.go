// Package mutate makes small changes to a rule, one at a time, so that a test can ask of each
// whether some case notices it. A change that no case notices is a part of the rule that nothing
// holds in place.
//
// Rules are changed in their text and parsed again. That keeps every mutant inside the language
// and its types (what the parser refuses is no mutant), changes a named value or set wherever it
// is used, and gives an author the line as it would read.
package mutate

import (
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/rule"
)

// Mutant is a rule with one change.
type Mutant struct {
	Name string // what was changed and where; unique in the rule, and the same when lines move
	Line int    // of the change, counted from 1 at the start of the rule's text
	Text string // the whole rule, changed
	Plan *rule.Plan
	was  string
}

// Of lists the mutants of a rule, which parse reads; file names it in errors. It fails when the rule does not parse, and when it has a word or
// an expression that this package was not taught to change: a language that grows must be told to
// grow here too, or its new parts would go untested.
func Of(file, text string, schemas rule.Schemas, parse func(text string) (*rule.Plan, error)) ([]Mutant, error) {
	plan, err := parse(text)
	if err != nil {
		return nil, err
	}
	plan.Walk(func(x rule.Expr) {
		if err == nil && !taught(x) {
			err = fmt.Errorf("%s: the mutator does not know expressions of the kind %T; teach package mutate how to change one", file, x)
		}
	})
	if err != nil {
		return nil, err
	}
	toks, err := lex(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m := &maker{text: text, parse: parse, schemas: schemas, toks: toks, seen: map[string]bool{}, names: map[string]int{}}
	if err := m.vocabulary(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m.clauses()
	return m.out, nil
}

// taught lists the kinds of expressions whose changes are made by the words that stand for them.
func taught(x rule.Expr) bool {
	switch x.(type) {
	case *rule.Lit, *rule.Named, *rule.Field, *rule.Binary, *rule.Not, *rule.Known, *rule.In, *rule.PersonOf, *rule.Owned,
		*rule.Exists, *rule.Count, *rule.Extreme, *rule.First, *rule.Pick, *rule.DateOf, *rule.Edge, *rule.KnownAt, *rule.Never, *rule.Given,
		*rule.Either, *rule.Units, *rule.PeriodEdge, *rule.ItemKey, *rule.Inspected:
		return true
	}
	return false
}

// Diff shows the lines that the change touches, as written and as changed.
func (m Mutant) Diff() string {
	was, is := strings.Split(m.was, "\n"), strings.Split(m.Text, "\n")
	from := 0
	for from < len(was) && from < len(is) && was[from] == is[from] {
		from++
	}
	end := 0
	for end < len(was)-from && end < len(is)-from && was[len(was)-1-end] == is[len(is)-1-end] {
		end++
	}
	var b strings.Builder
	for _, l := range was[from : len(was)-end] {
		b.WriteString("    - " + strings.TrimSpace(l) + "\n")
	}
	for _, l := range is[from : len(is)-end] {
		b.WriteString("    + " + strings.TrimSpace(l) + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// maker collects the mutants of one rule.
type maker struct {
	text    string
	parse   func(text string) (*rule.Plan, error)
	schemas rule.Schemas
	toks    []token
	label   string // the clause that is being changed
	seen    map[string]bool
	names   map[string]int
	out     []Mutant
}

// edit replaces the tokens from i up to, not including, j.
type edit struct {
	i, j int
	by   string
}

// try adds the mutant that the edits make, given from the left, and reports whether the language
// takes it. What says is how the change is called.
func (m *maker) try(says string, edits ...edit) bool {
	var b strings.Builder
	at := 0
	for _, e := range edits {
		from, to := m.toks[e.i].pos, m.toks[e.i].pos
		if e.j > e.i {
			to = m.toks[e.j-1].end
		}
		kept := m.text[at:from]
		if e.by == "" { // no blanks where something was left out
			for to < len(m.text) && m.text[to] == ' ' {
				to++
			}
			if to < len(m.text) && strings.ContainsRune("):", rune(m.text[to])) {
				kept = strings.TrimRight(kept, " ")
			}
		}
		b.WriteString(kept)
		b.WriteString(e.by)
		at = to
	}
	b.WriteString(m.text[at:])
	text := b.String()
	if m.seen[text] || text == m.text {
		return true
	}
	plan, err := m.parse(text)
	if err != nil {
		return false
	}
	m.seen[text] = true
	name := m.label + ": " + says
	if m.names[name]++; m.names[name] > 1 {
		name += fmt.Sprintf(" (%d)", m.names[name])
	}
	m.out = append(m.out, Mutant{Name: name, Line: m.toks[edits[0].i].line, Text: text, Plan: plan, was: m.text})
	return true
}

// source is the text of tokens, on one line.
func (m *maker) source(i, j int) string {
	if i >= j {
		return ""
	}
	return strings.Join(strings.Fields(m.text[m.toks[i].pos:m.toks[j-1].end]), " ")
}
