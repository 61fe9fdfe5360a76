package examination

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/sample"
	"github.com/assayhq/assay/internal/web/shell"
)

func populationsBack(d *desk) string {
	if c := d.value("control"); c != "" && d.side == engage.Firm {
		return base(d.id) + "/papers/" + url.PathEscape(c)
	}
	return base(d.id) + "/populations"
}

func controlTest(d *desk) []shell.Field {
	return []shell.Field{hidden(d, "control"), hidden(d, "test")}
}

var populationDeeds = []*deed{
	{kind: "commit_seed", title: phrase.Mark("Commit to a seed"), submit: phrase.Mark("Commit to a seed"), said: phrase.Mark("The commitment is with the client, who can freeze the population now."),
		lead:   phrase.Mark("A secret is made and kept here; the client gets its hash. Only then is the population frozen, and only then is the seed opened: neither side can steer the selection."),
		fields: controlTest, back: populationsBack,
		do: func(p *Pages, ctx context.Context, d *desk, _ any) error {
			return p.o.Work.CommitSeed(ctx, whoOf(ctx), d.id, d.value("control"), d.value("test"))
		}},
	{kind: "freeze", title: phrase.Mark("Freeze a population"), submit: phrase.Mark("Freeze it as it is known now"), said: phrase.Mark("The population is frozen, and the firm is told."),
		lead:   phrase.Mark("The items that the test sees now are listed, counted and hashed. From then on another list of items is another version."),
		fields: controlTest, back: populationsBack,
		do: func(p *Pages, ctx context.Context, d *desk, _ any) error {
			return p.o.Client.Freeze(ctx, whoOf(ctx), d.id, d.value("control"), d.value("test"))
		}},
	{kind: "check_population", title: phrase.Mark("Check a population"), submit: phrase.Mark("Record the check"), said: phrase.Mark("The check is on the paper."), back: populationsBack,
		lead: phrase.Mark("Work of the auditor on completeness (C1 to C6) or accuracy (A1 to A5) of a population."),
		fields: func(d *desk) []shell.Field {
			return append(controlTest(d),
				shell.Field{Name: "check", Label: shell.T(d.ctx, "Check"), Type: "select", Required: true, Value: or(d.value("check"), "C2"), Options: options(d.ctx, checks)},
				shell.Field{Name: "source", Label: shell.T(d.ctx, "Held against"), Help: shell.T(d.ctx, "The second source, such as an audit log of the cloud. Needed for C2.")},
				shell.Field{Name: "count", Label: shell.T(d.ctx, "Count by the second source"), Type: "number", Help: shell.T(d.ctx, "The auditor's own; needed for C2.")},
				shell.Field{Name: "words", Label: shell.T(d.ctx, "What was done, and what came of it"), Type: "area", Required: true},
				shell.Field{Name: "passed", Label: shell.T(d.ctx, "Result"), Type: "radio", Required: true, Options: []shell.Option{{Value: "yes", Text: shell.T(d.ctx, "It holds")}, {Value: "no", Text: shell.T(d.ctx, "It does not hold")}}})
		},
		body: func(d *desk) (any, error) {
			c := engage.PopulationCheck{Control: d.value("control"), Test: d.value("test"), Check: d.value("check"), Source: d.value("source"), Words: d.value("words"), Passed: d.yes("passed")}
			if x := d.value("passed"); x != "yes" && x != "no" {
				return nil, wrong("passed", "nothing is chosen; expected a result")
			}
			if d.value("count") != "" {
				n, err := d.number("count")
				if err != nil {
					return nil, err
				}
				c.Count = &n
			}
			return c, nil
		}},
	{kind: "trace", title: phrase.Mark("Trace an item from outside"), submit: phrase.Mark("Record the trace"), said: phrase.Mark("The trace is on the paper."), back: populationsBack,
		lead: phrase.Mark("Something that happened, taken from another source than the population, is looked for in it. One that is missing shows that the population is not complete."),
		fields: func(d *desk) []shell.Field {
			return append(controlTest(d),
				shell.Field{Name: "item", Label: shell.T(d.ctx, "Item"), Required: true, Help: shell.T(d.ctx, "As the other source names it.")},
				shell.Field{Name: "source", Label: shell.T(d.ctx, "Source"), Required: true},
				shell.Field{Name: "found", Label: shell.T(d.ctx, "In the population"), Type: "radio", Required: true, Options: []shell.Option{{Value: "yes", Text: shell.T(d.ctx, "Found")}, {Value: "no", Text: shell.T(d.ctx, "Not found")}}},
				shell.Field{Name: "words", Label: shell.T(d.ctx, "What was done, and what came of it"), Type: "area", Required: true})
		},
		body: func(d *desk) (any, error) {
			if x := d.value("found"); x != "yes" && x != "no" {
				return nil, wrong("found", "nothing is chosen; expected a result")
			}
			return engage.Trace{Control: d.value("control"), Test: d.value("test"), Item: d.value("item"), Source: d.value("source"), Found: d.yes("found"), Words: d.value("words")}, nil
		}},
	drawDeed,
	{kind: "replace", title: phrase.Mark("Replace a void item"), submit: phrase.Mark("Replace the item"), said: phrase.Mark("The next item of the shuffle stands in its place."),
		lead: phrase.Mark("Only an item that did not need the control is replaced. Missing evidence is a deviation, and never replaced."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{hidden(d, "sample"), hidden(d, "key"),
				{Name: "cause", Label: shell.T(d.ctx, "Cause"), Type: "radio", Required: true, Options: []shell.Option{{Value: "void", Text: shell.T(d.ctx, "Void: it did not need the control")}, {Value: "duplicate", Text: shell.T(d.ctx, "Duplicate of another item")}}},
				{Name: "reason", Label: shell.T(d.ctx, "Reason"), Type: "area", Required: true}}
		},
		about: func(d *desk) templComponent { return itemLine(d.value("key")) },
		do: func(p *Pages, ctx context.Context, d *desk, _ any) error {
			if d.value("cause") == "" {
				return wrong("cause", "nothing is chosen; expected void or duplicate")
			}
			if d.value("reason") == "" {
				return wrong("reason", "nothing is said; expected why it did not need the control")
			}
			return p.o.Work.Replace(ctx, whoOf(ctx), d.id, d.value("sample"), d.value("key"), d.value("cause"), d.value("reason"))
		},
		back: sampleBack},
	{kind: "release_sample", title: phrase.Mark("Release a sample"), submit: phrase.Mark("Release it to the client"), said: phrase.Mark("The client sees the selection, with the seed opened."),
		lead:   phrase.Mark("The client is told which items were selected, and can draw the selection again from the opened seed."),
		fields: func(d *desk) []shell.Field { return []shell.Field{hidden(d, "sample")} },
		body: func(d *desk) (any, error) {
			s := d.e.SampleOf(d.value("sample"))
			if s == nil {
				return nil, fault.Refuse("no sample %q", cut(d.value("sample"), 40))
			}
			b, err := json.Marshal(s) // as it stands now: the house is let go before the act is done
			return json.RawMessage(b), err
		},
		back: sampleBack},
}

