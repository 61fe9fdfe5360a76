package program

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/scope"
)

// all lists an address for each page that is read.
var all = []string{"/scope", "/scope/report", "/scope/categories", "/program", "/program?state=designed&q=change", "/program/new", "/program/new?from=PHY-01", "/proposals",
	"/program/compare", "/program/compare?from=1", "/program/CHG-01", "/program/CHG-01/edit", "/program/CHG-01/test", "/program/CHG-01/state",
	"/objectives", "/description", "/description/dc1", "/description/dc3", "/description/dc5", "/description/dc1/edit", "/advise", "/explained"}

func TestPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, pt := range parts {
		w.page(lead, "/scope/parts/"+pt.ID, http.StatusOK)
	}
	bare := regexp.MustCompile(`(?:href|action|src)="/(?:[^o/a]|[a][^s]|o[^/])[^"]*"`)
	for _, path := range all {
		body := w.page(lead, path, http.StatusOK)
		for _, hit := range bare.FindAllString(mainOf(body), -1) {
			t.Errorf("%s: %s does not lead below the organization", path, hit)
		}
		for _, never := range []string{" style=", "<script>", "javascript:", "%!", "(MISSING)"} {
			if strings.Contains(mainOf(body), never) {
				t.Errorf("%s holds %q", path, never)
			}
		}
	}
	for path, status := range map[string]int{"/program/NO-01": 404, "/program/NO-01/edit": 404, "/description/dc10": 404, "/scope/parts/none": 404, "/proposals/none": 404,
		"/program?state=none": 400, "/program/CHG-01?from=9": 400, "/program/new?from=none": 404, "/program/compare?from=9": 422, "/objectives/edit": 400} {
		w.page(lead, path, status)
	}
}

// TestRoles: who may read, edit and approve, over every route.
func TestRoles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, rt := range w.mux.Routes() {
		path := strings.NewReplacer("{part}", "locations", "{control}", "CHG-01", "{id}", "none", "{dc}", "dc1").Replace(rt.Pattern)
		for _, who := range []access.Visitor{lead, chief, owner, outside, person("auditor", access.Auditor), person("admin", access.Administrator), person("adviser", access.Adviser), {}} {
			rec := w.request(who, rt.Method, path, url.Values{})
			denied := rec.Code == http.StatusForbidden || rec.Code == http.StatusSeeOther && strings.HasPrefix(rec.Header().Get("Location"), "/signin")
			if want := access.Decide(rt.Policy, who) != nil; denied != want {
				t.Errorf("%s %s as %q = %d, denied %t; want %t by %s", rt.Method, path, who.Name, rec.Code, denied, want, rt.Policy)
			}
		}
	}
	if got := w.page(owner, "/program/CHG-01", 200); strings.Contains(got, "/edit") {
		t.Error("a control owner is offered to change the control; want not")
	}
	if got := w.page(person("admin", access.Administrator), "/program/CHG-01", 200); strings.Contains(got, "Change 4711") {
		t.Error("an administrator reads a walkthrough; want not by that role")
	}
	if got := w.page(lead, "/program/CHG-01", 200); !strings.Contains(got, "Change 4711") {
		t.Error("a compliance lead does not see the walkthrough")
	}
}

// edited prepares a change of CHG-01 and returns the address of the proposal.
func edited(t *testing.T, w *world, as access.Visitor, change func(url.Values)) string {
	t.Helper()
	v := w.formOf(as, "/program/CHG-01/edit")
	change(v)
	rec := w.request(as, "POST", "/program/CHG-01/edit", v)
	if rec.Code != http.StatusSeeOther || !strings.Contains(rec.Header().Get("Location"), "/proposals/") {
		t.Fatalf("POST edit = %d to %q, want a proposal\n%.900s", rec.Code, rec.Header().Get("Location"), mainOf(rec.Body.String()))
	}
	return strings.TrimPrefix(rec.Header().Get("Location"), "/o/meridian")
}

func reworded(v url.Values) {
	v.Set("statement", "A person other than the author approves each change before it is released.")
	v.Set("editorial", "yes")
	v.Set("reason", "plainer words")
}

