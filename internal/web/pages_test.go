package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
)

// closed fails the test when it is asked for a single item.
type closed struct{ t *testing.T }

func (c closed) fail() error {
	c.t.Helper()
	c.t.Error("single items were asked for on behalf of a reader who may not see them")
	return nil
}

// TestExecutiveSeesNoItem: an executive sees the counts and months of a control, and no key, reason or record of any item, on
// whatever page and with whatever filter; the same pages show them to an owner, so that the test can fail.
func TestExecutiveSeesNoItem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := &w.res.Controls[0]
	c.Completeness = slices.Clone(c.Completeness)
	c.Completeness[0].Detail = "2 of 9 records of changes are not in deploys: secret-one, secret-two; pull again"
	c.Notes = append(c.Notes, "secret-three was performed on 2025-01-02, before the period")
	for i := range w.res.Controls {
		if w.res.Controls[i].Outcome == assure.Blocked {
			w.res.Controls[i].Blocked = "A3 of people failed: secret-four differs"
		}
	}
	o := steady(t, w, options(t, w))
	owner, executive := behind(t, o, access.Owner), behind(t, o, access.Executive)
	secrets := []string{"secret-one", "secret-two", "secret-three", "secret-four"}
	for _, x := range w.res.Controls {
		for _, f := range x.Findings {
			secrets = append(secrets, f.Key, f.Reason)
			secrets = append(secrets, f.Records...)
		}
	}
	for _, x := range w.judged.facts.Instances {
		secrets = append(secrets, x.Key)
	}
	for i, x := range secrets {
		secrets[i] = htmlText.Replace(x)
	}
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return len(s) < 6 })
	if len(secrets) < 100 {
		t.Fatalf("%d keys and reasons to look for; the world should hold more", len(secrets))
	}
	list := append(slices.Clone(pages), "/palette.json")
	open := 0
	for _, p := range list {
		if strings.Contains(p, "?if=") || strings.Contains(p, "/item?") {
			continue // the reader wrote the key themselves
		}
		seen, rec := get(owner, p).Body.String(), get(executive, p)
		told := rec.Body.String()
		if rec.Code != http.StatusOK && rec.Code != http.StatusForbidden {
			t.Errorf("GET %s as executive = %d", p, rec.Code)
		}
		if p == "/documents" {
			continue // drafts are the executive's to read; what they tell of items is the report's to decide
		}
		for _, s := range secrets {
			if strings.Contains(told, s) {
				t.Errorf("GET %s tells an executive %q", p, s)
				break
			}
		}
		if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(seen, s) }) {
			open++
		}
	}
	for _, s := range secrets[:4] {
		if !strings.Contains(text(owner, "/controls/CHG-01")+text(owner, "/results"), s) {
			t.Errorf("an owner is not told %q; the test would see nothing", s)
		}
	}
	if body := text(executive, "/forecast?if=IAM-04/bilin/2026-Q2%3Dmissed"); !strings.Contains(body, "no instance of IAM-04 that is known") || strings.Contains(body, "billing/2025") {
		t.Error("a refused supposition names the instances that are known to a reader who may not see them")
	}
	admin := behind(t, o, access.Administrator)
	if body := text(admin, "/sources"); !strings.Contains(body, "repo:harborline") || strings.Contains(body, "payments-api-2399") || strings.Contains(body, "secret-one") || strings.Contains(body, "/proofs/") {
		t.Error("an administrator sees keys or proofs of records among the sources, or not the sources")
	}
	if open < 5 {
		t.Errorf("%d pages tell an owner of single items; the test would see nothing", open)
	}
	body := text(executive, "/controls/CHG-01?verdict=deviation&q=payments")
	for _, want := range []string{`12<span class="of"> of 1,173</span>`, "Population by month", "Jul 2025", "Your role sees the counts, and no single item."} {
		if !strings.Contains(body, want) {
			t.Errorf("an executive does not see %q of a control", want)
		}
	}
	for _, never := range []string{"payments-api", "/item?", "Key contains", `type="search"`} {
		if strings.Contains(body, never) {
			t.Errorf("an executive sees %q on a control's page", never)
		}
	}
}

