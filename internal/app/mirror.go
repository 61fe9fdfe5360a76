package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// mirror is another organization's ledger as its package gives it, in a folder of whoever took the package in. It is read only: there is
// no key by which anything could be added to it. Every test can be run again in it from the records alone.
type mirror struct {
	office *office // the client's, as this house sees it
	folder string
	opened *publish.Opened // the package, checked
	file   *os.File        // the package in the folder
	here   *assure.Results // what the tests found here, once they were run again
	limits []string        // what the mirror does not show, in sentences
}

// The file of a package in the folder of its mirror.
const mirrorFile = "package.zip"

// Close closes the folder.
func (m *mirror) Close() error { return errors.Join(m.office.Close(), m.file.Close()) }

// results are what the package says its tests found.
func (m *mirror) results() assure.Results { return m.opened.Results }

// takeIn takes a package in: it is copied, checked whole, and its ledger adopted into a new folder together with its input files. The key is the
// one that is known of the client from elsewhere; empty, the package's own is taken, and whoever asked has to be told. The checkpoints of
// the same client that are held from before must be prefixes. Nothing is left behind of what is refused. Whoever gets the mirror closes it.
func (a *App) takeIn(ctx context.Context, file, folder, key string, held ...ledger.Checkpoint) (*mirror, error) {
	return a.mirrored(ctx, file, folder, key, true, held)
}

