package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
)

// text is a page on one line.
func text(s http.Handler, path string, header ...string) string {
	return strings.Join(strings.Fields(get(s, path, header...).Body.String()), " ")
}

func TestGaugePagesSay(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	late := "/forecast?if=" + url.QueryEscape("IAM-04/billing/2026-Q2=late:10d")
	for page, wants := range map[string][]string{
		"/readiness": {"Not ready", "1 July 2025 to 30 June 2026", "As known on 20 May 2026; fieldwork begins on 1 July 2026, in 42 days", ` of 35 criteria`, "The worst counts, never an average",
			"No check of completeness passed for the period to date", "/readiness/gaps?rule=G06&amp;severity=red", "The report itself: amber",
			"Sep 2025: 19 days within a deviation, 11 days not settled", "Jun 2026: 30 days to come", ">×19<", "CC6 Logical and physical access", "no premises: every system is hosted",
			"Confirm the report", "Does not hold: ", "effort, not readiness", "31 of "},
		"/readiness/controls":              {"71 of 71 controls", "1,173", "not held by some", `title="Implementation"`, "one instance was walked through"},
		"/readiness/controls?status=amber": {"2 of 71 controls", "CHG-01"},
		"/readiness/controls?status=green": {"No control is green.", "Show all 71"},
		"/readiness/controls/CHG-01":       {"Tested all: 12 of 1173 (1.0 %) deviate", ">4 not<", ">20 not known<", "Population", "Link"},
		"/readiness/gaps":                  {"50 of 118 gaps, the worst first", "Page 1 of 3", "Open until then", "by 2026-06-03", "assay import REGISTER FILE", "Red (89)"},
		"/readiness/gaps?control=IAM-04":   {"filtered from 118", "/controls/IAM-04", "assay test --control IAM-04"},
		"/readiness/gaps?rule=G16":         {"No gap is like that.", "Show all 118"},
		"/forecast": {"Report ready 28 July to 8 September 2026", "Keep the period", "Start later", "Extend the period", "Type 1 meanwhile", "strictly ",
			"15 days are in no report", "billing/2026-Q2", "owner of billing", "in 21 days", "1 of 48 (2.1 %)", "2025-10-30 to 2025-11-09, 11 days", "None is chosen for you", "0 % to ",
			"if=IAM-04%2Fbilling%2F2026-Q2%3Dlate%3A10d", "Expected"},
		late: {"Supposed: <bdi>IAM-04/billing/2026-Q2=late:10d</bdi>", "Deviations of IAM-04", "1 of 48 (2.1 %)", "2 of 51 (3.9 %)", "stay as they are", "nothing was stored"},
		"/documents": {"2 of 3 documents can be drawn", "DRAFT", "/documents/soc2-type2.pdf", `download="soc2-type2-DRAFT.pdf"`, `download="soc2-type2-DRAFT-oscal-ssp.json"`, "Deviations without a response",
			`href="/o/harborline/documents/soc2-type2.html#section-i"`, "a Type 1 report needs a date", "4 more"},
	} {
		body := text(s, page)
		for _, w := range wants {
			if !strings.Contains(strings.ToLower(body), strings.ToLower(w)) {
				t.Errorf("%s does not say %q", page, w)
			}
		}
		for _, never := range []string{"certified", "compliant", "no exceptions noted", "confidence"} {
			if strings.Contains(body, never) {
				t.Errorf("%s says %q", page, never)
			}
		}
	}
}

var percents = regexp.MustCompile(`[^<>]*\d %[^<>]*`)

// TestReadinessIsNoPercentage: the only shares on the pages of readiness are of items, of what is tolerable, and of effort.
func TestReadinessIsNoPercentage(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	seen := 0
	for _, p := range []string{"/readiness", "/readiness/controls", "/readiness/gaps", "/readiness/controls/CHG-01"} {
		for _, said := range percents.FindAllString(text(s, p), -1) {
			seen++
			if !strings.Contains(said, "deviate") && !strings.Contains(said, "decided") && !strings.Contains(said, "tolerable") && !strings.Contains(said, "closed") && !strings.Contains(said, "done late") && !strings.Contains(said, "of items") {
				t.Errorf("%s states a share of something else: %q", p, said)
			}
		}
	}
	if seen < 3 {
		t.Errorf("found %d shares; the pages should state some of items", seen)
	}
}

