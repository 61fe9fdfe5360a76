package work

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

func (o *office) fill() {
	o.facts.due = []operate.Instance{
		{Control: "IAM-04", Title: "Access is reviewed", Owner: "IT manager", Key: "2026-Q3", Due: o.day("2026-10-30"), Late: true, IfMissed: "1 of 4 -> 2 of 4", Escalation: "IT manager -> compliance lead after 1 business day"},
		{Control: "GOV-01", Title: "The board meets", Owner: "Board secretary", Key: "2026/Q4", Due: o.day("2026-12-01")},
	}
	o.facts.deviations = []operate.Deviation{
		{Control: "IAM-04", Test: "IAM-04", Item: "erp/2026-Q2", Title: "Access is reviewed", Reason: "<b>two rows</b> undecided", Since: o.desk.Now() - 3600e6},
		{Control: "GOV-01", Test: "GOV-01", Item: "2025", Title: "The board meets", Reason: "no minutes", Since: o.desk.Now() - 90*86400e6},
	}
	o.facts.questions = []operate.Question{{Letter: "A", Text: "Did the board meet?"}, {Letter: "B", Text: "Are there minutes?"}}
}

func TestHome(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.wants(o.get(access.Owner, "/"), 200, "Nothing needs you today", "No deviation was found since yesterday")
	o.fill()
	o.now = o.now.Add(5 * time.Second) // what was worked out is kept for moments
	w := o.get(access.Owner, "/")
	o.wants(w, 200, "1 task needs you today, 1 of them late", "IAM-04", "2026-Q3", "1 of 4 -&gt; 2 of 4", "/o/acme/work/IAM-04/2026-Q3", "&lt;b&gt;two rows&lt;/b&gt;", "2 deviations have no answer")
	if strings.Contains(w.Body.String(), "no minutes") || strings.Contains(w.Body.String(), "Nobody is named") {
		t.Error("the owner's page shows an old deviation as new, or what only the lead assigns")
	}
	o.wants(o.get(access.Lead, "/"), 200, "Nobody is named for these", "GOV-01")
	// Who sees no results sees their tasks alone; an executive sees no item.
	w = o.get(access.Contributor, "/")
	o.wants(w, 200, "Nothing needs you today")
	if strings.Contains(w.Body.String(), "deviation") {
		t.Error("a contributor's page speaks of deviations")
	}
	if w := o.get(access.Executive, "/"); strings.Contains(w.Body.String(), "erp/2026-Q2") || strings.Contains(w.Body.String(), "two rows") {
		t.Error("an executive's page shows an item")
	}
}

// TestPolicies asks every address as every role: what its policy refuses is refused, and nothing falls over.
func TestPolicies(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.fill()
	n := 0
	for _, rt := range o.mux.Routes() {
		target := strings.NewReplacer("{$}", "", "{control}", "IAM-04", "{key}", "2026-Q3", "{name}", "incidents", "{id}", "evidence_x").Replace(rt.Pattern)
		for _, role := range append(access.Roles(), "") {
			n++
			w := o.ask(role, rt.Method, target, strings.NewReader(""), "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json")
			v := access.Visitor{Person: "p", Strong: true}
			if role != "" {
				v.Roles = []access.Role{role}
			}
			refused := w.Code == http.StatusForbidden || !role.In(access.Service) && w.Code == http.StatusNotFound
			if err := access.Decide(rt.Policy, v); err != nil && !refused {
				t.Errorf("%s %s as %q: %d, want a refusal", rt.Method, target, role, w.Code)
			}
			if w.Code >= 500 {
				t.Errorf("%s %s as %q: %d %.300s", rt.Method, target, role, w.Code, w.Body)
			}
		}
	}
	t.Logf("%d cells", n)
}

