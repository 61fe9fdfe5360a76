package operate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Campaigns lists all campaigns, the latest list first.
func (v *Reviews) Campaigns(ctx context.Context, org id.Org) ([]*Campaign, error) {
	var out []*Campaign
	by := map[string]*Campaign{}
	err := v.Desk.all(ctx, org, reviewLists, record.Query{Sort: "listed_at", Desc: true}, func(k record.Known) error {
		c, err := campaign(k)
		if err == nil {
			out, by[c.ID] = append(out, c), c
		}
		return err
	})
	if err != nil || len(out) == 0 {
		return out, err
	}
	return out, v.Desk.all(ctx, org, accessReviews, record.Query{}, func(k record.Known) error {
		if c := by[k.Key]; c != nil {
			return v.stands(ctx, org, c, k)
		}
		return nil
	})
}

// Campaign reads one; fault.NotFound where there is none.
func (v *Reviews) Campaign(ctx context.Context, org id.Org, key string) (*Campaign, error) {
	h, err := v.Desk.Books.History(ctx, org, reviewLists, key)
	if err != nil {
		return nil, err
	}
	c, err := campaign(h[len(h)-1])
	if err != nil {
		return nil, err
	}
	if h, err = v.Desk.Books.History(ctx, org, accessReviews, key); err != nil {
		return nil, err
	}
	return c, v.stands(ctx, org, c, h[len(h)-1])
}

func campaign(k record.Known) (*Campaign, error) {
	var f fields
	if err := f.read(k); err != nil {
		return nil, err
	}
	c := &Campaign{ID: k.Key, System: f.text("system"), Quarter: f.text("quarter"), Listed: f.instant("listed_at"), Size: int64(f.whole("ledger_size")), Rows: f.whole("listed"),
		Query: f.text("query"), SHA256: f.text("sha256"), Reviewer: f.text("reviewer"), Deputy: f.text("deputy"), StartedBy: f.text("started_by"), Version: k.Version, Index: k.Index,
		Completed: civil.Never, RemovalsDone: civil.Never}
	c.ByManager, _ = f["by_manager"].(bool)
	c.ByOwner, _ = f["by_owner"].(bool)
	c.SystemOwner = f.text("system_owner")
	if d := date(f.text("due_on")); d != nil {
		c.Due = *d
	}
	return c, nil
}

// stands reads how far a campaign is from the record of its review, of which this is the latest version. What a file claims ends no review
// that people do here: the latest version that they made counts.
func (v *Reviews) stands(ctx context.Context, org id.Org, c *Campaign, latest record.Known) error {
	if latest.Source == Source {
		return c.complete(latest)
	}
	h, err := v.Desk.Books.History(ctx, org, accessReviews, c.ID)
	if err != nil {
		return err
	}
	for _, k := range slices.Backward(h) {
		if k.Source == Source {
			err = c.complete(k)
			break
		}
	}
	c.reviewed = latest.Version // the next version follows it all the same
	return err
}

func (c *Campaign) complete(k record.Known) error {
	var f fields
	if err := f.read(k); err != nil {
		return err
	}
	c.reviewed, c.Completed, c.RemovalsDone = k.Version, f.instant("completed_at"), f.instant("removals_done_at")
	c.Removals = f.whole("removals")
	if own, ok := f["own_access_decided"].(bool); ok {
		c.Own = No
		if own {
			c.Own = Yes
		}
	}
	return nil
}

