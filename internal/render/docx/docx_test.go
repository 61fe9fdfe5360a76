package docx

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// example builds the example company's draft; change may plant something first.
func example(t testing.TB, k report.Kind, change func(*report.Facts)) *report.Report {
	t.Helper()
	b, err := os.ReadFile("../../report/testdata/results.json")
	if err != nil {
		t.Fatal(err)
	}
	var res assure.Results
	if err := json.Unmarshal(b, &res); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	tsc, _ := c.Framework("tsc")
	cats := []string{"security", "availability"}
	crit, err := tsc.InScope(cats)
	if err != nil {
		t.Fatal(err)
	}
	f := report.Facts{Organization: res.Organization, System: "Harborline Payments", When: report.Throughout(res.Period),
		Categories: cats, Criteria: crit, Controls: c.Controls, Results: res,
		Reasons: map[string]string{"CC6.4": "The system runs in data centres of a subservice organization."},
		Systems: []report.System{{Name: "ledger-db", Kind: "database", Owner: "Platform", Environment: "production"}, {Name: "okta", Kind: "identity provider", Owner: "IT", Environment: "production"}}}
	if k == "soc2-type1" {
		f.When = report.AsOf{Date: res.Period.To, Zone: res.Period.Zone}
	}
	if change != nil {
		change(&f)
	}
	r, err := report.Build(k, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// everything adds the pieces that the example has not: each kind of block, and scripts of three directions.
func everything(r *report.Report) {
	say := func(s string) report.Runs { return report.Runs{{Text: s}} }
	data := func(s string) report.Runs { return report.Runs{{Text: s, Data: true}} }
	flow := &report.Drawing{ID: "flow", Caption: say("Data flows of the system"), Alt: "Customers send payments to the service, which writes to the ledger.", Width: 480, Height: 150,
		Shapes: []report.Shape{
			{Box: &report.Box{X: 10, Y: 40, W: 120, H: 60, Radius: 6, Fill: report.InkSoft, Stroke: report.InkAccent}},
			{Label: &report.Label{X: 70, Y: 75, Text: "Customers", Size: 11, Anchor: report.Middle, Color: report.InkText, Strong: true}},
			{Line: &report.Line{X1: 130, Y1: 70, X2: 210, Y2: 70, Stroke: report.InkQuiet, Width: 1, Arrow: true}},
			{Label: &report.Label{X: 170, Y: 62, Text: "payments", Size: 8, Anchor: report.Middle, Color: report.InkQuiet}},
			{Box: &report.Box{X: 210, Y: 40, W: 110, H: 60, Radius: 6, Fill: report.InkSunken, Stroke: report.InkLine}},
			{Label: &report.Label{X: 265, Y: 75, Text: "Zahlungen Ωμέγα Жук 支払い", Size: 10, Anchor: report.Middle, Color: report.InkText, Max: 104}},
			{Line: &report.Line{X1: 320, Y1: 70, X2: 400, Y2: 110, Stroke: report.InkBad, Width: 1.5, Dashed: true, Arrow: true}},
			{Box: &report.Box{X: 400, Y: 90, W: 70, H: 40, Fill: report.InkGood}},
			{Label: &report.Label{X: 435, Y: 114, Text: "Ledger", Size: 10, Anchor: report.Middle, Color: report.InkText}},
		}}
	s := &r.Sections[2]
	s.Blocks = append(s.Blocks,
		report.Block{Heading: &report.Heading{ID: "more", Level: 1, Text: "Every kind of block"}},
		report.Block{Paragraph: report.Runs{{Text: "Plain, "}, {Text: "strong, ", Strong: true}, {Text: "quiet, ", Quiet: true}, {Text: "code", Code: true, Data: true}, {Text: " and data: "}, {Text: "שלום עולם 2026 (בדיקה)", Data: true}, {Text: ", "}, {Text: "مرحبا بالعالم", Data: true}, {Text: ", "}, {Text: "株式会社ハーバー", Data: true}, {Text: ", Ωμέγα, Жук, nul:"}, {Text: "a\x00b\x1bc", Data: true}, {Text: "."}}},
		report.Block{Paragraph: data("זו פסקה בעברית, עם Latin באמצע, 12.5.2026.")},
		report.Block{List: []report.Runs{say("first point"), say("second point, which is long enough to need another line of text because it goes on and on about nothing in particular, as such points do")}},
		report.Block{List: []report.Runs{say("one of a numbered list"), say("another")}, Ordered: true},
		report.Block{Drawing: flow},
		report.Block{Statement: &report.Statement{Label: "As management states it", Text: data("Each change is approved by a second person before release.")}},
		report.Block{Verbatim: &report.Verbatim{Text: "line 1\n\tline <2> & more\n    line 3"}},
		report.Block{Table: &report.Table{ID: "names", Caption: say("Names"), Columns: []report.Column{{Title: "Name"}, {Title: "Count", Number: true}, {Title: "Remark", Wide: true}},
			Rows: []report.Row{{Cells: []report.Runs{data("עומר"), say("1"), data("ימין לשמאל")}}, {Cells: []report.Runs{data("山田太郎"), say("2"), data("left")}},
				{Cells: []report.Runs{data(strings.Repeat("key", 30)), say("1,234,567"), data(strings.Repeat("long reason ", 60))}}}}},
	)
}

func draw(t testing.TB, r *report.Report, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, r, o); err != nil {
		t.Fatal(err)
	}
	// ASSAY_LOOK=DIR keeps the drawings, to be looked at.
	if dir := os.Getenv("ASSAY_LOOK"); dir != "" {
		if err := os.WriteFile(dir+"/"+strings.ReplaceAll(t.Name(), "/", "-")+".docx", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// unpack reads the parts of a package.
func unpack(t testing.TB, doc []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(doc), int64(len(doc)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := out[f.Name]; twice {
			t.Errorf("the package holds %s twice", f.Name)
		}
		out[f.Name] = string(b)
	}
	return out
}

func TestDocument(t *testing.T) {
	t.Parallel()
	for _, k := range []report.Kind{"soc2-type2", "soc2-type1"} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := example(t, k, nil)
			everything(r)
			doc := draw(t, r, Options{Watermark: "Copy 7 for Example Bank, not to be passed on"})
			valid(t, unpack(t, doc))
			if again := draw(t, r, Options{Watermark: "Copy 7 for Example Bank, not to be passed on"}); !bytes.Equal(doc, again) {
				t.Error("the same model gave other bytes")
			}
		})
	}
}

func TestDraftIsOnEveryPage(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type2", nil)
	for _, draft := range []bool{true, false} {
		r.Draft = draft
		for i := range r.Sections {
			r.Sections[i].Draft = draft
		}
		trees := valid(t, unpack(t, draw(t, r, Options{Watermark: "For Example Bank"})))
		for _, name := range []string{"word/header1.xml", "word/header2.xml"} {
			text := trees[name].text()
			if strings.Contains(text, "DRAFT") != draft {
				t.Errorf("draft %t: %s says %q", draft, name, text)
			}
			if !strings.Contains(text, "For Example Bank") {
				t.Errorf("%s does not name the copy: %q", name, text)
			}
		}
		body := trees["word/document.xml"]
		heads := 0
		for _, p := range body.all("w:p") {
			if styleOf(p) == "SectionDraft" && p.text() == "DRAFT" {
				heads++
			}
		}
		want := 0
		if draft {
			want = len(r.Sections) + 1 // and the list of what is missing
		}
		if heads != want {
			t.Errorf("draft %t: DRAFT stands above %d headings, want %d", draft, heads, want)
		}
		if got := trees["word/footer1.xml"].all("w:instrText"); len(got) != 2 || got[0].chars != " PAGE " || got[1].chars != " NUMPAGES " {
			t.Error("the foot does not number the pages")
		}
	}
}

func styleOf(p *node) string {
	if s := p.all("w:pStyle"); len(s) > 0 {
		return s[0].attr["w:val"]
	}
	return ""
}

// TestContentsAreFilled reads the contents and the headings: the same texts in the same order, each with
// the number of a page that the document has, none before the one above it.
func TestContentsAreFilled(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type2", nil)
	everything(r)
	parts := unpack(t, draw(t, r, Options{}))
	trees := valid(t, parts)
	var lines, headings []string
	last := 0
	for _, p := range trees["word/document.xml"].all("w:p") {
		switch s := styleOf(p); s {
		case "TOC1", "TOC2", "TOC3":
			text, page, ok := strings.Cut(p.text(), "\t")
			n, err := strconv.Atoi(page)
			if !ok || err != nil || n < last || n < 2 || n > 80 {
				t.Errorf("the contents say page %q for %q, after page %d", page, text, last)
			}
			last = n
			lines = append(lines, s[3:]+" "+text)
		case "Heading1", "Heading2", "Heading3":
			headings = append(headings, s[7:]+" "+p.text())
		}
	}
	if diff := cmp.Diff(headings, lines); diff != "" {
		t.Errorf("the contents differ from the headings (-headings +contents):\n%s", diff)
	}
	if strings.Contains(parts["word/settings.xml"], "updateFields") {
		t.Error("the document asks its reader to update fields")
	}
	if !strings.Contains(parts["docProps/core.xml"], "<dc:title>DRAFT · SOC 2 Type 2 report · Harborline, Inc.</dc:title>") {
		t.Errorf("the properties are %s", parts["docProps/core.xml"])
	}
	if !strings.Contains(parts["word/styles.xml"], `<w:lang w:val="en-US"`) {
		t.Error("the document has no language")
	}
}

func TestDirections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []piece
	}{
		{"plain (1)", []piece{{"plain (1)", false}}},
		{"שלום", []piece{{"שלום", true}}},
		{"to שלום 7, עולם!", []piece{{"to ", false}, {"שלום 7, עולם", true}, {"!", false}}},
		{"مرحبا Acme", []piece{{"مرحبا", true}, {" Acme", false}}},
		{"株式会社", []piece{{"株式会社", false}}},
		{"", []piece{{"", false}}},
	} {
		if diff := cmp.Diff(c.want, directions(c.text), cmp.AllowUnexported(piece{})); diff != "" {
			t.Errorf("directions(%q) (-want +got):\n%s", c.text, diff)
		}
	}
	r := example(t, "soc2-type2", nil)
	everything(r)
	doc := strings.ReplaceAll(unpack(t, draw(t, r, Options{}))["word/document.xml"], `<w:keepNext/>`, "")
	for _, want := range []string{
		`<w:rPr><w:rtl/></w:rPr><w:t xml:space="preserve">שלום עולם 2026 (בדיקה</w:t>`, // in a line of ours
		`<w:pStyle w:val="Normal"/><w:bidi/></w:pPr><w:r><w:rPr><w:rtl/></w:rPr><w:t xml:space="preserve">זו פסקה בעברית, עם</w:t>`,
		`<w:pStyle w:val="TableText"/><w:bidi/>`, // a cell of its own
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document lacks %s", want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain <&>\ttab\n":         "plain <&>\ttab\n",
		"a\x00b\x1b\x7f":           "a␀b␛␡",
		"one\r\ntwo\rthree":        "one\ntwo␍three",
		"bad \xff byte, \ufffe":    "bad � byte, �",
		"\u202eexe.fdp":            "\u202eexe.fdp\u202c",
		"\u2067a\u202bb":           "\u2067a\u202bb\u202c\u2069",
		"closes\u202c, \u2069alas": "closes�, �alas",
		"next line \u0085":         "next line �",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 10_000)
	r := example(t, "soc2-type2", func(f *report.Facts) {
		f.Organization = `</w:t></w:r>" & Söhne \ ` + "\x01\v\u202e"
		f.System = `]]><w:p/>`
		c := &f.Results.Controls[0]
		c.Findings[0].Key = `"><w:br/>` + "\ufffe\x00"
		c.Findings[0].Records = []string{"changes/<b>&amp;@1\x08"}
		c.Findings[1].Key = long
		c.Test = `../../CHG 01"><x`
		c.Sentence = "HYPERLINK \"https://example.org\" \x13 REF \x15"
	})
	trees := valid(t, unpack(t, draw(t, r, Options{Watermark: `"/><w:p>` + "\x02"})))
	text := trees["word/document.xml"].text()
	for _, want := range []string{`</w:t></w:r>" & Söhne \ ␁␋`, `"><w:br/>�␀`, "changes/<b>&amp;@1␈", long} {
		if !strings.Contains(text, want) {
			t.Errorf("the document does not say %.40q", want)
		}
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type2", func(f *report.Facts) { f.Rows = 100 })
	trees := valid(t, unpack(t, draw(t, r, Options{Paper: Letter})))
	text := trees["word/document.xml"].text()
	if want := "Deviations of AVL-02: 212 of 2,190 items tested · first 100 of 212; all are in findings/AVL-02.json"; !strings.Contains(text, want) {
		t.Errorf("the document does not say %q", want)
	}
	found := false
	for _, rel := range trees["word/_rels/document.xml.rels"].kids {
		found = found || rel.attr["Target"] == "findings/AVL-02.json" && rel.attr["TargetMode"] == "External"
	}
	if !found {
		t.Error("no link leads to the rest of the findings")
	}
	numbers := 0
	for _, p := range trees["word/document.xml"].all("w:p") {
		if styleOf(p) == "TableNumber" {
			numbers++
		}
	}
	if numbers == 0 {
		t.Error("no cell is aligned as numbers are")
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ need, want, got []int }{
		{[]int{100, 100}, []int{100, 100}, []int{500, 500}},
		{[]int{100, 100}, []int{100, 900}, []int{100, 900}},
		{[]int{100, 100}, []int{500, 500}, []int{500, 500}},
		{[]int{900, 900, 200}, []int{900, 900, 200}, []int{450, 450, 100}},
	} {
		if diff := cmp.Diff(c.got, share(c.need, c.want, 1000)); diff != "" {
			t.Errorf("share(%v, %v) (-want +got):\n%s", c.need, c.want, diff)
		}
	}
}

