package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/render/oscal"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web"
)

// gauging answers the pages of readiness and forecast. The facts are what takes long: those of the latest days that were
// asked for are kept, so that a reader who asks what would be if does not wait again, and nobody who writes waits for those of the
// records that were just written.
type gauging struct {
	// facts are what is known at the end of a day, the present one when nil.
	facts func(ctx context.Context, today *civil.Date) (gauge.Facts, error)
	// state is the size of the ledger and the present day.
	state func(ctx context.Context) (size int64, day civil.Date, err error)

	life       context.Context // of the background work; nil: none is done
	turn       turn
	background *sync.WaitGroup

	work sync.Mutex   // held by whoever collects facts
	mu   sync.Mutex   // over what follows
	kept []*keptFacts // the latest last
}

// keptFacts are the facts of a day, or why there are none, and the state that they are for.
type keptFacts struct {
	factsOf
	facts gauge.Facts
	err   error

	ready    func() (*gauge.Readiness, error) // worked out once
	foreseen func() (*gauge.Forecast, error)  // without suppositions, worked out once
}

func keepFacts(k factsOf, f gauge.Facts, err error) *keptFacts {
	x := &keptFacts{factsOf: k, facts: f, err: err}
	x.ready = sync.OnceValues(func() (*gauge.Readiness, error) {
		out, err := gauge.Ready(f, gauge.Defaults())
		return &out, err
	})
	x.foreseen = sync.OnceValues(func() (*gauge.Forecast, error) {
		out, err := gauge.Foresee(f, gauge.Defaults())
		return &out, err
	})
	return x
}

type factsOf struct {
	size  int64
	day   civil.Date // the present one when asked
	today civil.Date // asked for
}

// mostKept is how many days' facts are kept: the present one's and that of a question, with one to come back to.
const mostKept = 3

// of names the facts of a day as things are now.
func (g *gauging) of(ctx context.Context, today *civil.Date) (factsOf, error) {
	size, day, err := g.state(ctx)
	k := factsOf{size, day, day}
	if today != nil {
		k.today = *today
	}
	return k, err
}

func (g *gauging) have(k factsOf) (*keptFacts, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.kept, func(x *keptFacts) bool { return x.factsOf == k })
	if i < 0 {
		return nil, false
	}
	return g.kept[i], true
}

func (g *gauging) at(ctx context.Context, today *civil.Date) (*keptFacts, error) {
	k, err := g.of(ctx, today)
	if err != nil {
		return nil, err
	}
	if x, ok := g.have(k); ok && x.err == nil {
		return x, nil
	}
	g.work.Lock()
	defer g.work.Unlock()
	if x, ok := g.have(k); ok && x.err == nil {
		return x, nil
	}
	done, err := g.turn.take(ctx)
	var f gauge.Facts
	if err == nil {
		f, err = g.facts(ctx, today)
	}
	done()
	x := keepFacts(k, f, err)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kept = slices.DeleteFunc(g.kept, func(y *keptFacts) bool { return y.factsOf == k })
	if len(g.kept) == mostKept {
		g.kept = slices.Delete(g.kept, 0, 1)
	}
	g.kept = append(g.kept, x)
	return x, x.err
}

// recent gives the facts of the present day as they were collected last; newer ones are collected in the background.
func (g *gauging) recent(ctx context.Context) (*keptFacts, error) {
	k, err := g.of(ctx, nil)
	if err != nil {
		return nil, err
	}
	if x, ok := g.today(k); ok {
		if x.factsOf != k {
			g.soon()
		}
		return x, nil
	}
	return g.at(ctx, nil)
}

// today finds facts of the day, of whatever size of the ledger, the latest first.
func (g *gauging) today(k factsOf) (*keptFacts, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, x := range slices.Backward(g.kept) {
		if x.day == k.day && x.today == k.today && x.err == nil {
			return x, true
		}
	}
	return nil, false
}

// soon has the present facts collected in the background, unless somebody does.
func (g *gauging) soon() {
	if g.life == nil || g.life.Err() != nil || !g.work.TryLock() {
		return
	}
	g.work.Unlock()
	g.background.Go(func() { _, _ = g.at(g.life, nil) }) // what fails is told to who asks
}

// waits says whether facts of the present day are still to be collected, and has them collected in the background.
func (g *gauging) waits(ctx context.Context) bool {
	k, err := g.of(ctx, nil)
	if err != nil {
		return false // the page tells it
	}
	if _, ok := g.today(k); ok {
		return false
	}
	if _, failed := g.have(k); failed {
		return false // why there are none
	}
	g.soon()
	return true
}

// Ready judges how the report stands now.
func (g *gauging) Ready(ctx context.Context) (*gauge.Readiness, error) {
	f, err := g.recent(ctx)
	if err != nil {
		return nil, err
	}
	return f.ready()
}

// Foresee looks ahead from the end of a day, with suppositions.
func (g *gauging) Foresee(ctx context.Context, today *civil.Date, ifs []string) (*gauge.Forecast, error) {
	var list []gauge.If
	for _, s := range ifs {
		x, err := gauge.ParseIf(s)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	get := g.recent
	if today != nil {
		get = func(ctx context.Context) (*keptFacts, error) { return g.at(ctx, today) }
	}
	x, err := get(ctx)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return x.foreseen()
	}
	f, err := x.facts.Suppose(list...)
	if err != nil {
		return nil, err
	}
	out, err := gauge.Foresee(f, gauge.Defaults())
	return &out, err
}

