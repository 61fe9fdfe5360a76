package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/engage"
	enginesqlite "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/csv"
	jsonformat "github.com/assayhq/assay/internal/format/json"
	"github.com/assayhq/assay/internal/format/jsonl"
	"github.com/assayhq/assay/internal/format/xlsx"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// office is an opened organization.
type office struct {
	app         *App
	st          *sqlite.Store
	blobs       *dir.Store
	engine      *enginesqlite.Engine
	data        string
	org         record.Org
	regs        schemas
	program     scope.Program
	system      scope.System
	policies    []scope.Policy
	own         map[string]string // the organization's own registers, as declared
	versions    []scope.Version
	units       []examine.Unit
	revision    int64 // the place behind the last record that the program is made of
	comparisons *collect.Comparisons
	readOnly    bool  // the data folder cannot be written
	unread      error // opened to inspect: what of the organization could not be read
}

// builtIn are the registers of this program: those of the library, and those that acts in the application write.
func builtIn() (schemas, error) {
	all, err := registers.Load()
	if err != nil {
		return nil, err
	}
	for name, text := range map[string][]byte{scope.Proposals: []byte(scope.ProposalRegister), engage.Acts: engage.ActsSchema, engage.Mail: engage.MailSchema} {
		if all[name], err = register.Load(name+".yaml", text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// load reads what the organization declared: its registers, its scope and its controls.
func (o *office) load(ctx context.Context) error {
	size, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return err
	}
	return o.loadAt(ctx, size)
}

// loadAt reads what the organization had declared when the ledger had so many records.
func (o *office) loadAt(ctx context.Context, size int64) error {
	var err error
	if o.regs, err = builtIn(); err != nil {
		return err
	}
	o.own = map[string]string{}
	if o.comparisons, err = collect.LoadComparisons(catalog.Reconciliations(), o.regs.find); err != nil {
		return err
	}
	err = o.each(ctx, record.Registers, size, func(k record.Known) error {
		var body struct{ YAML string }
		if err := json.Unmarshal(k.Body, &body); err != nil {
			return err
		}
		s, err := register.Load(k.Key, []byte(body.YAML))
		if err == nil {
			o.regs[s.Name] = s
			o.own[s.Name] = body.YAML
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := o.told(ctx, size); err != nil {
		return err
	}
	err = o.each(ctx, record.Program, size, func(k record.Known) error { return json.Unmarshal(k.Body, &o.program) })
	if err != nil {
		return err
	}
	return o.each(ctx, record.Controls, size, o.control)
}

func (o *office) each(ctx context.Context, reg string, size int64, f func(record.Known) error) error {
	list, err := o.st.System(ctx, o.org.ID, reg, size)
	if err != nil {
		return fmt.Errorf("read %s: %w", reg, err)
	}
	for _, k := range list {
		if slices.Contains(programParts, reg) {
			o.revision = max(o.revision, k.Index+1)
		}
		if err := f(k); err != nil {
			return fmt.Errorf("read %s: %w", k.Name(), err)
		}
	}
	return nil
}

func (o *office) control(k record.Known) error {
	var v scope.Version
	if err := json.Unmarshal(k.Body, &v); err != nil {
		return err
	}
	o.versions = append(o.versions, v)
	if v.Test == "" {
		return nil
	}
	list, err := tests.Parse(v.Key(), []byte(v.Test), o.regs)
	if err != nil {
		return err
	}
	to := civil.MaxDate
	if v.To != nil {
		to = *v.To
	}
	if v.Editorial {
		for i, u := range o.units {
			if u.Control == v.Control.ID && u.To == v.From-1 {
				o.units[i].To = to
			}
		}
		return nil
	}
	for _, t := range list {
		o.units = append(o.units, examine.Unit{Control: v.Control.ID, Test: t.ID, Title: v.Control.Title, Version: v.Version, From: v.From, To: to, Plan: t.Plan})
	}
	return nil
}

// Close closes the data folder.
func (o *office) Close() error { return o.st.Close() }

// Program is the scope.
func (o *office) Program() scope.Program { return o.program }

// Declare adds a register of the organization's own.
func (o *office) Declare(ctx context.Context, file string) (string, error) {
	row, err := declare(o.regs, file)
	if err != nil {
		return "", err
	}
	pull, err := id.NewPull(o.app.Clock(), o.app.Random)
	if err != nil {
		return "", err
	}
	_, err = o.st.Append(ctx, o.org.ID, pull, []record.Draft{{Row: row, Source: "assay"}})
	return row.Key, err
}

// formats by name.
func formats() map[string]register.Reader {
	return map[string]register.Reader{"csv": csv.Read, "json": jsonformat.Read, "jsonl": jsonl.Read, "xlsx": xlsx.Read}
}

// Import takes a file in.
func (o *office) Import(ctx context.Context, i cli.Import, progress func(rows, bytes int64)) (collect.Summary, error) {
	f, err := os.Open(i.File)
	if err != nil {
		return collect.Summary{}, fault.Refuse("%v", err)
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || fi.IsDir() {
		return collect.Summary{}, fault.Refuse("%s is a folder; expected a file", i.File)
	}
	var mapping []byte
	if i.Map != "" {
		if mapping, err = os.ReadFile(i.Map); err != nil {
			return collect.Summary{}, &fault.Error{Kind: fault.Refused, Field: "--map", What: err.Error()}
		}
	}
	return o.take(ctx, i, f, mapping, progress)
}

func (o *office) take(ctx context.Context, i cli.Import, r io.Reader, mapping []byte, progress func(rows, bytes int64)) (collect.Summary, error) {
	return o.takeOf(ctx, i, r, mapping, progress, nil)
}

// takeOf takes a file in for somebody who may fill the registers that also allows, or all where it is nil.
func (o *office) takeOf(ctx context.Context, i cli.Import, r io.Reader, mapping []byte, progress func(rows, bytes int64), also func(register string) bool) (collect.Summary, error) {
	req := collect.ImportRequest{
		Org: o.org.ID, Register: i.Register, File: i.File, Reader: r, Source: i.Source, Query: i.Query, Params: i.Params,
		ExpectRows: i.ExpectRows, Extent: i.Extent, Totals: i.Totals, Operator: i.Operator, Discard: i.Discard, Progress: progress,
		Guarded: i.Register == inspections && mapping == nil, // the sheet of Checklist, filled in
	}
	if mapping != nil {
		m, err := register.ParseMapping(i.Map, mapping)
		if err != nil {
			return collect.Summary{}, err
		}
		req.Mapping = m
	}
	return o.importer(also).Import(ctx, req)
}

// madeHere are the registers whose records no source has: an act of a person in the application makes them, and says who did it. A file
// that brought some would put words into people's mouths.
var madeHere = []string{"assignments", "notices_sent", "evidence", "deviation_answers", "access_review_lists", "access_review_rows",
	"access_review_decisions", "access_review_removals", "access_review_turns", "policy_proposals", scope.Proposals,
	publish.Signatures, publish.Drafts, seedCommitments, frozenPopulations, samples}

// taken are the registers that files can be taken into.
func (o *office) taken() []string {
	return slices.DeleteFunc(o.regs.Names(), func(n string) bool { return slices.Contains(madeHere, n) })
}

// importer takes files into the registers that have a source, and that also allows where it is given: a mapping may fill more than one.
func (o *office) importer(also func(register string) bool) *collect.Importer {
	find := func(name string) *register.Schema {
		if slices.Contains(madeHere, name) || also != nil && !also(name) {
			return nil
		}
		return o.regs.find(name)
	}
	return &collect.Importer{Records: o.st, Blobs: o.blobs, Formats: formats(), Registers: find, Names: o.taken, Reserved: []string{operate.Source, "assay"},
		Ensure: func(ctx context.Context, org id.Org, s *register.Schema) error { return ensureOne(ctx, o.st, org, s) },
		Clock:  o.app.Clock, Random: o.app.Random, Tool: "assay " + Version}
}

// engine gives examine the SQLite engine.
type engine struct{ e *enginesqlite.Engine }

// workers is how many tests are run at a time, each in a session of one connection.
const workers = 2

func (e engine) Open(ctx context.Context, org id.Org, size int64, p civil.Period, h civil.Holidays) (examine.Session, error) {
	s, err := e.e.Open(ctx, string(org), size, p, h, 1)
	if err != nil {
		return nil, err
	}
	return session{s}, nil
}

// session lets a session of the engine answer as one of examine's.
type session struct{ *enginesqlite.Session }

func (s session) At(size int64) examine.Session { return session{s.Session.At(size)} }

// Test tests whole populations.
func (o *office) Test(ctx context.Context, t cli.Test, progress func(test string, done, of int)) (assure.Results, error) {
	r, err := o.request(ctx, t)
	if err != nil {
		return assure.Results{}, err
	}
	r.Progress = progress
	checks := o.completeness()
	e := &examine.Examiner{Engine: engine{o.engine}, Completeness: checks, Workers: workers}
	if t.Cached && !o.readOnly {
		e.Cache, checks.c.Kept = o.cache(), o.cache().checks()
	}
	res, err := e.Test(ctx, r)
	if err != nil {
		return res, err
	}
	if err := o.contradictions(ctx, r.Size, &res); err != nil {
		return res, err
	}
	if err := o.overwritten(ctx, r.Size, &res); err != nil {
		return res, err
	}
	return res, o.restated(ctx, r.Size, &res)
}

func (o *office) request(ctx context.Context, t cli.Test) (examine.Request, error) {
	r := examine.Request{Org: o.org.ID, Name: o.org.Name, Items: t.Items, KnownAt: civil.InstantOf(o.app.Clock())}
	var err error
	if r.Period, err = o.period(t.From, t.To); err != nil {
		return r, err
	}
	if r.Units, err = o.chosen(t.Controls); err != nil {
		return r, err
	}
	if r.Size, err = o.st.Size(ctx, o.org.ID); err != nil {
		return r, err
	}
	if t.KnownAt != nil {
		if *t.KnownAt > r.KnownAt {
			return r, &fault.Error{Kind: fault.Refused, Field: "--known-at", What: t.KnownAt.String() + " has not come; nobody knows yet what will be known then"}
		}
		r.KnownAt = *t.KnownAt
		if r.Size, err = o.st.SizeAt(ctx, o.org.ID, r.KnownAt); err != nil {
			return r, err
		}
	}
	if r.Holidays, err = o.holidays(ctx, r.Size); err != nil {
		return r, err
	}
	if err := o.doubts(ctx, &r); err != nil {
		return r, err
	}
	if r.Size == 0 { // before the first record: the empty tree of RFC 6962
		r.Checkpoint.Root = hex.EncodeToString(sha256.New().Sum(nil))
		return r, nil
	}
	cp, err := o.st.CheckpointAt(ctx, o.org.ID, r.Size)
	if err != nil {
		return r, err
	}
	r.Checkpoint = assure.Checkpoint{Size: cp.Size, Root: cp.RootHex()}
	w, err := o.window(ctx, r.Size)
	r.Unanchored = w.Unanchored
	return r, err
}

// holidays is the business calendar as known at a tree size: the register of that name.
func (o *office) holidays(ctx context.Context, size int64) (civil.Holidays, error) {
	h := civil.Holidays{Days: map[civil.Date]bool{}}
	err := o.engine.Column(ctx, string(o.org.ID), o.regs["holidays"], "day", size, func(v any) error {
		if d, ok := v.(int64); ok {
			h.Days[civil.Date(d)] = true
		}
		return nil
	})
	return h, err
}

func (o *office) period(from, to *civil.Date) (civil.Period, error) {
	p, ok := o.program.Period()
	p.Zone = o.program.Zone
	if from != nil {
		p.From = *from
	}
	if to != nil {
		p.To = *to
	}
	if !ok && (from == nil || to == nil) {
		return p, &fault.Error{Kind: fault.Refused, Field: "--from, --to", What: "the organization's report is about one date, which says nothing of operation; expected the period to test"}
	}
	if _, err := civil.NewPeriod(p.From, p.To, p.Zone); err != nil {
		return p, fmt.Errorf("--to: %w", err)
	}
	return p, nil
}

func (o *office) chosen(ids []string) ([]examine.Unit, error) {
	if len(ids) == 0 {
		return o.units, nil
	}
	var out []examine.Unit
	var known []string
	for _, u := range o.units {
		known = append(known, u.Control)
		if slices.Contains(ids, u.Control) || slices.Contains(ids, u.Test) {
			out = append(out, u)
		}
	}
	for _, want := range ids {
		if !slices.ContainsFunc(out, func(u examine.Unit) bool { return u.Control == want || u.Test == want }) {
			slices.Sort(known)
			return nil, &fault.Error{Kind: fault.Refused, Field: "--control", What: fmt.Sprintf("no control in scope has a test %q; expected some of %s%s", want, strings.Join(slices.Compact(known), ", "), register.DidYouMean(want, known))}
		}
	}
	return out, nil
}

// Controls lists the controls in scope, each version of its own.
func (o *office) Controls(context.Context) ([]cli.ControlRow, error) {
	var out []cli.ControlRow
	for _, v := range o.versions {
		row := controlRow(v.Control)
		row.Version = v.Version
		for _, u := range o.units {
			if u.Control == v.Control.ID && u.Version == v.Version {
				row.tested(u.Test, u.Plan)
			}
		}
		out = append(out, row.ControlRow)
	}
	return out, nil
}

// library lists every control of the library.
func library() ([]cli.ControlRow, error) {
	c, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	regs, err := registers.Load()
	if err != nil {
		return nil, err
	}
	list, err := tests.Load(schemas(regs))
	if err != nil {
		return nil, err
	}
	var out []cli.ControlRow
	for _, ctl := range c.Controls {
		row := controlRow(ctl)
		row.Version = 1
		for _, t := range list {
			if t.Control == ctl.ID {
				row.tested(t.ID, t.Plan)
			}
		}
		out = append(out, row.ControlRow)
	}
	return out, nil
}

type controlLine struct{ cli.ControlRow }

func controlRow(c assure.Control) *controlLine {
	return &controlLine{cli.ControlRow{ID: c.ID, Title: c.Title, Statement: c.Statement, Shape: string(c.Shape), Test: "checklist",
		Attributes: []cli.Attribute{}, Registers: []string{}, Criteria: append(append([]string{}, c.Criteria...), c.Supporting...),
		ISO27001: append([]string{}, c.ISO27001...), Objectives: append([]string{}, c.Objectives...), Owner: c.Owner, Frequency: string(c.Frequency),
		EvidenceTypes: append([]string{}, c.EvidenceTypes...), Escalation: c.Escalation}}
}

// tested adds what a test asks and reads; a control may have several. It is a checklist when a person answers any of it.
func (c *controlLine) tested(test string, p *rule.Plan) {
	if len(c.Attributes) == 0 {
		c.Test = "compiled"
	}
	if p.Checklist() {
		c.Test = "checklist"
	}
	for _, k := range p.Checks {
		c.Attributes = append(c.Attributes, cli.Attribute{Test: test, ID: k.ID, Text: k.Text, Person: k.Person})
	}
	for _, r := range p.Registers() {
		if !slices.Contains(c.Registers, r) {
			c.Registers = append(c.Registers, r)
		}
	}
}

// Verify checks everything that is stored against what was sealed.
func (o *office) Verify(ctx context.Context, progress func(done, of int64)) (cli.Verified, error) {
	v, err := any(o.st).(interface {
		Verify(context.Context, id.Org, func(done, total int64)) (record.Verification, error)
	}).Verify(ctx, o.org.ID, progress)
	if err != nil {
		return cli.Verified{}, err
	}
	out := cli.Verified{Size: v.Size, Kept: v.Anchored, Faults: []cli.VerifiedFault{}, Notes: []string{}, Omitted: v.Omitted}
	for _, d := range v.Defects {
		out.Faults = append(out.Faults, cli.VerifiedFault{Index: d.Index, Record: d.Name, What: d.What})
	}
	if cp, err := o.st.Checkpoint(ctx, o.org.ID); err == nil {
		out.Root = cp.RootHex()
	}
	if n := o.Notice(); n != "" {
		out.Notes = append(out.Notes, n)
	}
	if o.unread != nil {
		out.Faults = append(out.Faults, cli.VerifiedFault{Index: -1, What: "the organization cannot be read: " + o.unread.Error()})
	}
	for _, check := range []func(context.Context, *cli.Verified) error{o.verifyBlobs, o.verifyAnchors} {
		switch err := check(ctx, &out); {
		case err == nil:
		case errors.Is(err, fault.Integrity), len(out.Faults) > 0: // what it needs is itself at fault
			out.Faults = append(out.Faults, cli.VerifiedFault{Index: -1, What: err.Error()})
		default:
			return out, err
		}
	}
	sort.SliceStable(out.Faults, func(i, j int) bool { return out.Faults[i].Index < out.Faults[j].Index })
	return out, nil
}
