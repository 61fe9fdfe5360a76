package program

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/scope"
)

// approved sends a form and has another person approve what it prepares.
func approved(t *testing.T, w *world, path string, v url.Values) {
	t.Helper()
	rec := w.request(lead, "POST", path, v)
	at, ok := strings.CutPrefix(rec.Header().Get("Location"), "/o/meridian/proposals/")
	if rec.Code != 303 || !ok {
		t.Fatalf("POST %s = %d to %q, want a proposal\n%.900s", path, rec.Code, rec.Header().Get("Location"), mainOf(rec.Body.String()))
	}
	if rec := w.approve(second, "/proposals/"+at); rec.Code != 303 {
		t.Fatalf("approve %s = %d\n%.900s", path, rec.Code, mainOf(rec.Body.String()))
	}
}

// TestPartsUnchanged: each form, sent back as it was drawn, changes nothing, so that no form loses what it does not show.
func TestPartsUnchanged(t *testing.T) {
	t.Parallel()
	w := setup(t, described)
	for _, path := range []string{"/scope/report", "/scope/categories", "/program/CHG-01/test"} {
		v := w.formOf(lead, path)
		v.Set("reason", "nothing")
		for _, c := range categories {
			if v.Has(c) && v.Get(c+"_why") == "" {
				delete(v, c+"_why")
			}
		}
		rec := w.request(lead, "POST", path, v)
		if path == "/scope/categories" {
			if rec.Code != 422 || !strings.Contains(rec.Body.String(), "f-processing_integrity_why-error") {
				t.Errorf("categories without a reason = %d, want refused", rec.Code)
			}
			continue
		}
		if rec.Code != 303 || strings.Contains(rec.Header().Get("Location"), "/proposals/") {
			t.Errorf("%s sent back as it was = %d to %s, want nothing changed\n%.600s", path, rec.Code, rec.Header().Get("Location"), mainOf(rec.Body.String()))
		}
	}
	for _, pt := range parts {
		v := w.formOf(lead, "/scope/parts/"+pt.ID)
		v.Set("reason", "nothing")
		v.Set("act", "keep")
		rec := w.request(lead, "POST", "/scope/parts/"+pt.ID, v)
		if rec.Code != 303 || strings.Contains(rec.Header().Get("Location"), "/proposals/") {
			t.Errorf("%s sent back as it was = %d to %s, want nothing changed\n%.600s", pt.ID, rec.Code, rec.Header().Get("Location"), mainOf(rec.Body.String()))
		}
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.formOf(lead, "/scope/parts/places")
	v.Set("reason", "first picture")
	for k, x := range map[string]string{"r0.id": "api", "r0.name": "Payment API", "r0.processed": "yes", "r1.id": "db", "r1.name": "Ledger database", "r1.stored": "yes"} {
		v.Set(k, x)
	}
	approved(t, w, "/scope/parts/places", v)
	v = w.formOf(lead, "/scope/parts/ways")
	v.Set("reason", "first picture")
	for k, x := range map[string]string{"r0.from": "api", "r0.to": "db", "r0.data": "Payments", "r0.how": "TLS 1.3"} {
		v.Set(k, x)
	}
	approved(t, w, "/scope/parts/ways", v)
	got := w.page(owner, "/scope", 200)
	for _, want := range []string{`<svg class="drawing"`, "Payment API", "processed", "Payments goes from Payment API to Ledger database by TLS 1.3"} {
		if !strings.Contains(got, want) {
			t.Errorf("the scope does not show %q", want)
		}
	}
	// A place that a way leads to cannot be taken away.
	v = w.formOf(lead, "/scope/parts/places")
	v.Set("reason", "gone")
	for k := range v {
		if strings.HasPrefix(k, "r1.") {
			delete(v, k)
		}
	}
	if rec := w.request(lead, "POST", "/scope/parts/places", v); rec.Code != 422 || !strings.Contains(rec.Body.String(), "is no node") {
		t.Errorf("a place with a way = %d, want refused\n%.600s", rec.Code, mainOf(rec.Body.String()))
	}
}

func TestVendors(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.formOf(lead, "/scope/parts/vendors")
	for k, x := range map[string]string{"reason": "we rent servers", "r0.name": "Cloud", "r0.services": "Servers", "r0.method": "inclusive", "r0.csocs": "Guards buildings | CC6.4\n\nKeeps power | A1.2, A1.3", "r0.end": "2026-13-01"} {
		v.Set(k, x)
	}
	if rec := w.request(lead, "POST", "/scope/parts/vendors", v); rec.Code != 422 || !strings.Contains(rec.Body.String(), "f-r0.end-error") {
		t.Errorf("an impossible date = %d, want beside its field", rec.Code)
	}
	v.Set("r0.end", "2026-09-30")
	v.Set("none", "there is none")
	if rec := w.request(lead, "POST", "/scope/parts/vendors", v); rec.Code != 422 || !strings.Contains(rec.Body.String(), "f-none-error") {
		t.Errorf("a vendor and none = %d, want refused", rec.Code)
	}
	v.Set("none", "")
	v.Set("act", "more")
	more := readPage(t, w.request(lead, "POST", "/scope/parts/vendors", v).Body.String())
	if more.Get("rows") != "5" || more.Get("r0.name") != "Cloud" {
		t.Errorf("more rows = %s with %q, want five and what was typed", more.Get("rows"), more.Get("r0.name"))
	}
	v.Set("act", "keep")
	approved(t, w, "/scope/parts/vendors", v)
	got := w.folder.System.Subservice
	if len(got) != 1 || got[0].Method != "inclusive" || len(got[0].CSOCs) != 2 || !cmp.Equal(got[0].CSOCs[1].Criteria, []string{"A1.2", "A1.3"}) || got[0].ReportEnd == nil {
		t.Errorf("vendors = %+v", got)
	}
	// A form drawn from before is stale.
	rec := w.request(lead, "POST", "/scope/parts/vendors", v)
	if rec.Code != 409 || !strings.Contains(rec.Body.String(), "In force now") {
		t.Errorf("a stale list = %d, want 409 with both", rec.Code)
	}
}

func TestCategories(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.formOf(lead, "/scope/categories")
	if v.Has("security") {
		t.Error("security can be left out; want it locked")
	}
	for _, c := range categories[1:] {
		v.Set(c+"_why", "because of "+c)
	}
	v.Set("confidentiality", "yes")
	v.Set("security", "no")
	v.Set("reason", "new contracts")
	v.Set("act", "preview")
	v.Set("privacy", "yes")
	if rec := w.request(lead, "POST", "/scope/categories", v); rec.Code != 200 || !strings.Contains(rec.Body.String(), "left bare") || !strings.Contains(rec.Body.String(), "P1.1") {
		t.Errorf("preview = %d, want the criteria of privacy that no control serves", rec.Code)
	}
	v.Set("privacy", "no")
	v.Del("act")
	approved(t, w, "/scope/categories", v)
	if got := strings.Join(w.folder.Program.Categories, " "); got != "security availability confidentiality" {
		t.Errorf("categories = %q", got)
	}
	if got := w.page(owner, "/scope", 200); !strings.Contains(got, "because of privacy") {
		t.Error("the reason to leave privacy out is not shown")
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.formOf(lead, "/scope/report")
	v.Set("reason", "shorter")
	v.Set("to", "2026-02-01")
	if rec := w.request(lead, "POST", "/scope/report", v); rec.Code != 422 || !strings.Contains(rec.Body.String(), "f-to-error") {
		t.Errorf("a period of a month = %d, want refused beside its field", rec.Code)
	}
	v.Set("report", "soc1-type2")
	v.Set("to", "2026-12-31")
	approved(t, w, "/scope/report", v)
	got := w.page(lead, "/objectives", 200)
	if w.folder.Program.Report != "soc1-type2" || !strings.Contains(got, "Choose the families") || !strings.Contains(got, "in scope") {
		t.Error("a SOC 1 report has no objectives to choose")
	}
	v = w.formOf(lead, "/objectives/edit")
	v.Set("reason", "we pay wages")
	v.Del("family_BIL")
	v.Set("family_PAY", "yes")
	approved(t, w, "/objectives/edit", v)
	if got := strings.Join(w.folder.Program.Objectives, " "); got != "itgc PAY" {
		t.Errorf("objectives = %q, want itgc PAY", got)
	}
}

// TestDescription: prose is one person's to save; what was saved meanwhile is shown beside it.
func TestDescription(t *testing.T) {
	t.Parallel()
	w := setup(t)
	late := w.formOf(lead, "/description/dc1/edit")
	v := w.formOf(lead, "/description/dc1/edit")
	v.Set("text", "## Services\n\nWe take **payments**.\n\n<marquee>no</marquee>")
	rec := w.request(lead, "POST", "/description/dc1/edit", v)
	if rec.Code != 303 || rec.Header().Get("Location") != "/o/meridian/description/dc1" || !strings.Contains(w.folder.System.Texts["dc1"], "payments") {
		t.Fatalf("save = %d to %s", rec.Code, rec.Header().Get("Location"))
	}
	got := mainOf(w.page(owner, "/description/dc1", 200))
	if !strings.Contains(got, "<strong>") || strings.Contains(got, "<marquee") || !strings.Contains(got, "HTML") {
		t.Errorf("the text is not drawn as the report does, or what it left out is not named\n%.900s", got)
	}
	late.Set("text", "Mine.")
	rec = w.request(lead, "POST", "/description/dc1/edit", late)
	if rec.Code != 409 || !strings.Contains(rec.Body.String(), "Mine.") || !strings.Contains(rec.Body.String(), "We take") {
		t.Errorf("a stale text = %d, want 409 with both", rec.Code)
	}
	big := w.formOf(lead, "/description/dc2/edit")
	big.Set("text", strings.Repeat("x ", 600_000))
	if rec := w.request(lead, "POST", "/description/dc2/edit", big); rec.Code != 422 {
		t.Errorf("more than a megabyte = %d, want refused", rec.Code)
	}
	if rec := w.request(owner, "POST", "/description/dc1/edit", v); rec.Code != http.StatusForbidden {
		t.Errorf("a control owner saves the description: %d", rec.Code)
	}
	if list, err := w.Changes(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("prose waits for approval: %d, %v", len(list), err)
	}
}

// TestAdviser answers one question after the other as a browser would, to the advice.
func TestAdviser(t *testing.T) {
	t.Parallel()
	w := setup(t)
	said := map[string][]string{"financial_statements": {"no"}, "customer_data": {"yes"}, "asked_by": {"security"}, "contract_words": nil, "countries": {"us, de"}, "need_by": {""},
		"months_operated": {"4"}, "stage": {"growth"}, "promises": {"uptime"}, "regulated": {"no"}, "public_proof": {"no"}}
	path := "/advise"
	for range said {
		page := w.page(lead, path, 200)
		v := url.Values{}
		for _, line := range strings.Split(page, "<input type=\"hidden\" ")[1:] {
			name, rest, _ := strings.Cut(strings.TrimPrefix(line, `name="`), `"`)
			value, _, _ := strings.Cut(strings.TrimPrefix(rest, ` value="`), `"`)
			v.Add(name, value)
		}
		asked := v["done"][len(v["done"])-1]
		if _, ok := said[asked]; !ok {
			t.Fatalf("asked %q, which has no answer here", asked)
		}
		v[asked] = said[asked]
		path = "/advise?" + v.Encode()
	}
	got := mainOf(w.page(lead, path, 200))
	for _, want := range []string{"SOC 2 Type 2", "What speaks against it", "Timeline", "Cost by published figures", "Further questions"} {
		if !strings.Contains(got, want) {
			t.Errorf("the advice does not hold %q\n%.600s", want, got)
		}
	}
	for _, bad := range []string{"/advise?done=months_operated&months_operated=many", "/advise?done=financial_statements&financial_statements=perhaps", "/advise?done=stage", "/advise?done=countries&countries=Atlantis"} {
		w.page(lead, bad, http.StatusUnprocessableEntity)
	}
	if rec := w.get(lead, "/advise?x="+strings.Repeat("y", 9000)); rec.Code != 400 {
		t.Errorf("a long address = %d, want refused", rec.Code)
	}
	w.page(person("contributor", access.Contributor), "/advise", 200)
}

// FuzzRows: whatever is posted, rows are read or refused, and what is read back is what was read.
func FuzzRows(f *testing.F) {
	f.Add("rows=2&r0.name=Cloud&r0.services=x&r0.method=carve_out&r0.csocs=a|CC6.4")
	f.Add("rows=-1")
	f.Add("rows=9999999999999999999&r0.on=2026-02-30")
	f.Add("rows=3&r0.id=a&r0.name=b&r0.created=yes&r1.from=a&r1.to=a&r1.data=c&none=x&r2.criterion=CC6.1&r2.why=w&r0.text=t&r0.kind=software&r0.on=2026-01-01")
	f.Fuzz(func(t *testing.T, body string) {
		v, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		for _, pt := range parts {
			rows, err := readRows(pt, v)
			if err != nil {
				continue
			}
			var s, again scope.System
			if pt.set(&s, rows, v.Get("none")) != nil {
				continue
			}
			back, none := pt.get(s)
			if err := pt.set(&again, renumbered(back), none); err != nil || !cmp.Equal(s, again) {
				t.Errorf("%s: what was read is not what is drawn again: %v %s", pt.ID, err, cmp.Diff(s, again))
			}
		}
	})
}

// FuzzTurn: the conversation never fails on what stands in an address.
func FuzzTurn(f *testing.F) {
	f.Add("done=asked_by&asked_by=security&ask=need_by")
	f.Add(strings.TrimPrefix(adviceAt, "/advise?"))
	p, err := New(Options{Program: &world{}, Changes: &world{}, Cases: &world{}, Registers: (&world{}).schemas, Now: nil, NewID: nil})
	if err == nil {
		f.Fatal("New without a clock is taken; want refused")
	}
	if p, err = newBare(); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		_, _ = p.turn(v, 20000)
	})
}