// TestTwoPeople: a change is in force only when somebody else approved it, and both stand in the history.
func TestTwoPeople(t *testing.T) {
	t.Parallel()
	w := setup(t)
	at := edited(t, w, lead, reworded)
	if len(w.folder.Of("CHG-01")) != 1 {
		t.Fatal("the change is in force before anybody approved it")
	}
	for _, page := range []string{"/program", "/program/CHG-01", "/proposals"} {
		if !strings.Contains(w.page(owner, page, 200), "waits") && !strings.Contains(w.page(owner, page, 200), "Waits") {
			t.Errorf("%s does not say that a change waits", page)
		}
	}
	if rec := w.approve(lead, at); rec.Code != http.StatusForbidden || len(w.folder.Of("CHG-01")) != 1 {
		t.Fatalf("approving one's own change = %d, want 403", rec.Code)
	}
	same := lead
	same.Email, same.Roles = "other@example.com", []access.Role{access.Executive}
	if rec := w.approve(same, at); rec.Code != http.StatusForbidden {
		t.Errorf("approving one's own change under another address = %d, want 403", rec.Code)
	}
	weak := second
	weak.Strong = false
	if rec := w.approve(weak, at); rec.Code == 200 || len(w.folder.Of("CHG-01")) != 1 {
		t.Errorf("approving without a fresh proof = %d", rec.Code)
	}
	if !strings.Contains(w.page(second, at, 200), "Approve the change") {
		t.Fatal("another lead is not offered to approve")
	}
	if rec := w.request(second, "POST", at+"/approve", url.Values{"why": {"read it"}, "version": {"1"}}); rec.Code != http.StatusSeeOther {
		t.Fatalf("approve = %d\n%.600s", rec.Code, mainOf(rec.Body.String()))
	}
	vs := w.folder.Of("CHG-01")
	if len(vs) != 2 || !vs[1].Editorial || vs[1].From.String() != "2026-11-27" || vs[0].To.String() != "2026-11-26" || vs[1].Test != vs[0].Test {
		t.Fatalf("versions = %+v, want a second, editorial, from the day after", vs)
	}
	history, err := w.Change(t.Context(), strings.TrimPrefix(at, "/proposals/"))
	if err != nil || len(history) != 2 || history[1].DecidedBy != second.Email || history[1].PreparedBy != lead.Email || history[1].State != scope.Approved {
		t.Errorf("history = %+v, %v, want prepared by one and approved by another", history, err)
	}
	if rec := w.approve(chief, at); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("approving twice = %d, want 422", rec.Code)
	}
	if got := w.page(lead, "/program/CHG-01?from=1&to=2", 200); !strings.Contains(got, "<del>") || !strings.Contains(got, "<ins>") {
		t.Error("the two versions are not compared")
	}
}

// TestStale: an edit drawn from what is no longer in force is refused with both shown; so is a proposal.
func TestStale(t *testing.T) {
	t.Parallel()
	w := setup(t)
	late := w.formOf(lead, "/program/CHG-01/edit")
	waiting := edited(t, w, lead, func(v url.Values) {
		reworded(v)
		v.Set("statement", "Waiting text is approved by a reviewer for each change.")
	})
	first := edited(t, w, lead, reworded)
	if rec := w.approve(second, first); rec.Code != 303 {
		t.Fatal(rec.Code)
	}
	reworded(late)
	late.Set("statement", "Mine: a reviewer approves each change.")
	rec := w.request(lead, "POST", "/program/CHG-01/edit", late)
	got := rec.Body.String()
	if rec.Code != http.StatusConflict || !strings.Contains(got, "Mine: a reviewer approves each change.") || !strings.Contains(got, "A person other than the author approves") {
		t.Fatalf("a stale edit = %d, want 409 with both texts", rec.Code)
	}
	again := readPage(t, got)
	if again.Get("statement") != "Mine: a reviewer approves each change." || again.Get("base") == late.Get("base") {
		t.Error("the form that is shown again lost the text, or is still drawn from the old version")
	}
	again.Set("from", "2026-11-28")
	if rec := w.request(lead, "POST", "/program/CHG-01/edit", again); rec.Code != 303 {
		t.Errorf("sent again = %d, want taken\n%.600s", rec.Code, mainOf(rec.Body.String()))
	}
	if rec := w.approve(second, waiting); rec.Code != http.StatusUnprocessableEntity || len(w.folder.Of("CHG-01")) != 2 {
		t.Errorf("approving a stale proposal = %d, want 422", rec.Code)
	}
	if got := w.page(second, waiting, 200); !strings.Contains(got, "controls/CHG-01.yaml") {
		t.Error("the stale proposal does not say which file has changed")
	}
	if rec := w.request(second, "POST", waiting+"/withdraw", nil); rec.Code != http.StatusForbidden {
		t.Errorf("withdrawing another's change = %d, want 403", rec.Code)
	}
	if rec := w.request(lead, "POST", waiting+"/withdraw", url.Values{}); rec.Code != http.StatusSeeOther {
		t.Errorf("withdraw = %d", rec.Code)
	}
}

