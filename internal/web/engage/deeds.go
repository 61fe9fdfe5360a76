package examination

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web/shell"
)

// deed is an act as a form: what it asks for, what becomes of it, and where the reader goes then. Who may do it, and when, the table of acts says.
type deed struct {
	kind                string
	title, lead, submit string // English
	said                string // of the note on the next page
	fields              func(d *desk) []shell.Field
	about               func(d *desk) templ.Component // before the form: what is decided on
	inside              func(d *desk) templ.Component // in the form, after its fields
	// ask gets from the application what the form or the body needs, before the house is locked.
	ask func(p *Pages, ctx context.Context, d *desk) error
	// body is what the act says. It is called while the engagement stands still.
	body func(d *desk) (any, error)
	// do carries out what is more than one act; nil: the act is done as it is.
	do   func(p *Pages, ctx context.Context, d *desk, body any) error
	back func(d *desk) string // nil: the overview
}

// desk is one form being filled in.
type desk struct {
	*view
	id       string
	r        *http.Request
	extra    any      // of ask
	advisers []string // digests, of who represents
}

// about gives what the form is about: from the address when it is drawn, from the form when it is posted.
func (d *desk) value(name string) string {
	if d.r.PostForm != nil && d.r.PostForm.Has(name) {
		return strings.TrimSpace(d.r.PostForm.Get(name))
	}
	return strings.TrimSpace(d.r.URL.Query().Get(name))
}

func (d *desk) values(name string) []string {
	var out []string
	for _, s := range d.r.PostForm[name] {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// lines gives the lines of a text that are not empty.
func (d *desk) lines(name string) []string {
	var out []string
	for l := range strings.Lines(d.value(name)) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func (d *desk) yes(name string) bool { return d.value(name) == "yes" }

func wrong(field, format string, args ...any) error { return fault.At("", 0, field, format, args...) }

func (d *desk) day(name string) (civil.Date, error) {
	s := d.value(name)
	if s == "" {
		return 0, nil
	}
	x, err := civil.ParseDate(s)
	if err != nil {
		return 0, wrong(name, "%q is no date; expected a day such as 2026-12-31", cut(s, 40))
	}
	return x, nil
}

func (d *desk) number(name string) (int, error) {
	s := d.value(name)
	if s == "" {
		return 0, wrong(name, "no number is given")
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, wrong(name, "%q is no whole number", cut(s, 40))
	}
	return n, nil
}

// basis reads a percentage as basis points.
func basis(field, s string) (int, error) {
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.ReplaceAll(s, ",", ".")), "%"))
	whole, part, _ := strings.Cut(s, ".")
	n, err := strconv.Atoi(whole)
	m, err2 := 0, error(nil)
	if part != "" {
		m, err2 = strconv.Atoi((part + "0")[:2])
	}
	if err != nil || err2 != nil || len(part) > 2 || n < 0 || m < 0 || n*100+m > 10_000 {
		return 0, wrong(field, "%q is no rate; expected a percentage such as 5 or 7.5", cut(s, 40))
	}
	return n*100 + m, nil
}

func deedOf(kind string) *deed {
	i := slices.IndexFunc(deeds, func(d *deed) bool { return d.kind == kind })
	if i < 0 {
		return nil
	}
	return deeds[i]
}

// deeds are all acts that have a form. It is filled by the files of the areas.
var deeds = slices.Concat(acceptDeeds, requestDeeds, populationDeeds, paperDeeds, deviationDeeds, concludeDeeds, issueDeeds)

// side of an act, as the table says.
func sideOf(kind string) engage.Side {
	for _, k := range engage.Kinds() {
		if k.Name == kind {
			return k.Side
		}
	}
	return ""
}

func stepUp(kind string) bool {
	return slices.ContainsFunc(engage.Kinds(), func(k engage.Kind) bool { return k.Name == kind && k.StepUp })
}

// form makes the form of an act for one engagement.
func (x *deed) form(d *desk) shell.Form {
	f := shell.Form{Action: base(d.id) + "/acts/" + x.kind, Submit: shell.T(d.ctx, x.submit), Back: x.leads(d)}
	if x.fields != nil {
		f.Fields = x.fields(d)
	}
	return f
}

func (x *deed) leads(d *desk) string {
	if x.back == nil {
		return base(d.id)
	}
	return x.back(d)
}

