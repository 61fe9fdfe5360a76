package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Drawing is a picture made of plain shapes, so that every format draws the same one: data flows, heat
// maps, charts. Lengths are points of 1/72 inch, x grows to the right and y downward. Shapes are drawn
// in their order.
type Drawing struct {
	ID      string  `json:"id"`
	Number  string  `json:"number,omitempty"` // such as "Figure III.1"
	Caption Runs    `json:"caption"`
	Alt     string  `json:"alt"` // all that the picture says, in words, for readers that do not see it
	Width   float64 `json:"width"`
	Height  float64 `json:"height"`
	Shapes  []Shape `json:"shapes"`
}

// Shape is one piece of a drawing. Exactly one of Box, Line and Label is set.
type Shape struct {
	Box   *Box   `json:"box,omitempty"`
	Line  *Line  `json:"line,omitempty"`
	Label *Label `json:"label,omitempty"`
}

// Box is a rectangle.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	W      float64 `json:"w"`
	H      float64 `json:"h"`
	Radius float64 `json:"radius,omitempty"`
	Fill   Ink     `json:"fill,omitempty"`   // "": not filled
	Stroke Ink     `json:"stroke,omitempty"` // "": no outline
}

// Line is a straight line, with an arrow head at its end where Arrow is set.
type Line struct {
	X1     float64 `json:"x1"`
	Y1     float64 `json:"y1"`
	X2     float64 `json:"x2"`
	Y2     float64 `json:"y2"`
	Stroke Ink     `json:"stroke"`
	Width  float64 `json:"width"`
	Dashed bool    `json:"dashed,omitempty"`
	Arrow  bool    `json:"arrow,omitempty"`
}

// Label is a line of text. Its baseline is at Y; X is its start, middle or end as Anchor says.
type Label struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Text   string  `json:"text"`
	Size   float64 `json:"size"`
	Anchor Anchor  `json:"anchor"`
	Color  Ink     `json:"color"`
	Strong bool    `json:"strong,omitempty"`
	Max    float64 `json:"max,omitempty"` // no wider than so many points: cut with an ellipsis; 0 is no limit
}

// Anchor says which point of a label its X is.
type Anchor string

// The anchors of a label.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Ink is the role of a colour. Each format and theme has a value for it.
type Ink string

// The inks.
const (
	InkText   Ink = "text"
	InkQuiet  Ink = "quiet"
	InkLine   Ink = "line"
	InkPaper  Ink = "paper"
	InkSunken Ink = "sunken"
	InkAccent Ink = "accent"
	InkSoft   Ink = "soft" // a light accent, for fills
	InkBar    Ink = "bar"
	InkGood   Ink = "good" // light, for fills
	InkWarn   Ink = "warn"
	InkBad    Ink = "bad"
)

// RGB is an ink on paper, in light. Text in InkText keeps 4.5:1 on every fill but InkBad, on which
// InkPaper does.
func (i Ink) RGB() (r, g, b uint8) {
	c, ok := map[Ink][3]uint8{
		InkText: {0x1a, 0x1c, 0x20}, InkQuiet: {0x65, 0x6a, 0x73}, InkLine: {0xc9, 0xc8, 0xc0}, InkPaper: {0xff, 0xff, 0xff},
		InkSunken: {0xf1, 0xf1, 0xed}, InkAccent: {0x2d, 0x47, 0xc4}, InkSoft: {0xec, 0xef, 0xfc}, InkBar: {0xbc, 0xc3, 0xe6},
		InkGood: {0xbf, 0xdf, 0xcc}, InkWarn: {0xe8, 0xb3, 0x4a}, InkBad: {0xc8, 0x37, 0x2d},
	}[i]
	if !ok {
		return 0, 0, 0
	}
	return c[0], c[1], c[2]
}

// Head is the arrow head of a line: the tip and the two corners behind it.
func (l Line) Head() (points [3][2]float64) {
	a := math.Atan2(l.Y2-l.Y1, l.X2-l.X1)
	size := 4 + 1.5*l.Width
	at := func(turn float64) [2]float64 {
		return [2]float64{l.X2 - size*math.Cos(a+turn), l.Y2 - size*math.Sin(a+turn)}
	}
	return [3][2]float64{{l.X2, l.Y2}, at(0.42), at(-0.42)}
}

