package web

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/gauge"
)

// kept is what was worked out of the latest results and the latest readiness, for as long as they hold.
type kept struct {
	tests  atomic.Pointer[worked]
	ready  atomic.Pointer[weighed]
	places atomic.Pointer[places]
}

// worked is what pages show of one set of results, in the order of the program.
type worked struct {
	res      *assure.Results
	rows     []row
	first    map[string]int // the place of a control's first row
	listings []listing
	by       map[string]int // controls by each choice of the filter
	worst    []row          // one row per control, with the worst of its tests
	scope    []covering
	tallies  []tally
	tested   int                      // controls with a result
	months   map[string][]monthTested // tests with items of a month, those with deviations first
}

// worked gives the results as pages show them.
func (s *Site) worked(ctx context.Context) (*worked, error) {
	res, err := s.o.Tests.Tests(ctx)
	if err != nil {
		return nil, err
	}
	if w := s.kept.tests.Load(); w != nil && w.res == res {
		return w, nil
	}
	w := &worked{res: res, rows: s.rows(res), first: map[string]int{}}
	for i, r := range w.rows {
		if _, ok := w.first[r.Control.ID]; !ok {
			w.first[r.Control.ID] = i
		}
	}
	w.listings = s.listings(w.rows)
	w.by = countBy(w.listings)
	w.worst = worstRows(w.rows)
	w.scope = coverings(s.o.Catalog.Criteria, w.worst)
	w.tallies = standings(w.worst)
	for i := range w.worst {
		if x := &w.worst[i]; x.Tested && x.Test.Outcome != assure.Blocked {
			w.tested++
		}
	}
	w.months = byMonth(w.rows)
	s.kept.tests.Store(w)
	return w, nil
}

// of gives the rows of a control: one for each of its tests, or one without a result.
func (w *worked) of(control string) []row {
	at, ok := w.first[control]
	if !ok {
		return nil
	}
	n := at
	for n < len(w.rows) && w.rows[n].Control.ID == control {
		n++
	}
	return w.rows[at:n:n]
}

// weighed is what pages look up in one readiness.
type weighed struct {
	r         *gauge.Readiness
	status    map[string]int         // the place of a control
	gaps      map[string][]gauge.Gap // by control
	criterion map[string]int         // how many gaps stand against a criterion itself
	severity  map[string]int
	rule      map[string]int
	open      []cause     // of what is red or amber
	sorted    []gauge.Gap // every gap, cause by cause
}

// weighed gives the readiness as pages look it up.
func (s *Site) weighed(ctx context.Context) (*weighed, error) {
	r, err := s.o.Gauge.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if w := s.kept.ready.Load(); w != nil && w.r == r {
		return w, nil
	}
	w := &weighed{r: r, status: map[string]int{}, gaps: map[string][]gauge.Gap{}, criterion: map[string]int{}, severity: map[string]int{}, rule: map[string]int{}}
	for i, c := range r.Controls {
		w.status[c.ID] = i
	}
	for _, g := range r.Gaps {
		w.severity[g.Severity.String()]++
		w.rule[g.Rule]++
		if g.Control != "" {
			w.gaps[g.Control] = append(w.gaps[g.Control], g)
		}
		about := map[string]bool{g.Criterion: true}
		for _, id := range g.Criteria {
			about[id] = true
		}
		for id := range about {
			w.criterion[id]++
		}
	}
	for _, c := range s.causes(r.Gaps) {
		w.sorted = append(w.sorted, c.Gaps...)
	}
	w.open = s.causes(slices.DeleteFunc(slices.Clone(r.Gaps), func(g gauge.Gap) bool { return g.Severity == gauge.Info }))
	s.kept.ready.Store(w)
	return w, nil
}
