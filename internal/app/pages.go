package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	enginesqlite "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/render/html"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/web"
)

// pages answers the web from one organization. What it shows is the latest finished run; a newer one is made in the background
// when the ledger has grown or a day has passed, so that nobody who works here waits for the tests.
type pages struct {
	o     *office
	gauge *gauging
	life  context.Context // of the background work
	turn  turn            // of the installation: who may run tests
	draws *draws          // of the installation: who may draw documents
	work  sync.Mutex      // held by whoever tests
	mu    sync.Mutex      // over what follows
	last  run
	lists []listed // the latest used last
	picks []places // the latest used last
	said  progress

	listing sync.Mutex // held by whoever lists or orders items: of many who ask for the same one does the work

	drafting sync.Mutex // held by whoever drafts the list of documents
	kinds    keptKinds

	reading sync.Mutex // held by whoever reads the pulls
	read    readPulls
	drawn   func(ctx context.Context, kind, format string) // told of every document that was drawn; may be nil

	background sync.WaitGroup // those who work for nobody in particular
}

// run is a set of results without items, or why there are none, and the state that it is for.
type run struct {
	state
	res *assure.Results
	err error
	at  time.Time
}

// listed is a test with all of its items, as of the run that it belongs to.
type listed struct {
	state
	ref web.TestRef
	res assure.TestResult
}

// readPulls are the pulls that a run knew, the latest first, with the checks of their registers.
type readPulls struct {
	res  *assure.Results
	list []web.PullView
}

// mostListed is how many items are kept in memory, over all tests; the list that was asked for last is kept in any case.
const mostListed = 200_000

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

// latest is the last finished run, if it has results.
func (p *pages) latest() (run, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last, !p.last.at.IsZero() && p.last.err == nil
}

// results gives those of the latest run, which it has made when there is none.
func (p *pages) results(ctx context.Context) (*assure.Results, error) {
	r, ok := p.latest()
	if !ok {
		r = p.renew(ctx)
		return r.res, r.err
	}
	if s, err := p.now(ctx); err == nil && s != r.state {
		p.soon()
	}
	return r.res, nil
}

// renew runs the tests unless somebody has just done so.
func (p *pages) renew(ctx context.Context) run {
	p.work.Lock()
	defer p.work.Unlock()
	s, err := p.now(ctx)
	if r, ok := p.latest(); ok && r.state == s {
		return r
	}
	r := run{state: s, err: err}
	r.res = &assure.Results{}
	done, err := p.turn.take(ctx)
	switch {
	case r.err != nil || err != nil:
		r.err = errors.Join(r.err, err)
	case p.o.asOf(""):
		*r.res, r.err = p.o.results(ctx, "")
	default:
		*r.res, r.err = p.o.Test(ctx, cli.Test{Cached: true}, p.tell)
	}
	done()
	r.at = p.o.app.Clock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.err == nil || p.last.at.IsZero() || p.last.err != nil {
		p.last = r // a run that failed does not take away the results that stand
	}
	return r
}

// soon has the tests run in the background, unless they do.
func (p *pages) soon() {
	if p.life == nil || p.life.Err() != nil || !p.work.TryLock() {
		return
	}
	p.work.Unlock()
	p.background.Go(func() {
		if r := p.renew(p.life); r.err == nil {
			_, _ = p.pulls(p.life, r.res) // so that nobody waits for the checks; what fails is told to who asks
		}
	})
}

func (p *pages) tell(test string, done, of int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = progress{test, done, of}
}

// Tests gives the results without their items.
func (p *pages) Tests(ctx context.Context) (*assure.Results, error) { return p.results(ctx) }

// found gives a test without its items, with the run that it belongs to.
func (p *pages) found(ctx context.Context, ref web.TestRef) (assure.TestResult, *assure.Results, error) {
	res, err := p.results(ctx)
	if err != nil {
		return assure.TestResult{}, nil, err
	}
	for _, t := range res.Controls {
		if t.Control == ref.Control && t.Test == ref.Test && t.Version == ref.Version {
			return t, res, nil
		}
	}
	return assure.TestResult{}, res, fault.NotFound
}

