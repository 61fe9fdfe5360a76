package web

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
)

// pages are one address of each page, each verdict and each outcome.
var pages = []string{
	"/results", "/sources", "/controls", "/controls?shape=state", "/controls?test=checklist&q=access", "/controls?criterion=CC8.1", "/controls?criterion=CM-1",
	"/controls?q=nothing+is+called+this", "/coverage", "/coverage?framework=iso27001", "/coverage?framework=soc1", "/controls/GOV-02", "/controls/CHG-01", "/controls/CHG-03", "/controls/IAM-02", "/controls/IAM-06", "/controls/VUL-03",
	"/controls/GOV-05", "/controls/GOV-05?test=GOV-05&version=2", "/controls/AVL-02?verdict=deviation&page=3",
	"/controls/CHG-01?q=nothing-has-this-key", "/controls/CHG-01?month=2025-12", "/controls/CHG-01?sort=-event&col=title&col=author&verdict=deviation",
	"/controls/CHG-01/item?key=payments-api-2411", "/controls/CHG-01/item?key=ok-0001", "/controls/CHG-01/item?key=web-console-512",
	"/controls/AVL-02/item?key=" + url.QueryEscape("warehouse/2025-07-01"),
	"/readiness", "/readiness/controls", "/readiness/controls?status=amber", "/readiness/controls/IAM-04", "/readiness/controls/CHG-01", "/readiness/gaps",
	"/readiness/gaps?severity=amber&control=GOV-03", "/readiness/gaps?rule=G16", "/readiness/gaps?page=2", "/forecast", "/forecast?today=2026-04-20",
	"/forecast?if=" + url.QueryEscape("IAM-04/billing/2026-Q2=late:10d"), "/documents",
	"/readiness/criteria/CC6.1", "/readiness/criteria/CC8.1?month=2025-09", "/ledger", "/ledger?page=2", "/calendar", "/calendar?month=2026-01", "/calendar?day=2026-06-10", "/calendar?month=2026-04&control=IAM-04", "/calendar?month=2026-02",
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := behind(t, steady(t, w, options(t, w)), readers...)
	for _, p := range pages {
		rec := get(s, p)
		if rec.Code != http.StatusOK {
			t.Errorf("GET %s = %d", p, rec.Code)
			continue
		}
		wellFormed(t, p, rec.Body.String())
	}
}

var void = regexp.MustCompile(`<(meta|link|input)( [^>]*)>`)

// wellFormed reads a page as a tree and asks that every link of it is answered.
func wellFormed(t *testing.T, page, doc string) map[string]int {
	t.Helper()
	doc = strings.NewReplacer(" data-menu>", ">", " data-rows>", ">", " download>", ` download="">`, " selected>", ` selected="selected">`, " checked>", ` checked="checked">`).Replace(doc)
	d := xml.NewDecoder(strings.NewReader(void.ReplaceAllString(doc, "<$1$2/>")))
	d.Entity = xml.HTMLEntity
	ids, inner, el := map[string]bool{}, []string{}, map[string]int{}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s is no tree: %v", page, err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		el[e.Name.Local]++
		for _, a := range e.Attr {
			switch n := a.Name.Local; {
			case n == "id" && ids[a.Value]:
				t.Errorf("%s: identifier %q stands twice", page, a.Value)
			case n == "id":
				ids[a.Value] = true
			case n == "href" && strings.HasPrefix(a.Value, "#"), n == "aria-labelledby":
				inner = append(inner, strings.TrimPrefix(a.Value, "#"))
			case (n == "href" || n == "action") && !strings.HasPrefix(a.Value, base+"/") && !slices.Contains([]string{"/", "/organizations", "/me", "/signout", "/assets/mark.svg"}, a.Value) &&
				!strings.HasPrefix(a.Value, "/assets/app."):
				t.Errorf("%s: <%s> leads outside of the organization: %q", page, e.Name.Local, a.Value)
			case n == "style", strings.HasPrefix(n, "on"):
				t.Errorf("%s: <%s %s> is forbidden by the page's own policy", page, e.Name.Local, n)
			}
		}
	}
	for _, i := range inner {
		if !ids[i] {
			t.Errorf("%s: #%s is no place on the page", page, i)
		}
	}
	if el["h1"] != 1 || el["main"] != 1 || el["script"] > 0 || el["table"] != el["caption"] {
		t.Errorf("%s: h1 %d, main %d, script %d, tables %d, captions %d", page, el["h1"], el["main"], el["script"], el["table"], el["caption"])
	}
	return el
}

