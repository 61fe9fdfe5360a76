package engage

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Profile is the firm as its reports name it.
type Profile struct {
	Licence string `json:"licence"` // number and board of the firm's licence
	City    string `json:"city"`
	Region  string `json:"region"` // state or country
}

// Member is a person of the firm in an engagement.
type Member struct {
	Email       string
	Name        string
	Part        Part
	Since       civil.Instant
	Independent *Independence // nil: not yet confirmed
	Ties        []string      // what the installation knows of the person at the client; any keeps them out
	Out         *civil.Instant
}

// Independence is a member's own confirmation.
type Independence struct {
	Statement string
	At        civil.Instant
}

// ConflictCheck is the partner's answer on what the firm does for the client besides.
type ConflictCheck struct {
	Clear bool          `json:"clear"`
	Words string        `json:"words"` // what was looked at, and what was found
	By    string        `json:"-"`
	At    civil.Instant `json:"-"`
}

// Letter is the engagement letter as it was offered.
type Letter struct {
	SHA256 string        `json:"sha256"`
	Text   string        `json:"text"`
	At     civil.Instant `json:"-"`
}

// Agreement is the client's word that it engages the firm on the terms of the letter.
type Agreement struct {
	Letter   string        `json:"letter_sha256"`
	Name     string        `json:"name"` // who agrees, as the letter prints it
	Title    string        `json:"title"`
	Client   Party         `json:"client"`
	Advisers []string      `json:"advisers,omitempty"` // Digest of the addresses of all who are or were advisers or management there
	At       civil.Instant `json:"-"`
}

// Plan is what the firm means to do (handbook 4.8: tolerable rates are its own setting).
type Plan struct {
	Strategy  string            `json:"strategy"`              // how the firm responds to the assessed risks, in words
	Risk      map[string]string `json:"risk,omitempty"`        // control -> low or high; absent: low
	Tolerable map[string]int    `json:"tolerable,omitempty"`   // control -> rate in basis points; absent: Ordinary
	Ordinary  int               `json:"ordinary"`              // basis points
	Materials string            `json:"materiality,omitempty"` // what would matter to users, in words
	Matters   []report.Matter   `json:"matters"`               // objectives or criteria in scope with the controls that serve them, as the client's program says
}

// Change is a change of the terms after acceptance.
type Change struct {
	Was, Is Terms
	Reason  string
	By      string
	At      civil.Instant
}

// Refusal is an attempt that was not allowed.
type Refusal struct {
	Kind string        `json:"kind"`
	Why  string        `json:"why"`
	By   string        `json:"-"`
	At   civil.Instant `json:"-"`
}

// PassedOver is an act of the other party that changed nothing at the party that says so.
type PassedOver struct {
	Seq int    `json:"seq"` // of the other party's act
	Why string `json:"why"`
}

// Opening begins an engagement.
type Opening struct {
	Terms   Terms   `json:"terms"`
	Firm    Party   `json:"firm"`
	Client  Party   `json:"client"`
	Profile Profile `json:"profile"`
}

// Joining makes somebody a member. Ties are what the installation knew of the person at the client when it was done.
type Joining struct {
	Email string   `json:"email"`
	Name  string   `json:"name"`
	Part  Part     `json:"part"`
	Ties  []string `json:"ties,omitempty"`
}

// Leaving ends a membership.
type Leaving struct {
	Email string `json:"email"`
	Why   string `json:"why"`
}

// Confirming is a member's own confirmation of independence.
type Confirming struct {
	Statement string `json:"statement"`
}

// Terming changes the terms.
type Terming struct {
	Terms  Terms  `json:"terms"`
	Reason string `json:"reason"`
}

// Because carries the words that go with a step.
type Because struct {
	Words string `json:"words"`
}

// Digest hides an address that is only compared with others: SHA-256 in lower-case hex.
func Digest(email string) string {
	x := sha256.Sum256([]byte("assay address v1\n" + strings.ToLower(strings.TrimSpace(email))))
	return hex.EncodeToString(x[:])
}

// TextHash is the SHA-256 of a text in lower-case hex, as letters are named.
func TextHash(text string) string {
	x := sha256.Sum256([]byte(text))
	return hex.EncodeToString(x[:])
}

