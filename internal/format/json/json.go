// Package json reads a JSON file that holds a list of objects, or an object with one list of
// objects in it. It goes through the file once and holds one row at a time.
package json

import (
	"bufio"
	"bytes"
	"io"
	"iter"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// Read reads the rows of the file's list. Beside the list an object may hold other members,
// such as a page number: they are no rows and are passed over.
func Read(r io.Reader, o register.ReadOptions) iter.Seq2[register.Input, error] {
	return func(yield func(register.Input, error) bool) {
		s := &scanner{in: bufio.NewReaderSize(r, 64<<10), file: o.File, line: 1, yield: yield}
		if err := s.document(); err != nil && err != errStopped {
			yield(register.Input{}, err)
		}
	}
}

type scanner struct {
	in    *bufio.Reader
	file  string
	line  int
	buf   []byte
	list  string // name of the list that was read
	yield func(register.Input, error) bool
}

// errStopped says that the reader of the rows wants no more.
var errStopped = fault.Refuse("stopped")

func (s *scanner) document() error {
	if b, _ := s.in.Peek(3); bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		_, _ = s.in.Discard(3) // peeked: they are there
	}
	c, err := s.next()
	switch {
	case err == io.EOF:
		return fault.At(s.file, 1, "", "the file is empty; expected a list of objects").WithHint("an export without rows is []")
	case err != nil:
		return err
	case c == '<':
		return register.HTML(s.file, s.line, "JSON")
	case c == '[':
		err = s.rows()
	case c == '{':
		err = s.object()
	default:
		return fault.At(s.file, s.line, "", "unexpected %q; expected a list of objects, or an object with one list", string(rune(c)))
	}
	if err != nil {
		return err
	}
	if c, err = s.next(); err == nil {
		return fault.At(s.file, s.line, "", "unexpected %q after the end of the document", string(rune(c))).
			WithHint("name the file .jsonl when it holds one object a line")
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// object reads the members of the outer object and the rows of its one list.
func (s *scanner) object() error {
	names := map[string]bool{}
	for {
		c, err := s.need("inside the outer object")
		if err != nil {
			return err
		}
		if c == '}' && len(names) == 0 {
			break
		}
		name, err := s.name(c)
		if err != nil {
			return err
		}
		if names[name] {
			return fault.At(s.file, s.line, "", "the name %q stands twice in one object", name)
		}
		if names[name] = true; len(names) > register.MaxColumns {
			return fault.At(s.file, s.line, "", "an object of more than %d names", register.MaxColumns)
		}
		if err := s.member(name); err != nil {
			return err
		}
		if c, err = s.need("inside the outer object"); err != nil {
			return err
		}
		if c == '}' {
			break
		}
		if c != ',' {
			return s.unexpected(c, ", or }")
		}
	}
	if s.list == "" {
		return fault.At(s.file, 1, "", "one object and no list in it; expected a list of objects, or an object with one list").
			WithHint("name the file .jsonl when it holds one object a line")
	}
	return nil
}

func (s *scanner) name(c byte) (string, error) {
	if c != '"' {
		return "", s.unexpected(c, "a name in double quotes")
	}
	v, _, err := s.element(c)
	if err != nil {
		return "", err
	}
	if c, err = s.need("after a name"); err == nil && c != ':' {
		err = s.unexpected(c, ":")
	}
	return v.Text, err
}

func (s *scanner) member(name string) error {
	c, err := s.need("after the name of a member")
	if err != nil {
		return err
	}
	if c != '[' {
		_, _, err = s.element(c)
		return err
	}
	if s.list != "" {
		return fault.At(s.file, s.line, name, "a second list beside %s; expected one list of rows", s.list).
			WithHint("export the rows alone")
	}
	s.list = name
	return s.rows()
}

// rows reads the list whose bracket was just read.
func (s *scanner) rows() error {
	for first := true; ; first = false {
		c, err := s.need("inside the list of rows")
		if err != nil {
			return err
		}
		if c == ']' && first {
			return nil
		}
		v, at, err := s.element(c)
		if err != nil {
			return err
		}
		if v.Kind != register.Object {
			return fault.At(s.file, at, "", "a row of the list is no JSON object")
		}
		if !s.yield(register.Input{Line: at, Fields: v.Members}, nil) {
			return errStopped
		}
		if c, err = s.need("inside the list of rows"); err != nil {
			return err
		}
		if c == ']' {
			return nil
		}
		if c != ',' {
			return s.unexpected(c, ", or ]")
		}
	}
}

// element reads one whole value that starts with c, and the line where it starts. Where the
// value ends is found by its brackets and quotes alone; whether it is JSON, by the parser.
func (s *scanner) element(c byte) (register.Value, int, error) {
	at := s.line
	s.buf = append(s.buf[:0], c)
	var err error
	switch c {
	case '{', '[':
		err = s.nested()
	case '"':
		err = s.quoted()
	default:
		err = s.scalar()
	}
	if err != nil {
		return register.Value{}, at, err
	}
	v, err := register.ParseJSON(s.file, at, s.buf)
	return v, at, err
}

func (s *scanner) nested() error {
	for depth := 1; depth > 0; {
		c, err := s.read()
		if err != nil {
			return err
		}
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			if err := s.quoted(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scanner) quoted() error {
	for {
		c, err := s.read()
		if err != nil {
			return err
		}
		if c == '\\' {
			if _, err := s.read(); err != nil {
				return err
			}
		}
		if c == '"' {
			return nil
		}
	}
}

func (s *scanner) scalar() error {
	for {
		b, err := s.in.Peek(1)
		if err != nil || bytes.ContainsAny(b, " \t\r\n,]}") {
			return nil //nolint:nilerr // what follows is read by the caller, which also meets the error
		}
		if _, err := s.read(); err != nil {
			return err
		}
	}
}

// read takes the next byte into buf.
func (s *scanner) read() (byte, error) {
	c, err := s.in.ReadByte()
	if err == io.EOF {
		return 0, register.Truncated(s.file, s.line, "in the middle of a value")
	}
	if err != nil {
		return 0, err
	}
	if c == '\n' {
		s.line++
	}
	if len(s.buf) >= register.MaxRow {
		return 0, fault.At(s.file, s.line, "", "a row is larger than %d bytes", register.MaxRow)
	}
	s.buf = append(s.buf, c)
	return c, nil
}

// next is the next byte that is no blank.
func (s *scanner) next() (byte, error) {
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, nil
		}
	}
}

// need is next where the file may not end.
func (s *scanner) need(place string) (byte, error) {
	c, err := s.next()
	if err == io.EOF {
		return 0, register.Truncated(s.file, s.line, "%s", place)
	}
	return c, err
}

func (s *scanner) unexpected(c byte, want string) error {
	return fault.At(s.file, s.line, "", "unexpected %q; expected %s", string(rune(c)), want)
}
