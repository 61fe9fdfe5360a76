package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// dated is what readiness and forecast need of the tests, kept like a run: signed, bound to the ledger as it was, and no
// evidence.
type dated struct {
	Size       int64
	Results    []assure.TestResult
	Deviations []gauge.Deviation
	Instances  []gauge.Instance
}

// datedName names what is kept: of the same records, rules and registers, with the same doubts about them, for a day, and
// within the same ten minutes of it, in which hardly anything falls due.
func (o *office) datedName(r examine.Request, today civil.Date) (string, error) {
	const tenMinutes = civil.Instant(10 * time.Minute / time.Microsecond)
	at := []any{r.Org, r.Period, r.Period.Zone.Rules(), today, r.KnownAt / tenMinutes, o.regs, r.Clocks, r.Unreadable}
	for _, u := range r.Units {
		at = append(at, u.Test, u.Version, u.From, u.To, u.Plan.Text)
	}
	b, err := json.Marshal(at)
	sum := sha256.Sum256(b)
	return "dated-" + hex.EncodeToString(sum[:12]), err
}

// date runs the tests of a period and of what came after it, and dates what they found.
func (o *office) date(ctx context.Context, f *gauge.Facts, r examine.Request, p civil.Period) error {
	checks := o.completeness()
	e := &examine.Examiner{Engine: engine{o.engine}, Completeness: checks, Workers: workers}
	if !o.readOnly {
		e.Cache, checks.c.Kept = o.cache(), o.cache().checks()
	}
	res, err := e.Test(ctx, r)
	if err != nil {
		return err
	}
	f.Results = res.Controls
	long := p
	long.To = max(p.To, f.Today).AddMonths(ahead)
	s, err := o.engine.Open(ctx, string(o.org.ID), r.Size, long, r.Holidays, 1)
	if err != nil {
		return err
	}
	defer s.Close()
	d := dater{o: o, s: session{s}, e: e, r: r, f: f, long: long, results: res.Controls, due: map[string][2]int{}, dated: map[string]bool{}}
	for _, u := range r.Units {
		if err := d.unit(ctx, u); err != nil {
			return fmt.Errorf("dates of %s: %w", u.Test, err)
		}
	}
	if f.Today <= p.To {
		return nil
	}
	// What happened after the period is in no result of it, and yet stains the days on which another could begin.
	d.r.Period.From, d.r.Period.To = p.To+1, f.Today
	if res, err = e.Test(ctx, d.r); err != nil {
		return err
	}
	d.results = res.Controls
	for _, u := range r.Units {
		if err := d.found(ctx, u); err != nil {
			return fmt.Errorf("dates of %s: %w", u.Test, err)
		}
	}
	return nil
}

// dater finds when deviations began and ended, and when instances of schedules fall due.
type dater struct {
	o    *office
	s    session
	e    *examine.Examiner
	r    examine.Request
	f    *gauge.Facts
	long civil.Period // of the report and beyond

	results []assure.TestResult // of r
	due     map[string][2]int   // test and version -> from where to where its instances stand in f
	dated   map[string]bool     // test, version and key of what was dated: a state may last from one period into the next
}

func unitName(u examine.Unit) string { return u.Test + "@" + strconv.Itoa(u.Version) }

// unit lists when a schedule asks for something, and dates what its test found.
func (d *dater) unit(ctx context.Context, u examine.Unit) error {
	part, ok := d.long.Clip(u.From, u.To)
	if t := d.result(u); !ok || t != nil && t.Outcome == assure.Blocked {
		return nil
	}
	if u.Plan.Shape == assure.Schedule {
		w, err := d.world(ctx, u, part)
		if err != nil {
			return err
		}
		due, err := d.instances(ctx, u, w)
		if err != nil {
			return err
		}
		from := len(d.f.Instances)
		d.f.Instances = append(d.f.Instances, due...)
		d.due[unitName(u)] = [2]int{from, len(d.f.Instances)}
	}
	return d.found(ctx, u)
}

