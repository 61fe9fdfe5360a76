package example

import (
	"cmp"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// seen is one snapshot of a setting; a nil value is one that the scanner could not read.
type seen struct {
	at    civil.Instant
	value any
}

// series are the snapshots of one setting of one thing.
type series struct {
	c              *company
	thing, setting string
	list           []seen
}

// watch reads a setting every so many days from one day to another, at one local time.
func (c *company) watch(thing, setting, value string, from, to, every civil.Date, clock string) *series {
	s := &series{c: c, thing: thing, setting: setting}
	for d := from; d <= to; d += every {
		s.list = append(s.list, seen{c.at(d, clock), value})
	}
	return s
}

// daily reads it every night, from the day before the period to the day after, or from the first
// night after a time within the period.
func (c *company) daily(thing, setting, value string, since civil.Instant) *series {
	first := c.period.From - 1
	if since > c.period.Start() {
		first = c.zone.DateOf(since) + 1
	}
	return c.watch(thing, setting, value, first, c.period.To+1, 1, "00:40")
}

// turn gives the setting another value from one time to another. Both turns are seen when they
// happen, as the log of changes delivers them, and the nights between show the new value.
func (s *series) turn(from, to civil.Instant, value string) string {
	was := s.list[0].value
	for i, x := range s.list {
		if x.at < from {
			was = x.value
		}
		if x.at >= from && x.at < to {
			s.list[i].value = value
		}
	}
	s.see(from, value)
	s.see(to, was)
	return s.key(from)
}

// from changes the value of all snapshots from a time on.
func (s *series) from(at civil.Instant, value string) {
	for i, x := range s.list {
		if x.at >= at {
			s.list[i].value = value
		}
	}
}

// nights gives the regular snapshots of some days another value, without any seen between them,
// and returns the key of the first.
func (s *series) nights(from, to string, value any) string {
	key := ""
	for i, x := range s.list {
		if d := s.c.zone.DateOf(x.at); d >= day(from) && d <= day(to) {
			s.list[i].value = value
			if key == "" {
				key = s.key(x.at)
			}
		}
	}
	return key
}

// see adds a snapshot, in place of one of the same time.
func (s *series) see(at civil.Instant, value any) {
	s.list = slices.DeleteFunc(s.list, func(x seen) bool { return x.at == at })
	s.list = append(s.list, seen{at, value})
	slices.SortFunc(s.list, func(a, b seen) int { return cmp.Compare(a.at, b.at) })
}

// silent takes away the snapshots of some days, and returns the key of the last one before.
func (s *series) silent(from, to string) string {
	last := civil.Never
	s.list = slices.DeleteFunc(s.list, func(x seen) bool {
		d := s.c.zone.DateOf(x.at)
		if d < day(from) {
			last = x.at
		}
		return d >= day(from) && d <= day(to)
	})
	return s.key(last)
}

// key is the key of a snapshot, as the register joins it.
func (s *series) key(at civil.Instant) string { return keyed(s.thing, s.setting, at.String()) }

// countSpans counts the intervals of one value that reach into the period.
func (s *series) countSpans(test string) {
	for i := 0; i < len(s.list); {
		j := i + 1
		for j < len(s.list) && s.list[i].value != nil && s.list[j].value == s.list[i].value {
			j++
		}
		until := civil.Never
		if j < len(s.list) {
			until = s.list[j].at
		}
		if s.list[i].at < s.c.period.End() && until > s.c.period.Start() {
			s.c.counts(test, true)
		}
		i = j
	}
}

// countGaps counts the times from each snapshot to the next that reach into the period, of those
// with a value, or of all.
func (s *series) countGaps(test string, value any) {
	list := s.list
	if value != nil {
		list = slices.DeleteFunc(slices.Clone(list), func(x seen) bool { return x.value != value })
	}
	for i, x := range list {
		until := civil.Never
		if i+1 < len(list) {
			until = list[i+1].at
		}
		if x.at < s.c.period.End() && until > s.c.period.Start() {
			s.c.counts(test, true)
		}
	}
}

// countDays counts an item for each whole day of the period in which a thing was there.
func (c *company) countDays(test string, created, retired civil.Instant) {
	for d := c.period.From; d <= c.period.To; d++ {
		if created < c.zone.Start(d) && retired >= c.zone.End(d) {
			c.counts(test, true)
		}
	}
}
