package lint

import (
	"strings"

	"github.com/assayhq/assay/internal/report"
)

// FromReport reads our own model. It goes the way of a document, so that the checker says the same of a report and of
// the DOCX that is drawn of it; what the model knows better is taken from it.
func FromReport(m *report.Report) Paper {
	p := FromDocument(Lay(m))
	p.Kind, p.Type = kindOf(m.Kind)
	p.Draft, p.Owed = m.Draft, nil
	for _, o := range m.Open {
		p.Owed = append(p.Owed, o.Text.String())
	}
	p.Cover.Title, p.Cover.Organization = m.Title, m.Organization
	switch w := m.When.(type) {
	case report.Throughout:
		p.Cover.Span = Span{From: &w.From, To: &w.To}
	case report.AsOf:
		p.Cover.Span = Span{AsOf: &w.Date}
	}
	return p
}

// kindOf cuts a kind of ours: soc2-type2, soc3, isae3402-type1.
func kindOf(k report.Kind) (kind string, typ int) {
	kind, rest, _ := strings.Cut(string(k), "-")
	if kind == "dual" { // under both standards
		kind = "soc1"
	}
	switch rest {
	case "type1":
		typ = 1
	case "type2":
		typ = 2
	}
	return kind, typ
}

// Lay lays our model out as a document, as it is drawn: the cover, then the sections.
func Lay(m *report.Report) *Document {
	l := &layer{}
	if m.Draft {
		l.put(Block{Style: "cover draft", Text: "DRAFT. Not a report: no opinion has been issued."})
	}
	l.put(Block{Style: "title", Text: m.Title})
	l.put(Block{Style: "subtitle", Text: m.Subtitle})
	l.put(Block{Style: "cover organization", Text: m.Organization})
	if m.When != nil {
		l.put(Block{Style: "cover time", Text: m.When.Words()})
	}
	for _, s := range m.Sections {
		l.put(Block{Style: "heading 1", Level: 1, Text: "Section " + s.Number + ". " + s.Title})
		for _, b := range s.Blocks {
			l.block(b)
		}
	}
	return &l.d
}

type layer struct {
	d      Document
	tables int
}

func (l *layer) put(b Block) { l.d.Blocks = append(l.d.Blocks, b) }

func (l *layer) block(b report.Block) {
	switch {
	case b.Heading != nil:
		l.put(Block{Style: "heading", Level: b.Heading.Level + 1, Text: strings.TrimSpace(b.Heading.Label + " " + b.Heading.Text + " " + b.Heading.Word)})
	case b.List != nil:
		for _, rs := range b.List {
			l.put(Block{Style: "list bullet", List: true, Text: rs.String()})
		}
	case b.Table != nil:
		l.table(b.Table)
	case b.Note != nil:
		l.put(Block{Style: "note", Text: b.Note.Title})
		if len(b.Note.Text) > 0 {
			l.put(Block{Style: "note", Text: b.Note.Text.String()})
		}
		for _, rs := range b.Note.List {
			l.put(Block{Style: "note", Text: "•\t" + rs.String()})
		}
	case b.Statement != nil:
		l.put(Block{Style: "statement label", Text: b.Statement.Label})
		l.put(Block{Style: "statement", Text: b.Statement.Text.String()})
	case b.Terms != nil:
		for _, t := range b.Terms.Items {
			l.put(Block{Style: "terms", Text: t.Name + "\t" + t.Value.String()})
		}
	case b.Chart != nil:
		l.put(Block{Style: "caption", Text: b.Chart.Caption.String()})
	case b.Drawing != nil:
		l.put(Block{Style: "caption", Text: b.Drawing.Caption.String()})
	case b.Sign != nil:
		for _, rs := range b.Sign.Lines {
			l.put(Block{Style: "normal", Text: rs.String()})
		}
	case b.Verbatim != nil:
		l.put(Block{Style: "verbatim", Text: b.Verbatim.Text})
	default:
		l.put(Block{Style: "normal", Text: b.Paragraph.String()})
	}
}

func (l *layer) table(t *report.Table) {
	l.put(Block{Style: "caption", Text: t.Caption.String()})
	l.tables++
	head := Block{Table: l.tables, Head: true}
	for _, c := range t.Columns {
		head.Cells = append(head.Cells, c.Title)
	}
	l.put(head)
	for _, row := range t.Rows {
		b := Block{Table: l.tables}
		for _, c := range row.Cells {
			b.Cells = append(b.Cells, c.String())
		}
		l.put(b)
	}
}
