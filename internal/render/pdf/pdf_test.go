package pdf

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/report"
)

func TestFileSaysWhatItIs(t *testing.T) {
	t.Parallel()
	raw := draw(t, example(t, "soc2-type2", nil), Options{})
	f := readPDF(t, raw)
	root := f.root()
	const want = "DRAFT · SOC 2 Type 2 report · Harborline, Inc."
	if got := textString(f.dict(f.trailer["Info"])["Title"]); got != want {
		t.Errorf("title = %q, want %q", got, want)
	}
	if got := root["Lang"]; got != "en" {
		t.Errorf("language = %v, want en", got)
	}
	if f.dict(root["MarkInfo"])["Marked"] != operator("true") || f.dict(root["ViewerPreferences"])["DisplayDocTitle"] != operator("true") {
		t.Errorf("it is not marked as tagged, or does not show its title: %v", root)
	}
	meta := string(f.get(root["Metadata"]).(pdfStream).data)
	if !strings.Contains(meta, want) || !bytes.Contains(raw, []byte(want)) {
		t.Error("the metadata does not hold the title in the clear")
	}
	for _, claim := range []string{"pdfaid", "pdfuaid", "PDF/A", "PDF/UA"} {
		if strings.Contains(meta, claim) {
			t.Errorf("the metadata claims %s", claim)
		}
	}
	for _, key := range []string{"CreationDate", "ModDate", "CreateDate"} {
		if bytes.Contains(raw, []byte(key)) {
			t.Errorf("it holds %s, but nobody read a clock", key)
		}
	}
}

func TestStructure(t *testing.T) {
	t.Parallel()
	for _, kind := range []report.Kind{"soc2-type2", "soc2-type1"} {
		f := readPDF(t, draw(t, example(t, kind, nil), Options{Watermark: "copy 7"}))
		tree := f.tree()
		if tree.role != "Document" {
			t.Errorf("the root is %s", tree.role)
		}
		for _, role := range []string{"Sect", "H1", "H2", "H3", "P", "L", "LI", "Lbl", "LBody", "Table", "Caption", "THead", "TBody", "TR", "TH", "TD", "BlockQuote", "TOC", "TOCI", "Link"} {
			if len(tree.all(role)) == 0 {
				t.Errorf("%s: no %s", kind, role)
			}
		}
		if kind == "soc2-type2" && len(tree.all("Figure")) == 0 {
			t.Error("no Figure")
		}
		checkTables(t, f, tree)
		for _, fig := range tree.all("Figure") {
			if textString(fig.dict["Alt"]) == "" {
				t.Errorf("a figure without words: %v", fig.dict)
			}
		}
		checkLinks(t, f, tree)
	}
}

// checkTables sees that every table has a caption, heads of columns and, in each row, the head of the row.
func checkTables(t *testing.T, f *pdfFile, tree *element) {
	t.Helper()
	scope := func(e *element) any { return f.dict(e.dict["A"])["Scope"] }
	for _, tab := range tree.all("Table") {
		if tab.kids[0].role != "Caption" || tab.kids[0].text == "" {
			t.Errorf("a table begins with %s %q, want its caption", tab.kids[0].role, tab.kids[0].text)
		}
		heads := tab.all("THead")
		if len(heads) != 1 || len(heads[0].kids) != 1 {
			t.Fatalf("table %q has %d heads", tab.kids[0].text, len(heads))
		}
		columns := heads[0].kids[0].kids
		for _, th := range columns {
			if th.role != "TH" || scope(th) != name("Column") || th.text == "" {
				t.Errorf("table %q: column head %s %v %q", tab.kids[0].text, th.role, scope(th), th.text)
			}
		}
		for _, body := range tab.all("TBody") {
			for _, tr := range body.kids {
				if len(tr.kids) != len(columns) || tr.kids[0].role != "TH" || scope(tr.kids[0]) != name("Row") {
					t.Errorf("table %q: a row of %d cells under %d columns, the first a %s", tab.kids[0].text, len(tr.kids), len(columns), tr.kids[0].role)
				}
			}
		}
	}
}

// checkLinks sees that each link has text and a place on a page, and leads somewhere.
func checkLinks(t *testing.T, f *pdfFile, tree *element) {
	t.Helper()
	dests, n := f.dests(), 0
	for _, l := range tree.all("Link") {
		if strings.TrimSpace(l.text) == "" || len(l.links) == 0 {
			t.Errorf("a link without text or without a place: %q, %d places", l.text, len(l.links))
		}
		for _, a := range l.links {
			n++
			if a["Contents"] == "" {
				t.Errorf("link %q does not say where it leads", l.text)
			}
			if to, ok := a["Dest"].(string); ok && dests[to] == nil {
				t.Errorf("link %q leads to %q, which is nowhere", l.text, to)
			} else if !ok && f.dict(a["A"])["URI"] == nil {
				t.Errorf("link %q leads nowhere: %v", l.text, a)
			}
		}
	}
	annots := 0
	for _, p := range f.pages() {
		annots += len(f.array(p["Annots"]))
	}
	if n != annots {
		t.Errorf("%d places of links on the pages, %d in the structure", annots, n)
	}
}

