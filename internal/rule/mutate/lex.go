package mutate

import (
	"fmt"
	"strings"
)

// token is a word, number, text or sign of a rule, with its place in the text.
type token struct {
	kind     byte // 'n' name, 's' text, 'i' number, 'p' sign, 0 end
	text     string
	pos, end int
	line     int
	close    int // of an opening bracket the number of the token that closes it; of "either" that of its "else"
}

// signs are those of the language, the longer first. Which of them is changed into what is said
// in tokens.go; a sign that is not listed stops the run.
var signs = []string{"<=", ">=", "<>", "=", "<", ">", "+", "-", "*", "(", ")", ",", ".", ":"}

// lex cuts a rule that the parser has accepted.
func lex(text string) ([]token, error) {
	var out []token
	line := 1
	for i := 0; i < len(text); {
		t := token{pos: i, line: line}
		switch c := text[i]; {
		case c == '\n':
			line++
			i++
			continue
		case c == ' ' || c == '\t' || c == '\r':
			i++
			continue
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
			continue
		case letter(c) || digit(c):
			t.kind = 'n'
			if digit(c) {
				t.kind = 'i'
			}
			for i < len(text) && (digit(text[i]) || t.kind == 'n' && letter(text[i])) {
				i++
			}
		case c == '\'':
			t.kind = 's'
			i += strings.IndexByte(text[i+1:], '\'') + 2
		default:
			t.kind = 'p'
			for _, s := range signs {
				if strings.HasPrefix(text[i:], s) {
					i += len(s)
					break
				}
			}
			if i == t.pos {
				return nil, fmt.Errorf("line %d: the mutator does not know the sign %q; teach package mutate what it may become", line, text[i:i+1])
			}
		}
		t.end = i
		t.text = text[t.pos:i]
		out = append(out, t)
	}
	var open []int
	for i, t := range out {
		inEither := len(open) > 0 && out[open[len(open)-1]].text == "either"
		switch {
		case t.kind == 'p' && t.text == "(", t.kind == 'n' && t.text == "either":
			open = append(open, i)
		case t.kind == 'p' && t.text == ")", t.kind == 'n' && t.text == "else" && inEither:
			out[open[len(open)-1]].close = i
			open = open[:len(open)-1]
		}
	}
	return append(out, token{pos: len(text), end: len(text), line: line}), nil
}

func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
