package report

import (
	"fmt"
	"testing"
)

// BenchmarkIssued builds a report with 5,000 exceptions over the example's controls.
func BenchmarkIssued(b *testing.B) {
	t := &testing.T{}
	f := examinedFacts(t, "soc2-type2")
	e := f.Examination
	e.Exceptions = nil
	test := e.Tests[0]
	e.Tests = e.Tests[1:]
	for i := range 5000 {
		x := test
		x.Test, x.Deviating, x.Attributes = fmt.Sprintf("T%d", i), 1, nil
		e.Tests = append(e.Tests, x)
		e.Exceptions = append(e.Exceptions, Exception{ID: fmt.Sprintf("E%d", i), Control: test.Control, Test: x.Test, Text: "x", Cause: "human_error", Spread: "isolated", Deviating: 1, Tested: 1173,
			Affects: []string{"CC8.1"}, Response: "r"})
	}
	e.Issued = true
	for b.Loop() {
		if _, err := Build("soc2-type2", f); err != nil {
			b.Fatal(err)
		}
	}
}