// htmlText writes a text as a page escapes it.
var htmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// TestNobodyAsksForItems: where the reader may not see items, they are not even read.
func TestNobodyAsksForItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := options(t, w)
	o.Items = unread{w, closed{t}}
	s := behind(t, o, access.Executive)
	for _, p := range []string{"/controls/CHG-01", "/controls/CHG-01?verdict=deviation&sort=key", "/controls/AVL-02", "/readiness/criteria/CC8.1", "/calendar"} {
		if got := get(s, p).Code; got != 200 {
			t.Errorf("GET %s = %d, want 200", p, got)
		}
	}
}

func TestItemsInOrder(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	body := text(s, "/controls/CHG-01?sort=key&col=title&col=author")
	for _, want := range []string{`aria-sort="ascending"`, "1 to 50 of 1,204 items, by key", "sort=-key", "<code>author</code>", "author of ", "title of ", "col=author&amp;col=title", `value="author" checked`} {
		if !strings.Contains(body, want) {
			t.Errorf("a list sorted by key does not say %q", want)
		}
	}
	if a, b := strings.Index(body, "author of "), strings.Index(body, "title of "); a > b {
		t.Error("columns stand in the order that was asked for; want that of the register")
	}
	if body := text(s, "/controls/CHG-01?sort=-event"); !strings.Contains(body, `aria-sort="descending"`) || !strings.Contains(body, "the latest first") {
		t.Error("a list of the latest first does not say so")
	}
	if rec := get(s, "/controls/CHG-01?"+strings.Repeat("col=title&", 7)); rec.Code != 400 {
		t.Errorf("seven columns = %d, want 400", rec.Code)
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := site(t, w)
	for page, wants := range map[string][]string{
		"/calendar":                    {"May 2026", `today`, "This month", "Nothing falls due here.", "What was tested of this month"},
		"/calendar?month=2026-06":      {"June 2026", "10 June 2026, 3 instances", "billing/2026-Q2", "warehouse/2026-Q2", "×3", "What if it is ten days late?", `data-key="["`, "month=2026-05", "month=2026-07", "1 of 1 entry"},
		"/calendar?month=2025-10":      {"30 October 2025", "Done late", "1 Done late, 2 Done in time", "CHG-01", "Changes reviewed"},
		"/calendar?day=2026-06-10":     {"10 June 2026", `class="chosen"`},
		"/calendar?control=CHG-01":     {"Show every control", "Changes reviewed"},
		"/calendar?month=2025-10&x=<b": {"October 2025"},
	} {
		body := text(s, page)
		for _, x := range wants {
			if !strings.Contains(body, x) {
				t.Errorf("%s does not say %q", page, x)
			}
		}
	}
	if body := text(s, "/calendar?month=2026-06&control=CHG-01"); strings.Contains(body, "billing/2026-Q2") {
		t.Error("the calendar of one control shows another's instances")
	}
	if body := text(s, "/calendar?day=2026-06-10", "Test-Lang", "de"); !strings.Contains(body, "Juni 2026") || !strings.Contains(body, "Montag") {
		t.Error("the calendar does not speak German")
	}
}

func TestStateOf(t *testing.T) {
	t.Parallel()
	today := day("2026-05-20")
	for _, c := range []struct {
		due, done string
		want      state
	}{
		{"2026-05-19", "", missed}, {"2026-05-20", "", due}, {"2026-05-21", "", due}, {"2026-05-19", "2026-05-19", done}, {"2026-05-19", "2026-05-20", late}, {"2026-06-30", "2026-05-01", done},
	} {
		x := gauge.Instance{Due: day(c.due)}
		if c.done != "" {
			x.Done = on(c.done)
		}
		if got := stateOf(x, today); got != c.want {
			t.Errorf("stateOf(due %s, done %q) = %s, want %s", c.due, c.done, got.word(), c.want.word())
		}
	}
}

// TestWeeks: every month is whole weeks from Monday on, each of its days once and inside.
func TestWeeks(t *testing.T) {
	t.Parallel()
	for first := day("2023-01-01"); first < day("2029-01-01"); first = first.AddMonths(1) {
		inside := 0
		for i, week := range weeks(first, nil) {
			if len(week) != 7 || week[0].Day.Weekday() != 1 {
				t.Fatalf("%s: week %d has %d days and begins on a %s", first, i, len(week), week[0].Day.Weekday())
			}
			for _, b := range week {
				if b.Inside {
					if b.Day != first+civil.Date(inside) {
						t.Fatalf("%s: day %d is %s", first, inside+1, b.Day)
					}
					inside++
				}
			}
		}
		if inside != first.MonthLength() {
			t.Errorf("%s: %d days inside, want %d", first, inside, first.MonthLength())
		}
	}
}

func TestLedgerPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := options(t, w)
	s := behind(t, o, access.Executive)
	body := text(s, "/ledger")
	for _, want := range []string{"assay.local/org_06f8", "300<span", "the oldest has waited 1 d 2 h", "300 records could still be changed unseen", "50 of 60 checkpoints, the latest first",
		"Not yet anchored", "CN=Example TSA", "Time stamp, RFC 3161", "witness.example/w1", "Covered by a later one", "assay-verify --key", "assay.local/org_06f8+1f0c6a9b+AQ==", "Page 1 of 2"} {
		if !strings.Contains(body, want) {
			t.Errorf("the ledger does not say %q", want)
		}
	}
	if got := get(behind(t, o, access.Contributor), "/ledger").Code; got != 403 {
		t.Errorf("the ledger for a contributor = %d, want 403", got)
	}
	w.sealed.anchored = 9000
	if body := text(s, "/ledger"); strings.Contains(body, "changed unseen") || !strings.Contains(body, "A time stamp or a witness covers the last record") {
		t.Error("a ledger that is wholly anchored is told like one that is not")
	}
	w.sealed.size, w.sealed.anchored = 0, 0
	if body := text(s, "/ledger"); !strings.Contains(body, "Nothing has been sealed yet.") || strings.Contains(body, "covers the last record") {
		t.Error("an empty ledger claims something, or does not say what to do")
	}
}

