package program

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// part is a list of facts of the system that a form edits row by row.
type part struct {
	ID, Title, About string
	Columns          []column
	None             string // what is said where the list is empty; "" where nothing need be said
	Back             string // the page that shows it
	get              func(s scope.System) (rows []row, none string)
	set              func(s *scope.System, rows []row, none string) error
}

// column is one field of each row.
type column struct {
	Name, Label, Help string
	Type              string // as shell.Field has it
	Options           func(ctx context.Context, s scope.System) []shell.Option
	Required          bool
}

// row is one entry of a part by the names of its columns.
type row map[string]string

const (
	mostRows  = 300
	blankRows = 2 // offered beside what is there
)

func (c column) empty(v string) bool { return v == "" || c.Type == "select" || c.Type == "check" }

// readRows reads the rows of a form. A row of which nothing but choices is filled in is none.
func readRows(pt part, v url.Values) ([]row, error) {
	n, err := strconv.Atoi(v.Get("rows"))
	if err != nil || n < 0 || n > mostRows {
		return nil, fault.Refuse("the form says it has %q rows; expected at most %d", short(v.Get("rows")), mostRows)
	}
	var out []row
	for i := range n {
		r, filled := row{}, false
		for _, c := range pt.Columns {
			s := strings.TrimSpace(v.Get(fieldName(i, c.Name)))
			if c.Type == "check" && s != "yes" {
				s = ""
			}
			if c.Type != "area" {
				s = oneLine(s)
			}
			r[c.Name] = s
			filled = filled || !c.empty(s)
		}
		if filled {
			r["#"] = strconv.Itoa(i)
			out = append(out, r)
		}
	}
	return out, nil
}

func fieldName(i int, column string) string { return fmt.Sprintf("r%d.%s", i, column) }

// in puts a refusal beside the field of the row.
func (r row) in(column, format string, args ...any) error {
	i, err := strconv.Atoi(r["#"])
	if err != nil {
		i = 0
	}
	return &fault.Error{Kind: fault.Refused, Field: fieldName(i, column), What: fmt.Sprintf(format, args...)}
}

func (r row) need(columns ...string) error {
	for _, c := range columns {
		if r[c] == "" {
			return r.in(c, "is missing")
		}
	}
	return nil
}

func (r row) day(column string) (*civil.Date, error) {
	if r[column] == "" {
		return nil, nil
	}
	d, err := civil.ParseDate(r[column])
	if err != nil {
		return nil, r.in(column, "%v", err)
	}
	return &d, nil
}

type partData struct {
	editData
	Part  part
	Rows  [][]shell.Field
	Count int
}

func (p *Pages) partOf(ctx context.Context, id string) (part, scope.Folder, int64, error) {
	i := slices.IndexFunc(parts, func(x part) bool { return x.ID == id })
	if i < 0 {
		return part{}, scope.Folder{}, 0, fault.NotFound
	}
	f, rev, err := p.o.Program.Program(ctx)
	return parts[i], f, rev, err
}

func (p *Pages) partForm(w http.ResponseWriter, r *http.Request) error {
	pt, f, _, err := p.partOf(r.Context(), r.PathValue("part"))
	if err != nil {
		return err
	}
	d, err := partPage(r.Context(), pt, f)
	if err != nil {
		return err
	}
	rows, none := pt.get(f.System)
	d.fill(r.Context(), f.System, rows, none, blankRows)
	return shell.Page(w, r, http.StatusOK, partView(d))
}

func partPage(ctx context.Context, pt part, f scope.Folder) (partData, error) {
	b, err := baseOf(f, "system.yaml")
	if err != nil {
		return partData{}, err
	}
	d := partData{Part: pt}
	name := shell.T(ctx, "Scope")
	if strings.HasPrefix(pt.Back, "/description") {
		name = shell.T(ctx, "Description")
	}
	d.Title = shell.T(ctx, pt.Title)
	d.Crumbs = []shell.Crumb{{Path: pt.Back, Text: name}, {Text: d.Title}}
	d.About = []string{shell.T(ctx, pt.About)}
	d.Form = shell.Form{Action: "/scope/parts/" + pt.ID, Submit: shell.T(ctx, "Prepare the change"), Back: pt.Back, Hidden: map[string]string{"base": b}}
	if pt.None != "" {
		d.Form.Fields = append(d.Form.Fields, shell.Field{Name: "none", Type: "area", Rows: 2, Max: 4000, Label: shell.T(ctx, pt.None)})
	}
	d.Form.Fields = append(d.Form.Fields, shell.Field{Name: "reason", Type: "area", Rows: 2, Label: shell.T(ctx, "Why"), Required: true, Max: 2000, Help: shell.T(ctx, "Who approves reads this, and so does the auditor.")})
	return d, nil
}