// TestRefused: what nobody could run is refused beside its field, and nothing is kept.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, c := range []struct{ name, field, value, want string }{
		{"no statement", "statement", " ", "f-statement-error"},
		{"no owner", "owner", "", "f-owner-error"},
		{"no evidence", "evidence_types", "\n\n", "f-evidence_types-error"},
		{"a frequency of no kind", "frequency", "sometimes", "f-frequency-error"},
		{"a shape of no kind", "shape", "blob", "f-shape-error"},
		{"a criterion that is none", "criteria", "CC99.9", "f-criteria-error"},
		{"no day", "from", "", "f-from-error"},
		{"no date", "from", "2026-02-30", "f-from-error"},
		{"before the version begins", "from", "1970-01-01", "f-from-error"},
		{"no reason", "reason", "", "f-reason-error"},
		{"another owner as wording", "owner", "Somebody else", "f-editorial-error"},
		{"a control character", "title", "a\x01b", "U+0001"},
	} {
		v := w.formOf(lead, "/program/CHG-01/edit")
		reworded(v)
		if c.want != "f-editorial-error" {
			v.Set("editorial", "no")
		}
		v.Set(c.field, c.value)
		rec := w.request(lead, "POST", "/program/CHG-01/edit", v)
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), c.want) {
			t.Errorf("%s = %d, want 422 with %s\n%.500s", c.name, rec.Code, c.want, mainOf(rec.Body.String()))
		}
	}
	if list, err := w.Changes(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d changes were kept, %v, want none", len(list), err)
	}
}

// TestPreview: what a change does to coverage and how its statement reads are said before it is kept.
func TestPreview(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.formOf(lead, "/program/CHG-01/edit")
	v.Set("statement", "Changes should be reviewed appropriately.")
	v.Set("criteria", "")
	v.Set("editorial", "no")
	v.Set("reason", "test")
	v.Set("act", "preview")
	rec := w.request(lead, "POST", "/program/CHG-01/edit", v)
	got := rec.Body.String()
	if rec.Code != 200 || !strings.Contains(got, "measures nothing") || !strings.Contains(got, "what is wished for") || !strings.Contains(got, "What the change does") {
		t.Fatalf("preview = %d, want the lint\n%.900s", rec.Code, mainOf(got))
	}
	// Only CHG-01 serves the criterion: every other one is taken out first.
	only := w.folder.Of("CHG-01")[0].Control.Criteria[0]
	kept := w.folder.Versions[:0:0]
	for _, x := range w.folder.Versions {
		x.Control.Criteria = without2(x.Control.Criteria, only, x.Control.ID == "CHG-01")
		kept = append(kept, x)
	}
	w.folder.Versions = kept
	v.Set("base", w.formOf(lead, "/program/CHG-01/edit").Get("base"))
	got = w.request(lead, "POST", "/program/CHG-01/edit", v).Body.String()
	if !strings.Contains(got, "left bare") || !strings.Contains(got, only) {
		t.Errorf("the preview does not say that %s is left bare", only)
	}
	if list, err := w.Changes(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("a preview kept %d changes, %v", len(list), err)
	}
}

func without2(list []string, x string, keep bool) []string {
	out := []string{}
	for _, s := range list {
		if s != x || keep {
			out = append(out, s)
		}
	}
	return out
}

