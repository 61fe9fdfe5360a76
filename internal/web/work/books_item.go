package work

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/web/shell"
)

type itemData struct {
	Book     *book
	Fact     operate.Fact
	Line     line
	Facts    []told
	Texts    []fieldView
	Parts    []partView
	Evidence []operate.Exhibit
	Vendor   *assure.Subservice
	Course   *courseView
	May      bool
	Gives    bool // the reader gives evidence of it: its control is in force
	Zone     civil.Zone
	Today    civil.Date
}

// told is a field of a record with its value.
type told struct {
	Name string
	datum
}

type partView struct {
	*annex
	Rows []partRow
	Form *shell.Form // nil: the reader enters none
	Open bool        // the form is shown at once
	Key  string      // of the record they belong to
	Path string
}

type partRow struct {
	operate.Fact
	Cells []datum
	Clock *operate.Clock
	Ended string
	Path  string
}

func (p *Pages) itemOf(r *http.Request, b *book) (*itemData, *reading, error) {
	ctx := r.Context()
	key := r.PathValue("key")
	rd, err := p.read(ctx, b)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(rd.items, func(f operate.Fact) bool { return f.Key == key })
	if i < 0 {
		return nil, nil, notFound(b.register + "/" + key)
	}
	f := rd.items[i]
	d := &itemData{Book: b, Fact: f, Line: b.line(ctx, rd, f), May: mayWrite(ctx, b.register), Zone: p.o.Zone, Today: rd.today}
	if err := p.tell(ctx, d); err != nil {
		return nil, nil, err
	}
	if d.Evidence, _, err = p.o.Locker.List(ctx, p.o.Org, b.control, key, "", 0, rowsOfPage); err != nil {
		return nil, nil, err
	}
	if shell.May(ctx, access.DoWork) {
		controls, err := p.o.Controls.Controls(ctx, p.o.Org)
		if err != nil {
			return nil, nil, err
		}
		d.Gives = slices.ContainsFunc(controls, func(c assure.Control) bool { return c.ID == b.control })
	}
	for _, x := range b.parts {
		v, err := p.partOf(ctx, d, rd, x)
		if err != nil {
			return nil, nil, err
		}
		v.Open = r.URL.Query().Get("add") == x.register
		d.Parts = append(d.Parts, v)
	}
	for _, v := range rd.vendors {
		if b.register == "vendors" && strings.EqualFold(v.Name, d.Line.Title) {
			d.Vendor = &v
		}
	}
	return d, rd, nil
}

// tell reads the fields that the page of a record shows.
func (p *Pages) tell(ctx context.Context, d *itemData) error {
	if d.Fact.Body == nil {
		return nil
	}
	s, err := p.schema(d.Book.register)
	if err != nil {
		return err
	}
	cells, _, err := operate.Fields(s, p.o.Zone, d.Fact.Body)
	if err != nil {
		return err
	}
	for _, n := range d.Book.facts {
		if v := cells[n]; v != "" {
			d.Facts = append(d.Facts, told{labelIn(ctx, s.Name, n), cellOf(ctx, s, n, v)})
		}
	}
	for _, n := range d.Book.texts {
		if v := cells[n]; v != "" {
			d.Texts = append(d.Texts, fieldView{Name: label(ctx, n), Value: v})
		}
	}
	return nil
}

func (p *Pages) partOf(ctx context.Context, d *itemData, rd *reading, x *annex) (partView, error) {
	v := partView{annex: x, Key: d.Fact.Key, Path: d.Book.of(d.Fact.Key) + "/" + x.register}
	s, err := p.schema(x.register)
	if err != nil {
		return v, err
	}
	for _, f := range rd.parts[x.register][d.Fact.Key] {
		row := partRow{Fact: f, Path: homeOf(x.register, f.Key)}
		fields, _, err := operate.Fields(s, p.o.Zone, f.Body)
		if err != nil {
			return v, err
		}
		for _, n := range x.shows {
			row.Cells = append(row.Cells, cellOf(ctx, s, n, fields[n]))
		}
		if x.clock != nil {
			c := x.clock(f, rd.today)
			row.Clock = &c
		}
		if x.ends != "" {
			row.Ended = f.Text(x.ends)
		}
		v.Rows = append(v.Rows, row)
	}
	if mayWrite(ctx, x.register) {
		f, err := p.partForm(ctx, d, s, x)
		v.Form = &f
		return v, err
	}
	return v, nil
}

// cellOf shows one field of a part; a control or a piece of evidence is a link.
func cellOf(ctx context.Context, s *register.Schema, name, value string) datum {
	f, _ := s.Field(name)
	switch {
	case value == "":
		return datum{}
	case f.Type == register.Date:
		return datum{Day: value}
	case name == "control":
		return datum{Text: value, Path: "/controls/" + url.PathEscape(value)}
	case name == "evidence":
		return datum{Text: value, Path: "/evidence/" + url.PathEscape(value)}
	}
	return datum{Text: valueWord(ctx, name, value)}
}

// item is the page of one record.
func (p *Pages) item(w http.ResponseWriter, r *http.Request, b *book) error {
	d, rd, err := p.itemOf(r, b)
	if err != nil {
		return err
	}
	if b.register == courses {
		if err := p.course(r, d, rd, nil); err != nil {
			return err
		}
	}
	return shell.Page(w, r, http.StatusOK, itemPage(*d))
}

// homeOf is where a record is shown: on the page of its book, else in its register.
func homeOf(register, key string) string {
	if b := bookOf(register); b != nil {
		return b.of(key)
	}
	return recordPath(register, key)
}
