package collect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// The parameters of a pull that checks read. Others are kept and compared between pulls (A5).
const (
	paramFrom         = "from" // with paramTo: the civil dates that the query covered, in paramZone
	paramTo           = "to"
	paramZone         = "zone"
	paramFilter       = "filter"        // what the query left out, in words
	paramLimit        = "limit"         // the most rows that one answer holds
	paramPage         = "page"          // which of paramPages this pull brought, from 1
	paramPages        = "pages"         // how many pages the source announced
	paramError        = "error"         // the source broke off with this
	paramSHA256       = "sha256"        // the hash of the file as the source publishes it
	paramHead         = "head"          // the head of the source's own hash chain when it answered
	paramPreviousHead = "previous_head" // the head that this delivery continues
	paramLedger       = "ledger"        // SIZE:ROOT of this ledger, as somebody else holds it
)

// covered reads the civil dates that a pull's query covered; false when it names none.
func covered(p record.Pull) (civil.Period, bool, error) {
	from, to := p.Params[paramFrom], p.Params[paramTo]
	if from == "" && to == "" {
		return civil.Period{}, false, nil
	}
	var period civil.Period
	f, err := civil.ParseDate(from)
	if err != nil {
		return period, false, fault.Refuse("params: from: %s", err)
	}
	t, err := civil.ParseDate(to)
	if err != nil {
		return period, false, fault.Refuse("params: to: %s", err)
	}
	var z civil.Zone
	if name := p.Params[paramZone]; name != "" {
		if z, err = civil.ParseZone(name); err != nil {
			return period, false, fault.Refuse("params: zone: %s", err)
		}
	}
	period, err = civil.NewPeriod(f, t, z)
	return period, err == nil, err
}

// span is a stretch of time that a pull covered.
type span struct{ from, to civil.Instant }

// parameters is A4: the dates that the queries covered hold the whole period, for each source; no
// answer was cut off at a limit of rows or between two pages; and no later answer lacks rows of an
// earlier one. A full pull covers all that happened before it started; no pull covers what came
// after it. While the period lasts, the last pull may be a day old.
func (h *history) parameters(q Request) (assure.CheckStatus, string) {
	if len(h.all) == 0 {
		return assure.Missing, h.register + " was never pulled"
	}
	status, detail := h.dates(q)
	if status == assure.Failed {
		return status, detail
	}
	for _, suspect := range []func() string{h.cutOff, h.pageless, h.shrunk} {
		if why := suspect(); why != "" {
			return assure.Failed, why
		}
	}
	if f := h.filters(); status == assure.Passed && f != "" {
		detail += ", by a query that leaves out " + f
	}
	return status, detail
}

// dates looks for a part of the period that no pull of a source covers.
func (h *history) dates(q Request) (assure.CheckStatus, string) {
	period := q.Period
	spans := map[string][]span{}
	for _, p := range h.all {
		started, err := civil.ParseInstant(p.Started)
		if err != nil {
			return assure.Failed, fmt.Sprintf("%s does not say when it started", h.of(p))
		}
		if _, ok := spans[p.Source]; !ok {
			spans[p.Source] = nil
		}
		if p.Params[paramError] != "" {
			continue
		}
		if p.Extent == register.Full {
			spans[p.Source] = append(spans[p.Source], span{-civil.Never, started})
			continue
		}
		dates, ok, err := covered(p.Pull)
		if err != nil || !ok {
			continue
		}
		if p.Params[paramZone] == "" {
			return assure.Missing, fmt.Sprintf("%s names the dates %s to %s without their zone", h.of(p), dates.From, dates.To)
		}
		spans[p.Source] = append(spans[p.Source], span{dates.Start(), min(dates.End(), started)})
	}
	for _, source := range slices.Sorted(maps.Keys(spans)) {
		if len(spans[source]) == 0 {
			return assure.Missing, fmt.Sprintf("no pull of %s from %s says which dates it covers", h.register, source)
		}
		if gap, ok := uncovered(spans[source], period.Start(), q.until()); ok {
			return assure.Failed, fmt.Sprintf("the pulls of %s from %s do not cover %s to %s (%s)", h.register, source,
				gap.from.In(period.Zone), gap.to.In(period.Zone), period.Zone)
		}
	}
	if to := q.until(); to < period.End() {
		return assure.Passed, fmt.Sprintf("the pulls of %s cover %s to %s (%s); the period ends on %s", h.register, period.From, to.In(period.Zone), period.Zone, period.To)
	}
	return assure.Passed, fmt.Sprintf("the pulls of %s cover %s to %s (%s)", h.register, period.From, period.To, period.Zone)
}

