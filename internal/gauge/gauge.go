// Package gauge answers how ready a report is and when it can be had: facts in, answers out. It asks nobody
// and reads nothing; what nobody told it is not known, and not known is never green.
//
// Readiness is the worst of its parts, never an average: one red gate makes its control red, one red primary control
// its criterion, one red criterion the report. A share of work done is effort, and stands apart.
package gauge

import "fmt"

// Status is a colour of readiness. Statuses are compared with < and joined by max: the worst counts.
type Status uint8

// The statuses from best to worst.
const (
	Green Status = iota // nothing speaks against it, and what must be known is known
	Amber               // something is open that an auditor will ask about
	Red                 // an auditor could not conclude, or would conclude against it
)

// String is the status as JSON has it.
func (s Status) String() string { return [...]string{"green", "amber", "red"}[s] }

// MarshalText writes green, amber or red.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Word says what the status of a whole report means: ready, at_risk or not_ready.
func (s Status) Word() string { return [...]string{"ready", "at_risk", "not_ready"}[s] }

// Worst joins statuses. Of none it is green: ask first whether there is anything to judge.
func Worst(list ...Status) Status {
	worst := Green
	for _, s := range list {
		worst = max(worst, s)
	}
	return worst
}

// Severity is how much a gap weighs.
type Severity uint8

// The severities. Info is a fact that the report must word, such as that nothing occurred; it blocks nothing.
const (
	Info Severity = iota
	Warn
	Block
)

// String is the severity as JSON has it.
func (s Severity) String() string { return [...]string{"info", "amber", "red"}[s] }

// MarshalText writes info, amber or red.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Status is what a gap of the severity makes of what it concerns.
func (s Severity) Status() Status { return Status(s) }

// Counts is how many of something are red, amber and green. The three are published together and never added
// up into one figure.
type Counts struct {
	Red   int `json:"red"`
	Amber int `json:"amber"`
	Green int `json:"green"`
}

func (c *Counts) add(s Status) {
	switch s {
	case Red:
		c.Red++
	case Amber:
		c.Amber++
	default:
		c.Green++
	}
}

// Gate is one of the six questions that a control must pass.
type Gate string

// The gates. A Type 1 asks D, I, E (of one instance) and F; P and O are about a period.
const (
	Design      Gate = "D" // designed, approved, mapped to what the report is held against
	Implemented Gate = "I" // put in place on a known date, and walked through
	Population  Gate = "P" // the population is complete and accurate
	Operation   Gate = "O" // it operated: deviations against the tolerable rate
	EvidenceOK  Gate = "E" // complete, timely, linked evidence of each instance
	Findings    Gate = "F" // no severe deficiency is open
)

// gates in the order in which they are asked.
var gates = [...]Gate{Design, Implemented, Population, Operation, EvidenceOK, Findings}

// Title says the gate in words.
func (g Gate) Title() string {
	switch g {
	case Design:
		return "Design"
	case Implemented:
		return "Implementation"
	case Population:
		return "Population"
	case Operation:
		return "Operation"
	case EvidenceOK:
		return "Evidence"
	case Findings:
		return "Findings"
	}
	return fmt.Sprintf("Gate %q", string(g))
}

// ofType1 says whether a report about one date asks the gate.
func (g Gate) ofType1() bool { return g != Population && g != Operation }
