package docx

import (
	"encoding/xml"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/lint"
)

// walker turns the elements of the main part into blocks.
type walker struct {
	p      *packet
	d      *lint.Document
	sheet  styles
	inText bool
	inCode bool // the instruction of a field

	open    bool // a paragraph
	text    strings.Builder
	par     lint.Block
	nest    int  // paragraphs inside it, as in a text box
	props   int  // inside the properties of a paragraph
	join    bool // its end was deleted: the next goes on in it
	skip    int  // inside what is no text of the document: deleted, the fallback of a drawing, ...
	fields  []fieldState
	gallery bool // a list of contents
	sdt     []bool

	notes  map[string]string // footnotes and endnotes, by kind and number
	tables []*tableState
	count  int // tables so far

	about map[string]int              // comment -> block
	said  map[string]*strings.Builder // comment -> the text that it is made on
	runs  []string                    // comments whose text is being read
}

// fieldState is a field that has begun.
type fieldState struct {
	code   strings.Builder
	result bool // its result has begun
}

type tableState struct {
	number int
	row    *lint.Block
	cell   strings.Builder
	inCell bool
	gone   bool // the row is tracked as deleted
}

// skipped are elements whose text is no text of the document as it stands: what was deleted or moved away, the second
// form of a drawing for older readers, formulas of phonetic guides.
var skipped = map[string]bool{"del": true, "moveFrom": true, "Fallback": true, "rt": true, "pPrChange": true, "rPrChange": true, "tblPrChange": true,
	"trPrChange": true, "tcPrChange": true, "sectPrChange": true, "numberingChange": true}

func (w *walker) token(t xml.Token, _ int) error {
	switch e := t.(type) {
	case xml.StartElement:
		return w.start(e)
	case xml.EndElement:
		w.end(e.Name.Local)
	case xml.CharData:
		switch {
		case w.skip > 0:
		case w.inCode && len(w.fields) > 0:
			if c := &w.fields[len(w.fields)-1].code; c.Len() < 4096 {
				c.Write(e)
			}
		case w.inText:
			return w.put(string(e))
		}
	}
	return nil
}

// deleted takes in that somebody deleted something: text, the end of a paragraph, or a row.
func (w *walker) deleted(by string) {
	switch n := len(w.tables); {
	case w.open && w.skip == 1:
		w.par.Tracked = once(w.par.Tracked, by)
		w.join = w.join || w.props > 0 && w.nest == 0
	case !w.open && w.skip == 1 && n > 0 && w.tables[n-1].row != nil && !w.tables[n-1].inCell:
		w.tables[n-1].gone = true
	}
}

func (w *walker) start(e xml.StartElement) error {
	name := e.Name.Local
	if skipped[name] {
		w.skip++
		if name == "del" || name == "moveFrom" {
			w.deleted(attr(e, "author"))
		}
	}
	if w.skip > 0 {
		return nil
	}
	if !w.open {
		w.structure(e)
	}
	switch name {
	case "p":
		return w.paragraph()
	case "pPr":
		w.props++
	case "tbl", "tr", "tc", "tblHeader":
		return w.table(e)
	case "t":
		w.inText = true
	case "tab":
		if w.props == 0 {
			return w.put("\t")
		}
	case "br", "cr":
		if k := attr(e, "type"); k == "" || k == "textWrapping" { // a page's end is no text
			return w.put("\n")
		}
	case "noBreakHyphen":
		return w.put("-")
	case "footnoteReference", "endnoteReference":
		if note := w.notes[strings.TrimSuffix(name, "Reference")+attr(e, "id")]; note != "" {
			return w.put(" [" + strings.TrimSpace(note) + "]")
		}
	case "pStyle":
		if w.nest == 0 {
			w.par.Style = attr(e, "val")
		}
	case "outlineLvl":
		if w.nest == 0 {
			w.par.Level = level(attr(e, "val"))
		}
	case "numPr":
		w.par.List = w.par.List || w.nest == 0
	case "bookmarkStart":
		w.par.Marks = append(w.par.Marks[:min(len(w.par.Marks), maxBeside)], attr(e, "name"))
	case "docPr":
		w.par.Pictures = append(w.par.Pictures[:min(len(w.par.Pictures), maxBeside)], attr(e, "descr"))
	case "ins", "moveTo":
		w.par.Tracked = once(w.par.Tracked, attr(e, "author"))
	case "commentRangeStart":
		w.remark(attr(e, "id"))
	case "commentRangeEnd":
		w.runs = slices.DeleteFunc(w.runs, func(id string) bool { return id == attr(e, "id") })
	case "commentReference":
		if id := attr(e, "id"); w.said[id] == nil {
			w.about[id] = len(w.d.Blocks)
		}
	case "fldChar":
		w.field(attr(e, "fldCharType"))
	case "fldSimple":
		if strings.HasPrefix(strings.TrimSpace(attr(e, "instr")), "TOC") {
			w.par.Contents = true
		}
	case "instrText":
		w.inCode = true
	}
	return nil
}

// structure takes in what stands around paragraphs.
func (w *walker) structure(e xml.StartElement) {
	switch e.Name.Local {
	case "sdt":
		if len(w.sdt) < maxDepth {
			w.sdt = append(w.sdt, w.gallery)
		}
	case "docPartGallery":
		w.gallery = w.gallery || attr(e, "val") == "Table of Contents"
	}
}