// found dates what a test found.
func (d *dater) found(ctx context.Context, u examine.Unit) error {
	t := d.result(u)
	if t == nil || t.Deviating == 0 {
		return nil
	}
	part, _ := d.r.Period.Clip(u.From, u.To)
	w, err := d.world(ctx, u, part)
	if err != nil {
		return err
	}
	return d.deviations(ctx, u, w, t)
}

func (d *dater) result(u examine.Unit) *assure.TestResult {
	i := slices.IndexFunc(d.results, func(t assure.TestResult) bool {
		return t.Control == u.Control && t.Test == u.Test && t.Version == u.Version
	})
	if i < 0 {
		return nil
	}
	return &d.results[i]
}

func (d *dater) world(ctx context.Context, u examine.Unit, part civil.Period) (rule.World, error) {
	w, err := d.e.World(ctx, d.r.Org, u, part, d.r.KnownAt, d.r.Size)
	w.Holidays, w.Clocks, w.Unreadable = d.r.Holidays, d.r.Clocks, d.r.Unreadable
	return w, err
}

// instances lists what a schedule asks for, from the beginning of the period to well after it.
func (d *dater) instances(ctx context.Context, u examine.Unit, w rule.World) ([]gauge.Instance, error) {
	var out []gauge.Instance
	err := d.s.Run(ctx, u.Plan, w, nil, true, func(a rule.Answered) error {
		if a.At == nil {
			return nil
		}
		x := gauge.Instance{Control: u.Control, Key: a.Key, Due: civil.Date(*a.At)}
		if u.Plan.When == nil || u.Plan.When.Type() != rule.Date {
			x.Due = w.Period.Zone.DateOf(civil.Instant(*a.At))
		}
		if x.Due <= d.f.Today && a.InProgress {
			return nil // due before the day is over, and the day is not over: neither missed nor to come
		}
		if x.Due <= d.f.Today && a.Verdict() != assure.Deviation {
			done := x.Due // by then: nothing says that it was later
			x.Done = &done
		}
		out = append(out, x)
		return nil
	})
	slices.SortFunc(out, func(a, b gauge.Instance) int {
		if a.Due != b.Due {
			return int(a.Due) - int(b.Due)
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out, err
}

// deviations dates what a test found: a condition lasts until the end that the failed attributes ask for has come; of a
// schedule where nothing was recorded, until the same thing was next done; else it is over when it happened.
func (d *dater) deviations(ctx context.Context, u examine.Unit, w rule.World, t *assure.TestResult) error {
	const chunk = 2000
	at := d.due[unitName(u)]
	due := d.f.Instances[at[0]:at[1]]
	var keys []string
	for _, x := range t.Findings {
		if x.Verdict == assure.Deviation {
			keys = append(keys, x.Key)
		}
	}
	facts := map[string]*rule.Facts{}
	for part := range slices.Chunk(keys, chunk) {
		some, err := d.s.Facts(ctx, u.Plan, w, part)
		if err != nil {
			return err
		}
		for k, v := range some {
			facts[k] = v
		}
	}
	for _, x := range t.Findings {
		member, err := civil.ParseDate(x.EventTime[:min(len(x.EventTime), 10)])
		if x.Verdict != assure.Deviation || err != nil || d.dated[unitName(u)+"/"+x.Key] {
			continue
		}
		d.dated[unitName(u)+"/"+x.Key] = true
		out := gauge.Deviation{Control: u.Control, Key: x.Key, Member: member, Attributes: x.Attributes}
		ended, lasts := d.end(u.Plan, w, facts[x.Key], x.Attributes)
		switch {
		case lasts:
			if u.Plan.Shape == assure.Schedule {
				out.Ended = next(due, x.Key, member)
			}
		case ended == nil && u.Plan.Shape == assure.Schedule:
			out.Ended = next(due, x.Key, member)
		case ended == nil:
			out.Ended = &member
		default:
			day := max(*ended, member)
			out.Ended, out.Late = &day, day > member
		}
		if out.Ended != nil && *out.Ended > d.f.Today {
			out.Ended = nil // it had not ended by then
		}
		if !lasts && (ended != nil || acted(u.Plan, facts[x.Key])) {
			for i := range due {
				if due[i].Key == x.Key { // something was done, be it late or wrong
					due[i].Done = &member
					if out.Late {
						due[i].Done = out.Ended
					}
				}
			}
		}
		d.f.Deviations = append(d.f.Deviations, out)
	}
	return nil
}

// end is the last of the ends that the failed attributes ask for, such as when a review was completed; lasts says that one of
// them has not come.
func (d *dater) end(p *rule.Plan, w rule.World, f *rule.Facts, attributes []string) (last *civil.Date, lasts bool) {
	if f == nil {
		return nil, false
	}
	take := func(v any, t rule.Type) {
		n, ok := v.(int64)
		if !ok {
			lasts = true
			return
		}
		day := civil.Date(n)
		if t != rule.Date {
			day = w.Period.Zone.DateOf(civil.Instant(n))
		}
		if last == nil || day > *last {
			last = &day
		}
	}
	if r := p.Sources[0]; r.Kind == rule.FromSpans || r.Kind == rule.FromGaps {
		if v, ok := f.Item[r.Name+"__until"].(int64); ok && civil.Instant(v) < civil.Never {
			take(v, rule.Instant)
			return last, lasts
		}
		return nil, true
	}
	// A time that stands beside another for the case that it is missing, as in first(ended_at, end of ended_on), is
	// no end of its own: that it is absent says nothing.
	instead := map[*rule.Field]bool{}
	p.Walk(func(x rule.Expr) {
		if first, ok := x.(*rule.First); ok {
			for _, a := range first.Args {
				rule.WalkExpr(a, func(x rule.Expr) {
					if fd, ok := x.(*rule.Field); ok {
						instead[fd] = true
					}
				})
			}
		}
	})
	seen := map[string]bool{}
	for _, c := range p.Checks {
		if !slices.Contains(attributes, c.ID) {
			continue
		}
		rule.WalkExpr(c.Cond, func(x rule.Expr) {
			fd, ok := x.(*rule.Field)
			if !ok || instead[fd] || fd.Row.Schema == nil || !endField(fd.Row.Schema, fd.Name) || seen[fd.Row.Name+"."+fd.Name] {
				return
			}
			seen[fd.Row.Name+"."+fd.Name] = true
			name := fd.Row.Name + "__" + fd.Name
			if v, ok := f.Item[name]; ok || d.source(p, fd.Row) {
				take(v, fd.T)
				return
			}
			for _, row := range f.Sets[fd.Row] {
				take(row[name], fd.T)
			}
		})
	}
	return last, lasts
}

// acted reports whether anything is on record of what an instance asks for, besides the inventory that it comes from.
func acted(p *rule.Plan, f *rule.Facts) bool {
	if f == nil {
		return false
	}
	for row, found := range f.Sets {
		inventory := slices.ContainsFunc(p.Sources, func(s *rule.Row) bool { return s.Schema != nil && s.Schema.Name == row.Schema.Name })
		if len(found) > 0 && !inventory {
			return true
		}
	}
	return false
}

func (d *dater) source(p *rule.Plan, r *rule.Row) bool {
	return slices.ContainsFunc(p.Sources, func(s *rule.Row) bool { return s == r })
}

// endField reports whether a field is an end that may not have come.
func endField(s *register.Schema, name string) bool {
	f, ok := s.Field(name)
	return ok && f.End && (f.Type == register.Date || f.Type == register.Instant)
}

// next is when the thing that an instance is about was next done: the due date of the first instance after it of the same
// beginning of the key, such as one system's, that was done.
func next(due []gauge.Instance, key string, after civil.Date) *civil.Date {
	group := func(k string) string { return k[:strings.LastIndexByte(k, '/')+1] }
	for _, x := range due {
		if x.Due > after && x.Done != nil && group(x.Key) == group(key) {
			return x.Done
		}
	}
	return nil
}
