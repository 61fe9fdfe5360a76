package publish

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
)

// verifier builds assay-verify, which is a module of its own and shares no code with this one.
var verifier = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "assay-verify")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "assay-verify")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/assay-verify")
	cmd.Dir = filepath.Join("..", "..", "verify")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return bin, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if bin, err := verifier(); err == nil {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// verify runs assay-verify and returns its exit code and its answer.
func verify(t *testing.T, args ...string) (int, map[string]any) {
	t.Helper()
	bin, err := verifier()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, append(args, "--json")...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var answer map[string]any
	if cmd.ProcessState.ExitCode() != 2 {
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return cmd.ProcessState.ExitCode(), answer
}

// pack writes a package to a file.
func pack(t *testing.T, m Material) (string, Sealed) {
	t.Helper()
	var b bytes.Buffer
	sealed, err := Package(t.Context(), &b, m)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "package.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, sealed
}

// unpack reads the entries of a package.
func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}

func TestVerifies(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 31, 256, 700} {
		m := newMemory(t)
		m.fill(t, n)
		path, sealed := pack(t, material(t, m))
		code, answer := verify(t, path)
		if code != 0 || answer["records"] != float64(n) || answer["size"] != float64(n+1) || answer["root"] != sealed.Checkpoint.RootHex() {
			t.Errorf("%d records: assay-verify = %d, %v", n, code, answer["faults"])
		}
		if n == 700 && (answer["proofs"] != 2.0 || answer["findings"] != 2.0 || answer["blobs"] != 7.0 || answer["blobs_erased"] != 1.0 || answer["erased"] != 1.0 || answer["earlier_checkpoints"] != 2.0) {
			t.Errorf("answer = %v", answer)
		}
	}
}

func TestKeyAndCheckpoint(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.fill(t, 300)
	held := filepath.Join(t.TempDir(), "held")
	if err := os.WriteFile(held, m.signed[0].Note, 0o600); err != nil {
		t.Fatal(err)
	}
	first, _ := pack(t, material(t, m))
	m.add(record.Record{Register: "changes", Key: "late", Version: 1, Body: []byte(`{}`)})
	second, _ := pack(t, material(t, m))
	for _, args := range [][]string{{second, "--checkpoint", held}, {second, "--checkpoint=" + first, "--key", m.vkey}, {"--key", m.vkey, first}} {
		if code, answer := verify(t, args...); code != 0 {
			t.Errorf("%v: exit %d, %v", args[1:], code, answer["faults"])
		}
	}
	other := newMemory(t)
	if code, _ := verify(t, first, "--key", other.vkey); code != 3 {
		t.Errorf("another key: exit %d, want 3", code)
	}
	if code, answer := verify(t, first, "--checkpoint", second); code != 3 {
		t.Errorf("a smaller tree: exit %d, %v, want 3", code, answer)
	}
	if code, _ := verify(t, filepath.Join(t.TempDir(), "absent.zip")); code != 2 {
		t.Errorf("no file: exit %d, want 2", code)
	}
}

