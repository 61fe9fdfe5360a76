package work

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/web/shell"
)

// mostExported is how many rows one CSV file holds: further ones are asked for by a filter.
const mostExported = 10_000

func (p *Pages) schema(name string) (*register.Schema, error) {
	for _, s := range p.o.Registers {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, notFound("register " + name)
}

type registersData struct {
	List   []*register.Schema
	Counts map[string]int64
	Filled int
	All    bool
	Text   string
}

// registers lists all registers with how many records each has.
func (p *Pages) registers(w http.ResponseWriter, r *http.Request) error {
	counts, err := p.o.Counter.Counts(r.Context(), p.o.Org, p.o.Registers)
	if err != nil {
		return err
	}
	d := registersData{Counts: counts, Text: r.URL.Query().Get("q")}
	text := strings.ToLower(d.Text)
	for _, s := range p.o.Registers {
		if operate.OfDrafts(s.Name) && !shell.May(r.Context(), access.ReadDrafts) || s.Name == "samples" && !access.From(r.Context()).Is(access.Auditor) ||
			strings.HasPrefix(s.Name, "engagement_") && !shell.May(r.Context(), access.ReadEngagements) {
			continue
		}
		if counts[s.Name] > 0 {
			d.Filled++
		}
		if strings.Contains(strings.ToLower(s.Name+" "+s.Title+" "+s.Doc), text) {
			d.List = append(d.List, s)
		}
	}
	slices.SortStableFunc(d.List, func(a, b *register.Schema) int { // those with records first
		return btoi(counts[a.Name] == 0) - btoi(counts[b.Name] == 0)
	})
	return shell.Page(w, r, http.StatusOK, registersPage(d))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

type rowsData struct {
	Kept       bool // people keep the register here
	Schema     *register.Schema
	Columns    []register.Field
	Rows       []row
	Total      int64
	Page, Last int
	Query      url.Values
	Text       string
	Field, Is  string
	Sort       string
	Desc       bool
	Zone       civil.Zone
	ByAct      string // the page whose act makes the records
	May        bool   // the reader enters records here
}

type row struct {
	Key    string
	Cells  map[string]string
	Source string
}

func (d rowsData) path() string { return "/registers/" + d.Schema.Name }

// sortBy is the address that sorts by a field, the other way round when it does already.
func (d rowsData) sortBy(field string) string {
	desc := ""
	if d.Sort == field && !d.Desc {
		desc = "1"
	}
	return with(d.path(), d.Query, "sort", field, "desc", desc, "page", "")
}

// usual is how many columns a list shows unless others are chosen.
const usual = 6

// rowsOf reads the list that the address asks for.
func (p *Pages) rowsOf(r *http.Request) (rowsData, record.Query, error) {
	s, err := p.schema(r.PathValue("name"))
	if err != nil {
		return rowsData{}, record.Query{}, err
	}
	q := r.URL.Query()
	d := rowsData{Schema: s, Query: q, Text: q.Get("q"), Field: q.Get("field"), Is: q.Get("is"), Sort: q.Get("sort"), Desc: q.Get("desc") == "1", Zone: p.o.Zone}
	d.ByAct, _ = operate.ByAct(s.Name)
	d.May = mayWrite(r.Context(), s.Name)
	if d.Page, err = pageOf(q); err != nil {
		return d, record.Query{}, err
	}
	if d.Columns, err = columns(s, q["columns"]); err != nil {
		return d, record.Query{}, err
	}
	out := record.Query{Text: d.Text, Sort: d.Sort, Desc: d.Desc}
	for _, name := range []string{"q", "is"} {
		if err := shell.CheckText(name, q.Get(name)); err != nil {
			return d, out, err
		}
	}
	if d.Sort != "" {
		if _, ok := s.Field(d.Sort); !ok {
			return d, out, fault.At("", 0, "sort", "%q is no field of %s", d.Sort, s.Name)
		}
	}
	if d.Field != "" && d.Is != "" {
		m, err := match(s, d.Field, d.Is, p.o.Zone)
		if err != nil {
			return d, out, err
		}
		out.Where = append(out.Where, m...)
	}
	return d, out, nil
}

// columns are those that the address names, in the order of the schema; without a word the first few besides the key.
func columns(s *register.Schema, names []string) ([]register.Field, error) {
	var chosen []string
	for _, n := range names {
		chosen = append(chosen, strings.FieldsFunc(n, func(r rune) bool { return r == ',' })...)
	}
	for _, n := range chosen {
		if _, ok := s.Field(n); !ok {
			return nil, fault.At("", 0, "columns", "%q is no field of %s%s", n, s.Name, register.DidYouMean(n, s.Names()))
		}
	}
	var out []register.Field
	for _, f := range s.Fields {
		itself := len(s.Key) == 1 && s.Key[0] == f.Name // the first cell of each row says it
		if len(chosen) == 0 && len(out) < usual && !itself || slices.Contains(chosen, f.Name) {
			out = append(out, f)
		}
	}
	return out, nil
}

// match is what a filter asks for; a day of a time is all of that day.
func match(s *register.Schema, field, is string, zone civil.Zone) ([]record.Match, error) {
	f, ok := s.Field(field)
	if !ok {
		return nil, fault.At("", 0, "field", "%q is no field of %s", field, s.Name)
	}
	switch f.Type {
	case register.Bool:
		if is == "yes" || is == "no" {
			return []record.Match{{Field: field, Op: "=", Value: is == "yes"}}, nil
		}
		return nil, fault.At("", 0, "is", "%q; expected yes or no", is)
	case register.Int:
		n, err := strconv.ParseInt(is, 10, 64)
		if err != nil {
			return nil, fault.At("", 0, "is", "%q; expected a whole number", is)
		}
		return []record.Match{{Field: field, Op: "=", Value: n}}, nil
	case register.Date, register.Instant:
		d, err := civil.ParseDate(is)
		if err != nil {
			return nil, fault.At("", 0, "is", "%s", err)
		}
		if f.Type == register.Date {
			return []record.Match{{Field: field, Op: "=", Value: d}}, nil
		}
		return []record.Match{{Field: field, Op: ">=", Value: zone.Start(d)}, {Field: field, Op: "<=", Value: zone.End(d) - 1}}, nil
	}
	return []record.Match{{Field: field, Op: "=", Value: is}}, nil
}

// rows is one page of the records of a register.
func (p *Pages) rows(w http.ResponseWriter, r *http.Request) error {
	d, q, err := p.rowsOf(r)
	if err != nil {
		return err
	}
	q.Offset, q.Limit = (d.Page-1)*rowsOfPage, rowsOfPage
	list, total, err := p.o.Desk.Books.List(r.Context(), p.o.Org, d.Schema, q)
	if err != nil {
		return err
	}
	if d.Kept, err = p.o.Keeping.Kept(r.Context(), d.Schema.Name); err != nil {
		return err
	}
	d.Total, d.Last = total, max(1, int((total+rowsOfPage-1)/rowsOfPage))
	for _, k := range list {
		cells, _, err := operate.Fields(d.Schema, p.o.Zone, k.Body)
		if err != nil {
			return err
		}
		d.Rows = append(d.Rows, row{k.Key, cells, k.Source})
	}
	return shell.Page(w, r, http.StatusOK, rowsPage(d))
}

// keep takes the organization's word that people keep a register here.
func (p *Pages) keep(w http.ResponseWriter, r *http.Request) error {
	s, err := p.schema(r.PathValue("name"))
	if err != nil {
		return err
	}
	if page, act := operate.ByAct(s.Name); act {
		return fault.Refuse("the records of %s are made at %s, and nowhere else", s.Name, page)
	}
	if err := p.o.Keeping.Keep(r.Context(), s.Name, access.From(r.Context()).Email); err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(r.Context(), "%s is kept here from now on.", s.Title)})
	return shell.Redirect(w, r, "/registers/"+s.Name)
}

