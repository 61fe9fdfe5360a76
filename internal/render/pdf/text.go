package pdf

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-text/typesetting/segmenter"

	"github.com/assayhq/assay/internal/report"
)

// style is how a text is set.
type style struct {
	cut   cut
	size  float64
	color color
}

// token is a piece of a line that is never broken, unless it is wider than the line itself.
type token struct {
	text  string
	set   *shaped
	style style
	node  *node
	link  *link
	mark  report.Mark // a small picture instead of text
	space bool        // vanishes from sight at the end of a line
	brk   bool        // the line may end after it
	soft  bool        // the line may end after it where the word fits on no line
	level uint8       // of its direction: odd is right to left
	unit  int         // tokens of one run keep their order among the others
	width float64
}

// line is what stands beside each other.
type line struct {
	tokens []token
	width  float64
}

// chunk is the longest piece of a word that is shaped at once, in characters; joined is the same where letters may
// take the shape of their neighbours, which is lost between pieces.
const (
	chunk  = 24
	joined = 150
)

// composer turns runs into tokens of one element.
type composer struct {
	d      *doc
	node   *node
	tokens []token
	units  int
}

func (d *doc) compose(n *node) *composer { return &composer{d: d, node: n} }

// text adds text. Data breaks after its punctuation too, for keys have no spaces.
func (c *composer) text(s string, st style, data bool, l *link) *composer {
	if s == "" {
		return c
	}
	n := c.node
	if l != nil {
		n = l.node
	}
	c.units++
	for _, sp := range levels(flat(s)) {
		for _, w := range words(sp.text, data) {
			c.word(w, token{style: st, node: n, link: l, level: sp.level, unit: c.units})
		}
	}
	return c
}

// word is a text between two places where a line may end.
type word struct {
	text      string
	space     bool
	brk, soft bool
}

func (c *composer) word(w word, t token) {
	t.space = w.space
	rest, limit := w.text, chunk
	if t.level > 0 {
		limit = joined
	}
	for rest != "" {
		end, n := len(rest), 0
		for i, r := range rest {
			if n >= limit && !unicode.Is(unicode.M, r) && !joins(r) {
				end = i
				break
			}
			n++
		}
		t.text, rest = rest[:end], rest[end:]
		t.brk, t.soft = w.brk && rest == "", w.soft && rest == ""
		c.tokens = append(c.tokens, c.d.measure(t))
	}
}

// noMark is the empty place beside the picture of a status.
const noMark report.Mark = " "

// icon adds the picture of a status. The word beside it tells the same, so the picture is decoration.
func (c *composer) icon(m report.Mark, size float64, col color) *composer {
	c.units++
	c.tokens = append(c.tokens, token{mark: m, style: style{size: size, color: col}, node: c.node, width: size * 1.02, unit: c.units},
		token{mark: noMark, width: size * 0.32, unit: c.units})
	return c
}

// measure shapes the text of a token and notes what no font has.
func (d *doc) measure(t token) token {
	t.set = d.fonts.shape(t.style.cut, t.text, t.level%2 == 1)
	t.width = t.set.width * t.style.size / 1000
	for _, r := range t.set.missing {
		d.miss(r)
	}
	return t
}

// flat makes one line of a text, as a page would.
func flat(s string) string {
	if !strings.ContainsAny(s, "\n\r\t\v\f\u2028\u2029\u0085") {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', '\t', '\v', '\f', 0x2028, 0x2029, 0x85:
			return ' '
		}
		return r
	}, s)
}

// words cuts a text where a line may end.
func words(s string, data bool) []word {
	plain := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	var out []word
	if plain {
		return asciiWords(out, s, data)
	}
	var seg segmenter.Segmenter
	seg.Init([]rune(s))
	for it := seg.LineIterator(); it.Next(); {
		piece := string(it.Line().Text)
		body := strings.TrimRight(piece, " ")
		if data {
			out = asciiWords(out, body, true)
		} else if body != "" {
			out = append(out, word{text: body})
		}
		if len(out) > 0 && len(body) == len(piece) {
			out[len(out)-1].brk = true
		}
		if len(body) < len(piece) {
			out = append(out, word{text: piece[len(body):], space: true, brk: true})
		}
	}
	return out
}

