package xlsx

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Paper is a table that people fill in elsewhere and give back, with what it is about.
type Paper interface {
	Name() string       // title of the workbook
	About() [][2]string // the lines of the second sheet
	// Columns are the heads, their widths in letters, which of them are filled in, and between what one chooses there (nil: any text).
	Columns() (heads []string, widths []float64, open []bool, choices [][]string)
	Rows() iter.Seq[[]string]
}

// PaperOptions are what a paper needs beside its cells.
type PaperOptions struct {
	Items, About string        // names of the two sheets
	Firm         string        // whose paper it is
	At           civil.Instant // when it was drawn
}

// RenderPaper writes a paper as a workbook. All cells hold text, also those that look like a number or a formula, and what is typed into them
// stays text; only the columns that are filled in can be changed, and rows can be deleted and sorted. The lock has no password: it keeps hands from
// slipping, and who takes the workbook back compares. A text that a cell cannot hold is refused.
func RenderPaper(w io.Writer, p Paper, o PaperOptions) error {
	f := excelize.NewFile(excelize.Options{TmpDir: "\x00"})
	b := &book{f: f}
	if err := b.paper(p, o); err != nil {
		return fmt.Errorf("write the paper %s: %w", p.Name(), err)
	}
	return pack(w, f, b.quoted)
}

// paperLooks are the styles of a paper's cells: text throughout (number format "@").
type paperLooks struct{ shown, open, strong int }

func (b *book) paper(p Paper, o PaperOptions) error {
	if err := b.styles(); err != nil {
		return err
	}
	top := &excelize.Alignment{Vertical: "top", WrapText: true}
	text := func(s excelize.Style) int {
		s.NumFmt, s.Alignment = 49, top // @
		n, _ := b.f.NewStyle(&s)        // fails on fonts without a size only
		return n
	}
	looks := paperLooks{
		shown:  text(excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F7F7F5"}}, Protection: &excelize.Protection{Locked: true}}),
		open:   text(excelize.Style{Protection: &excelize.Protection{Locked: false}}),
		strong: text(excelize.Style{Font: &excelize.Font{Bold: true, Size: 11, Family: "Calibri"}, Protection: &excelize.Protection{Locked: true}}),
	}
	at := o.At.Time().Format("2006-01-02T15:04:05Z")
	if err := b.f.SetDocProps(&excelize.DocProperties{Title: "Work paper · " + clean(p.Name()), Creator: clean(o.Firm), LastModifiedBy: "Assay", Created: at, Modified: at, Language: "en-US"}); err != nil {
		return err
	}
	if err := b.f.SetAppProps(&excelize.AppProperties{Application: "Assay"}); err != nil {
		return err
	}
	if err := b.f.SetSheetName("Sheet1", o.Items); err != nil {
		return err
	}
	if _, err := b.f.NewSheet(o.About); err != nil {
		return err
	}
	if err := b.paperItems(p, o, looks); err != nil {
		return err
	}
	return b.paperAbout(p, o, looks)
}

// paperItems writes the sheet that is filled in.
func (b *book) paperItems(p Paper, o PaperOptions, looks paperLooks) error {
	heads, widths, open, choices := p.Columns()
	var rows [][]string
	for row := range p.Rows() {
		if len(row) != len(heads) {
			return fault.Refuse("a row has %d cells; expected %d", len(row), len(heads))
		}
		rows = append(rows, row)
	}
	if len(rows) > maxRows {
		return fault.Refuse("%d rows; a sheet holds %d", len(rows), maxRows)
	}
	last := strconv.Itoa(len(rows) + 1)
	for i, list := range choices {
		if list == nil {
			continue
		}
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		v := excelize.NewDataValidation(true)
		v.Sqref = column + "2:" + column + last
		if err := v.SetDropList(list); err != nil {
			return err
		}
		v.SetError(excelize.DataValidationErrorStyleStop, "No such result", "Choose one of: "+strings.Join(list, ", "))
		if err := b.f.AddDataValidation(o.Items, v); err != nil {
			return err
		}
	}
	if err := b.locked(o.Items, p, o); err != nil {
		return err
	}
	w, err := b.f.NewStreamWriter(o.Items)
	if err != nil {
		return err
	}
	for i, width := range widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2", ActivePane: "bottomRight"}); err != nil {
		return err
	}
	head := make([]any, len(heads))
	for i, h := range heads {
		head[i] = excelize.Cell{StyleID: b.look.head, Value: h}
	}
	if err := w.SetRow("A1", head); err != nil {
		return err
	}
	for n, row := range rows {
		cells := make([]any, len(row))
		for i, text := range row {
			style := looks.shown
			if open[i] {
				style = looks.open
			}
			if clean(text) != text {
				return fault.Refuse("row %d, column %q: a cell cannot hold this text", n+2, heads[i])
			}
			cells[i] = excelize.Cell{StyleID: style, Value: text}
		}
		if err := w.SetRow("A"+strconv.Itoa(n+2), cells, height(cells, widths)...); err != nil {
			return err
		}
	}
	return w.Flush()
}

// paperAbout writes the sheet that says what the first one is.
func (b *book) paperAbout(p Paper, o PaperOptions, looks paperLooks) error {
	if err := b.locked(o.About, p, o); err != nil {
		return err
	}
	w, err := b.f.NewStreamWriter(o.About)
	if err != nil {
		return err
	}
	widths := []float64{32, 90}
	for i, width := range widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := w.SetRow("A1", []any{excelize.Cell{StyleID: b.look.head, Value: "About"}, excelize.Cell{StyleID: b.look.head, Value: "This paper"}}); err != nil {
		return err
	}
	for n, line := range p.About() {
		cells := []any{excelize.Cell{StyleID: looks.strong, Value: clean(line[0])}, excelize.Cell{StyleID: looks.shown, Value: clean(line[1])}}
		if err := w.SetRow("A"+strconv.Itoa(n+2), cells, height(cells, widths)...); err != nil {
			return err
		}
	}
	return w.Flush()
}

// locked protects a sheet but for the cells that are open, and sets how it is printed.
func (b *book) locked(name string, p Paper, o PaperOptions) error {
	if err := b.f.ProtectSheet(name, &excelize.SheetProtectionOptions{SelectLockedCells: true, SelectUnlockedCells: true, FormatColumns: true, FormatRows: true,
		AutoFilter: true, Sort: true, DeleteRows: true}); err != nil {
		return err
	}
	landscape, fit, tall := "landscape", 1, 0
	if err := b.f.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &landscape, FitToWidth: &fit, FitToHeight: &tall}); err != nil {
		return err
	}
	yes := true
	if err := b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes}); err != nil {
		return err
	}
	return b.f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddHeader: "&L" + plain(o.Firm, 60) + "&C" + plain(p.Name(), 80), OddFooter: "&L&A&RPage &P of &N"})
}
