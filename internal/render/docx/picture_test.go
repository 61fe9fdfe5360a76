package docx

import (
	"bytes"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/report"
)

func TestPicturesShowTheShapes(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type1", nil)
	var missing []string
	caption := report.Runs{{Text: "A picture"}}
	r.Sections[2].Blocks = append(r.Sections[2].Blocks, report.Block{Drawing: &report.Drawing{ID: "p", Caption: caption, Alt: "A red box, a dashed line and names.", Width: 200, Height: 100,
		Shapes: []report.Shape{
			{Box: &report.Box{X: 10, Y: 10, W: 40, H: 30, Radius: 4, Fill: report.InkBad}},
			{Line: &report.Line{X1: 100, Y1: 0, X2: 100, Y2: 100, Width: 4, Stroke: report.InkAccent}},
			{Label: &report.Label{X: 10, Y: 90, Size: 10, Text: "Ωμέγα & Жук <b>", Color: report.InkText}},
			{Label: &report.Label{X: 10, Y: 70, Size: 10, Text: "株式会社", Color: report.InkText}},
		}}})
	parts := unpack(t, draw(t, r, Options{Missing: func(s string) { missing = append(missing, s) }}))
	if diff := cmp.Diff([]string{"株式会社"}, missing); diff != "" {
		t.Errorf("texts with characters that are missing (-want +got):\n%s", diff)
	}
	m, err := png.Decode(strings.NewReader(parts["word/media/picture1.png"]))
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds().Dx() != 400 || m.Bounds().Dy() != 200 {
		t.Errorf("the picture has %v dots, want two for each point", m.Bounds())
	}
	ink := func(i report.Ink) color.RGBA {
		r, g, b := i.RGB()
		return color.RGBA{r, g, b, 255}
	}
	for at, want := range map[[2]int]color.RGBA{{60, 50}: ink(report.InkBad), {200, 100}: ink(report.InkAccent), {300, 20}: {255, 255, 255, 255}, {20, 20}: {255, 255, 255, 255}} {
		if got := color.RGBAModel.Convert(m.At(at[0], at[1])); got != want {
			t.Errorf("the dot at %v is %v, want %v", at, got, want)
		}
	}
	dark := 0
	for x := range 400 {
		for y := 160; y < 190; y++ {
			if c := color.RGBAModel.Convert(m.At(x, y)).(color.RGBA); c.R < 100 {
				dark++
			}
		}
	}
	if dark < 100 {
		t.Errorf("the label has %d dark dots", dark)
	}
	if svg := parts["word/media/picture1.svg"]; !strings.Contains(svg, "Ωμέγα &amp; Жук &lt;b&gt;") || !strings.Contains(svg, "株式会社") || strings.Contains(svg, "var(") {
		t.Errorf("the picture as SVG is %s", svg)
	}
}

// TestManyColours draws more than a palette holds.
func TestManyColours(t *testing.T) {
	t.Parallel()
	p, err := newPainter()
	if err != nil {
		t.Fatal(err)
	}
	p.to.w, p.to.h = 20, 20
	for i := range 400 {
		p.to.pix = append(p.to.pix, uint32(i)*997)
	}
	m, err := png.Decode(bytes.NewReader(p.encode()))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range p.to.pix {
		r, g, b, _ := m.At(i%20, i/20).RGBA()
		if got := r>>8<<16 | g>>8<<8 | b>>8; got != want {
			t.Fatalf("dot %d is %06x, want %06x", i, got, want)
		}
	}
}

// recorder counts the complaints of a check instead of failing.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper()                        {}
func (r *recorder) Errorf(format string, _ ...any) { r.said = append(r.said, format) }
func (r *recorder) Error(args ...any)              { r.said = append(r.said, args[0].(string)) }

