package program

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

type editData struct {
	Title  string
	Crumbs []shell.Crumb
	About  []string // what the page is for
	Form   shell.Form
	Draw   *draw // what the change does, where a preview was asked for
	Stale  *stale
	Refuse bool // something was refused: the heading of the page says so
	Help   bool // the rule language is explained
}

// stale is an edit that was drawn from what is no longer in force: both are shown.
type stale struct {
	What         string
	Mine, Theirs []shown
}

// shown is one fact of a version that is shown beside another.
type shown struct{ Name, Text string }

// act is a change of one control that a form describes.
type act struct {
	id       string
	now      scope.Folder
	revision int64
	current  scope.Version // latest; zero for a new control
	fresh    bool
}

func (p *Pages) begin(ctx context.Context, id string) (act, error) {
	f, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return act{}, err
	}
	vs := f.Of(id)
	if len(vs) == 0 {
		return act{}, fault.NotFound
	}
	return act{id: id, now: f, revision: rev, current: vs[len(vs)-1]}, nil
}

func (p *Pages) editForm(w http.ResponseWriter, r *http.Request) error {
	a, err := p.begin(r.Context(), r.PathValue("control"))
	if err != nil {
		return err
	}
	d, err := p.editPage(r.Context(), a)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, editPage(d))
}

func (p *Pages) editPage(ctx context.Context, a act) (editData, error) {
	b, err := base(a.now, a.id)
	if err != nil {
		return editData{}, err
	}
	d := editData{Title: shell.T(ctx, "Change %s", a.id),
		Crumbs: []shell.Crumb{{Path: "/program", Text: shell.T(ctx, "Program")}, {Path: controlPath(a.id), Text: a.id}, {Text: shell.T(ctx, "Change")}}}
	d.About = []string{shell.T(ctx, "What is in force is not rewritten: the change makes a new version from a day on. Drawn from version %d.", a.current.Version)}
	fields := controlFields(ctx, a.current.Control)
	fields = append(fields, versionFields(ctx, p.today(a.now)+1, false)...)
	d.Form = shell.Form{Action: controlPath(a.id) + "/edit", Submit: shell.T(ctx, "Prepare the change"), Back: controlPath(a.id), Hidden: map[string]string{"base": b}, Fields: fields}
	return d, nil
}

// controlFields are the facts of a control as a form has them.
func controlFields(ctx context.Context, c assure.Control) []shell.Field {
	t := func(s string) string { return shell.T(ctx, s) }
	yes := ""
	if c.Key {
		yes = "yes"
	}
	var frequencies, shapes []shell.Option
	for _, f := range []assure.Frequency{assure.PerEvent, assure.Continuous, assure.Daily, assure.Weekly, assure.Monthly, assure.Quarterly, assure.Semiannual, assure.Annual} {
		frequencies = append(frequencies, shell.Option{Value: string(f), Text: t(frequencyNames[f])})
	}
	for _, s := range []assure.Shape{assure.Event, assure.Schedule, assure.State, assure.Roster} {
		shapes = append(shapes, shell.Option{Value: string(s), Text: t(shapeNames[s])})
	}
	return []shell.Field{
		{Name: "title", Label: shell.T(ctx, "Title"), Value: c.Title, Required: true, Max: 200},
		{Name: "statement", Type: "area", Rows: 4, Label: shell.T(ctx, "Statement"), Value: c.Statement, Required: true, Max: 4000,
			Help: shell.T(ctx, "One actor, one act, when, and by what measure, in the present tense. What is said here is what will be tested.")},
		{Name: "owner", Label: shell.T(ctx, "Owner"), Value: c.Owner, Required: true, Max: 200, Help: shell.T(ctx, "A role, not a person.")},
		{Name: "frequency", Type: "select", Label: shell.T(ctx, "Frequency"), Value: string(c.Frequency), Required: true, Options: frequencies},
		{Name: "evidence_types", Type: "area", Rows: 3, Label: shell.T(ctx, "Evidence types"), Value: strings.Join(c.EvidenceTypes, "\n"), Required: true, Max: 4000,
			Help: shell.T(ctx, "One a line. A control without evidence cannot be shown to have acted.")},
		{Name: "escalation", Label: shell.T(ctx, "Escalates to"), Value: c.Escalation, Required: true, Max: 500},
		{Name: "nature", Type: "select", Label: shell.T(ctx, "Done by"), Value: c.Nature, Required: true, Options: options(ctx, natureNames, "manual", "automated", "hybrid")},
		{Name: "type", Type: "select", Label: shell.T(ctx, "Effect"), Value: c.Type, Required: true, Options: options(ctx, typeNames, "preventive", "detective", "corrective")},
		{Name: "key", Type: "check", Label: shell.T(ctx, "Key control: a criterion would not be met without it"), Value: yes},
		{Name: "shape", Type: "select", Label: shell.T(ctx, "Population"), Value: string(c.Shape), Required: true, Options: shapes},
		{Name: "unit", Label: shell.T(ctx, "One item is"), Value: c.Unit, Max: 500},
		{Name: "source", Label: shell.T(ctx, "Source"), Value: c.Source, Required: true, Max: 1000, Help: shell.T(ctx, "The system that did the thing.")},
		{Name: "completeness", Type: "area", Rows: 2, Label: shell.T(ctx, "Population is whole by"), Value: c.Completeness, Max: 2000},
		{Name: "pass_rule", Type: "area", Rows: 3, Label: shell.T(ctx, "Passes when"), Value: c.PassRule, Required: true, Max: 4000},
		{Name: "zero_occurrence", Type: "area", Rows: 2, Label: shell.T(ctx, "When nothing happened"), Value: c.ZeroOccurrence, Max: 2000},
		{Name: "criteria", Label: shell.T(ctx, "Criteria"), Value: strings.Join(c.Criteria, ", "), Mono: true, Help: shell.T(ctx, "Trust services criteria to which it is a primary contribution, such as CC6.1, CC6.2.")},
		{Name: "supporting", Label: shell.T(ctx, "Supporting only"), Value: strings.Join(c.Supporting, ", "), Mono: true},
		{Name: "iso27001", Label: shell.T(ctx, "ISO/IEC 27001, Annex A"), Value: strings.Join(c.ISO27001, ", "), Mono: true},
		{Name: "objectives", Label: shell.T(ctx, "Control objectives (SOC 1)"), Value: strings.Join(c.Objectives, ", "), Mono: true},
		{Name: "tags", Label: shell.T(ctx, "Tags"), Value: strings.Join(c.Tags, ", ")},
	}
}

