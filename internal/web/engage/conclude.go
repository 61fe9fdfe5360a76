package examination

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

func concludeBack(d *desk) string { return base(d.id) + "/conclusions" }

var concludeDeeds = []*deed{
	{kind: "conclude_control", title: phrase.Mark("Conclude on a control"), submit: phrase.Mark("Keep the conclusion"), said: phrase.Mark("The conclusion on the control stands."), back: concludeBack, ask: askControl,
		lead: phrase.Mark("The facts ask for a conclusion, with their reasons; you conclude. Nature outweighs rate: one deviation by intent can sink a control at any rate."),
		about: func(d *desk) templComponent {
			if !d.e.Terms.TypeTwo() {
				return assessedView(d.view, d.value("control"))
			}
			if d.untested(d.value("control")) {
				return heldUp([]string{shell.T(d.ctx, "Not all that is to be looked at was looked at.")})
			}
			tested, deviating := d.tally()
			return suggestionView(d.view, d.value("control"), d.e.Suggest(d.value("control"), tested, deviating))
		},
		fields: func(d *desk) []shell.Field {
			tested, deviating := d.tally()
			c, ok := d.e.Controls[d.value("control")]
			if !ok {
				c = report.ControlConclusion{Tested: tested, Deviating: deviating}
			}
			out := []shell.Field{hidden(d, "control"), {Name: "design", Label: shell.T(d.ctx, "Design"), Type: "radio", Required: true, Value: string(c.Design), Options: options(d.ctx, designs)}}
			if d.e.Terms.TypeTwo() {
				out = append(out, shell.Field{Name: "operation", Label: shell.T(d.ctx, "Operation"), Type: "radio", Required: true, Value: string(c.Operation), Options: options(d.ctx, operations)},
					shell.Field{Name: "tested", Label: shell.T(d.ctx, "Items that needed the control and were tested"), Type: "number", Required: true, Value: itoa(c.Tested)},
					shell.Field{Name: "deviating", Label: shell.T(d.ctx, "Items that deviate"), Type: "number", Required: true, Value: itoa(c.Deviating)})
			}
			return append(out, shell.Field{Name: "reason", Label: shell.T(d.ctx, "Reason"), Type: "area", Required: true, Value: c.Reason})
		},
		body: func(d *desk) (any, error) {
			c := report.ControlConclusion{Control: d.value("control"), Design: report.Conclusion(d.value("design")), Reason: d.value("reason")}
			if !d.e.Terms.TypeTwo() {
				return c, nil
			}
			c.Operation = report.Conclusion(d.value("operation"))
			var e1, e2 error
			c.Tested, e1 = d.number("tested")
			c.Deviating, e2 = d.number("deviating")
			return c, errors.Join(e1, e2)
		}},
	{kind: "disclose", title: phrase.Mark("Exception for the report"), submit: phrase.Mark("Keep the exception"), said: phrase.Mark("The exception is for the report."), back: concludeBack, ask: askControl,
		lead: phrase.Mark("The report prints the result of every test, whether the opinion is modified or not: what deviated, how many of how many, when. The client's answer is put beside it."),
		about: func(d *desk) templComponent {
			return standingView(d.view, d.e.Standing(d.value("control")))
		},
		fields: func(d *desk) []shell.Field {
			tested, deviating := d.tally()
			x := report.Exception{Tested: tested, Deviating: deviating}
			for _, s := range d.e.Standing(d.value("control")) {
				x.Test, x.Text = s.Test, strings.TrimSpace(x.Text+"\n"+s.What)
				if s.Analysis != nil {
					x.Cause, x.Spread, x.Nature = s.Analysis.Cause, s.Analysis.Spread, s.Analysis.Nature
				}
			}
			for _, old := range d.e.Exceptions {
				if old.Control == d.value("control") {
					x = old
				}
			}
			return []shell.Field{hidden(d, "control"), {Name: "test", Type: "hidden", Value: x.Test}, {Name: "exception", Type: "hidden", Value: x.ID},
				{Name: "text", Label: shell.T(d.ctx, "Text"), Type: "area", Required: true, Rows: 5, Value: x.Text},
				{Name: "deviating", Label: shell.T(d.ctx, "Items that deviate"), Type: "number", Required: true, Value: itoa(x.Deviating)},
				{Name: "tested", Label: shell.T(d.ctx, "Of how many that needed the control"), Type: "number", Required: true, Value: itoa(x.Tested)},
				{Name: "cause", Label: shell.T(d.ctx, "Cause"), Type: "radio", Required: true, Value: x.Cause, Options: options(d.ctx, causes)},
				{Name: "spread", Label: shell.T(d.ctx, "Spread"), Type: "radio", Required: true, Value: x.Spread, Options: options(d.ctx, spreads)},
				{Name: "nature", Label: shell.T(d.ctx, "Nature"), Type: "area", Rows: 2, Value: x.Nature}}
		},
		body: disclosed},
	{kind: "conclude_matter", title: phrase.Mark("Conclude on a matter"), submit: phrase.Mark("Keep the conclusion"), said: phrase.Mark("The conclusion on the matter stands."), back: concludeBack,
		lead: phrase.Mark("Achieved where the controls that are effective together give reasonable assurance. A matter that is not achieved is what modifies an opinion."),
		about: func(d *desk) templComponent {
			return servedView(d.view, d.value("matter"))
		},
		fields: func(d *desk) []shell.Field {
			x := report.MatterConclusion{Element: report.Element(d.value("element"))}
			for _, old := range d.e.Matters {
				if old.ID == d.value("matter") && old.Element == x.Element {
					x = old
				}
			}
			pervasive := ""
			if x.Pervasive {
				pervasive = "yes"
			}
			out := []shell.Field{}
			if x.Element == report.TheDescription {
				out = append(out, shell.Field{Name: "matter", Label: shell.T(d.ctx, "Part of the description"), Required: true, Value: d.value("matter"), Max: 100, Help: shell.T(d.ctx, "Such as DC 7.")})
			} else {
				out = append(out, hidden(d, "matter"))
			}
			return append(out, shell.Field{Name: "element", Type: "hidden", Value: string(x.Element)},
				shell.Field{Name: "conclusion", Label: shell.T(d.ctx, "Conclusion"), Type: "radio", Required: true, Value: string(x.Conclusion), Options: options(d.ctx, matterConclusions)},
				shell.Field{Name: "reasons", Label: shell.T(d.ctx, "Reasons"), Type: "area", Required: true, Value: strings.Join(x.Reasons, "\n"), Help: shell.T(d.ctx, "One a line.")},
				shell.Field{Name: "pervasive", Type: "check", Label: shell.T(d.ctx, "Pervasive: spread over the report, or fundamental to it"), Value: pervasive})
		},
		body: func(d *desk) (any, error) {
			return report.MatterConclusion{ID: d.value("matter"), Element: report.Element(d.value("element")), Conclusion: report.Conclusion(d.value("conclusion")), Reasons: d.lines("reasons"), Pervasive: d.yes("pervasive")}, nil
		}},
	{kind: "limit", title: phrase.Mark("Limit of scope"), submit: phrase.Mark("Record the limit of scope"), said: phrase.Mark("The limit of scope is on record."), back: concludeBack,
		lead: phrase.Mark("Evidence that could not be got, of an element as a whole. Where its possible effect is pervasive, the opinion is disclaimed."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{
				{Name: "element", Label: shell.T(d.ctx, "Element"), Type: "select", Required: true, Value: d.value("element"), Options: elementOptions(d)},
				{Name: "text", Label: shell.T(d.ctx, "What could not be got, and why"), Type: "area", Required: true},
				{Name: "pervasive", Type: "check", Label: shell.T(d.ctx, "Pervasive: spread over the report, or fundamental to it")}}
		},
		body: func(d *desk) (any, error) {
			return report.Limit{Element: report.Element(d.value("element")), Text: d.value("text"), Pervasive: d.yes("pervasive")}, nil
		}},
	{kind: "conclude_element", title: phrase.Mark("Decide on an opinion"), submit: phrase.Mark("Keep the opinion"), said: phrase.Mark("The opinion is decided."), back: concludeBack,
		lead: phrase.Mark("The conclusions ask for an opinion, with their reasons; the engagement partner decides. No opinion is unqualified while a matter of it is not achieved."),
		about: func(d *desk) templComponent {
			for _, x := range d.e.Proposals() {
				if string(x.Element) == d.value("element") {
					return proposalView(d.view, x)
				}
			}
			return templ.NopComponent
		},
		fields: func(d *desk) []shell.Field {
			var o report.ElementOpinion
			for _, x := range d.e.Proposals() {
				if string(x.Element) == d.value("element") && x.Opinion.Modified() {
					o.Basis = x.Reasons
				}
			}
			if old, ok := d.e.Elements[report.Element(d.value("element"))]; ok {
				o = old
			}
			return []shell.Field{hidden(d, "element"),
				{Name: "conclusion", Label: shell.T(d.ctx, "Opinion"), Type: "radio", Required: true, Value: string(o.Opinion), Options: options(d.ctx, opinions)},
				{Name: "basis", Label: shell.T(d.ctx, "Basis"), Type: "area", Value: strings.Join(o.Basis, "\n"), Help: shell.T(d.ctx, "Of a modified opinion: the matters that give rise to it, one a line, in the letter's words.")},
				{Name: "rationale", Label: shell.T(d.ctx, "Rationale"), Type: "area", Value: o.Rationale, Help: shell.T(d.ctx, "Needed where the opinion is another one than the facts ask for.")}}
		},
		body: func(d *desk) (any, error) {
			return report.ElementOpinion{Element: report.Element(d.value("element")), Opinion: report.Opinion(d.value("conclusion")), Basis: d.lines("basis"), Rationale: d.value("rationale")}, nil
		}},
	wordDeed,
	because("accept_unmodified", phrase.Mark("Accept an unmodified assertion"), phrase.Mark("The opinion is modified, and management's assertion is not. Say why it stands nevertheless; the letter says so too."), phrase.Mark("Accept it"), phrase.Mark("The reason is on record."), true),
	{kind: "include", title: phrase.Mark("Subservice organization by the inclusive method"), submit: phrase.Mark("Include the organization"), said: phrase.Mark("The included organization is on record."), back: concludeBack,
		lead: phrase.Mark("It asserts and represents for itself. One that drops out stays for its part of the period, and the description is concluded on again."),
		fields: func(d *desk) []shell.Field {
			var x engage.Included
			for _, old := range d.e.Included {
				if old.Name == d.value("name") {
					x = old
				}
			}
			return []shell.Field{
				{Name: "name", Label: shell.T(d.ctx, "Name"), Required: true, Value: or(x.Name, d.value("name"))},
				{Name: "asserted", Label: shell.T(d.ctx, "Its assertion is signed on"), Type: "date", Value: isoDay(x.Asserted)},
				{Name: "asserted_by", Label: shell.T(d.ctx, "By whom, with title"), Value: x.AssertedBy},
				{Name: "represented", Label: shell.T(d.ctx, "Its representation letter is dated"), Type: "date", Value: isoDay(x.Represented)},
				{Name: "until", Label: shell.T(d.ctx, "Included until"), Type: "date", Value: isoDay(x.Until), Help: shell.T(d.ctx, "Where it dropped out inside of the period; else empty.")},
				{Name: "why", Label: shell.T(d.ctx, "Why it dropped out"), Type: "area", Rows: 2, Value: x.Why}}
		},
		body: func(d *desk) (any, error) {
			x := engage.Included{InclusiveParty: report.InclusiveParty{Name: d.value("name"), AssertedBy: d.value("asserted_by")}, Why: d.value("why")}
			var e1, e2, e3 error
			x.Asserted, e1 = d.day("asserted")
			x.Represented, e2 = d.day("represented")
			x.Until, e3 = d.day("until")
			return x, errors.Join(e1, e2, e3)
		}},
	{kind: "emphasize", title: phrase.Mark("Emphasis of matter"), submit: phrase.Mark("Add the emphasis"), said: phrase.Mark("The emphasis of matter is for the letter."), back: concludeBack,
		fields: func(d *desk) []shell.Field {
			return []shell.Field{{Name: "words", Label: shell.T(d.ctx, "Text"), Type: "area", Required: true}}
		},
		body: func(d *desk) (any, error) { return engage.Because{Words: d.value("words")}, nil }},
	{kind: "subsequent_event", title: phrase.Mark("Subsequent event"), submit: phrase.Mark("Record the event"), said: phrase.Mark("The event is on record."), back: concludeBack,
		lead: phrase.Mark("Something after the report's time and not after its date: of a condition that existed before, or of a new one that users have to know of."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{
				{Name: "on", Label: shell.T(d.ctx, "Day"), Type: "date", Required: true},
				{Name: "text", Label: shell.T(d.ctx, "What happened"), Type: "area", Required: true},
				{Name: "existed", Type: "check", Label: shell.T(d.ctx, "It shows a condition that existed before")},
				{Name: "effect", Label: shell.T(d.ctx, "Effect on description, tests or opinion"), Type: "area", Rows: 3}}
		},
		body: func(d *desk) (any, error) {
			on, err := d.day("on")
			if err == nil && on == 0 {
				err = wrong("on", "no day is given; expected one")
			}
			return report.Event{On: on, Text: d.value("text"), Existed: d.yes("existed"), Effect: d.value("effect")}, err
		}},
}

