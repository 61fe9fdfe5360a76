package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// controlsOnly is section IV of a Type 1: controls, and no result of any test of operation.
func (b *builder) controlsOnly() {
	examined := b.f.Examination != nil
	text := "This section lists controls as of one date. It gives no test of their operation and no result of one. "
	if !examined {
		text += "Whether each control is suitably designed, and a walkthrough of one instance that shows it in place, are concluded by the service auditor."
	}
	b.add(Block{Note: &Note{Tone: Warn, Title: "Design and implementation only", Text: Runs{say(strings.TrimSpace(text))}}})
	b.criteria()
	b.heading(1, "controls", "Controls")
	b.inOrder(func(c assure.Control) {
		b.controlHead(c, nil)
		if !examined {
			b.walked(c)
		}
	})
	if len(b.f.Controls) == 0 {
		b.para(say("The program holds no control yet."))
	}
}

// Walk is a walkthrough of one instance of a control: what shows it in place (handbook 4.1).
type Walk struct {
	On      civil.Date
	By      string
	Item    string
	Differs string // what was seen and is not as the control says; empty when it is
}

func (b *builder) walked(c assure.Control) {
	w, ok := b.f.Walked[c.ID]
	if !ok {
		b.add(Block{Note: &Note{Tone: Owed, Title: "Implementation", Text: Runs{say("No walkthrough is recorded yet.")}}})
		b.open("implementation", "control-"+slug(c.ID), data(c.ID), say(": a walkthrough of one instance is not recorded."))
		return
	}
	text := Runs{say("Walked through on " + w.On.Long() + " by "), data(w.By), say(": "), data(w.Item)}
	tone := Info
	if w.Differs != "" {
		tone = Warn
		text = append(text, say(". What was seen differs from what is described: "), data(w.Differs))
		b.open("implementation", "control-"+slug(c.ID), data(c.ID), say(": the walkthrough saw something else than is described."))
	}
	b.add(Block{Note: &Note{Tone: tone, Title: "Implementation", Text: text}})
}

// tests is section IV of a Type 2: control, test, result.
func (b *builder) tests() {
	b.add(Block{Note: &Note{Tone: Warn, Title: "Management's own tests", Text: Runs{
		say("Each test below was run by the service organization over every item of its population, not over a sample, so its figures carry no sampling risk. " +
			"A deviation is a fact about one item. Whether deviations become an exception, and what follows from it, is concluded by the service auditor, who has not yet reperformed these tests."),
	}}})
	b.glance()
	b.heatMap()
	b.overTime()
	b.criteria()
	b.heading(1, "controls", "Controls, tests and results")
	b.inOrder(func(c assure.Control) {
		ts := b.resultsOf(c.ID)
		b.controlHead(c, ts)
		for _, t := range ts {
			b.test(t, len(ts) > 1)
		}
		if len(ts) == 0 {
			b.add(Block{Note: &Note{Tone: Warn, Title: "Not tested", Text: Runs{say("No test of this control was run for the period.")}}})
			b.open("test", "control-"+slug(c.ID), data(c.ID), say(" has no test for the period."))
		}
	})
	if len(b.f.Controls) == 0 {
		b.para(say("The program holds no control yet."))
	}
}

func (b *builder) resultsOf(control string) []assure.TestResult {
	var out []assure.TestResult
	for _, t := range b.f.Results.Controls {
		if t.Control == control {
			out = append(out, t)
		}
	}
	return out
}

// glance is the table of all tests: the worst mark, the figures and the completeness beside them.
func (b *builder) glance() {
	b.heading(1, "results", "Results at a glance")
	t := &Table{ID: "results-table", Columns: []Column{
		{Title: "Control", Wide: true}, {Title: "Result"}, {Title: "Deviations of items tested", Number: true},
		{Title: "Undecided", Number: true}, {Title: "Not applicable", Number: true},
		{Title: "Population", Number: true}, {Title: "Completeness"},
	}}
	tested := 0
	for _, c := range b.f.Controls {
		ts := b.resultsOf(c.ID)
		if slices.ContainsFunc(ts, func(r assure.TestResult) bool { return r.Outcome != assure.Blocked }) {
			tested++
		}
		for _, r := range ts {
			t.Rows = append(t.Rows, b.glanceRow(c, r, len(ts) > 1))
		}
		if len(ts) == 0 {
			t.Rows = append(t.Rows, Row{Cells: []Runs{{link(c.ID, "#control-"+slug(c.ID)), data(" " + c.Title)}, {mark(MarkGap, "Not tested")}, {}, {}, {}, {}, {}}})
		}
	}
	t.Caption = Runs{say("Tests of the whole population; "), figureOf(tested, len(b.f.Controls), t.ID), say(" " + one(len(b.f.Controls), "control was", "controls were") + " tested")}
	b.para(ref(t.ID), say(" gives the result of every test, control by control."))
	b.add(Block{Table: t})
}

