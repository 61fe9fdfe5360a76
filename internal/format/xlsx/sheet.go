package xlsx

import (
	"encoding/xml"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// cells reads one sheet, row by row.
type cells struct {
	*xmlPart
	row    int // number of the row, from 1
	col    int // of the last cell, from 0
	line   []cell
	size   int
	shared map[string]string // texts of shared formulas by their number
	kept   int               // bytes of these
}

type cell struct {
	col   int
	value register.Value
}

// holdsCells reports whether a sheet has a cell at all.
func (b *book) holdsCells(s sheet) (bool, error) {
	p, err := b.part(s.part)
	if err != nil {
		return false, err
	}
	defer p.rc.Close()
	for {
		t, err := p.next()
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if e, ok := t.(xml.StartElement); ok && (e.Name.Local == "v" || e.Name.Local == "is" || e.Name.Local == "f") {
			return true, nil
		}
		if e, ok := t.(xml.EndElement); ok && e.Name.Local == "sheetData" {
			return false, nil
		}
	}
}

// rows yields the rows of the chosen sheet under the names of its header.
func (b *book) rows(name string, yield func(register.Input, error) bool) error {
	s, err := b.pick(name)
	if err != nil {
		return err
	}
	p, err := b.part(s.part)
	if err != nil {
		return err
	}
	defer p.rc.Close()
	c := &cells{xmlPart: p, shared: map[string]string{}}
	var header []string
	for {
		err := c.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case len(c.line) == 0:
		case header == nil:
			if header, err = c.header(); err != nil {
				return err
			}
		default:
			in, err := c.input(header)
			if err != nil {
				return err
			}
			if !yield(in, nil) {
				return errStopped
			}
		}
	}
}

func (c *cells) header() ([]string, error) {
	names := make([]string, c.line[len(c.line)-1].col+1)
	seen := map[string]bool{}
	for _, e := range c.line {
		n := strings.TrimSpace(e.value.Text)
		if n != "" && seen[n] {
			return nil, fault.At(c.b.file, c.row, "", "two columns are named %q", n)
		}
		seen[n] = true
		names[e.col] = n
	}
	return names, nil
}

// input makes the row's fields. A cell that is not stored is a column delivered empty, as in CSV.
func (c *cells) input(header []string) (register.Input, error) {
	in := register.Input{Line: c.row, Loose: true, Fields: make([]register.Member, 0, len(header))}
	next := 0
	for i, name := range header {
		v := register.Value{Kind: register.String}
		if next < len(c.line) && c.line[next].col == i {
			v = c.line[next].value
			next++
		}
		if name != "" {
			in.Fields = append(in.Fields, register.Member{Name: name, Value: v})
		} else if v.Text != "" {
			return in, c.unnamed(i)
		}
	}
	if next < len(c.line) {
		return in, c.unnamed(c.line[next].col)
	}
	return in, nil
}

func (c *cells) unnamed(col int) error {
	return fault.At(c.b.file, c.row, "", "a value in column %s, which has no name in the header", letters(col))
}

// next reads one row of cells; io.EOF after the last.
func (c *cells) next() error {
	c.line, c.col, c.size = c.line[:0], -1, 0
	for {
		t, err := c.xmlPart.next()
		if err == io.EOF {
			return register.Truncated(c.b.file, c.row, "inside %s", c.name)
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "row":
				if err := c.startRow(attr(t, "r")); err != nil {
					return err
				}
			case "c":
				if err := c.cell(t); err != nil {
					return err
				}
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "row":
				return nil
			case "sheetData":
				return c.rest()
			}
		}
	}
}

// rest reads the part to its end, so that the archive's checksum is compared.
func (c *cells) rest() error {
	for {
		if _, err := c.xmlPart.next(); err != nil {
			return err
		}
	}
}

func (c *cells) startRow(r string) error {
	n := c.row + 1
	if r != "" {
		var err error
		if n, err = strconv.Atoi(r); err != nil || n <= c.row || n > 1<<20 {
			return fault.At(c.b.file, c.row, "", "row number %q after row %d", r, c.row)
		}
	}
	c.row = n
	return nil
}

func (c *cells) cell(t xml.StartElement) error {
	col := c.col + 1
	if ref := attr(t, "r"); ref != "" {
		var ok bool
		if col, ok = column(ref); !ok || col <= c.col {
			return fault.At(c.b.file, c.row, "", "cell reference %q after column %s", ref, letters(c.col))
		}
	}
	if col >= register.MaxColumns {
		return fault.At(c.b.file, c.row, "", "more than %d columns", register.MaxColumns)
	}
	c.col = col
	raw, formula, err := c.content(t)
	if err != nil {
		return err
	}
	v := register.Value{Kind: register.String, Text: formula}
	if formula == "" {
		if v, err = c.value(attr(t, "t"), attr(t, "s"), raw); err != nil {
			return err
		}
	}
	if v.Text == "" {
		return nil
	}
	if c.size += len(v.Text); c.size > register.MaxRow {
		return fault.At(c.b.file, c.row, "", "the row is larger than %d bytes", register.MaxRow)
	}
	c.line = append(c.line, cell{col, v})
	return nil
}

