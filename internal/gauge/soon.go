package gauge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// Due is what falls due in the coming days, and what missing one of it would do.
type Due struct {
	Control string     `json:"control"`
	Due     civil.Date `json:"due"` // the first day
	InDays  int        `json:"in_days"`
	// Until is the last day, where acts of days or weeks that follow each other stand together.
	Until     *civil.Date `json:"until,omitempty"`
	Count     int         `json:"count"` // of instances
	Owner     string      `json:"owner,omitempty"`
	Instances []string    `json:"instances"`
	IfMissed  string      `json:"if_missed"` // one of the first day
}

// When words the days from today: "in 1 day", or "in 1 to 30 days".
func (d *Due) When() string {
	if d.Until != nil {
		return fmt.Sprintf("in %d to %d days", d.InDays, d.InDays+int(*d.Until-d.Due))
	}
	return "in " + count(d.InDays, "day", "days")
}

// dueSoon lists the open instances of the coming days, those of one control and one day together, and those of days or
// weeks that follow each other. Today is over: what was due today and is not done is late already.
func (v *view) dueSoon(s search) []Due {
	out := []Due{}
	months := v.period.months()
	now, ok := earliest(s.days, s.conservative, months, s.needs)
	for _, c := range v.controls {
		var open []*Instance
		for _, x := range c.instances {
			if !x.supposed && x.Due > v.Today && x.Due <= v.Today+civil.Date(v.set.Soon) && (x.Done == nil || *x.Done > v.Today) {
				open = append(open, x)
			}
		}
		slices.SortFunc(open, func(a, b *Instance) int {
			return cmp.Or(cmp.Compare(a.Due, b.Due), strings.Compare(a.Key, b.Key))
		})
		for i := 0; i < len(open); {
			n := 1
			for i+n < len(open) && v.follows(c, open[i].Due, open[i+n-1].Due, open[i+n].Due) {
				n++
			}
			d := due(c, open[i:i+n], v.Today)
			d.IfMissed = v.ifMissed(c, d.Due, s, months, now, ok)
			out = append(out, d)
			i += n
		}
	}
	slices.SortFunc(out, func(a, b Due) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), strings.Compare(a.Control, b.Control))
	})
	return out
}

// follows says whether an act belongs in one row with the one before it: on the same day, on the next day on which a
// daily or weekly control acts, with days off between, or on the next day whatever the control. A row does not reach
// across the end of the period, on whose sides missing one does different things.
func (v *view) follows(c *subject, first, last, next civil.Date) bool {
	most := civil.Date(1)
	switch c.Frequency {
	case assure.Daily:
		most = 4
	case assure.Weekly:
		most = 7
	}
	return next-last <= most && (first <= v.period.To) == (next <= v.period.To)
}

// due is the row of acts that stand together, in order.
func due(c *subject, list []*Instance, today civil.Date) Due {
	d := Due{Control: c.ID, Due: list[0].Due, InDays: int(list[0].Due - today), Count: len(list)}
	if last := list[len(list)-1].Due; last > d.Due {
		d.Until = &last
	}
	var owners []string
	for _, x := range list {
		d.Instances = append(d.Instances, x.Key)
		owner := cmp.Or(x.Owner, c.owner())
		if owner != "" && !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	d.Owner = strings.Join(owners, ", ")
	return d
}

// ifMissed says what one instance done a day late would do; each further day late moves the clean period by a day.
func (v *view) ifMissed(c *subject, due civil.Date, s search, months int, now Span, ok bool) string {
	n := c.items
	for _, x := range c.instances {
		if x.Due > v.Today && x.Due <= min(due, v.period.To) && !x.supposed {
			n++
		}
	}
	var parts []string
	if due <= v.period.To {
		parts = append(parts, fmt.Sprintf("%d of %d -> %d of %d", c.deviating, n, c.deviating+1, n))
	} else {
		parts = append(parts, "an exception in the next period")
	}
	if ok && !v.type1 {
		length := count(months, "month", "months")
		bad := union(append(slices.Clone(s.conservative), Span{due, due + 1}))
		switch w, found := earliest(s.days, bad, months, s.needs); {
		case !found:
			parts = append(parts, fmt.Sprintf("no clean %s are in sight after it", length))
		case w == now && (v.Today > v.period.To || due > now.To):
			// What is clean is over, or was never at stake: nothing of it moves.
		case w == now:
			parts = append(parts, fmt.Sprintf("the earliest clean %s stay %s", length, now.dots()))
		default:
			parts = append(parts, fmt.Sprintf("the earliest clean %s move from %s to %s, and by a day for each further day late", length, now.dots(), w.dots()))
		}
	}
	return strings.Join(parts, "; ")
}
