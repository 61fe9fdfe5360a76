// Package lint checks reports of service organizations, ours and those written elsewhere, for the signals by which
// readers judge them: what disagrees, what is missing, what says nothing. It knows one neutral model, the paper; our
// model of a report, a JSON of the paper and the paragraphs of a document are read into it. It is pure.
package lint

import (
	"github.com/assayhq/assay/internal/civil"
)

// Paper is what a report says, whoever wrote it. What is not known is left out. It is also the plain JSON by which a
// report written elsewhere is handed in: each member is optional but kind.
type Paper struct {
	Kind        string      `json:"kind"`           // soc1, soc2, soc3 or isae3402; empty: not known
	Type        int         `json:"type,omitempty"` // 1 or 2; 0: not known, and of a SOC 3
	Draft       bool        `json:"draft,omitempty"`
	Owed        []string    `json:"owed,omitempty"` // what the draft itself says that it still needs
	Cover       Part        `json:"cover"`
	Opinion     Opinion     `json:"opinion"`   // section I, the auditor's report
	Assertion   Part        `json:"assertion"` // section II
	Description Description `json:"description"`
	Criteria    []Criterion `json:"criteria,omitempty"` // or control objectives
	Tests       []Test      `json:"tests,omitempty"`    // section IV, a row for each control and test
	Other       []string    `json:"other,omitempty"`    // section V, its paragraphs
	Passages    []Passage   `json:"passages,omitempty"` // the text of the report by place
	Unread      []Passage   `json:"unread,omitempty"`   // what a reader of a document found and could not recognise
}

// Part is what the sections say of themselves.
type Part struct {
	Title        string      `json:"title,omitempty"`
	Organization string      `json:"organization,omitempty"`
	Firm         string      `json:"firm,omitempty"`
	Span         Span        `json:"span"`
	Dated        *civil.Date `json:"dated,omitempty"`      // the date under it
	Categories   []string    `json:"categories,omitempty"` // of trust services criteria: security, processing_integrity, ...
	Text         string      `json:"text,omitempty"`       // whole, where it is at hand
}

// Span is the time that a part speaks of: a closed period of civil dates, or an as-of date.
type Span struct {
	From *civil.Date `json:"from,omitempty"`
	To   *civil.Date `json:"to,omitempty"`
	AsOf *civil.Date `json:"as_of,omitempty"`
}

// Opinion is the auditor's report.
type Opinion struct {
	Part
	Type string `json:"type,omitempty"` // unqualified, qualified, adverse or disclaimer
}

// Description is section III.
type Description struct {
	Part
	Controls    []Control    `json:"controls,omitempty"`
	Commitments []string     `json:"commitments,omitempty"`
	CUECs       []Duty       `json:"cuecs,omitempty"`
	Subservice  []Subservice `json:"subservice,omitempty"`
	Changes     []string     `json:"changes,omitempty"`
	Incidents   []string     `json:"incidents,omitempty"`
}

// Control is a control as management states it.
type Control struct {
	ID        string   `json:"id"`
	Statement string   `json:"statement"`
	Frequency string   `json:"frequency,omitempty"` // in the report's words
	Criteria  []string `json:"criteria,omitempty"`
}

// Duty is one complementary user entity control, as it is listed.
type Duty struct {
	Text     string   `json:"text"`
	Criteria []string `json:"criteria,omitempty"`
}

// Subservice is a subservice organization.
type Subservice struct {
	Name       string   `json:"name"`
	Method     string   `json:"method,omitempty"`     // carve_out or inclusive
	CSOCs      []string `json:"csocs,omitempty"`      // the controls that are assumed at it
	Monitoring []string `json:"monitoring,omitempty"` // the controls by which it is watched, by identifier or in words
}

// Criterion is a criterion or control objective in scope.
type Criterion struct {
	ID         string   `json:"id"`
	Text       string   `json:"text,omitempty"`
	Controls   []string `json:"controls,omitempty"`
	Reason     string   `json:"reason,omitempty"`     // why it needs none
	Conclusion string   `json:"conclusion,omitempty"` // achieved or not_achieved, where the report says it
}

// Test is a row of section IV. Counts that the report does not give are left out.
type Test struct {
	Control    string       `json:"control"`
	Statement  string       `json:"statement,omitempty"`
	Frequency  string       `json:"frequency,omitempty"`
	Procedure  string       `json:"procedure,omitempty"`
	Sample     *int         `json:"sample,omitempty"`
	Population *int         `json:"population,omitempty"`
	Full       bool         `json:"full,omitempty"` // every item of the population was tested
	Dates      []civil.Date `json:"dates,omitempty"`
	Result     string       `json:"result,omitempty"`
	Deviations *int         `json:"deviations,omitempty"`
	Zero       string       `json:"zero,omitempty"`     // where nothing occurred: what shows it
	Untested   string       `json:"untested,omitempty"` // where it was not tested: why, as the report says it
	Criteria   []string     `json:"criteria,omitempty"`
	Response   string       `json:"response,omitempty"` // management's, to what deviates
}

// Passage is a paragraph or cell with its place.
type Passage struct {
	Section string `json:"section"`         // cover, opinion, assertion, description, tests, other
	Under   string `json:"under,omitempty"` // the heading above it
	Text    string `json:"text"`
}

// Severity says how much a finding weighs.
type Severity string

// The severities. An error is a fault of the report; a warning is what a reader will hold against it; a note only
// informs, of what could not be read or of what a draft says itself.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Place is where a finding is.
type Place struct {
	Section string `json:"section"`
	Control string `json:"control,omitempty"`
	Under   string `json:"under,omitempty"`
	Quote   string `json:"quote,omitempty"`
}

// Finding is one signal.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Where    Place    `json:"where"`
	What     string   `json:"what"`
	Mend     string   `json:"mend"`
}

// Count counts the findings of a severity.
func Count(list []Finding, s Severity) int {
	n := 0
	for _, f := range list {
		if f.Severity == s {
			n++
		}
	}
	return n
}
