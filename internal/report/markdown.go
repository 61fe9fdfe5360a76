package report

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	gmtext "github.com/yuin/goldmark/text"
)

// mostCells bounds a table in a text of management's: a report is no place for an export.
const mostCells = 5000

// Prose makes blocks of a text of management's that stands by itself, such as a policy: its tables have no numbers, and what refers to
// one speaks of the table below.
func Prose(text string) []Block {
	m := read("text", 1, strings.ReplaceAll(text, here, "the table below"))
	return m.out
}

// markdown turns a text of management's into blocks under a heading of the given level. All of it came with the data, so
// nothing in it is our claim. What a document cannot hold, such as HTML and pictures from elsewhere, is left out and
// named.
func markdown(prefix string, level int, source string) (blocks []Block, left []string) {
	m := read(prefix, level, source)
	m.refer()
	return m.out, m.left
}

func read(prefix string, level int, source string) *marker {
	src := []byte(source)
	m := &marker{src: src, prefix: prefix, level: level}
	doc := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough)).Parser().Parse(gmtext.NewReader(src))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		m.block(n)
	}
	return m
}

type marker struct {
	src    []byte
	prefix string
	level  int
	places int
	out    []Block
	left   []string
	said   map[string]bool
}

func (m *marker) place() string {
	m.places++
	return fmt.Sprintf("%s-%d", m.prefix, m.places)
}

// leave notes what is left out, once each kind.
func (m *marker) leave(what string) {
	if m.said == nil {
		m.said = map[string]bool{}
	}
	if !m.said[what] {
		m.said[what] = true
		m.left = append(m.left, what)
	}
}

func (m *marker) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		m.out = append(m.out, Block{Heading: &Heading{ID: m.place(), Level: min(m.level+n.Level, 3), Text: plain(m.inline(n))}})
	case *ast.Paragraph, *ast.TextBlock:
		if rs := m.inline(n); len(rs) > 0 {
			m.out = append(m.out, Block{Paragraph: rs})
		}
	case *ast.List:
		flat := n.IsOrdered() && n.Start == 1 && !nested(n)
		if list := m.list(n, "", flat); len(list) > 0 { // a bullet without words is none
			m.out = append(m.out, Block{List: list, Ordered: flat})
		}
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		m.out = append(m.out, Block{Verbatim: &Verbatim{Text: m.lines(n)}})
	case *ast.Blockquote:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			m.block(c)
		}
	case *east.Table:
		m.table(n)
	case *ast.HTMLBlock:
		m.leave("HTML")
	case *ast.ThematicBreak:
	default:
		m.leave(n.Kind().String())
	}
}

// nested reports whether a list holds another.
func nested(n *ast.List) bool {
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		for c := item.FirstChild(); c != nil; c = c.NextSibling() {
			if c.Kind() == ast.KindList {
				return true
			}
		}
	}
	return false
}

// list flattens a list: what is nested stands under its item with a dash. Where the block numbers its items, they carry no
// number of their own.
func (m *marker) list(n *ast.List, indent string, numbered bool) []Runs {
	var out []Runs
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		lead := indent
		if n.IsOrdered() && !numbered {
			lead += fmt.Sprintf("%d. ", number)
			number++
		}
		var line Runs
		for c := item.FirstChild(); c != nil; c = c.NextSibling() {
			if sub, ok := c.(*ast.List); ok {
				if line != nil {
					out = append(out, line)
				}
				out, line = append(out, m.list(sub, indent+"– ", false)...), nil
				continue
			}
			rs := m.inline(c)
			if line == nil && lead != "" {
				rs = append(Runs{data(lead)}, rs...)
			} else if line != nil {
				rs = append(Runs{data(" ")}, rs...)
			}
			line = append(line, rs...)
		}
		if line != nil {
			out = append(out, line)
		}
	}
	return out
}

// captioned is a paragraph that gives the caption of the table after it.
const captioned = "Table: "

