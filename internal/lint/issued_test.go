package lint_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/report"
)

var library = sync.OnceValues(catalog.Load)

var controls = []string{"CHG-01", "CHG-03", "IAM-02", "IAM-04", "IAM-06", "AVL-02", "VUL-03", "GOV-05"}

// issued builds a report that an auditor issued; change may plant something first.
func issued(t *testing.T, k report.Kind, change func(*report.Examination)) *report.Report {
	t.Helper()
	return examined(t, k, true, change)
}

// examined builds a report that an auditor examined, issued or not.
func examined(t *testing.T, k report.Kind, issue bool, change func(*report.Examination)) *report.Report {
	t.Helper()
	var res assure.Results
	read(t, "../report/testdata/results.json", &res)
	c, err := library()
	if err != nil {
		t.Fatal(err)
	}
	f := report.Facts{Organization: res.Organization, System: "Harborline Payments", When: report.Throughout(res.Period), Results: res,
		Categories: []string{"security", "availability"}, Reasons: map[string]string{"CC6.4": "The system runs in a subservice organization's data centres."},
		About:  management(),
		Signed: []report.Signature{{Name: "Dana Whitfield", Title: "Chief Executive Officer", On: civil.NewDate(2026, 8, 20), Covers: true}}}
	criteria := []string{"CC1.4", "CC5.2", "CC6.1", "CC6.2", "CC6.4", "CC7.1", "CC8.1", "A1.2"}
	two := strings.HasSuffix(string(k), "type2") || k == "soc3"
	if !two {
		f.When = report.AsOf{Date: res.Period.To, Zone: res.Period.Zone}
	}
	if k != "soc3" && !strings.HasPrefix(string(k), "soc2") {
		criteria, f.Categories = []string{"LA-1", "CM-1", "BR-1"}, nil
		f.About.CUECs[0].Criteria, f.About.Subservice[0].CSOCs[0].Criteria = []string{"LA-1"}, []string{"BR-1"}
	}
	for _, id := range criteria {
		cr, ok := c.Criterion(id)
		if !ok {
			t.Fatalf("criterion %s is missing", id)
		}
		f.Criteria = append(f.Criteria, cr)
	}
	for _, id := range controls {
		x, ok := c.Control(id)
		if !ok {
			t.Fatalf("control %s is missing", id)
		}
		f.Controls = append(f.Controls, x)
	}
	f.Examination = examination(two)
	if change != nil {
		change(f.Examination)
	}
	f.Examination.Issued = issue
	r, err := report.Build(k, f)
	if err != nil {
		t.Fatalf("Build(%s) = %v", k, err)
	}
	return r
}

func management() assure.System {
	on := civil.NewDate(2025, 7, 1)
	part := func(name, text string) []assure.Part { return []assure.Part{{Name: name, Text: text}} }
	return assure.System{
		Name: "Harborline Payments", Services: part("Payouts", "Collects card payments and pays merchants daily."),
		Commitments: []assure.Commitment{{Text: "Service is up for all but 43 minutes of each month.", Criteria: []string{"A1.2"}}},
		Components: assure.Components{Infrastructure: part("Cloud accounts", "Three accounts."), Software: part("Ledger service", "Books every movement once."),
			People: part("Platform team", "Eleven engineers."), Procedures: part("Release", "By the pipeline alone."), Data: part("Card tokens", "Restricted.")},
		Flow: assure.Flow{Nodes: []assure.Node{{ID: "m", Name: "Merchant", Does: []string{"created"}, Outside: true}, {ID: "db", Name: "Ledger database", Does: []string{"stored"}}},
			Edges: []assure.Edge{{From: "m", To: "db", Data: "orders", How: "TLS 1.2 or later"}}},
		NoIncidents: "No incident kept a commitment from being met.",
		CUECs:       []assure.CUEC{{ID: "U1", Text: "Merchants remove the access of their own leavers.", Criteria: []string{"CC6.2"}, Communicated: &on}},
		Subservice: []assure.Subservice{{Name: "Nimbus Hosting", Services: "Data centres and virtual machines", Method: "carve_out", Monitoring: []string{"VEN-02"},
			CSOCs: []assure.CSOC{{Text: "Entry to halls is limited to authorized people.", Criteria: []string{"CC6.4"}}}, Report: "SOC 2 Type 2"}},
		Changes: []assure.SystemChange{{On: civil.NewDate(2025, 10, 1), Text: "A second region went live."}},
		Texts: map[string]string{"d2": "Orders come in by the public API and are booked once.", "d4": "Chargebacks are taken from the card schemes' files each morning.",
			"d5": "Merchants get a statement each month.", "d9": "The board meets each quarter and hears of risks."},
	}
}

