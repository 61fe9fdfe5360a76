package campaign

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/web/shell"
)

// The pages of registers whose records run against a clock. What they show is computed from the records; who writes does so in the
// register's own form.
func (p *Pages) clockRoutes(get func(string, access.Policy, shell.Handler)) {
	get("/incidents", access.ReadRecords, p.incidents)
	get("/exceptions", access.ReadRecords, p.exceptions)
	get("/vulnerabilities", access.ReadRecords, p.vulnerabilities)
}

// mostRead bounds what one of these pages reads of its register; the register's own page has the rest.
const mostRead = 500

// fact is the body of a record.
type fact struct {
	key  string
	body map[string]any
}

func (f fact) text(name string) string { s, _ := f.body[name].(string); return s }

func (f fact) number(name string) (int, bool) {
	n, ok := f.body[name].(float64)
	return int(n), ok
}

func (f fact) at(name string) (civil.Instant, bool) {
	i, err := civil.ParseInstant(f.text(name))
	return i, err == nil
}

// facts reads the current records of a register, at most mostRead of them, and how many there are.
func (p *Pages) facts(ctx context.Context, register string, q record.Query) ([]fact, int64, error) {
	desk := p.o.Reviews.Desk
	s := desk.Schemas.Schema(register)
	if s == nil {
		return nil, 0, notFound("register " + register)
	}
	q.Limit = mostRead
	list, total, err := desk.Books.List(ctx, p.o.Org, s, q)
	var out []fact
	for _, k := range list {
		f := fact{key: k.Key}
		if err := json.Unmarshal(k.Body, &f.body); err != nil {
			return nil, 0, &fault.Error{Kind: fault.Integrity, What: "the body of " + k.Name(), Err: err}
		}
		out = append(out, f)
	}
	return out, total, err
}

// standing is how something stands to its deadline.
type standing int

const (
	unclear standing = iota // what is needed to say is not on record
	running
	met
	missed
)

// clock is a deadline and what became of it.
type clock struct {
	Due, Done civil.Instant // civil.Never: none
	State     standing
}

// judge compares when something was done with its deadline; before the deadline counts, and at it where the limit is included.
func judge(due, done, now civil.Instant, included bool) clock {
	c := clock{due, done, running}
	in := func(i civil.Instant) bool { return i < due || included && i == due }
	switch {
	case done != civil.Never && in(done):
		c.State = met
	case done != civil.Never, !in(now):
		c.State = missed
	}
	return c
}

// mostNotice is within how many hours customers are told at the latest (INC-03), whatever a contract allows.
const mostNotice = 72

// notice is the clock of an incident that is confirmed to affect customers: the shorter of 72 hours and the limit on record.
func notice(f fact, now civil.Instant) (clock, bool) {
	from, ok := f.at("confirmed_customer_impact_at")
	if !ok {
		return clock{}, false
	}
	done, told := f.at("notified_at")
	if !told {
		done = civil.Never
	}
	limit, said := f.number("notice_limit_hours")
	hours := min(limit, mostNotice)
	if !said || limit < 0 {
		hours = mostNotice
	}
	c := judge(from+civil.Instant(hours)*3_600_000_000, done, now, true)
	if c.State == met && (!said || limit < 0) { // a contract may ask for less
		c.State = unclear
	}
	return c, true
}

type step struct {
	Name, At string
}

type incident struct {
	Key, Title, Severity, Lead string
	Steps                      []step
	Notice                     clock
	Clocked                    bool
	Open                       bool
}

type incidentsData struct {
	List  []incident
	Total int64
	Now   civil.Instant
	Zone  civil.Zone
}

