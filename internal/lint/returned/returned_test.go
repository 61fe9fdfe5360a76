package returned_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/docx"
	"github.com/assayhq/assay/internal/lint"
	"github.com/assayhq/assay/internal/lint/returned"
	render "github.com/assayhq/assay/internal/render/docx"
	"github.com/assayhq/assay/internal/report"
)

// office is what was sent out: the model, the file, and what the reader reads of it.
type office struct {
	model *report.Report
	file  []byte
	doc   *lint.Document
}

var sentOnce = sync.OnceValues(func() (office, error) {
	var o office
	b, err := os.ReadFile("../../report/kinds/soc2-type2/golden.json")
	if err != nil {
		return o, err
	}
	o.model = &report.Report{}
	if err := json.Unmarshal(b, o.model); err != nil {
		return o, err
	}
	// An opinion, as a firm's letter has it.
	s := &o.model.Sections[0]
	s.Blocks = append(s.Blocks, report.Block{Heading: &report.Heading{ID: "the-opinion", Level: 2, Text: "Opinion of the service auditor"}},
		report.Block{Paragraph: report.Runs{{Text: "In our opinion, in all material respects, the description fairly presents the system of "}, {Text: "Harborline, Inc.", Data: true}, {Text: ", and its controls operated effectively."}}})
	var out bytes.Buffer
	if err := render.Render(&out, o.model, render.Options{}); err != nil {
		return o, err
	}
	o.file = out.Bytes()
	o.doc, err = docx.Read("sent.docx", o.file)
	return o, err
})

