package oscal

// AssessPlan is an assessment plan: what is tested, how, and of what.
type AssessPlan struct {
	Rest
	UUID             string              `json:"uuid"`
	Metadata         *Metadata           `json:"metadata"`
	ImportSSP        *Import             `json:"import-ssp"`
	LocalDefinitions *PlanDefinitions    `json:"local-definitions"`
	Terms            *Terms              `json:"terms-and-conditions"`
	ReviewedControls *Reviewed           `json:"reviewed-controls"`
	Subjects         []AssessmentSubject `json:"assessment-subjects"`
	Assets           *Assets             `json:"assessment-assets"`
	Tasks            []Task              `json:"tasks"`
	BackMatter       *BackMatter         `json:"back-matter"`
}

// PlanDefinitions are what a plan defines itself: the objectives that are concluded on, and the tests.
type PlanDefinitions struct {
	Rest
	Objectives []LocalObjective `json:"objectives-and-methods"`
	Activities []Activity       `json:"activities"`
}

// LocalObjective are the objectives of one criterion.
type LocalObjective struct {
	Rest
	ControlID string `json:"control-id"`
	Parts     []Part `json:"parts"`
}

// Part is a piece of text with a name. ID is for parts of a criterion only.
type Part struct {
	Rest
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Title string     `json:"title"`
	Props []Property `json:"props"`
	Prose string     `json:"prose"`
}

// Activity is one test.
type Activity struct {
	Rest
	UUID        string     `json:"uuid"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Props       []Property `json:"props"`
	Steps       []Step     `json:"steps"`
	Related     *Reviewed  `json:"related-controls"`
}

// Step is a procedure of a test, or a question that it asks of each item.
type Step struct {
	Rest
	UUID        string     `json:"uuid"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Props       []Property `json:"props"`
}

// Terms are the terms and conditions of an assessment.
type Terms struct {
	Rest
	Parts []Part `json:"parts"`
}

// AssessmentSubject is of what something is tested: components, and how many of which items of them.
type AssessmentSubject struct {
	Rest
	Type        string     `json:"type"`
	Description string     `json:"description"`
	Props       []Property `json:"props"`
	Include     []Subject  `json:"include-subjects"`
	Remarks     string     `json:"remarks"`
}

// Assets are what an assessment is done with.
type Assets struct {
	Rest
	Components []Component `json:"components"`
	Platforms  []Platform  `json:"assessment-platforms"`
}

// Platform is a set of tools.
type Platform struct {
	Rest
	UUID  string `json:"uuid"`
	Title string `json:"title"`
	Uses  []Uses `json:"uses-components"`
}

// Uses names a component that a platform uses, and who answers for it.
type Uses struct {
	Rest
	ComponentUUID string             `json:"component-uuid"`
	Responsible   []ResponsibleParty `json:"responsible-parties"`
}

// Task is a test to be done, or a milestone of a remediation.
type Task struct {
	Rest
	UUID        string               `json:"uuid"`
	Type        string               `json:"type"` // action or milestone
	Title       string               `json:"title"`
	Description string               `json:"description"`
	Props       []Property           `json:"props"`
	Timing      *Timing              `json:"timing"`
	Activities  []AssociatedActivity `json:"associated-activities"`
}

// Timing says when a task is due.
type Timing struct {
	Rest
	OnDate *OnDate `json:"on-date"`
}

// OnDate is the beginning of a civil day, in RFC 3339.
type OnDate struct {
	Rest
	Date string `json:"date"`
}

// AssociatedActivity is the test of a task, and of what it is made.
type AssociatedActivity struct {
	Rest
	ActivityUUID string              `json:"activity-uuid"`
	Subjects     []AssessmentSubject `json:"subjects"`
}

// ObjectiveSelection is a list of objectives.
type ObjectiveSelection struct {
	Rest
	Description string      `json:"description"`
	Include     []Objective `json:"include-objectives"`
}

// Objective names one objective.
type Objective struct {
	Rest
	ID string `json:"objective-id"`
}

// Attestation is what an assessor states, with who states it.
type Attestation struct {
	Rest
	Responsible []ResponsibleParty `json:"responsible-parties"`
	Parts       []Part             `json:"parts"`
}

// Origin is who found something, and by which task of the plan.
type Origin struct {
	Rest
	Actors []Actor       `json:"actors"`
	Tasks  []RelatedTask `json:"related-tasks"`
}

// Actor is a party of the document.
type Actor struct {
	Rest
	Type string `json:"type"`
	UUID string `json:"actor-uuid"`
}

// RelatedTask names a task of the plan.
type RelatedTask struct {
	Rest
	UUID string `json:"task-uuid"`
}

// Mitigating is what makes a risk smaller.
type Mitigating struct {
	Rest
	UUID        string     `json:"uuid"`
	Description string     `json:"description"`
	Props       []Property `json:"props"`
	Subjects    []Subject  `json:"subjects"`
}

// Response is what is done about a risk.
type Response struct {
	Rest
	UUID        string     `json:"uuid"`
	Lifecycle   string     `json:"lifecycle"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Props       []Property `json:"props"`
	Origins     []Origin   `json:"origins"`
	Tasks       []Task     `json:"tasks"`
	Remarks     string     `json:"remarks"`
}

// ActionPlan is a plan of action and milestones.
type ActionPlan struct {
	Rest
	UUID             string            `json:"uuid"`
	Metadata         *Metadata         `json:"metadata"`
	ImportSSP        *Import           `json:"import-ssp"`
	SystemID         *SystemID         `json:"system-id"`
	LocalDefinitions *LocalDefinitions `json:"local-definitions"`
	Observations     []Observation     `json:"observations"`
	Risks            []Risk            `json:"risks"`
	Findings         []Finding         `json:"findings"`
	Items            []ActionItem      `json:"poam-items"`
	BackMatter       *BackMatter       `json:"back-matter"`
}

// ActionItem is one thing that stands and is to be acted upon.
type ActionItem struct {
	Rest
	UUID        string           `json:"uuid"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Props       []Property       `json:"props"`
	Origins     []Origin         `json:"origins"`
	Findings    []RelatedFinding `json:"related-findings"`
	Related     []Related        `json:"related-observations"`
	Risks       []RelatedRisk    `json:"related-risks"`
	Remarks     string           `json:"remarks"`
}

// RelatedFinding names a finding.
type RelatedFinding struct {
	Rest
	UUID string `json:"finding-uuid"`
}
