package campaign

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
)

func (w *world) actor(email string) operate.Actor {
	return operate.Actor{Org: w.org, Zone: w.zone, Email: email}
}

func (w *world) begin() *operate.Campaign {
	w.t.Helper()
	c, err := w.pages.o.Reviews.Start(w.t.Context(), w.actor("lead@example.com"), operate.Begin{System: "crm", Quarter: "2026-Q4", Reviewer: "rita@example.com", Deputy: "dora@example.com"})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// TestRolesOfReviews asks each page as each role: rows are shown to who reads records, and to those whose turn it is.
func TestRolesOfReviews(t *testing.T) {
	t.Parallel()
	w := setup(t)
	populate(w, 45)
	c := w.begin()
	row1, row40 := rowPath(c.ID, "00001"), rowPath(c.ID, "00040")
	for _, x := range []struct {
		as   access.Visitor
		want map[string]int
	}{
		{lead, map[string]int{"/campaigns": 200, "/campaigns/new": 200, path(c.ID): 200, row1: 200, path(c.ID) + "/removals": 200}},
		{rita, map[string]int{"/campaigns": 200, "/campaigns/new": 403, path(c.ID): 200, row1: 200, path(c.ID) + "/removals": 200}},
		{dora, map[string]int{"/campaigns": 200, "/campaigns/new": 403, path(c.ID): 200, row1: 404, row40: 200, path(c.ID) + "/removals": 403}},
		{con, map[string]int{"/campaigns": 200, "/campaigns/new": 403, path(c.ID): 404, row1: 404, row40: 404, path(c.ID) + "/removals": 403}},
		{boss, map[string]int{"/campaigns": 200, path(c.ID): 404, row1: 404, path(c.ID) + "/removals": 403}},
		{admin, map[string]int{"/campaigns": 200, path(c.ID): 404, row1: 404, path(c.ID) + "/removals": 403}},
		{auditor, map[string]int{"/campaigns": 200, "/campaigns/new": 403, path(c.ID): 200, row1: 200, path(c.ID) + "/removals": 200}},
		{customer, map[string]int{"/campaigns": 403, path(c.ID): 403, row1: 403}},
	} {
		for p, want := range x.want {
			body := w.page(x.as, p, want)
			if want != 200 && strings.Contains(body, "crm/00") || x.as.Name == "dora" && strings.Contains(body, "crm/0001") {
				t.Errorf("GET %s as %s shows accounts of others", p, x.as.Name)
			}
		}
	}
	if body := w.page(con, "/campaigns", 200); strings.Contains(body, ">crm<") {
		t.Error("the list names a review to somebody who has no part in it")
	}
	for _, x := range []struct {
		as     access.Visitor
		form   []string
		status int
		says   string
	}{
		{rita, []string{"decide-00001", "keep"}, 200, `"decided":1`},
		{rita, []string{"decide-00025", "keep"}, 400, "needs a reason"},
		{rita, []string{"decide-00025", "keep", "reason", "runs it"}, 200, `"decided":1`},
		{rita, []string{"decide-00040", "keep"}, 403, "your own access"},
		{rita, []string{"decide-00099", "keep"}, 404, "may not know"},
		{rita, []string{"decide-00002", "<b>"}, 400, "expected keep or remove"},
		{rita, []string{"decide-00001", ""}, 200, `"decided":1`},
		{dora, []string{"decide-00001", "remove"}, 403, "row 00001 is not yours"},
		{lead, []string{"decide-00001", "remove"}, 403, "row 00001 is not yours"},
		{con, []string{"decide-00001", "remove"}, 403, "row 00001 is not yours"},
		{auditor, []string{"decide-00001", "remove"}, 403, "none of your roles"},
		{admin, []string{"decide-00001", "remove"}, 403, "none of your roles"},
	} {
		form := url.Values{}
		for i := 0; i < len(x.form); i += 2 {
			form.Set(x.form[i], x.form[i+1])
		}
		rec := w.ask(x.as, http.MethodPost, path(c.ID)+"/decide", form, "Accept", "application/json", "X-Requested-With", "assay")
		if rec.Code != x.status || !strings.Contains(rec.Body.String(), x.says) || !json.Valid(rec.Body.Bytes()) {
			t.Errorf("decide %v as %s = %d %s, want %d %q as JSON", x.form, x.as.Name, rec.Code, rec.Body, x.status, x.says)
		}
	}
	for _, x := range []struct {
		as     access.Visitor
		path   string
		status int
	}{
		{con, "/complete", 404}, {dora, "/complete", 403}, {auditor, "/complete", 403}, {rita, "/complete", 303}, {rita, "/reviewers", 403}, {lead, "/reviewers", 422}, {rita, "/removals", 403}, {rita, "/removals/00001", 403}, {lead, "/removals/00001", 404},
	} {
		w.post(x.as, path(c.ID)+x.path, x.status, "version", "1")
	}
	if again, err := w.pages.o.Reviews.Campaign(t.Context(), w.org, c.ID); err != nil || !again.Open() {
		t.Errorf("the campaign = %+v, %v, want open: rows are undecided", again, err)
	}
}

// TestWithoutScript: a page is sent whole; what was decided before, with its reason, is not written anew.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	w := setup(t)
	populate(w, 45)
	c := w.begin()
	rec := w.post(rita, path(c.ID)+"/decide", 303, "decide-00025", "keep", "reason", "runs it", "back", path(c.ID)+"?view=privileged")
	if to := rec.Header().Get("Location"); to != "/o/example"+path(c.ID)+"?view=privileged" {
		t.Errorf("after a decision: %s, want back to the view", to)
	}
	w.post(rita, path(c.ID)+"/decide", 303, "decide-00025", "keep", "decide-00001", "remove", "back", "//evil.example/")
	h, err := w.pages.o.Reviews.DecisionsOf(t.Context(), w.org, c, "00025")
	if err != nil || len(h) != 1 || h[0].Reason != "runs it" {
		t.Errorf("DecisionsOf = %+v, %v, want the one with its reason", h, err)
	}
	body := w.page(rita, path(c.ID)+"?view=undecided&sort=person&q=U2", 200)
	if strings.Contains(body, "crm/0025<") || !strings.Contains(body, "crm/0022<") || strings.Contains(body, "crm/0031<") {
		t.Error("the view of undecided rows with a filter shows others")
	}
	for _, q := range []string{"view=x", "sort=x", "page=0", "page=x", "q=%00", "reason=%07", "reason=" + strings.Repeat("x", 1001)} {
		w.page(rita, path(c.ID)+"?"+q, 400)
	}
	if d, err := w.pages.o.Reviews.DecisionsOf(t.Context(), w.org, c, "00001"); err != nil || len(d) != 1 || d[0].Choice != operate.Remove {
		t.Errorf("DecisionsOf = %+v, %v, want removed", d, err)
	}
}