var accepting = []kind{
	act("open", Firm, func(e *Engagement, _ Act, b Opening) error {
		if e.Terms.Report != "" {
			return fault.Refuse("the engagement is open already")
		}
		if err := b.Terms.check(); err != nil {
			return err
		}
		if b.Firm.Org == "" || b.Firm.Name == "" || b.Client.Name == "" || b.Firm.Org == b.Client.Org {
			return fault.Refuse("an engagement is between two organizations; expected the firm and, apart from it, the client")
		}
		e.Terms, e.Firm, e.Client, e.Profile = b.Terms, b.Firm, b.Client, b.Profile
		return nil
	}).role(access.Partner).in(Draft).sent(),

	act("join", Firm, func(e *Engagement, a Act, b Joining) error {
		if err := one("part", string(b.Part), string(Partner), string(Quality), string(Manager), string(Staff)); err != nil {
			return err
		}
		if _, err := access.ParseEmail(b.Email); err != nil {
			return err
		}
		if err := said("name", b.Name); err != nil {
			return err
		}
		if e.member(b.Email) != nil {
			return fault.Refuse("%s is a member already", b.Email)
		}
		if e.own(a) && len(b.Ties) > 0 {
			return denied("%s cannot examine %s: %s", b.Name, e.Client.Name, strings.Join(b.Ties, "; "))
		}
		if e.Agreed != nil && contains(e.Agreed.Advisers, Digest(b.Email)) {
			return e.entangled(b.Name)
		}
		for _, m := range e.Members {
			if m.Out == nil && m.Part == b.Part && (b.Part == Partner || b.Part == Quality) {
				return fault.Refuse("%s is the %s of this engagement; expected one", m.Name, b.Part)
			}
			if strings.EqualFold(m.Email, b.Email) && (m.Part == Quality) != (b.Part == Quality) {
				return denied("%s had another part in this engagement: who reviews its quality takes no part in the work", b.Name)
			}
		}
		e.Members = append(e.Members, Member{Email: strings.ToLower(b.Email), Name: b.Name, Part: b.Part, Since: a.At, Ties: b.Ties})
		return nil
	}).role(access.Partner).in(Draft, Accepted, Planning, Fieldwork, WrapUp),

	act("leave", Firm, func(e *Engagement, a Act, b Leaving) error {
		m := e.member(b.Email)
		if m == nil {
			return fault.NotFound
		}
		if err := said("why", b.Why); err != nil {
			return err
		}
		m.Out = &a.At
		return nil
	}).role(access.Partner),

	act("confirm_independence", Firm, func(e *Engagement, a Act, b Confirming) error {
		if err := said("statement", b.Statement); err != nil {
			return err
		}
		m := e.member(a.By)
		if m == nil {
			return denied("you are no member of this engagement")
		}
		m.Independent = &Independence{b.Statement, a.At}
		return nil
	}).by(Partner, Quality, Manager, Staff),

	act("check_conflicts", Firm, func(e *Engagement, a Act, b ConflictCheck) error {
		if err := said("words", b.Words); err != nil {
			return err
		}
		b.By, b.At = a.By, a.At
		e.Conflict = &b
		return nil
	}).by(Partner).in(Draft),

	act("offer_letter", Firm, func(e *Engagement, a Act, b Letter) error {
		if err := said("text", b.Text); err != nil {
			return err
		}
		if b.SHA256 != TextHash(b.Text) {
			return fault.Refuse("the hash is not that of the letter")
		}
		b.At = a.At
		e.Letter, e.Agreed = &b, nil // another letter is another agreement
		return nil
	}).by(Partner).in(Draft).sent(),

	act("agree", Client, func(e *Engagement, a Act, b Agreement) error {
		switch {
		case e.Letter == nil:
			return fault.Refuse("no engagement letter is there to agree to")
		case b.Letter != e.Letter.SHA256:
			return fault.Refuse("the letter was replaced; expected an agreement to the one that stands")
		case e.Client.Key != "" && e.Client.Key != b.Client.Key || e.Client.Org != "" && e.Client.Org != b.Client.Org:
			return &fault.Error{Kind: fault.Integrity, What: "the agreement names another organization or key than the engagement"}
		}
		for _, f := range []struct{ name, text string }{{"name", b.Name}, {"title", b.Title}} {
			if err := said(f.name, f.text); err != nil {
				return err
			}
		}
		b.At = a.At
		e.Agreed, e.Client = &b, b.Client
		return nil
	}).role(access.Executive).in(Draft).sent().proven(),

	act("accept", Firm, func(e *Engagement, a Act, b Because) error {
		switch {
		case e.own(a):
			if err := e.acceptable(); err != nil {
				return err
			}
		case e.Agreed == nil: // the client's own act, which no firm does for it
			return denied("%s has not agreed to a letter that stands: the firm cannot accept alone", e.Client.Name)
		}
		e.State = Accepted
		return nil
	}).by(Partner).in(Draft).sent().proven(),

	act("plan", Firm, func(e *Engagement, _ Act, b Plan) error {
		if err := said("strategy", b.Strategy); err != nil {
			return err
		}
		for _, rate := range slices.Concat([]int{b.Ordinary}, slices.Collect(maps.Values(b.Tolerable))) {
			if rate < 0 || rate > 10_000 {
				return fault.Refuse("the tolerable rate is %d basis points; expected 0 to 10,000", rate)
			}
		}
		for c, risk := range b.Risk {
			if err := one("risk", risk, "low", "high"); err != nil {
				return fault.Refuse("%s: %v", c, err)
			}
		}
		if len(b.Matters) == 0 {
			return fault.Refuse("the plan names no objective or criterion; expected those in scope, with the controls that serve them")
		}
		for _, was := range e.Scope().Matters { // commitments are named by their place in the description
			if was.Text != "" && !slices.ContainsFunc(b.Matters, func(m report.Matter) bool { return m.ID == was.ID && m.Text == was.Text }) {
				e.Matters = slices.DeleteFunc(e.Matters, func(c report.MatterConclusion) bool { return c.ID == was.ID })
			}
		}
		e.Planned = &b
		if e.State == Accepted {
			e.State = Planning
		}
		return nil
	}).by(Partner, Manager).in(Accepted, Planning, Fieldwork),

	act("begin_fieldwork", Firm, func(e *Engagement, a Act, _ Because) error {
		if e.own(a) && e.Planned == nil {
			return fault.Refuse("nothing is planned: expected how the firm responds to the risks, and the tolerable rates")
		}
		e.State = Fieldwork
		return nil
	}).by(Partner, Manager).in(Planning, WrapUp).sent(),

	act("change_terms", Firm, func(e *Engagement, a Act, b Terming) error {
		if err := b.Terms.check(); err != nil {
			return err
		}
		if err := said("reason", b.Reason); err != nil {
			return err
		}
		switch {
		case len(e.Reports) > 0:
			return denied("a report of these terms went out: what follows on it is about the same; another time or scope is another engagement")
		case b.Terms.TypeTwo() != e.Terms.TypeTwo():
			return fault.Refuse("a Type 1 does not become a Type 2 by another date: they are different engagements").WithHint("open another engagement")
		case b.Terms.Report != e.Terms.Report:
			return fault.Refuse("%s does not become %s: another report is another engagement", e.Terms.Report, b.Terms.Report).WithHint("open another engagement")
		case b.Terms.same(e.Terms):
			return fault.Refuse("these are the terms that stand")
		}
		if err := e.mayNarrow(a, b.Terms); err != nil {
			return err
		}
		e.Changes = append(e.Changes, Change{e.Terms, b.Terms, b.Reason, a.By, a.At})
		e.retermed(b.Terms)
		return nil
	}).by(Partner).in(Accepted, Planning, Fieldwork, WrapUp).sent().proven(),

	act("consent_terms", Firm, func(e *Engagement, a Act, b Terming) error {
		if err := b.Terms.check(); err != nil {
			return err
		}
		if err := said("reason", b.Reason); err != nil {
			return err
		}
		e.Consent = &Consent{Terms: b.Terms, Reason: b.Reason, By: a.By, Name: a.Name, At: a.At}
		return nil
	}).by(Quality).in(Accepted, Planning, Fieldwork, WrapUp).proven(),

	{name: tried, side: Firm, keeps: true, program: true, apply: func(e *Engagement, a Act) error {
		var r Refusal
		if err := decode(a.Body, &r); err != nil {
			return err
		}
		r.By, r.At = a.By, a.At
		e.Refused = append(e.Refused, r)
		return nil
	}},

	{name: passedOver, side: Firm, keeps: true, program: true, crosses: true, apply: func(e *Engagement, a Act) error {
		var p PassedOver
		if err := decode(a.Body, &p); err != nil {
			return err
		}
		i := slices.IndexFunc(e.Log, func(l Entry) bool { return l.Side == a.Side.Other() && l.Seq == p.Seq && l.Crosses })
		if i < 0 {
			return fault.Refuse("no act %d of the %s is known that crossed, and so could have been passed over", p.Seq, a.Side.Other())
		}
		if err := said("why", p.Why); err != nil {
			return err
		}
		e.Log[i].Passed = p.Why
		return nil
	}},
}