func options(ctx context.Context, names map[string]string, values ...string) []shell.Option {
	var out []shell.Option
	for _, v := range values {
		out = append(out, shell.Option{Value: v, Text: shell.T(ctx, names[v])})
	}
	return out
}

// versionFields say from when a change holds, of which kind it is, and why.
func versionFields(ctx context.Context, from civil.Date, fresh bool) []shell.Field {
	kind := shell.Field{Name: "editorial", Type: "radio", Label: shell.T(ctx, "What kind of change it is"), Value: "no", Required: true,
		Options: []shell.Option{{Value: "no", Text: shell.T(ctx, "A change of what is done, or how it is tested: a version of its own")},
			{Value: "yes", Text: shell.T(ctx, "Wording only: what is done and how it is tested stay, and the test goes on")}}}
	out := []shell.Field{
		{Name: "from", Type: "date", Label: shell.T(ctx, "In force from"), Value: from.String(), Required: true,
			Help: shell.T(ctx, "Until the day before, the earlier version is tested; from this day on, this one.")},
		{Name: "implemented", Type: "date", Label: shell.T(ctx, "In place since"), Help: shell.T(ctx, "When people or systems began to do what it says. Leave empty while it is only designed.")},
		{Name: "reason", Type: "area", Rows: 2, Label: shell.T(ctx, "Why"), Required: true, Max: 2000, Help: shell.T(ctx, "Who approves reads this, and so does the auditor.")},
	}
	if fresh {
		return out
	}
	return append([]shell.Field{kind}, out...)
}

// readControl reads a control from a form. Only its shape is checked here; the program as a whole is checked after.
func readControl(id string, v url.Values) assure.Control {
	get := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	return assure.Control{ID: id, Title: oneLine(get("title")), Statement: oneLine(get("statement")), Owner: oneLine(get("owner")), Frequency: assure.Frequency(get("frequency")),
		Nature: get("nature"), Type: get("type"), Key: get("key") == "yes", EvidenceTypes: items(get("evidence_types"), false), Shape: assure.Shape(get("shape")),
		Unit: oneLine(get("unit")), Source: oneLine(get("source")), Completeness: oneLine(get("completeness")), PassRule: oneLine(get("pass_rule")), ZeroOccurrence: oneLine(get("zero_occurrence")),
		Escalation: oneLine(get("escalation")), Criteria: items(get("criteria"), true), Supporting: items(get("supporting"), true), ISO27001: items(get("iso27001"), true),
		Objectives: items(get("objectives"), true), Tags: items(get("tags"), true)}
}

