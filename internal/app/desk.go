package app

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/blob/parts"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/web/campaign"
	"github.com/assayhq/assay/internal/web/work"
)

var (
	_ operate.Parts      = (*parts.Store)(nil)
	_ operate.Shelf      = (*parts.Store)(nil)
	_ operate.Books      = (*sqlite.Store)(nil)
	_ operate.Schemas    = deskSchemas{}
	_ operate.Due        = (*deskWork)(nil)
	_ operate.Team       = deskTeam{}
	_ operate.Messenger  = courier{}
	_ operate.Checklists = (*deskWork)(nil)
	_ operate.Deviations = (*deskWork)(nil)
	_ work.Controls      = (*deskWork)(nil)
)

// desk wires people's work in one organization.
func (in *installation) desk(t *tenant) (*work.Pages, error) {
	o, p := t.o, t.p
	d := &operate.Desk{Records: in.st, Books: walled{in.st}, Schemas: deskSchemas{o}, Clock: in.app.Clock, Random: in.app.Random}
	w := &deskWork{o: o, p: p}
	shelf := parts.Open(filepath.Join(in.data, "uploads"))
	var schemas []*register.Schema
	for _, n := range o.regs.Names() {
		schemas = append(schemas, o.regs[n])
	}
	t.board = &operate.Board{Desk: d, Due: w, Team: deskTeam{in, o}, Size: in.st}
	t.uploads = &operate.Uploads{Desk: d, Parts: shelf, Shelf: shelf}
	locker := &operate.Locker{Desk: d, Files: o.blobs, Uploads: t.uploads}
	var err error
	if in.accounts != nil {
		if t.api, err = in.served(t, d, locker, w); err != nil {
			return nil, err
		}
	}
	t.desk = d
	return work.New(work.Options{
		Org: o.org.ID, Zone: o.program.Zone, Registers: schemas, Desk: d,
		Board:    t.board,
		Locker:   locker,
		Counter:  &operate.Counter{Books: in.st, Size: in.st},
		Controls: w, Checklists: w, Deviations: w, Keeping: keeping{in, o},
		Ready: func() bool { _, ok := p.latest(); return ok },
		Period: func(context.Context) (civil.Period, bool, error) {
			p, ok := o.program.Period()
			p.Zone = o.program.Zone
			return p, ok, nil
		},
		Vendors: func(context.Context) ([]assure.Subservice, error) { return o.system.Subservice, nil },
	})
}

// campaigns wires access reviews and policies.
func (in *installation) campaigns(t *tenant) (*campaign.Pages, error) {
	t.board.Reviews = &operate.Reviews{Desk: t.desk, Size: in.st, Team: t.board.Team, Due: t.board.Due}
	t.board.Policies = &operate.Policies{Desk: t.desk, Size: in.st, Texts: policyTexts{t.o}}
	return campaign.New(campaign.Options{Org: t.Org, Zone: t.o.program.Zone, Reviews: t.board.Reviews, Policies: t.board.Policies})
}

// SendAll hands all that one person is told over in one message.
func (c courier) SendAll(ctx context.Context, org id.Org, to string, list []operate.Notice) error {
	if len(list) == 1 {
		return c.Send(ctx, org, list[0])
	}
	if list[0].Open || !c.reaches(to) {
		return nil
	}
	var text strings.Builder
	for _, n := range list {
		when := "is due on " + n.Due.Long()
		if n.Late > 0 {
			when = fmt.Sprintf("was due on %s, %d business days ago", n.Due.Long(), n.Late)
		}
		fmt.Fprintf(&text, "- %s, %s (%s), %s.\n", n.Control, n.Title, n.Key, when)
		if n.IfMissed != "" {
			text.WriteString("  If it is missed: " + n.IfMissed + "\n")
		}
		if n.Path != "" && c.in.base != "" {
			text.WriteString("  " + c.in.base + "/o/" + c.t.Slug + n.Path + "\n")
		}
	}
	if c.in.base != "" {
		text.WriteString("\n" + c.in.base + "/o/" + c.t.Slug + "/\n")
	}
	return post{c.sender, c.in}.Send(ctx, to, fmt.Sprintf("%s: %d things wait for you", c.t.Name, len(list)), text.String())
}

// policyTexts gives the texts of policies that the program brought.
type policyTexts struct{ o *office }

// PolicyText gives the text of a policy; empty where there is none.
func (x policyTexts) PolicyText(_ context.Context, _ id.Org, policy string) (string, error) {
	for _, p := range x.o.policies {
		if p.ID == policy {
			return p.Text, nil
		}
	}
	return "", nil
}

// deskSchemas knows an organization's registers.
type deskSchemas struct{ o *office }

func (s deskSchemas) Schema(name string) *register.Schema { return s.o.regs[name] }

func (s deskSchemas) Ensure(ctx context.Context, org id.Org, x *register.Schema) error {
	return ensureOne(ctx, s.o.st, org, x)
}

// deskWork tells people's work what the latest run and the facts of the day say.
type deskWork struct {
	o *office
	p *pages

	mu   sync.Mutex
	of   *assure.Results // the run that found is of
	late []operate.Deviation
}

