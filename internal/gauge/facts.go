package gauge

import (
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// Term is what a report is about in time: Type1 or Type2. They are different types because a Type 1 has no period,
// and nothing that happened in one.
type Term interface{ term() }

// Type1 is a report about one date; it means the end of that day in the zone.
type Type1 struct {
	AsOf civil.Date
	Zone civil.Zone
}

// Type2 is a report about a closed period of civil dates.
type Type2 struct{ Period civil.Period }

func (Type1) term() {}
func (Type2) term() {}

// Facts are everything that is judged. Each list is optional: what is missing from it is not known, which is a gap
// where an auditor would ask for it, and silence where there is nothing to judge.
type Facts struct {
	Report     string // the kind, such as soc2-type2
	Title      string
	Term       Term
	Today      civil.Date // stands for the end of that day
	Categories []string

	// Criteria in scope. Their own lists of controls are the library's and are not read: each control says what it
	// serves, as the organization sealed it.
	Criteria    []assure.Criterion
	NotRelevant map[string]string // criterion -> why it does not apply to this system

	Controls      []Control
	Results       []assure.TestResult
	Deviations    []Deviation // of any date; those that Results finds and nobody dates here are taken to last
	Instances     []Instance  // due instances of schedules, past and coming
	Evidence      []Evidence
	Samples       []Sample
	SelfApproved  []SelfApproval
	Compensations []Compensation

	Waivers      []Waiver
	Deficiencies []Deficiency
	CUECs        []CUEC
	Subservice   []Subservice
	VendorDuties []VendorDuty
	Incidents    []Incident
	Changes      []Change
	Clocks       []Clock
	Claims       []Claim
	Papers       []Paper
	Boundary     *Boundary
	Earlier      []Earlier

	Fieldwork *civil.Date // when the auditor begins; nil: the day after the period or the date
	Examined  *civil.Date // the first day whose items were tested; nil: the first of the period
	TasksDone int         // tasks that were closed, for the bar of effort

	supposed     []string // what Suppose changed
	contradicted []string // of that, what the records say otherwise
}

// Control is a control of the program, with what is known of its life.
type Control struct {
	assure.Control
	Draft         bool        // written, and not approved by management
	Spans         []Span      // the days on which some version was in force; none: always
	Implemented   *civil.Date // a dated fact, with a walkthrough; nil: designed only
	FirstOperated *civil.Date
	LastOperated  *civil.Date
	Walkthroughs  []Walkthrough
	Population    *Source // where its items come from; nil: not known
	Owners        []string
	Operators     []string // persons who perform it; none: not known
	Reviewers     []string // persons who check it; none: not known
	Policies      []Policy // cited by it
	Tolerable     *int     // basis points of its items that may deviate; nil: by its kind
}

// Span is a closed interval of civil days. An end that has not come is civil.MaxDate.
type Span struct {
	From civil.Date `json:"from"`
	To   civil.Date `json:"to"`
}

// Walkthrough is one instance followed from start to end, in person or on record.
type Walkthrough struct {
	On         civil.Date
	Difference string // how what was seen differs from the description; empty: it does not
}

// Source is the system that a population is taken from.
type Source struct {
	Name      string
	Connected bool        // it was pulled at least once, and the last pull did not fail
	Retention int         // days for which the source keeps its records; 0: not limited, or not known
	Collected *civil.Date // the day from which its records are kept here; nil: none
}

// Policy is a document that a control refers to.
type Policy struct {
	ID       string
	Reviewed *civil.Date // its last review; nil: none on record
}

// Deviation is one item that deviates, with how long what was wrong lasted.
type Deviation struct {
	Control    string
	Key        string
	Member     civil.Date  // the day by which it belongs to a period: due, or when it happened
	Began      *civil.Date // nil: on the day of membership
	Ended      *civil.Date // the day on which the condition ended; nil: it lasts
	Attributes []string
	Late       bool // it was done, or will be, after it was due

	supposed bool
}

// Instance is one due act of a schedule.
type Instance struct {
	Control string
	Key     string
	Due     civil.Date
	Done    *civil.Date // nil: not done
	Owner   string      // a person; empty: the control's owner

	supposed bool
}

// Answer is yes, no or not known.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota
	Yes
	No
)

