package operate

import (
	"context"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

func monthOf(quarter int) time.Month { return time.Month(3*quarter - 2) }

// persons tells which logins and addresses are one person, by the registers of people and aliases.
type persons struct {
	by      map[string]string // folded login to person
	manager map[string]string // person to the address or id of whom they report to
	address map[string]string // person to address
}

// of is the person behind a login; the folded login itself where nobody owns it.
func (p *persons) of(login string) string {
	if x, ok := p.by[fold(login)]; ok {
		return x
	}
	return fold(login)
}

// known reports whether somebody owns the login.
func (p *persons) known(login string) bool { _, ok := p.by[fold(login)]; return ok }

func (p *persons) same(a, b string) bool { return fold(a) != "" && fold(b) != "" && p.of(a) == p.of(b) }

// person takes one row of the register of people in.
func (p *persons) person(k record.Known) error {
	b, err := body(k)
	if err != nil {
		return err
	}
	who := fold(b["person_id"])
	for _, login := range []string{who, fold(b["email"])} {
		if login != "" && p.by[login] == "" {
			p.by[login] = who
		}
	}
	if b["email"] != "" {
		p.address[who] = fold(b["email"])
	}
	if b["manager"] != "" {
		p.manager[who] = fold(b["manager"])
	}
	return nil
}

// alias takes one row of the register of aliases in; it outranks an address. The person may be named by an address too.
func (p *persons) alias(k record.Known) error {
	b, err := body(k)
	if err != nil {
		return err
	}
	if a, who := fold(b["alias"]), fold(b["person_id"]); a != "" && who != "" {
		if x, ok := p.by[who]; ok && who != a {
			who = x
		}
		p.by[a] = who
	}
	return nil
}

func nobodyYet() *persons {
	return &persons{by: map[string]string{}, manager: map[string]string{}, address: map[string]string{}}
}

// everybody reads both registers whole, for a list.
func (v *Reviews) everybody(ctx context.Context, org id.Org) (*persons, error) {
	p := nobodyYet()
	if err := v.Desk.all(ctx, org, "people", record.Query{}, p.person); err != nil {
		return nil, err
	}
	return p, v.Desk.all(ctx, org, "aliases", record.Query{}, p.alias)
}

// learned is what the registers say of persons and delegations at one size of the ledger. It is not changed once made.
type learned struct {
	size        int64
	who         *persons
	delegations []Delegation
}

// learn reads persons and delegations, and keeps them until something else is recorded than decisions of ours.
func (v *Reviews) learn(ctx context.Context, org id.Org) (*learned, error) {
	size, err := v.Size.Size(ctx, org)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	l := v.learnt[org]
	v.mu.Unlock()
	if l != nil && l.size == size {
		return l, nil
	}
	l = &learned{size: size}
	if l.who, err = v.everybody(ctx, org); err != nil {
		return nil, err
	}
	if l.delegations, err = v.Desk.Delegations(ctx, org); err != nil {
		return nil, err
	}
	v.keep(org, l)
	return l, nil
}

func (v *Reviews) keep(org id.Org, l *learned) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.learnt == nil {
		v.learnt = map[id.Org]*learned{}
	}
	v.learnt[org] = l
}

// append makes decisions durable. Where nothing else was recorded since persons were read, what was read stays good: decisions say
// nothing of persons.
func (v *Reviews) append(ctx context.Context, org id.Org, l *learned, rows []*register.Row) error {
	var drafts []record.Draft
	for _, r := range rows {
		drafts = append(drafts, record.Draft{Row: r, Source: Source})
	}
	got, err := v.Desk.Records.Append(ctx, org, "", drafts)
	if err == nil && got.First == l.size {
		v.keep(org, &learned{got.First + got.Count, l.who, l.delegations})
	}
	return err
}

// own reports whether an account is a person's: theirs, or one that they answer for.
func (p *persons) own(a *Account, login string) bool {
	return p.same(a.Login, login) || p.same(a.Owner, login)
}

// turn says whose turn a row is: the manager's where managers decide, else the reviewer's, and the deputy's where it is their own.
func (p *persons) turn(c *Campaign, a *Account) string {
	var list []string
	if c.ByManager && a.Manager != "" {
		m := a.Manager
		if x := p.address[p.of(m)]; x != "" {
			m = x
		}
		if strings.Contains(m, "@") {
			list = append(list, m)
		}
	}
	for _, who := range append(list, c.Reviewer) {
		if !p.own(a, who) {
			return who
		}
	}
	return c.Deputy
}
