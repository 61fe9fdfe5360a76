package assure

// Frequency says how often a control acts.
type Frequency string

// The frequencies of a control. Everything else about timing is in its test and its calendar.
const (
	PerEvent   Frequency = "per_event"
	Continuous Frequency = "continuous"
	Daily      Frequency = "daily"
	Weekly     Frequency = "weekly"
	Monthly    Frequency = "monthly"
	Quarterly  Frequency = "quarterly"
	Semiannual Frequency = "semiannual"
	Annual     Frequency = "annual"
)

// Control is what the organization says it does. Management owns it; the library only offers one.
type Control struct {
	ID             string    `json:"id"`
	Title          string    `json:"title"`
	Statement      string    `json:"statement"`
	Owner          string    `json:"owner"` // a role, not a person
	Frequency      Frequency `json:"frequency"`
	Nature         string    `json:"nature"` // manual, automated, hybrid
	Type           string    `json:"type"`   // preventive, detective, corrective
	Key            bool      `json:"key"`
	EvidenceTypes  []string  `json:"evidence_types"`
	Shape          Shape     `json:"shape"`
	Unit           string    `json:"unit"`         // what one item of the population is
	Source         string    `json:"source"`       // the system that did the thing
	Completeness   string    `json:"completeness"` // how the population is shown to be whole
	PassRule       string    `json:"pass_rule"`
	ZeroOccurrence string    `json:"zero_occurrence"`
	Escalation     string    `json:"escalation"`
	Criteria       []string  `json:"criteria"`   // criteria to which it is a primary contribution
	Supporting     []string  `json:"supporting"` // criteria that it only supports
	ISO27001       []string  `json:"iso27001"`
	Objectives     []string  `json:"objectives"` // SOC 1 objectives
	Tags           []string  `json:"tags"`
}

// Criterion is one criterion of a framework, in our own words: the official text is not reproduced.
type Criterion struct {
	ID          string   `json:"id"`
	Framework   string   `json:"framework"`
	Category    string   `json:"category"`
	Series      string   `json:"series"`
	SeriesTitle string   `json:"series_title"`
	Title       string   `json:"title"`
	Common      bool     `json:"common"`              // applies to every category
	Principle   int      `json:"principle,omitempty"` // COSO principle; 0 when none
	Primary     []string `json:"primary"`             // controls that contribute to it directly
	Supporting  []string `json:"supporting"`          // controls that only support it
}