// wordDeed gives passages of the letter the firm's own words. A text that drops a field which it needs is refused.
var wordDeed = &deed{kind: "word", title: phrase.Mark("Wording of the firm"), submit: phrase.Mark("Keep the wording"), said: phrase.Mark("The wording is kept."), back: reportBack,
	lead: phrase.Mark("The firm's own texts of passages of the letter. An empty one leaves ours, which stands above each field. Fields in braces that a passage needs stay."),
	fields: func(d *desk) []shell.Field {
		list, err := report.Passages()
		if err != nil {
			return nil
		}
		var out []shell.Field
		for _, p := range list {
			out = append(out, shell.Field{Name: "passage-" + p.ID, Label: or(p.Head, p.ID), Help: p.Text, Type: "area", Rows: 3, Max: 20_000, Value: d.e.Wording[p.ID]})
		}
		return out
	},
	body: func(d *desk) (any, error) {
		list, err := report.Passages()
		out := report.Wording{}
		for _, p := range list {
			if s := d.value("passage-" + p.ID); s != "" {
				out[p.ID] = s
			}
		}
		return out, err
	}}

func elementOptions(d *desk) []shell.Option {
	var out []shell.Option
	for _, el := range d.e.Scope().Elements() {
		out = append(out, shell.Option{Value: string(el), Text: word(d.ctx, elements, string(el))})
	}
	return out
}

