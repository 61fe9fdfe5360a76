package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// PolicyDraft is what a person prepares.
type PolicyDraft struct {
	Proposal string // that is edited; empty: a new one
	Drawn    int    // the version of it that the form was drawn from
	Policy   string
	Title    string
	Version  string
	Text     string
	Owner    string
	Approver string
	Material bool
	Note     string
}

// Propose records a text that is to become a policy's next version, or the same text for its yearly review. It answers the proposal's id.
func (p *Policies) Propose(ctx context.Context, a Actor, x PolicyDraft) (string, error) {
	if err := a.check(); err != nil {
		return "", err
	}
	if err := p.draft(ctx, a, &x); err != nil {
		return "", err
	}
	key := x.Proposal
	if key == "" {
		var err error
		if key, err = p.Desk.mint("policy-proposal"); err != nil {
			return "", err
		}
	}
	ms := x.members(key)
	ms.text("prepared_by", a.Email)
	ms.text("prepared_at", p.Desk.Now().String())
	ms.text("state", Proposed)
	return key, p.Desk.act(ctx, a, policyProposals, x.Drawn, ms)
}

func (x PolicyDraft) members(key string) members {
	var ms members
	ms.text("proposal_id", key)
	ms.text("policy_id", x.Policy)
	ms.text("title", x.Title)
	ms.text("version", x.Version)
	ms.text("text", x.Text)
	ms.text("owner", x.Owner)
	ms.text("approver", x.Approver)
	ms.truth("material", x.Material)
	ms.text("note", x.Note)
	return ms
}

func (p *Policies) draft(ctx context.Context, a Actor, x *PolicyDraft) error {
	s, err := p.shelf(ctx, a.Org)
	if err != nil {
		return err
	}
	x.Title, x.Version, x.Policy = strings.TrimSpace(x.Title), strings.TrimSpace(x.Version), strings.TrimSpace(x.Policy)
	var errs []error
	open := slices.IndexFunc(s.proposals, func(y Proposal) bool { return y.Policy == x.Policy && y.State == Proposed })
	switch {
	case x.Proposal == "" && open >= 0:
		errs = append(errs, fault.Refuse("version %s of %s is proposed already: edit that proposal, or take it back", s.proposals[open].Version, x.Policy))
	case x.Proposal != "" && (open < 0 || s.proposals[open].ID != x.Proposal):
		errs = append(errs, fault.Refuse("the proposal was decided on or taken back meanwhile; prepare a new one"))
	}
	current := slices.IndexFunc(s.policies, func(y Policy) bool { return y.ID == x.Policy })
	if current < 0 && !policyID.MatchString(x.Policy) {
		errs = append(errs, fault.At("", 0, "policy_id", "%q; expected small letters, digits and hyphens, such as code-of-conduct", x.Policy))
	}
	for _, f := range []struct{ name, v string }{{"title", x.Title}, {"version", x.Version}, {"text", strings.TrimSpace(x.Text)}} {
		if f.v == "" {
			errs = append(errs, fault.At("", 0, f.name, "missing"))
		}
	}
	if len(x.Text) > 1<<20 {
		errs = append(errs, fault.At("", 0, "text", "is longer than a megabyte"))
	}
	if current >= 0 && x.Version != s.policies[current].Version && slices.ContainsFunc(s.editions[x.Policy], func(e Edition) bool { return e.Version == x.Version }) {
		errs = append(errs, fault.At("", 0, "version", "%s was in force before; expected a version of its own", x.Version))
	}
	if current >= 0 && x.Version == s.policies[current].Version && s.policies[current].Text != "" && strings.TrimSpace(x.Text) != strings.TrimSpace(s.policies[current].Text) {
		errs = append(errs, fault.At("", 0, "version", "%s is in force with another text; give a changed text a version of its own", x.Version))
	}
	return errors.Join(errs...)
}

// open gives the latest version of a proposal that is not decided on, with its history.
func (p *Policies) open(ctx context.Context, a Actor, key string, drawn int) (PolicyDraft, []record.Known, error) {
	h, err := p.Desk.Books.History(ctx, a.Org, policyProposals, key)
	if err != nil {
		return PolicyDraft{}, nil, err
	}
	last := h[len(h)-1]
	var f fields
	if err := f.read(last); err != nil {
		return PolicyDraft{}, nil, err
	}
	if f.text("state") != Proposed {
		return PolicyDraft{}, nil, fault.Refuse("the proposal is %s already", f.text("state"))
	}
	if last.Version != drawn {
		return PolicyDraft{}, nil, fault.Refuse("the proposal was changed after you opened it: read version %d of it first", last.Version)
	}
	m, _ := f["material"].(bool)
	return PolicyDraft{key, drawn, f.text("policy_id"), f.text("title"), f.text("version"), f.text("text"), f.text("owner"), f.text("approver"), m, f.text("note")}, h, nil
}

