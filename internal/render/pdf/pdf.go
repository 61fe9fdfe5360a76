// Package pdf draws the model of a report as a tagged PDF for paper and screens: structure for those who do not see
// it, outlines, contents with page numbers, links, embedded fonts. The same model gives the same bytes.
package pdf

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/report"
)

// Options say how a copy of the document is drawn.
type Options struct {
	// Watermark is drawn pale and across beneath the text of every page, such as the name of the one who receives
	// the copy. "" is none.
	Watermark string
	// Fonts are TrueType or OpenType files, or collections of them, that are asked in their order for the characters
	// which the fonts of the house do not have. What is used of them is embedded.
	Fonts [][]byte
	// Paper is A4 unless it is Letter.
	Paper Paper
	// Language of the document as a BCP 47 tag; "" is English.
	Language string
}

// Paper is a size of paper.
type Paper string

// The sizes of paper.
const (
	A4     Paper = "a4"
	Letter Paper = "letter"
)

// Missing is a character that no font has. In the document a replacement such as [U+65E5] stands for it.
type Missing struct {
	Rune   rune
	Count  int
	Places []string // the first headings under which it occurs, or the captions of tables
}

// String is the report of it in a sentence.
func (m Missing) String() string {
	return fmt.Sprintf("no font has U+%04X (%q), which occurs %s: %s", m.Rune, m.Rune, report.Plural(m.Count, "time", "times"), strings.Join(m.Places, "; "))
}

// Render writes the document and says which characters no font has, in the order of their numbers: give a font that
// has them in o.Fonts. It refuses a model that does not pass the lint, and a font that cannot be embedded.
func Render(w io.Writer, r *report.Report, o Options) ([]Missing, error) {
	if err := report.Lint(r); err != nil {
		return nil, err
	}
	fonts, err := loadFonts(o.Fonts)
	if err != nil {
		return nil, err
	}
	if o.Language == "" {
		o.Language = "en"
	}
	d := &doc{r: r, o: o, file: &file{}, fonts: fonts, root: &node{role: "Document"}, places: map[string]spot{},
		scopes: map[string]ref{}, missing: map[rune]*Missing{}}
	d.sheet = sheet{width: 595.28, height: 841.89, left: 64, right: 64, top: 76, bottom: 72}
	if o.Paper == Letter {
		d.sheet.width, d.sheet.height = 612, 792
	}
	d.width = d.sheet.width - d.sheet.left - d.sheet.right
	for _, f := range fonts.all {
		f.ref = d.file.alloc()
	}
	d.draw()
	if err := d.write(w); err != nil {
		return nil, fmt.Errorf("draw report %s: %w", r.Kind, err)
	}
	return d.misses(), nil
}

// doc is one document while it is being drawn.
type doc struct {
	flow
	r      *report.Report
	o      Options
	file   *file
	fonts  *fontSet
	sheet  sheet
	width  float64 // of the text
	pages  []*page
	root   *node
	places map[string]spot
	scopes map[string]ref
	later  []deferred

	toName  int    // entries of the contents that are still to be drawn
	last    bool   // the block that is being drawn ends its section
	leads   bool   // the paragraph that is being drawn announces what follows it
	heads   string // the section, for reports of what is missing
	where   string
	missing map[rune]*Missing
}

// draw lays the document out: the cover, the text, and then the contents, which name pages of the text.
func (d *doc) draw() {
	if d.r.IsLetter() {
		d.letter()
		return
	}
	d.cover()
	cover := d.pages
	list := d.root.child("Sect")
	entries := d.entries()
	d.pages, d.now = nil, nil
	if len(d.r.Open) > 0 {
		d.open()
	}
	for i := range d.r.Sections {
		d.section(&d.r.Sections[i])
	}
	d.settle()
	if d.now != nil {
		d.now.close()
	}
	front := d.contents(list, entries)
	d.pages = slices.Concat(cover, front, d.pages)
	d.numbers()
	d.margins()
}

