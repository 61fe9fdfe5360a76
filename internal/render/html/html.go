// Package html draws the model of a report as one self-contained HTML document: no script, no
// file beside it, readable on a screen in light and dark, on a phone and on paper.
package html

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/report"
)

//go:embed report.tmpl document.css
var files embed.FS

// Render writes the document. It refuses a model that does not pass the lint.
func Render(w io.Writer, r *report.Report) error {
	if err := report.Lint(r); err != nil {
		return err
	}
	t, err := template.New("report.tmpl").Funcs(funcs(r)).ParseFS(files, "report.tmpl")
	if err != nil {
		return fmt.Errorf("the template of the report: %w", err)
	}
	css, err := files.ReadFile("document.css")
	if err != nil {
		return err
	}
	if err := t.Execute(w, view{r, template.CSS(report.Style() + running(r) + string(css))}); err != nil {
		return fmt.Errorf("draw report %s: %w", r.Kind, err)
	}
	return nil
}

type view struct {
	*report.Report
	CSS template.CSS
}

func funcs(r *report.Report) template.FuncMap {
	return template.FuncMap{
		// The drawings hold nothing but numbers and escaped labels.
		"mark":    func(m report.Mark) template.HTML { return template.HTML(report.MarkSVG(m)) },
		"bars":    func(b []report.Bar) template.HTML { return template.HTML(report.BarsSVG(b)) },
		"drawing": func(d *report.Drawing) template.HTML { return template.HTML(d.SVG()) },
		"needs":   report.Needs,
		"count":   report.Count[int],
		"count64": report.Count[int64],
		"month":   report.MonthName,
		"capital": report.Sentence,
		"long":    long,
		"letter":  r.IsLetter,
		"outline": outline,
	}
}

// entry is a line of the list of contents.
type entry struct {
	*report.Heading
	Sub []*report.Heading
}

// long says whether a list of terms has a value that needs a line of its own.
func long(items []report.Term) bool {
	return slices.ContainsFunc(items, func(t report.Term) bool { return utf8.RuneCountInString(t.Value.String()) > 80 })
}

// outline nests a section's headings of the second level under those of the first, where there is one.
func outline(s report.Section) []entry {
	var out []entry
	for _, b := range s.Blocks {
		switch h := b.Heading; {
		case h == nil || h.Level > 2:
		case h.Level == 1 || len(out) == 0 || out[len(out)-1].Level > 1:
			out = append(out, entry{Heading: h})
		default:
			last := &out[len(out)-1]
			last.Sub = append(last.Sub, h)
		}
	}
	return out
}

// running fills the heads and feet of the printed pages: what cannot be done with elements.
func running(r *report.Report) string {
	draft := ""
	if r.Draft {
		draft = "DRAFT · no opinion"
	}
	return ":root { --head: " + cssString(clip(r.Organization, 60)+" · "+r.Title) + "; --draft: " + cssString(draft) +
		"; --foot: " + cssString(r.Foot()) + "; }\n"
}

func clip(s string, n int) string {
	rs := []rune(s)
	if len(rs) <= n {
		return s
	}
	return string(rs[:n]) + "…"
}

// cssString quotes any text for a style sheet: everything but letters, digits and spaces is
// written as a code point, so that no name can leave the string or close the element.
func cssString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ' ' {
			b.WriteRune(c)
			continue
		}
		// The space ends the escape; a style sheet would otherwise swallow the text's own.
		fmt.Fprintf(&b, `\%06x `, c)
	}
	b.WriteByte('"')
	return b.String()
}
