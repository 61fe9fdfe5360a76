package work

import (
	"context"
	"net/http"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// dutyWord says what somebody owes beside the instances of controls.
func dutyWord(ctx context.Context, t operate.Task) string {
	name := cut(t.Name, 120)
	switch t.Duty {
	case operate.DecideRows:
		return shell.N(ctx, t.Count, "Decide on %d account of %s", "Decide on %d accounts of %s", name)
	case operate.AcceptPolicy:
		return shell.T(ctx, "Read and accept %s", name)
	case operate.TakeCourse:
		return shell.T(ctx, "Complete the course %s", name)
	}
	return name
}

// dutyPath is where it is done; empty where the reader does not open it.
func dutyPath(ctx context.Context, t operate.Task) string {
	if (t.Duty == operate.CloseAction || t.Duty == operate.TakeCourse) && !shell.May(ctx, access.ReadRecords) {
		return ""
	}
	return t.Path
}

func dutyClock(ctx context.Context, t operate.Task, d tasksData) (report.Mark, string) {
	return standing(ctx, operate.Judge(&t.Due, nil, d.Today), d.Today)
}

// closeOwn records that the reader has done an action of theirs.
func (p *Pages) closeOwn(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	key := r.PostForm.Get("key")
	_, err := p.o.Desk.CloseOwn(ctx, p.actor(ctx), key, shell.Value(r, "on"))
	switch {
	case err == nil:
		p.o.Board.Settled(p.actor(ctx), operate.CloseAction, key)
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "The action is done.")})
	case refused(err):
		shell.Say(w, shell.Flash{Text: cut(err.Error(), 400), Bad: true})
	default:
		return err
	}
	return shell.Redirect(w, r, "/work")
}
