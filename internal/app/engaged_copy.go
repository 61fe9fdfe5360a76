package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
	examination "github.com/assayhq/assay/internal/web/engage"
)

// clientCopy is a client as its firm holds it: made from the package that it took in, in the firm's own folder, and nothing else. What is tested
// there is tested by the firm.
type clientCopy struct {
	*mirror
	o     *office
	known civil.Instant // up to here the package's results considered records

	mu    sync.Mutex
	runs  map[string]assure.Results // by the time of the terms; without items
	lists []copiedList              // the latest used last
}

// copiedList is a test with all of its items.
type copiedList struct {
	time string
	assure.TestResult
}

// copies are the client copies that are open, by folder: engagements with one client share them.
type copies struct {
	mu   sync.Mutex
	open map[string]*clientCopy
	runs map[string]cli.Reperformed // what became of testing a package again, by its SHA-256
}

// openCopy opens the copy in a folder, under the client's key.
func (c *copies) openCopy(ctx context.Context, a *App, folder, key string) (*clientCopy, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.open[folder]; k != nil {
		return k, k.signedBy(key)
	}
	m, err := a.reopen(ctx, folder, key)
	if err != nil {
		return nil, err
	}
	return c.keep(folder, m)
}

// signedBy refuses a copy that was opened for an engagement that knows the client under another key.
func (k *clientCopy) signedBy(key string) error {
	if k.opened.Key != key {
		return &fault.Error{Kind: fault.Integrity, What: "the copy of the client is of a package that another key signed than the one this engagement knows", Hint: "compare the key with the client, and take in a package that it signed"}
	}
	return nil
}

// keep takes an open mirror over; the caller holds the lock.
func (c *copies) keep(folder string, m *mirror) (*clientCopy, error) {
	k := &clientCopy{mirror: m, o: m.office}
	var err error
	if k.known, err = civil.ParseInstant(m.results().KnownAt); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if c.open == nil {
		c.open = map[string]*clientCopy{}
	}
	c.open[folder] = k
	return k, nil
}

// Close closes the copies.
func (c *copies) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, k := range c.open {
		errs = append(errs, k.Close())
	}
	c.open = nil
	return errors.Join(errs...)
}

// copyFolder is where a firm keeps a package that it took in of a client.
func (x *engaged) copyFolder(client, sum string) string {
	return filepath.Join(x.in.data, "clients", string(x.o.org.ID), filepath.Base(client), sum)
}

// copyOf opens the latest copy of the client of an engagement.
func (x *engaged) copyOf(ctx context.Context, engagement string) (*clientCopy, engage.Terms, error) {
	var p engage.Package
	var terms engage.Terms
	var client, key string
	err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		client, key = e.Client.Org, e.Client.Key
		if len(e.Packages) == 0 {
			return &fault.Error{Kind: fault.NotFound, What: "no package of the client was taken in"}
		}
		p, terms = e.Packages[len(e.Packages)-1], e.Terms
		return nil
	})
	if err != nil {
		return nil, terms, err
	}
	c, err := x.copies.openCopy(ctx, x.in.app, x.copyFolder(client, p.SHA256), key)
	return c, terms, err
}

// tested is the firm's own run of the client's tests over the time of the terms, without items.
func (c *clientCopy) tested(ctx context.Context, t engage.Terms) (assure.Results, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if res, ok := c.runs[t.Words()]; ok {
		return res, nil
	}
	var res assure.Results
	if h := c.here; h != nil && t.TypeTwo() && h.Period.From == t.From && h.Period.To == t.To {
		res = *h // that of the package's own time was run when it was taken in
	} else {
		var err error
		if res, err = c.o.testedAt(ctx, t, &c.known); err != nil {
			return res, err
		}
	}
	if c.runs == nil {
		c.runs = map[string]assure.Results{}
	}
	c.runs[t.Words()] = res
	return res, nil
}

// testedFor tests for the time of the terms, as known now.
func (o *office) testedFor(ctx context.Context, t engage.Terms) (assure.Results, error) {
	return o.testedAt(ctx, t, nil)
}