// TestSaysTheModel reads the text back in the order of the structure and finds the whole model in it, in its order.
func TestSaysTheModel(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type2", nil)
	f := readPDF(t, draw(t, r, Options{}))
	rest := squeeze(f.tree().text)
	rest = rest[strings.LastIndex(rest, squeeze("What this draft still needs")):]
	count := 0
	find := func(what string) {
		what = squeeze(what)
		i := strings.Index(rest, what)
		if i < 0 || i > 400 {
			t.Fatalf("after %d texts: %q is not next; there is %.160q", count, what, rest)
		}
		rest = rest[i+len(what):]
		count++
	}
	runs := func(rs report.Runs) {
		for _, x := range rs {
			if x.Figure != nil {
				find(report.Figure{Value: x.Figure.Value, Of: x.Figure.Of}.String())
				find(x.Figure.Caveat)
			} else {
				find(x.Text)
			}
		}
	}
	for _, p := range report.Needs(r.Open) {
		runs(p.Text)
	}
	for _, s := range r.Sections {
		find("Section " + s.Number)
		find("DRAFT")
		find(s.Title)
		for _, b := range s.Blocks {
			eachText(b, find, runs)
		}
	}
	if count < 2000 {
		t.Errorf("only %d texts were compared", count)
	}
}

func eachText(b report.Block, find func(string), runs func(report.Runs)) {
	switch {
	case b.Heading != nil:
		find(b.Heading.Label)
		find(b.Heading.Text)
		find(b.Heading.Word)
	case b.Note != nil:
		find(b.Note.Title)
		runs(b.Note.Text)
		for _, l := range b.Note.List {
			runs(l)
		}
	case b.Terms != nil:
		for _, x := range b.Terms.Items {
			find(x.Name)
			runs(x.Value)
		}
	case b.Statement != nil:
		find(b.Statement.Label)
		runs(b.Statement.Text)
	case b.Table != nil:
		runs(b.Table.Caption)
		for _, c := range b.Table.Columns {
			find(c.Title)
		}
		for _, row := range b.Table.Rows {
			for _, c := range row.Cells {
				runs(c)
			}
		}
	case b.Chart != nil:
		runs(b.Chart.Caption)
	case b.Drawing != nil:
		runs(b.Drawing.Caption)
		for _, x := range b.Drawing.Shapes {
			if x.Label != nil && x.Label.Max == 0 { // others may be cut
				find(x.Label.Text)
			}
		}
	case b.List != nil:
		for _, l := range b.List {
			runs(l)
		}
	case b.Verbatim != nil:
		find(b.Verbatim.Text)
	default:
		runs(b.Paragraph)
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func TestSameModelSameBytes(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type2", nil)
	a, b := draw(t, r, Options{Watermark: "x"}), draw(t, r, Options{Watermark: "x"})
	if !bytes.Equal(a, b) {
		t.Error("two drawings of one model differ")
	}
	if id := readPDF(t, a).trailer["ID"].(array); id[0] == readPDF(t, draw(t, r, Options{Watermark: "y"})).trailer["ID"].(array)[0] {
		t.Error("two copies have one identifier")
	}
}

// TestContents follows each line of the contents to the page whose number it prints.
func TestContents(t *testing.T) {
	t.Parallel()
	f := readPDF(t, draw(t, example(t, "soc2-type2", nil), Options{}))
	dests, at := f.dests(), map[any]int{}
	for i, k := range f.array(f.dict(f.root()["Pages"])["Kids"]) {
		at[k] = i + 1
	}
	items := f.tree().all("Reference")
	if len(items) < 100 {
		t.Errorf("the contents have %d lines", len(items))
	}
	for _, x := range items {
		l := x.kids[0]
		d := dests[l.links[0]["Dest"].(string)]
		fields := strings.Fields(l.text)
		n, err := strconv.Atoi(fields[len(fields)-1])
		if err != nil || n != at[d[0]] {
			t.Errorf("%q leads to page %d", l.text, at[d[0]])
		}
	}
	first := f.dict(f.dict(f.root()["Outlines"])["First"])
	var titles []string
	for o := first; o != nil; o = f.dict(o["Next"]) {
		titles = append(titles, textString(o["Title"]))
		if f.array(o["Dest"]) == nil {
			t.Errorf("bookmark %q leads nowhere", titles[len(titles)-1])
		}
	}
	want := []string{"What this draft still needs", "I Independent service auditor's report", "II Assertion of management", "III Description of the system",
		"IV Criteria, related controls, tests of controls and results", "V Other information provided by the service organization"}
	if diff := cmp.Diff(want, titles); diff != "" {
		t.Errorf("bookmarks (-want +got):\n%s", diff)
	}
}

// TestMargins sees the running head, the word DRAFT, the watermark and the number on every page, and no heading at
// the foot of one.
func TestMargins(t *testing.T) {
	t.Parallel()
	f := readPDF(t, draw(t, example(t, "soc2-type2", nil), Options{Watermark: "Northwind · copy 42"}))
	pages := len(f.pages())
	for i, p := range f.pages() {
		art := map[string]string{}
		text := ""
		for _, x := range f.pagePieces(i, p) {
			art[x.artifact] += x.text
			text += x.text
		}
		if art["Watermark"] != "Northwind · copy 42" {
			t.Errorf("page %d: watermark %q", i+1, art["Watermark"])
		}
		if want := fmt.Sprintf("Page %d of %d", i+1, pages); !strings.HasSuffix(art["Footer"], want) {
			t.Errorf("page %d: foot %q, want %q at its end", i+1, art["Footer"], want)
		}
		if !strings.Contains(text, "DRAFT") {
			t.Errorf("page %d does not say DRAFT", i+1)
		}
		if want := "Harborline, Inc. · SOC 2 Type 2 report"; i > 0 && !strings.HasPrefix(art["Header"], want) {
			t.Errorf("page %d: head %q, want %q", i+1, art["Header"], want)
		}
	}
	tree := f.tree()
	for _, role := range []string{"H1", "H2", "H3", "H4", "Caption"} {
		for _, h := range tree.all(role) {
			for n := range h.pages {
				if lowest(f, n) == h.text {
					t.Errorf("page %d ends with the heading %q", n+1, h.text)
				}
			}
		}
	}
}

// lowest is the last text of a page that belongs to the structure.
func lowest(f *pdfFile, n int) string {
	y, text := 1e9, ""
	for _, x := range f.pagePieces(n, f.pages()[n]) {
		if x.mcid >= 0 && x.y <= y+0.5 {
			if x.y < y-0.5 {
				text = ""
			}
			y, text = x.y, text+x.text
		}
	}
	return text
}

// TestLongTables repeats the head on each page, as decoration, and takes a row across pages without losing a word.
func TestLongTables(t *testing.T) {
	t.Parallel()
	var long []string
	for i := range 4000 {
		long = append(long, fmt.Sprintf("w%d", i))
	}
	tab := &report.Table{ID: "t", Caption: say("Long"), Columns: []report.Column{{Title: "Key"}, {Title: "Found", Wide: true}, {Title: "Count", Number: true}}}
	for i := range 150 {
		tab.Rows = append(tab.Rows, report.Row{ID: fmt.Sprintf("r%d", i), Cells: []report.Runs{datum(fmt.Sprintf("key-%d", i)), datum("found"), say(strconv.Itoa(i))}})
	}
	tab.Rows[70].Cells[1] = datum(strings.Join(long, " "))
	f := readPDF(t, draw(t, oneSection(t, report.Block{Table: tab}), Options{}))
	tree := f.tree()
	table := tree.all("Table")[0]
	checkTables(t, f, tree)
	if got, want := strings.Fields(table.all("TBody")[0].kids[70].kids[1].text), long; !cmp.Equal(got, want) {
		t.Errorf("the long cell has %d words, want %d", len(got), len(want))
	}
	on := map[int]bool{}
	for _, c := range append(table.all("TD"), table.all("TH")...) {
		for p := range c.pages {
			on[p] = true
		}
	}
	if len(on) < 8 {
		t.Errorf("the table stands on %d pages", len(on))
	}
	repeated := 0
	for i, p := range f.pages() {
		heads := 0
		for _, x := range f.pagePieces(i, p) {
			if x.text == "Found" {
				heads++
				if x.mcid < 0 {
					repeated++
				}
			}
		}
		if on[i] && heads != 1 {
			t.Errorf("page %d has %d heads of the table", i+1, heads)
		}
	}
	if repeated != len(on)-1 {
		t.Errorf("the head is repeated %d times on %d pages", repeated, len(on))
	}
	// Numbers end at one edge.
	edges := map[string]bool{}
	for _, p := range f.pieces() {
		if p.mcid >= 0 && regexp.MustCompile(`^\d\d$`).MatchString(p.text) {
			edges[fmt.Sprintf("%.0f", p.x)] = true
		}
	}
	if len(edges) != 1 {
		t.Errorf("numbers of two figures begin at %v", edges)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if _, err := Render(&b, &report.Report{Title: "x"}, Options{}); err == nil {
		t.Error("a model that does not pass the lint was drawn")
	}
	for name, font := range map[string][]byte{"nothing": nil, "text": []byte("no font"), "restricted": restricted(t)} {
		if _, err := Render(&b, oneSection(t), Options{Fonts: [][]byte{font}}); err == nil || !strings.Contains(err.Error(), "font 1 of those given") {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	if b.Len() != 0 {
		t.Error("something was written")
	}
}
