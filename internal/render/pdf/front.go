package pdf

import (
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/report"
)

// cover draws the first page: what the document is, whose, of when, and on which records it rests.
func (d *doc) cover() {
	r := d.r
	d.where = "cover"
	up := d.root.child("Sect")
	d.newPage()
	d.y, d.empty = d.sheet.top+118, false
	d.put(&slab{height: 26, draw: func(p *page, y float64) {
		p.decor(layoutArt)
		p.rect(d.sheet.left, y, 46, 4.5, accent)
	}})
	title := func(role, text string, st style, lead, before float64) {
		c := d.compose(up.child(role)).text(text, st, true, nil)
		d.stack(d.lines(c.tokens, d.sheet.left, d.width*0.92, lead), before, 0)
	}
	if r.Draft {
		n := up.child("P")
		d.put(&slab{height: 26, draw: func(p *page, y float64) {
			x := d.badge(p, n, d.sheet.left, y+12)
			p.mark(n)
			p.glyphs(x, y+12, 9.6, warn, d.fonts.shape(regular, "Not a report: no opinion has been issued", false))
		}})
	}
	title("H1", r.Title, style{bold, 30, ink}, 36, 4)
	title("P", r.Subtitle, style{regular, 13, soft}, 19, 10)
	title("P", r.Organization, style{medium, 13, ink}, 19, 30)
	if r.System != "" && r.System != r.Organization {
		title("P", r.System, style{regular, 11, soft}, 16, 0)
	}
	title("P", report.Sentence(r.When.Words()), style{regular, 11, soft}, 16, 0)
	d.settle()
	d.y = max(d.y+40, d.sheet.height-d.sheet.bottom-180)
	d.terms(up, d.facts())
	d.settle()
}

// facts are the records on which the document rests.
func (d *doc) facts() []report.Term {
	return append(d.r.Cover(), d.r.Basis()...)
}

// badge draws the word DRAFT in a frame, its base at y, and returns where it ends.
func (d *doc) badge(p *page, n *node, x, y float64) float64 {
	word := d.fonts.shape(bold, "DRAFT", false)
	const size = 8.0
	w := word.width*size/1000 + 10
	p.decor(layoutArt)
	p.buf = append(p.buf, warn.op(true)+"0.9 w\n"...)
	p.path(x, y-size-1.2, 1, append(rounded(0, 0, w, size+4.4, 2.5), verb{"S", nil}))
	p.mark(n)
	p.glyphs(x+5, y, size, warn, word, d.fonts.shape(bold, " ", false))
	return x + w + 6
}

// entry is a line of the contents and of the outline.
type entry struct {
	id    string
	label string
	text  string
	mark  report.Mark
	word  string
	level int
	subs  []*entry
}

// says is the entry in words alone.
func (e *entry) says() string {
	s := flat(strings.TrimSpace(e.label + " " + e.text))
	if e.word != "" {
		s += " (" + e.word + ")"
	}
	return s
}

func (d *doc) entries() []*entry {
	var out []*entry
	if len(d.r.Open) > 0 {
		out = append(out, &entry{id: "open", text: "What this draft still needs"})
	}
	for _, s := range d.r.Sections {
		e := &entry{id: s.ID, label: s.Number, text: s.Title}
		out = append(out, e)
		var first *entry
		for _, b := range s.Blocks {
			h := b.Heading
			if h == nil || h.Level > 2 {
				continue
			}
			x := &entry{id: h.ID, label: h.Label, text: h.Text, mark: h.Mark, word: h.Word, level: 1}
			if h.Level == 2 && first != nil {
				x.level = 2
				first.subs = append(first.subs, x)
				continue
			}
			if h.Level <= 1 {
				first = x
			}
			e.subs = append(e.subs, x)
		}
	}
	return out
}

// deferred is a page number that is known when all pages are.
type deferred struct {
	page   *page
	node   *node
	y      float64
	from   float64 // where the dots begin
	size   float64
	cut    cut
	color  color
	target string
}

// contents draws the list of contents into a flow of its own, for it comes before the pages it names.
func (d *doc) contents(up *node, entries []*entry) []*page {
	body := d.pages
	d.pages, d.now, d.where = nil, nil, "contents"
	d.newPage()
	h := d.compose(up.child("H1")).text("Contents", style{bold, 21, ink}, false, nil)
	d.stack(d.lines(h.tokens, d.sheet.left, d.width, 27), 0, 10)
	toc := up.child("TOC")
	d.toName = 0
	for _, e := range entries {
		d.toName += e.count()
	}
	for _, e := range entries {
		d.entry(toc, e)
	}
	d.settle()
	d.now.close()
	front := d.pages
	d.pages, d.now = body, nil
	return front
}

// count is how many entries there are, with those below.
func (e *entry) count() int {
	n := 1
	for _, s := range e.subs {
		n += s.count()
	}
	return n
}

// lastTogether is how many of the last entries of the contents stay together, so that no page of it holds a line or two.
const lastTogether = 6

// form is how a level of the contents is set.
type form struct {
	style  style
	indent float64
	lead   float64
	gap    float64 // above
	tab    float64 // from the label to the title
}

