package pdf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"codeberg.org/go-fonts/dejavu/dejavusans"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/report"
)

// han is a font with one character, U+65E5, drawn as the letter H is elsewhere.
func han(t testing.TB) []byte {
	t.Helper()
	face, err := font.ParseTTF(bytes.NewReader(dejavusans.TTF))
	if err != nil {
		t.Fatal(err)
	}
	g, _ := face.NominalGlyph('H')
	ld, err := opentype.NewLoader(bytes.NewReader(trueType(face, []opentype.GID{0, g})))
	if err != nil {
		t.Fatal(err)
	}
	cmap := []byte{0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 1,
		0, 0, 0x65, 0xe5, 0, 0, 0x65, 0xe5, 0, 0, 0, 1}
	tables := []table{{"cmap", cmap}}
	for _, tag := range []string{"glyf", "head", "hhea", "hmtx", "loca", "maxp"} {
		b, err := ld.RawTable(opentype.MustNewTag(tag))
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, table{tag, b})
	}
	return sfnt(tables)
}

// restricted is a font whose maker forbids that it is embedded.
func restricted(t testing.TB) []byte {
	t.Helper()
	b := bytes.Clone(dejavusans.TTF)
	for i := range int(binary.BigEndian.Uint16(b[4:])) {
		if row := b[12+16*i:]; string(row[:4]) == "OS/2" {
			binary.BigEndian.PutUint16(b[binary.BigEndian.Uint32(row[8:])+8:], 2)
			return b
		}
	}
	t.Fatal("no table OS/2")
	return nil
}

