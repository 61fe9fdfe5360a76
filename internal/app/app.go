// Package app wires the house: it gives every room its clock, files, randomness and neighbours.
package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/collect"
	enginesqlite "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/outbound"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// What the third floor gives is what the second floor asks for.
var (
	_ record.Opener   = (*sqlite.Store)(nil)
	_ record.Appender = (*sqlite.Store)(nil)
	_ collect.Blobs   = (*dir.Store)(nil)
	_ examine.Engine  = engine{}
	_ cli.Office      = (*office)(nil)
)

// Version is stamped into pulls and packages.
const Version = "0.1.0"

// anchorVar names the environment variable that says where checkpoints are kept, if not in the data folder.
const anchorVar = "ASSAY_ANCHOR"

// App is the wired house.
type App struct {
	Clock  func() time.Time
	Random io.Reader
	HTTP   doer         // to time stamping authorities and witnesses
	Cost   account.Cost // of password hashing; zero: account.DefaultCost
	// Outbound is what addresses that people enter may lead to; zero: public hosts by https alone.
	Outbound outbound.Config
}

// New wires the house to the machine's clock and randomness.
func New() *App { return &App{Clock: time.Now, Random: rand.Reader, HTTP: plain()} }

// House gives the command line its acts.
func (a *App) House() cli.House {
	return cli.House{
		Found: a.found, Apply: a.applyProgram, Demo: a.demo, Serve: a.serve, Recover: a.recover, Reperform: a.reperform, Library: library, Version: Version,
		Paper: paper,
		Today: func() civil.Date {
			t := a.Clock()
			return civil.NewDate(t.Year(), t.Month(), t.Day())
		},
		ReadFile: func(name string) ([]byte, error) {
			b, err := os.ReadFile(name)
			if err != nil {
				return nil, fault.Refuse("%v", err)
			}
			return b, nil
		},
		WriteFile: func(name string, b []byte) error { return createFile(name, write(b)) },
		Enter: func(ctx context.Context, data, org string, how cli.Entry) (cli.Office, error) {
			o, err := a.enter(ctx, data, org, how == cli.Inspect)
			if how != cli.Write && errors.Is(err, fs.ErrPermission) {
				o, err = a.look(ctx, data, org, how == cli.Inspect)
			}
			if err != nil {
				return nil, err
			}
			return o, nil
		},
	}
}

// Streams are the process's own.
func (a *App) Streams(terminal, asks bool) cli.Streams {
	return cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: terminal, Asks: asks,
		Mark:  func() any { return a.Clock() },
		Since: func(start any) time.Duration { return a.Clock().Sub(start.(time.Time)) },
	}
}

// schemas are the registers that exist for an organization.
type schemas map[string]*register.Schema

func (s schemas) Schema(name string) (*register.Schema, bool) { v, ok := s[name]; return v, ok }

