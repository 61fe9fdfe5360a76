package pdf

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// write puts the parts of the file together.
func (d *doc) write(w io.Writer) error {
	f := d.file
	tree, resources := f.alloc(), f.alloc()
	var fonts strings.Builder
	for i, t := range d.fonts.all {
		if len(t.used) > 1 {
			t.embed(f, i)
			fmt.Fprintf(&fonts, "/%s %s", t.res, t.ref)
		}
	}
	f.set(resources, "<</ProcSet[/PDF/Text]/Font<<"+fonts.String()+">>>>")
	kids, first := make([]string, len(d.pages)), len(d.pages)
	for i, p := range d.pages {
		d.writePage(p, i, first, tree, resources)
		first += len(p.annots)
		kids[i] = p.ref.String()
	}
	f.set(tree, fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", strings.Join(kids, " "), len(kids)))
	structure := d.writeTags()
	title := d.fullTitle()
	meta := f.alloc()
	f.plain(meta, "/Type/Metadata/Subtype/XML", d.xmp(title))
	info := f.add(fmt.Sprintf("<</Title%s/Subject%s/Creator(Assay)/Producer(Assay)>>", quote(title), quote(d.r.Organization+", "+d.r.When.Words())))
	root := f.add(fmt.Sprintf("<</Type/Catalog/Pages %s/Lang%s/MarkInfo<</Marked true>>/StructTreeRoot %s/Metadata %s/ViewerPreferences<</DisplayDocTitle true>>/PageMode/UseOutlines/Outlines %s/Names<</Dests %s>>>>",
		tree, quote(d.o.Language), structure, meta, d.outline(), d.dests()))
	return f.write(w, root, info)
}

// fullTitle is the title of the document as programs show it.
func (d *doc) fullTitle() string {
	s := flat(d.r.Title + " · " + d.r.Organization)
	if d.r.Draft {
		s = "DRAFT · " + s
	}
	return s
}

// xmp is the metadata. It claims no conformance to a standard: that is for a checker to say.
func (d *doc) xmp(title string) []byte {
	return []byte(`<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">` + escape(title) + `</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">` + escape(flat(d.r.Organization)+", "+d.r.When.Words()) + `</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>` + escape(d.o.Language) + `</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>Assay</pdf:Producer><xmp:CreatorTool>Assay</xmp:CreatorTool>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>`)
}

func escape(s string) string {
	var b strings.Builder
	// A strings.Builder takes everything.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

func (s spot) dest() string {
	return fmt.Sprintf("[%s/XYZ 0 %s null]", s.page.ref, nums(min(s.page.height, s.page.height-s.y+6)))
}

// perLeaf is how many names one node of the tree of names holds.
const perLeaf = 64

// dests writes the names to which links lead.
func (d *doc) dests() ref {
	type named struct{ name, dest string }
	all := make([]named, 0, len(d.places))
	for id, s := range d.places {
		all = append(all, named{uri(id), s.dest()})
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	var kids []string
	for part := range slices.Chunk(all, perLeaf) {
		var b strings.Builder
		for _, n := range part {
			b.WriteString(quote(n.name) + n.dest)
		}
		leaf := d.file.add(fmt.Sprintf("<</Limits[%s%s]/Names[%s]>>", quote(part[0].name), quote(part[len(part)-1].name), b.String()))
		kids = append(kids, leaf.String())
	}
	return d.file.add("<</Kids[" + strings.Join(kids, " ") + "]>>")
}

// outline writes the outline that viewers show beside the pages.
func (d *doc) outline() ref {
	root := d.file.alloc()
	first, last, n := d.outlineLevel(d.entries(), root, true)
	body := fmt.Sprintf("<</Type/Outlines/Count %d", n)
	if n > 0 {
		body += fmt.Sprintf("/First %s/Last %s", first, last)
	}
	d.file.set(root, body+">>")
	return root
}

// outlineLevel writes the entries below one; what is below the sections is closed at first.
func (d *doc) outlineLevel(entries []*entry, up ref, open bool) (first, last ref, n int) {
	var kept []*entry
	for _, e := range entries {
		if _, ok := d.places[e.id]; ok {
			kept = append(kept, e)
		}
	}
	refs := make([]ref, len(kept))
	for i := range kept {
		refs[i] = d.file.alloc()
	}
	for i, e := range kept {
		var b strings.Builder
		fmt.Fprintf(&b, "<</Title%s/Parent %s/Dest%s", quote(e.says()), up, d.places[e.id].dest())
		if i > 0 {
			fmt.Fprintf(&b, "/Prev %s", refs[i-1])
		}
		if i+1 < len(kept) {
			fmt.Fprintf(&b, "/Next %s", refs[i+1])
		}
		if f, l, k := d.outlineLevel(e.subs, refs[i], false); k > 0 {
			fmt.Fprintf(&b, "/First %s/Last %s/Count %d", f, l, -k)
		}
		d.file.set(refs[i], b.String()+">>")
	}
	if len(refs) == 0 {
		return 0, 0, 0
	}
	return refs[0], refs[len(refs)-1], len(refs)
}
