package app

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	enginesql "github.com/assayhq/assay/internal/engine/sql"
	"github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/format/parquet"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/render/html"
	renderjson "github.com/assayhq/assay/internal/render/json"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/scope"
	sqlitestore "github.com/assayhq/assay/internal/store/sqlite"
)

// results runs every test for a report over a period; a Type 1 report shows none.
func (o *office) results(ctx context.Context, kind string) (assure.Results, error) {
	if o.program.Report == scope.Firm {
		return o.nothingTested(ctx)
	}
	if o.asOf(kind) || o.program.AsOf != nil {
		r, err := o.request(ctx, cli.Test{From: o.program.AsOf, To: o.program.AsOf})
		return assure.Results{Organization: o.org.Name, KnownAt: r.KnownAt.String(), Checkpoint: r.Checkpoint, Unanchored: r.Unanchored,
			Period: r.Period, Controls: []assure.TestResult{}}, err
	}
	return o.Test(ctx, cli.Test{Cached: true}, nil)
}

func (o *office) asOf(kind string) bool {
	if kind == "" {
		kind = o.program.Report
	}
	return strings.HasSuffix(kind, "-type1")
}

// draft builds the model of the report.
func (o *office) draft(ctx context.Context, kind string, res assure.Results) (*report.Report, error) {
	if kind == "" {
		kind = o.program.Report
	}
	if kind == scope.Firm {
		return o.file(ctx, res)
	}
	if err := drafted(kind); err != nil {
		return nil, err
	}
	f, err := o.facts(ctx, kind, res)
	if err != nil {
		return nil, err
	}
	if f.Signed, err = o.signed(ctx, report.Kind(kind), f); err != nil {
		return nil, err
	}
	return report.Build(report.Kind(kind), f)
}

// controlsNow lists the controls, each in its latest version.
func (o *office) controlsNow() []assure.Control { return o.controlsAt(civil.MaxDate) }

// controlsAt lists the controls that were there by a day, each in the version that was the latest then.
func (o *office) controlsAt(day civil.Date) []assure.Control {
	var out []assure.Control
	for _, v := range o.versions {
		switch n := len(out); {
		case v.From > day:
		case n > 0 && out[n-1].ID == v.Control.ID:
			out[n-1] = v.Control
		default:
			out = append(out, v.Control)
		}
	}
	return out
}

// session opens the records as the results knew them.
func (o *office) session(ctx context.Context, res assure.Results) (*sqlite.Session, error) {
	h, err := o.holidays(ctx, res.Checkpoint.Size)
	if err != nil {
		return nil, err
	}
	return o.engine.Open(ctx, string(o.org.ID), res.Checkpoint.Size, res.Period, h, 1)
}

func (o *office) systems(ctx context.Context, res assure.Results) ([]report.System, error) {
	s, err := o.session(ctx, res)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	rel, err := s.Register(ctx, "systems")
	if err != nil {
		return nil, err
	}
	var out []report.System
	for row, err := range rel.Rows {
		if err != nil {
			return nil, err
		}
		get := func(name string) any {
			for i, c := range rel.Columns {
				if c.Name == name {
					return row[i]
				}
			}
			return nil
		}
		if get("in_scope") != int64(1) {
			continue
		}
		text := func(name string) string { s, _ := get(name).(string); return s }
		out = append(out, report.System{Name: text("system"), Kind: text("kind"), Owner: text("owner"), Environment: text("environment")})
	}
	return out, nil
}

// Package seals everything that an auditor needs offline into one file.
func (o *office) Package(ctx context.Context, file string, progress func(test string, done, of int)) (cli.Packed, error) {
	if err := o.MayWrite(file); err != nil {
		return cli.Packed{}, err
	}
	// First, so that results and package tell of it. Whoever does not answer delays nothing.
	said, err := o.Anchor(ctx, nil)
	if err != nil {
		return cli.Packed{}, err
	}
	var res assure.Results
	if o.asOf("") || o.program.Report == scope.Firm {
		res, err = o.results(ctx, "")
	} else {
		res, err = o.Test(ctx, cli.Test{}, progress)
	}
	if err != nil {
		return cli.Packed{}, err
	}
	p, err := o.pack(ctx, file, res)
	for _, f := range said.Failed {
		p.Warnings = append(p.Warnings, "the package holds no word of one who was asked: "+f.What)
	}
	return p, err
}

