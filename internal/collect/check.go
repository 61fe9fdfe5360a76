package collect

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Ledger gives the pulls that were sealed.
type Ledger interface {
	// System lists the latest version of each key of a system register known at a tree size.
	System(ctx context.Context, org id.Org, register string, size int64) ([]record.Known, error)
}

// Columns reads single fields of what is known.
type Columns interface {
	// Column calls each with one field of every record of a register known at a tree size, in
	// the latest version known then: nil, an int64 or a string. Erased records are left out.
	Column(ctx context.Context, org id.Org, s *register.Schema, field string, size int64, each func(value any) error) error
}

// Checker runs the checks of completeness and accuracy of handbook 4.4 that pulls allow.
type Checker struct {
	Ledger  Ledger
	Columns Columns // nil: C1 and the second register of C2 are missing
}

// Second is another register that counts the same facts: the value of Field in each of its
// records should be that of By in a record of the register under check.
type Second struct {
	Schema *register.Schema
	Field  string
	By     string
}

// Calendar are the instances of a schedule: how many are due, and how many were looked at.
type Calendar struct {
	Expected, Found int64
	What            string // such as "calendar days for 4 systems"
}

// Request says which register is to be checked, for which period, as known at which size.
type Request struct {
	Org      id.Org
	Schema   *register.Schema
	Size     int64
	Period   civil.Period
	Calendar *Calendar // of schedule populations
	Second   *Second
}

// Check answers the checks in the order C1, C2, C3, C5, A2, A4. C1 is left out where nothing
// declares a sequence, C3 where the register holds no intervals, C5 where no calendar is given.
func (c *Checker) Check(ctx context.Context, q Request) ([]assure.Check, error) {
	h, err := c.history(ctx, q.Org, q.Schema.Name, q.Size)
	if err != nil {
		return nil, err
	}
	var out []assure.Check
	add := func(name string, s assure.CheckStatus, detail string) {
		out = append(out, assure.Check{Check: name, Status: s, Register: q.Schema.Name, Detail: detail})
	}
	if field := h.sequence(q.Schema); field != "" {
		s, d, err := c.sequence(ctx, q, field)
		if err != nil {
			return nil, err
		}
		add("C1", s, d)
	}
	s, d := h.count()
	if q.Second != nil && s != assure.Failed {
		if s, d, err = c.second(ctx, q, h, s, d); err != nil {
			return nil, err
		}
	}
	add("C2", s, d)
	if len(q.Schema.Interval) == 2 {
		s, d := h.rollForward()
		add("C3", s, d)
	}
	if q.Calendar != nil {
		s, d := q.Calendar.judge()
		add("C5", s, d)
	}
	s, d = h.totals()
	add("A2", s, d)
	s, d = h.parameters(q.Period)
	add("A4", s, d)
	return out, nil
}

// Status is what the pulls of a register allow to conclude from the absence of a record.
type Status struct {
	Pulled bool   // the register was filled at least once, be it with no rows
	Failed bool   // a check showed that rows are missing or wrong: absence proves nothing
	Why    string // one sentence when Failed, or when never pulled
}

// Status answers for a register at a tree size. A check that nobody could run fails nothing.
func (c *Checker) Status(ctx context.Context, org id.Org, s *register.Schema, size int64) (Status, error) {
	h, err := c.history(ctx, org, s.Name, size)
	if err != nil {
		return Status{}, err
	}
	if len(h.all) == 0 {
		return Status{Why: s.Name + " was never pulled"}, nil
	}
	st := Status{Pulled: true}
	checks := []func() (assure.CheckStatus, string){h.count, h.totals}
	if len(s.Interval) == 2 {
		checks = append(checks, h.rollForward)
	}
	for _, check := range checks {
		if status, why := check(); status == assure.Failed {
			return Status{true, true, why}, nil
		}
	}
	return st, nil
}

// pull is one act of collecting with its place in the ledger.
type pull struct {
	record.Pull
	index int64
}

// history are the pulls that filled a register, in the order of the ledger.
type history struct {
	register string
	all      []pull
	standing []pull
}

func (c *Checker) history(ctx context.Context, org id.Org, name string, size int64) (*history, error) {
	known, err := c.Ledger.System(ctx, org, record.Pulls, size)
	if err != nil {
		return nil, fmt.Errorf("read the pulls of %s: %w", name, err)
	}
	h := &history{register: name}
	for _, k := range known {
		p := pull{index: k.Index}
		if err := json.Unmarshal(k.Body, &p.Pull); err != nil {
			return nil, fmt.Errorf("read %s: %w: %w", k.Name(), fault.Integrity, err)
		}
		if _, child := p.Children[name]; child || p.Register == name {
			h.all = append(h.all, p)
		}
	}
	slices.SortFunc(h.all, func(a, b pull) int { return cmp.Compare(a.index, b.index) })
	h.standing = standing(h.all)
	return h, nil
}