func TestEditIsNamed(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.fill(t, 300)
	path, _ := pack(t, material(t, m))
	e := unpack(t, path)
	e["ledger/records-000000.txt"] = strings.Replace(e["ledger/records-000000.txt"], `"key":"change-77"`, `"key":"change-78"`, 1)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range e {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	code, answer := verify(t, path)
	first, _ := answer["faults"].([]any)[0].(map[string]any)
	if code != 3 || first["record"] != "changes/change-78@1" || first["index"] != 77.0 {
		t.Errorf("exit %d, first fault %v", code, first)
	}
}

func TestSameMaterialSameBytes(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.fill(t, 300)
	size := len(m.sealed)
	var a, b bytes.Buffer
	at := m.clock
	mat := material(t, m)
	for _, w := range []*bytes.Buffer{&a, &b} {
		m.sealed, m.hashes, m.clock, m.signed = m.sealed[:size], m.hashes[:2*size-ones(size)], at, m.signed[:3]
		if _, err := Package(t.Context(), w, mat); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same material gave two packages")
	}
}

// ones counts the bits of n: a tree of n leaves stores 2n - ones(n) hashes.
func ones(n int) int {
	c := 0
	for ; n > 0; n &= n - 1 {
		c++
	}
	return c
}

func TestGrowingLedger(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.fill(t, 300)
	grown := 0
	m.onScan = func(index int64, _ *record.Sealed) {
		if grown < 3 && index == int64(len(m.sealed))-1 {
			grown++
			m.add(record.Record{Register: "changes", Key: "late-" + strings.Repeat("x", grown), Version: 1, Body: []byte(`{}`)})
		}
	}
	path, sealed := pack(t, material(t, m))
	if code, answer := verify(t, path); code != 0 || sealed.Records != 303 {
		t.Errorf("exit %d, %d records: %v", code, sealed.Records, answer["faults"])
	}
	m.atSeal = func() { m.add(record.Record{Register: "changes", Key: "race", Version: 1, Body: []byte(`{}`)}) }
	if _, err := Package(t.Context(), io.Discard, material(t, m)); !errors.Is(err, fault.Busy) {
		t.Errorf("an append while sealing: %v, want fault.Busy", err)
	}
}

// TestErasedFile: a file that holds an erased record leaves the house only by the word of the
// erasure; without one nothing is packed.
func TestErasedFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ says, want string }{
		{`"blobs":["` + sumOf("people") + `"],"indexes":[3]`, "left out"},
		{`"indexes":[3],"kept_files":["` + sumOf("people") + `"]`, "carried"},
		{`"indexes":[3]`, "refused"},
	} {
		m := newMemory(t)
		m.fill(t, 3)
		m.files[sumOf("people")], m.files[sumOf("other")] = []byte("people"), []byte("other")
		pull := func(name string) {
			m.add(record.Record{Register: "people", Key: name, Version: 1, Body: []byte(`{}`)})
			m.add(record.Record{Register: record.Pulls, Key: "pull_" + name, Version: 1, Body: pullBody(t, sumOf(name))})
			m.sign()
		}
		pull("people")
		pull("other")
		m.add(record.Record{Register: record.Erasures, Key: "erasure-3", Version: 1, Body: []byte(`{"authority":"law",` + c.says + `,"reason":"asked","register":"people"}`)})
		m.sign()
		m.erase(3)
		var b bytes.Buffer
		_, err := Package(t.Context(), &b, material(t, m))
		if c.want == "refused" {
			if !errors.Is(err, fault.Refused) || !strings.Contains(fault.Hint(err), sumOf("people")) {
				t.Errorf("%s: %v, want it refused", c.says, err)
			}
			continue
		}
		path := filepath.Join(t.TempDir(), "p.zip")
		if err := errors.Join(err, os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		entries := unpack(t, path)
		if entries["blobs/"+sumOf("other")] == "" || (entries["blobs/"+sumOf("people")] != "") != (c.want == "carried") {
			t.Errorf("%s: want the file %s", c.says, c.want)
		}
		if code, answer := verify(t, path); code != 0 {
			t.Errorf("%s: exit %d, %v", c.says, code, answer["faults"])
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Material, *memory)
		want   error
		says   string
	}{
		{"an altered record", func(_ *Material, m *memory) {
			m.onScan = func(i int64, s *record.Sealed) {
				if i == 40 {
					s.Bytes = bytes.Replace(s.Bytes, []byte("passed"), []byte("failed"), 1)
				}
			}
		}, fault.Integrity, "record #40"},
		{"a lost blob", func(_ *Material, m *memory) { clear(m.files) }, fault.Integrity, "is gone"},
		{"a swapped blob", func(_ *Material, m *memory) {
			for k := range m.files {
				m.files[k] = []byte("other")
			}
		}, fault.Integrity, "has the content of"},
		{"a test id that is a path", func(mt *Material, _ *memory) { mt.Tests[0].ID = "../x" }, fault.Refused, "../x"},
		{"a control id that is a path", func(mt *Material, _ *memory) { mt.Results.Controls[0].Control = "a/b" }, fault.Refused, "a/b"},
		{"a relation that is no table", func(mt *Material, _ *memory) { mt.Relations[0].Name = "x;y" }, fault.Refused, "x;y"},
		{"two tests of one name", func(mt *Material, _ *memory) { mt.Tests = append(mt.Tests, mt.Tests[0]) }, fault.Refused, "two entries"},
		{"no name", func(mt *Material, _ *memory) { mt.Name = "" }, fault.Refused, "name"},
		{"a finding without a name", func(mt *Material, _ *memory) {
			mt.Results.Controls[0].Findings = []assure.Finding{{Key: "k", Records: []string{"nonsense"}}}
		}, fault.Integrity, "nonsense"},
		{"a broken report", func(mt *Material, _ *memory) { mt.ReportHTML = func(io.Writer) error { return io.ErrClosedPipe } }, io.ErrClosedPipe, "report.html"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMemory(t)
			m.fill(t, 100)
			mt := material(t, m)
			c.change(&mt, m)
			before := len(m.sealed)
			_, err := Package(t.Context(), io.Discard, mt)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Package = %v, want %v that says %q", err, c.want, c.says)
			}
			if len(m.sealed) != before {
				t.Error("a package that failed was sealed")
			}
		})
	}
	m := newMemory(t)
	m.fill(t, 100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Package(ctx, io.Discard, material(t, m)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestByHand runs the commands of the guide.
func TestByHand(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "sha256sum", "jq", "xxd", "cut"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the guide's commands need %s, which is not installed", tool)
		}
	}
	m := newMemory(t)
	m.fill(t, 300)
	path, _ := pack(t, material(t, m))
	dir := t.TempDir()
	for name, text := range unpack(t, path) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, rest, _ := strings.Cut(readmeText, "    # 1. every entry")
	script, _, _ := strings.Cut(rest, "The last hash is")
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", "# "+script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Fields(strings.ReplaceAll(string(out), "-", " "))
	leaf := m.hashes[0]
	if len(lines) != 3 || lines[0] != lines[1] || lines[2] != sumHex(leaf[:]) {
		t.Errorf("the guide's commands print\n%s\nwant the manifest's hash twice and the leaf %x", out, leaf)
	}
}

func sumHex(b []byte) string { return hex.EncodeToString(b) }

func TestGuide(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.fill(t, 40)
	b, err := readme(material(t, m))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Example & Söhne", "2025-07-01 to 2026-06-30 (Europe/Berlin)", "create view changes as from 'populations/changes.parquet';",
		`create table changes ("_idx" bigint, "author" text collate "C");`, ".read tests/CHG-01.duckdb.sql", "unanchored"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the guide does not say %q", want)
		}
	}
	mt := material(t, m)
	mt.Relations = nil
	if b, err = readme(mt); err != nil || !strings.Contains(string(b), "holds no populations") {
		t.Errorf("a guide without populations: %v", err)
	}
}
