package docx

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/report"
)

// entry is a line of the contents.
type entry struct {
	level int
	id    string // its anchor in the model
	runs  report.Runs
}

func (e entry) style() string { return "TOC" + strconv.Itoa(min(max(e.level, 1), 3)) }

// outline is the contents: sections, and in them the headings of the first two levels.
func outline(r *report.Report) []entry {
	var out []entry
	if len(r.Open) > 0 {
		out = append(out, entry{1, openID, report.Runs{{Text: openTitle}}})
	}
	for _, s := range r.Sections {
		out = append(out, entry{1, s.ID, sectionTitle(s)})
		for _, b := range s.Blocks {
			if h := b.Heading; h != nil && h.Level <= 2 {
				out = append(out, entry{h.Level + 1, h.ID, headingTitle(h)})
			}
		}
	}
	return out
}

// toc writes the contents as a field whose result is already there: nobody has to update it to read it.
func (d *doc) toc() {
	w := d.out
	w.raw(`<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/></w:docPartObj></w:sdtPr><w:sdtContent>` + "\n")
	d.write(para{style: "TOCHeading", page: true}, report.Runs{{Text: "Contents"}}, "Contents")
	for i, e := range d.contents {
		d.tocLine(e, i == 0, i+lastTogether >= len(d.contents))
	}
	w.raw(`<w:p><w:pPr><w:pStyle w:val="Normal"/></w:pPr>`)
	if len(d.contents) > 0 {
		w.raw(field("end"))
	}
	w.raw("</w:p></w:sdtContent></w:sdt>\n")
}

// lastTogether is how many of the last lines of the contents stay together, so that no page of it holds a line or two.
const lastTogether = 6

func (d *doc) tocLine(e entry, first, keep bool) {
	w, mark := d.out, tocMark(d.places[e.id])
	w.raw(`<w:p><w:pPr><w:pStyle w:val="`, e.style(), `"/>`)
	if keep {
		w.raw(`<w:keepNext/>`)
	}
	if mirrored(shown(e.runs)) {
		w.raw(`<w:bidi/>`)
	}
	w.raw(`</w:pPr>`)
	if first {
		w.raw(field("begin"), instruction(` TOC \o "1-3" \h \z \u `), field("separate"))
	}
	w.raw(`<w:hyperlink w:anchor="`, mark, `" w:history="1">`)
	for _, r := range e.runs {
		d.words(strings.NewReplacer("\n", " ", "\t", " ").Replace(shown(report.Runs{r})), "")
	}
	w.raw(`<w:r><w:tab/></w:r>`, field("begin"), instruction(` PAGEREF `+mark+` \h `), field("separate"),
		`<w:r><w:t>`, strconv.Itoa(max(d.lay.pages[e.id], 1)), `</w:t></w:r>`, field("end"), "</w:hyperlink></w:p>\n")
}

func field(kind string) string { return `<w:r><w:fldChar w:fldCharType="` + kind + `"/></w:r>` }

// instruction writes a field's code.
func instruction(code string) string {
	return `<w:r><w:instrText xml:space="preserve">` + strings.ReplaceAll(code, `"`, `&quot;`) + `</w:instrText></w:r>`
}

// tocMark is the bookmark by which the contents know a heading: hidden, as word processors make them.
func tocMark(place string) string { return "_Toc" + place }

// places gives each anchor of the model a bookmark. Their names have at most 40 letters, digits and
// underscores (and the contents put four before them); no two are the same, in any case of letters.
func places(r *report.Report) map[string]string {
	p := namer{names: map[string]string{}, taken: map[string]bool{}}
	p.add(openID)
	for _, s := range r.Sections {
		p.add(s.ID)
		for _, b := range s.Blocks {
			switch {
			case b.Heading != nil:
				p.add(b.Heading.ID)
			case b.Chart != nil:
				p.add(b.Chart.ID)
			case b.Drawing != nil:
				p.add(b.Drawing.ID)
			case b.Table != nil:
				p.add(b.Table.ID)
				for _, row := range b.Table.Rows {
					if row.ID != "" {
						p.add(row.ID)
					}
				}
			}
		}
	}
	return p.names
}

type namer struct {
	names map[string]string
	taken map[string]bool
}

func (p namer) add(id string) {
	const most = 34
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, id)
	if name == "" || name[0] < 'A' {
		name = "p" + name
	}
	if name[0] == '_' {
		name = "p" + name
	}
	if len(name) > most || p.taken[strings.ToLower(name)] {
		sum := sha256.Sum256([]byte(id))
		name = name[:min(len(name), most-13)] + "_" + hex.EncodeToString(sum[:6])
	}
	p.taken[strings.ToLower(name)] = true
	p.names[id] = name
}
