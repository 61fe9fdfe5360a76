package access

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/fault"
)

// Kind is what an organization is in an engagement: it is examined, or it examines. It never changes. The zero value is Service.
type Kind int

// The kinds of organization.
const (
	Service Kind = iota // a service organization, which runs a program and is examined
	Firm                // an audit firm, which examines others
)

// String names the kind as sentences do.
func (k Kind) String() string {
	switch k {
	case Service:
		return "service organization"
	case Firm:
		return "audit firm"
	}
	return "organization of an unknown kind"
}

// Kinds lists the kinds of organization.
func Kinds() []Kind { return []Kind{Service, Firm} }

// places says which roles there are in which kind of organization. Nobody of the firm stands in the client's list of people and nobody of
// the client in the firm's: the two are apart, and both have administrators.
var places = map[Kind][]Role{
	Service: {Administrator, Lead, Owner, Executive, Contributor, Adviser, Auditor, Customer},
	Firm:    {Administrator, Partner, Practitioner},
}

// RolesIn lists the roles that there are in an organization of a kind. In one of an unknown kind there is none.
func RolesIn(k Kind) []Role { return slices.Clone(places[k]) }

// In reports whether there is such a role in an organization of a kind.
func (r Role) In(k Kind) bool { return slices.Contains(places[k], r) }

// InForce leaves of a person's roles those that there are in an organization of the kind, and apart from them those that give nothing there:
// granted before it was asked what the organization is, or written into the database by hand.
func InForce(k Kind, roles []Role) (in, void []Role) { return inForce(places, k, roles) }

func inForce(places map[Kind][]Role, k Kind, roles []Role) (in, void []Role) {
	for _, r := range roles {
		if slices.Contains(places[k], r) {
			in = append(in, r)
		} else {
			void = append(void, r)
		}
	}
	return in, void
}

// Place refuses roles that there are not in an organization of the kind.
func Place(k Kind, roles ...Role) error {
	for _, r := range roles {
		if !r.In(k) {
			return &fault.Error{Kind: fault.Refused, Field: "roles", What: fmt.Sprintf("the role %s does not exist here: the organization is of the kind %s; expected one of %v", r, k, RolesIn(k))}
		}
	}
	return nil
}

// Founders are the roles of whoever founds an organization of the kind.
func Founders(k Kind) []Role {
	if k == Firm {
		return []Role{Administrator, Partner}
	}
	return []Role{Administrator, Lead}
}
