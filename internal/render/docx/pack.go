package docx

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/report"
)

// The names of ISO/IEC 29500 (transitional) and of the Open Packaging Conventions.
const (
	head          = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	nsMain        = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	nsRelation    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	nsPicture     = "http://schemas.openxmlformats.org/drawingml/2006/picture"
	nsParts       = "http://schemas.openxmlformats.org/package/2006/relationships"
	nsTypes       = "http://schemas.openxmlformats.org/package/2006/content-types"
	nsCore        = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
	nsExtended    = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
	nsDrawing     = "http://schemas.openxmlformats.org/drawingml/2006/main"
	nsWordDrawing = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
	wordType      = "application/vnd.openxmlformats-officedocument.wordprocessingml."
	language      = "en-US"
)

// root is the attributes of a part's element that name its languages.
const root = ` xmlns:w="` + nsMain + `" xmlns:r="` + nsRelation + `" xmlns:wp="` + nsWordDrawing + `" xmlns:a="` + nsDrawing + `" xmlns:pic="` + nsPicture + `"`

// part is a file of the package.
type part struct {
	name string
	kind string // its content type; "" where its extension tells
	data []byte
}

// pack writes the package. The parts have one order and one date, so that equal documents are equal bytes.
func (d *doc) pack(w io.Writer) error {
	body := d.document()
	draft, err := fingerprint(d.r)
	if err != nil {
		return err
	}
	parts := []part{
		{"word/document.xml", wordType + "document.main+xml", body},
		{"word/styles.xml", wordType + "styles+xml", []byte(styles(d.width))},
		{"word/numbering.xml", wordType + "numbering+xml", []byte(numbering)},
		{"word/settings.xml", wordType + "settings+xml", []byte(settings)},
		{"word/header1.xml", wordType + "header+xml", d.header(false)},
		{"word/header2.xml", wordType + "header+xml", d.header(true)},
		{"word/footer1.xml", wordType + "footer+xml", d.footer()},
		{"docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml", d.core()},
		{"docProps/app.xml", "application/vnd.openxmlformats-officedocument.extended-properties+xml",
			[]byte(head + `<Properties xmlns="` + nsExtended + `"><Application>Assay</Application></Properties>`)},
		{"docProps/custom.xml", "application/vnd.openxmlformats-officedocument.custom-properties+xml", []byte(custom(draft))},
	}
	for _, m := range d.images {
		n := strconv.Itoa(m.number)
		parts = append(parts, part{"word/media/picture" + n + ".png", "", m.png}, part{"word/media/picture" + n + ".svg", "", m.svg})
	}
	all := append([]part{{"[Content_Types].xml", "", types(parts)}, {"_rels/.rels", "", []byte(packageParts)},
		{"word/_rels/document.xml.rels", "", d.relations()}}, parts...)
	return write(w, all)
}

func write(w io.Writer, parts []part) error {
	z := zip.NewWriter(w)
	deflate, err := flate.NewWriter(nil, 5)
	if err != nil {
		return err
	}
	// One compressor for all parts: they are written one after the other.
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { deflate.Reset(w); return deflate, nil })
	for _, p := range parts {
		h := &zip.FileHeader{Name: p.name, Method: zip.Deflate}
		// The earliest date that the format knows: the package holds no time of its making.
		h.Modified = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
		if strings.HasSuffix(p.name, ".png") {
			h.Method = zip.Store
		}
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(p.data); err != nil {
			return err
		}
	}
	return z.Close()
}

