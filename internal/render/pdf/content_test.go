package pdf

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// piece is text as it stands on a page.
type piece struct {
	page, mcid int // mcid is -1 in an artifact
	artifact   string
	text       string
	x, y       float64
}

// pieces reads the text of all pages. It fails on text outside of marked content, on codes without a meaning and on
// operators out of their place.
func (f *pdfFile) pieces() (out []piece) {
	for i, p := range f.pages() {
		out = append(out, f.pagePieces(i, p)...)
	}
	return out
}

func (f *pdfFile) pages() (out []dict) {
	if f.kept != nil {
		return f.kept
	}
	defer func() { f.kept = out }()
	for _, k := range f.array(f.dict(f.root()["Pages"])["Kids"]) {
		out = append(out, f.dict(k))
	}
	return out
}

func (f *pdfFile) pagePieces(n int, p dict) (out []piece) {
	t := f.t
	fonts := map[name]map[string]string{}
	for k, v := range f.dict(f.dict(p["Resources"])["Font"]) {
		fonts[name(k)] = f.codes(v)
	}
	l := &lexer{t: t, b: f.get(p["Contents"]).(pdfStream).data}
	var stack []any
	var open []piece
	inText, depth := false, 0
	var codes map[string]string
	var x, y float64
	for {
		v := l.value()
		if v == nil {
			break
		}
		op, ok := v.(operator)
		if !ok {
			stack = append(stack, v)
			continue
		}
		switch op {
		case "BDC":
			d, m := stack[1].(dict), piece{page: n, mcid: -1, artifact: "-"}
			if id, ok := d["MCID"].(float64); ok {
				m.mcid, m.artifact = int(id), ""
			} else if stack[0] != name("Artifact") {
				t.Errorf("page %d: marked content without a number: %v", n+1, stack)
			} else if s, ok := d["Subtype"].(name); ok {
				m.artifact = string(s)
			}
			open = append(open, m)
			if len(open) > 1 {
				t.Errorf("page %d: marked content inside of marked content", n+1)
			}
		case "EMC":
			if len(open) == 0 {
				t.Fatalf("page %d: EMC without BDC", n+1)
			}
			open = open[:len(open)-1]
		case "BT":
			inText = true
		case "ET":
			inText = false
		case "Tm":
			x, y = stack[4].(float64), stack[5].(float64)
		case "Tf":
			if codes = fonts[stack[0].(name)]; codes == nil {
				t.Fatalf("page %d: no font %v", n+1, stack[0])
			}
		case "TJ":
			if !inText || len(open) == 0 {
				t.Fatalf("page %d: text outside of the structure", n+1)
			}
			m := open[0]
			m.x, m.y = x, y
			for _, s := range stack[0].(array) {
				if s, ok := s.(string); ok {
					for i := 0; i+1 < len(s); i += 2 {
						u, known := codes[s[i:i+2]]
						if !known {
							t.Errorf("page %d: code %x stands for nothing", n+1, s[i:i+2])
						}
						m.text += u
					}
				}
			}
			out = append(out, m)
		case "q":
			depth++
		case "Q":
			depth--
		case "re", "f", "S", "B", "m", "l", "c", "h", "w", "rg", "RG", "J", "j", "d", "cm", "Ts":
			if len(open) == 0 && (op == "f" || op == "S" || op == "B") {
				t.Errorf("page %d: something drawn outside of the structure", n+1)
			}
		default:
			t.Fatalf("page %d: operator %q", n+1, op)
		}
		stack = stack[:0]
	}
	if len(open) != 0 || depth != 0 || inText {
		t.Errorf("page %d ends with %d open marks, %d open states", n+1, len(open), depth)
	}
	return out
}

