package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// followed is what the last look at the removals of an organization found.
type followed struct {
	size int64
	open int
	// Of completed campaigns the rows to be removed: what was decided stands, so they are read once.
	rows map[string][]Removal
}

// ends are the registers that say that access is gone, or that somebody confirmed it.
var ends = []string{"accounts", "grants", reviewRemovals, accessReviews}

// followDays is for how many days after a review removals that are done are still looked at: access that comes back is no removal, and by
// then the review of the next quarter has it on its list.
const followDays = 100

// Follow looks at the removals of a completed campaign again and records when the last was done, or that it is undone when a record
// says so now. It answers how many are open.
func (v *Reviews) Follow(ctx context.Context, a Actor, key string) (int, error) {
	if err := a.check(); err != nil {
		return 0, err
	}
	defer v.hold(a.Org, key, true)()
	c, err := v.Campaign(ctx, a.Org, key)
	if err != nil {
		return 0, err
	}
	if c.Open() {
		return 0, fault.Refuse("the review is not complete: its removals are followed from then on")
	}
	list, err := v.removed(ctx, a.Org, c)
	if err != nil {
		return 0, err
	}
	return v.follow(ctx, a, c, list)
}

// follow looks at rows that were decided for removal, and writes what became of them where that is news.
func (v *Reviews) follow(ctx context.Context, a Actor, c *Campaign, list []Removal) (int, error) {
	if len(list) == 0 {
		return 0, nil
	}
	if err := v.look(ctx, a.Org, c, list); err != nil {
		return 0, err
	}
	open, last := 0, civil.Instant(0)
	for _, r := range list {
		if r.Done == civil.Never {
			open++
		} else {
			last = max(last, r.Done)
		}
	}
	if open > 0 {
		last = civil.Never
	}
	if last == c.RemovalsDone {
		return open, nil
	}
	c.RemovalsDone = last
	return open, v.Desk.act(ctx, a, accessReviews, c.reviewed, c.review(c.Rows))
}

// FollowAll follows the removals of every completed campaign, as after a pull, and answers how many are open. Touched are the registers
// that were written; none means that any may have been. Where nothing was recorded since the last look, or nothing that says of access
// that it is gone, it reads nothing.
func (v *Reviews) FollowAll(ctx context.Context, a Actor, touched ...string) (int, error) {
	if err := a.check(); err != nil {
		return 0, err
	}
	size, err := v.Size.Size(ctx, a.Org)
	if err != nil {
		return 0, err
	}
	v.mu.Lock()
	last := v.looked[a.Org]
	v.mu.Unlock()
	idle := len(touched) > 0 && !slices.ContainsFunc(touched, func(name string) bool { return slices.Contains(ends, name) })
	if last != nil && (last.size == size || idle) {
		return last.open, nil
	}
	list, err := v.Campaigns(ctx, a.Org)
	if err != nil {
		return 0, err
	}
	next := &followed{rows: map[string][]Removal{}}
	var errs []error
	for _, c := range list {
		if c.Open() || c.Removals == 0 || c.RemovalsDone != civil.Never && a.Zone.DateOf(c.Completed)+followDays < a.Zone.DateOf(v.Desk.Now()) {
			continue
		}
		n, err := v.followOne(ctx, a, c.ID, last, next)
		next.open += n
		if err != nil {
			errs = append(errs, fmt.Errorf("follow the removals of %s: %w", c.ID, err))
		}
	}
	if len(errs) > 0 { // the next look tries again
		return next.open, errors.Join(errs...)
	}
	if next.size, err = v.Size.Size(ctx, a.Org); err != nil {
		return next.open, err
	}
	if next.size != size { // what we wrote ourselves, or others meanwhile: only the former is known
		next.size = -1
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.looked == nil {
		v.looked = map[id.Org]*followed{}
	}
	v.looked[a.Org] = next
	return next.open, nil
}

func (v *Reviews) followOne(ctx context.Context, a Actor, key string, last, next *followed) (int, error) {
	defer v.hold(a.Org, key, true)()
	c, err := v.Campaign(ctx, a.Org, key)
	if err != nil {
		return 0, err
	}
	var rows []Removal
	if last != nil {
		rows = last.rows[key]
	}
	if rows == nil {
		if rows, err = v.removed(ctx, a.Org, c); err != nil {
			return 0, err
		}
	}
	next.rows[key] = rows
	n, err := v.follow(ctx, a, c, slices.Clone(rows))
	var stale *Stale
	if errors.As(err, &stale) { // somebody follows it at the same moment
		err = nil
	}
	return n, err
}