// TestGapFilter: each filter of the list is the same as counting the gaps by hand.
func TestGapFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := site(t, w)
	r, err := gauge.Ready(w.judged.facts, gauge.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	count := func(is func(gauge.Gap) bool) int {
		n := 0
		for _, g := range r.Gaps {
			if is(g) {
				n++
			}
		}
		return n
	}
	for path, want := range map[string]int{
		"?severity=red":            count(func(g gauge.Gap) bool { return g.Severity == gauge.Block }),
		"?rule=G05":                count(func(g gauge.Gap) bool { return g.Rule == "G05" }),
		"?control=AVL-02":          count(func(g gauge.Gap) bool { return g.Control == "AVL-02" }),
		"?rule=G04&severity=amber": count(func(g gauge.Gap) bool { return g.Rule == "G04" }),
	} {
		if want == 0 {
			t.Fatalf("%s finds nothing here; the case tests nothing", path)
		}
		if body := text(s, "/readiness/gaps"+path); !strings.Contains(body, fmt.Sprintf("%d of %d gap", min(want, rowsOfPage), want)) {
			t.Errorf("%s does not find %d gaps", path, want)
		}
	}
}

// TestAskedAmiss: what is wrong with a line of the form stands beside that line, and the page shows how things stand.
func TestAskedAmiss(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	many := strings.Repeat("IAM-04/billing/2026-Q2=done\n", mostIfs+1)
	for _, c := range []struct {
		query url.Values
		says  []string
	}{
		{url.Values{"if": {"IAM-04/billing/2026-Q2"}}, []string{`id="if-0-fault"`, "supposes nothing; expected CONTROL/INSTANCE"}},
		{url.Values{"if": {"IAM-04/billing/2026-Q2=late:10d", "IAM-04/github/2026-Q2=late:x"}}, []string{`id="if-1-fault"`, "is no delay", `value="IAM-04/billing/2026-Q2=late:10d"`}},
		{url.Values{"if": {"IAM-04/billing/2026-Q2=done\r\n\r\n NOPE-1/x=missed "}}, []string{`id="if-1-fault"`, "&#34;NOPE-1&#34; is no control in scope"}},
		{url.Values{"if": {"IAM-04/bilin/2026-Q2=missed"}}, []string{`id="if-0-fault"`, "no instance of IAM-04 that is known", "Known are billing/2025-Q3"}},
		{url.Values{"today": {"tomorrow"}}, []string{`id="today-fault"`, "&#34;tomorrow&#34; is no day"}},
		{url.Values{"today": {"2019-01-01"}}, []string{`id="today-fault"`, "Nothing is known of 2019-01-01", "The first record is of"}},
		{url.Values{"if": {many}}, []string{"only the first 20 suppositions are read"}},
		{url.Values{"if": {`"><script>alert(1)</script>=done`}}, []string{"is no control in scope"}},
	} {
		path := "/forecast?" + c.query.Encode()
		rec := get(s, path)
		if rec.Code != http.StatusBadRequest {
			t.Errorf("%v = %d, want 400", c.query, rec.Code)
		}
		el := wellFormed(t, path, rec.Body.String())
		if el["script"] > 0 {
			t.Errorf("%v: hostile text became an element", c.query)
		}
		body := text(s, path)
		for _, w := range append(c.says, "Keep the period") {
			if !strings.Contains(strings.ToLower(body), strings.ToLower(w)) {
				t.Errorf("%v does not say %q", c.query, w)
			}
		}
		if strings.Contains(body, "What it would do") {
			t.Errorf("%v answers although a line is wrong", c.query)
		}
	}
	if rec := get(s, "/forecast?if=&if=+&today="); rec.Code != http.StatusOK {
		t.Errorf("an empty form = %d, want 200", rec.Code)
	}
}

