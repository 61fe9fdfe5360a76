package app

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/record"
)

// TestKeptDrafts keeps drafts as the compliance lead does, and compares them: what changed in the text, in tables, in figures and in the
// verdicts underneath. A draft without a model is said to be one.
func TestKeptDrafts(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	lead, owner := x.join("lead@first.example", "first-works", access.Lead), x.join("owner@first.example", "first-works", access.Owner)
	const drafts, compare = "/o/first-works/documents/drafts", "/o/first-works/documents/compare"
	get := func(path string, want int) string {
		t.Helper()
		status, _, body := x.ask(lead, http.MethodGet, path)
		if status != want {
			t.Fatalf("GET %s: %d, want %d: %.300s", path, status, want, body)
		}
		return body
	}
	n := settle(t, x, "first-works")
	if page := get(compare, http.StatusOK); !strings.Contains(page, "no draft to compare with yet") {
		t.Errorf("the comparison of no drafts does not say what to do:\n%s", page)
	}
	if status, _ := x.post(owner, drafts, url.Values{"title": {"mine"}}); status != http.StatusForbidden {
		t.Errorf("a control owner keeps a draft: %d, want 403", status)
	}
	if status, _ := x.post(lead, drafts, url.Values{"title": {" "}}); status != http.StatusUnprocessableEntity {
		t.Errorf("a draft kept for nothing: %d, want 422", status)
	}
	if status, body := x.post(lead, drafts, url.Values{"title": {"Before the fix <b>"}}); status != http.StatusSeeOther {
		t.Fatalf("the lead keeps a draft: %d %s", status, body)
	}
	list, err := (&shelf{n.p}).Kept(t.Context())
	if err != nil || len(list) != 1 || list[0].By != "lead@first.example" || list[0].Model == "" {
		t.Fatalf("kept: %+v, %v; want one of the lead, with a model", list, err)
	}
	if page := get(drafts, http.StatusOK); !strings.Contains(page, "Before the fix &lt;b&gt;") {
		t.Errorf("the list does not name the draft, or not as text:\n%s", page)
	}
	if page := get(compare+"?from="+list[0].ID, http.StatusOK); !strings.Contains(page, "The two drafts say the same.") {
		t.Errorf("a draft differs from itself:\n%s", page)
	}

	give(t, n.o, "changes", change("c1", inPeriod), strings.Replace(change("c2", inPeriod), `"passed"`, `"failed"`, 1))
	described(t, x, "first-works", "")
	page := get(compare+"?from="+list[0].ID, http.StatusOK)
	for _, want := range []string{"What changed underneath", "CHG-01", "1 new", "<code><bdi>c2</bdi></code>", "It is described here.", "Figures that changed", "<del>0</del>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the comparison lacks %q", want)
		}
	}
	if again := get(compare+"?from="+list[0].ID, http.StatusOK); again != page {
		t.Error("the same comparison reads otherwise when it is asked for again")
	}
	one := get(compare+"?from="+list[0].ID+"&section=section-iii", http.StatusOK)
	if strings.Contains(one, "IV Criteria") || !strings.Contains(one, "It is described here.") {
		t.Error("a section that is shown whole is not shown alone")
	}
	get(compare+"?from="+list[0].ID+"&section=none", http.StatusNotFound)
	get(compare+"?from=draft_of_nobody", http.StatusNotFound)
	get(compare+"?from="+list[0].ID+"&page=0", http.StatusBadRequest)

	p, err := settle(t, x, "first-works").o.Package(t.Context(), filepath.Join(t.TempDir(), "p.zip"), func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	key := "package-" + p.Manifest[:16]
	if page := get(compare+"?from="+key, http.StatusOK); !strings.Contains(page, "kept without its model") {
		t.Errorf("a draft without a model is not said to be one:\n%s", page)
	}
	if page := get(drafts, http.StatusOK); !strings.Contains(page, "Sealed in a package") {
		t.Error("the list does not name the package")
	}
	get(compare+"?from="+list[0].ID, http.StatusOK) // it is kept, until the draft is erased
	if err := n.o.blobs.Remove(t.Context(), n.o.org.ID, list[0].Model); err != nil {
		t.Fatal(err)
	}
	get(compare+"?from="+list[0].ID, http.StatusNotFound)

	// Nobody of another organization reads a draft by its key.
	other := x.join("lead@second.example", "second-secret", access.Lead)
	if status, _, _ := x.ask(other, http.MethodGet, "/o/second-secret/documents/compare?from="+list[0].ID); status != http.StatusNotFound && status != http.StatusServiceUnavailable {
		t.Errorf("a draft of another organization: %d, want 404", status)
	}
	if known, _, err := n.o.st.List(t.Context(), n.o.org.ID, n.o.regs["report_drafts"], record.Query{}); err != nil || len(known) != 1 {
		t.Errorf("the register holds %d drafts, %v; want 1", len(known), err)
	}
}
