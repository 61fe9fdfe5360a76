package access

import (
	"context"
	"slices"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Role is what a person is in one organization. A person may have several there, and others elsewhere.
type Role string

// The roles. An auditor and a customer are separate parties.
const (
	Administrator Role = "administrator" // members, settings and sources; reads no evidence by this role alone
	Lead          Role = "lead"          // compliance lead: runs the program
	Owner         Role = "owner"         // control owner
	Executive     Role = "executive"     // signs the assertion
	Contributor   Role = "contributor"   // gives what is asked of them
	Adviser       Role = "adviser"       // helps to prepare; never the auditor of the same client
	Auditor       Role = "auditor"       // examines; never an adviser or a member of management
	Customer      Role = "customer"      // reads what is granted
	Partner       Role = "partner"       // of an audit firm: opens engagements, concludes, signs reports
	Practitioner  Role = "practitioner"  // of an audit firm: works in engagements as their member
)

// Roles lists all roles.
func Roles() []Role {
	return []Role{Administrator, Lead, Owner, Executive, Contributor, Adviser, Auditor, Customer, Partner, Practitioner}
}

// ParseRole reads a role's name.
func ParseRole(s string) (Role, error) {
	if r := Role(s); slices.Contains(Roles(), r) {
		return r, nil
	}
	return "", fault.Refuse("%q is no role; expected one of %v", s, Roles())
}

// Scope is what an API token may be used for. It never gives more than the roles of the person whose token it is.
type Scope string

// The scopes.
const (
	ScopeAny       Scope = "any"       // what is open to everybody
	ScopeRead      Scope = "read"      // program, results, sources, without single records
	ScopeRecords   Scope = "records"   // single records, evidence and drafts
	ScopeWrite     Scope = "write"     // work: evidence, registers, answers, program
	ScopeProvision Scope = "provision" // accounts, for a directory
)

// Scopes lists what a token can be given.
func Scopes() []Scope { return []Scope{ScopeRead, ScopeRecords, ScopeWrite, ScopeProvision} }

// Visitor is who asks. The zero value is nobody.
type Visitor struct {
	Person  id.Person // empty: nobody is signed in
	Name    string
	Email   string // lower-case; how registers name the person (an alias)
	Org     id.Org // the organization that the address names; empty outside of one
	Kind    Kind   // of Org
	Roles   []Role // in Org; empty: no member of it. Those that there are not in its kind give nothing
	Strong  bool   // the person proved who they are within the last minutes
	Token   bool   // a program with an API token asks, on behalf of the person
	Scopes  []Scope
	Session string // the session's public id, for the list of sessions; never the secret
}

// May reports whether the visitor may do what the policy names, apart from proving again who they are.
func (v Visitor) May(p Policy) bool {
	v.Strong = true
	return Decide(p, v) == nil
}

// InForce are the visitor's roles that there are in the organization's kind.
func (v Visitor) InForce() []Role {
	in, _ := InForce(v.Kind, v.Roles)
	return in
}

// Is reports whether the visitor has a role, and there is such a role in the organization's kind.
func (v Visitor) Is(r Role) bool { return slices.Contains(v.InForce(), r) }

type visitorKey struct{}

// With keeps the visitor of a request.
func With(ctx context.Context, v Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// From gives the visitor of a request; nobody when none was kept.
func From(ctx context.Context) Visitor {
	v, _ := ctx.Value(visitorKey{}).(Visitor)
	return v
}
