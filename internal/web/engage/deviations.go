package examination

import (
	"net/http"
	"net/url"
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

func deviationBack(d *desk) string {
	if id := d.value("deviation"); id != "" {
		return base(d.id) + "/deviations/" + url.PathEscape(id)
	}
	return base(d.id) + "/deviations"
}

func aboutDeviation(d *desk) templComponent {
	if x := d.e.Deviation(d.value("deviation")); x != nil {
		return deviationText(d.view, x)
	}
	return templ.NopComponent
}

var deviationDeeds = []*deed{
	{kind: "raise", title: phrase.Mark("Raise a deviation"), submit: phrase.Mark("Raise the deviation"), said: phrase.Mark("The deviation is with the client."), back: deviationBack,
		lead: phrase.Mark("Items with one cause make one deviation. It is a fact, not yet an exception, and never a qualification by itself."),
		fields: func(d *desk) []shell.Field {
			return append(controlTest(d),
				shell.Field{Name: "items", Label: shell.T(d.ctx, "Items"), Type: "area", Required: true, Mono: true, Value: strings.Join(d.marked(), "\n"), Help: shell.T(d.ctx, "One a line, by their keys.")},
				shell.Field{Name: "attributes", Label: shell.T(d.ctx, "Attributes that fail"), Help: shell.T(d.ctx, "Their letters, with commas between.")},
				shell.Field{Name: "what", Label: shell.T(d.ctx, "What deviates"), Type: "area", Required: true},
				shell.Field{Name: "detected", Label: shell.T(d.ctx, "Detected by the client itself before"), Type: "area", Rows: 2, Help: shell.T(d.ctx, "How and when; empty where it did not.")})
		},
		body: func(d *desk) (any, error) {
			return engage.Deviation{ID: nextDeviation(d.e), Control: d.value("control"), Test: d.value("test"), Items: d.lines("items"), Attributes: split(d.value("attributes")), What: d.value("what"), Detected: d.value("detected")}, nil
		}},
	{kind: "respond", title: phrase.Mark("Answer the deviation"), submit: phrase.Mark("Send the answer to the firm"), said: phrase.Mark("The answer is with the firm."), back: deviationBack, about: aboutDeviation, ask: askEvidence,
		lead: phrase.Mark("The answer stands beside the exception in the report. Evidence counts where it was in the ledger before the deviation was raised, or can be proven independently."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{hidden(d, "deviation"), {Name: "q", Type: "hidden", Value: d.value("q")},
				{Name: "position", Label: shell.T(d.ctx, "Position"), Type: "radio", Required: true, Options: options(d.ctx, positions)},
				{Name: "text", Label: shell.T(d.ctx, "Facts"), Type: "area", Required: true},
				{Name: "plan", Label: shell.T(d.ctx, "What management means to do"), Type: "area", Rows: 3, Help: shell.T(d.ctx, "Printed apart, as not examined.")}}
		},
		inside: func(d *desk) templComponent { return evidencePicker(d) },
		body: func(d *desk) (any, error) {
			ev, err := d.chosen()
			return engage.Response{Deviation: d.value("deviation"), Position: d.value("position"), Text: d.value("text"), Plan: d.value("plan"), Evidence: ev}, err
		}},
	{kind: "analyse", title: phrase.Mark("Cause, extent and impact"), submit: phrase.Mark("Keep the analysis"), said: phrase.Mark("The analysis is on paper."), back: deviationBack, about: aboutDeviation,
		lead: phrase.Mark("Nothing is set aside as an anomaly. Whether the risk came true informs how severe it is, and erases nothing."),
		fields: func(d *desk) []shell.Field {
			var a engage.Analysis
			if x := d.e.Deviation(d.value("deviation")); x != nil && x.Analysis != nil {
				a = *x.Analysis
			}
			return []shell.Field{hidden(d, "deviation"),
				{Name: "cause", Label: shell.T(d.ctx, "Cause"), Type: "radio", Required: true, Value: a.Cause, Options: options(d.ctx, causes)},
				{Name: "spread", Label: shell.T(d.ctx, "Spread"), Type: "radio", Required: true, Value: a.Spread, Options: options(d.ctx, spreads)},
				{Name: "cluster", Label: shell.T(d.ctx, "Clusters looked for"), Type: "area", Rows: 3, Required: true, Value: a.Cluster, Help: shell.T(d.ctx, "By person, by system, by time: what was looked at, and what was found.")},
				{Name: "nature", Label: shell.T(d.ctx, "Nature"), Type: "area", Rows: 3, Value: a.Nature, Help: shell.T(d.ctx, "Whether it defeated what the control is for.")},
				{Name: "impact", Label: shell.T(d.ctx, "Impact"), Type: "area", Rows: 3, Required: true, Value: a.Impact, Help: shell.T(d.ctx, "Whether the risk came true.")}}
		},
		body: func(d *desk) (any, error) {
			return engage.Analysis{Deviation: d.value("deviation"), Cause: d.value("cause"), Spread: d.value("spread"), Cluster: d.value("cluster"), Nature: d.value("nature"), Impact: d.value("impact")}, nil
		}},
	{kind: "compensate", title: phrase.Mark("Compensating control"), submit: phrase.Mark("Keep the compensating control"), said: phrase.Mark("The compensating control is on paper."), back: deviationBack, about: aboutDeviation,
		lead: phrase.Mark("It counts only where it was tested itself, was in force when the deviations happened, and stands in the description. What it does not reach stays."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{hidden(d, "deviation"),
				{Name: "by", Label: shell.T(d.ctx, "Control"), Required: true, Max: 100},
				{Name: "tested", Type: "check", Label: shell.T(d.ctx, "It was tested itself")},
				{Name: "in_force", Type: "check", Label: shell.T(d.ctx, "It was in force when the deviations happened")},
				{Name: "described", Type: "check", Label: shell.T(d.ctx, "It stands in the description")},
				{Name: "text", Label: shell.T(d.ctx, "What it was found to do"), Type: "area", Rows: 3},
				{Name: "falls_short", Label: shell.T(d.ctx, "Where it does not reach"), Type: "area", Rows: 2}}
		},
		body: func(d *desk) (any, error) {
			return engage.Compensation{Deviation: d.value("deviation"), Compensating: report.Compensating{Control: d.value("by"), Tested: d.yes("tested"), InForce: d.yes("in_force"), Described: d.yes("described"), Text: d.value("text"), FallsShort: d.value("falls_short")}}, nil
		}},
	{kind: "resolve", title: phrase.Mark("Decide what it is"), submit: phrase.Mark("Keep the decision"), said: phrase.Mark("The decision is on paper."), back: deviationBack, about: aboutDeviation,
		lead: phrase.Mark("Evidence that came in only after the question proves nothing by itself: say what proves it from outside, or let the deviation stand."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{hidden(d, "deviation"),
				{Name: "outcome", Label: shell.T(d.ctx, "What it turned out to be"), Type: "radio", Required: true, Options: options(d.ctx, outcomes)},
				{Name: "reason", Label: shell.T(d.ctx, "Reason"), Type: "area", Required: true},
				{Name: "independent_proof", Label: shell.T(d.ctx, "Proof from outside"), Type: "area", Rows: 2, Help: shell.T(d.ctx, "Where the client's evidence is younger than the question.")}}
		},
		body: func(d *desk) (any, error) {
			return engage.Resolution{Deviation: d.value("deviation"), Outcome: d.value("outcome"), Reason: d.value("reason"), Proof: d.value("independent_proof")}, nil
		}},
}

func nextDeviation(e *engage.Engagement) string {
	n := len(e.Deviations) + 1
	for e.Deviation("D-"+pad(n)) != nil {
		n++
	}
	return "D-" + pad(n)
}

// marked are the items of a test that the auditor marked as deviating and that stand in no deviation yet.
func (d *desk) marked() []string {
	if one := d.r.URL.Query()["item"]; len(one) > 0 {
		return one
	}
	p := d.e.Papers[d.value("control")]
	if p == nil || p.Tests[d.value("test")] == nil {
		return nil
	}
	t := p.Tests[d.value("test")]
	var out []string
	for key := range t.Marks {
		if result(t, key) != "deviation" || slices.ContainsFunc(d.e.Deviations, func(x *engage.Deviation) bool { return x.Test == t.Test && slices.Contains(x.Items, key) }) {
			continue
		}
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

func split(s string) []string {
	out := strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\n' })
	if out == nil {
		return []string{}
	}
	return out
}

// step is one of the eight of a deviation's way (handbook 4.8).
type step struct {
	Name string // English
	Done bool
	Say  string
}

func (v *view) steps(d *engage.Deviation) []step {
	concluded, matters := false, false
	if _, ok := v.e.Controls[d.Control]; ok {
		concluded = true
	}
	for _, x := range v.e.Scope().Matters {
		if slices.Contains(x.Controls, d.Control) && slices.ContainsFunc(v.e.Matters, func(c report.MatterConclusion) bool { return c.ID == x.ID }) {
			matters = true
		}
	}
	disclosed := slices.ContainsFunc(v.e.Exceptions, func(x report.Exception) bool { return x.Control == d.Control })
	stands := d.Stands()
	return []step{
		{phrase.Mark("Deviation"), true, shell.N(v.ctx, len(d.Items), "%d item", "%d items")},
		{phrase.Mark("Answer of the client"), len(d.Responses) > 0, ""},
		{phrase.Mark("Cause and extent"), d.Analysis != nil || !stands, ""},
		{phrase.Mark("What it is"), d.Resolution != nil, ""},
		{phrase.Mark("Compensating control"), len(d.Compensating) > 0 || concluded || !stands, v.compensated(d)},
		{phrase.Mark("Conclusion on the control"), concluded, ""},
		{phrase.Mark("Conclusion on what it serves"), matters, ""},
		{phrase.Mark("Exception in the report"), disclosed || d.Resolution != nil && !stands, ""},
	}
}

func (v *view) compensated(d *engage.Deviation) string {
	if len(d.Compensating) == 0 {
		return shell.T(v.ctx, "none named")
	}
	var out []string
	for _, c := range d.Compensating {
		out = append(out, c.Control)
	}
	return strings.Join(out, ", ")
}

func (p *Pages) deviations(w http.ResponseWriter, r *http.Request) error {
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) { return deviationsPage(v), nil })
}

func (p *Pages) deviation(w http.ResponseWriter, r *http.Request) error {
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) {
		d := v.e.Deviation(r.PathValue("deviation"))
		if d == nil {
			return nil, fault.NotFound
		}
		return deviationPage(v, d), nil
	})
}

// stepOf is the place of the first step that is not done, and its name; none where all are.
func stepOf(list []step) (at int, name string) {
	for i, s := range list {
		if !s.Done {
			return i + 1, s.Name
		}
	}
	return len(list), ""
}

// before reports whether a piece of evidence was in the client's ledger before an instant.
func before(ev engage.Evidence, at civil.Instant) bool {
	i, err := civil.ParseInstant(ev.Received)
	return err == nil && i < at
}
