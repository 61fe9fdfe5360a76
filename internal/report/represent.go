package report

import (
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// The letters that go with a report. They are small documents of their own and no kinds of Build.
const (
	RepresentationKind Kind = "representation"
	BridgeKind         Kind = "bridge"
)

// Representation is management's letter to the service auditor, by which it represents in writing what the auditor relied on.
type Representation struct {
	By      []Signature `json:"by,omitempty"`      // officers who signed it; none: a draft
	Matters []string    `json:"matters,omitempty"` // what management adds, or excepts from the list
}

// RepresentationLetter draws management's representation letter on a report. It is dated as the report, so it needs an examination with a
// report date; a signature of another day is refused.
func RepresentationLetter(k Kind, f Facts, l Representation) (*Report, error) {
	form, err := formOf(k)
	if err != nil {
		return nil, err
	}
	e := f.Examination
	if form.Family == "" || e == nil || e.ReportDate == 0 {
		return nil, fault.Refuse("a representation letter is dated as the service auditor's report; expected an examination with a report date")
	}
	if err := f.check(form); err != nil {
		return nil, err
	}
	for _, s := range l.By {
		if s.On != e.ReportDate {
			return nil, fault.Refuse("%s signed the representation letter on %s; expected the date of the report, %s", s.Name, s.On.Long(), e.ReportDate.Long())
		}
		if strings.TrimSpace(s.Name) == "" || strings.TrimSpace(s.Title) == "" {
			return nil, fault.Refuse("a signature under the representation letter lacks a name or a title")
		}
	}
	b, err := newBuilder(form, f)
	if err != nil {
		return nil, err
	}
	b.beginLetter(RepresentationKind, "Representation letter of management", len(l.By) == 0)
	b.r.Subtitle = "To " + choose(e.Firm.Name != "", e.Firm.Name, "the service auditor") + ", on the " + form.Title + " of " + f.Organization
	b.represented(l)
	b.underSigned(l.By, e.ReportDate, "section-i", "Management has not signed the representation letter.")
	return b.r, lint(b.r, !b.r.Draft)
}

func (b *builder) beginLetter(k Kind, title string, draft bool) {
	b.r.Kind, b.r.Title, b.r.Draft, b.r.Signed = k, title, draft, nil
	b.r.Sections = []Section{{ID: "section-i", Number: "I", Title: title, Draft: draft}}
	b.cur = &b.r.Sections[0]
}

func (b *builder) represented(l Representation) {
	e := b.f.Examination
	b.para(say("To "), data(strings.Join(nonEmpty(e.Firm.Name, e.Firm.City, e.Firm.Region), ", ")))
	b.para(say(e.ReportDate.Long()))
	b.add(Block{Paragraph: b.fill("We give this letter in connection with your {engagement} of "+b.fields()["letteron"].Text+". We confirm, to the best of our knowledge and belief, as of the date of this letter, that:", nil)})
	var list []Runs
	for _, x := range b.kit.represent {
		if b.meets(x.When) {
			list = append(list, append(b.fill(x.Text, nil), say(";")))
		}
	}
	list[len(list)-1][len(list[len(list)-1])-1] = say(".")
	b.add(Block{List: list, Ordered: true})
	b.heading(1, "letter-events", "Events after "+b.fields()["theend"].Text)
	if len(e.Events) == 0 {
		b.para(say("There is none to be listed."))
	}
	var events []Runs
	for _, x := range e.Events {
		events = append(events, Runs{say(x.On.Long() + ": "), data(x.Text)})
	}
	if len(events) > 0 {
		b.add(Block{List: events})
	}
	if len(e.Exceptions) > 0 {
		b.heading(1, "letter-exceptions", "Deviations that we know of")
		var known []Runs
		for _, x := range e.Exceptions {
			known = append(known, Runs{data(x.Control), say(": "), data(x.Text)})
		}
		b.add(Block{List: known})
	}
	if len(l.Matters) > 0 {
		b.heading(1, "letter-matters", "What we add")
		for _, m := range l.Matters {
			b.para(data(m))
		}
	}
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// underSigned ends a letter of management's with who signed it, or says that nobody has.
func (b *builder) underSigned(by []Signature, on civil.Date, at, owed string) {
	b.r.Signed = by
	if len(by) == 0 {
		b.add(Block{Note: &Note{Tone: Owed, Title: "To be signed by management of the service organization", Text: Runs{say(owed)}}})
		b.open("signature", at, say(owed))
		return
	}
	for _, s := range by {
		if s.On == 0 {
			s.On = on
		}
		b.add(b.signature(s))
	}
}
