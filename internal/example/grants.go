package example

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// grant is one role given to one account, with the request it rests on.
type grant struct {
	at                civil.Instant
	a                 *account
	account           string // how the log names the account, where it is not a's
	role, approvedFor string
	requester         string
	approver          string // "" for nobody
	approved, asked   civil.Instant
	ticketless        bool
	unlisted          bool // the account is on no list
	undecided         bool
	attributes, why   string
}

// rolesOf are what the systems call their roles, the least first.
var rolesOf = map[string][]string{
	"okta": {"member", "report-reader", "help-desk", "group-admin"}, "workspace": {"member", "group-manager", "vault-reader"},
	"github": {"member", "triage", "maintain", "security-manager"}, "aws-production": {"read-only", "operator", "deployer", "billing"},
	"customer-db": {"reader", "analyst", "migrator"}, "analytics-db": {"reader", "analyst", "modeller"},
	"uploads": {"reader", "auditor", "purger"}, "website-cms": {"editor", "publisher"},
}

// grants are the roles of new accounts, and about seven a week that people got besides, with the
// requests they rest on. Of accounts older than the period the role is all that was kept.
func (c *company) grants() []File {
	rng := c.dice("grants")
	var all []*grant
	var old []row
	var steady []*account // in scope, and there through all the period
	for _, a := range c.accounts {
		role := rolesOf[a.system.name][0]
		if a.created < c.period.Start()-40*24*hour {
			old = append(old, row{fmt.Sprintf("gr-0%04d", len(old)+1), a.id, role, a.created + 2*minute, opt(a.disabled), nil, nil, nil, nil, nil, nil, a.holder.id})
			if a.system.inScope && a.holder.kind == "employee" && a.holder.ended == civil.MaxDate && a.disabled == civil.Never {
				steady = append(steady, a)
			}
		} else {
			all = append(all, c.asked(rng, a, a.created+2*minute, role))
		}
	}
	for d := c.period.From - 7; d <= c.period.To+5; d++ {
		if weekend(d) {
			continue
		}
		for range (1 + rng.IntN(2)) * c.factor {
			a := among(rng, steady)
			roles := rolesOf[a.system.name]
			all = append(all, c.asked(rng, a, c.at(d, "09:30")+after(rng, 0, 450), roles[1+rng.IntN(len(roles)-1)]))
		}
	}
	all = append(all, c.bentGrants(rng, steady)...)
	slices.SortStableFunc(all, func(a, b *grant) int { return cmp.Compare(a.at, b.at) })
	return c.grantLog(all, old)
}

// asked is a sound grant: asked for by the holder, approved by the owner of the system or the
// holder's manager, given a while later.
func (c *company) asked(rng *rand.Rand, a *account, at civil.Instant, role string) *grant {
	g := &grant{at: at, a: a, account: a.id, role: role, approvedFor: role, requester: a.holder.email, approved: at - after(rng, 15, 1800)}
	g.asked = g.approved - after(rng, 20, 2000)
	owner := c.people[a.system.owner]
	switch m := a.holder.manager; {
	case a.holder == owner:
		g.approver = c.people[0].email
	case m != nil && rng.IntN(3) == 0:
		g.approver = m.email
	default:
		g.approver = owner.email
	}
	if a.holder.started > c.zone.DateOf(g.asked) { // the people office asks for those who are not here yet
		g.requester = c.people[4].email
		if g.approver == g.requester {
			g.approver = owner.email
		}
	}
	return g
}

