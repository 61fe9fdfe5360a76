package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// WordingTemplate is a file with our text of every passage that a firm may replace, as ParseWording reads it: where a firm begins.
func WordingTemplate() ([]byte, error) {
	list, err := Passages()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("# Texts of the letters, by passage. Leave out what stays as it is. {fields} are filled in when a report is built.\n")
	for _, p := range list {
		b.WriteString("\n")
		if len(p.Needs) > 0 {
			fmt.Fprintf(&b, "# keeps {%s}\n", strings.Join(p.Needs, "}, {"))
		}
		fmt.Fprintf(&b, "%s: |-\n", p.ID)
		for i, text := range strings.Split(p.Text, "\n\n") {
			if i > 0 {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "  %s\n", strings.Join(strings.Fields(text), " "))
		}
	}
	return b.Bytes(), nil
}

// Filled is a passage of an auditor's letter as a report prints it.
type Filled struct {
	ID   string
	Text string
}

// LetterTexts are the passages of the auditor's letter that a firm may replace, with the facts filled in, in order: by them a letter that
// comes back edited is held against the wording that it was made from. What is made of conclusions is not among them.
func LetterTexts(k Kind, f Facts) ([]Filled, error) {
	b, err := letterOf(k, f)
	if err != nil {
		return nil, err
	}
	var out []Filled
	for _, p := range b.form.Sections {
		if p.Part != "letter" || p.Assertion {
			continue
		}
		for _, x := range p.Text {
			if w, ok := b.kit.passage(x.Use); ok && !w.Open && b.meets(x.When) {
				var text []string
				for _, p := range b.written(x.Use) {
					text = append(text, p.text.String())
				}
				out = append(out, Filled{x.Use, strings.Join(text, "\n\n")})
			}
		}
	}
	return out, nil
}

func letterOf(k Kind, f Facts) (*builder, error) {
	form, err := formOf(k)
	if err != nil {
		return nil, err
	}
	if f.Examination == nil {
		return nil, fault.Refuse("%s was not examined: it has no letter of an auditor", form.Title)
	}
	if err := f.check(form); err != nil {
		return nil, err
	}
	return newBuilder(form, f)
}

// TemplateOf turns the text of a passage that came back edited into a wording: what the facts filled in becomes fields again. It refuses an
// edit that changed or dropped what a field stood for: facts are not the letter's to change.
func TemplateOf(k Kind, f Facts, id, edited string) (string, error) {
	b, err := letterOf(k, f)
	if err != nil {
		return "", err
	}
	p := b.wording(id)
	if p.ID == "" || p.Open {
		return "", fault.Refuse("there is no passage %q that a firm may replace", id)
	}
	text := strings.TrimSpace(edited)
	if strings.ContainsAny(text, "{}") {
		return "", fault.At("", 0, id, "the text holds a brace; expected words")
	}
	if b.f.System == unnamed(b.f.Organization) && strings.Contains(p.Text, "{system} of {organization}") {
		text = strings.Replace(text, b.f.System, "{system} of {organization}", 1)
	}
	fields := p.Fields()
	slices.SortStableFunc(fields, func(x, y string) int { return len(b.fields()[y].Text) - len(b.fields()[x].Text) })
	for _, name := range fields {
		text = b.refield(p.Text, text, name)
	}
	if err := checkPassage(id, text); err != nil {
		return "", err
	}
	return text, nil
}

// refield puts one field back. A field that stood for nothing is put behind the words that came before it.
func (b *builder) refield(original, text, name string) string {
	field, value := "{"+name+"}", b.fields()[name].Text
	if strings.Contains(text, field) {
		return text
	}
	if value != "" {
		return outside(text, value, field)
	}
	before, _, _ := strings.Cut(original, field)
	if i := strings.LastIndexByte(before, '}'); i >= 0 {
		before = before[i+1:]
	}
	if i := strings.Index(text, before); i >= 0 && before != "" {
		return text[:i+len(before)] + field + text[i+len(before):]
	}
	return text
}

// outside replaces a value wherever it stands outside of a field, as whole words.
func outside(text, value, field string) string {
	var out strings.Builder
	for text != "" {
		i := strings.Index(text, value)
		if i < 0 {
			break
		}
		end := i + len(value)
		whole := (i == 0 || !letter(text[i-1])) && (end == len(text) || !letter(text[end]))
		if strings.Count(text[:i], "{") != strings.Count(text[:i], "}") {
			whole = false
		}
		out.WriteString(text[:i])
		if whole {
			out.WriteString(field)
		} else {
			out.WriteString(value)
		}
		text = text[end:]
	}
	return out.String() + text
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}