func examination(two bool) *report.Examination {
	by := report.Judged{By: "Ruth Alder", At: civil.Zone{}.Start(civil.NewDate(2026, 8, 27))}
	day := civil.NewDate(2026, 8, 28)
	e := &report.Examination{
		Firm:      report.Firm{Name: "Alder & Finch LLP", City: "Providence", Region: "Rhode Island", Licence: "RI CPA 4471"},
		Addressee: "the management of Harborline, Inc.", ReportDate: day, Represented: day,
		Signs:   []report.SignOff{{Part: report.EngagementPartner, Name: "Ruth Alder", On: day}, {Part: report.QualityReviewer, Name: "Piet Finch", On: day - 1}},
		Matters: []report.MatterConclusion{{ID: "The description", Element: report.TheDescription, Conclusion: report.Achieved, Judged: by}},
	}
	elements := []report.Element{report.TheDescription, report.Design}
	if two {
		elements = append(elements, report.Operation)
	}
	for _, el := range elements {
		e.Elements = append(e.Elements, report.ElementOpinion{Element: el, Opinion: report.Unqualified, Judged: by})
	}
	for _, id := range controls {
		c := report.ControlConclusion{Control: id, Design: report.Effective, Reason: "as the work papers say", Judged: by}
		if two {
			c.Operation = report.Effective
		} else {
			e.Tests = append(e.Tests, report.TestedControl{Control: id, Outcome: report.TestRun, Extent: report.Extent{Kind: report.Instance, Tested: 1, Population: 1},
				Procedures: []report.Procedure{{Kind: report.Inspection, Text: "Inspected one instance of " + id + "."}}})
		}
		e.Controls = append(e.Controls, c)
	}
	if two {
		e.Controls[1].Operation = report.NoneOccurred
		e.Tests = operation()
		e.Exceptions = []report.Exception{{ID: "E1", Control: "CHG-01", Text: "Twelve changes went to production without an approval by another person.", Cause: "human_error", Spread: "isolated",
			Nature: "The changes were reviewed afterwards.", Deviating: 12, Tested: 1173, Affects: []string{"CC8.1", "CM-1"}, Response: "The branch rule now refuses a merge without an approval.", ResponseBy: "Dana Whitfield"}}
	}
	return e
}

func operation() []report.TestedControl {
	did := func(what string) []report.Procedure {
		return []report.Procedure{{Kind: report.Inquiry, Text: "Asked the owner how " + what + " is done."}, {Kind: report.Inspection, Text: "Inspected the records of " + what + ", item by item."}}
	}
	whole := func(n int) report.Extent { return report.Extent{Kind: report.Whole, Tested: n, Population: n} }
	tests := []report.TestedControl{
		{Control: "CHG-01", Outcome: report.TestRun, Extent: whole(1204), Exempt: 31, Deviating: 12, Procedures: did("approval of changes")},
		{Control: "CHG-03", Outcome: report.DidNotOccur, Why: "The deploy tool shows no bypass in the period.", Procedures: did("review of emergencies")},
		{Control: "IAM-02", Outcome: report.TestRun, Extent: report.Extent{Kind: report.Sampled, Tested: 25, Population: 46, Method: "simple random selection"}, Procedures: did("removal of access")},
		{Control: "IAM-04", Outcome: report.TestRun, Extent: whole(48), Procedures: did("the review of access")},
		{Control: "IAM-06", Outcome: report.TestRun, Extent: report.Extent{Kind: report.Instance, Tested: 1, Population: 1, Reason: "the setting is automated"}, Procedures: did("sign-in")},
		{Control: "AVL-02", Outcome: report.TestRun, Extent: whole(2190), Procedures: did("backup")},
		{Control: "VUL-03", Outcome: report.TestRun, Extent: report.Extent{Kind: report.Sampled, Tested: 40, Population: 161, Method: "systematic selection from a random start"}, Procedures: did("repair of vulnerabilities")},
		{Control: "GOV-05", Outcome: report.TestRun, Extent: whole(131), Procedures: did("training")},
	}
	return slices.Clone(tests)
}
