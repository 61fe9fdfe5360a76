// Package xlsx writes the figures of a period as a workbook: a summary, the populations, the exceptions and
// the months. Numbers and dates are numbers; no text becomes a formula; the same results and options give
// the same bytes.
package xlsx

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Options are what a workbook needs beside its figures.
type Options struct {
	// Watermark names this copy on the summary and in the head of printed pages. May be empty.
	Watermark string
}

// maxRows is the rows of a sheet under its head (ECMA-376: 1,048,576 rows in all).
const maxRows = 1_048_575

// Render writes the workbook. Results are listed by the order of the controls. Exceptions that one sheet
// cannot hold go on in a next one, and the summary says so. It refuses results whose figures were known at
// no time.
func Render(w io.Writer, res assure.Results, controls []assure.Control, o Options) error {
	return render(w, res, controls, o, maxRows)
}

func render(w io.Writer, res assure.Results, controls []assure.Control, o Options, limit int) error {
	known, err := civil.ParseInstant(res.KnownAt)
	if err != nil || known == civil.Never {
		return fault.Refuse("a workbook needs the time at which its figures were known; %q is none", res.KnownAt)
	}
	// A folder that cannot exist keeps excelize from spilling rows to files: findings name people.
	f := excelize.NewFile(excelize.Options{TmpDir: "\x00"})
	b := &book{f: f, res: res, controls: controls, o: o, limit: limit, zone: res.Period.Zone}
	if err := b.write(known); err != nil {
		return fmt.Errorf("write a workbook: %w", err)
	}
	return pack(w, f, b.quoted)
}

type book struct {
	f        *excelize.File
	res      assure.Results
	controls []assure.Control
	o        Options
	limit    int
	zone     civil.Zone
	tests    []assure.TestResult // in the order of the controls
	quoted   int                 // the style of texts that look like formulas
	look     looks
}

// looks are the styles of cells.
type looks struct{ head, text, number, date, instant, month, strong int }

func (b *book) write(known civil.Instant) error {
	if err := b.styles(); err != nil {
		return err
	}
	at := known.Time().Format("2006-01-02T15:04:05Z")
	if err := b.f.SetDocProps(&excelize.DocProperties{Title: "DRAFT · Populations and exceptions · " + clean(b.res.Organization), Creator: clean(b.res.Organization),
		LastModifiedBy: "Assay", Created: at, Modified: at, Language: "en-US"}); err != nil {
		return err
	}
	if err := b.f.SetAppProps(&excelize.AppProperties{Application: "Assay"}); err != nil {
		return err
	}
	b.order()
	sheets := b.sheets()
	for i, s := range sheets {
		if i == 0 {
			if err := b.f.SetSheetName("Sheet1", s.name); err != nil {
				return err
			}
		} else if _, err := b.f.NewSheet(s.name); err != nil {
			return err
		}
	}
	for _, s := range sheets {
		if err := b.sheet(s); err != nil {
			return fmt.Errorf("sheet %s: %w", s.name, err)
		}
	}
	return nil
}

func (b *book) styles() error {
	style := func(s *excelize.Style) int {
		n, _ := b.f.NewStyle(s) // fails on fonts without a size only, which none of these sets
		return n
	}
	top := &excelize.Alignment{Vertical: "top", WrapText: true}
	format := func(s string) *string { return &s }
	b.look = looks{
		head: style(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 11, Family: "Calibri"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F1F1ED"}},
			Alignment: &excelize.Alignment{Vertical: "bottom", WrapText: true}, Border: []excelize.Border{{Type: "bottom", Color: "5C616B", Style: 1}}}),
		text:    style(&excelize.Style{Alignment: top}),
		number:  style(&excelize.Style{NumFmt: 3, Alignment: &excelize.Alignment{Vertical: "top"}}), // #,##0
		date:    style(&excelize.Style{CustomNumFmt: format("yyyy-mm-dd"), Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "left"}}),
		instant: style(&excelize.Style{CustomNumFmt: format("yyyy-mm-dd hh:mm:ss"), Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "left"}}),
		month:   style(&excelize.Style{CustomNumFmt: format("mmm yyyy"), Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "left"}}),
		strong:  style(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 11, Family: "Calibri"}, Alignment: top}),
	}
	// The same as text but for a shrug of an indent, so that excelize gives it a number of its own; pack
	// adds the mark of a quoted text, which excelize cannot write.
	b.quoted = style(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "left", WrapText: true}})
	for _, n := range []int{b.look.head, b.look.text, b.look.number, b.look.date, b.look.instant, b.look.month, b.look.strong, b.quoted} {
		if n == 0 {
			return fmt.Errorf("a style was not made")
		}
	}
	return nil
}