// TestHostileAccounts: what a source delivers is shown as text on every page.
func TestHostileAccounts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	b, _ := json.Marshal(hostile)
	w.pull("systems", fmt.Sprintf(`{"system":%s,"in_scope":true}`, b))
	w.pull("accounts", fmt.Sprintf(`{"account_id":%s,"system":%s,"person_id":%s,"kind":"service","owner":%s}`, b, b, b, b))
	w.pull("grants", fmt.Sprintf(`{"grant_id":%s,"account_id":%s,"role":%s}`, b, b, b))
	rec := w.post(lead, "/campaigns/new", 303, "system", hostile, "quarter", "2026-Q4", "reviewer", "rita@example.com", "deputy", "dora@example.com")
	at := strings.TrimPrefix(rec.Header().Get("Location"), "/o/example")
	w.post(rita, at+"/decide", 303, "decide-00001", "remove", "reason", hostile)
	w.post(rita, at+"/complete", 303)
	for _, p := range []string{"/campaigns", at, at + "?q=" + url.QueryEscape(hostile), at + "/rows/00001", at + "/removals", at + "/removals/00001", "/campaigns/new?system=" + url.QueryEscape(hostile)} {
		body := w.page(lead, p, 200)
		if strings.Contains(body, "<script>alert") || !strings.Contains(body, "&lt;script&gt;") && p != "/campaigns/new" {
			t.Errorf("GET %s does not show the hostile text as text", p)
		}
	}
	w.post(lead, "/campaigns/new", 422, "system", strings.Repeat("x", 1<<20), "quarter", "<b>", "reviewer", "rita@example.com", "deputy", "rita@example.com")
	w.post(lead, "/campaigns/new", 400, "system", "a\x00b")
}