func (s schemas) Names() []string {
	out := make([]string, 0, len(s))
	for n := range s {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// find is Schema for those who take nil for "there is none".
func (s schemas) find(name string) *register.Schema { return s[name] }

// open opens a data folder. It must exist unless it is about to be founded.
func (a *App) open(ctx context.Context, data string, inspect bool) (*sqlite.Store, error) {
	if _, err := os.Stat(filepath.Join(data, "assay.db")); errors.Is(err, os.ErrNotExist) {
		return nil, fault.Refuse("%s holds no organization", data).WithHint("found one with assay init, or name the folder with --data")
	}
	return sqlite.Open(ctx, a.config(data, inspect))
}

func (a *App) config(data string, inspect bool) sqlite.Config {
	return sqlite.Config{
		Dir: data, Anchor: os.Getenv(anchorVar), Clock: a.Clock, Random: a.Random, Inspect: inspect,
		Keys: sqlite.NewKeys(filepath.Join(data, "keys"), a.Random),
	}
}

// found makes an organization in a data folder that nobody has open: its name, its scope, and the controls that its report needs.
func (a *App) found(ctx context.Context, data string, p scope.Program, program string, implemented *civil.Date) (cli.Founded, error) {
	if _, err := p.Check(); err != nil {
		return cli.Founded{}, err // before a folder is made for it
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return cli.Founded{}, fmt.Errorf("make the data folder: %w", err)
	}
	st, err := sqlite.Open(ctx, a.config(data, false))
	if err != nil {
		return cli.Founded{}, err
	}
	out, err := a.foundIn(ctx, st, data, p, program, implemented)
	return out, errors.Join(err, st.Close())
}

// foundIn makes an organization in an open data folder.
func (a *App) foundIn(ctx context.Context, st *sqlite.Store, data string, p scope.Program, program string, implemented *civil.Date) (cli.Founded, error) {
	warnings, err := p.Check()
	if err != nil {
		return cli.Founded{}, err
	}
	regs, err := registers.Load()
	if err != nil {
		return cli.Founded{}, err
	}
	own := schemas(regs)
	declared, versions, err := programOf(p, own, program)
	if err != nil {
		return cli.Founded{}, err
	}
	for i := range versions {
		versions[i].Implemented = implemented
	}
	drafts, err := programDrafts(scope.Folder{Program: p, Versions: versions, Registers: declared}, scope.Folder{}, own)
	if err != nil {
		return cli.Founded{}, err
	}
	org, err := a.create(ctx, st, p, own, drafts)
	if err != nil {
		return cli.Founded{}, err
	}
	out := cli.Founded{Name: p.Name, Report: p.Report, Data: data, Controls: len(versions), Warnings: warnings, ID: string(org)}
	out.Key, err = verifierKey(data, a.Random, org)
	return out, err
}

// create makes an organization with the records of its program.
func (a *App) create(ctx context.Context, st *sqlite.Store, p scope.Program, regs schemas, drafts []record.Draft) (id.Org, error) {
	orgs, err := st.Orgs(ctx)
	if err != nil {
		return "", err
	}
	for _, o := range orgs {
		if strings.EqualFold(o.Name, p.Name) {
			return "", fault.Refuse("the folder already holds an organization named %s", o.Name).WithHint("choose another --name or another --data folder")
		}
	}
	org, err := id.NewOrg(a.Clock(), a.Random)
	if err != nil {
		return "", err
	}
	if err := st.CreateOrg(ctx, record.Org{ID: org, Name: p.Name, Zone: p.Zone.String(), Created: civil.InstantOf(a.Clock())}); err != nil {
		return "", err
	}
	if err := ensure(ctx, st, org, regs); err != nil {
		return "", err
	}
	pull, err := id.NewPull(a.Clock(), a.Random)
	if err != nil {
		return "", err
	}
	_, err = st.Append(ctx, org, pull, drafts)
	return org, err
}

func canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return register.Canonical(b)
}

// programOf reads the library and, when a folder is given, the organization's own registers
// (registers/*.yaml) and tests (tests/*.txtar) from it. Registers are added to regs.
func programOf(p scope.Program, regs schemas, folder string) (declared map[string]string, versions []scope.Version, err error) {
	var own []*tests.Test
	if folder != "" {
		if declared, err = ownRegisters(regs, folder); err != nil {
			return nil, nil, err
		}
		if own, err = ownTests(regs, folder); err != nil {
			return nil, nil, err
		}
	}
	if p.Report == scope.Firm {
		return declared, nil, nil
	}
	c, err := catalog.Load()
	if err != nil {
		return nil, nil, err
	}
	lib, err := tests.Load(regs)
	if err != nil {
		return nil, nil, err
	}
	versions, err = scope.Starter(p, c, lib, own)
	return declared, versions, err
}

func ownRegisters(regs schemas, folder string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "registers", "*.yaml"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, fault.Refuse("%v", err)
		}
		row, err := declareText(regs, f, string(b))
		if err != nil {
			return nil, err
		}
		out[row.Key] = string(b)
	}
	return out, nil
}

