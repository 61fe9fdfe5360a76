package gauge

import (
	"fmt"
	"math"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// percent prints a share with one digit, in whole numbers throughout.
func percent(k, n int) string {
	if n == 0 {
		return ""
	}
	tenths := (2000*k + n) / (2 * n)
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// share prints basis points as a percentage.
func share(bp int) string {
	if bp%100 == 0 {
		return fmt.Sprintf("%d %%", bp/100)
	}
	return fmt.Sprintf("%g %%", float64(bp)/100)
}

// limit prints a bound rounded up to a tenth of a percent: a bound is never understated.
func limit(u float64) string { return fmt.Sprintf("%.1f %%", math.Ceil(u*1000-1e-9)/10) }

// ofItems prints "1 of 24 (4.2 %)".
func ofItems(k, n int) string { return fmt.Sprintf("%d of %d (%s)", k, n, percent(k, n)) }

// count prints a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// most is how many of many are named before the rest is counted.
const most = 3

// some lists the first few of many.
func some(list []string) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func (s Span) String() string { return s.From.String() + " to " + s.To.String() }

// dots prints the interval where "to" stands for something else.
func (s Span) dots() string { return s.From.String() + ".." + s.To.String() }

// Days counts the days of the interval.
func (s Span) Days() int { return int(s.To-s.From) + 1 }

// window is the period of so many calendar months that starts on the day. One that would start again on a day that its last
// month does not have ends with that month: six months from 31 October end on 30 April.
func window(from civil.Date, months int) Span {
	next := from.AddMonths(months)
	_, _, a := from.Parts()
	if _, _, b := next.Parts(); b < a {
		return Span{from, next}
	}
	return Span{from, next - 1}
}

// months is the length of a period: the fewest calendar months that hold it.
func (s Span) months() int {
	n := int(s.To-s.From)/31 + 1
	for n > 1 && window(s.From, n-1).To >= s.To {
		n--
	}
	for window(s.From, n).To < s.To {
		n++
	}
	return n
}
