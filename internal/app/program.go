package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// mostProgram bounds a file of a program: a description of a megabyte is read, a mistake is not.
const mostProgram = 4 << 20

// aside says of a file's name that it is no part of a program, though it lies there: what editors and people leave.
func aside(name string) bool {
	return name[0] == '.' || name == "README.md" || strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".swp")
}

// readProgram reads a folder's files by their slashed paths, but for those that are aside. The folder itself may be a
// link; in it nothing is followed.
func readProgram(dir string) (map[string][]byte, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fault.Refuse("%v", err)
	}
	out := map[string][]byte{}
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fault.Refuse("%v", err)
		}
		switch {
		case d.IsDir() && name != dir && d.Name()[0] == '.':
			return fs.SkipDir
		case d.IsDir() || aside(d.Name()):
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			return fault.Refuse("%s is a link; expected the file itself", name)
		}
		if fi, err := d.Info(); err != nil || !fi.Mode().IsRegular() || fi.Size() > mostProgram {
			return fault.Refuse("%s is no file of under %d MiB", name, mostProgram>>20)
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(rel)], err = os.ReadFile(name)
		return err
	})
	return out, err
}

// applyProgram makes a folder's program the organization's, or founds one with it where the data folder holds none.
// With dry it only says what would change.
func (a *App) applyProgram(ctx context.Context, data, org, dir string, dry bool) (out cli.Applied, err error) {
	files, err := readProgram(dir)
	if err != nil {
		return out, err
	}
	f, err := scope.ReadFolder(files)
	if err != nil {
		return out, err
	}
	if out.Warnings, err = f.Program.Check(); err != nil {
		return out, err
	}
	out.Warnings = append(out.Warnings, scope.Claims(f)...)
	for _, v := range f.Versions {
		for _, said := range scope.Lint(v.Control) {
			out.Lint = append(out.Lint, fmt.Sprintf("%s, version %d: %s", v.Control.ID, v.Version, said))
		}
	}
	regs, err := registers.Load()
	if err != nil {
		return out, err
	}
	if _, err := os.Stat(filepath.Join(data, "assay.db")); errors.Is(err, fs.ErrNotExist) {
		return a.foundProgram(ctx, data, f, schemas(regs), dry, out)
	}
	o, err := a.enter(ctx, data, org, false)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	now := o.folder()
	if f.Program.Name != now.Program.Name || f.Program.Zone.String() != now.Program.Zone.String() {
		return out, &fault.Error{Kind: fault.Refused, File: "program.yaml", Field: "name, zone",
			What: fmt.Sprintf("says %s in %s; the organization here is %s in %s, and neither can be changed", f.Program.Name, f.Program.Zone, now.Program.Name, now.Program.Zone),
			Hint: "found another organization in another --data folder"}
	}
	if out.Changes, err = scope.Diff(now, f); err != nil {
		return out, err
	}
	if err := stays(now, f); err != nil {
		return out, err
	}
	out.Warnings = append(out.Warnings, backdated(now, f, f.Program.Zone.DateOf(civil.InstantOf(a.Clock())))...)
	drafts, err := programDrafts(f, now, schemas(regs))
	if err != nil || dry || len(drafts) == 0 {
		return out, err
	}
	pull, err := id.NewPull(a.Clock(), a.Random)
	if err != nil {
		return out, err
	}
	_, err = o.st.Append(ctx, o.org.ID, pull, drafts)
	out.Applied = err == nil
	return out, err
}

// foundProgram founds an organization with a program.
func (a *App) foundProgram(ctx context.Context, data string, f scope.Folder, regs schemas, dry bool, out cli.Applied) (cli.Applied, error) {
	none := scope.Folder{Registers: map[string]string{}}
	said, err := scope.Diff(none, f)
	if err != nil {
		return out, err
	}
	out.Changes = append([]string{"founded " + f.Program.Name}, said...)
	drafts, err := programDrafts(f, none, regs)
	if err != nil || dry {
		return out, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return out, fault.Refuse("%v", err)
	}
	st, err := sqlite.Open(ctx, a.config(data, false))
	if err != nil {
		return out, err
	}
	_, err = a.create(ctx, st, f.Program, regs, drafts)
	out.Applied = err == nil
	return out, errors.Join(err, st.Close())
}

