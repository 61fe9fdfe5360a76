package report

import (
	"slices"
	"strings"
)

// opinions are what was decided on the elements of this kind of report, in their order. Elements on which nobody decided have no opinion. A
// SOC 3 whose SOC 2 is unqualified throughout takes that over.
func (b *builder) opinions() []ElementOpinion {
	e := b.f.Examination
	if e == nil {
		return nil
	}
	var out []ElementOpinion
	for _, el := range b.scope().Elements() {
		x := e.element(el)
		if el == TheAssertion && x.Opinion == "" && !e.anyModified() && e.element(Operation).Opinion == Unqualified && e.element(Design).Opinion == Unqualified {
			x.Opinion = Unqualified
		}
		out = append(out, x)
	}
	return out
}

func (e *Examination) element(el Element) ElementOpinion {
	i := slices.IndexFunc(e.Elements, func(o ElementOpinion) bool { return o.Element == el })
	if i < 0 {
		return ElementOpinion{Element: el}
	}
	return e.Elements[i]
}

func (e *Examination) anyModified() bool {
	return slices.ContainsFunc(e.Elements, func(o ElementOpinion) bool { return o.Opinion.Modified() })
}

// aggregate is the worst of the opinions of this report.
func (b *builder) aggregate() Opinion {
	var list []Opinion
	for _, o := range b.opinions() {
		list = append(list, o.Opinion)
	}
	return Aggregate(list)
}

func (b *builder) scope() Scope { return b.form.scope(b.f) }

// ElementWords names an element as a report does.
func ElementWords(el Element) string {
	switch el {
	case TheDescription:
		return "the description"
	case Design:
		return "the suitability of the design of controls"
	case Operation:
		return "the operating effectiveness of controls"
	case TheAssertion:
		return "the assertion of management"
	}
	return string(el)
}

// Words names an opinion as a heading does.
func (o Opinion) Words() string {
	switch o {
	case Unqualified:
		return "Unqualified opinion"
	case Qualified:
		return "Qualified opinion"
	case Adverse:
		return "Adverse opinion"
	case Disclaimer:
		return "Disclaimer of opinion"
	}
	return "No opinion yet"
}

// basis stands before the opinion, and only where one is modified: it names each matter, the exceptions behind it, and what follows.
func (b *builder) basis(place string) {
	for _, o := range b.opinions() {
		if !o.Opinion.Modified() {
			continue
		}
		b.heading(2, place+"-basis-"+string(o.Element), "Basis for "+lower(o.Opinion.Words())+" on "+ElementWords(o.Element))
		for _, text := range o.Basis {
			b.para(data(strings.TrimSpace(text)))
		}
		if list := b.because(o); len(list) > 0 {
			b.add(Block{List: list})
		}
		id, what := "basis-failed", failed[o.Element]
		if o.Opinion == Disclaimer || o.ScopeLimitation && !b.failedIn(o) {
			id, what = "basis-unseen", unseen[o.Element]
		}
		concerning := data(names(o.Affected))
		if len(o.Affected) == 0 {
			concerning = say("what the criteria ask for")
		}
		b.add(Block{Paragraph: b.fill(strings.Join(strings.Fields(b.wording(id).Text), " "), map[string]Run{"what": say(what), "concerning": concerning})})
	}
}

var failed = map[Element]string{TheDescription: "the description does not present what is asked for under", Design: "controls were not suitably designed to achieve",
	Operation: "controls did not operate effectively to achieve", TheAssertion: "controls were not effective to achieve"}

var unseen = map[Element]string{TheDescription: "the description presents what is asked for under", Design: "controls were suitably designed to achieve",
	Operation: "controls operated effectively to achieve", TheAssertion: "controls were effective to achieve"}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// failedIn reports whether something is known to have failed of an element, besides what could not be seen.
func (b *builder) failedIn(o ElementOpinion) bool {
	return slices.ContainsFunc(b.concluded(o.Element), func(m MatterConclusion) bool { return m.Conclusion == NotAchieved })
}

