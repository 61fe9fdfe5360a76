// Package docx reads a WordprocessingML document (ISO/IEC 29500, transitional and strict) into paragraphs with their
// styles and levels, rows of tables, comments and tracked changes. It takes files from strangers: the number of parts,
// their size, how much they inflate to and how deep they nest are bounded, and nothing outside the file is read.
package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/lint"
)

// The bounds. A report of 150 pages with 5,000 exceptions inflates to some 12 MB.
const (
	MaxFile       = 64 << 20  // bytes of the file
	maxParts      = 4096      // entries of its directory
	maxInflated   = 128 << 20 // bytes of the parts that are read, together
	maxRatio      = 200       // of a part larger than bigPart; XML of tables reaches 60
	bigPart       = 4 << 20
	maxDepth      = 256
	maxBlocks     = 400_000
	maxText       = 4 << 20 // bytes of one paragraph or cell
	maxProperties = 1000
	maxBeside     = 256      // bookmarks, pictures or open comments of one paragraph
	maxToken      = 5 << 20  // bytes of one element with its attributes: it is held in memory, at many times its size
	maxSaid       = 64 << 20 // bytes of what is kept of it all, in which a note counts at each of its signs
	weight        = 32       // bytes that a paragraph, a row, a cell or a comment counts beside its text
)

// Read reads a document. A file that is none, or that breaks a bound, is refused.
func Read(name string, b []byte) (*lint.Document, error) {
	if len(b) > MaxFile {
		return nil, fault.Refuse("%s has more than %d MB: no report is that large", name, MaxFile>>20)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fault.Refuse("%s is no DOCX: %v", name, err).WithHint("save it as a Word document (.docx); an older .doc and a PDF cannot be read")
	}
	if len(z.File) > maxParts {
		return nil, fault.Refuse("%s holds %d parts; at most %d are read", name, len(z.File), maxParts)
	}
	p := &packet{name: name, parts: map[string]*zip.File{}}
	for _, f := range z.File {
		key := strings.ToLower(strings.TrimPrefix(f.Name, "/"))
		if p.parts[key] != nil {
			return nil, fault.Refuse("%s holds the part %s twice: readers would disagree about what it says", name, f.Name)
		}
		p.parts[key] = f
	}
	return p.document()
}

// packet is a file that is being read.
type packet struct {
	name  string
	parts map[string]*zip.File
	read  int64 // bytes inflated so far
	said  int   // bytes kept so far
}

// keep counts what is kept of the file: texts may be said more often in it than they stand there.
func (p *packet) keep(n int) error {
	if p.said += n; p.said > maxSaid {
		return fault.Refuse("%s says more than %d MB of text: no report does", p.name, maxSaid>>20)
	}
	return nil
}

