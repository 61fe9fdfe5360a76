package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web"
)

// gauging answers the pages of readiness and forecast. The facts are what takes long: those of the latest days that were
// asked for are kept for as long as the ledger stays as it is, so that a reader who asks what would be if does not wait again.
type gauging struct {
	// facts are what is known at the end of a day, the present one when nil.
	facts func(ctx context.Context, today *civil.Date) (gauge.Facts, error)
	// state is the size of the ledger and the present day.
	state func(ctx context.Context) (size int64, day civil.Date, err error)

	mu   sync.Mutex
	kept []keptFacts // the latest last
}

type keptFacts struct {
	size  int64
	day   civil.Date // the present one when asked
	today civil.Date // asked for
	facts gauge.Facts
}

// mostKept is how many days' facts are kept: the present one's and that of a question, with one to come back to.
const mostKept = 3

func (g *gauging) at(ctx context.Context, today *civil.Date) (gauge.Facts, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	size, day, err := g.state(ctx)
	if err != nil {
		return gauge.Facts{}, err
	}
	k := keptFacts{size: size, day: day, today: day}
	if today != nil {
		k.today = *today
	}
	for _, x := range g.kept {
		if x.size == k.size && x.day == k.day && x.today == k.today {
			return x.facts, nil
		}
	}
	if k.facts, err = g.facts(ctx, today); err != nil {
		return gauge.Facts{}, err
	}
	if len(g.kept) == mostKept {
		g.kept = g.kept[1:]
	}
	g.kept = append(g.kept[:len(g.kept):len(g.kept)], k)
	return k.facts, nil
}

// Ready judges how the report stands now.
func (g *gauging) Ready(ctx context.Context) (gauge.Readiness, error) {
	f, err := g.at(ctx, nil)
	if err != nil {
		return gauge.Readiness{}, err
	}
	return gauge.Ready(f, gauge.Defaults())
}

// Foresee looks ahead from the end of a day, with suppositions.
func (g *gauging) Foresee(ctx context.Context, today *civil.Date, ifs []string) (gauge.Forecast, error) {
	var list []gauge.If
	for _, s := range ifs {
		x, err := gauge.ParseIf(s)
		if err != nil {
			return gauge.Forecast{}, err
		}
		list = append(list, x)
	}
	f, err := g.at(ctx, today)
	if err != nil {
		return gauge.Forecast{}, err
	}
	if f, err = f.Suppose(list...); err != nil {
		return gauge.Forecast{}, err
	}
	return gauge.Foresee(f, gauge.Defaults())
}

// gauging wires the pages to the records.
func (o *office) gauging() *gauging {
	return &gauging{facts: o.gaugeFacts, state: func(ctx context.Context) (int64, civil.Date, error) {
		size, err := o.st.Size(ctx, o.org.ID)
		return size, o.program.Zone.DateOf(civil.InstantOf(o.app.Clock())), err
	}}
}

// drawings answers the page of documents.
type drawings struct {
	p *pages
	// formats are those that a kind of document is drawn in, as write knows them.
	formats func(kind string) []string
}

// drawnFormats are the formats that write draws every kind of report in.
func drawnFormats(string) []string { return []string{"html", "pdf", "json"} }

// Kinds drafts each kind of document, to say what is open in it.
func (d *drawings) Kinds(ctx context.Context) ([]web.DocumentKind, error) {
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
	out.Title, out.When, out.Open, out.Formats = r.Title, r.When.Words(), r.Open, d.formats(kind)
	return out, nil
}

// results are those that the pages show, where the document is about the same time.
func (d *drawings) results(ctx context.Context, kind string) (assure.Results, error) {
	if d.p.o.asOf(kind) != d.p.o.asOf("") {
		return d.p.o.results(ctx, kind)
	}
	return d.p.Tests(ctx)
}

// Draw draws one document in one format.
func (d *drawings) Draw(ctx context.Context, kind, format string, w io.Writer) error {
	if !slices.Contains(d.formats(kind), format) {
		return fault.NotFound
	}
	res, err := d.results(ctx, kind)
	if err != nil {
		return err
	}
	_, err = d.p.o.write(ctx, cli.Document{Kind: kind, Format: format}, res, w)
	return err
}
