package campaign

import (
	"cmp"
	"context"
	"errors"
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

const (
	rowsOfPage = 500
	mostListed = 60 // campaigns that the list shows
	ahead      = 92 // days that the list looks ahead for what is due
)

type listData struct {
	List  []summary
	Due   []operate.Instance
	Today civil.Date
	Zone  civil.Zone
}

type summary struct {
	*operate.Campaign
	Done, Total, Mine int // rows decided, rows, and rows of the reader that are undecided
}

// campaigns lists reviews that are due, run and ran. Who reads no records sees those in which it is their turn somewhere.
func (p *Pages) campaigns(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d := listData{Today: p.today(), Zone: p.o.Zone}
	all, err := p.o.Reviews.Campaigns(ctx, p.o.Org)
	if err != nil {
		return err
	}
	for _, c := range all {
		if len(d.List) == mostListed {
			break
		}
		s := summary{Campaign: c, Total: c.Rows, Done: c.Rows}
		if c.Open() || !shell.May(ctx, access.ReadRecords) {
			g, err := p.grid(ctx, c)
			if errors.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			s.Done, s.Total, s.Mine = g.Done, g.Total, g.Counts["mine"]
		}
		d.List = append(d.List, s)
	}
	if v := p.o.Reviews; v.Due != nil && shell.May(ctx, access.ReadResults) {
		due, err := v.Due.Due(ctx, p.o.Org, d.Today+ahead)
		if err != nil {
			return err
		}
		d.Due = slices.DeleteFunc(slices.Clone(due), func(i operate.Instance) bool { return i.Control != operate.ReviewControl || under(all, i) })
	}
	return shell.Page(w, r, http.StatusOK, listPage(d))
}

// under reports whether an instance has a campaign already.
func under(all []*operate.Campaign, i operate.Instance) bool {
	system, quarter := parts(i.Key)
	return slices.ContainsFunc(all, func(c *operate.Campaign) bool { return c.System == system && c.Quarter == quarter })
}

// parts takes the key of an instance apart: the system and the quarter.
func parts(key string) (system, quarter string) {
	i := strings.LastIndexByte(key, '/')
	if i < 0 {
		return key, ""
	}
	return strings.NewReplacer("%2F", "/", "%25", "%").Replace(key[:i]), key[i+1:]
}

// startForm asks for what a campaign is started with.
func (p *Pages) startForm(ctx context.Context, system, quarter string) (shell.Form, error) {
	people, err := p.people(ctx)
	if err != nil {
		return shell.Form{}, err
	}
	if quarter == "" {
		quarter = civil.QuarterOf(p.today()).Name
	}
	f := shell.Form{Action: "/campaigns/new", Submit: shell.T(ctx, "Freeze the list and start"), Back: "/campaigns", Fields: []shell.Field{
		{Name: "system", Label: shell.T(ctx, "System"), Value: system, Required: true, Help: shell.T(ctx, "As it stands in the register of systems.")},
		{Name: "quarter", Label: shell.T(ctx, "Quarter"), Value: quarter, Required: true, Max: 7, Help: shell.T(ctx, "A list that is taken after the quarter's end is kept, and deviates.")},
		{Name: "by", Label: shell.T(ctx, "Who decides"), Type: "radio", Required: true, Value: "reviewer", Options: []shell.Option{
			{Value: "reviewer", Text: shell.T(ctx, "The reviewer decides on every account")},
			{Value: "manager", Text: shell.T(ctx, "The manager of each person decides; the reviewer where none is known")},
			{Value: "owner", Text: shell.T(ctx, "The owner of the system decides; the reviewer on the owner's own access")}}},
		{Name: "reviewer", Label: shell.T(ctx, "Reviewer"), Type: "select", Required: true, Options: people},
		{Name: "deputy", Label: shell.T(ctx, "Deputy"), Type: "select", Required: true, Options: people, Help: shell.T(ctx, "Decides on the reviewer's own access, and on accounts that the reviewer answers for.")},
	}}
	return f, nil
}

func (p *Pages) people(ctx context.Context) ([]shell.Option, error) {
	team, err := p.o.Reviews.Team.Members(ctx, p.o.Org)
	out := []shell.Option{{Text: shell.T(ctx, "choose")}}
	for _, m := range team {
		out = append(out, shell.Option{Value: m.Email, Text: m.Name + " (" + m.Email + ")"})
	}
	return out, err
}

func (p *Pages) blank(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	for _, name := range []string{"system", "quarter"} {
		if err := shell.CheckText(name, q.Get(name)); err != nil {
			return err
		}
	}
	f, err := p.startForm(r.Context(), q.Get("system"), q.Get("quarter"))
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, startPage(f))
}

