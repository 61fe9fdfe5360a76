package app

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"encoding/hex"
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
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/sample"
	"github.com/assayhq/assay/internal/scope"
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
		var res assure.Results
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

// TestSeedsStay: a package of a firm does not leave while it would hold a seed that is not opened, and the acts of engagements are not erased.
func TestSeedsStay(t *testing.T) {
	b := underExamination(t, yearOf())
	o := b.office[b.firm]
	o.program.Report = scope.Firm
	seed := bytes.Repeat([]byte{7}, 32)
	b.does(aManager, "commit_seed", engage.Seed{Control: "CHG-01", Test: "CHG-01", Commitment: sample.Commit(seed)})
	b.does(aManager, "keep_seed", engage.Keeping{Commitment: sample.Commit(seed), Seed: hex.EncodeToString(seed)})
	res, err := o.nothingTested(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.pack(t.Context(), filepath.Join(t.TempDir(), "package.zip"), res); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "not opened yet") {
		t.Errorf("packing a firm with an unopened seed: %v, want it refused", err)
	}
	for _, name := range []string{engage.Acts, engage.Mail} {
		if _, err := o.Erase(t.Context(), record.Erasure{Register: name, Key: "eng-1/1", Reason: "asked", Authority: "dpo"}); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "not erased") {
			t.Errorf("erasing a record of %s: %v, want it refused", name, err)
		}
	}
}