// TestOtherOrganization: the campaign of another organization answers like one that does not exist.
func TestOtherOrganization(t *testing.T) {
	t.Parallel()
	w, other := setup(t), setup(t)
	populate(w, 3)
	c := w.begin()
	for _, p := range []string{path(c.ID), rowPath(c.ID, "00001"), path(c.ID) + "/removals", path("access-review_nothing"), path(hostile)} {
		other.page(lead, p, 404)
	}
	for _, p := range []string{"/decide", "/complete", "/reviewers", "/removals", "/removals/00001"} {
		other.post(lead, path(c.ID)+p, 404, "decide-00001", "keep", "reviewer", "rita@example.com", "deputy", "dora@example.com")
	}
}

func TestEmptyStates(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.due = []operate.Instance{{Control: operate.ReviewControl, Key: "a%2Fb/2026-Q4", Due: w.pages.today() + 30}, {Control: "GOV-01", Key: "x"}}
	body := w.page(lead, "/campaigns", 200)
	for _, want := range []string{"No review is here.", "<bdi>a/b</bdi>", "quarter=2026-Q4&amp;system=a%2Fb"} {
		if !strings.Contains(body, want) {
			t.Errorf("GET /campaigns lacks %q", want)
		}
	}
	if strings.Contains(body, "GOV-01") {
		t.Error("GET /campaigns shows another control's instance")
	}
}

// TestFiveThousand: the largest list is frozen, shown by 500 and decided whole.
func TestFiveThousand(t *testing.T) {
	t.Parallel()
	w := setup(t)
	populate(w, operate.MostListed)
	start := time.Now()
	c := w.begin()
	t.Logf("frozen in %s", time.Since(start).Round(time.Millisecond))
	for _, q := range []string{"", "?page=10", "?view=all&page=10", "?page=11", "?view=own", "?sort=seen"} { // one of the rows is not hers to decide
		start = time.Now()
		body := w.page(rita, path(c.ID)+q, 200)
		t.Logf("page %q: %s, %d bytes", q, time.Since(start).Round(time.Millisecond), len(body))
		if want := map[string]int{"": 500, "?page=10": 499, "?view=all&page=10": 500, "?page=11": 0, "?view=own": 1, "?sort=seen": 500}[q]; strings.Count(body, "<tr data-id=") != want {
			t.Errorf("page %q shows %d rows, want %d", q, strings.Count(body, "<tr data-id="), want)
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(w.page(rita, path(c.ID), 200))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil || packed.Len() > 60_000 {
		t.Errorf("500 rows weigh %d bytes compressed, %v, want at most 60,000", packed.Len(), err)
	}
	t.Logf("500 rows weigh %d bytes compressed", packed.Len())
	form := url.Values{"reason": {"as before"}}
	for i := 1; i <= operate.MostListed; i++ {
		if i != 40 {
			form.Set(fmt.Sprintf("decide-%05d", i), operate.Keep)
		}
	}
	if rec := w.ask(rita, http.MethodPost, path(c.ID)+"/decide", form, "Accept", "application/json"); rec.Code != 200 || !strings.Contains(rec.Body.String(), `"decided":4999`) {
		t.Fatalf("4,999 decisions = %d %.200s", rec.Code, rec.Body)
	}
	start = time.Now()
	w.post(dora, path(c.ID)+"/decide", 303, "decide-00040", "keep")
	t.Logf("one decision: %s", time.Since(start).Round(time.Millisecond))
	w.post(rita, path(c.ID)+"/complete", 303)
	w.pull("accounts", `{"account_id":"crm/more","system":"crm"}`)
	rec := w.post(lead, "/campaigns/new", 422, "system", "crm", "quarter", "2026-Q4", "reviewer", "rita@example.com", "deputy", "dora@example.com")
	if !strings.Contains(rec.Body.String(), "5001 accounts") {
		t.Error("a list of 5,001 accounts is not refused for its length")
	}
}
