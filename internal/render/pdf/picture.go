package pdf

import (
	"fmt"
	"math"

	"github.com/assayhq/assay/internal/report"
)

// round is how far the control points of a quarter of a circle lie, for a radius of one.
const round = 0.5523

// circle is a circle in the square of sixteen in which marks are drawn.
func circle(cx, cy, r float64) []verb {
	k := r * round
	return []verb{{"m", []float64{cx + r, cy}},
		{"c", []float64{cx + r, cy + k, cx + k, cy + r, cx, cy + r}}, {"c", []float64{cx - k, cy + r, cx - r, cy + k, cx - r, cy}},
		{"c", []float64{cx - r, cy - k, cx - k, cy - r, cx, cy - r}}, {"c", []float64{cx + k, cy - r, cx + r, cy - k, cx + r, cy}}, {"h", nil}}
}

func lineTo(at ...float64) []verb {
	out := []verb{{"m", at[:2]}}
	for i := 2; i < len(at); i += 2 {
		out = append(out, verb{"l", at[i : i+2]})
	}
	return out
}

// markShape draws the shapes that stand beside the words of a status on pages, so that both look the same.
func markShape(m report.Mark) (strokes, fills, knocked []verb) {
	ring := append(circle(8, 8, 6.6), verb{"S", nil})
	switch m {
	case report.MarkPass:
		strokes = append(ring, append(lineTo(5, 8.3, 7.1, 10.4, 11, 6.2), verb{"S", nil})...)
	case report.MarkDeviation:
		fills = append(lineTo(8, .6, 15.4, 8, 8, 15.4, .6, 8), verb{"f", nil})
		knocked = append(append(lineTo(5.9, 5.9, 10.1, 10.1), lineTo(10.1, 5.9, 5.9, 10.1)...), verb{"S", nil})
	case report.MarkUndecided:
		k := 6.6 * round
		strokes = ring
		fills = []verb{{"m", []float64{8, 1.4}}, {"c", []float64{8 + k, 1.4, 14.6, 8 - k, 14.6, 8}}, {"c", []float64{14.6, 8 + k, 8 + k, 14.6, 8, 14.6}}, {"h", nil}, {"f", nil}}
	case report.MarkUnproven:
		strokes = ring
	case report.MarkNone:
		strokes = append(ring, append(lineTo(5, 8, 11, 8), verb{"S", nil})...)
	case report.MarkGap:
		strokes = append(lineTo(8, 1.8, 15, 14.2, 1, 14.2), verb{"h", nil}, verb{"S", nil})
		strokes = append(strokes, append(lineTo(8, 6.4, 8, 9.6), verb{"S", nil})...)
		strokes = append(strokes, append(lineTo(8, 11.8, 8, 11.9), verb{"S", nil})...)
	case report.MarkBlocked:
		strokes = append(rounded(1.6, 1.6, 12.8, 12.8, 2.5), verb{"S", nil})
		strokes = append(strokes, append(lineTo(4.6, 11.4, 11.4, 4.6), verb{"S", nil})...)
	default:
		strokes = append(lineTo(4, 8, 12, 8), verb{"S", nil})
	}
	return strokes, fills, knocked
}

// rounded is a rectangle with round corners.
func rounded(x, y, w, h, r float64) []verb {
	r = max(0, min(r, w/2, h/2))
	k := r * (1 - round)
	return []verb{{"m", []float64{x + r, y}}, {"l", []float64{x + w - r, y}}, {"c", []float64{x + w - k, y, x + w, y + k, x + w, y + r}},
		{"l", []float64{x + w, y + h - r}}, {"c", []float64{x + w, y + h - k, x + w - k, y + h, x + w - r, y + h}},
		{"l", []float64{x + r, y + h}}, {"c", []float64{x + k, y + h, x, y + h - k, x, y + h - r}},
		{"l", []float64{x, y + r}}, {"c", []float64{x, y + k, x + k, y, x + r, y}}, {"h", nil}}
}

// drawMark draws a status into a square of the given side.
func (p *page) drawMark(m report.Mark, x, y, side float64, c color) {
	strokes, fills, knocked := markShape(m)
	scale := side / 16
	p.buf = append(p.buf, "q 1 J 1 j "+nums(1.5*scale)+" w\n"+c.op(true)+c.op(false)...)
	if m == report.MarkUnproven {
		p.buf = append(p.buf, "0 J ["+nums(2.6*scale, 2.2*scale)+"] 0 d\n"...)
	}
	p.path(x, y, scale, fills)
	p.path(x, y, scale, strokes)
	if len(knocked) > 0 {
		p.buf = append(p.buf, color{255, 255, 255}.op(true)...)
		p.path(x, y, scale, knocked)
	}
	p.buf = append(p.buf, "Q\n"...)
}

// drawing adds a picture: its caption above it, its words for those who do not see it.
func (d *doc) drawing(up *node, g *report.Drawing, legend []legendItem) {
	box := up.child("Div")
	d.caption(box.child("Caption"), g.ID, g.Caption, nil)
	fig := box.child("Figure")
	pic := &picture{g: g, scale: d.fit(g), labels: map[int]*shaped{}, space: d.fonts.shape(regular, " ", false)}
	// Labels are fitted now, so that what no font has is noted where it stands.
	for i, s := range g.Shapes {
		if s.Label != nil {
			pic.labels[i] = d.label(s.Label)
		}
	}
	w, h := g.Width*pic.scale, max(g.Height*pic.scale, 1)
	d.put(&slab{before: 4, height: h, keep: len(legend) > 0, draw: func(p *page, y float64) {
		x := d.sheet.left
		fig.attrs = fmt.Sprintf("/Alt%s/A<</O/Layout/Placement/Block/BBox[%s]>>", quote(g.Alt), nums(x, p.height-y-h, x+w, p.height-y))
		p.mark(fig)
		pic.draw(p, x, y)
	}})
	if len(legend) > 0 {
		d.legend(box, legend)
	}
	d.gap(10)
}

