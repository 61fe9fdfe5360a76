package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/scope"
)

// Ready judges how the report stands. Of controls that are named only those are shown, with the criteria that they serve:
// they are judged among all the others.
func (o *office) Ready(ctx context.Context, a cli.Ask) (gauge.Readiness, error) {
	f, err := o.gauged(ctx, cli.Ask{Today: a.Today, If: a.If})
	if err != nil {
		return gauge.Readiness{}, err
	}
	if _, err := f.Only(a.Controls...); err != nil {
		return gauge.Readiness{}, err
	}
	r, err := gauge.Ready(f, gauge.Defaults())
	if err == nil && len(a.Controls) > 0 {
		r = r.Only(a.Controls...)
	}
	return r, err
}

// Forecast says when a report can be had, and what each way there costs.
func (o *office) Forecast(ctx context.Context, a cli.Ask) (gauge.Forecast, error) {
	f, err := o.gauged(ctx, a)
	if err != nil {
		return gauge.Forecast{}, err
	}
	return gauge.Foresee(f, gauge.Defaults())
}

// gauged are the facts that readiness and forecast are judged from, limited and changed as asked.
func (o *office) gauged(ctx context.Context, a cli.Ask) (gauge.Facts, error) {
	f, err := o.gaugeFacts(ctx, a)
	if err != nil {
		return f, err
	}
	var ifs []gauge.If
	for _, s := range a.If {
		x, err := gauge.ParseIf(s)
		if err != nil {
			return f, err
		}
		ifs = append(ifs, x)
	}
	if f, err = f.Suppose(ifs...); err != nil {
		return f, err
	}
	return f.Only(a.Controls...)
}

// ahead is how many months after the period due dates are looked for: a longer period and the one after it.
const ahead = 24

// gaugeFacts collects what is known at the end of a day, today's when none is given. Only controls that are asked for are
// tested.
func (o *office) gaugeFacts(ctx context.Context, a cli.Ask) (gauge.Facts, error) {
	today := a.Today
	k, err := scope.KindOf(o.program.Report)
	if err != nil {
		return gauge.Facts{}, err
	}
	c, err := catalog.Load()
	if err != nil {
		return gauge.Facts{}, err
	}
	now := civil.InstantOf(o.app.Clock())
	f := gauge.Facts{Report: o.program.Report, Title: k.Title, Categories: o.program.Categories, NotRelevant: o.system.NotRelevant}
	f.Today = o.program.Zone.DateOf(now)
	if today != nil {
		f.Today, now = *today, o.program.Zone.End(*today)
	}
	if f.Criteria, err = o.program.Criteria(c); err != nil {
		return f, err
	}
	size, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return f, err
	}
	if p, ok := o.program.Period(); ok {
		f.Term = gauge.Type2{Period: p}
		if err := o.tested(ctx, &f, p, now, a.Controls); err != nil {
			return f, err
		}
	} else if o.program.AsOf != nil {
		f.Term = gauge.Type1{AsOf: *o.program.AsOf, Zone: o.program.Zone}
	}
	if err := o.lives(ctx, &f, size); err != nil {
		return f, err
	}
	return f, o.said(ctx, &f, size)
}

