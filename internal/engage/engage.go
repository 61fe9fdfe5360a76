// Package engage is the examination as two parties carry it out: the firm of an independent service auditor and its client, each with
// a ledger of its own. What either does is an act, appended to its own ledger and never edited; what is true now follows from the
// acts of both. An act that concerns the other party crosses as a sealed message: the record itself, with the proof that it stands in
// the ledger of who sent it. Neither party can write what is the other's, whatever role somebody has there: the table of acts says whose
// each one is.
package engage

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// The registers in which a party keeps its acts and what came in from the other one, with their schemas.
const (
	Acts = "engagement_acts"
	Mail = "engagement_mail"
)

// Schemas of the registers, as register.Load reads them.
var (
	//go:embed engagement_acts.yaml
	ActsSchema []byte
	//go:embed engagement_mail.yaml
	MailSchema []byte
)

// Side is a party of an engagement.
type Side string

// The parties.
const (
	Firm   Side = "firm"
	Client Side = "client"
)

// Other is the other party.
func (s Side) Other() Side {
	if s == Firm {
		return Client
	}
	return Firm
}

// Part is what a member of the firm is in one engagement.
type Part string

// The parts. The partner concludes and signs; the quality reviewer takes no part in the work that they review.
const (
	Partner Part = "partner"
	Quality Part = "quality"
	Manager Part = "manager"
	Staff   Part = "staff"
)

// State is where an engagement stands (handbook 2.9).
type State string

// The states, in order; revised and withdrawn follow on issued only.
const (
	Draft     State = "draft"
	Accepted  State = "accepted"
	Planning  State = "planning"
	Fieldwork State = "fieldwork"
	WrapUp    State = "wrap-up"
	Review    State = "review"
	Issued    State = "issued"
	Revised   State = "revised"
	Withdrawn State = "withdrawn"
)

// Done reports whether a report went out in this state: nothing of the work changes any more.
func (s State) Done() bool { return s == Issued || s == Revised || s == Withdrawn }

// Act is one thing that somebody did in an engagement.
type Act struct {
	Engagement string
	Seq        int // among the acts of this side, from 1
	After      int // the act of this side before it that crossed, 0 for none: who gets it sees that none is missing
	Side       Side
	Kind       string
	Edition    int // of the guards that it was done under
	Body       json.RawMessage
	By         string // address of who did it, lower-case
	Person     string // account of who did it; empty where the act came from another installation
	Name       string
	At         civil.Instant // by the clock of the party whose act it is
	Received   civil.Instant // when it came in here; of one's own acts the same as At
}

// Who is somebody who wants to do something, on their own side.
type Who struct {
	Email, Person, Name string
	Roles               []access.Role // in their own organization
	Strong              bool          // they proved who they are within the last minutes
}

// kind is a row of the table of acts.
type kind struct {
	name    string
	side    Side
	parts   []Part        // of the firm's members; nil on the client's side
	roles   []access.Role // in the organization of the side
	states  []State       // in which it can be done; nil: in all before the report is issued
	crosses bool          // the other party gets it
	stepUp  bool
	keeps   bool // it leaves the sign-offs of the report as they are
	program bool // the program does it by itself, on either side, and nobody else
	apply   func(e *Engagement, a Act) error
}

// act makes a row whose body is a T. The function checks all before it changes anything.
func act[T any](name string, side Side, fn func(e *Engagement, a Act, b T) error) kind {
	return kind{name: name, side: side, apply: func(e *Engagement, a Act) error {
		var b T
		d := json.NewDecoder(strings.NewReader(string(a.Body)))
		d.DisallowUnknownFields()
		if err := d.Decode(&b); err != nil {
			return fault.Refuse("the act %s cannot be read: %v", name, err)
		}
		return fn(e, a, b)
	}}
}

func (k kind) by(parts ...Part) kind          { k.parts = parts; return k }
func (k kind) role(roles ...access.Role) kind { k.roles = roles; return k }
func (k kind) in(states ...State) kind        { k.states = states; return k }
func (k kind) sent() kind                     { k.crosses = true; return k }
func (k kind) proven() kind                   { k.stepUp = true; return k }
func (k kind) keeping() kind                  { k.keeps = true; return k }