func (d *doc) entry(toc *node, e *entry) {
	f := [...]form{{style{medium, 10, ink}, 0, 15, 8, 24}, {style{regular, 9.4, ink}, 24, 13.4, 1.5, 46}, {style{regular, 8.8, soft}, 38, 12.4, 0.6, 50}}[e.level]
	item := toc.child("TOCI")
	n := item.child("Reference").child("Link")
	l := &link{target: "#" + e.id, says: e.says(), node: n}
	x, tab := d.sheet.left+f.indent, 0.0
	var label []token
	if e.label != "" {
		label = d.compose(n).text(e.label, style{f.style.cut, f.style.size, quiet}, false, l).text(" ", f.style, false, l).tokens
		label[len(label)-1].space = false
		for _, t := range label {
			tab += t.width
		}
		tab = max(tab, f.tab)
	}
	c := d.compose(n).text(e.text, f.style, true, l)
	if e.mark != "" {
		c.text("  ", f.style, false, l).icon(e.mark, f.style.size*0.9, markColor(e.mark))
	}
	lines := d.breakLines(c.tokens, max(d.width-f.indent-34-tab, 60))
	if len(lines) == 0 {
		lines = []line{{}}
	}
	d.toName--
	for i, ln := range lines {
		s := &slab{height: f.lead, keep: i+1 < len(lines) || e.level == 0 && len(e.subs) > 0 || d.toName > 0 && d.toName < lastTogether}
		if i == 0 {
			s.before = f.gap
		}
		s.draw = func(p *page, y float64) {
			base := y + f.lead*0.74
			if i == 0 {
				d.drawLine(p, line{tokens: label}, x, base)
			}
			d.drawLine(p, ln, x+tab, base)
			if i == len(lines)-1 {
				end := x + tab + ln.width
				d.later = append(d.later, deferred{p, n, base, end + 6, f.style.size, f.style.cut, f.style.color, e.id})
				d.press(p, l, end, base-f.style.size*0.85, d.sheet.left+d.width, base+f.style.size*0.28)
			}
		}
		d.put(s)
	}
	if len(e.subs) > 0 {
		sub := item.child("TOC")
		for _, s := range e.subs {
			d.entry(sub, s)
		}
	}
}

// numbers draws the page numbers of the contents and the dots that lead to them.
func (d *doc) numbers() {
	at := map[*page]int{}
	for i, p := range d.pages {
		at[p] = i + 1
	}
	for _, x := range d.later {
		s, known := d.places[x.target]
		if !known {
			continue
		}
		set := d.fonts.shape(x.cut, strconv.Itoa(at[s.page]), false)
		right := d.sheet.left + d.width
		from := right - set.width*x.size/1000
		if to := from - 5; to > x.from+8 {
			x.page.decor(layoutArt)
			x.page.buf = append(x.page.buf, "q 1 J 0.7 w [0 3.6] 0 d\n"+color{0xa8, 0xa8, 0xa4}.op(true)+nums(to, x.page.height-x.y+0.5)+" m "+nums(x.from, x.page.height-x.y+0.5)+" l S Q\n"...)
		}
		x.page.mark(x.node)
		// A space before it, so that the number does not run into the title where the text is copied.
		space := d.fonts.shape(x.cut, " ", false)
		x.page.glyphs(from-space.width*x.size/1000, x.y, x.size, x.color, space, set)
	}
}

// margins draws what stands at the head and the foot of the pages: it repeats what the document says, so it is
// no part of its structure.
func (d *doc) margins() {
	r := d.r
	head := d.clip(regular, 7.6, r.Organization+" · "+r.Title, d.width-110)
	foot := d.clip(regular, 7.6, r.Foot(), d.width-90)
	d.where = "watermark"
	pale := d.visualSet(medium, flat(short(d.o.Watermark)))
	for _, r := range pale.missing {
		d.miss(r)
	}
	total := len(d.pages)
	left, right := d.sheet.left, d.sheet.left+d.width
	for i, p := range d.pages {
		if d.o.Watermark != "" {
			p.turn(pale, d.sheet.width, ghost)
		}
		if i > 0 {
			p.decor(headerArt)
			y := d.sheet.top - 26
			p.glyphs(left, y, 7.6, quiet, head)
			if r.Draft {
				word := d.fonts.shape(medium, "DRAFT · no opinion", false)
				p.glyphs(right-word.width*7.6/1000, y, 7.6, warn, word)
			}
			p.rule(left, y+6, right, y+6, 0.5, hairline)
		}
		p.decor(footerArt)
		y := d.sheet.height - d.sheet.bottom + 30
		p.rule(left, y-11, right, y-11, 0.5, hairline)
		p.glyphs(left, y, 7.6, quiet, foot)
		n := d.fonts.shape(regular, "Page "+strconv.Itoa(i+1)+" of "+strconv.Itoa(total), false)
		p.glyphs(right-n.width*7.6/1000, y, 7.6, quiet, n)
	}
}

// short keeps of a text what could fit on a line at all, so that fitting it does not take for ever.
func short(s string) string {
	n := 0
	for i := range s {
		if n++; n > 400 {
			return s[:i] + "…"
		}
	}
	return s
}

// clip is a text as far as it fits on a line.
func (d *doc) clip(c cut, size float64, s string, width float64) *shaped {
	l := report.Label{Text: short(s), Max: width}
	return d.visualSet(c, flat(l.Cut(func(s string) float64 { return d.visualSet(c, flat(s)).width * size / 1000 })))
}
