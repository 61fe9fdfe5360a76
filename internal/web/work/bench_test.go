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