func TestCriterionPage(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	for page, wants := range map[string][]string{
		"/readiness": {"/readiness/criteria/CC6.1?month=2025-09", "/readiness/criteria/CC8.1"},
		"/readiness/criteria/CC8.1": {"Changes are authori", "CHG-01", "Tested of the whole period", "/controls/CHG-01?month=2025-07&amp;verdict=deviation#items", "1,204", `12<span class="visually-hidden"> items of CHG-01 deviate`,
			"The worst of them", "Not tested"},
		"/readiness/criteria/CC8.1?month=2025-09": {"Tested of Sep 2025", "Show the whole period", "month=2025-09&amp;verdict=deviation#items"},
	} {
		body := text(s, page)
		for _, x := range wants {
			if !strings.Contains(body, x) {
				t.Errorf("%s does not say %q", page, x)
			}
		}
	}
}

// TestPalette: the list holds what the reader may see, and nothing else.
func TestPalette(t *testing.T) {
	t.Parallel()
	titles := func(role access.Role) map[string]string {
		rec := get(behind(t, options(t, newWorld(t)), role), "/palette.json")
		var list []target
		if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil {
			t.Fatalf("%s: %v in %.200s", role, err, rec.Body)
		}
		out := map[string]string{}
		for _, x := range list {
			if !strings.HasPrefix(x.URL, base+"/") {
				t.Errorf("%s: %q leads to %q, outside of the organization", role, x.Title, x.URL)
			}
			out[x.Title] = x.URL
		}
		return out
	}
	lead := titles(access.Lead)
	if len(lead) < 80 || lead["CHG-01 Changes reviewed, tested, approved"] != base+"/controls/CHG-01" || lead["Ledger"] != base+"/ledger" {
		t.Errorf("a lead finds %d entries: %v", len(lead), lead)
	}
	if c := titles(access.Contributor); len(c) != 0 {
		t.Errorf("a contributor finds %v; want no page of these", c)
	}
	if e := titles(access.Executive); e["Sources"] != "" || e["Documents"] == "" || len(e) < 75 {
		t.Errorf("an executive finds %d entries, sources at %q", len(e), e["Sources"])
	}
	if a := titles(access.Administrator); a["Sources"] == "" || a["CHG-01 Changes reviewed, tested, approved"] != "" {
		t.Errorf("an administrator finds %v", a)
	}
	if rec := get(behind(t, options(t, newWorld(t)), access.Customer), "/palette.json"); rec.Code != 403 {
		t.Errorf("a customer's palette = %d, want 403", rec.Code)
	}
}

