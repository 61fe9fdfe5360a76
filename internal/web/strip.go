package web

import (
	"context"
	"fmt"
	"html"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

// dayKinds are the days of a strip from worst to best, with the words and the sign that stand for each.
var dayKinds = []struct {
	Day               gauge.Day
	Sign, Word, Class string
}{
	{gauge.DayBad, "×", phrase.Mark("within a deviation"), "bad"},
	{gauge.DayAbsent, "–", phrase.Mark("no control in place"), "absent"},
	{gauge.DayOpen, "?", phrase.Mark("not settled"), "open"},
	{gauge.DayClean, "", phrase.Mark("clean"), "clean"},
	{gauge.DayFuture, "", phrase.Mark("to come"), "future"},
}

// month is one month of a strip.
type month struct {
	Name string // YYYY-MM
	days gauge.Days
	full int // days that the month has; a period may hold fewer
	skip int // days of the month before the period
}

// months cuts a strip at the ends of months.
func months(days gauge.Days, from civil.Date) []month {
	var out []month
	for i := 0; i < len(days); {
		d := from + civil.Date(i)
		y, m, day := d.Parts()
		full := d.MonthLength()
		n := min(full-day+1, len(days)-i)
		out = append(out, month{fmt.Sprintf("%04d-%02d", y, int(m)), days[i : i+n], full, day - 1})
		i += n
	}
	return out
}

func (m month) count(k gauge.Day) int { return strings.Count(string(m.days), string(k)) }

// worst is the place in dayKinds of the worst that the month holds. A month with days to come and clean ones is clean.
func (m month) worst() int {
	for i, k := range dayKinds {
		if m.count(k.Day) > 0 {
			return i
		}
	}
	return len(dayKinds) - 1
}

func (m month) class() string { return "day-" + dayKinds[m.worst()].Class }

// sign is the mark of the worst, with how many days it is of a month that is not like it throughout.
func (m month) sign() string {
	k := dayKinds[m.worst()]
	if n := m.count(k.Day); k.Sign != "" && n < len(m.days) {
		return k.Sign + fmt.Sprint(n)
	}
	return k.Sign
}

// words says the month to those who do not see it: "Nov 2026: 9 days within a deviation, 21 days clean".
func (m month) words(ctx context.Context) string {
	var parts []string
	for _, k := range dayKinds {
		if n := m.count(k.Day); n > 0 {
			parts = append(parts, shell.N(ctx, n, "%d day", "%d days")+" "+shell.T(ctx, k.Word))
		}
	}
	return monthName(ctx, m.Name) + ": " + strings.Join(parts, ", ")
}

// svg draws the month a day at a time, along the lower edge of its cell, and says it in words.
func (m month) svg(ctx context.Context) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg role="img" viewBox="0 0 %d 30" preserveAspectRatio="none" focusable="false"><title>%s</title>`, m.full, html.EscapeString(m.words(ctx)))
	for _, k := range dayKinds {
		if path := runs(m.days, k.Day, m.skip); path != "" {
			fmt.Fprintf(&b, `<path class="%s" d="%s"/>`, k.Class, path)
		}
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// runs are the days of one kind as rectangles, neighbours joined.
func runs(days gauge.Days, k gauge.Day, at int) string {
	var b strings.Builder
	for i := 0; i < len(days); i++ {
		n := 0
		for i+n < len(days) && days.At(i+n) == k {
			n++
		}
		if n > 0 {
			fmt.Fprintf(&b, "M%d 24h%dv6h-%dz", at+i, n, n)
			i += n
		}
	}
	return b.String()
}

// monthHead is the name of a column; the year stands where it begins.
func monthHead(ctx context.Context, list []month, i int) (name, year string) {
	name, year, _ = strings.Cut(monthName(ctx, list[i].Name), " ")
	if i > 0 && !strings.HasSuffix(list[i].Name, "-01") {
		year = ""
	}
	return name, year
}
