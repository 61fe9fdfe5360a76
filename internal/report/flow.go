package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// The measures of a data-flow picture, in points. A page holds about 460 across.
const (
	flowWidth   = 460.0
	nodeHeight  = 34.0
	nodeGap     = 22.0
	columnGap   = 74.0
	flowMargin  = 14.0
	flowColumns = 4 // more columns would be too narrow to read
)

// flowDrawing lays a data flow out in columns, from where data is created to where it ends. Nodes outside the boundary
// are dashed in; what goes between two nodes stands on its arrow as a number, explained in the table beneath.
func flowDrawing(f assure.Flow) *Drawing {
	column := layers(f)
	last := 0
	for _, c := range column {
		last = max(last, c)
	}
	width := (flowWidth - 2*flowMargin - float64(last)*columnGap) / float64(last+1)
	byColumn := make([][]int, last+1)
	for i := range f.Nodes {
		byColumn[column[i]] = append(byColumn[column[i]], i)
	}
	tallest := 1
	for _, c := range byColumn {
		tallest = max(tallest, len(c))
	}
	d := &Drawing{ID: "data-flow-picture", Width: flowWidth, Height: 2*flowMargin + float64(tallest)*(nodeHeight+nodeGap) - nodeGap}
	type place struct{ x, y float64 }
	at := make([]place, len(f.Nodes))
	var boxes []Shape
	for c, nodes := range byColumn {
		top := (d.Height - float64(len(nodes))*(nodeHeight+nodeGap) + nodeGap) / 2
		for r, i := range nodes {
			p := place{flowMargin + float64(c)*(width+columnGap), top + float64(r)*(nodeHeight+nodeGap)}
			at[i] = p
			n := f.Nodes[i]
			fill := InkSoft
			if n.Outside {
				fill = InkPaper
			}
			boxes = append(boxes,
				Shape{Box: &Box{X: p.x, Y: p.y, W: width, H: nodeHeight, Radius: 5, Fill: fill, Stroke: InkLine}},
				Shape{Label: &Label{X: p.x + width/2, Y: p.y + 14, Text: n.Name, Size: 8.5, Anchor: Middle, Color: InkText, Strong: true, Max: width - 6}},
				Shape{Label: &Label{X: p.x + width/2, Y: p.y + 26, Text: nodeWords(n), Size: 7, Anchor: Middle, Color: InkQuiet, Max: width - 6}})
		}
	}
	var arrows, marks []Shape
	index := func(id string) int {
		return slices.IndexFunc(f.Nodes, func(n assure.Node) bool { return n.ID == id })
	}
	for k, e := range f.Edges {
		a, b := at[index(e.From)], at[index(e.To)]
		l := edgeLine(a.x, a.y, b.x, b.y, width)
		arrows = append(arrows, Shape{Line: &l})
		// The number stands nearer to the arrow's start, where arrows into one node have not met yet, and apart from
		// that of an arrow back.
		x, y := l.X1+(l.X2-l.X1)*0.3, l.Y1+(l.Y2-l.Y1)*0.3
		marks = append(marks, Shape{Box: &Box{X: x - 6, Y: y - 6, W: 12, H: 12, Radius: 6, Fill: InkPaper, Stroke: InkLine}},
			Shape{Label: &Label{X: x, Y: y + 2.5, Text: fmt.Sprint(k + 1), Size: 7, Anchor: Middle, Color: InkText, Strong: true}})
	}
	d.Shapes = slices.Concat(arrows, boxes, marks)
	d.Alt = flowWords(f)
	return d
}

// edgeLine leads from the side of one box to the side of another.
func edgeLine(ax, ay, bx, by, width float64) Line {
	l := Line{Y1: ay + nodeHeight/2, Y2: by + nodeHeight/2, Stroke: InkQuiet, Width: 0.9, Arrow: true}
	switch {
	case bx > ax:
		l.X1, l.X2 = ax+width, bx
	case bx < ax:
		// Back: a little lower than what comes forward, so that both are seen.
		l.X1, l.X2, l.Y1, l.Y2 = ax, bx+width, l.Y1+7, l.Y2+7
	case by > ay:
		l.X1, l.X2, l.Y1, l.Y2 = ax+width/2-8, bx+width/2-8, ay+nodeHeight, by
	default:
		l.X1, l.X2, l.Y1, l.Y2 = ax+width/2+8, bx+width/2+8, ay, by+nodeHeight
	}
	return l
}

func nodeWords(n assure.Node) string {
	s := strings.Join(n.Does, ", ")
	if n.Outside {
		s = strings.TrimPrefix(s+" · outside", " · ")
	}
	return s
}

// layers gives each node its column: one after the latest of those that lead to it, as long as that is no circle,
// within the columns that a page has room for.
func layers(f assure.Flow) []int {
	at := map[string]int{}
	for i, n := range f.Nodes {
		at[n.ID] = i
	}
	out := make([]int, len(f.Nodes))
	for range f.Nodes {
		moved := false
		for _, e := range f.Edges {
			i, j := at[e.From], at[e.To]
			// An arrow back to a node that was named before leads to no later column.
			if i < j && out[j] <= out[i] {
				out[j], moved = out[i]+1, true
			}
		}
		if !moved {
			break
		}
	}
	for i := range out {
		out[i] = min(out[i], flowColumns-1)
	}
	return out
}

// flowWords says the picture in sentences.
func flowWords(f assure.Flow) string {
	name := map[string]string{}
	for _, n := range f.Nodes {
		name[n.ID] = n.Name
	}
	var out []string
	for i, e := range f.Edges {
		s := fmt.Sprintf("%d: %s goes from %s to %s", i+1, e.Data, name[e.From], name[e.To])
		if e.How != "" {
			s += " by " + e.How
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return "Places where data is: " + strings.Join(nodeNames(f), ", ") + "."
	}
	return strings.Join(out, "; ") + "."
}

func nodeNames(f assure.Flow) []string {
	var out []string
	for _, n := range f.Nodes {
		out = append(out, n.Name)
	}
	return out
}

// flow is the picture with the tables of what it shows.
func (b *builder) flow(f assure.Flow) {
	if len(f.Nodes) == 0 {
		return
	}
	d := flowDrawing(f)
	d.Caption = Runs{say("Where data is created, processed, stored and transmitted")}
	lead := Runs{ref(d.ID), say(" shows where data is created, processed, stored and transmitted")}
	if len(f.Edges) > 0 {
		lead = append(lead, say("; "), ref("data-flow"), say(" says what goes along each of its arrows, by the arrow's number"))
	}
	b.para(append(lead, say("."))...)
	b.add(Block{Drawing: d})
	name := map[string]string{}
	for _, n := range f.Nodes {
		name[n.ID] = n.Name
	}
	if len(f.Edges) == 0 {
		return
	}
	t := &Table{ID: "data-flow", Caption: Runs{say("What goes along each arrow of the picture")},
		Columns: []Column{{Title: "No.", Narrow: true}, {Title: "From"}, {Title: "To"}, {Title: "Data", Wide: true}, {Title: "How"}}}
	for i, e := range f.Edges {
		t.Rows = append(t.Rows, Row{Cells: []Runs{{say(fmt.Sprint(i + 1))}, {data(name[e.From])}, {data(name[e.To])}, {data(e.Data)}, {data(e.How)}}})
	}
	b.add(Block{Table: fitting(t, "How")})
}
