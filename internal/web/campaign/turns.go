package campaign

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

// turnOf is a person whose turn some rows are.
type turnOf struct {
	Who        string
	Rows, Open int  // rows, and those of them that are undecided
	Member     bool // they can sign in
}

type turnsData struct {
	Campaign *operate.Campaign
	List     []turnOf // who cannot sign in first, then who has most to decide
	People   []shell.Option
	Error    string
	From, To string // what was posted
}

func (p *Pages) turnsOf(ctx context.Context, key string) (turnsData, *gridData, error) {
	c, err := p.o.Reviews.Campaign(ctx, p.o.Org, key)
	if err != nil {
		return turnsData{}, nil, err
	}
	g, err := p.grid(ctx, c)
	if err != nil {
		return turnsData{}, nil, err
	}
	d := turnsData{Campaign: c}
	if d.People, err = p.people(ctx); err != nil {
		return d, nil, err
	}
	at := map[string]int{}
	for _, x := range g.all {
		who := strings.ToLower(x.Who)
		i, ok := at[who]
		if !ok {
			i = len(d.List)
			at[who] = i
			d.List = append(d.List, turnOf{Who: x.Who, Member: !x.Nobody})
		}
		d.List[i].Rows++
		if !x.Decided.Is() {
			d.List[i].Open++
		}
	}
	slices.SortStableFunc(d.List, func(a, b turnOf) int {
		return cmp.Or(falseFirst(a.Member, b.Member), cmp.Compare(b.Open, a.Open), strings.Compare(a.Who, b.Who))
	})
	return d, g, nil
}

// falseFirst puts false before true.
func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// turns shows whose turn how many rows are.
func (p *Pages) turns(w http.ResponseWriter, r *http.Request) error {
	d, _, err := p.turnsOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, turnsPage(d))
}

// give has somebody decide a row, or all undecided rows of another reviewer.
func (p *Pages) give(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, g, err := p.turnsOf(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	d.From, d.To = shell.Value(r, "from"), shell.Value(r, "to")
	row := shell.Value(r, "row")
	var rows []string
	for _, x := range g.all {
		if row == x.Row || row == "" && d.From != "" && same(x.Who, d.From) && !x.Decided.Is() {
			rows = append(rows, x.Row)
		}
	}
	back := path(d.Campaign.ID) + "/turns"
	if row != "" {
		back = rowPath(d.Campaign.ID, row)
	}
	if len(rows) == 0 {
		return notFound("no undecided row of " + cut(d.From, 80) + cut(row, 20))
	}
	err = p.o.Reviews.Give(ctx, p.actor(ctx), d.Campaign.ID, rows, d.To)
	switch {
	case err == nil:
		shell.Say(w, shell.Flash{Text: shell.N(ctx, len(rows), "%d row is theirs to decide now.", "%d rows are theirs to decide now.")})
		return shell.Redirect(w, r, back)
	case !errors.Is(err, fault.Refused) || errors.Is(err, fault.NotFound):
		return err
	case row != "":
		shell.Say(w, shell.Flash{Text: cut(err.Error(), 400), Bad: true})
		return shell.Redirect(w, r, back)
	}
	d.Error = err.Error()
	return shell.Page(w, r, http.StatusUnprocessableEntity, turnsPage(d))
}

// giveForm asks who decides a row instead; nil where nobody may change that.
func (p *Pages) giveForm(ctx context.Context, c *operate.Campaign, x line) (*shell.Form, error) {
	if !c.Open() || x.Decided.Is() || !shell.May(ctx, access.RunWork) {
		return nil, nil
	}
	people, err := p.people(ctx)
	if err != nil {
		return nil, err
	}
	return &shell.Form{Action: path(c.ID) + "/turns", Submit: shell.T(ctx, "Give it to them"), Hidden: map[string]string{"row": x.Row}, Fields: []shell.Field{
		{Name: "to", Label: shell.T(ctx, "Who decides it instead"), Type: "select", Required: true, Options: people}}}, nil
}
