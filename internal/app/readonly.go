package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/assayhq/assay/internal/store/sqlite"
)

// look opens one organization of a data folder that cannot be written.
func (a *App) look(ctx context.Context, data, name string, inspect bool) (*office, error) {
	c := a.config(data, inspect)
	c.ReadOnly = true
	st, err := sqlite.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	o, err := a.office(ctx, st, data, name, inspect)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	o.readOnly = true
	return o, nil
}

// Notice tells of a data folder that is only read.
func (o *office) Notice() string {
	if !o.readOnly {
		return ""
	}
	return o.data + " cannot be written: it is read as it lies there, without taking its lock and without keeping runs"
}

// sweep removes what a process left that was stopped in the middle of writing a file. What cannot be
// removed harms nobody, and the next one to open the folder tries again.
func (o *office) sweep() {
	_ = o.blobs.Sweep(o.org.ID)
	left, _ := filepath.Glob(filepath.Join(o.cache().dir, ".assay-*"))
	for _, name := range left {
		_ = os.Remove(name)
	}
}
