package work

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

const rowsOfPage = 50

type tasksData struct {
	View        string // mine, all, late
	All         bool   // the reader may see everybody's
	Tasks       []operate.Task
	Total       int
	Page, Last  int
	Query       url.Values
	Text, Owner string
	Today       civil.Date
	Zone        civil.Zone
	Counts      map[string]int
	Duties      []operate.Task // what the reader owes besides
}

// tasks lists tasks: the reader's, everybody's, those that are late.
func (p *Pages) tasks(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	page, err := pageOf(q)
	if err != nil {
		return err
	}
	d := tasksData{View: q.Get("view"), All: shell.May(ctx, access.ReadResults), Page: page, Query: q, Text: q.Get("q"), Today: p.today(), Zone: p.o.Zone, Counts: map[string]int{}}
	switch d.View {
	case "":
		d.View = "mine"
	case "mine":
	case "all", "late":
		if err := also(ctx, access.ReadResults); err != nil {
			return err
		}
	default:
		return fault.At("", 0, "view", "%q is no view; expected mine, all or late", d.View)
	}
	list, err := p.o.Board.Tasks(ctx, p.o.Org, d.Today+ahead)
	if err != nil {
		return err
	}
	mine := operate.Of(list, access.From(ctx).Email)
	late := slices.DeleteFunc(slices.Clone(list), func(t operate.Task) bool { return !t.Late && t.Due >= d.Today })
	d.Counts = map[string]int{"mine": len(mine), "all": len(list), "late": len(late)}
	views := map[string][]operate.Task{"mine": mine, "all": list, "late": late}
	found := slices.DeleteFunc(slices.Clone(views[d.View]), func(t operate.Task) bool { return !matches(t, d.Text) })
	d.Total = len(found)
	d.Last = max(1, (d.Total+rowsOfPage-1)/rowsOfPage)
	from := min((page-1)*rowsOfPage, d.Total)
	d.Tasks = found[from:min(from+rowsOfPage, d.Total)]
	if d.View == "mine" && d.Text == "" && page == 1 {
		if d.Duties, err = p.o.Board.Duties(ctx, p.actor(ctx)); err != nil {
			return err
		}
		d.Duties = d.Duties[:min(len(d.Duties), rowsOfPage)]
	}
	return shell.Page(w, r, http.StatusOK, tasksPage(d))
}

func matches(t operate.Task, text string) bool {
	if text == "" {
		return true
	}
	text = strings.ToLower(text)
	for _, s := range []string{t.Control, t.Title, t.Key, t.Who, t.Owner} {
		if strings.Contains(strings.ToLower(s), text) {
			return true
		}
	}
	return false
}

// assign has a member do an instance.
func (p *Pages) assign(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, err := p.look(r)
	if err != nil {
		return err
	}
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	who, err := p.member(r, "assignee")
	if err == nil {
		err = p.o.Desk.Assign(ctx, p.actor(ctx), d.Control.ID, d.Key, who, shell.Value(r, "why"), version)
	}
	if err != nil {
		if !refused(err) {
			return err
		}
		d.AssignForm = d.AssignForm.Filled(r).WithErrors(err)
		return shell.Page(w, r, http.StatusUnprocessableEntity, instancePage(d))
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "%s does it now.", who)})
	return shell.Redirect(w, r, instancePath(d.Control.ID, d.Key))
}

// member reads an address that must be a member's.
func (p *Pages) member(r *http.Request, field string) (string, error) {
	who := strings.ToLower(shell.Value(r, field))
	members, err := p.o.Board.Team.Members(r.Context(), p.o.Org)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(members, func(m operate.Member) bool { return strings.EqualFold(m.Email, who) }) {
		return "", fault.At("", 0, field, "%q is the address of no member of this organization", who)
	}
	return who, nil
}

func versionOf(r *http.Request) (int, error) {
	s := r.PostForm.Get("version")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, fault.At("", 0, "version", "%q is no version of a record", s)
	}
	return n, nil
}

type delegationsData struct {
	List   []operate.Delegation
	Form   shell.Form
	Others bool // the reader sees those of others
	Zone   civil.Zone
	Now    civil.Instant
	Me     string
}

