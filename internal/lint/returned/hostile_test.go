package returned_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/lint"
	"github.com/assayhq/assay/internal/lint/returned"
)

// said compares with a document whose opinion says something else than "in all material respects".
func said(t *testing.T, o office, now string) returned.Returned {
	t.Helper()
	d := *o.doc
	d.Blocks = slices.Clone(d.Blocks)
	i := slices.IndexFunc(d.Blocks, func(b lint.Block) bool { return strings.HasPrefix(b.Text, "In our opinion, in all material respects") })
	if i < 0 {
		t.Fatal("the document has no opinion")
	}
	d.Blocks[i].Text = strings.Replace(d.Blocks[i].Text, "in all material respects", now, 1)
	got, err := returned.Compare(o.model, o.doc, &d)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestDisguised edits words of the opinion as somebody does who knows how figures and conclusions are told: none becomes wording.
func TestDisguised(t *testing.T) {
	t.Parallel()
	o := sent(t)
	for _, now := range []string{
		"４０ of the controls", "٤٠ of the controls", "४० of the controls", "𝟰𝟬 of the controls", "Ⅳ controls", "④ controls", "x² controls", "forty controls", "a dozen controls", "half of the controls",
		"three per cent of the controls", "twenty-five controls", "4\u20600 controls",
		"its controls were nоt so", // a Cyrillic o
		"its controls were n\u2060ot so", "its controls were n\u0308ot so", "its controls were ｎｏｔ so", "its controls were n\ufe00ot so", "its controls were n\U000e0061ot so",
		"its controls were unqualifіed", "its controls, eхcept theirs", "in some of them", "its controls were ineffective", "they were never so",
	} {
		got := said(t, o, "in all material respects, "+now+",")
		if len(got.Wording) > 0 || len(got.Refused) != 1 {
			t.Errorf("Compare(an opinion that says %q) takes %d changes as wording and refuses %d, want it refused", now, len(got.Wording), len(got.Refused))
		}
	}
	for _, now := range []string{"in every material respect", "in all material respects, as the naïve reader of Øresund takes it,", "in all material respects, Α and Ω,"} {
		if got := said(t, o, now); len(got.Refused) > 0 || len(got.Wording) != 1 {
			t.Errorf("Compare(an opinion that says %q) refuses %d changes, want it taken as wording", now, len(got.Refused))
		}
	}
}

// longest is how long a comparison may take that is as bad as it can be made, with room for a slow machine.
const longest = 5 * time.Second

// TestQuadratic compares documents that are made so that every passage has to be held against every other one.
func TestQuadratic(t *testing.T) {
	t.Parallel()
	o := sent(t)
	back := func(blocks []lint.Block, comments []lint.Comment) *lint.Document {
		return &lint.Document{Blocks: blocks, Comments: comments, Properties: o.doc.Properties}
	}
	longer := func(n int) (out []lint.Block) {
		for i, b := range o.doc.Blocks {
			if b.Text != "" && !b.Contents && i < 200 {
				b.Text = strings.Repeat(fmt.Sprint("x", i, " y z u v w "), n)
			}
			out = append(out, b)
		}
		return out
	}
	var many []lint.Block
	var comments []lint.Comment
	for i := range 40_000 {
		many = append(many, lint.Block{Text: fmt.Sprint("p", i)})
		comments = append(comments, lint.Comment{Author: "Ana", Text: "?", Block: i})
	}
	for name, d := range map[string]*lint.Document{
		"passages that are many times as long": back(longer(10_000), nil),
		"passages that are longer":             back(longer(500), nil),
		"many comments on many passages":       back(slices.Concat(o.doc.Blocks, many), comments),
	} {
		begun := time.Now()
		_, err := returned.Compare(o.model, o.doc, d)
		if took := time.Since(begun); took > longest {
			t.Errorf("Compare(%s) takes %v, want at most %v", name, took, longest)
		}
		if (err != nil) != strings.Contains(name, "many times") {
			t.Errorf("Compare(%s) = %v, want only what says far more than was sent refused", name, err)
		}
	}
}
