package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// system is one of the company's systems.
type system struct {
	name, kind         string
	inScope, customers bool
	owner              int // a head
}

var estate = []system{
	{"okta", "identity", true, false, 2},
	{"workspace", "email", true, false, 2},
	{"github", "source code", true, false, 1},
	{"aws-production", "cloud", true, false, 3},
	{"customer-db", "database", true, true, 3},
	{"analytics-db", "database", true, true, 6},
	{"uploads", "object store", true, true, 3},
	{"website-cms", "publishing", false, false, 0},
	{"design-tool", "design", false, false, 0},
	{"log-archive", "log_store", true, false, 5},
	{"analytics-sandbox", "database", false, false, 6},
}

// cloudAccounts is the account map: where each system runs. Nobody put the log archive on it.
var cloudAccounts = map[string]string{
	"okta": "okta-harbourline", "workspace": "workspace-harbourline", "github": "github-harbourline",
	"aws-production": "aws-4417-production", "customer-db": "aws-4417-production", "uploads": "aws-4417-production",
	"analytics-db": "aws-9023-data", "analytics-sandbox": "aws-9023-data", "website-cms": "cms-harbourline",
}

// environment is where a system stands.
func (s system) environment() string {
	if s.name == "analytics-sandbox" {
		return "development"
	}
	return "production"
}

