package report

import "github.com/assayhq/assay/internal/assure"

// Mark names a shape that stands beside a word, so that no status is told by colour alone.
type Mark string

// The marks.
const (
	MarkPass      Mark = "pass"
	MarkDeviation Mark = "deviation"
	MarkUndecided Mark = "undecided"
	MarkUnproven  Mark = "unproven"
	MarkNone      Mark = "none"
	MarkGap       Mark = "gap"
	MarkBlocked   Mark = "blocked"
	MarkNA        Mark = "na"
)

// Standing is the worst thing that a test shows, in one word. It is no grade and no average:
// one deviation among a million items is Deviates.
type Standing int

// The standings from best to worst.
const (
	Clean        Standing = iota // every item tested, none deviates, the population is shown whole
	NoOccurrence                 // proven empty: the control did not act, its operation was not tested
	Unproven                     // none deviates, but nothing shows that the population is whole
	HasUndecided                 // some items could not be decided
	Gap                          // an emptiness that nobody proved
	Blocked                      // the test could not be run
	Deviates                     // at least one item deviates
)

// StandingOf is the worst of one test's result.
func StandingOf(t assure.TestResult) Standing {
	switch {
	case t.Deviating > 0:
		return Deviates
	case t.Outcome == assure.Blocked:
		return Blocked
	case t.Outcome == assure.Gap:
		return Gap
	case t.Undecided > 0:
		return HasUndecided
	case !t.Complete():
		return Unproven
	case t.Outcome == assure.NoOccurrence:
		return NoOccurrence
	}
	return Clean
}

// Worst returns the worst standing of several, and false when there is none.
func Worst(ts []assure.TestResult) (Standing, bool) {
	worst := Clean
	for _, t := range ts {
		worst = max(worst, StandingOf(t))
	}
	return worst, len(ts) > 0
}

// Word is the standing as a person reads it.
func (s Standing) Word() string {
	return [...]string{
		"No deviations", "No occurrence", "Completeness not shown", "Undecided items", "Gap", "Blocked", "Deviations",
	}[s]
}

// Mark is the shape that stands beside the word.
func (s Standing) Mark() Mark {
	return [...]Mark{MarkPass, MarkNone, MarkUnproven, MarkUndecided, MarkGap, MarkBlocked, MarkDeviation}[s]
}

// VerdictMark is the shape of one item's verdict.
func VerdictMark(v assure.Verdict) Mark {
	switch v {
	case assure.Pass:
		return MarkPass
	case assure.Deviation:
		return MarkDeviation
	case assure.NotApplicable:
		return MarkNA
	}
	return MarkUndecided
}

// VerdictWord is one item's verdict as a person reads it.
func VerdictWord(v assure.Verdict) string {
	switch v {
	case assure.Pass:
		return "Passed"
	case assure.Deviation:
		return "Deviation"
	case assure.NotApplicable:
		return "Not applicable"
	}
	return "Undecided"
}

// CheckMark is the shape of a completeness check's status.
func CheckMark(s assure.CheckStatus) Mark {
	switch s {
	case assure.Passed:
		return MarkPass
	case assure.Failed:
		return MarkDeviation
	}
	return MarkUnproven
}

// CheckWord is a completeness check's status as a person reads it.
func CheckWord(s assure.CheckStatus) string {
	switch s {
	case assure.Passed:
		return "Passed"
	case assure.Failed:
		return "Failed"
	}
	return "Missing"
}

// CompletenessMark is the shape beside the word that says whether a population is shown to be whole.
func CompletenessMark(c assure.Completeness) Mark {
	switch c {
	case assure.Shown:
		return MarkPass
	case assure.ShownDoubts, assure.CheckFailed:
		return MarkDeviation
	}
	return MarkUnproven
}

// CheckName says what a completeness or accuracy check does (handbook 4.4).
func CheckName(check string) string {
	if n, ok := checkNames[check]; ok {
		return n
	}
	return check
}

var checkNames = map[string]string{
	"C1": "Sequence without gaps",
	"C2": "Independent count",
	"C3": "Roll-forward",
	"C4": "Reverse trace",
	"C5": "Calendar expectation",
	"C6": "Hash chain head",
	"A1": "Vouched to the source",
	"A2": "Control totals",
	"A3": "Derived fields recomputed",
	"A4": "Parameters cover the period",
	"A5": "Report logic unchanged",
}

// ShapeWords says what one item of a shape is.
func ShapeWords(s assure.Shape) string {
	switch s {
	case assure.Event:
		return "Event: each occurrence"
	case assure.Schedule:
		return "Schedule: each instance due"
	case assure.State:
		return "State: each asset, for as long as it stood"
	case assure.Roster:
		return "Roster: each member, per duty"
	}
	return string(s)
}

// FrequencyWords is a control's frequency as a person reads it.
func FrequencyWords(f assure.Frequency) string {
	switch f {
	case assure.PerEvent:
		return "Each event"
	case assure.Semiannual:
		return "Twice a year"
	}
	if f == "" {
		return ""
	}
	return string(f[0]-'a'+'A') + string(f[1:])
}
