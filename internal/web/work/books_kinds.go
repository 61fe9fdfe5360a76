package work

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// Registers that the books name more than once.
const (
	courses   = "courses"
	trainings = "trainings"
	actions   = "actions"
)

// books are the registers with pages of their own.
var books = []*book{trainingBook(), riskBook(), exerciseBook(), meetingBook(), vendorBook(), actionBook()}

func viewAll() view {
	return view{"all", func(ctx context.Context) string { return shell.T(ctx, "All") }}
}
func viewOpen() view {
	return view{"open", func(ctx context.Context) string { return shell.T(ctx, "Open") }}
}
func viewLate() view {
	return view{"late", func(ctx context.Context) string { return shell.T(ctx, "Late") }}
}

// number prints a rating; empty where there is none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// put adds clocks to a line: the first open one that is due is what the list is sorted by.
func (x *line) put(clocks ...operate.Clock) {
	open := false
	for _, c := range clocks {
		x.Cells = append(x.Cells, datum{Clock: &c})
		open = open || c.Open()
		x.Late = x.Late || c.State == operate.Missed && c.Open()
		if c.Open() && c.Due != nil && (x.Due == nil || *c.Due < *x.Due) {
			x.Due = c.Due
		}
	}
	if open {
		x.Views = append(x.Views, "open")
	}
	if x.Late {
		x.Views = append(x.Views, "late")
	}
}

func lineOf(f operate.Fact, title string, sub ...string) line {
	sub = slices.DeleteFunc(sub, func(s string) bool { return s == "" })
	if title == "" {
		title = f.Key
	} else {
		sub = append([]string{f.Key}, sub...)
	}
	return line{Key: f.Key, Title: title, Sub: strings.Join(sub, ", ")}
}

// openActions counts the actions of a record that are not closed, and those of them that are late.
func openActions(rd *reading, key string) (open, late, all int) {
	for _, f := range rd.parts[actions][key] {
		all++
		c := operate.ActionClock(f, rd.today)
		open += btoi(c.Done == nil)
		late += btoi(c.State == operate.Missed && c.Open())
	}
	return open, late, all
}

func actionCell(ctx context.Context, open, late, all int) datum {
	switch {
	case all == 0:
		return datum{Text: shell.T(ctx, "none")}
	case late > 0:
		return datum{Mark: report.MarkGap, Text: shell.N(ctx, late, "%d late", "%d late"), Sub: shell.T(ctx, "%d of %d open", open, all)}
	case open > 0:
		return datum{Mark: report.MarkUndecided, Text: shell.T(ctx, "%d of %d open", open, all)}
	}
	return datum{Mark: report.MarkPass, Text: shell.N(ctx, all, "%d, closed", "%d, all closed")}
}

// actionsOf are the actions that came out of a record.
func actionsOf(title, none, add func(context.Context) string, asks ...string) *annex {
	shows := []string{"title", "owner"}
	if slices.Contains(asks, "finding") {
		shows = []string{"finding", "title", "owner"}
	}
	return &annex{register: actions, link: "origin", title: title, none: none, add: add, fields: asks, needs: []string{"title", "owner", "due_on"}, shows: shows, order: "due_on", ends: "closed_on",
		done:  func(ctx context.Context) string { return shell.T(ctx, "Done") },
		clock: operate.ActionClock,
		fixed: func(today civil.Date) map[string]string { return map[string]string{"raised_on": today.String()} }}
}

