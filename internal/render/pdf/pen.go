package pdf

import (
	"math"
	"strconv"
)

// glyphs draws shaped texts of one size and colour, one after the other, and returns where they end.
func (p *page) glyphs(x, y, size float64, c color, texts ...*shaped) float64 {
	p.paint(c)
	b := append(num(append(p.buf, "BT 1 0 0 1 "...), x), ' ')
	w := pen{b: append(num(b, p.height-y), " Tm\n"...), size: size}
	for _, t := range texts {
		for _, part := range t.parts {
			w.use(part.font)
			for _, g := range part.glyphs {
				w.draw(g)
			}
		}
	}
	w.shut()
	if w.rise != 0 {
		w.b = append(w.b, "0 Ts\n"...)
	}
	p.buf = append(w.b, "ET\n"...)
	return x + w.want*size/1000
}

// pen writes the operators of a piece of text.
type pen struct {
	b              []byte
	size           float64
	font           *typeface
	inArray, inHex bool
	rise           float64
	want, have     float64 // where the pen should be and where it is, in thousandths of the size
}

// shut ends an array of glyphs.
func (w *pen) shut() {
	w.unhex()
	if w.inArray {
		w.b, w.inArray = append(w.b, "]TJ\n"...), false
	}
}

func (w *pen) unhex() {
	if w.inHex {
		w.b, w.inHex = append(w.b, '>'), false
	}
}

func (w *pen) use(f *typeface) {
	if f == w.font {
		return
	}
	w.shut()
	w.font = f
	w.b = append(append(w.b, '/'), f.res...)
	w.b = append(num(append(w.b, ' '), w.size), " Tf\n"...)
}

func (w *pen) draw(g glyphAt) {
	if up := g.dy * w.size / 1000; math.Abs(up-w.rise) > 0.005 {
		w.shut()
		w.rise = up
		w.b = append(num(w.b, up), " Ts\n"...)
	}
	if !w.inArray {
		w.b, w.inArray = append(w.b, '['), true
	}
	if move := math.Round(w.want + g.dx - w.have); move != 0 {
		w.unhex()
		w.b = strconv.AppendInt(w.b, int64(-move), 10)
		w.have += move
	}
	if !w.inHex {
		w.b, w.inHex = append(w.b, '<'), true
	}
	w.b = hex4(w.b, g.code)
	w.have += float64(g.nominal)
	w.want += g.advance
}

func hex4(b []byte, v uint16) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, digits[v>>12], digits[v>>8&15], digits[v>>4&15], digits[v&15])
}