// gauging wires the pages to the records.
func (o *office) gauging() *gauging {
	facts := func(ctx context.Context, today *civil.Date) (gauge.Facts, error) {
		return o.gaugeFacts(ctx, cli.Ask{Today: today})
	}
	return &gauging{facts: facts, state: func(ctx context.Context) (int64, civil.Date, error) {
		size, err := o.st.Size(ctx, o.org.ID)
		return size, o.program.Zone.DateOf(civil.InstantOf(o.app.Clock())), err
	}}
}

// drawings answers the page of documents.
type drawings struct{ p *pages }

// keptKinds are the kinds of document as they were drafted from one run, in one state.
type keptKinds struct {
	state
	res  *assure.Results
	list []web.DocumentKind
}

// drawnFormats are the formats that a kind of document is drawn in. The workbook holds the tests of a period and NIST's
// documents a system and its assessment: a statement of applicability is neither.
func drawnFormats(kind string) []string {
	out := []string{"html", "pdf", "docx", "json"}
	switch {
	case strings.HasSuffix(kind, "-type2"):
		return append(out, "xlsx", "oscal-component", "oscal-ssp", "oscal-plan", "oscal-results", "oscal-poam")
	case strings.HasSuffix(kind, "-type1"):
		return append(out, "oscal-component", "oscal-ssp", "oscal-plan", "oscal-poam")
	}
	return out
}

// actionable reports whether anything stands that asks for a plan of action: OSCAL knows none without an item.
func (o *office) actionable(ctx context.Context, kind string, res assure.Results) (bool, error) {
	if !o.asOf(kind) {
		return slices.ContainsFunc(res.Controls, func(t assure.TestResult) bool { return t.Deviating > 0 }), nil
	}
	f, err := o.facts(ctx, kind, res)
	if err != nil {
		return false, err
	}
	if _, err = oscal.POAM(f, nil); errors.Is(err, fault.Refused) {
		return false, nil
	}
	return err == nil, err
}

// Kinds drafts each kind of document, to say what is open in it: once, until something is recorded, a day passes or the tests have run.
func (d *drawings) Kinds(ctx context.Context) ([]web.DocumentKind, error) {
	d.p.drafting.Lock()
	defer d.p.drafting.Unlock()
	k := keptKinds{}
	var err error
	if k.state, err = d.p.now(ctx); err != nil {
		return nil, err
	}
	if k.res, err = d.p.Tests(ctx); err != nil {
		return nil, err
	}
	if d.p.kinds.res == k.res && d.p.kinds.state == k.state {
		return slices.Clone(d.p.kinds.list), nil
	}
	if k.list, err = d.kinds(ctx); err != nil {
		return nil, err
	}
	d.p.kinds = k
	return slices.Clone(k.list), nil
}

func (d *drawings) kinds(ctx context.Context) ([]web.DocumentKind, error) {
	kinds, err := report.Kinds()
	if err != nil {
		return nil, err
	}
	var out []web.DocumentKind
	for _, k := range kinds {
		kind, err := d.kind(ctx, string(k))
		if err != nil {
			return nil, fmt.Errorf("draft %s: %w", k, err)
		}
		out = append(out, kind)
	}
	return out, nil
}

func (d *drawings) kind(ctx context.Context, kind string) (web.DocumentKind, error) {
	out := web.DocumentKind{Kind: kind, Own: kind == d.p.o.program.Report}
	k, err := scope.KindOf(kind)
	if err != nil {
		return out, err
	}
	out.Title = k.Title
	res, err := d.results(ctx, kind)
	if err != nil {
		return out, err
	}
	r, err := d.p.o.draft(ctx, kind, res)
	var refused *fault.Error
	if errors.Is(err, fault.Refused) && errors.As(err, &refused) {
		out.Missing = refused.What
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Title, out.When, out.Open, out.Signed, out.Formats = r.Title, r.When.Words(), r.Open, r.Signed, drawnFormats(kind)
	if i := slices.Index(out.Formats, "oscal-poam"); i >= 0 {
		if ok, err := d.p.o.actionable(ctx, kind, res); err != nil {
			return out, err
		} else if !ok {
			out.Formats = slices.Delete(out.Formats, i, i+1)
		}
	}
	return out, nil
}

// results are those that the pages show, where the document is about the same time.
func (d *drawings) results(ctx context.Context, kind string) (assure.Results, error) {
	if d.p.o.asOf(kind) != d.p.o.asOf("") {
		return d.p.o.results(ctx, kind)
	}
	res, err := d.p.Tests(ctx)
	if err != nil {
		return assure.Results{}, err
	}
	return *res, nil
}

// Draw draws one document in one format.
func (d *drawings) Draw(ctx context.Context, kind, format string, w io.Writer) error {
	if !slices.Contains(drawnFormats(kind), format) {
		return fault.NotFound
	}
	res, err := d.results(ctx, kind)
	if err != nil {
		return err
	}
	// Into memory first: whoever reads slowly would hold up those who wait for their turn.
	var b bytes.Buffer
	if err := d.p.draws.one(ctx, func() error {
		_, err := d.p.o.write(ctx, cli.Document{Kind: kind, Format: format}, res, &b)
		return err
	}); err != nil {
		return err
	}
	if d.p.drawn != nil {
		d.p.drawn(ctx, kind, format)
	}
	_, err = w.Write(b.Bytes())
	return err
}
