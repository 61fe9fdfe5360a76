// Package oscal writes and reads documents of NIST's Open Security Controls Assessment Language 1.1.3: the
// component definition, the system security plan, the assessment plan, the assessment results and the plan of
// action and milestones of a program. It has only the members that Assay uses; all others are kept when a
// document is read and written again.
package oscal

// Version is the version of OSCAL that documents are written in.
const Version = "1.1.3"

// Namespace is the name under which our own properties stand.
const Namespace = "https://assayhq.github.io/ns"

// Document is one OSCAL document. Exactly one model is set.
type Document struct {
	Rest
	ComponentDefinition *Components `json:"component-definition"`
	SystemSecurityPlan  *Plan       `json:"system-security-plan"`
	AssessmentPlan      *AssessPlan `json:"assessment-plan"`
	AssessmentResults   *Assessment `json:"assessment-results"`
	ActionPlan          *ActionPlan `json:"plan-of-action-and-milestones"`
}

// Metadata is the head of every document.
type Metadata struct {
	Rest
	Title              string             `json:"title"`
	LastModified       string             `json:"last-modified"` // of the figures; RFC 3339
	Version            string             `json:"version"`
	OSCALVersion       string             `json:"oscal-version"`
	Props              []Property         `json:"props"`
	Roles              []Role             `json:"roles"`
	Parties            []Party            `json:"parties"`
	ResponsibleParties []ResponsibleParty `json:"responsible-parties"`
	Remarks            string             `json:"remarks"`
}

// Property is a name and a value; those of ours carry Namespace.
type Property struct {
	Rest
	Name  string `json:"name"`
	NS    string `json:"ns"`
	Value string `json:"value"`
	Class string `json:"class"`
}