func TestTasks(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.fill()
	o.wants(o.get(access.Owner, "/work"), 200, "IAM-04", "Late", "owner: IT manager")
	o.wants(o.get(access.Lead, "/work?view=all&q=board"), 200, "GOV-01", "nobody")
	o.wants(o.get(access.Contributor, "/work"), 200, "No task is here")
	o.wants(o.get(access.Contributor, "/work?view=all"), 403)
	o.wants(o.get(access.Owner, "/work?view=theirs"), 400)
	o.wants(o.get(access.Owner, "/work?page=0"), 400)
	// A contributor sees an instance once it is theirs.
	o.wants(o.get(access.Contributor, "/work/GOV-01/2026%2FQ4"), 404)
	o.wants(o.post(access.Owner, "/work/GOV-01/2026%2FQ4/assign", "assignee", "contributor@example.com"), 403)
	o.wants(o.post(access.Lead, "/work/GOV-01/2026%2FQ4/assign", "assignee", "stranger@example.com"), 422, "address of no member")
	o.moved(o.post(access.Lead, "/work/GOV-01/2026%2FQ4/assign", "assignee", "contributor@example.com", "version", "0"))
	o.wants(o.get(access.Contributor, "/work"), 200, "assigned by lead@example.com", "/o/acme/work/GOV-01/2026%2FQ4")
	o.wants(o.get(access.Contributor, "/work/GOV-01/2026%2FQ4"), 200, "Did the board meet?", "Give evidence")
	o.wants(o.post(access.Lead, "/work/GOV-01/2026%2FQ4/assign", "assignee", "owner@example.com", "version", "0"), 422, "is there already")
	o.wants(o.get(access.Owner, "/work/NONE-1/x"), 404)
}

func TestDelegations(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.fill()
	o.wants(o.get(access.Owner, "/work/delegations"), 200, "Nobody acts for anybody")
	o.wants(o.post(access.Owner, "/work/delegations", "to", "stranger@example.com"), 422, "no member")
	o.wants(o.post(access.Owner, "/work/delegations", "to", "contributor@example.com", "duty", "NONE-1"), 422, "no control")
	o.wants(o.post(access.Owner, "/work/delegations", "to", "contributor@example.com", "ends", "2020-01-01"), 422, "ends before it begins")
	o.moved(o.post(access.Owner, "/work/delegations", "to", "contributor@example.com", "duty", "IAM-04"))
	o.wants(o.get(access.Contributor, "/work"), 200, "delegated by owner@example.com")
	list, err := o.desk.Delegations(t.Context(), o.org)
	if err != nil || len(list) != 1 {
		t.Fatalf("Delegations = %v, %v, want one", list, err)
	}
	end := "/work/delegations/" + list[0].ID + "/end"
	o.wants(o.post(access.Contributor, end), 404) // to whom it was delegated does not end it
	o.moved(o.post(access.Owner, end))
	o.wants(o.get(access.Contributor, "/work"), 200, "No task is here")
	if w := o.get(access.Administrator, "/work/delegations"); strings.Contains(w.Body.String(), "owner@example.com") {
		t.Error("an administrator sees the delegations of others")
	}
}

func TestChecklist(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.fill()
	at := "/work/IAM-04/2026-Q3"
	o.wants(o.get(access.Owner, at), 200, "Access is reviewed each quarter.", "Did the board meet?", "No evidence was given", "compliance lead", "1 of 4 -&gt; 2 of 4", "Nobody has answered yet")
	x := o.give(access.Owner, "control", "IAM-04", "item", "2026-Q3", "title", "The list <i>", "back", at)
	o.wants(o.get(access.Owner, at), 200, "The list &lt;i&gt;", x)
	o.moved(o.post(access.Owner, at, "version", "0", "answer_A", "yes", "evidence_A", x, "answer_B", "yes", "evidence_B", "evidence_of_somebody", "performed_on", "2026-10-20"))
	h, err := o.desk.Books.History(t.Context(), o.org, "inspections", "IAM-04/2026-Q3")
	if err != nil || !strings.Contains(string(h[0].Body), `"a":"yes"`) || strings.Contains(string(h[0].Body), `"b":"yes"`) || !strings.Contains(string(h[0].Body), `"inspected_by":"owner@example.com"`) {
		t.Errorf("the record is %s, %v, want a yes to A, none to B", h[0].Body, err)
	}
	o.wants(o.get(access.Owner, at), 200, "A yes that names no evidence stays undecided", "Version 1", "/o/acme/proofs/")
	o.wants(o.post(access.Owner, at, "version", "0", "answer_A", "no"), 409, "<assay-stale", "Theirs, version 1", "Yours")
	o.wants(o.post(access.Owner, at, "version", "1", "performed_on", "2027-01-01"), 422, "lies ahead")
	o.wants(o.get(access.Owner, "/evidence/"+x), 200, "IAM-04/2026-Q3", "What rests on it")
	// Who sees results but no records does not answer for others.
	o.wants(o.post(access.Contributor, at, "version", "1"), 404)
}