// TestTestEditor: the compiler's own words, the cases run, and a case that fails refuses the rule.
func TestTestEditor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, c := range []struct{ name, old, new, want string }{
		{"a field that is misspelt", "change.ci_status = 'passed' else", "change.ci_statu = 'passed' else", "did you mean"},
		{"a rule that lets a failure pass", "change.ticket <> '' else", "change.ticket <> 'x' else", "the case expects"},
		{"a case without a register", "people {\"person_id\":\"ann\"}", "peeple {\"person_id\":\"ann\"}", "there is no register peeple"},
		{"another control", "control CHG-01", "control CHG-02", "expected one of CHG-01"},
	} {
		v := w.formOf(lead, "/program/CHG-01/test")
		text := strings.Replace(v.Get("test"), c.old, c.new, 1)
		if text == v.Get("test") {
			t.Fatalf("%s: the library's test does not hold %q", c.name, c.old)
		}
		v.Set("test", text)
		v.Set("reason", "try")
		rec := w.request(lead, "POST", "/program/CHG-01/test", v)
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), c.want) {
			t.Errorf("%s = %d, want 422 with %q\n%.900s", c.name, rec.Code, c.want, mainOf(rec.Body.String()))
		}
	}
	v := w.formOf(lead, "/program/CHG-01/test")
	v.Set("test", strings.Replace(v.Get("test"), "no ticket is named", "nobody named a ticket", 1))
	v.Set("reason", "plainer")
	rec := w.request(lead, "POST", "/program/CHG-01/test", v)
	if rec.Code != http.StatusSeeOther {
		t.Fatalf("a sound rule = %d, want taken\n%.900s", rec.Code, mainOf(rec.Body.String()))
	}
	at := strings.TrimPrefix(rec.Header().Get("Location"), "/o/meridian")
	if !strings.Contains(w.page(second, at, 200), "cases were run") {
		t.Error("who approves does not see that the cases were run")
	}
	if rec := w.approve(second, at); rec.Code != 303 || len(w.folder.Of("CHG-01")) != 2 {
		t.Errorf("approve = %d, want a second version", rec.Code)
	}
}

// TestLifecycle: designed, in place, operating, retired; each said by one person and approved by another.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	w := setup(t)
	say := func(what, day string) int {
		v := w.formOf(lead, "/program/CHG-01/state")
		v.Set("what", what)
		v.Set("day", day)
		v.Set("reason", "seen")
		rec := w.request(lead, "POST", "/program/CHG-01/state", v)
		if rec.Code == 303 {
			at := strings.TrimPrefix(rec.Header().Get("Location"), "/o/meridian")
			if rec := w.approve(chief, at); rec.Code != 303 {
				t.Fatalf("approve = %d\n%.600s", rec.Code, mainOf(rec.Body.String()))
			}
		}
		return rec.Code
	}
	if got := say("implemented", "2027-01-01"); got != 422 {
		t.Errorf("in place in the future = %d, want refused", got)
	}
	if got := say("implemented", "2026-02-01"); got != 303 {
		t.Fatalf("in place = %d", got)
	}
	if got := w.page(lead, "/program/CHG-01", 200); !strings.Contains(got, "Operating") {
		t.Error("a control in place that records show acting is not operating")
	}
	if got := w.page(person("admin", access.Administrator), "/program/CHG-01", 200); strings.Contains(got, "Operating") {
		t.Error("a reader who may not see results learns that there are some")
	}
	v := w.formOf(lead, "/program/CHG-01/state")
	v.Set("what", "retired")
	v.Set("day", "2026-11-25")
	v.Set("reason", "seen")
	v.Set("act", "preview")
	if got := w.request(lead, "POST", "/program/CHG-01/state", v).Body.String(); !strings.Contains(got, "before today") {
		t.Error("retiring on a day that is over warns of nothing")
	}
	if got := say("retired", "2026-11-25"); got != 303 {
		t.Fatalf("retired = %d", got)
	}
	if got := w.page(lead, "/program/CHG-01", 200); !strings.Contains(got, "Retired") {
		t.Error("a control whose last day is over is not retired")
	}
}

