package access

import (
	"time"

	"github.com/assayhq/assay/internal/id"
)

// Listed is a person in an organization's directory (SCIM, RFC 7643 section 4.1): what the directory says of them there. It names
// the person for this organization alone: neither the identifier nor a field tells whether the person is known elsewhere.
type Listed struct {
	ID                                string // of the entry, not of the person
	Org                               id.Org
	Person                            id.Person
	External                          string // the directory's own identifier; empty: none
	UserName                          string // unique in the directory, whatever the case
	Email                             string // as ParseEmail gives it; the person's address, which a directory does not change
	Given, Family, Formatted, Display string
	Active                            bool // false: no role here
	Own                               bool // the directory made the person
	Created, Changed                  time.Time
	Ended                             *time.Time // nil: listed
}

// ListedGroup is a group of a directory. Its name decides which role its members have.
type ListedGroup struct {
	ID               string
	Org              id.Org
	Name             string // unique in the directory, whatever the case
	External         string
	Members          []string // identifiers of entries, sorted
	Created, Changed time.Time
	Ended            *time.Time
}

// Where is a condition over a directory. Whatever came with a request stands in Value alone.
type Where struct {
	// Op is and, or, not over Parts; true or false by itself; eq, ne, co, sw, ew, pr, gt, ge, lt, le of Field and Value.
	Op string
	// Field is id, external, name, email, display, active, created, changed; of groups also member, for eq.
	Field string
	// Value is a text, a bool of active, a time of created and changed. Texts of name, email and display are in lower case.
	Value any
	Parts []Where
}