// Evidence says how the instances of a control stand with the three checks of evidence. Only what is not in order is
// listed: every other instance is complete, timely and linked.
type Evidence struct {
	Control   string
	Instances int
	Lacks     []Lack
}

// Lack is an instance, or several alike, of which a check does not hold or is not known.
type Lack struct {
	Key      string
	Count    int    // how many are like it; 0 is one
	Complete Answer // each required type of evidence is there, and each attribute can be decided
	Time     Answer // it arose inside the period, in order, was recorded in time, and not on request
	Link     Answer // it leads to an item, the control and a component in scope, all in force then
	Why      string
}

// Sample is a test of some items of a population, by hand.
type Sample struct {
	Control    string
	Population int
	Size       int
	Deviations int
}

// SelfApproval is an item that one person both prepared and approved.
type SelfApproval struct {
	Control, Key, Person string
	On                   civil.Date
}

// Compensation names a control that acts at the same risk as another. It helps only if it is tested, was in force
// when the other failed, stands in the description and covers all of the other's systems (handbook 4.8).
type Compensation struct {
	Control   string // that failed
	By        string // that compensates
	Criterion string // for which; empty: for every one
	Described bool   // it stands in the description of the system
	Partial   string // the systems it covers, if not all
}

// Waiver is an approved exception from a control.
type Waiver struct {
	ID, Control, Scope string
	Expires            civil.Date // the last day it holds
	InUse              bool       // somebody still relies on it
}

// Deficiency is a control that fails, as somebody concluded it.
type Deficiency struct {
	ID, Control, Severity string // high, medium or low
	Opened                civil.Date
	Due, Closed           *civil.Date
}

// CUEC is a control that users must have for the system to keep its commitments.
type CUEC struct {
	ID, Text     string
	Criteria     []string
	Communicated *civil.Date // to the users; nil: never
}

// Subservice is a vendor whose controls are necessary to keep the commitments.
type Subservice struct {
	Name       string
	Inclusive  bool // its controls are in the report; else they are carved out
	Criteria   []string
	CSOCs      []CSOC
	Monitoring []string // controls by which it is watched
	ReportEnd  *civil.Date
	BridgedTo  *civil.Date // what a bridge letter covers
	Modified   Answer      // whether the opinion of its report is modified
	Evaluated  *civil.Date // when the effect of a modified opinion or an exception was judged
}

// CSOC is a control that the report expects of a subservice organization.
type CSOC struct {
	ID        string
	Criteria  []string
	Exception bool // its own report shows an exception on it
}

// VendorDuty is a control that a vendor's report expects of us as its user.
type VendorDuty struct {
	Vendor, Text string
	Control      string // of ours that does it; empty: none is named
}

// Incident is one that may have to be described (description criterion 4).
type Incident struct {
	ID      string
	On      civil.Date
	Decided *civil.Date // when it was decided whether the report describes it
}

// Change is a change of the system that readers of the description must know.
type Change struct {
	What      string
	On        civil.Date
	Described bool
}

// Clock is how the clock of a source stands.
type Clock struct {
	Source    string
	Registers []string // that are filled from it
	Offset    int      // seconds ahead; negative when behind
	Zone      bool     // its zone is known
}

// Claim is a sentence of the description, with the controls that bear it.
type Claim struct {
	Text     string
	Controls []string
}

// Paper is a part of the report that names what the report is about.
type Paper struct {
	Name       string // cover, assertion, opinion, description
	Report     string
	Term       Term
	Categories []string // nil: it names none
}

// Boundary is what is recorded of the system.
type Boundary struct {
	Components int // systems, in scope
	Flows      int // of data
}

// Earlier is a report that was issued before.
type Earlier struct {
	Report string
	Term   Term
}
