package phrase

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/civil"
)

var (
	germanMonths = [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni",
		"Juli", "August", "September", "Oktober", "November", "Dezember"}
	germanDays = [...]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"}
	// germanZones are the abbreviations that German has for those of the tz database.
	germanZones = map[string]string{"CET": "MEZ", "CEST": "MESZ", "WET": "WEZ", "WEST": "WESZ", "EET": "OEZ", "EEST": "OESZ"}
)

func (l Lang) monthName(m time.Month) string {
	if l == German && m >= time.January && m <= time.December {
		return germanMonths[m-1]
	}
	return m.String()
}

// Date prints a civil day in full: "14 August 2026", "14. August 2026", or "never".
func (l Lang) Date(d civil.Date) string {
	if d == civil.MaxDate {
		return l.T("never")
	}
	y, _, _ := d.Parts()
	return l.DayMonth(d) + " " + strconv.Itoa(y)
}

// DayMonth prints a civil day where its year is plain: "14 August", "14. August".
func (l Lang) DayMonth(d civil.Date) string {
	if d == civil.MaxDate {
		return l.T("never")
	}
	_, m, n := d.Parts()
	if l == German {
		return strconv.Itoa(n) + ". " + l.monthName(m)
	}
	return strconv.Itoa(n) + " " + l.monthName(m)
}

// Month prints a month of a year: "August 2026".
func (l Lang) Month(year int, m time.Month) string {
	return l.monthName(m) + " " + strconv.Itoa(year)
}

// MonthShort prints a month of a year in three letters, for the head of a column: "Aug 2026".
func (l Lang) MonthShort(year int, m time.Month) string {
	name := []rune(l.monthName(m))
	return string(name[:min(3, len(name))]) + " " + strconv.Itoa(year)
}

// Weekday prints the name of a day of the week.
func (l Lang) Weekday(d time.Weekday) string {
	if l == German && d >= time.Sunday && d <= time.Saturday {
		return germanDays[d]
	}
	return d.String()
}

// Moment prints an instant as local time of the zone, to the minute, with the zone's
// abbreviation or, where the tz database has none, its offset: "14 Aug 2026, 09:30 EDT",
// "14.08.2026, 09:30 EDT", "14 Aug 2026, 16:30 UTC+03:00". What it cuts off, the seconds and
// the offset, a page keeps in the datetime attribute.
func (l Lang) Moment(i civil.Instant, z civil.Zone) string {
	if i == civil.Never {
		return l.T("never")
	}
	t := i.Time().In(location(z))
	layout := "2 Jan 2006, 15:04 "
	if l == German {
		layout = "02.01.2006, 15:04 "
	}
	return t.Format(layout) + l.zone(t)
}

// zone names the zone of a time as a reader knows it.
func (l Lang) zone(t time.Time) string {
	name, offset := t.Zone()
	if strings.IndexFunc(name, func(r rune) bool { return r < 'A' || r > 'Z' }) >= 0 || name == "" {
		return offsetName(offset)
	}
	if own, ok := germanZones[name]; ok && l == German {
		return own
	}
	return name
}

func offsetName(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	s := fmt.Sprintf("UTC%c%02d:%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		s += fmt.Sprintf(":%02d", seconds%60)
	}
	return s
}

// locations keeps the zones that were asked for; there are as many as ParseZone let in.
var locations sync.Map // name -> *time.Location

// location finds the rules behind a zone, which package civil keeps to itself. The name was
// loaded once when the zone was parsed.
func location(z civil.Zone) *time.Location {
	if l, ok := locations.Load(z.String()); ok {
		return l.(*time.Location)
	}
	l, err := time.LoadLocation(z.String())
	if err != nil {
		return time.UTC
	}
	locations.Store(z.String(), l)
	return l
}

// Relative says how far to lies from from, in the largest unit of which there is a whole one,
// cut down: "in 3 days" leaves at least three. Up to two months it counts days of 24 hours,
// then months of the calendar in UTC. Less than a minute is "now".
func (l Lang) Relative(from, to civil.Instant) string {
	if to == civil.Never || from == civil.Never {
		return l.T("never")
	}
	first, last := min(from, to), max(from, to)
	minutes := (uint64(last) - uint64(first)) / 60e6 // no overflow between instants of either sign
	months := monthsBetween(first, last)
	say := l.ahead
	if to < from {
		say = l.ago
	}
	switch {
	case minutes == 0:
		return l.T("now")
	case minutes < 60:
		return say(int(minutes), minute)
	case minutes < 24*60:
		return say(int(minutes/60), hour)
	case months < 2:
		return say(int(minutes/60/24), day)
	}
	return say(months, month)
}

type unit int

const (
	minute unit = iota
	hour
	day
	month
)

func (l Lang) ahead(n int, u unit) string {
	switch u {
	case minute:
		return l.N(n, "in %d minute", "in %d minutes")
	case hour:
		return l.N(n, "in %d hour", "in %d hours")
	case day:
		return l.N(n, "in %d day", "in %d days")
	}
	return l.N(n, "in %d month", "in %d months")
}

func (l Lang) ago(n int, u unit) string {
	switch u {
	case minute:
		return l.N(n, "%d minute ago", "%d minutes ago")
	case hour:
		return l.N(n, "%d hour ago", "%d hours ago")
	case day:
		return l.N(n, "%d day ago", "%d days ago")
	}
	return l.N(n, "%d month ago", "%d months ago")
}

// monthsBetween counts the whole months of the calendar, in UTC, from first to last.
func monthsBetween(first, last civil.Instant) int {
	var utc civil.Zone
	a, b := utc.DateOf(first), utc.DateOf(last)
	ay, am, _ := a.Parts()
	by, bm, _ := b.Parts()
	n := (by-ay)*12 + int(bm-am)
	// The day of the month, clamped to its end, and the time of day decide the last one.
	due := a.AddMonths(n)
	if due > b || due == b && timeOfDay(last) < timeOfDay(first) {
		n--
	}
	return n
}

const dayMicros = 86_400_000_000

func timeOfDay(i civil.Instant) int64 {
	return (int64(i)%dayMicros + dayMicros) % dayMicros
}

// Duration prints a length of time in its two largest units, cut down, as the ledger does:
// "3 d 4 h", "3 Tg. 4 Std.". Below a second it is in milliseconds.
func (l Lang) Duration(d time.Duration) string {
	sign := ""
	if d <= -time.Millisecond {
		sign = "-"
	}
	if d < 0 {
		d = -max(d, -1<<63+1)
	}
	one := func(n time.Duration, unit string) string { return l.Count(int64(n)) + l.unitSpace() + unit }
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, l.T("d")}, {time.Hour, l.T("h")}, {time.Minute, l.T("min")}, {time.Second, l.T("s")}}
	for i, u := range units {
		if d < u.size {
			continue
		}
		s := sign + one(d/u.size, u.name)
		if i+1 < len(units) {
			next := units[i+1]
			s += " " + one(d%u.size/next.size, next.name)
		}
		return s
	}
	if d < time.Millisecond {
		return one(0, l.T("s"))
	}
	return sign + one(d/time.Millisecond, "ms")
}
