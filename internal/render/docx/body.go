package docx

import (
	"strconv"

	"github.com/assayhq/assay/internal/report"
)

// body writes the cover, the contents and the sections. The contents stand before the sections but name
// their pages, so the sections are written first, apart.
func (d *doc) body() {
	cover, contents, sections := &writer{}, &writer{}, &writer{}
	d.out = cover
	if d.r.IsLetter() { // whose it is stands at its head, and no contents lead to its paragraphs
		d.out = sections
		d.paragraph(para{style: "CoverWho"}, report.Runs{{Text: d.r.Organization, Data: true}})
		for _, s := range d.r.Sections {
			d.section(s)
		}
		d.open()
		cover.Write(sections.Bytes())
		d.out = cover
		return
	}
	d.cover()
	d.contents = outline(d.r)
	d.lay.contents(d.contents, d.style)
	d.out = sections
	d.open()
	for _, s := range d.r.Sections {
		d.section(s)
	}
	d.ending()
	d.out = contents
	d.toc()
	d.out = cover
	d.out.Write(contents.Bytes())
	d.out.Write(sections.Bytes())
}

func (d *doc) cover() {
	r := d.r
	if r.Draft {
		d.paragraph(para{style: "CoverDraft"}, report.Runs{{Text: "DRAFT. Not a report: no opinion has been issued."}})
	} else {
		d.paragraph(para{style: "CoverDraft"}, report.Runs{{Text: " "}})
	}
	d.paragraph(para{style: "Title"}, report.Runs{{Text: r.Title}})
	d.paragraph(para{style: "Subtitle"}, report.Runs{{Text: r.Subtitle, Data: true}})
	d.paragraph(para{style: "CoverWho"}, report.Runs{{Text: r.Organization, Data: true}})
	if r.System != "" && r.System != r.Organization {
		d.paragraph(para{style: "CoverSystem"}, report.Runs{{Text: r.System, Data: true}})
	}
	d.paragraph(para{style: "CoverWhen"}, report.Runs{{Text: report.Sentence(r.When.Words())}})
	d.terms(&report.Terms{Items: append(r.Cover(), r.Basis()...)})
}

const (
	openID    = "\x00open" // no anchor of a model
	openTitle = "What this draft still needs"
)

// open is the list of what stands between the draft and a report.
func (d *doc) open() {
	if len(d.r.Open) == 0 {
		return
	}
	d.title(openID, report.Runs{{Text: openTitle}})
	for _, p := range report.Needs(d.r.Open) {
		rs := append(report.Runs{}, p.Text...)
		if p.Where != "" {
			rs = append(rs, report.Run{Text: " "}, report.Run{Text: "Show", Link: p.Where})
		}
		d.paragraph(para{style: "ListNumber"}, rs)
	}
}

// title begins a page with a heading of the first level, and says DRAFT above it.
func (d *doc) title(id string, rs report.Runs) {
	page := !d.r.IsLetter() || id == openID
	if d.r.Draft {
		d.paragraph(para{style: "SectionDraft", page: page}, report.Runs{{Text: "DRAFT"}})
	}
	d.heading(1, id, rs, page && !d.r.Draft)
}

func (d *doc) section(s report.Section) {
	if d.r.IsLetter() {
		d.title(s.ID, report.Runs{{Text: s.Title}})
		d.paragraph(para{style: "Subtitle"}, report.Runs{{Text: d.r.Subtitle, Data: true}})
	} else {
		d.title(s.ID, sectionTitle(s))
	}
	for i, b := range s.Blocks {
		d.leads = i+1 < len(s.Blocks) && leadsTo(b, s.Blocks[i+1])
		d.block(b)
	}
}

func sectionTitle(s report.Section) report.Runs {
	return report.Runs{{Text: "Section " + s.Number + ". " + s.Title}}
}

func headingTitle(h *report.Heading) report.Runs {
	var rs report.Runs
	if h.Label != "" {
		rs = append(rs, report.Run{Text: h.Label + " ", Quiet: true})
	}
	rs = append(rs, report.Run{Text: h.Text, Data: true})
	if h.Mark != "" {
		rs = append(rs, report.Run{Text: " "}, report.Run{Text: h.Word, Mark: h.Mark})
	}
	return rs
}

// heading writes a heading; those of the first three levels stand in the contents.
func (d *doc) heading(level int, id string, rs report.Runs, page bool) {
	p := para{style: "Heading" + strconv.Itoa(min(max(level, 1), 4)), anchors: []string{id}, page: page}
	if level <= 3 {
		p.entry = id
	}
	d.paragraph(p, rs)
}

