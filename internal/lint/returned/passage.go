package returned

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/assayhq/assay/internal/lint"
	"github.com/assayhq/assay/internal/report"
)

// passage is a paragraph or a row of a document.
type passage struct {
	block   int
	section string
	role    string
	under   string
	text    string // one line
	cells   []string
	row     bool
	level   int
	tracked []string

	id    string // in the model
	words []word // of what was sent, with whose each is
}

// word is a word and whose it is.
type word struct {
	text  string
	class Class
}

// passages are what a document says, without the list of contents, which follows from the headings, and without empty
// paragraphs.
func passages(d *lint.Document) []passage {
	var out []passage
	section, role, under := "", "cover", ""
	for i, b := range d.Blocks {
		if b.Contents {
			continue
		}
		p := passage{block: i, row: b.Table > 0, level: b.Level, tracked: b.Tracked}
		p.text = line(strings.Join(append(append([]string{b.Text}, b.Cells...), b.Pictures...), " "))
		for _, c := range b.Cells {
			p.cells = append(p.cells, line(c))
		}
		if p.text == "" {
			continue
		}
		if b.Level == 1 {
			section, role = p.text, lint.RoleOf(p.text)
		}
		if b.Level > 0 {
			under = p.text
		}
		p.section, p.role, p.under = section, role, under
		out = append(out, p)
	}
	return out
}

// line is a text as it is compared: every space is one, and what only steers how letters are set is gone.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unseen(r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// owned is a line of the model with whose each part is.
type owned struct {
	id    string
	parts []word // texts, not words
}

func (o owned) key() string {
	var b strings.Builder
	for _, p := range o.parts {
		b.WriteString(key(p.text))
	}
	return b.String()
}

