package web

import (
	"context"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

func wholeness(t assure.TestResult) assure.Completeness {
	c, _ := t.Wholeness()
	return c
}

func worstOf(rows []row) (report.Standing, bool) {
	var ts []assure.TestResult
	for _, r := range rows {
		if r.Tested {
			ts = append(ts, r.Test)
		}
	}
	return report.Worst(ts)
}

// mostChips is how many controls stand beside one criterion.
const mostChips = 24

// notTested stands where a control has no result.
var notTested = phrase.Mark("Not tested")

// told is a text of another room as the reader may see it. Those texts name single items behind a colon, after what they count;
// who sees no single item gets the count. A colon behind the id of a control at the very beginning is none of these.
func told(ctx context.Context, text string) string {
	if shell.May(ctx, access.ReadRecords) {
		return text
	}
	head, rest, found := strings.Cut(text, ": ")
	if found && !strings.ContainsAny(head, " (") {
		rest, _, _ = strings.Cut(rest, ": ")
		return head + ": " + rest
	}
	return head
}

// notes are the remarks on a test. Some begin with the key of an item, so that who sees no single item sees none of them.
func notes(ctx context.Context, t assure.TestResult) []string {
	if !shell.May(ctx, access.ReadRecords) {
		return nil
	}
	return t.Notes
}

// count prints a number in the reader's language.
func count[T int | int64](ctx context.Context, n T) string {
	return shell.From(ctx).Lang.Count(int64(n))
}

// date prints a civil day in the reader's language.
func date(ctx context.Context, d civil.Date) string { return shell.From(ctx).Lang.Date(d) }

// monthName prints YYYY-MM as "Aug 2026"; what is no month stays as it is.
func monthName(ctx context.Context, s string) string {
	d, err := civil.ParseDate(s + "-01")
	if err != nil {
		return s
	}
	y, m, _ := d.Parts()
	return shell.From(ctx).Lang.MonthShort(y, m)
}

// testsCaption says how many controls of the program have a result.
func testsCaption(ctx context.Context, d overviewData) string {
	return shell.N(ctx, d.All, "%[2]s of %[1]d control tested on every item of the population, not on a sample; each figure leads to its items",
		"%[2]s of %[1]d controls tested on every item of the population, not on a sample; each figure leads to its items", count(ctx, d.Tested))
}

// undecidedIn says where an item with an undecided attribute is listed: one that also
// deviates stands among the deviations.
func undecidedIn(t assure.TestResult) assure.Verdict {
	if t.Undecided == 0 && t.Deviating > 0 {
		return assure.Deviation
	}
	return assure.Undecided
}

func itemsWord(ctx context.Context, n int) string {
	if n == 1 {
		return shell.T(ctx, "item")
	}
	return shell.T(ctx, "items")
}

func passedOf(cs []assure.Check) int {
	n := 0
	for _, c := range cs {
		if c.Status == assure.Passed {
			n++
		}
	}
	return n
}

func attributesCaption(ctx context.Context, d itemData) string {
	n, hit := len(d.Row.Test.Attributes), 0
	switch d.Item.Verdict {
	case assure.Undecided:
		return shell.N(ctx, n, "%[2]s of %[1]d attribute is undecided", "%[2]s of %[1]d attributes are undecided", count(ctx, len(d.Item.Attributes)))
	case assure.Deviation:
		hit = len(d.Item.Attributes)
	}
	return shell.N(ctx, n, "%[2]s of %[1]d attribute deviates", "%[2]s of %[1]d attributes deviate", count(ctx, hit))
}

func storyCaption(ctx context.Context, d itemData) string {
	return shell.N(ctx, len(d.Item.Records), "%[2]s of %[1]d record, in the order in which it happened.", "%[2]s of %[1]d records, in the order in which it happened.", count(ctx, len(d.Records)))
}

func proofURL(index int64, file string) string {
	return "/proofs/" + strconv.FormatInt(index, 10) + "/" + file
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") }

func pair(ctx context.Context, a, b string) string {
	if a == "" && b == "" {
		return ""
	}
	return shell.T(ctx, "%s to %s", a, b)
}

// totalOf puts the source's own total beside ours, where the source states one.
func totalOf(ctx context.Context, p PullView, name string) string {
	s := count(ctx, p.Totals[name])
	if c, ok := p.Control[name]; ok {
		return shell.T(ctx, "%s, the source says %s", s, count(ctx, c))
	}
	return s
}
