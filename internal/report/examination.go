package report

import "github.com/assayhq/assay/internal/civil"

// Examination is what an independent service auditor did and concluded, as its firm keeps it. Facts without one are management's, and
// what they build is management's draft: nobody has examined anything.
type Examination struct {
	Firm        Firm                `json:"firm"`
	Partner     string              `json:"partner,omitempty"`    // the engagement partner's name: a report under ISAE 3402 names who signs for the firm
	Addressee   string              `json:"addressee"`            // whom the letter is to, such as "the management of Example, Inc."
	ReportDate  civil.Date          `json:"report_date,omitzero"` // of the auditor's report; decides which standards apply
	Tests       []TestedControl     `json:"tests,omitempty"`
	Exceptions  []Exception         `json:"exceptions,omitempty"`
	Controls    []ControlConclusion `json:"controls,omitempty"`
	Matters     []MatterConclusion  `json:"matters,omitempty"`
	Limits      []Limit             `json:"limits,omitempty"` // evidence that could not be got
	Elements    []ElementOpinion    `json:"elements,omitempty"`
	Emphasis    []string            `json:"emphasis,omitempty"`
	Events      []Event             `json:"subsequent_events,omitempty"`
	Represented civil.Date          `json:"represented,omitzero"` // date of management's representation letter; zero: none was received
	// RepresentationRefused is set where management refuses the letter: then every element is disclaimed, or the firm withdraws.
	RepresentationRefused string           `json:"representation_refused,omitempty"`
	Inclusive             []InclusiveParty `json:"inclusive,omitempty"` // subservice organizations presented by the inclusive method
	Signs                 []SignOff        `json:"signs,omitempty"`
	Issued                bool             `json:"issued,omitempty"`          // the report went out; Build refuses while a guard is not satisfied
	Revision              int              `json:"revision,omitempty"`        // 0: the report as first issued
	RevisionReason        string           `json:"revision_reason,omitempty"` // why a revised report replaces the one before
	Wording               Wording          `json:"wording,omitempty"`         // the firm's own texts of passages; of the others ours stand
	Unmodified            string           `json:"unmodified,omitempty"`      // management keeps its assertion as it is although the opinion is modified: why the firm reports nevertheless
}

// Firm is the service auditor as the report names it.
type Firm struct {
	Name    string `json:"name"`
	City    string `json:"city"`
	Region  string `json:"region"`  // state or country
	Licence string `json:"licence"` // number and board
	// Independence is a sentence of its own in the paragraph on independence, needed where the firm's key lies on a host that the
	// client administers; empty otherwise.
	Independence string `json:"independence,omitempty"`
}

// ProcedureKind is one of the four ways to test (handbook 4.1).
type ProcedureKind string

// The four procedures. Inquiry is never alone.
const (
	Inquiry       ProcedureKind = "inquiry"
	Observation   ProcedureKind = "observation"
	Inspection    ProcedureKind = "inspection"
	Reperformance ProcedureKind = "reperformance"
)

// Procedure is one step of a test, in the auditor's words.
type Procedure struct {
	Kind ProcedureKind `json:"kind"`
	Text string        `json:"text"`
}

// ExtentKind says how much of a population a test saw.
type ExtentKind string

// The extents. A Type 1 knows one instance only: operation is not tested.
const (
	Whole    ExtentKind = "whole"    // every item of the population
	Sampled  ExtentKind = "sample"   // a selection by a method that is named
	Instance ExtentKind = "instance" // one, as a walkthrough or of an automated control
)

// Extent is how many items of how many a test saw. With a whole population no confidence level is ever printed.
type Extent struct {
	Kind       ExtentKind `json:"kind"`
	Tested     int        `json:"tested"`               // items examined
	Population int        `json:"population"`           // items there were
	Method     string     `json:"method,omitempty"`     // of a sample, such as "simple random selection"
	Reason     string     `json:"reason,omitempty"`     // of one instance: why one is enough
	Completely string     `json:"completely,omitempty"` // how the population was shown to be whole
}

// TestOutcome says whether there was anything to test.
type TestOutcome string

