package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// state is how an instance stands on a day, the worst first.
type state int

const (
	missed state = iota
	late
	due
	done
	states
)

func stateOf(x gauge.Instance, today civil.Date) state {
	switch {
	case x.Done == nil && x.Due < today:
		return missed
	case x.Done == nil:
		return due
	case *x.Done > x.Due:
		return late
	}
	return done
}

func (s state) mark() report.Mark {
	return [...]report.Mark{report.MarkDeviation, report.MarkGap, report.MarkUnproven, report.MarkPass}[s]
}

func (s state) word() string {
	return [...]string{phrase.Mark("Not done"), phrase.Mark("Done late"), phrase.Mark("Due"), phrase.Mark("Done in time")}[s]
}

// act is what one control asks for on one day.
type act struct {
	Control   string
	Day       civil.Date
	N         int // instances
	By        [states]int
	Instances []gauge.Instance
}

// worst is the worst state among the instances.
func (a act) worst() state {
	for s := range states {
		if a.By[s] > 0 {
			return s
		}
	}
	return done
}

// words counts the instances by their states: "2 not done, 1 done in time".
func (a act) words(ctx context.Context) string {
	lang, out := shell.From(ctx).Lang, ""
	for s := range states {
		if a.By[s] == 0 {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += lang.Count(int64(a.By[s])) + " " + shell.T(ctx, s.word())
	}
	return out
}

// acts puts the instances of one day and one control together, by day and then by control.
func acts(list []gauge.Instance, today civil.Date) []act {
	var out []act
	at := map[string]int{}
	for _, x := range list {
		key := x.Control + "\n" + x.Due.String()
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, act{Control: x.Control, Day: x.Due})
		}
		out[i].N++
		out[i].By[stateOf(x, today)]++
		out[i].Instances = append(out[i].Instances, x)
	}
	slices.SortStableFunc(out, func(a, b act) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Control, b.Control)) })
	return out
}

// box is one day of the month's sheet.
type box struct {
	Day    civil.Date
	Inside bool // of the month that is shown
	Acts   []act
}

// mostActs is how many controls stand in a day's box before it counts the rest.
const mostActs = 3

// monthTested is a control with what of its population belongs to the month.
type monthTested struct {
	Row                              *row
	Population, Deviating, Undecided int
}

type calendarData struct {
	head
	First   civil.Date // of the month
	Today   civil.Date
	Control string
	Day     *civil.Date
	Weeks   [][]box
	Acts    []act // of the day, or of the whole month
	Shown   []act
	Page    int
	Totals  [states]int
	Tested  []monthTested // the first of them
	Tests   int
	titles  map[string]string
}

func (s *Site) calendar(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	today, err := s.o.Calendar.Today(r.Context())
	if err != nil {
		return err
	}
	d := calendarData{Today: today, First: monthOf(today), Control: q.Get("control"), titles: s.titles}
	if err := d.read(q); err != nil {
		return err
	}
	if d.Page, err = pageOf(q); err != nil {
		return err
	}
	list, err := s.o.Calendar.Calendar(r.Context(), d.First, d.last())
	if err != nil {
		return err
	}
	if d.Control != "" {
		if _, ok := s.titles[d.Control]; !ok {
			return fault.Refuse("%q is no control of the program", d.Control)
		}
		list = slices.DeleteFunc(slices.Clone(list), func(x gauge.Instance) bool { return x.Control != d.Control })
	}
	all := acts(list, today)
	for _, a := range all {
		for st, n := range a.By {
			d.Totals[st] += n
		}
	}
	d.Weeks, d.Acts = weeks(d.First, all), all
	if d.Day != nil {
		d.Acts = slices.DeleteFunc(slices.Clone(all), func(a act) bool { return a.Day != *d.Day })
	}
	from, to := span(d.Page, rowsOfPage, len(d.Acts))
	d.Shown = d.Acts[from:to]
	if err := s.monthTests(r.Context(), &d); err != nil {
		return err
	}
	d.head = head{shell.T(r.Context(), "Calendar, %s", d.monthWords(r.Context()))}
	return shell.Page(w, r, http.StatusOK, calendarPage(d))
}

// read takes month and day from the address.
func (d *calendarData) read(q url.Values) error {
	if m := q.Get("month"); m != "" {
		first, err := civil.ParseDate(m + "-01")
		if err != nil {
			return fault.Refuse("%q is not a month; expected YYYY-MM", m)
		}
		d.First = first
	}
	if t := q.Get("day"); t != "" {
		day, err := civil.ParseDate(t)
		if err != nil {
			return fault.Refuse("%q is no day; expected YYYY-MM-DD", t)
		}
		d.Day, d.First = &day, monthOf(day)
	}
	return nil
}