// uncovered finds the first stretch from start to end that no span holds.
func uncovered(spans []span, start, end civil.Instant) (span, bool) {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	at := start
	for _, s := range spans {
		if s.from > at {
			break
		}
		at = max(at, s.to)
	}
	if at >= end {
		return span{}, false
	}
	for _, s := range spans {
		if s.from > at {
			end = min(end, s.from)
		}
	}
	return span{at, end}, true
}

// limits are the row counts at which exports are cut off: pages of interfaces, and sheets, where
// the heading takes one row of the limit.
var limits = []int64{1_000, 10_000, 65_535, 65_536, 1_048_575, 1_048_576}

// cutOff names an answer that holds exactly as many rows as a limit allows, and that nobody counted
// by another path.
func (h *history) cutOff() string {
	for _, p := range h.standing {
		if p.Expected != nil && *p.Expected == p.Rows {
			continue
		}
		limit, err := strconv.ParseInt(p.Params[paramLimit], 10, 64)
		stated := err == nil && limit > 0 && p.Rows >= limit
		if stated || slices.Contains(limits, p.Rows) {
			return fmt.Sprintf("%s brought exactly %d rows, a limit at which exports are cut off: count the rows by another path (--expect-rows) or pull in smaller parts", h.of(p), p.Rows)
		}
	}
	return ""
}

// pageless names a page that the source announced and no pull brought.
func (h *history) pageless() string {
	type answer struct {
		last  pull
		pages int
		have  map[int]bool
	}
	answers := map[string]*answer{}
	for _, p := range h.standing {
		page, perr := strconv.Atoi(p.Params[paramPage])
		pages, err := strconv.Atoi(p.Params[paramPages])
		switch {
		case p.Params[paramPages] == "" && p.Params[paramPage] == "":
			continue
		case err != nil || perr != nil || page < 1 || page > pages:
			return fmt.Sprintf("%s is page %q of %q: state both as numbers from 1", h.of(p), p.Params[paramPage], p.Params[paramPages])
		}
		key := p.Source + "\x00" + p.Params[paramFrom] + "\x00" + p.Params[paramTo] + "\x00" + reportLogic(p.Pull)
		a := answers[key]
		if a == nil {
			a = &answer{have: map[int]bool{}}
			answers[key] = a
		}
		a.last, a.pages = p, max(a.pages, pages)
		a.have[page] = true
	}
	for _, key := range slices.Sorted(maps.Keys(answers)) {
		a := answers[key]
		if len(a.have) == a.pages {
			continue
		}
		first := 1
		for a.have[first] {
			first++
		}
		return fmt.Sprintf("%s is one of %d pages, of which %d were brought: page %d is the first that is not here; pull it", h.of(a.last), a.pages, len(a.have), first)
	}
	return ""
}

// shrunk names a full pull that brought fewer rows than the one before it of the same source: rows
// were deleted there, archived, or are kept for too short a time.
func (h *history) shrunk() string {
	last := map[string]pull{}
	why := map[string]string{}
	for _, p := range h.all {
		if p.Register != h.register || p.Extent != register.Full || p.Params[paramError] != "" {
			continue
		}
		before, ok := last[p.Source]
		delete(why, p.Source)
		if ok && p.Rows < before.Rows {
			why[p.Source] = fmt.Sprintf("%s brought all of its %d rows, %d fewer than on %s: rows that end are to be delivered with their end, not left out", h.of(p), p.Rows, before.Rows-p.Rows, day(before.Ended))
		}
		last[p.Source] = p
	}
	for _, source := range slices.Sorted(maps.Keys(why)) {
		return why[source]
	}
	return ""
}

// filters says what the queries of the standing pulls left out, by their own word.
func (h *history) filters() string {
	seen := map[string]bool{}
	for _, p := range h.standing {
		if f := p.Params[paramFilter]; f != "" {
			seen[f] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), "; ")
}
