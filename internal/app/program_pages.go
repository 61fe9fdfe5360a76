package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/civil"
	enginesqlite "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/web/program"
)

var (
	_ program.Program = (*programPages)(nil)
	_ program.Changes = (*programPages)(nil)
	_ program.Facts   = (*programPages)(nil)
	_ program.Cases   = (*trial)(nil)
)

// programParts are the registers whose records make a program.
var programParts = []string{record.Program, record.Controls, record.System, record.Policies, record.Registers}

// programPages lets people keep the program from pages. Changes of one organization are made one after another.
type programPages struct {
	in   *installation
	slug string
	o    *office
	p    *pages
	one  *sync.Mutex // of the organization, over all versions of its program

	mu      sync.Mutex // over what follows; held by who works it out, so that of many who ask one does
	of      *assure.Results
	acted   map[string]bool
	known   program.Known
	facts   bool // known is of the run
	size    int64
	changes []scope.Proposal
}

// programs wires the pages of the program.
func (in *installation) programs(slug string, o *office, p *pages, desk *operate.Desk) (*program.Pages, error) {
	x := &programPages{in: in, slug: slug, o: o, p: p, one: in.tenants.lock(o.org.ID)}
	return program.New(program.Options{
		Program: x, Changes: x, Facts: x, Persons: samePerson{desk, o.org.ID}, Cases: &trial{in.app, o.regs}, Registers: o.regs,
		Now:   func() civil.Instant { return civil.InstantOf(in.app.Clock()) },
		NewID: func() (string, error) { return id.New("change", in.app.Clock(), in.app.Random) },
	})
}

// samePerson tells which addresses are, or ever were, one person's by the registers of an organization.
type samePerson struct {
	desk *operate.Desk
	org  id.Org
}

// Same compares two addresses.
func (x samePerson) Same(ctx context.Context, a, b string) (bool, error) {
	return x.desk.SamePerson(ctx, x.org, a, b)
}

// Program gives the program in force. Its revision is the place behind the last record that it is made of.
func (x *programPages) Program(ctx context.Context) (scope.Folder, int64, error) {
	o, err := x.now(ctx)
	if err != nil {
		return scope.Folder{}, 0, err
	}
	return o.folder(), o.revision, nil
}

// now is the organization as its pages have it at this moment.
func (x *programPages) now(ctx context.Context) (*office, error) {
	t, err := x.in.tenants.open(ctx, x.slug)
	if err != nil {
		return nil, err
	}
	return t.o, nil
}

// Apply makes a program the organization's.
func (x *programPages) Apply(ctx context.Context, by access.Visitor, to scope.Folder, base int64, also *program.Kept) error {
	x.one.Lock()
	defer x.one.Unlock()
	o, err := x.now(ctx)
	if err != nil {
		return err
	}
	if o.revision != base {
		return &fault.Error{Kind: fault.Busy, What: "somebody changed the program meanwhile", Hint: "look at what it says now, and make the change again"}
	}
	now := o.folder()
	if _, err := to.Program.Check(); err != nil {
		return err
	}
	if to.Program.Name != now.Program.Name || to.Program.Zone.String() != now.Program.Zone.String() {
		return fault.Refuse("the name of an organization and its time zone cannot be changed")
	}
	if err := stays(now, to); err != nil {
		return err
	}
	starter, err := registers.Load()
	if err != nil {
		return err
	}
	drafts, err := programDrafts(to, now, schemas(starter))
	if err != nil {
		return err
	}
	if also != nil {
		d, err := x.draft(ctx, by, *also)
		if err != nil {
			return err
		}
		drafts = append(drafts, d)
	}
	if len(drafts) == 0 {
		return nil
	}
	pull, err := id.NewPull(x.in.app.Clock(), x.in.app.Random)
	if err != nil {
		return err
	}
	if _, err := x.in.st.Append(ctx, o.org.ID, pull, drafts); err != nil {
		return err
	}
	return x.in.tenants.reload(context.WithoutCancel(ctx), x.slug)
}

