package pdf

import (
	"math"

	"github.com/assayhq/assay/internal/report"
)

// cell is a part of a row, its text broken into lines.
type cell struct {
	x, width float64
	leading  float64
	right    bool // aligned at its right edge
	lines    []line
	low      bool // stands at the foot of the row
}

// row is cells side by side that may go on upon the next page.
type row struct {
	id    string
	pad   float64
	cells []cell
	rule  *color // below it
	thick float64
	last  bool
	part  bool // goes on upon the next page
}

func (r *row) height() float64 {
	h := 0.0
	for _, c := range r.cells {
		h = max(h, float64(len(c.lines))*c.leading)
	}
	return h + 2*r.pad
}

func (r *row) count() (n int) {
	for _, c := range r.cells {
		n = max(n, len(c.lines))
	}
	return n
}

// together is the number of lines up to which a row stays in one piece.
const together = 6

func (r *row) slab(d *doc) *slab {
	s := &slab{height: r.height(), draw: func(p *page, y float64) { d.drawRow(p, r, y) }}
	if r.count() > together {
		s.least = 2*r.pad + 3*r.leading()
		s.split = func(room float64) (first, rest *slab) { return r.split(d, room) }
	}
	return s
}

func (r *row) leading() (h float64) {
	for _, c := range r.cells {
		h = max(h, c.leading)
	}
	return h
}

// split cuts a row between lines: at least three stay above, at least two go on.
func (r *row) split(d *doc, room float64) (first, rest *slab) {
	total := r.count()
	n := min(int((room-2*r.pad)/r.leading()), total)
	if total-n == 1 {
		n--
	}
	if n < 3 {
		return nil, nil
	}
	a, b := *r, *r
	a.part = true
	b.id = ""
	a.cells, b.cells = make([]cell, len(r.cells)), make([]cell, len(r.cells))
	for i, c := range r.cells {
		up, down := c, c
		k := min(n, len(c.lines))
		up.lines, down.lines = c.lines[:k], c.lines[k:]
		a.cells[i], b.cells[i] = up, down
	}
	if n >= total {
		a.part = false
		return a.slab(d), nil
	}
	return a.slab(d), b.slab(d)
}

func (d *doc) drawRow(p *page, r *row, y float64) {
	if r.id != "" {
		d.anchor(r.id, p, y)
	}
	for _, c := range r.cells {
		top := y + r.pad
		if c.low {
			top += r.height() - 2*r.pad - float64(len(c.lines))*c.leading
		}
		for i, l := range c.lines {
			x := c.x
			if c.right {
				x += c.width - l.width
			}
			d.drawLine(p, l, x, top+float64(i)*c.leading+c.leading*0.74)
		}
	}
	if r.rule != nil && !r.part && !r.last {
		p.decor(layoutArt)
		bottom := y + r.height()
		p.rule(d.sheet.left, bottom, d.sheet.left+d.width, bottom, max(r.thick, 0.5), *r.rule)
	}
}

// space between columns
const gutter = 9

func (d *doc) caption(n *node, id string, rs report.Runs, more func(c *composer)) {
	c := d.compose(n).runs(rs, caption)
	if more != nil {
		more(c)
	}
	slabs := d.lines(c.tokens, d.sheet.left, d.width, 12.4)
	d.named(slabs, id)
	for _, s := range slabs {
		s.keep = true
	}
	d.stack(slabs, 12, 3)
}