// fit is the scale at which a drawing fits between the margins; it is never enlarged.
func (d *doc) fit(g *report.Drawing) float64 {
	scale := 1.0
	if g.Width > d.width {
		scale = d.width / g.Width
	}
	if room := d.sheet.room() - 60; g.Height*scale > room {
		scale = room / g.Height
	}
	if !(scale > 0) || math.IsInf(scale, 0) {
		return 1
	}
	return scale
}

// picture is a drawing whose labels are fitted.
type picture struct {
	g      *report.Drawing
	scale  float64
	labels map[int]*shaped
	space  *shaped
}

// draw draws the shapes in their order.
func (c *picture) draw(p *page, x, y float64) {
	p.buf = append(p.buf, "q\n"...)
	p.filled = false
	for i, s := range c.g.Shapes {
		switch {
		case s.Box != nil:
			p.box(s.Box, x, y, c.scale)
		case s.Line != nil:
			p.line(s.Line, x, y, c.scale)
		case s.Label != nil:
			l, set := s.Label, c.labels[i]
			size := l.Size * c.scale
			at := x + l.X*c.scale
			switch l.Anchor {
			case report.Middle:
				at -= set.width * size / 2000
			case report.End:
				at -= set.width * size / 1000
			}
			// The space keeps it apart from the next label where both are read as text.
			p.glyphs(at, y+l.Y*c.scale, size, inkColor(l.Color), set, c.space)
		}
	}
	p.buf = append(p.buf, "Q\n"...)
	p.filled = false
}

// label shapes a label of a drawing, as far as it fits.
func (d *doc) label(l *report.Label) *shaped {
	c := regular
	if l.Strong {
		c = medium
	}
	part := *l
	part.Text = short(l.Text)
	text := part.Cut(func(s string) float64 { return d.visualSet(c, flat(s)).width * l.Size / 1000 })
	set := d.visualSet(c, flat(text))
	for _, r := range set.missing {
		d.miss(r)
	}
	return set
}

// visualSet is a text of one line with all its directions.
func (d *doc) visualSet(c cut, s string) *shaped {
	var ts []token
	for _, sp := range levels(s) {
		for _, w := range words(sp.text, false) {
			ts = append(ts, token{set: d.fonts.shape(c, w.text, sp.level%2 == 1), space: w.space, level: sp.level})
		}
	}
	out := &shaped{}
	for _, t := range visual(ts) {
		out.parts = append(out.parts, t.set.parts...)
		out.width += t.set.width
		out.missing = append(out.missing, t.set.missing...)
	}
	return out
}

func (p *page) box(b *report.Box, x, y, scale float64) {
	op := ""
	if b.Fill != "" {
		p.buf = append(p.buf, inkColor(b.Fill).op(false)...)
		op = "f"
	}
	if b.Stroke != "" {
		p.buf = append(p.buf, inkColor(b.Stroke).op(true)+nums(0.8*scale)+" w\n"...)
		op = map[string]string{"": "S", "f": "B"}[op]
	}
	p.filled = false
	if op == "" {
		return
	}
	if b.Radius > 0 {
		p.path(x, y, scale, append(rounded(b.X, b.Y, b.W, b.H, b.Radius), verb{op, nil}))
		return
	}
	p.buf = append(p.buf, nums(x+b.X*scale, p.height-y-(b.Y+b.H)*scale, b.W*scale, b.H*scale)+" re "+op+"\n"...)
}

func (p *page) line(l *report.Line, x, y, scale float64) {
	c := inkColor(l.Stroke)
	dash := "[] 0 d\n"
	if l.Dashed {
		dash = "[" + nums(4*scale, 3*scale) + "] 0 d\n"
	}
	p.buf = append(p.buf, c.op(true)+nums(l.Width*scale)+" w "+dash...)
	p.path(x, y, scale, append(lineTo(l.X1, l.Y1, l.X2, l.Y2), verb{"S", nil}))
	p.buf = append(p.buf, "[] 0 d\n"...)
	if l.Arrow {
		h := l.Head()
		p.buf = append(p.buf, c.op(false)...)
		p.filled = false
		p.path(x, y, scale, append(lineTo(h[0][0], h[0][1], h[1][0], h[1][1], h[2][0], h[2][1]), verb{"f", nil}))
	}
}

type legendItem struct {
	ink  report.Ink
	says string
}

// chartLegend says what the colours of a chart mean.
var chartLegend = []legendItem{{report.InkBar, "Items"}, {report.InkBad, "Deviating, counted above the bar"}, {report.InkWarn, "Undecided"}}

func (d *doc) legend(up *node, items []legendItem) {
	n := up.child("P")
	st := style{regular, 7.5, quiet}
	sets := make([]*shaped, len(items))
	for i, it := range items {
		sets[i] = d.fonts.shape(st.cut, it.says+" ", false)
	}
	d.put(&slab{before: 4, height: 10, draw: func(p *page, y float64) {
		x := d.sheet.left
		for i, it := range items {
			p.decor(layoutArt)
			p.rect(x, y+1.5, 7, 7, inkColor(it.ink))
			p.mark(n)
			x = p.glyphs(x+11, y+7.6, st.size, st.color, sets[i]) + 16
		}
	}})
}
