package examination

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web/shell"
)

const (
	largestPackage = 8 << 30
	largestSheet   = 32 << 20
	largestBag     = 256 << 20
)

// send gives a file to be kept, never to be shown: what it holds was written by others.
func send(w http.ResponseWriter, f File) error {
	h := w.Header()
	h.Set("Content-Type", or(f.Type, "application/octet-stream"))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Length", strconv.Itoa(len(f.Data)))
	_, err := w.Write(f.Data)
	return shell.Quietly(err)
}

// upload gives the file of a form as it comes in. Fields stand before it in the form.
func upload(w http.ResponseWriter, r *http.Request, largest int64) (fields map[string]string, file *named, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, largest)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, fault.Refuse("the form holds no file; expected one")
	}
	fields = map[string]string{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil, fault.Refuse("no file was chosen; expected one").WithHint("choose a file, and send the form again")
		}
		if err != nil {
			return nil, nil, fault.Refuse("the form cannot be read: %v", err)
		}
		if part.FormName() == "file" && part.FileName() != "" {
			return fields, &named{part, part.FileName()}, nil
		}
		b, err := io.ReadAll(io.LimitReader(part, 64<<10))
		if err != nil {
			return nil, nil, fault.Refuse("the form cannot be read: %v", err)
		}
		if err := shell.CheckText(part.FormName(), string(b)); err != nil {
			return nil, nil, err
		}
		fields[part.FormName()] = string(b)
	}
}

type named struct {
	io.Reader
	name string
}

// takePackage takes the client's package in: it is verified, mirrored, and every test is run again.
func (p *Pages) takePackage(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	if err := p.wall(ctx, id, "take_package"); err != nil {
		return err
	}
	_, f, err := upload(w, r, largestPackage)
	if err == nil {
		err = p.o.Work.TakePackage(ctx, whoOf(ctx), id, f.name, f)
	}
	if errors.Is(err, fault.Refused) || errors.Is(err, fault.Integrity) {
		return p.draw(w, r, http.StatusUnprocessableEntity, func(v *view) (templ.Component, error) { return packagePage(v, err), nil })
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "The package is taken in, and its tests were run again.")})
	return shell.Redirect(w, r, base(id))
}

func (p *Pages) blankPackage(w http.ResponseWriter, r *http.Request) error {
	if err := p.firmOnly(); err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) { return packagePage(v, nil), nil })
}

// bag gives messages for the other party, as a file: all, or those after an act that the other party has.
func (p *Pages) bag(w http.ResponseWriter, r *http.Request) error {
	if err := p.guard(r); err != nil {
		return err
	}
	from := 1
	if s := r.URL.Query().Get("after"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fault.Refuse("%q is no act; expected the number of the last act that came in at the other party", s)
		}
		from = n + 1
	}
	f, err := p.o.Post.Bag(r.Context(), r.PathValue("id"), from)
	if err != nil {
		return err
	}
	return send(w, f)
}

func (p *Pages) blankBag(w http.ResponseWriter, r *http.Request) error {
	return p.bagForm(w, r, http.StatusOK, "", nil)
}

func (p *Pages) bagForm(w http.ResponseWriter, r *http.Request, status int, key string, refused error) error {
	self, err := p.o.Post.Self(r.Context())
	if err != nil {
		return err
	}
	return shell.Page(w, r, status, bagPage(p.o.Side, self, key, refused))
}

// takers are the roles that take messages in: the first ones of an engagement come under a key that somebody answers for.
var takers = map[engage.Side][]access.Role{engage.Client: {access.Lead, access.Executive}, engage.Firm: {access.Partner, access.Practitioner}}

// takeBag takes messages of the other party in.
func (p *Pages) takeBag(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if !slices.ContainsFunc(access.From(ctx).InForce(), func(r access.Role) bool { return slices.Contains(takers[p.o.Side], r) }) {
		return &fault.Error{Kind: fault.Denied, What: "none of your roles here includes it: to take messages of the other party in"}
	}
	fields, f, err := upload(w, r, largestBag)
	id := ""
	if err == nil {
		id, err = p.o.Post.TakeBag(ctx, whoOf(ctx), f, fields["key"])
	}
	if errors.Is(err, fault.Refused) || errors.Is(err, fault.Integrity) {
		return p.bagForm(w, r, http.StatusUnprocessableEntity, fields["key"], err)
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "The messages are taken in.")})
	return shell.Redirect(w, r, base(id))
}

func (p *Pages) index(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := p.o.House.List(ctx)
	if err != nil {
		return err
	}
	d := listData{Side: p.o.Side, Self: engage.Party{}}
	if d.Self, err = p.o.Post.Self(ctx); err != nil {
		return err
	}
	for _, id := range list {
		err := p.o.House.See(ctx, id, func(e *engage.Engagement) error {
			v := p.view(r, e)
			if visible(p.o.Side, v.who, e) {
				d.List = append(d.List, lineOf(ctx, v))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return shell.Page(w, r, http.StatusOK, indexPage(d))
}

type listData struct {
	Side engage.Side
	Self engage.Party
	List []listLine
}

type listLine struct {
	ID, Client, Firm, Report, Span, State, Owed, System string
	Done                                                bool
	Deviations, Open                                    int
}

func lineOf(ctx context.Context, v *view) listLine {
	e := v.e
	return listLine{ID: e.ID, Client: e.Client.Name, Firm: e.Firm.Name, Report: kindName(e.Terms.Report), Span: span(ctx, e.Terms), State: string(e.State), Owed: v.due().Text, System: e.Terms.System,
		Done: e.State.Done(), Open: e.Open(), Deviations: len(e.Deviations)}
}

func (p *Pages) overview(w http.ResponseWriter, r *http.Request) error {
	if err := p.guard(r); err != nil {
		return err
	}
	self, err := p.o.Post.Self(r.Context())
	if err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) { return overviewPage(v, self), nil })
}