func (o *office) pack(ctx context.Context, file string, res assure.Results) (cli.Packed, error) {
	s, err := o.session(ctx, res)
	if err != nil {
		return cli.Packed{}, err
	}
	defer s.Close()
	m, err := o.material(ctx, s, res)
	if err != nil {
		return cli.Packed{}, err
	}
	var sealed publish.Sealed
	err = createFile(file, func(w io.Writer) error {
		sealed, err = publish.Package(ctx, w, m)
		return err
	})
	if err != nil {
		return cli.Packed{}, err
	}
	abs, err := filepath.Abs(file)
	return cli.Packed{File: abs, Records: sealed.Records, Manifest: sealed.Manifest, Key: m.Key, Window: m.Window, Warnings: []string{},
		Seal: assure.Checkpoint{Size: sealed.Checkpoint.Size, Root: sealed.Checkpoint.RootHex()}}, err
}

func (o *office) material(ctx context.Context, s *sqlite.Session, res assure.Results) (publish.Material, error) {
	m := publish.Material{
		Organization: o.org.ID, Name: o.org.Name, Created: civil.InstantOf(o.app.Clock()), Results: res,
		Ledger: packLedger{o}, History: packHistory{o}, Blobs: packBlobs{o}, Tables: parquet.Writer{},
	}
	var err error
	if m.Key, err = verifierKey(o.data, o.app.Random, o.org.ID); err != nil {
		return m, err
	}
	if m.Program, err = canonical(map[string]any{"controls": o.versions, "program": o.program}); err != nil {
		return m, err
	}
	if err := o.vouched(ctx, &m); err != nil {
		return m, err
	}
	r, err := o.draft(ctx, "", res)
	if err != nil {
		return m, err
	}
	m.ReportHTML = func(w io.Writer) error { return html.Render(w, r) }
	m.ReportJSON = func(w io.Writer) error { return renderjson.Render(w, r) }
	m.Relations = s.Relations()
	if m.Tests, err = o.scripts(ctx, res, s.Robots()); err != nil {
		return m, err
	}
	for _, name := range o.read() {
		rel, err := s.Register(ctx, name)
		if err != nil {
			return m, err
		}
		m.Relations = append(m.Relations, rel)
	}
	return m, nil
}

// read lists the registers that the tests read.
func (o *office) read() []string {
	seen := map[string]bool{}
	for _, u := range o.units {
		for _, n := range u.Plan.Registers() {
			seen[n] = true
		}
	}
	var out []string
	for _, n := range o.regs.Names() {
		if seen[n] {
			out = append(out, n)
		}
	}
	return out
}

// scripts prints every test that was run as text that stands alone.
func (o *office) scripts(ctx context.Context, res assure.Results, robots map[string]bool) ([]publish.Test, error) {
	var out []publish.Test
	for _, t := range res.Controls {
		for _, u := range o.units {
			if u.Test != t.Test || u.Version != t.Version {
				continue
			}
			w, err := o.world(ctx, res, u, t)
			if err != nil {
				return nil, err
			}
			query := enginesql.Script(u.Plan, enginesql.Context{Period: w.Period, KnownAt: w.KnownAt, Unproven: w.Unproven, Clocks: w.Clocks, Unreadable: w.Unreadable, Robots: robots})
			name := t.Test
			if t.Version > 1 {
				name = fmt.Sprintf("%s.v%d", t.Test, t.Version)
			}
			out = append(out, publish.Test{ID: name, Txtar: []byte(o.testFile(u)), DuckDB: duckdb(t, u.Plan, query), Postgres: postgres(t, query)})
		}
	}
	return out, nil
}

func (o *office) testFile(u examine.Unit) string {
	for _, v := range o.versions {
		if v.Control.ID == u.Control && v.Version == u.Version {
			return v.Test
		}
	}
	return ""
}

