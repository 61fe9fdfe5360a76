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
)

// The registers of trainings.
const (
	trainings = "trainings"
	courses   = "courses"
)

// Of a course: how often people owe it, and how long they have from their start and from each anniversary of it (GOV-05).
const (
	courseMonths = 12
	courseDays   = 30
)

// engineersCourse is for engineers by the test of GOV-05, whatever the register of courses says.
const engineersCourse = "secure-coding"

// Learner is somebody in service who owes a course.
type Learner struct {
	Person, Email string
	Clock         Clock       // of the round that is open; once it is completed, of the one that was
	Last          *civil.Date // when they last completed it
	Version       string
	Away          bool // on leave, and not back: the course falls due anew after it
}

// Course is a course with everybody in service who owes it, those that are latest first.
type Course struct {
	Fact
	ID, Title, Audience    string
	Learners               []Learner
	Done, Late, Near, Open int // of the learners: in time for now, overdue, due within 30 days, due later
}

// Courses gives the courses that the registers know, by title, with who owes them today.
func (d *Desk) Courses(ctx context.Context, org id.Org, zone civil.Zone) ([]Course, error) {
	var r roster
	if err := r.read(ctx, d, org, zone); err != nil {
		return nil, err
	}
	var out []Course
	for _, f := range r.courses {
		c := Course{Fact: f, ID: f.Key, Title: or(f.Text("title"), f.Key), Audience: f.Text("audience")}
		r.fill(&c)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Course) int {
		return cmp.Or(strings.Compare(fold(a.Title), fold(b.Title)), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// roster is what the registers say of who is in service and what they completed.
type roster struct {
	who     *persons
	workers []Fact // one for each person in service
	courses []Fact
	passed  map[string]map[string][]Fact // by person and course
	away    map[string][]Fact            // by person
	today   civil.Date
}

func (r *roster) read(ctx context.Context, d *Desk, org id.Org, zone civil.Zone) (err error) {
	now := d.Now()
	r.today = zone.DateOf(now)
	if r.who, err = d.everybody(ctx, org); err != nil {
		return err
	}
	lists := map[string][]Fact{}
	for _, name := range []string{people, courses, trainings, "absences"} {
		if lists[name], err = d.Facts(ctx, org, name); err != nil {
			return err
		}
	}
	at := map[string]int{}
	for _, f := range lists[people] { // of several employments in service the one that began last
		who := r.who.of(f.Text("person_id"))
		if !serves(f.said, zone, now) {
			continue
		}
		if i, ok := at[who]; !ok {
			at[who] = len(r.workers)
			r.workers = append(r.workers, f)
		} else if dayOf(f.Day("started_on")) > dayOf(r.workers[i].Day("started_on")) {
			r.workers[i] = f
		}
	}
	r.passed, r.away = map[string]map[string][]Fact{}, map[string][]Fact{}
	known := map[string]bool{}
	r.courses = lists[courses]
	for _, f := range r.courses {
		known[f.Key] = true
	}
	for _, f := range lists[trainings] {
		who, course := r.who.of(f.Text("person_id")), f.Text("course")
		if r.passed[who] == nil {
			r.passed[who] = map[string][]Fact{}
		}
		r.passed[who][course] = append(r.passed[who][course], f)
		if course != "" && !known[course] { // the test asks for every course that somebody completed
			known[course] = true
			r.courses = append(r.courses, Fact{Key: course})
		}
	}
	for _, f := range lists["absences"] {
		who := r.who.of(f.Text("person_id"))
		r.away[who] = append(r.away[who], f)
	}
	return nil
}

// fill works out who owes a course.
func (r *roster) fill(c *Course) {
	engineers := c.ID == engineersCourse || fold(c.Audience) == "engineers"
	for _, w := range r.workers {
		if yes, _ := w.Truth("engineer"); engineers && !yes {
			continue
		}
		who := r.who.of(w.Text("person_id"))
		l := Learner{Person: who, Email: r.who.address[who]}
		var days []civil.Date
		for _, f := range r.passed[who][c.ID] {
			if on := f.Day("completed_on"); on != nil && *on <= r.today {
				days = append(days, *on)
				if l.Last == nil || *on > *l.Last {
					l.Last, l.Version = on, f.Text("version")
				}
			}
		}
		l.Clock, l.Away = owed(w.Day("started_on"), days, r.away[who], r.today)
		switch {
		case l.Clock.State == Missed:
			c.Late++
		case l.Clock.Near(r.today):
			c.Near++
		case l.Clock.State == Met:
			c.Done++
		default:
			c.Open++
		}
		c.Learners = append(c.Learners, l)
	}
	slices.SortStableFunc(c.Learners, func(a, b Learner) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(dayOf(a.Clock.Due), dayOf(b.Clock.Due)), strings.Compare(or(a.Email, a.Person), or(b.Email, b.Person)))
	})
}

func rank(l Learner) int {
	switch l.Clock.State {
	case Missed:
		return 0
	case Running:
		return 1
	case Unclear:
		return 2
	}
	return 3
}

// owed says how somebody stands to a yearly course. Each round falls due 30 days after the start of service or an anniversary of it. Who
// is on leave over the day and not back yet owes nothing.
func owed(started *civil.Date, done []civil.Date, leaves []Fact, today civil.Date) (c Clock, away bool) {
	if started == nil {
		return Clock{}, false
	}
	c = yearly(*started, courseDays, courseDays, done, leaves, today)
	return c, c.State == Free
}

// yearly says how somebody stands to what is owed once a year: some days after their start and after each anniversary of it, within the
// twelve months up to that day. A leave over the day moves it to the thirtieth day after the return.
func yearly(started civil.Date, first, then int, done []civil.Date, leaves []Fact, today civil.Date) Clock {
	var before, next *round
	for k := 0; ; k++ {
		days := then
		if k == 0 {
			days = first
		}
		x := roundOf(started, k, days, leaves)
		if x.away {
			return Clock{State: Free}
		}
		if x.moved >= today {
			next = &x
			break
		}
		before = &x
	}
	if on := next.completed(done, today); on != nil {
		return Clock{&next.moved, on, Met}
	}
	if before != nil && before.completed(done, before.moved) == nil {
		return Clock{&before.moved, nil, Missed} // and since then neither: that would count for the next
	}
	return Clock{&next.moved, nil, Running}
}

type round struct {
	due, moved civil.Date
	away       bool
}

func roundOf(started civil.Date, k, days int, leaves []Fact) round {
	due := started.AddMonths(courseMonths*k) + civil.Date(days)
	r := round{due: due, moved: due}
	for _, l := range leaves {
		from, until := l.Day("from_on"), l.Day("until_on")
		switch {
		case from == nil || *from > due || until != nil && *until < due:
		case until == nil:
			r.away = true
		default:
			r.moved = max(r.moved, *until+courseDays+1)
		}
	}
	return r
}

// completed gives the last day in the round's window on which it was completed, no later than a day.
func (r round) completed(done []civil.Date, until civil.Date) *civil.Date {
	var last *civil.Date
	for _, on := range done {
		if on > r.due.AddMonths(-courseMonths) && on <= min(r.moved, until) && (last == nil || on > *last) {
			last = &on
		}
	}
	return last
}

// Completion is a course that several people completed.
type Completion struct {
	Course, Version string
	On              string // the civil day
	Evidence        string
	People          []string
}

// MostLearners is of how many people completions are entered at once.
const MostLearners = 2000

// Completed enters the completion of a course by several people; who has one of that day already is left out. It answers how many
// were entered.
func (d *Desk) Completed(ctx context.Context, a Actor, x Completion) (int, error) {
	if err := a.check(); err != nil {
		return 0, err
	}
	on := date(strings.TrimSpace(x.On))
	switch {
	case len(x.People) == 0:
		return 0, fault.At("", 0, "person_id", "nobody is chosen; mark those who completed the course")
	case len(x.People) > MostLearners:
		return 0, fault.At("", 0, "person_id", "%d people at once; expected at most %d", len(x.People), MostLearners)
	case on == nil:
		return 0, fault.At("", 0, "completed_on", "%q is no day; expected one such as 2026-11-26", x.On)
	}
	var r roster
	if err := r.read(ctx, d, a.Org, a.Zone); err != nil {
		return 0, err
	}
	if *on > r.today {
		return 0, fault.At("", 0, "completed_on", "%s lies ahead: nobody has completed it yet", on)
	}
	if !slices.ContainsFunc(r.courses, func(f Fact) bool { return f.Key == x.Course }) {
		return 0, &fault.Error{Kind: fault.NotFound, What: "no course " + x.Course}
	}
	entries, err := r.entries(x, *on)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	return len(entries), d.Attach(ctx, Attachment{Actor: a, Register: trainings, Entries: entries, Parent: courses, Key: x.Course})
}

func (r *roster) entries(x Completion, on civil.Date) ([]map[string]string, error) {
	var out []map[string]string
	serving := map[string]Fact{}
	for _, f := range r.workers {
		serving[r.who.of(f.Text("person_id"))] = f
	}
	for _, login := range slices.Compact(slices.Sorted(slices.Values(x.People))) {
		w, ok := serving[r.who.of(login)]
		if !ok {
			return nil, fault.At("", 0, "person_id", "%s is not in service today; completions of others come in with a pull or an import", login)
		}
		who := w.Text("person_id")
		if start := w.Day("started_on"); start != nil && on < *start {
			return nil, fault.At("", 0, "completed_on", "%s is before %s began to work on %s", on, who, start)
		}
		if slices.ContainsFunc(r.passed[r.who.of(login)][x.Course], func(f Fact) bool { return f.Text("completed_on") == on.String() }) {
			continue
		}
		out = append(out, map[string]string{"person_id": who, "course": x.Course, "version": x.Version, "completed_on": fmt.Sprint(on), "evidence": x.Evidence})
	}
	return out, nil
}
