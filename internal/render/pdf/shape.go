package pdf

import (
	"fmt"
	"unicode"

	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"
)

// shaped is a piece of text of one direction, ready to be drawn.
type shaped struct {
	parts   []part
	width   float64 // in thousandths of the size
	missing []rune  // characters that no font has; a replacement that can be read stands for each
}

// part is glyphs of one font, from left to right.
type part struct {
	font   *typeface
	glyphs []glyphAt
}

// glyphAt is a glyph and its place, in thousandths of the size.
type glyphAt struct {
	code    uint16
	nominal int // the advance that the font gives it
	advance float64
	dx, dy  float64
	at      int // index of the first character that it stands for
}

type shapeKey struct {
	cut  cut
	rtl  bool
	text string
}

// off turns the ligatures off that only please the eye, so that every letter can be found and copied. Those that a
// script cannot do without have other names.
var off = []harfbuzz.Feature{
	{Tag: opentype.MustNewTag("liga"), End: harfbuzz.FeatureGlobalEnd},
	{Tag: opentype.MustNewTag("clig"), End: harfbuzz.FeatureGlobalEnd},
}

// shape finds the glyphs of a text. Texts repeat, so what was found is kept.
func (s *fontSet) shape(c cut, text string, rtl bool) *shaped {
	k := shapeKey{c, rtl, text}
	if out, ok := s.cache[k]; ok {
		return out
	}
	out := s.shapeNew(c, []rune(text), rtl)
	s.cache[k] = out
	return out
}

func (s *fontSet) shapeNew(c cut, text []rune, rtl bool) *shaped {
	out := &shaped{}
	chain := s.chains[c]
	type span struct {
		font     *typeface // nil: no font has it
		from, to int
	}
	var spans []span
	for i, r := range text {
		var f *typeface
		if n := len(spans); n > 0 && spans[n-1].font != nil && (joins(r) || unicode.Is(unicode.M, r)) && (ignorable(r) || spans[n-1].font.has(r)) {
			f = spans[n-1].font // a mark stays with its letter
		} else {
			f = pick(chain, r)
		}
		if n := len(spans); n > 0 && spans[n-1].font == f && f != nil {
			spans[n-1].to = i + 1
			continue
		}
		spans = append(spans, span{f, i, i + 1})
	}
	for i := range spans {
		sp := spans[i]
		if rtl {
			sp = spans[len(spans)-1-i]
		}
		if sp.font != nil {
			out.add(s.run(sp.font, text, sp.from, sp.to, rtl))
			continue
		}
		r := text[sp.from]
		if !control(r) {
			out.missing = append(out.missing, r)
		}
		p := s.run(chain[0], []rune(fmt.Sprintf("[U+%04X]", r)), 0, len(fmt.Sprintf("[U+%04X]", r)), false)
		for j := range p.glyphs {
			p.glyphs[j].at = sp.from
		}
		out.add(p)
	}
	return out
}

func (o *shaped) add(p part) {
	for _, g := range p.glyphs {
		o.width += g.advance
	}
	o.parts = append(o.parts, p)
}

// pick is the first font that has the character; of what is not seen, any.
func pick(chain []*typeface, r rune) *typeface {
	if control(r) {
		return nil
	}
	for _, f := range chain {
		if f.has(r) {
			return f
		}
	}
	if ignorable(r) {
		return chain[0]
	}
	return nil
}

// run shapes characters of one font.
func (s *fontSet) run(f *typeface, text []rune, from, to int, rtl bool) part {
	b := s.buf
	b.Clear()
	b.Props = harfbuzz.SegmentProperties{Language: "en", Direction: harfbuzz.LeftToRight}
	if rtl {
		b.Props.Direction = harfbuzz.RightToLeft
	}
	b.AddRunes(text, from, to-from)
	b.GuessSegmentProperties()
	b.Shape(f.shaper, off)
	p := part{font: f, glyphs: make([]glyphAt, 0, len(b.Info))}
	em := func(v harfbuzz.Position) float64 { return float64(v) * 1000 / f.upem }
	for i := 0; i < len(b.Info); {
		// A cluster: the glyphs that stand for the same characters.
		at, end := b.Info[i].Cluster, i+1
		for end < len(b.Info) && b.Info[end].Cluster == at {
			end++
		}
		upTo := to
		if !rtl && end < len(b.Info) {
			upTo = b.Info[end].Cluster
		} else if rtl && i > 0 {
			upTo = b.Info[i-1].Cluster
		}
		chars := seen(text[at:max(at, upTo)])
		for j := i; j < end; j++ {
			if len(chars) == 0 {
				break // nothing that can be seen or copied
			}
			gid, pos := b.Info[j].Glyph, b.Pos[j]
			p.glyphs = append(p.glyphs, glyphAt{code: f.code(gid, share(chars, j-i, end-i, rtl)), nominal: f.width(gid),
				advance: em(pos.XAdvance), dx: em(pos.XOffset), dy: em(pos.YOffset), at: at})
		}
		i = end
	}
	return p
}

// share is what the i-th of n glyphs stands for: one character each, the first for what is over. A glyph beyond the
// characters stands for a space of no width, for a code that stands for nothing is read as rubbish by some programs.
func share(chars []rune, i, n int, rtl bool) string {
	if rtl {
		i = n - 1 - i
	}
	over := len(chars) - n
	switch {
	case i == 0 && over >= 0:
		return string(chars[:over+1])
	case i == 0:
		return string(chars[:1])
	case over >= 0:
		return string(chars[over+i])
	case i < len(chars):
		return string(chars[i])
	}
	return "\u200b"
}

// seen leaves out the characters that have no shape of their own.
func seen(chars []rune) []rune {
	for i, r := range chars {
		if ignorable(r) {
			out := append([]rune{}, chars[:i]...)
			for _, r := range chars[i:] {
				if !ignorable(r) {
					out = append(out, r)
				}
			}
			return out
		}
	}
	return chars
}

// joins says whether the character takes the shape of what is beside it.
func joins(r rune) bool { return r == 0x200c || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f }

// ignorable says whether the character is meant to be invisible: joiners, marks of direction, soft hyphens,
// selectors of variants.
func ignorable(r rune) bool {
	switch {
	case r == 0xad, r == 0x34f, r == 0x61c, r == 0xfeff, r >= 0x200b && r <= 0x200f, r >= 0x2060 && r <= 0x2064,
		r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef:
		return true
	}
	return false
}

// control says whether the character is an order and no letter. The orders that turn the direction of text are
// among them: obeyed, they make a name read as another. They are written out as [U+202E].
func control(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