// incidents are records as a source delivers them.
func (o *office) incidents(n int) {
	o.t.Helper()
	s := o.desk.Schemas.Schema("incidents")
	var drafts []record.Draft
	for i := range n {
		row, err := register.Convert(s, "", register.Input{Loose: true, Fields: []register.Member{
			{Name: "incident_id", Value: register.Value{Kind: register.String, Text: fmt.Sprintf("inc-%04d", i)}},
			{Name: "severity", Value: register.Value{Kind: register.String, Text: []string{"high", "low"}[i%2]}},
			{Name: "detected_at", Value: register.Value{Kind: register.String, Text: "2026-11-20T10:00:00Z"}},
			{Name: "title", Value: register.Value{Kind: register.String, Text: "=cmd()"}}}})
		if err != nil {
			o.t.Fatal(err)
		}
		drafts = append(drafts, record.Draft{Row: row, Source: "pager"})
	}
	if err := o.desk.Schemas.Ensure(o.t.Context(), o.org, s); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.store.Append(o.t.Context(), o.org, "", drafts); err != nil {
		o.t.Fatal(err)
	}
}

func TestRegisters(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.incidents(1000)
	o.wants(o.get(access.Owner, "/registers"), 200, "Incidents", "1,000", "1 of them hold", "people, by what they do here")
	w := o.get(access.Owner, "/registers/incidents?page=20&sort=incident_id")
	o.wants(w, 200, "1,000 records", "inc-0999", "Page 20 of 20", `aria-sort="ascending"`)
	if n := strings.Count(w.Body.String(), `<th scope="row">`); n != 50 {
		t.Errorf("the page has %d rows, want 50", n)
	}
	if w.Body.Len() > 300_000 {
		t.Errorf("the page holds %d bytes", w.Body.Len())
	}
	o.wants(o.get(access.Owner, "/registers/incidents?sort=incident_id&desc=1&field=severity&is=low&columns=title&columns=severity"), 200, "500 records", "inc-0999")
	o.wants(o.get(access.Owner, "/registers/incidents?q=nothing"), 200, "No record matches")
	o.wants(o.get(access.Owner, "/registers/holidays"), 200, "holds nothing yet")
	csv := o.get(access.Owner, "/registers/incidents/rows.csv?q=inc-0001&columns=incident_id,title")
	if got, want := csv.Body.String(), "incident_id,title\ninc-0001,'=cmd()\n"; got != want || csv.Header().Get("Content-Disposition") != `attachment; filename="incidents.csv"` {
		t.Errorf("csv = %q as %s, want %q", got, csv.Header().Get("Content-Disposition"), want)
	}
	for _, bad := range []string{"?sort=colour", "?columns=colour", "?field=colour&is=x", "?field=customers_affected&is=x", "?field=detected_at&is=x", "?page=x", "?q=%00"} {
		o.wants(o.get(access.Owner, "/registers/incidents"+bad), 400)
	}
	o.wants(o.get(access.Owner, "/registers/incidents?field=detected_at&is=2026-11-20"), 200, "1,000 records")
	o.wants(o.get(access.Owner, "/registers/nothing"), 404)
	o.wants(o.get(access.Owner, "/registers/incidents/record?key=nothing"), 404)
}