// TestEveryLinkAnswers follows every link of every page once, as each role that reads results: nobody is led to what they are refused.
func TestEveryLinkAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := steady(t, w, options(t, w))
	for name, roles := range map[string][]access.Role{"readers": readers, "executive": {access.Executive}, "auditor": {access.Auditor}, "adviser": {access.Adviser}} {
		s := behind(t, o, roles...)
		seen := map[string]bool{}
		for _, p := range pages {
			rec := get(s, p)
			if rec.Code == http.StatusForbidden && name != "readers" {
				continue
			}
			for _, to := range links(rec.Body.String()) {
				if seen[to] || to == base+"/" || to == base+"/import" || !strings.HasPrefix(to, base) { // the home page, imports and the person's own are others'
					continue
				}
				seen[to] = true
				if rec := get(s, to); rec.Code != http.StatusOK {
					t.Errorf("%s: %s links to %s, which answers %d", name, p, to, rec.Code)
				}
			}
		}
		if len(seen) < 50 {
			t.Errorf("%s: followed %d links; the pages should hold more", name, len(seen))
		}
	}
}

// links are the addresses that a page leads to, without their fragments.
func links(page string) []string {
	var out []string
	for {
		_, after, ok := strings.Cut(page, `href="`)
		if !ok {
			return out
		}
		to, tail, _ := strings.Cut(after, `"`)
		page = tail
		if to, _, _ = strings.Cut(strings.ReplaceAll(to, "&amp;", "&"), "#"); to != "" {
			out = append(out, to)
		}
	}
}

func TestPageSays(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	for page, wants := range map[string][]string{
		"/results": {"Harborline, Inc.", "1 July 2025 to 30 June 2026", "112 of them are unanchored", "7 of 71 controls tested on every item",
			`12<span class="of"> of 1,173</span>`, "Check failed", "the register configurations was never pulled", "35 of 36 criteria are served", "1 of 36 have none", "/coverage#CC6.4"},
		"/controls": {"71 of 71 controls: 8 compiled, 62 by checklist, 1 without a test yet", "each deployment to production", `1,204<span class="visually-hidden"> items in the population of CHG-01`,
			`12<span class="of"> of 1,173</span>`, "outside this report: PI1.3, CM-1", `href="/o/harborline/coverage#CC8.1"`, "GOV-05 v2", "None yet", "completeness not shown", "State (11)"},
		"/controls?shape=state":                  {"11 of 71 controls, filtered", "Show all"},
		"/controls?q=nothing+is+called+this":     {"No control is like that.", "Show all 71"},
		"/controls?criterion=CM-1":               {`<option value="CM-1" selected>CM-1</option>`, "CHG-01"},
		"/controls?test=compiled&criterion=A1.2": {"of 71 controls, filtered", "AVL-02"},
		"/controls/GOV-02":                       {"Checklist, 4 attributes", "each quarter", "nothing is known of its operation"},
		"/coverage":                              {"35 of 36 criteria are served by a primary control", "1 of 36 criteria without a primary control", "CC6 Logical and physical access", "No control", "this report"},
		"/coverage?framework=iso27001":           {" of 93 controls of Annex A are served", "Organizational controls", "outside SOC 2 Type 2"},
		"/coverage?framework=soc1":               {" of 64 control objectives are served", "PAY Payroll processing", "Name them"},

		"/controls/IAM-02":                                 {"completeness not shown", "payroll counts 24 leavers", "Completeness not shown"},
		"/controls/CHG-03":                                 {"neither a pass nor a failure"},
		"/controls/AVL-02?verdict=deviation&page=3":        {"101 to 150 of 212 items", "Page 3 of 5"},
		"/controls/CHG-01?q=nothing-has-this-key":          {"No item is like that.", "Show all 1,204"},
		"/controls/CHG-01/item?key=payments-api-2411":      {"no approval by another person", "2 of 2 records", "Happened", "Recorded", "Received", "Sealed", "2025-12-06 13:42:05-05:00", "delivered empty", "assay-verify --proof", "[&#34;api&#34;,&#34;urgent&#34;]"},
		"/controls/AVL-02/item?key=warehouse%2F2025-07-01": {`aria-current="page">Controls</a>`, "that nothing was recorded for it is the deviation"},
		"/sources": {"3 of 3 pulls", "1,204 <span class=\"of\"> of 1,204 expected</span>", "412,077, the source says 412,077", "repo:harborline/* is:merged", "2 of 3 checks passed", "1 of 2 checks failed", "Completeness not shown"},
	} {
		body := strings.Join(strings.Fields(get(s, page).Body.String()), " ")
		for _, w := range wants {
			if !strings.Contains(body, w) {
				t.Errorf("%s does not say %q", page, w)
			}
		}
		for _, never := range []string{"certified", "compliant", "%</"} {
			if strings.Contains(body, never) {
				t.Errorf("%s says %q", page, never)
			}
		}
	}
}