func (p *Pages) start(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	c, err := p.o.Reviews.Start(ctx, p.actor(ctx), operate.Begin{System: shell.Value(r, "system"), Quarter: shell.Value(r, "quarter"),
		ByManager: r.PostForm.Get("by") == "manager", ByOwner: r.PostForm.Get("by") == "owner", Reviewer: shell.Value(r, "reviewer"), Deputy: shell.Value(r, "deputy")})
	if errors.Is(err, fault.Refused) {
		f, e := p.startForm(ctx, "", "")
		if e != nil {
			return e
		}
		return shell.Page(w, r, http.StatusUnprocessableEntity, startPage(f.Filled(r).WithErrors(err)))
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.N(ctx, c.Rows, "The list is frozen: %d account.", "The list is frozen: %d accounts.")})
	return shell.Redirect(w, r, path(c.ID))
}

// line is one row of the grid.
type line struct {
	operate.Account
	operate.Turn
	Decided operate.Decided
	Nobody  bool // whose turn it is cannot sign in here
}

type gridData struct {
	*operate.Campaign
	Lines       []line // those that are shown
	Done, Total int    // of what the reader may see
	All         bool   // the reader sees every row
	Counts      map[string]int
	View, Sort  string
	Usual       string // the view that is shown unless another is asked for
	Page, Last  int
	Query       url.Values
	Text        string
	Reason      string
	Zone        civil.Zone
	Today       civil.Date
	Complete    bool // the reader may complete it
	Form        shell.Form
	Unknown     bool // no register knows the reader
	all         []line
}

// grid reads a campaign as the reader may see it: every row for who reads records, else the rows that are theirs to decide.
func (p *Pages) grid(ctx context.Context, c *operate.Campaign) (*gridData, error) {
	rows, err := p.o.Reviews.Accounts(ctx, p.o.Org, c)
	if err != nil {
		return nil, err
	}
	a := p.actor(ctx)
	turns, err := p.o.Reviews.Turns(ctx, a, c, rows)
	if err != nil {
		return nil, err
	}
	made, err := p.o.Reviews.Decisions(ctx, p.o.Org, c)
	if err != nil {
		return nil, err
	}
	members := map[string]bool{}
	team, err := p.o.Reviews.Team.Members(ctx, p.o.Org)
	if err != nil {
		return nil, err
	}
	for _, m := range team {
		members[strings.ToLower(m.Email)] = true
	}
	d := &gridData{Campaign: c, All: shell.May(ctx, access.ReadRecords), Counts: map[string]int{}, Usual: "all", Zone: p.o.Zone, Today: p.today()}
	for i := range rows {
		x := line{rows[i], turns[i], made[rows[i].Row], !members[strings.ToLower(turns[i].Who)]}
		if !d.All && !x.Mine {
			continue
		}
		d.all = append(d.all, x)
		if x.Decided.Is() {
			d.Done++
		}
		for _, v := range views {
			if x.in(v) {
				d.Counts[v]++
			}
		}
	}
	if d.Total = len(d.all); d.Total == 0 {
		return nil, notFound("no campaign " + c.ID)
	}
	// Who decides some of the rows sees those first; who runs the work, or only reads, sees all.
	if d.All && c.Open() && d.Counts["yours"] > 0 && !shell.May(ctx, access.RunWork) {
		d.Usual = "yours"
	}
	return d, nil
}

var views = []string{"all", "yours", "undecided", "mine", "nobody", "privileged", "own", "remove"}

func (x *line) in(view string) bool {
	switch view {
	case "undecided":
		return !x.Decided.Is()
	case "mine":
		return x.Mine && !x.Decided.Is()
	case "yours":
		return x.Mine
	case "nobody":
		return x.Nobody && !x.Decided.Is()
	case "privileged":
		return x.Privileged
	case "own":
		return x.Own
	case "remove":
		return x.Decided.Choice == operate.Remove
	}
	return true
}

func (d *gridData) path() string { return path(d.ID) }