func TestRefusesABrokenModel(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type2", nil)
	r.Sections[0].Draft = false
	if err := Render(io.Discard, r, Options{}); err == nil {
		t.Error("Render drew a section that hides that it is a draft")
	}
	r = example(t, "soc2-type2", nil)
	r.Sections[0].Blocks = append(r.Sections[0].Blocks, report.Block{Drawing: &report.Drawing{
		ID: "vast", Caption: report.Runs{{Text: "x"}}, Alt: "x", Width: 1e6, Height: 1e6}})
	if err := Render(io.Discard, r, Options{}); !errors.Is(err, fault.Refused) {
		t.Errorf("Render of a picture of a square kilometre = %v, want a refusal", err)
	}
}

// big is a report of 120 controls, each with its months, and 2,000 exceptions in all.
func big(t testing.TB) *report.Report {
	r := example(t, "soc2-type2", func(f *report.Facts) {
		one := f.Results.Controls[0]
		proto := f.Controls[0]
		f.Controls, f.Results.Controls = nil, nil
		for i := range 120 {
			c, x := proto, one
			c.ID = fmt.Sprintf("CTL-%03d", i)
			x.Control, x.Test = c.ID, c.ID
			x.Findings, x.Undecided, x.Passed = nil, 0, one.Passed+one.Undecided
			for j := range 2000/120 + 1 {
				y := one.Findings[0]
				y.Key = fmt.Sprintf("payments-api-%d-%d", i, j)
				x.Findings = append(x.Findings, y)
			}
			x.Passed += x.Deviating - len(x.Findings)
			x.Deviating = len(x.Findings)
			f.Controls, f.Results.Controls = append(f.Controls, c), append(f.Results.Controls, x)
		}
	})
	return r
}

