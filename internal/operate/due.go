package operate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// Instance is one open occurrence of a control: due soon, today, or late.
type Instance struct {
	Control, Title string
	Owner          string // a title such as "Head of Security", or a person
	Escalation     string // the path, as the control states it
	Key            string // such as a quarter
	Due            civil.Date
	Late           bool
	IfMissed       string // what one day late would do to the report

	// Of what is no instance of a control's calendar.
	Duty  Duty
	Name  string // of the system, policy, course or action
	Count int    // of the rows
	Path  string // where it is done, below the organization
}

// Duty is what somebody owes beside the instances of controls; empty for these.
type Duty string

// The duties.
const (
	DecideRows   Duty = "rows"
	AcceptPolicy Duty = "policy"
	TakeCourse   Duty = "course"
	CloseAction  Duty = "action"
)

// ID tells instances apart.
func (i Instance) ID() string { return i.Control + "\n" + i.Key }

// Due knows the open instances. It is prepared: asking costs no scan.
type Due interface {
	// Due gives the instances of the organization that are open and due no later than the day.
	Due(ctx context.Context, org id.Org, until civil.Date) ([]Instance, error)
}

// Assignment says who does an instance.
type Assignment struct {
	Control, Key, Assignee, By, Note string
	At                               civil.Instant
	Version                          int
}

// Delegation says who may act for whom.
type Delegation struct {
	ID, From, To, Duty string // duty: a control, or empty for all
	Recorded           civil.Instant
	Starts             civil.Instant
	Ends               civil.Instant // civil.Never while it has no end
	Version            int
}

// Covers reports whether the delegation holds for a control at an instant. It covers nothing before it was recorded.
func (d Delegation) Covers(control string, at civil.Instant) bool {
	return at >= d.Recorded && at >= d.Starts && at < d.Ends && (d.Duty == "" || d.Duty == control)
}

// Why says for what reason a task is somebody's.
type Why string

// The reasons.
const (
	Owned     Why = "owned"     // the control is theirs
	Assigned  Why = "assigned"  // somebody assigned it
	Delegated Why = "delegated" // whose it is delegated it
)

// Task is an instance with whose turn it is.
type Task struct {
	Instance
	Who  string // a person's address, or a title that nobody holds
	Why  Why
	From string // who assigned or delegated it
	Open bool   // nobody is named: Who is a title
}

// Knowledge is what tasks are made from.
type Knowledge struct {
	Instances   []Instance
	Holders     map[string][]string // who holds a title, by its lower-case name
	Assignments []Assignment
	Delegations []Delegation
	Now         civil.Instant
}

// Tasks says whose turn each instance is: of whom it was assigned to, else of whoever holds the owner's title, and of those to whom
// that person delegated it before now. An instance of several holders is a task of each.
func Tasks(k Knowledge) []Task {
	assigned := map[string]Assignment{}
	for _, a := range k.Assignments {
		assigned[a.Control+"\n"+a.Key] = a
	}
	by := map[string][]Delegation{}
	for _, d := range k.Delegations {
		by[fold(d.From)] = append(by[fold(d.From)], d)
	}
	var out []Task
	for _, i := range k.Instances {
		var mine []Task
		if a, ok := assigned[i.ID()]; ok {
			mine = []Task{{Instance: i, Who: a.Assignee, Why: Assigned, From: a.By}}
		} else {
			mine = owned(i, k.Holders)
		}
		for _, t := range mine {
			out = append(out, t)
			for _, d := range by[fold(t.Who)] {
				if d.Covers(i.Control, k.Now) && fold(d.To) != fold(t.Who) {
					out = append(out, Task{Instance: i, Who: d.To, Why: Delegated, From: d.From})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Task) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), strings.Compare(a.Control, b.Control), strings.Compare(a.Key, b.Key))
	})
	return out
}

func owned(i Instance, holders map[string][]string) []Task {
	var out []Task
	for _, who := range strings.Split(i.Owner, ", ") {
		held := holders[fold(who)]
		for _, h := range held {
			out = append(out, Task{Instance: i, Who: h, Why: Owned})
		}
		if len(held) == 0 {
			out = append(out, Task{Instance: i, Who: who, Why: Owned, Open: !strings.Contains(who, "@")})
		}
	}
	return out
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Of gives the tasks of one person.
func Of(tasks []Task, email string) []Task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t Task) bool { return fold(t.Who) != fold(email) })
}

// Agenda is a person's day: nothing stands in two of its lists.
type Agenda struct {
	Late  []Task // due before today
	Today []Task // due today
	Soon  []Task // due within the days asked for
	Later []Task
}

