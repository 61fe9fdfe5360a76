package docx

import (
	"strings"
)

// layout estimates on which page each heading falls, so that the contents name pages before any word
// processor has laid the document out. It knows the widths of Arial's letters and the line heights of the
// style sheet; a word processor that substitutes fonts may differ by a page, and corrects the contents
// when it updates them.
type layout struct {
	height, width int // of the text on a page, in twentieths of a point
	y, page       int // what is used of the page; pages before it
	after         int // the room under the last paragraph
	chain         []unit
	pages         map[string]int
	styles        map[string]*style
}

// unit is a paragraph, or a row of a table.
type unit struct {
	before, line, lines, after int
	edges                      int    // room for rules and boxes, besides
	keep                       bool   // stays with the next
	entry                      string // its place in the contents
	head                       int    // of a row: the height of the head that a new page repeats
}

func (l *layout) paragraph(s *style, p para, text string) {
	if p.page {
		l.breakPage()
	}
	u := unit{before: s.before, line: s.line, after: s.after, keep: s.keepNext || p.keepNext, entry: p.entry}
	if p.gapBefore > 0 {
		u.before = p.gapBefore
	}
	if p.gapAfter > 0 || p.noGap {
		u.after = p.gapAfter
	}
	left := s.left
	if p.bullet {
		left = 460
	}
	if _, value, ok := strings.Cut(text, "\t"); ok && s.tabs != "" {
		text = value // the name stands in the room at the left
	}
	if s.shade != "" && u.before > 0 {
		u.edges += boxEdge
	}
	if s.shade != "" && u.after > 0 {
		u.edges += boxEdge
	}
	u.lines = lines(text, s, l.width-left)
	if p.picture != nil {
		u.lines, u.line = 1, p.picture.high
	}
	l.add(u)
}

// contents reserves the pages of the list of contents. The page's number and the room before it take some
// of each line.
func (l *layout) contents(entries []entry, style func(string) *style) {
	l.paragraph(style("TOCHeading"), para{page: true}, "Contents")
	for i, e := range entries {
		s := style(e.style())
		l.add(unit{keep: i+lastTogether >= len(entries), before: s.before, line: s.line, lines: lines(shown(e.runs), s, l.width-s.left-400), after: s.after})
	}
	l.paragraph(style("Normal"), para{}, "")
}

func (l *layout) head(height int) { l.add(unit{line: height, lines: 1, keep: true}) }

// boxEdge is the room inside a note's box, above its first line and under its last.
const boxEdge = 90

// rowEdge is the rule between two rows, headEdge those around the head and at a table's end.
const (
	rowEdge  = 10
	headEdge = 50
)

func (l *layout) row(height, head, line int, keep bool) {
	u := unit{line: line, lines: (height - cellRow) / line, edges: cellRow + rowEdge, head: head, keep: keep}
	if u.lines <= together {
		u.line, u.lines = u.line*u.lines, 1 // in one piece
	}
	l.add(u)
}

func (l *layout) breakPage() {
	l.flush()
	if l.y > 0 {
		l.page++
		l.y = 0
	}
}

func (l *layout) add(u unit) {
	l.chain = append(l.chain, u)
	if !u.keep {
		l.flush()
	}
}

// flush places a chain of units that stay together, as far as one page can hold them.
func (l *layout) flush() {
	need, after := 0, l.after
	for i, u := range l.chain {
		need += u.gap(after) + u.edges
		if after = u.after; i < len(l.chain)-1 {
			need += u.lines*u.line + u.after
		} else {
			need += first(u.lines) * u.line
		}
	}
	if l.y > 0 && l.y+need > l.height && len(l.chain) > 0 {
		l.page++
		l.y = l.chain[0].head
	}
	for _, u := range l.chain {
		l.place(u)
	}
	l.chain = l.chain[:0]
}

// first is how many lines of a paragraph must stand together at its beginning: no line stands alone at
// the foot or the head of a page.
func first(n int) int {
	if n <= 3 {
		return n
	}
	return 2
}

// gap is what a unit adds to the room under the one before it: the larger of the two counts.
func (u unit) gap(after int) int { return max(0, u.before-after) }

func (l *layout) place(u unit) {
	left := u.lines
	u.before = u.gap(l.after) + u.edges
	if l.y == 0 {
		u.before = u.edges
	}
	l.after = u.after
	if fit := (l.height - l.y - u.before) / max(u.line, 1); left > fit && first(left) > fit && l.y > 0 {
		l.turn(&u)
	}
	if u.entry != "" {
		if l.pages == nil {
			l.pages = map[string]int{}
		}
		l.pages[u.entry] = l.page + 1
	}
	for {
		fit := max((l.height-l.y-u.before)/max(u.line, 1), 1)
		if left <= fit {
			l.y += u.before + left*u.line + u.after
			return
		}
		if left-fit == 1 && fit > 2 {
			fit--
		}
		left -= fit
		l.turn(&u)
	}
}

func (l *layout) turn(u *unit) {
	l.page++
	l.y, u.before = u.head, u.edges
}

// lines counts the lines of a text: words move to the next line whole, and are cut where none holds them.
func lines(text string, s *style, width int) int {
	n := 0
	for part := range strings.SplitSeq(text, "\n") {
		n += wrap(part, s, width)
	}
	return n
}

func wrap(text string, s *style, width int) int {
	if len(text)*s.size*10 <= width { // no letter is wider than its size
		return 1
	}
	n, used := 1, 0
	space := advance(' ', s)
	for text != "" {
		word, blank := text, 0
		if i := strings.IndexAny(text, " -"); i >= 0 && text[i] == ' ' {
			word, text, blank = text[:i], text[i+1:], space
		} else if i >= 0 { // a line may end behind a hyphen
			word, text = text[:i+1], text[i+1:]
		} else {
			text = ""
		}
		w := 0
		for _, r := range word {
			w += advance(r, s)
		}
		if used > 0 && used+w > width {
			n, used = n+1, 0
		}
		for ; w > width; w -= width {
			n++
		}
		used += w + blank
	}
	return n
}

// measure is the width of a text in twentieths of a point.
func measure(text string, s *style) int {
	w := 0
	for _, r := range text {
		w += advance(r, s)
	}
	return w
}

func longestWord(text string, s *style) int {
	most := 0
	for w := range strings.SplitSeq(text, " ") {
		if len(w) > 64 {
			w = w[:64]
		}
		most = max(most, measure(w, s))
	}
	return most
}

// advance is the width of a letter in twentieths of a point.
func advance(r rune, s *style) int {
	em := 556
	switch {
	case s.mono:
		em = 600
	case r >= ' ' && r <= '~' && s.bold:
		em = int(boldWidths[r-' '])
	case r >= ' ' && r <= '~':
		em = int(widths[r-' '])
	case r >= 0x2e80 || r == '—' || r == '…':
		em = 1000
	case r >= 0x2190 && r < 0x2800: // signs
		em = 850
	}
	return em * s.size / 100
}

// The widths of Arial's letters from the space to the tilde, in thousandths of the size.
var (
	widths = [95]uint16{
		278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
		556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
		1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
		667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
		333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
		556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
	}
	boldWidths = [95]uint16{
		278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
		556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
		975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
		667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
		333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
		611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
	}
)
