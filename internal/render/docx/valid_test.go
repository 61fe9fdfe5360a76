package docx

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// node is an element of a part; its name has the prefix that the parts of this package use.
type node struct {
	name  string
	attr  map[string]string
	kids  []*node
	chars string
}

func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, k := range n.kids {
		k.walk(visit)
	}
}

func (n *node) all(name string) (out []*node) {
	n.walk(func(x *node) {
		if x.name == name {
			out = append(out, x)
		}
	})
	return out
}

// text is what a reader sees of an element.
func (n *node) text() string {
	var b strings.Builder
	n.walk(func(x *node) {
		switch x.name {
		case "w:t":
			b.WriteString(x.chars)
		case "w:tab":
			b.WriteString("\t")
		case "w:br":
			b.WriteString("\n")
		}
	})
	return b.String()
}

var prefixes = map[string]string{nsMain: "w:", nsRelation: "r:", nsWordDrawing: "wp:", nsDrawing: "a:", nsPicture: "pic:",
	"http://schemas.microsoft.com/office/drawing/2016/SVG/main": "asvg:"}

func parse(t testing.TB, name, part string) *node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(part))
	top := &node{}
	open := []*node{top}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s is not well-formed: %v", name, err)
		}
		last := open[len(open)-1]
		switch e := tok.(type) {
		case xml.StartElement:
			n := &node{name: prefixes[e.Name.Space] + e.Name.Local, attr: map[string]string{}}
			for _, a := range e.Attr {
				k := prefixes[a.Name.Space] + a.Name.Local
				if _, twice := n.attr[k]; twice {
					t.Errorf("%s: <%s> has %s twice", name, n.name, k)
				}
				n.attr[k] = a.Value
			}
			last.kids = append(last.kids, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.chars += string(e)
		}
	}
	if len(top.kids) != 1 {
		t.Fatalf("%s has %d roots", name, len(top.kids))
	}
	return top.kids[0]
}

// sequences are the children of elements in the order that ISO/IEC 29500-4 lays down, as far as this
// package writes them or could: word processors refuse files that have them otherwise.
var sequences = map[string]string{
	"w:pPr": "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr shd tabs suppressAutoHyphens kinsoku wordWrap " +
		"overflowPunct topLinePunct autoSpaceDE autoSpaceDN bidi adjustRightInd snapToGrid spacing ind contextualSpacing mirrorIndents suppressOverlap jc " +
		"textDirection textAlignment textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange",
	"w:rPr": "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid vanish webHidden color spacing w kern " +
		"position sz szCs highlight u effect bdr shd fitText vertAlign rtl cs em lang eastAsianLayout specVanish oMath",
	"w:tblPr":       "tblStyle tblpPr tblOverlap bidiVisual tblStyleRowBandSize tblStyleColBandSize tblW jc tblCellSpacing tblInd tblBorders shd tblLayout tblCellMar tblLook tblCaption tblDescription",
	"w:trPr":        "cnfStyle divId gridBefore gridAfter wBefore wAfter cantSplit trHeight tblHeader tblCellSpacing jc hidden",
	"w:tcPr":        "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection tcFitText vAlign hideMark",
	"w:sectPr":      "headerReference footerReference footnotePr endnotePr type pgSz pgMar paperSrc pgBorders lnNumType pgNumType cols formProt vAlign noEndnote titlePg textDirection bidi rtlGutter docGrid",
	"w:pBdr":        "top left bottom right between bar",
	"w:tblBorders":  "top left start bottom right end insideH insideV",
	"w:tcBorders":   "top left start bottom right end insideH insideV tl2br tr2bl",
	"w:tblCellMar":  "top left start bottom right end",
	"w:style":       "name aliases basedOn next link autoRedefine hidden uiPriority semiHidden unhideWhenUsed qFormat locked personal rsid pPr rPr tblPr trPr tcPr tblStylePr",
	"w:tblStylePr":  "pPr rPr tblPr trPr tcPr",
	"w:abstractNum": "nsid multiLevelType tmpl name styleLink numStyleLink lvl",
	"w:lvl":         "start numFmt lvlRestart pStyle isLgl suff lvlText lvlPicBulletId legacy lvlJc pPr rPr",
	"w:tbl":         "tblPr tblGrid tr",
	"w:tr":          "tblPrEx trPr tc",
	"w:settings":    "writeProtection view zoom mirrorMargins defaultTabStop autoHyphenation characterSpacingControl footnotePr endnotePr compat docVars rsids themeFontLang clrSchemeMapping decimalSymbol listSeparator",
	"wp:inline":     "extent effectExtent docPr cNvGraphicFramePr graphic",
	"pic:pic":       "nvPicPr blipFill spPr",
}

