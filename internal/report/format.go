package report

import (
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// Count prints a number with a comma between thousands.
func Count[T int | int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		return "-" + s
	}
	return s
}

// Plural prints "1 item" or "2 items".
func Plural[T int | int64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Moment prints an instant or a civil date as the report shows it: local time with its
// offset, to the second. What is neither is printed as it came.
func Moment(s string, z civil.Zone) string {
	if s == "" {
		return "not known"
	}
	if _, err := civil.ParseDate(s); err == nil {
		return s
	}
	i, err := civil.ParseInstant(s)
	if err != nil || i == civil.Never {
		return s
	}
	return strings.Replace(i.In(z), "T", " ", 1)
}

// Spoken prints an instant or a civil date as running text has it, such as "1 August 2026, 09:30, America/New_York
// (UTC-04:00)": seconds only where there are some. What is neither is printed as it came.
func Spoken(s string, z civil.Zone) string {
	if s == "" {
		return "not known"
	}
	if d, err := civil.ParseDate(s); err == nil {
		return d.Long()
	}
	i, err := civil.ParseInstant(s)
	if err != nil || i == civil.Never {
		return s
	}
	local := i.In(z) // 2026-08-01T09:30:00-04:00
	clock := local[11:16]
	if sec := local[17:19]; sec != "00" {
		clock += ":" + sec
	}
	offset := "UTC" + strings.Replace(local[strings.LastIndexAny(local, "+-Z"):], "Z", "", 1)
	if name := z.String(); name != "UTC" {
		offset = name + " (" + strings.Replace(offset, "-", "\u2212", 1) + ")"
	}
	return z.DateOf(i).Long() + ", " + clock + ", " + offset
}

// MonthName prints YYYY-MM as "Jul 2025"; what is no month is printed as it came.
func MonthName(s string) string {
	d, err := civil.ParseDate(s + "-01")
	if err != nil {
		return s
	}
	_, m, _ := d.Parts()
	return m.String()[:3] + " " + s[:4]
}

// String is the run as plain text, as a reader without links would have it.
func (r Run) String() string {
	if r.Figure != nil {
		return r.Figure.String()
	}
	return r.Text
}

// String prints the figure as "n" or "n of N", with its caveat.
func (f Figure) String() string {
	s := Count(f.Value)
	if f.Of != nil {
		s += " of " + Count(*f.Of)
	}
	if f.Caveat != "" {
		s += " (" + f.Caveat + ")"
	}
	return s
}

// String is the line as plain text.
func (rs Runs) String() string {
	var b strings.Builder
	for _, r := range rs {
		b.WriteString(r.String())
	}
	return b.String()
}
