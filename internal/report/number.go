package report

import (
	"slices"
	"strconv"
)

// unnumbered stands for the number of a table or a picture until all of them are counted.
const unnumbered = "\x00"

// ref is a reference to a table or a picture, by the number that it gets.
func ref(id string) Run { return Run{Text: unnumbered, Link: "#" + id} }

// refs are several references, as English lists them.
func refs(ids []string) Runs {
	var out Runs
	for i, id := range ids {
		switch {
		case i > 0 && i == len(ids)-1:
			out = append(out, say(" and "))
		case i > 0:
			out = append(out, say(", "))
		}
		out = append(out, ref(id))
	}
	return out
}

// number counts the tables and the pictures of each section, puts the numbers before their captions, and fills in the references.
func number(r *Report) {
	names := map[string]string{}
	for i := range r.Sections {
		s := &r.Sections[i]
		tables, pictures := 0, 0
		named := func(kind string, n *int, id string, caption Runs) (string, Runs) {
			*n++
			name := kind + " " + s.Number + "." + strconv.Itoa(*n)
			names["#"+id] = name
			return name, slices.Concat(Runs{{Text: name + ". ", Strong: true}}, caption)
		}
		for _, b := range s.Blocks {
			switch {
			case b.Table != nil:
				b.Table.Number, b.Table.Caption = named("Table", &tables, b.Table.ID, b.Table.Caption)
			case b.Chart != nil:
				b.Chart.Number, b.Chart.Caption = named("Figure", &pictures, b.Chart.ID, b.Chart.Caption)
			case b.Drawing != nil:
				b.Drawing.Number, b.Drawing.Caption = named("Figure", &pictures, b.Drawing.ID, b.Drawing.Caption)
			}
		}
	}
	fill := func(rs Runs) {
		for i := range rs {
			if rs[i].Text == unnumbered {
				rs[i].Text = names[rs[i].Link]
			}
		}
	}
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			fill(b.Paragraph)
			for _, l := range b.List {
				fill(l)
			}
		}
	}
}

// bare is a caption without the number before it: what two drafts are compared by.
func bare(number string, caption Runs) Runs {
	if number != "" && len(caption) > 0 {
		return caption[1:]
	}
	return caption
}

// fitting leaves out columns that are empty throughout, of those that are named: a column that nobody had anything to say in tells nothing.
func fitting(t *Table, optional ...string) *Table {
	for j := len(t.Columns) - 1; j >= 0; j-- {
		said := slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Cells[j].String() != "" })
		if said || len(t.Rows) == 0 || !slices.Contains(optional, t.Columns[j].Title) {
			continue
		}
		t.Columns = slices.Delete(t.Columns, j, j+1)
		for i := range t.Rows {
			t.Rows[i].Cells = slices.Delete(t.Rows[i].Cells, j, j+1)
		}
	}
	return t
}