func find(name string) (kind, bool) {
	i := slices.IndexFunc(table, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return table[i], true
}

// Kind is what the table says of one act, for pages and for the test of the wall.
type Kind struct {
	Name    string
	Side    Side
	Parts   []Part
	Roles   []access.Role
	States  []State // nil: all before the report is issued
	Crosses bool
	StepUp  bool
}

// Kinds lists all acts.
func Kinds() []Kind {
	out := make([]Kind, len(table))
	for i, k := range table {
		out[i] = Kind{k.name, k.side, k.parts, k.roles, k.states, k.crosses, k.stepUp}
	}
	return out
}

// May says whether somebody of a side may do the act now; the answer does not look at what the act says. A refusal of it is fault.Denied and
// is kept on record, as somebody tried to cross the wall; access.StepUp only asks for a proof.
func (e *Engagement) May(side Side, who Who, name string) error {
	k, ok := find(name)
	if !ok {
		return fault.Refuse("%q is no act of an engagement", name)
	}
	return e.may(k, side, who)
}

func (e *Engagement) may(k kind, side Side, who Who) error {
	name := k.name
	switch {
	case k.program:
		return denied("%s is put on record by the program, and by nobody else", words(name))
	case k.side != side:
		return denied("%s is for the %s to do; the %s cannot", words(name), k.side, side)
	}
	if len(k.roles) > 0 && !slices.ContainsFunc(who.Roles, func(r access.Role) bool { return slices.Contains(k.roles, r) }) {
		return denied("none of your roles includes it: %s", words(name))
	}
	if k.parts != nil {
		if err := e.partMay(who, k); err != nil {
			return err
		}
	}
	if err := k.now(e.State); err != nil {
		return err
	}
	if m := e.member(who.Email); k.parts != nil && m.Independent == nil && e.State != Draft && name != "confirm_independence" {
		return fault.Refuse("%s: you have not confirmed that you are independent of %s", words(name), e.Client.Name).WithHint("confirm it first")
	}
	if k.stepUp && !who.Strong {
		return access.StepUp
	}
	return nil
}

// partMay holds somebody's part in the engagement against an act. Who has lost their role in the firm has no part any more, and
// the partner of an engagement is one of the firm.
func (e *Engagement) partMay(who Who, k kind) error {
	part, ok := e.PartOf(who.Email)
	switch {
	case !ok:
		return denied("you are no member of this engagement: %s", words(k.name))
	case !slices.Contains(k.parts, part):
		return denied("%s is not for the %s of the engagement", words(k.name), part)
	case slices.Contains(who.Roles, access.Partner), part != Partner && slices.Contains(who.Roles, access.Practitioner):
		return nil
	}
	return denied("none of your roles includes it: %s", words(k.name))
}

// now says whether the act can be done in a state.
func (k kind) now(s State) error {
	switch {
	case slices.Contains(k.when(), s):
		return nil
	case s.Done():
		return denied("%s: the report is %s, and nothing of the work changes any more", words(k.name), s)
	}
	return fault.Refuse("%s: the engagement is in %s; expected %s", words(k.name), s, or(k.when()))
}

func (k kind) when() []State {
	if k.states != nil {
		return k.states
	}
	return []State{Draft, Accepted, Planning, Fieldwork, WrapUp, Review}
}

func denied(format string, args ...any) error {
	return &fault.Error{Kind: fault.Denied, What: fmt.Sprintf(format, args...)}
}

// The acts of the program itself: tried keeps an attempt on record that was not allowed, passedOver tells the other party that an act of its
// own changed nothing here.
const (
	tried      = "refused"
	passedOver = "passed_over"
)

// edition is that of the guards that acts are done under now. An act that stands was judged by the guards of its own edition, and a later,
// stricter one changes nothing about it: each guard that came after the first edition asks for the act's. An edition never goes back within
// an engagement, so that nobody reaches for milder guards.
const edition = 2

// words is an act's name as sentences say it.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

func or(states []State) string {
	list := make([]string, len(states))
	for i, s := range states {
		list[i] = string(s)
	}
	return strings.Join(list, " or ")
}

// table is the whole of the acts: whose each is, who may do it, when, and whether the other party gets it.
var table = slices.Concat(accepting, requesting, sampling, papering, deviating, concluding, issuing)

func decode(body json.RawMessage, into any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fault.Refuse("the act cannot be read: %v", err)
	}
	return nil
}

func contains[T comparable](list []T, x T) bool { return slices.Contains(list, x) }

// about is the control, request or deviation that an act names.
func about(a Act) string {
	var b struct {
		Control, Request, Deviation, ID string
	}
	_ = json.Unmarshal(a.Body, &b) // acts without one have none
	for _, s := range []string{b.Control, b.Request, b.Deviation, b.ID} {
		if s != "" {
			return s
		}
	}
	return ""
}
