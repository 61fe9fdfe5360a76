package engage

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// SheetDrawn is what a workbook that comes back says of itself.
type SheetDrawn struct {
	Engagement, Control, Test string
	After                     int    // the last act of the firm that it knew
	Fingerprint               string // of its locked cells
}

// Filled is what comes of a workbook. Nothing is done yet: Ticks are for the act "tick", of which the page asks once the conflicts are settled.
type Filled struct {
	Ticks     Ticks
	Same      int             // cells whose answer stands already
	Conflicts []SheetConflict // answered on the sheet and, meanwhile, otherwise in the application: neither is taken silently
	Emptied   []string        // places whose answer was emptied on the sheet: it stays
	Missing   []string        // items whose row is not there any more: their answers stay
}

// SheetConflict is one attribute of one item with both answers.
type SheetConflict struct {
	Item, Attribute string
	Sheet           Mark // as filled in
	Here            Mark // as it stands now, with who made it and when
}

// aboutMost is how many lines of the second sheet are read; a sheet has one for each attribute and some ten besides.
const aboutMost = 1000

// ReadSheetDrawn reads the lines of the second sheet. One that stands there twice is refused: it would say two things.
func ReadSheetDrawn(rows iter.Seq2[register.Input, error]) (SheetDrawn, error) {
	lines := map[string]string{}
	for in, err := range rows {
		if err != nil {
			return SheetDrawn{}, err
		}
		if len(in.Fields) < 2 {
			continue
		}
		name := in.Fields[0].Value.Text
		if _, twice := lines[name]; twice && name != "" {
			return SheetDrawn{}, fault.At("", in.Line, "", "the sheet %s says twice what %q is; expected it as it was drawn", AboutSheet, name)
		}
		if lines[name] = in.Fields[1].Value.Text; len(lines) > aboutMost {
			return SheetDrawn{}, fault.At("", in.Line, "", "the sheet %s has more than %d lines; expected it as it was drawn", AboutSheet, aboutMost)
		}
	}
	d := SheetDrawn{Engagement: lines[aboutEngagement], Control: lines["Control"], Test: lines["Test"], Fingerprint: lines[aboutPrint]}
	var err error
	if d.After, err = strconv.Atoi(lines[aboutDrawn]); err != nil || d.After < 1 || d.Control == "" || d.Test == "" || !isHash(d.Fingerprint) {
		return d, fault.At("", 0, "", "the sheet %s does not say of which work paper it is; expected a workbook that was drawn here, with that sheet as it was", AboutSheet)
	}
	return d, nil
}

// filling reads one workbook.
type filling struct {
	sheet Sheet
	drawn SheetDrawn
	now   *TestPaper
	was   map[string]map[string]Mark // as the sheet was drawn
	items map[string]int             // of the sheet, by the text of their cell
	seen  map[string]int             // rows read, by the same
	heads []string
	out   Filled
}

// Fill reads the rows of a workbook that comes back against the sheet as it would be drawn now. A cell that is only shown and was changed, a
// result that is none, a row twice or of no item is refused with its place, and then nothing of the workbook is taken.
func (e *Engagement) Fill(s Sheet, d SheetDrawn, rows iter.Seq2[register.Input, error]) (Filled, error) {
	if d.Engagement != e.ID || d.Control != s.Control || d.Test != s.Test || d.After >= e.next[Firm] {
		return Filled{}, fault.Refuse("the workbook is of %s, test %s, in engagement %s; expected %s, test %s, of this one", d.Control, d.Test, d.Engagement, s.Control, s.Test)
	}
	f := &filling{sheet: s, drawn: d, now: &TestPaper{}, was: map[string]map[string]Mark{}, items: map[string]int{}, seen: map[string]int{}}
	f.heads, _, _, _ = s.Columns()
	f.out.Ticks = Ticks{Control: s.Control, Test: s.Test}
	if p := e.Papers[s.Control]; p != nil && p.Tests[s.Test] != nil {
		f.now = p.Tests[s.Test]
	}
	for _, m := range f.now.Was {
		if m.Seq <= d.After {
			if f.was[m.Item] == nil {
				f.was[m.Item] = map[string]Mark{}
			}
			f.was[m.Item][m.Attribute] = m.Mark
		}
	}
	for i, x := range s.Items {
		f.items[Cell(x.Key)] = i
	}
	for in, err := range rows {
		if err == nil {
			err = f.row(in)
		}
		if err != nil {
			return Filled{}, err
		}
	}
	for _, x := range s.Items {
		if _, ok := f.seen[Cell(x.Key)]; !ok {
			f.out.Missing = append(f.out.Missing, x.Key)
		}
	}
	return f.out, nil
}

func wrongCell(row int, column, format string, args ...any) error {
	return fault.At("", row, column, "sheet %s, row %d, column %q: %s", ItemsSheet, row, column, fmt.Sprintf(format, args...))
}

// SheetRows reads the rows of a workbook that comes back, before anything is held against the paper: reading may take long, and nobody waits for
// it. Of a row only the cells that Fill looks at are kept, and no more rows than can be right.
func (s Sheet) SheetRows(rows iter.Seq2[register.Input, error]) ([]register.Input, error) {
	heads, _, _, _ := s.Columns()
	known := map[string]bool{}
	for _, h := range heads {
		known[h] = true
	}
	var out []register.Input
	for in, err := range rows {
		if err != nil {
			return nil, err
		}
		strange := false
		in.Fields = slices.Clip(slices.DeleteFunc(slices.Clone(in.Fields), func(m register.Member) bool {
			strange = strange || !known[m.Name] && m.Value.Text != ""
			return !known[m.Name] && m.Value.Text == ""
		}))
		if out = append(out, in); strange || len(out) > len(s.Items)+spareRows {
			break // Fill refuses this one, or one before it
		}
	}
	return out, nil
}

