package engage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// Sheet is the work paper of one test as a table that is filled in elsewhere and comes back: an item of the samples a row, an attribute two
// columns, its result and its note. What the auditor fills in is the results and the notes; everything else is only shown.
type Sheet struct {
	Engagement, Control, Test string
	Client, Period, Statement string
	Attributes                []SheetAttribute
	Facts                     []string // names of the columns that say what is known of an item
	Items                     []SheetItem
	Drawn                     int // the last act of the firm that the sheet knows: marks of later ones were made meanwhile
}

// SheetAttribute is a lettered question of a test.
type SheetAttribute struct {
	ID, Text string
}

// SheetItem is a row.
type SheetItem struct {
	Key, Sample string
	Void        bool // another item stands for it; it needs no result
	Facts       []string
	Marks       map[string]Mark // by attribute, as they are now
}

// SheetOf is what a sheet shows beside what the engagement knows: the client's control, the attributes of its test, and of each item the
// facts, in the order of their names.
type SheetOf struct {
	Statement  string
	Attributes []SheetAttribute
	Facts      []string
	Of         func(item string) []string // nil: no facts
}

// The sheets of the workbook and the columns that every one has.
const (
	ItemsSheet = "Items"
	AboutSheet = "About"

	itemColumn   = "Item"
	sampleColumn = "Sample"
	checkColumn  = "Check"
	voidWord     = "void: another item stands for it"
)

// results are the words of results on a sheet.
var results = []struct{ result, word string }{{"pass", "pass"}, {"deviation", "deviation"}, {"not_applicable", "not applicable"}, {"undecided", "undecided"}}

func wordOf(result string) string {
	for _, r := range results {
		if r.result == result {
			return r.word
		}
	}
	return ""
}

// Sheet draws the sheet of a test as the paper stands.
func (e *Engagement) Sheet(control, test string, of SheetOf) (Sheet, error) {
	s := Sheet{Engagement: e.ID, Control: control, Test: test, Client: e.Client.Name, Period: e.Terms.Words(), Statement: of.Statement,
		Attributes: slices.Clone(of.Attributes), Facts: of.Facts, Drawn: e.next[Firm] - 1}
	if err := s.named(); err != nil {
		return s, err
	}
	var t *TestPaper
	if p := e.Papers[control]; p != nil {
		t = p.Tests[test]
	}
	if t != nil {
		for _, id := range t.asked() { // what was marked is on the sheet, whatever the test asks now
			if !slices.ContainsFunc(s.Attributes, func(a SheetAttribute) bool { return a.ID == id }) {
				s.Attributes = append(s.Attributes, SheetAttribute{ID: id})
			}
		}
	}
	seen := map[string]bool{}
	add := func(x SheetItem) {
		if seen[x.Key] {
			return
		}
		seen[x.Key] = true
		if of.Of != nil {
			x.Facts = of.Of(x.Key)
		}
		if t != nil {
			x.Marks = maps.Clone(t.Marks[x.Key]) // the sheet is written while others mark
		}
		s.Items = append(s.Items, x)
	}
	for _, smp := range e.Samples {
		if smp.Control == control && smp.Test == test {
			for _, x := range smp.Items {
				add(SheetItem{Key: x.Key, Sample: smp.Purpose, Void: x.Void})
			}
		}
	}
	if t != nil {
		for _, key := range sortedKeys(t.Marks) { // items that were marked outside of a sample, such as all of a small population
			add(SheetItem{Key: key})
		}
	}
	if len(s.Items) == 0 {
		return s, fault.Refuse("%s: nothing was drawn for %s, and nothing is marked", control, test)
	}
	return s, nil
}

// named refuses columns of the same name.
func (s Sheet) named() error {
	seen := map[string]bool{}
	heads, _, _, _ := s.Columns()
	for _, h := range heads {
		if strings.TrimSpace(h) != h || h == "" || seen[h] {
			return fault.Refuse("two columns of the sheet would be named %q, or one has no name", h)
		}
		seen[h] = true
	}
	return nil
}

// Name is the title of the workbook.
func (s Sheet) Name() string { return s.Control + " · " + s.Test }

func resultColumn(attribute string) string { return attribute + " · result" }
func noteColumn(attribute string) string   { return attribute + " · note" }

