package pdf

import (
	"fmt"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/report"
)

func when(t testing.TB) report.When {
	t.Helper()
	z, err := civil.ParseZone("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	return report.Throughout{From: civil.NewDate(2025, 7, 1), To: civil.NewDate(2026, 6, 30), Zone: z}
}

func say(s string) report.Runs { return report.Runs{{Text: s}} }

func datum(s string) report.Runs { return report.Runs{{Text: s, Data: true}} }

// small is a report of one section.
func oneSection(t testing.TB, blocks ...report.Block) *report.Report {
	t.Helper()
	return &report.Report{Kind: "soc2-type2", Title: "SOC 2 Type 2 report", Subtitle: "What is looked at", Organization: "Harborline, Inc.", System: "Payments",
		When: when(t), KnownAt: "2026-07-14T15:20:11Z", Checkpoint: assure.Checkpoint{Size: 9471, Root: "5d1f"},
		Sections: []report.Section{{ID: "one", Number: "I", Title: "The only section", Blocks: blocks}}}
}

// big is a report of so many controls with so many exceptions among them.
func big(t testing.TB, controls, exceptions int) *report.Report {
	t.Helper()
	r := oneSection(t)
	r.Draft, r.Sections[0].Draft = true, true
	r.Organization = "Żółw & Ελλάδα Київ AG"
	at := &r.Sections[0].Blocks
	add := func(b report.Block) { *at = append(*at, b) }
	add(report.Block{Heading: &report.Heading{ID: "controls", Level: 1, Text: "Controls, tests and results"}})
	for i := range controls {
		id := fmt.Sprintf("C-%03d", i+1)
		add(report.Block{Heading: &report.Heading{ID: id, Level: 2, Label: id, Text: "Changes are reviewed, tested and approved", Mark: report.MarkDeviation, Word: "Deviations"}})
		add(report.Block{Statement: &report.Statement{Label: "The control, as management states it", Text: datum("Every change to production is reviewed by another engineer, tested, and approved before it is deployed.")}})
		add(report.Block{Terms: &report.Terms{Items: []report.Term{{Name: "Owner", Value: datum("Head of engineering")}, {Name: "Frequency", Value: say("Each event")}, {Name: "Criteria", Value: say("CC8.1, CC5.2")}}}})
		add(report.Block{Paragraph: say("Each record of changes whose deployment falls in the period and whose environment is production is an item, unless it is a declared emergency. It passes when a person who is neither its author nor its last committer approved it, the approval covers the head commit, and a ticket is named.")})
		n := exceptions / controls
		if i < exceptions%controls {
			n++
		}
		of := 1200
		tab := &report.Table{ID: "t-" + id, Caption: report.Runs{{Text: "Deviations: "}, {Figure: &report.Figure{Value: n, Of: &of, Link: "#t-" + id}}, {Text: " items tested"}},
			Columns: []report.Column{{Title: "Item"}, {Title: "Attributes", Narrow: true}, {Title: "Reason", Wide: true}, {Title: "Event time"}, {Title: "Records"}}}
		for j := range n {
			key := fmt.Sprintf("payments-api-%d", 2411+i*100+j)
			tab.Rows = append(tab.Rows, report.Row{ID: fmt.Sprintf("x-%d-%d", i, j), Cells: []report.Runs{datum(key), say("A, E"),
				datum("no approval by another person: the only approval is by its author, mara.lindqvist"), datum("2025-11-05 13:42:04-05:00"),
				{{Text: "changes/" + key + "@1", Code: true, Data: true}, {Text: " "}, {Text: "reviews/" + key + "-r1@1", Code: true, Data: true}}}})
		}
		add(report.Block{Table: tab})
		c := &report.Chart{ID: "m-" + id, Caption: say("Items by month")}
		for m := range 12 {
			c.Bars = append(c.Bars, report.Bar{Month: fmt.Sprintf("%d-%02d", 2025+(m+6)/12, (m+6)%12+1), Total: 100, Deviating: m % 3})
		}
		add(report.Block{Chart: c})
	}
	return r
}

// BenchmarkRender is the report of 120 controls and 2,000 exceptions.
func BenchmarkRender(b *testing.B) {
	r := big(b, 120, 2000)
	b.ReportAllocs()
	var size, pages int
	for b.Loop() {
		out := draw(b, r, Options{Watermark: "copy 0042"})
		size = len(out)
	}
	pages = len(readPDF(b, draw(b, r, Options{})).pages())
	b.ReportMetric(float64(size), "bytes")
	b.ReportMetric(float64(pages), "pages")
}

// BenchmarkSmall is what every document costs: the fonts, a page or three.
func BenchmarkSmall(b *testing.B) {
	r := oneSection(b, report.Block{Paragraph: say("One sentence.")})
	b.ReportAllocs()
	for b.Loop() {
		draw(b, r, Options{})
	}
}
