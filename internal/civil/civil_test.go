package civil_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

func date(t testing.TB, s string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func zone(t testing.TB, name string) civil.Zone {
	t.Helper()
	z, err := civil.ParseZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestParseInstant(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-01-31T09:00:00Z":              "2026-01-31T09:00:00Z",
		"2026-01-31T10:00:00+01:00":         "2026-01-31T09:00:00Z",
		"2026-01-31T03:30:00-05:30":         "2026-01-31T09:00:00Z",
		"2026-01-31T09:00:00.120000Z":       "2026-01-31T09:00:00.12Z",
		"2026-01-31T09:00:00.123456789Z":    "2026-01-31T09:00:00.123456Z",
		"1969-12-31T23:59:59.9999995Z":      "1969-12-31T23:59:59.999999Z",
		"2026-01-01T00:00:00.000001+14:00":  "2025-12-31T10:00:00.000001Z",
		"2024-02-29T23:59:59.999999-12:00":  "2024-03-01T11:59:59.999999Z",
		"1900-01-01T00:00:00Z":              "1900-01-01T00:00:00Z",
		"2200-12-31T23:59:59.999999Z":       "2200-12-31T23:59:59.999999Z",
		"2026-03-08T02:30:00-05:00":         "2026-03-08T07:30:00Z", // skipped in New York, and yet an instant
		"2026-01-31T09:00:00.000000000000Z": "2026-01-31T09:00:00Z",
	} {
		got, err := civil.ParseInstant(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseInstant(%q) = %s, %v, want %s", in, got, err, want)
		}
		if again, err := civil.ParseInstant(got.String()); err != nil || again != got {
			t.Errorf("ParseInstant(%q) = %s, %v, want what printed it", got, again, err)
		}
	}
}

func TestParseInstantRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "now", "never", "2026-01-31", "2026-01-31T09:00:00", "2026-01-31 09:00:00Z", "2026-01-31T09:00Z",
		"2026-02-29T09:00:00Z", "2026-04-31T09:00:00Z", "2026-13-01T09:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T23:60:00Z",
		"2016-12-31T23:59:60Z", "2026-01-31t09:00:00Z", "2026-01-31T09:00:00z", "2026-01-31T9:00:00Z", "2026-01-31T09:00:00,5Z",
		"2026-01-31T09:00:00+25:00", "2026-01-31T09:00:00+0100", "2026-01-31T09:00:00 Z", " 2026-01-31T09:00:00Z",
		"1899-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-31T09:00:00Z\x00", "1769850000",
	} {
		if got, err := civil.ParseInstant(in); !errors.Is(err, fault.Refused) {
			t.Errorf("ParseInstant(%q) = %s, %v, want a refusal", in, got, err)
		}
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]civil.Date{"1970-01-01": 0, "1969-12-31": -1, "2000-02-29": 11016, "2026-06-30": 20634} {
		if got, err := civil.ParseDate(in); err != nil || got != want || got.String() != in {
			t.Errorf("ParseDate(%q) = %d (%s), %v, want %d", in, got, got, err, want)
		}
	}
	for _, in := range []string{"", "2026-02-29", "2026-06-31", "2026-00-01", "2026-1-1", "26-01-01", "2026/01/01", "2026-01-01 ", "2026-01-01T00:00:00Z", "1899-12-31", "2201-01-01", "12026-01-1", "never"} {
		if got, err := civil.ParseDate(in); !errors.Is(err, fault.Refused) {
			t.Errorf("ParseDate(%q) = %s, %v, want a refusal", in, got, err)
		}
	}
}

