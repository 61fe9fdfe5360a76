package program

import (
	"archive/zip"
	"context"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// The bounds of a folder that is taken in: a file that unpacks to more is refused before it has.
const (
	mostFiles    = 20_000
	mostUnpacked = 32 << 20
)

// importForm takes a changed folder of the program in, as `assay apply` does from a terminal.
func (p *Pages) importForm(w http.ResponseWriter, r *http.Request) error {
	return shell.Page(w, r, http.StatusOK, importPage(importFields(r.Context()), nil))
}

func importFields(ctx context.Context) shell.Form {
	return shell.Form{Action: "/program/import", Submit: shell.T(ctx, "Prepare the change"), Back: "/program", Fields: []shell.Field{
		{Name: "folder", Type: "file", Label: shell.T(ctx, "Folder of the program (.zip)"), Required: true, Help: shell.T(ctx, "As it was exported, with what you changed. At most 4 MB.")},
		{Name: "reason", Type: "area", Rows: 2, Label: shell.T(ctx, "Why"), Required: true, Max: 2000, Help: shell.T(ctx, "Who approves reads this, and so does the auditor.")},
	}}
}

func (p *Pages) takeImport(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form := importFields(ctx)
	refuse := func(err error) error {
		if !isRefusal(err) {
			return err
		}
		return shell.Page(w, r, http.StatusUnprocessableEntity, importPage(form.Filled(r).WithErrors(err), nil))
	}
	if err := shell.ReadForm(w, r); err != nil {
		return refuse(err)
	}
	if strings.TrimSpace(r.PostForm.Get("reason")) == "" {
		return refuse(&fault.Error{Kind: fault.Refused, Field: "reason", What: "no reason is given; expected why the change is made"})
	}
	now, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	to, err := uploaded(r)
	if err != nil {
		return refuse(err)
	}
	x, err := p.drawn(ctx, now, to, rev)
	if err != nil {
		return refuse(err)
	}
	if r.PostForm.Get("act") == "preview" {
		return shell.Page(w, r, http.StatusOK, importPage(form.Filled(r), &x))
	}
	return p.keep(w, r, x, shell.T(ctx, "A folder of the program"), strings.TrimSpace(r.PostForm.Get("reason")), "/program")
}

// uploaded reads the folder that a form carries.
func uploaded(r *http.Request) (scope.Folder, error) {
	in := func(format string, args ...any) error {
		e := fault.Refuse(format, args...)
		e.Field = "folder"
		return e
	}
	file, head, err := r.FormFile("folder")
	if err != nil {
		return scope.Folder{}, in("no file is given; expected the folder of the program as a .zip")
	}
	defer file.Close()
	z, err := zip.NewReader(file, head.Size)
	if err != nil {
		return scope.Folder{}, in("is no .zip that can be read: %v", err)
	}
	if len(z.File) > mostFiles {
		return scope.Folder{}, in("holds more than %d files", mostFiles)
	}
	files := map[string][]byte{}
	left := int64(mostUnpacked)
	for _, f := range z.File {
		name := path.Clean(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "program/"))
		base := path.Base(name)
		if f.FileInfo().IsDir() || base[0] == '.' || base == "README.md" || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		if _, twice := files[name]; twice {
			return scope.Folder{}, in("holds %s twice", name)
		}
		b, err := unpack(f, left)
		if err != nil {
			return scope.Folder{}, in("%s: %v", name, err)
		}
		left -= int64(len(b))
		files[name] = b
	}
	return scope.ReadFolder(files)
}

// unpack reads one file of an archive, and no more of it than is left.
func unpack(f *zip.File, left int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, left+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > left {
		return nil, fault.Refuse("the folder unpacks to more than %d MiB", mostUnpacked>>20)
	}
	return b, nil
}
