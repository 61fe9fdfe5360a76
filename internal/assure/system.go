package assure

import (
	"github.com/assayhq/assay/internal/civil"
)

// System is what management says of the system: the facts from which section III of a SOC 2 report is drawn, by
// the description criteria DC 1 to DC 9. Free text stands beside it, as Markdown, in Texts.
type System struct {
	Name          string            `json:"name,omitempty" yaml:"name,omitempty"`
	Services      []Part            `json:"services,omitempty" yaml:"services,omitempty"`               // DC 1
	Commitments   []Commitment      `json:"commitments,omitempty" yaml:"commitments,omitempty"`         // DC 2
	Components    Components        `json:"components,omitzero" yaml:"components,omitempty"`            // DC 3
	Locations     []Part            `json:"locations,omitempty" yaml:"locations,omitempty"`             // DC 3
	Flow          Flow              `json:"flow,omitzero" yaml:"flow,omitempty"`                        // DC 3: where data goes
	Incidents     []Incident        `json:"incidents,omitempty" yaml:"incidents,omitempty"`             // DC 4
	CUECs         []CUEC            `json:"cuecs,omitempty" yaml:"cuecs,omitempty"`                     // DC 6
	Duties        []Part            `json:"user_duties,omitempty" yaml:"user_duties,omitempty"`         // good practice of users; no CUEC
	Subservice    []Subservice      `json:"subservice,omitempty" yaml:"subservice,omitempty"`           // DC 7
	NotRelevant   map[string]string `json:"not_relevant,omitempty" yaml:"not_relevant,omitempty"`       // DC 8: criterion -> why
	Changes       []SystemChange    `json:"changes,omitempty" yaml:"changes,omitempty"`                 // DC 9
	Reports       []Earlier         `json:"earlier_reports,omitempty" yaml:"earlier_reports,omitempty"` // the chain of reports
	NoIncidents   string            `json:"no_incidents,omitempty" yaml:"no_incidents,omitempty"`       // DC 4: why none is to be told
	NoChanges     string            `json:"no_changes,omitempty" yaml:"no_changes,omitempty"`           // DC 9: why none is to be told
	NoSubservice  string            `json:"no_subservice,omitempty" yaml:"no_subservice,omitempty"`     // DC 7: why there is none
	NoCUECs       string            `json:"no_cuecs,omitempty" yaml:"no_cuecs,omitempty"`               // DC 6: why there is none
	Texts         map[string]string `json:"texts,omitempty" yaml:"-"`                                   // "dc1" to "dc9" -> Markdown; in a folder: description/dc1.md
	Applicability map[string]Reason `json:"applicability,omitempty" yaml:"applicability,omitempty"`     // ISO/IEC 27001: Annex A control -> what the mapping does not say
}

// Part is a named piece of the system.
type Part struct {
	Name string `json:"name" yaml:"name"`
	Text string `json:"text,omitempty" yaml:"text,omitempty"`
}

// Commitment is a principal service commitment or a system requirement (DC 2).
type Commitment struct {
	Text        string   `json:"text" yaml:"text"`
	Requirement bool     `json:"requirement,omitempty" yaml:"requirement,omitempty"` // of the system, not promised to users
	Criteria    []string `json:"criteria,omitempty" yaml:"criteria,omitempty"`
}

// Components are the five kinds of which a system is made (DC 3).
type Components struct {
	Infrastructure []Part `json:"infrastructure,omitempty" yaml:"infrastructure,omitempty"`
	Software       []Part `json:"software,omitempty" yaml:"software,omitempty"`
	People         []Part `json:"people,omitempty" yaml:"people,omitempty"`
	Procedures     []Part `json:"procedures,omitempty" yaml:"procedures,omitempty"`
	Data           []Part `json:"data,omitempty" yaml:"data,omitempty"`
}

// Flow is where data is created, processed, stored and transmitted.
type Flow struct {
	Nodes []Node `json:"nodes,omitempty" yaml:"nodes,omitempty"`
	Edges []Edge `json:"edges,omitempty" yaml:"edges,omitempty"`
}

