package gauge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
)

// ruleCase is facts of which a rule must speak, or must not.
type ruleCase struct {
	name     string
	change   func(*Facts)
	severity string // of the worst gap of the rule; empty: it must be silent
	says     string
}

// deviate makes so many items of the control's test deviate.
func deviate(f *Facts, n int) {
	f.Results[0].Deviating, f.Results[0].Passed = n, 100-n
	for i := range n {
		f.Deviations = append(f.Deviations, Deviation{Control: "IAM-01", Key: fmt.Sprintf("grant-%d", i), Member: day("2026-08-03"), Ended: on("2026-08-04")})
	}
}

// annual makes the control a yearly one that last acted on a day.
func annual(f *Facts, last string) {
	f.Controls[0].Frequency = assure.Annual
	f.Controls[0].LastOperated = nil
	if last != "" {
		f.Controls[0].LastOperated = on(last)
	}
}

func reviewsOf(f *Facts, dues ...string) {
	f.Controls[0].Frequency = assure.Quarterly
	f.Instances = nil
	for _, d := range dues {
		f.Instances = append(f.Instances, Instance{Control: "IAM-01", Key: "crm/" + d, Due: day(d), Done: on(d)})
	}
}

func vendor() Subservice {
	return Subservice{
		Name: "Cloud", Criteria: []string{"CC6.2"}, CSOCs: []CSOC{{ID: "CSOC-1", Criteria: []string{"CC6.2"}}}, Monitoring: []string{"IAM-01"},
		ReportEnd: on("2026-09-30"), Modified: No,
	}
}