func (c *company) systems() File {
	var rows []row
	for _, s := range estate {
		rows = append(rows, row{s.name, s.kind, s.inScope, c.people[s.owner].email, s.customers, s.environment(), optText(cloudAccounts[s.name])})
	}
	f := c.counted(File{
		Register: "systems", Name: "systems.csv", Source: "asset-inventory", Query: "all systems",
		Data: table(',', false, []string{"system", "kind", "in_scope", "owner", "stores_customer_data", "environment", "account"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

type account struct {
	id                string
	system            system
	holder            *person
	name              string // how the system names its holder
	privileged        bool
	mfa               any // nil where the system does not say
	created, disabled civil.Instant
	signIns           []civil.Instant
}

// openAccounts gives everybody the accounts of their work, and closes those of leavers.
func (c *company) openAccounts() {
	for i, p := range c.people {
		for _, s := range estate {
			if c.holds(i, p, s) {
				name := p.id
				switch s.name {
				case "github":
					name = p.login
				case "workspace":
					name = p.email
				}
				c.open(p, s, name)
			}
		}
		if p.second != "" {
			c.open(p, estate[2], p.second)
		}
	}
	c.plantLeavers()
	c.plantFactors()
	for _, a := range c.accounts {
		c.signIn(a)
		if a.system.inScope && a.created < c.period.End() && a.disabled > c.period.Start() {
			c.counts("IAM-06", a.holder.kind != "service")
		}
	}
	c.countLeavers()
	c.returnedAccounts()
}

func (c *company) holds(i int, p *person, s system) bool {
	switch s.name {
	case "okta", "workspace":
		return p.kind != "service"
	case "github":
		return p.engineer || p.kind == "service"
	case "aws-production":
		return p.engineer && i%3 == 0 || p.kind == "service"
	case "customer-db":
		return p.engineer && i%5 == 0
	case "analytics-db":
		return p.engineer && i%4 == 1
	case "uploads":
		return p.engineer && i%7 == 3
	case "website-cms":
		return i > heads+engineers && i%6 == 0 && p.kind == "employee"
	}
	return false
}

func (c *company) open(p *person, s system, name string) {
	a := &account{
		id: fmt.Sprintf("acc-%04d", len(c.accounts)+1), system: s, holder: p, name: name, mfa: p.kind != "service",
		privileged: s.customers || s.name == "aws-production" || p.role == "IT manager",
		created:    c.at(p.started, "09:00") + c.minutes(0, 300), disabled: civil.Never,
	}
	if p.ended != civil.MaxDate {
		a.disabled = c.end(p) - c.minutes(10, 400)
		if p.endKind == "involuntary" {
			a.disabled = c.end(p) // at once
		}
	}
	c.accounts = append(c.accounts, a)
}

// signIn adds a sign-in every other month or so while the account lives; sessions are long.
func (c *company) signIn(a *account) {
	for d := c.period.From + civil.Date(c.rng.IntN(30)); d <= c.period.To; d += civil.Date(40 + c.rng.IntN(40)) {
		for range c.factor {
			at := c.at(d, "08:30") + c.minutes(0, 500)
			if at > a.created && at < min(a.disabled, c.end(a.holder)) {
				a.signIns = append(a.signIns, at)
			}
		}
	}
}

// of finds the accounts of a person on a system.
func (c *company) of(p *person, system string) []*account {
	var found []*account
	for _, a := range c.accounts {
		if a.holder == p && a.system.name == system {
			found = append(found, a)
		}
	}
	return found
}

func (c *company) plantLeavers() {
	for _, l := range leavers {
		p := c.people[l.who]
		key := func(system string) string { return p.employment + "/" + system }
		switch l.story {
		case "late":
			c.of(p, "github")[0].disabled = c.end(p) + 3*24*hour
			c.deviates("IAM-02", key("github"), "A", "disabled three days after the last day in service")
		case "not at once":
			c.of(p, "workspace")[0].disabled = c.end(p) + 130*minute
			c.deviates("IAM-02", key("workspace"), "A", "an involuntary leaver kept the mailbox for two hours and ten minutes")
		case "never":
			c.of(p, "analytics-db")[0].disabled = civil.Never
			c.deviates("IAM-02", key("analytics-db"), "A", "the account was never disabled")
		case "sign-in":
			a := c.of(p, "okta")[0]
			a.disabled = c.end(p) + 20*hour // in time, and yet too late
			a.signIns = append(a.signIns, c.end(p)+5*hour)
			c.deviates("IAM-02", key("okta"), "B", "a sign-in five hours after the end of employment")
		case "second account":
			c.of(p, "github")[1].disabled = c.end(p) + 6*24*hour
			c.deviates("IAM-02", key("github"), "A", "a second account was forgotten for six days")
		}
	}
}

func (c *company) countLeavers() {
	for _, p := range c.people {
		if !c.dateInPeriod(p.ended) {
			continue
		}
		for _, s := range estate {
			if s.inScope && len(c.of(p, s.name)) > 0 {
				c.counts("IAM-02", true)
			}
		}
	}
}

func (c *company) plantFactors() {
	for _, x := range []struct {
		who    int
		system string
		mfa    any
		why    string
	}{
		{0, "workspace", false, "the chief executive's mailbox opens without a second factor"},
		{heads + engineers + 3, "workspace", false, "set up before the policy and never enrolled"},
		{heads + engineers + others + 2, "github", false, "a contractor without a second factor at the code host"},
		{heads + engineers + 6, "okta", nil, "the export does not say whether a second factor is enrolled"},
	} {
		a := c.of(c.people[x.who], x.system)[0]
		a.mfa = x.mfa
		if x.mfa == nil {
			c.undecided("IAM-06", a.id, "A", x.why)
		} else {
			c.deviates("IAM-06", a.id, "A", x.why)
		}
	}
}

func (c *company) accountList() File {
	var rows []row
	for _, a := range c.accounts {
		r := row{a.id, a.system.name, a.name, a.privileged, a.mfa, a.created, opt(a.disabled), "personal", nil, nil}
		if a.holder.kind == "service" {
			r[7], r[8] = "service", c.people[a.system.owner].email
		}
		rows = append(rows, r)
		if a.system.inScope && a.created < c.period.End() && a.disabled > c.period.Start() {
			c.counts("IAM-08", true)
		}
	}
	rows = append(rows, c.sharedAccounts()...)
	f := c.counted(File{
		Register: "accounts", Name: "accounts.jsonl", Source: "identity-inventory", Query: "accounts of all systems, all states",
		Data: lines([]string{"account_id", "system", "person_id", "privileged", "mfa", "created_at", "disabled_at", "kind", "owner", "vaulted"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

func (c *company) accountLog() File {
	type event struct {
		a      *account
		action string
		at     civil.Instant
		actor  string
	}
	var events []event
	manager := c.people[2].email
	for _, a := range c.accounts {
		events = append(events, event{a, "created", a.created, manager})
		for _, at := range a.signIns {
			events = append(events, event{a, "sign_in", at, a.name})
		}
		if a.disabled != civil.Never {
			events = append(events, event{a, "disabled", a.disabled, manager})
		}
	}
	slices.SortStableFunc(events, func(x, y event) int { return cmp.Compare(x.at, y.at) })
	var rows []row
	for i, e := range events {
		rows = append(rows, row{fmt.Sprintf("ev-%06d", i+1), e.a.id, e.action, e.at, e.actor})
	}
	return c.counted(File{
		Register: "account_events", Name: "account-events.csv", Source: "identity-audit-log", Query: "event types account and sign-in",
		Data: table(',', false, []string{"event_id", "account_id", "action", "at", "actor"}, rows),
	}, len(rows))
}
