package report

import (
	"slices"

	"github.com/assayhq/assay/internal/assure"
)

// inOrder gives the controls in the order of the section: objective by objective, each with its statement before its controls; of an
// examination against criteria, in the order of the criteria that they serve first; of management's draft, in that of the program.
func (b *builder) inOrder(each func(assure.Control)) {
	switch {
	case b.form.Family == "soc1":
		b.byObjective(each)
	case b.f.Examination != nil:
		for _, c := range b.byCriterion() {
			each(c)
		}
	default:
		for _, c := range b.f.Controls {
			each(c)
		}
	}
}

func (b *builder) byObjective(each func(assure.Control)) {
	told := map[string]bool{}
	for _, cr := range b.f.Criteria {
		b.add(Block{Heading: &Heading{ID: "objective-" + slug(cr.ID), Level: 1, Label: "Objective " + cr.ID, Text: choose(cr.SeriesTitle != "", cr.SeriesTitle, "Control objective")}})
		b.add(Block{Statement: &Statement{Label: "The control objective, as management states it", Text: Runs{data(cr.Title)}}})
		var again Runs
		n := 0
		for _, c := range b.f.Controls {
			if !slices.Contains(c.Objectives, cr.ID) {
				continue
			}
			n++
			if told[c.ID] {
				if len(again) > 0 {
					again = append(again, say(", "))
				}
				again = append(again, link(c.ID, "#control-"+slug(c.ID)))
			}
		}
		switch {
		case n == 0 && b.f.Reasons[cr.ID] != "":
			b.para(say("Not relevant: "), data(b.f.Reasons[cr.ID]))
		case n == 0:
			b.para(say("No control serves this objective."))
		case len(again) > 0:
			b.para(append(Runs{say("Controls that serve this objective too, and stand under an earlier one: ")}, append(again, say("."))...)...)
		}
		for _, c := range b.f.Controls {
			if slices.Contains(c.Objectives, cr.ID) && !told[c.ID] {
				told[c.ID] = true
				each(c)
			}
		}
	}
}

func (b *builder) byCriterion() []assure.Control {
	place := map[string]int{}
	for _, c := range b.f.Controls {
		ids := b.form.serves(c)
		place[c.ID] = slices.IndexFunc(b.f.Criteria, func(cr assure.Criterion) bool { return slices.Contains(ids, cr.ID) })
		if place[c.ID] < 0 {
			place[c.ID] = len(b.f.Criteria)
		}
	}
	out := slices.Clone(b.f.Controls)
	slices.SortStableFunc(out, func(x, y assure.Control) int { return place[x.ID] - place[y.ID] })
	return out
}

// relevant leaves out the controls that serve no objective in scope: a report on objectives does not speak of them.
func (f Facts) relevant(form form) []assure.Control {
	if form.Family != "soc1" {
		return f.Controls
	}
	return slices.DeleteFunc(slices.Clone(f.Controls), func(c assure.Control) bool {
		return !slices.ContainsFunc(f.Criteria, func(cr assure.Criterion) bool { return slices.Contains(c.Objectives, cr.ID) })
	})
}