func trainingBook() *book {
	return &book{path: "/trainings", register: courses, control: "GOV-05",
		title: func(ctx context.Context) string { return shell.T(ctx, "Trainings") },
		says: func(ctx context.Context) string {
			return shell.T(ctx, "Everybody in service completes each course within 30 days of starting and of each anniversary. Those who have not are listed first.")
		},
		none: func(ctx context.Context) string { return shell.T(ctx, "No course is on record.") },
		hint: func(ctx context.Context) string {
			return shell.T(ctx, "Enter the courses that people must complete, or pull completions from the learning system.")
		},
		enter:   func(ctx context.Context) string { return shell.T(ctx, "Add a course") },
		item:    func(ctx context.Context) string { return shell.T(ctx, "Course") },
		columns: func(ctx context.Context) []string { return []string{shell.T(ctx, "Done"), shell.T(ctx, "Due")} },
		views:   []view{viewAll(), viewOpen(), viewLate()},
		line: func(ctx context.Context, rd *reading, f operate.Fact) line {
			c := rd.courses[f.Key]
			x := lineOf(f, f.Text("title"), c.Audience)
			n := len(c.Learners)
			x.Cells = []datum{{Text: shell.T(ctx, "%d of %d", c.Done, n)}}
			due := datum{Mark: report.MarkPass, Text: shell.T(ctx, "nobody")}
			if left := n - c.Done; left > 0 {
				due = datum{Mark: report.MarkUndecided, Text: shell.N(ctx, left, "%d person", "%d people")}
				x.Views = append(x.Views, "open")
			}
			if c.Late > 0 {
				due.Mark, due.Text = report.MarkGap, shell.N(ctx, c.Late, "%d person late", "%d people late")
				x.Views, x.Late = append(x.Views, "late"), true
			}
			if c.Near > 0 {
				due.Sub = shell.N(ctx, c.Near, "%d due within 30 days", "%d due within 30 days")
			}
			x.Cells = append(x.Cells, due)
			return x
		}}
}

func riskBook() *book {
	return &book{path: "/risks", register: "risks", control: "RSK-01", matrix: true,
		title: func(ctx context.Context) string { return shell.T(ctx, "Risks") },
		says: func(ctx context.Context) string {
			return shell.T(ctx, "What may go wrong, how it is rated, which controls answer it, and when its treatment and its next review are due.")
		},
		none: func(ctx context.Context) string { return shell.T(ctx, "No risk is on record.") },
		hint: func(ctx context.Context) string {
			return shell.T(ctx, "Enter what may keep the commitments from being met, fraud and change among it, with likelihood and impact.")
		},
		enter: func(ctx context.Context) string { return shell.T(ctx, "Add a risk") },
		item:  func(ctx context.Context) string { return shell.T(ctx, "Risk") },
		columns: func(ctx context.Context) []string {
			return []string{shell.T(ctx, "Rating"), shell.T(ctx, "Controls"), shell.T(ctx, "Treatment"), shell.T(ctx, "Next review")}
		},
		views: []view{viewAll(), viewOpen(), viewLate(), {"above", func(ctx context.Context) string { return shell.T(ctx, "Above appetite") }}, {"bare", func(ctx context.Context) string { return shell.T(ctx, "Without a control") }}},
		line:  riskLine,
		facts: []string{"category", "owner", "likelihood", "impact", "above_appetite", "treatment", "treatment_due_on", "treated_on", "accepted_by", "accepted_on", "extended_to", "extension_approved_by", "extension_approved_on", "assessed_on", "next_review_on"},
		parts: []*annex{
			{register: "risk_reviews", link: "risk_id", title: func(ctx context.Context) string { return shell.T(ctx, "Reviews") }, none: func(ctx context.Context) string { return shell.T(ctx, "Nobody has looked at it again yet.") },
				add: func(ctx context.Context) string { return shell.T(ctx, "Enter a review") }, fields: []string{"reviewed_on", "reviewer", "likelihood", "impact", "conclusion", "next_review_on"}, needs: []string{"reviewed_on", "reviewer", "likelihood", "impact"},
				shows: []string{"reviewed_on", "reviewer", "likelihood", "impact", "conclusion"}, order: "reviewed_on", carry: reviewedRisk,
				check: func(ctx context.Context, e *entry) error {
					return errors.Join(e.past(ctx, "reviewed_on"), e.rated(ctx, "likelihood"), e.rated(ctx, "impact"), e.ordered(ctx, "reviewed_on", "next_review_on"))
				}},
			{register: "risk_controls", link: "risk_id", title: func(ctx context.Context) string { return shell.T(ctx, "Controls that answer it") }, none: func(ctx context.Context) string { return shell.T(ctx, "No control answers this risk.") },
				add: func(ctx context.Context) string { return shell.T(ctx, "Link a control") }, fields: []string{"control", "note"}, needs: []string{"control"}, shows: []string{"control", "note", "linked_on"}, order: "linked_on", ends: "ended_on",
				done:  func(ctx context.Context) string { return shell.T(ctx, "Ends") },
				fixed: func(today civil.Date) map[string]string { return map[string]string{"linked_on": today.String()} }},
			actionsOf(func(ctx context.Context) string { return shell.T(ctx, "Actions") }, func(ctx context.Context) string { return shell.T(ctx, "No action came out of it.") }, func(ctx context.Context) string { return shell.T(ctx, "Add an action") }, "title", "owner", "due_on"),
		}}
}

