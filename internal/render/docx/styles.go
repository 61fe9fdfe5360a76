package docx

import (
	_ "embed" // the styles that have no lines of their own
	"strconv"
)

// style is a paragraph style. Lengths are twentieths of a point, except the size, which is half-points as
// the format has it. The layout estimates pages from the same figures.
type style struct {
	id, name, base, next string
	size                 int
	line, before, after  int // a line is at least so high, enough for signs of other fonts; taller scripts grow it
	left, hanging        int
	bold, mono           bool
	keepNext, keepLines  bool // on the page of the next paragraph; in one piece
	top                  bool // a rule above it, to sign on
	right                int
	outline              int    // 1 for Heading 1, ...; 0 for text
	color                string // RRGGBB
	shade, border        string // fill, and a rule at the left
	tabs                 string // tab stops, as the format has them
	align                string
	list                 int // of numbering.xml; 0 for none
}

// Colours on paper: those of the report's inks that text may have, all at 4.5:1 or more.
const (
	colText   = "1A1C20"
	colQuiet  = "5C616B"
	colAccent = "2D47C4"
	colBad    = "B3261E"
	colWarn   = "8A5300"
	colGood   = "1E6B3C"
	colLine   = "C9C8C0"
)

// sheet is the paragraph styles, a base before those built on it.
func sheet(width int) []style {
	end := `<w:tab w:val="right" w:pos="` + strconv.Itoa(width) + `"/>`
	dots := `<w:tab w:val="right" w:leader="dot" w:pos="` + strconv.Itoa(width) + `"/>`
	return []style{
		{id: "Normal", name: "Normal", size: 20, line: 280, after: 120, color: colText},
		{id: "Title", name: "Title", next: "Subtitle", size: 56, line: 680, before: 0, after: 160, bold: true},
		{id: "Subtitle", name: "Subtitle", next: "Normal", size: 26, line: 360, after: 600, color: colQuiet},
		{id: "CoverDraft", name: "Cover Draft", size: 22, line: 300, before: 2400, after: 240, bold: true, color: colWarn},
		{id: "CoverWho", name: "Cover Organization", size: 28, line: 380, after: 60, bold: true},
		{id: "CoverSystem", name: "Cover System", size: 24, line: 320, after: 60},
		{id: "CoverWhen", name: "Cover Time", size: 24, line: 320, after: 1200},
		{id: "SectionDraft", name: "Section Draft", next: "Heading1", size: 18, line: 260, after: 60, bold: true, color: colWarn, keepNext: true},
		{id: "Heading1", name: "heading 1", next: "Normal", size: 36, line: 460, after: 240, bold: true, keepNext: true, outline: 1},
		{id: "Heading2", name: "heading 2", next: "Normal", size: 28, line: 360, before: 360, after: 120, bold: true, keepNext: true, outline: 2},
		{id: "Heading3", name: "heading 3", next: "Normal", size: 23, line: 320, before: 360, after: 100, bold: true, keepNext: true, outline: 3},
		{id: "Heading4", name: "heading 4", next: "Normal", size: 20, line: 280, before: 240, after: 80, bold: true, keepNext: true, outline: 4, color: colQuiet},
		{id: "ListBullet", name: "List Bullet", size: 20, line: 280, after: 60, left: 360, hanging: 280, list: 1},
		{id: "ListNumber", name: "List Number", size: 20, line: 280, after: 80, left: 480, hanging: 480, list: 2},
		{id: "Caption", name: "caption", next: "Normal", size: 18, line: 240, before: 200, after: 80, bold: true, keepNext: true},
		{id: "TableText", name: "Table Text", size: 17, line: 236},
		{id: "TableCode", name: "Table Code", base: "TableText", size: 17, line: 236, mono: true},
		{id: "TableNumber", name: "Table Number", base: "TableText", size: 17, line: 236, align: "right"},
		{id: "TableHead", name: "Table Head", base: "TableText", size: 17, line: 236, bold: true, keepNext: true},
		{id: "Picture", name: "Picture", next: "Normal", size: 20, line: 280, after: 60},
		{id: "Legend", name: "Legend", size: 16, line: 220, after: 200, color: colQuiet},
		{id: "NoteInfo", name: "Note Info", size: 19, line: 270, left: 200, shade: "F1F1ED", border: colQuiet},
		{id: "NoteWarn", name: "Note Warning", base: "NoteInfo", size: 19, line: 270, left: 200, shade: "FCF3E0", border: "C98A1B"},
		{id: "NoteOwed", name: "Note Owed", base: "NoteInfo", size: 19, line: 270, left: 200, shade: "ECEFFC", border: colAccent},
		{id: "Quote", name: "Quote", size: 20, line: 280, after: 120, left: 200},
		{id: "StatementLabel", name: "Statement Label", next: "Statement", size: 17, line: 230, after: 40, left: 200, keepNext: true, color: colQuiet, border: colLine},
		{id: "Statement", name: "Statement", base: "Quote", next: "Normal", size: 21, line: 300, after: 160, left: 200, border: colLine, keepLines: true},
		{id: "Terms", name: "Terms", size: 20, line: 280, after: 40, left: 2600, hanging: 2600, tabs: `<w:tab w:val="left" w:pos="2600"/>`},
		{id: "SignName", name: "Signature Name", next: "Sign", size: 22, line: 300, before: 560, keepNext: true, top: true, right: 5200},
		{id: "Sign", name: "Signature Line", size: 20, line: 270},
		{id: "Code", name: "Code", size: 16, line: 210, mono: true, left: 200, border: colLine},
		{id: "TOCHeading", name: "TOC Heading", next: "Normal", size: 36, line: 460, after: 240, bold: true, keepNext: true},
		{id: "TOC1", name: "toc 1", next: "Normal", size: 20, line: 270, before: 100, after: 20, bold: true, tabs: dots},
		{id: "TOC2", name: "toc 2", next: "Normal", size: 19, line: 260, after: 10, left: 280, tabs: dots},
		{id: "TOC3", name: "toc 3", next: "Normal", size: 17, line: 240, left: 560, tabs: dots},
		{id: "Header", name: "header", size: 16, line: 220, color: colQuiet, tabs: end},
		{id: "Footer", name: "footer", size: 16, line: 220, color: colQuiet, tabs: end},
	}
}