// Plan sorts tasks by when they are due. One instance that is two tasks, such as an own one and a delegated one, stands once.
func Plan(tasks []Task, today civil.Date, days int) Agenda {
	var a Agenda
	seen := map[string]bool{}
	for _, t := range tasks {
		if seen[t.ID()] {
			continue
		}
		seen[t.ID()] = true
		switch {
		case t.Late || t.Due < today:
			a.Late = append(a.Late, t)
		case t.Due == today:
			a.Today = append(a.Today, t)
		case t.Due <= today+civil.Date(days):
			a.Soon = append(a.Soon, t)
		default:
			a.Later = append(a.Later, t)
		}
	}
	return a
}

// Assign has somebody do an instance. The version is the one that was seen; 0 when there was none.
func (d *Desk) Assign(ctx context.Context, a Actor, control, key, assignee, note string, version int) error {
	if err := a.check(); err != nil {
		return err
	}
	var ms members
	ms.text("control", control)
	ms.text("instance", key)
	ms.text("assignee", fold(assignee))
	ms.text("assigned_by", a.Email)
	ms.text("assigned_at", d.Now().String())
	ms.text("note", note)
	return d.act(ctx, a, assignments, version, ms)
}

// act appends the next version of a record that an act makes.
func (d *Desk) act(ctx context.Context, a Actor, name string, version int, ms members) error {
	row, err := d.put(ctx, a, name, version+1, ms)
	if row == nil || err == nil {
		return err
	}
	if h, look := d.Books.History(ctx, a.Org, name, row.Key); look == nil && h[len(h)-1].Version > version {
		return &Stale{Register: name, Key: row.Key, Drawn: version, Current: h[len(h)-1], Mine: row.Body}
	}
	return err
}

// Delegate lets somebody act for the person from now on, or from a later day. Nothing before this moment is covered.
func (d *Desk) Delegate(ctx context.Context, a Actor, from, to, duty string, starts, ends civil.Instant) error {
	if err := a.check(); err != nil {
		return err
	}
	now := d.Now()
	switch {
	case fold(from) == fold(to):
		return fault.At("", 0, "to", "nobody delegates to themselves; expected another person")
	case starts < now:
		starts = now
	}
	if ends != civil.Never && ends <= starts {
		return fault.At("", 0, "ends", "the delegation ends before it begins; expected a later day")
	}
	key, err := d.mint("delegation")
	if err != nil {
		return err
	}
	var ms members
	ms.text("delegation_id", key)
	ms.text("from_person", fold(from))
	ms.text("to_person", fold(to))
	ms.text("duty", duty)
	ms.text("recorded_on", now.String())
	ms.text("starts_at", starts.String())
	if ends != civil.Never {
		ms.text("ends_at", ends.String())
	}
	return d.act(ctx, a, delegations, 0, ms)
}

// Withdraw ends a delegation now. What was done under it stays covered.
func (d *Desk) Withdraw(ctx context.Context, a Actor, x Delegation) error {
	if err := a.check(); err != nil {
		return err
	}
	h, err := d.Books.History(ctx, a.Org, delegations, x.ID)
	if err != nil {
		return err
	}
	was, err := body(h[len(h)-1])
	if err != nil {
		return err
	}
	now := d.Now()
	var ms members
	for _, n := range []string{"delegation_id", "from_person", "to_person", "duty", "recorded_on", "starts_at"} {
		ms.text(n, was[n])
	}
	ms.text("ends_at", max(now, x.Starts).String())
	return d.act(ctx, a, delegations, x.Version, ms)
}

// Assignments reads who does what.
func (d *Desk) Assignments(ctx context.Context, org id.Org) ([]Assignment, error) {
	var out []Assignment
	err := d.all(ctx, org, assignments, record.Query{}, func(k record.Known) error {
		b, err := body(k)
		at, _ := instant(b["assigned_at"])
		out = append(out, Assignment{b["control"], b["instance"], b["assignee"], b["assigned_by"], b["note"], at, k.Version})
		return err
	})
	return out, err
}

// Delegations reads who may act for whom. A version counts from when it reached us, whatever it claims.
func (d *Desk) Delegations(ctx context.Context, org id.Org) ([]Delegation, error) {
	var out []Delegation
	err := d.all(ctx, org, delegations, record.Query{}, func(k record.Known) error {
		b, err := body(k)
		recorded, _ := instant(b["recorded_on"])
		recorded = max(recorded, k.Received)
		starts, ok := instant(b["starts_at"])
		if !ok {
			starts = recorded
		}
		ends, ok := instant(b["ends_at"])
		if !ok {
			ends = civil.Never
		}
		out = append(out, Delegation{b["delegation_id"], b["from_person"], b["to_person"], b["duty"], recorded, starts, ends, k.Version})
		return err
	})
	return out, err
}

// String names a task in a log.
func (t Task) String() string { return fmt.Sprintf("%s/%s due %s: %s", t.Control, t.Key, t.Due, t.Who) }
