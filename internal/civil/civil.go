// Package civil holds dates, zones, half-open periods and business calendars. It reads no
// clock: every time is an argument. Instants are microseconds, the resolution of the product.
package civil

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// Instant is a point in time: microseconds since 1970-01-01T00:00:00Z.
type Instant int64

// Never is the instant of an end that has not come: later than every other.
const Never Instant = 1<<63 - 1

// InstantOf cuts a time to the product's resolution.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time returns the instant in UTC. Never has no time; ask first.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// String prints RFC 3339 in UTC, or "never".
func (i Instant) String() string {
	if i == Never {
		return "never"
	}
	return i.Time().Format("2006-01-02T15:04:05.999999Z")
}

// In prints the instant as local time with its offset, as reports show it.
func (i Instant) In(z Zone) string {
	if i == Never {
		return "never"
	}
	return i.Time().In(z.loc()).Format(time.RFC3339)
}

// ParseInstant reads RFC 3339 with an offset; a time without one is refused, never guessed.
func ParseInstant(s string) (Instant, error) {
	if len(s) > 0 && (s[len(s)-1] == 'z' || strings.Contains(s, "t")) {
		return 0, fault.Refuse("%q: write T and Z in capitals, as in 2026-01-31T09:00:00Z", s)
	}
	t, err := time.Parse(time.RFC3339, s)
	// Package time also takes an hour of one digit and a comma before the fraction.
	if err == nil && s[13] == ':' && !strings.Contains(s, ",") {
		if t.Year() < 1900 || t.Year() > 2200 {
			return 0, fault.Refuse("%q lies outside the years 1900 to 2200", s)
		}
		return InstantOf(t), nil
	}
	if _, e := time.Parse("2006-01-02T15:04:05.999999999", s); e == nil {
		return 0, fault.Refuse("%q has no offset; expected RFC 3339, as in 2026-01-31T09:00:00Z or 2026-01-31T10:00:00+01:00", s)
	}
	return 0, fault.Refuse("%q is not a time; expected RFC 3339, as in 2026-01-31T09:00:00Z", s)
}

// Date is a civil day, counted from 1970-01-01, which is day 0.
type Date int32

// MaxDate stands for an end that has not come, where dates are compared.
const MaxDate Date = 1<<31 - 1

// NewDate makes a date; months and days out of range are carried over as package time does.
func NewDate(y int, m time.Month, d int) Date {
	return Date(floorDiv(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix(), 86400))
}

// ParseDate reads YYYY-MM-DD and refuses a day that does not exist.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse("2006-01-02", s)
	if err != nil || len(s) != 10 {
		return 0, fault.Refuse("%q is not a date; expected an existing day as YYYY-MM-DD", s)
	}
	if t.Year() < 1900 || t.Year() > 2200 {
		return 0, fault.Refuse("%q lies outside the years 1900 to 2200", s)
	}
	return NewDate(t.Year(), t.Month(), t.Day()), nil
}

// Parts splits the date.
func (d Date) Parts() (int, time.Month, int) {
	return time.Unix(int64(d)*86400, 0).UTC().Date()
}

