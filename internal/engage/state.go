package engage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Party is one side as the other names it.
type Party struct {
	Org  string `json:"org"`           // identifier
	Name string `json:"name"`          // of the organization
	Key  string `json:"key,omitempty"` // the verifier key of its ledger, NAME+HASH+BASE64
}

// Engagement is what follows from the acts of both parties that one of them knows. The client knows its own and what the firm sent.
type Engagement struct {
	ID          string
	Side        Side // whose knowledge it is
	Terms       Terms
	State       State
	Firm        Party
	Client      Party
	Profile     Profile // of the firm
	Members     []Member
	Conflict    *ConflictCheck
	Letter      *Letter
	Agreed      *Agreement
	Planned     *Plan
	Packages    []Package // taken in, the latest last
	Seeds       []Seed
	Frozen      []Frozen // the latest version of each test last
	Samples     []Sample
	Requests    []*Request
	Papers      map[string]*Paper // by control
	Deviations  []*Deviation
	Controls    map[string]report.ControlConclusion
	Exceptions  []report.Exception
	Matters     []report.MatterConclusion
	Limits      []report.Limit
	Elements    map[report.Element]report.ElementOpinion
	Emphasis    []string
	Included    []Included // subservice organizations by the inclusive method
	Wording     report.Wording
	Unmodified  string // why the firm reports although management keeps an assertion that is not modified
	Drafts      []ReleasedDraft
	Signs       map[Part]Sign
	Asserted    *Assertion
	Represented *Representation
	Events      []report.Event
	Discovered  []Discovery    // facts learnt after the report was issued
	Changes     []Change       // of the terms after acceptance
	Reports     []IssuedReport // the latest last
	Refused     []Refusal      // what was tried and not allowed, by this side
	Log         []Entry        // all acts, in order
	Consent     *Consent       // of the quality reviewer to a shorter period; nil: none stands
	next        map[Side]int
	sent        map[Side]int // the last act of a side that crossed
	edition     map[Side]int // of the guards that the last act of a side was done under
}

// Entry is an act in the engagement's log.
type Entry struct {
	Side     Side
	Seq      int
	Kind     string
	By, Name string
	At       civil.Instant
	Received civil.Instant
	About    string // a control, request or deviation, where the act is about one
	Crosses  bool   // the other party gets it
	Passed   string // why it changed nothing at the party that got it; empty where it stands
}

// Part of the members that are in force.
func (e *Engagement) PartOf(email string) (Part, bool) {
	for _, m := range e.Members {
		if m.Out == nil && strings.EqualFold(m.Email, email) {
			return m.Part, true
		}
	}
	return "", false
}

// Fold makes an engagement from the acts that a party knows, in the order in which they stand in its ledger. An act that its guards refuse
// cannot have been made by this program: it is a fault.Integrity.
func Fold(side Side, id string, acts []Act) (*Engagement, error) {
	e := &Engagement{ID: id, Side: side, State: Draft, Papers: map[string]*Paper{}, Controls: map[string]report.ControlConclusion{},
		Elements: map[report.Element]report.ElementOpinion{}, Signs: map[Part]Sign{}, next: map[Side]int{Firm: 1, Client: 1}, sent: map[Side]int{}, edition: map[Side]int{Firm: 1, Client: 1}}
	for _, a := range acts {
		if err := e.Apply(a); err != nil {
			return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("act %d of the %s in engagement %s, %s, does not follow from those before it: %v", a.Seq, a.Side, id, a.Kind, err)}
		}
	}
	return e, nil
}

// Apply takes one act over. It changes nothing when it answers an error.
func (e *Engagement) Apply(a Act) error {
	if err := e.inOrder(a); err != nil {
		return err
	}
	k, ok := find(a.Kind)
	switch {
	case !ok:
		return fault.Refuse("%q is no act of an engagement", a.Kind)
	case k.side != a.Side && !k.program:
		return denied("%s is for the %s to do; the %s cannot", words(a.Kind), k.side, a.Side)
	}
	was := e.State
	if e.Side == Client && a.Side == Firm && was == Accepted && !contains(k.when(), Accepted) && contains(k.when(), Planning) {
		e.State = Planning // the plan does not cross: that there is one shows in what the firm does
	}
	err := e.mayStand(k, a)
	if err == nil {
		err = k.apply(e, a)
	}
	if err != nil {
		e.State = was
		return err
	}
	if a.Side == Firm && !k.keeps {
		clear(e.Signs) // they were over what stood before
	}
	e.note(a, k, "")
	return nil
}

