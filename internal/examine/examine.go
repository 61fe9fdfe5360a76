// Package examine runs tests over whole populations and words what they show. It decides nothing
// that a person must decide: a deviation is a fact about one item, and what becomes of it in the
// report is concluded elsewhere.
package examine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/rule"
)

// Engine runs rules over the records that were known at a tree size.
type Engine interface {
	// Open starts a session for one organization and period. Its answers do not change while it
	// is open.
	Open(ctx context.Context, org id.Org, size int64, p civil.Period, h civil.Holidays) (Session, error)
}

// Session runs plans one at a time.
type Session interface {
	// Run hands every item to f, in no order. With only, just the items that have one of those
	// keys. Unless keys are asked for, an item of which nothing was found may come without one.
	Run(ctx context.Context, p *rule.Plan, w rule.World, only []string, keys bool, f func(rule.Answered) error) error
	// At is the session as of an earlier tree size, for items that Changed named.
	At(size int64) Session
	// Changed lists, sorted, the keys of the items that may be answered otherwise than in an earlier run:
	// records sealed since its tree size touch them, or the time since its known-at does; false when that
	// may be any of them.
	Changed(ctx context.Context, p *rule.Plan, w rule.World, from int64, since civil.Instant) ([]string, bool, error)
	// Untouched reports whether no record was sealed since a tree size in any register that the plan
	// reads, those behind its persons included, and none was erased.
	Untouched(ctx context.Context, p *rule.Plan, from int64) (bool, error)
	// Longest is the longest time between two snapshots that the plan's intervals are made of.
	Longest(ctx context.Context, p *rule.Plan, w rule.World) (time.Duration, error)
	// Facts reads what items rest on.
	Facts(ctx context.Context, p *rule.Plan, w rule.World, keys []string) (map[string]*rule.Facts, error)
	Close()
}

// Completeness knows what was pulled and whether it was everything (handbook 4.4).
type Completeness interface {
	// Checks lists the checks of a register as known at a size, which stands for a time, missing
	// ones included.
	Checks(ctx context.Context, org id.Org, register string, size int64, knownAt civil.Instant, p civil.Period) ([]assure.Check, error)
	// Absence says in one sentence what speaks against taking "no record" for "nothing happened" in
	// the period, such as a connector that broke; it is empty where nothing does.
	Absence(ctx context.Context, org id.Org, register string, size int64, knownAt civil.Instant, p civil.Period) (string, error)
	// Pulled says whether the register was ever filled, be it with nothing, and whether a check
	// showed that records are missing from it.
	Pulled(ctx context.Context, org id.Org, register string, size int64) (pulled, incomplete bool, err error)
}

// Unit is one test of one version of a control, with the civil dates for which it is in force.
type Unit struct {
	Control  string
	Test     string
	Title    string
	Version  int
	From, To civil.Date // inclusive; civil.MaxDate while it has not ended
	Plan     *rule.Plan
}

// Request is what to test.
type Request struct {
	Org        id.Org
	Name       string
	Period     civil.Period
	KnownAt    civil.Instant
	Size       int64 // the tree size that KnownAt stands for
	Checkpoint assure.Checkpoint
	Unanchored int64
	Holidays   civil.Holidays
	Clocks     map[string]rule.Clock // by register, where a clock was measured to be off
	Unreadable map[string]bool       // evidence that is kept and cannot be read any more
	Units      []Unit
	Items      bool                            // list every item, not only the findings
	Progress   func(test string, done, of int) // called by one worker at a time

	rules string // what the zone of the period stands for, worked out once
}

// Examiner runs tests.
type Examiner struct {
	Engine       Engine
	Completeness Completeness // asked by all workers at a time
	Cache        Cache        // nil: every test looks at every item
	Workers      int          // how many units are tested at a time, each worker in a session of its own; 0 is one
}

