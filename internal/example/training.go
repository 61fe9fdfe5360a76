package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

var curriculum = []struct{ course, title, audience string }{
	{"security-awareness", "Security awareness", "all"},
	{"privacy", "Handling personal data", "all"},
	{"secure-coding", "Secure coding", "engineers"},
}

// due is a person's k-th due date: 30 days after each anniversary of the start.
func (p *person) due(k int) civil.Date {
	if k < 0 {
		return p.due(0).AddMonths(-12)
	}
	return p.started.AddMonths(12*k) + 30
}

type completion struct {
	p       *person
	course  string
	version string
	on      civil.Date
}

// trainings go through everybody's due dates, those of the year before the period included,
// and write a completion within the window that ends with each.
func (c *company) trainings() (File, File) {
	var done []completion
	for i, p := range c.workforce() {
		for _, course := range curriculum {
			owed := p.kind != "service" && (p.engineer || course.audience != "engineers")
			for k := 0; p.due(k) <= c.period.To; k++ {
				due := p.due(k)
				if due < c.period.From-365 || !p.inService(due) {
					continue
				}
				if c.dateInPeriod(due) {
					c.counts("GOV-05", owed)
				}
				if !owed {
					continue
				}
				on := c.completes(p, course.course, k)
				if why := lapses[lapse{i, course.course}]; why != "" && c.dateInPeriod(due) {
					c.deviates("GOV-05", p.employment+"/"+course.course+"/"+due.String(), "A", why)
					if why == neverDone {
						continue
					}
					on = due + 6
				}
				done = append(done, completion{p, course.course, fmt.Sprint(2024 + k%2), on})
			}
		}
	}
	slices.SortStableFunc(done, func(a, b completion) int { return cmp.Compare(a.on, b.on) })
	var rows []row
	for i, t := range done {
		rows = append(rows, row{fmt.Sprintf("tr-%04d", i+1), t.p.email, t.course, t.version, t.on})
	}
	var courses []row
	for _, x := range curriculum {
		courses = append(courses, row{x.course, x.title, x.audience})
	}
	return c.counted(File{
			Register: "courses", Name: "courses.json", Source: "training-platform", Query: "catalogue of mandatory courses",
			Data: jsonList([]string{"course", "title", "audience"}, courses),
		}, len(courses)), c.counted(File{
			Register: "trainings", Name: "completions.tsv", Source: "training-platform", Query: "completions of mandatory courses",
			Data: table('\t', true, []string{"completion_id", "person_id", "course", "version", "completed_on"}, rows),
		}, len(rows))
}

// completes is a day in the window of the k-th due date.
func (c *company) completes(p *person, course string, k int) civil.Date {
	length := 60
	if k == 0 {
		length = 28 // people cannot train before they start
	}
	return p.due(k) - civil.Date(c.rng.IntN(length))
}

type lapse struct {
	who    int
	course string
}

const (
	neverDone = "the yearly training was missed"
	doneLate  = "finished six days after the due date"
)

// lapses are the trainings that went wrong in the period, by place in the list of people.
var lapses = map[lapse]string{
	{heads + 18, "security-awareness"}:            doneLate, // a newcomer
	{heads + 74, "privacy"}:                       doneLate, // a newcomer
	{heads + engineers + 7, "security-awareness"}: neverDone,
	{heads + 8, "secure-coding"}:                  neverDone,
}
