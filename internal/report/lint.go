package report

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// Words that a document of ours must not claim: an examination ends in an opinion, not in a
// certificate (handbook 0.1), and a test of the whole population has no sampling risk, so no
// confidence level may stand beside it (4.6, E66).
var forbidden = regexp.MustCompile(`(?i)\b(certified|certification|compliant|confidence|no exceptions? (was|were)? ?noted|audit passed)\b`)

// Words that only a draft holds.
var unfinished = regexp.MustCompile(`(?i)\bdraft\b|\[`)

// Lint refuses a model that a renderer must not draw: a figure without its items, a link to
// nothing, two places with one name, a section that hides that it is a draft, a claim that
// only an examination can make, and in an auditor's report that is no draft whatever only a draft holds.
// Texts that came with the data are not our claims.
func Lint(r *Report) error { return lint(r, !r.Draft && r.Auditor != nil) }

// lint holds a report against what a draft may say, or against what is finished.
func lint(r *Report, finished bool) error {
	l := &linter{anchors: map[string]bool{}, clean: map[string]bool{}, issued: finished}
	l.words("title", say(r.Title))
	if r.When == nil {
		l.add("the report has neither a period nor an as-of date")
	}
	for _, s := range r.Sections {
		l.anchor(s.ID)
		l.words(s.ID, say(s.Title))
		if s.Draft != r.Draft {
			l.add("%s: its heading does not say what the report is: draft is %t", s.ID, r.Draft)
		}
		for _, b := range s.Blocks {
			l.block(s.ID, b)
		}
	}
	if l.issued && len(r.Open) > 0 {
		l.add("it is no draft, and %s open", Plural(len(r.Open), "point is", "points are"))
	}
	for _, p := range r.Open {
		l.link("open point", p.Where)
		l.runs("open point", p.Text)
	}
	for _, to := range l.links {
		if !l.anchors[to.target] {
			l.add("%s: links to #%s, which is no place in the document", to.place, to.target)
		}
	}
	if len(l.faults) == 0 {
		return nil
	}
	return fmt.Errorf("report %s: %s", r.Kind, strings.Join(l.faults, "; "))
}

// Issuable refuses to call the document a report while anything is open, and where no service auditor examined it.
func (r *Report) Issuable() error {
	if len(r.Open) == 0 && r.Auditor != nil {
		return nil
	}
	var open []string
	for _, p := range r.Open {
		open = append(open, p.Text.String())
	}
	if r.Auditor == nil {
		open = append(open, "No service auditor has examined it.")
	}
	return fault.Refuse("%s is a draft: %s", r.Title, strings.Join(open, " "))
}

type linter struct {
	anchors map[string]bool
	links   []reference
	faults  []string
	clean   map[string]bool // texts of ours that were read: long reports repeat them
	issued  bool            // no draft: nothing in it may say that it is one
}

type reference struct{ place, target string }

func (l *linter) add(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

func (l *linter) anchor(id string) {
	switch {
	case id == "":
		l.add("a place without a name")
	case l.anchors[id]:
		l.add("two places are named %s", id)
	}
	l.anchors[id] = true
}

func (l *linter) link(place, to string) {
	if rest, ok := strings.CutPrefix(to, "#"); ok {
		l.links = append(l.links, reference{place, rest})
		return
	}
	// A file of the package: relative, and inside it.
	if to == "" || strings.Contains(to, ":") || strings.HasPrefix(to, "/") || strings.Contains(to, "..") {
		l.add("%s: %q is neither a place in the document nor a file of the package", place, to)
	}
}

func (l *linter) words(place string, r Run) {
	if r.Data || r.Text == "" || l.clean[r.Text] {
		return
	}
	w := forbidden.FindString(r.Text)
	if w != "" {
		l.add("%s: says %q, which a document of ours must not claim", place, w)
	}
	u := ""
	if l.issued {
		u = unfinished.FindString(r.Text)
	}
	if u != "" {
		l.add("%s: says %q, and the report is no draft", place, u)
	}
	if w == "" && u == "" {
		l.clean[r.Text] = true
	}
}

func (l *linter) runs(place string, lines ...Runs) {
	for _, rs := range lines {
		for _, r := range rs {
			l.words(place, r)
			if r.Link != "" {
				l.link(place, r.Link)
			}
			if f := r.Figure; f != nil {
				l.link(place+": figure "+f.String(), f.Link)
				if f.Of != nil && f.Value > *f.Of {
					l.add("%s: %s is more than all", place, f)
				}
			}
		}
	}
}

func (l *linter) block(place string, b Block) {
	set := 0
	if h := b.Heading; h != nil {
		set++
		l.anchor(h.ID)
		place = h.ID
	}
	if b.Paragraph != nil {
		set++
		l.runs(place, b.Paragraph)
	}
	if b.List != nil {
		set++
		l.runs(place, b.List...)
	}
	if n := b.Note; n != nil {
		set++
		if l.issued && n.Tone == Owed {
			l.add("%s: the note %q says what is still to be written, and the report is no draft", place, n.Title)
		}
		l.words(place, say(n.Title))
		l.runs(place, n.Text)
		l.runs(place, n.List...)
	}
	if b.Statement != nil {
		set++
		l.runs(place, b.Statement.Text)
	}
	if b.Terms != nil {
		set++
		for _, t := range b.Terms.Items {
			l.runs(place, t.Value)
		}
	}
	if c := b.Chart; c != nil {
		set++
		l.anchor(c.ID)
		l.runs(c.ID, c.Caption)
	}
	if d := b.Drawing; d != nil {
		set++
		l.anchor(d.ID)
		l.runs(d.ID, d.Caption)
		if len(d.Caption) == 0 || d.Alt == "" {
			l.add("%s: a drawing without a caption, or without words for those who do not see it", d.ID)
		}
	}
	if b.Verbatim != nil {
		set++
	}
	if b.Sign != nil {
		set++
		l.runs(place, b.Sign.Lines...)
	}
	if b.Table != nil {
		set++
		l.table(b.Table)
	}
	if set != 1 {
		l.add("%s: a block with %d contents; expected one", place, set)
	}
}

func (l *linter) table(t *Table) {
	l.anchor(t.ID)
	l.runs(t.ID, t.Caption)
	if len(t.Caption) == 0 {
		l.add("%s: a table without a caption", t.ID)
	}
	if t.Shown > t.Total || t.Total > 0 && t.Shown != len(t.Rows) {
		l.add("%s: says %d of %d rows, holds %d", t.ID, t.Shown, t.Total, len(t.Rows))
	}
	if t.Shown < t.Total && t.All == "" && t.Total > 0 {
		l.add("%s: shows %d of %d and does not say where the rest is", t.ID, t.Shown, t.Total)
	}
	for _, row := range t.Rows {
		if row.ID != "" {
			l.anchor(row.ID)
		}
		if len(row.Cells) != len(t.Columns) {
			l.add("%s: a row of %d cells under %d columns", t.ID, len(row.Cells), len(t.Columns))
		}
		l.runs(t.ID, row.Cells...)
	}
}
