package app

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
)

// TestPartiesTampered: whoever has the database of either party, or a package of it, and changes what was done in an engagement is found: by
// assay verify and by packing, which refuses, and in a package by assay-verify.
func TestPartiesTampered(t *testing.T) {
	b := underExamination(t, yearOf())
	for _, c := range []struct {
		house     *engage.House
		was, made string
	}{{b.firm, "By samples.", "By nothing."}, {b.client, "Title", "Token"}} {
		o := b.office[c.house]
		if c.house == b.client {
			c.was, c.made = `\"title\":\"CEO\"`, `\"title\":\"CFO\"`
		}
		file := filepath.Join(t.TempDir(), "package.zip")
		res := assure.Results{}
		var err error
		if c.house == b.firm {
			res, err = o.nothingTested(t.Context())
		} else {
			res, err = o.results(t.Context(), "")
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.pack(t.Context(), file, res); err != nil {
			t.Fatal(err)
		}
		if code, answer := assayVerify(t, file, "--key", b.keys[c.house]); code != 0 {
			t.Fatalf("%s: assay-verify of the package as it is = %d, %v", c.house.Side, code, answer)
		}
		entries := unzip(t, file)
		name := slices.Sorted(maps.Keys(entries))[slices.IndexFunc(slices.Sorted(maps.Keys(entries)), func(n string) bool { return strings.HasPrefix(n, "ledger/records-") })]
		if !bytes.Contains(entries[name], []byte(c.was)) {
			t.Fatalf("%s: no record says %s", c.house.Side, c.was)
		}
		entries[name] = bytes.Replace(entries[name], []byte(c.was), []byte(c.made), 1)
		if code, answer := assayVerify(t, zipped(t, entries), "--key", b.keys[c.house]); code != 3 {
			t.Errorf("%s: assay-verify of a package with an act changed = %d, %v", c.house.Side, code, answer)
		}
		edit(t, o, c.was, c.made)
		if v, err := o.Verify(t.Context(), nil); err != nil || len(v.Faults) == 0 {
			t.Errorf("%s: assay verify finds %v, %v after the row was edited", c.house.Side, v.Faults, err)
		}
		if _, err := o.pack(t.Context(), filepath.Join(t.TempDir(), "again.zip"), res); !errors.Is(err, fault.Integrity) {
			t.Errorf("%s: packing the edited ledger: %v, want it refused", c.house.Side, err)
		}
	}
}

// edit changes the first record that says a text, in the database.
func edit(t *testing.T, o *office, was, made string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.data, "assay.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Exec("UPDATE records SET bytes = CAST(replace(CAST(bytes AS TEXT), ?, ?) AS BLOB) WHERE org = ? AND instr(CAST(bytes AS TEXT), ?) > 0", was, made, string(o.org.ID), was)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%d rows edited, %v", n, err)
	}
}

// zipped writes entries to a package of their own.
func zipped(t *testing.T, entries map[string][]byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(entries[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "altered.zip")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