func ordered(t testing.TB, part string, root *node) {
	t.Helper()
	root.walk(func(n *node) {
		list, ok := sequences[n.name]
		if !ok {
			return
		}
		order, last := strings.Fields(list), 0
		for _, k := range n.kids {
			_, local, _ := strings.Cut(k.name, ":")
			at := slices.Index(order, local)
			switch {
			case at < 0:
				t.Errorf("%s: <%s> may not hold <%s>", part, n.name, k.name)
			case at < last:
				t.Errorf("%s: in <%s>, <%s> stands behind <%s>", part, n.name, k.name, order[last])
			default:
				last = at
			}
		}
	})
}

// valid checks what a word processor would refuse or repair, and the promises of this package.
func valid(t testing.TB, parts map[string]string) map[string]*node {
	t.Helper()
	trees := map[string]*node{}
	for name, text := range parts {
		if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels") || strings.HasSuffix(name, ".svg") {
			trees[name] = parse(t, name, text)
			ordered(t, name, trees[name])
		} else if !bytes.HasPrefix([]byte(text), []byte("\x89PNG")) {
			t.Errorf("%s is of no known kind", name)
		}
	}
	typed(t, parts, trees["[Content_Types].xml"])
	targets := related(t, parts, trees)
	styles := map[string]bool{}
	for _, s := range trees["word/styles.xml"].all("w:style") {
		id := s.attr["w:styleId"]
		if styles[id] {
			t.Errorf("style %s stands twice", id)
		}
		styles[id] = true
	}
	for _, name := range []string{"word/document.xml", "word/header1.xml", "word/header2.xml", "word/footer1.xml"} {
		body(t, name, trees[name], styles)
		trees[name].walk(func(n *node) {
			for _, a := range []string{"r:id", "r:embed"} {
				if id, ok := n.attr[a]; ok && !targets[id] {
					t.Errorf("%s: <%s> names relationship %q, which is none", name, n.name, id)
				}
			}
		})
	}
	linked(t, trees["word/document.xml"])
	return trees
}

func typed(t testing.TB, parts map[string]string, types *node) {
	t.Helper()
	known := map[string]bool{}
	for _, k := range types.kids {
		if name, ok := k.attr["PartName"]; ok {
			known[name] = true
			if _, there := parts[name[1:]]; !there {
				t.Errorf("[Content_Types].xml names %s, which is not there", name)
			}
		} else {
			known["."+k.attr["Extension"]] = true
		}
	}
	for name := range parts {
		ext := path.Ext(name)
		if name != "[Content_Types].xml" && !known["/"+name] && (ext == ".xml" || !known[ext]) {
			t.Errorf("%s has no content type", name)
		}
	}
}

// related follows every relationship of the main part and of the package.
func related(t testing.TB, parts map[string]string, trees map[string]*node) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for name, base := range map[string]string{"_rels/.rels": "", "word/_rels/document.xml.rels": "word"} {
		for _, r := range trees[name].kids {
			id, to := r.attr["Id"], r.attr["Target"]
			if ids[name+id] {
				t.Errorf("%s: %s stands twice", name, id)
			}
			ids[name+id] = true
			if base != "" {
				ids[id] = true
			}
			if r.attr["TargetMode"] == "External" {
				if strings.ContainsAny(to, " <>\"\\") || strings.Contains(to, ":") || strings.HasPrefix(to, "/") {
					t.Errorf("%s: the target %q is no relative reference", name, to)
				}
			} else if _, there := parts[path.Join(base, to)]; !there {
				t.Errorf("%s: %s leads to %s, which is not there", name, id, to)
			}
		}
	}
	return ids
}

