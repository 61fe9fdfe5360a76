package program

import (
	"archive/zip"
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

type compareData struct {
	From, To string
	Asked    bool
	Said     []string
	Error    string
}

// compare says how the program differs between two sizes of the ledger.
func (p *Pages) compare(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	now, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	d := compareData{From: q.Get("from"), To: q.Get("to")}
	if d.From == "" && d.To == "" {
		return shell.Page(w, r, http.StatusOK, comparePage(d, rev))
	}
	d.Asked = true
	at := func(text string) (scope.Folder, error) {
		if text == "" {
			return now, nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return scope.Folder{}, fault.Refuse("%q is no size of the ledger; expected a number of records", short(text))
		}
		return p.o.Program.Past(ctx, n)
	}
	a, err := at(d.From)
	if err == nil {
		var b scope.Folder
		if b, err = at(d.To); err == nil {
			d.Said, err = scope.Diff(a, b)
		}
	}
	status := http.StatusOK
	if err != nil {
		if !isRefusal(err) {
			return err
		}
		d.Error, status = err.Error(), http.StatusUnprocessableEntity
	}
	return shell.Page(w, r, status, comparePage(d, rev))
}

// export sends the program as a folder in a file, as `assay export --program` writes it.
func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	f, _, err := p.o.Program.Program(r.Context())
	if err != nil {
		return err
	}
	files, err := f.Files()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) { // without a time of day: the same program gives the same bytes
		x, err := z.CreateHeader(&zip.FileHeader{Name: "program/" + name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		if _, err := x.Write(files[name]); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+fileName(f.Program.Name)+`-program.zip"`)
	_, err = w.Write(b.Bytes())
	return shell.Quietly(err)
}

// fileName keeps of a name what every system takes in the name of a file.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, s)
	return strings.Trim(s[:min(len(s), 60)], "-")
}
