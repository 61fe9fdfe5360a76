package operate

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// The registers that say who is who.
const (
	people  = "people"
	aliases = "aliases"
)

// guarded are the registers that others lean on: who is who, who acts for whom, who holds a title, who answers for a system, and the days
// that count in a deadline.
var guarded = map[string]bool{people: true, aliases: true, delegations: true, "titles": true, "systems": true, "holidays": true}

// Guarded reports whether the separation of duties, or deadlines, rest on a register. Its records are written by whom RunWork lets.
func Guarded(register string) bool { return guarded[register] }

// persons tells which logins and addresses are one person, by the registers of people and aliases. What gives somebody a turn is what the
// registers say now; what keeps somebody from their own is whatever they ever said, so that an edit takes no barrier away.
type persons struct {
	by      map[string]string   // folded login to person
	manager map[string]string   // person to the address or id of whom they report to
	address map[string]string   // person to address
	ties    map[string][]string // folded login to whom any version of a record said that it belongs to
	kin     map[string][]string // folded login to all that it is tied to, itself among them
}

func nobodyYet() *persons {
	return &persons{by: map[string]string{}, manager: map[string]string{}, address: map[string]string{}, ties: map[string][]string{}, kin: map[string][]string{}}
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

// related reports whether two logins are one person's now, or were by any version of a record. A login that moved from one person to
// another is related to both, who are not related by it.
func (p *persons) related(a, b string) bool {
	if a, b = fold(a), fold(b); a == "" || b == "" {
		return false
	}
	if p.same(a, b) {
		return true
	}
	theirs := p.all(b)
	return slices.ContainsFunc(p.all(a), func(x string) bool { return slices.Contains(theirs, x) })
}

// all is what a folded login is tied to.
func (p *persons) all(login string) []string {
	if k, ok := p.kin[login]; ok {
		return k
	}
	return []string{login}
}

// mostHops bounds how far a login is followed: an alias of an alias of an address of a person is three.
const mostHops = 4

// follow works out what each login is tied to.
func (p *persons) follow() {
	for login := range p.ties {
		seen, from := []string{login}, 0
		for range mostHops {
			to := len(seen)
			for _, x := range seen[from:to] {
				for _, y := range p.ties[x] {
					if !slices.Contains(seen, y) {
						seen = append(seen, y)
					}
				}
			}
			from = to
		}
		p.kin[login] = seen
	}
}

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

// everybody reads both registers whole, with what earlier versions of their records said.
func (d *Desk) everybody(ctx context.Context, org id.Org) (*persons, error) {
	p := nobodyYet()
	for _, x := range []struct {
		name string
		take func(record.Known) error
	}{{people, p.person}, {aliases, p.alias}} {
		err := d.all(ctx, org, x.name, record.Query{}, func(k record.Known) error {
			if err := x.take(k); err != nil {
				return err
			}
			ties, err := d.ties(ctx, org, k)
			for _, t := range ties {
				p.ties[t.login] = append(p.ties[t.login], t.who)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	p.follow()
	return p, nil
}

// tie is what one version of a record said: that a login belongs to somebody. Both are folded.
type tie struct{ login, who string }

// past keeps what the versions of records of people and aliases said: versions never change, so each is read once.
type past struct {
	mu   sync.Mutex
	said map[id.Org]map[string]former
}

type former struct {
	version int // up to which it was read
	ties    []tie
}

// ties gives what the versions of a record said; k is the latest.
func (d *Desk) ties(ctx context.Context, org id.Org, k record.Known) ([]tie, error) {
	if k.Version == 1 {
		return tied(nil, k)
	}
	name := k.Register + "/" + k.Key
	d.past.mu.Lock()
	f, ok := d.past.said[org][name]
	d.past.mu.Unlock()
	if ok && f.version == k.Version {
		return f.ties, nil
	}
	h, err := d.Books.History(ctx, org, k.Register, k.Key)
	if errors.Is(err, fault.NotFound) { // erased meanwhile
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f = former{version: h[len(h)-1].Version}
	for _, v := range h {
		if f.ties, err = tied(f.ties, v); err != nil {
			return nil, err
		}
	}
	d.past.mu.Lock()
	defer d.past.mu.Unlock()
	if d.past.said == nil {
		d.past.said = map[id.Org]map[string]former{}
	}
	if d.past.said[org] == nil {
		d.past.said[org] = map[string]former{}
	}
	d.past.said[org][name] = f
	return f.ties, nil
}

// tied adds what one version says, once.
func tied(list []tie, k record.Known) ([]tie, error) {
	b, err := body(k)
	if err != nil {
		return nil, err
	}
	t := tie{fold(b["alias"]), fold(b["person_id"])}
	if k.Register == people {
		t.login = fold(b["email"])
	}
	if t.login == "" || t.who == "" || slices.Contains(list, t) {
		return list, nil
	}
	return append(list, t), nil
}

// SamePerson reports whether two addresses are one person's by the registers of people and aliases, as they are or as any version of
// their records was.
func (d *Desk) SamePerson(ctx context.Context, org id.Org, a, b string) (bool, error) {
	if fold(a) == fold(b) {
		return fold(a) != "", nil
	}
	p, err := d.everybody(ctx, org)
	return err == nil && p.related(a, b), err
}

// Own reports whether a record of people or aliases says who the actor is, in any of the canonical bodies: nobody writes that of
// themselves. Of other registers nothing is anybody's own.
func (d *Desk) Own(ctx context.Context, a Actor, name string, bodies ...[]byte) (bool, error) {
	if name != people && name != aliases {
		return false, nil
	}
	p, err := d.everybody(ctx, a.Org)
	if err != nil {
		return false, err
	}
	for _, x := range bodies {
		b, err := body(record.Known{Record: record.Record{Register: name, Body: x}})
		if err != nil {
			return false, err
		}
		for _, login := range []string{b["person_id"], b["email"], b["alias"]} {
			if p.related(login, a.Email) {
				return true, nil
			}
		}
	}
	return false, nil
}

// notOwn refuses to write a record of people or aliases that is the actor's own, in any version or as it is about to read.
func (d *Desk) notOwn(ctx context.Context, a Actor, name, key string, row *register.Row) error {
	if name != people && name != aliases {
		return nil
	}
	bodies := [][]byte{row.Body}
	h, err := d.Books.History(ctx, a.Org, name, or(key, row.Key))
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	for _, k := range h {
		bodies = append(bodies, k.Body)
	}
	own, err := d.Own(ctx, a, name, bodies...)
	if err == nil && own {
		err = &fault.Error{Kind: fault.Denied, What: "the record says who you are: nobody writes that of themselves", Hint: "ask another compliance lead, or take it in from the source that keeps it"}
	}
	return err
}