func body(t testing.TB, part string, root *node, styles map[string]bool) {
	t.Helper()
	depth, fields := 0, 0
	root.walk(func(n *node) {
		switch n.name {
		case "w:pStyle", "w:rStyle", "w:tblStyle":
			if !styles[n.attr["w:val"]] {
				t.Errorf("%s: style %q is not in the style sheet", part, n.attr["w:val"])
			}
		case "w:fldChar":
			switch n.attr["w:fldCharType"] {
			case "begin":
				depth, fields = depth+1, fields+1
			case "end":
				depth--
			}
			if depth < 0 {
				t.Errorf("%s: a field ends that did not begin", part)
			}
		case "w:tc":
			if n.kids[len(n.kids)-1].name != "w:p" {
				t.Errorf("%s: a cell does not end with a paragraph", part)
			}
		case "w:t":
			for _, r := range n.chars {
				if r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff {
					t.Errorf("%s: the text %q holds a control character", part, n.chars)
				}
			}
		}
	})
	if depth != 0 {
		t.Errorf("%s: %d fields of %d do not end", part, depth, fields)
	}
}

// linked checks bookmarks, the links to them, the tables and the pictures of the main part.
func linked(t testing.TB, root *node) {
	t.Helper()
	names, begun, ended := map[string]bool{}, map[string]bool{}, map[string]bool{}
	root.walk(func(n *node) {
		switch n.name {
		case "w:bookmarkStart":
			name, id := n.attr["w:name"], n.attr["w:id"]
			if names[strings.ToLower(name)] || begun[id] {
				t.Errorf("bookmark %s (%s) stands twice", name, id)
			}
			if len(name) > 40 || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
				t.Errorf("%q is no name of a bookmark", name)
			}
			names[strings.ToLower(name)], begun[id] = true, true
		case "w:bookmarkEnd":
			ended[n.attr["w:id"]] = true
		}
	})
	if len(begun) != len(ended) {
		t.Errorf("%d bookmarks begin, %d end", len(begun), len(ended))
	}
	pictures := map[string]bool{}
	root.walk(func(n *node) {
		switch n.name {
		case "w:hyperlink":
			if a, ok := n.attr["w:anchor"]; ok && !names[strings.ToLower(a)] {
				t.Errorf("a link leads to %q, which is no bookmark", a)
			}
		case "wp:docPr":
			if pictures[n.attr["id"]] || n.attr["descr"] == "" {
				t.Errorf("picture %s stands twice or has no words", n.attr["id"])
			}
			pictures[n.attr["id"]] = true
		case "w:tbl":
			table(t, n)
		}
	})
}

func table(t testing.TB, n *node) {
	t.Helper()
	columns := len(n.all("w:gridCol"))
	rows := n.all("w:tr")
	if len(n.all("w:tblHeader")) != 1 || len(rows[0].all("w:tblHeader")) != 1 {
		t.Error("a table does not repeat its first row, and it alone")
	}
	if look := n.all("w:tblLook")[0]; look.attr["w:firstRow"] != "1" || look.attr["w:firstColumn"] != "1" {
		t.Error("a table does not say that its first row and column are heads")
	}
	if n.all("w:tblCaption")[0].attr["w:val"] == "" {
		t.Error("a table has no caption")
	}
	sum := 0
	for _, c := range n.all("w:gridCol") {
		w, err := strconv.Atoi(c.attr["w:w"])
		if err != nil || w <= 0 {
			t.Errorf("a column is %q wide", c.attr["w:w"])
		}
		sum += w
	}
	if want, _ := strconv.Atoi(n.all("w:tblW")[0].attr["w:w"]); sum != want {
		t.Errorf("the columns of a table are %d wide, want %d", sum, want)
	}
	for i, r := range rows {
		if len(r.all("w:tc")) != columns {
			t.Errorf("a row has %d cells under %d columns", len(r.all("w:tc")), columns)
		}
		text := 0
		for _, c := range r.all("w:tc") {
			text = max(text, len(c.text()))
		}
		if whole := len(r.all("w:cantSplit")) > 0; i > 0 && (text < 20 && !whole || text > 1500 && whole) {
			t.Errorf("a row with a text of %d letters must not split: %t", text, whole)
		}
		keeps := len(r.all("w:keepNext")) > 0
		if last := len(rows) - 1; i > 0 && keeps && i == last || !keeps && (i == 1 || i == last-1) && i > 0 && i < last {
			t.Errorf("row %d of %d stays with the next: %t", i, last, keeps)
		}
	}
}
