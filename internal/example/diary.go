package example

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// diary is an event register in the making: sound records and bent ones get their numbers in the
// order of time, and are counted for one test.
type diary[T any] struct {
	c     *company
	test  string
	id    string                            // the format of a key, with %d for the number
	sound func(at civil.Instant) T          // a record that nothing is wrong with
	cells func(*T) row                      // its cells after the key
	falls func(at civil.Instant) civil.Date // the day that decides the period, where it is not the day of the record
	notes []note[T]
}

// note is one record with what went wrong with it, if anything did.
type note[T any] struct {
	at         civil.Instant
	record     T
	undecided  bool
	attributes string
	why        string
}

func (d *diary[T]) fine(at civil.Instant, bend ...func(*T)) {
	d.note(note[T]{at: at}, bend)
}

func (d *diary[T]) wrong(at, attributes, why string, bend ...func(*T)) {
	d.note(note[T]{at: d.c.clock(at), attributes: attributes, why: why}, bend)
}

func (d *diary[T]) unclear(at, attributes, why string, bend ...func(*T)) {
	d.note(note[T]{at: d.c.clock(at), undecided: true, attributes: attributes, why: why}, bend)
}

func (d *diary[T]) note(n note[T], bend []func(*T)) {
	n.record = d.sound(n.at)
	for _, f := range bend {
		f(&n.record)
	}
	d.notes = append(d.notes, n)
}

// borders are the first and the last instant of the period, and those just outside it.
func (c *company) borders() []civil.Instant {
	return []civil.Instant{c.period.Start() - 1, c.period.Start(), c.period.End() - 1, c.period.End()}
}

// rows numbers the records, counts them and writes their story down.
func (d *diary[T]) rows(first int) []row {
	slices.SortStableFunc(d.notes, func(a, b note[T]) int { return cmp.Compare(a.at, b.at) })
	var rows []row
	for i, n := range d.notes {
		key := fmt.Sprintf(d.id, first+i)
		rows = append(rows, append(row{key}, d.cells(&n.record)...))
		in := d.c.inPeriod(n.at)
		if d.falls != nil {
			in = d.c.dateInPeriod(d.falls(n.at))
		}
		if !in {
			continue
		}
		d.c.counts(d.test, true)
		d.c.tale(d.test, key, n.undecided, n.attributes, n.why)
	}
	return rows
}

// tale writes down what went wrong with an item; without attributes nothing did.
func (c *company) tale(test, key string, undecided bool, attributes, why string) {
	switch {
	case attributes == "":
	case undecided:
		c.undecided(test, key, attributes, why)
	default:
		c.deviates(test, key, attributes, why)
	}
}

// clock is a local time, as "2006-01-02 15:04".
func (c *company) clock(s string) civil.Instant { return c.at(day(s[:10]), s[11:]) }

// among draws one of a list.
func among[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// after draws a length of time between two numbers of minutes.
func after(rng *rand.Rand, from, to int) civil.Instant {
	return civil.Instant(from+rng.IntN(to-from+1)) * minute
}

// steady are those who were here before the period and stayed: the office in the order of the
// roster, or the engineers.
func (c *company) steady(engineers bool) []*person {
	var list []*person
	for _, p := range c.people[heads:] {
		if p.kind == "employee" && p.engineer == engineers && p.started < c.period.From-40 && p.ended == civil.MaxDate {
			list = append(list, p)
		}
	}
	return list
}

// desk is a team of the office: who works there, as the system that writes the record names them.
type desk []*person

// The desks. Nobody sits at two of them.
func (c *company) payrollDesk() desk  { return c.steady(false)[0:8] }
func (c *company) treasuryDesk() desk { return c.steady(false)[8:11] }
func (c *company) releaseDesk() desk  { return c.steady(false)[11:17] }
func (c *company) billingDesk() desk  { return c.steady(false)[17:22] }
func (c *company) privacyDesk() desk  { return c.steady(false)[22:25] }
func (c *company) vendorDesk() desk   { return c.steady(false)[25:27] }
func (c *company) launchDesk() desk   { return c.steady(false)[27:31] }
func (c *company) dataDesk() desk     { return c.steady(false)[31:35] }
func (c *company) taxDesk() desk      { return c.steady(false)[35:38] }

// two draws two different people of a desk.
func (d desk) two(rng *rand.Rand) (*person, *person) {
	i := rng.IntN(len(d))
	return d[i], d[(i+1+rng.IntN(len(d)-1))%len(d)]
}

// monthsDue are the months, oldest first, whose end plus some days lies in the period, by their last day.
func (c *company) monthsDue(days civil.Date) []civil.Date {
	var list []civil.Date
	for first := c.period.From.AddMonths(-3); first <= c.period.To; first = first.AddMonths(1) {
		last := first.AddMonths(1) - 1
		if c.dateInPeriod(last + days) {
			list = append(list, last)
		}
	}
	return list
}

// monthName is a month as 2026-03.
func monthName(d civil.Date) string { return d.String()[:7] }