// asciiWords cuts at spaces and after hyphens. A key in data is cut after its punctuation, but only where it has to be.
func asciiWords(out []word, s string, data bool) []word {
	from := 0
	put := func(to int, space bool) {
		if to > from {
			out = append(out, word{text: s[from:to], space: space, brk: space})
		}
		from = to
	}
	for i := 0; i < len(s); {
		if s[i] == ' ' {
			put(i, false)
			for i < len(s) && s[i] == ' ' {
				i++
			}
			put(i, true)
			continue
		}
		hyphen := s[i] == '-' && i > from && !data
		soft := data && strings.IndexByte("-/_.:@,;=&?|\\", s[i]) >= 0
		i++
		if (hyphen || soft) && i < len(s) && wordy(s[i]) {
			put(i, false)
			out[len(out)-1].brk, out[len(out)-1].soft = hyphen, soft
		}
	}
	put(len(s), false)
	return out
}

func wordy(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
}

// breakLines fills lines of a width, each as far as it goes. What stands between two places to break stays together
// where it fits on a line of its own; else it is cut after punctuation, else anywhere.
func (d *doc) breakLines(tokens []token, width float64) []line {
	f := filler{d: d, width: width}
	for len(tokens) > 0 {
		n := unit(tokens)
		f.add(tokens[:n])
		tokens = tokens[n:]
	}
	f.end()
	for i := range f.lines {
		f.lines[i].width = f.lines[i].visible()
	}
	return f.lines
}

// unit is how many tokens from the start stand together, with the space after them.
func unit(tokens []token) int {
	for i, t := range tokens {
		if t.brk || t.space {
			if i+1 < len(tokens) && tokens[i+1].space && !t.space {
				return i + 2
			}
			return i + 1
		}
	}
	return len(tokens)
}

// filler fills lines.
type filler struct {
	d     *doc
	width float64
	lines []line
	now   line
}

func (f *filler) end() {
	if len(f.now.tokens) > 0 {
		f.lines = append(f.lines, f.now)
	}
	f.now = line{}
}

func (f *filler) push(t token) {
	f.now.tokens = append(f.now.tokens, t)
	f.now.width += t.width
}

func (f *filler) fits(w float64) bool { return f.now.width+w <= f.width+0.01 }

func (f *filler) add(ts []token) {
	if w := breadth(ts); f.fits(w) || w <= f.width {
		if !f.fits(w) {
			f.end()
		}
		for _, t := range ts {
			f.push(t)
		}
		return
	}
	if f.now.width > f.width/2 {
		f.end()
	}
	for len(ts) > 0 {
		n := 1
		for n < len(ts) && !ts[n-1].soft {
			n++
		}
		w := breadth(ts[:n])
		if !f.fits(w) && w <= f.width {
			f.end()
		}
		for _, t := range ts[:n] {
			if t.space || f.fits(t.width) {
				f.push(t)
			} else {
				f.d.force(&f.now, t, f.width, f.end)
			}
		}
		ts = ts[n:]
	}
}

// breadth is the width of tokens without the spaces among them that may vanish at the end.
func breadth(ts []token) (w float64) {
	for _, t := range ts {
		if !t.space {
			w += t.width
		}
	}
	return w
}