// Columns are the heads of the table, their widths in letters, which of them are filled in, and between what one chooses there (nil: any text).
func (s Sheet) Columns() (heads []string, widths []float64, open []bool, choices [][]string) {
	add := func(head string, width float64, filled bool, of []string) {
		heads, widths, open, choices = append(heads, head), append(widths, width), append(open, filled), append(choices, of)
	}
	add(itemColumn, 28, false, nil)
	add(sampleColumn, 14, false, nil)
	for _, f := range s.Facts {
		add(f, 24, false, nil)
	}
	var words []string
	for _, r := range results {
		words = append(words, r.word)
	}
	for _, a := range s.Attributes {
		add(resultColumn(a.ID), 16, true, words)
		add(noteColumn(a.ID), 40, true, nil)
	}
	add(checkColumn, 18, false, nil)
	return heads, widths, open, choices
}

// Rows are the cells, row by row.
func (s Sheet) Rows() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, x := range s.Items {
			row := s.locked(x)
			for _, a := range s.Attributes {
				m := x.Marks[a.ID]
				row = append(row, wordOf(m.Result), Cell(m.Note))
			}
			row = append(row, s.check(s.locked(x)))
			if !yield(row) {
				return
			}
		}
	}
}

// locked are the cells of a row that are only shown.
func (s Sheet) locked(x SheetItem) []string {
	row := []string{Cell(x.Key), x.Sample}
	if x.Void {
		row[1] = voidWord
	}
	for i := range s.Facts {
		fact := ""
		if i < len(x.Facts) {
			fact = Cell(x.Facts[i])
		}
		row = append(row, fact)
	}
	return row
}

// About are the lines of the second sheet: of what the first is, and what comes back with it.
func (s Sheet) About() [][2]string {
	out := [][2]string{
		{"Control", s.Control}, {"Test", s.Test}, {"Statement", Cell(s.Statement)}, {"Client", Cell(s.Client)}, {"Time", s.Period},
		{"How to fill it in", "Choose a result for each attribute and say in the note why it is not a pass. Everything else is locked. A row that is deleted, or a result that is emptied, deletes nothing."},
	}
	for _, a := range s.Attributes {
		out = append(out, [2]string{"Attribute " + a.ID, Cell(a.Text)})
	}
	return append(out, [2]string{aboutEngagement, s.Engagement}, [2]string{aboutDrawn, strconv.Itoa(s.Drawn)}, [2]string{aboutPrint, s.Fingerprint()})
}

const (
	aboutEngagement = "Engagement"
	aboutDrawn      = "Drawn after act"
	aboutPrint      = "Fingerprint of the locked cells"
)

// Fingerprint is the SHA-256 over what is locked, in lower-case hex.
func (s Sheet) Fingerprint() string {
	h := sha256.New()
	put := func(text string) { _, _ = fmt.Fprintf(h, "%d:%s\n", len(text), text) } // a hash takes everything
	for _, x := range []string{s.Engagement, s.Control, s.Test, strconv.Itoa(s.Drawn)} {
		put(x)
	}
	heads, _, _, _ := s.Columns()
	for _, x := range heads {
		put(x)
	}
	for _, x := range s.Items {
		for _, cell := range s.locked(x) {
			put(cell)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// check is the mark by which a row shows that its locked cells are as they were drawn: the first 16 digits of a SHA-256. It keeps hands from
// slipping; nothing that stands in a locked cell is taken in.
func (s Sheet) check(locked []string) string {
	h := sha256.New()
	for _, x := range append([]string{s.Engagement, s.Control, s.Test, strconv.Itoa(s.Drawn)}, locked...) {
		_, _ = fmt.Fprintf(h, "%d:%s\n", len(x), x)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// cellMost is how many UTF-16 units of a text go into a cell, which holds 32,767: room is left for the remark.
const cellMost = 31_900

const cutRemark = "… (cut: longer than a cell)"

// Cell is a text as a cell of a workbook can hold it: lines end in a line feed, what XML forbids becomes a visible sign, and what is too
// long is cut with a remark. Of a text that a cell can hold it is the same text.
func Cell(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\ufffd"))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20:
			return 0x2400 + r
		case r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
			return '\ufffd'
		}
		return r
	}, s)
	units := 0
	for i, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		if units > cellMost {
			return s[:i] + cutRemark
		}
	}
	return s
}