//go:embed styles.xml
var fixedStyles string

// styles is the part styles.xml: the paragraph styles, then those of characters, lists and tables.
func styles(width int) string {
	var w writer
	w.raw(head, `<w:styles xmlns:w="`, nsMain, `"><w:docDefaults><w:rPrDefault><w:rPr>`,
		`<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="Microsoft YaHei" w:cs="Arial"/>`,
		`<w:sz w:val="20"/><w:szCs w:val="20"/><w:lang w:val="`, language, `" w:eastAsia="zh-CN" w:bidi="ar-SA"/>`,
		`</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>`)
	for _, s := range sheet(width) {
		s.write(&w)
	}
	w.raw(fixedStyles, `</w:styles>`)
	return w.String()
}

func (s style) write(w *writer) {
	w.raw(`<w:style w:type="paragraph"`)
	if s.id == "Normal" {
		w.raw(` w:default="1"`)
	} else if s.custom() {
		w.raw(` w:customStyle="1"`)
	}
	w.raw(` w:styleId="`, s.id, `"><w:name w:val="`, s.name, `"/>`)
	switch {
	case s.base != "":
		w.raw(`<w:basedOn w:val="`, s.base, `"/>`)
	case s.id != "Normal":
		w.raw(`<w:basedOn w:val="Normal"/>`)
	}
	if s.next != "" {
		w.raw(`<w:next w:val="`, s.next, `"/>`)
	}
	if s.id != "Normal" {
		w.raw(`<w:uiPriority w:val="39"/>`)
	}
	w.raw(`<w:qFormat/><w:pPr>`)
	s.paragraph(w)
	w.raw(`</w:pPr><w:rPr>`)
	s.run(w)
	w.raw(`</w:rPr></w:style>`)
}

// custom reports whether the name is ours, and not one that word processors know.
func (s style) custom() bool {
	switch s.name {
	case "Normal", "Title", "Subtitle", "List Bullet", "List Number", "caption", "Quote", "TOC Heading", "header", "footer":
		return false
	}
	return s.outline == 0 && s.id != "TOC1" && s.id != "TOC2" && s.id != "TOC3"
}

// paragraph writes the children of pPr in the order of CT_PPrBase.
func (s style) paragraph(w *writer) {
	if s.keepNext {
		w.raw(`<w:keepNext/><w:keepLines/>`)
	} else if s.base == "TableText" {
		w.raw(`<w:keepNext w:val="0"/>`)
	}
	if s.keepLines && !s.keepNext {
		w.raw(`<w:keepLines/>`)
	}
	if s.id == "Normal" {
		w.raw(`<w:widowControl/>`)
	}
	if s.list > 0 {
		w.raw(`<w:numPr><w:numId w:val="`, strconv.Itoa(s.list), `"/></w:numPr>`)
	}
	if s.top {
		w.raw(`<w:pBdr><w:top w:val="single" w:sz="6" w:space="5" w:color="`, colQuiet, `"/></w:pBdr>`)
	}
	if s.border != "" {
		w.raw(`<w:pBdr>`)
		if s.shade != "" { // room inside the box, in its own colour
			w.raw(`<w:top w:val="single" w:sz="4" w:space="4" w:color="`, s.shade, `"/>`)
		}
		w.raw(`<w:left w:val="single" w:sz="18" w:space="8" w:color="`, s.border, `"/>`)
		if s.shade != "" {
			w.raw(`<w:bottom w:val="single" w:sz="4" w:space="4" w:color="`, s.shade, `"/>`)
		}
		w.raw(`</w:pBdr>`)
	}
	if s.shade != "" {
		w.raw(`<w:shd w:val="clear" w:color="auto" w:fill="`, s.shade, `"/>`)
	}
	if s.tabs != "" {
		w.raw(`<w:tabs>`, s.tabs, `</w:tabs>`)
	}
	w.raw(`<w:spacing`)
	w.attrInt("w:before", s.before)
	w.attrInt("w:after", s.after)
	w.attrInt("w:line", s.line)
	w.raw(` w:lineRule="atLeast"/>`)
	if s.left+s.hanging+s.right > 0 {
		w.raw(`<w:ind`)
		w.attrInt("w:left", s.left)
		if s.right > 0 {
			w.attrInt("w:right", s.right)
		}
		if s.hanging > 0 {
			w.attrInt("w:hanging", s.hanging)
		}
		w.raw(`/>`)
	}
	if s.align != "" {
		w.raw(`<w:jc w:val="`, s.align, `"/>`)
	}
	if s.outline > 0 {
		w.raw(`<w:outlineLvl w:val="`, strconv.Itoa(s.outline-1), `"/>`)
	}
}

// run writes the children of rPr in the order of EG_RPrBase.
func (s style) run(w *writer) {
	if s.mono {
		w.raw(codeFont)
	}
	if s.bold {
		w.raw(`<w:b/><w:bCs/>`)
	}
	if s.mono {
		w.raw(`<w:noProof/>`)
	}
	if s.color != "" {
		w.raw(`<w:color w:val="`, s.color, `"/>`)
	}
	w.raw(`<w:sz w:val="`, strconv.Itoa(s.size), `"/><w:szCs w:val="`, strconv.Itoa(s.size), `"/>`)
}
