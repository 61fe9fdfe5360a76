package operate

import (
	"context"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
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

// few logins are looked up one by one.
const fewLogins = 6

// persons reads what the registers say of these logins. A single decision does not read them whole.
func (v *Reviews) persons(ctx context.Context, org id.Org, logins []string) (*persons, error) {
	if len(logins) > fewLogins {
		return v.everybody(ctx, org)
	}
	p := nobodyYet()
	asked := map[string]bool{}
	for len(logins) > 0 {
		login := fold(logins[0])
		logins = logins[1:]
		if login == "" || asked[login] {
			continue
		}
		asked[login] = true
		err := v.Desk.all(ctx, org, "people", record.Query{Text: login}, func(k record.Known) error {
			b, err := body(k)
			if err != nil || fold(b["person_id"]) != login && fold(b["email"]) != login {
				return err
			}
			return p.person(k)
		})
		if err != nil {
			return nil, err
		}
		err = v.Desk.all(ctx, org, "aliases", record.Query{Text: login}, func(k record.Known) error {
			b, err := body(k)
			if err != nil || fold(b["alias"]) != login {
				return err
			}
			if who := fold(b["person_id"]); !asked[who] { // the person may be named by an address: look that one up first
				logins = append(logins, who, login)
				delete(asked, login)
				return nil
			}
			return p.alias(k)
		})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
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