// listed gives a test with all of its items, and the run that knew them.
func (p *pages) listed(ctx context.Context, ref web.TestRef) (assure.TestResult, *assure.Results, error) {
	if t, r, ok := p.keeps(ref); ok {
		return t, r.res, nil
	}
	p.listing.Lock()
	defer p.listing.Unlock()
	t, r, ok := p.keeps(ref)
	if ok {
		return t, r.res, nil
	}
	known, err := civil.ParseInstant(r.res.KnownAt)
	if err != nil {
		return assure.TestResult{}, nil, err
	}
	done, err := p.turn.take(ctx)
	defer done()
	if err != nil {
		return assure.TestResult{}, nil, err
	}
	res, err := p.o.Test(ctx, cli.Test{Controls: []string{ref.Test}, KnownAt: &known, Items: true}, nil)
	if err != nil {
		return assure.TestResult{}, nil, err
	}
	for _, t := range res.Controls {
		if t.Control == ref.Control && t.Test == ref.Test && t.Version == ref.Version {
			p.keep(listed{r.state, ref, t})
			return t, r.res, nil
		}
	}
	return assure.TestResult{}, nil, fault.NotFound
}

// keeps gives a test whose items are kept, as of the latest run.
func (p *pages) keeps(ref web.TestRef) (assure.TestResult, run, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.lists, func(l listed) bool { return l.ref == ref && l.state == p.last.state })
	if i < 0 {
		return assure.TestResult{}, p.last, false
	}
	l := p.lists[i]
	p.lists = append(slices.Delete(p.lists, i, i+1), l)
	return l.res, p.last, true
}

func (p *pages) keep(l listed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lists = slices.DeleteFunc(p.lists, func(x listed) bool { return x.state != l.state || x.ref == l.ref })
	p.lists = append(p.lists, l)
	n := 0
	for i := len(p.lists) - 1; i >= 0; i-- {
		if n += len(p.lists[i].res.Items); n > mostListed && i < len(p.lists)-1 {
			p.lists = slices.Clone(p.lists[i+1:])
			return
		}
	}
}

// own is the register that the items of a test come from, and the latest version of the test's plan; nil where they are made of
// several, or of the calendar.
func (p *pages) own(ref web.TestRef) *register.Schema {
	for _, u := range p.o.units {
		if u.Test == ref.Test && u.Version == ref.Version && len(u.Plan.Sources) == 1 {
			return u.Plan.Sources[0].Schema
		}
	}
	return nil
}

// Columns names the fields of the register that the items of a test come from.
func (p *pages) Columns(_ context.Context, ref web.TestRef) ([]string, error) {
	s := p.own(ref)
	if s == nil {
		return nil, nil
	}
	return s.Names(), nil
}

// values reads the columns that a query asks for from the item's own record.
func (p *pages) values(ctx context.Context, q web.Query, i web.Item) ([]string, error) {
	s := p.own(q.TestRef)
	if s == nil || len(q.Columns) == 0 {
		return nil, nil
	}
	k, err := p.o.st.Lookup(ctx, p.o.org.ID, s.Name, i.Key, 0)
	if errors.Is(err, fault.NotFound) {
		return make([]string, len(q.Columns)), nil
	}
	if err != nil {
		return nil, err
	}
	body, err := register.ParseJSON(s.Name, 0, k.Body)
	out := make([]string, len(q.Columns))
	for n, c := range q.Columns {
		out[n] = body.Get(c).Text
	}
	return out, err
}

// Item gives one item, with the records it rests on also when it passed. It is decided anew, from the records that the run knew.
func (p *pages) Item(ctx context.Context, ref web.TestRef, key string) (web.Item, error) {
	t, res, err := p.found(ctx, ref)
	if err != nil {
		return web.Item{}, err
	}
	return p.o.item(ctx, *res, t, key)
}

// item decides one item of a test anew.
func (o *office) item(ctx context.Context, res assure.Results, t assure.TestResult, key string) (web.Item, error) {
	i := slices.IndexFunc(o.units, func(u examine.Unit) bool { return u.Test == t.Test && u.Version == t.Version })
	if i < 0 {
		return web.Item{}, fault.NotFound
	}
	u := o.units[i]
	s, err := o.session(ctx, res)
	if err != nil {
		return web.Item{}, err
	}
	defer s.Close()
	w, err := o.world(ctx, res, u, t)
	if err != nil {
		return web.Item{}, err
	}
	var out web.Item
	err = s.Run(ctx, u.Plan, w, []string{key}, true, func(a rule.Answered) error {
		if a.Key == key && !a.InProgress {
			out = view(t, assure.Item{Key: key, Verdict: a.Verdict(), EventTime: examine.EventTime(u.Plan, w, a.At)})
			out.Each = map[string]assure.Verdict{}
			for i, c := range u.Plan.Checks {
				out.Each[c.ID] = a.Verdicts[i]
			}
		}
		return nil
	})
	if err != nil || out.Key == "" {
		return out, errors.Join(err, notThere(out.Key))
	}
	if out.Records == nil {
		out.Records, err = restsOn(ctx, s, u.Plan, w, key)
	}
	return out, err
}

