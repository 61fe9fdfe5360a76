package returned

import (
	"regexp"
	"strings"
)

func split(s string) []string { return strings.Fields(s) }

// changes lists the passages that are not as they were sent, in the order of the document.
func changes(before, after []passage) []Change {
	texts := func(list []passage) []string {
		out := make([]string, len(list))
		for i, p := range list {
			out[i] = p.text
			if p.row {
				out[i] = "\x00" + strings.Join(p.cells, "\x00")
			}
		}
		return out
	}
	var out []Change
	i, j := 0, 0
	gap := func(toA, toB int) {
		for _, p := range append(match(before, after, i, toA, j, toB), pair{toA, toB}) {
			for ; i < p.a; i++ {
				out = append(out, removed(before[i]))
			}
			for ; j < p.b; j++ {
				out = append(out, added(after[j]))
			}
			if p.a < toA && p.b < toB {
				out = append(out, changed(before[i], after[j])...)
				i, j = i+1, j+1
			}
		}
	}
	for _, p := range append(align(texts(before), texts(after)), pair{len(before), len(after)}) {
		gap(p.a, p.b)
		i, j = p.a+1, p.b+1
	}
	return out
}

const ours = "Words of the template: the firm may accept them."

// why says why a change is refused.
func why(c Class, p passage) string {
	switch c {
	case Figure:
		return "A figure, a date, an identifier or a cell of a table comes from the records, and is drawn from them again: what the document says instead is not taken over."
	case Conclusion:
		return "The opinion is decided in the engagement, from the conclusions under it; its text follows from that. Decide it there."
	case Data:
		switch p.role {
		case "assertion", "description", "other":
			return "This section is management's own: an auditor asks management to change it."
		case "opinion", "tests":
			return "This text was recorded, or is drawn from what was: it is changed where it was recorded, in the firm's work papers or in management's program."
		}
		return "This is the frame of the document, drawn from the model: it is not taken over."
	}
	return ours
}

func place(p passage) Change {
	return Change{Section: p.section, Under: p.under, ID: p.id, By: p.tracked}
}

func removed(p passage) Change {
	c := place(p)
	c.Kind, c.Class, c.Before = Removed, Wording, p.text
	for _, w := range p.words {
		c.Class = stronger(c.Class, w.class)
	}
	if p.row {
		c.Class = Figure
	}
	if c.Class == Wording && concludes(p) && decided(p.text) {
		c.Class = Conclusion
	}
	if c.Class == Figure {
		c.Truth = truth(p.words)
	}
	c.Why = why(c.Class, p)
	return c
}

func added(p passage) Change {
	c := place(p)
	c.Kind, c.Class, c.After = Added, Wording, p.text
	switch {
	case p.row || figured(p.text):
		c.Class = Figure
	case concludes(p) && decided(p.text):
		c.Class = Conclusion
	case p.role != "opinion" && p.role != "tests":
		c.Class = Data
	}
	c.Why = why(c.Class, p)
	return c
}

// decides are words that turn a conclusion.
var decides = regexp.MustCompile(`(?i)\b(not|no|none|never|neither|nor|without|unless|except(ing|ions?)?|however|although|some|most|many|few|certain|only|partly|partially|largely|mostly|nearly|almost|hardly|barely|qualified|unqualified|modified|adverse\w*|disclaim\w*|in our opinion|(in)?effective\w*|(un)?suitabl[ey]|unfairly|(un)?achieved|(un)?met|(im)?material(ly|ity)?|misstat\w*|misrepresent\w*|inadequa\w*|deficien\w*|fail\w*|lack\w*)\b`)

// concludes says that a passage stands where the auditor's report gives its opinion or the basis of it.
func concludes(p passage) bool {
	u := strings.ToLower(p.under)
	return p.role == "opinion" && (strings.Contains(u, "opinion") || strings.Contains(u, "basis") || strings.Contains(strings.ToLower(p.text), "in our opinion"))
}

// changed lists the differences of one passage: of a row a change for each cell, of a paragraph one.
func changed(a, b passage) []Change {
	if a.row {
		return cells(a, b)
	}
	c := place(a)
	c.Kind, c.Before, c.After, c.By = Changed, a.text, b.text, b.tracked
	c.Class, c.Words, c.Truth = compare(a, split(b.text))
	c.Why = why(c.Class, a)
	return []Change{c}
}

func cells(a, b passage) []Change {
	c := place(a)
	c.Kind, c.Class, c.By, c.Why = Changed, Figure, b.tracked, why(Figure, a)
	if len(a.cells) != len(b.cells) {
		c.Before, c.After, c.Truth = strings.Join(a.cells, " | "), strings.Join(b.cells, " | "), a.cells
		return []Change{c}
	}
	var out []Change
	for i := range a.cells {
		if a.cells[i] == b.cells[i] {
			continue
		}
		x := c
		x.Before, x.After, x.Truth = a.cells[i], b.cells[i], []string{a.cells[i]}
		x.Words = pieces(split(a.cells[i]), split(b.cells[i]))
		out = append(out, x)
	}
	if len(out) == 0 { // only a picture or its words
		c.Before, c.After = a.text, b.text
		out = append(out, c)
	}
	return out
}

// compare finds the words that changed, the strongest class among them, and the true values of figures.
func compare(a passage, now []string) (Class, []Piece, []string) {
	was := make([]string, len(a.words))
	for i, w := range a.words {
		was[i] = w.text
	}
	class := Wording
	var values []string
	i, j := 0, 0
	for _, p := range append(align(was, now), pair{len(was), len(now)}) {
		gone, come := a.words[i:p.a], now[j:p.b]
		for _, w := range gone {
			class = stronger(class, w.class)
		}
		numbered := figured(strings.Join(come, " "))
		switch {
		case numbered:
			class = Figure
		case len(gone) == 0 && len(come) > 0 && inside(a.words, i):
			class = stronger(class, Data) // within what came with the data
		}
		if concludes(a) && decided(joined(gone)+" "+strings.Join(come, " ")) {
			class = stronger(class, Conclusion)
		}
		values = append(values, truth(gone)...)
		i, j = p.a+1, p.b+1
	}
	return class, pieces(was, now), values
}

// inside says that the words before and behind a place both came with the data.
func inside(words []word, at int) bool {
	return at > 0 && at < len(words) && words[at-1].class == Data && words[at].class == Data
}

func joined(list []word) string {
	var b strings.Builder
	for i, w := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.text)
	}
	return b.String()
}

// truth lists the figures among words, those that stand together as one.
func truth(list []word) []string {
	var out []string
	open := false
	for _, w := range list {
		text := strings.Trim(w.text, ".,;:()[]")
		switch {
		case w.class != Figure || text == "":
			open = false
		case open:
			out[len(out)-1] += " " + text
		default:
			out, open = append(out, text), true
		}
	}
	return out
}

// pieces is a difference by words.
func pieces(was, now []string) []Piece {
	var out []Piece
	put := func(op string, words []string) {
		if len(words) == 0 {
			return
		}
		text := strings.Join(words, " ")
		if n := len(out); n > 0 && out[n-1].Op == op {
			out[n-1].Text += " " + text
			return
		}
		out = append(out, Piece{op, text})
	}
	i, j := 0, 0
	for _, p := range append(align(was, now), pair{len(was), len(now)}) {
		put("removed", was[i:p.a])
		put("added", now[j:p.b])
		if p.a < len(was) {
			put("same", was[p.a:p.a+1])
		}
		i, j = p.a+1, p.b+1
	}
	return out
}