func sampleBack(d *desk) string {
	if s := d.value("sample"); s != "" {
		return base(d.id) + "/samples/" + url.PathEscape(s)
	}
	return base(d.id) + "/populations"
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

var drawDeed = &deed{kind: "draw", title: phrase.Mark("Draw a sample"), submit: phrase.Mark("Draw the sample"), said: phrase.Mark("The sample is drawn."),
	lead: phrase.Mark("Where the whole population was tested, no sample is needed for the operation of the control. One is drawn to look at items that the rule passed, or that it could not decide."),
	ask: func(p *Pages, ctx context.Context, d *desk) error {
		s, err := p.o.Work.Suggest(ctx, d.id, d.value("control"), d.value("test"))
		if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Refused) {
			return nil
		}
		d.extra = s
		return err
	},
	about: func(d *desk) templComponent {
		s, _ := d.extra.(Size)
		return sizesView(d.view, s)
	},
	fields: func(d *desk) []shell.Field {
		s, _ := d.extra.(Size)
		size, base := "", ""
		if len(s.Sizes) > 0 {
			size, base = strconv.Itoa(s.Sizes[0].Size), s.Sizes[0].Basis
		}
		return append(controlTest(d),
			shell.Field{Name: "purpose", Label: shell.T(d.ctx, "Purpose"), Type: "select", Required: true, Value: or(d.value("purpose"), "operation"), Options: options(d.ctx, purposes)},
			shell.Field{Name: "method", Label: shell.T(d.ctx, "Method"), Type: "select", Required: true, Value: or(d.value("method"), "random"), Options: options(d.ctx, methods), Help: shell.T(d.ctx, "A judgemental selection cannot be projected to the population.")},
			shell.Field{Name: "size", Label: shell.T(d.ctx, "Size"), Type: "number", Value: or(d.value("size"), size), Help: shell.T(d.ctx, "Of a judgemental selection the items picked count.")},
			shell.Field{Name: "basis", Label: shell.T(d.ctx, "Where the size comes from"), Required: true, Value: or(d.value("basis"), base)},
			shell.Field{Name: "reason", Label: shell.T(d.ctx, "Reason of an extension"), Type: "area", Rows: 2, Help: shell.T(d.ctx, "Said before its results are seen.")},
			shell.Field{Name: "picks", Label: shell.T(d.ctx, "Items picked, with the reason"), Type: "area", Help: shell.T(d.ctx, "Of a judgemental selection: one item a line, its key, a blank, and why it was picked."), Mono: true})
	},
	do: func(p *Pages, ctx context.Context, d *desk, _ any) error {
		x := Drawing{Control: d.value("control"), Test: d.value("test"), Purpose: d.value("purpose"), Method: d.value("method"), Basis: d.value("basis"), Reason: d.value("reason")}
		if x.Method == string(sample.Judgemental) {
			x.Picks = map[string]string{}
			for _, l := range d.lines("picks") {
				key, why, _ := strings.Cut(l, " ")
				if strings.TrimSpace(why) == "" {
					return wrong("picks", "%s: nothing says why it was picked", cut(key, 60))
				}
				x.Picks[key] = strings.TrimSpace(why)
			}
			if len(x.Picks) == 0 {
				return wrong("picks", "no item is picked; expected one a line with the reason")
			}
			x.Size = len(x.Picks)
		} else {
			n, err := d.number("size")
			if err != nil {
				return err
			}
			x.Size = n
		}
		if x.Basis == "" {
			return wrong("basis", "nothing is said; expected where the size comes from")
		}
		return p.o.Work.Draw(ctx, whoOf(ctx), d.id, x)
	},
	back: populationsBack}

