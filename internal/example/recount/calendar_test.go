package recount

import (
	"fmt"
	"math"
	"time"
)

// instant counts microseconds, day counts civil days, both since 1970; number counts things. One
// that no record tells is unclear; an end that has not come is never.
type (
	instant int64
	day     int64
	number  int64
)

const (
	unclear = math.MinInt64
	never   = math.MaxInt64
	minute  = 60_000_000
	hour    = 60 * minute
)

// before compares two values; it is unknown when one of them is.
func before[T instant | day | number](a, b T) answer {
	if a == unclear || b == unclear {
		return unknown
	}
	return is(a < b)
}

func notAfter[T instant | day | number](a, b T) answer { return not(before(b, a)) }

// first is the first of two values that is known and has come.
func first[T instant | day | number](a, b T) T {
	if a == unclear || a == never {
		if b == unclear {
			return a
		}
		return b
	}
	return a
}

// plus adds to a value, which stays what it is where it is unclear or never.
func plus[T instant | day | number](a, n T) T {
	if a == unclear || a == never {
		return a
	}
	return a + n
}

func date(y int, m time.Month, d int) day {
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func (d day) time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

func (d day) String() string { return d.time().Format(time.DateOnly) }

// months adds calendar months; a day that the month does not have becomes its last one.
func (d day) months(n int) day {
	if d == unclear || d == never {
		return d
	}
	y, m, dd := d.time().Date()
	return min(date(y, m+time.Month(n), dd), date(y, m+time.Month(n)+1, 0))
}

// start is the first instant of the civil day in the company's zone, end the first one after it.
func (b *books) startOf(d day) instant {
	if d == unclear || d == never {
		return instant(d)
	}
	y, m, dd := d.time().Date()
	return instant(time.Date(y, m, dd, 0, 0, 0, 0, b.zone).UnixMicro())
}

func (b *books) endOf(d day) instant { return b.startOf(plus(d, 1)) }

// dayOf is the civil day of an instant in the company's zone.
func (b *books) dayOf(i instant) day {
	if i == unclear || i == never {
		return day(i)
	}
	return date(time.UnixMicro(int64(i)).In(b.zone).Date())
}

func (b *books) within(i instant, from, to day) answer {
	return all(notAfter(b.startOf(from), i), before(i, b.endOf(to)))
}

func between(d, from, to day) answer { return all(notAfter(from, d), notAfter(d, to)) }

func (b *books) business(d day) bool {
	w := d.time().Weekday()
	return w != time.Saturday && w != time.Sunday && !b.holidays[d]
}

// businessAfter is the n-th business day after a day.
func (b *books) businessAfter(d day, n int) day {
	for n > 0 && d != unclear && d != never {
		if d++; b.business(d) {
			n--
		}
	}
	return d
}

// stretch is a named part of the calendar with its first and last day.
type stretch struct {
	name        string
	first, last day
}

// parts cuts the calendar around the period into months, quarters and so on.
func (b *books) parts(months int, name func(y, n int) string) []stretch {
	var out []stretch
	y, _, _ := b.from.time().Date()
	for d := date(y-1, 1, 1); d <= b.to.months(12); d = d.months(months) {
		y, m, _ := d.time().Date()
		out = append(out, stretch{name(y, (int(m)-1)/months+1), d, d.months(months) - 1})
	}
	return out
}

func named(format string) func(y, n int) string {
	return func(y, n int) string { return fmt.Sprintf(format, y, n) }
}

func (b *books) months() []stretch   { return b.parts(1, named("%04d-%02d")) }
func (b *books) quarters() []stretch { return b.parts(3, named("%04d-Q%d")) }
func (b *books) halves() []stretch   { return b.parts(6, named("%04d-H%d")) }
func (b *books) years() []stretch {
	return b.parts(12, func(y, _ int) string { return fmt.Sprintf("%04d", y) })
}

// weeks are those of ISO 8601, Monday to Sunday.
func (b *books) weeks() []stretch {
	var out []stretch
	monday := b.from - 40
	for monday.time().Weekday() != time.Monday {
		monday++
	}
	for ; monday <= b.to+14; monday += 7 {
		y, w := monday.time().ISOWeek()
		out = append(out, stretch{fmt.Sprintf("%04d-W%02d", y, w), monday, monday + 6})
	}
	return out
}

// days are those of the period.
func (b *books) days() []day {
	var out []day
	for d := b.from; d <= b.to; d++ {
		out = append(out, d)
	}
	return out
}

// rounds are the days that lie 12, 24, ... months after a day, up to the end of the period.
func (b *books) rounds(from day) []day {
	var out []day
	for n := 12; from != unclear && from != never && from.months(n) <= b.to; n += 12 {
		out = append(out, from.months(n))
	}
	return out
}