// delegations lists who may act for whom: the reader's own, and for who runs the work all.
func (p *Pages) delegations(w http.ResponseWriter, r *http.Request) error {
	d, err := p.delegationsOf(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, delegationsPage(d))
}

func (p *Pages) delegationsOf(r *http.Request) (delegationsData, error) {
	ctx := r.Context()
	d := delegationsData{Zone: p.o.Zone, Now: p.o.Desk.Now(), Others: shell.May(ctx, access.RunWork), Me: access.From(ctx).Email}
	list, err := p.o.Board.Delegations(ctx, p.o.Org)
	if err != nil {
		return d, err
	}
	for _, x := range list {
		if d.Others || strings.EqualFold(x.From, d.Me) || strings.EqualFold(x.To, d.Me) {
			d.List = append(d.List, x)
		}
	}
	slices.SortFunc(d.List, func(a, b operate.Delegation) int { return strings.Compare(b.ID, a.ID) })
	d.Form = shell.Form{Action: "/work/delegations", Submit: shell.T(ctx, "Delegate"), Fields: []shell.Field{
		{Name: "to", Label: shell.T(ctx, "Who acts for you"), Type: "email", Required: true, Help: shell.T(ctx, "The address of a member of this organization.")},
		{Name: "duty", Label: shell.T(ctx, "What for"), Help: shell.T(ctx, "A control's id, such as IAM-04. Left empty: all that is yours.")},
		{Name: "starts", Label: shell.T(ctx, "From"), Type: "date", Help: shell.T(ctx, "Left empty: now. Nothing that was done before it is recorded is covered.")},
		{Name: "ends", Label: shell.T(ctx, "Until"), Type: "date", Help: shell.T(ctx, "The last day. Left empty: until you end it.")},
	}}
	return d, nil
}

// delegate lets somebody act for the reader from now on.
func (p *Pages) delegate(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, err := p.delegationsOf(r)
	if err != nil {
		return err
	}
	to, err := p.member(r, "to")
	if err == nil {
		err = p.delegateTo(r, to)
	}
	if err != nil {
		if !refused(err) {
			return err
		}
		d.Form = d.Form.Filled(r).WithErrors(err)
		return shell.Page(w, r, http.StatusUnprocessableEntity, delegationsPage(d))
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "%s acts for you.", to)})
	return shell.Redirect(w, r, "/work/delegations")
}

func (p *Pages) delegateTo(r *http.Request, to string) error {
	ctx := r.Context()
	starts, ends := civil.Instant(0), civil.Never
	if from, err := dateOf(r, "starts"); err != nil {
		return err
	} else if from != nil {
		starts = p.o.Zone.Start(*from)
	}
	if last, err := dateOf(r, "ends"); err != nil {
		return err
	} else if last != nil {
		ends = p.o.Zone.End(*last)
	}
	duty := shell.Value(r, "duty")
	if duty != "" {
		if _, err := p.control(r, duty); err != nil {
			return fault.At("", 0, "duty", "%q is no control of this organization", duty)
		}
	}
	a := p.actor(ctx)
	return p.o.Desk.Delegate(ctx, a, a.Email, to, duty, starts, ends)
}

func dateOf(r *http.Request, field string) (*civil.Date, error) {
	s := shell.Value(r, field)
	if s == "" {
		return nil, nil
	}
	d, err := civil.ParseDate(s)
	if err != nil {
		return nil, fault.At("", 0, field, "%s", err)
	}
	return &d, nil
}

// withdraw ends a delegation of the reader, or as who runs the work any. Another answers like a missing one.
func (p *Pages) withdraw(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, err := p.delegationsOf(r)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(d.List, func(x operate.Delegation) bool { return x.ID == r.PathValue("id") })
	if i < 0 || !d.Others && !strings.EqualFold(d.List[i].From, d.Me) {
		return notFound("delegation " + r.PathValue("id"))
	}
	if err := p.o.Desk.Withdraw(ctx, p.actor(ctx), d.List[i]); err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "The delegation has ended. What was done under it stays covered.")})
	return shell.Redirect(w, r, "/work/delegations")
}