// fill lays out the rows with blank ones after them.
func (d *partData) fill(ctx context.Context, s scope.System, rows []row, none string, blank int) {
	d.Count = min(len(rows)+blank, mostRows)
	d.Form.Hidden["rows"] = strconv.Itoa(d.Count)
	for i := range d.Form.Fields {
		if d.Form.Fields[i].Name == "none" {
			d.Form.Fields[i].Value = none
		}
	}
	for i := range d.Count {
		var fields []shell.Field
		for _, c := range d.Part.Columns {
			x := shell.Field{Name: fieldName(i, c.Name), Label: shell.T(ctx, c.Label), Type: c.Type, Rows: 2, Max: 8000, Required: c.Required}
			if c.Help != "" {
				x.Help = shell.T(ctx, c.Help)
			}
			if c.Options != nil {
				x.Options = c.Options(ctx, s)
			}
			if i < len(rows) {
				x.Value = rows[i][c.Name]
			}
			fields = append(fields, x)
		}
		d.Rows = append(d.Rows, fields)
	}
}

// err puts a refusal beside its field, in a row or below them.
func (d *partData) err(err error) {
	for i := range d.Rows {
		f := shell.Form{Fields: d.Rows[i]}.WithErrors(err)
		if f.Error == "" {
			d.Rows[i] = f.Fields
			return
		}
	}
	d.Form = d.Form.WithErrors(err)
}

func (p *Pages) savePart(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	pt, f, rev, err := p.partOf(ctx, r.PathValue("part"))
	if err != nil {
		return err
	}
	d, err := partPage(ctx, pt, f)
	if err != nil {
		return err
	}
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	v := r.PostForm
	rows, err := readRows(pt, v)
	if err != nil {
		return err
	}
	d.Form = filled(d.Form, r)
	blank := 0
	if v.Get("act") == "more" {
		blank = blankRows + 2
	}
	d.fill(ctx, f.System, renumbered(rows), v.Get("none"), max(blank, 1))
	if v.Get("act") == "more" {
		return shell.Page(w, r, http.StatusOK, partView(d))
	}
	if v.Get("base") != d.Form.Hidden["base"] {
		theirs, none := pt.get(f.System)
		d.Stale = &stale{What: shell.T(ctx, "What is said of the system has been changed since this form was drawn. Nothing was kept. Compare, mend the form below, and send it again."),
			Mine: pt.shown(ctx, rows, v.Get("none")), Theirs: pt.shown(ctx, theirs, none)}
		return shell.Page(w, r, http.StatusConflict, partView(d))
	}
	to, err := pt.change(f, renumbered(rows), v)
	var x draw
	if err == nil {
		x, err = p.drawn(ctx, f, to, rev)
	}
	if err != nil {
		if !isRefusal(err) {
			return err
		}
		d.err(renamed(err))
		return shell.Page(w, r, http.StatusUnprocessableEntity, partView(d))
	}
	if v.Get("act") == "preview" {
		d.Draw = &x
		return shell.Page(w, r, http.StatusOK, partView(d))
	}
	return p.keep(w, r, x, shell.T(ctx, pt.Title), strings.TrimSpace(v.Get("reason")), pt.Back)
}

// renumbered gives the rows that are left the numbers of the fields in which they are drawn again.
func renumbered(rows []row) []row {
	out := make([]row, len(rows))
	for i, r := range rows {
		out[i] = maps.Clone(r)
		out[i]["#"] = strconv.Itoa(i)
	}
	return out
}

func (pt part) change(f scope.Folder, rows []row, v url.Values) (scope.Folder, error) {
	if strings.TrimSpace(v.Get("reason")) == "" {
		return f, &fault.Error{Kind: fault.Refused, Field: "reason", What: "no reason is given; expected why the change is made"}
	}
	none := strings.TrimSpace(v.Get("none"))
	if len(rows) > 0 && none != "" {
		return f, &fault.Error{Kind: fault.Refused, Field: "none", What: "says that there is none, beside a list; expected one of the two"}
	}
	f.System.NotRelevant = maps.Clone(f.System.NotRelevant)
	err := pt.set(&f.System, rows, none)
	return f, err
}

// shown is a part as lines, for comparing two.
func (pt part) shown(ctx context.Context, rows []row, none string) []shown {
	var out []shown
	for i, r := range rows {
		var said []string
		for _, c := range pt.Columns {
			if r[c.Name] != "" {
				said = append(said, r[c.Name])
			}
		}
		out = append(out, shown{fmt.Sprintf("%s %d", shell.T(ctx, pt.Title), i+1), strings.Join(said, " · ")})
	}
	if none != "" {
		out = append(out, shown{shell.T(ctx, pt.None), none})
	}
	return out
}

var criteriaColumn = column{Name: "criteria", Label: phrase.Mark("Criteria"), Help: phrase.Mark("Such as CC6.1, A1.2.")}
