package work

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/web/shell"
)

// partForm draws the form of a part. Names carry its register in front: a page has several forms.
func (p *Pages) partForm(ctx context.Context, d *itemData, s *register.Schema, x *annex) (shell.Form, error) {
	f := shell.Form{Action: d.Book.of(d.Fact.Key) + "/" + x.register, Submit: x.add(ctx)}
	for _, n := range x.fields {
		field, err := p.asked(ctx, d, s, n, slices.Contains(x.needs, n))
		if err != nil {
			return f, err
		}
		field.Name = x.register + "-" + n
		f.Fields = append(f.Fields, field)
	}
	return f, nil
}

// asked draws one field as people best answer it: persons, controls and evidence are chosen from what is known.
func (p *Pages) asked(ctx context.Context, d *itemData, s *register.Schema, name string, needed bool) (shell.Field, error) {
	x, ok := s.Field(name)
	if !ok {
		return shell.Field{}, notFound("field " + name + " of " + s.Name)
	}
	f := p.field(ctx, x, "")
	f.Label, f.Help, f.Required = labelIn(ctx, s.Name, name), "", needed
	for i := range f.Options {
		if v := f.Options[i].Value; v != "" && len(x.Values) > 0 {
			f.Options[i].Text = valueWord(ctx, name, v)
		}
	}
	switch {
	case x.Login:
		team, err := p.o.Board.Team.Members(ctx, p.o.Org)
		if err != nil {
			return f, err
		}
		f.Type, f.Options = "select", []shell.Option{{Text: shell.T(ctx, "choose")}}
		for _, m := range team {
			f.Options = append(f.Options, shell.Option{Value: m.Email, Text: m.Name + " (" + m.Email + ")"})
		}
	case name == "control":
		list, err := p.o.Controls.Controls(ctx, p.o.Org)
		if err != nil {
			return f, err
		}
		f.Type, f.Options = "select", []shell.Option{{Text: shell.T(ctx, "choose")}}
		for _, c := range list {
			f.Options = append(f.Options, shell.Option{Value: c.ID, Text: c.ID + " " + cut(c.Title, 60)})
		}
	case x.Ref == "evidence":
		f.Type, f.Options = "select", []shell.Option{{Text: shell.T(ctx, "none")}}
		for _, e := range d.Evidence {
			f.Options = append(f.Options, shell.Option{Value: e.ID, Text: cut(e.Title, 80)})
		}
		f.Help = shell.T(ctx, "What was given as evidence on this page can be chosen here.")
	}
	return f, nil
}

func (b *book) part(name string) *annex {
	if i := slices.IndexFunc(b.parts, func(x *annex) bool { return x.register == name }); i >= 0 {
		return b.parts[i]
	}
	return nil
}

// attach enters what belongs to a record.
func (p *Pages) attach(w http.ResponseWriter, r *http.Request, b *book) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	if err := also(ctx, access.ReadRecords); err != nil {
		return err
	}
	d, rd, err := p.itemOf(r, b)
	if err != nil {
		return err
	}
	if b.register == courses && r.PathValue("part") == trainings {
		return p.complete(w, r, d, rd)
	}
	x := b.part(r.PathValue("part"))
	if x == nil {
		return notFound("part " + r.PathValue("part"))
	}
	e, err := p.entered(r, d, x, rd.today)
	if err == nil {
		a := operate.Attachment{Actor: p.actor(ctx), Register: x.register, Entries: []map[string]string{e.fields}, Ends: x.ends, Parent: b.register, Key: d.Fact.Key}
		if x.carry != nil {
			a.Carry = x.carry(e)
		}
		err = p.o.Desk.Attach(ctx, a)
	}
	if err == nil {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "The record is entered.")})
		return shell.Redirect(w, r, b.of(d.Fact.Key)+"#"+x.register)
	}
	if !refused(err) {
		return err
	}
	for i := range d.Parts {
		if v := &d.Parts[i]; v.register == x.register && v.Form != nil {
			f := faulted(v.Form.Filled(r), x.register, err)
			v.Form, v.Open = &f, true
		}
	}
	status := http.StatusUnprocessableEntity
	var stale *operate.Stale
	if errors.As(err, &stale) {
		status = http.StatusConflict
	}
	return shell.Page(w, r, status, itemPage(*d))
}

