package work

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

type deviationsData struct {
	View       string // open, answered, overdue
	Counts     map[string]int
	List       []deviationRow
	Total      int
	Page, Last int
	Query      url.Values
	Text       string
	Control    string
	Controls   []string
	Zone       civil.Zone
	Today      civil.Date
	Link       bool // the reader sees single items
}

type deviationRow struct {
	operate.Deviation
	Answer *operate.Answer
}

// overdue reports whether what was promised is past its day.
func (x deviationRow) overdue(today civil.Date) bool {
	return x.Answer != nil && x.Answer.DueOn != nil && *x.Answer.DueOn < today
}

// deviations lists the items that deviate, open and answered.
func (p *Pages) deviations(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	page, err := pageOf(q)
	if err != nil {
		return err
	}
	d := deviationsData{View: q.Get("view"), Counts: map[string]int{}, Page: page, Query: q, Text: q.Get("q"), Control: q.Get("control"), Zone: p.o.Zone, Today: p.today(), Link: shell.May(ctx, access.ReadRecords)}
	if d.View == "" {
		d.View = "open"
	}
	if !slices.Contains([]string{"open", "answered", "overdue"}, d.View) {
		return fault.At("", 0, "view", "%q is no view; expected open, answered or overdue", d.View)
	}
	list, err := p.o.Deviations.Deviations(ctx, p.o.Org)
	if err != nil {
		return err
	}
	answers, err := p.o.Board.Answers(ctx, p.o.Org)
	if err != nil {
		return err
	}
	var found []deviationRow
	for _, x := range list {
		row := deviationRow{Deviation: x}
		if a, ok := answers[x.ID()]; ok {
			row.Answer = &a
		}
		view := "open"
		if row.Answer != nil {
			view = "answered"
		}
		d.Counts[view]++
		late := row.overdue(d.Today)
		if late {
			d.Counts["overdue"]++
		}
		if !slices.Contains(d.Controls, x.Control) {
			d.Controls = append(d.Controls, x.Control)
		}
		if (view == d.View || late && d.View == "overdue") && (d.Control == "" || d.Control == x.Control) && says(x, d.Text) {
			found = append(found, row)
		}
	}
	slices.Sort(d.Controls)
	d.Total, d.Last = len(found), max(1, (len(found)+rowsOfPage-1)/rowsOfPage)
	from := min((page-1)*rowsOfPage, d.Total)
	d.List = found[from:min(from+rowsOfPage, d.Total)]
	return shell.Page(w, r, http.StatusOK, deviationsPage(d))
}

func says(x operate.Deviation, text string) bool {
	return text == "" || strings.Contains(strings.ToLower(x.Control+" "+x.Test+" "+x.Item+" "+x.Title+" "+x.Reason), strings.ToLower(text))
}

type deviationData struct {
	operate.Deviation
	Control assure.Control
	Answers []operate.Answer // the first first
	Form    shell.Form
	May     bool
	Stale   *staleView
	Zone    civil.Zone
}

// lookDeviation finds a deviation and its answers. One that no result has any more is still shown when it was answered.
func (p *Pages) lookDeviation(r *http.Request) (deviationData, error) {
	ctx := r.Context()
	q := r.URL.Query()
	d := deviationData{May: shell.May(ctx, access.AnswerDeviations), Zone: p.o.Zone}
	list, err := p.o.Deviations.Deviations(ctx, p.o.Org)
	if err != nil {
		return d, err
	}
	test, item, control := q.Get("test"), q.Get("key"), r.PathValue("control")
	i := slices.IndexFunc(list, func(x operate.Deviation) bool {
		return x.Control == control && x.Item == item && (test == "" || x.Test == test)
	})
	if i < 0 {
		return d, notFound("deviation " + item)
	}
	d.Deviation = list[i]
	if d.Control, err = p.control(r, control); err != nil && !errors.Is(err, fault.NotFound) {
		return d, err
	}
	if d.Answers, err = p.o.Desk.AnswerOf(ctx, p.o.Org, d.Test, d.Item); err != nil {
		return d, err
	}
	var was operate.Answer
	if n := len(d.Answers); n > 0 {
		was = d.Answers[n-1]
	}
	d.Form = p.answerForm(r, d.Deviation, was)
	return d, nil
}