// incidents shows each with its timeline, and the clock to notify where customers are affected; those with a running clock first.
func (p *Pages) incidents(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, total, err := p.facts(ctx, "incidents", record.Query{Sort: "detected_at", Desc: true})
	if err != nil {
		return err
	}
	d := incidentsData{Total: total, Now: p.o.Reviews.Desk.Now(), Zone: p.o.Zone}
	for _, f := range list {
		x := incident{Key: f.key, Title: f.text("title"), Severity: f.text("severity"), Lead: f.text("lead"), Open: f.text("resolved_at") == ""}
		for _, s := range []step{{shell.T(ctx, "detected"), "detected_at"}, {shell.T(ctx, "taken on"), "acknowledged_at"}, {shell.T(ctx, "contained"), "contained_at"},
			{shell.T(ctx, "customers affected"), "confirmed_customer_impact_at"}, {shell.T(ctx, "customers told"), "notified_at"}, {shell.T(ctx, "resolved"), "resolved_at"}} {
			if at := f.text(s.At); at != "" {
				x.Steps = append(x.Steps, step{s.Name, at})
			}
		}
		slices.SortStableFunc(x.Steps, func(a, b step) int { return cmp.Compare(instantOf(a.At), instantOf(b.At)) })
		x.Notice, x.Clocked = notice(f, d.Now)
		d.List = append(d.List, x)
	}
	slices.SortStableFunc(d.List, func(a, b incident) int { return urgency(a) - urgency(b) })
	return shell.Page(w, r, http.StatusOK, incidentsPage(d))
}

func instantOf(s string) civil.Instant {
	i, err := civil.ParseInstant(s)
	if err != nil {
		return civil.Never
	}
	return i
}

func urgency(x incident) int {
	switch {
	case x.Clocked && x.Notice.Done == civil.Never:
		return 0
	case x.Open:
		return 1
	}
	return 2
}

// left says how much time is left, or has passed since.
func left(ctx context.Context, due, now civil.Instant) string {
	const hour = civil.Instant(3_600_000_000)
	d := due - now
	over := d < 0
	if over {
		d = -d
	}
	h := int(d / hour)
	switch {
	case h >= 72 && over:
		return shell.N(ctx, h/24, "%d day ago", "%d days ago")
	case h >= 72:
		return shell.N(ctx, h/24, "%d day left", "%d days left")
	case over:
		return shell.N(ctx, h, "%d hour ago", "%d hours ago")
	}
	return shell.N(ctx, h, "%d hour left", "%d hours left")
}

type exception struct {
	Key, Control, Scope, Reason, Instead, ApprovedBy string
	Clock                                            clock
	Faults                                           []string // what is missing of what a departure must state
	Closed                                           bool
}

type exceptionsData struct {
	List  []exception
	Total int64
	Now   civil.Instant
	Zone  civil.Zone
}

