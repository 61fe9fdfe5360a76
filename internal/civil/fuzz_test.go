package civil_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// FuzzDate: a text is a day in its one spelling, or it is refused with the text in the words.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"2026-02-28", "2024-02-29", "2026-02-29", "1900-01-01", "2200-12-31", "26-2-1", "0000-00-00", "2026-01-01\n"} {
		f.Add(s, 1)
	}
	f.Fuzz(func(t *testing.T, s string, months int) {
		d, err := civil.ParseDate(s)
		if err != nil {
			if !errors.Is(err, fault.Refused) || d != 0 {
				t.Errorf("ParseDate(%q) = %d, %v, want a refusal", s, d, err)
			}
			return
		}
		if d.String() != s {
			t.Errorf("ParseDate(%q) = %s, another spelling", s, d)
		}
		y, m, day := d.Parts()
		if civil.NewDate(y, m, day) != d || d.Weekday() != time.Date(y, m, day, 12, 0, 0, 0, time.UTC).Weekday() {
			t.Errorf("%s is made of %d, %d, %d, a %s", d, y, m, day, d.Weekday())
		}
		months %= 1200
		later := d.AddMonths(months)
		ly, lm, lday := later.Parts()
		if (ly-y)*12+int(lm)-int(m) != months || lday > day || lday < day && lday != later.MonthLength() {
			t.Errorf("%s and %d months is %s", d, months, later)
		}
		if q := civil.QuarterOf(d); d < q.First || d > q.Last || q.Last-q.First < 89 {
			t.Errorf("%s lies in %s, %s to %s", d, q.Name, q.First, q.Last)
		}
	})
}

// FuzzLocal: what a zone makes of a local time prints as that time there, and a day starts with
// its first instant.
func FuzzLocal(f *testing.F) {
	for _, zone := range []string{"UTC", "Europe/Madrid", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo", "Local", "../etc/passwd", ""} {
		for _, s := range []string{"2026-03-29T02:30:00", "2026-10-25 02:30:00", "2011-12-30T12:00:00", "2018-11-04T00:00:00.123456", "1900-01-01T00:00:00"} {
			f.Add(zone, s)
		}
	}
	f.Fuzz(func(t *testing.T, zone, s string) {
		z, err := civil.ParseZone(zone)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Errorf("ParseZone(%q) = %v, want a refusal", zone, err)
			}
			return
		}
		if z.String() != zone {
			t.Errorf("ParseZone(%q) = %s", zone, z)
		}
		i, err := z.ParseLocal(s)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Errorf("ParseLocal(%q) = %v, want a refusal", s, err)
			}
			return
		}
		wall := strings.Replace(s, " ", "T", 1)[:19]
		if got := i.In(z); !strings.HasPrefix(got, wall) {
			t.Errorf("%q in %s is %s there", s, z, got)
		}
		d := z.DateOf(i)
		if d.String() != wall[:10] {
			t.Errorf("%q in %s lies on %s", s, z, d)
		}
		if start := z.Start(d); z.DateOf(start) != d || z.DateOf(start-1) >= d || i < start || i >= z.End(d) {
			t.Errorf("%s in %s starts at %s and ends at %s; %s lies on it", d, z, start, z.End(d), i)
		}
	})
}
