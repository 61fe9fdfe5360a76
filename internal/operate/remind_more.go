package operate

import (
	"context"
	"net/url"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// courseControl is the control that trainings perform.
const courseControl = "GOV-05"

// actionControls say whose path an action follows that is late, by the register of what it came out of; that of incidents otherwise.
var actionControls = []struct{ register, control string }{{"exercises", "INC-05"}, {"meetings", "GOV-02"}, {"risks", "RSK-02"}}

const actionControl = "INC-04"

// WaitingActions gives the open actions as tasks of their owners.
func (d *Desk) WaitingActions(ctx context.Context, a Actor, paths Paths) ([]Task, error) {
	list, err := d.Facts(ctx, a.Org, "actions")
	if err != nil {
		return nil, err
	}
	today := a.Zone.DateOf(d.Now())
	origin := map[string]string{}
	for _, x := range actionControls {
		from, err := d.Facts(ctx, a.Org, x.register)
		if err != nil {
			return nil, err
		}
		for _, f := range from {
			origin[f.Key] = x.control
		}
	}
	who, err := d.everybody(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, f := range list {
		c := ActionClock(f, today)
		if !c.Open() || f.Text("owner") == "" {
			continue
		}
		control := or(origin[f.Text("origin")], actionControl)
		out = append(out, owes(who, f.Text("owner"), Instance{Control: control, Title: or(f.Text("title"), "an action"), Escalation: paths(control), Key: f.Key, Due: *c.Due, Late: *c.Due < today,
			Duty: CloseAction, Name: or(f.Text("title"), f.Key), Path: "/actions/" + url.PathEscape(f.Key)}))
	}
	return out, nil
}

// WaitingCourses gives the courses that people in service have not completed as tasks.
func (d *Desk) WaitingCourses(ctx context.Context, a Actor, paths Paths) ([]Task, error) {
	list, err := d.Courses(ctx, a.Org, a.Zone)
	if err != nil {
		return nil, err
	}
	today := a.Zone.DateOf(d.Now())
	var out []Task
	for _, c := range list {
		for _, l := range c.Learners {
			if !l.Clock.Open() || l.Clock.Due == nil {
				continue
			}
			out = append(out, owes(nil, or(l.Email, l.Person), Instance{Control: courseControl, Title: "complete the course " + c.Title, Escalation: paths(courseControl), Key: joined(c.ID, l.Clock.Due.String()), Due: *l.Clock.Due, Late: *l.Clock.Due < today,
				Duty: TakeCourse, Name: c.Title, Path: "/trainings/" + url.PathEscape(c.ID)}))
		}
	}
	return out, nil
}

// CloseOwn records that the actor has done an action that is theirs, on a day. Who reads no records does so from their list of tasks.
func (d *Desk) CloseOwn(ctx context.Context, a Actor, key, on string) (Saved, error) {
	if err := a.check(); err != nil {
		return Saved{}, err
	}
	h, err := d.Books.History(ctx, a.Org, "actions", key)
	if err != nil {
		return Saved{}, err
	}
	f, err := NewFact(h[len(h)-1])
	if err != nil {
		return Saved{}, err
	}
	who, err := d.everybody(ctx, a.Org)
	if err != nil {
		return Saved{}, err
	}
	day := date(strings.TrimSpace(on))
	switch {
	case !who.same(f.Text("owner"), a.Email): // of the actions of others nobody learns that they exist
		return Saved{}, &fault.Error{Kind: fault.NotFound, What: "no action " + key + " of yours"}
	case f.Day("closed_on") != nil:
		return Saved{}, fault.Refuse("the action was closed on %s", f.Day("closed_on"))
	case day == nil:
		return Saved{}, fault.At("", 0, "on", "%q is no day; expected one such as 2026-11-26", on)
	case *day > a.Zone.DateOf(d.Now()):
		return Saved{}, fault.At("", 0, "on", "%s lies ahead: it is not done yet", day)
	}
	return d.Change(ctx, a, "actions", key, f.Version, map[string]string{"closed_on": day.String()})
}

// owes is a task of one person, named by their address where one is known.
func owes(p *persons, login string, i Instance) Task {
	if p != nil {
		login = or(p.reach(login), login)
	}
	return Task{Instance: i, Who: fold(login), Why: Owned, Open: !strings.Contains(login, "@")}
}