func TestGaugeFaults(t *testing.T) {
	t.Parallel()
	s := site(t, newWorld(t))
	for path, want := range map[string]int{
		"/readiness/controls/NOPE-1": 404, "/readiness/criteria/CC6.4": 404, "/readiness/criteria/CC6.1?month=2024-01": 400, "/readiness/criteria/CC6.1?month=x": 400,
		"/calendar?month=2026-13": 400, "/calendar?day=soon": 400, "/calendar?control=NOPE-1": 400, "/calendar?page=0": 400, "/ledger?page=x": 400, "/readiness/controls?status=blue": 400, "/readiness/gaps?severity=huge": 400, "/readiness/gaps?rule=G99": 400,
		"/readiness/gaps?control=NOPE-1": 400, "/readiness/gaps?criterion=CC99.9": 400, "/readiness/gaps?page=0": 400, "/readiness/gaps?page=99": 200,
		"/documents/soc2-type2.exe": 404, "/documents/soc2-type2": 404, "/documents/pci.pdf": 404, "/documents/iso27001.pdf": 404, "/documents/soc2-type1.html": 404, "/documents/..%2Fassay.db": 404,
	} {
		if rec := get(s, path); rec.Code != want {
			t.Errorf("GET %s = %d, want %d", path, rec.Code, want)
		}
	}
	for _, p := range []string{"/readiness", "/forecast", "/documents", "/documents/soc2-type2.pdf"} {
		w := newWorld(t)
		s := site(t, w)
		w.judged.err = errors.New("disk on fire at /var/x")
		if rec := get(s, p); rec.Code != 500 || strings.Contains(rec.Body.String(), "/var/x") || rec.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s with a broken disk = %d %q", p, rec.Code, rec.Header().Get("Content-Disposition"))
		}
		w.judged.err = &fault.Error{Kind: fault.Integrity, What: "record changes/a@1 differs"}
		if rec := get(s, p); rec.Code != 500 || !strings.Contains(rec.Body.String(), "changes/a@1 differs") {
			t.Errorf("%s over a changed record = %d", p, rec.Code)
		}
	}
}

// TestDocumentsLeave: each format leaves under its own type and name, says that it is a draft, and is kept by no cache.
func TestDocumentsLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := site(t, w)
	for format, want := range map[string][2]string{
		"html":            {"text/html; charset=utf-8", `inline; filename="soc2-type2-DRAFT.html"`},
		"pdf":             {"application/pdf", `attachment; filename="soc2-type2-DRAFT.pdf"`},
		"docx":            {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", `attachment; filename="soc2-type2-DRAFT.docx"`},
		"xlsx":            {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", `attachment; filename="soc2-type2-DRAFT.xlsx"`},
		"json":            {"application/json", `attachment; filename="soc2-type2-DRAFT.json"`},
		"oscal-component": {"application/json", `attachment; filename="soc2-type2-DRAFT-oscal-component.json"`},
		"oscal-ssp":       {"application/json", `attachment; filename="soc2-type2-DRAFT-oscal-ssp.json"`},
		"oscal-plan":      {"application/json", `attachment; filename="soc2-type2-DRAFT-oscal-plan.json"`},
		"oscal-poam":      {"application/json", `attachment; filename="soc2-type2-DRAFT-oscal-poam.json"`},
		"oscal-results":   {"application/json", `attachment; filename="soc2-type2-DRAFT-oscal-results.json"`},
	} {
		rec := get(s, "/documents/soc2-type2."+format)
		h := rec.Header()
		got := [2]string{h.Get("Content-Type"), h.Get("Content-Disposition")}
		if rec.Code != 200 || got != want || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s = %d %v %q, want %v and no-store", format, rec.Code, got, h.Get("Cache-Control"), want)
		}
		if csp := h.Get("Content-Security-Policy"); format == "html" && !strings.Contains(csp, "'sha256-") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", format, csp)
		}
	}
	if len(w.judged.asked) != len(formats) {
		t.Errorf("drawn %q, want each format once", w.judged.asked)
	}
}

func TestGaugePolicies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role access.Role
		path string
		want int
	}{
		{access.Contributor, "/readiness", 403}, {access.Contributor, "/readiness/gaps", 403}, {access.Contributor, "/readiness/controls/CHG-01", 403}, {access.Contributor, "/forecast", 403},
		{access.Contributor, "/documents", 403}, {access.Contributor, "/documents/soc2-type2.pdf", 403},
		{access.Auditor, "/documents", 403}, {access.Auditor, "/documents/soc2-type2.pdf", 403}, {access.Auditor, "/documents/soc2-type2.xlsx", 403}, {access.Auditor, "/readiness", 200},
		{access.Executive, "/documents/soc2-type2.xlsx", 403}, {access.Executive, "/documents/soc2-type2.pdf", 200}, {access.Executive, "/readiness", 200},
		{access.Administrator, "/readiness", 403}, {access.Adviser, "/documents/soc2-type2.xlsx", 200},
	} {
		w := newWorld(t)
		s := behind(t, options(t, w), c.role)
		if got := get(s, c.path).Code; got != c.want {
			t.Errorf("GET %s as %s = %d, want %d", c.path, c.role, got, c.want)
		}
		if c.want == 403 && len(w.judged.asked) > 0 {
			t.Errorf("GET %s as %s drew %q", c.path, c.role, w.judged.asked)
		}
	}
}

