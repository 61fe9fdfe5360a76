package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// The limits of what is read as a stream.
const (
	maxImport  = 1 << 30   // bytes of an imported file
	maxMapping = 256 << 10 // bytes of a mapping
	patience   = time.Minute
)

type importIn struct {
	RegisterIn
	File   string `query:"file" maxLength:"200" doc:"The name of a raw body, for messages and for the pull"`
	Source string `query:"source" maxLength:"200" doc:"The source system; else the mapping's"`
	Query  string `query:"query" maxLength:"4000" doc:"What was asked of the source; else the mapping's"`
	Expect string `query:"expect_rows" pattern:"^[0-9]{1,15}$" doc:"Rows counted by another path"`
	Extent string `query:"extent" enum:"full" doc:"full when the source delivered every row it has"`
	Type   string `header:"Content-Type" hidden:"true"`
}

type imported struct {
	record.Pull
	Checkpoint assure.Checkpoint `json:"checkpoint" doc:"Signed when the pull was sealed"`
}

// formats are the media types of a raw body. A file of a form is read by its name, else by its content.
var formats = map[string]string{"text/csv": "csv", "application/jsonl": "jsonl", "application/x-ndjson": "jsonl"}

func (a *API) imports() {
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{
		"mapping": {Type: huma.TypeString, Description: "A mapping file (YAML); it comes before the file"},
		"file":    {Type: huma.TypeString, Format: "binary", Description: "CSV, JSONL, JSON or XLSX, gzip or not; the last part"},
	}}
	serve(a, access.Import, operation{id: "import", method: http.MethodPost, path: inOrg + "/registers/{register}/imports", tag: "Imports", summary: "Take in a file",
		status: http.StatusCreated, stream: true, errors: []int{408}, max: maxImport,
		body: map[string]*huma.Schema{"text/csv": text(), "application/jsonl": text(), "application/x-ndjson": text(), "multipart/form-data": form},
		text: "One pull, whole or nothing: when a row is refused, nothing is stored, and errors names file, line and field. The file itself is kept beside its records."}, a.take)
}

func (a *API) take(ctx context.Context, o *Organization, in *importIn) (*answer[imported], error) {
	if o.Importer == nil {
		return nil, missing("the intake of files")
	}
	if _, err := schema(o, in.Register); err != nil {
		return nil, err
	}
	if page, act := operate.ByAct(in.Register); act {
		return nil, fault.Refuse("records of %s are made by an act of their own and cannot be imported", in.Register).WithHint("see %s", page)
	}
	w, r := asked(ctx)
	body := a.stream(w, r, maxImport)
	req := collect.ImportRequest{Org: o.ID, Register: in.Register, Source: in.Source, Query: in.Query, Extent: in.Extent, Operator: access.From(ctx).Email}
	if in.Expect != "" {
		n, err := strconv.ParseInt(in.Expect, 10, 64)
		if err != nil {
			return nil, refused("query.expect_rows", "expected a whole number")
		}
		req.ExpectRows = &n
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		err = form(&req, body, params["boundary"])
	case err == nil && formats[kind] != "":
		req.Format, req.Reader, req.File = formats[kind], body, operate.FileName(in.File)
		if in.File == "" {
			req.File = in.Register + "." + req.Format
		}
	default:
		err = newProblem(http.StatusUnsupportedMediaType, "expected text/csv, application/jsonl, application/x-ndjson or multipart/form-data")
	}
	if err != nil {
		return nil, err
	}
	sum, err := o.Importer.Import(ctx, req)
	if err != nil {
		if body.err != nil && !errors.Is(body.err, io.EOF) {
			err = errors.Join(body.err, err) // what came short is the reason, not the row it broke
		}
		return nil, cutShort(err, body.err)
	}
	return &answer[imported]{imported{sum.Pull, sum.Receipt.Checkpoint}}, nil
}

// cutShort tells a body that did not arrive whole from one that is at fault.
func cutShort(err, read error) error {
	if errors.Is(read, io.ErrUnexpectedEOF) {
		return newProblem(http.StatusBadRequest, "the body did not arrive whole; nothing was changed")
	}
	if late, ok := errors.AsType[net.Error](read); ok && late.Timeout() {
		return newProblem(http.StatusRequestTimeout, "the body did not arrive in time; nothing was changed")
	}
	return err
}

// form reads the parts of a form in the order in which they come: a mapping, then the file, which is not read into memory.
func form(req *collect.ImportRequest, r io.Reader, boundary string) error {
	if boundary == "" {
		return newProblem(http.StatusBadRequest, "the form names no boundary")
	}
	parts := multipart.NewReader(r, boundary)
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return refused("body.file", "the form holds no file; expected a part named file, as the last")
		}
		if err != nil {
			return newProblem(http.StatusBadRequest, "the form cannot be read")
		}
		switch p.FormName() {
		case "file":
			req.Reader, req.File = p, operate.FileName(p.FileName())
			return nil
		case "mapping":
			b, err := io.ReadAll(io.LimitReader(p, maxMapping+1))
			if err != nil {
				return newProblem(http.StatusBadRequest, "the form cannot be read")
			}
			if len(b) > maxMapping {
				return refused("body.mapping", "the mapping holds more than %d bytes", maxMapping)
			}
			if req.Mapping, err = register.ParseMapping("mapping", b); err != nil {
				return err
			}
		default:
			return refused("body", "the form has a part named %q; expected mapping and file", short(p.FormName()))
		}
	}
}

// stream is a body that is read as it comes. Whoever keeps sending is given time; whoever stops is not.
func (a *API) stream(w http.ResponseWriter, r *http.Request, most int64) *patient {
	return &patient{r: http.MaxBytesReader(w, r.Body, most), c: http.NewResponseController(w), clock: a.o.Clock}
}

type patient struct {
	r     io.Reader
	c     *http.ResponseController
	clock func() time.Time
	at    time.Time
	err   error
}

func (p *patient) Read(b []byte) (int, error) {
	if now := p.clock(); now.Sub(p.at) > patience/4 {
		p.at = now
		// Not every server lets deadlines be set; then its own hold.
		_ = p.c.SetReadDeadline(now.Add(patience))
		_ = p.c.SetWriteDeadline(now.Add(2 * patience))
	}
	n, err := p.r.Read(b)
	p.err = err
	return n, err
}
