package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// letter is a section that somebody else writes and signs: the auditor's report, management's assertion. It says what
// the section owes, and then gives a text with the facts filled in, to be edited by whom it belongs to. What only that
// person can say stands in square brackets.
func (b *builder) letter(p part) {
	if p.Assertion && b.signed(p) {
		return
	}
	b.owed(p)
	b.open("section", b.cur.ID, say("Section "+p.Number+" is to be written by "+p.By+"."))
	place := "template-" + strings.ToLower(p.Number)
	b.heading(1, place, "Text to begin with: DRAFT, nothing in it is concluded")
	for _, para := range b.paragraphs(p) {
		if para.head != "" {
			b.heading(2, place+"-"+slug(strings.ToLower(para.head)), para.head)
		}
		b.add(Block{Paragraph: para.text})
	}
}

// written is a paragraph of a letter with the facts filled in.
type written struct {
	head string
	text Runs
}

// paragraphs are those of a letter that the facts ask for.
func (b *builder) paragraphs(p part) []written {
	facts := b.letterFacts()
	var out []written
	for _, para := range p.Text {
		if para.When != "" && !b.holds(para.When) {
			continue
		}
		text := strings.TrimSpace(para.Text)
		if b.f.System == unnamed(b.f.Organization) {
			text = strings.ReplaceAll(text, "{system} of {organization}", "{system}")
		}
		out = append(out, written{para.Head, filled(text, facts)})
	}
	return out
}

var blank = regexp.MustCompile(`\{[a-z]+\}`)

// filled puts the facts into a text. The words around them are ours, and linted as such; a name that came with the program
// is not. Where a name ends in a full stop, such as "Inc.", it ends the sentence too.
func filled(text string, facts map[string]Run) Runs {
	var out Runs
	for text != "" {
		at := blank.FindStringIndex(text)
		if at == nil {
			return append(out, say(text))
		}
		if at[0] > 0 {
			out = append(out, say(text[:at[0]]))
		}
		fact := facts[text[at[0]+1:at[1]-1]]
		if text = text[at[1]:]; strings.HasSuffix(fact.Text, ".") {
			text = strings.TrimPrefix(text, ".")
		}
		out = append(out, fact)
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
	}
	return false
}

// letterFacts are what a letter's blanks stand for.
func (b *builder) letterFacts() map[string]Run {
	var carved, inclusive []string
	for _, s := range b.f.About.Subservice {
		if s.Method == "carve_out" {
			carved = append(carved, s.Name)
		} else {
			inclusive = append(inclusive, s.Name)
		}
	}
	return map[string]Run{"organization": data(b.f.Organization), "system": data(b.f.System), "when": say(b.f.When.Words()),
		"categories": say(words(b.f.Categories)), "carved": data(names(carved)), "inclusive": data(names(inclusive)), "report": say(b.form.Title)}
}

// names prints a list of names as English does; words is for our own.
func names(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