func BenchmarkRender(b *testing.B) {
	r := big(b)
	b.ReportAllocs()
	for b.Loop() {
		var n counter
		if err := Render(&n, r, Options{}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n), "bytes/doc")
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// FuzzRender plants a text wherever a model can hold one: the file stays whole and says it.
func FuzzRender(f *testing.F) {
	for _, s := range []string{"", "a", "<&>\"'", "\x00\x1f\x7f\u0085\ufffe\uffff", "\xff\xfe", "\u202e\u2066 x", "שלום עולם", "]]>", "\r\n\t\v", strings.Repeat("w", 3000), "../a b#c?d"} {
		f.Add(s, 100.0)
	}
	f.Fuzz(func(t *testing.T, s string, x float64) {
		r := example(t, "soc2-type1", func(f *report.Facts) {
			f.Organization, f.System, f.Controls, f.Criteria = "O"+s, s, f.Controls[:2], f.Criteria[:2]
			f.Controls[0].Statement, f.Controls[0].ID, f.Controls[0].Title, f.Controls[0].Owner = s, s, s, s
		})
		data := report.Runs{{Text: s, Data: true}, {Text: s, Code: true}, {Text: s, Link: "file.json"}, {Text: s, Mark: report.MarkGap}}
		shapes := []report.Shape{{Label: &report.Label{X: x, Y: 50, Text: s, Size: x, Max: x, Color: report.InkText}},
			{Box: &report.Box{X: x, Y: 1, W: x, H: 10, Radius: x, Fill: report.InkBad, Stroke: report.InkLine}},
			{Line: &report.Line{X1: 0, Y1: x, X2: 100, Y2: 100, Width: x, Stroke: report.InkLine, Dashed: true, Arrow: true}}}
		sec := &r.Sections[0]
		sec.Blocks = append(sec.Blocks, report.Block{Paragraph: data}, report.Block{List: []report.Runs{data}}, report.Block{List: []report.Runs{data, data}, Ordered: true}, report.Block{Verbatim: &report.Verbatim{Text: s}},
			report.Block{Note: &report.Note{Title: "x", Text: data, List: []report.Runs{data, data}}}, report.Block{Statement: &report.Statement{Label: s, Text: data}},
			report.Block{Drawing: &report.Drawing{ID: "drawing", Alt: "x" + s, Caption: append(report.Runs{{Text: "x"}}, data...), Width: 100, Height: 100, Shapes: shapes}},
			report.Block{Table: &report.Table{ID: "table", Caption: append(report.Runs{{Text: "x"}}, data...), Columns: []report.Column{{Title: s}, {Title: "n", Number: true}},
				Rows: []report.Row{{ID: "row", Cells: []report.Runs{data, {}}}}}})
		if report.Lint(r) != nil {
			t.Skip("the text makes a model that nobody may draw")
		}
		trees := valid(t, unpack(t, draw(t, r, Options{Watermark: s})))
		if want := strings.ReplaceAll(clean(s), "\r\n", "\n"); !strings.Contains(trees["word/document.xml"].text(), want) {
			t.Errorf("the document does not say %q", want)
		}
	})
}
