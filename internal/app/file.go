package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/assayhq/assay/internal/fault"
)

// Create writes a file whole or not at all.
func (o *office) Create(file string, write func(io.Writer) error) error {
	if err := o.MayWrite(file); err != nil {
		return err
	}
	return createFile(file, write)
}

// MayWrite refuses a name under which nothing for others can be written: in the data folder or
// among the checkpoints, where it could take the place of what is kept, a folder, or a device.
func (o *office) MayWrite(file string) error {
	refuse := func(format string, args ...any) error {
		return (&fault.Error{Kind: fault.Refused, File: file, What: fmt.Sprintf(format, args...)}).
			WithHint("name a file outside of the data folder, in a folder that exists")
	}
	if fi, err := os.Stat(file); err == nil && fi.IsDir() {
		return refuse("is a folder; expected the name of a file")
	} else if err == nil && !fi.Mode().IsRegular() {
		return refuse("is no file")
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	in, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return refuse("the folder %s does not exist", filepath.Dir(file))
	}
	places := []string{in}
	if real, err := filepath.EvalSymlinks(abs); err == nil { // a link to a file is not followed, but meant
		places = append(places, filepath.Dir(real))
	}
	for _, at := range places {
		switch {
		case inside(at, o.data):
			return refuse("lies in the data folder, and could take the place of what is kept there")
		case os.Getenv(anchorVar) != "" && inside(at, os.Getenv(anchorVar)):
			return refuse("lies in the folder of checkpoints, and could take the place of one")
		}
	}
	return nil
}

// inside reports whether a folder is another or lies in it, by whatever name.
func inside(folder, other string) bool {
	want, err := os.Stat(other)
	if err != nil {
		return false
	}
	for at := folder; ; at = filepath.Dir(at) {
		if fi, err := os.Stat(at); err == nil && os.SameFile(fi, want) {
			return true
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}

// write writes bytes.
func write(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

func createFile(file string, write func(io.Writer) error) error { return replace(file, true, write) }

// replace writes a file in the place of another; only a lasting one is there after a power cut.
func replace(file string, lasting bool, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), ".assay-*")
	if err != nil {
		return fault.Refuse("%v", err).WithHint("name a file in a folder where this user may write")
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	if lasting {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