// bentGrants are those with a story, and those on the edges of the period.
func (c *company) bentGrants(rng *rand.Rand, steady []*account) []*grant {
	var all []*grant
	on := func(system string, p *person) *account { return c.of(p, system)[0] }
	pick := func(system string, n int) *account {
		for _, a := range steady {
			if a.system.name == system && a.holder.manager != nil && a.holder != c.people[a.system.owner] {
				if n == 0 {
					return a
				}
				n--
			}
		}
		panic("example: too few accounts on " + system)
	}
	add := func(at civil.Instant, a *account, role string) *grant {
		g := c.asked(rng, a, at, role)
		all = append(all, g)
		return g
	}
	wrong := func(g *grant, attributes, why string) { g.attributes, g.why = attributes, why }
	for i, at := range c.borders() {
		add(at, pick("okta", 3+i), "report-reader")
	}
	owner := func(a *account) string { return c.people[a.system.owner].email }

	g := add(c.clock("2025-08-26 10:12"), pick("aws-production", 2), "operator")
	g.approver, g.approved = owner(g.a), g.at+4*minute
	wrong(g, "B", "the role was given four minutes before its approval")
	g = add(c.clock("2026-03-04 16:30"), pick("github", 5), "maintain")
	g.approver, g.approved = owner(g.a), g.at
	wrong(g, "B", "approved in the second in which the role was given: a script did both")
	kit := c.people[heads+4]
	g = add(c.clock("2025-11-12 11:20"), on("github", kit), "security-manager")
	g.approver = kit.second
	wrong(g, "C D", "the holder approved with a second login")
	g = add(c.clock("2025-09-17 15:05"), pick("customer-db", 1), "migrator")
	g.ticketless = true
	wrong(g, "A", "there is no request: it was agreed in a corridor")
	g = add(c.clock("2026-01-22 09:50"), pick("analytics-db", 2), "modeller")
	g.approvedFor = "analyst"
	wrong(g, "E", "the analyst's role was approved, the modeller's was given")
	g = add(c.clock("2025-08-26 14:00"), pick("uploads", 1), "auditor")
	g.approver = c.steady(true)[23].email
	wrong(g, "D", "approved by the deputy four days after the deputy's time was over")
	g.approved = c.clock("2025-08-26 11:00")
	g = add(c.clock("2025-08-13 14:00"), pick("customer-db", 3), "analyst") // by the deputy, in time
	g.approver, g.approved = c.steady(true)[23].email, c.clock("2025-08-13 13:10")
	g = add(c.clock("2026-02-03 10:40"), on("okta", c.returned[0]), "help-desk")
	g.approver, g.approvedFor, g.approved = "", "", civil.Never
	wrong(g, "B", "the role of a first employment was copied to the new account of somebody who returned; nobody approved it")
	g = add(c.clock("2026-02-12 13:15"), pick("workspace", 11), "vault-reader")
	g.requester, g.approver = owner(g.a), owner(g.a)
	wrong(g, "C", "the owner of the system asked for the role and approved it")
	g = add(c.clock("2025-12-03 10:10"), pick("aws-production", 6), "deployer")
	g.approver, g.approved, g.undecided = owner(g.a), civil.Never, true
	wrong(g, "B", "the time of the approval was lost when the ticket was moved")
	g = add(c.clock("2026-05-20 09:00"), pick("uploads", 2), "reader")
	g.account, g.unlisted = "acc-9001", true
	wrong(g, "A", "the account that got the role is on no list of accounts")
	return all
}

// grantLog numbers the grants and makes the log and the requests of it.
func (c *company) grantLog(all []*grant, old []row) []File {
	rows, tickets := old, []row(nil)
	for i, g := range all {
		id, ticket := fmt.Sprintf("gr-%05d", 10001+i), fmt.Sprintf("REQ-%d", 20001+i)
		if c.inPeriod(g.at) {
			switch {
			case g.unlisted:
				c.counts("IAM-01.2", true)
				c.tale("IAM-01.2", id, g.undecided, g.attributes, g.why)
			case g.a.system.inScope:
				c.counts("IAM-01", true)
				c.tale("IAM-01", id+"/"+g.a.system.name, g.undecided, g.attributes, g.why)
			}
		}
		revoked := civil.Never
		if g.a.disabled != civil.Never && g.a.disabled > g.at {
			revoked = g.a.disabled
		}
		r := row{id, g.account, g.role, g.at, opt(revoked), g.approver, opt(g.approved), ticket, optText(g.approvedFor), g.requester, "provisioning", g.a.holder.id}
		rows = append(rows, r)
		if g.ticketless {
			r[7] = nil
			continue
		}
		tickets = append(tickets, row{ticket, "access request", g.role + " on " + g.a.system.name, "done", g.requester, c.people[2].email, optText(g.approver),
			opt(g.approved), g.asked, g.at + 5*minute, g.account})
	}
	return []File{
		c.counted(File{
			Register: "grants", Name: "grants.jsonl", Source: "identity-audit-log", Query: "roles given, all systems",
			Data: lines([]string{"grant_id", "account_id", "role", "granted_at", "revoked_at", "approved_by", "approved_at", "ticket", "approved_role",
				"requested_by", "granted_by", "person_id"}, rows),
		}, len(rows)),
		c.counted(File{
			Register: "tickets", Name: "access-requests.csv", Source: "service-desk", Query: "tickets of kind access request",
			Data: table(',', true, []string{"ticket", "kind", "title", "status", "requester", "assignee", "approved_by", "approved_at", "created_at", "closed_at", "concerns"}, tickets),
		}, len(tickets)),
	}
}
