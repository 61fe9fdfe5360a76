package program

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

var proposalNames = map[string]string{
	scope.Prepared: phrase.Mark("Waits for approval"), scope.Approved: phrase.Mark("Approved"),
	scope.Rejected: phrase.Mark("Rejected"), scope.Withdrawn: phrase.Mark("Withdrawn"),
}

var proposalMarks = map[string]report.Mark{
	scope.Prepared: report.MarkUndecided, scope.Approved: report.MarkPass, scope.Rejected: report.MarkNA, scope.Withdrawn: report.MarkNA,
}

type changesData struct {
	Open, Done []scope.Proposal
}

// mostDecided is how many decided changes the list shows.
const mostDecided = 100

func (p *Pages) changes(w http.ResponseWriter, r *http.Request) error {
	list, err := p.o.Changes.Changes(r.Context())
	if err != nil {
		return err
	}
	var d changesData
	for _, x := range list {
		if x.State == scope.Prepared {
			d.Open = append(d.Open, x)
		} else if len(d.Done) < mostDecided {
			d.Done = append(d.Done, x)
		}
	}
	return shell.Page(w, r, http.StatusOK, changesPage(d))
}

type changeData struct {
	scope.Proposal
	Draw     *draw    // what it would do to the program in force; nil when it cannot be put into it any more
	Stale    []string // files that have changed since
	Refused  string   // why it cannot be put into the program
	Own      bool     // the reader prepared it
	Files    []string
	Approve  shell.Form
	Reject   shell.Form
	Withdraw shell.Form
	Error    string
}

func (p *Pages) change(w http.ResponseWriter, r *http.Request) error {
	d, _, err := p.changeData(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, changePage(d))
}

func (p *Pages) changeData(ctx context.Context, id string) (changeData, []scope.Proposal, error) {
	versions, err := p.o.Changes.Change(ctx, id)
	if err != nil {
		return changeData{}, nil, err
	}
	if len(versions) == 0 {
		return changeData{}, nil, fault.NotFound
	}
	d := changeData{Proposal: versions[len(versions)-1]}
	err = p.conflict(ctx, access.From(ctx), versions)
	if d.Own = errors.Is(err, fault.Denied); err != nil && !d.Own {
		return d, nil, err
	}
	read := map[string]string{"version": strconv.Itoa(len(versions))} // what was read is what is approved
	why := shell.Field{Name: "why", Type: "area", Rows: 2, Label: shell.T(ctx, "What is said with it"), Max: 2000}
	d.Approve = shell.Form{Action: "/proposals/" + id + "/approve", Submit: shell.T(ctx, "Approve the change"), Hidden: read, Fields: []shell.Field{why}}
	needed := why
	needed.Name, needed.Required, needed.Label = "reject", true, shell.T(ctx, "Why it is rejected")
	d.Reject = shell.Form{Action: "/proposals/" + id + "/reject", Submit: shell.T(ctx, "Reject it"), Fields: []shell.Field{needed}}
	d.Withdraw = shell.Form{Action: "/proposals/" + id + "/withdraw", Submit: shell.T(ctx, "Withdraw it")}
	patch, err := d.Patch()
	if err != nil {
		d.Refused = err.Error()
		return d, versions, nil //nolint:nilerr // the page says why the change cannot be drawn
	}
	d.Files = slices.Sorted(maps.Keys(patch.Files))
	if d.State != scope.Prepared {
		return d, versions, nil
	}
	f, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return d, versions, err
	}
	if d.Stale, err = patch.Stale(f); err != nil || len(d.Stale) > 0 {
		return d, versions, err
	}
	to, err := patch.Onto(f)
	if err != nil {
		d.Refused = err.Error()
		return d, versions, nil //nolint:nilerr // the page says why the change cannot be drawn
	}
	x, err := p.drawn(ctx, f, to, rev)
	if err != nil {
		d.Refused = err.Error()
		return d, versions, nil //nolint:nilerr // the page says why the change cannot be drawn
	}
	d.Draw = &x
	return d, versions, nil
}

// approve puts a prepared change in force. Who prepared it, at any time, is refused.
func (p *Pages) approve(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, versions, err := p.changeData(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	by := access.From(ctx)
	if err := p.conflict(ctx, by, versions); err != nil {
		return err
	}
	switch {
	case d.State != scope.Prepared:
		d.Error = shell.T(ctx, "The change is decided already.")
	case d.Draw == nil:
		d.Error = shell.T(ctx, "The change cannot be put into the program as it stands now. It has to be prepared again.")
	case d.Draw.empty():
		d.Error = shell.T(ctx, "The change would change nothing: the program reads so already.")
	}
	if d.Error != "" {
		return shell.Page(w, r, http.StatusUnprocessableEntity, changePage(d))
	}
	if r.PostForm.Get("version") != strconv.Itoa(len(versions)) {
		d.Error = shell.T(ctx, "%s has been changed since this form was drawn: version %d is the latest now. Nothing was kept.", d.Title, len(versions))
		return shell.Page(w, r, http.StatusConflict, changePage(d))
	}
	decided := p.decided(by, d.Proposal, scope.Approved, r.PostForm.Get("why"))
	if err := p.o.Program.Apply(ctx, by, d.Draw.to, d.Draw.revision, &Kept{decided, len(versions) + 1}); err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "Approved: it is in the program now.")})
	return shell.Redirect(w, r, "/proposals/"+d.ID)
}

func (p *Pages) decided(by access.Visitor, x scope.Proposal, state, why string) scope.Proposal {
	x.State, x.DecidedBy, x.DecidedPerson, x.DecidedAt, x.Why, x.EnteredBy = state, by.Email, string(by.Person), p.o.Now().String(), strings.TrimSpace(why), ""
	return x
}

func (p *Pages) reject(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, versions, err := p.changeData(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	by := access.From(ctx)
	if err := p.conflict(ctx, by, versions); err != nil {
		return err
	}
	if strings.TrimSpace(r.PostForm.Get("reject")) == "" {
		d.Reject = d.Reject.WithErrors(&fault.Error{Kind: fault.Refused, Field: "reject", What: "no reason is given; expected what the person who prepared it should know"})
		return shell.Page(w, r, http.StatusUnprocessableEntity, changePage(d))
	}
	return p.close(w, r, d, versions, scope.Rejected, r.PostForm.Get("reject"))
}

// withdraw takes a change back. Only who prepared it may.
func (p *Pages) withdraw(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	d, versions, err := p.changeData(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !d.Own {
		return &fault.Error{Kind: fault.Denied, What: shell.T(r.Context(), "only the person who prepared a change withdraws it")}
	}
	return p.close(w, r, d, versions, scope.Withdrawn, "")
}

func (p *Pages) close(w http.ResponseWriter, r *http.Request, d changeData, versions []scope.Proposal, state, why string) error {
	ctx := r.Context()
	if d.State != scope.Prepared {
		d.Error = shell.T(ctx, "The change is decided already.")
		return shell.Page(w, r, http.StatusUnprocessableEntity, changePage(d))
	}
	by := access.From(ctx)
	if err := p.o.Changes.Keep(ctx, by, Kept{p.decided(by, d.Proposal, state, why), len(versions) + 1}); err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "The change is closed. Nothing of the program was changed.")})
	return shell.Redirect(w, r, "/proposals")
}