func (d *doc) table(up *node, t *report.Table) {
	tab := up.child("Table")
	outer := d.where
	d.where = d.heads + t.Caption.String()
	defer func() { d.where = outer }()
	d.caption(tab.child("Caption"), t.ID, t.Caption, func(c *composer) {
		if t.Total > 0 && t.Shown < t.Total {
			c.text(" · first "+report.Count(t.Shown)+" of "+report.Count(t.Total)+"; all are in ", caption, false, nil)
			c.text(t.All, style{medium, caption.size, accent}, true, c.link(t.All, t.All))
		}
	})
	if len(t.Columns) == 0 {
		return
	}
	heads, rows := d.headCells(tab, t), d.bodyCells(tab, t)
	xs, ws := d.columns(t, heads, rows)
	lay := func(cells [][]token, lead float64) []cell {
		out := make([]cell, len(cells))
		for i, tokens := range cells {
			out[i] = cell{x: xs[i], width: ws[i], leading: lead, right: t.Columns[i].Number, lines: d.breakLines(tokens, ws[i])}
		}
		return out
	}
	headRow := &row{pad: 3.2, cells: lay(heads, 10.2), rule: &lineStrong, thick: 0.9}
	for i := range headRow.cells {
		headRow.cells[i].low = true
	}
	head := headRow.slab(d)
	head.split = nil
	again := &slab{height: head.height, draw: func(p *page, y float64) { d.redraw(p, headRow, y) }}
	head.keep = len(rows) > 0
	d.put(head)
	var first, last []*slab // what may have to stay together, at the table's beginning and at its end
	for i, cells := range rows {
		r := &row{id: t.Rows[i].ID, pad: 3.1, cells: lay(cells, smallLeading), rule: &hairline}
		s := r.slab(d)
		s.head = again
		rows[i] = nil
		switch {
		case i < few:
			first = append(first, s)
		case len(rows)-i <= few:
			last = append(last, s)
		default:
			d.stack(d.joined(first, 4, 2), 0, 0)
			first = nil
			d.put(s)
		}
	}
	end := 2
	if d.last && len(rows) > 2*few {
		end = few - 2 // what stands on a page of its own at the end of a section is more than a line or two
	}
	d.stack(d.joined(append(first, last...), 4, end), 0, 16)
}

// few is how many rows of a table are held back until it is known what they stay together with.
const few = 8

// joined keeps rows together: all of them where they take less than a part of a page, and else the first two and the last few, so that
// none stands alone under the head of a table, at the foot of a page or at the head of one.
func (d *doc) joined(rows []*slab, part float64, end int) []*slab {
	total := 0.0
	for _, s := range rows {
		total += s.height
	}
	for i, s := range rows {
		s.keep = i+1 < len(rows) && (total < d.sheet.room()/part || i == 0 || i >= len(rows)-end)
	}
	return rows
}

// redraw draws the head of a table once more, for the eye alone.
func (d *doc) redraw(p *page, r *row, y float64) {
	p.close()
	p.mute = repeatArt
	d.drawRow(p, r, y)
	p.mute = ""
}

func (d *doc) headCells(tab *node, t *report.Table) [][]token {
	tr := tab.child("THead").child("TR")
	out := make([][]token, len(t.Columns))
	for i, col := range t.Columns {
		th := tr.child("TH")
		th.attrs = "/A " + d.scope("Column").String()
		title := col.Title
		if title == "" {
			title = "Letter"
		}
		out[i] = d.compose(th).text(title, style{medium, 7.8, soft}, false, nil).tokens
	}
	return out
}

func (d *doc) bodyCells(tab *node, t *report.Table) [][][]token {
	if len(t.Rows) == 0 {
		return nil
	}
	tbody := tab.child("TBody")
	out := make([][][]token, len(t.Rows))
	for i, r := range t.Rows {
		tr := tbody.child("TR")
		cells := make([][]token, len(t.Columns))
		for j := range t.Columns {
			n := tr.child("TD")
			st := small
			if j == 0 {
				n.role, n.attrs = "TH", "/A "+d.scope("Row").String()
			}
			if j < len(r.Cells) {
				cells[j] = d.compose(n).runs(r.Cells[j], st).tokens
			}
		}
		out[i] = cells
	}
	return out
}

// scope is the attribute object that says whether a header cell heads a column or a row; all share one.
func (d *doc) scope(of string) ref {
	if d.scopes[of] == 0 {
		d.scopes[of] = d.file.add("<</O/Table/Scope/" + of + ">>")
	}
	return d.scopes[of]
}