// own reports whether the act was done here, so that its guards can be held against all that this party knows.
func (e *Engagement) own(a Act) bool { return a.Side == e.Side }

// acceptable says what keeps an engagement from being accepted (handbook 2.9).
func (e *Engagement) acceptable() error {
	if strings.TrimSpace(e.Profile.Licence) == "" {
		return fault.Refuse("the firm's licence is not named; expected its number and the board that gave it")
	}
	var have []Part
	for _, m := range e.Members {
		if m.Out != nil {
			continue
		}
		have = append(have, m.Part)
		if m.Independent == nil {
			return fault.Refuse("%s has not confirmed independence", m.Name)
		}
	}
	for _, p := range []Part{Partner, Quality} {
		if !contains(have, p) {
			return fault.Refuse("the engagement has no %s", map[Part]string{Partner: "engagement partner", Quality: "quality reviewer"}[p])
		}
	}
	switch {
	case e.Conflict == nil:
		return fault.Refuse("no check of conflicts is on record")
	case !e.Conflict.Clear:
		return denied("the check of conflicts found one: %s", e.Conflict.Words)
	case e.Letter == nil:
		return fault.Refuse("no engagement letter was offered")
	case e.Agreed == nil:
		return fault.Refuse("the client has not agreed to the engagement letter")
	}
	for _, m := range e.Members {
		if m.Out == nil && contains(e.Agreed.Advisers, Digest(m.Email)) {
			return e.entangled(m.Name)
		}
	}
	return nil
}

func (e *Engagement) entangled(name string) error {
	return denied("%s advises %s or works for it, or did: nobody examines what they helped to make", name, e.Client.Name)
}
