package app

import (
	"testing"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
)

func zoneOf(t *testing.T, name string) civil.Zone {
	t.Helper()
	z, err := civil.ParseZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func instant(t *testing.T, text string) civil.Instant {
	t.Helper()
	i, err := civil.ParseInstant(text)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func dateOf(t *testing.T, text string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestE01LocalPeriodEnd: a deployment at 00:30 UTC of 1 January happened on 31 December in New York.
func TestE01LocalPeriodEnd(t *testing.T) {
	s := edgeOf(t, setting{from: "2025-01-01", to: "2025-12-31"})
	s.people("ann", "bob")
	s.give("changes", change1("evening", "2026-01-01T00:30:00Z"), change1("midnight", "2026-01-01T05:00:00Z"), change1("before", "2025-01-01T04:59:59Z"))
	s.give("reviews", review1("evening", "bob", "2025-12-31T12:00:00Z"))
	r := s.expect("CHG-01", verdicts{"evening": "pass"})
	if got := r.Items[0].EventTime; got != "2025-12-31T19:30:00-05:00" {
		t.Errorf("event time %s, want the local time", got)
	}
}

// TestE02AsOfDate: the date of a Type 1 is the whole local day, half-open: [day, day+1).
func TestE02AsOfDate(t *testing.T) {
	s := edge(t)
	day := dateOf(t, "2025-12-31")
	p := civil.Period{From: day, To: day, Zone: zoneOf(t, "America/New_York")}
	if p.Start() != instant(t, "2025-12-31T05:00:00Z") || p.End() != instant(t, "2026-01-01T05:00:00Z") {
		t.Errorf("31 December in New York is [%s, %s)", p.Start(), p.End())
	}
	s.people("ann", "bob")
	s.give("changes", change1("last", "2025-12-31T23:59:59.999999-05:00"), change1("next", "2026-01-01T00:00:00-05:00"),
		change1("first", "2025-12-31T00:00:00-05:00"), change1("eve", "2025-12-30T23:59:59.999999-05:00"))
	s.give("reviews", review1("last", "bob", "2025-12-31T12:00:00Z"))
	r := s.run(cli.Test{Controls: []string{"CHG-01"}, From: &day, To: &day})[0]
	same(t, r, verdicts{"last": "pass", "first": "deviation A"})
}

// TestE03ClockChange: 24 hours are elapsed hours, also over a night of 25.
func TestE03ClockChange(t *testing.T) {
	s := edge(t)
	s.give("systems", `{"system":"prod","in_scope":true}`)
	s.give("people", `{"person_id":"ann","employment_id":"ann","ended_on":"2025-11-02","ended_at":"2025-11-01T12:00:00-04:00","end_kind":"voluntary"}`,
		`{"person_id":"bob","employment_id":"bob","ended_on":"2025-11-01","ended_at":"2025-11-01T12:00:00-04:00","end_kind":"voluntary"}`)
	// noon of the next day on the wall is the 25th hour
	s.give("accounts", `{"account_id":"a","system":"prod","person_id":"ann","disabled_at":"2025-11-02T11:00:00-05:00"}`,
		`{"account_id":"b","system":"prod","person_id":"bob","disabled_at":"2025-11-02T12:00:00-05:00"}`)
	s.give("account_events", `{"event_id":"e","account_id":"x","action":"sign_in","at":"2025-08-01T00:00:00Z"}`)
	s.expect("IAM-02", verdicts{"ann/prod": "pass", "bob/prod": "deviation A"})
	z := zoneOf(t, "America/New_York")
	for day, hours := range map[string]int64{"2025-11-02": 25, "2026-03-08": 23, "2026-03-09": 24} {
		d := dateOf(t, day)
		if got := int64(z.End(d)-z.Start(d)) / 3600e6; got != hours {
			t.Errorf("%s has %d hours, want %d", day, got, hours)
		}
	}
}

// TestE04LocalTimeThatIsNone: a local time that is skipped or repeated is refused, with the remedy.
func TestE04LocalTimeThatIsNone(t *testing.T) {
	s := edge(t)
	z := zoneOf(t, "America/New_York")
	for text, want := range map[string]string{"2026-03-08T02:30:00": "does not exist", "2025-11-01T02:30:00": "", "2025-11-02T01:30:00": "happens twice"} {
		_, err := z.ParseLocal(text)
		if want == "" && err != nil || want != "" && (err == nil || !contains(err.Error(), want) || !contains(err.Error(), "offset")) {
			t.Errorf("ParseLocal(%s): %v, want %q", text, err, want)
		}
	}
	s.refuse("changes", change1("c", "2026-03-08T02:30:00"), "no offset")
}

// TestE06LeapDay: a duty of 29 February falls due on 28 February; months are clamped to their end.
func TestE06LeapDay(t *testing.T) {
	s := edgeOf(t, setting{from: "2024-03-01", to: "2025-02-28"})
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{{"2024-02-29", 12, "2025-02-28"}, {"2024-02-29", 48, "2028-02-29"}, {"2025-08-31", 6, "2026-02-28"}} {
		if got := dateOf(t, c.from).AddMonths(c.months).String(); got != c.want {
			t.Errorf("%s and %d months = %s, want %s", c.from, c.months, got, c.want)
		}
	}
	s.give("policies", `{"policy_id":"p","title":"P","approver":"ann"}`)
	s.people("ann")
	s.give("policy_reviews", `{"review_id":"r1","policy_id":"p","approved_on":"2024-02-29","approved_by":"ann"}`,
		`{"review_id":"r2","policy_id":"p","approved_on":"2025-03-01","approved_by":"ann"}`)
	s.expect("POL-01.2", verdicts{"p/r1/2025-02-28": "deviation A"})
}

// fiscal declares a calendar of 4, 4 and 5 weeks as a register, and reviews that fall due by it.
var fiscal = map[string]string{
	"registers/fiscal_quarters.yaml": `name: fiscal_quarters
title: Fiscal quarters
doc: 'The quarters of the fiscal calendar: 4, 4 and 5 weeks.'
key: [quarter]
fields:
  - name: quarter
    type: text
    doc: The quarter.
  - name: first
    type: date
    doc: Its first day.
    required: true
  - name: last
    type: date
    doc: Its last day.
    required: true
`,
	"tests/IAM-04.txtar": `control IAM-04
shape schedule
-- rule --
each systems as system cross fiscal_quarters as quarter
key system.system, quarter.quarter
in period by quarter.last
due end of quarter.last
where system.in_scope
check A 'Reviewed inside the fiscal quarter':
    exists(access_reviews on system = system.system and quarter = quarter.quarter
        where completed_at >= start of quarter.first and completed_at < end of quarter.last) else 'not reviewed inside the fiscal quarter'
`,
}

// TestE07FiscalCalendar: the calendar is data. A quarter of 13 weeks that ends on 27 September is not over on 30 September.
func TestE07FiscalCalendar(t *testing.T) {
	s := edgeOf(t, setting{program: fiscal})
	s.give("systems", `{"system":"prod","in_scope":true}`)
	s.give("fiscal_quarters", `{"quarter":"FQ1","first":"2025-06-29","last":"2025-09-27"}`, `{"quarter":"FQ2","first":"2025-09-28","last":"2025-12-27"}`)
	s.give("access_reviews", `{"review_id":"r1","system":"prod","quarter":"FQ1","completed_at":"2025-09-28T10:00:00Z"}`,
		`{"review_id":"r2","system":"prod","quarter":"FQ2","completed_at":"2025-12-27T23:00:00-05:00"}`)
	s.expect("IAM-04", verdicts{"prod/FQ1": "deviation A", "prod/FQ2": "pass"})
}

// TestE08BusinessDays: without holidays weekends alone are counted, and the result says so; with them the day moves.
func TestE08BusinessDays(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("incidents", `{"incident_id":"I","severity":"high","detected_at":"2025-08-29T10:00:00Z"}`)
	// Friday; Monday is Labor Day. The second business day is Tuesday, or Wednesday.
	s.give("changes", change1("c", "2025-08-29T15:00:00-04:00", `"emergency":true`, `"incident_id":"I"`))
	s.give("reviews", review1("c", "bob", "2025-08-29T14:00:00-04:00"),
		`{"review_id":"full","change_id":"c","reviewer":"bob","decision":"approved","submitted_at":"2025-09-03T16:00:00-04:00"}`)
	r := s.expect("CHG-03", verdicts{"c": "deviation C"})
	noted(t, r, "no holidays are on record: business days are Mondays to Fridays")
	s.at("2026-11-02T12:00:00Z")
	s.give("holidays", `{"day":"2025-09-01","title":"Labor Day"}`)
	r = s.expect("CHG-03", verdicts{"c": "pass"})
	if len(r.Notes) > 0 {
		t.Errorf("notes %q, want none", r.Notes)
	}
	same(t, s.as("CHG-03", "2026-11-01T12:00:00Z"), verdicts{"c": "deviation C"}) // the calendar as it was known
}

// TestE76ControlsZone: a business day is the zone's of the report, not that of whoever looks or acts.
func TestE76ControlsZone(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("incidents", `{"incident_id":"I","severity":"high","detected_at":"2025-08-29T10:00:00Z"}`)
	// Thursday evening in New York is Friday in Tokyo, where bob reviews on Tuesday morning: Monday evening in New York.
	s.give("changes", change1("tokyo", "2025-08-08T08:00:00+09:00", `"emergency":true`, `"incident_id":"I"`),
		change1("late", "2025-08-08T08:00:00+09:00", `"emergency":true`, `"incident_id":"I"`))
	s.give("reviews", review1("tokyo", "bob", "2025-08-07T18:00:00-04:00"), review1("late", "bob", "2025-08-07T18:00:00-04:00"),
		`{"review_id":"f1","change_id":"tokyo","reviewer":"bob","decision":"approved","submitted_at":"2025-08-12T12:59:59+09:00"}`,
		`{"review_id":"f2","change_id":"late","reviewer":"bob","decision":"approved","submitted_at":"2025-08-12T13:00:00+09:00"}`)
	s.expect("CHG-03", verdicts{"tokyo": "pass", "late": "deviation C"})
}

// TestE05ChangedLaw: a result says by which rules of the zone it was computed, so that a later law is seen and nothing is
// recomputed in silence.
func TestE05ChangedLaw(t *testing.T) {
	s := edge(t)
	res, err := s.Test(t.Context(), cli.Test{Controls: []string{"CHG-01"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	z := zoneOf(t, "America/New_York")
	if res.ZoneRules == "" || res.ZoneRules != z.Rules() {
		t.Errorf("zone rules %q, want those of New York, %q", res.ZoneRules, z.Rules())
	}
	// Bogotá had New York's winter time all along, but no summer time: another law, another name.
	for name, same := range map[string]bool{"America/Detroit": false, "America/Bogota": false, "US/Eastern": true} {
		if got := zoneOf(t, name).Rules() == z.Rules(); got != same {
			t.Errorf("%s has the rules of New York: %v, want %v", name, got, same)
		}
	}
}

// TestE09ClockOff: the clock of the review tool was 7 minutes off. An approval 5 minutes before the release may have come after it:
// undecided, with the offset named; one 8 minutes before it passes. The times themselves stay as the source gave them.
func TestE09ClockOff(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	from := func(source, register, text string) {
		t.Helper()
		bring(t, s.office, cli.Import{Register: register, Source: source}, text)
	}
	from("deploy-log", "changes", change1("close", "2025-08-01T10:00:00Z")+"\n"+change1("far", "2025-08-01T10:00:00Z")+"\n"+change1("late", "2025-08-01T10:00:00Z"))
	from("review-tool", "reviews", review1("close", "bob", "2025-08-01T09:55:00Z")+"\n"+review1("far", "bob", "2025-08-01T09:52:59Z")+"\n"+review1("late", "bob", "2025-08-01T10:08:00Z"))
	s.expect("CHG-01", verdicts{"close": "pass", "far": "pass", "late": "deviation C"})
	s.at("2026-11-02T12:00:00Z")
	s.give("clocks", `{"clock_source":"review-tool","offset_seconds":-420,"observed_at":"2025-08-02T00:00:00Z"}`)
	r := s.expect("CHG-01", verdicts{"close": "undecided C", "far": "pass", "late": "deviation C"})
	if why := reason(t, r, "close"); !contains(why, "420 seconds") {
		t.Errorf("reason %q does not name the offset", why)
	}
	same(t, s.as("CHG-01", "2026-11-01T12:00:00Z"), verdicts{"close": "pass", "far": "pass", "late": "deviation C"}) // as known before
}

// TestE09OneClock: where both times come from one source they come from one clock, whose order is right however far it is off.
func TestE09OneClock(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	bring(t, s.office, cli.Import{Register: "changes", Source: "forge"}, change1("close", "2025-08-01T10:00:00Z"))
	bring(t, s.office, cli.Import{Register: "reviews", Source: "forge"}, review1("close", "bob", "2025-08-01T09:55:00Z"))
	s.give("clocks", `{"clock_source":"forge","offset_seconds":420,"observed_at":"2025-08-02T00:00:00Z"}`)
	s.expect("CHG-01", verdicts{"close": "pass"})
}
