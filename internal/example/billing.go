package example

import (
	"github.com/assayhq/assay/internal/civil"
)

// billing is what Harbourline asks of its clients, and what it gives back.
func (c *company) billing() []File {
	return []File{c.priceChanges(), c.usage(), c.credits(), c.receivables()}
}

type priceChange struct {
	customer, enteredBy, checkedBy string
	entered, checked, invoiced     civil.Instant
	equals                         any
}

func (c *company) priceChanges() File {
	rng := c.dice("billing")
	team := c.billingDesk()
	d := diary[priceChange]{c: c, test: "BIL-01", id: "px-%04d",
		sound: func(at civil.Instant) priceChange {
			by, checker := team.two(rng)
			x := priceChange{customer: clientOn(rng, c.zone.DateOf(at)).name, enteredBy: by.email, checkedBy: checker.email, entered: at,
				checked: at + after(rng, 60, 3000), equals: true}
			x.invoiced = x.checked + after(rng, 1000, 30000)
			return x
		},
		cells: func(x *priceChange) row {
			return row{x.customer, x.enteredBy, x.entered.In(c.zone), x.equals, x.checkedBy, x.checked.In(c.zone), stamp(c.zone, x.invoiced)}
		}}
	for day := c.period.From - 4; day <= c.period.To+2; day++ {
		if weekend(day) || rng.IntN(2) == 0 {
			continue
		}
		for range c.factor {
			d.fine(c.at(day, "09:00") + after(rng, 0, 480))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.fine(c.clock("2025-11-20 10:00"), func(x *priceChange) { x.invoiced = x.checked + minute })
	d.fine(c.clock("2026-06-24 10:00"), func(x *priceChange) { x.invoiced = civil.Never }) // not invoiced yet
	d.wrong("2025-09-08 11:00", "A", "the order says 4.10 a payslip, billing says 4.01", func(x *priceChange) { x.equals = false })
	d.wrong("2026-01-02 09:30", "B", "entered and checked by one person in the first week of the year", func(x *priceChange) { x.checkedBy = x.enteredBy })
	d.wrong("2026-03-31 16:45", "C", "invoiced the same evening, checked the next day", func(x *priceChange) {
		x.invoiced, x.checked = x.entered+4*hour, x.entered+17*hour
	})
	d.wrong("2026-03-31 16:52", "C", "invoiced the same evening, checked the next day", func(x *priceChange) {
		x.invoiced, x.checked = x.entered+4*hour, x.entered+17*hour
	})
	d.unclear("2025-12-03 14:20", "A", "the signed order is not on file", func(x *priceChange) { x.equals = nil })
	rows := d.rows(1)
	return c.counted(File{
		Register: "price_changes", Name: "price-changes.csv", Source: "billing", Query: "prices, rates and terms, by entry",
		Data: table(';', false, []string{"price_change_id", "customer", "entered_by", "entered_at", "equals_order", "checked_by", "checked_at", "first_invoice_at"}, rows),
	}, len(rows))
}

// usage is compared with the bills before each month's invoices go out.
func (c *company) usage() File {
	rng := c.dice("usage")
	team := c.billingDesk()
	var list []comparison
	for _, last := range c.monthsDue(10) {
		done := c.at(last+3, "10:00") + after(rng, 0, 1000)
		by, reviewer := team.two(rng)
		x := comparison{kind: "usage", of: monthName(last), done: done, by: by.email, reviewer: reviewer.email, resolved: civil.Never,
			explained: true, released: done + after(rng, 200, 3000), total: 41_000 + 100*int(last-c.period.From), off: 0}
		c.counts("BIL-02", true)
		switch x.of {
		case "2025-08":
			x.differences, x.off, x.released = 4, 61, x.done // released in the same instant
		case "2025-10":
			x.differences, x.off, x.explained = 1, -6, false // too little to explain
		case "2025-12":
			x.released = x.done - 20*hour
			c.deviates("BIL-02", x.of, "A", "the invoices of December went out the day before usage was compared")
		case "2026-02":
			x.differences, x.off, x.explained = 12, 317, false
			c.deviates("BIL-02", x.of, "B", "twelve clients were billed for fewer payslips than were made, and nobody asked why")
		case "2026-04":
			x.released = nil
			c.undecided("BIL-02", x.of, "A", "nothing says when the invoices went out")
		}
		list = append(list, x)
	}
	return c.comparisons("usage-reconciliations.csv", "billing", "metered usage against invoices", list)
}

type credit struct {
	kind, enteredBy, approvedBy string
	amount                      int
	limit, approved             any
	posted                      civil.Instant
}

func (c *company) credits() File {
	rng := c.dice("credits")
	team := c.billingDesk()
	d := diary[credit]{c: c, test: "BIL-03", id: "cr-%05d",
		sound: func(at civil.Instant) credit {
			by, approver := team.two(rng)
			x := credit{among(rng, []string{"credit", "credit", "refund", "write_off"}), by.email, approver.email, 100 * (5 + rng.IntN(400)), 50000,
				at - after(rng, 10, 4000), at}
			if x.amount > 30000 {
				x.approvedBy, x.limit = c.people[0].email, 2500000
			}
			return x
		},
		cells: func(x *credit) row {
			return row{x.kind, x.amount, "USD", x.enteredBy, x.approvedBy, x.approved, x.limit, x.posted}
		}}
	for day := c.period.From - 4; day <= c.period.To+2; day++ {
		if weekend(day) || rng.IntN(4) == 0 {
			continue
		}
		for range c.factor {
			d.fine(c.at(day, "09:00") + after(rng, 0, 480))
		}
	}
	for _, at := range c.borders() {
		d.fine(at)
	}
	d.fine(c.clock("2025-10-20 10:00"), func(x *credit) { x.amount, x.limit, x.approved = 50000, 50000, x.posted })
	d.wrong("2025-08-12 13:30", "A", "a refund was approved by the person who entered it", func(x *credit) { x.kind, x.approvedBy = "refund", x.enteredBy })
	d.wrong("2025-12-29 15:15", "C", "a write-off at the end of the year was above the approver's limit", func(x *credit) {
		x.kind, x.amount, x.limit = "write_off", 418000, 50000
	})
	d.wrong("2026-04-07 10:05", "B", "posted on the word of a manager who approved it two days later", func(x *credit) { x.approved = x.posted + 49*hour })
	d.unclear("2026-02-17 11:40", "C", "the approver's limit of that time is not known", func(x *credit) { x.limit = nil })
	rows := d.rows(1)
	var total int64
	for _, r := range rows {
		total += int64(r[2].(int))
	}
	f := c.counted(File{
		Register: "credits", Name: "credits.csv", Source: "billing", Query: "credits, refunds and write-offs, posted",
		Data: table(',', false, []string{"credit_id", "kind", "amount_minor", "currency", "entered_by", "approved_by", "approved_at", "limit_minor", "posted_at"}, rows),
	}, len(rows))
	f.Control = map[string]int64{"amount_minor": total}
	return f
}

// receivables are reconciled with the ledger by ten days after each month.
func (c *company) receivables() File {
	rng := c.dice("receivables")
	team := c.billingDesk()
	var list []comparison
	for _, last := range c.monthsDue(10) {
		by, reviewer := team.two(rng)
		x := comparison{kind: "receivables", of: monthName(last), done: c.at(last+4+civil.Date(rng.IntN(4)), "11:00"), by: by.email, reviewer: reviewer.id,
			differences: rng.IntN(6), resolved: civil.Never, explained: true}
		c.counts("BIL-04", true)
		switch x.of {
		case "2025-07":
			x.done = c.zone.End(last+10) - 1
		case "2025-09":
			x.done = c.at(last+13, "15:20")
			c.deviates("BIL-04", x.of, "A", "three days late, while the ledger was being moved")
		case "2026-01":
			x.reviewer = by.id
			c.deviates("BIL-04", x.of, "C", "the preparer reviewed it, once by address and once by id")
		case "2026-03":
			x.differences, x.explained = 9, false
			c.deviates("BIL-04", x.of, "B", "nine receipts stood unapplied for more than thirty days, unexplained")
		case "2026-05":
			x.reviewer = "finance-team"
			c.undecided("BIL-04", x.of, "C", "reviewed under a team's name that belongs to nobody")
		}
		list = append(list, x)
	}
	return c.comparisons("receivables-reconciliations.csv", "billing", "receivables against the ledger", list)
}
