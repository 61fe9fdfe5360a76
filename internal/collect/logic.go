package collect

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/record"
)

// answers are the parameters that a source's answer brings; they are no part of the question.
var answers = []string{paramError, paramSHA256, paramHead, paramPreviousHead, paramLedger}

// moving are the parameters that differ from pull to pull of one and the same report.
var moving = append([]string{paramFrom, paramTo, paramPage, paramPages, "cursor", "since", "until"}, answers...)

// moment finds dates and times inside a query: another month is not another report.
var moment = regexp.MustCompile(`\d{4}-\d{2}-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:?\d{2})?)?`)

// reportLogic is what a pull's report does: its query, its fixed parameters, how its fields were
// read and into which layout.
func reportLogic(p record.Pull) string {
	fixed := maps.Clone(p.Params)
	for _, name := range moving {
		delete(fixed, name)
	}
	b, _ := json.Marshal([]any{p.Register, moment.ReplaceAllString(p.Query, "DATE"), fixed, p.Mapping, p.Layout}) // texts always marshal
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// logic is A5: of each source, the report is the one that was tested. Tested is a report one of
// whose answers was counted or summed by another path and agreed, or of which items were vouched to
// the source after its first answer.
func (h *history) logic(vouched civil.Instant) (assure.CheckStatus, string) {
	if len(h.all) == 0 {
		return assure.Missing, h.register + " was never pulled"
	}
	sources := map[string][]pull{}
	for _, p := range h.all {
		name := p.Source + "\x00" + p.Register
		sources[name] = append(sources[name], p)
	}
	var passed, missing []string
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		pulls := sources[name]
		last := pulls[len(pulls)-1]
		now := reportLogic(last.Pull)
		first := len(pulls) - 1 // of the pulls by the present report without a break
		for first > 0 && reportLogic(pulls[first-1].Pull) == now {
			first--
		}
		started, err := civil.ParseInstant(pulls[first].Started)
		tested := err == nil && vouched >= started && vouched > 0
		for _, p := range pulls[first:] {
			tested = tested || agreed(p)
		}
		who := "the report of " + last.Register + " from " + last.Source
		switch {
		case first > 0 && !tested:
			return assure.Failed, fmt.Sprintf("%s changed between the pulls of %s and %s (query, parameters, mapping or layout), and nothing that it brought since was counted, summed or vouched: test it again",
				who, day(pulls[first-1].Ended), day(pulls[first].Ended))
		case first > 0:
			passed = append(passed, fmt.Sprintf("%s changed with the pull of %s and was tested since", who, day(pulls[first].Ended)))
		case len(pulls) > 1:
			passed = append(passed, fmt.Sprintf("%s is the same in %d pulls", who, len(pulls)))
		case tested:
			passed = append(passed, who+" was tested with its only pull")
		default:
			missing = append(missing, who+" was pulled once and not tested: there is nothing to compare it with")
		}
	}
	if len(missing) > 0 {
		return assure.Missing, strings.Join(missing, "; ")
	}
	return assure.Passed, strings.Join(passed, "; ")
}

// agreed reports whether another path confirmed what a pull brought.
func agreed(p pull) bool {
	if p.Expected != nil {
		return *p.Expected == p.Rows
	}
	for f, sum := range p.Control {
		if got, ok := p.Totals[f]; !ok || got != sum {
			return false
		}
	}
	return len(p.Control) > 0
}