// testedAt tests for the time of the terms; of a date no population is tested.
func (o *office) testedAt(ctx context.Context, t engage.Terms, known *civil.Instant) (assure.Results, error) {
	if t.TypeTwo() {
		return o.Test(ctx, cli.Test{From: &t.From, To: &t.To, KnownAt: known, Cached: known == nil}, nil)
	}
	r, err := o.request(ctx, cli.Test{From: &t.AsOf, To: &t.AsOf, KnownAt: known})
	return assure.Results{Organization: o.org.Name, KnownAt: r.KnownAt.String(), Checkpoint: r.Checkpoint, Unanchored: r.Unanchored, Period: r.Period, Controls: []assure.TestResult{}}, err
}

// populationName names a test of one version of a control: a population of its own.
func populationName(t assure.TestResult) string {
	if t.Version > 1 {
		return fmt.Sprintf("%s.v%d", t.Test, t.Version)
	}
	return t.Test
}

// mostCopied is how many items a copy keeps in memory.
const mostCopied = 400_000

// listed is a test with all of its items.
func (c *clientCopy) listed(ctx context.Context, t engage.Terms, name string) (assure.TestResult, error) {
	res, err := c.tested(ctx, t)
	if err != nil {
		return assure.TestResult{}, err
	}
	i := slices.IndexFunc(res.Controls, func(x assure.TestResult) bool { return populationName(x) == name })
	if i < 0 {
		return assure.TestResult{}, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("the client has no test %q", name)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := slices.IndexFunc(c.lists, func(x copiedList) bool { return x.time == t.Words() && populationName(x.TestResult) == name }); at >= 0 {
		x := c.lists[at]
		c.lists = append(slices.Delete(c.lists, at, at+1), x)
		return x.TestResult, nil
	}
	from, to := res.Period.From, res.Period.To
	again, err := c.o.Test(ctx, cli.Test{Controls: []string{res.Controls[i].Test}, From: &from, To: &to, KnownAt: &c.known, Items: true}, nil)
	if err != nil {
		return assure.TestResult{}, err
	}
	i = slices.IndexFunc(again.Controls, func(x assure.TestResult) bool { return populationName(x) == name })
	if i < 0 {
		return assure.TestResult{}, fault.NotFound
	}
	c.lists = append(c.lists, copiedList{t.Words(), again.Controls[i]})
	n := 0
	for k := len(c.lists) - 1; k >= 0; k-- {
		if n += len(c.lists[k].Items); n > mostCopied && k < len(c.lists)-1 {
			c.lists = slices.Clone(c.lists[k+1:])
			break
		}
	}
	return again.Controls[i], nil
}

// matters are the objectives or criteria that the terms cover, with the controls that serve them on the last day.
func (c *clientCopy) matters(ctx context.Context, t engage.Terms) ([]report.Matter, []assure.Control, error) {
	res, err := c.tested(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	f, err := c.o.factsAt(ctx, t.Report, res, whenOf(t, res))
	if err != nil {
		return nil, nil, err
	}
	s, err := report.ScopeOf(report.Kind(t.Report), f)
	return s.Matters, f.Controls, err
}

// Scope gives the objectives or criteria of the terms and the controls that serve them.
func (x *engaged) Scope(ctx context.Context, engagement string) ([]report.Matter, []examination.ControlLine, error) {
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return nil, nil, err
	}
	matters, controls, err := c.matters(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	res, err := c.tested(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	in := map[string]bool{}
	for _, m := range matters {
		for _, id := range m.Controls {
			in[id] = true
		}
	}
	var lines []examination.ControlLine
	for _, control := range controls {
		if !in[control.ID] {
			continue
		}
		l := examination.ControlLine{ID: control.ID, Title: control.Title}
		for _, r := range res.Controls {
			if r.Control == control.ID {
				l.Tests = append(l.Tests, populationName(r))
			}
		}
		lines = append(lines, l)
	}
	return matters, lines, nil
}

// Control is a control as the client's program says it, with what the firm's run of its tests came to.
func (x *engaged) Control(ctx context.Context, engagement, control string) (examination.ControlView, error) {
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return examination.ControlView{}, err
	}
	list := c.o.controlsAt(t.End())
	i := slices.IndexFunc(list, func(k assure.Control) bool { return k.ID == control })
	if i < 0 {
		return examination.ControlView{}, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("the client has no control %q", control)}
	}
	k := list[i]
	v := examination.ControlView{ID: k.ID, Title: k.Title, Statement: k.Statement, Owner: k.Owner, Frequency: string(k.Frequency), Kind: k.Nature, Criteria: slices.Concat(k.Criteria, k.Objectives)}
	res, err := c.tested(ctx, t)
	if err != nil {
		return v, err
	}
	for _, r := range res.Controls {
		if r.Control == control {
			v.Tests = append(v.Tests, testView(r))
		}
	}
	return v, nil
}

func testView(r assure.TestResult) examination.TestView {
	v := examination.TestView{ID: populationName(r), Sentence: r.Sentence, Shape: string(r.Shape), Population: r.Population, Passed: r.Passed, Deviating: r.Deviating,
		Undecided: r.Undecided, Exempt: r.NotApplicable, Digest: r.Digest}
	for _, a := range r.Attributes {
		v.Attributes = append(v.Attributes, examination.Attribute{ID: a.ID, Text: a.Text})
	}
	for _, k := range r.Completeness {
		v.Checks = append(v.Checks, examination.CheckView{ID: k.Check, Words: strings.TrimPrefix(k.Register+": "+k.Detail, ": "), Passed: k.Status == assure.Passed})
	}
	return v
}

// Items lists items of a test without their records.
func (x *engaged) Items(ctx context.Context, engagement, test string, q examination.ItemQuery) ([]examination.ItemView, int, error) {
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return nil, 0, err
	}
	r, err := c.listed(ctx, t, test)
	if err != nil {
		return nil, 0, err
	}
	var out []examination.ItemView
	if q.Keys != nil {
		for _, key := range q.Keys {
			out = append(out, itemView(r, key))
		}
		return out[min(q.Offset, len(out)):min(q.Offset+q.Limit, len(out))], len(out), nil
	}
	n := 0
	for _, i := range r.Items {
		if q.Verdict != "" && string(i.Verdict) != q.Verdict {
			continue
		}
		if n++; n > q.Offset && len(out) < q.Limit {
			out = append(out, itemView(r, i.Key))
		}
	}
	return out, n, nil
}