// disclosed takes over of the deviations what the form does not ask: the compensating control, and what the exception affects.
func disclosed(d *desk) (any, error) {
	x := report.Exception{ID: d.value("exception"), Control: d.value("control"), Test: d.value("test"), Text: d.value("text"), Nature: d.value("nature"), Cause: d.value("cause"), Spread: d.value("spread")}
	var e1, e2 error
	x.Deviating, e1 = d.number("deviating")
	x.Tested, e2 = d.number("tested")
	if x.ID == "" {
		x.ID = "X-" + pad(len(d.e.Exceptions)+1)
	}
	for _, s := range d.e.Standing(x.Control) {
		for _, c := range s.Compensating {
			if x.Compensating == nil || c.Counts() {
				x.Compensating = &c
			}
		}
	}
	for _, matter := range d.e.Scope().Matters {
		if len(matter.Criteria) == 0 && slices.Contains(matter.Controls, x.Control) { // commitments rest on the criteria
			x.Affects = append(x.Affects, matter.ID)
		}
	}
	if !slices.ContainsFunc(causes, func(c choice) bool { return c[0] == x.Cause }) {
		e1 = errors.Join(e1, wrong("cause", "nothing is chosen; expected a cause"))
	}
	if !slices.ContainsFunc(spreads, func(c choice) bool { return c[0] == x.Spread }) {
		e2 = errors.Join(e2, wrong("spread", "nothing is chosen; expected isolated or systemic"))
	}
	return x, errors.Join(e1, e2)
}

