package operate

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Turn is how a row stands to a reader.
type Turn struct {
	Who   string // whose turn it is
	Given bool   // it was given to them row by row
	Own   bool   // the reader's own access, or an account that they answer for
	Mine  bool   // the reader may decide it: it is their turn, or was delegated to them
	For   string // who delegated it
}

// turns are the rows of a campaign that were given to somebody, as they are known beside what is known of persons.
type turns struct {
	who     *persons // what they were read beside: anything else that is recorded reads both anew
	to      map[string]string
	version map[string]int
}

// given reads which rows were given to whom. A campaign is decided key by key: what was read stays until something else is recorded
// than decisions.
func (v *Reviews) given(ctx context.Context, org id.Org, c *Campaign, l *learned) (*turns, error) {
	name := string(org) + "/" + c.ID
	v.mu.Lock()
	t := v.handed[name]
	v.mu.Unlock()
	if t != nil && t.who == l.who {
		return t, nil
	}
	t = &turns{who: l.who, to: map[string]string{}, version: map[string]int{}}
	if _, err := v.Desk.schema(ctx, org, reviewTurns); err != nil {
		return nil, err
	}
	err := v.Desk.all(ctx, org, reviewTurns, record.Query{Where: []record.Match{{Field: "review_id", Op: "=", Value: c.ID}}}, func(k record.Known) error {
		b, err := body(k)
		t.version[b["row"]] = k.Version
		if k.Source == Source && fold(b["assigned_by"]) == fold(b[EnteredBy]) { // what a file claims gives nobody a turn
			t.to[b["row"]] = b["reviewer"]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.handed == nil || len(v.handed) >= 64 {
		v.handed = map[string]*turns{}
	}
	v.handed[name] = t
	return t, nil
}

// Turns says of each row whose turn it is, and whether the actor may decide it now.
func (v *Reviews) Turns(ctx context.Context, a Actor, c *Campaign, rows []Account) ([]Turn, error) {
	l, err := v.learn(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	return v.turnsOf(ctx, a, c, l, rows)
}

func (v *Reviews) turnsOf(ctx context.Context, a Actor, c *Campaign, l *learned, rows []Account) ([]Turn, error) {
	g, err := v.given(ctx, a.Org, c, l)
	if err != nil {
		return nil, err
	}
	who, now := l.who, v.Desk.Now()
	delegations := slices.DeleteFunc(slices.Clone(l.delegations), func(d Delegation) bool { return fold(d.To) != fold(a.Email) || !d.Covers(ReviewControl, now) })
	out := make([]Turn, len(rows))
	for i := range rows {
		t := &out[i]
		t.Who, t.Given = who.turn(c, &rows[i], g.to[rows[i].Row])
		t.Own = who.own(&rows[i], a.Email)
		t.Mine = !t.Own && who.same(t.Who, a.Email)
		for _, d := range delegations {
			if !t.Own && !t.Mine && fold(d.From) == fold(t.Who) {
				t.Mine, t.For = true, t.Who
			}
		}
	}
	return out, nil
}

// turn says whose turn a row is: of whom it was given to, else of the person's manager or of the system's owner where these decide, else
// the reviewer's, and the deputy's where it is the reviewer's own. Whose own access it is, it is never the turn of.
func (p *persons) turn(c *Campaign, a *Account, to string) (who string, given bool) {
	if to != "" && !p.own(a, to) {
		return to, true
	}
	list := []string{c.Reviewer}
	if c.ByOwner {
		list = append([]string{p.reach(c.SystemOwner)}, list...)
	}
	if c.ByManager {
		list = append([]string{p.reach(a.Manager)}, list...)
	}
	for _, who := range list {
		if who != "" && !p.own(a, who) {
			return who, false
		}
	}
	return c.Deputy, false
}

// reach is the address of a person; empty where none is known.
func (p *persons) reach(login string) string {
	if login == "" {
		return ""
	}
	if x := p.address[p.of(login)]; x != "" {
		login = x
	}
	if !strings.Contains(login, "@") {
		return ""
	}
	return login
}

// owner is who answers for a system, by the register of systems.
func (v *Reviews) owner(ctx context.Context, org id.Org, system string) (string, error) {
	owner := ""
	err := v.Desk.all(ctx, org, "systems", record.Query{Where: []record.Match{{Field: "system", Op: "=", Value: system}}}, func(k record.Known) error {
		b, err := body(k)
		owner = b["owner"]
		return err
	})
	if err == nil && owner == "" {
		err = fault.At("", 0, "by", "nobody answers for %s by the register of systems; enter its owner there, or have the reviewer decide", system)
	}
	return owner, err
}

// Give has somebody decide rows instead of whose turn they are. None of them is decided yet, and none is their own access: all are given,
// or none.
func (v *Reviews) Give(ctx context.Context, a Actor, key string, rows []string, to string) error {
	if err := a.check(); err != nil {
		return err
	}
	defer v.hold(a.Org, key, true)()
	c, err := v.Campaign(ctx, a.Org, key)
	if err != nil {
		return err
	}
	if !c.Open() {
		return fault.Refuse("the review is complete: nobody has to decide any more")
	}
	team, err := v.Team.Members(ctx, a.Org)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(team, func(m Member) bool { return fold(m.Email) == fold(to) }) {
		return fault.At("", 0, "to", "%q is no member here; expected somebody who can sign in", to)
	}
	l, err := v.learn(ctx, a.Org)
	if err != nil {
		return err
	}
	g, err := v.given(ctx, a.Org, c, l)
	if err != nil {
		return err
	}
	drafts, err := v.handovers(ctx, a, c, l, g, rows, fold(to))
	if err != nil || len(drafts) == 0 {
		return err
	}
	return v.Desk.append(ctx, a.Org, drafts...)
}

// handovers makes the records; a row that is somebody's turn already stays as it is.
func (v *Reviews) handovers(ctx context.Context, a Actor, c *Campaign, l *learned, g *turns, rows []string, to string) ([]*register.Row, error) {
	wanted := map[string]string{}
	for _, row := range rows {
		wanted[row] = Keep
	}
	list, err := v.chosen(ctx, a.Org, c, wanted)
	if err != nil {
		return nil, err
	}
	made, err := v.Decisions(ctx, a.Org, c)
	if err != nil {
		return nil, err
	}
	var out []*register.Row
	var errs []error
	for i := range list {
		x := &list[i]
		who, _ := l.who.turn(c, x, g.to[x.Row])
		switch {
		case made[x.Row].Is():
			errs = append(errs, fault.Refuse("%s is decided by %s; the decision is taken back first", x.ID, made[x.Row].By))
			continue
		case l.who.own(x, to):
			errs = append(errs, fault.At("", 0, "to", "%s is their own access, or an account that they answer for; expected another person", x.ID))
			continue
		case fold(who) == to:
			continue
		}
		var ms members
		ms.text("review_id", c.ID)
		ms.text("row", x.Row)
		ms.text("account_id", x.ID)
		ms.text("reviewer", to)
		ms.text("assigned_by", a.Email)
		ms.text("assigned_at", v.Desk.Now().String())
		row, err := v.row(ctx, a, reviewTurns, g.version[x.Row]+1, ms)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	if len(errs) > 5 {
		errs = append(errs[:5], fault.Refuse("and so are %d more", len(errs)-5))
	}
	return out, errors.Join(errs...)
}
