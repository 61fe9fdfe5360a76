package lint

import (
	"regexp"
	"slices"
	"strings"
)

// The places of a report, as passages name them.
const (
	inCover, inOpinion, inAssertion, inDescription, inTests, inOther = "cover", "opinion", "assertion", "description", "tests", "other"
)

// roles are the headings by which sections are recognised, the telling ones first.
var roles = []struct {
	place string
	words *regexp.Regexp
}{
	{inOther, regexp.MustCompile(`(?i)\bother information\b|\bunaudited\b|\bnot (covered|examined|audited)\b`)},
	{inOpinion, regexp.MustCompile(`(?i)\b(independent )?(service )?(auditor|practitioner|accountant)s?['’]?s?['’]? (assurance )?report\b|\breport of (the )?independent\b`)},
	{inAssertion, regexp.MustCompile(`(?i)\bassertion\b|\bmanagement['’]s statement\b|\bstatement (by|of) (the )?(management|service organi[sz]ation)\b`)},
	{inTests, regexp.MustCompile(`(?i)\btests? of (the )?controls\b|\bcontrols?,? (related )?(and )?tests\b|\b(criteria|control objectives?),? .*controls\b|\btest(ing)? (matrix|matrices|results)\b|\binformation provided by the (independent )?service auditor\b|\brelated controls\b`)},
	{inDescription, regexp.MustCompile(`(?i)\bdescription\b.*\bsystem\b|\bsystem description\b|\bsystem overview\b|\bdescription (of|by)\b|\bmanagement['’]s description\b|\bboundaries of the system\b`)},
}

var numbered = regexp.MustCompile(`(?i)^\s*section\s+([ivx]+|\d+)\b[\s.:–—-]*`)

// RoleOf tells by its heading which section of a report a section is: opinion, assertion, description, tests or other; empty
// where it cannot be told.
func RoleOf(heading string) string {
	heading = strings.ReplaceAll(heading, "’", "'")
	for _, r := range roles {
		if r.words.MatchString(heading) {
			return r.place
		}
	}
	return ""
}

// FromDocument reads a document written elsewhere, or ours. What it cannot recognise it says under Unread, and guesses
// nothing in its place.
func FromDocument(d *Document) Paper {
	r := &reader{d: d, headAt: sectionLevel(d)}
	r.cut()
	r.cover()
	r.letters()
	r.description()
	r.tests()
	r.missing()
	return r.p
}

// reader holds a document while it is read.
type reader struct {
	d      *Document
	headAt int // the level of the headings of sections
	p      Paper
	parts  map[string][]Block
}

// sectionLevel is the highest level of headings at which two sections or more are recognised.
func sectionLevel(d *Document) int {
	for level := 1; level <= 4; level++ {
		found := map[string]bool{}
		for _, b := range d.Blocks {
			if b.Level == level && !b.Contents {
				if role := RoleOf(b.Text); role != "" {
					found[role] = true
				}
			}
		}
		if len(found) >= 2 {
			return level
		}
	}
	return 0
}

// heading tells whether a block begins a section, and which; a heading that is not recognised ends the section before it.
func (r *reader) heading(b Block) (role string, is bool) {
	if b.Contents || b.Table > 0 || b.Text == "" || len(b.Text) > 300 {
		return "", false
	}
	plainNumbered := numbered.MatchString(b.Text) && len(b.Text) < 160 && !strings.HasSuffix(strings.TrimSpace(b.Text), ".")
	if b.Level > 0 && b.Level == r.headAt || r.headAt == 0 && plainNumbered || b.Level == 0 && r.headAt > 0 && plainNumbered && strings.ToUpper(b.Text) == b.Text {
		return RoleOf(b.Text), true
	}
	return "", false
}

// cut sorts blocks into sections and keeps every text with its place.
func (r *reader) cut() {
	r.parts = map[string][]Block{}
	place, under := inCover, ""
	for _, b := range r.d.Blocks {
		if b.Contents {
			continue
		}
		if role, is := r.heading(b); is {
			switch {
			case role != "":
				place = role
			case numbered.MatchString(b.Text):
				r.p.Unread = append(r.p.Unread, Passage{inCover, b.Text, "The section under this heading is none that is known: its text was taken for a part of the section before."})
			}
		}
		if b.Level > 0 {
			under = strings.TrimSpace(b.Text)
		}
		r.parts[place] = append(r.parts[place], b)
		for _, text := range append(slices.Clone(b.Cells), b.Text) {
			if text = strings.TrimSpace(text); text != "" {
				r.p.Passages = append(r.p.Passages, Passage{place, under, text})
			}
		}
	}
}

// text is the text of a section.
func (r *reader) text(place string) string {
	var b strings.Builder
	for _, x := range r.p.Passages {
		if x.Section == place {
			b.WriteString(x.Text + "\n")
		}
	}
	return b.String()
}

var applicability = regexp.MustCompile(`(?i)\bstatement of applicability\b`)

