// Package xlsx reads one sheet of an Office Open XML workbook row by row.
//
// It reads the parts itself instead of through a spreadsheet library, for two reasons. A
// formula must stay visible: libraries that stream give the value that some program last stored
// beside it, which nobody recalculated and which is no source's word; here a cell with a formula
// is the text of the formula. And a workbook is a zip of XML that may inflate without bound:
// here sizes and ratios are checked before and while anything is read.
package xlsx

import (
	"archive/zip"
	"bytes"
	"io"
	"iter"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// The limits of a workbook.
const (
	maxFile     = 128 << 20 // bytes of the file itself, which is held in memory
	maxInflated = 1 << 30   // bytes of all parts
	maxRatio    = 200       // inflated to deflated, of a part larger than
	bigPart     = 10 << 20
	maxParts    = 10_000
	maxStrings  = 256 << 20 // bytes of the shared strings, which are held in memory
	maxShared   = 8 << 20   // bytes of the formulas that cells share, likewise
)

// Read reads the rows below the header, the first row that is not empty.
func Read(r io.Reader, o register.ReadOptions) iter.Seq2[register.Input, error] {
	return func(yield func(register.Input, error) bool) {
		b, err := open(r, o.File)
		if err == nil {
			err = b.rows(o.Sheet, yield)
		}
		if err != nil && err != errStopped {
			yield(register.Input{}, err)
		}
	}
}

// errStopped says that the reader of the rows wants no more.
var errStopped = fault.Refuse("stopped")

// book is an opened workbook.
type book struct {
	file    string
	parts   map[string]*zip.File
	sheets  []sheet
	strings []string
	styles  []style // by the index that cells name
	base    int     // day 0 of serial dates, as a civil.Date
	lost    bool    // the 1900 system, whose days before 1 March 1900 are off by one
	read    int64   // bytes inflated so far
}

type sheet struct{ name, part string }

func open(r io.Reader, file string) (*book, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	head := bytes.TrimSpace(data[:min(len(data), 512)])
	switch {
	case len(data) > maxFile:
		return nil, fault.At(file, 0, "", "the workbook is larger than %d MiB; expected less", maxFile>>20).WithHint("export it as CSV")
	case bytes.HasPrefix(head, []byte("<")):
		return nil, register.HTML(file, 1, "an XLSX workbook")
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return nil, fault.At(file, 0, "", "the workbook is encrypted or in the old XLS format; expected XLSX").WithHint("save it as XLSX without a password")
	case !bytes.HasPrefix(head, []byte("PK")):
		return nil, fault.At(file, 0, "", "this is no XLSX workbook")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, register.Truncated(file, 0, "before the directory of its parts")
	}
	b := &book{file: file, parts: map[string]*zip.File{}}
	if err := b.check(z); err != nil {
		return nil, err
	}
	return b, b.load()
}

// check refuses what would inflate beyond the limits by its own word. What lies about its size
// is stopped while it is read.
func (b *book) check(z *zip.Reader) error {
	if len(z.File) > maxParts {
		return fault.At(b.file, 0, "", "the workbook has %d parts; expected at most %d", len(z.File), maxParts)
	}
	var total uint64
	for _, f := range z.File {
		if f.Flags&1 != 0 {
			return fault.At(b.file, 0, "", "the part %s is encrypted", f.Name)
		}
		name := strings.ToLower(strings.TrimPrefix(f.Name, "/"))
		if b.parts[name] != nil {
			return fault.At(b.file, 0, "", "the workbook holds the part %s twice", f.Name)
		}
		b.parts[name] = f
		if total += f.UncompressedSize64; f.UncompressedSize64 > maxInflated || total > maxInflated {
			return b.bomb()
		}
		if f.UncompressedSize64 > bigPart && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
			return b.bomb()
		}
	}
	return nil
}

func (b *book) bomb() error {
	return fault.At(b.file, 0, "", "the workbook inflates to more than %d MiB or to more than %d times its size; it is refused unread", maxInflated>>20, maxRatio).
		WithHint("export it as CSV")
}

// load reads what cells refer to.
func (b *book) load() error {
	if err := b.workbook(); err != nil {
		return err
	}
	if err := b.loadStyles(); err != nil {
		return err
	}
	return b.loadStrings()
}

// pick chooses the sheet: the one named, or the only one that holds a cell.
func (b *book) pick(name string) (sheet, error) {
	var found []sheet
	var names []string
	for _, s := range b.sheets {
		if name != "" {
			if names = append(names, s.name); s.name == name {
				return s, nil
			}
			continue
		}
		full, err := b.holdsCells(s)
		if err != nil {
			return sheet{}, err
		}
		if full {
			found, names = append(found, s), append(names, s.name)
		}
	}
	switch {
	case name != "":
		return sheet{}, fault.At(b.file, 0, "", "no sheet is named %q; found %s%s", name, strings.Join(names, ", "), register.DidYouMean(name, names))
	case len(found) > 1:
		return sheet{}, fault.At(b.file, 0, "", "%d sheets hold rows: %s; expected one", len(found), strings.Join(names, ", ")).
			WithHint("name the one to read with `sheet` in a mapping file")
	case len(found) == 0:
		return sheet{}, fault.At(b.file, 0, "", "no sheet holds a cell; expected a header row")
	}
	return found[0], nil
}