// tally counts what the auditor tested of a control, and the items of deviations that stand.
func (d *desk) tally() (tested, deviating int) {
	c, _ := d.extra.(ControlView)
	return d.view.tally(d.value("control"), c)
}

func (v *view) tally(control string, c ControlView) (tested, deviating int) {
	p := v.e.Papers[control]
	if p == nil {
		return 0, 0
	}
	seen := map[string]bool{}
	for _, id := range p.Order {
		t := p.Tests[id]
		if t.Extent != report.Whole {
			for key := range t.Marks {
				if x := result(t, key); x == "pass" || x == "deviation" {
					tested++
				}
			}
			continue
		}
		for _, x := range c.Tests {
			if x.ID == id {
				tested += x.Passed + x.Deviating
				flagged := x.Deviating - len(v.inDeviations(id, false)) // what the rule flags deviates until somebody has decided otherwise
				deviating += max(0, flagged-len(v.inDeviations(id, true)))
			}
		}
	}
	for _, d := range v.e.Standing(control) {
		if !seen[d.Test] {
			seen[d.Test] = true
			deviating += len(v.inDeviations(d.Test, true))
		}
	}
	return max(tested, deviating), deviating
}

// inDeviations are the items of a test in deviations that stand, or in those that do not.
func (v *view) inDeviations(test string, standing bool) map[string]bool {
	out := map[string]bool{}
	for _, d := range v.e.Deviations {
		if d.Test == test && d.Stands() == standing {
			for _, x := range d.Items {
				out[x] = true
			}
		}
	}
	return out
}

// unraised counts the items of a whole population that the client's rule flags and that stand in no deviation.
func (v *view) unraised(t TestView) int {
	return max(0, t.Deviating-len(v.inDeviations(t.ID, true))-len(v.inDeviations(t.ID, false)))
}

