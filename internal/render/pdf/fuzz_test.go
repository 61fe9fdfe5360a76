package pdf

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/assayhq/assay/internal/report"
)

// FuzzRender draws any text in any place: it never breaks, and what it writes can be read, has no text outside of its
// structure and keeps each link.
func FuzzRender(f *testing.F) {
	f.Add("Plain text, with a name", "payments-api-2411", "shown", 3, uint8(0))
	f.Add("日本語 שלום 123 abc العربية ١٢٣", "\u202e\u2066\u0000\x07\t\n\u0301\u200d", "e\u0301\u0301\u0301 👩‍👩‍👧 🏳️", 40, uint8(1))
	f.Add("\xff\xfe\xed\xa0\x80", "((((\\)))]>>endstream", "", 0, uint8(2))
	f.Add("ا\u064b\u064b\u064bب", "שׁ(a)[1]{b}", "क्षि ไทย", 7, uint8(3))
	f.Fuzz(drawAnything)
}

func drawAnything(t *testing.T, a, b, c string, n int, shape uint8) {
	n = min(max(n, 0), 20)
	runs := report.Runs{{Text: a}, {Text: b, Data: true}, {Text: c, Code: true, Data: true}, {Text: a, Strong: true}, {Text: c, Quiet: true}, {Text: b, Link: "#t"},
		{Text: c, Mark: report.Mark(b)}, {Figure: &report.Figure{Value: n, Link: "#t", Caveat: c}}}
	tab := &report.Table{ID: "t", Caption: append(say("x"), runs...)}
	for i := range 1 + int(shape)%7 {
		tab.Columns = append(tab.Columns, report.Column{Title: []string{a, b, c, ""}[(i+int(shape))%4], Number: shape&8 > 0 && i%2 > 0, Narrow: shape&16 > 0 && i%3 == 0, Wide: shape&32 > 0 && i%2 == 0})
	}
	for range n {
		row := report.Row{}
		for i := range tab.Columns {
			row.Cells = append(row.Cells, runs[i%len(runs):])
		}
		tab.Rows = append(tab.Rows, row)
	}
	size := float64(n)*37 - 100
	blocks := []report.Block{
		{Heading: &report.Heading{ID: "h", Level: int(shape) % 5, Label: b, Text: a, Mark: report.MarkGap, Word: c}},
		{Paragraph: runs}, {List: []report.Runs{runs, {}, runs}}, {List: []report.Runs{runs, runs}, Ordered: true}, {Table: tab}, {Verbatim: &report.Verbatim{Text: b + "\n" + a + "\r" + c}},
		{Note: &report.Note{Tone: report.Tone(c), Title: b, Text: runs, List: []report.Runs{runs}}}, {Statement: &report.Statement{Label: a, Text: runs}},
		{Terms: &report.Terms{Items: []report.Term{{Name: b, Value: runs}, {Name: a}}}},
		{Chart: &report.Chart{ID: "c", Caption: runs, Bars: []report.Bar{{Month: a, Total: n, Deviating: n / 2}}}},
		{Drawing: &report.Drawing{ID: "d", Caption: append(say("x"), runs...), Alt: a + "x", Width: size, Height: size * 3, Shapes: []report.Shape{
			{Label: &report.Label{X: size, Y: size, Text: b, Size: size / 9, Anchor: report.Anchor(c), Max: float64(n)}}, {Box: &report.Box{W: size, H: -size, Radius: size, Fill: report.Ink(a), Stroke: report.InkBad}},
			{Line: &report.Line{X1: size, Stroke: report.InkBad, Arrow: true}}}}},
	}
	r := oneSection(t, blocks...)
	r.Title, r.Organization, r.Subtitle, r.System, r.KnownAt = a, b, c, b, c
	r.Draft, r.Sections[0].Draft = shape&64 > 0, shape&64 > 0
	r.Sections[0].Title = c
	r.Open = []report.Point{{Text: runs, Where: "#t"}}
	var out bytes.Buffer
	if _, err := Render(&out, r, Options{Watermark: a, Language: "en"}); err != nil {
		t.Skip(err) // the lint refuses words of ours that the text may hold
	}
	file := readPDF(t, out.Bytes())
	file.tree()
	file.dests()
}

// TestQPDF lets another reader look at the file, where it is installed.
func TestQPDF(t *testing.T) {
	t.Parallel()
	qpdf, err := exec.LookPath("qpdf")
	if err != nil {
		t.Skip("qpdf is not installed")
	}
	name := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(name, draw(t, example(t, "soc2-type2", nil), Options{Watermark: "copy", Fonts: [][]byte{han(t)}}), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), qpdf, "--check", name).CombinedOutput(); err != nil {
		t.Errorf("qpdf: %v\n%s", err, out)
	}
}