// declare reads a register's YAML file, adds it to regs and returns the record that seals it.
func declare(regs schemas, file string) (*register.Row, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Refuse("%v", err)
	}
	return declareText(regs, file, string(b))
}

func declareText(regs schemas, file, text string) (*register.Row, error) {
	s, err := register.Load(file, []byte(text))
	if err != nil {
		return nil, err
	}
	starter, err := registers.Load()
	if err != nil {
		return nil, err
	}
	if starter[s.Name] != nil || strings.HasPrefix(s.Name, "assay") {
		return nil, fault.At(file, 0, "name", "the register %s exists already; choose another name", s.Name)
	}
	regs[s.Name] = s
	body, err := canonical(map[string]string{"yaml": text})
	return &register.Row{Register: record.Registers, Key: s.Name, Body: body}, err
}

func ownTests(regs schemas, folder string) ([]*tests.Test, error) {
	files, err := filepath.Glob(filepath.Join(folder, "tests", "*.txtar"))
	if err != nil {
		return nil, err
	}
	var out []*tests.Test
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		list, err := tests.Parse(f, b, regs)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func ensure(ctx context.Context, st *sqlite.Store, org id.Org, regs schemas) error {
	for _, n := range regs.Names() {
		if err := ensureOne(ctx, st, org, regs[n]); err != nil {
			return fmt.Errorf("prepare the register %s: %w", n, err)
		}
	}
	return nil
}

func ensureOne(ctx context.Context, st *sqlite.Store, org id.Org, s *register.Schema) error {
	return st.Ensure(ctx, org, s, func(body []byte) ([]any, error) { return register.Project(s, body) })
}

// enter opens one organization of a data folder. To inspect, it is opened whatever is wrong with it.
func (a *App) enter(ctx context.Context, data, name string, inspect bool) (*office, error) {
	st, err := a.open(ctx, data, inspect)
	if err != nil {
		return nil, err
	}
	o, err := a.office(ctx, st, data, name, inspect)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if !inspect {
		o.sweep()
	}
	return o, nil
}

func (a *App) office(ctx context.Context, st *sqlite.Store, data, name string, inspect bool) (*office, error) {
	orgs, err := st.Orgs(ctx)
	if err != nil {
		return nil, err
	}
	org, err := choose(orgs, name)
	if lost := st.Lost(); err != nil && inspect && len(lost) == 1 && (len(orgs) == 0 || name != "") {
		org, err = record.Org{ID: lost[0]}, nil // nobody else can be meant
	}
	if err != nil {
		return nil, err
	}
	o := &office{app: a, st: st, data: data, org: org, blobs: dir.Open(filepath.Join(data, "blobs"), filepath.Join(data, "keys"))}
	if err := o.load(ctx); err != nil {
		if !inspect {
			return nil, err
		}
		o.unread = err
	}
	if err := ensure(ctx, st, org.ID, o.regs); err != nil {
		return nil, err
	}
	o.engine = enginesqlite.New(st.Reader(), o.regs.Schema)
	return o, nil
}

func choose(orgs []record.Org, name string) (record.Org, error) {
	var names []string
	for _, o := range orgs {
		if name != "" && (strings.EqualFold(o.Name, name) || string(o.ID) == name) {
			return o, nil
		}
		names = append(names, o.Name)
	}
	slices.Sort(names)
	switch {
	case len(orgs) == 0:
		return record.Org{}, fault.Refuse("the data folder holds no organization").WithHint("found one with assay init")
	case name != "":
		return record.Org{}, &fault.Error{Kind: fault.Refused, Field: "--org", What: fmt.Sprintf("there is no organization %q here; expected one of %s", name, strings.Join(names, ", "))}
	case len(orgs) > 1:
		return record.Org{}, &fault.Error{Kind: fault.Refused, Field: "--org", What: "the folder holds several organizations; expected one of " + strings.Join(names, ", ")}
	}
	return orgs[0], nil
}