func (w *walker) end(name string) {
	if skipped[name] && w.skip > 0 {
		w.skip--
		return
	}
	if w.skip > 0 {
		return
	}
	switch name {
	case "t":
		w.inText = false
	case "instrText":
		w.inCode = false
	case "pPr":
		w.props--
	case "p":
		if w.nest > 0 {
			w.nest--
			break
		}
		w.flush()
	case "tc", "tr", "tbl":
		w.endTable(name)
	case "sdt":
		if n := len(w.sdt); n > 0 && !w.open {
			w.gallery, w.sdt = w.sdt[n-1], w.sdt[:n-1]
		}
	}
}

func (w *walker) remark(id string) {
	if len(w.said) < maxBlocks && len(w.runs) < maxBeside { // each piece of text is read for all that are open
		w.about[id] = len(w.d.Blocks)
		w.said[id] = &strings.Builder{}
		w.runs = append(w.runs, id)
	}
}

func (w *walker) put(s string) error {
	if !w.open {
		return nil
	}
	if w.text.Len()+len(s) > maxText {
		return fault.Refuse("%s holds a paragraph of more than %d MB", w.p.name, maxText>>20)
	}
	w.text.WriteString(s)
	said := len(s)
	for _, id := range w.runs {
		if b := w.said[id]; b.Len() < 4096 {
			b.WriteString(s)
			said += len(s)
		}
	}
	return w.p.keep(said)
}

// field follows a field from its beginning to its end.
func (w *walker) field(kind string) {
	n := len(w.fields)
	switch {
	case kind == "begin" && n < maxDepth:
		w.fields = append(w.fields, fieldState{})
	case kind == "separate" && n > 0:
		w.fields[n-1].result = true
		if w.inContents() {
			w.par.Contents = true
		}
	case kind == "end" && n > 0:
		w.fields = w.fields[:n-1]
	}
}

func (w *walker) inContents() bool {
	for i := range w.fields {
		if w.fields[i].result && strings.HasPrefix(strings.TrimSpace(w.fields[i].code.String()), "TOC") {
			return true
		}
	}
	return false
}

// paragraph begins one. One inside another, as in a text box, goes on in it.
func (w *walker) paragraph() error {
	if w.open {
		w.nest++
		w.text.WriteString("\n")
		return nil
	}
	if len(w.d.Blocks) > maxBlocks {
		return w.tooMany()
	}
	w.open = true
	w.par = lint.Block{Contents: w.gallery || w.inContents()}
	return w.p.keep(weight)
}

func (w *walker) tooMany() error {
	return fault.Refuse("%s holds more than %d paragraphs and rows", w.p.name, maxBlocks)
}

// flush ends a paragraph: into its cell, or into the document.
func (w *walker) flush() {
	if !w.open {
		return
	}
	w.open = false
	if w.join {
		w.join = false
		return
	}
	b := w.par
	b.Text = w.text.String()
	w.text.Reset()
	name, lvl, list := w.sheet.of(b.Style)
	if b.Level == 0 {
		b.Level = lvl
	}
	if b.Level == 10 {
		b.Level = 0
	}
	b.Style, b.List = name, b.List || list
	b.Contents = b.Contents || strings.HasPrefix(name, "toc")
	if n := len(w.tables); n > 0 && w.tables[n-1].inCell && w.tables[n-1].row != nil {
		t := w.tables[n-1]
		if t.cell.Len() > 0 {
			t.cell.WriteString("\n")
		}
		t.cell.WriteString(b.Text)
		t.row.Marks = append(t.row.Marks, b.Marks...)
		t.row.Pictures = append(t.row.Pictures, b.Pictures...)
		for _, a := range b.Tracked {
			t.row.Tracked = once(t.row.Tracked, a)
		}
		return
	}
	w.d.Blocks = append(w.d.Blocks, b)
}

func (w *walker) table(e xml.StartElement) error {
	n := len(w.tables)
	switch e.Name.Local {
	case "tbl":
		if n >= 32 {
			return fault.Refuse("%s holds tables in tables, too deep", w.p.name)
		}
		w.count++
		w.tables = append(w.tables, &tableState{number: w.count})
	case "tr":
		if len(w.d.Blocks) > maxBlocks {
			return w.tooMany()
		}
		if n > 0 {
			w.tables[n-1].row, w.tables[n-1].gone = &lint.Block{Table: w.tables[n-1].number}, false
		}
		return w.p.keep(weight)
	case "tblHeader":
		if v := attr(e, "val"); n > 0 && w.tables[n-1].row != nil && v != "0" && v != "false" {
			w.tables[n-1].row.Head = true
		}
	case "tc":
		if n > 0 && w.tables[n-1].row != nil {
			w.tables[n-1].inCell = true
			w.tables[n-1].cell.Reset()
		}
		return w.p.keep(weight)
	}
	return nil
}

// endTable closes a cell, a row or a table. The rows of a table inside a cell come before the row that holds it.
func (w *walker) endTable(name string) {
	n := len(w.tables)
	if n == 0 {
		return
	}
	t := w.tables[n-1]
	switch name {
	case "tc":
		if t.inCell && t.row != nil {
			t.row.Cells = append(t.row.Cells, t.cell.String())
			t.inCell = false
		}
	case "tr":
		if t.row != nil && !t.gone {
			w.d.Blocks = append(w.d.Blocks, *t.row)
		}
		t.row, t.inCell = nil, false // a row that ends inside a cell ends the cell too
	case "tbl":
		w.tables = w.tables[:n-1]
	}
}