// letter lays out a document that is a letter: whose it is stands at its head, and no list of contents leads to its paragraphs.
func (d *doc) letter() {
	for i := range d.r.Sections {
		d.section(&d.r.Sections[i])
	}
	if len(d.r.Open) > 0 {
		d.open()
	}
	d.settle()
	if d.now != nil {
		d.now.close()
	}
	d.margins()
}

// open lists what stands between this draft and a report.
func (d *doc) open() {
	sect := d.root.child("Sect")
	d.breakPage()
	d.where = "What this draft still needs"
	d.title(sect, "open", "", d.where)
	l := sect.child("L")
	l.attrs = "/A<</O/List/ListNumbering/Decimal>>"
	list := report.Needs(d.r.Open)
	for i, p := range list {
		li := l.child("LI")
		c := d.compose(li.child("LBody")).runs(p.Text, body)
		if p.Where != "" {
			c.text(" ", body, false, nil).text("Show", style{regular, 8.6, accent}, false, c.link(p.Where, "Show: "+p.Text.String()))
		}
		d.stack(d.item(li, fmt.Sprintf("%d.", i+1), 12+5.5*float64(len(strconv.Itoa(len(list)))), c.tokens, d.sheet.left, d.measureWidth()), 0, 4.5)
	}
}

func (d *doc) section(s *report.Section) {
	sect := d.root.child("Sect")
	d.breakPage()
	d.heads = strings.TrimSpace("Section "+s.Number) + ": "
	d.where = d.heads + s.Title
	number := "Section " + s.Number
	if d.r.IsLetter() {
		number = d.r.Organization
	}
	d.title(sect, s.ID, number, s.Title)
	if d.r.IsLetter() {
		d.stack(d.lines(d.compose(sect.child("P")).text(d.r.Subtitle, style{regular, 11, soft}, true, nil).tokens, d.sheet.left, d.width, 16), 0, 14)
	}
	for i, b := range s.Blocks {
		d.last = i+1 == len(s.Blocks)
		d.leads = !d.last && leadsTo(b, s.Blocks[i+1])
		d.block(sect, b)
	}
}

// title draws the heading of a section.
func (d *doc) title(sect *node, id, number, text string) {
	n := sect.child("H1")
	var small *shaped
	if number != "" {
		small = d.visualSet(regular, flat(number)+" ")
		for _, r := range small.missing {
			d.miss(r)
		}
	}
	d.put(&slab{height: 17, keep: true, draw: func(p *page, y float64) {
		d.anchor(id, p, y)
		x := d.sheet.left
		if small != nil {
			p.mark(n)
			x = p.glyphs(x, y+9, 9, quiet, small) + 6
		}
		if d.r.Draft {
			d.badge(p, n, x, y+9)
		}
	}})
	slabs := d.lines(d.compose(n).text(text, style{bold, 21, ink}, true, nil).tokens, d.sheet.left, d.width, 26)
	slabs = append(slabs, &slab{height: 9, draw: func(p *page, y float64) {
		p.decor(layoutArt)
		p.rule(d.sheet.left, y+7, d.sheet.left+d.width, y+7, 0.8, lineStrong)
	}})
	for _, s := range slabs {
		s.keep = true
	}
	d.stack(slabs, 0, 14)
}

// miss notes a character that no font has, where the drawing has come to.
func (d *doc) miss(r rune) {
	m := d.missing[r]
	if m == nil {
		m = &Missing{Rune: r}
		d.missing[r] = m
	}
	m.Count++
	if n := len(m.Places); n < 5 && (n == 0 || m.Places[n-1] != d.where) {
		m.Places = append(m.Places, d.where)
	}
}

func (d *doc) misses() []Missing {
	var out []Missing
	for _, m := range d.missing {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b Missing) int { return int(a.Rune) - int(b.Rune) })
	return out
}
