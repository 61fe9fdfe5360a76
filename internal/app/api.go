package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"net/http"
	"net/url"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/mcp"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/scim"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/shell"
)

// doors are those of programs: the JSON API, over it that of agents, and that of directories.
func (in *installation) doors(o *shell.Options, key [32]byte) error {
	secret := hmac.New(sha256.New, key[:]) // no key serves two ends
	secret.Write([]byte("assay api cursors v1"))
	kept, err := in.newAttempts()
	if err != nil {
		return err
	}
	a, err := api.New(api.Options{Tenants: apiTenants{in}, Idempotency: kept, Secret: secret.Sum(nil),
		Clock: in.app.Clock, Version: Version, Failed: in.failed})
	if err != nil {
		return err
	}
	opts := mcp.Options{API: a, Slugs: apiTenants{in}, Version: Version, Hosts: o.Hosts}
	if u, err := url.Parse(in.base); err == nil && in.base != "" {
		opts.Origins = []string{in.base}
		if len(opts.Hosts) == 0 {
			opts.Hosts = []string{u.Hostname()}
		}
	}
	m, err := mcp.New(opts)
	if err != nil {
		return err
	}
	in.api = a
	s, err := scim.New(scim.Options{Tenants: scimTenants{in}, Accounts: in.accounts, Directory: in.people, Groups: in.people, Clock: in.app.Clock, Random: in.app.Random,
		Origin: in.base, Address: in.address, Failed: in.failed})
	if err != nil {
		return err
	}
	in.scim = s
	o.Raw = map[string]http.Handler{"/api/": a, "/mcp": a.Limited(m), scim.Base + "/": a.Limited(s)}
	return nil
}

// scimTenants gives directories their organization.
type scimTenants struct{ in *installation }

// Organization finds it. Groups stand for roles by their names; no group makes administrators.
func (x scimTenants) Organization(ctx context.Context, slug string) (*scim.Organization, error) {
	x.in.tenants.mu.Lock()
	o, ok := x.in.tenants.slugs[slug]
	x.in.tenants.mu.Unlock()
	if !ok {
		return nil, fault.NotFound
	}
	kind, err := x.in.tenants.kind(ctx, o.ID)
	return &scim.Organization{ID: o.ID, Kind: kind}, err
}

// Roles gives what a person is in an organization.
func (x scimTenants) Roles(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	return x.in.roles(ctx, p, org)
}

// apiTenants gives programs what pages show.
type apiTenants struct{ in *installation }

// Slug is an organization's name in addresses.
func (x apiTenants) Slug(_ context.Context, org id.Org) (string, error) {
	if s := x.in.tenants.slug(org); s != "" {
		return s, nil
	}
	return "", fault.NotFound
}

// Organization gives what is served of an organization.
func (x apiTenants) Organization(ctx context.Context, slug string) (*api.Organization, error) {
	t, err := x.in.tenants.open(ctx, slug)
	if err != nil {
		return nil, err
	}
	if t.api == nil { // an audit firm has nothing that programs read
		return nil, fault.NotFound
	}
	return t.api, nil
}

// Roles gives what a person is in an organization.
func (x apiTenants) Roles(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	return x.in.roles(ctx, p, org)
}

// served wires what programs are given of one organization.
func (in *installation) served(t *tenant, desk *operate.Desk, locker *operate.Locker, w *deskWork) (*api.Organization, error) {
	k, err := scope.KindOf(t.o.program.Report)
	if err != nil {
		return nil, err
	}
	o := &api.Organization{ID: t.Org, Slug: t.Slug, Name: t.Name, Zone: t.Zone, Report: t.o.program.Report, Title: k.Title, AsOf: t.o.program.AsOf,
		Results: t.p, Program: apiOf{t}, Items: apiOf{t}, Sealed: apiOf{t}, Proofs: apiOf{t}, Pulls: apiOf{t}, Gauge: t.p.gauge, Ledger: apiOf{t},
		Schemas: apiSchemas{t.o.regs}, Books: walled{in.st}, Desk: desk, Importer: apiOf{t}, Evidence: locker, Tasks: t.board, Deviations: w, Answers: t.board,
		Documents: apiDocuments{&drawings{t.p}}, Members: apiMembers{in, t.Org}, Hooks: orgHooks{in.hooks, t.Org, t.Slug, t.Name}}
	if p, ok := t.o.program.Period(); ok {
		p.Zone = t.o.program.Zone
		o.Period = &p
	}
	return o, nil
}

// apiOf gives programs the pages' views, in the API's words.
type apiOf struct{ t *tenant }

// Controls gives the register of controls as the command line does.
func (x apiOf) Controls(ctx context.Context) ([]api.Control, error) {
	list, err := x.t.o.Controls(ctx)
	var out []api.Control
	for _, c := range list {
		y := api.Control{ID: c.ID, Title: c.Title, Version: c.Version, Statement: c.Statement, Shape: c.Shape, Test: c.Test, Registers: c.Registers,
			Criteria: c.Criteria, ISO27001: c.ISO27001, Objectives: c.Objectives, Owner: c.Owner, Frequency: c.Frequency, EvidenceTypes: c.EvidenceTypes,
			Escalation: c.Escalation, Attributes: []api.Attribute{}}
		for _, a := range c.Attributes {
			y.Attributes = append(y.Attributes, api.Attribute(a))
		}
		out = append(out, y)
	}
	return out, err
}

