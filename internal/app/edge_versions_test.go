package app

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/cli"
)

// monthly and quarterly are two versions of one control: the review of access.
const (
	monthly = `control IAM-04
shape schedule
until 2025-08-31
-- rule --
each systems as system cross months as month
key system.system, month.name
in period by month.last
due end of month.last
where system.in_scope
check A 'Reviewed inside the month':
    exists(access_reviews on system = system.system and quarter = month.name where completed_at < end of month.last) else 'not reviewed inside the month'
`
	quarterly = `control IAM-04
shape schedule
version 2
from 2025-09-01
-- rule --
each systems as system cross quarters as quarter
key system.system, quarter.name
in period by quarter.last
due end of quarter.last
where system.in_scope
check A 'Reviewed inside the quarter':
    exists(access_reviews on system = system.system and quarter = quarter.name where completed_at < end of quarter.last) else 'not reviewed inside the quarter'
`
)

// TestE10ChangedInThePeriod: a control that changed from monthly to quarterly is tested in both versions, each for its own part.
func TestE10ChangedInThePeriod(t *testing.T) {
	s := edgeOf(t, setting{to: "2025-12-31", program: map[string]string{"tests/IAM-04.txtar": monthly, "tests/IAM-04.v2.txtar": quarterly}})
	s.give("systems", `{"system":"prod","in_scope":true}`)
	s.give("access_reviews", `{"review_id":"r7","system":"prod","quarter":"2025-07","completed_at":"2025-07-20T10:00:00Z"}`,
		`{"review_id":"q3","system":"prod","quarter":"2025-Q3","completed_at":"2025-09-20T10:00:00Z"}`)
	list := s.run(cli.Test{Controls: []string{"IAM-04"}})
	if len(list) != 2 || list[0].Version != 1 || list[1].Version != 2 || list[1].From.String() != "2025-09-01" {
		t.Fatalf("%d results, want both versions", len(list))
	}
	same(t, list[0], verdicts{"prod/2025-07": "pass", "prod/2025-08": "deviation A"})
	same(t, list[1], verdicts{"prod/2025-Q3": "pass", "prod/2025-Q4": "deviation A"})
	for _, r := range list {
		if strings.Contains(strings.Join(r.Notes, ""), "not in force") {
			t.Errorf("version %d: %q, but the versions follow on one another", r.Version, r.Notes)
		}
	}
}

// TestE11TypoMended: a version that only mends the wording goes on with the tests of the one before: one population, one result.
func TestE11TypoMended(t *testing.T) {
	s := edgeOf(t, setting{to: "2025-12-31", program: map[string]string{
		"tests/IAM-04.txtar":    strings.Replace(strings.Replace(quarterly, "version 2\n", "", 1), "from 2025-09-01\n", "", 1),
		"tests/IAM-04.v2.txtar": strings.Replace(quarterly, "version 2\n", "version 2\neditorial\n", 1),
	}})
	s.give("systems", `{"system":"prod","in_scope":true}`)
	s.give("access_reviews", `{"review_id":"q3","system":"prod","quarter":"2025-Q3","completed_at":"2025-09-20T10:00:00Z"}`)
	list := s.run(cli.Test{Controls: []string{"IAM-04"}})
	if len(list) != 1 || list[0].From.String() != "2025-07-01" || list[0].To.String() != "2025-12-31" {
		t.Fatalf("%+v, want one result over the whole period", list)
	}
	same(t, list[0], verdicts{"prod/2025-Q3": "pass", "prod/2025-Q4": "deviation A"})
	rows, err := s.Controls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range rows {
		if r.ID == "IAM-04" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d versions of IAM-04 are on record, want both", n)
	}
}

// TestE12Retired: a control is tested until it was retired; what follows is a gap that the result names.
func TestE12Retired(t *testing.T) {
	s := edgeOf(t, setting{to: "2025-12-31", program: map[string]string{"tests/IAM-04.txtar": monthly}})
	s.give("systems", `{"system":"prod","in_scope":true}`)
	s.give("access_reviews", `{"review_id":"r7","system":"prod","quarter":"2025-07","completed_at":"2025-07-20T10:00:00Z"}`,
		`{"review_id":"r8","system":"prod","quarter":"2025-08","completed_at":"2025-08-20T10:00:00Z"}`)
	r := s.expect("IAM-04", verdicts{"prod/2025-07": "pass", "prod/2025-08": "pass"})
	noted(t, r, "not in force from 2025-09-01 to 2025-12-31: it was retired after 2025-08-31")
}

// TestE13StartedInThePeriod: a control that began on 1 August did not operate throughout; the result names the days before.
func TestE13StartedInThePeriod(t *testing.T) {
	s := edgeOf(t, setting{to: "2025-12-31", program: map[string]string{
		"tests/IAM-04.txtar": strings.Replace(strings.Replace(quarterly, "version 2\n", "", 1), "2025-09-01", "2025-08-01", 1)}})
	s.give("systems", `{"system":"prod","in_scope":true}`)
	s.give("access_reviews", `{"review_id":"q3","system":"prod","quarter":"2025-Q3","completed_at":"2025-09-20T10:00:00Z"}`,
		`{"review_id":"q4","system":"prod","quarter":"2025-Q4","completed_at":"2025-12-20T10:00:00Z"}`)
	r := s.expect("IAM-04", verdicts{"prod/2025-Q3": "pass", "prod/2025-Q4": "pass"})
	noted(t, r, "not in force from 2025-07-01 to 2025-07-31: it starts on 2025-08-01")
}