// TestNothingToJudge: without a program the pages say what to do, and without the rooms behind them they are not there.
func TestNothingToJudge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := options(t, w)
	o.Catalog = Catalog{}
	w.judged.facts = gauge.Facts{Report: "soc2-type2", Title: "SOC 2 Type 2", Term: w.judged.facts.Term, Today: day("2026-05-20")}
	w.judged.kinds = nil
	s := behind(t, o, readers...)
	for path, says := range map[string]string{"/readiness": "Nothing is in scope yet.", "/readiness/controls": "There is no control to judge yet.", "/readiness/gaps": "Nothing is in scope that the controls are held against",
		"/forecast": "Nothing falls due in the next 30 days.", "/documents": "No document can be drawn yet."} {
		rec := get(s, path)
		if rec.Code != 200 || !strings.Contains(rec.Body.String(), says) {
			t.Errorf("GET %s = %d, want %q", path, rec.Code, says)
		}
		wellFormed(t, path, rec.Body.String())
	}
	o.Gauge, o.Documents = nil, nil
	s = behind(t, o, readers...)
	for _, p := range []string{"/readiness", "/forecast", "/documents", "/documents/soc2-type2.pdf"} {
		if rec := get(s, p); rec.Code != 404 {
			t.Errorf("GET %s without the room behind it = %d, want 404", p, rec.Code)
		}
	}
	if body := text(s, "/results"); strings.Contains(body, "/readiness") || strings.Contains(body, "/documents") {
		t.Error("the navigation leads to pages that there are not")
	}
}

// TestType1Pages: a report about one date has four gates, no strip of days and no chance.
func TestType1Pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := site(t, w)
	f := &w.judged.facts
	f.Report, f.Title, f.Term, f.Results = "soc2-type1", "SOC 2 Type 1", gauge.Type1{AsOf: day("2026-05-31"), Zone: w.res.Period.Zone}, nil
	for page, wants := range map[string][]string{
		"/readiness":                 {"SOC 2 Type 1, as of 31 May 2026", "Criteria and their controls"},
		"/readiness/controls/CHG-01": {"4 gates that this report asks"},
		"/forecast":                  {"Keep the date", "as of 31 May 2026", "Design and implementation on 2026-05-31"},
	} {
		rec := get(s, page)
		wellFormed(t, page, rec.Body.String())
		body := text(s, page)
		for _, x := range wants {
			if !strings.Contains(body, x) {
				t.Errorf("%s does not say %q", page, x)
			}
		}
		for _, never := range []string{"Day by day", "Chance of", "Population</td>"} {
			if strings.Contains(body, never) {
				t.Errorf("%s says %q of a report about one date", page, never)
			}
		}
	}
}

func TestHostileGauge(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script>`
	w := newWorld(t)
	o := options(t, w)
	f := &w.judged.facts
	f.Title, f.Changes[0].What, f.NotRelevant["CC6.4"] = evil, evil, evil
	f.Controls[0].Title, f.Controls[0].Owners = evil, []string{evil}
	f.Instances[3].Key, f.Instances[3].Owner = evil+"/2026", evil
	f.Earlier[0].Report = "soc2-type2"
	w.judged.kinds[2].Title, w.judged.kinds[2].When, w.judged.kinds[0].Missing, w.judged.kinds[2].Open[0].Where = evil, evil, evil, evil
	w.judged.kinds[2].Open[0].Text[0].Text = evil
	s := behind(t, o, readers...)
	for _, p := range []string{"/readiness", "/readiness/controls", "/readiness/gaps", "/readiness/controls/" + f.Controls[0].ID, "/forecast", "/documents"} {
		rec := get(s, p)
		if rec.Code != 200 {
			t.Fatalf("GET %s = %d", p, rec.Code)
		}
		if el := wellFormed(t, p, rec.Body.String()); el["script"] > 0 {
			t.Errorf("%s: hostile text became an element", p)
		}
	}
}
