package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/cli"
)

// weakness is a critical finding of 1 August 2025, due at the end of 8 August.
func weakness(key, more string) string {
	return `{"vulnerability_id":"` + key + `","asset":"h","severity":"critical","first_seen_at":"2025-08-01T12:00:00Z"` + more + `}`
}

// TestE25OwnerChanged: who owned the system at the time of the approval counts, not who owns it now.
func TestE25OwnerChanged(t *testing.T) {
	s := edge(t)
	s.people("old", "new", "max")
	s.give("people", `{"employment_id":"ann","person_id":"ann","manager":"max"}`)
	s.give("systems", `{"system":"prod","in_scope":true,"owner":"new","owner_since":"2025-10-15T00:00:00-04:00","former_owner":"old"}`)
	s.give("tickets", `{"ticket":"T-1"}`)
	s.give("delegations", `{"delegation_id":"d","from_person":"ann","to_person":"ann"}`)
	s.give("accounts", `{"account_id":"a","system":"prod","person_id":"ann"}`)
	s.give("grants", grant("then", "old", "2025-10-14T12:00:00Z"), grant("no-more", "old", "2025-10-16T12:00:00Z"),
		grant("not-yet", "new", "2025-10-14T12:00:00Z"), grant("now", "new", "2025-10-16T12:00:00Z"))
	s.expect("IAM-01", verdicts{"then/prod": "pass", "no-more/prod": "deviation D", "not-yet/prod": "deviation D", "now/prod": "pass"})
}

func grant(key, by, approved string) string {
	return `{"grant_id":"` + key + `","account_id":"a","person_id":"ann","role":"dev","approved_role":"dev","requested_by":"ann","approved_by":"` + by +
		`","approved_at":"` + approved + `","granted_at":"2025-10-20T12:00:00Z","ticket":"T-1"}`
}

// TestE26Deputy: a deputy's approval counts when the delegation was recorded before it, not afterwards.
func TestE26Deputy(t *testing.T) {
	s := edge(t)
	s.people("own", "early", "later", "max")
	s.give("people", `{"employment_id":"ann","person_id":"ann","manager":"max"}`)
	s.give("systems", `{"system":"prod","in_scope":true,"owner":"own"}`)
	s.give("tickets", `{"ticket":"T-1"}`)
	s.give("delegations",
		`{"delegation_id":"d1","from_person":"own","to_person":"early","recorded_on":"2025-10-01T00:00:00Z","starts_at":"2025-10-01T00:00:00Z","ends_at":"2025-10-31T00:00:00Z"}`,
		`{"delegation_id":"d2","from_person":"own","to_person":"later","recorded_on":"2025-10-17T00:00:00Z","starts_at":"2025-10-01T00:00:00Z","ends_at":"2025-10-31T00:00:00Z"}`)
	s.give("accounts", `{"account_id":"a","system":"prod","person_id":"ann"}`)
	s.give("grants", grant("recorded", "early", "2025-10-16T12:00:00Z"), grant("recorded-after", "later", "2025-10-16T12:00:00Z"))
	s.expect("IAM-01", verdicts{"recorded/prod": "pass", "recorded-after/prod": "deviation D"})
}

// TestE29Robots: a robot may write what a person approves; what a robot approves, nobody approved.
func TestE29Robots(t *testing.T) {
	s := edge(t)
	s.people("ann")
	s.give("people", `{"employment_id":"dep","person_id":"dependabot","kind":"service"}`, `{"employment_id":"mer","person_id":"automerge","kind":"service"}`)
	s.give("aliases", `{"alias":"automerge[bot]","person_id":"automerge"}`)
	bot := func(key string) string {
		return `{"change_id":"` + key + `","environment":"production","author":"dependabot","last_committer":"dependabot","head_commit":"c1","ci_status":"passed","ticket":"T","deployed_at":"2025-08-01T10:00:00Z"}`
	}
	s.give("changes", bot("clicked"), bot("by-robot"), bot("by-none"))
	s.give("reviews", review1("clicked", "ann", "2025-08-01T09:00:00Z"), review1("by-robot", "automerge[bot]", "2025-08-01T09:00:00Z"))
	r := s.expect("CHG-01", verdicts{"clicked": "pass", "by-robot": "deviation A", "by-none": "deviation A"})
	if why := reason(t, r, "by-robot"); !contains(why, "automerge[bot]") {
		t.Errorf("reason %q does not name the robot", why)
	}
}

// TestE33ManyEmergencies: each emergency may be in order; that three of ten changes are emergencies is noted.
func TestE33ManyEmergencies(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	var changes, reviews []string
	for i := range 20 {
		key, more := fmt.Sprintf("c%02d", i), []string{}
		if i < 6 {
			more = []string{`"emergency":true`, `"incident_id":"I"`}
		}
		changes, reviews = append(changes, change1(key, "2025-08-01T10:00:00Z", more...)), append(reviews, review1(key, "bob", "2025-08-01T09:00:00Z"))
	}
	s.give("changes", changes...)
	s.give("reviews", reviews...)
	r := s.one("CHG-01")
	if r.Deviating != 0 || r.NotApplicable != 6 {
		t.Errorf("deviating %d, not applicable %d; want 0, 6", r.Deviating, r.NotApplicable)
	}
	noted(t, r, "6 of 20 items (30.0 %) did not need the control")
}