// codes reads what the codes of a font stand for, and that the font lies in the file.
func (f *pdfFile) codes(v any) map[string]string {
	font := f.dict(v)
	child := f.dict(f.array(font["DescendantFonts"])[0])
	if _, ok := f.get(f.dict(child["FontDescriptor"])["FontFile2"]).(pdfStream); !ok {
		f.t.Errorf("font %v is not embedded", font["BaseFont"])
	}
	out := map[string]string{}
	for _, row := range strings.Split(string(f.get(font["ToUnicode"]).(pdfStream).data), "\n") {
		var from, to string
		if _, err := fmt.Sscanf(strings.NewReplacer("<", " ", ">", " ").Replace(row), "%s %s", &from, &to); err != nil || len(from) != 4 || !strings.HasPrefix(row, "<") || strings.HasPrefix(row, "<0000><FFFF>") {
			continue
		}
		k, _ := hex.DecodeString(from)
		u, err := hex.DecodeString(to)
		if err != nil {
			f.t.Fatal(err)
		}
		out[string(k)] = textString("\xfe\xff" + string(u))
	}
	return out
}

// element is a node of the structure tree, with its text.
type element struct {
	role  string
	dict  dict
	kids  []*element
	text  string // of itself and all below, in their order
	links []dict // annotations
	up    *element
	pages map[int]bool
}

// tree reads the structure and checks that it and the pages tell the same: each marked content belongs to one
// element, and the table of parents leads back to it.
func (f *pdfFile) tree() *element {
	t := f.t
	texts, pageNo := map[[2]int]string{}, map[int]int{}
	for _, p := range f.pieces() {
		if p.mcid >= 0 {
			texts[[2]int{p.page, p.mcid}] += p.text
		}
	}
	for i, k := range f.array(f.dict(f.root()["Pages"])["Kids"]) {
		pageNo[int(k.(reference))] = i
	}
	parents := map[int]any{}
	top := f.dict(f.root()["StructTreeRoot"])
	pairs := f.array(f.dict(top["ParentTree"])["Nums"])
	for i := 0; i < len(pairs); i += 2 {
		parents[int(pairs[i].(float64))] = pairs[i+1]
	}
	seen := map[[2]int]bool{}
	var read func(r any, up *element) *element
	read = func(r any, up *element) *element {
		d := f.dict(r)
		e := &element{role: string(d["S"].(name)), dict: d, up: up, pages: map[int]bool{}}
		content := func(page, id int) {
			at := [2]int{page, id}
			if seen[at] {
				t.Errorf("content %d of page %d belongs to two elements", id, page+1)
			}
			seen[at] = true
			e.text += texts[at]
			e.pages[page] = true
			key := int(f.pages()[page]["StructParents"].(float64))
			if back := f.array(parents[key])[id]; back != r {
				t.Errorf("content %d of page %d: its parent is %v, the table says %v", id, page+1, r, back)
			}
		}
		for _, k := range f.array(d["K"]) {
			switch v := k.(type) {
			case float64:
				content(pageNo[int(d["Pg"].(reference))], int(v))
			case reference:
				c := read(v, e)
				if f.dict(v)["P"] != r {
					t.Errorf("%s: its parent is not %s", c.role, e.role)
				}
				e.kids = append(e.kids, c)
				e.text += c.text
			case dict:
				if v["Type"] == name("MCR") {
					content(pageNo[int(v["Pg"].(reference))], int(v["MCID"].(float64)))
					continue
				}
				a := f.dict(v["Obj"])
				if back := parents[int(a["StructParent"].(float64))]; back != r {
					t.Errorf("a link: its element is %v, the table says %v", r, back)
				}
				e.links = append(e.links, a)
			}
		}
		return e
	}
	root := read(top["K"], nil)
	for at := range texts {
		if !seen[at] {
			t.Errorf("content %d of page %d belongs to no element: %q", at[1], at[0]+1, texts[at])
		}
	}
	return root
}

// all are the elements of a role, in their order.
func (e *element) all(role string) (out []*element) {
	if e.role == role {
		out = append(out, e)
	}
	for _, k := range e.kids {
		out = append(out, k.all(role)...)
	}
	return out
}

// dests are the places to which names lead.
func (f *pdfFile) dests() map[string]array {
	out := map[string]array{}
	last := ""
	for _, k := range f.array(f.dict(f.dict(f.root()["Names"])["Dests"])["Kids"]) {
		names := f.array(f.dict(k)["Names"])
		for i := 0; i < len(names); i += 2 {
			n := names[i].(string)
			if n <= last {
				f.t.Errorf("name %q stands after %q", n, last)
			}
			last = n
			out[n] = f.array(names[i+1])
		}
	}
	return out
}
