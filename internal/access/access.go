// Package access says who may do what. A policy is a name that every route must declare; a
// route without one does not start. The table of policies stands in this file and nowhere else.
package access

import (
	"slices"

	"github.com/assayhq/assay/internal/fault"
)

// Policy names what a caller must be allowed to do. The zero value is no policy at all and
// is refused wherever one is asked for.
type Policy struct{ name string }

// rule is what a policy asks for.
type rule struct {
	policy Policy
	who    circle
	roles  []Role // of members; for the circle members only
	scope  Scope  // what an API token must hold; empty: no token suffices
	stepUp bool   // a person must have proven who they are within the last minutes
}

// circle is who comes into question at all.
type circle int

const (
	anybody  circle = iota // signed in or not
	signedIn               // any person, about themselves
	members                // of the organization that the address names
)

// The policies.
var (
	// Public is open to everybody: style sheets, the sign-in and the health of the process, never a fact.
	Public = Policy{"public"}
	// OwnAccount is about the person who asks: their sessions, settings, organizations.
	OwnAccount = Policy{"own account"}
	// OwnSecrets changes what a person signs in with.
	OwnSecrets = Policy{"own secrets"}
	// Found makes a further organization in this installation.
	Found = Policy{"found an organization"}
	// ReadHome is a member's own page: what is assigned to them, and no figure that their role does not see elsewhere.
	ReadHome = Policy{"read home"}
	// ReadProgram sees what the organization says it does: scope, system, controls, policies, objectives.
	ReadProgram = Policy{"read program"}
	// ReadResults sees controls, their tests, verdicts and counts.
	ReadResults = Policy{"read results"}
	// ReadRecords sees single records, evidence and proofs, which may hold personal data.
	ReadRecords = Policy{"read records"}
	// ReadSources sees where records came from: queries, parameters, operators.
	ReadSources = Policy{"read sources"}
	// ReadLedger sees checkpoints, anchors and what is not yet anchored.
	ReadLedger = Policy{"read ledger"}
	// ReadDrafts sees management's drafts of a report. An auditor does not until they are released.
	ReadDrafts = Policy{"read drafts"}
	// ReadPeople sees who is a member, in which role.
	ReadPeople = Policy{"read people"}
	// ReadGranted sees what was released to customers.
	ReadGranted = Policy{"read what is granted"}
	// ReadClients is an adviser's view over several client organizations.
	ReadClients = Policy{"read clients"}
	// EditProgram prepares controls, scope, description and policies.
	EditProgram = Policy{"edit program"}
	// ApproveProgram approves what somebody else prepared.
	ApproveProgram = Policy{"approve program"}
	// DoWork does what is assigned: gives evidence, answers checklists, keeps registers.
	DoWork = Policy{"do work"}
	// Acknowledge accepts a policy or confirms a training, for oneself.
	Acknowledge = Policy{"acknowledge"}
	// AnswerDeviations writes management's answer to a deviation.
	AnswerDeviations = Policy{"answer deviations"}
	// RunWork assigns, plans campaigns, freezes lists, follows removals.
	RunWork = Policy{"run work"}
	// SignAssertion signs management's assertion.
	SignAssertion = Policy{"sign assertion"}
	// Import takes files in as pulls.
	Import = Policy{"import"}
	// ManageSources configures where records are pulled from and where notices go.
	ManageSources = Policy{"manage sources"}
	// ManagePeople invites, gives and takes roles, ends sessions of others.
	ManagePeople = Policy{"manage people"}
	// Provision creates and ends accounts for a directory (SCIM).
	Provision = Policy{"provision"}
	// ReadEngagements sees the engagements of an audit firm, or those of a client: each side what its own ledger knows.
	ReadEngagements = Policy{"read engagements"}
	// TakePart tries an act in an engagement. The table of acts decides, and keeps on record what it refuses.
	TakePart = Policy{"take part in engagements"}
	// Release lets documents and packages leave the house.
	Release = Policy{"release"}
)

