package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

type sourcesData struct {
	head
	Zone  civil.Zone
	Pulls []PullView
	Total int
	Page  int
}

func (s *Site) sources(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r.URL.Query())
	if err != nil {
		return err
	}
	d := sourcesData{head: head{shell.T(r.Context(), "Sources")}, Zone: s.o.Zone, Page: page}
	if d.Pulls, d.Total, err = s.o.Pulls.Pulls(r.Context(), (page-1)*rowsOfPage, rowsOfPage); err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, sourcesPage(d))
}

// checksOf sums the checks of a pull in one word. Checks of accuracy alone do not show that
// the register is whole.
func checksOf(ctx context.Context, cs []assure.Check) (report.Mark, string) {
	t := assure.TestResult{Completeness: cs, Registers: registersOf(cs)}
	word, failed := t.Wholeness()
	switch {
	case len(failed) > 0:
		return report.CompletenessMark(assure.CheckFailed), shell.T(ctx, "%d of %d checks failed", len(failed), len(cs))
	case word == assure.Shown:
		return report.CompletenessMark(word), shell.T(ctx, "Shown whole, %d of %d checks passed", passedOf(cs), len(cs))
	}
	return report.CompletenessMark(word), shell.T(ctx, "Completeness not shown")
}

func registersOf(cs []assure.Check) []string {
	var out []string
	for _, c := range cs {
		if !slices.Contains(out, c.Register) {
			out = append(out, c.Register)
		}
	}
	return out
}

func covers(ctx context.Context, p PullView) string {
	from, to := p.Params["from"], p.Params["to"]
	if from == "" && to == "" {
		return ""
	}
	return strings.TrimSpace(shell.T(ctx, "%s to %s", from, to))
}