// document finds the main part by the package's relationships and reads it with what it leans on.
func (p *packet) document() (*lint.Document, error) {
	main := "word/document.xml"
	rels, err := p.relations("")
	if err != nil {
		return nil, err
	}
	if t, ok := rels["officeDocument"]; ok {
		main = t
	}
	if p.parts[strings.ToLower(main)] == nil {
		return nil, fault.Refuse("%s is no DOCX: it has no main document", p.name).WithHint("a spreadsheet and a presentation are zip files too; save the report as a Word document")
	}
	d := &lint.Document{Properties: map[string]string{}}
	if t, ok := rels["custom-properties"]; ok {
		if err := p.properties(t, d); err != nil {
			return nil, err
		}
	}
	of, err := p.relations(main)
	if err != nil {
		return nil, err
	}
	sheet := styles{}
	if t, ok := of["styles"]; ok {
		if sheet, err = p.styles(t); err != nil {
			return nil, err
		}
	}
	notes := map[string]string{}
	for _, kind := range []string{"footnotes", "endnotes"} {
		if t, ok := of[kind]; ok {
			if err := p.notes(t, strings.TrimSuffix(kind, "s"), notes); err != nil {
				return nil, err
			}
		}
	}
	w := &walker{p: p, d: d, sheet: sheet, notes: notes, about: map[string]int{}, said: map[string]*strings.Builder{}}
	if err := p.walk(main, w.token); err != nil {
		return nil, err
	}
	w.flush()
	if t, ok := of["comments"]; ok {
		if err := p.comments(t, w); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// relations are the internal targets of a part, by the last word of their kind.
func (p *packet) relations(of string) (map[string]string, error) {
	dir, base := path.Split(of)
	name := dir + "_rels/" + base + ".rels"
	out := map[string]string{}
	if p.parts[strings.ToLower(name)] == nil {
		return out, nil
	}
	err := p.walk(name, func(t xml.Token, _ int) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || attr(e, "TargetMode") == "External" {
			return nil
		}
		kind, to := path.Base(attr(e, "Type")), attr(e, "Target")
		if strings.HasPrefix(to, "/") {
			to = to[1:]
		} else {
			to = path.Join(dir, to)
		}
		if _, twice := out[kind]; !twice && p.parts[strings.ToLower(to)] != nil {
			out[kind] = to
		}
		return nil
	})
	return out, err
}

// walk hands over the tokens of a part and how deep each stands.
func (p *packet) walk(part string, visit func(t xml.Token, depth int) error) error {
	f := p.parts[strings.ToLower(part)]
	rc, err := f.Open()
	if err != nil {
		return fault.Refuse("%s: the part %s cannot be read: %v", p.name, part, err)
	}
	defer rc.Close()
	in := &bounded{r: rc, p: p, packed: int64(f.CompressedSize64)}
	dec := xml.NewDecoder(in)
	dec.Strict = true
	depth := 0
	for {
		in.token = 0
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			var known *fault.Error
			if errors.As(err, &known) {
				return known
			}
			return fault.Refuse("%s: the part %s is broken: %v", p.name, part, err)
		}
		switch t.(type) {
		case xml.Directive:
			return fault.Refuse("%s: the part %s declares a document type; a document has none, and entities are not followed", p.name, part)
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fault.Refuse("%s: the part %s nests deeper than %d elements", p.name, part, maxDepth)
			}
		}
		if err := visit(t, depth); err != nil {
			return err
		}
		if _, ok := t.(xml.EndElement); ok {
			depth--
		}
	}
}

// bounded ends a part that inflates to more than it may.
type bounded struct {
	r           io.Reader
	p           *packet
	packed, own int64
	token       int // bytes read since the last element ended
}

// Read satisfies io.Reader.
func (b *bounded) Read(buf []byte) (int, error) {
	n, err := b.r.Read(buf)
	b.own += int64(n)
	b.p.read += int64(n)
	if b.token += n; b.token > maxToken {
		return 0, fault.Refuse("%s holds an element of more than %d MB", b.p.name, maxToken>>20)
	}
	if b.p.read > maxInflated || b.own > bigPart && b.own/maxRatio > b.packed {
		return 0, fault.Refuse("%s inflates to far more than its size: it is refused", b.p.name)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fault.Refuse("%s is damaged: %v", b.p.name, err)
	}
	return n, err
}

func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// properties reads the custom properties. Of one that stands twice both are read, as one.
func (p *packet) properties(part string, d *lint.Document) error {
	texts := map[string]*strings.Builder{}
	name, deep := "", 0
	err := p.walk(part, func(t xml.Token, depth int) error {
		switch e := t.(type) {
		case xml.StartElement:
			if e.Name.Local == "property" {
				name, deep = attr(e, "name"), depth
			}
		case xml.CharData:
			if name == "" || depth <= deep {
				break
			}
			if texts[name] == nil {
				if len(texts) >= maxProperties {
					break
				}
				texts[name] = &strings.Builder{}
			}
			texts[name].Write(e)
			return p.keep(len(e))
		}
		return nil
	})
	for name, text := range texts {
		d.Properties[name] = text.String()
	}
	return err
}

// style is what a paragraph inherits.
type style struct {
	name, base string
	level      int // outline level from 1; 0: not said; 10: body text
	list       bool
}

type styles map[string]*style