// stays refuses a program that leaves out what the organization has: nothing of a program is deleted.
func stays(now, f scope.Folder) error {
	if (now.Program.Report == scope.Firm) != (f.Program.Report == scope.Firm) && now.Program.Report != "" {
		return fault.Refuse("an audit firm does not become an organization that is examined, nor the other way: its engagements would change sides").WithHint("found another organization")
	}
	for _, v := range now.Versions {
		n, ok := version(f, v.Key())
		if !ok {
			return fault.At("controls/"+v.Control.ID+".yaml", 0, "", "version %d of the control is missing; a control is not deleted", v.Version).
				WithHint("to retire it, give its version the last day on which it is in force: to: DATE")
		}
		if v.Test != "" && strings.TrimSpace(n.Test) == "" {
			return fault.At(scope.TestFile(v.Control.ID, v.Version), 0, "", "is missing or empty; the test of a version is not deleted").
				WithHint("to go on without a test, end the version (to: DATE) and begin another")
		}
	}
	if said(now.System) && !said(f.System) {
		return fault.At("system.yaml", 0, "", "is missing or empty; what management says of the system is not deleted with it").
			WithHint("to take the rest away, leave the name of the system in it")
	}
	for part, text := range now.System.Texts {
		if _, ok := f.System.Texts[part]; !ok && text != "" {
			return fault.At("description/"+part+".md", 0, "", "is missing; a text is not deleted with its file").WithHint("to take the text away, leave the file empty")
		}
	}
	for _, p := range now.Policies {
		if !slices.ContainsFunc(f.Policies, func(n scope.Policy) bool { return n.ID == p.ID }) {
			return fault.At("policies/"+p.ID+".md", 0, "", "is missing; a policy is not deleted").WithHint("say in its text that it was withdrawn, and when")
		}
	}
	for name := range now.Registers {
		if _, ok := f.Registers[name]; !ok {
			return fault.At("registers/"+name+".yaml", 0, "", "is missing; a register is not deleted")
		}
	}
	return nil
}

// said reports whether system.yaml says anything.
func said(s scope.System) bool {
	s.Texts = nil
	b, err := json.Marshal(s)
	return err != nil || string(b) != "{}"
}

// version finds a version of a control by its key.
func version(f scope.Folder, key string) (scope.Version, bool) {
	i := slices.IndexFunc(f.Versions, func(n scope.Version) bool { return n.Key() == key })
	if i < 0 {
		return scope.Version{}, false
	}
	return f.Versions[i], true
}

// backdated warns of versions that a program makes to end or to begin on days that are over: what was tested by them
// then is tested by them no longer, or only now.
func backdated(now, f scope.Folder, today civil.Date) []string {
	var out []string
	for _, v := range f.Versions {
		was, ok := version(now, v.Key())
		if v.To != nil && *v.To < today && (was.To == nil || *v.To < *was.To) {
			out = append(out, fmt.Sprintf("control %s: version %d is made to end on %s, before today; what it did after is no longer tested", v.Control.ID, v.Version, *v.To))
		}
		if v.From < today && v.From != scope.First && (!ok || v.From != was.From) {
			out = append(out, fmt.Sprintf("control %s: version %d is made to begin on %s, before today; what was done since is now tested by it", v.Control.ID, v.Version, v.From))
		}
	}
	return out
}

