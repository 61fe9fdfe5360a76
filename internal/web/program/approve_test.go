package program

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/scope"
)

// TestApprovedByAnotherPerson: one person with two addresses is one person, and who entered any version of a change prepared it.
func TestApprovedByAnotherPerson(t *testing.T) {
	t.Parallel()
	w := setup(t)
	at := edited(t, w, lead, reworded)
	alias, enterer := person("lena.private", access.Executive), person("erin", access.Lead)
	w.one = map[string]string{lead.Email: "p-1", alias.Email: "p-1"}
	key := strings.TrimPrefix(at, "/proposals/")
	h, err := w.Change(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	x := h[0]
	x.EnteredBy = enterer.Email
	if err := w.Keep(t.Context(), lead, Kept{x, 2}); err != nil {
		t.Fatal(err)
	}
	x.EnteredBy = ""
	if err := w.Keep(t.Context(), lead, Kept{x, 3}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []access.Visitor{lead, alias, enterer} {
		if got := w.page(who, at, 200); strings.Contains(got, "Approve the change") {
			t.Errorf("%s is offered to approve their own change", who.Email)
		}
		for _, act := range []string{"approve", "reject"} {
			if rec := w.request(who, "POST", at+"/"+act, url.Values{"version": {"3"}, "reject": {"no"}}); rec.Code != http.StatusForbidden {
				t.Errorf("%s as %s, who prepared it = %d, want 403", act, who.Email, rec.Code)
			}
		}
	}
	if rec := w.request(second, "POST", at+"/approve", url.Values{"version": {"3"}}); rec.Code != http.StatusSeeOther || len(w.folder.Of("CHG-01")) != 2 {
		t.Errorf("approve as another person = %d, want it in force", rec.Code)
	}
}

// TestApprovesWhatWasRead: an approval names the version that was shown; another one is not approved by it.
func TestApprovesWhatWasRead(t *testing.T) {
	t.Parallel()
	w := setup(t)
	at := edited(t, w, lead, reworded)
	h, err := w.Change(t.Context(), strings.TrimPrefix(at, "/proposals/"))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.page(second, at, 200); !strings.Contains(got, `name="version" value="1"`) {
		t.Error("the form of the approval does not carry the version of the change")
	}
	x := h[0]
	x.Reason = "another reason"
	if err := w.Keep(t.Context(), lead, Kept{x, 2}); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"", "1", "02", "3"} {
		rec := w.request(second, "POST", at+"/approve", url.Values{"version": {v}})
		if rec.Code != http.StatusConflict || len(w.folder.Of("CHG-01")) != 1 || !strings.Contains(rec.Body.String(), "another reason") {
			t.Errorf("approve version %q of 2 = %d, want 409 with the latest shown", v, rec.Code)
		}
	}
	if rec := w.request(second, "POST", at+"/approve", url.Values{"version": {"2"}}); rec.Code != http.StatusSeeOther {
		t.Errorf("approve the latest = %d, want it in force", rec.Code)
	}
}

// TestProposalOfNoFiles: a proposal that holds anything else than files is shown and rejected, and approved by nobody.
func TestProposalOfNoFiles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for i, text := range []string{"not JSON", "[]", `{"files":3}`, "null", "{}"} {
		key := "c-bad-" + strconv.Itoa(i)
		x := scope.Proposal{ID: key, Title: "T", State: scope.Prepared, PreparedBy: lead.Email, PreparedAt: "2026-11-26T09:00:00Z", Change: text}
		if err := w.Keep(t.Context(), lead, Kept{x, 1}); err != nil {
			t.Fatal(err)
		}
		for _, page := range []string{"/proposals/" + key, "/proposals", "/program", "/program/CHG-01"} {
			w.page(second, page, 200)
		}
		if rec := w.approve(second, "/proposals/"+key); rec.Code != http.StatusUnprocessableEntity {
			t.Errorf("approve %q = %d, want 422", text, rec.Code)
		}
		if rec := w.request(second, "POST", "/proposals/"+key+"/reject", url.Values{"reject": {"holds nothing"}}); rec.Code != http.StatusSeeOther {
			t.Errorf("reject %q = %d, want it closed", text, rec.Code)
		}
	}
}
