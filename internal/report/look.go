package report

import (
	_ "embed" // the style sheet
	"fmt"
	"html"
	"strconv"
	"strings"
)

//go:embed look/style.css
var style string

// Style is the style sheet that pages and documents share: tokens and common pieces.
func Style() string { return style }

var shapes = map[Mark]string{
	MarkPass:      `<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M5 8.3l2.1 2.1L11 6.2" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>`,
	MarkDeviation: `<path d="M8 .6 15.4 8 8 15.4.6 8z" fill="currentColor"/><path d="M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2" stroke="var(--surface)" stroke-width="1.5" stroke-linecap="round"/>`,
	MarkUndecided: `<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M8 1.4a6.6 6.6 0 0 1 0 13.2z" fill="currentColor"/>`,
	MarkUnproven:  `<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2.6 2.2"/>`,
	MarkNone:      `<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M5 8h6" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>`,
	MarkGap:       `<path d="M8 1.8 15 14.2H1z" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/><path d="M8 6.4v3.2M8 11.8v.1" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>`,
	MarkBlocked:   `<rect x="1.6" y="1.6" width="12.8" height="12.8" rx="2.5" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M4.6 11.4l6.8-6.8" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>`,
	MarkNA:        `<path d="M4 8h8" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>`,
}

// MarkSVG draws a mark in the colour of the text. The word beside it tells the same, so it is
// hidden from readers that do not see it.
func MarkSVG(m Mark) string {
	return `<svg class="mark" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">` + shapes[m] + `</svg>`
}

// BarsSVG draws one small picture per month, with its label as text. It is hidden from
// readers that do not see it: a table with the same figures stands beside it.
func BarsSVG(bars []Bar) string {
	top := 1
	for _, b := range bars {
		top = max(top, b.Total)
	}
	var s strings.Builder
	s.WriteString(`<ol class="bars" aria-hidden="true">`)
	for i, b := range bars {
		name := MonthName(b.Month)
		month, year, _ := strings.Cut(name, " ")
		if i > 0 && month != "Jan" {
			year = ""
		}
		s.WriteString(`<li><span class="count">`)
		if b.Deviating > 0 {
			s.WriteString(Count(b.Deviating))
		} else if b.Undecided > 0 {
			fmt.Fprintf(&s, `<span class="und-count">%s</span>`, Count(b.Undecided))
		}
		s.WriteString(`</span>` + barSVG(b, top))
		fmt.Fprintf(&s, `<span class="month">%s<span class="year">%s</span></span></li>`,
			html.EscapeString(month), html.EscapeString(year))
	}
	s.WriteString(`</ol>`)
	return s.String()
}

// barSVG draws a month: the whole column, and from the ground up what deviates and what is
// undecided, never so thin that it cannot be seen.
func barSVG(b Bar, top int) string {
	const height = 100.0
	scale := func(n int) float64 {
		if n == 0 {
			return 0
		}
		return max(3, float64(n)/float64(top)*height)
	}
	dev, und := scale(b.Deviating), scale(b.Undecided)
	total := max(scale(b.Total), min(dev+und, height))
	rect := func(class string, from, h float64) string {
		if h == 0 {
			return ""
		}
		return `<rect class="` + class + `" x="0" width="10" y="` + num(height-from-h) + `" height="` + num(h) + `"/>`
	}
	return `<svg viewBox="0 0 10 100" preserveAspectRatio="none" focusable="false">` +
		rect("total", 0, total) + rect("dev", 0, dev) + rect("und", dev, und) + `</svg>`
}

func num(f float64) string { return strconv.FormatFloat(f, 'f', -1, 32) }