// Decide approves a proposal, or takes it back. Nobody approves what they prepared, in whichever of its versions. Approved, the text is
// in force from today: the register of policies, the published version and the approval are written together with it.
func (p *Policies) Decide(ctx context.Context, a Actor, key string, drawn int, approve bool) error {
	if err := a.check(); err != nil {
		return err
	}
	x, h, err := p.open(ctx, a, key, drawn)
	if err != nil {
		return err
	}
	state := "withdrawn"
	if approve {
		state = Approved
		if err := p.apart(ctx, a, x, h); err != nil {
			return err
		}
	}
	last, err := body(h[len(h)-1])
	if err != nil {
		return err
	}
	ms := x.members(key)
	ms.text("prepared_by", last["prepared_by"])
	ms.text("prepared_at", last["prepared_at"])
	ms.text("state", state)
	ms.text("decided_by", a.Email)
	ms.text("decided_at", p.Desk.Now().String())
	var rows []*register.Row
	if approve {
		if rows, err = p.published(ctx, a, x); err != nil {
			return err
		}
	}
	row, err := p.row(ctx, a, policyProposals, drawn+1, ms)
	if err != nil {
		return err
	}
	return p.Desk.append(ctx, a.Org, append(rows, row)...)
}

// apart refuses an approval by somebody who prepared any version of the proposal, under whichever address.
func (p *Policies) apart(ctx context.Context, a Actor, x PolicyDraft, h []record.Known) error {
	s, err := p.shelf(ctx, a.Org)
	if err != nil {
		return err
	}
	object := x.Title + " " + x.Version
	var history []access.Done
	for _, k := range h {
		b, err := body(k)
		if err != nil {
			return err
		}
		for _, who := range []string{b["prepared_by"], b[EnteredBy]} {
			if s.who.related(who, a.Email) {
				who = a.Email
			}
			history = append(history, access.Done{Duty: access.Prepare, Object: object, Person: fold(who)})
		}
	}
	return access.Conflict(access.Done{Duty: access.Approve, Object: object, Person: fold(a.Email)}, history)
}

func (p *Policies) row(ctx context.Context, a Actor, name string, version int, ms members) (*register.Row, error) {
	return (&Reviews{Desk: p.Desk}).row(ctx, a, name, version, ms)
}

// published makes the records of an approval: what is in force, what was, and who approved.
func (p *Policies) published(ctx context.Context, a Actor, x PolicyDraft) ([]*register.Row, error) {
	today := a.Zone.DateOf(p.Desk.Now())
	s, err := p.shelf(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.policies, func(y Policy) bool { return y.ID == x.Policy })
	was, adopted := Policy{}, today
	if i >= 0 {
		if was = s.policies[i]; was.Adopted != nil {
			adopted = *was.Adopted
		} else if was.ApprovedOn != nil {
			adopted = *was.ApprovedOn
		}
	}
	var ms members
	ms.text("policy_id", x.Policy)
	ms.text("title", x.Title)
	ms.text("version", x.Version)
	ms.text("approved_by", a.Email)
	ms.text("approved_on", today.String())
	ms.text("next_review_on", today.AddMonths(12).String())
	ms.text("owner", x.Owner)
	ms.text("approver", x.Approver)
	ms.text("adopted_on", adopted.String())
	row, err := p.row(ctx, a, policies, was.drawn+1, ms)
	if err != nil {
		return nil, err
	}
	rows := []*register.Row{row}
	if was.Version != x.Version {
		more, err := p.editions(ctx, a, x, was, today)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	key, err := p.Desk.mint("policy-review")
	if err != nil {
		return nil, err
	}
	var r members
	r.text("review_id", key)
	r.text("policy_id", x.Policy)
	r.text("approved_on", today.String())
	r.text("approved_by", a.Email)
	row, err = p.row(ctx, a, policyReviews, 1, r)
	return append(rows, row), err
}

// editions publishes the new version and ends the one before, whose last day is yesterday.
func (p *Policies) editions(ctx context.Context, a Actor, x PolicyDraft, was Policy, today civil.Date) ([]*register.Row, error) {
	var ms members
	ms.text("policy_id", x.Policy)
	ms.text("version", x.Version)
	ms.text("published_on", today.String())
	ms.text("effective_on", today.String())
	ms.text("approved_by", a.Email)
	ms.text("approved_on", today.String())
	ms.truth("material", x.Material || was.Version == "")
	row, err := p.row(ctx, a, policyVersions, 1, ms)
	if err != nil || was.Version == "" {
		return []*register.Row{row}, err
	}
	rows := []*register.Row{row}
	h, err := p.Desk.Books.History(ctx, a.Org, policyVersions, joined(x.Policy, was.Version))
	if errors.Is(err, fault.NotFound) {
		return rows, nil
	}
	if err != nil {
		return nil, err
	}
	last := h[len(h)-1]
	v, err := register.ParseJSON("", 0, last.Body)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the body of %s", last.Name()), Err: err}
	}
	old := members(slices.DeleteFunc(slices.Clone(v.Members), func(m register.Member) bool { return m.Name == EnteredBy || m.Name == "retired_on" }))
	b, err := body(last)
	if err != nil {
		return nil, err
	}
	end := today - 1
	if d := date(b["effective_on"]); d != nil {
		end = max(end, *d)
	}
	old.text("retired_on", end.String())
	row, err = p.row(ctx, a, policyVersions, last.Version+1, old)
	return append(rows, row), err
}