var ruleCases = map[string][]ruleCase{
	"G01": {
		{"no control serves it", func(f *Facts) { f.Controls[0].Criteria = nil }, "red", "CC6.2 has no primary control"},
		{"only a supporting one", func(f *Facts) { f.Controls[0].Criteria, f.Controls[0].Supporting = nil, []string{"CC6.2"} }, "red", "only supporting controls (IAM-01)"},
		{"retired in the period", func(f *Facts) { f.Controls[0].Spans = []Span{span("2020-01-01", "2026-09-30")} }, "red", "2026-10-01 to 2026-12-31"},
		{"started in the period", func(f *Facts) { f.Controls[0].Spans = []Span{span("2026-08-01", "2200-01-01")} }, "red", "2026-07-01 to 2026-07-31"},
		{"nothing in scope", func(f *Facts) { f.Criteria = nil }, "red", "nothing is in scope"},
		{"two versions without a hole", func(f *Facts) {
			f.Controls[0].Spans = []Span{span("2020-01-01", "2026-09-30"), span("2026-10-01", "2200-01-01")}
		}, "", ""},
		{"not relevant, with a reason", func(f *Facts) {
			f.Controls[0].Criteria, f.NotRelevant = nil, map[string]string{"CC6.2": "nobody signs in"}
		}, "", ""},
		{"met by a watched vendor", func(f *Facts) { f.Controls[0].Criteria, f.Subservice = nil, []Subservice{vendor()} }, "", ""},
	},
	"G02": {
		{"no owner", func(f *Facts) { f.Controls[0].Owner, f.Controls[0].Owners = "", nil }, "red", "an owner"},
		{"no evidence, no escalation", func(f *Facts) { f.Controls[0].EvidenceTypes, f.Controls[0].Escalation = nil, " " }, "red", "types of evidence, an escalation path"},
		{"a draft", func(f *Facts) { f.Controls[0].Draft = true }, "red", "did not approve"},
		{"mapped to nothing", func(f *Facts) { f.Controls[0].Criteria = []string{"CC9.9"} }, "amber", "serves no criterion in scope"},
		{"a person for the role", func(f *Facts) { f.Controls[0].Owner = "" }, "", ""},
	},
	"G03": {
		{"never implemented", func(f *Facts) { f.Controls[0].Implemented = nil }, "red", "no date of implementation"},
		{"acted, but on no dated fact", func(f *Facts) { f.Controls[0].Implemented, f.Controls[0].FirstOperated = nil, on("2026-03-01") }, "red", "first acted on 2026-03-01"},
		{"in the period", func(f *Facts) { f.Controls[0].Implemented = on("2026-07-02") }, "red", "must be in place by 2026-07-01"},
		{"after the date of a Type 1", func(f *Facts) { *f = asType1(*f, "2026-11-30"); f.Controls[0].Implemented = on("2026-12-01") }, "red", "by 2026-11-30"},
		{"on the first day", func(f *Facts) { f.Controls[0].Implemented = on("2026-07-01") }, "", ""},
		{"on the date of a Type 1", func(f *Facts) { *f = asType1(*f, "2026-11-30"); f.Controls[0].Implemented = on("2026-11-30") }, "", ""},
		{"defined in the period, in place that day", func(f *Facts) {
			f.Controls[0].Spans, f.Controls[0].Implemented = []Span{span("2026-08-01", "2200-01-01")}, on("2026-08-01")
		}, "amber", "in force on 153 of 184 days of the period: not effective throughout"},
		{"retired on the second day", func(f *Facts) { f.Controls[0].Spans = []Span{span("2020-01-01", "2026-07-02")} }, "red", "in force on 2 of 184 days"},
		{"retired after the half", func(f *Facts) { f.Controls[0].Spans = []Span{span("2020-01-01", "2026-09-30")} }, "amber", "in force on 92 of 184 days"},
		{"retired before the half", func(f *Facts) { f.Controls[0].Spans = []Span{span("2020-01-01", "2026-09-29")} }, "red", "in force on 91 of 184 days"},
		{"a day between two versions", func(f *Facts) {
			f.Controls[0].Spans = []Span{span("2026-09-02", "2200-01-01"), span("2020-01-01", "2026-08-31")}
		}, "amber", "in force on 183 of 184 days"},
		{"two versions that overlap", func(f *Facts) {
			f.Controls[0].Spans = []Span{span("2026-09-02", "2200-01-01"), span("2020-01-01", "2026-09-10")}
		}, "", ""},
		{"retired the day after the period", func(f *Facts) { f.Controls[0].Spans = []Span{span("2020-01-01", "2026-12-31")} }, "", ""},
		{"a Type 1 has no period", func(f *Facts) {
			*f = asType1(*f, "2026-11-30")
			f.Controls[0].Spans = []Span{span("2026-08-01", "2200-01-01")}
		}, "", ""},
	},
	"G04": {
		{"none", func(f *Facts) { f.Controls[0].Walkthroughs = nil }, "amber", "no walkthrough is on record"},
		{"over a year ago", func(f *Facts) { f.Controls[0].Walkthroughs[0].On = day("2025-11-21") }, "amber", "last walkthrough was on 2025-11-21"},
		{"after the date of a Type 1", func(f *Facts) {
			*f = asType1(*f, "2026-10-31")
			f.Controls[0].Walkthroughs = []Walkthrough{{On: day("2026-11-01")}}
		}, "amber", "no walkthrough"},
		{"a year ago to the day", func(f *Facts) { f.Controls[0].Walkthroughs[0].On = day("2025-11-22") }, "", ""},
	},
	"G05": {
		{"not connected", func(f *Facts) { f.Controls[0].Population.Connected = false }, "red", "tickets is not connected"},
		{"forgets too soon", func(f *Facts) { f.Controls[0].Population.Retention = 90 }, "red", "keeps its records for 90 days, the period has 184"},
		{"the test cannot run", func(f *Facts) {
			f.Results[0] = assure.TestResult{Control: "IAM-01", Test: "IAM-01", Outcome: assure.Blocked, Blocked: "the register holds nothing"}
		}, "red", "cannot run: the register holds nothing"},
		{"nothing known", func(f *Facts) { f.Controls[0].Population, f.Results = nil, nil }, "red", "not known whether"},
		{"kept here from the first day", func(f *Facts) {
			f.Controls[0].Population.Retention, f.Controls[0].Population.Collected = 90, on("2026-07-01")
		}, "", ""},
		{"a test ran, so it is connected", func(f *Facts) { f.Controls[0].Population = nil }, "", ""},
		{"a Type 1 has no population", func(f *Facts) { *f = asType1(*f, "2026-11-30"); f.Controls[0].Population = nil }, "", ""},
	},
	"G06": {
		{"never checked", func(f *Facts) { f.Results[0].Completeness = nil }, "red", "no check of completeness passed"},
		{"failed", func(f *Facts) {
			f.Results[0].Completeness = append(f.Results[0].Completeness, assure.Check{Check: "C1", Status: assure.Failed, Register: "tickets", Detail: "7 is missing"})
		}, "red", "C1 of tickets failed: 7 is missing"},
		{"empty, and nobody proved it", func(f *Facts) { f.Results[0].Outcome, f.Results[0].Population, f.Results[0].Passed = assure.Gap, 0, 0 }, "red", "nothing proves"},
		{"no test", func(f *Facts) { f.Results = nil }, "red", "no population was tested"},
		{"nothing due yet", func(f *Facts) {
			f.Results[0].Outcome, f.Results[0].Population, f.Results[0].Passed, f.Results[0].InProgress = assure.Gap, 0, 0, 3
		}, "amber", "nothing has fallen due yet"},
		{"the period has not begun", func(f *Facts) { f.Results, f.Today = nil, day("2026-06-30") }, "", ""},
		{"passed", func(*Facts) {}, "", ""},
	},
	"G07": {
		{"never done", func(f *Facts) { reviewsOf(f, "2026-07-30", "2026-10-30"); f.Instances[1].Done = nil }, "red", "1 instance was due without evidence: crm/2026-10-30"},
		{"late and not over", func(f *Facts) {
			f.Deviations = []Deviation{{Control: "IAM-01", Key: "leaver-7", Member: day("2026-11-01"), Late: true}}
		}, "red", "leaver-7"},
		{"undecided, within what is tolerable", func(f *Facts) { f.Results[0].Passed, f.Results[0].Undecided = 95, 5 }, "amber", "5 of 100 (5.0 %) cannot be decided"},
		{"undecided, beyond it", func(f *Facts) { f.Results[0].Passed, f.Results[0].Undecided = 80, 20 }, "red", "20 of 100"},
		{"evidence that is not complete", func(f *Facts) {
			f.Evidence[0].Lacks = []Lack{{Key: "grant-9", Complete: No, Time: Yes, Link: Yes, Why: "no form"}}
		}, "amber", "grant-9 (no form)"},
		{"due today counts as over", func(f *Facts) { reviewsOf(f, "2026-11-22"); f.Instances[0].Done = nil }, "red", "crm/2026-11-22"},
		{"due tomorrow", func(f *Facts) { reviewsOf(f, "2026-11-23"); f.Instances[0].Done = nil }, "", ""},
		{"done", func(f *Facts) { reviewsOf(f, "2026-07-30", "2026-10-30") }, "", ""},
	},
	"G08": {
		{"one of a hundred", func(f *Facts) {
			deviate(f, 1)
			f.Deviations[0].Late = true
		}, "amber", "1 of 100 (1.0 %) done late: grant-0"},
		{"beyond what is tolerable", func(f *Facts) {
			deviate(f, 11)
			for i := range f.Deviations {
				f.Deviations[i].Late = true
			}
		}, "red", "tolerable is 10 %"},
		{"beyond what is tolerable of a key preventive control", func(f *Facts) {
			f.Controls[0].Type = "preventive"
			deviate(f, 6)
			for i := range f.Deviations {
				f.Deviations[i].Late = true
			}
		}, "red", "tolerable is 5 %"},
		{"in time", func(f *Facts) { reviewsOf(f, "2026-07-30", "2026-10-30") }, "", ""},
		{"late before the period", func(f *Facts) {
			f.Deviations = []Deviation{{Control: "IAM-01", Key: "x", Member: day("2026-06-30"), Ended: on("2026-07-04"), Late: true}}
		}, "", ""},
	},
	"G09": {
		{"on request", func(f *Facts) {
			f.Evidence[0].Lacks = []Lack{{Key: "grant-3", Complete: Yes, Time: No, Link: Yes, Why: "created on request"}}
		}, "amber", "grant-3 (created on request)"},
		{"nobody says when", func(f *Facts) { f.Evidence = nil }, "amber", "not known for 100 instances"},
		{"a Type 1 without one instance in order", func(f *Facts) {
			*f = asType1(*f, "2026-11-30")
			f.Evidence = []Evidence{{Control: "IAM-01", Instances: 1, Lacks: []Lack{{Key: "a", Complete: Yes, Time: No, Link: Yes}}}}
		}, "amber", "a"},
		{"a Type 1 with one instance in order", func(f *Facts) {
			*f = asType1(*f, "2026-11-30")
			f.Evidence = []Evidence{{Control: "IAM-01", Instances: 2, Lacks: []Lack{{Key: "a", Complete: Yes, Time: No, Link: Yes}}}}
		}, "", ""},
		{"in order", func(*Facts) {}, "", ""},
	},
	"G10": {
		{"no system is named", func(f *Facts) {
			f.Evidence[0].Lacks = []Lack{{Key: "shot-1", Count: 4, Complete: Yes, Time: Yes, Link: No, Why: "no system, user or clock on it"}}
		}, "amber", "4 instances such as shot-1 (no system"},
		{"nobody says what it belongs to", func(f *Facts) { f.Evidence = nil }, "amber", "the link to a component in scope of the evidence is not known"},
		{"in order", func(*Facts) {}, "", ""},
	},
	"G11": {
		{"one person", func(f *Facts) { f.Controls[0].Operators, f.Controls[0].Reviewers = []string{"ann"}, []string{"ann"} }, "amber", "ann owns, performs and checks"},
		{"not key", func(f *Facts) {
			f.Controls[0].Key, f.Controls[0].Operators, f.Controls[0].Reviewers = false, []string{"ann"}, []string{"ann"}
		}, "", ""},
		{"another checks", func(f *Facts) { f.Controls[0].Operators = []string{"ann"} }, "", ""},
		{"who performs it is not known", func(f *Facts) { f.Controls[0].Operators, f.Controls[0].Reviewers = nil, nil }, "", ""},
	},
	"G12": {
		{"one person did both", func(f *Facts) {
			f.SelfApproved = []SelfApproval{{"IAM-01", "grant-5", "ben", day("2026-08-01")}}
		}, "red", "grant-5 by ben"},
		{"before the period", func(f *Facts) {
			f.SelfApproved = []SelfApproval{{"IAM-01", "grant-5", "ben", day("2026-06-30")}}
		}, "", ""},
	},
	"G13": {
		{"above", func(f *Facts) { deviate(f, 11) }, "red", "11 of 100 (11.0 %) deviate; tolerable is 10 %"},
		{"not relied upon", func(f *Facts) { deviate(f, 20) }, "red", "nobody relies"},
		{"above in one of two tests", func(f *Facts) {
			r := tested("IAM-01")
			r.Test, r.Population, r.Passed, r.Deviating = "second", 4, 3, 1
			f.Results = append(f.Results, r)
		}, "red", "1 of 4 (25.0 %)"},
		{"a sample's bound above", func(f *Facts) { f.Samples = []Sample{{"IAM-01", 2400, 25, 0}} }, "red", "up to 11.3 %"},
		{"within: disclosed", func(f *Facts) { deviate(f, 10) }, "amber", "the report discloses it"},
		{"nothing tolerable", func(f *Facts) { zero := 0; f.Controls[0].Tolerable = &zero; deviate(f, 1) }, "red", "tolerable is 0 %"},
		{"a sample's bound below", func(f *Facts) { f.Samples = []Sample{{"IAM-01", 2400, 60, 0}} }, "", ""},
		{"none", func(*Facts) {}, "", ""},
	},
	"G14": {
		{"high and open", func(f *Facts) {
			f.Deficiencies = []Deficiency{{ID: "D1", Control: "IAM-01", Severity: "high", Opened: day("2026-10-01")}}
		}, "red", "D1 (high) is open"},
		{"overdue", func(f *Facts) {
			f.Deficiencies = []Deficiency{{ID: "D2", Control: "IAM-01", Severity: "low", Opened: day("2026-10-01"), Due: on("2026-11-01")}}
		}, "amber", "was due on 2026-11-01"},
		{"closed", func(f *Facts) {
			f.Deficiencies = []Deficiency{{ID: "D1", Control: "IAM-01", Severity: "high", Opened: day("2026-10-01"), Closed: on("2026-11-22")}}
		}, "", ""},
		{"medium and in time", func(f *Facts) {
			f.Deficiencies = []Deficiency{{ID: "D3", Control: "IAM-01", Severity: "medium", Opened: day("2026-10-01"), Due: on("2026-12-01")}}
		}, "", ""},
	},
	"G15": {
		{"expired and used", func(f *Facts) {
			f.Waivers = []Waiver{{"W1", "IAM-01", "crm", day("2026-11-21"), true}}
		}, "red", "W1 (crm) expired on 2026-11-21"},
		{"on its last day", func(f *Facts) { f.Waivers = []Waiver{{"W1", "IAM-01", "crm", day("2026-11-22"), true}} }, "", ""},
		{"expired and not used", func(f *Facts) { f.Waivers = []Waiver{{"W1", "IAM-01", "crm", day("2026-08-01"), false}} }, "", ""},
	},
	"G16": {
		{"never", func(f *Facts) { f.CUECs = []CUEC{{ID: "U1", Text: "remove leavers", Criteria: []string{"CC6.2"}}} }, "amber", "U1 (remove leavers)"},
		{"published", func(f *Facts) { f.CUECs = []CUEC{{ID: "U1", Communicated: on("2026-02-01")}} }, "", ""},
	},
	"G17": {
		{"nothing expected", func(f *Facts) { s := vendor(); s.CSOCs = nil; f.Subservice = []Subservice{s} }, "red", "no control that is expected"},
		{"nobody watches", func(f *Facts) { s := vendor(); s.Monitoring = []string{"VEN-02"}; f.Subservice = []Subservice{s} }, "red", "no control in scope that watches it"},
		{"inclusive", func(f *Facts) { f.Subservice = []Subservice{{Name: "Twin", Inclusive: true}} }, "", ""},
		{"both", func(f *Facts) { f.Subservice = []Subservice{vendor()} }, "", ""},
	},
	"G18": {
		{"ends too early", func(f *Facts) { s := vendor(); s.ReportEnd = on("2026-08-21"); f.Subservice = []Subservice{s} }, "amber", "nothing after 2026-08-21"},
		{"ends over a year before", func(f *Facts) { s := vendor(); s.ReportEnd = on("2025-08-21"); f.Subservice = []Subservice{s} }, "red", "over a year"},
		{"modified", func(f *Facts) { s := vendor(); s.Modified = Yes; f.Subservice = []Subservice{s} }, "red", "is modified"},
		{"modified, effect judged", func(f *Facts) {
			s := vendor()
			s.Modified, s.Evaluated = Yes, on("2026-11-01")
			f.Subservice = []Subservice{s}
		}, "amber", "is modified"},
		{"an exception on what we rely on", func(f *Facts) { s := vendor(); s.CSOCs[0].Exception = true; f.Subservice = []Subservice{s} }, "amber", "CSOC-1"},
		{"no report", func(f *Facts) { s := vendor(); s.ReportEnd = nil; f.Subservice = []Subservice{s} }, "amber", "no report of it is known"},
		{"opinion not known", func(f *Facts) { s := vendor(); s.Modified = Unknown; f.Subservice = []Subservice{s} }, "amber", "not known whether"},
		{"three months to the day", func(f *Facts) { s := vendor(); s.ReportEnd = on("2026-08-22"); f.Subservice = []Subservice{s} }, "", ""},
		{"bridged", func(f *Facts) {
			s := vendor()
			s.ReportEnd, s.BridgedTo = on("2026-06-30"), on("2026-09-30")
			f.Subservice = []Subservice{s}
		}, "", ""},
	},
	"G19": {
		{"not described", func(f *Facts) { f.Changes = []Change{{"a region in Dublin", day("2026-09-01"), false}} }, "amber", "a region in Dublin"},
		{"described", func(f *Facts) { f.Changes = []Change{{"a region in Dublin", day("2026-09-01"), true}} }, "", ""},
	},
	"G20": {
		{"not decided", func(f *Facts) { f.Incidents = []Incident{{"INC-7", day("2026-09-01"), nil}} }, "amber", "INC-7"},
		{"decided", func(f *Facts) { f.Incidents = []Incident{{"INC-7", day("2026-09-01"), on("2026-09-20")}} }, "", ""},
		{"of an earlier period", func(f *Facts) { f.Incidents = []Incident{{"INC-6", day("2026-06-30"), nil}} }, "", ""},
	},
	"G21": {
		{"before and after", func(f *Facts) { annual(f, "2026-03-10") }, "red", "last acted on 2026-03-10 and is next due on 2027-03-10"},
		{"told to be due after", func(f *Facts) {
			annual(f, "2026-03-10")
			f.Instances = []Instance{{Control: "IAM-01", Key: "2027", Due: day("2027-01-15")}}
		}, "red", "2027-01-15"},
		{"acted inside", func(f *Facts) { annual(f, "2026-07-01") }, "", ""},
		{"due inside", func(f *Facts) { annual(f, "2025-12-31") }, "", ""},
		{"not yearly", func(f *Facts) { f.Controls[0].LastOperated = on("2026-03-10") }, "", ""},
	},
	"G22": {
		{"proven empty", func(f *Facts) {
			r := &f.Results[0]
			r.Outcome, r.Population, r.Passed = assure.NoOccurrence, 0, 0
			f.Evidence = nil
		}, "info", "operation was not tested"},
		{"empty and not proven", func(f *Facts) { f.Results[0].Outcome, f.Results[0].Population, f.Results[0].Passed = assure.Gap, 0, 0 }, "", ""},
		{"items", func(*Facts) {}, "", ""},
	},
	"G23": {
		{"one quarter", func(f *Facts) {
			f.Term = type2("2026-09-01", "2026-12-31")
			reviewsOf(f, "2026-10-30")
		}, "amber", "holds 1 operation of it; the minimum is 2"},
		{"a yearly one of which nothing is known", func(f *Facts) { annual(f, ""); f.Results = nil }, "amber", "no act is known"},
		{"two quarters", func(f *Facts) { reviewsOf(f, "2026-07-30", "2026-10-30") }, "", ""},
		{"per event", func(f *Facts) { f.Term = type2("2026-09-01", "2026-12-31") }, "", ""},
		{"quarters from the calendar", func(f *Facts) { f.Controls[0].Frequency = assure.Quarterly }, "", ""},
	},
	"G24": {
		{"no control bears it", func(f *Facts) { f.Claims = []Claim{{"We scan every night.", []string{"VUL-01"}}} }, "red", "We scan every night."},
		{"seen done otherwise", func(f *Facts) { f.Controls[0].Walkthroughs[0].Difference = "approval by chat" }, "red", "approval by chat"},
		{"seen done otherwise, then as described", func(f *Facts) {
			f.Controls[0].Walkthroughs = []Walkthrough{{day("2026-08-01"), "approval by chat"}, {day("2026-10-01"), ""}}
		}, "", ""},
		{"borne", func(f *Facts) { f.Claims = []Claim{{"We approve access.", []string{"IAM-01"}}} }, "", ""},
	},
	"G25": {
		{"no control named", func(f *Facts) { f.VendorDuties = []VendorDuty{{"Cloud", "turn on MFA", ""}} }, "amber", "turn on MFA"},
		{"a control out of scope", func(f *Facts) { f.VendorDuties = []VendorDuty{{"Cloud", "turn on MFA", "IAM-99"}} }, "amber", "turn on MFA"},
		{"ours", func(f *Facts) { f.VendorDuties = []VendorDuty{{"Cloud", "turn on MFA", "IAM-01"}} }, "", ""},
	},
	"G26": {
		{"off", func(f *Facts) { f.Clocks = []Clock{{"jira", []string{"tickets"}, -61, true}} }, "amber", "off by -61 seconds"},
		{"no zone", func(f *Facts) { f.Clocks = []Clock{{"jira", []string{"tickets"}, 0, false}} }, "amber", "its zone is not known"},
		{"of no test in scope", func(f *Facts) { f.Clocks = []Clock{{"door", []string{"badges"}, 600, true}} }, "amber", "door"},
		{"a minute", func(f *Facts) { f.Clocks = []Clock{{"jira", []string{"tickets"}, 60, true}} }, "", ""},
	},
	"G27": {
		{"another period", func(f *Facts) {
			f.Papers = []Paper{{"assertion", "soc2-type2", type2("2026-07-01", "2027-03-31"), nil}}
		}, "red", "the assertion names the period 2026-07-01 to 2027-03-31"},
		{"a Type 1's cover", func(f *Facts) { f.Papers = []Paper{{"cover", "soc2-type1", Type1{AsOf: day("2026-11-30")}, nil}} }, "red", "soc2-type1 instead of soc2-type2"},
		{"other categories", func(f *Facts) {
			f.Papers = []Paper{{"opinion", "soc2-type2", nil, []string{"security", "availability"}}}
		}, "red", "availability"},
		{"the same", func(f *Facts) {
			f.Papers = []Paper{{"opinion", "soc2-type2", type2("2026-07-01", "2026-12-31"), []string{"security"}}}
		}, "", ""},
	},
	"G28": {
		{"old", func(f *Facts) { f.Controls[0].Policies[0].Reviewed = on("2025-11-21") }, "amber", "last reviewed on 2025-11-21"},
		{"never", func(f *Facts) { f.Controls[0].Policies[0].Reviewed = nil }, "amber", "not known when"},
		{"a year to the day", func(f *Facts) { f.Controls[0].Policies[0].Reviewed = on("2025-11-22") }, "", ""},
	},
}