// Controls gives the controls in force, by id.
func (w *deskWork) Controls(context.Context, id.Org) ([]assure.Control, error) {
	list := w.o.controlsNow()
	slices.SortFunc(list, func(a, b assure.Control) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

// Due gives the instances that are open and due no later than the day.
func (w *deskWork) Due(ctx context.Context, _ id.Org, until civil.Date) ([]operate.Instance, error) {
	if _, ok := w.p.latest(); !ok || w.p.gauge.waits(ctx) {
		return nil, nil // nothing is known yet; the page says so
	}
	x, err := w.p.gauge.recent(ctx)
	if err != nil {
		return nil, err
	}
	missed := map[string]string{}
	if f, err := x.foreseen(); err == nil {
		for _, d := range f.DueSoon {
			missed[d.Control] = d.IfMissed
		}
	}
	controls := map[string]assure.Control{}
	for _, c := range w.o.controlsNow() {
		controls[c.ID] = c
	}
	var out []operate.Instance
	for _, i := range x.facts.Instances {
		c, ok := controls[i.Control]
		if !ok || i.Done != nil || i.Due > until {
			continue
		}
		owner := i.Owner
		if owner == "" {
			owner = c.Owner
		}
		out = append(out, operate.Instance{Control: i.Control, Title: c.Title, Owner: owner, Escalation: c.Escalation, Key: i.Key, Due: i.Due,
			Late: i.Due < x.day, IfMissed: missed[i.Control]})
	}
	return out, nil
}

// Deviations gives every item that deviates by the latest results, with when the last record came that it rests on. It is worked out
// once for a run.
func (w *deskWork) Deviations(ctx context.Context, _ id.Org) ([]operate.Deviation, error) {
	r, ok := w.p.latest()
	if !ok {
		return nil, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == r.res {
		return w.late, nil
	}
	owners := map[string]assure.Control{}
	for _, c := range w.o.controlsNow() {
		owners[c.ID] = c
	}
	var out []operate.Deviation
	for _, t := range r.res.Controls {
		for _, f := range t.Findings {
			if f.Verdict != assure.Deviation {
				continue
			}
			since, err := w.since(ctx, f)
			if err != nil {
				return nil, err
			}
			out = append(out, operate.Deviation{Control: t.Control, Test: t.Test, Item: f.Key, Title: t.Title, Owner: owners[t.Control].Owner,
				Reason: f.Reason, Event: f.EventTime, Since: since})
		}
	}
	w.of, w.late = r.res, out
	return out, nil
}

// since is when the last record came that a finding rests on, or for something that never happened when it was due.
func (w *deskWork) since(ctx context.Context, f assure.Finding) (civil.Instant, error) {
	var last civil.Instant
	for _, n := range f.Records {
		reg, key, version, ok := splitName(n)
		if !ok {
			continue
		}
		k, err := w.o.st.Lookup(ctx, w.o.org.ID, reg, key, version)
		if err != nil {
			continue // erased, or of the calendar
		}
		last = max(last, k.Received)
	}
	if last == 0 {
		if i, err := civil.ParseInstant(f.EventTime); err == nil {
			return i, nil
		}
		if d, err := civil.ParseDate(f.EventTime); err == nil {
			return w.o.program.Zone.Start(d + 1), nil
		}
	}
	return last, ctx.Err()
}

// Questions gives what persons are asked of an item of a control, in the version that is in force.
func (w *deskWork) Questions(_ context.Context, _ id.Org, control, _ string) ([]operate.Question, error) {
	latest := 0
	for _, u := range w.o.units {
		if u.Control == control {
			latest = max(latest, u.Version)
		}
	}
	var out []operate.Question
	for _, u := range w.o.units {
		if u.Control == control && u.Version == latest {
			out = append(out, questions(u)...)
		}
	}
	return out, nil
}

func questions(u examine.Unit) []operate.Question {
	var out []operate.Question
	for _, k := range u.Plan.Checks {
		if k.Person {
			out = append(out, operate.Question{Letter: k.ID, Text: k.Text, When: asksWhen(k)})
		}
	}
	return out
}

// keeping knows which registers people keep here.
type keeping struct {
	in *installation
	o  *office
}

// Kept reads the organization's word.
func (k keeping) Kept(ctx context.Context, reg string) (bool, error) {
	size, err := k.in.st.Size(ctx, k.o.org.ID)
	if err != nil {
		return false, err
	}
	return k.o.keptHere(ctx, reg, size)
}

// Keep seals it.
func (k keeping) Keep(ctx context.Context, reg, by string) error {
	return k.in.seal(ctx, k.o.org.ID, record.Kept, reg, map[string]string{"register": reg, "by": by, "at": civil.InstantOf(k.in.app.Clock()).String()})
}

// deskTeam knows who belongs to an organization, and who holds which title.
type deskTeam struct {
	in *installation
	o  *office
}

// Members lists who can be assigned something, by name.
func (t deskTeam) Members(ctx context.Context, org id.Org) ([]operate.Member, error) {
	return t.in.members(ctx, org)
}

// Holders reads the register of titles.
func (t deskTeam) Holders(ctx context.Context, org id.Org) (map[string][]string, error) {
	now := civil.InstantOf(t.in.app.Clock())
	out := map[string][]string{}
	list, _, err := t.in.st.List(ctx, org, t.o.regs["titles"], record.Query{Limit: 1000})
	for _, k := range list {
		var b struct{ Title, Holder, From, Until string }
		if err := json.Unmarshal(k.Body, &b); err != nil {
			return nil, err
		}
		if from, err := civil.ParseInstant(b.From); err == nil && from > now {
			continue
		}
		if until, err := civil.ParseInstant(b.Until); err == nil && until <= now {
			continue
		}
		title := strings.ToLower(b.Title)
		out[title] = append(out[title], strings.ToLower(b.Holder))
	}
	return out, err
}

// working are the roles of those who can be assigned something.
var working = []access.Role{access.Lead, access.Owner, access.Contributor}
