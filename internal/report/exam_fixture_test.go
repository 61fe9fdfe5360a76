package report

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
)

// theCatalog is read once for all tests.
var theCatalog = sync.OnceValues(catalog.Load)

// examinedFacts are the example company's for a kind of report, examined by a firm and ready to be issued: one exception, nothing modified.
func examinedFacts(t *testing.T, k Kind) Facts {
	t.Helper()
	form, err := formOf(k)
	if err != nil {
		t.Fatal(err)
	}
	f := factsOf(t, k)
	f.Reasons["CC9.2"] = "The company takes no business risk of the kind."
	f.About.Texts["dc1"] = "Merchants with up to *ten* shops."
	f.About.NoIncidents = "No incident kept a commitment from being met."
	signed := date(t, "2026-08-20")
	f.Signed = []Signature{{Name: "Dana Whitfield", Title: "Chief Executive Officer", On: signed, Covers: true}}
	f.Examination = examination(t, form)
	return f
}

// factsOf are management's, of a kind.
func factsOf(t *testing.T, k Kind) Facts {
	t.Helper()
	form, err := formOf(k)
	if err != nil {
		t.Fatal(err)
	}
	f := facts(t)
	if form.Span == "as_of" {
		f = type1(t)
	}
	if form.Framework != "soc1" {
		return f
	}
	c, err := theCatalog()
	if err != nil {
		t.Fatal(err)
	}
	f.Criteria, f.Categories = nil, nil
	for _, id := range []string{"LA-1", "CM-1", "BR-1"} {
		cr, ok := c.Criterion(id)
		if !ok {
			t.Fatalf("objective %s is missing", id)
		}
		f.Criteria = append(f.Criteria, cr)
	}
	f.About.CUECs[0].Criteria = []string{"LA-1"}
	f.About.Subservice[0].CSOCs[0].Criteria = []string{"BR-1"}
	for id, text := range map[string]string{"d2": "Orders come in by the public API, are authorized by the issuing bank, booked once, and paid out daily. Errors are reversed by a second booking.",
		"d4": "Chargebacks are taken from the card schemes' files each morning.", "d5": "Merchants get a statement each month.", "d9": "The board meets each quarter and hears of risks."} {
		f.About.Texts[id] = text
	}
	return f
}

func examination(t *testing.T, form form) *Examination {
	t.Helper()
	e := &Examination{
		Firm:      Firm{Name: "Alder & Finch LLP", City: "Providence", Region: "Rhode Island", Licence: "RI CPA 4471"},
		Addressee: "the management of Harborline, Inc.", ReportDate: date(t, "2026-08-28"), Represented: date(t, "2026-08-28"),
		Signs: []SignOff{{EngagementPartner, "Ruth Alder", date(t, "2026-08-28")}, {QualityReviewer, "Piet Finch", date(t, "2026-08-27")}},
	}
	by := Judged{By: "Ruth Alder", At: civil.Zone{}.Start(civil.NewDate(2026, 8, 27))}
	for _, el := range form.scope(Facts{}).Elements() {
		if el != TheAssertion {
			e.Elements = append(e.Elements, ElementOpinion{Element: el, Opinion: Unqualified, Judged: by})
		}
	}
	if form.Family == "soc3" { // derived from the SOC 2 of the same work
		e.Elements = []ElementOpinion{{Element: TheDescription, Opinion: Unqualified, Judged: by}, {Element: Design, Opinion: Unqualified, Judged: by}, {Element: Operation, Opinion: Unqualified, Judged: by}}
	}
	e.Matters = []MatterConclusion{{ID: "The description", Element: TheDescription, Conclusion: Achieved, Judged: by}}
	for _, id := range []string{"CHG-01", "CHG-03", "IAM-02", "IAM-04", "IAM-06", "AVL-02", "VUL-03", "GOV-05"} {
		c := ControlConclusion{Control: id, Design: Effective, Reason: "as the work papers say", Judged: by}
		if form.typeTwo() {
			c.Operation = Effective
		}
		e.Controls = append(e.Controls, c)
	}
	if !form.typeTwo() {
		for _, c := range e.Controls {
			e.Tests = append(e.Tests, TestedControl{Control: c.Control, Outcome: TestRun, Extent: Extent{Kind: Instance, Tested: 1, Population: 1},
				Procedures: []Procedure{{Inspection, "Inspected one instance."}}})
		}
		return e
	}
	e.Controls[1].Operation = NoneOccurred
	e.Tests = auditorsTests()
	e.Exceptions = []Exception{{ID: "E1", Control: "CHG-01", Text: "Twelve changes went to production without an approval by another person before the deployment, between July 2025 and June 2026.",
		Cause: "human_error", Spread: "isolated", Nature: "The changes were reviewed afterwards and none was reverted.", Deviating: 12, Tested: 1173, Affects: []string{"CC8.1", "CM-1"},
		Compensating: &Compensating{Control: "GOV-05", Tested: true, InForce: true, FallsShort: "Training does not stop a deployment."},
		Response:     "The branch rule now refuses a merge without an approval.", Plan: "The rule will cover configuration by the end of the year.", ResponseBy: "Dana Whitfield"}}
	return e
}

