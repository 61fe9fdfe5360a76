package report

import (
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// test is one test of one version of a control: what was asked, of what, and what came out.
func (b *builder) test(t assure.TestResult, several bool) {
	id := testID(t)
	title := "Test"
	if several {
		title = "Test " + t.Test + ", version " + strconv.Itoa(t.Version) + ", " + t.From.Long() + " to " + t.To.Long()
	}
	b.heading(3, "test-"+id, title)
	if t.Sentence != "" {
		first, rest, _ := strings.Cut(t.Sentence, "\n")
		b.para(data(first))
		var list []Runs
		for _, line := range strings.Split(rest, "\n") {
			if line != "" {
				list = append(list, Runs{data(line)})
			}
		}
		if len(list) > 0 {
			b.add(Block{List: list})
		}
	}
	if t.Outcome == assure.Blocked {
		b.add(Block{Note: &Note{Tone: Warn, Title: "Blocked: this test could not be run", Text: Runs{data(t.Blocked)}}})
		b.heading(3, "population-"+id, "Population and completeness")
		b.checks(t, id)
		b.open("blocked", "test-"+id, data(t.Control), say(": the test could not be run."))
		return
	}
	b.add(Block{Paragraph: b.result(t, id)})
	b.attributes(t, id)
	for _, n := range t.Notes {
		b.para(data(n))
	}
	b.populationPart(t, id)
	b.findings(t, id, assure.Deviation)
	b.findings(t, id, assure.Undecided)
	b.items(t, id)
	b.pointsOf(t, id)
}

// result is the sentence of the result. It never says that all is well while something is
// undecided or unproven (handbook E16, E75).
func (b *builder) result(t assure.TestResult, id string) Runs {
	switch t.Outcome {
	case assure.NoOccurrence:
		return Runs{mark(MarkNone, "Result:"), say(" the event did not occur in the period, so the operation of this control was not tested. This is neither a pass nor a failure; a completeness check shows that the population is empty.")}
	case assure.Gap:
		return Runs{mark(MarkGap, "Result:"), say(" the population is empty and nothing shows that it should be. This is a gap, not a pass.")}
	}
	s := StandingOf(t)
	out := Runs{mark(s.Mark(), "Result:"), say(" ")}
	n := tested(t)
	switch {
	case t.Deviating > 0:
		out = append(out, figureOf(t.Deviating, n, "deviations-"+id), say(" "+one(n, "item", "items")+" tested "+one(t.Deviating, "deviates.", "deviate.")))
	case t.Undecided > 0:
		out = append(out, say("no deviation was found among the items that could be decided, "), figureOf(t.Passed, n, "population-"+id), say("."))
	default:
		out = append(out, say("no deviation was found; "), figureOf(t.Passed, n, "population-"+id), say(" "+one(n, "item", "items")+" tested passed."))
	}
	if t.Undecided > 0 {
		out = append(out, say(" "), figureOf(t.Undecided, n, "undecided-"+id), say(" could not be decided, because a field or a source is missing; they are listed apart."))
	}
	out = append(out, say(" The population holds "), population(t, id), say(" "+one(t.Population, "item", "items")))
	if t.NotApplicable > 0 {
		out = append(out, say(", of which "), figure(t.NotApplicable, "population-"+id), say(" did not need the control"))
	}
	return append(out, say("."))
}

func one(n int, single, many string) string {
	if n == 1 {
		return single
	}
	return many
}

func (b *builder) attributes(t assure.TestResult, id string) {
	if len(t.Attributes) == 0 || t.Population == 0 {
		return
	}
	tab := &Table{ID: "attributes-" + id, Caption: Runs{say("Attributes tested on "), figureOf(tested(t), t.Population, "population-"+id), say(" " + one(t.Population, "item", "items") + "; one that fails several counts in each of their rows")},
		Columns: []Column{{Title: "", Narrow: true}, {Title: "Attribute", Wide: true}, {Title: "Deviations", Number: true}, {Title: "Undecided", Number: true}}}
	for _, a := range t.Attributes {
		tab.Rows = append(tab.Rows, Row{Cells: []Runs{{data(a.ID)}, {data(a.Text)},
			{figure(a.Deviations, at(min(a.Deviations, t.Deviating), "deviations-", id))},
			{figure(a.Undecided, b.undecidedAt(t, a, id))}}})
	}
	b.add(Block{Table: tab})
}

// undecidedAt names the list in which an item with an undecided attribute stands: an item
// that also deviates is listed among the deviations.
func (b *builder) undecidedAt(t assure.TestResult, a assure.Attribute, id string) string {
	switch {
	case a.Undecided == 0:
		return "population-" + id
	case t.Undecided > 0:
		return "undecided-" + id
	}
	return at(t.Deviating, "deviations-", id)
}

func (b *builder) populationPart(t assure.TestResult, id string) {
	b.heading(3, "population-"+id, "Population and completeness")
	rs := Runs{population(t, id), say(" " + one(t.Population, "item", "items") + ": "),
		figure(t.Passed, at(len(t.Items), "items-", id)), say(" passed, "),
		figure(t.Deviating, at(t.Deviating, "deviations-", id)), say(" deviating, "),
		figure(t.Undecided, at(t.Undecided, "undecided-", id)), say(" undecided, "),
		figure(t.NotApplicable, at(len(t.Items), "items-", id)), say(" not applicable.")}
	if t.InProgress > 0 {
		rs = append(rs, say(" Outside the population, "), figure(t.InProgress, "population-"+id), say(" "+one(t.InProgress, "item is", "items are")+" running and due later."))
	}
	b.add(Block{Paragraph: rs})
	if t.Resolution != "" {
		b.add(Block{Note: &Note{Tone: Info, Title: "Resolution", Text: Runs{data(t.Resolution), say(" Between two observations nothing is proven.")}}})
	}
	if len(t.Months) > 0 && t.Population > 0 {
		c := &Chart{ID: "months-" + id, Caption: Runs{say("Items by the local month to which they belong, "), figure(t.Population, "population-"+id), say(" in all")}}
		if !t.Complete() {
			c.Caption = append(c.Caption, say(" ("+notShown+")"))
		}
		for _, m := range t.Months {
			c.Bars = append(c.Bars, Bar{m.Month, m.Population, m.Deviating, m.Undecided})
		}
		b.add(Block{Chart: c})
	}
	b.checks(t, id)
}

// checks prints every completeness and accuracy check, those that are missing included.
func (b *builder) checks(t assure.TestResult, id string) {
	if why, short := CompletenessNote(t); why != "" {
		b.add(Block{Note: &Note{Tone: Warn, Title: short, Text: Runs{say(why)}}})
	}
	if len(t.Completeness) == 0 {
		return
	}
	passed := 0
	tab := &Table{ID: "checks-" + id, Columns: []Column{{Title: "Check"}, {Title: "Register"}, {Title: "Status"}, {Title: "What was found", Wide: true}}}
	for _, c := range t.Completeness {
		if c.Status == assure.Passed {
			passed++
		}
		tab.Rows = append(tab.Rows, Row{Cells: []Runs{{data(c.Check), say(" " + CheckName(c.Check))}, {code(c.Register)},
			{mark(CheckMark(c.Status), CheckWord(c.Status))}, {data(c.Detail)}}})
	}
	tab.Caption = Runs{say("Completeness and accuracy of the population: "), figureOf(passed, len(t.Completeness), tab.ID), say(" checks passed")}
	b.add(Block{Table: tab})
}

// CompletenessNote says what it means that a population is not shown to be whole, or that a check
// failed, and heads that; both are empty where there is nothing to say.
func CompletenessNote(t assure.TestResult) (text, title string) {
	word, _ := t.Wholeness()
	switch word {
	case assure.NotShown:
		return "No completeness check of this population passed. Items that never reached the records cannot be seen by this test.", "Completeness not shown"
	case assure.CheckFailed:
		return "A completeness check of this population failed. Items that never reached the records cannot be seen by this test.", "Completeness not shown: a check failed"
	case assure.ShownDoubts:
		return "The population is shown to be whole, but another check failed: of the accuracy of its records, or of a register that the test also reads. Verdicts that rest on these may be wrong.", "A check failed"
	}
	return "", ""
}

// findings lists the items of one verdict, each with its reason and the records it rests on.
func (b *builder) findings(t assure.TestResult, id string, v assure.Verdict) {
	prefix, name, total := "deviations-", "Deviations", t.Deviating
	if v == assure.Undecided {
		prefix, name, total = "undecided-", "Undecided items", t.Undecided
	}
	if total == 0 {
		return
	}
	tab := &Table{ID: prefix + id, Total: total, All: b.f.Findings(t), Fold: total > 25,
		Columns: []Column{{Title: "Item"}, {Title: "Attributes", Narrow: true}, {Title: "Reason", Wide: true}, {Title: "Event time"}, {Title: "Records"}}}
	answered := v == assure.Deviation && b.answered(t) > 0
	if answered {
		tab.Columns = append(tab.Columns, Column{Title: "Management's response", Wide: true})
	}
	for _, f := range t.Findings {
		if f.Verdict != v {
			continue
		}
		if tab.Shown == b.f.Rows {
			break
		}
		tab.Shown++
		tab.Rows = append(tab.Rows, Row{ID: "item-" + id + "-" + digest(f.Key), Cells: []Runs{
			{code(f.Key)}, {data(strings.Join(f.Attributes, ", "))}, {data(f.Reason)},
			{data(Moment(f.EventTime, b.zone))}, recordNames(f.Records)}})
		if row := &tab.Rows[len(tab.Rows)-1]; answered {
			row.Cells = append(row.Cells, b.f.Answers[ItemRef{t.Test, f.Key}].runs())
		}
	}
	tab.Caption = Runs{say(name + " of "), data(t.Test), say(": "), figureOf(total, tested(t), tab.ID), say(" items tested")}
	b.add(Block{Table: tab})
}

func recordNames(names []string) Runs {
	const most = 6
	var out Runs
	for i, n := range names {
		if i == most {
			return append(out, say(" and "+Count(len(names)-most)+" more"))
		}
		if i > 0 {
			out = append(out, say(" "))
		}
		out = append(out, code(n))
	}
	return out
}

// items lists what else the population holds, where the results carry it.
func (b *builder) items(t assure.TestResult, id string) {
	if len(t.Items) == 0 {
		return
	}
	tab := &Table{ID: "items-" + id, Total: len(t.Items), All: "results.json", Fold: len(t.Items) > 25,
		Columns: []Column{{Title: "Item", Wide: true}, {Title: "Verdict"}, {Title: "Event time"}}}
	for _, it := range t.Items[:min(len(t.Items), b.f.Rows)] {
		tab.Rows = append(tab.Rows, Row{Cells: []Runs{{code(it.Key)}, {mark(VerdictMark(it.Verdict), VerdictWord(it.Verdict))}, {data(Moment(it.EventTime, b.zone))}}})
	}
	tab.Shown = len(tab.Rows)
	tab.Caption = Runs{say("Items of the population: "), figureOf(len(t.Items), t.Population, tab.ID)}
	b.add(Block{Table: tab})
}

func (b *builder) pointsOf(t assure.TestResult, id string) {
	who := data(t.Test)
	if t.Outcome == assure.Gap {
		b.open("gap", "test-"+id, who, say(": the population is empty and nothing shows that it should be."))
	}
	word, failed := t.Wholeness()
	if word == assure.NotShown {
		b.open("completeness", "population-"+id, who, say(": no completeness check of the population passed."))
	}
	for _, c := range failed {
		rs := Runs{who, say(": the check "), data(c.Check), say(" " + CheckName(c.Check))}
		if c.Register != "" {
			rs = append(rs, say(" of "), code(c.Register))
		}
		b.open("completeness", "population-"+id, append(rs, say(" failed: "), data(c.Detail))...)
	}
	if t.Undecided > 0 {
		b.open("undecided", "undecided-"+id, who, say(": "), figureOf(t.Undecided, tested(t), "undecided-"+id), say(" items could not be decided."))
	}
	if n := t.Deviating - b.answered(t); n > 0 {
		b.open("response", "deviations-"+id, who, say(": "), figureOf(n, tested(t), "deviations-"+id), say(" items "+one(n, "deviates", "deviate")+"; causes and management's responses are not recorded."))
	}
}