// show picks the rows that the address asks for.
func (d *gridData) show(q url.Values) error {
	var err error
	if d.Page, err = pageOf(q); err != nil {
		return err
	}
	d.Query, d.View, d.Sort, d.Text, d.Reason = q, q.Get("view"), q.Get("sort"), q.Get("q"), strings.TrimSpace(q.Get("reason"))
	if d.View == "" {
		d.View = d.Usual
	}
	if !slices.Contains(views, d.View) {
		return fault.At("", 0, "view", "%q is no view; expected one of %s", d.View, strings.Join(views, ", "))
	}
	if len(d.Reason) > 1000 {
		return fault.At("", 0, "reason", "the reason is too long; expected at most 1,000 characters")
	}
	for _, name := range []string{"q", "reason"} {
		if err := shell.CheckText(name, q.Get(name)); err != nil {
			return err
		}
	}
	text := strings.ToLower(d.Text)
	found := slices.DeleteFunc(slices.Clone(d.all), func(x line) bool {
		return !x.in(d.View) || !strings.Contains(strings.ToLower(x.ID+"\n"+x.Whose()+"\n"+strings.Join(x.Roles, "\n")), text)
	})
	by, ok := orders[d.Sort]
	if !ok {
		return fault.At("", 0, "sort", "%q is no order; expected account, person, seen or decision", d.Sort)
	}
	if by != nil {
		slices.SortStableFunc(found, by)
	}
	d.Last = max(1, (len(found)+rowsOfPage-1)/rowsOfPage)
	from := min((d.Page-1)*rowsOfPage, len(found))
	d.Lines = found[from:min(from+rowsOfPage, len(found))]
	return nil
}

var orders = map[string]func(a, b line) int{
	"": nil, "account": nil,
	"person": func(a, b line) int {
		return strings.Compare(strings.ToLower(a.Whose()), strings.ToLower(b.Whose()))
	},
	"seen":     func(a, b line) int { return strings.Compare(a.LastSignIn, b.LastSignIn) }, // who never came, first
	"decision": func(a, b line) int { return cmp.Compare(a.Decided.Choice, b.Decided.Choice) },
}

// campaign is the grid of one review.
func (p *Pages) campaign(w http.ResponseWriter, r *http.Request) error {
	d, err := p.shown(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, gridPage(d))
}

func (p *Pages) shown(r *http.Request) (*gridData, error) {
	ctx := r.Context()
	c, err := p.o.Reviews.Campaign(ctx, p.o.Org, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	d, err := p.grid(ctx, c)
	if err != nil {
		return nil, err
	}
	d.Complete = c.Open() && p.completes(ctx, c)
	if c.Open() && shell.May(ctx, access.RunWork) {
		people, err := p.people(ctx)
		if err != nil {
			return nil, err
		}
		d.Form = reviewersForm(ctx, c, people)
	}
	return d, d.show(r.URL.Query())
}

// completes reports whether the reader may complete a campaign: whoever runs the work, and the reviewer.
func (p *Pages) completes(ctx context.Context, c *operate.Campaign) bool {
	return shell.May(ctx, access.RunWork) || shell.May(ctx, access.DoWork) && same(c.Reviewer, access.From(ctx).Email)
}

func reviewersForm(ctx context.Context, c *operate.Campaign, people []shell.Option) shell.Form {
	return shell.Form{Action: path(c.ID) + "/reviewers", Submit: shell.T(ctx, "Change who decides"), Hidden: map[string]string{"version": strconv.Itoa(c.Version)}, Fields: []shell.Field{
		{Name: "reviewer", Label: shell.T(ctx, "Reviewer"), Type: "select", Required: true, Options: people, Value: c.Reviewer},
		{Name: "deputy", Label: shell.T(ctx, "Deputy"), Type: "select", Required: true, Options: people, Value: c.Deputy},
	}}
}

type rowData struct {
	Campaign *operate.Campaign
	Line     line
	History  []operate.Decided // the latest first
	Form     shell.Form
	Give     *shell.Form
	Records  bool
	Zone     civil.Zone
}

// row is one account of the list with its decisions.
func (p *Pages) row(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := p.o.Reviews.Campaign(ctx, p.o.Org, r.PathValue("id"))
	if err != nil {
		return err
	}
	g, err := p.grid(ctx, c)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(g.all, func(x line) bool { return x.Row == r.PathValue("row") })
	if i < 0 {
		return notFound("no row " + r.PathValue("row"))
	}
	d := rowData{Campaign: c, Line: g.all[i], Records: g.All, Zone: p.o.Zone}
	if d.History, err = p.o.Reviews.DecisionsOf(ctx, p.o.Org, c, d.Line.Row); err != nil {
		return err
	}
	slices.Reverse(d.History)
	d.Form = decideForm(ctx, c, d.Line)
	if d.Give, err = p.giveForm(ctx, c, d.Line); err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, rowPageOf(d))
}

