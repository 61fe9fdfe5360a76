package examination

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// versionLine is a state of the report that can be compared.
type versionLine struct {
	Version Version
	Text    string
}

// versions are the states of the report that the reader's side holds, the latest first. Before the firm releases a draft its client holds none.
func (v *view) versions() []versionLine {
	var out []versionLine
	if v.firm() && len(v.e.Packages) > 0 {
		out = append(out, versionLine{Now, shell.T(v.ctx, "As it stands now")})
	}
	for i, x := range slices.Backward(v.e.Reports) {
		text := shell.T(v.ctx, "As issued, dated %s", v.date(x.Date))
		if x.Revision > 0 {
			text = shell.T(v.ctx, "Revision %d, dated %s", x.Revision, v.date(x.Date))
		}
		out = append(out, versionLine{Version("report-" + itoa(i)), text})
	}
	for i, x := range slices.Backward(v.e.Drafts) {
		out = append(out, versionLine{Version("draft-" + itoa(i+1)), shell.T(v.ctx, "Draft %d, released on %s", i+1, v.on(x.At))})
	}
	return out
}

// compareURL leads to what differs between two states of the report.
func (v *view) compareURL(from, to Version, more ...string) string {
	return withQuery(v.path("compare"), append([]string{"from", string(from), "to", string(to)}, more...)...)
}

// structured are the documents for programs that a state of the report is offered as.
func (v *view) structured(revision string, kept map[string]string) []string {
	if v.firm() && revision == "draft" {
		return Structured(v.e.Terms.Report)
	}
	return slices.DeleteFunc(Structured(v.e.Terms.Report), func(f string) bool { return kept[f] == "" })
}

// compared is what the page of a comparison shows.
type compared struct {
	From, To Version
	C        report.Comparison
	Known    bool // there is a comparison
	Why      string
	Section  string
	Page     int
}

func (p *Pages) compare(w http.ResponseWriter, r *http.Request) error {
	ctx, id, q := r.Context(), r.PathValue("id"), r.URL.Query()
	x := compared{From: Version(q.Get("from")), To: Version(q.Get("to")), Section: q.Get("section"), Page: 1}
	if s := q.Get("page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1<<30 {
			return fault.NotFound
		}
		x.Page = n
	}
	err := p.o.House.See(ctx, id, func(e *engage.Engagement) error {
		if !visible(p.o.Side, whoOf(ctx), e) {
			return fault.NotFound
		}
		return x.choose(p.view(r, e).versions())
	})
	if err != nil {
		return err
	}
	if err := x.ask(ctx, p.o.Files, id); err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) {
		c := v.changes(x)
		if x.Known && x.Section != "" && !c.Has(x.Section) {
			return nil, fault.NotFound
		}
		return comparePage(v, x, c), nil
	})
}

// choose takes the two states that nobody chose: the latest, and the one that was released or issued before it.
func (x *compared) choose(list []versionLine) error {
	for _, s := range []Version{x.From, x.To} {
		if s != "" && !slices.ContainsFunc(list, func(l versionLine) bool { return l.Version == s }) {
			return fault.NotFound
		}
	}
	if len(list) < 2 {
		return nil
	}
	if x.To == "" {
		x.To = list[0].Version
	}
	if x.From == "" {
		i := slices.IndexFunc(list, func(l versionLine) bool { return l.Version == x.To })
		x.From = list[min(i+1, len(list)-1)].Version
	}
	return nil
}

func (x *compared) ask(ctx context.Context, files Files, id string) error {
	if x.From == "" || x.To == "" {
		return nil
	}
	var err error
	x.C, err = files.Compare(ctx, id, x.From, x.To)
	switch {
	case errors.Is(err, fault.NotFound):
		x.Why = shell.T(ctx, "The file of one of the two is not here: it was erased, or it has not come in.")
	case errors.Is(err, fault.Refused):
		x.Why = err.Error()
	case err != nil:
		return err
	default:
		x.Known = true
	}
	return nil
}

// changes are what the page shows of the comparison.
func (v *view) changes(x compared) shell.Changes {
	c := shell.Changes{Comparison: x.C, Section: x.Section, Page: x.Page, Note: shell.T(v.ctx, "Passages are rows of tables, paragraphs, items of lists and terms."),
		To: func(section string, page int) string {
			number := ""
			if page > 1 {
				number = itoa(page)
			}
			return v.compareURL(x.From, x.To, "section", section, "page", number)
		}}
	if v.firm() {
		c.Control = func(id string) string { return v.path("papers", id) }
	}
	return c
}