// oneLine joins lines: a statement is a sentence, however the field was wrapped.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// revision reads from when a change holds and of which kind it is.
func readRevision(v url.Values, today civil.Date) (scope.Revision, error) {
	out := scope.Revision{Today: today, Editorial: v.Get("editorial") == "yes"}
	from, err := day(v, "from")
	if err != nil {
		return out, err
	}
	if from == nil {
		return out, &fault.Error{Kind: fault.Refused, Field: "from", What: "no day is given; expected the first day of the version, as YYYY-MM-DD"}
	}
	out.From = *from
	if out.Implemented, err = day(v, "implemented"); err != nil {
		return out, err
	}
	if strings.TrimSpace(v.Get("reason")) == "" {
		return out, &fault.Error{Kind: fault.Refused, Field: "reason", What: "no reason is given; expected why the change is made"}
	}
	return out, nil
}

func day(v url.Values, name string) (*civil.Date, error) {
	s := strings.TrimSpace(v.Get(name))
	if s == "" {
		return nil, nil
	}
	d, err := civil.ParseDate(s)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Refused, Field: name, What: err.Error()}
	}
	return &d, nil
}

func (p *Pages) saveEdit(w http.ResponseWriter, r *http.Request) error {
	a, err := p.begin(r.Context(), r.PathValue("control"))
	if err != nil {
		return err
	}
	d, err := p.editPage(r.Context(), a)
	if err != nil {
		return err
	}
	return p.save(w, r, a, d, func(v url.Values) (scope.Folder, error) {
		rev, err := readRevision(v, p.today(a.now))
		if err != nil {
			return a.now, err
		}
		rev.Control = readControl(a.id, v)
		rev.Test = testOf(a.now.Of(a.id))
		return a.now.Revise(rev)
	})
}

// testOf is the test that goes on with the next version.
func testOf(versions []scope.Version) string {
	for i := len(versions) - 1; i >= 0; i-- {
		if v := versions[i]; !v.Editorial {
			return v.Test
		}
	}
	return ""
}

// save takes a posted change of a control: shown as a preview, refused with the form filled, or kept.
func (p *Pages) save(w http.ResponseWriter, r *http.Request, a act, d editData, change func(url.Values) (scope.Folder, error)) error {
	ctx := r.Context()
	if err := shell.ReadForm(w, r); err != nil {
		return p.refused(w, r, d, err)
	}
	fresh := d.Form.Hidden["base"]
	d.Form = filled(d.Form, r)
	if r.PostForm.Get("base") != fresh {
		d.Stale = staleControl(ctx, a, r.PostForm)
		return shell.Page(w, r, http.StatusConflict, editPage(d))
	}
	to, err := change(r.PostForm)
	if err != nil {
		return p.refused(w, r, d, err)
	}
	x, err := p.drawn(ctx, a.now, to, a.revision)
	if err != nil {
		return p.refused(w, r, d, err)
	}
	if r.PostForm.Get("act") == "preview" {
		d.Draw = &x
		return shell.Page(w, r, http.StatusOK, editPage(d))
	}
	title := shell.T(ctx, "%s: %s", a.id, oneLine(r.PostForm.Get("title")))
	if r.PostForm.Get("title") == "" {
		title = shell.T(ctx, "%s: its test", a.id)
	}
	return p.keep(w, r, x, title, strings.TrimSpace(r.PostForm.Get("reason")), controlPath(a.id))
}

// refused draws the form again with what was wrong beside its field. What is no refusal is a fault.
func (p *Pages) refused(w http.ResponseWriter, r *http.Request, d editData, err error) error {
	if !errors.Is(err, fault.Refused) {
		return err
	}
	d.Form = filled(d.Form, r).WithErrors(renamed(err))
	d.Refuse = true
	return shell.Page(w, r, http.StatusUnprocessableEntity, editPage(d))
}

// renamed gives a refusal of the program's files the name that its field has in forms.
func renamed(err error) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	names := map[string]string{"population.shape": "shape", "population.source": "source", "--categories": "categories", "--from": "from", "--to": "to", "--from, --to": "from",
		"--as-of": "as_of", "--report": "report", "--objectives": "objectives", "--name": "name"}
	c := *e
	if n, ok := names[c.Field]; ok {
		c.Field = n
	}
	if strings.HasPrefix(c.File, "controls/") || c.File == "program.yaml" || c.File == "system.yaml" {
		c.File, c.Line = "", 0
	}
	return &c
}