// spareRows are rows of a workbook that hold nothing, and one that is too many.
const spareRows = 1000

// row takes one row over.
func (f *filling) row(in register.Input) error {
	cells := map[string]string{}
	for _, m := range in.Fields {
		if !slices.Contains(f.heads, m.Name) {
			if m.Value.Text == "" {
				continue
			}
			return wrongCell(in.Line, m.Name, "the sheet has no such column, and what stands there would be lost; expected it in a note")
		}
		cells[m.Name] = Cell(m.Value.Text)
	}
	empty := true
	for _, text := range cells {
		empty = empty && text == ""
	}
	if empty {
		return nil
	}
	key, given := cells[itemColumn]
	if !given {
		return wrongCell(in.Line, itemColumn, "the column is not there any more; expected the items")
	}
	i, ok := f.items[key]
	if !ok {
		return wrongCell(in.Line, itemColumn, "%q is no item of this sheet; the column is locked", key)
	}
	if before, twice := f.seen[key]; twice {
		return wrongCell(in.Line, itemColumn, "%q stands in row %d too; expected each item once", key, before)
	}
	f.seen[key] = in.Line
	if err := f.shown(in.Line, i, cells); err != nil {
		return err
	}
	for _, a := range f.sheet.Attributes {
		if err := f.cell(in.Line, f.sheet.Items[i], a.ID, cells); err != nil {
			return err
		}
	}
	return nil
}

// shown holds the cells of a row that are only shown against its check. Where one was changed, it is the first that differs from what would be
// drawn now; where the facts have changed here too, because the client's records were taken in anew, only the row is known.
func (f *filling) shown(line, i int, cells map[string]string) error {
	s := f.sheet
	s.Drawn = f.drawn.After
	now := s.locked(s.Items[i])
	got := make([]string, len(now))
	for n := range now {
		got[n] = cells[f.heads[n]]
	}
	if s.check(got) == cells[checkColumn] {
		return nil
	}
	for n, want := range now {
		if got[n] != want {
			return wrongCell(line, f.heads[n], "%q was changed to %q; the cell is locked", want, got[n])
		}
	}
	return wrongCell(line, checkColumn, "a cell of the row that is locked was changed, or the row is of another sheet")
}

// cell takes one attribute of one item over.
func (f *filling) cell(line int, x SheetItem, attribute string, cells map[string]string) error {
	word, hasResult := cells[resultColumn(attribute)]
	note, hasNote := cells[noteColumn(attribute)]
	was, now := f.was[x.Key][attribute], f.now.Marks[x.Key][attribute]
	if !hasResult {
		word = wordOf(was.Result)
	}
	if !hasNote {
		note = Cell(was.Note)
	}
	got := Mark{Evidence: now.Evidence}
	for _, r := range results {
		if strings.EqualFold(strings.TrimSpace(word), r.word) {
			got.Result = r.result
		}
	}
	got.Note = note
	if note == Cell(was.Note) {
		got.Note = was.Note // what a cell cannot hold is kept as it was
	} else if strings.HasSuffix(Cell(was.Note), cutRemark) {
		return wrongCell(line, noteColumn(attribute), "the note is longer than a cell and was cut on the sheet; expected it unchanged, or changed in the application")
	}
	place := x.Key + ", " + attribute
	switch {
	case got.Result == "" && strings.TrimSpace(word) != "":
		return wrongCell(line, resultColumn(attribute), "%q is no result; expected pass, deviation, not applicable or undecided", word)
	case got.Result == was.Result && got.Note == was.Note: // not touched on the sheet
		f.out.Same++
	case got.Result == now.Result && got.Note == now.Note: // both came to the same
		f.out.Same++
	case got.Result == "" && was.Result != "":
		f.out.Emptied = append(f.out.Emptied, place)
	case got.Result == "":
		return wrongCell(line, resultColumn(attribute), "a note and no result; expected one")
	case got.Result != "pass" && strings.TrimSpace(got.Note) == "":
		return wrongCell(line, noteColumn(attribute), "nothing says why it is %s; expected words", wordOf(got.Result))
	case now.Seq > f.drawn.After:
		f.out.Conflicts = append(f.out.Conflicts, SheetConflict{Item: x.Key, Attribute: attribute, Sheet: got, Here: now})
	default:
		f.out.Ticks.Marks = append(f.out.Ticks.Marks, Tick{Item: x.Key, Attribute: attribute, Mark: got})
	}
	return nil
}

// Settled gives the marks to make once somebody has chosen of each conflict, named as "item, attribute", whether the sheet's answer goes over
// the one that stands. A conflict on which nobody chose is refused.
func (f Filled) Settled(sheet map[string]bool) (Ticks, error) {
	out := f.Ticks
	out.Marks = slices.Clone(out.Marks)
	chosen := maps.Clone(sheet)
	for _, c := range f.Conflicts {
		place := c.Item + ", " + c.Attribute
		take, ok := chosen[place]
		if !ok {
			return Ticks{}, fault.Refuse("%s was answered on the sheet and, by %s, here; expected a choice between %s and %s", place, c.Here.By, wordOf(c.Sheet.Result), wordOf(c.Here.Result))
		}
		if delete(chosen, place); take {
			out.Marks = append(out.Marks, Tick{Item: c.Item, Attribute: c.Attribute, Mark: c.Sheet})
		}
	}
	if len(chosen) > 0 {
		return Ticks{}, fault.Refuse("a choice is made about what is no conflict")
	}
	return out, nil
}