// columns finds the widths: each column has its longest word at least, and what its text asks for as far as there
// is room. Columns of numbers and narrow ones are not broken while others can be.
func (d *doc) columns(t *report.Table, heads [][]token, rows [][][]token) (xs, ws []float64) {
	n := len(t.Columns)
	room := d.width - gutter*float64(n-1)
	least, most := make([]float64, n), make([]float64, n)
	look := func(j int, tokens []token) {
		word, all := 0.0, 0.0
		for _, k := range tokens {
			all += k.width
			if word += k.width; k.space {
				word -= k.width
				least[j] = max(least[j], word)
				word = 0
			}
		}
		least[j], most[j] = max(least[j], word), max(most[j], all)
	}
	for j := range n {
		look(j, heads[j])
		if t.Columns[j].Number {
			most[j] = least[j] // long heads of numbers go onto several lines
		}
		for _, r := range rows {
			look(j, r[j])
		}
		switch c := t.Columns[j]; {
		case c.Narrow:
			least[j] = min(most[j], room*0.22)
		case c.Number:
			least[j] = min(least[j], room*0.22)
		case c.Wide:
			least[j] = max(min(least[j], room*0.3), min(most[j], room*0.28))
		default:
			least[j] = min(max(least[j], min(most[j], 56)), room*0.22) // what is longer than that is a key, and breaks anywhere
		}
	}
	ws = divide(least, most, room, t.Columns)
	xs = make([]float64, n)
	x := d.sheet.left
	for j := range n {
		xs[j] = x
		x += ws[j] + gutter
	}
	return xs, ws
}

// divide divides the room among the columns.
func divide(least, most []float64, room float64, cols []report.Column) []float64 {
	ws := make([]float64, len(least))
	var sumLeast, sumMost float64
	for j := range least {
		most[j] = max(most[j], least[j])
		sumLeast += least[j]
		sumMost += most[j]
	}
	switch {
	case sumMost <= room:
		// All fits: what is left goes to the columns of words.
		free, takers := room-sumMost, 0.0
		for j, c := range cols {
			if !c.Number && !c.Narrow {
				takers += most[j]
			}
		}
		for j, c := range cols {
			ws[j] = most[j]
			if takers > 0 && !c.Number && !c.Narrow {
				ws[j] += free * most[j] / takers
			}
		}
	case sumLeast >= room:
		// Not even the words fit: the widest columns give way, down to one width for all of them.
		low, high := 0.0, room
		for range 40 {
			mid, sum := (low+high)/2, 0.0
			for _, v := range least {
				sum += min(v, mid)
			}
			if sum > room {
				high = mid
			} else {
				low = mid
			}
		}
		for j := range ws {
			ws[j] = max(1, min(least[j], low))
		}
	default:
		stretch(ws, least, most, room-sumLeast, cols)
	}
	return ws
}

// stretch gives the columns what is left beyond their least, in equal shares, but none more than it asks for: those
// that ask for little get it, and the long texts share the rest, for they can break.
func stretch(ws, least, most []float64, free float64, cols []report.Column) {
	copy(ws, least)
	for range 4 * len(ws) {
		weights, sum := make([]float64, len(ws)), 0.0
		for j := range ws {
			switch {
			case ws[j] >= most[j]-0.01:
				continue
			case cols[j].Wide:
				weights[j] = 2
			case cols[j].Number:
				weights[j] = 0.4
			default:
				weights[j] = 1
			}
			weights[j] *= math.Sqrt(most[j] - ws[j])
			sum += weights[j]
		}
		if sum == 0 || free < 0.1 {
			return
		}
		given := 0.0
		for j := range ws {
			more := min(free*weights[j]/sum, most[j]-ws[j])
			ws[j] += more
			given += more
		}
		free -= given
	}
}
