package app

import (
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/record"
)

// TestE27ApproverLeft: an approval stays valid when the approver has left since.
func TestE27ApproverLeft(t *testing.T) {
	s := edge(t)
	s.people("ann")
	s.give("people", `{"person_id":"bob","started_on":"2020-01-01","ended_on":"2025-09-30"}`)
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("c", "bob", "2025-08-01T09:00:00Z"))
	s.expect("CHG-01", verdicts{"c": "pass"})
}

// TestE28TwoAccounts: author and approver are compared as persons, not as accounts.
func TestE28TwoAccounts(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("aliases", `{"alias":"ann-admin","person_id":"ann"}`)
	s.give("changes", change1("own", "2025-08-01T10:00:00Z"), change1("stranger", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("own", "ann-admin", "2025-08-01T09:00:00Z"), review1("stranger", "whose", "2025-08-01T09:00:00Z"))
	r := s.expect("CHG-01", verdicts{"own": "deviation A", "stranger": "undecided ABC"})
	if why := reason(t, r, "own"); !contains(why, "ann-admin") || !contains(why, "one person") {
		t.Errorf("reason %q, want both accounts as one person", why)
	}
}

// TestE30StaleApproval: an approval does not cover a commit that was pushed after it.
func TestE30StaleApproval(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("changes",
		`{"change_id":"stale","environment":"production","author":"ann","last_committer":"ann","head_commit":"c2","ci_status":"passed","ticket":"T","deployed_at":"2025-08-01T10:00:00Z"}`)
	s.give("reviews", review1("stale", "bob", "2025-08-01T09:00:00Z"))
	s.expect("CHG-01", verdicts{"stale": "deviation B"})
	s.give("reviews", `{"review_id":"again","change_id":"stale","reviewer":"bob","decision":"approved","submitted_at":"2025-08-01T09:30:00Z","commit":"c2"}`)
	s.expect("CHG-01", verdicts{"stale": "pass"})
}

// TestE31SquashedCommit: a review belongs to its change by the change's id, so that a squash, which
// gives the change another commit on the main branch, loses no approval; what counts is the last commit of the change.
func TestE31SquashedCommit(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("changes", change1("squashed", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("squashed", "bob", "2025-08-01T09:00:00Z"))
	s.give("deployments", `{"deployment_id":"d","change_id":"squashed","commit":"squash-of-c1","environment":"production","deployed_at":"2025-08-01T10:00:00Z"}`)
	r := s.expect("CHG-01", verdicts{"squashed": "pass"})
	if !r.Complete() {
		t.Errorf("the deployment traces to its change by id, and yet: %+v", r.Completeness)
	}
}

// TestE32Emergency: a declared emergency is tested by CHG-03, an undeclared bypass by CHG-01.
func TestE32Emergency(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("incidents", `{"incident_id":"I","severity":"high","detected_at":"2025-08-01T00:00:00Z"}`)
	s.give("changes", change1("declared", "2025-08-01T10:00:00Z", `"emergency":true`, `"incident_id":"I"`), change1("bypass", "2025-08-01T10:00:00Z", `"emergency":true`, `"incident_id":""`))
	s.give("reviews", review1("declared", "bob", "2025-08-01T09:00:00Z"),
		`{"review_id":"full","change_id":"declared","reviewer":"bob","decision":"approved","submitted_at":"2025-08-04T09:00:00Z"}`)
	s.expect("CHG-01", verdicts{"declared": "not_applicable", "bypass": "deviation A"})
	s.expect("CHG-03", verdicts{"declared": "pass"})
}

// TestE35ConsoleChange: what was done on a console has no merge request; it is in the deployment log, so that completeness fails.
func TestE35ConsoleChange(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("c", "bob", "2025-08-01T09:00:00Z"))
	s.give("deployments", `{"deployment_id":"d1","change_id":"c","environment":"production","deployed_at":"2025-08-01T10:00:00Z"}`)
	if r := s.expect("CHG-01", verdicts{"c": "pass"}); !r.Complete() {
		t.Fatalf("one deployment of one change is complete: %+v", r.Completeness)
	}
	s.give("deployments", `{"deployment_id":"console","actor":"ann","environment":"production","deployed_at":"2025-08-02T10:00:00Z"}`)
	r := s.one("CHG-01")
	failed := false
	for _, c := range r.Completeness {
		failed = failed || c.Register == "changes" && c.Status == assure.Failed && contains(c.Detail, "deployments/console")
	}
	if r.Complete() || !failed {
		t.Errorf("a change by hand must fail completeness by name: %+v", r.Completeness)
	}
	s.give("changes", `{"change_id":"console","environment":"production","author":"ann","last_committer":"ann","head_commit":"","ci_status":"none","ticket":"","deployed_at":"2025-08-02T10:00:00Z"}`)
	s.expect("CHG-01", verdicts{"c": "pass", "console": "deviation ADE"})
}

// TestE36Retry: a webhook that comes twice is one event; that it came twice is kept with the pulls.
func TestE36Retry(t *testing.T) {
	s := edge(t)
	s.people("ann")
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"))
	sum := give(t, s.office, "changes", change1("c", "2025-08-01T10:00:00Z"))
	if sum.Rows != 1 || sum.Unchanged != 1 || sum.New != 0 || sum.Changed != 0 {
		t.Errorf("the retry: %d rows, %d unchanged, %d new, %d changed; want 1, 1, 0, 0", sum.Rows, sum.Unchanged, sum.New, sum.Changed)
	}
	if r := s.one("CHG-01"); r.Population != 1 {
		t.Errorf("population %d, want 1", r.Population)
	}
	pulls := 0
	size, err := s.st.Size(t.Context(), s.org.ID)
	if err != nil {
		t.Fatal(err)
	}
	err = s.each(t.Context(), record.Pulls, size, func(k record.Known) error {
		if contains(string(k.Body), `"register":"changes"`) {
			pulls++
		}
		return nil
	})
	if err != nil || pulls != 2 {
		t.Errorf("%d receipts of changes, %v; want 2", pulls, err)
	}
}

// TestE38LateArrival: an event that arrives after the period closed opens the population again; what was known then stays repeatable.
func TestE38LateArrival(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("c", "bob", "2025-08-01T09:00:00Z"))
	issued := s.one("CHG-01")
	s.at("2026-11-20T12:00:00Z")
	s.give("changes", change1("late", "2025-09-01T10:00:00Z"))
	s.expect("CHG-01", verdicts{"c": "pass", "late": "deviation A"})
	then := s.as("CHG-01", "2026-11-10T00:00:00Z")
	same(t, then, verdicts{"c": "pass"})
	if then.Digest != issued.Digest || then.Population != issued.Population {
		t.Errorf("as known at the issue: population %d, digest %s; want %d, %s", then.Population, then.Digest, issued.Population, issued.Digest)
	}
}

