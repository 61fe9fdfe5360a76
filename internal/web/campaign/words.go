package campaign

import (
	"context"
	"strconv"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

func (d *gridData) tabs(ctx context.Context) []shell.Tab {
	words := map[string]string{"all": shell.T(ctx, "All"), "yours": shell.T(ctx, "Mine"), "nobody": shell.T(ctx, "Nobody can decide"), "undecided": shell.T(ctx, "Undecided"), "mine": shell.T(ctx, "Wait for me"),
		"privileged": shell.T(ctx, "Privileged"), "own": shell.T(ctx, "My own"), "remove": shell.T(ctx, "To be removed")}
	var out []shell.Tab
	for _, v := range views {
		if !d.All && (v == "own" || v == "yours") || (v == "mine" || v == "yours") && !shell.May(ctx, access.DoWork) || v == "nobody" && d.Counts[v] == 0 {
			continue
		}
		name := v
		if v == d.Usual {
			name = ""
		}
		out = append(out, shell.Tab{Path: with(d.path(), d.Query, "view", name, "page", ""), Text: words[v], Count: strconv.Itoa(d.Counts[v]), Current: d.View == v})
	}
	return out
}

func sorts(ctx context.Context) []shell.Option {
	return []shell.Option{{Value: "", Text: shell.T(ctx, "by account")}, {Value: "person", Text: shell.T(ctx, "by person")},
		{Value: "seen", Text: shell.T(ctx, "by last sign-in")}, {Value: "decision", Text: shell.T(ctx, "by decision")}}
}

// day is the civil day of an instant: in a list of 500 the hour says nothing.
func day(ctx context.Context, s string, z civil.Zone) string {
	i, err := civil.ParseInstant(s)
	if err != nil {
		return s
	}
	return shell.From(ctx).Lang.Date(z.DateOf(i))
}

func stateWord(ctx context.Context, state string) string {
	switch state {
	case operate.Approved:
		return shell.T(ctx, "approved")
	case operate.Proposed:
		return shell.T(ctx, "waits for an approval")
	}
	return shell.T(ctx, "taken back")
}

func policyFormTitle(ctx context.Context, title string) string {
	if title == "" {
		return shell.T(ctx, "Write a policy")
	}
	return shell.T(ctx, "Propose %s", cut(title, 80))
}