// tested adds the results of the period to date, the dates between which deviations lasted, and the due dates of schedules.
func (o *office) tested(ctx context.Context, f *gauge.Facts, p civil.Period, now civil.Instant, controls []string) error {
	r, err := o.request(ctx, cli.Test{})
	if err != nil {
		return err
	}
	if len(controls) > 0 {
		r.Units = slices.DeleteFunc(slices.Clone(r.Units), func(u examine.Unit) bool { return !slices.Contains(controls, u.Control) })
	}
	r.KnownAt = now
	checks := o.completeness()
	e := &examine.Examiner{Engine: engine{o.engine}, Completeness: checks, Workers: workers, Cache: o.cache()}
	checks.c.Kept = o.cache().checks()
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
	d := dater{o: o, s: session{s}, e: e, r: r, f: f, long: long}
	for _, u := range r.Units {
		if err := d.unit(ctx, u); err != nil {
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
}

func (d *dater) unit(ctx context.Context, u examine.Unit) error {
	i := slices.IndexFunc(d.f.Results, func(t assure.TestResult) bool {
		return t.Control == u.Control && t.Test == u.Test && t.Version == u.Version
	})
	var t *assure.TestResult
	if i >= 0 {
		t = &d.f.Results[i]
	}
	part, ok := d.long.Clip(u.From, u.To)
	if !ok || t != nil && t.Outcome == assure.Blocked {
		return nil
	}
	w, err := d.e.World(ctx, d.r.Org, u, part, d.r.KnownAt, d.r.Size)
	if err != nil {
		return err
	}
	w.Holidays, w.Clocks, w.Unreadable = d.r.Holidays, d.r.Clocks, d.r.Unreadable
	var due []gauge.Instance
	if u.Plan.Shape == assure.Schedule {
		if due, err = d.instances(ctx, u, w); err != nil {
			return err
		}
	}
	if t != nil && t.Deviating > 0 {
		w.Period, _ = d.r.Period.Clip(u.From, u.To)
		if err := d.deviations(ctx, u, w, t, due); err != nil {
			return err
		}
	}
	d.f.Instances = append(d.f.Instances, due...)
	return nil
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
		if x.Due <= d.f.Today && !a.InProgress && a.Verdict() != assure.Deviation {
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
func (d *dater) deviations(ctx context.Context, u examine.Unit, w rule.World, t *assure.TestResult, due []gauge.Instance) error {
	const chunk = 2000
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
		if x.Verdict != assure.Deviation || err != nil {
			continue
		}
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
	seen := map[string]bool{}
	for _, c := range p.Checks {
		if !slices.Contains(attributes, c.ID) {
			continue
		}
		rule.WalkExpr(c.Cond, func(x rule.Expr) {
			fd, ok := x.(*rule.Field)
			if !ok || fd.Row.Schema == nil || !endField(fd.Row.Schema, fd.Name) || seen[fd.Row.Name+"."+fd.Name] {
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

// lives adds the controls: which days each was in force, when it was implemented, who walked through it, where its
// population comes from.
func (o *office) lives(ctx context.Context, f *gauge.Facts, size int64) error {
	walks := map[string][]gauge.Walkthrough{}
	err := o.rows(ctx, "walkthroughs", size, []string{"control", "performed_on", "differs"}, func(_ string, get func(string) any) error {
		if on := dayOf(get("performed_on")); on != nil && *on <= f.Today {
			id := textOf(get("control"))
			walks[id] = append(walks[id], gauge.Walkthrough{On: *on, Difference: textOf(get("differs"))})
		}
		return nil
	})
	if err != nil {
		return err
	}
	reviewed, err := o.policiesReviewed(ctx, size, f.Today)
	if err != nil {
		return err
	}
	checks := o.completeness()
	for _, v := range o.versions {
		i := slices.IndexFunc(f.Controls, func(c gauge.Control) bool { return c.ID == v.Control.ID })
		if i < 0 {
			f.Controls = append(f.Controls, gauge.Control{Walkthroughs: walks[v.Control.ID]})
			i = len(f.Controls) - 1
		}
		c := &f.Controls[i]
		c.Control = v.Control
		to := civil.MaxDate
		if v.To != nil {
			to = *v.To
		}
		c.Spans = append(c.Spans, gauge.Span{From: v.From, To: to})
		if v.Implemented != nil && (c.Implemented == nil || *v.Implemented < *c.Implemented) {
			c.Implemented = v.Implemented
		}
	}
	for i := range f.Controls {
		c := &f.Controls[i]
		slices.SortFunc(c.Walkthroughs, func(a, b gauge.Walkthrough) int { return int(a.On) - int(b.On) })
		for _, p := range o.policies {
			if slices.Contains(p.Controls, c.ID) {
				c.Policies = append(c.Policies, gauge.Policy{ID: p.ID, Reviewed: reviewed(p)})
			}
		}
		if c.Population, err = o.sourceOf(ctx, checks, c.Control, size); err != nil {
			return err
		}
		o.evidence(f, c)
	}
	return nil
}

// sourceOf says whether the registers that a control's items come from were ever filled.
func (o *office) sourceOf(ctx context.Context, checks completeness, c assure.Control, size int64) (*gauge.Source, error) {
	s := &gauge.Source{Name: c.Source, Connected: true}
	for _, u := range o.units {
		if u.Control != c.ID {
			continue
		}
		for _, src := range u.Plan.Sources {
			if src.Schema == nil {
				continue
			}
			pulled, _, err := checks.Pulled(ctx, o.org.ID, src.Schema.Name, size)
			if err != nil {
				return nil, err
			}
			s.Connected = s.Connected && pulled
		}
	}
	return s, nil
}

// evidence counts a control's instances by the three checks: what a test decided had its evidence, in time and linked, for
// the rule compared times and joined records to say so; what it could not decide lacks it.
func (o *office) evidence(f *gauge.Facts, c *gauge.Control) {
	if _, ok := f.Term.(gauge.Type1); ok {
		e := gauge.Evidence{Control: c.ID, Instances: 1}
		if len(c.Walkthroughs) == 0 {
			e.Lacks = []gauge.Lack{{Count: 1, Complete: gauge.No, Time: gauge.Unknown, Link: gauge.Unknown, Why: "no instance was walked through"}}
		}
		f.Evidence = append(f.Evidence, e)
		return
	}
	e := gauge.Evidence{Control: c.ID}
	for _, t := range f.Results {
		if t.Control != c.ID {
			continue
		}
		e.Instances += t.Population - t.NotApplicable
		for _, x := range t.Findings {
			if x.Verdict == assure.Undecided {
				e.Lacks = append(e.Lacks, gauge.Lack{Key: x.Key, Complete: gauge.No, Time: gauge.Yes, Link: gauge.Yes, Why: x.Reason})
			}
		}
	}
	for _, x := range f.Instances {
		if x.Control == c.ID && x.Due <= f.Today && x.Done == nil && within(f.Term, x.Due) {
			e.Lacks = append(e.Lacks, gauge.Lack{Key: x.Key, Complete: gauge.No, Time: gauge.Unknown, Link: gauge.Unknown, Why: "nothing is on record of it"})
		}
	}
	f.Evidence = append(f.Evidence, e)
}

// within reports whether a day lies in the period of a report.
func within(t gauge.Term, d civil.Date) bool {
	p, ok := t.(gauge.Type2)
	return ok && p.Period.From <= d && d <= p.Period.To
}

// policiesReviewed answers when a policy was last reviewed: by the register of reviews, or by what the policy says of itself.
func (o *office) policiesReviewed(ctx context.Context, size int64, today civil.Date) (func(scope.Policy) *civil.Date, error) {
	last := map[string]civil.Date{}
	note := func(id string, on *civil.Date) {
		if on != nil && *on <= today && *on > last[id] {
			last[id] = *on
		}
	}
	err := o.rows(ctx, "policies", size, []string{"approved_on"}, func(key string, get func(string) any) error {
		note(key, dayOf(get("approved_on")))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s := o.regs.find("policy_reviews"); s != nil {
		fields := []string{"policy_id"}
		for _, fd := range s.Fields {
			if fd.Type == register.Date {
				fields = append(fields, fd.Name)
			}
		}
		err = o.rows(ctx, "policy_reviews", size, fields, func(_ string, get func(string) any) error {
			for _, n := range fields[1:] {
				note(textOf(get("policy_id")), dayOf(get(n)))
			}
			return nil
		})
	}
	return func(p scope.Policy) *civil.Date {
		note(p.ID, p.ApprovedOn)
		if on, ok := last[p.ID]; ok {
			return &on
		}
		return nil
	}, err
}

// said adds what people wrote down: exceptions, deficiencies, what users and vendors do, incidents, changes, earlier reports.
func (o *office) said(ctx context.Context, f *gauge.Facts, size int64) error {
	f.Boundary = &gauge.Boundary{Flows: len(o.system.Flow.Edges)}
	err := o.rows(ctx, "systems", size, []string{"in_scope"}, func(_ string, get func(string) any) error {
		if get("in_scope") == int64(1) {
			f.Boundary.Components++
		}
		return nil
	})
	if err != nil {
		return err
	}
	in := func(id string) bool {
		return slices.ContainsFunc(f.Controls, func(c gauge.Control) bool { return c.ID == id })
	}
	err = o.rows(ctx, "waivers", size, []string{"control", "scope", "expires_at", "closed_at"}, func(key string, get func(string) any) error {
		at, ok := get("expires_at").(int64)
		if !ok || !in(textOf(get("control"))) {
			return nil
		}
		_, closed := get("closed_at").(int64)
		// The last instant before it expires belongs to its last day.
		f.Waivers = append(f.Waivers, gauge.Waiver{ID: key, Control: textOf(get("control")), Scope: textOf(get("scope")),
			Expires: o.program.Zone.DateOf(civil.Instant(at) - 1), InUse: !closed})
		return nil
	})
	if err != nil {
		return err
	}
	err = o.rows(ctx, "deficiencies", size, []string{"control", "severity", "opened_on", "due_on", "extended_to", "closed_on"}, func(key string, get func(string) any) error {
		opened := dayOf(get("opened_on"))
		if opened == nil || *opened > f.Today || !in(textOf(get("control"))) {
			return nil
		}
		d := gauge.Deficiency{ID: key, Control: textOf(get("control")), Severity: textOf(get("severity")), Opened: *opened, Due: dayOf(get("due_on")), Closed: dayOf(get("closed_on"))}
		if x := dayOf(get("extended_to")); x != nil {
			d.Due = x
		}
		f.Deficiencies = append(f.Deficiencies, d)
		return nil
	})
	if err != nil {
		return err
	}
	if err := o.incidentsDecided(ctx, f, size); err != nil {
		return err
	}
	o.described(f)
	clocks, err := o.clocks(ctx, size)
	for reg, c := range clocks {
		at := slices.IndexFunc(f.Clocks, func(x gauge.Clock) bool { return x.Source == c.Source })
		if at < 0 {
			f.Clocks = append(f.Clocks, gauge.Clock{Source: c.Source, Offset: int(c.Off / int64(time.Second/time.Microsecond)), Zone: true})
			at = len(f.Clocks) - 1
		}
		f.Clocks[at].Registers = append(f.Clocks[at].Registers, reg)
		slices.Sort(f.Clocks[at].Registers)
	}
	slices.SortFunc(f.Clocks, func(a, b gauge.Clock) int { return strings.Compare(a.Registers[0], b.Registers[0]) })
	return err
}

// described adds what the description of the system says.
func (o *office) described(f *gauge.Facts) {
	for _, c := range o.system.CUECs {
		f.CUECs = append(f.CUECs, gauge.CUEC{ID: c.ID, Text: c.Text, Criteria: c.Criteria, Communicated: c.Communicated})
	}
	for _, v := range o.system.Subservice {
		s := gauge.Subservice{Name: v.Name, Inclusive: v.Method == "inclusive", Monitoring: v.Monitoring, ReportEnd: v.ReportEnd}
		for i, c := range v.CSOCs {
			s.CSOCs = append(s.CSOCs, gauge.CSOC{ID: fmt.Sprintf("%s %d", v.Name, i+1), Criteria: c.Criteria})
			for _, id := range c.Criteria {
				if !slices.Contains(s.Criteria, id) {
					s.Criteria = append(s.Criteria, id)
				}
			}
		}
		switch v.Opinion {
		case "":
		case "unqualified":
			s.Modified = gauge.No
		default:
			s.Modified = gauge.Yes
		}
		f.Subservice = append(f.Subservice, s)
	}
	for _, c := range o.system.Changes {
		f.Changes = append(f.Changes, gauge.Change{What: c.Text, On: c.On, Described: true})
	}
	for _, e := range o.system.Reports {
		x := gauge.Earlier{Report: e.Report}
		switch {
		case e.From != nil && e.To != nil:
			x.Term = gauge.Type2{Period: civil.Period{From: *e.From, To: *e.To, Zone: o.program.Zone}}
		case e.AsOf != nil:
			x.Term = gauge.Type1{AsOf: *e.AsOf, Zone: o.program.Zone}
		default:
			continue
		}
		f.Earlier = append(f.Earlier, x)
	}
}

// incidentsDecided adds the incidents on record, each with when it was decided whether the description tells of it.
func (o *office) incidentsDecided(ctx context.Context, f *gauge.Facts, size int64) error {
	decided := map[string]*civil.Date{}
	for _, i := range o.system.Incidents {
		on := f.Today // decided, on a day that nobody wrote down
		if i.DecidedOn != nil {
			on = *i.DecidedOn
		}
		decided[i.ID] = &on
	}
	err := o.rows(ctx, "incidents", size, []string{"detected_at"}, func(key string, get func(string) any) error {
		at, ok := get("detected_at").(int64)
		if !ok {
			return nil
		}
		on := o.program.Zone.DateOf(civil.Instant(at))
		if on <= f.Today {
			f.Incidents = append(f.Incidents, gauge.Incident{ID: key, On: on, Decided: decided[key]})
		}
		return nil
	})
	slices.SortFunc(f.Incidents, func(a, b gauge.Incident) int { return strings.Compare(a.ID, b.ID) })
	return err
}
