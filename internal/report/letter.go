package report

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// letter is a section that somebody else writes and signs: the auditor's report, management's assertion. It says what
// the section owes, and then gives a text with the facts filled in, to be edited by whom it belongs to. What only that
// person can say stands in square brackets.
func (b *builder) letter(p part) {
	b.owed(p)
	b.open("section", b.cur.ID, say("Section "+p.Number+" is to be written by "+p.By+"."))
	b.heading(1, "template-"+strings.ToLower(p.Number), "Text to begin with: DRAFT, nothing in it is concluded")
	fill := b.filler()
	n := 0
	for _, para := range p.Text {
		if para.When != "" && !b.holds(para.When) {
			continue
		}
		text := strings.TrimSpace(b.stops(fill.Replace(para.Text)))
		if para.Head != "" {
			n++
			b.add(Block{Heading: &Heading{ID: "template-" + strings.ToLower(p.Number) + "-" + slug(strings.ToLower(para.Head)), Level: 2, Text: para.Head}})
		}
		// The facts in it came with the program; the words around them are ours and are linted as such.
		b.cur.Blocks = append(b.cur.Blocks, Block{Paragraph: b.filled(text, para.Text)})
	}
}

// filled marks what was put into a text: names that came with the program must not be read as our words.
func (b *builder) filled(text, _ string) Runs {
	name := b.f.Organization
	var out Runs
	for i, piece := range strings.Split(text, name) {
		if i > 0 {
			out = append(out, data(name))
		}
		if piece != "" {
			out = append(out, say(piece))
		}
	}
	return out
}

// holds answers a condition of a paragraph.
func (b *builder) holds(cond string) bool {
	a := b.f.About
	carved := slices.ContainsFunc(a.Subservice, func(s assure.Subservice) bool { return s.Method == "carve_out" })
	inclusive := slices.ContainsFunc(a.Subservice, func(s assure.Subservice) bool { return s.Method == "inclusive" })
	switch cond {
	case "cuecs":
		return len(a.CUECs) > 0
	case "carve_out":
		return carved
	case "inclusive":
		return inclusive
	case "other_information":
		return true
	}
	return false
}

// filler puts the facts into a text.
func (b *builder) filler() *strings.Replacer {
	var carved, inclusive []string
	for _, s := range b.f.About.Subservice {
		if s.Method == "carve_out" {
			carved = append(carved, s.Name)
		} else {
			inclusive = append(inclusive, s.Name)
		}
	}
	whole := b.f.System + " of " + b.f.Organization
	if strings.HasSuffix(b.f.System, " of "+b.f.Organization) { // a system without a name of its own
		whole = b.f.System
	}
	return strings.NewReplacer("{system} of {organization}", whole, "{organization}", b.f.Organization, "{system}", b.f.System, "{when}", b.f.When.Words(),
		"{categories}", words(b.f.Categories), "{carved}", words2(carved), "{inclusive}", words2(inclusive), "{report}", b.form.Title)
}

// stops leaves one full stop where a name that ends in one, such as "Inc.", ends a sentence.
func (b *builder) stops(text string) string {
	names := []string{b.f.Organization, b.f.System}
	for _, s := range b.f.About.Subservice {
		names = append(names, s.Name)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".") {
			text = strings.ReplaceAll(text, name+".", name)
		}
	}
	return text
}

// words2 is words for names, which are left as they are.
func words2(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