// Past gives the program as it stood when the ledger had so many records.
func (x *programPages) Past(ctx context.Context, size int64) (scope.Folder, error) {
	o := &office{app: x.o.app, st: x.o.st, data: x.o.data, org: x.o.org, blobs: x.o.blobs}
	if err := o.loadAt(ctx, size); err != nil {
		return scope.Folder{}, err
	}
	return o.folder(), nil
}

// Changes lists the latest version of each proposal, the newest first. It is read once for a size of the ledger, and not written to.
func (x *programPages) Changes(ctx context.Context) ([]scope.Proposal, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	size, err := x.in.st.Size(ctx, x.o.org.ID)
	if err != nil {
		return nil, err
	}
	if x.size == size && size > 0 {
		return x.changes, nil
	}
	var out []scope.Proposal
	err = x.o.made(ctx, scope.Proposals, "prepared_at", func(k record.Known) error { // what nobody proposed here is none
		p, err := proposal(k)
		out = append(out, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	x.size, x.changes = size, out
	return out, nil
}

func proposal(k record.Known) (p scope.Proposal, err error) {
	if err = json.Unmarshal(k.Body, &p); err != nil {
		err = fmt.Errorf("read %s: %w", k.Name(), err)
	}
	return p, err
}

// Change gives every version of a proposal, the first first.
func (x *programPages) Change(ctx context.Context, key string) ([]scope.Proposal, error) {
	list, err := x.in.st.History(ctx, x.o.org.ID, scope.Proposals, key)
	if err != nil {
		return nil, err
	}
	var out []scope.Proposal
	for _, k := range list {
		if k.Source != operate.Source {
			continue // nobody proposed it here
		}
		p, err := proposal(k)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, fault.NotFound
	}
	return out, nil
}

// Keep appends a version of a proposal.
func (x *programPages) Keep(ctx context.Context, by access.Visitor, k program.Kept) error {
	d, err := x.draft(ctx, by, k)
	if err != nil {
		return err
	}
	pull, err := id.NewPull(x.in.app.Clock(), x.in.app.Random)
	if err != nil {
		return err
	}
	_, err = x.in.st.Append(ctx, x.o.org.ID, pull, []record.Draft{d})
	return err
}

func (x *programPages) draft(ctx context.Context, by access.Visitor, k program.Kept) (record.Draft, error) {
	s := x.o.regs[scope.Proposals]
	if err := ensureOne(ctx, x.in.st, x.o.org.ID, s); err != nil {
		return record.Draft{}, err
	}
	b, err := json.Marshal(k.Proposal)
	if err != nil {
		return record.Draft{}, err
	}
	v, err := register.ParseJSON(scope.Proposals, 0, b)
	if err != nil {
		return record.Draft{}, err
	}
	fields := append(v.Members, register.Member{Name: operate.EnteredBy, Value: register.Value{Kind: register.String, Text: by.Email}})
	row, err := register.Convert(s, "", register.Input{Fields: fields})
	if err != nil {
		return record.Draft{}, err
	}
	row.Version = k.Version
	return record.Draft{Row: row, Source: operate.Source}, nil
}

// run makes what follows that of the latest run, whose results it gives. The lock is held.
func (x *programPages) run() (*assure.Results, bool) {
	r, ok := x.p.latest()
	if ok && x.of != r.res {
		x.of, x.acted, x.facts = r.res, map[string]bool{}, false
		for _, t := range r.res.Controls {
			x.acted[t.Control] = x.acted[t.Control] || t.Population > 0
		}
	}
	return x.of, ok
}

// Acted names the controls whose tests found at least one item, by the latest run. What it returns is not written to.
func (x *programPages) Acted(context.Context) (map[string]bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, ok := x.run(); !ok {
		return nil, nil
	}
	return x.acted, nil
}

// Walkthroughs of a control, the latest first.
func (x *programPages) Walkthroughs(ctx context.Context, control string) ([]program.Walkthrough, error) {
	list, _, err := x.in.st.List(ctx, x.o.org.ID, x.o.regs["walkthroughs"], record.Query{Limit: 100, Sort: "performed_on", Desc: true,
		Where: []record.Match{{Field: "control", Op: "=", Value: control}}})
	if err != nil {
		return nil, err
	}
	var out []program.Walkthrough
	for _, k := range list {
		var b struct {
			Item, Observed, Differs, Evidence string
			By                                string     `json:"performed_by"`
			On                                civil.Date `json:"performed_on"`
		}
		if err := json.Unmarshal(k.Body, &b); err != nil {
			return nil, fmt.Errorf("read %s: %w", k.Name(), err)
		}
		out = append(out, program.Walkthrough{ID: k.Key, By: b.By, Item: b.Item, Observed: b.Observed, Differs: b.Differs, Evidence: b.Evidence, On: b.On})
	}
	return out, nil
}

// Known is what a report draws its description from beside the program, by the latest run. It is read once for a run, and not written to.
func (x *programPages) Known(ctx context.Context) (program.Known, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	res, ok := x.run()
	if !ok || x.o.asOf("") {
		return program.Known{}, nil
	}
	if x.facts {
		return x.known, nil
	}
	f, err := x.o.facts(ctx, x.o.program.Report, *res)
	if errors.Is(err, fault.Refused) {
		f, err = report.Facts{}, nil // a kind that cannot be drafted has no facts yet
	}
	if err != nil {
		return program.Known{}, err
	}
	x.known, x.facts = program.Known{Systems: f.Systems, Incidents: f.Incidents, Amended: f.Amended}, true
	return x.known, nil
}

// trial runs tests over records laid out for them, in a store of its own that is gone afterwards.
type trial struct {
	app  *App
	regs schemas
}

// Run answers every item that the rows make.
func (t *trial) Run(ctx context.Context, plan *rule.Plan, w rule.World, rows []*register.Row) (out []rule.Answered, err error) {
	dir, err := os.MkdirTemp("", "assay-trial-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	then := time.Unix(0, 0).UTC()
	c := t.app.config(dir, false)
	c.Anchor, c.Clock = "", func() time.Time { return then }
	st, err := sqlite.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	org, err := id.NewOrg(then, t.app.Random)
	if err != nil {
		return nil, err
	}
	if err := st.CreateOrg(ctx, record.Org{ID: org, Name: "Trial", Zone: w.Period.Zone.String(), Created: civil.InstantOf(then)}); err != nil {
		return nil, err
	}
	names := plan.Registers()
	for _, r := range rows {
		if !slices.Contains(names, r.Register) {
			names = append(names, r.Register)
		}
	}
	for _, n := range append(names, "people", "aliases") {
		if s := t.regs[n]; s != nil {
			if err := ensureOne(ctx, st, org, s); err != nil {
				return nil, err
			}
		}
	}
	var drafts []record.Draft
	for _, r := range rows {
		drafts = append(drafts, record.Draft{Row: r, Source: "case"})
	}
	if len(drafts) > 0 {
		if _, err := st.Append(ctx, org, "", drafts); err != nil {
			return nil, err
		}
	}
	size, err := st.Size(ctx, org)
	if err != nil {
		return nil, err
	}
	s, err := enginesqlite.New(st.Reader(), t.regs.Schema).Open(ctx, string(org), size, w.Period, w.Holidays, 1)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	err = s.Run(ctx, plan, w, nil, true, func(a rule.Answered) error {
		a.Verdicts = slices.Clone(a.Verdicts)
		out = append(out, a)
		return nil
	})
	slices.SortFunc(out, func(a, b rule.Answered) int { return cmp.Compare(strings.ToLower(a.Key), strings.ToLower(b.Key)) })
	return out, err
}
