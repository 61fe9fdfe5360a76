// Package collect brings records in: pulls and imports that are whole or nothing, and the
// checks that say how complete what came in is. It reads no clock and opens no file: what it
// needs of the world is handed to it.
package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Blobs keeps files as they were delivered.
type Blobs interface {
	// Put stores what r gives until its end and returns the SHA-256 of it; from then on it
	// survives a power cut. When r fails nothing is left.
	Put(ctx context.Context, org id.Org, r io.Reader) (sum string, size int64, err error)
	// Open answers fault.NotFound for a file that is not there.
	Open(ctx context.Context, org id.Org, sum string) (io.ReadCloser, error)
	// Remove takes back a file that no record names.
	Remove(ctx context.Context, org id.Org, sum string) error
}

// Importer brings files in. All its parts are needed, save Blobs where nothing is to be kept.
type Importer struct {
	Records   record.Opener
	Blobs     Blobs
	Formats   map[string]register.Reader                                      // by name: csv, jsonl, json, xlsx
	Registers func(name string) *register.Schema                              // nil for an unknown one
	Names     func() []string                                                 // the known registers, for suggestions
	Reserved  []string                                                        // sources that no file comes from
	Ensure    func(ctx context.Context, org id.Org, s *register.Schema) error // makes the store ready for a register
	Clock     func() time.Time
	Random    io.Reader
	Tool      string // name and version of this program
}

// ImportRequest is one file to bring in.
type ImportRequest struct {
	Org        id.Org
	Register   string
	File       string    // its name, for messages and for the pull
	Reader     io.Reader // its bytes, gzip or not
	Format     string    // csv, jsonl, json or xlsx; empty: by the name, else by the content
	Mapping    *register.Mapping
	Source     string            // the source system; else the mapping's; else "import"
	Query      string            // what was asked of the source; else the mapping's
	Params     map[string]string // over the mapping's
	ExpectRows *int64            // rows counted by another path
	Extent     string            // "full" when the source delivered every row it has; else the mapping's
	Totals     map[string]int64  // control totals as the source states them, over the mapping's
	Operator   string
	Discard    bool // the file itself is not kept
	Guarded    bool // a sheet that this program wrote: what Guard did to its cells is undone
	Progress   func(rows, bytes int64)
}

// Summary is what an import did.
type Summary struct {
	record.Pull
	Receipt record.Receipt
}

// Batches bound what waits for the store in memory.
const (
	batchRows  = 500
	batchBytes = 4 << 20
)

// Import brings one file in: all of its rows and the pull that describes them, or nothing. A
// refusal names file, line and field. A summary with a receipt beside an error says that all is
// stored and that something after it went wrong.
func (im *Importer) Import(ctx context.Context, req ImportRequest) (Summary, error) {
	r, err := im.prepare(ctx, req)
	if err != nil {
		return Summary{}, err
	}
	sum, err := r.run(ctx)
	if err != nil && sum.Receipt.Pull == "" {
		return Summary{}, errors.Join(err, r.undo(ctx))
	}
	return sum, err
}

// run is one import under way.
type run struct {
	im     *Importer
	req    ImportRequest
	schema *register.Schema
	conv   *register.Converter
	pull   record.Pull
	in     *intake
	writer record.Writer // nil until the first batch
	tally  tally
	stored int64 // rows handed to the store, as progress reports them
	fresh  bool  // the blob was not there before
}

// prepare checks all that can be refused before a byte is read.
func (im *Importer) prepare(ctx context.Context, req ImportRequest) (*run, error) {
	s := im.Registers(req.Register)
	if s == nil {
		return nil, fault.Refuse("%q is no register%s", req.Register, register.DidYouMean(req.Register, im.Names())).
			WithHint("an own register is declared by a YAML schema")
	}
	conv, err := register.NewConverter(s, req.Mapping, im.Registers)
	if err != nil {
		return nil, err
	}
	for _, each := range conv.Schemas() {
		if err := im.Ensure(ctx, req.Org, each); err != nil {
			return nil, fmt.Errorf("prepare register %s: %w", each.Name, err)
		}
	}
	now := im.Clock()
	pid, err := id.NewPull(now, im.Random)
	if err != nil {
		return nil, err
	}
	r := &run{im: im, req: req, schema: s, conv: conv, tally: newTally(s)}
	r.pull = record.Pull{
		ID: pid, Register: s.Name, Source: req.Source, Object: req.File, Query: req.Query, Params: map[string]string{},
		Started: civil.InstantOf(now).String(), Operator: req.Operator, Tool: im.Tool, Layout: s.Layout(),
		Expected: req.ExpectRows, Extent: req.Extent, Children: map[string]int64{},
	}
	for _, child := range conv.Schemas()[1:] {
		r.pull.Children[child.Name] = 0 // none is an answer too
	}
	return r, r.describe()
}

