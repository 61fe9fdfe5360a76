package register

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/fault"
)

// ParseJSON reads one JSON value strictly: RFC 8259, valid UTF-8, no name twice in an object,
// no NUL, nothing after the value. Numbers stay literals. Line is that of the first byte.
func ParseJSON(file string, line int, b []byte) (Value, error) {
	if err := CheckText(file, line, b); err != nil {
		return Value{}, err
	}
	p := scanner{src: string(b), file: file, line: line}
	p.space()
	if p.pos < len(p.src) && p.src[p.pos] == '<' {
		return Value{}, HTML(file, p.at(), "JSON")
	}
	v, err := p.value(0)
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.pos < len(p.src) {
		return Value{}, p.refuse("unexpected %q after the value; expected one JSON value", p.peekRune())
	}
	return v, nil
}

// HTML is the refusal of a page where data was expected: a sign-in or error page was saved.
func HTML(file string, line int, want string) error {
	return fault.At(file, line, "", "this is HTML or XML, expected %s", want).
		WithHint("open the file: a sign-in or error page may have been saved instead of the export")
}

// Truncated is the refusal of a file that ends too early.
func Truncated(file string, line int, format string, args ...any) error {
	return fault.At(file, line, "", "the file is cut short: it ends "+format, args...).
		WithHint("export or copy it again")
}

// CheckText refuses bytes that are no UTF-8 text: records are text, and a NUL is none.
func CheckText(file string, line int, b []byte) error {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return fault.At(file, line+bytes.Count(b[:i], []byte{'\n'}), "", "byte %d of the row is NUL; expected text", i+1)
	}
	if utf8.Valid(b) {
		return nil
	}
	i := 0
	for i < len(b) {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return fault.At(file, line+bytes.Count(b[:i], []byte{'\n'}), "", "byte %d of the row (0x%02x) is not UTF-8; expected UTF-8 text", i+1, b[i]).
		WithHint("save the file as UTF-8")
}

type scanner struct {
	src  string
	pos  int
	file string
	line int
}

// at is the line of the current position.
func (p *scanner) at() int { return p.line + strings.Count(p.src[:min(p.pos, len(p.src))], "\n") }

func (p *scanner) refuse(format string, args ...any) error {
	col := p.pos - strings.LastIndexByte(p.src[:min(p.pos, len(p.src))], '\n')
	e := fault.At(p.file, p.at(), "", format, args...)
	e.What = "column " + strconv.Itoa(col) + ": " + e.What
	return e
}

// short refuses a text that ends too early.
func (p *scanner) short(format string, args ...any) error {
	return fault.At(p.file, p.at(), "", "the JSON is cut short: it ends "+format, args...).WithHint("export or copy it again")
}

func (p *scanner) peekRune() string {
	_, n := utf8.DecodeRuneInString(p.src[p.pos:])
	return p.src[p.pos : p.pos+n]
}

func (p *scanner) space() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *scanner) value(depth int) (Value, error) {
	if depth > MaxDepth {
		return Value{}, p.refuse("nested deeper than %d levels", MaxDepth)
	}
	if p.pos >= len(p.src) {
		return Value{}, p.short("where a value was expected")
	}
	switch c := p.src[p.pos]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		s, err := p.string()
		return text(s), err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return p.word("true", Value{Kind: Boolean, Text: "true"})
	case c == 'f':
		return p.word("false", Value{Kind: Boolean, Text: "false"})
	case c == 'n':
		return p.word("null", Value{Kind: Null})
	}
	return Value{}, p.refuse("unexpected %q; this is not JSON", p.peekRune())
}

func (p *scanner) word(w string, v Value) (Value, error) {
	rest := p.src[p.pos:]
	if strings.HasPrefix(rest, w) {
		p.pos += len(w)
		return v, nil
	}
	if strings.HasPrefix(w, rest) {
		return Value{}, p.short("in the middle of a value")
	}
	return Value{}, p.refuse("unexpected %q; this is not JSON", p.peekRune())
}

func (p *scanner) object(depth int) (Value, error) {
	p.pos++
	v := Value{Kind: Object, Members: make([]Member, 0, 8)}
	var seen map[string]bool
	for {
		p.space()
		if p.pos < len(p.src) && p.src[p.pos] == '}' && len(v.Members) == 0 {
			p.pos++
			return v, nil
		}
		if p.pos >= len(p.src) {
			return Value{}, p.short("inside an object")
		}
		if p.src[p.pos] != '"' {
			return Value{}, p.refuse("unexpected %q; expected a name in double quotes", p.peekRune())
		}
		at := p.pos
		name, err := p.string()
		if err != nil {
			return Value{}, err
		}
		if len(v.Members) == 16 {
			seen = map[string]bool{}
			for _, m := range v.Members {
				seen[m.Name] = true
			}
		}
		if seen[name] || seen == nil && get(v.Members, name).Kind != Absent {
			p.pos = at
			return Value{}, p.refuse("the name %s stands twice in one object", quote(name))
		}
		if seen != nil {
			seen[name] = true
		}
		if len(v.Members) >= MaxColumns {
			return Value{}, p.refuse("an object of more than %d names", MaxColumns)
		}
		if err := p.colon(name); err != nil {
			return Value{}, err
		}
		p.space()
		m, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Members = append(v.Members, Member{name, m})
		more, err := p.more('}')
		if err != nil || !more {
			return v, err
		}
	}
}

