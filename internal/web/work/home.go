package work

import (
	"cmp"
	"context"
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
	Nobody  []operate.Task
	Waits   bool // the results are being worked out: what is due is not known yet
}

// outlook is what the home page says of everybody's work. It is kept for a few seconds, and until something is recorded.
type outlook struct {
	size   int64
	today  civil.Date
	at     civil.Instant
	recent []operate.Deviation // since yesterday, the latest first
	open   int
	nobody []operate.Task
}

const outlookKept = 5 * 1e6 // microseconds

func (p *Pages) outlook(ctx context.Context, today civil.Date) (*outlook, error) {
	size, err := p.o.Board.Size.Size(ctx, p.o.Org)
	if err != nil {
		return nil, err
	}
	now := p.o.Desk.Now()
	last := p.kept.Load()
	if last != nil && (last.size != size || last.today != today || now >= last.at+12*outlookKept) {
		last = nil
	}
	if last != nil && now >= last.at && now < last.at+outlookKept {
		return last, nil
	}
	if last != nil { // of many who ask one works it out anew, and the others have the one before
		if !p.looking.TryLock() {
			return last, nil
		}
		defer p.looking.Unlock()
	}
	k := &outlook{size: size, today: today, at: now}
	list, err := p.o.Deviations.Deviations(ctx, p.o.Org)
	if err != nil {
		return nil, err
	}
	answers, err := p.o.Board.Answers(ctx, p.o.Org)
	if err != nil {
		return nil, err
	}
	yesterday := p.o.Zone.Start(today - 1)
	for _, x := range list {
		if x.Since >= yesterday {
			k.recent = append(k.recent, x)
		}
		if _, ok := answers[x.ID()]; !ok {
			k.open++
		}
	}
	slices.SortStableFunc(k.recent, func(a, b operate.Deviation) int { return cmp.Compare(b.Since, a.Since) })
	tasks, err := p.o.Board.Tasks(ctx, p.o.Org, today+soon)
	if err != nil {
		return nil, err
	}
	for _, t := range tasks {
		if t.Open {
			k.nobody = append(k.nobody, t)
		}
	}
	p.kept.Store(k)
	return k, nil
}

// home is what needs the reader today. It reads what is kept ready.
func (p *Pages) home(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	today := p.today()
	d := homeData{Today: today, Zone: p.o.Zone, Results: shell.May(ctx, access.ReadResults), Waits: p.o.Ready != nil && !p.o.Ready()}
	mine, err := p.o.Board.TasksOf(ctx, p.o.Org, access.From(ctx).Email, today+soon)
	if err != nil {
		return err
	}
	d.Agenda = operate.Plan(mine, today, soon)
	if d.Results {
		k, err := p.outlook(ctx, today)
		if err != nil {
			return err
		}
		d.New, d.Open = k.recent, k.open
		if shell.May(ctx, access.RunWork) {
			d.Nobody = k.nobody
		}
	}
	return shell.Page(w, r, http.StatusOK, homePage(d))
}
