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
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/web/shell"
)

type recordData struct {
	Schema   *register.Schema
	Key      string
	Versions []versionView // the latest first
	Form     *shell.Form
	Stale    *staleView
	May      bool
	ByAct    string
	Zone     civil.Zone
}

// versionView is one version of a record as a page tells it.
type versionView struct {
	record.Known
	Fields []fieldView
	By     string // who entered it, where a person did
}

type fieldView struct {
	Name, Value, Doc string
	Changed          bool // other than in the version before
	Free             bool // not of the schema
}

// staleView are two versions of a record, side by side.
type staleView struct {
	Mine, Theirs []fieldView
	Version      int
	By           string
}

func fieldsOf(s *register.Schema, zone civil.Zone, body []byte) ([]fieldView, string, error) {
	cells, free, err := operate.Fields(s, zone, body)
	if err != nil {
		return nil, "", err
	}
	var out []fieldView
	for _, f := range s.Fields {
		if v, ok := cells[f.Name]; ok {
			out = append(out, fieldView{Name: f.Name, Value: v, Doc: f.Doc})
		}
	}
	by := ""
	for _, m := range free {
		v := m.Value.Text
		if m.Value.Kind == register.List || m.Value.Kind == register.Object {
			b, err := register.AppendCanonical(nil, m.Value)
			if err != nil {
				return nil, "", err
			}
			v = string(b)
		}
		if m.Name == operate.EnteredBy {
			by = v
			continue
		}
		out = append(out, fieldView{Name: m.Name, Value: v, Free: true})
	}
	return out, by, nil
}

func (p *Pages) versions(s *register.Schema, h []record.Known) ([]versionView, error) {
	var out []versionView
	before := map[string]string{}
	for i, k := range h {
		fields, by, err := fieldsOf(s, p.o.Zone, k.Body)
		if err != nil {
			return nil, err
		}
		now := map[string]string{}
		for j, f := range fields {
			now[f.Name] = f.Value
			was, had := before[f.Name]
			fields[j].Changed = i > 0 && (!had || was != f.Value)
		}
		if k.Source != operate.Source {
			by = "" // the field is then the source's word, not ours
		}
		out = append(out, versionView{k, fields, by})
		before = now
	}
	slices.Reverse(out)
	return out, nil
}

func (p *Pages) recordOf(r *http.Request) (recordData, error) {
	ctx := r.Context()
	s, err := p.schema(r.PathValue("name"))
	if err != nil {
		return recordData{}, err
	}
	key := r.URL.Query().Get("key")
	h, err := p.o.Desk.Books.History(ctx, p.o.Org, s.Name, key)
	if err != nil {
		return recordData{}, err
	}
	d := recordData{Schema: s, Key: key, May: mayWrite(ctx, s.Name), Zone: p.o.Zone}
	d.ByAct, _ = operate.ByAct(s.Name)
	if d.May {
		var bodies [][]byte
		for _, k := range h {
			bodies = append(bodies, k.Body)
		}
		own, err := p.o.Desk.Own(ctx, p.actor(ctx), s.Name, bodies...)
		if err != nil {
			return d, err
		}
		d.May = !own
	}
	d.Versions, err = p.versions(s, h)
	return d, err
}

// record is one record with all its versions; with ?edit=1 its form.
func (p *Pages) record(w http.ResponseWriter, r *http.Request) error {
	d, err := p.recordOf(r)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("edit") == "1" {
		if !d.May {
			return &fault.Error{Kind: fault.Denied, What: shell.T(r.Context(), "your role does not write this register")}
		}
		f, err := p.editForm(r.Context(), d.Schema, &d.Versions[0].Known)
		if err != nil {
			return err
		}
		d.Form = &f
	}
	return shell.Page(w, r, http.StatusOK, recordPage(d))
}

