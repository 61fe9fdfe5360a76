package app

import (
	"context"
	"encoding/json"
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
	name, kept := "", dated{}
	if !o.readOnly && r.Size > 0 {
		if name, err = o.datedName(r, f.Today); err != nil {
			return err
		}
		if b, ok := o.cache().load(name); ok && json.Unmarshal(b, &kept) == nil && kept.Size == r.Size {
			f.Results, f.Deviations, f.Instances = kept.Results, kept.Deviations, kept.Instances
			return nil
		}
	}
	if err := o.date(ctx, f, r, p); err != nil || name == "" {
		return err
	}
	b, err := json.Marshal(dated{r.Size, f.Results, f.Deviations, f.Instances})
	if err != nil {
		return err
	}
	return o.cache().store(name, r.Size, b)
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
	since, ref := window(f.Term)
	ref = min(ref, f.Today)
	undated := map[string]bool{}
	for _, v := range o.versions {
		i := slices.IndexFunc(f.Controls, func(c gauge.Control) bool { return c.ID == v.Control.ID })
		if i < 0 {
			f.Controls = append(f.Controls, gauge.Control{Walkthroughs: walks[v.Control.ID]})
			i = len(f.Controls) - 1
		}
		c := &f.Controls[i]
		if c.ID == "" || v.From <= ref { // a version that begins later says nothing of this report
			c.Control = v.Control
		}
		to := civil.MaxDate
		if v.To != nil {
			to = *v.To
		}
		c.Spans = append(c.Spans, gauge.Span{From: v.From, To: to})
		switch {
		case v.Editorial || v.From > ref:
		case v.Implemented == nil:
			undated[c.ID] = undated[c.ID] || to >= since
		case c.Implemented == nil || *v.Implemented < *c.Implemented:
			c.Implemented = v.Implemented
		}
	}
	for i := range f.Controls {
		if undated[f.Controls[i].ID] { // a version that nobody implemented is not, whatever the one before was
			f.Controls[i].Implemented = nil
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
	e.Instances = max(e.Instances, len(e.Lacks))
	f.Evidence = append(f.Evidence, e)
}

// window is the first and the last day of which a report speaks.
func window(t gauge.Term) (from, to civil.Date) {
	switch t := t.(type) {
	case gauge.Type1:
		return t.AsOf, t.AsOf
	case gauge.Type2:
		return t.Period.From, t.Period.To
	}
	return civil.MaxDate, civil.MaxDate
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
		s := gauge.Subservice{Name: v.Name, Inclusive: v.Method == "inclusive", Monitoring: v.Monitoring, ReportEnd: v.ReportEnd, BridgedTo: v.BridgedTo, Evaluated: v.JudgedOn}
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
