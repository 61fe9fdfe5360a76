package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/render/html"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web"
)

// pages answers the web from one organization. Results are computed once per state of the ledger
// and day: without items from the kept runs, which is soon done, and with every item.
type pages struct {
	o     *office
	gauge *gauging
	work  sync.Mutex // held by whoever computes
	mu    sync.Mutex // over what follows
	runs  map[bool]run
	said  progress

	background sync.WaitGroup // those who compute for nobody in particular
}

// run is a set of results, or why there are none, and the state that it is for.
type run struct {
	state
	res assure.Results
	err error
}

// state is what results depend on: the tree size, and the civil day, for what is due depends on it.
type state struct {
	size int64
	day  string
}

// progress is how far a run is.
type progress struct {
	test     string
	done, of int
}

func (p *pages) now(ctx context.Context) (state, error) {
	size, err := p.o.st.Size(ctx, p.o.org.ID)
	return state{size, p.o.app.Clock().UTC().Format(time.DateOnly)}, err
}

// have gives what was computed for a state. Results with items serve also where none are asked for.
func (p *pages) have(s state, items bool) (run, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, with := range []bool{true, items} {
		if r, ok := p.runs[with]; ok && r.state == s {
			return r, true
		}
	}
	return run{}, false
}

func (p *pages) results(ctx context.Context, items bool) (assure.Results, error) {
	s, err := p.now(ctx)
	if err != nil {
		return assure.Results{}, err
	}
	if r, ok := p.have(s, items); ok && r.err == nil {
		return r.res, nil
	}
	p.work.Lock()
	defer p.work.Unlock()
	if r, ok := p.have(s, items); ok && r.err == nil {
		return r.res, nil
	}
	r := run{state: s}
	if p.o.asOf("") {
		r.res, r.err = p.o.results(ctx, "")
	} else {
		r.res, r.err = p.o.Test(ctx, cli.Test{Items: items, Cached: !items}, p.tell)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs == nil {
		p.runs = map[bool]run{}
	}
	p.runs[items] = r
	return r.res, r.err
}

func (p *pages) tell(test string, done, of int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = progress{test, done, of}
}

// Tests gives the results without their items.
func (p *pages) Tests(ctx context.Context) (assure.Results, error) {
	res, err := p.results(ctx, false)
	res.Controls = slices.Clone(res.Controls)
	for i := range res.Controls {
		res.Controls[i].Items = nil
	}
	return res, err
}

func (p *pages) test(ctx context.Context, ref web.TestRef) (assure.TestResult, error) {
	res, err := p.results(ctx, true)
	if err != nil {
		return assure.TestResult{}, err
	}
	for _, t := range res.Controls {
		if t.Control == ref.Control && t.Test == ref.Test && t.Version == ref.Version {
			return t, nil
		}
	}
	return assure.TestResult{}, fault.NotFound
}

// order of verdicts in lists: what needs a person first.
var order = map[assure.Verdict]int{assure.Deviation: 0, assure.Undecided: 1, assure.Pass: 2, assure.NotApplicable: 3}

// Items pages through a test's items.
func (p *pages) Items(ctx context.Context, q web.Query) ([]web.Item, int, error) {
	t, err := p.test(ctx, q.TestRef)
	if err != nil {
		return nil, 0, err
	}
	var hits []assure.Item
	text := strings.ToLower(q.Text)
	for _, i := range t.Items {
		if (q.Verdict == "" || i.Verdict == q.Verdict) && (text == "" || strings.Contains(strings.ToLower(i.Key), text)) &&
			(q.Month == "" || strings.HasPrefix(i.EventTime, q.Month)) {
			hits = append(hits, i)
		}
	}
	sort.SliceStable(hits, func(a, b int) bool { return order[hits[a].Verdict] < order[hits[b].Verdict] })
	total := len(hits)
	hits = hits[min(q.Offset, total):min(q.Offset+q.Limit, total)]
	var out []web.Item
	for _, i := range hits {
		out = append(out, view(t, i))
	}
	return out, total, nil
}

func view(t assure.TestResult, i assure.Item) web.Item {
	w := web.Item{Key: i.Key, Verdict: i.Verdict, EventTime: i.EventTime, Each: i.Attributes}
	at, found := slices.BinarySearchFunc(t.Findings, i.Key, func(f assure.Finding, key string) int { return strings.Compare(f.Key, key) })
	if found {
		f := t.Findings[at]
		w.Attributes, w.Reason, w.Records = f.Attributes, f.Reason, f.Records
	}
	return w
}

// Item gives one item, with the records it rests on also when it passed.
func (p *pages) Item(ctx context.Context, ref web.TestRef, key string) (web.Item, error) {
	t, err := p.test(ctx, ref)
	if err != nil {
		return web.Item{}, err
	}
	for _, i := range t.Items {
		if i.Key != key {
			continue
		}
		w := view(t, i)
		if w.Records == nil {
			w.Records, err = p.restsOn(ctx, t, key)
		}
		return w, err
	}
	return web.Item{}, fault.NotFound
}

func (p *pages) restsOn(ctx context.Context, t assure.TestResult, key string) ([]string, error) {
	res, err := p.results(ctx, true)
	if err != nil {
		return nil, err
	}
	s, err := p.o.session(ctx, res)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for _, u := range p.o.units {
		if u.Test != t.Test || u.Version != t.Version {
			continue
		}
		w, err := p.o.world(ctx, res, u, t)
		if err != nil {
			return nil, err
		}
		facts, err := s.Facts(ctx, u.Plan, w, []string{key})
		if err != nil || facts[key] == nil {
			return nil, err
		}
		var all []string
		for _, c := range u.Plan.Checks {
			all = append(all, c.ID)
		}
		return u.Plan.Records(*facts[key], all), nil
	}
	return nil, fault.NotFound
}

// Records gives records by name.
func (p *pages) Records(ctx context.Context, names []string) ([]web.RecordView, error) {
	w, err := p.Window(ctx)
	if err != nil {
		return nil, err
	}
	var out []web.RecordView
	for _, n := range names {
		reg, key, version, ok := splitName(n)
		if !ok {
			continue
		}
		k, err := p.o.st.Lookup(ctx, p.o.org.ID, reg, key, version)
		if errors.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		v := web.RecordView{Name: n, Register: reg, Key: key, Version: k.Version, Source: k.Source, Pull: string(k.Pull),
			Received: k.Received.String(), Index: k.Index, Anchored: k.Index < w.Anchored, Body: k.Body}
		if k.Event != nil {
			v.Event = k.Event.String()
		}
		if k.Recorded != nil {
			v.Recorded = k.Recorded.String()
		}
		out = append(out, v)
	}
	return out, nil
}

// splitName takes register/key@version apart; a key may hold both signs.
func splitName(n string) (reg, key string, version int, ok bool) {
	reg, rest, ok := strings.Cut(n, "/")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 {
		return "", "", 0, false
	}
	_, err := fmt.Sscanf(rest[at+1:], "%d", &version)
	return reg, rest[:at], version, err == nil
}

// Proof proves one leaf against the latest checkpoint.
func (p *pages) Proof(ctx context.Context, index int64) (web.ProofView, error) {
	cp, err := p.o.st.Checkpoint(ctx, p.o.org.ID)
	if err != nil {
		return web.ProofView{}, err
	}
	if index < 0 || index >= cp.Size {
		return web.ProofView{}, fault.NotFound
	}
	sealed, err := p.o.st.At(ctx, p.o.org.ID, index)
	if err != nil {
		return web.ProofView{}, err
	}
	path, err := ledger.Prove(cp.Size, index, p.o.st.Hashes(ctx, p.o.org.ID))
	if err != nil {
		return web.ProofView{}, err
	}
	commitment := sealed.Commit()
	leaf, hash := ledger.Leaf(commitment), ledger.LeafHash(commitment)
	v := web.ProofView{Index: index, Size: cp.Size, Root: cp.RootHex(), Commitment: hex.EncodeToString(commitment[:]),
		Leaf: hex.EncodeToString(leaf[:]), LeafHash: hex.EncodeToString(hash[:]), Checkpoint: string(cp.Note)}
	for _, h := range path {
		v.Path = append(v.Path, hex.EncodeToString(h[:]))
	}
	v.File = ledger.Proof{Index: index, Hashes: path, Checkpoint: cp.Note}.Text()
	if !sealed.Erased() {
		v.Line = append([]byte(hex.EncodeToString(sealed.Salt)+" "), sealed.Bytes...)
	}
	return v, nil
}

// Pulls gives every pull, the latest first.
func (p *pages) Pulls(ctx context.Context) ([]web.PullView, error) {
	res, err := p.results(ctx, false)
	if err != nil {
		return nil, err
	}
	var out []web.PullView
	complete := p.o.completeness()
	known, err := civil.ParseInstant(res.KnownAt)
	if err != nil {
		return nil, err
	}
	checks := map[string][]assure.Check{}
	err = p.o.each(ctx, record.Pulls, res.Checkpoint.Size, func(k record.Known) error {
		v := web.PullView{Index: k.Index}
		if err := json.Unmarshal(k.Body, &v.Pull); err != nil {
			return err
		}
		if _, ok := checks[v.Register]; !ok {
			list, err := complete.Checks(ctx, p.o.org.ID, v.Register, res.Checkpoint.Size, known, res.Period)
			if err != nil {
				return err
			}
			checks[v.Register] = list
		}
		v.Checks = checks[v.Register]
		out = append(out, v)
		return nil
	})
	sort.SliceStable(out, func(a, b int) bool { return out[a].Index > out[b].Index })
	return out, err
}

// Draft gives the draft report.
func (p *pages) Draft(ctx context.Context) ([]byte, error) {
	res, err := p.Tests(ctx)
	if err != nil {
		return nil, err
	}
	r, err := p.o.draft(ctx, "", res)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	err = html.Render(&b, r)
	return []byte(b.String()), err
}

// gate admits every reader that reaches the address: the pages only read, and the address is the
// machine's own unless the operator chose another, which serve says aloud.
type gate struct{}

func (gate) Allow(*http.Request, access.Policy) error { return nil }

// testing says how each control is decided, in its latest version.
func (o *office) testing() map[string]web.Testing {
	latest, out := map[string]int{}, map[string]web.Testing{}
	for _, v := range o.versions {
		latest[v.Control.ID] = max(latest[v.Control.ID], v.Version)
	}
	for _, u := range o.units {
		t := out[u.Control]
		for _, c := range u.Plan.Checks {
			if c.Person {
				if t.Persons == nil {
					t.Persons = map[web.TestRef][]string{}
				}
				ref := web.TestRef{Control: u.Control, Test: u.Test, Version: u.Version}
				t.Persons[ref] = append(t.Persons[ref], c.ID)
			}
		}
		if u.Version == latest[u.Control] {
			t.Checklist, t.Attributes = t.Checklist || u.Plan.Checklist(), t.Attributes+len(u.Plan.Checks)
		}
		out[u.Control] = t
	}
	return out
}

func (o *office) site(listen string, p *pages) (*web.Site, error) {
	c, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	in, err := o.program.Criteria(c)
	if err != nil {
		return nil, err
	}
	k, err := scope.KindOf(o.program.Report)
	if err != nil {
		return nil, err
	}
	p.gauge = o.gauging()
	opts := web.Options{
		Organization: o.org.Name, Report: k.Title, Zone: o.program.Zone,
		Catalog: web.Catalog{Controls: o.controlsNow(), Criteria: in, Tests: o.testing(), Frameworks: c.Frameworks},
		Tests:   p, Items: p, Records: p, Proofs: p, Pulls: p, Gauge: p.gauge, Documents: &drawings{p}, Gate: gate{},
		Failed: func(r *http.Request, err error) { log.Printf("%s %s: %v", r.Method, r.URL.Path, err) },
	}
	if strings.HasPrefix(o.program.Report, "soc2-") {
		opts.Drafts = p
	}
	if host, _, _ := net.SplitHostPort(listen); loopback(host) {
		opts.Hosts = []string{"localhost", "127.0.0.1", "::1", "[::1]"}
	}
	return web.New(opts)
}
