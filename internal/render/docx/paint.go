package docx

import (
	"compress/zlib"
	"fmt"
	"math"
	"slices"
	"strings"

	stdimage "image"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// scale is the dots of a picture for each point of a drawing.
const scale = 2

// The most dots of a picture: some 40 pages' worth. A larger drawing is a mistake of whoever made it.
const mostDots = 40 << 20

// pixels is a picture of opaque colours, each 0xRRGGBB.
type pixels struct {
	w, h int
	pix  []uint32
}

// painter draws pictures one after the other. It is for one goroutine.
type painter struct {
	fonts   [2]*opentype.Font // regular, bold
	faces   map[faceKey]font.Face
	raster  vector.Rasterizer
	mask    *stdimage.Alpha
	to      *pixels
	deflate *zlib.Writer
	inks    map[report.Ink]uint32
	missing []string
}

type faceKey struct {
	bold bool
	size float64
}

func newPainter() (*painter, error) {
	p := &painter{faces: map[faceKey]font.Face{}, inks: map[report.Ink]uint32{}, to: &pixels{}}
	var err error
	if p.deflate, err = zlib.NewWriterLevel(nil, 4); err != nil {
		return nil, err
	}
	for i, ttf := range [][]byte{goregular.TTF, gobold.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			return nil, fmt.Errorf("the font of pictures: %w", err)
		}
		p.fonts[i] = f
	}
	return p, nil
}

// draw draws the shapes on white.
func (p *painter) draw(d *report.Drawing) error {
	w, h := math.Ceil(max(d.Width, 1)*scale), math.Ceil(max(d.Height, 1)*scale)
	if !(w*h <= mostDots) {
		return fault.Refuse("the picture %s is %g by %g points, which no page shows", d.ID, d.Width, d.Height)
	}
	p.to.w, p.to.h = int(w), int(h)
	p.to.pix = slices.Grow(p.to.pix[:0], p.to.w*p.to.h)[:p.to.w*p.to.h]
	for i := range p.to.pix {
		p.to.pix[i] = 0xffffff
	}
	p.missing = nil
	for _, s := range d.Shapes {
		var err error
		switch {
		case s.Box != nil:
			p.box(s.Box)
		case s.Line != nil:
			p.line(s.Line)
		case s.Label != nil:
			err = p.label(s.Label)
		}
		if err != nil {
			return fmt.Errorf("draw %s: %w", d.ID, err)
		}
	}
	return nil
}

func (p *painter) box(b *report.Box) {
	r := max(0, min(b.Radius, b.W/2, b.H/2))
	if b.Fill != "" {
		p.path(b.Fill, rounded(b.X, b.Y, b.W, b.H, r))
	}
	if b.Stroke != "" {
		// The outline is the ring between two boxes, the inner one run through backwards.
		const half = 0.5
		outer := rounded(b.X-half, b.Y-half, b.W+2*half, b.H+2*half, r+half*min(1, r))
		inner := rounded(b.X+half, b.Y+half, b.W-2*half, b.H-2*half, max(0, r-half))
		for i, j := 0, len(inner)-1; i < j; i, j = i+1, j-1 {
			inner[i], inner[j] = inner[j], inner[i]
		}
		p.path(b.Stroke, outer, inner)
	}
}

type point [2]float64

// rounded is a box's outline; its corners are arcs of a few straight pieces.
func rounded(x, y, w, h, r float64) []point {
	if r <= 0 {
		return []point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}
	}
	const steps = 6
	var out []point
	for corner, c := range []point{{x + w - r, y + r}, {x + w - r, y + h - r}, {x + r, y + h - r}, {x + r, y + r}} {
		for i := range steps + 1 {
			a := (float64(corner)-1)*math.Pi/2 + float64(i)/steps*math.Pi/2
			out = append(out, point{c[0] + r*math.Cos(a), c[1] + r*math.Sin(a)})
		}
	}
	return out
}

func (p *painter) line(l *report.Line) {
	dx, dy := l.X2-l.X1, l.Y2-l.Y1
	length := math.Hypot(dx, dy)
	if !(length > 0) || math.IsInf(length, 0) {
		return
	}
	ux, uy, half := dx/length, dy/length, l.Width/2
	piece := func(from, to float64) []point {
		ax, ay, bx, by := l.X1+ux*from, l.Y1+uy*from, l.X1+ux*to, l.Y1+uy*to
		return []point{{ax - uy*half, ay + ux*half}, {bx - uy*half, by + ux*half}, {bx + uy*half, by - ux*half}, {ax + uy*half, ay - ux*half}}
	}
	var paths [][]point
	if l.Dashed {
		for at := 0.0; at < length && len(paths) < 5000; at += 7 {
			paths = append(paths, piece(at, min(at+4, length)))
		}
	} else {
		paths = append(paths, piece(0, length))
	}
	p.path(l.Stroke, paths...)
	if l.Arrow {
		head := l.Head()
		p.path(l.Stroke, []point{head[0], head[1], head[2]})
	}
}

