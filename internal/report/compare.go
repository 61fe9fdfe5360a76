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

// passage is a piece of a section that is compared as one: a paragraph, an item of a list, a term, a row of a table.
type passage struct {
	key   string // what it is found again by; empty: by its text
	what  string
	under string
	at    string
	text  string
	cells []string // of a row
	cols  []Column
	figs  []Figure
}

// whole is what a passage says, as it is compared.
func (p passage) whole() string { return p.text + "\x00" + strings.Join(p.cells, "\x00") }

type groups struct {
	order []string
	byID  map[string][]passage
}

// groupsOf cuts a section at its headings and tables: what stands under one is compared with what stands under the same.
func groupsOf(s *Section) groups {
	g := groups{byID: map[string][]passage{}}
	at, under := s.ID, s.Title
	put := func(id string, list ...passage) {
		if _, ok := g.byID[id]; !ok {
			g.order = append(g.order, id)
			g.byID[id] = nil
		}
		for _, p := range list {
			if p.under == "" {
				p.under = under
			}
			if p.at == "" {
				p.at = at
			}
			g.byID[id] = append(g.byID[id], p)
		}
	}
	for _, b := range s.Blocks {
		switch {
		case b.Heading != nil:
			at, under = b.Heading.ID, strings.TrimSpace(b.Heading.Label+" "+b.Heading.Text)
			put(at, passage{key: "heading", text: strings.TrimSpace(under + " " + b.Heading.Word)})
		case b.Table != nil:
			put("table "+b.Table.ID, rowsOf(b.Table)...)
		case b.Chart != nil:
			put("table "+b.Chart.ID, barsOf(b.Chart)...)
		case b.Drawing != nil:
			put(at, passage{key: "drawing " + b.Drawing.ID, text: b.Drawing.Caption.String() + "\n" + b.Drawing.Alt})
		default:
			put(at, passagesOf(b)...)
		}
	}
	return g
}

func line(rs Runs) passage {
	p := passage{text: rs.String()}
	for _, r := range rs {
		if r.Figure != nil {
			p.figs = append(p.figs, *r.Figure)
		}
	}
	return p
}

func passagesOf(b Block) []passage {
	var out []passage
	switch {
	case b.Paragraph != nil:
		out = append(out, line(b.Paragraph))
	case b.List != nil:
		for _, l := range b.List {
			out = append(out, line(l))
		}
	case b.Note != nil:
		p := line(b.Note.Text)
		p.text = b.Note.Title + ". " + p.text
		out = append(out, p)
		for _, l := range b.Note.List {
			out = append(out, line(l))
		}
	case b.Statement != nil:
		p := line(b.Statement.Text)
		p.key, p.what = "statement "+b.Statement.Label, b.Statement.Label
		out = append(out, p)
	case b.Verbatim != nil:
		for l := range strings.SplitSeq(b.Verbatim.Text, "\n") {
			out = append(out, passage{text: l})
		}
	case b.Terms != nil:
		for _, t := range b.Terms.Items {
			p := line(t.Value)
			p.key, p.what = "term "+t.Name, t.Name
			out = append(out, p)
		}
	}
	return out
}

// rowsOf are a table's caption and rows. A row is found again by its first cell that says something, and its place among those that say
// the same.
func rowsOf(t *Table) []passage {
	caption := line(t.Caption)
	caption.key, caption.at, caption.under = "caption", t.ID, t.Caption.String()
	out := []passage{caption}
	seen := map[string]int{}
	for _, r := range t.Rows {
		p := passage{at: t.ID, under: caption.under, cols: t.Columns}
		for _, c := range r.Cells {
			x := line(c)
			p.cells, p.figs = append(p.cells, x.text), append(p.figs, x.figs...)
			if p.what == "" {
				p.what = strings.TrimSpace(x.text)
			}
		}
		seen[p.what]++
		p.key = "row " + p.what + " " + strconv.Itoa(seen[p.what])
		out = append(out, p)
	}
	return out
}

func barsOf(c *Chart) []passage {
	caption := line(c.Caption)
	caption.key, caption.at, caption.under = "caption", c.ID, c.Caption.String()
	out := []passage{caption}
	cols := []Column{{Title: "Month"}, {Title: "Items", Number: true}, {Title: "Deviating", Number: true}, {Title: "Undecided", Number: true}}
	for _, b := range c.Bars {
		out = append(out, passage{key: "row " + b.Month, what: b.Month, at: c.ID, under: caption.under, cols: cols,
			cells: []string{b.Month, Count(b.Total), Count(b.Deviating), Count(b.Undecided)}})
	}
	return out
}

// passages compares what stands under one heading: what has a name by that, the rest by its text and place.
func passages(was, is []passage) (out []Change, figures []FigureChange, same int) {
	names := func(list []passage) []string {
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
	a, b := names(was), names(is)
	inA, inB := map[string]int{}, map[string]int{}
	for i, n := range a {
		inA[n] = i
	}
	for j, n := range b {
		inB[n] = j
	}
	pair := func(p, q *passage) {
		if p.whole() == q.whole() && slices.EqualFunc(p.cols, q.cols, func(x, y Column) bool { return x.Title == y.Title }) {
			same++
			return
		}
		out = append(out, changed(*p, *q))
		figures = append(figures, moved(*p, *q)...)
	}
	var gone, come []int // texts that have no name and no like, since the last that has
	flush := func() {
		n := min(len(gone), len(come))
		for k := range n {
			p, q := was[gone[k]], is[come[k]]
			if alike(Words(p.text, q.text)) {
				pair(&p, &q)
				continue
			}
			out = append(out, alone(p, Removed), alone(q, Added))
		}
		for _, i := range gone[n:] {
			out = append(out, alone(was[i], Removed))
		}
		for _, j := range come[n:] {
			out = append(out, alone(is[j], Added))
		}
		gone, come = nil, nil
	}
	for _, name := range sequence(a, b) {
		i, had := inA[name]
		j, has := inB[name]
		switch {
		case had && has:
			flush()
			pair(&was[i], &is[j])
		case had && was[i].key != "":
			flush()
			out = append(out, alone(was[i], Removed))
		case has && is[j].key != "":
			flush()
			out = append(out, alone(is[j], Added))
		case had:
			gone = append(gone, i)
		default:
			come = append(come, j)
		}
	}
	flush()
	return out, figures, same
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