// TestE39DeletedAtSource: what a later full pull lacks stays in the population, and completeness says that it is gone.
func TestE39DeletedAtSource(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	full := cli.Import{Register: "changes", Extent: "full"}
	bring(t, s.office, full, change1("kept", "2025-08-01T10:00:00Z")+"\n"+change1("deleted", "2025-08-02T10:00:00Z"))
	s.at("2026-11-02T12:00:00Z")
	bring(t, s.office, full, change1("kept", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("kept", "bob", "2025-08-01T09:00:00Z"))
	r := s.expect("CHG-01", verdicts{"kept": "pass", "deleted": "deviation A"})
	told := false
	for _, c := range r.Completeness {
		told = told || c.Register == "changes" && c.Status == assure.Failed && c.Check == "A4"
	}
	if !told {
		t.Errorf("no check tells that the source lost a record: %+v", r.Completeness)
	}
}

// TestE79ApprovalInChat: a thumb in a chat is an approval when identity, item, commit and time are on record; without its time it settles nothing.
func TestE79ApprovalInChat(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("aliases", `{"alias":"U02BOB","person_id":"bob"}`)
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"), change1("timeless", "2025-08-01T10:00:00Z"), change1("nobody", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("c", "U02BOB", "2025-08-01T09:00:00Z"),
		`{"review_id":"t","change_id":"timeless","reviewer":"U02BOB","decision":"approved","commit":"c1"}`, review1("nobody", "U99", "2025-08-01T09:00:00Z"))
	s.expect("CHG-01", verdicts{"c": "pass", "timeless": "undecided C", "nobody": "undecided ABC"})
}

// TestE80FoundByTheCompany: a deviation that was found and mended before the audit is one still; the mending is shown beside it.
func TestE80FoundByTheCompany(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("c", "bob", "2025-08-20T09:00:00Z"))
	r := s.expect("CHG-01", verdicts{"c": "deviation C"})
	if why := reason(t, r, "c"); !contains(why, "2025-08-20") {
		t.Errorf("reason %q does not show the later approval", why)
	}
}