func TestAddMonthsClamps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2024-02-29", 12, "2025-02-28"}, {"2024-02-29", 48, "2028-02-29"}, {"2026-01-31", 1, "2026-02-28"}, {"2026-03-31", -1, "2026-02-28"},
		{"2026-12-31", 2, "2027-02-28"}, {"2026-01-15", -1, "2025-12-15"}, {"2026-01-15", 0, "2026-01-15"}, {"2026-10-31", -12, "2025-10-31"},
	} {
		if got := date(t, c.from).AddMonths(c.n).String(); got != c.want {
			t.Errorf("%s.AddMonths(%d) = %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestDaysStartAndEndInTheirZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, day, start, end string }{
		{"America/New_York", "2025-07-01", "2025-07-01T04:00:00Z", "2025-07-02T04:00:00Z"},
		{"America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"}, // 23 hours
		{"America/New_York", "2025-11-02", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"}, // 25 hours
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},     // midnight is skipped: the day starts at 01:00
		{"America/Havana", "2025-11-02", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"},   // midnight is repeated: the first counts
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"}, // the day does not exist: it is empty
		{"Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00:00Z", "2026-01-01T10:00:00Z"},
	} {
		z := zone(t, c.zone)
		d := date(t, c.day)
		if got := z.Start(d).String(); got != c.start {
			t.Errorf("%s: Start(%s) = %s, want %s", c.zone, d, got, c.start)
		}
		if got := z.End(d).String(); got != c.end {
			t.Errorf("%s: End(%s) = %s, want %s", c.zone, d, got, c.end)
		}
	}
	if got := (civil.Zone{}).Start(date(t, "2026-01-31")).String(); got != "2026-01-31T00:00:00Z" {
		t.Errorf("the zero zone starts 31 January at %s, want UTC", got)
	}
}

// Days tile time: each starts where the one before ends, and holds its own first and last microsecond.
func TestDaysTileTime(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"America/New_York", "Africa/Cairo", "America/Havana", "America/Sao_Paulo", "Europe/Lisbon", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		z := zone(t, name)
		for d := date(t, "2013-01-01"); d < date(t, "2028-01-01"); d++ {
			start, end := z.Start(d), z.End(d)
			if z.DateOf(start) != d || z.DateOf(start-1) != d-1 || z.DateOf(end-1) != d || start >= end {
				t.Fatalf("%s: %s runs from %s to %s, which are of %s and %s", name, d, start, end, z.DateOf(start), z.DateOf(end-1))
			}
		}
	}
}

func TestParseLocal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, in, want string }{
		{"America/New_York", "2025-07-01T00:00:00", "2025-07-01T04:00:00Z"},
		{"America/New_York", "2026-01-31 09:00:00", "2026-01-31T14:00:00Z"},
		{"America/New_York", "2026-03-08T01:59:59.5", "2026-03-08T06:59:59.5Z"},
		{"America/New_York", "2026-03-08T03:00:00", "2026-03-08T07:00:00Z"},
		{"America/New_York", "2026-03-08T02:00:00", ""}, // skipped
		{"America/New_York", "2026-03-08T02:59:59", ""},
		{"America/New_York", "2025-11-02T00:59:59", "2025-11-02T04:59:59Z"},
		{"America/New_York", "2025-11-02T01:00:00", ""}, // twice
		{"America/New_York", "2025-11-02T01:59:59", ""},
		{"America/New_York", "2025-11-02T02:00:00", "2025-11-02T07:00:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:45:00", ""}, // a half hour, twice
		{"Pacific/Apia", "2011-12-30T12:00:00", ""},        // a day that never was
		{"UTC", "2026-01-31T09:00:00Z", ""},
		{"UTC", "2026-01-31", ""},
		{"UTC", "2026-02-30T09:00:00", ""},
		{"UTC", "2026-01-31T9:00:00", ""},
		{"UTC", "2026-01-31T09:00:00,5", ""},
		{"UTC", "0001-01-31T09:00:00", ""},
		{"UTC", "9999-01-31T09:00:00", ""},
	} {
		got, err := zone(t, c.zone).ParseLocal(c.in)
		switch {
		case c.want == "" && !errors.Is(err, fault.Refused):
			t.Errorf("%s: ParseLocal(%q) = %s, %v, want a refusal", c.zone, c.in, got, err)
		case c.want != "" && (err != nil || got.String() != c.want):
			t.Errorf("%s: ParseLocal(%q) = %s, %v, want %s", c.zone, c.in, got, err, c.want)
		}
	}
}

// What a zone prints as local time is what it reads, unless that local time is ambiguous.
func TestLocalTimeReadsBack(t *testing.T) {
	t.Parallel()
	zones := []string{"America/New_York", "Europe/Madrid", "Asia/Kolkata", "Africa/Casablanca", "Pacific/Chatham"}
	rapid.Check(t, func(t *rapid.T) {
		z, err := civil.ParseZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		i := civil.Instant(rapid.Int64Range(0, 4_000_000_000).Draw(t, "second") * 1_000_000)
		text := i.In(z)
		if back, err := civil.ParseInstant(text); err != nil || back != i {
			t.Fatalf("ParseInstant(%q) = %s, %v, want %s", text, back, err, i)
		}
		if back, err := z.ParseLocal(text[:19]); err == nil && back != i {
			t.Fatalf("%s: ParseLocal(%q) = %s, want %s or a refusal", z, text[:19], back, i)
		}
	})
}

func TestParseZoneRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "Local", "Mars/Olympus", "../etc/passwd", "+01:00"} {
		if z, err := civil.ParseZone(in); !errors.Is(err, fault.Refused) {
			t.Errorf("ParseZone(%q) = %s, %v, want a refusal", in, z, err)
		}
	}
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	p, err := civil.NewPeriod(date(t, "2025-07-01"), date(t, "2026-06-30"), z)
	if err != nil {
		t.Fatal(err)
	}
	if p.Start().String() != "2025-07-01T04:00:00Z" || p.End().String() != "2026-07-01T04:00:00Z" || p.Days() != 365 {
		t.Errorf("the period runs from %s to %s over %d days, want 2025-07-01T04:00:00Z, 2026-07-01T04:00:00Z, 365", p.Start(), p.End(), p.Days())
	}
	if _, err := civil.NewPeriod(p.To, p.From, z); !errors.Is(err, fault.Refused) {
		t.Errorf("NewPeriod(%s, %s) = %v, want a refusal", p.To, p.From, err)
	}
	if one, err := civil.NewPeriod(p.To, p.To, z); err != nil || one.Days() != 1 {
		t.Errorf("NewPeriod of one day = %d days, %v, want 1", one.Days(), err)
	}
	if q, ok := p.Clip(date(t, "2026-01-01"), civil.MaxDate); !ok || q.From.String() != "2026-01-01" || q.To != p.To {
		t.Errorf("Clip from 2026 on = %v, %t, want its second half", q, ok)
	}
	if q, ok := p.Clip(date(t, "2026-07-01"), civil.MaxDate); ok {
		t.Errorf("Clip after the period = %v, want none", q)
	}
	text, err := json.Marshal(p)
	if want := `{"from":"2025-07-01","to":"2026-06-30","zone":"America/New_York"}`; err != nil || string(text) != want {
		t.Errorf("json.Marshal(period) = %s, %v, want %s", text, err, want)
	}
	var back civil.Period
	if err := json.Unmarshal(text, &back); err != nil || back.From != p.From || back.To != p.To || back.End() != p.End() {
		t.Errorf("the period reads back as %v, %v", back, err)
	}
}

func TestBusinessDays(t *testing.T) {
	t.Parallel()
	us := civil.Holidays{Name: "US", Days: map[civil.Date]bool{date(t, "2026-07-03"): true}}
	for _, c := range []struct {
		calendar civil.Holidays
		from     string
		n        int
		want     string
	}{
		{civil.Holidays{}, "2026-06-30", 2, "2026-07-02"}, // Tuesday
		{civil.Holidays{}, "2026-07-02", 2, "2026-07-06"}, // Thursday: Friday, Monday
		{us, "2026-07-02", 2, "2026-07-07"},               // Friday is a holiday
		{us, "2026-07-04", 1, "2026-07-06"},               // from a Saturday
		{us, "2026-07-05", 5, "2026-07-10"},
		{us, "2026-07-04", 0, "2026-07-04"},
	} {
		if got := c.calendar.AddBusinessDays(date(t, c.from), c.n).String(); got != c.want {
			t.Errorf("calendar %q: %d business days after %s = %s, want %s", c.calendar.Name, c.n, c.from, got, c.want)
		}
	}
}

func TestQuarterOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][3]string{
		"2026-01-01": {"2026-Q1", "2026-01-01", "2026-03-31"}, "2024-02-29": {"2024-Q1", "2024-01-01", "2024-03-31"},
		"2026-06-30": {"2026-Q2", "2026-04-01", "2026-06-30"}, "2026-07-01": {"2026-Q3", "2026-07-01", "2026-09-30"},
		"2026-12-31": {"2026-Q4", "2026-10-01", "2026-12-31"},
	} {
		q := civil.QuarterOf(date(t, in))
		if got := [3]string{q.Name, q.First.String(), q.Last.String()}; got != want {
			t.Errorf("QuarterOf(%s) = %v, want %v", in, got, want)
		}
	}
}

func TestDatesPrint(t *testing.T) {
	t.Parallel()
	d := date(t, "2025-07-01")
	if d.Long() != "1 July 2025" || d.Weekday() != time.Tuesday || d.MonthLength() != 31 {
		t.Errorf("%s: Long = %s, Weekday = %s, MonthLength = %d, want 1 July 2025, Tuesday, 31", d, d.Long(), d.Weekday(), d.MonthLength())
	}
	if civil.Never.String() != "never" || civil.Never.In(civil.Zone{}) != "never" || civil.MaxDate.String() != "never" {
		t.Errorf("the ends that have not come print as %s, %s, %s, want never", civil.Never, civil.Never.In(civil.Zone{}), civil.MaxDate)
	}
}

func FuzzParseInstant(f *testing.F) {
	f.Add("2026-01-31T09:00:00.123456+01:00")
	f.Add("2026-02-29T09:00:00Z")
	f.Fuzz(func(t *testing.T, s string) {
		i, err := civil.ParseInstant(s)
		if err != nil {
			return
		}
		if again, err := civil.ParseInstant(i.String()); err != nil || again != i {
			t.Errorf("ParseInstant(%q) = %s, which reads back as %s, %v", s, i, again, err)
		}
	})
}