func TestRecords(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.wants(o.get(access.Contributor, "/registers/incidents/new"), 200, "Detected at", "Left empty, one is made", "America/New_York")
	o.wants(o.get(access.Lead, "/registers/people/new"), 200, "Not known", "Contractor")
	if at := o.moved(o.get(access.Lead, "/registers/evidence/new")); at != "/evidence/new" {
		t.Errorf("the form of evidence leads to %s, want the act", at)
	}
	o.wants(o.post(access.Lead, "/registers/evidence/new", "title", "forged"), 422, "are not typed")
	o.wants(o.post(access.Owner, "/registers/incidents/new", "detected_at", "yesterday", "customers_affected", "=1", "title", "kept"), 422, "is a formula", `value="kept"`, "aria-invalid")
	hostile := "<script>alert(1)</script> =cmd \u202e👩‍💻 " + strings.Repeat("x", 1_000_000)
	at := o.moved(o.post(access.Owner, "/registers/incidents/new", "title", hostile, "detected_at", "2026-11-25 14:30", "severity", "high", "entered_by", "boss@example.com"))
	w := o.get(access.Owner, at)
	o.wants(w, 200, "&lt;script&gt;alert(1)&lt;/script&gt; =cmd \u202e👩‍💻 xxx", "entered by owner@example.com", "/proofs/", "The text goes on")
	if strings.Contains(w.Body.String(), "<script>alert") || strings.Contains(w.Body.String(), "boss@") {
		t.Error("the page holds a script or a name that was not the visitor's")
	}
	o.wants(o.get(access.Owner, at+"&edit=1"), 200, html.EscapeString(hostile))
	key := strings.TrimPrefix(at, "/registers/incidents/record?key=")
	edit := func(role access.Role, version, title string) []string {
		return []string{"version", version, "incident_id", key, "title", title, "detected_at", "2026-11-25 14:30", "severity", "high"}
	}
	o.moved(o.post(access.Owner, at, edit(access.Owner, "1", "theirs")...))
	w = o.post(access.Lead, at, edit(access.Lead, "1", "mine")...)
	o.wants(w, 409, "<assay-stale", "theirs", "mine", "owner@example.com wrote version 2", `name="version" value="2"`)
	o.moved(o.post(access.Lead, at, edit(access.Lead, "2", "mine")...))
	o.wants(o.get(access.Owner, at), 200, "3 versions", "changed", "Make this the latest again")
	// A contributor writes and does not read: neither an edit nor a taken key shows them a record.
	o.wants(o.post(access.Contributor, at, edit(access.Contributor, "1", "x")...), 403)
	w = o.post(access.Contributor, "/registers/incidents/new", edit(access.Contributor, "0", "x")...)
	o.wants(w, 409, "is there already")
	if strings.Contains(w.Body.String(), "mine") || strings.Contains(w.Body.String(), "theirs") {
		t.Error("a contributor sees a record by taking its key")
	}
	o.moved(o.post(access.Owner, "/registers/incidents/restore?"+urlQuery("key", key, "version", "2", "drawn", "3")))
	if h, err := o.desk.Books.History(t.Context(), o.org, "incidents", key); err != nil || len(h) != 4 || !strings.Contains(string(h[3].Body), "theirs") {
		t.Errorf("after the undo: %d versions, %v, want 4 with the former body", len(h), err)
	}
	o.wants(o.post(access.Owner, "/registers/incidents/restore?"+urlQuery("key", key, "version", "2", "drawn", "3")), 409, "Two versions")
	o.wants(o.post(access.Contributor, "/registers/incidents/restore?"+urlQuery("key", key, "version", "2", "drawn", "4")), 403)
}