// SVG is the drawing for pages, in the inks of the style sheet, hidden from readers that do not see it: its
// words stand beside it.
func (d *Drawing) SVG() string {
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="drawing" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="%s" focusable="false">`,
		num(d.Width), num(d.Height), num(d.Width), num(d.Height), html.EscapeString(d.Alt))
	for _, x := range d.Shapes {
		switch {
		case x.Box != nil:
			b := x.Box
			fmt.Fprintf(&s, `<rect x="%s" y="%s" width="%s" height="%s" rx="%s" %s %s/>`, num(b.X), num(b.Y), num(b.W), num(b.H), num(b.Radius), paint("fill", b.Fill), paint("stroke", b.Stroke))
		case x.Line != nil:
			l := x.Line
			dash := ""
			if l.Dashed {
				dash = ` stroke-dasharray="4 3"`
			}
			fmt.Fprintf(&s, `<path d="M%s %sL%s %s" fill="none" stroke-width="%s" %s%s/>`, num(l.X1), num(l.Y1), num(l.X2), num(l.Y2), num(l.Width), paint("stroke", l.Stroke), dash)
			if l.Arrow {
				p := l.Head()
				fmt.Fprintf(&s, `<path d="M%s %sL%s %sL%s %sz" %s/>`, num(p[0][0]), num(p[0][1]), num(p[1][0]), num(p[1][1]), num(p[2][0]), num(p[2][1]), paint("fill", l.Stroke))
			}
		case x.Label != nil:
			s.WriteString(x.Label.svg())
		}
	}
	return s.String() + `</svg>`
}

func (l *Label) svg() string {
	weight := ""
	if l.Strong {
		weight = ` font-weight="600"`
	}
	return fmt.Sprintf(`<text x="%s" y="%s" font-size="%s" text-anchor="%s" %s%s>%s</text>`, num(l.X), num(l.Y), num(l.Size), l.Anchor,
		paint("fill", l.Color), weight, html.EscapeString(l.Cut(func(s string) float64 { return 0.56 * l.Size * float64(len([]rune(s))) })))
}

// Cut is the text as far as it fits, measured in points by the given function.
func (l *Label) Cut(measure func(string) float64) string {
	if l.Max == 0 || measure(l.Text) <= l.Max {
		return l.Text
	}
	rs := []rune(l.Text)
	for n := len(rs) - 1; n > 0; n-- {
		if s := strings.TrimRight(string(rs[:n]), " ") + "…"; measure(s) <= l.Max {
			return s
		}
	}
	return "…"
}

func paint(what string, i Ink) string {
	if i == "" {
		return what + `="none"`
	}
	return what + `="var(--draw-` + string(i) + `)"`
}

// Drawing is the chart as a picture, for formats without drawings of their own.
func (c *Chart) Drawing() *Drawing {
	const width, height, foot, head = 460.0, 130.0, 26.0, 14.0
	d := &Drawing{ID: c.ID, Caption: c.Caption, Width: width, Height: height}
	top := 1
	for _, b := range c.Bars {
		top = max(top, b.Total)
	}
	step := width / float64(max(len(c.Bars), 1))
	scale := func(n int) float64 {
		if n == 0 {
			return 0
		}
		return max(2.5, float64(n)/float64(top)*(height-foot-head))
	}
	var said []string
	for i, b := range c.Bars {
		x, base := float64(i)*step+step*0.14, height-foot
		bar := func(from, h float64, fill Ink) {
			if h > 0 {
				d.Shapes = append(d.Shapes, Shape{Box: &Box{X: x, Y: base - from - h, W: step * 0.72, H: h, Fill: fill}})
			}
		}
		dev, und := scale(b.Deviating), scale(b.Undecided)
		bar(0, max(scale(b.Total), dev+und), InkBar)
		bar(0, dev, InkBad)
		bar(dev, und, InkWarn)
		label := func(y float64, text string, color Ink, strong bool) {
			d.Shapes = append(d.Shapes, Shape{Label: &Label{X: x + step*0.36, Y: y, Text: text, Size: 7, Anchor: Middle, Color: color, Strong: strong}})
		}
		month, year, _ := strings.Cut(MonthName(b.Month), " ")
		label(height-foot+9, month, InkQuiet, false)
		if i == 0 || month == "Jan" {
			label(height-foot+18, year, InkQuiet, false)
		}
		if b.Deviating > 0 {
			label(base-max(scale(b.Total), dev+und)-3, Count(b.Deviating), InkBad, true)
		}
		said = append(said, fmt.Sprintf("%s: %d items, %d deviating, %d undecided", MonthName(b.Month), b.Total, b.Deviating, b.Undecided))
	}
	d.Shapes = append(d.Shapes, Shape{Line: &Line{X1: 0, Y1: height - foot, X2: width, Y2: height - foot, Stroke: InkLine, Width: 0.7}})
	d.Alt = strings.Join(said, "; ") + "."
	return d
}
