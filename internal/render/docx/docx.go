// Package docx draws the model of a report as a WordprocessingML document (ISO/IEC 29500, transitional):
// real styles and headings, contents that are filled, repeated table heads, pictures with their words.
// The same model and options give the same bytes.
package docx

import (
	"io"

	"github.com/assayhq/assay/internal/report"
)

// Options are what a document needs beside its model.
type Options struct {
	Paper Paper
	// Watermark is printed in the head of every page of this copy, such as whom it was made for.
	Watermark string
	// Missing is told each text of a picture that holds a character which no font of the picture has; the
	// picture names the character by its number instead. May be nil.
	Missing func(text string)
}

// Paper is the size of the pages.
type Paper int

// The papers. The zero value is A4.
const (
	A4 Paper = iota
	Letter
)

// page is the paper's width and height in twentieths of a point.
func (p Paper) page() (w, h int) {
	if p == Letter {
		return 12240, 15840
	}
	return 11906, 16838
}

// The margins of a page in twentieths of a point.
const (
	marginTop    = 1474
	marginSide   = 1134
	marginBottom = 1247
	marginHead   = 624
)

// Render writes the document. It refuses a model that does not pass the lint.
func Render(w io.Writer, r *report.Report, o Options) error {
	if err := report.Lint(r); err != nil {
		return err
	}
	pw, ph := o.Paper.page()
	d := &doc{
		r: r, o: o, width: pw - 2*marginSide,
		places: places(r), links: map[string]string{},
		lay: &layout{height: ph - marginTop - marginBottom, width: pw - 2*marginSide},
	}
	if err := d.pictures(); err != nil {
		return err
	}
	d.body()
	return d.pack(w)
}

// doc is a document while it is being written.
type doc struct {
	r      *report.Report
	o      Options
	width  int               // of the text, in twentieths of a point
	places map[string]string // anchor of the model -> bookmark
	links  map[string]string // target outside -> relationship
	order  []string          // the targets in the order of their relationships
	images []image           // in the order of the model
	image  int               // the next one
	marks  int               // bookmarks written so far
	lay    *layout
	after  bool // the last thing written was a table
	leads  bool // the paragraph that is being written announces what follows it

	out      *writer
	contents []entry
}
