package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// description is section III: what the program knows of the system, and what management
// still has to write.
func (b *builder) description(p part) {
	b.add(Block{Note: &Note{Tone: Owed, Title: "To be completed by " + p.By, Text: Runs{say(p.Says)}}})
	b.heading(1, "system", "The system, as far as it is known")
	terms := []Term{
		{"Service organization", Runs{data(b.f.Organization)}},
		{"System", Runs{data(b.f.System)}},
		{"Zone", Runs{data(b.zone.String()), say(". Days begin and end at local midnight.")}},
		{"Categories", Runs{say(words(b.f.Categories))}},
		{"Criteria in scope", Runs{figure(len(b.f.Criteria), "criteria")}},
		{"Controls", Runs{figure(len(b.f.Controls), "criteria")}},
	}
	b.add(Block{Terms: &Terms{Items: slices.Concat(terms[:2], b.whenTerms(), terms[2:])}})
	b.systems()
	b.descriptionCriteria(p)
}

func (b *builder) whenTerms() []Term {
	switch w := b.f.When.(type) {
	case AsOf:
		return []Term{{"As of", Runs{say(w.Date.Long() + ", which means until the end of that local day (" +
			Moment(w.Until().String(), w.Zone) + ")")}}}
	case Throughout:
		return []Term{{"Period", Runs{say(w.From.Long() + " to " + w.To.Long() + ", both days included")}}}
	}
	return nil
}

func (b *builder) systems() {
	if len(b.f.Systems) == 0 {
		return
	}
	t := &Table{ID: "systems", Caption: Runs{say("Systems inside the boundary")},
		Columns: []Column{{Title: "System"}, {Title: "Kind"}, {Title: "Environment"}, {Title: "Owner"}}}
	for _, s := range b.f.Systems {
		t.Rows = append(t.Rows, Row{Cells: []Runs{{code(s.Name)}, {data(s.Kind)}, {data(s.Environment)}, {data(s.Owner)}}})
	}
	t.Shown, t.Total = len(t.Rows), len(t.Rows)
	b.add(Block{Table: t})
}

func (b *builder) descriptionCriteria(p part) {
	t := &Table{ID: "description", Columns: []Column{{Title: "Part", Narrow: true}, {Title: "Subject", Wide: true}, {Title: "What is known so far", Wide: true}}}
	known := 0
	for _, d := range p.Description {
		state := Runs{mark(MarkGap, "To be written")}
		switch {
		case d.Known == "controls" && len(b.f.Controls) > 0:
			known++
			state = Runs{mark(MarkPass, ""), say(" "), figure(len(b.f.Controls), "criteria"), say(" controls, in section IV")}
		case d.Known == "systems" && len(b.f.Systems) > 0:
			state = Runs{mark(MarkUndecided, ""), say(" "), figure(len(b.f.Systems), "systems"), say(" systems; people, procedures and data to be written")}
		case d.Known == "reasons" && len(b.f.Reasons) > 0:
			known++
			state = Runs{mark(MarkPass, ""), say(" "), figure(len(b.f.Reasons), "criteria"), say(" with a reason, in section IV")}
		}
		t.Rows = append(t.Rows, Row{Cells: []Runs{{say(d.ID)}, {say(d.Title)}, state}})
	}
	n := len(p.Description)
	t.Caption = Runs{say("Parts of the description: " + strconv.Itoa(known) + " of " + strconv.Itoa(n) + " can be drawn from the program")}
	b.add(Block{Table: t})
	b.open("description", "description", say("The description lacks "+Plural(n-known, "part", "parts")+" that management writes."))
}

// criteria is the table of criteria and their controls. A criterion with neither control nor
// reason is an open point: the report could not be issued with it.
func (b *builder) criteria() {
	b.heading(1, "criteria", "Criteria and the controls that serve them")
	b.para(say("Criteria are given in our own words and named by their published identifiers; the official text is not reproduced."))
	t := &Table{ID: "criteria-table", Columns: []Column{{Title: "Criterion", Narrow: true}, {Title: "Subject", Wide: true}, {Title: "Controls", Wide: true}}}
	served := 0
	var bare []string
	for _, cr := range b.f.Criteria {
		cell := b.controlsOf(cr)
		switch reason, excused := b.f.Reasons[cr.ID]; {
		case len(cell) > 0:
			served++
		case excused:
			cell = Runs{say("Not relevant: "), data(reason)}
		default:
			bare = append(bare, cr.ID)
			cell = Runs{mark(MarkGap, "Neither control nor reason")}
		}
		t.Rows = append(t.Rows, Row{ID: "criterion-" + slug(cr.ID), Cells: []Runs{{data(cr.ID)}, {data(cr.Title)}, cell}})
	}
	t.Caption = Runs{say("Criteria in scope: "), figureOf(served, len(b.f.Criteria), t.ID), say(" served by at least one control")}
	b.add(Block{Table: t})
	if len(bare) > 0 {
		b.open("criterion", t.ID, figureOf(len(bare), len(b.f.Criteria), t.ID),
			say(" criteria in scope have neither a control nor a reason: "), data(join(bare)), say("."))
	}
}

// controlsOf links a criterion's controls, primary ones first.
func (b *builder) controlsOf(cr assure.Criterion) Runs {
	var out Runs
	list := func(after string, serves func(assure.Control) []string) {
		for _, c := range b.f.Controls {
			if slices.Contains(serves(c), cr.ID) {
				if len(out) > 0 {
					out = append(out, say(", "))
				}
				out = append(out, link(c.ID, "#control-"+slug(c.ID)))
				if after != "" {
					out = append(out, Run{Text: after, Quiet: true})
				}
			}
		}
	}
	list("", func(c assure.Control) []string { return c.Criteria })
	list(" (supporting)", func(c assure.Control) []string { return c.Supporting })
	return out
}

func join(ids []string) string { return strings.Join(ids, ", ") }
