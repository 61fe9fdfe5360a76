package example

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// site is an office, a data hall or a server room.
type site struct {
	name, kind     string
	ours           bool
	opened, closed string
}

var sites = []site{
	{"boston-office", "office", true, "2020-06-01", ""},
	{"albany-office", "office", true, "2022-09-05", "2025-11-30"}, // given up in autumn
	{"portland-office", "office", true, "2025-10-01", ""},
	{"boston-server-room", "data_hall", true, "2020-06-01", ""},
	{"newark-cage", "data_hall", true, "2021-11-15", ""}, // rented space, our own racks and list
	{"cumulonet-east", "data_hall", false, "2021-03-15", ""},
}

// premises are sites, badges and visits.
func (c *company) premises() []File {
	c.halls()
	c.equipment()
	return []File{c.siteList(), c.badges(), c.visits()}
}

func (s site) until() civil.Date {
	if s.closed == "" {
		return civil.MaxDate
	}
	return day(s.closed)
}

func (c *company) siteList() File {
	var rows []row
	for _, s := range sites {
		rows = append(rows, row{s.name, s.kind, s.ours, day(s.opened), optDate(s.until())})
	}
	f := c.counted(File{
		Register: "sites", Name: "sites.csv", Source: "facilities", Query: "sites, all states",
		Data: table(';', false, []string{"site", "kind", "run_by_us", "opened_on", "closed_on"}, rows),
	}, len(rows))
	f.Extent = "full"
	return f
}

// halls are the reviews of who may enter a data hall, within thirty days after each quarter.
func (c *company) halls() {
	for q := civil.QuarterOf(c.period.From - 90); q.Last+30 <= c.period.To; q = civil.QuarterOf(q.Last + 1) {
		for _, s := range sites {
			if s.kind != "data_hall" {
				continue
			}
			c.counts("PHY-02", s.ours)
			if !s.ours {
				continue
			}
			key, on, answers, bend := s.name+"/"+q.Name, q.Last+14, "-yy", func(*inspection) {}
			switch key {
			case "boston-server-room/2025-Q2":
				on = q.Last + 30 // the last day
			case "newark-cage/2025-Q3":
				on = q.Last + 34
				c.deviates("PHY-02", key, "A", "the provider sent its list late: reviewed on the thirty-fourth day")
			case "newark-cage/2025-Q4":
				answers = "-yn"
				c.deviates("PHY-02", key, "C", "a former engineer stayed on the provider's list for three weeks")
			case "boston-server-room/2026-Q1":
				bend = func(x *inspection) { x.proof, x.kind, x.dated = "", "", 0 }
				c.undecided("PHY-02", key, "A B C", "the review is ticked, and no list was kept")
			}
			c.checked("PHY-02", key, on, 4, "access list of "+s.name+", decided", signedRecord, answers, bend)
		}
	}
}

// equipment is inspected twice a year: power, cooling, fire and water.
func (c *company) equipment() {
	for _, h := range []struct {
		name        string
		first, last civil.Date
	}{{"2025-H2", day("2025-07-01"), day("2025-12-31")}, {"2026-H1", day("2026-01-01"), day("2026-06-30")}} {
		for i, s := range sites {
			if day(s.opened) > h.last || s.until() < h.last {
				continue
			}
			c.counts("PHY-03", s.ours)
			if !s.ours {
				continue
			}
			key, on, answers, bend := s.name+"/"+h.name, h.first+civil.Date(60+17*i), "-yy", func(*inspection) {}
			switch key {
			case "boston-office/2025-H2":
				on = h.last
			case "portland-office/2025-H2":
				on = h.last + 6
				c.deviates("PHY-03", key, "A", "the technician came in January")
			case "newark-cage/2026-H1":
				answers = "-yn"
				c.deviates("PHY-03", key, "C", "the battery that was to be replaced by April was still there in June")
			case "boston-server-room/2025-H2":
				answers = "-ny"
				c.deviates("PHY-03", key, "B", "the report says nothing about protection against water")
			}
			c.checked("PHY-03", key, on, 4, "maintenance report "+key, signedRecord, answers, bend)
		}
	}
}

// badgesMap is for the badge system, whose names are not the register's own.
const badgesMap = `# Badges as the badge system exports them to a spreadsheet.
register: badges
fields:
  badge_id: Badge
  person_id: Holder
  site: Site
  issued_at: Issued
  returned_at: Returned
`

// badge is one badge of one person, or of nobody.
type badge struct {
	p                *person
	site             string
	issued, returned civil.Instant
	attributes, why  string // of its issue
	returning        string // why its return deviates
}

