package work

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

// courseView is who owes a course, as its page lists them with the form that enters completions of several at once.
type courseView struct {
	operate.Course
	List       []operate.Learner // on this page
	View, Text string
	Counts     map[string]int
	Page, Last int
	Query      url.Values
	Chosen     map[string]bool
	Form       *shell.Form // nil: the reader enters none
}

// learnersOfPage is of how many people completions are entered at once without turning the page.
const learnersOfPage = 200

// standings are the views of a course.
var standings = []string{"open", "late", "done", "all"}

func stands(l operate.Learner, view string) bool {
	switch view {
	case "open":
		return l.Clock.State == operate.Running || l.Clock.State == operate.Missed || l.Clock.State == operate.Unclear
	case "late":
		return l.Clock.State == operate.Missed
	case "done":
		return l.Clock.State == operate.Met
	}
	return true
}

// course adds the people to the page of a course.
func (p *Pages) course(r *http.Request, d *itemData, rd *reading, filled *shell.Form) error {
	ctx, q := r.Context(), r.URL.Query()
	c := &courseView{Course: rd.courses[d.Fact.Key], View: q.Get("view"), Text: q.Get("q"), Query: q, Counts: map[string]int{}, Chosen: map[string]bool{}, Form: filled}
	if err := shell.CheckText("q", c.Text); err != nil {
		return err
	}
	if c.View == "" {
		c.View = "open"
	}
	if !slices.Contains(standings, c.View) {
		return fault.At("", 0, "view", "%q is no view; expected one of %s", c.View, strings.Join(standings, ", "))
	}
	var err error
	if c.Page, err = pageOf(q); err != nil {
		return err
	}
	for _, l := range c.Learners {
		if c.Text != "" && !strings.Contains(strings.ToLower(l.Person+"\n"+l.Email), strings.ToLower(c.Text)) {
			continue
		}
		for _, v := range standings {
			c.Counts[v] += btoi(stands(l, v))
		}
		if stands(l, c.View) {
			c.List = append(c.List, l)
		}
	}
	c.Last = max(1, (len(c.List)+learnersOfPage-1)/learnersOfPage)
	from := min((c.Page-1)*learnersOfPage, len(c.List))
	c.List = c.List[from:min(from+learnersOfPage, len(c.List))]
	for _, who := range r.PostForm["person_id"] {
		c.Chosen[who] = true
	}
	if c.Form == nil && mayWrite(ctx, trainings) {
		f, err := p.courseForm(r, d, rd.today)
		if err != nil {
			return err
		}
		c.Form = &f
	}
	d.Course = c
	return nil
}

func (p *Pages) courseForm(r *http.Request, d *itemData, today civil.Date) (shell.Form, error) {
	ctx := r.Context()
	f := shell.Form{Submit: shell.T(ctx, "Enter the completions")}
	s, err := p.schema(trainings)
	if err != nil {
		return f, err
	}
	for _, n := range []string{"completed_on", "version", "evidence"} {
		x, err := p.asked(ctx, d, s, n, n == "completed_on")
		if err != nil {
			return f, err
		}
		if n == "completed_on" {
			x.Value = today.String()
		}
		f.Fields = append(f.Fields, x)
	}
	return f, nil
}

// complete enters that several people completed a course.
func (p *Pages) complete(w http.ResponseWriter, r *http.Request, d *itemData, rd *reading) error {
	ctx := r.Context()
	x := operate.Completion{Course: d.Fact.Key, Version: shell.Value(r, "version"), On: shell.Value(r, "completed_on"), Evidence: shell.Value(r, "evidence"), People: r.PostForm["person_id"]}
	var err error
	n := 0
	if x.Evidence != "" && !slices.ContainsFunc(d.Evidence, func(e operate.Exhibit) bool { return e.ID == x.Evidence }) {
		err = fault.At("", 0, "evidence", "%q is no evidence that was given of this course", cut(x.Evidence, 60))
	} else {
		n, err = p.o.Desk.Completed(ctx, p.actor(ctx), x)
	}
	if err == nil {
		shell.Say(w, shell.Flash{Text: shell.N(ctx, n, "%d completion is entered.", "%d completions are entered.")})
		return shell.Redirect(w, r, d.Book.of(d.Fact.Key))
	}
	if !refused(err) || errors.Is(err, fault.NotFound) {
		return err
	}
	f, e := p.courseForm(r, d, rd.today)
	if e != nil {
		return e
	}
	f = f.Filled(r).WithErrors(err)
	if e := p.course(r, d, rd, &f); e != nil {
		return e
	}
	return shell.Page(w, r, http.StatusUnprocessableEntity, itemPage(*d))
}