// Role is a duty that parties have.
type Role struct {
	Rest
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Party is a person or an organization.
type Party struct {
	Rest
	UUID string `json:"uuid"`
	Type string `json:"type"` // person or organization
	Name string `json:"name"`
}

// ResponsibleParty names who has a role.
type ResponsibleParty struct {
	Rest
	RoleID     string   `json:"role-id"`
	PartyUUIDs []string `json:"party-uuids"`
}

// Link leads to a resource.
type Link struct {
	Rest
	Href string `json:"href"`
	Rel  string `json:"rel"`
	Text string `json:"text"`
}

// BackMatter holds the resources that a document refers to.
type BackMatter struct {
	Rest
	Resources []Resource `json:"resources"`
}

// Resource is something that a document refers to by "#uuid".
type Resource struct {
	Rest
	UUID        string       `json:"uuid"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Props       []Property   `json:"props"`
	DocumentIDs []DocumentID `json:"document-ids"` // of another document
}

// DocumentID names a document.
type DocumentID struct {
	Rest
	Identifier string `json:"identifier"`
}

// Components is a component definition: what an organization offers towards criteria.
type Components struct {
	Rest
	UUID       string      `json:"uuid"`
	Metadata   *Metadata   `json:"metadata"`
	Components []Component `json:"components"`
	BackMatter *BackMatter `json:"back-matter"`
}

// Component is a control of the program, or a system inside the boundary.
type Component struct {
	Rest
	UUID                   string                  `json:"uuid"`
	Type                   string                  `json:"type"`
	Title                  string                  `json:"title"`
	Description            string                  `json:"description"`
	Props                  []Property              `json:"props"`
	Status                 *Status                 `json:"status"` // in a plan only
	ControlImplementations []ControlImplementation `json:"control-implementations"`
}

// ControlImplementation says which criteria of a source a component serves.
type ControlImplementation struct {
	Rest
	UUID         string        `json:"uuid"`
	Source       string        `json:"source"`
	Description  string        `json:"description"`
	Requirements []Requirement `json:"implemented-requirements"`
}

// Requirement is one criterion (a control, in OSCAL's words) and how it is met.
type Requirement struct {
	Rest
	UUID         string        `json:"uuid"`
	ControlID    string        `json:"control-id"`
	Description  string        `json:"description"`
	Props        []Property    `json:"props"`
	ByComponents []ByComponent `json:"by-components"`
	Remarks      string        `json:"remarks"`
}

// ByComponent says how a component meets a criterion.
type ByComponent struct {
	Rest
	ComponentUUID string     `json:"component-uuid"`
	UUID          string     `json:"uuid"`
	Description   string     `json:"description"`
	Props         []Property `json:"props"`
}

// Status is a state with its reason.
type Status struct {
	Rest
	State   string `json:"state"`
	Reason  string `json:"reason"`
	Remarks string `json:"remarks"`
}

// Plan is a system security plan.
type Plan struct {
	Rest
	UUID                  string           `json:"uuid"`
	Metadata              *Metadata        `json:"metadata"`
	ImportProfile         *Import          `json:"import-profile"`
	SystemCharacteristics *Characteristics `json:"system-characteristics"`
	SystemImplementation  *Implementation  `json:"system-implementation"`
	ControlImplementation *PlanControls    `json:"control-implementation"`
	BackMatter            *BackMatter      `json:"back-matter"`
}

// Import refers to another document.
type Import struct {
	Rest
	Href    string `json:"href"`
	Remarks string `json:"remarks"`
}

// Characteristics describe the system.
type Characteristics struct {
	Rest
	SystemIDs             []SystemID   `json:"system-ids"`
	SystemName            string       `json:"system-name"`
	Description           string       `json:"description"`
	Props                 []Property   `json:"props"`
	SystemInformation     *Information `json:"system-information"`
	Status                *Status      `json:"status"`
	AuthorizationBoundary *Described   `json:"authorization-boundary"`
}

// SystemID names the system.
type SystemID struct {
	Rest
	IdentifierType string `json:"identifier-type"`
	ID             string `json:"id"`
}

// Information is what kinds of information the system holds.
type Information struct {
	Rest
	Types []Described `json:"information-types"`
}

// Described is something with a title and a description.
type Described struct {
	Rest
	UUID        string `json:"uuid"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// Implementation is who uses the system and what it is made of.
type Implementation struct {
	Rest
	Users      []Described `json:"users"`
	Components []Component `json:"components"`
}

// PlanControls say how each criterion is met.
type PlanControls struct {
	Rest
	Description  string        `json:"description"`
	Requirements []Requirement `json:"implemented-requirements"`
}

// Assessment is what tests found.
type Assessment struct {
	Rest
	UUID       string      `json:"uuid"`
	Metadata   *Metadata   `json:"metadata"`
	ImportAP   *Import     `json:"import-ap"`
	Results    []Result    `json:"results"`
	BackMatter *BackMatter `json:"back-matter"`
}

// Result is one period's tests.
type Result struct {
	Rest
	UUID             string            `json:"uuid"`
	Title            string            `json:"title"`
	Description      string            `json:"description"`
	Start            string            `json:"start"`
	End              string            `json:"end"`
	Props            []Property        `json:"props"`
	LocalDefinitions *LocalDefinitions `json:"local-definitions"`
	ReviewedControls *Reviewed         `json:"reviewed-controls"`
	Attestations     []Attestation     `json:"attestations"`
	Observations     []Observation     `json:"observations"`
	Risks            []Risk            `json:"risks"`
	Findings         []Finding         `json:"findings"`
	Remarks          string            `json:"remarks"`
}

// LocalDefinitions are components that no plan defines.
type LocalDefinitions struct {
	Rest
	Components []Component `json:"components"`
}

// Reviewed names the criteria that were looked at.
type Reviewed struct {
	Rest
	Selections []Selection          `json:"control-selections"`
	Objectives []ObjectiveSelection `json:"control-objective-selections"`
}

// Selection is a list of criteria.
type Selection struct {
	Rest
	Description     string    `json:"description"`
	IncludeControls []Control `json:"include-controls"`
}

// Control is a criterion's identifier.
type Control struct {
	Rest
	ID string `json:"control-id"`
}

// Observation is one thing seen: a test of a whole population, or an item of it.
type Observation struct {
	Rest
	UUID        string     `json:"uuid"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Props       []Property `json:"props"`
	Links       []Link     `json:"links"`
	Methods     []string   `json:"methods"`
	Types       []string   `json:"types"`
	Origins     []Origin   `json:"origins"`
	Subjects    []Subject  `json:"subjects"`
	Collected   string     `json:"collected"`
	Remarks     string     `json:"remarks"`
}

// Subject is what an observation is about.
type Subject struct {
	Rest
	UUID string `json:"subject-uuid"`
	Type string `json:"type"`
}

// Finding is what a test says of one objective.
type Finding struct {
	Rest
	UUID        string        `json:"uuid"`
	Title       string        `json:"title"`
	Description string        `json:"description"`
	Props       []Property    `json:"props"`
	Target      *Target       `json:"target"`
	Related     []Related     `json:"related-observations"`
	Risks       []RelatedRisk `json:"related-risks"`
	Remarks     string        `json:"remarks"`
}

// Target is the objective of a finding, and its status.
type Target struct {
	Rest
	Type   string     `json:"type"`
	ID     string     `json:"target-id"`
	Title  string     `json:"title"`
	Props  []Property `json:"props"`
	Status *Status    `json:"status"`
}

// Related names an observation.
type Related struct {
	Rest
	UUID string `json:"observation-uuid"`
}

// RelatedRisk names a risk.
type RelatedRisk struct {
	Rest
	UUID string `json:"risk-uuid"`
}

// Risk is what deviations leave open.
type Risk struct {
	Rest
	UUID        string       `json:"uuid"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Statement   string       `json:"statement"`
	Props       []Property   `json:"props"`
	Status      string       `json:"status"`
	Mitigating  []Mitigating `json:"mitigating-factors"`
	Remediation []Response   `json:"remediations"`
	Related     []Related    `json:"related-observations"`
}