// Accounts gives the rows of a campaign in their order, kept after the first reading: they never change. Altered rows, or rows that
// are not what the list's hash covers, are a fault.Integrity.
func (v *Reviews) Accounts(ctx context.Context, org id.Org, c *Campaign) ([]Account, error) {
	name := string(org) + "/" + c.ID
	v.mu.Lock()
	rows, ok := v.frozen[name]
	v.mu.Unlock()
	if ok {
		return rows, nil
	}
	digest := sha256.New()
	err := v.Desk.all(ctx, org, reviewRows, record.Query{Where: []record.Match{{Field: "review_id", Op: "=", Value: c.ID}}}, func(k record.Known) error {
		var f fields
		if err := f.read(k); err != nil {
			return err
		}
		digest.Write(k.Body)
		digest.Write([]byte{'\n'})
		a := Account{Row: f.text("row"), ID: f.text("account_id"), Login: f.text("person_id"), Owner: f.text("owner"), Manager: f.text("manager"), Kind: f.text("kind"),
			Roles: splitLines(f.text("roles")), Grants: splitLines(f.text("grants")), LastSignIn: f.text("last_sign_in_at"), Index: k.Index}
		a.Privileged, _ = f["privileged"].(bool)
		rows = append(rows, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != c.SHA256 {
		return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the rows of the list of %s are not those that were frozen: their SHA-256 is %s, and the list's record says %s", c.ID, got, c.SHA256),
			Hint: "look for a row that was entered, corrected or erased later; start the review again"}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.frozen == nil || len(v.frozen) >= 16 {
		v.frozen = map[string][]Account{}
	}
	v.frozen[name] = rows
	return rows, nil
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// Decisions gives what was decided, by row.
func (v *Reviews) Decisions(ctx context.Context, org id.Org, c *Campaign) (map[string]Decided, error) {
	out := map[string]Decided{}
	err := v.Desk.all(ctx, org, reviewDecisions, record.Query{Where: []record.Match{{Field: "review_id", Op: "=", Value: c.ID}}}, func(k record.Known) error {
		d, row, err := decided(k)
		out[row] = d
		return err
	})
	return out, err
}

func decided(k record.Known) (Decided, string, error) {
	b, err := body(k)
	at, _ := instant(b["decided_at"])
	d := Decided{Choice: b["decision"], Reason: b["reason"], By: b["decided_by"], For: b["for_reviewer"], At: at, Version: k.Version, Index: k.Index}
	if k.Source != Source || fold(b["decided_by"]) != fold(b[EnteredBy]) { // what a file claims is no decision of somebody who signed in here
		d = Decided{Version: k.Version, Index: k.Index}
	}
	return d, b["row"], err
}

// Progress counts the rows of a campaign that are decided, and of these the removals, without reading them.
func (v *Reviews) Progress(ctx context.Context, org id.Org, c *Campaign) (done, removals int, err error) {
	s, err := v.Desk.schema(ctx, org, reviewDecisions)
	if err != nil {
		return 0, 0, err
	}
	count := func(choice string) (int, error) {
		_, n, err := v.Desk.Books.List(ctx, org, s, record.Query{Where: []record.Match{{Field: "review_id", Op: "=", Value: c.ID}, {Field: "decision", Op: "=", Value: choice}}, Limit: 1})
		return int(n), err
	}
	keep, err := count(Keep)
	if err != nil {
		return 0, 0, err
	}
	removals, err = count(Remove)
	return keep + removals, removals, err
}

// DecisionsOf gives every decision on a row, the first first.
func (v *Reviews) DecisionsOf(ctx context.Context, org id.Org, c *Campaign, row string) ([]Decided, error) {
	h, err := v.Desk.Books.History(ctx, org, reviewDecisions, joined(c.ID, row))
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	var out []Decided
	for _, k := range h {
		d, _, e := decided(k)
		if e != nil {
			return nil, e
		}
		out = append(out, d)
	}
	return out, err
}

// Decide records decisions by row: keep, remove, or an empty text that takes one back. All are recorded, or none. It answers how many
// said something new.
func (v *Reviews) Decide(ctx context.Context, a Actor, key string, choices map[string]string, reason string) (int, error) {
	if err := a.check(); err != nil {
		return 0, err
	}
	defer v.hold(a.Org, key, false)()
	c, err := v.Campaign(ctx, a.Org, key)
	if err != nil {
		return 0, err
	}
	if !c.Open() {
		return 0, fault.Refuse("the review was completed at %s: its decisions stand", c.Completed.In(a.Zone))
	}
	rows, err := v.chosen(ctx, a.Org, c, choices)
	if err != nil {
		return 0, err
	}
	l, err := v.learn(ctx, a.Org)
	if err != nil {
		return 0, err
	}
	turns, err := v.turnsOf(ctx, a, c, l, rows)
	if err != nil {
		return 0, err
	}
	before, err := v.before(ctx, a.Org, c, rows)
	if err != nil {
		return 0, err
	}
	now := v.Desk.Now()
	var drafts []*register.Row
	for i := range rows {
		x, was, choice := &rows[i], before[rows[i].Row], choices[rows[i].Row]
		if err := allowed(x, turns[i], choice); err != nil {
			return 0, err
		}
		why := strings.TrimSpace(reason)
		if choice == "" {
			choice, why = Withdrawn, ""
		}
		// A page that is sent whole repeats what was decided before.
		if was.Choice == choice && (why == "" || was.Reason == why) || choice == Withdrawn && !was.Is() {
			continue
		}
		if choice == Keep && x.Privileged && why == "" {
			return 0, fault.At("", 0, "reason", "%s is privileged: keeping it needs a reason; write one above the list and decide again", x.ID)
		}
		row, err := v.decision(ctx, a, c, x, Decided{Choice: choice, Reason: why, For: turns[i].For, At: now, Version: was.Version + 1})
		if err != nil {
			return 0, err
		}
		drafts = append(drafts, row)
	}
	if len(drafts) == 0 {
		return 0, nil
	}
	return len(drafts), v.append(ctx, a.Org, l, drafts)
}

func (v *Reviews) decision(ctx context.Context, a Actor, c *Campaign, x *Account, d Decided) (*register.Row, error) {
	var ms members
	ms.text("review_id", c.ID)
	ms.text("row", x.Row)
	ms.text("account_id", x.ID)
	ms.text("decision", d.Choice)
	ms.text("reason", d.Reason)
	ms.text("decided_by", a.Email)
	ms.text("for_reviewer", d.For)
	ms.text("decided_at", d.At.String())
	return v.row(ctx, a, reviewDecisions, d.Version, ms)
}

func allowed(x *Account, t Turn, choice string) error {
	switch {
	case choice != "" && choice != Keep && choice != Remove:
		return fault.At("", 0, "decide-"+x.Row, "%q is no decision; expected keep or remove", choice)
	case t.Own:
		return &fault.Error{Kind: fault.Denied, What: fmt.Sprintf("%s is your own access, or an account that you answer for: nobody decides on their own", x.ID), Hint: "it is the turn of " + t.Who}
	case !t.Mine:
		return &fault.Error{Kind: fault.Denied, What: fmt.Sprintf("row %s is not yours to decide", x.Row), Hint: "ask whose turn it is for a delegation; it covers what is decided after it was recorded"}
	}
	return nil
}

// chosen finds the rows that are decided, in their order.
func (v *Reviews) chosen(ctx context.Context, org id.Org, c *Campaign, choices map[string]string) ([]Account, error) {
	all, err := v.Accounts(ctx, org, c)
	if err != nil {
		return nil, err
	}
	var rows []Account
	for _, row := range slices.Sorted(maps.Keys(choices)) {
		i, ok := slices.BinarySearchFunc(all, row, func(x Account, row string) int { return strings.Compare(x.Row, row) })
		if !ok {
			return nil, &fault.Error{Kind: fault.NotFound, What: "no row " + row + " on the list"}
		}
		rows = append(rows, all[i])
	}
	return rows, nil
}

// fewRows are looked up one by one.
const fewRows = 6

func (v *Reviews) before(ctx context.Context, org id.Org, c *Campaign, rows []Account) (map[string]Decided, error) {
	if len(rows) > fewRows {
		return v.Decisions(ctx, org, c)
	}
	out := map[string]Decided{}
	for i := range rows {
		h, err := v.DecisionsOf(ctx, org, c, rows[i].Row)
		if err != nil {
			return nil, err
		}
		if len(h) > 0 {
			out[rows[i].Row] = h[len(h)-1]
		}
	}
	return out, nil
}

// hold keeps a campaign from being completed while one of its rows is decided. Campaigns share a few locks, so that asking for one that
// does not exist costs no memory.
func (v *Reviews) hold(org id.Org, key string, alone bool) (release func()) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(string(org) + "/" + key))
	g := &v.guard[h.Sum32()%uint32(len(v.guard))]
	if alone {
		g.Lock()
		return g.Unlock
	}
	g.RLock()
	return g.RUnlock
}

// Complete finishes a campaign of which every row is decided: the review's record says how many were listed, decided and to be
// removed, and whether somebody decided on their own access by what is known now or was said before.
func (v *Reviews) Complete(ctx context.Context, a Actor, key string) error {
	if err := a.check(); err != nil {
		return err
	}
	defer v.hold(a.Org, key, true)()
	c, err := v.Campaign(ctx, a.Org, key)
	if err != nil {
		return err
	}
	if !c.Open() {
		return fault.Refuse("the review is complete since %s", c.Completed.In(a.Zone))
	}
	rows, err := v.Accounts(ctx, a.Org, c)
	if err != nil {
		return err
	}
	made, err := v.Decisions(ctx, a.Org, c)
	if err != nil {
		return err
	}
	l, err := v.learn(ctx, a.Org)
	if err != nil {
		return err
	}
	who, n := l.who, 0
	c.Own = No
	for i := range rows {
		d := made[rows[i].Row]
		if !d.Is() {
			continue
		}
		n++
		if d.Choice == Remove {
			c.Removals++
		}
		switch {
		case who.own(&rows[i], d.By):
			c.Own = Yes
		case !who.known(d.By) && c.Own == No:
			c.Own = "" // nobody knows which accounts are theirs
		}
	}
	if n < len(rows) {
		return fault.Refuse("%d of %d rows are undecided; a review is complete when every row is decided", len(rows)-n, len(rows))
	}
	c.Completed = v.Desk.Now()
	return v.Desk.act(ctx, a, accessReviews, c.reviewed, c.review(n))
}

// Reassign changes who reviews. What was decided before stays.
func (v *Reviews) Reassign(ctx context.Context, a Actor, key, reviewer, deputy string, version int) error {
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
	var errs []error
	for name, who := range map[string]string{"reviewer": reviewer, "deputy": deputy} {
		if !slices.ContainsFunc(team, func(m Member) bool { return fold(m.Email) == fold(who) }) {
			errs = append(errs, fault.At("", 0, name, "%q is no member here; expected somebody who can sign in", who))
		}
	}
	l, err := v.learn(ctx, a.Org)
	if err != nil {
		return err
	}
	if l.who.related(reviewer, deputy) {
		errs = append(errs, fault.At("", 0, "deputy", "is the reviewer; expected another person"))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	c.Reviewer, c.Deputy = fold(reviewer), fold(deputy)
	return v.Desk.act(ctx, a, reviewLists, version, c.list())
}