// key is a text's letters and digits: renderers put signs, bullets and spaces between them.
func key(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// own says of each word of what was sent whose it is. The lines of the model stand in the document in their order; what
// stands between them (the cover, the running list of needs, legends) is the document's frame.
func own(m *report.Report, sent []passage) {
	at := 0
	keys := make([]string, len(sent))
	for i, p := range sent {
		keys[i] = key(p.text)
	}
	for _, o := range lines(m) {
		k := o.key()
		if k == "" {
			continue
		}
		for i := at; i < len(sent); i++ {
			if keys[i] == k {
				sent[i].id, sent[i].words = o.id, worded(sent[i].text, o.parts)
				at = i + 1
				break
			}
		}
	}
	for i := range sent {
		p := &sent[i]
		if p.words == nil {
			p.words = worded(p.text, []word{{p.text, Data}})
		}
		figures(p)
		if p.role != "opinion" && p.role != "tests" {
			for j, w := range p.words {
				p.words[j].class = stronger(w.class, Data) // management's own section, or the cover
			}
		}
	}
}

// worded cuts a text into words and gives each the strongest class of the parts that its letters come from.
func worded(text string, parts []word) []word {
	var classes []Class
	for _, p := range parts {
		for range []rune(key(p.text)) {
			classes = append(classes, p.class)
		}
	}
	var out []word
	n := 0
	for _, w := range strings.Fields(text) {
		x := word{w, Wording}
		for range []rune(key(w)) {
			if n < len(classes) {
				x.class = stronger(x.class, classes[n])
			}
			n++
		}
		out = append(out, x)
	}
	return out
}

var rank = map[Class]int{Wording: 0, Data: 1, Conclusion: 2, Figure: 3}

func stronger(a, b Class) Class {
	if rank[b] > rank[a] {
		return b
	}
	return a
}

const month = `(?:January|February|March|April|May|June|July|August|September|October|November|December)`

var (
	aDate = regexp.MustCompile(`\d{1,2} ` + month + ` \d{4}|` + month + ` \d{1,2}, \d{4}`)
	scope = regexp.MustCompile(`(?i)relevant to ((?:security|availability|processing integrity|confidentiality|privacy)(?:(?:,? and |, )(?:security|availability|processing integrity|confidentiality|privacy))*)`)
	digit = regexp.MustCompile(`[\p{N}%‰٪〇一二三四五六七八九十百千万萬億零]`) // in every script
)

// figures marks numbers, dates and the categories in scope, in words of ours too.
func figures(p *passage) {
	text := ""
	starts := make([]int, len(p.words))
	for i, w := range p.words {
		if i > 0 {
			text += " "
		}
		starts[i] = len(text)
		text += w.text
		if digit.MatchString(w.text) {
			p.words[i].class = Figure
		}
	}
	mark := func(from, to int) {
		for i := range p.words {
			if starts[i] < to && starts[i]+len(p.words[i].text) > from {
				p.words[i].class = Figure
			}
		}
	}
	for _, m := range aDate.FindAllStringIndex(text, -1) {
		mark(m[0], m[1])
	}
	for _, m := range scope.FindAllStringSubmatchIndex(text, -1) {
		mark(m[2], m[3])
	}
}

// lines are the lines of a model as they are drawn, each with whose its parts are.
func lines(m *report.Report) []owned {
	l := &liner{}
	for _, s := range m.Sections {
		l.anchor, l.n = s.ID, 0
		l.put(word{"Section " + s.Number + ". " + s.Title, Data})
		for _, b := range s.Blocks {
			l.block(b)
		}
	}
	return l.out
}

type liner struct {
	anchor string
	n      int
	out    []owned
}

func (l *liner) put(parts ...word) {
	l.n++
	l.out = append(l.out, owned{l.anchor + "/" + strconv.Itoa(l.n), parts})
}

// runs are the parts of a line. The words around a figure, a verdict or an identifier are a statement drawn from the
// records: they are no wording either.
func runs(rs report.Runs) []word {
	var out []word
	drawn := false
	for _, r := range rs {
		w := word{r.String(), Wording}
		switch {
		case r.Figure != nil, r.Link != "", r.Mark != "":
			w.class, drawn = Figure, true
		case r.Data, r.Code:
			w.class = Data
		}
		out = append(out, w)
	}
	if drawn {
		atLeast(out, Data)
	}
	return out
}

func atLeast(list []word, c Class) []word {
	for i := range list {
		list[i].class = stronger(list[i].class, c)
	}
	return list
}

func (l *liner) block(b report.Block) {
	switch {
	case b.Heading != nil:
		h := b.Heading
		l.anchor, l.n = h.ID, 0
		text := Wording
		if h.Label != "" {
			text = Data
		}
		l.put(word{h.Label + " ", Figure}, word{h.Text + " ", text}, word{h.Word, Figure})
	case b.List != nil:
		for i, rs := range b.List {
			var head []word
			if b.Ordered {
				head = []word{{strconv.Itoa(i+1) + ". ", Wording}}
			}
			l.put(append(head, runs(rs)...)...)
		}
	case b.Table != nil:
		l.table(b.Table)
	case b.Note != nil:
		l.put(word{b.Note.Title, Wording})
		if len(b.Note.Text) > 0 {
			l.put(runs(b.Note.Text)...)
		}
		for _, rs := range b.Note.List {
			l.put(runs(rs)...)
		}
	case b.Statement != nil:
		l.put(word{b.Statement.Label, Wording})
		l.put(runs(b.Statement.Text)...)
	case b.Terms != nil:
		for _, t := range b.Terms.Items {
			l.put(append([]word{{t.Name + " ", Data}}, atLeast(runs(t.Value), Data)...)...)
		}
	case b.Chart != nil:
		l.put(runs(b.Chart.Caption)...)
	case b.Drawing != nil:
		l.put(runs(b.Drawing.Caption)...)
	case b.Sign != nil:
		for _, rs := range b.Sign.Lines {
			l.put(runs(rs)...)
		}
	case b.Verbatim != nil:
		for s := range strings.SplitSeq(b.Verbatim.Text, "\n") {
			l.put(word{s, Data})
		}
	default:
		l.put(runs(b.Paragraph)...)
	}
}

func (l *liner) table(t *report.Table) {
	parts := runs(t.Caption)
	if t.Total > 0 && t.Shown < t.Total {
		parts = append(parts, word{" first " + report.Count(t.Shown) + " of " + report.Count(t.Total) + "; all are in " + t.All, Figure})
	}
	anchor, n := l.anchor, l.n
	l.anchor, l.n = t.ID, 0
	l.put(parts...)
	for _, row := range t.Rows {
		var cells []word
		for _, c := range row.Cells {
			for _, w := range runs(c) {
				cells = append(cells, word{w.text + " ", Figure})
			}
		}
		l.put(cells...)
	}
	l.anchor, l.n = anchor, n
}