// TestCleanFactsHaveNoGap: the facts that every case changes are such that no rule speaks.
func TestCleanFactsHaveNoGap(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]Facts{"Type 2": clean(), "Type 1": asType1(clean(), "2026-11-30")} {
		got := ready(t, f)
		if len(got.Gaps) > 0 || got.Status != "ready" || got.Counts != (Counts{Green: 1}) {
			t.Errorf("%s: %s, %+v, gaps %+v; want ready without a gap", name, got.Status, got.Counts, got.Gaps)
		}
	}
}

// TestRules runs each rule over facts of which it must speak and facts of which it must not.
func TestRules(t *testing.T) {
	t.Parallel()
	for id, cases := range ruleCases {
		for _, c := range cases {
			t.Run(id+" "+c.name, func(t *testing.T) {
				t.Parallel()
				f := clean()
				c.change(&f)
				worst, said := "", []string{}
				for _, g := range ready(t, f).Gaps {
					if g.Rule != id {
						continue
					}
					said = append(said, g.What)
					if worst == "" || g.Severity.String() == "red" || g.Severity.String() == "amber" && worst == "info" {
						worst = g.Severity.String()
					}
				}
				if worst != c.severity {
					t.Errorf("severity %q %q, want %q", worst, said, c.severity)
				}
				if !strings.Contains(strings.Join(said, "\n"), c.says) {
					t.Errorf("says %q, want %q", said, c.says)
				}
			})
		}
	}
}