func TestMissingCharacters(t *testing.T) {
	t.Parallel()
	r := oneSection(t,
		report.Block{Heading: &report.Heading{ID: "h", Level: 1, Text: "Owners"}}, report.Block{Paragraph: datum("日本日 Łódź Ελλάδα Київ ﬁ")},
		report.Block{Paragraph: datum("日 again")},
		report.Block{Table: &report.Table{ID: "t", Caption: say("People"), Columns: []report.Column{{Title: "Name"}}, Rows: []report.Row{{Cells: []report.Runs{datum("日")}}}}})
	var b bytes.Buffer
	got, err := Render(&b, r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Missing{{Rune: '日', Count: 4, Places: []string{"Owners", "Section I: People"}}, {Rune: '本', Count: 1, Places: []string{"Owners"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	text := readPDF(t, b.Bytes()).tree().text
	if !strings.Contains(text, "[U+65E5][U+672C][U+65E5] Łódź Ελλάδα Київ") {
		t.Errorf("a missing character is not written out: %q", text)
	}
	// A font that has one of them.
	b.Reset()
	if got, err = Render(&b, r, Options{Fonts: [][]byte{han(t)}, Watermark: "copy for 本"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Missing{{Rune: '本', Count: 2, Places: []string{"Owners", "watermark"}}}, got); diff != "" {
		t.Errorf("missing with a font (-want +got):\n%s", diff)
	}
	f := readPDF(t, b.Bytes())
	if text := f.tree().text; !strings.Contains(text, "日[U+672C]日") {
		t.Errorf("the character of the given font is not there: %q", text)
	}
}

// TestOrdersAreShown writes orders to turn the direction and other controls out: obeyed, they would make a name read
// as another.
func TestOrdersAreShown(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	missing, err := Render(&b, oneSection(t, report.Block{Paragraph: datum("invoice\u202efdp.exe \x07 tab\there \u2066x\u2069 soft\u00adhyphen \xff end")}), Options{})
	if err != nil || len(missing) > 0 {
		t.Fatal(missing, err)
	}
	if got, want := readPDF(t, b.Bytes()).tree().text, "invoice[U+202E]fdp.exe [U+0007] tab here [U+2066]x[U+2069] softhyphen \ufffd end"; !strings.Contains(got, want) {
		t.Errorf("text = %q, want %q in it", got, want)
	}
}

func TestDirection(t *testing.T) {
	t.Parallel()
	const he = "שלום"
	tests := []struct{ in, want string }{
		{"plain", "plain@0"},
		{he, he + "@1"},
		{"a " + he + " b", "a @0 " + he + "@1  b@0"},
		{"a " + he + " 12 b", "a @0 " + he + " @1 12@2  b@0"},
		{he + " 12", he + " @1 12@2"},
		{he + " abc " + he, he + " @1 abc@2  " + he + "@1"},
		{"12 abc " + he, "12 abc @0 " + he + "@1"},
		{he + "\u202e abc", he + "\u202e @1 abc@2"},
	}
	for _, tt := range tests {
		var got []string
		for _, s := range levels(tt.in) {
			got = append(got, s.text+"@"+string('0'+rune(s.level)))
		}
		if g := strings.Join(got, " "); g != tt.want {
			t.Errorf("levels(%q) = %q, want %q", tt.in, g, tt.want)
		}
	}
	// Of what runs from right to left, the first letter stands at the right, and figures keep their order.
	f := readPDF(t, draw(t, oneSection(t, report.Block{Paragraph: report.Runs{{Text: "Owner "}, {Text: he + " 12", Data: true}, {Text: " end"}}}), Options{}))
	if text := f.tree().text; !strings.Contains(text, "Owner 12 םולש end") {
		t.Errorf("the line is drawn as %q", text)
	}
}

// TestArabicJoins draws letters in the shape that their neighbours ask for, each of which stands for its letter.
func TestArabicJoins(t *testing.T) {
	t.Parallel()
	s, err := loadFonts(nil)
	if err != nil {
		t.Fatal(err)
	}
	set := s.shape(regular, "ببب", true)
	codes := map[uint16]bool{}
	var text []string
	for _, p := range set.parts {
		for _, g := range p.glyphs {
			codes[g.code] = true
			text = append(text, p.font.used[g.code].text)
		}
	}
	if len(codes) != 3 || !cmp.Equal(text, []string{"ب", "ب", "ب"}) {
		t.Errorf("three shapes expected, got codes %v for %q", codes, text)
	}
}

// TestUnbreakable breaks what has no place to break, within the margins.
func TestUnbreakable(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("0123456789abcdef", 40)
	cells := []report.Runs{datum(key), {{Text: key, Code: true, Data: true}}, datum("arn:aws:iam::123456789012:role/deploy/" + strings.Repeat("x", 90)), say("1,204")}
	tab := &report.Table{ID: "t", Caption: say("Keys"), Columns: []report.Column{{Title: "Item"}, {Title: "Digest"}, {Title: "Role", Wide: true}, {Title: "Count", Number: true}},
		Rows: []report.Row{{Cells: cells}}}
	f := readPDF(t, draw(t, oneSection(t, report.Block{Table: tab}, report.Block{Paragraph: datum(key)}, report.Block{Verbatim: &report.Verbatim{Text: "a\tb  c\n" + key}}), Options{}))
	tree := f.tree()
	for i, c := range tree.all("TBody")[0].kids[0].kids {
		if c.text != cells[i].String() {
			t.Errorf("cell %d = %q", i, c.text)
		}
	}
	if text := tree.text; !strings.HasSuffix(text, key+"a       b  c"+key) {
		t.Errorf("the text ends with %.80q", text[len(text)-700:])
	}
	for _, p := range f.pieces() {
		if p.x < 63 || p.x > 595-64 {
			t.Errorf("%q begins at %.0f", p.text, p.x)
		}
	}
}

// TestVerbatimOfManyLines keeps 200 lines and their spaces.
func TestVerbatimOfManyLines(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 200 {
		lines = append(lines, strings.Repeat(" ", i%5)+"line  "+strings.Repeat("x", i%90))
	}
	f := readPDF(t, draw(t, oneSection(t, report.Block{Verbatim: &report.Verbatim{Text: strings.Join(lines, "\r\n")}}), Options{}))
	var got []string
	for _, p := range f.tree().all("Div")[0].kids {
		got = append(got, p.text)
	}
	if diff := cmp.Diff(lines, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestDrawing draws each shape, and its labels as text.
func TestDrawing(t *testing.T) {
	t.Parallel()
	g := &report.Drawing{ID: "flow", Caption: say("Data flow"), Alt: "Orders flow from the shop to the ledger.", Width: 900, Height: 200, Shapes: []report.Shape{
		{Box: &report.Box{X: 10, Y: 10, W: 200, H: 80, Radius: 6, Fill: report.InkSoft, Stroke: report.InkAccent}},
		{Line: &report.Line{X1: 210, Y1: 50, X2: 500, Y2: 50, Stroke: report.InkQuiet, Width: 1, Dashed: true, Arrow: true}},
		{Label: &report.Label{X: 110, Y: 50, Text: "Shop", Size: 12, Anchor: report.Middle, Color: report.InkText, Strong: true}},
		{Label: &report.Label{X: 890, Y: 50, Text: "A ledger with a name that is far too long for its place", Size: 12, Anchor: report.End, Color: report.InkText, Max: 90}},
	}}
	f := readPDF(t, draw(t, oneSection(t, report.Block{Drawing: g}), Options{}))
	fig := f.tree().all("Figure")[0]
	if got := textString(fig.dict["Alt"]); got != g.Alt {
		t.Errorf("alternative text = %q, want %q", got, g.Alt)
	}
	if !strings.HasPrefix(fig.text, "Shop A ledger") || !strings.HasSuffix(fig.text, "… ") {
		t.Errorf("labels = %q", fig.text)
	}
	// The whole picture is scaled to the width of the text.
	for _, p := range f.pieces() {
		if p.text == "Shop " && (p.x < 100 || p.x > 140) {
			t.Errorf("the label stands at %.0f", p.x)
		}
	}
}

// TestCurves draws curves of the third degree within a thousandth of the em.
func TestCurves(t *testing.T) {
	t.Parallel()
	type pt = opentype.SegmentPoint
	from, c := pt{}, [3]pt{{X: 0, Y: 552}, {X: 448, Y: 1000}, {X: 1000, Y: 1000}}
	worst := 0.0
	for _, q := range append([][2]pt{{from, from}}, quads(from, c, 1000)...) {
		for i := range 21 {
			s := float64(i) / 20
			x := (1-s)*(1-s)*float64(from.X) + 2*s*(1-s)*float64(q[0].X) + s*s*float64(q[1].X)
			y := (1-s)*(1-s)*float64(from.Y) + 2*s*(1-s)*float64(q[0].Y) + s*s*float64(q[1].Y)
			// The curve is a quarter of a circle about (1000, 0), itself true to 0.3.
			worst = max(worst, math.Abs(math.Hypot(x-1000, y)-1000))
		}
		from = q[1]
	}
	if worst > 1.5 {
		t.Errorf("the curve is off by %.2f", worst)
	}
}

// TestFontsOfThePlace draws what the fonts named by ASSAY_FONTS (a pattern) have, to be looked at.
func TestFontsOfThePlace(t *testing.T) {
	pattern := os.Getenv("ASSAY_FONTS")
	if pattern == "" {
		t.Skip("ASSAY_FONTS names no fonts")
	}
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatal("no fonts", err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		s, err := loadFonts([][]byte{b})
		if err != nil {
			t.Logf("%s: %v", n, err)
			continue
		}
		var has []rune
		for r := rune(0x21); r < 0xffff && len(has) < 400; r++ {
			if s.all[5].has(r) && !unicode.IsSpace(r) && !s.all[0].has(r) {
				has = append(has, r)
			}
		}
		draw(t, oneSection(t, report.Block{Paragraph: datum(filepath.Base(n) + " " + string(has))}), Options{Fonts: [][]byte{b}})
	}
}

// TestManyNarrowColumns finds a place for everything where hardly a letter fits.
func TestManyNarrowColumns(t *testing.T) {
	t.Parallel()
	tab := &report.Table{ID: "t", Caption: say("Narrow"), Rows: []report.Row{{}}}
	for range 40 {
		tab.Columns = append(tab.Columns, report.Column{Title: "Completeness", Narrow: true})
		tab.Rows[0].Cells = append(tab.Rows[0].Cells, report.Runs{{Mark: report.MarkGap, Text: "Not tested"}, {Text: " by "}, {Text: "mara", Data: true}})
	}
	f := readPDF(t, draw(t, oneSection(t, report.Block{Table: tab}), Options{Paper: Letter}))
	for i, c := range f.tree().all("TBody")[0].kids[0].kids {
		if c.text != "Not tested by mara" {
			t.Errorf("cell %d = %q", i, c.text)
		}
	}
	if got, want := fmt.Sprint(f.pages()[0]["MediaBox"]), "[0 0 612 792]"; got != want {
		t.Errorf("paper = %v, want %v", got, want)
	}
}
