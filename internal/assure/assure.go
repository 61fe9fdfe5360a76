// Package assure holds the nouns that cross rooms: shapes, verdicts, findings, completeness
// checks and the result of a test over a whole population. It computes nothing.
package assure

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// Shape is one of the four forms of a population (handbook 4.2).
type Shape string

// The shapes. Zero items are allowed only for events, and only with a passed completeness check.
const (
	Event    Shape = "event"
	Schedule Shape = "schedule"
	State    Shape = "state"
	Roster   Shape = "roster"
)

// Verdict is what a test says of one item or of one attribute of it.
type Verdict string

// The verdicts. Of an item the worst attribute counts: deviation, then undecided, then pass.
const (
	Pass          Verdict = "pass"
	Deviation     Verdict = "deviation"
	Undecided     Verdict = "undecided"
	NotApplicable Verdict = "not_applicable"
)

// Outcome says in one word what a test as a whole shows. It is never a grade.
type Outcome string

// The outcomes. NoOccurrence is an event population proven empty: neither pass nor failure
// (handbook E16). Gap is an emptiness that nobody proved. Blocked could not be run.
const (
	Tested       Outcome = "tested"
	NoOccurrence Outcome = "no_occurrence"
	Gap          Outcome = "gap"
	Blocked      Outcome = "blocked"
)

// CheckStatus is the state of one completeness or accuracy check.
type CheckStatus string

// The states of a check. Missing means that the data did not allow it or nobody ran it.
const (
	Passed  CheckStatus = "passed"
	Failed  CheckStatus = "failed"
	Missing CheckStatus = "missing"
)

// Check is one completeness (C) or accuracy (A) check of a register (handbook 4.4).
type Check struct {
	Check    string      `json:"check"` // C1, C2, C3, C5, A2, A4
	Status   CheckStatus `json:"status"`
	Register string      `json:"register"`
	Detail   string      `json:"detail"`
}

// Finding is a deviating or undecided item, with its reason and the records it rests on.
type Finding struct {
	Key        string   `json:"key"`
	Verdict    Verdict  `json:"verdict"`
	Attributes []string `json:"attributes"` // the attributes that have this verdict
	Reason     string   `json:"reason"`
	Records    []string `json:"records"`    // register/key@version, the item's own first
	EventTime  string   `json:"event_time"` // RFC 3339 instant or civil date of membership; empty when unknown
}

// Item is one member of a population with its verdict; findings carry more.
type Item struct {
	Key        string             `json:"key"`
	Verdict    Verdict            `json:"verdict"`
	Attributes map[string]Verdict `json:"attributes,omitempty"`
	EventTime  string             `json:"event_time"`
}

// Attribute is one lettered yes/no question of a test, with how often it deviated.
type Attribute struct {
	ID         string `json:"id"`
	Text       string `json:"text"`
	Deviations int    `json:"deviations"`
	Undecided  int    `json:"undecided"`
}

// TestResult is what one test of one version of a control says of its whole population in
// the part of the period for which the version was in force.
type TestResult struct {
	Control       string       `json:"id"`
	Title         string       `json:"title"`
	Version       int          `json:"version"`
	From          civil.Date   `json:"from"` // the part of the period this version was tested for
	To            civil.Date   `json:"to"`
	Shape         Shape        `json:"shape"`
	Test          string       `json:"test"`
	Sentence      string       `json:"sentence"` // the test in English, printed from the rule
	Outcome       Outcome      `json:"outcome"`
	Blocked       string       `json:"blocked,omitempty"`
	Population    int          `json:"population"`
	NotApplicable int          `json:"not_applicable"`
	Passed        int          `json:"passed"`
	Deviating     int          `json:"deviating"`
	Undecided     int          `json:"undecided"`
	InProgress    int          `json:"in_progress"`
	Attributes    []Attribute  `json:"attributes"`
	Registers     []string     `json:"registers"` // those that the items come from
	Completeness  []Check      `json:"completeness"`
	Resolution    string       `json:"resolution,omitempty"` // state shapes: between snapshots nothing is proven
	Notes         []string     `json:"notes,omitempty"`
	Findings      []Finding    `json:"findings"`
	Items         []Item       `json:"items,omitempty"`
	Months        []MonthCount `json:"months,omitempty"`
	Digest        string       `json:"digest"` // SHA-256 of the findings, reasons left out
}

// MonthCount counts a population by the local month of membership; Month is YYYY-MM.
type MonthCount struct {
	Month      string `json:"month"`
	Population int    `json:"population"`
	Deviating  int    `json:"deviating"`
	Undecided  int    `json:"undecided"`
}

// Complete reports whether the population is shown to be whole: every register that its items
// come from passed a completeness (C) check and failed none. Where no register makes the items,
// the calendar does.
func (t TestResult) Complete() bool {
	if len(t.Registers) == 0 {
		return slices.ContainsFunc(t.Completeness, func(c Check) bool { return c.Check == "C5" && c.Register == "" && c.Status == Passed })
	}
	for _, reg := range t.Registers {
		passed := false
		for _, c := range t.Completeness {
			if c.Register != reg || !strings.HasPrefix(c.Check, "C") {
				continue
			}
			if c.Status == Failed {
				return false
			}
			passed = passed || c.Status == Passed
		}
		if !passed {
			return false
		}
	}
	return true
}

// Checkpoint names a state of an organization's ledger.
type Checkpoint struct {
	Size int64  `json:"size"`
	Root string `json:"root"` // lower-case hex
}

// Results are the tests of an organization for a period, as known at a time.
type Results struct {
	Organization string       `json:"organization"`
	Period       civil.Period `json:"period"`
	ZoneRules    string       `json:"zone_rules"` // what the zone's name stood for, as civil.Zone.Rules names it
	KnownAt      string       `json:"known_at"`
	Checkpoint   Checkpoint   `json:"checkpoint"`
	Unanchored   int64        `json:"unanchored"` // records sealed after the last checkpoint that somebody outside holds: a time stamp authority or a witness
	Controls     []TestResult `json:"controls"`
}
