package examination

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

func paperBack(d *desk) string { return base(d.id) + "/papers/" + url.PathEscape(d.value("control")) }

const steps = 4 // procedures that the form of a test offers

var paperDeeds = []*deed{
	{kind: "assess", title: phrase.Mark("Design and implementation"), submit: phrase.Mark("Keep the assessment"), said: phrase.Mark("The assessment is on the paper."), back: paperBack,
		lead: phrase.Mark("Whether the control, as designed, would meet what it is for, and one instance followed from beginning to end. Tests of operation come after it."),
		fields: func(d *desk) []shell.Field {
			var a engage.Assessment
			done := ""
			if p := d.e.Papers[d.value("control")]; p != nil && p.Assessed != nil {
				a = *p.Assessed
				done = "yes"
				if !a.Implemented {
					done = "no"
				}
			}
			return []shell.Field{hidden(d, "control"),
				{Name: "design", Label: shell.T(d.ctx, "Design"), Type: "radio", Required: true, Value: string(a.Design), Options: options(d.ctx, designs[:2])},
				{Name: "words", Label: shell.T(d.ctx, "How the design meets the criterion, and why"), Type: "area", Required: true, Value: a.Words},
				{Name: "walkthrough", Label: shell.T(d.ctx, "The instance that was followed"), Type: "area", Required: true, Value: a.Walkthrough},
				{Name: "implemented", Label: shell.T(d.ctx, "Implementation"), Type: "radio", Required: true, Value: done, Options: []shell.Option{{Value: "yes", Text: shell.T(d.ctx, "Implemented as designed")}, {Value: "no", Text: shell.T(d.ctx, "Not implemented")}}}}
		},
		body: func(d *desk) (any, error) {
			if x := d.value("implemented"); x != "yes" && x != "no" {
				return nil, wrong("implemented", "nothing is chosen; expected one")
			}
			return engage.Assessment{Control: d.value("control"), Design: report.Conclusion(d.value("design")), Implemented: d.yes("implemented"), Words: d.value("words"), Walkthrough: d.value("walkthrough")}, nil
		}},
	{kind: "procedures", title: phrase.Mark("Procedures of a test"), submit: phrase.Mark("Keep the procedures"), said: phrase.Mark("The procedures are on the paper."), back: paperBack,
		lead: phrase.Mark("Inquiry alone proves no operation: observation, inspection or reperformance stands beside it. The whole population is the rule; a sample or one instance is said so."),
		fields: func(d *desk) []shell.Field {
			t := &engage.TestPaper{Extent: report.Whole}
			if p := d.e.Papers[d.value("control")]; p != nil && p.Tests[d.value("test")] != nil && len(p.Tests[d.value("test")].Procedures) > 0 {
				t = p.Tests[d.value("test")]
			}
			out := append(controlTest(d), shell.Field{Name: "extent", Label: shell.T(d.ctx, "Extent"), Type: "radio", Required: true, Value: string(t.Extent), Options: options(d.ctx, extents)},
				shell.Field{Name: "reason", Label: shell.T(d.ctx, "Reason of one instance"), Type: "area", Rows: 2, Value: t.Reason, Help: shell.T(d.ctx, "Of an automated control: what shows that its logic did not change, or changed under change management.")})
			for i := range max(steps, len(t.Procedures)+1) {
				kind, text := "", ""
				if i < len(t.Procedures) {
					kind, text = string(t.Procedures[i].Kind), t.Procedures[i].Text
				}
				n := itoa(i + 1)
				out = append(out, shell.Field{Name: "kind-" + n, Label: shell.T(d.ctx, "Procedure %s", n), Type: "select", Value: kind, Required: i == 0, Options: append([]shell.Option{{Text: shell.T(d.ctx, "none")}}, options(d.ctx, procedures)...)},
					shell.Field{Name: "text-" + n, Label: shell.T(d.ctx, "What is done"), Type: "area", Rows: 2, Value: text, Required: i == 0})
			}
			return out
		},
		body: func(d *desk) (any, error) {
			b := engage.Procedures{Control: d.value("control"), Test: d.value("test"), Extent: report.ExtentKind(d.value("extent")), Reason: d.value("reason")}
			for i := range 24 {
				kind, text := d.value("kind-"+itoa(i+1)), d.value("text-"+itoa(i+1))
				if kind == "" && text == "" {
					continue
				}
				if kind == "" {
					return nil, wrong("kind-"+itoa(i+1), "nothing says which of the four ways it is")
				}
				if text == "" {
					return nil, wrong("text-"+itoa(i+1), "nothing says what is done")
				}
				b.Procedures = append(b.Procedures, report.Procedure{Kind: report.ProcedureKind(kind), Text: text})
			}
			return b, nil
		}},
	tickDeed,
	{kind: "reperform", title: phrase.Mark("Run a test again"), submit: phrase.Mark("Record the run"), said: phrase.Mark("The run is on the paper."), back: paperBack,
		lead: phrase.Mark("The test, run by the auditor over the raw records of a package that was taken in. Every package is run through once when it is taken in; this is for another tool or by hand."),
		fields: func(d *desk) []shell.Field {
			var packages []shell.Option
			for _, p := range slices.Backward(d.e.Packages) {
				packages = append(packages, shell.Option{Value: p.SHA256, Text: short(p.SHA256) + ", " + d.on(p.At)})
			}
			theirs := ""
			if v, ok := d.extra.(ControlView); ok {
				for _, t := range v.Tests {
					if t.ID == d.value("test") {
						theirs = t.Digest
					}
				}
			}
			return append(controlTest(d),
				shell.Field{Name: "with", Label: shell.T(d.ctx, "With"), Type: "select", Required: true, Value: "duckdb", Options: options(d.ctx, tools)},
				shell.Field{Name: "package", Label: shell.T(d.ctx, "Package"), Type: "select", Required: true, Options: packages},
				shell.Field{Name: "theirs", Label: shell.T(d.ctx, "Digest of the client's findings"), Required: true, Mono: true, Value: theirs},
				shell.Field{Name: "ours", Label: shell.T(d.ctx, "Digest of the auditor's findings"), Required: true, Mono: true},
				shell.Field{Name: "words", Label: shell.T(d.ctx, "Words"), Type: "area", Help: shell.T(d.ctx, "What differs, and why.")})
		},
		ask: askControl,
		body: func(d *desk) (any, error) {
			if d.value("ours") == "" {
				return nil, wrong("ours", "nothing is said; expected what the auditor's own run came to")
			}
			return engage.Reperformance{Control: d.value("control"), Test: d.value("test"), With: d.value("with"), Package: d.value("package"), Theirs: d.value("theirs"), Ours: d.value("ours"), Words: d.value("words")}, nil
		}},
	{kind: "rely", title: phrase.Mark("Rely on evidence in spite of a doubt"), submit: phrase.Mark("Keep the reason"), said: phrase.Mark("The reason is on the paper."), back: paperBack,
		about: func(d *desk) templComponent {
			for _, x := range d.e.Doubts(d.value("control")) {
				if x.ID == d.value("doubt") {
					return heldUp([]string{x.Say})
				}
			}
			return templ.NopComponent
		},
		fields: func(d *desk) []shell.Field {
			return []shell.Field{hidden(d, "control"), hidden(d, "doubt"), {Name: "reason", Label: shell.T(d.ctx, "Why it can be relied on nevertheless"), Type: "area", Required: true}}
		},
		body: func(d *desk) (any, error) {
			return engage.Reliance{Control: d.value("control"), Doubt: d.value("doubt"), Reason: d.value("reason")}, nil
		}},
	signOff("prepare", phrase.Mark("Sign as prepared"), phrase.Mark("You prepared this paper, and stand for it. A later change ends the sign-off."), phrase.Mark("The paper is signed as prepared.")),
	signOff("review", phrase.Mark("Sign as reviewed"), phrase.Mark("You have read the paper of somebody else, and what it rests on. A later change ends the sign-off."), phrase.Mark("The paper is signed as reviewed.")),
	{kind: "note", title: phrase.Mark("Write a review note"), submit: phrase.Mark("Write the note"), said: phrase.Mark("The note is on the paper."), back: paperBack,
		fields: func(d *desk) []shell.Field {
			return []shell.Field{hidden(d, "control"), {Name: "text", Label: shell.T(d.ctx, "Note"), Type: "area", Required: true}}
		},
		body: func(d *desk) (any, error) {
			n := 1
			if p := d.e.Papers[d.value("control")]; p != nil {
				n = len(p.Notes) + 1
			}
			return engage.ReviewNote{ID: "N-" + itoa(n), Control: d.value("control"), Text: d.value("text")}, nil
		}},
	{kind: "answer_note", title: phrase.Mark("Answer a review note"), submit: phrase.Mark("Answer the note"), said: phrase.Mark("The answer is on the paper."), back: paperBack,
		fields: func(d *desk) []shell.Field {
			return []shell.Field{hidden(d, "control"), hidden(d, "id"), {Name: "text", Label: shell.T(d.ctx, "Answer"), Type: "area", Required: true}}
		},
		body: func(d *desk) (any, error) {
			return engage.Noting{ID: d.value("id"), Control: d.value("control"), Text: d.value("text")}, nil
		}},
	{kind: "close_note", title: phrase.Mark("Close a review note"), submit: phrase.Mark("Close the note"), said: phrase.Mark("The note is closed."), back: paperBack,
		fields: func(d *desk) []shell.Field { return []shell.Field{hidden(d, "control"), hidden(d, "id")} },
		body: func(d *desk) (any, error) {
			return engage.Noting{ID: d.value("id"), Control: d.value("control")}, nil
		}},
}

