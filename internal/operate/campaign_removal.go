package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// How a removal is known to be done.
const (
	Disabled  = "disabled"  // the account's record says so
	Revoked   = "revoked"   // its grants' records say so, and no other is in force
	Confirmed = "confirmed" // somebody gave evidence
)

// Removal is a row that was decided for removal, followed to its end.
type Removal struct {
	Account
	Decided
	Assignee string
	Done     civil.Instant // civil.Never while it is not done
	How      string        // disabled, revoked or confirmed; empty while it is not done
	Record   int64         // index of the record that shows it
	Evidence string
	ByWhom   string // who confirmed it
	Note     string
	Drawn    int // version of the removal's own record; 0 where there is none
}

// Removals gives the rows that are to be removed with what the records of the system say of them by now, and the last day on which
// they are in time: five business days after the review was finished.
func (v *Reviews) Removals(ctx context.Context, org id.Org, c *Campaign, zone civil.Zone) ([]Removal, civil.Date, error) {
	out, err := v.removed(ctx, org, c)
	if err == nil {
		err = v.look(ctx, org, c, out)
	}
	if err != nil {
		return nil, 0, err
	}
	if c.Open() {
		return out, 0, nil
	}
	last, err := v.lastDay(ctx, org, zone.DateOf(c.Completed))
	return out, last, err
}

// removed gives the rows that were decided for removal, before anything is known of their end.
func (v *Reviews) removed(ctx context.Context, org id.Org, c *Campaign) ([]Removal, error) {
	rows, err := v.Accounts(ctx, org, c)
	if err != nil {
		return nil, err
	}
	made, err := v.Decisions(ctx, org, c)
	if err != nil {
		return nil, err
	}
	var out []Removal
	for _, x := range rows {
		if d := made[x.Row]; d.Choice == Remove {
			out = append(out, Removal{Account: x, Decided: d, Done: civil.Never})
		}
	}
	return out, nil
}

// look fills in what is known of the end of removals by now: what somebody confirmed, and what the records say, which outranks it.
func (v *Reviews) look(ctx context.Context, org id.Org, c *Campaign, list []Removal) error {
	at := map[string]int{}
	for i := range list {
		at[list[i].Row] = i
	}
	err := v.Desk.all(ctx, org, reviewRemovals, record.Query{Where: []record.Match{{Field: "review_id", Op: "=", Value: c.ID}}}, func(k record.Known) error {
		b, err := body(k)
		if i, ok := at[b["row"]]; ok && err == nil {
			list[i].said(b, k)
		}
		return err
	})
	for i := range list {
		if err != nil {
			break
		}
		err = v.seen(ctx, org, c, &list[i])
	}
	return err
}

func (r *Removal) said(b map[string]string, k record.Known) {
	r.Assignee, r.Evidence, r.ByWhom, r.Note, r.Drawn = b["assignee"], b["evidence"], b["confirmed_by"], b["note"], k.Version
	if i, ok := instant(b["done_at"]); ok && r.Evidence != "" {
		r.Done, r.How, r.Record = i, Confirmed, k.Index
	}
}

// seen looks at the records of the account and its grants: they outrank what somebody confirmed.
func (v *Reviews) seen(ctx context.Context, org id.Org, c *Campaign, r *Removal) error {
	h, err := v.Desk.Books.History(ctx, org, "accounts", r.ID)
	if err != nil {
		if errors.Is(err, fault.NotFound) { // erased meanwhile
			return nil
		}
		return err
	}
	last := h[len(h)-1]
	b, err := body(last)
	if err != nil {
		return err
	}
	if i, ok := instant(b["disabled_at"]); ok && i >= c.Listed {
		r.Done, r.How, r.Record = i, Disabled, last.Index
		return nil
	}
	if len(r.Grants) == 0 {
		return nil
	}
	done, index := civil.Instant(0), int64(0)
	s, err := v.Desk.schema(ctx, org, "grants")
	if err != nil {
		return err
	}
	open, _, err := v.Desk.Books.List(ctx, org, s, record.Query{Where: []record.Match{{Field: "account_id", Op: "=", Value: r.ID}, {Field: "revoked_at", Op: "lacks"}}, Limit: 1})
	if err != nil || len(open) > 0 {
		return err
	}
	for _, g := range r.Grants {
		h, err := v.Desk.Books.History(ctx, org, "grants", g)
		if err != nil {
			return err
		}
		b, err := body(h[len(h)-1])
		if err != nil {
			return err
		}
		i, ok := instant(b["revoked_at"])
		if !ok {
			return nil
		}
		if i > done {
			done, index = i, h[len(h)-1].Index
		}
	}
	r.Done, r.How, r.Record = done, Revoked, index
	return nil
}

