// Package access says who may do what. A policy is a name that every route must declare; a
// route without one does not start.
package access

// Policy names what a caller must be allowed to do. The zero value is no policy at all and
// is refused wherever one is asked for.
type Policy struct{ name string }

// The policies of the read-only pages.
var (
	// Public is open to everybody: style sheets and the health of the process, never a fact.
	Public = Policy{"public"}
	// ReadResults lets see controls, their tests, verdicts and counts.
	ReadResults = Policy{"read results"}
	// ReadRecords lets see single records, which may hold personal data, and their proofs.
	ReadRecords = Policy{"read records"}
	// ReadSources lets see where records came from: queries, parameters, operators.
	ReadSources = Policy{"read sources"}
)

// All lists every policy, so that a matrix test can be generated from the routes.
func All() []Policy { return []Policy{Public, ReadResults, ReadRecords, ReadSources} }

// Declared reports whether the policy is one of those above.
func (p Policy) Declared() bool { return p.name != "" }

// String is the policy's name, as logs and tests print it.
func (p Policy) String() string {
	if p.name == "" {
		return "none"
	}
	return p.name
}
