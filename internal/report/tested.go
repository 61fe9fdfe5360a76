package report

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/assure"
)

// testsOfAuditor is section IV of a Type 2 that was examined: control by control what the auditor did, of how many items, what came out, and
// the exceptions with management's responses beside them.
func (b *builder) testsOfAuditor() {
	for _, id := range []string{"tests-intro", "tests-procedures"} {
		for _, w := range b.written(id) {
			b.add(Block{Paragraph: w.text})
		}
	}
	b.resultsOfAuditor()
	b.criteria()
	b.heading(1, "controls", "Controls, tests and results")
	b.inOrder(func(c assure.Control) {
		b.controlHead(c, nil)
		n := 0
		for _, t := range b.f.Examination.Tests {
			if t.Control == c.ID {
				n++
				b.tested(t, testedID(t, n), n)
			}
		}
		if n == 0 {
			b.para(append(Runs{mark(MarkGap, "Not tested.")}, b.untestedBecause(c.ID)...)...)
		}
		for _, x := range b.exceptions().of[c.ID] {
			b.exception(x)
		}
	})
	if len(b.f.Controls) == 0 {
		b.para(say("The description states no control."))
	}
}

func testedID(t TestedControl, n int) string {
	id := "tested-" + slug(t.Control)
	if n > 1 {
		id += "-" + strconv.Itoa(n)
	}
	return id
}

func (b *builder) untestedBecause(control string) Runs {
	for _, c := range b.f.Examination.Controls {
		if c.Control == control && c.Operation == Untested && c.Reason != "" {
			return Runs{say(" "), data(c.Reason)}
		}
	}
	return nil
}

// resultsOfAuditor is the table of all tests.
func (b *builder) resultsOfAuditor() {
	b.heading(1, "results", "Results at a glance")
	t := &Table{ID: "results-table", Columns: []Column{{Title: "Control"}, {Title: "Name of test"}, {Title: "Extent"}, {Title: "Result"}, {Title: "Deviations of items tested", Number: true}}}
	count := 0
	for _, c := range b.byCriterion() {
		n := 0
		for _, x := range b.f.Examination.Tests {
			if x.Control != c.ID {
				continue
			}
			n++
			row := Row{Cells: []Runs{{link(c.ID, "#control-"+slug(c.ID)), data(" " + c.Title)}, {}, x.Extent.short(testedID(x, n)), {x.standing()}, {}}}
			if b.severalTests(c.ID) {
				row.Cells[1] = Runs{link(x.name(n), "#"+testedID(x, n))}
			}
			if x.Outcome == TestRun {
				row.Cells[4] = Runs{figureOf(x.Deviating, x.needed(), testedID(x, n))}
			} else {
				row.Cells[2] = Runs{}
			}
			t.Rows = append(t.Rows, row)
		}
		if n == 0 {
			t.Rows = append(t.Rows, Row{Cells: []Runs{{link(c.ID, "#control-"+slug(c.ID)), data(" " + c.Title)}, {}, {}, {mark(MarkGap, "Not tested")}, {}}})
		} else {
			count++
		}
	}
	t.Caption = Runs{say("Tests of the service auditor; "), figureOf(count, len(b.f.Controls), t.ID), say(" " + one(len(b.f.Controls), "control has", "controls have") + " a test")}
	b.para(ref(t.ID), say(" gives the result of every test, control by control. What was done, and what came out, stands with each control below."))
	b.add(Block{Table: fitting(t, "Name of test", "Extent")})
}

// severalTests reports whether a control has more tests than one, so that each needs its name.
func (b *builder) severalTests(control string) bool {
	return b.exceptions().tests[control] > 1
}

// name is how a test is told from others of its control: its own name, or its place among them.
func (t TestedControl) name(n int) string {
	if t.Test == "" {
		return "Test " + strconv.Itoa(n)
	}
	return t.Test
}

// needed counts the items that a test saw and that needed the control.
func (t TestedControl) needed() int { return t.Extent.Tested - t.Exempt }

