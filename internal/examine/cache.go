package examine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/rule"
)

// Cache keeps finished runs, so that the next one need only look at what has changed since. It
// is derived: it may be dropped at any time, it is no evidence, and packages are made without it.
type Cache interface {
	Load(name string) (Kept, bool)
	Store(name string, k Kept) error
}

// Kept is a finished run as of a tree size.
type Kept struct {
	Size     int64
	KnownAt  civil.Instant // as of which it was run
	Counts   Counts
	Findings []assure.Finding
	Longest  *time.Duration // between two snapshots; nil where the test has none
}

// decide answers every item of the population. Where an earlier run was kept, and nothing was
// sealed since in what the rule reads, it stands; where what was sealed touches few items, only
// those are looked at, as they were then and as they are now.
func (e *Examiner) decide(ctx context.Context, s Session, r Request, u Unit, w rule.World, t *tally) error {
	name := e.kept(r, u, w)
	if name != "" {
		if k, ok := e.Cache.Load(name); ok && k.Size <= r.Size && k.KnownAt != 0 && t.fits(k.Counts) {
			if timeless(u.Plan, w, k) {
				same, err := s.Untouched(ctx, u.Plan, k.Size)
				if err != nil {
					return err
				}
				if same {
					t.Counts, t.known, t.same = k.Counts, k.Findings, true
					if k.KnownAt >= w.Period.End() { // no more of the period has passed since
						t.longest = k.Longest
					}
					return nil
				}
			}
			keys, ok, err := s.Changed(ctx, u.Plan, w, k.Size, k.KnownAt)
			if err != nil {
				return err
			}
			if ok {
				return e.amend(ctx, s, u, w, t, k, keys)
			}
		}
	}
	return s.Run(ctx, u.Plan, w, nil, t.keep, func(a rule.Answered) error {
		t.take(a)
		return nil
	})
}

// timeless reports whether a kept run says at the world's time what it said at its own, as far as
// records do not differ: nothing was left running, and no condition asks for the time.
func timeless(p *rule.Plan, w rule.World, k Kept) bool {
	if k.KnownAt > w.KnownAt || k.Counts.InProgress != 0 {
		return false
	}
	if p.Open != nil && k.KnownAt < w.Period.End() {
		return false // what begins later may be open then
	}
	asks := false
	p.Walk(func(x rule.Expr) {
		_, now := x.(*rule.KnownAt)
		asks = asks || now
	})
	return !asks
}

// amend takes the touched items off the kept run as they were, and puts them back as they are.
func (e *Examiner) amend(ctx context.Context, s Session, u Unit, w rule.World, t *tally, k Kept, keys []string) error {
	t.Counts = k.Counts
	for _, f := range k.Findings {
		if _, touched := slices.BinarySearch(keys, f.Key); !touched {
			t.known = append(t.known, f)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	then := w
	then.KnownAt = k.KnownAt
	err := s.At(k.Size).Run(ctx, u.Plan, then, keys, true, func(a rule.Answered) error {
		t.add(a, -1)
		return nil
	})
	if err != nil {
		return err
	}
	return s.Run(ctx, u.Plan, w, keys, true, func(a rule.Answered) error {
		t.take(a)
		return nil
	})
}

// fits reports whether counts are of the same attributes and months.
func (t *tally) fits(c Counts) bool {
	return len(c.Months) == len(t.Counts.Months) && len(c.AttrDeviations) == len(t.Counts.AttrDeviations) && len(c.AttrUndecided) == len(t.Counts.AttrUndecided)
}

// kept names the run of a unit: the same name stands for the same rule over registers of the same
// definition, part of the period and standing of the registers. It is empty where runs are not kept.
func (e *Examiner) kept(r Request, u Unit, w rule.World) string {
	if e.Cache == nil || r.Items || r.Size == 0 { // of an empty ledger there is no checkpoint to bind a run to
		return ""
	}
	unproven := []string{}
	for n := range w.Unproven {
		unproven = append(unproven, n)
	}
	slices.Sort(unproven)
	clocks := map[string]rule.Clock{}
	for _, n := range u.Plan.Registers() {
		if c, ok := w.Clocks[n]; ok {
			clocks[n] = c
		}
	}
	b, err := json.Marshal([]any{r.Org, u.Test, u.Version, u.Plan.Text, schemas(u.Plan), w.Period, r.rules, slices.Sorted(maps.Keys(w.Holidays.Days)), unproven, clocks, slices.Sorted(maps.Keys(w.Unreadable))})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return u.Test + "-" + hex.EncodeToString(sum[:12])
}

// schemas are the definitions behind a plan. What a field means, such as an end that has not come
// or a login, is not in the rule's text.
func schemas(p *rule.Plan) []any {
	var out []any
	p.Walk(func(x rule.Expr) {
		if f, ok := x.(*rule.Field); ok && f.Row.Schema != nil && !slices.Contains(out, any(f.Row.Schema)) {
			out = append(out, f.Row.Schema)
		}
	})
	return out
}