func staleControl(ctx context.Context, a act, v url.Values) *stale {
	s := &stale{What: shell.T(ctx, "%s has been changed since this form was drawn: version %d is the latest now. Nothing was kept. Compare, mend the form below, and send it again.", a.id, a.current.Version)}
	mine := scope.Version{Control: readControl(a.id, v), Test: v.Get("test")}
	if v.Get("title") == "" { // the form of the test has no other facts
		mine.Control = a.current.Control
	} else {
		mine.Test = a.current.Test
	}
	for _, x := range scope.Compare(mine, a.current) {
		name := shell.T(ctx, fieldNames[x.Name])
		s.Mine = append(s.Mine, shown{name, x.Was})
		s.Theirs = append(s.Theirs, shown{name, x.Is})
	}
	return s
}

// testForm edits the rule and its cases.
func (p *Pages) testForm(w http.ResponseWriter, r *http.Request) error {
	a, err := p.begin(r.Context(), r.PathValue("control"))
	if err != nil {
		return err
	}
	d, err := p.testPage(r.Context(), a)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, editPage(d))
}

func (p *Pages) testPage(ctx context.Context, a act) (editData, error) {
	b, err := base(a.now, a.id)
	if err != nil {
		return editData{}, err
	}
	text := testOf(a.now.Of(a.id))
	if text == "" {
		text = "control " + a.id + "\nshape " + string(a.current.Control.Shape) + "\n\n" + p.libraryTest(a.id)
	}
	d := editData{Title: shell.T(ctx, "Change the test of %s", a.id), Help: true,
		Crumbs: []shell.Crumb{{Path: "/program", Text: shell.T(ctx, "Program")}, {Path: controlPath(a.id), Text: a.id}, {Text: shell.T(ctx, "Test")}}}
	d.About = []string{shell.T(ctx, "The rule is compiled and every case is run before the change is taken. A case that gives another verdict than it says refuses it.")}
	fields := []shell.Field{{Name: "test", Type: "area", Rows: 30, Mono: true, Label: shell.T(ctx, "Rule and cases"), Value: text, Required: true, Max: 400_000}}
	fields = append(fields, versionFields(ctx, p.today(a.now)+1, true)...)
	d.Form = shell.Form{Action: controlPath(a.id) + "/test", Submit: shell.T(ctx, "Prepare the change"), Back: controlPath(a.id), Hidden: map[string]string{"base": b}, Fields: fields}
	return d, nil
}

// libraryTest is what the library tests a control with, without its head; a sketch where it has none.
func (p *Pages) libraryTest(id string) string {
	if list, err := tests.Load(p.o.Registers); err == nil {
		if i := slices.IndexFunc(list, func(t *tests.Test) bool { return t.Control == id }); i >= 0 {
			if _, rest, ok := strings.Cut(list[i].File, "\n\n"); ok {
				return rest
			}
		}
	}
	return "-- rule --\n\n-- case: one that passes and one that fails --\n"
}

func (p *Pages) saveTest(w http.ResponseWriter, r *http.Request) error {
	a, err := p.begin(r.Context(), r.PathValue("control"))
	if err != nil {
		return err
	}
	d, err := p.testPage(r.Context(), a)
	if err != nil {
		return err
	}
	return p.save(w, r, a, d, func(v url.Values) (scope.Folder, error) {
		text := strings.TrimRight(v.Get("test"), "\n") + "\n"
		if _, err := p.runFile(r.Context(), scope.TestFile(a.id, a.current.Version+1), a.id, text); err != nil {
			return a.now, err
		}
		rev, err := readRevision(v, p.today(a.now))
		if err != nil {
			return a.now, err
		}
		if text == testOf(a.now.Of(a.id)) {
			return a.now, nil
		}
		rev.Control, rev.Test, rev.Editorial = a.current.Control, text, false
		return a.now.Revise(rev)
	})
}

// filled puts what was posted back into the fields; a box that was not ticked posts nothing.
func filled(f shell.Form, r *http.Request) shell.Form {
	f = f.Filled(r)
	for i, x := range f.Fields {
		if x.Type == "check" && !r.PostForm.Has(x.Name) {
			f.Fields[i].Value = ""
		}
	}
	return f
}
