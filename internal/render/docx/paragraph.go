package docx

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/report"
)

// para is what a paragraph has beside its text.
type para struct {
	style     string
	anchors   []string // places of the model that lead here
	entry     string   // its place in the contents
	page      bool     // begins a page
	keepNext  bool
	bullet    bool // a sign before it, inside a note
	gapBefore int  // instead of the style's own, in twentieths of a point; 0 keeps the style's
	gapAfter  int
	noGap     bool // nothing between this and the next
	picture   *image
}

// afterTable is the room that a paragraph keeps from a table above it.
const afterTable = 200

// paragraph writes a paragraph of the body and tells the layout.
func (d *doc) paragraph(p para, rs report.Runs) {
	if d.after {
		p.gapBefore = max(p.gapBefore, afterTable)
	}
	d.after = false
	plain := shown(rs)
	d.lay.paragraph(d.style(p.style), p, plain)
	d.write(p, rs, plain)
}

// style finds a style of the sheet.
func (d *doc) style(id string) *style {
	if d.lay.styles == nil {
		d.lay.styles = map[string]*style{}
		for _, s := range sheet(d.width) {
			d.lay.styles[s.id] = &s
		}
	}
	return d.lay.styles[id]
}

// write writes a paragraph wherever it stands.
func (d *doc) write(p para, rs report.Runs, plain string) {
	w := d.out
	w.raw(`<w:p><w:pPr><w:pStyle w:val="`, p.style, `"/>`)
	d.properties(p, mirrored(plain))
	w.raw(`</w:pPr>`)
	var ids []int
	for _, a := range p.anchors {
		ids = append(ids, d.bookmark(d.places[a]))
	}
	if p.entry != "" {
		ids = append(ids, d.bookmark(tocMark(d.places[p.entry])))
	}
	if p.bullet {
		w.raw(`<w:r><w:t>•</w:t><w:tab/></w:r>`)
	}
	if p.picture != nil {
		p.picture.write(w)
	}
	for _, r := range rs {
		d.run(r)
	}
	for _, id := range ids {
		w.raw(`<w:bookmarkEnd w:id="`, strconv.Itoa(id), `"/>`)
	}
	w.raw("</w:p>\n")
}

// properties writes the children of pPr after the style, in the order of CT_PPrBase.
func (d *doc) properties(p para, rtl bool) {
	w := d.out
	if p.keepNext {
		w.raw(`<w:keepNext/>`)
	}
	if p.page {
		w.raw(`<w:pageBreakBefore/>`)
	}
	if p.bullet {
		w.raw(`<w:tabs><w:tab w:val="left" w:pos="460"/></w:tabs>`)
	}
	if rtl {
		w.raw(`<w:bidi/>`)
	}
	if p.gapBefore > 0 || p.gapAfter > 0 || p.noGap {
		w.raw(`<w:spacing`)
		if p.gapBefore > 0 {
			w.attrInt("w:before", p.gapBefore)
		}
		if p.gapAfter > 0 || p.noGap {
			w.attrInt("w:after", p.gapAfter)
		}
		w.raw(`/>`)
	}
	if p.bullet {
		w.raw(`<w:ind w:left="460" w:hanging="260"/>`)
	}
}

// bookmark begins a named place. The caller ends it.
func (d *doc) bookmark(name string) int {
	d.marks++
	d.out.raw(`<w:bookmarkStart w:id="`, strconv.Itoa(d.marks), `" w:name="`, name, `"/>`)
	return d.marks
}

// run writes a run of the model.
func (d *doc) run(r report.Run) {
	switch {
	case r.Figure != nil:
		d.figure(r.Figure)
	case r.Mark != "":
		d.mark(r.Mark, r.Text)
	case r.Link != "":
		d.link(r.Link, r.Text, "Hyperlink")
	case r.Code:
		d.words(r.Text, "CodeText")
	case r.Strong:
		d.words(r.Text, "Strong")
	case r.Quiet:
		d.words(r.Text, "Quiet")
	default:
		d.words(r.Text, "")
	}
}

func (d *doc) figure(f *report.Figure) {
	bare := *f
	bare.Caveat = ""
	d.link(f.Link, bare.String(), "FigureLink")
	if f.Caveat != "" {
		d.words(" (", "Quiet")
		d.mark(report.MarkUnproven, "")
		d.words(" "+f.Caveat, "Warn")
		d.words(")", "Quiet")
	}
}

