package report

import "slices"

// applicability is the statement of applicability of ISO/IEC 27001, clause 6.1.3 d: for every control of Annex A whether it
// is necessary, why, whether it is implemented, and why not where it is left out. What serves a control is drawn from the
// mapping; "implemented" is drawn from the dates of those controls, not from a tick.
func (b *builder) applicability() {
	b.heading(1, "criteria", "Controls of Annex A")
	b.para(ref("criteria-table"), say(" states for every control of Annex A whether it is necessary, why, and whether it is implemented. Controls are named by their published identifiers and in our own words; the text of the standard is not reproduced."))
	t := &Table{ID: "criteria-table", Columns: []Column{{Title: "Control", Narrow: true}, {Title: "Subject", Wide: true}, {Title: "Necessary", Narrow: true},
		{Title: "Why included or excluded", Wide: true}, {Title: "Implemented", Narrow: true}, {Title: "Served by"}}}
	necessary, implemented, unreasoned := 0, 0, 0
	for _, cr := range b.f.Criteria {
		own := b.serving(cr.ID)
		reason := b.f.About.Applicability[cr.ID]
		row := Row{ID: "criterion-" + slug(cr.ID)}
		in, state := mark(MarkPass, "Yes"), Runs{mark(MarkNA, "–")}
		var why Runs
		switch {
		case reason.Excluded != "":
			in, why = mark(MarkNA, "No"), Runs{data(reason.Excluded)}
		case len(own) == 0:
			unreasoned++
			in, why = mark(MarkGap, "Open"), Runs{say("Neither a control that serves it nor a reason to leave it out.")}
		default:
			necessary++
			why = Runs{say("Treats risks that " + Plural(len(own), "control", "controls") + " of the program address")}
			if reason.Included != "" {
				why = Runs{data(reason.Included)}
			}
			if b.all(own) {
				implemented++
				state = Runs{mark(MarkPass, "Yes")}
			} else {
				state = Runs{mark(MarkUndecided, "In part")}
				if !slices.ContainsFunc(own, func(id string) bool { return b.f.Implemented[id] }) {
					state = Runs{mark(MarkGap, "No")}
				}
			}
		}
		served := Runs{}
		if len(own) > 0 {
			served = b.controlLinks(own)
		}
		row.Cells = []Runs{{data(cr.ID)}, {data(cr.Title)}, {in}, why, state, served}
		t.Rows = append(t.Rows, row)
	}
	n := len(b.f.Criteria)
	t.Caption = Runs{say("Annex A: "), figureOf(necessary, n, t.ID), say(" controls are necessary, "), figureOf(implemented, n, t.ID), say(" are implemented in full")}
	b.add(Block{Table: t})
	if unreasoned > 0 {
		b.open("criterion", t.ID, figureOf(unreasoned, n, t.ID), say(" controls of Annex A have neither a control that serves them nor a reason to leave them out."))
	}
	b.heading(1, "controls", "Controls of the organization")
	b.para(say("The controls below serve the controls of Annex A. A control of the organization may serve several."))
	for _, c := range b.f.Controls {
		b.controlHead(c, nil)
	}
}

// serving lists the controls that serve a control of Annex A.
func (b *builder) serving(id string) []string {
	var out []string
	for _, c := range b.f.Controls {
		if slices.Contains(c.ISO27001, id) {
			out = append(out, c.ID)
		}
	}
	return out
}

func (b *builder) all(ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !b.f.Implemented[id] })
}