func decideForm(ctx context.Context, c *operate.Campaign, x line) shell.Form {
	choice := x.Decided.Choice
	if !x.Decided.Is() {
		choice = ""
	}
	return shell.Form{Action: path(c.ID) + "/decide", Submit: shell.T(ctx, "Record the decision"), Back: path(c.ID), Hidden: map[string]string{"back": rowPath(c.ID, x.Row)}, Fields: []shell.Field{
		{Name: "decide-" + x.Row, Label: shell.T(ctx, "Decision"), Type: "radio", Required: true, Value: choice, Options: []shell.Option{
			{Value: operate.Keep, Text: shell.T(ctx, "Keep the access")}, {Value: operate.Remove, Text: shell.T(ctx, "Remove the access")}, {Value: "", Text: shell.T(ctx, "Undecided")}}},
		{Name: "reason", Label: shell.T(ctx, "Reason"), Type: "area", Rows: 3, Max: 1000, Value: x.Decided.Reason, Required: x.Privileged, Help: shell.T(ctx, "Keeping a privileged account needs one.")},
	}}
}

// decide takes the decisions of a page: of one row from a key, of many from a form without script.
func (p *Pages) decide(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	choices := map[string]string{}
	for name := range r.PostForm {
		if row, ok := strings.CutPrefix(name, "decide-"); ok {
			choices[row] = shell.Value(r, name)
		}
	}
	if len(choices) > operate.MostListed {
		return fault.Refuse("%d rows are decided at once; expected at most %d", len(choices), operate.MostListed)
	}
	reason := shell.Value(r, "reason")
	if len(reason) > 4000 {
		return fault.At("", 0, "reason", "the reason is too long; expected at most 1,000 characters")
	}
	n, err := p.o.Reviews.Decide(ctx, p.actor(ctx), r.PathValue("id"), choices, reason)
	if !shell.WantsPage(r) {
		if err != nil {
			return err
		}
		return shell.JSON(w, http.StatusOK, map[string]int{"decided": n})
	}
	back := r.PostForm.Get("back")
	if !strings.HasPrefix(back, path(r.PathValue("id"))) || shell.Local(back) != back {
		back = path(r.PathValue("id"))
	}
	switch {
	case errors.Is(err, fault.Refused) && !errors.Is(err, fault.NotFound):
		shell.Say(w, shell.Flash{Text: cut(err.Error(), 400), Bad: true})
	case err != nil:
		return err
	default:
		shell.Say(w, shell.Flash{Text: shell.N(ctx, n, "%d decision is recorded.", "%d decisions are recorded.")})
	}
	return shell.Redirect(w, r, back)
}

func (p *Pages) complete(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	c, err := p.o.Reviews.Campaign(ctx, p.o.Org, r.PathValue("id"))
	if err != nil {
		return err
	}
	if !p.completes(ctx, c) {
		if _, err := p.grid(ctx, c); err != nil { // of a campaign that they may not know of, nobody is told
			return err
		}
		return &fault.Error{Kind: fault.Denied, What: shell.T(ctx, "a review is completed by its reviewer, or by whoever runs the work")}
	}
	err = p.o.Reviews.Complete(ctx, p.actor(ctx), c.ID)
	if errors.Is(err, fault.Refused) {
		shell.Say(w, shell.Flash{Text: cut(err.Error(), 400), Bad: true})
		return shell.Redirect(w, r, path(c.ID))
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "The review is complete.")})
	if shell.May(ctx, access.ReadRecords) {
		return shell.Redirect(w, r, path(c.ID)+"/removals")
	}
	return shell.Redirect(w, r, path(c.ID))
}

func (p *Pages) reassign(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	version, _ := strconv.Atoi(r.PostForm.Get("version"))
	err := p.o.Reviews.Reassign(ctx, p.actor(ctx), r.PathValue("id"), shell.Value(r, "reviewer"), shell.Value(r, "deputy"), version)
	if errors.Is(err, fault.Refused) {
		d, e := p.shown(r)
		if e != nil {
			return e
		}
		d.Form = d.Form.Filled(r).WithErrors(err)
		return shell.Page(w, r, http.StatusUnprocessableEntity, gridPage(d))
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "Others decide from now on. What was decided before stands.")})
	return shell.Redirect(w, r, path(r.PathValue("id")))
}
