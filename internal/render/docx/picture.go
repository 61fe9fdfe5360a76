package docx

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/assayhq/assay/internal/report"
)

// image is a drawing as the document holds it: a PNG for all readers, and the same shapes as SVG for those
// that draw them sharper, in which the labels stay text.
type image struct {
	number     int
	alt        string
	wide, high int // in twentieths of a point, as drawn on the page
	png        []byte
	svg        []byte
	missing    []string
}

// pictures draws all pictures of the model, in its order.
func (d *doc) pictures() error {
	var ds []*report.Drawing
	for _, s := range d.r.Sections {
		for _, b := range s.Blocks {
			switch {
			case b.Chart != nil:
				ds = append(ds, b.Chart.Drawing())
			case b.Drawing != nil:
				ds = append(ds, b.Drawing)
			}
		}
	}
	d.images = make([]image, len(ds))
	errs := make([]error, len(ds))
	// Each picture stands for itself, so the machine's cores share them; their order does not depend on it.
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(ds))
	for n := range workers {
		wg.Go(func() {
			p, err := newPainter()
			for i := n; i < len(ds); i += workers {
				if err == nil {
					d.images[i], errs[i] = p.image(ds[i], d.width)
				} else {
					errs[i] = err
				}
				d.images[i].number = i + 1
			}
		})
	}
	wg.Wait()
	for i := range d.images {
		if errs[i] != nil {
			return errs[i]
		}
		if d.o.Missing != nil {
			for _, s := range d.images[i].missing {
				d.o.Missing(s)
			}
		}
	}
	return nil
}

// image draws one drawing, no wider than the text.
func (p *painter) image(x *report.Drawing, most int) (image, error) {
	w, h := max(x.Width, 1), max(x.Height, 1)
	fit := min(1, float64(most)/20/w, 600/h)
	out := image{alt: x.Alt, wide: int(w * fit * 20), high: int(h * fit * 20)}
	if err := p.draw(x); err != nil {
		return out, err
	}
	out.png = p.encode()
	out.svg = []byte(svg(x))
	out.missing = p.missing
	return out, nil
}

// picture writes a caption and the next picture of the model under it.
func (d *doc) picture(id string, caption report.Runs) {
	d.paragraph(para{style: "Caption", anchors: []string{id}}, caption)
	m := &d.images[d.image]
	d.image++
	d.paragraph(para{style: "Picture", picture: m, keepNext: false}, nil)
}

// legend says what the colours of a chart's bars stand for.
func (d *doc) legend() {
	w := d.out
	d.lay.paragraph(d.style("Legend"), para{}, "Items")
	w.raw(`<w:p><w:pPr><w:pStyle w:val="Legend"/></w:pPr>`)
	for i, x := range []struct {
		ink  report.Ink
		text string
	}{{report.InkBar, "items"}, {report.InkBad, "deviating, counted above the bar"}, {report.InkWarn, "undecided"}} {
		if i > 0 {
			d.words("     ", "")
		}
		w.raw(`<w:r><w:rPr><w:color w:val="`, hexInk(x.ink)[1:], `"/></w:rPr><w:t>■</w:t></w:r>`)
		d.words(" "+x.text, "")
	}
	w.raw("</w:p>\n")
}

// write writes the picture as a part of a line. Lengths are EMU: 12,700 to a point.
func (m *image) write(w *writer) {
	n, cx, cy := strconv.Itoa(m.number), strconv.Itoa(m.wide*635), strconv.Itoa(m.high*635)
	w.raw(`<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="`, cx, `" cy="`, cy, `"/><wp:docPr id="`, n, `" name="Picture `, n, `"`)
	w.attr("descr", m.alt)
	w.raw(`/><wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr>`,
		`<a:graphic><a:graphicData uri="`, nsPicture, `"><pic:pic><pic:nvPicPr><pic:cNvPr id="`, n, `" name="picture`, n, `.png"`)
	w.attr("descr", m.alt)
	w.raw(`/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rIdP`, n, `"><a:extLst><a:ext uri="{96DAC541-7B7A-43D3-8B79-37D633B846F1}">`,
		`<asvg:svgBlip xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" r:embed="rIdV`, n, `"/></a:ext></a:extLst></a:blip>`,
		`<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="`, cx, `" cy="`, cy, `"/></a:xfrm>`,
		`<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`)
}

// encode writes a PNG of indexed colours where 256 do, else of full ones. image/png filters every row
// five ways before it chooses; flat pictures of few colours need none of that.
func (p *painter) encode() []byte {
	px := p.to
	palette, index := px.palette()
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")
	kind := byte(3)
	if palette == nil {
		kind = 2
	}
	chunk(&out, "IHDR", append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(px.w)), uint32(px.h)), 8, kind, 0, 0, 0))
	dots := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, dotsPerMeter), dotsPerMeter)
	chunk(&out, "pHYs", append(dots, 1))
	if palette != nil {
		chunk(&out, "PLTE", palette)
	}
	var data bytes.Buffer
	p.deflate.Reset(&data)
	row := make([]byte, 0, 1+3*px.w)
	for y := range px.h {
		line := px.pix[y*px.w : (y+1)*px.w]
		if y == 0 || !slices.Equal(line, px.pix[(y-1)*px.w:y*px.w]) {
			row = px.row(append(row[:0], 0), line, palette != nil, index)
		}
		_, _ = p.deflate.Write(row) // a buffer takes everything
	}
	_ = p.deflate.Close()
	chunk(&out, "IDAT", data.Bytes())
	chunk(&out, "IEND", nil)
	return out.Bytes()
}

// row appends the bytes of a line of pixels: their numbers in the palette, or their colours.
func (p *pixels) row(to []byte, line []uint32, indexed bool, index map[uint32]byte) []byte {
	last, n := line[0], index[line[0]]
	for _, c := range line {
		if !indexed {
			to = append(to, byte(c>>16), byte(c>>8), byte(c))
			continue
		}
		if c != last {
			last, n = c, index[c]
		}
		to = append(to, n)
	}
	return to
}

// dotsPerMeter is 144 to the inch: two for each point of a drawing.
const dotsPerMeter = 5669

func chunk(out *bytes.Buffer, name string, data []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(data)))
	out.Write(n[:])
	sum := crc32.NewIEEE()
	_, _ = sum.Write([]byte(name))
	_, _ = sum.Write(data)
	out.WriteString(name)
	out.Write(data)
	binary.BigEndian.PutUint32(n[:], sum.Sum32())
	out.Write(n[:])
}

// palette numbers the colours in the order in which they appear; nil when there are more than 256.
func (p *pixels) palette() ([]byte, map[uint32]byte) {
	index := map[uint32]byte{}
	var list []byte
	last, known := uint32(0), false
	for _, c := range p.pix {
		if known && c == last {
			continue
		}
		last, known = c, true
		if _, ok := index[c]; ok {
			continue
		}
		if len(index) == 256 {
			return nil, nil
		}
		index[c] = byte(len(index))
		list = append(list, byte(c>>16), byte(c>>8), byte(c))
	}
	return list, index
}
