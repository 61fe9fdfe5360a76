package campaign

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

func (p *Pages) policyRoutes(get, post func(string, access.Policy, shell.Handler)) {
	get("/policies", access.ReadProgram, p.policies)
	get("/policies/new", access.EditProgram, p.newPolicy)
	post("/policies/new", access.EditProgram, p.proposeNew)
	post("/policies/preview", access.EditProgram, p.preview)
	get("/policies/{id}", access.ReadProgram, p.policy)
	get("/policies/{id}/people", access.ReadRecords, p.workers)
	get("/policies/{id}/edit", access.EditProgram, p.editPolicy)
	post("/policies/{id}/edit", access.EditProgram, p.propose)
	get("/policies/{id}/versions/{proposal}", access.ReadProgram, p.version)
	post("/policies/{id}/versions/{proposal}/approve", access.ApproveProgram, p.approve)
	post("/policies/{id}/versions/{proposal}/withdraw", access.EditProgram, p.withdraw)
	post("/policies/{id}/acknowledge", access.Acknowledge, p.acknowledge)
}

func policyPath(key string) string { return "/policies/" + url.PathEscape(key) }

func versionPath(x operate.Proposal) string {
	return policyPath(x.Policy) + "/versions/" + url.PathEscape(x.ID)
}

// soon is how many days before its review a policy is told to be due.
const soon = 30

type policyLine struct {
	operate.Policy
	Accepted, Workers int
	Proposal          *operate.Proposal // that waits for an approval
	Mine              bool              // the reader has not accepted it
}

// overdue and due say how a policy stands to its yearly review.
func (x policyLine) overdue(on civil.Date) bool { return x.Next != nil && *x.Next < on }
func (x policyLine) due(on civil.Date) bool     { return x.Next != nil && *x.Next <= on+soon }

type policiesData struct {
	List  []policyLine
	Today civil.Date
	Zone  civil.Zone
}

// policies lists what is in force, what is due, what waits for an approval, and how many have accepted it.
func (p *Pages) policies(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	all, err := p.o.Policies.All(ctx, p.o.Org)
	if err != nil {
		return err
	}
	proposals, err := p.o.Policies.Proposals(ctx, p.o.Org)
	if err != nil {
		return err
	}
	d := policiesData{Today: p.today(), Zone: p.o.Zone}
	seen := map[string]bool{}
	for _, x := range all {
		seen[x.ID] = true
		l, err := p.line(ctx, x)
		if err != nil {
			return err
		}
		l.Proposal = waiting(proposals, x.ID)
		d.List = append(d.List, l)
	}
	for _, x := range proposals {
		if !seen[x.Policy] && x.State == operate.Proposed {
			seen[x.Policy] = true
			d.List = append(d.List, policyLine{Policy: operate.Policy{ID: x.Policy, Title: x.Title}, Proposal: &x})
		}
	}
	slices.SortStableFunc(d.List, func(a, b policyLine) int { return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) })
	return shell.Page(w, r, http.StatusOK, policiesPage(d))
}

func waiting(list []operate.Proposal, policy string) *operate.Proposal {
	for _, x := range list {
		if x.Policy == policy && x.State == operate.Proposed {
			return &x
		}
	}
	return nil
}

// line counts who accepted a policy.
func (p *Pages) line(ctx context.Context, x operate.Policy) (policyLine, error) {
	l := policyLine{Policy: x}
	a := p.actor(ctx)
	workers, err := p.o.Policies.Workers(ctx, a, x)
	if err != nil {
		return l, err
	}
	l.Workers = len(workers)
	for _, y := range workers {
		if y.Accepted != nil {
			l.Accepted++
		}
	}
	last, err := p.o.Policies.Acknowledged(ctx, a, x)
	l.Mine = last == nil && x.InForce(p.today()) && shell.May(ctx, access.Acknowledge)
	return l, err
}

type policyData struct {
	policyLine
	Editions  []operate.Edition // the latest first
	Proposals []operate.Proposal
	Since     *civil.Date // when the reader accepted it
	Blocks    []report.Block
	Today     civil.Date
	Zone      civil.Zone
	Error     string
}

func (p *Pages) policyOf(ctx context.Context, key string) (policyData, error) {
	x, editions, err := p.o.Policies.Policy(ctx, p.o.Org, key)
	if err != nil {
		return policyData{}, err
	}
	d := policyData{Editions: slices.Clone(editions), Today: p.today(), Zone: p.o.Zone}
	slices.Reverse(d.Editions)
	if d.policyLine, err = p.line(ctx, x); err != nil {
		return d, err
	}
	if d.Since, err = p.o.Policies.Acknowledged(ctx, p.actor(ctx), x); err != nil {
		return d, err
	}
	all, err := p.o.Policies.Proposals(ctx, p.o.Org)
	if err != nil {
		return d, err
	}
	for _, y := range all {
		if y.Policy == key {
			d.Proposals = append(d.Proposals, y)
		}
	}
	d.Proposal = waiting(d.Proposals, key)
	d.Blocks, err = drawn(x.Text)
	return d, err
}

