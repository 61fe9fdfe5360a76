package work

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/web/shell"
)

// headline says in one sentence whether the day is quiet.
func headline(ctx context.Context, d homeData) string {
	late, today := len(d.Agenda.Late), len(d.Agenda.Today)
	switch {
	case late+today == 0:
		return shell.T(ctx, "Nothing needs you today")
	case late == 0:
		return shell.N(ctx, today, "%d task needs you today", "%d tasks need you today")
	}
	return shell.N(ctx, late+today, "%d task needs you today, %d of them late", "%d tasks need you today, %d of them late", late)
}

func first(list []operate.Task) []operate.Task { return list[:min(few, len(list))] }

func firstDeviations(list []operate.Deviation) []operate.Deviation { return list[:min(few, len(list))] }

func whoLabel(ctx context.Context, who bool) string {
	if who {
		return shell.T(ctx, "Whose turn")
	}
	return shell.T(ctx, "Why you")
}

// whyWord says for what reason a task is somebody's.
func whyWord(ctx context.Context, t operate.Task) string {
	switch t.Why {
	case operate.Assigned:
		return shell.T(ctx, "assigned by %s", t.From)
	case operate.Delegated:
		return shell.T(ctx, "delegated by %s", t.From)
	}
	return shell.T(ctx, "owner: %s", t.Owner)
}

func same(a, b string) bool { return strings.EqualFold(a, b) }

func stageWord(ctx context.Context, stage string) string {
	switch {
	case stage == "due":
		return shell.T(ctx, "on the day")
	case strings.HasPrefix(stage, "before-"):
		n, _ := strconv.Atoi(strings.TrimPrefix(stage, "before-"))
		return shell.N(ctx, n, "%d day before", "%d days before")
	}
	return shell.T(ctx, "escalation, station %s", strings.TrimPrefix(stage, "late-"))
}

func statusWord(ctx context.Context, status string) string {
	switch status {
	case "sent":
		return shell.T(ctx, "sent")
	case "failed":
		return shell.T(ctx, "could not be sent")
	}
	return shell.T(ctx, "begun; whether it arrived is not known")
}

func answerWord(ctx context.Context, a string) string {
	switch a {
	case operate.Yes:
		return shell.T(ctx, "Yes")
	case operate.No:
		return shell.T(ctx, "No")
	case operate.NotApplicable:
		return shell.T(ctx, "Not applicable")
	}
	return shell.T(ctx, "Not answered")
}

// size prints a number of bytes.
func size(ctx context.Context, n int64) string { return shell.From(ctx).Lang.Bytes(n) }

func extentWord(ctx context.Context, extent string) string {
	if extent == "systemic" {
		return shell.T(ctx, "Systemic")
	}
	return shell.T(ctx, "Isolated")
}

func positionWord(ctx context.Context, position string) string {
	switch position {
	case "operated":
		return shell.T(ctx, "The control did operate")
	case "not_applicable":
		return shell.T(ctx, "The rule does not apply to this item")
	}
	return shell.T(ctx, "It deviates")
}

func causeWord(ctx context.Context, cause string) string {
	for _, o := range causes(ctx) {
		if o.Value == cause {
			return o.Text
		}
	}
	return cause
}

func answerTitle(ctx context.Context, n int) string {
	if n == 0 {
		return shell.T(ctx, "Answer it")
	}
	return shell.T(ctx, "Answer anew")
}

// reason is why an item deviates; what names the item is left to those who may see it.
func reason(link bool, x operate.Deviation) string {
	if link {
		return cut(x.Reason, 240)
	}
	return ""
}

// itemPath is the page of the item with its records.
func itemPath(x operate.Deviation) string {
	return "/controls/" + url.PathEscape(x.Control) + "/item?" + urlQuery("test", x.Test, "key", x.Item)
}

// shows reports whether a column is shown.
func (d rowsData) shows(name string) bool {
	return slices.ContainsFunc(d.Columns, func(f register.Field) bool { return f.Name == name })
}

// sorted is the aria-sort of a column.
func (d rowsData) sorted(name string) string {
	switch {
	case d.Sort != name:
		return "none"
	case d.Desc:
		return "descending"
	}
	return "ascending"
}