func notThere(key string) error {
	if key == "" {
		return fault.NotFound
	}
	return nil
}

func restsOn(ctx context.Context, s *enginesqlite.Session, plan *rule.Plan, w rule.World, key string) ([]string, error) {
	facts, err := s.Facts(ctx, plan, w, []string{key})
	if err != nil || facts[key] == nil {
		return nil, err
	}
	var all []string
	for _, c := range plan.Checks {
		all = append(all, c.ID)
	}
	return plan.Records(*facts[key], all), nil
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
		if !ok || !mayRead(ctx, reg) {
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

// proven gives a leaf with the latest checkpoint and its proof against it.
func (o *office) proven(ctx context.Context, index int64) (record.Sealed, ledger.Signed, ledger.Proof, error) {
	cp, err := o.st.Checkpoint(ctx, o.org.ID)
	if err != nil {
		return record.Sealed{}, cp, ledger.Proof{}, err
	}
	if index < 0 || index >= cp.Size {
		return record.Sealed{}, cp, ledger.Proof{}, fault.NotFound
	}
	sealed, err := o.st.At(ctx, o.org.ID, index)
	if err != nil {
		return sealed, cp, ledger.Proof{}, err
	}
	path, err := ledger.Prove(cp.Size, index, o.st.Hashes(ctx, o.org.ID))
	return sealed, cp, ledger.Proof{Index: index, Hashes: path, Checkpoint: cp.Note}, err
}

// Proof proves one leaf against the latest checkpoint.
func (p *pages) Proof(ctx context.Context, index int64) (web.ProofView, error) {
	sealed, cp, proof, err := p.o.proven(ctx, index)
	if err != nil {
		return web.ProofView{}, err
	}
	commitment := sealed.Commit()
	leaf, hash := ledger.Leaf(commitment), ledger.LeafHash(commitment)
	v := web.ProofView{Index: index, Size: cp.Size, Root: cp.RootHex(), Commitment: hex.EncodeToString(commitment[:]),
		Leaf: hex.EncodeToString(leaf[:]), LeafHash: hex.EncodeToString(hash[:]), Checkpoint: string(cp.Note)}
	for _, h := range proof.Hashes {
		v.Path = append(v.Path, hex.EncodeToString(h[:]))
	}
	v.File = proof.Text()
	if !sealed.Erased() && mayProve(ctx, sealed) {
		v.Line = append([]byte(hex.EncodeToString(sealed.Salt)+" "), sealed.Bytes...)
	}
	return v, nil
}

// Pulls pages through the pulls, the latest first.
func (p *pages) Pulls(ctx context.Context, offset, limit int) ([]web.PullView, int, error) {
	res, err := p.results(ctx)
	if err != nil {
		return nil, 0, err
	}
	list, err := p.pulls(ctx, res)
	total := len(list)
	return list[min(offset, total):min(offset+limit, total)], total, err
}

// pulls gives those that a run knew. They are read, and their registers checked, once for the run.
func (p *pages) pulls(ctx context.Context, res *assure.Results) ([]web.PullView, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	if p.read.res == res {
		return p.read.list, nil
	}
	known, err := civil.ParseInstant(res.KnownAt)
	if err != nil {
		return nil, err
	}
	list, err := p.o.st.System(ctx, p.o.org.ID, record.Pulls, res.Checkpoint.Size)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b record.Known) int { return int(b.Index - a.Index) })
	out := make([]web.PullView, 0, len(list))
	complete := p.o.completeness()
	checks := map[string][]assure.Check{}
	for _, k := range list {
		v := web.PullView{Index: k.Index}
		if err := json.Unmarshal(k.Body, &v.Pull); err != nil {
			return nil, fmt.Errorf("read %s: %w", k.Name(), err)
		}
		if _, ok := checks[v.Register]; !ok {
			if checks[v.Register], err = complete.Checks(ctx, p.o.org.ID, v.Register, res.Checkpoint.Size, known, res.Period); err != nil {
				return nil, err
			}
		}
		v.Checks = checks[v.Register]
		out = append(out, v)
	}
	p.read = readPulls{res, out}
	return out, nil
}

// Draft gives the draft report.
func (p *pages) Draft(ctx context.Context) ([]byte, error) {
	res, err := p.Tests(ctx)
	if err != nil {
		return nil, err
	}
	r, err := p.o.draft(ctx, "", *res)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	err = html.Render(&b, r)
	return []byte(b.String()), err
}

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