func signOff(kind, title, lead, said string) *deed {
	return &deed{kind: kind, title: title, lead: lead, submit: title, said: said, back: paperBack,
		fields: func(d *desk) []shell.Field { return []shell.Field{hidden(d, "control")} },
		body:   func(d *desk) (any, error) { return engage.Of{Control: d.value("control")}, nil }}
}

// askControl gets a control from the mirror; without a package the form stands without it.
func askControl(p *Pages, ctx context.Context, d *desk) error {
	if p.o.Side != engage.Firm {
		return nil
	}
	v, err := p.o.Firm.Control(ctx, d.id, d.value("control"))
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	d.extra = v
	return err
}

// line is a work paper in the list.
type line struct {
	ControlLine
	Paper     *engage.Paper
	Scope     bool
	Standing  int
	Doubts    int
	Unmarked  int
	Unraised  int // items that are marked as deviating and stand in no deviation
	Concluded *report.ControlConclusion
}

func (v *view) papers(lines []ControlLine) []line {
	var out []line
	scope := v.e.InScope()
	have := map[string]bool{}
	add := func(l ControlLine) {
		if have[l.ID] {
			return
		}
		have[l.ID] = true
		x := line{ControlLine: l, Paper: v.e.Papers[l.ID], Scope: slices.Contains(scope, l.ID), Standing: len(v.e.Standing(l.ID)), Doubts: len(v.e.Doubts(l.ID)), Unmarked: v.e.Unmarked(l.ID), Unraised: v.toRaise(l.ID)}
		if c, ok := v.e.Controls[l.ID]; ok {
			x.Concluded = &c
		}
		out = append(out, x)
	}
	for _, l := range lines {
		add(l)
	}
	for _, c := range scope {
		add(ControlLine{ID: c})
	}
	for c := range v.e.Papers {
		add(ControlLine{ID: c})
	}
	slices.SortStableFunc(out, func(a, b line) int {
		if a.Scope != b.Scope {
			if a.Scope {
				return -1
			}
			return 1
		}
		return compare(a.ID, b.ID)
	})
	return out
}

