package collect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/register"
)

// compare runs every comparison that counts as a check of the register: a reconciliation runs by
// itself as soon as both registers were filled. Those that wait for one that never was are told
// together.
func (c *Checker) compare(ctx context.Context, q Request, h *history) (outcomes, error) {
	out := outcomes{waiting: map[string]string{}}
	if c.Comparisons == nil || c.Rows == nil || c.Registers == nil || len(h.all) == 0 {
		return out, nil
	}
	waiting := map[string][]string{}
	for _, r := range c.Comparisons.Reconciliations {
		if r.Of != q.Schema.Name {
			continue
		}
		if err := (checking{id: r.ID, registers: c.Registers}).reconciliation(r); err != nil { // a register of the organization's own under that name
			out.checks = append(out.checks, assure.Check{Check: r.Check, Status: assure.Missing, Register: q.Schema.Name, Detail: "cannot be compared: " + err.Error()})
			continue
		}
		absent, err := c.unpulled(ctx, q, r)
		if err != nil {
			return out, err
		}
		if len(absent) > 0 {
			waiting[r.Check] = append(waiting[r.Check], absent...)
			continue
		}
		s, d, err := c.reconcile(ctx, q, r)
		if err != nil {
			return out, fmt.Errorf("reconciliation %s: %w", r.ID, err)
		}
		out.checks = append(out.checks, assure.Check{Check: r.Check, Status: s, Register: q.Schema.Name, Detail: d})
	}
	for name, list := range waiting {
		slices.Sort(list)
		out.waiting[name] = fmt.Sprintf("%s cannot be compared with %s yet, which nobody pulled: import them", q.Schema.Name, strings.Join(slices.Compact(list), ", "))
	}
	for _, d := range c.Comparisons.Derivations {
		if d.Of != q.Schema.Name {
			continue
		}
		if err := (checking{id: d.ID, registers: c.Registers}).derivation(d); err != nil {
			out.checks = append(out.checks, assure.Check{Check: "A3", Status: assure.Missing, Register: q.Schema.Name, Detail: "cannot be recomputed: " + err.Error()})
			continue
		}
		s, text, err := c.derive(ctx, q, d)
		if err != nil {
			return out, fmt.Errorf("recomputation %s: %w", d.ID, err)
		}
		out.checks = append(out.checks, assure.Check{Check: "A3", Status: s, Register: q.Schema.Name, Detail: text})
	}
	return out, nil
}

// unpulled lists the registers that a reconciliation needs and nobody filled. Of several places to
// look one is enough.
func (c *Checker) unpulled(ctx context.Context, q Request, r *Reconciliation) ([]string, error) {
	pulled := func(name string) (bool, error) {
		h, err := c.history(ctx, q.Org, name, q.Size)
		return err == nil && len(h.all) > 0, err
	}
	var absent []string
	ok, err := pulled(r.Each)
	if err != nil {
		return nil, err
	}
	if !ok {
		absent = append(absent, r.Each)
	}
	places := []string{}
	for _, f := range r.Found {
		places = append(places, f.In)
	}
	if r.Most != nil {
		places = append(places, r.Most.In)
	}
	for _, name := range places {
		ok, err := pulled(name)
		if err != nil {
			return nil, err
		}
		if ok {
			return absent, nil
		}
	}
	return append(absent, places...), nil
}

// columns collects fields once each.
type columns []string

func (c *columns) add(names ...string) []int {
	var at []int
	for _, n := range names {
		i := slices.Index(*c, n)
		if i < 0 {
			i = len(*c)
			*c = append(*c, n)
		}
		at = append(at, i)
	}
	return at
}

func pick(values []any, at []int) []any {
	out := make([]any, len(at))
	for i, n := range at {
		out[i] = values[n]
	}
	return out
}

// member says which records of a register count: those of the period that are as a where asks.
func member(cols *columns, s *register.Schema, q Request, w where, when when) func(values []any) bool {
	times, belongs := inPeriod(s, q.Period, when)
	at := cols.add(times...)
	var names []string
	for n := range w {
		names = append(names, n)
	}
	slices.Sort(names)
	asked := cols.add(names...)
	return func(v []any) bool {
		return w.matches(names, pick(v, asked)) && belongs(pick(v, at))
	}
}

