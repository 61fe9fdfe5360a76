package access

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/fault"
)

// Duty is one side of an act that two people must share.
type Duty string

// The duties.
const (
	Prepare Duty = "prepare"
	Request Duty = "request"
	Approve Duty = "approve"
	Grant   Duty = "grant"
	Use     Duty = "use"
)

// against lists the duties that one person may not both have had over one object.
var against = map[Duty][]Duty{
	Prepare: {Approve},
	Request: {Approve},
	Approve: {Prepare, Request},
	Grant:   {Use},
	Use:     {Grant},
}

// Done is one act of the history: who had which duty over what.
type Done struct {
	Duty   Duty
	Object string
	Person string // the person, whatever login was used
}

// Conflict refuses an act whose other side the same person had before, over the same object. The whole history counts:
// a duty once had is not undone by a later act.
func Conflict(d Done, history []Done) error {
	for _, h := range history {
		if h.Object == d.Object && h.Person == d.Person && slices.Contains(against[d.Duty], h.Duty) {
			return &fault.Error{Kind: fault.Denied, What: fmt.Sprintf("you cannot %s what you %s yourself: %s", d.Duty, past[h.Duty], d.Object),
				Hint: "ask another person whose role includes it"}
		}
	}
	return nil
}

var past = map[Duty]string{Prepare: "prepared", Request: "requested", Approve: "approved", Grant: "granted", Use: "used"}

// apart lists the roles that one person may never have had both of, in one organization.
var apart = []struct{ a, b Role }{
	{Auditor, Administrator}, {Auditor, Lead}, {Auditor, Owner}, {Auditor, Executive}, {Auditor, Contributor}, {Auditor, Adviser},
	{Executive, Adviser}, {Customer, Auditor},
	{Partner, Lead}, {Partner, Owner}, {Partner, Executive}, {Partner, Contributor}, {Partner, Adviser}, {Partner, Customer},
	{Practitioner, Lead}, {Practitioner, Owner}, {Practitioner, Executive}, {Practitioner, Contributor}, {Practitioner, Adviser}, {Practitioner, Customer},
}

// Separate refuses a role to a person who has, or ever had, one that it must be kept apart from. An auditor who was an
// adviser or worked for the client has lost independence there, and leaving the role does not give it back.
func Separate(role Role, had []Role) error {
	for _, p := range apart {
		for _, h := range had {
			if p.a == role && p.b == h || p.b == role && p.a == h {
				return &fault.Error{Kind: fault.Denied, What: fmt.Sprintf("the role %s cannot be given to somebody who is or was %s here", role, h),
					Hint: "invite another person"}
			}
		}
	}
	return nil
}
