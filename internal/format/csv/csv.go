// Package csv reads comma-, semicolon- and tab-separated files row by row: RFC 4180 with the
// byte order mark, the delimiters and the line ends that spreadsheets write, and with limits.
package csv

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// Read reads a file whose first line names the columns. Every value is text.
func Read(r io.Reader, o register.ReadOptions) iter.Seq2[register.Input, error] {
	return func(yield func(register.Input, error) bool) {
		c := &reader{in: bufio.NewReaderSize(r, 64<<10), file: o.File, line: 1}
		header, err := c.header()
		if err != nil {
			yield(register.Input{}, err)
			return
		}
		in := register.Input{Loose: true, Fields: make([]register.Member, len(header))}
		for {
			at := c.line
			cells, err := c.row()
			if err == io.EOF {
				return
			}
			if err == nil && len(cells) == 1 && cells[0] == "" && !c.quoted {
				continue // an empty line
			}
			if err == nil && len(cells) != len(header) {
				err = fault.At(o.File, at, "", "%d columns; expected %d, as in the header", len(cells), len(header)).
					WithHint("put values that hold the delimiter or a line end in double quotes")
			}
			if err != nil {
				yield(register.Input{}, err)
				return
			}
			in.Line = at
			for i, cell := range cells {
				in.Fields[i] = register.Member{Name: header[i], Value: register.Value{Kind: register.String, Text: cell}}
			}
			if !yield(in, nil) {
				return
			}
		}
	}
}

type reader struct {
	in     *bufio.Reader
	file   string
	line   int  // of the next byte
	comma  byte // 0 until the header is read
	quoted bool // the last cell of the row was quoted
	row0   int  // line where the row starts
	buf    []byte
	ends   []int
}

var bom = []byte("\xef\xbb\xbf")

func (c *reader) header() ([]string, error) {
	head, _ := c.in.Peek(1024)
	switch {
	case bytes.HasPrefix(head, bom):
		_, _ = c.in.Discard(len(bom)) // peeked: they are there
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, fault.At(c.file, 1, "", "the file is UTF-16; expected UTF-8").WithHint("save it as CSV UTF-8")
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")):
		return nil, register.HTML(c.file, 1, "CSV")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, fault.At(c.file, 1, "", "the file is a zip archive or a workbook; expected CSV").WithHint("name it .xlsx, or save it as CSV UTF-8")
	}
	first, err := c.in.Peek(64 << 10)
	if len(first) == 0 {
		if err == nil || err == io.EOF {
			err = fault.At(c.file, 1, "", "the file is empty; expected a header line").WithHint("an export without rows still names its columns")
		}
		return nil, err
	}
	c.comma = delimiter(first)
	cells, err := c.row()
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(cells))
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
		switch {
		case cells[i] == "":
			return nil, fault.At(c.file, 1, "", "column %d has no name", i+1)
		case seen[cells[i]]:
			return nil, fault.At(c.file, 1, "", "two columns are named %q", cells[i])
		}
		seen[cells[i]] = true
	}
	return cells, nil
}

// delimiter takes the most frequent of the three outside quotes in the first line.
func delimiter(b []byte) byte {
	count := map[byte]int{}
	quoted := false
	for _, ch := range b {
		if ch == '"' {
			quoted = !quoted
		}
		if (ch == '\n' || ch == '\r') && !quoted {
			break
		}
		if !quoted {
			count[ch]++
		}
	}
	best := byte(',')
	for _, ch := range []byte{';', '\t'} {
		if count[ch] > count[best] {
			best = ch
		}
	}
	return best
}

// row reads the cells of one row. They are copies in one text, valid on their own.
func (c *reader) row() ([]string, error) {
	c.buf, c.ends, c.row0 = c.buf[:0], c.ends[:0], c.line
	for {
		end, err := c.cell()
		if err != nil {
			return nil, err
		}
		c.ends = append(c.ends, len(c.buf))
		if len(c.ends) > register.MaxColumns {
			return nil, fault.At(c.file, c.row0, "", "more than %d columns", register.MaxColumns)
		}
		if end {
			break
		}
	}
	if err := register.CheckText(c.file, c.row0, c.buf); err != nil {
		return nil, err
	}
	all := string(c.buf)
	cells := make([]string, len(c.ends))
	from := 0
	for i, to := range c.ends {
		cells[i] = all[from:to]
		from = to
	}
	return cells, nil
}

// cell appends one cell to buf and reports whether it was the row's last.
func (c *reader) cell() (end bool, err error) {
	c.quoted = false
	ch, err := c.next()
	if err != nil {
		if err == io.EOF && len(c.ends) > 0 {
			return true, nil
		}
		return false, err
	}
	if ch == '"' {
		c.quoted = true
		return c.quotedCell()
	}
	for {
		switch ch {
		case c.comma:
			return false, nil
		case '\n':
			c.line++
			return true, nil
		case '\r':
			return true, c.lineFeed()
		case '"':
			return false, fault.At(c.file, c.line, "", `column %d: a " inside a value that does not start with one; put the value in quotes and double the "`, len(c.ends)+1)
		}
		if err := c.add(ch); err != nil {
			return false, err
		}
		if ch, err = c.next(); err == io.EOF {
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
}

func (c *reader) quotedCell() (end bool, err error) {
	at := c.line
	for {
		ch, err := c.next()
		if err == io.EOF {
			return false, register.Truncated(c.file, at, "inside the quoted value that starts here")
		}
		if err != nil {
			return false, err
		}
		if ch == '\n' {
			c.line++
		}
		if ch != '"' {
			if err := c.add(ch); err != nil {
				return false, err
			}
			continue
		}
		switch ch, err = c.next(); {
		case err == io.EOF || err == nil && ch == c.comma:
			return err == io.EOF, nil
		case err != nil:
			return false, err
		case ch == '"':
			if err := c.add(ch); err != nil {
				return false, err
			}
		case ch == '\n':
			c.line++
			return true, nil
		case ch == '\r':
			return true, c.lineFeed()
		default:
			return false, fault.At(c.file, c.line, "", `column %d: a value goes on after its closing "; double each " inside a value`, len(c.ends)+1)
		}
	}
}

func (c *reader) add(ch byte) error {
	if len(c.buf) >= register.MaxRow {
		return fault.At(c.file, c.row0, "", "the row is larger than %d bytes", register.MaxRow).
			WithHint("look for a quote that is never closed")
	}
	c.buf = append(c.buf, ch)
	return nil
}

// lineFeed reads what must follow a carriage return.
func (c *reader) lineFeed() error {
	ch, err := c.next()
	if err == io.EOF {
		return nil
	}
	if err == nil && ch != '\n' {
		err = fault.At(c.file, c.line, "", "a carriage return without a line feed; expected lines that end in LF or CR LF")
	}
	c.line++
	return err
}

func (c *reader) next() (byte, error) {
	ch, err := c.in.ReadByte()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return ch, err
}
