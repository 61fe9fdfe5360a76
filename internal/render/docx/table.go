package docx

import (
	"strconv"

	"github.com/assayhq/assay/internal/report"
)

// cellSide is the room at both sides of a cell's text, and cellRow that above and below it, in twentieths
// of a point, as the table style has them.
const (
	cellSide = 160
	cellRow  = 80
)

func (d *doc) table(t *report.Table) {
	caption := append(report.Runs{}, t.Caption...)
	if t.Total > 0 && t.Shown < t.Total {
		caption = append(caption, report.Run{Text: " · first " + report.Count(t.Shown) + " of " + report.Count(t.Total) + "; all are in "},
			report.Run{Text: t.All, Link: t.All})
	}
	d.paragraph(para{style: "Caption", anchors: []string{t.ID}}, caption)
	widths := d.columns(t)
	w := d.out
	w.raw(`<w:tbl><w:tblPr><w:tblStyle w:val="Figures"/><w:tblW w:w="`, strconv.Itoa(d.width), `" w:type="dxa"/><w:tblLayout w:type="fixed"/>`,
		`<w:tblLook w:val="00A0" w:firstRow="1" w:lastRow="0" w:firstColumn="1" w:lastColumn="0" w:noHBand="0" w:noVBand="0"/><w:tblCaption`)
	w.attr("w:val", t.Caption.String())
	w.raw(`/></w:tblPr><w:tblGrid>`)
	for _, x := range widths {
		w.raw(`<w:gridCol`)
		w.attrInt("w:w", x)
		w.raw(`/>`)
	}
	w.raw("</w:tblGrid>\n")
	head := d.headRow(t, widths)
	keep := d.keeping(t, widths)
	for i, row := range t.Rows {
		d.row(t, row, widths, head, keep(i))
	}
	w.raw("</w:tbl>\n")
	d.after = true
}

// headRow writes the row that every page repeats, and returns its height.
func (d *doc) headRow(t *report.Table, widths []int) int {
	d.out.raw(`<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
	high := 0
	for i, c := range t.Columns {
		title := c.Title
		if title == "" {
			title = "Letter"
		}
		d.cell(widths[i])
		d.out.raw(`<w:p><w:pPr><w:pStyle w:val="TableHead"/>`)
		if c.Number {
			d.out.raw(`<w:jc w:val="right"/>`)
		}
		d.out.raw(`</w:pPr>`)
		d.words(title, "")
		d.out.raw(`</w:p></w:tc>`)
		high = max(high, lines(title, d.style("TableHead"), widths[i]-cellSide)*d.style("TableHead").line)
	}
	d.out.raw("</w:tr>\n")
	d.lay.head(high + cellRow + headEdge)
	return high + cellRow + headEdge
}

// few is how many rows a table has at most of which it is asked whether they fit on a quarter of a page.
const few = 16

// keeping says which rows stay on the page of the next one: all of a table that takes less than a quarter of a page, and else the first,
// so that no row stands alone under the head, and the last but one, so that none stands alone on the next page.
func (d *doc) keeping(t *report.Table, widths []int) func(i int) bool {
	n, high := len(t.Rows), 0
	for i := range t.Rows[:min(n, few)] {
		high += d.high(t.Rows[i], widths)
	}
	whole := n <= few && high < d.lay.height/4
	return func(i int) bool { return i+1 < n && (whole || i == 0 || i == n-2) }
}

// high is the height of a row.
func (d *doc) high(row report.Row, widths []int) int {
	high := 0
	for i, c := range row.Cells {
		high = max(high, lines(shown(c), d.cellStyle(c), widths[i]-cellSide)*d.style("TableText").line)
	}
	return high + cellRow
}

// together is the number of lines up to which a row stays in one piece.
const together = 6

func (d *doc) row(t *report.Table, row report.Row, widths []int, head int, keep bool) {
	high := d.high(row, widths)
	line := d.style("TableText").line
	d.out.raw(`<w:tr>`)
	if high <= together*line+cellRow {
		d.out.raw(`<w:trPr><w:cantSplit/></w:trPr>`)
	}
	for i, c := range row.Cells {
		p := para{style: "TableText", keepNext: keep}
		if t.Columns[i].Number {
			p.style = "TableNumber"
		}
		if i == 0 && row.ID != "" {
			p.anchors = []string{row.ID}
		}
		d.cell(widths[i])
		d.write(p, c, shown(c))
		d.out.raw(`</w:tc>`)
	}
	d.out.raw("</w:tr>\n")
	d.lay.row(high, head, line, keep)
}

func (d *doc) cell(width int) {
	d.out.raw(`<w:tc><w:tcPr><w:tcW w:w="`, strconv.Itoa(width), `" w:type="dxa"/></w:tcPr>`)
}

// cellStyle is how a cell's letters look: those of code are all of one width.
func (d *doc) cellStyle(rs report.Runs) *style {
	if len(rs) > 0 && rs[0].Code {
		return d.style("TableCode")
	}
	return d.style("TableText")
}

// columns shares the width of the text: each column gets what its longest word and its head need, the
// rest goes to the columns that have more to say.
func (d *doc) columns(t *report.Table) []int {
	n, width := len(t.Columns), d.width
	need, want := make([]int, n), make([]int, n)
	for i, c := range t.Columns {
		title := c.Title
		if title == "" {
			title = "Letter"
		}
		need[i] = longestWord(title, d.style("TableHead"))
		want[i] = need[i]
	}
	// The first rows stand for the table: reading millions of cells twice would cost more than it tells.
	for _, row := range t.Rows[:min(len(t.Rows), 200)] {
		for i, c := range row.Cells {
			s, look := shown(c), d.cellStyle(c)
			need[i] = max(need[i], min(longestWord(s, look), width/5))
			long := measure(s, look)
			if t.Columns[i].Number {
				need[i] = max(need[i], min(long, width/9))
			}
			want[i] = max(want[i], min(long, width))
		}
	}
	for i, c := range t.Columns {
		most := width * 2 / 3
		switch {
		case c.Number:
			most = need[i]
		case c.Narrow:
			most = max(need[i], width/8)
		case !c.Wide && n > 2:
			most = width / 3
		}
		need[i] += cellSide + 30
		want[i] = max(min(want[i], most)+cellSide+30, need[i])
	}
	return share(need, want, width)
}

// share gives every column its need and a part of the rest in proportion to what it would still use.
func share(need, want []int, width int) []int {
	out := make([]int, len(need))
	sumNeed, sumMore := 0, 0
	for i := range need {
		sumNeed += need[i]
		sumMore += want[i] - need[i]
	}
	rest, used := width-sumNeed, 0
	for i := range need {
		switch {
		case rest < 0:
			out[i] = max(need[i]*width/sumNeed, 1)
		case sumMore > 0:
			out[i] = need[i] + rest*(want[i]-need[i])/sumMore
		default:
			out[i] = need[i] + rest/len(need)
		}
		used += out[i]
	}
	out[len(out)-1] += width - used
	return out
}