// styles reads the names of styles and the levels of headings.
func (p *packet) styles(part string) (styles, error) {
	out := styles{}
	var cur *style
	err := p.walk(part, func(t xml.Token, _ int) error {
		e, ok := t.(xml.StartElement)
		if !ok {
			return nil
		}
		switch e.Name.Local {
		case "style":
			cur = &style{}
			if k := attr(e, "type"); k == "" || k == "paragraph" {
				out[attr(e, "styleId")] = cur
			}
		case "name":
			if cur != nil && cur.name == "" {
				cur.name = strings.ToLower(attr(e, "val"))
			}
		case "basedOn":
			if cur != nil {
				cur.base = attr(e, "val")
			}
		case "outlineLvl":
			if cur != nil {
				cur.level = level(attr(e, "val"))
			}
		case "numPr":
			if cur != nil {
				cur.list = true
			}
		}
		return nil
	})
	return out, err
}

// level is an outline level as it is written, from 0; 9 stands for body text.
func level(s string) int {
	if len(s) == 1 && s[0] >= '0' && s[0] <= '8' {
		return int(s[0]-'0') + 1
	}
	return 10
}

// of resolves a style: its name, its level, whether it makes lists.
func (s styles) of(id string) (name string, level int, list bool) {
	if st := s[id]; st != nil {
		name = st.name
	} else {
		name = strings.ToLower(id)
	}
	for n := 0; id != "" && n < 32; n++ {
		st := s[id]
		if st == nil {
			break
		}
		list = list || st.list
		if level == 0 {
			level = st.level
			if rest, ok := strings.CutPrefix(st.name, "heading "); ok && level == 0 && len(rest) == 1 && rest[0] >= '1' && rest[0] <= '9' {
				level = int(rest[0] - '0')
			}
		}
		id = st.base
	}
	if level == 10 {
		level = 0
	}
	return name, level, list
}

// comments reads who remarked what.
func (p *packet) comments(part string, w *walker) error {
	var id string
	var c *lint.Comment
	var text strings.Builder
	deleted, inText := 0, false
	return p.walk(part, func(t xml.Token, _ int) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "comment":
				id = attr(e, "id")
				c = &lint.Comment{Author: attr(e, "author"), On: attr(e, "date"), Block: -1}
				text.Reset()
				return p.keep(weight)
			case "p":
				if c != nil && text.Len() > 0 {
					text.WriteByte('\n')
				}
			case "del":
				deleted++
			case "t":
				inText = c != nil && deleted == 0
			}
		case xml.CharData:
			if inText && c != nil && text.Len() < maxText {
				text.Write(e)
				return p.keep(len(e))
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "t":
				inText = false
			case "del":
				deleted--
			case "comment":
				if c == nil {
					break
				}
				c.Text = text.String()
				if at, ok := w.about[id]; ok {
					c.Block = at
				}
				if said := w.said[id]; said != nil {
					c.About = strings.TrimSpace(said.String())
				}
				if len(w.d.Comments) < maxBlocks {
					w.d.Comments = append(w.d.Comments, *c)
				}
				c = nil
			}
		}
		return nil
	})
}

// notes reads the texts of footnotes or endnotes by their kind and number. They are read in the place of their signs.
func (p *packet) notes(part, kind string, into map[string]string) error {
	id, deleted, inText := "", 0, false
	texts := map[string]*strings.Builder{}
	err := p.walk(part, func(t xml.Token, _ int) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case kind:
				if id = kind + attr(e, "id"); attr(e, "type") != "" { // the line between text and notes
					id = ""
				}
			case "del":
				deleted++
			case "t":
				inText = id != "" && deleted == 0
			}
		case xml.CharData:
			if !inText || len(texts) >= maxBlocks {
				break
			}
			if texts[id] == nil {
				texts[id] = &strings.Builder{}
			}
			if texts[id].Len() < maxText>>4 {
				texts[id].Write(e)
				return p.keep(len(e))
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "t":
				inText = false
			case "del":
				deleted--
			}
		}
		return nil
	})
	for id, text := range texts {
		into[id] = text.String()
	}
	return err
}

func once(list []string, s string) []string {
	if s == "" || len(list) >= maxBeside || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
