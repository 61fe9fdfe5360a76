package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/example"
	"github.com/assayhq/assay/internal/scope"
)

// demoSeed makes the example company that the documents show.
const demoSeed = 1

// demo builds the example company in a temporary folder: its exports are imported like anybody's,
// everything is tested, the report drafted and the package sealed.
func (a *App) demo(ctx context.Context, progress func(what string, done, of int)) (cli.Demo, error) {
	folder, err := os.MkdirTemp("", "assay-demo-")
	if err != nil {
		return cli.Demo{}, fmt.Errorf("make the demo's folder: %w", err)
	}
	files, story := example.Files(demoSeed)
	steps := len(files) + 4
	progress("founding "+story.Organization, 0, steps)
	from, to := story.Period.From, story.Period.To
	p := scope.Program{Name: story.Organization, Report: story.Report, Zone: story.Period.Zone, From: &from, To: &to, Categories: story.Categories}
	data := filepath.Join(folder, "data")
	if err := a.foundExample(ctx, data, p); err != nil {
		return cli.Demo{}, err
	}
	o, err := a.enter(ctx, data, "", false)
	if err != nil {
		return cli.Demo{}, err
	}
	d, err := o.show(ctx, folder, files, func(what string, done int) { progress(what, done, steps) })
	if err != nil {
		return d, errors.Join(err, o.Close())
	}
	return d, nil
}

// foundExample founds the example company with all of its program: what its management says, and its policies.
func (a *App) foundExample(ctx context.Context, data string, p scope.Program) error {
	return a.foundDescribed(ctx, data, p, example.About())
}

func (a *App) foundDescribed(ctx context.Context, data string, p scope.Program, about scope.System) error {
	if _, err := p.Check(); err != nil {
		return err
	}
	regs, err := registers.Load()
	if err != nil {
		return err
	}
	f := scope.Folder{Program: p, System: about, Registers: map[string]string{}}
	if _, f.Versions, err = programOf(p, schemas(regs), ""); err != nil {
		return err
	}
	for i := range f.Versions {
		f.Versions[i].Implemented = p.From
	}
	for _, x := range example.PolicyTexts() {
		f.Policies = append(f.Policies, scope.Policy{ID: x.ID, Title: x.Title, Version: x.Version, Owner: x.Owner, ApprovedBy: x.ApprovedBy, Controls: x.Controls, Text: x.Text})
	}
	_, err = a.foundProgram(ctx, data, f, schemas(regs), false, cli.Applied{})
	return err
}

func (o *office) show(ctx context.Context, folder string, files []example.File, progress func(what string, done int)) (cli.Demo, error) {
	exports := filepath.Join(folder, "exports")
	if err := os.Mkdir(exports, 0o700); err != nil {
		return cli.Demo{}, err
	}
	for i, f := range files {
		progress("importing "+f.Name, i+1)
		if err := o.export(ctx, exports, f); err != nil {
			return cli.Demo{}, err
		}
	}
	n := len(files)
	progress("testing every item", n+1)
	res, err := o.Test(ctx, cli.Test{Cached: true}, nil) // kept, so that the pages need not test again
	if err != nil {
		return cli.Demo{}, err
	}
	progress("drafting the report", n+2)
	d := cli.Demo{Results: res, Data: o.data, Package: filepath.Join(folder, "package.zip"), Serve: o.serveDemo, Close: o.Close}
	for _, format := range []string{"html", "pdf", "docx"} {
		name := filepath.Join(folder, "report."+format)
		err := createFile(name, func(w io.Writer) error {
			_, err := o.write(ctx, cli.Document{Format: format}, res, w)
			return err
		})
		if err != nil {
			return d, err
		}
		d.Reports = append(d.Reports, name)
	}
	progress("sealing the package", n+3)
	_, err = o.pack(ctx, d.Package, res)
	progress("", n+4)
	return d, err
}

// export puts one of the example's files beside the data, as it would lie on a disk, and imports it.
func (o *office) export(ctx context.Context, folder string, f example.File) error {
	i := cli.Import{Register: f.Register, File: filepath.Join(folder, f.Name), Source: f.Source, Query: f.Query, Params: f.Params,
		ExpectRows: f.Expect, Extent: f.Extent, Totals: f.Control, Operator: "demo"}
	if err := os.WriteFile(i.File, f.Data, 0o600); err != nil {
		return err
	}
	var mapping []byte
	if f.Map != nil {
		i.Map, mapping = filepath.Join(folder, f.MapName), f.Map
		if err := os.WriteFile(i.Map, mapping, 0o600); err != nil {
			return err
		}
	}
	_, err := o.take(ctx, i, bytes.NewReader(f.Data), mapping, func(int64, int64) {})
	return err
}