// TestE15AnnualOutside: an annual assessment of March is an earlier operation for a period from July, and the result says so;
// a period without the day on which it falls due has nothing to show.
func TestE15AnnualOutside(t *testing.T) {
	s := edgeOf(t, setting{from: "2025-07-01", to: "2025-12-31"})
	s.people("ann", "bob")
	s.give("inspections", `{"control":"RSK-01","item":"2025","performed_on":"2025-03-10","performed_by":"ann","evidence":"minutes","evidence_kind":"signed_record","inspected_by":"bob","c":"yes","d":"yes","e":"yes","f":"yes","g":"yes"}`)
	r := s.expect("RSK-01", verdicts{"2025": "pass"})
	noted(t, r, "2025 was performed on 2025-03-10, before the period")
	from, to := dateOf(t, "2025-07-01"), dateOf(t, "2025-11-30")
	r = s.run(cli.Test{Controls: []string{"RSK-01"}, From: &from, To: &to})[0]
	if r.Outcome != assure.Gap || r.Population != 0 {
		t.Errorf("%s with %d items, want a gap: nothing fell due", r.Outcome, r.Population)
	}
}

// TestE18BrokenConnector: an answer that is empty because the connector broke is a gap, never "did not occur" (see also TestE16E18Zero).
func TestE18BrokenConnector(t *testing.T) {
	s := edge(t)
	bring(t, s.office, cli.Import{Register: "changes", Params: map[string]string{"error": "502 Bad Gateway"}, ExpectRows: zero()}, "")
	r := s.one("CHG-01")
	if r.Outcome != assure.Gap {
		t.Errorf("outcome %s, want a gap", r.Outcome)
	}
	noted(t, r, "502 Bad Gateway")
}

// TestE58OverlappingReports: a control that serves a SOC 1 and a SOC 2 report has one population and one result, mapped twice; each report cuts its own period.
func TestE58OverlappingReports(t *testing.T) {
	s := edge(t)
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	ctl, _ := c.Control("CHG-01")
	if len(ctl.Criteria) == 0 || len(ctl.Objectives) == 0 {
		t.Errorf("CHG-01 serves criteria %v and objectives %v; want both", ctl.Criteria, ctl.Objectives)
	}
	s.people("ann", "bob")
	s.give("changes", change1("early", "2025-08-01T10:00:00Z"), change1("late", "2026-05-01T10:00:00Z"))
	s.give("reviews", review1("early", "bob", "2025-08-01T09:00:00Z"))
	whole := s.expect("CHG-01", verdicts{"early": "pass", "late": "deviation A"})
	from, to := dateOf(t, "2026-01-01"), dateOf(t, "2026-06-30")
	half := s.run(cli.Test{Controls: []string{"CHG-01"}, From: &from, To: &to})[0]
	same(t, half, verdicts{"late": "deviation A"})
	if diff := cmp.Diff(whole.Findings, half.Findings); diff != "" {
		t.Errorf("the same item in two reports (-one +other):\n%s", diff)
	}
}

// TestE77OverwrittenState: a state that was overwritten leaves a note that names the records; a setting that was off
// for a while, as snapshots show, deviates for its interval.
func TestE77OverwrittenState(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("systems", `{"system":"prod","in_scope":true}`)
	account := func(key string, mfa bool) string {
		return fmt.Sprintf(`{"account_id":%q,"system":"prod","person_id":"ann","mfa":%t,"created_at":"2024-01-01T00:00:00Z"}`, key, mfa)
	}
	s.give("accounts", account("a", false), account("b", true), account("c", true))
	s.give("accounts", account("a", true), account("b", true), account("c", false))
	s.give("configurations", `{"system":"prod","setting":"mfa_required","value":"true","observed_at":"2025-07-01T00:00:00Z"}`,
		`{"system":"prod","setting":"mfa_required","value":"false","observed_at":"2025-08-01T00:00:00Z"}`,
		`{"system":"prod","setting":"mfa_required","value":"true","observed_at":"2025-08-02T00:00:00Z"}`)
	s.expect("IAM-06", verdicts{"a": "pass", "b": "pass", "c": "deviation A"})
	noted(t, s.one("IAM-06"), "an earlier version of a in accounts says no of mfa, and the latest one yes")
	s.expect("IAM-06.2", verdicts{"prod/mfa_required/2025-07-01T00:00:00Z": "pass", "prod/mfa_required/2025-08-01T00:00:00Z": "deviation A",
		"prod/mfa_required/2025-08-02T00:00:00Z": "pass"})
}
