package sql

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/rule"
)

// Frame makes the relations that civil time is looked up in, for a period and a holiday calendar:
// calendar (one row a day from rule.FirstDay to rule.LastDay, and a last one without a day), weeks, months, quarters, halves
// and years. They are data so that every engine counts days alike.
func Frame(p civil.Period, h civil.Holidays) []assure.Relation {
	return []assure.Relation{
		{Name: "calendar", Columns: ints("day", "+name", "starts_at", "ends_at", "month_no", "dom", "month_len", "business", "business_no"), Lookups: [][]string{{"day"}, {"starts_at"}, {"month_no"}, {"business_no"}}, Rows: calendar(p.Zone, h)},
		{Name: "quarters", Columns: ints("+name", "first", "last"), Rows: parts(p.From-margin, p.To+margin, func(d civil.Date) (string, civil.Date, civil.Date) {
			q := civil.QuarterOf(d)
			return q.Name, q.First, q.Last
		})},
		{Name: "months", Columns: ints("+name", "first", "last"), Rows: parts(p.From-margin, p.To+margin, func(d civil.Date) (string, civil.Date, civil.Date) {
			y, m, _ := d.Parts()
			f := civil.NewDate(y, m, 1)
			return f.String()[:7], f, f + civil.Date(f.MonthLength()) - 1
		})},
		{Name: "weeks", Columns: ints("+name", "first", "last"), Rows: parts(p.From-margin, p.To+margin, week)},
		{Name: "halves", Columns: ints("+name", "first", "last"), Rows: parts(p.From-margin, p.To+margin, func(d civil.Date) (string, civil.Date, civil.Date) {
			y, m, _ := d.Parts()
			if m <= time.June {
				return fmt.Sprintf("%04d-H1", y), civil.NewDate(y, time.January, 1), civil.NewDate(y, time.June, 30)
			}
			return fmt.Sprintf("%04d-H2", y), civil.NewDate(y, time.July, 1), civil.NewDate(y, time.December, 31)
		})},
		{Name: "years", Columns: ints("+name", "first", "last"), Rows: parts(p.From-margin, p.To+margin, func(d civil.Date) (string, civil.Date, civil.Date) {
			y, _, _ := d.Parts()
			return fmt.Sprintf("%04d", y), civil.NewDate(y, time.January, 1), civil.NewDate(y, time.December, 31)
		})},
	}
}

// week is the ISO 8601 week that holds the date, Monday to Sunday. It bears the year of its Thursday.
func week(d civil.Date) (string, civil.Date, civil.Date) {
	monday := d - civil.Date((int(d.Weekday())+6)%7)
	y, _, _ := (monday + 3).Parts()
	n := (monday+3-civil.NewDate(y, time.January, 1))/7 + 1
	return fmt.Sprintf("%04d-W%02d", y, n), monday, monday + 6
}

// FrameNames lists the relations that Frame makes.
func FrameNames() []string {
	return []string{"calendar", "quarters", "months", "weeks", "halves", "years"}
}

// NeedsFrame reports whether a plan looks anything up in the relations of Frame.
func NeedsFrame(p *rule.Plan) bool {
	for _, s := range p.Sources {
		switch s.Kind {
		case rule.FromDays, rule.FromBusinessDays, rule.FromEvery, rule.FromWeeks, rule.FromMonths, rule.FromQuarters, rule.FromHalves, rule.FromYears:
			return true
		}
	}
	return p.Uses(rule.Date)
}

// ints names integer columns; a plus sign marks a text.
func ints(names ...string) []assure.Column {
	var out []assure.Column
	for _, n := range names {
		name, text := strings.CutPrefix(n, "+")
		out = append(out, assure.Column{Name: name, Integer: !text})
	}
	return out
}

func calendar(z civil.Zone, h civil.Holidays) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		start := z.Start(rule.FirstDay)
		no := int64(0)
		for d := rule.FirstDay; d <= rule.LastDay; d++ {
			end := z.End(d)
			y, m, dom := d.Parts()
			business := int64(0)
			if h.Business(d) {
				business = 1
				no++
			}
			row := []any{int64(d), d.String(), int64(start), int64(end), int64(y)*12 + int64(m) - 1, int64(dom), int64(d.MonthLength()), business, no}
			if !yield(row, nil) {
				return
			}
			start = end
		}
		yield([]any{nil, nil, int64(start), nil, nil, nil, nil, nil, nil}, nil)
	}
}

func parts(from, to civil.Date, part func(civil.Date) (string, civil.Date, civil.Date)) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for d := from; d <= to; {
			name, first, last := part(d)
			if !yield([]any{name, int64(first), int64(last)}, nil) {
				return
			}
			d = last + 1
		}
	}
}

// PersonsRelation turns resolved logins into the relation "persons".
func PersonsRelation(persons iter.Seq2[string, string]) assure.Relation {
	return assure.Relation{Name: "persons", Columns: ints("+login", "+person"), Lookups: [][]string{{"login"}, {"person"}}, Rows: func(yield func([]any, error) bool) {
		for login, person := range persons {
			if !yield([]any{login, person}, nil) {
				return
			}
		}
	}}
}