// programDrafts are the records by which a program differs from another, once all of it is shown to hold: registers
// and tests compile, tests belong to their controls, and mappings name what the catalog knows. Registers are added to
// regs.
func programDrafts(f, now scope.Folder, regs schemas) ([]record.Draft, error) {
	var out []record.Draft
	add := func(reg, key string, is, was any) error {
		body, err := canonical(is)
		if err != nil {
			return err
		}
		if was != nil {
			if before, err := canonical(was); err != nil || bytes.Equal(before, body) {
				return err
			}
		}
		out = append(out, record.Draft{Row: &register.Row{Register: reg, Key: key, Body: body}, Source: "assay"})
		return nil
	}
	var was any
	if now.Program.Name != "" {
		was = now.Program
	}
	if err := add(record.Program, "program", f.Program, was); err != nil {
		return nil, err
	}
	var declared []record.Draft
	for _, name := range slices.Sorted(mapKeys(f.Registers)) {
		row, err := declareText(regs, "registers/"+name+".yaml", f.Registers[name])
		if err != nil {
			return nil, err
		}
		if row.Key != name {
			return nil, fault.At("registers/"+name+".yaml", 0, "name", "says %s, but the file is called %s.yaml", row.Key, name)
		}
		if now.Registers[name] != f.Registers[name] {
			declared = append(declared, record.Draft{Row: row, Source: "assay"})
		}
	}
	if err := checkControls(f, regs); err != nil {
		return nil, err
	}
	for _, v := range f.Versions {
		var was any
		if n, ok := version(now, v.Key()); ok {
			was = n
		}
		if err := add(record.Controls, v.Key(), v, was); err != nil {
			return nil, err
		}
	}
	out = append(out, declared...)
	if err := add(record.System, "system", f.System, now.System); err != nil {
		return nil, err
	}
	for _, p := range f.Policies {
		var was any
		if i := slices.IndexFunc(now.Policies, func(n scope.Policy) bool { return n.ID == p.ID }); i >= 0 {
			was = now.Policies[i]
		}
		if err := add(record.Policies, p.ID, p, was); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// checkControls compiles every test and looks every mapping up.
func checkControls(f scope.Folder, regs schemas) error {
	c, err := catalog.Load()
	if err != nil {
		return err
	}
	for _, v := range f.Versions {
		file := "controls/" + v.Control.ID + ".yaml"
		for _, list := range [][]string{v.Control.Criteria, v.Control.Supporting, v.Control.ISO27001, v.Control.Objectives} {
			for _, id := range list {
				if _, ok := c.Criterion(id); !ok {
					return fault.At(file, 0, "map", "%q is no criterion, control of Annex A or objective of the catalog", id)
				}
			}
		}
		if v.Test == "" {
			continue
		}
		name := scope.TestFile(v.Control.ID, v.Version)
		list, err := tests.Parse(name, []byte(v.Test), regs)
		if err != nil {
			return err
		}
		for _, t := range list {
			if t.Control != v.Control.ID {
				return fault.At(name, 1, "control", "is a test of %s; expected one of %s", t.Control, v.Control.ID)
			}
		}
	}
	return nil
}

// folder is the organization's program as it stands.
func (o *office) folder() scope.Folder {
	return scope.Folder{Program: o.program, System: o.system, Versions: o.versions, Policies: o.policies, Registers: o.own}
}

// Export writes the program as a folder. What lies there already is replaced, and nothing else is touched.
func (o *office) Export(_ context.Context, dir string) ([]string, error) {
	files, err := o.folder().Files()
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fault.Refuse("%v", err)
		}
		if err := createFile(path, write(files[name])); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// told reads what management said of the system, and its policies.
func (o *office) told(ctx context.Context, size int64) error {
	err := o.each(ctx, record.System, size, func(k record.Known) error { return json.Unmarshal(k.Body, &o.system) })
	if err != nil {
		return err
	}
	err = o.each(ctx, record.Policies, size, func(k record.Known) error {
		var p scope.Policy
		err := json.Unmarshal(k.Body, &p)
		o.policies = append(o.policies, p)
		return err
	})
	slices.SortFunc(o.policies, func(a, b scope.Policy) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	return err
}