// standing keeps the pulls that still speak for the register: of each source the last full one
// and those after it, and of those that asked the same question of the same object only the
// last. A count or total must hold for every standing pull: each brought rows that no other
// accounts for. A failed pull is healed by repeating it, or by a full one.
func standing(all []pull) []pull {
	lastFull := map[string]int{}
	lastSame := map[string]int{}
	question := func(p pull) string {
		q, _ := json.Marshal([]any{p.Source, p.Register, p.Query, p.Params, p.Object}) // texts always marshal
		return string(q)
	}
	for i, p := range all {
		if lastSame[question(p)] = i; p.Extent == register.Full {
			lastFull[p.Source+"\x00"+p.Register] = i
		}
	}
	var out []pull
	for i, p := range all {
		if full, ok := lastFull[p.Source+"\x00"+p.Register]; lastSame[question(p)] == i && (!ok || i >= full) {
			out = append(out, p)
		}
	}
	return out
}

// of names a pull's rows: those split off another register's are counted with their parents.
func (h *history) of(p pull) string {
	s := fmt.Sprintf("the pull of %s from %s (%s)", p.Register, p.Source, day(p.Ended))
	if p.Register != h.register {
		s += ", off which " + h.register + " were split,"
	}
	return s
}

func day(instant string) string {
	d, _, _ := strings.Cut(instant, "T")
	return d
}

// judge asks each standing pull. One failure fails; a pass needs an answer of every pull.
func (h *history) judge(nobody string, ask func(pull) (assure.CheckStatus, string)) (assure.CheckStatus, string) {
	if len(h.standing) == 0 {
		return assure.Missing, h.register + " was never pulled"
	}
	var passed []string
	missing := 0
	for _, p := range h.standing {
		switch s, d := ask(p); s {
		case assure.Failed:
			return s, d
		case assure.Passed:
			passed = append(passed, d)
		default:
			missing++
		}
	}
	switch {
	case len(passed) == 0:
		return assure.Missing, nobody
	case missing > 0:
		return assure.Missing, fmt.Sprintf("%s; only %d of %d pulls of %s can say so", passed[0], len(passed), len(h.standing), h.register)
	case len(passed) == 1:
		return assure.Passed, passed[0]
	}
	return assure.Passed, fmt.Sprintf("%d pulls of %s agree; the last: %s", len(passed), h.register, passed[len(passed)-1])
}

// count is C2: the rows of a pull against the number counted by another path.
func (h *history) count() (assure.CheckStatus, string) {
	return h.judge("nobody counted the rows of "+h.register+" by another path", func(p pull) (assure.CheckStatus, string) {
		switch {
		case p.Expected == nil:
			return assure.Missing, ""
		case *p.Expected != p.Rows:
			return assure.Failed, fmt.Sprintf("%s brought %d rows, %d were counted by another path", h.of(p), p.Rows, *p.Expected)
		}
		return assure.Passed, fmt.Sprintf("%s brought %d rows, as counted by another path", h.of(p), p.Rows)
	})
}

// totals is A2: sums over the rows against the control totals of the source.
func (h *history) totals() (assure.CheckStatus, string) {
	return h.judge("no control totals of "+h.register+" were given", func(p pull) (assure.CheckStatus, string) {
		if len(p.Control) == 0 {
			return assure.Missing, ""
		}
		var agreed []string
		for _, f := range slices.Sorted(maps.Keys(p.Control)) {
			sum, ok := p.Totals[f]
			if !ok || sum != p.Control[f] {
				return assure.Failed, fmt.Sprintf("%s sums %s to %d, the source states %d", h.of(p), f, sum, p.Control[f])
			}
			agreed = append(agreed, fmt.Sprintf("%s %d", f, sum))
		}
		return assure.Passed, fmt.Sprintf("%s sums %s, as the source states", h.of(p), strings.Join(agreed, ", "))
	})
}