// TestValidSees plants the faults that the checks of this package are there for.
func TestValidSees(t *testing.T) {
	t.Parallel()
	good := unpack(t, draw(t, example(t, "soc2-type2", func(f *report.Facts) {
		f.Controls = slices.DeleteFunc(f.Controls, func(c assure.Control) bool { return c.ID != "CHG-01" })
		f.Results.Controls = slices.DeleteFunc(f.Results.Controls, func(t assure.TestResult) bool { return t.Control != "CHG-01" })
	}), Options{}))
	for name, c := range map[string]struct{ part, old, new string }{
		"children in disorder":     {"word/document.xml", `<w:pStyle w:val="Title"/>`, `<w:jc w:val="left"/><w:pStyle w:val="Title"/>`},
		"an unknown style":         {"word/document.xml", `w:val="Title"`, `w:val="Titel"`},
		"a link to nothing":        {"word/document.xml", `w:anchor="criteria"`, `w:anchor="nowhere"`},
		"a bookmark twice":         {"word/document.xml", `w:name="criteria"`, `w:name="controls"`},
		"a field without an end":   {"word/document.xml", `w:fldCharType="end"`, `w:fldCharType="separate"`},
		"a picture without words":  {"word/document.xml", ` descr="`, ` title="`},
		"a relation to nothing":    {"word/document.xml", `r:embed="rIdP1"`, `r:embed="rIdX"`},
		"a part that is missing":   {"word/_rels/document.xml.rels", `Target="styles.xml"`, `Target="style.xml"`},
		"a part without a type":    {"[Content_Types].xml", `PartName="/word/styles.xml"`, `PartName="/word/style.xml"`},
		"a head that is not again": {"word/document.xml", `<w:tblHeader/>`, ``},
		"a narrow table":           {"word/document.xml", `<w:gridCol w:w="`, `<w:gridCol w:w="1`},
	} {
		bad := map[string]string{}
		for k, v := range good {
			bad[k] = v
		}
		bad[c.part] = strings.Replace(bad[c.part], c.old, c.new, 1)
		if bad[c.part] == good[c.part] {
			t.Errorf("%s: nothing to plant it in", name)
			continue
		}
		r := &recorder{TB: t}
		valid(r, bad)
		if len(r.said) == 0 {
			t.Errorf("%s passes", name)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	body := &style{size: 20}
	for _, c := range []struct {
		text  string
		width int
		want  int
	}{
		{"", 1000, 1}, {"one", 1000, 1}, {"one two", 1000, 1}, {"one two three four", 1000, 2}, {"a\nb", 1000, 2},
		{strings.Repeat("m", 100), 1000, 17}, {"payments-api-2411", 1000, 2},
	} {
		if got := lines(c.text, body, c.width); got != c.want {
			t.Errorf("lines(%.20q, %d) = %d, want %d", c.text, c.width, got, c.want)
		}
	}
}

// TestLayout places rows and paragraphs on pages of 1,000: a head repeats, headings stay with what follows,
// the larger of two gaps counts.
func TestLayout(t *testing.T) {
	t.Parallel()
	para, heading := unit{line: 100, lines: 2, before: 50, after: 50}, unit{line: 100, lines: 1, before: 100, after: 50, keep: true, entry: "h"}
	for name, c := range map[string]struct {
		units      []unit
		page, used int
	}{
		"paragraphs":               {[]unit{para, para, para}, 1, 750},
		"a paragraph over pages":   {[]unit{para, para, para, {line: 100, lines: 5}}, 2, 300},
		"no line alone":            {[]unit{para, para, para, {line: 100, lines: 3}}, 2, 300},
		"a heading moves":          {[]unit{para, para, para, heading, para}, 2, 400},
		"rows under their head":    {[]unit{{line: 100, lines: 1, keep: true}, {line: 100, lines: 3, edges: 50, head: 100}, {line: 100, lines: 3, edges: 50, head: 100}, {line: 100, lines: 3, edges: 50, head: 100}}, 2, 450},
		"a row longer than a page": {[]unit{{line: 100, lines: 1, keep: true}, {line: 100, lines: 20, edges: 50, head: 100}}, 3, 550},
	} {
		l := &layout{height: 1000}
		for _, u := range c.units {
			l.add(u)
		}
		if l.page+1 != c.page || l.y != c.used {
			t.Errorf("%s: page %d, %d used; want page %d, %d used", name, l.page+1, l.y, c.page, c.used)
		}
	}
}