// Node is a place where data is.
type Node struct {
	ID      string   `json:"id" yaml:"id"`
	Name    string   `json:"name" yaml:"name"`
	Does    []string `json:"does,omitempty" yaml:"does,omitempty"` // created, processed, stored, transmitted
	Outside bool     `json:"outside,omitempty" yaml:"outside,omitempty"`
	System  string   `json:"system,omitempty" yaml:"system,omitempty"` // of the register systems
}

// Edge is a way that data goes.
type Edge struct {
	From string `json:"from" yaml:"from"`
	To   string `json:"to" yaml:"to"`
	Data string `json:"data" yaml:"data"`
	How  string `json:"how,omitempty" yaml:"how,omitempty"` // such as TLS 1.2 or later
}

// Incident is what was decided about telling of an incident (DC 4).
type Incident struct {
	ID        string      `json:"id" yaml:"id"` // of the register incidents
	Disclose  bool        `json:"disclose" yaml:"disclose"`
	Text      string      `json:"text,omitempty" yaml:"text,omitempty"` // nature, timing, extent and effect
	Why       string      `json:"why,omitempty" yaml:"why,omitempty"`   // where it is not told
	DecidedBy string      `json:"decided_by,omitempty" yaml:"decided_by,omitempty"`
	DecidedOn *civil.Date `json:"decided_on,omitempty" yaml:"decided_on,omitempty"`
}

// CUEC is a complementary user entity control: users must do it, or a criterion is not met.
type CUEC struct {
	ID           string      `json:"id" yaml:"id"`
	Text         string      `json:"text" yaml:"text"`
	Criteria     []string    `json:"criteria" yaml:"criteria"`
	Communicated *civil.Date `json:"communicated_on,omitempty" yaml:"communicated_on,omitempty"`
}

// Subservice is a subservice organization: a vendor whose controls are necessary (DC 7).
type Subservice struct {
	Name       string      `json:"name" yaml:"name"`
	Services   string      `json:"services" yaml:"services"`
	Method     string      `json:"method" yaml:"method"` // carve_out or inclusive
	CSOCs      []CSOC      `json:"csocs,omitempty" yaml:"csocs,omitempty"`
	Monitoring []string    `json:"monitoring,omitempty" yaml:"monitoring,omitempty"` // our controls over it
	Report     string      `json:"report,omitempty" yaml:"report,omitempty"`         // the report it has
	ReportEnd  *civil.Date `json:"report_period_end,omitempty" yaml:"report_period_end,omitempty"`
	Opinion    string      `json:"opinion,omitempty" yaml:"opinion,omitempty"`                   // unqualified, qualified, adverse, disclaimer
	BridgedTo  *civil.Date `json:"bridged_to,omitempty" yaml:"bridged_to,omitempty"`             // the last day that its bridge letter covers
	JudgedOn   *civil.Date `json:"effect_judged_on,omitempty" yaml:"effect_judged_on,omitempty"` // when the effect of a modified opinion or an exception was judged
}

// CSOC is a complementary subservice organization control: what the vendor is assumed to do.
type CSOC struct {
	Text     string   `json:"text" yaml:"text"`
	Criteria []string `json:"criteria" yaml:"criteria"`
}

// SystemChange is a significant change of the system or its controls during the period (DC 9).
type SystemChange struct {
	On   civil.Date `json:"on" yaml:"on"`
	Text string     `json:"text" yaml:"text"`
}

// Earlier is a report that was issued before.
type Earlier struct {
	Report  string      `json:"report" yaml:"report"`
	From    *civil.Date `json:"from,omitempty" yaml:"from,omitempty"`
	To      *civil.Date `json:"to,omitempty" yaml:"to,omitempty"`
	AsOf    *civil.Date `json:"as_of,omitempty" yaml:"as_of,omitempty"`
	Opinion string      `json:"opinion,omitempty" yaml:"opinion,omitempty"`
}

// Reason says of a control of Annex A what a statement of applicability tells beside the mapping.
type Reason struct {
	Excluded string `json:"excluded,omitempty" yaml:"excluded,omitempty"` // why it is not necessary
	Included string `json:"included,omitempty" yaml:"included,omitempty"` // why it is
}