// The outcomes of an auditor's test. What did not occur is neither a pass nor a failure (handbook E16).
const (
	TestRun     TestOutcome = "tested"
	DidNotOccur TestOutcome = "did_not_occur"
	NotTested   TestOutcome = "not_tested"
)

// TestedControl is one test of one control by the auditor.
type TestedControl struct {
	Control      string            `json:"control"`
	Test         string            `json:"test"`                // name of the test; empty where the control has one
	Version      int               `json:"version,omitempty"`   // of the control, where several were in force in the period
	From         civil.Date        `json:"from,omitzero"`       // the part of the period, where it is not the whole
	To           civil.Date        `json:"to,omitzero"`         //
	Procedures   []Procedure       `json:"procedures"`          // what was done
	Extent       Extent            `json:"extent"`              //
	Attributes   []TestedAttribute `json:"attributes,omitzero"` // what was asked of each item
	Outcome      TestOutcome       `json:"outcome"`
	Why          string            `json:"why,omitempty"`            // what shows that nothing occurred, or why nothing was tested
	Exempt       int               `json:"not_applicable,omitempty"` // examined items that did not need the control
	Deviating    int               `json:"deviating"`                // items, each counted once
	Notes        []string          `json:"notes,omitempty"`
	Reservations []Reservation     `json:"reservations,omitempty"`
}

// Reservation is evidence that cannot support a conclusion without the auditor's reason, such as a population offered before the period was
// over, or a configuration captured after it.
type Reservation struct {
	Text   string `json:"text"`
	Reason string `json:"reason,omitempty"` // why the conclusion stands nevertheless
}

// TestedAttribute is one lettered question of a test, and how many items failed it.
type TestedAttribute struct {
	ID        string `json:"id"`
	Text      string `json:"text"`
	Deviating int    `json:"deviating"`
}

// Exception is what the report discloses of a control: deviations that the auditor concluded to be one. It modifies no opinion by itself.
type Exception struct {
	ID           string        `json:"id"`
	Control      string        `json:"control"`
	Test         string        `json:"test"`
	Text         string        `json:"text"`             // what deviated, and in which part of the period
	Nature       string        `json:"nature,omitempty"` // whether it defeated what the control is for
	Cause        string        `json:"cause"`            // human_error, system_error, intentional, unclear_rule, evidence_lost
	Spread       string        `json:"spread"`           // isolated or systemic; never "anomaly"
	Deviating    int           `json:"deviating"`        // items
	Tested       int           `json:"tested"`           // of how many that needed the control
	Compensating *Compensating `json:"compensating,omitempty"`
	Affects      []string      `json:"affects,omitempty"`  // objectives or criteria
	Response     string        `json:"response,omitempty"` // management's
	Plan         string        `json:"plan,omitempty"`     // what management means to do, printed in section V as not examined
	ResponseBy   string        `json:"response_by,omitempty"`
}

// Compensating is a control that management names against an exception (handbook 4.8, step 5). It counts only where it was tested, was in
// force when the deviations happened, and stands in the description.
type Compensating struct {
	Control    string `json:"control"`
	Tested     bool   `json:"tested"`
	InForce    bool   `json:"in_force"`
	Described  bool   `json:"described"`
	Text       string `json:"text,omitempty"`        // what it was found to do
	FallsShort string `json:"falls_short,omitempty"` // where it does not reach
}

// Counts reports whether the compensating control may be relied upon at all.
func (c *Compensating) Counts() bool { return c != nil && c.Tested && c.InForce && c.Described }

// Judged is who concluded, and when.
type Judged struct {
	By string        `json:"decided_by,omitempty"`
	At civil.Instant `json:"decided_at,omitzero"` // microseconds since 1970 began in UTC
}

// Conclusion is what was concluded of a control or of a matter.
type Conclusion string

// The conclusions on a control's design and operation.
const (
	Effective    Conclusion = "effective"     // of design: suitable
	NotEffective Conclusion = "not_effective" // of design: not suitable
	NoneOccurred Conclusion = "did_not_occur" // of operation: the control had nothing to do
	Untested     Conclusion = "not_tested"
)

