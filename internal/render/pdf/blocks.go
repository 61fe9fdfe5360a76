package pdf

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/report"
)

// The scale of the type: one text size, headings that step up from it, tables a step below.
var (
	body    = style{regular, 9.6, ink}
	small   = style{regular, 8.3, ink}
	caption = style{medium, 8.6, soft}
)

const (
	leading      = 14.2
	smallLeading = 11.4
)

func (d *doc) block(up *node, b report.Block) {
	switch {
	case b.Heading != nil:
		d.heading(up, b.Heading)
	case b.Table != nil:
		d.table(up, b.Table)
	case b.Note != nil:
		d.note(up, b.Note)
	case b.Statement != nil:
		d.statement(up, b.Statement)
	case b.Terms != nil:
		d.terms(up, b.Terms.Items)
	case b.Chart != nil:
		d.drawing(up, b.Chart.Drawing(), chartLegend)
	case b.Drawing != nil:
		d.drawing(up, b.Drawing, nil)
	case b.Verbatim != nil:
		d.verbatim(up, b.Verbatim.Text)
	case b.Sign != nil:
		d.sign(up, b.Sign)
	case b.List != nil:
		d.list(up, b.List, func(i int) string {
			if b.Ordered {
				return strconv.Itoa(i+1) + "."
			}
			return "•"
		})
	default:
		c := d.compose(up.child("P")).runs(b.Paragraph, body)
		slabs := d.lines(c.tokens, d.sheet.left, d.measureWidth(), leading)
		if d.leads && len(slabs) > 0 {
			slabs[len(slabs)-1].keep = true
		}
		d.stack(slabs, 0, 8)
	}
}

// leadsTo says whether a paragraph stays with what follows it: a table, a picture or a list that it announces, and a signature, which
// never stands on a page by itself.
func leadsTo(b, next report.Block) bool {
	if b.Statement != nil {
		return next.Terms != nil
	}
	return b.Paragraph != nil && (next.Table != nil || next.Chart != nil || next.List != nil || next.Sign != nil || next.Terms != nil)
}

// sign is who signed: a line to sign on, and beneath it the name and what belongs to it, in one piece.
func (d *doc) sign(up *node, s *report.Sign) {
	box := up.child("Div")
	slabs := []*slab{{height: 6, before: 30, draw: func(p *page, y float64) {
		p.decor(layoutArt)
		p.rule(d.sheet.left, y, d.sheet.left+190, y, 0.8, lineStrong)
	}}}
	for i, rs := range s.Lines {
		st := style{regular, 9.2, ink}
		if i == 0 {
			st.size = 10.4
		}
		slabs = append(slabs, d.lines(d.compose(box.child("P")).runs(rs, st).tokens, d.sheet.left, d.measureWidth(), 13.6)...)
	}
	for i, s := range slabs {
		s.keep = i+1 < len(slabs)
	}
	d.stack(slabs, 0, 14)
}

// measureWidth is the width of running text: short enough to read.
func (d *doc) measureWidth() float64 { return min(d.width, 445) }

func (d *doc) heading(up *node, h *report.Heading) {
	level := min(max(h.Level, 1), 3)
	form := [...]struct {
		size, leading, before, after float64
	}{{14.5, 19, 26, 7}, {11.6, 16, 24, 6}, {9.9, 14, 15, 4}}[level-1]
	if level == 2 && h.Label == "" {
		form.before = 16
	}
	d.where = strings.TrimSpace(h.Label + " " + h.Text)
	n := up.child([...]string{"H2", "H3", "H4"}[level-1])
	st := style{bold, form.size, ink}
	c := d.compose(n)
	if h.Label != "" {
		c.text(h.Label, style{mono, form.size * 0.82, soft}, true, nil).text("  ", st, false, nil)
	}
	c.text(h.Text, st, true, nil)
	if h.Mark != "" {
		pill := style{medium, form.size * 0.76, markColor(h.Mark)}
		c.text("   ", pill, false, nil).icon(h.Mark, pill.size*1.05, pill.color).text(h.Word, pill, false, nil)
	}
	slabs := d.lines(c.tokens, d.sheet.left, d.width, form.leading)
	if level == 2 && h.Label != "" {
		slabs = append([]*slab{{height: 9, draw: func(p *page, y float64) {
			p.decor(layoutArt)
			p.rule(d.sheet.left, y, d.sheet.left+d.width, y, 0.6, hairline)
		}}}, slabs...)
	}
	d.named(slabs, h.ID)
	for _, s := range slabs {
		s.keep = true
	}
	d.stack(slabs, form.before, form.after)
}

// named makes the place of the first slab a target of links.
func (d *doc) named(slabs []*slab, id string) {
	if len(slabs) == 0 {
		slabs = append(slabs, &slab{keep: true})
		defer d.put(slabs[0])
	}
	inner := slabs[0].draw
	slabs[0].draw = func(p *page, y float64) {
		d.anchor(id, p, y)
		if inner != nil {
			inner(p, y)
		}
	}
}

func (d *doc) list(up *node, items []report.Runs, bullet func(i int) string) {
	l := up.child("L")
	for i, it := range items {
		li := l.child("LI")
		slabs := d.item(li, bullet(i), 16, d.compose(li.child("LBody")).runs(it, body).tokens, d.sheet.left, d.measureWidth())
		if n := len(slabs); n > 0 && (i == 0 && len(items) > 1 || i == len(items)-2) {
			slabs[n-1].keep = true // no item stands alone at the foot or the head of a page
		}
		d.stack(slabs, 0, 3.5)
	}
	d.gap(8)
}