// force puts a token that is too wide onto as many lines as it takes.
func (d *doc) force(now *line, t token, width float64, end func()) {
	if t.mark != "" {
		end()
		now.tokens, now.width = append(now.tokens, t), t.width
		return
	}
	for {
		n := t.set.fits((width-now.width)*1000/t.style.size, t.level%2 == 1)
		chars := []rune(t.text)
		if n >= len(chars) {
			now.tokens = append(now.tokens, t)
			now.width += t.width
			return
		}
		if n == 0 {
			if len(now.tokens) > 0 {
				end()
				continue
			}
			n = t.set.first(len(chars)) // narrower than a letter: one letter a line
			if n >= len(chars) {
				now.tokens, now.width = append(now.tokens, t), t.width
				return
			}
		}
		head := t
		head.text, head.brk = string(chars[:n]), false
		head = d.again(head)
		now.tokens = append(now.tokens, head)
		now.width += head.width
		end()
		t.text = string(chars[n:])
		t = d.again(t)
		if t.width <= width {
			now.tokens, now.width = append(now.tokens, t), t.width
			return
		}
	}
}

// again measures a part of a token whose missing characters are noted already.
func (d *doc) again(t token) token {
	t.set = d.fonts.shape(t.style.cut, t.text, t.level%2 == 1)
	t.width = t.set.width * t.style.size / 1000
	return t
}

// fits is how many characters from the start of the text are no wider than so many thousandths.
func (s *shaped) fits(width float64, rtl bool) int {
	type step struct {
		at int
		w  float64
	}
	var steps []step
	for _, p := range s.parts {
		for _, g := range p.glyphs {
			if n := len(steps); n > 0 && steps[n-1].at == g.at {
				steps[n-1].w += g.advance
			} else {
				steps = append(steps, step{g.at, g.advance})
			}
		}
	}
	if rtl {
		for i, j := 0, len(steps)-1; i < j; i, j = i+1, j-1 {
			steps[i], steps[j] = steps[j], steps[i]
		}
	}
	for _, st := range steps {
		if width -= st.w; width < 0 {
			return st.at
		}
	}
	return 1 << 30
}

// first is how many characters the first cluster has, of n.
func (s *shaped) first(n int) int {
	next := n
	for _, p := range s.parts {
		for _, g := range p.glyphs {
			if g.at > 0 {
				next = min(next, g.at)
			}
		}
	}
	return next
}

// visible is the width without the spaces at the end.
func (l line) visible() (w float64) {
	end := len(l.tokens)
	for end > 0 && l.tokens[end-1].space {
		end--
	}
	for _, t := range l.tokens[:end] {
		w += t.width
	}
	return w
}

// drawLine draws a line with its base at y.
func (d *doc) drawLine(p *page, l line, x, y float64) {
	ts := visual(l.tokens)
	for i := 0; i < len(ts); {
		t := ts[i]
		if t.mark != "" {
			if t.mark != noMark {
				p.decor(layoutArt)
				p.drawMark(t.mark, x, y-t.style.size*0.78, t.style.size*0.96, t.style.color)
			}
			x += t.width
			i++
			continue
		}
		var sets []*shaped
		j, from := i, x
		for ; j < len(ts) && ts[j].mark == "" && ts[j].style == t.style && ts[j].node == t.node; j++ {
			sets = append(sets, ts[j].set)
			x += ts[j].width
		}
		p.mark(t.node)
		p.glyphs(from, y, t.style.size, t.style.color, sets...)
		if t.link != nil {
			d.press(p, t.link, from, y-t.style.size*0.85, x, y+t.style.size*0.28)
		}
		i = j
	}
}

// press makes a place of the page a link.
func (d *doc) press(p *page, l *link, x0, y0, x1, y1 float64) {
	if p.mute != "" {
		return
	}
	if n := len(p.annots); n > 0 && p.annots[n-1].link == l && y1 > p.annots[n-1].y0 && y0 < p.annots[n-1].y1 && x0 < p.annots[n-1].x1+60 {
		last := &p.annots[n-1] // more of it on the same line
		last.x0, last.x1, last.y0, last.y1 = min(last.x0, x0), max(last.x1, x1), min(last.y0, y0), max(last.y1, y1)
		return
	}
	a := annot{ref: d.file.alloc(), x0: x0, y0: y0, x1: x1, y1: y1, link: l}
	p.annots = append(p.annots, a)
	l.node.kids = append(l.node.kids, kid{page: p, annot: a.ref})
}
