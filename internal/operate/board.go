package operate

import (
	"context"
	"sync"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Member is somebody who belongs to the organization.
type Member struct{ Email, Name string }

// Team knows who belongs to an organization.
type Team interface {
	// Members lists who can be assigned something, by name.
	Members(ctx context.Context, org id.Org) ([]Member, error)
	// Holders says who holds a title of a control's owner or path, by its lower-case name.
	Holders(ctx context.Context, org id.Org) (map[string][]string, error)
}

// Sizer gives the size of a ledger: while it stays, nothing was recorded. It is cheap.
type Sizer interface {
	Size(ctx context.Context, org id.Org) (int64, error)
}

// Board has tasks ready: what it read is kept until something is recorded.
type Board struct {
	Desk *Desk
	Due  Due
	Team Team
	Size Sizer

	// What people are reminded of besides; nil: not of these.
	Reviews  *Reviews
	Policies *Policies

	mu   sync.Mutex
	kept map[id.Org]*state
	work sync.Mutex // held by whoever makes a list; who asks meanwhile has the one before, where there is one

	owing map[id.Org]*owing // under mu
	owed  sync.Mutex
}

// state is what the registers say of people's work at one size of the ledger. It is not changed once made, apart from the tasks.
type state struct {
	size        int64
	tasks       map[civil.Date]*taskList // under the board's lock
	assignments []Assignment
	delegations []Delegation
	answers     map[string]Answer
}

func (b *Board) state(ctx context.Context, org id.Org) (*state, error) {
	size, err := b.Size.Size(ctx, org)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	s := b.kept[org]
	b.mu.Unlock()
	if s != nil && s.size == size {
		return s, nil
	}
	s = &state{size: size, tasks: map[civil.Date]*taskList{}}
	if s.assignments, err = b.Desk.Assignments(ctx, org); err != nil {
		return nil, err
	}
	if s.delegations, err = b.Desk.Delegations(ctx, org); err != nil {
		return nil, err
	}
	if s.answers, err = b.Desk.Answers(ctx, org); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[id.Org]*state{}
	}
	b.kept[org] = s
	return s, nil
}

// fresh is how long tasks are kept although nothing was recorded: a run of the tests may end meanwhile, and a day.
const fresh = 5 * 1e6 // microseconds

// stale is how old a list may be that others have while one makes it anew.
const stale = 12 * fresh

// taskList are the tasks due up to a day, all and by person.
type taskList struct {
	at    civil.Instant
	all   []Task
	byWho map[string][]Task
}

// have gives the list that is kept, and whether it is fresh.
func (b *Board) have(s *state, until civil.Date, now civil.Instant) (*taskList, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := s.tasks[until]
	return l, l != nil && now >= l.at-fresh && now < l.at+fresh
}

func (b *Board) list(ctx context.Context, org id.Org, until civil.Date) (*taskList, error) {
	s, err := b.state(ctx, org)
	if err != nil {
		return nil, err
	}
	now := b.Desk.Now()
	l, ok := b.have(s, until, now)
	if ok {
		return l, nil
	}
	if l == nil || now >= l.at+stale {
		b.work.Lock()
	} else if !b.work.TryLock() {
		return l, nil
	}
	defer b.work.Unlock()
	if l, ok := b.have(s, until, now); ok {
		return l, nil
	}
	due, err := b.Due.Due(ctx, org, until)
	if err != nil {
		return nil, err
	}
	holders, err := b.Team.Holders(ctx, org)
	if err != nil {
		return nil, err
	}
	l = &taskList{at: now, all: Tasks(Knowledge{due, holders, s.assignments, s.delegations, now}), byWho: map[string][]Task{}}
	for _, t := range l.all {
		l.byWho[fold(t.Who)] = append(l.byWho[fold(t.Who)], t)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(s.tasks) > 8 { // days pass
		clear(s.tasks)
	}
	s.tasks[until] = l
	return l, nil
}

// Tasks gives whose turn each open instance is that is due no later than the day. The list is not to be changed.
func (b *Board) Tasks(ctx context.Context, org id.Org, until civil.Date) ([]Task, error) {
	l, err := b.list(ctx, org, until)
	if err != nil {
		return nil, err
	}
	return l.all, nil
}

// TasksOf gives the tasks of one person. The list is not to be changed.
func (b *Board) TasksOf(ctx context.Context, org id.Org, email string, until civil.Date) ([]Task, error) {
	l, err := b.list(ctx, org, until)
	if err != nil {
		return nil, err
	}
	return l.byWho[fold(email)], nil
}

// Assignment gives who an instance was assigned to; nil where nobody assigned it.
func (b *Board) Assignment(ctx context.Context, org id.Org, control, key string) (*Assignment, error) {
	s, err := b.state(ctx, org)
	if err != nil {
		return nil, err
	}
	for _, a := range s.assignments {
		if a.Control == control && a.Key == key {
			return &a, nil
		}
	}
	return nil, nil
}

// Delegations gives who may act for whom.
func (b *Board) Delegations(ctx context.Context, org id.Org) ([]Delegation, error) {
	s, err := b.state(ctx, org)
	if err != nil {
		return nil, err
	}
	return s.delegations, nil
}

// Answers gives management's answers, by test and item joined with a line end. The map is not to be changed.
func (b *Board) Answers(ctx context.Context, org id.Org) (map[string]Answer, error) {
	s, err := b.state(ctx, org)
	if err != nil {
		return nil, err
	}
	return s.answers, nil
}

// Counter counts the current records of registers, and keeps the figures until something is recorded.
type Counter struct {
	Books record.Lister
	Size  Sizer

	mu   sync.Mutex
	kept map[id.Org]*counts
}

type counts struct {
	size int64
	by   map[string]int64
}

// Counts gives how many records each of the registers has. The map is not to be changed.
func (c *Counter) Counts(ctx context.Context, org id.Org, schemas []*register.Schema) (map[string]int64, error) {
	size, err := c.Size.Size(ctx, org)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	k := c.kept[org]
	c.mu.Unlock()
	if k != nil && k.size == size && len(k.by) == len(schemas) {
		return k.by, nil
	}
	k = &counts{size, make(map[string]int64, len(schemas))}
	for _, s := range schemas {
		if _, k.by[s.Name], err = c.Books.List(ctx, org, s, record.Query{Limit: 1}); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[id.Org]*counts{}
	}
	c.kept[org] = k
	return k.by, nil
}
