package work

import (
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
)

// TestDuties: everybody sees what waits for them, and who reads no records closes their own action, and no other.
func TestDuties(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pages.o.Board.Policies = &operate.Policies{Desk: o.desk, Size: o.store}
	o.pages.o.Board.Reviews = &operate.Reviews{Desk: o.desk, Size: o.store, Team: o.facts}
	if w := o.get(access.Contributor, "/work"); strings.Contains(w.Body.String(), "Also waiting for you") {
		t.Error("without duties the page speaks of some")
	}
	o.pull("people", `{"person_id":"c1","email":"contributor@example.com","started_on":"2026-11-10"}`, `{"person_id":"o1","email":"owner@example.com","started_on":"2026-11-10"}`)
	o.pull("courses", `{"course":"security","title":"Security awareness"}`)
	o.pull("policies", `{"policy_id":"sec","title":"Security policy","version":"1","approved_on":"2026-11-01"}`)
	o.pull("systems", `{"system":"crm","in_scope":true}`)
	o.pull("accounts", `{"account_id":"crm/1","system":"crm","person_id":"x"}`, `{"account_id":"crm/2","system":"crm","person_id":"y"}`)
	o.pull("actions", `{"action_id":"a1","origin":"m1","title":"Buy radios","owner":"c1","due_on":"2026-11-20"}`, `{"action_id":"a2","origin":"m1","title":"Write","owner":"owner@example.com","due_on":"2026-12-20"}`, `{"action_id":"a3","origin":"m1","title":"Next year","owner":"c1","due_on":"2027-12-20"}`)
	o.now = o.now.AddDate(0, 2, 4) // thirty days before the review is due
	a := operate.Actor{Org: o.org, Zone: o.zone, Email: "lead@example.com"}
	if _, err := o.pages.o.Board.Reviews.Start(t.Context(), a, operate.Begin{System: "crm", Quarter: "2026-Q4", Reviewer: "contributor@example.com", Deputy: "owner@example.com"}); err != nil {
		t.Fatal(err)
	}
	w := o.get(access.Contributor, "/work")
	o.wants(w, 200, "Also waiting for you", "Buy radios", "71 days late", "Complete the course Security awareness", "Read and accept Security policy", "Decide on 2 accounts of crm", "/o/acme/policies/sec", "/o/acme/campaigns/access-review_")
	for _, s := range []string{"/o/acme/actions/", "/o/acme/trainings/", "Write", "Next year"} {
		if strings.Contains(w.Body.String(), s) {
			t.Errorf("a contributor's tasks hold %q", s)
		}
	}
	o.wants(o.get(access.Owner, "/work"), 200, "/o/acme/actions/a2", "/o/acme/trainings/security")
	if w := o.get(access.Lead, "/work?view=all"); strings.Contains(w.Body.String(), "Also waiting for you") {
		t.Error("the tasks of all hold duties of one")
	}
	for _, c := range []struct {
		role access.Role
		key  string
		on   string
		want int
	}{{access.Contributor, "a2", "2027-01-30", 404}, {access.Contributor, "none", "2027-01-30", 404}, {access.Executive, "a1", "2027-01-30", 403}, {access.Auditor, "a1", "2027-01-30", 403}, {access.Contributor, "a1", "2027-01-31", 303}, {access.Contributor, "a1", "soon", 303}} {
		if w := o.post(c.role, "/work/actions", "key", c.key, "on", c.on); w.Code != c.want {
			t.Errorf("POST /work/actions %s on %s as %s = %d, want %d", c.key, c.on, c.role, w.Code, c.want)
		}
		if f := o.latest("actions", "a1"); f.Version != 1 {
			t.Errorf("%s on %s as %s wrote version %d", c.key, c.on, c.role, f.Version)
		}
	}
	o.moved(o.post(access.Contributor, "/work/actions", "key", "a1", "on", "2027-01-30"))
	if f := o.latest("actions", "a1"); f.Text("closed_on") != "2027-01-30" || f.Text("title") != "Buy radios" || f.Text(operate.EnteredBy) != "contributor@example.com" {
		t.Errorf("the action = %s, want it closed by its owner", f.Body)
	}
	if w := o.get(access.Contributor, "/work"); strings.Contains(w.Body.String(), "Buy radios") {
		t.Error("an action that is done still waits")
	}
	o.moved(o.post(access.Contributor, "/work/actions", "key", "a1", "on", "2027-01-29"))
	if f := o.latest("actions", "a1"); f.Version != 2 {
		t.Errorf("closing it again wrote version %d", f.Version)
	}
}