func sent(t testing.TB) office {
	t.Helper()
	o, err := sentOnce()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// edit rewrites parts of a document, as a word processor does that saves it.
func edit(t testing.TB, file []byte, change func(name, text string) string, more map[string]string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	put := func(name, text string) {
		p, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(p, text); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		put(f.Name, change(f.Name, string(b)))
	}
	for name, text := range more {
		put(name, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func compare(t testing.TB, o office, file []byte) returned.Returned {
	t.Helper()
	back, err := docx.Read("back.docx", file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := returned.Compare(o.model, o.doc, back)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// replaced is the document with one text in it replaced; the text must stand there once.
func replaced(t testing.TB, o office, old, now string) []byte {
	t.Helper()
	return edit(t, o.file, func(name, text string) string {
		if name != "word/document.xml" {
			return text
		}
		if n := strings.Count(text, old); n != 1 {
			t.Fatalf("%q stands %d times in the document, want once", old, n)
		}
		return strings.Replace(text, old, now, 1)
	}, nil)
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	o := sent(t)
	got := compare(t, o, edit(t, o.file, func(_, text string) string { return text }, nil))
	if len(got.Wording)+len(got.Refused)+len(got.Comments)+len(got.Notes) > 0 {
		t.Errorf("Compare(as it was sent) = %+v, want nothing", got)
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	o := sent(t)
	for _, c := range []struct {
		name, old, now string
		class          returned.Class
		kind           returned.Kind
		section, truth string
		after          string
	}{
		{"our words", "may leave out what one of them would find important", "may not tell everything that one of them considers important", returned.Wording, returned.Changed, "Section I.", "", "may not tell everything"},
		{"words of section IV", "A deviation is a fact about one item.", "A deviation concerns a single item.", returned.Wording, returned.Changed, "Section IV.", "", "concerns a single item"},
		{"a heading of ours", "<w:t xml:space=\"preserve\">Restricted use</w:t></w:r><w:bookmarkEnd", "<w:t xml:space=\"preserve\">Restriction of use</w:t></w:r><w:bookmarkEnd", returned.Wording, returned.Changed, "Section I.", "", "Restriction of use"},
		{"the figure of a result", `>12 of 1,173</w:t></w:r></w:hyperlink><w:r><w:t xml:space="preserve"> items tested deviate.`, `>2 of 1,173</w:t></w:r></w:hyperlink><w:r><w:t xml:space="preserve"> items tested deviate.`, returned.Figure, returned.Changed, "Section IV.", "12", "2 of 1,173 items"},
		{"the words beside a figure", `</w:hyperlink><w:r><w:t xml:space="preserve"> deviating, </w:t></w:r><w:hyperlink w:anchor="undecided_CHG_01_v1" w:history="1">`, `</w:hyperlink><w:r><w:t xml:space="preserve"> forgiven, </w:t></w:r><w:hyperlink w:anchor="undecided_CHG_01_v1" w:history="1">`, returned.Data, returned.Changed, "Section IV.", "", "forgiven"},
		{"the words of a result", `>12 of 1,173</w:t></w:r></w:hyperlink><w:r><w:t xml:space="preserve"> items tested deviate.`, `>12 of 1,173</w:t></w:r></w:hyperlink><w:r><w:t xml:space="preserve"> items tested are late.`, returned.Data, returned.Changed, "Section IV.", "", "are late"},
		{"terms", `<w:t xml:space="preserve">Daily</w:t>`, `<w:t xml:space="preserve">Some events</w:t>`, returned.Data, returned.Changed, "Section IV.", "", "Some events"},
		{"a cell", "disabled 31 h 07 min after the end", "disabled at once", returned.Figure, returned.Changed, "Section IV.", "disabled 31 h 07 min after the end", "disabled at once"},
		{"the control's statement", "at once for involuntary leavers", "where possible for involuntary leavers", returned.Data, returned.Changed, "Section IV.", "", "where possible"},
		{"the test", "nobody signed in with them after the end", "nobody complained after the end", returned.Data, returned.Changed, "Section IV.", "", "nobody complained"},
		{"the description", "Merchants with up to ", "Banks with up to ", returned.Data, returned.Changed, "Section III.", "", "Banks with"},
		{"the assertion", "It is meant to give users information", "It is intended to give users information", returned.Data, returned.Changed, "Section II.", "", "intended"},
		{"the standard's number", "AT-C sections 105 and 205", "AT-C sections 105 and 210", returned.Figure, returned.Changed, "Section I.", "205", "210"},
		{"the opinion", ", and its controls operated effectively.", ", and its controls did not operate effectively.", returned.Conclusion, returned.Changed, "Section I.", "", "did not operate"},
		{"the opinion's words", "fairly presents the system of ", "shows the system of ", returned.Wording, returned.Changed, "Section I.", "", "shows the system"},
		{"the name in the opinion", `fairly presents the system of </w:t></w:r><w:r><w:t xml:space="preserve">Harborline, Inc.`, `fairly presents the system of </w:t></w:r><w:r><w:t xml:space="preserve">Haborline, Ltd.`, returned.Data, returned.Changed, "Section I.", "", "Haborline, Ltd."},
		{"a verdict", "<w:t xml:space=\"preserve\">\u00a0Undecided items</w:t></w:r><w:bookmarkEnd", "<w:t xml:space=\"preserve\">\u00a0No deviations</w:t></w:r><w:bookmarkEnd", returned.Figure, returned.Changed, "Section IV.", "Undecided items", "No deviations"},
		{"the cover", "<w:t xml:space=\"preserve\">For the period 1 July 2025 to 30 June 2026</w:t></w:r></w:p>\n<w:p><w:pPr><w:pStyle w:val=\"Terms\"/>", "<w:t xml:space=\"preserve\">For the period 1 July 2025 to 31 July 2026</w:t></w:r></w:p>\n<w:p><w:pPr><w:pStyle w:val=\"Terms\"/>", returned.Figure, returned.Changed, "", "30 June", "31 July 2026"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := compare(t, o, replaced(t, o, c.old, c.now))
			list := got.Refused
			if c.class == returned.Wording {
				list = got.Wording
			}
			if len(got.Wording)+len(got.Refused) != 1 || len(list) != 1 {
				t.Fatalf("Compare = wording %+v, refused %+v, want one change of class %s", got.Wording, got.Refused, c.class)
			}
			x := list[0]
			if x.Class != c.class || x.Kind != c.kind || !strings.HasPrefix(x.Section, c.section) || !strings.Contains(x.After, c.after) || x.Why == "" || len(x.Words) == 0 && c.kind == returned.Changed {
				t.Errorf("Compare = %+v, want %s %s in %s with %q", x, c.kind, c.class, c.section, c.after)
			}
			if c.truth != "" && !slices.Contains(x.Truth, c.truth) {
				t.Errorf("the true values are %q, want %q among them", x.Truth, c.truth)
			}
			if x.Class == returned.Wording && x.ID == "" {
				t.Errorf("the change %+v does not say which passage of the model it is", x)
			}
		})
	}
}

// TestWhole takes paragraphs and rows out and puts others in.
func TestWhole(t *testing.T) {
	t.Parallel()
	o := sent(t)
	paragraph := func(holding string) string {
		text := string(part(t, o.file, "word/document.xml"))
		at := strings.Index(text, holding)
		if at < 0 {
			t.Fatalf("no %q in the document", holding)
		}
		from, to := strings.LastIndex(text[:at], "<w:p>"), at+strings.Index(text[at:], "</w:p>")+len("</w:p>")
		return text[from:to]
	}
	row := func(holding string) string {
		text := string(part(t, o.file, "word/document.xml"))
		at := strings.Index(text, holding)
		from, to := strings.LastIndex(text[:at], "<w:tr>"), at+strings.Index(text[at:], "</w:tr>")+len("</w:tr>")
		return text[from:to]
	}
	limits, result := paragraph("may leave out what one of them"), paragraph(">12 of 1,173</w:t></w:r></w:hyperlink><w:r><w:t xml:space=\"preserve\"> items tested deviate.")
	deviation := row("disabled 31 h 07 min")
	say := func(s string) string { return `<w:p><w:r><w:t>` + s + `</w:t></w:r></w:p>` }
	for _, c := range []struct {
		name, old, now string
		class          returned.Class
		kind           returned.Kind
	}{
		{"our paragraph out", limits, "", returned.Wording, returned.Removed},
		{"a paragraph with figures out", result, "", returned.Figure, returned.Removed},
		{"a deviation out", deviation, "", returned.Figure, returned.Removed},
		{"a paragraph in", limits, limits + say("Controls of an older system were not looked at by anybody."), returned.Wording, returned.Added},
		{"a paragraph with a figure in", limits, limits + say("We tested 400 further items."), returned.Figure, returned.Added},
		{"a paragraph written anew", limits, say("Nobody can foresee everything."), returned.Wording, returned.Changed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := compare(t, o, replaced(t, o, c.old, c.now))
			all := slices.Concat(got.Wording, got.Refused)
			if len(all) != 1 || all[0].Class != c.class || all[0].Kind != c.kind || (c.class == returned.Wording) != (len(got.Wording) == 1) {
				t.Errorf("Compare = %+v, want one %s of class %s", all, c.kind, c.class)
			}
		})
	}
}

func part(t testing.TB, file []byte, name string) []byte {
	t.Helper()
	var out []byte
	edit(t, file, func(n, text string) string {
		if n == name {
			out = []byte(text)
		}
		return text
	}, nil)
	return out
}

func TestTrackedAndRemarked(t *testing.T) {
	t.Parallel()
	o := sent(t)
	file := edit(t, replaced(t, o, `<w:r><w:t xml:space="preserve">Section V is information that management adds. It was not examined, and we say nothing about it.</w:t></w:r>`,
		`<w:commentRangeStart w:id="1"/><w:r><w:t xml:space="preserve">Section V is </w:t></w:r><w:commentRangeEnd w:id="1"/><w:del w:author="Ana Ruiz"><w:r><w:delText>information</w:delText></w:r></w:del><w:ins w:author="Ana Ruiz"><w:r><w:t>a text</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> that management adds. It was not examined, and we say nothing about it.</w:t></w:r>`),
		func(name, text string) string {
			if name == "word/_rels/document.xml.rels" {
				return strings.Replace(text, "</Relationships>", `<Relationship Id="c" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments" Target="comments.xml"/></Relationships>`, 1)
			}
			return text
		}, map[string]string{"word/comments.xml": `<w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:comment w:id="1" w:author="Ana Ruiz" w:date="2026-08-14T10:00:00Z"><w:p><w:r><w:t>Is this ours to say?</w:t></w:r></w:p></w:comment></w:comments>`})
	got := compare(t, o, file)
	if len(got.Refused) > 0 || len(got.Wording) != 1 || !slices.Equal(got.Wording[0].By, []string{"Ana Ruiz"}) || !strings.HasPrefix(got.Wording[0].After, "Section V is a text that") {
		t.Errorf("Compare(tracked) = %+v, want one change of wording by Ana Ruiz", got)
	}
	if len(got.Comments) != 1 || got.Comments[0].Text != "Is this ours to say?" || got.Comments[0].About != "Section V is" || !strings.HasPrefix(got.Comments[0].Section, "Section I.") {
		t.Errorf("the comments are %+v, want one on Section V is, in section I", got.Comments)
	}
}

func TestAnotherDraft(t *testing.T) {
	t.Parallel()
	o := sent(t)
	other := *o.model
	other.Checkpoint.Size++
	var out bytes.Buffer
	if err := render.Render(&out, &other, render.Options{}); err != nil {
		t.Fatal(err)
	}
	back, err := docx.Read("other.docx", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := returned.Compare(o.model, o.doc, back); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "another draft") {
		t.Errorf("Compare(another draft) = %v, want a refusal", err)
	}
	// Without the mark, the root on the cover tells; without both, nothing does.
	bare := edit(t, o.file, func(name, text string) string {
		return strings.ReplaceAll(text, `name="AssayDraft"`, `name="Other"`)
	}, nil)
	if got := compare(t, o, bare); len(got.Notes) != 1 || len(got.Refused) > 0 {
		t.Errorf("Compare(without the mark) = %+v, want one note", got)
	}
	back, err = docx.Read("bare.docx", edit(t, bare, func(_, text string) string { return strings.ReplaceAll(text, o.model.Checkpoint.Root, "gone") }, nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := returned.Compare(o.model, o.doc, back); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "does not say") {
		t.Errorf("Compare(of no draft) = %v, want a refusal", err)
	}
}

// TestLarge bounds the time over a report with 5,000 exceptions, a tenth of which came back changed.
func TestLarge(t *testing.T) {
	t.Parallel()
	o := sent(t)
	m := *o.model
	tab := &report.Table{ID: "many", Caption: report.Runs{{Text: "Many"}}, Columns: []report.Column{{Title: "Item"}, {Title: "Reason"}}}
	for i := range 5000 {
		tab.Rows = append(tab.Rows, report.Row{Cells: []report.Runs{{{Text: "item-" + report.Count(i), Data: true}}, {{Text: "no approval by another person", Data: true}}}})
	}
	s := m.Sections[3]
	s.Blocks = append(slices.Clone(s.Blocks), report.Block{Table: tab})
	m.Sections = slices.Clone(m.Sections)
	m.Sections[3] = s
	var out bytes.Buffer
	if err := render.Render(&out, &m, render.Options{}); err != nil {
		t.Fatal(err)
	}
	doc, err := docx.Read("sent.docx", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	back := *doc
	back.Blocks = slices.Clone(doc.Blocks)
	n := 0
	for i, b := range back.Blocks {
		if len(b.Cells) == 2 && strings.HasPrefix(b.Cells[0], "item-") && strings.HasSuffix(b.Cells[0], "0") {
			back.Blocks[i].Cells = []string{b.Cells[0], "approved"}
			n++
		}
	}
	start := time.Now()
	got, err := returned.Compare(&m, doc, &back)
	if err != nil || len(got.Refused) != n || len(got.Wording) > 0 {
		t.Errorf("Compare = %d refused, %v, want %d", len(got.Refused), err, n)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Compare took %v", took)
	}
}

// FuzzCompare puts any text in the place of any passage: what holds another number, or stands in a row, is never wording.
func FuzzCompare(f *testing.F) {
	o := sent(f)
	f.Add(60, "Nobody can foresee everything.")
	f.Add(400, "12")
	f.Add(0, "")
	f.Fuzz(func(t *testing.T, at int, text string) {
		back := *o.doc
		back.Blocks = slices.Clone(o.doc.Blocks)
		at = max(at, 0) % len(back.Blocks)
		b := &back.Blocks[at]
		if b.Table > 0 {
			b.Cells = []string{text}
		} else {
			b.Text = text
		}
		got, err := returned.Compare(o.model, o.doc, &back)
		if err != nil {
			return
		}
		for _, c := range got.Wording {
			if b.Table > 0 && c.Kind == returned.Changed {
				t.Errorf("a row is taken for wording: %+v", c)
			}
			for _, p := range c.Words {
				if p.Op != "same" && strings.ContainsAny(p.Text, "0123456789") {
					t.Errorf("a number is taken for wording: %+v", c)
				}
			}
		}
	})
}

// TestThroughLibreOffice saves the document with another program: nothing may look changed.
func TestThroughLibreOffice(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("soffice (LibreOffice Writer) is not installed: the round trip through it was not tried")
	}
	if testing.Short() || os.Getenv("ASSAY_SOFFICE") == "" {
		t.Skip("set ASSAY_SOFFICE=1 to try the round trip through LibreOffice, which takes some seconds")
	}
	o := sent(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "sent.docx"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, o.file, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(soffice, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "docx", "--outdir", out, in)
	cmd.WaitDelay = 2 * time.Minute
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, said)
	}
	b, err := os.ReadFile(filepath.Join(out, "sent.docx"))
	if err != nil {
		t.Fatal(err)
	}
	got := compare(t, o, b)
	if len(got.Wording)+len(got.Refused)+len(got.Comments)+len(got.Notes) > 0 {
		t.Errorf("Compare(through LibreOffice) = %+v, want nothing", got)
	}
}