// noReport is said of a statement of applicability.
var noReport = Passage{Section: inCover, Under: "Statement of applicability", Text: "It is no report of a service auditor: the signals about opinions, assertions and tests were not looked for."}

var firm = regexp.MustCompile(`(?i)\b(LLP|CPAs?|P\.?C\.?|certified public accountants|chartered accountants)\b`)

func (r *reader) cover() {
	text := r.text(inCover)
	head := text
	if len(head) > 3000 {
		head = head[:3000]
	}
	r.p.Kind, r.p.Type = readKind(head)
	if applicability.MatchString(head) && r.p.Kind == "" {
		r.p.Kind = "iso27001"
	} else if r.p.Kind == "" {
		r.p.Kind, r.p.Type = readKind(r.text(inOpinion))
	}
	r.p.Cover = Part{Span: readSpan(head, true), Categories: readCategories(head)}
	for i, b := range r.parts[inCover] {
		t := strings.TrimSpace(b.Text)
		switch {
		case t == "":
		case b.Style == "title" || r.p.Cover.Title == "" && kinds.MatchString(t):
			r.p.Cover.Title = t
		case firm.MatchString(t) && len(t) < 120 && r.p.Cover.Firm == "":
			r.p.Cover.Firm = t
		}
		if strings.HasPrefix(t, "DRAFT") {
			r.p.Draft = true
		}
		if b.Level > 0 && strings.Contains(strings.ToLower(t), "draft still needs") {
			for _, o := range r.parts[inCover][i+1:] {
				if o.List {
					r.p.Owed = append(r.p.Owed, strings.TrimSpace(o.Text))
				}
			}
		}
	}
	if r.p.Type == 0 && r.p.Kind != "soc3" && r.p.Kind != "iso27001" {
		switch s := r.p.Cover.Span; {
		case s.AsOf != nil:
			r.p.Type = 1
		case s.Known():
			r.p.Type = 2
		}
	}
}

// letters reads what the auditor's report and the assertion say of themselves.
func (r *reader) letters() {
	for place, part := range map[string]*Part{inOpinion: &r.p.Opinion.Part, inAssertion: &r.p.Assertion, inDescription: &r.p.Description.Part} {
		text := r.text(place)
		part.Span, part.Categories = readSpan(text, false), readCategories(text)
		if place == inDescription {
			continue
		}
		for _, b := range slices.Backward(r.parts[place]) {
			t := strings.TrimSpace(b.Text)
			if all := dates.FindAllString(t, -1); len(all) == 1 && len(t) < 120 && b.Level == 0 && !asOf.MatchString(t) {
				part.Dated = readDate(all[0])
				break
			}
		}
	}
	r.p.Opinion.Type = readOpinion(r.text(inOpinion))
	body := false
	for _, b := range r.parts[inOther] {
		if t := strings.TrimSpace(b.Text + strings.Join(b.Cells, " ")); t != "" && t != "DRAFT" {
			r.p.Other = append(r.p.Other, t) // headings too: one may say that nothing below was examined
			body = body || b.Level == 0 && !numbered.MatchString(t)
		}
	}
	if !body {
		r.p.Other = nil
	}
}

// missing says which sections were not found.
func (r *reader) missing() {
	if r.p.Kind == "iso27001" {
		r.p.Unread = []Passage{noReport}
		return
	}
	if r.headAt == 0 && len(r.parts) < 2 {
		r.p.Unread = append(r.p.Unread, Passage{Section: inCover, Text: "No section could be told from another: their headings have no heading style, or are called otherwise than in the reports that are known."})
		return
	}
	need := []string{inOpinion, inAssertion, inDescription, inTests}
	if r.p.Kind == "soc3" {
		need = need[:2]
	}
	for _, place := range need {
		if len(r.parts[place]) == 0 {
			r.p.Unread = append(r.p.Unread, Passage{Section: place, Text: "No heading was recognised as that of this section."})
		}
	}
	if r.p.Kind == "" {
		r.p.Unread = append(r.p.Unread, Passage{Section: inCover, Text: "The cover does not say which report it is: SOC 1, SOC 2, SOC 3 or ISAE 3402."})
	}
	if r.p.Kind != "soc3" && len(r.parts[inTests]) > 0 && len(r.p.Tests) == 0 && r.p.Type == 2 {
		r.p.Unread = append(r.p.Unread, Passage{Section: inTests, Text: "No test was recognised: expected a table with the columns control, test and result, or a heading for each control. Its columns are called: " + strings.Join(r.columns(), " | ")})
	}
}

// columns are the heads of the tables of section IV.
func (r *reader) columns() []string {
	var out []string
	last := 0
	for _, b := range r.parts[inTests] {
		if b.Table > last {
			last = b.Table
			out = append(out, strings.Join(b.Cells, ", "))
		}
		if len(out) == 5 {
			break
		}
	}
	return out
}