func (p *Pages) policy(w http.ResponseWriter, r *http.Request) error {
	d, err := p.policyOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, policyPage(d))
}

// drawn makes blocks of a text of management's, as a report does.
func drawn(text string) ([]report.Block, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	return report.Prose(text), nil
}

// preview draws a text as its page will.
func (p *Pages) preview(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	text := r.PostForm.Get("text")
	if len(text) > 1<<20 {
		return fault.Refuse("the text is longer than a megabyte")
	}
	list, err := drawn(text)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, policyText(list))
}

type workersData struct {
	Policy operate.Policy
	List   []operate.Worker
	Open   int
	Zone   civil.Zone
}

// workers lists who in service has not accepted the version in force, and who has.
func (p *Pages) workers(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, _, err := p.o.Policies.Policy(ctx, p.o.Org, r.PathValue("id"))
	if err != nil {
		return err
	}
	d := workersData{Policy: x, Zone: p.o.Zone}
	if d.List, err = p.o.Policies.Workers(ctx, p.actor(ctx), x); err != nil {
		return err
	}
	for _, y := range d.List {
		if y.Accepted == nil {
			d.Open++
		}
	}
	slices.SortStableFunc(d.List, func(a, b operate.Worker) int { return order(a) - order(b) })
	return shell.Page(w, r, http.StatusOK, workersPage(d))
}

func order(w operate.Worker) int {
	if w.Accepted == nil {
		return 0
	}
	return 1
}

func (p *Pages) acknowledge(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	err := p.o.Policies.Acknowledge(ctx, p.actor(ctx), r.PathValue("id"), r.PostForm.Get("version"))
	if errors.Is(err, fault.Refused) {
		return p.again(w, r, err)
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "Recorded: you have read and accept version %s.", cut(r.PostForm.Get("version"), 40))})
	return shell.Redirect(w, r, policyPath(r.PathValue("id")))
}

// again shows the policy with what was refused.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, err error) error {
	d, e := p.policyOf(r.Context(), r.PathValue("id"))
	if e != nil {
		return e
	}
	d.Error = err.Error()
	return shell.Page(w, r, http.StatusUnprocessableEntity, policyPage(d))
}

// The editor.

func (p *Pages) policyForm(ctx context.Context, x operate.PolicyDraft, known bool) (shell.Form, error) {
	people, err := p.people(ctx)
	if err != nil {
		return shell.Form{}, err
	}
	f := shell.Form{Action: "/policies/new", Submit: shell.T(ctx, "Propose it for approval"), Back: "/policies", Hidden: map[string]string{"proposal": x.Proposal, "drawn": strconv.Itoa(x.Drawn)}}
	if known {
		f.Action, f.Back = policyPath(x.Policy)+"/edit", policyPath(x.Policy)
	} else {
		f.Fields = append(f.Fields, shell.Field{Name: "policy_id", Label: shell.T(ctx, "Name in the registers"), Value: x.Policy, Required: true, Max: 64, Mono: true, Help: shell.T(ctx, "Such as code-of-conduct or confidentiality. It does not change.")})
	}
	f.Fields = append(f.Fields, []shell.Field{
		{Name: "title", Label: shell.T(ctx, "Title"), Value: x.Title, Required: true, Max: 200},
		{Name: "version", Label: shell.T(ctx, "Version"), Value: x.Version, Required: true, Max: 40, Help: shell.T(ctx, "A changed text needs a version of its own. The same text under the same version is its yearly review.")},
		{Name: "text", Label: shell.T(ctx, "Text"), Type: "markdown", Rows: 20, Value: x.Text, Required: true, Preview: "/policies/preview", Help: shell.T(ctx, "Markdown: headings, lists, tables. HTML and pictures are left out.")},
		{Name: "material", Label: shell.T(ctx, "The change is material: people accept it anew"), Type: "check", Value: yes(x.Material)},
		{Name: "owner", Label: shell.T(ctx, "Owner"), Type: "select", Options: people, Value: x.Owner},
		{Name: "approver", Label: shell.T(ctx, "Who must approve it"), Type: "select", Options: people, Value: x.Approver, Help: shell.T(ctx, "An approval by somebody else deviates.")},
		{Name: "note", Label: shell.T(ctx, "What changes, and why"), Type: "area", Value: x.Note, Max: 4000},
	}...)
	return f, nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func (p *Pages) newPolicy(w http.ResponseWriter, r *http.Request) error {
	f, err := p.policyForm(r.Context(), operate.PolicyDraft{Version: "1.0", Material: true}, false)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, policyFormPage("", f, nil))
}