// TestE34RedeployAndRollback: the same approved build again is exempt; a rollback may be approved after it, within 48 hours.
func TestE34RedeployAndRollback(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"), change1("again", "2025-08-02T10:00:00Z", `"redeploy_of":"c"`),
		change1("back", "2025-08-03T10:00:00Z", `"rollback_of":"c"`), change1("back-late", "2025-08-03T10:00:00Z", `"rollback_of":"c"`), change1("back-alone", "2025-08-03T10:00:00Z", `"rollback_of":"c"`))
	s.give("reviews", review1("c", "bob", "2025-08-01T09:00:00Z"), review1("back", "bob", "2025-08-05T10:00:00Z"), review1("back-late", "bob", "2025-08-05T10:00:01Z"))
	s.expect("CHG-01", verdicts{"c": "pass", "again": "not_applicable", "back": "pass", "back-late": "deviation C", "back-alone": "deviation A"})
	// What names itself, or what was never released, is no redeploy, and what takes itself back is no rollback.
	s.give("changes", change1("itself", "2025-08-04T10:00:00Z", `"redeploy_of":"itself"`), change1("back-itself", "2025-08-04T10:00:00Z", `"rollback_of":"back-itself"`),
		change1("made-up", "2025-08-04T10:00:00Z", `"redeploy_of":"nothing"`))
	s.give("reviews", review1("back-itself", "bob", "2025-08-05T10:00:00Z"))
	s.expect("CHG-01", verdicts{"c": "pass", "again": "not_applicable", "back": "pass", "back-late": "deviation C", "back-alone": "deviation A",
		"itself": "deviation A", "back-itself": "deviation C", "made-up": "deviation A"})
	if r := s.one("CHG-01"); r.Complete() {
		t.Error("a redeploy of what is no change must fail completeness")
	}
}

// TestE37TwoSources: one event that two sources show alike is one item with two receipts. Where they differ both versions stay,
// each with its source, and the finding rests on the one that came last.
func TestE37TwoSources(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("reviews", review1("c", "bob", "2025-08-01T09:00:00Z"))
	for i, source := range []string{"github", "deploy-log"} {
		sum, err := s.take(t.Context(), cli.Import{Register: "changes", File: "c.jsonl", Source: source, Discard: true},
			strings.NewReader(change1("c", "2025-08-01T10:00:00Z")), nil, func(int64, int64) {})
		if err != nil || sum.Source != source || sum.Rows != 1 || sum.Unchanged != int64(i) {
			t.Errorf("%s: %+v, %v; want a receipt of 1 row, new from the first source only", source, sum.Pull, err)
		}
	}
	if r := s.expect("CHG-01", verdicts{"c": "pass"}); r.Population != 1 {
		t.Errorf("population %d, want 1", r.Population)
	}
	bring(t, s.office, cli.Import{Register: "changes", Source: "deploy-log"}, change1("c", "2025-08-01T08:00:00Z"))
	r := s.expect("CHG-01", verdicts{"c": "deviation C"})
	for version, source := range map[int]string{1: "github", 2: "deploy-log"} {
		k, err := s.st.Lookup(t.Context(), s.org.ID, "changes", "c", version)
		if err != nil || k.Source != source {
			t.Errorf("version %d is from %q, %v; want %s", version, k.Source, err, source)
		}
	}
	noted(t, r, "1 item says different things in different sources")
	if !slices.Contains(r.Findings[0].Records, "changes/c@2") {
		t.Errorf("the finding rests on %v", r.Findings[0].Records)
	}
}

// TestE44OutsideOfItsScope: an exception for one asset covers no other, and nothing after its end.
func TestE44OutsideOfItsScope(t *testing.T) {
	s := edge(t)
	s.give("waivers", `{"waiver_id":"w","control":"VUL-03","asset":"h","approved_by":"ann","approved_at":"2025-08-02T00:00:00Z","expires_at":"2025-12-31T00:00:00Z"}`,
		`{"waiver_id":"other","control":"VUL-03","asset":"h2","approved_by":"ann","approved_at":"2025-08-02T00:00:00Z"}`,
		`{"waiver_id":"short","control":"VUL-03","approved_by":"ann","approved_at":"2025-08-02T00:00:00Z","expires_at":"2025-08-05T00:00:00Z"}`,
		`{"waiver_id":"elsewhere","control":"CHG-01","approved_by":"ann","approved_at":"2025-08-02T00:00:00Z"}`)
	s.give("vulnerabilities", weakness("covered", `,"waiver_id":"w","fixed_at":"2025-12-30T00:00:00Z"`), weakness("outlived", `,"waiver_id":"w","fixed_at":"2026-01-02T00:00:00Z"`),
		weakness("other-asset", `,"waiver_id":"other"`), weakness("expired", `,"waiver_id":"short"`), weakness("other-control", `,"waiver_id":"elsewhere"`))
	s.expect("VUL-03", verdicts{"covered": "pass", "outlived": "deviation A", "other-asset": "deviation A", "expired": "deviation A", "other-control": "deviation A"})
}