// describe completes the pull by what the mapping says, where the request does not.
func (r *run) describe() error {
	m := r.req.Mapping
	if m == nil {
		m = &register.Mapping{}
	}
	p := &r.pull
	p.Mapping, p.Sequence = m.Hash, m.Sequence
	p.Source = first(p.Source, m.Source, "import")
	if slices.Contains(r.im.Reserved, p.Source) {
		return &fault.Error{Kind: fault.Refused, Field: "source", What: p.Source + " is the source of what people do in the application; expected the system that the file came from"}
	}
	p.Query, p.Extent = first(p.Query, m.Query), first(p.Extent, m.Extent)
	maps.Copy(p.Params, m.Params)
	maps.Copy(p.Params, r.req.Params)
	p.Control = map[string]int64{}
	maps.Copy(p.Control, m.Totals)
	maps.Copy(p.Control, r.req.Totals)
	for name := range p.Control {
		if f, ok := r.schema.Field(name); !ok || f.Type != register.Int {
			return fault.Refuse("control total of %s: no whole-number field of %s%s", name, r.schema.Name, register.DidYouMean(name, r.schema.Names()))
		}
	}
	if p.Extent != "" && p.Extent != register.Full {
		return fault.Refuse("extent %q is unknown; expected full, or none", p.Extent)
	}
	if p.Expected != nil && *p.Expected < 0 {
		return fault.Refuse("%d expected rows; expected 0 or more", *p.Expected)
	}
	_, _, err := covered(*p)
	return err
}

func first(of ...string) string {
	for _, s := range of {
		if s != "" {
			return s
		}
	}
	return ""
}

// run reads, converts and stores every row, then seals the pull.
func (r *run) run(ctx context.Context) (Summary, error) {
	r.in = newIntake(ctx, r.im.Blobs, r.req)
	reader, err := r.in.open(r.im.Formats)
	if err != nil {
		return Summary{}, err
	}
	if err := r.move(ctx, reader); err != nil {
		return Summary{}, err
	}
	if err := r.keep(ctx); err != nil {
		return Summary{}, err
	}
	r.tally.fill(&r.pull)
	r.pull.Ended = civil.InstantOf(r.im.Clock()).String()
	if err := ctx.Err(); err != nil {
		return Summary{}, err
	}
	r.fresh = false // if sealing fails, nobody can say whether it was sealed: an idle blob costs space, a lost one the evidence
	receipt, err := r.writer.Commit(ctx, r.pull)
	if err != nil {
		return Summary{r.pull, receipt}, fmt.Errorf("seal the pull of %s: %w", r.req.File, err)
	}
	return Summary{r.pull, receipt}, nil
}

// batch is what goes to the store at once.
type batch struct {
	drafts []record.Draft
	main   []bool // of each draft: a row of the register itself, not a child
	rows   int64
	bytes  int // of the drafts' bodies
	err    error
}

// move reads and converts in one goroutine and stores in another: each takes about half of the
// time.
func (r *run) move(ctx context.Context, reader register.Reader) error {
	inner, stop := context.WithCancel(ctx)
	batches := make(chan *batch, 1)
	go func() {
		defer close(batches)
		for b := range r.convert(reader) {
			select {
			case batches <- b:
			case <-inner.Done():
				return
			}
		}
	}()
	err := func() error {
		for b := range batches {
			if err := r.store(ctx, b); err != nil {
				return err
			}
		}
		// The batches also end when the context does: what came until then is no pull.
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.open(ctx) // a file without rows is a pull too
	}()
	stop()
	for range batches { // wait until nobody reads the file any more
	}
	return err
}