// item is a bullet and, hanging beside it, its text.
func (d *doc) item(li *node, bullet string, indent float64, tokens []token, x, width float64) []*slab {
	lbl := &node{role: "Lbl", up: li}
	li.kids = append([]kid{{node: lbl}}, li.kids...)
	mark := line{tokens: d.compose(lbl).text(bullet+" ", style{regular, body.size, quiet}, false, nil).tokens}
	at := x + 1
	if bullet != "•" {
		at = x + indent - 5 - mark.visible()
	}
	slabs := d.lines(tokens, x+indent, width-indent, leading)
	if len(slabs) == 0 {
		return nil
	}
	inner := slabs[0].draw
	slabs[0].draw = func(p *page, y float64) {
		d.drawLine(p, mark, at, y+leading*0.74)
		inner(p, y)
	}
	return slabs
}

func (d *doc) note(up *node, n *report.Note) {
	box := up.child("Div")
	bar := map[report.Tone]color{report.Warn: warnFill, report.Info: accent, report.Owed: lineStrong}[n.Tone]
	title := style{medium, body.size, ink}
	if n.Tone == report.Warn {
		title.color = warn
	}
	x, width := d.sheet.left+14, d.measureWidth()-14
	slabs := d.lines(d.compose(box.child("P")).text(n.Title, title, true, nil).tokens, x, width, leading)
	for _, s := range slabs {
		s.keep = true
	}
	slabs = append(slabs, d.lines(d.compose(box.child("P")).runs(n.Text, body).tokens, x, width, leading)...)
	if len(n.List) > 0 {
		l := box.child("L")
		for _, it := range n.List {
			li := l.child("LI")
			item := d.item(li, "•", 16, d.compose(li.child("LBody")).runs(it, body).tokens, x, width)
			if len(item) > 0 {
				item[0].before = 2.5
			}
			slabs = append(slabs, item...)
		}
	}
	d.stack(d.framed(slabs, nil, bar, 3), 6, 12)
}

func (d *doc) statement(up *node, s *report.Statement) {
	if s.Label != "" {
		label := d.lines(d.compose(up.child("P")).text(s.Label, style{medium, 8, quiet}, true, nil).tokens, d.sheet.left, d.width, 11)
		for _, l := range label {
			l.keep = true
		}
		d.stack(label, 4, 3)
	}
	quote := up.child("BlockQuote")
	slabs := d.lines(d.compose(quote.child("P")).runs(s.Text, style{regular, 10, ink}).tokens, d.sheet.left+14, d.measureWidth()-24, 15)
	slabs = d.framed(slabs, &sunken, lineStrong, 8)
	if d.leads && len(slabs) > 0 {
		slabs[len(slabs)-1].keep = true
	}
	d.stack(slabs, 0, 12)
}

// verbatim keeps lines and spaces. A line that is too long goes on in the next, without a break at a word.
func (d *doc) verbatim(up *node, text string) {
	box := up.child("Div")
	st := style{mono, 7.6, ink}
	var slabs []*slab
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	for _, source := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		c := d.compose(box.child("P"))
		for _, sp := range levels(spread(source)) {
			for _, w := range letters(sp.text) {
				c.word(w, token{style: st, node: c.node, level: sp.level})
			}
		}
		ls := d.lines(c.tokens, d.sheet.left+12, d.width-24, 10.4)
		if len(ls) == 0 {
			ls = []*slab{{height: 10.4}}
		}
		for _, s := range ls {
			s.keep = false
		}
		slabs = append(slabs, ls...)
	}
	d.stack(d.framed(slabs, &sunken, lineStrong, 8), 4, 12)
}

// spread replaces tabs by spaces up to the next eighth column.
func spread(s string) string {
	if !strings.Contains(s, "\t") {
		return s
	}
	var b strings.Builder
	column := 0
	for _, r := range s {
		if r != '\t' {
			b.WriteRune(r)
			column++
			continue
		}
		n := 8 - column%8
		b.WriteString(strings.Repeat(" ", n))
		column += n
	}
	return b.String()
}

// letters cuts a text into pieces between which a line may end anywhere. Its spaces are letters like others.
func letters(s string) (out []word) {
	for s != "" {
		n, at := 0, 0
		for at < len(s) && n < chunk {
			_, size := utf8.DecodeRuneInString(s[at:])
			at += size
			n++
		}
		out = append(out, word{text: s[:at]})
		s = s[at:]
	}
	return out
}

// terms are names beside their values.
func (d *doc) terms(up *node, items []report.Term) {
	l := up.child("L")
	var slabs []*slab
	for i, t := range items {
		li := l.child("LI")
		name := d.compose(li.child("Lbl")).text(t.Name, style{regular, 8.8, quiet}, true, nil)
		value := d.compose(li.child("LBody")).runs(t.Value, style{regular, 9.2, ink})
		r := d.termRow(name.tokens, value.tokens)
		r.rule = &hairline
		r.last = i == len(items)-1
		slabs = append(slabs, r.slab(d))
	}
	d.stack(d.joined(slabs, 3, 2), 0, 12)
}

func (d *doc) termRow(name, value []token) *row {
	w := d.width * 0.29
	return &row{pad: 3.4, cells: []cell{
		{x: d.sheet.left, width: w, leading: 12.6, lines: d.breakLines(name, w-12)},
		{x: d.sheet.left + w, width: d.width - w, leading: 12.6, lines: d.breakLines(value, d.width-w)},
	}}
}