// exceptions shows departures from policy with their end, those that expire next first.
func (p *Pages) exceptions(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, total, err := p.facts(ctx, "waivers", record.Query{Sort: "expires_at"})
	if err != nil {
		return err
	}
	d := exceptionsData{Total: total, Now: p.o.Reviews.Desk.Now(), Zone: p.o.Zone}
	renewed := map[string]bool{}
	for _, f := range list {
		renewed[f.text("renewal_of")] = true
	}
	for _, f := range list {
		x := exception{Key: f.key, Control: f.text("control"), Scope: f.text("scope"), Reason: f.text("reason"), Instead: f.text("compensating"), ApprovedBy: f.text("approved_by")}
		x.Clock = expiry(f, renewed[f.key], d.Now)
		x.Closed = x.Clock.Done != civil.Never
		for _, m := range []struct{ v, what string }{{x.ApprovedBy, shell.T(ctx, "nobody approved it")}, {x.Scope, shell.T(ctx, "no scope")}, {x.Reason, shell.T(ctx, "no reason")}, {x.Instead, shell.T(ctx, "nothing is done instead")}} {
			if m.v == "" {
				x.Faults = append(x.Faults, m.what)
			}
		}
		if x.Clock.Due == civil.Never {
			x.Faults = append(x.Faults, shell.T(ctx, "no end"))
		}
		d.List = append(d.List, x)
	}
	slices.SortStableFunc(d.List, func(a, b exception) int {
		if a.Closed != b.Closed {
			if b.Closed {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Clock.Due, b.Clock.Due)
	})
	return shell.Page(w, r, http.StatusOK, exceptionsPage(d))
}

// expiry is the clock of an exception: it is closed, or renewed, before it expires.
func expiry(f fact, renewed bool, now civil.Instant) clock {
	due, ok := f.at("expires_at")
	if !ok {
		due = civil.Never
	}
	done, ok := f.at("closed_at")
	if !ok {
		done = civil.Never
	}
	c := judge(due, done, now, true)
	if c.State == missed && done == civil.Never && renewed {
		c.State, c.Done = met, due
	}
	return c
}

// fixDays is within how many days a vulnerability is fixed, by its severity when first seen (VUL-03).
var fixDays = map[string]civil.Date{"critical": 7, "high": 30, "medium": 90, "low": 180}

// severities in the order in which they are shown.
var severities = []string{"critical", "high", "medium", "low"}

type vulnerability struct {
	Key, Asset, Identifier, Severity, Waiver string
	Clock                                    clock
}

type vulnerabilitiesData struct {
	List  []vulnerability // open ones, those that are due next first
	Total int64           // open ones
	Late  map[string]int  // by severity, of those that were read
	Open  map[string]int
	Now   civil.Instant
	Zone  civil.Zone
}

// vulnerabilities shows what is open against the deadline of its severity.
func (p *Pages) vulnerabilities(w http.ResponseWriter, r *http.Request) error {
	list, total, err := p.facts(r.Context(), "vulnerabilities", record.Query{Where: []record.Match{{Field: "fixed_at", Op: "lacks"}}, Sort: "first_seen_at"})
	if err != nil {
		return err
	}
	d := vulnerabilitiesData{Total: total, Now: p.o.Reviews.Desk.Now(), Zone: p.o.Zone, Late: map[string]int{}, Open: map[string]int{}}
	for _, f := range list {
		x := vulnerability{Key: f.key, Asset: f.text("asset"), Identifier: f.text("identifier"), Severity: f.text("severity"), Waiver: f.text("waiver_id")}
		x.Clock = fix(f, p.o.Zone, d.Now)
		d.Open[x.Severity]++
		if x.Clock.State == missed && x.Waiver == "" {
			d.Late[x.Severity]++
		}
		d.List = append(d.List, x)
	}
	slices.SortStableFunc(d.List, func(a, b vulnerability) int { return cmp.Compare(a.Clock.Due, b.Clock.Due) })
	return shell.Page(w, r, http.StatusOK, vulnerabilitiesPage(d))
}

// fix is the clock of a vulnerability. A rating that was approved with its reason before the first deadline sets another.
func fix(f fact, z civil.Zone, now civil.Instant) clock {
	first := f.text("first_severity")
	if first == "" {
		first = f.text("severity")
	}
	seen, ok := f.at("first_seen_at")
	days, known := fixDays[first]
	if !ok || !known {
		return clock{civil.Never, civil.Never, unclear}
	}
	due := z.End(z.DateOf(seen) + days)
	if at, ok := f.at("rerate_approved_at"); ok && at < due && f.text("rerate_approved_by") != "" && f.text("rerate_reason") != "" {
		due = z.End(z.DateOf(seen) + fixDays[f.text("severity")])
	}
	done, ok := f.at("fixed_at")
	if !ok {
		done = civil.Never
	}
	return judge(due, done, now, false)
}

func recordPath(register, key string) string {
	return "/registers/" + register + "/record?" + url.Values{"key": {key}}.Encode()
}

func titleOf(title, key string) string {
	if title != "" {
		return title
	}
	return key
}

func filled(list ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

func severityWord(ctx context.Context, s string) string {
	switch s {
	case "critical":
		return shell.T(ctx, "critical")
	case "high":
		return shell.T(ctx, "high")
	case "medium":
		return shell.T(ctx, "medium")
	case "low":
		return shell.T(ctx, "low")
	}
	return cut(s, 40)
}
