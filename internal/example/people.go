package example

import (
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// person is one employment of one person.
type person struct {
	id, employment, email string
	kind, role            string
	manager               *person
	engineer              bool
	started, ended        civil.Date
	endedAt               civil.Instant // the hour, where people were shown the door
	endKind               string
	login                 string // at the code host
	second                string // another login there, kept from an earlier job
}

// The company: so many heads, engineers, others, contractors and robots, in this order.
const (
	heads       = 7
	engineers   = 82
	others      = 107
	contractors = 18
	robots      = 2
	newcomers   = 23 // of the people who are no heads, those who start in the period
)

var firstNames = strings.Fields(`Ada Bram Chiara Dmitri Esme Farid Greta Hugo Ines Jonas Keiko Liam Mara Nils Odile
	Pavel Quinn Rosa Samir Tilda Ugo Vera Wout Xenia Yusuf Zora`)

var lastNames = strings.Fields(`Abernathy Brandvold Castellane Drayton Eikeland Fenwright Galloway Hartsough Ivarsson Jessop
	Kellerman Lindqvist Marchetti Nakagawa Oduya Pemberton Quillfeather Ravensdale Sandoval Thistlewood Umezu Vandersloot Whitlock
	Yardley Zeller`)

var headRoles = []string{"CEO", "Head of Engineering", "IT manager", "Platform lead", "Head of People", "Security lead", "Data lead"}

func (c *company) hire() {
	names := c.rng.Perm(len(firstNames) * len(lastNames))
	for i := range heads + engineers + others + contractors + robots {
		first, last := firstNames[names[i]%len(firstNames)], lastNames[names[i]/len(firstNames)]
		handle := strings.ToLower(first + "." + last)
		p := &person{
			id: fmt.Sprintf("p-%03d", i+1), employment: fmt.Sprintf("e-%04d", 1001+i),
			email: handle + "@harbourline.example", kind: "employee", role: "Staff",
			login: strings.ToLower(first[:1] + last), ended: civil.MaxDate, endedAt: civil.Never,
		}
		p.started = day("2021-02-01") + civil.Date(c.rng.IntN(1500))
		switch {
		case i < heads:
			p.role, p.started = headRoles[i], day("2020-03-02")+civil.Date(20*i)
			p.engineer = i == 1 || i == 3
		case i < heads+engineers:
			p.role, p.engineer = "Engineer", true
		case i >= heads+engineers+others+contractors:
			p.kind, p.role = "service", "Robot"
			p.login = []string{"harbourline-deploy", "harbourline-deps"}[i-heads-engineers-others-contractors]
			p.email = p.login + "@robots.harbourline.example"
		case i >= heads+engineers+others:
			p.kind, p.engineer = "contractor", i%2 == 0
		}
		if i > 0 {
			p.manager = c.people[0]
		}
		if i >= heads && p.kind != "service" {
			p.manager = c.people[1+i%(heads-1)]
		}
		c.people = append(c.people, p)
	}
	c.people[heads+4].second = "harbour-kit"
	for i := range newcomers {
		p := c.people[heads+10+8*i]
		p.started = day("2025-07-14") + civil.Date(14*i)
		for weekend(p.started) {
			p.started++
		}
	}
	c.depart()
	c.rehire()
}

// leaver says who leaves when. Involuntary ends have an hour.
var leavers = []struct {
	who   int // place in the list of people
	on    string
	hour  string
	story string
}{
	{heads + 0, "2025-08-15", "", "late"},
	{heads + 1, "2025-10-09", "14:30", "not at once"},
	{heads + 2, "2025-12-19", "", "never"},
	{heads + 3, "2026-02-27", "", "sign-in"},
	{heads + 4, "2026-04-10", "", "second account"},
	{heads + engineers + 1, "2025-09-30", "", ""},
	{heads + engineers + 2, "2026-01-22", "10:00", ""},
	{heads + engineers + 4, "2026-05-29", "", ""},
	{heads + engineers + others, "2026-03-31", "", ""},
	{heads + engineers + 5, "2025-06-30", "", ""}, // the day before the period
	{heads + 6, "2026-06-30", "", ""},             // its last day
}

func (c *company) depart() {
	for _, l := range leavers {
		p := c.people[l.who]
		p.ended, p.endKind = day(l.on), "voluntary"
		if l.hour != "" {
			p.endKind, p.endedAt = "involuntary", c.at(p.ended, l.hour)
		}
	}
}

// end is the instant at which employment ends: with its last civil day, or at the hour given.
func (c *company) end(p *person) civil.Instant {
	if p.endedAt != civil.Never || p.ended == civil.MaxDate {
		return p.endedAt
	}
	return c.zone.End(p.ended)
}

func (p *person) inService(d civil.Date) bool { return p.started <= d && d <= p.ended }

// colleague picks an engineer in service who is none of the others.
func (c *company) colleague(d civil.Date, not ...*person) *person {
	for {
		p := c.people[c.rng.IntN(heads+engineers)]
		ok := p.engineer && p.started+14 <= d && d < p.ended
		for _, n := range not {
			ok = ok && p != n
		}
		if ok {
			return p
		}
	}
}

func (c *company) roster() File {
	var rows []row
	for _, p := range c.workforce() {
		var manager any
		if p.manager != nil {
			manager = p.manager.email
		}
		rows = append(rows, row{p.employment, p.id, p.email, p.kind, p.role, manager, p.engineer,
			p.started, optDate(p.ended), opt(p.endedAt), optText(p.endKind)})
	}
	f := c.counted(File{
		Register: "people", Name: "hris-employments.json", Source: "hris", Query: "report employments, all states",
		Data: jsonList([]string{"employment_id", "person_id", "email", "kind", "job", "manager", "engineer",
			"started_on", "ended_on", "ended_at", "end_kind"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

func (c *company) logins() File {
	var rows []row
	for _, p := range c.people {
		if p.engineer || p.kind == "service" {
			rows = append(rows, row{p.login, p.id})
		}
		if p.second != "" {
			rows = append(rows, row{p.second, p.id})
		}
	}
	f := c.counted(File{
		Register: "aliases", Name: "code-host-logins.csv", Source: "github", Query: "organization members with verified identity",
		Data: table(',', false, []string{"alias", "person_id"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}