// badges are those of all who work here, issued on the first day and returned on the last.
func (c *company) badges() File {
	rng := c.dice("badges")
	var all []*badge
	offices := []string{"boston-office", "boston-office", "boston-office", "albany-office"}
	for _, p := range c.workforce() {
		if p.kind == "service" {
			continue
		}
		b := &badge{p: p, site: among(rng, offices), issued: c.at(p.started, "08:40") + after(rng, 0, 120), returned: civil.Never}
		if p.started >= day("2025-10-01") && rng.IntN(3) == 0 {
			b.site = "portland-office"
		}
		if p.started < day("2020-06-01") {
			b.issued = c.clock("2020-06-01 09:00") + after(rng, 0, 60)
		}
		if p.ended != civil.MaxDate {
			b.returned = c.at(p.ended, "15:00") + after(rng, 0, 150)
			if p.endedAt != civil.Never {
				b.returned = p.endedAt - 5*minute
			}
		}
		switch p {
		case c.people[heads+0]:
			b.returned = c.at(p.ended+12, "10:00")
			b.returning = "the badge came back by post twelve days later"
		case c.people[heads+engineers+4]:
			b.returned = civil.Never
			b.returning = "the badge was never returned, nor switched off"
		case c.people[heads+3]:
			b.returned = c.zone.End(p.ended) - minute // the last minute
		}
		all = append(all, b)
		if p.engineer && rng.IntN(5) == 0 {
			room := *b
			room.site, room.issued, room.attributes, room.returning = "boston-server-room", b.issued+after(rng, 1000, 4000), "", ""
			if room.returned != civil.Never && room.returned <= c.at(p.ended, "23:00") || p.ended == civil.MaxDate {
				all = append(all, &room)
			}
		}
	}
	office := c.steady(false)
	for i := range 40 { // lost, broken, or for another office
		p := office[20+i]
		b := &badge{p: p, site: "boston-office", issued: c.at(day("2025-07-08")+civil.Date(9*i), "10:00") + after(rng, 0, 300), returned: civil.Never}
		all = append(all, b)
	}
	add := func(at, attributes, why string, p *person) *badge {
		b := &badge{p: p, site: "boston-office", issued: c.clock(at), returned: civil.Never, attributes: attributes, why: why}
		all = append(all, b)
		return b
	}
	add("2025-09-23 09:10", "A", "a badge without a name, for the cleaning firm", nil)
	add("2026-01-16 11:00", "A", "issued to somebody who had left four weeks before", c.people[heads+2]).returned = c.clock("2026-01-16 18:00")
	add("2026-06-11 10:00", "A", "issued five weeks after the holder's last day", c.people[heads+4]).returned = c.clock("2026-06-19 09:00")
	slices.SortStableFunc(all, func(a, b *badge) int { return cmp.Compare(a.issued, b.issued) })

	var rows []row
	for i, b := range all {
		id := fmt.Sprintf("bd-%04d", 1001+i)
		if c.inPeriod(b.issued) {
			c.counts("PHY-01.2", true)
			c.tale("PHY-01.2", id, false, b.attributes, b.why)
		}
		var holder any
		if b.p != nil {
			holder = b.p.id
			c.badgeReturned(id, b)
		}
		rows = append(rows, row{id, holder, b.site, b.issued.In(c.zone), opt(b.returned)})
	}
	f := c.counted(File{
		Register: "badges", Name: "badges.tsv", Source: "badge-system", Query: "badges, all states",
		Data:    table('\t', true, []string{"Badge", "Holder", "Site", "Issued", "Returned"}, rows),
		MapName: "badges.map.yaml", Map: []byte(badgesMap),
	}, len(rows))
	f.Extent = "full"
	return f
}

// badgeReturned counts a badge that somebody held who left in the period.
func (c *company) badgeReturned(id string, b *badge) {
	if !c.dateInPeriod(b.p.ended) || b.issued >= c.zone.End(b.p.ended) || b.returned < c.zone.Start(b.p.ended) {
		return
	}
	c.counts("PHY-01.3", true)
	if b.returning != "" {
		c.deviates("PHY-01.3", b.p.employment+"/"+id, "A", b.returning)
	}
}

type visit struct {
	site string
	host any
	out  civil.Instant
}

// visits are signed in and out at the desk, by the name of the host.
func (c *company) visits() File {
	rng := c.dice("visits")
	hosts := c.steady(false)
	d := diary[visit]{c: c, test: "PHY-01", id: "vt-%05d",
		sound: func(at civil.Instant) visit {
			v := visit{site: "boston-office", host: among(rng, hosts).email, out: at + after(rng, 15, 300)}
			switch on := c.zone.DateOf(at); {
			case rng.IntN(4) == 0 && on <= day("2025-11-28"):
				v.site = "albany-office"
			case rng.IntN(4) == 0 && on >= day("2025-10-01"):
				v.site = "portland-office"
			case rng.IntN(25) == 0:
				v.site = "boston-server-room"
			}
			return v
		},
	}
	d.cells = func(v *visit) row { return row{v.site, v.host, opt(v.out)} }
	for on := c.period.From - 2; on <= c.period.To+2; on++ {
		if weekend(on) {
			continue
		}
		for range (2 + rng.IntN(4)) * c.factor {
			d.fine(c.at(on, "08:30") + after(rng, 0, 420))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.wrong("2025-08-06 09:40", "A", "a fitter was let in, and nobody received him", func(v *visit) { v.host = nil })
	d.wrong("2025-10-30 13:05", "B", "the visitor never signed out", func(v *visit) { v.out = civil.Never })
	d.wrong("2025-12-18 16:00", "B", "nobody of a group signed out after the party", func(v *visit) { v.out = civil.Never })
	d.wrong("2025-12-18 16:01", "B", "nobody of a group signed out after the party", func(v *visit) { v.out = civil.Never })
	d.wrong("2026-02-25 10:30", "B", "signed out an hour before the visitor came: the desk swapped two lines", func(v *visit) { v.out = c.clock("2026-02-25 09:30") })
	d.unclear("2026-05-07 11:15", "A", "the host is a name that nobody here bears", func(v *visit) { v.host = "m.thorne@harbourline.example" })
	numbered := d.rows(1)
	var rows []row
	for i, r := range numbered {
		rows = append(rows, row{r[0], r[1], r[2], d.notes[i].at.In(c.zone), r[3]})
	}
	return c.counted(File{
		Register: "visits", Name: "visitors.csv", Source: "front-desk", Query: "visitors of all sites",
		Data: table(',', true, []string{"visit_id", "site", "host", "in_at", "out_at"}, rows),
	}, len(rows))
}
