package example

import (
	"fmt"

	"github.com/assayhq/assay/internal/civil"
)

// dataAccess is one look of the support desk at a customer's data.
type dataAccess struct {
	p                *person
	system           string
	customer, ticket any
	limit, ended     civil.Instant
	reviewed         civil.Instant
}

// supportCase is what a look rests on.
type supportCase struct {
	customer       string
	opened, closed civil.Instant
	permits        any
}

// dataAccesses are the looks at customers' data, about four a working day, and the cases they rest on.
// Each month is reviewed within ten days after its end.
func (c *company) dataAccesses() []File {
	rng := c.dice("data accesses")
	desk := c.steady(false)[46:60]
	var cases []*supportCase
	caseID := func(i int) string { return fmt.Sprintf("CASE-%05d", 30001+i) }
	open := func(customer string, opened, closed civil.Instant) (string, *supportCase) {
		cases = append(cases, &supportCase{customer, opened, closed, false})
		return caseID(len(cases) - 1), cases[len(cases)-1]
	}
	someone := func() string { return fmt.Sprintf("cust-%03d", 1+rng.IntN(140)) }
	reviewed := func(at civil.Instant) civil.Instant {
		y, m, _ := c.zone.DateOf(at).Parts()
		first := civil.NewDate(y, m, 1).AddMonths(1)
		return c.at(first+civil.Date(3+int(m)%4), "15:00") + after(rng, 0, 90)
	}
	d := diary[dataAccess]{c: c, test: "IAM-10", id: "da-%05d",
		sound: func(at civil.Instant) dataAccess {
			x := dataAccess{p: among(rng, desk), system: among(rng, []string{"customer-db", "customer-db", "uploads"}), limit: at + civil.Instant(1+rng.IntN(3))*30*minute}
			x.ended = at + (x.limit-at)*civil.Instant(2+rng.IntN(8))/10
			if n := len(cases); n > 0 && rng.IntN(4) == 0 && cases[n-1].closed > at && cases[n-1].opened <= at {
				x.customer, x.ticket = cases[n-1].customer, caseID(n-1) // a second look for the same case
			} else {
				customer := someone()
				id, _ := open(customer, at-after(rng, 20, 2600), at+after(rng, 200, 5000))
				x.customer, x.ticket = customer, id
			}
			x.reviewed = reviewed(at)
			return x
		},
	}
	d.cells = func(x *dataAccess) row {
		return row{x.p.id, x.system, x.customer, x.ticket, x.limit, opt(x.ended), opt(x.reviewed)}
	}
	for on := day("2025-06-02"); on <= c.period.To+2; on++ {
		if weekend(on) {
			continue
		}
		for range (2 + rng.IntN(4)) * c.factor {
			d.fine(c.at(on, "08:00") + after(rng, 0, 560))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.wrong("2025-08-14 10:20", "A", "rests on the case of another customer", func(x *dataAccess) { x.customer = "cust-900" })
	d.wrong("2025-10-02 16:45", "A", "the case had been closed the day before", func(x *dataAccess) {
		id, _ := open("cust-044", c.clock("2025-09-24 09:00"), c.clock("2025-10-01 17:00"))
		x.customer, x.ticket = "cust-044", id
	})
	d.fine(c.clock("2025-11-20 11:00"), func(x *dataAccess) { // the case was closed, and the customer had allowed it
		id, k := open("cust-081", c.clock("2025-11-10 09:00"), c.clock("2025-11-18 17:00"))
		k.permits = true
		x.customer, x.ticket = "cust-081", id
	})
	d.wrong("2025-12-11 14:10", "B", "the window stayed open over the weekend", func(x *dataAccess) { x.ended = c.clock("2025-12-15 08:05") })
	d.wrong("2026-02-03 09:30", "A", "looked up before the case was opened", func(x *dataAccess) {
		id, _ := open("cust-017", c.clock("2026-02-03 09:34"), c.clock("2026-02-05 12:00"))
		x.customer, x.ticket = "cust-017", id
	})
	d.wrong("2026-03-31 13:00", "A", "names no case", func(x *dataAccess) { x.ticket = nil })
	d.unclear("2026-04-22 15:15", "A", "the log does not say whose data it was", func(x *dataAccess) { x.customer = nil })
	d.wrong("2026-05-27 17:50", "B", "the session was never closed", func(x *dataAccess) { x.ended = civil.Never })
	late := c.clock("2026-01-12 09:15")
	d.fine(c.clock("2025-12-30 16:10"), func(x *dataAccess) { x.reviewed = late })
	d.fine(c.clock("2026-02-27 18:40"), func(x *dataAccess) { x.reviewed = civil.Never })
	d.fine(c.clock("2025-09-30 23:59"), func(x *dataAccess) { x.reviewed = c.clock("2025-10-10 23:59") }) // the last minute
	numbered := d.rows(1)
	var rows []row
	for i, r := range numbered {
		rows = append(rows, append(row{r[0], d.notes[i].at.In(c.zone)}, r[1:]...))
	}
	for _, last := range c.monthsDue(10) {
		month := monthName(last)
		c.counts("IAM-10.2", true)
		switch month {
		case "2025-12":
			c.deviates("IAM-10.2", month, "A", "one access of December was reviewed on the twelfth")
		case "2026-02":
			c.deviates("IAM-10.2", month, "A", "one access of February was never reviewed")
		}
	}
	var list []row
	for i, k := range cases {
		list = append(list, row{caseID(i), k.customer, k.opened, opt(k.closed), k.permits})
	}
	return []File{
		c.counted(File{
			Register: "cases", Name: "support-cases.jsonl", Source: "support-desk", Query: "cases with a look at customer data",
			Data: lines([]string{"case_id", "customer", "opened_at", "closed_at", "permits_access"}, list),
		}, len(list)),
		c.counted(File{
			Register: "data_accesses", Name: "data-accesses.jsonl", Source: "application-audit-log", Query: "staff access to customer data",
			Data: lines([]string{"access_id", "started_at", "person_id", "system", "customer", "case_id", "limit_at", "ended_at", "reviewed_at"}, rows),
		}, len(rows)),
	}
}
