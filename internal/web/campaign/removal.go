package campaign

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

type removalsData struct {
	*operate.Campaign
	List  []operate.Removal
	Last  civil.Date // the last day on which they are in time
	Open  int
	Zone  civil.Zone
	Today civil.Date
}

func (p *Pages) removalsOf(ctx context.Context, key string) (removalsData, error) {
	c, err := p.o.Reviews.Campaign(ctx, p.o.Org, key)
	if err != nil {
		return removalsData{}, err
	}
	d := removalsData{Campaign: c, Zone: p.o.Zone, Today: p.today()}
	d.List, d.Last, err = p.o.Reviews.Removals(ctx, p.o.Org, c, p.o.Zone)
	for _, r := range d.List {
		if r.Done == civil.Never {
			d.Open++
		}
	}
	return d, err
}

// late reports whether a removal was or is made too late.
func (d removalsData) late(r operate.Removal) bool {
	if d.Campaign.Open() {
		return false
	}
	end := d.Zone.End(d.Last)
	if r.Done == civil.Never {
		return d.Today > d.Last
	}
	return r.Done >= end
}

// removals follows what was decided for removal.
func (p *Pages) removals(w http.ResponseWriter, r *http.Request) error {
	d, err := p.removalsOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, removalsPage(d))
}

// follow looks at the records again.
func (p *Pages) follow(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	open, err := p.o.Reviews.Follow(ctx, p.actor(ctx), r.PathValue("id"))
	if errors.Is(err, fault.Refused) {
		shell.Say(w, shell.Flash{Text: cut(err.Error(), 400), Bad: true})
	} else if err != nil {
		return err
	} else if open > 0 {
		shell.Say(w, shell.Flash{Text: shell.N(ctx, open, "%d removal is not seen in the records yet.", "%d removals are not seen in the records yet.")})
	} else {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "Every removal is done.")})
	}
	return shell.Redirect(w, r, path(r.PathValue("id"))+"/removals")
}

type removalData struct {
	Campaign *operate.Campaign
	Removal  operate.Removal
	Form     shell.Form
	Zone     civil.Zone
}

func (p *Pages) removalOf(r *http.Request) (removalData, error) {
	ctx := r.Context()
	d, err := p.removalsOf(ctx, r.PathValue("id"))
	if err != nil {
		return removalData{}, err
	}
	i := slices.IndexFunc(d.List, func(x operate.Removal) bool { return x.Row == r.PathValue("row") })
	if i < 0 {
		return removalData{}, notFound("no removal of row " + r.PathValue("row"))
	}
	people, err := p.people(ctx)
	if err != nil {
		return removalData{}, err
	}
	x := d.List[i]
	done := ""
	if x.How == operate.Confirmed {
		done = x.Done.In(p.o.Zone)
	}
	f := shell.Form{Action: removalPath(d.ID, x.Row), Submit: shell.T(ctx, "Save"), Back: path(d.ID) + "/removals", Hidden: map[string]string{"version": strconv.Itoa(x.Drawn)}, Fields: []shell.Field{
		{Name: "assignee", Label: shell.T(ctx, "Who carries it out"), Type: "select", Options: people, Value: x.Assignee},
		{Name: "evidence", Label: shell.T(ctx, "Evidence"), Mono: true, Value: x.Evidence, Help: shell.T(ctx, "The id of evidence that was given here and shows that the access is gone. Needed only where the records of the system do not show it.")},
		{Name: "done_at", Label: shell.T(ctx, "Removed at"), Type: "datetime", Value: done, Help: shell.T(ctx, "Such as 2026-11-26 14:05, in the time zone %s.", p.o.Zone)},
		{Name: "note", Label: shell.T(ctx, "Note"), Type: "area", Value: x.Note, Max: 2000},
	}}
	return removalData{d.Campaign, x, f, p.o.Zone}, nil
}

func (p *Pages) removal(w http.ResponseWriter, r *http.Request) error {
	d, err := p.removalOf(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, removalPageOf(d))
}

// carry records who carries a removal out, or what confirms it.
func (p *Pages) carry(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	version, _ := strconv.Atoi(r.PostForm.Get("version"))
	x := operate.Carry{Row: r.PathValue("row"), Version: version, Assignee: shell.Value(r, "assignee"), Evidence: shell.Value(r, "evidence"), Note: shell.Value(r, "note"), Done: civil.Never}
	var err error
	if s := shell.Value(r, "done_at"); s != "" {
		if x.Done, err = operate.Moment(s, p.o.Zone); err != nil {
			err = fault.At("", 0, "done_at", "%s", err)
		}
	}
	if err == nil {
		err = p.o.Reviews.Carry(ctx, p.actor(ctx), r.PathValue("id"), x)
	}
	if errors.Is(err, fault.Refused) {
		d, e := p.removalOf(r)
		if e != nil {
			return e
		}
		d.Form = d.Form.Filled(r).WithErrors(err)
		var stale *operate.Stale
		if errors.As(err, &stale) { // the page shows what stands now; saving again supersedes it
			d.Form.Hidden["version"] = strconv.Itoa(stale.Current.Version)
		}
		return shell.Page(w, r, http.StatusUnprocessableEntity, removalPageOf(d))
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "Saved.")})
	return shell.Redirect(w, r, path(r.PathValue("id"))+"/removals")
}
