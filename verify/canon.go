package verify

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a record's body, so that no input exhausts the stack.
const maxDepth = 64

// member is one name and the raw bytes of its value in a canonical object.
type member struct {
	name string
	raw  []byte
}

var errCanonical = errors.New("not the canonical JSON of RFC 8785")

// object checks that b is one object in the canonical form of RFC 8785 and returns its members.
func object(b []byte) ([]member, error) {
	c := canon{b: b}
	if c.peek() != '{' {
		return nil, errCanonical
	}
	var out []member
	if err := c.object(0, func(m member) { out = append(out, m) }); err != nil {
		return nil, err
	}
	if c.i != len(b) {
		return nil, fmt.Errorf("%w: text after the value at byte %d", errCanonical, c.i)
	}
	return out, nil
}

// canon walks canonical JSON without building anything.
type canon struct {
	b []byte
	i int
}

func (c *canon) peek() byte {
	if c.i < len(c.b) {
		return c.b[c.i]
	}
	return 0
}

func (c *canon) fail() error { return fmt.Errorf("%w: byte %d", errCanonical, c.i) }

func (c *canon) take(s string) bool {
	if len(c.b)-c.i >= len(s) && string(c.b[c.i:c.i+len(s)]) == s {
		c.i += len(s)
		return true
	}
	return false
}

func (c *canon) value(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: nested deeper than %d", errCanonical, maxDepth)
	}
	switch ch := c.peek(); {
	case ch == '{':
		return c.object(depth, func(member) {})
	case ch == '[':
		return c.array(depth)
	case ch == '"':
		_, err := c.text()
		return err
	case ch == '-' || ch >= '0' && ch <= '9':
		return c.number()
	case c.take("true"), c.take("false"), c.take("null"):
		return nil
	}
	return c.fail()
}

func (c *canon) object(depth int, each func(member)) error {
	c.i++
	if c.take("}") {
		return nil
	}
	prev, first := "", true
	for {
		name, err := c.text()
		if err != nil {
			return err
		}
		if !first && !lessUTF16(prev, name) {
			return fmt.Errorf("%w: the name %q is repeated or out of order", errCanonical, name)
		}
		prev, first = name, false
		if !c.take(":") {
			return c.fail()
		}
		from := c.i
		if err := c.value(depth + 1); err != nil {
			return err
		}
		each(member{name, c.b[from:c.i]})
		if c.take("}") {
			return nil
		}
		if !c.take(",") {
			return c.fail()
		}
	}
}

func (c *canon) array(depth int) error {
	c.i++
	if c.take("]") {
		return nil
	}
	for {
		if err := c.value(depth + 1); err != nil {
			return err
		}
		if c.take("]") {
			return nil
		}
		if !c.take(",") {
			return c.fail()
		}
	}
}

// text reads a string and refuses every spelling of it but the canonical one.
func (c *canon) text() (string, error) {
	if !c.take(`"`) {
		return "", c.fail()
	}
	var out []byte
	for c.i < len(c.b) {
		switch ch := c.b[c.i]; {
		case ch == '"':
			c.i++
			return string(out), nil
		case ch == '\\':
			r, n := unescape(c.b[c.i:])
			if n == 0 {
				return "", c.fail()
			}
			out = append(out, r)
			c.i += n
		case ch < 0x20:
			return "", c.fail()
		default:
			r, n := utf8.DecodeRune(c.b[c.i:])
			if r == utf8.RuneError && n == 1 {
				return "", fmt.Errorf("%w: byte %d is not UTF-8", errCanonical, c.i)
			}
			out = append(out, c.b[c.i:c.i+n]...)
			c.i += n
		}
	}
	return "", c.fail()
}

// unescape decodes one of the few escapes that RFC 8785 writes; n is 0 for any other.
func unescape(b []byte) (r byte, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	const short = "b\bf\fn\nr\rt\t\"\"\\\\"
	for i := 0; i < len(short); i += 2 {
		if b[1] == short[i] {
			return short[i+1], 2
		}
	}
	if len(b) < 6 || string(b[1:4]) != "u00" || b[4] != '0' && b[4] != '1' {
		return 0, 0
	}
	low := hexDigit[b[5]]
	if low > 15 {
		return 0, 0
	}
	r = (b[4]-'0')<<4 | low
	if r >= '\b' && r <= '\r' && r != '\v' { // these have a short escape
		return 0, 0
	}
	return r, 6
}

// number accepts a number only as ECMAScript prints it, which is what RFC 8785 asks for.
func (c *canon) number() error {
	from := c.i
	for c.i < len(c.b) {
		ch := c.b[c.i]
		if ch >= '0' && ch <= '9' || ch == '-' || ch == '+' || ch == '.' || ch == 'e' {
			c.i++
			continue
		}
		break
	}
	s := string(c.b[from:c.i])
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || ecmaNumber(f) != s {
		return fmt.Errorf("%w: the number %.40q", errCanonical, s)
	}
	return nil
}

// ecmaNumber prints a finite number as ECMAScript's Number::toString does.
func ecmaNumber(f float64) string {
	if f == 0 {
		return "0"
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	// Go pads the exponent to two digits, ECMAScript does not.
	if n := len(s); n >= 4 && s[n-2] == '0' && (s[n-3] == '-' || s[n-3] == '+') {
		s = s[:n-2] + s[n-1:]
	}
	return s
}

// lessUTF16 orders names by UTF-16 code units, as RFC 8785 section 3.2.3 does.
func lessUTF16(a, b string) bool {
	if isASCII(a) && isASCII(b) {
		return a < b
	}
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return len(x) < len(y)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendText appends the canonical JSON string of s.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch ch := s[i]; ch {
		case '"', '\\':
			dst = append(dst, '\\', ch)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			if ch < 0x20 {
				dst = fmt.Appendf(dst, `\u%04x`, ch)
			} else {
				dst = append(dst, ch)
			}
		}
	}
	return append(dst, '"')
}

// unquote returns the text of a canonical JSON string, and false for any other value.
func unquote(raw []byte) (string, bool) {
	c := canon{b: raw}
	s, err := c.text()
	return s, err == nil && c.i == len(raw)
}
