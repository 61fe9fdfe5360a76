package collect

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

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

// Rows reads single fields of what is known. Each is called with a record's key and the fields,
// each nil, an int64 or a string, in a slice that is used again for the next record. Erased records
// are left out.
type Rows interface {
	// All gives every record of a register known at a tree size, in the latest version known then.
	All(ctx context.Context, org id.Org, s *register.Schema, fields []string, size int64, each func(key string, values []any) error) error
	// Of gives those of them whose field holds one of the values; without a field, those that have
	// one of them as key.
	Of(ctx context.Context, org id.Org, s *register.Schema, fields []string, field string, values []string, size int64, each func(key string, values []any) error) error
	// Since lists the keys of the records sealed from one tree size on and before another; false
	// when there are more than enough.
	Since(ctx context.Context, org id.Org, s *register.Schema, from, size int64, enough int) ([]string, bool, error)
}

// Heads knows the ledger's own hashes.
type Heads interface {
	// RootAt is the root hash of the ledger at a tree size, in lower-case hex; fault.NotFound when
	// it never was that large.
	RootAt(ctx context.Context, org id.Org, size int64) (string, error)
}

// Checker runs the checks of completeness and accuracy of handbook 4.4. It remembers what it read,
// so one Checker serves one run of tests: make a new one for the next.
type Checker struct {
	Ledger      Ledger
	Rows        Rows  // nil: the checks that compare records are missing
	Heads       Heads // nil: what sources say of this ledger is not compared
	Kept        Kept  // nil: every comparison looks at every record
	Worth       int64 // the records from which a comparison is kept; 0 for 1,000
	Comparisons *Comparisons
	Registers   func(name string) *register.Schema // nil for an unknown one; needed where there are Rows
	// Persons resolves logins to persons, given the alias rows and the addresses of each person.
	Persons func(aliases map[string]string, people map[string][]string) map[string]string

	mu   sync.Mutex
	memo map[string]*memo // what was read and found for one organization, register and tree size
}

// memo is one answer. Who asks while it is being found waits for it.
type memo struct {
	mu    sync.Mutex
	known bool
	v     any
}

// once remembers what f answered, and asks it once even when many ask at a time. What failed is asked again.
func once[T any](c *Checker, name string, f func() (T, error)) (T, error) {
	c.mu.Lock()
	m := c.memo[name]
	if m == nil {
		if c.memo == nil {
			c.memo = map[string]*memo{}
		}
		m = &memo{}
		c.memo[name] = m
	}
	c.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known {
		return m.v.(T), nil
	}
	t, err := f()
	if err == nil {
		m.v, m.known = t, true
	}
	return t, err
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
	KnownAt  civil.Instant // the time that Size stands for; 0: the period has ended
	Calendar *Calendar     // of schedule populations
}

// fresh is how old the last pull may be in a period that has not ended.
const fresh = 24 * time.Hour

// until is the instant up to which pulls must speak: the end of the period or, while it lasts, a
// day before what is known.
func (q Request) until() civil.Instant {
	if end := q.Period.End(); q.KnownAt == 0 || q.KnownAt >= end {
		return end
	}
	return max(q.Period.Start(), q.KnownAt-civil.Instant(fresh/time.Microsecond))
}

// Check answers the checks in the order C1 to C6, A1 to A5. Left out are C1 where nothing declares
// a sequence, C3 where the register holds no intervals, C5 where no calendar is given, C6 where no
// source states a head, and A3 where nothing is derived. C2, C4 and A3 may stand several times.
func (c *Checker) Check(ctx context.Context, q Request) ([]assure.Check, error) {
	name := fmt.Sprint("checks ", q.Org, " ", q.Schema.Name, " ", q.Size, " ", q.Period, " ", q.KnownAt)
	if q.Calendar != nil {
		return c.check(ctx, q)
	}
	return once(c, name, func() ([]assure.Check, error) { return c.check(ctx, q) })
}

func (c *Checker) check(ctx context.Context, q Request) ([]assure.Check, error) {
	h, err := c.history(ctx, q.Org, q.Schema.Name, q.Size)
	if err != nil {
		return nil, err
	}
	var out []assure.Check
	add := func(name string, s assure.CheckStatus, detail string) {
		out = append(out, assure.Check{Check: name, Status: s, Register: q.Schema.Name, Detail: detail})
	}
	compared, err := c.compare(ctx, q, h)
	if err != nil {
		return nil, err
	}
	traced, err := c.traced(ctx, q, h)
	if err != nil {
		return nil, err
	}
	if field := h.sequence(q.Schema); field != "" {
		s, d, err := c.sequence(ctx, q, field)
		if err != nil {
			return nil, err
		}
		add("C1", s, d)
	}
	s, d := h.count()
	compared.join("C2", s, d, add)
	if s, d = "", ""; len(q.Schema.Interval) == 2 {
		s, d = h.rollForward()
	}
	compared.join("C3", s, d, add)
	s, d = traced.judge(h, reality)
	compared.join("C4", s, d, add)
	if q.Calendar != nil {
		s, d := q.Calendar.judge()
		add("C5", s, d)
	}
	if s, d, err := c.heads(ctx, q, h); err != nil {
		return nil, err
	} else if s != "" {
		add("C6", s, d)
	}
	s, d = traced.judge(h, source)
	add("A1", s, d)
	s, d = h.totals()
	add("A2", s, d)
	compared.join("A3", "", "", add)
	s, d = h.parameters(q)
	add("A4", s, d)
	s, d = h.logic(traced.lastVouched)
	add("A5", s, d)
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
	return once(c, fmt.Sprint("pulls ", org, " ", name, " ", size), func() (*history, error) {
		known, err := once(c, fmt.Sprint("pulls ", org, " ", size), func() ([]pull, error) { return c.pulls(ctx, org, size) })
		if err != nil {
			return nil, fmt.Errorf("read the pulls of %s: %w", name, err)
		}
		h := &history{register: name}
		for _, p := range known {
			if _, child := p.Children[name]; child || p.Register == name {
				h.all = append(h.all, p)
			}
		}
		h.standing = standing(h.all)
		return h, nil
	})
}

// pulls are all acts of collecting in the order of the ledger.
func (c *Checker) pulls(ctx context.Context, org id.Org, size int64) ([]pull, error) {
	known, err := c.Ledger.System(ctx, org, record.Pulls, size)
	if err != nil {
		return nil, err
	}
	var out []pull
	for _, k := range known {
		p := pull{index: k.Index}
		if err := json.Unmarshal(k.Body, &p.Pull); err != nil {
			return nil, fmt.Errorf("read %s: %w: %w", k.Name(), fault.Integrity, err)
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b pull) int { return cmp.Compare(a.index, b.index) })
	return out, nil
}

// standing keeps the pulls that still speak for the register: of each source the last full one
// and those after it, and of those that asked the same question of the same object only the
// last. A count or total must hold for every standing pull: each brought rows that no other
// accounts for. A failed pull is healed by repeating it, or by a full one.
func standing(all []pull) []pull {
	lastFull := map[string]int{}
	lastSame := map[string]int{}
	question := func(p pull) string {
		asked := maps.Clone(p.Params)
		for _, answered := range answers {
			delete(asked, answered)
		}
		q, _ := json.Marshal([]any{p.Source, p.Register, p.Query, asked, p.Object}) // texts always marshal
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
		case p.Params[paramError] != "":
			return assure.Failed, fmt.Sprintf("%s ended in an error of the source (%s): what came is not all; pull again", h.of(p), p.Params[paramError])
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
		if from.Rows == 0 && to.Rows == 0 {
			continue // a broken connector also brings nothing twice
		}
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
