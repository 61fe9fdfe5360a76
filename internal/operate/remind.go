package operate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// The controls that acceptances of policies perform.
const (
	welcomeControl = "GOV-01" // code of conduct and confidentiality: ten days after the start, and again each year
	policyControl  = "COM-01" // each material version: thirty days after its publication
)

// welcome are the policies of GOV-01.
var welcome = map[string]bool{"code-of-conduct": true, "confidentiality": true}

const (
	welcomeDays = 10 // after the start
	policyDays  = 30 // after publication, and after each anniversary
)

// Paths gives the escalation path of a control; empty where it is not in force.
type Paths func(control string) string

// Waiting gives the rows of open campaigns as tasks: one for each person whose turn some are.
func (v *Reviews) Waiting(ctx context.Context, a Actor, paths Paths) ([]Task, error) {
	list, err := v.Campaigns(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, c := range list {
		if !c.Open() {
			continue
		}
		tasks, err := v.waiting(ctx, a, c, paths(ReviewControl))
		if err != nil {
			return nil, err
		}
		out = append(out, tasks...)
	}
	return out, nil
}

func (v *Reviews) waiting(ctx context.Context, a Actor, c *Campaign, path string) ([]Task, error) {
	rows, err := v.Accounts(ctx, a.Org, c)
	if err != nil {
		return nil, err
	}
	turns, err := v.Turns(ctx, a, c, rows)
	if err != nil {
		return nil, err
	}
	made, err := v.Decisions(ctx, a.Org, c)
	if err != nil {
		return nil, err
	}
	open := map[string]int{}
	for i := range rows {
		if !made[rows[i].Row].Is() {
			open[fold(turns[i].Who)]++
		}
	}
	l, err := v.learn(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, who := range slices.Sorted(maps.Keys(open)) {
		i := Instance{Control: ReviewControl, Title: fmt.Sprintf("review of access to %s: %s", c.System, amount(open[who], "account waits", "accounts wait")), Escalation: path, Key: joined(c.System, c.Quarter), Due: c.Due, Late: c.Due < a.Zone.DateOf(v.Desk.Now()),
			Duty: DecideRows, Name: c.System, Count: open[who], Path: "/campaigns/" + c.ID}
		out = append(out, Task{Instance: i, Who: who, Why: Owned, Open: !strings.Contains(who, "@")})
		for _, d := range l.delegations {
			if fold(d.From) == who && fold(d.To) != who && d.Covers(ReviewControl, v.Desk.Now()) {
				out = append(out, Task{Instance: i, Who: fold(d.To), Why: Delegated, From: d.From})
			}
		}
	}
	return out, nil
}

func amount(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Waiting gives the acceptances that people in service owe as tasks: of each policy in force, one for each person who has not accepted
// it, and of the code of conduct and the confidentiality terms each year anew.
func (p *Policies) Waiting(ctx context.Context, a Actor, paths Paths) ([]Task, error) {
	s, err := p.shelf(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	today := a.Zone.DateOf(p.Desk.Now())
	started := map[string]civil.Date{}
	for _, f := range s.people {
		if d := date(f.text("started_on")); d != nil && serves(f, a.Zone, p.Desk.Now()) {
			who := s.who.of(f.text("person_id"))
			started[who] = max(started[who], *d)
		}
	}
	var out []Task
	for _, x := range s.policies {
		if !x.InForce(today) || x.Version == "" {
			continue
		}
		workers, err := p.Workers(ctx, a, x)
		if err != nil {
			return nil, err
		}
		for _, w := range workers {
			due, control, yes := s.accept(x, w, started[w.Person], today)
			if !yes {
				continue
			}
			i := Instance{Control: control, Title: fmt.Sprintf("accept version %s of %s", x.Version, x.Title), Escalation: paths(control), Key: joined(x.ID, x.Version), Due: due, Late: due < today,
				Duty: AcceptPolicy, Name: x.Title, Path: "/policies/" + url.PathEscape(x.ID)}
			if welcome[x.ID] {
				i.Key = joined(x.ID, due.String())
			}
			who := or(w.Email, w.Person)
			out = append(out, Task{Instance: i, Who: who, Why: Owned, Open: !strings.Contains(who, "@")})
		}
	}
	return out, nil
}

// accept says until when somebody is to accept a policy, under which control; false where they owe nothing.
func (s *shelf) accept(x Policy, w Worker, started, today civil.Date) (civil.Date, string, bool) {
	control := policyControl
	var due civil.Date
	if welcome[x.ID] {
		control = welcomeControl
		if started == 0 {
			return 0, control, false // since when they are here is not on record: the test says so
		}
		c := yearly(started, welcomeDays, policyDays, s.days(x.ID, w.Person), nil, today)
		if c.Open() {
			return *c.Due, control, true
		}
	}
	if w.Accepted != nil {
		return 0, control, false
	}
	if published := s.published(x); published != nil {
		due = *published + policyDays
	}
	if started > 0 {
		due = max(due, started+policyDays)
	}
	return due, policyControl, due > 0
}

// days are those on which somebody accepted a policy, in whichever version.
func (s *shelf) days(policy, person string) []civil.Date {
	var out []civil.Date
	for _, k := range s.acks[person] {
		if k.document == policy {
			out = append(out, k.on)
		}
	}
	return out
}

// published is when the version in force was, or the last one before it that it differs from in nothing material.
func (s *shelf) published(x Policy) *civil.Date {
	list := s.editions[x.ID]
	i := slices.IndexFunc(list, func(e Edition) bool { return e.Version == x.Version })
	for ; i > 0 && !list[i].Material; i-- {
	}
	if i >= 0 && list[i].Published != nil {
		return list[i].Published
	}
	return x.ApprovedOn
}

// Reminders gives what people are reminded of: the tasks that are due no later than the day, the rows of access reviews that wait for
// them, the policies that they have not accepted, their courses and their actions. What was due before the day since is left out: whoever
// turns reminders on gets no year of it by mail.
func (b *Board) Reminders(ctx context.Context, a Actor, since, until civil.Date, paths Paths) ([]Task, error) {
	tasks, err := b.Tasks(ctx, a.Org, until)
	if err != nil {
		return nil, err
	}
	more, err := b.duties(ctx, a, paths)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Concat(tasks, more), func(t Task) bool { return t.Due < since || t.Due > until }), nil
}

// duties gives what everybody owes beside the instances of controls.
func (b *Board) duties(ctx context.Context, a Actor, paths Paths) ([]Task, error) {
	more := []func(context.Context, Actor, Paths) ([]Task, error){b.Desk.WaitingActions, b.Desk.WaitingCourses}
	if b.Reviews != nil {
		more = append(more, b.Reviews.Waiting)
	}
	if b.Policies != nil {
		more = append(more, b.Policies.Waiting)
	}
	var out []Task
	for _, read := range more {
		list, err := read(ctx, a, paths)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// owing is what everybody owes at one size of the ledger on one day, by the folded address. Its lists are not changed once made.
type owing struct {
	size  int64
	today civil.Date
	at    civil.Instant
	byWho map[string][]Task
}

// settling is how long what everybody owes is shown although something was recorded since, so that a pull does not have every reader
// wait for registers of people to be read again.
const settling = 20 * 1e6 // microseconds

// owes gives what is kept of the day, and whether it need not be made anew.
func (b *Board) owes(org id.Org, size int64, today civil.Date) (*owing, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, now := b.owing[org], b.Desk.Now()
	if o == nil || o.today != today {
		return nil, false
	}
	return o, o.size == size || now >= o.at && now < o.at+settling
}

// Duties gives what the actor owes beside the instances of controls, late or due within 30 days, the first due first. It may lie some
// seconds behind. The list is not to be changed.
func (b *Board) Duties(ctx context.Context, a Actor) ([]Task, error) {
	size, err := b.Size.Size(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	who, today := fold(a.Email), a.Zone.DateOf(b.Desk.Now())
	o, fresh := b.owes(a.Org, size, today)
	if fresh {
		return o.byWho[who], nil
	}
	if o == nil {
		b.owed.Lock()
	} else if !b.owed.TryLock() { // one reads, and the others have the one before
		return o.byWho[who], nil
	}
	defer b.owed.Unlock()
	if o, fresh := b.owes(a.Org, size, today); fresh {
		return o.byWho[who], nil
	}
	if o, err = b.owingNow(ctx, a, size, today); err != nil {
		return nil, err
	}
	return o.byWho[who], nil
}

// Settled takes a duty off the actor's list before everybody's is made anew.
func (b *Board) Settled(a Actor, duty Duty, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.owing[a.Org]
	if o == nil {
		return
	}
	next := *o
	next.byWho = maps.Clone(o.byWho)
	next.byWho[fold(a.Email)] = slices.DeleteFunc(slices.Clone(o.byWho[fold(a.Email)]), func(t Task) bool { return t.Duty == duty && t.Key == key })
	b.owing[a.Org] = &next
}

func (b *Board) owingNow(ctx context.Context, a Actor, size int64, today civil.Date) (*owing, error) {
	list, err := b.duties(ctx, a, func(string) string { return "" })
	if err != nil {
		return nil, err
	}
	o := &owing{size, today, b.Desk.Now(), map[string][]Task{}}
	for _, t := range list {
		if t.Due <= today+Soon {
			o.byWho[fold(t.Who)] = append(o.byWho[fold(t.Who)], t)
		}
	}
	for _, mine := range o.byWho {
		slices.SortStableFunc(mine, func(a, b Task) int { return cmp.Compare(a.Due, b.Due) })
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.owing == nil {
		b.owing = map[id.Org]*owing{}
	}
	b.owing[a.Org] = o
	return o, nil
}

// Messenger hands all that one person is told over in one message. An error means that it was not handed over; a context that ends may
// leave it unknown.
type Messenger interface {
	SendAll(ctx context.Context, org id.Org, to string, list []Notice) error
}

// RemindDaily sends what is to be sent about the tasks at this moment, in one message to each person, and at most one a day: what becomes
// known later in the day is in the message of the next, unless it is due that very day. It gives how many notices went out.
func (d *Desk) RemindDaily(ctx context.Context, a Actor, m Messenger, tasks []Task, r Rules) (int, error) {
	if len(tasks) == 0 {
		return 0, nil
	}
	r.Zone = a.Zone
	first := slices.MinFunc(tasks, func(a, b Task) int { return cmp.Compare(a.Due, b.Due) }).Due
	sent, err := d.Sent(ctx, a.Org, "", first)
	if err != nil {
		return 0, err
	}
	told, err := d.told(ctx, a)
	if err != nil {
		return 0, err
	}
	known := map[string]SentNotice{}
	for _, s := range sent {
		known[s.name()] = s
	}
	to := map[string][]Notice{}
	for _, n := range Notices(tasks, sent, r, d.Now()) {
		if who := fold(n.To); !told[who] || n.Stage == "due" {
			to[who] = append(to[who], n)
		}
	}
	total := 0
	for _, who := range slices.Sorted(maps.Keys(to)) {
		n, err := d.message(ctx, a, m, who, to[who], known)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// told says who had a message today, or may have had one.
func (d *Desk) told(ctx context.Context, a Actor) (map[string]bool, error) {
	out := map[string]bool{}
	start := a.Zone.Start(a.Zone.DateOf(d.Now()))
	if _, err := d.schema(ctx, a.Org, noticesSent); err != nil {
		return nil, err
	}
	err := d.all(ctx, a.Org, noticesSent, record.Query{Where: []record.Match{{Field: "claimed_at", Op: ">=", Value: start}}}, func(k record.Known) error {
		b, err := body(k)
		if b["status"] != "failed" {
			out[fold(b["recipient"])] = true
		}
		return err
	})
	return out, err
}

// message claims the notices of one person, hands them over, and records what became of them.
func (d *Desk) message(ctx context.Context, a Actor, m Messenger, who string, list []Notice, known map[string]SentNotice) (int, error) {
	var claims []*claim
	var mine []Notice
	for _, n := range list {
		c, err := d.claim(ctx, a, n, known[n.name()].Version)
		if err != nil {
			return 0, err
		}
		if c == nil { // another run is telling them: not two messages
			break
		}
		claims, mine = append(claims, c), append(mine, n)
	}
	if len(mine) == 0 {
		return 0, nil
	}
	failed := m.SendAll(ctx, a.Org, who, mine)
	if failed != nil && ctx.Err() != nil {
		return 0, ctx.Err() // it may be on its way: the claims stand
	}
	for _, c := range claims {
		if err := d.settle(ctx, a, c, failed); err != nil {
			return 0, err
		}
	}
	if failed != nil {
		return 0, nil //nolint:nilerr // the claims say that it failed, and the next day tries again
	}
	return len(mine), nil
}
