package operate

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// The registers of policies.
const (
	policies         = "policies"
	policyVersions   = "policy_versions"
	policyReviews    = "policy_reviews"
	policyProposals  = "policy_proposals"
	acknowledgements = "acknowledgements"
)

func init() { byAct[policyProposals] = "/policies" }

// The states of a proposal.
const (
	Proposed = "proposed"
	Approved = "approved"
)

// Policy is a policy as the register of policies has it, with its text where one is kept.
type Policy struct {
	ID, Title, Version        string
	Owner, Approver           string
	ApprovedBy                string
	ApprovedOn, Next, Adopted *civil.Date
	Retired                   *civil.Date
	Text                      string
	Index                     int64 // of its record
	drawn                     int
}

// InForce reports whether the policy was approved and is not retired on the day.
func (p *Policy) InForce(on civil.Date) bool {
	return p.ApprovedOn != nil && *p.ApprovedOn <= on && (p.Retired == nil || *p.Retired >= on)
}

// Edition is one published version of a policy.
type Edition struct {
	Version                       string
	Published, Effective, Retired *civil.Date
	ApprovedBy                    string
	Material                      bool // people accept it anew; so it is where nothing is said
	Index                         int64
}

// Proposal is a text that somebody prepared.
type Proposal struct {
	ID, Policy, Title, Version string
	Text, Owner, Approver      string
	Material                   bool
	Note                       string
	By                         string // who prepared it
	At                         civil.Instant
	State                      string
	DecidedBy                  string
	Drawn                      int // its version
	Index                      int64
}

// Worker is somebody in service.
type Worker struct {
	Person, Email string
	Accepted      *civil.Date // when they accepted the version in force, or one that differs from it in nothing material
	Version       string      // the version that they accepted
}

// Texts knows the texts of policies that came with the program. It is asked where no proposal was approved here.
type Texts interface {
	// PolicyText gives the text of a policy; empty where there is none.
	PolicyText(ctx context.Context, org id.Org, policy string) (string, error)
}

// Policies are the policies of an organization: prepared by one person, approved by another, acknowledged by everybody in service.
// Desk and Size are needed.
type Policies struct {
	Desk  *Desk
	Size  Sizer
	Texts Texts // may be nil

	mu   sync.Mutex
	kept map[id.Org]*shelf
}

// shelf is what the registers say of policies at one size of the ledger. It is not changed once made.
type shelf struct {
	size      int64
	policies  []Policy
	editions  map[string][]Edition // by policy, the first published first
	proposals []Proposal           // the latest first
	people    []fields
	acks      map[string][]ack // by person
	who       *persons
}

type ack struct {
	document, version string
	on                civil.Date
}

