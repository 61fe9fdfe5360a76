package pdf

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// span is a part of a text with one level of direction.
type span struct {
	text  string
	level uint8
}

// levels cuts a text where its direction changes (Unicode Standard Annex 9). Each run of text is isolated, as in a
// page it would be, and its own direction is that of its first strong letter. Orders to turn the direction are not
// obeyed; they are printed.
func levels(s string) []span {
	if !turns(s) {
		return []span{{s, 0}}
	}
	clean := []rune(s)
	for i, r := range clean {
		if control(r) {
			clean[i] = 0xfffc // neutral, and one for one in its place
		}
	}
	var p bidi.Paragraph
	if _, err := p.SetString(string(clean)); err != nil {
		return []span{{s, 0}}
	}
	o, err := p.Order()
	if err != nil {
		return []span{{s, 0}}
	}
	base := uint8(0)
	if first(clean) {
		base = 1
	}
	source, from := []rune(s), 0
	var out []span
	put := func(n int, level uint8) {
		if n = min(n, len(source)-from); n > 0 {
			out = append(out, span{string(source[from : from+n]), level})
			from += n
		}
	}
	for i := range o.NumRuns() {
		run := o.Run(i)
		n := utf8.RuneCountInString(run.String())
		switch {
		case run.Direction() == bidi.RightToLeft:
			put(n, 1)
		case base == 1:
			put(n, 2)
		case i == 0:
			put(n, 0)
		default:
			// Figures that follow text from right to left belong to it (rule W7 spares the others).
			figures := ahead([]rune(run.String()))
			put(figures, 2)
			put(n-figures, 0)
		}
	}
	put(len(source), base*2)
	return out
}

// turns says whether anything in the text runs from right to left.
func turns(s string) bool {
	for _, r := range s {
		if r < 0x590 {
			continue
		}
		p, _ := bidi.LookupRune(r)
		if c := p.Class(); c == bidi.R || c == bidi.AL || c == bidi.AN {
			return true
		}
	}
	return false
}

// first says whether the first letter that has a direction runs from right to left.
func first(text []rune) bool {
	for _, r := range text {
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.L:
			return false
		case bidi.R, bidi.AL:
			return true
		}
	}
	return false
}

// ahead is how many characters at the start are figures and what belongs to them.
func ahead(text []rune) int {
	n := 0
	for i, r := range text {
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.EN, bidi.AN:
			n = i + 1
		case bidi.ES, bidi.ET, bidi.CS, bidi.NSM, bidi.BN:
		default:
			return n
		}
	}
	return n
}

// visual puts the tokens of a line into the order in which they stand (rule L2), each run of text for itself.
func visual(ts []token) []token {
	if !slices.ContainsFunc(ts, func(t token) bool { return t.level > 0 }) {
		return ts
	}
	out := slices.Clone(ts)
	for i := len(out) - 1; i >= 0 && out[i].space; i-- {
		out[i].level = 0 // rule L1: spaces at the end stay there
	}
	for i := 0; i < len(out); {
		j := i
		for j < len(out) && out[j].unit == out[i].unit {
			j++
		}
		run := out[i:j]
		for level := uint8(2); level > 0; level-- {
			for a := 0; a < len(run); {
				b := a
				for b < len(run) && run[b].level >= level {
					b++
				}
				slices.Reverse(run[a:b])
				a = max(b, a+1)
			}
		}
		i = j
	}
	return out
}