// sign is a mark's shape as a character, and the character style that colours it. A word stands beside it.
func sign(m report.Mark) (shape, style string) {
	switch m {
	case report.MarkPass:
		return "\u2713", "Good"
	case report.MarkDeviation:
		return "\u2716", "Bad"
	case report.MarkUndecided:
		return "\u25d0", "Warn"
	case report.MarkUnproven:
		return "\u25cc", "Warn"
	case report.MarkNone:
		return "\u2296", "Quiet"
	case report.MarkGap:
		return "\u25b3", "Bad"
	case report.MarkBlocked:
		return "\u2298", "Bad"
	}
	return "\u2013", "Quiet"
}

// shown is a line as it is drawn, signs included.
func shown(rs report.Runs) string {
	for _, r := range rs {
		if r.Mark == "" {
			continue
		}
		var b strings.Builder
		for _, r := range rs {
			if r.Mark != "" {
				shape, _ := sign(r.Mark)
				b.WriteString(shape)
				if r.Text != "" {
					b.WriteString("\u00a0")
				}
			}
			b.WriteString(r.String())
		}
		return b.String()
	}
	return rs.String()
}

func (d *doc) mark(m report.Mark, word string) {
	shape, style := sign(m)
	d.out.raw(`<w:r><w:rPr><w:rStyle w:val="`, style, `"/><w:rFonts w:ascii="Segoe UI Symbol" w:hAnsi="Segoe UI Symbol" w:eastAsia="Segoe UI Symbol" w:cs="Segoe UI Symbol"/></w:rPr><w:t>`, shape, `</w:t></w:r>`)
	if word != "" {
		d.words("\u00a0"+word, style)
	}
}

// link writes a text that leads to a place of the document, or to a file of the package.
func (d *doc) link(to, text, style string) {
	if place, ok := strings.CutPrefix(to, "#"); ok {
		d.out.raw(`<w:hyperlink w:anchor="`, d.places[place], `" w:history="1">`)
	} else {
		d.out.raw(`<w:hyperlink r:id="`, d.relation(to), `" w:history="1">`)
	}
	d.words(text, style)
	d.out.raw(`</w:hyperlink>`)
}

// relation names the relationship of a target outside the document.
func (d *doc) relation(to string) string {
	id, ok := d.links[to]
	if !ok {
		id = "rIdL" + strconv.Itoa(len(d.links)+1)
		d.links[to] = id
		d.order = append(d.order, to)
	}
	return id
}

// target is a file of the package as a relative reference (RFC 3986, 4.2).
func target(to string) string { return (&url.URL{Path: clean(to)}).EscapedPath() }

// codeFont stands on each run of code besides its style: LibreOffice loses a style's font inside tables.
const codeFont = `<w:rFonts w:ascii="Courier New" w:hAnsi="Courier New" w:cs="Courier New"/>`

// words writes a text as runs of one direction each.
func (d *doc) words(s, style string) {
	for _, p := range directions(clean(s)) {
		d.out.raw(`<w:r>`)
		if style != "" || p.rtl {
			d.out.raw(`<w:rPr>`)
			if style != "" {
				d.out.raw(`<w:rStyle w:val="`, style, `"/>`)
			}
			if style == "CodeText" {
				d.out.raw(codeFont)
			}
			if p.rtl {
				d.out.raw(`<w:rtl/>`)
			}
			d.out.raw(`</w:rPr>`)
		}
		d.out.lines(p.text)
		d.out.raw(`</w:r>`)
	}
}

// lines writes the text of a run; its tabs and line breaks are elements.
func (w *writer) lines(s string) {
	for s != "" {
		at := strings.IndexAny(s, "\n\t")
		if at != 0 {
			part := s
			if at > 0 {
				part = s[:at]
			}
			w.raw(`<w:t xml:space="preserve">`)
			w.text(part)
			w.raw(`</w:t>`)
			if at < 0 {
				return
			}
		}
		if s[at] == '\n' {
			w.raw(`<w:br/>`)
		} else {
			w.raw(`<w:tab/>`)
		}
		s = s[at+1:]
	}
}

// verbatim keeps lines and spaces: a paragraph a line, so that pages may break between them.
func (d *doc) verbatim(s string) {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if n := len(lines); n > 1 && lines[n-1] == "" {
		lines = lines[:n-1]
	}
	for i, line := range lines {
		p := para{style: "Code", noGap: true}
		if i == len(lines)-1 {
			p.gapAfter = 200
		}
		d.paragraph(p, report.Runs{{Text: line, Data: true}})
	}
}