// concluded are the conclusions on the matters of an element; of the assertion those of design and of operation.
func (b *builder) concluded(el Element) []MatterConclusion {
	var out []MatterConclusion
	for _, x := range restsOn(el) {
		out = append(out, MattersOf(*b.f.Examination, b.scope(), x)...)
	}
	return out
}

// because lists the matters and exceptions of which a modified opinion is made.
func (b *builder) because(o ElementOpinion) []Runs {
	var out []Runs
	for _, m := range b.concluded(o.Element) {
		rs := Runs{data(m.ID)}
		switch m.Conclusion {
		case NotAchieved:
			rs = append(rs, say(" is not achieved"))
		case NotDeterminable:
			rs = append(rs, say(": it could not be determined whether it is achieved"))
		default:
			continue
		}
		if len(m.Reasons) > 0 {
			rs = append(rs, say(": "), data(strings.TrimSuffix(strings.Join(m.Reasons, "; "), ".")))
		}
		out = append(out, append(rs, say(".")))
	}
	if !b.form.typeTwo() || b.form.Family == "soc3" || o.Element == TheDescription {
		return out
	}
	for _, x := range b.exceptions().list {
		if slices.ContainsFunc(x.Affects, func(id string) bool { return slices.Contains(o.Affected, id) }) {
			out = append(out, Runs{say("Exception "), link(x.ID, "#exception-"+slug(x.ID)), say(" of "), data(x.Control), say(": "), data(x.Text), say(" "),
				figureOf(x.Deviating, x.Tested, "exception-"+slug(x.ID)), say(" items tested " + one(x.Deviating, "deviates.", "deviate."))})
		}
	}
	return out
}

// opinion is the conclusion, one numbered element after the other.
func (b *builder) opinion(place string) {
	list := b.opinions()
	b.heading(2, place+"-opinion", opinionHead(list))
	var items []Runs
	for _, o := range list {
		items = append(items, b.opinionOn(o))
	}
	if len(items) == 1 {
		b.add(Block{Paragraph: items[0]})
		return
	}
	b.add(Block{List: items, Ordered: true})
}

// opinionHead names what is modified; elements that are not do not change the name.
func opinionHead(list []ElementOpinion) string {
	var modified []string
	for _, o := range list {
		if word := lower(o.Opinion.Words()); o.Opinion.Modified() && !slices.Contains(modified, word) {
			modified = append(modified, word)
		}
	}
	if len(modified) == 0 {
		return "Opinion"
	}
	head := names(modified)
	return strings.ToUpper(head[:1]) + head[1:]
}

func (b *builder) opinionOn(o ElementOpinion) Runs {
	matters := choose(len(o.Basis) == 1, "matter", "matters")
	more := map[string]Run{"matters": say(matters), "except": say("")}
	id := "opinion-" + string(o.Element)
	switch o.Opinion {
	case Qualified:
		more["except"] = say("except for the " + matters + " described in the basis for qualified opinion, ")
	case Adverse, Disclaimer:
		id += "-" + string(o.Opinion)
	case Unqualified:
	default:
		return Runs{say("[The opinion on " + ElementWords(o.Element) + " is not yet decided.]")}
	}
	return b.fill(strings.Join(strings.Fields(b.wording(id).Text), " "), more)
}

func (b *builder) emphasis(place string) {
	if len(b.f.Examination.Emphasis) == 0 {
		return
	}
	b.heading(2, place+"-emphasis", "Emphasis of matter")
	for _, text := range b.f.Examination.Emphasis {
		b.para(data(strings.TrimSpace(text)))
	}
}

// unmodified reports whether the opinion is modified and the assertion that management signed is not: the letter says so.
func (b *builder) unmodified() bool {
	if !b.aggregate().Modified() {
		return false
	}
	signed := false
	for _, s := range b.f.Signed {
		signed = signed || s.Covers
		if s.Covers && strings.TrimSpace(s.Matters) != "" {
			return false
		}
	}
	return signed
}

// notOccurred are the controls of the report that had nothing to do in the period.
func (b *builder) notOccurred() []string {
	var out []string
	for _, t := range b.f.Examination.Tests {
		if t.Outcome == DidNotOccur && b.f.knows(t.Control) && !slices.Contains(out, t.Control) {
			out = append(out, t.Control)
		}
	}
	return out
}