func types(parts []part) []byte {
	var w writer
	w.raw(head, `<Types xmlns="`, nsTypes, `"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`,
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Default Extension="svg" ContentType="image/svg+xml"/>`)
	for _, p := range parts {
		if p.kind != "" {
			w.raw(`<Override PartName="/`, p.name, `" ContentType="`, p.kind, `"/>`)
		}
	}
	w.raw(`</Types>`)
	return w.Bytes()
}

const packageParts = head + `<Relationships xmlns="` + nsParts + `">` +
	`<Relationship Id="rId1" Type="` + nsRelation + `/officeDocument" Target="word/document.xml"/>` +
	`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>` +
	`<Relationship Id="rId3" Type="` + nsRelation + `/extended-properties" Target="docProps/app.xml"/>` +
	`<Relationship Id="rId4" Type="` + nsRelation + `/custom-properties" Target="docProps/custom.xml"/></Relationships>`

func (d *doc) relations() []byte {
	var w writer
	add := func(id, kind, to string, outside bool) {
		w.raw(`<Relationship Id="`, id, `" Type="`, nsRelation, `/`, kind, `"`)
		w.attr("Target", to)
		if outside {
			w.raw(` TargetMode="External"`)
		}
		w.raw(`/>`)
	}
	w.raw(head, `<Relationships xmlns="`, nsParts, `">`)
	for i, x := range []string{"styles", "numbering", "settings"} {
		add("rId"+strconv.Itoa(i+1), x, x+".xml", false)
	}
	add("rIdH1", "header", "header1.xml", false)
	add("rIdH2", "header", "header2.xml", false)
	add("rIdF1", "footer", "footer1.xml", false)
	for _, m := range d.images {
		n := strconv.Itoa(m.number)
		add("rIdP"+n, "image", "media/picture"+n+".png", false)
		add("rIdV"+n, "image", "media/picture"+n+".svg", false)
	}
	for _, to := range d.order {
		add(d.links[to], "hyperlink", target(to), true)
	}
	w.raw(`</Relationships>`)
	return w.Bytes()
}

// document is the main part: the body and the shape of its pages.
func (d *doc) document() []byte {
	w, h := d.o.Paper.page()
	var out writer
	out.Grow(d.out.Len() + 2000)
	out.raw(head, `<w:document`, root, "><w:body>\n")
	out.Write(d.out.Bytes())
	out.raw(`<w:sectPr><w:headerReference w:type="default" r:id="rIdH1"/><w:headerReference w:type="first" r:id="rIdH2"/>`,
		`<w:footerReference w:type="default" r:id="rIdF1"/><w:footerReference w:type="first" r:id="rIdF1"/><w:pgSz`)
	out.attrInt("w:w", w)
	out.attrInt("w:h", h)
	out.raw(`/><w:pgMar`)
	for _, m := range []struct {
		side string
		n    int
	}{{"top", marginTop}, {"right", marginSide}, {"bottom", marginBottom}, {"left", marginSide}, {"header", marginHead}, {"footer", marginHead}, {"gutter", 0}} {
		out.attrInt("w:"+m.side, m.n)
	}
	out.raw(`/><w:titlePg/></w:sectPr></w:body></w:document>`)
	return out.Bytes()
}

// header is the head of every page; the cover's names neither organization nor title again.
func (d *doc) header(cover bool) []byte {
	d.out = &writer{}
	d.out.raw(head, `<w:hdr`, root, `>`)
	draft := ""
	if d.r.Draft {
		draft = "DRAFT · no opinion"
	}
	d.out.raw(`<w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr>`)
	if !cover {
		d.words(clip(d.r.Organization, 60), "")
		d.words(" · "+d.r.Title, "")
	}
	d.out.raw(`<w:r><w:tab/></w:r>`)
	d.words(draft, "DraftMark")
	d.out.raw(`</w:p>`)
	if d.o.Watermark != "" {
		d.write(para{style: "Header"}, report.Runs{{Text: clip(d.o.Watermark, 200), Strong: true}}, d.o.Watermark)
	}
	d.out.raw(`</w:hdr>`)
	return d.out.Bytes()
}

func (d *doc) footer() []byte {
	d.out = &writer{}
	d.out.raw(head, `<w:ftr`, root, `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>`)
	d.words(d.r.Foot(), "")
	d.out.raw(`<w:r><w:tab/></w:r>`)
	d.words("Page ", "")
	d.out.raw(field("begin"), instruction(" PAGE "), field("separate"), `<w:r><w:t>1</w:t></w:r>`, field("end"))
	d.words(" of ", "")
	d.out.raw(field("begin"), instruction(" NUMPAGES "), field("separate"), `<w:r><w:t>`, strconv.Itoa(d.lay.page+1), `</w:t></w:r>`, field("end"), `</w:p></w:ftr>`)
	return d.out.Bytes()
}

func clip(s string, n int) string {
	rs := []rune(s)
	if len(rs) <= n {
		return s
	}
	return string(rs[:n]) + "…"
}

// core is the properties of the document. Its date is that of the figures, not of its making.
func (d *doc) core() []byte {
	var w writer
	w.raw(head, `<cp:coreProperties xmlns:cp="`, nsCore, `" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>`)
	title := d.r.Title + " · " + clean(d.r.Organization)
	if d.r.Draft {
		title = "DRAFT · " + title
	}
	w.text(clean(title))
	w.raw(`</dc:title><dc:subject>`)
	w.text(clean(d.r.Subtitle))
	w.raw(`</dc:subject><dc:creator>`)
	w.text(clean(d.r.Organization))
	w.raw(`</dc:creator>`)
	if i, err := civil.ParseInstant(d.r.KnownAt); err == nil && i != civil.Never {
		at := i.Time().Format("2006-01-02T15:04:05Z")
		w.raw(`<dcterms:created xsi:type="dcterms:W3CDTF">`, at, `</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">`, at, `</dcterms:modified>`)
	}
	w.raw(`<dc:language>`, language, `</dc:language></cp:coreProperties>`)
	return w.Bytes()
}

// fingerprint is the SHA-256 of the model, in lower-case hex. A document that comes back edited is told by it from one that
// was made of another draft.
func fingerprint(r *report.Report) (string, error) {
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(r); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// custom is the properties that word processors keep without knowing them.
func custom(draft string) string {
	return head + `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">` +
		`<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="AssayDraft"><vt:lpwstr>` + draft + `</vt:lpwstr></property></Properties>`
}

// numbering is the signs of lists: a dot, and numbers.
const numbering = head + `<w:numbering xmlns:w="` + nsMain + `">` +
	`<w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="hybridMultilevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:pStyle w:val="ListBullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="360" w:hanging="280"/></w:pPr></w:lvl></w:abstractNum>` +
	`<w:abstractNum w:abstractNumId="2"><w:multiLevelType w:val="hybridMultilevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="ListNumber"/><w:lvlText w:val="%1."/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="480" w:hanging="480"/></w:pPr></w:lvl></w:abstractNum>` +
	`<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num></w:numbering>`

// settings name the version of the layout rules; nothing asks the reader to update fields.
const settings = head + `<w:settings xmlns:w="` + nsMain + `"><w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/><w:characterSpacingControl w:val="doNotCompress"/>` +
	`<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>` +
	`<w:themeFontLang w:val="` + language + `"/><w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>`
