package program

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// stateForm says that a control is in place since a day, or retires it.
func (p *Pages) stateForm(w http.ResponseWriter, r *http.Request) error {
	a, err := p.begin(r.Context(), r.PathValue("control"))
	if err != nil {
		return err
	}
	d, err := p.statePage(r.Context(), a)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, editPage(d))
}

func (p *Pages) statePage(ctx context.Context, a act) (editData, error) {
	b, err := base(a.now, a.id)
	if err != nil {
		return editData{}, err
	}
	d := editData{Title: shell.T(ctx, "%s: in place, or retired", a.id),
		Crumbs: []shell.Crumb{{Path: "/program", Text: shell.T(ctx, "Program")}, {Path: controlPath(a.id), Text: a.id}, {Text: shell.T(ctx, "State")}}}
	d.About = []string{
		shell.T(ctx, "A control is designed when it is written, and in place when people or systems began to do what it says. Only an item in the population shows it operating."),
		shell.T(ctx, "Nothing is deleted: a retired control stays in the report for the days on which it was in force."),
	}
	fields := []shell.Field{
		{Name: "what", Type: "radio", Label: shell.T(ctx, "What is to be said"), Value: "implemented", Required: true, Options: []shell.Option{
			{Value: "implemented", Text: shell.T(ctx, "Version %d is in place since the day", a.current.Version)},
			{Value: "retired", Text: shell.T(ctx, "The control is retired: the day is its last")}}},
		{Name: "day", Type: "date", Label: shell.T(ctx, "Day"), Value: p.today(a.now).String(), Required: true},
		{Name: "reason", Type: "area", Rows: 2, Label: shell.T(ctx, "Why"), Required: true, Max: 2000, Help: shell.T(ctx, "Who approves reads this, and so does the auditor.")},
	}
	d.Form = shell.Form{Action: controlPath(a.id) + "/state", Submit: shell.T(ctx, "Prepare the change"), Back: controlPath(a.id), Hidden: map[string]string{"base": b}, Fields: fields}
	return d, nil
}

func (p *Pages) saveState(w http.ResponseWriter, r *http.Request) error {
	a, err := p.begin(r.Context(), r.PathValue("control"))
	if err != nil {
		return err
	}
	d, err := p.statePage(r.Context(), a)
	if err != nil {
		return err
	}
	if err := shell.ReadForm(w, r); err != nil {
		return p.refused(w, r, d, err)
	}
	ctx := r.Context()
	current := d.Form.Hidden["base"]
	d.Form = filled(d.Form, r)
	if r.PostForm.Get("base") != current {
		d.Stale = &stale{What: shell.T(ctx, "%s has been changed since this form was drawn: version %d is the latest now. Nothing was kept.", a.id, a.current.Version)}
		return shell.Page(w, r, http.StatusConflict, editPage(d))
	}
	to, title, err := p.stated(ctx, a, r.PostForm)
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
	return p.keep(w, r, x, title, strings.TrimSpace(r.PostForm.Get("reason")), controlPath(a.id))
}

func (p *Pages) stated(ctx context.Context, a act, v url.Values) (to scope.Folder, title string, err error) {
	on, err := day(v, "day")
	switch {
	case err != nil:
		return a.now, "", err
	case on == nil:
		return a.now, "", &fault.Error{Kind: fault.Refused, Field: "day", What: "no day is given; expected YYYY-MM-DD"}
	case strings.TrimSpace(v.Get("reason")) == "":
		return a.now, "", &fault.Error{Kind: fault.Refused, Field: "reason", What: "no reason is given; expected why"}
	}
	switch v.Get("what") {
	case "implemented":
		if *on > p.today(a.now) {
			return a.now, "", &fault.Error{Kind: fault.Refused, Field: "day", What: "is in the future; expected a day on which it was in place already"}
		}
		to, err = a.now.Implement(a.id, a.current.Version, *on)
		title = shell.T(ctx, "%s: in place since %s", a.id, date(ctx, *on))
	case "retired":
		to, err = a.now.Retire(a.id, *on)
		title = shell.T(ctx, "%s: retired after %s", a.id, date(ctx, *on))
	default:
		err = &fault.Error{Kind: fault.Refused, Field: "what", What: "expected one of the two"}
	}
	if err != nil {
		e := renamed(err)
		if x, ok := e.(*fault.Error); ok && (x.Field == "to" || x.Field == "implemented") { //nolint:errorlint // renamed answers the error itself
			x.Field = "day"
		}
		return to, title, e
	}
	return to, title, nil
}

// A control's id names files, so it is plain.
var idOf = regexp.MustCompile(`^[A-Z][A-Z0-9]{0,9}-[0-9]{1,4}$`)

// newForm adds a control: of the library, or of the organization's own.
func (p *Pages) newForm(w http.ResponseWriter, r *http.Request) error {
	f, _, err := p.o.Program.Program(r.Context())
	if err != nil {
		return err
	}
	c := assure.Control{Frequency: assure.PerEvent, Shape: assure.Event, Nature: "manual", Type: "preventive"}
	if from := r.URL.Query().Get("from"); from != "" {
		var ok bool
		if c, ok = p.catalog.Control(from); !ok {
			return fault.NotFound
		}
	}
	return shell.Page(w, r, http.StatusOK, editPage(p.newPage(r.Context(), f, c)))
}

func (p *Pages) newPage(ctx context.Context, f scope.Folder, c assure.Control) editData {
	d := editData{Title: shell.T(ctx, "Add a control"), Crumbs: []shell.Crumb{{Path: "/program", Text: shell.T(ctx, "Program")}, {Text: shell.T(ctx, "Add a control")}}}
	d.About = []string{shell.T(ctx, "Say who does what, when, and what shows it. The test is written after: a control of the library brings its own.")}
	fields := append([]shell.Field{{Name: "id", Label: shell.T(ctx, "Id"), Value: c.ID, Required: true, Max: 15, Mono: true,
		Help: shell.T(ctx, "Capital letters, a dash and a number, such as IAM-21. It never changes.")}}, controlFields(ctx, c)...)
	fields = append(fields, versionFields(ctx, p.today(f)+1, true)...)
	d.Form = shell.Form{Action: "/program/new", Submit: shell.T(ctx, "Prepare the control"), Back: "/program", Fields: fields}
	return d
}

func (p *Pages) saveNew(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	d := p.newPage(ctx, f, assure.Control{})
	if err := shell.ReadForm(w, r); err != nil {
		return p.refused(w, r, d, err)
	}
	id := strings.TrimSpace(r.PostForm.Get("id"))
	a := act{id: id, now: f, revision: rev, fresh: true}
	return p.save(w, r, a, d, func(v url.Values) (scope.Folder, error) {
		if !idOf.MatchString(id) {
			return f, &fault.Error{Kind: fault.Refused, Field: "id", What: "expected capital letters, a dash and a number, such as IAM-21"}
		}
		if len(f.Of(id)) > 0 {
			return f, &fault.Error{Kind: fault.Refused, Field: "id", What: id + " is in the program already; expected another id"}
		}
		x, err := readRevision(v, p.today(f))
		if err != nil {
			return f, err
		}
		x.Control, x.Editorial = readControl(id, v), false
		if list, err := tests.Load(p.o.Registers); err == nil {
			if i := slices.IndexFunc(list, func(t *tests.Test) bool { return t.Control == id }); i >= 0 {
				x.Test = list[i].File
			}
		}
		return f.Revise(x)
	})
}
