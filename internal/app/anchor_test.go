package app

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/tsa/tsatest"
	"github.com/assayhq/assay/internal/witness"
)

// outsiders are an authority and a witness that an office may name.
type outsiders struct {
	tsa   *tsatest.Authority
	roots string // file
	key   ledger.Cosigner
	web   *httptest.Server // the witness
}

func outsidersOf(t *testing.T, vkeys ...string) outsiders {
	t.Helper()
	x := outsiders{tsa: tsatest.Start(t, time.Now), roots: filepath.Join(t.TempDir(), "roots.pem")}
	if err := os.WriteFile(x.roots, x.tsa.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if x.key, err = ledger.NewCosigner(rand.Reader, "witness.example/w1"); err != nil {
		t.Fatal(err)
	}
	s, err := witness.NewServer(x.key, witness.Folder(t.TempDir()), vkeys, time.Now, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	x.web = httptest.NewServer(s)
	t.Cleanup(x.web.Close)
	return x
}

// both names the two.
func (x outsiders) both() *cli.AnchorSettings {
	return &cli.AnchorSettings{TSA: x.tsa.URL, Roots: x.roots, Witnesses: []string{x.key.Text() + "@" + x.web.URL}}
}

func vkeyOf(t *testing.T, o *office) string {
	t.Helper()
	k, err := verifierKey(o.data, o.app.Random, o.org.ID)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const person = `{"person_id":"p%d","kind":"employee","started_on":"2020-01-01"}`

// assayVerify runs the auditor's program over a package.
func assayVerify(t *testing.T, args ...string) (code int, answer map[string]any) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./cmd/assay-verify", "--json"}, args...)...)
	cmd.Dir = filepath.Join("..", "..", "verify")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil && !strings.Contains(errs.String(), "exit status 3") {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err != nil {
		return 3, answer
	}
	return 0, answer
}

// TestAnchor walks the whole way: from nobody outside to a package that an auditor verifies by
// the keys of the witness and the authority, and by openssl.
func TestAnchor(t *testing.T) {
	t.Parallel()
	o := company(t, "Europe/Berlin")
	staff(t, o, 5)
	before, err := o.Verify(t.Context(), nil)
	if err != nil || before.Anchored != 0 || before.Unanchored != before.Size || before.Window.Oldest == "" || before.Kept == 0 {
		t.Fatalf("before: %+v, %v", before, err)
	}
	x := outsidersOf(t, vkeyOf(t, o))
	a, err := o.Anchor(t.Context(), x.both())
	if err != nil || len(a.New) != 2 || len(a.Failed) != 0 || a.Window.Unanchored != 0 || a.Window.Anchored != before.Size {
		t.Fatalf("Anchor = %+v, %v", a, err)
	}
	if a, err = o.Anchor(t.Context(), &cli.AnchorSettings{}); err != nil || len(a.New) != 0 || x.tsa.Asked() != 1 {
		t.Errorf("Anchor again = %+v, %v", a, err)
	}
	give(t, o, "people", fmt.Sprintf(person, 90), fmt.Sprintf(person, 91))
	v, err := o.Verify(t.Context(), nil)
	if err != nil || len(v.Faults) != 0 || v.Anchored != before.Size || v.Unanchored != 3 || len(v.Window.Anchors) != 2 {
		t.Errorf("after another import: %+v, %v", v, err)
	}
	res, err := o.Test(t.Context(), cli.Test{}, nil)
	if err != nil || res.Unanchored != 3 {
		t.Errorf("results say %d unanchored, %v", res.Unanchored, err)
	}
	w, err := (&pages{o: o}).Window(t.Context())
	if err != nil || w.Unanchored != 3 {
		t.Errorf("the pages' window = %+v, %v", w, err)
	}
	file := filepath.Join(t.TempDir(), "package.zip")
	packed, err := o.Package(t.Context(), file, nil) // anchors first
	if err != nil || packed.Window.Unanchored != 0 || len(packed.Warnings) != 0 {
		t.Fatalf("Package = %+v, %v", packed, err)
	}
	code, answer := assayVerify(t, file, "--key", packed.Key, "--witness", x.key.Text(), "--tsa-roots", x.roots)
	if code != 0 || answer["unanchored"] != 0.0 || len(answer["anchors"].([]any)) != 4 {
		t.Errorf("assay-verify = %d, %v, %v", code, answer["faults"], answer["anchors"])
	}
	if code, answer = assayVerify(t, file); code != 0 || answer["unanchored"] != answer["records"] {
		t.Errorf("assay-verify without trust = %d, %v of %v unanchored", code, answer["unanchored"], answer["records"])
	}
	stranger, err := ledger.NewCosigner(rand.Reader, "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	if code, _ = assayVerify(t, file, "--witness", stranger.Text()); code != 3 {
		t.Errorf("assay-verify with a witness that never saw it = %d", code)
	}
	opensslVerifies(t, file, packed.Records, x.roots)
}

// opensslVerifies takes the time stamp out of a package and has openssl verify it.
func opensslVerifies(t *testing.T, file string, size int64, roots string) {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	for _, name := range []string{"checkpoint", "timestamp-1.tsr", "cosignatures"} {
		f, err := z.Open(fmt.Sprintf("anchors/%d/%s", size, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Log("openssl is not installed: it did not verify")
		return
	}
	cmd := exec.CommandContext(t.Context(), openssl, "ts", "-verify", "-in", "timestamp-1.tsr", "-data", "checkpoint", "-CAfile", roots)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Verification: OK") {
		t.Errorf("openssl ts -verify: %v\n%s", err, out)
	}
}

// command runs one command line over the office's folder, which must be closed.
func command(t *testing.T, a *App, data string, args ...string) (code int, out, errs string) {
	t.Helper()
	var b, e bytes.Buffer
	code = cli.Main(t.Context(), append([]string{"--data", data}, args...), a.House(), cli.Streams{Out: &b, Err: &e,
		Mark: func() any { return a.Clock() }, Since: func(any) time.Duration { return 0 }})
	return code, b.String(), e.String()
}

// TestAuthorityDown shows that nothing waits on those outside: import, test and package go on,
// and say that the records are not anchored.
func TestAuthorityDown(t *testing.T) {
	t.Parallel()
	a, data := New(), filepath.Join(t.TempDir(), "data")
	run := func(want int, says string, args ...string) string {
		t.Helper()
		code, out, errs := command(t, a, data, args...)
		if code != want || !strings.Contains(out+errs, says) {
			t.Fatalf("assay %v = %d, want %d and %q\n%s%s", args, code, want, says, out, errs)
		}
		return out
	}
	run(0, "Founded", "init", "--name", "Example", "--zone", "Europe/Berlin", "--report", "soc2-type2", "--from", "2025-07-01", "--to", "2026-06-30")
	run(2, "nobody outside is named", "anchor")
	x := outsidersOf(t)
	run(2, "roots of the time stamping authority", "anchor", "--tsa", x.tsa.URL)
	run(2, "is not an address", "anchor", "--tsa", "ftp://x", "--tsa-roots", x.roots)
	run(2, "VKEY@URL", "anchor", "--witness", x.key.Text())
	run(2, "not the key of a witness", "anchor", "--witness", "nonsense@"+x.web.URL)
	run(0, "has a time stamp by CN=Time stamps of the test", "anchor", "--tsa", x.tsa.URL, "--tsa-roots", x.roots)

	people := filepath.Join(t.TempDir(), "people.jsonl")
	if err := os.WriteFile(people, fmt.Appendf(nil, person+"\n", 1), 0o600); err != nil {
		t.Fatal(err)
	}
	x.tsa.Status = http.StatusServiceUnavailable
	run(0, "sealed but not anchored: ask "+x.tsa.URL, "import", "people", people)
	run(0, "2 not yet anchored", "test")
	file := filepath.Join(t.TempDir(), "package.zip")
	run(0, "holds no word of one who was asked", "package", "--out", file)
	if code, answer := assayVerify(t, file, "--tsa-roots", x.roots); code != 0 || answer["unanchored"] != 2.0 {
		t.Errorf("assay-verify = %d, %v unanchored, %v", code, answer["unanchored"], answer["faults"])
	}
	run(1, "FAILED", "anchor")
	run(0, "The last 3 records are unanchored", "verify") // the pull, the person and the package's seal
	x.tsa.Status = 0
	run(0, "No record is unanchored", "anchor")
	run(0, `"unanchored": 0`, "verify", "--json")
}

// TestLies shows that an answer that does not hold is neither kept nor counted.
func TestLies(t *testing.T) {
	t.Parallel()
	o := company(t, "Europe/Berlin")
	x := outsidersOf(t, vkeyOf(t, o))
	x.tsa.Spoil = func(s *timestamp.Timestamp, _ *tsatest.Certificate) { s.HashedMessage = make([]byte, 32) }
	given := x.both()
	given.Witnesses = nil
	a, err := o.Anchor(t.Context(), given)
	if err != nil || len(a.New) != 0 || len(a.Failed) != 1 || !errors.Is(a.Failed[0].Err, fault.Integrity) || a.Window.Anchored != 0 {
		t.Errorf("Anchor = %+v, %v", a, err)
	}
	if list, err := o.st.Attestations(t.Context(), o.org.ID); err != nil || len(list) != 0 {
		t.Errorf("kept %v, %v", list, err)
	}
}

// TestTwoHistories shows one ledger to a witness and another, of the same key, after it.
func TestTwoHistories(t *testing.T) {
	t.Parallel()
	o := company(t, "Europe/Berlin")
	staff(t, o, 3)
	x := outsidersOf(t, vkeyOf(t, o))
	fork := filepath.Join(t.TempDir(), "fork")
	if err := o.st.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(fork, os.DirFS(o.data)); err != nil {
		t.Fatal(err)
	}
	grow := func(data string, who int) *office {
		p, err := o.app.enter(t.Context(), data, "", false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		give(t, p, "people", fmt.Sprintf(person, who))
		return p
	}
	only := x.both()
	only.TSA, only.Roots = "", ""
	first := grow(o.data, 100)
	if a, err := first.Anchor(t.Context(), only); err != nil || len(a.New) != 1 {
		t.Fatalf("the first history: %+v, %v", a, err)
	}
	second := grow(fork, 200)
	for _, act := range []string{"of the same size", "grown", "grown further"} {
		a, err := second.Anchor(t.Context(), only)
		if err != nil || len(a.New) != 0 || len(a.Failed) != 1 || !errors.Is(a.Failed[0].Err, fault.Integrity) || a.Window.Anchored != 0 {
			t.Errorf("a second history, %s: %+v, %v", act, a, err)
		}
		give(t, second, "people", fmt.Sprintf(person, 300+len(act)))
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := command(t, o.app, fork, "anchor"); code != 3 || !strings.Contains(out, "FAILED") || !strings.Contains(errs, "does not vouch") {
		t.Errorf("assay anchor = %d\n%s%s", code, out, errs)
	}
}

// TestKeptWordsAreChecked changes what is kept behind the program's back.
func TestKeptWordsAreChecked(t *testing.T) {
	t.Parallel()
	o := company(t, "Europe/Berlin")
	x := outsidersOf(t, vkeyOf(t, o))
	if a, err := o.Anchor(t.Context(), x.both()); err != nil || len(a.New) != 2 {
		t.Fatalf("Anchor = %+v, %v", a, err)
	}
	db, err := sql.Open("sqlite", filepath.Join(o.data, "assay.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ change, says string }{
		{"UPDATE attestations SET at = at - 86400000000 WHERE kind = 'time stamp'", "the time stamp of CN=Time stamps of the test on checkpoint"},
		{"UPDATE attestations SET at = at + 1000000 WHERE kind = 'cosignature'", "the cosignature of witness.example/w1 on checkpoint"},
		{"UPDATE attestations SET proof = x'00'", "does not hold"},
		{"UPDATE attestations SET note = replace(note, char(10) || '1', char(10) || '7')", "checkpoint"},
	} {
		if _, err := db.ExecContext(t.Context(), c.change); err != nil {
			t.Fatal(err)
		}
		v, err := o.Verify(context.WithoutCancel(t.Context()), nil)
		if err != nil || len(v.Faults) == 0 || !strings.Contains(fmt.Sprint(v.Faults), c.says) {
			t.Errorf("%s: faults %v, %v; want one that says %q", c.change, v.Faults, err, c.says)
		}
	}
	if _, err := o.Package(t.Context(), filepath.Join(t.TempDir(), "p.zip"), nil); !errors.Is(err, fault.Integrity) {
		t.Errorf("Package = %v, want an integrity failure", err)
	}
}

// TestNoLongerNamed shows that a witness whose key is gone is not counted, and that this is said.
func TestNoLongerNamed(t *testing.T) {
	t.Parallel()
	o := company(t, "Europe/Berlin")
	x := outsidersOf(t, vkeyOf(t, o))
	if _, err := o.Anchor(t.Context(), x.both()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{outsideFile, rootsFile} {
		if err := os.Remove(filepath.Join(o.data, name)); err != nil {
			t.Fatal(err)
		}
	}
	v, err := o.Verify(t.Context(), nil)
	if err != nil || len(v.Faults) != 0 || len(v.Notes) != 2 || v.Anchored != 0 {
		t.Errorf("Verify = %+v, %v", v, err)
	}
}