func (p *scanner) list(depth int) (Value, error) {
	p.pos++
	v := Value{Kind: List}
	p.space()
	if p.pos < len(p.src) && p.src[p.pos] == ']' {
		p.pos++
		return v, nil
	}
	for {
		p.space()
		e, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.List = append(v.List, e)
		more, err := p.more(']')
		if err != nil || !more {
			return v, err
		}
	}
}

// more reads a comma, or the closing bracket.
func (p *scanner) more(end byte) (bool, error) {
	p.space()
	if p.pos >= len(p.src) {
		return false, p.short("before %q", string(end))
	}
	switch p.src[p.pos] {
	case ',':
		p.pos++
		return true, nil
	case end:
		p.pos++
		return false, nil
	}
	return false, p.refuse("unexpected %q; expected , or %s", p.peekRune(), string(end))
}

func (p *scanner) colon(name string) error {
	p.space()
	if p.pos >= len(p.src) {
		return p.short("after the name %s", quote(name))
	}
	if p.src[p.pos] != ':' {
		return p.refuse("unexpected %q; expected a colon after the name %s", p.peekRune(), quote(name))
	}
	p.pos++
	return nil
}

func (p *scanner) number() (Value, error) {
	start := p.pos
	digits := func() bool {
		from := p.pos
		for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
			p.pos++
		}
		return p.pos > from
	}
	if p.src[p.pos] == '-' {
		p.pos++
	}
	lead := p.pos
	ok := digits()
	if ok && p.src[lead] == '0' && p.pos > lead+1 {
		p.pos = start
		return Value{}, p.refuse("a number may not start with 0")
	}
	if ok && p.pos < len(p.src) && p.src[p.pos] == '.' {
		p.pos++
		ok = digits()
	}
	if ok && p.pos < len(p.src) && (p.src[p.pos] == 'e' || p.src[p.pos] == 'E') {
		p.pos++
		if p.pos < len(p.src) && (p.src[p.pos] == '+' || p.src[p.pos] == '-') {
			p.pos++
		}
		ok = digits()
	}
	if !ok {
		if p.pos >= len(p.src) {
			return Value{}, p.short("in the middle of a number")
		}
		return Value{}, p.refuse("unexpected %q in a number", p.peekRune())
	}
	return Value{Kind: Number, Text: p.src[start:p.pos]}, nil
}

func (p *scanner) string() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '"':
			s := p.src[start:p.pos]
			p.pos++
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			return "", p.refuse("a control character (0x%02x) inside a text; write it as an escape", c)
		default:
			p.pos++
		}
	}
	return "", p.short("inside a text")
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads the rest of a string from its first backslash.
func (p *scanner) escaped(start int) (string, error) {
	b := []byte(p.src[start:p.pos])
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		switch {
		case c == '"':
			p.pos++
			return string(b), nil
		case c < 0x20:
			return "", p.refuse("a control character (0x%02x) inside a text; write it as an escape", c)
		case c != '\\':
			b = append(b, c)
			p.pos++
			continue
		}
		if p.pos+1 >= len(p.src) {
			break
		}
		e := p.src[p.pos+1]
		if plain, ok := escapes[e]; ok {
			b = append(b, plain)
			p.pos += 2
			continue
		}
		if e != 'u' {
			return "", p.refuse("the escape \\%s is unknown to JSON", string(rune(e)))
		}
		r, err := p.unicode()
		if err != nil {
			return "", err
		}
		b = utf8.AppendRune(b, r)
	}
	return "", p.short("inside a text")
}

// unicode reads \uXXXX, or the two of a surrogate pair.
func (p *scanner) unicode() (rune, error) {
	one := func() (rune, bool) {
		if p.pos+6 > len(p.src) || p.src[p.pos] != '\\' || p.src[p.pos+1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(p.src[p.pos+2:p.pos+6], 16, 16)
		return rune(n), err == nil
	}
	r, ok := one()
	if !ok {
		return 0, p.refuse("expected four hexadecimal digits after \\u")
	}
	if r == 0 {
		return 0, p.refuse("\\u0000 is NUL; expected text")
	}
	p.pos += 6
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	low, ok := one()
	full := utf16.DecodeRune(r, low)
	if !ok || full == utf8.RuneError {
		p.pos -= 6
		return 0, p.refuse("half of a surrogate pair is no character")
	}
	p.pos += 6
	return full, nil
}