// reconcile looks for each record of one register in the other.
func (c *Checker) reconcile(ctx context.Context, q Request, r *Reconciliation) (assure.CheckStatus, string, error) {
	if r.Most != nil {
		return c.reconcileCount(ctx, q, r)
	}
	each := c.Registers(r.Each)
	var cols columns
	w := &sweep{s: each, absent: r.Absent == "difference", persons: r.Person, defined: r}
	counts := member(&cols, each, q, r.Where, whenOf(r.Ever, r.Began))
	known := cols.add(r.Known...)
	var links []int
	for _, f := range r.Found {
		links = append(links, cols.add(f.Link)...)
		l := lookup{s: c.Registers(f.In), by: f.By, where: f.Where, fields: []string{f.By}}
		for n := range f.Where {
			l.fields = append(l.fields, n)
		}
		slices.Sort(l.fields[1:])
		w.lookups = append(w.lookups, l)
	}
	w.fields = cols
	w.look = func(v []any) seen {
		if !counts(v) || slices.Contains(pick(v, known), nil) {
			return seen{}
		}
		out := seen{counts: true, blank: true, names: make([]string, 0, len(links))}
		for _, at := range links {
			name := textOf(v[at])
			out.names = append(out.names, name)
			out.blank = out.blank && name == ""
		}
		return out
	}
	w.say = func(v seen) string {
		var words []string
		for i, name := range v.names {
			text := "names " + r.Found[i].Link + " " + name
			switch {
			case name != "" && !slices.Contains(words, text):
				words = append(words, text)
			case name == "" && i == 0:
				words = append(words, "names no "+r.Found[0].Link)
			}
		}
		return strings.Join(words, ", ")
	}
	o, err := c.run(ctx, q, w)
	if err != nil {
		return "", "", err
	}
	in := r.places()
	switch named := o.Looked - o.Blank; {
	case o.Looked == 0:
		return assure.Missing, fmt.Sprintf("no record of %s is to be found in %s: nothing shows that %s", r.Each, in, r.Says), nil
	case named == 0:
		return assure.Missing, fmt.Sprintf("none of %d records of %s says what it belongs to (%s): nothing shows that %s", o.Looked, r.Each, r.Found[0].Link, r.Says), nil
	case o.Differ > 0:
		hint := ""
		if o.Differ == o.Looked && o.Looked > 1 {
			hint = "; none at all agrees: see whether both registers name things alike"
		}
		return assure.Failed, fmt.Sprintf("%d of %d records of %s are not in %s (%s): %s; %s%s", o.Differ, o.compared(w.absent), r.Each, in, r.Says, o.listing(each), r.Todo, hint), nil
	}
	return assure.Passed, fmt.Sprintf("all %d records of %s are in %s: %s", o.compared(w.absent), r.Each, in, r.Says), nil
}

// compared is how many records could be looked for.
func (o *settled) compared(absent bool) int64 {
	if absent {
		return o.Looked
	}
	return o.Looked - o.Blank
}

// places names where a reconciliation looks.
func (r *Reconciliation) places() string {
	var out []string
	for _, f := range r.Found {
		if !slices.Contains(out, f.In) {
			out = append(out, f.In)
		}
	}
	return strings.Join(out, " or ")
}

// reconcileCount compares numbers that one register states with what the other holds.
func (c *Checker) reconcileCount(ctx context.Context, q Request, r *Reconciliation) (assure.CheckStatus, string, error) {
	in, each := c.Registers(r.Most.In), c.Registers(r.Each)
	var cols columns
	asked := member(&cols, in, q, r.Most.Where, ever)
	ends := cols.add(in.Interval...)
	var began, ended []civil.Instant
	at := func(name string, v any, last bool) civil.Instant {
		n, ok := v.(int64)
		f, _ := in.Field(name)
		switch {
		case !ok && last:
			return civil.Never
		case !ok:
			return -civil.Never
		case f.Type == register.Date && last:
			return q.Period.Zone.End(civil.Date(n))
		case f.Type == register.Date:
			return q.Period.Zone.Start(civil.Date(n))
		}
		return civil.Instant(n)
	}
	err := c.Rows.All(ctx, q.Org, in, cols, q.Size, func(_ string, v []any) error {
		if asked(v) {
			began = append(began, at(in.Interval[0], v[ends[0]], false))
			ended = append(ended, at(in.Interval[1], v[ends[1]], true))
		}
		return nil
	})
	if err != nil {
		return "", "", err
	}
	slices.Sort(began)
	slices.Sort(ended)
	inService := func(t civil.Instant) int64 { // began at or before t, and did not end by then
		b, _ := slices.BinarySearch(began, t+1)
		e, _ := slices.BinarySearch(ended, t+1)
		return int64(b - e)
	}
	var facts columns
	counts := member(&facts, each, q, r.Where, whenOf(r.Ever, r.Began))
	number, when := facts.add(r.Number)[0], facts.add(r.Most.At)[0]
	o := &settled{Left: map[string]string{}}
	err = c.Rows.All(ctx, q.Org, each, facts, q.Size, func(key string, v []any) error {
		if !counts(v) {
			return nil
		}
		stated, ok := v[number].(int64)
		t, known := v[when].(int64)
		s := seen{counts: true, blank: !ok || !known}
		if have := inService(civil.Instant(t)); !s.blank && stated > have {
			s.differ = fmt.Sprintf("counts %d, %s held %d on %s", stated, in.Name, have, q.Period.Zone.DateOf(civil.Instant(t)))
		}
		o.take(key, s, true, &sweep{})
		return nil
	})
	switch {
	case err != nil:
		return "", "", err
	case o.Looked == o.Blank:
		return assure.Missing, fmt.Sprintf("no record of %s in the period states %s: nothing shows that %s", each.Name, r.Number, r.Says), nil
	case o.Differ > 0:
		return assure.Failed, fmt.Sprintf("%d of %d records of %s count more than %s holds (%s): %s; %s", o.Differ, o.compared(false), each.Name, in.Name, r.Says, o.listing(each), r.Todo), nil
	}
	return assure.Passed, fmt.Sprintf("none of %d records of %s counts more than %s held: %s", o.compared(false), each.Name, in.Name, r.Says), nil
}
