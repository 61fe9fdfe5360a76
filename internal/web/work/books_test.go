package work

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// pull appends records as a source delivers them.
func (o *office) pull(name string, lines ...string) {
	o.t.Helper()
	schema := o.desk.Schemas.Schema(name)
	if err := o.desk.Schemas.Ensure(o.t.Context(), o.org, schema); err != nil {
		o.t.Fatal(err)
	}
	var drafts []record.Draft
	for _, l := range lines {
		v, err := register.ParseJSON("", 1, []byte(l))
		if err != nil {
			o.t.Fatal(err)
		}
		row, err := register.Convert(schema, "", register.Input{Line: 1, Fields: v.Members})
		if err != nil {
			o.t.Fatal(err)
		}
		drafts = append(drafts, record.Draft{Row: row, Source: "lms"})
	}
	if _, err := o.store.Append(o.t.Context(), o.org, "", drafts); err != nil {
		o.t.Fatal(err)
	}
}

const hostile = "<script>alert(1)</script>\"'`\u202e\u2066=cmd|' /C calc'!A0 {{7*7}} 😀"

// shelve fills the books, hostile texts among them, and names their pages.
func (o *office) shelve() []string {
	o.t.Helper()
	x := strings.ReplaceAll(strings.ReplaceAll(hostile, `\`, `\\`), `"`, `\"`)
	o.pages.o.Period = func(context.Context) (civil.Period, bool, error) {
		return civil.Period{From: o.day("2026-07-01"), To: o.day("2026-12-31"), Zone: o.zone}, true, nil
	}
	o.facts.controls = append(o.facts.controls, assure.Control{ID: "VEN-02", Title: "Vendors are reviewed"}, assure.Control{ID: "GOV-05", Title: "People are trained"})
	o.pages.o.Vendors = func(context.Context) ([]assure.Subservice, error) {
		return []assure.Subservice{{Name: "Cloud", Method: "carve_out", CSOCs: []assure.CSOC{{Text: "Guards the halls." + hostile, Criteria: []string{"CC6.4"}}}, Monitoring: []string{"VEN-02"}}}, nil
	}
	o.pull("courses", `{"course":"security","title":"Security awareness","audience":"all"}`)
	o.pull("people", `{"person_id":"p1","email":"ann@example.com","started_on":"2026-11-01"}`, `{"person_id":"p2","email":"bob@example.com","started_on":"2025-10-10"}`, `{"person_id":"p3","email":"cyd@example.com","started_on":"2026-11-20"}`)
	o.pull("trainings", `{"completion_id":"t1","person_id":"p3","course":"security","completed_on":"2026-11-21","version":"2"}`)
	o.pull("risks", fmt.Sprintf(`{"risk_id":"r1","title":"%s","category":"fraud","owner":"owner@example.com","likelihood":4,"impact":5,"above_appetite":true,"treatment":"mitigate","treatment_due_on":"2026-11-01","assessed_on":"2026-02-01"}`, x),
		`{"risk_id":"r2","title":"A supplier fails","likelihood":2,"impact":3,"assessed_on":"2025-10-01"}`, `{"risk_id":"r3"}`)
	o.pull("risk_controls", `{"risk_id":"r1","control":"IAM-04","linked_on":"2026-01-01"}`, `{"risk_id":"r2","control":"GOV-01","linked_on":"2026-01-01","ended_on":"2026-02-01"}`)
	o.pull("exercises", fmt.Sprintf(`{"exercise_id":"e1","title":"Ransom","kind":"tabletop","held_on":"2026-10-01","roles_present":true,"findings":2,"scenario":"%s","participants":"Ann, lead\nBob"}`, x), `{"exercise_id":"e2","kind":"failover","held_on":"2026-11-20","findings":0}`)
	o.pull("meetings", `{"meeting_id":"m1","kind":"board","held_on":"2026-11-10","quorum":true,"decisions":"The budget stands."}`, `{"meeting_id":"m2","kind":"board","held_on":"2026-12-10"}`)
	o.pull("actions", `{"action_id":"a1","origin":"e1","title":"Buy radios","finding":"Nobody heard","owner":"bob@example.com","due_on":"2026-11-20"}`, `{"action_id":"a2","origin":"m1","title":"Write to the bank","due_on":"2026-12-20"}`, `{"action_id":"a3","origin":"i9","due_on":"2026-01-20","closed_on":"2026-01-19"}`)
	o.pull("vendors", fmt.Sprintf(`{"vendor_id":"v1","name":"Cloud","criticality":"critical","subservice":"carve_out","report_kind":"soc2-type2","report_period_end":"2026-09-30","opinion":"unqualified","last_review_on":"2025-11-01","risk_rating":"%s"}`, x),
		`{"vendor_id":"v2","name":"Payroll","subservice":"inclusive","report_period_end":"2026-03-31"}`, `{"vendor_id":"v3","name":"Gone","subservice":"carve_out","ended_on":"2026-01-01"}`)
	return []string{"/trainings", "/trainings?view=open", "/trainings/security", "/trainings/security?view=all", "/risks", "/risks?likelihood=4&impact=5", "/risks/r1", "/risks/r3", "/risks/r3?add=risk_reviews", "/exercises", "/exercises/e1", "/exercises/e1?add=actions", "/meetings", "/meetings/m1", "/vendors", "/vendors/v1", "/vendors/v1?add=vendor_reports", "/vendors/v2", "/actions", "/actions/a1"}
}

func TestBooks(t *testing.T) {
	t.Parallel()
	o := setup(t)
	for _, b := range books {
		w := o.get(access.Lead, b.path)
		o.wants(w, 200, "on record.")
	}
	pages := o.shelve()
	want := map[string][]string{
		"/trainings":                   {"Security awareness", "1 of 3", "1 person late", "1 due within 30 days"},
		"/trainings/security":          {"ann@example.com", "5 days left", "bob@example.com", "17 days late", "To do", `value="p2"`},
		"/risks":                       {"4 × 5", "above appetite", "25 days late", "56 days late", "with likelihood 4 and impact 5", "1 risk has no rating.", "no day is on record", "&lt;script&gt;"},
		"/risks/r1":                    {"Link a control", "/controls/IAM-04", "mitigate", "Enter a review", "Nobody has looked at it again yet.", "&lt;script&gt;"},
		"/exercises":                   {"A tabletop in this half-year", "46 days late", "1 late", "1 of 1 open", "nothing is owed"},
		"/exercises/e1":                {"Scenario", "Ann, lead", "Nobody heard", "6 days late", "Add a finding with its action", "&lt;script&gt;"},
		"/meetings":                    {"The board or its risk committee in this quarter", "in time", "not held yet", "9 days late"},
		"/meetings/m1":                 {"The budget stands.", "Write to the bank", "24 days left"},
		"/vendors":                     {"Cloud", "SOC 2 Type 2, unqualified", "92 days to bridge", "ends before it begins", "25 days late", "carved out"},
		"/vendors/v1":                  {"Guards the halls.", "CC6.4", "/controls/VEN-02", "No letter bridges", "&lt;script&gt;"},
		"/vendors/v2":                  {"names no subservice organization of this name"},
		"/actions":                     {"Buy radios", "bob@example.com", "24 days left"},
		"/risks/r3?add=risk_reviews":   {"<details class=\"give\" open", `name="risk_reviews-reviewed_on"`, "Lea (lead@example.com)"},
		"/actions/a1":                  {"Nobody heard", "Came out of"},
		"/trainings?view=open":         {"Security awareness"},
		"/risks/r3":                    {"No control answers this risk."},
		"/trainings/security?view=all": {"cyd@example.com", "version 2", "in time"},
	}
	for _, page := range pages {
		w := o.get(access.Lead, page)
		o.wants(w, 200, want[page]...)
		if strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("GET %s lets a script through", page)
		}
		for role, status := range map[access.Role]int{access.Owner: 200, access.Auditor: 200, access.Adviser: 200, access.Contributor: 403, access.Executive: 403, access.Administrator: 403, access.Customer: 403} {
			if w := o.get(role, page); w.Code != status {
				t.Errorf("GET %s as %s = %d, want %d", page, role, w.Code, status)
			}
		}
		if w := o.get(access.Auditor, page); strings.Contains(strings.SplitN(w.Body.String(), "<main", 2)[1], `method="post"`) {
			t.Errorf("GET %s shows an auditor a form", page)
		}
	}
	if w := o.get(access.Lead, "/risks?likelihood=4&impact=5"); strings.Contains(w.Body.String(), "A supplier fails") {
		t.Error("a cell of the matrix shows risks of another")
	}
	if w := o.get(access.Lead, "/vendors"); strings.Contains(w.Body.String(), "Gone") {
		t.Error("the vendors in use name one that is not")
	}
	for page, status := range map[string]int{"/risks?view=theirs": 400, "/risks?page=0": 400, "/risks/none": 404, "/trainings/none": 404, "/trainings/security?view=theirs": 400} {
		if w := o.get(access.Lead, page); w.Code != status {
			t.Errorf("GET %s = %d, want %d", page, w.Code, status)
		}
	}
}

func (o *office) latest(register, key string) operate.Fact {
	o.t.Helper()
	h, err := o.desk.Books.History(o.t.Context(), o.org, register, key)
	if err != nil {
		o.t.Fatal(err)
	}
	f, err := operate.NewFact(h[len(h)-1])
	if err != nil {
		o.t.Fatal(err)
	}
	return f
}

func TestRiskIsReviewedAndLinked(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.shelve()
	// A review without what it needs says what is missing, beside the field, and nothing is written.
	w := o.post(access.Owner, "/risks/r1/risk_reviews", "risk_reviews-conclusion", "less likely now", "risk_reviews-likelihood", "many")
	o.wants(w, 422, "missing", "less likely now", `id="f-risk_reviews-reviewed_on-error"`, "<details class=\"give\" open")
	review := []string{"risk_reviews-reviewed_on", "2026-11-25", "risk_reviews-reviewer", "owner@example.com", "risk_reviews-likelihood", "2", "risk_reviews-impact", "5", "risk_reviews-conclusion", "less likely now", "risk_reviews-next_review_on", "2027-03-01"}
	if at := o.moved(o.post(access.Owner, "/risks/r1/risk_reviews", review...)); at != "/risks/r1#risk_reviews" {
		t.Errorf("the review led to %s", at)
	}
	f := o.latest("risks", "r1")
	if n, _ := f.Whole("likelihood"); n != 2 || f.Text("assessed_on") != "2026-11-25" || f.Text("next_review_on") != "2027-03-01" || f.Text("treatment_due_on") != "2026-11-01" || f.Text(operate.EnteredBy) != "owner@example.com" {
		t.Errorf("the risk after its review = %s, want the new rating and the rest as it was", f.Body)
	}
	for name, at := range map[string]struct {
		field, value, says string
	}{"ahead": {"reviewed_on", "2026-11-27", "the day lies ahead"}, "off the scale": {"likelihood", "11", "expected a whole number from 1 to 10"}, "none": {"impact", "0", "expected a whole number"}, "backwards": {"next_review_on", "2026-11-24", "it ends before it begins"}} {
		bad := slices.Clone(review)
		bad[slices.Index(bad, "risk_reviews-"+at.field)+1] = at.value
		o.wants(o.post(access.Owner, "/risks/r1/risk_reviews", bad...), 422, at.says, `id="f-risk_reviews-`+at.field+`-error"`)
		if f := o.latest("risks", "r1"); f.Version != 2 {
			t.Errorf("a review that is refused (%s) wrote version %d of the risk", name, f.Version)
		}
	}
	// A review of an earlier day is kept and does not turn the rating back.
	review[1], review[5] = "2026-01-25", "5"
	o.moved(o.post(access.Owner, "/risks/r1/risk_reviews", review...))
	if f := o.latest("risks", "r1"); f.Version != 2 {
		t.Errorf("an earlier review wrote version %d of the risk", f.Version)
	}
	o.wants(o.get(access.Owner, "/risks/r1"), 200, "2 × 5", "95 days left", "25 January 2026", "2 versions")

	o.wants(o.post(access.Owner, "/risks/r1/risk_controls", "risk_controls-control", "IAM-04"), 409, "is there already")
	o.moved(o.post(access.Owner, "/risks/r2/risk_controls", "risk_controls-control", "GOV-01", "risk_controls-note", "watches"))
	key := o.latest("risk_controls", url.PathEscape("r2")+"/GOV-01")
	if key.Version != 2 || key.Text("linked_on") != "2026-11-26" || key.Text("ended_on") != "" {
		t.Errorf("the link that had ended = %s, want it to stand again from today", key.Body)
	}
	for name, pairs := range map[string][]string{"ahead": {"row", key.Key, "version", "2", "on", "2026-11-27"}, "stale": {"row", key.Key, "version", "1", "on", "2026-11-26"}, "no day": {"row", key.Key, "version", "2", "on", "now"}} {
		o.moved(o.post(access.Owner, "/risks/r2/risk_controls/done", pairs...))
		if f := o.latest("risk_controls", key.Key); f.Version != 2 {
			t.Errorf("done(%s) wrote version %d", name, f.Version)
		}
	}
	o.wants(o.post(access.Owner, "/risks/r1/risk_controls/done", "row", key.Key, "version", "2", "on", "2026-11-26"), 404)
	o.wants(o.post(access.Owner, "/risks/r1/risk_reviews/done", "row", "x", "version", "1", "on", "2026-11-26"), 404)
	o.moved(o.post(access.Owner, "/risks/r2/risk_controls/done", "row", key.Key, "version", "2", "on", "2026-11-26"))
	o.wants(o.get(access.Owner, "/risks?view=bare"), 200, "A supplier fails")
	for _, role := range []access.Role{access.Contributor, access.Auditor, access.Executive} {
		o.wants(o.post(role, "/risks/r1/risk_reviews", review...), 403)
		o.wants(o.post(role, "/risks/r2/risk_controls/done", "row", key.Key, "version", "3", "on", "2026-11-26"), 403)
	}
	o.wants(o.post(access.Owner, "/risks/r1/vendor_reports", "vendor_reports-kind", "soc3"), 404)
}

func TestExerciseFindings(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.shelve()
	o.wants(o.post(access.Owner, "/exercises/e1/actions", "actions-title", "Drill again"), 422, "missing")
	add := func() {
		o.moved(o.post(access.Owner, "/exercises/e1/actions", "actions-title", "Drill again", "actions-finding", "Too slow", "actions-owner", "owner@example.com", "actions-due_on", "2026-12-01", "actions-origin", "elsewhere"))
	}
	add() // the second of the two findings that were counted: all have their tickets
	f := o.latest("exercises", "e1")
	if n, _ := f.Whole("findings"); n != 2 || f.Text("findings_ticketed_on") != "2026-11-26" || f.Text("scenario") != hostile {
		t.Errorf("the exercise = %s, want two findings ticketed today", f.Body)
	}
	add()
	if n, _ := o.latest("exercises", "e1").Whole("findings"); n != 3 {
		t.Errorf("%d findings, want the third counted", n)
	}
	list, err := o.desk.Facts(t.Context(), o.org, "actions")
	n := 0
	for _, x := range list {
		if x.Text("title") == "Drill again" && x.Text("origin") == "e1" && x.Text("raised_on") == "2026-11-26" {
			n++
		}
	}
	if err != nil || n != 2 {
		t.Errorf("%d actions of the exercise in %d, %v, want two", n, len(list), err)
	}
	o.moved(o.post(access.Owner, "/exercises/e1/actions/done", "row", "a1", "version", "1", "on", "2026-11-26"))
	o.wants(o.get(access.Owner, "/actions/a1"), 200, "too late")
}

// TestFindingsOfSeveral: people who enter findings at the same moment are all counted.
func TestFindingsOfSeveral(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.shelve()
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			if w := o.post(access.Owner, "/exercises/e1/actions", "actions-title", fmt.Sprint("Do ", i), "actions-finding", "Slow", "actions-owner", "owner@example.com", "actions-due_on", "2026-12-01"); w.Code != 303 {
				t.Errorf("%d: %.300s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	if n, _ := o.latest("exercises", "e1").Whole("findings"); n != 4 {
		t.Errorf("%d findings are counted, want four: one that was there and three", n)
	}
}

// TestVendorsWithoutControls: what is carved out needs controls that are stated of it, and one of ours that monitors it.
func TestVendorsWithoutControls(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.shelve()
	for _, c := range []struct {
		name string
		list []assure.Subservice
		says string
	}{
		{"not named", nil, "the description does not name it"},
		{"no control stated", []assure.Subservice{{Name: "cloud", Monitoring: []string{"VEN-02"}}}, "no complementary subservice organization control is stated"},
		{"nobody watches", []assure.Subservice{{Name: "Cloud", CSOCs: []assure.CSOC{{Text: "Guards"}}}}, "no control of ours monitors it"},
	} {
		o.pages.o.Vendors = func(context.Context) ([]assure.Subservice, error) { return c.list, nil }
		o.wants(o.get(access.Owner, "/vendors?view=gap"), 200, c.says, "Cloud")
		o.wants(o.get(access.Owner, "/vendors/v1"), 200, c.says)
	}
}

func TestVendorReportsAndLetters(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.shelve()
	x := o.give(access.Owner, "control", "VEN-02", "item", "v1", "title", "The letter", "description", "d")
	o.wants(o.post(access.Owner, "/vendors/v1/bridge_letters", "bridge_letters-covers_from", "2026-10-01", "bridge_letters-covers_to", "2026-09-30", "bridge_letters-signed_on", "2026-11-20"), 422, "it ends before it begins")
	o.wants(o.post(access.Owner, "/vendors/v1/vendor_reports", "vendor_reports-kind", "soc3", "vendor_reports-period_from", "2026-10-01", "vendor_reports-period_to", "2026-09-30"), 422, "it ends before it begins")
	letter := []string{"bridge_letters-covers_from", "2026-10-01", "bridge_letters-covers_to", "2026-12-31", "bridge_letters-signed_on", "2026-11-20", "bridge_letters-signed_by", "CFO", "bridge_letters-evidence", x}
	o.wants(o.post(access.Owner, "/vendors/v2/bridge_letters", letter...), 422, "is no evidence that was given of this record")
	o.moved(o.post(access.Owner, "/vendors/v1/bridge_letters", letter...))
	o.wants(o.get(access.Owner, "/vendors/v1"), 200, "to its end, bridged by letters", "/evidence/"+x)
	o.moved(o.post(access.Owner, "/vendors/v1/vendor_reports", "vendor_reports-kind", "soc2-type2", "vendor_reports-period_from", "2025-04-01", "vendor_reports-period_to", "2026-03-31", "vendor_reports-opinion", "qualified"))
	if f := o.latest("vendors", "v1"); f.Version != 1 {
		t.Errorf("an earlier report wrote version %d of the vendor", f.Version)
	}
	o.wants(o.post(access.Owner, "/vendors/v1/vendor_reports", "vendor_reports-kind", "soc9", "vendor_reports-period_to", "2026-12-31"), 422)
	o.moved(o.post(access.Owner, "/vendors/v1/vendor_reports", "vendor_reports-kind", "soc2-type2", "vendor_reports-period_to", "2026-12-31", "vendor_reports-opinion", "qualified"))
	o.moved(o.post(access.Owner, "/vendors/v1/vendor_reviews", "vendor_reviews-reviewed_on", "2026-11-26", "vendor_reviews-reviewer", "owner@example.com", "vendor_reviews-exceptions", "1"))
	f := o.latest("vendors", "v1")
	if f.Text("report_period_end") != "2026-12-31" || f.Text("opinion") != "qualified" || f.Text("last_review_on") != "2026-11-26" || f.Text("name") != "Cloud" {
		t.Errorf("the vendor = %s, want its latest report and review", f.Body)
	}
	o.wants(o.get(access.Owner, "/vendors?view=used"), 200, "to its end", "365 days left")
}

func TestTrainingsOfSeveral(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.shelve()
	at := "/trainings/security/trainings"
	o.wants(o.post(access.Owner, at, "completed_on", "2026-11-25"), 422, "nobody is chosen")
	o.wants(o.post(access.Owner, at, "completed_on", "2026-11-27", "person_id", "p1"), 422, "lies ahead", `value="p1" checked`)
	o.wants(o.post(access.Owner, at, "completed_on", "2026-11-25", "person_id", "p1", "evidence", "none"), 422, "no evidence that was given of this course")
	o.wants(o.post(access.Contributor, at, "completed_on", "2026-11-25", "person_id", "p1"), 403)
	o.wants(o.post(access.Owner, "/trainings/none/trainings", "completed_on", "2026-11-25", "person_id", "p1"), 404)
	x := o.give(access.Owner, "control", "GOV-05", "item", "security", "title", "Attendance", "description", "d")
	if to := o.moved(o.post(access.Owner, at, "completed_on", "2026-11-25", "version", "3", "person_id", "p1", "person_id", "p2", "evidence", x)); to != "/trainings/security" {
		t.Errorf("the completions led to %s", to)
	}
	o.wants(o.get(access.Owner, "/trainings/security"), 200, "Everybody in service has completed it in time.")
	o.wants(o.get(access.Owner, "/trainings"), 200, "3 of 3", "nobody")
	list, err := o.desk.Facts(t.Context(), o.org, trainings)
	if err != nil || len(list) != 3 {
		t.Fatalf("trainings = %d, %v, want three", len(list), err)
	}
	n := 0
	for _, f := range list {
		if f.Text("evidence") == x && f.Text("version") == "3" && f.Text(operate.EnteredBy) == "owner@example.com" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d completions name the evidence and who entered them, want two", n)
	}
}

// TestBooksAreWhereRecordsLead: whoever enters a record in its register comes to the page that works on it.
func TestBooksAreWhereRecordsLead(t *testing.T) {
	t.Parallel()
	o := setup(t)
	at := o.moved(o.post(access.Owner, "/registers/meetings/new", "kind", "board", "held_on", "2026-11-20", "title", "November", "attendees", "Ann\nBob"))
	if !strings.HasPrefix(at, "/meetings/") {
		t.Fatalf("a new meeting led to %s, want its page", at)
	}
	o.wants(o.get(access.Owner, at), 200, "November", "Ann\nBob")
}
