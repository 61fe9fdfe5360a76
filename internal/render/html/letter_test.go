package html

import (
	"bytes"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/report"
)

// TestLetter: a letter of management's has neither contents nor figures of a ledger; a document has them, and its contents nest a heading only
// under one of a higher level.
func TestLetter(t *testing.T) {
	t.Parallel()
	r := &report.Report{Kind: report.BridgeKind, Title: "Bridge letter", Organization: "Harborline, Inc.", When: report.AsOf{Date: civil.NewDate(2026, 9, 30)}, KnownAt: "2026-07-14T15:20:11Z",
		Checkpoint: assure.Checkpoint{Size: 9, Root: "5d1f"},
		Sections: []report.Section{{ID: "one", Number: "I", Title: "The only section", Blocks: []report.Block{
			{Heading: &report.Heading{ID: "a", Level: 2, Text: "Scope"}}, {Heading: &report.Heading{ID: "b", Level: 2, Text: "Opinion"}},
			{Sign: &report.Sign{Lines: []report.Runs{{{Text: "A signer", Data: true, Strong: true}}, {{Text: "1 October 2026"}}}}}}}}}
	drawn := func() string {
		var b bytes.Buffer
		if err := Render(&b, r); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	got := drawn()
	if !strings.Contains(got, `<div class="signed"><p><strong><bdi>A signer</bdi></strong></p><p>1 October 2026</p></div>`) {
		t.Error("the signature is no block of its own")
	}
	for _, not := range []string{"<nav", "Records considered", "ledger checkpoint", "Section I"} {
		if strings.Contains(got, not) {
			t.Errorf("the letter holds %q", not)
		}
	}
	r.Kind = "soc2-type1"
	got = drawn()
	for _, want := range []string{"Records considered", "14 July 2026, 15:20:11, UTC", "Section I", "Every record:"} {
		if !strings.Contains(got, want) {
			t.Errorf("the document lacks %q", want)
		}
	}
	nav := got[strings.Index(got, "<nav"):strings.Index(got, "</nav>")]
	if n := strings.Count(nav, "<ol>"); n != 2 { // the sections, and the headings beside each other
		t.Errorf("the contents nest %d lists, want 2:\n%s", n, nav)
	}
}