func (t TestedControl) standing() Run {
	switch {
	case t.Outcome == DidNotOccur:
		return mark(MarkNone, "Did not occur in the period")
	case t.Outcome == NotTested:
		return mark(MarkGap, "Not tested")
	case t.Deviating > 0:
		return mark(MarkDeviation, "Deviations")
	}
	return mark(MarkPass, "No deviation found")
}

// short says of how many items in a word or two: how many were tested stands beside it.
func (x Extent) short(id string) Runs {
	switch x.Kind {
	case Whole:
		return Runs{say("Whole population")}
	case Sampled:
		return Runs{figureOf(x.Tested, x.Population, id), say(" selected")}
	}
	return Runs{say("One instance")}
}

// runs says of how many items.
func (x Extent) runs(id string) Runs {
	switch x.Kind {
	case Whole:
		return Runs{say("The whole population, "), figure(x.Population, id), say(" " + one(x.Population, "item", "items"))}
	case Sampled:
		return Runs{say("A selection, "), figureOf(x.Tested, x.Population, id), say(" " + one(x.Population, "item", "items") + ", by "), data(x.Method)}
	}
	rs := Runs{say("One instance")}
	if x.Reason != "" {
		rs = append(rs, say(": "), data(x.Reason))
	}
	return rs
}

// tested is one test of one control by the auditor.
func (b *builder) tested(t TestedControl, id string, n int) {
	title := "Test of the service auditor"
	if b.severalTests(t.Control) {
		title += " " + strings.TrimPrefix(t.name(n), "Test ")
	}
	if t.Version > 0 {
		title += ", version " + strconv.Itoa(t.Version) + " of the control"
	}
	if t.From != 0 && t.To != 0 {
		title += ", " + t.From.Long() + " to " + t.To.Long()
	}
	b.heading(3, id, title)
	tab := &Table{ID: id + "-procedures", Caption: Runs{say("Procedures of test "), data(choose(t.Test == "", t.Control, t.Test))},
		Columns: []Column{{Title: "Procedure", Narrow: true}, {Title: "What was done", Wide: true}}}
	for _, p := range t.Procedures {
		tab.Rows = append(tab.Rows, Row{Cells: []Runs{{say(ProcedureWord(p.Kind))}, {data(p.Text)}}})
	}
	if len(tab.Rows) > 0 {
		b.add(Block{Table: tab})
	}
	items := []Term{{"Result", b.resultOfAuditor(t, id)}}
	if t.Outcome == TestRun {
		extent := t.Extent.runs(id)
		if t.Exempt > 0 {
			extent = append(extent, say("; of these "), figure(t.Exempt, id), say(" did not need the control"))
		}
		items = append([]Term{{"Extent", extent}}, items...)
		if t.Extent.Completely != "" {
			items = append(items, Term{"Population", Runs{data(t.Extent.Completely)}})
		}
	}
	for _, r := range t.Reservations {
		rs := Runs{data(r.Text)}
		if r.Reason != "" {
			rs = append(rs, say(" The conclusion rests on it nevertheless: "), data(r.Reason))
		}
		items = append(items, Term{"Reservation", rs})
	}
	b.add(Block{Terms: &Terms{Items: items}})
	b.attributesOfAuditor(t, id)
	for _, note := range t.Notes {
		b.para(data(note))
	}
}

// ProcedureWord names a procedure.
func ProcedureWord(k ProcedureKind) string {
	if k == "" {
		return ""
	}
	return strings.ToUpper(string(k[:1])) + string(k[1:])
}

// resultOfAuditor gives the number of items tested and of those that deviate, whether or not anything follows from it.
func (b *builder) resultOfAuditor(t TestedControl, id string) Runs {
	switch t.Outcome {
	case DidNotOccur:
		return Runs{t.standing(), say(": the operation of this control was not tested. "), data(t.Why)}
	case NotTested:
		return Runs{t.standing(), say(": "), data(t.Why)}
	}
	n := t.needed()
	if t.Deviating == 0 {
		return Runs{t.standing(), say(" in "), figure(n, id), say(" " + one(n, "item", "items") + " tested.")}
	}
	out := Runs{t.standing(), say(": "), figureOf(t.Deviating, n, id), say(" " + one(n, "item", "items") + " tested " + one(t.Deviating, "deviates.", "deviate."))}
	for _, x := range b.exceptions().by(t) {
		out = append(out, say(" See exception "), link(x.ID, "#exception-"+slug(x.ID)), say("."))
	}
	return out
}

