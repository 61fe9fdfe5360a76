package operate

import (
	"context"
	"strings"

	"github.com/assayhq/assay/internal/civil"
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
		out = append(out, owes(who, f.Text("owner"), Instance{Control: control, Title: or(f.Text("title"), "an action"), Escalation: paths(control), Key: f.Key, Due: *c.Due, Late: *c.Due < today}))
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
			out = append(out, owes(nil, or(l.Email, l.Person), Instance{Control: courseControl, Title: "complete the course " + c.Title, Escalation: paths(courseControl), Key: joined(c.ID, l.Clock.Due.String()), Due: *l.Clock.Due, Late: *l.Clock.Due < today}))
		}
	}
	return out, nil
}

// owes is a task of one person, named by their address where one is known.
func owes(p *persons, login string, i Instance) Task {
	if p != nil {
		login = or(p.reach(login), login)
	}
	return Task{Instance: i, Who: fold(login), Why: Owned, Open: !strings.Contains(login, "@")}
}

// within reports whether a task is due in a span of days, both included.
func (t Task) within(since, until civil.Date) bool { return t.Due >= since && t.Due <= until }
