package shell

import (
	"context"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
)

// Changes is what differs between two drafts of a report, as a page shows it: everything in short, or one section whole.
type Changes struct {
	report.Comparison
	Section string                                // the one that is shown whole; empty: the beginning of each
	Page    int                                   // of the changes of that section, from 1
	To      func(section string, page int) string // the address of the same comparison, of one section or (empty) of all
	Control func(id string) string                // the address of a control's page; nil: none is led to
	Note    string                                // under the counts: what stands behind the drafts
}

// Has reports whether one of the drafts has a section.
func (c Changes) Has(section string) bool {
	return slices.ContainsFunc(c.Sections, func(x report.SectionChange) bool { return x.ID == section })
}

// mostChanges is how many changes of a section stand on the page of all sections, and rowsOfChanges how many on a page of one.
const (
	mostChanges   = 20
	rowsOfChanges = 200
	mostFigures   = 50
	mostKeys      = 20
)

func atMost[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func number(ctx context.Context, n int) string { return From(ctx).Lang.Count(int64(n)) }

// passages counts those that came, went and read otherwise.
func (c Changes) passages() (added, removed, changed int) {
	for _, x := range c.Sections {
		a, b, d := x.Counts()
		added, removed, changed = added+a, removed+b, changed+d
	}
	return added, removed, changed
}

// shown are the changes of a section that stand on the page, and how many more there are.
func (c Changes) shown(s report.SectionChange) (list []report.Change, more int) {
	if c.Section == s.ID {
		from := min(max(0, c.Page-1)*rowsOfChanges, len(s.Changes))
		return s.Changes[from:min(from+rowsOfChanges, len(s.Changes))], 0
	}
	list = atMost(s.Changes, mostChanges)
	return list, len(s.Changes) - len(list)
}

func lastOfChanges(s report.SectionChange) int {
	return max(1, (len(s.Changes)+rowsOfChanges-1)/rowsOfChanges)
}

// shownSections are those with changes, or the one that is shown whole.
func (c Changes) shownSections() []report.SectionChange {
	return slices.DeleteFunc(slices.Clone(c.Sections), func(s report.SectionChange) bool {
		return c.Section != "" && s.ID != c.Section || c.Section == "" && len(s.Changes) == 0 && s.Op == report.Same
	})
}

// side gives the pieces of one side of a change: those that stayed, and those that came or went.
func side(list []report.Piece, op report.Op) []report.Piece {
	var out []report.Piece
	for _, p := range list {
		if p.Op == report.Same || p.Op == op {
			out = append(out, p)
		}
	}
	return out
}

// opWord says what became of a passage, so that it is not told by colour alone.
func opWord(ctx context.Context, op report.Op) string {
	switch op {
	case report.Added:
		return T(ctx, "added")
	case report.Removed:
		return T(ctx, "removed")
	}
	return T(ctx, "changed")
}

// tallyOf prints a count of a test before and after; a dash where the draft has no such test.
func tallyOf(ctx context.Context, t *report.Tally, get func(report.Tally) int) string {
	if t == nil {
		return "–"
	}
	return number(ctx, get(*t))
}

// counted are the verdicts that the table of tests compares.
var counted = []struct {
	Word string
	Get  func(report.Tally) int
}{
	{phrase.Mark("Population"), func(t report.Tally) int { return t.Population }},
	{phrase.Mark("Passed"), func(t report.Tally) int { return t.Passed }},
	{phrase.Mark("Deviating"), func(t report.Tally) int { return t.Deviating }},
	{phrase.Mark("Undecided"), func(t report.Tally) int { return t.Undecided }},
	{phrase.Mark("Not applicable"), func(t report.Tally) int { return t.NotApplicable }},
}

// pointsNamed puts open points under the words for their rules.
func pointsNamed(ctx context.Context, list []report.Change) []report.Change {
	out := slices.Clone(list)
	for i := range out {
		out[i].Under = T(ctx, PointWord(out[i].Under))
	}
	return out
}

// PointWord heads the open points of a report that one rule found, in English, to be translated.
func PointWord(rule string) string {
	switch rule {
	case "section":
		return phrase.Mark("Sections that people write")
	case "description":
		return phrase.Mark("Parts of the description")
	case "criterion":
		return phrase.Mark("Criteria without a control")
	case "implementation":
		return phrase.Mark("Walkthroughs")
	case "test":
		return phrase.Mark("Controls without a test")
	case "blocked":
		return phrase.Mark("Tests that could not be run")
	case "gap":
		return phrase.Mark("Populations that are empty without proof")
	case "completeness":
		return phrase.Mark("Populations not shown to be whole")
	case "undecided":
		return phrase.Mark("Items that nobody could decide")
	case "response":
		return phrase.Mark("Deviations without a response")
	}
	s := strings.ReplaceAll(rule, "_", " ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
