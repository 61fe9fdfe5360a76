package collect

import (
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// tally counts what a pull says of its rows.
type tally struct {
	schema   *register.Schema
	ints     []int // positions of the whole-number fields
	sums     []int64
	over     []bool // sums that no longer fit
	rows     int64
	open     int64
	firstKey string
	lastKey  string
	at       [2]civil.Instant // first and last event instant
	day      [2]civil.Date
	hasAt    bool
	hasDay   bool
}

func newTally(s *register.Schema) tally {
	t := tally{schema: s}
	for i, f := range s.Fields {
		if f.Type == register.Int {
			t.ints = append(t.ints, i)
		}
	}
	t.sums, t.over = make([]int64, len(t.ints)), make([]bool, len(t.ints))
	return t
}

// maxTotal is the largest sum that canonical JSON keeps exactly.
const maxTotal = 1 << 53

func (t *tally) row(r *register.Row) {
	for n, i := range t.ints {
		v, ok := r.Columns[i].(int64) // at most 2^53, so the sum cannot wrap before it is seen
		if !ok || t.over[n] {
			continue
		}
		t.sums[n] += v
		t.over[n] = t.sums[n] > maxTotal || t.sums[n] < -maxTotal
	}
	if t.schema.Open(r.Columns) {
		t.open++
	}
	if t.rows == 0 || r.Key < t.firstKey {
		t.firstKey = r.Key
	}
	t.lastKey = max(t.lastKey, r.Key)
	t.rows++
	switch at, day, kind := t.schema.When(r.Columns); kind {
	case register.Instant:
		if !t.hasAt {
			t.at = [2]civil.Instant{at, at}
		}
		t.at, t.hasAt = [2]civil.Instant{min(t.at[0], at), max(t.at[1], at)}, true
	case register.Date:
		if !t.hasDay {
			t.day = [2]civil.Date{day, day}
		}
		t.day, t.hasDay = [2]civil.Date{min(t.day[0], day), max(t.day[1], day)}, true
	}
}

// fill writes the counts into the pull. A sum too large to be kept exactly is left out.
func (t *tally) fill(p *record.Pull) {
	p.Open, p.FirstKey, p.LastKey = t.open, t.firstKey, t.lastKey
	p.Totals = map[string]int64{}
	for n, i := range t.ints {
		if !t.over[n] {
			p.Totals[t.schema.Fields[i].Name] = t.sums[n]
		}
	}
	if t.hasAt {
		p.FirstTime, p.LastTime = t.at[0].String(), t.at[1].String()
	}
	if t.hasDay { // dates and instants in one register order as texts
		from, to := t.day[0].String(), t.day[1].String()
		if !t.hasAt || from < p.FirstTime {
			p.FirstTime = from
		}
		p.LastTime = max(p.LastTime, to)
	}
}
