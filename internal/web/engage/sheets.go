package examination

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web/shell"
)

const sheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// sheetOut gives a test of a work paper as a workbook.
func (p *Pages) sheetOut(w http.ResponseWriter, r *http.Request) error {
	if err := errors.Join(p.firmOnly(), p.guard(r)); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := p.o.Work.Sheet(r.Context(), r.PathValue("id"), r.PathValue("control"), r.PathValue("test"), &b); err != nil {
		return err
	}
	return send(w, File{Name: r.PathValue("id") + "-" + r.PathValue("test") + ".xlsx", Type: sheetType, Data: b.Bytes()})
}

// sheetIn takes a workbook back. What it holds are marks, so who may not mark is refused as such. Where a cell was answered otherwise here
// meanwhile, neither answer is taken silently: both are shown, and a person chooses.
func (p *Pages) sheetIn(w http.ResponseWriter, r *http.Request) error {
	ctx, id, control, test := r.Context(), r.PathValue("id"), r.PathValue("control"), r.PathValue("test")
	if err := p.wall(ctx, id, "tick"); err != nil {
		return err
	}
	_, file, err := upload(w, r, largestSheet)
	var got engage.Filled
	if err == nil {
		got, err = p.o.Work.Fill(ctx, id, control, test, file)
	}
	if err == nil && len(got.Ticks.Marks) > 0 {
		err = p.o.House.Do(ctx, whoOf(ctx), id, "tick", got.Ticks)
	}
	refused := errors.Is(err, fault.Refused) && !errors.Is(err, fault.Denied)
	if err != nil && !refused {
		return err
	}
	if refused || len(got.Conflicts)+len(got.Emptied)+len(got.Missing) > 0 {
		status := http.StatusOK
		if refused {
			status = http.StatusUnprocessableEntity
		}
		return p.draw(w, r, status, func(v *view) (templ.Component, error) { return sheetPage(v, control, test, got, err), nil })
	}
	shell.Say(w, shell.Flash{Text: shell.N(ctx, len(got.Ticks.Marks), "%d mark came in with the sheet.", "%d marks came in with the sheet.")})
	return shell.Redirect(w, r, base(id)+"/papers/"+url.PathEscape(control))
}

// settle takes of the answers of a sheet those that somebody chose over what stands here.
func (p *Pages) settle(w http.ResponseWriter, r *http.Request) error {
	ctx, id, control, test := r.Context(), r.PathValue("id"), r.PathValue("control"), r.PathValue("test")
	if err := p.wall(ctx, id, "tick"); err != nil {
		return err
	}
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	d := &desk{id: id, r: r}
	ticks := engage.Ticks{Control: control, Test: test}
	for _, n := range d.values("take") {
		ticks.Marks = append(ticks.Marks, engage.Tick{Item: r.PostForm.Get("item-" + n), Attribute: r.PostForm.Get("attribute-" + n), Mark: engage.Mark{Result: d.value("result-" + n), Note: d.value("note-" + n)}})
	}
	if len(ticks.Marks) > 0 {
		if err := p.o.House.Do(ctx, whoOf(ctx), id, "tick", ticks); err != nil {
			return err
		}
	}
	shell.Say(w, shell.Flash{Text: shell.N(ctx, len(ticks.Marks), "%d mark came in with the sheet.", "%d marks came in with the sheet.")})
	return shell.Redirect(w, r, base(id)+"/papers/"+url.PathEscape(control))
}