// editForm draws a form from the schema; of a record that is there, filled with its latest version.
func (p *Pages) editForm(ctx context.Context, s *register.Schema, k *record.Known) (shell.Form, error) {
	minted, _, mint := operate.Minted(s)
	f := shell.Form{Action: "/registers/" + s.Name + "/new", Submit: shell.T(ctx, "Save"), Back: "/registers/" + s.Name, Hidden: map[string]string{"version": "0"}}
	cells := map[string]string{}
	if k != nil {
		var err error
		if cells, _, err = operate.Fields(s, p.o.Zone, k.Body); err != nil {
			return f, err
		}
		f.Action, f.Back = recordPath(s.Name, k.Key), homeOf(s.Name, k.Key)
		f.Hidden["version"] = strconv.Itoa(k.Version)
	}
	for _, x := range s.Fields {
		field := p.field(ctx, x, cells[x.Name])
		if bookOf(s.Name) != nil {
			field.Label = labelIn(ctx, s.Name, x.Name)
		}
		switch {
		case k != nil && slices.Contains(s.Key, x.Name):
			field.Type = "hidden"
		case mint && x.Name == minted:
			field.Help = strings.TrimSpace(field.Help + " " + shell.T(ctx, "Left empty, one is made."))
		case slices.Contains(s.Key, x.Name) && x.Default == "":
			field.Required = true
		}
		f.Fields = append(f.Fields, field)
	}
	return f, nil
}

// long are the fields that hold more than a line.
var long = []string{"description", "note", "reason", "response", "cause", "observed", "differs", "purpose", "impact", "compensating", "lessons", "minutes", "decisions", "text", "resolution", "extent_reason", "scenario", "participants", "attendees", "notes", "finding", "conclusion"}

// field draws one field of a schema.
func (p *Pages) field(ctx context.Context, x register.Field, value string) shell.Field {
	f := shell.Field{Name: x.Name, Label: words(x.Name), Help: x.Doc, Value: value, Required: x.Required && x.Default == "", Max: 1_000_000}
	switch x.Type {
	case register.Bool:
		f.Type = "select"
		f.Options = []shell.Option{{Value: "", Text: shell.T(ctx, "Not known")}, {Value: "yes", Text: shell.T(ctx, "Yes")}, {Value: "no", Text: shell.T(ctx, "No")}}
	case register.Date:
		f.Type = "date"
	case register.Instant:
		f.Type = "datetime"
		f.Suffix = p.o.Zone.String()
		f.Help = strings.TrimSpace(f.Help + " " + shell.T(ctx, "As 2026-11-26 14:30."))
	case register.Int:
		f.Type = "number"
	default:
		switch {
		case len(x.Values) > 0:
			f.Type = "select"
			f.Options = []shell.Option{{Value: "", Text: shell.T(ctx, "Not stated")}}
			for _, v := range x.Values {
				f.Options = append(f.Options, shell.Option{Value: v, Text: words(v)})
			}
		case slices.Contains(long, x.Name) || len(value) > 200 || strings.ContainsRune(value, '\n'):
			f.Type = "area"
		}
	}
	return f
}

// words makes a name of a field or value readable.
func words(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// blank is the form of a new record.
func (p *Pages) blank(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	s, err := p.schema(r.PathValue("name"))
	if err != nil {
		return err
	}
	if page, act := operate.ByAct(s.Name); act {
		return shell.Redirect(w, r, page)
	}
	if err := also(ctx, writing(s.Name)); err != nil {
		return err
	}
	f, err := p.editForm(ctx, s, nil)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, newPage(s, f, nil))
}

// entry reads what was typed into the form of a register.
func (p *Pages) entry(r *http.Request, s *register.Schema, key string) (operate.Entry, error) {
	e := operate.Entry{Actor: p.actor(r.Context()), Register: s.Name, Key: key, Fields: map[string]string{}}
	var err error
	if e.Version, err = versionOf(r); err != nil {
		return e, err
	}
	for _, f := range s.Fields {
		if r.PostForm.Has(f.Name) {
			e.Fields[f.Name] = r.PostForm.Get(f.Name)
		}
	}
	return e, nil
}

