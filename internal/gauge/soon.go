package gauge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// Due is what falls due in the coming days, and what missing one of it would do.
type Due struct {
	Control   string     `json:"control"`
	Due       civil.Date `json:"due"`
	InDays    int        `json:"in_days"`
	Owner     string     `json:"owner,omitempty"`
	Instances []string   `json:"instances"`
	IfMissed  string     `json:"if_missed"`
}

// dueSoon lists the open instances of the coming days, those of one control and one day together. Today is over: what was
// due today and is not done is late already.
func (v *view) dueSoon(s search) []Due {
	out := []Due{}
	months := v.period.months()
	now, ok := earliest(s.days, s.conservative, months, s.needs)
	for _, c := range v.controls {
		at := map[civil.Date]*Due{}
		for _, x := range c.instances {
			if x.supposed || x.Due <= v.Today || x.Due > v.Today+civil.Date(v.set.Soon) || x.Done != nil && *x.Done <= v.Today {
				continue
			}
			d := at[x.Due]
			if d == nil {
				d = &Due{Control: c.ID, Due: x.Due, InDays: int(x.Due - v.Today)}
				at[x.Due] = d
			}
			d.Instances = append(d.Instances, x.Key)
			owner := x.Owner
			if owner == "" {
				owner = c.owner()
			}
			if owner != "" && !slices.Contains(strings.Split(d.Owner, ", "), owner) {
				d.Owner = strings.TrimPrefix(d.Owner+", "+owner, ", ")
			}
		}
		for _, d := range at {
			slices.Sort(d.Instances)
			d.IfMissed = v.ifMissed(c, d.Due, s, months, now, ok)
			out = append(out, *d)
		}
	}
	slices.SortFunc(out, func(a, b Due) int {
		if a.Due != b.Due {
			return int(a.Due - b.Due)
		}
		return strings.Compare(a.Control, b.Control)
	})
	return out
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
		case w == now:
			parts = append(parts, fmt.Sprintf("the earliest clean %s stay %s", length, now.dots()))
		default:
			parts = append(parts, fmt.Sprintf("the earliest clean %s move from %s to %s, and by a day for each further day late", length, now.dots(), w.dots()))
		}
	}
	return strings.Join(parts, "; ")
}
