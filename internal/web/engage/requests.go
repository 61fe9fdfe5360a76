package examination

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

const ownDays = 14 // that a request gives unless another day is chosen

var requestDeeds = []*deed{
	{kind: "ask", title: phrase.Mark("Ask for something"), submit: phrase.Mark("Send the request to the client"), said: phrase.Mark("The request is with the client."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{
				{Name: "control", Label: shell.T(d.ctx, "Control"), Value: d.value("control"), Max: 100, Help: shell.T(d.ctx, "Empty: about the engagement as a whole.")},
				{Name: "wants", Label: shell.T(d.ctx, "What kind of thing"), Type: "select", Required: true, Value: "evidence", Options: options(d.ctx, wants)},
				{Name: "what", Label: shell.T(d.ctx, "What is asked for"), Type: "area", Required: true},
				{Name: "due", Label: shell.T(d.ctx, "Due"), Type: "date", Required: true, Value: (d.today + ownDays).String()}}
		},
		body: func(d *desk) (any, error) {
			due, err := d.day("due")
			return engage.Request{ID: nextRequest(d.e, 0), Control: d.value("control"), Wants: d.value("wants"), What: d.value("what"), Due: due}, err
		},
		back: requestsBack},
	talk("say", phrase.Mark("Comment"), phrase.Mark("The comment is with the client.")),
	talk("return", phrase.Mark("Return to the client"), phrase.Mark("The request is back with the client.")),
	talk("close", phrase.Mark("Close the request"), phrase.Mark("The request is closed.")),
	talk("answer", phrase.Mark("Answer"), phrase.Mark("The answer is with the firm.")),
	talk("comment", phrase.Mark("Comment"), phrase.Mark("The comment is with the firm.")),
}

func requestsBack(d *desk) string {
	if id := d.value("request"); id != "" {
		return base(d.id) + "/requests/" + url.PathEscape(id)
	}
	return base(d.id) + "/requests"
}

// talk makes the form of a contribution to a request. Evidence is chosen from the client's own ledger, which says when it came in.
func talk(kind, submit, said string) *deed {
	return &deed{kind: kind, title: submit, submit: submit, said: said, back: requestsBack,
		fields: func(d *desk) []shell.Field {
			out := []shell.Field{hidden(d, "request"), {Name: "text", Label: shell.T(d.ctx, "Text"), Type: "area", Required: kind != "answer"}}
			if kind == "answer" || kind == "respond" {
				out = append(out, shell.Field{Name: "q", Type: "hidden", Value: d.value("q")})
			}
			return out
		},
		about: func(d *desk) templComponent {
			r := d.e.Request(d.value("request"))
			if r == nil {
				return templ.NopComponent
			}
			return requestText(d.view, r)
		},
		ask: askEvidence,
		inside: func(d *desk) templComponent {
			if kind != "answer" {
				return templ.NopComponent
			}
			return evidencePicker(d)
		},
		body: func(d *desk) (any, error) {
			ev, err := d.chosen()
			return engage.Reply{Request: d.value("request"), Text: d.value("text"), Evidence: ev}, err
		}}
}

// askEvidence has the client's ledger list what an answer may rest on. What was chosen is looked up there again: a form cannot say when
// something came in.
func askEvidence(p *Pages, ctx context.Context, d *desk) error {
	if p.o.Side != engage.Client {
		return nil
	}
	list, err := p.o.Client.Evidence(ctx, d.value("q"))
	d.extra = list
	return err
}

// chosen are the pieces of evidence that were ticked, as the ledger knows them.
func (d *desk) chosen() ([]engage.Evidence, error) {
	list, _ := d.extra.([]engage.Evidence)
	var out []engage.Evidence
	for _, id := range d.r.PostForm["evidence"] {
		i := slices.IndexFunc(list, func(e engage.Evidence) bool { return evidenceID(e) == id })
		if i < 0 {
			return nil, fault.Refuse("the evidence %s is not in the ledger, or not among what was found; expected one of the list", cut(id, 80))
		}
		out = append(out, list[i])
	}
	return out, nil
}

func evidenceID(e engage.Evidence) string { return e.SHA256 + " " + e.Record }

