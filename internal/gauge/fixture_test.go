package gauge

import (
	"fmt"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// day reads a date of a test.
func day(s string) civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func on(s string) *civil.Date {
	d := day(s)
	return &d
}

func span(from, to string) Span { return Span{day(from), day(to)} }

func type2(from, to string) Type2 { return Type2{civil.Period{From: day(from), To: day(to)}} }

// sound is a control that nothing speaks against, of a report about the half year to 31 December 2026.
func sound(id string) Control {
	return Control{
		Control: assure.Control{
			ID: id, Title: "Control " + id, Statement: "It acts.", Owner: "Head of IT", Frequency: assure.PerEvent, Nature: "manual",
			Type: "detective", Key: true, EvidenceTypes: []string{"ticket"}, Shape: assure.Event, Source: "the ticket system",
			PassRule: "a ticket", Escalation: "the lead", Criteria: []string{"CC6.2"},
		},
		Implemented:  on("2026-01-01"),
		LastOperated: on("2026-09-01"),
		Walkthroughs: []Walkthrough{{On: day("2026-06-15")}},
		Population:   &Source{Name: "tickets", Connected: true},
		Owners:       []string{"ann"}, Operators: []string{"ben"}, Reviewers: []string{"eve"},
		Policies: []Policy{{"access", on("2026-03-01")}},
	}
}

// tested is a clean test of a hundred items whose population is whole.
func tested(id string) assure.TestResult {
	return assure.TestResult{
		Control: id, Test: id, From: day("2026-07-01"), To: day("2026-12-31"), Shape: assure.Event, Outcome: assure.Tested,
		Population: 100, Passed: 100, Registers: []string{"tickets"},
		Completeness: []assure.Check{{Check: "C2", Status: assure.Passed, Register: "tickets"}},
	}
}

// clean are facts against which no rule speaks: one control, one criterion, 22 November 2026.
func clean() Facts {
	return Facts{
		Report: "soc2-type2", Title: "SOC 2 Type 2", Term: type2("2026-07-01", "2026-12-31"), Today: day("2026-11-22"), Categories: []string{"security"},
		Criteria: []assure.Criterion{{ID: "CC6.2", Framework: "tsc", Category: "security", Common: true}},
		Controls: []Control{sound("IAM-01")},
		Results:  []assure.TestResult{tested("IAM-01")},
		Evidence: []Evidence{{Control: "IAM-01", Instances: 100}},
		Boundary: &Boundary{Components: 4, Flows: 3},
	}
}

// asType1 makes facts those of a report about one date.
func asType1(f Facts, date string) Facts {
	f.Report, f.Term = "soc2-type1", Type1{AsOf: day(date)}
	f.Results, f.Evidence = nil, nil
	return f
}

func ready(t testing.TB, f Facts) Readiness {
	t.Helper()
	r, err := Ready(f, Defaults())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func foresee(t testing.TB, f Facts) Forecast {
	t.Helper()
	out, err := Foresee(f, Defaults())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// systems are the twelve of the worked example, billing among them.
func systems() []string {
	out := []string{"billing"}
	for i := range 11 {
		out = append(out, fmt.Sprintf("system-%02d", i+1))
	}
	return out
}

// quarter adds a quarter's reviews of all twelve systems, done on a day; an empty day leaves them open.
func quarter(list []Instance, name, due, done string) []Instance {
	for _, s := range systems() {
		x := Instance{Control: "IAM-04", Key: s + "/" + name, Due: day(due), Owner: "owner of " + s}
		if done != "" {
			x.Done = on(done)
		}
		list = append(list, x)
	}
	return list
}

// reviews are the facts of the worked example: IAM-04 over twelve systems, with nothing late yet.
func reviews(today string) Facts {
	c := sound("IAM-04")
	c.Frequency, c.Shape, c.Implemented = assure.Quarterly, assure.Schedule, on("2026-01-01")
	f := Facts{
		Report: "soc2-type2", Term: type2("2026-07-01", "2026-12-31"), Today: day(today), Categories: []string{"security"},
		Criteria: []assure.Criterion{{ID: "CC6.2", Category: "security", Common: true}},
		Controls: []Control{c},
		Earlier:  []Earlier{{"soc2-type2", type2("2026-01-01", "2026-06-30")}},
	}
	f.Instances = quarter(nil, "2026-Q2", "2026-07-30", "2026-07-20")
	return f
}