// convert yields full batches; after one with an error there is none.
func (r *run) convert(reader register.Reader) iter.Seq[*batch] {
	o := register.ReadOptions{File: r.req.File}
	if r.req.Mapping != nil {
		o.Sheet = r.req.Mapping.Sheet
	}
	return func(yield func(*batch) bool) {
		b := &batch{}
		rows := reader(r.in.text, o)
		if r.req.Guarded {
			rows = unguard(rows)
		}
		for in, err := range rows {
			if err != nil {
				b.err = r.in.explain(err)
				break
			}
			if b.err = r.take(b, in); b.err != nil {
				break
			}
			if len(b.drafts) >= batchRows || b.bytes >= batchBytes {
				if !yield(b) {
					return
				}
				b = &batch{}
			}
		}
		if b.err != nil || b.rows > 0 {
			yield(b)
		}
	}
}

// take converts one row into the batch.
func (r *run) take(b *batch, in register.Input) error {
	rows, err := r.conv.Rows(r.req.File, in)
	if err != nil {
		return err
	}
	for i, row := range rows {
		b.drafts = append(b.drafts, record.Draft{Row: row, Source: r.pull.Source})
		b.main = append(b.main, i == 0)
		b.bytes += len(row.Body)
		if i > 0 {
			r.pull.Children[row.Register]++
		}
	}
	r.pull.Rows++
	b.rows++
	r.tally.row(rows[0])
	return nil
}

func (r *run) progress() {
	if r.req.Progress != nil {
		r.req.Progress(r.stored, r.in.bytes.Load())
	}
}

// open starts the pull in the store. Other appends wait for its writer, so a file that is
// refused in its first rows holds nobody up.
func (r *run) open(ctx context.Context) error {
	if r.writer != nil {
		return ctx.Err()
	}
	w, err := r.im.Records.OpenPull(ctx, r.req.Org, r.pull.ID)
	if err != nil {
		return fmt.Errorf("open a pull: %w", err)
	}
	r.writer = w
	return nil
}

// store hands a batch on, unless it ends in a refusal.
func (r *run) store(ctx context.Context, b *batch) error {
	if b.err != nil {
		return b.err
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	outcomes, err := r.writer.Add(ctx, b.drafts)
	if err != nil {
		return r.place(err)
	}
	for i, o := range outcomes {
		if !b.main[i] {
			continue
		}
		switch o {
		case record.Added:
			r.pull.New++
		case record.Superseded:
			r.pull.Changed++
		case record.Unchanged:
			r.pull.Unchanged++
		}
	}
	r.stored += b.rows
	r.progress()
	return nil
}

// place gives a refusal of the store the file it speaks of.
func (r *run) place(err error) error {
	var e *fault.Error
	if !errors.As(err, &e) || e.File != "" || e.Line == 0 {
		return err
	}
	c := *e
	c.File = r.req.File
	if c.Field == "key" && len(r.conv.Schemas()) == 1 {
		c.Field = strings.Join(r.schema.Key, "/")
	}
	return &c
}

// keep finishes the blob, so that it is there before a record names it.
func (r *run) keep(ctx context.Context) error {
	if err := r.in.drain(ctx); err != nil {
		return r.in.explain(err)
	}
	r.pull.File = r.in.sum()
	if !r.in.keeping() {
		return nil
	}
	old, err := r.im.Blobs.Open(ctx, r.req.Org, r.pull.File)
	switch {
	case err == nil:
		err = old.Close()
	case errors.Is(err, fault.NotFound):
		r.fresh, err = true, nil
	}
	if err != nil {
		return fmt.Errorf("look for the file among the blobs: %w", err)
	}
	sum, err := r.in.kept()
	if err != nil {
		return fmt.Errorf("keep the file: %w", err)
	}
	if sum != r.pull.File {
		return fmt.Errorf("keep the file: %w: stored as %s, read as %s", fault.Integrity, sum, r.pull.File)
	}
	r.pull.Blob = sum
	return nil
}

// undo leaves no trace of a failed import. It runs also when the context is done.
func (r *run) undo(ctx context.Context) error {
	var errs []error
	if r.in != nil {
		r.in.abandon()
	}
	if r.writer != nil {
		errs = append(errs, r.writer.Rollback())
	}
	if r.pull.Blob != "" && r.fresh {
		errs = append(errs, r.im.Blobs.Remove(context.WithoutCancel(ctx), r.req.Org, r.pull.Blob))
	}
	return errors.Join(errs...)
}