func nextRequest(e *engage.Engagement, ahead int) string {
	n := len(e.Requests) + 1 + ahead
	for e.Request("R-"+pad(n)) != nil {
		n++
	}
	return "R-" + pad(n)
}

func (p *Pages) requests(w http.ResponseWriter, r *http.Request) error {
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) { return requestsPage(v), nil })
}

func (p *Pages) request(w http.ResponseWriter, r *http.Request) error {
	d := &desk{id: r.PathValue("id"), r: r}
	if err := p.guard(r); err != nil {
		return err
	}
	if err := shell.CheckText("q", r.URL.Query().Get("q")); err != nil {
		return err
	}
	if err := askEvidence(p, r.Context(), d); err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) {
		x := v.e.Request(r.PathValue("request"))
		if x == nil {
			return nil, fault.NotFound
		}
		d.view = v
		list, _ := d.extra.([]engage.Evidence)
		return requestPage(v, x, list, d), nil
	})
}

// talkForm is the form of a contribution as it stands on the page of the request.
func talkForm(d *desk, r *engage.Request, kind string) shell.Form {
	f := deedOf(kind).form(d)
	f.Hidden = map[string]string{"request": r.ID}
	f.Fields, f.Back = f.Fields[1:], ""
	return f
}

// generated is the list that the controls in scope give rise to.
func (p *Pages) generated(w http.ResponseWriter, r *http.Request) error {
	return p.list(w, r, http.StatusOK, nil)
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request, status int, refused error) error {
	if err := errors.Join(p.firmOnly(), p.guard(r)); err != nil {
		return err
	}
	list, err := p.o.Work.Requests(r.Context(), r.PathValue("id"))
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	return p.draw(w, r, status, func(v *view) (templ.Component, error) {
		return generatedPage(v, list, r, refused), nil
	})
}

// askAll asks for what was ticked in the generated list, all or nothing.
func (p *Pages) askAll(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	if err := p.wall(ctx, id, "ask"); err != nil {
		return err
	}
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	list, err := p.o.Work.Requests(ctx, id)
	if err != nil {
		return err
	}
	d := &desk{id: id, r: r}
	due, err := d.day("due")
	var deeds []engage.Deed
	if err == nil {
		err = p.o.House.See(ctx, id, func(e *engage.Engagement) error {
			for _, s := range r.PostForm["ask"] {
				i, err := strconv.Atoi(s)
				if err != nil || i < 0 || i >= len(list) || requestSum(list[i]) != r.PostForm.Get("sum-"+s) {
					return fault.Refuse("the list has changed meanwhile; look at it again")
				}
				x := list[i]
				x.ID, x.Due = nextRequest(e, len(deeds)), due
				deeds = append(deeds, engage.Deed{Kind: "ask", Body: x})
			}
			if len(deeds) == 0 {
				return fault.Refuse("nothing is ticked; expected at least one request")
			}
			return nil
		})
	}
	if err == nil {
		err = p.o.House.DoAll(ctx, whoOf(ctx), id, deeds)
	}
	if errors.Is(err, fault.Refused) {
		return p.list(w, r, http.StatusUnprocessableEntity, err)
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.N(ctx, len(deeds), "%d request is with the client.", "%d requests are with the client.")})
	return shell.Redirect(w, r, base(id)+"/requests")
}

// requestSum tells a generated request from another at the same place of the list.
func requestSum(r engage.Request) string {
	return short(engage.TextHash(r.Control + "\n" + r.Wants + "\n" + r.What))
}

// relationWord says in the reader's language what Relation says; the words of the core are English.
func relationWord(ctx context.Context, ev engage.Evidence, say string) string {
	if ev.Received == "" {
		return shell.T(ctx, "when it came into the client's ledger is not known")
	}
	switch say {
	case "in the client's ledger before it was asked for":
		return shell.T(ctx, "in the client's ledger before it was asked for")
	case "came into the client's ledger after it was asked for: it does not by itself prove what was done before":
		return shell.T(ctx, "came into the client's ledger after it was asked for: it does not by itself prove what was done before")
	}
	return say
}