// order lists the tests by control, in the program's order; tests of controls that the program lacks come last.
func (b *book) order() {
	seen := map[string]bool{}
	for _, c := range b.controls {
		for _, t := range b.res.Controls {
			if t.Control == c.ID && !seen[c.ID] {
				b.tests = append(b.tests, t)
			}
		}
		seen[c.ID] = true
	}
	for _, t := range b.res.Controls {
		if !seen[t.Control] {
			b.tests = append(b.tests, t)
		}
	}
}

func (b *book) title(control string) string {
	for _, c := range b.controls {
		if c.ID == control {
			return c.Title
		}
	}
	return ""
}

// text is a cell with a text. One that begins as a formula does is quoted, so that no reader, and no
// reader of a copy of the cell, runs it.
func (b *book) text(s string) excelize.Cell {
	s = clean(s)
	if s != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(s)[0]) {
		return excelize.Cell{StyleID: b.quoted, Value: s}
	}
	return excelize.Cell{StyleID: b.look.text, Value: s}
}

func (b *book) number(n int) excelize.Cell { return excelize.Cell{StyleID: b.look.number, Value: n} }

// moment is a date or a time of the reporting zone as a number; what is neither, or what a workbook cannot
// count, stays the text that it was.
func (b *book) moment(s string) excelize.Cell {
	if d, err := civil.ParseDate(s); err == nil {
		if t, ok := serial(d, 0); ok {
			return excelize.Cell{StyleID: b.look.date, Value: t}
		}
	}
	if i, err := civil.ParseInstant(s); err == nil && i != civil.Never {
		local := i.In(b.zone) // RFC 3339: the civil date stands first
		if t, err := time.Parse("2006-01-02T15:04:05", local[:min(19, len(local))]); err == nil {
			if d, err := civil.ParseDate(local[:10]); err == nil {
				if n, ok := serial(d, t.Hour()*3600+t.Minute()*60+t.Second()); ok {
					return excelize.Cell{StyleID: b.look.instant, Value: n}
				}
			}
		}
	}
	return b.text(s)
}

func (b *book) month(s string) excelize.Cell {
	if d, err := civil.ParseDate(s + "-01"); err == nil {
		if n, ok := serial(d, 0); ok {
			return excelize.Cell{StyleID: b.look.month, Value: n}
		}
	}
	return b.text(s)
}

// serial counts days from the end of 1899 as workbooks do (ECMA-376 part 1, 18.17.4.1). Days before March
// 1900 are not told: there programs disagree.
func serial(d civil.Date, seconds int) (float64, bool) {
	const epoch = 25569 // of 1970-01-01
	n := int(d) + epoch
	if n < 61 || n > 2958465 {
		return 0, false
	}
	return float64(n) + float64(seconds)/86400, true
}

// cellLimit is how many UTF-16 units a cell holds (32,767), less what the remark needs.
const cellLimit = 32_000

// clean makes a text that a sheet can hold: characters that XML forbids become visible ones, and a text
// too long for a cell says that it was cut.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
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
	}, strings.ReplaceAll(s, "\r\n", "\n"))
	units := 0
	for i, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		if units > cellLimit {
			return s[:i] + "… (cut: the text has " + strconv.Itoa(len(s)) + " bytes)"
		}
	}
	return s
}

func standing(t assure.TestResult) string { return report.StandingOf(t).Word() }
