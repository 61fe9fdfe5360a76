package pdf

import (
	"fmt"
	"math"
	"strings"

	"github.com/assayhq/assay/internal/report"
)

// color is a colour of the page.
type color [3]uint8

func (c color) op(stroke bool) string {
	op := "rg"
	if stroke {
		op = "RG"
	}
	return nums(float64(c[0])/255, float64(c[1])/255, float64(c[2])/255) + " " + op + "\n"
}

func inkColor(i report.Ink) color {
	r, g, b := i.RGB()
	return color{r, g, b}
}

// page is one page while it is being drawn. y is measured downward from its top edge.
type page struct {
	ref    ref
	height float64
	under  []byte // beneath everything else
	buf    []byte
	marked []*node // the element of each marked content
	annots []annot

	open     *node // whose content is open; nil with artifact set: decoration
	artifact string
	mute     string // all that is drawn is this artifact
	fill     color
	filled   bool
}

// annot is the place on a page where a link can be pressed.
type annot struct {
	ref            ref
	x0, y0, x1, y1 float64 // y0 above y1
	link           *link
}

// link is one link of the text, on however many lines it stands.
type link struct {
	target string // "#anchor", or a file beside the document
	says   string
	node   *node
}

// mark opens the content of an element, unless it is open already. Nothing is drawn outside of an element or an
// artifact, so that no text stands outside the structure.
func (p *page) mark(n *node) {
	if p.mute != "" {
		p.decor(p.mute)
		return
	}
	if p.open == n {
		return
	}
	p.close()
	n.join()
	p.open = n
	id := len(p.marked)
	p.marked = append(p.marked, n)
	n.kids = append(n.kids, kid{page: p, mcid: id})
	p.buf = fmt.Appendf(p.buf, "/%s<</MCID %d>>BDC\n", n.role, id)
}

// decor opens an artifact: what is drawn says nothing, or repeats what is said elsewhere.
func (p *page) decor(kind string) {
	if p.mute != "" {
		kind = p.mute
	}
	if p.artifact == kind {
		return
	}
	p.close()
	p.artifact = kind
	p.buf = append(p.buf, "/Artifact"+kind+"BDC\n"...)
}

// Kinds of artifact.
const (
	layoutArt    = "<</Type/Layout>>"
	headerArt    = "<</Type/Pagination/Subtype/Header>>"
	footerArt    = "<</Type/Pagination/Subtype/Footer>>"
	watermarkArt = "<</Type/Pagination/Subtype/Watermark>>"
	repeatArt    = "<</Type/Pagination>>"
)

func (p *page) close() {
	if p.open != nil || p.artifact != "" {
		p.buf = append(p.buf, "EMC\n"...)
	}
	p.open, p.artifact = nil, ""
}

func (p *page) paint(c color) {
	if !p.filled || p.fill != c {
		p.buf = append(p.buf, c.op(false)...)
		p.fill, p.filled = c, true
	}
}

// rect fills a rectangle.
func (p *page) rect(x, y, w, h float64, c color) {
	p.paint(c)
	p.buf = append(p.buf, nums(x, p.height-y-h, w, h)+" re f\n"...)
}

// rule draws a straight line.
func (p *page) rule(x0, y0, x1, y1, width float64, c color) {
	p.buf = append(p.buf, c.op(true)+nums(width)+" w "+nums(x0, p.height-y0)+" m "+nums(x1, p.height-y1)+" l S\n"...)
}

// path draws a path that is given in a square of the given side with its own top left corner at x, y.
// Verbs: M x y, L x y, C x1 y1 x2 y2 x y, Z, then S (stroke), F (fill).
func (p *page) path(x, y, scale float64, verbs []verb) {
	for _, v := range verbs {
		for i := 0; i+1 < len(v.at); i += 2 {
			p.buf = append(num(p.buf, x+v.at[i]*scale), ' ')
			p.buf = append(num(p.buf, p.height-y-v.at[i+1]*scale), ' ')
		}
		p.buf = append(append(p.buf, v.op...), '\n')
	}
}

type verb struct {
	op string
	at []float64
}

// turn is a text drawn under the page, from corner to corner.
func (p *page) turn(s *shaped, width float64, c color) {
	angle := math.Atan2(p.height, width)
	size := min(54, 0.8*math.Hypot(p.height, width)/max(s.width/1000, 1))
	aside := &page{height: 0}
	aside.decor(watermarkArt)
	aside.buf = append(aside.buf, "q "...)
	sin, cos := math.Sin(angle), math.Cos(angle)
	aside.buf = fmt.Appendf(aside.buf, "%.4f %.4f %.4f %.4f %s cm\n", cos, sin, -sin, cos, nums(width/2, p.height/2))
	aside.glyphs(-s.width*size/2000, size*0.36, size, c, s)
	aside.buf = append(aside.buf, "Q\n"...)
	aside.close()
	p.under = append(p.under, aside.buf...)
}

// writePage writes a page and its content. first is the number in the table of parents of its first link.
func (d *doc) writePage(p *page, at, first int, tree, resources ref) {
	p.close()
	content := d.file.alloc()
	d.file.stream(content, "", append(p.under, p.buf...))
	var annots strings.Builder
	for i, a := range p.annots {
		action := "/A<</S/URI/URI" + quote(uri(a.link.target)) + ">>"
		if anchor, ok := strings.CutPrefix(a.link.target, "#"); ok {
			action = "/Dest" + quote(uri(anchor))
		}
		d.file.set(a.ref, fmt.Sprintf("<</Type/Annot/Subtype/Link/Rect[%s]/Border[0 0 0]/F 4/StructParent %d/Contents%s%s>>",
			nums(a.x0, p.height-a.y1, a.x1, p.height-a.y0), first+i, quote(a.link.says), action))
		fmt.Fprintf(&annots, "%s ", a.ref)
	}
	list := ""
	if annots.Len() > 0 {
		list = "/Annots[" + strings.TrimSpace(annots.String()) + "]"
	}
	d.file.set(p.ref, fmt.Sprintf("<</Type/Page/Parent %s/MediaBox[0 0 %s]/Resources %s/Contents %s/StructParents %d/Tabs/S%s>>",
		tree, nums(d.sheet.width, d.sheet.height), resources, content, at, list))
}

// uri writes a file of the package as an address relative to the document.
func uri(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/#", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