func (d *doc) block(b report.Block) {
	switch {
	case b.Heading != nil:
		d.heading(b.Heading.Level+1, b.Heading.ID, headingTitle(b.Heading), false)
	case b.List != nil:
		for i, rs := range b.List {
			if b.Ordered { // in words, for every numbered list begins anew
				d.paragraph(para{style: "Normal", keepNext: alone(i, len(b.List))}, append(report.Runs{{Text: strconv.Itoa(i+1) + ". "}}, rs...))
				continue
			}
			d.paragraph(para{style: "ListBullet", keepNext: alone(i, len(b.List))}, rs)
		}
	case b.Table != nil:
		d.table(b.Table)
	case b.Note != nil:
		d.note(b.Note)
	case b.Statement != nil:
		d.paragraph(para{style: "StatementLabel"}, report.Runs{{Text: b.Statement.Label}})
		d.paragraph(para{style: "Statement", keepNext: d.leads}, b.Statement.Text)
	case b.Terms != nil:
		d.terms(b.Terms)
	case b.Chart != nil:
		d.picture(b.Chart.ID, b.Chart.Caption)
		d.legend()
	case b.Drawing != nil:
		d.picture(b.Drawing.ID, b.Drawing.Caption)
	case b.Verbatim != nil:
		d.verbatim(b.Verbatim.Text)
	case b.Sign != nil:
		d.sign(b.Sign)
	default:
		d.paragraph(para{style: "Normal", keepNext: d.leads}, b.Paragraph)
	}
}

// leadsTo says whether a paragraph stays with what follows it: what it announces, and a signature, which never stands alone.
func leadsTo(b, next report.Block) bool {
	if b.Statement != nil {
		return next.Terms != nil
	}
	return b.Paragraph != nil && (next.Table != nil || next.Chart != nil || next.Drawing != nil || next.List != nil || next.Sign != nil || next.Terms != nil)
}

// sign is who signed: under a rule, a line after the other, which stay together.
func (d *doc) sign(s *report.Sign) {
	for i, rs := range s.Lines {
		p := para{style: "Sign", keepNext: i+1 < len(s.Lines)}
		if i == 0 {
			p.style = "SignName"
		}
		if i == len(s.Lines)-1 {
			p.gapAfter = 280
		}
		d.paragraph(p, rs)
	}
}

var noteStyles = map[report.Tone]string{report.Owed: "NoteOwed", report.Warn: "NoteWarn", report.Info: "NoteInfo"}

// note is paragraphs of one style, which word processors draw as one box.
func (d *doc) note(n *report.Note) {
	style, ok := noteStyles[n.Tone]
	if !ok {
		style = "NoteInfo"
	}
	rest := len(n.List)
	if len(n.Text) > 0 {
		rest++
	}
	d.paragraph(para{style: style, keepNext: rest > 0, gapBefore: 80, gapAfter: gap(rest)}, report.Runs{{Text: n.Title, Strong: true}})
	if len(n.Text) > 0 {
		rest--
		d.paragraph(para{style: style, gapAfter: gap(rest)}, n.Text)
	}
	for _, rs := range n.List {
		rest--
		d.paragraph(para{style: style, bullet: true, gapAfter: gap(rest)}, rs)
	}
}

// alone says whether a piece of a list would stand alone at the foot of a page, or leave the last one alone at the head of the next.
func alone(i, n int) bool { return i+1 < n && (i == 0 || i == n-2) }

// gap is the room under a paragraph of a note: none inside it.
func gap(rest int) int {
	if rest > 0 {
		return 0
	}
	return 200
}

// fewTerms is how many terms stay together on a page.
const fewTerms = 8

func (d *doc) terms(t *report.Terms) {
	for i, x := range t.Items {
		p := para{style: "Terms", keepNext: alone(i, len(t.Items)) || i+1 < len(t.Items) && len(t.Items) <= fewTerms}
		if i == len(t.Items)-1 {
			p.gapAfter = 160
		}
		d.paragraph(p, append(report.Runs{{Text: x.Name, Data: true}, {Text: "\t"}}, x.Value...))
	}
}

// ending says once more what the figures rest on.
func (d *doc) ending() {
	text := d.r.Ending()
	if d.r.Draft {
		text = "DRAFT. No opinion has been issued. " + text
	}
	d.paragraph(para{style: "Legend", gapBefore: 240}, report.Runs{{Text: text}})
}
