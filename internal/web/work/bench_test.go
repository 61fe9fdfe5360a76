package work

import (
	"fmt"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
)

// BenchmarkHome draws the home page of an owner among 5,000 controls and 20,000 deviations.
func BenchmarkHome(b *testing.B) {
	o := setup(b)
	for i := range 5000 {
		owner := fmt.Sprintf("p%d@example.com", i%250)
		if i%500 == 0 {
			owner = "owner@example.com"
		}
		o.facts.due = append(o.facts.due, operate.Instance{Control: fmt.Sprintf("C-%04d", i), Title: "A control", Owner: owner, Key: "2026-Q4", Due: o.day("2026-11-21"), Late: i%2 == 0, IfMissed: "1 of 4 -> 2 of 4"})
	}
	for i := range 20_000 {
		o.facts.deviations = append(o.facts.deviations, operate.Deviation{Control: fmt.Sprintf("C-%04d", i%5000), Test: "T", Item: fmt.Sprint(i), Title: "A control", Reason: "no approval by another person", Since: o.desk.Now() - 3600e6})
	}
	o.wants(o.get(access.Owner, "/"), 200, "10 tasks need you today")
	for b.Loop() {
		if w := o.get(access.Owner, "/"); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

// BenchmarkRows draws one page of a register of 1,000 records.
func BenchmarkRows(b *testing.B) {
	o := setup(b)
	o.incidents(1000)
	for b.Loop() {
		if w := o.get(access.Owner, "/registers/incidents?page=10"); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

// BenchmarkBooks draws the risks of 5,000, and a course of 5,000 people.
func BenchmarkBooks(b *testing.B) {
	o := setup(b)
	var risks, links, people, done []string
	for i := range 5000 {
		risks = append(risks, fmt.Sprintf(`{"risk_id":"r%d","title":"Risk %d","likelihood":%d,"impact":%d,"assessed_on":"2026-02-01","treatment_due_on":"2026-12-01"}`, i, i, i%5+1, i/5%5+1))
		links = append(links, fmt.Sprintf(`{"risk_id":"r%d","control":"IAM-04","linked_on":"2026-01-01"}`, i))
		people = append(people, fmt.Sprintf(`{"person_id":"p%d","email":"p%d@example.com","started_on":"2024-11-01"}`, i, i))
		done = append(done, fmt.Sprintf(`{"completion_id":"t%d","person_id":"p%d","course":"c%d","completed_on":"2026-02-01"}`, i, i, i%6))
	}
	o.pull("risks", risks...)
	o.pull("risk_controls", links...)
	o.pull("people", people...)
	o.pull("trainings", done...)
	for _, page := range []string{"/risks", "/risks?view=late&q=42", "/risks/r77", "/trainings", "/trainings/c1"} {
		b.Run(page, func(b *testing.B) {
			o.wants(o.get(access.Owner, page), 200)
			for b.Loop() {
				if w := o.get(access.Owner, page); w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