// table is the whole of the rules. An administrator runs the installation and reads no evidence by that role; an
// auditor writes nothing of the client's; a customer sees what was granted.
var table = []rule{
	{policy: Public, who: anybody, scope: ScopeAny},
	{policy: OwnAccount, who: signedIn},
	{policy: OwnSecrets, who: signedIn, stepUp: true},
	{policy: Found, who: signedIn, stepUp: true},
	{policy: ReadHome, who: members, roles: []Role{Administrator, Lead, Owner, Executive, Contributor, Adviser, Auditor, Partner, Practitioner}, scope: ScopeRead},
	{policy: ReadProgram, who: members, roles: []Role{Administrator, Lead, Owner, Executive, Contributor, Adviser, Auditor}, scope: ScopeRead},
	{policy: ReadResults, who: members, roles: []Role{Lead, Owner, Executive, Adviser, Auditor}, scope: ScopeRead},
	{policy: ReadRecords, who: members, roles: []Role{Lead, Owner, Adviser, Auditor}, scope: ScopeRecords},
	{policy: ReadSources, who: members, roles: []Role{Administrator, Lead, Owner, Adviser, Auditor}, scope: ScopeRead},
	{policy: ReadLedger, who: members, roles: []Role{Administrator, Lead, Owner, Executive, Adviser, Auditor, Partner, Practitioner}, scope: ScopeRead},
	{policy: ReadDrafts, who: members, roles: []Role{Lead, Owner, Executive, Adviser}, scope: ScopeRecords},
	{policy: ReadPeople, who: members, roles: []Role{Administrator, Lead}, scope: ScopeRead},
	{policy: ReadGranted, who: members, roles: Roles(), scope: ScopeRead},
	{policy: ReadClients, who: signedIn},
	{policy: EditProgram, who: members, roles: []Role{Lead, Adviser}, scope: ScopeWrite},
	{policy: ApproveProgram, who: members, roles: []Role{Lead, Executive}, stepUp: true},
	{policy: DoWork, who: members, roles: []Role{Lead, Owner, Contributor}, scope: ScopeWrite},
	{policy: Acknowledge, who: members, roles: []Role{Administrator, Lead, Owner, Executive, Contributor}},
	{policy: AnswerDeviations, who: members, roles: []Role{Lead, Owner}, scope: ScopeWrite},
	{policy: RunWork, who: members, roles: []Role{Lead}, scope: ScopeWrite},
	{policy: SignAssertion, who: members, roles: []Role{Executive}, stepUp: true},
	{policy: Import, who: members, roles: []Role{Lead, Owner}, scope: ScopeWrite},
	{policy: ManageSources, who: members, roles: []Role{Administrator}, stepUp: true},
	{policy: ManagePeople, who: members, roles: []Role{Administrator}, stepUp: true},
	{policy: Provision, who: members, roles: []Role{Administrator}, scope: ScopeProvision},
	{policy: ReadEngagements, who: members, roles: []Role{Lead, Owner, Executive, Partner, Practitioner}},
	{policy: TakePart, who: members, roles: []Role{Administrator, Lead, Owner, Executive, Contributor, Adviser, Auditor, Partner, Practitioner}},
	{policy: Release, who: members, roles: []Role{Lead}, stepUp: true},
}

// All lists every policy, so that a matrix test can be generated from the routes.
func All() []Policy {
	out := make([]Policy, len(table))
	for i, r := range table {
		out[i] = r.policy
	}
	return out
}

// Declared reports whether the policy is one of those above.
func (p Policy) Declared() bool {
	return slices.ContainsFunc(table, func(r rule) bool { return r.policy == p })
}

// String is the policy's name, as logs and tests print it.
func (p Policy) String() string {
	if p.name == "" {
		return "none"
	}
	return p.name
}

// The answers of Decide, each also fault.Denied.
var (
	// SignIn asks for a person: nobody is signed in.
	SignIn = &fault.Error{Kind: fault.Denied, What: "sign in first"}
	// StepUp asks the person to prove again who they are: the last proof is too old for this act.
	StepUp = &fault.Error{Kind: fault.Denied, What: "this act asks you to prove again who you are"}
)

// Decide answers nil when the visitor may do what the policy names. Who is no member of the organization learns
// fault.NotFound, as for an organization that does not exist.
//
// A role that there is not in the organization's kind counts as none: nobody gets to the pages of an engagement's one party by a role of the other's.
func Decide(p Policy, v Visitor) error { return decide(table, places, p, v) }

func decide(table []rule, places map[Kind][]Role, p Policy, v Visitor) error {
	i := slices.IndexFunc(table, func(r rule) bool { return r.policy == p })
	if i < 0 {
		return fault.Refuse("no such policy: %s", p)
	}
	r := table[i]
	if r.who == anybody {
		return nil
	}
	if v.Person == "" {
		return SignIn
	}
	if r.who == members {
		roles, _ := inForce(places, v.Kind, v.Roles)
		if len(roles) == 0 {
			return fault.NotFound
		}
		if !slices.ContainsFunc(roles, func(x Role) bool { return slices.Contains(r.roles, x) }) {
			return &fault.Error{Kind: fault.Denied, What: "none of your roles here includes it: " + r.policy.name}
		}
	}
	switch {
	case v.Token && (r.scope == "" || !slices.Contains(v.Scopes, r.scope)):
		return &fault.Error{Kind: fault.Denied, What: "the token's scopes do not include it: " + r.policy.name}
	case r.stepUp && !v.Strong:
		return StepUp
	}
	return nil
}
