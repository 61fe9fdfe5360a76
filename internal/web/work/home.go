package work

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

// few is how many of each list the home page shows.
const few = 8

type homeData struct {
	Agenda  operate.Agenda
	Today   civil.Date
	Zone    civil.Zone
	Results bool // the reader sees results
	New     []operate.Deviation
	Open    int // deviations without an answer
	Mine    int // of them, of controls whose owner the reader is
	Nobody  []operate.Task
}

// home is what needs the reader today. It reads what is kept ready.
func (p *Pages) home(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	today := p.today()
	tasks, err := p.o.Board.Tasks(ctx, p.o.Org, today+soon)
	if err != nil {
		return err
	}
	d := homeData{Agenda: operate.Plan(operate.Of(tasks, access.From(ctx).Email), today, soon), Today: today, Zone: p.o.Zone, Results: shell.May(ctx, access.ReadResults)}
	if shell.May(ctx, access.RunWork) {
		for _, t := range tasks {
			if t.Open {
				d.Nobody = append(d.Nobody, t)
			}
		}
	}
	if d.Results {
		list, err := p.o.Deviations.Deviations(ctx, p.o.Org)
		if err != nil {
			return err
		}
		answers, err := p.o.Board.Answers(ctx, p.o.Org)
		if err != nil {
			return err
		}
		yesterday := p.o.Zone.Start(today - 1)
		for _, x := range list {
			if x.Since >= yesterday {
				d.New = append(d.New, x)
			}
			if _, ok := answers[x.ID()]; !ok {
				d.Open++
			}
		}
		slices.SortStableFunc(d.New, func(a, b operate.Deviation) int { return cmp.Compare(b.Since, a.Since) })
	}
	return shell.Page(w, r, http.StatusOK, homePage(d))
}
