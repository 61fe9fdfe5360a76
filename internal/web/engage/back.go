package examination

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/lint/returned"
	"github.com/assayhq/assay/internal/web/shell"
)

// Returns takes drafts back that were downloaded as DOCX and edited in a word processor.
type Returns interface {
	// Back compares a document with the draft that it was made of. It changes nothing.
	Back(ctx context.Context, engagement string, r io.Reader) (Back, error)
	// TakeBack compares a document again that Back has seen, and takes its wording over: one act.
	TakeBack(ctx context.Context, who engage.Who, engagement, file string) (Back, error)
}

// Back is what came back with a document.
type Back struct {
	File     string     // SHA-256 under which the firm keeps it
	Wording  []Reworded // changes of words that are no fact
	Refused  []returned.Change
	Comments []returned.Comment
	Notes    []string
}

// Reworded is a change of wording with where it goes.
type Reworded struct {
	returned.Change
	Passage string // of the auditor's report; empty: it is not taken
	Not     string // why it is not taken
}

// Takes counts the changes that can be taken over.
func (b Back) Takes() int {
	n := 0
	for _, x := range b.Wording {
		if x.Passage != "" {
			n++
		}
	}
	return n
}

const (
	largestBack = 16 << 20 // bytes of a document that comes back
	mostOfBack  = 500      // rows of each list
)

// backIn takes a document back and shows what is otherwise in it. What it may change is the wording, so who may not word is refused as such.
func (p *Pages) backIn(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	if err := p.wall(ctx, id, "word"); err != nil {
		return err
	}
	_, file, err := upload(w, r, largestBack)
	var got Back
	if err == nil {
		got, err = p.o.Work.Back(ctx, id, file)
	}
	return p.backShown(w, r, got, false, err)
}

// backTake takes the wording over, and shows what of the document was not taken.
func (p *Pages) backTake(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	if err := p.wall(ctx, id, "word"); err != nil {
		return err
	}
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	got, err := p.o.Work.TakeBack(ctx, whoOf(ctx), id, strings.TrimSpace(r.PostForm.Get("document")))
	if err == nil && got.Takes() == len(got.Wording) && len(got.Refused)+len(got.Comments)+len(got.Notes) == 0 {
		shell.Say(w, shell.Flash{Text: shell.N(ctx, got.Takes(), "%d change of wording is taken over.", "%d changes of wording are taken over.")})
		return shell.Redirect(w, r, base(id)+"/report")
	}
	return p.backShown(w, r, got, true, err)
}

func (p *Pages) backShown(w http.ResponseWriter, r *http.Request, got Back, taken bool, err error) error {
	status := http.StatusOK
	if err != nil {
		if errors.Is(err, fault.Denied) || !errors.Is(err, fault.Refused) {
			return err
		}
		status = http.StatusUnprocessableEntity
	}
	return p.draw(w, r, status, func(v *view) (templ.Component, error) { return backPage(v, got, taken, err), nil })
}

// placeOf is where a passage stands.
func placeOf(section, under string) string {
	if under == "" || under == section {
		return section
	}
	return section + " · " + under
}
