package report

import (
	"slices"
	"strconv"
	"strings"
)

// Comparison is what differs between two drafts. Text that came with the data is compared like our own.
type Comparison struct {
	Head     []Change // what stands on the cover: organization, system, time
	Sections []SectionChange
	Figures  []FigureChange
	Tests    []TestChange
	Open     []Change // points that were open and are not, or are and were not
}

// Empty reports whether two drafts say the same.
func (c Comparison) Empty() bool {
	return len(c.Head)+len(c.Figures)+len(c.Tests)+len(c.Open) == 0 && !slices.ContainsFunc(c.Sections, func(s SectionChange) bool { return len(s.Changes) > 0 })
}

// SectionChange is a section with what differs in it.
type SectionChange struct {
	ID, Number, Title string
	Op                Op // Same where both drafts have the section
	Changes           []Change
	Unchanged         int // passages and rows
}

// Counts says how many changes there are of each op.
func (s SectionChange) Counts() (added, removed, changed int) {
	for _, c := range s.Changes {
		switch c.Op {
		case Added:
			added++
		case Removed:
			removed++
		case Changed:
			changed++
		}
	}
	return added, removed, changed
}

// Change is a passage, or a row of a table, that differs.
type Change struct {
	Op    Op
	What  string   // of a row: the first cell; of a term: its name; else empty
	Under string   // the heading, or the caption of the table, under which it stands
	At    string   // anchor in the later draft, or in the earlier one where it was removed
	Cells []Column // of a row: its columns; else none
	Text  [][]Piece
}

// FigureChange is a figure that both drafts print at the same place, with other values.
type FigureChange struct {
	Under, Text string // where it stands, and the passage as it is now
	Was, Is     string
	At          string
}

// TestChange is a test of which the drafts count other verdicts. Was is nil where the test is new, Is where it is gone.
type TestChange struct {
	Control, Test string
	Version       int
	Was, Is       *Tally
	New, Closed   []string // keys of items that deviate now, and that no longer do
}

// Compare says what differs between an earlier and a later draft.
func Compare(was, is *Kept) Comparison {
	var c Comparison
	head := func(r *Report) []passage {
		out := []passage{{key: "Title", text: r.Title}, {key: "Subtitle", text: r.Subtitle}, {key: "Organization", text: r.Organization}, {key: "System", text: r.System}}
		if r.When != nil {
			out = append(out, passage{key: "Time", text: r.When.Words() + ", " + r.When.zone().String()})
		}
		for i := range out {
			out[i].what = out[i].key
		}
		return out
	}
	c.Head, _, _ = passages(head(&was.Report), head(&is.Report))
	c.Open, _, _ = passages(openOf(&was.Report), openOf(&is.Report))
	before, after := sectionsOf(&was.Report), sectionsOf(&is.Report)
	for _, id := range sequence(before.order, after.order) {
		s, figures := compareSections(before.byID[id], after.byID[id])
		c.Sections = append(c.Sections, s)
		c.Figures = append(c.Figures, figures...)
	}
	c.Tests = compareTests(was.Tests, is.Tests)
	return c
}

// openOf are the open points of a draft. One is found again by its rule and by what it is about, so that a count that fell is a change.
func openOf(r *Report) []passage {
	var out []passage
	seen := map[string]int{}
	for _, p := range r.Open {
		x := line(p.Text)
		x.key, x.under, x.at, x.figs = p.Rule+" "+p.Where, p.Rule, strings.TrimPrefix(p.Where, "#"), nil
		seen[x.key]++
		x.key += " " + strconv.Itoa(seen[x.key])
		out = append(out, x)
	}
	return out
}

type sections struct {
	order []string
	byID  map[string]*Section
}

func sectionsOf(r *Report) sections {
	x := sections{byID: map[string]*Section{}}
	for i := range r.Sections {
		s := &r.Sections[i]
		if x.byID[s.ID] == nil {
			x.order = append(x.order, s.ID)
			x.byID[s.ID] = s
		}
	}
	return x
}

func compareSections(was, is *Section) (SectionChange, []FigureChange) {
	var out SectionChange
	switch {
	case is == nil:
		out = SectionChange{ID: was.ID, Number: was.Number, Title: was.Title, Op: Removed}
		is = &Section{}
	case was == nil:
		out = SectionChange{ID: is.ID, Number: is.Number, Title: is.Title, Op: Added}
		was = &Section{}
	default:
		out = SectionChange{ID: is.ID, Number: is.Number, Title: is.Title, Op: Same}
	}
	before, after := groupsOf(was), groupsOf(is)
	var figures []FigureChange
	for _, id := range sequence(before.order, after.order) {
		list, moved, same := passages(before.byID[id], after.byID[id])
		out.Changes = append(out.Changes, list...)
		out.Unchanged += same
		figures = append(figures, moved...)
	}
	return out, figures
}

// matching compares what stands under one heading, in the order of the later draft.
type matching struct {
	out        []Change
	figures    []FigureChange
	same       int
	gone, come []passage // texts without a name and without their like, since the last that has one
}

// passages compares what stands under one heading: what has a name by that, the rest by its text and place.
func passages(was, is []passage) ([]Change, []FigureChange, int) {
	a, b := handles(was), handles(is)
	inA, inB := map[string]int{}, map[string]int{}
	for i, n := range a {
		inA[n] = i
	}
	for j, n := range b {
		inB[n] = j
	}
	var m matching
	for _, name := range sequence(a, b) {
		i, had := inA[name]
		j, has := inB[name]
		switch {
		case had && has:
			m.flush()
			m.pair(was[i], is[j])
		case had && was[i].key != "":
			m.flush()
			m.out = append(m.out, alone(was[i], Removed))
		case has && is[j].key != "":
			m.flush()
			m.out = append(m.out, alone(is[j], Added))
		case had:
			m.gone = append(m.gone, was[i])
		default:
			m.come = append(m.come, is[j])
		}
	}
	m.flush()
	return m.out, m.figures, m.same
}