func riskLine(ctx context.Context, rd *reading, f operate.Fact) line {
	x := lineOf(f, f.Text("title"), f.Text("category"), f.Text("owner"))
	x.Likelihood, _ = f.Whole("likelihood")
	x.Impact, _ = f.Whole("impact")
	above, _ := f.Truth("above_appetite")
	rating := datum{Text: shell.T(ctx, "not rated")}
	if x.Likelihood > 0 && x.Impact > 0 {
		rating.Text = strconv.Itoa(x.Likelihood) + " × " + strconv.Itoa(x.Impact)
	}
	if above {
		rating.Sub, rating.Mark = shell.T(ctx, "above appetite"), report.MarkUndecided
		x.Views = append(x.Views, "above")
	}
	var ids []string
	for _, c := range rd.parts["risk_controls"][f.Key] {
		if c.Text("ended_on") == "" {
			ids = append(ids, c.Text("control"))
		}
	}
	slices.Sort(ids)
	linked := datum{Text: strings.Join(ids, ", ")}
	if len(ids) == 0 {
		linked = datum{Mark: report.MarkGap, Text: shell.T(ctx, "none")}
		x.Views = append(x.Views, "bare")
	}
	x.words = f.Text("treatment") + "\n" + strings.Join(ids, "\n")
	x.Cells = []datum{rating, linked}
	x.put(operate.TreatmentClock(f, rd.today), operate.AssessmentClock(f, rd.today))
	x.Cells[2].Sub = valueWord(ctx, "treatment", f.Text("treatment"))
	return x
}

// reviewedRisk takes what a review found over into the risk, unless a later one did already.
func reviewedRisk(e *entry) func(operate.Fact) (map[string]string, error) {
	return func(f operate.Fact) (map[string]string, error) {
		x := e.fields
		if x["reviewed_on"] < f.Text("assessed_on") {
			return nil, nil
		}
		return map[string]string{"assessed_on": x["reviewed_on"], "likelihood": x["likelihood"], "impact": x["impact"], "next_review_on": x["next_review_on"]}, nil
	}
}

