package pdf

import (
	"fmt"
	"strings"
)

// node is an element of the structure tree: what a reader that does not see the pages is told.
type node struct {
	role  string
	attrs string // further entries of its dictionary, such as /Alt
	kids  []kid
	up    *node
	late  bool // joins its parent when it is drawn, so that it stands between what was drawn before and after
	ref   ref
}

// kid is one of: an element, content of a page, an annotation of a page.
type kid struct {
	node  *node
	page  *page
	mcid  int
	annot ref
}

// child adds an element at the end.
func (n *node) child(role string) *node {
	c := &node{role: role, up: n}
	n.kids = append(n.kids, kid{node: c})
	return c
}

// later adds an element where its parent is when it is drawn.
func (n *node) later(role string) *node {
	return &node{role: role, up: n, late: true}
}

func (n *node) join() {
	if n.late {
		n.late = false
		n.up.kids = append(n.up.kids, kid{node: n})
	}
}

// writeTags writes the tree and the table that leads from content to elements.
func (d *doc) writeTags() ref {
	root := d.file.alloc()
	number(d.file, d.root)
	d.writeNode(d.root, root)
	var nums strings.Builder
	for i, p := range d.pages {
		refs := make([]string, len(p.marked))
		for j, n := range p.marked {
			refs[j] = n.ref.String()
		}
		fmt.Fprintf(&nums, "%d %s ", i, d.file.add("["+strings.Join(refs, " ")+"]"))
	}
	next := len(d.pages)
	for _, p := range d.pages {
		for _, a := range p.annots {
			fmt.Fprintf(&nums, "%d %s ", next, a.link.node.ref)
			next++
		}
	}
	parents := d.file.add("<</Nums[" + nums.String() + "]>>")
	d.file.set(root, fmt.Sprintf("<</Type/StructTreeRoot/K %s/ParentTree %s/ParentTreeNextKey %d>>", d.root.ref, parents, next))
	return root
}

// number gives every element its object. An element without content is left out: it would be announced as nothing.
// Cells stay, for an empty cell keeps its place in the row.
func number(f *file, n *node) {
	kept := n.kids[:0]
	for _, k := range n.kids {
		if k.node != nil {
			number(f, k.node)
			if k.node.ref == 0 {
				continue
			}
		}
		kept = append(kept, k)
	}
	n.kids = kept
	if len(kept) > 0 || n.role == "TD" || n.role == "TH" || n.up == nil {
		n.ref = f.alloc()
	}
}

func (d *doc) writeNode(n *node, up ref) {
	var b strings.Builder
	fmt.Fprintf(&b, "<</S/%s/P %s%s", n.role, up, n.attrs)
	var home *page
	for _, k := range n.kids {
		if k.page != nil && k.annot == 0 {
			home = k.page
			fmt.Fprintf(&b, "/Pg %s", home.ref)
			break
		}
	}
	b.WriteString("/K[")
	for i, k := range n.kids {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch {
		case k.node != nil:
			b.WriteString(k.node.ref.String())
		case k.annot != 0:
			fmt.Fprintf(&b, "<</Type/OBJR/Obj %s/Pg %s>>", k.annot, k.page.ref)
		case k.page == home:
			fmt.Fprintf(&b, "%d", k.mcid)
		default:
			fmt.Fprintf(&b, "<</Type/MCR/Pg %s/MCID %d>>", k.page.ref, k.mcid)
		}
	}
	b.WriteString("]>>")
	d.file.set(n.ref, b.String())
	for _, k := range n.kids {
		if k.node != nil {
			d.writeNode(k.node, n.ref)
		}
	}
}
