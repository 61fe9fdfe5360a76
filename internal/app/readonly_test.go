package app

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
)

// mounted makes a folder that cannot be written: by its rights, and for root by a mount.
func mounted(t *testing.T, folder string) {
	t.Helper()
	if os.Getuid() != 0 {
		if err := os.Chmod(folder, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(folder, 0o700) })
		return
	}
	if out, err := exec.Command("mount", "--bind", folder, folder).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", folder).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	if out, err := exec.Command("mount", "-o", "remount,bind,ro", folder).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %v: %s", err, out)
	}
}

func files(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestReadOnlyFolder: whoever is given a data folder that cannot be written verifies and tests it,
// and is told; what would write says why it cannot.
func TestReadOnlyFolder(t *testing.T) {
	a := New()
	data := filepath.Join(t.TempDir(), "data")
	o := settled(t, a, data, "UTC")
	if _, err := o.take(t.Context(), cli.Import{Register: "changes", File: "c.jsonl", Source: "x"}, strings.NewReader(change("c1", inPeriod)+"\n"), nil, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	before := files(t, data)
	mounted(t, data)
	enter := a.House().Enter
	for _, how := range []cli.Entry{cli.Inspect, cli.Read} {
		got, err := enter(t.Context(), data, "", how)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Notice(), "cannot be written") {
			t.Errorf("Notice = %q", got.Notice())
		}
		v, err := got.Verify(t.Context(), nil)
		if err != nil || len(v.Faults) > 0 || v.Size == 0 || !slices.Contains(v.Notes, got.Notice()) {
			t.Errorf("Verify = %+v, %v", v, err)
		}
		res, err := got.Test(t.Context(), cli.Test{Cached: true, Controls: []string{"CHG-01"}}, nil)
		if err != nil || res.Controls[0].Population != 1 {
			t.Errorf("Test = %+v, %v", res, err)
		}
		if err := got.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := enter(t.Context(), data, "", cli.Write)
	if !errors.Is(err, fs.ErrPermission) || fault.Hint(err) == "" {
		t.Errorf("to write: %v (hint %q)", err, fault.Hint(err))
	}
	if diff := files(t, data); !slices.Equal(before, diff) {
		t.Errorf("files were %q, are %q", before, diff)
	}
}

// TestLeftFiles: what a process left that was killed while it wrote a file is gone with the next one.
func TestLeftFiles(t *testing.T) {
	t.Parallel()
	a := New()
	data := filepath.Join(t.TempDir(), "data")
	o := settled(t, a, data, "UTC")
	left := []string{filepath.Join(data, "blobs", string(o.org.ID), ".new-123"), filepath.Join(o.cache().dir, ".assay-123")}
	for _, name := range left {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("half"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	for _, inspect := range []bool{true, false} {
		o, err := a.enter(t.Context(), data, "", inspect)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range left {
			if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) == inspect {
				t.Errorf("to inspect: %v; %s: %v", inspect, name, err)
			}
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}