// faulted puts a refusal beside the fields, which carry their register in front of the names that it speaks of.
func faulted(f shell.Form, register string, err error) shell.Form {
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		f.Fields[i].Name = strings.TrimPrefix(f.Fields[i].Name, register+"-")
	}
	f = f.WithErrors(err)
	for i := range f.Fields {
		f.Fields[i].Name = register + "-" + f.Fields[i].Name
	}
	return f
}

// entered reads the form of a part. What is said without asking is not taken from it.
func (p *Pages) entered(r *http.Request, d *itemData, x *annex, today civil.Date) (*entry, error) {
	ctx, out := r.Context(), map[string]string{}
	var errs []error
	for _, n := range x.fields {
		out[n] = shell.Value(r, x.register+"-"+n)
		if out[n] == "" && slices.Contains(x.needs, n) {
			errs = append(errs, fault.At("", 0, n, "missing"))
		}
		if n == "evidence" && out[n] != "" && !slices.ContainsFunc(d.Evidence, func(e operate.Exhibit) bool { return e.ID == out[n] }) {
			errs = append(errs, fault.At("", 0, n, "%q is no evidence that was given of this record", cut(out[n], 60)))
		}
	}
	if x.fixed != nil {
		for n, v := range x.fixed(today) {
			out[n] = v
		}
	}
	out[x.link] = d.Fact.Key
	e := &entry{fields: out, today: today, others: func() ([]operate.Fact, error) {
		list, err := p.o.Desk.Facts(ctx, p.o.Org, x.register)
		return x.sort(list)[d.Fact.Key], err
	}}
	if x.check != nil {
		errs = append(errs, x.check(ctx, e))
	}
	return e, errors.Join(errs...)
}

// ordered refuses two days of which the later comes first.
func (e *entry) ordered(ctx context.Context, first, last string) error {
	from, e1 := civil.ParseDate(e.fields[first])
	to, e2 := civil.ParseDate(e.fields[last])
	if e1 == nil && e2 == nil && to < from {
		return fault.At("", 0, last, "%s", shell.T(ctx, "it ends before it begins"))
	}
	return nil
}

// past refuses a day that lies ahead.
func (e *entry) past(ctx context.Context, name string) error {
	if on, err := civil.ParseDate(e.fields[name]); err == nil && on > e.today {
		return fault.At("", 0, name, "%s", shell.T(ctx, "the day lies ahead"))
	}
	return nil
}

// rated refuses a rating that no scale has.
func (e *entry) rated(ctx context.Context, name string) error {
	if n, err := strconv.Atoi(e.fields[name]); err == nil && (n < 1 || n > widest) {
		return fault.At("", 0, name, "%s", shell.T(ctx, "expected a whole number from 1 to %d", widest))
	}
	return nil
}

// done ends what belongs to a record: an action that is done, a control that answers the risk no longer.
func (p *Pages) done(w http.ResponseWriter, r *http.Request, b *book) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	if err := also(ctx, access.ReadRecords); err != nil {
		return err
	}
	d, rd, err := p.itemOf(r, b)
	if err != nil {
		return err
	}
	x := b.part(r.PathValue("part"))
	if x == nil || x.ends == "" {
		return notFound("part " + r.PathValue("part"))
	}
	row := r.PostForm.Get("row")
	if !slices.ContainsFunc(rd.parts[x.register][d.Fact.Key], func(f operate.Fact) bool { return f.Key == row }) {
		return notFound(x.register + "/" + row)
	}
	version, err := strconv.Atoi(r.PostForm.Get("version"))
	if err != nil {
		return fault.Refuse("the form names no version of the record; open the page again")
	}
	saved, err := p.ended(ctx, x, row, version, shell.Value(r, "on"), rd.today)
	switch {
	case err == nil:
		p.said(w, r, saved, version)
	case refused(err):
		shell.Say(w, shell.Flash{Text: cut(err.Error(), 400), Bad: true})
	default:
		return err
	}
	return shell.Redirect(w, r, b.of(d.Fact.Key)+"#"+x.register)
}

func (p *Pages) ended(ctx context.Context, x *annex, row string, version int, on string, today civil.Date) (operate.Saved, error) {
	day, err := civil.ParseDate(on)
	switch {
	case err != nil:
		return operate.Saved{}, fault.Refuse("%q is no day; expected one such as %s", cut(on, 40), today)
	case day > today:
		return operate.Saved{}, fault.Refuse("%s lies ahead: it is not done yet", day)
	}
	return p.o.Desk.Change(ctx, p.actor(ctx), x.register, row, version, map[string]string{x.ends: day.String()})
}
