package collect

import (
	"context"
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/register"
)

// derive is A3: what a source delivers besides the facts it is made of agrees with them.
func (c *Checker) derive(ctx context.Context, q Request, d *Derivation) (assure.CheckStatus, string, error) {
	s := c.Registers(d.Of)
	var cols columns
	counts := member(&cols, s, q, nil, whenOf(d.Ever, false))
	judge := d.judge(&cols, s, q.Period.Zone)
	w := &sweep{s: s, fields: cols, defined: d, look: func(v []any) seen {
		if !counts(v) {
			return seen{}
		}
		differ, known := judge(v)
		return seen{counts: true, blank: !known, differ: differ}
	}}
	o, err := c.run(ctx, q, w)
	switch {
	case err != nil:
		return "", "", err
	case o.Looked == o.Blank:
		return assure.Missing, fmt.Sprintf("no record of %s in the period delivers what can be recomputed: nothing shows that %s", s.Name, d.Says), nil
	case o.Differ > 0:
		return assure.Failed, fmt.Sprintf("%d of %d records of %s differ when recomputed (%s): %s; %s", o.Differ, o.compared(false), s.Name, d.Says, o.listing(s), d.Todo), nil
	}
	return assure.Passed, fmt.Sprintf("all %d records of %s agree when recomputed: %s", o.compared(false), s.Name, d.Says), nil
}

// judge makes the question of one record: what differs in words, and whether it can be asked.
func (d *Derivation) judge(cols *columns, s *register.Schema, zone civil.Zone) func(v []any) (differ string, known bool) {
	switch {
	case d.Due != nil:
		field, after := cols.add(d.Due.Field)[0], cols.add(d.Due.After)[0]
		return func(v []any) (string, bool) {
			have, ok := v[field].(int64)
			end, known := lastDay(v[after])
			if !ok || !known {
				return "", false
			}
			if want := end + civil.Date(d.Due.Days); civil.Date(have) != want {
				return fmt.Sprintf("says %s %s, the calendar gives %s", d.Due.Field, civil.Date(have), want), true
			}
			return "", true
		}
	case d.Time != nil:
		at := cols.add(d.Time.From, d.Time.To)
		field := -1
		if d.Time.Field != "" {
			field = cols.add(d.Time.Field)[0]
		}
		return func(v []any) (string, bool) {
			from, a := v[at[0]].(int64)
			to, b := v[at[1]].(int64)
			if !a || !b {
				return "", false
			}
			if to < from {
				return fmt.Sprintf("has %s %s before %s %s", d.Time.To, civil.Instant(to).In(zone), d.Time.From, civil.Instant(from).In(zone)), true
			}
			if field < 0 {
				return "", true
			}
			have, ok := v[field].(int64)
			if !ok {
				return "", false
			}
			unit := units[d.Time.Unit]
			if low := (to - from) / unit; have != low && (have != low+1 || (to-from)%unit == 0) {
				return fmt.Sprintf("says %s %d, from %s to %s are %d %s", d.Time.Field, have, d.Time.From, d.Time.To, low, d.Time.Unit), true
			}
			return "", true
		}
	}
	whole, parts := cols.add(d.Most.Field)[0], cols.add(d.Most.Parts...)
	return func(v []any) (string, bool) {
		have, ok := v[whole].(int64)
		if !ok {
			return "", false
		}
		var sum int64
		for _, p := range parts {
			n, ok := v[p].(int64)
			if !ok {
				return "", false
			}
			sum += n
		}
		if sum > have || d.Most.Equal && sum != have {
			return fmt.Sprintf("says %s %d, but %s %d", d.Most.Field, have, strings.Join(d.Most.Parts, " + "), sum), true
		}
		return "", true
	}
}

// lastDay is the last day of the quarter (2026-Q3) or month (2026-09) that a text names, or the day
// of a date.
func lastDay(v any) (civil.Date, bool) {
	switch v := v.(type) {
	case int64:
		return civil.Date(v), true
	case string:
		if year, q, ok := strings.Cut(v, "-Q"); ok && len(q) == 1 && q >= "1" && q <= "4" {
			d, err := civil.ParseDate(fmt.Sprintf("%s-%02d-01", year, int(q[0]-'0')*3))
			return d + civil.Date(d.MonthLength()) - 1, err == nil
		}
		d, err := civil.ParseDate(v + "-01")
		return d + civil.Date(d.MonthLength()) - 1, err == nil
	}
	return 0, false
}