func (d calendarData) last() civil.Date { return d.First + civil.Date(d.First.MonthLength()) - 1 }

// monthTests takes the tests with items of the month.
func (s *Site) monthTests(ctx context.Context, d *calendarData) error {
	k, err := s.worked(ctx)
	if err != nil {
		return err
	}
	list := k.months[d.First.String()[:7]]
	if d.Control != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(x monthTested) bool { return x.Row.Control.ID != d.Control })
	}
	d.Tests, d.Tested = len(list), first(list, rowsOfPage)
	return nil
}

// byMonth finds the tests whose population has items of a month, those with deviations first.
func byMonth(rows []row) map[string][]monthTested {
	out := map[string][]monthTested{}
	for i := range rows {
		for _, m := range rows[i].Test.Months {
			if m.Population > 0 {
				out[m.Month] = append(out[m.Month], monthTested{&rows[i], m.Population, m.Deviating, m.Undecided})
			}
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b monthTested) int {
			return cmp.Or(cmp.Compare(b.Deviating, a.Deviating), cmp.Compare(b.Undecided, a.Undecided))
		})
	}
	return out
}

// weeks cuts a month into weeks from Monday on (ISO 8601), with the days of its neighbours that fill them.
func weeks(from civil.Date, all []act) [][]box {
	by := map[civil.Date][]act{}
	for _, a := range all {
		by[a.Day] = append(by[a.Day], a)
	}
	day := from - civil.Date((int(from.Weekday())+6)%7)
	end := from + civil.Date(from.MonthLength())
	var out [][]box
	for day < end {
		var week []box
		for range 7 {
			week = append(week, box{day, day >= from && day < end, by[day]})
			day++
		}
		out = append(out, week)
	}
	return out
}

func (d calendarData) monthWords(ctx context.Context) string {
	y, m, _ := d.First.Parts()
	return shell.From(ctx).Lang.Month(y, m)
}

// weekdays are the heads of the columns, from Monday on: in full, and in short for a phone.
func weekdays(ctx context.Context) (out [7][2]string) {
	for i := range out {
		name := shell.From(ctx).Lang.Weekday(time.Weekday((i + 1) % 7))
		out[i] = [2]string{name, string([]rune(name)[:2])}
	}
	return out
}

// monthURL is the address of the month so many months away, with the same control.
func (d calendarData) monthURL(by int) string {
	q := url.Values{"month": {d.First.AddMonths(by).String()[:7]}}
	if d.Control != "" {
		q.Set("control", d.Control)
	}
	return "/calendar?" + q.Encode()
}

func (d calendarData) dayURL(day civil.Date) string { return d.url(&day, 1) + "#list" }

// url is the address of the list of a day, or of the whole month, at one of its pages.
func (d calendarData) url(day *civil.Date, page int) string {
	q := url.Values{"month": {d.First.String()[:7]}}
	if day != nil {
		q = url.Values{"day": {day.String()}}
	}
	if d.Control != "" {
		q.Set("control", d.Control)
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	return "/calendar?" + q.Encode()
}

// what names the list below the sheet.
func (d calendarData) what(ctx context.Context) string {
	if d.Day != nil {
		return date(ctx, *d.Day)
	}
	return shell.T(ctx, "All of %s", d.monthWords(ctx))
}

// boxWords says a day's box to those who do not see it.
func (b box) words(ctx context.Context) string {
	n := 0
	for _, a := range b.Acts {
		n += a.N
	}
	return shell.N(ctx, n, "%[2]s, %[1]d instance", "%[2]s, %[1]d instances", date(ctx, b.Day))
}

// ifURL asks what it would do if an instance were ten days late.
func (d calendarData) ifURL(a act) string {
	for _, x := range a.Instances {
		if stateOf(x, d.Today) == due {
			q := url.Values{"if": {gauge.If{Control: x.Control, Key: x.Key, Outcome: gauge.Late, Days: 10}.String()}}
			return "/forecast?" + q.Encode() + "#what-if"
		}
	}
	return ""
}

// mostNames is how many instances a row names.
const mostNames = 4

// actNames names the instances of an act, those that are not done first.
func actNames(ctx context.Context, a act) string {
	list := slices.Clone(a.Instances)
	slices.SortStableFunc(list, func(x, y gauge.Instance) int { return cmp.Compare(b2i(x.Done != nil), b2i(y.Done != nil)) })
	var names []string
	for _, x := range first(list, mostNames) {
		names = append(names, x.Key)
	}
	out := strings.Join(names, ", ")
	if n := len(list) - len(names); n > 0 {
		return shell.T(ctx, "%s and %s more", out, count(ctx, n))
	}
	return out
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func dayNumber(d civil.Date) string {
	_, _, n := d.Parts()
	return fmt.Sprint(n)
}
