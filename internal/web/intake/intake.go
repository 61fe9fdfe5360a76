// Package intake draws the page where a person takes a file in: one pull, whole or nothing.
package intake

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web/shell"
)

// Most is how large a file may be that is taken in by this page, and a mapping.
const (
	Most       = 2 << 30
	mostFields = 1 << 20
)

// Request is a file to take in.
type Request struct {
	Register string
	File     string // its name, as the browser gave it
	Source   string
	Query    string
	From, To string // civil dates that the query covered; may be empty
	Expect   *int64 // rows counted by another path
	Full     bool   // the source delivered every row it has
	Mapping  []byte // may be empty
	Operator string // the e-mail address of whoever did it
}

// Register is one that can be filled.
type Register struct{ Name, Title, Doc string }

// Importer takes files in.
type Importer interface {
	Registers(ctx context.Context) []Register
	Import(ctx context.Context, r Request, body io.Reader) (collect.Summary, error)
}

// Pages is the page of imports of one organization.
type Pages struct{ importer Importer }

// New wires the page.
func New(i Importer) (*Pages, error) {
	if i == nil {
		return nil, errors.New("intake: an importer is required")
	}
	return &Pages{i}, nil
}

// Routes lists the addresses.
func (p *Pages) Routes() []shell.Route {
	return []shell.Route{
		{Method: http.MethodGet, Pattern: "/import", Policy: access.Import, Handler: p.show},
		{Method: http.MethodPost, Pattern: "/import", Policy: access.Import, Handler: p.take},
	}
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	return shell.Page(w, r, http.StatusOK, page(p.form(r.Context(), map[string]string{"register": r.URL.Query().Get("register")}), nil))
}

func (p *Pages) form(ctx context.Context, v map[string]string) shell.Form {
	t := func(s string) string { return shell.T(ctx, s) }
	options := []shell.Option{{Value: "", Text: t("Choose a register")}}
	for _, r := range p.importer.Registers(ctx) {
		options = append(options, shell.Option{Value: r.Name, Text: r.Title + " (" + r.Name + ")"})
	}
	f := shell.Form{Fields: []shell.Field{
		{Name: "register", Label: t("Register"), Type: "select", Options: options, Required: true, Help: t("What the rows are about.")},
		{Name: "source", Label: t("Source"), Required: true, Help: t("The system that the file came from, such as github or hris.")},
		{Name: "query", Label: t("Query"), Help: t("What was asked of it, so that somebody else can ask the same.")},
		{Name: "from", Label: t("First day that the query covered"), Type: "date"},
		{Name: "to", Label: t("Last day that the query covered"), Type: "date"},
		{Name: "expect", Label: t("Rows counted by another path"), Type: "number", Help: t("Such as the count that the source shows on its own page. It is what completeness is judged by.")},
		{Name: "full", Label: t("The source delivered every row that it has"), Type: "check"},
		{Name: "mapping", Label: t("Mapping"), Type: "area", Mono: true, Rows: 5, Max: mostFields / 4, Help: t("YAML that renames fields and translates values. Leave it empty when the columns have the register's names.")},
	}}
	for i, x := range f.Fields {
		f.Fields[i].Value = v[x.Name]
	}
	return f
}

// take reads the form as a stream: the fields stand before the file, which is never held in memory.
func (p *Pages) take(w http.ResponseWriter, r *http.Request) error {
	c := http.NewResponseController(w)
	if err := errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, Most)
	values := map[string]string{}
	sum, err := p.read(r, values)
	switch {
	case errors.Is(err, fault.Refused):
		return shell.Page(w, r, http.StatusUnprocessableEntity, page(p.form(r.Context(), values).WithErrors(err), nil))
	case err != nil:
		return err
	}
	return shell.Page(w, r, http.StatusOK, page(p.form(r.Context(), nil), &sum))
}

func (p *Pages) read(r *http.Request, values map[string]string) (collect.Summary, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return collect.Summary{}, fault.Refuse("the form cannot be read: %v", err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return collect.Summary{}, &fault.Error{Kind: fault.Refused, Field: "file", What: "no file was chosen"}
		}
		if err != nil {
			return collect.Summary{}, fault.Refuse("the form cannot be read: %v", err)
		}
		if part.FormName() == "file" {
			return p.file(r.Context(), part, values)
		}
		b, err := io.ReadAll(io.LimitReader(part, mostFields+1))
		if err != nil || len(b) > mostFields {
			return collect.Summary{}, fault.Refuse("the field %s is too long; expected at most %d bytes", part.FormName(), mostFields)
		}
		if err := shell.CheckText(part.FormName(), string(b)); err != nil {
			return collect.Summary{}, err
		}
		values[part.FormName()] = strings.TrimSpace(string(b))
	}
}

func (p *Pages) file(ctx context.Context, part *multipart.Part, v map[string]string) (collect.Summary, error) {
	req, err := p.request(ctx, v)
	if err != nil {
		return collect.Summary{}, err
	}
	if req.File = part.FileName(); req.File == "" || !utf8.ValidString(req.File) {
		return collect.Summary{}, &fault.Error{Kind: fault.Refused, Field: "file", What: "no file was chosen"}
	}
	body := bufio.NewReader(part)
	if _, err := body.Peek(1); errors.Is(err, io.EOF) {
		return collect.Summary{}, &fault.Error{Kind: fault.Refused, Field: "file", What: "the file is empty"}
	}
	sum, err := p.importer.Import(ctx, req, body)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return sum, &fault.Error{Kind: fault.Refused, Field: "file", What: fmt.Sprintf("the file is larger than %d GiB", int64(Most)>>30), Hint: "use assay import on the machine itself"}
	}
	return sum, err
}

// request checks what was said of the file, all of it, so that a person mends it once.
func (p *Pages) request(ctx context.Context, v map[string]string) (Request, error) {
	r := Request{Register: v["register"], Source: v["source"], Query: v["query"], From: v["from"], To: v["to"], Full: v["full"] == "yes", Operator: access.From(ctx).Email}
	var errs []error
	refuse := func(field, format string, args ...any) {
		errs = append(errs, &fault.Error{Kind: fault.Refused, Field: field, What: fmt.Sprintf(format, args...)})
	}
	if !slices.ContainsFunc(p.importer.Registers(ctx), func(x Register) bool { return x.Name == r.Register }) {
		refuse("register", "choose the register that the rows belong to")
	}
	if r.Source == "" {
		refuse("source", "say which system the file came from")
	}
	days := map[string]civil.Date{}
	for _, f := range []string{"from", "to"} {
		if v[f] == "" {
			continue
		}
		d, err := civil.ParseDate(v[f])
		if err != nil {
			refuse(f, "%v", err)
			continue
		}
		days[f] = d
	}
	if len(days) == 2 && days["to"] < days["from"] {
		refuse("to", "the last day lies before the first")
	}
	if v["expect"] != "" {
		n, err := strconv.ParseInt(v["expect"], 10, 64)
		if err != nil || n < 0 {
			refuse("expect", "%q is no count of rows; expected 0 or more", v["expect"])
		}
		r.Expect = &n
	}
	if v["mapping"] != "" {
		r.Mapping = []byte(v["mapping"] + "\n")
	}
	return r, errors.Join(errs...)
}