func (p *Policies) shelf(ctx context.Context, org id.Org) (*shelf, error) {
	size, err := p.Size.Size(ctx, org)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	s := p.kept[org]
	p.mu.Unlock()
	if s != nil && s.size == size {
		return s, nil
	}
	s = &shelf{size: size, editions: map[string][]Edition{}, acks: map[string][]ack{}}
	if s.who, err = p.Desk.everybody(ctx, org); err != nil {
		return nil, err
	}
	for name, take := range map[string]func(record.Known, fields){policies: s.policy, policyVersions: s.edition, policyProposals: s.proposal, acknowledgements: s.ack,
		"people": func(_ record.Known, f fields) { s.people = append(s.people, f) }} {
		err := p.Desk.all(ctx, org, name, record.Query{}, func(k record.Known) error {
			var f fields
			err := f.read(k)
			if err == nil {
				take(k, f)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if err := p.finish(ctx, org, s); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[id.Org]*shelf{}
	}
	p.kept[org] = s
	return s, nil
}

// finish sorts what was read, and gives each policy the text of its version in force.
func (p *Policies) finish(ctx context.Context, org id.Org, s *shelf) error {
	for _, list := range s.editions {
		slices.SortStableFunc(list, func(a, b Edition) int { return cmp.Compare(dayOf(a.Published), dayOf(b.Published)) })
	}
	slices.SortStableFunc(s.proposals, func(a, b Proposal) int { return cmp.Compare(b.At, a.At) })
	for i := range s.policies {
		x := &s.policies[i]
		j := slices.IndexFunc(s.proposals, func(y Proposal) bool { return y.Policy == x.ID && y.State == Approved && y.Version == x.Version })
		switch {
		case j >= 0:
			x.Text = s.proposals[j].Text
		case p.Texts != nil:
			var err error
			if x.Text, err = p.Texts.PolicyText(ctx, org, x.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func dayOf(d *civil.Date) civil.Date {
	if d == nil {
		return 0
	}
	return *d
}

func (s *shelf) policy(k record.Known, f fields) {
	s.policies = append(s.policies, Policy{ID: k.Key, Title: or(f.text("title"), k.Key), Version: f.text("version"), Owner: f.text("owner"), Approver: f.text("approver"), ApprovedBy: f.text("approved_by"),
		ApprovedOn: date(f.text("approved_on")), Next: date(f.text("next_review_on")), Adopted: date(f.text("adopted_on")), Retired: date(f.text("retired_on")), Index: k.Index, drawn: k.Version})
}

func (s *shelf) edition(k record.Known, f fields) {
	m, said := f["material"].(bool)
	s.editions[f.text("policy_id")] = append(s.editions[f.text("policy_id")], Edition{f.text("version"), date(f.text("published_on")), date(f.text("effective_on")), date(f.text("retired_on")), f.text("approved_by"), m || !said, k.Index})
}

func (s *shelf) proposal(k record.Known, f fields) {
	m, _ := f["material"].(bool)
	at, _ := instant(f.text("prepared_at"))
	s.proposals = append(s.proposals, Proposal{k.Key, f.text("policy_id"), f.text("title"), f.text("version"), f.text("text"), f.text("owner"), f.text("approver"), m, f.text("note"), f.text("prepared_by"), at,
		f.text("state"), f.text("decided_by"), k.Version, k.Index})
}

func (s *shelf) ack(_ record.Known, f fields) {
	if d := date(f.text("accepted_on")); d != nil {
		who := s.who.of(f.text("person_id"))
		s.acks[who] = append(s.acks[who], ack{f.text("document"), f.text("version"), *d})
	}
}

// All gives the policies by title. The slice is not to be changed.
func (p *Policies) All(ctx context.Context, org id.Org) ([]Policy, error) {
	s, err := p.shelf(ctx, org)
	if err != nil {
		return nil, err
	}
	return s.policies, nil
}

// Policy gives one with its editions, the first first; fault.NotFound where there is none. A policy of which only proposals are on
// record is one without a version.
func (p *Policies) Policy(ctx context.Context, org id.Org, key string) (Policy, []Edition, error) {
	s, err := p.shelf(ctx, org)
	if err != nil {
		return Policy{}, nil, err
	}
	if i := slices.IndexFunc(s.policies, func(x Policy) bool { return x.ID == key }); i >= 0 {
		return s.policies[i], s.editions[key], nil
	}
	if i := slices.IndexFunc(s.proposals, func(x Proposal) bool { return x.Policy == key }); i >= 0 {
		return Policy{ID: key, Title: s.proposals[i].Title}, nil, nil
	}
	return Policy{}, nil, &fault.Error{Kind: fault.NotFound, What: "no policy " + key}
}

// Proposals gives the proposals of all policies, the latest first. The slice is not to be changed.
func (p *Policies) Proposals(ctx context.Context, org id.Org) ([]Proposal, error) {
	s, err := p.shelf(ctx, org)
	if err != nil {
		return nil, err
	}
	return s.proposals, nil
}

// Workers gives everybody in service on a day, by person, with what they accepted of a policy.
func (p *Policies) Workers(ctx context.Context, a Actor, x Policy) ([]Worker, error) {
	s, err := p.shelf(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	good := accepted(x, s.editions[x.ID])
	now := p.Desk.Now()
	seen := map[string]bool{}
	var out []Worker
	for _, f := range s.people {
		who := s.who.of(f.text("person_id"))
		if seen[who] || !serves(f, a.Zone, now) {
			continue
		}
		seen[who] = true
		w := Worker{Person: who, Email: s.who.address[who]}
		for _, k := range s.acks[who] {
			if k.document == x.ID && (good == nil || good[k.version]) && (w.Accepted == nil || k.on > *w.Accepted) {
				on := k.on
				w.Accepted, w.Version = &on, k.version
			}
		}
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b Worker) int { return strings.Compare(or(a.Email, a.Person), or(b.Email, b.Person)) })
	return out, nil
}

// serves reports whether an employment of a human being runs now.
func serves(f fields, z civil.Zone, now civil.Instant) bool {
	today := z.DateOf(now)
	if f.text("kind") == "service" {
		return false
	}
	if d := date(f.text("started_on")); d != nil && *d > today {
		return false
	}
	if i, ok := instant(f.text("ended_at")); ok {
		return i > now
	}
	d := date(f.text("ended_on"))
	return d == nil || *d >= today
}

// accepted says which versions count as the one in force: itself, and those before that differ from it in nothing material. Without a
// version in force every acceptance counts.
func accepted(x Policy, list []Edition) map[string]bool {
	if x.Version == "" {
		return nil
	}
	good := map[string]bool{x.Version: true}
	i := slices.IndexFunc(list, func(e Edition) bool { return e.Version == x.Version })
	for ; i > 0 && !list[i].Material; i-- {
		good[list[i-1].Version] = true
	}
	return good
}

// Acknowledged says when the actor accepted the version in force of a policy; nil where they did not.
func (p *Policies) Acknowledged(ctx context.Context, a Actor, x Policy) (*civil.Date, error) {
	s, err := p.shelf(ctx, a.Org)
	if err != nil {
		return nil, err
	}
	good := accepted(x, s.editions[x.ID])
	var last *civil.Date
	for _, k := range s.acks[s.who.of(a.Email)] {
		if k.document == x.ID && (good == nil || good[k.version]) && (last == nil || k.on > *last) {
			on := k.on
			last = &on
		}
	}
	return last, nil
}

// Acknowledge records that the actor accepts the version in force, today by the server's clock. The version is the one whose text they
// read: when another came into force meanwhile, nothing is recorded.
func (p *Policies) Acknowledge(ctx context.Context, a Actor, key, version string) error {
	if err := a.check(); err != nil {
		return err
	}
	x, _, err := p.Policy(ctx, a.Org, key)
	if err != nil {
		return err
	}
	today := a.Zone.DateOf(p.Desk.Now())
	if !x.InForce(today) {
		return fault.Refuse("%s is not in force: there is nothing to accept", x.Title)
	}
	if x.Version != version {
		return fault.Refuse("version %s of %s is in force, and you read %s; read it and accept it then", x.Version, x.Title, version)
	}
	if last, err := p.Acknowledged(ctx, a, x); err != nil || last != nil && *last == today {
		return err
	}
	ackID, err := p.Desk.mint("acknowledgement")
	if err != nil {
		return err
	}
	var ms members
	ms.text("ack_id", ackID)
	ms.text("person_id", a.Email)
	ms.text("document", x.ID)
	ms.text("version", x.Version)
	ms.text("accepted_on", today.String())
	return p.Desk.act(ctx, a, acknowledgements, 0, ms)
}

var policyID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