// untested reports whether the auditor has not yet looked at what is to be looked at: the facts ask for nothing then.
func (v *view) untested(control string) bool {
	p := v.e.Papers[control]
	if !v.e.Terms.TypeTwo() {
		return p == nil || p.Assessed == nil
	}
	if p == nil || len(p.Order) == 0 || v.e.Unmarked(control) > 0 {
		return true
	}
	for _, id := range p.Order {
		if t := p.Tests[id]; len(t.Marks) == 0 && t.Extent == report.Instance || t.Extent == report.Sampled && len(samplesFor(v, id, "operation")) == 0 {
			return true
		}
	}
	return false
}

// concluded is a control with what the facts ask for.
type concluded struct {
	ControlLine
	Suggestion        engage.Suggestion
	Tested, Deviating int
	Standing          int
	Untested          bool // the facts ask for nothing yet
	Is                *report.ControlConclusion
	Exception         *report.Exception
}

func (p *Pages) conclusions(w http.ResponseWriter, r *http.Request) error {
	if err := p.firmOnly(); err != nil {
		return err
	}
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	views, err := p.views(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) {
		return conclusionsPage(v, v.concluded(lines, views)), nil
	})
}

// views gets from the mirror the controls whose whole population was tested: only of those the counts are needed.
func (p *Pages) views(ctx context.Context, id string) (map[string]ControlView, error) {
	var need []string
	err := p.o.House.See(ctx, id, func(e *engage.Engagement) error {
		for _, c := range e.InScope() {
			if e.Papers[c] != nil {
				need = append(need, c)
			}
		}
		return nil
	})
	out := map[string]ControlView{}
	for _, c := range need {
		v, e := p.o.Firm.Control(ctx, id, c)
		if e != nil && !errors.Is(e, fault.NotFound) {
			return nil, e
		}
		out[c] = v
	}
	return out, err
}

func (v *view) concluded(lines []ControlLine, views map[string]ControlView) []concluded {
	var out []concluded
	for _, id := range v.e.InScope() {
		x := concluded{ControlLine: ControlLine{ID: id}, Standing: len(v.e.Standing(id))}
		for _, l := range lines {
			if l.ID == id {
				x.ControlLine = l
			}
		}
		x.Untested = v.untested(id)
		x.Tested, x.Deviating = v.tally(id, views[id])
		x.Suggestion = v.e.Suggest(id, x.Tested, x.Deviating)
		if c, ok := v.e.Controls[id]; ok {
			x.Is = &c
		}
		for i := range v.e.Exceptions {
			if v.e.Exceptions[i].Control == id {
				x.Exception = &v.e.Exceptions[i]
			}
		}
		out = append(out, x)
	}
	return out
}

// matter finds what was concluded of a matter for an element.
func (v *view) matter(id string, el report.Element) *report.MatterConclusion {
	for i := range v.e.Matters {
		if v.e.Matters[i].ID == id && v.e.Matters[i].Element == el {
			return &v.e.Matters[i]
		}
	}
	return nil
}

// matterElements are those on which a matter is concluded; the description has matters of its own.
func matterElements(v *view) []report.Element {
	return slices.DeleteFunc(v.e.Scope().Elements(), func(el report.Element) bool { return el == report.TheDescription })
}

func (v *view) described() []report.MatterConclusion {
	var out []report.MatterConclusion
	for _, x := range v.e.Matters {
		if x.Element == report.TheDescription {
			out = append(out, x)
		}
	}
	return out
}

func served(v *view, matter string) []string {
	for _, x := range v.e.Scope().Matters {
		if x.ID == matter {
			return x.Controls
		}
	}
	return nil
}

// promise is a matter that is a service commitment or a system requirement; nil for others.
func promise(v *view, matter string) *report.Matter {
	for _, x := range v.e.Scope().Matters {
		if x.ID == matter && len(x.Criteria) > 0 {
			return &x
		}
	}
	return nil
}

// servedMark is the worse of what was concluded of a control.
func servedMark(v *view, control string) report.Mark {
	c, ok := v.e.Controls[control]
	switch {
	case !ok:
		return report.MarkNone
	case c.Design == report.NotEffective || c.Operation == report.NotEffective:
		return report.MarkDeviation
	case c.Design == report.Untested || c.Operation == report.Untested:
		return report.MarkUndecided
	}
	return report.MarkPass
}

func (v *view) decided(el report.Element) bool {
	_, ok := v.e.Elements[el]
	return ok
}

// isoDay is a day as a form carries it.
func isoDay(d civil.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
