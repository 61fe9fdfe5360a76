package docx

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/lint"
	render "github.com/assayhq/assay/internal/render/docx"
	"github.com/assayhq/assay/internal/report"
)

const (
	relsNS = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	office = `http://schemas.openxmlformats.org/officeDocument/2006/relationships/`
)

// pack makes a document of a body, and of what else is given.
func pack(t testing.TB, body string, more map[string]string) []byte {
	t.Helper()
	parts := map[string]string{
		"_rels/.rels":                  relsNS + `<Relationship Id="a" Type="` + office + `officeDocument" Target="word/document.xml"/><Relationship Id="b" Type="` + office + `custom-properties" Target="docProps/custom.xml"/></Relationships>`,
		"word/_rels/document.xml.rels": relsNS + `<Relationship Id="a" Type="` + office + `comments" Target="comments.xml"/><Relationship Id="s" Type="` + office + `styles" Target="styles.xml"/></Relationships>`,
		"word/document.xml":            `<w:document xmlns:w="urn:w"><w:body>` + body + `</w:body></w:document>`,
	}
	for name, text := range more {
		parts[name] = text
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t testing.TB, body string, more map[string]string) *lint.Document {
	t.Helper()
	d, err := Read("x.docx", pack(t, body, more))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		want       []lint.Block
	}{
		{"runs, tabs and breaks", `<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>a </w:t></w:r><w:hyperlink><w:r><w:t>b</w:t></w:r></w:hyperlink><w:r><w:tab/><w:t>c</w:t><w:br/><w:t>d</w:t><w:br w:type="page"/><w:noBreakHyphen/></w:r></w:p>`,
			[]lint.Block{{Text: "a b\tc\nd-"}}},
		{"tracked changes", `<w:p><w:r><w:t>The </w:t></w:r><w:del w:author="Ana"><w:r><w:delText>old</w:delText></w:r></w:del><w:ins w:author="Bo"><w:r><w:t>new</w:t></w:r></w:ins><w:r><w:t> text</w:t></w:r></w:p>`,
			[]lint.Block{{Text: "The new text", Tracked: []string{"Ana", "Bo"}}}},
		{"text that was moved", `<w:p><w:moveFrom w:author="Ana"><w:r><w:t>here</w:t></w:r></w:moveFrom></w:p><w:p><w:moveTo w:author="Ana"><w:r><w:t>here</w:t></w:r></w:moveTo></w:p>`,
			[]lint.Block{{Tracked: []string{"Ana"}}, {Text: "here", Tracked: []string{"Ana"}}}},
		{"the end of a paragraph deleted", `<w:p><w:pPr><w:rPr><w:del w:author="Ana"/></w:rPr></w:pPr><w:r><w:t>one </w:t></w:r></w:p><w:p><w:r><w:t>two</w:t></w:r></w:p>`,
			[]lint.Block{{Text: "one two"}}},
		{"a row deleted", `<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr><w:tc><w:p><w:r><w:t>A</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:trPr><w:del w:author="Ana"/></w:trPr><w:tc><w:p><w:r><w:t>gone</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`,
			[]lint.Block{{Cells: []string{"A"}, Table: 1, Head: true}}},
		{"a table in a table", `<w:tbl><w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>in</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p><w:r><w:t>y</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`,
			[]lint.Block{{Cells: []string{"in"}, Table: 2}, {Cells: []string{"x\ny"}, Table: 1}}},
		{"a text box", `<w:p><w:r><w:t>out</w:t><mc:AlternateContent xmlns:mc="urn:mc"><mc:Choice><w:drawing><wp:docPr xmlns:wp="urn:wp" descr="A box"/><w:txbxContent><w:p><w:r><w:t>in</w:t></w:r></w:p></w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:p><w:r><w:t>in</w:t></w:r></w:p></w:pict></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t> again</w:t></w:r></w:p>`,
			[]lint.Block{{Text: "out\nin again", Pictures: []string{"A box"}}}},
		{"a list of contents", `<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText> TOC \o "1-3" </w:instrText><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>Scope 3</w:t></w:r></w:p><w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p><w:p><w:r><w:t>Scope</w:t></w:r></w:p>`,
			[]lint.Block{{Text: "Scope 3", Contents: true}, {Contents: true}, {Text: "Scope"}}},
		{"a bookmark and a level", `<w:p><w:pPr><w:outlineLvl w:val="2"/><w:numPr/></w:pPr><w:bookmarkStart w:name="scope"/><w:r><w:t>Scope</w:t></w:r></w:p>`,
			[]lint.Block{{Text: "Scope", Level: 3, List: true, Marks: []string{"scope"}}}},
	} {
		if diff := cmp.Diff(c.want, read(t, c.body, nil).Blocks); diff != "" {
			t.Errorf("Read(%s) (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestReadStylesCommentsProperties(t *testing.T) {
	t.Parallel()
	d := read(t, `<w:p><w:pPr><w:pStyle w:val="Mine"/></w:pPr><w:commentRangeStart w:id="7"/><w:r><w:t>Opinion</w:t></w:r><w:commentRangeEnd w:id="7"/><w:r><w:commentReference w:id="7"/></w:r></w:p>`, map[string]string{
		"word/styles.xml":     `<w:styles xmlns:w="urn:w"><w:style w:styleId="H"><w:name w:val="Heading 2"/></w:style><w:style w:styleId="Mine"><w:name w:val="My Heading"/><w:basedOn w:val="H"/></w:style></w:styles>`,
		"word/comments.xml":   `<w:comments xmlns:w="urn:w"><w:comment w:id="7" w:author="Ana" w:date="2026-08-14T10:00:00Z"><w:p><w:r><w:t>Say</w:t></w:r></w:p><w:p><w:r><w:t>more.</w:t></w:r></w:p></w:comment></w:comments>`,
		"docProps/custom.xml": `<Properties><property name="AssayDraft"><lpwstr>abc</lpwstr></property></Properties>`,
	})
	want := &lint.Document{Blocks: []lint.Block{{Style: "my heading", Level: 2, Text: "Opinion"}},
		Comments:   []lint.Comment{{Author: "Ana", On: "2026-08-14T10:00:00Z", Text: "Say\nmore.", About: "Opinion"}},
		Properties: map[string]string{"AssayDraft": "abc"}}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

func TestReadFootnotes(t *testing.T) {
	t.Parallel()
	d := read(t, `<w:p><w:r><w:t>Opinion</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:t>.</w:t></w:r></w:p>`, map[string]string{
		"word/_rels/document.xml.rels": relsNS + `<Relationship Id="f" Type="` + office + `footnotes" Target="footnotes.xml"/></Relationships>`,
		"word/footnotes.xml":           `<w:footnotes xmlns:w="urn:w"><w:footnote w:id="0" w:type="separator"><w:p><w:r><w:t>---</w:t></w:r></w:p></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t xml:space="preserve"> Not for prospects</w:t></w:r></w:p></w:footnote></w:footnotes>`,
	})
	if got, want := d.Blocks[0].Text, "Opinion [Not for prospects]."; got != want {
		t.Errorf("Read(a footnote) = %q, want %q", got, want)
	}
}

// TestStrangersFiles gives what a file from a stranger may do to whoever opens it.
func TestStrangersFiles(t *testing.T) {
	t.Parallel()
	many := func(n int) map[string]string {
		out := map[string]string{}
		for i := range n {
			out[fmt.Sprintf("word/media/%d.png", i)] = ""
		}
		return out
	}
	long := strings.Repeat(`<w:p><w:r><w:t>`+strings.Repeat("a", 1<<16)+`</w:t></w:r></w:p>`, 200)
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"no zip", []byte("%PDF-1.7"), "no DOCX"},
		{"a zip of something else", pack(t, "", map[string]string{"_rels/.rels": relsNS + `</Relationships>`, "word/document.xml": ""}), ""},
		{"a bomb", pack(t, long, nil), "inflates to far more"},
		{"one endless paragraph", pack(t, `<w:p><w:r><w:t>`+numbers(700_000)+`</w:t></w:r></w:p>`, nil), "a paragraph of more than"},
		{"paragraphs without number", pack(t, strings.Repeat("<w:p/>", 500_000), nil), "paragraphs and rows"},
		{"too many parts", pack(t, "", many(5000)), "parts"},
		{"entities", pack(t, "", map[string]string{"word/document.xml": `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]><w:document xmlns:w="urn:w"><w:body><w:p><w:r><w:t>&f;</w:t></w:r></w:p></w:body></w:document>`}), "document type"},
		{"elements without end", pack(t, strings.Repeat("<w:sdt>", 300)+strings.Repeat("</w:sdt>", 300), nil), "nests deeper"},
		{"tables in tables", pack(t, strings.Repeat("<w:tbl><w:tr><w:tc>", 40)+strings.Repeat("</w:tc></w:tr></w:tbl>", 40), nil), "too deep"},
		{"broken XML", pack(t, "<w:p>", nil), "broken"},
	} {
		_, err := Read("x.docx", c.file)
		if c.want == "" {
			if err != nil {
				t.Errorf("Read(%s) = %v, want what there is", c.name, err)
			}
			continue
		}
		if !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Read(%s) = %v, want a refusal with %q", c.name, err, c.want)
		}
	}
}

// numbers is a text that a packer cannot make much smaller.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%x ", i*2654435761%(1<<32))
	}
	return b.String()
}