func (p *Pages) answerForm(r *http.Request, x operate.Deviation, was operate.Answer) shell.Form {
	ctx := r.Context()
	t := func(english string) shell.Option { return shell.Option{Text: english} }
	options := func(list ...shell.Option) []shell.Option {
		return append([]shell.Option{t(shell.T(ctx, "Choose one"))}, list...)
	}
	return shell.Form{Action: deviationPath(x), Submit: shell.T(ctx, "Record the answer"), Hidden: map[string]string{"version": strconv.Itoa(was.Version)}, Fields: []shell.Field{
		{Name: "position", Label: shell.T(ctx, "What management says"), Type: "select", Required: true, Value: was.Position, Options: options(
			shell.Option{Value: "agreed", Text: shell.T(ctx, "It deviates")}, shell.Option{Value: "operated", Text: shell.T(ctx, "The control did operate")}, shell.Option{Value: "not_applicable", Text: shell.T(ctx, "The rule does not apply to this item")}),
			Help: shell.T(ctx, "That it did operate must be provable by what was there before it was asked for.")},
		{Name: "cause", Label: shell.T(ctx, "Cause"), Type: "select", Required: true, Value: was.Cause, Options: options(causes(ctx)...)},
		{Name: "response", Label: shell.T(ctx, "Response"), Type: "area", Required: true, Value: was.Response, Help: shell.T(ctx, "As the report prints it, beside the deviation.")},
		{Name: "extent", Label: shell.T(ctx, "Isolated or systemic"), Type: "radio", Required: true, Value: was.Extent, Options: []shell.Option{{Value: "isolated", Text: shell.T(ctx, "Isolated")}, {Value: "systemic", Text: shell.T(ctx, "Systemic")}}},
		{Name: "extent_reason", Label: shell.T(ctx, "What was looked at to say so"), Type: "area", Required: true, Value: was.ExtentReason, Help: shell.T(ctx, "Such as other items of the same person, system or time.")},
		{Name: "impact", Label: shell.T(ctx, "Did the risk come true"), Type: "area", Value: was.Impact, Help: shell.T(ctx, "It says how severe the deviation is; it does not erase it.")},
		{Name: "compensating_control", Label: shell.T(ctx, "Compensating control"), Value: was.Compensating, Mono: true, Help: shell.T(ctx, "A control that acted on the same risk when it happened. It counts only if it is tested itself.")},
		{Name: "deficiency", Label: shell.T(ctx, "Deficiency"), Value: was.Deficiency, Mono: true, Help: shell.T(ctx, "The id of the deficiency that was opened for it.")},
		{Name: "due_on", Label: shell.T(ctx, "Corrected by"), Type: "date", Value: text(was.DueOn)},
	}}
}

func causes(ctx context.Context) []shell.Option {
	return []shell.Option{
		{Value: "human_error", Text: shell.T(ctx, "Human error")}, {Value: "system_error", Text: shell.T(ctx, "System error")}, {Value: "intentional", Text: shell.T(ctx, "Intentional")},
		{Value: "unclear_rule", Text: shell.T(ctx, "Unclear rule")}, {Value: "evidence_lost", Text: shell.T(ctx, "Evidence lost")}, {Value: "population_error", Text: shell.T(ctx, "Error of the population")},
	}
}

// deviation is one item that deviates, with management's answer.
func (p *Pages) deviation(w http.ResponseWriter, r *http.Request) error {
	d, err := p.lookDeviation(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, deviationPageOf(d))
}

// answer records management's answer.
func (p *Pages) answer(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, err := p.lookDeviation(r)
	if err != nil {
		return err
	}
	x := operate.Answer{Control: d.Deviation.Control, Test: d.Test, Item: d.Item, Position: shell.Value(r, "position"), Cause: shell.Value(r, "cause"), Response: shell.Value(r, "response"),
		Extent: shell.Value(r, "extent"), ExtentReason: shell.Value(r, "extent_reason"), Compensating: shell.Value(r, "compensating_control"), Impact: shell.Value(r, "impact"), Deficiency: shell.Value(r, "deficiency")}
	var errs [3]error
	x.Version, errs[0] = versionOf(r)
	x.DueOn, errs[1] = dateOf(r, "due_on")
	if x.Compensating != "" {
		if _, err := p.control(r, x.Compensating); err != nil {
			errs[2] = fault.At("", 0, "compensating_control", "%q is no control of this organization", cut(x.Compensating, 40))
		}
	}
	if err = errors.Join(errs[:]...); err == nil {
		err = p.o.Desk.Answer(ctx, p.actor(ctx), x)
	}
	if err == nil {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "The answer is recorded.")})
		return shell.Redirect(w, r, deviationPath(d.Deviation))
	}
	if !refused(err) {
		return err
	}
	d.Form = d.Form.Filled(r)
	var stale *operate.Stale
	if errors.As(err, &stale) {
		d.Stale = p.stale(ctx, stale)
		d.Form.Error = stale.Error()
		d.Form.Hidden["version"] = strconv.Itoa(stale.Current.Version)
		return shell.Page(w, r, http.StatusConflict, deviationPageOf(d))
	}
	d.Form = d.Form.WithErrors(err)
	return shell.Page(w, r, http.StatusUnprocessableEntity, deviationPageOf(d))
}