// Test runs every unit for its own part of the period.
func (e *Examiner) Test(ctx context.Context, r Request) (assure.Results, error) {
	r.rules = r.Period.Zone.Rules()
	out := assure.Results{
		Organization: r.Name, Period: r.Period, ZoneRules: r.rules, KnownAt: r.KnownAt.String(),
		Checkpoint: r.Checkpoint, Unanchored: r.Unanchored, Controls: []assure.TestResult{},
	}
	results := make([]*assure.TestResult, len(r.Units))
	var next, done atomic.Int64
	var telling sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	for range max(e.Workers, 1) {
		g.Go(func() error {
			s, err := e.Engine.Open(ctx, r.Org, r.Size, r.Period, r.Holidays)
			if err != nil {
				return err
			}
			defer s.Close()
			for i := int(next.Add(1)) - 1; i < len(r.Units); i = int(next.Add(1)) - 1 {
				u := r.Units[i]
				if r.Progress != nil {
					telling.Lock()
					r.Progress(u.Test, int(done.Load()), len(r.Units))
					telling.Unlock()
				}
				if part, ok := r.Period.Clip(u.From, u.To); ok {
					t, err := e.unit(ctx, s, r, u, part)
					if err != nil {
						return fmt.Errorf("test %s: %w", u.Test, err)
					}
					results[i] = &t
				}
				done.Add(1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return out, err
	}
	for _, t := range results {
		if t != nil {
			out.Controls = append(out.Controls, *t)
		}
	}
	if r.Progress != nil {
		r.Progress("", len(r.Units), len(r.Units))
	}
	return out, nil
}

// unit runs one test over one part of the period.
func (e *Examiner) unit(ctx context.Context, s Session, r Request, u Unit, part civil.Period) (assure.TestResult, error) {
	t := assure.TestResult{
		Control: u.Control, Test: u.Test, Title: u.Title, Version: u.Version, From: part.From, To: part.To,
		Shape: u.Plan.Shape, Sentence: u.Plan.Sentence(), Outcome: assure.Tested,
		Completeness: []assure.Check{}, Findings: []assure.Finding{}, Attributes: []assure.Attribute{}, Registers: []string{},
	}
	for _, c := range u.Plan.Checks {
		t.Attributes = append(t.Attributes, assure.Attribute{ID: c.ID, Text: c.Text})
	}
	w, err := e.World(ctx, r.Org, u, part, r.KnownAt, r.Size)
	if err != nil {
		return t, err
	}
	w.Holidays, w.Clocks, w.Unreadable = r.Holidays, r.Clocks, r.Unreadable
	inForce(r, u, &t)
	if err := e.standing(ctx, r, u, part, &t); err != nil {
		return t, err
	}
	if t.Blocked != "" {
		t.Outcome = assure.Blocked
	} else if err := e.run(ctx, s, r, u, w, &t); errors.Is(err, fault.Refused) || errors.Is(err, fault.Integrity) {
		// What cannot be decided blocks this test, not the others; none of its figures is kept.
		clean := assure.TestResult{Control: t.Control, Test: t.Test, Title: t.Title, Version: t.Version, From: t.From, To: t.To, Shape: t.Shape,
			Sentence: t.Sentence, Registers: t.Registers, Completeness: t.Completeness, Notes: t.Notes, Findings: []assure.Finding{}}
		for _, c := range u.Plan.Checks {
			clean.Attributes = append(clean.Attributes, assure.Attribute{ID: c.ID, Text: c.Text})
		}
		t = clean
		t.Outcome, t.Blocked = assure.Blocked, err.Error()
	} else if err != nil {
		return t, err
	}
	if t.Outcome == assure.Tested && t.Population == 0 {
		if err := leftOut(ctx, s, u.Plan, w, &t); err != nil {
			return t, err
		}
		if err := e.nothing(ctx, r, part, &t); err != nil {
			return t, err
		}
	}
	t.Digest, err = rule.Digest(t.Findings)
	return t, err
}

// nothing says what a population without an item is. Schedules, states and rosters never have an
// acceptable zero. Of events it is "no occurrence" when every register that the items come from
// passed a check of completeness, failed none, and nothing else speaks against its silence; or else
// it is a gap, and a note says why.
func (e *Examiner) nothing(ctx context.Context, r Request, part civil.Period, t *assure.TestResult) error {
	t.Outcome = assure.Gap
	if t.Shape != assure.Event && t.InProgress > 0 {
		t.Notes = append(t.Notes, "nothing has fallen due yet")
		return nil
	}
	if t.Shape != assure.Event {
		t.Notes = append(t.Notes, "a population of the shape "+string(t.Shape)+" cannot be empty: see what its inventory leaves out")
		return nil
	}
	for _, reg := range t.Registers {
		why, err := e.Completeness.Absence(ctx, r.Org, reg, r.Size, r.KnownAt, part)
		if err != nil {
			return err
		}
		if why != "" {
			t.Notes = append(t.Notes, "no item is no proof that nothing occurred: "+why)
			return nil
		}
	}
	if !t.Complete() {
		t.Notes = append(t.Notes, "no item is no proof that nothing occurred: "+unshown(*t))
		return nil
	}
	t.Outcome = assure.NoOccurrence
	return nil
}

// unshown says which register of a population was not shown to be whole.
func unshown(t assure.TestResult) string {
	for _, c := range t.Completeness {
		if slices.Contains(t.Registers, c.Register) && strings.HasPrefix(c.Check, "C") && c.Status == assure.Failed {
			return c.Check + " of " + c.Register + " failed: " + c.Detail
		}
	}
	return "no check of completeness passed for " + strings.Join(t.Registers, ", ")
}

// World is what a test of a unit takes for given over a part of the period.
func (e *Examiner) World(ctx context.Context, org id.Org, u Unit, part civil.Period, knownAt civil.Instant, size int64) (rule.World, error) {
	w := rule.World{Period: part, KnownAt: knownAt, Unproven: map[string]bool{}}
	for _, name := range u.Plan.Registers() {
		pulled, incomplete, err := e.Completeness.Pulled(ctx, org, name, size)
		if err != nil {
			return w, err
		}
		// In a schedule an instance is due whether or not anything was recorded of it: where
		// nothing was, nothing was done (handbook E17). Elsewhere an unread source is unknown.
		if incomplete || !pulled && u.Plan.Shape != assure.Schedule {
			w.Unproven[name] = true
		}
	}
	return w, nil
}

// standing looks at every register that the test reads: what it may prove, and whether the test
// can be run at all.
func (e *Examiner) standing(ctx context.Context, r Request, u Unit, part civil.Period, t *assure.TestResult) error {
	own := map[string]bool{}
	for i, s := range u.Plan.Sources {
		if s.Schema != nil {
			if !own[s.Schema.Name] {
				t.Registers = append(t.Registers, s.Schema.Name)
			}
			own[s.Schema.Name] = true
			// An event that nobody recorded is an empty population; an inventory that nobody
			// delivered is not an empty inventory.
			if i == 0 && t.Shape == assure.Event {
				continue
			}
			pulled, _, err := e.Completeness.Pulled(ctx, r.Org, s.Schema.Name, r.Size)
			if err != nil {
				return err
			}
			if !pulled && t.Blocked == "" {
				t.Blocked = fmt.Sprintf("the register %s holds nothing: import it first (assay import %s FILE)", s.Schema.Name, s.Schema.Name)
			}
		}
	}
	for _, name := range u.Plan.Registers() {
		pulled, _, err := e.Completeness.Pulled(ctx, r.Org, name, r.Size)
		if err != nil {
			return err
		}
		checks, err := e.Completeness.Checks(ctx, r.Org, name, r.Size, r.KnownAt, part)
		if err != nil {
			return err
		}
		for _, c := range checks {
			if own[name] || c.Status != assure.Missing {
				t.Completeness = append(t.Completeness, c)
			}
		}
		if !pulled && t.Shape == assure.Schedule && !own[name] {
			t.Registers = append(t.Registers, name) // what nobody delivered is not known to be whole
		}
		if !pulled && !own[name] {
			t.Notes = append(t.Notes, "the register "+name+" was never filled")
		}
	}
	return nil
}

func (e *Examiner) run(ctx context.Context, s Session, r Request, u Unit, w rule.World, t *assure.TestResult) error {
	tally := newTally(u.Plan, w, r.Items)
	if err := e.decide(ctx, s, r, u, w, tally); err != nil {
		return err
	}
	tally.fill(t)
	if t.Shape == assure.Schedule {
		t.Completeness = append(t.Completeness, calendarChecks(u.Plan, t)...)
	}
	if err := e.explain(ctx, s, u.Plan, w, tally.found, t); err != nil {
		return err
	}
	if len(tally.known) > 0 {
		t.Findings = append(t.Findings, tally.known...)
		slices.SortFunc(t.Findings, func(a, b assure.Finding) int { return strings.Compare(a.Key, b.Key) })
	}
	if u.Plan.During != nil && tally.longest == nil {
		longest, err := s.Longest(ctx, u.Plan, w)
		if err != nil {
			return err
		}
		tally.longest = &longest
	}
	if name := e.kept(r, u, w); name != "" && !tally.same {
		if err := e.Cache.Store(name, Kept{r.Size, r.KnownAt, tally.Counts, t.Findings, tally.longest}); err != nil {
			return err
		}
	}
	if len(w.Holidays.Days) == 0 && u.Plan.Uses(rule.BusinessDays) {
		t.Notes = append(t.Notes, "no holidays are on record: business days are Mondays to Fridays")
	}
	shares(u.Plan, t)
	if err := e.earlier(ctx, s, u, w, t); err != nil {
		return err
	}
	if err := e.exceptions(ctx, s, r, u, w, t); err != nil {
		return err
	}
	if u.Plan.During != nil {
		t.Resolution = resolution(u.Plan, *tally.longest)
	}
	return nil
}

// calendarChecks are C5: the instances of a schedule are made from the calendar and an inventory,
// not from what was recorded of them.
func calendarChecks(p *rule.Plan, t *assure.TestResult) []assure.Check {
	var out []assure.Check
	var inventory []string
	for _, s := range p.Sources {
		if s.Schema != nil && !slices.Contains(inventory, s.Schema.Name) {
			inventory = append(inventory, s.Schema.Name)
		}
	}
	if len(inventory) == 0 {
		c := assure.Check{Check: "C5", Status: assure.Passed, Detail: fmt.Sprintf("%d instances due from the calendar alone", t.Population)}
		if t.Population == 0 {
			c.Status, c.Detail = assure.Failed, "the calendar gives no instance in the period"
		}
		return []assure.Check{c}
	}
	for _, reg := range inventory {
		c := assure.Check{Check: "C5", Status: assure.Passed, Register: reg,
			Detail: fmt.Sprintf("%d instances due from the calendar and the inventory in %s", t.Population, reg)}
		if t.Population == 0 {
			c.Status, c.Detail = assure.Failed, "the calendar and the inventory in "+reg+" give no instance"
		}
		out = append(out, c)
	}
	return out
}

func resolution(p *rule.Plan, longest time.Duration) string {
	if p.Sources[0].Kind == rule.FromSpans {
		return fmt.Sprintf("Between two snapshots nothing is proven; the longest time between two of the same thing was %s. A thing without a snapshot is no item.", span(longest))
	}
	return "The state is the latest recorded one: a change that was recorded neither before nor after is not seen."
}

// span says a duration in days from two days on, else in hours.
func span(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
	return fmt.Sprintf("%.1f hours", d.Hours())
}

// explain reads what each finding rests on and words it. The rule is read a second time, by
// other code than the engine's, and both must agree.
func (e *Examiner) explain(ctx context.Context, s Session, p *rule.Plan, w rule.World, found []rule.Answered, t *assure.TestResult) error {
	const chunk = 5000
	rule.SortAnswered(found)
	for part := range slices.Chunk(found, chunk) {
		keys := make([]string, len(part))
		for i, a := range part {
			keys[i] = a.Key
		}
		facts, err := s.Facts(ctx, p, w, keys)
		if err != nil {
			return err
		}
		for _, a := range part {
			f := facts[a.Key]
			if f == nil {
				return fmt.Errorf("the item %s has no facts", a.Key)
			}
			finding, err := word(p, w, a, f)
			if err != nil {
				return err
			}
			t.Findings = append(t.Findings, finding)
		}
	}
	return nil
}

func word(p *rule.Plan, w rule.World, a rule.Answered, f *rule.Facts) (assure.Finding, error) {
	out := assure.Finding{Key: a.Key, Verdict: a.Verdict(), EventTime: EventTime(p, w, a.At)}
	var reasons []string
	for i, j := range p.Judge(*f, w) {
		if j.Verdict != a.Verdicts[i] {
			return out, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf(
				"item %s, attribute %s: the engine says %s, reading the rule again says %s; no verdict is given", a.Key, j.ID, a.Verdicts[i], j.Verdict)}
		}
		if j.Verdict == out.Verdict {
			out.Attributes = append(out.Attributes, j.ID)
			reasons = append(reasons, j.ID+": "+j.Reason)
		}
	}
	if len(reasons) == 1 {
		reasons[0] = strings.TrimPrefix(reasons[0], out.Attributes[0]+": ")
	}
	out.Reason = strings.Join(merge(reasons), ". ")
	out.Records = p.Records(*f, out.Attributes)
	return out, nil
}

// merge joins attributes that give one and the same reason: "A, B, C: ...".
func merge(reasons []string) []string {
	var out, letters []string
	for _, r := range reasons {
		l, why, ok := strings.Cut(r, ": ")
		if n := len(out); ok && len(l) == 1 && n > 0 && strings.HasSuffix(out[n-1], ": "+why) && len(letters) == n {
			letters[n-1] += ", " + l
			out[n-1] = letters[n-1] + ": " + why
			continue
		}
		out, letters = append(out, r), append(letters, l)
	}
	return out
}

// EventTime words the membership time of an item: RFC 3339, or a civil date where the rule goes by dates; empty when unknown.
func EventTime(p *rule.Plan, w rule.World, at *int64) string {
	if at == nil {
		return ""
	}
	if p.When != nil && p.When.Type() == rule.Date {
		return civil.Date(*at).String()
	}
	return civil.Instant(*at).In(w.Period.Zone)
}