// TestEveryRuleHasCases fails for a rule without a case that raises it, up to its worst, and one that does not, and for a rule
// that does not say what to do, where, and what stays open.
func TestEveryRuleHasCases(t *testing.T) {
	t.Parallel()
	rules := Rules()
	if len(rules) != 28 {
		t.Errorf("%d rules, want 28", len(rules))
	}
	for i, r := range rules {
		if want := fmt.Sprintf("G%02d", i+1); r.ID != want {
			t.Errorf("rule %d is %s, want %s", i, r.ID, want)
		}
		cases := ruleCases[r.ID]
		if !slices.ContainsFunc(cases, func(c ruleCase) bool { return c.severity == r.Worst.String() }) {
			t.Errorf("%s has no case that raises it to %s", r.ID, r.Worst)
		}
		if !slices.ContainsFunc(cases, func(c ruleCase) bool { return c.severity == "" }) {
			t.Errorf("%s has no case that does not raise it", r.ID)
		}
		if r.Trigger == "" || r.Fix == "" || r.Risk == "" || !strings.HasSuffix(r.Risk, ".") || r.Command+r.Page == "" || !strings.HasPrefix(r.Page, "/") {
			t.Errorf("%s does not say what triggers it, what to do, where, and what stays open: %+v", r.ID, r)
		}
		if strings.Count(r.Risk, ". ") > 0 {
			t.Errorf("%s: the risk is more than one sentence: %s", r.ID, r.Risk)
		}
	}
}

// TestFixesName the command that takes the record in which the gap is closed, and its fields.
func TestFixesName(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]struct {
		command string
		fields  []string
	}{
		"G04": {"assay import walkthroughs FILE", nil},
		"G16": {"assay apply DIR", []string{"system.yaml", "communicated_on"}},
		"G18": {"assay apply DIR", []string{"system.yaml", "report_period_end", "opinion"}},
	} {
		f := clean()
		ruleCases[id][0].change(&f)
		gaps := ready(t, f).Gaps
		i := slices.IndexFunc(gaps, func(g Gap) bool { return g.Rule == id })
		if i < 0 || gaps[i].Command != want.command {
			t.Errorf("%s: %+v, want the command %s", id, gaps, want.command)
			continue
		}
		for _, field := range want.fields {
			if !strings.Contains(gaps[i].Fix, field) {
				t.Errorf("%s: the fix %q does not name %s", id, gaps[i].Fix, field)
			}
		}
	}
}
