package rule

import (
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

type token struct {
	kind byte // 'n' name, 's' string, 'i' number, 'p' punctuation, 0 end
	text string
	line int
	col  int
}

// Error is a fault of a rule's text at a place.
func (p *parser) errAt(t token, format string, args ...any) error {
	e := fault.At(p.file, t.line, "", format, args...)
	e.Field = "column " + itoa(t.col)
	return e
}

func itoa(n int) string {
	if n == 0 {
		return "0"
	}
	s := ""
	for ; n > 0; n /= 10 {
		s = string(rune('0'+n%10)) + s
	}
	return s
}

// lex cuts the text into tokens. Comments run from # to the end of the line; line ends mean nothing.
func lex(file, text string) ([]token, error) {
	var out []token
	line, start := 1, 0
	bad := func(i int, format string, args ...any) error {
		e := fault.At(file, line, "column "+itoa(i-start+1), format, args...)
		return e
	}
	for i := 0; i < len(text); {
		c := text[i]
		t := token{line: line, col: i - start + 1}
		switch {
		case c == '\n':
			line++
			i++
			start = i
			continue
		case c == ' ' || c == '\t' || c == '\r':
			i++
			continue
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
			continue
		case isLetter(c):
			j := i
			for j < len(text) && (isLetter(text[j]) || isDigit(text[j])) {
				j++
			}
			t.kind, t.text = 'n', text[i:j]
			i = j
		case isDigit(c):
			j := i
			for j < len(text) && isDigit(text[j]) {
				j++
			}
			if j-i > 15 {
				return nil, bad(i, "the number %s is too long; expected at most 15 digits", text[i:j])
			}
			if j < len(text) && isLetter(text[j]) {
				return nil, bad(i, "%q is neither a number nor a name; expected a space between them", text[i:j+1])
			}
			t.kind, t.text = 'i', text[i:j]
			i = j
		case c == '\'':
			j := strings.IndexByte(text[i+1:], '\'')
			if j < 0 || strings.Contains(text[i+1:i+1+j], "\n") {
				return nil, bad(i, "the text that starts here has no closing quote on its line")
			}
			t.kind, t.text = 's', text[i+1:i+1+j]
			i += j + 2
		default:
			n := 1
			if i+1 < len(text) {
				switch text[i : i+2] {
				case "<=", ">=", "<>":
					n = 2
				}
			}
			t.kind, t.text = 'p', text[i:i+n]
			if !strings.Contains("= < > <= >= <> + - * ( ) , . :", t.text) || t.text == " " {
				return nil, bad(i, "%q means nothing here", t.text)
			}
			i += n
		}
		out = append(out, t)
	}
	return append(out, token{line: line, col: len(text) - start + 1}), nil
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