func exerciseBook() *book {
	return &book{path: "/exercises", register: "exercises", control: "INC-05",
		title: func(ctx context.Context) string { return shell.T(ctx, "Exercises") },
		says: func(ctx context.Context) string {
			return shell.T(ctx, "Rehearsals of incident response and recovery. A tabletop is owed in each half-year; what it finds has its ticket within ten days.")
		},
		none: func(ctx context.Context) string { return shell.T(ctx, "No exercise is on record.") },
		hint: func(ctx context.Context) string {
			return shell.T(ctx, "Enter a tabletop with its scenario and who took part, then what was found, with an owner and a day for each.")
		},
		enter: func(ctx context.Context) string { return shell.T(ctx, "Add an exercise") },
		item:  func(ctx context.Context) string { return shell.T(ctx, "Exercise") },
		columns: func(ctx context.Context) []string {
			return []string{shell.T(ctx, "Held"), shell.T(ctx, "Roles"), shell.T(ctx, "Actions"), shell.T(ctx, "Findings ticketed")}
		},
		views: []view{viewAll(), viewOpen(), viewLate()},
		line: func(ctx context.Context, rd *reading, f operate.Fact) line {
			x := lineOf(f, f.Text("title"), valueWord(ctx, "kind", f.Text("kind")), f.Text("system"))
			open, late, all := openActions(rd, f.Key)
			x.words = f.Text("scenario")
			x.Cells = []datum{{Day: f.Text("held_on")}, truthCell(ctx, f, "roles_present"), actionCell(ctx, open, late, all)}
			x.put(operate.FindingsClock(f, rd.today))
			x.also(open, late)
			return x
		},
		owed: func(ctx context.Context, rd *reading) []owed {
			from, to := halfYear(rd.today)
			return []owed{{shell.T(ctx, "A tabletop in this half-year"), operate.HeldClock(rd.items, from, to, rd.today, func(f operate.Fact) bool { return f.Text("kind") == "tabletop" })}}
		},
		facts: []string{"kind", "held_on", "lead", "system", "roles_present", "minutes", "target_minutes", "findings", "findings_ticketed_on"},
		texts: []string{"scenario", "participants"},
		parts: []*annex{ticketed(actionsOf(func(ctx context.Context) string { return shell.T(ctx, "Findings and actions") }, func(ctx context.Context) string {
			return shell.T(ctx, "Nothing was found, or nothing was written down yet.")
		},
			func(ctx context.Context) string { return shell.T(ctx, "Add a finding with its action") }, "finding", "title", "owner", "due_on"))},
	}
}

// also takes the open actions of a record into its views.
func (x *line) also(open, late int) {
	if open > 0 && !slices.Contains(x.Views, "open") {
		x.Views = append(x.Views, "open")
	}
	if late > 0 && !slices.Contains(x.Views, "late") {
		x.Views, x.Late = append(x.Views, "late"), true
	}
}

// ticketed counts findings as their actions come in: the last ticket is there when every finding has one.
func ticketed(x *annex) *annex {
	x.needs = append(x.needs, "finding")
	x.carry = func(e *entry) func(operate.Fact) (map[string]string, error) {
		return func(f operate.Fact) (map[string]string, error) {
			others, err := e.others()
			said, _ := f.Whole("findings")
			n := len(others) + 1
			if err != nil || n < said {
				return nil, err
			}
			return map[string]string{"findings": strconv.Itoa(n), "findings_ticketed_on": e.today.String()}, nil
		}
	}
	return x
}

func halfYear(d civil.Date) (from, to civil.Date) {
	y, m, _ := d.Parts()
	if m <= 6 {
		return civil.NewDate(y, 1, 1), civil.NewDate(y, 6, 30)
	}
	return civil.NewDate(y, 7, 1), civil.NewDate(y, 12, 31)
}