// rollForward is C3 between the last two full pulls of each source: what was open, and what
// started since, less what ended, is what is open now. It fails when an interval vanished from
// the source without an end, or turns up late.
func (h *history) rollForward() (assure.CheckStatus, string) {
	if len(h.all) == 0 {
		return assure.Missing, h.register + " was never pulled"
	}
	sources := map[string][]int{}
	started := make([]int64, len(h.all)+1) // running sum of new rows
	for i, p := range h.all {
		started[i+1] = started[i]
		if p.Register == h.register {
			started[i+1] += p.New
		}
		if p.Register == h.register && p.Extent == register.Full {
			sources[p.Source] = append(sources[p.Source], i)
		}
	}
	var passed []string
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		full := sources[source]
		if len(full) < 2 {
			continue
		}
		a, b := full[len(full)-2], full[len(full)-1]
		var began int64
		for i := a + 1; i <= b; i++ {
			if h.all[i].Source == source {
				began += started[i+1] - started[i]
			}
		}
		from, to := h.all[a], h.all[b]
		ended := (to.Rows - to.Open) - (from.Rows - from.Open)
		sum := fmt.Sprintf("%s from %s: %d open on %s + %d started - %d ended = %d", h.register, source,
			from.Open, day(from.Ended), began, ended, from.Open+began-ended)
		if from.Open+began-ended != to.Open {
			return assure.Failed, fmt.Sprintf("%s, but %d are open on %s", sum, to.Open, day(to.Ended))
		}
		passed = append(passed, fmt.Sprintf("%s, as on %s", sum, day(to.Ended)))
	}
	if len(passed) == 0 {
		return assure.Missing, "no source gave two full pulls of " + h.register + " to roll forward between"
	}
	return assure.Passed, strings.Join(passed, "; ")
}

// judge is C5: every instance that the calendar asks for was looked at.
func (c *Calendar) judge() (assure.CheckStatus, string) {
	if c.Expected != c.Found {
		return assure.Failed, fmt.Sprintf("the calendar gives %d instances (%s), %d were looked at", c.Expected, c.What, c.Found)
	}
	return assure.Passed, fmt.Sprintf("the calendar gives %d instances (%s), all of them were looked at", c.Expected, c.What)
}

// covered reads the civil dates that a pull's query covered; false when it names none.
func covered(p record.Pull) (civil.Period, bool, error) {
	from, to := p.Params["from"], p.Params["to"]
	if from == "" && to == "" {
		return civil.Period{}, false, nil
	}
	var period civil.Period
	f, err := civil.ParseDate(from)
	if err != nil {
		return period, false, fault.Refuse("params: from: %s", err)
	}
	t, err := civil.ParseDate(to)
	if err != nil {
		return period, false, fault.Refuse("params: to: %s", err)
	}
	var z civil.Zone
	if name := p.Params["zone"]; name != "" {
		if z, err = civil.ParseZone(name); err != nil {
			return period, false, fault.Refuse("params: zone: %s", err)
		}
	}
	period, err = civil.NewPeriod(f, t, z)
	return period, err == nil, err
}

// span is a stretch of time that a pull covered.
type span struct{ from, to civil.Instant }

// parameters is A4: the dates that the queries covered hold the whole period, for each source.
// A full pull covers all that happened before it started; no pull covers what came after it.
func (h *history) parameters(period civil.Period) (assure.CheckStatus, string) {
	if len(h.all) == 0 {
		return assure.Missing, h.register + " was never pulled"
	}
	spans := map[string][]span{}
	for _, p := range h.all {
		started, err := civil.ParseInstant(p.Started)
		if err != nil {
			return assure.Failed, fmt.Sprintf("%s does not say when it started", h.of(p))
		}
		if _, ok := spans[p.Source]; !ok {
			spans[p.Source] = nil
		}
		if p.Extent == register.Full {
			spans[p.Source] = append(spans[p.Source], span{-civil.Never, started})
			continue
		}
		dates, ok, err := covered(p.Pull)
		if err != nil || !ok {
			continue
		}
		if p.Params["zone"] == "" {
			return assure.Missing, fmt.Sprintf("%s names the dates %s to %s without their zone", h.of(p), dates.From, dates.To)
		}
		spans[p.Source] = append(spans[p.Source], span{dates.Start(), min(dates.End(), started)})
	}
	for _, source := range slices.Sorted(maps.Keys(spans)) {
		if len(spans[source]) == 0 {
			return assure.Missing, fmt.Sprintf("no pull of %s from %s says which dates it covers", h.register, source)
		}
		if gap, ok := uncovered(spans[source], period); ok {
			return assure.Failed, fmt.Sprintf("the pulls of %s from %s do not cover %s to %s (%s)", h.register, source,
				gap.from.In(period.Zone), gap.to.In(period.Zone), period.Zone)
		}
	}
	return assure.Passed, fmt.Sprintf("the pulls of %s cover %s to %s (%s)", h.register, period.From, period.To, period.Zone)
}

// uncovered finds the first stretch of the period that no span holds.
func uncovered(spans []span, period civil.Period) (span, bool) {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	at := period.Start()
	for _, s := range spans {
		if s.from > at {
			break
		}
		at = max(at, s.to)
	}
	if at >= period.End() {
		return span{}, false
	}
	end := period.End()
	for _, s := range spans {
		if s.from > at {
			end = min(end, s.from)
		}
	}
	return span{at, end}, true
}
