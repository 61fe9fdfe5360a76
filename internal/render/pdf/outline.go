package pdf

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// trueType writes a font file that holds the given outlines and nothing else, one glyph for each, in their order.
// Every source format (TrueType, CFF, variable) becomes the same simple file; hints are left out, for paper and
// today's screens do not use them.
func trueType(face *font.Face, gids []opentype.GID) []byte {
	upem := int(face.Upem())
	var glyf, loca, hmtx []byte
	var most, curves int
	box := newBounds()
	for _, g := range gids {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		contours := contoursOf(face, g, float64(upem))
		b := newBounds()
		points := 0
		for _, c := range contours {
			points += len(c)
			for _, p := range c {
				b.add(p)
			}
		}
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(clamp(float64(face.HorizontalAdvance(g)), 0, 65535)))
		left := 0
		if points > 0 {
			left = b.x0
			box.join(b)
			most, curves = max(most, points), max(curves, len(contours))
			glyf = append(glyf, glyph(contours, b)...)
		}
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(int16(left)))
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	n := uint16(len(gids))
	if box.x0 > box.x1 {
		box = bounds{}
	}
	ext, _ := face.FontHExtents()
	up, down := int16(clamp(float64(ext.Ascender), -32000, 32000)), int16(clamp(float64(ext.Descender), -32000, 32000))
	be := func(vs ...any) []byte {
		var w bytes.Buffer
		for _, v := range vs {
			// Fixed sizes into a buffer: cannot fail.
			_ = binary.Write(&w, binary.BigEndian, v)
		}
		return w.Bytes()
	}
	head := be(uint32(0x10000), uint32(0x10000), uint32(0), uint32(0x5F0F3CF5), uint16(3), uint16(upem), uint64(0), uint64(0),
		int16(box.x0), int16(box.y0), int16(box.x1), int16(box.y1), uint16(0), uint16(8), int16(2), int16(1), int16(0))
	hhea := be(uint32(0x10000), up, down, int16(0), uint16(upem), int16(box.x0), int16(0), int16(box.x1), int16(1), int16(0), int16(0),
		uint64(0), int16(0), n)
	maxp := be(uint32(0x10000), n, uint16(most), uint16(curves), [11]uint16{0, 0, 2})
	return sfnt([]table{{"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}})
}

type table struct {
	tag  string
	data []byte
}

// sfnt joins tables, sorted by tag, to a font file with its checksums.
func sfnt(tables []table) []byte {
	n := len(tables)
	power := 1 << int(math.Log2(float64(n)))
	b := binary.BigEndian.AppendUint32(nil, 0x10000)
	for _, v := range []int{n, power * 16, int(math.Log2(float64(power))), (n - power) * 16} {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	at, headAt := 12+16*n, 0
	for _, t := range tables {
		b = append(b, t.tag...)
		for _, v := range []uint32{checksum(t.data), uint32(at), uint32(len(t.data))} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		if t.tag == "head" {
			headAt = at
		}
		at += (len(t.data) + 3) &^ 3
	}
	for _, t := range tables {
		b = append(b, t.data...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	binary.BigEndian.PutUint32(b[headAt+8:], 0xB1B0AFBA-checksum(b))
	return b
}

func checksum(b []byte) (sum uint32) {
	for len(b) >= 4 {
		sum += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	var last [4]byte
	copy(last[:], b)
	return sum + binary.BigEndian.Uint32(last[:])
}

type point struct {
	x, y int
	on   bool
}

type bounds struct{ x0, y0, x1, y1 int }

func newBounds() bounds { return bounds{math.MaxInt16, math.MaxInt16, math.MinInt16, math.MinInt16} }

func (b *bounds) add(p point) {
	b.x0, b.y0, b.x1, b.y1 = min(b.x0, p.x), min(b.y0, p.y), max(b.x1, p.x), max(b.y1, p.y)
}

func (b *bounds) join(o bounds) {
	b.x0, b.y0, b.x1, b.y1 = min(b.x0, o.x0), min(b.y0, o.y0), max(b.x1, o.x1), max(b.y1, o.y1)
}

func clamp(v, low, high float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return math.Round(min(max(v, low), high))
}

// contoursOf is a glyph as closed curves of the second degree, in whole font units.
func contoursOf(face *font.Face, g opentype.GID, upem float64) (out [][]point) {
	o, ok := face.GlyphDataOutline(g)
	if !ok {
		return nil
	}
	var now []point
	var at opentype.SegmentPoint
	put := func(p opentype.SegmentPoint, on bool) {
		// Coordinates beyond sixteen bits come from broken fonts only.
		now = append(now, point{int(clamp(float64(p.X), -16000, 16000)), int(clamp(float64(p.Y), -16000, 16000)), on})
		at = p
	}
	end := func() {
		if len(now) > 1 && now[0] == now[len(now)-1] {
			now = now[:len(now)-1]
		}
		if len(now) > 2 {
			out = append(out, implied(now))
		}
		now = nil
	}
	for _, s := range o.Segments {
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			end()
			put(s.Args[0], true)
		case opentype.SegmentOpLineTo:
			put(s.Args[0], true)
		case opentype.SegmentOpQuadTo:
			put(s.Args[0], false)
			put(s.Args[1], true)
		case opentype.SegmentOpCubeTo:
			for _, q := range quads(at, s.Args, upem) {
				put(q[0], false)
				put(q[1], true)
			}
		}
	}
	end()
	return out
}

// implied leaves out the points that lie in the middle of two control points: TrueType infers them.
func implied(c []point) []point {
	out := c[:0:0]
	for i, p := range c {
		a, b := c[(i+len(c)-1)%len(c)], c[(i+1)%len(c)]
		if i > 0 && p.on && !a.on && !b.on && abs(a.x+b.x-2*p.x) <= 1 && abs(a.y+b.y-2*p.y) <= 1 {
			continue
		}
		out = append(out, p)
	}
	return out
}

func abs(n int) int { return max(n, -n) }

// quads draws a curve of the third degree as curves of the second, within a thousandth of the em.
func quads(from opentype.SegmentPoint, c [3]opentype.SegmentPoint, upem float64) (out [][2]opentype.SegmentPoint) {
	type pt = opentype.SegmentPoint
	dx := float64(c[2].X - 3*c[1].X + 3*c[0].X - from.X)
	dy := float64(c[2].Y - 3*c[1].Y + 3*c[0].Y - from.Y)
	// The distance of the two is at most sqrt(3)/36 of this third difference, and falls with the cube of the parts.
	n := int(clamp(math.Ceil(math.Cbrt(math.Hypot(dx, dy)*math.Sqrt(3)/36/(upem/1000))), 1, 8))
	at := func(t float32) (p, slope pt) {
		u := 1 - t
		mix := func(a, b, c, d float32) (v, s float32) {
			return u*u*u*a + 3*u*u*t*b + 3*u*t*t*c + t*t*t*d, 3 * (u*u*(b-a) + 2*u*t*(c-b) + t*t*(d-c))
		}
		p.X, slope.X = mix(from.X, c[0].X, c[1].X, c[2].X)
		p.Y, slope.Y = mix(from.Y, c[0].Y, c[1].Y, c[2].Y)
		return p, slope
	}
	a, sa := at(0)
	h := 1 / float32(n)
	for i := 1; i <= n; i++ {
		b, sb := at(float32(i) * h)
		ctl := pt{X: (a.X+b.X)/2 + h*(sa.X-sb.X)/4, Y: (a.Y+b.Y)/2 + h*(sa.Y-sb.Y)/4}
		if i == n {
			b = c[2]
		}
		out = append(out, [2]pt{ctl, b})
		a, sa = b, sb
	}
	return out
}

// glyph writes one glyph, padded to four bytes.
func glyph(contours [][]point, b bounds) []byte {
	var out, xs, ys []byte
	for _, v := range []int{len(contours), b.x0, b.y0, b.x1, b.y1} {
		out = binary.BigEndian.AppendUint16(out, uint16(int16(v)))
	}
	last := -1
	for _, c := range contours {
		last += len(c)
		out = binary.BigEndian.AppendUint16(out, uint16(last))
	}
	out = binary.BigEndian.AppendUint16(out, 0) // no instructions
	var x, y int
	for _, c := range contours {
		for _, p := range c {
			var flag byte
			if p.on {
				flag = 1
			}
			flag |= delta(&xs, p.x-x, 0x02, 0x10) | delta(&ys, p.y-y, 0x04, 0x20)
			out = append(out, flag)
			x, y = p.x, p.y
		}
	}
	out = append(append(out, xs...), ys...)
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	return out
}

// delta appends one step of a coordinate and returns its flags: short is the bit of a one-byte step, same the bit
// that says "positive" of a short step and "no step" of a long one.
func delta(b *[]byte, d int, short, same byte) byte {
	switch {
	case d == 0:
		return same
	case d > 0 && d < 256:
		*b = append(*b, byte(d))
		return short | same
	case d < 0 && d > -256:
		*b = append(*b, byte(-d))
		return short
	}
	*b = binary.BigEndian.AppendUint16(*b, uint16(int16(d)))
	return 0
}