// itemView is one item as the run found it. One that is not in the population says so.
func itemView(r assure.TestResult, key string) examination.ItemView {
	at, ok := slices.BinarySearchFunc(r.Items, key, func(i assure.Item, key string) int { return cmp.Compare(i.Key, key) })
	if !ok {
		return examination.ItemView{Key: key, Reason: "not in the population of the package that was taken in last"}
	}
	i := r.Items[at]
	v := examination.ItemView{Key: key, Verdict: string(i.Verdict), Event: i.EventTime}
	f, found := slices.BinarySearchFunc(r.Findings, key, func(f assure.Finding, key string) int { return cmp.Compare(f.Key, key) })
	if found {
		v.Reason = r.Findings[f].Reason
	}
	for _, a := range r.Attributes {
		if verdict, ok := i.Attributes[a.ID]; ok {
			v.Results = append(v.Results, examination.ResultView{Attribute: a.ID, Verdict: string(verdict)})
		}
	}
	return v
}

// Item gives one item with the records that it rests on.
func (x *engaged) Item(ctx context.Context, engagement, test, key string) (examination.ItemView, error) {
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return examination.ItemView{}, err
	}
	r, err := c.listed(ctx, t, test)
	if err != nil {
		return examination.ItemView{}, err
	}
	res, err := c.tested(ctx, t)
	if err != nil {
		return examination.ItemView{}, err
	}
	i, err := c.o.item(ctx, res, r, key)
	if err != nil {
		return examination.ItemView{}, err
	}
	v := itemView(r, key)
	for _, name := range i.Records {
		reg, k, version, ok := splitName(name)
		if !ok {
			continue
		}
		known, err := c.o.st.Lookup(ctx, c.o.org.ID, reg, k, version)
		if err != nil {
			v.Records = append(v.Records, examination.RecordView{Name: name, Body: []byte("{}")})
			continue
		}
		v.Records = append(v.Records, examination.RecordView{Name: name, Received: known.Received.String(), Index: known.Index, Body: known.Body})
	}
	return v, nil
}