func (b *builder) attributesOfAuditor(t TestedControl, id string) {
	if len(t.Attributes) == 0 || t.Outcome != TestRun {
		return
	}
	tab := &Table{ID: id + "-attributes", Caption: Runs{say("Attributes of each item, and how many items failed each")},
		Columns: []Column{{Title: "", Narrow: true}, {Title: "Attribute", Wide: true}, {Title: "Deviations", Number: true}}}
	for _, a := range t.Attributes {
		tab.Rows = append(tab.Rows, Row{Cells: []Runs{{data(a.ID)}, {data(a.Text)}, {figure(a.Deviating, id)}}})
	}
	b.add(Block{Table: tab})
}

// disclosed is an examination's exceptions, found by what they tell of.
type disclosed struct {
	list     []*Exception // of the controls that the report speaks of
	of       map[string][]*Exception
	ofTest   map[[2]string][]*Exception
	deviate  map[[2]string]bool // control and test, or control alone: a test of it found deviations
	nameless map[string]bool    // control -> a test without a name found deviations
	tests    map[string]int     // control -> how many tests it has
}

// exceptions are those of the controls that the report speaks of. There may be thousands: they are sorted once.
func (b *builder) exceptions() *disclosed {
	if b.told != nil {
		return b.told
	}
	e := b.f.Examination
	d := &disclosed{of: map[string][]*Exception{}, ofTest: map[[2]string][]*Exception{}, deviate: map[[2]string]bool{}, nameless: map[string]bool{}, tests: map[string]int{}}
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		if b.f.knows(x.Control) {
			d.list = append(d.list, x)
			d.of[x.Control] = append(d.of[x.Control], x)
			d.ofTest[[2]string{x.Control, x.Test}] = append(d.ofTest[[2]string{x.Control, x.Test}], x)
		}
	}
	for i := range e.Tests {
		d.tests[e.Tests[i].Control]++
		if t := &e.Tests[i]; t.Deviating > 0 {
			d.deviate[[2]string{t.Control, t.Test}], d.deviate[[2]string{t.Control}] = true, true
			d.nameless[t.Control] = d.nameless[t.Control] || t.Test == ""
		}
	}
	b.told = d
	return d
}

// by are the exceptions that tell of a test. One that names no test is of any of its control.
func (d *disclosed) by(t TestedControl) []*Exception {
	if t.Test == "" {
		return d.of[t.Control]
	}
	return slices.Concat(d.ofTest[[2]string{t.Control, t.Test}], d.ofTest[[2]string{t.Control}])
}

// found reports whether a test found what an exception tells of.
func (d *disclosed) found(x *Exception) bool {
	return d.deviate[[2]string{x.Control, x.Test}] || x.Test == "" && d.deviate[[2]string{x.Control}] || d.nameless[x.Control]
}

// exception is disclosed whether or not it modifies anything.
func (b *builder) exception(x *Exception) {
	id := "exception-" + slug(x.ID)
	b.add(Block{Heading: &Heading{ID: id, Level: 3, Label: x.ID, Text: "Exception of " + x.Control}})
	b.para(data(x.Text))
	items := []Term{{"Deviations", Runs{figureOf(x.Deviating, x.Tested, id), say(" " + one(x.Tested, "item", "items") + " tested")}}}
	put := func(name, text string) {
		if text != "" {
			items = append(items, Term{name, Runs{data(Sentence(text))}})
		}
	}
	put("Nature", x.Nature)
	put("Cause", strings.ReplaceAll(x.Cause, "_", " "))
	put("Isolated or systemic", x.Spread)
	if affects := b.inScope(x.Affects); len(affects) > 0 {
		items = append(items, Term{choose(b.form.Family == "soc1", "Objectives affected", "Criteria affected"), b.criterionLinks(affects)})
	}
	if c := x.Compensating; c != nil {
		items = append(items, Term{"Compensating control", b.compensating(c)})
	}
	said := Runs{say("No response is recorded.")}
	if x.Response != "" {
		said = Runs{data(x.Response), say(" (Not examined.)")}
	}
	b.add(Block{Terms: &Terms{Items: append(items, Term{"Management's response", said})}})
}

