package work

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/web/shell"
)

type evidenceData struct {
	List       []operate.Exhibit
	Total      int64
	Page, Last int
	Query      url.Values
	Text       string
	Control    string
	Controls   []assure.Control
	Zone       civil.Zone
}

// evidence lists what people gave.
func (p *Pages) evidence(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	page, err := pageOf(q)
	if err != nil {
		return err
	}
	d := evidenceData{Page: page, Query: q, Text: q.Get("q"), Control: q.Get("control"), Zone: p.o.Zone}
	if d.Controls, err = p.o.Controls.Controls(ctx, p.o.Org); err != nil {
		return err
	}
	if d.List, d.Total, err = p.o.Locker.List(ctx, p.o.Org, d.Control, "", d.Text, (page-1)*rowsOfPage, rowsOfPage); err != nil {
		return err
	}
	d.Last = max(1, int((d.Total+rowsOfPage-1)/rowsOfPage))
	return shell.Page(w, r, http.StatusOK, evidencePage(d))
}

// giveFields is the form of a piece of evidence.
func giveFields(ctx context.Context, g operate.Given, back string) shell.Form {
	captured := ""
	return shell.Form{Action: "/evidence", Submit: shell.T(ctx, "Give the evidence"), Hidden: map[string]string{"back": back}, Fields: []shell.Field{
		{Name: "control", Label: shell.T(ctx, "Control"), Value: g.Control, Required: true, Mono: true},
		{Name: "item", Label: shell.T(ctx, "Instance or item"), Value: g.Item, Help: shell.T(ctx, "Left empty where it is about the control as a whole.")},
		{Name: "title", Label: shell.T(ctx, "What the file is"), Value: g.Title, Required: true},
		{Name: "description", Label: shell.T(ctx, "What it shows"), Value: g.Description, Type: "area"},
		{Name: "captured_at", Label: shell.T(ctx, "Captured at"), Value: captured, Type: "datetime", Help: shell.T(ctx, "When the thing was captured, as 2026-11-26 14:30. When it arrived here is recorded by itself.")},
	}}
}

func (p *Pages) giveForm(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := giveFields(r.Context(), operate.Given{Control: q.Get("control"), Item: q.Get("item")}, "")
	return shell.Page(w, r, http.StatusOK, givePage(f))
}

const (
	mostFields = 20
	mostField  = 1 << 20
)

// give takes a piece of evidence: the file itself, streamed, or the upload that brought it.
func (p *Pages) give(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p.in(w, r)
	fields, file, err := readGiven(w, r)
	if err != nil {
		return err
	}
	r.PostForm = fields
	x, err := p.giveOne(r, fields, file)
	if err == nil {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "The evidence is kept and recorded.")})
		back := fields.Get("back")
		switch {
		case strings.HasPrefix(back, "/work/") && shell.Local(back) == back:
			return shell.Redirect(w, r, back)
		case shell.May(ctx, access.ReadRecords):
			return shell.Redirect(w, r, "/evidence/"+x.ID)
		}
		return shell.Redirect(w, r, "/evidence/new")
	}
	if !refused(err) {
		return err
	}
	f := giveFields(ctx, operate.Given{}, fields.Get("back"))
	return shell.Page(w, r, http.StatusUnprocessableEntity, givePage(f.Filled(r).WithErrors(err)))
}

func (p *Pages) giveOne(r *http.Request, v url.Values, file *multipart.Part) (operate.Exhibit, error) {
	g := operate.Given{Control: strings.TrimSpace(v.Get("control")), Item: strings.TrimSpace(v.Get("item")), Title: strings.TrimSpace(v.Get("title")), Description: v.Get("description")}
	var errs []error
	if s := strings.TrimSpace(v.Get("captured_at")); s != "" {
		at, err := operate.Moment(s, p.o.Zone)
		if err != nil {
			errs = append(errs, fault.At("", 0, "captured_at", "%s", err))
		} else {
			g.Captured = &at
		}
	}
	if g.Control != "" {
		if _, err := p.control(r, g.Control); errors.Is(err, fault.NotFound) {
			errs = append(errs, fault.At("", 0, "control", "%q is no control of this organization", cut(g.Control, 40)))
		} else if err != nil {
			return operate.Exhibit{}, err
		}
	}
	upload := v.Get("upload")
	if upload == "" && (file == nil || file.FileName() == "") {
		errs = append(errs, fault.At("", 0, "file", "no file was chosen; expected one"))
	}
	if err := errors.Join(errs...); err != nil {
		return operate.Exhibit{}, err
	}
	a := p.actor(r.Context())
	if upload != "" {
		return p.o.Locker.GiveUpload(r.Context(), a, g, upload)
	}
	g.FileName, g.Type = file.FileName(), file.Header.Get("Content-Type")
	return p.o.Locker.Give(r.Context(), a, g, file)
}

