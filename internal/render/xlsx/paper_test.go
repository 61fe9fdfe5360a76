package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	format "github.com/assayhq/assay/internal/format/xlsx"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/sample"
)

// desk is a firm's engagement in fieldwork, with one sample whose items have difficult names.
type desk struct {
	t testing.TB
	e *engage.Engagement
}

var difficult = []string{"007", "=1+1", "-x", "plain/1", "ünï/漢字/😀", "_x0041_", " leading", "@cmd", "1e5", "2026-07-01", "TRUE"}

func newDesk(t testing.TB) *desk {
	t.Helper()
	e, err := engage.Fold(engage.Firm, "eng-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t, e}
	from, _ := civil.ParseDate("2025-07-01")
	to, _ := civil.ParseDate("2026-06-30")
	d.does("pat", "open", engage.Opening{Terms: engage.Terms{Report: "soc2-type2", System: "Payments", From: from, To: to, Zone: "UTC"},
		Firm: engage.Party{Org: "f", Name: "Example CPA", Key: "kf"}, Client: engage.Party{Org: "c", Name: "Example, Inc."}, Profile: engage.Profile{Licence: "1"}})
	for who, part := range map[string]engage.Part{"pat": engage.Partner, "quinn": engage.Quality, "sam": engage.Staff} {
		d.does("pat", "join", engage.Joining{Email: who + "@firm.example", Name: who, Part: part})
		d.does(who, "confirm_independence", engage.Confirming{Statement: "I am."})
	}
	d.does("pat", "check_conflicts", engage.ConflictCheck{Clear: true, Words: "none"})
	d.does("pat", "offer_letter", engage.Letter{SHA256: engage.TextHash("letter"), Text: "letter"})
	d.act(engage.Act{Seq: 1, Side: engage.Client, Kind: "agree", By: "exa@client.example"},
		engage.Agreement{Letter: engage.TextHash("letter"), Name: "E", Title: "CEO", Client: engage.Party{Org: "c", Name: "Example, Inc.", Key: "kc"}})
	d.does("pat", "accept", engage.Because{})
	d.does("pat", "plan", engage.Plan{Strategy: "x", Matters: []report.Matter{{ID: "CC8.1", Controls: []string{"CHG-01"}}}})
	d.does("pat", "begin_fieldwork", engage.Because{})
	s := engage.Sample{ID: "s", Control: "CHG-01", Test: "CHG-01", Purpose: "undecided", Method: string(sample.Judgemental), Basis: "all that the rule could not decide", Count: len(difficult)}
	for _, k := range difficult {
		s.Items = append(s.Items, engage.SampledItem{Key: k, Reason: "undecided by the rule"})
	}
	d.does("sam", "draw", s)
	return d
}

func (d *desk) does(who, kind string, body any) {
	d.t.Helper()
	d.act(engage.Act{Seq: d.e.Next(engage.Firm), Side: engage.Firm, Kind: kind, By: who + "@firm.example"}, body)
}

func (d *desk) act(a engage.Act, body any) {
	d.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	a.Engagement, a.Edition, a.Body, a.At = "eng-1", 1, b, civil.Instant(1783400000000000)
	if err := d.e.Apply(a); err != nil {
		d.t.Fatalf("%s: %v", a.Kind, err)
	}
}

func (d *desk) ticks(marks ...engage.Tick) {
	d.t.Helper()
	d.does("sam", "tick", engage.Ticks{Control: "CHG-01", Test: "CHG-01", Marks: marks})
}

func (d *desk) sheet() engage.Sheet {
	d.t.Helper()
	s, err := d.e.Sheet("CHG-01", "CHG-01", engage.SheetOf{Statement: "=A change is approved\nbefore it is released.",
		Attributes: []engage.SheetAttribute{{ID: "A", Text: "approver is not the author"}, {ID: "B", Text: "-approved before deployment"}},
		Facts:      []string{"Deployed", "Author"}, Of: func(k string) []string { return []string{"2025-08-01T10:00:00Z", "=" + k} }})
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// drawPaper writes the sheet as a workbook.
func (d *desk) drawPaper() []byte {
	d.t.Helper()
	var b bytes.Buffer
	if err := RenderPaper(&b, d.sheet(), PaperOptions{Items: engage.ItemsSheet, About: engage.AboutSheet, Firm: "Example & Co", At: civil.Instant(1783400000000000)}); err != nil {
		d.t.Fatal(err)
	}
	if dir := os.Getenv("ASSAY_LOOK"); dir != "" {
		if err := os.WriteFile(dir+"/paper.xlsx", b.Bytes(), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	return b.Bytes()
}

// back takes a workbook in.
func (d *desk) back(b []byte) (engage.Filled, error) {
	rows := func(sheet string) iter.Seq2[register.Input, error] {
		return format.Read(bytes.NewReader(b), register.ReadOptions{File: "paper.xlsx", Sheet: sheet})
	}
	drawn, err := engage.ReadSheetDrawn(rows(engage.AboutSheet))
	if err != nil {
		return engage.Filled{}, err
	}
	s := d.sheet()
	list, err := s.SheetRows(rows(engage.ItemsSheet))
	if err != nil {
		return engage.Filled{}, err
	}
	return d.e.Fill(s, drawn, func(yield func(register.Input, error) bool) {
		for _, in := range list {
			if !yield(in, nil) {
				return
			}
		}
	})
}

// edited changes a workbook as somebody with a spreadsheet does.
func (d *desk) edited(b []byte, fn func(f *excelize.File) error) []byte {
	d.t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		d.t.Fatal(err)
	}
	if err := fn(f); err != nil {
		d.t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		d.t.Fatal(err)
	}
	return out.Bytes()
}

var notes = []string{"=1+1", "-x", "+1", "@SUM(A1)", "007", "two\nlines", "tab\there", "ünï 漢字 😀 Ελληνικά кириллица", "_x0041_ and _x000D_", "  spaces around  ", "\r\nof Windows\r\n", "a bell \x07",
	strings.Repeat("a long note ", 4000), "TRUE", "1e5", "<b>&amp;\"'", "\u2028"}

// TestPaperRoundTrip: a workbook that comes back untouched says nothing new, whatever the notes hold.
func TestPaperRoundTrip(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	n := 0
	for _, attribute := range []string{"A", "B"} {
		for i, k := range difficult {
			m := engage.Mark{Result: []string{"pass", "deviation", "not_applicable", "undecided"}[n%4], Note: notes[n%len(notes)]}
			if i%5 == 4 {
				m = engage.Mark{Result: "pass"}
			}
			d.ticks(engage.Tick{Item: k, Attribute: attribute, Mark: m})
			n++
		}
	}
	b := d.drawPaper()
	if !bytes.Equal(b, d.drawPaper()) {
		t.Error("the same paper gives other bytes")
	}
	for name, file := range map[string][]byte{"as it was": b, "saved by a spreadsheet": d.edited(b, func(*excelize.File) error { return nil })} {
		got, err := d.back(file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got.Ticks.Marks)+len(got.Conflicts)+len(got.Emptied)+len(got.Missing) != 0 || got.Same != 2*len(difficult) {
			t.Errorf("%s: Fill(untouched) = %+v, want %d cells the same", name, got, 2*len(difficult))
		}
	}
	f := open(t, b)
	for r := range len(difficult) + 2 {
		for c := range 9 {
			cell, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			if x, err := f.GetCellFormula(engage.ItemsSheet, cell); x != "" || err != nil {
				t.Errorf("%s is the formula %q, %v", cell, x, err)
			}
			if x, _ := f.GetCellValue(engage.ItemsSheet, cell); r > 0 && r <= len(difficult) && c == 0 && x != difficult[r-1] {
				t.Errorf("%s is %q, want %q", cell, x, difficult[r-1])
			}
		}
	}
}

// TestPaperFilled: what is filled in comes back, as text throughout.
func TestPaperFilled(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.edited(d.drawPaper(), func(f *excelize.File) error {
		for i := range difficult {
			row := fmt.Sprint(i + 2)
			if err := f.SetCellStr(engage.ItemsSheet, "E"+row, []string{"pass", " Deviation ", "NOT APPLICABLE", "undecided"}[i%4]); err != nil {
				return err
			}
			// Spreadsheets escape what looks like an escape; this library, writing cell by cell, does not.
			if err := f.SetCellStr(engage.ItemsSheet, "F"+row, strings.ReplaceAll(notes[i], "_x", "_x005F_x")); err != nil {
				return err
			}
		}
		if err := f.SetCellFormula(engage.ItemsSheet, "F2", `HYPERLINK("http://evil.example","x")`); err != nil {
			return err
		}
		return f.SetCellInt(engage.ItemsSheet, "F3", 7)
	})
	got, err := d.back(b)
	if err != nil {
		t.Fatal(err)
	}
	var want []engage.Tick
	for i, k := range difficult {
		m := engage.Mark{Result: []string{"pass", "deviation", "not_applicable", "undecided"}[i%4], Note: engage.Cell(notes[i])}
		switch i {
		case 0:
			m.Note = `=HYPERLINK("http://evil.example","x")`
		case 1:
			m.Note = "7"
		}
		want = append(want, engage.Tick{Item: k, Attribute: "A", Mark: m})
	}
	if diff := cmp.Diff(want, got.Ticks.Marks); diff != "" {
		t.Errorf("Fill (-want +got):\n%s", diff)
	}
	d.ticks(got.Ticks.Marks...)
	if again, err := d.back(b); err != nil || len(again.Ticks.Marks)+len(again.Conflicts) != 0 {
		t.Errorf("the same workbook again = %+v, %v; want nothing new", again, err)
	}
}

// TestPaperMeanwhile: answers made in the application after the sheet was drawn are not overwritten, and no row or result that is gone
// deletes one.
func TestPaperMeanwhile(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mark := func(k, result, note string) engage.Tick {
		return engage.Tick{Item: k, Attribute: "A", Mark: engage.Mark{Result: result, Note: note, Evidence: "files/1@1"}}
	}
	d.ticks(mark("007", "pass", ""), mark("-x", "pass", "seen"), mark("plain/1", "pass", ""), mark("@cmd", "deviation", "late"))
	b := d.drawPaper()
	d.ticks(mark("007", "deviation", "found here"), mark("=1+1", "pass", "made here"), mark("plain/1", "deviation", "both"))
	b = d.edited(b, func(f *excelize.File) error {
		for cell, text := range map[string]string{"E2": "undecided", "F2": "asked the owner", "E5": "deviation", "F5": "both", "F4": "seen twice", "E9": ""} {
			if err := f.SetCellStr(engage.ItemsSheet, cell, text); err != nil {
				return err
			}
		}
		if err := f.UnprotectSheet(engage.ItemsSheet); err != nil {
			return err
		}
		return f.RemoveRow(engage.ItemsSheet, 12)
	})
	got, err := d.back(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Ticks.Marks) != 1 || got.Ticks.Marks[0].Item != "-x" || got.Ticks.Marks[0].Note != "seen twice" || got.Ticks.Marks[0].Evidence != "files/1@1" {
		t.Errorf("Ticks = %+v, want the one note, with its evidence", got.Ticks.Marks)
	}
	if len(got.Conflicts) != 1 || got.Conflicts[0].Item != "007" || got.Conflicts[0].Sheet.Result != "undecided" || got.Conflicts[0].Here.Note != "found here" || got.Conflicts[0].Here.By != "sam@firm.example" {
		t.Errorf("Conflicts = %+v, want the one with both answers", got.Conflicts)
	}
	if !slices.Equal(got.Missing, []string{"TRUE"}) || !slices.Equal(got.Emptied, []string{"@cmd, A"}) {
		t.Errorf("Missing = %q, Emptied = %q; want TRUE and @cmd, A", got.Missing, got.Emptied)
	}
	for choice, want := range map[bool]int{true: 2, false: 1} {
		if x, err := got.Settled(map[string]bool{"007, A": choice}); err != nil || len(x.Marks) != want {
			t.Errorf("Settled(%t) = %+v, %v; want %d marks", choice, x, err, want)
		}
	}
	for _, choice := range []map[string]bool{nil, {"007, A": true, "other": true}} {
		if _, err := got.Settled(choice); err == nil {
			t.Errorf("Settled(%v) was accepted", choice)
		}
	}
}

// TestPaperRefused: what is not the auditor's to change, or is no answer, is refused with its place.
func TestPaperRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.ticks(engage.Tick{Item: "007", Attribute: "B", Mark: engage.Mark{Result: "deviation", Note: strings.Repeat("x", 40_000)}})
	b := d.drawPaper()
	set := func(sheet, cell, text string) func(f *excelize.File) error {
		return func(f *excelize.File) error { return f.SetCellStr(sheet, cell, text) }
	}
	for _, c := range []struct {
		name string
		edit func(f *excelize.File) error
		want string
	}{
		{"a key", set("Items", "A3", "=1+2"), `sheet Items, row 3, column "Item": "=1+2" is no item`},
		{"a key as a number", func(f *excelize.File) error { return f.SetCellInt("Items", "A2", 7) }, `row 2, column "Item": "7" is no item`},
		{"a fact", set("Items", "C4", "2026-01-01"), `sheet Items, row 4, column "Deployed": "2025-08-01T10:00:00Z" was changed to "2026-01-01"`},
		{"a fact emptied", set("Items", "D4", ""), `row 4, column "Author"`},
		{"the sample", set("Items", "B4", "operation"), `row 4, column "Sample"`},
		{"the check", set("Items", "I4", "0123456789abcdef"), `row 4, column "Check": a cell of the row that is locked`},
		{"a row twice", set("Items", "A3", "007"), `row 3, column "Item": "007" stands in row 2 too`},
		{"no result", set("Items", "E4", "ok"), `row 4, column "A · result": "ok" is no result`},
		{"a note alone", set("Items", "F4", "why"), `row 4, column "A · result": a note and no result`},
		{"a deviation without words", set("Items", "E4", "deviation"), `row 4, column "A · note": nothing says why`},
		{"a column more", func(f *excelize.File) error {
			if err := f.SetCellStr("Items", "J1", "My remarks"); err != nil {
				return err
			}
			return f.SetCellStr("Items", "J4", "look again")
		}, `row 4, column "My remarks": the sheet has no such column`},
		{"no items", set("Items", "A1", "Thing"), `column "Thing"`},
		{"a note that was cut", set("Items", "H2", "shorter"), `row 2, column "B · note": the note is longer than a cell`},
		{"of another engagement", set("About", "B10", "eng-2"), "in engagement eng-2"},
		{"of no paper", func(f *excelize.File) error { return f.DeleteSheet("About") }, `no sheet is named "About"`},
		{"without a fingerprint", set("About", "B12", ""), "does not say of which work paper"},
		{"from the future", set("About", "B11", "9999"), "expected"},
		{"of two acts", func(f *excelize.File) error { return f.SetSheetCol("About", "A13", &[]any{"Drawn after act", "1"}) }, `says twice what "Drawn after act" is`},
		{"a second sheet without end", func(f *excelize.File) error { return column(f, "About", 2000) }, "more than 1000 lines"},
		{"items without end", func(f *excelize.File) error { return column(f, "Items", 5000) }, "is no item of this sheet"},
	} {
		got, err := d.back(d.edited(b, c.edit))
		if err == nil || !strings.Contains(err.Error(), c.want) || len(got.Ticks.Marks) != 0 {
			t.Errorf("%s: Fill = %+v, %v; want a refusal that says %q", c.name, got.Ticks.Marks, err, c.want)
		}
	}
	for name, bad := range map[string][]byte{"no workbook": []byte("item,result"), "half of one": b[:len(b)/2]} {
		if _, err := d.back(bad); err == nil {
			t.Errorf("%s was taken in", name)
		}
	}
}

// column fills the first column of a sheet far down.
func column(f *excelize.File, sheet string, n int) error {
	texts := make([]any, n)
	for i := range texts {
		texts[i] = fmt.Sprint("line ", i)
	}
	return f.SetSheetCol(sheet, "A20", &texts)
}

// TestPaperLooks: the workbook locks what is only shown, offers the results, and keeps its head in sight.
func TestPaperLooks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	parts := unzipped(t, d.drawPaper())
	sheet := parts["xl/worksheets/sheet1.xml"]
	for _, want := range []string{`<sheetProtection`, `sheet="true"`, `state="frozen"`, `<dataValidation`, `sqref="E2:E12"`, `"pass,deviation,not applicable,undecided"`} {
		if !strings.Contains(sheet, want) {
			t.Errorf("the sheet of the items lacks %s", want)
		}
	}
	if strings.Contains(sheet, "<f>") || strings.Contains(sheet, "password") {
		t.Error("the sheet of the items holds a formula, or a password")
	}
	f := open(t, d.drawPaper())
	for cell, locked := range map[string]bool{"A2": true, "B2": true, "D2": true, "E2": false, "F2": false, "H12": false} {
		n, err := f.GetCellStyle(engage.ItemsSheet, cell)
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.GetStyle(n)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Protection == nil || s.Protection.Locked; got != locked || s.NumFmt != 49 {
			t.Errorf("%s: locked %t, number format %d; want %t and text", cell, got, s.NumFmt, locked)
		}
	}
}

// wrongPaper gives cells that its own heads do not expect.
type wrongPaper struct {
	engage.Sheet
	rows [][]string
}

func (w wrongPaper) Rows() iter.Seq[[]string] { return slices.Values(w.rows) }

func TestPaperCannotHold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, rows := range [][][]string{{{"too", "few"}}, {{"a", "b", "c", "d", "pass", "\x01", "", "", ""}}} {
		err := RenderPaper(&bytes.Buffer{}, wrongPaper{d.sheet(), rows}, PaperOptions{Items: "Items", About: "About"})
		if err == nil || !strings.Contains(err.Error(), fault.Refused.Error()) && !strings.Contains(err.Error(), "row") {
			t.Errorf("RenderPaper(%q) = %v, want a refusal", rows, err)
		}
	}
}