// csv gives the rows that match as a file for a spreadsheet.
func (p *Pages) csv(w http.ResponseWriter, r *http.Request) error {
	d, q, err := p.rowsOf(r)
	if err != nil {
		return err
	}
	if len(r.URL.Query()["columns"]) == 0 {
		d.Columns = d.Schema.Fields
	}
	var b strings.Builder
	out := csv.NewWriter(&b)
	head := make([]string, len(d.Columns))
	for i, f := range d.Columns {
		head[i] = f.Name
	}
	if err := out.Write(head); err != nil {
		return err
	}
	q.Limit = 1000
	for q.Offset < mostExported {
		list, total, err := p.o.Desk.Books.List(r.Context(), p.o.Org, d.Schema, q)
		if err != nil {
			return err
		}
		for _, k := range list {
			cells, _, err := operate.Fields(d.Schema, p.o.Zone, k.Body)
			if err != nil {
				return err
			}
			line := make([]string, len(d.Columns))
			for i, f := range d.Columns {
				line[i] = cell(f, cells[f.Name])
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
		if q.Offset += len(list); len(list) == 0 || int64(q.Offset) >= total {
			break
		}
	}
	out.Flush()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+d.Schema.Name+`.csv"`)
	_, err = w.Write([]byte(b.String()))
	return shell.Quietly(err)
}

// formulas begin what a spreadsheet may read as a formula, the full-width signs in some languages too.
const formulas = "=+-@\t\r\n＝＋－＠"

// cell keeps a spreadsheet from reading a text as a formula (CWE-1236): an apostrophe before it says that it is text. Blanks before the
// sign, which some programs drop as they read, do not hide it.
func cell(f register.Field, v string) string {
	if f.Type != register.Text || v == "" {
		return v
	}
	first, _ := utf8.DecodeRuneInString(v)
	next, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(v, func(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc) }))
	if strings.ContainsRune(formulas, first) || strings.ContainsRune(formulas, next) {
		return "'" + v
	}
	return v
}

// mayWrite reports whether the reader can enter records of the register.
func mayWrite(ctx context.Context, name string) bool {
	_, act := operate.ByAct(name)
	return !act && shell.May(ctx, writing(name))
}

// writing is the policy of who enters records of a register. Who is who is the compliance lead's to say.
func writing(name string) access.Policy {
	if operate.Guarded(name) {
		return access.RunWork
	}
	return access.DoWork
}