// readGiven reads the fields of the form, and stops where its file begins: that is read as it comes and is not kept in memory.
func readGiven(w http.ResponseWriter, r *http.Request) (url.Values, *multipart.Part, error) {
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t != "multipart/form-data" {
		if err := shell.ReadForm(w, r); err != nil {
			return nil, nil, err
		}
		return r.PostForm, nil, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, fault.Refuse("the form cannot be read: %v", err)
	}
	out := url.Values{}
	for range mostFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return out, nil, nil
		}
		if err != nil {
			return nil, nil, fault.Refuse("the form cannot be read: %v", err)
		}
		if part.FormName() == "file" {
			return out, part, nil
		}
		b, err := io.ReadAll(io.LimitReader(part, mostField+1))
		if err != nil {
			return nil, nil, fault.Refuse("the form cannot be read: %v", err)
		}
		if len(b) > mostField {
			return nil, nil, fault.At("", 0, part.FormName(), "the text is longer than %d bytes", mostField)
		}
		if err := shell.CheckText(part.FormName(), string(b)); err != nil {
			return nil, nil, err
		}
		out.Add(part.FormName(), strings.ReplaceAll(string(b), "\r\n", "\n"))
	}
	return nil, nil, fault.Refuse("the form has more than %d fields", mostFields)
}

type exhibitData struct {
	operate.Exhibit
	Control  assure.Control
	Versions []versionView
	Used     []record.Known // inspections that name it
	Zone     civil.Zone
}

// exhibit is the story of a piece of evidence: who gave it when, what it is, and which answers rest on it.
func (p *Pages) exhibit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := p.o.Locker.Find(ctx, p.o.Org, r.PathValue("id"))
	if err != nil {
		return err
	}
	d := exhibitData{Exhibit: x, Zone: p.o.Zone}
	if d.Control, err = p.control(r, x.Given.Control); err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	h, err := p.o.Desk.Books.History(ctx, p.o.Org, "evidence", x.ID)
	if err != nil {
		return err
	}
	s, err := p.schema("evidence")
	if err != nil {
		return err
	}
	if d.Versions, err = p.versions(s, h); err != nil {
		return err
	}
	if s, err = p.schema("inspections"); err != nil {
		return err
	}
	used, _, err := p.o.Desk.Books.List(ctx, p.o.Org, s, record.Query{Where: []record.Match{{Field: "control", Op: "=", Value: x.Given.Control}}, Text: x.ID, Limit: 50})
	if err != nil {
		return err
	}
	d.Used = used
	return shell.Page(w, r, http.StatusOK, exhibitPage(d))
}

// harmless are the declared types that are given back under their own name; all others are bytes. None is ever shown in the page.
var harmless = []string{"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "text/csv", "application/zip", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}

// file gives a file back, as an attachment that no browser opens within this site.
func (p *Pages) file(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := p.o.Locker.Find(ctx, p.o.Org, r.PathValue("id"))
	if err != nil {
		return err
	}
	rc, err := p.o.Locker.Open(ctx, p.o.Org, x)
	if err != nil {
		return err
	}
	s := &seeker{open: func() (io.ReadCloser, error) { return p.o.Locker.Open(ctx, p.o.Org, x) }, rc: rc, size: x.Size}
	defer s.close()
	kind := "application/octet-stream"
	if slices.Contains(harmless, x.Type) {
		kind = x.Type
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition(x.FileName))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-store")
	h.Set("ETag", `"`+x.Blob+`"`)
	// Each part of a request for several would be read from the start of the file: only one is given.
	if strings.Contains(r.Header.Get("Range"), ",") {
		r = r.Clone(ctx)
		r.Header.Del("Range")
	}
	http.ServeContent(p.out(w), r, "", time.Time{}, s)
	return nil
}

// disposition names the file for the browser (RFC 6266), in ASCII and as it is.
func disposition(name string) string {
	name = operate.FileName(name)
	ascii := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' || r == '%' || r == ';' {
			return '_'
		}
		return r
	}, name)
	return `attachment; filename="` + ascii + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

// seeker lets a stream be asked for a part: what lies before it is read and dropped.
type seeker struct {
	open func() (io.ReadCloser, error)
	rc   io.ReadCloser
	at   int64 // of rc
	want int64
	size int64
}

func (s *seeker) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.want
	case io.SeekEnd:
		offset += s.size
	}
	if offset < 0 {
		return 0, errors.New("a place before the start of the file")
	}
	s.want = offset
	return offset, nil
}

func (s *seeker) Read(b []byte) (int, error) {
	if s.want < s.at {
		s.close()
		rc, err := s.open()
		if err != nil {
			return 0, err
		}
		s.rc, s.at = rc, 0
	}
	if s.want > s.at {
		n, err := io.CopyN(io.Discard, s.rc, s.want-s.at)
		if s.at += n; err != nil {
			return 0, err
		}
	}
	n, err := s.rc.Read(b)
	s.at += int64(n)
	s.want = s.at
	return n, err
}

func (s *seeker) close() { _ = s.rc.Close() }
