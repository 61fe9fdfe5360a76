package campaign

import (
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
)

// TestRowsOfReviewers: rows have reviewers of their own, each sees theirs first, and the lead gives rows to others.
func TestRowsOfReviewers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.pull("people", `{"person_id":"u1","email":"u1@example.com","manager":"rita@example.com"}`, `{"person_id":"u2","email":"u2@example.com","manager":"chief@example.com"}`, `{"person_id":"u3","email":"u3@example.com","manager":"dora@example.com"}`)
	populate(w, 5)
	w.pull("accounts", `{"account_id":"crm/0009","system":"crm","person_id":"rita@example.com"}`)
	loc := w.post(lead, "/campaigns/new", 303, "system", "crm", "quarter", "2026-Q4", "by", "manager", "reviewer", "rita@example.com", "deputy", "dora@example.com").Header().Get("Location")
	at := strings.TrimPrefix(loc, "/o/example")
	ids := func(as access.Visitor, query string) string {
		t.Helper()
		body := w.page(as, at+query, 200)
		var out []string
		for _, part := range strings.Split(body, `<tr data-id="`)[1:] {
			out = append(out, strings.TrimLeft(part[:5], "0"))
		}
		return strings.Join(out, " ")
	}
	// Rita decides on those whom she manages and on those without a manager; the second has one who is no member; the last is her own.
	if got := ids(rita, ""); got != "1 4 5" {
		t.Errorf("rita sees rows %s at first, want those that she decides", got)
	}
	if got := ids(rita, "?view=all"); got != "1 2 3 4 5 6" {
		t.Errorf("rita sees rows %s of all, want six", got)
	}
	if got := ids(lead, ""); got != "1 2 3 4 5 6" {
		t.Errorf("the lead sees rows %s at first, want all", got)
	}
	if got := ids(lead, "?view=nobody"); got != "2" {
		t.Errorf("rows that nobody can decide: %s, want the second", got)
	}
	if got := ids(dora, ""); got != "3 6" {
		t.Errorf("dora sees rows %s, want the third and rita's own", got)
	}
	body := w.page(lead, at+"/turns", 200)
	for _, s := range []string{"chief@example.com", "cannot sign in here", "rita@example.com"} {
		if !strings.Contains(body, s) {
			t.Errorf("who decides lacks %q", s)
		}
	}
	for _, as := range []access.Visitor{rita, dora, con, auditor, admin, customer} {
		w.page(as, at+"/turns", 403)
		w.post(as, at+"/turns", 403, "from", "chief@example.com", "to", "dora@example.com")
	}
	w.post(lead, at+"/turns", 303, "from", "chief@example.com", "to", "dora@example.com")
	if got := ids(dora, ""); got != "2 3 6" {
		t.Errorf("dora sees rows %s after she was given the second", got)
	}
	if body := w.post(lead, at+"/turns", 422, "from", "dora@example.com", "to", "rita@example.com").Body.String(); !strings.Contains(body, "crm/0009 is their own access") {
		t.Errorf("giving rita her own access says %.300s", body)
	}
	if got := ids(dora, ""); got != "2 3 6" {
		t.Errorf("dora sees rows %s after a refusal, want what she had", got)
	}
	// A single row, on its page; once it is decided it stays where it is.
	row := rowPath(strings.TrimPrefix(at, "/campaigns/"), "00004")
	if body := w.page(lead, row, 200); !strings.Contains(body, "Who decides it instead") {
		t.Error("the page of a row offers the lead nobody else to decide it")
	}
	if body := w.page(rita, row, 200); strings.Contains(body, "Who decides it instead") {
		t.Error("the page of a row offers the reviewer to give it away")
	}
	w.post(lead, at+"/turns", 303, "row", "00004", "to", "dora@example.com")
	w.post(rita, at+"/decide", 403, "decide-00004", operate.Keep)
	w.post(dora, at+"/decide", 303, "decide-00004", operate.Keep)
	if body := w.page(lead, row, 200); strings.Contains(body, "Who decides it instead") {
		t.Error("the page of a decided row offers somebody else")
	}
	w.post(lead, at+"/turns", 303, "row", "00004", "to", "rita@example.com")
	if body := w.page(lead, row, 200); !strings.Contains(body, "dora@example.com") {
		t.Error("a decided row changed hands")
	}
	w.post(lead, at+"/turns", 404, "row", "00099", "to", "rita@example.com")
	w.post(lead, at+"/turns", 404, "from", "nobody@example.com", "to", "rita@example.com")
}

func TestOwnerOfTheSystemDecides(t *testing.T) {
	t.Parallel()
	w := setup(t)
	populate(w, 3)
	form := []string{"system", "crm", "quarter", "2026-Q4", "by", "owner", "reviewer", "rita@example.com", "deputy", "dora@example.com"}
	if body := w.post(lead, "/campaigns/new", 422, form...).Body.String(); !strings.Contains(body, "nobody answers for crm") {
		t.Errorf("starting it says %.300s, want that the system has no owner", body)
	}
	if _, err := w.desk.Save(t.Context(), operate.Entry{Actor: w.actor("lead@example.com"), Register: "systems", Key: "crm", Version: 1, Fields: map[string]string{"system": "crm", "in_scope": "yes", "owner": "dora@example.com"}}); err != nil {
		t.Fatal(err)
	}
	at := strings.TrimPrefix(w.post(lead, "/campaigns/new", 303, form...).Header().Get("Location"), "/o/example")
	w.post(rita, at+"/decide", 403, "decide-00001", operate.Keep)
	w.post(dora, at+"/decide", 303, "decide-00001", operate.Keep)
	if body := w.page(lead, at+"/rows/00001", 200); !strings.Contains(body, "dora@example.com") {
		t.Error("the decision of the system's owner is not on record")
	}
}
