package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// letter is a section that somebody writes and signs: the auditor's report, management's assertion. In a draft it says what the section owes,
// and then gives a text with the facts filled in, to be edited by whom it belongs to; what only that person can say stands in square
// brackets. Of an examination the auditor's letter is drawn from what was concluded.
func (b *builder) letter(p part) {
	if p.Assertion && b.signed(p) {
		return
	}
	if !p.Assertion && b.f.Examination != nil {
		b.lines("letter-"+strings.ToLower(p.Number), p)
		return
	}
	b.owed(p)
	if b.f.Examination == nil {
		b.open("section", b.cur.ID, say("Section "+p.Number+" is to be written by "+p.By+"."))
	}
	place := "template-" + strings.ToLower(p.Number)
	b.heading(1, place, "Text to begin with: DRAFT, nothing in it is concluded")
	b.lines(place, p)
}

// lines writes the paragraphs of a letter.
func (b *builder) lines(place string, p part) {
	sign := &Sign{}
	for _, x := range p.Text {
		if !b.meets(x.When) {
			continue
		}
		switch x.Do {
		case "sign":
			sign.Lines = append(sign.Lines, b.signLines(x.Use)...)
		case "basis":
			b.basis(place)
		case "opinion":
			b.opinion(place)
		case "emphasis":
			b.emphasis(place)
		default:
			for _, w := range b.written(x.Use) {
				if w.head != "" {
					b.heading(2, place+"-"+slug(strings.ToLower(w.head)), w.head)
				}
				b.add(Block{Paragraph: w.text})
			}
		}
	}
	if len(sign.Lines) > 0 {
		b.add(Block{Sign: sign})
	}
}

// signLines are the lines of a signature that a passage gives: its paragraphs, which a dot in the middle parts as well. The names of the firm and
// of its partner are set strongly: they are what signs.
func (b *builder) signLines(id string) []Runs {
	p := b.wording(id)
	var out []Runs
	for part := range strings.SplitSeq(p.Text, "\n\n") {
		for text := range strings.SplitSeq(strings.Join(strings.Fields(part), " "), " · ") {
			if text = strings.TrimSpace(text); text != "" {
				line := b.fill(text, nil)
				for i := range line {
					line[i].Strong = b.f.Examination != nil && line[i].Data && (line[i].Text == b.f.Examination.Firm.Name || line[i].Text == b.f.Examination.Partner)
				}
				out = append(out, line)
			}
		}
	}
	return out
}

// signature is the block of one person who signed for the organization.
func (b *builder) signature(s Signature) Block {
	return Block{Sign: &Sign{Lines: []Runs{{Run{Text: s.Name, Data: true, Strong: true}}, {data(s.Title)}, {data(b.f.Organization)}, {say(s.On.Long())}}}}
}

// written is a paragraph of a letter with the facts filled in.
type written struct {
	head string
	text Runs
}

// paragraphs are those of a letter that the facts ask for, without what is made of conclusions.
func (b *builder) paragraphs(p part) []written {
	var out []written
	for _, x := range p.Text {
		if x.Use != "" && x.Do == "" && b.meets(x.When) {
			out = append(out, b.written(x.Use)...)
		}
	}
	return out
}

// written are the paragraphs of a passage: a firm's text may hold several, with an empty line between them.
func (b *builder) written(id string) []written {
	p := b.wording(id)
	var out []written
	for text := range strings.SplitSeq(p.Text, "\n\n") {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			out = append(out, written{p.Head, b.fill(text, nil)})
			p.Head = ""
		}
	}
	return out
}

// fill puts the facts, and those of the place, into a text.
func (b *builder) fill(text string, more map[string]Run) Runs {
	if b.f.System == unnamed(b.f.Organization) {
		text = strings.ReplaceAll(text, "{system} of {organization}", "{system}")
	}
	return filled(text, func(name string) Run {
		if r, ok := more[name]; ok {
			return r
		}
		return b.fields()[name]
	})
}

var blank = regexp.MustCompile(`\{[a-z]+\}`)

// filled puts the facts into a text. The words around them are ours, and linted as such; a name that came with the program
// is not. Where a name ends in a full stop, such as "Inc.", it ends the sentence too.
func filled(text string, fact func(string) Run) Runs {
	var out Runs
	put := func(r Run) {
		if n := len(out); n > 0 && !r.Data && !out[n-1].Data && r.Figure == nil && out[n-1].Figure == nil {
			out[n-1].Text += r.Text
		} else if r.Text != "" || r.Figure != nil {
			out = append(out, r)
		}
	}
	for text != "" {
		at := blank.FindStringIndex(text)
		if at == nil {
			put(say(text))
			break
		}
		put(say(text[:at[0]]))
		r := fact(text[at[0]+1 : at[1]-1])
		if text = text[at[1]:]; strings.HasSuffix(r.Text, ".") {
			text = strings.TrimPrefix(text, ".")
		}
		put(r)
	}
	if n := len(out); n > 0 {
		out[n-1].Text = strings.TrimRight(out[n-1].Text, " ")
	}
	return out
}

// meets reports whether every condition holds; "!" turns one round.
func (b *builder) meets(conds []string) bool {
	for _, c := range conds {
		name, not := strings.CutPrefix(c, "!")
		if b.holds(name) == not {
			return false
		}
	}
	return true
}

// holds answers a condition of a paragraph.
func (b *builder) holds(cond string) bool {
	a, e := b.f.About, b.f.Examination
	switch cond {
	case "type1":
		return !b.form.typeTwo()
	case "type2":
		return b.form.typeTwo()
	case "soc1", "soc2", "soc3":
		return b.form.Family == cond
	case "ssae", "isae":
		return b.form.under(cond)
	case "dual":
		return len(b.form.Regimes) > 1
	case "cuecs":
		return len(a.CUECs) > 0
	case "carve_out":
		return slices.ContainsFunc(a.Subservice, func(s assure.Subservice) bool { return s.Method == "carve_out" })
	case "inclusive":
		return slices.ContainsFunc(a.Subservice, func(s assure.Subservice) bool { return s.Method == "inclusive" })
	case "draft":
		return e == nil
	case "examined":
		return e != nil
	}
	return e != nil && b.examined(e, cond)
}

// examined answers a condition that only an examination can meet.
func (b *builder) examined(e *Examination, cond string) bool {
	switch cond {
	case "revised":
		return e.Revision > 0
	case "partner":
		return e.Partner != ""
	case "independence":
		return e.Firm.Independence != ""
	case "not_occurred":
		return len(b.notOccurred()) > 0
	case "disclaimed":
		return slices.ContainsFunc(b.opinions(), func(o ElementOpinion) bool { return o.Opinion == Disclaimer })
	case "assertion_not_modified":
		return b.unmodified()
	}
	return false
}

// names prints a list of names as English does; words is for our own.
func names(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