// TestAnsweredByAPerson: the page of a control says which of its questions no record answers.
func TestAnsweredByAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := options(t, w)
	for _, r := range w.res.Controls {
		if r.Control == "IAM-02" {
			x := o.Catalog.Tests[r.Control]
			x.Persons = map[TestRef][]string{{r.Control, r.Test, r.Version}: {r.Attributes[1].ID}, {r.Control, r.Test, r.Version + 1}: {r.Attributes[0].ID}}
			o.Catalog.Tests[r.Control] = x
		}
	}
	s := behind(t, o, readers...)
	for page, want := range map[string]int{"/controls/IAM-02": 1, "/controls/CHG-01": 0} {
		body := get(s, page).Body.String()
		if got := strings.Count(body, `<span class="quiet">answered by a person</span>`); got != want {
			t.Errorf("%s says of %d attributes that a person answers them, want %d", page, got, want)
		}
		if got := strings.Contains(body, "<dt>Answered by a person</dt><dd><bdi>B</bdi></dd>"); got != (want > 0) {
			t.Errorf("%s names B as answered by a person: %v", page, got)
		}
	}
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.res.Organization = `<script>alert(0)</script>`
	f := &w.res.Controls[0].Findings[0]
	f.Key, f.Reason, f.Records = `"><script>alert('k')</script>`, "<img src=x onerror=alert(1)> \u202egpj", []string{"changes/<b>x</b>@1"}
	w.res.Controls[0].Findings[1].Key = strings.Repeat("k", 10_000)
	w.res.Controls[0].Months[0].Month = `"><svg onload=alert(2)>`
	w.records = map[string]RecordView{f.Records[0]: {Name: f.Records[0], Register: "changes", Key: "<b>x</b>", Source: "<i>", Pull: "pull_<u>",
		Body: []byte(`{"<q>":"<s>\u0000</s>","n":null}`)}}
	w.pulls[0].Query = `<video onloadstart=alert(3)>`
	o := options(t, w)
	s := behind(t, o, readers...)
	c := &o.Catalog.Controls[0]
	c.Title, c.Unit, c.Statement, c.Owner = "<script>alert(4)</script>", "<img src=x>", "<b>s</b>", "<i>o</i>"
	o.Catalog.Criteria[0].Title = "<video onloadstart=alert(5)>"
	for _, p := range []string{"/results", "/sources", "/controls", "/coverage", "/controls?q=%3Cscript%3E", "/controls/" + c.ID, "/controls/CHG-01", "/controls/CHG-01/item?key=" + url.QueryEscape(f.Key),
		"/controls/CHG-01/item?key=" + strings.Repeat("k", 10_000), "/controls/CHG-01?q=%3Cscript%3E"} {
		rec := get(s, p)
		if rec.Code != http.StatusOK {
			t.Fatalf("GET %.60s = %d", p, rec.Code)
		}
		body := strings.ReplaceAll(rec.Body.String(), "\x00", "")
		el := wellFormed(t, p, body)
		if n := el["script"] + el["img"] + el["b"] + el["i"] + el["u"] + el["q"] + el["s"] + el["video"]; n > 0 {
			t.Errorf("%.60s: hostile text became %d elements", p, n)
		}
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, err := New(options(t, w))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Routes() {
		if !r.Policy.Declared() || r.Policy == access.Public {
			t.Errorf("route %s declares %q; want a policy that is not open to everybody", r.Pattern, r.Policy)
		}
		if r.Method != http.MethodGet {
			t.Errorf("route %s %s writes; want pages that read", r.Method, r.Pattern)
		}
	}
	for _, c := range []struct {
		role access.Role
		path string
		want int
	}{
		{access.Contributor, "/results", 403}, {access.Contributor, "/controls/CHG-01", 403}, {access.Contributor, "/report", 403},
		{access.Contributor, "/controls", 403}, {access.Contributor, "/coverage", 403}, {access.Administrator, "/results", 403}, {access.Customer, "/results", 403},
		{access.Executive, "/controls/CHG-01/item?key=ok-0001", 403}, {access.Executive, "/proofs/1/tlog-proof", 403}, {access.Administrator, "/proofs/1/tlog-proof", 403},
		{access.Executive, "/sources", 403}, {access.Executive, "/results", 200}, {access.Executive, "/controls/CHG-01", 200},
		{access.Auditor, "/report", 403}, {access.Auditor, "/controls/CHG-01/item?key=ok-0001", 200}, {access.Executive, "/report", 200},
	} {
		if got := get(behind(t, options(t, newWorld(t)), c.role), c.path).Code; got != c.want {
			t.Errorf("GET %s as %s = %d, want %d", c.path, c.role, got, c.want)
		}
	}
	if got := get(behind(t, options(t, newWorld(t))), "/results").Code; got != 404 {
		t.Errorf("GET /results as no member = %d, want 404 as for an organization that does not exist", got)
	}
	o := options(t, w)
	o.Proofs = nil
	if _, err := New(o); err == nil {
		t.Error("a site without proofs starts; want refused")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	sheet := regexp.MustCompile(`/assets/app\.[0-9a-f]+\.css`).FindString(get(s, "/results").Body.String())
	for _, p := range []string{"/results", "/sources", "/nowhere", "/report", sheet} {
		h := get(s, p).Header()
		csp := h.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", p, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", p, h)
		}
	}
	if csp := get(s, "/report").Header().Get("Content-Security-Policy"); !strings.Contains(csp, "'sha256-") || strings.Contains(csp, "script") {
		t.Errorf("the report's own style sheet is not allowed, or a script is: %s", csp)
	}
	css := get(s, sheet)
	if css.Code != 200 || !strings.Contains(css.Header().Get("Cache-Control"), "immutable") || !strings.Contains(css.Body.String(), "--accent") || !strings.Contains(css.Body.String(), ".heat") {
		t.Errorf("style sheet: %d %v", css.Code, css.Header())
	}
	if got := get(s, "/results").Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("a page may be cached: %q", got)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	for path, want := range map[string]int{
		"/nowhere": 404, "/controls/NOPE-1": 404, "/controls/CHG-01/item?key=none": 404, "/controls/IAM-06/item?key=x": 404,
		"/controls/CHG-01?test=CHG-01&version=9": 404, "/proofs/9999/tlog-proof": 404, "/proofs/-1/tlog-proof": 404, "/proofs/01/tlog-proof": 404,
		"/proofs/1/secret": 404, "/controls?shape=round": 400, "/controls?test=sql": 400, "/controls?criterion=CC99.9": 400, "/coverage?framework=pci": 400, "/controls/CHG-01?verdict=maybe": 400, "/controls/CHG-01?page=0": 400, "/controls/CHG-01?page=x": 400,
		"/controls/CHG-01?month=2025-13": 400, "/controls/CHG-01?sort=author": 400, "/controls/CHG-01?col=secret": 400, "/controls?page=0": 400, "/results?page=x": 400, "/results?page=9": 200, "/assets/app.000.css": 404, "/controls/CHG-01?page=999": 200,
	} {
		if got := get(s, path); got.Code != want {
			t.Errorf("GET %s = %d, want %d", path, got.Code, want)
		} else if want != 200 {
			wellFormed(t, path, got.Body.String())
		}
	}
	for _, c := range []struct {
		err  error
		want int
		says string
	}{
		{errors.New("disk on fire at /var/x"), 500, "Something failed here"},
		{&fault.Error{Kind: fault.Integrity, What: "record changes/a@1 differs from its leaf"}, 500, "record changes/a@1 differs"},
		{&fault.Error{Kind: fault.Busy, What: "x"}, 503, "Busy"},
	} {
		w := newWorld(t)
		w.err = c.err
		o := options(t, w)
		s := behind(t, o, readers...)
		got := get(s, "/results")
		if got.Code != c.want || !strings.Contains(got.Body.String(), c.says) || strings.Contains(got.Body.String(), "/var/x") {
			t.Errorf("%v: %d, want %d with %q and no inner text", c.err, got.Code, c.want, c.says)
		}
		if (s.told == 1) != (c.want == 500) {
			t.Errorf("%v: the operator was told %d times", c.err, s.told)
		}
	}
}