// TestManyBeside bounds what stands beside one paragraph: each piece of text is read for every comment that is open.
func TestManyBeside(t *testing.T) {
	t.Parallel()
	d := read(t, `<w:p>`+strings.Repeat(`<w:bookmarkStart w:name="m"/>`, 5000)+`<w:r><w:t>a</w:t></w:r></w:p>`, nil)
	if n := len(d.Blocks[0].Marks); n > maxBeside+1 {
		t.Errorf("Read keeps %d bookmarks of one paragraph, want at most %d", n, maxBeside+1)
	}
}

// TestPartTwice refuses a part that stands twice under two spellings: one reader would see one, another the other.
func TestPartTwice(t *testing.T) {
	t.Parallel()
	b := pack(t, `<w:p/>`, map[string]string{"Word/Document.xml": `<w:document xmlns:w="urn:w"/>`})
	if _, err := Read("x.docx", b); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "twice") {
		t.Errorf("Read(a part twice) = %v, want a refusal", err)
	}
}

// TestOurs reads what our own writer draws.
func TestOurs(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../report/kinds/soc2-type1/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := render.Render(&out, &r, render.Options{}); err != nil {
		t.Fatal(err)
	}
	d, err := Read("report.docx", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	sections, rows, contents := 0, 0, 0
	for _, x := range d.Blocks {
		switch {
		case x.Contents:
			contents++
		case x.Level == 1 && strings.HasPrefix(x.Text, "Section "):
			sections++
		case x.Table > 0:
			rows++
		}
	}
	if sections != len(r.Sections) || rows == 0 || contents == 0 {
		t.Errorf("Read(ours) has %d sections, %d rows, %d lines of contents; want %d sections and some of each", sections, rows, contents, len(r.Sections))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(pack(f, `<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>`, nil), "")
	f.Add([]byte("PK"), `<w:p><w:del><w:r/></w:del></w:p>`)
	f.Add([]byte{}, `<w:p><w:p></w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p></w:tbl>`)
	f.Add([]byte{}, `<w:tbl><w:tr><w:tc><w:tr><w:tc/></w:tr></w:tc></w:tr></w:tbl>`)
	f.Fuzz(func(t *testing.T, file []byte, body string) {
		for _, b := range [][]byte{file, pack(t, body, nil)} {
			d, err := Read("x.docx", b)
			if err != nil {
				if !errors.Is(err, fault.Refused) {
					t.Errorf("Read = %v, want a refusal", err)
				}
				continue
			}
			lint.Check(lint.FromDocument(d))
		}
	})
}
