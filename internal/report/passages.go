package report

import (
	"strconv"
	"strings"
)

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
			put(at, passage{key: "drawing " + b.Drawing.ID, text: bare(b.Drawing.Number, b.Drawing.Caption).String() + "\n" + b.Drawing.Alt})
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
	case b.Sign != nil:
		for _, l := range b.Sign.Lines {
			out = append(out, line(l))
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
	caption := line(bare(t.Number, t.Caption))
	caption.key, caption.at, caption.under = "caption", t.ID, caption.text
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
	caption := line(bare(c.Number, c.Caption))
	caption.key, caption.at, caption.under = "caption", c.ID, caption.text
	out := []passage{caption}
	cols := []Column{{Title: "Month"}, {Title: "Items", Number: true}, {Title: "Deviating", Number: true}, {Title: "Undecided", Number: true}}
	for _, b := range c.Bars {
		out = append(out, passage{key: "row " + b.Month, what: b.Month, at: c.ID, under: caption.under, cols: cols,
			cells: []string{b.Month, Count(b.Total), Count(b.Deviating), Count(b.Undecided)}})
	}
	return out
}
