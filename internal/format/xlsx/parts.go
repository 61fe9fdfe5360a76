package xlsx

import (
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// xmlPart reads the tokens of one part. It bounds the bytes of the whole workbook and of each
// token, because a token is held in memory.
type xmlPart struct {
	*xml.Decoder
	name   string
	b      *book
	rc     io.ReadCloser
	budget int64
	packed int64 // deflated size of the part
	own    int64 // bytes inflated of this part
}

func (b *book) part(name string) (*xmlPart, error) {
	f := b.parts[strings.ToLower(name)]
	if f == nil {
		return nil, fault.At(b.file, 0, "", "the workbook has no part %s", name)
	}
	rc, err := f.Open()
	if err != nil {
		return nil, fault.At(b.file, 0, "", "the part %s cannot be read: %v", name, err)
	}
	p := &xmlPart{name: name, b: b, rc: rc, packed: int64(f.CompressedSize64)}
	p.Decoder = xml.NewDecoder(p)
	return p, nil
}

// Read satisfies io.Reader for the decoder.
func (p *xmlPart) Read(buf []byte) (int, error) {
	if p.budget <= 0 {
		return 0, fault.At(p.b.file, 0, "", "%s holds a value larger than %d bytes", p.name, register.MaxRow)
	}
	n, err := p.rc.Read(buf[:min(int64(len(buf)), p.budget)])
	p.budget -= int64(n)
	p.own += int64(n)
	if p.b.read += int64(n); p.b.read > 2*maxInflated || p.own > maxInflated || p.own > bigPart && p.own/maxRatio > p.packed {
		return 0, p.b.bomb()
	}
	return n, err
}

// next returns the next start or end tag or text; io.EOF after the last.
func (p *xmlPart) next() (xml.Token, error) {
	for {
		p.budget = register.MaxRow
		t, err := p.RawToken()
		if err == io.EOF {
			return nil, err
		}
		if err != nil {
			return nil, p.broken(err)
		}
		switch t.(type) {
		case xml.StartElement, xml.EndElement, xml.CharData:
			return t, nil
		case xml.Directive:
			return nil, fault.At(p.b.file, 0, "", "%s declares a document type; a workbook has none", p.name)
		}
	}
}

func (p *xmlPart) broken(err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return register.Truncated(p.b.file, 0, "inside %s", p.name)
	}
	line, col := p.InputPos()
	return fault.At(p.b.file, 0, "", "%s, line %d column %d: %v", p.name, line, col, err)
}

// each calls fn for every start tag of a part.
func (b *book) each(name string, fn func(p *xmlPart, t xml.StartElement) error) error {
	p, err := b.part(name)
	if err != nil {
		return err
	}
	defer p.rc.Close()
	for {
		t, err := p.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if s, ok := t.(xml.StartElement); ok {
			if err := fn(p, s); err != nil {
				return err
			}
		}
	}
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// workbook reads the names of the sheets, the parts they are in, and the date system.
func (b *book) workbook() error {
	rels := map[string]string{}
	err := b.each("xl/_rels/workbook.xml.rels", func(_ *xmlPart, t xml.StartElement) error {
		if t.Name.Local == "Relationship" {
			target := attr(t, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			rels[attr(t, "Id")] = strings.TrimPrefix(target, "/")
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.base, b.lost = int(civil.NewDate(1899, time.December, 30)), true
	return b.each("xl/workbook.xml", func(_ *xmlPart, t xml.StartElement) error {
		switch t.Name.Local {
		case "workbookPr":
			if v := attr(t, "date1904"); v == "1" || v == "true" {
				b.base, b.lost = int(civil.NewDate(1904, time.January, 1)), false
			}
		case "sheet":
			for _, a := range t.Attr {
				if a.Name.Local == "id" && strings.Contains(rels[a.Value], "worksheets/") {
					b.sheets = append(b.sheets, sheet{attr(t, "name"), rels[a.Value]})
				}
			}
		}
		return nil
	})
}

// loadStrings reads the texts that cells share, without their phonetic guides.
func (b *book) loadStrings() error {
	const name = "xl/sharedStrings.xml"
	if b.parts[strings.ToLower(name)] == nil {
		return nil
	}
	size := 0
	return b.each(name, func(p *xmlPart, t xml.StartElement) error {
		if t.Name.Local != "si" {
			return nil
		}
		s, err := p.texts("si")
		if err != nil {
			return err
		}
		if size += len(s) + 16; size > maxStrings {
			return b.bomb()
		}
		b.strings = append(b.strings, s)
		return nil
	})
}

// texts joins the <t> elements up to the end of the named element.
func (p *xmlPart) texts(end string) (string, error) {
	var out strings.Builder
	inText, guide := false, false
	for {
		t, err := p.next()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", p.broken(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			inText = t.Name.Local == "t"
			guide = guide || t.Name.Local == "rPh"
		case xml.EndElement:
			inText = false
			switch t.Name.Local {
			case "rPh":
				guide = false
			case end:
				return unescape(out.String()), nil
			}
		case xml.CharData:
			if inText && !guide {
				if out.Len()+len(t) > register.MaxRow {
					return "", fault.At(p.b.file, 0, "", "%s holds a text larger than %d bytes", p.name, register.MaxRow)
				}
				out.Write(t)
			}
		}
	}
}

// unescape replaces _xHHHH_, by which a workbook writes characters that XML cannot.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 {
			out.WriteString(s)
			return out.String()
		}
		out.WriteString(s[:i])
		s = s[i:]
		n, err := strconv.ParseUint(s[2:min(6, len(s))], 16, 16)
		if len(s) < 7 || s[6] != '_' || err != nil || n >= 0xd800 && n < 0xe000 {
			out.WriteString(s[:2])
			s = s[2:]
			continue
		}
		out.WriteRune(rune(n))
		s = s[7:]
	}
}

// style says whether a number shown in it is a date.
type style struct{ date, time bool }

// loadStyles reads the number formats of the cell styles.
func (b *book) loadStyles() error {
	const name = "xl/styles.xml"
	if b.parts[strings.ToLower(name)] == nil {
		return nil
	}
	custom := map[string]style{}
	inCells := false
	return b.each(name, func(_ *xmlPart, t xml.StartElement) error {
		switch t.Name.Local {
		case "numFmt":
			custom[attr(t, "numFmtId")] = styleOf(attr(t, "formatCode"))
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if !inCells {
				break
			}
			id := attr(t, "numFmtId")
			s, ok := custom[id]
			if n, err := strconv.Atoi(id); err == nil && !ok {
				// ECMA-376 Part 1, 18.8.30: the built-in formats that show a date.
				s.date = n >= 14 && n <= 17 || n == 22 || n >= 27 && n <= 36 || n >= 50 && n <= 58
				s.time = n == 22
			}
			b.styles = append(b.styles, s)
		}
		return nil
	})
}

// styleOf reads a number format: letters outside quotes, brackets and escapes say what it shows.
func styleOf(code string) style {
	var s style
	month := false
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '"':
			if j := strings.IndexByte(code[i+1:], '"'); j >= 0 {
				i += j + 1
			}
		case '[':
			if j := strings.IndexByte(code[i:], ']'); j >= 0 {
				i += j
			}
		case '\\':
			i++
		case 'y', 'Y', 'd', 'D':
			s.date = true
		case 'h', 'H', 's', 'S':
			s.time = true
		case 'm', 'M':
			month = true
		}
	}
	s.date = s.date || month && !s.time
	return s
}
