package docx

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/report"
)

// svg is a drawing in the inks of paper, for word processors: no style sheet, no script, nothing outside.
func svg(d *report.Drawing) string {
	var w writer
	w.raw(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `, num(d.Width), ` `, num(d.Height), `" width="`, num(d.Width), `pt" height="`, num(d.Height), `pt" font-family="Arial, Helvetica, sans-serif">`,
		`<rect width="`, num(d.Width), `" height="`, num(d.Height), `" fill="#ffffff"/>`)
	for _, s := range d.Shapes {
		switch {
		case s.Box != nil:
			b := s.Box
			w.raw(`<rect x="`, num(b.X), `" y="`, num(b.Y), `" width="`, num(max(b.W, 0)), `" height="`, num(max(b.H, 0)), `" rx="`, num(max(b.Radius, 0)),
				`" fill="`, hexInk(b.Fill), `" stroke="`, hexInk(b.Stroke), `"/>`)
		case s.Line != nil:
			svgLine(&w, s.Line)
		case s.Label != nil:
			svgLabel(&w, s.Label)
		}
	}
	w.raw(`</svg>`)
	return w.String()
}

func svgLine(w *writer, l *report.Line) {
	w.raw(`<path d="M`, num(l.X1), ` `, num(l.Y1), `L`, num(l.X2), ` `, num(l.Y2), `" fill="none" stroke="`, hexInk(l.Stroke), `" stroke-width="`, num(l.Width), `"`)
	if l.Dashed {
		w.raw(` stroke-dasharray="4 3"`)
	}
	w.raw(`/>`)
	if l.Arrow {
		p := l.Head()
		w.raw(`<path d="M`, num(p[0][0]), ` `, num(p[0][1]), `L`, num(p[1][0]), ` `, num(p[1][1]), `L`, num(p[2][0]), ` `, num(p[2][1]), `z" fill="`, hexInk(l.Stroke), `"/>`)
	}
}

func svgLabel(w *writer, l *report.Label) {
	anchor := l.Anchor
	if anchor != report.Middle && anchor != report.End {
		anchor = report.Start
	}
	w.raw(`<text x="`, num(l.X), `" y="`, num(l.Y), `" font-size="`, num(l.Size), `" text-anchor="`, string(anchor), `" fill="`, hexInk(l.Color), `"`)
	if l.Strong {
		w.raw(` font-weight="700"`)
	}
	look := &style{size: int(max(0, min(l.Size, 400)) * 2), bold: l.Strong}
	text := l.Cut(func(s string) float64 { return float64(measure(s, look)) / 20 })
	w.raw(`>`)
	w.text(clean(strings.NewReplacer("\n", " ", "\t", " ").Replace(text)))
	w.raw(`</text>`)
}

func hexInk(i report.Ink) string {
	if i == "" {
		return "none"
	}
	r, g, b := i.RGB()
	return fmt.Sprintf("#%02X%02X%02X", r, g, b)
}

// num prints a length. What is no number is 0: a picture must not break the file that holds it.
func num(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "0"
	}
	return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64)
}
