package pdf

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/report"
)

// TestBreaks puts a heading, the sentence that leads to a table, the table, a list and a signature at every height of a page. Nothing stands
// alone: no heading, no caption and no head of a table at the foot, no single row on a page, no item of a list by itself, and no part of a
// signature without the rest and the end of the letter.
func TestBreaks(t *testing.T) {
	t.Parallel()
	row, item := regexp.MustCompile(`^row-\d+`), regexp.MustCompile(`^item-\d+`)
	for filler := range 34 {
		for _, size := range []int{3, 20} {
			var blocks []report.Block
			for i := range filler {
				blocks = append(blocks, report.Block{Paragraph: say(fmt.Sprintf("filler %d", i))})
			}
			tab := &report.Table{ID: "t", Caption: say("caption of it"), Columns: []report.Column{{Title: "thehead"}, {Title: "What", Wide: true}}}
			for i := range size {
				tab.Rows = append(tab.Rows, report.Row{Cells: []report.Runs{datum(fmt.Sprintf("row-%d", i)), datum("found")}})
			}
			var list []report.Runs
			for i := range 5 {
				list = append(list, datum(fmt.Sprintf("item-%d", i)))
			}
			blocks = append(blocks, report.Block{Heading: &report.Heading{ID: "h", Level: 2, Text: "theheading"}}, report.Block{Paragraph: say("thelead")},
				report.Block{Table: tab}, report.Block{List: list}, report.Block{Paragraph: say("theend")},
				report.Block{Sign: &report.Sign{Lines: []report.Runs{datum("signer"), datum("office"), say("28 August 2026")}}})
			f := readPDF(t, draw(t, oneSection(t, blocks...), Options{}))
			for n, p := range f.pages() {
				if n < 2 {
					continue // the cover and the contents
				}
				var body []string
				rows, items := 0, 0
				for _, x := range f.pagePieces(n, p) {
					text := strings.TrimSpace(x.text)
					switch {
					case row.MatchString(text):
						rows++
					case item.MatchString(text):
						items++
					}
					if x.mcid >= 0 && text != "" {
						body = append(body, text)
					}
				}
				if len(body) == 0 {
					t.Fatalf("page %d is empty", n+1)
				}
				at := fmt.Sprintf("%d lines before, %d rows, page %d, which ends in %q", filler, size, n+1, body[len(body)-1])
				if last := body[len(body)-1]; last == "theheading" || last == "thelead" || last == "caption of it" || last == "thehead" || last == "What" || last == "theend" {
					t.Errorf("%s: stands at the foot", at)
				}
				if rows == 1 || size == 3 && rows != 0 && rows != 3 {
					t.Errorf("%s: holds %d rows of the table", at, rows)
				}
				if items == 1 {
					t.Errorf("%s: an item of the list stands by itself", at)
				}
				all := strings.Join(body, "\n")
				for _, part := range []string{"theend", "office", "28 August 2026"} {
					if strings.Contains(all, "signer") != strings.Contains(all, part) {
						t.Errorf("%s: the signature is parted from %q", at, part)
					}
				}
			}
		}
	}
}

// TestLetter: a letter of management's begins with whose it is, and has neither a cover nor contents nor figures of a ledger.
func TestLetter(t *testing.T) {
	t.Parallel()
	r := oneSection(t, report.Block{Paragraph: say("To whom it concerns.")}, report.Block{Sign: &report.Sign{Lines: []report.Runs{datum("signer"), datum("office")}}})
	r.Kind, r.Title = report.BridgeKind, "Bridge letter"
	f := readPDF(t, draw(t, r, Options{}))
	var all []string
	for _, p := range f.pieces() {
		all = append(all, p.text)
	}
	got := strings.Join(all, "\n")
	if len(f.pages()) != 1 || !strings.Contains(got, "Harborline, Inc.") {
		t.Errorf("the letter has %d pages and says\n%s", len(f.pages()), got)
	}
	for _, not := range []string{"Contents", "Section I", "checkpoint", "Records considered"} {
		if strings.Contains(got, not) {
			t.Errorf("the letter says %q", not)
		}
	}
}
