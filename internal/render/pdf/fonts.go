package pdf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"codeberg.org/go-fonts/dejavu/dejavusans"
	"codeberg.org/go-fonts/dejavu/dejavusansmono"
	"eliasnaur.com/font/roboto/robotobold"
	"eliasnaur.com/font/roboto/robotomedium"
	"eliasnaur.com/font/roboto/robotoregular"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"

	"github.com/assayhq/assay/internal/fault"
)

// cut is one of the cuts that the document is set in.
type cut int

const (
	regular cut = iota
	medium
	bold
	mono
	cuts
)

// typeface is one font and the glyphs of it that the document uses.
type typeface struct {
	name   string
	face   *font.Face
	shaper *harfbuzz.Font
	ref    ref
	res    string // its name in the resources of a page
	upem   float64
	draws  map[rune]bool
	codes  map[code]uint16
	used   []code
}

// code is a glyph together with the text that it stands for: a glyph that stands for two texts gets two codes, so
// that what is copied out of the document is always what was put in.
type code struct {
	gid  opentype.GID
	text string
}

// fontSet is all fonts, and for each cut the order in which they are asked for a character.
type fontSet struct {
	all    []*typeface
	chains [cuts][]*typeface
	buf    *harfbuzz.Buffer
	cache  map[shapeKey]*shaped
}

// loadFonts reads the fonts of the house and those of the caller: the former first, the latter for what they lack,
// and at the end one that has nearly every symbol.
func loadFonts(own [][]byte) (*fontSet, error) {
	s := &fontSet{buf: harfbuzz.NewBuffer(), cache: map[shapeKey]*shaped{}}
	house := [][]byte{robotoregular.TTF, robotomedium.TTF, robotobold.TTF, dejavusansmono.TTF, dejavusans.TTF}
	var first []*typeface
	for i, b := range house {
		fs, err := s.read(b)
		if err != nil {
			return nil, fmt.Errorf("font %d of the house: %w", i+1, err)
		}
		fs[0].name = [...]string{"Roboto-Regular", "Roboto-Medium", "Roboto-Bold", "DejaVuSansMono", "DejaVuSans"}[i]
		first = append(first, fs[0])
	}
	var more []*typeface
	for i, b := range own {
		fs, err := s.read(b)
		if err != nil {
			return nil, fault.Refuse("font %d of those given cannot be used: %v; expected a TrueType or OpenType file with outlines", i+1, err)
		}
		more = append(more, fs...)
	}
	last := first[len(first)-1]
	for c := range cuts {
		s.chains[c] = append(append([]*typeface{first[c]}, more...), last)
	}
	// Other cuts have what the mono lacks, before a symbol font does.
	s.chains[mono] = append([]*typeface{first[mono]}, s.chains[regular]...)
	return s, nil
}

// read reads a font, or all fonts of a collection.
func (s *fontSet) read(b []byte) (out []*typeface, err error) {
	// The parser meets files from anywhere. One that breaks it is a bad file, not a broken program.
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	lds, err := opentype.NewLoaders(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for _, ld := range lds {
		if os2, err := ld.RawTable(opentype.MustNewTag("OS/2")); err == nil && len(os2) >= 10 && binary.BigEndian.Uint16(os2[8:])&0xf == 2 {
			return nil, fmt.Errorf("its maker does not allow that it is embedded in a document")
		}
		ft, err := font.NewFont(ld)
		if err != nil {
			return nil, err
		}
		face := font.NewFace(ft)
		if face.Upem() < 16 || face.Upem() > 16384 {
			return nil, fmt.Errorf("its em has %d units", face.Upem())
		}
		t := &typeface{name: psName(ft.Describe().Family), face: face, shaper: harfbuzz.NewFont(face), upem: float64(face.Upem()),
			draws: map[rune]bool{}, codes: map[code]uint16{}, used: []code{{}}, res: fmt.Sprintf("F%d", len(s.all)+1)}
		s.all = append(s.all, t)
		out = append(out, t)
	}
	return out, nil
}

// psName keeps of a name what a PostScript name may hold.
func psName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-') {
			return r
		}
		return -1
	}, s)
	if s == "" {
		return "Font"
	}
	return s
}

// has says whether the font draws the character: a glyph with an outline, or a space. Glyphs that are only a picture
// or a colour would leave an empty place.
func (t *typeface) has(r rune) bool {
	ok, known := t.draws[r]
	if !known {
		ok = t.drawn(r)
		t.draws[r] = ok
	}
	return ok
}

func (t *typeface) drawn(r rune) bool {
	g, ok := t.face.NominalGlyph(r)
	if !ok || g == 0 {
		return false
	}
	if unicode.IsSpace(r) || ignorable(r) {
		return true
	}
	o, ok := t.face.GlyphDataOutline(g)
	return ok && len(o.Segments) > 0
}

// code is the number under which the document's text names a glyph. 0 is the font's mark for "no glyph".
func (t *typeface) code(g opentype.GID, text string) uint16 {
	k := code{g, text}
	if c, ok := t.codes[k]; ok {
		return c
	}
	if len(t.used) >= 65535 {
		return 0
	}
	c := uint16(len(t.used))
	t.codes[k] = c
	t.used = append(t.used, k)
	return c
}

// width is the advance of a glyph in thousandths of the size.
func (t *typeface) width(g opentype.GID) int {
	return int(clamp(float64(t.face.HorizontalAdvance(g))*1000/t.upem, 0, 60000))
}

// embed writes the used part of the font into the file.
func (t *typeface) embed(f *file, n int) {
	gids := make([]opentype.GID, len(t.used))
	var widths []byte
	for i, c := range t.used {
		gids[i] = c.gid
		widths = fmt.Appendf(widths, "%d ", t.width(c.gid))
	}
	name := fmt.Sprintf("%s+%s", tagOf(n), t.name)
	data := trueType(t.face, gids)
	program, unicodes := f.alloc(), f.alloc()
	f.stream(program, fmt.Sprintf("/Length1 %d", len(data)), data)
	f.stream(unicodes, "", t.toUnicode())
	ext, _ := t.face.FontHExtents()
	em := func(v float32) int { return int(clamp(float64(v)*1000/t.upem, -4000, 4000)) }
	desc := f.add(fmt.Sprintf("<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d/StemV 80/FontFile2 %s>>",
		name, -500, em(ext.Descender), 1500, em(ext.Ascender), em(ext.Ascender), em(ext.Descender), em(t.face.LineMetric(font.CapHeight)), program))
	child := f.add(fmt.Sprintf("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/CIDToGIDMap/Identity/DW 1000/W[0[%s]]/FontDescriptor %s>>",
		name, bytes.TrimSpace(widths), desc))
	f.set(t.ref, fmt.Sprintf("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%s]/ToUnicode %s>>", name, child, unicodes))
}

// tagOf is the six letters before the name of a font that is embedded in part.
func tagOf(n int) string {
	return fmt.Sprintf("ASSAY%c", 'A'+n%26)
}

// toUnicode says which text each code stands for.
func (t *typeface) toUnicode() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n" +
		"/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n")
	var rows []string
	for i, c := range t.used {
		if c.text == "" {
			continue
		}
		row := fmt.Sprintf("<%04X><", i)
		for _, u := range utf16.Encode([]rune(c.text)) {
			row += fmt.Sprintf("%04X", u)
		}
		rows = append(rows, row+">\n")
	}
	for len(rows) > 0 {
		n := min(len(rows), 100)
		fmt.Fprintf(&b, "%d beginbfchar\n%sendbfchar\n", n, strings.Join(rows[:n], ""))
		rows = rows[n:]
	}
	b.WriteString("endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}
