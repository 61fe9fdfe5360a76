package docx

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// writer collects the text of one part.
type writer struct{ bytes.Buffer }

func (w *writer) raw(parts ...string) {
	for _, s := range parts {
		w.WriteString(s)
	}
}

// text writes character data. The data must be clean.
func (w *writer) text(s string) {
	last := 0
	for i := range len(s) {
		var esc string
		switch s[i] {
		case '&':
			esc = "&amp;"
		case '<':
			esc = "&lt;"
		case '>':
			esc = "&gt;"
		case '"':
			esc = "&quot;"
		default:
			continue
		}
		w.WriteString(s[last:i])
		w.WriteString(esc)
		last = i + 1
	}
	w.WriteString(s[last:])
}

// attr writes an attribute; line breaks and tabs of the value survive reading.
func (w *writer) attr(name, value string) {
	w.raw(" ", name, `="`)
	w.text(strings.NewReplacer("\n", " ", "\t", " ").Replace(clean(value)))
	w.raw(`"`)
}

func (w *writer) attrInt(name string, n int) {
	w.raw(" ", name, `="`, strconv.Itoa(n), `"`)
}

// clean replaces what XML 1.0 (section 2.2) cannot hold, or what would reorder or hide text outside the
// string: control characters become their pictures, broken and unassigned bytes U+FFFD, and directions
// that the text opens are closed at its end.
func clean(s string) string {
	if plain(s) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	var open []rune
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
		case r < 0x20:
			r = 0x2400 + r
		case r == 0x7f:
			r = 0x2421
		case r > 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff, r&0xfffe == 0xfffe:
			r = utf8.RuneError
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			closes := closer(r)
			switch {
			case closes != 0:
				open = append(open, closes)
			case len(open) > 0 && open[len(open)-1] == r:
				open = open[:len(open)-1]
			default:
				r = utf8.RuneError // closes what the text did not open
			}
		}
		b.WriteRune(r)
	}
	for i := len(open) - 1; i >= 0; i-- {
		b.WriteRune(open[i])
	}
	return b.String()
}

// closer is the character that ends a direction, and 0 for those that end one.
func closer(r rune) rune {
	switch {
	case r == 0x202c || r == 0x2069:
		return 0
	case r >= 0x2066:
		return 0x2069
	}
	return 0x202c
}

// plain reports whether a text needs no cleaning: printable ASCII, tabs and line breaks.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < 0x20 && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// piece is a part of a text with one direction.
type piece struct {
	text string
	rtl  bool
}

// directions cuts a text where its direction turns. Signs and digits between two right-to-left letters
// go with them; at the ends they stay with the document.
func directions(s string) []piece {
	if ascii(s) {
		return []piece{{text: s}}
	}
	var out []piece
	start, last := 0, -1 // of the piece, and the end of its last right-to-left letter
	for i, r := range s {
		switch strong(r) {
		case right:
			if last < 0 {
				if i > start {
					out = append(out, piece{text: s[start:i]})
				}
				start = i
			}
			last = i + utf8.RuneLen(r)
		case left:
			if last >= 0 {
				out = append(out, piece{s[start:last], true})
				start, last = last, -1
			}
		}
	}
	if last >= 0 {
		out = append(out, piece{s[start:last], true})
		start = last
	}
	if start < len(s) {
		out = append(out, piece{text: s[start:]})
	}
	return out
}

type direction int

const (
	neutral direction = iota
	left
	right
)

func strong(r rune) direction {
	if r < 0x80 {
		if r|0x20 >= 'a' && r|0x20 <= 'z' {
			return left
		}
		return neutral
	}
	p, _ := bidi.LookupRune(r)
	switch p.Class() {
	case bidi.L:
		return left
	case bidi.R, bidi.AL:
		return right
	}
	return neutral
}

// mirrored reports whether a paragraph reads from the right: its first letter does.
func mirrored(s string) bool {
	if ascii(s) {
		return false
	}
	for _, r := range s {
		if d := strong(r); d != neutral {
			return d == right
		}
	}
	return false
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