// add enters a new record.
func (p *Pages) add(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	s, err := p.schema(r.PathValue("name"))
	if err != nil {
		return err
	}
	if err := also(ctx, writing(s.Name)); err != nil {
		return err
	}
	e, err := p.entry(r, s, "")
	if err != nil {
		return err
	}
	e.Version = 0
	saved, err := p.o.Desk.Save(ctx, e)
	if err == nil {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "The record is entered.")})
		if !shell.May(ctx, access.ReadRecords) {
			return shell.Redirect(w, r, "/registers/"+s.Name+"/new")
		}
		return shell.Redirect(w, r, homeOf(s.Name, saved.Key))
	}
	if !refused(err) {
		return err
	}
	f, ferr := p.editForm(ctx, s, nil)
	if ferr != nil {
		return ferr
	}
	f = f.Filled(r)
	var stale *operate.Stale
	if errors.As(err, &stale) {
		f.Error = stale.Error()
		if !shell.May(ctx, access.ReadRecords) { // who reads no records does not learn one by taking its key
			return shell.Page(w, r, http.StatusConflict, newPage(s, f, nil))
		}
		return shell.Page(w, r, http.StatusConflict, newPage(s, f, p.stale(ctx, stale)))
	}
	return shell.Page(w, r, http.StatusUnprocessableEntity, newPage(s, f.WithErrors(err), nil))
}

// edit enters the next version of a record.
func (p *Pages) edit(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	if err := also(ctx, access.ReadRecords); err != nil {
		return err
	}
	if err := also(ctx, writing(r.PathValue("name"))); err != nil {
		return err
	}
	d, err := p.recordOf(r)
	if err != nil {
		return err
	}
	e, err := p.entry(r, d.Schema, d.Key)
	if err != nil {
		return err
	}
	saved, err := p.o.Desk.Save(ctx, e)
	if err == nil {
		p.said(w, r, saved, e.Version)
		return shell.Redirect(w, r, homeOf(d.Schema.Name, d.Key))
	}
	if !refused(err) {
		return err
	}
	f, ferr := p.editForm(ctx, d.Schema, &d.Versions[0].Known)
	if ferr != nil {
		return ferr
	}
	f = f.Filled(r)
	d.Form = &f
	var stale *operate.Stale
	if errors.As(err, &stale) {
		d.Stale = p.stale(ctx, stale)
		f.Error, f.Submit = stale.Error(), shell.T(ctx, "Save mine over theirs")
		f.Hidden["version"] = strconv.Itoa(stale.Current.Version)
		return shell.Page(w, r, http.StatusConflict, recordPage(d))
	}
	f.Hidden["version"] = strconv.Itoa(e.Version)
	f = f.WithErrors(err)
	return shell.Page(w, r, http.StatusUnprocessableEntity, recordPage(d))
}

// said tells what an edit did, with its undoing where there was a former version.
func (p *Pages) said(w http.ResponseWriter, r *http.Request, saved operate.Saved, before int) {
	ctx := r.Context()
	if saved.Unchanged {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "Nothing was changed, and nothing was written.")})
		return
	}
	undo := "/registers/" + saved.Register + "/restore?" + urlQuery("key", saved.Key, "version", strconv.Itoa(before), "drawn", strconv.Itoa(saved.Version))
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "Version %d is written.", saved.Version), Undo: string(shell.At(ctx, undo))})
}

// restore makes the body of an earlier version the latest one.
func (p *Pages) restore(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	if err := also(ctx, access.ReadRecords); err != nil {
		return err
	}
	if err := also(ctx, writing(r.PathValue("name"))); err != nil {
		return err
	}
	d, err := p.recordOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	version, e1 := strconv.Atoi(q.Get("version"))
	drawn, e2 := strconv.Atoi(q.Get("drawn"))
	if e1 != nil || e2 != nil || version < 1 || drawn < 1 {
		return fault.Refuse("the address names no version of the record")
	}
	saved, err := p.o.Desk.Restore(ctx, p.actor(ctx), d.Schema.Name, d.Key, version, drawn)
	var stale *operate.Stale
	if errors.As(err, &stale) {
		d.Stale = p.stale(ctx, stale)
		return shell.Page(w, r, http.StatusConflict, recordPage(d))
	}
	if err != nil {
		return err
	}
	p.said(w, r, saved, drawn)
	return shell.Redirect(w, r, recordPath(d.Schema.Name, d.Key))
}

// stale shows both versions of an edit that came too late.
func (p *Pages) stale(_ context.Context, s *operate.Stale) *staleView {
	schema, err := p.schema(s.Register)
	if err != nil {
		return nil
	}
	mine, _, e1 := fieldsOf(schema, p.o.Zone, s.Mine)
	theirs, by, e2 := fieldsOf(schema, p.o.Zone, s.Current.Body)
	if e1 != nil || e2 != nil {
		return nil
	}
	return &staleView{mine, theirs, s.Current.Version, by}
}