func (v *Reviews) lastDay(ctx context.Context, org id.Org, from civil.Date) (civil.Date, error) {
	cal := civil.Holidays{Days: map[civil.Date]bool{}}
	err := v.Desk.all(ctx, org, "holidays", record.Query{}, func(k record.Known) error {
		b, err := body(k)
		if d := date(b["day"]); d != nil {
			cal.Days[*d] = true
		}
		return err
	})
	return cal.AddBusinessDays(from, removalDays), err
}

// Carry says who carries a removal out, or confirms by evidence that it was done.
type Carry struct {
	Row      string
	Version  int // that the form was drawn from; 0: the first
	Assignee string
	Done     civil.Instant // civil.Never: not confirmed
	Evidence string
	Note     string
}

// Carry records it. What is confirmed needs evidence that is kept here, and nobody confirms the removal of their own access.
func (v *Reviews) Carry(ctx context.Context, a Actor, key string, x Carry) error {
	if err := a.check(); err != nil {
		return err
	}
	c, err := v.Campaign(ctx, a.Org, key)
	if err != nil {
		return err
	}
	list, _, err := v.Removals(ctx, a.Org, c, a.Zone)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(r Removal) bool { return r.Row == x.Row })
	if i < 0 {
		return &fault.Error{Kind: fault.NotFound, What: "no removal of row " + x.Row}
	}
	if c.Open() {
		return fault.Refuse("the review is not complete: complete it first, its removals are then followed")
	}
	if err := v.proven(ctx, a, c, &list[i], x); err != nil {
		return err
	}
	var ms members
	ms.text("review_id", c.ID)
	ms.text("row", x.Row)
	ms.text("account_id", list[i].ID)
	ms.text("assignee", fold(x.Assignee))
	ms.text("note", x.Note)
	if x.Done != civil.Never {
		ms.text("done_at", x.Done.String())
		ms.text("evidence", x.Evidence)
		ms.text("confirmed_by", a.Email)
		ms.text("confirmed_at", v.Desk.Now().String())
	}
	if err := v.Desk.act(ctx, a, reviewRemovals, x.Version, ms); err != nil {
		return err
	}
	_, err = v.Follow(ctx, a, key)
	return err
}

func (v *Reviews) proven(ctx context.Context, a Actor, c *Campaign, r *Removal, x Carry) error {
	var errs []error
	if x.Assignee != "" {
		team, err := v.Team.Members(ctx, a.Org)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(team, func(m Member) bool { return fold(m.Email) == fold(x.Assignee) }) {
			errs = append(errs, fault.At("", 0, "assignee", "%q is no member here; expected somebody who can sign in", x.Assignee))
		}
	}
	if x.Done == civil.Never && x.Evidence == "" {
		return errors.Join(errs...)
	}
	l, err := v.learn(ctx, a.Org)
	if err != nil {
		return err
	}
	if l.who.own(&r.Account, a.Email) {
		return &fault.Error{Kind: fault.Denied, What: fmt.Sprintf("%s is your own access: somebody else confirms that it was removed", r.ID)}
	}
	switch {
	case x.Done == civil.Never:
		errs = append(errs, fault.At("", 0, "done_at", "missing; say when the access was removed"))
	case x.Done < c.Listed || x.Done > v.Desk.Now():
		errs = append(errs, fault.At("", 0, "done_at", "%s is before the list was taken or lies ahead", x.Done.In(a.Zone)))
	}
	if x.Evidence == "" {
		errs = append(errs, fault.At("", 0, "evidence", "missing; name the evidence that shows it, such as a picture of the system's own page"))
	} else if _, err := v.Desk.Books.History(ctx, a.Org, evidence, x.Evidence); errors.Is(err, fault.NotFound) {
		errs = append(errs, fault.At("", 0, "evidence", "there is no evidence %q; give it first", x.Evidence))
	} else if err != nil {
		return err
	}
	return errors.Join(errs...)
}