// The conclusions on an objective, a criterion, a commitment or a part of the description. NoneOccurred is used of these too, where all
// controls that serve one had nothing to do.
const (
	Achieved        Conclusion = "achieved" // of the description: presented
	NotAchieved     Conclusion = "not_achieved"
	NotDeterminable Conclusion = "not_determinable" // evidence could not be got
)

// ControlConclusion is what was concluded of one control. A rate within the tolerable one is no acquittal: nature outweighs it.
type ControlConclusion struct {
	Control   string     `json:"control"`
	Design    Conclusion `json:"design"`              // effective, not_effective or not_tested
	Operation Conclusion `json:"operation,omitempty"` // of a Type 2
	Deviating int        `json:"deviating,omitempty"`
	Tested    int        `json:"tested,omitempty"`
	Tolerable int        `json:"tolerable,omitempty"` // rate in basis points; 0: none was set
	Reason    string     `json:"reason"`
	Judged
}

// Element is one of the separate conclusions of an opinion (handbook 0.2).
type Element string

// The elements. A Type 1 has no Operation, a SOC 3 has only TheAssertion.
const (
	TheDescription Element = "description"
	Design         Element = "design"
	Operation      Element = "operation"
	TheAssertion   Element = "assertion"
)

// MatterConclusion is what was concluded of one matter: an objective of a SOC 1, a criterion or a commitment of a SOC 2, or a part of the
// description, such as DC 7.
type MatterConclusion struct {
	ID         string     `json:"id"`
	Element    Element    `json:"element"`
	Conclusion Conclusion `json:"conclusion"`
	Reasons    []string   `json:"reasons,omitempty"`
	Pervasive  bool       `json:"pervasive,omitempty"` // spread over the report, or fundamental to it
	Judged
}

// Limit is evidence that could not be got, of an element as a whole.
type Limit struct {
	Element   Element `json:"element"`
	Text      string  `json:"text"`
	Pervasive bool    `json:"pervasive,omitempty"`
}

// Opinion is the conclusion on one element.
type Opinion string

// The opinions, from mildest to worst.
const (
	Unqualified Opinion = "unqualified"
	Qualified   Opinion = "qualified"
	Disclaimer  Opinion = "disclaimer"
	Adverse     Opinion = "adverse"
)

// ElementOpinion is what the engagement partner decided on one element.
type ElementOpinion struct {
	Element         Element  `json:"element"`
	Opinion         Opinion  `json:"conclusion"`
	Basis           []string `json:"basis,omitempty"`    // the matters that give rise to a modified one, in the letter's words
	Affected        []string `json:"affected,omitempty"` // objectives, criteria or parts of the description
	ScopeLimitation bool     `json:"scope_limitation,omitempty"`
	Pervasive       bool     `json:"pervasive,omitempty"`
	Rationale       string   `json:"rationale,omitempty"` // needed where it is milder than what the rule proposes
	Judged
}

// Event is something after the end of the period or the as-of date and not after the report date (handbook 2.6).
type Event struct {
	On      civil.Date `json:"on"`
	Text    string     `json:"text"`
	Existed bool       `json:"existed"` // it shows a condition that existed before; else the condition is new
	Effect  string     `json:"effect,omitempty"`
}

// InclusiveParty is a subservice organization presented by the inclusive method: it asserts and represents for itself.
type InclusiveParty struct {
	Name        string     `json:"name"`
	Asserted    civil.Date `json:"asserted,omitzero"`
	AssertedBy  string     `json:"asserted_by,omitempty"` // name and title of its officer
	Represented civil.Date `json:"represented,omitzero"`
}

// The parts in which people of the firm sign off.
const (
	EngagementPartner = "partner"
	QualityReviewer   = "quality"
)

// SignOff is one person's word that the report may go out.
type SignOff struct {
	Part string     `json:"part"`
	Name string     `json:"name"`
	On   civil.Date `json:"on"`
}

// Wording is a firm's own text of passages, by the identifiers of Passages.
type Wording map[string]string