// TestWhoIsWho: who is who is the compliance lead's to say, nobody says it of themselves, and no button is offered that is refused.
func TestWhoIsWho(t *testing.T) {
	t.Parallel()
	o := setup(t)
	alias := []string{"alias", "login", "person_id", "p7"}
	for _, role := range []access.Role{access.Contributor, access.Owner} {
		for _, register := range []string{"people", "aliases"} {
			o.wants(o.get(role, "/registers/"+register+"/new"), 403)
		}
		o.wants(o.post(role, "/registers/aliases/new", alias...), 403)
		o.wants(o.post(role, "/registers/people/new", "person_id", "p7", "employment_id", "p7"), 403)
	}
	at := o.moved(o.post(access.Lead, "/registers/aliases/new", alias...))
	edit := []string{"version", "1", "alias", "login", "person_id", "p8"}
	o.moved(o.post(access.Lead, at, edit...))
	restore := "/registers/aliases/restore?" + urlQuery("key", "login", "version", "1", "drawn", "2")
	for _, role := range []access.Role{access.Contributor, access.Owner} {
		o.wants(o.post(role, at, "version", "2", "alias", "login", "person_id", "p9"), 403)
		o.wants(o.post(role, restore), 403)
	}
	o.wants(o.get(access.Owner, at+"&edit=1"), 403)
	lacks := func(role access.Role, target string, parts ...string) {
		t.Helper()
		w := o.get(role, target)
		o.wants(w, 200)
		for _, p := range parts {
			if strings.Contains(w.Body.String(), p) {
				t.Errorf("%s offers %s %q, which would be refused", target, role, p)
			}
		}
	}
	lacks(access.Owner, at, "edit=1", "Make this the latest again")
	lacks(access.Owner, "/registers/aliases", "/registers/aliases/new")
	o.wants(o.get(access.Lead, at), 200, "edit=1", "Make this the latest again")
	o.wants(o.get(access.Lead, "/registers/aliases"), 200, "/registers/aliases/new")
	o.wants(o.get(access.Owner, "/registers/incidents"), 200, "/registers/incidents/new")
	// What is or was the lead's own is written by another.
	o.wants(o.post(access.Lead, "/registers/aliases/new", "alias", "lead@example.com", "person_id", "p9"), 403)
	o.wants(o.post(access.Lead, at, "version", "2", "alias", "login", "person_id", "lead@example.com"), 403)
	s := o.desk.Schemas.Schema("people")
	if err := o.desk.Schemas.Ensure(t.Context(), o.org, s); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"lead@example.com", "moved@example.com"} {
		row, err := register.Convert(s, "", register.Input{Loose: true, Fields: []register.Member{
			{Name: "person_id", Value: register.Value{Kind: register.String, Text: "p-lead"}}, {Name: "email", Value: register.Value{Kind: register.String, Text: email}}}})
		if err == nil {
			_, err = o.store.Append(t.Context(), o.org, "", []record.Draft{{Row: row, Source: "hr"}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	own := "/registers/people/record?key=p-lead"
	lacks(access.Lead, own, "edit=1", "Make this the latest again")
	o.wants(o.get(access.Lead, own+"&edit=1"), 403)
	o.wants(o.post(access.Lead, own, "version", "2", "employment_id", "p-lead", "person_id", "p-lead", "email", "x@example.com"), 403)
	o.wants(o.post(access.Lead, "/registers/people/restore?"+urlQuery("key", "p-lead", "version", "1", "drawn", "2")), 403)
}

// TestCell: nothing that a spreadsheet may read as a formula leaves unmarked.
func TestCell(t *testing.T) {
	t.Parallel()
	text, number := register.Field{Type: register.Text}, register.Field{Type: register.Int}
	for v, want := range map[string]string{"": "", "a=b": "a=b", " a": " a", "x@y": "x@y", "\u00a0": "\u00a0",
		"=1": "'=1", "+1": "'+1", "-1": "'-1", "@f": "'@f", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx", " =1": "' =1", "  \t +1": "'  \t +1", "\u00a0-1": "'\u00a0-1", "\u3000@f": "'\u3000@f",
		"\u200b=1": "'\u200b=1", "\ufeff=1": "'\ufeff=1", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠f": "'＠f", " ＝1": "' ＝1"} {
		if got := cell(text, v); got != want {
			t.Errorf("cell(%q) = %q, want %q", v, got, want)
		}
	}
	if got := cell(number, "-1"); got != "-1" {
		t.Errorf("cell(a number) = %q, want it as it is", got)
	}
}

func TestDeviations(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.fill()
	o.wants(o.get(access.Owner, "/deviations"), 200, "erp/2026-Q2", "no minutes", "Without an answer")
	if w := o.get(access.Executive, "/deviations"); w.Code != 200 || strings.Contains(w.Body.String(), "erp/2026-Q2") {
		t.Errorf("an executive's list is %d or shows an item", w.Code)
	}
	at := "/deviations/IAM-04/item?key=erp%2F2026-Q2&test=IAM-04"
	o.wants(o.get(access.Owner, at), 200, "&lt;b&gt;two rows&lt;/b&gt;", "Answer it", "Human error")
	o.wants(o.get(access.Auditor, at), 200, "Management has not answered yet")
	o.wants(o.post(access.Auditor, at, "response", "x"), 403)
	o.wants(o.post(access.Owner, at, "response", "x"), 422, "an answer says it")
	full := []string{"version", "0", "position", "agreed", "cause", "human_error", "response", "=We <b>forgot</b>", "extent", "isolated", "extent_reason", "all reviews of the year"}
	o.wants(o.post(access.Owner, at, append(full, "compensating_control", "NONE-1")...), 422, "no control of this organization")
	if to := o.moved(o.post(access.Owner, at, append(full, "due_on", "2026-11-20")...)); to != at {
		t.Errorf("the answer leads to %s, want %s", to, at)
	}
	o.wants(o.get(access.Auditor, at), 200, "=We &lt;b&gt;forgot&lt;/b&gt;", "owner@example.com", "Isolated", "/proofs/")
	o.wants(o.post(access.Lead, at, full...), 409, "<assay-stale", "Yours")
	o.wants(o.get(access.Owner, "/deviations?view=overdue"), 200, "IAM-04", "past its day")
	o.wants(o.get(access.Owner, "/deviations?view=answered&control=GOV-01"), 200, "Nothing matches the filter")
	o.wants(o.get(access.Owner, "/deviations/IAM-04/item?key=none"), 404)
	o.wants(o.get(access.Owner, "/deviations?view=x"), 400)
}