func auditorsTests() []TestedControl {
	inspect := []Procedure{{Inquiry, "Asked the owner how the control is carried out."}, {Inspection, "Inspected the records of each item."}}
	return []TestedControl{
		{Control: "CHG-01", Outcome: TestRun, Extent: Extent{Kind: Whole, Tested: 1204, Population: 1204, Completely: "The count agrees with that of the deploy tool."}, Exempt: 31, Deviating: 12,
			Procedures: append(inspect, Procedure{Reperformance, "Reperformed the join of deployments, merges and approvals over the whole population."}),
			Attributes: []TestedAttribute{{"A", "approved by another person", 7}, {"B", "approved before the deployment", 5}}},
		{Control: "CHG-03", Outcome: DidNotOccur, Why: "The deploy tool counts no bypass in the period.", Procedures: inspect},
		{Control: "IAM-02", Outcome: TestRun, Extent: Extent{Kind: Sampled, Tested: 25, Population: 46, Method: "simple random selection, from a seed committed to before the population was frozen"}, Procedures: inspect},
		{Control: "IAM-04", Outcome: TestRun, Extent: Extent{Kind: Whole, Tested: 48, Population: 48}, Procedures: inspect},
		{Control: "IAM-06", Outcome: TestRun, Extent: Extent{Kind: Instance, Tested: 1, Population: 1, Reason: "the setting is automated, and its changes went through change management"}, Procedures: inspect},
		{Control: "AVL-02", Outcome: TestRun, Extent: Extent{Kind: Whole, Tested: 2190, Population: 2190}, Procedures: inspect},
		{Control: "VUL-03", Outcome: TestRun, Extent: Extent{Kind: Sampled, Tested: 40, Population: 161, Method: "systematic selection from a random start"}, Procedures: inspect},
		{Control: "GOV-05", Version: 1, From: civil.NewDate(2025, 7, 1), To: civil.NewDate(2025, 12, 31), Outcome: TestRun, Extent: Extent{Kind: Whole, Tested: 118, Population: 118}, Procedures: inspect},
		{Control: "GOV-05", Version: 2, From: civil.NewDate(2026, 1, 1), To: civil.NewDate(2026, 6, 30), Outcome: TestRun, Extent: Extent{Kind: Whole, Tested: 131, Population: 131}, Procedures: inspect},
	}
}

// audited are the kinds on which a service auditor reports.
func audited(t *testing.T) []Kind {
	t.Helper()
	k, err := theKit()
	if err != nil {
		t.Fatal(err)
	}
	var out []Kind
	for _, f := range k.forms {
		if f.Family != "" {
			out = append(out, f.ID)
		}
	}
	return out
}

// TestIssued: every kind is issued from facts, and says what its golden text says.
func TestIssued(t *testing.T) {
	t.Parallel()
	kinds := audited(t)
	if len(kinds) != 9 {
		t.Fatalf("%d kinds take an examination; want 9", len(kinds))
	}
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			f := examinedFacts(t, k)
			if draft := build(t, k, f); !draft.Draft {
				t.Errorf("Build(not issued).Draft = false, want a draft")
			} else if len(draft.Open) > 0 {
				t.Errorf("Build(%s).Open = %v", k, opens(draft))
			}
			f.Examination.Issued = true
			r := build(t, k, f)
			if err := r.Issuable(); r.Draft || err != nil {
				t.Errorf("Build(issued).Draft = %t, Issuable() = %v; want a report", r.Draft, err)
			}
			got := r.Title + "\n" + r.Subtitle + "\n" + r.When.Words() + "\n" + strings.Join(r.Auditor.Standards, "\n") + "\n" + text(r)
			golden(t, "kinds/"+string(k)+"/issued.txt", []byte(got))
			if k == "soc2-type2" || k == "soc1-type2" { // renderers draw these in their tests
				b, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, "testdata/issued-"+string(k)+".json", append(b, '\n'))
			}
		})
	}
}

// TestExaminationIsARecord: what was concluded is kept as JSON and comes back as it was, and so does the report made of it.
func TestExaminationIsARecord(t *testing.T) {
	t.Parallel()
	f := examinedFacts(t, "soc2-type2")
	f.Examination.Issued, f.Examination.Wording = true, Wording{"tests": "See section IV."}
	f.Examination.Tests[0].Reservations = []Reservation{{"early", "and why it holds"}}
	b, err := json.Marshal(f.Examination)
	if err != nil {
		t.Fatal(err)
	}
	var e Examination
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*f.Examination, e); diff != "" {
		t.Errorf("the examination came back otherwise (-want +got):\n%s", diff)
	}
	r := build(t, "soc2-type2", f)
	kept, err := Keep(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ReadKept(kept)
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Report.Issuable(); err != nil || back.Report.Draft || back.Report.Auditor.Firm.Name != "Alder & Finch LLP" {
		t.Errorf("the report came back as %+v, %v", back.Report.Auditor, err)
	}
}

func opens(r *Report) []string {
	var out []string
	for _, p := range r.Open {
		out = append(out, p.Rule+": "+p.Text.String())
	}
	return out
}
