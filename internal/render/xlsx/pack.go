package xlsx

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// pack writes the workbook's parts by name and with one date: excelize takes its streamed sheets from a
// map, in a different order each time.
func pack(w io.Writer, f *excelize.File, quoted int) error {
	p := &packer{w: w, quoted: quoted}
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return p })
	err := f.Write(io.Discard)
	return errors.Join(err, p.err, f.Close())
}

// packer is excelize's zip: it compresses each part as it comes and writes all of them at the end.
type packer struct {
	w      io.Writer
	quoted int
	parts  []*entry
	err    error
}

type entry struct {
	name  string
	plain *bytes.Buffer // of the styles only, which are changed before they are written
	out   bytes.Buffer
	z     *flate.Writer
	sum   hash.Hash32
	size  uint64
}

func (e *entry) Write(b []byte) (int, error) {
	if e.plain != nil {
		return e.plain.Write(b)
	}
	e.size += uint64(len(b))
	_, _ = e.sum.Write(b)
	return e.z.Write(b)
}

// Create begins a part.
func (p *packer) Create(name string) (io.Writer, error) {
	e := &entry{name: name, sum: crc32.NewIEEE()}
	var err error
	if e.z, err = flate.NewWriter(&e.out, 5); err != nil {
		return nil, err
	}
	if name == "xl/styles.xml" {
		e.plain = &bytes.Buffer{}
	}
	p.parts = append(p.parts, e)
	return e, nil
}

// AddFS is not used by workbooks.
func (p *packer) AddFS(fs.FS) error { return errors.ErrUnsupported }

// Close writes the package. Its error also stands in err: excelize drops it.
func (p *packer) Close() error {
	p.err = p.close()
	return p.err
}

func (p *packer) close() error {
	slices.SortFunc(p.parts, func(a, b *entry) int { return strings.Compare(a.name, b.name) })
	z := zip.NewWriter(p.w)
	for _, e := range p.parts {
		if e.plain != nil {
			text, err := quote(ordered(e.plain.String()), p.quoted)
			if err != nil {
				return err
			}
			e.plain = nil
			if _, err := io.WriteString(e, text); err != nil {
				return err
			}
		}
		if err := e.z.Close(); err != nil {
			return err
		}
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, CRC32: e.sum.Sum32(), UncompressedSize64: e.size, CompressedSize64: uint64(e.out.Len()),
			Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		f, err := z.CreateRaw(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(e.out.Bytes()); err != nil {
			return err
		}
	}
	return z.Close()
}

// quote marks a cell format as that of quoted texts (ECMA-376 part 1, 18.8.45, quotePrefix).
func quote(styles string, n int) (string, error) {
	at := strings.Index(styles, "<cellXfs")
	for i := 0; at >= 0 && i <= n; i++ {
		next := strings.Index(styles[at+1:], "<xf ")
		if next < 0 {
			at = -1
			break
		}
		at += 1 + next
	}
	if at < 0 {
		return "", fmt.Errorf("the workbook has no cell format %d", n)
	}
	return styles[:at] + `<xf quotePrefix="1" ` + styles[at+len("<xf "):], nil
}

var (
	font      = regexp.MustCompile(`<font>.*?</font>`)
	fontChild = regexp.MustCompile(`<(\w+)[^>]*?(?:/>|></\w+>)`)
	fontOrder = []string{"b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign", "sz", "color", "name", "family", "charset", "scheme"}
)

// ordered puts the children of fonts in the order of CT_Font (ECMA-376 part 1, 18.8.22), which strict
// readers ask for and excelize does not keep.
func ordered(styles string) string {
	return font.ReplaceAllStringFunc(styles, func(s string) string {
		kids := fontChild.FindAllStringSubmatch(s[len("<font>"):len(s)-len("</font>")], -1)
		slices.SortStableFunc(kids, func(a, b []string) int { return slices.Index(fontOrder, a[1]) - slices.Index(fontOrder, b[1]) })
		out := "<font>"
		for _, k := range kids {
			out += k[0]
		}
		return out + "</font>"
	})
}