// TestGerman: the pages say their own texts in German where the table has them.
func TestGerman(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := behind(t, steady(t, w, options(t, w)), readers...)
	for page, want := range map[string]string{"/controls": "Kontrollen", "/results": "1. Juli 2025", "/ledger": "9.000", "/readiness": "Prüfbereitschaft"} {
		body := text(s, page, "Test-Lang", "de")
		if !strings.Contains(body, want) || !strings.Contains(body, `<html lang="de">`) {
			t.Errorf("%s in German does not say %q", page, want)
		}
	}
	for _, p := range pages {
		rec := get(s, p, "Test-Lang", "de")
		if rec.Code != 200 {
			t.Errorf("GET %s in German = %d", p, rec.Code)
		}
		wellFormed(t, p, rec.Body.String())
		if strings.Contains(rec.Body.String(), "%!") {
			t.Errorf("%s in German holds a format that does not fit its arguments", p)
		}
	}
}

// TestListsArePaged: a program of five thousand controls is shown a hundred at a time.
func TestListsArePaged(t *testing.T) {
	t.Parallel()
	s := behind(t, large(t, 5000), readers...)
	for page, want := range map[string]string{"/controls": "Page 1 of 50", "/controls?page=50": "BIG-4999", "/results?page=2": "Page 2 of 50", "/controls?q=BIG-00": "Page 1 of 1", "/readiness/controls": "Page 1 of 50", "/readiness/controls?page=50": "BIG-4999"} {
		rec := get(s, page, "Accept-Encoding", "gzip")
		if n := rec.Body.Len(); n > 60<<10 {
			t.Errorf("%s weighs %d bytes compressed, want at most 60 KiB", page, n)
		}
		body := text(s, page)
		if want == "Page 1 of 1" {
			if strings.Contains(body, "Page 1 of") {
				t.Errorf("%s: one page has a pager", page)
			}
			continue
		}
		if !strings.Contains(body, want) {
			t.Errorf("%s does not say %q", page, want)
		}
	}
}

// large is a program of n controls, each with a test of twelve months.
func large(t testing.TB, n int) Options {
	t.Helper()
	w := newWorld(t)
	o := options(t, w)
	model := w.res.Controls[0]
	w.res.Controls = nil
	r, err := w.judged.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ready := *r
	ready.Controls, ready.Gaps = nil, slices.Clone(r.Gaps)
	o.Catalog.Controls = nil
	for i := range n {
		c := assure.Control{ID: fmt.Sprintf("BIG-%04d", i), Title: fmt.Sprintf("Control number %d of a large program", i), Owner: "owner", Shape: assure.Event, Unit: "each change", Criteria: []string{o.Catalog.Criteria[i%len(o.Catalog.Criteria)].ID}}
		o.Catalog.Controls = append(o.Catalog.Controls, c)
		o.Catalog.Tests[c.ID] = Testing{Attributes: 4}
		x := model
		x.Control, x.Test, x.Title, x.Findings = c.ID, c.ID, c.Title, nil
		w.res.Controls = append(w.res.Controls, x)
		st := r.Controls[i%len(r.Controls)]
		st.ID, st.Title = c.ID, c.Title
		ready.Controls = append(ready.Controls, st)
		ready.Gaps = append(ready.Gaps, gauge.Gap{Rule: "G05", Control: c.ID, Severity: gauge.Block, What: "the source is not connected", Fix: "connect it", Risk: "nothing is known"})
	}
	o.Gauge = &fixed{w.judged, &ready, nil}
	return o
}

func BenchmarkPages(b *testing.B) {
	o := large(b, 5000)
	s := behind(b, o, readers...)
	for _, p := range []string{"/results", "/controls", "/controls?criterion=CC8.1", "/controls/BIG-0042", "/coverage", "/readiness", "/readiness/controls", "/readiness/gaps", "/readiness/criteria/CC8.1", "/forecast", "/calendar", "/ledger", "/palette.json"} {
		b.Run(strings.ReplaceAll(p, "/", "_"), func(b *testing.B) {
			for b.Loop() {
				if rec := get(s, p); rec.Code != 200 {
					b.Fatalf("GET %s = %d", p, rec.Code)
				}
			}
		})
	}
}