// TestMethods: the pages read, and nothing else is understood. Which hosts are served is the door's to say and tested there.
func TestMethods(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	for _, m := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, httptest.NewRequest(m, "http://assay.test"+base+"/results", nil))
		if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s /results = %d, Allow %q, want 405", m, rec.Code, rec.Header().Get("Allow"))
		}
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(http.MethodHead, "http://assay.test"+base+"/results", nil))
	if rec.Code != http.StatusOK {
		t.Errorf("HEAD /results = %d, want 200", rec.Code)
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	Wait(rec, httptest.NewRequest(http.MethodGet, "/results", nil), "Testing <every> item", "Testing 3 of 9.", "/progress")
	body := rec.Body.String()
	if rec.Code != 503 || rec.Header().Get("Retry-After") != "2" || !strings.Contains(body, `http-equiv="refresh" content="2"`) || !strings.Contains(body, "Testing &lt;every&gt; item") || !strings.Contains(body, "Testing 3 of 9.") || !strings.Contains(body, `<assay-progress src="/progress">`) {
		t.Errorf("Wait = %d %v %s", rec.Code, rec.Header(), body)
	}
}

func TestEmptyOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.res.Controls, w.pulls = nil, nil
	o := options(t, w)
	o.Catalog, o.Drafts = Catalog{}, nil
	s := behind(t, o, readers...)
	for path, says := range map[string]string{"/results": "No control has been tested yet.", "/controls": "The program holds no control yet.", "/coverage": "Nothing is in scope yet.", "/sources": "Nothing has been pulled yet."} {
		rec := get(s, path)
		if rec.Code != 200 || !strings.Contains(rec.Body.String(), says) {
			t.Errorf("GET %s = %d, want %q", path, rec.Code, says)
		}
		if strings.Contains(rec.Body.String(), "/report") {
			t.Errorf("%s links to a report that there is not", path)
		}
	}
	o = options(t, w) // controls in the program, none tested
	s = behind(t, o, readers...)
	if rec := get(s, "/controls/CHG-01"); rec.Code != 200 || !strings.Contains(rec.Body.String(), "nothing is known of its operation") {
		t.Errorf("an untested control = %d", rec.Code)
	}
}

func TestMissingRecordIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := options(t, w)
	o.Records = noRecords{}
	s := behind(t, o, readers...)
	if body := get(s, "/controls/CHG-01/item?key=payments-api-2411").Body.String(); !strings.Contains(body, "A record is missing") {
		t.Error("a record that the verdict names and nobody finds is passed over in silence")
	}
}

type noRecords struct{}

func (noRecords) Records(context.Context, []string) ([]RecordView, error) { return nil, nil }

// TestLook serves the example for a look at it: ASSAY_LOOK_AT=127.0.0.1:8700 go test -run TestLook -timeout 0
// ASSAY_LOOK_AS=executive shows it as one role sees it; ?test-theme=dark and ?test-lang=de change a page.
func TestLook(t *testing.T) {
	addr := os.Getenv("ASSAY_LOOK_AT")
	if addr == "" {
		t.Skip("set ASSAY_LOOK_AT to an address to look at the pages")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	roles := readers
	if role := os.Getenv("ASSAY_LOOK_AS"); role != "" {
		roles = []access.Role{access.Role(role)}
	}
	t.Fatal(http.Serve(l, behind(t, steady(t, w, options(t, w)), roles...)))
}
