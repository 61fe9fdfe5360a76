package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/scope"
)

func foreseen(t *testing.T, o *office, today string, controls ...string) gauge.Forecast {
	t.Helper()
	d, err := civil.ParseDate(today)
	if err != nil {
		t.Fatal(err)
	}
	f, err := o.Forecast(t.Context(), cli.Ask{Today: &d, Controls: controls})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestDeviationsAreDated: how long a deviation lasted is read from the records, and what is due after the period counts.
func TestDeviationsAreDated(t *testing.T) {
	t.Parallel()
	o := company(t, "America/New_York") // 2025-07-01 to 2026-06-30
	o.app.Clock = func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }
	give(t, o, "systems", `{"system":"app","in_scope":true,"owner":"p1"}`)
	give(t, o, "people", `{"employment_id":"e1","person_id":"p1","kind":"employee","started_on":"2020-01-01"}`,
		`{"employment_id":"e2","person_id":"p2","kind":"employee","started_on":"2020-01-01","ended_on":"2026-03-31","end_kind":"voluntary"}`,
		`{"employment_id":"e3","person_id":"p3","kind":"employee","started_on":"2020-01-01","ended_on":"2026-04-30","end_kind":"voluntary"}`)
	// The one was disabled nine days late, the other never was: only ended_on is given, no instant.
	give(t, o, "accounts", `{"account_id":"a2","system":"app","person_id":"p2","created_at":"2020-01-01T00:00:00Z","disabled_at":"2026-04-10T15:00:00Z"}`,
		`{"account_id":"a3","system":"app","person_id":"p3","created_at":"2020-01-01T00:00:00Z"}`)
	give(t, o, "access_reviews", reviewed("2025-Q2", "2025-06-20", "2025-07-10"), reviewed("2025-Q3", "2025-09-20", "2025-10-10"),
		reviewed("2025-Q4", "2025-12-20", "2026-02-05"), reviewed("2026-Q1", "2026-03-20", "2026-04-10"), reviewed("2026-Q2", "2026-06-20", "2026-07-10"))

	f := foreseen(t, o, "2026-06-30", "IAM-02")
	if got := fmt.Sprint(f.Controls[0].Bad); got != "[2026-03-31 to 2026-04-10 2026-04-30 to 2026-06-30]" {
		t.Errorf("IAM-02 is bad in %s", got)
	}
	f = foreseen(t, o, "2026-06-30", "IAM-04")
	if c := f.Controls[0]; c.ItemsDue != 4 || c.Deviations != 1 || fmt.Sprint(c.Bad) != "[2026-01-30 to 2026-02-05]" {
		t.Errorf("IAM-04: %+v; want 4 due, 1 late from 30 January to 5 February", c)
	}
	// The third quarter of 2026 was due on 30 October, after the period; nobody reviewed anything.
	f = foreseen(t, o, "2026-11-19", "IAM-04")
	if got := fmt.Sprint(f.Bad.Conservative); got != "[2026-01-30 to 2026-02-05 2026-10-30 to 2026-11-19]" {
		t.Errorf("after the period: bad in %s; want the missed review too", got)
	}
	if c := f.Controls[0]; c.ItemsDue != 4 || c.Deviations != 1 {
		t.Errorf("after the period: %+v; the period's own figures do not move", c)
	}
	again := foreseen(t, o, "2026-11-19", "IAM-04")
	if diff := cmp.Diff(f, again, cmp.Comparer(func(a, b civil.Zone) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("a kept answer differs (-first +kept):\n%s", diff)
	}
	give(t, o, "access_reviews", reviewed("2026-Q3", "2026-09-20", "2026-10-20"))
	if f = foreseen(t, o, "2026-11-19", "IAM-04"); len(f.Bad.Conservative) != 1 {
		t.Errorf("a record that came later is not seen: bad in %v", f.Bad.Conservative)
	}
}

// TestImplementedOn: the version in force on the last day decides whether a statement of applicability says implemented.
func TestImplementedOn(t *testing.T) {
	t.Parallel()
	day := func(m time.Month, d int) *civil.Date { x := civil.NewDate(2026, m, d); return &x }
	version := func(n int, from, to, implemented *civil.Date, editorial bool) scope.Version {
		v := scope.Version{Version: n, From: *from, To: to, Implemented: implemented, Editorial: editorial}
		v.Control.ID = "X-01"
		return v
	}
	first, cut, next, last := day(1, 1), day(5, 31), day(6, 1), day(6, 30)
	for name, c := range map[string]struct {
		versions []scope.Version
		want     bool
	}{
		"implemented":               {[]scope.Version{version(1, first, nil, first, false)}, true},
		"designed only":             {[]scope.Version{version(1, first, nil, nil, false)}, false},
		"implemented after the day": {[]scope.Version{version(1, first, nil, day(7, 1), false)}, false},
		"retired":                   {[]scope.Version{version(1, first, cut, first, false)}, false},
		"a version nobody built":    {[]scope.Version{version(1, first, cut, first, false), version(2, next, nil, nil, false)}, false},
		"another wording":           {[]scope.Version{version(1, first, cut, first, false), version(2, next, nil, nil, true)}, true},
		"a version of next year":    {[]scope.Version{version(1, first, day(12, 31), first, false), version(2, day(12, 31), nil, nil, false)}, true},
	} {
		o := &office{versions: c.versions}
		if got := o.implemented(report.AsOf{Date: *last})["X-01"]; got != c.want {
			t.Errorf("%s: implemented = %v, want %v", name, got, c.want)
		}
	}
}

// TestDatedName: what is kept is not found again once evidence cannot be read, a clock is known to be off, or a register or a
// rule means something else.
func TestDatedName(t *testing.T) {
	t.Parallel()
	o := company(t, "America/New_York")
	r, err := o.request(t.Context(), cli.Test{Controls: []string{"IAM-04"}})
	if err != nil {
		t.Fatal(err)
	}
	today := civil.NewDate(2026, 1, 1)
	named := func() string {
		t.Helper()
		n, err := o.datedName(r, today)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	seen := map[string]string{named(): "the first"}
	for _, c := range []struct {
		what string
		do   func()
	}{
		{"evidence that cannot be read", func() { r.Unreadable = map[string]bool{"ab": true} }},
		{"a clock that was off", func() { r.Clocks = map[string]rule.Clock{"accounts": {Source: "idp", Off: 9e6}} }},
		{"another day", func() { today++ }},
		{"an hour later", func() { r.KnownAt += civil.Instant(time.Hour / time.Microsecond) }},
		{"another rule", func() {
			p := *r.Units[0].Plan
			p.Text += " "
			r.Units[0].Plan = &p
		}},
		{"a register of another meaning", func() { s := *o.regs["accounts"]; s.Title = "Others"; o.regs["accounts"] = &s }},
	} {
		c.do()
		if was, ok := seen[named()]; ok {
			t.Errorf("%s is named like %s", c.what, was)
		}
		seen[named()] = c.what
	}
}

// TestStatesAreDatedOnce: a state that lasts from the period into what comes after it is one deviation, and the instances of
// a control's tests are not mixed.
func TestStatesAreDatedOnce(t *testing.T) {
	t.Parallel()
	o := company(t, "America/New_York")
	o.app.Clock = func() time.Time { return time.Date(2026, 9, 20, 12, 0, 0, 0, time.UTC) }
	give(t, o, "assets", `{"asset":"hb/app","kind":"repository","in_scope":true,"created_at":"2025-01-01T00:00:00Z"}`)
	var states []string
	for d := civil.NewDate(2026, 5, 1); d < civil.NewDate(2026, 9, 19); d += 7 {
		for _, s := range []string{"review_required", "tests_required", "admins_bound"} {
			value := "true"
			if s == "tests_required" {
				value = "false"
			}
			states = append(states, fmt.Sprintf(`{"asset":"hb/app","setting":%q,"value":%q,"observed_at":"%sT04:00:00Z"}`, s, value, d))
		}
	}
	give(t, o, "asset_states", states...)
	give(t, o, "changes", change("c1", inPeriod)) // no emergency that would explain it
	today := civil.NewDate(2026, 9, 19)
	f, err := o.gaugeFacts(t.Context(), cli.Ask{Today: &today, Controls: []string{"CHG-02"}})
	if err != nil {
		t.Fatal(err)
	}
	n, seen := 0, map[string]bool{}
	for _, x := range f.Deviations {
		if strings.Contains(x.Key, "tests_required") {
			n++
			if x.Ended != nil {
				t.Errorf("%s ended on %s; it lasts", x.Key, x.Ended)
			}
		}
		if seen[x.Key] {
			t.Errorf("%s stands twice", x.Key)
		}
		seen[x.Key] = true
	}
	if n != 1 {
		t.Errorf("%d deviations of the state; want one: %+v", n, f.Deviations)
	}
}

func reviewed(quarter, listed, done string) string {
	return fmt.Sprintf(`{"review_id":"r-%s","system":"app","quarter":%q,"listed_at":"%sT12:00:00Z","completed_at":"%sT12:00:00Z","reviewer":"p1","listed":3,"decided":3,"removals":0,"own_access_decided":false}`, quarter, quarter, listed, done)
}

// TestVersionsOfReadiness: a version that begins later rewrites nothing, and one that nobody implemented is not implemented.
func TestVersionsOfReadiness(t *testing.T) {
	t.Parallel()
	o := company(t, "America/New_York")
	o.app.Clock = func() time.Time { return time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC) }
	gate := func() string {
		t.Helper()
		r, err := o.Ready(t.Context(), cli.Ask{Controls: []string{"IAM-04"}})
		if err != nil {
			t.Fatal(err)
		}
		g, _ := r.Controls[0].Gates.Of("I")
		var ids []string
		for _, c := range r.Criteria {
			ids = append(ids, c.ID)
		}
		return g.Status.String() + " " + strings.Join(ids, ",")
	}
	first := gate()
	i := 0
	for o.versions[i].Control.ID != "IAM-04" {
		i++
	}
	end, v := civil.NewDate(2027, 1, 31), o.versions[i]
	o.versions[i].To = &end
	v.Version, v.From, v.Implemented = 2, end+1, nil
	v.Control.Criteria = []string{"CC1.1"}
	o.versions = append(o.versions[:i+1], append([]scope.Version{v}, o.versions[i+1:]...)...)
	if got := gate(); got != first {
		t.Errorf("a version of next year: %s, before it %s", got, first)
	}
	end = civil.NewDate(2025, 12, 31)
	o.versions[i+1].From = end + 1
	if got := gate(); !strings.HasPrefix(got, "red ") || !strings.Contains(got, "CC1.1") {
		t.Errorf("a version that nobody implemented: %s", got)
	}
}