// TestE45ApprovedAfterwards: an exception begins with its approval; what deviated before deviates still.
func TestE45ApprovedAfterwards(t *testing.T) {
	s := edge(t)
	s.give("waivers", `{"waiver_id":"before","control":"VUL-03","approved_by":"ann","approved_at":"2025-08-08T23:59:59-04:00"}`,
		`{"waiver_id":"after","control":"VUL-03","approved_by":"ann","approved_at":"2025-08-09T00:00:00-04:00","starts_at":"2025-08-01T00:00:00Z"}`)
	s.give("vulnerabilities", weakness("in-time", `,"waiver_id":"before"`), weakness("late", `,"waiver_id":"after"`))
	s.expect("VUL-03", verdicts{"in-time": "pass", "late": "deviation A"})
	if got := saidOf(s.one("POL-02"))["after"]; !contains(got, "deviation") || !contains(got, "A") {
		t.Errorf("the exception itself: %s, want a deviation of A: it began before it was approved", got)
	}
}

// TestE46NothingButExceptions: when most findings live by an exception, the result counts them.
func TestE46NothingButExceptions(t *testing.T) {
	s := edge(t)
	s.give("waivers", `{"waiver_id":"w","control":"VUL-03","approved_by":"ann","approved_at":"2025-08-02T00:00:00Z"}`)
	var list []string
	for i := range 9 {
		list = append(list, weakness(fmt.Sprint("v", i), `,"waiver_id":"w"`))
	}
	s.give("vulnerabilities", append(list, weakness("fixed", `,"fixed_at":"2025-08-03T00:00:00Z"`))...)
	r := s.one("VUL-03")
	if r.Passed != 10 {
		t.Errorf("passed %d, want 10", r.Passed)
	}
	noted(t, r, "9 of 10 items (90.0 %) are covered by an approved exception")
}

// TestE48SeverityLowered: on day 8 of 7 a lower severity helps no more; approved in time and with a reason it does.
func TestE48SeverityLowered(t *testing.T) {
	s := edge(t)
	s.give("waivers", `{"waiver_id":"w","control":"VUL-03","approved_at":"2025-01-01T00:00:00Z"}`)
	lowered := func(key, approved string) string {
		return `{"vulnerability_id":"` + key + `","asset":"h","severity":"high","first_severity":"critical","first_seen_at":"2025-08-01T12:00:00Z","fixed_at":"2025-08-20T12:00:00Z",` +
			`"rerated_at":"` + approved + `","rerate_approved_by":"ann","rerate_approved_at":"` + approved + `","rerate_reason":"not reachable"}`
	}
	s.give("vulnerabilities", lowered("in-time", "2025-08-08T12:00:00Z"), lowered("day-8", "2025-08-09T12:00:00Z"))
	r := s.expect("VUL-03", verdicts{"in-time": "pass", "day-8": "deviation A"})
	if contains(strings.Join(r.Notes, "\n"), "severity") {
		t.Errorf("notes %q, but both say what they were first", r.Notes)
	}
	// A scanner that writes another severity over the first one is told by name.
	s.give("vulnerabilities", weakness("silent", ""))
	s.at("2026-11-02T12:00:00Z")
	s.give("vulnerabilities", strings.Replace(weakness("silent", `,"fixed_at":"2025-08-20T12:00:00Z"`), "critical", "high", 1))
	noted(t, s.one("VUL-03"), "the severity of silent was lowered by a later version")
}

// TestE49Retired: a finding that went with its asset counts as fixed when the inventory proves the day.
func TestE49Retired(t *testing.T) {
	s := edge(t)
	s.give("waivers", `{"waiver_id":"w","control":"VUL-03","approved_at":"2025-01-01T00:00:00Z"}`)
	s.give("assets", `{"asset":"gone","kind":"host","retired_at":"2025-08-08T12:00:00Z"}`, `{"asset":"there","kind":"host"}`)
	on := func(key, asset string) string {
		return `{"vulnerability_id":"` + key + `","asset":"` + asset + `","severity":"critical","first_seen_at":"2025-08-01T12:00:00Z","resolution":"retired"}`
	}
	s.give("vulnerabilities", on("proven", "gone"), on("claimed", "there"))
	s.expect("VUL-03", verdicts{"proven": "pass", "claimed": "deviation A"})
}