// inOrder refuses an act that is not the next one of its side. Of the other party's some never come here; each that does names the one
// before it that did, so that none can be left out.
func (e *Engagement) inOrder(a Act) error {
	switch next := e.next[a.Side]; {
	case a.Edition > edition:
		return fault.Refuse("act %d of the %s was done with a later edition of this program (%d) than the one that reads it (%d)", a.Seq, a.Side, a.Edition, edition).WithHint("update Assay here, and take it in again")
	case a.Edition < e.edition[a.Side]:
		return fault.Refuse("act %d of the %s was done under an earlier edition of the guards (%d) than the one before it (%d)", a.Seq, a.Side, a.Edition, e.edition[a.Side]).WithHint("all who take part on one side use the same version of Assay, or a later one")
	case a.Side == e.Side && a.Seq != next:
		return &fault.Error{Kind: fault.Busy, What: fmt.Sprintf("somebody did something else in this engagement meanwhile: expected act %d, not %d", next, a.Seq), Hint: "look at how it stands now, and do it again"}
	case a.Side == e.Side:
		return nil
	case a.Seq < next:
		return fault.Refuse("act %d of the %s came in before", a.Seq, a.Side)
	case a.After != e.sent[a.Side]:
		return fault.Refuse("a message of the %s is missing: act %d follows on act %d, and the last that came in is %d", a.Side, a.Seq, a.After, e.sent[a.Side]).WithHint("take the messages in in their order")
	}
	return nil
}

// mayStand holds an act against the state, and one of this side against the part of whoever did it.
func (e *Engagement) mayStand(k kind, a Act) error {
	if k.program {
		return nil
	}
	if err := k.now(e.State); err != nil {
		return err
	}
	if part, ok := e.PartOf(a.By); e.own(a) && k.parts != nil && (!ok || !contains(k.parts, part)) {
		return denied("%s is not for %s, who has no such part in the engagement", words(k.name), a.By)
	}
	return nil
}

// pass keeps an act of the other party that came too late, or that its guards refuse here, on record; it changes nothing else.
func (e *Engagement) pass(a Act, why error) {
	k, _ := find(a.Kind)
	e.note(a, k, why.Error())
}

func (e *Engagement) note(a Act, k kind, passed string) {
	e.next[a.Side], e.edition[a.Side] = a.Seq+1, a.Edition
	if k.crosses {
		e.sent[a.Side] = a.Seq
	}
	e.Log = append(e.Log, Entry{Side: a.Side, Seq: a.Seq, Kind: a.Kind, By: a.By, Name: a.Name, At: a.At, Received: a.Received, About: about(a), Crosses: k.crosses, Passed: passed})
}

// CameIn is the last act of the other party that came in, 0 for none.
func (e *Engagement) CameIn() int { return e.sent[e.Side.Other()] }

// PassedOver are the acts of this side that changed nothing at the other party.
func (e *Engagement) PassedOver() []Entry {
	return slices.DeleteFunc(slices.Clone(e.Log), func(l Entry) bool { return l.Side != e.Side || l.Passed == "" })
}

// Next is the place of the next act of a side.
func (e *Engagement) Next(side Side) int { return e.next[side] }

// Terms are what is examined.
type Terms struct {
	Report     string     `json:"report"` // kind of report, such as soc2-type2
	System     string     `json:"system"`
	From       civil.Date `json:"from,omitzero"`  // of a Type 2: first day of the period
	To         civil.Date `json:"to,omitzero"`    // last day
	AsOf       civil.Date `json:"as_of,omitzero"` // of a Type 1
	Zone       string     `json:"zone"`           // IANA
	Categories []string   `json:"categories,omitempty"`
}

// TypeTwo reports whether the terms have a period.
func (t Terms) TypeTwo() bool { return t.AsOf == 0 }

// End is the last day that the report speaks of.
func (t Terms) End() civil.Date {
	if t.TypeTwo() {
		return t.To
	}
	return t.AsOf
}

// Words says the time of the report.
func (t Terms) Words() string {
	if t.TypeTwo() {
		return t.From.Long() + " to " + t.To.Long()
	}
	return "as of " + t.AsOf.Long()
}

func (t Terms) check() error {
	switch {
	case t.Report == "" || t.System == "":
		return fault.Refuse("the terms name no report or no system; expected both")
	case t.Zone == "":
		return fault.Refuse("the terms name no time zone; expected an IANA name such as America/New_York")
	case strings.HasSuffix(t.Report, "type1") && (t.AsOf == 0 || t.From != 0 || t.To != 0):
		return fault.Refuse("a Type 1 report is as of a date; expected as_of, and no period")
	case !strings.HasSuffix(t.Report, "type1") && (t.AsOf != 0 || t.From == 0 || t.To < t.From):
		return fault.Refuse("%s is for a period; expected its first and its last day, and no as-of date", t.Report)
	}
	if _, err := civil.ParseZone(t.Zone); err != nil {
		return err
	}
	return nil
}

// member finds a member, in force or not.
func (e *Engagement) member(email string) *Member {
	i := slices.IndexFunc(e.Members, func(m Member) bool { return m.Out == nil && strings.EqualFold(m.Email, email) })
	if i < 0 {
		return nil
	}
	return &e.Members[i]
}

// said refuses a text that says nothing, or too much.
func said(field, text string) error {
	switch n := len(strings.TrimSpace(text)); {
	case n == 0:
		return &fault.Error{Kind: fault.Refused, Field: field, What: "nothing is said; expected words"}
	case n > 20_000:
		return &fault.Error{Kind: fault.Refused, Field: field, What: "longer than 20,000 characters"}
	}
	return nil
}

// one refuses a value outside of a list.
func one(field, value string, of ...string) error {
	if slices.Contains(of, value) {
		return nil
	}
	return &fault.Error{Kind: fault.Refused, Field: field, What: fmt.Sprintf("%q is none of %s", value, strings.Join(of, ", "))}
}

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