func (b *builder) glanceRow(c assure.Control, r assure.TestResult, several bool) Row {
	id, s := testID(r), StandingOf(r)
	name := Runs{link(c.ID, "#control-"+slug(c.ID)), data(" " + c.Title)}
	if several { // or the rows of one control could not be told apart
		name = append(name, say(" · "), link(r.Test, "#test-"+id))
		if r.Version > 1 {
			name = append(name, Run{Text: ", version " + strconv.Itoa(r.Version), Quiet: true})
		}
	}
	row := Row{Cells: []Runs{name, {mark(s.Mark(), s.Word())}}}
	if r.Outcome == assure.Blocked {
		row.Cells = append(row.Cells, Runs{}, Runs{}, Runs{}, Runs{}, completenessWord(r))
		return row
	}
	row.Cells = append(row.Cells,
		Runs{figureOf(r.Deviating, tested(r), at(r.Deviating, "deviations-", id))},
		Runs{figure(r.Undecided, at(r.Undecided, "undecided-", id))},
		Runs{figure(r.NotApplicable, "population-"+id)},
		Runs{population(r, id)},
		completenessWord(r))
	return row
}

// controlHead is what the control says, and the facts that a reader needs beside it.
func (b *builder) controlHead(c assure.Control, ts []assure.TestResult) {
	h := &Heading{ID: "control-" + slug(c.ID), Level: 2, Label: c.ID, Text: c.Title}
	if s, ok := Worst(ts); ok {
		h.Mark, h.Word = s.Mark(), s.Word()
	}
	b.add(Block{Heading: h})
	b.add(Block{Statement: &Statement{Label: "The control, as management states it", Text: Runs{data(c.Statement)}}})
	terms := []Term{
		{"Owner", Runs{data(c.Owner)}},
		{"Frequency", Runs{say(FrequencyWords(c.Frequency))}},
		{"Nature", Runs{data(Sentence(c.Nature) + ", " + c.Type)}},
		{b.heldAgainst(), b.criteriaOf(c)},
		{"Evidence", Runs{data(Sentence(join(c.EvidenceTypes)))}},
	}
	b.add(Block{Terms: &Terms{Items: terms}})
}

func (b *builder) criteriaOf(c assure.Control) Runs {
	var out Runs
	for _, id := range b.form.serves(c) {
		if !slices.ContainsFunc(b.f.Criteria, func(cr assure.Criterion) bool { return cr.ID == id }) {
			continue
		}
		if len(out) > 0 {
			out = append(out, say(", "))
		}
		out = append(out, link(id, "#criterion-"+slug(id)))
	}
	if len(out) == 0 {
		return Runs{say("none of those in scope")}
	}
	return out
}

// testID is the part of an anchor that names one test of one version of a control.
func testID(t assure.TestResult) string { return slug(t.Test) + "-v" + strconv.Itoa(t.Version) }

// tested counts the items that needed the control.
func tested(t assure.TestResult) int { return t.Population - t.NotApplicable }

// at names the list of the items that a figure counts; of no items, the population.
func at(n int, prefix, id string) string {
	if n == 0 {
		return "population-" + id
	}
	return prefix + id
}

// notShown stands beside every figure of a population that no check has shown to be whole.
const notShown = "completeness not shown"

func population(t assure.TestResult, id string) Run {
	r := figure(t.Population, "population-"+id)
	if !t.Complete() {
		r.Figure.Caveat = notShown
	}
	return r
}

func completenessWord(t assure.TestResult) Runs {
	w, _ := t.Wholeness()
	return Runs{mark(CompletenessMark(w), w.Word())}
}