// Items gives a page of a test's items.
func (x apiOf) Items(ctx context.Context, q api.ItemQuery) ([]api.Item, int, error) {
	list, total, err := x.t.p.Items(ctx, web.Query{TestRef: web.TestRef(q.TestRef), Verdict: q.Verdict, Month: q.Month, Text: q.Text, Sort: web.Sort(q.Sort),
		Offset: q.Offset, Limit: q.Limit})
	var out []api.Item
	for _, i := range list {
		out = append(out, apiItem(i))
	}
	return out, total, err
}

// Item gives one item.
func (x apiOf) Item(ctx context.Context, ref api.TestRef, key string) (api.Item, error) {
	i, err := x.t.p.Item(ctx, web.TestRef(ref), key)
	return apiItem(i), err
}

func apiItem(i web.Item) api.Item {
	return api.Item{Key: i.Key, Verdict: i.Verdict, EventTime: i.EventTime, Attributes: i.Attributes, Reason: i.Reason, Records: i.Records, Each: i.Each}
}

// Records gives records by name.
func (x apiOf) Records(ctx context.Context, names []string) ([]api.Record, error) {
	list, err := x.t.p.Records(ctx, names)
	var out []api.Record
	for _, r := range list {
		out = append(out, api.Record{Name: r.Name, Register: r.Register, Key: r.Key, Version: r.Version, Source: r.Source, Pull: r.Pull, Event: r.Event,
			Recorded: r.Recorded, Received: r.Received, Sealed: r.Sealed, Index: r.Index, Anchored: r.Anchored, Erased: r.Erased, Body: api.Object(r.Body)})
	}
	return out, err
}

// Proof gives the C2SP tlog-proof of a leaf.
func (x apiOf) Proof(ctx context.Context, index int64) ([]byte, error) {
	p, err := x.t.p.Proof(ctx, index)
	return p.File, err
}

// Pulls gives a page of the pulls.
func (x apiOf) Pulls(ctx context.Context, offset, limit int) ([]api.Pull, int, error) {
	list, total, err := x.t.p.Pulls(ctx, offset, limit)
	var out []api.Pull
	for _, p := range list {
		out = append(out, api.Pull{Pull: p.Pull, Index: p.Index, Checks: p.Checks})
	}
	return out, total, err
}

// Ledger tells how the ledger stands.
func (x apiOf) Ledger(ctx context.Context) (api.LedgerState, error) {
	v, err := ledgerPages{x.t.p}.Ledger(ctx)
	if err != nil {
		return api.LedgerState{}, err
	}
	c, err := x.t.o.st.Checkpoint(ctx, x.t.Org)
	out := api.LedgerState{Origin: v.Origin, Key: v.Key, Note: string(c.Note), Window: v.Window}
	out.Checkpoint.Size, out.Checkpoint.Root = c.Size, c.RootHex()
	return out, err
}

// Import takes a file in.
func (x apiOf) Import(ctx context.Context, r collect.ImportRequest) (collect.Summary, error) {
	r.Org = x.t.Org // whatever was asked for
	also, err := x.t.o.fillable(ctx)
	if err != nil {
		return collect.Summary{}, err
	}
	return x.t.o.importer(also).Import(ctx, r)
}

// apiSchemas knows the registers.
type apiSchemas struct{ regs schemas }

func (s apiSchemas) Schema(name string) *register.Schema { return s.regs[name] }
func (s apiSchemas) Names() []string                     { return s.regs.Names() }

// apiDocuments draws drafts.
type apiDocuments struct{ d *drawings }

// Kinds lists the documents.
func (x apiDocuments) Kinds(ctx context.Context) ([]api.Document, error) {
	list, err := x.d.Kinds(ctx)
	var out []api.Document
	for _, k := range list {
		out = append(out, api.Document{Kind: k.Kind, Title: k.Title, Own: k.Own, Formats: k.Formats, Missing: k.Missing})
	}
	return out, err
}

// Draw draws one.
func (x apiDocuments) Draw(ctx context.Context, kind, format string, w io.Writer) error {
	return x.d.Draw(ctx, kind, format, w)
}

// apiMembers lists members.
type apiMembers struct {
	in  *installation
	org id.Org
}

// Members lists who is a member, in which roles.
func (x apiMembers) Members(ctx context.Context) ([]api.Member, error) {
	list, err := x.in.accounts.Members(ctx, x.org)
	var out []api.Member
	for _, m := range list {
		if len(m.Roles) > 0 {
			out = append(out, api.Member{Email: m.Person.Email, Name: m.Person.Name, Roles: m.Roles})
		}
	}
	return out, err
}