// String prints YYYY-MM-DD.
func (d Date) String() string {
	if d == MaxDate {
		return "never"
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format("2006-01-02")
}

// Long prints the date as a report does: 1 July 2025.
func (d Date) Long() string {
	return time.Unix(int64(d)*86400, 0).UTC().Format("2 January 2006")
}

// Weekday of the date.
func (d Date) Weekday() time.Weekday { return time.Unix(int64(d)*86400, 0).UTC().Weekday() }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(b []byte) error {
	v, err := ParseDate(string(b))
	*d = v
	return err
}

// AddMonths adds calendar months and clamps to the end of the month: 29 February plus a
// year is 28 February (handbook E6).
func (d Date) AddMonths(n int) Date {
	y, m, day := d.Parts()
	first := NewDate(y, m+time.Month(n), 1)
	fy, fm, _ := first.Parts()
	return NewDate(fy, fm, min(day, daysIn(fy, fm)))
}

func daysIn(y int, m time.Month) int { return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// MonthLength returns the number of days of the date's month.
func (d Date) MonthLength() int {
	y, m, _ := d.Parts()
	return daysIn(y, m)
}

// Zone is an IANA time zone. The zero value is UTC.
type Zone struct {
	name string
	l    *time.Location
}

// ParseZone loads an IANA zone. "Local" is refused: it means another thing on each machine.
func ParseZone(name string) (Zone, error) {
	if name == "" || name == "Local" {
		return Zone{}, fault.Refuse("%q is not a zone; expected an IANA name such as Europe/Madrid", name)
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return Zone{}, fault.Refuse("%q is not a known zone; expected an IANA name such as America/New_York", name)
	}
	return Zone{name, l}, nil
}

func (z Zone) loc() *time.Location {
	if z.l == nil {
		return time.UTC
	}
	return z.l
}

// String returns the IANA name.
func (z Zone) String() string {
	if z.name == "" {
		return "UTC"
	}
	return z.name
}

// Rules names the rules of the zone that were in use, whatever version of the tz database they come
// from: the SHA-256, in lower-case hex, of its offsets from 1940 to 2079. Each line is the instant from which
// one holds, in seconds since 1970-01-01T00:00:00Z, a space, and its seconds east of UTC; a change that is taken
// back within one day of UTC is not seen. When a law changes the zone afterwards, the name changes too (handbook E5).
func (z Zone) Rules() string {
	offset := func(unix int64) int {
		_, o := time.Unix(unix, 0).In(z.loc()).Zone()
		return o
	}
	const day = 86400
	t, end := int64(NewDate(1940, time.January, 1))*day, int64(NewDate(2080, time.January, 1))*day
	h, last := sha256.New(), offset(t)
	fmt.Fprintf(h, "%d %d\n", t, last)
	for ; t < end; t += day {
		now := offset(t + day)
		if now == last {
			continue
		}
		lo, hi := t, t+day // the offset is the old one at lo and the new one at hi
		for hi-lo > 1 {
			if mid := (lo + hi) / 2; offset(mid) == last {
				lo = mid
			} else {
				hi = mid
			}
		}
		fmt.Fprintf(h, "%d %d\n", hi, now)
		last = now
	}
	return hex.EncodeToString(h.Sum(nil))
}

// MarshalText writes the IANA name.
func (z Zone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// UnmarshalText reads an IANA name.
func (z *Zone) UnmarshalText(b []byte) error {
	v, err := ParseZone(string(b))
	*z = v
	return err
}

// Start is the first instant of the civil day in the zone. Where midnight does not exist,
// because clocks spring forward over it, it is the first instant that does.
func (z Zone) Start(d Date) Instant {
	y, m, day := d.Parts()
	t := time.Date(y, m, day, 0, 0, 0, 0, z.loc())
	// time.Date may answer with the evening before when midnight is skipped, and with the
	// second midnight when it is repeated; step by quarter hours to the first of the day.
	for z.dateOf(t) < d {
		t = t.Add(15 * time.Minute)
	}
	for e := t.Add(-15 * time.Minute); z.dateOf(e) == d; e = e.Add(-15 * time.Minute) {
		t = e
	}
	return InstantOf(t)
}

// End is the first instant after the civil day: days are half-open.
func (z Zone) End(d Date) Instant { return z.Start(d + 1) }

// DateOf is the civil day of an instant in the zone.
func (z Zone) DateOf(i Instant) Date { return z.dateOf(i.Time()) }

func (z Zone) dateOf(t time.Time) Date {
	y, m, d := t.In(z.loc()).Date()
	return NewDate(y, m, d)
}

// ParseLocal reads a local time without offset, YYYY-MM-DDThh:mm:ss (a space for the T, a
// fraction allowed), and refuses one that the zone skips or repeats.
func (z Zone) ParseLocal(s string) (Instant, error) {
	t, err := time.Parse("2006-01-02T15:04:05", strings.Replace(s, " ", "T", 1))
	if err != nil || s[13] != ':' || strings.Contains(s, ",") {
		return 0, fault.Refuse("%q is not a local time; expected YYYY-MM-DDThh:mm:ss", s)
	}
	if t.Year() < 1900 || t.Year() > 2200 {
		return 0, fault.Refuse("%q lies outside the years 1900 to 2200", s)
	}
	wall := t.UnixMicro()
	var found []Instant
	seen := map[int]bool{}
	for _, h := range []int{-36, -12, 0, 12, 36} {
		_, off := t.Add(time.Duration(h) * time.Hour).In(z.loc()).Zone()
		if seen[off] {
			continue
		}
		seen[off] = true
		i := Instant(wall - int64(off)*1e6)
		if _, o := i.Time().In(z.loc()).Zone(); o == off {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, fault.Refuse("%q does not exist in %s: clocks skip it; give the time with its offset", s, z)
	default:
		return 0, fault.Refuse("%q happens twice in %s: clocks go back over it; give the time with its offset", s, z)
	}
}

// Period is a closed interval of civil dates in a zone: the period of a Type 2 report.
type Period struct {
	From Date `json:"from"`
	To   Date `json:"to"`
	Zone Zone `json:"zone"`
}

// NewPeriod checks that the period does not end before it starts.
func NewPeriod(from, to Date, z Zone) (Period, error) {
	if to < from {
		return Period{}, fault.Refuse("the period ends on %s, before it starts on %s", to, from)
	}
	return Period{from, to, z}, nil
}

// Start is the first instant of the period.
func (p Period) Start() Instant { return p.Zone.Start(p.From) }

// End is the first instant after the period.
func (p Period) End() Instant { return p.Zone.End(p.To) }

// Days counts the civil days of the period.
func (p Period) Days() int { return int(p.To-p.From) + 1 }

// Clip returns the part of the period within [from, to], and false when there is none.
func (p Period) Clip(from, to Date) (Period, bool) {
	q := Period{max(p.From, from), min(p.To, to), p.Zone}
	return q, q.From <= q.To
}

// Holidays is a business calendar: the days on which no business is done besides Saturdays
// and Sundays. An empty calendar means weekends only, which callers must say (handbook E8).
type Holidays struct {
	Name string
	Days map[Date]bool
}

// Business reports whether business is done on the day.
func (h Holidays) Business(d Date) bool {
	w := d.Weekday()
	return w != time.Saturday && w != time.Sunday && !h.Days[d]
}

// AddBusinessDays returns the n-th business day after d.
func (h Holidays) AddBusinessDays(d Date, n int) Date {
	for n > 0 {
		d++
		if h.Business(d) {
			n--
		}
	}
	return d
}

// Quarter is a calendar quarter.
type Quarter struct {
	Name        string // 2026-Q3
	First, Last Date
}

// QuarterOf returns the calendar quarter that holds the date.
func QuarterOf(d Date) Quarter {
	y, m, _ := d.Parts()
	q := (int(m) - 1) / 3
	return Quarter{
		Name:  fmt.Sprintf("%04d-Q%d", y, q+1),
		First: NewDate(y, time.Month(q*3+1), 1),
		Last:  NewDate(y, time.Month(q*3+4), 0),
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