// row is one test with its population, for the list.
type row struct {
	Control, Test string
	Frozen        []engage.Frozen // versions, the latest last
	Seed          *engage.Seed    // committed to, and not opened
	Wanting       bool            // a freeze under this commitment is owed
	Samples       []engage.Sample
	Checks        []engage.PopulationCheck // the auditor's
	Traces        []engage.Trace
}

func (x row) last() *engage.Frozen {
	if len(x.Frozen) == 0 {
		return nil
	}
	return &x.Frozen[len(x.Frozen)-1]
}

// second is the auditor's own count, the latest.
func (x row) second() *engage.PopulationCheck {
	for i := range slices.Backward(x.Checks) {
		if x.Checks[i].Check == "C2" {
			return &x.Checks[i]
		}
	}
	return nil
}

// rows brings together what is known of each test's population; lines are the controls of the mirror, none where no package is here.
func (v *view) rows(lines []ControlLine) []row {
	var out []row
	at := func(control, test string) *row {
		i := slices.IndexFunc(out, func(x row) bool { return x.Test == test })
		if i < 0 {
			out = append(out, row{Control: control, Test: test})
			i = len(out) - 1
		}
		return &out[i]
	}
	scope := v.e.InScope()
	for _, l := range lines {
		if len(scope) == 0 || slices.Contains(scope, l.ID) {
			for _, t := range l.Tests {
				at(l.ID, t)
			}
		}
	}
	for i := range v.e.Seeds {
		s := &v.e.Seeds[i]
		x := at(s.Control, s.Test)
		if !s.Used {
			x.Seed = s
		}
	}
	for _, f := range v.e.Frozen {
		x := at(f.Control, f.Test)
		x.Frozen = append(x.Frozen, f)
	}
	for _, s := range v.e.Samples {
		x := at(s.Control, s.Test)
		x.Samples = append(x.Samples, s)
	}
	for c, p := range v.e.Papers {
		for _, k := range p.Checks {
			x := at(c, k.Test)
			x.Checks = append(x.Checks, k)
		}
		for _, t := range p.Traces {
			x := at(c, t.Test)
			x.Traces = append(x.Traces, t)
		}
	}
	for i := range out {
		f := out[i].last()
		out[i].Wanting = out[i].Seed != nil && (f == nil || f.Commitment != out[i].Seed.Commitment)
	}
	slices.SortStableFunc(out, func(a, b row) int { return strings.Compare(a.Control+"\n"+a.Test, b.Control+"\n"+b.Test) })
	return out
}