// sheet draws the form of an act.
func (p *Pages) sheet(w http.ResponseWriter, r *http.Request) error {
	x := deedOf(r.PathValue("kind"))
	if x == nil || sideOf(x.kind) != p.o.Side {
		return fault.NotFound
	}
	for name, list := range r.URL.Query() {
		for _, v := range list {
			if err := shell.CheckText(name, v); err != nil {
				return err
			}
		}
	}
	err := p.o.House.See(r.Context(), r.PathValue("id"), func(e *engage.Engagement) error {
		who := whoOf(r.Context())
		if !visible(p.o.Side, who, e) {
			return fault.NotFound
		}
		who.Strong = true
		return e.May(p.o.Side, who, x.kind)
	})
	if err != nil { // looking at a form is no attempt, and is not kept as one
		return err
	}
	return p.blank(w, r, x, http.StatusOK, nil)
}

// blank draws a form, filled with what was posted where a refusal is told.
func (p *Pages) blank(w http.ResponseWriter, r *http.Request, x *deed, status int, refused error) error {
	ctx := r.Context()
	if err := p.guard(r); err != nil {
		return err
	}
	d := &desk{id: r.PathValue("id"), r: r}
	if x.ask != nil {
		if err := x.ask(p, ctx, d); err != nil && refused == nil {
			return err
		}
	}
	return p.draw(w, r, status, func(v *view) (templ.Component, error) {
		d.view = v
		if refused == nil && stepUp(x.kind) && !v.who.Strong && v.may(x.kind) {
			return nil, access.StepUp // before somebody writes what they would lose
		}
		f := x.form(d)
		if refused != nil {
			f = f.Filled(r).WithErrors(refused)
			if hint := fault.Hint(refused); hint != "" {
				f.Error = strings.TrimSpace(f.Error + " " + sentence(hint) + ".")
			}
		}
		return actPage(d, x, f), nil
	})
}

// perform does an act. Whatever the wall refuses goes through the house, which keeps the attempt on record.
func (p *Pages) perform(w http.ResponseWriter, r *http.Request) error {
	x := deedOf(r.PathValue("kind"))
	ctx, id := r.Context(), r.PathValue("id")
	if x == nil {
		return p.formless(ctx, id, r.PathValue("kind"))
	}
	if err := p.wall(ctx, id, x.kind); err != nil {
		return p.answer(w, r, x, err)
	}
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	d := &desk{id: id, r: r}
	if x.ask != nil {
		if err := x.ask(p, ctx, d); err != nil {
			return p.answer(w, r, x, err)
		}
	}
	back := ""
	var body any = struct{}{}
	err := p.o.House.See(ctx, id, func(e *engage.Engagement) error {
		d.view = p.view(r, e)
		var err error
		if x.body != nil {
			body, err = x.body(d)
		}
		back = x.leads(d)
		return err
	})
	if err == nil {
		if x.do != nil {
			err = x.do(p, ctx, d, body)
		} else {
			err = p.o.House.Do(ctx, whoOf(ctx), id, x.kind, body)
		}
	}
	if err != nil {
		return p.answer(w, r, x, err)
	}
	if !shell.WantsPage(r) {
		return shell.JSON(w, http.StatusOK, struct{}{})
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, x.said)})
	return shell.Redirect(w, r, back)
}

// formless answers acts that have a page of their own, or none: who may not do one is refused, and that is kept as with the others.
func (p *Pages) formless(ctx context.Context, id, kind string) error {
	if kind == "refused" || kind == "passed_over" || sideOf(kind) == "" {
		return fault.NotFound
	}
	if err := p.wall(ctx, id, kind); err != nil {
		return err
	}
	return fault.NotFound
}

// wall asks whether somebody may do an act at all. A refusal is made by the house itself, so that it stands in the log.
func (p *Pages) wall(ctx context.Context, id, kind string) error {
	err := p.o.House.See(ctx, id, func(e *engage.Engagement) error { return e.May(p.o.Side, whoOf(ctx), kind) })
	if errors.Is(err, fault.Denied) && !errors.Is(err, access.StepUp) {
		return p.o.House.Do(ctx, whoOf(ctx), id, kind, struct{}{})
	}
	return err
}

// answer tells a refusal: one of the wall as a page of its own, one of what was typed in the form.
func (p *Pages) answer(w http.ResponseWriter, r *http.Request, x *deed, err error) error {
	amendable := errors.Is(err, fault.Refused) || errors.Is(err, fault.Busy)
	if !amendable || !shell.WantsPage(r) || sideOf(x.kind) != p.o.Side {
		return err
	}
	if r.PostForm == nil {
		if e := shell.ReadForm(w, r); e != nil {
			return e
		}
	}
	if x.kind == "tick" {
		return p.again(w, r, err)
	}
	return p.blank(w, r, x, http.StatusUnprocessableEntity, err)
}