func unzipped(t testing.TB, b []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// TestPaperOlder: a workbook that was drawn before more items came is taken in, and a locked cell of it is still held against what was drawn.
func TestPaperOlder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.drawPaper()
	d.does("sam", "draw", engage.Sample{ID: "s2", Control: "CHG-01", Test: "CHG-01", Purpose: "undecided", Method: string(sample.Judgemental), Basis: "one more", Count: 1,
		Items: []engage.SampledItem{{Key: "new", Reason: "found later"}}})
	b = d.edited(b, func(f *excelize.File) error { return f.SetCellStr("Items", "E2", "pass") })
	got, err := d.back(b)
	if err != nil || len(got.Ticks.Marks) != 1 || !slices.Equal(got.Missing, []string{"new"}) {
		t.Errorf("Fill = %+v, %v; want one mark, and the item that came later named", got, err)
	}
	if _, err := d.back(d.edited(b, func(f *excelize.File) error { return f.SetCellStr("Items", "D3", "somebody") })); err == nil || !strings.Contains(err.Error(), `row 3, column "Author"`) {
		t.Errorf("a changed fact on an older sheet = %v, want it named", err)
	}
}

func BenchmarkPaper(b *testing.B) {
	d := newDesk(b)
	s := engage.Sample{ID: "many", Control: "CHG-01", Test: "CHG-01", Purpose: "undecided", Method: string(sample.Judgemental), Basis: "many", Count: 5000}
	for i := range 5000 {
		s.Items = append(s.Items, engage.SampledItem{Key: fmt.Sprint("item-", i), Reason: "x"})
	}
	d.does("sam", "draw", s)
	for b.Loop() {
		if _, err := d.back(d.drawPaper()); err != nil {
			b.Fatal(err)
		}
	}
}