// mirrored is takeIn, with the input files or without.
func (a *App) mirrored(ctx context.Context, file, folder, key string, files bool, held []ledger.Checkpoint) (*mirror, error) {
	if _, err := os.Stat(folder); err == nil {
		return nil, &fault.Error{Kind: fault.Refused, File: folder, What: "is there already", Hint: "each package is taken in into a folder of its own"}
	}
	parent := filepath.Dir(folder)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(parent, ".assay-taking-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }() // gone by then where all went well
	if err := copyPackage(file, filepath.Join(work, mirrorFile)); err != nil {
		return nil, err
	}
	f, o, err := openPackage(ctx, filepath.Join(work, mirrorFile), key, held)
	if err != nil {
		return nil, err
	}
	if err = a.build(ctx, work, o, files); err == nil {
		err = os.Rename(work, folder)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return a.mirrorOf(ctx, folder, f, o)
}

// copyPackage copies the file, so that what is checked is what is kept.
func copyPackage(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fault.Refuse("%v", err)
	}
	defer in.Close()
	if fi, err := in.Stat(); err != nil || !fi.Mode().IsRegular() {
		return fault.Refuse("%s is no file; expected a package", from)
	}
	return createFile(to, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// build adopts the ledger of a package into a folder, and its input files.
func (a *App) build(ctx context.Context, folder string, o *publish.Opened, files bool) error {
	schemas, err := mirrorSchemas(ctx, o)
	if err != nil {
		return err
	}
	_, err = sqlite.Adopt(ctx, a.mirrorConfig(folder, o), sqlite.Adopted{Org: o.Organization, Checkpoints: append(slices.Clone(o.Earlier), o.Checkpoint), Schemas: schemas, Records: o.Each})
	if err != nil || !files {
		return err
	}
	blobs := dir.Open(filepath.Join(folder, "blobs"), filepath.Join(folder, "keys"))
	for _, sum := range o.Blobs() {
		r, err := o.Entry("blobs/" + sum)
		if err != nil {
			return err
		}
		got, _, err := blobs.Put(ctx, o.Organization, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
		if got != sum {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the file %s of the package became %s while it was copied", sum, got)}
		}
	}
	return nil
}

func openPackage(ctx context.Context, name, key string, held []ledger.Checkpoint) (*os.File, *publish.Opened, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fault.Refuse("%v", err)
	}
	fi, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	o, err := publish.Open(ctx, f, fi.Size(), key, held...)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, o, nil
}

// mirrorConfig opens the folder under the client's public key alone.
func (a *App) mirrorConfig(folder string, o *publish.Opened) sqlite.Config {
	return sqlite.Config{Dir: folder, Anchor: filepath.Join(folder, "anchor"), Clock: a.Clock, Random: a.Random, Keys: sqlite.Public{o.Organization: o.Key}}
}

// mirrorSchemas are the registers of this program and those that the client declared, each as declared last.
func mirrorSchemas(ctx context.Context, o *publish.Opened) ([]*register.Schema, error) {
	all, err := builtIn()
	if err != nil {
		return nil, err
	}
	mark := []byte(`"register":"` + record.Registers + `"`)
	err = o.Each(ctx, func(s record.Sealed) error {
		if !bytes.Contains(s.Bytes, mark) {
			return nil
		}
		r, err := record.Decode(s.Bytes)
		if err != nil || r.Register != record.Registers {
			return err
		}
		var body struct{ YAML string }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return fmt.Errorf("%s: %w", r.Name(), err)
		}
		x, err := register.Load(r.Key, []byte(body.YAML))
		if err == nil {
			all[x.Name] = x
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []*register.Schema
	for _, name := range all.Names() {
		out = append(out, all[name])
	}
	return out, nil
}

// reopen opens a mirror that was built before. The package in it is checked again, whole.
func (a *App) reopen(ctx context.Context, folder, key string, held ...ledger.Checkpoint) (*mirror, error) {
	f, o, err := openPackage(ctx, filepath.Join(folder, mirrorFile), key, held)
	if err != nil {
		return nil, err
	}
	return a.mirrorOf(ctx, folder, f, o)
}

// mirrorOf opens the folder of a package that was checked.
func (a *App) mirrorOf(ctx context.Context, folder string, f *os.File, o *publish.Opened) (_ *mirror, err error) {
	m := &mirror{folder: folder, opened: o, file: f}
	if m.office, err = a.mirrorOffice(ctx, folder, o); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := m.bound(ctx); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// follows holds the ledger against checkpoints that were learnt of it in other ways, such as by messages: it goes on from each. Those that are later
// than the package are held against the next one.
func (m *mirror) follows(ctx context.Context, said []ledger.Checkpoint) error {
	for _, c := range said {
		if c.Origin != m.opened.Checkpoint.Origin {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the package is of %s, and a message of %s", m.opened.Checkpoint.Origin, c.Origin)}
		}
		if c.Size > m.opened.Checkpoint.Size {
			continue
		}
		here, err := m.office.st.CheckpointAt(ctx, m.opened.Organization, c.Size)
		if err != nil {
			return err
		}
		if here.Root != c.Root {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the ledger was forked: a message was proven against its first %d records with the root %s, the package gives %s", c.Size, c.Root, here.Root),
				Hint: "keep both: together they prove that the organization signed two histories"}
		}
	}
	return nil
}

func (a *App) mirrorOffice(ctx context.Context, folder string, o *publish.Opened) (*office, error) {
	c := a.mirrorConfig(folder, o)
	c.ReadOnly = true
	st, err := sqlite.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	of, err := a.office(ctx, st, folder, string(o.Organization), false)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	of.readOnly = true
	return of, nil
}

// reperform runs every test of the package again from its records, as known when the package was made, and compares what they find.
func (m *mirror) reperform(ctx context.Context, progress func(test string, done, of int)) (cli.Reperformed, error) {
	o, said := m.opened, m.opened.Results
	out := cli.Reperformed{Organization: o.Name, ID: string(o.Organization), Created: o.Created.String(), Key: o.Key, KeyGiven: o.Given, Fingerprint: publish.Fingerprint(o.Key),
		Checkpoint: assure.Checkpoint{Size: o.Checkpoint.Size, Root: o.Checkpoint.RootHex()}, Records: o.Records, Period: said.Period, KnownAt: said.KnownAt,
		Rows: []cli.ReperformedTest{}, Differs: []cli.ReperformedTest{}, Limits: m.limits}
	here, err := m.again(ctx, progress)
	if err != nil {
		return out, err
	}
	m.here = &here
	found := map[testName]assure.TestResult{}
	for _, t := range here.Controls {
		found[nameOf(t)] = t
	}
	for _, t := range said.Controls {
		row := cli.ReperformedTest{Control: t.Control, Test: t.Test, Version: t.Version, Package: countsOf(t)}
		if h, ok := found[nameOf(t)]; ok {
			row.Here = countsOf(h)
			row.What = differing(row)
		} else {
			row.What = []string{"no such test stands in the program of the package"}
		}
		delete(found, nameOf(t))
		out.Add(row)
	}
	for _, t := range here.Controls { // in order
		if _, left := found[nameOf(t)]; left {
			out.Add(cli.ReperformedTest{Control: t.Control, Test: t.Test, Version: t.Version, Here: countsOf(t), What: []string{"the package does not say what it found"}})
		}
	}
	return out, nil
}

// again runs all tests of the program as it was.
func (m *mirror) again(ctx context.Context, progress func(test string, done, of int)) (assure.Results, error) {
	said := m.opened.Results
	if len(said.Controls) == 0 {
		return assure.Results{}, nil // a Type 1 report tests no operation
	}
	return m.office.resultsAt(ctx, said, progress)
}

type testName struct {
	control, test string
	version       int
	from          string
}

func nameOf(t assure.TestResult) testName {
	return testName{t.Control, t.Test, t.Version, t.From.String()}
}

func countsOf(t assure.TestResult) *cli.ReperformedCounts {
	return &cli.ReperformedCounts{Outcome: string(t.Outcome), Population: t.Population, NotApplicable: t.NotApplicable, Passed: t.Passed, Deviating: t.Deviating, Undecided: t.Undecided,
		InProgress: t.InProgress, Digest: t.Digest}
}

// differing says in what the two differ.
func differing(r cli.ReperformedTest) (out []string) {
	p, h := r.Package, r.Here
	for _, x := range []struct {
		what string
		same bool
	}{
		{"outcome", p.Outcome == h.Outcome}, {"population", p.Population == h.Population}, {"not applicable", p.NotApplicable == h.NotApplicable}, {"passed", p.Passed == h.Passed},
		{"deviating", p.Deviating == h.Deviating}, {"undecided", p.Undecided == h.Undecided}, {"in progress", p.InProgress == h.InProgress}, {"findings", p.Digest == h.Digest},
	} {
		if !x.same {
			out = append(out, x.what)
		}
	}
	return out
}

// Reperform checks a package and runs its tests again, in a folder that is gone afterwards.
func (a *App) reperform(ctx context.Context, file, key string, progress func(test string, done, of int)) (out cli.Reperformed, err error) {
	folder, err := os.MkdirTemp("", "assay-reperform-")
	if err != nil {
		return out, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	m, err := a.mirrored(ctx, file, filepath.Join(folder, "client"), strings.TrimSpace(key), false, nil)
	if err != nil {
		return out, err
	}
	out, err = m.reperform(ctx, progress)
	return out, errors.Join(err, m.Close())
}

// mirrorFolder is where the mirror of a client's package is kept below a firm's data folder: one folder for each state of its ledger.
func mirrorFolder(data string, client id.Org, size int64) string {
	return filepath.Join(data, "clients", string(client), fmt.Sprint(size))
}