// content reads a cell to its end: the stored value, and the text of its formula with "=".
func (c *cells) content(t xml.StartElement) (raw, formula string, err error) {
	in := ""
	group := ""
	var stored, text strings.Builder // of a value or a formula that comes in many pieces
	for {
		tok, err := c.xmlPart.next()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", "", c.broken(err)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			in = e.Name.Local
			switch in {
			case "is":
				raw, err = c.texts("is")
			case "f":
				text.Reset()
				text.WriteByte('=')
				group = attr(e, "si")
			}
		case xml.CharData:
			switch in {
			case "v":
				stored.Write(e)
			case "f":
				text.Write(e)
			}
			if stored.Len()+text.Len() > register.MaxRow {
				err = c.bad("holds more than %d bytes", register.MaxRow)
			}
		case xml.EndElement:
			in = ""
			if e.Name.Local == "c" {
				formula, err = c.share(group, text.String(), attr(t, "r"))
				return raw + stored.String(), formula, err
			}
		}
		if err != nil {
			return "", "", err
		}
	}
}

// share gives the cells that share a formula its text and the cell where it stands: what it
// would be after shifting is for a spreadsheet to say.
func (c *cells) share(group, formula, ref string) (string, error) {
	if group == "" || formula == "" {
		return formula, nil
	}
	if formula == "=" {
		return c.shared[group], nil
	}
	if c.kept += len(formula) + 64; c.kept > maxShared {
		return "", c.bad("is one of shared formulas of more than %d MiB", maxShared>>20)
	}
	c.shared[group] = formula + " (shared from " + ref + ")"
	return formula, nil
}

// value makes a cell's stored value one of a record.
func (c *cells) value(kind, styled, raw string) (register.Value, error) {
	switch kind {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(raw))
		if err != nil || n < 0 || n >= len(c.b.strings) {
			return register.Value{}, c.bad("names the shared text %q, which is not there", raw)
		}
		return c.text(c.b.strings[n])
	case "str":
		return c.text(unescape(raw))
	case "inlineStr":
		return c.text(raw)
	case "b":
		switch strings.TrimSpace(raw) {
		case "1", "true":
			return register.Value{Kind: register.Boolean, Text: "true"}, nil
		case "0", "false":
			return register.Value{Kind: register.Boolean, Text: "false"}, nil
		}
		return register.Value{}, c.bad("holds %q; expected 0 or 1", raw)
	case "e":
		return register.Value{}, c.bad("holds the error %s; expected a value", raw)
	case "d":
		return register.Value{Kind: register.Local, Text: raw}, nil
	}
	if raw == "" {
		return register.Value{}, nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(raw), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return register.Value{}, c.bad("holds %q; expected a number", raw)
	}
	if n, err := strconv.Atoi(styled); err == nil && n >= 0 && n < len(c.b.styles) && c.b.styles[n].date {
		return c.date(f, c.b.styles[n])
	}
	// Files hold up to 17 digits of a number; the shortest that means the same is what was typed.
	return register.Value{Kind: register.Number, Text: strconv.FormatFloat(f, format(f), -1, 64)}, nil
}

func format(f float64) byte {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return 'e'
	}
	return 'f'
}

func (c *cells) text(s string) (register.Value, error) {
	if err := register.CheckText(c.b.file, c.row, []byte(s)); err != nil {
		return register.Value{}, err
	}
	return register.Value{Kind: register.String, Text: s}, nil
}

// bad refuses the cell that is read. Of a long text only the beginning is said.
func (c *cells) bad(form string, args ...any) error {
	for i, a := range args {
		if text, ok := a.(string); ok && len(text) > 100 {
			args[i] = strings.ToValidUTF8(text[:100], "") + "…"
		}
	}
	return fault.At(c.b.file, c.row, "", "cell "+letters(c.col)+strconv.Itoa(c.row)+" "+form, args...)
}

// date turns a serial number in a date style into a civil date or a local time: a workbook
// knows no zone.
func (c *cells) date(serial float64, s style) (register.Value, error) {
	const day = 86_400_000 // milliseconds
	if serial < 0 || serial > 110_000 || c.b.lost && serial < 61 {
		return register.Value{}, c.bad("holds the date %v, outside 1 March 1900 to 2200", serial)
	}
	days := math.Floor(serial)
	ms := int(math.Round((serial - days) * day))
	if ms == day {
		days, ms = days+1, 0
	}
	text := (civil.Date(c.b.base) + civil.Date(days)).String()
	if s.time || ms != 0 {
		text += "T" + clock(ms)
	}
	return register.Value{Kind: register.Local, Text: text}, nil
}

func clock(ms int) string {
	two := func(n int) string { return strconv.Itoa(n/10) + strconv.Itoa(n%10) }
	s := two(ms/3_600_000) + ":" + two(ms/60_000%60) + ":" + two(ms/1000%60)
	if ms %= 1000; ms != 0 {
		s += "." + strconv.Itoa(ms/100) + two(ms%100)
	}
	return s
}

// column reads the letters of a cell reference: A1 is column 0.
func column(ref string) (int, bool) {
	n, i := 0, 0
	for ; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		if n = n*26 + int(ref[i]-'A') + 1; n > 1<<20 {
			return 0, false
		}
	}
	return n - 1, i > 0 && i < len(ref)
}

func letters(col int) string {
	s := ""
	for col++; col > 0; col = (col - 1) / 26 {
		s = string(rune('A'+(col-1)%26)) + s
	}
	return s
}
