package app

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/render/docx"
	"github.com/assayhq/assay/internal/render/html"
	renderjson "github.com/assayhq/assay/internal/render/json"
	"github.com/assayhq/assay/internal/render/oscal"
	"github.com/assayhq/assay/internal/render/pdf"
	"github.com/assayhq/assay/internal/render/xlsx"
	"github.com/assayhq/assay/internal/report"
)

// BenchmarkDocuments draws a report of 120 controls with 5,000 exceptions, of more than 150 pages, in every format: PDF, DOCX, HTML, JSON, XLSX and
// OSCAL. The bar is 3 s for all of them.
func BenchmarkDocuments(b *testing.B) {
	c, err := catalog.Load()
	if err != nil {
		b.Fatal(err)
	}
	tsc, _ := c.Framework(catalog.TSC)
	zone, err := civil.ParseZone("America/New_York")
	if err != nil {
		b.Fatal(err)
	}
	p := civil.Period{From: civil.NewDate(2025, 7, 1), To: civil.NewDate(2026, 6, 30), Zone: zone}
	f := report.Facts{Organization: "Example, Inc.", When: report.Throughout(p), Categories: []string{"security"}, Criteria: tsc.Criteria,
		Results: assure.Results{Organization: "Example, Inc.", Period: p, KnownAt: "2026-07-14T15:20:11Z", Checkpoint: assure.Checkpoint{Size: 9471, Root: "00"}}}
	left := 5000
	for i := range 120 {
		ctl := c.Controls[i%len(c.Controls)]
		ctl.ID = fmt.Sprintf("%s-%d", ctl.ID, i)
		f.Controls = append(f.Controls, ctl)
		n := min(left, 42)
		left -= n
		t := assure.TestResult{Control: ctl.ID, Test: ctl.ID, Title: ctl.Title, Version: 1, From: p.From, To: p.To, Shape: ctl.Shape, Sentence: ctl.PassRule,
			Outcome: assure.Tested, Population: 1000, Passed: 1000 - n, Deviating: n, Registers: []string{"changes"},
			Attributes:   []assure.Attribute{{ID: "A", Text: "It was approved by another person", Deviations: n}, {ID: "B", Text: "The approval came before the act"}},
			Completeness: []assure.Check{{Check: "C2", Status: assure.Passed, Register: "changes", Detail: "1,000 counted by the source, 1,000 in the register"}}}
		for k := range n {
			key := fmt.Sprintf("change-%d-%d", i, k)
			t.Findings = append(t.Findings, assure.Finding{Key: key, Verdict: assure.Deviation, Attributes: []string{"A"}, EventTime: "2025-09-14",
				Reason: "no approval by another person: the only approval is by its author", Records: []string{"changes/" + key + "@1", "reviews/" + key + "@1"}})
		}
		for m := range 12 {
			t.Months = append(t.Months, assure.MonthCount{Month: civil.NewDate(2025, 7, 1).AddMonths(m).String()[:7], Population: 83, Deviating: m % 3})
		}
		f.Results.Controls = append(f.Results.Controls, t)
	}
	if left != 0 {
		b.Fatalf("%d exceptions are left", left)
	}
	for b.Loop() {
		resetPeak(b)
		began := time.Now()
		r, err := report.Build("soc2-type2", f)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := pdf.Render(io.Discard, r, pdf.Options{}); err != nil {
			b.Fatal(err)
		}
		drawn := time.Since(began)
		if err := docx.Render(io.Discard, r, docx.Options{}); err != nil {
			b.Fatal(err)
		}
		if err := html.Render(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		if err := renderjson.Render(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		if err := xlsx.Render(io.Discard, f.Results, f.Controls, xlsx.Options{}); err != nil {
			b.Fatal(err)
		}
		doc, err := oscal.AssessmentResults(f)
		if err == nil {
			err = doc.Write(io.Discard)
		}
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "all-s")
		b.ReportMetric(drawn.Seconds(), "pdf-s")
		b.ReportMetric(peakMiB(b), "peak-MiB")
	}
}