func (p *Pages) papers(w http.ResponseWriter, r *http.Request) error {
	if err := p.firmOnly(); err != nil {
		return err
	}
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) { return papersPage(v, v.papers(lines)), nil })
}

// control gets the control of the address from the mirror; a paper may stand without one.
func (p *Pages) control(r *http.Request) (ControlView, error) {
	if err := errors.Join(p.firmOnly(), p.guard(r)); err != nil {
		return ControlView{}, err
	}
	c, err := p.o.Firm.Control(r.Context(), r.PathValue("id"), r.PathValue("control"))
	if errors.Is(err, fault.NotFound) {
		c, err = ControlView{ID: r.PathValue("control")}, nil
	}
	return c, err
}

func (p *Pages) paper(w http.ResponseWriter, r *http.Request) error {
	c, err := p.control(r)
	if err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) {
		paper := v.e.Papers[c.ID]
		if paper == nil {
			if len(c.Tests) == 0 && c.Title == "" && !slices.Contains(v.e.InScope(), c.ID) {
				return nil, fault.NotFound
			}
			paper = &engage.Paper{Control: c.ID}
		}
		return paperPage(v, c, paper), nil
	})
}

// tests are those of the paper and of the mirror, the paper's order first.
func tests(c ControlView, p *engage.Paper) []TestView {
	var out []TestView
	of := func(id string) TestView {
		for _, t := range c.Tests {
			if t.ID == id {
				return t
			}
		}
		return TestView{ID: id}
	}
	for _, id := range p.Order {
		out = append(out, of(id))
	}
	for _, t := range c.Tests {
		if !slices.Contains(p.Order, t.ID) {
			out = append(out, t)
		}
	}
	return out
}

func openNotes(p *engage.Paper) int {
	n := 0
	if p != nil {
		for _, x := range p.Notes {
			if !x.Closed {
				n++
			}
		}
	}
	return n
}

func markedItems(t *engage.TestPaper) int {
	if t == nil {
		return 0
	}
	return len(t.Marks)
}

func planLines(d *desk) []ControlLine {
	x, _ := d.extra.(planExtra)
	return x.lines
}

// samplesFor are the samples of a test that were drawn for a purpose.
func samplesFor(v *view, test, purpose string) []*engage.Sample {
	var out []*engage.Sample
	for i := range v.e.Samples {
		if s := &v.e.Samples[i]; s.Test == test && s.Purpose == purpose {
			out = append(out, s)
		}
	}
	return out
}

// relied are the doubts of a control that a reason answers, in order.
func (v *view) relied(control string) []engage.Reliance {
	p := v.e.Papers[control]
	if p == nil {
		return nil
	}
	var out []engage.Reliance
	for _, id := range slices.Sorted(maps.Keys(p.Relied)) {
		out = append(out, p.Relied[id])
	}
	return out
}

func sameAddress(a, b string) bool { return strings.EqualFold(a, b) }

// toRaise counts the items of a control that are marked as deviating and stand in no deviation.
func (v *view) toRaise(control string) int {
	p := v.e.Papers[control]
	if p == nil {
		return 0
	}
	n := 0
	for _, t := range p.Tests {
		stand, not := v.inDeviations(t.Test, true), v.inDeviations(t.Test, false)
		for key := range t.Marks {
			if result(t, key) == "deviation" && !stand[key] && !not[key] {
				n++
			}
		}
	}
	return n
}