func TestNewControl(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.formOf(lead, "/program/new?from=PHY-01")
	v.Set("reason", "we have an office now")
	rec := w.request(lead, "POST", "/program/new", v)
	if rec.Code != 303 {
		t.Fatalf("add = %d\n%.900s", rec.Code, mainOf(rec.Body.String()))
	}
	at := strings.TrimPrefix(rec.Header().Get("Location"), "/o/meridian")
	if got := w.page(second, at, 200); !strings.Contains(got, "CC6.4") {
		t.Error("the change does not say that CC6.4 is covered by it")
	}
	if rec := w.approve(second, at); rec.Code != 303 || len(w.folder.Of("PHY-01")) != 1 || w.folder.Of("PHY-01")[0].Test == "" {
		t.Errorf("approve = %d, want PHY-01 with the library's test", rec.Code)
	}
	for _, id := range []string{"CHG-01", "new", "../x", "chg-99", ""} {
		v.Set("id", id)
		if rec := w.request(lead, "POST", "/program/new", v); rec.Code != 422 {
			t.Errorf("a control %q = %d, want refused", id, rec.Code)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	w := setup(t)
	rec := w.get(lead, "/program/export")
	b := rec.Body.Bytes()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[strings.TrimPrefix(f.Name, "program/")], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	f, err := scope.ReadFolder(files)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := scope.Diff(w.folder, f); err != nil || len(d) != 0 {
		t.Errorf("the exported folder differs by %v, %v; want nothing", d, err)
	}
	if again := w.get(lead, "/program/export").Body.Bytes(); !bytes.Equal(b, again) {
		t.Error("the same program is exported as other bytes")
	}
}

// TestHostile: what people type is shown as text, wherever it stands.
func TestHostile(t *testing.T) {
	t.Parallel()
	w := setup(t, func(f *scope.Folder) {
		c := &f.Versions[0].Control
		c.ID, c.Title, c.Statement, c.Owner, c.Unit = "AST-01", hostile, hostile, hostile, hostile
		c.EvidenceTypes, c.Tags = []string{hostile}, []string{hostile}
		on := civil.NewDate(2026, 3, 1)
		f.System = scope.System{Name: hostile, Services: []assure.Part{{Name: hostile, Text: hostile}}, Locations: []assure.Part{{Name: hostile, Text: hostile}},
			Commitments: []assure.Commitment{{Text: hostile, Criteria: []string{hostile}}}, Components: assure.Components{Software: []assure.Part{{Name: hostile, Text: hostile}}},
			Flow:       assure.Flow{Nodes: []assure.Node{{ID: hostile, Name: hostile, System: hostile}, {ID: "b", Name: hostile}}, Edges: []assure.Edge{{From: hostile, To: "b", Data: hostile, How: hostile}}},
			Subservice: []assure.Subservice{{Name: hostile, Services: hostile, Method: "carve_out", CSOCs: []assure.CSOC{{Text: hostile, Criteria: []string{hostile}}}, Monitoring: []string{hostile}, Report: hostile, ReportEnd: &on}},
			CUECs:      []assure.CUEC{{ID: hostile, Text: hostile, Criteria: []string{"CC6.1"}}}, NotRelevant: map[string]string{"CC6.4": hostile},
			Texts: map[string]string{"dc1": hostile + "\n\n[x](javascript:alert(1)) ![p](http://evil.example/x.png)\n\n| a |\n|---|\n| " + hostile + " |\n", "dc3": "# " + hostile}}
		f.Program.Reasons = map[string]string{"availability": hostile}
	})
	v := w.formOf(lead, "/program/AST-01/edit")
	v.Set("reason", hostile)
	v.Set("title", hostile+" again")
	rec := w.request(lead, "POST", "/program/AST-01/edit", v)
	if rec.Code != 303 {
		t.Fatalf("hostile words = %d, want kept as words\n%.900s", rec.Code, mainOf(rec.Body.String()))
	}
	paths := append([]string{"/program/AST-01", "/program/AST-01/edit", strings.TrimPrefix(rec.Header().Get("Location"), "/o/meridian"), "/program?q=" + url.QueryEscape(hostile),
		"/advise?" + url.Values{"done": {"asked_by"}, "asked_by": {hostile}}.Encode()}, all...)
	for _, pt := range parts {
		paths = append(paths, "/scope/parts/"+pt.ID)
	}
	for _, g := range guides {
		paths = append(paths, "/description/"+g.ID, "/description/"+g.ID+"/edit")
	}
	for _, path := range paths {
		body := mainOf(w.get(lead, path).Body.String())
		for _, never := range []string{"<script>alert", `href="javascript:`, "<img", "evil.example/x.png\""} {
			if strings.Contains(body, never) {
				t.Errorf("%s holds %q", path, never)
			}
		}
	}
	rec = w.request(lead, "POST", "/description/preview", url.Values{"text": {hostile + "\n\n<b onclick=x>raw</b>"}})
	if rec.Code != 200 || strings.Contains(rec.Body.String(), "<script") || strings.Contains(rec.Body.String(), "<b on") {
		t.Errorf("preview = %d %.300s, want text", rec.Code, rec.Body)
	}
}