// caption is a table's: a paragraph before it that begins with "Table:", or else the heading above it, or what the text is about.
func (m *marker) caption() Runs {
	if n := len(m.out); n > 0 && strings.HasPrefix(m.out[n-1].Paragraph.String(), captioned) {
		text := strings.TrimPrefix(m.out[n-1].Paragraph.String(), captioned)
		m.out = m.out[:n-1]
		return Runs{data(strings.TrimSuffix(text, "."))}
	}
	for i := len(m.out) - 1; i >= 0; i-- {
		if h := m.out[i].Heading; h != nil {
			return Runs{data(h.Text)}
		}
	}
	return Runs{say("Overview")}
}

// here is what a text of management's writes for the number of the table that follows.
const here = "{table}"

// refer puts references to tables into the text: where the author wrote {table}, or else at the end of the paragraph before the table.
func (m *marker) refer() {
	var out []Block
	from := 0
	for _, b := range m.out {
		if b.Table != nil {
			if said := m.pointed(out[from:], b.Table.ID); !said {
				see := Runs{say("See "), ref(b.Table.ID), say(".")}
				if n := len(out); n > from && out[n-1].Paragraph != nil {
					out[n-1].Paragraph = append(append(out[n-1].Paragraph, say(" ")), see...)
				} else {
					out = append(out, Block{Paragraph: see})
				}
			}
			from = len(out) + 1
		}
		out = append(out, b)
	}
	m.out = out
}

// pointed replaces {table} in paragraphs and lists by a reference, and says whether there was one.
func (m *marker) pointed(blocks []Block, id string) bool {
	found := false
	point := func(rs Runs) Runs {
		var out Runs
		for _, r := range rs {
			before, after, ok := strings.Cut(r.Text, here)
			if !ok || r.Code {
				out = append(out, r)
				continue
			}
			found = true
			r.Text = before
			out = append(out, r, ref(id))
			r.Text = after
			out = append(out, r)
		}
		return out
	}
	for i := range blocks {
		if blocks[i].Paragraph != nil {
			blocks[i].Paragraph = point(blocks[i].Paragraph)
		}
		for k := range blocks[i].List {
			blocks[i].List[k] = point(blocks[i].List[k])
		}
	}
	return found
}

func (m *marker) table(n *east.Table) {
	t := &Table{Caption: m.caption(), ID: m.place()}
	cells := 0
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		var row []Runs
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			row = append(row, m.inline(c))
			cells++
		}
		if _, head := r.(*east.TableHeader); head {
			for _, c := range row {
				t.Columns = append(t.Columns, Column{Title: plain(c)})
			}
			continue
		}
		if cells > mostCells {
			m.leave(fmt.Sprintf("the rows of a table after its first %d", len(t.Rows)))
			break
		}
		for len(row) < len(t.Columns) {
			row = append(row, Runs{})
		}
		t.Rows = append(t.Rows, Row{Cells: row[:len(t.Columns)]})
	}
	if len(t.Columns) > 0 {
		m.out = append(m.out, Block{Table: t})
	}
}

func (m *marker) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		l := n.Lines().At(i)
		b.Write(l.Value(m.src))
	}
	return strings.TrimRight(b.String(), "\n")
}

// inline reads the text within a block.
func (m *marker) inline(n ast.Node) Runs {
	var out Runs
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			s := string(c.Segment.Value(m.src))
			if c.SoftLineBreak() || c.HardLineBreak() {
				s += " "
			}
			out = append(out, data(s))
		case *ast.String:
			out = append(out, data(string(c.Value)))
		case *ast.CodeSpan:
			out = append(out, code(plain(m.inline(c))))
		case *ast.Emphasis:
			for _, r := range m.inline(c) {
				r.Strong = r.Strong || c.Level > 1
				out = append(out, r)
			}
		case *ast.Link:
			out = append(out, m.inline(c)...)
			if to := string(c.Destination); !strings.HasPrefix(to, "#") {
				out = append(out, data(" ("+to+")"))
			}
		case *ast.AutoLink:
			out = append(out, data(string(c.URL(m.src))))
		case *ast.RawHTML:
			m.leave("HTML")
		case *ast.Image:
			m.leave("a picture from elsewhere")
			out = append(out, m.inline(c)...)
		default:
			out = append(out, m.inline(c)...)
		}
	}
	return out
}

func plain(rs Runs) string { return strings.TrimSpace(rs.String()) }
