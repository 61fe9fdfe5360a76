package operate

import (
	"cmp"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// Standing is how something stands to its deadline.
type Standing int

// The standings.
const (
	Unclear Standing = iota // what is needed to say is not on record
	Running
	Met
	Missed
	Free // nothing is owed
)

// Clock is a deadline of a civil day, and what became of it.
type Clock struct {
	Due, Done *civil.Date
	State     Standing
}

// Judge compares the day on which something was done with its deadline; the day itself is in time.
func Judge(due, done *civil.Date, today civil.Date) Clock {
	c := Clock{due, done, Running}
	switch {
	case due == nil && done == nil:
		c.State = Unclear
	case due == nil, done != nil && *done <= *due:
		c.State = Met
	case done != nil, *due < today:
		c.State = Missed
	}
	return c
}

// Open reports whether something is still to be done, whether late or not.
func (c Clock) Open() bool { return c.Done == nil && (c.State == Running || c.State == Missed) }

// Soon is within how many days a deadline is told as near.
const Soon = 30

// Near reports whether an open deadline is late or comes within the next days.
func (c Clock) Near(today civil.Date) bool { return c.Open() && c.Due != nil && *c.Due <= today+Soon }

// The clocks of registers. Each follows the test of the control that is named.

// ActionClock is when an action is due and was done (INC-04).
func ActionClock(f Fact, today civil.Date) Clock {
	return Judge(f.Day("due_on"), f.Day("closed_on"), today)
}

// TreatmentClock is when the treatment of a risk is due and was done. A new date counts once somebody approved it, and an acceptance ends
// it (RSK-02).
func TreatmentClock(f Fact, today civil.Date) Clock {
	due := f.Day("treatment_due_on")
	if to := f.Day("extended_to"); to != nil && f.Day("extension_approved_on") != nil && f.Text("extension_approved_by") != "" {
		due = to
	}
	if done := f.Day("treated_on"); done != nil {
		return Judge(due, done, today)
	}
	if f.Day("accepted_on") != nil && f.Text("accepted_by") != "" {
		return Clock{State: Free}
	}
	if above, _ := f.Truth("above_appetite"); due == nil && !above {
		return Clock{State: Free}
	}
	return Judge(due, nil, today)
}

// AssessmentClock is when a risk is to be looked at again: on the day that was said, else twelve months after it was assessed (RSK-01).
func AssessmentClock(f Fact, today civil.Date) Clock {
	due := f.Day("next_review_on")
	if last := f.Day("assessed_on"); due == nil && last != nil {
		due = day0(last.AddMonths(12))
	}
	return Judge(due, nil, today)
}

// ticketDays is within how many days the findings of an exercise have their tickets (INC-05).
const ticketDays = 10

// FindingsClock is when the findings of an exercise are to have their tickets.
func FindingsClock(f Fact, today civil.Date) Clock {
	held := f.Day("held_on")
	n, said := f.Whole("findings")
	switch {
	case held == nil || !said:
		return Clock{}
	case n == 0:
		return Clock{State: Free}
	}
	return Judge(day0(*held+ticketDays), f.Day("findings_ticketed_on"), today)
}

// minutesDays is within how many business days minutes are recorded: what is written later is a memory, not a record.
const minutesDays = 5

// MinutesClock is when the minutes of a meeting are to be complete.
func MinutesClock(f Fact, h civil.Holidays, today civil.Date) Clock {
	held := f.Day("held_on")
	if held == nil {
		return Clock{}
	}
	c := Judge(day0(h.AddBusinessDays(*held, minutesDays)), f.Day("minutes_on"), today)
	if there, _ := f.Truth("minutes"); there && c.Done == nil {
		c.State = Met // when they were complete is not said
		c.Due = nil
	}
	return c
}

// HeldClock is when something that is owed once in a span of days is to be held, and on which day it was first: a tabletop in each
// half-year (INC-05), a meeting of the board in each quarter (GOV-02).
func HeldClock(list []Fact, from, to, today civil.Date, counts func(Fact) bool) Clock {
	var first *civil.Date
	for _, f := range list {
		if on := f.Day("held_on"); on != nil && *on >= from && *on <= min(to, today) && counts(f) && (first == nil || *on < *first) {
			first = on
		}
	}
	return Judge(&to, first, today)
}

// VendorClock is when a critical vendor is to be reviewed again: twelve months after the last review (VEN-02). Others owe none.
func VendorClock(f Fact, today civil.Date) Clock {
	if f.Text("criticality") != "critical" {
		return Clock{State: Free}
	}
	last := f.Day("last_review_on")
	if last == nil {
		last = f.Day("first_data_on")
		if last == nil {
			return Clock{}
		}
	}
	return Judge(day0(last.AddMonths(12)), nil, today)
}

// mostBridged is how many months after the end of a report a letter of management can stand for it.
const mostBridged = 3

// Cover says how far a vendor's report, and the letters after it, cover a period.
type Cover struct {
	Percent int        // of the period's days, by the report
	Letters int        // of the period's days, by letters after it, in percent
	Gap     int        // days of the period that nothing covers
	From    civil.Date // the first day of the period after the report's end
	Limit   civil.Date // the last day that letters can stand for
	TooLong bool       // the period goes on after that day
}

// Span is a run of civil days, both included.
type Span struct{ From, To civil.Date }

// Covered compares the end of a vendor's report with our period. A letter counts where it goes on from the report or from another
// letter, and up to three months after the report's end: no longer does a letter stand for a report.
func Covered(end civil.Date, letters []Span, p civil.Period) Cover {
	c := Cover{From: max(end+1, p.From), Limit: (end + 1).AddMonths(mostBridged) - 1, Percent: 100}
	if end >= p.To {
		return c
	}
	days := p.Days()
	rest := int(p.To-c.From) + 1
	c.Percent = (days - rest) * 100 / days
	c.TooLong = c.Limit < p.To
	to := end
	for _, l := range slices.SortedFunc(slices.Values(letters), func(a, b Span) int { return cmp.Compare(a.From, b.From) }) {
		if l.From <= to+1 && l.To > to {
			to = l.To
		}
	}
	to = min(to, c.Limit, p.To)
	bridged := max(0, int(to-c.From)+1)
	c.Gap = rest - bridged
	c.Letters = bridged * 100 / days
	return c
}

func day0(d civil.Date) *civil.Date { return &d }
