package phrase_test

import (
	"math"
	"regexp"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assayhq/assay/internal/civil"
)

func zone(t *testing.T, name string) civil.Zone {
	t.Helper()
	z, err := civil.ParseZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func instant(t *testing.T, s string) civil.Instant {
	t.Helper()
	i, err := civil.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestDates(t *testing.T) {
	t.Parallel()
	d := civil.NewDate(2026, time.August, 14)
	m := civil.NewDate(2026, time.March, 1)
	for _, c := range []struct {
		what, got, want string
	}{
		{"Date en", en.Date(d), "14 August 2026"},
		{"Date as civil", en.Date(m), m.Long()},
		{"Date de", de.Date(d), "14. August 2026"},
		{"Date never", de.Date(civil.MaxDate), "nie"},
		{"DayMonth en", en.DayMonth(m), "1 March"},
		{"DayMonth de", de.DayMonth(m), "1. März"},
		{"DayMonth never", en.DayMonth(civil.MaxDate), "never"},
		{"Month en", en.Month(2026, time.December), "December 2026"},
		{"Month de", de.Month(2026, time.December), "Dezember 2026"},
		{"Month 13", de.Month(2026, 13), "%!Month(13) 2026"},
		{"MonthShort en", en.MonthShort(2025, time.July), "Jul 2025"},
		{"MonthShort de", de.MonthShort(2026, time.March), "Mär 2026"},
		{"Weekday en", en.Weekday(d.Weekday()), "Friday"},
		{"Weekday de", de.Weekday(d.Weekday()), "Freitag"},
	} {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at, zone, en, de string
	}{
		{"2026-08-14T13:30:59Z", "America/New_York", "14 Aug 2026, 09:30 EDT", "14.08.2026, 09:30 EDT"},
		{"2026-01-14T13:30:00Z", "America/New_York", "14 Jan 2026, 08:30 EST", "14.01.2026, 08:30 EST"},
		{"2026-10-25T00:30:00Z", "Europe/Berlin", "25 Oct 2026, 02:30 CEST", "25.10.2026, 02:30 MESZ"},
		{"2026-10-25T01:30:00Z", "Europe/Berlin", "25 Oct 2026, 02:30 CET", "25.10.2026, 02:30 MEZ"},
		{"2026-03-01T23:00:00Z", "UTC", "1 Mar 2026, 23:00 UTC", "01.03.2026, 23:00 UTC"},
		{"2026-08-14T13:30:00Z", "America/Sao_Paulo", "14 Aug 2026, 10:30 UTC-03:00", "14.08.2026, 10:30 UTC-03:00"},
		{"2026-08-14T20:30:00Z", "Asia/Kathmandu", "15 Aug 2026, 02:15 UTC+05:45", "15.08.2026, 02:15 UTC+05:45"},
	} {
		i, z := instant(t, c.at), zone(t, c.zone)
		if got := en.Moment(i, z); got != c.en {
			t.Errorf("en.Moment(%s, %s) = %q, want %q", c.at, c.zone, got, c.en)
		}
		if got := de.Moment(i, z); got != c.de {
			t.Errorf("de.Moment(%s, %s) = %q, want %q", c.at, c.zone, got, c.de)
		}
	}
	if got := en.Moment(instant(t, "2026-08-14T13:30:00Z"), civil.Zone{}); got != "14 Aug 2026, 13:30 UTC" {
		t.Errorf("Moment in the zero zone = %q", got)
	}
	if got := de.Moment(civil.Never, civil.Zone{}); got != "nie" {
		t.Errorf("Moment(Never) = %q, want nie", got)
	}
}

// TestMomentAgreesWithTheReport: day and minute are those that reports print.
func TestMomentAgreesWithTheReport(t *testing.T) {
	t.Parallel()
	zones := []civil.Zone{{}, zone(t, "America/New_York"), zone(t, "Europe/Berlin"), zone(t, "Australia/Lord_Howe"), zone(t, "Asia/Kolkata")}
	rapid.Check(t, func(t *rapid.T) {
		i := civil.Instant(rapid.Int64Range(-2e15, 7e15).Draw(t, "i"))
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		local, err := time.Parse(time.RFC3339, i.In(z))
		if err != nil {
			t.Skip("an offset with seconds")
		}
		got := de.Moment(i, z)
		if want := local.Format("02.01.2006, 15:04 "); got[:len(want)] != want || len(got) == len(want) {
			t.Errorf("Moment(%s, %s) = %q, want %q and the zone", i, z, got, want)
		}
	})
}

func TestRelative(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to, en, de string
	}{
		{"2026-08-14T09:00:00Z", "2026-08-14T09:00:59Z", "now", "jetzt"},
		{"2026-08-14T09:00:00Z", "2026-08-14T08:59:00Z", "1 minute ago", "vor 1 Minute"},
		{"2026-08-14T09:00:00Z", "2026-08-14T09:59:59Z", "in 59 minutes", "in 59 Minuten"},
		{"2026-08-14T09:00:00Z", "2026-08-14T07:00:00Z", "2 hours ago", "vor 2 Stunden"},
		{"2026-08-14T09:00:00Z", "2026-08-15T08:59:59Z", "in 23 hours", "in 23 Stunden"},
		{"2026-08-14T09:00:00Z", "2026-08-15T09:00:00Z", "in 1 day", "in 1 Tag"},
		{"2026-08-14T09:00:00Z", "2026-08-17T10:00:00Z", "in 3 days", "in 3 Tagen"},
		{"2026-08-14T09:00:00Z", "2026-10-14T08:59:59Z", "in 60 days", "in 60 Tagen"},
		{"2026-08-14T09:00:00Z", "2026-10-14T09:00:00Z", "in 2 months", "in 2 Monaten"},
		{"2026-12-31T09:00:00Z", "2027-02-28T09:00:00Z", "in 2 months", "in 2 Monaten"},
		{"2026-08-14T09:00:00Z", "2025-08-14T09:00:00Z", "12 months ago", "vor 12 Monaten"},
	} {
		from, to := instant(t, c.from), instant(t, c.to)
		if got := en.Relative(from, to); got != c.en {
			t.Errorf("en.Relative(%s, %s) = %q, want %q", c.from, c.to, got, c.en)
		}
		if got := de.Relative(from, to); got != c.de {
			t.Errorf("de.Relative(%s, %s) = %q, want %q", c.from, c.to, got, c.de)
		}
	}
	if got := de.Relative(0, civil.Never); got != "nie" {
		t.Errorf("Relative(0, Never) = %q, want nie", got)
	}
	if got := en.Relative(math.MinInt64, math.MaxInt64-1); !regexp.MustCompile(`^in [0-9,]+ months$`).MatchString(got) {
		t.Errorf("Relative(first, last) = %q, want months", got)
	}
}

var relative = regexp.MustCompile(`^(?:in )?([0-9,]+) (minute|hour|day|month)(s?)( ago)?$`)

// TestRelativeIsWhole: the words are the same both ways but for the direction, they never
// promise more time than there is, and they leave out less than one of their unit.
func TestRelativeIsWhole(t *testing.T) {
	t.Parallel()
	limit := map[string]int{"minute": 59, "hour": 23, "day": 61, "month": 12 * 301}
	rapid.Check(t, func(t *rapid.T) {
		from := civil.Instant(rapid.Int64Range(-2e15, 7e15).Draw(t, "from"))
		span := rapid.OneOf(rapid.Int64Range(0, 90_000e6), rapid.Int64Range(0, 100*86_400e6), rapid.Int64Range(0, 9e15)).Draw(t, "span")
		to := from + civil.Instant(span)
		ahead, back := en.Relative(from, to), en.Relative(to, from)
		if span < 60e6 {
			if ahead != "now" || back != "now" {
				t.Errorf("Relative over %d µs = %q and %q, want now", span, ahead, back)
			}
			return
		}
		a, b := relative.FindStringSubmatch(ahead), relative.FindStringSubmatch(back)
		if a == nil || b == nil || a[1] != b[1] || a[2] != b[2] || a[4] != "" || b[4] == "" || (a[1] == "1") != (a[3] == "") {
			t.Fatalf("Relative(%s, %s) = %q, and back %q", from, to, ahead, back)
		}
		n, err := strconv.Atoi(regexp.MustCompile(`,`).ReplaceAllString(a[1], ""))
		if err != nil || n < 1 || n > limit[a[2]] {
			t.Fatalf("Relative(%s, %s) = %q", from, to, ahead)
		}
		var least, most civil.Instant
		switch unit := map[string]civil.Instant{"minute": 60e6, "hour": 3600e6, "day": 86_400e6}[a[2]]; unit {
		case 0:
			d, tod := civil.Zone{}.DateOf(from), from-civil.Zone{}.Start(civil.Zone{}.DateOf(from))
			least, most = civil.Zone{}.Start(d.AddMonths(n))+tod, civil.Zone{}.Start(d.AddMonths(n+1))+tod
		default:
			least, most = from+civil.Instant(n)*unit, from+civil.Instant(n+1)*unit
		}
		if to < least || to >= most {
			t.Errorf("Relative(%s, %s) = %q, which is %s to %s", from, to, ahead, least, most)
		}
	})
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d      time.Duration
		en, de string
	}{
		{0, "0 s", "0\u00a0Sek."},
		{-500, "0 s", "0\u00a0Sek."},
		{850 * time.Millisecond, "850 ms", "850\u00a0ms"},
		{59 * time.Second, "59 s", "59\u00a0Sek."},
		{-61 * time.Second, "-1 min 1 s", "-1\u00a0Min. 1\u00a0Sek."},
		{2*time.Hour + 5*time.Minute + 59*time.Second, "2 h 5 min", "2\u00a0Std. 5\u00a0Min."},
		{76 * time.Hour, "3 d 4 h", "3\u00a0Tg. 4\u00a0Std."},
		{math.MinInt64, "-106,751 d 23 h", "-106.751\u00a0Tg. 23\u00a0Std."},
	} {
		if got := en.Duration(c.d); got != c.en {
			t.Errorf("en.Duration(%d) = %q, want %q", c.d, got, c.en)
		}
		if got := de.Duration(c.d); got != c.de {
			t.Errorf("de.Duration(%d) = %q, want %q", c.d, got, c.de)
		}
	}
}