// inScope leaves out what another report over the same control is held against (handbook E58).
func (b *builder) inScope(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return !slices.ContainsFunc(b.f.Criteria, func(c assure.Criterion) bool { return c.ID == id })
	})
}

func (b *builder) compensating(c *Compensating) Runs {
	rs := append(b.controlLinks([]string{c.Control}), say(": "))
	if c.Counts() {
		rs = append(rs, say("tested, in force when the deviations happened, and described."))
	} else {
		var lacks []string
		for _, x := range []struct {
			ok   bool
			what string
		}{{c.Tested, "not tested"}, {c.InForce, "not in force when the deviations happened"}, {c.Described, "not in the description"}} {
			if !x.ok {
				lacks = append(lacks, x.what)
			}
		}
		rs = append(rs, say("not relied upon, because it was "+names(lacks)+"."))
	}
	if c.Text != "" {
		rs = append(rs, say(" "), data(c.Text))
	}
	if c.FallsShort != "" {
		rs = append(rs, say(" It falls short: "), data(c.FallsShort))
	}
	return rs
}

// events are those after the period or the date of which readers are told.
func (b *builder) events() {
	e := b.f.Examination
	if e == nil || len(e.Events) == 0 {
		return
	}
	after := choose(b.form.typeTwo(), "the end of the period", "the date of the description")
	b.heading(1, "subsequent-events", "Events after "+after)
	b.para(ref("subsequent"), say(" lists what became known after "+after+" and before the report was dated."))
	t := &Table{ID: "subsequent", Caption: Runs{say("Events after " + after + " and not after the date of the service auditor's report")},
		Columns: []Column{{Title: "On"}, {Title: "What happened", Wide: true}, {Title: "What it shows"}}}
	for _, x := range e.Events {
		kind := "A condition that is new"
		if x.Existed {
			kind = "A condition that existed before"
		}
		t.Rows = append(t.Rows, Row{Cells: []Runs{{say(x.On.Long())}, {data(strings.TrimSpace(x.Text + " " + x.Effect))}, {say(kind)}}})
	}
	b.add(Block{Table: t})
}

// otherInformation is section V: management's responses and plans, which nobody examined.
func (b *builder) otherInformation(p part) {
	b.add(Block{Note: &Note{Tone: Warn, Title: "Not examined", Text: Runs{say("Management gives the information in this section. It was not examined, and the service auditor's opinion does not cover it.")}}})
	t := &Table{ID: "responses", Caption: Runs{say("Responses and plans of management, as it states them")},
		Columns: []Column{{Title: "Exception"}, {Title: "Control"}, {Title: "Response", Wide: true}, {Title: "Plan", Wide: true}, {Title: "Given by"}}}
	for _, x := range b.exceptions().list {
		if x.Response != "" || x.Plan != "" {
			t.Rows = append(t.Rows, Row{Cells: []Runs{{data(x.ID)}, {data(x.Control)}, {data(x.Response)}, {data(x.Plan)}, {data(x.ResponseBy)}}})
		}
	}
	if len(t.Rows) == 0 {
		b.para(say("Management adds no other information."))
		return
	}
	b.heading(1, "other-responses", "Management's responses to exceptions")
	b.para(ref(t.ID), say(" repeats what management answered to each exception of section IV, with what it means to do where it said so."))
	b.add(Block{Table: fitting(t, "Plan", "Response", "Given by")})
}

// inclusiveAssertions tell who else asserts: subservice organizations that are part of the description.
func (b *builder) inclusiveAssertions() {
	for _, p := range b.f.Examination.Inclusive {
		if p.Asserted == 0 {
			continue
		}
		b.para(data(p.Name), say(", whose part of the system is included, gave "+b.fields()["anassertion"].Text+" of its own on "+p.Asserted.Long()), data(signedBy(p.AssertedBy)), say("."))
	}
}

func signedBy(who string) string {
	if who == "" {
		return ""
	}
	return ", signed by " + who
}

// Sentence is a word or more that begins with a capital letter, as a line of its own does.
func Sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