// editing is what the form of a policy starts with: the proposal that waits, else the version in force.
func (p *Pages) editing(ctx context.Context, key string) (operate.PolicyDraft, error) {
	d, err := p.policyOf(ctx, key)
	if err != nil {
		return operate.PolicyDraft{}, err
	}
	if x := d.Proposal; x != nil {
		return operate.PolicyDraft{Proposal: x.ID, Drawn: x.Drawn, Policy: key, Title: x.Title, Version: x.Version, Text: x.Text, Owner: x.Owner, Approver: x.Approver, Material: x.Material, Note: x.Note}, nil
	}
	return operate.PolicyDraft{Policy: key, Title: d.Title, Version: d.Version, Text: d.Text, Owner: d.Owner, Approver: d.Approver, Material: true}, nil
}

func (p *Pages) editPolicy(w http.ResponseWriter, r *http.Request) error {
	x, err := p.editing(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := p.policyForm(r.Context(), x, true)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, policyFormPage(x.Title, f, nil))
}

func (p *Pages) proposeNew(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	return p.proposed(w, r, operate.PolicyDraft{Policy: shell.Value(r, "policy_id")}, false)
}

func (p *Pages) propose(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	x, err := p.editing(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	drawn, _ := strconv.Atoi(r.PostForm.Get("drawn"))
	return p.proposed(w, r, operate.PolicyDraft{Policy: x.Policy, Proposal: r.PostForm.Get("proposal"), Drawn: drawn}, true)
}

func (p *Pages) proposed(w http.ResponseWriter, r *http.Request, x operate.PolicyDraft, known bool) error {
	ctx := r.Context()
	x.Title, x.Version, x.Text, x.Owner, x.Approver = shell.Value(r, "title"), shell.Value(r, "version"), r.PostForm.Get("text"), shell.Value(r, "owner"), shell.Value(r, "approver")
	x.Material, x.Note = r.PostForm.Get("material") == "yes", shell.Value(r, "note")
	_, err := p.o.Policies.Propose(ctx, p.actor(ctx), x)
	if errors.Is(err, fault.Refused) {
		f, e := p.policyForm(ctx, x, known)
		if e != nil {
			return e
		}
		var theirs []change
		var stale *operate.Stale
		if errors.As(err, &stale) { // both versions: theirs against this one; saving again supersedes it
			now, e := p.editing(ctx, x.Policy)
			if e != nil {
				return e
			}
			theirs = differ(now.Text, x.Text)
			f.Hidden["proposal"], f.Hidden["drawn"] = now.Proposal, strconv.Itoa(now.Drawn)
		}
		return shell.Page(w, r, http.StatusUnprocessableEntity, policyFormPage(x.Title, f.WithErrors(err), theirs))
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "Proposed. Another person approves it.")})
	return shell.Redirect(w, r, policyPath(x.Policy))
}

type versionData struct {
	Policy   operate.Policy
	Proposal operate.Proposal
	Diff     []change
	Blocks   []report.Block
	Zone     civil.Zone
	Error    string
}

func (p *Pages) versionOf(r *http.Request) (versionData, error) {
	d, err := p.policyOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return versionData{}, err
	}
	i := slices.IndexFunc(d.Proposals, func(x operate.Proposal) bool { return x.ID == r.PathValue("proposal") })
	if i < 0 {
		return versionData{}, notFound("no proposal " + r.PathValue("proposal"))
	}
	v := versionData{Policy: d.policyLine.Policy, Proposal: d.Proposals[i], Zone: p.o.Zone}
	before := d.Text
	if v.Proposal.State != operate.Proposed { // against the one that was approved before it
		before = ""
		for _, x := range d.Proposals[i+1:] {
			if x.State == operate.Approved {
				before = x.Text
				break
			}
		}
	}
	v.Diff = differ(before, v.Proposal.Text)
	v.Blocks, err = drawn(v.Proposal.Text)
	return v, err
}

func (p *Pages) version(w http.ResponseWriter, r *http.Request) error {
	d, err := p.versionOf(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, versionPage(d))
}

func (p *Pages) approve(w http.ResponseWriter, r *http.Request) error { return p.decided(w, r, true) }

func (p *Pages) withdraw(w http.ResponseWriter, r *http.Request) error { return p.decided(w, r, false) }

// decided approves a proposal or takes it back, in the version that the reader saw.
func (p *Pages) decided(w http.ResponseWriter, r *http.Request, approve bool) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, err := p.versionOf(r)
	if err != nil {
		return err
	}
	drawn, _ := strconv.Atoi(r.PostForm.Get("drawn"))
	err = p.o.Policies.Decide(ctx, p.actor(ctx), d.Proposal.ID, drawn, approve)
	if errors.Is(err, fault.Refused) {
		d.Error = err.Error()
		return shell.Page(w, r, http.StatusUnprocessableEntity, versionPage(d))
	}
	if err != nil {
		return err
	}
	if approve {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "Version %s is in force from today.", cut(d.Proposal.Version, 40))})
	} else {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "The proposal is taken back.")})
	}
	return shell.Redirect(w, r, policyPath(d.Proposal.Policy))
}