func heading(t assure.TestResult) string {
	return fmt.Sprintf("-- %s: %s\n-- %s to %s. Instants are microseconds since 1970-01-01 UTC, dates are days since 1970-01-01.\n", t.Test, t.Title, t.From, t.To)
}

func duckdb(t assure.TestResult, p *rule.Plan, query string) []byte {
	var b strings.Builder
	b.WriteString(heading(t) + "-- Run from the folder into which the package was unpacked: duckdb < tests/" + t.Test + ".duckdb.sql\n")
	for _, n := range append(append(enginesql.FrameNames(), "persons"), p.Registers()...) {
		fmt.Fprintf(&b, "CREATE OR REPLACE VIEW %q AS SELECT * FROM 'populations/%s.parquet';\n", n, n)
	}
	b.WriteString(query + ";\n")
	return []byte(b.String())
}

func postgres(t assure.TestResult, query string) []byte {
	return []byte(heading(t) + "-- Load the files of populations/ into tables of the same names first (README.md says how), columns bigint or text COLLATE \"C\".\n" + query + ";\n")
}

// verifierKey is the public key of an organization's ledger.
func verifierKey(data string, random io.Reader, org id.Org) (string, error) {
	return sqlitestore.NewKeys(filepath.Join(data, "keys"), random).Public(org)
}

// packLedger, packHistory and packBlobs give publish the organization's own.
type packLedger struct{ o *office }

func (p packLedger) Size(ctx context.Context) (int64, error) { return p.o.st.Size(ctx, p.o.org.ID) }

func (p packLedger) Scan(ctx context.Context, from, to int64, fn func(record.Sealed) error) error {
	return p.o.st.Scan(ctx, p.o.org.ID, from, to, fn)
}

func (p packLedger) Tile(ctx context.Context, n int64) ([]byte, error) {
	return p.o.st.Tile(ctx, p.o.org.ID, 0, n)
}

func (p packLedger) Seal(ctx context.Context, size int64, manifest string) (record.Sealed, ledger.Signed, error) {
	body, err := canonical(map[string]any{"manifest": manifest, "records": size})
	if err != nil {
		return record.Sealed{}, ledger.Signed{}, err
	}
	row := &register.Row{Register: record.Packages, Key: "package-" + manifest[:16], Body: body}
	return p.o.st.Seal(ctx, p.o.org.ID, size, record.Draft{Row: row, Source: "assay"})
}

type packHistory struct{ o *office }

func (p packHistory) Find(ctx context.Context, reg, key string, version int) (int64, error) {
	k, err := p.o.st.Lookup(ctx, p.o.org.ID, reg, key, version)
	return k.Index, err
}

func (p packHistory) Hashes(ctx context.Context) tlog.HashReader {
	return p.o.st.Hashes(ctx, p.o.org.ID)
}

func (p packHistory) Checkpoints(ctx context.Context) ([]ledger.Signed, error) {
	return p.o.st.Checkpoints(ctx, p.o.org.ID)
}

type packBlobs struct{ o *office }

func (p packBlobs) Open(ctx context.Context, sum string) (io.ReadCloser, error) {
	return p.o.blobs.Open(ctx, p.o.org.ID, sum)
}

// world is what one test took for given.
func (o *office) world(ctx context.Context, res assure.Results, u examine.Unit, t assure.TestResult) (rule.World, error) {
	known, err := civil.ParseInstant(res.KnownAt)
	if err != nil {
		return rule.World{}, err
	}
	e := &examine.Examiner{Completeness: o.completeness()}
	w, err := e.World(ctx, o.org.ID, u, civil.Period{From: t.From, To: t.To, Zone: res.Period.Zone}, known, res.Checkpoint.Size)
	if err != nil {
		return w, err
	}
	if w.Holidays, err = o.holidays(ctx, res.Checkpoint.Size); err != nil {
		return w, err
	}
	r := examine.Request{Org: o.org.ID, Size: res.Checkpoint.Size}
	err = o.doubts(ctx, &r)
	w.Clocks, w.Unreadable = r.Clocks, r.Unreadable
	return w, err
}
