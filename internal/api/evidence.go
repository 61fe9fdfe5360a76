package api

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/operate"
)

// Exhibit is a piece of evidence.
type Exhibit struct {
	ID          string `json:"id"`
	Control     string `json:"control"`
	Item        string `json:"item,omitempty"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	FileName    string `json:"file_name"`
	MediaType   string `json:"media_type" doc:"As declared; the file is served as an attachment, whatever it says"`
	Captured    string `json:"captured_at,omitempty" doc:"When the thing was captured, by the word of who gave it"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	By          string `json:"uploaded_by"`
	Uploaded    string `json:"uploaded_at"`
	Index       int64  `json:"index,omitempty" doc:"The leaf in the ledger; left out where it is not known yet"`
}

func exhibit(x operate.Exhibit) Exhibit {
	out := Exhibit{x.ID, x.Control, x.Item, x.Title, x.Description, x.FileName, x.Type, "", x.Size, x.SHA256, x.By, x.Uploaded.String(), x.Index}
	if x.Captured != nil {
		out.Captured = x.Captured.String()
	}
	return out
}

type giveIn struct {
	Here
	Control     string `query:"control" required:"true" maxLength:"64" doc:"The control that it is evidence of"`
	Item        string `query:"item" maxLength:"2000" doc:"The item, where it is evidence of one"`
	Title       string `query:"title" required:"true" maxLength:"500"`
	Description string `query:"description" maxLength:"4000"`
	FileName    string `query:"file_name" required:"true" maxLength:"500"`
	Captured    string `query:"captured_at" maxLength:"40" doc:"When the thing was captured: RFC 3339 with its offset"`
}

type exhibitsIn struct {
	Here
	Control string `query:"control" maxLength:"64"`
	Item    string `query:"item" maxLength:"2000"`
	Text    string `query:"text" maxLength:"200" doc:"A part of the title or of another text"`
	Paged
}

type exhibitIn struct {
	Here
	ID string `path:"id" maxLength:"64" doc:"The piece of evidence"`
}

func (a *API) evidence() {
	serve(a, access.DoWork, operation{id: "give-evidence", method: http.MethodPost, path: inOrg + "/evidence", tag: "Evidence", summary: "Give a file as evidence",
		status: http.StatusCreated, stream: true, errors: []int{408}, max: operate.MaxFile, body: map[string]*huma.Schema{"application/octet-stream": octets(), "text/plain": text()},
		text: "The body is the file, up to 10 GiB; it is hashed on its way and never held in memory. Nothing is recorded of a file that did not arrive whole."}, a.give)
	serve(a, access.ReadRecords, operation{id: "evidence", method: http.MethodGet, path: inOrg + "/evidence", tag: "Evidence", summary: "The pieces of evidence",
		text: "The newest first."}, a.exhibits)
	serve(a, access.ReadRecords, operation{id: "exhibit", method: http.MethodGet, path: inOrg + "/evidence/{id}", tag: "Evidence", summary: "What is known of a piece of evidence"},
		func(ctx context.Context, o *Organization, in *exhibitIn) (*answer[Exhibit], error) {
			if o.Evidence == nil {
				return nil, missing("evidence")
			}
			x, err := o.Evidence.Find(ctx, o.ID, in.ID)
			if err != nil {
				return nil, err
			}
			return &answer[Exhibit]{exhibit(x)}, nil
		})
	serve(a, access.ReadRecords, operation{id: "evidence-file", method: http.MethodGet, path: inOrg + "/evidence/{id}/file", tag: "Evidence", summary: "The file of a piece of evidence",
		text: "As an attachment of bytes that no browser opens by itself, with its SHA-256 as Repr-Digest.", answer: map[string]*huma.Schema{"application/octet-stream": octets()}}, a.file)
}

func (a *API) give(ctx context.Context, o *Organization, in *giveIn) (*answer[Exhibit], error) {
	if o.Evidence == nil {
		return nil, missing("evidence")
	}
	g := operate.Given{Control: in.Control, Item: in.Item, Title: in.Title, Description: in.Description, FileName: in.FileName}
	if in.Captured != "" {
		at, err := civil.ParseInstant(in.Captured)
		if err != nil {
			return nil, refused("query.captured_at", "%v", err)
		}
		g.Captured = &at
	}
	known, err := o.Program.Controls(ctx)
	if err != nil {
		return nil, err
	}
	found := false
	for _, c := range known {
		found = found || c.ID == in.Control
	}
	if !found {
		return nil, refused("query.control", "no control %q", short(in.Control))
	}
	w, r := asked(ctx)
	g.Type = r.Header.Get("Content-Type")
	body := a.stream(w, r, operate.MaxFile)
	x, err := o.Evidence.Give(ctx, actor(ctx, o), g, body)
	if err != nil {
		return nil, cutShort(err, body.err)
	}
	return &answer[Exhibit]{exhibit(x)}, nil
}

func (a *API) exhibits(ctx context.Context, o *Organization, in *exhibitsIn) (*answer[list[Exhibit]], error) {
	if o.Evidence == nil {
		return nil, missing("evidence")
	}
	query := signature("evidence", in.Control, in.Item, in.Text)
	offset, err := a.cursors.read(o.ID, query, in.Cursor)
	if err != nil {
		return nil, err
	}
	page, total, err := o.Evidence.List(ctx, o.ID, in.Control, in.Item, in.Text, offset, in.Limit)
	if err != nil {
		return nil, err
	}
	out := list[Exhibit]{[]Exhibit{}, total, a.following(o.ID, query, offset, len(page), total)}
	for _, x := range page {
		out.Items = append(out.Items, exhibit(x))
	}
	return &answer[list[Exhibit]]{out}, nil
}

// file sends a file as it was given. It is opened before the answer begins, so that a missing one is told as such.
func (a *API) file(ctx context.Context, o *Organization, in *exhibitIn) (*huma.StreamResponse, error) {
	if o.Evidence == nil {
		return nil, missing("evidence")
	}
	x, err := o.Evidence.Find(ctx, o.ID, in.ID)
	if err != nil {
		return nil, err
	}
	r, err := o.Evidence.Open(ctx, o.ID, x)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer r.Close()
		c.SetHeader("Content-Type", "application/octet-stream")
		c.SetHeader("Content-Length", strconv.FormatInt(x.Size, 10))
		c.SetHeader("Content-Disposition", attachment(x.FileName))
		c.SetHeader("Content-Security-Policy", sandbox)
		c.SetHeader("Repr-Digest", "sha-256=:"+base64OfHex(x.SHA256)+":")
		if err := a.copy(ctx, c.BodyWriter(), r); err != nil {
			_, req := asked(ctx)
			a.o.Failed(req, err)
			panic(http.ErrAbortHandler) // what was sent is not the file: the connection is cut, so that nobody takes it for whole
		}
	}}, nil
}

// copy sends a stream to whoever keeps taking it.
func (a *API) copy(ctx context.Context, to io.Writer, r io.Reader) error {
	w, _ := asked(ctx)
	c := http.NewResponseController(w)
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			_ = c.SetWriteDeadline(a.o.Clock().Add(patience)) // not every server lets deadlines be set
			if _, err := to.Write(buf[:n]); err != nil {
				return nil //nolint:nilerr // the reader went away: nobody is left to tell
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// attachment names a file for the header, as RFC 6266 and RFC 8187 have it.
func attachment(name string) string {
	s := mime.FormatMediaType("attachment", map[string]string{"filename": name})
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return "attachment"
	}
	return s
}