func (p *Pages) populations(w http.ResponseWriter, r *http.Request) error {
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) { return populationsPage(v, v.rows(lines)), nil })
}

// lines are the controls of the client's package, for the firm; none before one was taken in.
func (p *Pages) lines(r *http.Request) ([]ControlLine, error) {
	if err := p.guard(r); err != nil || p.o.Side != engage.Firm {
		return nil, err
	}
	_, lines, err := p.o.Firm.Scope(r.Context(), r.PathValue("id"))
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	return lines, err
}

func (p *Pages) sample(w http.ResponseWriter, r *http.Request) error {
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) {
		s := v.e.SampleOf(r.PathValue("sample"))
		if s == nil {
			return nil, fault.NotFound
		}
		return samplePage(v, s), nil
	})
}

// bounds are what a sample drawn at random says of the population, at two usual confidences. A whole population and a judgemental
// selection have none.
func (v *view) bounds(s *engage.Sample) []sample.Evaluation {
	if !s.Projects() || s.Count == 0 || v.e.Papers[s.Control] == nil {
		return nil
	}
	tested, found := v.counted(s)
	tolerable := sample.Rate(v.e.Tolerable(s.Control))
	var out []sample.Evaluation
	for _, confidence := range []sample.Rate{9000, 9500} {
		x, err := sample.Evaluate(s.Count, tested, found, confidence, tolerable)
		if err != nil || x.Full || tested == 0 {
			return nil
		}
		out = append(out, x)
	}
	return out
}

// counted counts the items of a sample that have a result and needed the control, and those that deviate.
func (v *view) counted(s *engage.Sample) (tested, found int) {
	p := v.e.Papers[s.Control]
	if p == nil || p.Tests[s.Test] == nil {
		return 0, 0
	}
	for _, x := range s.Items {
		if x.Void {
			continue
		}
		switch result(p.Tests[s.Test], x.Key) {
		case "deviation":
			tested, found = tested+1, found+1
		case "pass":
			tested++
		}
	}
	return tested, found
}

// result is the auditor's for an item, over the attributes that were marked.
func result(t *engage.TestPaper, key string) string {
	list := t.Marks[key]
	if len(list) == 0 {
		return ""
	}
	attributes := make([]string, 0, len(list))
	for a := range list {
		attributes = append(attributes, a)
	}
	return t.Item(key, attributes)
}

func stratified(s *engage.Sample) bool {
	return slices.ContainsFunc(s.Items, func(x engage.SampledItem) bool { return x.Stratum != "" })
}

func reasoned(s *engage.Sample) bool {
	return slices.ContainsFunc(s.Items, func(x engage.SampledItem) bool { return x.Reason != "" || x.Instead != "" })
}