func meetingBook() *book {
	return &book{path: "/meetings", register: "meetings", control: "GOV-02",
		title: func(ctx context.Context) string { return shell.T(ctx, "Meetings") },
		says: func(ctx context.Context) string {
			return shell.T(ctx, "Meetings that govern: who was there, what was decided, and who does what until when. Minutes are complete within five business days.")
		},
		none: func(ctx context.Context) string { return shell.T(ctx, "No meeting is on record.") },
		hint: func(ctx context.Context) string {
			return shell.T(ctx, "Enter a meeting of the board, its risk committee or a change board, then its decisions and actions.")
		},
		enter: func(ctx context.Context) string { return shell.T(ctx, "Add a meeting") },
		item:  func(ctx context.Context) string { return shell.T(ctx, "Meeting") },
		columns: func(ctx context.Context) []string {
			return []string{shell.T(ctx, "Held"), shell.T(ctx, "Quorum"), shell.T(ctx, "Actions"), shell.T(ctx, "Minutes")}
		},
		views: []view{viewAll(), viewOpen(), viewLate()},
		line: func(ctx context.Context, rd *reading, f operate.Fact) line {
			x := lineOf(f, f.Text("title"), valueWord(ctx, "kind", f.Text("kind")))
			open, late, all := openActions(rd, f.Key)
			x.words = f.Text("decisions") + "\n" + f.Text("attendees")
			x.Cells = []datum{{Day: f.Text("held_on")}, truthCell(ctx, f, "quorum"), actionCell(ctx, open, late, all)}
			if held := f.Day("held_on"); held != nil && *held > rd.today { // it is planned
				x.Cells = append(x.Cells, datum{Text: shell.T(ctx, "not held yet")})
			} else {
				x.put(operate.MinutesClock(f, rd.holidays, rd.today))
			}
			x.also(open, late)
			return x
		},
		owed: func(ctx context.Context, rd *reading) []owed {
			q := civil.QuarterOf(rd.today)
			return []owed{{shell.T(ctx, "The board or its risk committee in this quarter"), operate.HeldClock(rd.items, q.First, q.Last, rd.today, func(f operate.Fact) bool { k := f.Text("kind"); return k == "board" || k == "risk committee" })}}
		},
		facts: []string{"kind", "held_on", "quorum", "independent_member", "security_item", "minutes", "minutes_on"},
		texts: []string{"attendees", "decisions", "notes"},
		parts: []*annex{actionsOf(func(ctx context.Context) string { return shell.T(ctx, "Actions") }, func(ctx context.Context) string { return shell.T(ctx, "No action came out of it.") },
			func(ctx context.Context) string { return shell.T(ctx, "Add an action") }, "title", "owner", "due_on")},
	}
}

func truthCell(ctx context.Context, f operate.Fact, name string) datum {
	yes, said := f.Truth(name)
	switch {
	case !said:
		return datum{Text: shell.T(ctx, "not known")}
	case yes:
		return datum{Mark: report.MarkPass, Text: shell.T(ctx, "there")}
	}
	return datum{Mark: report.MarkGap, Text: shell.T(ctx, "missing")}
}

func actionBook() *book {
	return &book{path: "/actions", register: actions, control: "INC-04",
		title: func(ctx context.Context) string { return shell.T(ctx, "Actions") },
		says: func(ctx context.Context) string {
			return shell.T(ctx, "What came out of incidents, exercises, meetings and risks, with who does it until when.")
		},
		none: func(ctx context.Context) string { return shell.T(ctx, "No action is on record.") },
		hint: func(ctx context.Context) string {
			return shell.T(ctx, "Actions are entered on the page of the meeting, exercise or risk that they came out of.")
		},
		enter: func(ctx context.Context) string { return shell.T(ctx, "Add an action") },
		item:  func(ctx context.Context) string { return shell.T(ctx, "Action") },
		columns: func(ctx context.Context) []string {
			return []string{shell.T(ctx, "Came out of"), shell.T(ctx, "Owner"), shell.T(ctx, "Due")}
		},
		views: []view{viewOpen(), viewLate(), viewAll()},
		line: func(_ context.Context, rd *reading, f operate.Fact) line {
			x := lineOf(f, f.Text("title"))
			x.words = f.Text("origin") + "\n" + f.Text("owner") + "\n" + f.Text("finding")
			x.Cells = []datum{{Text: f.Text("origin")}, {Text: f.Text("owner")}}
			c := operate.ActionClock(f, rd.today)
			x.put(c)
			if c.State == operate.Unclear {
				x.Views = append(x.Views, "open")
			}
			return x
		},
		facts: []string{"origin", "owner", "raised_on", "due_on", "closed_on", "evidence"},
		texts: []string{"finding"},
	}
}
