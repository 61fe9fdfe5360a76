package pdf

import (
	"github.com/assayhq/assay/internal/report"
)

// The colours of text, as the pages have them: 4.5:1 and more on white.
var (
	ink        = color{0x1a, 0x1c, 0x20}
	soft       = color{0x4c, 0x50, 0x58}
	quiet      = color{0x65, 0x6a, 0x73}
	accent     = color{0x2d, 0x47, 0xc4}
	good       = color{0x1d, 0x67, 0x40}
	warn       = color{0x7d, 0x52, 0x00}
	bad        = color{0xa8, 0x20, 0x1a}
	hairline   = color{0xe4, 0xe3, 0xdd}
	lineStrong = color{0xc9, 0xc8, 0xc0}
	sunken     = color{0xf6, 0xf6, 0xf3}
	warnFill   = color{0xd9, 0x9a, 0x1c}
	ghost      = color{0xef, 0xef, 0xf1}
)

func markColor(m report.Mark) color {
	switch m {
	case report.MarkPass:
		return good
	case report.MarkDeviation:
		return bad
	case report.MarkUndecided, report.MarkUnproven, report.MarkGap, report.MarkBlocked:
		return warn
	}
	return quiet
}

// runs adds a line of the model, set in a style and its variants.
func (c *composer) runs(rs report.Runs, base style) *composer {
	for _, r := range rs {
		c.run(r, base)
	}
	return c
}

func (c *composer) run(r report.Run, st style) {
	var l *link
	if r.Link != "" {
		l = c.link(r.Link, r.Text)
	}
	switch {
	case r.Figure != nil:
		c.figure(r.Figure, st)
		return
	case r.Mark != "":
		col := markColor(r.Mark)
		c.icon(r.Mark, st.size, col)
		st.color = col
	case r.Link != "":
		st.color = accent
	case r.Code:
		st.cut, st.size = mono, st.size*0.86
	case r.Strong:
		st.cut = medium
	case r.Quiet:
		st.color = quiet
	}
	c.text(r.Text, st, r.Data || r.Code || r.Link != "", l)
}

// figure adds a number, which leads to the items that it counts, and its caveat beside it.
func (c *composer) figure(f *report.Figure, st style) {
	number, of := st, st
	number.cut, number.color, of.color = medium, accent, soft
	if f.Value == 0 {
		number.cut, number.color = st.cut, quiet
	}
	says := report.Count(f.Value)
	l := c.link(f.Link, report.Figure{Value: f.Value, Of: f.Of}.String())
	c.text(says, number, false, l)
	if f.Of != nil {
		c.text(" of "+report.Count(*f.Of), of, false, l)
	}
	if f.Caveat != "" {
		small := style{regular, st.size * 0.9, warn}
		c.text(" ", small, false, nil)
		c.icon(report.MarkUnproven, small.size, warn)
		c.text(f.Caveat, small, false, nil)
	}
}

func (c *composer) link(target, says string) *link {
	if target == "" {
		return nil
	}
	return &link{target: target, says: says, node: c.node.later("Link")}
}

// lines are the slabs of a text: at least two lines stay together at its start and at its end.
func (d *doc) lines(tokens []token, x, width, leading float64) []*slab {
	ls := d.breakLines(tokens, width)
	out := make([]*slab, len(ls))
	for i, l := range ls {
		out[i] = &slab{height: leading, keep: i+1 < len(ls) && (i == 0 || i == len(ls)-2 || len(ls) <= 3),
			draw: func(p *page, y float64) { d.drawLine(p, l, x, y+leading*0.74) }}
	}
	return out
}

// stack puts slabs one after the other, with empty space above and below.
func (d *doc) stack(slabs []*slab, before, after float64) {
	for i, s := range slabs {
		if i == 0 {
			s.before = max(s.before, before)
		}
		d.put(s)
	}
	d.gap(after)
}

// framed gives slabs a ground and a bar at their left. Boxes of less than a third of a page stay in one piece.
func (d *doc) framed(slabs []*slab, ground *color, bar color, pad float64) []*slab {
	total := 0.0
	for i, s := range slabs {
		inner, top, bottom := s.draw, 0.0, 0.0
		if i == 0 {
			top = pad
		}
		if i == len(slabs)-1 {
			bottom = pad
		}
		gap := s.before
		if i == 0 {
			gap = 0
		}
		s.before -= gap
		s.height += top + bottom + gap
		total += s.height
		h := s.height
		s.draw = func(p *page, y float64) {
			p.decor(layoutArt)
			if ground != nil {
				p.rect(d.sheet.left, y-0.3, d.width, h+0.6, *ground)
			}
			p.rect(d.sheet.left, y-0.3, 2.4, h+0.6, bar)
			if inner != nil {
				inner(p, y+top+gap)
			}
		}
	}
	if total < d.sheet.room()/3 {
		for i := range len(slabs) - 1 {
			slabs[i].keep = true
		}
	}
	return slabs
}