// path fills closed outlines, given in points.
func (p *painter) path(ink report.Ink, outlines ...[]point) {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, o := range outlines {
		for _, q := range o {
			x0, y0, x1, y1 = min(x0, q[0]), min(y0, q[1]), max(x1, q[0]), max(y1, q[1])
		}
	}
	r := stdimage.Rect(int(bound(math.Floor(x0*scale))), int(bound(math.Floor(y0*scale))), int(bound(math.Ceil(x1*scale))), int(bound(math.Ceil(y1*scale)))).
		Intersect(stdimage.Rect(0, 0, p.to.w, p.to.h))
	if r.Empty() {
		return
	}
	p.raster.Reset(r.Dx(), r.Dy())
	for _, o := range outlines {
		for i, q := range o {
			x, y := float32(bound(q[0]*scale)-float64(r.Min.X)), float32(bound(q[1]*scale)-float64(r.Min.Y))
			if i == 0 {
				p.raster.MoveTo(x, y)
			} else {
				p.raster.LineTo(x, y)
			}
		}
		p.raster.ClosePath()
	}
	if p.mask == nil || cap(p.mask.Pix) < r.Dx()*r.Dy() {
		p.mask = stdimage.NewAlpha(stdimage.Rect(0, 0, r.Dx(), r.Dy()))
	}
	p.mask.Pix, p.mask.Stride, p.mask.Rect = p.mask.Pix[:r.Dx()*r.Dy()], r.Dx(), stdimage.Rect(0, 0, r.Dx(), r.Dy())
	clear(p.mask.Pix)
	p.raster.Draw(p.mask, p.mask.Rect, stdimage.Opaque, stdimage.Point{})
	p.to.blend(r, p.mask, stdimage.Point{}, p.ink(ink))
}

func (p *painter) ink(i report.Ink) uint32 {
	c, ok := p.inks[i]
	if !ok {
		r, g, b := i.RGB()
		c = uint32(r)<<16 | uint32(g)<<8 | uint32(b)
		p.inks[i] = c
	}
	return c
}

// bound keeps a coordinate where whole numbers hold it.
func bound(x float64) float64 { return max(-1e5, min(x, 1e5)) }

// blend lays an ink over the pixels, as thick as the mask says. Sixteen steps are enough for an edge, and
// keep the colours of a picture few.
func (p *pixels) blend(r stdimage.Rectangle, mask *stdimage.Alpha, at stdimage.Point, ink uint32) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := p.pix[y*p.w:]
		line := mask.Pix[mask.PixOffset(at.X, at.Y+y-r.Min.Y):]
		for x := r.Min.X; x < r.Max.X; x++ {
			a := (uint32(line[x-r.Min.X]) + 8) / 17 // 0 to 15
			if a == 0 {
				continue
			}
			c := row[x]
			if a == 15 {
				row[x] = ink
				continue
			}
			mix := func(shift uint) uint32 {
				return ((ink>>shift&0xff)*a + (c>>shift&0xff)*(15-a) + 7) / 15 << shift
			}
			row[x] = mix(16) | mix(8) | mix(0)
		}
	}
}

// label draws a line of text; a character that the font lacks is named by its number.
func (p *painter) label(l *report.Label) error {
	f, err := p.face(l.Strong, l.Size*scale)
	if err != nil {
		return err
	}
	known := *l
	known.Text = p.known(clean(strings.ReplaceAll(l.Text, "\n", " ")), l.Strong)
	if known.Text != l.Text {
		p.missing = append(p.missing, l.Text)
	}
	text := known.Cut(func(s string) float64 { return float64(font.MeasureString(f, s)) / 64 / scale })
	x := fixed.Int26_6(bound(l.X*scale) * 64)
	switch width := font.MeasureString(f, text); l.Anchor {
	case report.Middle:
		x -= width / 2
	case report.End:
		x -= width
	}
	dot := fixed.Point26_6{X: x, Y: fixed.Int26_6(bound(l.Y*scale) * 64)}
	last := rune(-1)
	for _, r := range text {
		if last >= 0 {
			dot.X += f.Kern(last, r)
		}
		last = r
		at, mask, from, advance, ok := f.Glyph(dot, r)
		if alpha, isAlpha := mask.(*stdimage.Alpha); ok && isAlpha {
			in := at.Intersect(stdimage.Rect(0, 0, p.to.w, p.to.h))
			if !in.Empty() {
				p.to.blend(in, alpha, from.Add(in.Min.Sub(at.Min)), p.ink(l.Color))
			}
		}
		dot.X += advance
	}
	return nil
}

// known replaces the characters that the font lacks.
func (p *painter) known(s string, bold bool) string {
	if ascii(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if i, err := p.fonts[weight(bold)].GlyphIndex(nil, r); err != nil || i == 0 {
			fmt.Fprintf(&b, "[U+%04X]", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func weight(bold bool) int {
	if bold {
		return 1
	}
	return 0
}

func (p *painter) face(bold bool, size float64) (font.Face, error) {
	k := faceKey{bold, max(1, min(size, 400))}
	if f, ok := p.faces[k]; ok {
		return f, nil
	}
	f, err := opentype.NewFace(p.fonts[weight(bold)], &opentype.FaceOptions{Size: k.size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("the font of pictures: %w", err)
	}
	p.faces[k] = f
	return f, nil
}