// handles are what passages are found again by: each once.
func handles(list []passage) []string {
	seen, out := map[string]int{}, make([]string, len(list))
	for i, p := range list {
		if out[i] = "text " + p.whole(); p.key != "" {
			out[i] = "name " + p.key
		}
		seen[out[i]]++
		out[i] += "\x00" + strconv.Itoa(seen[out[i]])
	}
	return out
}

// pair takes two passages for one.
func (m *matching) pair(p, q passage) {
	if p.whole() == q.whole() && slices.EqualFunc(p.cols, q.cols, func(x, y Column) bool { return x.Title == y.Title }) {
		m.same++
		return
	}
	m.out = append(m.out, changed(p, q))
	m.figures = append(m.figures, moved(p, q)...)
}

// flush takes the texts that went and came at one place for changed ones where they are alike.
func (m *matching) flush() {
	n := min(len(m.gone), len(m.come))
	for k := range n {
		p, q := m.gone[k], m.come[k]
		if alike(Words(p.text, q.text)) {
			m.pair(p, q)
			continue
		}
		m.out = append(m.out, alone(p, Removed), alone(q, Added))
	}
	for _, p := range m.gone[n:] {
		m.out = append(m.out, alone(p, Removed))
	}
	for _, q := range m.come[n:] {
		m.out = append(m.out, alone(q, Added))
	}
	m.gone, m.come = nil, nil
}

// alone is a passage that only one draft has.
func alone(p passage, op Op) Change {
	c := Change{Op: op, What: p.what, Under: p.under, At: p.at, Cells: p.cols}
	if p.cells == nil {
		c.Text = [][]Piece{{{op, p.text}}}
	}
	for _, x := range p.cells {
		c.Text = append(c.Text, []Piece{{op, x}})
	}
	return c
}

// changed is a passage that reads otherwise. Cells are compared by their columns' titles: a column that came or went leaves the others.
func changed(p, q passage) Change {
	c := Change{Op: Changed, What: q.what, Under: q.under, At: q.at}
	if p.cells == nil && q.cells == nil {
		c.Text = [][]Piece{Words(p.text, q.text)}
		return c
	}
	title := func(x passage) (out []string) {
		for i := range x.cells {
			name := strconv.Itoa(i)
			if i < len(x.cols) && x.cols[i].Title != "" {
				name = x.cols[i].Title
			}
			if slices.Contains(out, name) {
				name += " " + strconv.Itoa(i)
			}
			out = append(out, name)
		}
		return out
	}
	a, b := title(p), title(q)
	for _, name := range sequence(a, b) {
		i, j := slices.Index(a, name), slices.Index(b, name)
		var col Column
		var was, is string
		if i >= 0 {
			was = p.cells[i]
			if i < len(p.cols) {
				col = p.cols[i]
			}
		}
		if j >= 0 {
			is = q.cells[j]
			if j < len(q.cols) {
				col = q.cols[j]
			}
		}
		c.Cells, c.Text = append(c.Cells, col), append(c.Text, Words(was, is))
	}
	return c
}

// moved are the figures of a passage whose values differ. Where the passages do not hold as many, none is told to be the other's.
func moved(p, q passage) []FigureChange {
	if len(p.figs) != len(q.figs) {
		return nil
	}
	var out []FigureChange
	for i := range q.figs {
		if was, is := p.figs[i].String(), q.figs[i].String(); was != is {
			text := q.text
			if q.what != "" {
				text = strings.TrimSpace(q.what + " " + text)
			}
			out = append(out, FigureChange{Under: q.under, Text: text, Was: was, Is: is, At: q.at})
		}
	}
	return out
}

// compareTests says of which tests the verdicts are counted otherwise.
func compareTests(was, is []Tally) []TestChange {
	type ref struct {
		control, test string
		version       int
	}
	by := map[ref]*Tally{}
	for i := range was {
		by[ref{was[i].Control, was[i].Test, was[i].Version}] = &was[i]
	}
	var out []TestChange
	for i := range is {
		t := &is[i]
		r := ref{t.Control, t.Test, t.Version}
		x := TestChange{Control: t.Control, Test: t.Test, Version: t.Version, Was: by[r], Is: t}
		delete(by, r)
		if x.Was == nil {
			x.New = slices.Clone(t.Deviations)
			out = append(out, x)
			continue
		}
		x.New, x.Closed = without(t.Deviations, x.Was.Deviations), without(x.Was.Deviations, t.Deviations)
		if len(x.New)+len(x.Closed) > 0 || !equalCounts(*x.Was, *t) {
			out = append(out, x)
		}
	}
	for i := range was {
		t := &was[i]
		if r := (ref{t.Control, t.Test, t.Version}); by[r] == t {
			out = append(out, TestChange{Control: t.Control, Test: t.Test, Version: t.Version, Was: t, Closed: slices.Clone(t.Deviations)})
		}
	}
	return out
}

func equalCounts(a, b Tally) bool {
	return a.Outcome == b.Outcome && a.Population == b.Population && a.Passed == b.Passed && a.Deviating == b.Deviating &&
		a.Undecided == b.Undecided && a.NotApplicable == b.NotApplicable
}

func without(list, other []string) []string {
	in := make(map[string]bool, len(other))
	for _, x := range other {
		in[x] = true
	}
	var out []string
	for _, x := range list {
		if !in[x] {
			out = append(out, x)
		}
	}
	return out
}
